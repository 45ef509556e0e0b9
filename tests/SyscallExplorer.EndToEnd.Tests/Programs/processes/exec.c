/* execve of the program itself: arguments, environment, what an image leaves to the next, scripts, and refusals. */
#include "../check.h"
#include <sys/auxv.h>

extern char **environ;

static const char *s_folder;
static char s_self[4096];

static const char *without_folder(const char *text)
{
    size_t length = strlen(s_folder);
    return strncmp(text, s_folder, length) == 0 ? text + length : text;
}

/* The second life: what came over. */
static int report(int argc, char **argv)
{
    say("%d arguments", argc);
    for (int i = 1; i < argc; i++)
        say("  %d: \"%s\"", i, without_folder(argv[i]));
    for (char **entry = environ; *entry; entry++)
        say("  environment: %s", *entry);
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    HOLDS(action.sa_handler == SIG_DFL);
    sigaction(SIGUSR2, NULL, &action);
    HOLDS(action.sa_handler == SIG_IGN);
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    SHOW(sigismember(&set, SIGWINCH));
    SHOW(sigismember(&set, SIGHUP));
    sigpending(&set);
    SHOW(sigismember(&set, SIGWINCH));
    CALL(fcntl(20, F_GETFD));
    CALL(fcntl(21, F_GETFD));
    SHOW(lseek(20, 0, SEEK_CUR));
    char name[16] = "";
    FILE *comm = fopen("/proc/self/comm", "r");
    HOLDS(comm && fgets(name, sizeof name, comm));
    const char *file = (const char *)getauxval(AT_EXECFN);
    say("AT_EXECFN: %s", file && strcmp(file, s_self) != 0 ? without_folder(file) : "the program");
    return argc + 40;
}

static void run(const char *what, const char *file, char *const arguments[], char *const environment[])
{
    say("--- %s", what);
    pid_t pid = fork();
    if (pid == 0) {
        execve(file, arguments, environment);
        say("execve: %s", strerror(errno));
        _exit(1);
    }
    reap("it", pid);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    int file = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (write(file, text, strlen(text)) != (ssize_t)strlen(text))
        _exit(96);
    fchmod(file, mode);
    close(file);
}

static void copy_self(const char *name, size_t limit)
{
    char block[65536];
    int from = open("/proc/self/exe", O_RDONLY), to = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0755);
    for (ssize_t got; limit > 0 && (got = read(from, block, limit < sizeof block ? limit : sizeof block)) > 0; limit -= (size_t)got) {
        if (write(to, block, (size_t)got) != got)
            _exit(96);
    }
    close(from);
    close(to);
}

static void do_nothing(int signal)
{
    (void)signal;
}

static void inherit(void)
{
    signal(SIGUSR1, do_nothing);
    signal(SIGUSR2, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGWINCH, do_nothing);
    raise(SIGWINCH);
    write_file("twelve", "twelve bytes", 0644);
    int file = open("twelve", O_RDONLY | O_CLOEXEC);
    lseek(file, 7, SEEK_SET);
    dup2(file, 20);
    dup3(file, 21, O_CLOEXEC);
    close(file);
}

static void scripts(void)
{
    char text[8192];
    snprintf(text, sizeof text, "#!%s\nbody\n", s_self);
    write_file("plain", text, 0755);
    run("a script", "plain", (char *[]){ "zero", "one", "two", NULL }, (char *[]){ NULL });

    snprintf(text, sizeof text, "#! %s  some words  \nbody\n", s_self);
    write_file("words", text, 0755);
    run("a script with an argument of two words", "./words", (char *[]){ "zero", "one", NULL }, (char *[]){ "A=1", NULL });

    snprintf(text, sizeof text, "#!%s/plain inner\n", s_folder);
    write_file("nested", text, 0755);
    run("a script for a script", "./nested", (char *[]){ "zero", "one", NULL }, (char *[]){ NULL });

    write_file("self", "#!/proc/self/exe\n", 0755);
    run("a script for /proc/self/exe", "./self", (char *[]){ "zero", NULL }, (char *[]){ NULL });

    snprintf(text, sizeof text, "#!%s/endless\n", s_folder);
    write_file("endless", text, 0755);
    run("a script for itself", "./endless", (char *[]){ "zero", NULL }, (char *[]){ NULL });
    write_file("orphaned", "#!/no/such/interpreter\n", 0755);
    run("a script without its interpreter", "./orphaned", (char *[]){ "zero", NULL }, (char *[]){ NULL });
    write_file("nameless", "#!\n", 0755);
    run("a script that names none", "./nameless", (char *[]){ "zero", NULL }, (char *[]){ NULL });
}

static void refusals(void)
{
    char *none[] = { "zero", NULL };
    run("no such file", "missing", none, (char *[]){ NULL });
    run("an empty name", "", none, (char *[]){ NULL });
    run("a directory", ".", none, (char *[]){ NULL });
    run("a file as a directory", "plain/x", none, (char *[]){ NULL });
    write_file("text", "echo no\n", 0755);
    run("a text", "./text", none, (char *[]){ NULL });
    write_file("empty", "", 0755);
    run("an empty file", "./empty", none, (char *[]){ NULL });
    write_file("not_executable", "#!/bin/sh\n", 0644);
    run("a file without x", "./not_executable", none, (char *[]){ NULL });
    copy_self("short", 40);
    run("a cut-off header", "./short", none, (char *[]){ NULL });
    symlink("ring", "ring");
    run("a ring of links", "./ring", none, (char *[]){ NULL });
    run("a bad address", BAD_ADDRESS, none, (char *[]){ NULL });
    run("bad arguments", s_self, BAD_ADDRESS, (char *[]){ NULL });

    char *big = malloc(131073);
    memset(big, 'b', 131072);
    big[131072] = 0;
    run("an argument of 131072 characters", s_self, (char *[]){ "zero", big, NULL }, (char *[]){ NULL });
    run("a variable of 131072 characters", s_self, (char *[]){ "zero", NULL }, (char *[]){ big, NULL });
    big[131071] = 0;
    run("an argument of 131071 characters", s_self, (char *[]){ "zero", "length", big, NULL }, (char *[]){ NULL });
}

static void many(void)
{
    static char texts[3000][32];
    static char *entries[3001];
    for (int i = 0; i < 3000; i++) {
        snprintf(texts[i], sizeof texts[i], "VARIABLE_%d=%d", i, i * i);
        entries[i] = texts[i];
    }
    run("3000 variables", s_self, (char *[]){ "zero", "sum", NULL }, entries);
    run("3000 arguments", s_self, entries, (char *[]){ "A=1", NULL });
}

static long long sum_of(char **texts)
{
    long long sum = 0;
    for (; *texts; texts++) {
        for (char *c = *texts; *c; c++)
            sum = sum * 31 + *c;
    }
    return sum;
}

int main(int argc, char **argv)
{
    static char here[4096];
    ssize_t length = readlink("/proc/self/exe", s_self, sizeof s_self - 1);
    s_self[length < 0 ? 0 : length] = 0;
    /* File 20 is what a second life inherits. */
    if (fcntl(20, F_GETFD) != -1) {
        s_folder = getcwd(here, sizeof here);
        if (argc == 3000 || (argc == 2 && strcmp(argv[1], "sum") == 0)) {
            say("%d arguments, the sums are %lld and %lld", argc, sum_of(argv), sum_of(environ));
            return 0;
        }
        if (argc == 3 && strcmp(argv[1], "length") == 0) {
            say("length %d", (int)strlen(argv[2]));
            return 0;
        }
        return report(argc, argv);
    }

    enter_directory(argc, argv);
    s_folder = getcwd(here, sizeof here);
    inherit();
    run("the program", s_self, (char *[]){ "zero", "one", "", "with space", NULL }, (char *[]){ "B=2", "A=1", "EMPTY=", NULL });
    run("the program by /proc", "/proc/self/exe", (char *[]){ "zero", "one", NULL }, (char *[]){ NULL });
    copy_self("copy", SIZE_MAX);
    run("a copy", "./copy", (char *[]){ "zero", "one", NULL }, (char *[]){ NULL });
    symlink("copy", "link");
    run("a link to the copy", "link", (char *[]){ "zero", NULL }, (char *[]){ NULL });
    pid_t pid = fork();
    if (pid == 0) {
        int file = open("copy", O_RDONLY | O_CLOEXEC);
        fexecve(file, (char *[]){ "zero", "sum", NULL }, (char *[]){ "A=1", NULL });
        say("fexecve: %s", strerror(errno));
        _exit(1);
    }
    reap("fexecve", pid);
    scripts();
    refusals();
    many();
    return 0;
}
