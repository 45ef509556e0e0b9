/* poll, ppoll, select and pselect: what is ready, time-outs, ends, signals. */
#include "../check.h"
#include <poll.h>
#include <sys/select.h>

static volatile sig_atomic_t s_signals;

static void count_signal(int signal)
{
    (void)signal;
    s_signals++;
}

static void show(const char *what, struct pollfd *entry, nfds_t count, int timeout)
{
    int ready = poll(entry, count, timeout);
    if (ready < 0)
        say("%s: %s", what, strerror(errno));
    else
        say("%s: %d ready, events %#x", what, ready, (unsigned)entry->revents);
}

static void ends_of_a_pipe(void)
{
    static char block[65536];
    int channel[2];
    pipe(channel);
    struct pollfd in = { channel[0], POLLIN, 0 }, out = { channel[1], POLLOUT, 0 };
    show("an empty pipe", &in, 1, 0);
    show("room in a pipe", &out, 1, 0);
    write(channel[1], block, sizeof block);
    show("a full pipe for reading", &in, 1, -1);
    show("a full pipe for writing", &out, 1, 0);
    in.events = 0;
    show("a full pipe for nothing", &in, 1, 0);
    in.events = POLLIN | POLLRDNORM | POLLPRI;
    show("a full pipe for all", &in, 1, 0);
    close(channel[1]);
    show("a full pipe without a writer", &in, 1, 0);
    read(channel[0], block, sizeof block);
    show("an empty pipe without a writer", &in, 1, -1);
    show("a closed file", &out, 1, 0);
    out.fd = -1;
    show("no file", &out, 1, 0);
    close(channel[0]);
    pipe(channel);
    close(channel[0]);
    out.fd = channel[1];
    show("a pipe without a reader", &out, 1, -1);
    close(channel[1]);
}

static void other_files(int argc, char **argv)
{
    enter_directory(argc, argv);
    struct pollfd files[] = {
        { open("file", O_CREAT | O_RDWR, 0644), POLLIN | POLLOUT, 0 },
        { open("/dev/null", O_RDWR), POLLIN | POLLOUT, 0 },
        { open(".", O_RDONLY), POLLIN, 0 },
        { 999, POLLIN, 0 },
        { -5, POLLIN, 7 },
    };
    int ready = poll(files, 5, -1);
    say("%d ready: %#x %#x %#x %#x %#x", ready, files[0].revents, files[1].revents, files[2].revents, files[3].revents, files[4].revents);
    close(files[0].fd);
    close(files[1].fd);
    close(files[2].fd);
    CALL(poll(BAD_ADDRESS, 1, 0));
    CALL(poll(NULL, 0, 0));
}

static void time_outs(void)
{
    int channel[2];
    pipe(channel);
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    struct pollfd in = { channel[0], POLLIN, 0 };
    show("30 milliseconds", &in, 1, 30);
    HOLDS(milliseconds_since(&start) >= 30);
    clock_gettime(CLOCK_MONOTONIC, &start);
    CALL(poll(NULL, 0, 20));
    HOLDS(milliseconds_since(&start) >= 20);
    clock_gettime(CLOCK_MONOTONIC, &start);
    struct timeval left = { 0, 25000 };
    CALL(select(0, NULL, NULL, NULL, &left));
    HOLDS(milliseconds_since(&start) >= 25);
    say("left %ld.%06ld", (long)left.tv_sec, (long)left.tv_usec);
    struct timespec brief = { 0, 15000000 };
    CALL(ppoll(&in, 1, &brief, NULL));
    CALL(pselect(0, NULL, NULL, NULL, &brief, NULL));
    SHOW(brief.tv_nsec);
    CALL(ppoll(&in, 1, &(struct timespec){ 0, 1000000000 }, NULL));
    CALL(pselect(0, NULL, NULL, NULL, &(struct timespec){ -1, 0 }, NULL));

    pid_t pid = fork();
    if (pid == 0) {
        pause_for(30);
        _exit(write(channel[1], "x", 1) == 1 ? 0 : 1);
    }
    show("until the child writes", &in, 1, -1);
    reap("the child", pid);
    left = (struct timeval){ 1000, 0 };
    fd_set set;
    FD_ZERO(&set);
    FD_SET(channel[0], &set);
    CALL(select(channel[0] + 1, &set, NULL, NULL, &left));
    HOLDS(left.tv_sec >= 900);
    close(channel[0]);
    close(channel[1]);
}

static void selects(void)
{
    int channel[2], other[2];
    pipe(channel);
    pipe(other);
    write(channel[1], "x", 1);
    int highest = other[1] + 1;
    fd_set in, out, except;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&except);
    FD_SET(channel[0], &in);
    FD_SET(other[0], &in);
    FD_SET(channel[1], &out);
    FD_SET(other[1], &out);
    FD_SET(channel[0], &except);
    CALL(select(highest, &in, &out, &except, NULL));
    say("%d%d %d%d %d", !!FD_ISSET(channel[0], &in), !!FD_ISSET(other[0], &in), !!FD_ISSET(channel[1], &out), !!FD_ISSET(other[1], &out), !!FD_ISSET(channel[0], &except));
    FD_SET(channel[0], &in);
    CALL(select(channel[0], &in, NULL, NULL, &(struct timeval){ 0, 0 }));
    close(other[1]);
    FD_ZERO(&in);
    FD_SET(other[0], &in);
    CALL(select(highest, &in, NULL, NULL, NULL));
    say("%d", !!FD_ISSET(other[0], &in));
    close(other[0]);
    FD_ZERO(&in);
    FD_SET(other[0], &in);
    CALL(select(highest, &in, NULL, NULL, &(struct timeval){ 0, 0 }));
    CALL(select(-1, NULL, NULL, NULL, &(struct timeval){ 0, 0 }));
    CALL(select(0, NULL, NULL, NULL, &(struct timeval){ 0, 0 }));
    close(channel[0]);
    close(channel[1]);
}

static void signals(void)
{
    struct sigaction action = { .sa_handler = count_signal, .sa_flags = SA_RESTART };
    sigaction(SIGALRM, &action, NULL);
    struct itimerval tick = { { 0, 20000 }, { 0, 20000 } };
    setitimer(ITIMER_REAL, &tick, NULL);
    CALL(poll(NULL, 0, -1));
    CALL(poll(NULL, 0, 100000));
    CALL(select(0, NULL, NULL, NULL, NULL));
    CALL(ppoll(NULL, 0, NULL, NULL));
    CALL(pselect(0, NULL, NULL, NULL, NULL, NULL));
    setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
    HOLDS(s_signals >= 5);

    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    s_signals = 0;
    raise(SIGALRM);
    CALL(ppoll(NULL, 0, &(struct timespec){ 0, 1000000 }, NULL));
    SHOW(s_signals);
    CALL(ppoll(NULL, 0, NULL, &before));
    SHOW(s_signals);
    raise(SIGALRM);
    CALL(pselect(0, NULL, NULL, NULL, NULL, &before));
    SHOW(s_signals);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    SHOW(sigismember(&now, SIGALRM));

    /* What is ready comes before a signal that the mask lets in. */
    int channel[2];
    pipe(channel);
    write(channel[1], "x", 1);
    struct pollfd in = { channel[0], POLLIN, 0 };
    raise(SIGALRM);
    CALL(ppoll(&in, 1, NULL, &before));
    sigprocmask(SIG_SETMASK, &before, NULL);
    SHOW(s_signals);
}

int main(int argc, char **argv)
{
    ends_of_a_pipe();
    other_files(argc, argv);
    time_outs();
    selects();
    signals();
    return 0;
}
