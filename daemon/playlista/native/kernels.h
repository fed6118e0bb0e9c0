/* What the kernels share: how they are exported, and for which processors they are compiled.
 *
 * Every kernel gives the same bits on every processor: the order of all additions is written out, and products and sums
 * are never contracted (-ffp-contract=off). So a copy for AVX2 may be chosen when the library is loaded without changing
 * a value. Arrays are C-contiguous, their lengths are of the caller. Nothing is allocated, and nothing is kept.
 */
#ifndef PLAYLISTA_KERNELS_H
#define PLAYLISTA_KERNELS_H

#include <stddef.h> /* defines __GLIBC__ by way of features.h, where there is one */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED const char *playlista_checksum(void);

/* glibc picks the copy for this processor when the library is loaded; sanitizers cannot follow it there. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(ONE_COPY)
#define FOR_EACH_CPU __attribute__((target_clones("avx2", "default")))
#else
#define FOR_EACH_CPU
#endif

/* Part of the kernel that calls it, and so compiled for its processors. */
#define INLINE __attribute__((always_inline)) static inline

/* Two doubles and eight floats that are computed side by side; the compiler makes of them what the processor has. */
typedef double pair __attribute__((vector_size(16)));
typedef float octet __attribute__((vector_size(32)));
typedef int32_t octet_bits __attribute__((vector_size(32)));

/* The eight floats that begin anywhere in memory, and the sum of eight, in an order of its own. */
typedef float octet_anywhere __attribute__((vector_size(32), aligned(4), may_alias));
#define AT(address) (*(octet_anywhere *)(address))
#define SUM_OF(of) (((of[0] + of[4]) + (of[1] + of[5])) + ((of[2] + of[6]) + (of[3] + of[7])))

INLINE float float_of(int32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

INLINE int32_t bits_of(float value)
{
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Largest magnitude of `count` samples, compared as integers: without their sign, floats are in the order of their
 * bits. NaN is above infinity. */
INLINE float largest(const float *samples, int64_t count)
{
    int32_t most = 0;
    for (int64_t i = 0; i < count; i++) {
        const int32_t bits = bits_of(samples[i]) & INT32_MAX;
        most = bits > most ? bits : most;
    }
    return float_of(most);
}

/* The squared magnitudes of `count` complex numbers. */
INLINE void squared_magnitudes(const float *numbers, int64_t count, float *squares)
{
    for (int64_t i = 0; i < count; i++)
        squares[i] = numbers[2 * i] * numbers[2 * i] + numbers[2 * i + 1] * numbers[2 * i + 1];
}

/* The weighted sum of each band of `values`; every length is a multiple of 8. */
INLINE void band_sums(const float *values, const int64_t *starts, const int64_t *lengths, int64_t bands,
                      const float *weights, float *sums)
{
    for (int64_t band = 0; band < bands; band++) {
        octet sum = {0};
        for (int64_t i = 0; i < lengths[band]; i += 8, weights += 8)
            sum += AT(values + starts[band] + i) * AT(weights);
        sums[band] = SUM_OF(sum);
    }
}

#endif
