/* Directories, links, renaming, removing, and what the calls refuse. */
#include "../check.h"
#include <dirent.h>
#include <limits.h>

static int by_name(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static void list(const char *name)
{
    struct dirent **entries;
    char line[1024] = "";
    int count = scandir(name, &entries, NULL, by_name);
    for (int i = 0; i < count; i++) {
        const char *kind = entries[i]->d_type == DT_DIR ? "/" : entries[i]->d_type == DT_LNK ? "@" : entries[i]->d_type == DT_FIFO ? "|" : "";
        snprintf(line + strlen(line), sizeof line - strlen(line), " %s%s", entries[i]->d_name, kind);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    say("%s:%s", name, count < 0 ? strerror(errno) : line);
}

static void make(const char *name, const char *text)
{
    int file = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    if (file == -1 || write(file, text, strlen(text)) == -1)
        say("%s: %s", name, strerror(errno));
    close(file);
}

static void show(const char *name)
{
    char text[64] = "";
    int file = open(name, O_RDONLY);
    if (file == -1 || read(file, text, sizeof text - 1) == -1)
        say("%s: %s", name, strerror(errno));
    else
        say("%s: \"%s\"", name, text);
    close(file);
}

static int links(const char *name)
{
    struct stat status;
    return stat(name, &status) == 0 ? (int)status.st_nlink : -1;
}

static int same(const char *one, const char *other)
{
    struct stat a, b;
    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static void directories(void)
{
    CALL(mkdir("a", 0755));
    CALL(mkdir("a", 0755));
    CALL(mkdir("a/b", 0755));
    CALL(mkdir("a/b/", 0755));
    CALL(mkdir("missing/c", 0755));
    CALL(mkdir("", 0755));
    CALL(mkdir("a/d/", 0755));
    make("a/file", "text");
    CALL(mkdir("a/file/x", 0755));
    SHOW(links("a"));
    list("a");
    list("missing");
    list("a/file");
    CALL(rmdir("a"));
    CALL(rmdir("a/file"));
    CALL(rmdir("a/b"));
    CALL(rmdir("a/b"));
    CALL(rmdir("a/."));
    CALL(rmdir("a/d/.."));
    CALL(unlink("a/d"));
    SHOW(links("a"));
    CALL(open("a", O_WRONLY));
    CALL(open("a", O_RDONLY | O_CREAT, 0644));
    CALL(open("a/file", O_RDONLY | O_DIRECTORY));
    CALL(open("a/file/", O_RDONLY));
    CALL(open("a/new/", O_CREAT | O_WRONLY, 0644));
    int directory = open("a", O_RDONLY | O_DIRECTORY);
    char c;
    CALL(read(directory, &c, 1));
    CALL(write(directory, &c, 1));
    close(directory);
    char name[300];
    memset(name, 'n', sizeof name);
    name[256] = 0;
    CALL(mkdir(name, 0755));
    name[255] = 0;
    CALL(mkdir(name, 0755));
    CALL(rmdir(name));
    static char path[5000];
    for (int i = 0; i < 4998; i += 2)
        memcpy(path + i, "./", 2);
    CALL(access(path, F_OK));
    path[4094] = 0;
    CALL(access(path, F_OK));
}

static void many(void)
{
    char name[32];
    CALL(mkdir("many", 0755));
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "many/file_%04d", i);
        close(open(name, O_CREAT | O_WRONLY, 0644));
    }
    DIR *directory = opendir("many");
    int count = 0, dots = 0;
    long sum = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL; count++) {
        dots += entry->d_name[0] == '.';
        sum += entry->d_name[0] == 'f' ? atoi(entry->d_name + 5) : 0;
    }
    say("%d entries, %d with a dot, numbers add up to %ld", count, dots, sum);
    rewinddir(directory);
    count = 0;
    while (readdir(directory) != NULL)
        count++;
    SHOW(count);
    closedir(directory);
    char small[24];
    int raw = open("many", O_RDONLY);
    CALL(syscall(SYS_getdents64, raw, small, 10));
    CALL(syscall(SYS_getdents64, raw, BAD_ADDRESS, 1000));
    CALL(syscall(SYS_getdents64, STDOUT_FILENO, small, sizeof small));
    close(raw);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "many/file_%04d", i);
        unlink(name);
    }
    CALL(rmdir("many"));
}

static void symbolic(void)
{
    char text[64] = "";
    CALL(symlink("a/file", "to_file"));
    CALL(symlink("a/file", "to_file"));
    CALL(symlink("a", "to_a"));
    CALL(symlink("nowhere", "to_nothing"));
    CALL(symlink("loop", "loop"));
    CALL(symlink("", "empty"));
    CALL(readlink("to_file", text, sizeof text));
    say("%s", text);
    memset(text, 0, sizeof text);
    CALL(readlink("to_file", text, 3));
    say("%s", text);
    CALL(readlink("to_file", text, 0));
    CALL(readlink("a", text, sizeof text));
    struct stat status;
    HOLDS(lstat("to_file", &status) == 0 && S_ISLNK(status.st_mode) && status.st_size == 6);
    HOLDS(stat("to_file", &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 4);
    CALL(stat("to_nothing", &status));
    CALL(stat("loop", &status));
    CALL(open("loop", O_RDONLY));
    CALL(open("to_file", O_RDONLY | O_NOFOLLOW));
    CALL(open("to_nothing", O_CREAT | O_EXCL | O_WRONLY, 0644));
    show("to_a/file");
    show("to_a/../a/file");
    make("to_nothing", "made through a link");
    show("nowhere");
    list("to_a");
    HOLDS(lstat("to_a/", &status) == 0 && S_ISDIR(status.st_mode));
    CALL(unlink("to_a/"));
    CALL(rmdir("to_a"));
    CALL(unlink("to_a"));
    CALL(unlink("loop"));
    CALL(unlink("to_nothing"));
    char name[16], target[16];
    for (int i = 0; i < 45; i++) {
        snprintf(name, sizeof name, "chain%d", i);
        snprintf(target, sizeof target, i == 0 ? "a" : "chain%d", i - 1);
        symlink(target, name);
    }
    CALL(access("chain39/file", F_OK));
    CALL(access("chain40/file", F_OK));
    for (int i = 0; i < 45; i++) {
        snprintf(name, sizeof name, "chain%d", i);
        unlink(name);
    }
}

static void hard(void)
{
    CALL(link("a/file", "second"));
    CALL(link("a/file", "second"));
    CALL(link("missing", "third"));
    SHOW(links("second"));
    HOLDS(same("second", "a/file"));
    make("second", "written by its second name");
    show("a/file");
    CALL(unlink("a/file"));
    show("a/file");
    show("second");
    SHOW(links("second"));
    int file = open("second", O_RDWR);
    CALL(unlink("second"));
    CALL(unlink("second"));
    struct stat status;
    HOLDS(fstat(file, &status) == 0 && status.st_nlink == 0 && status.st_size == 26);
    CALL(write(file, "WRITTEN", 7));
    char text[8] = "";
    CALL(pread(file, text, 7, 0));
    say("%s", text);
    close(file);
    CALL(link("to_file", "link_to_link"));
    HOLDS(lstat("link_to_link", &status) == 0 && S_ISLNK(status.st_mode) && status.st_nlink == 2);
    CALL(unlink("link_to_link"));
}

static void renaming(void)
{
    make("one", "first");
    make("two", "second");
    mkdir("d1", 0755);
    mkdir("d2", 0755);
    mkdir("d1/inner", 0755);
    CALL(rename("one", "three"));
    CALL(rename("one", "three"));
    CALL(rename("three", "two"));
    show("two");
    show("three");
    CALL(rename("two", "two"));
    CALL(rename("two", "d1"));
    CALL(rename("d1", "two"));
    CALL(rename("d2", "d1"));
    CALL(rename("d1", "d2"));
    list("d2");
    CALL(rename("d2", "d2/inner/x"));
    CALL(rename("d2/inner", "d2"));
    CALL(rename("two", "d2/inner/two"));
    show("d2/inner/two");
    CALL(rename("d2/inner/two", "missing/two"));
    CALL(rename("d2/.", "d3"));
    CALL(rename("d2", "d3/"));
    make("x", "x");
    make("y", "y");
    CALL(syscall(SYS_renameat2, AT_FDCWD, "x", AT_FDCWD, "y", 1));
    CALL(syscall(SYS_renameat2, AT_FDCWD, "x", AT_FDCWD, "y", 2));
    show("x");
    show("y");
    CALL(link("x", "z"));
    CALL(rename("x", "z"));
    SHOW(links("z"));
    list(".");
}

static void here(void)
{
    char start[PATH_MAX], text[PATH_MAX];
    HOLDS(getcwd(start, sizeof start) != NULL);
    size_t length = strlen(start);
    CALL(chdir("d3/inner"));
    getcwd(text, sizeof text);
    say("%s", text + length);
    CALL(chdir(".."));
    getcwd(text, sizeof text);
    say("%s", text + length);
    int back = open(".", O_RDONLY | O_DIRECTORY);
    CALL(chdir("inner/two"));
    CALL(chdir("missing"));
    CALL(chdir("/"));
    say("%s", getcwd(text, sizeof text));
    CALL(chdir("/.."));
    say("%s", getcwd(text, sizeof text));
    CALL(fchdir(back));
    say("%s", getcwd(text, sizeof text) + length);
    CALL(fchdir(STDIN_FILENO));
    errno = 0;
    HOLDS(getcwd(text, 2) == NULL && errno == ERANGE);
    mkdir("gone", 0755);
    chdir("gone");
    CALL(rmdir("../gone"));
    CALL(access(".", F_OK));
    CALL(open("file", O_CREAT | O_WRONLY, 0644));
    errno = 0;
    HOLDS(getcwd(text, sizeof text) == NULL && errno == ENOENT);
    CALL(fchdir(back));
    pid_t pid = fork();
    if (pid == 0) {
        chdir("/");
        _exit(0);
    }
    reap("a child that goes away", pid);
    say("%s", getcwd(text, sizeof text) + length);
    HOLDS(realpath("inner/../inner/two", text) != NULL);
    say("%s", text + length);
}

int main(int argc, char **argv)
{
    enter_directory(argc, argv);
    umask(022);
    directories();
    many();
    symbolic();
    hard();
    renaming();
    here();
    return 0;
}
