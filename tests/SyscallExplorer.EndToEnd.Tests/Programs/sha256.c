/* SHA-256 (FIPS 180-4) of standard input. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint32_t K[64];
static uint32_t H[8];

/* The constants are the first 32 bits of the fractional parts of roots of the first primes, found here with integers only. */
static uint32_t root_fraction(unsigned prime, int cubic)
{
    unsigned __attribute__((mode(DI))) low = 0;
    for (int bit = 35; bit >= 0; bit--) {
        unsigned long long x = low | (1ull << bit);
        /* Is (x / 2^32) to the power of 2 or 3 at most the prime? Compared in 32-bit limbs. */
        uint32_t a[2] = { (uint32_t)x, (uint32_t)(x >> 32) }, product[6] = { 1 };
        int limbs = 1;
        for (int n = 0; n < (cubic ? 3 : 2); n++) {
            uint32_t next[6] = { 0 };
            for (int i = 0; i < limbs; i++) {
                uint64_t carry = 0;
                for (int j = 0; j < 2; j++) {
                    uint64_t t = (uint64_t)product[i] * a[j] + next[i + j] + carry;
                    next[i + j] = (uint32_t)t;
                    carry = t >> 32;
                }
                next[i + 2] = (uint32_t)carry;
            }
            limbs += 2;
            if (limbs > 4)
                limbs = 4;
            memcpy(product, next, sizeof product);
        }
        int whole = cubic ? 3 : 2;
        uint32_t top = product[whole], above = product[whole + 1];
        if (above == 0 && top < prime)
            low = x;
    }
    return (uint32_t)low;
}

static void prepare(void)
{
    int found = 0;
    for (unsigned n = 2; found < 64; n++) {
        int prime = 1;
        for (unsigned d = 2; d * d <= n; d++)
            if (n % d == 0)
                prime = 0;
        if (!prime)
            continue;
        K[found] = root_fraction(n, 1);
        if (found < 8)
            H[found] = root_fraction(n, 0);
        found++;
    }
}

static uint32_t rotate(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static void block(const uint8_t *p)
{
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[i * 4] << 24 | (uint32_t)p[i * 4 + 1] << 16 | (uint32_t)p[i * 4 + 2] << 8 | p[i * 4 + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    memcpy(s, H, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + K[i] + w[i];
        uint32_t t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        H[i] += s[i];
}

int main(void)
{
    uint8_t buffer[64];
    uint64_t length = 0;
    size_t held = 0, count;
    prepare();
    while ((count = fread(buffer + held, 1, sizeof buffer - held, stdin)) > 0) {
        held += count;
        length += count;
        if (held == sizeof buffer) {
            block(buffer);
            held = 0;
        }
    }
    buffer[held++] = 0x80;
    if (held > 56) {
        memset(buffer + held, 0, sizeof buffer - held);
        block(buffer);
        held = 0;
    }
    memset(buffer + held, 0, 56 - held);
    for (int i = 0; i < 8; i++)
        buffer[56 + i] = (uint8_t)(length * 8 >> (56 - 8 * i));
    block(buffer);
    for (int i = 0; i < 8; i++)
        printf("%08x", H[i]);
    printf("  %llu\n", (unsigned long long)length);
    return 0;
}
