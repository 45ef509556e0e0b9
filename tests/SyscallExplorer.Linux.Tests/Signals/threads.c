/* Signals of processes with several threads: who takes them, and that all stop and end together. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_t self_of[3];
static volatile int taken_by[3], ready;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static int index_of(pthread_t thread)
{
    for (int i = 0; i < 3; i++)
        if (pthread_equal(self_of[i], thread))
            return i;
    return -1;
}

static void takes(int signal)
{
    taken_by[index_of(pthread_self())]++;
}

static void *waits(void *argument)
{
    sigset_t set;
    int signal = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_mutex_lock(&mutex);
    self_of[1] = pthread_self();
    ready++;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&mutex);
    int error = sigwait(&set, &signal);
    printf("sigwait: %d, signal %d\n", error, signal);
    return 0;
}

static void *sleeps(void *argument)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    self_of[2] = pthread_self();
    pthread_mutex_lock(&mutex);
    ready++;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&mutex);
    sigsuspend(&set);
    printf("suspended: by itself %d\n", taken_by[2]);
    return 0;
}

static void start(pthread_t *thread, void *(*run)(void *))
{
    int before = ready;
    pthread_create(thread, 0, run, 0);
    pthread_mutex_lock(&mutex);
    while (ready == before)
        pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
}

static void *forever(void *argument)
{
    for (;;)
        pause();
}

static void *kills(void *argument)
{
    kill(getpid(), SIGSTOP);
    for (;;)
        pause();
}

static void all_together(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        pthread_create(&thread, 0, forever, 0);
        pthread_create(&thread, 0, kills, 0);
        forever(0);
    }
    pid_t got = waitpid(pid, &status, WUNTRACED);
    printf("all stopped: %d %d\n", got == pid, WIFSTOPPED(status));
    kill(pid, SIGCONT);
    got = waitpid(pid, &status, WCONTINUED);
    printf("all go on: %d %d\n", got == pid, WIFCONTINUED(status));
    kill(pid, SIGTERM);
    got = waitpid(pid, &status, 0);
    printf("all ended: %d %d\n", got == pid, WIFSIGNALED(status) ? WTERMSIG(status) : -1);
}

int main(void)
{
    setvbuf(stdout, 0, _IONBF, 0);
    sigset_t set;
    struct sigaction action;
    pthread_t waiter, sleeper;
    memset(&action, 0, sizeof action);
    action.sa_handler = takes;
    sigaction(SIGUSR1, &action, 0);
    self_of[0] = pthread_self();
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, 0);

    start(&waiter, waits);
    kill(getpid(), SIGUSR2);
    pthread_join(waiter, 0);
    self_of[1] = 0;

    start(&sleeper, sleeps);
    kill(getpid(), SIGUSR1);
    pthread_join(sleeper, 0);
    printf("taken by: %d %d %d\n", taken_by[0], taken_by[1], taken_by[2]);

    taken_by[0] = 0;
    pthread_kill(pthread_self(), SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &set, 0);
    printf("pthread_kill: %d\n", taken_by[0]);
    all_together();
    return 0;
}
