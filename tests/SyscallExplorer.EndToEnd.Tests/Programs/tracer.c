/*
 * Runs a program under ptrace and tells its reader of each event by a line. It waits for a line in answer before the task goes on: meanwhile
 * the reader can look at the task's memory.
 *   E pid compat number a0 a1 a2 a3 a4 a5 stack   a call begins; the arguments are hexadecimal
 *   X pid result                              it ends
 *   S pid siginfo-in-hex                      a signal is delivered
 *   G pid signal                              a signal stopped the task
 *   T pid status / K pid signal core          the task ended
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/ptrace.h>
#include <linux/audit.h>
#include <unistd.h>

static int started;

static void tell(void)
{
    char answer[16];
    putchar('\n');
    fflush(stdout);
    if (!fgets(answer, sizeof answer, stdin))
        exit(3);
}

static void syscall_stop(int pid)
{
    struct ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        started |= info.entry.nr == SYS_execve && info.arch == AUDIT_ARCH_X86_64;
        if (!started)
            return;
        printf("E %d %d %lld", pid, info.arch == AUDIT_ARCH_I386, (long long)info.entry.nr);
        for (int i = 0; i < 6; i++)
            printf(" %llx", (unsigned long long)info.entry.args[i]);
        printf(" %llx", (unsigned long long)info.stack_pointer);
        tell();
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && started) {
        printf("X %d %lld", pid, (long long)info.exit.rval);
        tell();
    }
}

int main(int argc, char **argv)
{
    int gate[2];
    (void)argc;
    if (pipe(gate))
        return 2;
    int child = fork();
    if (child == 0) {
        char c;
        close(gate[1]);
        if (read(gate[0], &c, 1) != 1)
            _exit(126);
        close(gate[0]);
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        close(null);
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    close(gate[0]);
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SEIZE, child, 0, options) || ptrace(PTRACE_INTERRUPT, child, 0, 0))
        return 2;
    int released = 0, status, pid;
    while ((pid = waitpid(-1, &status, __WALL)) > 0) {
        int signal = 0;
        if (WIFEXITED(status)) {
            printf("T %d %d", pid, WEXITSTATUS(status));
            tell();
            continue;
        }
        if (WIFSIGNALED(status)) {
            printf("K %d %d %d", pid, WTERMSIG(status), !!WCOREDUMP(status));
            tell();
            continue;
        }
        if (!released) {
            released = 1;
            if (write(gate[1], "", 1) != 1)
                return 2;
            close(gate[1]);
        }
        int event = status >> 16, stop = WSTOPSIG(status);
        if (stop == (SIGTRAP | 0x80))
            syscall_stop(pid);
        else if (event == PTRACE_EVENT_STOP && (stop == SIGSTOP || stop == SIGTSTP || stop == SIGTTIN || stop == SIGTTOU) && started) {
            printf("G %d %d", pid, stop);
            tell();
            ptrace(PTRACE_LISTEN, pid, 0, 0);
            continue;
        } else if (event == 0) {
            siginfo_t info;
            signal = stop;
            if (ptrace(PTRACE_GETSIGINFO, pid, 0, &info) == 0) {
                printf("S %d ", pid);
                for (size_t i = 0; i < sizeof info; i++)
                    printf("%02x", ((unsigned char *)&info)[i]);
                tell();
            }
        }
        ptrace(PTRACE_SYSCALL, pid, 0, signal);
    }
    return 0;
}
