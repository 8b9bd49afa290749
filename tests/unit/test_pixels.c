/* Stored pixels to floats and back: every float16 there is, both byte orders, rounding, clipping. */
#include <math.h>

#include "formats/pixels.h"
#include "image_test.h"
#include "skip.h"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

enum { HALVES = 65536 };

/* What IEEE 754 says, by arithmetic that has nothing in common with the code under test. */
static double half_by_definition(unsigned half)
{
    const int exponent = (int)(half >> 10 & 31);
    const double mantissa = (double)(half & 1023);
    double value;
    if (exponent == 31)
        value = mantissa > 0.0 ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        value = ldexp(mantissa, -24);
    else
        value = ldexp(1024.0 + mantissa, exponent - 25);
    return half & 0x8000 ? -value : value;
}

static void all_halves(uint8_t *stored, bool big_endian)
{
    for (unsigned half = 0; half < HALVES; half++)
        put_16(stored, 2 * half, half, big_endian);
}

static void check_all_halves(const float *values)
{
    for (unsigned half = 0; half < HALVES; half++) {
        const double expected = half_by_definition(half);
        if (isnan(expected)) {
            assert_true(isnan(values[half]));
            continue;
        }
        if ((double)values[half] != expected || !signbit(values[half]) != !(half & 0x8000))
            fail_msg("float16 %04x gave %a, not %a", half, (double)values[half], expected);
    }
}

static void float16_every_value(void **state)
{
    (void)state;
    static uint8_t stored[2 * HALVES];
    static float values[HALVES];
    for (int big_endian = 0; big_endian < 2; big_endian++) {
        all_halves(stored, big_endian);
        memset(values, 1, sizeof values);
        mdup_pixels_to_float(MDUP_PIXEL_FLOAT16, big_endian, stored, HALVES, values);
        check_all_halves(values);
    }
}

#if defined(__SSE__)
static void float16_when_the_host_flushes_subnormals(void **state)
{
    (void)state;
    static uint8_t stored[2 * HALVES];
    static float values[HALVES];
    all_halves(stored, false);
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040); /* results and operands that are subnormal become zero */
    mdup_pixels_to_float(MDUP_PIXEL_FLOAT16, false, stored, HALVES, values);
    _mm_setcsr(before);
    check_all_halves(values);
}
enum { HOST_FLUSHES = true };
#else
enum { HOST_FLUSHES = false };
static void float16_when_the_host_flushes_subnormals(void **state)
{
    (void)state;
}
#endif

static void float16_there_and_back(void **state)
{
    (void)state;
    static uint8_t stored[2 * HALVES], again[2 * HALVES];
    static float values[HALVES];
    all_halves(stored, false);
    mdup_pixels_to_float(MDUP_PIXEL_FLOAT16, false, stored, HALVES, values);
    mdup_pixels_from_float(MDUP_PIXEL_FLOAT16, values, HALVES, again);
    for (unsigned half = 0; half < HALVES; half++) {
        if (!isnan(values[half]))
            assert_memory_equal(stored + 2 * half, again + 2 * half, 2);
        else
            assert_int_equal(again[2 * half + 1] & 0x7e, 0x7e);
    }
}

static unsigned half_of(float value)
{
    uint8_t stored[2];
    mdup_pixels_from_float(MDUP_PIXEL_FLOAT16, &value, 1, stored);
    return stored[0] | (unsigned)stored[1] << 8;
}

/* Between each two neighbours: just below the middle, the middle (to the even one), just above. */
static void float16_rounds_to_nearest_even(void **state)
{
    (void)state;
    for (unsigned half = 0; half < 0x7bff; half++) {
        const double low = half_by_definition(half), high = half_by_definition(half + 1);
        const float middle = (float)((low + high) / 2.0);
        assert_int_equal(half_of(middle), half % 2 == 0 ? half : half + 1);
        assert_int_equal(half_of(nextafterf(middle, 0.0f)), half);
        assert_int_equal(half_of(nextafterf(middle, INFINITY)), half + 1);
        assert_int_equal(half_of(-nextafterf(middle, INFINITY)), (half + 1) | 0x8000);
    }
}

static void float16_clips_finite_values_only(void **state)
{
    (void)state;
    assert_int_equal(half_of(65504.0f), 0x7bff);
    assert_int_equal(half_of(65520.0f), 0x7bff);
    assert_int_equal(half_of(-1e30f), 0xfbff);
    assert_int_equal(half_of(INFINITY), 0x7c00);
    assert_int_equal(half_of(-INFINITY), 0xfc00);
    assert_int_equal(half_of(1e-30f), 0);
    assert_int_equal(half_of(-0.0f), 0x8000);
}

static void integers_in_both_orders(void **state)
{
    (void)state;
    const uint8_t two[] = {0x80, 0x01, 0xff, 0xff};
    const uint8_t four[] = {0xff, 0xff, 0xff, 0xfe, 0x00, 0x00, 0x01, 0x02};
    float out[2];
    mdup_pixels_to_float(MDUP_PIXEL_INT16, true, two, 2, out);
    assert_true(out[0] == -32767.0f && out[1] == -1.0f);
    mdup_pixels_to_float(MDUP_PIXEL_INT16, false, two, 2, out);
    assert_true(out[0] == 384.0f && out[1] == -1.0f);
    mdup_pixels_to_float(MDUP_PIXEL_UINT16, true, two, 2, out);
    assert_true(out[0] == 32769.0f && out[1] == 65535.0f);
    mdup_pixels_to_float(MDUP_PIXEL_INT32, true, four, 2, out);
    assert_true(out[0] == -2.0f && out[1] == 258.0f);
    mdup_pixels_to_float(MDUP_PIXEL_UINT32, true, four, 2, out);
    assert_true(out[0] == 4294967296.0f && out[1] == 258.0f);
    mdup_pixels_to_float(MDUP_PIXEL_INT32, false, four, 2, out);
    assert_true(out[0] == -16777216.0f && out[1] == 33619968.0f);
    mdup_pixels_to_float(MDUP_PIXEL_INT8, false, two, 2, out);
    assert_true(out[0] == -128.0f && out[1] == 1.0f);
    mdup_pixels_to_float(MDUP_PIXEL_UINT8, false, two, 2, out);
    assert_true(out[0] == 128.0f && out[1] == 1.0f);
}

/* One byte off any alignment, in both orders, Inf and NaN untouched. */
static void floats_in_both_orders_unaligned(void **state)
{
    (void)state;
    const float values[] = {1.5f, -0.0f, INFINITY, -1e-40f, 3.25e7f};
    for (int big_endian = 0; big_endian < 2; big_endian++) {
        uint8_t stored[1 + sizeof values];
        float out[5];
        for (size_t i = 0; i < 5; i++)
            put_float(stored, 1 + 4 * i, values[i], big_endian);
        mdup_pixels_to_float(MDUP_PIXEL_FLOAT32, big_endian, stored + 1, 5, out);
        assert_memory_equal(out, values, sizeof values);
    }
    const uint8_t pi[] = {0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18};
    uint8_t reversed[8];
    for (size_t i = 0; i < 8; i++)
        reversed[i] = pi[7 - i];
    float out;
    mdup_pixels_to_float(MDUP_PIXEL_FLOAT64, true, pi, 1, &out);
    assert_true(out == 3.14159265358979f);
    mdup_pixels_to_float(MDUP_PIXEL_FLOAT64, false, reversed, 1, &out);
    assert_true(out == 3.14159265358979f);
}

static void four_bits_low_first(void **state)
{
    (void)state;
    const uint8_t stored[] = {0x21, 0xf3, 0x95};
    const float expected[] = {1, 2, 3, 15, 5};
    float out[6] = {0, 0, 0, 0, 0, -1.0f};
    mdup_pixels_to_float(MDUP_PIXEL_UINT4, false, stored, 5, out);
    assert_memory_equal(out, expected, sizeof expected);
    assert_true(out[5] == -1.0f);
}

static void sizes_in_bytes(void **state)
{
    (void)state;
    const size_t expected[] = {5, 5, 10, 10, 20, 20, 10, 20, 40, 3};
    for (size_t type = 0; type < 10; type++)
        assert_int_equal(mdup_pixels_bytes((mdup_pixel_type)type, 5), expected[type]);
    assert_int_equal(mdup_pixels_bytes(MDUP_PIXEL_UINT4, 4), 2);
}

static void whole_numbers_are_rounded_and_clipped(void **state)
{
    (void)state;
    const float in[] = {-5.0f, 0.5f, 1.5f, 254.6f, 1e9f, NAN};
    const uint8_t bytes[] = {0, 0, 2, 255, 255, 0};
    uint8_t out[12];
    mdup_pixels_from_float(MDUP_PIXEL_UINT8, in, 6, out);
    assert_memory_equal(out, bytes, 6);
    mdup_pixels_from_float(MDUP_PIXEL_INT16, in, 6, out);
    const uint8_t signed_16[] = {0xfb, 0xff, 0, 0, 2, 0, 255, 0, 0xff, 0x7f, 0, 0};
    assert_memory_equal(out, signed_16, 12);
    mdup_pixels_from_float(MDUP_PIXEL_UINT16, in, 6, out);
    const uint8_t unsigned_16[] = {0, 0, 0, 0, 2, 0, 255, 0, 0xff, 0xff, 0, 0};
    assert_memory_equal(out, unsigned_16, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(float16_every_value),
        TEST_WHEN(HOST_FLUSHES, float16_when_the_host_flushes_subnormals, "needs SSE"),
        cmocka_unit_test(float16_there_and_back),
        cmocka_unit_test(float16_rounds_to_nearest_even),
        cmocka_unit_test(float16_clips_finite_values_only),
        cmocka_unit_test(integers_in_both_orders),
        cmocka_unit_test(floats_in_both_orders_unaligned),
        cmocka_unit_test(four_bits_low_first),
        cmocka_unit_test(sizes_in_bytes),
        cmocka_unit_test(whole_numbers_are_rounded_and_clipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
