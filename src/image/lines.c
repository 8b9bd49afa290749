#include "image/lines.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/clones.h"
#include "base/median.h"

/* Means of rows and columns count as a line's from so many robust sd on.  Taken from every row and column, they take 1 to 2 % off the
 * height of true peaks; below this limit a line adds less than 1 sd to a false one. */
static const float LINE_sd = 4.0f;

/* Only the means that are far from 0 stay; whether there are any. */
static bool keep_outliers(float *means, int32_t n, float *sizes)
{
    for (int32_t i = 0; i < n; i++)
        sizes[i] = fabsf(means[i]);
    float limit = LINE_sd * 1.4826f * mdup_median(sizes, (size_t)n);
    bool any = false;
    for (int32_t i = 0; i < n; i++) {
        if (fabsf(means[i]) > limit)
            any = true;
        else
            means[i] = 0;
    }
    return any;
}

size_t mdup_remove_lines_scratch_size(int32_t nx, int32_t ny)
{
    return (size_t)nx + (size_t)ny + (size_t)(nx > ny ? nx : ny);
}

/* Returns the sum of the row and adds it to the columns; in eight parts, which compilers add side by side. */
MDUP_CLONES
static float add_row(const float *restrict row, int32_t n, float *restrict columns)
{
    float parts[8] = {0}, sum = 0;
    int32_t whole = n / 8 * 8;
    for (int32_t x = 0; x < whole; x += 8)
        for (int32_t i = 0; i < 8; i++) {
            parts[i] += row[x + i];
            columns[x + i] += row[x + i];
        }
    for (int32_t x = whole; x < n; x++) {
        sum += row[x];
        columns[x] += row[x];
    }
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
    for (int32_t y = 0; y < ny; y++)
        rows[y] = add_row(image + (ptrdiff_t)y * nx, nx, columns);
    scale_by(columns, nx, 1.0f / (float)ny);
    scale_by(rows, ny, 1.0f / (float)nx);
    bool any_column = keep_outliers(columns, nx, sizes), any_row = keep_outliers(rows, ny, sizes);
    if (!any_column && !any_row)
        return;
    for (int32_t y = 0; y < ny; y++) {
        float *row = image + (ptrdiff_t)y * nx;
        for (int32_t x = 0; x < nx; x++)
            row[x] -= rows[y] + columns[x];
    }
}
