/* eventfd, timerfd and signalfd. */
#include "../check.h"
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static uint64_t s_value;

static int is_ready(int file, short events)
{
    struct pollfd entry = { file, events, 0 };
    return poll(&entry, 1, 0) == 1 ? entry.revents : 0;
}

static void events(void)
{
    int event = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
    SHOW(fcntl(event, F_GETFD));
    SHOW(is_ready(event, POLLIN | POLLOUT));
    CALL(read(event, &s_value, 8));
    SHOW(s_value);
    CALL(read(event, &s_value, 8));
    SHOW(is_ready(event, POLLIN | POLLOUT));
    for (s_value = 1; s_value <= 4; s_value++)
        CALL(write(event, &s_value, 8));
    uint64_t two[2] = { 0, 5 };
    CALL(read(event, two, 16));
    SHOW(two[0]);
    SHOW(two[1]);
    CALL(read(event, &s_value, 7));
    CALL(write(event, &s_value, 7));
    s_value = UINT64_MAX;
    CALL(write(event, &s_value, 8));
    s_value = UINT64_MAX - 1;
    CALL(write(event, &s_value, 8));
    SHOW(is_ready(event, POLLIN | POLLOUT));
    s_value = 1;
    CALL(write(event, &s_value, 8));
    s_value = 0;
    CALL(write(event, &s_value, 8));
    CALL(read(event, &s_value, 8));
    HOLDS(s_value == UINT64_MAX - 1);
    CALL(lseek(event, 1, SEEK_SET));
    CALL(eventfd(0, 0x10));
    close(event);

    int semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    for (int i = 0; i < 3; i++) {
        s_value = 0;
        CALL(read(semaphore, &s_value, 8));
        SHOW(s_value);
    }
    close(semaphore);

    event = eventfd(0, 0);
    pid_t pid = fork();
    if (pid == 0) {
        pause_for(20);
        s_value = 77;
        _exit(write(event, &s_value, 8) == 8 ? 0 : 1);
    }
    CALL(read(event, &s_value, 8));
    SHOW(s_value);
    reap("the child", pid);
    close(event);
}

static void timers(void)
{
    struct timespec start;
    struct itimerspec now, before;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    CALL(read(timer, &s_value, 8));
    CALL(timerfd_gettime(timer, &now));
    SHOW(now.it_value.tv_sec || now.it_value.tv_nsec);
    CALL(timerfd_settime(timer, 0, &(struct itimerspec){ { 500, 7 }, { 1000, 0 } }, NULL));
    CALL(timerfd_gettime(timer, &now));
    HOLDS(now.it_value.tv_sec >= 900 && now.it_value.tv_sec <= 1000 && now.it_interval.tv_sec == 500 && now.it_interval.tv_nsec == 7);
    CALL(timerfd_settime(timer, 0, &(struct itimerspec){ { 0, 0 }, { 0, 20000000 } }, &before));
    HOLDS(before.it_value.tv_sec >= 900 && before.it_interval.tv_sec == 500);
    clock_gettime(CLOCK_MONOTONIC, &start);
    struct pollfd entry = { timer, POLLIN, 0 };
    CALL(poll(&entry, 1, -1));
    HOLDS(milliseconds_since(&start) >= 18);
    CALL(read(timer, &s_value, 4));
    CALL(read(timer, &s_value, 8));
    SHOW(s_value);
    CALL(read(timer, &s_value, 8));
    CALL(timerfd_gettime(timer, &now));
    SHOW(now.it_value.tv_sec || now.it_value.tv_nsec);

    clock_gettime(CLOCK_MONOTONIC, &start);
    CALL(timerfd_settime(timer, 0, &(struct itimerspec){ { 0, 10000000 }, { 0, 10000000 } }, NULL));
    fcntl(timer, F_SETFL, 0);
    uint64_t sum = 0;
    while (sum < 5 && read(timer, &s_value, 8) == 8)
        sum += s_value;
    HOLDS(sum >= 5);
    HOLDS(milliseconds_since(&start) >= 49);
    CALL(timerfd_settime(timer, 0, &(struct itimerspec){ 0 }, NULL));
    SHOW(is_ready(timer, POLLIN));

    struct timespec past;
    clock_gettime(CLOCK_MONOTONIC, &past);
    CALL(timerfd_settime(timer, TFD_TIMER_ABSTIME, &(struct itimerspec){ { 0, 0 }, past }, NULL));
    CALL(read(timer, &s_value, 8));
    SHOW(s_value);
    past.tv_nsec = 1000000000;
    CALL(timerfd_settime(timer, TFD_TIMER_ABSTIME, &(struct itimerspec){ { 0, 0 }, past }, NULL));
    CALL(timerfd_create(99, 0));
    CALL(timerfd_create(CLOCK_MONOTONIC, 1));
    CALL(timerfd_settime(STDOUT_FILENO, 0, &now, NULL));
    CALL(write(timer, &s_value, 8));
    close(timer);
}

static void show_signal(int file)
{
    struct signalfd_siginfo info;
    ssize_t got = read(file, &info, sizeof info);
    if (got == -1)
        say("read: %s", strerror(errno));
    else
        say("%d bytes: signal %u, code %d, value %d, ours: %d", (int)got, info.ssi_signo, info.ssi_code, info.ssi_int, info.ssi_pid == (uint32_t)getpid());
}

static void signals(void)
{
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 1);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, &before);
    int file = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    HOLDS(file >= 0);
    show_signal(file);
    SHOW(is_ready(file, POLLIN));
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 10 });
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 11 });
    SHOW(is_ready(file, POLLIN));
    for (int i = 0; i < 4; i++)
        show_signal(file);

    pid_t pid = fork();
    if (pid == 0)
        _exit(33);
    struct pollfd entry = { file, POLLIN, 0 };
    CALL(poll(&entry, 1, -1));
    struct signalfd_siginfo info;
    CALL(read(file, &info, sizeof info));
    say("signal %u, code %d, status %d, the child: %d", info.ssi_signo, info.ssi_code, info.ssi_status, info.ssi_pid == (uint32_t)pid);
    reap("the child", pid);

    sigdelset(&set, SIGUSR1);
    HOLDS(signalfd(file, &set, 0) == file);
    raise(SIGUSR1);
    show_signal(file);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    HOLDS(signalfd(file, &set, 0) == file);
    struct signalfd_siginfo two[2];
    sigaddset(&set, SIGRTMIN + 1);
    HOLDS(signalfd(file, &set, 0) == file);
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 12 });
    CALL(read(file, two, sizeof two));
    say("%u %u", two[0].ssi_signo, two[1].ssi_signo);
    CALL(read(file, two, 100));
    CALL(signalfd(STDOUT_FILENO, &set, 0));
    close(file);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

int main(void)
{
    events();
    timers();
    signals();
    return 0;
}
