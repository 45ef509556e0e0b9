// Finds the vDSO's functions as a dynamic linker does, by either hash table and by version, and compares their answers with the kernel's.
#include "check.h"
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

/* musl names the call with 32-bit times by what it is. */
#ifndef SYS_clock_gettime
#define SYS_clock_gettime SYS_clock_gettime32
#endif

static const char *base;
static const ElfW(Sym) *symbols;
static const char *strings;
static const uint32_t *hash, *gnu;
static const ElfW(Half) *versions;
static const ElfW(Verdef) *definitions;

static void begin(void)
{
    const ElfW(Ehdr) *header = (const void *)base;
    const ElfW(Phdr) *segment = (const void *)(base + header->e_phoff);
    for (int i = 0; i < header->e_phnum; i++) {
        if (segment[i].p_type != PT_DYNAMIC)
            continue;
        for (const ElfW(Dyn) *entry = (const void *)(base + segment[i].p_vaddr); entry->d_tag; entry++) {
            const void *place = base + entry->d_un.d_ptr;
            switch (entry->d_tag) {
            case DT_SYMTAB: symbols = place; break;
            case DT_STRTAB: strings = place; break;
            case DT_HASH: hash = place; break;
            case DT_GNU_HASH: gnu = place; break;
            case DT_VERSYM: versions = place; break;
            case DT_VERDEF: definitions = place; break;
            }
        }
    }
}

static int has_version(uint32_t symbol, const char *wanted)
{
    const ElfW(Verdef) *d = definitions;
    for (;;) {
        if (d->vd_ndx == (versions[symbol] & 0x7fff))
            return strcmp(strings + ((const ElfW(Verdaux) *)((const char *)d + d->vd_aux))->vda_name, wanted) == 0;
        if (!d->vd_next)
            return 0;
        d = (const void *)((const char *)d + d->vd_next);
    }
}

static void *by_hash(const char *name, const char *version)
{
    uint32_t h = 0;
    for (const unsigned char *c = (const void *)name; *c; c++) {
        h = (h << 4) + *c;
        h ^= (h & 0xf0000000) >> 24;
        h &= 0x0fffffff;
    }
    for (uint32_t i = hash[2 + h % hash[0]]; i; i = hash[2 + hash[0] + i])
        if (!strcmp(strings + symbols[i].st_name, name) && has_version(i, version))
            return (void *)(base + symbols[i].st_value);
    return 0;
}

static void *by_gnu_hash(const char *name, const char *version)
{
    uint32_t h = 5381;
    for (const unsigned char *c = (const void *)name; *c; c++)
        h = h * 33 + *c;
    const uint32_t *buckets = gnu + 4 + gnu[2] * (sizeof(ElfW(Addr)) / 4);
    const uint32_t *chains = buckets + gnu[0];
    for (uint32_t i = buckets[h % gnu[0]]; i; i++) {
        if (!strcmp(strings + symbols[i].st_name, name) && has_version(i, version))
            return (void *)(base + symbols[i].st_value);
        if (chains[i - gnu[1]] & 1)
            break;
    }
    return 0;
}

int main(void)
{
    base = (const char *)getauxval(AT_SYSINFO_EHDR);
    HOLDS(base && !memcmp(base, ELFMAG, SELFMAG));
    begin();
    HOLDS(symbols && strings && hash && gnu && versions && definitions);
    const char *names[] = {"__vdso_clock_gettime", "__vdso_gettimeofday", "__vdso_time", "__vdso_clock_getres"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        HOLDS(by_hash(names[i], "LINUX_2.6"));
        HOLDS(by_hash(names[i], "LINUX_2.6") == by_gnu_hash(names[i], "LINUX_2.6"));
        HOLDS(!by_hash(names[i], "LINUX_2.4"));
    }
#ifdef __i386__
    HOLDS((unsigned long)by_hash("__kernel_vsyscall", "LINUX_2.5") == getauxval(AT_SYSINFO));
#endif
    struct pair { long seconds, nanoseconds; };
    int (*from_image)(int, struct pair *) = by_hash("__vdso_clock_gettime", "LINUX_2.6");
    const int clocks[] = {0, 1, 4, 5, 6, 7, 11};
    for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        struct pair times[3];
        HOLDS(!from_image(clocks[i], &times[0]));
        HOLDS(!syscall(SYS_clock_gettime, clocks[i], &times[1]));
        HOLDS(!from_image(clocks[i], &times[2]));
        for (int k = 0; k < 2; k++)
            HOLDS(times[k].seconds < times[k + 1].seconds
                || (times[k].seconds == times[k + 1].seconds && times[k].nanoseconds <= times[k + 1].nanoseconds));
    }
    int failed = 0;
    for (int i = 0; i < 1000; i++) {
        struct timespec t;
        failed += clock_gettime(CLOCK_MONOTONIC, &t) != 0;
    }
    HOLDS(!failed);
    return 0;
}
