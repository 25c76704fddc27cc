// Counting items by what they are: not zero, not NaN, within a bin, in order. See nave_kernels.h.

#include "nave_kernels.h"

#include "kernels_halves.h"
#include "kernels_targets.h"

// Whether a float is not zero, by its bits without the sign.
#define MAGNITUDE16(bits) ((uint16_t)(bits) & 0x7fff)
#define MAGNITUDE32(bits) ((uint32_t)(bits) & 0x7fffffff)
#define MAGNITUDE64(bits) ((uint64_t)(bits) & 0x7fffffffffffffff)
#define WHOLE(bits) (bits)

// Counts in runs that fit in the type of the items, so that the loop runs as wide as they are narrow.
#define DEFINE_NONZERO(SUFFIX, TYPE, MAGNITUDE, RUN)                                               \
    ALWAYS_INLINE size_t nonzero_##SUFFIX(const TYPE *items, size_t count)                         \
    {                                                                                              \
        size_t total = 0;                                                                          \
        while (count > 0) {                                                                        \
            size_t block = count < (RUN) ? count : (RUN);                                          \
            TYPE found = 0;                                                                        \
            for (size_t i = 0; i < block; i++) found += MAGNITUDE(items[i]) != 0;                  \
            total += found;                                                                        \
            items += block;                                                                        \
            count -= block;                                                                        \
        }                                                                                          \
        return total;                                                                              \
    }

DEFINE_NONZERO(8, uint8_t, WHOLE, 255)
DEFINE_NONZERO(16, uint16_t, WHOLE, 65535)
DEFINE_NONZERO(32, uint32_t, WHOLE, 1 << 30)
DEFINE_NONZERO(64, uint64_t, WHOLE, (size_t)1 << 40)
DEFINE_NONZERO(half, uint16_t, MAGNITUDE16, 65535)
DEFINE_NONZERO(float32, uint32_t, MAGNITUDE32, 1 << 30)
DEFINE_NONZERO(float64, uint64_t, MAGNITUDE64, (size_t)1 << 40)

#define DEFINE_NONZERO_PAIRS(SUFFIX, TYPE, MAGNITUDE)                                              \
    ALWAYS_INLINE size_t nonzero_pairs_##SUFFIX(const TYPE *items, size_t count)                   \
    {                                                                                              \
        size_t total = 0;                                                                          \
        for (size_t i = 0; i < count; i++)                                                         \
            total += (MAGNITUDE(items[2 * i]) | MAGNITUDE(items[2 * i + 1])) != 0;                 \
        return total;                                                                              \
    }

DEFINE_NONZERO_PAIRS(float32, uint32_t, MAGNITUDE32)
DEFINE_NONZERO_PAIRS(float64, uint64_t, MAGNITUDE64)

ALWAYS_INLINE size_t nonzero_body(nave_item_kind kind, const void *items, size_t count, int pairs)
{
    switch (kind) {
    case NAVE_ITEM_BOOL:
    case NAVE_ITEM_INT8:
    case NAVE_ITEM_UINT8: return nonzero_8(items, count);
    case NAVE_ITEM_INT16:
    case NAVE_ITEM_UINT16: return nonzero_16(items, count);
    case NAVE_ITEM_INT32:
    case NAVE_ITEM_UINT32: return nonzero_32(items, count);
    case NAVE_ITEM_INT64:
    case NAVE_ITEM_UINT64: return nonzero_64(items, count);
    case NAVE_ITEM_FLOAT16:
    case NAVE_ITEM_BFLOAT16: return nonzero_half(items, count);
    case NAVE_ITEM_FLOAT32:
        return pairs ? nonzero_pairs_float32(items, count) : nonzero_float32(items, count);
    case NAVE_ITEM_FLOAT64:
        return pairs ? nonzero_pairs_float64(items, count) : nonzero_float64(items, count);
    }
    return 0;
}

TARGET_VARIANTS(size_t, nonzero,
                (nave_item_kind kind, const void *items, size_t count, int pairs),
                nonzero_body(kind, items, count, pairs))

size_t nave_count_nonzero(nave_item_kind kind, const void *items, size_t count, int pairs)
{
    return DISPATCH(nonzero)(kind, items, count, pairs);
}

// The bits of a NaN without the sign are above those of infinity.
#define DEFINE_DROP_NAN(SUFFIX, TYPE, MAGNITUDE, INFINITY_BITS)                                    \
    static size_t drop_nan_##SUFFIX(TYPE *target, const TYPE *items, size_t count, size_t parts)   \
    {                                                                                              \
        size_t kept = 0;                                                                           \
        for (size_t i = 0; i < count; i++) {                                                       \
            int is_nan = 0;                                                                        \
            for (size_t k = 0; k < parts; k++) {                                                   \
                TYPE bits = items[i * parts + k];                                                  \
                target[kept * parts + k] = bits;                                                   \
                is_nan |= MAGNITUDE(bits) > (INFINITY_BITS);                                       \
            }                                                                                      \
            kept += !is_nan;                                                                       \
        }                                                                                          \
        return kept;                                                                               \
    }

DEFINE_DROP_NAN(float16, uint16_t, MAGNITUDE16, 0x7c00)
DEFINE_DROP_NAN(bfloat16, uint16_t, MAGNITUDE16, 0x7f80)
DEFINE_DROP_NAN(float32, uint32_t, MAGNITUDE32, 0x7f800000)
DEFINE_DROP_NAN(float64, uint64_t, MAGNITUDE64, 0x7ff0000000000000)

size_t nave_drop_nan(nave_item_kind kind, void *target, const void *items, size_t count, int pairs)
{
    size_t parts = pairs ? 2 : 1;
    switch (kind) {
    case NAVE_ITEM_FLOAT16: return drop_nan_float16(target, items, count, parts);
    case NAVE_ITEM_BFLOAT16: return drop_nan_bfloat16(target, items, count, parts);
    case NAVE_ITEM_FLOAT32: return drop_nan_float32(target, items, count, parts);
    case NAVE_ITEM_FLOAT64: return drop_nan_float64(target, items, count, parts);
    default: return 0;
    }
}

// The bin of a value: a first guess by multiplication, put right by the edges, as NumPy does it, so that
// a value on an edge is in the bin that begins there, and in the last one at the end.
ALWAYS_INLINE void count_value(
    double value, const double *edges, size_t bins, double width, uint64_t *counts)
{
    double first = edges[0];
    double last = edges[bins];
    if (!(value >= first && value <= last)) return;
    size_t bin = (size_t)((value - first) / width * (double)bins);
    if (bin >= bins) bin = bins - 1;
    if (value < edges[bin] && bin > 0) bin--;
    if (value >= edges[bin + 1] && bin != bins - 1) bin++;
    counts[bin]++;
}

#define COUNT_ALL(TYPE, EXPRESSION)                                                                \
    do {                                                                                           \
        const TYPE *items = source;                                                                \
        for (size_t i = 0; i < count; i++) {                                                       \
            TYPE x = items[i];                                                                     \
            count_value((double)(EXPRESSION), edges, bins, width, counts);                         \
        }                                                                                          \
    } while (0)

void nave_histogram(nave_item_kind kind, const void *source, size_t count, const double *edges,
                    size_t bins, uint64_t *counts)
{
    double width = edges[bins] - edges[0];
    switch (kind) {
    case NAVE_ITEM_BOOL: COUNT_ALL(uint8_t, x != 0); break;
    case NAVE_ITEM_INT8: COUNT_ALL(int8_t, x); break;
    case NAVE_ITEM_INT16: COUNT_ALL(int16_t, x); break;
    case NAVE_ITEM_INT32: COUNT_ALL(int32_t, x); break;
    case NAVE_ITEM_INT64: COUNT_ALL(int64_t, x); break;
    case NAVE_ITEM_UINT8: COUNT_ALL(uint8_t, x); break;
    case NAVE_ITEM_UINT16: COUNT_ALL(uint16_t, x); break;
    case NAVE_ITEM_UINT32: COUNT_ALL(uint32_t, x); break;
    case NAVE_ITEM_UINT64: COUNT_ALL(uint64_t, x); break;
    case NAVE_ITEM_FLOAT16: COUNT_ALL(uint16_t, float_of_half(x)); break;
    case NAVE_ITEM_BFLOAT16: COUNT_ALL(uint16_t, float_of_brain(x)); break;
    case NAVE_ITEM_FLOAT32: COUNT_ALL(float, x); break;
    case NAVE_ITEM_FLOAT64: COUNT_ALL(double, x); break;
    }
}

#define ORDER_ALL(TYPE, EXPRESSION)                                                                \
    do {                                                                                           \
        const TYPE *items = source;                                                                \
        for (size_t i = 0; i < count; i++) {                                                       \
            TYPE x = items[i];                                                                     \
            keys[i] = (EXPRESSION);                                                                \
        }                                                                                          \
    } while (0)

// Negative floats order by their bits downwards, others upwards.
#define FLOAT_KEY(TYPE, SIGN, INFINITY_BITS)                                                       \
    ((TYPE)(x & ~(SIGN)) > (INFINITY_BITS)                                                         \
         ? UINT64_MAX                                                                              \
         : (uint64_t)(TYPE)(x & (SIGN) ? (TYPE)~x : (TYPE)(x | (SIGN))))

void nave_order_keys(nave_item_kind kind, const void *source, size_t count, uint64_t *keys)
{
    switch (kind) {
    case NAVE_ITEM_BOOL: ORDER_ALL(uint8_t, x != 0); break;
    case NAVE_ITEM_INT8: ORDER_ALL(uint8_t, (uint8_t)(x ^ 0x80)); break;
    case NAVE_ITEM_INT16: ORDER_ALL(uint16_t, (uint16_t)(x ^ 0x8000)); break;
    case NAVE_ITEM_INT32: ORDER_ALL(uint32_t, x ^ 0x80000000); break;
    case NAVE_ITEM_INT64: ORDER_ALL(uint64_t, x ^ 0x8000000000000000); break;
    case NAVE_ITEM_UINT8: ORDER_ALL(uint8_t, x); break;
    case NAVE_ITEM_UINT16: ORDER_ALL(uint16_t, x); break;
    case NAVE_ITEM_UINT32: ORDER_ALL(uint32_t, x); break;
    case NAVE_ITEM_UINT64: ORDER_ALL(uint64_t, x); break;
    case NAVE_ITEM_FLOAT16: ORDER_ALL(uint16_t, FLOAT_KEY(uint16_t, 0x8000, 0x7c00)); break;
    case NAVE_ITEM_BFLOAT16: ORDER_ALL(uint16_t, FLOAT_KEY(uint16_t, 0x8000, 0x7f80)); break;
    case NAVE_ITEM_FLOAT32:
        ORDER_ALL(uint32_t, FLOAT_KEY(uint32_t, 0x80000000u, 0x7f800000u));
        break;
    case NAVE_ITEM_FLOAT64:
        ORDER_ALL(uint64_t, FLOAT_KEY(uint64_t, 0x8000000000000000u, 0x7ff0000000000000u));
        break;
    }
}
