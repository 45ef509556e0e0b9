/* ptrace's events: children, programs, ends, filters; threads, emulation, single steps, and the tracer's clones. */
#include "../check.h"
#include "trace.h"
#include <pthread.h>
#include <sched.h>

#define ALL (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEVFORKDONE \
    | PTRACE_O_TRACEEXIT | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL)

static const char *s_events[] = { "none", "fork", "vfork", "clone", "exec", "vfork done", "exit", "seccomp" };

static pid_t traced(void (*body)(void), long options)
{
    pid_t pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        kill(getpid(), SIGSTOP);
        body();
        _exit(5);
    }
    int status;
    waitpid(pid, &status, 0);
    ptrace(PTRACE_SETOPTIONS, pid, 0, options);
    return pid;
}

/* Follows a task and its children to their ends, one stop after the other; names are given in the order of appearance. */
static pid_t s_tasks[16];
static int s_count;

static int name_of(pid_t pid)
{
    for (int i = 0; i < s_count; i++)
        if (s_tasks[i] == pid)
            return i;
    s_tasks[s_count] = pid;
    return s_count++;
}

static void follow(pid_t first)
{
    int status, alive = 1;
    s_count = 0;
    name_of(first);
    ptrace(PTRACE_CONT, first, 0, 0);
    char begun[16] = { 1 };
    char log[16][512];
    memset(log, 0, sizeof log);
    while (alive > 0) {
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid == -1)
            break;
        int name = name_of(pid), signal = 0;
        char *line = log[name] + strlen(log[name]);
        size_t room = 512 - strlen(log[name]);
        if (!WIFSTOPPED(status)) {
            snprintf(line, room, " ended %#x;", status & 0xff7f);
            alive--;
            continue;
        }
        int event = status >> 16;
        unsigned long message = 0;
        ptrace(PTRACE_GETEVENTMSG, pid, 0, &message);
        if (!begun[name]) {
            begun[name] = 1;
            snprintf(line, room, " begins %#x;", status);
        } else if (event == PTRACE_EVENT_EXIT || event == PTRACE_EVENT_SECCOMP)
            snprintf(line, room, " %s %#lx;", s_events[event], message);
        else if (event && event <= 7) {
            if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE)
                alive++;
            snprintf(line, room, " %s of %d;", s_events[event], name_of((pid_t)message));
        } else {
            signal = WSTOPSIG(status);
            snprintf(line, room, " signal %d;", signal);
        }
        ptrace(PTRACE_CONT, pid, 0, signal);
    }
    for (int i = 0; i < s_count; i++)
        say("task %d:%s", i, log[i]);
}

static void forks(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(1);
    waitpid(pid, NULL, 0);
}

static void vforks(void)
{
    pid_t pid = vfork();
    if (pid == 0)
        _exit(2);
    waitpid(pid, NULL, 0);
}

static int in_clone(void *unused) { return unused != NULL; }

static void clones(void)
{
    static char stack[65536];
    pid_t pid = clone(in_clone, stack + sizeof stack, SIGUSR1 | CLONE_VM, stack);
    waitpid(pid, NULL, __WALL);
}

static void *in_thread(void *unused) { return unused; }

static void threads(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
    pause_for(50);
}

static void *executes(void *unused)
{
    char *arguments[] = { "again", NULL };
    execve("/proc/self/exe", arguments, NULL);
    return unused;
}

static void executes_in_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, executes, NULL);
    pthread_join(thread, NULL);
}

static void executes_here(void) { executes(NULL); }

static void filters(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 0x77), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { 4, filter };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
    errno = 0;
    long result = syscall(SYS_getppid);
    say("getppid: %s", result > 0 ? "a number" : strerror(errno));
    result = syscall(SYS_getppid);
    say("getppid: %s %d", result > 0 ? "a number" : strerror(errno), result == 55);
}

static void filtered_calls(void)
{
    int status;
    struct user_regs_struct regs;
    pid_t pid = traced(filters, ALL);
    ptrace(PTRACE_CONT, pid, 0, 0);
    waitpid(pid, &status, 0);
    say("%#x", status);
    ptrace(PTRACE_GETREGS, pid, 0, &regs);
    say("number %d, result %d", (long)regs.NUMBER == SYS_getppid, (int)regs.RESULT);
    ptrace(PTRACE_SYSCALL, pid, 0, 0);
    waitpid(pid, &status, 0);
    ptrace(PTRACE_GETREGS, pid, 0, &regs);
    say("%#x result is the parent: %d", status, (long)regs.RESULT == getpid());
    ptrace(PTRACE_CONT, pid, 0, 0);
    waitpid(pid, &status, 0);
    say("%#x", status);
    ptrace(PTRACE_GETREGS, pid, 0, &regs);
    regs.NUMBER = -1;
    regs.RESULT = 55;
    ptrace(PTRACE_SETREGS, pid, 0, &regs);
    ptrace(PTRACE_CONT, pid, 0, 0);
    waitpid(pid, &status, 0);
    say("%#x", status);
    ptrace(PTRACE_CONT, pid, 0, 0);
    reap("filtered", pid);
}

static void emulated(void)
{
    long result = syscall(SYS_getppid);
    _exit(result == 4242 ? 17 : 18);
}

static void emulates(void)
{
    int status;
    struct user_regs_struct regs;
    pid_t pid = traced(emulated, 0);
    ptrace(SYSEMU, pid, 0, 0);
    waitpid(pid, &status, 0);
    ptrace(PTRACE_GETREGS, pid, 0, &regs);
    say("emulated: %#x getppid %d result %d", status, (long)regs.NUMBER == SYS_getppid, (int)regs.RESULT);
    regs.RESULT = 4242;
    ptrace(PTRACE_SETREGS, pid, 0, &regs);
    ptrace(SYSEMU, pid, 0, 0);
    waitpid(pid, &status, 0);
    ptrace(PTRACE_GETREGS, pid, 0, &regs);
    say("emulated: %#x exit_group %d", status, (long)regs.NUMBER == SYS_exit_group);
    ptrace(SYSEMU_SINGLESTEP, pid, 0, 0);
    waitpid(pid, &status, 0);
    say("and stepped: %#x", status);
    ptrace(PTRACE_KILL, pid, 0, 0);
    waitpid(pid, &status, 0);
    tell("emulated", status);
}

static volatile int s_seen;
static void on_usr1(int signal) { s_seen = signal; }

static void steps_through(void)
{
    signal(SIGUSR1, on_usr1);
#ifdef __x86_64__
    __asm__ volatile("int3\n nop\n nop\n mov $39, %%eax\n syscall\n nop\n pushf\n pop %%rax\n nop\n" ::: "rax", "rcx", "r11", "memory");
#else
    __asm__ volatile("int3\n nop\n nop\n mov $20, %%eax\n int $0x80\n nop\n pushf\n pop %%eax\n nop\n" ::: "eax", "memory");
#endif
    raise(SIGUSR1);
    _exit(s_seen);
}

static void steps(void)
{
    int status;
    siginfo_t info;
    struct user_regs_struct regs, before;
    pid_t pid = traced(steps_through, 0);
    ptrace(PTRACE_CONT, pid, 0, 0);
    waitpid(pid, &status, 0);
    ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
    say("int3: %#x code %d", status, info.si_code);
    for (int i = 0; i < 8; i++) {
        ptrace(PTRACE_GETREGS, pid, 0, &before);
        ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
        waitpid(pid, &status, 0);
        ptrace(PTRACE_GETREGS, pid, 0, &regs);
        ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
        long dr6 = ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, u_debugreg[6]), 0);
        say("step %d: %#x by %d, code %d, TF %d, address %d, DR6 %#lx", i, status, (int)(regs.IP - before.IP), info.si_code, (regs.eflags & 0x100) != 0,
            (unsigned long)info.si_addr == (unsigned long)regs.IP, dr6);
        if (i == 6)
            say("TF that the program saw: %d", (regs.RESULT & 0x100) != 0);
    }
    ptrace(PTRACE_CONT, pid, 0, 0);
    waitpid(pid, &status, 0);
    say("USR1: %#x", status);
    ptrace(PTRACE_SINGLESTEP, pid, 0, SIGUSR1);
    waitpid(pid, &status, 0);
    ptrace(PTRACE_GETREGS, pid, 0, &regs);
    ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
    say("in the handler: %#x code %d at its beginning %d", status, info.si_code, (unsigned long)regs.IP == (unsigned long)on_usr1);
    ptrace(PTRACE_CONT, pid, 0, 0);
    reap("stepped", pid);
}

static volatile long s_watched[4];
static void touches(void)
{
    s_watched[1] = 1;
    s_watched[0] = 2;
    s_watched[2] = s_watched[0];
    _exit((int)s_watched[2]);
}

static void watches(void)
{
    int status;
    pid_t pid = traced(touches, 0);
#define DEBUG(n) offsetof(struct user, u_debugreg[n])
    CALL(ptrace(PTRACE_POKEUSER, pid, DEBUG(4), 0));
    CALL(ptrace(PTRACE_POKEUSER, pid, DEBUG(0), &s_watched[0]));
    CALL(ptrace(PTRACE_POKEUSER, pid, DEBUG(1), touches));
    CALL(ptrace(PTRACE_POKEUSER, pid, DEBUG(7), 0x000d0005));
    say("DR7 %#lx", ptrace(PTRACE_PEEKUSER, pid, DEBUG(7), 0));
    for (int i = 0; i < 3; i++) {
        ptrace(PTRACE_CONT, pid, 0, 0);
        waitpid(pid, &status, 0);
        if (!WIFSTOPPED(status))
            break;
        siginfo_t info;
        ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
        say("%#x code %d DR6 %#lx", status, info.si_code, ptrace(PTRACE_PEEKUSER, pid, DEBUG(6), 0));
        if (i == 1)
            CALL(ptrace(PTRACE_POKEUSER, pid, DEBUG(7), 0));
    }
    tell("watched", status);
}

static const long s_constant = 0x1234;
static volatile int s_code_ran;
static void is_changed(void)
{
    long seen = *(volatile const long *)&s_constant;
    say("constant %#lx", seen);
    _exit(seen == 0x5678 ? 11 : 12);
}

static void memory(void)
{
    int status;
    pid_t pid = traced(is_changed, 0);
    errno = 0;
    say("peek %#lx %d", ptrace(PTRACE_PEEKDATA, pid, &s_constant, 0), errno);
    CALL(ptrace(PTRACE_POKEDATA, pid, &s_constant, 0x5678));
    say("here %#lx", *(volatile const long *)&s_constant);
    CALL(ptrace(PTRACE_PEEKDATA, pid, 8, 0));
    CALL(ptrace(PTRACE_POKEDATA, pid, 8, 0));
    CALL(ptrace(PTRACE_POKETEXT, pid, (char *)is_changed, ptrace(PTRACE_PEEKTEXT, pid, (char *)is_changed, 0)));
    ptrace(PTRACE_CONT, pid, 0, 0);
    waitpid(pid, &status, 0);
    tell("changed", status);
}

int main(int argc, char **argv)
{
    if (argc > 0 && !strcmp(argv[0], "again"))
        return 33;
    enter_directory(argc, argv);
    become_a_user();
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    static const struct { const char *name; void (*body)(void); } table[] = {
        { "fork", forks }, { "vfork", vforks }, { "clone", clones }, { "thread", threads }, { "execve", executes_here },
        { "execve in a thread", executes_in_thread },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        say("%s with events", table[i].name);
        follow(traced(table[i].body, ALL));
        say("%s without", table[i].name);
        follow(traced(table[i].body, 0));
    }
    filtered_calls();
    emulates();
    steps();
    watches();
    memory();
    return 0;
}
