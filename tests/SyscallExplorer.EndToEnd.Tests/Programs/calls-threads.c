/* Threads that take turns by futexes. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { WAIT = 0, WAKE = 1, PRIVATE = 128 };

static atomic_int turn;

static void pass(int to)
{
    atomic_store(&turn, to);
    syscall(SYS_futex, &turn, WAKE | PRIVATE, 1);
}

static void await(int mine)
{
    int seen;
    while ((seen = atomic_load(&turn)) != mine)
        syscall(SYS_futex, &turn, WAIT | PRIVATE, seen, NULL);
}

static void *second(void *unused)
{
    await(1);
    getuid();
    pass(2);
    await(3);
    getgid();
    pass(4);
    return unused;
}

int main(void)
{
    pthread_t thread;
    struct timespec moment = { 0, 1000 };
    getppid();
    syscall(SYS_futex, &turn, WAIT, 5, NULL);
    syscall(SYS_futex, &turn, WAIT, 0, &moment);
    syscall(SYS_futex, &turn, WAKE, 1);
    syscall(SYS_futex, &turn, 99, 1);
    sched_yield();
    pthread_create(&thread, NULL, second, NULL);
    pass(1);
    await(2);
    getegid();
    pass(3);
    await(4);
    pthread_join(thread, NULL);
    getppid();
    return 0;
}
