#include "image/frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
static const float DIRT_sd = 10.0f;

/* A crystal's diffuse rim is dirt too: pixels whose neighbourhood (sigma RIM_SIGMA_px) holds more dirt than this share. */
static const double RIM_SIGMA_px = 3.0;
static const float RIM_SHARE = 0.05f;

/* More of the frame than this as dirt: then it is the specimen, and nothing is taken out. */
static const double LARGEST_DIRT_SHARE = 0.4;

size_t mdup_flatten_scratch_size(int32_t nx, int32_t ny)
{
    return 4 * (size_t)nx * (size_t)ny + mdup_blur_scratch_size(nx, ny);
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

static void blur(const flattening *f, float *image, double sigma_px)
{
    mdup_blur(image, f->nx, f->ny, sigma_px, sigma_px, f->blur_scratch);
}

/* image - its mean over the good neighbours, 0 where not good, into `local`; `share` is left holding the share of good ones. */
static void subtract_background(const flattening *f)
{
    for (size_t i = 0; i < f->n; i++) {
        f->local[i] = f->image[i] * f->good[i];
        f->share[i] = f->good[i];
    }
    blur(f, f->local, BACKGROUND_SIGMA_px);
    blur(f, f->share, BACKGROUND_SIGMA_px);
    for (size_t i = 0; i < f->n; i++)
        f->local[i] = f->good[i] > 0 ? f->image[i] - f->local[i] / f->share[i] : 0.0f;
}

static int by_value(const void *a, const void *b)
{
    float left = *(const float *)a, right = *(const float *)b;
    return left < right ? -1 : left > right;
}

/* Robust sd of `local`, which has mean 0, over every STEP-th pixel that is good: 1.4826 times the median absolute value.  sorted: n / STEP of
 * scratch. */
enum { STEP = 7 };
static float robust_sd(const flattening *f, float *sorted)
{
    size_t count = 0;
    for (size_t i = 0; i < f->n; i += STEP)
        if (f->good[i] > 0)
            sorted[count++] = fabsf(f->local[i]);
    if (count == 0)
        return 0;
    qsort(sorted, count, sizeof *sorted, by_value);
    return 1.4826f * sorted[count / 2];
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

/* good[] = 0 also where the neighbourhood holds more than RIM_SHARE of marked pixels; bad[] is overwritten.  Returns how many there
 * are in all. */
static size_t widen(const flattening *f, float *bad)
{
    size_t n_bad = 0;
    blur(f, bad, RIM_SIGMA_px);
    for (size_t i = 0; i < f->n; i++) {
        if (bad[i] > RIM_SHARE)
            f->good[i] = 0;
        n_bad += f->good[i] == 0;
    }
    return n_bad;
}

static void widen_constant(const flattening *f)
{
    for (size_t i = 0; i < f->n; i++)
        f->share[i] = 1 - f->good[i];
    widen(f, f->share);
}

/* Finds the dirt among what is good so far: good[] becomes 0 there and on its rim. */
static void find_dirt(const flattening *f, float *good_before)
{
    memcpy(good_before, f->good, f->n * sizeof *good_before);
    subtract_background(f);
    blur(f, f->local, DIRT_SIGMA_px);
    float limit = DIRT_sd * robust_sd(f, f->share);
    size_t n_good = 0;
    for (size_t i = 0; i < f->n; i++) {
        n_good += f->good[i] > 0;
        f->share[i] = fabsf(f->local[i]) > limit ? 1.0f : 0.0f;
    }
    size_t n_dirt = widen(f, f->share) - (f->n - n_good);
    if ((double)n_dirt > LARGEST_DIRT_SHARE * (double)f->n)
        memcpy(f->good, good_before, f->n * sizeof *good_before);
}

static float mean_of(const float *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)values[i];
    return (float)(sum / (double)n);
}

/* image / local sd, clipped, as bytes; 0 where not good. */
static void scale_by_local_sd(const flattening *f, int8_t *out)
{
    for (size_t i = 0; i < f->n; i++)
        f->local[i] = f->image[i] * f->image[i];
    float least = LEAST_VARIANCE * mean_of(f->local, f->n);
    blur(f, f->local, VARIANCE_SIGMA_px);
    for (size_t i = 0; i < f->n; i++)
        f->share[i] = f->good[i];
    blur(f, f->share, VARIANCE_SIGMA_px);
    for (size_t i = 0; i < f->n; i++) {
        float variance = fmaxf(f->local[i] / fmaxf(f->share[i], RIM_SHARE), least);
        float units = variance > 0 ? f->image[i] / sqrtf(variance) : 0.0f;
        out[i] =
            (int8_t)lrintf(fmaxf(-CLIP_sd, fminf(CLIP_sd, units)) * (float)MDUP_FRAME_SD_units);
    }
}

double mdup_flatten(float *image, int32_t nx, int32_t ny, float *scratch, int8_t *out)
{
    size_t n = (size_t)nx * (size_t)ny;
    flattening f = {nx, ny, n, image, scratch, scratch + n, scratch + 2 * n, scratch + 4 * n};
    if (!standardise(image, n)) {
        for (size_t i = 0; i < n; i++)
            out[i] = 0;
        return 1.0;
    }
    double constant_share = (double)find_constant(&f) / (double)n;
    widen_constant(&f);
    find_dirt(&f, scratch + 3 * n);
    subtract_background(&f);
    for (size_t i = 0; i < n; i++)
        image[i] = f.local[i];
    scale_by_local_sd(&f, out);
    return constant_share;
}
