/* Pairs of Unix-domain sockets: streams, datagrams, packets in sequence, descriptors in messages. */
#include "../check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static int s_pair[2];
static char s_text[256];

static void both_closed(void)
{
    close(s_pair[0]);
    close(s_pair[1]);
}

static int option(int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    return getsockopt(s_pair[0], SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

static int is_ready(int file)
{
    struct pollfd entry = { file, POLLIN | POLLOUT | POLLRDHUP, 0 };
    return poll(&entry, 1, 0) == 1 ? entry.revents : 0;
}

static void stream(void)
{
    CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, s_pair));
    struct stat status;
    HOLDS(fstat(s_pair[0], &status) == 0 && S_ISSOCK(status.st_mode));
    SHOW(option(SO_TYPE));
    SHOW(option(SO_DOMAIN));
    SHOW(option(SO_ACCEPTCONN));
    SHOW(option(SO_ERROR));
    SHOW(is_ready(s_pair[0]));
    CALL(write(s_pair[0], "one", 3));
    CALL(send(s_pair[0], "two", 3, 0));
    int waiting = 0;
    CALL(ioctl(s_pair[1], FIONREAD, &waiting));
    SHOW(waiting);
    SHOW(is_ready(s_pair[1]));
    CALL(recv(s_pair[1], s_text, 4, MSG_PEEK));
    CALL(read(s_pair[1], s_text, 4));
    CALL(recv(s_pair[1], s_text, sizeof s_text, 0));
    CALL(recv(s_pair[1], s_text, sizeof s_text, MSG_DONTWAIT));
    CALL(write(s_pair[1], "back", 4));
    CALL(read(s_pair[0], s_text, sizeof s_text));

    struct sockaddr_un address;
    socklen_t length = sizeof address;
    CALL(getsockname(s_pair[0], (struct sockaddr *)&address, &length));
    say("family %d, length %d", address.sun_family, (int)length);
    length = sizeof address;
    CALL(getpeername(s_pair[0], (struct sockaddr *)&address, &length));
    say("family %d, length %d", address.sun_family, (int)length);
    struct ucred peer;
    length = sizeof peer;
    CALL(getsockopt(s_pair[0], SOL_SOCKET, SO_PEERCRED, &peer, &length));
    HOLDS(peer.pid == getpid() && peer.uid == geteuid());

    CALL(shutdown(s_pair[0], SHUT_WR));
    signal(SIGPIPE, SIG_IGN);
    CALL(write(s_pair[0], "x", 1));
    CALL(read(s_pair[1], s_text, sizeof s_text));
    SHOW(is_ready(s_pair[1]));
    SHOW(is_ready(s_pair[0]));
    CALL(write(s_pair[1], "still", 5));
    CALL(read(s_pair[0], s_text, sizeof s_text));
    close(s_pair[1]);
    SHOW(is_ready(s_pair[0]));
    CALL(read(s_pair[0], s_text, sizeof s_text));
    signal(SIGPIPE, SIG_DFL);
    CALL(send(s_pair[0], "x", 1, MSG_NOSIGNAL));
    CALL(lseek(s_pair[0], 0, SEEK_CUR));
    close(s_pair[0]);

    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s_pair);
    SHOW(fcntl(s_pair[0], F_GETFD));
    SHOW(fcntl(s_pair[0], F_GETFL) == (O_RDWR | O_NONBLOCK));
    CALL(read(s_pair[0], s_text, 1));
    both_closed();

    socketpair(AF_UNIX, SOCK_STREAM, 0, s_pair);
    pid_t pid = fork();
    if (pid == 0) {
        close(s_pair[0]);
        for (int i = 0; i < 10; i++) {
            pause_for(1);
            write(s_pair[1], "0123456789", 10);
        }
        _exit(0);
    }
    CALL(recv(s_pair[0], s_text, 100, MSG_WAITALL));
    reap("the writer of tens", pid);
    both_closed();
}

static void a_megabyte_both_ways(void)
{
    static char block[1 << 16];
    socketpair(AF_UNIX, SOCK_STREAM, 0, s_pair);
    pid_t pid = fork();
    if (pid == 0) {
        close(s_pair[0]);
        for (ssize_t got; (got = read(s_pair[1], block, sizeof block)) > 0;) {
            for (ssize_t i = 0; i < got; i++)
                block[i]++;
            for (ssize_t sent = 0; sent < got;)
                sent += write(s_pair[1], block + sent, (size_t)(got - sent));
        }
        _exit(0);
    }
    close(s_pair[1]);
    pid_t writer = fork();
    if (writer == 0) {
        for (int i = 0; i < 1 << 20; i += 1 << 15) {
            memset(block, i >> 15, 1 << 15);
            if (write(s_pair[0], block, 1 << 15) != 1 << 15)
                _exit(1);
        }
        shutdown(s_pair[0], SHUT_WR);
        _exit(0);
    }
    int total = 0, wrong = 0;
    for (ssize_t got; (got = read(s_pair[0], block, sizeof block)) > 0;) {
        for (ssize_t i = 0; i < got; i++, total++)
            wrong += block[i] != (total >> 15) + 1;
    }
    SHOW(total);
    SHOW(wrong);
    reap("the writer", writer);
    reap("the echo", pid);
    close(s_pair[0]);
}

static void messages(int type)
{
    say("--- type %d", type);
    CALL(socketpair(AF_UNIX, type, 0, s_pair));
    CALL(write(s_pair[0], "first", 5));
    CALL(write(s_pair[0], "second", 6));
    CALL(write(s_pair[0], "", 0));
    CALL(write(s_pair[0], "last", 4));
    CALL(read(s_pair[1], s_text, 3));
    CALL(recv(s_pair[1], s_text, 2, MSG_TRUNC));
    CALL(read(s_pair[1], s_text, sizeof s_text));
    struct iovec parts[] = { { s_text, 2 }, { s_text + 2, 1 } };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
    CALL(recvmsg(s_pair[1], &message, 0));
    SHOW(message.msg_flags);
    CALL(recv(s_pair[1], s_text, 1, MSG_DONTWAIT));
    close(s_pair[0]);
    if (type == SOCK_SEQPACKET)
        CALL(read(s_pair[1], s_text, 1));
    CALL(send(s_pair[1], "x", 1, MSG_NOSIGNAL));
    close(s_pair[1]);
}

static void send_file(int socket, int file)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec part = { "f", 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &file, sizeof file);
    say("sendmsg: %d", (int)sendmsg(socket, &message, 0));
}

static int receive_file(int socket)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    char c;
    int file = -1;
    struct iovec part = { &c, 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_type == SCM_RIGHTS)
        memcpy(&file, CMSG_DATA(header), sizeof file);
    say("recvmsg: %d, flags %#x, a file: %d", (int)got, (unsigned)message.msg_flags & ~(unsigned)MSG_CMSG_CLOEXEC, file >= 0);
    return file;
}

static void rights(void)
{
    CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, s_pair));
    pid_t pid = fork();
    if (pid == 0) {
        int file = receive_file(s_pair[1]);
        SHOW(fcntl(file, F_GETFD));
        write(file, "from the child", 14);
        _exit(0);
    }
    int channel[2];
    pipe(channel);
    send_file(s_pair[0], channel[1]);
    close(channel[1]);
    CALL(read(channel[0], s_text, sizeof s_text));
    say("%.14s", s_text);
    reap("the child", pid);
    /* With the child the last writer is gone. */
    CALL(read(channel[0], s_text, sizeof s_text));

    /* A file that nobody fetches is closed with the socket. */
    int lost[2];
    pipe(lost);
    send_file(s_pair[0], lost[1]);
    close(lost[1]);
    fcntl(lost[0], F_SETFL, O_NONBLOCK);
    CALL(read(lost[0], s_text, 1));
    both_closed();
    fcntl(lost[0], F_SETFL, 0);
    CALL(read(lost[0], s_text, 1));
}

static void refusals(void)
{
    CALL(socketpair(AF_INET, SOCK_STREAM, 0, s_pair));
    CALL(socketpair(AF_UNIX, 77, 0, s_pair));
    CALL(socketpair(AF_UNIX, SOCK_STREAM, 99, s_pair));
    CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, BAD_ADDRESS));
    CALL(socketpair(999, SOCK_STREAM, 0, s_pair));
    CALL(recv(STDOUT_FILENO, s_text, 1, 0));
    CALL(send(77, s_text, 1, 0));
    socketpair(AF_UNIX, SOCK_STREAM, 0, s_pair);
    CALL(listen(s_pair[0], 1));
    CALL(shutdown(s_pair[0], 9));
    both_closed();
}

int main(void)
{
    stream();
    a_megabyte_both_ways();
    messages(SOCK_DGRAM);
    messages(SOCK_SEQPACKET);
    rights();
    refusals();
    return 0;
}
