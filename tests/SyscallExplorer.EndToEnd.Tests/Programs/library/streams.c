/* Standard streams on files and memory: buffers, positions, pushing back, lines, temporary files. */
#include "../check.h"
#include <wchar.h>

int main(int argc, char **argv)
{
    enter_directory(argc, argv);
    FILE *file = fopen("text", "w+");
    for (int i = 0; i < 3000; i++)
        fprintf(file, "line %d of the file\n", i);
    say("at %ld", ftell(file));
    rewind(file);
    char *line = NULL;
    size_t capacity = 0, longest = 0;
    int lines = 0;
    for (ssize_t length; (length = getline(&line, &capacity, file)) > 0; lines++) {
        if ((size_t)length > longest)
            longest = (size_t)length;
    }
    say("%d lines, the longest of %d", lines, (int)longest);
    HOLDS(feof(file) && !ferror(file));
    CALL(fseek(file, 5, SEEK_SET));
    int c = fgetc(file);
    ungetc('X', file);
    int pushed = fgetc(file), next = fgetc(file);
    say("%c %c %c", c, pushed, next);
    CALL(fseek(file, -9, SEEK_END));
    char text[32];
    say("%s", fgets(text, 8, file));
    CALL(fclose(file));

    file = fopen("text", "a");
    fputs("appended", file);
    fclose(file);
    file = fopen("text", "r");
    CALL(fputs("x", file) == EOF);
    HOLDS(ferror(file) != 0);
    fclose(file);
    HOLDS(fopen("missing", "r") == NULL && errno == ENOENT);
    HOLDS(fopen("text", "wx") == NULL && errno == EEXIST);

    /* A very long line, in pieces. */
    file = fopen("long", "w+");
    for (int i = 0; i < 100000; i++)
        fputc('a' + i % 26, file);
    fputc('|', file);
    fputs("tail", file);
    rewind(file);
    SHOW(getdelim(&line, &capacity, '|', file));
    SHOW(getdelim(&line, &capacity, '|', file));
    SHOW(getdelim(&line, &capacity, '|', file));
    fclose(file);
    free(line);

    file = tmpfile();
    HOLDS(file != NULL);
    if (file != NULL) {
        struct stat status;
        fputs("temporary", file);
        fflush(file);
        HOLDS(fstat(fileno(file), &status) == 0 && status.st_nlink == 0 && status.st_size == 9);
        fclose(file);
    }
    char name[] = "temporaryXXXXXX";
    int descriptor = mkstemp(name);
    HOLDS(descriptor >= 0 && strcmp(name, "temporaryXXXXXX") != 0 && access(name, R_OK | W_OK) == 0);
    char folder[] = "folderXXXXXX";
    HOLDS(mkdtemp(folder) != NULL && access(folder, X_OK) == 0);

    char *memory;
    size_t size;
    file = open_memstream(&memory, &size);
    for (int i = 0; i < 1000; i++)
        fprintf(file, "%d,", i);
    fclose(file);
    say("%d bytes in memory, ending with %s", (int)size, memory + size - 8);
    file = fmemopen(memory, size, "r");
    int sum = 0, number;
    while (fscanf(file, "%d,", &number) == 1)
        sum += number;
    SHOW(sum);
    fclose(file);
    free(memory);

    file = fopen("mixed", "w+");
    setvbuf(file, NULL, _IOFBF, 16);
    fputs("this is longer than the buffer of the stream", file);
    struct stat status;
    fflush(file);
    fstat(fileno(file), &status);
    SHOW(status.st_size);
    fclose(file);
    file = freopen("mixed", "r", stdin);
    HOLDS(file == stdin && scanf("%31s", text) == 1);
    say("%s", text);
    setvbuf(stdout, NULL, _IOFBF, 4096);
    printf("held back until exit, ");
    fputs("to standard error first\n", stderr);
    puts("and here");
    say("this line is written at once");
    return 3;
}
