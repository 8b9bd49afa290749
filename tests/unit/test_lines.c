/* Lines of the detector: bright rows and columns go, all else stays. */
#include <math.h>

#include "image/lines.h"
#include "texture.h"

enum { NX = 360, NY = 255, N = NX * NY };

/* Guard values before and behind show a writer out of bounds without a sanitizer too. */
static void remove_lines(float *image, int32_t nx, int32_t ny)
{
    const size_t n = (size_t)nx * (size_t)ny, size = mdup_remove_lines_scratch_size(nx, ny);
    float *copy = malloc((n + 4) * sizeof *copy), *scratch = malloc((size + 4) * sizeof *scratch);
    assert_non_null(copy);
    assert_non_null(scratch);
    for (size_t i = 0; i < 4; i++)
        copy[n + i] = scratch[size + i] = 12345;
    memcpy(copy, image, n * sizeof *copy);
    mdup_remove_lines(copy, nx, ny, scratch);
    for (size_t i = 0; i < 4; i++)
        assert_true(copy[n + i] == 12345 && scratch[size + i] == 12345);
    for (size_t i = 0; i < n; i++)
        assert_true(isfinite(copy[i]));
    memcpy(image, copy, n * sizeof *copy);
    free(copy);
    free(scratch);
}

static float *make_noise(int32_t nx, int32_t ny, double sd, uint64_t seed)
{
    float *image = malloc((size_t)nx * (size_t)ny * sizeof *image);
    assert_non_null(image);
    for (int32_t i = 0; i < nx * ny; i++)
        image[i] = (float)(sd * gaussian(&seed));
    return image;
}

static float *copy_of(const float *image, size_t n)
{
    float *copy = malloc(n * sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, image, n * sizeof *copy);
    return copy;
}

static void add_row(float *image, int32_t nx, int32_t y, double height)
{
    for (int32_t x = 0; x < nx; x++)
        image[y * nx + x] += (float)height;
}

static void add_column(float *image, int32_t nx, int32_t ny, int32_t x, double height)
{
    for (int32_t y = 0; y < ny; y++)
        image[y * nx + x] += (float)height;
}

static double row_mean(const float *image, int32_t nx, int32_t y)
{
    double sum = 0;
    for (int32_t x = 0; x < nx; x++)
        sum += (double)image[y * nx + x];
    return sum / nx;
}

static double column_mean(const float *image, int32_t nx, int32_t ny, int32_t x)
{
    double sum = 0;
    for (int32_t y = 0; y < ny; y++)
        sum += (double)image[y * nx + x];
    return sum / ny;
}

static double rms_difference(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sqrt(sum / (double)n);
}

/* ---- what goes ---- */

/* At any height well above the noise of a mean, bright or dark, in the middle or at the edge. */
static void a_row_goes(void **state)
{
    (void)state;
    const int32_t places[] = {0, 1, 100, NY - 2, NY - 1};
    const double heights[] = {0.8, -0.8, 5, -1000};
    for (size_t p = 0; p < 5; p++)
        for (size_t h = 0; h < 4; h++) {
            float *clean = make_noise(NX, NY, 1, p + 10 * h), *image = copy_of(clean, N);
            add_row(image, NX, places[p], heights[h]);
            remove_lines(image, NX, NY);
            expect_near(row_mean(image, NX, places[p]), 0, 4 / sqrt(NX));
            /* The others as they were, but for a mean of noise here and there. */
            assert_true(rms_difference(image, clean, N) < 0.02);
            free(clean);
            free(image);
        }
}

static void a_column_goes(void **state)
{
    (void)state;
    const int32_t places[] = {0, 1, 100, NX - 2, NX - 1};
    const double heights[] = {0.8, -0.8, 5, -1000};
    for (size_t p = 0; p < 5; p++)
        for (size_t h = 0; h < 4; h++) {
            float *clean = make_noise(NX, NY, 1, 50 + p + 10 * h), *image = copy_of(clean, N);
            add_column(image, NX, NY, places[p], heights[h]);
            remove_lines(image, NX, NY);
            expect_near(column_mean(image, NX, NY, places[p]), 0, 4 / sqrt(NY));
            assert_true(rms_difference(image, clean, N) < 0.02);
            free(clean);
            free(image);
        }
}

static void rows_and_columns_at_once(void **state)
{
    (void)state;
    float *clean = make_noise(NX, NY, 1, 3), *image = copy_of(clean, N);
    add_row(image, NX, 0, 3);
    add_row(image, NX, 77, -2);
    add_row(image, NX, 78, 2);
    add_column(image, NX, NY, NX - 1, 3);
    add_column(image, NX, NY, 200, -4);
    remove_lines(image, NX, NY);
    const int32_t rows[] = {0, 77, 78}, columns[] = {NX - 1, 200};
    for (size_t i = 0; i < 3; i++)
        expect_near(row_mean(image, NX, rows[i]), 0, 4 / sqrt(NX));
    for (size_t i = 0; i < 2; i++)
        expect_near(column_mean(image, NX, NY, columns[i]), 0, 4 / sqrt(NY));
    assert_true(rms_difference(image, clean, N) < 0.03);
    free(clean);
    free(image);
}

/* Only the mean of a line is taken: what differs along it is specimen. */
static void detail_on_a_line_stays(void **state)
{
    (void)state;
    float *image = make_noise(NX, NY, 1, 4);
    add_row(image, NX, 50, 4);
    float *before = copy_of(image, N);
    remove_lines(image, NX, NY);
    const double step = (double)before[50 * NX] - (double)image[50 * NX];
    assert_true(step > 3.5 && step < 4.5);
    for (int32_t x = 0; x < NX; x++)
        expect_near((double)before[50 * NX + x] - (double)image[50 * NX + x], step, 0.3);
    free(before);
    free(image);
}

/* ---- what stays ---- */

/* Of all lines of pure noise hardly one is far off; scale does not matter. */
static void noise_is_untouched(void **state)
{
    (void)state;
    const double sds[] = {1, 31, 1e-6, 1e6};
    for (size_t s = 0; s < 4; s++)
        for (uint64_t seed = 20; seed < 25; seed++) {
            float *image = make_noise(NX, NY, sds[s], seed), *before = copy_of(image, N);
            remove_lines(image, NX, NY);
            int changed = 0;
            for (int32_t i = 0; i < N; i++)
                changed += image[i] < before[i] || image[i] > before[i];
            assert_true(changed <= 4 * NX);
            assert_true(rms_difference(image, before, N) < 0.02 * sds[s]);
            free(before);
            free(image);
        }
}

/* Detail of some pixels has means that spread more than those of noise, and is not made of lines. */
static void a_scene_is_untouched(void **state)
{
    (void)state;
    for (uint64_t seed = 30; seed < 35; seed++) {
        float *image = make_scene(NX, NY, seed), *before = copy_of(image, N);
        remove_lines(image, NX, NY);
        assert_true(rms_difference(image, before, N) < 0.03);
        free(before);
        free(image);
    }
}

static void twice_is_once(void **state)
{
    (void)state;
    for (uint64_t seed = 40; seed < 45; seed++) {
        float *image = make_noise(NX, NY, 1, seed);
        add_row(image, NX, 9, 2);
        add_column(image, NX, NY, 9, -2);
        remove_lines(image, NX, NY);
        float *once = copy_of(image, N);
        remove_lines(image, NX, NY);
        assert_true(rms_difference(image, once, N) < 0.01);
        free(once);
        free(image);
    }
}

/* ---- odd images ---- */

static void constant_images(void **state)
{
    (void)state;
    const float values[] = {0, 1, -3.7f, 1e30f, 1e-30f};
    for (size_t v = 0; v < 5; v++) {
        float *image = malloc(N * sizeof *image);
        assert_non_null(image);
        for (int32_t i = 0; i < N; i++)
            image[i] = values[v];
        remove_lines(image, NX, NY);
        /* No line is off: all are alike. */
        for (int32_t i = 1; i < N; i++)
            expect_near((double)image[i], (double)image[0], 1e-6 * fabs((double)values[v]));
        if (v == 0)
            expect_near((double)image[0], 0, 0);
        free(image);
    }
}

/* A camera that was dark for the most part: a line there is far off however faint. */
static void a_line_on_nothing(void **state)
{
    (void)state;
    float *image = calloc(N, sizeof *image);
    add_row(image, NX, 12, 1);
    add_column(image, NX, NY, 34, -1);
    remove_lines(image, NX, NY);
    for (int32_t i = 0; i < N; i++)
        assert_true(fabs((double)image[i]) <= 1.01);
    assert_true(fabs(row_mean(image, NX, 12)) < 0.01);
    assert_true(fabs(column_mean(image, NX, NY, 34)) < 0.01);
    free(image);
}

static void small_and_odd_sizes(void **state)
{
    (void)state;
    const int32_t sizes[][2] = {{1, 1}, {2, 1}, {1, 2},   {2, 2},   {3, 3},   {1, 7},
                                {7, 1}, {5, 4}, {400, 1}, {1, 400}, {400, 2}, {32, 33}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int32_t nx = sizes[s][0], ny = sizes[s][1];
        for (uint64_t seed = 0; seed < 20; seed++) {
            float *image = make_noise(nx, ny, 1, seed);
            double highest = 0;
            for (int32_t i = 0; i < nx * ny; i++)
                highest = fmax(highest, fabs((double)image[i]));
            remove_lines(image, nx, ny);
            /* A row's mean and a column's at most. */
            for (int32_t i = 0; i < nx * ny; i++)
                assert_true(fabs((double)image[i]) <= 3.01 * highest);
            free(image);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_goes),
        cmocka_unit_test(a_column_goes),
        cmocka_unit_test(rows_and_columns_at_once),
        cmocka_unit_test(detail_on_a_line_stays),
        cmocka_unit_test(noise_is_untouched),
        cmocka_unit_test(a_scene_is_untouched),
        cmocka_unit_test(twice_is_once),
        cmocka_unit_test(constant_images),
        cmocka_unit_test(a_line_on_nothing),
        cmocka_unit_test(small_and_odd_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
