#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/strbuf.h"
#include "formats/epu_xml.h"

/* A file of EPU 2.6, of which what is not read was cut out. */
#define HEAD                                                                                       \
    "<MicroscopeImage xmlns=\"http://schemas.datacontract.org/2004/07/Fei.SharedObjects\" "        \
    "xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"><name>Empty</name><SpatialScale>"       \
    "<offset><x><numericValue>0</numericValue></x></offset></SpatialScale><microscopeData>"
#define DATE(text)                                                                                 \
    "<acquisition><acquisitionDateTime>" text "</acquisitionDateTime><camera><Binning "            \
    "xmlns:a=\"http://schemas.datacontract.org/2004/07/System.Drawing\"><a:x>1</a:x><a:y>1</a:y>"  \
    "</Binning></camera></acquisition>"
#define SHIFT(x, y)                                                                                \
    "<optics><BeamShift xmlns:a=\"http://schemas.datacontract.org/2004/07/Fei.Types\"><a:_x>" x    \
    "</a:_x><a:_y>" y "</a:_y></BeamShift><BeamTilt "                                              \
    "xmlns:a=\"http://schemas.datacontract.org/2004/07/Fei.Types\"><a:_x>0.5</a:_x>"               \
    "<a:_y>0.6</a:_y></BeamTilt></optics>"
#define STAGE(x, y)                                                                                \
    "<stage><Holder>Unspecified</Holder><Position><A>0.1</A><B>0.2</B><X>" x "</X><Y>" y           \
    "</Y><Z>-2.2E-05</Z></Position></stage>"
#define TAIL "</microscopeData></MicroscopeImage>"

static mdup_acquisition parse(const char *text)
{
    mdup_error *err = NULL;
    mdup_acquisition a;
    if (!mdup_epu_xml_parse(text, strlen(text), "x.xml", &a, &err))
        fail_msg("%s", mdup_error_get_message(err));
    return a;
}

static void near(double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-9 * fabs(expected)))
        fail_msg("%.17g is not %.17g", value, expected);
}

static void a_whole_file(void **state)
{
    (void)state;
    mdup_acquisition a = parse(HEAD DATE("2020-02-06T17:06:46.7628367+01:00")
                                   SHIFT("0.0079728318378329277", "-0.018955374136567116")
                                       STAGE("-0.00022280296949999997", "0.000150706592") TAIL);
    assert_true(a.has_time && a.has_stage && a.has_shift);
    assert_true(fabs(a.time_s - 1581005206.7628367) < 1e-6);
    near(a.stage_x_um, -222.80296949999997);
    near(a.stage_y_um, 150.706592);
    near(a.shift_x_um, 25 * 0.0079728318378329277);
    near(a.shift_y_um, 25 * -0.018955374136567116);
    assert_null(a.hole);
}

static void dates(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        double time_s;
    } good[] = {
        {HEAD DATE("2020-02-06T17:06:46") TAIL, 1581008806},
        {HEAD DATE("2020-02-06T17:06:46Z") TAIL, 1581008806},
        {HEAD DATE("2020-02-06T17:06:46.5-05:30") TAIL, 1581008806.5 + 19800},
        {HEAD DATE("2020-02-06T17:06:46.25+00:00") TAIL, 1581008806.25},
    };
    static const char *const bad[] = {
        HEAD DATE("") TAIL,
        HEAD DATE("yesterday") TAIL,
        HEAD DATE("2020-02-30T17:06:46Z") TAIL,
        HEAD DATE("2020-02-06 17:06:46") TAIL,
        HEAD DATE("2020-02-06T17:06:46+1:00") TAIL,
        HEAD DATE("2020-02-06T17:06:46Zulu") TAIL,
        HEAD DATE("2020-02-06T17:06") TAIL,
        HEAD TAIL,
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        mdup_acquisition a = parse(good[i].file);
        assert_true(a.has_time && !a.has_stage && !a.has_shift);
        near(a.time_s, good[i].time_s);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(parse(bad[i]).has_time);
}

static void numbers_that_are_none(void **state)
{
    (void)state;
    assert_false(parse(HEAD STAGE("NaN", "1") TAIL).has_stage);
    assert_false(parse(HEAD STAGE("1e-5", "") TAIL).has_stage);
    assert_false(parse(HEAD SHIFT("0,5", "0.1") TAIL).has_shift);
    assert_false(parse(HEAD "<stage><Position><X>1</X></Position></stage>" TAIL).has_stage);
    /* A position that is not the stage's. */
    assert_false(parse(HEAD "<Position><X>1</X><Y>2</Y></Position>" TAIL).has_stage);
}

static void refused(const char *text, mdup_error_code code, const char *message)
{
    mdup_error *err = NULL;
    mdup_acquisition a = {.image = NULL};
    if (mdup_epu_xml_parse(text, strlen(text), "x.xml", &a, &err))
        fail_msg("accepted, but should say: %s", message);
    assert_string_equal(mdup_error_get_message(err), message);
    assert_int_equal(mdup_error_get_code(err), code);
    assert_false(a.has_time || a.has_stage || a.has_shift);
    mdup_error_clear(&err);
}

static void broken_files(void **state)
{
    (void)state;
    refused("", MDUP_ERROR_PARSE, "x.xml: line 1: no XML: no element found");
    refused("no xml", MDUP_ERROR_PARSE, "x.xml: line 1: no XML: syntax error");
    refused("\n\n<MicroscopeImage><a></b>", MDUP_ERROR_PARSE,
            "x.xml: line 3: no XML: mismatched tag");
    refused(HEAD STAGE("1", "2"), MDUP_ERROR_PARSE, "x.xml: line 1: no XML: no element found");
    refused("<GridSquareXml><stage/></GridSquareXml>", MDUP_ERROR_UNSUPPORTED,
            "x.xml: line 1: not of an image recorded by EPU");
    refused("<!DOCTYPE MicroscopeImage [<!ENTITY a \"aaaa\">]>\n<MicroscopeImage>&a;"
            "</MicroscopeImage>",
            MDUP_ERROR_UNSUPPORTED, "x.xml: line 1: has a document type, which EPU does not write");
}

static void deep_and_long(void **state)
{
    (void)state;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&text, "<MicroscopeImage>");
    for (int i = 0; i < 100000; i++)
        mdup_strbuf_puts(&text, "<a>");
    refused(text.text, MDUP_ERROR_UNSUPPORTED, "x.xml: line 1: its elements lie too deep");
    mdup_strbuf_reset(&text);
    mdup_strbuf_puts(&text, HEAD "<stage><Position><X>");
    for (int i = 0; i < 100000; i++)
        mdup_strbuf_puts(&text, "1");
    mdup_strbuf_puts(&text, "</X><Y>1</Y></Position></stage>" TAIL);
    assert_false(parse(text.text).has_stage);
    mdup_strbuf_free(&text);
}

static void every_cut(void **state)
{
    (void)state;
    static const char text[] = HEAD DATE("2020-02-06T17:06:46Z") STAGE("1", "2") TAIL;
    for (size_t length = 0; length < sizeof text - 1; length++) {
        mdup_acquisition a;
        assert_false(mdup_epu_xml_parse(text, length, "x.xml", &a, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file),          cmocka_unit_test(dates),
        cmocka_unit_test(numbers_that_are_none), cmocka_unit_test(broken_files),
        cmocka_unit_test(deep_and_long),         cmocka_unit_test(every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
