#ifndef NAVE_CRC_INTERNAL_H
#define NAVE_CRC_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

/// A pair of multipliers that moves a 128-bit lane forward by some distance: `low` for the lane's
/// first eight bytes, `high` for its last eight.
struct nave_crc_fold {
    uint64_t low;
    uint64_t high;
};

/// Everything that is computed from one polynomial, once, when the program loads.
struct nave_crc_tables {
    /// `slice[k][b]`: the effect of byte `b` followed by `k` zero bytes.
    uint64_t slice[8][256];
    /// Multipliers for distances of 1…4 lanes of 16 bytes (index 0…3).
    struct nave_crc_fold lane[4];
    /// Multipliers for distances of 1…8 registers of 64 bytes (index 0…7).
    struct nave_crc_fold wide[8];
};

/// Extends a raw state (not inverted) by table look-up.
uint64_t nave_crc_portable(const struct nave_crc_tables *tables, uint64_t state,
                           const uint8_t *bytes, size_t length);

#if defined(__x86_64__)
uint64_t nave_crc_pclmul(const struct nave_crc_tables *tables, uint64_t state,
                         const uint8_t *bytes, size_t length);
uint64_t nave_crc_vpclmul(const struct nave_crc_tables *tables, uint64_t state,
                          const uint8_t *bytes, size_t length);
#endif

#endif
