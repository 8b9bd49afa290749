/* Text of unknown origin. */
#include "base/text.h"
#include "texture.h"

static void expect_shown(const char *text, const char *expected)
{
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&out, "");
    mdup_text_show(&out, text, "#");
    assert_true(mdup_strbuf_check(&out, NULL));
    assert_string_equal(out.text, expected);
    mdup_strbuf_free(&out);
}

static void shown_as_it_is(void **state)
{
    (void)state;
    expect_shown("", "");
    expect_shown("CU428_04700_4-1.mrc", "CU428_04700_4-1.mrc");
    expect_shown("<script>alert(1)</script>", "<script>alert(1)</script>");
    expect_shown("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\xAC", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\xAC");
}

static void controls_and_bytes_that_are_no_text(void **state)
{
    (void)state;
    expect_shown("a\tb\nc\r\x1B[31m\x7F", "a#b#c##[31m#");
    expect_shown("\xC2\x9B"
                 "31m",
                 "#31m");                                 /* CSI of eight bits */
    expect_shown("\xFF\xC3(\x80\xED\xA0\x80", "##(####"); /* no UTF-8; half of a pair */
    expect_shown("\xC0\xAF\xF5\x80\x80\x80", "######");   /* overlong; beyond the last */
    expect_shown("x\xE2\x82", "x##");                     /* cut off */
    expect_shown("gpj\xE2\x80\xAE.mrc", "gpj#.mrc");      /* right-to-left override */
    expect_shown("a\xE2\x80\x8B"
                 "b\xEF\xBB\xBF",
                 "a#b#"); /* zero width */
}

static void expect_without_folders(const char *text, const char *expected)
{
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&out, "");
    mdup_text_without_folders(&out, text);
    assert_string_equal(out.text, expected);
    mdup_strbuf_free(&out);
}

static void without_folders(void **state)
{
    (void)state;
    expect_without_folders("", "");
    expect_without_folders("plain.mrc: 12 bytes", "plain.mrc: 12 bytes");
    expect_without_folders("/data/jane/x.mrc: no such file", "x.mrc: no such file");
    expect_without_folders("microdup screen --o=/data/jane/out/ 'a/b/*.mrc'",
                           "microdup screen --o=out/ '*.mrc'");
    expect_without_folders("/ // a/", " / a/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shown_as_it_is),
        cmocka_unit_test(controls_and_bytes_that_are_no_text),
        cmocka_unit_test(without_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
