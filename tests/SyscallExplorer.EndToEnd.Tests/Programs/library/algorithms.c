/* Of the C library: sorting, searching, jumps, strings, dates, random numbers, memory of all sizes, exit handlers. */
#include "../check.h"
#include <ctype.h>
#include <fnmatch.h>
#include <getopt.h>
#include <regex.h>
#include <search.h>
#include <setjmp.h>
#include <strings.h>

static jmp_buf s_place;

static int descend(int depth)
{
    volatile char frame[200];
    frame[depth % 200] = (char)depth;
    if (depth < 100)
        return descend(depth + 1) + frame[depth % 200];
    longjmp(s_place, 17);
}

static int compare(const void *left, const void *right)
{
    return *(const int *)left - *(const int *)right;
}

#ifdef __GLIBC__
static int compare_with(const void *left, const void *right, void *sign)
{
    return compare(left, right) * *(int *)sign;
}
#endif

static void sorting(void)
{
    static int numbers[5000];
    unsigned seed = 12345;
    for (int i = 0; i < 5000; i++)
        numbers[i] = (int)((seed = seed * 1103515245 + 12345) >> 16 & 0x7fff);
    qsort(numbers, 5000, sizeof *numbers, compare);
    int wrong = 0;
    for (int i = 1; i < 5000; i++)
        wrong += numbers[i - 1] > numbers[i];
    say("%d %d %d, %d wrong", numbers[0], numbers[2500], numbers[4999], wrong);
    int key = numbers[1234];
    int *found = bsearch(&key, numbers, 5000, sizeof *numbers, compare);
    HOLDS(found != NULL && *found == key);
#ifdef __GLIBC__
    int sign = -1;
    qsort_r(numbers, 5000, sizeof *numbers, compare_with, &sign);
    HOLDS(numbers[0] >= numbers[1] && numbers[0] >= numbers[4999]);
#endif
    void *root = NULL;
    for (int i = 0; i < 5000; i++)
        tsearch(&numbers[i], &root, compare);
    HOLDS(tfind(&key, &root, compare) != NULL);
}

static void jumping(void)
{
    volatile int rounds = 0;
    int value = setjmp(s_place);
    say("setjmp gave %d", value);
    if (++rounds < 3)
        descend(0);
    SHOW(rounds);
}

static void texts(void)
{
    char text[64] = "the quick,brown;fox";
    for (char *part = strtok(text, " ,;"); part != NULL; part = strtok(NULL, " ,;"))
        say("part: %s", part);
    say("%s %s %s", strstr("haystack with needle", "needle"), strrchr("a/b/c", '/'), strpbrk("hello", "lo"));
    say("%d %d %d", strcmp("a", "b") < 0, strcasecmp("HeLLo", "hEllO"), strncmp("abcd", "abce", 3));
    say("%d %d", (int)strspn("123abc", "0123456789"), (int)strcspn("abc123", "0123456789"));
    int letters = 0, upper = 0;
    for (int c = 0; c < 256; c++) {
        letters += isalpha(c) != 0;
        upper += toupper(c) != c;
    }
    say("%d letters, %d have another case", letters, upper);
    say("%d %d %d", fnmatch("*.c", "file.c", 0), fnmatch("[a-c]?", "bx", 0), fnmatch("a*b", "a/b", FNM_PATHNAME));
    regex_t expression;
    regmatch_t match[3];
    regcomp(&expression, "([a-z]+)=([0-9]+)", REG_EXTENDED);
    HOLDS(regexec(&expression, "  width=120;", 3, match, 0) == 0);
    say("%d-%d %d-%d", (int)match[1].rm_so, (int)match[1].rm_eo, (int)match[2].rm_so, (int)match[2].rm_eo);
    regfree(&expression);
    char *arguments[] = { "zero", "-a", "-b", "value", "--long=7", "rest", NULL };
    struct option options[] = { { "long", required_argument, NULL, 'l' }, { NULL, 0, NULL, 0 } };
    for (int c; (c = getopt_long(6, arguments, "ab:", options, NULL)) != -1;)
        say("option %c %s", c, optarg != NULL ? optarg : "");
    say("rest: %s", arguments[optind]);
    static char large[3][70000];
    for (int i = 0; i < 69999; i++)
        large[0][i] = (char)(1 + i % 250);
    int wrong = 0;
    for (size_t offset = 0; offset < 40; offset++) {
        size_t length = 1000 + offset * 1700;
        memcpy(large[1] + offset, large[0] + offset / 3, length);
        wrong += memcmp(large[1] + offset, large[0] + offset / 3, length) != 0;
        memmove(large[1] + offset + 5, large[1] + offset, length);
        wrong += memcmp(large[1] + offset + 5, large[0] + offset / 3, length) != 0;
        memset(large[2] + offset, (int)offset, length);
        wrong += memchr(large[2] + offset, (int)offset + 1, length) != NULL;
    }
    SHOW(strlen(large[0]));
    SHOW(wrong);
}

static void dates(void)
{
    time_t times[] = { 0, 951782400, 1700000000, -1 };
    for (size_t i = 0; i < 4; i++) {
        struct tm parts;
        char text[64];
        gmtime_r(&times[i], &parts);
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %j %a %b", &parts);
        say("%lld: %s, back: %d", (long long)times[i], text, timegm(&parts) == times[i]);
    }
    struct tm parsed = { 0 };
    HOLDS(strptime("2001-02-03 04:05:06", "%Y-%m-%d %H:%M:%S", &parsed) != NULL);
    SHOW(timegm(&parsed));
}

static void allocation(void)
{
    static unsigned char *blocks[500];
    static size_t sizes[500];
    unsigned seed = 1;
    int wrong = 0;
    for (int round = 0; round < 20000; round++) {
        seed = seed * 1664525 + 1013904223;
        int i = (int)(seed >> 8) % 500;
        if (blocks[i] != NULL) {
            wrong += blocks[i][0] != (unsigned char)i || blocks[i][sizes[i] - 1] != (unsigned char)i;
            free(blocks[i]);
            blocks[i] = NULL;
            continue;
        }
        sizes[i] = 1 + (seed >> 16) % (round % 100 == 0 ? 300000 : 2000);
        blocks[i] = round % 2 == 0 ? malloc(sizes[i]) : realloc(calloc(1, sizes[i] / 2 + 1), sizes[i]);
        blocks[i][0] = blocks[i][sizes[i] - 1] = (unsigned char)i;
    }
    SHOW(wrong);
    void *aligned;
    ERROR(posix_memalign(&aligned, 4096, 100));
    HOLDS((uintptr_t)aligned % 4096 == 0);
    volatile size_t too_large = SIZE_MAX - 100000;
    HOLDS(malloc(too_large) == NULL && errno == ENOMEM);
}

static void last(void)
{
    say("the first handler, run last");
}

static void first(void)
{
    say("the last handler, run first");
}

int main(void)
{
    sorting();
    jumping();
    texts();
    dates();
    allocation();
    srand(42);
    int same = rand();
    srand(42);
    HOLDS(rand() == same);
    srand48(7);
    say("%.12f %ld", drand48(), lrand48());
    setenv("A", "1", 1);
    setenv("A", "2", 0);
    setenv("B", "3", 1);
    unsetenv("B");
    say("%s %d", getenv("A"), getenv("B") == NULL);
    atexit(last);
    atexit(first);
    return 0;
}
