#ifndef NAVE_CRC_H
#define NAVE_CRC_H

#include <stddef.h>
#include <stdint.h>

// Cyclic redundancy checks, all reflected, with all-ones initial value and final inversion.
//
// A `check` argument is the finished value of the bytes before (0 for none) and the result is the
// finished value of all bytes so far, as in zlib's crc32(). Every function may be called from any
// thread.

/// Which polynomial.
enum nave_crc_kind {
    /// CRC-64/NVME, polynomial 0xAD93D23594C93659.
    NAVE_CRC64_NVME = 0,
    /// CRC-32/ISO-HDLC (zlib, gzip, PNG), polynomial 0x04C11DB7.
    NAVE_CRC32 = 1,
    /// CRC-32/ISCSI (Castagnoli), polynomial 0x1EDC6F41.
    NAVE_CRC32C = 2,
};

/// How the work is done; the fastest one that the processor has is chosen when the program loads.
enum nave_crc_engine {
    /// Eight table look-ups per eight bytes; runs anywhere.
    NAVE_CRC_PORTABLE = 0,
    /// Carry-less multiplication of 128-bit lanes (x86-64 with PCLMULQDQ).
    NAVE_CRC_PCLMUL = 1,
    /// The same over 512-bit registers (x86-64 with VPCLMULQDQ and AVX-512).
    NAVE_CRC_VPCLMUL = 2,
};

/// Extends a check by `length` bytes with the best engine.
uint64_t nave_crc(enum nave_crc_kind kind, uint64_t check, const void *bytes, size_t length);

/// Extends a check with one given engine, which must be available; for tests.
uint64_t nave_crc_with(enum nave_crc_engine engine, enum nave_crc_kind kind, uint64_t check,
                       const void *bytes, size_t length);

/// 1 if this processor has the engine, else 0.
int nave_crc_engine_available(enum nave_crc_engine engine);

/// The check of A followed by B, of the checks of A and of B and the length of B.
uint64_t nave_crc_combine(enum nave_crc_kind kind, uint64_t first, uint64_t second,
                          uint64_t second_length);

#endif
