/* ptrace: the stops of a child, what their statuses tell, signals that are passed on, changed and dropped, and the ends. */
#include "../check.h"
#include "trace.h"

static volatile int s_handled;
static void on_signal(int signal) { s_handled = signal; }

static void stopped(const char *what, pid_t pid)
{
    int status = 0;
    pid_t who = waitpid(pid, &status, __WALL);
    if (who != pid)
        say("%s: waitpid: %s", what, who == -1 ? strerror(errno) : "another");
    else if (WIFSTOPPED(status))
        say("%s: stopped, status %#x", what, status);
    else
        tell(what, status);
}

static void show_info(const char *what, pid_t pid)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    if (ptrace(PTRACE_GETSIGINFO, pid, 0, &info) == -1)
        say("%s: no siginfo: %s", what, strerror(errno));
    else
        say("%s: signo %d code %d pid %s", what, info.si_signo, info.si_code, info.si_pid == pid ? "its own" : info.si_pid == getpid() ? "the tracer's" : info.si_pid == 0 ? "none" : "another");
}

static void show_status(pid_t pid)
{
    char name[64], line[256];
    snprintf(name, sizeof name, "/proc/%d/status", pid);
    FILE *file = fopen(name, "r");
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (!strncmp(line, "State", 5))
            say("%s", line);
        if (!strncmp(line, "TracerPid", 9))
            say("traced by us: %d", atoi(line + 10) == getpid());
        if (!strncmp(line, "PPid", 4))
            say("parent: %d", atoi(line + 5) == getpid());
    }
    fclose(file);
}

static pid_t traced(void (*body)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0))
            _exit(90);
        kill(getpid(), SIGSTOP);
        body();
        _exit(5);
    }
    stopped("begins", pid);
    return pid;
}

static void calls(void)
{
    long a = syscall(SYS_getppid);
    long b = syscall(SYS_getppid);
    say("results %d %d", a > 0, (int)b);
}

static void system_calls(void)
{
    pid_t pid = traced(calls);
    show_info("begins", pid);
    show_status(pid);
    struct user_regs_struct regs;
    for (int i = 0; i < 6; i++) {
        if (i == 1)
            CALL(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD));
        ptrace(PTRACE_SYSCALL, pid, 0, 0);
        stopped("call", pid);
        show_info("call", pid);
        unsigned long message = 99;
        CALL(ptrace(PTRACE_GETEVENTMSG, pid, 0, &message));
        ptrace(PTRACE_GETREGS, pid, 0, &regs);
        say("number %ld, result %s, message %lu", (long)regs.NUMBER, (long)regs.RESULT == -ENOSYS ? "ENOSYS" : (long)regs.RESULT < 0 ? "an error" : "good", message);
        if (i == 2) {
            regs.NUMBER = -1;
            regs.RESULT = 1234;
            CALL(ptrace(PTRACE_SETREGS, pid, 0, &regs));
        }
        if (i == 3 || i == 4) {
            struct call_info info;
            memset(&info, 0, sizeof info);
            long size = ptrace(GET_SYSCALL_INFO, pid, sizeof info, &info);
            say("info size %ld op %d arch %d", size, info.op, info.arch != 0);
        }
    }
    ptrace(PTRACE_CONT, pid, 0, 0);
    stopped("end", pid);
    CALL(ptrace(PTRACE_CONT, pid, 0, 0));
}

static void one_call(void)
{
    errno = 0;
    long result = syscall(SYS_getpriority, 99, 1, 2, 3, 4, 5);
    say("changed call gave %s", result == getpid() ? "its pid" : strerror(errno));
    result = syscall(SYS_getppid);
    say("restarted call gave %d", result == getppid());
}

static void changes(void)
{
    pid_t pid = traced(one_call);
    struct user_regs_struct regs;
    ptrace(PTRACE_SYSCALL, pid, 0, 0);
    stopped("entry", pid);
    ptrace(PTRACE_GETREGS, pid, 0, &regs);
    HOLDS((long)regs.NUMBER == SYS_getpriority);
#ifdef __x86_64__
    say("arguments %ld %ld %ld %ld %ld %ld", (long)regs.rdi, (long)regs.rsi, (long)regs.rdx, (long)regs.r10, (long)regs.r8, (long)regs.r9);
    HOLDS(regs.r11 == regs.eflags && regs.rcx == regs.rip);
    SHOW(regs.cs); SHOW(regs.ss); SHOW(regs.ds); SHOW(regs.es); SHOW(regs.fs); SHOW(regs.gs);
    HOLDS(regs.fs_base != 0 && regs.gs_base == 0);
#else
    say("arguments %ld %ld %ld %ld %ld %ld", regs.ebx, regs.ecx, regs.edx, regs.esi, regs.edi, regs.ebp);
    SHOW(regs.xcs); SHOW(regs.xss); SHOW(regs.xds); SHOW(regs.xes); SHOW(regs.xfs); HOLDS(regs.xgs != 0);
#endif
    regs.NUMBER = SYS_getpid;
    CALL(ptrace(PTRACE_SETREGS, pid, 0, &regs));
    ptrace(PTRACE_SYSCALL, pid, 0, 0);
    stopped("exit", pid);
    ptrace(PTRACE_GETREGS, pid, 0, &regs);
    HOLDS((long)regs.RESULT == pid);
    HOLDS((long)regs.NUMBER == SYS_getpid);
    do {
        ptrace(PTRACE_SYSCALL, pid, 0, 0);
        stopped("entry", pid);
        ptrace(PTRACE_GETREGS, pid, 0, &regs);
        if ((long)regs.NUMBER == SYS_getppid)
            break;
        ptrace(PTRACE_SYSCALL, pid, 0, 0);
        stopped("exit", pid);
    } while (1);
    /* To the exit, and once more from the beginning. */
    ptrace(PTRACE_SYSCALL, pid, 0, 0);
    stopped("exit", pid);
    ptrace(PTRACE_GETREGS, pid, 0, &regs);
    regs.RESULT = regs.NUMBER;
    regs.IP -= 2;
    CALL(ptrace(PTRACE_SETREGS, pid, 0, &regs));
    ptrace(PTRACE_SYSCALL, pid, 0, 0);
    stopped("entry again", pid);
    ptrace(PTRACE_GETREGS, pid, 0, &regs);
    HOLDS((long)regs.NUMBER == SYS_getppid);
    long word = ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, regs.NUMBER), 0);
    HOLDS(word == SYS_getppid);
    CALL(ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.NUMBER), SYS_getppid));
    CALL(ptrace(PTRACE_PEEKUSER, pid, 3, 0));
    CALL(ptrace(PTRACE_PEEKUSER, pid, sizeof(struct user) + 64, 0));
    CALL(ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_fpvalid), 0));
    ptrace(PTRACE_DETACH, pid, 0, 0);
    reap("detached", pid);
}

static void raises(void)
{
    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, on_signal);
    raise(SIGUSR1);
    say("handled %d", s_handled);
    s_handled = 0;
    raise(SIGUSR1);
    say("handled %d", s_handled);
    s_handled = 0;
    raise(SIGUSR1);
    say("handled %d", s_handled);
    signal(SIGUSR1, SIG_IGN);
    raise(SIGUSR1);
    raise(SIGTERM);
}

static void signals(void)
{
    pid_t pid = traced(raises);
    ptrace(PTRACE_CONT, pid, 0, 0);
    stopped("USR1", pid);
    show_info("USR1", pid);
    ptrace(PTRACE_CONT, pid, 0, SIGUSR1);
    stopped("USR1 again", pid);
    ptrace(PTRACE_CONT, pid, 0, 0);
    stopped("USR1 the third time", pid);
    siginfo_t info;
    ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
    info.si_code = SI_QUEUE;
    CALL(ptrace(PTRACE_SETSIGINFO, pid, 0, &info));
    show_info("set", pid);
    ptrace(PTRACE_CONT, pid, 0, SIGUSR2);
    stopped("ignored", pid);
    CALL(ptrace(PTRACE_CONT, pid, 0, 999));
    ptrace(PTRACE_CONT, pid, 0, SIGUSR1);
    stopped("TERM", pid);
    ptrace(PTRACE_CONT, pid, 0, SIGTERM);
    stopped("end", pid);

    pid = traced(raises);
    ptrace(PTRACE_KILL, pid, 0, 0);
    stopped("killed by its tracer", pid);
    pid = traced(raises);
    kill(pid, SIGKILL);
    stopped("killed", pid);
}

static void stops_itself(void)
{
    raise(SIGSTOP);
    say("goes on");
    raise(SIGTSTP);
}

static void group_stops(void)
{
    pid_t pid = traced(stops_itself);
    ptrace(PTRACE_CONT, pid, 0, 0);
    stopped("delivery", pid);
    show_info("delivery", pid);
    ptrace(PTRACE_CONT, pid, 0, SIGSTOP);
    stopped("group stop", pid);
    show_info("group stop", pid);
    ptrace(PTRACE_CONT, pid, 0, 0);
    stopped("TSTP", pid);
    kill(pid, SIGCONT);
    ptrace(PTRACE_CONT, pid, 0, 0);
    stopped("CONT", pid);
    ptrace(PTRACE_CONT, pid, 0, 0);
    stopped("end", pid);

    /* The same under a tracer that seizes. */
    pid = fork();
    if (pid == 0) {
        kill(getpid(), SIGSTOP);
        pause();
        _exit(6);
    }
    int status;
    waitpid(pid, &status, WUNTRACED);
    say("stopped untraced %#x", status);
    CALL(ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD));
    stopped("seized", pid);
    show_info("seized", pid);
    CALL(ptrace(PTRACE_LISTEN, pid, 0, 0));
    CALL(ptrace(PTRACE_CONT, pid, 0, 0));
    SHOW(waitpid(pid, &status, WNOHANG));
    kill(pid, SIGCONT);
    stopped("trap after CONT", pid);
    ptrace(PTRACE_CONT, pid, 0, 0);
    stopped("CONT itself", pid);
    ptrace(PTRACE_CONT, pid, 0, SIGCONT);
    pause_for(20);
    CALL(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
    stopped("interrupted", pid);
    show_info("interrupted", pid);
    struct user_regs_struct regs;
    ptrace(PTRACE_GETREGS, pid, 0, &regs);
    say("in pause: %d, result %d", (long)regs.NUMBER == SYS_pause, (int)regs.RESULT);
    CALL(ptrace(PTRACE_DETACH, pid, 0, 0));
    kill(pid, SIGTERM);
    reap("detached", pid);
}

static void attaches(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            pause_for(1000);
    }
    pause_for(20);
    CALL(ptrace(PTRACE_ATTACH, pid, 0, 0));
    CALL(ptrace(PTRACE_ATTACH, pid, 0, 0));
    stopped("attached", pid);
    show_info("attached", pid);
    show_status(pid);
    CALL(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
    CALL(ptrace(PTRACE_LISTEN, pid, 0, 0));
    CALL(ptrace(PTRACE_SETOPTIONS, pid, 0, 0x80000000));
    CALL(ptrace(PTRACE_CONT, pid, 0, 0));
    CALL(ptrace(PTRACE_CONT, pid, 0, 0));
    kill(pid, SIGUSR1);
    stopped("USR1", pid);
    CALL(ptrace(PTRACE_DETACH, pid, 0, 0));
    pause_for(20);
    show_status(pid);
    kill(pid, SIGKILL);
    reap("killed", pid);
    CALL(ptrace(PTRACE_ATTACH, getpid(), 0, 0));
    CALL(ptrace(PTRACE_ATTACH, 999999, 0, 0));
    CALL(ptrace(PTRACE_CONT, getppid(), 0, 0));
}

/* A tracer that is not the parent; its death, and what becomes of its tracee. */
static void other_tracers(int options, const char *what)
{
    pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            pause_for(1000);
    }
    pid_t tracer = fork();
    if (tracer == 0) {
        CALL(ptrace(PTRACE_SEIZE, pid, 0, options));
        CALL(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
        stopped("by another", pid);
        _exit(0);
    }
    reap("tracer", tracer);
    pause_for(20);
    int status;
    pid_t ended = waitpid(pid, &status, WNOHANG);
    say("%s: %s", what, ended == pid ? "ended" : "lives");
    if (ended == pid)
        tell(what, status);
    else {
        kill(pid, SIGTERM);
        reap(what, pid);
    }

    pid = fork();
    if (pid == 0) {
        pause_for(30);
        _exit(9);
    }
    tracer = fork();
    if (tracer == 0) {
        CALL(ptrace(PTRACE_SEIZE, pid, 0, 0));
        stopped("seen by the tracer first", pid);
        CALL(waitpid(pid, NULL, 0));
        _exit(0);
    }
    reap("tracer", tracer);
    reap("seen by the parent", pid);
}

int main(int argc, char **argv)
{
    enter_directory(argc, argv);
    become_a_user();
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    system_calls();
    changes();
    signals();
    group_stops();
    attaches();
    other_tracers(0, "left alone");
    other_tracers(PTRACE_O_EXITKILL, "to be killed");
    return 0;
}
