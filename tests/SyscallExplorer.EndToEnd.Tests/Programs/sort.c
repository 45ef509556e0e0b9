/* qsort of as many integers as the argument says; prints their order's checksum. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int compare(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    int *numbers = malloc(count * sizeof *numbers);
    if (!numbers)
        return 1;
    uint32_t state = 2463534242u;
    for (size_t i = 0; i < count; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        numbers[i] = (int)state;
    }
    qsort(numbers, count, sizeof *numbers, compare);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && numbers[i - 1] > numbers[i])
            return 2;
        sum = sum * 31 + (uint32_t)numbers[i];
    }
    printf("%zu numbers from %d to %d, checksum %016llx\n", count, numbers[0], numbers[count - 1], (unsigned long long)sum);
    free(numbers);
    return 0;
}
