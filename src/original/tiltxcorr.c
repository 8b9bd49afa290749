#include "original/tiltxcorr.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "original/imod.h"

/* IMOD pads to sizes FFTW likes, with prime factors up to 13. */
enum { LARGEST_PRIME = 13, MAX_PADDED_px = 1180, MAX_BIN = 8 };

static int32_t clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

static int32_t share(double fraction, int32_t n)
{
    return (int32_t)lround(fraction * n);
}

/* tiltxcorr reduces images whose padded side is above 1180 px, and then prefers 4 to more as long as the result stays
 * below 4300 x 4300. */
static int32_t choose_bin(int32_t padded_nx, int32_t padded_ny)
{
    int32_t longest = padded_nx > padded_ny ? padded_nx : padded_ny;
    int32_t bin = (longest + MAX_PADDED_px - 1) / MAX_PADDED_px;
    if (bin <= 4)
        return bin;
    for (bin = 4; bin < MAX_BIN; bin++) {
        double area = (mdup_imod_pad_size(padded_nx / bin, LARGEST_PRIME) + 2.0) *
                      mdup_imod_pad_size(padded_ny / bin, LARGEST_PRIME);
        if (area < 4300.0 * 4300.0)
            break;
    }
    return bin;
}

static void fill_fade(float *fade, int32_t n, int32_t taper_px)
{
    for (int32_t i = 0; i < n; i++) {
        int32_t from_edge = i < n - 1 - i ? i : n - 1 - i;
        fade[i] = from_edge < taper_px ? (float)(from_edge + 1) / (float)(taper_px + 1) : 1;
    }
}

static void choose_sizes(mdup_tiltxcorr *self, int32_t nx, int32_t ny)
{
    int32_t padded_nx = nx + 2 * clamp(share(0.05, nx), 5, 20);
    int32_t padded_ny = ny + 2 * clamp(share(0.05, ny), 5, 20);
    self->nx = nx;
    self->bin = choose_bin(padded_nx, padded_ny);
    self->box_nx = nx / self->bin;
    self->box_ny = ny / self->bin;
    self->pad_nx = mdup_imod_pad_size(padded_nx / self->bin, LARGEST_PRIME);
    self->pad_ny = mdup_imod_pad_size(padded_ny / self->bin, LARGEST_PRIME);
    self->pad_left = self->pad_nx / 2 - self->box_nx / 2;
    self->pad_bottom = self->pad_ny / 2 - self->box_ny / 2;
}

bool mdup_tiltxcorr_init(mdup_tiltxcorr *self, int32_t nx, int32_t ny, mdup_error **err)
{
    static const mdup_imod_band band = {0.03, 0.25, 0.05};
    memset(self, 0, sizeof *self);
    choose_sizes(self, nx, ny);
    size_t n_fade = (size_t)self->box_nx + (size_t)self->box_ny;
    self->fft = mdup_fft_new(self->pad_nx, self->pad_ny, err);
    if (self->fft)
        self->filter =
            mdup_imod_filter_new(self->pad_nx, self->pad_ny, &band, MDUP_IMOD_NEAREST_STEP, err);
    if (self->filter)
        self->fade_x = mdup_calloc(n_fade, sizeof *self->fade_x, err);
    if (!self->fade_x) {
        mdup_tiltxcorr_clear(self);
        return false;
    }
    self->fade_y = self->fade_x + self->box_nx;
    fill_fade(self->fade_x, self->box_nx, clamp(share(0.1, nx), 5, 100) / self->bin);
    fill_fade(self->fade_y, self->box_ny, clamp(share(0.1, ny), 5, 100) / self->bin);
    return true;
}

void mdup_tiltxcorr_clear(mdup_tiltxcorr *self)
{
    mdup_fft_free(self->fft);
    free(self->filter);
    free(self->fade_x);
    memset(self, 0, sizeof *self);
}

size_t mdup_tiltxcorr_real_size(const mdup_tiltxcorr *self)
{
    return (size_t)self->pad_nx * (size_t)self->pad_ny;
}

size_t mdup_tiltxcorr_spectrum_size(const mdup_tiltxcorr *self)
{
    return mdup_fft_spectrum_size(self->fft);
}

static void reduce_row(const float *rows, int32_t nx, int32_t bin, int32_t n_out, float *out)
{
    for (int32_t x = 0; x < n_out; x++) {
        double sum = 0;
        for (int32_t j = 0; j < bin; j++)
            for (int32_t i = 0; i < bin; i++)
                sum += (double)rows[(ptrdiff_t)j * nx + (ptrdiff_t)x * bin + i];
        out[x] = (float)(sum / ((double)bin * bin));
    }
}

/* The box into the middle of a padded image of zeros, less its edge mean.  IMOD subtracts the mean of the whole instead;
 * the filter removes the difference. */
static void place(const mdup_tiltxcorr *self, const float *image, float *real)
{
    memset(real, 0, mdup_tiltxcorr_real_size(self) * sizeof *real);
    float *box = real + (ptrdiff_t)self->pad_bottom * self->pad_nx + self->pad_left;
    for (int32_t y = 0; y < self->box_ny; y++) {
        const float *rows = image + (ptrdiff_t)y * self->bin * self->nx;
        float *out = box + (ptrdiff_t)y * self->pad_nx;
        if (self->bin == 1)
            memcpy(out, rows, (size_t)self->nx * sizeof *out);
        else
            reduce_row(rows, self->nx, self->bin, self->box_nx, out);
    }
    float edge = mdup_imod_edge_mean(box, self->pad_nx, self->box_nx, self->box_ny);
    for (int32_t y = 0; y < self->box_ny; y++) {
        float *row = box + (ptrdiff_t)y * self->pad_nx;
        for (int32_t x = 0; x < self->box_nx; x++) {
            float fade = self->fade_x[x] < self->fade_y[y] ? self->fade_x[x] : self->fade_y[y];
            row[x] = fade * (row[x] - edge);
        }
    }
}

void mdup_tiltxcorr_transform(const mdup_tiltxcorr *self, const float *image, float *real,
                              float complex *spectrum)
{
    place(self, image, real);
    mdup_fft_forward(self->fft, real, spectrum);
}

/* Complex numbers are taken as pairs of floats: `*` on them checks for NaN, which costs more than the product. */
void mdup_tiltxcorr_weight(const mdup_tiltxcorr *self, const float complex *spectrum,
                           float complex *weighted)
{
    size_t n = mdup_tiltxcorr_spectrum_size(self);
    const float *in = (const float *)spectrum;
    float *out = (float *)weighted;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = in[2 * i] * self->filter[i];
        out[2 * i + 1] = in[2 * i + 1] * self->filter[i];
    }
}

static void multiply_by_conjugate(const float complex *a, const float complex *b, size_t n,
                                  float complex *product)
{
    const float *p = (const float *)a;
    const float *q = (const float *)b;
    float *out = (float *)product;
    for (size_t i = 0; i < 2 * n; i += 2) {
        out[i] = p[i] * q[i] + p[i + 1] * q[i + 1];
        out[i + 1] = p[i + 1] * q[i] - p[i] * q[i + 1];
    }
}

static size_t highest(const float *map, size_t n)
{
    size_t best = 0;
    float top = map[0];
    for (size_t i = 1; i < n; i++)
        if (map[i] > top) {
            top = map[i];
            best = i;
        }
    return best;
}

/* The top of the parabola through three neighbours, relative to the middle one, which is the highest. */
static double parabola_top(float before, float middle, float after)
{
    double slope = (double)before - (double)after;
    double curvature = 2 * ((double)before + (double)after - 2 * (double)middle);
    if (fabs(curvature) <= fabs(0.01 * slope) || curvature == 0)
        return 0;
    return fmax(-0.5, fmin(0.5, slope / curvature));
}

static double unwrap(double position, int32_t n)
{
    return position > n / 2 ? position - n : position;
}

void mdup_tiltxcorr_find(const mdup_tiltxcorr *self, const float complex *weighted_reference,
                         const float complex *target, float *real, float complex *product,
                         double *shift_x_px, double *shift_y_px)
{
    size_t nx = (size_t)self->pad_nx;
    size_t ny = (size_t)self->pad_ny;
    multiply_by_conjugate(weighted_reference, target, mdup_tiltxcorr_spectrum_size(self), product);
    mdup_fft_inverse(self->fft, product, real);
    size_t at = highest(real, nx * ny);
    size_t x = at % nx;
    size_t y = at / nx;
    const float *row = real + y * nx;
    double dx = parabola_top(row[(x + nx - 1) % nx], real[at], row[(x + 1) % nx]);
    double dy =
        parabola_top(real[(y + ny - 1) % ny * nx + x], real[at], real[(y + 1) % ny * nx + x]);
    *shift_x_px = self->bin * unwrap((double)x + dx, self->pad_nx);
    *shift_y_px = self->bin * unwrap((double)y + dy, self->pad_ny);
}
