/* What file names tell: the forms seen in public data and in the sources of the programs that make
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "catalog/names.h"
#include "catalog/stamp.h"

/* ---- helpers ---- */

/* Seconds since 1970 of a date and time, by the C library, which knows calendars by another way
 * than the code tested. */
static double seconds(int year, int month, int day, int hour, int minute, int second)
{
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = second};
    return (double)mktime(&tm);
}

static int use_utc(void **state)
{
    (void)state;
    int failed = setenv("TZ", "UTC0", 1);
    tzset();
    return failed;
}

static void assert_span(const char *name, mdup_span span, const char *expected)
{
    if (span.length != strlen(expected) || memcmp(name + span.begin, expected, span.length) != 0)
        fail_msg("%s: '%.*s' instead of '%s'", name, (int)span.length, name + span.begin, expected);
}

/* ---- the table ---- */

typedef struct {
    const char *name;
    mdup_naming naming;
    const char *hole, *shot, *counter, *prefix;
    int time[6]; /* year 0: no time */
} expectation;

#define PLAIN MDUP_NAMING_PLAIN
#define EPU MDUP_NAMING_EPU
#define SERIALEM MDUP_NAMING_SERIALEM
#define LEGINON MDUP_NAMING_LEGINON

static const expectation table[] = {
    /* EPU up to 2.x: hole, acquisition area, template, date, time. */
    {"FoilHole_30593197_Data_30537205_30537207_20230430_084907_fractions_patch_aligned_"
     "doseweighted.mrc",
     EPU,
     "30593197",
     "30537205",
     "",
     "",
     {2023, 4, 30, 8, 49, 7}},
    {"FoilHole_1464933_Data_427288_427290_20250502_213110_Fractions.mrc",
     EPU,
     "1464933",
     "427288",
     "",
     "",
     {2025, 5, 2, 21, 31, 10}},
    {"MotionCorr/job002/Images-Disc1/GridSquare_123/Data/"
     "FoilHole_16987437_Data_16986952_16986954_20240517_114243_fractions.mrc",
     EPU,
     "16987437",
     "16986952",
     "",
     "",
     {2024, 5, 17, 11, 42, 43}},
    {"009157767845483574648_FoilHole_11266022_Data_10173115_10173117_20231012_030400_EER_patch_"
     "aligned.mrc",
     EPU,
     "11266022",
     "10173115",
     "",
     "",
     {2023, 10, 12, 3, 4, 0}},
    /* Newer EPU: the beam shift's number in place of the template. */
    {"FoilHole_28788144_Data_28764755_46_20240328_192116_fractions.tiff",
     EPU,
     "28788144",
     "28764755",
     "",
     "",
     {2024, 3, 28, 19, 21, 16}},
    {"FoilHole_29471603_Data_29469926_20_20250429_122332_EER.mrc",
     EPU,
     "29471603",
     "29469926",
     "",
     "",
     {2025, 4, 29, 12, 23, 32}},
    {"FoilHole_11886543_Data_11866787_53_20250612_234250_fractions_DW.mrc",
     EPU,
     "11886543",
     "11866787",
     "",
     "",
     {2025, 6, 12, 23, 42, 50}},
    /* With one number only, and with a hole whose number looks like a date. */
    {"FoilHole_123_Data_456_20200229_235959.mrc",
     EPU,
     "123",
     "456",
     "",
     "",
     {2020, 2, 29, 23, 59, 59}},
    {"FoilHole_20120101_Data_20120102_123456_20200301_000000.mrc",
     EPU,
     "20120101",
     "20120102",
     "",
     "",
     {2020, 3, 1, 0, 0, 0}},
    {"grid2_FoilHole_123_Data_456_457_20200301_010203.mrc",
     EPU,
     "123",
     "456",
     "",
     "",
     {2020, 3, 1, 1, 2, 3}},
    /* No time: still a hole. */
    {"FoilHole_123_Data_456_457.mrc", EPU, "123", "456", "", "", {0}},
    {"FoilHole_123_Data_456_457_20201301_010203.mrc", EPU, "123", "456", "", "", {0}},
    /* Not quite EPU. */
    {"FoilHole_Data_456_457_20200301_010203.mrc", PLAIN, "", "", "", "", {2020, 3, 1, 1, 2, 3}},
    {"FoilHole_123_456.mrc", PLAIN, "", "", "", "", {0}},
    {"FoilHole_", PLAIN, "", "", "", "", {0}},

    /* SerialEM: root, label, number, date, time, hole and shot. */
    {"000022314839760130216_VSM-71-3_815_005_Nov04_04.01.02_X+1Y-1-1_patch_aligned_doseweighted."
     "mrc",
     SERIALEM,
     "X+1Y-1",
     "1",
     "005",
     "VSM-71-3_815",
     {2000, 11, 4, 4, 1, 2}},
    {"008137117410956406710_VSM-71-3_345_005_Nov03_10.45.24_X+1Y-1-1.mrc",
     SERIALEM,
     "X+1Y-1",
     "1",
     "005",
     "VSM-71-3_345",
     {2000, 11, 3, 10, 45, 24}},
    {"Grid_Screening_20240328_192116_001_X+1Y-1-1_fractions.tiff",
     SERIALEM,
     "X+1Y-1",
     "1",
     "001",
     "Grid_Screening_20240328_192116",
     {2024, 3, 28, 19, 21, 16}},
    {"Grid_Screening_20240328_192116_X+1Y-1-1_fractions.tiff",
     SERIALEM,
     "X+1Y-1",
     "1",
     "",
     "Grid_Screening",
     {2024, 3, 28, 19, 21, 16}},
    {"SAVED4M-DNA3_39-103_001_X+0Y+0-1.tif",
     SERIALEM,
     "X+0Y+0",
     "1",
     "001",
     "SAVED4M-DNA3_39-103",
     {0}},
    {"slot5_A28-4_63_0006_X-1Y+0-0.mrc", SERIALEM, "X-1Y+0", "0", "0006", "slot5_A28-4_63", {0}},
    {"grid1_Sep22_18.10.51_X+0Y+0-3.mrc",
     SERIALEM,
     "X+0Y+0",
     "3",
     "",
     "grid1",
     {2000, 9, 22, 18, 10, 51}},
    {"2024-03-28_19.21.16_grid1_0042_X+2Y+0-4.tif",
     SERIALEM,
     "X+2Y+0",
     "4",
     "0042",
     "grid1",
     {2024, 3, 28, 19, 21, 16}},
    {"grid1_0042_-0.0_Sep22_18.10.51_R2H11-4.tif",
     SERIALEM,
     "R2H11",
     "4",
     "0042",
     "grid1",
     {2000, 9, 22, 18, 10, 51}},
    {"grid1_0042_Sep22_R2H11-0.tif", SERIALEM, "R2H11", "0", "0042", "grid1", {0}},
    {"250123_SF0431_01129_1-7.eer", SERIALEM, "1", "7", "01129", "250123_SF0431", {0}},
    {"250123_SF0431_01129_1-7_EER.mrc", SERIALEM, "1", "7", "01129", "250123_SF0431", {0}},
    {"a_Dec31_23.59.59_3-2.mrc", SERIALEM, "3", "2", "", "a", {2000, 12, 31, 23, 59, 59}},
    {"00012_2-4.mrc", SERIALEM, "2", "4", "00012", "", {0}},
    /* McGill. */
    {"Micro_00000_1-1.tif", SERIALEM, "1", "1", "00000", "Micro", {0}},
    {"MotionCorr/job002/Movies/CU428_04735_4-4.mrc", SERIALEM, "4", "4", "04735", "CU428", {0}},
    /* Not enough to be a hole: no number, a Navigator label, a date. */
    {"grid_4-1.mrc", PLAIN, "", "", "", "", {0}},
    {"SAVED4M-DNA3_39-103.tif", PLAIN, "", "", "", "", {0}},
    {"SAVED4M_00001_39-103.tif", PLAIN, "", "", "", "", {0}},
    {"mic_00001_2-3-4.mrc", PLAIN, "", "", "", "", {0}},
    {"X+1Y-1-1.mrc", PLAIN, "", "", "", "", {0}},
    {"mic_001_X+1Y-1-.mrc", PLAIN, "", "", "", "", {0}},
    {"mic_001_X1Y1-1.mrc", PLAIN, "", "", "", "", {0}},
    {"mic_001_X+1111Y-1-1.mrc", PLAIN, "", "", "", "", {0}},

    /* Leginon: session, grid, square, hole, exposure, each perhaps with a version. */
    {"14sep05c_c_00003gr_00014sq_00004hl_00004es.frames.tif",
     LEGINON,
     "00004hl",
     "00004es",
     "",
     "14sep05c_c_00003gr_00014sq_00004hl",
     {0}},
    {"J1/imported/015762140416835289736_14sep05c_00024sq_00003hl_00002es.frames.tif",
     LEGINON,
     "00003hl",
     "00002es",
     "",
     "14sep05c_00024sq_00003hl",
     {0}},
    {"18jun07c_em6b_00002gr_00010sq_v01_00002hl_v01_00005en_DW.mrc",
     LEGINON,
     "00002hl",
     "00005en",
     "",
     "18jun07c_em6b_00002gr_00010sq_v01_00002hl_v01",
     {0}},
    {"23mar23b_a_00038gr_00003sq_v02_00008hl_v01_00002ex.mrc",
     LEGINON,
     "00008hl",
     "00002ex",
     "",
     "23mar23b_a_00038gr_00003sq_v02_00008hl_v01",
     {0}},
    {"11jul05a_00002sq_00002hl.mrc", PLAIN, "", "", "", "", {0}},

    /* Plain names, with and without a time. */
    {"k2_1219_cva6X_00087.tif", PLAIN, "", "", "", "", {0}},
    {"20170629_00021_frameImage.mrc", PLAIN, "", "", "", "", {0}},
    {"20240517_114243.mrc", PLAIN, "", "", "", "", {2024, 5, 17, 11, 42, 43}},
    {"a-20240517-114243.mrc", PLAIN, "", "", "", "", {2024, 5, 17, 11, 42, 43}},
    {"a20240517T114243b.mrc", PLAIN, "", "", "", "", {2024, 5, 17, 11, 42, 43}},
    {"a_20240517114243_b.mrc", PLAIN, "", "", "", "", {2024, 5, 17, 11, 42, 43}},
    {"x_2024-05-17_11-42-43_y.mrc", PLAIN, "", "", "", "", {2024, 5, 17, 11, 42, 43}},
    {"x_2024-05-17T11:42:43.mrc", PLAIN, "", "", "", "", {2024, 5, 17, 11, 42, 43}},
    {"RuBisCo_Sq6LaserOff_1umR_May15_00.53.46_patch_aligned.mrc",
     PLAIN,
     "",
     "",
     "",
     "",
     {2000, 5, 15, 0, 53, 46}},
    {"Feb29_00.00.00", PLAIN, "", "", "", "", {2000, 2, 29, 0, 0, 0}},
    /* The last stamp counts: the first may be the session's. */
    {"s_20240101_000000_20240102_030405.mrc", PLAIN, "", "", "", "", {2024, 1, 2, 3, 4, 5}},
    {"s_20240101_000000_Jan02_03.04.05.mrc", PLAIN, "", "", "", "", {2000, 1, 2, 3, 4, 5}},
    /* A stamp in a folder's name is the session's. */
    {"supervisor_20240404_093820_x/mic.mrc", PLAIN, "", "", "", "", {0}},
    /* No dates. */
    {"x_20230229_000000.mrc", PLAIN, "", "", "", "", {0}},
    {"x_20231232_000000.mrc", PLAIN, "", "", "", "", {0}},
    {"x_20231231_240000.mrc", PLAIN, "", "", "", "", {0}},
    {"x_20231231_236000.mrc", PLAIN, "", "", "", "", {0}},
    {"x_19891231_235959.mrc", PLAIN, "", "", "", "", {0}},
    {"x_120231231_235959.mrc", PLAIN, "", "", "", "", {0}},
    {"x_20231231_2359590.mrc", PLAIN, "", "", "", "", {0}},
    {"x_20231231_23595.mrc", PLAIN, "", "", "", "", {0}},
    {"x_sep22_18.10.51.mrc", PLAIN, "", "", "", "", {0}},
    {"xSep22_18.10.51.mrc", PLAIN, "", "", "", "", {0}},
    {"x_Sep31_18.10.51.mrc", PLAIN, "", "", "", "", {0}},
    {"x_Sep22_18.10.511.mrc", PLAIN, "", "", "", "", {0}},
    {"", PLAIN, "", "", "", "", {0}},
    {"/", PLAIN, "", "", "", "", {0}},
    {".mrc", PLAIN, "", "", "", "", {0}},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const expectation *e = &table[i];
        mdup_name parts;
        mdup_name_parse(e->name, &parts);
        if (parts.naming != e->naming)
            fail_msg("%s: naming %d instead of %d", e->name, (int)parts.naming, (int)e->naming);
        assert_span(e->name, parts.hole, e->hole);
        assert_span(e->name, parts.shot, e->shot);
        assert_span(e->name, parts.counter, e->counter);
        assert_span(e->name, parts.prefix, e->prefix);
        if (parts.has_time != (e->time[0] != 0))
            fail_msg("%s: %s", e->name, parts.has_time ? "a time" : "no time");
        if (!parts.has_time)
            continue;
        double expected =
            seconds(e->time[0], e->time[1], e->time[2], e->time[3], e->time[4], e->time[5]);
        if (parts.time_s != expected)
            fail_msg("%s: %.0f s instead of %.0f", e->name, parts.time_s, expected);
        assert_int_equal(parts.has_year, e->time[0] != 2000);
    }
}

/* ---- pieces of a name ---- */

typedef struct {
    const char *name, *folder, *base, *stem;
    mdup_variant variant;
    const char *flags; /* spectrum, half, raw, tiff, compressed, image, Stack */
} pieces;

static const pieces piece_table[] = {
    {"a/b/x.mrc", "a/b/", "x", "x", MDUP_VARIANT_PLAIN, "i"},
    {"x.MRC", "", "x", "x", MDUP_VARIANT_PLAIN, "i"},
    {"x.mrc.gz", "", "x", "x", MDUP_VARIANT_PLAIN, "ci"},
    {"x.mrc.bz2", "", "x", "x", MDUP_VARIANT_PLAIN, "ci"},
    {"x.map", "", "x", "x", MDUP_VARIANT_PLAIN, "i"},
    {"x.tif", "", "x", "x", MDUP_VARIANT_PLAIN, "ti"},
    {"x.tiff", "", "x", "x", MDUP_VARIANT_PLAIN, "ti"},
    {"x.mrcs", "", "x", "x", MDUP_VARIANT_PLAIN, "S"},
    {"x.eer", "", "x", "x", MDUP_VARIANT_PLAIN, ""},
    {"x.gz", "", "x", "x", MDUP_VARIANT_PLAIN, "c"},
    {"x.star", "", "x.star", "x.star", MDUP_VARIANT_PLAIN, ""},
    {"x.ctf:mrc", "", "x.ctf", "x.ctf", MDUP_VARIANT_PLAIN, ""},
    {"x.mrc:mrc", "", "x", "x", MDUP_VARIANT_PLAIN, "i"},
    {"000012@a/stack.mrcs", "a/", "stack", "stack", MDUP_VARIANT_PLAIN, "S"},
    {"a@b/stack.mrc", "a@b/", "stack", "stack", MDUP_VARIANT_PLAIN, "i"},
    {"x_DW.mrc", "", "x", "x", MDUP_VARIANT_DOSE_WEIGHTED, "i"},
    {"x_DWS.mrc", "", "x", "x", MDUP_VARIANT_SELECTED_FRAMES, "i"},
    {"x_noDW.mrc", "", "x", "x", MDUP_VARIANT_NOT_WEIGHTED, "i"},
    {"x_patch_aligned.mrc", "", "x", "x", MDUP_VARIANT_ALIGNED, "i"},
    {"x_rigid_aligned.mrc", "", "x", "x", MDUP_VARIANT_ALIGNED, "i"},
    {"x_patch_aligned_doseweighted.mrc", "", "x", "x", MDUP_VARIANT_DOSE_WEIGHTED, "i"},
    {"x_fractions.tiff", "", "x", "x", MDUP_VARIANT_PLAIN, "rti"},
    {"x_fractions.mrc", "", "x", "x", MDUP_VARIANT_PLAIN, "ri"},
    {"x_fractions_noDW.mrc", "", "x", "x", MDUP_VARIANT_NOT_WEIGHTED, "i"},
    {"x_EER_patch_aligned.mrc", "", "x", "x", MDUP_VARIANT_ALIGNED, "i"},
    {"x.frames.mrc", "", "x", "x", MDUP_VARIANT_PLAIN, "ri"},
    {"x_PS.mrc", "", "x", "x", MDUP_VARIANT_PLAIN, "si"},
    {"x_EVN.mrc", "", "x", "x", MDUP_VARIANT_PLAIN, "hi"},
    {"x_ODD_DW.mrc", "", "x", "x", MDUP_VARIANT_DOSE_WEIGHTED, "hi"},
    {"x_ps.mrc", "", "x_ps", "x_ps", MDUP_VARIANT_PLAIN, "i"},
    {"_DW.mrc", "", "_DW", "_DW", MDUP_VARIANT_PLAIN, "i"},
    {"009270517818331954156_x.mrc", "", "009270517818331954156_x", "x", MDUP_VARIANT_PLAIN, "i"},
    {"09270517818331954156_x.mrc", "", "09270517818331954156_x", "09270517818331954156_x",
     MDUP_VARIANT_PLAIN, "i"},
    {"009270517818331954156_.mrc", "", "009270517818331954156_", "009270517818331954156_",
     MDUP_VARIANT_PLAIN, "i"},
    {"a b/\xc3\xbc x.mrc", "a b/", "\xc3\xbc x", "\xc3\xbc x", MDUP_VARIANT_PLAIN, "i"},
};

static void test_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof piece_table / sizeof piece_table[0]; i++) {
        const pieces *e = &piece_table[i];
        mdup_name parts;
        mdup_name_parse(e->name, &parts);
        assert_span(e->name, parts.folder, e->folder);
        assert_span(e->name, parts.base, e->base);
        assert_span(e->name, parts.stem, e->stem);
        char flags[8] = "";
        size_t n = 0;
        const bool set[] = {parts.is_power_spectrum, parts.is_half,       parts.is_raw,
                            parts.is_tiff,           parts.is_compressed, parts.has_image_extension,
                            parts.is_stack};
        for (size_t k = 0; k < 7; k++)
            if (set[k])
                flags[n++] = "shrtciS"[k];
        if (strcmp(flags, e->flags) != 0 || parts.variant != e->variant)
            fail_msg("%s: flags '%s', variant %d", e->name, flags, (int)parts.variant);
    }
}

/* ---- EPU's old minutes ---- */

static double time_of(const char *name)
{
    mdup_name parts;
    mdup_name_parse(name, &parts);
    assert_true(parts.has_time && parts.has_year);
    return parts.time_s;
}

static void test_minutes_are_ordered_by_the_running_number(void **state)
{
    (void)state;
    double first = time_of("FoilHole_24003709_Data_23978423_23978424_20180225_0629-1729_noDW.mrc");
    double second = time_of("FoilHole_24003700_Data_23978423_23978424_20180225_0629-1730.mrc");
    double largest = time_of("FoilHole_24003700_Data_23978423_23978424_20180225_0629-9999999.mrc");
    double next_minute = time_of("FoilHole_24003700_Data_23978423_23978424_20180225_0630-0001.mrc");
    double minute = seconds(2018, 2, 25, 6, 29, 0);
    assert_true(first > minute && first < second && second < largest && largest < next_minute);
    assert_true(largest < minute + 60);
    mdup_stamp stamp;
    assert_false(mdup_stamp_find_minutes("20180225_0629-", 14, &stamp));
    assert_false(mdup_stamp_find_minutes("20180225_0629_1", 15, &stamp));
    assert_false(mdup_stamp_find_minutes("20180225_2429-1", 15, &stamp));
    assert_false(mdup_stamp_find_minutes("120180225_0629-1", 16, &stamp));
}

/* ---- properties ---- */

static void test_every_day_from_1990_to_2099(void **state)
{
    (void)state;
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    double before = 0;
    for (int year = 1990; year <= 2099; year++) {
        for (int month = 1; month <= 12; month++) {
            int last = days[month - 1] + (month == 2 && year % 4 == 0);
            for (int day = 1; day <= last + 1; day++) {
                char text[] = "00000000_000000";
                int date = year * 10000 + month * 100 + day;
                for (int k = 7; k >= 0; k--, date /= 10)
                    text[k] = (char)('0' + date % 10);
                mdup_stamp stamp;
                bool found = mdup_stamp_find_last(text, strlen(text), &stamp);
                assert_int_equal(found, day <= last);
                if (!found)
                    continue;
                assert_true(before == 0 || stamp.time_s - before == 86400);
                before = stamp.time_s;
            }
        }
    }
    assert_true(before == seconds(2099, 12, 31, 0, 0, 0));
}

static void assert_inside(size_t length, mdup_span span)
{
    assert_true(span.begin <= length && span.length <= length - span.begin);
}

/* Pieces of real names in any order and cut anywhere: nothing is read beyond the name (the
 * sanitizer watches), and every span lies in it. */
static void test_any_text_is_taken_apart_safely(void **state)
{
    (void)state;
    static const char *const pool[] = {"FoilHole_",
                                       "_Data_",
                                       "123",
                                       "20240328",
                                       "_192116",
                                       "Nov04",
                                       "_04.01.02",
                                       "_X+1Y-1-1",
                                       "_R1H2-0",
                                       "_4-1",
                                       "00001",
                                       "hl",
                                       "_v01",
                                       "_00002es",
                                       "_DW",
                                       "_noDW",
                                       ".mrc",
                                       ".gz",
                                       "/",
                                       "@",
                                       "_",
                                       "-",
                                       "\xff",
                                       " ",
                                       "009270517818331954156_",
                                       ":mrc",
                                       "2024-03-28_19.21.16"};
    uint32_t random = 1;
    for (int trial = 0; trial < 200000; trial++) {
        char name[160];
        size_t length = 0;
        random = random * 1664525u + 1013904223u;
        size_t n = random >> 29;
        for (size_t k = 0; k <= n; k++) {
            random = random * 1664525u + 1013904223u;
            const char *piece = pool[(random >> 8) % (sizeof pool / sizeof pool[0])];
            size_t piece_length = strlen(piece) - ((random >> 4) & 7) / 7;
            memcpy(name + length, piece, piece_length);
            length += piece_length;
        }
        char *exact = malloc(length + 1); /* so that the sanitizer knows its end */
        assert_non_null(exact);
        memcpy(exact, name, length);
        exact[length] = '\0';
        mdup_name parts;
        mdup_name_parse(exact, &parts);
        const mdup_span spans[] = {parts.folder, parts.base, parts.stem,   parts.prefix,
                                   parts.hole,   parts.shot, parts.counter};
        for (size_t k = 0; k < sizeof spans / sizeof spans[0]; k++)
            assert_inside(length, spans[k]);
        assert_true(parts.naming == MDUP_NAMING_PLAIN || parts.hole.length > 0);
        assert_int_equal(parts.naming != MDUP_NAMING_PLAIN, parts.shot.length > 0);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_minutes_are_ordered_by_the_running_number),
        cmocka_unit_test(test_every_day_from_1990_to_2099),
        cmocka_unit_test(test_any_text_is_taken_apart_safely),
    };
    return cmocka_run_group_tests(tests, use_utc, NULL);
}
