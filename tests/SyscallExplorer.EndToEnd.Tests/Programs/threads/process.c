/* Threads and their process: exit, execve, fork and fatal signals in a thread; the end of the main thread; signals. */
#include "../check.h"
#include <pthread.h>
#include <semaphore.h>

extern char **environ;

static sem_t s_semaphore;
static char s_self[4096];

static void *sleeps(void *argument)
{
    sem_post(&s_semaphore);
    for (;;)
        pause();
    return argument;
}

static void *exits(void *argument)
{
    (void)argument;
    exit(21);
}

static void *faults(void *argument)
{
    *(volatile int *)BAD_ADDRESS = 1;
    return argument;
}

static void *executes(void *argument)
{
    char pid[32];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    execve(s_self, (char *[]){ "zero", "x", pid, NULL }, environ);
    say("execve: %s", strerror(errno));
    _exit((int)(intptr_t)argument);
}

static void *outlives(void *argument)
{
    pause_for(20);
    say("after the end of the main thread");
    exit((int)(intptr_t)argument);
}

static void *ends(void *argument)
{
    pause_for(5);
    return argument;
}

static void *forks(void *argument)
{
    pid_t pid = fork();
    if (pid == 0) {
        /* This one thread is all there is. */
        say("a child of a thread: its own main thread: %d", getpid() == (pid_t)syscall(SYS_gettid));
        exit(8);
    }
    reap("the child of a thread", pid);
    return argument;
}

static void with_sleepers(const char *what, void *(*body)(void *), intptr_t argument, int leave)
{
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        for (int i = 0; i < 3; i++) {
            pthread_create(&thread, NULL, sleeps, NULL);
            sem_wait(&s_semaphore);
        }
        pthread_create(&thread, NULL, body, (void *)argument);
        if (leave)
            pthread_exit(NULL);
        pthread_join(thread, NULL);
        _exit(55);
    }
    reap(what, pid);
}

static void last_thread(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        /* A program of its own: after fork some libraries cannot end their main thread alone. */
        execve(s_self, (char *[]){ "zero", "x", "threads", NULL }, environ);
        _exit(1);
    }
    reap("all threads ended one by one", pid);
}

static void end_one_by_one(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, ends, NULL);
    pthread_detach(thread);
    pthread_exit(NULL);
}

static __thread int s_received;
static volatile int s_handled_by, s_number;

static void receives(int signal)
{
    (void)signal;
    s_received++;
    s_handled_by = (int)syscall(SYS_gettid);
    s_number++;
}

static volatile int s_thread_id;

static void *stays_open(void *argument)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    if (argument != NULL)
        pthread_sigmask(SIG_BLOCK, &set, NULL);
    s_thread_id = (int)syscall(SYS_gettid);
    sem_post(&s_semaphore);
    int expected = argument == NULL ? 2 : 0;
    while (s_received < expected)
        pause_for(1);
    if (argument != NULL) {
        int signal;
        sigwait(&set, &signal);
        return (void *)(intptr_t)signal;
    }
    return (void *)(intptr_t)s_received;
}

static void signals(void)
{
    pthread_t thread;
    void *result;
    struct sigaction action = { .sa_handler = receives };
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);

    pthread_create(&thread, NULL, stays_open, NULL);
    sem_wait(&s_semaphore);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    ERROR(pthread_kill(thread, SIGUSR1));
    while (s_number < 1)
        pause_for(1);
    HOLDS(s_handled_by == s_thread_id);
    /* The main thread blocks it: the process's signal goes to the other. */
    kill(getpid(), SIGUSR1);
    pthread_join(thread, &result);
    SHOW((intptr_t)result);
    HOLDS(s_handled_by == s_thread_id);

    pthread_create(&thread, NULL, stays_open, (void *)1);
    sem_wait(&s_semaphore);
    kill(getpid(), SIGUSR1);
    pthread_join(thread, &result);
    SHOW((intptr_t)result);

    pthread_create(&thread, NULL, stays_open, (void *)1);
    sem_wait(&s_semaphore);
    pthread_kill(thread, SIGUSR2);
    pthread_join(thread, &result);
    SHOW((intptr_t)result);
    s_received = 0;
    pthread_kill(pthread_self(), SIGUSR1);
    sigset_t pending;
    sigpending(&pending);
    SHOW(sigismember(&pending, SIGUSR1));
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    SHOW(s_received);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[2], "threads") == 0)
        end_one_by_one();
    if (argc > 2) {
        say("executed by a thread: the same process: %d, the main thread: %d", atoi(argv[2]) == getpid(), getpid() == (pid_t)syscall(SYS_gettid));
        return 31;
    }
    /* By its own name: /proc/self/exe is gone with the main thread. */
    if (readlink("/proc/self/exe", s_self, sizeof s_self - 1) == -1)
        say("readlink: %s", strerror(errno));
    sem_init(&s_semaphore, 0, 0);
    with_sleepers("exit in a thread", exits, 0, 0);
    with_sleepers("a fault in a thread", faults, 0, 0);
    with_sleepers("execve in a thread", executes, 0, 0);
    with_sleepers("execve after the main thread", executes, 0, 1);
    with_sleepers("life after the main thread", outlives, 13, 1);
    with_sleepers("fork in a thread", forks, 0, 0);
    last_thread();
    signals();
    return 0;
}
