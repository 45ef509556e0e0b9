/* What waits at a socket, and what ends the wait: room, the other end, time, signals, readiness. */
#include "../check.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>

static int s_pair[2];
static char s_text[1 << 16];
static volatile int s_signals;

static void handler(int signal)
{
    s_signals += signal;
}

static void both_closed(void)
{
    close(s_pair[0]);
    close(s_pair[1]);
}

static int set(int file, int option, int value)
{
    return setsockopt(file, SOL_SOCKET, option, &value, sizeof value);
}

static int get(int file, int option)
{
    int value = -1;
    socklen_t length = sizeof value;
    return getsockopt(file, SOL_SOCKET, option, &value, &length) == 0 ? value : -errno;
}

static int fill(int file)
{
    int writes = 0;
    while (send(file, s_text, 1024, MSG_DONTWAIT) == 1024)
        writes++;
    return writes;
}

static int ready(int file)
{
    struct pollfd entry = { file, POLLIN | POLLOUT | POLLRDHUP, 0 };
    return poll(&entry, 1, 0) == 1 ? entry.revents : 0;
}

/* A child that closes one end, and does something after a while with its own. */
static pid_t partner(void (*act)(int file))
{
    pid_t pid = fork();
    if (pid == 0) {
        close(s_pair[0]);
        pause_for(20);
        act(s_pair[1]);
        _exit(0);
    }
    close(s_pair[1]);
    return pid;
}

static void read_all(int file)
{
    for (int i = 0; i < 2; i++) {
        while (recv(file, s_text, 1024, MSG_DONTWAIT) > 0)
            continue;
        pause_for(20);
    }
}

static void stop_reading(int file) { shutdown(file, SHUT_RD); pause_for(20); }
static void stop_writing(int file) { shutdown(file, SHUT_WR); pause_for(20); }
static void go(int file) { close(file); }
static void say_three(int file) { write(file, "abc", 3); pause_for(20); write(file, "def", 3); }

static void ends(int type)
{
    say("--- type %d", type);
    struct { const char *name; void (*act)(int); int full; } cases[] = {
        { "room", read_all, 1 }, { "stop reading", stop_reading, 1 }, { "go while full", go, 1 }, { "bytes", say_three, 0 }, { "stop writing", stop_writing, 0 }, { "go", go, 0 },
    };
    signal(SIGPIPE, handler);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        socketpair(AF_UNIX, type, 0, s_pair);
        s_signals = 0;
        int full = cases[i].full;
        if (full)
            HOLDS(fill(s_pair[0]) > 5);
        pid_t pid = partner(cases[i].act);
        errno = 0;
        int result = full ? (int)send(s_pair[0], s_text, 1024, 0) : (int)recv(s_pair[0], s_text, 6, i == 3 ? MSG_WAITALL : 0);
        say("%s: %d, %s, signals %d", cases[i].name, result, result < 0 ? strerror(errno) : "no error", s_signals);
        reap("the partner", pid);
        errno = 0;
        result = (int)send(s_pair[0], s_text, 1, 0);
        say("again: %d, %s, signals %d, events %#x", result, result < 0 ? strerror(errno) : "no error", s_signals, (unsigned)ready(s_pair[0]));
        close(s_pair[0]);
    }
    signal(SIGPIPE, SIG_DFL);
}

static void default_signal(void)
{
    socketpair(AF_UNIX, SOCK_STREAM, 0, s_pair);
    pid_t pid = fork();
    if (pid == 0) {
        close(s_pair[1]);
        while ((ready(s_pair[0]) & POLLHUP) == 0)
            pause_for(1);
        write(s_pair[0], "x", 1);
        _exit(0);
    }
    close(s_pair[1]);
    reap("a writer without a reader", pid);
    pid = fork();
    if (pid == 0) {
        close(s_pair[1]);
        write(s_pair[0], "x", 1);
        _exit(0);
    }
    reap("a writer without any", pid);
    close(s_pair[0]);
}

static void unread(void)
{
    socketpair(AF_UNIX, SOCK_STREAM, 0, s_pair);
    write(s_pair[0], "unread", 6);
    write(s_pair[1], "kept", 4);
    close(s_pair[1]);
    SHOW(ready(s_pair[0]));
    CALL(recv(s_pair[0], s_text, 2, 0));
    SHOW(get(s_pair[0], SO_ERROR));
    SHOW(get(s_pair[0], SO_ERROR));
    CALL(recv(s_pair[0], s_text, 100, 0));
    CALL(recv(s_pair[0], s_text, 100, 0));
    close(s_pair[0]);
    socketpair(AF_UNIX, SOCK_STREAM, 0, s_pair);
    write(s_pair[0], "unread", 6);
    close(s_pair[1]);
    CALL(recv(s_pair[0], s_text, 2, 0));
    CALL(recv(s_pair[0], s_text, 2, 0));
    close(s_pair[0]);
}

static void times(int flags)
{
    say("--- time limits, flags %#x", (unsigned)flags);
    socketpair(AF_UNIX, SOCK_STREAM, 0, s_pair);
    struct timeval limit = { 0, 20000 }, wrong = { 0, 1000000 }, negative = { -1, 0 }, told = { 7, 7 };
    socklen_t length = sizeof told;
    CALL(setsockopt(s_pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
    CALL(setsockopt(s_pair[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit));
    CALL(setsockopt(s_pair[0], SOL_SOCKET, SO_RCVTIMEO, &wrong, sizeof wrong));
    CALL(setsockopt(s_pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, 4));
    CALL(getsockopt(s_pair[0], SOL_SOCKET, SO_RCVTIMEO, &told, &length));
    say("%d s, %d us, %d bytes", (int)told.tv_sec, (int)told.tv_usec, (int)length);
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    CALL(recv(s_pair[0], s_text, 1, 0));
    HOLDS(milliseconds_since(&start) >= 15);
    write(s_pair[1], "abc", 3);
    CALL(recv(s_pair[0], s_text, 10, MSG_WAITALL));
    HOLDS(fill(s_pair[0]) > 5);
    clock_gettime(CLOCK_MONOTONIC, &start);
    CALL(send(s_pair[0], "x", 1, 0));
    HOLDS(milliseconds_since(&start) >= 15);
    CALL(setsockopt(s_pair[0], SOL_SOCKET, SO_RCVTIMEO, &negative, sizeof negative));
    CALL(recv(s_pair[0], s_text, 1, 0));

    /* With a limit a signal ends the call whatever SA_RESTART says. */
    limit.tv_sec = 100;
    setsockopt(s_pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
    sigaction(SIGALRM, &action, NULL);
    s_signals = 0;
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 10000 } }, NULL);
    CALL(recv(s_pair[0], s_text, 1, 0));
    SHOW(s_signals);
    write(s_pair[1], "ab", 2);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 10000 } }, NULL);
    CALL(recv(s_pair[0], s_text, 10, MSG_WAITALL));
    SHOW(s_signals);
    both_closed();
}

static void low_water(void)
{
    socketpair(AF_UNIX, SOCK_STREAM, 0, s_pair);
    SHOW(get(s_pair[0], SO_RCVLOWAT));
    CALL(set(s_pair[0], SO_RCVLOWAT, 5));
    SHOW(get(s_pair[0], SO_RCVLOWAT));
    pid_t pid = partner(say_three);
    CALL(recv(s_pair[0], s_text, 100, 0));
    reap("the partner", pid);
    close(s_pair[0]);
}

static void *interested(void *file)
{
    struct pollfd entry = { *(int *)file, POLLIN, 0 };
    poll(&entry, 1, -1);
    return (void *)(intptr_t)entry.revents;
}

static void readiness(int type)
{
    say("--- readiness, type %d", type);
    socketpair(AF_UNIX, type, 0, s_pair);
    int epoll = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = 1 };
    CALL(epoll_ctl(epoll, EPOLL_CTL_ADD, s_pair[0], &event));
    CALL(epoll_wait(epoll, &event, 1, 0));
    SHOW(event.events);
    CALL(epoll_wait(epoll, &event, 1, 0));
    write(s_pair[1], "abc", 3);
    CALL(epoll_wait(epoll, &event, 1, 0));
    SHOW(event.events);
    pthread_t thread;
    void *events;
    recv(s_pair[0], s_text, 100, 0);
    pthread_create(&thread, NULL, interested, &s_pair[0]);
    pause_for(10);
    write(s_pair[1], "abc", 3);
    pthread_join(thread, &events);
    SHOW((intptr_t)events);
    fd_set reads, writes;
    FD_ZERO(&reads);
    FD_ZERO(&writes);
    FD_SET(s_pair[0], &reads);
    FD_SET(s_pair[0], &writes);
    CALL(select(s_pair[0] + 1, &reads, &writes, NULL, NULL));
    recv(s_pair[0], s_text, 100, 0);
    HOLDS(fill(s_pair[0]) > 5);
    SHOW(ready(s_pair[0]));
    pid_t pid = partner(read_all);
    struct pollfd entry = { s_pair[0], POLLOUT, 0 };
    CALL(poll(&entry, 1, 10000));
    SHOW(entry.revents & ~POLLHUP);
    reap("the partner", pid);
    SHOW(ready(s_pair[0]));
    close(epoll);
    close(s_pair[0]);
}

static void options(void)
{
    socketpair(AF_UNIX, SOCK_STREAM, 0, s_pair);
    int known[] = { SO_DEBUG, SO_REUSEADDR, SO_TYPE, SO_ERROR, SO_DONTROUTE, SO_BROADCAST, SO_KEEPALIVE, SO_OOBINLINE, SO_NO_CHECK, SO_PRIORITY, SO_PASSCRED,
        SO_RCVLOWAT, SO_TIMESTAMP, SO_ACCEPTCONN, SO_PROTOCOL, SO_DOMAIN, SO_PEEK_OFF, 999 };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        say("option %d: %d", known[i], get(s_pair[0], known[i]));
    CALL(set(s_pair[0], SO_SNDBUF, 1));
    SHOW(get(s_pair[0], SO_SNDBUF));
    CALL(set(s_pair[0], SO_SNDBUF, 10000));
    SHOW(get(s_pair[0], SO_SNDBUF));
    CALL(set(s_pair[0], SO_RCVBUF, 1));
    SHOW(get(s_pair[0], SO_RCVBUF));
    CALL(set(s_pair[0], SO_TYPE, 1));
    CALL(set(s_pair[0], SO_ERROR, 1));
    CALL(set(s_pair[0], SO_KEEPALIVE, 5));
    SHOW(get(s_pair[0], SO_KEEPALIVE));
    CALL(set(s_pair[0], 999, 1));
    int value = 7;
    socklen_t length = 2;
    CALL(getsockopt(s_pair[0], SOL_SOCKET, SO_TYPE, &value, &length));
    say("%d, %d bytes", value, (int)length);
    length = (socklen_t)-1;
    CALL(getsockopt(s_pair[0], SOL_SOCKET, SO_TYPE, &value, &length));
    CALL(getsockopt(s_pair[0], SOL_SOCKET, SO_TYPE, &value, BAD_ADDRESS));
    CALL(setsockopt(s_pair[0], SOL_SOCKET, SO_PASSCRED, &value, 2));
    CALL(setsockopt(s_pair[0], SOL_SOCKET, SO_PASSCRED, BAD_ADDRESS, 4));
    CALL(setsockopt(s_pair[0], 6, 1, &value, sizeof value));
    length = sizeof value;
    CALL(getsockopt(s_pair[0], 6, 1, &value, &length));
    CALL(getsockopt(STDOUT_FILENO, SOL_SOCKET, SO_TYPE, &value, &length));
    CALL(getsockopt(77, SOL_SOCKET, SO_TYPE, &value, &length));
    both_closed();
}

/* A socket that is only in its own queue is found and closed with what it holds. */
static void cycle(void)
{
    int channel[2];
    pipe(channel);
    socketpair(AF_UNIX, SOCK_DGRAM, 0, s_pair);
    for (int i = 0; i < 2; i++) {
        char control[CMSG_SPACE(2 * sizeof(int))] = { 0 };
        struct iovec part = { "x", 1 };
        struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(2 * sizeof(int));
        memcpy(CMSG_DATA(header), (int[]){ s_pair[i], channel[1] }, 2 * sizeof(int));
        CALL(sendmsg(s_pair[i], &message, 0));
    }
    close(channel[1]);
    both_closed();
    /* They are looked for when another socket goes. */
    socketpair(AF_UNIX, SOCK_DGRAM, 0, s_pair);
    both_closed();
    CALL(read(channel[0], s_text, 1));
    close(channel[0]);
}

int main(void)
{
    ends(SOCK_STREAM);
    ends(SOCK_SEQPACKET);
    default_signal();
    unread();
    times(0);
    times(SA_RESTART);
    low_water();
    readiness(SOCK_STREAM);
    readiness(SOCK_DGRAM);
    readiness(SOCK_SEQPACKET);
    options();
    cycle();
    return 0;
}
