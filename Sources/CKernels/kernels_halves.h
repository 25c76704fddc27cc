// Floats of 16 bits as floats of 32 bits, which hold all of them.

#ifndef KERNELS_HALVES_H
#define KERNELS_HALVES_H

#include <stdint.h>
#include <string.h>

#include "kernels_targets.h"

// IEEE 754-2019, section 3.4, binary16.
ALWAYS_INLINE float float_of_half(uint16_t half)
{
    // Shift exponent and fraction into place and rescale; subnormals come out right by arithmetic.
    uint32_t bits = (uint32_t)(half & 0x7fff) << 13;
    float scaled;
    memcpy(&scaled, &bits, sizeof scaled);
    scaled *= 0x1p112f;
    uint32_t finite;
    memcpy(&finite, &scaled, sizeof finite);
    uint32_t result = (half & 0x7c00) == 0x7c00 ? (bits | 0x7f800000) : finite;
    result |= (uint32_t)(half & 0x8000) << 16;
    memcpy(&scaled, &result, sizeof scaled);
    return scaled;
}

// The upper half of a float.
ALWAYS_INLINE float float_of_brain(uint16_t brain)
{
    uint32_t bits = (uint32_t)brain << 16;
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

#endif
