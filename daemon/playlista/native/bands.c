/* Spectra into bands. */

#include "kernels.h"

/* The power of each band of spectra: the weighted sum of the squared magnitudes of its bins.
 *
 * spectra : [frames, bins], complex, real and imaginary parts in turn.
 * starts, lengths : [bands], the bins of each band; every length is a multiple of 8, and bins behind the last are 0.
 * weights : the weights of all bands one after another, as many as the lengths say.
 * powers : [bins + 8], work space.
 * sums : [frames, bands], the result.
 */
EXPORTED FOR_EACH_CPU
void playlista_band_powers(const float *spectra, int64_t frames, int64_t bins, const int64_t *starts,
                           const int64_t *lengths, int64_t bands, const float *weights, float *powers, float *sums)
{
    memset(powers + bins, 0, 8 * sizeof *powers);
    for (int64_t frame = 0; frame < frames; frame++, spectra += 2 * bins) {
        const float *weight = weights;
        for (int64_t bin = 0; bin < bins; bin++)
            powers[bin] = spectra[2 * bin] * spectra[2 * bin] + spectra[2 * bin + 1] * spectra[2 * bin + 1];
        for (int64_t band = 0; band < bands; band++) {
            octet side_by_side = {0};
            for (int64_t i = 0; i < lengths[band]; i += 8, weight += 8) {
                octet power, of_it;
                memcpy(&power, powers + starts[band] + i, sizeof power);
                memcpy(&of_it, weight, sizeof of_it);
                side_by_side += power * of_it;
            }
            *sums++ = ((side_by_side[0] + side_by_side[4]) + (side_by_side[1] + side_by_side[5])) +
                      ((side_by_side[2] + side_by_side[6]) + (side_by_side[3] + side_by_side[7]));
        }
    }
}
