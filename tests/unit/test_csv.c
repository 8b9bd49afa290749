#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "formats/csv.h"
#include "texture.h"

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

/* The rows of a text, fields in brackets, rows one behind the other; or the message. */
static void expect_rows(const char *text, size_t length, const char *expected)
{
    mdup_csv_reader reader;
    mdup_csv_reader_init(&reader, "t.csv", text, length);
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_error *err = NULL;
    bool got = true;
    while (mdup_csv_read_row(&reader, &got, &err) && got) {
        mdup_strbuf_printf(&out, "%zu", reader.line);
        for (size_t i = 0; i < reader.n; i++)
            mdup_strbuf_printf(&out, "[%s]", mdup_csv_value(&reader, i));
        assert_null(mdup_csv_value(&reader, reader.n));
    }
    if (err)
        mdup_strbuf_puts(&out, mdup_error_get_message(err));
    mdup_error_clear(&err);
    assert_string_equal(out.text ? out.text : "", expected);
    mdup_strbuf_free(&out);
    mdup_csv_reader_clear(&reader);
}

static void test_reading(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"a", "1[a]"},
        {"a,b\n", "1[a][b]"},
        {"a,b\r\nc,\r\n", "1[a][b]2[c][]"},
        {"\n,\n", "1[]2[][]"},
        {"\"a,\"\"b\"\"\",c\n", "1[a,\"b\"][c]"},
        {"\"two\nlines\",x\ny", "1[two\nlines][x]3[y]"},
        {"\xEF\xBB\xBF"
         "a,b",
         "1[a][b]"},
        {"a\"b,c", "1[a\"b][c]"},
        {"\"a\"b,c", "1[ab][c]"},
        {"\"\",\"\"\n", "1[][]"},
        {"a\rb", "1[a\rb]"},
        {"x\n\"a", "1[x]t.csv: line 2: a quote is not closed"},
        {"\"", "t.csv: line 1: a quote is not closed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_rows(cases[i][0], strlen(cases[i][0]), cases[i][1]);
    expect_rows("a\nb\0c", 5, "1[a]t.csv: line 2: holds a zero byte");
}

/* What is written is read. */
static void test_there_and_back(void **state)
{
    (void)state;
    static const char alphabet[] = "ab,\"\n\r ";
    uint64_t seed = 3;
    for (int turn = 0; turn < 500; turn++) {
        char fields[4][8];
        mdup_strbuf out = MDUP_STRBUF_INIT;
        for (size_t i = 0; i < 4; i++) {
            size_t length = next_random(&seed) % 7;
            for (size_t k = 0; k < length; k++)
                fields[i][k] = alphabet[next_random(&seed) % (sizeof alphabet - 1)];
            fields[i][length] = '\0';
            mdup_csv_field(&out, fields[i]);
        }
        mdup_csv_end(&out);
        mdup_csv_reader reader;
        mdup_csv_reader_init(&reader, "t.csv", out.text, out.length);
        bool got;
        assert_true(mdup_csv_read_row(&reader, &got, NULL));
        assert_true(got);
        assert_int_equal(reader.n, 4);
        for (size_t i = 0; i < 4; i++)
            assert_string_equal(mdup_csv_value(&reader, i), fields[i]);
        mdup_csv_reader_clear(&reader);
        mdup_strbuf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_quoting),
        cmocka_unit_test(test_empty_first_field),
        cmocka_unit_test(test_long_field),
        cmocka_unit_test(test_locale),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
