// Preloaded into a program, sleeps after every flush of a file: how a program does as flushes get longer. A sleep
// leaves the processor to others, so this is no measurement of another disk.
//
//   FLUSH_DELAY_MICROSECONDS=500 LD_PRELOAD=slow_flush.so PROGRAM …

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int (*flush)(int file);
static struct timespec delay;

__attribute__((constructor)) static void prepare(void) {
    const char *text = getenv("FLUSH_DELAY_MICROSECONDS");
    long microseconds = text ? atol(text) : 0;
    delay.tv_sec = microseconds / 1000000;
    delay.tv_nsec = microseconds % 1000000 * 1000;
    flush = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
}

int fdatasync(int file) {
    int result = flush(file);
    int error = errno;
    nanosleep(&delay, NULL);
    errno = error;
    return result;
}
