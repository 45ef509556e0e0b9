/* Clocks of processor time: reading them, sleeping by them, timers on them, and the limit of processor time. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOLDS(expression) (printf("%s: %s\n", #expression, (expression) ? "yes" : "NO"), fflush(stdout))
#define SHOW(expression) (errno = 0, show(#expression, (long)(expression)))

static void show(const char *what, long result)
{
    printf("%s = %ld\n", what, result == -1 ? (long)-errno : result);
    fflush(stdout);
}

static long long now(clockid_t clock)
{
    struct timespec time;
    return clock_gettime(clock, &time) != 0 ? -1 : time.tv_sec * 1000000000ll + time.tv_nsec;
}

static volatile int s_stop, s_signals;
static volatile unsigned long s_work;

static void *worker(void *unused)
{
    (void)unused;
    while (!s_stop)
        s_work++;
    return NULL;
}

static void work(long long nanoseconds, clockid_t clock)
{
    for (long long end = now(clock) + nanoseconds; now(clock) < end;)
        s_work++;
}

static void count(int signal)
{
    (void)signal;
    s_signals++;
}

static void clocks(void)
{
    clockid_t own, thread;
    SHOW(clock_getcpuclockid(0, &own));
    pthread_getcpuclockid(pthread_self(), &thread);
    long long begin = now(CLOCK_PROCESS_CPUTIME_ID);
    work(8000000, CLOCK_MONOTONIC);
    HOLDS(now(CLOCK_PROCESS_CPUTIME_ID) > begin);
    HOLDS(now(own) > begin);
    HOLDS(now(thread) <= now(CLOCK_PROCESS_CPUTIME_ID));
    struct timespec time;
    SHOW(clock_getres(own, &time));
    SHOW(time.tv_nsec);
    SHOW(clock_getcpuclockid(getpid(), &own));
    HOLDS(now(own) > begin);
    SHOW(clock_gettime(~0u << 3 | 3, &time));
    SHOW(clock_gettime((~(clockid_t)32000 << 3) | 2, &time));
    SHOW(clock_settime(CLOCK_MONOTONIC, &time));
    SHOW(clock_settime(CLOCK_PROCESS_CPUTIME_ID, &time));
    SHOW(clock_settime(99, &time));
    HOLDS(clock() != (clock_t)-1);
    struct tms used;
    HOLDS(times(&used) != (clock_t)-1 && used.tms_cutime == 0 && used.tms_cstime == 0);
    struct rusage children;
    SHOW(getrusage(RUSAGE_CHILDREN, &children));
    SHOW(children.ru_utime.tv_sec + children.ru_utime.tv_usec + children.ru_stime.tv_usec);
    SHOW(getrusage(-2, &children));
    pid_t pid = fork();
    if (pid == 0) {
        work(20000000, CLOCK_PROCESS_CPUTIME_ID);
        HOLDS(now(CLOCK_PROCESS_CPUTIME_ID) < 2000000000ll);
        _exit(0);
    }
    clockid_t childs;
    SHOW(clock_getcpuclockid(pid, &childs));
    HOLDS(now(childs) >= 0);
    waitpid(pid, NULL, 0);
    HOLDS(now(childs) == -1 && errno == EINVAL);
    getrusage(RUSAGE_CHILDREN, &children);
    HOLDS(children.ru_utime.tv_sec * 1000000 + children.ru_utime.tv_usec + children.ru_stime.tv_sec * 1000000 + children.ru_stime.tv_usec >= 12000);
    times(&used);
    HOLDS(used.tms_cutime + used.tms_cstime >= 1);
    struct timex clock = { 0 };
    HOLDS(adjtimex(&clock) >= 0 && clock.tick == 10000);
}

static void sleeps(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, worker, NULL);
    long long begin = now(CLOCK_PROCESS_CPUTIME_ID);
    SHOW(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &(struct timespec){ 0, 12000000 }, NULL));
    HOLDS(now(CLOCK_PROCESS_CPUTIME_ID) - begin >= 12000000);
    long long end = now(CLOCK_PROCESS_CPUTIME_ID) + 8000000;
    SHOW(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &(struct timespec){ end / 1000000000, end % 1000000000 }, NULL));
    HOLDS(now(CLOCK_PROCESS_CPUTIME_ID) >= end);
    clockid_t workers;
    pthread_getcpuclockid(thread, &workers);
    begin = now(workers);
    SHOW(clock_nanosleep(workers, 0, &(struct timespec){ 0, 8000000 }, NULL));
    HOLDS(now(workers) - begin >= 8000000);
    s_stop = 1;
    pthread_join(thread, NULL);
    clockid_t own;
    pthread_getcpuclockid(pthread_self(), &own);
    SHOW(clock_nanosleep(own, 0, &(struct timespec){ 0, 8000000 }, NULL));
}

static void timers(void)
{
    signal(SIGUSR1, count);
    timer_t timer;
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    SHOW(timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer));
    SHOW(timer_settime(timer, 0, &(struct itimerspec){ { 0, 0 }, { 0, 8000000 } }, NULL));
    struct itimerspec left;
    SHOW(timer_gettime(timer, &left));
    HOLDS(left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 8000000);
    long long begin = now(CLOCK_THREAD_CPUTIME_ID);
    while (s_signals == 0)
        s_work++;
    HOLDS(now(CLOCK_THREAD_CPUTIME_ID) - begin >= 4000000);
    SHOW(timer_gettime(timer, &left));
    SHOW(left.it_value.tv_nsec);
    SHOW(timer_settime(timer, 0, &(struct itimerspec){ { 0, 4000000 }, { 0, 4000000 } }, NULL));
    while (s_signals < 4)
        s_work++;
    SHOW(timer_delete(timer));
    SHOW(timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer));
    SHOW(timer_delete(timer));
    SHOW(timer_create(CLOCK_MONOTONIC_RAW, &event, &timer));
    SHOW(timer_create(99, &event, &timer));
    event.sigev_signo = 99;
    SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
}

static void limit(void)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGXCPU, count);
        s_signals = 0;
        setrlimit(RLIMIT_CPU, &(struct rlimit){ 1, 2 });
        while (s_signals == 0)
            s_work++;
        printf("SIGXCPU\n");
        fflush(stdout);
        for (;;)
            s_work++;
    }
    int status;
    waitpid(pid, &status, 0);
    printf("ended by signal %d\n", WTERMSIG(status));
}

int main(int argumentCount, char **arguments)
{
    clocks();
    sleeps();
    timers();
    if (argumentCount > 1)
        limit();
    return 0;
}
