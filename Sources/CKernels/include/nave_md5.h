#ifndef NAVE_MD5_H
#define NAVE_MD5_H

#include <stddef.h>
#include <stdint.h>

/// One message and where its digest goes.
struct nave_md5_message {
    const uint8_t *bytes;
    size_t length;
    uint8_t digest[16];
};

/// How the work is done; the fastest one that the processor has is chosen when the program loads.
enum nave_md5_engine {
    /// What every processor has.
    NAVE_MD5_BASELINE = 0,
    /// 256-bit registers (x86-64 with AVX2).
    NAVE_MD5_AVX2 = 1,
    /// The same with rotations and three-operand logic (x86-64 with AVX-512VL).
    NAVE_MD5_AVX512 = 2,
};

/// Computes the digests of several messages side by side.
///
/// MD5 (RFC 1321) of one message is a chain of dependent steps that leaves most of a processor idle;
/// sixteen messages of the same length take little more time than one. May be called from any thread.
void nave_md5_many(struct nave_md5_message *messages, size_t count);

/// The same with one given engine, which must be available; for tests.
void nave_md5_many_with(enum nave_md5_engine engine, struct nave_md5_message *messages, size_t count);

/// 1 if this processor has the engine, else 0.
int nave_md5_engine_available(enum nave_md5_engine engine);

#endif
