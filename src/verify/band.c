#include "verify/band.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clones.h"
#include "image/blur.h"

/* Sizes of the transforms are multiples of this, so that few plans serve all crops. */
enum { SIZE_STEP = 16, LINES = MDUP_FFT_LINES };

/* Of planes of one size. */
typedef struct {
    int32_t nx, ny;
    int32_t band_x, band_y;     /* the highest samples with a weight */
    int32_t margin_x, margin_y; /* samples beside the band that the smoothing reaches */
    const mdup_fft_lines *rows, *columns;
    float *weight; /* squared; of (kx, ky) at kx * (2 * band_y + 1) + band_y + ky */
} plan;

struct mdup_band {
    const mdup_conditioner *conditioner;
    int32_t reach_px, stride;
    float edge; /* cycles/px: no weight beyond */
    plan *plans;
    size_t n_plans, plans_capacity;
    mdup_fft_lines **lines; /* of n samples at n / SIZE_STEP; NULL: not made yet */
    size_t n_lines;
    float complex *plane;
    float complex *spectrum[2]; /* turned: (kx, ky) at kx * ny + ky mod ny */
    float *rows;                /* LINES of them */
    float *taper_x, *taper_y;
    float *power[2]; /* of the band and its margin, smoothed */
    float *blur_scratch, *map;
    const plan *last;    /* of the map made last, whose spectrum is spectrum[0] */
    float complex *turn; /* by which each ky moves a place along y to the origin, from -band_y on */
};

/* Sides of the planes of small crops and the largest crops for them.  The smoothing of the spectrum is never finer than two samples: in planes
 * that are no larger than they need be it would reach too far, and overlaps in a corner lose up to a digit of their E-value. */
static const int32_t small_planes[] = {128, 192}, largest_crops[] = {80, 144};

/* From here on the smoothing is finer than that by itself. */
enum { LEAST_LARGE_PLANE = 240 };

static bool is_plane_size(int32_t n)
{
    static const int32_t primes[] = {2, 3, 5, 7};
    int32_t steps = n % SIZE_STEP == 0 ? n / SIZE_STEP : 0;
    for (size_t i = 0; steps > 0 && i < sizeof primes / sizeof *primes; i++)
        while (steps % primes[i] == 0)
            steps /= primes[i];
    return steps == 1;
}

/* So large that no row that is looked at wraps around to another one. */
static int32_t plane_for(const mdup_band *v, int32_t crop_n)
{
    for (size_t i = 0; i < sizeof small_planes / sizeof *small_planes; i++)
        if (crop_n <= largest_crops[i])
            return small_planes[i];
    int32_t n = crop_n + v->reach_px;
    if (n < LEAST_LARGE_PLANE)
        n = LEAST_LARGE_PLANE;
    while (!is_plane_size(n))
        n++;
    return n;
}

/* In cache lines an odd number, so that the samples of a column do not fall into the same few sets of the cache. */
static int32_t choose_stride(int32_t nx)
{
    return ((nx / 2 + 1 + LINES - 1) / LINES | 1) * LINES;
}

/* Of three boxes of a radius of sigma. */
static int32_t reach_of_blur(double sigma)
{
    return (int32_t)ceil(3 * sigma) + 1;
}

static bool make_room(mdup_band *v, mdup_error **err)
{
    const mdup_conditioner *c = v->conditioner;
    int32_t nx = plane_for(v, c->nx), ny = plane_for(v, c->ny), longer = nx > ny ? nx : ny;
    int32_t wide = nx / 2 + 1 + 2 * reach_of_blur(mdup_whitening_sigma_x(nx)),
            high = ny + 2 * reach_of_blur(mdup_whitening_sigma_y(ny));
    v->stride = choose_stride(longer);
    v->n_lines = (size_t)longer / SIZE_STEP + 1;
    size_t samples = (size_t)v->stride * (size_t)ny, extended = (size_t)wide * (size_t)high;
    for (int side = 0; side < 2; side++)
        if (!(v->spectrum[side] = mdup_alloc_aligned(samples, sizeof *v->spectrum[side], err)) ||
            !(v->power[side] = mdup_alloc_aligned(extended, sizeof *v->power[side], err)))
            return false;
    return (v->plane = mdup_alloc_aligned(samples, sizeof *v->plane, err)) &&
           (v->lines = mdup_calloc(v->n_lines, sizeof *v->lines, err)) &&
           (v->rows = mdup_alloc_aligned((size_t)nx * LINES, sizeof *v->rows, err)) &&
           (v->turn = mdup_alloc_aligned((size_t)ny, sizeof *v->turn, err)) &&
           (v->taper_x = mdup_alloc_aligned((size_t)nx, sizeof *v->taper_x, err)) &&
           (v->taper_y = mdup_alloc_aligned((size_t)ny, sizeof *v->taper_y, err)) &&
           (v->blur_scratch = mdup_alloc_aligned(mdup_blur_scratch_size(wide, high),
                                                 sizeof *v->blur_scratch, err)) &&
           (v->map = mdup_alloc_aligned((size_t)nx * (size_t)ny, sizeof *v->map, err));
}

mdup_band *mdup_band_new(const mdup_conditioner *c, int32_t reach_px, mdup_error **err)
{
    mdup_band *v = mdup_calloc(1, sizeof *v, err);
    if (!v)
        return NULL;
    v->conditioner = c;
    v->reach_px = reach_px;
    if (!make_room(v, err)) {
        mdup_band_free(v);
        return NULL;
    }
    return v;
}

void mdup_band_free(mdup_band *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->n_plans; i++)
        free(v->plans[i].weight);
    free(v->plans);
    for (size_t i = 0; v->lines && i < v->n_lines; i++)
        mdup_fft_lines_free(v->lines[i]);
    free(v->lines);
    for (int side = 0; side < 2; side++) {
        free(v->spectrum[side]);
        free(v->power[side]);
    }
    free(v->plane);
    free(v->rows);
    free(v->turn);
    free(v->taper_x);
    free(v->taper_y);
    free(v->blur_scratch);
    free(v->map);
    free(v);
}

/* ---- plans ---- */

/* Found when the first plan is made: statistics are set by then. */
static float find_edge(const mdup_conditioner *c)
{
    int bin = MDUP_RADIAL_BINS;
    while (bin > 0 && c->weight[bin - 1] <= 0)
        bin--;
    return (float)bin / 256;
}

static const mdup_fft_lines *lines_of(mdup_band *v, int32_t n, mdup_error **err)
{
    mdup_fft_lines **lines = &v->lines[n / SIZE_STEP];
    if (!*lines)
        *lines = mdup_fft_lines_new(n, v->stride, err);
    return *lines;
}

static int32_t band_of(float edge, int32_t n)
{
    int32_t highest = (int32_t)(edge * (float)n);
    return highest < n / 2 ? highest : n / 2 - 1;
}

static void fill_weight(const mdup_conditioner *c, plan *p)
{
    float *weight = p->weight;
    for (int32_t kx = 0; kx <= p->band_x; kx++) {
        float fx = (float)kx / (float)p->nx;
        for (int32_t ky = -p->band_y; ky <= p->band_y; ky++) {
            float fy = (float)ky / (float)p->ny;
            float at = mdup_condition_weight(c, sqrtf(fx * fx + fy * fy));
            *weight++ = at * at;
        }
    }
}

static const plan *plan_for(mdup_band *v, int32_t nx, int32_t ny, mdup_error **err)
{
    for (size_t i = 0; i < v->n_plans; i++)
        if (v->plans[i].nx == nx && v->plans[i].ny == ny)
            return &v->plans[i];
    if (!mdup_grow((void **)&v->plans, &v->plans_capacity, v->n_plans + 1, sizeof *v->plans, err))
        return NULL;
    float edge = find_edge(v->conditioner);
    plan p = {.nx = nx,
              .ny = ny,
              .band_x = band_of(edge, nx),
              .band_y = band_of(edge, ny),
              .margin_x = reach_of_blur(mdup_whitening_sigma_x(nx)),
              .margin_y = reach_of_blur(mdup_whitening_sigma_y(ny))};
    if (!(p.rows = lines_of(v, nx, err)) || !(p.columns = lines_of(v, ny, err)) ||
        !(p.weight = mdup_alloc_aligned((size_t)(p.band_x + 1) * (size_t)(2 * p.band_y + 1),
                                        sizeof *p.weight, err)))
        return NULL;
    fill_weight(v->conditioner, &p);
    v->plans[v->n_plans] = p;
    return &v->plans[v->n_plans++];
}

/* ---- to the spectrum ---- */

/* The columns that the smoothed band needs, in whole lines. */
static int32_t count_columns(const plan *p)
{
    int32_t wanted = p->band_x + p->margin_x + 1, half = p->nx / 2 + 1;
    return ((wanted < half ? wanted : half) + LINES - 1) / LINES * LINES;
}

/* The tapered crop, its mean taken out, by rows; returns how many rows are filled. */
static int32_t transform_rows(mdup_band *v, const plan *p, const float *frame,
                              const mdup_crop *crop)
{
    int32_t frame_nx = v->conditioner->nx, filled = (crop->ny + LINES - 1) / LINES * LINES;
    mdup_crop_taper(crop->nx, v->taper_x);
    mdup_crop_taper(crop->ny, v->taper_y);
    float mean = mdup_crop_mean(frame, frame_nx, crop, v->taper_x, v->taper_y);
    for (int32_t y = 0; y < filled; y += LINES) {
        for (int32_t i = 0; i < LINES; i++) {
            float *row = v->rows + (ptrdiff_t)i * p->nx;
            int32_t n = y + i < crop->ny ? crop->nx : 0;
            if (n > 0)
                mdup_crop_row(frame, frame_nx, crop, y + i, mean, v->taper_x, v->taper_y[y + i],
                              row);
            memset(row + n, 0, (size_t)(p->nx - n) * sizeof *row);
        }
        mdup_fft_rows_forward(p->rows, v->rows, v->plane + (ptrdiff_t)y * v->stride);
    }
    return filled;
}

/* The first columns of the spectrum of the crop in the corner of the plane. */
static void transform_crop(mdup_band *v, const plan *p, const float *frame, const mdup_crop *crop,
                           float complex *spectrum)
{
    int32_t half = p->nx / 2 + 1, columns = count_columns(p);
    int32_t filled = transform_rows(v, p, frame, crop);
    for (int32_t y = 0; y < p->ny; y++) {
        float complex *row = v->plane + (ptrdiff_t)y * v->stride;
        int32_t from = y >= filled ? 0 : half;
        if (from < columns)
            memset(row + from, 0, (size_t)(columns - from) * sizeof *row);
    }
    for (int32_t x = 0; x < columns; x += LINES)
        mdup_fft_columns_forward(p->columns, v->plane + x, spectrum + (ptrdiff_t)x * p->ny);
}

/* ---- whitening ---- */

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t wrap(int32_t i, int32_t n)
{
    i %= n;
    return i < 0 ? i + n : i;
}

MDUP_CLONES
static void fill_power(const float complex *samples, int32_t n, float *restrict power)
{
    const float *parts = (const float *)samples;
    for (int32_t i = 0; i < n; i++)
        power[i] = parts[2 * i] * parts[2 * i] + parts[2 * i + 1] * parts[2 * i + 1];
}

/* The band and its margins, a line a kx. */
static int32_t count_extended(const plan *p)
{
    return p->band_x + 1 + 2 * p->margin_x;
}

static int32_t extended_length(const plan *p)
{
    return 2 * p->band_y + 1 + 2 * p->margin_y;
}

/* |F|^2 of a line from -(band_y + margin_y) on, which goes round where the plane ends; kx is one that is stored. */
static void extend_line(const plan *p, const float complex *spectrum, int32_t kx, float *line)
{
    int32_t length = extended_length(p), first = wrap(-(p->band_y + p->margin_y), p->ny);
    for (int32_t done = 0; done < length;) {
        int32_t part = smaller(length - done, p->ny - first);
        fill_power(spectrum + (ptrdiff_t)kx * p->ny + first, part, line + done);
        done += part;
        first = 0;
    }
}

static void reverse(float *line, int32_t n)
{
    for (int32_t low = 0, high = n - 1; low < high; low++, high--) {
        float kept = line[low];
        line[low] = line[high];
        line[high] = kept;
    }
}

/* Outside the stored half F(-k) = conj F(k), the image being real. */
static void extend(const plan *p, const float complex *spectrum, float *power)
{
    int32_t length = extended_length(p);
    for (int32_t kx = -p->margin_x; kx <= p->band_x + p->margin_x; kx++) {
        int32_t round = wrap(kx, p->nx);
        bool turned = round > p->nx / 2;
        float *line = power + (ptrdiff_t)(kx + p->margin_x) * length;
        extend_line(p, spectrum, turned ? p->nx - round : round, line);
        if (turned)
            reverse(line, length);
    }
}

static double mean_of_band(const plan *p, const float *power)
{
    int32_t length = extended_length(p);
    double sum = 0;
    for (int32_t kx = 0; kx <= p->band_x; kx++) {
        const float *line = power + (ptrdiff_t)(kx + p->margin_x) * length + p->margin_y;
        for (int32_t i = 0; i < 2 * p->band_y + 1; i++)
            sum += (double)line[i];
    }
    return sum / ((double)(p->band_x + 1) * (2 * p->band_y + 1));
}

/* The smoothed power of the band in units of its mean, with what is added before dividing; (kx, ky) at (kx + margin_x) * extended_length + ky +
 * band_y + margin_y. */
static void smooth_power(const mdup_band *v, const plan *p, const float complex *spectrum,
                         float *power)
{
    int32_t length = extended_length(p), n_lines = count_extended(p);
    extend(p, spectrum, power);
    mdup_blur(power, length, n_lines, mdup_whitening_sigma_y(p->ny), mdup_whitening_sigma_x(p->nx),
              v->blur_scratch);
    double mean = mean_of_band(p, power);
    float scale = mean > 0 ? (float)(1 / mean) : 0;
    /* Beside a spot that all the power is in, rounding may leave less than nothing. */
    for (ptrdiff_t i = 0; i < (ptrdiff_t)length * n_lines; i++)
        power[i] = (power[i] > 0 ? power[i] : 0) * scale + MDUP_WHITENING_FLOOR;
}

/* a times the conjugate of b, both whitened and weighted, in place of a; returns the energy. */
MDUP_CLONES
static float multiply_part(float *restrict a, const float *restrict b, const float *power_a,
                           const float *power_b, const float *weight, int32_t n)
{
    float energy[8] = {0}, sum = 0;
    for (int32_t i = 0; i < n; i++) {
        float factor = weight[i] / sqrtf(power_a[i] * power_b[i]);
        float ar = a[2 * i], ai = a[2 * i + 1], br = b[2 * i], bi = b[2 * i + 1];
        a[2 * i] = factor * (ar * br + ai * bi);
        a[2 * i + 1] = factor * (ai * br - ar * bi);
    }
    int32_t whole = 2 * n / 8 * 8;
    for (int32_t i = 0; i < whole; i += 8)
        for (int32_t k = 0; k < 8; k++)
            energy[k] += a[i + k] * a[i + k];
    for (int32_t i = whole; i < 2 * n; i++)
        sum += a[i] * a[i];
    for (int32_t k = 0; k < 8; k++)
        sum += energy[k];
    return sum;
}

/* Of the line of kx the n samples from ky on, which do not go round. */
static float multiply_from(mdup_band *v, const plan *p, int32_t kx, int32_t ky, int32_t n)
{
    ptrdiff_t at = (ptrdiff_t)kx * p->ny + wrap(ky, p->ny);
    ptrdiff_t power_at =
        (ptrdiff_t)(kx + p->margin_x) * extended_length(p) + ky + p->band_y + p->margin_y;
    ptrdiff_t weight_at = (ptrdiff_t)kx * (2 * p->band_y + 1) + ky + p->band_y;
    return multiply_part((float *)(v->spectrum[0] + at), (const float *)(v->spectrum[1] + at),
                         v->power[0] + power_at, v->power[1] + power_at, p->weight + weight_at, n);
}

/* Returns the energy of the whole product, the half that is not stored included but for its first column, which carries next to nothing. */
static double multiply(mdup_band *v, const plan *p)
{
    int32_t columns = (p->band_x + LINES) / LINES * LINES, beyond = p->ny - 2 * p->band_y - 1;
    double energy = 0;
    for (int32_t kx = 0; kx <= p->band_x; kx++) {
        energy += (double)multiply_from(v, p, kx, 0, p->band_y + 1);
        energy += (double)multiply_from(v, p, kx, -p->band_y, p->band_y);
        memset(v->spectrum[0] + (ptrdiff_t)kx * p->ny + p->band_y + 1, 0,
               (size_t)beyond * sizeof **v->spectrum);
    }
    memset(v->spectrum[0] + (ptrdiff_t)(p->band_x + 1) * p->ny, 0,
           (size_t)(columns - p->band_x - 1) * (size_t)p->ny * sizeof **v->spectrum);
    return 2 * energy;
}

/* ---- and back ---- */

/* The blocks of rows that hold first_y to last_y. */
static void transform_back(mdup_band *v, const plan *p, int32_t first_y, int32_t last_y)
{
    int32_t columns = (p->band_x + LINES) / LINES * LINES, half = p->nx / 2 + 1;
    for (int32_t x = 0; x < columns; x += LINES)
        mdup_fft_columns_inverse(p->columns, v->spectrum[0] + (ptrdiff_t)x * p->ny, v->plane + x);
    int32_t before = -1;
    for (int32_t y = first_y; y <= last_y; y++) {
        int32_t block = wrap(y, p->ny) / LINES * LINES;
        if (block == before)
            continue;
        before = block;
        float complex *plane = v->plane + (ptrdiff_t)block * v->stride;
        for (int32_t i = 0; i < LINES && columns < half; i++)
            memset(plane + (ptrdiff_t)i * v->stride + columns, 0,
                   (size_t)(half - columns) * sizeof *plane);
        mdup_fft_rows_inverse(p->rows, plane, v->map + (ptrdiff_t)block * p->nx);
    }
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

bool mdup_band_correlate(mdup_band *v, const float *a, const mdup_crop *crop_a, const float *b,
                         const mdup_crop *crop_b, int32_t first_y, int32_t last_y,
                         mdup_band_map *out, mdup_error **err)
{
    int32_t nx = plane_for(v, larger(crop_a->nx, crop_b->nx));
    int32_t ny = plane_for(v, larger(crop_a->ny, crop_b->ny));
    const plan *p = plan_for(v, nx, ny, err);
    if (!p)
        return false;
    transform_crop(v, p, a, crop_a, v->spectrum[0]);
    transform_crop(v, p, b, crop_b, v->spectrum[1]);
    for (int side = 0; side < 2; side++)
        smooth_power(v, p, v->spectrum[side], v->power[side]);
    double energy = multiply(v, p);
    v->last = p;
    transform_back(v, p, first_y, last_y);
    *out = (mdup_band_map){v->map, nx, ny, energy * (double)nx * (double)ny};
    return true;
}

/* ---- between the samples ---- */

static const double PI = 3.14159265358979323846;

/* Of samples of a column, each turned to a place along y: their sum, and those of ky and ky^2 times them. */
typedef struct {
    float re, im, re_k, im_k, re_kk, im_kk;
    float power, power_kk; /* of their squares */
} moments;

/* Sums in eight parts, which are added side by side. */
typedef struct {
    float re[8], im[8], re_k[8], im_k[8], re_kk[8], im_kk[8], power[8], power_kk[8];
} parts;

static inline void add_sample(parts *p, int j, const float *f, const float *turn, float k)
{
    float re = f[0] * turn[0] - f[1] * turn[1], im = f[0] * turn[1] + f[1] * turn[0];
    p->re[j] += re;
    p->im[j] += im;
    p->re_k[j] += k * re;
    p->im_k[j] += k * im;
    p->re_kk[j] += k * k * re;
    p->im_kk[j] += k * k * im;
    p->power[j] += re * re + im * im;
    p->power_kk[j] += k * k * (re * re + im * im);
}

/* The n samples from ky on. */
MDUP_CLONES
static void add_moments(const float *restrict f, const float *restrict turn, int32_t ky, int32_t n,
                        moments *m)
{
    parts p = {0};
    int32_t whole = n / 8 * 8;
    for (int32_t i = 0; i < whole; i += 8)
        for (int j = 0; j < 8; j++)
            add_sample(&p, j, f + 2 * (i + j), turn + 2 * (i + j), (float)(ky + i + j));
    for (int32_t i = whole; i < n; i++)
        add_sample(&p, i - whole, f + 2 * i, turn + 2 * i, (float)(ky + i));
    for (int j = 0; j < 8; j++) {
        m->re += p.re[j];
        m->im += p.im[j];
        m->re_k += p.re_k[j];
        m->im_k += p.im_k[j];
        m->re_kk += p.re_kk[j];
        m->im_kk += p.im_kk[j];
        m->power += p.power[j];
        m->power_kk += p.power_kk[j];
    }
}

static moments moments_of_column(const mdup_band *v, int32_t kx)
{
    const plan *p = v->last;
    const float complex *column = v->spectrum[0] + (ptrdiff_t)kx * p->ny;
    moments m = {0};
    add_moments((const float *)column, (const float *)(v->turn + p->band_y), 0, p->band_y + 1, &m);
    add_moments((const float *)(column + p->ny - p->band_y), (const float *)v->turn, -p->band_y,
                p->band_y, &m);
    return m;
}

static void fill_turn(mdup_band *v, double y)
{
    const plan *p = v->last;
    for (int32_t ky = -p->band_y; ky <= p->band_y; ky++) {
        double angle = 2 * PI * ky * y / p->ny;
        float *turn = (float *)(v->turn + ky + p->band_y);
        turn[0] = (float)cos(angle);
        turn[1] = (float)sin(angle);
    }
}

mdup_band_place mdup_band_look(mdup_band *v, double x, double y)
{
    const plan *p = v->last;
    double step_x = 2 * PI / p->nx, step_y = 2 * PI / p->ny;
    double power = 0;
    mdup_band_place at = {0};
    fill_turn(v, y);
    for (int32_t kx = 0; kx <= p->band_x; kx++) {
        moments m = moments_of_column(v, kx);
        /* Each column but the first stands for the one at -kx too. */
        double twice = kx > 0 ? 2 : 1, qx = step_x * kx;
        double c = twice * cos(qx * x), s = twice * sin(qx * x);
        double re = (double)m.re * c - (double)m.im * s, im = (double)m.re * s + (double)m.im * c;
        double re_k = (double)m.re_k * c - (double)m.im_k * s;
        double im_k = (double)m.re_k * s + (double)m.im_k * c;
        at.value += re;
        at.slope_x -= qx * im;
        at.slope_y -= step_y * im_k;
        at.curve_x -= qx * qx * re;
        at.curve_y -= step_y * step_y * ((double)m.re_kk * c - (double)m.im_kk * s);
        at.curve_xy -= qx * step_y * re_k;
        power += twice * (double)m.power;
        at.rough_x += twice * qx * qx * (double)m.power;
        at.rough_y += twice * step_y * step_y * (double)m.power_kk;
    }
    at.rough_x /= fmax(power, DBL_MIN);
    at.rough_y /= fmax(power, DBL_MIN);
    return at;
}
