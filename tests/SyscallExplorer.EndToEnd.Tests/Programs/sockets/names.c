/* Sockets with names: binding, listening, connecting, accepting, datagrams to an address. */
#include "../check.h"
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static char s_text[256];

static socklen_t named(struct sockaddr_un *address, const char *name, size_t length)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, name, length);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

static int bound(int file, const char *name, size_t length)
{
    struct sockaddr_un address;
    return bind(file, (struct sockaddr *)&address, named(&address, name, length));
}

static int connected(int file, const char *name, size_t length)
{
    struct sockaddr_un address;
    return connect(file, (struct sockaddr *)&address, named(&address, name, length));
}

static int sent(int file, const char *text, const char *name, size_t length)
{
    struct sockaddr_un address;
    return (int)sendto(file, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address, named(&address, name, length));
}

static void tell_name(const char *what, int result, const struct sockaddr_un *address, socklen_t length)
{
    int first = (int)offsetof(struct sockaddr_un, sun_path);
    if (result < 0)
        say("%s: %s", what, strerror(errno));
    else
        say("%s: length %d, family %d, '%s%.*s'", what, (int)length, length >= 2 ? address->sun_family : -1, (int)length > first && address->sun_path[0] == 0 ? "@" : "",
            (int)length > first && address->sun_path[0] != 0 ? (int)length - first - 1 : 0, address->sun_path);
}

static void names(int file)
{
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    int result = getsockname(file, (struct sockaddr *)&address, &length);
    tell_name("own", result, &address, length);
    length = sizeof address;
    result = getpeername(file, (struct sockaddr *)&address, &length);
    tell_name("partner", result, &address, length);
}

static int ready(int file)
{
    struct pollfd entry = { file, POLLIN | POLLOUT | POLLRDHUP, 0 };
    return poll(&entry, 1, 0) == 1 ? entry.revents : 0;
}

static int option(int file, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    return getsockopt(file, SOL_SOCKET, name, &value, &length) == 0 ? value : -errno;
}

static void making(void)
{
    static const int cases[][3] = {
        { AF_UNIX, SOCK_STREAM, 0 }, { AF_UNIX, SOCK_DGRAM, 1 }, { AF_UNIX, SOCK_SEQPACKET, 0 }, { AF_UNIX, SOCK_RAW, 0 }, { AF_UNIX, SOCK_RDM, 0 },
        { AF_UNIX, SOCK_STREAM, 2 }, { AF_UNIX, 0, 0 }, { AF_UNIX, 11, 0 }, { AF_UNIX, SOCK_STREAM | 0x100, 0 }, { -1, SOCK_STREAM, 0 }, { 1000, SOCK_STREAM, 0 }, { AF_UNIX, -1, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        errno = 0;
        int file = socket(cases[i][0], cases[i][1], cases[i][2]);
        say("socket %d: %s, type %d", (int)i, file < 0 ? strerror(errno) : "good", file < 0 ? 0 : option(file, SO_TYPE));
        if (file >= 0)
            close(file);
    }
}

static void streams(int type)
{
    say("--- type %d", type);
    int server = socket(AF_UNIX, type, 0), client = socket(AF_UNIX, type, 0), other = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
    names(server);
    SHOW(ready(client));
    CALL(listen(server, 1));
    CALL(accept(server, NULL, NULL));
    CALL(connected(client, "nowhere", 8));
    CALL(bound(server, "place", 5));
    CALL(bound(server, "place", 5));
    CALL(bound(other, "place", 5));
    CALL(connected(client, "place", 6));
    struct stat status;
    CALL(lstat("place", &status));
    SHOW(S_ISSOCK(status.st_mode));
    CALL(open("place", O_RDWR));
    CALL(recv(client, s_text, 1, MSG_DONTWAIT));
    CALL(send(client, "x", 1, MSG_NOSIGNAL));
    CALL(listen(server, 0));
    SHOW(option(server, SO_ACCEPTCONN));
    SHOW(ready(server));
    CALL(connected(client, "place", 6));
    SHOW(ready(server));
    SHOW(ready(client));
    CALL(send(client, "early", 5, 0));
    /* One connection more than the backlog says may wait. */
    CALL(connected(other, "place", 6));
    names(client);
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    int accepted = accept4(server, (struct sockaddr *)&address, &length, SOCK_CLOEXEC);
    SHOW(accepted >= 0);
    SHOW(length);
    SHOW(fcntl(accepted, F_GETFD));
    names(accepted);
    CALL(connected(client, "place", 6));
    CALL(connected(other, "place", 6));
    CALL(recv(accepted, s_text, sizeof s_text, 0));
    CALL(send(accepted, "back", 4, 0));
    length = sizeof address;
    CALL(recvfrom(client, s_text, sizeof s_text, 0, (struct sockaddr *)&address, &length));
    tell_name("from", 0, &address, length);
    CALL(accept4(server, NULL, NULL, 1));
    CALL(listen(client, 1));
    CALL(shutdown(server, SHUT_RD));
    SHOW(ready(server));
    close(server);
    SHOW(ready(other));
    CALL(recv(other, s_text, 1, 0));
    CALL(recv(other, s_text, 1, 0));
    SHOW(ready(client));
    CALL(connected(other, "place", 6));
    close(accepted);
    CALL(recv(client, s_text, 1, 0));
    CALL(unlink("place"));
    close(client);
    close(other);
}

static void waiting(int type)
{
    say("--- waiting, type %d", type);
    int server = socket(AF_UNIX, type, 0);
    bound(server, "door", 5);
    listen(server, 0);
    pid_t pid = fork();
    if (pid == 0) {
        int done = 0;
        for (int i = 0; i < 4; i++) {
            int client = socket(AF_UNIX, type, 0);
            done += connected(client, "door", 5) == 0 && send(client, "hello", 5, 0) == 5 && recv(client, s_text, 1, 0) == 1;
            close(client);
        }
        _exit(done);
    }
    for (int i = 0; i < 4; i++) {
        pause_for(i);
        int accepted = accept(server, NULL, NULL);
        struct ucred peer;
        socklen_t length = sizeof peer;
        getsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &peer, &length);
        HOLDS(peer.pid == pid);
        SHOW(recv(accepted, s_text, sizeof s_text, 0));
        send(accepted, "x", 1, 0);
        SHOW(recv(accepted, s_text, sizeof s_text, 0));
        close(accepted);
    }
    reap("the client", pid);
    close(server);
    unlink("door");
}

static void datagrams(void)
{
    say("--- datagrams");
    int one = socket(AF_UNIX, SOCK_DGRAM, 0), two = socket(AF_UNIX, SOCK_DGRAM, 0), three = socket(AF_UNIX, SOCK_DGRAM, 0), stream = socket(AF_UNIX, SOCK_STREAM, 0);
    CALL(send(one, "x", 1, 0));
    CALL(sent(one, "x", "two", 4));
    CALL(bound(two, "two", 4));
    CALL(sent(one, "unnamed", "two", 4));
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    CALL(recvfrom(two, s_text, sizeof s_text, 0, (struct sockaddr *)&address, &length));
    SHOW(length);
    CALL(bound(one, "\0abstract", 9));
    names(one);
    CALL(bound(three, "\0abstract", 9));
    CALL(sent(one, "named", "two", 4));
    length = sizeof address;
    CALL(recvfrom(two, s_text, sizeof s_text, 0, (struct sockaddr *)&address, &length));
    tell_name("from", 0, &address, length);
    CALL(sendto(two, "answer", 6, 0, (struct sockaddr *)&address, length));
    CALL(recv(one, s_text, sizeof s_text, 0));
    CALL(connected(one, "two", 4));
    names(one);
    CALL(connected(two, "\0abstract", 9));
    CALL(sent(three, "x", "two", 4));
    CALL(connected(three, "two", 4));
    CALL(sent(stream, "x", "two", 4));
    CALL(connected(stream, "two", 4));
    CALL(listen(one, 1));
    CALL(accept(one, NULL, NULL));
    CALL(send(two, "lost", 4, 0));
    struct sockaddr nobody = { .sa_family = AF_UNSPEC };
    CALL(connect(one, &nobody, sizeof nobody));
    SHOW(option(two, SO_ERROR));
    CALL(recv(one, s_text, sizeof s_text, MSG_DONTWAIT));
    names(one);
    close(one);
    CALL(send(two, "x", 1, MSG_NOSIGNAL));
    CALL(send(two, "x", 1, MSG_NOSIGNAL));
    int sends = 0;
    while (sent(three, "x", "two", 4) == 1)
        sends++;
    SHOW(sends);
    SHOW(errno == EAGAIN);
    SHOW(ready(three));
    CALL(connected(three, "two", 4));
    SHOW(ready(three));
    recv(two, s_text, 1, 0);
    SHOW(ready(three));
    CALL(shutdown(two, SHUT_RD));
    CALL(send(three, "x", 1, MSG_NOSIGNAL));
    SHOW(ready(two));
    struct sockaddr_un name;
    memset(&name, 0, sizeof name);
    name.sun_family = AF_UNIX;
    CALL(bind(three, (struct sockaddr *)&name, sizeof(sa_family_t)));
    length = sizeof name;
    CALL(getsockname(three, (struct sockaddr *)&name, &length));
    SHOW(length);
    SHOW(name.sun_path[0]);
    CALL(bind(three, (struct sockaddr *)&name, 1));
    CALL(bind(three, (struct sockaddr *)&name, 111));
    CALL(bind(three, (struct sockaddr *)&name, 200));
    CALL(bind(three, BAD_ADDRESS, 20));
    CALL(sendto(three, "x", 1, 0, BAD_ADDRESS, 20));
    CALL(sendto(three, "x", 1, 0, (struct sockaddr *)&name, 1));
    name.sun_family = 9;
    CALL(bind(stream, (struct sockaddr *)&name, sizeof name));
    CALL(connect(stream, (struct sockaddr *)&name, sizeof name));
    unlink("two");
    close(two);
    close(three);
    close(stream);
}

static void refusals(void)
{
    say("--- refusals");
    int file = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address;
    socklen_t length = sizeof address, negative = (socklen_t)-1;
    CALL(getsockname(77, (struct sockaddr *)&address, &length));
    CALL(getsockname(STDOUT_FILENO, (struct sockaddr *)&address, &length));
    CALL(getsockname(file, (struct sockaddr *)&address, &negative));
    CALL(getsockname(file, BAD_ADDRESS, &length));
    CALL(getsockname(file, (struct sockaddr *)&address, BAD_ADDRESS));
    CALL(bound(file, "missing/socket", 15));
    CALL(bound(file, "/proc/socket", 13));
    close(open("plain", O_CREAT | O_WRONLY, 0644));
    CALL(bound(file, "plain", 6));
    CALL(connected(file, "plain", 6));
    CALL(connected(file, "plain/more", 11));
    CALL(connected(file, ".", 2));
    CALL(bound(STDOUT_FILENO, "x", 2));
    CALL(listen(STDOUT_FILENO, 1));
    CALL(accept(STDOUT_FILENO, NULL, NULL));
    CALL(shutdown(STDOUT_FILENO, SHUT_RD));
    CALL(shutdown(file, SHUT_WR));
    CALL(pread(file, s_text, 1, 0));
    CALL(pwrite(file, s_text, 1, 0));
    CALL(ftruncate(file, 0));
    CALL(fsync(file));
    int count;
    CALL(ioctl(file, FIONREAD, &count));
    CALL(ioctl(file, TIOCOUTQ, &count));
    SHOW(count);
    close(file);
}

int main(int argc, char **argv)
{
    enter_directory(argc, argv);
    become_a_user();
    making();
    streams(SOCK_STREAM);
    streams(SOCK_SEQPACKET);
    waiting(SOCK_STREAM);
    waiting(SOCK_SEQPACKET);
    datagrams();
    refusals();
    return 0;
}
