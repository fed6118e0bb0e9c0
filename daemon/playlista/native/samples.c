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
