/* How two images of the same pixels lie against each other. */
#include "image/orientation.h"
#include "turned.h"

enum { MOST = 40 * 40 };

static const int32_t sizes[][2] = {{2, 3}, {5, 5}, {7, 4}, {4, 7}, {40, 40}, {1, 9}};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

static int find(const float *a, int32_t nx, int32_t ny, const float *b, int32_t b_nx, int32_t b_ny)
{
    mdup_orientation found = MDUP_ORIENTATION_SAME;
    return mdup_orientation_find(a, nx, ny, b, b_nx, b_ny, &found) ? (int)found : -1;
}

static int find_turned(const float *a, int32_t nx, int32_t ny, const float *b, mdup_orientation o)
{
    return is_swapped(o) ? find(a, nx, ny, b, ny, nx) : find(a, nx, ny, b, nx, ny);
}

static void each_of_the_eight(void **state)
{
    (void)state;
    float a[MOST], b[MOST];
    for (size_t s = 0; s < N_SIZES - 1; s++) {
        const int32_t nx = sizes[s][0], ny = sizes[s][1];
        fill_randomly(a, MOST, s);
        for (int o = 0; o < MDUP_N_ORIENTATIONS; o++) {
            turn(a, nx, ny, (mdup_orientation)o, b);
            assert_int_equal(find_turned(a, nx, ny, b, (mdup_orientation)o), o);
        }
    }
}

static void where_pixels_lie(void **state)
{
    (void)state;
    float a[MOST], b[MOST];
    for (size_t s = 0; s < N_SIZES; s++)
        for (int o = 0; o < MDUP_N_ORIENTATIONS; o++) {
            const int32_t nx = sizes[s][0], ny = sizes[s][1];
            const int32_t b_nx = is_swapped((mdup_orientation)o) ? ny : nx;
            double m[6];
            fill_randomly(a, MOST, s);
            turn(a, nx, ny, (mdup_orientation)o, b);
            mdup_orientation_placement((mdup_orientation)o, nx, ny, m);
            for (int32_t i = 0; i < nx * ny; i++) {
                const double x = i % b_nx, y = i / b_nx;
                const int32_t at = (int32_t)(m[0] * x + m[1] * y + m[2]) +
                                   nx * (int32_t)(m[3] * x + m[4] * y + m[5]);
                assert_in_range(at, 0, nx * ny - 1);
                assert_memory_equal(&b[i], &a[at], sizeof *a);
            }
        }
}

static void one_other_pixel(void **state)
{
    (void)state;
    float a[MOST], b[MOST];
    for (size_t s = 0; s < N_SIZES; s++) {
        const int32_t nx = sizes[s][0], ny = sizes[s][1];
        fill_randomly(a, MOST, s);
        for (int o = 0; o < MDUP_N_ORIENTATIONS; o++)
            for (int32_t i = 0; i < nx * ny; i += 1 + i / 50) {
                turn(a, nx, ny, (mdup_orientation)o, b);
                b[i] = nextafterf(b[i], 0);
                assert_int_equal(find_turned(a, nx, ny, b, (mdup_orientation)o), -1);
            }
    }
}

static void other_sizes(void **state)
{
    (void)state;
    const float zeros[64] = {0};
    assert_int_equal(find(zeros, 8, 8, zeros, 8, 7), -1);
    assert_int_equal(find(zeros, 8, 2, zeros, 4, 4), -1);
    assert_int_equal(find(zeros, 8, 2, zeros, 16, 1), -1);
    assert_int_equal(find(zeros, 8, 2, zeros, 2, 8), MDUP_ORIENTATION_TRANSPOSED);
    assert_int_equal(find(zeros, 8, 2, zeros, 8, 2), MDUP_ORIENTATION_SAME);
}

static void symmetric_images_are_plain_copies(void **state)
{
    (void)state;
    const float all[] = {1, 2, 1, 2, 3, 2, 1, 2, 1}, half_turn[] = {1, 2, 3, 4, 5, 4, 3, 2, 1};
    float b[9];
    for (int o = 0; o < MDUP_N_ORIENTATIONS; o++) {
        turn(all, 3, 3, (mdup_orientation)o, b);
        assert_int_equal(find(all, 3, 3, b, 3, 3), MDUP_ORIENTATION_SAME);
    }
    turn(half_turn, 3, 3, MDUP_ORIENTATION_TURNED_180, b);
    assert_int_equal(find(half_turn, 3, 3, b, 3, 3), MDUP_ORIENTATION_SAME);
    turn(half_turn, 3, 3, MDUP_ORIENTATION_MIRRORED_Y, b);
    assert_int_equal(find(half_turn, 3, 3, b, 3, 3), MDUP_ORIENTATION_MIRRORED_X);
}

static void zeros_of_both_signs_and_nan(void **state)
{
    (void)state;
    const float a[] = {0.0f, 1, NAN, 3}, b[] = {-0.0f, 1, NAN, 3}, c[] = {0.0f, 1, 2, 3};
    assert_int_equal(find(a, 4, 1, b, 4, 1), MDUP_ORIENTATION_SAME);
    assert_int_equal(find(a, 4, 1, c, 4, 1), -1);
    assert_int_equal(find(c, 4, 1, a, 4, 1), -1);
}

/* All pairs of the eight, against what is found when the pixels are looked at. */
static void between_two_that_are_known_against_a_third(void **state)
{
    (void)state;
    enum { NX = 5, NY = 3 };
    float third[MOST], a[MOST], b[MOST];
    fill_randomly(third, MOST, 9);
    for (int i = 0; i < MDUP_N_ORIENTATIONS; i++)
        for (int k = 0; k < MDUP_N_ORIENTATIONS; k++) {
            const mdup_orientation of_a = (mdup_orientation)i, of_b = (mdup_orientation)k;
            const bool swapped[2] = {is_swapped(of_a), is_swapped(of_b)};
            turn(third, NX, NY, of_a, a);
            turn(third, NX, NY, of_b, b);
            assert_int_equal(mdup_orientation_between(of_a, of_b),
                             find(a, swapped[0] ? NY : NX, swapped[0] ? NX : NY, b,
                                  swapped[1] ? NY : NX, swapped[1] ? NX : NY));
        }
}

static void names_and_back(void **state)
{
    (void)state;
    for (int i = 0; i < MDUP_N_ORIENTATIONS; i++) {
        mdup_orientation found = MDUP_ORIENTATION_SAME;
        assert_true(
            mdup_orientation_parse(mdup_orientation_copy_name((mdup_orientation)i), &found));
        assert_int_equal(found, i);
    }
    mdup_orientation found = MDUP_ORIENTATION_TURNED_90;
    static const char *const others[] = {"", "cop", "copy-", "copy-turned-45", "COPY", "other"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(mdup_orientation_parse(others[i], &found));
    assert_int_equal(found, MDUP_ORIENTATION_TURNED_90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_of_the_eight),
        cmocka_unit_test(where_pixels_lie),
        cmocka_unit_test(one_other_pixel),
        cmocka_unit_test(other_sizes),
        cmocka_unit_test(symmetric_images_are_plain_copies),
        cmocka_unit_test(zeros_of_both_signs_and_nan),
        cmocka_unit_test(between_two_that_are_known_against_a_third),
        cmocka_unit_test(names_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
