/* Pipes: order, end, blocking, capacity, SIGPIPE, packets, flags, errors. */
#include "../check.h"
#include <sys/ioctl.h>
#include <sys/uio.h>

static int s_pipe[2];
static volatile sig_atomic_t s_signals;

static void count_signal(int signal)
{
    (void)signal;
    s_signals++;
}

static void both_closed(void)
{
    close(s_pipe[0]);
    close(s_pipe[1]);
}

static void order_and_end(void)
{
    char text[64] = "";
    struct stat status;
    CALL(pipe(s_pipe));
    SHOW(s_pipe[0]);
    SHOW(s_pipe[1]);
    HOLDS(fstat(s_pipe[0], &status) == 0 && S_ISFIFO(status.st_mode) && status.st_size == 0);
    CALL(write(s_pipe[1], "one ", 4));
    CALL(write(s_pipe[1], "two ", 4));
    int waiting = 0;
    CALL(ioctl(s_pipe[0], FIONREAD, &waiting));
    SHOW(waiting);
    CALL(read(s_pipe[0], text, 6));
    say("%s", text);
    CALL(write(s_pipe[1], "three", 5));
    CALL(read(s_pipe[0], text, sizeof text));
    say("%.7s", text);
    CALL(write(s_pipe[1], "", 0));
    CALL(write(s_pipe[1], "end", 3));
    int copy = dup(s_pipe[1]);
    close(s_pipe[1]);
    CALL(read(s_pipe[0], text, sizeof text));
    CALL(fcntl(s_pipe[0], F_SETFL, O_NONBLOCK));
    CALL(read(s_pipe[0], text, sizeof text));
    close(copy);
    CALL(read(s_pipe[0], text, sizeof text));
    CALL(read(s_pipe[0], text, sizeof text));
    close(s_pipe[0]);
}

static void errors(void)
{
    char text[8];
    CALL(pipe(s_pipe));
    CALL(read(s_pipe[1], text, 1));
    CALL(write(s_pipe[0], text, 1));
    CALL(lseek(s_pipe[0], 0, SEEK_CUR));
    CALL(pread(s_pipe[0], text, 1, 0));
    CALL(write(s_pipe[1], "data", 4));
    CALL(read(s_pipe[0], BAD_ADDRESS, 4));
    CALL(write(s_pipe[1], BAD_ADDRESS, 4));
    CALL(read(s_pipe[0], text, 0));
    CALL(ftruncate(s_pipe[1], 0));
    CALL(fsync(s_pipe[1]));
    CALL(pipe(BAD_ADDRESS));
    CALL(pipe2(s_pipe, 1));
    both_closed();
    CALL(read(s_pipe[0], text, 1));
}

static void broken(void)
{
    CALL(pipe(s_pipe));
    close(s_pipe[0]);
    pid_t pid = fork();
    if (pid == 0) {
        write(s_pipe[1], "x", 1);
        _exit(0);
    }
    reap("the writer without a reader", pid);
    signal(SIGPIPE, SIG_IGN);
    CALL(write(s_pipe[1], "x", 1));
    signal(SIGPIPE, count_signal);
    CALL(write(s_pipe[1], "x", 1));
    SHOW(s_signals);
    signal(SIGPIPE, SIG_DFL);
    close(s_pipe[1]);
}

static void capacity(void)
{
    static char block[65536 * 2];
    CALL(pipe2(s_pipe, O_NONBLOCK | O_CLOEXEC));
    SHOW(fcntl(s_pipe[0], F_GETFD));
    SHOW(fcntl(s_pipe[1], F_GETFL) == (O_WRONLY | O_NONBLOCK));
    SHOW(fcntl(s_pipe[0], F_GETFL) == (O_RDONLY | O_NONBLOCK));
    CALL(read(s_pipe[0], block, 1));
    CALL(fcntl(s_pipe[1], F_GETPIPE_SZ));
    int blocks = 0;
    while (write(s_pipe[1], block, 4096) == 4096)
        blocks++;
    SHOW(blocks);
    CALL(write(s_pipe[1], block, 1));
    CALL(read(s_pipe[0], block, 8192));
    CALL(write(s_pipe[1], block, 4096));
    CALL(write(s_pipe[1], block, 4096));
    CALL(write(s_pipe[1], block, 4096));
    CALL(read(s_pipe[0], block, sizeof block));
    CALL(write(s_pipe[1], block, sizeof block));
    CALL(read(s_pipe[0], block, sizeof block));
    CALL(fcntl(s_pipe[1], F_SETPIPE_SZ, 4096));
    CALL(write(s_pipe[1], block, sizeof block));
    CALL(fcntl(s_pipe[1], F_SETPIPE_SZ, 5000));
    CALL(write(s_pipe[1], block, sizeof block));
    both_closed();
}

static void interrupted(void)
{
    static char block[100000];
    CALL(pipe(s_pipe));
    s_signals = 0;
    struct sigaction action = { .sa_handler = count_signal };
    sigaction(SIGALRM, &action, NULL);
    struct itimerval tick = { { 0, 20000 }, { 0, 20000 } };
    setitimer(ITIMER_REAL, &tick, NULL);
    /* What fitted before the signal counts; a write that moved nothing is interrupted. */
    CALL(write(s_pipe[1], block, sizeof block));
    CALL(write(s_pipe[1], block, sizeof block));
    both_closed();
    CALL(pipe(s_pipe));
    CALL(read(s_pipe[0], block, sizeof block));
    setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
    HOLDS(s_signals >= 3);
    both_closed();
}

static void packets(void)
{
    char text[8192];
    CALL(pipe2(s_pipe, O_DIRECT));
    CALL(write(s_pipe[1], "one", 3));
    CALL(write(s_pipe[1], "two", 3));
    CALL(read(s_pipe[0], text, sizeof text));
    CALL(read(s_pipe[0], text, 2));
    CALL(write(s_pipe[1], text, 5000));
    CALL(read(s_pipe[0], text, sizeof text));
    CALL(read(s_pipe[0], text, sizeof text));
    both_closed();
}

static void vectors(void)
{
    char a[4] = "", b[8] = "";
    CALL(pipe(s_pipe));
    struct iovec parts[] = { { "gath", 4 }, { "", 0 }, { "ered", 4 } };
    CALL(writev(s_pipe[1], parts, 3));
    struct iovec places[] = { { a, 3 }, { b, 7 } };
    CALL(readv(s_pipe[0], places, 2));
    say("%s|%s", a, b);
    volatile int negative = -1, too_many = 1025;
    CALL(writev(s_pipe[1], parts, negative));
    CALL(writev(s_pipe[1], parts, too_many));
    CALL(writev(s_pipe[1], parts, 0));
    both_closed();
}

int main(int argc, char **argv)
{
    enter_directory(argc, argv);
    order_and_end();
    errors();
    broken();
    capacity();
    interrupted();
    packets();
    vectors();
    return 0;
}
