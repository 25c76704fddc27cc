// Adding the pixels of a row to the cells of a smaller one. See nave_kernels.h.

#include "nave_kernels.h"

#include "kernels_halves.h"

#define ADD_ALL(TYPE, EXPRESSION)                                                                  \
    do {                                                                                           \
        const TYPE *items = source;                                                                \
        size_t cell = 0;                                                                           \
        size_t left = factor - first;                                                              \
        for (size_t i = 0; i < pixels; i++) {                                                      \
            if (left == 0) {                                                                       \
                cell += channels;                                                                  \
                left = factor;                                                                     \
            }                                                                                      \
            left--;                                                                                \
            for (size_t k = 0; k < channels; k++) {                                                \
                TYPE x = items[i * channels + k];                                                  \
                double value = (double)(EXPRESSION);                                               \
                int is_number = value == value;                                                    \
                sums[cell + k] += is_number ? value : 0;                                           \
                counts[cell + k] += (uint32_t)is_number;                                           \
            }                                                                                      \
        }                                                                                          \
    } while (0)

void nave_shrink_row(nave_item_kind kind, const void *source, size_t pixels, size_t channels,
                     size_t first, size_t factor, double *sums, uint32_t *counts)
{
    switch (kind) {
    case NAVE_ITEM_BOOL: ADD_ALL(uint8_t, x != 0); break;
    case NAVE_ITEM_INT8: ADD_ALL(int8_t, x); break;
    case NAVE_ITEM_INT16: ADD_ALL(int16_t, x); break;
    case NAVE_ITEM_INT32: ADD_ALL(int32_t, x); break;
    case NAVE_ITEM_INT64: ADD_ALL(int64_t, x); break;
    case NAVE_ITEM_UINT8: ADD_ALL(uint8_t, x); break;
    case NAVE_ITEM_UINT16: ADD_ALL(uint16_t, x); break;
    case NAVE_ITEM_UINT32: ADD_ALL(uint32_t, x); break;
    case NAVE_ITEM_UINT64: ADD_ALL(uint64_t, x); break;
    case NAVE_ITEM_FLOAT16: ADD_ALL(uint16_t, float_of_half(x)); break;
    case NAVE_ITEM_BFLOAT16: ADD_ALL(uint16_t, float_of_brain(x)); break;
    case NAVE_ITEM_FLOAT32: ADD_ALL(float, x); break;
    case NAVE_ITEM_FLOAT64: ADD_ALL(double, x); break;
    }
}
