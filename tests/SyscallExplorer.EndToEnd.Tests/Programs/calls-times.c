/* Clocks and timers, without any value that a clock has. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    struct timespec moment = { 0, 1000 }, wrong = { 0, 2000000000 }, past = { 1, 0 };
    struct itimerval interval, before;
    struct itimerspec never = { { 0, 0 }, { 0, 0 } }, old;
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
    getppid();
    nanosleep(&moment, NULL);
    nanosleep(&wrong, NULL);
    syscall(SYS_nanosleep, NULL, NULL);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL);
    clock_nanosleep(77, 0, &moment, NULL);
    syscall(SYS_clock_gettime, 77, &moment);
    clock_settime(CLOCK_MONOTONIC, &moment);
    getitimer(ITIMER_VIRTUAL, &interval);
    getitimer(77, &interval);
    setitimer(ITIMER_REAL, &interval, &before);
    alarm(100);
    alarm(0);
    int timer;
    syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer);
    syscall(SYS_timer_create, 77, &event, &timer);
    syscall(SYS_timer_settime, timer, TIMER_ABSTIME, &never, &old);
    syscall(SYS_timer_gettime, timer, &old);
    syscall(SYS_timer_getoverrun, timer);
    syscall(SYS_timer_delete, timer);
    syscall(SYS_timer_delete, timer);
    getppid();
    return 0;
}
