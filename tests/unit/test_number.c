/* Numbers from text that means no good. */
#include <float.h>
#include <math.h>

#include "base/number.h"
#include "image_test.h"
#include "locale_test.h"
#include "skip.h"

typedef struct {
    const char *text;
    size_t length;
} bytes;

#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

/* None is a number of any kind. */
static const bytes no_numbers[] = {
    BYTES(""),
    BYTES(" "),
    BYTES("+"),
    BYTES("-"),
    BYTES("--1"),
    BYTES("+-1"),
    BYTES("-+1"),
    BYTES("1-"),
    BYTES("12abc"),
    BYTES("abc"),
    BYTES(" 1"),
    BYTES("1 "),
    BYTES("\t1"),
    BYTES("\n1"),
    BYTES("1\n"),
    BYTES("\v1"),
    BYTES("1\0"),
    BYTES("\0001"),
    BYTES("1\0002"),
    BYTES("0x10"),
    BYTES("0x"),
    BYTES("1_000"),
    BYTES("1,000"),
    BYTES("1 000"),
    BYTES("\xef\xbc\x91"),
    BYTES("\xa0"
          "1"),
    BYTES("1.2.3"),
    BYTES("1,5"),
    BYTES("."),
    BYTES("-."),
    BYTES("e"),
    BYTES("e5"),
    BYTES("1e"),
    BYTES("1e+"),
    BYTES("1e5.0"),
    BYTES("1e5e5"),
    BYTES("inf"),
    BYTES("-inf"),
    BYTES("nan"),
    BYTES("NaN"),
    BYTES("Infinity"),
    BYTES("nan(1)"),
    BYTES("0x1p3"),
    BYTES("1f"),
    BYTES("1d5"),
    BYTES("1L"),
    BYTES("%d"),
    BYTES("\"1\""),
    BYTES("None"),
    BYTES("<NA>"),
};

static void refused_and_untouched(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof no_numbers / sizeof *no_numbers; i++) {
        int64_t whole = 77;
        double real = 77;
        if (mdup_parse_int64(no_numbers[i].text, no_numbers[i].length, &whole) || whole != 77)
            fail_msg("taken for a whole number: \"%s\" (%zu)", no_numbers[i].text, i);
        if (mdup_parse_double(no_numbers[i].text, no_numbers[i].length, &real) || real < 77 ||
            real > 77)
            fail_msg("taken for a number: \"%s\" (%zu)", no_numbers[i].text, i);
    }
}

static bool int_of(const char *text, int64_t *value)
{
    return mdup_parse_int64(text, strlen(text), value);
}

static bool double_of(const char *text, double *value)
{
    return mdup_parse_double(text, strlen(text), value);
}

static void whole_numbers_to_the_last(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"0", 0},
        {"-0", 0},
        {"+5", 5},
        {"-5", -5},
        {"007", 7},
        {"010", 10}, /* not octal */
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 77;
        assert_true(int_of(cases[i].text, &value));
        assert_true(value == cases[i].value);
    }
    const char *const beyond[] = {"9223372036854775808",
                                  "-9223372036854775809",
                                  "99999999999999999999999",
                                  "1.0",
                                  "1e3",
                                  "1."};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        int64_t value = 77;
        assert_false(int_of(beyond[i], &value));
        assert_true(value == 77);
    }
}

/* Only `length` bytes count; what stands behind them is not looked at. */
static void no_nul_is_needed(void **state)
{
    (void)state;
    char *text = malloc(3);
    assert_non_null(text);
    memcpy(text, "123", 3);
    int64_t whole = 0;
    double real = 0;
    assert_true(mdup_parse_int64(text, 3, &whole));
    assert_true(mdup_parse_double(text, 3, &real));
    assert_int_equal(whole, 123);
    expect_near(real, 123, 0);
    assert_true(mdup_parse_int64(text, 2, &whole));
    assert_true(mdup_parse_double(text, 2, &real));
    assert_int_equal(whole, 12);
    expect_near(real, 12, 0);
    free(text);
}

/* The global errno of an earlier failure is no failure of this number. */
static void old_errors_are_not_ours(void **state)
{
    (void)state;
    int64_t whole = 0;
    double real = 0;
    assert_false(int_of("99999999999999999999999", &whole));
    assert_true(int_of("5", &whole));
    assert_false(double_of("1e999", &real));
    assert_true(double_of("5", &real));
}

static void doubles_that_are_finite(void **state)
{
    (void)state;
    const struct {
        const char *text;
        double value;
    } cases[] = {
        {"1.5", 1.5},
        {"-1.5e-3", -0.0015},
        {".5", 0.5},
        {"5.", 5},
        {"1E5", 1e5},
        {"+1e+05", 1e5},
        {"-0", 0},
        {"1e308", 1e308},
        {"1e-400", 0},
        {"00000001.25", 1.25},
        {"1.7976931348623157e308", DBL_MAX},
        {"0.1000000000000000055511151231257827", 0.1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double value = 77;
        assert_true(double_of(cases[i].text, &value));
        expect_near(value, cases[i].value, 0);
    }
    const char *const beyond[] = {"1e309", "-1e309", "1e99999999999999999999", "2e308"};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        double value = 77;
        assert_false(double_of(beyond[i], &value));
        expect_near(value, 77, 0);
    }
}

/* A megabyte of digits is neither read past its end nor slow. */
static void absurdly_long(void **state)
{
    (void)state;
    const size_t length = 1 << 20;
    char *text = malloc(length);
    assert_non_null(text);
    memset(text, '9', length);
    int64_t whole = 77;
    double real = 77;
    assert_false(mdup_parse_int64(text, length, &whole));
    assert_false(mdup_parse_double(text, length, &real));
    assert_int_equal(whole, 77);
    free(text);
}

/* Refused from some length on, never read or written past an end, never wrong. */
static void digits_without_end(void **state)
{
    (void)state;
    for (size_t length = 1; length < 200; length++) {
        char *text = malloc(length);
        assert_non_null(text);
        memset(text, '0', length);
        text[length - 1] = '7';
        int64_t whole = 77;
        double real = 77;
        const bool is_whole = mdup_parse_int64(text, length, &whole),
                   is_real = mdup_parse_double(text, length, &real);
        assert_int_equal(whole, is_whole ? 7 : 77);
        expect_near(real, is_real ? 7 : 77, 0);
        assert_true(length > 40 || (is_whole && is_real));
        free(text);
    }
}

static void as_strtod_reads_them(void **state)
{
    (void)state;
    uint64_t z = 1;
    for (int i = 0; i < 20000; i++) {
        z = z * 6364136223846793005u + 1442695040888963407u;
        double value, back = 0;
        uint64_t bits = z ^ z >> 29;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        char text[40];
        (void)snprintf(text, sizeof text, "%.17g", value);
        assert_true(double_of(text, &back));
        assert_memory_equal(&back, &value, sizeof value);
    }
}

/* The short way of up to 15 digits, and what is one digit too long for it. */
static void plain_decimals_as_strtod_reads_them(void **state)
{
    (void)state;
    uint64_t z = 3;
    for (int i = 0; i < 200000; i++) {
        z = z * 6364136223846793005u + 1442695040888963407u;
        const int n_digits = 1 + i % 17, n_behind = (int)(z >> 60) % (n_digits + 1);
        char digits[32], text[40];
        (void)snprintf(digits, sizeof digits, "%017llu",
                       (unsigned long long)(z >> 8) % 100000000000000000u);
        (void)snprintf(text, sizeof text, "%s%.*s.%.*s", i % 3 ? "" : "-", n_digits - n_behind,
                       digits, n_behind, digits + n_digits - n_behind);
        const double expected = strtod(text, NULL);
        double value = 77;
        assert_true(double_of(text, &value));
        assert_memory_equal(&value, &expected, sizeof value);
    }
}

static void with_a_decimal_comma(void **state)
{
    (void)state;
    double value = 77;
    assert_true(use_decimal_comma("locale_number"));
    refused_and_untouched(state);
    assert_true(double_of("1.5", &value));
    expect_near(value, 1.5, 0);
    mdup_locale_guard guard;
    char text[20];
    mdup_locale_enter_c(&guard);
    (void)snprintf(text, sizeof text, "%.1f", 2.5);
    assert_string_equal(text, "2.5");
    mdup_locale_leave_c(&guard);
    (void)snprintf(text, sizeof text, "%.1f", 2.5);
    assert_string_equal(text, "2,5"); /* the program has its locale back */
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const bool comma = use_decimal_comma("locale_number");
    setlocale(LC_ALL, "C");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_and_untouched),
        cmocka_unit_test(whole_numbers_to_the_last),
        cmocka_unit_test(no_nul_is_needed),
        cmocka_unit_test(old_errors_are_not_ours),
        cmocka_unit_test(doubles_that_are_finite),
        cmocka_unit_test(absurdly_long),
        cmocka_unit_test(digits_without_end),
        cmocka_unit_test(as_strtod_reads_them),
        cmocka_unit_test(plain_decimals_as_strtod_reads_them),
        TEST_WHEN(comma, with_a_decimal_comma, "no locale with a decimal comma"),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
