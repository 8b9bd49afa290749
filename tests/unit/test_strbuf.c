/* Text that grows. */
#include "absurd_sizes.h"
#include "base/strbuf.h"
#include "image_test.h"
#include "locale_test.h"
#include "skip.h"

static void begins_with_nothing(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    mdup_strbuf buf = MDUP_STRBUF_INIT;
    assert_null(buf.text);
    assert_true(mdup_strbuf_check(&buf, &err));
    mdup_strbuf_append(&buf, "", 0);
    assert_string_equal(buf.text, "");
    assert_int_equal(buf.length, 0);
    mdup_strbuf_free(&buf);
    assert_null(buf.text);
    mdup_strbuf_free(&buf);
}

static void every_byte_stays(void **state)
{
    (void)state;
    mdup_strbuf buf = MDUP_STRBUF_INIT;
    for (int i = 0; i < 5000; i++) {
        const char byte = (char)(i % 256);
        mdup_strbuf_append(&buf, &byte, 1);
        assert_int_equal(buf.length, i + 1);
        assert_int_equal(buf.text[buf.length], '\0');
    }
    for (int i = 0; i < 5000; i++)
        assert_int_equal(buf.text[i], (char)(i % 256));
    mdup_strbuf_free(&buf);
}

static void printed_text_of_any_length(void **state)
{
    (void)state;
    mdup_strbuf buf = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&buf, "a");
    for (int width = 0; width < 300; width++) {
        mdup_strbuf_reset(&buf);
        assert_int_equal(buf.length, 0);
        assert_string_equal(buf.text, "");
        mdup_strbuf_puts(&buf, "<");
        mdup_strbuf_printf(&buf, "%*d>", width, 7);
        assert_int_equal(buf.length, strlen(buf.text));
        assert_int_equal(buf.length, 2 + (width > 1 ? width : 1));
        assert_int_equal(buf.text[buf.length - 1], '>');
        assert_int_equal(buf.text[buf.length - 2], '7');
    }
    mdup_strbuf_printf(&buf, "%s", "");
    assert_int_equal(buf.length, 301);
    mdup_strbuf_free(&buf);
}

static void a_lost_append_is_remembered(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    mdup_strbuf buf = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&buf, "before");
    volatile size_t absurd = SIZE_MAX - 20;
    mdup_strbuf_append(&buf, "x", absurd);
    assert_true(buf.failed);
    mdup_strbuf_puts(&buf, "behind");
    mdup_strbuf_printf(&buf, "%d", 5);
    assert_string_equal(buf.text, "before");
    assert_false(mdup_strbuf_check(&buf, &err));
    assert_int_equal(mdup_error_get_code(err), MDUP_ERROR_NOMEM);
    mdup_error_clear(&err);
    assert_false(mdup_strbuf_check(&buf, NULL));
    mdup_strbuf_free(&buf);
    assert_true(mdup_strbuf_check(&buf, &err));
    absurd = SIZE_MAX;
    mdup_strbuf_append(&buf, "x", absurd);
    assert_false(mdup_strbuf_check(&buf, NULL));
    mdup_strbuf_free(&buf);
}

static void a_point_whatever_the_locale(void **state)
{
    (void)state;
    char text[20];
    (void)snprintf(text, sizeof text, "%.2f", 1.25);
    assert_string_equal(text, "1,25");
    mdup_strbuf buf = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&buf, "%.2f %g", 1.25, -0.5);
    assert_string_equal(buf.text, "1.25 -0.5");
    mdup_strbuf_free(&buf);
}

static void numbers_as_short_as_they_can_be(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},          {-0.5, "-0.5"},           {0.1, "0.1"},
                 {1e300, "1e+300"}, {123456789, "123456789"}, {1.0 / 3, "0.33333333333333331"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mdup_strbuf buf = MDUP_STRBUF_INIT;
        mdup_strbuf_double(&buf, cases[i].value);
        assert_string_equal(buf.text, cases[i].text);
        mdup_strbuf_free(&buf);
    }
}

int main(void)
{
    const bool comma = use_decimal_comma("locale_strbuf");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_nothing),
        cmocka_unit_test(every_byte_stays),
        cmocka_unit_test(printed_text_of_any_length),
        cmocka_unit_test(a_lost_append_is_remembered),
        cmocka_unit_test(numbers_as_short_as_they_can_be),
        TEST_WHEN(comma, a_point_whatever_the_locale, "no locale with a decimal comma"),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
