/* System-call user dispatch: the range, the selector, the signal, and the ends of bad selectors. */
#include "../check.h"
#include <sys/prctl.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#define OFF 0
#define ON 1
#define ALLOW 0
#define BLOCK 1

static volatile char s_selector;
static volatile int s_caught;

static void on_sys(int signal, siginfo_t *info, void *context)
{
    (void)context;
    s_selector = ALLOW;
    s_caught++;
    say("signal %d code %d errno %d syscall %d arch %d address %d", signal, info->si_code, info->si_errno, info->si_syscall == SYS_getppid, info->si_arch != 0,
        info->si_call_addr != NULL);
}

static long set(long mode, unsigned long start, unsigned long length, const volatile void *selector)
{
    return prctl(PR_SET_SYSCALL_USER_DISPATCH, mode, start, length, selector);
}

static void in_child(const char *what, char value)
{
    pid_t pid = fork();
    if (pid == 0) {
        set(ON, 0, 0, &s_selector);
        s_selector = value;
        syscall(SYS_getppid);
        s_selector = ALLOW;
        _exit(3);
    }
    reap(what, pid);
}

int main(void)
{
    struct sigaction action = { .sa_sigaction = on_sys, .sa_flags = SA_SIGINFO };
    sigaction(SIGSYS, &action, NULL);
    CALL(set(OFF, 1, 0, NULL));
    CALL(set(OFF, 0, 1, NULL));
    CALL(set(OFF, 0, 0, &s_selector));
    CALL(set(5, 0, 0, NULL));
    CALL(set(ON, 8, 0, &s_selector));
    CALL(set(ON, 1, ~0ul, &s_selector));
    CALL(set(OFF, 0, 0, NULL));
    CALL(set(ON, 0, 0, &s_selector));
    say("allowed: %d", syscall(SYS_getppid) > 0);
    s_selector = BLOCK;
    long result = syscall(SYS_getppid);
    say("blocked: %d, caught %d", result == SYS_getppid, s_caught);

    /* Everything is inside the range. */
    CALL(set(ON, 0x1000, ~0ul - 0x2000, &s_selector));
    s_selector = BLOCK;
    result = syscall(SYS_getppid);
    s_selector = ALLOW;
    say("in the range: %d, caught %d", result > 0, s_caught);

    CALL(set(ON, 0, 0, &s_selector));
    pid_t pid = fork();
    if (pid == 0) {
        s_selector = BLOCK;
        result = syscall(SYS_getppid);
        say("a child is not dispatched: %d, caught %d", result > 0, s_caught);
        _exit(0);
    }
    reap("child", pid);
    CALL(set(OFF, 0, 0, NULL));
    in_child("another value", 2);
    pid = fork();
    if (pid == 0) {
        void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        set(ON, 0, 0, page);
        mprotect(page, 4096, PROT_NONE);
        syscall(SYS_getppid);
        _exit(3);
    }
    reap("a selector that cannot be read", pid);
    return 0;
}
