/* Runs every kernel over made samples and prints a checksum of the bits that come out, so that machines can be compared.
 *
 * Linked with the kernels themselves; no libm, so that nothing but the kernels can differ.
 */

#include <stdio.h>

#include "kernels.h"

enum { CHANNELS = 3, FRAMES = 8192, TAPS = 32, STEPS = 20 };

void playlista_k_energies(const double *, double *, double *, const float *, int64_t, int64_t, const int64_t *, int64_t,
                          double *);
double playlista_true_peak(double, float *, const float *, int64_t, int64_t, const double *, int64_t, double, double);
void playlista_survey(const float *, int64_t, int64_t, int64_t, int64_t, float *, float *);
void playlista_levels(const float *, int64_t, int64_t, int64_t, int64_t, int64_t, double *, double *, double *);
int64_t playlista_sharp_bends(const float *, int64_t, int64_t, int64_t, float, float, double, int64_t, int64_t,
                              int64_t *, double *, int64_t *);
int64_t playlista_equal_runs(const float *, int64_t, int64_t, int64_t, int64_t, int64_t *, int64_t *, int64_t *);
int64_t playlista_used_bits(const float *, int64_t);
int64_t playlista_sounding(const float *, int64_t, int64_t, int64_t, float, int64_t *);
int64_t playlista_equal_pairs(const float *, int64_t, int64_t, float, int64_t *, int64_t *, int64_t *);
void playlista_planar(const float *, int64_t, int64_t, float *, int64_t, int64_t);
void playlista_spectra(const float *, int64_t, int64_t, int64_t, const float *, const float *, float *, float *);
void playlista_lattice_fits(const float *, int64_t, int64_t, const int64_t *, int64_t, const float *, const float *,
                            int64_t, double *);
void playlista_to_half(const float *, int64_t, uint16_t *);
void playlista_from_half(const uint16_t *, int64_t, float *);
void playlista_band_powers(const float *, int64_t, int64_t, int64_t, const int64_t *, const int64_t *, int64_t,
                           const float *, float *, float *);
void playlista_spectrum_shapes(const float *, int64_t, int64_t, int64_t, int64_t, const float *, int64_t, int64_t,
                               int64_t, const float *, float *, const int64_t *, int64_t, const int64_t *,
                               const int64_t *, int64_t, const float *, float *, double *, double *, float *);
int64_t playlista_spectrum_peaks(const float *, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, float, float,
                                 const int64_t *, const int64_t *, const int64_t *, int64_t, const float *, float *,
                                 int64_t *, double *, float *, int64_t *, float *);
void playlista_pack(const float *, int64_t, float, int64_t, uint8_t *);

static float frames[FRAMES * CHANNELS], planar[CHANNELS * FRAMES], floats[FRAMES];
static double doubles[STEPS * CHANNELS + 16], states[CHANNELS * 4], sums[CHANNELS];
static int64_t firsts[FRAMES], lasts[FRAMES];
static uint8_t bytes[FRAMES * CHANNELS * 3];

/* FNV-1a. */
static void show(const char *name, const void *data, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)data)[i]) * 0x100000001b3u;
    printf("%s %016llx\n", name, (unsigned long long)hash);
}

static void loudness(void)
{
    static const double sections[10] = {1.53, -0.10,  0.27, 1.69, -0.73,
                                        1.00, -0.009, 0.01, 1.99004745483398, -0.99007225036621};
    double weights[3 * TAPS];
    float tails[CHANNELS * TAPS] = {0};
    int64_t ends[STEPS];
    for (int i = 0; i < STEPS; i++)
        ends[i] = 400 * (i + 1);
    for (int i = 0; i < 3 * TAPS; i++)
        weights[i] = (i * 37 % 19 - 9) / 91.0;
    playlista_k_energies(sections, states, sums, frames, FRAMES, CHANNELS, ends, STEPS, doubles);
    show("k_energies", doubles, STEPS * CHANNELS * sizeof *doubles);
    show("k_states", states, sizeof states);
    const double peak = playlista_true_peak(0.0, tails, frames, FRAMES, CHANNELS, weights, 3, 2.5, 0.5);
    show("true_peak", &peak, sizeof peak);
}

static void health(void)
{
    playlista_planar(frames, FRAMES, CHANNELS, planar, FRAMES, 0);
    show("planar", planar, sizeof planar);
    float extremes[CHANNELS * 5];
    playlista_survey(planar, FRAMES, CHANNELS, FRAMES, FRAMES - 9, floats, extremes);
    show("peaks", floats, CHANNELS * FRAMES / 256 * sizeof *floats);
    show("extremes", extremes, sizeof extremes);
    int64_t counts[CHANNELS], found = playlista_equal_pairs(floats, CHANNELS, FRAMES / 256, 0.0f, firsts, lasts, counts);
    show("equal_pairs", firsts, (size_t)found * sizeof *firsts);
    playlista_levels(planar, FRAMES, CHANNELS, FRAMES, 0, 2, doubles, doubles + 3, doubles + 6);
    show("levels", doubles, 12 * sizeof *doubles);
    double ratios[CHANNELS * FRAMES / 256];
    found = playlista_sharp_bends(planar, FRAMES, CHANNELS, FRAMES, 0.02f, 1.001f, 1.0, 128, 1, firsts, ratios, counts);
    show("sharp_bends", ratios, (size_t)found * sizeof *ratios);
    show("sharp_places", firsts, (size_t)found * sizeof *firsts);
    found = playlista_equal_runs(planar, FRAMES, CHANNELS, FRAMES, 20, firsts, lasts, counts);
    show("equal_runs", firsts, (size_t)found * sizeof *firsts);
    found = playlista_used_bits(planar, CHANNELS * FRAMES);
    show("used_bits", &found, sizeof found);
    playlista_sounding(planar, FRAMES, CHANNELS, FRAMES, 0.9f, firsts);
    show("sounding", firsts, 2 * sizeof *firsts);
}

static void bands(void)
{
    const int64_t starts[3] = {0, 40, 120}, lengths[3] = {48, 80, 16};
    float work[128 + 8], sums[30 * 3];
    playlista_band_powers(frames, 30, 128, 128, starts, lengths, 3, planar, work, sums);
    show("band_powers", sums, sizeof sums);
    static const int64_t octaves[2 * 3] = {0, 19, 1, 19, 100, 7};
    float hz[126 + 8] = {0}, unit[126 + 8] = {0}, shape_work[3 * (126 + 8)];
    double measures[30 * 11], running[126 + 8];
    for (int i = 0; i < 126; i++)
        hz[i] = 10.77f * (float)i;
    playlista_spectrum_shapes(frames, 30, 128, 2, 126, planar, 200, 150, 2, hz, unit, octaves, 2, starts, lengths, 3,
                              planar, shape_work, running, measures, sums);
    show("spectrum_shapes", measures, sizeof measures);
    show("spectrum_energies", sums, sizeof sums);
    int64_t around[2 * 126], places[126], found[30 * 126 * 3];
    float envelope[2 * 30 * 3], powers_at[30 * 126 * 3];
    for (int i = 0; i < 126; i++)
        around[2 * i] = i > 8 ? i - 8 : 1, around[2 * i + 1] = i < 117 ? i + 9 : 126;
    const int64_t peaks =
        playlista_spectrum_peaks(frames, 30, 128, 126, 4, 100, 9, 1e-10f, 1e16f, around, starts, lengths, 3, planar,
                                 shape_work, places, running, envelope, found, powers_at);
    show("spectrum_peaks", found, (size_t)peaks * 3 * sizeof *found);
    show("spectrum_tops", powers_at, (size_t)peaks * 3 * sizeof *powers_at);
    show("spectrum_envelope", envelope, sizeof envelope);
}

static void fourier(void)
{
    float turns[1024], work[4 * 128 + 8];
    for (int i = 0; i < 1024; i++)
        turns[i] = (float)(i * 37 % 101 - 50) / 50.0f;
    for (int64_t half = 64; half <= 128; half *= 2) {
        playlista_spectra(frames, 100, 20, half, frames + 5000, turns, work, planar);
        show("spectra", planar, (size_t)(20 * (2 * half + 2)) * sizeof *planar);
    }
}

static void lattices(void)
{
    const int64_t edges[4] = {0, 5, 30, 64};
    float numbers[4 * 64], units[4 * 3], wider[32] = {0};
    for (int i = 0; i < 4 * 64; i++)
        numbers[i] = frames[i] * frames[i];
    for (int i = 0; i < 4 * 3; i++)
        units[i] = 150.0f / (float)(1 + i % 3);
    for (int i = 0; i < 25; i++)
        wider[i] = 1.0f / (float)(1 + i);
    playlista_lattice_fits(numbers, 4, 64, edges, 3, units, wider, 25, doubles);
    show("lattice_fits", doubles, 4 * 3 * sizeof *doubles);
}

static void halves(void)
{
    uint16_t half[FRAMES];
    playlista_to_half(frames, FRAMES, half);
    show("to_half", half, sizeof half);
    playlista_from_half(half, FRAMES, floats);
    show("from_half", floats, sizeof floats);
}

int main(void)
{
    uint32_t state = 1;
    for (int i = 0; i < FRAMES * CHANNELS; i++) {
        state = state * 1664525u + 1013904223u;
        const int is_held = i / 3000 % 3 == 2;
        frames[i] = is_held ? 0.25f : (float)((int32_t)state >> 8) / 8388608.0f;
    }
    loudness();
    health();
    bands();
    fourier();
    lattices();
    halves();
    for (int64_t each = 1; each <= 3; each++) {
        playlista_pack(frames, FRAMES * CHANNELS, (float)(1 << (8 * each - 1)), each, bytes);
        show("pack", bytes, (size_t)(FRAMES * CHANNELS * each));
    }
    return 0;
}
