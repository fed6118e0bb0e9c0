/* Fourier transforms of frames.
 *
 * A frame of 2 n samples is taken as n complex numbers (x[2 i], x[2 i + 1]), and these as eight series, each of every
 * eighth number, which are transformed side by side. Turned by their places, and rows into columns, they are put
 * together by a last transform of eight. Passes are Stockham's (Cochran et al., "What is the fast Fourier transform?",
 * IEEE Transactions on Audio and Electroacoustics 15, 1967).
 */

#include "kernels.h"

enum { LANES = 8 };

/* Eight complex numbers; arrays of n have all real parts in front of the imaginary ones. */
typedef struct {
    octet re, im;
} numbers;

#define BOTH(a, sign, b) ((numbers){a.re sign b.re, a.im sign b.im})

INLINE numbers load(const float *from, int64_t n)
{
    numbers loaded;
    memcpy(&loaded.re, from, sizeof loaded.re);
    memcpy(&loaded.im, from + n, sizeof loaded.im);
    return loaded;
}

INLINE void store(float *to, int64_t n, numbers stored)
{
    memcpy(to, &stored.re, sizeof stored.re);
    memcpy(to + n, &stored.im, sizeof stored.im);
}

INLINE void store_turned(float *to, int64_t n, numbers a, octet cosine, octet sine)
{
    store(to, n, (numbers){a.re * cosine - a.im * sine, a.re * sine + a.im * cosine});
}

/* All passes from `side` series on: by four, the last by two where they do not come out even. Each reads the first of
 * two buffers, writes the other and swaps them. `turns` has for the root of each group in a pass the cosine and sine of
 * its first, second and third power; returns what is behind those. */
INLINE const float *transform(float **buffers, int64_t n, int64_t side, const float *turns)
{
    for (; side < n; side *= 4) {
        float *from = buffers[0], *to = buffers[1];
        buffers[0] = to;
        buffers[1] = from;
        for (const float *end = from + n / 4; side * 4 <= n && from < end; turns += 6, to += 3 * side)
            for (int64_t i = 0; i < side; i += LANES, from += LANES, to += LANES) {
                const numbers a = load(from, n), b = load(from + n / 4, n);
                const numbers c = load(from + n / 2, n), d = load(from + n / 4 * 3, n);
                const numbers even = BOTH(a, +, c), odd = BOTH(b, +, d), less = BOTH(a, -, c);
                const numbers quarter = {d.im - b.im, b.re - d.re}; /* i (b - d) */
                store(to, n, BOTH(even, +, odd));
                store_turned(to + side, n, BOTH(less, -, quarter), turns[0] - (octet){0}, turns[1] - (octet){0});
                store_turned(to + side * 2, n, BOTH(even, -, odd), turns[2] - (octet){0}, turns[3] - (octet){0});
                store_turned(to + side * 3, n, BOTH(less, +, quarter), turns[4] - (octet){0}, turns[5] - (octet){0});
            }
        for (int64_t i = 0; side * 2 == n && i < side; i += LANES) {
            const numbers a = load(from + i, n), b = load(from + side + i, n);
            store(to + i, n, BOTH(a, +, b));
            store(to + side + i, n, BOTH(a, -, b));
        }
    }
    return turns;
}

/* Spectra of frames under a window.
 *
 * samples : of the first frame; each other one begins `hop` samples behind the one before.
 * n : half the length of a frame, a power of two from 64 on.
 * window : [2 n], halved.
 * turns : cosines and sines in the order in which they are needed, see fourier.py.
 * work : [4 n + 8], work space.
 * spectra : [frames, n + 1], real and imaginary parts in turn, the result.
 */
EXPORTED FOR_EACH_CPU
void playlista_spectra(const float *samples, int64_t hop, int64_t frames, int64_t n, const float *window,
                       const float *turns, float *work, float *spectra)
{
    work += -((uintptr_t)work / sizeof *work) % LANES; /* octets that lie in one line of the cache are read faster */
    for (; frames > 0; frames--, samples += hop, spectra += 2 * n + 2) {
        float *buffers[2] = {work, work + 2 * n};
        for (int64_t i = 0; i < n; i++) {
            work[i] = samples[2 * i] * window[2 * i];
            work[n + i] = samples[2 * i + 1] * window[2 * i + 1];
        }
        const float *turn = transform(buffers, n, LANES, turns);
        float *const rows = buffers[0], *const columns = buffers[1];
        for (int64_t i = 0; i < n; i += LANES, turn += 2 * LANES) {
            const numbers root = load(turn, LANES);
            store_turned(rows + i, n, load(rows + i, n), root.re, root.im);
        }
        for (int64_t lane = 0; lane < LANES; lane++)
            for (int64_t i = 0; i < n / LANES; i++) {
                columns[n / LANES * lane + i] = rows[LANES * i + lane];
                columns[n / LANES * lane + i + n] = rows[LANES * i + lane + n];
            }
        turn = transform((float *[2]){columns, rows}, n, n / LANES, turn);
        const float *re = columns, *im = columns + n; /* that was two passes */
        spectra[0] = 2 * (re[0] + im[0]);
        spectra[2 * n] = 2 * (re[0] - im[0]);
        spectra[1] = spectra[2 * n + 1] = 0;
        for (int64_t i = 1; i < n; i++) {
            const float even_re = re[i] + re[n - i], even_im = im[i] - im[n - i];
            const float odd_re = im[i] + im[n - i], odd_im = re[n - i] - re[i];
            spectra[2 * i] = even_re + (odd_re * turn[i] - odd_im * turn[n + i]);
            spectra[2 * i + 1] = even_im + (odd_re * turn[n + i] + odd_im * turn[i]);
        }
    }
}
