// The bare group commit: writers that each wait until their record is durable, and one thread that
// writes what has gathered with one flush. No network, no checksums, no index.
//
//   group_commit FILE WRITERS RECORD_BYTES SECONDS [preallocated]
//
// Prints how many records a second became durable.

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const off_t segment_bytes = 1 << 30;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gathered = PTHREAD_COND_INITIALIZER;
static pthread_cond_t flushed = PTHREAD_COND_INITIALIZER;
static char *gathering, *writing;
static size_t gathered_bytes, record_bytes;
static unsigned long open_batch = 1, durable_batch = 0;
static atomic_bool is_over;
static atomic_ulong durable_records;

static void check(bool is_well, const char *what) {
    if (is_well) return;
    perror(what);
    exit(1);
}

static void *write_records(void *unused) {
    (void)unused;
    char *record = malloc(record_bytes);
    check(record != NULL, "malloc");
    memset(record, 7, record_bytes);
    while (!is_over) {
        pthread_mutex_lock(&lock);
        memcpy(gathering + gathered_bytes, record, record_bytes);
        gathered_bytes += record_bytes;
        unsigned long batch = open_batch;
        pthread_cond_signal(&gathered);
        while (durable_batch < batch) pthread_cond_wait(&flushed, &lock);
        pthread_mutex_unlock(&lock);
        durable_records++;
    }
    free(record);
    return NULL;
}

static void *commit_batches(void *argument) {
    int file = *(int *)argument;
    off_t offset = 0;
    pthread_mutex_lock(&lock);
    while (true) {
        while (gathered_bytes == 0 && !is_over) pthread_cond_wait(&gathered, &lock);
        if (gathered_bytes == 0) break;
        char *batch = gathering;
        size_t bytes = gathered_bytes;
        unsigned long number = open_batch++;
        gathering = writing;
        writing = batch;
        gathered_bytes = 0;
        pthread_mutex_unlock(&lock);
        if (offset + (off_t)bytes > segment_bytes) offset = 0;
        check(pwrite(file, batch, bytes, offset) == (ssize_t)bytes, "pwrite");
        check(fdatasync(file) == 0, "fdatasync");
        offset += (off_t)bytes;
        pthread_mutex_lock(&lock);
        durable_batch = number;
        pthread_cond_broadcast(&flushed);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(int count, char **words) {
    if (count < 5) return 2;
    int writers = atoi(words[2]);
    record_bytes = (size_t)atol(words[3]);
    int seconds = atoi(words[4]);
    int file = open(words[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
    check(file >= 0, "open");
    gathering = malloc(record_bytes * (size_t)writers);
    writing = malloc(record_bytes * (size_t)writers);
    check(gathering != NULL && writing != NULL, "malloc");
    if (count > 5) {
        static char zeros[1 << 20];
        for (off_t at = 0; at < segment_bytes; at += (off_t)sizeof zeros)
            check(pwrite(file, zeros, sizeof zeros, at) == (ssize_t)sizeof zeros, "pwrite");
        check(fsync(file) == 0, "fsync");
    }
    pthread_t committer, threads[writers];
    struct timespec begun, ended;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    pthread_create(&committer, NULL, commit_batches, &file);
    for (int i = 0; i < writers; i++) pthread_create(&threads[i], NULL, write_records, NULL);
    sleep((unsigned)seconds);
    is_over = true;
    for (int i = 0; i < writers; i++) pthread_join(threads[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    pthread_mutex_lock(&lock);
    pthread_cond_signal(&gathered);
    pthread_mutex_unlock(&lock);
    pthread_join(committer, NULL);
    double elapsed = (double)(ended.tv_sec - begun.tv_sec)
        + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9;
    printf("%.0f\n", (double)durable_records / elapsed);
    close(file);
    unlink(words[1]);
    return 0;
}
