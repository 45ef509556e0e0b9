/* Signals that the processor raises: codes, addresses, registers in the frame, and going on at another place. */
#include "../check.h"
#include <limits.h>
#include <setjmp.h>
#include <ucontext.h>

#ifdef __x86_64__
#define REGISTER(name) REG_R##name
#else
#define REGISTER(name) REG_E##name
#endif

enum { Trap = 0x100, AlignmentCheck = 0x40000 };

static sigjmp_buf s_place;
static volatile int s_signal, s_code;
static void *volatile s_address;
static volatile unsigned long s_trap, s_error;
static volatile int s_steps;
static int s_good = 1234;

static void jumps(int signal, siginfo_t *info, void *context)
{
    ucontext_t *frame = context;
    s_signal = signal;
    s_code = info->si_code;
    s_address = info->si_addr;
    s_trap = (unsigned long)frame->uc_mcontext.gregs[REG_TRAPNO];
    s_error = (unsigned long)frame->uc_mcontext.gregs[REG_ERR];
    siglongjmp(s_place, 1);
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

#define FAULT(what, ...)                                                                                                          \
    do {                                                                                                                          \
        s_signal = 0;                                                                                                             \
        if (sigsetjmp(s_place, 1) == 0) {                                                                                         \
            __VA_ARGS__;                                                                                                          \
        }                                                                                                                         \
        say("%s: signal %d, code %d, trap %lu, error %lu", what, s_signal, s_code, s_trap, s_error);                              \
    } while (0)

static void pages(void)
{
    char *area = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(area + 4096, 4096);
    mprotect(area + 8192, 4096, PROT_READ);
    volatile char *hole = area + 4096 + 77, *constant = area + 8192 + 5;
    FAULT("reading a hole", (void)*hole);
    HOLDS(s_address == hole);
    FAULT("writing a hole", *hole = 1);
    HOLDS(s_address == hole);
    FAULT("writing what is read-only", *constant = 1);
    HOLDS(s_address == constant);
    mprotect(area, 4096, PROT_NONE);
    FAULT("reading what nobody may", (void)*(volatile char *)area);
    HOLDS(s_address == area);
    FAULT("reading address 8", (void)*(volatile int *)BAD_ADDRESS);
    HOLDS(s_address == BAD_ADDRESS);
    FAULT("running data", ((void (*)(void))(uintptr_t)constant)());
    HOLDS(s_address == constant);
    FAULT("writing code", *(volatile char *)(uintptr_t)pages = 1);
    HOLDS(s_address == (void *)(uintptr_t)pages);
#ifdef __x86_64__
    FAULT("a non-canonical address", (void)*(volatile char *)0x8000000000000000);
    HOLDS(s_address == NULL);
    FAULT("a kernel address", (void)*(volatile char *)0xffff800000000000);
    HOLDS(s_address == (void *)0xffff800000000000);
#endif
    munmap(area, 3 * 4096);
}

static unsigned s_masked = 0x1f80;

__attribute__((target("sse2"))) static void vector_fault(unsigned unmasked, double left, double right, int divide)
{
    unsigned control = s_masked & ~(0x80u << unmasked);
    __asm__ volatile("ldmxcsr %0; movsd %1, %%xmm0; movsd %2, %%xmm1" : : "m"(control), "m"(left), "m"(right) : "xmm0", "xmm1");
    if (divide)
        __asm__ volatile("divsd %%xmm1, %%xmm0" : : : "xmm0");
    else
        __asm__ volatile("mulsd %%xmm1, %%xmm0" : : : "xmm0");
}

static void arithmetic(void)
{
    volatile int zero = 0, least = INT_MIN, minus_one = -1, result;
    FAULT("dividing by zero", result = 5 / zero);
    FAULT("the quotient too large", result = least / minus_one);
    (void)result;
    static const struct {
        const char *name;
        unsigned bit;
        double left, right;
        int divide;
    } cases[] = {
        { "SSE: division by zero", 2, 1, 0, 1 },
        { "SSE: invalid", 0, 0, 0, 1 },
        { "SSE: overflow", 3, 1e308, 1e308, 0 },
        { "SSE: underflow", 4, 1e-308, 1e-308, 0 },
        { "SSE: inexact", 5, 1, 3, 1 },
    };
    for (volatile size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FAULT(cases[i].name, vector_fault(cases[i].bit, cases[i].left, cases[i].right, cases[i].divide));
        __asm__ volatile("ldmxcsr %0" : : "m"(s_masked));
    }

    unsigned short x87 = 0x37b;
    FAULT("x87: division by zero", __asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(x87)));
    __asm__ volatile("fninit");
}

static void instructions(void)
{
    FAULT("UD2", __asm__ volatile("ud2"));
    FAULT("INT3", __asm__ volatile("int3"));
    FAULT("INT 3 of two bytes", __asm__ volatile(".byte 0xcd, 3"));
    FAULT("INT 4", __asm__ volatile("int $4"));
    FAULT("INT 0x77", __asm__ volatile("int $0x77"));
    FAULT("HLT", __asm__ volatile("hlt"));
    FAULT("CLI", __asm__ volatile("cli"));
    FAULT("IN", __asm__ volatile("inb $0x60, %%al" : : : "eax"));
    FAULT("a bad segment", __asm__ volatile("movw %w0, %%es" : : "r"(0x1237)));
    FAULT("an SSE operand that is not aligned", char place[32] __attribute__((aligned(16)));
        __asm__ volatile("movaps %%xmm0, (%0)" : : "r"(place + 1) : "memory"));
}

/* Gives the failed instruction another address to read from. */
static void mends(int signal, siginfo_t *info, void *context)
{
    ucontext_t *frame = context;
    (void)signal;
    s_address = info->si_addr;
    frame->uc_mcontext.gregs[REGISTER(CX)] = (greg_t)(intptr_t)&s_good;
}

/* UD2 has two bytes. */
static void skips(int signal, siginfo_t *info, void *context)
{
    ucontext_t *frame = context;
    s_signal = signal;
    HOLDS(info->si_addr == (void *)(uintptr_t)frame->uc_mcontext.gregs[REGISTER(IP)]);
    frame->uc_mcontext.gregs[REGISTER(IP)] += 2;
    frame->uc_mcontext.gregs[REGISTER(BX)] ^= 0xff;
}

static void steps(int signal, siginfo_t *info, void *context)
{
    ucontext_t *frame = context;
    (void)signal;
    s_code = info->si_code;
    if (++s_steps == 5)
        frame->uc_mcontext.gregs[REG_EFL] &= ~Trap;
}

static void misaligned(int signal, siginfo_t *info, void *context)
{
    /* The flag still holds here, and no compiler aligns for it. */
#ifdef __x86_64__
    __asm__ volatile("pushfq; andl $~0x40000, (%%rsp); popfq" : : : "memory", "cc");
#else
    __asm__ volatile("pushfl; andl $~0x40000, (%%esp); popfl" : : : "memory", "cc");
#endif
    ucontext_t *frame = context;
    s_signal = signal;
    s_code = info->si_code;
    s_address = info->si_addr;
    frame->uc_mcontext.gregs[REG_EFL] &= ~AlignmentCheck;
}

static void edits(void)
{
    int got;
    handle(SIGSEGV, mends);
    __asm__ volatile("movl (%1), %0" : "=a"(got) : "c"(BAD_ADDRESS) : "memory");
    SHOW(got);
    HOLDS(s_address == BAD_ADDRESS);

    handle(SIGILL, skips);
    unsigned long value = 0x0f;
    __asm__ volatile("ud2" : "+b"(value));
    SHOW(value);
    SHOW(s_signal);

    handle(SIGTRAP, steps);
#ifdef __x86_64__
    __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop; nop; nop; nop; nop; nop; nop" : : : "memory", "cc");
#else
    __asm__ volatile("pushfl; orl $0x100, (%%esp); popfl; nop; nop; nop; nop; nop; nop; nop" : : : "memory", "cc");
#endif
    say("%d steps, code %d", s_steps, s_code);

    handle(SIGBUS, misaligned);
    static char buffer[16] __attribute__((aligned(16)));
#ifdef __x86_64__
    __asm__ volatile("pushfq; orl $0x40000, (%%rsp); popfq; movl %%eax, (%0)" : : "c"(buffer + 1) : "memory", "cc");
#else
    __asm__ volatile("pushfl; orl $0x40000, (%%esp); popfl; movl %%eax, (%0)" : : "c"(buffer + 1) : "memory", "cc");
#endif
    say("misaligned: signal %d, code %d", s_signal, s_code);
}

static void fatal(void)
{
    handle(SIGSEGV, jumps);
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGSEGV);
        sigprocmask(SIG_BLOCK, &set, NULL);
        *(volatile int *)BAD_ADDRESS = 1;
        _exit(0);
    }
    reap("a fault while its signal is blocked", pid);
    pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_IGN);
        *(volatile int *)BAD_ADDRESS = 1;
        _exit(0);
    }
    reap("a fault while its signal is ignored", pid);
    pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_IGN);
        raise(SIGSEGV);
        _exit(3);
    }
    reap("the same signal, only sent", pid);
}

int main(void)
{
    handle(SIGSEGV, jumps);
    handle(SIGFPE, jumps);
    handle(SIGILL, jumps);
    handle(SIGTRAP, jumps);
    handle(SIGBUS, jumps);
    pages();
    arithmetic();
    instructions();
    edits();
    fatal();
    return 0;
}
