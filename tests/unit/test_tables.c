/* The tables, byte for byte, from a small session made by hand. */
#include <math.h>

#include "catalog/catalog.h"
#include "image_test.h"
#include "locale_test.h"
#include "publish/tables.h"
#include "skip.h"

enum { N = 6, N_PAIRS = 5 };

static char star_name[] = "MotionCorr/a,b.mrc", quoted[] = "say \"x\".mrc", plain_2[] = "m2.mrc",
            plain_3[] = "m3.mrc", plain_4[] = "m4.mrc", plain_5[] = "m5.mrc", hole[] = "17",
            shot[] = "2", reason[] = "m4.mrc: no such file, \"gone\"";

/* The stage 3 um and 4 um on, the image's shift by (-0.5, 1) um; of m2.mrc no shift is known. */
static mdup_micrograph micrographs[N] = {
    {.name = star_name,
     .hole = hole,
     .shot = shot,
     .recorded = {.has_stage = true, .has_shift = true, .stage_x_um = 100, .shift_y_um = -0.5}},
    {.name = quoted,
     .hole = hole,
     .uid = UINT64_MAX,
     .recorded = {.has_stage = true,
                  .has_shift = true,
                  .stage_x_um = 103,
                  .stage_y_um = -4,
                  .shift_x_um = -0.5,
                  .shift_y_um = -1.5}},
    {.name = plain_2, .recorded = {.has_stage = true, .stage_x_um = 100}},
    {.name = plain_3},
    {.name = plain_4},
    {.name = plain_5}};
static mdup_catalog catalog = {.n = N, .micrographs = micrographs};
static mdup_judgement judgements[N] = {{.status = MDUP_STATUS_OK, .pixel_A = 0.5},
                                       {.status = MDUP_STATUS_OK, .pixel_A = 0.5},
                                       {.status = MDUP_STATUS_OK},
                                       {.status = MDUP_STATUS_OK},
                                       {.status = MDUP_STATUS_MISSING, .reason = reason},
                                       {.status = MDUP_STATUS_ODD_SIZE, .pixel_A = 2}};

static const mdup_pair pairs[N_PAIRS] = {
    {.a = 0,
     .b = 1,
     .shift_x_px = 10.5,
     .shift_y_px = -20.257,
     .shift_sd_px = 0.2449,
     .overlap = 0.98765,
     .ccc = 0.123456,
     .score = 12.3456,
     .log10_evalue = -20.1239},
    {.a = 0,
     .b = 2,
     .shift_x_px = -0.004,
     .shift_y_px = 0.0049,
     .shift_sd_px = 0.0049,
     .overlap = 1,
     .ccc = -0.00004,
     .score = 30,
     .log10_evalue = -400.5},
    {.a = 0,
     .b = 5,
     .shift_x_px = 3000,
     .shift_y_px = -0.008,
     .shift_sd_px = 40,
     .overlap = 0.05,
     .ccc = -0.5,
     .score = 6.005,
     .log10_evalue = -2},
    {.a = 2,
     .b = 3,
     .shift_x_px = 1,
     .shift_y_px = 2,
     .overlap = 0.5,
     .ccc = 1,
     .score = 99,
     .log10_evalue = -0.001,
     .is_copy = true,
     .orientation = MDUP_ORIENTATION_TURNED_90},
    {.a = 3,
     .b = 5,
     .shift_x_px = 1,
     .shift_y_px = -2,
     .shift_sd_px = 1.006,
     .overlap = 0.25,
     .ccc = 0.1,
     .score = 7,
     .log10_evalue = -307.5},
};

static bool is_duplicate[N_PAIRS] = {true, true, false, true, false},
            removed[N] = {false, true, true};
static int64_t sets[N] = {1, 1, 1, 1, MDUP_NO_SET, MDUP_NO_SET};
static ptrdiff_t original[N] = {-1, 0, 1, -1, -1, -1};
static mdup_decision decision = {.is_duplicate = is_duplicate,
                                 .set = sets,
                                 .removed = removed,
                                 .original = original,
                                 .n_sets = 1,
                                 .n_duplicate_pairs = 3,
                                 .n_removed = 2};
static const mdup_results results = {.catalog = &catalog,
                                     .judgements = judgements,
                                     .pairs = pairs,
                                     .n_pairs = N_PAIRS,
                                     .decision = &decision};

static void expect_text(mdup_strbuf *out, const char *expected)
{
    assert_true(mdup_strbuf_check(out, NULL));
    assert_string_equal(out->text, expected);
    mdup_strbuf_free(out);
}

static void duplicates(void **state)
{
    (void)state;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_table_duplicates(&results, &out);
    expect_text(&out,
                "Original,Duplicate,overlap,shift_x_px,shift_y_px,ccc,evalue,log10_evalue,set\n"
                "\"MotionCorr/a,b.mrc\",\"say "
                "\"\"x\"\".mrc\",0.9877,10.50,-20.26,0.1235,7.52e-21,-20.12,1\n"
                "\"MotionCorr/a,b.mrc\",m2.mrc,1.0000,0.00,0.00,0.0000,0,-400.50,1\n");
}

static void significant_pairs(void **state)
{
    (void)state;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_table_pairs(&results, &out);
    expect_text(
        &out,
        "micrograph_a,micrograph_b,class,overlap,shift_x_px,shift_y_px,shift_x_A,shift_y_A,"
        "ccc,score,evalue,log10_evalue,set,kind,shift_sd_px,stage_um,place_um\n"
        "\"MotionCorr/a,b.mrc\",\"say \"\"x\"\".mrc\",duplicate,0.9877,10.50,-20.26,5.25,-10.13,"
        "0.1235,12.35,7.52e-21,-20.12,1,duplicate,0.24,5.000,5.590\n"
        "\"MotionCorr/a,b.mrc\",m2.mrc,duplicate,1.0000,0.00,0.00,0.00,0.00,0.0000,30.00,0,"
        "-400.50,1,duplicate,0.00,0.000,\n"
        "\"MotionCorr/a,b.mrc\",m5.mrc,overlap,0.0500,3000.00,-0.01,1500.00,0.00,-0.5000,6.00,"
        "0.01,-2.00,,overlap,40.00,,\n"
        "m2.mrc,m3.mrc,duplicate,0.5000,1.00,2.00,,,1.0000,99.00,0.998,0.00,1,copy-turned-90,0.00,,"
        "\n"
        "m3.mrc,m5.mrc,overlap,0.2500,1.00,-2.00,,,0.1000,7.00,3.16e-308,-307.50,,overlap,1.01,,"
        "\n");
}

static void all_micrographs(void **state)
{
    (void)state;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_table_micrographs(&results, &out);
    expect_text(&out, "micrograph,status,reason,order,hole,shot,set,decision,pixel_A,uid\n"
                      "\"MotionCorr/a,b.mrc\",ok,,1,17,2,1,keep,0.5,\n"
                      "\"say \"\"x\"\".mrc\",ok,,2,17,,1,remove,0.5,18446744073709551615\n"
                      "m2.mrc,ok,,3,,,1,remove,,\n"
                      "m3.mrc,ok,,4,,,1,keep,,\n"
                      "m4.mrc,missing,\"m4.mrc: no such file, \"\"gone\"\"\",5,,,,keep,,\n"
                      "m5.mrc,odd-size,,6,,,,keep,2,\n");
}

/* Names stand in the list as they are, without quotes: it is no CSV. */
static void removed_names(void **state)
{
    (void)state;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    assert_true(mdup_table_removed(&results, &out, NULL));
    expect_text(&out, "say \"x\".mrc\nm2.mrc\n");
}

static void a_name_that_is_kept_as_well(void **state)
{
    (void)state;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    micrographs[5].name = plain_2;
    const bool ok = mdup_table_removed(&results, &out, NULL);
    micrographs[5].name = plain_5;
    assert_true(ok);
    expect_text(&out, "say \"x\".mrc\n");
}

static void nothing_found(void **state)
{
    (void)state;
    const mdup_catalog no_catalog = {0};
    const mdup_decision no_decision = {0};
    const mdup_results none = {.catalog = &no_catalog, .decision = &no_decision};
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&out, "# before\n"); /* tables are appended */
    assert_true(mdup_table_removed(&none, &out, NULL));
    mdup_table_duplicates(&none, &out);
    mdup_table_pairs(&none, &out);
    mdup_table_micrographs(&none, &out);
    expect_text(&out,
                "# before\n"
                "Original,Duplicate,overlap,shift_x_px,shift_y_px,ccc,evalue,log10_evalue,set\n"
                "micrograph_a,micrograph_b,class,overlap,shift_x_px,shift_y_px,shift_x_A,shift_y_A,"
                "ccc,score,evalue,log10_evalue,set,kind,shift_sd_px,stage_um,place_um\n"
                "micrograph,status,reason,order,hole,shot,set,decision,pixel_A,uid\n");
}

static void the_same_with_a_decimal_comma(void **state)
{
    assert_true(use_decimal_comma("locale_tables"));
    duplicates(state);
    significant_pairs(state);
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const bool comma = use_decimal_comma("locale_tables");
    setlocale(LC_ALL, "C");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duplicates),
        cmocka_unit_test(significant_pairs),
        cmocka_unit_test(all_micrographs),
        cmocka_unit_test(removed_names),
        cmocka_unit_test(a_name_that_is_kept_as_well),
        cmocka_unit_test(nothing_found),
        TEST_WHEN(comma, the_same_with_a_decimal_comma, "no locale with a decimal comma"),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
