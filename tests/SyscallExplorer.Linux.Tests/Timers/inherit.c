/* Futexes whose word names their owner: what the kernel says of them, and mutexes of the C library on top. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint32_t s_lock, s_condition, s_other;
static volatile int s_stage;

static long futex(uint32_t *word, int operation, uint32_t value, void *time, uint32_t *second, uint32_t third)
{
    long result = syscall(SYS_futex, word, operation, value, time, second, third);
    return result < 0 ? -errno : result;
}

static void show(const char *what, long result)
{
    printf("%s: %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerror((int)-result) : "");
    fflush(stdout);
}

static pid_t tid(void)
{
    return (pid_t)syscall(SYS_gettid);
}

static void word(const char *what)
{
    uint32_t value = s_lock;
    printf("%s: %s%s%s\n", what, value & FUTEX_WAITERS ? "waiters " : "", value & FUTEX_OWNER_DIED ? "died " : "",
        (value & FUTEX_TID_MASK) == 0 ? "free" : (pid_t)(value & FUTEX_TID_MASK) == tid() ? "own" : "another's");
}

static void pause_for(long milliseconds)
{
    nanosleep(&(struct timespec){ milliseconds / 1000, milliseconds % 1000 * 1000000 }, NULL);
}

static void *locker(void *unused)
{
    (void)unused;
    s_stage = 1;
    show("locked after waiting", futex(&s_lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    word("the waiter has it");
    show("unlocked", futex(&s_lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    return NULL;
}

static void *trier(void *unused)
{
    (void)unused;
    show("try", futex(&s_lock, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    show("unlock what is another's", futex(&s_lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_nsec += 20000000;
    if (now.tv_nsec >= 1000000000)
        now.tv_sec++, now.tv_nsec -= 1000000000;
    show("timed", futex(&s_lock, FUTEX_LOCK_PI_PRIVATE, 0, &now, NULL, 0));
    return NULL;
}

static void *waiter(void *unused)
{
    (void)unused;
    s_stage = 2;
    show("requeued and locked", futex(&s_condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &s_lock, 0));
    word("the waiter has it");
    show("unlocked", futex(&s_lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    return NULL;
}

static void *die_with_it(void *unused)
{
    (void)unused;
    futex(&s_lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    s_stage = 3;
    pause_for(30);
    return NULL;
}

static void *cross(void *unused)
{
    (void)unused;
    futex(&s_other, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    s_stage = 4;
    show("first of a circle", futex(&s_lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    futex(&s_lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    futex(&s_other, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return NULL;
}

static pthread_t start(void *(*body)(void *), int stage)
{
    pthread_t thread;
    pthread_create(&thread, NULL, body, NULL);
    while (stage != 0 && s_stage != stage)
        sched_yield();
    if (stage != 0)
        pause_for(10);
    return thread;
}

static void raw(void)
{
    show("lock", futex(&s_lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    word("after it");
    show("lock again", futex(&s_lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    show("try again", futex(&s_lock, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    pthread_join(start(trier, 0), NULL);
    word("somebody tried");
    pthread_t thread = start(locker, 1);
    show("wake one who waits for a lock", futex(&s_lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    word("somebody waits");
    show("unlock", futex(&s_lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    pthread_join(thread, NULL);
    word("all are done");
    show("unlock what is free", futex(&s_lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    s_lock = 0x3FFFFFF0;
    show("lock of nobody", futex(&s_lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    s_lock = 0;

    thread = start(die_with_it, 3);
    show("its owner died", futex(&s_lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    word("after that");
    pthread_join(thread, NULL);
    show("unlock", futex(&s_lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));

    futex(&s_lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    thread = start(cross, 4);
    show("last of a circle", futex(&s_other, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    futex(&s_lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    pthread_join(thread, NULL);
}

static void requeue(void)
{
    show("requeue nobody", futex(&s_condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)5, &s_lock, 0));
    show("requeue, another value", futex(&s_condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)5, &s_lock, 1));
    show("requeue to itself", futex(&s_lock, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)5, &s_lock, 0));
    show("requeue and wake two", futex(&s_condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 2, (void *)5, &s_lock, 0));
    pthread_t thread = start(waiter, 2);
    show("wake it the wrong way", futex(&s_condition, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    futex(&s_lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    show("requeue one", futex(&s_condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)5, &s_lock, 0));
    word("it waits for the lock");
    show("unlock", futex(&s_lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    pthread_join(thread, NULL);
    s_stage = 0;
    thread = start(waiter, 2);
    show("requeue one to a free lock", futex(&s_condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)0, &s_lock, 0));
    pthread_join(thread, NULL);
    struct timespec past = { 1, 0 };
    show("wait until the past", futex(&s_condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, &past, &s_lock, 0));
    show("wait for itself", futex(&s_lock, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &s_lock, 0));
}

static pthread_mutex_t s_mutex;
static int s_sum;

static void *adder(void *unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&s_mutex);
        int sum = s_sum;
        if (i % 16 == 0)
            sched_yield();
        s_sum = sum + 1;
        pthread_mutex_unlock(&s_mutex);
    }
    return NULL;
}

static void *abandoner(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&s_mutex);
    return NULL;
}

static void mutexes(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if (pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) != 0)
        return;
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&s_mutex, &attributes);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, adder, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    printf("sum %d\n", s_sum);
    show("lock", -pthread_mutex_lock(&s_mutex));
    show("lock again", -pthread_mutex_lock(&s_mutex));
    show("unlock", -pthread_mutex_unlock(&s_mutex));
    show("unlock again", -pthread_mutex_unlock(&s_mutex));
    pthread_mutex_destroy(&s_mutex);

    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&s_mutex, &attributes);
    pthread_join((pthread_create(&threads[0], NULL, abandoner, NULL), threads[0]), NULL);
    show("its owner died", -pthread_mutex_lock(&s_mutex));
    show("consistent", -pthread_mutex_consistent(&s_mutex));
    show("unlock", -pthread_mutex_unlock(&s_mutex));
    show("lock", -pthread_mutex_lock(&s_mutex));
    show("unlock", -pthread_mutex_unlock(&s_mutex));
}

int main(void)
{
    raw();
    requeue();
    mutexes();
    return 0;
}
