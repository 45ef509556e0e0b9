/* What a program needs of its kernel, whichever it is: files, a signal, a child, a thread, memory, the time and the FPU. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int seen;

static void handle(int signal)
{
    seen = signal;
}

static void *add(void *value)
{
    return (char *)value + 1;
}

int main(void)
{
    char text[16] = { 0 };
    int file = open("/tmp/greeting", O_CREAT | O_RDWR, 0644);
    write(file, "hello", 5);
    lseek(file, 0, SEEK_SET);
    printf("read %zd: %s\n", read(file, text, sizeof text - 1), text);
    close(file);

    signal(SIGUSR1, handle);
    raise(SIGUSR1);
    printf("signal %d\n", seen);

    fflush(stdout);
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(7);
    waitpid(child, &status, 0);
    printf("child %d\n", WEXITSTATUS(status));

    pthread_t thread;
    void *result = NULL;
    pthread_create(&thread, NULL, add, (void *)41);
    pthread_join(thread, &result);
    printf("thread %ld\n", (long)result);

    char *memory = malloc(1 << 20);
    memset(memory, 1, 1 << 20);
    int sum = 0;
    for (int i = 0; i < 1 << 20; i += 4096)
        sum += memory[i];
    free(memory);
    printf("memory %d\n", sum);

    double product = 1;
    for (int i = 1; i < 20; i++)
        product *= 1 + 1.0 / i;
    printf("product %.10g\n", product);

    struct timeval now;
    gettimeofday(&now, NULL);
    strftime(text, sizeof text, "%Y-%m-%d", gmtime(&now.tv_sec));
    printf("day %s\n", text);
    return 3;
}
