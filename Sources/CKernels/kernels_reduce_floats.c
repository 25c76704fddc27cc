// Reductions of floats. See nave_kernels.h.
//
// Sums run in double precision over blocks of 1024 items with 32 accumulators, so an item takes part
// in at most 32 + 5 roundings within its block; blocks are added with Neumaier's correction. NumPy's
// pairwise summation rounds no less often.

#include "nave_kernels.h"

#include <string.h>

#include "kernels_halves.h"
#include "kernels_targets.h"

#define BLOCK_ITEMS 1024
#define LANES 8

typedef double double_lanes __attribute__((vector_size(LANES * 8)));
typedef float float_lanes __attribute__((vector_size(LANES * 4)));
typedef int64_t int64_lanes __attribute__((vector_size(LANES * 8)));
typedef uint64_t uint64_lanes __attribute__((vector_size(LANES * 8)));
typedef int32_t int32_lanes __attribute__((vector_size(LANES * 4)));

ALWAYS_INLINE void widen(nave_item_kind kind, float *target, const uint16_t *items, size_t count)
{
    if (kind == NAVE_ITEM_FLOAT16) {
        for (size_t i = 0; i < count; i++) target[i] = float_of_half(items[i]);
    } else {
        for (size_t i = 0; i < count; i++) target[i] = float_of_brain(items[i]);
    }
}

ALWAYS_INLINE double add_lanes(const double_lanes *sums)
{
    double_lanes total = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    return ((total[0] + total[1]) + (total[2] + total[3]))
        + ((total[4] + total[5]) + (total[6] + total[7]));
}

#define CONVERTED(TYPE, LANES_TYPE, at)                                                            \
    ({                                                                                             \
        LANES_TYPE loaded;                                                                         \
        memcpy(&loaded, (at), sizeof loaded);                                                      \
        __builtin_convertvector(loaded, double_lanes);                                             \
    })

// Sums the items of one block.
#define DEFINE_BLOCK_SUM(SUFFIX, TYPE, LANES_TYPE)                                                 \
    ALWAYS_INLINE double block_sum_##SUFFIX(const TYPE *items, size_t count)                       \
    {                                                                                              \
        double_lanes sums[4] = {{0}, {0}, {0}, {0}};                                               \
        size_t i = 0;                                                                              \
        for (; i + 4 * LANES <= count; i += 4 * LANES) {                                           \
            sums[0] += CONVERTED(TYPE, LANES_TYPE, items + i);                                     \
            sums[1] += CONVERTED(TYPE, LANES_TYPE, items + i + LANES);                             \
            sums[2] += CONVERTED(TYPE, LANES_TYPE, items + i + 2 * LANES);                         \
            sums[3] += CONVERTED(TYPE, LANES_TYPE, items + i + 3 * LANES);                         \
        }                                                                                          \
        double rest = 0;                                                                           \
        for (; i < count; i++) rest += (double)items[i];                                           \
        return add_lanes(sums) + rest;                                                             \
    }

// Sums the differences of the items of one block from a pivot, and their squares.
#define DEFINE_BLOCK_DEVIATIONS(SUFFIX, TYPE, LANES_TYPE)                                          \
    ALWAYS_INLINE nave_deviations block_deviations_##SUFFIX(                                       \
        const TYPE *items, size_t count, double pivot)                                             \
    {                                                                                              \
        double_lanes sums[4] = {{0}, {0}, {0}, {0}};                                               \
        double_lanes squares[4] = {{0}, {0}, {0}, {0}};                                            \
        size_t i = 0;                                                                              \
        for (; i + 4 * LANES <= count; i += 4 * LANES) {                                           \
            for (int k = 0; k < 4; k++) {                                                          \
                double_lanes x = CONVERTED(TYPE, LANES_TYPE, items + i + k * LANES) - pivot;       \
                sums[k] += x;                                                                      \
                squares[k] += x * x;                                                               \
            }                                                                                      \
        }                                                                                          \
        nave_deviations rest = {0, 0};                                                             \
        for (; i < count; i++) {                                                                   \
            double x = (double)items[i] - pivot;                                                   \
            rest.sum += x;                                                                         \
            rest.squares += x * x;                                                                 \
        }                                                                                          \
        return (nave_deviations){add_lanes(sums) + rest.sum, add_lanes(squares) + rest.squares};   \
    }

DEFINE_BLOCK_SUM(float32, float, float_lanes)
DEFINE_BLOCK_SUM(float64, double, double_lanes)
DEFINE_BLOCK_DEVIATIONS(float32, float, float_lanes)
DEFINE_BLOCK_DEVIATIONS(float64, double, double_lanes)
DEFINE_BLOCK_DEVIATIONS(int64, int64_t, int64_lanes)
DEFINE_BLOCK_DEVIATIONS(uint64, uint64_t, uint64_lanes)

ALWAYS_INLINE nave_float_sum add_term(nave_float_sum sum, double term)
{
    double next = sum.sum + term;
    double lost = __builtin_fabs(sum.sum) >= __builtin_fabs(term) ? (sum.sum - next) + term
                                                                  : (term - next) + sum.sum;
    return (nave_float_sum){next, sum.correction + lost};
}

// Walks the items block by block and does `STATEMENT` with `block` items at `items`.
#define FOR_BLOCKS(TYPE, STATEMENT)                                                                \
    do {                                                                                           \
        const TYPE *items = source;                                                                \
        while (count > 0) {                                                                        \
            size_t block = count < BLOCK_ITEMS ? count : BLOCK_ITEMS;                              \
            STATEMENT;                                                                             \
            items += block;                                                                        \
            count -= block;                                                                        \
        }                                                                                          \
    } while (0)

#define ADD_BLOCKS(TYPE, EXPRESSION) FOR_BLOCKS(TYPE, total = add_term(total, EXPRESSION))

ALWAYS_INLINE nave_float_sum sum_body(nave_item_kind kind, const void *source, size_t count)
{
    nave_float_sum total = {0, 0};
    float wide[BLOCK_ITEMS];
    switch (kind) {
    case NAVE_ITEM_FLOAT16:
    case NAVE_ITEM_BFLOAT16:
        ADD_BLOCKS(uint16_t, (widen(kind, wide, items, block), block_sum_float32(wide, block)));
        break;
    case NAVE_ITEM_FLOAT32: ADD_BLOCKS(float, block_sum_float32(items, block)); break;
    case NAVE_ITEM_FLOAT64: ADD_BLOCKS(double, block_sum_float64(items, block)); break;
    default: break;
    }
    return total;
}

#define ADD_DEVIATIONS(TYPE, EXPRESSION)                                                           \
    FOR_BLOCKS(TYPE, {                                                                             \
        nave_deviations part = EXPRESSION;                                                         \
        sum = add_term(sum, part.sum);                                                             \
        squares = add_term(squares, part.squares);                                                 \
    })

ALWAYS_INLINE double float_sum_value(nave_float_sum sum)
{
    double corrected = sum.sum + sum.correction;
    return corrected == corrected ? corrected : sum.sum;
}

ALWAYS_INLINE nave_deviations deviations_body(
    nave_item_kind kind, const void *source, size_t count, double pivot)
{
    nave_float_sum sum = {0, 0};
    nave_float_sum squares = {0, 0};
    float wide[BLOCK_ITEMS];
    switch (kind) {
    case NAVE_ITEM_FLOAT16:
    case NAVE_ITEM_BFLOAT16:
        ADD_DEVIATIONS(
            uint16_t,
            (widen(kind, wide, items, block), block_deviations_float32(wide, block, pivot)));
        break;
    case NAVE_ITEM_FLOAT32:
        ADD_DEVIATIONS(float, block_deviations_float32(items, block, pivot));
        break;
    case NAVE_ITEM_FLOAT64:
        ADD_DEVIATIONS(double, block_deviations_float64(items, block, pivot));
        break;
    case NAVE_ITEM_INT64:
        ADD_DEVIATIONS(int64_t, block_deviations_int64(items, block, pivot));
        break;
    case NAVE_ITEM_UINT64:
        ADD_DEVIATIONS(uint64_t, block_deviations_uint64(items, block, pivot));
        break;
    default: break;
    }
    return (nave_deviations){float_sum_value(sum), float_sum_value(squares)};
}

// Sums the differences of the items of one block from a pivot, and their squares. `flip` turns numbers
// without a sign into such with one, in the same order. A difference does not fit where item and pivot
// differ in sign, and item and difference too; `overflows` gathers these bits.
ALWAYS_INLINE nave_deviations block_integer_deviations(
    const uint64_t *items, size_t count, uint64_t pivot, uint64_t flip, uint64_t *overflows)
{
    double_lanes sums[2] = {{0}, {0}};
    double_lanes squares[2] = {{0}, {0}};
    uint64_lanes lost = {0};
    size_t i = 0;
    for (; i + 2 * LANES <= count; i += 2 * LANES) {
        for (int k = 0; k < 2; k++) {
            uint64_lanes x;
            memcpy(&x, items + i + k * LANES, sizeof x);
            x ^= flip;
            uint64_lanes difference = x - pivot;
            lost |= (x ^ pivot) & (x ^ difference);
            double_lanes wide = __builtin_convertvector((int64_lanes)difference, double_lanes);
            sums[k] += wide;
            squares[k] += wide * wide;
        }
    }
    nave_deviations rest = {0, 0};
    for (; i < count; i++) {
        uint64_t x = items[i] ^ flip;
        uint64_t difference = x - pivot;
        *overflows |= (x ^ pivot) & (x ^ difference);
        double wide = (double)(int64_t)difference;
        rest.sum += wide;
        rest.squares += wide * wide;
    }
    for (int k = 0; k < LANES; k++) *overflows |= lost[k];
    double_lanes all_sums[4] = {sums[0], sums[1], {0}, {0}};
    double_lanes all_squares[4] = {squares[0], squares[1], {0}, {0}};
    return (nave_deviations){add_lanes(all_sums) + rest.sum, add_lanes(all_squares) + rest.squares};
}

ALWAYS_INLINE nave_integer_deviations integer_deviations_body(
    nave_item_kind kind, const void *source, size_t count, int64_t pivot)
{
    nave_float_sum sum = {0, 0};
    nave_float_sum squares = {0, 0};
    uint64_t flip = kind == NAVE_ITEM_UINT64 ? (uint64_t)1 << 63 : 0;
    uint64_t overflows = 0;
    ADD_DEVIATIONS(
        uint64_t,
        block_integer_deviations(items, block, (uint64_t)pivot ^ flip, flip, &overflows));
    return (nave_integer_deviations){
        {float_sum_value(sum), float_sum_value(squares)}, (overflows >> 63) == 0};
}

// The minimum and maximum of lanes pass over NaN; a separate mask remembers that one was there.
#define DEFINE_EXTREMA(NAME, TYPE, LANES_TYPE, MASK_TYPE)                                          \
    ALWAYS_INLINE nave_float_extrema NAME(const TYPE *items, size_t count)                         \
    {                                                                                              \
        TYPE least = items[0];                                                                     \
        TYPE greatest = items[0];                                                                  \
        int has_nan = 0;                                                                           \
        size_t i = 0;                                                                              \
        if (count >= 2 * LANES) {                                                                  \
            LANES_TYPE low[2], high[2];                                                            \
            MASK_TYPE nan = {0};                                                                   \
            memcpy(low, items, sizeof low);                                                        \
            memcpy(high, items, sizeof high);                                                      \
            for (; i + 2 * LANES <= count; i += 2 * LANES) {                                       \
                for (int k = 0; k < 2; k++) {                                                      \
                    LANES_TYPE x;                                                                  \
                    memcpy(&x, items + i + k * LANES, sizeof x);                                   \
                    low[k] = __builtin_elementwise_min(low[k], x);                                 \
                    high[k] = __builtin_elementwise_max(high[k], x);                               \
                    nan |= x != x;                                                                 \
                }                                                                                  \
            }                                                                                      \
            low[0] = __builtin_elementwise_min(low[0], low[1]);                                    \
            high[0] = __builtin_elementwise_max(high[0], high[1]);                                 \
            for (int k = 0; k < LANES; k++) {                                                      \
                least = low[0][k] < least ? low[0][k] : least;                                     \
                greatest = high[0][k] > greatest ? high[0][k] : greatest;                          \
                has_nan |= nan[k] != 0;                                                            \
            }                                                                                      \
        }                                                                                          \
        for (; i < count; i++) {                                                                   \
            least = items[i] < least ? items[i] : least;                                           \
            greatest = items[i] > greatest ? items[i] : greatest;                                  \
            has_nan |= items[i] != items[i];                                                       \
        }                                                                                          \
        if (has_nan) return (nave_float_extrema){__builtin_nan(""), __builtin_nan("")};            \
        return (nave_float_extrema){(double)least, (double)greatest};                              \
    }

DEFINE_EXTREMA(extrema_float32, float, float_lanes, int32_lanes)
DEFINE_EXTREMA(extrema_float64, double, double_lanes, int64_lanes)

ALWAYS_INLINE nave_float_extrema extrema_of_narrow(
    nave_item_kind kind, const uint16_t *items, size_t count)
{
    nave_float_extrema result = {__builtin_inf(), -__builtin_inf()};
    float wide[BLOCK_ITEMS];
    while (count > 0) {
        size_t block = count < BLOCK_ITEMS ? count : BLOCK_ITEMS;
        widen(kind, wide, items, block);
        nave_float_extrema one = extrema_float32(wide, block);
        if (one.least != one.least) return one;
        result.least = one.least < result.least ? one.least : result.least;
        result.greatest = one.greatest > result.greatest ? one.greatest : result.greatest;
        items += block;
        count -= block;
    }
    return result;
}

ALWAYS_INLINE nave_float_extrema extrema_body(
    nave_item_kind kind, const void *items, size_t count)
{
    switch (kind) {
    case NAVE_ITEM_FLOAT16:
    case NAVE_ITEM_BFLOAT16: return extrema_of_narrow(kind, items, count);
    case NAVE_ITEM_FLOAT32: return extrema_float32(items, count);
    case NAVE_ITEM_FLOAT64: return extrema_float64(items, count);
    default: return (nave_float_extrema){__builtin_nan(""), __builtin_nan("")};
    }
}

TARGET_VARIANTS(
    nave_float_sum, sum, (nave_item_kind kind, const void *items, size_t count),
    sum_body(kind, items, count))
TARGET_VARIANTS(
    nave_deviations, deviations,
    (nave_item_kind kind, const void *items, size_t count, double pivot),
    deviations_body(kind, items, count, pivot))
TARGET_VARIANTS(
    nave_integer_deviations, integer_deviations,
    (nave_item_kind kind, const void *items, size_t count, int64_t pivot),
    integer_deviations_body(kind, items, count, pivot))
TARGET_VARIANTS(
    nave_float_extrema, extrema, (nave_item_kind kind, const void *items, size_t count),
    extrema_body(kind, items, count))

nave_float_sum nave_sum_floats(nave_item_kind kind, const void *items, size_t count)
{
    return DISPATCH(sum)(kind, items, count);
}

nave_deviations nave_sum_deviations(
    nave_item_kind kind, const void *items, size_t count, double pivot)
{
    return DISPATCH(deviations)(kind, items, count, pivot);
}

nave_integer_deviations nave_sum_integer_deviations(
    nave_item_kind kind, const void *items, size_t count, int64_t pivot)
{
    return DISPATCH(integer_deviations)(kind, items, count, pivot);
}

nave_float_extrema nave_extrema_floats(nave_item_kind kind, const void *items, size_t count)
{
    return DISPATCH(extrema)(kind, items, count);
}

nave_float_sum nave_float_sum_add(nave_float_sum sum, double term)
{
    return add_term(sum, term);
}
