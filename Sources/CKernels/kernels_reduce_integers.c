// Reductions of booleans and integers. See nave_kernels.h.
//
// Blocks are short enough that the block's accumulator cannot wrap; blocks are added in 128 bits, so
// every sum is exact.

#include "nave_kernels.h"

#include "kernels_targets.h"

#define BLOCK_ITEMS 32768

typedef __int128 wide;

// Sums `EXPRESSION` of every item x, in ACCUMULATOR per block.
#define DEFINE_SUM(NAME, TYPE, ACCUMULATOR, EXPRESSION)                                            \
    ALWAYS_INLINE wide NAME(const TYPE *items, size_t count)                                       \
    {                                                                                              \
        wide total = 0;                                                                            \
        while (count > 0) {                                                                        \
            size_t block = count < BLOCK_ITEMS ? count : BLOCK_ITEMS;                              \
            ACCUMULATOR sum = 0;                                                                   \
            for (size_t i = 0; i < block; i++) {                                                   \
                TYPE x = items[i];                                                                 \
                sum += EXPRESSION;                                                                 \
            }                                                                                      \
            total += sum;                                                                          \
            items += block;                                                                        \
            count -= block;                                                                        \
        }                                                                                          \
        return total;                                                                              \
    }

// Sums 64-bit values as two sums of 32-bit halves. HALF_HIGH is signed for signed values.
#define DEFINE_SPLIT_SUM(NAME, TYPE, VALUE, HALF_HIGH, EXPRESSION)                                 \
    ALWAYS_INLINE wide NAME(const TYPE *items, size_t count)                                       \
    {                                                                                              \
        wide total = 0;                                                                            \
        while (count > 0) {                                                                        \
            size_t block = count < BLOCK_ITEMS ? count : BLOCK_ITEMS;                              \
            uint64_t low = 0;                                                                      \
            HALF_HIGH high = 0;                                                                    \
            for (size_t i = 0; i < block; i++) {                                                   \
                TYPE x = items[i];                                                                 \
                VALUE value = EXPRESSION;                                                          \
                low += (uint64_t)value & 0xffffffff;                                               \
                high += value >> 32;                                                               \
            }                                                                                      \
            total += (wide)high * ((wide)1 << 32) + (wide)low;                                     \
            items += block;                                                                        \
            count -= block;                                                                        \
        }                                                                                          \
        return total;                                                                              \
    }

DEFINE_SUM(sum_bool, uint8_t, uint32_t, (x != 0))
DEFINE_SUM(sum_int8, int8_t, int32_t, x)
DEFINE_SUM(sum_int16, int16_t, int32_t, x)
DEFINE_SUM(sum_int32, int32_t, int64_t, x)
DEFINE_SUM(sum_uint8, uint8_t, uint32_t, x)
DEFINE_SUM(sum_uint16, uint16_t, uint32_t, x)
DEFINE_SUM(sum_uint32, uint32_t, uint64_t, x)
DEFINE_SPLIT_SUM(sum_int64, int64_t, int64_t, int64_t, x)
DEFINE_SPLIT_SUM(sum_uint64, uint64_t, uint64_t, uint64_t, x)

DEFINE_SUM(squares_int8, int8_t, int32_t, ((int32_t)x * x))
DEFINE_SUM(squares_int16, int16_t, int64_t, ((int32_t)x * x))
DEFINE_SUM(squares_uint8, uint8_t, uint32_t, ((uint32_t)x * x))
DEFINE_SUM(squares_uint16, uint16_t, uint64_t, ((uint32_t)x * x))
DEFINE_SPLIT_SUM(squares_int32, int32_t, uint64_t, uint64_t, (uint64_t)((int64_t)x * x))
DEFINE_SPLIT_SUM(squares_uint32, uint32_t, uint64_t, uint64_t, ((uint64_t)x * x))

ALWAYS_INLINE wide sum_body(nave_item_kind kind, const void *items, size_t count)
{
    switch (kind) {
    case NAVE_ITEM_BOOL: return sum_bool(items, count);
    case NAVE_ITEM_INT8: return sum_int8(items, count);
    case NAVE_ITEM_INT16: return sum_int16(items, count);
    case NAVE_ITEM_INT32: return sum_int32(items, count);
    case NAVE_ITEM_INT64: return sum_int64(items, count);
    case NAVE_ITEM_UINT8: return sum_uint8(items, count);
    case NAVE_ITEM_UINT16: return sum_uint16(items, count);
    case NAVE_ITEM_UINT32: return sum_uint32(items, count);
    case NAVE_ITEM_UINT64: return sum_uint64(items, count);
    default: return 0;
    }
}

ALWAYS_INLINE wide squares_body(nave_item_kind kind, const void *items, size_t count)
{
    switch (kind) {
    case NAVE_ITEM_BOOL: return sum_bool(items, count);
    case NAVE_ITEM_INT8: return squares_int8(items, count);
    case NAVE_ITEM_INT16: return squares_int16(items, count);
    case NAVE_ITEM_INT32: return squares_int32(items, count);
    case NAVE_ITEM_UINT8: return squares_uint8(items, count);
    case NAVE_ITEM_UINT16: return squares_uint16(items, count);
    case NAVE_ITEM_UINT32: return squares_uint32(items, count);
    default: return 0;
    }
}

#define DEFINE_EXTREMA(NAME, TYPE)                                                                 \
    ALWAYS_INLINE nave_integer_extrema NAME(const TYPE *items, size_t count)                       \
    {                                                                                              \
        TYPE least = items[0];                                                                     \
        TYPE greatest = items[0];                                                                  \
        for (size_t i = 0; i < count; i++) {                                                       \
            least = items[i] < least ? items[i] : least;                                           \
            greatest = items[i] > greatest ? items[i] : greatest;                                  \
        }                                                                                          \
        return (nave_integer_extrema){(int64_t)least, (int64_t)greatest};                          \
    }

DEFINE_EXTREMA(extrema_int8, int8_t)
DEFINE_EXTREMA(extrema_int16, int16_t)
DEFINE_EXTREMA(extrema_int32, int32_t)
DEFINE_EXTREMA(extrema_int64, int64_t)
DEFINE_EXTREMA(extrema_uint8, uint8_t)
DEFINE_EXTREMA(extrema_uint16, uint16_t)
DEFINE_EXTREMA(extrema_uint32, uint32_t)
DEFINE_EXTREMA(extrema_uint64, uint64_t)

ALWAYS_INLINE nave_integer_extrema extrema_bool(const uint8_t *items, size_t count)
{
    nave_integer_extrema bytes = extrema_uint8(items, count);
    return (nave_integer_extrema){bytes.least != 0, bytes.greatest != 0};
}

ALWAYS_INLINE nave_integer_extrema extrema_body(
    nave_item_kind kind, const void *items, size_t count)
{
    switch (kind) {
    case NAVE_ITEM_BOOL: return extrema_bool(items, count);
    case NAVE_ITEM_INT8: return extrema_int8(items, count);
    case NAVE_ITEM_INT16: return extrema_int16(items, count);
    case NAVE_ITEM_INT32: return extrema_int32(items, count);
    case NAVE_ITEM_INT64: return extrema_int64(items, count);
    case NAVE_ITEM_UINT8: return extrema_uint8(items, count);
    case NAVE_ITEM_UINT16: return extrema_uint16(items, count);
    case NAVE_ITEM_UINT32: return extrema_uint32(items, count);
    case NAVE_ITEM_UINT64: return extrema_uint64(items, count);
    default: return (nave_integer_extrema){0, 0};
    }
}

#define PARAMETERS (nave_item_kind kind, const void *items, size_t count)
TARGET_VARIANTS(wide, sum, PARAMETERS, sum_body(kind, items, count))
TARGET_VARIANTS(wide, squares, PARAMETERS, squares_body(kind, items, count))
TARGET_VARIANTS(nave_integer_extrema, extrema, PARAMETERS, extrema_body(kind, items, count))

static nave_int128 halves(wide value)
{
    return (nave_int128){(uint64_t)value, (int64_t)(value >> 64)};
}

nave_int128 nave_sum_integers(nave_item_kind kind, const void *items, size_t count)
{
    return halves(DISPATCH(sum)(kind, items, count));
}

nave_int128 nave_sum_squares(nave_item_kind kind, const void *items, size_t count)
{
    return halves(DISPATCH(squares)(kind, items, count));
}

nave_integer_extrema nave_extrema_integers(
    nave_item_kind kind, const void *items, size_t count)
{
    return DISPATCH(extrema)(kind, items, count);
}
