/* Files in memory: private and shared mappings, the tail beyond the end, truncation, msync, two mappings of one file. */
#include "../check.h"
#include <setjmp.h>

enum { Page = 4096 };

static sigjmp_buf s_place;
static volatile int s_code;
static void *volatile s_address;

static void faulted(int signal, siginfo_t *info, void *context)
{
    (void)context;
    s_code = info->si_code;
    s_address = info->si_addr;
    siglongjmp(s_place, signal);
}

static void touch(const char *what, volatile char *address)
{
    int signal = sigsetjmp(s_place, 1);
    if (signal != 0)
        say("%s: signal %d, code %d, at the place: %d", what, signal, s_code, s_address == address);
    else
        say("%s: %d", what, *address);
}

static void put(volatile char *address)
{
    int signal = sigsetjmp(s_place, 1);
    if (signal != 0)
        say("writing: signal %d, code %d, at the place: %d", signal, s_code, s_address == address);
    else
        *address = 'W';
}

static int make(const char *name, int size)
{
    int file = open(name, O_CREAT | O_RDWR | O_TRUNC, 0644);
    char line[64];
    for (int i = 0; i < size; i++) {
        line[i % 64] = (char)('a' + i / 64 % 26);
        if (i % 64 == 63 || i == size - 1)
            write(file, line, (size_t)(i % 64 + 1));
    }
    return file;
}

static void show_file(const char *what, int file, off_t at)
{
    char text[9] = "";
    ssize_t got = pread(file, text, 8, at);
    say("%s: %d bytes: %s", what, (int)got, text);
}

static void private(void)
{
    int file = make("private", 2 * Page + 1000);
    char *area = mmap(NULL, 3 * Page, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    say("%.4s %.4s", area, area + Page);
    memcpy(area, "mine", 4);
    show_file("the file is untouched", file, 0);
    say("%.4s", area);
    touch("the last byte", area + 2 * Page + 999);
    touch("behind the end", area + 2 * Page + 1000);
    touch("the end of its page", area + 3 * Page - 1);
    char *beyond = mmap(NULL, 4 * Page, PROT_READ, MAP_PRIVATE, file, Page);
    touch("the second page of the file", beyond);
    touch("a page behind the end", beyond + 2 * Page);
    touch("the next", beyond + 3 * Page + 5);
    pwrite(file, "changed!", 8, Page);
    say("a page that nobody wrote: %.8s", area + Page);
    close(file);
    say("after close: %.8s", beyond);
    munmap(area, 3 * Page);
    munmap(beyond, 4 * Page);
}

static void shared(void)
{
    int file = make("shared", 3 * Page);
    char *one = mmap(NULL, 3 * Page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char *two = mmap(NULL, 2 * Page, PROT_READ, MAP_SHARED, file, Page);
    memcpy(one + Page + 10, "through the map", 15);
    show_file("read after a store", file, Page + 10);
    say("the other map: %.15s", two + 10);
    pwrite(file, "through the file", 16, Page + 40);
    say("%.16s %.16s", one + Page + 40, two + 40);
    CALL(msync(one, 3 * Page, MS_SYNC));
    CALL(msync(one, 3 * Page, MS_ASYNC));
    pid_t pid = fork();
    if (pid == 0) {
        memcpy(one, "by the child", 12);
        _exit(0);
    }
    reap("the child", pid);
    say("%.12s", one);
    put(two);

    CALL(ftruncate(file, Page + 100));
    touch("still in the file", one + Page + 99);
    touch("cut off, in the last page", one + Page + 100);
    touch("cut off", one + 2 * Page);
    put(one + 2 * Page);
    CALL(ftruncate(file, 3 * Page));
    touch("back, and empty", one + 2 * Page);
    touch("empty too", one + Page + 100);
    one[3 * Page - 1] = 'z';
    struct stat status;
    HOLDS(fstat(file, &status) == 0 && status.st_size == 3 * Page);
    show_file("the end", file, 3 * Page - 1);
    CALL(unlink("shared"));
    say("without a name: %.12s", one);
    close(file);
    munmap(one, 3 * Page);
    munmap(two, 2 * Page);
}

static void refusals(void)
{
    make("wanted", 100);
    int reading = open("wanted", O_RDONLY), writing = open("wanted", O_WRONLY), directory = open(".", O_RDONLY);
    GOOD((intptr_t)mmap(NULL, Page, PROT_READ | PROT_WRITE, MAP_SHARED, reading, 0));
    GOOD((intptr_t)mmap(NULL, Page, PROT_READ | PROT_WRITE, MAP_PRIVATE, reading, 0));
    GOOD((intptr_t)mmap(NULL, Page, PROT_READ, MAP_PRIVATE, writing, 0));
    GOOD((intptr_t)mmap(NULL, Page, PROT_READ, MAP_PRIVATE, directory, 0));
    GOOD((intptr_t)syscall(sizeof(long) == 8 ? 9 : 192, NULL, Page, PROT_READ, MAP_PRIVATE, 99, 0));
    int channel[2];
    pipe(channel);
    GOOD((intptr_t)mmap(NULL, Page, PROT_READ, MAP_PRIVATE, channel[0], 0));
    char *constant = mmap(NULL, Page, PROT_READ, MAP_SHARED, reading, 0);
    CALL(mprotect(constant, Page, PROT_READ | PROT_WRITE));
    int zero = open("/dev/zero", O_RDWR);
    char *empty = mmap(NULL, Page, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
    HOLDS(empty != MAP_FAILED && empty[77] == 0);
    empty[77] = 1;
    SHOW(empty[77]);
}

/* A memfd is a file that has no name. */
static void unnamed(void)
{
    int file = memfd_create("scratch", MFD_CLOEXEC);
    HOLDS(file >= 0);
    CALL(ftruncate(file, 2 * Page));
    char *area = mmap(NULL, 2 * Page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    strcpy(area + Page, "scratch");
    show_file("memfd", file, Page);
    munmap(area, 2 * Page);
    show_file("memfd without its map", file, Page);
    close(file);
}

int main(int argc, char **argv)
{
    enter_directory(argc, argv);
    struct sigaction action = { .sa_sigaction = faulted, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    private();
    shared();
    refusals();
    unnamed();
    return 0;
}
