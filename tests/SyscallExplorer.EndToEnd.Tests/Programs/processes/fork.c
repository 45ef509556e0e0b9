/* fork and the ways to wait: exit codes, signals, stops, zombies, groups, orphans. */
#include "../check.h"
#include <sched.h>
#include <sys/prctl.h>

static int shared_with_nobody = 1;

static pid_t ending_with(int code)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(code);
    return pid;
}

static pid_t blocked(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            pause();
    }
    return pid;
}

static void exit_codes(void)
{
    int codes[] = { 0, 1, 42, 127, 255, 256, -1 };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        int status = -1;
        pid_t pid = ending_with(codes[i]);
        HOLDS(waitpid(pid, &status, 0) == pid);
        say("_exit(%d) gives status %#x", codes[i], status);
    }
}

static void deaths(void)
{
    int signals[] = { SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGALRM, SIGUSR1, SIGPIPE };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        pid_t pid = blocked();
        CALL(kill(pid, signals[i]));
        reap("the blocked child", pid);
    }
    pid_t pid = fork();
    if (pid == 0)
        abort();
    reap("the child that aborts", pid);
    pid = fork();
    if (pid == 0) {
        *(volatile int *)BAD_ADDRESS = 1;
        _exit(0);
    }
    reap("the child that writes to address 8", pid);
}

static void memory_is_private(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        shared_with_nobody++;
        _exit(shared_with_nobody);
    }
    reap("the child that counts", pid);
    SHOW(shared_with_nobody);
}

static void waiting_for_some(void)
{
    pid_t first = ending_with(1), second = ending_with(2), third = ending_with(3);
    reap("the third", third);
    reap("the first", first);
    reap("the second", second);
    CALL(waitpid(-1, NULL, 0));
    CALL(waitpid(getpid(), NULL, 0));
    CALL(waitpid(-1, NULL, 0x40));

    pid_t busy = blocked();
    CALL(waitpid(busy, NULL, WNOHANG));
    CALL(waitpid(-1, NULL, WNOHANG));
    kill(busy, SIGKILL);
    reap("the busy one", busy);
    CALL(waitpid(busy, NULL, WNOHANG));

    int sum = 0;
    for (int i = 0; i < 100; i++)
        ending_with(i);
    for (int status; wait(&status) > 0;)
        sum += WEXITSTATUS(status);
    SHOW(sum);

    struct rusage usage = { .ru_maxrss = -1 };
    pid_t measured = ending_with(9);
    int status;
    HOLDS(wait4(measured, &status, 0, &usage) == measured);
    HOLDS(usage.ru_maxrss >= 0 && usage.ru_utime.tv_sec == 0 && usage.ru_stime.tv_sec == 0);
}

static void zombies(void)
{
    pid_t zombie = ending_with(5);
    siginfo_t info = { 0 };
    CALL(waitid(P_PID, (id_t)zombie, &info, WEXITED | WNOWAIT));
    HOLDS(info.si_pid == zombie && info.si_uid == getuid() && info.si_signo == SIGCHLD);
    SHOW(info.si_code);
    SHOW(info.si_status);
    CALL(kill(zombie, 0));
    CALL(kill(zombie, SIGKILL));
    reap("the zombie", zombie);
    CALL(kill(zombie, 0));
    CALL(waitid(P_PID, (id_t)zombie, &info, WEXITED));
    CALL(waitid(P_ALL, 0, &info, 0));
}

static void stops(void)
{
    int status;
    pid_t pid = blocked();
    CALL(kill(pid, SIGSTOP));
    HOLDS(waitpid(pid, &status, WUNTRACED) == pid);
    say("status %#x", status);
    CALL(waitpid(pid, &status, WUNTRACED | WNOHANG));
    CALL(kill(pid, SIGCONT));
    HOLDS(waitpid(pid, &status, WCONTINUED) == pid);
    say("status %#x", status);

    siginfo_t info = { 0 };
    CALL(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WCONTINUED | WEXITED | WNOHANG));
    SHOW(info.si_pid);
    CALL(kill(pid, SIGTSTP));
    CALL(waitid(P_PID, (id_t)pid, &info, WSTOPPED));
    SHOW(info.si_code);
    SHOW(info.si_status);
    CALL(kill(pid, SIGCONT));
    CALL(waitid(P_PID, (id_t)pid, &info, WCONTINUED));
    SHOW(info.si_code);
    SHOW(info.si_status);
    CALL(kill(pid, SIGSTOP));
    CALL(waitid(P_PID, (id_t)pid, &info, WSTOPPED));
    CALL(kill(pid, SIGKILL));
    CALL(waitid(P_PID, (id_t)pid, &info, WEXITED));
    SHOW(info.si_code);
    SHOW(info.si_status);
}

static void groups(void)
{
    pid_t first = blocked(), second = blocked();
    CALL(setpgid(first, first));
    CALL(setpgid(second, first));
    HOLDS(getpgid(second) == first);
    CALL(waitpid(0, NULL, WNOHANG));
    CALL(waitpid(-first, NULL, WNOHANG));
    CALL(kill(-first, SIGTERM));
    int status;
    pid_t one = waitpid(-first, &status, 0);
    tell("one of the group", status);
    pid_t other = waitpid(-first, &status, 0);
    tell("the other", status);
    HOLDS((one == first && other == second) || (one == second && other == first));
    CALL(waitpid(-first, &status, 0));
    CALL(kill(-first, SIGTERM));
}

static void ignored_children(void)
{
    signal(SIGCHLD, SIG_IGN);
    ending_with(1);
    ending_with(2);
    CALL(wait(NULL));
    signal(SIGCHLD, SIG_DFL);
    struct sigaction action = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
    sigaction(SIGCHLD, &action, NULL);
    ending_with(3);
    CALL(wait(NULL));
    signal(SIGCHLD, SIG_DFL);
}

/* A child leaves a grandchild behind, which tells who has adopted it. */
static void orphan(int expect_us)
{
    int channel[2];
    if (pipe(channel) == -1)
        return;
    pid_t us = getpid();
    pid_t child = fork();
    if (child == 0) {
        pid_t parent = getpid();
        if (fork() == 0) {
            while (getppid() == parent)
                sched_yield();
            char answer = getppid() == us ? 'u' : 'o';
            _exit(write(channel[1], &answer, 1) == 1 ? 6 : 1);
        }
        _exit(0);
    }
    close(channel[1]);
    reap("the parent between", child);
    char answer = '?';
    HOLDS(read(channel[0], &answer, 1) == 1);
    say("adopted by %s", answer == 'u' ? "us" : answer == 'o' ? "another" : "nobody");
    close(channel[0]);
    int status;
    if (expect_us && wait(&status) > 0)
        tell("the orphan", status);
    CALL(wait(&status));
}

static int tree(int depth)
{
    int sum = 1;
    for (int i = 0; depth > 0 && i < 2; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(tree(depth - 1));
        int status;
        waitpid(pid, &status, 0);
        sum += WEXITSTATUS(status);
    }
    return sum;
}

static void at_exit(void)
{
    say("the handler of exit runs");
}

/* In a group of its own, which its parent keeps from being orphaned: SIGTSTP stops nobody in a group without a shell. */
static void stops_in_a_group(void)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        stops();
        exit(0);
    }
    reap("the group", pid);
}

int main(void)
{
    exit_codes();
    deaths();
    memory_is_private();
    waiting_for_some();
    zombies();
    stops_in_a_group();
    groups();
    ignored_children();
    orphan(0);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    orphan(1);
    say("a tree of %d processes", tree(4));
    atexit(at_exit);
    pid_t pid = fork();
    if (pid == 0)
        exit(3);
    reap("the child that exits", pid);
    pid = fork();
    if (pid == 0)
        _exit(4);
    reap("the child that _exits", pid);
    return 0;
}
