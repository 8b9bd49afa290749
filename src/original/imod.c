#include "original/imod.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

static bool has_small_primes(int32_t n, int32_t largest_prime)
{
    for (int32_t factor = 2; factor <= largest_prime; factor++)
        while (n % factor == 0)
            n /= factor;
    return n == 1;
}

int32_t mdup_imod_pad_size(int32_t wanted, int32_t largest_prime)
{
    int32_t n = wanted + wanted % 2;
    while (!has_small_primes(n, largest_prime))
        n += 2;
    return n;
}

float mdup_imod_edge_mean(const float *box, int32_t stride, int32_t nx, int32_t ny)
{
    const float *top = box + (ptrdiff_t)(ny - 1) * stride;
    double sum = 0;
    for (int32_t x = 0; x < nx; x++)
        sum += (double)box[x] + (double)top[x];
    for (int32_t y = 1; y < ny - 1; y++) {
        const float *row = box + (ptrdiff_t)y * stride;
        sum += (double)row[0] + (double)row[nx - 1];
    }
    return (float)(sum / (2.0 * (nx - 1 + ny - 1)));
}

static double band_weight(const mdup_imod_band *band, double frequency)
{
    double low = frequency / band->high_pass_sigma;
    double high = fmax(0, frequency - band->low_pass_radius) / band->low_pass_sigma;
    double weight = exp(-0.5 * high * high) * (1 - exp(-0.5 * low * low));
    return weight < 1e-6 ? 0 : weight;
}

static double interpolated_weight(const mdup_imod_band *band, double frequency, double step)
{
    double place = frequency / step;
    double below = floor(place);
    double fraction = place - below;
    return (1 - fraction) * band_weight(band, below * step) +
           fraction * band_weight(band, (below + 1) * step);
}

float *mdup_imod_filter_new(int32_t pad_nx, int32_t pad_ny, const mdup_imod_band *band,
                            mdup_imod_lookup lookup, mdup_error **err)
{
    int32_t half = pad_nx / 2 + 1;
    float *filter = mdup_alloc_aligned((size_t)half * (size_t)pad_ny, sizeof *filter, err);
    if (!filter)
        return NULL;
    int32_t longest = pad_nx > pad_ny ? pad_nx : pad_ny;
    double n_steps = fmin(8192, fmax(1024, 2.0 * longest));
    double step = 1 / (0.71 * n_steps);
    double fine_step = 0.71 / n_steps;
    for (int32_t ky = 0; ky < pad_ny; ky++) {
        double y = (ky > pad_ny / 2 ? pad_ny - ky : ky) / (double)pad_ny;
        for (int32_t kx = 0; kx < half; kx++) {
            double s = hypot(kx / (double)pad_nx, y);
            double weight =
                lookup == MDUP_IMOD_NEAREST_STEP
                    ? band_weight(band, floor(s / step + 0.5) * step)
                    : interpolated_weight(band, floor(s / fine_step + 0.5) * fine_step, step);
            filter[(size_t)ky * (size_t)half + (size_t)kx] = (float)weight;
        }
    }
    return filter;
}
