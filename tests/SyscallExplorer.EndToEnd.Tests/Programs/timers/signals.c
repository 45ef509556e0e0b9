/* alarm, setitimer, timer_create: signals in the order of time, intervals, overruns, threads. */
#include "../check.h"
#include <pthread.h>
#include <semaphore.h>

static volatile sig_atomic_t s_count[65];

static void count(int signal)
{
    s_count[signal]++;
}

static void alarms(void)
{
    signal(SIGALRM, count);
    CALL(alarm(1000));
    unsigned left = alarm(0);
    HOLDS(left >= 999 && left <= 1000);
    CALL(alarm(0));
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    CALL(alarm(1));
    pause();
    HOLDS(milliseconds_since(&start) >= 998);
    SHOW(s_count[SIGALRM]);

    struct itimerval value = { { 0, 10000 }, { 0, 10000 } };
    CALL(setitimer(ITIMER_REAL, &value, NULL));
    CALL(getitimer(ITIMER_REAL, &value));
    HOLDS(value.it_value.tv_sec == 0 && value.it_value.tv_usec <= 10000 && value.it_interval.tv_usec == 10000);
    s_count[SIGALRM] = 0;
    while (s_count[SIGALRM] < 5)
        pause_for(1);
    struct itimerval before;
    CALL(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, &before));
    SHOW(before.it_interval.tv_usec);
    CALL(getitimer(ITIMER_REAL, &value));
    SHOW(value.it_value.tv_usec);
    CALL(setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 1000000 } }, NULL));
    CALL(setitimer(9, &value, NULL));
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(1);
        execl("/proc/self/exe", "zero", "x", "pause", NULL);
        _exit(1);
    }
    reap("an alarm outlives execve", pid);
    alarm(100);
    pid = fork();
    if (pid == 0)
        _exit((int)alarm(0));
    reap("an alarm is not inherited", pid);
    alarm(0);
}

/* Time is used up only by work. */
static void work(volatile sig_atomic_t *counter, int until)
{
    volatile unsigned long steps = 0;
    while (*counter < until)
        steps++;
}

static void used_time(void)
{
    signal(SIGVTALRM, count);
    signal(SIGPROF, count);
    CALL(setitimer(ITIMER_VIRTUAL, &(struct itimerval){ { 0, 4000 }, { 0, 4000 } }, NULL));
    work(&s_count[SIGVTALRM], 3);
    CALL(setitimer(ITIMER_VIRTUAL, &(struct itimerval){ 0 }, NULL));
    CALL(setitimer(ITIMER_PROF, &(struct itimerval){ { 0, 0 }, { 0, 8000 } }, NULL));
    work(&s_count[SIGPROF], 1);
    SHOW(s_count[SIGPROF]);
    CALL(setitimer(ITIMER_PROF, &(struct itimerval){ { 0, 0 }, { 0, 500000 } }, NULL));
    pause_for(30);
    struct itimerval left;
    getitimer(ITIMER_PROF, &left);
    HOLDS(left.it_value.tv_usec > 300000);
    setitimer(ITIMER_PROF, &(struct itimerval){ 0 }, NULL);
}

static void order(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    long delays[] = { 90, 30, 60 };
    timer_t timers[3];
    for (int i = 0; i < 3; i++) {
        struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = i };
        if (timer_create(CLOCK_MONOTONIC, &event, &timers[i]) == -1)
            say("timer_create: %s", strerror(errno));
    }
    for (int i = 0; i < 3; i++)
        timer_settime(timers[i], 0, &(struct itimerspec){ { 0, 0 }, { 0, delays[i] * 1000000 } }, NULL);
    for (int i = 0; i < 3; i++) {
        siginfo_t info;
        sigwaitinfo(&set, &info);
        say("timer %d, code %d, overrun %d", info.si_value.sival_int, info.si_code, timer_getoverrun(timers[info.si_value.sival_int]));
    }
    struct itimerspec now;
    CALL(timer_gettime(timers[0], &now));
    SHOW(now.it_value.tv_nsec);
    CALL(timer_delete(timers[0]));
    CALL(timer_delete(timers[1]));

    /* An interval whose signal stays pending counts the times that it missed. */
    CALL(timer_settime(timers[2], 0, &(struct itimerspec){ { 0, 5000000 }, { 0, 5000000 } }, NULL));
    pause_for(60);
    siginfo_t info;
    sigwaitinfo(&set, &info);
    HOLDS(timer_getoverrun(timers[2]) >= 9);
    HOLDS(info.si_code == SI_TIMER && info.si_value.sival_int == 2);
    struct itimerspec before;
    CALL(timer_settime(timers[2], 0, &(struct itimerspec){ 0 }, &before));
    SHOW(before.it_interval.tv_nsec);
    while (sigtimedwait(&set, NULL, &(struct timespec){ 0, 0 }) > 0)
        continue;

    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    struct itimerspec at = { { 0, 0 }, start };
    CALL(timer_settime(timers[2], TIMER_ABSTIME, &at, NULL));
    HOLDS(sigwaitinfo(&set, &info) == SIGRTMIN);
    CALL(timer_delete(timers[2]));

    timer_t quiet;
    struct sigevent none = { .sigev_notify = SIGEV_NONE };
    CALL(timer_create(CLOCK_MONOTONIC, &none, &quiet));
    CALL(timer_settime(quiet, 0, &(struct itimerspec){ { 0, 0 }, { 100, 0 } }, NULL));
    CALL(timer_gettime(quiet, &now));
    HOLDS(now.it_value.tv_sec >= 98 && now.it_value.tv_sec <= 100);
    CALL(timer_delete(quiet));
    struct sigevent odd = { .sigev_notify = 77, .sigev_signo = SIGRTMIN };
    CALL(timer_create(CLOCK_MONOTONIC, &odd, &quiet));
    odd.sigev_notify = SIGEV_SIGNAL;
    odd.sigev_signo = 99;
    CALL(timer_create(CLOCK_MONOTONIC, &odd, &quiet));
    CALL(timer_create(77, NULL, &quiet));
}

static sem_t s_semaphore;
static int s_value;

static void notified(union sigval value)
{
    s_value = value.sival_int + (getpid() != (pid_t)syscall(SYS_gettid));
    sem_post(&s_semaphore);
}

static void threads(void)
{
    timer_t timer;
    sem_init(&s_semaphore, 0, 0);
    struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = notified, .sigev_value.sival_int = 40 };
    CALL(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    CALL(timer_settime(timer, 0, &(struct itimerspec){ { 0, 0 }, { 0, 10000000 } }, NULL));
    while (sem_wait(&s_semaphore) == -1)
        continue;
    SHOW(s_value);
    CALL(timer_delete(timer));
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[2], "pause") == 0) {
        for (;;)
            pause();
    }
    alarms();
    used_time();
    order();
    threads();
    return 0;
}
