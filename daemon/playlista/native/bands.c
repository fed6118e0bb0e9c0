/* Spectra into bands. */

#include "kernels.h"

/* The power of each band of spectra: the weighted sum of the squared magnitudes of its bins.
 *
 * spectra : [frames, stride], complex, real and imaginary parts in turn, of which the first `bins` count.
 * starts, lengths : [bands], the bins of each band; every length is a multiple of 8, and bins behind the last are 0.
 * weights : the weights of all bands one after another, as many as the lengths say.
 * powers : [bins + 8], work space.
 * sums : [frames, bands], the result.
 */
EXPORTED FOR_EACH_CPU
void playlista_band_powers(const float *spectra, int64_t frames, int64_t stride, int64_t bins, const int64_t *starts,
                           const int64_t *lengths, int64_t bands, const float *weights, float *powers, float *sums)
{
    memset(powers + bins, 0, 8 * sizeof *powers);
    for (int64_t frame = 0; frame < frames; frame++, spectra += 2 * stride, sums += bands) {
        squared_magnitudes(spectra, bins, powers);
        band_sums(powers, starts, lengths, bands, weights, sums);
    }
}
