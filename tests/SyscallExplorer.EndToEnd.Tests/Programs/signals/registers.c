/* The floating-point and vector state over handlers: kept, fresh inside, and changed where the frame is changed. */
#include "../check.h"
#include <math.h>
#include <ucontext.h>

typedef unsigned char bytes[32] __attribute__((aligned(32)));

enum { Registers = sizeof(void *) == 8 ? 16 : 8 };

static unsigned s_control_inside;
static unsigned short s_x87_inside;
#ifdef __x86_64__
#define INSTRUCTION_POINTER REG_RIP
static volatile int s_change;
#else
#define INSTRUCTION_POINTER REG_EIP
#endif

/* Everything that a handler may use, used. */
__attribute__((target("sse2"))) static void disturbs(int signal, siginfo_t *info, void *context)
{
    ucontext_t *frame = context;
    (void)signal;
    (void)info;
    __asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(s_control_inside), "=m"(s_x87_inside));
    __asm__ volatile("pcmpeqb %%xmm0, %%xmm0; pcmpeqb %%xmm1, %%xmm1; pcmpeqb %%xmm2, %%xmm2; pcmpeqb %%xmm3, %%xmm3;"
                     "pcmpeqb %%xmm4, %%xmm4; pcmpeqb %%xmm5, %%xmm5; pcmpeqb %%xmm6, %%xmm6; pcmpeqb %%xmm7, %%xmm7"
                     : : : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
#ifdef __x86_64__
    if (s_change) {
        for (int i = 0; i < 4; i++)
            frame->uc_mcontext.fpregs->_xmm[3].element[i] = 0x01010101u * (unsigned)(i + 1);
    }
#endif
    __asm__ volatile("fninit; fldpi; fldl2e; fldpi");
    unsigned rounding = 0x7f80;
    __asm__ volatile("ldmxcsr %0" : : "m"(rounding));
    frame->uc_mcontext.gregs[INSTRUCTION_POINTER] += 2;
}

/* UD2 between loading and storing: no C code runs there but the handler. */
__attribute__((target("sse2"))) static void sse(bytes *out)
{
    bytes in[Registers];
    for (int i = 0; i < Registers; i++)
        memset(in[i], 0x10 + i, sizeof in[i]);
    __asm__ volatile(
        "movaps (%0), %%xmm0; movaps 32(%0), %%xmm1; movaps 64(%0), %%xmm2; movaps 96(%0), %%xmm3;"
        "movaps 128(%0), %%xmm4; movaps 160(%0), %%xmm5; movaps 192(%0), %%xmm6; movaps 224(%0), %%xmm7;"
#ifdef __x86_64__
        "movaps 256(%0), %%xmm8; movaps 288(%0), %%xmm9; movaps 480(%0), %%xmm15;"
#endif
        "ud2;"
        "movaps %%xmm0, (%1); movaps %%xmm1, 32(%1); movaps %%xmm2, 64(%1); movaps %%xmm3, 96(%1);"
        "movaps %%xmm4, 128(%1); movaps %%xmm5, 160(%1); movaps %%xmm6, 192(%1); movaps %%xmm7, 224(%1);"
#ifdef __x86_64__
        "movaps %%xmm8, 256(%1); movaps %%xmm9, 288(%1); movaps %%xmm15, 480(%1);"
#endif
        : : "r"(in), "r"(out)
        : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7"
#ifdef __x86_64__
        , "xmm8", "xmm9", "xmm15"
#endif
    );
}

/* The same with 32 bytes, where the processor has them; a difference is told, an absence is not. */
__attribute__((target("avx"))) static int with_avx(void)
{
    bytes in[2], out[2];
    for (int i = 0; i < 32; i++) {
        in[0][i] = (unsigned char)i;
        in[1][i] = (unsigned char)(200 - i);
    }
    __asm__ volatile("vmovaps (%0), %%ymm1; vmovaps 32(%0), %%ymm6; ud2; vmovaps %%ymm1, (%1); vmovaps %%ymm6, 32(%1); vzeroupper"
        : : "r"(in), "r"(out) : "memory", "xmm1", "xmm6");
    return memcmp(in, out, sizeof in) != 0;
}

static int avx_differs(void)
{
    return __builtin_cpu_supports("avx") && with_avx();
}

static void tick(int signal)
{
    (void)signal;
    volatile double sum = 0;
    for (int i = 1; i < 50; i++)
        sum = sum + 1.0 / i;
}

/* A long sum, cut by many handlers, against the same without. */
static double harmonic(int terms)
{
    double sum = 0;
    for (int i = 1; i < terms; i++)
        sum += 1.0 / ((double)i * i);
    return sum;
}

int main(void)
{
    struct sigaction action = { .sa_sigaction = disturbs, .sa_flags = SA_SIGINFO };
    sigaction(SIGILL, &action, NULL);
    bytes out[16] = { 0 };

    unsigned control = 0x5f80, control_after;
    unsigned short x87 = 0xb7f, x87_after, status;
    double top;
    __asm__ volatile("ldmxcsr %0; fninit; fldcw %1; fld1; fldpi" : : "m"(control), "m"(x87));
    sse(out);
    __asm__ volatile("stmxcsr %0; fnstcw %1; fnstsw %2; fstpl %3; fstp %%st(0)" : "=m"(control_after), "=m"(x87_after), "=m"(status), "=m"(top));
    unsigned normal = 0x1f80;
    __asm__ volatile("fninit; ldmxcsr %0" : : "m"(normal));
    say("MXCSR: %#x before, %#x inside, %#x after", control, s_control_inside, control_after);
    say("x87: %#x before, %#x inside, %#x after, top of stack %d, %.15f", x87, s_x87_inside, x87_after, status >> 11 & 7, top);
    for (int i = 0; i < 8; i++)
        say("xmm%d: %02x %02x", i, out[i][0], out[i][15]);
#ifdef __x86_64__
    say("xmm8: %02x, xmm9: %02x, xmm15: %02x", out[8][3], out[9][3], out[15][3]);
    s_change = 1;
    sse(out);
    s_change = 0;
    say("xmm3, changed by the handler: %02x %02x %02x %02x", out[3][0], out[3][4], out[3][8], out[3][15]);
#endif
    SHOW(avx_differs());

    signal(SIGALRM, tick);
    double undisturbed = harmonic(300000);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 200 }, { 0, 200 } }, NULL);
    double disturbed = harmonic(300000);
    setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
    HOLDS(undisturbed == disturbed);
    say("%.15f", disturbed);
    return 0;
}
