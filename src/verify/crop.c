#include "verify/crop.h"

#include <math.h>
#include <stddef.h>

#include "base/clones.h"

/* In cycles/px: 6 samples of a plane of 720 by 512, but at least 2 samples of the plane at hand. */
static const double SIGMA_cycles_x = 6.0 / 720, SIGMA_cycles_y = 6.0 / 512, LEAST_SIGMA = 2.0;

const float MDUP_WHITENING_FLOOR = 1e-3f;

double mdup_whitening_sigma_x(int32_t n)
{
    return fmax(LEAST_SIGMA, SIGMA_cycles_x * n);
}

double mdup_whitening_sigma_y(int32_t n)
{
    return fmax(LEAST_SIGMA, SIGMA_cycles_y * n);
}

float mdup_crop_taper_at(int32_t i, int32_t n)
{
    static const float edge[MDUP_TAPER_px] = {0.15f, 0.5f, 0.85f};
    int32_t from_edge = i < n - 1 - i ? i : n - 1 - i;
    return from_edge < MDUP_TAPER_px ? edge[from_edge] : 1.0f;
}

void mdup_crop_taper(int32_t n, float *taper)
{
    for (int32_t i = 0; i < n; i++)
        taper[i] = mdup_crop_taper_at(i, n);
}

/* In eight parts, which are added side by side. */
MDUP_CLONES
static float sum_of_products(const float *values, const float *weights, int32_t n)
{
    float parts[8] = {0}, sum = 0;
    int32_t whole = n / 8 * 8;
    for (int32_t x = 0; x < whole; x += 8)
        for (int32_t i = 0; i < 8; i++)
            parts[i] += values[x + i] * weights[x + i];
    for (int32_t x = whole; x < n; x++)
        sum += values[x] * weights[x];
    for (int32_t i = 0; i < 8; i++)
        sum += parts[i];
    return sum;
}

static double sum_of(const float *values, int32_t n)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += (double)values[i];
    return sum;
}

float mdup_crop_mean(const float *frame, int32_t frame_nx, const mdup_crop *crop,
                     const float *taper_x, const float *taper_y)
{
    double sum = 0, weight = sum_of(taper_x, crop->nx) * sum_of(taper_y, crop->ny);
    for (int32_t y = 0; y < crop->ny; y++)
        sum += (double)(taper_y[y] *
                        sum_of_products(frame + (ptrdiff_t)(crop->y + y) * frame_nx + crop->x,
                                        taper_x, crop->nx));
    return weight > 0 ? (float)(sum / weight) : 0.0f;
}

MDUP_CLONES
static void taper_row(const float *row, const float *taper, float mean, float factor, int32_t n,
                      float *restrict out)
{
    for (int32_t x = 0; x < n; x++)
        out[x] = (row[x] - mean) * taper[x] * factor;
}

void mdup_crop_row(const float *frame, int32_t frame_nx, const mdup_crop *crop, int32_t y,
                   float mean, const float *taper_x, float taper_at_y, float *out)
{
    taper_row(frame + (ptrdiff_t)(crop->y + y) * frame_nx + crop->x, taper_x, mean, taper_at_y,
              crop->nx, out);
}
