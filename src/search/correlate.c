#include "search/correlate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* The map is surveyed in squares of SQUARE x SQUARE samples: the highest value and the energy of each.  The neighbourhood of a peak is the
 * ring of 16 squares two away from its own, 8 to 20 samples off: inside lie the peak and its ripples.  A ring that begins at 3 halves
 * the height of true peaks on filaments (11 -> 4.9 for the corner overlaps of CU428). */
enum { SQUARE = 8, RING = 2 };
enum { LEAST_RING_SAMPLES = 30 };

/* Peaks nearer to each other than this, in samples, are one. */
enum { SAME_PEAK = 5 };

static int32_t count_squares(int32_t n)
{
    return (n + SQUARE - 1) / SQUARE;
}

/* How many samples of each square are searched: the same for every pair. */
static void count_searched(const mdup_conditioner *c, mdup_correlate_scratch *s)
{
    for (int32_t y = 0; y < c->map_ny; y++)
        for (int32_t x = 0; x < c->map_nx; x++)
            if (c->inverse_root_shared[(ptrdiff_t)y * c->map_nx + x] > 0) {
                s->squares[(ptrdiff_t)(y / SQUARE) * s->squares_nx + x / SQUARE].searched++;
                s->searched++;
            }
}

bool mdup_correlate_scratch_init(const mdup_conditioner *c, mdup_correlate_scratch *scratch,
                                 mdup_error **err)
{
    mdup_correlate_scratch s = {.squares_nx = count_squares(c->map_nx),
                                .squares_ny = count_squares(c->map_ny)};
    size_t samples = (size_t)c->map_nx * (size_t)c->map_ny;
    size_t row = (size_t)c->map_nx;
    if (!(s.column_energy = mdup_alloc_aligned(row, sizeof *s.column_energy, err)) ||
        !(s.column_highest = mdup_alloc_aligned(row, sizeof *s.column_highest, err)) ||
        !(s.product = mdup_alloc_aligned(mdup_condition_size(c), sizeof *s.product, err)) ||
        !(s.map = mdup_alloc_aligned(samples, sizeof *s.map, err)) ||
        !(s.squares =
              mdup_calloc((size_t)s.squares_nx * (size_t)s.squares_ny, sizeof *s.squares, err))) {
        mdup_correlate_scratch_clear(&s);
        return false;
    }
    count_searched(c, &s);
    *scratch = s;
    return true;
}

void mdup_correlate_scratch_clear(mdup_correlate_scratch *s)
{
    free(s->product);
    free(s->map);
    free(s->squares);
    free(s->column_energy);
    free(s->column_highest);
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

/* One row of the map: normalised, and added to the energy and the highest value of each column.  Column by column there is nothing that
 * one sample waits for in another, so that compilers make vector code of it. */
static void survey_row(float *row, const float *scale, int32_t n, float *energy, float *highest)
{
    for (int32_t x = 0; x < n; x++) {
        float value = row[x] * scale[x];
        row[x] = value;
        energy[x] += value * value;
        highest[x] = value > highest[x] ? value : highest[x];
    }
}

/* The columns of a row of squares, gathered into its squares. */
static void gather_columns(const mdup_conditioner *c, const mdup_correlate_scratch *s,
                           mdup_square *squares)
{
    for (int32_t i = 0; i < s->squares_nx; i++) {
        squares[i].energy = squares[i].highest = 0;
        for (int32_t x = i * SQUARE; x < (i + 1) * SQUARE && x < c->map_nx; x++) {
            squares[i].energy += s->column_energy[x];
            squares[i].highest = fmaxf(squares[i].highest, s->column_highest[x]);
        }
    }
}

/* Normalises the map by what is shared and surveys it; returns the reciprocal of its rms over the searched shifts. */
static float survey(const mdup_conditioner *c, mdup_correlate_scratch *s)
{
    size_t row_bytes = (size_t)c->map_nx * sizeof(float);
    double sum_of_squares = 0;
    for (int32_t square_y = 0; square_y < s->squares_ny; square_y++) {
        memset(s->column_energy, 0, row_bytes);
        memset(s->column_highest, 0, row_bytes);
        for (int32_t y = square_y * SQUARE; y < (square_y + 1) * SQUARE && y < c->map_ny; y++) {
            ptrdiff_t row = (ptrdiff_t)y * c->map_nx;
            survey_row(s->map + row, c->inverse_root_shared + row, c->map_nx, s->column_energy,
                       s->column_highest);
        }
        mdup_square *squares = s->squares + (ptrdiff_t)square_y * s->squares_nx;
        gather_columns(c, s, squares);
        for (int32_t i = 0; i < s->squares_nx; i++)
            sum_of_squares += (double)squares[i].energy;
    }
    return sum_of_squares > 0 ? (float)sqrt((double)s->searched / sum_of_squares) : 0.0f;
}

static int32_t wrap(int32_t i, int32_t n)
{
    return i < 0 ? i + n : i >= n ? i - n : i;
}

/* rms of the squares around square (x, y); 0 when too little of them was searched.  Maps are at least 5 squares a side. */
static float ring_rms(const mdup_correlate_scratch *s, int32_t x, int32_t y)
{
    float energy = 0;
    int32_t searched = 0;
    for (int32_t dy = -RING; dy <= RING; dy++) {
        const mdup_square *row =
            s->squares + (ptrdiff_t)wrap(y + dy, s->squares_ny) * s->squares_nx;
        int32_t step = abs(dy) == RING ? 1 : 2 * RING;
        for (int32_t dx = -RING; dx <= RING; dx += step) {
            const mdup_square *square = row + wrap(x + dx, s->squares_nx);
            energy += square->energy;
            searched += square->searched;
        }
    }
    return searched >= LEAST_RING_SAMPLES ? sqrtf(energy / (float)searched) : 0.0f;
}

/* Where in its square the highest value stands, in samples of the map. */
static void locate(const mdup_conditioner *c, const mdup_correlate_scratch *s, int32_t square_x,
                   int32_t square_y, int32_t *at_x, int32_t *at_y)
{
    float highest = s->squares[(ptrdiff_t)square_y * s->squares_nx + square_x].highest;
    *at_x = square_x * SQUARE;
    *at_y = square_y * SQUARE;
    for (int32_t y = square_y * SQUARE; y < (square_y + 1) * SQUARE && y < c->map_ny; y++)
        for (int32_t x = square_x * SQUARE; x < (square_x + 1) * SQUARE && x < c->map_nx; x++)
            if (s->map[(ptrdiff_t)y * c->map_nx + x] == highest) {
                *at_x = x;
                *at_y = y;
                return;
            }
}

/* A peak while the best are sought. */
typedef struct {
    float z, local_z;
    int32_t x, y; /* samples of the map */
} find;

static bool same_peak(const mdup_conditioner *c, const find *a, const find *b)
{
    int32_t dx = abs(a->x - b->x), dy = abs(a->y - b->y);
    dx = dx < c->map_nx - dx ? dx : c->map_nx - dx;
    dy = dy < c->map_ny - dy ? dy : c->map_ny - dy;
    return dx <= SAME_PEAK && dy <= SAME_PEAK;
}

/* Puts a find into the list of the best, highest local_z first, unless it is the flank of one that stands there. */
static void insert(const mdup_conditioner *c, find best[MDUP_PEAKS], const find *candidate)
{
    int at = MDUP_PEAKS;
    for (int p = MDUP_PEAKS - 1; p >= 0; p--)
        if (candidate->local_z > best[p].local_z)
            at = p;
    for (int p = 0; p < at; p++)
        if (best[p].local_z > 0 && same_peak(c, &best[p], candidate))
            return;
    if (at == MDUP_PEAKS)
        return;
    /* Its own flanks among the lower ones make room; else the last one does. */
    int end = MDUP_PEAKS - 1;
    for (int p = MDUP_PEAKS - 1; p >= at; p--)
        if (best[p].local_z > 0 && same_peak(c, &best[p], candidate))
            end = p;
    for (int p = end; p > at; p--)
        best[p] = best[p - 1];
    best[at] = *candidate;
}

static mdup_peak describe(const mdup_conditioner *c, const find *f)
{
    return (mdup_peak){
        .z = f->z,
        .local_z = f->local_z,
        .shift_x = (float)(f->x <= c->map_nx / 2 ? f->x : f->x - c->map_nx) * (float)c->padded_nx /
                   (float)c->map_nx,
        .shift_y = (float)(f->y <= c->map_ny / 2 ? f->y : f->y - c->map_ny) * (float)c->padded_ny /
                   (float)c->map_ny,
    };
}

void mdup_correlate(const mdup_conditioner *c, const float complex *a, const float complex *b,
                    mdup_correlate_scratch *s, mdup_peak peaks[MDUP_PEAKS])
{
    multiply(a, b, s->product, mdup_condition_size(c));
    mdup_fft_inverse(c->map_fft, s->product, s->map);
    float inverse_rms = survey(c, s);
    find best[MDUP_PEAKS] = {0};
    for (int32_t y = 0; y < s->squares_ny; y++) {
        for (int32_t x = 0; x < s->squares_nx; x++) {
            find f = {.z = s->squares[(ptrdiff_t)y * s->squares_nx + x].highest * inverse_rms};
            if (f.z <= best[MDUP_PEAKS - 1].local_z)
                continue;
            f.local_z = f.z / fmaxf(1.0f, ring_rms(s, x, y) * inverse_rms);
            if (f.local_z <= best[MDUP_PEAKS - 1].local_z)
                continue;
            locate(c, s, x, y, &f.x, &f.y);
            insert(c, best, &f);
        }
    }
    for (int p = 0; p < MDUP_PEAKS; p++)
        peaks[p] = describe(c, &best[p]);
}
