/* Threads from creation to end: results, storage of their own, keys, stacks, detaching, thousands in sequence. */
#include "../check.h"
#include <limits.h>
#include <pthread.h>

static __thread int s_own = 7;
static __thread char s_buffer[3000];
static pthread_key_t s_key, s_other_key;
static int s_destroyed[2];

static void *squares(void *argument)
{
    intptr_t number = (intptr_t)argument;
    return (void *)(number * number);
}

static void *leaves(void *argument)
{
    pthread_exit((void *)((intptr_t)argument + 1));
}

static void *keeps(void *argument)
{
    intptr_t number = (intptr_t)argument;
    int before = s_own;
    s_own += (int)number;
    memset(s_buffer, (int)number, sizeof s_buffer);
    pause_for(3);
    int wrong = before != 7 || s_own != 7 + number;
    for (size_t i = 0; i < sizeof s_buffer; i++)
        wrong += s_buffer[i] != (char)number;
    return (void *)(intptr_t)wrong;
}

static void destroys(void *value)
{
    int which = *(int *)value;
    s_destroyed[which]++;
    if (which == 1 && s_destroyed[1] < 3)
        pthread_setspecific(s_other_key, value);
}

static void *has_keys(void *argument)
{
    static int zero = 0, one = 1;
    pthread_setspecific(s_key, &zero);
    pthread_setspecific(s_other_key, &one);
    return argument;
}

static void *deep(void *argument)
{
    volatile char frame[1024];
    intptr_t depth = (intptr_t)argument;
    memset((char *)frame, (int)depth, sizeof frame);
    intptr_t below = depth == 0 ? 0 : (intptr_t)deep((void *)(depth - 1));
    return (void *)(below + (unsigned char)frame[depth % 1024]);
}

static int s_detached;

static void *is_detached(void *argument)
{
    __atomic_add_fetch(&s_detached, 1, __ATOMIC_SEQ_CST);
    return argument;
}

static void *tells_ids(void *argument)
{
    (void)argument;
    return (void *)(intptr_t)(getpid() != (pid_t)syscall(SYS_gettid) && pthread_self() != 0);
}

static void *nests(void *argument)
{
    intptr_t depth = (intptr_t)argument;
    if (depth == 0)
        return (void *)1;
    pthread_t left, right;
    void *a, *b;
    pthread_create(&left, NULL, nests, (void *)(depth - 1));
    pthread_create(&right, NULL, nests, (void *)(depth - 1));
    pthread_join(left, &a);
    pthread_join(right, &b);
    return (void *)((intptr_t)a + (intptr_t)b + 1);
}

int main(void)
{
    pthread_t thread, threads[20];
    void *result;
    long sum = 0;
    for (intptr_t i = 0; i < 20; i++)
        pthread_create(&threads[i], NULL, squares, (void *)i);
    for (int i = 0; i < 20; i++) {
        pthread_join(threads[i], &result);
        sum += (long)(intptr_t)result;
    }
    SHOW(sum);
    ERROR(pthread_create(&thread, NULL, leaves, (void *)41));
    ERROR(pthread_join(thread, &result));
    SHOW((intptr_t)result);
    HOLDS(getpid() == (pid_t)syscall(SYS_gettid));
    pthread_create(&thread, NULL, tells_ids, NULL);
    pthread_join(thread, &result);
    SHOW((intptr_t)result);

    for (intptr_t i = 0; i < 20; i++)
        pthread_create(&threads[i], NULL, keeps, (void *)i);
    int wrong = 0;
    for (int i = 0; i < 20; i++) {
        pthread_join(threads[i], &result);
        wrong += (int)(intptr_t)result;
    }
    SHOW(wrong);
    SHOW(s_own);

    pthread_key_create(&s_key, destroys);
    pthread_key_create(&s_other_key, destroys);
    pthread_create(&thread, NULL, has_keys, NULL);
    pthread_join(thread, NULL);
    say("destroyed %d and %d times", s_destroyed[0], s_destroyed[1]);

    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    ERROR(pthread_attr_setstacksize(&attributes, 4 << 20));
    ERROR(pthread_create(&thread, &attributes, deep, (void *)2500));
    pthread_join(thread, &result);
    SHOW((intptr_t)result);
    size_t size = 256 << 10;
    void *own = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ERROR(pthread_attr_setstack(&attributes, own, size));
    ERROR(pthread_create(&thread, &attributes, deep, (void *)100));
    pthread_join(thread, &result);
    SHOW((intptr_t)result);

    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < 10; i++) {
        pthread_create(&thread, i % 2 == 0 ? &detached : NULL, is_detached, NULL);
        if (i % 2 != 0)
            pthread_detach(thread);
    }
    while (__atomic_load_n(&s_detached, __ATOMIC_SEQ_CST) < 10)
        pause_for(1);
    SHOW(s_detached);

    sum = 0;
    for (intptr_t i = 0; i < 3000; i++) {
        if (pthread_create(&thread, NULL, squares, (void *)(i % 10)) != 0) {
            say("thread %d could not be made", (int)i);
            break;
        }
        pthread_join(thread, &result);
        sum += (long)(intptr_t)result;
    }
    SHOW(sum);
    say("%d threads in a tree", (int)(intptr_t)nests((void *)5));
    return 0;
}
