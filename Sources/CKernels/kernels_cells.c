// The items of many cells, which lie one cell behind the other: put together, in order, counted by their
// digits. See nave_kernels.h.

#include "nave_kernels.h"

#include <string.h>

#define KEY_BLOCK 512
// Below so many keys the tables of the digits cost more than moving every key past the greater ones.
#define INSERTION_MAX 48

static size_t item_bytes_of(nave_item_kind kind)
{
    switch (kind) {
    case NAVE_ITEM_BOOL:
    case NAVE_ITEM_INT8:
    case NAVE_ITEM_UINT8: return 1;
    case NAVE_ITEM_INT16:
    case NAVE_ITEM_UINT16:
    case NAVE_ITEM_FLOAT16:
    case NAVE_ITEM_BFLOAT16: return 2;
    case NAVE_ITEM_INT32:
    case NAVE_ITEM_UINT32:
    case NAVE_ITEM_FLOAT32: return 4;
    case NAVE_ITEM_INT64:
    case NAVE_ITEM_UINT64:
    case NAVE_ITEM_FLOAT64: return 8;
    }
    return 8;
}

// One item a cell is the usual case where the first axis is reduced; the copy of a known length is a move.
#define APPEND_ONES(TYPE)                                                                          \
    for (size_t i = 0; i < cell_count; i++) {                                                      \
        size_t cell = cells[i] - first_cell;                                                       \
        if (filled[cell] >= capacity) continue;                                                    \
        memcpy(target + (cell * capacity + filled[cell]) * sizeof(TYPE),                           \
               source + i * sizeof(TYPE), sizeof(TYPE));                                           \
        filled[cell]++;                                                                            \
    }                                                                                              \
    return

void nave_append_to_cells(size_t item_bytes, void *cell_items, size_t capacity, size_t *filled,
                          const size_t *cells, size_t cell_count, size_t first_cell,
                          const void *items, size_t each)
{
    uint8_t *target = cell_items;
    const uint8_t *source = items;
    if (each == 1) {
        switch (item_bytes) {
        case 1: APPEND_ONES(uint8_t);
        case 2: APPEND_ONES(uint16_t);
        case 4: APPEND_ONES(uint32_t);
        case 8: APPEND_ONES(uint64_t);
        }
    }
    for (size_t i = 0; i < cell_count; i++) {
        size_t cell = cells[i] - first_cell;
        size_t room = capacity - filled[cell];
        size_t taken = each < room ? each : room;
        memcpy(target + (cell * capacity + filled[cell]) * item_bytes,
               source + i * each * item_bytes, taken * item_bytes);
        filled[cell] += taken;
    }
}

static void sort_few(uint64_t *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        size_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--) keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

void nave_sort_keys(uint64_t *keys, uint64_t *scratch, size_t count, size_t item_bytes)
{
    if (count <= INSERTION_MAX) return sort_few(keys, count);
    size_t tables[8][256];
    memset(tables, 0, item_bytes * sizeof tables[0]);
    for (size_t i = 0; i < count; i++)
        for (size_t digit = 0; digit < item_bytes; digit++)
            tables[digit][keys[i] >> (8 * digit) & 0xff]++;
    uint64_t *source = keys;
    uint64_t *target = scratch;
    for (size_t digit = 0; digit < item_bytes; digit++) {
        size_t *table = tables[digit];
        // All keys have the same digit: they are in its order already.
        if (table[source[0] >> (8 * digit) & 0xff] == count) continue;
        size_t before = 0;
        for (size_t value = 0; value < 256; value++) {
            size_t found = table[value];
            table[value] = before;
            before += found;
        }
        for (size_t i = 0; i < count; i++)
            target[table[source[i] >> (8 * digit) & 0xff]++] = source[i];
        uint64_t *sorted = target;
        target = source;
        source = sorted;
    }
    if (source != keys) memcpy(keys, source, count * sizeof *keys);
}

// The first of some ascending numbers that is not less than one; `count` if all are.
static size_t lower_bound(const uint64_t *numbers, size_t count, uint64_t wanted)
{
    size_t first = 0;
    while (count > 0) {
        size_t half = count / 2;
        if (numbers[first + half] < wanted) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return first;
}

static void count_keys(const uint64_t *keys, size_t count, const uint64_t *prefixes, size_t ranks,
                       unsigned shift, unsigned digit_bits, int skips_nan, uint64_t *counts)
{
    uint64_t mask = ((uint64_t)1 << digit_bits) - 1;
    for (size_t i = 0; i < count; i++) {
        if (skips_nan && keys[i] == UINT64_MAX) continue;
        uint64_t digits = keys[i] >> shift;
        uint64_t prefix = digits >> digit_bits;
        size_t rank = lower_bound(prefixes, ranks, prefix);
        if (rank < ranks && prefixes[rank] == prefix)
            counts[(rank << digit_bits) + (digits & mask)]++;
    }
}

void nave_count_digits(nave_item_kind kind, const size_t *cells, size_t cell_count,
                       size_t first_cell, const void *items, size_t each,
                       const uint64_t *prefixes, size_t ranks, unsigned shift,
                       unsigned digit_bits, uint64_t *counts)
{
    uint64_t keys[KEY_BLOCK];
    const uint8_t *source = items;
    size_t item_bytes = item_bytes_of(kind);
    int skips_nan = kind >= NAVE_ITEM_FLOAT16;
    size_t total = cell_count * each;
    size_t cell = 0;
    size_t within = 0;
    for (size_t start = 0; start < total; start += KEY_BLOCK) {
        size_t block = total - start < KEY_BLOCK ? total - start : KEY_BLOCK;
        nave_order_keys(kind, source + start * item_bytes, block, keys);
        for (size_t done = 0; done < block;) {
            size_t run = each - within < block - done ? each - within : block - done;
            size_t place = cells[cell] - first_cell;
            count_keys(keys + done, run, prefixes + place * ranks, ranks, shift, digit_bits,
                       skips_nan, counts + ((place * ranks) << digit_bits));
            done += run;
            within += run;
            if (within == each) {
                within = 0;
                cell++;
            }
        }
    }
}
