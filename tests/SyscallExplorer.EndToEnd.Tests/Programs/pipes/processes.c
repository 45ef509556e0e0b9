/* Pipes between processes: a megabyte, writers that must not mix, a ring, a chain of filters. */
#include "../check.h"

enum { Megabyte = 1 << 20, Message = 512, Messages = 200, Writers = 4 };

static void a_megabyte(size_t piece)
{
    int channel[2];
    pipe(channel);
    pid_t pid = fork();
    if (pid == 0) {
        static unsigned char block[Megabyte];
        close(channel[0]);
        for (size_t i = 0; i < Megabyte; i++)
            block[i] = (unsigned char)(i * 7 + i / 256);
        say("write gave %d", (int)write(channel[1], block, Megabyte));
        _exit(0);
    }
    close(channel[1]);
    unsigned char *part = malloc(piece);
    size_t total = 0, wrong = 0;
    for (ssize_t got; (got = read(channel[0], part, piece)) > 0;) {
        for (ssize_t i = 0; i < got; i++, total++)
            wrong += part[i] != (unsigned char)(total * 7 + total / 256);
    }
    free(part);
    close(channel[0]);
    reap("the writer", pid);
    say("in pieces of %d: %d bytes, %d wrong", (int)piece, (int)total, (int)wrong);
}

static void no_mixing(void)
{
    int channel[2];
    pipe(channel);
    for (int writer = 0; writer < Writers; writer++) {
        if (fork() == 0) {
            char message[Message];
            memset(message, 'a' + writer, sizeof message);
            for (int i = 0; i < Messages; i++) {
                if (write(channel[1], message, sizeof message) != sizeof message)
                    _exit(1);
            }
            _exit(0);
        }
    }
    close(channel[1]);
    char message[Message];
    int counts[Writers] = { 0 }, mixed = 0;
    size_t have = 0;
    for (ssize_t got; (got = read(channel[0], message + have, Message - have)) > 0;) {
        have += (size_t)got;
        if (have < Message)
            continue;
        have = 0;
        for (int i = 1; i < Message; i++)
            mixed += message[i] != message[0];
        if (message[0] >= 'a' && message[0] < 'a' + Writers)
            counts[message[0] - 'a']++;
    }
    for (int status; wait(&status) > 0;) {
        if (status != 0)
            tell("a writer", status);
    }
    for (int writer = 0; writer < Writers; writer++)
        say("writer %c: %d messages", 'a' + writer, counts[writer]);
    SHOW(mixed);
    close(channel[0]);
}

static void ring(int members, int rounds)
{
    int links[8][2];
    for (int i = 0; i < members; i++)
        pipe(links[i]);
    for (int i = 1; i < members; i++) {
        if (fork() == 0) {
            for (int token; read(links[i][0], &token, sizeof token) == sizeof token && token >= 0;) {
                token++;
                write(links[(i + 1) % members][1], &token, sizeof token);
            }
            int stop = -1;
            write(links[(i + 1) % members][1], &stop, sizeof stop);
            _exit(0);
        }
    }
    int token = 0;
    for (int round = 0; round < rounds; round++) {
        token++;
        write(links[1][1], &token, sizeof token);
        read(links[0][0], &token, sizeof token);
    }
    say("after %d rounds of %d the token is %d", rounds, members, token);
    token = -1;
    write(links[1][1], &token, sizeof token);
    read(links[0][0], &token, sizeof token);
    SHOW(token);
    while (wait(NULL) > 0)
        continue;
    for (int i = 0; i < members; i++) {
        close(links[i][0]);
        close(links[i][1]);
    }
}

/* numbers | only the odd ones | their squares: each a process with its standard streams redirected. */
static int stage(int input, int output, void (*body)(void))
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    for (int file = 3; file < 16; file++)
        close(file);
    body();
    fflush(stdout);
    _exit(0);
}

static void numbers(void)
{
    for (int i = 1; i <= 20000; i++)
        printf("%d\n", i);
}

static void odd(void)
{
    for (int number; scanf("%d", &number) == 1;) {
        if (number % 2 != 0)
            printf("%d\n", number);
    }
}

static void squares(void)
{
    for (long long number; scanf("%lld", &number) == 1;)
        printf("%lld\n", number * number);
}

static void chain(void)
{
    int first[2], second[2], third[2];
    pipe(first);
    pipe(second);
    pipe(third);
    stage(STDIN_FILENO, first[1], numbers);
    stage(first[0], second[1], odd);
    stage(second[0], third[1], squares);
    close(first[0]);
    close(first[1]);
    close(second[0]);
    close(second[1]);
    close(third[1]);
    FILE *file = fdopen(third[0], "r");
    long long sum = 0, count = 0;
    for (long long number; fscanf(file, "%lld", &number) == 1; count++)
        sum += number;
    say("%lld squares, their sum is %lld", count, sum);
    fclose(file);
    while (wait(NULL) > 0)
        continue;
}

int main(void)
{
    a_megabyte(1000);
    a_megabyte(4096);
    a_megabyte(Megabyte);
    no_mixing();
    ring(2, 1000);
    ring(5, 200);
    chain();
    return 0;
}
