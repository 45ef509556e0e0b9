/* FIFOs: the meeting of both ends, O_NONBLOCK, reading to the end and again. */
#include "../check.h"
#include <poll.h>

int main(int argc, char **argv)
{
    enter_directory(argc, argv);
    umask(022);
    char text[32] = "";
    struct stat status;
    CALL(mkfifo("fifo", 0666));
    CALL(mkfifo("fifo", 0666));
    HOLDS(stat("fifo", &status) == 0);
    say("mode %o, size %d", (unsigned)status.st_mode, (int)status.st_size);
    CALL(open("fifo", O_WRONLY | O_NONBLOCK));

    for (int round = 0; round < 2; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            int end = open("fifo", O_WRONLY);
            write(end, "through the fifo", 16);
            _exit(end >= 0 ? 0 : 1);
        }
        int end = open("fifo", O_RDONLY);
        HOLDS(end >= 0);
        SHOW(read(end, text, sizeof text));
        SHOW(read(end, text, sizeof text));
        say("%s", text);
        reap("the writer", pid);
        close(end);
    }

    int reader = (int)GOOD(open("fifo", O_RDONLY | O_NONBLOCK));
    CALL(read(reader, text, sizeof text));
    struct pollfd entry = { reader, POLLIN, 0 };
    CALL(poll(&entry, 1, 0));
    int writer = (int)GOOD(open("fifo", O_WRONLY));
    CALL(read(reader, text, sizeof text));
    CALL(write(writer, "kept", 4));
    CALL(poll(&entry, 1, 0));
    SHOW(entry.revents);
    close(writer);
    CALL(poll(&entry, 1, 0));
    SHOW(entry.revents);
    CALL(read(reader, text, sizeof text));
    CALL(read(reader, text, sizeof text));
    CALL(poll(&entry, 1, 0));
    SHOW(entry.revents);
    close(reader);

    int both = (int)GOOD(open("fifo", O_RDWR));
    CALL(write(both, "self", 4));
    CALL(read(both, text, sizeof text));
    CALL(unlink("fifo"));
    CALL(write(both, "gone", 4));
    CALL(read(both, text, sizeof text));
    CALL(open("fifo", O_RDONLY));

    /* mknod makes them too. */
    CALL(mknod("other", S_IFIFO | 0600, 0));
    HOLDS(stat("other", &status) == 0 && S_ISFIFO(status.st_mode));
    return 0;
}
