/* mmap, munmap, mremap, madvise, brk: what is there afterwards, and what is refused. */
#include "../check.h"
#include <setjmp.h>

enum { Page = 4096 };

static sigjmp_buf s_place;
static volatile int s_code;

static void faulted(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    s_code = info->si_code;
    siglongjmp(s_place, signal);
}

/* 'r' readable, 'w' writable, '-' protected, '.' nothing there. */
static char access_of(volatile char *address)
{
    int signal = sigsetjmp(s_place, 1);
    if (signal != 0)
        return s_code == SEGV_MAPERR ? '.' : '-';
    char value = *address;
    signal = sigsetjmp(s_place, 1);
    if (signal != 0)
        return 'r';
    *address = value;
    return 'w';
}

static void show(const char *what, char *area, int pages)
{
    char text[32] = "";
    for (int i = 0; i < pages; i++)
        text[i] = access_of(area + i * Page);
    say("%s: %s", what, text);
}

static char *map(int pages, int protection)
{
    return mmap(NULL, (size_t)pages * Page, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int is_zero(const char *area, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (area[i] != 0)
            return 0;
    }
    return 1;
}

static void holes(void)
{
    char *area = map(8, PROT_READ | PROT_WRITE);
    HOLDS(is_zero(area, 8 * Page));
    HOLDS((uintptr_t)area % Page == 0);
    show("eight pages", area, 8);
    CALL(munmap(area + 2 * Page, Page));
    CALL(munmap(area + 5 * Page, 2 * Page));
    show("with holes", area, 8);
    CALL(munmap(area + 2 * Page, Page));
    CALL(mprotect(area, Page, PROT_NONE));
    CALL(mprotect(area + Page, Page, PROT_READ));
    show("protected", area, 8);
    CALL(mprotect(area, 4 * Page, PROT_READ | PROT_WRITE));
    show("half changed", area, 8);
    HOLDS(mmap(area + 5 * Page, Page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area + 5 * Page);
    HOLDS(mmap(area + 7 * Page, Page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area + 7 * Page);
    GOOD((intptr_t)mmap(area + 4 * Page, 2 * Page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    HOLDS(mmap(area + 6 * Page, Page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == area + 6 * Page);
    show("filled", area, 8);
    CALL(munmap(area, 8 * Page));
    show("gone", area, 8);
    /* A hint is taken where there is room. */
    HOLDS(mmap(area, Page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == area);
    HOLDS(mmap(area, Page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != area);
    munmap(area, Page);
}

static void refusals(void)
{
    char *area = map(2, PROT_READ);
    GOOD((intptr_t)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    GOOD((intptr_t)mmap(NULL, Page, PROT_READ, MAP_ANONYMOUS, -1, 0));
    GOOD((intptr_t)mmap(NULL, Page, PROT_READ, MAP_PRIVATE, -1, 0));
    GOOD((intptr_t)mmap(area + 1, Page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    GOOD((intptr_t)mmap(NULL, SIZE_MAX - 2 * Page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    CALL(munmap(area + 1, Page));
    CALL(munmap(area, 0));
    CALL(mprotect(area + 1, Page, PROT_READ));
    CALL(mprotect(area, 0, PROT_READ));
    CALL(munmap(area + Page, Page));
    CALL(mprotect(area, 2 * Page, PROT_NONE));
    show("changed up to the hole", area, 2);
    CALL(madvise(area, 2 * Page, MADV_DONTNEED));
    CALL(madvise(area, Page, 12345));
    CALL(madvise(area + 1, Page, MADV_DONTNEED));
    CALL(msync(area, Page, 77));
    CALL(msync(area + Page, Page, MS_SYNC));
    unsigned char resident[2];
    CALL(mincore(area + Page, Page, resident));
    munmap(area, Page);
}

static void remapping(void)
{
    char *area = map(4, PROT_READ | PROT_WRITE);
    for (int i = 0; i < 4; i++)
        area[i * Page] = (char)('a' + i);
    HOLDS(mremap(area, 4 * Page, 2 * Page, 0) == area);
    show("shrunk", area, 4);
    HOLDS(mremap(area, 2 * Page, 4 * Page, 0) == area);
    say("grown in place: '%c' '%c' %d", area[0], area[Page], area[2 * Page]);
    show("grown in place", area, 4);

    char *wall = mmap(area + 4 * Page, Page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    GOOD((intptr_t)mremap(area, 4 * Page, 6 * Page, 0));
    char *moved = mremap(area, 4 * Page, 6 * Page, MREMAP_MAYMOVE);
    HOLDS(moved != area);
    say("moved: '%c' '%c' %d", moved[0], moved[Page], moved[5 * Page]);
    show("where it was", area, 4);
    HOLDS(mremap(moved, 2 * Page, 2 * Page, MREMAP_MAYMOVE | MREMAP_FIXED, area) == area);
    say("moved back: '%c' '%c'", area[0], area[Page]);
    show("what is left behind", moved, 6);
    GOOD((intptr_t)mremap(area, 3 * Page, 6 * Page, MREMAP_MAYMOVE));
    GOOD((intptr_t)mremap(area + 1, Page, 2 * Page, MREMAP_MAYMOVE));
    GOOD((intptr_t)mremap(area, Page, 0, 0));
    GOOD((intptr_t)mremap(area, Page, Page, MREMAP_FIXED, moved));
    munmap(area, 4 * Page);
    munmap(moved, 6 * Page);
    munmap(wall, Page);

    /* A large area of a quarter megabyte grows by steps, and keeps what is in it. */
    size_t size = 256 << 10;
    unsigned *numbers = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < size / sizeof *numbers; i++)
        numbers[i] = (unsigned)i * 2654435761u;
    for (size_t larger = size * 2; larger <= size * 16; larger *= 2)
        numbers = mremap(numbers, larger / 2, larger, MREMAP_MAYMOVE);
    int wrong = 0;
    for (size_t i = 0; i < size / sizeof *numbers; i++)
        wrong += numbers[i] != (unsigned)i * 2654435761u;
    SHOW(wrong);
    HOLDS(is_zero((char *)numbers + size, size));
    munmap(numbers, size * 16);
}

static void advice(void)
{
    char *area = map(4, PROT_READ | PROT_WRITE);
    memset(area, 'x', 4 * Page);
    CALL(madvise(area + Page, 2 * Page, MADV_DONTNEED));
    say("%d %d %d %d", area[0], area[Page], area[3 * Page - 1], area[3 * Page]);
    CALL(madvise(area, 4 * Page, MADV_WILLNEED));
    CALL(madvise(area, 4 * Page, MADV_SEQUENTIAL));
    CALL(madvise(area, 4 * Page, MADV_NORMAL));
    CALL(madvise(area, 4 * Page, MADV_DONTFORK));
    pid_t pid = fork();
    if (pid == 0)
        _exit(access_of(area) == '.' ? 1 : 2);
    reap("a child without the area", pid);
    CALL(madvise(area, 4 * Page, MADV_DOFORK));
    CALL(madvise(area, 4 * Page, MADV_WIPEONFORK));
    pid = fork();
    if (pid == 0)
        _exit(is_zero(area, 4 * Page) ? 1 : 2);
    reap("a child with a wiped area", pid);
    say("%d", area[0]);
    munmap(area, 4 * Page);
}

/* The call itself: not every library lets its programs move the break. */
static char *break_at(char *address)
{
    return (char *)syscall(SYS_brk, address);
}

static void breaks(void)
{
    char *start = break_at(NULL);
    HOLDS(break_at(start + 3 * Page + 100) == start + 3 * Page + 100);
    HOLDS(is_zero(start, 3 * Page + 100));
    memset(start, 'b', 3 * Page + 100);
    HOLDS(break_at(NULL) == start + 3 * Page + 100);
    HOLDS(break_at(start) == start);
    HOLDS(break_at(start + 3 * Page) == start + 3 * Page);
    /* The page that stayed in use may keep its bytes; the others come back empty. */
    HOLDS(is_zero(start + Page, 2 * Page));
    HOLDS(break_at(start) == start);
    HOLDS(break_at(BAD_ADDRESS) == start);
}

int main(void)
{
    struct sigaction action = { .sa_sigaction = faulted, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &action, NULL);
    holes();
    refusals();
    remapping();
    advice();
    breaks();
    return 0;
}
