/* Memory and fork: copies on write in both directions, shared areas, deep families, much memory. */
#include "../check.h"

enum { Page = 4096, Pages = 512 };

static unsigned sum_of(const unsigned char *area, size_t length)
{
    unsigned sum = 1;
    for (size_t i = 0; i < length; i += 64)
        sum = sum * 31 + area[i];
    return sum;
}

static void copies(void)
{
    unsigned char *area = mmap(NULL, Pages * Page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < Pages; i++)
        area[i * Page] = (unsigned char)i;
    say("before: %u", sum_of(area, Pages * Page));
    int there[2], back[2];
    pipe(there);
    pipe(back);
    char c = 'x';
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < Pages; i += 2)
            area[i * Page] = 200;
        say("the child writes: %u", sum_of(area, Pages * Page));
        write(back[1], &c, 1);
        read(there[0], &c, 1);
        say("the child after its parent wrote: %u", sum_of(area, Pages * Page));
        _exit(0);
    }
    read(back[0], &c, 1);
    say("the parent after its child wrote: %u", sum_of(area, Pages * Page));
    for (int i = 0; i < Pages; i += 3)
        area[i * Page] = 100;
    say("the parent writes: %u", sum_of(area, Pages * Page));
    write(there[1], &c, 1);
    reap("the child", pid);
    say("at the end: %u", sum_of(area, Pages * Page));
    munmap(area, Pages * Page);
    close(there[0]);
    close(there[1]);
    close(back[0]);
    close(back[1]);
}

static void shared(void)
{
    volatile int *counters = mmap(NULL, Page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int *private = mmap(NULL, Page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 8; i++) {
        if (fork() == 0) {
            for (int round = 0; round < 1000; round++)
                __atomic_add_fetch(counters, 1, __ATOMIC_SEQ_CST);
            counters[1 + i] = (int)getpid();
            (*private)++;
            _exit(*private);
        }
    }
    int ones = 0;
    for (int status; wait(&status) > 0;)
        ones += WEXITSTATUS(status);
    int named = 0;
    for (int i = 0; i < 8; i++)
        named += counters[1 + i] != 0;
    say("%d counted, %d left their names, %d saw a one", *counters, named, ones);
    SHOW(*private);

    /* Changed protection belongs to one process only. */
    pid_t pid = fork();
    if (pid == 0) {
        mprotect((void *)counters, Page, PROT_READ);
        *counters = 7;
        _exit(0);
    }
    reap("a child that protects and writes", pid);
    *counters = 8;
    SHOW(*counters);

    /* What was unmapped in the child stays in the parent. */
    pid = fork();
    if (pid == 0) {
        munmap((void *)counters, Page);
        _exit(0);
    }
    reap("a child that unmaps", pid);
    SHOW(*counters);
    munmap((void *)counters, Page);
    munmap(private, Page);
}

/* A variable on the stack, on the heap and among the data, changed by each generation. */
static int s_data = 1;

static void family(void)
{
    int stack = 10;
    int *heap = malloc(sizeof *heap);
    *heap = 100;
    pid_t first = 0;
    for (int generation = 1; generation <= 6; generation++) {
        pid_t pid = fork();
        if (pid != 0) {
            int status;
            waitpid(pid, &status, 0);
            if (generation == 1)
                first = pid;
            else
                _exit(s_data + stack + *heap == 111 + 3 * (generation - 1) ? WEXITSTATUS(status) + 1 : 100);
            say("%d generations", WEXITSTATUS(status));
            break;
        }
        s_data++;
        stack++;
        (*heap)++;
    }
    if (first == 0)
        _exit(1);
    say("%d %d %d", s_data, stack, *heap);
    free(heap);
}

static void much(void)
{
    size_t size = 48u << 20;
    unsigned char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    HOLDS(area != MAP_FAILED);
    unsigned sum = 0;
    for (size_t i = 0; i < size; i += 16 * Page) {
        sum += area[i];
        area[i] = (unsigned char)(i >> 16);
    }
    SHOW(sum);
    for (size_t i = 0; i < size; i += 16 * Page)
        sum += area[i];
    SHOW(sum);
    munmap(area, size);
}

int main(void)
{
    copies();
    shared();
    family();
    much();
    return 0;
}
