// Loops over array memory: copying boxes, swapping bytes, reducing runs of items.
//
// Every function is pure, holds no state and allocates nothing. The instruction set is chosen at
// run time; plain C is the fallback and the definition.

#ifndef NAVE_KERNELS_H
#define NAVE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The largest number of axes that `nave_copy_box` takes.
#define NAVE_RANK_MAX 64

/// Copies a box of items between two strided layouts.
///
/// Strides are in bytes, of any sign; a source stride of 0 repeats an item, so a whole box is filled
/// by a source with all strides 0. The order of axes is free: a transposition is a copy whose strides
/// are permuted. `rank` is at most `NAVE_RANK_MAX`; a box without axes is one item. The two layouts
/// must not overlap.
void nave_copy_box(
    void *target, const ptrdiff_t *target_strides, const void *source,
    const ptrdiff_t *source_strides, const size_t *extents, size_t rank, size_t item_bytes);

/// Reverses the bytes of `count` adjacent units of `unit_bytes` (2, 4 or 8; 1 does nothing) in place.
void nave_swap_bytes(void *units, size_t count, size_t unit_bytes);

/// Undoes a byte shuffle: `source` holds the first bytes of all units, then all second bytes, …
///
/// `count` is in units; bytes beyond the last whole unit are the caller's to copy.
void nave_unshuffle(void *target, const void *source, size_t count, size_t unit_bytes);

/// Undoes a difference filter: every unit of 1, 2, 4 or 8 bytes becomes the wrapping sum of itself and
/// all before it, in place.
void nave_accumulate(void *units, size_t count, size_t unit_bytes);

/// Shuffles bytes: the first bytes of all units, then all second bytes, …; undone by `nave_unshuffle`.
///
/// `count` is in units; bytes beyond the last whole unit are the caller's to copy.
void nave_shuffle(void *target, const void *source, size_t count, size_t unit_bytes);

/// The differences of neighbours: every unit of 1, 2, 4 or 8 bytes but the first becomes itself less the
/// one before it, wrapping, in place; undone by `nave_accumulate`.
void nave_difference(void *units, size_t count, size_t unit_bytes);

/// 1 if two runs of `bytes` bytes are the same, else 0.
int nave_is_equal(const void *left, const void *right, size_t bytes);

/// The most bytes that `nave_lz4_encode` makes of `source_bytes`.
size_t nave_lz4_bound(size_t source_bytes);

/// Encodes one LZ4 block; `source_bytes` is below 2^31.
///
/// Returns the number of bytes written, or -1 when the target is too small, which one of
/// `nave_lz4_bound` bytes never is.
ptrdiff_t nave_lz4_encode(
    void *target, size_t target_bytes, const void *source, size_t source_bytes);

/// Decodes one LZ4 block of exactly `source_bytes` into at most `target_bytes`.
///
/// Returns the number of bytes written, or -1 when the block is malformed or the target too small.
/// Neither reads nor writes outside of the two buffers, whatever the source holds.
ptrdiff_t nave_lz4_decode(
    void *target, size_t target_bytes, const void *source, size_t source_bytes);

/// The kinds of item that reductions know; complex items are reduced as two strided real runs.
typedef enum {
    NAVE_ITEM_BOOL = 0,
    NAVE_ITEM_INT8 = 1,
    NAVE_ITEM_INT16 = 2,
    NAVE_ITEM_INT32 = 3,
    NAVE_ITEM_INT64 = 4,
    NAVE_ITEM_UINT8 = 5,
    NAVE_ITEM_UINT16 = 6,
    NAVE_ITEM_UINT32 = 7,
    NAVE_ITEM_UINT64 = 8,
    NAVE_ITEM_FLOAT16 = 9,
    NAVE_ITEM_BFLOAT16 = 10,
    NAVE_ITEM_FLOAT32 = 11,
    NAVE_ITEM_FLOAT64 = 12,
} nave_item_kind;

/// An integer of 128 bits in two's complement.
typedef struct {
    uint64_t low;
    int64_t high;
} nave_int128;

/// A sum that keeps what rounding took from it; its value is `sum + correction` while both are finite.
typedef struct {
    double sum;
    double correction;
} nave_float_sum;

/// What the items of a run differ from a pivot: the sum of the differences and of their squares.
typedef struct {
    double sum;
    double squares;
} nave_deviations;

/// The least and the greatest item of a run of integers or booleans.
///
/// Unsigned items are held as their bit pattern.
typedef struct {
    int64_t least;
    int64_t greatest;
} nave_integer_extrema;

/// The least and the greatest item of a run of floats; both are NaN as soon as one item is.
typedef struct {
    double least;
    double greatest;
} nave_float_extrema;

/// The exact sum of `count` booleans or integers. Booleans count as 1 when they are not 0.
nave_int128 nave_sum_integers(nave_item_kind kind, const void *items, size_t count);

/// The exact sum of squares of `count` booleans or integers of at most 32 bits.
nave_int128 nave_sum_squares(nave_item_kind kind, const void *items, size_t count);

/// The sum of `count` floats, accumulated in double precision by blocks.
nave_float_sum nave_sum_floats(nave_item_kind kind, const void *items, size_t count);

/// The sums of `item - pivot` and of its square in double precision, of floats or of integers of 64
/// bits, which are rounded to doubles first. With a pivot near the mean the subtraction is exact, and so
/// nearly are both sums.
nave_deviations nave_sum_deviations(
    nave_item_kind kind, const void *items, size_t count, double pivot);

/// The sums of differences that are taken in 64 bits.
typedef struct {
    nave_deviations sums;
    /// Whether every difference fits in 64 bits; the sums are of no meaning otherwise.
    int is_exact;
} nave_integer_deviations;

/// As `nave_sum_deviations`, of integers of 64 bits whose differences from `pivot`, which has the bits of
/// one, are taken in 64 bits before they are rounded to doubles.
nave_integer_deviations nave_sum_integer_deviations(
    nave_item_kind kind, const void *items, size_t count, int64_t pivot);


/// The extrema of `count` ≥ 1 booleans or integers.
nave_integer_extrema nave_extrema_integers(
    nave_item_kind kind, const void *items, size_t count);

/// The extrema of `count` ≥ 1 floats.
nave_float_extrema nave_extrema_floats(nave_item_kind kind, const void *items, size_t count);

/// Adds a term to a sum with Neumaier's correction.
nave_float_sum nave_float_sum_add(nave_float_sum sum, double term);

/// How many of `count` items are not zero; NaN is not. With `pairs`, items are complex: two floats of
/// `kind`, of which one is enough.
size_t nave_count_nonzero(nave_item_kind kind, const void *items, size_t count, int pairs);

/// Copies those of `count` floats that are no NaN to `target`, which has room for all, and returns how
/// many they are. With `pairs`, items are complex, and one NaN of the two drops them.
size_t nave_drop_nan(nave_item_kind kind, void *target, const void *items, size_t count, int pairs);

/// Adds to `counts` how many of `count` items lie in each of `bins` ≥ 1 bins of equal width, between
/// `bins + 1` ascending `edges`; a bin holds its lower edge, the last one both. What is outside, and
/// NaN, is not counted.
void nave_histogram(nave_item_kind kind, const void *items, size_t count, const double *edges,
                    size_t bins, uint64_t *counts);

/// Turns items into whole numbers in the same order, as wide as the items; NaN becomes UINT64_MAX, which
/// no item of less than 64 bits does, and of 64 bits only the greatest whole number.
void nave_order_keys(nave_item_kind kind, const void *items, size_t count, uint64_t *keys);

/// Appends items of `item_bytes` bytes to cells, of which every one has room for `capacity` items, one
/// cell behind the other, and holds `filled` of them: `each` items of `items` go to each of `cell_count` cells, the next to the
/// next. `cells` are counted from `first_cell`. What a cell has no room for is dropped.
void nave_append_to_cells(size_t item_bytes, void *cell_items, size_t capacity, size_t *filled,
                          const size_t *cells, size_t cell_count, size_t first_cell,
                          const void *items, size_t each);

/// Sorts keys of items of `item_bytes` bytes in time that is the same whatever they are; `scratch` has as
/// much room as they take.
void nave_sort_keys(uint64_t *keys, uint64_t *scratch, size_t count, size_t item_bytes);

/// Counts the digits that follow known ones in the ordered keys of items: `each` items of `items` are of
/// each of `cell_count` cells, counted from `first_cell`. Every cell has `ranks` ascending `prefixes`, and
/// for each of them `1 << digit_bits` counts, of which the one of the key's digit above `shift` grows if
/// the digits before it are the prefix; of equal prefixes, the counts of the first. NaN is not counted.
void nave_count_digits(nave_item_kind kind, const size_t *cells, size_t cell_count,
                       size_t first_cell, const void *items, size_t each,
                       const uint64_t *prefixes, size_t ranks, unsigned shift,
                       unsigned digit_bits, uint64_t *counts);

/// Adds `pixels` pixels of `channels` items each to cells of `factor` ≥ 1 pixels: pixel i to cell
/// `(first + i) / factor`, where `first < factor`. NaN adds nothing; `counts` says how many items each
/// sum is of.
void nave_shrink_row(nave_item_kind kind, const void *items, size_t pixels, size_t channels,
                     size_t first, size_t factor, double *sums, uint32_t *counts);

#ifdef __cplusplus
}
#endif

#endif
