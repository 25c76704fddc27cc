// MD5 of several messages side by side, a message to a lane of the registers.
//
// Source: RFC 1321, section 3.

#include "nave_md5.h"

#include <stdbool.h>
#include <string.h>

#include "kernels_targets.h"

enum {
    BLOCK_BYTES = 64,
    WORDS = 16,
    /// Lanes of a register.
    LANES = 8,
    /// Registers that take turns, so that one computes while the other waits for its last step.
    SETS = 2,
    LANES_MAX = LANES * SETS,
    LENGTH_BYTES = 8,
};

typedef uint32_t lanes __attribute__((vector_size(LANES * sizeof(uint32_t))));

/// The states A, B, C, D of all lanes.
struct states {
    lanes word[SETS][4];
};

static const uint32_t initial[4] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};

// Section 3.4: the table T, floor(2^32 * |sin i|) for i = 1 to 64.
static const uint32_t sines[64] = {
    0xD76AA478, 0xE8C7B756, 0x242070DB, 0xC1BDCEEE, 0xF57C0FAF, 0x4787C62A, 0xA8304613, 0xFD469501,
    0x698098D8, 0x8B44F7AF, 0xFFFF5BB1, 0x895CD7BE, 0x6B901122, 0xFD987193, 0xA679438E, 0x49B40821,
    0xF61E2562, 0xC040B340, 0x265E5A51, 0xE9B6C7AA, 0xD62F105D, 0x02441453, 0xD8A1E681, 0xE7D3FBC8,
    0x21E1CDE6, 0xC33707D6, 0xF4D50D87, 0x455A14ED, 0xA9E3E905, 0xFCEFA3F8, 0x676F02D9, 0x8D2A4C8A,
    0xFFFA3942, 0x8771F681, 0x6D9D6122, 0xFDE5380C, 0xA4BEEA44, 0x4BDECFA9, 0xF6BB4B60, 0xBEBFBC70,
    0x289B7EC6, 0xEAA127FA, 0xD4EF3085, 0x04881D05, 0xD9D4D039, 0xE6DB99E5, 0x1FA27CF8, 0xC4AC5665,
    0xF4292244, 0x432AFF97, 0xAB9423A7, 0xFC93A039, 0x655B59C3, 0x8F0CCC92, 0xFFEFF47D, 0x85845DD1,
    0x6FA87E4F, 0xFE2CE6E0, 0xA3014314, 0x4E0811A1, 0xF7537E82, 0xBD3AF235, 0x2AD7D2BB, 0xEB86D391,
};

// MARK: A block of every lane

#define SHUFFLE(A, B, ...) __builtin_shufflevector(A, B, __VA_ARGS__)

/// Turns eight rows of eight words around: row i becomes the words i of all.
ALWAYS_INLINE void transpose(lanes row[LANES]) {
    lanes pairs[LANES], quads[LANES];
    for (int i = 0; i < LANES; i += 2) {
        pairs[i] = SHUFFLE(row[i], row[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        pairs[i + 1] = SHUFFLE(row[i], row[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < LANES; i += 4) {
        quads[i] = SHUFFLE(pairs[i], pairs[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        quads[i + 1] = SHUFFLE(pairs[i], pairs[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        quads[i + 2] = SHUFFLE(pairs[i + 1], pairs[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        quads[i + 3] = SHUFFLE(pairs[i + 1], pairs[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    for (int i = 0; i < LANES / 2; i++) {
        row[i] = SHUFFLE(quads[i], quads[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        row[i + 4] = SHUFFLE(quads[i], quads[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

/// The words of one block of every lane, word by word.
ALWAYS_INLINE void load(lanes words[WORDS], const uint8_t *const inputs[LANES], size_t offset) {
    for (int half = 0; half < WORDS; half += LANES) {
        for (int lane = 0; lane < LANES; lane++) {
            memcpy(&words[half + lane], inputs[lane] + offset + half * sizeof(uint32_t),
                   sizeof(lanes));
        }
        transpose(words + half);
    }
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "the words of MD5 are little-endian"
#endif
}

#define F(X, Y, Z) (Z ^ (X & (Y ^ Z)))
#define G(X, Y, Z) (Y ^ (Z & (X ^ Y)))
#define H(X, Y, Z) (X ^ Y ^ Z)
#define I(X, Y, Z) (Y ^ (X | ~Z))
#define ROTATE(X, BITS) ((X << BITS) | (X >> (32 - BITS)))

// Section 3.4: a = b + ((a + F(b, c, d) + X[k] + T[i]) <<< s), in every set.
#define STEP(FUNCTION, A, B, C, D, K, S, NUMBER)                                                   \
    for (int set = 0; set < sets; set++) {                                                         \
        lanes sum = s[set][A] + (words[set][K] + sines[NUMBER])                                    \
            + FUNCTION(s[set][B], s[set][C], s[set][D]);                                           \
        s[set][A] = s[set][B] + ROTATE(sum, S);                                                    \
    }

#define FOUR_STEPS(FUNCTION, K0, K1, K2, K3, S0, S1, S2, S3, NUMBER)                               \
    STEP(FUNCTION, 0, 1, 2, 3, K0, S0, NUMBER)                                                     \
    STEP(FUNCTION, 3, 0, 1, 2, K1, S1, NUMBER + 1)                                                 \
    STEP(FUNCTION, 2, 3, 0, 1, K2, S2, NUMBER + 2)                                                 \
    STEP(FUNCTION, 1, 2, 3, 0, K3, S3, NUMBER + 3)

ALWAYS_INLINE void rounds(lanes s[SETS][4], lanes words[SETS][WORDS], const int sets) {
    FOUR_STEPS(F, 0, 1, 2, 3, 7, 12, 17, 22, 0)
    FOUR_STEPS(F, 4, 5, 6, 7, 7, 12, 17, 22, 4)
    FOUR_STEPS(F, 8, 9, 10, 11, 7, 12, 17, 22, 8)
    FOUR_STEPS(F, 12, 13, 14, 15, 7, 12, 17, 22, 12)
    FOUR_STEPS(G, 1, 6, 11, 0, 5, 9, 14, 20, 16)
    FOUR_STEPS(G, 5, 10, 15, 4, 5, 9, 14, 20, 20)
    FOUR_STEPS(G, 9, 14, 3, 8, 5, 9, 14, 20, 24)
    FOUR_STEPS(G, 13, 2, 7, 12, 5, 9, 14, 20, 28)
    FOUR_STEPS(H, 5, 8, 11, 14, 4, 11, 16, 23, 32)
    FOUR_STEPS(H, 1, 4, 7, 10, 4, 11, 16, 23, 36)
    FOUR_STEPS(H, 13, 0, 3, 6, 4, 11, 16, 23, 40)
    FOUR_STEPS(H, 9, 12, 15, 2, 4, 11, 16, 23, 44)
    FOUR_STEPS(I, 0, 7, 14, 5, 6, 10, 15, 21, 48)
    FOUR_STEPS(I, 12, 3, 10, 1, 6, 10, 15, 21, 52)
    FOUR_STEPS(I, 8, 15, 6, 13, 6, 10, 15, 21, 56)
    FOUR_STEPS(I, 4, 11, 2, 9, 6, 10, 15, 21, 60)
}

/// Takes `blocks` blocks of every lane in.
ALWAYS_INLINE void compress(struct states *states, const uint8_t *const inputs[LANES_MAX],
                            size_t blocks, const int sets) {
    lanes words[SETS][WORDS];
    lanes s[SETS][4];
    memcpy(s, states->word, sizeof s);
    for (size_t block = 0; block < blocks; block++) {
        lanes before[SETS][4];
        memcpy(before, s, sizeof s);
        for (int set = 0; set < sets; set++) {
            load(words[set], inputs + set * LANES, block * BLOCK_BYTES);
        }
        rounds(s, words, sets);
        for (int set = 0; set < sets; set++) {
            for (int word = 0; word < 4; word++) s[set][word] += before[set][word];
        }
    }
    memcpy(states->word, s, sizeof s);
}

TARGET_VARIANTS(void, one_set, (struct states *s, const uint8_t *const i[LANES_MAX], size_t n),
                compress(s, i, n, 1))
TARGET_VARIANTS(void, two_sets, (struct states *s, const uint8_t *const i[LANES_MAX], size_t n),
                compress(s, i, n, SETS))

typedef void (*compress_function)(struct states *, const uint8_t *const[LANES_MAX], size_t);

/// One engine: how few lanes and how all of them are computed.
struct engine {
    compress_function few, all;
};

// MARK: Messages on lanes

/// A message that is under way.
struct lane {
    struct nave_md5_message *message;
    const uint8_t *next;
    /// Blocks that lie at `next`.
    size_t blocks;
    bool is_in_tail;
    /// The last bytes, the bit that ends them, and the length: one block or two.
    uint8_t tail[2 * BLOCK_BYTES];
};

static void set_state(struct states *states, int place, const uint32_t words[4]) {
    for (int word = 0; word < 4; word++) {
        states->word[place / LANES][word][place % LANES] = words[word];
    }
}

/// Puts a lane on its padded last bytes. Source: RFC 1321, sections 3.1 and 3.2.
static void begin_tail(struct lane *lane) {
    size_t rest = lane->message->length % BLOCK_BYTES;
    size_t blocks = rest + 1 + LENGTH_BYTES > BLOCK_BYTES ? 2 : 1;
    memset(lane->tail, 0, sizeof lane->tail);
    if (rest > 0) {
        memcpy(lane->tail, lane->message->bytes + lane->message->length - rest, rest);
    }
    lane->tail[rest] = 0x80;
    uint64_t bits = (uint64_t)lane->message->length * 8;
    memcpy(lane->tail + blocks * BLOCK_BYTES - LENGTH_BYTES, &bits, LENGTH_BYTES);
    lane->next = lane->tail;
    lane->blocks = blocks;
    lane->is_in_tail = true;
}

static void begin(struct lane *lane, struct nave_md5_message *message) {
    lane->message = message;
    lane->next = message->bytes;
    lane->blocks = message->length / BLOCK_BYTES;
    lane->is_in_tail = false;
    if (lane->blocks == 0) begin_tail(lane);
}

static void finish(struct lane *lane, const struct states *states, int place) {
    for (int word = 0; word < 4; word++) {
        uint32_t value = states->word[place / LANES][word][place % LANES];
        memcpy(lane->message->digest + word * sizeof value, &value, sizeof value);
    }
}

static void copy_lane(struct lane lane[], struct states *states, int from, int to) {
    uint32_t words[4];
    for (int word = 0; word < 4; word++) {
        words[word] = states->word[from / LANES][word][from % LANES];
    }
    set_state(states, to, words);
    bool is_in_tail = lane[from].is_in_tail;
    size_t done = is_in_tail ? (size_t)(lane[from].next - lane[from].tail) : 0;
    lane[to] = lane[from];
    if (is_in_tail) lane[to].next = lane[to].tail + done;
}

/// Takes in as many blocks as the shortest run on any of the first `active` lanes has.
static void advance(const struct engine *engine, struct lane lane[], struct states *states,
                    int active) {
    const uint8_t *inputs[LANES_MAX];
    size_t blocks = lane[0].blocks;
    for (int place = 0; place < LANES_MAX; place++) {
        // An idle lane computes something that nobody looks at.
        const struct lane *source = &lane[place < active ? place : 0];
        inputs[place] = source->next;
        if (source->blocks < blocks) blocks = source->blocks;
    }
    // Idle lanes read what the first one reads, no further than it has bytes.
    (active <= LANES ? engine->few : engine->all)(states, inputs, blocks);
    for (int place = 0; place < active; place++) {
        lane[place].next += blocks * BLOCK_BYTES;
        lane[place].blocks -= blocks;
        if (lane[place].blocks == 0 && !lane[place].is_in_tail) begin_tail(&lane[place]);
    }
}

static void run(const struct engine *engine, struct nave_md5_message *messages, size_t count) {
    struct lane lane[LANES_MAX];
    struct states states;
    memset(&states, 0, sizeof states);
    size_t taken = 0;
    int active = 0;
    while (true) {
        while (active < LANES_MAX && taken < count) {
            begin(&lane[active], &messages[taken++]);
            set_state(&states, active++, initial);
        }
        if (active == 0) return;
        advance(engine, lane, &states, active);
        for (int place = active - 1; place >= 0; place--) {
            if (lane[place].blocks > 0) continue;
            finish(&lane[place], &states, place);
            active--;
            if (place < active) copy_lane(lane, &states, active, place);
        }
    }
}

// MARK: The choice of an engine

static const struct engine baseline = {one_set_baseline, two_sets_baseline};

#if defined(__x86_64__)

static const struct engine avx2 = {one_set_avx2, two_sets_avx2};
static const struct engine avx512 = {one_set_avx512, two_sets_avx512};

int nave_md5_engine_available(enum nave_md5_engine engine) {
    __builtin_cpu_init();
    switch (engine) {
    case NAVE_MD5_BASELINE:
        return 1;
    case NAVE_MD5_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case NAVE_MD5_AVX512:
        return __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512bw");
    }
    return 0;
}

static const struct engine *of(enum nave_md5_engine engine) {
    switch (engine) {
    case NAVE_MD5_BASELINE:
        return &baseline;
    case NAVE_MD5_AVX2:
        return &avx2;
    case NAVE_MD5_AVX512:
        return &avx512;
    }
    return &baseline;
}

#else

int nave_md5_engine_available(enum nave_md5_engine engine) { return engine == NAVE_MD5_BASELINE; }

static const struct engine *of(enum nave_md5_engine engine) {
    (void)engine;
    return &baseline;
}

#endif

// Written once by `prepare`, before main, and only read afterwards.
static const struct engine *best = &baseline;

__attribute__((constructor)) static void prepare(void) {
    if (nave_md5_engine_available(NAVE_MD5_AVX2)) best = of(NAVE_MD5_AVX2);
    if (nave_md5_engine_available(NAVE_MD5_AVX512)) best = of(NAVE_MD5_AVX512);
}

void nave_md5_many(struct nave_md5_message *messages, size_t count) { run(best, messages, count); }

void nave_md5_many_with(enum nave_md5_engine engine, struct nave_md5_message *messages, size_t count) {
    run(of(engine), messages, count);
}
