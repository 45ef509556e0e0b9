/* Messages of sockets in all their calls: vectors, control messages, several at once, credentials. */
#include "../check.h"
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static int s_pair[2];
static char s_text[256];
static char s_control[256];

static void both_closed(void)
{
    close(s_pair[0]);
    close(s_pair[1]);
}

static int set(int file, int option, int value)
{
    return setsockopt(file, SOL_SOCKET, option, &value, sizeof value);
}

/* What recvmsg finds, control messages included. */
static void receive(int file, size_t room, size_t control, int flags)
{
    struct iovec part = { s_text, room };
    memset(s_control, 0, sizeof s_control);
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control ? s_control : NULL, .msg_controllen = control };
    errno = 0;
    ssize_t got = recvmsg(file, &message, flags);
    say("recvmsg: %d, %s, flags %#x", (int)got, got < 0 ? strerror(errno) : s_text[0] == 0 || got == 0 ? "nothing" : "bytes", got < 0 ? 0 : (unsigned)message.msg_flags);
    if (got < 0)
        return;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        int count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        say("  level %d, type %d, %d ints", header->cmsg_level, header->cmsg_type, count);
        if (header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred *sender = (struct ucred *)CMSG_DATA(header);
            say("  pid %s, uid %s", sender->pid == getpid() ? "own" : sender->pid == 0 ? "0" : "another's", sender->uid == getuid() ? "own" : sender->uid == 65534 ? "none" : sender->uid == (uid_t)-1 ? "-1" : "another's");
        }
        for (int i = 0; header->cmsg_type == SCM_RIGHTS && i < count; i++) {
            int file = ((int *)CMSG_DATA(header))[i];
            say("  a descriptor: %d, flags %d", fcntl(file, F_GETFD) >= 0, fcntl(file, F_GETFD));
            close(file);
        }
    }
}

static int send_with(int file, int level, int type, const void *data, size_t length, const char *text)
{
    char control[CMSG_SPACE(1200)] = { 0 };
    struct iovec part = { (void *)text, strlen(text) };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(length) };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(header), data, length);
    /* Some libraries take less than the kernel does. */
    return (int)syscall(SYS_sendmsg, file, &message, 0);
}

static void vectors(int type)
{
    say("--- vectors, type %d", type);
    socketpair(AF_UNIX, type, 0, s_pair);
    char a[4] = "ab", b[8] = "cdef";
    struct iovec parts[] = { { a, 2 }, { b, 0 }, { b, 4 } };
    CALL(writev(s_pair[0], parts, 3));
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    struct iovec places[] = { { a, 3 }, { b, 8 } };
    CALL(readv(s_pair[1], places, 2));
    say("%.3s %.3s", a, b);
    CALL(sendto(s_pair[0], "xyz", 3, 0, NULL, 0));
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    CALL(recvfrom(s_pair[1], s_text, sizeof s_text, 0, (struct sockaddr *)&address, &length));
    SHOW(length);
    struct msghdr message = { .msg_iov = places, .msg_iovlen = 2 };
    CALL(sendmsg(s_pair[0], &message, MSG_DONTWAIT));
    CALL(recvmsg(s_pair[1], &message, MSG_DONTWAIT | MSG_PEEK));
    CALL(recvmsg(s_pair[1], &message, MSG_DONTWAIT | MSG_TRUNC));
    CALL(recvmsg(s_pair[1], &message, MSG_DONTWAIT));
    message.msg_iovlen = 1025;
    CALL(sendmsg(s_pair[0], &message, 0));
    CALL(recvmsg(s_pair[1], &message, 0));
    message.msg_iovlen = 2;
    places[1].iov_base = BAD_ADDRESS;
    CALL(sendmsg(s_pair[0], &message, 0));
    CALL(recv(s_pair[1], s_text, sizeof s_text, MSG_DONTWAIT));
    CALL(syscall(SYS_sendmsg, s_pair[0], BAD_ADDRESS, 0));
    CALL(syscall(SYS_recvmsg, s_pair[0], BAD_ADDRESS, 0));
    CALL(send(s_pair[0], "whole", 5, 0));
    CALL(recv(s_pair[1], BAD_ADDRESS, 5, 0));
    CALL(recv(s_pair[1], s_text, sizeof s_text, MSG_DONTWAIT));
    both_closed();
}

static void rights(int type)
{
    say("--- descriptors, type %d", type);
    socketpair(AF_UNIX, type, 0, s_pair);
    int three[3] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO }, many[254] = { 0 }, bad = 77;
    CALL(send_with(s_pair[0], SOL_SOCKET, SCM_RIGHTS, three, sizeof three, "3"));
    receive(s_pair[1], 10, CMSG_SPACE(sizeof three), 0);
    CALL(send_with(s_pair[0], SOL_SOCKET, SCM_RIGHTS, three, sizeof three, "3"));
    receive(s_pair[1], 10, CMSG_LEN(2 * sizeof(int)), MSG_CMSG_CLOEXEC);
    CALL(send_with(s_pair[0], SOL_SOCKET, SCM_RIGHTS, three, sizeof three, "3"));
    receive(s_pair[1], 10, 0, 0);
    CALL(send_with(s_pair[0], SOL_SOCKET, SCM_RIGHTS, three, sizeof three, "3"));
    receive(s_pair[1], 10, sizeof s_control, MSG_PEEK);
    receive(s_pair[1], 10, sizeof s_control, 0);
    CALL(send_with(s_pair[0], SOL_SOCKET, SCM_RIGHTS, three, sizeof three, "3"));
    CALL(read(s_pair[1], s_text, sizeof s_text));
    CALL(send_with(s_pair[0], SOL_SOCKET, SCM_RIGHTS, many, sizeof many, "x"));
    CALL(send_with(s_pair[0], SOL_SOCKET, SCM_RIGHTS, many, sizeof many - sizeof *many, "x"));
    CALL(recv(s_pair[1], s_text, sizeof s_text, MSG_DONTWAIT));
    CALL(send_with(s_pair[0], SOL_SOCKET, SCM_RIGHTS, &bad, sizeof bad, "x"));
    CALL(send_with(s_pair[0], SOL_SOCKET, 99, &bad, sizeof bad, "x"));
    CALL(send_with(s_pair[0], 99, 99, &bad, sizeof bad, "other level"));
    CALL(send_with(s_pair[0], SOL_SOCKET, SCM_RIGHTS, three, 0, "none"));
    receive(s_pair[1], sizeof s_text, sizeof s_control, 0);
    receive(s_pair[1], sizeof s_text, sizeof s_control, MSG_DONTWAIT);
    struct msghdr message = { .msg_control = s_control, .msg_controllen = 16 };
    *(size_t *)s_control = 1000;
    CALL(syscall(SYS_sendmsg, s_pair[0], &message, 0));
    message.msg_control = BAD_ADDRESS;
    CALL(syscall(SYS_sendmsg, s_pair[0], &message, 0));
    message.msg_controllen = 1 << 30;
    CALL(syscall(SYS_sendmsg, s_pair[0], &message, 0));
    both_closed();
}

/* Bytes with descriptors are not read together with those behind them. */
static void borders(void)
{
    say("--- borders in a stream");
    socketpair(AF_UNIX, SOCK_STREAM, 0, s_pair);
    int file = STDOUT_FILENO;
    write(s_pair[0], "ab", 2);
    send_with(s_pair[0], SOL_SOCKET, SCM_RIGHTS, &file, sizeof file, "cd");
    send_with(s_pair[0], SOL_SOCKET, SCM_RIGHTS, &file, sizeof file, "ef");
    write(s_pair[0], "gh", 2);
    receive(s_pair[1], 100, sizeof s_control, MSG_PEEK);
    receive(s_pair[1], 100, sizeof s_control, 0);
    receive(s_pair[1], 1, sizeof s_control, 0);
    receive(s_pair[1], 100, sizeof s_control, 0);
    both_closed();
}

static void credentials(int type)
{
    say("--- credentials, type %d", type);
    socketpair(AF_UNIX, type, 0, s_pair);
    struct ucred own = { getpid(), getuid(), getgid() }, other = { 1, getuid(), getgid() };
    send(s_pair[0], "before", 6, 0);
    CALL(set(s_pair[1], SO_PASSCRED, 1));
    receive(s_pair[1], 100, sizeof s_control, 0);
    send(s_pair[0], "after", 5, 0);
    receive(s_pair[1], 100, sizeof s_control, 0);
    CALL(send_with(s_pair[0], SOL_SOCKET, SCM_CREDENTIALS, &own, sizeof own, "x"));
    receive(s_pair[1], 100, sizeof s_control, 0);
    send(s_pair[0], "cut", 3, 0);
    receive(s_pair[1], 100, CMSG_LEN(4), 0);
    send(s_pair[0], "cut", 3, 0);
    receive(s_pair[1], 100, 4, 0);
    CALL(send_with(s_pair[0], SOL_SOCKET, SCM_CREDENTIALS, &other, sizeof other, "x"));
    CALL(send_with(s_pair[0], SOL_SOCKET, SCM_CREDENTIALS, &own, 4, "x"));
    pid_t pid = fork();
    if (pid == 0) {
        send(s_pair[0], "child", 5, 0);
        _exit(0);
    }
    reap("the child", pid);
    send(s_pair[0], "parent", 6, 0);
    receive(s_pair[1], 100, sizeof s_control, 0);
    receive(s_pair[1], 100, sizeof s_control, MSG_DONTWAIT);
    both_closed();
}

static void several(int type)
{
    say("--- several at once, type %d", type);
    socketpair(AF_UNIX, type, 0, s_pair);
    char places[4][8];
    struct iovec parts[4];
    struct mmsghdr messages[4] = { 0 };
    for (int i = 0; i < 4; i++) {
        memcpy(places[i], "12345678", 8);
        parts[i] = (struct iovec){ places[i], (size_t)i + 1 };
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    CALL(sendmmsg(s_pair[0], messages, 4, 0));
    for (int i = 0; i < 4; i++)
        SHOW(messages[i].msg_len);
    CALL(recvmmsg(s_pair[1], messages, 2, 0, NULL));
    CALL(recvmmsg(s_pair[1], messages, 4, MSG_WAITFORONE, NULL));
    SHOW(messages[0].msg_len);
    CALL(recvmmsg(s_pair[1], messages, 4, MSG_DONTWAIT, NULL));
    struct timespec wrong = { 0, -1 }, soon = { 0, 0 };
    CALL(recvmmsg(s_pair[1], messages, 4, 0, &wrong));
    CALL(sendmmsg(s_pair[0], messages, 4, 0));
    CALL(recvmmsg(s_pair[1], messages, 4, 0, &soon));
    CALL(sendmmsg(s_pair[0], messages, 0, 0));
    CALL(sendmmsg(77, messages, 1, 0));
    parts[1].iov_base = BAD_ADDRESS;
    CALL(sendmmsg(s_pair[0], messages, 4, 0));
    CALL(recvmmsg(s_pair[1], messages, 1, 0, NULL));
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 3; i++) {
            pause_for(5);
            send(s_pair[0], "abc", 3, 0);
        }
        _exit(0);
    }
    parts[1].iov_base = places[1];
    for (int i = 0; i < 4; i++)
        parts[i].iov_len = 3;
    while (recv(s_pair[1], s_text, 1, MSG_DONTWAIT | MSG_PEEK) == 1 && s_text[0] != 'a')
        recv(s_pair[1], s_text, 1, 0);
    CALL(recvmmsg(s_pair[1], messages, 3, 0, NULL));
    reap("the sender", pid);
    both_closed();
}

int main(int argc, char **argv)
{
    enter_directory(argc, argv);
    become_a_user();
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
    for (int i = 0; i < 3; i++) {
        vectors(types[i]);
        rights(types[i]);
        credentials(types[i]);
        several(types[i]);
    }
    borders();
    return 0;
}
