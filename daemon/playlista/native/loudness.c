/* Loudness: K-weighted energies and the true peak of interleaved samples. See features/loudness for the standards. */

#include "kernels.h"

enum { STATES = 4, SECTION = 4, TAPS = 32, ROW = 32, SEGMENT = 512 };

/* A state below is silence; without this it would decay into numbers that processors take a hundred times longer for. */
static const double NOTHING = 1e-100;

/* What float32 sums over the taps can be off, by the largest sample: 32 roundings of weights that add up to 2.5. */
static const double FLOAT_MARGIN = 1e-5;

/* Above this, float32 sums of products could overflow. */
static const double FLOAT_SAFE = 1e30;

/* Filter `count` frames of the one or two channels that begin at `frames`, and add up the squares of what comes out.
 *
 * Each section is (b0, d1, d2, -a1, -a2) in state space: its output is b0 x + s1, its next states are
 * s1' = -a1 s1 + s2 + d1 x and s2' = -a2 s1 + d2 x, with d1 = b1 - a1 b0 and d2 = b2 - a2 b0.
 */
INLINE void k_weigh(const double *sections, pair states[STATES], const float *frames, int64_t count, int64_t channels,
                    int is_pair, pair *sum)
{
    const double *shelf = sections, *pass = sections + 5;
    pair s1 = states[0], s2 = states[1], p1 = states[2], p2 = states[3], total = *sum;
    for (int64_t i = 0; i < count; i++, frames += channels) {
        const pair x = {frames[0], is_pair ? frames[1] : 0.0f};
        const pair between = shelf[0] * x + s1;
        const pair out = pass[0] * between + p1;
        const pair next_s1 = (s2 + shelf[1] * x) + shelf[3] * s1;
        const pair next_p1 = (p2 + pass[1] * between) + pass[3] * p1;
        s2 = shelf[2] * x + shelf[4] * s1;
        p2 = pass[2] * between + pass[4] * p1;
        s1 = next_s1;
        p1 = next_p1;
        total += out * out;
    }
    states[0] = s1, states[1] = s2, states[2] = p1, states[3] = p2;
    *sum = total;
}

/* K-weighted sums of squares of steps.
 *
 * sections : [10], shelf and high-pass as in k_weigh.
 * states : [channels, 4], carried from call to call.
 * open_sums : [channels], sums of the step that has not ended, carried from call to call.
 * frames : [count, channels].
 * ends : [steps], frames of this call that each step ends behind, rising, at most `count`.
 * energies : [steps, channels], the result.
 */
EXPORTED FOR_EACH_CPU
void playlista_k_energies(const double *sections, double *states, double *open_sums, const float *frames, int64_t count,
                          int64_t channels, const int64_t *ends, int64_t steps, double *energies)
{
    for (int64_t channel = 0; channel < channels; channel += 2) {
        const int is_pair = channel + 1 < channels;
        double *left = states + STATES * channel, *right = is_pair ? left + STATES : left;
        pair at[STATES], sum = {open_sums[channel], is_pair ? open_sums[channel + 1] : 0.0};
        for (int i = 0; i < STATES; i++)
            at[i] = (pair){left[i], is_pair ? right[i] : 0.0};
        int64_t start = 0;
        for (int64_t step = 0; step <= steps; step++) {
            const int64_t end = step < steps ? ends[step] : count;
            k_weigh(sections, at, frames + start * channels + channel, end - start, channels, is_pair, &sum);
            start = end;
            if (step == steps)
                break;
            energies[step * channels + channel] = sum[0];
            if (is_pair)
                energies[step * channels + channel + 1] = sum[1];
            sum = (pair){0.0, 0.0};
            for (int i = 0; i < STATES; i++)
                for (int side = 0; side < 2; side++)
                    if (at[i][side] < NOTHING && at[i][side] > -NOTHING)
                        at[i][side] = 0.0;
        }
        for (int i = 0; i < STATES; i++) {
            if (is_pair)
                right[i] = at[i][1];
            left[i] = at[i][0];
        }
        open_sums[channel] = sum[0];
        if (is_pair)
            open_sums[channel + 1] = sum[1];
    }
}

/* The interpolator and what is known of it: weights [points, TAPS], and by which the largest sample and the sharpest
 * bend under it are to be multiplied to bound what it makes of them. */
struct interpolator {
    const double *weights;
    int64_t points;
    double sample_bound, bend_bound;
};

/* The sharpest second difference within `count` samples. */
INLINE float sharpest(const float *samples, int64_t count)
{
    float bends[2 * ROW];
    for (int64_t i = 2; i < count; i++)
        bends[i] = (samples[i] - samples[i - 1]) - (samples[i - 1] - samples[i - 2]);
    return largest(bends + 2, count - 2);
}

/* The largest magnitude of one point behind each of ROW samples, in float32; `from` is under its first tap. */
INLINE float row_peak(const double *weights, const float *from)
{
    octet sums[ROW / 8] = {{0}};
    for (int tap = 0; tap < TAPS; tap++) {
        const float weight = (float)weights[tap];
        for (int part = 0; part < ROW / 8; part++) {
            octet samples;
            memcpy(&samples, from + tap + 8 * part, sizeof samples);
            sums[part] += weight * samples;
        }
    }
    float flat[ROW];
    memcpy(flat, sums, sizeof flat);
    return largest(flat, ROW);
}

/* The peak raised to the points behind `count` samples, in float64. */
static double exact_peak(double peak, const struct interpolator *by, const float *from, int64_t count)
{
    for (int64_t point = 0; point < by->points; point++)
        for (int64_t i = 0; i < count; i++) {
            double sum = 0.0;
            for (int tap = 0; tap < TAPS; tap++)
                sum += by->weights[TAPS * point + tap] * from[i + tap];
            sum = sum < 0.0 ? -sum : sum;
            peak = sum > peak ? sum : peak;
        }
    return peak;
}

/* Whether a point of a row may be above `peak`: what float32 says, where it can say it of a whole row. */
INLINE int may_be_above(double peak, const struct interpolator *by, const float *from, int64_t count)
{
    if (count < ROW || peak > FLOAT_SAFE)
        return 1;
    for (int64_t point = 0; point < by->points; point++)
        if (row_peak(by->weights + TAPS * point, from) > peak * (1.0 - FLOAT_MARGIN))
            return 1;
    return 0;
}

/* The peak raised to `count` samples behind the TAPS that come before them, and to the points among them. */
INLINE double segment_peak(double peak, const struct interpolator *by, const float *samples, int64_t count)
{
    const double highest = largest(samples, TAPS + count);
    const double among = largest(samples + TAPS, count);
    peak = among > peak ? among : peak;
    if (by->points == 0 || !(by->sample_bound * highest > peak))
        return peak;
    for (int64_t row = 0; row < count; row += ROW) {
        const float *from = samples + row + 1;
        const int64_t length = count - row < ROW ? count - row : ROW, under = length + TAPS - 1;
        const double reach = largest(from, under);
        if (by->sample_bound * reach > peak && reach + by->bend_bound * sharpest(from, under) > peak &&
            may_be_above(peak, by, from, length))
            peak = exact_peak(peak, by, from, length);
    }
    return peak;
}

/* The highest true peak so far: `peak` or that of these frames.
 *
 * tails : [channels, TAPS], the last samples of each channel, carried from call to call; zeros before the first.
 * frames : [count, channels].
 * weights : [points, TAPS].
 * sample_bound, bend_bound : see struct interpolator.
 */
EXPORTED FOR_EACH_CPU
double playlista_true_peak(double peak, float *tails, const float *frames, int64_t count, int64_t channels,
                           const double *weights, int64_t points, double sample_bound, double bend_bound)
{
    const struct interpolator by = {weights, points, sample_bound, bend_bound};
    float samples[TAPS + SEGMENT];
    for (int64_t channel = 0; channel < channels; channel++) {
        float *tail = tails + TAPS * channel;
        for (int64_t start = 0; start < count; start += SEGMENT) {
            const int64_t length = count - start < SEGMENT ? count - start : SEGMENT;
            memcpy(samples, tail, TAPS * sizeof *samples);
            for (int64_t i = 0; i < length; i++)
                samples[TAPS + i] = frames[(start + i) * channels + channel];
            peak = segment_peak(peak, &by, samples, length);
            memcpy(tail, samples + length, TAPS * sizeof *samples);
        }
    }
    return peak;
}
