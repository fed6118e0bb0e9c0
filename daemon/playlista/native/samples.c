/* Samples from one order or type into another. */

#include "kernels.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "integers are packed as they lie in memory"
#endif

/* Interleaved into planar samples: frames [count, channels] to planar [channels, stride], from its column `at` on. */
EXPORTED FOR_EACH_CPU
void playlista_planar(const float *frames, int64_t count, int64_t channels, float *planar, int64_t stride, int64_t at)
{
    if (channels == 2) {
        float *left = planar + at, *right = planar + stride + at;
        for (int64_t i = 0; i < count; i++) {
            left[i] = frames[2 * i];
            right[i] = frames[2 * i + 1];
        }
        return;
    }
    for (int64_t channel = 0; channel < channels; channel++)
        for (int64_t i = 0; i < count; i++)
            planar[channel * stride + at + i] = frames[i * channels + channel];
}

/* One of two, without a branch: with one nothing is computed side by side where floats could trap. */
INLINE int32_t either(int32_t first, int32_t one, int32_t other)
{
    return (one & -first) | (other & (first - 1));
}

/* Samples as float16, rounded to the nearest, ties to even; what is beyond +-65504 as that, NaN as NaN. */
EXPORTED FOR_EACH_CPU
void playlista_to_half(const float *samples, int64_t count, uint16_t *halves)
{
    for (int64_t i = 0; i < count; i++) {
        const int32_t bits = bits_of(samples[i]), magnitude = bits & INT32_MAX, most = 0x477fe000;
        const int32_t size = magnitude < most ? magnitude : most;
        const int32_t usual = (size - (112 << 23) + 0xfff + (size >> 13 & 1)) >> 13;
        /* The steps of what is below 2^-14 are those of floats from 0.5 on. */
        const int32_t small = bits_of(float_of(size) + 0.5f) - (126 << 23);
        const int32_t half = either(magnitude > 0x7f800000, 0x7e00, either(size < 113 << 23, small, usual));
        halves[i] = (uint16_t)(half | (bits >> 16 & 0x8000));
    }
}

/* And back, which is exact. */
EXPORTED FOR_EACH_CPU
void playlista_from_half(const uint16_t *halves, int64_t count, float *samples)
{
    for (int64_t i = 0; i < count; i++) {
        const int32_t half = halves[i], size = half & 0x7fff;
        const int32_t usual = (size << 13) + either(size < 0x7c00, 112 << 23, 224 << 23);
        const int32_t number = either(size < 0x400, bits_of((float)size * 0x1p-24f), usual);
        samples[i] = float_of(number | (int32_t)((uint32_t)half >> 15 << 31));
    }
}

/* A sample times `scale` as an integer, towards 0; what lies outside of 25 bits is no sample, and 0. */
INLINE int32_t integer_of(float sample, float scale)
{
    const float scaled = sample * scale;
    return scaled >= -16777216.0f && scaled <= 16777216.0f ? (int32_t)scaled : 0;
}

/* `count` samples times `scale` as signed integers of 1, 2 or 3 bytes, the lowest first: [count * bytes]. */
EXPORTED FOR_EACH_CPU
void playlista_pack(const float *samples, int64_t count, float scale, int64_t bytes, uint8_t *packed)
{
    if (bytes == 2) {
        for (int64_t i = 0; i < count; i++) {
            const int16_t integer = (int16_t)integer_of(samples[i], scale);
            memcpy(packed + 2 * i, &integer, sizeof integer);
        }
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        const int32_t integer = integer_of(samples[i], scale);
        if (bytes == 1)
            packed[i] = (uint8_t)integer;
        else if (i + 1 < count) /* its highest byte lies where the next sample goes */
            memcpy(packed + 3 * i, &integer, sizeof integer);
        else
            memcpy(packed + 3 * i, &integer, 3);
    }
}
