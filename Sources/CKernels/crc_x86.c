// Folding with carry-less multiplication.
//
// A register of 128 bits that is followed by n more bytes may be replaced by its product with
// x^(8n), reduced, added to the 128 bits that lie there. What is left at the end, at most one
// register and 15 bytes, goes through the tables, so no final reduction is needed and one code
// serves every polynomial of at most 64 bits.
//
// Source: V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
// Instruction", Intel, 2009.

#include "crc_internal.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET_PCLMUL __attribute__((target("sse4.1,pclmul")))
#define TARGET_VPCLMUL __attribute__((target("sse4.1,pclmul,avx512f,avx512vl,vpclmulqdq")))

static inline TARGET_PCLMUL __m128i multipliers(const struct nave_crc_fold *fold) {
    return _mm_set_epi64x((long long)fold->high, (long long)fold->low);
}

static inline TARGET_PCLMUL __m128i moved(__m128i lane, __m128i by) {
    return _mm_xor_si128(_mm_clmulepi64_si128(lane, by, 0x00), _mm_clmulepi64_si128(lane, by, 0x11));
}

static inline TARGET_PCLMUL __m128i loaded(const uint8_t *bytes) {
    return _mm_loadu_si128((const __m128i *)bytes);
}

/// Folds whole lanes into `lane`, then gives it and the rest to the tables.
static inline TARGET_PCLMUL uint64_t finished(const struct nave_crc_tables *t, __m128i lane,
                                              const uint8_t *bytes, size_t length) {
    const __m128i by = multipliers(&t->lane[0]);
    while (length >= 16) {
        lane = _mm_xor_si128(moved(lane, by), loaded(bytes));
        bytes += 16;
        length -= 16;
    }
    uint8_t rest[16];
    _mm_storeu_si128((__m128i *)rest, lane);
    return nave_crc_portable(t, nave_crc_portable(t, 0, rest, 16), bytes, length);
}

TARGET_PCLMUL uint64_t nave_crc_pclmul(const struct nave_crc_tables *t, uint64_t state,
                                       const uint8_t *bytes, size_t length) {
    if (length < 32) return nave_crc_portable(t, state, bytes, length);
    __m128i a = _mm_xor_si128(loaded(bytes), _mm_cvtsi64_si128((long long)state));
    if (length < 128) return finished(t, a, bytes + 16, length - 16);
    __m128i b = loaded(bytes + 16);
    __m128i c = loaded(bytes + 32);
    __m128i d = loaded(bytes + 48);
    bytes += 64;
    length -= 64;
    const __m128i by = multipliers(&t->lane[3]);
    while (length >= 64) {
        a = _mm_xor_si128(moved(a, by), loaded(bytes));
        b = _mm_xor_si128(moved(b, by), loaded(bytes + 16));
        c = _mm_xor_si128(moved(c, by), loaded(bytes + 32));
        d = _mm_xor_si128(moved(d, by), loaded(bytes + 48));
        bytes += 64;
        length -= 64;
    }
    a = _mm_xor_si128(moved(a, multipliers(&t->lane[2])), moved(b, multipliers(&t->lane[1])));
    a = _mm_xor_si128(a, _mm_xor_si128(moved(c, multipliers(&t->lane[0])), d));
    return finished(t, a, bytes, length);
}

static inline TARGET_VPCLMUL __m512i wide_multipliers(const struct nave_crc_fold *fold) {
    return _mm512_broadcast_i32x4(_mm_set_epi64x((long long)fold->high, (long long)fold->low));
}

/// `lane` moved forward and added to `next`.
static inline TARGET_VPCLMUL __m512i wide_folded(__m512i lane, __m512i by, __m512i next) {
    return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(lane, by, 0x00),
                                     _mm512_clmulepi64_epi128(lane, by, 0x11), next, 0x96);
}

static inline TARGET_VPCLMUL __m512i wide_loaded(const uint8_t *bytes) {
    return _mm512_loadu_si512((const void *)bytes);
}

TARGET_VPCLMUL uint64_t nave_crc_vpclmul(const struct nave_crc_tables *t, uint64_t state,
                                         const uint8_t *bytes, size_t length) {
    if (length < 256) return nave_crc_pclmul(t, state, bytes, length);
    __m512i first = _mm512_zextsi128_si512(_mm_cvtsi64_si128((long long)state));
    first = _mm512_xor_si512(first, wide_loaded(bytes));
    bytes += 64;
    length -= 64;
    if (length >= 15 * 64) {
        __m512i r[8];
        r[0] = first;
        for (int i = 1; i < 8; i++) r[i] = wide_loaded(bytes + 64 * (i - 1));
        bytes += 7 * 64;
        length -= 7 * 64;
        const __m512i by = wide_multipliers(&t->wide[7]);
        while (length >= 8 * 64) {
            for (int i = 0; i < 8; i++) r[i] = wide_folded(r[i], by, wide_loaded(bytes + 64 * i));
            bytes += 8 * 64;
            length -= 8 * 64;
        }
        first = r[7];
        for (int i = 0; i < 7; i++) first = wide_folded(r[i], wide_multipliers(&t->wide[6 - i]), first);
    }
    const __m512i by = wide_multipliers(&t->wide[0]);
    while (length >= 64) {
        first = wide_folded(first, by, wide_loaded(bytes));
        bytes += 64;
        length -= 64;
    }
    __m128i lane = _mm512_extracti32x4_epi32(first, 3);
    lane = _mm_xor_si128(lane, moved(_mm512_extracti32x4_epi32(first, 2), multipliers(&t->lane[0])));
    lane = _mm_xor_si128(lane, moved(_mm512_extracti32x4_epi32(first, 1), multipliers(&t->lane[1])));
    lane = _mm_xor_si128(lane, moved(_mm512_castsi512_si128(first), multipliers(&t->lane[2])));
    return finished(t, lane, bytes, length);
}

#endif
