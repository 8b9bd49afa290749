/* The Gaussian blur and the smoothed power spectrum. */
#include <complex.h>
#include <math.h>

#include "image/blur.h"
#include "image/condition.h"
#include "texture.h"

static float *new_image(int32_t nx, int32_t ny)
{
    float *image = calloc((size_t)nx * (size_t)ny, sizeof *image);
    assert_non_null(image);
    return image;
}

static void blur(float *image, int32_t nx, int32_t ny, double sigma_x, double sigma_y)
{
    float *scratch = malloc(mdup_blur_scratch_size(nx, ny) * sizeof *scratch);
    assert_non_null(scratch);
    mdup_blur(image, nx, ny, sigma_x, sigma_y, scratch);
    free(scratch);
}

static void a_constant_stays(void **state)
{
    (void)state;
    const int32_t sizes[][2] = {{1, 1}, {1, 9}, {9, 1}, {5, 3}, {64, 33}, {33, 64}};
    const double sigmas[] = {0, 0.3, 1, 2.7, 16, 100};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (size_t k = 0; k < 36; k++) {
            const int32_t nx = sizes[s][0], ny = sizes[s][1];
            float *image = new_image(nx, ny);
            for (int32_t i = 0; i < nx * ny; i++)
                image[i] = -2.5f;
            blur(image, nx, ny, sigmas[k / 6], sigmas[k % 6]);
            for (int32_t i = 0; i < nx * ny; i++)
                expect_near((double)image[i], -2.5, 1e-5);
            free(image);
        }
    }
}

/* An impulse becomes a Gaussian: sum 1, the second moments the squares of the sigmas, symmetric. */
static void an_impulse_becomes_a_gaussian(void **state)
{
    (void)state;
    const double sigmas[][2] = {{2, 2}, {3, 6}, {6, 3}, {16, 16}, {24, 10}, {1, 8}};
    enum { N = 201, MIDDLE = 100 };
    for (size_t s = 0; s < sizeof sigmas / sizeof *sigmas; s++) {
        float *image = new_image(N, N);
        image[MIDDLE * N + MIDDLE] = 1;
        blur(image, N, N, sigmas[s][0], sigmas[s][1]);
        double sum = 0, xx = 0, yy = 0;
        for (int32_t y = 0; y < N; y++)
            for (int32_t x = 0; x < N; x++) {
                const double value = (double)image[y * N + x];
                assert_true(value >= -1e-7);
                expect_near(value, (double)image[(N - 1 - y) * N + N - 1 - x], 1e-7);
                sum += value;
                xx += value * (x - MIDDLE) * (x - MIDDLE);
                yy += value * (y - MIDDLE) * (y - MIDDLE);
            }
        expect_near(sum, 1, 1e-3);
        /* The radii of the boxes are whole numbers, so the width is off by up to half a pixel. */
        expect_near(sqrt(xx), sigmas[s][0], 0.5);
        expect_near(sqrt(yy), sigmas[s][1], 0.5);
        free(image);
    }
}

static void linear_and_not_wrapped(void **state)
{
    (void)state;
    enum { NX = 47, NY = 31 };
    uint64_t seed = 9;
    float *a = new_image(NX, NY), *b = new_image(NX, NY), *both = new_image(NX, NY);
    for (int32_t i = 0; i < NX * NY; i++) {
        a[i] = (float)gaussian(&seed);
        b[i] = (float)gaussian(&seed);
        both[i] = 2 * a[i] - 3 * b[i];
    }
    blur(a, NX, NY, 2.5, 4);
    blur(b, NX, NY, 2.5, 4);
    blur(both, NX, NY, 2.5, 4);
    for (int32_t i = 0; i < NX * NY; i++)
        expect_near((double)both[i], (double)(2 * a[i] - 3 * b[i]), 1e-4);
    /* What stands at one edge is not seen at the other. */
    memset(a, 0, NX * NY * sizeof *a);
    for (int32_t y = 0; y < NY; y++)
        a[y * NX] = 1;
    blur(a, NX, NY, 2.5, 4);
    for (int32_t y = 0; y < NY; y++) {
        assert_true(a[y * NX] > 0.1f);
        expect_near((double)a[y * NX + NX - 1], 0, 1e-6);
    }
    free(a);
    free(b);
    free(both);
}

/* ---- the power spectrum ---- */

static float *smooth(const float complex *spectrum, int32_t nx, int32_t ny, double sigma_x,
                     double sigma_y)
{
    float *out = new_image(nx / 2 + 1, ny),
          *scratch = malloc(mdup_smooth_power_scratch_size(nx, ny) * sizeof *scratch);
    assert_non_null(scratch);
    mdup_smooth_power(spectrum, nx, ny, sigma_x, sigma_y, scratch, out);
    free(scratch);
    return out;
}

static void a_flat_spectrum_stays(void **state)
{
    (void)state;
    const int32_t sizes[][2] = {{32, 32}, {33, 31}, {64, 20}, {20, 64}, {66, 64}};
    for (size_t s = 0; s < 5; s++) {
        const int32_t nx = sizes[s][0], ny = sizes[s][1], half = nx / 2 + 1;
        float complex *spectrum = calloc((size_t)(half * ny), sizeof *spectrum);
        assert_non_null(spectrum);
        for (int32_t i = 0; i < half * ny; i++)
            spectrum[i] = complex_of(3.0f * cosf((float)i), 3.0f * sinf((float)i));
        float *out = smooth(spectrum, nx, ny, 6, 6);
        for (int32_t i = 0; i < half * ny; i++)
            expect_near((double)out[i], 9, 1e-3);
        free(out);
        free(spectrum);
    }
}

/* The plane of frequencies is a torus, and F(-k) is conj F(k): a line next to an edge spreads over it. */
static void smoothing_knows_the_plane(void **state)
{
    (void)state;
    enum { NX = 64, NY = 48, HALF = NX / 2 + 1 };
    const int32_t places[][2] = {{0, 0}, {0, 5}, {3, 0}, {2, NY - 1}, {HALF - 1, 7}, {10, NY / 2}};
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        const int32_t px = places[p][0], py = places[p][1];
        float complex *spectrum = calloc((size_t)(HALF * NY), sizeof *spectrum);
        assert_non_null(spectrum);
        spectrum[py * HALF + px] = complex_of(0, 2);
        const bool own_mirror = px == 0 || px == NX / 2;
        if (own_mirror) /* the columns that hold their own mirror image */
            spectrum[(NY - py) % NY * HALF + px] = complex_of(0, py == 0 ? 2 : -2);
        float *out = smooth(spectrum, NX, NY, 3, 3);
        double sum = 0;
        for (int32_t y = 0; y < NY; y++)
            for (int32_t x = 0; x < HALF; x++) {
                const double value = (double)out[y * HALF + x];
                sum += x == 0 || x == NX / 2 ? value : 2 * value;
                if (x == 0 || x == NX / 2)
                    expect_near(value, (double)out[(NY - y) % NY * HALF + x], 1e-6);
            }
        /* All of |F|^2 of the whole plane is still there. */
        expect_near(sum, own_mirror && (py == 0 || py == NY / 2) ? 4 : 8, 0.01);
        /* Far from its mirror image a line is highest where it stood. */
        for (int32_t i = 0; px == 10 && i < HALF * NY; i++)
            assert_true(out[i] <= out[py * HALF + px] + 1e-6f);
        free(out);
        free(spectrum);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_stays),
        cmocka_unit_test(an_impulse_becomes_a_gaussian),
        cmocka_unit_test(linear_and_not_wrapped),
        cmocka_unit_test(a_flat_spectrum_stays),
        cmocka_unit_test(smoothing_knows_the_plane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
