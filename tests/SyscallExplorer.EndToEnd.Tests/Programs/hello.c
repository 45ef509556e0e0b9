/* Arguments, environment, both output streams, and an exit status. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    printf("hello, %s\n", argc > 1 ? argv[1] : "world");
    for (int i = 1; i < argc; i++)
        printf("argv[%d] = \"%s\"\n", i, argv[i]);
    printf("HOME is %s\n", getenv("HOME") ? "set" : "not set");
    fprintf(stderr, "%d arguments\n", argc - 1);
    return argc;
}
