#include "search/correlate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Samples of the map around a peak that are blocked before the next is looked for. */
enum { BLOCKED = 5 };

/* The neighbourhood of a peak is the square ring between these distances, in map samples: inside lie the peak and its ripples; a
 * ring that begins at 3 halves the height of true peaks on filaments (11 -> 4.9 for the corner overlaps of CU428). */
enum { RING_FROM = 7, RING_TO = 20 };
enum { LEAST_RING_SAMPLES = 30 };

bool mdup_correlate_scratch_init(const mdup_conditioner *c, mdup_correlate_scratch *scratch,
                                 mdup_error **err)
{
    mdup_correlate_scratch s = {0};
    size_t samples = (size_t)c->map_nx * (size_t)c->map_ny;
    if (!(s.product = mdup_alloc_aligned(mdup_condition_size(c), sizeof *s.product, err)) ||
        !(s.map = mdup_alloc_aligned(samples, sizeof *s.map, err)) ||
        !(s.row_highest = mdup_alloc_aligned((size_t)c->map_ny, sizeof *s.row_highest, err)) ||
        !(s.row_at = mdup_alloc_aligned((size_t)c->map_ny, sizeof *s.row_at, err))) {
        mdup_correlate_scratch_clear(&s);
        return false;
    }
    *scratch = s;
    return true;
}

void mdup_correlate_scratch_clear(mdup_correlate_scratch *s)
{
    free(s->product);
    free(s->map);
    free(s->row_highest);
    free(s->row_at);
    *s = (mdup_correlate_scratch){0};
}

/* a times the conjugate of b, written out on floats so that it is vectorised and free of the checks of C's complex product. */
static void multiply(const float complex *a, const float complex *b, float complex *product,
                     size_t n)
{
    const float *x = (const float *)a, *y = (const float *)b;
    float *out = (float *)product;
    for (size_t i = 0; i < 2 * n; i += 2) {
        out[i] = x[i] * y[i] + x[i + 1] * y[i + 1];
        out[i + 1] = x[i + 1] * y[i] - x[i] * y[i + 1];
    }
}

static void find_row_highest(const mdup_conditioner *c, mdup_correlate_scratch *s, int32_t y)
{
    const float *row = s->map + (ptrdiff_t)y * c->map_nx;
    float highest = row[0];
    for (int32_t x = 1; x < c->map_nx; x++)
        highest = row[x] > highest ? row[x] : highest;
    int32_t at = 0;
    while (row[at] != highest)
        at++;
    s->row_highest[y] = highest;
    s->row_at[y] = at;
}

/* Normalises the map by what is shared; returns the reciprocal of its rms over the searched shifts. */
static float normalise(const mdup_conditioner *c, mdup_correlate_scratch *s)
{
    double sum_of_squares = 0;
    int64_t searched = 0;
    for (int32_t y = 0; y < c->map_ny; y++) {
        float *row = s->map + (ptrdiff_t)y * c->map_nx;
        const float *scale = c->inverse_root_shared + (ptrdiff_t)y * c->map_nx;
        float row_sum = 0;
        int32_t row_searched = 0;
        for (int32_t x = 0; x < c->map_nx; x++) {
            row[x] *= scale[x];
            row_sum += row[x] * row[x];
            row_searched += scale[x] > 0;
        }
        sum_of_squares += (double)row_sum;
        searched += row_searched;
        find_row_highest(c, s, y);
    }
    return sum_of_squares > 0 ? (float)sqrt((double)searched / sum_of_squares) : 0.0f;
}

static int32_t wrap(int32_t i, int32_t n)
{
    return i < 0 ? i + n : i >= n ? i - n : i;
}

/* rms of the ring around (x, y), 0 when too little of it was searched. */
static float ring_rms(const mdup_conditioner *c, const float *map, int32_t x, int32_t y)
{
    float sum = 0;
    int32_t count = 0;
    for (int32_t dy = -RING_TO; dy <= RING_TO; dy++) {
        ptrdiff_t row = (ptrdiff_t)wrap(y + dy, c->map_ny) * c->map_nx;
        for (int32_t dx = -RING_TO; dx <= RING_TO; dx++) {
            if (abs(dx) < RING_FROM && abs(dy) < RING_FROM)
                continue;
            ptrdiff_t i = row + wrap(x + dx, c->map_nx);
            sum += map[i] * map[i];
            count += c->inverse_root_shared[i] > 0;
        }
    }
    return count >= LEAST_RING_SAMPLES ? sqrtf(sum / (float)count) : 0.0f;
}

static void block(const mdup_conditioner *c, mdup_correlate_scratch *s, int32_t x, int32_t y)
{
    for (int32_t dy = -BLOCKED; dy <= BLOCKED; dy++) {
        int32_t row = wrap(y + dy, c->map_ny);
        for (int32_t dx = -BLOCKED; dx <= BLOCKED; dx++)
            s->map[(ptrdiff_t)row * c->map_nx + wrap(x + dx, c->map_nx)] = 0;
        find_row_highest(c, s, row);
    }
}

static mdup_peak describe(const mdup_conditioner *c, const mdup_correlate_scratch *s, int32_t x,
                          int32_t y, float inverse_rms)
{
    mdup_peak peak = {.z = s->map[(ptrdiff_t)y * c->map_nx + x] * inverse_rms};
    float ring = ring_rms(c, s->map, x, y) * inverse_rms;
    peak.local_z = peak.z / fmaxf(1.0f, ring);
    peak.shift_x =
        (float)(x <= c->map_nx / 2 ? x : x - c->map_nx) * (float)c->padded_nx / (float)c->map_nx;
    peak.shift_y =
        (float)(y <= c->map_ny / 2 ? y : y - c->map_ny) * (float)c->padded_ny / (float)c->map_ny;
    return peak;
}

void mdup_correlate(const mdup_conditioner *c, const float complex *a, const float complex *b,
                    mdup_correlate_scratch *s, mdup_peak peaks[MDUP_PEAKS])
{
    multiply(a, b, s->product, mdup_condition_size(c));
    mdup_fft_inverse(c->map_fft, s->product, s->map);
    float inverse_rms = normalise(c, s);
    int32_t at_x[MDUP_PEAKS], at_y[MDUP_PEAKS];
    for (int p = 0; p < MDUP_PEAKS; p++) {
        int32_t best = 0;
        for (int32_t y = 1; y < c->map_ny; y++)
            if (s->row_highest[y] > s->row_highest[best])
                best = y;
        at_x[p] = s->row_at[best];
        at_y[p] = best;
        peaks[p] = describe(c, s, at_x[p], at_y[p], inverse_rms);
        block(c, s, at_x[p], at_y[p]);
    }
}
