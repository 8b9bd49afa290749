#include "search/map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* ---- processors ---- */

static const mdup_map_kernel *const KERNELS[] = {
#ifdef MDUP_X86_KERNELS
    &mdup_map_avx512,
    &mdup_map_avx2,
#endif
    &mdup_map_plain,
};

const mdup_map_kernel *mdup_map_kernel_at(int i)
{
    for (size_t k = 0; k < sizeof KERNELS / sizeof *KERNELS; k++)
        if (KERNELS[k]->is_usable() && i-- == 0)
            return KERNELS[k];
    return NULL;
}

/* ---- factors and twiddles ---- */

static const int32_t RADICES[] = {3, 4, 5, 6, 8, 9, 10};
enum { N_RADICES = sizeof RADICES / sizeof *RADICES };

/* A product of the fewest factors, and of these the one of the smallest sum, rising.  False when there is none. */
static bool factorise(int32_t n, int first_radix, mdup_passes *best)
{
    mdup_passes found = {.n_factors = MDUP_MOST_FACTORS};
    int32_t least_sum = INT32_MAX;
    for (int r = first_radix; r < N_RADICES; r++) {
        mdup_passes rest = {0};
        if (n % RADICES[r] != 0 || (n > RADICES[r] && !factorise(n / RADICES[r], r, &rest)) ||
            rest.n_factors + 1 >= MDUP_MOST_FACTORS)
            continue;
        int32_t sum = RADICES[r];
        for (int32_t i = 0; i < rest.n_factors; i++)
            sum += rest.factor[i];
        if (rest.n_factors + 1 > found.n_factors ||
            (rest.n_factors + 1 == found.n_factors && sum >= least_sum))
            continue;
        least_sum = sum;
        found.n_factors = rest.n_factors + 1;
        found.factor[0] = RADICES[r];
        for (int32_t i = 0; i < rest.n_factors; i++)
            found.factor[i + 1] = rest.factor[i];
    }
    if (least_sum < INT32_MAX)
        *best = found;
    return least_sum < INT32_MAX;
}

static bool make_twiddles(mdup_passes *p, mdup_error **err)
{
    int32_t length = p->n;
    for (int32_t i = 0; i < p->n_factors; i++) {
        int32_t r = p->factor[i], m = length / r;
        float *at = p->twiddle[i] =
            mdup_calloc((size_t)m * (size_t)(r - 1), 2 * sizeof **p->twiddle, err);
        if (!at)
            return false;
        for (int32_t j = 0; j < m; j++)
            for (int32_t k = 1; k < r; k++) {
                double angle = 2 * acos(-1.0) * j * k / length;
                *at++ = (float)cos(angle);
                *at++ = (float)sin(angle);
            }
        length = m;
    }
    return true;
}

static int32_t position_of(const mdup_passes *p, int32_t sample)
{
    int32_t position = 0, length = p->n;
    for (int32_t i = 0; i < p->n_factors; i++) {
        length /= p->factor[i];
        position += sample % p->factor[i] * length;
        sample /= p->factor[i];
    }
    return position;
}

static bool make_passes(int32_t n, mdup_passes *p, mdup_error **err)
{
    if (!factorise(n, 0, p))
        return mdup_fail(err, MDUP_ERROR_INVALID, "no transform of %d samples", (int)n);
    p->n = n;
    if (!(p->position = mdup_calloc((size_t)n, sizeof *p->position, err)) ||
        !(p->sample = mdup_calloc((size_t)n, sizeof *p->sample, err)))
        return false;
    for (int32_t i = 0; i < n; i++) {
        p->position[i] = position_of(p, i);
        p->sample[p->position[i]] = i;
    }
    return make_twiddles(p, err);
}

static void clear_passes(mdup_passes *p)
{
    for (int32_t i = 0; i < p->n_factors; i++)
        free(p->twiddle[i]);
    free(p->position);
    free(p->sample);
}

/* ---- tables ---- */

/* What goes into a vector of a spectrum: samples kx, kx + step, ... of row ky of the kept one. */
typedef struct {
    int32_t kx, ky, step;
} samples;

/* Appends a vector.  Returns whether there is anything in it. */
static bool set_vector(mdup_map_tables *t, const mdup_conditioner *c,
                       const mdup_spectra_layout *kept, float band, const samples *from,
                       int32_t n_used)
{
    float fy = (float)from->ky / (float)c->padded_ny;
    float *weight = t->weight + (ptrdiff_t)t->n_vectors * t->lanes;
    bool any = false;
    for (int32_t l = 0; l < t->lanes; l++) {
        int32_t kx = from->kx + l * from->step;
        float frequency = hypotf((float)kx / (float)c->padded_nx, fy);
        bool used = l < n_used && frequency <= band;
        weight[l] = used ? mdup_condition_weight(c, frequency) / MDUP_SPECTRA_UNIT : 0.0f;
        any = any || used;
    }
    int32_t row = from->ky >= 0 ? from->ky : from->ky + kept->n_rows;
    int32_t begin = any ? (int32_t)kept->begin[row] + from->kx : -1;
    t->place[t->n_vectors] = (mdup_kept_place){begin, any ? begin + kept->length[row] : -1};
    return any;
}

static int32_t signed_frequency(int32_t y, int32_t ny)
{
    return y < ny / 2 ? y : y - ny;
}

/* How many lanes of a group stand for columns of the half spectrum.  Column nx / 2, which two frequencies share, is left out. */
static int32_t count_used(const mdup_map_tables *t, int32_t group)
{
    int32_t left = t->nx / 2 - group * t->lanes;
    return left < t->lanes ? left : t->lanes;
}

/* The vectors of a group at row ky: those of the frequencies themselves, those that rows ny away add, and those that columns nx away add, which
 * are the mirrored ones of columns nx - kx. */
typedef enum { DIRECT, ROW_AWAY, COLUMN_AWAY } origin;

static samples samples_of(const mdup_map_tables *t, int32_t group, int32_t y, origin from)
{
    int32_t kx = group * t->lanes, ky = signed_frequency(y, t->ny);
    if (from == COLUMN_AWAY)
        return (samples){t->nx - kx, -ky, -1};
    if (from == ROW_AWAY)
        return (samples){kx, ky < 0 ? ky + t->ny : ky - t->ny, 1};
    return (samples){kx, ky, 1};
}

/* Folds of one kind: of each group the runs of rows that anything is added to. */
static void add_folds(mdup_map_tables *t, const mdup_conditioner *c,
                      const mdup_spectra_layout *kept, float band, origin from)
{
    for (int32_t group = 0; group < t->n_groups; group++) {
        mdup_fold *open = NULL;
        for (int32_t y = 0; y < t->ny; y++) {
            samples s = samples_of(t, group, y, from);
            bool any = abs(s.ky) < kept->n_rows / 2 &&
                       set_vector(t, c, kept, band, &s, count_used(t, group));
            if (any && !open) {
                open = &t->folds[t->n_folds++];
                *open = (mdup_fold){group, y, 0, t->n_vectors};
            }
            if (any) {
                open->n_vectors++;
                t->n_vectors++;
            } else {
                open = NULL;
            }
        }
    }
}

static bool make_vectors(mdup_map_tables *t, const mdup_conditioner *c,
                         const mdup_spectra_layout *kept, float band, mdup_error **err)
{
    size_t most = 3 * (size_t)t->n_groups * (size_t)t->ny;
    if (!(t->place = mdup_calloc(most + 1, sizeof *t->place, err)) ||
        !(t->weight = mdup_alloc_aligned((most + 1) * (size_t)t->lanes, sizeof *t->weight, err)) ||
        !(t->folds = mdup_calloc(most, sizeof *t->folds, err)))
        return false;
    for (int32_t group = 0; group < t->n_groups; group++) {
        for (int32_t y = 0; y < t->ny; y++, t->n_vectors++) {
            samples s = samples_of(t, group, y, DIRECT);
            set_vector(t, c, kept, band, &s, count_used(t, group));
        }
    }
    add_folds(t, c, kept, band, ROW_AWAY);
    t->first_mirrored = t->n_vectors;
    add_folds(t, c, kept, band, COLUMN_AWAY);
    return true;
}

/* From one value a sample of the map to the order of the transform, and how many of each square are searched. */
static void arrange_scale(mdup_map *map, const float *shared)
{
    const mdup_map_tables *t = &map->tables;
    float highest = 0;
    for (ptrdiff_t i = 0; i < (ptrdiff_t)t->nx * t->ny; i++)
        highest = fmaxf(highest, shared[i]);
    for (int32_t y = 0; y < t->ny; y++) {
        int32_t batch = y / (2 * t->lanes), lane = y % t->lanes, shift = y / t->lanes % 2 ? 0 : 16;
        for (int32_t x = 0; x < t->nx; x++) {
            float value = shared[(ptrdiff_t)y * t->nx + x];
            t->scale[((ptrdiff_t)batch * t->nx + x) * t->lanes + lane] |=
                (uint32_t)lrintf(65535 * value / highest) << shift;
            map->searched[(ptrdiff_t)(x / 8) * map->squares_step + y / 8] += value > 0;
            map->n_searched += value > 0;
        }
    }
}

static bool make_scale(mdup_map *map, const mdup_conditioner *c, mdup_error **err)
{
    mdup_map_tables *t = &map->tables;
    size_t nx = (size_t)map->nx, ny = (size_t)map->ny, n_scale = nx * (size_t)t->n_rows / 2;
    float *shared = mdup_alloc_aligned(nx * ny, sizeof *shared, err);
    bool ok = shared && mdup_condition_shared(c, map->nx, map->ny, shared, err) &&
              (t->scale = mdup_alloc_aligned(n_scale, sizeof *t->scale, err)) &&
              (map->searched = mdup_calloc((size_t)map->squares_nx * (size_t)map->squares_step,
                                           sizeof *map->searched, err));
    if (ok) {
        memset(t->scale, 0, n_scale * sizeof *t->scale);
        arrange_scale(map, shared);
    }
    free(shared);
    return ok;
}

static int32_t round_up(int32_t n, int32_t step)
{
    return (n + step - 1) / step * step;
}

static bool fill(mdup_map *map, const mdup_conditioner *c, const mdup_spectra_layout *kept,
                 float band, float grid, mdup_error **err)
{
    mdup_map_tables *t = &map->tables;
    mdup_condition_map_size(c, grid, &map->nx, &map->ny);
    map->padded_nx = c->padded_nx;
    map->padded_ny = c->padded_ny;
    t->lanes = map->kernel->lanes;
    t->nx = map->nx;
    t->ny = map->ny;
    t->n_groups = round_up(map->nx / 2, t->lanes) / t->lanes;
    t->n_rows = round_up(map->ny, 2 * t->lanes);
    map->squares_nx = round_up(map->nx, 8) / 8;
    map->squares_ny = round_up(map->ny, 8) / 8;
    map->squares_step = t->n_rows / 8;
    if (!make_passes(map->nx, &t->along_x, err) || !make_passes(map->ny, &t->along_y, err) ||
        !make_vectors(t, c, kept, band, err) || !make_scale(map, c, err))
        return false;
    map->words = (size_t)t->n_vectors * (size_t)t->lanes;
    return true;
}

mdup_map *mdup_map_new(const mdup_conditioner *c, const mdup_spectra_layout *kept, float band,
                       float grid, const mdup_map_kernel *kernel, mdup_error **err)
{
    mdup_map *map = mdup_calloc(1, sizeof *map, err);
    if (!map)
        return NULL;
    map->kernel = kernel ? kernel : mdup_map_kernel_at(0);
    if (!fill(map, c, kept, band, grid, err)) {
        mdup_map_free(map);
        return NULL;
    }
    return map;
}

void mdup_map_free(mdup_map *map)
{
    if (!map)
        return;
    clear_passes(&map->tables.along_x);
    clear_passes(&map->tables.along_y);
    free(map->tables.place);
    free(map->tables.folds);
    free(map->tables.weight);
    free(map->tables.scale);
    free(map->searched);
    free(map);
}

/* ---- buffers ---- */

bool mdup_map_buffers_init(const mdup_map *map, mdup_map_buffers *buffers, mdup_error **err)
{
    const mdup_map_tables *t = &map->tables;
    size_t lanes = (size_t)t->lanes, n_rows = (size_t)t->n_rows,
           longest = (size_t)(t->nx > t->ny ? t->nx : t->ny) + 1,
           strips = (size_t)map->squares_nx * n_rows, plane = (size_t)t->n_groups * n_rows * lanes;
    mdup_map_buffers b = {0};
    if (!(b.line = mdup_alloc_aligned(longest * lanes, 2 * sizeof(float), err)) ||
        !(b.plane = mdup_alloc_aligned(plane, sizeof *b.plane, err)) ||
        !(b.energy = mdup_alloc_aligned(strips, sizeof *b.energy, err)) ||
        !(b.highest = mdup_alloc_aligned(strips, sizeof *b.highest, err)) ||
        !(b.squares = mdup_calloc(strips / 8, sizeof *b.squares, err))) {
        mdup_map_buffers_clear(&b);
        return false;
    }
    /* The rows beyond the map are never written. */
    for (size_t i = 0; i < plane; i++)
        b.plane[i] = 0;
    *buffers = b;
    return true;
}

void mdup_map_buffers_clear(mdup_map_buffers *b)
{
    free(b->line);
    free(b->plane);
    free(b->energy);
    free(b->highest);
    free(b->squares);
    *b = (mdup_map_buffers){0};
}
