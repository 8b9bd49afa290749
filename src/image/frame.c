#include "image/frame.h"

#include <math.h>

#include "image/blur.h"

/* Measured on CU428 and on simulated particles: doc/methods.md, "Flattening". */
static const double BACKGROUND_SIGMA_px = 16.0;
static const double VARIANCE_SIGMA_px = 24.0;
static const float CLIP_sd = 4.0f;

/* The local variance counts as at least this share of the frame's: an area emptier than that is not blown up to the same
 * level, where its noise would speak as loud as the specimen. */
static const float LEAST_VARIANCE = 0.05f;

size_t mdup_flatten_scratch_size(int32_t nx, int32_t ny)
{
    return (size_t)nx * (size_t)ny + mdup_blur_scratch_size(nx, ny);
}

/* Mean 0 and sd 1, so that single precision has room in the blurs.  False when the image is
 * constant. */
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

static void subtract_background(float *image, int32_t nx, int32_t ny, float *background,
                                float *scratch)
{
    size_t n = (size_t)nx * (size_t)ny;
    for (size_t i = 0; i < n; i++)
        background[i] = image[i];
    mdup_blur(background, nx, ny, BACKGROUND_SIGMA_px, BACKGROUND_SIGMA_px, scratch);
    for (size_t i = 0; i < n; i++)
        image[i] -= background[i];
}

/* The variance of an area that motion correction or a mask left constant is rounding noise: 1e-8 of
 * the frame's. */
static const float CONSTANT_variance = 1e-8f;

static float mean_of(const float *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)values[i];
    return (float)(sum / (double)n);
}

static double scale_by_local_sd(const float *image, const float *variance, size_t n, int8_t *out)
{
    size_t n_constant = 0;
    float mean_variance = mean_of(variance, n);
    for (size_t i = 0; i < n; i++) {
        float sd_units = 0;
        if (variance[i] > CONSTANT_variance)
            sd_units = image[i] / sqrtf(fmaxf(variance[i], LEAST_VARIANCE * mean_variance));
        else
            n_constant++;
        sd_units = sd_units > CLIP_sd ? CLIP_sd : sd_units < -CLIP_sd ? -CLIP_sd : sd_units;
        out[i] = (int8_t)lrintf(sd_units * (float)MDUP_FRAME_SD_units);
    }
    return (double)n_constant / (double)n;
}

double mdup_flatten(float *image, int32_t nx, int32_t ny, float *scratch, int8_t *out)
{
    size_t n = (size_t)nx * (size_t)ny;
    float *local = scratch, *blur_scratch = scratch + n;
    if (!standardise(image, n)) {
        for (size_t i = 0; i < n; i++)
            out[i] = 0;
        return 1.0;
    }
    subtract_background(image, nx, ny, local, blur_scratch);
    for (size_t i = 0; i < n; i++)
        local[i] = image[i] * image[i];
    mdup_blur(local, nx, ny, VARIANCE_SIGMA_px, VARIANCE_SIGMA_px, blur_scratch);
    return scale_by_local_sd(image, local, n, out);
}
