#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "formats/mdoc.h"

static mdup_mdoc parse(const char *text)
{
    mdup_error *err = NULL;
    mdup_mdoc mdoc;
    if (!mdup_mdoc_parse(text, strlen(text), "x.mdoc", &mdoc, &err))
        fail_msg("%s", mdup_error_get_message(err));
    return mdoc;
}

/* Lines of files of SerialEM 3.8 and 4.1. */
static const char two_movies[] =
    "T = SerialEM: Acquired on Titan Krios D3693                 05-Sep-19  11:24:48\r\n"
    "Voltage = 300\r\n"
    "\r\n"
    "[T = Tilt axis angle = 85.5, binning = 1  spot = 6  camera = 1]\r\n"
    "[FrameSet = 0]\r\n"
    "TiltAngle = 0.00577417\r\n"
    "StagePosition = -62.6189 730.271\r\n"
    "StageZ = -32.565\r\n"
    "ImageShift = -2.22045e-016 -0.233229\r\n"
    "SubFramePath = X:\\DoseFractions\\mx2214\\data\\mx2214_00005.tif\r\n"
    "DateTime = 05-Sep-19  15:52:08\r\n"
    "NavigatorLabel = 78-1\r\n"
    "MultishotHoleAndPosition = 1 4\r\n"
    "\r\n"
    "[FrameSet = 1]\r\n"
    "StagePosition = 1 2\r\n"
    "SubFramePath = /data/a b/c_00006.mrc\r\n"
    "DateTime = 26-Oct-2023  17:06:51\r\n"
    "MultishotHoleAndPosition =  -1 2  3 \r\n"
    "FrameDosesAndNumber = 0 40\r\n";

static void sections(void **state)
{
    (void)state;
    mdup_mdoc mdoc = parse(two_movies);
    assert_int_equal(mdoc.n, 2);
    const mdup_acquisition *a = &mdoc.items[0], *b = &mdoc.items[1];
    assert_true(a->has_stage && a->has_shift && a->has_time);
    assert_true(a->stage_x_um == -62.6189 && a->stage_y_um == 730.271);
    assert_true(a->shift_x_um == -2.22045e-16 && a->shift_y_um == -0.233229);
    assert_true(a->time_s == 1567698728);
    assert_string_equal(a->image, "mx2214_00005.tif");
    assert_string_equal(a->label, "78-1");
    assert_string_equal(a->hole, "1");
    assert_string_equal(a->shot, "4");
    assert_true(b->has_stage && !b->has_shift && b->has_time);
    assert_true(b->time_s == 1698340011);
    assert_string_equal(b->image, "c_00006.mrc");
    assert_null(b->label);
    assert_string_equal(b->hole, "-1 2");
    assert_string_equal(b->shot, "3");
    mdup_mdoc_clear(&mdoc);
}

static void other_sections(void **state)
{
    (void)state;
    mdup_mdoc mdoc =
        parse("StagePosition = 9 9\n[ZValue = 0]\nStagePosition = 1 1\n[MontSection = 0]\n"
              "StagePosition = 8 8\n[Image = a.tif]\nStagePosition = 2 2");
    assert_int_equal(mdoc.n, 2);
    assert_true(mdoc.items[0].stage_x_um == 1 && mdoc.items[1].stage_x_um == 2);
    mdup_mdoc_clear(&mdoc);
}

static void values_that_are_none(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "StagePosition = 1",
        "StagePosition = 1 2 3",
        "StagePosition = a b",
        "StagePosition =",
        "StagePosition 1 2",
        "ImageShift = nan 0",
        "ImageShift = 1,0 2",
        "DateTime = now",
        "DateTime = 05-Sep-19",
        "DateTime = 31-Feb-19 1:2:3",
        "DateTime = 05-Foo-19 15:52:08",
        "DateTime = 05-Sep-19 15:52:08 PM",
        "DateTime = 05-Sep-19-1 15:52:08",
        "DateTime = 05-Sep-19 15:52:08:1",
        "DateTime = -5-Sep-19 15:52:08",
        "MultishotHoleAndPosition = 1",
        "SubFramePath =",
        "SubFramePath = C:\\a\\",
        "= 1",
        "=",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        mdup_strbuf text = MDUP_STRBUF_INIT;
        mdup_strbuf_printf(&text, "[FrameSet = 0]\n%s\n", lines[i]);
        mdup_mdoc mdoc = parse(text.text);
        const mdup_acquisition *a = &mdoc.items[0];
        if (a->has_stage || a->has_shift || a->has_time || a->hole || a->shot || a->image)
            fail_msg("%s was understood", lines[i]);
        mdup_mdoc_clear(&mdoc);
        mdup_strbuf_free(&text);
    }
}

static void the_last_value_counts(void **state)
{
    (void)state;
    mdup_mdoc mdoc = parse("[FrameSet = 0]\nSubFramePath = a.tif\nSubFramePath = b.tif\n"
                           "NavigatorLabel = 1\nNavigatorLabel = 2\n"
                           "MultishotHoleAndPosition = 1 2\nMultishotHoleAndPosition = 3 4\n");
    assert_string_equal(mdoc.items[0].image, "b.tif");
    assert_string_equal(mdoc.items[0].label, "2");
    assert_string_equal(mdoc.items[0].hole, "3");
    mdup_mdoc_clear(&mdoc);
}

static void no_mdoc(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "\n",
                                        "StagePosition = 1 2\n",
                                        "[T = title]\n",
                                        "[FrameSet]\n",
                                        "[FrameSet = 0\n",
                                        "[",
                                        "]",
                                        "data_\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mdup_error *err = NULL;
        mdup_mdoc mdoc = {0, NULL};
        assert_false(mdup_mdoc_parse(texts[i], strlen(texts[i]), "x.mdoc", &mdoc, &err));
        assert_string_equal(
            mdup_error_get_message(err),
            "x.mdoc: has no section such as [FrameSet = 0] and so is no .mdoc of SerialEM");
        assert_int_equal(mdup_error_get_code(err), MDUP_ERROR_PARSE);
        mdup_error_clear(&err);
    }
}

/* No cut makes it read too far (a sanitizer sees it), and zero bytes are bytes like others. */
static void every_cut(void **state)
{
    (void)state;
    size_t whole = strlen(two_movies);
    for (size_t length = 0; length <= whole; length++) {
        char *exact = malloc(length ? length : 1);
        assert_non_null(exact);
        memcpy(exact, two_movies, length);
        if (length > 300)
            exact[length / 2] = '\0';
        mdup_mdoc mdoc;
        if (mdup_mdoc_parse(exact, length, "x.mdoc", &mdoc, NULL))
            mdup_mdoc_clear(&mdoc);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections),
        cmocka_unit_test(other_sections),
        cmocka_unit_test(values_that_are_none),
        cmocka_unit_test(the_last_value_counts),
        cmocka_unit_test(no_mdoc),
        cmocka_unit_test(every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
