/* vfork, posix_spawn with its actions and attributes, and clone with a stack of its own. */
#include "../check.h"
#include <sched.h>
#include <spawn.h>

extern char **environ;

static volatile int s_seen;

static int second_life(int argc, char **argv)
{
    if (strcmp(argv[2], "status") == 0)
        return atoi(argv[3]);
    if (strcmp(argv[2], "copy") == 0) {
        char line[64];
        ssize_t got = read(STDIN_FILENO, line, sizeof line);
        return got > 0 && write(STDOUT_FILENO, line, (size_t)got) == got && write(STDERR_FILENO, "done\n", 5) == 5 ? 0 : 1;
    }
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    struct sigaction action;
    sigaction(SIGUSR2, NULL, &action);
    say("group of its own: %d, USR1 blocked: %d, USR2 ignored: %d, %d arguments",
        getpgrp() == getpid(), sigismember(&set, SIGUSR1), action.sa_handler == SIG_IGN, argc);
    return 0;
}

static void vforks(void)
{
    volatile int local = 1;
    pid_t pid = vfork();
    if (pid == 0) {
        local = 2;
        s_seen = 3;
        _exit(11);
    }
    /* The memory was shared, and we were suspended until the child ended. */
    SHOW(local);
    SHOW(s_seen);
    reap("the child of vfork", pid);

    pid = vfork();
    if (pid == 0) {
        execve("/proc/self/exe", (char *[]){ "zero", "x", "status", "23", NULL }, environ);
        _exit(1);
    }
    reap("the child of vfork that became another", pid);

    pid = vfork();
    if (pid == 0) {
        execve("/no/such", (char *[]){ "zero", NULL }, environ);
        s_seen = errno;
        _exit(127);
    }
    SHOW(s_seen == ENOENT);
    reap("the child of vfork that could not", pid);
}

static void spawns(const char *self)
{
    pid_t pid;
    int error;
    error = posix_spawn(&pid, self, NULL, NULL, (char *[]){ "zero", "x", "status", "5", NULL }, environ);
    reap("spawned", pid);
    ERROR(error);
    ERROR(posix_spawn(&pid, "/no/such", NULL, NULL, (char *[]){ "zero", NULL }, environ));
    CALL(wait(NULL));

    int file = open("input", O_CREAT | O_RDWR, 0644);
    HOLDS(write(file, "from the file\n", 14) == 14);
    close(file);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "input", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 9, "output", O_CREAT | O_WRONLY, 0600);
    posix_spawn_file_actions_adddup2(&actions, 9, STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, 9);
    error = posix_spawn(&pid, self, &actions, NULL, (char *[]){ "zero", "x", "copy", NULL }, environ);
    reap("spawned with files", pid);
    ERROR(error);
    posix_spawn_file_actions_destroy(&actions);
    char line[16] = "";
    file = open("output", O_RDONLY);
    CALL(read(file, line, sizeof line));
    say("%s", line);

    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    posix_spawnattr_setsigmask(&attributes, &set);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    posix_spawnattr_setsigdefault(&attributes, &set);
    posix_spawnattr_setpgroup(&attributes, 0);
    signal(SIGUSR2, SIG_IGN);
    error = posix_spawn(&pid, self, NULL, NULL, (char *[]){ "zero", "x", "report", NULL }, environ);
    reap("spawned without attributes", pid);
    ERROR(error);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    error = posix_spawn(&pid, self, NULL, &attributes, (char *[]){ "zero", "x", "report", NULL }, environ);
    reap("spawned with attributes", pid);
    ERROR(error);
}

static int clone_body(void *argument)
{
    s_seen = *(int *)argument;
    close(7);
    chdir("..");
    return 17;
}

static void clones(void)
{
    static char stack[65536] __attribute__((aligned(16)));
    int value = 100;
    int flags[] = { SIGCHLD, SIGCHLD | CLONE_VM, SIGCHLD | CLONE_VM | CLONE_FILES, SIGCHLD | CLONE_FS | CLONE_VM | CLONE_VFORK };
    mkdir("deeper", 0755);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (chdir("deeper") == -1)
            say("deeper: %s", strerror(errno));
        dup2(STDOUT_FILENO, 7);
        s_seen = 0;
        value++;
        pid_t pid = clone(clone_body, stack + sizeof stack, flags[i], &value);
        say("clone with %#x", flags[i]);
        reap("the clone", pid);
        SHOW(s_seen);
        say("the file is %s", fcntl(7, F_GETFD) == 0 ? "open" : "closed");
        say("the directory %s", access("deeper", F_OK) == 0 ? "changed" : "is the same");
        if (access("deeper", F_OK) != 0 && chdir("..") == -1)
            say("..: %s", strerror(errno));
    }
    CALL(clone(clone_body, stack + sizeof stack, SIGCHLD | CLONE_SIGHAND, &value));
    CALL(clone(clone_body, stack + sizeof stack, SIGCHLD | CLONE_THREAD, &value));
    pid_t quiet = clone(clone_body, stack + sizeof stack, 0, &value);
    CALL(waitpid(quiet, NULL, 0));
    int status;
    HOLDS(waitpid(quiet, &status, __WALL) == quiet);
    tell("the child without a signal", status);
}

int main(int argc, char **argv)
{
    if (argc > 2)
        return second_life(argc, argv);
    enter_directory(argc, argv);
    vforks();
    spawns("/proc/self/exe");
    clones();
    return 0;
}
