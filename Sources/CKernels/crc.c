#include "nave_crc.h"

#include <string.h>

#include "crc_internal.h"

typedef uint64_t (*crc_function)(const struct nave_crc_tables *, uint64_t, const uint8_t *, size_t);

/// One polynomial: its reflected form and its width as a mask.
struct crc_definition {
    uint64_t polynomial;
    uint64_t mask;
};

static const struct crc_definition definitions[3] = {
    [NAVE_CRC64_NVME] = {0x9A6C9329AC4BC9B5u, UINT64_MAX},
    [NAVE_CRC32] = {0xEDB88320u, UINT32_MAX},
    [NAVE_CRC32C] = {0x82F63B78u, UINT32_MAX},
};

// Written once by `prepare`, before main, and only read afterwards.
static struct nave_crc_tables tables[3];
static crc_function best = nave_crc_portable;

/// One step of the definition: multiplies the state by x.
static uint64_t shifted(uint64_t state, uint64_t polynomial) {
    return (state >> 1) ^ ((state & 1) ? polynomial : 0);
}

/// x to the power `exponent`, reduced, with x^0 in bit 63 whatever the width.
static uint64_t power_of_x(const struct crc_definition *definition, unsigned exponent) {
    int width = definition->mask == UINT64_MAX ? 64 : 32;
    uint64_t state = (uint64_t)1 << (width - 1);
    for (unsigned i = 0; i < exponent; i++) {
        state = shifted(state, definition->polynomial);
    }
    return state << (64 - width);
}

/// The multipliers for a distance in bytes. A carry-less product of two reflected 64-bit values is
/// their product times x, hence the "- 1".
static struct nave_crc_fold fold_over(const struct crc_definition *definition, unsigned bytes) {
    struct nave_crc_fold fold;
    fold.low = power_of_x(definition, bytes * 8 + 64 - 1);
    fold.high = power_of_x(definition, bytes * 8 - 1);
    return fold;
}

static int has_engine(enum nave_crc_engine engine) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    switch (engine) {
    case NAVE_CRC_PORTABLE:
        return 1;
    case NAVE_CRC_PCLMUL:
        return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
    case NAVE_CRC_VPCLMUL:
        return __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx512f")
            && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("pclmul")
            && __builtin_cpu_supports("sse4.1");
    }
    return 0;
#else
    return engine == NAVE_CRC_PORTABLE;
#endif
}

static crc_function function_of(enum nave_crc_engine engine) {
#if defined(__x86_64__)
    if (engine == NAVE_CRC_VPCLMUL) return nave_crc_vpclmul;
    if (engine == NAVE_CRC_PCLMUL) return nave_crc_pclmul;
#endif
    (void)engine;
    return nave_crc_portable;
}

__attribute__((constructor)) static void prepare(void) {
    for (int kind = 0; kind < 3; kind++) {
        const struct crc_definition *definition = &definitions[kind];
        struct nave_crc_tables *table = &tables[kind];
        for (unsigned byte = 0; byte < 256; byte++) {
            uint64_t state = byte;
            for (int bit = 0; bit < 8; bit++) state = shifted(state, definition->polynomial);
            table->slice[0][byte] = state;
        }
        for (int k = 1; k < 8; k++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                uint64_t before = table->slice[k - 1][byte];
                table->slice[k][byte] = (before >> 8) ^ table->slice[0][before & 0xff];
            }
        }
        for (unsigned i = 0; i < 4; i++) table->lane[i] = fold_over(definition, 16 * (i + 1));
        for (unsigned i = 0; i < 8; i++) table->wide[i] = fold_over(definition, 64 * (i + 1));
    }
    for (int engine = NAVE_CRC_VPCLMUL; engine >= NAVE_CRC_PORTABLE; engine--) {
        if (has_engine((enum nave_crc_engine)engine)) {
            best = function_of((enum nave_crc_engine)engine);
            break;
        }
    }
}

uint64_t nave_crc_portable(const struct nave_crc_tables *t, uint64_t state, const uint8_t *bytes,
                           size_t length) {
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        word ^= state;
        state = t->slice[7][word & 0xff] ^ t->slice[6][(word >> 8) & 0xff]
            ^ t->slice[5][(word >> 16) & 0xff] ^ t->slice[4][(word >> 24) & 0xff]
            ^ t->slice[3][(word >> 32) & 0xff] ^ t->slice[2][(word >> 40) & 0xff]
            ^ t->slice[1][(word >> 48) & 0xff] ^ t->slice[0][word >> 56];
        bytes += 8;
        length -= 8;
    }
    while (length > 0) {
        state = (state >> 8) ^ t->slice[0][(state ^ *bytes) & 0xff];
        bytes++;
        length--;
    }
    return state;
}

uint64_t nave_crc(enum nave_crc_kind kind, uint64_t check, const void *bytes, size_t length) {
    uint64_t mask = definitions[kind].mask;
    return best(&tables[kind], ~check & mask, bytes, length) ^ mask;
}

uint64_t nave_crc_with(enum nave_crc_engine engine, enum nave_crc_kind kind, uint64_t check,
                       const void *bytes, size_t length) {
    uint64_t mask = definitions[kind].mask;
    return function_of(engine)(&tables[kind], ~check & mask, bytes, length) ^ mask;
}

int nave_crc_engine_available(enum nave_crc_engine engine) { return has_engine(engine); }

/// The product of two reflected polynomials, reduced.
static uint64_t multiplied(const struct crc_definition *definition, uint64_t a, uint64_t b) {
    uint64_t top = (definition->mask >> 1) + 1;
    uint64_t product = 0;
    for (uint64_t bit = top; bit != 0; bit >>= 1) {
        if (a & bit) product ^= b;
        b = shifted(b, definition->polynomial);
    }
    return product;
}

uint64_t nave_crc_combine(enum nave_crc_kind kind, uint64_t first, uint64_t second,
                          uint64_t second_length) {
    // Appending n bytes multiplies the state of what came before by x^(8n); the initial values and
    // final inversions of the two checks cancel out.
    const struct crc_definition *definition = &definitions[kind];
    uint64_t square = ((definition->mask >> 1) + 1) >> 8;
    uint64_t shift = (definition->mask >> 1) + 1;
    for (uint64_t n = second_length; n != 0; n >>= 1) {
        if (n & 1) shift = multiplied(definition, shift, square);
        square = multiplied(definition, square, square);
    }
    return multiplied(definition, first, shift) ^ second;
}
