#include "image/blur.h"

#include <math.h>
#include <string.h>

enum { PASSES = 3 };

size_t mdup_blur_scratch_size(int32_t nx, int32_t ny)
{
    return (size_t)nx * (size_t)ny + (size_t)nx;
}

/* PASSES boxes of 2 r + 1 have together the variance PASSES * ((2 r + 1)^2 - 1) / 12. */
static int32_t box_radius(double sigma_px)
{
    double width = sqrt(12.0 * sigma_px * sigma_px / PASSES + 1.0);
    return (int32_t)lround((width - 1.0) / 2.0);
}

static int32_t clamp(int32_t value, int32_t high)
{
    return value < 0 ? 0 : value > high ? high : value;
}

/* Mean over [x - radius, x + radius] within the row.  The sum is kept in double: it is added to and taken from nx times.  Only the ends
 * need a quotient a pixel. */
static void mean_along_row(const float *in, int32_t nx, int32_t radius, float *out)
{
    double sum = 0;
    int32_t inner_from = radius + 1 < nx ? radius + 1 : nx;
    int32_t inner_to = nx - radius > inner_from ? nx - radius : inner_from;
    double scale = 1.0 / (2 * radius + 1);
    for (int32_t x = 0; x < radius && x < nx; x++)
        sum += (double)in[x];
    for (int32_t x = 0; x < inner_from; x++) {
        sum += x + radius < nx ? (double)in[x + radius] : 0;
        out[x] = (float)(sum / (clamp(x + radius, nx - 1) + 1));
    }
    for (int32_t x = inner_from; x < inner_to; x++) {
        sum += (double)(in[x + radius] - in[x - radius - 1]);
        out[x] = (float)(sum * scale);
    }
    for (int32_t x = inner_to; x < nx; x++) {
        sum -= (double)in[x - radius - 1];
        sum += x + radius < nx ? (double)in[x + radius] : 0;
        out[x] = (float)(sum / (clamp(x + radius, nx - 1) - (x - radius) + 1));
    }
}

static void add_row(float *sums, const float *row, int32_t nx, float sign)
{
    for (int32_t x = 0; x < nx; x++)
        sums[x] += sign * row[x];
}

/* The same down the columns, all columns at once so that memory is walked in order.  Single
 * precision: the callers blur images of mean near 0 and unit size, and ny is some hundreds. */
static void mean_along_columns(const float *in, int32_t nx, int32_t ny, int32_t radius, float *sums,
                               float *out)
{
    memset(sums, 0, (size_t)nx * sizeof *sums);
    for (int32_t y = 0; y < radius && y < ny; y++)
        add_row(sums, in + (ptrdiff_t)y * nx, nx, 1);
    for (int32_t y = 0; y < ny; y++) {
        if (y + radius < ny)
            add_row(sums, in + (ptrdiff_t)(y + radius) * nx, nx, 1);
        if (y - radius - 1 >= 0)
            add_row(sums, in + (ptrdiff_t)(y - radius - 1) * nx, nx, -1);
        float scale = 1.0f / (float)(clamp(y + radius, ny - 1) - clamp(y - radius, ny - 1) + 1);
        float *row = out + (ptrdiff_t)y * nx;
        for (int32_t x = 0; x < nx; x++)
            row[x] = sums[x] * scale;
    }
}

void mdup_blur(float *image, int32_t nx, int32_t ny, double sigma_x_px, double sigma_y_px,
               float *scratch)
{
    int32_t radius_x = box_radius(sigma_x_px), radius_y = box_radius(sigma_y_px);
    float *other = scratch, *sums = scratch + (ptrdiff_t)nx * ny;
    for (int pass = 0; pass < PASSES; pass++) {
        for (int32_t y = 0; y < ny; y++)
            mean_along_row(image + (ptrdiff_t)y * nx, nx, radius_x, other + (ptrdiff_t)y * nx);
        mean_along_columns(other, nx, ny, radius_y, sums, image);
    }
}
