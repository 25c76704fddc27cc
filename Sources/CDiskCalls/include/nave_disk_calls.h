// Linux system calls that Glibc's Swift module does not show.
//
// Each is one call, returns what the call returns (-1 on failure) and leaves `errno` as it set it.

#ifndef NAVE_DISK_CALLS_H
#define NAVE_DISK_CALLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/// `preadv2` with `RWF_NOWAIT`: reads only what the page cache holds.
ssize_t nave_read_cached(int file, void *bytes, size_t length, int64_t offset);

/// `pwritev`.
ssize_t nave_write_gathered(int file, const struct iovec *runs, int count, int64_t offset);

/// `sync_file_range` with `SYNC_FILE_RANGE_WRITE`: starts writing out, does not wait.
int nave_start_writeback(int file, int64_t offset, int64_t length);

/// `fallocate` with `PUNCH_HOLE | KEEP_SIZE`.
int nave_punch_hole(int file, int64_t offset, int64_t length);

/// `eventfd` from zero, in semaphore mode, closed on `exec`.
int nave_event_counter(void);

/// `pthread_setname_np` for the calling thread; at most 15 bytes.
void nave_name_thread(const char *name);

#endif
