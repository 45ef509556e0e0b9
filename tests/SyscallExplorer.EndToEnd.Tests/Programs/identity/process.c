/* Who and where a process is: ids, groups, sessions, priorities, limits, affinity, usage, names. */
#include "../check.h"
#include <sched.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>

static void ids(void)
{
    HOLDS(getpid() > 0 && getppid() >= 0);
    HOLDS(getuid() == geteuid() && getgid() == getegid());
    uid_t real, effective, saved;
    CALL(getresuid(&real, &effective, &saved));
    HOLDS(real == effective && effective == saved);
    CALL(setuid(getuid()));
    CALL(setgid(getgid()));
    GOOD(getgroups(0, NULL));
    CALL(setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1));
    pid_t pid = fork();
    if (pid == 0) {
        HOLDS(getpid() != getpgrp());
        CALL(setsid() == getpid());
        HOLDS(getpid() == getpgrp() && getsid(0) == getpid());
        CALL(setsid());
        CALL(setpgid(0, 0));
        _exit(0);
    }
    reap("a new session", pid);
    pid = fork();
    if (pid == 0) {
        CALL(setpgid(0, 0));
        HOLDS(getpgid(0) == getpid() && getsid(0) != getpid());
        CALL(setsid());
        CALL(setpgid(0x3ffffff0, 0));
        CALL(setpgid(0, -1));
        _exit(0);
    }
    reap("a new group", pid);
    CALL(getpgid(0x3ffffff0));
    CALL(getsid(0x3ffffff0));
}

static void priorities(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        CALL(setpriority(PRIO_PROCESS, 0, 14));
        CALL(nice(3));
        SHOW(getpriority(PRIO_PROCESS, 0));
        CALL(setpriority(PRIO_PROCESS, 0, 16));
        SHOW(getpriority(PRIO_PROCESS, 0));
        CALL(setpriority(PRIO_PROCESS, 0, 99));
        SHOW(getpriority(PRIO_PROCESS, 0));
        CALL(getpriority(77, 0));
        CALL(getpriority(PRIO_PROCESS, 0x3ffffff0));
        pid_t child = fork();
        if (child == 0)
            _exit(getpriority(PRIO_PROCESS, 0));
        reap("its child's", child);
        _exit(0);
    }
    reap("priorities", pid);
    CALL(syscall(SYS_sched_getscheduler, 0));
    struct sched_param parameters = { .sched_priority = 77 };
    CALL(syscall(SYS_sched_getparam, 0, &parameters));
    SHOW(parameters.sched_priority);
    CALL(sched_get_priority_max(SCHED_FIFO));
    CALL(sched_get_priority_min(SCHED_FIFO));
    CALL(sched_get_priority_max(SCHED_OTHER));
    CALL(sched_get_priority_max(77));
    CALL(syscall(SYS_sched_setscheduler, 0, 77, &parameters));
    parameters.sched_priority = 0;
    CALL(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &parameters));
    CALL(syscall(SYS_sched_getscheduler, 0));
    CALL(sched_yield());
}

static void affinity(void)
{
    cpu_set_t set;
    GOOD(sched_getaffinity(0, sizeof set, &set));
    HOLDS(CPU_COUNT(&set) >= 1);
    CPU_ZERO(&set);
    CALL(sched_setaffinity(0, sizeof set, &set));
    CPU_SET(0, &set);
    CALL(sched_setaffinity(0, sizeof set, &set));
    CPU_ZERO(&set);
    GOOD(sched_getaffinity(0, sizeof set, &set));
    HOLDS(CPU_COUNT(&set) == 1 && CPU_ISSET(0, &set));
    SHOW(sched_getcpu());
    HOLDS(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
}

static void limits(void)
{
    struct rlimit limit, before;
    CALL(getrlimit(RLIMIT_NOFILE, &before));
    HOLDS(before.rlim_cur >= 64 && before.rlim_max >= before.rlim_cur);
    limit = (struct rlimit){ 20, before.rlim_max };
    CALL(setrlimit(RLIMIT_NOFILE, &limit));
    CALL(getrlimit(RLIMIT_NOFILE, &limit));
    SHOW(limit.rlim_cur);
    limit = (struct rlimit){ 30, 20 };
    CALL(setrlimit(RLIMIT_NOFILE, &limit));
    CALL(getrlimit(99, &limit));
    pid_t pid = fork();
    if (pid == 0) {
        getrlimit(RLIMIT_NOFILE, &limit);
        _exit((int)limit.rlim_cur);
    }
    reap("an inherited limit", pid);
    CALL(setrlimit(RLIMIT_NOFILE, &before));

    pid = fork();
    if (pid == 0) {
        limit = (struct rlimit){ 4096, 4096 };
        setrlimit(RLIMIT_FSIZE, &limit);
        int file = open("limited", O_CREAT | O_WRONLY, 0644);
        static char block[5000];
        signal(SIGXFSZ, SIG_IGN);
        CALL(write(file, block, sizeof block));
        CALL(write(file, block, 1));
        CALL(ftruncate(file, 5000));
        signal(SIGXFSZ, SIG_DFL);
        write(file, block, 1);
        _exit(0);
    }
    reap("a file that grows too large", pid);
    pid = fork();
    if (pid == 0) {
        limit = (struct rlimit){ 64 << 20, 64 << 20 };
        setrlimit(RLIMIT_AS, &limit);
        void *area = mmap(NULL, 100 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        say("100 megabytes: %s", area == MAP_FAILED ? strerror(errno) : "good");
        area = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        say("one megabyte: %s", area == MAP_FAILED ? strerror(errno) : "good");
        _exit(0);
    }
    reap("an address space with a limit", pid);
}

static long long used(const struct rusage *usage)
{
    return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000LL + usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
}

static void usage(void)
{
    struct rusage before, now;
    CALL(getrusage(RUSAGE_SELF, &before));
    int back = 0;
    do {
        struct rusage last = before;
        getrusage(RUSAGE_SELF, &now);
        back += used(&now) < used(&last);
    } while (used(&now) < used(&before) + 5000);
    SHOW(back);
    HOLDS(now.ru_maxrss > 0 && now.ru_minflt > 0);
    CALL(getrusage(RUSAGE_CHILDREN, &now));
    CALL(getrusage(99, &now));
    struct tms parts;
    HOLDS(times(&parts) != (clock_t)-1);
    HOLDS(sysconf(_SC_CLK_TCK) == 100 && sysconf(_SC_PAGESIZE) == 4096);
    struct sysinfo info;
    CALL(sysinfo(&info));
    HOLDS(info.totalram > 0 && info.freeram <= info.totalram && info.procs > 0 && info.mem_unit > 0);
}

static void names(void)
{
    struct utsname name;
    CALL(uname(&name));
    say("%s", name.sysname);
    HOLDS(strcmp(name.machine, "x86_64") == 0 || strcmp(name.machine, "i686") == 0);
    HOLDS(strlen(name.release) > 3 && strlen(name.nodename) > 0);
    char text[32] = "";
    CALL(prctl(PR_SET_NAME, "a name that is too long", 0, 0, 0));
    CALL(prctl(PR_GET_NAME, text, 0, 0, 0));
    say("%s", text);
    FILE *comm = fopen("/proc/self/comm", "r");
    HOLDS(comm != NULL && fgets(text, sizeof text, comm) != NULL);
    say("%s", text);
    CALL(prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0));
    int signal = 0;
    CALL(prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0));
    SHOW(signal);
    CALL(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
    CALL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CALL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    CALL(prctl(99999, 0, 0, 0, 0));
    CALL(syscall(9999));

    int channel[2];
    pipe(channel);
    pid_t pid = fork();
    if (pid == 0) {
        pid_t middle = getpid();
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
            if (getppid() == middle)
                write(channel[1], "x", 1);
            for (;;)
                pause();
        }
        char c;
        read(channel[0], &c, 1);
        _exit(0);
    }
    close(channel[1]);
    reap("the parent", pid);
    char c;
    SHOW(read(channel[0], &c, 1));
}

int main(int argc, char **argv)
{
    enter_directory(argc, argv);
    become_a_user();
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    ids();
    priorities();
    affinity();
    limits();
    usage();
    names();
    return 0;
}
