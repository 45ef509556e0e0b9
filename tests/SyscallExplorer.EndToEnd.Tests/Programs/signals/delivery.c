/* Handlers, masks, nesting, order, one-time handlers, jumps out of handlers. */
#include "../check.h"
#include <setjmp.h>

static char s_log[512];
static sigjmp_buf s_place;

static void note(const char *format, int number)
{
    char text[32];
    snprintf(text, sizeof text, format, number);
    strcat(s_log, text);
}

static void show_log(const char *what)
{
    say("%s:%s", what, s_log);
    s_log[0] = 0;
}

static void nests(int signal)
{
    note(" <%d", signal);
    note(">%d", signal);
}

static void raises(int signal)
{
    note(" <%d", signal);
    if (strlen(s_log) < 60) {
        raise(signal);
        raise(SIGUSR2);
    }
    note(" >%d", signal);
}

static void handle(int signal, void (*handler)(int), int flags, int masked)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
    if (masked == -1)
        sigfillset(&action.sa_mask);
    else {
        sigemptyset(&action.sa_mask);
        if (masked > 0)
            sigaddset(&action.sa_mask, masked);
    }
    if (sigaction(signal, &action, NULL) == -1)
        say("sigaction(%d): %s", signal, strerror(errno));
}

static void simple(void)
{
    handle(SIGUSR1, nests, 0, 0);
    handle(SIGUSR2, nests, 0, 0);
    CALL(raise(SIGUSR1));
    CALL(kill(getpid(), SIGUSR2));
    show_log("two signals");

    sigset_t set, before, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CALL(sigprocmask(SIG_BLOCK, &set, &before));
    raise(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR1);
    show_log("blocked");
    sigpending(&pending);
    SHOW(sigismember(&pending, SIGUSR1));
    SHOW(sigismember(&pending, SIGUSR2));
    CALL(sigprocmask(SIG_SETMASK, &before, NULL));
    show_log("unblocked, once");

    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    signal(SIGUSR1, SIG_IGN);
    handle(SIGUSR1, nests, 0, 0);
    sigpending(&pending);
    SHOW(sigismember(&pending, SIGUSR1));
    sigprocmask(SIG_SETMASK, &before, NULL);
    show_log("ignoring throws away");

    sigset_t all, now;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigprocmask(SIG_SETMASK, NULL, &now);
    SHOW(sigismember(&now, SIGKILL));
    SHOW(sigismember(&now, SIGSTOP));
    SHOW(sigismember(&now, SIGTERM));
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void nesting(void)
{
    handle(SIGUSR1, raises, 0, 0);
    handle(SIGUSR2, nests, 0, 0);
    raise(SIGUSR1);
    show_log("its own signal waits, another does not");
    handle(SIGUSR1, raises, 0, SIGUSR2);
    raise(SIGUSR1);
    show_log("both wait");
    handle(SIGUSR1, raises, SA_NODEFER, 0);
    raise(SIGUSR1);
    show_log("none waits");
    handle(SIGUSR1, nests, SA_RESETHAND, 0);
    raise(SIGUSR1);
    show_log("one time");
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    HOLDS(action.sa_handler == SIG_DFL);
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGUSR1);
        _exit(0);
    }
    reap("the second time", pid);
}

static void order(void)
{
    int signals[] = { SIGUSR2, SIGRTMIN + 2, SIGUSR1, SIGRTMIN, SIGTERM, SIGRTMIN + 1, SIGRTMIN };
    for (int round = 0; round < 2; round++) {
        sigset_t set, before;
        sigemptyset(&set);
        for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
            handle(signals[i], nests, 0, round == 0 ? -1 : 0);
            sigaddset(&set, signals[i]);
        }
        sigprocmask(SIG_BLOCK, &set, &before);
        for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
            raise(signals[i]);
        sigprocmask(SIG_SETMASK, &before, NULL);
        show_log(round == 0 ? "all masked while one runs" : "frames upon frames");
    }
}

static void jumps(int signal)
{
    siglongjmp(s_place, signal);
}

static void jump(void)
{
    handle(SIGUSR1, jumps, 0, 0);
    for (volatile int round = 0; round < 3; round++) {
        int from = sigsetjmp(s_place, 1);
        if (from == 0)
            raise(SIGUSR1);
        say("round %d: back from signal %d", round, from);
    }
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    SHOW(sigismember(&now, SIGUSR1));
    if (sigsetjmp(s_place, 0) == 0)
        raise(SIGUSR1);
    sigprocmask(SIG_BLOCK, NULL, &now);
    SHOW(sigismember(&now, SIGUSR1));
    sigemptyset(&now);
    sigprocmask(SIG_SETMASK, &now, NULL);
}

static void refusals(void)
{
    struct sigaction action = { .sa_handler = nests };
    CALL(sigaction(SIGKILL, &action, NULL));
    CALL(sigaction(SIGSTOP, &action, NULL));
    CALL(sigaction(0, &action, NULL));
    CALL(sigaction(65, &action, NULL));
    CALL(sigaction(SIGKILL, NULL, &action));
    CALL(kill(getpid(), 65));
    CALL(kill(getpid(), -1));
    CALL(kill(getpid(), 0));
    CALL(kill(0x3ffffff0, SIGTERM));
    sigset_t set;
    sigemptyset(&set);
    CALL(sigprocmask(77, &set, NULL));
}

static void defaults(void)
{
    int ignored[] = { SIGCHLD, SIGURG, SIGWINCH, SIGCONT };
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        CALL(raise(ignored[i]));
    for (int signal = 1; signal <= 64; signal++) {
        if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU || signal == 32 || signal == 33 || signal == 34)
            continue;
        pid_t pid = fork();
        if (pid == 0) {
            struct rlimit none = { 0, 0 };
            setrlimit(RLIMIT_CORE, &none);
            struct sigaction action = { .sa_handler = SIG_DFL };
            sigaction(signal, &action, NULL);
            kill(getpid(), signal);
            _exit(0);
        }
        int status;
        waitpid(pid, &status, 0);
        note(WIFSIGNALED(status) && WTERMSIG(status) == signal ? " %d" : WIFEXITED(status) ? " (%d)" : " ?%d", signal);
    }
    show_log("deadly, and (harmless)");
}

int main(void)
{
    simple();
    nesting();
    order();
    jump();
    refusals();
    defaults();
    return 0;
}
