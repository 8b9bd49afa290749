/* Binning and turning. */
#include <math.h>

#include "image/bin.h"
#include "texture.h"

static void the_long_side_ends_at_350_to_400(void **state)
{
    (void)state;
    assert_int_equal(mdup_bin_auto(5760, 4092), 16); /* K3 */
    assert_int_equal(mdup_bin_auto(4092, 5760), 16);
    assert_int_equal(mdup_bin_auto(4096, 4096), 11); /* Falcon */
    assert_int_equal(mdup_bin_auto(11520, 8184), 32);
    assert_int_equal(mdup_bin_auto(700, 10), 2);
    assert_int_equal(mdup_bin_auto(699, 10), 1);
    assert_int_equal(mdup_bin_auto(1, 1), 1);
    for (int32_t n = 1; n < 70000; n += 13) {
        const int32_t bin = mdup_bin_auto(n, n / 2 + 1);
        assert_true(bin >= 1);
        assert_true(bin == 1 || n / bin >= 350);
        assert_true(n / (bin + 1) < 350); /* the largest */
        assert_int_equal(bin, mdup_bin_auto(n / 2 + 1, n));
    }
    assert_true(mdup_bin_auto(INT32_MAX, INT32_MAX) >= 1);
}

static void the_mean_of_each_square(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int32_t nx = 1; nx < 40; nx++) {
        for (int32_t bin = 1; bin <= nx; bin++) {
            const size_t n = (size_t)nx * (size_t)bin;
            float *rows = malloc(n * sizeof *rows), *sums = malloc(2 * (size_t)nx * sizeof *sums),
                  *out = malloc((size_t)(nx / bin) * sizeof *out);
            for (size_t i = 0; i < n; i++)
                rows[i] = (float)(1000 + 50 * gaussian(&seed));
            mdup_bin_rows(rows, nx, bin, sums, out, NULL);
            for (int32_t x = 0; x < nx / bin; x++) {
                double sum = 0;
                for (int32_t i = 0; i < bin * bin; i++)
                    sum += (double)rows[i / bin * nx + x * bin + i % bin];
                expect_near((double)out[x], sum / (bin * bin), 1000 * 1e-5);
            }
            free(rows);
            free(sums);
            free(out);
        }
    }
}

static void turned_upside_down(void **state)
{
    (void)state;
    const int32_t heights[] = {1, 2, 3, 8, 9};
    for (size_t h = 0; h < 5; h++) {
        const int32_t nx = 5, ny = heights[h];
        float image[45], row[5];
        for (int32_t i = 0; i < nx * ny; i++)
            image[i] = (float)i;
        mdup_flip_rows(image, nx, ny, row);
        for (int32_t y = 0; y < ny; y++)
            for (int32_t x = 0; x < nx; x++)
                expect_near((double)image[y * nx + x], (ny - 1 - y) * nx + x, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_long_side_ends_at_350_to_400),
        cmocka_unit_test(the_mean_of_each_square),
        cmocka_unit_test(turned_upside_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
