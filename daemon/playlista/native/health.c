/* Health: passes over planar samples. See features/health for what they are made of. */

#include "kernels.h"

enum { PEAK = 256, BASS = 128, ENERGY = 1024 };

static const float FULL_SCALE_24 = 8388608.0f;

/* Floats in the order of integers: those below zero are turned round. It undoes itself. */
INLINE int32_t ordered(int32_t bits)
{
    return bits ^ (bits >> 31 & INT32_MAX);
}

/* What most measures of health want to know of a block, in one pass.
 *
 * samples : [channels, stride], of which `frames` count, in whole stretches of PEAK; frame `end` - 1 is the last one.
 * peaks : [channels, frames / PEAK], the largest magnitude of each stretch.
 * extremes : [channels, 5], the highest sample, the lowest, the first, the last, and the lowest of the peaks.
 */
EXPORTED FOR_EACH_CPU
void playlista_survey(const float *samples, int64_t stride, int64_t channels, int64_t frames, int64_t end, float *peaks,
                      float *extremes)
{
    for (int64_t channel = 0; channel < channels; channel++, samples += stride, extremes += 5) {
        int32_t lowest = INT32_MAX, highest = INT32_MIN, softest = INT32_MAX;
        for (int64_t start = 0; start + PEAK <= frames; start += PEAK) {
            int32_t low = INT32_MAX, high = INT32_MIN;
            for (int64_t i = start; i < start + PEAK; i++) {
                int32_t bits;
                memcpy(&bits, samples + i, sizeof bits);
                bits = ordered(bits);
                low = bits < low ? bits : low;
                high = bits > high ? bits : high;
            }
            const int32_t peak = high > ~low ? high : ~low; /* turned round, what is below 0 is ~ of its magnitude */
            *peaks++ = float_of(peak);
            lowest = low < lowest ? low : lowest;
            highest = high > highest ? high : highest;
            softest = peak < softest ? peak : softest;
        }
        extremes[0] = float_of(ordered(highest));
        extremes[1] = float_of(ordered(lowest));
        extremes[2] = samples[0];
        extremes[3] = samples[end - 1];
        extremes[4] = float_of(softest);
    }
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
        for (int64_t start = 0; start < frames && channel != left && channel != right; start += BASS)
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
    sums[left] = pair[1];
    sums[right] = pair[2];
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
 *
 * peaks : [channels, count].
 * firsts, seconds : [channels * count], those of one channel after those of the other.
 * pairs : [channels], how many are of each.
 */
EXPORTED FOR_EACH_CPU
int64_t playlista_equal_pairs(const float *peaks, int64_t channels, int64_t count, float least, int64_t *firsts,
                              int64_t *seconds, int64_t *pairs)
{
    int64_t all = 0;
    for (int64_t channel = 0; channel < channels; channel++, peaks += count) {
        const int64_t before = all;
        for (int32_t second = 1; second < count; second++) {
            int32_t first = -1;
            for (int32_t i = 0; i < second; i++) /* to the end: many at once are faster than a way out */
                first = peaks[i] == peaks[second] ? i : first;
            if (first >= 0 && peaks[second] >= least) {
                firsts[all] = first;
                seconds[all++] = second;
            }
        }
        pairs[channel] = all - before;
    }
    return all;
}

/* The sharpest second difference of `count` samples, at most PEAK, of which each has one before and one behind. */
INLINE float sharpest_bend(const float *from, int64_t count)
{
    float bends[PEAK];
    for (int64_t i = 0; i < count; i++)
        bends[i] = (from[i + 1] - from[i]) - (from[i] - from[i - 1]);
    return largest(bends, count);
}

/* The first of `count` samples whose bend is as sharp as `sharpest`. */
INLINE int64_t place_of_bend(const float *from, int64_t count, float sharpest)
{
    for (int64_t i = 0; i < count; i++) {
        if (sharpest_bend(from + i, 1) == sharpest)
            return i;
    }
    return 0;
}

/* Bends that are sharper than all around them; how many there are.
 *
 * Of each whole stretch of PEAK samples but the first and the last the sharpest bend is looked at, if it is at least
 * `least`, and more than `sharper` times as sharp as any in the stretches beside. It counts if it is `ratio` times as
 * sharp as all that are up to `near` samples, at most PEAK / 2, before and behind, but for the `width` ones next to it.
 *
 * samples : [channels, stride], of which `count` count.
 * places, ratios : [channels * count / PEAK], those of one channel after those of the other.
 * bends : [channels], how many are of each.
 */
EXPORTED FOR_EACH_CPU
int64_t playlista_sharp_bends(const float *samples, int64_t stride, int64_t channels, int64_t count, float least,
                              float sharper, double ratio, int64_t near, int64_t width, int64_t *places, double *ratios,
                              int64_t *bends)
{
    int64_t all = 0;
    for (int64_t channel = 0; channel < channels; channel++, samples += stride) {
        const int64_t before_all = all;
        float before = 0.0f, here = count >= PEAK ? sharpest_bend(samples + 1, PEAK - 1 - (count == PEAK)) : 0.0f;
        for (int64_t start = PEAK; start + PEAK <= count; start += PEAK) {
            const float behind = sharpest_bend(samples + start, PEAK - (start + PEAK == count));
            if (start > PEAK && here >= least && here > sharper * before && here > sharper * behind) {
                const int64_t place = start - PEAK + place_of_bend(samples + start - PEAK, PEAK, here);
                const double left = sharpest_bend(samples + place - near, near - width);
                const double right = sharpest_bend(samples + place + width + 1, near - width);
                const double around = left > right ? left : right;
                const double found = here / (around > 1e-9 ? around : 1e-9);
                if (found >= ratio) {
                    places[all] = place;
                    ratios[all++] = found;
                }
            }
            before = here;
            here = behind;
        }
        bends[channel] = all - before_all;
    }
    return all;
}

/* Runs of at least `least` equal samples, each in its full length; how many there are.
 *
 * A run covers the last of any `least` samples that it covers at all, so most samples need not be looked at.
 *
 * samples : [channels, stride], of which `count` count.
 * firsts, lasts : [channels * count / least], first and last samples, those of one channel after those of the other.
 * runs : [channels], how many are of each.
 */
EXPORTED int64_t playlista_equal_runs(const float *samples, int64_t stride, int64_t channels, int64_t count,
                                      int64_t least, int64_t *firsts, int64_t *lasts, int64_t *runs)
{
    int64_t all = 0;
    for (int64_t channel = 0; channel < channels; channel++, samples += stride) {
        const int64_t before = all;
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
            firsts[all] = first;
            lasts[all++] = last;
            first = last + 1;
        }
        runs[channel] = all - before;
    }
    return all;
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
