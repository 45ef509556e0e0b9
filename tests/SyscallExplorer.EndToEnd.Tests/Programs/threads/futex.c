/* The futex call itself: wait, wake, bit sets, requeueing, wake-op, time-outs, and its refusals. */
#include "../check.h"
#include <pthread.h>

enum { Wait, Wake, Requeue = 3, CompareRequeue, WakeOp, WaitBitset = 9, WakeBitset, Private = 128, RealTime = 256, Waiters = 5 };

static int s_word, s_other, *s_mapped;

/* The library's time may be wider than that of the call. */
static long futex(int *word, int operation, unsigned value, const struct timespec *timeout, int *second, unsigned third)
{
#if defined __i386__ && defined SYS_futex_time64
    if (sizeof(time_t) == 8)
        return syscall(SYS_futex_time64, word, operation, value, timeout, second, third);
#endif
    return syscall(SYS_futex, word, operation, value, timeout, second, third);
}

static long requeue(int *word, int operation, unsigned wake, unsigned long most, int *second, unsigned third)
{
    return syscall(SYS_futex, word, operation, wake, most, second, third);
}

static void refusals(void)
{
    s_word = 5;
    CALL(futex(&s_word, Wait | Private, 4, NULL, NULL, 0));
    CALL(futex(&s_word, Wait, 4, NULL, NULL, 0));
    CALL(futex(&s_word, Wake | Private, 1, NULL, NULL, 0));
    CALL(futex(BAD_ADDRESS, Wait, 0, NULL, NULL, 0));
    CALL(futex((int *)((char *)&s_word + 1), Wait, 0, NULL, NULL, 0));
    CALL(futex((int *)((char *)&s_word + 1), Wake | Private, 0, NULL, NULL, 0));
    CALL(futex(&s_word, 99, 0, NULL, NULL, 0));
    CALL(futex(&s_word, WaitBitset | Private, 5, NULL, NULL, 0));
    CALL(futex(&s_word, WakeBitset | Private, 1, NULL, NULL, 0));
    struct timespec bad = { 0, 1000000000 };
    CALL(futex(&s_word, Wait | Private, 5, &bad, NULL, 0));
    CALL(requeue(&s_word, CompareRequeue | Private, 1, 1, &s_other, 77));
}

static void time_outs(void)
{
    struct timespec start, brief = { 0, 20000000 };
    clock_gettime(CLOCK_MONOTONIC, &start);
    CALL(futex(&s_word, Wait | Private, 5, &brief, NULL, 0));
    HOLDS(milliseconds_since(&start) >= 20);
    CALL(futex(&s_word, WaitBitset | Private, 5, &start, NULL, 1));
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    CALL(futex(&s_word, WaitBitset | Private | RealTime, 5, &until, NULL, 0xffffffff));
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 20000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    CALL(futex(&s_word, WaitBitset | Private, 5, &until, NULL, 1));
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    HOLDS(now.tv_sec > until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
}

static int s_woken;

static void *waits(void *argument)
{
    unsigned bits = (unsigned)(uintptr_t)argument;
    long result = futex(&s_word, bits == 0 ? Wait | Private : WaitBitset | Private, 5, NULL, NULL, bits);
    if (result == 0)
        __atomic_add_fetch(&s_woken, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void start(pthread_t *threads, unsigned bits)
{
    s_woken = 0;
    for (int i = 0; i < Waiters; i++)
        pthread_create(&threads[i], NULL, waits, (void *)(uintptr_t)(bits == 0 ? 0 : bits << i));
}

static void join(pthread_t *threads)
{
    for (int i = 0; i < Waiters; i++)
        pthread_join(threads[i], NULL);
    SHOW(s_woken);
}

/* Wakes until so many have been woken: nobody knows when a thread has begun to wait. */
static void wake(int *word, int operation, int wanted, unsigned bits)
{
    int woken = 0;
    while (woken < wanted) {
        long some = futex(word, operation | Private, (unsigned)(wanted - woken), NULL, NULL, bits);
        if (some < 0)
            break;
        woken += (int)some;
        if (some == 0)
            pause_for(1);
    }
    say("woken: %d", woken);
}

static void waking(void)
{
    pthread_t threads[Waiters];
    start(threads, 0);
    wake(&s_word, Wake, 2, 0);
    wake(&s_word, Wake, Waiters - 2, 0);
    join(threads);
    CALL(futex(&s_word, Wake | Private, 10, NULL, NULL, 0));

    start(threads, 1);
    CALL(futex(&s_word, WakeBitset | Private, 10, NULL, NULL, 0x100));
    wake(&s_word, WakeBitset, 1, 4);
    wake(&s_word, WakeBitset, 2, 3);
    wake(&s_word, Wake, 2, 0);
    join(threads);
}

static void requeueing(void)
{
    pthread_t threads[Waiters];
    start(threads, 0);
    int moved = 0;
    while (moved < Waiters) {
        long some = requeue(&s_word, CompareRequeue | Private, 0, Waiters, &s_other, 5);
        if (some < 0)
            break;
        moved += (int)some;
        if (some == 0)
            pause_for(1);
    }
    SHOW(moved);
    CALL(futex(&s_word, Wake | Private, 10, NULL, NULL, 0));
    CALL(requeue(&s_other, CompareRequeue | Private, 1, 2, &s_word, 0));
    CALL(futex(&s_word, Wake | Private, 10, NULL, NULL, 0));
    CALL(futex(&s_other, Wake | Private, 10, NULL, NULL, 0));
    join(threads);

    /* Add 3 to the other word, and wake there too if it was less than 100. */
    s_other = 40;
    start(threads, 0);
    int woken = 0;
    while (woken < Waiters) {
        long some = requeue(&s_word, WakeOp | Private, Waiters, Waiters, &s_other, 1u << 28 | 2u << 24 | 3u << 12 | 100u);
        if (some < 0)
            break;
        woken += (int)some;
        if (some == 0)
            pause_for(1);
    }
    SHOW(woken);
    HOLDS(s_other >= 43 && (s_other - 40) % 3 == 0);
    join(threads);
}

static void between_processes(void)
{
    s_mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        while (__atomic_load_n(s_mapped, __ATOMIC_SEQ_CST) == 0)
            futex(s_mapped, Wait, 0, NULL, NULL, 0);
        _exit(*s_mapped);
    }
    pause_for(20);
    __atomic_store_n(s_mapped, 44, __ATOMIC_SEQ_CST);
    futex(s_mapped, Wake, 1, NULL, NULL, 0);
    reap("the waiting child", pid);

    /* A private word is another one in a child. */
    pid = fork();
    if (pid == 0) {
        struct timespec brief = { 0, 50000000 };
        _exit(futex(&s_word, Wait, 5, &brief, NULL, 0) == -1 ? errno == ETIMEDOUT : 3);
    }
    for (int i = 0; i < 5; i++) {
        pause_for(5);
        if (futex(&s_word, Wake, 1, NULL, NULL, 0) != 0)
            say("A CHILD'S PRIVATE WAIT WAS FOUND");
    }
    reap("the child that waits alone", pid);
}

int main(void)
{
    refusals();
    time_outs();
    waking();
    requeueing();
    between_processes();
    return 0;
}
