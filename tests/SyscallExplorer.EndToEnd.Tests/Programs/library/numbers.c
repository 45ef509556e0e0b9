/* printf and scanf of all kinds of numbers, strtod and its relatives, mathematics. */
#include "../check.h"
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>

int main(void)
{
    static const double numbers[] = { 0, -0.0, 1, -1.5, 3.14159265358979, 1e10, 1e-10, 123456789.123456789, 1e100, 1e-300, DBL_MAX, DBL_MIN, 4.9e-324, 0.1, 2.5, 1.0 / 3, 99.99999 };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        printf("%f|%e|%g|%a|%.0f|%.3e|%#g|%20.10f|%-12.4g|%+g\n", numbers[i], numbers[i], numbers[i], numbers[i], numbers[i], numbers[i], numbers[i], numbers[i], numbers[i], numbers[i]);
        printf("%.17g|%.20f|%Lg|%.30Lf\n", numbers[i], numbers[i], (long double)numbers[i], (long double)numbers[i] / 3);
    }
    printf("%f %F %e %g\n", INFINITY, -INFINITY, NAN, -INFINITY);
    printf("%d|%5d|%-5d|%05d|%+d|% d|%x|%#X|%#o|%u\n", 42, 42, 42, 42, 42, 42, 0xbeef, 0xbeef, 8, -1);
    printf("%hhd|%hd|%ld|%lld|%zu|%jd|%td\n", (signed char)300, (short)70000, -1L, LLONG_MIN, sizeof(int), INTMAX_MAX, (ptrdiff_t)-5);
    printf("%s|%10s|%-10s|%.2s|%c|%%|%5c|%*d|%.*f\n", "text", "text", "text", "text", 'c', 'd', 7, 42, 3, 2.0 / 3);
    int count;
    printf("counted%n", &count);
    printf(" %d\n", count);
    printf("%2$s %1$d\n", 1, "second");
    static const char *texts[] = { "1.5", "0x1.8p3", "1e400", "-1e-400", "inf", "nan", "12abc", "abc", "  7.25e2x", "123456789012345678901234567890", "2.2250738585072014e-308", "0.1e-5", "179769313486231580793e289" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *end;
        errno = 0;
        double value = strtod(texts[i], &end);
        printf("%s: %.17g, %d used, %s\n", texts[i], value, (int)(end - texts[i]), errno == 0 ? "good" : strerror(errno));
        printf("  %.9g %.20Lg\n", (double)strtof(texts[i], NULL), strtold(texts[i], NULL));
        errno = 0;
        long long whole = strtoll(texts[i], &end, 0);
        printf("  %lld, %d used, %s\n", whole, (int)(end - texts[i]), errno == 0 ? "good" : strerror(errno));
    }
    int a, b;
    unsigned c;
    double d;
    char word[16], set[16];
    printf("%d: ", sscanf("12 -7 0xff 2.5e3 word [abc]", "%d %d %x %lf %15s [%15[a-c]", &a, &b, &c, &d, word, set));
    printf("%d %d %u %g %s %s\n", a, b, c, d, word, set);
    printf("%d\n", sscanf("12,x", "%d,%d", &a, &b));
    printf("%d\n", sscanf("", "%d", &a));

    static const struct {
        const char *name;
        double (*function)(double);
    } functions[] = {
        { "sqrt", sqrt }, { "cbrt", cbrt }, { "exp", exp }, { "log", log }, { "log10", log10 }, { "sin", sin }, { "cos", cos }, { "tan", tan }, { "atan", atan },
        { "sinh", sinh }, { "tanh", tanh }, { "floor", floor }, { "ceil", ceil }, { "round", round }, { "rint", rint }, { "trunc", trunc }, { "tgamma", tgamma }, { "erf", erf },
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        volatile double at[] = { 0.5, 2.5, 10.25, 1e3 };
        for (size_t k = 0; k < 4; k++)
            printf("%s(%g) = %.15g ", functions[i].name, at[k], functions[i].function(at[k]));
        printf("\n");
    }
    volatile double two = 2, half = 0.5;
    printf("%.15g %.15g %.15g %.15g %.15g\n", pow(two, half), fmod(10.5, two), hypot(3, 4), atan2(1, two), ldexp(half, 10));
    printf("%lld %lld %lld\n", llround(2.5), llrint(2.5), (long long)-2.5);
    return 0;
}
