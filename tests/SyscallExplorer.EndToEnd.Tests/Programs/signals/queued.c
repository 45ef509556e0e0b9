/* What a signal brings along: sender, code, value; queues; sigwaitinfo, sigtimedwait, sigsuspend. */
#include "../check.h"

static volatile int s_count;

static void show_info(int signal, siginfo_t *info, void *context)
{
    (void)context;
    s_count++;
    say("  signal %d, code %d, value %d, from us: %d", signal, info->si_code, info->si_code == SI_QUEUE ? info->si_value.sival_int : 0,
        info->si_code > 0 ? 0 : info->si_pid == getpid() && info->si_uid == getuid());
}

static void handle(int signal, int flags)
{
    struct sigaction action = { .sa_sigaction = show_info, .sa_flags = SA_SIGINFO | flags };
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

static void senders(void)
{
    handle(SIGUSR1, 0);
    handle(SIGALRM, 0);
    handle(SIGRTMIN + 3, 0);
    say("kill");
    kill(getpid(), SIGUSR1);
    say("raise");
    raise(SIGUSR1);
    say("tgkill");
    syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
    say("tkill");
    syscall(SYS_tkill, getpid(), SIGUSR1);
    say("sigqueue");
    sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = -5 });
    say("sigqueue of a real-time signal");
    sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = 6 });
    say("alarm");
    s_count = 0;
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 1000 } }, NULL);
    while (s_count == 0)
        usleep(1000);
    say("a child");
    pid_t pid = fork();
    if (pid == 0) {
        sigqueue(getppid(), SIGRTMIN + 3, (union sigval){ .sival_int = 8 });
        _exit(0);
    }
    reap("the child", pid);
    CALL(sigqueue(getpid(), 65, (union sigval){ .sival_int = 0 }));
    CALL(syscall(SYS_tgkill, getpid(), 0x3ffffff0, SIGUSR1));
    CALL(syscall(SYS_tgkill, -1, getpid(), SIGUSR1));
    CALL(syscall(SYS_tgkill, getpid(), getpid(), 0));
}

static void queues(void)
{
    sigset_t set, before;
    sigemptyset(&set);
    for (int i = 0; i < 4; i++) {
        handle(SIGRTMIN + i, 0);
        sigaddset(&set, SIGRTMIN + i);
    }
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &before);
    for (int i = 0; i < 3; i++) {
        sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 10 + i });
        sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 20 + i });
        sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 30 + i });
    }
    siginfo_t info;
    for (int signal; (signal = sigtimedwait(&set, &info, &(struct timespec){ 0, 0 })) > 0;)
        say("taken: %d with %d", signal, info.si_value.sival_int);
    CALL(sigtimedwait(&set, &info, &(struct timespec){ 0, 0 }));
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    CALL(sigtimedwait(&set, &info, &(struct timespec){ 0, 20000000 }));
    HOLDS(milliseconds_since(&start) >= 20);
    CALL(sigtimedwait(&set, &info, &(struct timespec){ 0, 1000000000 }));

    for (int i = 0; i < 200; i++)
        sigqueue(getpid(), SIGRTMIN + 2, (union sigval){ .sival_int = i });
    int inorder = 1;
    for (int i = 0; i < 200; i++)
        inorder &= sigwaitinfo(&set, &info) == SIGRTMIN + 2 && info.si_value.sival_int == i;
    SHOW(inorder);

    pid_t pid = fork();
    if (pid == 0) {
        pause_for(20);
        sigqueue(getppid(), SIGRTMIN + 3, (union sigval){ .sival_int = 99 });
        _exit(0);
    }
    HOLDS(sigwaitinfo(&set, &info) == SIGRTMIN + 3);
    say("code %d, value %d, from the child: %d", info.si_code, info.si_value.sival_int, info.si_pid == pid);
    reap("the child", pid);

    /* Another signal's handler ends the wait; a library may hide that, the call itself does not. */
    handle(SIGALRM, 0);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 20000 } }, NULL);
    CALL(syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8));
    int signal = 0;
    raise(SIGUSR1);
    ERROR(sigwait(&set, &signal));
    SHOW(signal);
    sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 1 });
    sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 2 });
    say("unblocked");
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void limit(void)
{
    struct rlimit before, none = { 0, 0 };
    getrlimit(RLIMIT_SIGPENDING, &before);
    none.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_SIGPENDING, &none);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CALL(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 1 }));
    CALL(kill(getpid(), SIGUSR1));
    siginfo_t info;
    HOLDS(sigwaitinfo(&set, &info) == SIGUSR1);
    HOLDS(info.si_pid == getpid());
    setrlimit(RLIMIT_SIGPENDING, &before);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void suspend(void)
{
    sigset_t set, before, empty, now;
    sigemptyset(&empty);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &before);
    raise(SIGUSR1);
    CALL(sigsuspend(&empty));
    sigprocmask(SIG_BLOCK, NULL, &now);
    SHOW(sigismember(&now, SIGUSR1));
    pid_t pid = fork();
    if (pid == 0) {
        pause_for(20);
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    CALL(sigsuspend(&empty));
    reap("the child", pid);
    sigprocmask(SIG_SETMASK, &before, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 20000 }, { 0, 20000 } }, NULL);
    handle(SIGALRM, SA_RESETHAND);
    CALL(pause());
    signal(SIGALRM, SIG_IGN);
}

int main(void)
{
    senders();
    queues();
    limit();
    suspend();
    return 0;
}
