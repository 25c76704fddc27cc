// Shuffles, differences and LZ4 blocks, for chunks that are written. See nave_kernels.h.

#include "nave_kernels.h"

#include <string.h>

// The count of bytes is a constant, so the loop becomes vector interleaves.
#define DEFINE_SHUFFLE(BYTES)                                                                      \
    static void shuffle_##BYTES(                                                                   \
        uint8_t *restrict target, const uint8_t *restrict source, size_t count)                    \
    {                                                                                              \
        for (size_t k = 0; k < BYTES; k++) {                                                       \
            for (size_t i = 0; i < count; i++) target[k * count + i] = source[i * BYTES + k];      \
        }                                                                                          \
    }

DEFINE_SHUFFLE(2)
DEFINE_SHUFFLE(4)
DEFINE_SHUFFLE(8)

void nave_shuffle(void *target, const void *source, size_t count, size_t unit_bytes)
{
    switch (unit_bytes) {
    case 2: shuffle_2(target, source, count); return;
    case 4: shuffle_4(target, source, count); return;
    case 8: shuffle_8(target, source, count); return;
    default: break;
    }
    // A transposition of a (unit, unit byte) matrix into (unit byte, unit).
    const ptrdiff_t target_strides[2] = {1, (ptrdiff_t)count};
    const ptrdiff_t source_strides[2] = {(ptrdiff_t)unit_bytes, 1};
    const size_t extents[2] = {count, unit_bytes};
    nave_copy_box(target, target_strides, source, source_strides, extents, 2, 1);
}

#define DEFINE_DIFFERENCE(NAME, TYPE)                                                              \
    static void NAME(uint8_t *units, size_t count)                                                 \
    {                                                                                              \
        TYPE before = 0;                                                                           \
        for (size_t i = 0; i < count; i++) {                                                       \
            TYPE unit;                                                                             \
            memcpy(&unit, units + i * sizeof unit, sizeof unit);                                   \
            TYPE difference = (TYPE)(unit - before);                                               \
            before = unit;                                                                         \
            memcpy(units + i * sizeof unit, &difference, sizeof unit);                             \
        }                                                                                          \
    }

DEFINE_DIFFERENCE(difference_1, uint8_t)
DEFINE_DIFFERENCE(difference_2, uint16_t)
DEFINE_DIFFERENCE(difference_4, uint32_t)
DEFINE_DIFFERENCE(difference_8, uint64_t)

void nave_difference(void *units, size_t count, size_t unit_bytes)
{
    switch (unit_bytes) {
    case 1: difference_1(units, count); return;
    case 2: difference_2(units, count); return;
    case 4: difference_4(units, count); return;
    case 8: difference_8(units, count); return;
    default: return;
    }
}

int nave_is_equal(const void *left, const void *right, size_t bytes)
{
    return memcmp(left, right, bytes) == 0;
}

// Source: LZ4 Block Format Description, "End of block conditions": the last 5 bytes are literals, and
// the last match begins at least 12 bytes before the end.
#define LZ4_LAST_LITERALS 5
#define LZ4_LAST_MATCH 12
#define LZ4_MATCH_MIN 4
#define LZ4_OFFSET_MAX 65535
#define LZ4_HASH_BITS 12

size_t nave_lz4_bound(size_t source_bytes) { return source_bytes + source_bytes / 255 + 16; }

static uint32_t lz4_load(const uint8_t *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

// Writes the continuation of a length whose first 15 are in the token.
static uint8_t *lz4_put_length(uint8_t *to, size_t rest)
{
    for (; rest >= 255; rest -= 255) *to++ = 255;
    *to++ = (uint8_t)rest;
    return to;
}

// Writes literals and, unless `offset` is 0, the match after them; NULL when there is no room.
static uint8_t *lz4_put(
    uint8_t *to, const uint8_t *limit, const uint8_t *literals, size_t count, size_t offset,
    size_t length)
{
    if ((size_t)(limit - to) < count + count / 255 + length / 255 + 6) return NULL;
    size_t rest = offset > 0 ? length - LZ4_MATCH_MIN : 0;
    *to++ = (uint8_t)((count < 15 ? count : 15) << 4 | (rest < 15 ? rest : 15));
    if (count >= 15) to = lz4_put_length(to, count - 15);
    if (count > 0) memcpy(to, literals, count);
    to += count;
    if (offset == 0) return to;
    *to++ = (uint8_t)offset;
    *to++ = (uint8_t)(offset >> 8);
    return rest >= 15 ? lz4_put_length(to, rest - 15) : to;
}

ptrdiff_t nave_lz4_encode(
    void *target, size_t target_bytes, const void *source, size_t source_bytes)
{
    // The position after each hash's last place; 0 for none.
    uint32_t places[1 << LZ4_HASH_BITS];
    memset(places, 0, sizeof places);
    const uint8_t *start = source;
    uint8_t *to = target;
    const uint8_t *limit = to + target_bytes;
    size_t anchor = 0;
    size_t at = 0;
    size_t misses = 0;
    while (source_bytes > LZ4_LAST_MATCH && at <= source_bytes - LZ4_LAST_MATCH) {
        uint32_t word = lz4_load(start + at);
        uint32_t hash = word * 2654435761u >> (32 - LZ4_HASH_BITS);
        size_t found = places[hash];
        places[hash] = (uint32_t)at + 1;
        if (found == 0 || at + 1 - found > LZ4_OFFSET_MAX
            || lz4_load(start + found - 1) != word) {
            // The longer nothing matches, the fewer places are looked at.
            at += 1 + (misses++ >> 6);
            continue;
        }
        misses = 0;
        size_t match = found - 1;
        size_t length = LZ4_MATCH_MIN;
        size_t longest = source_bytes - LZ4_LAST_LITERALS - at;
        while (length < longest && start[match + length] == start[at + length]) length++;
        to = lz4_put(to, limit, start + anchor, at - anchor, at - match, length);
        if (to == NULL) return -1;
        at += length;
        anchor = at;
    }
    to = lz4_put(to, limit, start + anchor, source_bytes - anchor, 0, 0);
    return to == NULL ? -1 : to - (uint8_t *)target;
}
