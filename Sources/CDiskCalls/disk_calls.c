#define _GNU_SOURCE
#include "nave_disk_calls.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>

ssize_t nave_read_cached(int file, void *bytes, size_t length, int64_t offset) {
    struct iovec run = {bytes, length};
    return preadv2(file, &run, 1, offset, RWF_NOWAIT);
}

ssize_t nave_write_gathered(int file, const struct iovec *runs, int count, int64_t offset) {
    return pwritev(file, runs, count, offset);
}

int nave_start_writeback(int file, int64_t offset, int64_t length) {
    return sync_file_range(file, offset, length, SYNC_FILE_RANGE_WRITE);
}

int nave_punch_hole(int file, int64_t offset, int64_t length) {
    return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

int nave_event_counter(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
}

void nave_name_thread(const char *name) {
    pthread_setname_np(pthread_self(), name);
}
