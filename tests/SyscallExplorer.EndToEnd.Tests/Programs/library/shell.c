/* system, popen and wordexp-like work, which need a shell: /bin/sh of the root. */
#include "../check.h"

static void show_output(const char *command)
{
    char line[128];
    FILE *stream = popen(command, "r");
    while (stream != NULL && fgets(line, sizeof line, stream) != NULL) {
        line[strcspn(line, "\n")] = 0;
        say("%s: %s", command, line);
    }
    tell(command, stream == NULL ? -1 : pclose(stream));
}

int main(void)
{
    HOLDS(system(NULL) != 0);
    tell("exit 3", system("exit 3"));
    tell("kill", system("kill -TERM $$"));
    tell("echo", system("echo by the shell"));
    tell("no such command", system("exec 2>/dev/null; no_such_command_anywhere"));
    show_output("echo one; echo two");
    show_output("printf '%s-' a b c; echo; exit 4");
    show_output("for i in 1 2 3; do echo $((i * i)); done");
    FILE *stream = popen("while read line; do echo \"got $line\"; done", "w");
    fputs("first\nsecond\n", stream);
    tell("a reader", pclose(stream));
    pid_t pid = fork();
    if (pid == 0) {
        execlp("sh", "sh", "-c", "echo found by PATH: $0 $1", "zero", "one", (char *)NULL);
        _exit(1);
    }
    reap("execlp", pid);
    struct sigaction action;
    sigaction(SIGINT, NULL, &action);
    HOLDS(action.sa_handler == SIG_DFL);
    return 0;
}
