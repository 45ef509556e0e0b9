/* printf of floating point in every form and many widths, strtod of what was printed, and the maths of libm. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double values[] = {
    0.0, -0.0, 1.0, -1.0, 0.1, 0.5, 2.5, 3.5, 1.0 / 3.0, 2.0 / 3.0, 9.995, 99.5, 1e15, 1e16, 1e17, 123456789.125, 1e-5, 1e-4,
    1e100, 1e-100, 1.7976931348623157e308, 2.2250738585072014e-308, 4.9406564584124654e-324, 3.141592653589793, 2.718281828459045,
    4503599627370497.5, 9007199254740993.0, 0.30000000000000004, 5e-324, 1e22, 1e23,
};

static void show(double value)
{
    char text[400];
    printf("%f|%e|%g|%a\n", value, value, value, value);
    printf("%.0f|%.3f|%+.10e|%#g|%-20.5g|%020.4f\n", value, value, value, value, value, value);
    snprintf(text, sizeof text, "%.17g", value);
    double back = strtod(text, NULL);
    printf("%s %s\n", text, memcmp(&back, &value, sizeof back) == 0 ? "same" : "different");
    long double wide = (long double)value / 3.0L;
    printf("%.20Lg|%La\n", wide, wide);
}

int main(void)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        show(values[i]);
    printf("%f %e %g %f %a\n", INFINITY, -INFINITY, NAN, -INFINITY, INFINITY);

    double sum = 0;
    float small = 0;
    for (int i = 1; i <= 2000; i++) {
        sum += 1.0 / i;
        small += 1.0f / (float)i;
    }
    printf("%.17g %.9g\n", sum, (double)small);
    for (int i = -8; i <= 8; i++) {
        double x = i * 0.37;
        printf("%.12g %.12g %.12g %.12g %.17g %.17g %.17g\n", sin(x), cos(x), exp(x), pow(2.5, x), sqrt(fabs(x)), floor(x), fma(x, x, -0.1369));
        printf("%ld %lld %d %u\n", lrint(x), llround(x), (int)x, (unsigned)fabs(x));
    }
    return 0;
}
