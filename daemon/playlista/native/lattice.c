/* The steps of a quantizer: how well numbers lie on lattices of several widths. */

#include "kernels.h"

enum { TRIED = 32, LEAST_COUNT = 4 };

typedef int32_t eight_integers __attribute__((vector_size(32)));

static const float PI = 3.14159274f;

/* Angles up to some hundred into their cosines: brought to half a turn around 0, of which half is put into a series for the
 * sine, off by less than 1e-7. A turn is subtracted in two parts, of which the first has few bits: its product with the
 * number of turns is exact. */
INLINE void take_cosines(octet *angles)
{
    const float to_whole = 12582912.0f; /* 1.5 * 2^23: what is added to it is rounded to whole numbers */
    const octet turns = (*angles * 0.15915494f + to_whole) - to_whole;
    const octet half = ((*angles - turns * 6.28125f) - turns * 1.93530718e-3f) * 0.5f, square = half * half;
    const octet series = ((((-2.50521084e-8f * square + 2.75573192e-6f) * square - 1.98412698e-4f) * square +
                           8.33333333e-3f) * square - 1.66666667e-1f) * square + 1.0f;
    const octet sine = half * series;
    *angles = 1.0f - 2.0f * (sine * sine);
}

/* How well the numbers of each band lie on the lattice that fits them best, see features/health/codecs/lattice.py.
 *
 * numbers : [count, lines], not below 0.
 * edges : [bands + 1], rising from 0 to `lines`.
 * units : [count, bands], what the numbers of a band are multiplied by to give angles on the lattice with the narrowest
 *     steps; `wider` : [TRIED], what these are multiplied by for wider ones, in the first `tried`.
 * best : [count, bands]: of the sums of cosines by their standard deviation where numbers lie anywhere, the largest.
 */
EXPORTED FOR_EACH_CPU
void playlista_lattice_fits(const float *numbers, int64_t count, int64_t lines, const int64_t *edges, int64_t bands,
                            const float *units, const float *wider, int64_t tried, double *best)
{
    for (; count > 0; count--, numbers += lines)
        for (int64_t band = 0; band < bands; band++, units++, best++) {
            float sums[TRIED];
            int32_t counts[TRIED];
            for (int64_t first = 0; first < TRIED; first += 8) {
                octet factors, sum = {0};
                eight_integers counted = {0};
                memcpy(&factors, wider + first, sizeof factors);
                for (int64_t line = edges[band]; line < edges[band + 1]; line++) {
                    octet angles = numbers[line] * *units * factors;
                    const eight_integers is_counted = angles >= PI; /* all bits; what would be rounded to 0 has none */
                    take_cosines(&angles);
                    sum += (octet)((eight_integers)angles & is_counted);
                    counted -= is_counted;
                }
                memcpy(sums + first, &sum, sizeof sum);
                memcpy(counts + first, &counted, sizeof counted);
            }
            for (int64_t i = 0; i < tried; i++) {
                const double fit = counts[i] >= LEAST_COUNT ? sums[i] / __builtin_sqrt(counts[i] / 2.0) : 0.0;
                *best = i == 0 || fit > *best ? fit : *best;
            }
        }
}
