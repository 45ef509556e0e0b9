/* Processes, pipes, and how a child's end is told. SIGCHLD stays blocked, since nobody chooses the moment of its delivery. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int to_child[2], to_parent[2];
static char byte;

static void hold_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static void exits(void)
{
    int status;
    if (fork() == 0) {
        read(to_child[0], &byte, 1);
        write(to_parent[1], "child", 5);
        _exit(3);
    }
    char text[16];
    write(to_child[1], "!", 1);
    read(to_parent[0], text, sizeof text);
    wait4(-1, &status, 0, NULL);
    wait4(-1, &status, WNOHANG, NULL);
}

static void killed(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        /* Blocked until it waits, so that it finds the signal in that call whoever runs first. */
        sigset_t none;
        sigemptyset(&none);
        sigsuspend(&none);
        _exit(1);
    }
    kill(child, SIGTERM);
    waitpid(child, &status, 0);
    kill(child, 0);
    child = fork();
    if (child == 0) {
        kill(getpid(), SIGKILL);
        _exit(1);
    }
    siginfo_t information;
    waitid(P_PID, child, &information, WEXITED);
    waitid(P_ALL, 0, &information, WEXITED);
}

static void program(void)
{
    char *arguments[] = { "none", "with an argument that is longer than any limit", NULL };
    char *environment[] = { "A=1", "B=2", NULL };
    if (vfork() == 0) {
        execve("/none", arguments, environment);
        _exit(9);
    }
    wait4(-1, NULL, 0, NULL);
}

static void pipes(void)
{
    int ends[2];
    pipe2(ends, O_NONBLOCK | O_CLOEXEC);
    pipe2(ends, 1);
    read(ends[0], &byte, 1);
    write(ends[1], "piped", 5);
    read(ends[0], &byte, 1);
    lseek(ends[0], 0, SEEK_SET);
    close(ends[1]);
    char rest[8];
    read(ends[0], rest, sizeof rest);
    read(ends[0], rest, sizeof rest);
    close(ends[0]);
    pipe2(NULL, 0);
    signal(SIGPIPE, SIG_IGN);
    pipe(ends);
    close(ends[0]);
    write(ends[1], "nobody", 6);
    close(ends[1]);
}

static void identities(void)
{
    getpid();
    getpgid(0x7fffffff);
    setpgid(0, -1);
    getsid(0x7fffffff);
    getpriority(PRIO_PROCESS, 0);
    getpriority(99, 0);
    kill(0x7fffffff, SIGUSR1);
    kill(0, 99);
}

int main(void)
{
    getppid();
    hold_signals();
    pipe(to_child);
    pipe(to_parent);
    exits();
    killed();
    program();
    pipes();
    identities();
    getppid();
    return 0;
}
