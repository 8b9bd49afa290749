#include "verify/whole.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verify/crop.h"

struct mdup_whitener {
    const mdup_conditioner *conditioner;
    int32_t nx, ny; /* of the plane */
    mdup_fft *fft;
    bool is_weighted;
    float *weight; /* of the conditioner with its statistics, a sample of the half spectrum each */
    float *image, *smooth, *smoothing, *taper_x, *taper_y;
    float complex *spectrum;
};

/* No wider than the band of the search, with which the constants of repeats.c were measured: with the wide one the corners of CU428 have an E of
 * 5e-4 to 4e-3, in place of 1e-4 to 4e-4. */
static void fill_weight(const mdup_conditioner *c, mdup_whitener *m)
{
    int32_t half = m->nx / 2 + 1;
    for (int32_t ky = 0; ky < m->ny; ky++) {
        float fy = (float)(ky <= m->ny / 2 ? ky : ky - m->ny) / (float)m->ny;
        for (int32_t kx = 0; kx < half; kx++) {
            float fx = (float)kx / (float)m->nx;
            m->weight[(ptrdiff_t)ky * half + kx] =
                mdup_condition_search_weight(c, sqrtf(fx * fx + fy * fy));
        }
    }
}

static bool make_room(const mdup_conditioner *c, mdup_whitener *m, mdup_error **err)
{
    size_t plane = (size_t)m->nx * (size_t)m->ny, half = ((size_t)m->nx / 2 + 1) * (size_t)m->ny;
    return (m->fft = mdup_fft_new(m->nx, m->ny, err)) &&
           (m->weight = mdup_alloc_aligned(half, sizeof *m->weight, err)) &&
           (m->image = mdup_alloc_aligned(plane, sizeof *m->image, err)) &&
           (m->spectrum = mdup_alloc_aligned(half, sizeof *m->spectrum, err)) &&
           (m->smooth = mdup_alloc_aligned(half, sizeof *m->smooth, err)) &&
           (m->smoothing = mdup_alloc_aligned(mdup_smooth_power_scratch_size(m->nx, m->ny),
                                              sizeof *m->smoothing, err)) &&
           (m->taper_x = mdup_alloc_aligned((size_t)c->nx, sizeof *m->taper_x, err)) &&
           (m->taper_y = mdup_alloc_aligned((size_t)c->ny, sizeof *m->taper_y, err));
}

mdup_whitener *mdup_whitener_new(const mdup_conditioner *c, mdup_error **err)
{
    mdup_whitener *m = mdup_calloc(1, sizeof *m, err);
    if (!m)
        return NULL;
    m->conditioner = c;
    m->nx = mdup_fft_good_size(c->nx);
    m->ny = mdup_fft_good_size(c->ny);
    if (!make_room(c, m, err)) {
        mdup_whitener_free(m);
        return NULL;
    }
    mdup_crop_taper(c->nx, m->taper_x);
    mdup_crop_taper(c->ny, m->taper_y);
    return m;
}

void mdup_whitener_free(mdup_whitener *m)
{
    if (!m)
        return;
    mdup_fft_free(m->fft);
    free(m->weight);
    free(m->image);
    free(m->spectrum);
    free(m->smooth);
    free(m->smoothing);
    free(m->taper_x);
    free(m->taper_y);
    free(m);
}

static void whiten(mdup_whitener *m)
{
    mdup_smooth_power(m->spectrum, m->nx, m->ny, mdup_whitening_sigma_x(m->nx),
                      mdup_whitening_sigma_y(m->ny), m->smoothing, m->smooth);
    size_t n = mdup_fft_spectrum_size(m->fft);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)m->smooth[i];
    float floor = MDUP_WHITENING_FLOOR * (float)(sum / (double)n);
    for (size_t i = 0; i < n; i++) {
        float power = m->smooth[i] + floor;
        m->spectrum[i] *= power > 0 ? m->weight[i] / sqrtf(power) : 0.0f;
    }
}

const float *mdup_whiten_frame(mdup_whitener *m, const float *clean, ptrdiff_t *stride)
{
    int32_t nx = m->conditioner->nx, ny = m->conditioner->ny;
    const mdup_crop whole = {0, 0, nx, ny};
    if (!m->is_weighted)
        fill_weight(m->conditioner, m);
    m->is_weighted = true;
    memset(m->image, 0, (size_t)m->nx * (size_t)m->ny * sizeof *m->image);
    float mean = mdup_crop_mean(clean, nx, &whole, m->taper_x, m->taper_y);
    for (int32_t y = 0; y < ny; y++)
        mdup_crop_row(clean, nx, &whole, y, mean, m->taper_x, m->taper_y[y],
                      m->image + (ptrdiff_t)y * m->nx);
    mdup_fft_forward(m->fft, m->image, m->spectrum);
    whiten(m);
    mdup_fft_inverse(m->fft, m->spectrum, m->image);
    *stride = m->nx;
    return m->image;
}
