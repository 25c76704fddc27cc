// Byte swaps, shuffles, running sums and LZ4 blocks. See nave_kernels.h.

#include "nave_kernels.h"

#include <string.h>

#include "kernels_targets.h"

#define DEFINE_SWAP(NAME, TYPE, SWAP)                                                              \
    ALWAYS_INLINE void NAME(uint8_t *units, size_t count)                                          \
    {                                                                                              \
        for (size_t i = 0; i < count; i++) {                                                       \
            TYPE unit;                                                                             \
            memcpy(&unit, units + i * sizeof unit, sizeof unit);                                   \
            unit = SWAP(unit);                                                                     \
            memcpy(units + i * sizeof unit, &unit, sizeof unit);                                   \
        }                                                                                          \
    }

DEFINE_SWAP(swap_2, uint16_t, __builtin_bswap16)
DEFINE_SWAP(swap_4, uint32_t, __builtin_bswap32)
DEFINE_SWAP(swap_8, uint64_t, __builtin_bswap64)

ALWAYS_INLINE void swap_body(uint8_t *units, size_t count, size_t unit_bytes)
{
    switch (unit_bytes) {
    case 2: swap_2(units, count); return;
    case 4: swap_4(units, count); return;
    case 8: swap_8(units, count); return;
    default: return;
    }
}

TARGET_VARIANTS(
    void, swap, (uint8_t *units, size_t count, size_t unit_bytes),
    swap_body(units, count, unit_bytes))

void nave_swap_bytes(void *units, size_t count, size_t unit_bytes)
{
    DISPATCH(swap)(units, count, unit_bytes);
}

// The count of bytes is a constant, so the loop becomes vector interleaves.
#define DEFINE_UNSHUFFLE(BYTES)                                                                    \
    static void unshuffle_##BYTES(                                                                 \
        uint8_t *restrict target, const uint8_t *restrict source, size_t count)                    \
    {                                                                                              \
        for (size_t i = 0; i < count; i++) {                                                       \
            for (size_t k = 0; k < BYTES; k++) target[i * BYTES + k] = source[k * count + i];      \
        }                                                                                          \
    }

DEFINE_UNSHUFFLE(2)
DEFINE_UNSHUFFLE(4)
DEFINE_UNSHUFFLE(8)

void nave_unshuffle(void *target, const void *source, size_t count, size_t unit_bytes)
{
    switch (unit_bytes) {
    case 2: unshuffle_2(target, source, count); return;
    case 4: unshuffle_4(target, source, count); return;
    case 8: unshuffle_8(target, source, count); return;
    default: break;
    }
    // A transposition of a (unit byte, unit) matrix into (unit, unit byte).
    const ptrdiff_t target_strides[2] = {(ptrdiff_t)unit_bytes, 1};
    const ptrdiff_t source_strides[2] = {1, (ptrdiff_t)count};
    const size_t extents[2] = {count, unit_bytes};
    nave_copy_box(target, target_strides, source, source_strides, extents, 2, 1);
}

#define DEFINE_ACCUMULATE(NAME, TYPE)                                                              \
    static void NAME(uint8_t *units, size_t count)                                                 \
    {                                                                                              \
        TYPE total = 0;                                                                            \
        for (size_t i = 0; i < count; i++) {                                                       \
            TYPE unit;                                                                             \
            memcpy(&unit, units + i * sizeof unit, sizeof unit);                                   \
            total = (TYPE)(total + unit);                                                          \
            memcpy(units + i * sizeof unit, &total, sizeof unit);                                  \
        }                                                                                          \
    }

DEFINE_ACCUMULATE(accumulate_1, uint8_t)
DEFINE_ACCUMULATE(accumulate_2, uint16_t)
DEFINE_ACCUMULATE(accumulate_4, uint32_t)
DEFINE_ACCUMULATE(accumulate_8, uint64_t)

void nave_accumulate(void *units, size_t count, size_t unit_bytes)
{
    switch (unit_bytes) {
    case 1: accumulate_1(units, count); return;
    case 2: accumulate_2(units, count); return;
    case 4: accumulate_4(units, count); return;
    case 8: accumulate_8(units, count); return;
    default: return;
    }
}

// Reads the continuation of an LZ4 length: bytes of 255, ended by a smaller one.
static int lz4_length(const uint8_t **at, const uint8_t *end, size_t *length)
{
    uint8_t byte;
    do {
        if (*at == end) return 0;
        byte = *(*at)++;
        // Cannot wrap: the source has fewer than 2^48 bytes, each adds at most 255.
        *length += byte;
    } while (byte == 255);
    return 1;
}

// Copies a match that may overlap what it writes.
static void lz4_match(uint8_t *to, size_t offset, size_t length)
{
    const uint8_t *from = to - offset;
    if (offset >= length) {
        memcpy(to, from, length);
        return;
    }
    if (offset == 1) {
        memset(to, *from, length);
        return;
    }
    for (size_t i = 0; i < length; i++) to[i] = from[i];
}

// Source: LZ4 Block Format Description, "Compressed block format" and "End of block conditions".
ptrdiff_t nave_lz4_decode(
    void *target, size_t target_bytes, const void *source, size_t source_bytes)
{
    const uint8_t *at = source;
    const uint8_t *end = at + source_bytes;
    uint8_t *start = target;
    uint8_t *to = start;
    uint8_t *limit = start + target_bytes;
    while (at < end) {
        uint8_t token = *at++;
        size_t literals = token >> 4;
        if (literals == 15 && !lz4_length(&at, end, &literals)) return -1;
        if (literals > (size_t)(end - at) || literals > (size_t)(limit - to)) return -1;
        if (literals > 0) memcpy(to, at, literals);
        at += literals;
        to += literals;
        if (at == end) return to - start;
        if (end - at < 2) return -1;
        size_t offset = (size_t)at[0] | (size_t)at[1] << 8;
        at += 2;
        size_t length = token & 15;
        if (length == 15 && !lz4_length(&at, end, &length)) return -1;
        length += 4;
        if (offset == 0 || offset > (size_t)(to - start)) return -1;
        if (length > (size_t)(limit - to)) return -1;
        lz4_match(to, offset, length);
        to += length;
    }
    return -1;
}
