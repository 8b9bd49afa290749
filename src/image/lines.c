#include "image/lines.h"

#include <math.h>
#include <string.h>

#include "base/median.h"

/* Means of rows and columns count as a line's from so many robust sd on.  Taken from every row and column, they take 1 to 2 % off the
 * height of true peaks; below this limit a line adds less than 1 sd to a false one. */
static const float LINE_sd = 4.0f;

/* Only the means that are far from 0 stay. */
static void keep_outliers(float *means, int32_t n, float *sizes)
{
    for (int32_t i = 0; i < n; i++)
        sizes[i] = fabsf(means[i]);
    float limit = LINE_sd * 1.4826f * mdup_median(sizes, (size_t)n);
    for (int32_t i = 0; i < n; i++)
        if (fabsf(means[i]) <= limit)
            means[i] = 0;
}

size_t mdup_remove_lines_scratch_size(int32_t nx, int32_t ny)
{
    return (size_t)nx + (size_t)ny + (size_t)(nx > ny ? nx : ny);
}

/* In eight parts, which compilers add side by side. */
static float sum_of_row(const float *row, int32_t n)
{
    float parts[8] = {0}, sum = 0;
    int32_t whole = n / 8 * 8;
    for (int32_t x = 0; x < whole; x += 8)
        for (int32_t i = 0; i < 8; i++)
            parts[i] += row[x + i];
    for (int32_t x = whole; x < n; x++)
        sum += row[x];
    for (int32_t i = 0; i < 8; i++)
        sum += parts[i];
    return sum;
}

static void scale_by(float *values, int32_t n, float factor)
{
    for (int32_t i = 0; i < n; i++)
        values[i] *= factor;
}

void mdup_remove_lines(float *image, int32_t nx, int32_t ny, float *scratch)
{
    float *columns = scratch, *rows = columns + nx, *sizes = rows + ny;
    memset(columns, 0, (size_t)nx * sizeof *columns);
    for (int32_t y = 0; y < ny; y++) {
        const float *row = image + (ptrdiff_t)y * nx;
        rows[y] = sum_of_row(row, nx);
        for (int32_t x = 0; x < nx; x++)
            columns[x] += row[x];
    }
    scale_by(columns, nx, 1.0f / (float)ny);
    scale_by(rows, ny, 1.0f / (float)nx);
    keep_outliers(columns, nx, sizes);
    keep_outliers(rows, ny, sizes);
    for (int32_t y = 0; y < ny; y++) {
        float *row = image + (ptrdiff_t)y * nx;
        for (int32_t x = 0; x < nx; x++)
            row[x] -= rows[y] + columns[x];
    }
}
