/* Alternate signal stacks, and life after the stack has overflowed. */
#include "../check.h"
#include <setjmp.h>

static char s_stack[65536] __attribute__((aligned(64)));
static sigjmp_buf s_place;
static volatile int s_depth;

static int is_inside(const void *place)
{
    return (const char *)place >= s_stack && (const char *)place < s_stack + sizeof s_stack;
}

static void show_stack(const char *what)
{
    stack_t stack;
    if (sigaltstack(NULL, &stack) == -1)
        say("%s: %s", what, strerror(errno));
    else
        say("%s: flags %d, size %d, ours: %d", what, stack.ss_flags, (int)stack.ss_size, stack.ss_sp == s_stack);
}

static void looks(int signal)
{
    char here;
    say("signal %d on the other stack: %d", signal, is_inside(&here));
    show_stack("  in the handler");
    stack_t none = { .ss_flags = SS_DISABLE };
    CALL(sigaltstack(&none, NULL));
    if (signal == SIGUSR1)
        raise(SIGUSR2);
}

static void overflowed(int signal, siginfo_t *info, void *context)
{
    char here;
    (void)context;
    say("signal %d, code %d, on the other stack: %d", signal, info->si_code, is_inside(&here));
    siglongjmp(s_place, 1);
}

/* Ends only where the stack does. */
static volatile int s_endless = 1;

static int deeper(int depth)
{
    volatile char frame[1024];
    frame[depth % 1024] = (char)depth;
    s_depth = depth;
    return (s_endless ? deeper(depth + 1) : 0) + frame[depth % 1024];
}

static void handle(int signal, void (*handler)(int), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
    sigaction(signal, &action, NULL);
}

int main(void)
{
    show_stack("at the start");
    stack_t stack = { .ss_sp = s_stack, .ss_size = sizeof s_stack };
    CALL(sigaltstack(&stack, NULL));
    show_stack("set");
    handle(SIGUSR1, looks, SA_ONSTACK);
    handle(SIGUSR2, looks, SA_ONSTACK);
    raise(SIGUSR1);
    handle(SIGUSR1, looks, 0);
    raise(SIGUSR1);
    show_stack("after the handlers");

    stack.ss_size = sizeof s_stack;
    stack.ss_flags = (int)0x80000000;
    CALL(sigaltstack(&stack, NULL));
    handle(SIGUSR1, looks, SA_ONSTACK);
    raise(SIGUSR1);
    stack.ss_flags = 0;
    CALL(sigaltstack(&stack, NULL));

    stack_t small = { .ss_sp = s_stack, .ss_size = 100 }, odd = { .ss_sp = s_stack, .ss_size = sizeof s_stack, .ss_flags = 8 };
    CALL(sigaltstack(&small, NULL));
    CALL(sigaltstack(&odd, NULL));
    CALL(syscall(SYS_sigaltstack, BAD_ADDRESS, NULL));

    /* A small limit makes the overflow come soon, whatever the shell allows. */
    struct rlimit limit;
    getrlimit(RLIMIT_STACK, &limit);
    limit.rlim_cur = 1 << 20;
    CALL(setrlimit(RLIMIT_STACK, &limit));
    struct sigaction action = { .sa_sigaction = overflowed, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigaction(SIGSEGV, &action, NULL);
    for (volatile int round = 0; round < 3; round++) {
        if (sigsetjmp(s_place, 1) == 0)
            deeper(0);
        HOLDS(s_depth > 500 && s_depth < 1100);
    }

    pid_t pid = fork();
    if (pid == 0) {
        show_stack("in a child");
        stack_t none = { .ss_flags = SS_DISABLE };
        sigaltstack(&none, NULL);
        deeper(0);
    }
    reap("without another stack", pid);
    return 0;
}
