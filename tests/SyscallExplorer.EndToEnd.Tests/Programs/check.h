/* What the programs of the corpus share: every line of their output tells an expression and what came of it. */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

/* A line goes out in one write: lines of several processes never mix, and no buffer is there for fork to copy. */
static UNUSED __attribute__((format(printf, 1, 2))) void say(const char *format, ...)
{
    char line[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    line[length] = '\n';
    if (write(STDOUT_FILENO, line, (size_t)length + 1) != length + 1)
        _exit(99);
}

/* An address where nothing is; no compiler knows that. */
static volatile uintptr_t s_bad_address UNUSED = 8;
#define BAD_ADDRESS ((void *)s_bad_address)

/* An expression and its value. */
#define SHOW(expression) say("%s = %lld", #expression, (long long)(expression))

/* Whether an expression holds. */
#define HOLDS(expression) say("%s: %s", #expression, (expression) ? "yes" : "NO")

/* A call and its result; -1 comes with its error. */
#define CALL(expression) (errno = 0, called(#expression, (long long)(expression)))

/* A call whose result is a number of the machine's choice, such as a pid or an address: only failure counts. */
#define GOOD(expression) (errno = 0, good(#expression, (long long)(expression)))

/* A call that gives its error instead of setting errno, as those of POSIX threads do. */
#define ERROR(expression) gave(#expression, (expression))

static UNUSED long long called(const char *text, long long result)
{
    int error = errno;
    if (result == -1)
        say("%s = -1: %s", text, strerror(error));
    else
        say("%s = %lld", text, result);
    errno = error;
    return result;
}

static UNUSED long long good(const char *text, long long result)
{
    int error = errno;
    say("%s: %s", text, result == -1 ? strerror(error) : "good");
    errno = error;
    return result;
}

static UNUSED int gave(const char *text, int error)
{
    say("%s: %s", text, error == 0 ? "good" : strerror(error));
    return error;
}

/* How a process ended, or stopped. Whether it left a core file is the machine's affair. */
static UNUSED void tell(const char *who, int status)
{
    if (WIFEXITED(status))
        say("%s: exited with %d", who, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        say("%s: killed by signal %d", who, WTERMSIG(status));
    else if (WIFSTOPPED(status))
        say("%s: stopped by signal %d", who, WSTOPSIG(status));
    else if (WIFCONTINUED(status))
        say("%s: continued", who);
    else
        say("%s: strange status %#x", who, status);
}

/* Waits for a child and tells how it ended. */
static UNUSED void reap(const char *who, pid_t pid)
{
    int status = 0;
    pid_t ended;
    do
        ended = waitpid(pid, &status, 0);
    while (ended == -1 && errno == EINTR);
    if (ended == pid)
        tell(who, status);
    else
        say("%s: waitpid failed: %s", who, strerror(errno));
}

static UNUSED void pause_for(long milliseconds)
{
    struct timespec left = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        continue;
}

static UNUSED long long milliseconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - start->tv_sec) * 1000LL + (now.tv_nsec - start->tv_nsec) / 1000000;
}

/* Every program works in a new directory inside the one that it is given, and has no other files than the standard ones. */
static UNUSED void enter_directory(int argc, char **argv)
{
    for (int file = 3; file < 64; file++)
        close(file);
    const char *folder = argc > 1 ? argv[1] : "/tmp";
    if (chdir(folder) == -1 || mkdir("work", 0755) == -1 || chdir("work") == -1) {
        say("the folder '%s' cannot be used: %s", folder, strerror(errno));
        _exit(98);
    }
}

/* Root may do what others may not: a program that tests permissions becomes the user that it is in the kit. */
static UNUSED void become_a_user(void)
{
    if (geteuid() == 0 && (chown(".", 1000, 1000) == -1 || setgid(1000) == -1 || setuid(1000) == -1))
        _exit(97);
}

#endif
