/* Restartable sequences: a signal or another task that comes in one sends it to its abort handler. */
#define _GNU_SOURCE
#include <errno.h>

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define SIGNATURE 0x53053053

struct sequence_area { uint32_t cpu_id_start, cpu_id; uint64_t rseq_cs; uint32_t flags, padding[3]; };
struct sequence { uint32_t version, flags; uint64_t start_ip, post_commit_offset, abort_ip; };

static _Alignas(32) struct sequence_area s_area;
static _Alignas(32) struct sequence s_section;
static volatile int s_signals, s_at_abort;

static void show(const char *what, long result)
{
    printf("%s: %ld\n", what, result < 0 ? (long)-errno : result);
    fflush(stdout);
}

extern char section_start[], section_end[], section_abort[];

/* Spins in a sequence until something sends it to its abort handler. */
__asm__(
    ".pushsection .text\n"
    ".globl spin\n"
    "spin:\n"
    "section_start:\n"
    "    jmp section_start\n"
    "section_end:\n"
    "    nop\n"
    "    .long 0x53053053\n"
    "section_abort:\n"
    "    mov $7, %eax\n"
    "    ret\n"
    ".popsection\n");
extern int spin(void);

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    ucontext_t *frame = context;
#ifdef __x86_64__
    uintptr_t ip = (uintptr_t)frame->uc_mcontext.gregs[REG_RIP];
#else
    uintptr_t ip = (uintptr_t)frame->uc_mcontext.gregs[REG_EIP];
#endif
    s_signals++;
    s_at_abort = ip == (uintptr_t)section_abort;
}

static void arm(void)
{
    s_section = (struct sequence){ .start_ip = (uintptr_t)section_start, .post_commit_offset = (uintptr_t)(section_end - section_start), .abort_ip = (uintptr_t)section_abort };
    s_area.rseq_cs = (uintptr_t)&s_section;
}

static void after(long microseconds)
{
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, microseconds } }, NULL);
}

static void child(const char *what, void (*body)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        body();
        _exit(0);
    }
    int status;
    waitpid(pid, &status, 0);
    printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    fflush(stdout);
}

static void wrong_signature(void)
{
    arm();
    s_section.abort_ip += 2;
    after(20000);
    spin();
}

static void wrong_descriptor(void)
{
    s_area.rseq_cs = 8;
    after(20000);
    pause();
}

static void abort_inside(void)
{
    arm();
    s_section.abort_ip = (uintptr_t)section_start;
    after(20000);
    spin();
}

static void inherited(void)
{
    arm();
    after(20000);
    _exit(spin() == 7 && s_area.rseq_cs == 0 ? 3 : 4);
}

extern const ptrdiff_t __rseq_offset __attribute__((weak));

/* The C library may have registered an area of its own, of a length that depends on its version and the kernel's. */
static void unregister_library(void)
{
    if (&__rseq_offset == NULL)
        return;
    char *area = (char *)__builtin_thread_pointer() + __rseq_offset;
    for (unsigned length = 1; length <= 256 && syscall(SYS_rseq, area, length, 1, SIGNATURE) != 0; length++)
        ;
}

int main(void)
{
    unregister_library();
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
    sigaction(SIGALRM, &action, NULL);
    show("register", syscall(SYS_rseq, &s_area, 32, 0, SIGNATURE));
    show("again", syscall(SYS_rseq, &s_area, 32, 0, SIGNATURE));
    show("another signature", syscall(SYS_rseq, &s_area, 32, 0, 1));
    printf("cpu %s\n", s_area.cpu_id == s_area.cpu_id_start && (int)s_area.cpu_id >= 0 ? "shown" : "hidden");
    fflush(stdout);

    /* Another task may come first; then the signal finds the thread elsewhere. */
    int result, rounds = 0;
    do {
        s_signals = 0;
        arm();
        after(20000);
        result = spin();
        while (s_signals == 0)
            ;
    } while (!s_at_abort && ++rounds < 100);
    printf("aborted: %d, handler saw the abort handler: %d, descriptor %s\n", result, s_at_abort, s_area.rseq_cs == 0 ? "cleared" : "left");
    fflush(stdout);

    /* Outside of the sequence the descriptor is only cleared. */
    arm();
    after(10000);
    pause();
    printf("handler saw the abort handler: %d, descriptor %s\n", s_at_abort, s_area.rseq_cs == 0 ? "cleared" : "left");
    fflush(stdout);

    child("wrong signature", wrong_signature);
    child("wrong descriptor", wrong_descriptor);
    child("abort handler inside", abort_inside);
    child("inherited by a child", inherited);
    show("unregister, wrong length", syscall(SYS_rseq, &s_area, 31, 1, SIGNATURE));
    show("unregister, wrong signature", syscall(SYS_rseq, &s_area, 32, 1, 1));
    show("unregister", syscall(SYS_rseq, &s_area, 32, 1, SIGNATURE));
    printf("cpu %d\n", (int)s_area.cpu_id);
    show("unregister again", syscall(SYS_rseq, &s_area, 32, 1, SIGNATURE));
    return 0;
}
