// Variants of one function body for several instruction sets, and the choice between them.

#ifndef KERNELS_TARGETS_H
#define KERNELS_TARGETS_H

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)

#define TARGET_AVX2 __attribute__((target("avx2,fma")))
#define TARGET_AVX512                                                                              \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")))

// Defines NAME_baseline, NAME_avx2 and NAME_avx512 with the same body.
#define TARGET_VARIANTS(RESULT, NAME, PARAMETERS, CALL)                                            \
    static RESULT NAME##_baseline PARAMETERS { return CALL; }                                      \
    TARGET_AVX2 static RESULT NAME##_avx2 PARAMETERS { return CALL; }                              \
    TARGET_AVX512 static RESULT NAME##_avx512 PARAMETERS { return CALL; }

#define DISPATCH(NAME)                                                                             \
    (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")                      \
             && __builtin_cpu_supports("avx512bw")                                                 \
         ? NAME##_avx512                                                                           \
         : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? NAME##_avx2           \
                                                                           : NAME##_baseline)

#else

#define TARGET_VARIANTS(RESULT, NAME, PARAMETERS, CALL)                                            \
    static RESULT NAME##_baseline PARAMETERS { return CALL; }

#define DISPATCH(NAME) NAME##_baseline

#endif
#endif
