/* Job control: stops, continuations, and what a parent is told of them. Every line is the same on every machine. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t told, code, status, from, continued;
static int how;

static void child_signal(int signal, siginfo_t *info, void *context)
{
    told++;
    code = info->si_code;
    status = info->si_status;
    from = info->si_pid;
}

static void continues(int signal)
{
    continued++;
}

static void say(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
}

/* A signal may come a little after the wait that tells the same. */
static void await_signal(void)
{
    for (int i = 0; i < 2000 && !told; i++)
        usleep(1000);
}

static void tell(const char *what, pid_t pid, pid_t got)
{
    printf("%s: %s", what, got == pid ? "the child" : got == 0 ? "nobody" : strerror(errno));
    if (got == pid && WIFSTOPPED(how))
        printf(" stopped by %d", WSTOPSIG(how));
    else if (got == pid && WIFCONTINUED(how))
        printf(" continued");
    else if (got == pid && WIFSIGNALED(how))
        printf(" killed by %d", WTERMSIG(how));
    else if (got == pid)
        printf(" exited with %d", WEXITSTATUS(how));
    printf("; told %d, code %d, status %d, from it %d\n", told, code, status, from == pid);
    fflush(stdout);
    told = code = status = from = 0;
}

static void watch(int flags)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = child_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART | flags;
    sigaction(SIGCHLD, &action, 0);
}

static void ends(int signal)
{
    _exit(20 + (continued > 0));
}

static pid_t sleeper(int with_handler)
{
    sigset_t set, before;
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, &before);
    pid_t pid = fork();
    if (pid)
        sigprocmask(SIG_SETMASK, &before, 0);
    if (pid)
        return pid;
    signal(SIGUSR1, ends);
    signal(SIGCONT, with_handler ? continues : SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, 0);
    for (;;)
        pause();
}

static void stop_and_go(int signal, int flags)
{
    watch(flags);
    pid_t pid = sleeper(0);
    kill(pid, signal);
    pid_t got = waitpid(pid, &how, WUNTRACED);
    tell("stop", pid, got);
    got = waitpid(pid, &how, WUNTRACED | WNOHANG);
    tell("again", pid, got);
    kill(pid, SIGCONT);
    got = waitpid(pid, &how, WCONTINUED);
    if (!(flags & SA_NOCLDSTOP))
        await_signal();
    tell("go on", pid, got);
    kill(pid, SIGKILL);
    got = waitpid(pid, &how, 0);
    tell("end", pid, got);
}

static void with_handler(void)
{
    watch(0);
    pid_t pid = sleeper(1);
    for (int round = 0; round < 2; round++) {
        kill(pid, SIGSTOP);
        pid_t got = waitpid(pid, &how, WUNTRACED);
        tell("stop", pid, got);
        kill(pid, SIGCONT);
        got = waitpid(pid, &how, WCONTINUED);
        await_signal();
        tell("go on", pid, got);
    }
    kill(pid, SIGUSR1);
    pid_t got = waitpid(pid, &how, 0);
    tell("end", pid, got);
}

static void pending_stop(void)
{
    sigset_t set, waiting;
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    sigaddset(&set, SIGCONT);
    sigprocmask(SIG_BLOCK, &set, 0);
    raise(SIGTSTP);
    sigpending(&waiting);
    printf("SIGTSTP waits: %d\n", sigismember(&waiting, SIGTSTP));
    signal(SIGCONT, continues);
    raise(SIGCONT);
    sigpending(&waiting);
    printf("after SIGCONT: %d %d\n", sigismember(&waiting, SIGTSTP), sigismember(&waiting, SIGCONT));
    raise(SIGTSTP);
    sigpending(&waiting);
    printf("after SIGTSTP: %d %d\n", sigismember(&waiting, SIGTSTP), sigismember(&waiting, SIGCONT));
    raise(SIGCONT);
    sigprocmask(SIG_UNBLOCK, &set, 0);
    printf("continued %d\n", continued);
    fflush(stdout);
}

static void unwanted(const char *what, int ignore, int flags)
{
    if (ignore)
        signal(SIGCHLD, SIG_IGN);
    else
        watch(flags);
    pid_t pid = fork();
    if (pid == 0)
        _exit(3);
    pid_t got = waitpid(pid, &how, 0);
    tell(what, pid, got);
    signal(SIGCHLD, SIG_DFL);
}

static void orphans(void)
{
    signal(SIGCHLD, SIG_DFL);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        raise(SIGTSTP);
        raise(SIGTTIN);
        _exit(5);
    }
    waitpid(pid, &how, WUNTRACED);
    tell("an orphaned group does not stop", pid, pid);
}

static void groups(void)
{
    watch(0);
    pid_t first = fork();
    if (first == 0) {
        setpgid(0, 0);
        for (;;)
            pause();
    }
    setpgid(first, first);
    pid_t second = fork();
    if (second == 0) {
        setpgid(0, first);
        for (;;)
            pause();
    }
    setpgid(second, first);
    int result = kill(-999999, 0);
    printf("kill of nobody: %d %s\n", result, strerror(errno));
    printf("kill 0: %d\n", kill(-first, 0));
    result = kill(-first, 65);
    printf("kill of 65: %d %s\n", result, strerror(errno));
    fflush(stdout);
    kill(-first, SIGTERM);
    for (int i = 0; i < 2; i++) {
        pid_t got = waitpid(-first, &how, 0);
        printf("one of two: %d, killed by %d\n", got == first || got == second, WTERMSIG(how));
    }
    fflush(stdout);
}

static void by_waitid(void)
{
    siginfo_t info;
    watch(SA_NOCLDSTOP);
    told = 0;
    pid_t pid = sleeper(0);
    kill(pid, SIGSTOP);
    for (int i = 0; i < 2; i++) {
        memset(&info, 0, sizeof info);
        waitid(P_PID, pid, &info, WSTOPPED | (i == 0 ? WNOWAIT : 0));
        printf("waitid: signal %d, code %d, status %d, its pid %d\n", info.si_signo, info.si_code, info.si_status, info.si_pid == pid);
    }
    kill(pid, SIGKILL);
    waitid(P_PID, pid, &info, WEXITED);
    printf("waitid: signal %d, code %d, status %d, its pid %d, told %d\n", info.si_signo, info.si_code, info.si_status, info.si_pid == pid, told);
    fflush(stdout);
}

int main(void)
{
    say("stopping");
    stop_and_go(SIGSTOP, 0);
    stop_and_go(SIGTSTP, 0);
    stop_and_go(SIGTTOU, SA_NOCLDSTOP);
    say("a handler of SIGCONT");
    with_handler();
    say("waiting stops");
    pending_stop();
    say("children that nobody wants");
    unwanted("ignored", 1, 0);
    unwanted("without zombies", 0, SA_NOCLDWAIT);
    unwanted("wanted", 0, 0);
    say("groups");
    orphans();
    groups();
    say("waitid");
    by_waitid();
    return 0;
}
