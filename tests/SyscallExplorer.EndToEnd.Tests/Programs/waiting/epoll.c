/* epoll: level, edge and one-shot, changes of interest, what may be watched, nesting, signals. */
#include "../check.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

static int s_epoll;

static void watch(int file, uint32_t events, uint64_t data)
{
    struct epoll_event event = { .events = events, .data.u64 = data };
    say("watch for %#x: %s", events, epoll_ctl(s_epoll, EPOLL_CTL_ADD, file, &event) == 0 ? "good" : strerror(errno));
}

static void change(int file, uint32_t events, uint64_t data)
{
    struct epoll_event event = { .events = events, .data.u64 = data };
    say("change to %#x: %s", events, epoll_ctl(s_epoll, EPOLL_CTL_MOD, file, &event) == 0 ? "good" : strerror(errno));
}

static int by_data(const void *left, const void *right)
{
    const struct epoll_event *a = left, *b = right;
    return a->data.u64 < b->data.u64 ? -1 : a->data.u64 > b->data.u64;
}

static void collect(const char *what)
{
    struct epoll_event events[16];
    int count = epoll_wait(s_epoll, events, 16, 0);
    if (count < 0) {
        say("%s: %s", what, strerror(errno));
        return;
    }
    qsort(events, (size_t)count, sizeof *events, by_data);
    char line[512] = "";
    for (int i = 0; i < count; i++)
        snprintf(line + strlen(line), sizeof line - strlen(line), " %llx:%#x", (unsigned long long)events[i].data.u64, events[i].events);
    say("%s: %d%s", what, count, line);
}

static void level(void)
{
    int channel[2];
    pipe(channel);
    watch(channel[0], EPOLLIN, 0x1122334455667788);
    watch(channel[1], EPOLLOUT, 2);
    watch(channel[0], EPOLLIN, 3);
    collect("empty");
    write(channel[1], "xy", 2);
    collect("written");
    collect("still there");
    char c;
    read(channel[0], &c, 1);
    collect("half read");
    read(channel[0], &c, 1);
    collect("read");
    change(channel[1], 0, 4);
    collect("nothing wanted");
    write(channel[1], "x", 1);
    close(channel[1]);
    collect("the writer is gone");
    CALL(epoll_ctl(s_epoll, EPOLL_CTL_DEL, channel[0], NULL));
    collect("taken out");
    CALL(epoll_ctl(s_epoll, EPOLL_CTL_DEL, channel[0], NULL));
    change(channel[0], EPOLLIN, 1);
    close(channel[0]);
}

static void edge(void)
{
    int pair[2];
    char text[16];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    watch(pair[0], EPOLLIN | EPOLLET, 5);
    collect("empty");
    write(pair[1], "ab", 2);
    collect("written");
    collect("the edge is over");
    read(pair[0], text, 1);
    collect("half read");
    write(pair[1], "c", 1);
    collect("written again");
    change(pair[0], EPOLLIN | EPOLLET, 6);
    collect("changed");
    collect("changed, again");
    shutdown(pair[1], SHUT_WR);
    collect("shut");
    change(pair[0], EPOLLIN | EPOLLRDHUP | EPOLLET, 7);
    collect("shut, and asked for");
    close(pair[1]);
    collect("closed");
    close(pair[0]);
    collect("both closed");
}

static void one_shot(void)
{
    int event = eventfd(0, 0);
    watch(event, EPOLLIN | EPOLLONESHOT, 8);
    eventfd_write(event, 1);
    collect("once");
    collect("not twice");
    eventfd_write(event, 1);
    collect("nor by a new event");
    change(event, EPOLLIN | EPOLLONESHOT, 9);
    collect("armed again");
    collect("once more only once");
    close(event);
}

static void turns(void)
{
    int events[3], seen[3] = { 0 };
    for (int i = 0; i < 3; i++) {
        events[i] = eventfd(1, 0);
        struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t)i };
        epoll_ctl(s_epoll, EPOLL_CTL_ADD, events[i], &event);
    }
    for (int i = 0; i < 9; i++) {
        struct epoll_event event;
        if (epoll_wait(s_epoll, &event, 1, -1) == 1)
            seen[event.data.u32]++;
    }
    say("one at a time: %d %d %d", seen[0], seen[1], seen[2]);
    int copy = dup(events[1]);
    close(events[1]);
    collect("a copy keeps it");
    close(copy);
    collect("without the copy");
    close(events[0]);
    close(events[2]);
}

static void refusals(void)
{
    int file = open("/proc/self/exe", O_RDONLY);
    watch(file, EPOLLIN, 1);
    close(file);
    watch(s_epoll, EPOLLIN, 1);
    watch(99, EPOLLIN, 1);
    struct epoll_event event;
    CALL(epoll_wait(s_epoll, &event, 0, 0));
    volatile int negative = -1;
    CALL(epoll_wait(s_epoll, &event, negative, 0));
    CALL(epoll_wait(STDOUT_FILENO, &event, 1, 0));
    CALL(epoll_ctl(STDOUT_FILENO, EPOLL_CTL_ADD, s_epoll, &event));
    CALL(epoll_ctl(s_epoll, 9, 1, &event));
    CALL(epoll_create1(1));
    CALL(epoll_create(0));
    int channel[2];
    pipe(channel);
    CALL(epoll_ctl(s_epoll, EPOLL_CTL_ADD, channel[0], BAD_ADDRESS));
    close(channel[0]);
    close(channel[1]);
}

static void nested(void)
{
    int inner = epoll_create1(EPOLL_CLOEXEC), event = eventfd(0, EFD_NONBLOCK);
    SHOW(fcntl(inner, F_GETFD));
    struct epoll_event interest = { .events = EPOLLIN, .data.u64 = 10 };
    CALL(epoll_ctl(inner, EPOLL_CTL_ADD, event, &interest));
    watch(inner, EPOLLIN, 11);
    collect("nothing inside");
    CALL(epoll_ctl(inner, EPOLL_CTL_ADD, s_epoll, &interest));
    eventfd_write(event, 1);
    collect("something inside");
    struct pollfd entry = { s_epoll, POLLIN, 0 };
    CALL(poll(&entry, 1, 0));
    eventfd_t value;
    eventfd_read(event, &value);
    collect("nothing any more");
    CALL(poll(&entry, 1, 0));
    close(inner);
    close(event);
}

static void nothing(int signal)
{
    (void)signal;
}

static void waits(void)
{
    struct timespec start;
    struct epoll_event event;
    clock_gettime(CLOCK_MONOTONIC, &start);
    CALL(epoll_wait(s_epoll, &event, 1, 30));
    HOLDS(milliseconds_since(&start) >= 30);
    struct sigaction action = { .sa_handler = nothing, .sa_flags = SA_RESTART };
    sigaction(SIGALRM, &action, NULL);
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, &before);
    raise(SIGALRM);
    CALL(epoll_pwait(s_epoll, &event, 1, 10, NULL));
    CALL(epoll_pwait(s_epoll, &event, 1, -1, &before));
    sigprocmask(SIG_SETMASK, &before, NULL);

    int wakeup = eventfd(0, 0);
    watch(wakeup, EPOLLIN, 12);
    pid_t pid = fork();
    if (pid == 0) {
        pause_for(30);
        eventfd_write(wakeup, 3);
        _exit(0);
    }
    CALL(epoll_wait(s_epoll, &event, 1, -1));
    SHOW(event.data.u64);
    reap("the child", pid);
    close(wakeup);
}

int main(void)
{
    s_epoll = epoll_create1(0);
    level();
    edge();
    one_shot();
    turns();
    refusals();
    nested();
    waits();
    return 0;
}
