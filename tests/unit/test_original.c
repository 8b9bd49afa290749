/* The original's CCC on scenes with a planted shift, and its steps.  (Against the original's own numbers:
 * test_original_cu428.c.) */
#include "image_test.h"

#include <math.h>

#include "original/ccc.h"
#include "original/imod.h"
#include "original/newstack.h"

/* ---- scenes ---- */

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static double random_between(uint32_t *state, double low, double high)
{
    return low + (high - low) * (double)next_random(state) / (double)(1 << 24);
}

static void add_blob(float *image, int32_t nx, int32_t ny, double x0, double y0, double height)
{
    const double sigma = 1.5;
    for (int32_t y = (int32_t)fmax(0, y0 - 9); y < fmin(ny, y0 + 9); y++)
        for (int32_t x = (int32_t)fmax(0, x0 - 9); x < fmin(nx, x0 + 9); x++) {
            double r2 = (x - x0) * (x - x0) + (y - y0) * (y - y0);
            image[(size_t)y * (size_t)nx + (size_t)x] +=
                (float)(height * exp(-0.5 * r2 / (sigma * sigma)));
        }
}

/* A frame of nx x ny px out of an endless specimen of blobs, its pixel (0, 0) at (x, y) of the specimen. */
static float *scene(uint32_t seed, int32_t nx, int32_t ny, double x, double y)
{
    enum { MARGIN_px = 120 };
    float *image = calloc((size_t)nx * (size_t)ny, sizeof *image);
    assert_non_null(image);
    int32_t n_blobs = (nx + 2 * MARGIN_px) * (ny + 2 * MARGIN_px) / 40;
    for (int32_t i = 0; i < n_blobs; i++) {
        double bx = random_between(&seed, -MARGIN_px, nx + MARGIN_px);
        double by = random_between(&seed, -MARGIN_px, ny + MARGIN_px);
        add_blob(image, nx, ny, bx - x, by - y, random_between(&seed, 0.5, 1.5));
    }
    return image;
}

/* A plan with a scratch, and comparisons in one call. */
typedef struct {
    mdup_original_plan *plan;
    mdup_original_scratch *scratch;
} comparer;

static comparer open_comparer(int32_t nx, int32_t ny)
{
    mdup_error *err = NULL;
    comparer c = {mdup_original_plan_new(nx, ny, &err), NULL};
    expect_no_error(&err);
    c.scratch = mdup_original_scratch_new(c.plan, &err);
    expect_no_error(&err);
    return c;
}

static void close_comparer(comparer *c)
{
    mdup_original_scratch_free(c->scratch);
    mdup_original_plan_free(c->plan);
}

static mdup_original_image *prepare(const comparer *c, const float *pixels)
{
    mdup_error *err = NULL;
    mdup_original_image *image = mdup_original_image_new(c->plan, c->scratch, pixels, &err);
    expect_no_error(&err);
    return image;
}

static mdup_original_result compare(const comparer *c, const float *reference, const float *target)
{
    mdup_original_image *a = prepare(c, reference);
    mdup_original_image *b = prepare(c, target);
    mdup_original_result result;
    memset(&result, 0x55, sizeof result);
    mdup_original_set_reference(c->plan, c->scratch, a);
    mdup_original_compare(c->plan, c->scratch, b, &result);
    mdup_original_image_free(a);
    mdup_original_image_free(b);
    return result;
}

static void test_itself(void **state)
{
    (void)state;
    static const int32_t sizes[][2] = {{25, 25}, {33, 47}, {100, 101}, {257, 64}, {64, 257}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        comparer c = open_comparer(sizes[i][0], sizes[i][1]);
        float *image = scene(7, sizes[i][0], sizes[i][1], 0, 0);
        mdup_original_result result = compare(&c, image, image);
        expect_near(result.ccc, 1, 1e-6);
        assert_true(result.shift_x_px == 0 && result.shift_y_px == 0);
        free(image);
        close_comparer(&c);
    }
}

static void expect_planted(int32_t nx, int32_t ny, double dx, double dy, double tolerance_px,
                           double least_ccc)
{
    comparer c = open_comparer(nx, ny);
    float *a = scene(3, nx, ny, 0, 0);
    float *b = scene(3, nx, ny, dx, dy);
    mdup_original_result result = compare(&c, a, b);
    expect_near(result.shift_x_px, dx, tolerance_px);
    expect_near(result.shift_y_px, dy, tolerance_px);
    assert_true(result.ccc > least_ccc && result.ccc < 1);
    mdup_original_result back = compare(&c, b, a);
    expect_near(back.shift_x_px, -dx, tolerance_px);
    expect_near(back.shift_y_px, -dy, tolerance_px);
    free(a);
    free(b);
    close_comparer(&c);
}

/* A point at (x, y) in the target is at (x + dx, y + dy) in the reference. */
static void test_planted_shift(void **state)
{
    (void)state;
    expect_planted(180, 130, 12, -7, 0.1, 0.7);
    expect_planted(180, 130, -31, 0, 0.1, 0.6);
    expect_planted(180, 130, 0, 25, 0.1, 0.6);
    expect_planted(131, 177, 4.5, 3.25, 0.15, 0.8);
    expect_planted(33, 47, 3, -2, 0.3, 0.5);
    expect_planted(25, 25, -2, 1, 0.3, 0.5);
}

/* tiltxcorr halves what is longer than 1140 px, and the shift is in the pixels given all the same. */
static void test_planted_shift_when_tiltxcorr_bins(void **state)
{
    (void)state;
    expect_planted(1200, 90, 40, -6, 0.5, 0.6);
}

/* The score is over the whole frame, of which the target fills a share: without noise it is the root of that share. */
static void test_score_falls_with_overlap(void **state)
{
    (void)state;
    comparer c = open_comparer(200, 150);
    float *a = scene(11, 200, 150, 0, 0);
    for (int32_t dx = 10; dx <= 70; dx += 20) {
        float *b = scene(11, 200, 150, dx, 0);
        mdup_original_result result = compare(&c, a, b);
        expect_near(result.shift_x_px, dx, 0.2);
        expect_near(result.ccc, sqrt((200.0 - dx) / 200), 0.025);
        free(b);
    }
    free(a);
    close_comparer(&c);
}

static void test_unrelated(void **state)
{
    (void)state;
    comparer c = open_comparer(200, 150);
    for (uint32_t seed = 1; seed <= 8; seed++) {
        float *a = scene(seed, 200, 150, 0, 0);
        float *b = scene(seed + 100, 200, 150, 0, 0);
        assert_true(fabs(compare(&c, a, b).ccc) < 0.2);
        free(a);
        free(b);
    }
    close_comparer(&c);
}

static void test_scale_and_offset(void **state)
{
    (void)state;
    comparer c = open_comparer(150, 120);
    float *a = scene(5, 150, 120, 0, 0);
    float *b = scene(5, 150, 120, 9.3, 4.1);
    mdup_original_result before = compare(&c, a, b);
    for (size_t i = 0; i < 150 * 120; i++) {
        a[i] = 100 * a[i] + 30000;
        b[i] = 1e30f * b[i];
    }
    mdup_original_result after = compare(&c, a, b);
    expect_near(after.ccc, before.ccc, 1e-4);
    expect_near(after.shift_x_px, before.shift_x_px, 0.0021);
    expect_near(after.shift_y_px, before.shift_y_px, 0.0021);
    free(a);
    free(b);
    close_comparer(&c);
}

static void expect_zero(mdup_original_result result)
{
    assert_true(result.ccc == 0 && result.shift_x_px == 0 && result.shift_y_px == 0);
}

static void test_constant(void **state)
{
    (void)state;
    comparer c = open_comparer(60, 50);
    float *a = scene(5, 60, 50, 0, 0);
    float *flat = malloc(60 * 50 * sizeof *flat);
    assert_non_null(flat);
    for (size_t i = 0; i < 60 * 50; i++)
        flat[i] = 0.1f;
    expect_zero(compare(&c, a, flat));
    expect_zero(compare(&c, flat, a));
    expect_zero(compare(&c, flat, flat));
    flat[59] = 0.2f; /* a corner pixel */
    mdup_original_result result = compare(&c, a, flat);
    assert_true(result.ccc >= -1 && result.ccc <= 1);
    result = compare(&c, flat, flat);
    assert_true(result.ccc >= -1 && result.ccc <= 1);
    free(a);
    free(flat);
    close_comparer(&c);
}

/* Neither the scratch, nor what was done with it before, nor freeing the reference changes a bit of a result. */
static void test_same_bits_again(void **state)
{
    (void)state;
    comparer c = open_comparer(90, 70);
    comparer other = open_comparer(90, 70);
    float *pixels[3];
    mdup_original_image *images[3];
    for (uint32_t i = 0; i < 3; i++) {
        pixels[i] = scene(i + 1, 90, 70, 0, 0);
        images[i] = prepare(&c, pixels[i]);
    }
    mdup_original_result first, again;
    mdup_original_set_reference(c.plan, c.scratch, images[0]);
    mdup_original_compare(c.plan, c.scratch, images[1], &first);
    mdup_original_set_reference(c.plan, other.scratch, images[2]);
    mdup_original_compare(c.plan, other.scratch, images[0], &again);
    mdup_original_set_reference(c.plan, other.scratch, images[0]);
    mdup_original_image_free(images[0]);
    mdup_original_compare(c.plan, other.scratch, images[2], &again);
    mdup_original_image *more = prepare(&other, pixels[2]);
    mdup_original_compare(c.plan, other.scratch, images[1], &again);
    assert_memory_equal(&first, &again, sizeof first);
    mdup_original_image_free(more);
    mdup_original_image_free(images[1]);
    mdup_original_image_free(images[2]);
    for (size_t i = 0; i < 3; i++)
        free(pixels[i]);
    close_comparer(&c);
    close_comparer(&other);
}

/* ---- refusals ---- */

static void expect_refused(int32_t nx, int32_t ny, const char *message)
{
    mdup_error *err = NULL;
    assert_null(mdup_original_plan_new(nx, ny, &err));
    expect_error(&err, MDUP_ERROR_INVALID, message);
}

static void test_sizes_refused(void **state)
{
    (void)state;
    expect_refused(
        16, 16,
        "16 x 16 px after binning is too small to compare: the original's score needs at "
        "least 25 px a side, use a smaller --bin");
    expect_refused(
        720, 24,
        "720 x 24 px after binning is too small to compare: the original's score needs at "
        "least 25 px a side, use a smaller --bin");
    expect_refused(
        -1, 100,
        "-1 x 100 px after binning is too small to compare: the original's score needs at "
        "least 25 px a side, use a smaller --bin");
    expect_refused(
        INT32_MAX, 512,
        "2147483647 x 512 px after binning is too large to compare: the limit is 65536 px "
        "a side, use a larger --bin");
    expect_refused(
        65536, 65537,
        "65536 x 65537 px after binning is too large to compare: the limit is 65536 px a "
        "side, use a larger --bin");
}

static void test_not_finite_refused(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    comparer c = open_comparer(40, 30);
    float *pixels = scene(5, 40, 30, 0, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mdup_error *err = NULL;
        float good = pixels[700];
        pixels[700] = bad[i];
        assert_null(mdup_original_image_new(c.plan, c.scratch, pixels, &err));
        expect_error(&err, MDUP_ERROR_INVALID,
                     "some pixels are NaN or infinite, so the image cannot be compared");
        pixels[700] = good;
    }
    for (size_t i = 0; i < 40 * 30; i++)
        pixels[i] = INFINITY;
    assert_null(mdup_original_image_new(c.plan, c.scratch, pixels, NULL));
    free(pixels);
    close_comparer(&c);
}

static void test_memory_is_known(void **state)
{
    (void)state;
    comparer c = open_comparer(720, 512);
    expect_near((double)mdup_original_image_bytes(c.plan), 3.2e6, 0.05e6);
    expect_near((double)mdup_original_scratch_bytes(c.plan), 6.6e6, 0.1e6);
    close_comparer(&c);
}

/* ---- the steps ---- */

static void test_pad_sizes(void **state)
{
    (void)state;
    assert_int_equal(mdup_imod_pad_size(760, 13), 768);
    assert_int_equal(mdup_imod_pad_size(760, 19), 760);
    assert_int_equal(mdup_imod_pad_size(552, 13), 560);
    assert_int_equal(mdup_imod_pad_size(35, 13), 36);
    assert_int_equal(mdup_imod_pad_size(1, 13), 2);
    assert_int_equal(mdup_imod_pad_size(34, 13), 36);
    assert_int_equal(mdup_imod_pad_size(34, 19), 34);
}

static void test_edge_mean(void **state)
{
    (void)state;
    /* 3 x 3 in rows of 4; the middle and the fourth column are not of the edge. */
    static const float box[] = {1, 2, 3, 99, 4, 99, 5, 99, 6, 7, 8, 99};
    expect_near((double)mdup_imod_edge_mean(box, 4, 3, 3), 36.0 / 8, 1e-6);
}

static void test_filter(void **state)
{
    (void)state;
    static const mdup_imod_band band = {0.04, 0.25, 0.05};
    static const mdup_imod_lookup lookups[] = {MDUP_IMOD_NEAREST_STEP, MDUP_IMOD_INTERPOLATED};
    for (size_t i = 0; i < 2; i++) {
        mdup_error *err = NULL;
        float *filter = mdup_imod_filter_new(100, 50, &band, lookups[i], &err);
        expect_no_error(&err);
        assert_true(filter[0] == 0);
        expect_near((double)filter[4], 1 - exp(-0.5), 0.02);      /* 0.04 in x */
        expect_near((double)filter[2 * 51], 1 - exp(-0.5), 0.02); /* 0.04 in y */
        expect_near((double)filter[48 * 51], (double)filter[2 * 51], 1e-7);
        expect_near((double)filter[20], 1, 1e-4);
        expect_near((double)filter[30], exp(-0.5), 0.02); /* 0.3 */
        expect_near((double)filter[50], exp(-12.5), 1e-5);
        free(filter);
    }
}

/* 12 x 10 px, each pixel its own value. */
static void number_pixels(float *image)
{
    for (size_t i = 0; i < 12 * 10; i++)
        image[i] = (float)(i + 1);
}

static void test_whole_pixels_are_moved(void **state)
{
    (void)state;
    float image[12 * 10], row[12], out[14 * 10];
    number_pixels(image);
    for (int32_t dy = -9; dy <= 9; dy += 3)
        for (int32_t dx = -11; dx <= 11; dx++) {
            mdup_newstack_shift(image, 12, 10, dx, dy, -5, row, out, 14);
            for (int32_t y = 0; y < 10; y++)
                for (int32_t x = 0; x < 12; x++) {
                    int32_t sx = x - dx;
                    int32_t sy = y - dy;
                    bool inside = sx >= 0 && sx < 12 && sy >= 0 && sy < 10;
                    float expected = inside ? image[sy * 12 + sx] : -5;
                    assert_true(out[y * 14 + x] == expected);
                }
        }
}

/* Half way, the cubic weighs -1/8, 5/8, 5/8, -1/8. */
static void test_interpolation(void **state)
{
    (void)state;
    float image[12 * 10] = {0}, row[12], out[12 * 10];
    image[5 * 12 + 6] = 64;
    mdup_newstack_shift(image, 12, 10, 0.5, -0.5, 0, row, out, 12);
    static const float weights[4] = {-0.125f, 0.625f, 0.625f, -0.125f};
    for (int32_t y = 3; y < 7; y++)
        for (int32_t x = 5; x < 9; x++)
            expect_near((double)out[y * 12 + x], (double)(64 * weights[x - 5] * weights[y - 3]),
                        1e-5);
}

/* Near the edge the quadratic takes over, which never leaves the range of the pixels around. */
static void test_interpolation_at_edges(void **state)
{
    (void)state;
    float image[12 * 10], row[12], out[12 * 10];
    number_pixels(image);
    for (double shift = -2.6; shift < 2.7; shift += 0.1) {
        mdup_newstack_shift(image, 12, 10, shift, -shift, 50, row, out, 12);
        for (size_t i = 0; i < 12 * 10; i++)
            assert_true(out[i] >= 1 && out[i] <= 120);
    }
    mdup_newstack_shift(image, 12, 10, 0.25, 0, 50, row, out, 12);
    expect_near((double)out[1], 1.75, 1e-6); /* a ramp stays a ramp */
    expect_near((double)out[0], 1, 1e-6);    /* outside it stays at the edge */
}

static void test_fill_is_the_mean_of_the_rows_needed(void **state)
{
    (void)state;
    double row_sums[20];
    for (int32_t y = 0; y < 20; y++)
        row_sums[y] = 4.0 * y;
    expect_near((double)mdup_newstack_fill(row_sums, 4, 20, 0), 9.5, 1e-6);
    expect_near((double)mdup_newstack_fill(row_sums, 4, 20, 10.5), 5, 1e-6);   /* rows 0 to 10 */
    expect_near((double)mdup_newstack_fill(row_sums, 4, 20, -10.5), 14, 1e-6); /* rows 9 to 19 */
    expect_near((double)mdup_newstack_fill(row_sums, 4, 20, 500), 0, 1e-6);
    expect_near((double)mdup_newstack_fill(row_sums, 4, 20, -500), 19, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_itself),
        cmocka_unit_test(test_planted_shift),
        cmocka_unit_test(test_planted_shift_when_tiltxcorr_bins),
        cmocka_unit_test(test_score_falls_with_overlap),
        cmocka_unit_test(test_unrelated),
        cmocka_unit_test(test_scale_and_offset),
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_same_bits_again),
        cmocka_unit_test(test_sizes_refused),
        cmocka_unit_test(test_not_finite_refused),
        cmocka_unit_test(test_memory_is_known),
        cmocka_unit_test(test_pad_sizes),
        cmocka_unit_test(test_edge_mean),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_whole_pixels_are_moved),
        cmocka_unit_test(test_interpolation),
        cmocka_unit_test(test_interpolation_at_edges),
        cmocka_unit_test(test_fill_is_the_mean_of_the_rows_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
