/* The power spectrum, smoothed in two dimensions: what whitening divides by. */
#include <string.h>

#include "image/blur.h"
#include "image/condition.h"

/* Samples added on every side before the blur, so that its edge effects stay out of the spectrum.  Three boxes reach 3 r, r about
 * 1.05 sigma for the widths used here (sigma <= 6). */
enum { MARGIN = 20 };

size_t mdup_smooth_power_scratch_size(int32_t nx, int32_t ny)
{
    int32_t wide = nx / 2 + 1 + 2 * MARGIN, high = ny + 2 * MARGIN;
    return (size_t)wide * (size_t)high + mdup_blur_scratch_size(wide, high);
}

static int32_t wrap(int32_t index, int32_t n)
{
    index %= n;
    return index < 0 ? index + n : index;
}

static float power_of(float complex value)
{
    return crealf(value) * crealf(value) + cimagf(value) * cimagf(value);
}

/* |F|^2 at any column kx, also outside the stored half: F(-k) = conj F(k) for a real image. */
static float power_at(const float complex *spectrum, int32_t nx, int32_t ny, int32_t kx, int32_t ky)
{
    kx = wrap(kx, nx);
    if (kx > nx / 2) {
        kx = nx - kx;
        ky = -ky;
    }
    return power_of(spectrum[(ptrdiff_t)wrap(ky, ny) * (nx / 2 + 1) + kx]);
}

static void extend_row(const float complex *spectrum, int32_t nx, int32_t ny, int32_t ky,
                       float *row)
{
    int32_t half = nx / 2 + 1;
    const float complex *in = spectrum + (ptrdiff_t)wrap(ky, ny) * half;
    for (int32_t kx = 0; kx < half; kx++)
        row[MARGIN + kx] = power_of(in[kx]);
    for (int32_t m = 1; m <= MARGIN; m++) {
        row[MARGIN - m] = power_at(spectrum, nx, ny, -m, ky);
        row[MARGIN + half - 1 + m] = power_at(spectrum, nx, ny, half - 1 + m, ky);
    }
}

void mdup_smooth_power(const float complex *spectrum, int32_t nx, int32_t ny, double sigma_x,
                       double sigma_y, float *scratch, float *smooth)
{
    int32_t half = nx / 2 + 1, wide = half + 2 * MARGIN, high = ny + 2 * MARGIN;
    float *extended = scratch, *blur_scratch = scratch + (ptrdiff_t)wide * high;
    for (int32_t y = 0; y < high; y++)
        extend_row(spectrum, nx, ny, y - MARGIN, extended + (ptrdiff_t)y * wide);
    mdup_blur(extended, wide, high, sigma_x, sigma_y, blur_scratch);
    for (int32_t y = 0; y < ny; y++)
        memcpy(smooth + (ptrdiff_t)y * half, extended + (ptrdiff_t)(y + MARGIN) * wide + MARGIN,
               (size_t)half * sizeof *smooth);
}
