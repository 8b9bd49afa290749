/* Images in the eight orientations, by the definition in image/orientation.h, pixel by pixel. */
#ifndef MDUP_TESTS_TURNED_H
#define MDUP_TESTS_TURNED_H

#include <stddef.h>
#include <stdint.h>

#include "image/orientation.h"
#include "texture.h"

static inline bool is_swapped(mdup_orientation o)
{
    return o == MDUP_ORIENTATION_TRANSPOSED || o == MDUP_ORIENTATION_TURNED_90 ||
           o == MDUP_ORIENTATION_TURNED_270 || o == MDUP_ORIENTATION_ANTITRANSPOSED;
}

/* Where pixel (x, y) of an image of nx x ny px is in the turned one. */
static inline void place(mdup_orientation o, int32_t nx, int32_t ny, int32_t x, int32_t y,
                         int32_t to[2])
{
    const int32_t right = nx - 1 - x, down = ny - 1 - y;
    const int32_t places[MDUP_N_ORIENTATIONS][2] = {
        [MDUP_ORIENTATION_SAME] = {x, y},
        [MDUP_ORIENTATION_MIRRORED_X] = {right, y},
        [MDUP_ORIENTATION_MIRRORED_Y] = {x, down},
        [MDUP_ORIENTATION_TURNED_180] = {right, down},
        [MDUP_ORIENTATION_TRANSPOSED] = {y, x},
        [MDUP_ORIENTATION_TURNED_90] = {down, x},
        [MDUP_ORIENTATION_TURNED_270] = {y, right},
        [MDUP_ORIENTATION_ANTITRANSPOSED] = {down, right},
    };
    to[0] = places[o][0];
    to[1] = places[o][1];
}

static inline void turn(const float *image, int32_t nx, int32_t ny, mdup_orientation o, float *out)
{
    const int32_t out_nx = is_swapped(o) ? ny : nx;
    for (int32_t y = 0; y < ny; y++)
        for (int32_t x = 0; x < nx; x++) {
            int32_t to[2];
            place(o, nx, ny, x, y, to);
            out[(ptrdiff_t)to[1] * out_nx + to[0]] = image[(ptrdiff_t)y * nx + x];
        }
}

static inline void fill_randomly(float *pixels, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        pixels[i] = (float)(1000 + 100 * gaussian(&seed));
}

#endif
