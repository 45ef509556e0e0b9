/* System calls on files, each with a success and a failure. Between the two calls of getppid nothing depends on the machine. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

static char buffer[256];

static void names(void)
{
    mkdir("folder", 0700);
    mkdir("folder", 0700);
    mkdirat(AT_FDCWD, "missing/folder", 0755);
    int folder = open("folder", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    open("folder", O_WRONLY);
    openat(folder, "none", O_RDONLY);
    int file = openat(folder, "a", O_CREAT | O_EXCL | O_RDWR, 0640);
    openat(folder, "a", O_CREAT | O_EXCL | O_RDWR, 0640);
    symlinkat("a", folder, "link");
    readlinkat(folder, "link", buffer, sizeof buffer);
    readlinkat(folder, "a", buffer, sizeof buffer);
    openat(folder, "link", O_RDONLY | O_NOFOLLOW);
    linkat(folder, "a", folder, "b", 0);
    linkat(folder, "a", folder, "b", 0);
    renameat(folder, "b", folder, "c");
    renameat(folder, "b", folder, "c");
    rename("folder/c", "folder/d");
    faccessat(folder, "d", R_OK | W_OK, 0);
    access("folder/none", F_OK);
    rmdir("folder");
    rmdir("folder/a");
    syscall(SYS_getdents64, folder, buffer, sizeof buffer);
    syscall(SYS_getdents64, folder, buffer, sizeof buffer);
    syscall(SYS_getdents64, file, buffer, sizeof buffer);
    unlinkat(folder, "link", 0);
    unlinkat(folder, "link", 0);
    unlink("folder/d");
    unlink("folder/d");
    close(file);
    close(folder);
    close(folder);
    unlink("folder/a");
    unlinkat(AT_FDCWD, "folder", AT_REMOVEDIR);
    chdir("folder");
    fchdir(0x7fff);
}

static void contents(void)
{
    struct iovec parts[3] = { { "one", 3 }, { "\t\"two\"\n\\\0013\001", 10 }, { NULL, 0 } };
    int file = open("text", O_CREAT | O_TRUNC | O_RDWR, 0600);
    write(file, "0123456789012345678901234567890123456789", 40);
    write(file, NULL, 3);
    write(0x7fff, "lost", 4);
    writev(file, parts, 3);
    pwrite(file, "ABC", 3, 5);
    pwritev(file, parts, 1, 100);
    lseek(file, 0, SEEK_SET);
    lseek(file, -5, SEEK_SET);
    lseek(file, -4, SEEK_END);
    lseek(file, 1, 99);
    pread(file, buffer, 8, 2);
    pread(file, buffer, 8, 1000);
    lseek(file, 0, SEEK_SET);
    read(file, buffer, sizeof buffer);
    read(file, buffer, sizeof buffer);
    read(file, NULL, 0);
    parts[0].iov_base = buffer;
    parts[1].iov_base = buffer + 10;
    lseek(file, 90, SEEK_SET);
    readv(file, parts, 2);
    ftruncate(file, 10);
    ftruncate(file, -1);
    truncate("text", 5);
    truncate("none", 5);
    fsync(file);
    fsync(0x7fff);
    fdatasync(file);
    int other = open("other", O_CREAT | O_RDWR, 0600);
    off_t place = 1;
    sendfile(other, file, &place, 3);
    sendfile(other, file, NULL, 3);
    close(other);
    unlink("other");
    close(file);
}

static void states(void)
{
    struct stat status;
    int file = open("text", O_RDWR);
    fstat(file, &status);
    fstat(0x7fff, &status);
    stat("text", &status);
    stat("none", &status);
    lstat("/dev/null", &status);
    fstatat(AT_FDCWD, "text", &status, AT_SYMLINK_NOFOLLOW);
    syscall(SYS_statx, AT_FDCWD, "none", 0, 0x7ff, buffer);
    fchmod(file, 0400);
    fchmod(0x7fff, 0400);
    chmod("text", 04711);
    chmod("none", 0644);
    umask(077);
    umask(022);
    fstat(file, &status);
    close(file);
}

static void descriptors(void)
{
    int file = open("text", O_RDONLY | O_CLOEXEC);
    fcntl(file, F_GETFD);
    fcntl(file, F_SETFD, 0);
    fcntl(file, F_GETFD);
    fcntl(file, F_SETFL, O_NONBLOCK);
    fcntl(file, F_DUPFD, 50);
    fcntl(file, F_DUPFD_CLOEXEC, 60);
    fcntl(0x7fff, F_GETFD);
    fcntl(file, 99, 1);
    dup(file);
    dup(0x7fff);
    dup2(file, 70);
    dup2(file, file);
    dup2(0x7fff, 71);
    dup3(file, 72, O_CLOEXEC);
    dup3(file, file, 0);
    int number;
    ioctl(file, TIOCGPGRP, &number);
    ioctl(0x7fff, FIONREAD, &number);
    ioctl(file, FIONREAD, &number);
    close(72);
    close(file);
    unlink("text");
}

int main(void)
{
    getppid();
    names();
    contents();
    states();
    descriptors();
    getppid();
    return 0;
}
