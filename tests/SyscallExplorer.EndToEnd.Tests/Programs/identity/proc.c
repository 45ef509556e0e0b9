/* What /proc tells of the process itself, in shapes that no machine changes. */
#include "../check.h"
#include <dirent.h>

static char s_text[65536];

static const char *contents(const char *name)
{
    int file = open(name, O_RDONLY);
    if (file == -1) {
        say("%s: %s", name, strerror(errno));
        return "";
    }
    size_t length = 0;
    for (ssize_t got; (got = read(file, s_text + length, sizeof s_text - 1 - length)) > 0;)
        length += (size_t)got;
    s_text[length] = 0;
    close(file);
    return s_text;
}

static long value_of(const char *key)
{
    const char *status = contents("/proc/self/status");
    size_t length = strlen(key);
    for (const char *line = status; line != NULL && *line != 0; line = strchr(line, '\n'), line = line == NULL ? NULL : line + 1) {
        if (strncmp(line, key, length) == 0 && line[length] == ':')
            return strtol(line + length + 1, NULL, 0);
    }
    return -1;
}

static void maps(void)
{
    int lines = 0, wrong = 0, stack = 0, heap = 0, own = 0, ordered = 1;
    unsigned long last = 0;
    int marker;
    char *allocated = malloc(100000), *area = mmap(NULL, 3 * 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *text = strdup(contents("/proc/self/maps"));
    int found_area = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"), lines++) {
        unsigned long from, to, offset, inode;
        unsigned major, minor;
        char access[8], name[4096] = "";
        int fields = sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %4095[^\n]", &from, &to, access, &offset, &major, &minor, &inode, name);
        wrong += fields < 7 || from >= to || from % 4096 != 0 || to % 4096 != 0 || strlen(access) != 4;
        wrong += strchr("r-", access[0]) == NULL || strchr("w-", access[1]) == NULL || strchr("x-", access[2]) == NULL || strchr("ps", access[3]) == NULL;
        wrong += name[0] != 0 && (strlen(line) < 74 || line[73] != name[0]);
        ordered &= from >= last;
        last = to;
        if (strcmp(name, "[stack]") == 0)
            stack = (unsigned long)&marker >= from && (unsigned long)&marker < to && strcmp(access, "rw-p") == 0;
        if (strcmp(name, "[heap]") == 0)
            heap = strcmp(access, "rw-p") == 0;
        if ((unsigned long)(uintptr_t)maps >= from && (unsigned long)(uintptr_t)maps < to)
            own = strcmp(access, "r-xp") == 0 && name[0] == '/';
        if ((unsigned long)area >= from && (unsigned long)area < to)
            found_area = strcmp(access, "r--s") == 0;
    }
    HOLDS(lines > 5);
    SHOW(wrong);
    say("ordered %d, stack %d, heap %d, code %d, shared area %d", ordered, stack, heap, own, found_area);
    free(allocated);
    free(text);
}

static int count_files(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        const char *line = contents("/proc/self/cmdline");
        for (const char *part = line; *part != 0; part += strlen(part) + 1)
            say("  \"%s\"", part);
        char environment[64] = "";
        int file = open("/proc/self/environ", O_RDONLY);
        ssize_t length = read(file, environment, sizeof environment);
        say("environ: %d bytes, %s, %s", (int)length, environment, environment + strlen(environment) + 1);
        return 0;
    }
    enter_directory(argc, argv);
    maps();

    char link[4096] = "", real[4096];
    ssize_t length = readlink("/proc/self", link, sizeof link - 1);
    HOLDS(length > 0 && atoi(link) == getpid());
    HOLDS(realpath(argv[0], real) != NULL);
    memset(link, 0, sizeof link);
    HOLDS(readlink("/proc/self/exe", link, sizeof link - 1) > 0 && strcmp(link, real) == 0);
    memset(link, 0, sizeof link);
    HOLDS(readlink("/proc/self/cwd", link, sizeof link - 1) > 0 && strcmp(link, getcwd(real, sizeof real)) == 0);
    HOLDS(readlink("/proc/self/root", link, sizeof link - 1) == 1 && link[0] == '/');

    HOLDS(value_of("Pid") == getpid());
    HOLDS(value_of("Tgid") == getpid());
    HOLDS(value_of("PPid") == getppid());
    HOLDS(value_of("Uid") == (long)getuid());
    SHOW(value_of("Threads"));
    SHOW(value_of("TracerPid"));
    HOLDS(value_of("VmSize") > 0 && value_of("VmRSS") > 0 && value_of("VmRSS") <= value_of("VmSize"));
    const char *status = contents("/proc/self/status");
    HOLDS(strncmp(status, "Name:\t", 6) == 0);
    HOLDS(strstr(status, "\nState:\tR (running)\n") != NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR2, SIG_IGN);
    raise(SIGUSR1);
    status = contents("/proc/self/status");
    HOLDS(strstr(status, "\nSigBlk:\t0000000000000200\n") != NULL);
    HOLDS(strstr(status, "\nSigIgn:\t0000000000000800\n") != NULL);
    HOLDS(strstr(status, "SigPnd:\t0000000000000200\n") != NULL || strstr(status, "ShdPnd:\t0000000000000200\n") != NULL);

    const char *stat = contents("/proc/self/stat");
    int pid, parent, fields = 2;
    char name[64], state;
    HOLDS(sscanf(stat, "%d (%63[^)]) %c %d", &pid, name, &state, &parent) == 4);
    HOLDS(pid == getpid() && parent == getppid() && state == 'R');
    for (const char *c = strrchr(stat, ')'); *c != 0; c++)
        fields += *c == ' ';
    SHOW(fields);
    unsigned long size, resident;
    HOLDS(sscanf(contents("/proc/self/statm"), "%lu %lu", &size, &resident) == 2 && size >= resident && resident > 0);

    int file = open("file", O_CREAT | O_RDWR, 0644), channel[2];
    pipe(channel);
    char entry[64];
    snprintf(entry, sizeof entry, "/proc/self/fd/%d", file);
    memset(link, 0, sizeof link);
    readlink(entry, link, sizeof link - 1);
    say("%s", strrchr(link, '/'));
    write(file, "by its number", 13);
    int again = open(entry, O_RDONLY);
    char text[16] = "";
    CALL(read(again, text, sizeof text));
    unlink("file");
    memset(link, 0, sizeof link);
    readlink(entry, link, sizeof link - 1);
    say("%s", strrchr(link, '/'));
    snprintf(entry, sizeof entry, "/proc/self/fd/%d", channel[0]);
    memset(link, 0, sizeof link);
    readlink(entry, link, sizeof link - 1);
    HOLDS(strncmp(link, "pipe:[", 6) == 0);
    CALL(readlink("/proc/self/fd/99", link, sizeof link));
    int before = count_files();
    dup(channel[0]);
    SHOW(count_files() - before);
    HOLDS(contents("/proc/self/auxv") != NULL);

    pid_t child = fork();
    if (child == 0) {
        execve("/proc/self/exe", (char *[]){ "zero", "second", "third one", "", NULL }, (char *[]){ "A=1", "B=2", NULL });
        _exit(1);
    }
    reap("the second life", child);
    child = fork();
    if (child == 0) {
        for (;;)
            pause();
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", (int)child);
    do
        status = contents(path);
    while (strstr(status, "\nState:\tS (sleeping)\n") == NULL);
    kill(child, SIGSTOP);
    waitpid(child, NULL, WUNTRACED);
    HOLDS(strstr(contents(path), "\nState:\tT (stopped)\n") != NULL);
    kill(child, SIGKILL);
    siginfo_t info;
    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
    HOLDS(strstr(contents(path), "\nState:\tZ (zombie)\n") != NULL);
    reap("the child", child);
    CALL(open(path, O_RDONLY));
    HOLDS(strncmp(contents("/proc/version"), "Linux version ", 14) == 0);
    HOLDS(strstr(contents("/proc/cpuinfo"), "model name\t: ") != NULL);
    HOLDS(strncmp(contents("/proc/meminfo"), "MemTotal: ", 10) == 0);
    double up, idle;
    HOLDS(sscanf(contents("/proc/uptime"), "%lf %lf", &up, &idle) == 2 && up >= 0);
    CALL(open("/proc/no_such_file", O_RDONLY));
    CALL(open("/proc/0x3ffffff0", O_RDONLY));
    return 0;
}
