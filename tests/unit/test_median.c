/* The median without sorting. */
#include <math.h>

#include "base/median.h"
#include "texture.h"

static int by_value(const void *a, const void *b)
{
    const float left = *(const float *)a, right = *(const float *)b;
    return left < right ? -1 : left > right;
}

static void expect_as_sorted(const float *values, size_t n)
{
    float *sorted = malloc(n * sizeof *sorted), *other = malloc(n * sizeof *other);
    assert_true(sorted && other);
    memcpy(sorted, values, n * sizeof *sorted);
    memcpy(other, values, n * sizeof *other);
    qsort(sorted, n, sizeof *sorted, by_value);
    const float median = mdup_median(other, n);
    assert_true(median == sorted[n / 2]);
    /* Nothing is lost on the way. */
    qsort(other, n, sizeof *other, by_value);
    assert_memory_equal(other, sorted, n * sizeof *sorted);
    free(sorted);
    free(other);
}

/* Few different values, many, sorted up and down, and what both ends of the range have in the middle. */
static void as_sorting_has_it(void **state)
{
    (void)state;
    enum { MOST = 300 };
    float values[MOST];
    uint64_t seed = 5;
    for (size_t n = 1; n <= MOST; n++)
        for (int kind = 0; kind < 6; kind++) {
            for (size_t i = 0; i < n; i++) {
                const float random = (float)gaussian(&seed), up = (float)i;
                const float kinds[] = {
                    random, floorf(random), 7, up, -up, fabsf(up - (float)(n / 2))};
                values[i] = kinds[kind];
            }
            expect_as_sorted(values, n);
        }
}

static void not_a_number_ends_too(void **state)
{
    (void)state;
    uint64_t seed = 6;
    for (int repeat = 0; repeat < 2000; repeat++) {
        float values[23];
        for (size_t i = 0; i < 23; i++)
            values[i] = uniform(&seed) < 0.4 ? NAN : (float)uniform(&seed);
        mdup_median(values, 23);
        size_t n = 0;
        for (size_t i = 0; i < 23; i++)
            n += values[i] >= 0 || isnan(values[i]);
        assert_int_equal(n, 23);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_sorting_has_it),
        cmocka_unit_test(not_a_number_ends_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
