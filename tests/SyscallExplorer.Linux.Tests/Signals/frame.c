/* Raises a signal with known registers and prints the frame that the kernel made, byte for byte; then, when asked, damages the frame and prints
   what sigreturn made of it.

   frame FLAGS [DAMAGE]     s: SA_SIGINFO   a: alternate stack   r: no restorer   f: a page fault instead of kill   d: SS_AUTODISARM */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef unsigned long word;

enum { DUMP = 6144, FILL = 16384, STACK = 16384 };

struct action { word handler, flags, restorer; uint64_t mask; };

unsigned char dump[DUMP];
word entry[12];                 /* sp ax bx cx dx si di bp flags cs ss ds */
word after[12];
word probe_sp, segments[4], pid;
unsigned char state[4096] __attribute__((aligned(64)));
static unsigned char room[3 * STACK] __attribute__((aligned(4096)));
static const char *damage = "";

void probe(int fault);
extern char handler[], restorer[], raised[], faulted[];
void seen(word frame);

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)

__asm__(".data\n.balign 16\nvalues: .quad 0x1111222233334444, 0x5555666677778888, 0x99990000aaaabbbb, 0xccccddddeeeeffff\n"
        "mxcsr: .long 0x3f80\ncontrol: .word 0x127f\n.text\n");

#ifdef __x86_64__
__asm__(
    "restorer: mov $15, %eax\n syscall\n"
    "handler:\n"
    " mov %rax, entry+8(%rip)\n mov %rdi, entry+48(%rip)\n mov %rsi, entry+40(%rip)\n mov %rdx, entry+32(%rip)\n mov %rbx, entry+16(%rip)\n"
    " mov %rsp, entry(%rip)\n pushf\n pop %rax\n mov %rax, entry+64(%rip)\n mov %cs, %eax\n mov %rax, entry+72(%rip)\n"
    " mov %ss, %eax\n mov %rax, entry+80(%rip)\n"
    " mov %rsp, %rsi\n lea dump(%rip), %rdi\n mov $" NUMBER(6144) ", %ecx\n rep movsb\n"
    " mov %rsp, %rdi\n push %rbp\n mov %rsp, %rbp\n and $-16, %rsp\n call seen\n leave\n ret\n"
    "probe:\n push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n mov %edi, %ebx\n"
    " mov %rsp, probe_sp(%rip)\n lea -(16384+128)(%rsp), %rdi\n mov $16384, %ecx\n mov $0xa5, %al\n rep stosb\n"
    " fninit\n fldcw control(%rip)\n fldpi\n fld1\n fldz\n ldmxcsr mxcsr(%rip)\n movups values(%rip), %xmm0\n movups values+16(%rip), %xmm7\n movups values(%rip), %xmm15\n"
    " vinsertf128 $1, values(%rip), %ymm1, %ymm1\n"
    " mov $0x0808080808080808, %r8\n mov $0x0909090909090909, %r9\n mov $0x1010101010101010, %r10\n mov $0x1212121212121212, %r12\n"
    " mov $0x1313131313131313, %r13\n mov $0x1414141414141414, %r14\n mov $0x1515151515151515, %r15\n mov $0x0b0b0b0b0b0b0b0b, %rbp\n"
    " mov $0x0d0d0d0d0d0d0d0d, %rdx\n mov pid(%rip), %rdi\n mov $10, %esi\n mov $62, %eax\n test %ebx, %ebx\n mov $0x0c0c0c0c0c0c0c0c, %rbx\n jne faulted\n"
    " std\n syscall\nraised: jmp 1f\n"
    "faulted: movb $1, 0x1234\n1:\n"
    " mov %rsp, after(%rip)\n mov %rax, after+8(%rip)\n mov %rbx, after+16(%rip)\n mov %rcx, after+24(%rip)\n mov %rdx, after+32(%rip)\n mov %rsi, after+40(%rip)\n"
    " mov %rdi, after+48(%rip)\n mov %rbp, after+56(%rip)\n pushf\n pop %rax\n mov %rax, after+64(%rip)\n cld\n mov %cs, %eax\n mov %rax, after+72(%rip)\n mov %ss, %eax\n mov %rax, after+80(%rip)\n"
    " mov $7, %eax\n xor %edx, %edx\n xsave64 state(%rip)\n fninit\n"
    " mov probe_sp(%rip), %rsp\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n");
#else
__asm__(
    "restorer: mov $173, %eax\n int $0x80\n"
    "oldrestorer: pop %eax\n mov $119, %eax\n int $0x80\n"
    "handler:\n"
    " mov %eax, entry+4\n mov %edi, entry+24\n mov %esi, entry+20\n mov %edx, entry+16\n mov %ecx, entry+12\n mov %ebx, entry+8\n"
    " mov %esp, entry\n pushf\n pop %eax\n mov %eax, entry+32\n mov %cs, %eax\n mov %eax, entry+36\n mov %ss, %eax\n mov %eax, entry+40\n mov %ds, %eax\n mov %eax, entry+44\n"
    " mov %esp, %esi\n mov $dump, %edi\n mov $6144, %ecx\n rep movsb\n"
    " mov %esp, %eax\n push %ebp\n mov %esp, %ebp\n and $-16, %esp\n sub $12, %esp\n push %eax\n call seen\n leave\n ret\n"
    "probe:\n mov 4(%esp), %eax\n push %ebx\n push %ebp\n push %esi\n push %edi\n mov %eax, %ebx\n"
    " mov %esp, probe_sp\n lea -16384(%esp), %edi\n mov $16384, %ecx\n mov $0xa5, %al\n rep stosb\n"
    " mov %gs, segments\n mov %fs, segments+4\n mov %es, segments+8\n mov %ds, segments+12\n"
    " fninit\n fldcw control\n fldpi\n fld1\n fldz\n ldmxcsr mxcsr\n movups values, %xmm0\n movups values+16, %xmm7\n"
    " vinsertf128 $1, values, %ymm1, %ymm1\n"
    " mov $0x0b0b0b0b, %ebp\n mov $0x0d0d0d0d, %edx\n mov $0x0e0e0e0e, %esi\n mov $0x0f0f0f0f, %edi\n mov $10, %ecx\n test %ebx, %ebx\n mov pid, %ebx\n mov $37, %eax\n jne faulted\n"
    " std\n int $0x80\nraised: jmp 1f\n"
    "faulted: movb $1, 0x1234\n1:\n"
    " mov %esp, after\n mov %eax, after+4\n mov %ebx, after+8\n mov %ecx, after+12\n mov %edx, after+16\n mov %esi, after+20\n mov %edi, after+24\n mov %ebp, after+28\n"
    " pushf\n pop %eax\n mov %eax, after+32\n cld\n mov %cs, %eax\n mov %eax, after+36\n mov %ss, %eax\n mov %eax, after+40\n"
    " mov $7, %eax\n xor %edx, %edx\n xsave state\n fninit\n"
    " mov probe_sp, %esp\n pop %edi\n pop %esi\n pop %ebp\n pop %ebx\n ret\n");
extern char oldrestorer[];
#endif

static void hex(const char *name, const void *bytes, size_t count)
{
    printf("%s=", name);
    for (size_t i = 0; i < count; i++)
        printf("%02x", ((const unsigned char *)bytes)[i]);
    putchar('\n');
}

static void words(const char *name, const word *values, int count)
{
    printf("%s=", name);
    for (int i = 0; i < count; i++)
        printf(i ? ",%lx" : "%lx", values[i]);
    putchar('\n');
}

/* Where the floating-point pointer, the flags and the image are, by what the frame itself says. */
void seen(word frame)
{
    hex("dump", dump, DUMP);
    words("entry", entry, 12);
    if (!*damage)
        return;
    unsigned char *bytes = (unsigned char *)frame;
#ifdef __x86_64__
    word *fpu = (word *)(bytes + 8 + 40 + 184), *flags = (word *)(bytes + 8 + 40 + 136), legacy = 0;
    word *ip = flags - 1, *cs = flags + 1;
#else
    int rt = entry[4] != 0;
    unsigned char *context = bytes + (rt ? 16 + 128 + 20 : 8);
    word *fpu = (word *)(context + 76), *flags = (word *)(context + 64), *ip = (word *)(context + 56), *cs = (word *)(context + 60), legacy = 112;
#endif
    unsigned char *image = (unsigned char *)*fpu + legacy;
    uint32_t *software = (uint32_t *)(image + 464);
    *ip += strstr(damage, "skip") ? (sizeof(word) == 8 ? 8 : 7) : 0;
    if (!strcmp(damage, "nofpu")) *fpu = 0;
    if (!strcmp(damage, "magic1")) software[0] = 0;
    if (!strcmp(damage, "magic2")) *(uint32_t *)(image + software[4]) = 0;
    if (!strcmp(damage, "unknown")) *(uint64_t *)(image + 512) |= 1ull << 50;
    if (!strcmp(damage, "compacted")) image[527] = 0x80;
    if (!strcmp(damage, "reserved")) image[540] = 1;
    if (!strcmp(damage, "onlyx87")) software[2] = 1;
    if (!strcmp(damage, "absent")) *(uint64_t *)(image + 512) = 0;
    if (!strcmp(damage, "mxcsr")) image[27] = 1;
    if (!strcmp(damage, "short")) software[4] = 575;
    if (!strcmp(damage, "long")) software[4] = software[1] + 4;
    if (!strcmp(damage, "flags")) *flags = ~0x40100ul;
    if (!strcmp(damage, "noflags")) *flags = 0;
    if (!strcmp(damage, "far")) *fpu = 0x10;
    if (!strcmp(damage, "cs")) *(unsigned short *)cs &= ~3;
    if (!strcmp(damage, "x87")) memset(image + 32, 0x77, 10), memset(image - 80, 0x66, 10);
    hex("damaged", bytes, DUMP);
}

static void died(int signal)
{
    static const char text[] = "died\n";
    fflush(stdout);
    write(1, text, sizeof text - 1);
    _exit(signal == 0);
}

int main(int argc, char **argv)
{
    const char *flags = argc > 1 ? argv[1] : "";
    damage = argc > 2 ? argv[2] : "";
    volatile char below[DUMP];      /* so that the dump ends below the top of the stack */
    below[0] = 0;
    pid = getpid();
    setvbuf(stdout, malloc(1 << 16), _IOFBF, 1 << 16);
    memset(room, 0xa5, sizeof room);
    stack_t stack = { room + STACK, strchr(flags, 'd') ? 1 << 31 : 0, STACK };
    if (strchr(flags, 'a'))
        sigaltstack(&stack, 0);
    struct action action = { (word)handler, 0x04000000, (word)restorer, 0 };
#ifndef __x86_64__
    if (!strchr(flags, 's'))
        action.restorer = (word)oldrestorer;
#endif
    if (strchr(flags, 's')) action.flags |= SA_SIGINFO;
    if (strchr(flags, 'a')) action.flags |= SA_ONSTACK;
    if (strchr(flags, 'r')) action.flags &= ~0x04000000, action.restorer = 0;
    struct sigaction end;
    memset(&end, 0, sizeof end);
    end.sa_handler = died;
    if (!strchr(flags, 'f'))
        sigaction(SIGSEGV, &end, 0);
    syscall(SYS_rt_sigaction, strchr(flags, 'f') ? SIGSEGV : SIGUSR1, &action, 0, 8);
    uint64_t mask = 0x8000000100000002ull;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
    if (strchr(flags, 'f'))
        damage = "skip";
    word facts[] = { pid, getuid(), (word)handler, action.flags, action.restorer, (word)raised, (word)faulted, (word)stack.ss_sp, (word)getauxval(AT_SYSINFO_EHDR) };
    words("facts", facts, 9);
    probe(strchr(flags, 'f') != 0);
    words("probe", &probe_sp, 1);
    words("segments", segments, 4);
    words("after", after, 12);
    hex("state", state, 832);
    return 0;
}
