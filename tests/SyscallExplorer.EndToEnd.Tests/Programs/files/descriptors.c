/* Descriptors: the lowest number, dup in all forms, flags, close-on-exec over execve, limits, locks. */
#include "../check.h"

extern char **environ;

static int s_file;

static int second_life(char **argv)
{
    char open_ones[64] = "";
    for (int file = 0; file < 30; file++) {
        if (fcntl(file, F_GETFD) != -1)
            snprintf(open_ones + strlen(open_ones), sizeof open_ones - strlen(open_ones), " %d", file);
    }
    say("%s:%s", argv[2], open_ones);
    return 0;
}

static void numbers(void)
{
    CALL(open("file", O_CREAT | O_RDWR, 0644));
    CALL(dup(3));
    CALL(dup(3));
    CALL(close(4));
    CALL(close(4));
    CALL(dup(5));
    CALL(dup2(3, 10));
    CALL(dup2(3, 3));
    CALL(dup2(77, 3));
    CALL(dup2(77, 77));
    CALL(dup2(3, -1));
    CALL(dup3(3, 3, 0));
    CALL(dup3(3, 11, O_CLOEXEC));
    CALL(dup3(3, 12, O_APPEND));
    CALL(fcntl(11, F_GETFD));
    CALL(fcntl(3, F_DUPFD, 8));
    CALL(fcntl(3, F_DUPFD, 8));
    CALL(fcntl(3, F_DUPFD_CLOEXEC, 20));
    CALL(fcntl(20, F_GETFD));
    CALL(fcntl(3, F_DUPFD, -1));
    CALL(fcntl(3, 999, 0));
    CALL(fcntl(77, F_GETFD));
    CALL(close(-1));
    CALL(close(77));
    for (int file = 3; file < 30; file++)
        close(file);
}

static void flags(void)
{
    s_file = open("file", O_RDWR | O_APPEND);
    int copy = dup(s_file);
    SHOW(fcntl(s_file, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    CALL(fcntl(s_file, F_SETFL, O_NONBLOCK));
    SHOW(fcntl(copy, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    CALL(fcntl(s_file, F_SETFD, FD_CLOEXEC));
    SHOW(fcntl(s_file, F_GETFD));
    SHOW(fcntl(copy, F_GETFD));
    close(copy);
    close(s_file);
    int path = open("file", O_PATH);
    char c;
    CALL(read(path, &c, 1));
    struct stat status;
    CALL(fstat(path, &status));
    close(path);
}

static void over_execve(void)
{
    open("file", O_RDONLY);
    open("file", O_RDONLY | O_CLOEXEC);
    dup(4);
    fcntl(3, F_DUPFD_CLOEXEC, 10);
    dup3(3, 12, O_CLOEXEC);
    dup2(12, 13);
    int channel[2];
    pipe2(channel, O_CLOEXEC);
    pid_t pid = fork();
    if (pid == 0) {
        execve("/proc/self/exe", (char *[]){ "zero", "x", "open after execve", NULL }, environ);
        _exit(1);
    }
    reap("execve", pid);
    pid = fork();
    if (pid == 0)
        _exit(second_life((char *[]){ "zero", "x", "open after fork", NULL }));
    reap("fork", pid);
    CALL(syscall(436, 5, 11, 0));
    CALL(syscall(436, 20, 11, 0));
    CALL(syscall(436, 13, ~0u, 4));
    pid = fork();
    if (pid == 0)
        _exit(second_life((char *[]){ "zero", "x", "open after close_range", NULL }));
    reap("fork", pid);
    for (int file = 3; file < 30; file++)
        close(file);
}

static void limit(void)
{
    struct rlimit before, few = { 10, 0 };
    getrlimit(RLIMIT_NOFILE, &before);
    few.rlim_max = before.rlim_max;
    CALL(setrlimit(RLIMIT_NOFILE, &few));
    int opened = 0;
    while (open("file", O_RDONLY) != -1)
        opened++;
    say("%d opened, then: %s", opened, strerror(errno));
    int channel[2];
    CALL(pipe(channel));
    CALL(dup(3));
    CALL(fcntl(3, F_DUPFD, 10));
    CALL(dup2(3, 10));
    close(9);
    CALL(pipe(channel));
    CALL(dup(3));
    CALL(setrlimit(RLIMIT_NOFILE, &before));
    CALL(dup(3));
    for (int file = 3; file < 30; file++)
        close(file);
}

static struct flock lock(short type, off_t start, off_t length)
{
    return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
}

static int try_in_child(short type, off_t start, off_t length)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct flock wanted = lock(type, start, length);
        _exit(fcntl(s_file, F_SETLK, &wanted) == 0 ? 0 : errno);
    }
    int status;
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

static void locks(void)
{
    s_file = open("file", O_RDWR | O_CREAT, 0644);
    write(s_file, "0123456789", 10);
    struct flock wanted = lock(F_WRLCK, 2, 3);
    CALL(fcntl(s_file, F_SETLK, &wanted));
    SHOW(try_in_child(F_RDLCK, 0, 2));
    SHOW(try_in_child(F_RDLCK, 2, 1));
    SHOW(try_in_child(F_WRLCK, 4, 10));
    SHOW(try_in_child(F_WRLCK, 5, 0));
    wanted = lock(F_RDLCK, 3, 1);
    CALL(fcntl(s_file, F_SETLK, &wanted));
    SHOW(try_in_child(F_RDLCK, 3, 1));
    SHOW(try_in_child(F_WRLCK, 3, 1));
    SHOW(try_in_child(F_RDLCK, 2, 1));
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        struct flock found = lock(F_WRLCK, 0, 0);
        CALL(fcntl(s_file, F_GETLK, &found));
        say("type %d, from %d for %d, the parent's: %d", found.l_type, (int)found.l_start, (int)found.l_len, found.l_pid == parent);
        found = lock(F_WRLCK, 100, 1);
        fcntl(s_file, F_GETLK, &found);
        SHOW(found.l_type == F_UNLCK);
        _exit(0);
    }
    reap("the child that asks", pid);

    int ready[2];
    pipe(ready);
    pid = fork();
    if (pid == 0) {
        struct flock whole = lock(F_WRLCK, 0, 0);
        write(ready[1], "x", 1);
        _exit(fcntl(s_file, F_SETLKW, &whole) == 0 ? 7 : errno);
    }
    char c;
    read(ready[0], &c, 1);
    pause_for(20);
    CALL(waitpid(pid, NULL, WNOHANG));
    wanted = lock(F_UNLCK, 0, 0);
    CALL(fcntl(s_file, F_SETLK, &wanted));
    reap("the child that waits for the lock", pid);

    /* Closing any descriptor of the file gives all its locks away. */
    wanted = lock(F_WRLCK, 0, 0);
    fcntl(s_file, F_SETLK, &wanted);
    SHOW(try_in_child(F_WRLCK, 0, 0));
    close(dup(s_file));
    SHOW(try_in_child(F_WRLCK, 0, 0));
    wanted = lock(F_WRLCK, -5, 1);
    CALL(fcntl(s_file, F_SETLK, &wanted));
    wanted = lock(99, 0, 1);
    CALL(fcntl(s_file, F_SETLK, &wanted));
}

int main(int argc, char **argv)
{
    if (argc > 2)
        return second_life(argv);
    enter_directory(argc, argv);
    numbers();
    flags();
    over_execve();
    limit();
    locks();
    return 0;
}
