#include "image/bin.h"

#include <stddef.h>
#include <string.h>

enum { SHORTEST_LONG_SIDE_px = 350 };

int32_t mdup_bin_auto(int32_t nx, int32_t ny)
{
    int32_t bin = (nx > ny ? nx : ny) / SHORTEST_LONG_SIDE_px;
    return bin > 1 ? bin : 1;
}

void mdup_bin_rows(const float *rows, int32_t nx, int32_t bin, float *sums, float *out)
{
    memcpy(sums, rows, (size_t)nx * sizeof *sums);
    for (int32_t y = 1; y < bin; y++) {
        const float *row = rows + (ptrdiff_t)y * nx;
        for (int32_t x = 0; x < nx; x++)
            sums[x] += row[x];
    }
    float scale = 1.0f / ((float)bin * (float)bin);
    for (int32_t x = 0; x < nx / bin; x++) {
        float sum = 0;
        for (int32_t i = 0; i < bin; i++)
            sum += sums[(ptrdiff_t)x * bin + i];
        out[x] = sum * scale;
    }
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
