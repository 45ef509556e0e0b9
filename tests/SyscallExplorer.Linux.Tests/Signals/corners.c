/* Corners of signal delivery that the C library hides: single steps, flags, old calls, contexts that a handler changes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __x86_64__
#define IP REG_RIP
#define AX REG_RAX
#define FLAGS REG_EFL
#else
#define IP REG_EIP
#define AX REG_EAX
#define FLAGS REG_EFL
#endif

static volatile sig_atomic_t count, last_code, depth, deepest;
static sigjmp_buf place;

static void tell(const char *what, long result)
{
    int error = errno;
    printf("%s: %ld %s\n", what, result, result == -1 ? strerror(error) : "");
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    sigaction(signal, &action, 0);
}

static void steps(int signal, siginfo_t *info, void *context)
{
    count++;
    last_code = info->si_code;
}

static void single_step(void)
{
    handle(SIGTRAP, steps, 0);
#ifdef __x86_64__
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop; mov $1, %%eax; cpuid; nop; pushfq; andq $~0x100, (%%rsp); popfq; nop" ::: "rax", "rbx", "rcx", "rdx", "memory", "cc");
#else
    __asm__ volatile("pushl %%ebx; pushfl; orl $0x100, (%%esp); popfl; nop; nop; nop; pushfl; andl $~0x100, (%%esp); popfl; nop; popl %%ebx" ::: "memory", "cc");
#endif
    printf("single steps: %d, code %d\n", (int)count, (int)last_code);
    count = 0;
#ifdef __x86_64__
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; syscall; pushfq; andq $~0x100, (%%rsp); popfq; nop" :: "a"(SYS_getppid) : "rcx", "r11", "memory", "cc");
    printf("over a call: %d, code %d\n", (int)count, (int)last_code);
#endif
    __asm__ volatile(".byte 0xf1");
    printf("INT1: code %d\n", (int)last_code);
}

static void changes(int signal, siginfo_t *info, void *context)
{
    ucontext_t *user = context;
    user->uc_mcontext.gregs[IP] += 2;
    user->uc_mcontext.gregs[AX] = 77;
    sigaddset(&user->uc_sigmask, SIGUSR2);
}

static void changed_context(void)
{
    sigset_t now;
    int result = 0;
    handle(SIGILL, changes, 0);
    __asm__ volatile("ud2" : "=a"(result) : "a"(0));
    sigprocmask(SIG_BLOCK, 0, &now);
    printf("changed context: ax %d, SIGUSR2 blocked %d, SIGILL blocked %d\n", result, sigismember(&now, SIGUSR2), sigismember(&now, SIGILL));
    sigemptyset(&now);
    sigprocmask(SIG_SETMASK, &now, 0);
}

static void nests(int signal, siginfo_t *info, void *context)
{
    depth++;
    if (depth > deepest)
        deepest = depth;
    if (++count < 4)
        raise(signal);
    depth--;
}

static void nested(void)
{
    count = deepest = 0;
    handle(SIGUSR1, nests, SA_NODEFER);
    raise(SIGUSR1);
    printf("SA_NODEFER: %d deep, %d times\n", (int)deepest, (int)count);
    count = deepest = 0;
    handle(SIGUSR1, nests, 0);
    raise(SIGUSR1);
    printf("without: %d deep, %d times\n", (int)deepest, (int)count);
    struct sigaction now;
    handle(SIGUSR1, steps, SA_RESETHAND);
    raise(SIGUSR1);
    sigaction(SIGUSR1, 0, &now);
    printf("SA_RESETHAND: default %d, flags %x\n", now.sa_handler == SIG_DFL, (unsigned)now.sa_flags & ~0x04000000u);
}

static void floats(int signal, siginfo_t *info, void *context)
{
    unsigned short control = 0;
    unsigned mxcsr = 0;
    __asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(control), "=m"(mxcsr));
    printf("in the handler: control %x, MXCSR %x\n", control, mxcsr);
    __asm__ volatile("fldz; fldz; pcmpeqd %%xmm3, %%xmm3" ::: "memory");
}

static void float_state(void)
{
    unsigned short control = 0x27f, after = 0, status = 0;
    unsigned mxcsr = 0x7f80, mxcsr_after = 0;
    double value = 0;
    uint64_t vector = 0x123456789abcdef0ull, vector_after = 0;
    handle(SIGUSR1, floats, 0);
    long pid = getpid();
    __asm__ volatile("fldcw %3; ldmxcsr %4; fldpi; movq %5, %%xmm3; "
#ifdef __x86_64__
        "syscall; "
#else
        "int $0x80; "
#endif
        "fnstcw %0; stmxcsr %1; fnstsw %2; fstpl %6; movq %%xmm3, %7; "
        : "=m"(after), "=m"(mxcsr_after), "=m"(status)
        : "m"(control), "m"(mxcsr), "m"(vector), "m"(value), "m"(vector_after),
#ifdef __x86_64__
          "a"(SYS_kill), "D"(pid), "S"((long)SIGUSR1) : "rcx", "r11",
#else
          "a"(SYS_kill), "b"(pid), "c"(SIGUSR1) :
#endif
          "memory", "cc");
    __asm__ volatile("fninit");
    unsigned initial = 0x1f80;
    __asm__ volatile("ldmxcsr %0" :: "m"(initial));
    printf("after it: control %x, MXCSR %x, status %x, %.6f, %llx\n", after, mxcsr_after, status, value, (unsigned long long)vector_after);
}

static void jumps(int signal)
{
    siglongjmp(place, signal);
}

static void no_restorer(void)
{
    /* The handler can leave only by a jump. */
    struct { unsigned long handler, flags, restorer; uint64_t mask; } action = { (unsigned long)jumps, 0, 0, 0 };
    signal(SIGSEGV, jumps);
    syscall(SYS_rt_sigaction, SIGUSR1, &action, 0, 8);
    int got = sigsetjmp(place, 1);
    if (got == 0)
        raise(SIGUSR1);
    printf("without a restorer: signal %d\n", got);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
}

static void flags_of_action(void)
{
    struct { unsigned long handler, flags, restorer; uint64_t mask; } action = { 1, ~0ul, 0x1234, ~0ull };
    syscall(SYS_rt_sigaction, SIGUSR1, &action, 0, 8);
    memset(&action, 0, sizeof action);
    syscall(SYS_rt_sigaction, SIGUSR1, 0, &action, 8);
    printf("flags that are known: %lx, mask %llx\n", action.flags, (unsigned long long)action.mask);
    signal(SIGUSR1, SIG_DFL);
}

#ifndef __x86_64__
static void old_calls(void)
{
    struct { unsigned long handler, mask, flags, restorer; } action = { (unsigned long)jumps, 0x200, 0, 0 }, old;
    unsigned long pending = 0;
    printf("sigaction: %ld\n", syscall(67, SIGUSR1, &action, 0));
    memset(&old, 0, sizeof old);
    syscall(67, SIGUSR1, 0, &old);
    printf("it tells: %d %lx %lx\n", old.handler == (unsigned long)jumps, old.mask, old.flags);
    tell("sgetmask", syscall(68));
    tell("ssetmask", syscall(69, 0x800));
    tell("sgetmask", syscall(68));
    raise(SIGUSR2);
    tell("sigpending", syscall(73, &pending));
    tell("what waits", pending);
    int got = sigsetjmp(place, 1);
    if (got == 0)
        syscall(37, getpid(), SIGUSR1);
    printf("the handler of sigaction: %d\n", got);
    tell("signal", syscall(48, SIGUSR1, 1) == (long)jumps);
    tell("signal again", syscall(48, SIGUSR1, 0));
    syscall(48, SIGUSR2, 1);
    syscall(69, 0);
}
#endif

static void descriptor(void)
{
    struct signalfd_siginfo info[4];
    sigset_t set, both;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, 0);
    int file = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    tell("empty", read(file, info, sizeof info));
    tell("small", read(file, info, 100));
    union sigval value = { .sival_int = 4711 };
    sigqueue(getpid(), SIGRTMIN + 1, value);
    raise(SIGUSR1);
    sigqueue(getpid(), SIGRTMIN + 1, value);
    struct pollfd ready = { file, POLLIN | POLLOUT, 0 };
    tell("poll", poll(&ready, 1, 0));
    tell("events", ready.revents);
    int got = read(file, info, sizeof info);
    for (int i = 0; i < got / (int)sizeof *info; i++)
        printf("signal %d, code %d, from us %d, value %d\n", info[i].ssi_signo, info[i].ssi_code, info[i].ssi_pid == getpid(), info[i].ssi_int);
    sigemptyset(&both);
    sigaddset(&both, SIGUSR2);
    printf("another set: %d\n", signalfd(file, &both, 0) == file);
    raise(SIGUSR1);
    int flags = fcntl(file, F_GETFL);
    tell("flags", flags & (O_NONBLOCK | O_ACCMODE));
    tell("not in it", read(file, info, sizeof info));
    tell("wrong flags", signalfd(-1, &set, 1));
    tell("no signalfd", signalfd(0, &set, 0));
    close(file);
}

int main(void)
{
    setvbuf(stdout, 0, _IONBF, 0);
    single_step();
    changed_context();
    nested();
    float_state();
#ifndef __x86_64__
    no_restorer();
    old_calls();
#endif
    flags_of_action();
    descriptor();
    return 0;
}
