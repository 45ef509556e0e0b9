/* Deep and wide recursion: a tree of calls, a stack of some megabytes, and mutual recursion through pointers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned fibonacci(unsigned n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static unsigned ackermann(unsigned m, unsigned n)
{
    return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static unsigned deep(unsigned depth)
{
    volatile char frame[256];
    memset((char *)frame, (int)depth, sizeof frame);
    unsigned below = depth == 0 ? 0 : deep(depth - 1);
    return below + (unsigned char)frame[depth % sizeof frame];
}

typedef unsigned (*step)(unsigned, const void *);

static unsigned odd(unsigned n, const void *other);

static unsigned even(unsigned n, const void *other)
{
    return n == 0 ? 1 : (*(const step *)other)(n - 1, &(step){ even });
}

static unsigned odd(unsigned n, const void *other)
{
    return n == 0 ? 0 : (*(const step *)other)(n - 1, &(step){ odd });
}

int main(void)
{
    printf("fibonacci(23) = %u\n", fibonacci(23));
    printf("ackermann(2, 200) = %u\n", ackermann(2, 200));
    printf("deep(12000) = %u\n", deep(12000));
    printf("even(10001) = %u\n", even(10001, &(step){ odd }));
    return 0;
}
