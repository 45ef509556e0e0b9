/* Sleeping, and the clocks that tell how long. */
#include "../check.h"

static volatile int s_signals;

static void tick(int signal)
{
    (void)signal;
    s_signals++;
}

int main(void)
{
    struct timespec start, left = { 77, 77 };
    clock_gettime(CLOCK_MONOTONIC, &start);
    CALL(nanosleep(&(struct timespec){ 0, 30000000 }, &left));
    HOLDS(milliseconds_since(&start) >= 30);
    say("left: %d %d", (int)left.tv_sec, (int)left.tv_nsec);
    CALL(nanosleep(&(struct timespec){ 0, 0 }, NULL));
    CALL(nanosleep(&(struct timespec){ 0, 1000000000 }, NULL));
    CALL(nanosleep(&(struct timespec){ -1, 0 }, NULL));
    CALL(usleep(1500));

    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    ERROR(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
    start = until;
    until.tv_nsec += 25000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    ERROR(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
    HOLDS(milliseconds_since(&start) >= 25);
    ERROR(clock_nanosleep(CLOCK_REALTIME, 0, &(struct timespec){ 0, 5000000 }, NULL));
    ERROR(clock_nanosleep(CLOCK_BOOTTIME, 0, &(struct timespec){ 0, 5000000 }, NULL));
    ERROR(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &(struct timespec){ 0, 5000000 }, NULL));
    ERROR(clock_nanosleep(77, 0, &(struct timespec){ 0, 5000000 }, NULL));

    signal(SIGALRM, tick);
    clock_gettime(CLOCK_MONOTONIC, &start);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 20000 } }, NULL);
    CALL(nanosleep(&(struct timespec){ 50, 500 }, &left));
    HOLDS(left.tv_sec == 49 && left.tv_nsec > 0);
    HOLDS(milliseconds_since(&start) >= 20);
    SHOW(s_signals);

    /* No clock ever goes back. */
    clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        struct timespec before, now, resolution;
        int back = 0, advanced = 0;
        clock_gettime(clocks[i], &before);
        for (int round = 0; round < 2000 || !advanced; round++) {
            clock_gettime(clocks[i], &now);
            int order = now.tv_sec != before.tv_sec ? (now.tv_sec > before.tv_sec ? 1 : -1) : now.tv_nsec > before.tv_nsec ? 1 : now.tv_nsec < before.tv_nsec ? -1 : 0;
            back += order < 0;
            advanced |= order > 0;
            before = now;
        }
        HOLDS(clock_getres(clocks[i], &resolution) == 0 && resolution.tv_sec == 0 && resolution.tv_nsec > 0);
        say("clock %d: went back %d times", (int)clocks[i], back);
    }
    struct timespec now;
    CALL(clock_gettime(77, &now));
    CALL(clock_gettime(CLOCK_MONOTONIC, &now));
    struct timeval day;
    CALL(gettimeofday(&day, NULL));
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    HOLDS(real.tv_sec - day.tv_sec <= 2 && time(NULL) - real.tv_sec <= 2);
    HOLDS(day.tv_sec > 1600000000);
    return 0;
}
