/* Mutexes of all kinds, condition variables, barriers, read-write locks, once, semaphores, spinning. */
#include "../check.h"
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

enum { Threads = 4, Rounds = 2000 };

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static long s_counter;

static void all(void *(*body)(void *))
{
    pthread_t threads[Threads];
    for (intptr_t i = 0; i < Threads; i++)
        pthread_create(&threads[i], NULL, body, (void *)i);
    for (int i = 0; i < Threads; i++)
        pthread_join(threads[i], NULL);
}

static void *counts(void *argument)
{
    for (int i = 0; i < Rounds; i++) {
        pthread_mutex_lock(&s_mutex);
        long seen = s_counter;
        if (i % 64 == 0)
            sched_yield();
        s_counter = seen + 1;
        pthread_mutex_unlock(&s_mutex);
    }
    return argument;
}

static void kinds(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t mutex;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&mutex, &attributes);
    ERROR(pthread_mutex_lock(&mutex));
    ERROR(pthread_mutex_lock(&mutex));
    ERROR(pthread_mutex_unlock(&mutex));
    ERROR(pthread_mutex_unlock(&mutex));
    pthread_mutex_destroy(&mutex);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&mutex, &attributes);
    ERROR(pthread_mutex_lock(&mutex));
    ERROR(pthread_mutex_lock(&mutex));
    ERROR(pthread_mutex_trylock(&mutex));
    ERROR(pthread_mutex_unlock(&mutex));
    ERROR(pthread_mutex_unlock(&mutex));
    ERROR(pthread_mutex_unlock(&mutex));
    pthread_mutex_lock(&s_mutex);
    ERROR(pthread_mutex_trylock(&s_mutex));
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    ERROR(pthread_mutex_timedlock(&s_mutex, &until));
    until.tv_nsec += 20000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    ERROR(pthread_mutex_timedlock(&s_mutex, &until));
    pthread_mutex_unlock(&s_mutex);
}

static pthread_cond_t s_filled = PTHREAD_COND_INITIALIZER, s_emptied = PTHREAD_COND_INITIALIZER;
static int s_queue[8], s_first, s_count, s_producers = Threads;
static long s_sum, s_taken;

static void *produces(void *argument)
{
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&s_mutex);
        while (s_count == 8)
            pthread_cond_wait(&s_emptied, &s_mutex);
        s_queue[(s_first + s_count++) % 8] = (int)(intptr_t)argument * 1000 + i;
        pthread_cond_signal(&s_filled);
        pthread_mutex_unlock(&s_mutex);
    }
    pthread_mutex_lock(&s_mutex);
    s_producers--;
    pthread_cond_broadcast(&s_filled);
    pthread_mutex_unlock(&s_mutex);
    return NULL;
}

static void *consumes(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&s_mutex);
    for (;;) {
        while (s_count == 0 && s_producers > 0)
            pthread_cond_wait(&s_filled, &s_mutex);
        if (s_count == 0)
            break;
        s_sum += s_queue[s_first];
        s_first = (s_first + 1) % 8;
        s_count--;
        s_taken++;
        pthread_cond_signal(&s_emptied);
    }
    pthread_mutex_unlock(&s_mutex);
    return NULL;
}

static void producers_and_consumers(void)
{
    pthread_t threads[Threads + 3];
    for (intptr_t i = 0; i < Threads; i++)
        pthread_create(&threads[i], NULL, produces, (void *)i);
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[Threads + i], NULL, consumes, NULL);
    for (int i = 0; i < Threads + 3; i++)
        pthread_join(threads[i], NULL);
    say("%ld taken, their sum is %ld", s_taken, s_sum);

    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec--;
    pthread_mutex_lock(&s_mutex);
    ERROR(pthread_cond_timedwait(&s_filled, &s_mutex, &until));
    pthread_mutex_unlock(&s_mutex);
}

static pthread_barrier_t s_barrier;
static int s_serial, s_phases[3];

static void *meets(void *argument)
{
    for (int phase = 0; phase < 3; phase++) {
        __atomic_add_fetch(&s_phases[phase], 1, __ATOMIC_SEQ_CST);
        if (pthread_barrier_wait(&s_barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            __atomic_add_fetch(&s_serial, 1, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&s_phases[phase], __ATOMIC_SEQ_CST) != Threads)
            say("a thread went on before phase %d was full", phase);
        pthread_barrier_wait(&s_barrier);
    }
    return argument;
}

static pthread_rwlock_t s_rwlock = PTHREAD_RWLOCK_INITIALIZER;
static int s_left, s_right, s_torn;

static void *reads_or_writes(void *argument)
{
    for (int i = 0; i < 500; i++) {
        if (argument == NULL) {
            pthread_rwlock_wrlock(&s_rwlock);
            s_left++;
            if (i % 50 == 0)
                sched_yield();
            s_right++;
        } else {
            pthread_rwlock_rdlock(&s_rwlock);
            if (s_left != s_right)
                __atomic_add_fetch(&s_torn, 1, __ATOMIC_SEQ_CST);
        }
        pthread_rwlock_unlock(&s_rwlock);
    }
    return NULL;
}

static pthread_once_t s_once = PTHREAD_ONCE_INIT;
static int s_initialised;

static void initialise(void)
{
    pause_for(5);
    s_initialised++;
}

static void *wants(void *argument)
{
    pthread_once(&s_once, initialise);
    if (s_initialised != 1)
        say("a thread went on before the initialisation was over");
    return argument;
}

static sem_t s_full, s_free;
static long s_passed;

static void *posts(void *argument)
{
    for (int i = 0; i < 500; i++) {
        if (argument == NULL) {
            sem_wait(&s_free);
            s_passed++;
            sem_post(&s_full);
        } else if (argument == (void *)1) {
            sem_wait(&s_full);
            s_passed++;
            sem_post(&s_free);
        }
    }
    return NULL;
}

static int s_turn;

static void *spins(void *argument)
{
    for (int i = 0; i < 200; i++) {
        while (__atomic_load_n(&s_turn, __ATOMIC_ACQUIRE) % Threads != (int)(intptr_t)argument)
            sched_yield();
        __atomic_add_fetch(&s_turn, 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static pthread_spinlock_t s_spinlock;

static void *spin_counts(void *argument)
{
    for (int i = 0; i < 500; i++) {
        pthread_spin_lock(&s_spinlock);
        s_counter++;
        pthread_spin_unlock(&s_spinlock);
    }
    return argument;
}

int main(void)
{
    all(counts);
    SHOW(s_counter);
    kinds();
    producers_and_consumers();
    pthread_barrier_init(&s_barrier, NULL, Threads);
    all(meets);
    SHOW(s_serial);
    all(reads_or_writes);
    SHOW(s_left);
    SHOW(s_torn);
    ERROR(pthread_rwlock_rdlock(&s_rwlock));
    ERROR(pthread_rwlock_tryrdlock(&s_rwlock));
    ERROR(pthread_rwlock_trywrlock(&s_rwlock));
    all(wants);
    SHOW(s_initialised);
    sem_init(&s_free, 0, 1);
    sem_init(&s_full, 0, 0);
    all(posts);
    SHOW(s_passed);
    CALL(sem_trywait(&s_full));
    all(spins);
    SHOW(s_turn);
    s_counter = 0;
    pthread_spin_init(&s_spinlock, PTHREAD_PROCESS_PRIVATE);
    all(spin_counts);
    SHOW(s_counter);
    return 0;
}
