#include "original/ccc.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "original/mtffilter.h"
#include "original/newstack.h"
#include "original/tiltxcorr.h"

struct mdup_original_plan {
    int32_t nx, ny;
    mdup_tiltxcorr correlation;
    mdup_mtffilter filter;
    size_t real_size;     /* floats that serve both */
    size_t spectrum_size; /* complex samples that serve both */
};

struct mdup_original_image {
    float *pixels;           /* mean 0, standard deviation 1 */
    float complex *spectrum; /* for the correlation */
    double *row_sums;
    bool constant;
};

struct mdup_original_scratch {
    float *real;
    float complex *spectrum;
    float *row;
    float complex *reference_spectrum; /* times the band-pass */
    float *reference;                  /* filtered; mean 0, sum of squares 1 */
    bool reference_constant;
};

static bool check_size(int32_t nx, int32_t ny, mdup_error **err)
{
    if (nx < MDUP_ORIGINAL_MIN_px || ny < MDUP_ORIGINAL_MIN_px)
        return mdup_fail(
            err, MDUP_ERROR_INVALID,
            "%d x %d px after binning is too small to compare: the original's score needs "
            "at least %d px a side, use a smaller --bin",
            (int)nx, (int)ny, (int)MDUP_ORIGINAL_MIN_px);
    if (nx > MDUP_ORIGINAL_MAX_px || ny > MDUP_ORIGINAL_MAX_px)
        return mdup_fail(
            err, MDUP_ERROR_INVALID,
            "%d x %d px after binning is too large to compare: the limit is %d px a side, "
            "use a larger --bin",
            (int)nx, (int)ny, (int)MDUP_ORIGINAL_MAX_px);
    return true;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t n_pixels(const mdup_original_plan *plan)
{
    return (size_t)plan->nx * (size_t)plan->ny;
}

mdup_original_plan *mdup_original_plan_new(int32_t nx, int32_t ny, mdup_error **err)
{
    if (!check_size(nx, ny, err))
        return NULL;
    mdup_original_plan *plan = mdup_calloc(1, sizeof *plan, err);
    if (!plan)
        return NULL;
    plan->nx = nx;
    plan->ny = ny;
    if (!mdup_tiltxcorr_init(&plan->correlation, nx, ny, err) ||
        !mdup_mtffilter_init(&plan->filter, nx, ny, err)) {
        mdup_original_plan_free(plan);
        return NULL;
    }
    plan->real_size = larger(mdup_tiltxcorr_real_size(&plan->correlation),
                             mdup_mtffilter_real_size(&plan->filter));
    plan->spectrum_size = larger(mdup_tiltxcorr_spectrum_size(&plan->correlation),
                                 mdup_mtffilter_spectrum_size(&plan->filter));
    return plan;
}

void mdup_original_plan_free(mdup_original_plan *plan)
{
    if (!plan)
        return;
    mdup_tiltxcorr_clear(&plan->correlation);
    mdup_mtffilter_clear(&plan->filter);
    free(plan);
}

size_t mdup_original_image_bytes(const mdup_original_plan *plan)
{
    return sizeof(mdup_original_image) + n_pixels(plan) * sizeof(float) +
           mdup_tiltxcorr_spectrum_size(&plan->correlation) * sizeof(float complex) +
           (size_t)plan->ny * sizeof(double);
}

size_t mdup_original_scratch_bytes(const mdup_original_plan *plan)
{
    size_t n_floats = plan->real_size + (size_t)plan->nx + n_pixels(plan);
    size_t n_complex = plan->spectrum_size + mdup_tiltxcorr_spectrum_size(&plan->correlation);
    return sizeof(mdup_original_scratch) + n_floats * sizeof(float) +
           n_complex * sizeof(float complex);
}

mdup_original_scratch *mdup_original_scratch_new(const mdup_original_plan *plan, mdup_error **err)
{
    mdup_original_scratch *s = mdup_calloc(1, sizeof *s, err);
    if (!s)
        return NULL;
    size_t n_weighted = mdup_tiltxcorr_spectrum_size(&plan->correlation);
    s->reference_constant = true;
    if (!(s->real = mdup_alloc_aligned(plan->real_size, sizeof *s->real, err)) ||
        !(s->spectrum = mdup_alloc_aligned(plan->spectrum_size, sizeof *s->spectrum, err)) ||
        !(s->row = mdup_alloc_aligned((size_t)plan->nx, sizeof *s->row, err)) ||
        !(s->reference_spectrum =
              mdup_alloc_aligned(n_weighted, sizeof *s->reference_spectrum, err)) ||
        !(s->reference = mdup_alloc_aligned(n_pixels(plan), sizeof *s->reference, err))) {
        mdup_original_scratch_free(s);
        return NULL;
    }
    return s;
}

void mdup_original_scratch_free(mdup_original_scratch *scratch)
{
    if (!scratch)
        return;
    free(scratch->real);
    free(scratch->spectrum);
    free(scratch->row);
    free(scratch->reference_spectrum);
    free(scratch->reference);
    free(scratch);
}

static mdup_original_image *allocate_image(const mdup_original_plan *plan, mdup_error **err)
{
    mdup_original_image *image = mdup_calloc(1, sizeof *image, err);
    if (!image)
        return NULL;
    size_t n_spectrum = mdup_tiltxcorr_spectrum_size(&plan->correlation);
    if (!(image->pixels = mdup_alloc_aligned(n_pixels(plan), sizeof *image->pixels, err)) ||
        !(image->spectrum = mdup_alloc_aligned(n_spectrum, sizeof *image->spectrum, err)) ||
        !(image->row_sums = mdup_calloc((size_t)plan->ny, sizeof *image->row_sums, err))) {
        mdup_original_image_free(image);
        return NULL;
    }
    return image;
}

static double mean_of(const float *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)values[i];
    return sum / (double)n;
}

static bool is_constant(const float *values, size_t n)
{
    size_t i = 1;
    while (i < n && values[i] == values[0])
        i++;
    return i == n;
}

/* To mean 0 and deviation 1.  The score does not depend on it, and single precision then does not depend on the offset and
 * scale of the detector's counts. */
static bool normalise(const float *pixels, size_t n, float *out, mdup_error **err)
{
    double mean = mean_of(pixels, n);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double deviation = (double)pixels[i] - mean;
        sum += deviation * deviation;
    }
    double sd = sqrt(sum / (double)n);
    if (!isfinite(sd))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "some pixels are NaN or infinite, so the image cannot be compared");
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(((double)pixels[i] - mean) / sd);
    return true;
}

mdup_original_image *mdup_original_image_new(const mdup_original_plan *plan,
                                             mdup_original_scratch *scratch, const float *pixels,
                                             mdup_error **err)
{
    mdup_original_image *image = allocate_image(plan, err);
    if (!image)
        return NULL;
    image->constant = isfinite(pixels[0]) && is_constant(pixels, n_pixels(plan));
    if (image->constant)
        return image; /* never looked at further */
    if (!normalise(pixels, n_pixels(plan), image->pixels, err)) {
        mdup_original_image_free(image);
        return NULL;
    }
    for (int32_t y = 0; y < plan->ny; y++)
        image->row_sums[y] =
            plan->nx * mean_of(image->pixels + (ptrdiff_t)y * plan->nx, (size_t)plan->nx);
    mdup_tiltxcorr_transform(&plan->correlation, image->pixels, scratch->real, image->spectrum);
    return image;
}

void mdup_original_image_free(mdup_original_image *image)
{
    if (!image)
        return;
    free(image->pixels);
    free(image->spectrum);
    free(image->row_sums);
    free(image);
}

/* Moves the image into the filter's buffer by a shift, and filters it there. */
static const float *shift_and_filter(const mdup_original_plan *plan, mdup_original_scratch *scratch,
                                     const mdup_original_image *image, double shift_x_px,
                                     double shift_y_px)
{
    float *placed = mdup_mtffilter_image(&plan->filter, scratch->real);
    float fill = mdup_newstack_fill(image->row_sums, plan->nx, plan->ny, shift_y_px);
    mdup_newstack_shift(image->pixels, plan->nx, plan->ny, shift_x_px, shift_y_px, fill,
                        scratch->row, placed, plan->filter.pad_nx);
    mdup_mtffilter_run(&plan->filter, scratch->real, scratch->spectrum);
    return placed;
}

typedef struct {
    double mean;
    double norm; /* root of the sum of squared deviations */
    double dot;  /* with the reference, when one is given */
} frame_sums;

static frame_sums sum_frame(const mdup_original_plan *plan, const float *frame,
                            const float *reference)
{
    double sum = 0;
    double squares = 0;
    double dot = 0;
    for (int32_t y = 0; y < plan->ny; y++) {
        const float *row = frame + (ptrdiff_t)y * plan->filter.pad_nx;
        const float *other = reference ? reference + (ptrdiff_t)y * plan->nx : row;
        for (int32_t x = 0; x < plan->nx; x++) {
            sum += (double)row[x];
            squares += (double)row[x] * (double)row[x];
            dot += (double)row[x] * (double)other[x];
        }
    }
    double mean = sum / (double)n_pixels(plan);
    return (frame_sums){mean, sqrt(fmax(0, squares - sum * mean)), dot};
}

void mdup_original_set_reference(const mdup_original_plan *plan, mdup_original_scratch *scratch,
                                 const mdup_original_image *reference)
{
    scratch->reference_constant = reference->constant;
    if (reference->constant)
        return;
    mdup_tiltxcorr_weight(&plan->correlation, reference->spectrum, scratch->reference_spectrum);
    const float *frame = shift_and_filter(plan, scratch, reference, 0, 0);
    frame_sums sums = sum_frame(plan, frame, NULL);
    if (sums.norm == 0) {
        scratch->reference_constant = true;
        return;
    }
    for (int32_t y = 0; y < plan->ny; y++) {
        const float *row = frame + (ptrdiff_t)y * plan->filter.pad_nx;
        float *out = scratch->reference + (ptrdiff_t)y * plan->nx;
        for (int32_t x = 0; x < plan->nx; x++)
            out[x] = (float)(((double)row[x] - sums.mean) / sums.norm);
    }
}

static double round_to_file(double shift_px)
{
    return round(shift_px * 1000) / 1000;
}

void mdup_original_compare(const mdup_original_plan *plan, mdup_original_scratch *scratch,
                           const mdup_original_image *target, mdup_original_result *out)
{
    *out = (mdup_original_result){0};
    if (scratch->reference_constant || target->constant)
        return;
    double shift_x_px, shift_y_px;
    mdup_tiltxcorr_find(&plan->correlation, scratch->reference_spectrum, target->spectrum,
                        scratch->real, scratch->spectrum, &shift_x_px, &shift_y_px);
    out->shift_x_px = round_to_file(shift_x_px);
    out->shift_y_px = round_to_file(shift_y_px);
    const float *frame = shift_and_filter(plan, scratch, target, out->shift_x_px, out->shift_y_px);
    frame_sums sums = sum_frame(plan, frame, scratch->reference);
    if (sums.norm > 0)
        out->ccc = fmax(-1, fmin(1, sums.dot / sums.norm));
}
