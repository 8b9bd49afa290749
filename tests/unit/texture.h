/* Random images for the tests of comparison: one scene, and frames cut out of it with noise of their own. */
#ifndef MDUP_TESTS_TEXTURE_H
#define MDUP_TESTS_TEXTURE_H

#include <complex.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "image/fft.h"
#include "image/frame.h"
#include "image_test.h"

/* splitmix64 (Steele 2014): the same numbers everywhere. */
static inline uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/** Inside (0, 1). */
static inline double uniform(uint64_t *seed)
{
    return ((double)(next_random(seed) >> 11) + 0.5) * 0x1p-53;
}

static inline double gaussian(uint64_t *seed)
{
    const double radius = sqrt(-2 * log(uniform(seed)));
    return radius * cos(6.283185307179586 * uniform(seed));
}

static inline int8_t to_frame_byte(double sd)
{
    return (int8_t)lrint(fmax(-4, fmin(4, sd)) * MDUP_FRAME_SD_units);
}

/** CMPLXF, which older clang lacks with older C libraries. */
static inline float complex complex_of(float real, float imaginary)
{
    const float parts[2] = {real, imaginary};
    float complex value;
    memcpy(&value, parts, sizeof value);
    return value;
}

/** A scene of nx by ny with detail of some pixels, mean 0, sd 1; free with free(). */
static inline float *make_scene(int32_t nx, int32_t ny, uint64_t seed)
{
    const size_t n = (size_t)nx * (size_t)ny;
    float *noise = calloc(n, sizeof *noise), *scene = calloc(n, sizeof *scene);
    assert_non_null(noise);
    assert_non_null(scene);
    for (size_t i = 0; i < n; i++)
        noise[i] = (float)gaussian(&seed);
    /* 3 x 3 binomial kernel on a torus: its weights squared sum to 9/64. */
    static const float kernel[3] = {0.25f, 0.5f, 0.25f};
    for (int32_t y = 0; y < ny; y++)
        for (int32_t x = 0; x < nx; x++)
            for (int32_t k = 0; k < 9; k++)
                scene[(ptrdiff_t)y * nx + x] +=
                    kernel[k / 3] * kernel[k % 3] / 0.375f *
                    noise[(ptrdiff_t)((y + k / 3 + ny - 1) % ny) * nx + (x + k % 3 + nx - 1) % nx];
    free(noise);
    return scene;
}

/** The window of the scene at (x, y), with so much noise of its own that the scene is `signal` of the variance. */
static inline void cut_frame(const float *scene, int32_t scene_nx, int32_t x, int32_t y, int32_t nx,
                             int32_t ny, double signal, uint64_t seed, int8_t *frame)
{
    for (int32_t row = 0; row < ny; row++)
        for (int32_t column = 0; column < nx; column++) {
            const double value = (double)scene[(ptrdiff_t)(y + row) * scene_nx + x + column];
            frame[(ptrdiff_t)row * nx + column] =
                to_frame_byte(sqrt(signal) * value + sqrt(1 - signal) * gaussian(&seed));
        }
}

/** A frame like no other. */
static inline void make_frame(int32_t nx, int32_t ny, uint64_t seed, int8_t *frame)
{
    float *scene = make_scene(nx, ny, seed);
    cut_frame(scene, nx, 0, 0, nx, ny, 0.5, ~seed, frame);
    free(scene);
}

#endif
