/* Health: passes over planar samples. See features/health for what they are made of. */

#include "kernels.h"

enum { PEAK = 256, BASS = 128, ENERGY = 1024 };

static const float FULL_SCALE_24 = 8388608.0f;

/* The largest magnitude of each PEAK samples: samples [channels, stride], peaks [channels, frames / PEAK]. */
EXPORTED FOR_EACH_CPU
void playlista_peaks(const float *samples, int64_t stride, int64_t channels, int64_t frames, float *peaks)
{
    for (int64_t channel = 0; channel < channels; channel++)
        for (int64_t start = 0; start + PEAK <= frames; start += PEAK)
            *peaks++ = largest(samples + channel * stride + start, PEAK);
}

/* The sum of `count` products, 32 side by side; `count` is a multiple of 32. */
INLINE double dot(const float *left, const float *right, int64_t count)
{
    octet sums[4] = {{0}};
    for (int64_t i = 0; i < count; i += 32)
        for (int part = 0; part < 4; part++) {
            octet one, other;
            memcpy(&one, left + i + 8 * part, sizeof one);
            memcpy(&other, right + i + 8 * part, sizeof other);
            sums[part] += one * other;
        }
    const octet together = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    double sum = 0.0;
    for (int lane = 0; lane < 8; lane++)
        sum += together[lane];
    return sum;
}

/* Sums of channels; a thousand samples at a time are in float32, which is exact enough.
 *
 * samples : [channels, stride], of which `frames` count, a multiple of ENERGY.
 * sums, energies : [channels], of the samples and of their squares.
 * pair : [6], of the channels `left` and `right`: the sum of their products; then, of the sums of each BASS samples,
 *     those of left, of right, of their squares and of their products.
 */
EXPORTED FOR_EACH_CPU
void playlista_levels(const float *samples, int64_t stride, int64_t channels, int64_t frames, int64_t left,
                      int64_t right, double *sums, double *energies, double *pair)
{
    static const float ones[BASS] = {[0 ... BASS - 1] = 1.0f};
    const float *one = samples + left * stride, *other = samples + right * stride;
    for (int64_t channel = 0; channel < channels; channel++) {
        const float *from = samples + channel * stride;
        energies[channel] = sums[channel] = 0.0;
        for (int64_t start = 0; start < frames; start += ENERGY)
            energies[channel] += dot(from + start, from + start, ENERGY);
        for (int64_t start = 0; start < frames; start += BASS)
            sums[channel] += dot(from + start, ones, BASS);
    }
    memset(pair, 0, 6 * sizeof *pair);
    for (int64_t start = 0; start < frames; start += ENERGY)
        pair[0] += dot(one + start, other + start, ENERGY);
    for (int64_t start = 0; start < frames; start += BASS) {
        const double bass = dot(one + start, ones, BASS), its = dot(other + start, ones, BASS);
        pair[1] += bass;
        pair[2] += its;
        pair[3] += bass * bass;
        pair[4] += its * its;
        pair[5] += bass * its;
    }
}

/* Where the first and the last of `count` frames are in which a channel is above `level`: 1, or 0 where none is.
 * samples [channels, stride], span [2]. */
EXPORTED int64_t playlista_sounding(const float *samples, int64_t stride, int64_t channels, int64_t count, float level,
                                    int64_t *span)
{
    int64_t first = count, last = -1;
    for (int64_t channel = 0; channel < channels; channel++) {
        const float *from = samples + channel * stride;
        for (int64_t i = 0; i < first; i++)
            if (from[i] > level || from[i] < -level)
                first = i;
        for (int64_t i = count - 1; i > last; i--)
            if (from[i] > level || from[i] < -level)
                last = i;
    }
    span[0] = first;
    span[1] = last;
    return last >= 0;
}

/* Pairs of equal peaks that are at least `least`, each with the next one that is equal; how many there are.
 * firsts, seconds : [count]. */
EXPORTED int64_t playlista_equal_pairs(const float *peaks, int64_t count, float least, int64_t *firsts,
                                       int64_t *seconds)
{
    int64_t pairs = 0;
    for (int64_t second = 1; second < count; second++) {
        if (!(peaks[second] >= least))
            continue;
        int64_t first = second - 1;
        while (first >= 0 && peaks[first] != peaks[second])
            first--;
        if (first >= 0) {
            firsts[pairs] = first;
            seconds[pairs++] = second;
        }
    }
    return pairs;
}

/* The sharpest second difference of each PEAK samples, 0 at the first and the last of all: [count / PEAK]. */
EXPORTED FOR_EACH_CPU
void playlista_sharpest_bends(const float *samples, int64_t count, float *bends)
{
    float found[PEAK];
    for (int64_t start = 0; start + PEAK <= count; start += PEAK) {
        const float *from = samples + start;
        for (int i = 1; i < PEAK - 1; i++)
            found[i] = (from[i + 1] - from[i]) - (from[i] - from[i - 1]);
        found[0] = start ? (from[1] - from[0]) - (from[0] - from[-1]) : 0.0f;
        found[PEAK - 1] = start + PEAK < count
                              ? (from[PEAK] - from[PEAK - 1]) - (from[PEAK - 1] - from[PEAK - 2])
                              : 0.0f;
        *bends++ = largest(found, PEAK);
    }
}

/* Runs of at least `least` equal samples, each in its full length; how many there are.
 *
 * A run covers the last of any `least` samples that it covers at all, so most samples need not be looked at.
 *
 * firsts, lasts : [count / least], their first and last samples.
 */
EXPORTED int64_t playlista_equal_runs(const float *samples, int64_t count, int64_t least, int64_t *firsts,
                                      int64_t *lasts)
{
    int64_t runs = 0;
    for (int64_t first = 0; first + least <= count;) {
        int64_t last = first + least - 1;
        while (last > first && samples[last - 1] == samples[last])
            last--;
        if (last > first) { /* differs from the sample before: a run may begin here, and none does before */
            first = last;
            continue;
        }
        last = first + least - 1;
        while (last + 1 < count && samples[last + 1] == samples[last])
            last++;
        firsts[runs] = first;
        lasts[runs++] = last;
        first = last + 1;
    }
    return runs;
}

/* Runs of samples that, times `sign`, are at least `level`; how many there are.
 *
 * firsts, lasts : [(count + 1) / 2].
 */
EXPORTED int64_t playlista_runs_at(const float *samples, int64_t count, float sign, float level, int64_t *firsts,
                                   int64_t *lasts)
{
    int64_t runs = 0, is_inside = 0;
    for (int64_t i = 0; i < count; i++) {
        const int is_at = samples[i] * sign >= level;
        if (is_at && !is_inside)
            firsts[runs] = i;
        if (!is_at && is_inside)
            lasts[runs++] = i - 1;
        is_inside = is_at;
    }
    if (is_inside)
        lasts[runs++] = count - 1;
    return runs;
}

/* The highest of `count` samples times `sign`, by the order of their bits; `count` is at least 1. */
EXPORTED FOR_EACH_CPU
float playlista_highest(const float *samples, int64_t count, float sign)
{
    int32_t most = INT32_MIN;
    for (int64_t i = 0; i < count; i++) {
        const float value = samples[i] * sign;
        int32_t bits;
        memcpy(&bits, &value, sizeof bits);
        bits ^= bits >> 31 & INT32_MAX; /* negative ones in the order of integers */
        most = bits > most ? bits : most;
    }
    most ^= most >> 31 & INT32_MAX;
    float value;
    memcpy(&value, &most, sizeof value);
    return value;
}

/* The bits that are set in any of `count` samples as integers of 24 bits; -1 where they are none. */
EXPORTED FOR_EACH_CPU
int64_t playlista_used_bits(const float *samples, int64_t count)
{
    int32_t used = 0, is_broken = 0;
    if (!(largest(samples, count) <= 1.0f))
        return -1;
    for (int64_t i = 0; i < count; i++) {
        const float scaled = samples[i] * FULL_SCALE_24;
        const int32_t integer = (int32_t)scaled;
        is_broken |= (float)integer != scaled;
        used |= integer;
    }
    return is_broken ? -1 : (int64_t)(uint32_t)used;
}
