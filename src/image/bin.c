#include "image/bin.h"

#include <stddef.h>
#include <string.h>

#include "base/clones.h"

enum { SHORTEST_LONG_SIDE_px = 350 };

int32_t mdup_bin_auto(int32_t nx, int32_t ny)
{
    int32_t bin = (nx > ny ? nx : ny) / SHORTEST_LONG_SIDE_px;
    return bin > 1 ? bin : 1;
}

/* Sums of n rows, four at a time so that the sums are loaded and stored a quarter as often. */
MDUP_CLONES
static void add_rows(const float *restrict rows, int32_t nx, int32_t n, float *restrict sums)
{
    memset(sums, 0, (size_t)nx * sizeof *sums);
    int32_t y = 0;
    for (; y + 4 <= n; y += 4) {
        const float *row = rows + (ptrdiff_t)y * nx;
        for (int32_t x = 0; x < nx; x++)
            sums[x] += row[x] + row[x + nx] + (row[x + 2 * nx] + row[x + 3 * nx]);
    }
    for (; y < n; y++)
        for (int32_t x = 0; x < nx; x++)
            sums[x] += rows[(ptrdiff_t)y * nx + x];
}

/* In four parts, which are added side by side. */
static inline float sum_of(const float *values, int32_t n)
{
    float parts[4] = {0};
    int32_t whole = n / 4 * 4;
    for (int32_t i = 0; i < whole; i += 4)
        for (int32_t k = 0; k < 4; k++)
            parts[k] += values[i + k];
    float sum = (parts[0] + parts[1]) + (parts[2] + parts[3]);
    for (int32_t i = whole; i < n; i++)
        sum += values[i];
    return sum;
}

/* The quarters of each bin, chequered: the two on one diagonal less the two on the other. */
static void difference_of_quarters(const float *low, const float *high, int32_t nx, int32_t bin,
                                   float *detail)
{
    int32_t half = bin / 2;
    float scale = 1.0f / ((float)half * (float)half);
    for (int32_t x = 0; x < nx / bin; x++) {
        ptrdiff_t left = (ptrdiff_t)x * bin, right = left + bin - half;
        detail[x] = (sum_of(low + left, half) - sum_of(low + right, half) -
                     sum_of(high + left, half) + sum_of(high + right, half)) *
                    scale;
    }
}

void mdup_bin_rows(const float *rows, int32_t nx, int32_t bin, float *sums, float *out,
                   float *detail)
{
    int32_t half = bin / 2;
    float *low = sums, *high = sums + nx;
    add_rows(rows, nx, half, low);
    add_rows(rows + (ptrdiff_t)(bin - half) * nx, nx, half, high);
    if (half > 0 && detail)
        difference_of_quarters(low, high, nx, bin, detail);
    for (int32_t x = 0; x < nx; x++)
        low[x] += high[x];
    for (int32_t x = 0; bin % 2 == 1 && x < nx; x++)
        low[x] += rows[(ptrdiff_t)half * nx + x];
    float scale = 1.0f / ((float)bin * (float)bin);
    for (int32_t x = 0; x < nx / bin; x++)
        out[x] = sum_of(low + (ptrdiff_t)x * bin, bin) * scale;
}

void mdup_flip_rows(float *image, int32_t nx, int32_t ny, float *row)
{
    size_t row_bytes = (size_t)nx * sizeof *image;
    for (int32_t low = 0, high = ny - 1; low < high; low++, high--) {
        memcpy(row, image + (ptrdiff_t)low * nx, row_bytes);
        memcpy(image + (ptrdiff_t)low * nx, image + (ptrdiff_t)high * nx, row_bytes);
        memcpy(image + (ptrdiff_t)high * nx, row, row_bytes);
    }
}
