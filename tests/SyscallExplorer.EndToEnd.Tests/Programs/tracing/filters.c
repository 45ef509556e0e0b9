/* seccomp: its strict mode, filters, their chains, what each result does, and who may install what. */
#include "../check.h"
#include "trace.h"
#include <pthread.h>

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define GIVE(value) BPF_STMT(BPF_RET | BPF_K, value)
#define IF(number, result) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), GIVE(result)

static long install(struct sock_filter *filter, int length, int flags)
{
    struct sock_fprog program = { (unsigned short)length, filter };
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}
#define INSTALL(filter) install(filter, sizeof filter / sizeof *filter, 0)

static void show_status(const char *what)
{
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, "Seccomp", 7) || !strncmp(line, "NoNewPrivs", 10)) {
            line[strcspn(line, "\n")] = 0;
            say("%s: %s", what, line);
        }
    fclose(file);
}

/* Runs a part of the test in a process of its own. */
#define CHILD(name, body) do { pid_t pid = fork(); if (pid == 0) { body; _exit(0); } reap(name, pid); } while (0)

static void on_sys(int signal, siginfo_t *info, void *context)
{
    (void)context;
    say("signal %d code %d errno %d syscall %d arch %#x address %d", signal, info->si_code, info->si_errno, info->si_syscall == SYS_getppid, info->si_arch == OWN_ARCH,
        info->si_call_addr != NULL);
}

static void handle(void)
{
    struct sigaction action = { .sa_sigaction = on_sys, .sa_flags = SA_SIGINFO };
    sigaction(SIGSYS, &action, NULL);
}

static void results(void)
{
    static const struct { const char *name; unsigned result; } table[] = {
        { "allow", SECCOMP_RET_ALLOW }, { "errno", SECCOMP_RET_ERRNO | 77 }, { "large errno", SECCOMP_RET_ERRNO | 0xffff }, { "errno 0", SECCOMP_RET_ERRNO },
        { "trap", SECCOMP_RET_TRAP | 5 }, { "trace without a tracer", SECCOMP_RET_TRACE | 3 }, { "log", SECCOMP_RET_LOG },
        { "kill the thread", SECCOMP_RET_KILL_THREAD }, { "kill the process", SECCOMP_RET_KILL_PROCESS }, { "an unknown action", 0x12340000 },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        say("result: %s", table[i].name);
        struct sock_filter filter[] = { LOAD(nr), IF(SYS_getppid, table[i].result), GIVE(SECCOMP_RET_ALLOW) };
        CHILD(table[i].name, {
            handle();
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            CALL(INSTALL(filter));
            errno = 0;
            long result = syscall(SYS_getppid);
            if (i == 4)
                say("trapped: %d", result == SYS_getppid || result == -1);
            else
                say("getppid: %s, %s", result == getppid() || result > 1 ? "a number" : result == 0 ? "zero" : "-1", strerror(errno));
        });
    }
}

static void refusals(void)
{
    struct sock_filter allow[] = { GIVE(SECCOMP_RET_ALLOW) };
    struct sock_filter *bad[] = {
        (struct sock_filter[]){ BPF_STMT(BPF_LD | BPF_IMM, 0), BPF_STMT(BPF_LD | BPF_IMM, 0), BPF_STMT(BPF_LD | BPF_IMM, 0) },
        (struct sock_filter[]){ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), GIVE(0), GIVE(0) },
        (struct sock_filter[]){ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), GIVE(0), GIVE(0) },
        (struct sock_filter[]){ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), GIVE(0), GIVE(0) },
        (struct sock_filter[]){ BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), GIVE(0), GIVE(0) },
        (struct sock_filter[]){ BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), GIVE(0), GIVE(0) },
        (struct sock_filter[]){ BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 1), GIVE(0), GIVE(0) },
        (struct sock_filter[]){ BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), GIVE(0), GIVE(0) },
        (struct sock_filter[]){ BPF_JUMP(BPF_JMP | BPF_JA, 2, 0, 0), GIVE(0), GIVE(0) },
        (struct sock_filter[]){ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0), GIVE(0), GIVE(0) },
        (struct sock_filter[]){ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2), GIVE(0), GIVE(0) },
        (struct sock_filter[]){ BPF_STMT(BPF_LD | BPF_MEM, 0), GIVE(0), GIVE(0) },
        (struct sock_filter[]){ BPF_STMT(BPF_ST, 16), GIVE(0), GIVE(0) },
        (struct sock_filter[]){ BPF_STMT(0x99, 0), GIVE(0), GIVE(0) },
        (struct sock_filter[]){ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_RET | BPF_X, 0) },
    };
    struct sock_filter *good[] = {
        (struct sock_filter[]){ BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_ST, 3), GIVE(SECCOMP_RET_ALLOW) },
        (struct sock_filter[]){ BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), BPF_STMT(BPF_LD | BPF_MEM, 5), GIVE(SECCOMP_RET_ALLOW) },
        (struct sock_filter[]){ BPF_STMT(BPF_ALU | BPF_LSH | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_NEG, 0), GIVE(SECCOMP_RET_ALLOW) },
    };
    CALL(install(allow, 0, 0));
    CALL(install(allow, 5000, 0));
    CALL(INSTALL(allow));
    CALL(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    CALL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CALL(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, BAD_ADDRESS));
    CALL(install(BAD_ADDRESS, 3, 0));
    CALL(install(allow, 1, 0x100));
    CALL(syscall(SYS_seccomp, 99, 0, NULL));
    CALL(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL));
    CALL(prctl(PR_SET_SECCOMP, 7, 0, 0, 0));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        errno = 0;
        say("bad filter %d: %ld %s", (int)i, install(bad[i], 3, 0), strerror(errno));
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        errno = 0;
        say("good filter %d: %ld %s", (int)i, install(good[i], 3, 0), strerror(errno));
    }
    unsigned actions[] = { SECCOMP_RET_ALLOW, SECCOMP_RET_TRAP, SECCOMP_RET_USER_NOTIF, 0x12340000 };
    for (int i = 0; i < 4; i++)
        CALL(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &actions[i]));
    unsigned short sizes[3] = { 0 };
    CALL(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, sizes));
    say("sizes %d %d %d", sizes[0], sizes[1], sizes[2]);
    CALL(prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
    CALL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0));
}

static void chains(void)
{
    struct sock_filter first[] = { LOAD(nr), IF(SYS_getppid, SECCOMP_RET_ERRNO | 1), GIVE(SECCOMP_RET_ALLOW) };
    struct sock_filter second[] = { LOAD(nr), IF(SYS_getppid, SECCOMP_RET_ERRNO | 2), GIVE(SECCOMP_RET_ALLOW) };
    struct sock_filter third[] = { LOAD(nr), IF(SYS_getppid, SECCOMP_RET_TRACE), GIVE(SECCOMP_RET_ALLOW) };
    struct sock_filter fourth[] = { LOAD(nr), IF(SYS_getppid, SECCOMP_RET_TRAP), GIVE(SECCOMP_RET_ALLOW) };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    show_status("before");
    CALL(INSTALL(first));
    CALL(syscall(SYS_getppid));
    CALL(INSTALL(second));
    CALL(syscall(SYS_getppid));
    CALL(INSTALL(third));
    CALL(syscall(SYS_getppid));
    show_status("three filters");
    CHILD("a child", { show_status("inherited"); CALL(syscall(SYS_getppid)); });
    handle();
    CALL(INSTALL(fourth));
    syscall(SYS_getppid);
    char *arguments[] = { "again", "again", NULL };
    execve("/proc/self/exe", arguments, NULL);
    say("execve: %s", strerror(errno));
}

/* Arguments, the architecture, the address; arithmetic and scratch memory. */
static void data(void)
{
    struct sock_filter filter[] = {
        LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0), GIVE(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_dup3, 1, 0), GIVE(SECCOMP_RET_ALLOW),
        LOAD(args[0]), BPF_STMT(BPF_ST, 0), LOAD(args[1]), BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_LD | BPF_MEM, 0),
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 3), BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 1),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x7f), BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO), BPF_STMT(BPF_RET | BPF_A, 0),
    };
    struct sock_filter divides[] = {
        LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsid, 1, 0), GIVE(SECCOMP_RET_ALLOW),
        LOAD(args[0]), BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_LD | BPF_IMM, SECCOMP_RET_ERRNO | 90), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0), BPF_STMT(BPF_RET | BPF_A, 0),
    };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    CALL(INSTALL(filter));
    for (int i = 0; i < 6; i++) {
        errno = 0;
        syscall(SYS_dup3, 7 + i, 3 * i, 0);
        say("arithmetic %d: %d", i, errno);
    }
    CALL(INSTALL(divides));
    errno = 0;
    syscall(SYS_getsid, 2);
    say("divided: %d", errno);
    CHILD("division by zero", syscall(SYS_getsid, 0));
}

static void *waits(void *gate)
{
    char c;
    if (read(*(int *)gate, &c, 1) != 1)
        say("no gate");
    errno = 0;
    syscall(SYS_getppid);
    say("in the thread: %s", strerror(errno));
    return NULL;
}

static void *is_killed(void *unused)
{
    syscall(SYS_getsid, 0);
    say("still there");
    return unused;
}

static void threads(void)
{
    int gate[2];
    pthread_t thread;
    struct sock_filter filter[] = { LOAD(nr), IF(SYS_getppid, SECCOMP_RET_ERRNO | 9), IF(SYS_getsid, SECCOMP_RET_KILL_THREAD), GIVE(SECCOMP_RET_ALLOW) };
    struct sock_filter allow[] = { GIVE(SECCOMP_RET_ALLOW) };
    if (pipe(gate))
        return;
    pthread_create(&thread, NULL, waits, &gate[0]);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    CALL(install(filter, sizeof filter / sizeof *filter, SECCOMP_FILTER_FLAG_TSYNC));
    if (write(gate[1], "", 1) != 1)
        return;
    pthread_join(thread, NULL);
    CALL(install(allow, 1, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW));
    pthread_create(&thread, NULL, is_killed, NULL);
    pause_for(50);
    say("the first thread lives");
    _exit(0);
}

int main(int argc, char **argv)
{
    if (argc > 0 && !strcmp(argv[0], "again")) {
        show_status("after execve");
        CHILD("restricted still", syscall(SYS_getppid));
        return 0;
    }
    (void)argv;
    enter_directory(argc, argv);
    become_a_user();
    show_status("at first");
    CHILD("refusals", refusals());
    results();
    CHILD("chains", chains());
    CHILD("data", data());
    CHILD("threads", threads());
    CHILD("strict", { CALL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0)); say("writes still"); syscall(SYS_exit, 7); });
    CHILD("strict and exit_group", { prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0); });
    CHILD("strict and getpid", { prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0); syscall(SYS_getpid); });
    return 0;
}
