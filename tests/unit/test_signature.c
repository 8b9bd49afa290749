/* The signature of an image does not know how the image lies, and sees every pixel. */
#include "image/signature.h"
#include "texture.h"
#include "turned.h"

enum { MOST = 64 * 64 };

static mdup_signature signature_of(const float *pixels, size_t n)
{
    mdup_signature signature = {0};
    mdup_signature_add(&signature, pixels, n);
    return signature;
}

static bool alike(const float *a, const float *b, size_t n)
{
    const mdup_signature of_a = signature_of(a, n), of_b = signature_of(b, n);
    return mdup_signature_equal(&of_a, &of_b);
}

static void the_same_in_all_orientations(void **state)
{
    (void)state;
    static const int32_t sizes[][2] = {{1, 1}, {5, 5}, {7, 4}, {33, 64}, {64, 33}};
    static float a[MOST], b[MOST];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int32_t nx = sizes[s][0], ny = sizes[s][1];
        fill_randomly(a, (size_t)nx * (size_t)ny, s);
        for (int o = 0; o < MDUP_N_ORIENTATIONS; o++) {
            turn(a, nx, ny, (mdup_orientation)o, b);
            assert_true(alike(a, b, (size_t)nx * (size_t)ny));
        }
    }
}

static void one_changed_pixel_shows(void **state)
{
    (void)state;
    enum { N = 37 * 3 };
    static float a[N], b[N];
    fill_randomly(a, N, 1);
    for (size_t i = 0; i < N; i++) {
        memcpy(b, a, sizeof a);
        b[i] = nextafterf(b[i], 1e9f);
        assert_false(alike(a, b, N));
        b[i] = -a[i];
        assert_false(alike(a, b, N));
    }
}

/* The sum of the values alone does not see these. */
static void changes_that_make_up_for_each_other_show(void **state)
{
    (void)state;
    const float a[] = {4, 5, 6, 7, 4}, b[] = {4, 4, 7, 7, 4}, c[] = {4, 5, 6, 7, 5};
    assert_false(alike(a, b, 5));
    assert_false(alike(a, c, 5));
}

static void in_strips_or_at_once(void **state)
{
    (void)state;
    static float a[MOST];
    fill_randomly(a, MOST, 2);
    const mdup_signature whole = signature_of(a, MOST);
    for (size_t strip = 1; strip < 200; strip++) {
        mdup_signature sum = {0};
        for (size_t i = 0; i < MOST; i += strip)
            mdup_signature_add(&sum, a + i, i + strip < MOST ? strip : MOST - i);
        assert_true(mdup_signature_equal(&sum, &whole));
    }
}

static void negative_zero_is_zero(void **state)
{
    (void)state;
    const float a[] = {0.0f, 1.0f, -0.0f}, b[] = {-0.0f, 1.0f, -0.0f};
    assert_true(alike(a, b, 3));
}

/* Noise of few values: images that differ, and among 2000 no two that seem alike. */
static void counts_of_electrons(void **state)
{
    (void)state;
    enum { N = 2000, PIXELS = 512 };
    static mdup_signature all[N];
    uint64_t seed = 3;
    for (size_t i = 0; i < N; i++) {
        float image[PIXELS];
        for (size_t p = 0; p < PIXELS; p++)
            image[p] = (float)round(30 + 5 * gaussian(&seed));
        all[i] = signature_of(image, PIXELS);
        for (size_t k = 0; k < i; k++)
            assert_false(mdup_signature_equal(&all[i], &all[k]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_in_all_orientations),
        cmocka_unit_test(one_changed_pixel_shows),
        cmocka_unit_test(changes_that_make_up_for_each_other_show),
        cmocka_unit_test(in_strips_or_at_once),
        cmocka_unit_test(negative_zero_is_zero),
        cmocka_unit_test(counts_of_electrons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
