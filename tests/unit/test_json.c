#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "formats/json.h"

static void test_structure(void **state)
{
    (void)state;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_json json;
    mdup_json_begin(&json, &out);
    mdup_json_object(&json, NULL);
    mdup_json_string(&json, "kind", "micrographs");
    mdup_json_array(&json, "tables");
    mdup_json_object(&json, NULL);
    mdup_json_int(&json, "rows", INT64_MIN);
    mdup_json_bool(&json, "loop", true);
    mdup_json_end_object(&json);
    mdup_json_double(&json, NULL, 0.25);
    mdup_json_string(&json, NULL, NULL);
    mdup_json_end_array(&json);
    mdup_json_array(&json, "none");
    mdup_json_end_array(&json);
    mdup_json_object(&json, "nothing");
    mdup_json_end_object(&json);
    mdup_json_bool(&json, "last", false);
    mdup_json_end_object(&json);
    assert_string_equal(out.text, "{\n"
                                  "  \"kind\": \"micrographs\",\n"
                                  "  \"tables\": [\n"
                                  "    {\n"
                                  "      \"rows\": -9223372036854775808,\n"
                                  "      \"loop\": true\n"
                                  "    },\n"
                                  "    0.25,\n"
                                  "    null\n"
                                  "  ],\n"
                                  "  \"none\": [],\n"
                                  "  \"nothing\": {},\n"
                                  "  \"last\": false\n"
                                  "}\n");
    mdup_strbuf_free(&out);
}

static void test_depth(void **state)
{
    (void)state;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_json json;
    mdup_json_begin(&json, &out);
    for (int i = 0; i < MDUP_JSON_DEPTH; i++)
        mdup_json_array(&json, NULL);
    mdup_json_int(&json, NULL, 1);
    for (int i = 0; i < MDUP_JSON_DEPTH; i++)
        mdup_json_end_array(&json);
    assert_int_equal(json.depth, 0);
    assert_string_equal(out.text + out.length - 8, "]\n  ]\n]\n");
    mdup_strbuf_free(&out);
}

static void assert_string_written(const char *value, const char *written)
{
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_json json;
    mdup_json_begin(&json, &out);
    mdup_json_string(&json, NULL, value);
    assert_string_equal(out.text, written);
    mdup_strbuf_free(&out);
}

#define BAD "\xEF\xBF\xBD"

static void test_strings(void **state)
{
    (void)state;
    assert_string_written("", "\"\"");
    assert_string_written("a b/c.mrc", "\"a b/c.mrc\"");
    assert_string_written("\"\\", "\"\\\"\\\\\"");
    assert_string_written("\n\r\t\b\x01\x1f\x7f", "\"\\n\\r\\t\\u0008\\u0001\\u001f\x7f\"");
    /* U+00E9, U+20AC, U+1F52C, U+D7FF, U+10FFFF */
    assert_string_written("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\xAC",
                          "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\xAC\"");
    assert_string_written("\xED\x9F\xBF\xF4\x8F\xBF\xBF", "\"\xED\x9F\xBF\xF4\x8F\xBF\xBF\"");
    /* a lone byte, a cut sequence, overlong, a surrogate, over U+10FFFF, and the good ones beside
     * them */
    assert_string_written("a\xFF"
                          "b\x80",
                          "\"a" BAD "b" BAD "\"");
    assert_string_written("\xC3", "\"" BAD "\"");
    assert_string_written("\xE2\x82", "\"" BAD BAD "\"");
    assert_string_written("\xE2\x82z", "\"" BAD BAD "z\"");
    assert_string_written("\xC0\xAF", "\"" BAD BAD "\"");
    assert_string_written("\xE0\x80\xAF\xC3\xA9", "\"" BAD BAD BAD "\xC3\xA9\"");
    assert_string_written("\xED\xA0\x80", "\"" BAD BAD BAD "\"");
    assert_string_written("\xF4\x90\x80\x80", "\"" BAD BAD BAD BAD "\"");
    assert_string_written("\xF0\x8F\xBF\xBF", "\"" BAD BAD BAD BAD "\"");
    assert_string_written("\xF5\x80\x80\x80", "\"" BAD BAD BAD BAD "\"");
}

static void assert_double_written(double value, const char *written)
{
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_json json;
    mdup_json_begin(&json, &out);
    mdup_json_double(&json, NULL, value);
    assert_string_equal(out.text, written);
    mdup_strbuf_free(&out);
}

static void test_doubles(void **state)
{
    (void)state;
    assert_double_written(0, "0");
    assert_double_written(-0.0, "-0");
    assert_double_written(10.96, "10.96");
    assert_double_written(1e6, "1e+06");
    assert_double_written(123456789, "123456789");
    assert_double_written((double)0.1f, "0.10000000149011612");
    assert_double_written(1.0 / 3, "0.33333333333333331");
    assert_double_written(DBL_MAX, "1.7976931348623157e+308");
    assert_double_written(DBL_TRUE_MIN, "4.94066e-324");
    assert_double_written((double)NAN, "null");
    assert_double_written((double)INFINITY, "null");
    assert_double_written((double)-INFINITY, "null");
}

static void test_embedded(void **state)
{
    (void)state;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_json json;
    mdup_json_begin_embedded(&json, &out);
    mdup_json_object(&json, NULL);
    mdup_json_string(&json, "a", "</script><!--&\"\xFF");
    mdup_json_array(&json, "b");
    mdup_json_int(&json, NULL, 1);
    mdup_json_double(&json, NULL, -0.5);
    mdup_json_end_array(&json);
    mdup_json_end_object(&json);
    assert_string_equal(out.text,
                        "{\"a\":\"\\u003c/script\\u003e\\u003c!--\\u0026\\\"\xEF\xBF\xBD\","
                        "\"b\":[1,-0.5]}");
    mdup_strbuf_free(&out);
}

/* Whatever is written reads back as the same number. */
static void test_doubles_read_back(void **state)
{
    (void)state;
    uint64_t bits = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        double value, again;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        mdup_strbuf out = MDUP_STRBUF_INIT;
        mdup_json json;
        mdup_json_begin(&json, &out);
        mdup_json_double(&json, NULL, value);
        assert_true(mdup_parse_double(out.text, out.length, &again));
        assert_memory_equal(&again, &value, sizeof value);
        mdup_strbuf_free(&out);
    }
}

static void test_locale(void **state)
{
    (void)state;
    (void)setlocale(LC_ALL, "de_DE.UTF-8");
    assert_double_written(0.5, "0.5");
    (void)setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),         cmocka_unit_test(test_depth),
        cmocka_unit_test(test_strings),           cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_doubles_read_back), cmocka_unit_test(test_locale),
        cmocka_unit_test(test_embedded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
