/* The MRC header, right and wrong, and the writer. */
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/image_file.h"
#include "formats/mrc.h"
#include "formats/pixels.h"
#include "image_test.h"

static mdup_mrc_header parse(const uint8_t *bytes, mdup_mode0 mode0)
{
    mdup_mrc_header header = {0};
    mdup_error *err = NULL;
    assert_true(mdup_mrc_detect(bytes, HEADER_bytes));
    bool ok = mdup_mrc_parse_header(bytes, "x.mrc", mode0, &header, &err);
    expect_no_error(&err);
    assert_true(ok);
    return header;
}

static void refuse(const uint8_t *bytes, mdup_error_code code, const char *message)
{
    mdup_mrc_header header = {.row_bytes = -7};
    mdup_error *err = NULL;
    assert_false(mdup_mrc_parse_header(bytes, "x.mrc", MDUP_MODE0_AUTO, &header, &err));
    assert_int_equal(header.row_bytes, -7);
    expect_error(&err, code, message);
}

/* ---- what is read ---- */

static void every_mode_in_both_orders(void **state)
{
    (void)state;
    static const struct {
        int mode;
        mdup_pixel_type type;
        int64_t row_bytes;
    } cases[] = {{0, MDUP_PIXEL_INT8, 7},      {1, MDUP_PIXEL_INT16, 14},
                 {2, MDUP_PIXEL_FLOAT32, 28},  {6, MDUP_PIXEL_UINT16, 14},
                 {12, MDUP_PIXEL_FLOAT16, 14}, {101, MDUP_PIXEL_UINT4, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int big_endian = 0; big_endian < 2; big_endian++) {
            uint8_t bytes[HEADER_bytes];
            make_mrc_header(bytes, 7, 5, 3, cases[i].mode, big_endian);
            put_32(bytes, 92, 100, big_endian);
            const mdup_mrc_header header = parse(bytes, MDUP_MODE0_AUTO);
            assert_string_equal(header.info.format, "mrc");
            assert_int_equal(header.info.nx, 7);
            assert_int_equal(header.info.ny, 5);
            assert_int_equal(header.info.nz, 3);
            assert_int_equal(header.info.mode, cases[i].mode);
            assert_int_equal(header.info.pixel_type, cases[i].type);
            assert_int_equal(header.info.big_endian, big_endian);
            assert_false(header.info.top_down);
            assert_null(header.info.warning);
            assert_true(header.info.pixel_A == 1.5);
            assert_int_equal(header.row_bytes, cases[i].row_bytes);
            assert_int_equal(header.image_bytes, 5 * cases[i].row_bytes);
            assert_int_equal(header.data_at_bytes, 1124);
            assert_int_equal(header.total_bytes, 1124 + 15 * cases[i].row_bytes);
        }
    }
}

static void mode_0_signed_or_not(void **state)
{
    (void)state;
    for (int big_endian = 0; big_endian < 2; big_endian++) {
        uint8_t bytes[HEADER_bytes];
        make_mrc_header(bytes, 4, 4, 1, 0, big_endian);
        assert_int_equal(parse(bytes, MDUP_MODE0_AUTO).info.pixel_type, MDUP_PIXEL_INT8);
        assert_int_equal(parse(bytes, MDUP_MODE0_UNSIGNED).info.pixel_type, MDUP_PIXEL_UINT8);
        put_32(bytes, 152, 1146047817, big_endian);
        assert_int_equal(parse(bytes, MDUP_MODE0_AUTO).info.pixel_type, MDUP_PIXEL_UINT8);
        assert_int_equal(parse(bytes, MDUP_MODE0_SIGNED).info.pixel_type, MDUP_PIXEL_INT8);
        put_32(bytes, 156, 1, big_endian);
        assert_int_equal(parse(bytes, MDUP_MODE0_AUTO).info.pixel_type, MDUP_PIXEL_INT8);
        put_32(bytes, 156, 2, big_endian);
        assert_int_equal(parse(bytes, MDUP_MODE0_AUTO).info.pixel_type, MDUP_PIXEL_UINT8);
    }
}

static void map_with_three_bytes_or_four(void **state)
{
    (void)state;
    uint8_t bytes[HEADER_bytes];
    for (unsigned last = 0; last < 256; last++) {
        make_mrc_header(bytes, 4, 4, 1, 2, false);
        bytes[211] = (uint8_t)last;
        assert_null(parse(bytes, MDUP_MODE0_AUTO).info.warning);
    }
}

static const char old_warning[] =
    "an MRC header from before 2000, without the word MAP; byte order found from the sizes";

static void files_from_before_2000(void **state)
{
    (void)state;
    for (int big_endian = 0; big_endian < 2; big_endian++) {
        uint8_t bytes[HEADER_bytes];
        make_mrc_header(bytes, 720, 512, 1, 1, big_endian);
        memset(bytes + 208, 0, 8);
        const mdup_mrc_header header = parse(bytes, MDUP_MODE0_AUTO);
        assert_int_equal(header.info.big_endian, big_endian);
        assert_int_equal(header.info.nx, 720);
        assert_string_equal(header.info.warning, old_warning);
        put_32(bytes, 64, 4, big_endian); /* an axis that does not exist */
        assert_false(mdup_mrc_detect(bytes, HEADER_bytes));
        put_32(bytes, 64, 1, big_endian);
        put_32(bytes, 220, 11, big_endian); /* more labels than there is room for */
        assert_false(mdup_mrc_detect(bytes, HEADER_bytes));
    }
}

static void wrong_or_missing_machine_stamps(void **state)
{
    (void)state;
    for (int big_endian = 0; big_endian < 2; big_endian++) {
        uint8_t bytes[HEADER_bytes];
        make_mrc_header(bytes, 720, 512, 1, 2, big_endian);
        memcpy(bytes + 212, big_endian ? "\x44\x44\0\0" : "\x11\x11\0\0", 4);
        mdup_mrc_header header = parse(bytes, MDUP_MODE0_AUTO);
        assert_int_equal(header.info.big_endian, big_endian);
        assert_string_equal(
            header.info.warning,
            "the machine stamp in the MRC header is wrong; byte order found from the sizes");
        memset(bytes + 212, 0, 4);
        header = parse(bytes, MDUP_MODE0_AUTO);
        assert_int_equal(header.info.big_endian, big_endian);
        assert_string_equal(
            header.info.warning,
            "no valid machine stamp in the MRC header; byte order found from the sizes");
    }
}

/* Sizes of 256 and mode 0 make sense in both orders (65536 the other way). */
static void both_orders_possible(void **state)
{
    (void)state;
    for (int big_endian = 0; big_endian < 2; big_endian++) {
        uint8_t bytes[HEADER_bytes];
        make_mrc_header(bytes, 256, 256, 256, 0, big_endian);
        assert_int_equal(parse(bytes, MDUP_MODE0_AUTO).info.nx, 256);
        memset(bytes + 212, 0, 4);
        assert_int_equal(parse(bytes, MDUP_MODE0_AUTO).info.nx, 256);
        memcpy(bytes + 212, big_endian ? "DD\0\0" : "\x11\x11\0\0", 4);
        assert_int_equal(parse(bytes, MDUP_MODE0_AUTO).info.nx, 65536); /* the stamp decides */
    }
}

static void machine_stamp_of_44_41(void **state)
{
    (void)state;
    uint8_t bytes[HEADER_bytes];
    make_mrc_header(bytes, 4, 4, 1, 2, false);
    bytes[213] = 0x41;
    assert_null(parse(bytes, MDUP_MODE0_AUTO).info.warning);
}

static void extended_header_types(void **state)
{
    (void)state;
    uint8_t bytes[HEADER_bytes];
    make_mrc_header(bytes, 4, 4, 1, 2, false);
    assert_string_equal(parse(bytes, MDUP_MODE0_AUTO).info.ext_type, "");
    memcpy(bytes + 104, "FEI1", 4);
    put_32(bytes, 92, 786432, false);
    const mdup_mrc_header header = parse(bytes, MDUP_MODE0_AUTO);
    assert_string_equal(header.info.ext_type, "FEI1");
    assert_int_equal(header.info.ext_bytes, 786432);
    assert_int_equal(header.data_at_bytes, 1024 + 786432);
    memcpy(bytes + 104, "A\0\x01\x02", 4);
    assert_string_equal(parse(bytes, MDUP_MODE0_AUTO).info.ext_type, "");
    put_32(bytes, 92, INT32_MAX, false);
    assert_int_equal(parse(bytes, MDUP_MODE0_AUTO).total_bytes, 1024 + INT64_C(2147483647) + 64);
}

static void pixel_sizes_that_make_no_sense_are_zero(void **state)
{
    (void)state;
    uint8_t bytes[HEADER_bytes];
    static const float cells[] = {0.0f, -4.0f, INFINITY, NAN, 1e9f, 1e-9f};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        make_mrc_header(bytes, 4, 4, 1, 2, false);
        put_float(bytes, 40, cells[i], false);
        assert_true(parse(bytes, MDUP_MODE0_AUTO).info.pixel_A == 0.0);
    }
    make_mrc_header(bytes, 4, 4, 1, 2, false);
    put_32(bytes, 28, 0, false);
    assert_true(parse(bytes, MDUP_MODE0_AUTO).info.pixel_A == 0.0);
    put_32(bytes, 28, (uint32_t)-4, false);
    assert_true(parse(bytes, MDUP_MODE0_AUTO).info.pixel_A == 0.0);
}

/* ---- what is not ---- */

static void modes_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        int mode;
        const char *message;
    } cases[] = {
        {3, "x.mrc: holds complex numbers, a transform, not an image; give the micrograph itself"},
        {4, "x.mrc: holds complex numbers, a transform, not an image; give the micrograph itself"},
        {5, "x.mrc: MRC mode 5 (bytes in a form that no standard defines) is not read; convert it "
            "to mode 2, for example with IMOD: newstack -mode 2 IN OUT"},
        {7, "x.mrc: MRC mode 7 (32-bit integers in a form that no standard defines) is not read; "
            "convert it to mode 2, for example with IMOD: newstack -mode 2 IN OUT"},
        {16, "x.mrc: MRC mode 16 (RGB colours) is not read; convert it to mode 2, for example with "
             "IMOD: newstack -mode 2 IN OUT"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int big_endian = 0; big_endian < 2; big_endian++) {
            uint8_t bytes[HEADER_bytes];
            make_mrc_header(bytes, 4, 4, 1, cases[i].mode, big_endian);
            refuse(bytes, MDUP_ERROR_UNSUPPORTED, cases[i].message);
        }
    }
}

static void modes_that_do_not_exist(void **state)
{
    (void)state;
    uint8_t bytes[HEADER_bytes];
    make_mrc_header(bytes, 4, 4, 1, 154285104, false);
    refuse(bytes, MDUP_ERROR_PARSE,
           "x.mrc: the MRC header says mode 154285104, which does not exist; the file is damaged, "
           "copy it again");
    make_mrc_header(bytes, 4, 4, 1, -2, true);
    refuse(bytes, MDUP_ERROR_PARSE,
           "x.mrc: the MRC header says mode -2, which does not exist; the file is damaged, copy it "
           "again");
}

static void sizes_that_cannot_be(void **state)
{
    (void)state;
    static const struct {
        int32_t nx, ny, nz;
        const char *message;
    } cases[] = {
        {0, 4, 1,
         "x.mrc: the MRC header says 0 x 4 px, which is no micrograph; the file is "
         "damaged, copy it again"},
        {4, 0, 1,
         "x.mrc: the MRC header says 4 x 0 px, which is no micrograph; the file is "
         "damaged, copy it again"},
        {-720, 512, 1,
         "x.mrc: the MRC header says -720 x 512 px, which is no micrograph; the file "
         "is damaged, copy it again"},
        {262145, 4, 1,
         "x.mrc: the MRC header says 262145 x 4 px, which is no micrograph; the file "
         "is damaged, copy it again"},
        {INT32_MAX, INT32_MAX, INT32_MAX,
         "x.mrc: the MRC header says 2147483647 x 2147483647 px, which is no micrograph; the file "
         "is damaged, copy it again"},
        {200000, 200000, 1,
         "x.mrc: the MRC header says 200000 x 200000 px, which is no "
         "micrograph; the file is damaged, copy it again"},
        {4, 4, 0, "x.mrc: the MRC header says 0 images; the file is damaged, copy it again"},
        {4, 4, -1, "x.mrc: the MRC header says -1 images; the file is damaged, copy it again"},
        {4, 4, 16777217,
         "x.mrc: the MRC header says 16777217 images; the file is damaged, copy it again"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[HEADER_bytes];
        make_mrc_header(bytes, cases[i].nx, cases[i].ny, cases[i].nz, 2, false);
        refuse(bytes, MDUP_ERROR_PARSE, cases[i].message);
    }
}

static void negative_extended_header(void **state)
{
    (void)state;
    uint8_t bytes[HEADER_bytes];
    make_mrc_header(bytes, 4, 4, 1, 2, false);
    put_32(bytes, 92, (uint32_t)-1024, false);
    refuse(
        bytes, MDUP_ERROR_PARSE,
        "x.mrc: the MRC header says -1024 bytes of extended header; the file is damaged, copy it "
        "again");
}

static void the_largest_sizes_do_not_overflow(void **state)
{
    (void)state;
    uint8_t bytes[HEADER_bytes];
    make_mrc_header(bytes, 1 << 18, 1 << 14, 1 << 24, 2, false);
    put_32(bytes, 92, INT32_MAX, false);
    const mdup_mrc_header header = parse(bytes, MDUP_MODE0_AUTO);
    assert_int_equal(header.total_bytes,
                     1024 + INT64_C(2147483647) + (INT64_C(1) << (18 + 14 + 24 + 2)));
}

/* ---- the writer ---- */

enum { NX = 6, NY = 5 };

static const char written[] = "test_mrc_written.mrc";

static void fill(float pixels[NX * NY])
{
    for (int i = 0; i < NX * NY; i++)
        pixels[i] = (float)(i * i) - 20.25f;
}

static double header_float(const uint8_t *bytes, size_t at)
{
    float value;
    mdup_pixels_to_float(MDUP_PIXEL_FLOAT32, false, bytes + at, 1, &value);
    return (double)value;
}

static void check_written_header(const uint8_t *bytes, mdup_pixel_type type, int mode)
{
    const mdup_mrc_header header = parse(bytes, MDUP_MODE0_AUTO);
    assert_int_equal(header.info.nx, NX);
    assert_int_equal(header.info.ny, NY);
    assert_int_equal(header.info.nz, 1);
    assert_int_equal(header.info.mode, mode);
    assert_int_equal(header.info.pixel_type, type);
    assert_null(header.info.warning);
    expect_near(header.info.pixel_A, 0.885, 1e-7);
    static const uint8_t unit[] = {NX, 0, 0, 0, NY, 0, 0, 0, 1, 0, 0, 0};
    static const uint8_t axes[] = {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0};
    assert_memory_equal(bytes + 28, unit, 12);
    assert_memory_equal(bytes + 64, axes, 12);
    assert_memory_equal(bytes + 208, "MAP \x44\x44\0\0", 8);
    expect_near(header_float(bytes, 44), NY * 0.885, 1e-5);
    expect_near(header_float(bytes, 48), 0.885, 1e-6);
    expect_near(header_float(bytes, 60), 90.0, 0.0);
    assert_int_equal(bytes[108] | bytes[109] << 8, 20140);
    assert_int_equal(bytes[220], 1);
    assert_memory_equal(bytes + 224, "microdup  ", 10);
}

/* Statistics of what a reader of the file would see. */
static void check_written_statistics(const uint8_t *bytes, mdup_pixel_type type)
{
    float values[NX * NY];
    double sum = 0.0, squares = 0.0, low = 1e9, high = -1e9;
    mdup_pixels_to_float(type, false, bytes + HEADER_bytes, NX * NY, values);
    for (int i = 0; i < NX * NY; i++) {
        sum += (double)values[i];
        low = fmin(low, (double)values[i]);
        high = fmax(high, (double)values[i]);
    }
    const double mean = sum / (NX * NY);
    for (int i = 0; i < NX * NY; i++)
        squares += ((double)values[i] - mean) * ((double)values[i] - mean);
    expect_near(header_float(bytes, 76), low, 0.0);
    expect_near(header_float(bytes, 80), high, 0.0);
    expect_near(header_float(bytes, 84), mean, 1e-4);
    expect_near(header_float(bytes, 216), sqrt(squares / (NX * NY)), 1e-4);
}

static void writes_every_type(void **state)
{
    (void)state;
    static const struct {
        mdup_pixel_type type;
        int mode;
    } cases[] = {{MDUP_PIXEL_UINT8, 0},
                 {MDUP_PIXEL_INT16, 1},
                 {MDUP_PIXEL_FLOAT32, 2},
                 {MDUP_PIXEL_UINT16, 6},
                 {MDUP_PIXEL_FLOAT16, 12}};
    float pixels[NX * NY];
    fill(pixels);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mdup_error *err = NULL;
        assert_true(mdup_mrc_write(written, pixels, NX, NY, 0.885, cases[i].type, &err));
        size_t length;
        uint8_t *bytes = read_file(written, &length);
        assert_int_equal(length, HEADER_bytes + mdup_pixels_bytes(cases[i].type, NX * NY));
        check_written_header(bytes, cases[i].type, cases[i].mode);
        check_written_statistics(bytes, cases[i].type);
        uint8_t expected[NX * NY * 4];
        mdup_pixels_from_float(cases[i].type, pixels, NX * NY, expected);
        assert_memory_equal(bytes + HEADER_bytes, expected, length - HEADER_bytes);
        free(bytes);
    }
    assert_int_equal(unlink(written), 0);
}

static void statistics_leave_out_nan(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    const float some[] = {1.0f, NAN, 3.0f, INFINITY}, none[] = {NAN, NAN, NAN, -INFINITY};
    assert_true(mdup_mrc_write(written, some, 2, 2, 1.0, MDUP_PIXEL_FLOAT32, &err));
    size_t length;
    uint8_t *bytes = read_file(written, &length);
    expect_near(header_float(bytes, 76), 1.0, 0.0);
    expect_near(header_float(bytes, 80), 3.0, 0.0);
    expect_near(header_float(bytes, 84), 2.0, 0.0);
    expect_near(header_float(bytes, 216), 1.0, 0.0);
    free(bytes);
    assert_true(mdup_mrc_write(written, none, 2, 2, 0.0, MDUP_PIXEL_FLOAT32, &err));
    bytes = read_file(written, &length);
    assert_true(header_float(bytes, 80) < header_float(bytes, 76));
    assert_true(header_float(bytes, 84) < header_float(bytes, 80));
    assert_true(header_float(bytes, 216) < 0.0);
    free(bytes);
    assert_int_equal(unlink(written), 0);
}

static void refuse_to_write(const char *path, int32_t nx, double pixel_A, mdup_pixel_type type,
                            mdup_error_code code, const char *message)
{
    const float pixels[4] = {0};
    mdup_error *err = NULL;
    assert_false(mdup_mrc_write(path, pixels, nx, 2, pixel_A, type, &err));
    expect_error(&err, code, message);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void what_cannot_be_written(void **state)
{
    (void)state;
    refuse_to_write("w.mrc", 0, 1.0, MDUP_PIXEL_FLOAT32, MDUP_ERROR_INVALID,
                    "w.mrc: an image of 0 x 2 px cannot be written");
    refuse_to_write(
        "w.mrc", 2, 1.0, MDUP_PIXEL_UINT4, MDUP_ERROR_INVALID,
        "w.mrc: MRC is written as float32, float16, int16, uint16 or uint8, not as uint4");
    refuse_to_write("w.mrc", 2, (double)NAN, MDUP_PIXEL_FLOAT32, MDUP_ERROR_INVALID,
                    "w.mrc: a pixel size must be 0 (unknown) or more");
    refuse_to_write("w.mrc", 2, -1.0, MDUP_PIXEL_FLOAT32, MDUP_ERROR_INVALID,
                    "w.mrc: a pixel size must be 0 (unknown) or more");
    refuse_to_write("no-such-folder/w.mrc", 2, 1.0, MDUP_PIXEL_FLOAT32, MDUP_ERROR_IO,
                    "no-such-folder/w.mrc: cannot be written: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mode_in_both_orders),
        cmocka_unit_test(mode_0_signed_or_not),
        cmocka_unit_test(map_with_three_bytes_or_four),
        cmocka_unit_test(files_from_before_2000),
        cmocka_unit_test(wrong_or_missing_machine_stamps),
        cmocka_unit_test(both_orders_possible),
        cmocka_unit_test(machine_stamp_of_44_41),
        cmocka_unit_test(extended_header_types),
        cmocka_unit_test(pixel_sizes_that_make_no_sense_are_zero),
        cmocka_unit_test(modes_that_are_refused),
        cmocka_unit_test(modes_that_do_not_exist),
        cmocka_unit_test(sizes_that_cannot_be),
        cmocka_unit_test(negative_extended_header),
        cmocka_unit_test(the_largest_sizes_do_not_overflow),
        cmocka_unit_test(writes_every_type),
        cmocka_unit_test(statistics_leave_out_nan),
        cmocka_unit_test(what_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
