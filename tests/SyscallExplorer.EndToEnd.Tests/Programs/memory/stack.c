/* The stack grows to some megabytes by itself, down to its limit and not farther; code made at run time. */
#include "../check.h"
#include <alloca.h>
#include <setjmp.h>

static sigjmp_buf s_place;
static char s_other[65536] __attribute__((aligned(16)));

static void faulted(int signal)
{
    siglongjmp(s_place, signal);
}

static unsigned use(size_t size)
{
    volatile unsigned char *area = alloca(size);
    unsigned sum = 0;
    for (size_t i = 0; i < size; i += 4096)
        sum += area[size - 1 - i] = (unsigned char)(i >> 12);
    return sum;
}

static unsigned grow(int depth)
{
    volatile char frame[4000];
    memset((char *)frame, depth, sizeof frame);
    return depth == 0 ? 0 : grow(depth - 1) + (unsigned char)frame[depth % 4000];
}

int main(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_STACK, &limit);
    limit.rlim_cur = 8 << 20;
    CALL(setrlimit(RLIMIT_STACK, &limit));
    SHOW(grow(1500));
    SHOW(use(6 << 20));
    SHOW(use(7 << 20));

    stack_t stack = { .ss_sp = s_other, .ss_size = sizeof s_other };
    sigaltstack(&stack, NULL);
    struct sigaction action = { .sa_handler = faulted, .sa_flags = SA_ONSTACK };
    sigaction(SIGSEGV, &action, NULL);
    int signal = sigsetjmp(s_place, 1);
    if (signal == 0)
        SHOW(use(9 << 20));
    else
        say("9 megabytes: signal %d", signal);

    /* A thousand bytes of machine code: mov eax, n; ret. */
    unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 100; i++) {
        unsigned char *at = code + i * 6;
        at[0] = 0xb8;
        memcpy(at + 1, &(int){ i * 7 }, 4);
        at[5] = 0xc3;
    }
    CALL(mprotect(code, 4096, PROT_READ | PROT_EXEC));
    int sum = 0;
    for (int i = 0; i < 100; i++)
        sum += ((int (*)(void))(uintptr_t)(code + i * 6))();
    SHOW(sum);
    CALL(mprotect(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
    memcpy(code + 1, &(int){ 12345 }, 4);
    SHOW(((int (*)(void))(uintptr_t)code)());
    return 0;
}
