#include "image/frame.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "base/median.h"
#include "image/blur.h"

/* Measured on CU428 and on simulated particles: doc/methods.md, "Flattening". */
static const double BACKGROUND_SIGMA_px = 16.0;
static const double VARIANCE_SIGMA_px = 24.0;
static const float CLIP_sd = 4.0f;

/* The local variance counts as at least this share of the frame's: an area emptier than that is not blown up to the same level, where
 * its noise would speak as loud as the specimen. */
static const float LEAST_VARIANCE = 0.05f;

/* Dirt (ice crystals, drops, the border of the film) is what stands out of its surroundings by so many robust sd once smoothed
 * over DIRT_SIGMA_px, where noise has averaged out.  Two round crystals look alike and line up in frames that share nothing, so dirt is
 * taken out.  Particles reach 3 to 4 sd, crystals 20 and more. */
static const double DIRT_SIGMA_px = 2.0;
static const float DIRT_sd = 13.0f;

/* A crystal's diffuse rim is dirt too: pixels whose neighbourhood (sigma RIM_SIGMA_px) holds more dirt than this share. */
static const double RIM_SIGMA_px = 3.0;
static const float RIM_SHARE = 0.05f;

/* More of the frame than this as dirt: then it is the specimen, and nothing is taken out.  Torn film is masked to 0.4, on both sides of every
 * edge. */
static const double LARGEST_DIRT_SHARE = 0.7;

/* Dirt is looked for again when what was found no longer weighs on the background and the sd: then the edges of the film beside a hole are
 * found, and what is left of a crystal, for which less is enough near dirt: crescents around half a crystal line up as crystals do. */
enum { DIRT_LOOKS = 3 };
static const double NEAR_DIRT_SIGMA_px = 4.0;
static const float NEAR_DIRT_SHARE = 0.05f, NEAR_DIRT_sd = 5.0f;

/* Beside an edge of the film the background is off as far as it looks, and all of that stands out.  With a background that looks less far only
 * the edge itself does: what else was taken for dirt is kept, less that background.  In 14 sessions of seven kinds 244 pairs are found in place
 * of 238, and no more false ones; with 3.5, 4 and 7 px one to three fewer.  What lies beside it, too, less the fine background: four more are
 * found in dirt, and four false ones. */
static const double FINE_BACKGROUND_SIGMA_px = 5.0;

size_t mdup_flatten_scratch_size(int32_t nx, int32_t ny)
{
    return 5 * (size_t)nx * (size_t)ny + mdup_blur_scratch_size(nx, ny);
}

/* The image and its companions during flattening, n pixels each. */
typedef struct {
    int32_t nx, ny;
    size_t n;
    float *image;
    float *good;  /* 1, or 0 where there is dirt */
    float *local; /* a mean or variance of the neighbourhood */
    float *share; /* of the neighbourhood that is good */
    float *blur_scratch;
} flattening;

/* Mean 0 and sd 1, so that single precision has room in the blurs.  False when the image is constant. */
static bool standardise(float *image, size_t n)
{
    double sum = 0, sum_of_squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)image[i];
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = (double)image[i] - mean;
        sum_of_squares += d * d;
    }
    double sd = sqrt(sum_of_squares / (double)n);
    /* What rounding of a constant image leaves is no signal. */
    if (!(sd > fabs(mean) * 1e-6) || !(sd > 0))
        return false;
    for (size_t i = 0; i < n; i++)
        image[i] = (float)(((double)image[i] - mean) / sd);
    return true;
}

/* ---- the trend ---- */

/* Beam and ice change over the frame as a polynomial of third order does.  It is taken off first: at the borders, a mean of the pixels
 * there are is off by what the trend does over its width, on CU428 by 10 sd of the smoothed image.  It is fitted to the medians of
 * TREND_CELLS x TREND_CELLS cells, for which spikes do not count, from some TREND_SAMPLES pixels of each. */
enum { TREND_TERMS = 10, TREND_CELLS = 16, TREND_SAMPLES = 64 };

/* x and y on -1 to 1. */
static void trend_terms(double u, double v, double terms[TREND_TERMS])
{
    const double all[TREND_TERMS] = {1,     u,         v,         u * u,     u * v,
                                     v * v, u * u * u, u * u * v, u * v * v, v * v * v};
    memcpy(terms, all, sizeof all);
}

static double on_axis(int32_t i, int32_t n)
{
    return n > 1 ? 2.0 * i / (n - 1) - 1 : 0;
}

/* Solves the symmetric system in place by elimination; a term that the others determine is left out, as 0. */
static void solve(double m[TREND_TERMS][TREND_TERMS], double right[TREND_TERMS])
{
    for (int k = 0; k < TREND_TERMS; k++) {
        double pivot = m[k][k];
        for (int i = 0; i < TREND_TERMS; i++) {
            double factor = i != k && pivot > 1e-9 ? m[i][k] / pivot : 0;
            for (int j = k; j < TREND_TERMS && factor != 0; j++)
                m[i][j] -= factor * m[k][j];
            right[i] -= factor * right[k];
        }
    }
    for (int k = 0; k < TREND_TERMS; k++)
        right[k] = m[k][k] > 1e-9 ? right[k] / m[k][k] : 0;
}

/* The median of the good pixels of the cell from (x0, y0) to before (x1, y1); false when less than half of those looked at are good. */
static bool cell_median(const flattening *f, int32_t x0, int32_t y0, int32_t x1, int32_t y1,
                        float *median)
{
    float values[TREND_SAMPLES];
    int64_t n_pixels = (int64_t)(x1 - x0) * (y1 - y0);
    int64_t step = (n_pixels + TREND_SAMPLES - 1) / TREND_SAMPLES;
    int n = 0, looked_at = 0;
    for (int64_t i = 0; i < n_pixels; i += step, looked_at++) {
        size_t at = (size_t)(y0 + i / (x1 - x0)) * (size_t)f->nx + (size_t)(x0 + i % (x1 - x0));
        if (f->good[at] > 0)
            values[n++] = f->image[at];
    }
    if (n == 0 || 2 * n < looked_at)
        return false;
    *median = mdup_median(values, (size_t)n);
    return true;
}

/* What the trend is fitted to: the cells of enough good pixels. */
typedef struct {
    int n;
    double terms[TREND_CELLS * TREND_CELLS][TREND_TERMS];
    double median[TREND_CELLS * TREND_CELLS];
} trend_cells;

static void find_cells(const flattening *f, trend_cells *cells)
{
    cells->n = 0;
    for (int32_t cell = 0; cell < TREND_CELLS * TREND_CELLS; cell++) {
        int32_t cx = cell % TREND_CELLS, cy = cell / TREND_CELLS;
        int32_t x0 = cx * f->nx / TREND_CELLS, x1 = (cx + 1) * f->nx / TREND_CELLS;
        int32_t y0 = cy * f->ny / TREND_CELLS, y1 = (cy + 1) * f->ny / TREND_CELLS;
        float median;
        if (x1 == x0 || y1 == y0 || !cell_median(f, x0, y0, x1, y1, &median))
            continue;
        trend_terms(on_axis((x0 + x1 - 1) / 2, f->nx), on_axis((y0 + y1 - 1) / 2, f->ny),
                    cells->terms[cells->n]);
        cells->median[cells->n++] = (double)median;
    }
}

static double trend_at(const double trend[TREND_TERMS], const double terms[TREND_TERMS])
{
    double value = 0;
    for (int i = 0; i < TREND_TERMS; i++)
        value += trend[i] * terms[i];
    return value;
}

/* Cells this many robust sd off the trend so far (holes, dirt) are left out of the next step. */
static const double TREND_OUTLIER_sd = 4;

static double outlier_limit(const trend_cells *cells, const double trend[TREND_TERMS])
{
    float off[TREND_CELLS * TREND_CELLS];
    for (int c = 0; c < cells->n; c++)
        off[c] = (float)fabs(cells->median[c] - trend_at(trend, cells->terms[c]));
    return TREND_OUTLIER_sd * 1.4826 * (double)mdup_median(off, (size_t)cells->n);
}

/* Least squares with the first n_terms over the cells that are not far off the trend so far. */
static void refit(const trend_cells *cells, int n_terms, double trend[TREND_TERMS])
{
    double m[TREND_TERMS][TREND_TERMS] = {{0}}, right[TREND_TERMS] = {0};
    double limit = outlier_limit(cells, trend);
    for (int c = 0; c < cells->n; c++) {
        const double *terms = cells->terms[c];
        if (fabs(cells->median[c] - trend_at(trend, terms)) > limit)
            continue;
        for (int i = 0; i < n_terms; i++) {
            for (int j = 0; j < n_terms; j++)
                m[i][j] += terms[i] * terms[j];
            right[i] += terms[i] * cells->median[c];
        }
    }
    solve(m, right);
    memcpy(trend, right, sizeof right);
}

/* The order grows step by step: the median of the cells is of the film, not of holes, as long as there is more of the film. */
static void fit_trend(const trend_cells *cells, double trend[TREND_TERMS])
{
    static const int terms_of_order[] = {1, 3, 6, 10, 10};
    float medians[TREND_CELLS * TREND_CELLS];
    for (int c = 0; c < cells->n; c++)
        medians[c] = (float)cells->median[c];
    trend[0] = (double)mdup_median(medians, (size_t)cells->n);
    for (size_t k = 0; k < sizeof terms_of_order / sizeof *terms_of_order; k++)
        refit(cells, terms_of_order[k], trend);
}

/* Within a row the trend is a polynomial of x alone, in the order of trend_terms. */
MDUP_CLONES
static void subtract_from_row(const double t[TREND_TERMS], double v, int32_t nx, float *row)
{
    double c0 = t[0] + v * (t[2] + v * (t[5] + v * t[9])), c1 = t[1] + v * (t[4] + v * t[8]),
           c2 = t[3] + v * t[7], c3 = t[6];
    for (int32_t x = 0; x < nx; x++) {
        double u = on_axis(x, nx);
        row[x] -= (float)(c0 + u * (c1 + u * (c2 + u * c3)));
    }
}

static void subtract_trend(const flattening *f)
{
    double trend[TREND_TERMS] = {0};
    trend_cells cells;
    find_cells(f, &cells);
    if (cells.n < 3 * TREND_TERMS)
        return;
    fit_trend(&cells, trend);
    for (int32_t y = 0; y < f->ny; y++)
        subtract_from_row(trend, on_axis(y, f->ny), f->nx, f->image + (ptrdiff_t)y * f->nx);
}

/* ---- background and dirt ---- */

static void blur(const flattening *f, float *image, double sigma_px)
{
    mdup_blur(image, f->nx, f->ny, sigma_px, sigma_px, f->blur_scratch);
}

/* Most frames have no dirt, and a mask that is the same everywhere stays what it is. */
static void blur_mask(const flattening *f, float *mask, double sigma_px)
{
    size_t n_equal = 0;
    for (size_t i = 0; i < f->n; i++)
        n_equal += mask[i] == mask[0];
    if (n_equal < f->n)
        blur(f, mask, sigma_px);
}

MDUP_CLONES
static void subtract_mean(const float *image, const float *good, const float *share, size_t n,
                          float *restrict local)
{
    for (size_t i = 0; i < n; i++)
        local[i] = good[i] > 0 ? image[i] - local[i] / share[i] : 0.0f;
}

/* image - its mean over the good neighbours, 0 where not good, into `local`; `share` is left holding the share of good ones. */
static void subtract_background(const flattening *f, const float *good, double sigma_px)
{
    for (size_t i = 0; i < f->n; i++) {
        f->local[i] = f->image[i] * good[i];
        f->share[i] = good[i];
    }
    blur(f, f->local, sigma_px);
    blur_mask(f, f->share, sigma_px);
    subtract_mean(f->image, good, f->share, f->n, f->local);
}

/* Robust sd of `local`, smoothed over DIRT_SIGMA_px, over every STEP-th pixel that is good: 1.4826 times the median absolute difference of two
 * pixels so far apart that they do not know of each other, / sqrt(2).  Of the pixels themselves it would be too large in torn film,
 * where the background beside every edge is off.  differences: n / STEP of scratch. */
enum { STEP = 7, APART_px = 8 };
static float robust_sd(const flattening *f, float *differences)
{
    size_t count = 0;
    for (size_t i = 0; i + APART_px < f->n; i += STEP)
        if (f->good[i] > 0 && f->good[i + APART_px] > 0)
            differences[count++] = fabsf(f->local[i] - f->local[i + APART_px]);
    if (count == 0)
        return 0;
    return 1.4826f / sqrtf(2.0f) * mdup_median(differences, count);
}

/* A pixel is part of a constant area when so many neighbours to the right and above equal it to the bit: in a counted image of any dose that
 * leaves a micrograph to look at, that does not happen by chance. */
enum { CONSTANT_RUN_px = 4 };

static bool is_constant_at(const flattening *f, int32_t x, int32_t y)
{
    if (f->nx < 2 * CONSTANT_RUN_px || f->ny < 2 * CONSTANT_RUN_px)
        return false;
    const float *pixel = f->image + (ptrdiff_t)y * f->nx + x;
    /* At the far edges the run goes back into the image. */
    ptrdiff_t right = x + CONSTANT_RUN_px < f->nx ? 1 : -1;
    ptrdiff_t up = y + CONSTANT_RUN_px < f->ny ? f->nx : -(ptrdiff_t)f->nx;
    for (int i = 1; i <= CONSTANT_RUN_px; i++)
        if (pixel[i * right] != *pixel || pixel[i * up] != *pixel)
            return false;
    return true;
}

/* Marks what a mask or motion correction left constant, in good[] = 0; returns how many pixels. */
static size_t find_constant(const flattening *f)
{
    size_t n_constant = 0;
    for (int32_t y = 0; y < f->ny; y++) {
        for (int32_t x = 0; x < f->nx; x++) {
            bool constant = is_constant_at(f, x, y);
            f->good[(ptrdiff_t)y * f->nx + x] = constant ? 0.0f : 1.0f;
            n_constant += constant;
        }
    }
    return n_constant;
}

/* good[] = 0 also where the neighbourhood holds more than RIM_SHARE of marked pixels; bad[] is overwritten. */
static void widen(const flattening *f, float *bad)
{
    blur_mask(f, bad, RIM_SIGMA_px);
    for (size_t i = 0; i < f->n; i++)
        if (bad[i] > RIM_SHARE)
            f->good[i] = 0;
}

static void widen_constant(const flattening *f)
{
    for (size_t i = 0; i < f->n; i++)
        f->share[i] = 1 - f->good[i];
    widen(f, f->share);
}

static size_t count_good(const flattening *f)
{
    size_t n_good = 0;
    for (size_t i = 0; i < f->n; i++)
        n_good += f->good[i] > 0;
    return n_good;
}

/* Takes what stands out of what is good so far, and its rim, out of good[]. */
static void look_for_dirt(const flattening *f)
{
    subtract_background(f, f->good, BACKGROUND_SIGMA_px);
    blur(f, f->local, DIRT_SIGMA_px);
    float sd = robust_sd(f, f->share);
    for (size_t i = 0; i < f->n; i++)
        f->share[i] = 1 - f->good[i];
    blur_mask(f, f->share, NEAR_DIRT_SIGMA_px);
    for (size_t i = 0; i < f->n; i++) {
        float limit = sd * (f->share[i] > NEAR_DIRT_SHARE ? NEAR_DIRT_sd : DIRT_sd);
        f->share[i] = fabsf(f->local[i]) > limit ? 1.0f : 0.0f;
    }
    widen(f, f->share);
}

/* False when there is none. */
static bool find_dirt(const flattening *f, float *good_before)
{
    memcpy(good_before, f->good, f->n * sizeof *good_before);
    size_t n_before = count_good(f), n_good = n_before;
    for (int look = 0; look < DIRT_LOOKS; look++) {
        size_t n_last = n_good;
        look_for_dirt(f);
        n_good = count_good(f);
        if (n_good == n_last)
            break;
    }
    bool is_specimen = (double)(n_before - n_good) > LARGEST_DIRT_SHARE * (double)f->n;
    if (is_specimen)
        memcpy(f->good, good_before, f->n * sizeof *good_before);
    return !is_specimen && n_good < n_before;
}

/* kept[]: in, all but constant areas; out, 1 where what was taken for dirt is as usual beside a fine background, else 0.  fine[]: the image less
 * that background. */
static void find_kept(const flattening *f, float *kept, float *fine)
{
    subtract_background(f, kept, FINE_BACKGROUND_SIGMA_px);
    memcpy(fine, f->local, f->n * sizeof *fine);
    blur(f, f->local, DIRT_SIGMA_px);
    float sd = robust_sd(f, f->share);
    for (size_t i = 0; i < f->n; i++)
        f->share[i] = fabsf(f->local[i]) > NEAR_DIRT_sd * sd ? 1.0f : 0.0f;
    blur_mask(f, f->share, RIM_SIGMA_px);
    for (size_t i = 0; i < f->n; i++)
        kept[i] = kept[i] > 0 && f->good[i] <= 0 && f->share[i] <= RIM_SHARE ? 1.0f : 0.0f;
}

/* The image less its background, and 0 in dirt. */
static void flatten_background(const flattening *f, float *kept, float *fine)
{
    bool has_dirt = find_dirt(f, kept);
    if (has_dirt)
        find_kept(f, kept, fine);
    subtract_background(f, f->good, BACKGROUND_SIGMA_px);
    memcpy(f->image, f->local, f->n * sizeof *f->image);
    for (size_t i = 0; has_dirt && i < f->n; i++) {
        if (kept[i] <= 0)
            continue;
        f->image[i] = fine[i];
        f->good[i] = 1;
    }
}

static float mean_of(const float *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)values[i];
    return (float)(sum / (double)n);
}

/* Exactly as lrintf rounds what is far below 2^22, in a form that becomes vector code. */
static inline float round_to_whole(float value)
{
    const float shift = 0x1.8p23f;
    return value + shift - shift;
}

static inline float larger(float a, float b)
{
    return a > b ? a : b;
}

/* image / sqrt(local / share), clipped, as bytes. */
MDUP_CLONES
static void scale_to_bytes(const float *image, const float *local, const float *share, size_t n,
                           float least_variance, int8_t *restrict out)
{
    for (size_t i = 0; i < n; i++) {
        float variance = larger(local[i] / larger(share[i], RIM_SHARE), least_variance);
        float units = image[i] / sqrtf(variance);
        float clipped = larger(-CLIP_sd, units < CLIP_sd ? units : CLIP_sd);
        out[i] = (int8_t)(int32_t)round_to_whole(clipped * (float)MDUP_FRAME_SD_units);
    }
}

/* Image / local sd; 0 where not good. */
static void scale_by_local_sd(const flattening *f, int8_t *out)
{
    for (size_t i = 0; i < f->n; i++)
        f->local[i] = f->image[i] * f->image[i];
    float least = LEAST_VARIANCE * mean_of(f->local, f->n);
    if (!(least > 0)) {
        memset(out, 0, f->n);
        return;
    }
    blur(f, f->local, VARIANCE_SIGMA_px);
    memcpy(f->share, f->good, f->n * sizeof *f->share);
    blur_mask(f, f->share, VARIANCE_SIGMA_px);
    scale_to_bytes(f->image, f->local, f->share, f->n, least, out);
}

double mdup_flatten(float *image, int32_t nx, int32_t ny, float *scratch, int8_t *out)
{
    size_t n = (size_t)nx * (size_t)ny;
    flattening f = {nx, ny, n, image, scratch, scratch + n, scratch + 2 * n, scratch + 5 * n};
    if (!standardise(image, n)) {
        for (size_t i = 0; i < n; i++)
            out[i] = 0;
        return 1.0;
    }
    double constant_share = (double)find_constant(&f) / (double)n;
    widen_constant(&f);
    subtract_trend(&f);
    flatten_background(&f, scratch + 3 * n, scratch + 4 * n);
    scale_by_local_sd(&f, out);
    return constant_share;
}
