#include "original/mtffilter.h"

#include <stdlib.h>
#include <string.h>

#include "original/imod.h"

/* 40 px in all, then up to a size with prime factors up to 19: mtffilter keeps the limit of IMOD's old FFT, where tiltxcorr
 * has gone over to that of FFTW.  (IMOD 5 pads by a fortieth a side and uses 13 here too.) */
enum { PAD_px = 40, LARGEST_PRIME = 19 };

bool mdup_mtffilter_init(mdup_mtffilter *self, int32_t nx, int32_t ny, mdup_error **err)
{
    static const mdup_imod_band band = {0.04, 0.25, 0.05};
    memset(self, 0, sizeof *self);
    self->nx = nx;
    self->ny = ny;
    self->pad_nx = mdup_imod_pad_size(nx + PAD_px, LARGEST_PRIME);
    self->pad_ny = mdup_imod_pad_size(ny + PAD_px, LARGEST_PRIME);
    self->pad_left = (self->pad_nx - nx) / 2;
    self->pad_bottom = (self->pad_ny - ny) / 2;
    self->fft = mdup_fft_new(self->pad_nx, self->pad_ny, err);
    if (self->fft)
        self->filter =
            mdup_imod_filter_new(self->pad_nx, self->pad_ny, &band, MDUP_IMOD_INTERPOLATED, err);
    if (!self->filter) {
        mdup_mtffilter_clear(self);
        return false;
    }
    return true;
}

void mdup_mtffilter_clear(mdup_mtffilter *self)
{
    mdup_fft_free(self->fft);
    free(self->filter);
    memset(self, 0, sizeof *self);
}

size_t mdup_mtffilter_real_size(const mdup_mtffilter *self)
{
    return (size_t)self->pad_nx * (size_t)self->pad_ny;
}

size_t mdup_mtffilter_spectrum_size(const mdup_mtffilter *self)
{
    return mdup_fft_spectrum_size(self->fft);
}

float *mdup_mtffilter_image(const mdup_mtffilter *self, float *real)
{
    return real + (ptrdiff_t)self->pad_bottom * self->pad_nx + self->pad_left;
}

/* From the pixels at both ends of a row of the image linearly to the edge mean.  An odd column that is left over on the
 * right is edge mean. */
static void pad_row(const mdup_mtffilter *self, float *row, float edge)
{
    int32_t n = self->pad_left;
    float *right = row + n + self->nx;
    float first = row[n] - edge;
    float last = right[-1] - edge;
    for (int32_t i = 0; i < n; i++) {
        float weight = (float)i / (float)n;
        row[i] = edge + weight * first;
        right[n - 1 - i] = edge + weight * last;
    }
    if (self->pad_nx - self->nx > 2 * n)
        right[n] = edge;
}

static void fade_row(const float *from, float weight, float edge, int32_t n, float *to)
{
    for (int32_t x = 0; x < n; x++)
        to[x] = edge + weight * (from[x] - edge);
}

static void pad_around(const mdup_mtffilter *self, float *real)
{
    ptrdiff_t width = self->pad_nx;
    int32_t n = self->pad_bottom;
    float edge =
        mdup_imod_edge_mean(mdup_mtffilter_image(self, real), self->pad_nx, self->nx, self->ny);
    for (int32_t y = 0; y < self->ny; y++)
        pad_row(self, real + (n + y) * width, edge);
    float *above = real + (n + self->ny) * width;
    for (int32_t i = 0; i < n; i++) {
        float weight = (float)i / (float)n;
        fade_row(real + n * width, weight, edge, self->pad_nx, real + i * width);
        fade_row(above - width, weight, edge, self->pad_nx, above + (n - 1 - i) * width);
    }
    if (self->pad_ny - self->ny > 2 * n)
        fade_row(above - width, 0, edge, self->pad_nx, above + n * width);
}

void mdup_mtffilter_run(const mdup_mtffilter *self, float *real, float complex *spectrum)
{
    pad_around(self, real);
    mdup_fft_forward(self->fft, real, spectrum);
    size_t n = mdup_mtffilter_spectrum_size(self);
    float *pairs = (float *)spectrum; /* real and imaginary parts */
    for (size_t i = 0; i < n; i++) {
        pairs[2 * i] *= self->filter[i];
        pairs[2 * i + 1] *= self->filter[i];
    }
    mdup_fft_inverse(self->fft, spectrum, real);
}
