/* Which blocked calls go on after a handler and which give EINTR, with SA_RESTART and without. */
#include "../check.h"
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

enum { WaitPrivate = 128, WakePrivate = 129 };

static int s_pipe[2], s_full[2], s_pair[2], s_event, s_epoll, s_lock;
static pid_t s_child;
static int s_word;
static volatile int s_ticks;
static void (*s_release)(void);
static sem_t *s_semaphore;

/* After some ticks the handler itself brings what the call waits for. */
static void tick(int signal)
{
    (void)signal;
    if (++s_ticks == 3 && s_release != NULL)
        s_release();
}

static void fill(void)
{
    write(s_pipe[1], "x", 1);
}

static void drain(void)
{
    char block[65536];
    read(s_full[0], block, sizeof block);
}

static void fill_pair(void)
{
    write(s_pair[1], "x", 1);
}

static void post_event(void)
{
    eventfd_write(s_event, 1);
}

static void end_child(void)
{
    kill(s_child, SIGKILL);
}

static void wake(void)
{
    s_word = 1;
    syscall(SYS_futex, &s_word, WakePrivate, 1, NULL, NULL, 0);
}

static void post(void)
{
    sem_post(s_semaphore);
}

static char s_block[65536];

static long read_pipe(void) { return read(s_pipe[0], s_block, 1); }
static long write_pipe(void) { return write(s_full[1], s_block, 4096); }
static long receive(void) { return recv(s_pair[0], s_block, 1, 0); }
static long read_event(void) { return read(s_event, s_block, 8); }
static long wait_child(void) { return waitpid(s_child, NULL, 0) == s_child; }
static long waitid_child(void) { return waitid(P_PID, (id_t)s_child, NULL, WEXITED | WNOWAIT); }
static long wait_word(void) { return syscall(SYS_futex, &s_word, WaitPrivate, 0, NULL, NULL, 0); }
static long lock_file(void) { return fcntl(s_lock, F_SETLKW, &(struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 }); }
static long wait_semaphore(void) { return sem_wait(s_semaphore); }
static long sleep_long(void) { return nanosleep(&(struct timespec){ 100, 0 }, NULL); }
static long sleep_absolute(void) { struct timespec until; clock_gettime(CLOCK_MONOTONIC, &until); until.tv_sec += 100; return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL); }
static long wait_epoll(void) { struct epoll_event event; return epoll_wait(s_epoll, &event, 1, -1); }
static long wait_poll(void) { return poll(NULL, 0, -1); }
static long wait_pause(void) { return pause(); }
static long wait_select(void) { return select(0, NULL, NULL, NULL, NULL); }
static long wait_signal(void) { sigset_t set; sigemptyset(&set); sigaddset(&set, SIGUSR2); return syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8); }

static const struct {
    const char *name;
    long (*call)(void);
    void (*release)(void);
} s_calls[] = {
    { "read from a pipe", read_pipe, fill },
    { "write to a pipe", write_pipe, drain },
    { "recv", receive, fill_pair },
    { "read from an eventfd", read_event, post_event },
    { "waitid", waitid_child, end_child },
    { "waitpid", wait_child, end_child },
    { "futex", wait_word, wake },
    { "sem_wait", wait_semaphore, post },
    { "fcntl F_SETLKW", lock_file, end_child },
    { "nanosleep", sleep_long, NULL },
    { "clock_nanosleep", sleep_absolute, NULL },
    { "epoll_wait", wait_epoll, NULL },
    { "poll", wait_poll, NULL },
    { "pause", wait_pause, NULL },
    { "select", wait_select, NULL },
    { "rt_sigtimedwait", wait_signal, NULL },
};

static void new_child(int locks)
{
    int ready[2];
    pipe(ready);
    s_child = fork();
    if (s_child == 0) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        if (locks)
            lock_file();
        write(ready[1], "x", 1);
        for (;;)
            pause();
    }
    char c;
    while (read(ready[0], &c, 1) == -1)
        continue;
    close(ready[0]);
    close(ready[1]);
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR)
        continue;
}

static void run(int flags)
{
    say(flags == 0 ? "--- without SA_RESTART" : "--- with SA_RESTART");
    struct sigaction action = { .sa_handler = tick, .sa_flags = flags };
    sigaction(SIGALRM, &action, NULL);
    for (size_t i = 0; i < sizeof s_calls / sizeof *s_calls; i++) {
        int restarts = flags != 0 && s_calls[i].release != NULL;
        new_child(s_calls[i].call == lock_file);
        s_word = 0;
        s_release = restarts ? s_calls[i].release : NULL;
        s_ticks = 0;
        setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 10000 }, { 0, 10000 } }, NULL);
        errno = 0;
        long result = s_calls[i].call();
        int error = s_calls[i].call == sleep_absolute ? (int)result : result == -1 ? errno : 0;
        setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
        say("%s: %ld, %s, %s", s_calls[i].name, result, error == 0 ? "no error" : strerror(error), s_ticks >= (restarts ? 3 : 1) ? "after signals" : "TOO SOON");
        fcntl(s_lock, F_SETLK, &(struct flock){ .l_type = F_UNLCK, .l_whence = SEEK_SET });
        end(s_child);
    }
}

/* A stop and a continuation are seen by nobody who has no handler for them. */
static void stops(void)
{
    long (*calls[])(void) = { read_pipe, wait_word, wait_poll, wait_pause };
    const char *names[] = { "read", "futex", "poll", "pause" };
    for (size_t i = 0; i < 4; i++) {
        s_word = 0;
        pid_t pid = fork();
        if (pid == 0) {
            signal(SIGALRM, SIG_DFL);
            _exit(calls[i]() == -1 ? errno : 77);
        }
        pause_for(20);
        int status;
        kill(pid, SIGSTOP);
        waitpid(pid, &status, WUNTRACED);
        tell(names[i], status);
        kill(pid, SIGCONT);
        waitpid(pid, &status, WCONTINUED);
        tell(names[i], status);
        pause_for(20);
        kill(pid, SIGTERM);
        reap(names[i], pid);
    }
    pid_t pid = fork();
    if (pid == 0) {
        struct timespec left = { 0, 80000000 };
        _exit(nanosleep(&left, &left) == 0 ? 5 : 6);
    }
    pause_for(20);
    kill(pid, SIGSTOP);
    waitpid(pid, NULL, WUNTRACED);
    kill(pid, SIGCONT);
    reap("nanosleep", pid);
}

int main(int argc, char **argv)
{
    enter_directory(argc, argv);
    pipe(s_pipe);
    pipe2(s_full, O_NONBLOCK);
    while (write(s_full[1], s_block, 4096) > 0)
        continue;
    fcntl(s_full[0], F_SETFL, 0);
    fcntl(s_full[1], F_SETFL, 0);
    socketpair(AF_UNIX, SOCK_STREAM, 0, s_pair);
    s_event = eventfd(0, 0);
    s_epoll = epoll_create1(0);
    s_lock = open("lock", O_CREAT | O_RDWR, 0644);
    s_semaphore = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sem_init(s_semaphore, 1, 0);
    run(0);
    run(SA_RESTART);
    stops();
    return 0;
}
