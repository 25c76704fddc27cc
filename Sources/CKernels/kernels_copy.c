// Copies of boxes between strided layouts. See nave_kernels.h.
//
// The axes are first brought to a normal form: axes of one item dropped, target strides positive and
// descending, neighbours merged where both layouts allow it, and a run that is contiguous in both
// made the unit of copying. What is left is one of four loops: a single memcpy, rows of units, a
// fill, or a transposition by tiles.

#include "nave_kernels.h"

#include <string.h>

typedef struct {
    size_t extent;
    ptrdiff_t target;
    ptrdiff_t source;
} box_axis;

typedef struct {
    uint64_t words[2];
} unit16;

typedef struct {
    box_axis axes[NAVE_RANK_MAX];
    size_t rank;
    uint8_t *target;
    const uint8_t *source;
    size_t unit_bytes;
} box_plan;

// Brings the axes to normal form. Returns 0 when the box holds no item.
static int plan_box(
    box_plan *plan, const ptrdiff_t *target_strides, const ptrdiff_t *source_strides,
    const size_t *extents, size_t rank)
{
    plan->rank = 0;
    for (size_t i = 0; i < rank; i++) {
        if (extents[i] == 0) return 0;
        if (extents[i] == 1) continue;
        box_axis axis = {extents[i], target_strides[i], source_strides[i]};
        if (axis.target < 0) {
            ptrdiff_t last = (ptrdiff_t)axis.extent - 1;
            plan->target += axis.target * last;
            plan->source += axis.source * last;
            axis.target = -axis.target;
            axis.source = -axis.source;
        }
        size_t at = plan->rank++;
        while (at > 0 && plan->axes[at - 1].target < axis.target) {
            plan->axes[at] = plan->axes[at - 1];
            at--;
        }
        plan->axes[at] = axis;
    }
    size_t merged = 0;
    for (size_t i = 0; i < plan->rank; i++) {
        box_axis inner = plan->axes[i];
        if (merged > 0) {
            box_axis *outer = &plan->axes[merged - 1];
            ptrdiff_t extent = (ptrdiff_t)inner.extent;
            if (outer->target == inner.target * extent && outer->source == inner.source * extent) {
                outer->extent *= inner.extent;
                outer->target = inner.target;
                outer->source = inner.source;
                continue;
            }
        }
        plan->axes[merged++] = inner;
    }
    plan->rank = merged;
    if (merged > 0) {
        box_axis inner = plan->axes[merged - 1];
        ptrdiff_t unit = (ptrdiff_t)plan->unit_bytes;
        if (inner.target == unit && inner.source == unit) {
            plan->unit_bytes *= inner.extent;
            plan->rank--;
        }
    }
    return 1;
}

// One row: `extent` units at the axis' strides.
#define DEFINE_ROW(NAME, TYPE)                                                                     \
    static void NAME(uint8_t *target, const uint8_t *source, box_axis axis)                        \
    {                                                                                              \
        TYPE unit;                                                                                 \
        if (axis.source == 0) {                                                                    \
            memcpy(&unit, source, sizeof unit);                                                    \
            if (axis.target == (ptrdiff_t)sizeof unit) {                                           \
                for (size_t i = 0; i < axis.extent; i++)                                           \
                    memcpy(target + i * sizeof unit, &unit, sizeof unit);                          \
            } else {                                                                               \
                for (size_t i = 0; i < axis.extent; i++, target += axis.target)                    \
                    memcpy(target, &unit, sizeof unit);                                            \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        if (axis.target == (ptrdiff_t)sizeof unit) {                                               \
            for (size_t i = 0; i < axis.extent; i++, source += axis.source) {                      \
                memcpy(&unit, source, sizeof unit);                                                \
                memcpy(target + i * sizeof unit, &unit, sizeof unit);                              \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        for (size_t i = 0; i < axis.extent; i++) {                                                 \
            memcpy(&unit, source, sizeof unit);                                                    \
            memcpy(target, &unit, sizeof unit);                                                    \
            target += axis.target;                                                                 \
            source += axis.source;                                                                 \
        }                                                                                          \
    }

DEFINE_ROW(copy_row_1, uint8_t)
DEFINE_ROW(copy_row_2, uint16_t)
DEFINE_ROW(copy_row_4, uint32_t)
DEFINE_ROW(copy_row_8, uint64_t)
DEFINE_ROW(copy_row_16, unit16)

static void copy_row(uint8_t *target, const uint8_t *source, box_axis axis, size_t unit_bytes)
{
    switch (unit_bytes) {
    case 1: copy_row_1(target, source, axis); return;
    case 2: copy_row_2(target, source, axis); return;
    case 4: copy_row_4(target, source, axis); return;
    case 8: copy_row_8(target, source, axis); return;
    case 16: copy_row_16(target, source, axis); return;
    default: break;
    }
    for (size_t i = 0; i < axis.extent; i++) {
        memcpy(target, source, unit_bytes);
        target += axis.target;
        source += axis.source;
    }
}

// A square tile of one vector register per row, transposed by interleaving its halves until every
// row has met every other.
#define DEFINE_TILE(NAME, TYPE, LANES, STAGES, LOW, HIGH)                                          \
    typedef TYPE NAME##_lanes __attribute__((vector_size(16)));                                    \
    static inline void NAME(                                                                       \
        uint8_t *target, ptrdiff_t target_stride, const uint8_t *source, ptrdiff_t source_stride)  \
    {                                                                                              \
        NAME##_lanes rows[LANES], mixed[LANES];                                                    \
        for (int i = 0; i < LANES; i++) memcpy(&rows[i], source + i * source_stride, 16);          \
        for (int stage = 0; stage < STAGES; stage++) {                                             \
            for (int i = 0; i < LANES / 2; i++) {                                                  \
                mixed[2 * i] = __builtin_shufflevector(rows[i], rows[i + LANES / 2], LOW);         \
                mixed[2 * i + 1] = __builtin_shufflevector(rows[i], rows[i + LANES / 2], HIGH);    \
            }                                                                                      \
            memcpy(rows, mixed, sizeof rows);                                                      \
        }                                                                                          \
        for (int i = 0; i < LANES; i++) memcpy(target + i * target_stride, &rows[i], 16);          \
    }

#define LOW_16 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_16 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define LOW_8 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH_8 4, 12, 5, 13, 6, 14, 7, 15
#define LOW_4 0, 4, 1, 5
#define HIGH_4 2, 6, 3, 7
#define LOW_2 0, 2
#define HIGH_2 1, 3

DEFINE_TILE(tile_1, uint8_t, 16, 4, LOW_16, HIGH_16)
DEFINE_TILE(tile_2, uint16_t, 8, 3, LOW_8, HIGH_8)
DEFINE_TILE(tile_4, uint32_t, 4, 2, LOW_4, HIGH_4)
DEFINE_TILE(tile_8, uint64_t, 2, 1, LOW_2, HIGH_2)

static inline void tile_16(
    uint8_t *target, ptrdiff_t target_stride, const uint8_t *source, ptrdiff_t source_stride)
{
    (void)target_stride;
    (void)source_stride;
    memcpy(target, source, 16);
}

// A transposition of two axes: the target is contiguous along `across`, the source along `down`.
// It advances by strips of 64 source bytes, so a cache line that is read is used up at once.
#define DEFINE_TRANSPOSE(NAME, TYPE, TILE, LANES)                                                  \
    static void NAME(uint8_t *target, const uint8_t *source, box_axis down, box_axis across)       \
    {                                                                                              \
        const size_t strip = 64 / sizeof(TYPE);                                                    \
        const ptrdiff_t bytes = sizeof(TYPE);                                                      \
        size_t whole = across.extent - across.extent % LANES;                                      \
        for (size_t i0 = 0; i0 < down.extent; i0 += strip) {                                       \
            size_t i1 = down.extent - i0 < strip ? down.extent : i0 + strip;                       \
            size_t tiled = i0 + (i1 - i0) / LANES * LANES;                                         \
            for (size_t j = 0; j < whole; j += LANES) {                                            \
                uint8_t *to = target + (ptrdiff_t)j * bytes;                                       \
                const uint8_t *from = source + (ptrdiff_t)j * across.source;                       \
                for (size_t i = i0; i < tiled; i += LANES)                                         \
                    TILE(                                                                          \
                        to + (ptrdiff_t)i * down.target, down.target,                              \
                        from + (ptrdiff_t)i * bytes, across.source);                               \
            }                                                                                      \
            for (size_t i = i0; i < i1; i++) {                                                     \
                uint8_t *to = target + (ptrdiff_t)i * down.target;                                 \
                const uint8_t *from = source + (ptrdiff_t)i * bytes;                               \
                for (size_t j = i < tiled ? whole : 0; j < across.extent; j++)                     \
                    memcpy(                                                                        \
                        to + (ptrdiff_t)j * bytes, from + (ptrdiff_t)j * across.source,            \
                        sizeof(TYPE));                                                             \
            }                                                                                      \
        }                                                                                          \
    }

DEFINE_TRANSPOSE(transpose_1, uint8_t, tile_1, 16)
DEFINE_TRANSPOSE(transpose_2, uint16_t, tile_2, 8)
DEFINE_TRANSPOSE(transpose_4, uint32_t, tile_4, 4)
DEFINE_TRANSPOSE(transpose_8, uint64_t, tile_8, 2)
DEFINE_TRANSPOSE(transpose_16, unit16, tile_16, 1)

static void transpose(
    uint8_t *target, const uint8_t *source, box_axis down, box_axis across, size_t unit_bytes)
{
    switch (unit_bytes) {
    case 1: transpose_1(target, source, down, across); return;
    case 2: transpose_2(target, source, down, across); return;
    case 4: transpose_4(target, source, down, across); return;
    case 8: transpose_8(target, source, down, across); return;
    default: transpose_16(target, source, down, across); return;
    }
}

// The axis to transpose with the innermost one, or `rank` when a transposition does not apply.
static size_t transposed_axis(const box_plan *plan)
{
    size_t unit = plan->unit_bytes;
    if (plan->rank < 2 || unit > 16 || (unit & (unit - 1)) != 0) return plan->rank;
    box_axis inner = plan->axes[plan->rank - 1];
    if (inner.target != (ptrdiff_t)unit || inner.source == 0) return plan->rank;
    for (size_t i = 0; i + 1 < plan->rank; i++) {
        if (plan->axes[i].source == (ptrdiff_t)unit && plan->axes[i].extent >= 4) return i;
    }
    return plan->rank;
}

// Walks the `rank` outer axes as an odometer and calls the inner loop at every position.
static void walk_box(box_plan *plan, size_t rank, box_axis inner, box_axis down, int is_transposed)
{
    size_t counter[NAVE_RANK_MAX];
    memset(counter, 0, rank * sizeof counter[0]);
    uint8_t *target = plan->target;
    const uint8_t *source = plan->source;
    for (;;) {
        if (is_transposed)
            transpose(target, source, down, inner, plan->unit_bytes);
        else
            copy_row(target, source, inner, plan->unit_bytes);
        size_t at = rank;
        while (at > 0) {
            box_axis axis = plan->axes[--at];
            if (++counter[at] < axis.extent) {
                target += axis.target;
                source += axis.source;
                break;
            }
            counter[at] = 0;
            target -= axis.target * (ptrdiff_t)(axis.extent - 1);
            source -= axis.source * (ptrdiff_t)(axis.extent - 1);
            if (at == 0) return;
        }
        if (rank == 0) return;
    }
}

void nave_copy_box(
    void *target, const ptrdiff_t *target_strides, const void *source,
    const ptrdiff_t *source_strides, const size_t *extents, size_t rank, size_t item_bytes)
{
    box_plan plan;
    plan.target = target;
    plan.source = source;
    plan.unit_bytes = item_bytes;
    if (!plan_box(&plan, target_strides, source_strides, extents, rank)) return;
    if (plan.rank == 0) {
        memcpy(plan.target, plan.source, plan.unit_bytes);
        return;
    }
    box_axis inner = plan.axes[plan.rank - 1];
    size_t down = transposed_axis(&plan);
    if (down == plan.rank) {
        walk_box(&plan, plan.rank - 1, inner, inner, 0);
        return;
    }
    box_axis down_axis = plan.axes[down];
    size_t outer = plan.rank - 2;
    memmove(&plan.axes[down], &plan.axes[down + 1], (outer - down) * sizeof plan.axes[0]);
    walk_box(&plan, outer, inner, down_axis, 1);
}
