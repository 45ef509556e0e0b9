// What a program finds on its stack, as far as it is the same for every kernel: order, alignment, and what lies beside what.
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

extern char **environ;
extern void _start(void);

static const char *const names[] = {
    [AT_PHDR] = "phdr", [AT_PHENT] = "phent", [AT_PHNUM] = "phnum", [AT_PAGESZ] = "pagesz", [AT_BASE] = "base", [AT_FLAGS] = "flags",
    [AT_ENTRY] = "entry", [AT_UID] = "uid", [AT_EUID] = "euid", [AT_GID] = "gid", [AT_EGID] = "egid", [AT_PLATFORM] = "platform",
    [AT_HWCAP] = "hwcap", [AT_CLKTCK] = "clktck", [AT_SECURE] = "secure", [AT_RANDOM] = "random", [AT_HWCAP2] = "hwcap2",
    [AT_EXECFN] = "execfn",
};

static uintptr_t find(const ElfW(auxv_t) *entry, uintptr_t key)
{
    while (entry->a_type != AT_NULL && entry->a_type != key)
        entry++;
    return entry->a_un.a_val;
}

int main(int argc, char **argv)
{
    uintptr_t *words = (uintptr_t *)argv - 1;
    printf("argc %d, in memory %d, aligned to %d\n", argc, (int)words[0], (int)((uintptr_t)words % 16));
    printf("argv ends with %p, and envp %s\n", (void *)argv[argc], environ == argv + argc + 1 ? "follows" : "is elsewhere");
    char **last = environ;
    while (*last != NULL)
        last++;
    const ElfW(auxv_t) *vector = (const ElfW(auxv_t) *)(last + 1), *entry = vector;

    // The vDSO and what came after Linux 5.13 is left out.
    for (; entry->a_type != AT_NULL; entry++) {
        if (entry->a_type < sizeof names / sizeof *names && names[entry->a_type] != NULL)
            printf("%s ", names[entry->a_type]);
    }

    printf("and the end, with %d\n", (int)entry->a_un.a_val);
    printf("page %d, ticks %d, flags %d, secure %d, base %d\n", (int)find(vector, AT_PAGESZ), (int)find(vector, AT_CLKTCK),
           (int)find(vector, AT_FLAGS), (int)find(vector, AT_SECURE), (int)find(vector, AT_BASE));
    printf("entry is %s\n", find(vector, AT_ENTRY) == (uintptr_t)_start ? "_start" : "elsewhere");
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)find(vector, AT_PHDR);
    int loads = 0;
    for (int i = 0; i < (int)find(vector, AT_PHNUM); i++)
        loads += headers[i].p_type == PT_LOAD;
    printf("%d headers of %d bytes, %d to load\n", (int)find(vector, AT_PHNUM), (int)find(vector, AT_PHENT), loads);

    const char *platform = (const char *)find(vector, AT_PLATFORM), *name = (const char *)find(vector, AT_EXECFN);
    const char *random = (const char *)find(vector, AT_RANDOM), *lowest = argv[0];
    printf("platform %s, %d below the next multiple of 16\n", platform, (int)(-(uintptr_t)platform % 16));
    printf("random bytes %d below the platform, vector %s them\n", (int)(platform - random), (const char *)(entry + 1) <= random ? "below" : "over");
    printf("platform %s the arguments, gap below them less than 8208: %d\n", platform < lowest ? "below" : "above", lowest - platform < 8208);
    for (int i = 1; i < argc; i++)
        printf("argument %d follows: %d\n", i, argv[i] == argv[i - 1] + strlen(argv[i - 1]) + 1);
    printf("name follows the last argument: %d\n", name == argv[argc - 1] + strlen(argv[argc - 1]) + 1);
    printf("%d bytes stay empty below the end of a page\n", (int)(-(uintptr_t)(name + strlen(name) + 1) % 4096));
    printf("name is argv[0]: %d\n", strcmp(name, argv[0]) == 0);
    return 0;
}
