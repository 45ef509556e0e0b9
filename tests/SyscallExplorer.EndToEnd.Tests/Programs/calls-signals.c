/* Handlers, masks, queued signals, and calls that a signal interrupts. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int seen;

static void count(int signal)
{
    seen += signal;
}

static void inform(int signal, siginfo_t *information, void *context)
{
    (void)information;
    (void)context;
    seen += signal;
}

int main(void)
{
    static char stack[1 << 16];
    struct sigaction action = { .sa_handler = count };
    sigset_t set, old;
    getppid();

    sigaction(SIGUSR1, &action, NULL);
    action.sa_flags = SA_RESTART | SA_NODEFER | SA_RESETHAND;
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGUSR2, &action, NULL);
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    action.sa_sigaction = inform;
    sigaction(SIGALRM, &action, NULL);
    sigaction(SIGALRM, NULL, &action);
    sigaction(SIGRTMIN + 1, &action, NULL);
    syscall(SYS_rt_sigaction, SIGKILL, &action, NULL, 8);
    syscall(SYS_rt_sigaction, SIGHUP, NULL, NULL, 4);
    signal(SIGHUP, SIG_IGN);

    kill(getpid(), SIGUSR1);
    syscall(SYS_tgkill, getpid(), getpid(), SIGUSR2);
    sigaction(SIGUSR2, NULL, &action);

    stack_t area = { .ss_sp = stack, .ss_size = sizeof stack }, none = { .ss_flags = SS_DISABLE };
    sigaltstack(&area, NULL);
    area.ss_size = 1;
    sigaltstack(&area, NULL);

    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, &old);
    union sigval value = { .sival_int = 7 };
    sigqueue(getpid(), SIGRTMIN + 1, value);
    kill(getpid(), SIGUSR1);
    sigpending(&set);
    struct timespec moment = { 0, 1000 };
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    siginfo_t information;
    sigtimedwait(&set, &information, &moment);
    sigtimedwait(&set, &information, &moment);
    sigprocmask(SIG_SETMASK, &old, NULL);
    syscall(SYS_rt_sigprocmask, 99, &old, NULL, 8);
    sigaltstack(&none, NULL);

    /* Long enough for the call after it to begin; repeated, so that nothing waits for ever should it not be. */
    struct itimerval soon = { { 1, 0 }, { 0, 300000 } }, never = { { 0, 0 }, { 0, 0 } };
    setitimer(ITIMER_REAL, &soon, NULL);
    pause();
    setitimer(ITIMER_REAL, &soon, NULL);
    sigemptyset(&set);
    sigsuspend(&set);
    int ends[2];
    char byte;
    pipe(ends);
    setitimer(ITIMER_REAL, &soon, NULL);
    read(ends[0], &byte, 1);
    close(ends[0]);
    close(ends[1]);
    setitimer(ITIMER_REAL, &never, NULL);
    getppid();
    return seen == 0 ? 1 : 0;
}
