/* Reading and writing: offsets, appending, holes, truncation, vectors, copying inside the kernel, devices. */
/* Files beyond two gigabytes, for 32-bit programs too. */
#define _FILE_OFFSET_BITS 64
#include "../check.h"
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static struct stat s_status;

static long size_of(int file)
{
    return fstat(file, &s_status) == 0 ? (long)s_status.st_size : -1;
}

static void show(const char *what, int file)
{
    char text[101] = "";
    ssize_t got = pread(file, text, 100, 0);
    for (ssize_t i = 0; i < got; i++) {
        if (text[i] == 0)
            text[i] = '.';
    }
    say("%s: %s", what, text);
}

static void offsets(void)
{
    char text[16] = "";
    int file = open("offsets", O_CREAT | O_EXCL | O_RDWR, 0644);
    CALL(open("offsets", O_CREAT | O_EXCL | O_RDWR, 0644));
    CALL(write(file, "0123456789", 10));
    CALL(lseek(file, 3, SEEK_SET));
    CALL(read(file, text, 2));
    CALL(lseek(file, -1, SEEK_CUR));
    CALL(lseek(file, -2, SEEK_END));
    CALL(lseek(file, -20, SEEK_END));
    CALL(lseek(file, 0, 77));
    CALL(read(file, text, 16));
    CALL(read(file, text, 16));
    CALL(pread(file, text, 4, 6));
    say("%.4s", text);
    CALL(pread(file, text, 4, 100));
    CALL(pread(file, text, 4, -1));
    CALL(pwrite(file, "xy", 2, 4));
    CALL(lseek(file, 0, SEEK_CUR));
    show("pwrite", file);
    CALL(write(file, BAD_ADDRESS, 4));
    CALL(read(file, BAD_ADDRESS, 4));
    CALL(pread(file, BAD_ADDRESS, 4, 0));

    /* A copy of a descriptor shares its offset, a second opening does not. */
    int copy = dup(file), again = open("offsets", O_RDONLY);
    CALL(lseek(file, 5, SEEK_SET));
    CALL(lseek(copy, 0, SEEK_CUR));
    CALL(lseek(again, 0, SEEK_CUR));
    pid_t pid = fork();
    if (pid == 0) {
        read(file, text, 3);
        _exit(0);
    }
    reap("the child that reads", pid);
    CALL(lseek(file, 0, SEEK_CUR));
    CALL(write(again, "x", 1));
    close(copy);
    close(again);
    close(file);
    int writing = open("offsets", O_WRONLY | O_TRUNC);
    SHOW(size_of(writing));
    CALL(read(writing, text, 1));
    close(writing);
}

static void appending(void)
{
    int file = open("append", O_CREAT | O_RDWR | O_APPEND, 0644);
    write(file, "first ", 6);
    lseek(file, 0, SEEK_SET);
    CALL(write(file, "second ", 7));
    CALL(lseek(file, 0, SEEK_CUR));
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            int own = open("append", O_WRONLY | O_APPEND);
            for (int round = 0; round < 100; round++)
                write(own, "12345678", 8);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        continue;
    SHOW(size_of(file));
    CALL(pwrite(file, "at the end", 10, 0));
    SHOW(size_of(file));
    CALL(fcntl(file, F_SETFL, 0));
    CALL(pwrite(file, "FIRST", 5, 0));
    CALL(ftruncate(file, 13));
    show("append", file);
    close(file);
}

static void holes(void)
{
    char c = 'x';
    int file = open("holes", O_CREAT | O_RDWR, 0644);
    CALL(lseek(file, 10, SEEK_SET));
    SHOW(size_of(file));
    CALL(write(file, "end", 3));
    show("a hole", file);
    CALL(ftruncate(file, 5));
    CALL(ftruncate(file, 12));
    show("cut and grown", file);
    CALL(truncate("holes", 3));
    SHOW(size_of(file));
    CALL(truncate("missing", 3));
    CALL(truncate(".", 3));
    CALL(ftruncate(file, -1));
    CALL(pwrite(file, "far", 3, 3000000000));
    HOLDS(fstat(file, &s_status) == 0 && (long long)s_status.st_size == 3000000003LL);
    HOLDS(s_status.st_blocks < 1000);
    CALL(pread(file, &c, 1, 2000000000));
    SHOW(c);
    close(file);
    int reading = open("holes", O_RDONLY);
    CALL(ftruncate(reading, 0));
    close(reading);
    CALL(unlink("holes"));
}

static void vectors(void)
{
    int file = open("vectors", O_CREAT | O_RDWR, 0644);
    struct iovec parts[] = { { "one ", 4 }, { "", 0 }, { "two ", 4 }, { "three", 5 } };
    CALL(writev(file, parts, 4));
    CALL(pwritev(file, parts, 1, 20));
    show("writev", file);
    char a[3], b[4], c[32];
    struct iovec places[] = { { a, 3 }, { b, 4 }, { c, 32 } };
    lseek(file, 0, SEEK_SET);
    CALL(readv(file, places, 3));
    say("%.3s|%.4s|%.6s", a, b, c);
    CALL(preadv(file, places, 2, 4));
    say("%.3s|%.4s", a, b);
    close(file);
}

static void copies(void)
{
    static char block[40000];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char)('a' + i % 26);
    int from = open("from", O_CREAT | O_RDWR, 0644), to = open("to", O_CREAT | O_RDWR, 0644), channel[2];
    write(from, block, sizeof block);
    off_t at = 26;
    CALL(sendfile(to, from, &at, 1000));
    SHOW(at);
    SHOW(size_of(to));
    lseek(from, 39990, SEEK_SET);
    CALL(sendfile(to, from, NULL, 1000));
    CALL(sendfile(to, from, NULL, 1000));
    CALL(lseek(from, 0, SEEK_CUR));
    CALL(lseek(to, 0, SEEK_CUR));
    pipe(channel);
    lseek(from, 0, SEEK_SET);
    CALL(sendfile(channel[1], from, NULL, 5000));
    CALL(read(channel[0], block, sizeof block));
    say("%.30s", block);
    CALL(sendfile(to, channel[0], NULL, 1));
    CALL(sendfile(from, 99, NULL, 1));
    off_t in = 0, out = 50000;
    CALL(copy_file_range(from, &in, to, &out, 100, 0));
    SHOW(in);
    SHOW(size_of(to));
    close(from);
    close(to);
}

static void devices(void)
{
    char block[64];
    memset(block, 'x', sizeof block);
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR), full = open("/dev/full", O_RDWR), random = open("/dev/urandom", O_RDONLY);
    CALL(read(null, block, 64));
    CALL(write(null, block, 64));
    CALL(read(zero, block, 64));
    SHOW(block[0] | block[63]);
    CALL(write(zero, block, 64));
    CALL(read(full, block, 64));
    CALL(write(full, block, 64));
    CALL(read(random, block, 64));
    int different = 0;
    for (int i = 1; i < 64; i++)
        different += block[i] != block[0];
    HOLDS(different > 30);
    CALL(lseek(null, 77, SEEK_SET));
    HOLDS(fstat(null, &s_status) == 0 && S_ISCHR(s_status.st_mode) && s_status.st_rdev == 0x103);
    HOLDS(fstat(zero, &s_status) == 0 && s_status.st_rdev == 0x105);
    HOLDS(isatty(null) == 0);
    CALL(ioctl(null, TCGETS, block));
    CALL(ioctl(99, TCGETS, block));
    CALL(ftruncate(null, 0));
    CALL(syscall(SYS_getrandom, block, 32, 0));
    CALL(syscall(SYS_getrandom, block, 32, 0x100));
    close(null);
    close(zero);
    close(full);
    close(random);
}

int main(int argc, char **argv)
{
    enter_directory(argc, argv);
    umask(022);
    offsets();
    appending();
    holes();
    vectors();
    copies();
    devices();
    return 0;
}
