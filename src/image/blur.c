#include "image/blur.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"

enum { PASSES = 3 };

/* So many rows, then so many columns, are averaged side by side, in a block that stays in the first cache: a single one is a chain of additions
 * each of which waits for the last. */
enum { LANES = 8 };

/* Two blocks. */
size_t mdup_blur_scratch_size(int32_t nx, int32_t ny)
{
    return 2 * LANES * (size_t)(nx > ny ? nx : ny);
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

/* sums += what enters the window - what leaves it; out = sums * scale. */
static inline void step(float sums[LANES], const float *enters, const float *leaves, float scale,
                        float *restrict out)
{
    for (int i = 0; i < LANES; i++) {
        sums[i] += enters[i] - leaves[i];
        out[i] = sums[i] * scale;
    }
}

/* The mean over [i - radius, i + radius] of each lane, n values long.  In single precision: the callers blur images of mean near 0 and unit
 * size, and n is some hundreds. */
static inline void mean_of_lanes(const float *restrict in, int32_t n, int32_t radius,
                                 float *restrict out)
{
    static const float nothing[LANES];
    float sums[LANES] = {0};
    for (int32_t i = 0; i < radius && i < n; i++)
        for (int k = 0; k < LANES; k++)
            sums[k] += in[i * LANES + k];
    for (int32_t i = 0; i < n; i++) {
        int32_t first = i - radius, last = i + radius;
        const float *enters = last < n ? in + (ptrdiff_t)last * LANES : nothing;
        const float *leaves = first > 0 ? in + (ptrdiff_t)(first - 1) * LANES : nothing;
        float scale = 1.0f / (float)(clamp(last, n - 1) - clamp(first, n - 1) + 1);
        step(sums, enters, leaves, scale, out + (ptrdiff_t)i * LANES);
    }
}

/* Leaves the answer in `other`. */
MDUP_CLONES
static void blur_lanes(float *block, int32_t n, int32_t radius, float *other)
{
    mean_of_lanes(block, n, radius, other);
    mean_of_lanes(other, n, radius, block);
    mean_of_lanes(block, n, radius, other);
}
_Static_assert((int)PASSES == 3, "as many as blur_lanes has");

/* ---- blocks of rows and of columns ---- */

static void blur_rows(float *restrict rows, int32_t nx, int32_t n, int32_t radius,
                      float *restrict block, float *restrict other)
{
    for (int32_t i = 0; i < n; i++)
        for (int32_t x = 0; x < nx; x++)
            block[(ptrdiff_t)x * LANES + i] = rows[(ptrdiff_t)i * nx + x];
    blur_lanes(block, nx, radius, other);
    for (int32_t i = 0; i < n; i++)
        for (int32_t x = 0; x < nx; x++)
            rows[(ptrdiff_t)i * nx + x] = other[(ptrdiff_t)x * LANES + i];
}

static inline void copy_row(const float *from, float *to, int32_t n)
{
    if (n == LANES)
        memcpy(to, from, LANES * sizeof *to);
    else
        for (int32_t i = 0; i < n; i++)
            to[i] = from[i];
}

static void blur_columns(float *columns, int32_t nx, int32_t ny, int32_t n, int32_t radius,
                         float *block, float *other)
{
    for (int32_t y = 0; y < ny; y++)
        copy_row(columns + (ptrdiff_t)y * nx, block + (ptrdiff_t)y * LANES, n);
    blur_lanes(block, ny, radius, other);
    for (int32_t y = 0; y < ny; y++)
        copy_row(other + (ptrdiff_t)y * LANES, columns + (ptrdiff_t)y * nx, n);
}

static int32_t lanes_left(int32_t from, int32_t n)
{
    return n - from < LANES ? n - from : LANES;
}

void mdup_blur(float *image, int32_t nx, int32_t ny, double sigma_x_px, double sigma_y_px,
               float *scratch)
{
    int32_t radius_x = box_radius(sigma_x_px), radius_y = box_radius(sigma_y_px);
    size_t values = mdup_blur_scratch_size(nx, ny) / 2;
    float *block = scratch, *other = scratch + values;
    /* Lanes that are not filled are averaged too, without use. */
    memset(block, 0, 2 * values * sizeof *block);
    for (int32_t y = 0; y < ny; y += LANES)
        blur_rows(image + (ptrdiff_t)y * nx, nx, lanes_left(y, ny), radius_x, block, other);
    for (int32_t x = 0; x < nx; x += LANES)
        blur_columns(image + x, nx, ny, lanes_left(x, nx), radius_y, block, other);
}
