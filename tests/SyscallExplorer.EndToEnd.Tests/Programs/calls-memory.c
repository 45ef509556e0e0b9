/* System calls on memory, each with a success and a failure. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
    enum { page = 4096 };
    unsigned char there[8];
    getppid();
    char *area = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    area[0] = 1;
    mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mmap(NULL, page, PROT_READ, MAP_PRIVATE, 0x7fff, 0);
    mmap(area + page, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    mprotect(area, page, PROT_READ);
    mprotect(area, page, PROT_READ | PROT_WRITE);
    mprotect(area + 1, page, PROT_READ);
    madvise(area, page, MADV_DONTNEED);
    madvise(area + 1, page, MADV_NORMAL);
    madvise(area, page, 99);
    msync(area, page, MS_ASYNC);
    msync(area + 1, page, MS_SYNC);
    mincore(area + 1, page, there);
    munmap(area + 2 * page, 2 * page);
    munmap(area + 1, page);
    munmap(area, 2 * page);
    area = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    mremap(area, 2 * page, page, 0);
    mremap(area + 1, page, page, MREMAP_MAYMOVE);
    munmap(area, page);
    int file = open("/dev/zero", O_RDONLY);
    area = mmap(NULL, page, PROT_READ, MAP_PRIVATE, file, 0);
    munmap(area, page);
    mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 1);
    close(file);
    getppid();
    return 0;
}
