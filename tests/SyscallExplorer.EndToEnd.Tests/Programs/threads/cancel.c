/* Cancellation: at which calls, in which order the clean-up runs, what a disabled state does. */
#include "../check.h"
#include <pthread.h>
#include <semaphore.h>

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t s_never = PTHREAD_COND_INITIALIZER;
static sem_t s_started, s_semaphore;
static int s_pipe[2];

static void cleans(void *text)
{
    say("  clean-up: %s", (const char *)text);
}

static void unlocks(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

static void *waits(void *argument)
{
    char c;
    pthread_cleanup_push(cleans, "outer");
    pthread_cleanup_push(cleans, "inner");
    sem_post(&s_started);
    switch ((intptr_t)argument) {
    case 0:
        read(s_pipe[0], &c, 1);
        break;
    case 1:
        pthread_mutex_lock(&s_mutex);
        pthread_cleanup_push(unlocks, &s_mutex);
        for (;;)
            pthread_cond_wait(&s_never, &s_mutex);
        pthread_cleanup_pop(1);
        break;
    case 2:
        sem_wait(&s_semaphore);
        break;
    case 3:
        sleep(1000);
        break;
    case 4:
        for (;;)
            pthread_testcancel();
        break;
    case 5:
        pause();
        break;
    }
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *refuses(void *argument)
{
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    sem_post(&s_started);
    char c;
    read(s_pipe[0], &c, 1);
    say("  not cancelled yet");
    pthread_setcancelstate(before, NULL);
    pthread_testcancel();
    say("  NOT REACHED");
    return argument;
}

static volatile unsigned long s_spins;

static void *spins(void *argument)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    sem_post(&s_started);
    for (;;)
        s_spins++;
    return argument;
}

static void cancel(const char *what, void *(*body)(void *), intptr_t argument, int let)
{
    pthread_t thread;
    void *result;
    say("%s", what);
    pthread_create(&thread, NULL, body, (void *)argument);
    sem_wait(&s_started);
    int error = pthread_cancel(thread);
    if (let)
        write(s_pipe[1], "x", 1);
    ERROR(pthread_join(thread, &result));
    ERROR(error);
    HOLDS(result == PTHREAD_CANCELED);
}

int main(void)
{
    const char *names[] = { "read", "pthread_cond_wait", "sem_wait", "sleep", "pthread_testcancel", "pause" };
    pipe(s_pipe);
    sem_init(&s_started, 0, 0);
    sem_init(&s_semaphore, 0, 0);
    for (int i = 0; i < 6; i++)
        cancel(names[i], waits, i, 0);
    ERROR(pthread_mutex_trylock(&s_mutex));
    cancel("disabled", refuses, 0, 1);
    cancel("asynchronous", spins, 0, 0);
    return 0;
}
