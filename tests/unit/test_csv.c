#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "formats/csv.h"

static void test_fields(void **state)
{
    (void)state;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_csv_field(&out, "Original");
    mdup_csv_field(&out, "Duplicate");
    mdup_csv_end(&out);
    mdup_csv_field(&out, "a b.mrc");
    mdup_csv_field(&out, "");
    mdup_csv_printf(&out, "%.2f", 1.5);
    mdup_csv_printf(&out, "%d", -3);
    mdup_csv_field(&out, "\xC3\xA9\xFF.mrc");
    mdup_csv_end(&out);
    assert_string_equal(out.text, "Original,Duplicate\na b.mrc,,1.50,-3,\xC3\xA9\xFF.mrc\n");
    mdup_strbuf_free(&out);
}

static void test_quoting(void **state)
{
    (void)state;
    static const struct {
        const char *field, *written;
    } cases[] = {
        {"a,b", "\"a,b\""},     {"say \"hi\"", "\"say \"\"hi\"\"\""},
        {"\"", "\"\"\"\""},     {"a\nb", "\"a\nb\""},
        {"a\r", "\"a\r\""},     {"\n", "\"\n\""},
        {"it's; #", "it's; #"}, {" a ", " a "},
        {"\t", "\t"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mdup_strbuf out = MDUP_STRBUF_INIT;
        mdup_csv_field(&out, cases[i].field);
        assert_string_equal(out.text, cases[i].written);
        /* A quoted LF at the end of a field does not begin a line. */
        mdup_csv_printf(&out, "%s", cases[i].field);
        size_t length = strlen(cases[i].written);
        assert_int_equal(out.length, 2 * length + 1);
        assert_int_equal(out.text[length], ',');
        assert_string_equal(out.text + length + 1, cases[i].written);
        mdup_strbuf_free(&out);
    }
}

static void test_empty_first_field(void **state)
{
    (void)state;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_csv_field(&out, "");
    mdup_csv_field(&out, "");
    mdup_csv_field(&out, "b");
    mdup_csv_end(&out);
    mdup_csv_printf(&out, "%s", "");
    mdup_csv_end(&out);
    assert_string_equal(out.text, "\"\",,b\n\"\"\n");
    mdup_strbuf_free(&out);
}

static void test_long_field(void **state)
{
    (void)state;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    char *text = malloc(100001);
    assert_non_null(text);
    memset(text, '"', 100000);
    text[100000] = '\0';
    mdup_csv_printf(&out, "%s%s", text, ",");
    assert_int_equal(out.length, 200003);
    free(text);
    mdup_strbuf_free(&out);
}

static void test_locale(void **state)
{
    (void)state;
    /* Where no locale with a decimal comma is installed this still sees that the result is the C
     * locale's. */
    (void)setlocale(LC_ALL, "de_DE.UTF-8");
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_csv_printf(&out, "%.1f", 0.5);
    assert_string_equal(out.text, "0.5");
    mdup_strbuf_free(&out);
    (void)setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_quoting),
        cmocka_unit_test(test_empty_first_field),
        cmocka_unit_test(test_long_field),
        cmocka_unit_test(test_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
