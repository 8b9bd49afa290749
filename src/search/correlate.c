#include "search/correlate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The neighbourhood of a peak is the ring of 16 squares two away from its own, 8 to 20 samples off: inside lie the peak and its ripples.  A
 * ring that begins at 3 halves the height of true peaks on filaments (11 -> 4.9 for the corner overlaps of CU428). */
enum { SQUARE = 8, RING = 2 };
enum { LEAST_RING_SAMPLES = 30 };

/* Peaks nearer to each other than this, in samples, are one. */
enum { SAME_PEAK = 5 };

/* The reciprocal of the map's rms over the searched shifts. */
static float inverse_rms_of(const mdup_map *map, const mdup_square *squares)
{
    double sum_of_squares = 0;
    for (int32_t x = 0; x < map->squares_nx; x++) {
        const mdup_square *column = squares + (ptrdiff_t)x * map->squares_step;
        float sum = 0;
        for (int32_t y = 0; y < map->squares_ny; y++)
            sum += column[y].energy;
        sum_of_squares += (double)sum;
    }
    return sum_of_squares > 0 ? (float)sqrt((double)map->n_searched / sum_of_squares) : 0.0f;
}

static int32_t wrap(int32_t i, int32_t n)
{
    return i < 0 ? i + n : i >= n ? i - n : i;
}

/* rms of the squares around square (x, y); 0 when too little of them was searched.  Maps are at least 5 squares a side. */
static float ring_rms(const mdup_map *map, const mdup_square *squares, int32_t x, int32_t y)
{
    float energy = 0;
    int32_t searched = 0;
    for (int32_t dx = -RING; dx <= RING; dx++) {
        ptrdiff_t column = (ptrdiff_t)wrap(x + dx, map->squares_nx) * map->squares_step;
        int32_t step = abs(dx) == RING ? 1 : 2 * RING;
        for (int32_t dy = -RING; dy <= RING; dy += step) {
            ptrdiff_t square = column + wrap(y + dy, map->squares_ny);
            energy += squares[square].energy;
            searched += map->searched[square];
        }
    }
    return searched >= LEAST_RING_SAMPLES ? sqrtf(energy / (float)searched) : 0.0f;
}

/* z over the rms of the ring, where that is higher than the map's. */
static float local_z_of(const mdup_map *map, const mdup_square *squares, int32_t x, int32_t y,
                        float z, float inverse_rms)
{
    return z / fmaxf(1.0f, ring_rms(map, squares, x, y) * inverse_rms);
}

float mdup_glance(const mdup_map *map, const uint32_t *a, const uint32_t *b,
                  const mdup_map_buffers *buffers)
{
    map->kernel->correlate(&map->tables, a, b, buffers);
    const mdup_square *squares = buffers->squares;
    float inverse_rms = inverse_rms_of(map, squares), best = 0;
    for (int32_t x = 0; x < map->squares_nx; x++) {
        for (int32_t y = 0; y < map->squares_ny; y++) {
            float z = squares[(ptrdiff_t)x * map->squares_step + y].highest * inverse_rms;
            if (z > best)
                best = fmaxf(best, local_z_of(map, squares, x, y, z, inverse_rms));
        }
    }
    return best;
}

/* Where in a square its highest value is. */
static void locate(const mdup_map *map, const mdup_map_buffers *buffers, int32_t square_x,
                   int32_t square_y, int32_t *at_x, int32_t *at_y)
{
    ptrdiff_t first = (ptrdiff_t)square_x * map->tables.n_rows + square_y * SQUARE;
    const float *rows = buffers->highest + first;
    int32_t row = 0;
    for (int32_t i = 1; i < SQUARE; i++)
        if (rows[i] > rows[row])
            row = i;
    uint32_t word;
    memcpy(&word, &rows[row], sizeof word);
    *at_x = square_x * SQUARE + (int32_t)(word % SQUARE);
    *at_y = square_y * SQUARE + row;
}

/* A peak while the best are sought. */
typedef struct {
    float z, local_z;
    int32_t x, y; /* samples of the map */
} find;

static bool same_peak(const mdup_map *map, const find *a, const find *b)
{
    int32_t dx = abs(a->x - b->x), dy = abs(a->y - b->y);
    dx = dx < map->nx - dx ? dx : map->nx - dx;
    dy = dy < map->ny - dy ? dy : map->ny - dy;
    return dx <= SAME_PEAK && dy <= SAME_PEAK;
}

/* Puts a find into the list of the best, highest local_z first, unless it is the flank of one that stands there. */
static void insert(const mdup_map *map, find best[MDUP_PEAKS], const find *candidate)
{
    int at = MDUP_PEAKS;
    for (int p = MDUP_PEAKS - 1; p >= 0; p--)
        if (candidate->local_z > best[p].local_z)
            at = p;
    for (int p = 0; p < at; p++)
        if (best[p].local_z > 0 && same_peak(map, &best[p], candidate))
            return;
    if (at == MDUP_PEAKS)
        return;
    /* Its own flanks among the lower ones make room; else the last one does. */
    int end = MDUP_PEAKS - 1;
    for (int p = MDUP_PEAKS - 1; p >= at; p--)
        if (best[p].local_z > 0 && same_peak(map, &best[p], candidate))
            end = p;
    for (int p = end; p > at; p--)
        best[p] = best[p - 1];
    best[at] = *candidate;
}

static mdup_peak describe(const mdup_map *map, const find *f)
{
    return (mdup_peak){
        .z = f->z,
        .local_z = f->local_z,
        .shift_x = (float)mdup_condition_shift_at(f->x, map->padded_nx, map->nx),
        .shift_y = (float)mdup_condition_shift_at(f->y, map->padded_ny, map->ny),
    };
}

void mdup_correlate(const mdup_map *map, const uint32_t *a, const uint32_t *b,
                    const mdup_map_buffers *buffers, mdup_peak peaks[MDUP_PEAKS])
{
    map->kernel->correlate(&map->tables, a, b, buffers);
    const mdup_square *squares = buffers->squares;
    float inverse_rms = inverse_rms_of(map, squares);
    find best[MDUP_PEAKS] = {0};
    for (int32_t y = 0; y < map->squares_ny; y++) {
        for (int32_t x = 0; x < map->squares_nx; x++) {
            find f = {.z = squares[(ptrdiff_t)x * map->squares_step + y].highest * inverse_rms};
            if (f.z <= best[MDUP_PEAKS - 1].local_z)
                continue;
            f.local_z = local_z_of(map, squares, x, y, f.z, inverse_rms);
            if (f.local_z <= best[MDUP_PEAKS - 1].local_z)
                continue;
            locate(map, buffers, x, y, &f.x, &f.y);
            insert(map, best, &f);
        }
    }
    for (int p = 0; p < MDUP_PEAKS; p++)
        peaks[p] = describe(map, &best[p]);
}
