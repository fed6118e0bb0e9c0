/* Spectra of frames: their shape and their peaks. See features/spectral and features/tonal for what these mean. */

#include "kernels.h"

enum { MOST = 64, MEASURES = 9, LOBE = 2 };

/* Bins this far below the strongest of their frame count as so strong. */
static const float FLOOR_RATIO = 1e-8f;
static const double ROLLOFF_SHARE = 0.85;

/* Peaks of less than this share of the strongest do not count; those so many times their surroundings stand out. */
static const float LEAST_SHARE = 1e-6f;
static const double STANDS_OUT = 10.0;

/* The bits of 1.0, and those of a float's mantissa. */
enum { ONE = 0x3f800000, MANTISSA = 0x7fffff };

/* The sums of the values before each place: [count + 1]. Four at a time, since each waits for the one before; behind the
 * values there are zeros, and behind the sums places, up to a multiple of 4. */
INLINE void running_sums(const float *values, int64_t count, double *sums)
{
    sums[0] = 0.0;
    for (int64_t i = 0; i < count; i += 4) {
        double here = 0.0;
        for (int64_t place = i; place < i + 4; place++) {
            here += values[place];
            sums[place + 1] = sums[i] + here;
        }
    }
}

/* Of eight rows side by side: put a value into each, which fall; what is too small falls out at the end. */
INLINE void insert(octet_bits *rows, int64_t count, const octet_bits *offered)
{
    octet_bits value = *offered;
    for (int64_t i = 0; i < count; i++) {
        const octet_bits above = value - rows[i], step = above & ~(above >> 31);
        rows[i] += step;
        value -= step;
    }
}

/* The sum of the `wanted` largest of `count` positive values; of the smallest with a `turn` of INT32_MAX. Their bits are
 * compared, without a branch, since a processor could not guess it. */
INLINE double sum_of_largest(const float *values, int64_t count, int64_t wanted, int32_t turn)
{
    const octet_bits places = {0, 1, 2, 3, 4, 5, 6, 7};
    octet_bits kept[MOST], others[2 * MOST];
    double sum = 0.0;
    memset(kept, 0, (size_t)wanted * sizeof *kept);
    for (int64_t i = 0; i < count; i += 8) {
        others[0] = ((octet_bits)AT(values + i) ^ turn) & (places < (int32_t)(count - i));
        insert(kept, wanted, others);
    }
    for (int64_t shift = 4; shift > 0; shift /= 2) {
        for (int64_t i = 0; i < wanted; i++)
            others[2 * i] = others[2 * i + 1] = kept[i];
        for (int64_t i = 0; i < wanted; i++) {
            const octet_bits other = (octet_bits)AT((float *)(others + 2 * i) + shift);
            insert(kept, wanted, &other);
        }
    }
    for (int64_t i = 0; i < wanted; i++)
        sum += float_of(kept[i][0] ^ turn);
    return sum;
}

/* How often the sign changes in every `step`th of `count` samples. */
INLINE uint32_t sign_changes(const float *samples, int64_t count, int64_t step)
{
    uint32_t changes = 0;
    for (int64_t i = step; i < count; i += step) {
        int32_t before, here;
        memcpy(&before, samples + i - step, sizeof before);
        memcpy(&here, samples + i, sizeof here);
        changes += (uint32_t)(before ^ here) >> 31;
    }
    return changes;
}

/* What is summed up over all bins of a frame, eight at a time; arrays end in zeros up to a multiple of 8.
 *
 * measures : [5], the sums of magnitudes, of them by frequency and of the raised powers; the product of these, as
 * exponent and mantissa. Returned is the squared distance of the magnitudes by `norm` from `unit`, where they then are.
 */
INLINE float sums_of_bins(const float *magnitudes, const float *raised, const float *bin_hz, int64_t bins, float norm,
                          float *unit, double *measures)
{
    octet all = {0}, by_hz = all, power = all, distance = all, product = all + 1.0f;
    octet_bits exponents = {0}, bits;
    double mantissa = 1.0;
    for (int64_t i = 0; i < bins; i += 8) {
        const octet here = AT(magnitudes + i), factor = AT(raised + i), unit_here = here / norm;
        const octet change = unit_here - AT(unit + i);
        AT(unit + i) = unit_here;
        distance += change * change;
        all += here;
        by_hz += here * AT(bin_hz + i);
        power += factor;
        bits = (octet_bits)factor; /* without a sign; a zero is no factor, and becomes 1 */
        product *= (octet)(bits | ((bits == 0) & ONE));
        bits = (octet_bits)product;
        exponents += (bits >> 23) - (ONE >> 23);
        product = (octet)((bits & MANTISSA) | ONE);
    }
    for (int part = 0; part < 8; part++) {
        measures[3] += exponents[part];
        mantissa *= product[part];
    }
    measures[0] = SUM_OF(all), measures[1] = SUM_OF(by_hz), measures[2] = SUM_OF(power), measures[4] = mantissa;
    return SUM_OF(distance);
}

/* The shape of the spectrum of each frame.
 *
 * spectra : [frames, stride], complex; the `bins` from `first` on count.
 * samples : [frames, length], `hop` samples from one frame to the next; every `step`th is asked for its sign.
 * bin_hz, unit : [bins + 8], ending in zeros; `unit` is the spectrum of the frame before with norm 1, carried from call
 * to call.
 * octaves : [octave_count, 3], first bin and bins of each, and of how many bins its peak and its valley are.
 * starts, lengths, weights : of `bands` bands, see playlista_band_powers.
 * work, sums : [3, bins + 8] and [bins + 8], work space.
 * measures : [frames, MEASURES + octaves], the result: the sum of powers; sums_of_bins'; the bin of the rolloff; the
 * flux, squared; the changes of sign; the peak by the valley of each octave.
 * energies : [frames, bands], the other result.
 */
EXPORTED FOR_EACH_CPU
void playlista_spectrum_shapes(const float *spectra, int64_t frames, int64_t stride, int64_t first, int64_t bins,
                        const float *samples, int64_t length, int64_t hop, int64_t step, const float *bin_hz, float *unit,
                        const int64_t *octaves, int64_t octave_count, const int64_t *starts, const int64_t *lengths,
                        int64_t bands, const float *weights, float *work, double *sums, double *measures,
                               float *energies)
{
    float *powers = work, *magnitudes = powers + bins + 8, *raised = magnitudes + bins + 8;
    memset(work, 0, 3 * (bins + 8) * sizeof *work);
    for (int64_t frame = 0; frame < frames; frame++, measures += MEASURES + octave_count, energies += bands) {
        squared_magnitudes(spectra + 2 * (frame * stride + first), bins, powers);
        const float least = FLOOR_RATIO * largest(powers, bins);
        for (int64_t i = 0; i < bins; i++) {
            magnitudes[i] = __builtin_sqrtf(powers[i]);
            raised[i] = powers[i] > least ? powers[i] : least;
        }
        memset(measures, 0, MEASURES * sizeof *measures);
        running_sums(powers, bins, sums);
        const double share = ROLLOFF_SHARE * sums[bins];
        int64_t rolloff = 0;
        for (int64_t i = 1; i < bins; i++)
            rolloff += sums[i] < share;
        measures[0] = sums[bins], measures[6] = (double)rolloff;
        const float norm = __builtin_sqrtf((float)sums[bins]);
        measures[7] = sums_of_bins(magnitudes, raised, bin_hz, bins, norm, unit, measures + 1);
        const float *heard = samples + frame * hop; /* most often there is a loop without steps */
        measures[8] = step == 1 ? sign_changes(heard, length, 1) : sign_changes(heard, length, step);
        for (int64_t octave = 0; octave < octave_count; octave++) {
            const float *from = raised + octaves[3 * octave];
            const int64_t count = octaves[3 * octave + 1], share = octaves[3 * octave + 2];
            measures[MEASURES + octave] =
                sum_of_largest(from, count, share, 0) / sum_of_largest(from, count, share, INT32_MAX);
        }
        band_sums(powers, starts, lengths, bands, weights, energies);
    }
}

/* The `wanted`th largest of `count` positive values, bit by bit; 0 where there are fewer. */
INLINE float largest_but(const float *values, int64_t count, int32_t wanted)
{
    int32_t bits = 0;
    for (int32_t step = 1 << 30; step > 0; step >>= 1) {
        int32_t reaching = 0;
        for (int64_t i = 0; i < count; i++)
            reaching += values[i] >= float_of(bits | step);
        bits |= reaching >= wanted ? step : 0;
    }
    return float_of(bits);
}

/* The strongest local maxima of each frame, and the sums that its envelope is made of; see features/tonal.
 *
 * spectra : [frames, stride], complex, of which the first `bins` count.
 * low, high : the first and the last bin that may be a peak.
 * wanted : as many of a frame, and those that are as strong as the last of them.
 * silent, absurd : a frame without a peak above one, or with a bin of the other, has none.
 * around : [bins, 2], the first bin of the surroundings of each and the one behind their last.
 * starts, lengths, weights : of `bands` bands, see playlista_band_powers.
 * work, places, sums : [3, bins + 8], [bins] and [bins + 8], work space.
 * envelope : [2, frames, bands], of the powers and of their squares.
 * found : [peaks, 3], frame, bin, and whether it stands out of its surroundings, the result.
 * powers_at : [peaks, 3], the power below, at and above each, the other result. Returned is how many there are.
 */
EXPORTED FOR_EACH_CPU
int64_t playlista_spectrum_peaks(const float *spectra, int64_t frames, int64_t stride, int64_t bins, int64_t low,
                                 int64_t high, int64_t wanted, float silent, float absurd, const int64_t *around,
                                 const int64_t *starts, const int64_t *lengths, int64_t bands, const float *weights,
                                 float *work, int64_t *places, double *sums, float *envelope, int64_t *found,
                                 float *powers_at)
{
    float *powers = work, *squares = powers + bins + 8, *maxima = squares + bins + 8;
    const int64_t *const first = found;
    memset(work, 0, 3 * (size_t)(bins + 8) * sizeof *work);
    for (int64_t frame = 0; frame < frames; frame++, envelope += bands) {
        int64_t count = 0;
        squared_magnitudes(spectra + 2 * frame * stride, bins, powers);
        const float strongest = largest(powers + low, high + 1 - low);
        if (!(strongest > silent && largest(powers, bins) < absurd))
            continue;
        for (int64_t bin = low; bin <= high; bin++) {
            const float here = powers[bin];
            maxima[count] = here;
            places[count] = bin;
            count += (here > powers[bin - 1]) & (here >= powers[bin + 1]) & (here > LEAST_SHARE * strongest);
        }
        const float least = largest_but(maxima, count, (int32_t)wanted);
        running_sums(powers, bins, sums);
        for (int64_t i = 0; i < count; i++) {
            const int64_t bin = places[i], from = around[2 * bin], to = around[2 * bin + 1];
            const double near = (sums[to] - sums[from]) - (sums[bin + LOBE + 1] - sums[bin - LOBE]);
            found[0] = frame, found[1] = bin;
            found[2] = (double)maxima[i] * (double)(to - from - 2 * LOBE - 1) > STANDS_OUT * near;
            memcpy(powers_at, powers + bin - 1, 3 * sizeof *powers);
            found += maxima[i] >= least ? 3 : 0;
            powers_at += maxima[i] >= least ? 3 : 0;
        }
        for (int64_t bin = 0; bin < bins; bin++)
            squares[bin] = powers[bin] * powers[bin];
        band_sums(powers, starts, lengths, bands, weights, envelope);
        band_sums(squares, starts, lengths, bands, weights, envelope + frames * bands);
    }
    return (found - first) / 3;
}
