/* Robust mutexes and those shared between processes: what the next owner hears when one has died. */
#include "../check.h"
#include <pthread.h>

struct shared {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int value;
};

static struct shared *s_shared;

static void prepare(int robust)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (robust)
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&s_shared->mutex, &attributes);
    pthread_condattr_t condition;
    pthread_condattr_init(&condition);
    pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
    pthread_cond_init(&s_shared->changed, &condition);
    s_shared->value = 0;
}

static void *dies_with_it(void *argument)
{
    pthread_mutex_lock(&s_shared->mutex);
    s_shared->value = 99;
    return argument;
}

static void *dies_later(void *argument)
{
    pthread_mutex_lock(&s_shared->mutex);
    *(volatile int *)argument = 1;
    pause_for(30);
    return NULL;
}

static void of_threads(void)
{
    pthread_t thread;
    prepare(1);
    pthread_create(&thread, NULL, dies_with_it, NULL);
    pthread_join(thread, NULL);
    ERROR(pthread_mutex_lock(&s_shared->mutex));
    ERROR(pthread_mutex_consistent(&s_shared->mutex));
    ERROR(pthread_mutex_unlock(&s_shared->mutex));
    ERROR(pthread_mutex_lock(&s_shared->mutex));
    ERROR(pthread_mutex_unlock(&s_shared->mutex));

    pthread_create(&thread, NULL, dies_with_it, NULL);
    pthread_join(thread, NULL);
    ERROR(pthread_mutex_trylock(&s_shared->mutex));
    say("not made consistent:");
    ERROR(pthread_mutex_unlock(&s_shared->mutex));
    ERROR(pthread_mutex_lock(&s_shared->mutex));
    pthread_mutex_destroy(&s_shared->mutex);

    prepare(1);
    volatile int locked = 0;
    pthread_create(&thread, NULL, dies_later, (void *)&locked);
    while (!locked)
        pause_for(1);
    say("waiting while the owner lives:");
    ERROR(pthread_mutex_lock(&s_shared->mutex));
    ERROR(pthread_mutex_consistent(&s_shared->mutex));
    ERROR(pthread_mutex_unlock(&s_shared->mutex));
    pthread_join(thread, NULL);
}

static void of_processes(void)
{
    prepare(1);
    for (int how = 0; how < 2; how++) {
        pid_t pid = fork();
        if (pid == 0) {
            pthread_mutex_lock(&s_shared->mutex);
            if (how == 0)
                _exit(0);
            kill(getpid(), SIGKILL);
        }
        reap("the owner", pid);
        ERROR(pthread_mutex_lock(&s_shared->mutex));
        ERROR(pthread_mutex_consistent(&s_shared->mutex));
        ERROR(pthread_mutex_unlock(&s_shared->mutex));
    }

    prepare(0);
    for (int child = 0; child < 3; child++) {
        if (fork() == 0) {
            for (int i = 0; i < 500; i++) {
                pthread_mutex_lock(&s_shared->mutex);
                s_shared->value++;
                pthread_cond_signal(&s_shared->changed);
                pthread_mutex_unlock(&s_shared->mutex);
            }
            _exit(0);
        }
    }
    pthread_mutex_lock(&s_shared->mutex);
    while (s_shared->value < 1500)
        pthread_cond_wait(&s_shared->changed, &s_shared->mutex);
    pthread_mutex_unlock(&s_shared->mutex);
    SHOW(s_shared->value);
    while (wait(NULL) > 0)
        continue;
}

int main(void)
{
    s_shared = mmap(NULL, sizeof *s_shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    of_threads();
    of_processes();
    return 0;
}
