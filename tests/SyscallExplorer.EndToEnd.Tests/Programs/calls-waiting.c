/* Waiting for descriptors: poll, select, epoll, eventfd, timerfd, signalfd and socket pairs. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int ends[2];
static char buffer[64];

static void polls(void)
{
    struct pollfd polled[3] = { { ends[0], POLLIN, 0 }, { -1, POLLIN, 0 }, { ends[1], POLLOUT, 0 } };
    poll(polled, 3, 0);
    poll(polled, 1, 1);
    poll(polled, 0, 0);
    poll(NULL, 1, 0);
    polled[0].fd = 0x7fff;
    poll(polled, 1, 0);
    struct timespec none = { 0, 0 };
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    ppoll(polled, 2, &none, &set);
}

static void selects(void)
{
    fd_set readable, writable;
    struct timespec none = { 0, 0 };
    FD_ZERO(&readable);
    FD_SET(ends[0], &readable);
    FD_ZERO(&writable);
    FD_SET(ends[1], &writable);
    pselect(ends[1] + 1, &readable, &writable, NULL, &none, NULL);
    FD_SET(ends[0], &readable);
    pselect(ends[0] + 1, &readable, NULL, NULL, &none, NULL);
    pselect(-1, NULL, NULL, NULL, NULL, NULL);
}

static void epolls(void)
{
    int set = epoll_create1(EPOLL_CLOEXEC);
    epoll_create1(1);
    struct epoll_event event = { EPOLLIN | EPOLLET, { .u64 = 0x100000002 } }, found[4];
    epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event);
    epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event);
    epoll_ctl(set, EPOLL_CTL_MOD, 0x7fff, &event);
    epoll_wait(set, found, 4, 0);
    write(ends[1], "x", 1);
    epoll_wait(set, found, 4, -1);
    epoll_wait(set, found, 0, 0);
    epoll_ctl(set, EPOLL_CTL_DEL, ends[0], NULL);
    epoll_ctl(set, EPOLL_CTL_DEL, ends[0], NULL);
    read(ends[0], buffer, 1);
    close(set);
}

static void events(void)
{
    int counter = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
    unsigned long long value = 5;
    eventfd(0, 1);
    write(counter, &value, sizeof value);
    read(counter, &value, sizeof value);
    read(counter, &value, sizeof value);
    read(counter, buffer, 3);
    close(counter);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec never = { { 0, 0 }, { 0, 0 } }, old;
    timerfd_create(77, 0);
    timerfd_settime(timer, 0, &never, &old);
    timerfd_settime(ends[0], 0, &never, NULL);
    timerfd_gettime(timer, &old);
    read(timer, &value, sizeof value);
    close(timer);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    int signals = signalfd(-1, &set, SFD_NONBLOCK);
    read(signals, buffer, sizeof buffer);
    close(signals);
}

static void sockets(void)
{
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
    socketpair(AF_UNIX, 77, 0, pair + 1);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    send(pair[0], "hello", 5, MSG_NOSIGNAL);
    recv(pair[1], buffer, 3, 0);
    recv(pair[1], buffer, sizeof buffer, MSG_DONTWAIT);
    recv(pair[1], buffer, sizeof buffer, MSG_DONTWAIT);
    shutdown(pair[0], SHUT_WR);
    read(pair[1], buffer, sizeof buffer);
    shutdown(ends[0], SHUT_RD);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    getppid();
    pipe(ends);
    polls();
    selects();
    epolls();
    events();
    sockets();
    getppid();
    return 0;
}
