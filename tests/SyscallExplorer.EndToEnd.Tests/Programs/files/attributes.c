/* Modes, umask, permissions, owners, times, and the calls that take a directory. */
#include "../check.h"
#include <sys/statfs.h>

static struct stat s_status;

static unsigned mode_of(const char *name)
{
    return lstat(name, &s_status) == 0 ? (unsigned)s_status.st_mode : 0;
}

static void make(const char *name, mode_t mode)
{
    int file = open(name, O_CREAT | O_WRONLY | O_TRUNC, mode);
    write(file, "text\n", 5);
    close(file);
}

static void modes(void)
{
    SHOW(umask(027));
    make("masked", 0666);
    say("%o", mode_of("masked"));
    mkdir("directory", 0777);
    say("%o", mode_of("directory"));
    SHOW(umask(0));
    make("open", 0777);
    say("%o", mode_of("open"));
    SHOW(umask(022));
    CALL(chmod("open", 0421));
    say("%o", mode_of("open"));
    CALL(chmod("open", 06755));
    say("%o", mode_of("open"));
    int file = open("open", O_RDWR);
    CALL(fchmod(file, 0600));
    say("%o", mode_of("open"));
    close(file);
    symlink("open", "link");
    CALL(chmod("link", 0640));
    say("%o %o", mode_of("open"), mode_of("link"));
    CALL(chmod("missing", 0600));
    CALL(fchmodat(AT_FDCWD, "open", 0604, 0));
    say("%o", mode_of("open"));
}

static void permissions(void)
{
    make("secret", 0);
    chmod("secret", 0);
    CALL(open("secret", O_RDONLY));
    CALL(open("secret", O_WRONLY));
    CALL(access("secret", F_OK));
    CALL(access("secret", R_OK));
    chmod("secret", 0400);
    CALL(access("secret", R_OK));
    CALL(access("secret", R_OK | W_OK));
    CALL(access("secret", X_OK));
    CALL(open("secret", O_RDWR));
    CALL(access("missing", F_OK));
    CALL(access("secret", 99));
    mkdir("closed", 0755);
    make("closed/file", 0644);
    chmod("closed", 0644);
    CALL(access("closed/file", F_OK));
    CALL(open("closed/file", O_RDONLY));
    chmod("closed", 0555);
    CALL(open("closed/new", O_CREAT | O_WRONLY, 0644));
    CALL(unlink("closed/file"));
    CALL(mkdir("closed/inner", 0755));
    CALL(rename("closed/file", "away"));
    int file = open("closed/file", O_WRONLY);
    CALL(write(file, "x", 1));
    close(file);
    chmod("closed", 0311);
    CALL(open("closed", O_RDONLY));
    CALL(access("closed/file", F_OK));
    chmod("closed", 0755);
    HOLDS(stat("secret", &s_status) == 0 && s_status.st_uid == getuid() && s_status.st_gid == getgid());
    CALL(chown("secret", (uid_t)-1, (gid_t)-1));
    CALL(chown("secret", getuid(), getgid()));
    CALL(chown("secret", 0, 0));
    CALL(chmod("/proc/self/exe/x", 0600));
}

static void show_times(const char *what, const char *name)
{
    stat(name, &s_status);
    say("%s: %lld.%09ld %lld.%09ld", what, (long long)s_status.st_atim.tv_sec, s_status.st_atim.tv_nsec, (long long)s_status.st_mtim.tv_sec, s_status.st_mtim.tv_nsec);
}

static int is_recent(struct timespec time)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - time.tv_sec >= 0 && now.tv_sec - time.tv_sec < 60;
}

static void times(void)
{
    make("timed", 0644);
    stat("timed", &s_status);
    HOLDS(is_recent(s_status.st_mtim) && is_recent(s_status.st_ctim) && is_recent(s_status.st_atim));
    struct timespec both[] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };
    CALL(utimensat(AT_FDCWD, "timed", both, 0));
    show_times("set", "timed");
    HOLDS(is_recent(s_status.st_ctim));
    both[0].tv_nsec = UTIME_OMIT;
    both[1] = (struct timespec){ 1200000000, 5 };
    CALL(utimensat(AT_FDCWD, "timed", both, 0));
    show_times("only the second", "timed");
    both[1].tv_nsec = 1000000000;
    CALL(utimensat(AT_FDCWD, "timed", both, 0));
    CALL(utimensat(AT_FDCWD, "missing", NULL, 0));
    CALL(utimes("timed", (struct timeval[]){ { 1300000000, 250000 }, { 1300000001, 750000 } }));
    show_times("in microseconds", "timed");
    int file = open("timed", O_RDWR);
    CALL(futimens(file, (struct timespec[]){ { 5, 6 }, { 7, 8 } }));
    show_times("by descriptor", "timed");
    write(file, "x", 1);
    stat("timed", &s_status);
    HOLDS(is_recent(s_status.st_mtim));
    close(file);
    mkdir("parent", 0755);
    utimensat(AT_FDCWD, "parent", (struct timespec[]){ { 10, 0 }, { 10, 0 } }, 0);
    make("parent/child", 0644);
    stat("parent", &s_status);
    HOLDS(is_recent(s_status.st_mtim));
    symlink("timed", "timed_link");
    CALL(utimensat(AT_FDCWD, "timed_link", (struct timespec[]){ { 20, 0 }, { 30, 0 } }, AT_SYMLINK_NOFOLLOW));
    lstat("timed_link", &s_status);
    say("the link: %lld", (long long)s_status.st_mtim.tv_sec);
    CALL(utimensat(AT_FDCWD, "timed", NULL, 0));
    stat("timed", &s_status);
    HOLDS(is_recent(s_status.st_mtim));
}

static void relative(void)
{
    int directory = open("parent", O_RDONLY | O_DIRECTORY);
    CALL(faccessat(directory, "child", F_OK, 0));
    CALL(faccessat(directory, "missing", F_OK, 0));
    CALL(faccessat(99, "child", F_OK, 0));
    CALL(mkdirat(directory, "inner", 0755));
    int file = openat(directory, "inner/file", O_CREAT | O_WRONLY, 0644);
    CALL(faccessat(file, "x", F_OK, 0));
    close(file);
    CALL(fstatat(directory, "inner/file", &s_status, 0));
    CALL(fstatat(directory, "", &s_status, AT_EMPTY_PATH));
    HOLDS(S_ISDIR(s_status.st_mode));
    CALL(fstatat(directory, "", &s_status, 0));
    CALL(symlinkat("inner", directory, "link"));
    CALL(fstatat(directory, "link", &s_status, AT_SYMLINK_NOFOLLOW));
    HOLDS(S_ISLNK(s_status.st_mode));
    char text[32] = "";
    CALL(readlinkat(directory, "link", text, sizeof text));
    say("%s", text);
    CALL(linkat(directory, "child", directory, "second", 0));
    CALL(renameat(directory, "second", AT_FDCWD, "third"));
    CALL(access("third", F_OK));
    CALL(unlinkat(directory, "inner", 0));
    CALL(unlinkat(directory, "inner", AT_REMOVEDIR));
    CALL(unlinkat(directory, "inner/file", 0));
    CALL(unlinkat(directory, "inner", AT_REMOVEDIR));
    CALL(unlinkat(directory, "link", 99));
    CALL(faccessat(directory, "/proc/self/exe", F_OK, 0));
#ifdef STATX_BASIC_STATS
    struct statx status;
    CALL(statx(directory, "child", 0, STATX_BASIC_STATS, &status));
    say("%o, %d bytes, %d links", status.stx_mode, (int)status.stx_size, (int)status.stx_nlink);
    CALL(statx(AT_FDCWD, "missing", 0, STATX_BASIC_STATS, &status));
#endif
    struct statfs system;
    CALL(statfs(".", &system));
    HOLDS(system.f_bsize > 0 && system.f_namelen == 255);
    CALL(fstatfs(directory, &system));
    CALL(statfs("missing", &system));
    close(directory);
    CALL(mkdirat(directory, "x", 0755));
}

int main(int argc, char **argv)
{
    enter_directory(argc, argv);
    become_a_user();
    modes();
    permissions();
    times();
    relative();
    return 0;
}
