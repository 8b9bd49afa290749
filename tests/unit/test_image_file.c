/* Micrograph files as a whole: what is opened, refused and read, from disk and from memory, plain and compressed. */
#include <bzlib.h>
#include <math.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "formats/image_file.h"
#include "formats/pixels.h"
#include "image_test.h"
#include "skip.h"

static const char path[] = "test_image_file.mrc";

static int remove_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void refuse_memory(const void *bytes, size_t length, int32_t slice, mdup_error_code code,
                          const char *message)
{
    mdup_error *err = NULL;
    assert_null(mdup_image_open_memory(bytes, length, "x.mrc", slice, MDUP_MODE0_AUTO, &err));
    expect_error(&err, code, message);
}

/* From disk and from memory alike. */
static void refuse(const void *bytes, size_t length, mdup_error_code code, const char *message)
{
    char with_path[512];
    mdup_error *err = NULL;
    write_file(path, bytes, length);
    assert_null(mdup_image_open(path, 0, MDUP_MODE0_AUTO, &err));
    snprintf(with_path, sizeof with_path, "%s%s", path, message);
    expect_error(&err, code, with_path);
    snprintf(with_path, sizeof with_path, "x.mrc%s", message);
    refuse_memory(bytes, length, 0, code, with_path);
}

/* ---- an image and its copies ---- */

/* Some 2.7 MB of float32, so that rows cross the borders of every buffer, and all but random bits. */
enum { NX = 1001, NY = 701, N = NX * NY };

static float pixel_value(size_t i)
{
    return (float)((i * 2654435761u >> 7) % 60000u) - 30000.0f;
}

/* A whole MRC file of `nz` images with an odd extended header.  Free with free(). */
static uint8_t *make_file(mdup_pixel_type type, int mode, int32_t nz, size_t *length)
{
    enum { EXTENDED_bytes = 1777 };
    const size_t image_bytes = mdup_pixels_bytes(type, NX) * NY;
    *length = HEADER_bytes + EXTENDED_bytes + (size_t)nz * image_bytes;
    uint8_t *bytes = calloc(*length, 1);
    float *row = malloc(NX * sizeof *row);
    assert_true(bytes && row);
    make_mrc_header(bytes, NX, NY, nz, mode, false);
    put_32(bytes, 92, EXTENDED_bytes, false);
    for (size_t y = 0; y < NY * (size_t)nz; y++) {
        for (size_t x = 0; x < NX; x++)
            row[x] = pixel_value(y * NX + x);
        uint8_t *to = bytes + HEADER_bytes + EXTENDED_bytes + y * mdup_pixels_bytes(type, NX);
        if (type == MDUP_PIXEL_UINT4)
            for (size_t x = 0; x < mdup_pixels_bytes(type, NX); x++)
                to[x] = (uint8_t)((y * 31 + x * 7) & 0xff);
        else
            mdup_pixels_from_float(type, row, NX, to);
    }
    free(row);
    return bytes;
}

/* Reads all rows, `rows_at_once` at a time.  Free with free(). */
static float *read_rows(mdup_image_file *file, int32_t rows_at_once)
{
    mdup_error *err = NULL;
    float *pixels = malloc(N * sizeof *pixels);
    assert_non_null(pixels);
    for (int32_t y = 0; y < NY; y += rows_at_once) {
        int32_t rows = NY - y < rows_at_once ? NY - y : rows_at_once;
        bool ok = mdup_image_read_rows(file, rows, pixels + (size_t)y * NX, &err);
        expect_no_error(&err);
        assert_true(ok);
    }
    assert_false(mdup_image_read_rows(file, 1, pixels, &err));
    assert_int_equal(mdup_error_get_code(err), MDUP_ERROR_INVALID);
    mdup_error_clear(&err);
    mdup_image_close(file);
    return pixels;
}

static mdup_image_file *must_open(const char *name, int32_t slice)
{
    mdup_error *err = NULL;
    mdup_image_file *file = mdup_image_open(name, slice, MDUP_MODE0_AUTO, &err);
    expect_no_error(&err);
    assert_non_null(file);
    return file;
}

static mdup_image_file *must_open_memory(const void *bytes, size_t length, int32_t slice)
{
    mdup_error *err = NULL;
    mdup_image_file *file =
        mdup_image_open_memory(bytes, length, "x.mrc", slice, MDUP_MODE0_AUTO, &err);
    expect_no_error(&err);
    assert_non_null(file);
    return file;
}

static uint8_t *gzipped(const uint8_t *bytes, size_t length, size_t *packed_length)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    const size_t room = deflateBound(&stream, length) + 64;
    uint8_t *packed = malloc(room), *copy = malloc(length + 1);
    assert_true(packed && copy);
    memcpy(copy, bytes, length);
    stream.next_in = copy;
    stream.avail_in = (unsigned)length;
    stream.next_out = packed;
    stream.avail_out = (unsigned)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    *packed_length = stream.total_out;
    deflateEnd(&stream);
    free(copy);
    return packed;
}

static uint8_t *bzipped(const uint8_t *bytes, size_t length, size_t *packed_length)
{
    unsigned room = (unsigned)(length + length / 50 + 1000);
    char *packed = malloc(room), *copy = malloc(length + 1);
    assert_true(packed && copy);
    memcpy(copy, bytes, length);
    assert_int_equal(BZ2_bzBuffToBuffCompress(packed, &room, copy, (unsigned)length, 9, 0, 0),
                     BZ_OK);
    *packed_length = room;
    free(copy);
    return (uint8_t *)packed;
}

/* The pixels do not depend on how many rows are asked for at once, nor on where the bytes come from. */
static void check_all_ways(mdup_pixel_type type, int mode)
{
    static const int32_t rows_at_once[] = {1, 3, 64, 100, NY};
    size_t length;
    uint8_t *bytes = make_file(type, mode, 1, &length);
    float *expected = malloc(N * sizeof *expected);
    assert_non_null(expected);
    const size_t row_bytes = mdup_pixels_bytes(type, NX);
    const uint8_t *data = bytes + length - NY * row_bytes;
    for (size_t y = 0; y < NY; y++)
        mdup_pixels_to_float(type, false, data + y * row_bytes, NX, expected + y * NX);
    write_file(path, bytes, length);
    for (size_t i = 0; i < sizeof rows_at_once / sizeof *rows_at_once; i++) {
        float *pixels = read_rows(must_open(path, 0), rows_at_once[i]);
        assert_memory_equal(pixels, expected, N * sizeof *pixels);
        free(pixels);
        pixels = read_rows(must_open_memory(bytes, length, 1), rows_at_once[i]);
        assert_memory_equal(pixels, expected, N * sizeof *pixels);
        free(pixels);
    }
    free(expected);
    free(bytes);
}

static void every_type_in_any_number_of_rows(void **state)
{
    (void)state;
    check_all_ways(MDUP_PIXEL_INT16, 1);
    check_all_ways(MDUP_PIXEL_FLOAT32, 2);
    check_all_ways(MDUP_PIXEL_UINT16, 6);
    check_all_ways(MDUP_PIXEL_FLOAT16, 12);
    check_all_ways(MDUP_PIXEL_UINT4, 101);
}

static void check_packed(const uint8_t *packed, size_t packed_length, const char *compression,
                         const float *expected)
{
    write_file(path, packed, packed_length);
    mdup_image_file *file = must_open(path, 0);
    assert_string_equal(mdup_image_get_info(file)->compression, compression);
    assert_string_equal(mdup_image_get_info(file)->format, "mrc");
    float *pixels = read_rows(file, 64);
    assert_memory_equal(pixels, expected, N * sizeof *pixels);
    free(pixels);
    pixels = read_rows(must_open_memory(packed, packed_length, 0), 5);
    assert_memory_equal(pixels, expected, N * sizeof *pixels);
    free(pixels);
}

/* In one piece, and in several as pigz and pbzip2 write it, with zeros behind. */
static void compressed_files(void **state)
{
    (void)state;
    uint8_t *(*const pack[])(const uint8_t *, size_t, size_t *) = {gzipped, bzipped};
    static const char *const names[] = {"gzip", "bzip2"};
    size_t length;
    uint8_t *bytes = make_file(MDUP_PIXEL_INT16, 1, 1, &length);
    float *expected = read_rows(must_open_memory(bytes, length, 0), NY);
    for (size_t i = 0; i < 2; i++) {
        size_t first, second;
        uint8_t *whole = pack[i](bytes, length, &first);
        check_packed(whole, first, names[i], expected);
        free(whole);
        uint8_t *a = pack[i](bytes, 500, &first);
        uint8_t *b = pack[i](bytes + 500, length - 500, &second);
        uint8_t *both = calloc(first + second + 512, 1);
        assert_non_null(both);
        memcpy(both, a, first);
        memcpy(both + first, b, second);
        check_packed(both, first + second + 512, names[i], expected);
        free(both);
        free(b);
        free(a);
    }
    free(expected);
    free(bytes);
}

static void slices_of_a_stack(void **state)
{
    (void)state;
    size_t length, packed_length;
    uint8_t *bytes = make_file(MDUP_PIXEL_INT16, 1, 3, &length);
    uint8_t *packed = gzipped(bytes, length, &packed_length);
    for (int32_t slice = 1; slice <= 3; slice++) {
        write_file(path, bytes, length);
        float *from_file = read_rows(must_open(path, slice), 10);
        float *from_packed = read_rows(must_open_memory(packed, packed_length, slice), 10);
        for (size_t i = 0; i < N; i++)
            assert_true(from_file[i] == pixel_value((size_t)(slice - 1) * N + i));
        assert_memory_equal(from_file, from_packed, N * sizeof *from_file);
        free(from_packed);
        free(from_file);
    }
    refuse_memory(bytes, length, 4, MDUP_ERROR_INVALID,
                  "x.mrc: holds 3 images, there is no image 4");
    refuse_memory(bytes, length, -1, MDUP_ERROR_INVALID,
                  "x.mrc: images are counted from 1, there is no image -1");
    free(packed);
    free(bytes);
}

/* 512 MB that take no room on the disk; the reader may not take room in memory either. */
static void memory_does_not_grow_with_the_image(void **state)
{
    (void)state;
    enum { SIDE = 16384, ROWS = 128 };
    uint8_t header[HEADER_bytes];
    make_mrc_header(header, SIDE, SIDE, 1, 1, false);
    write_file(path, header, sizeof header);
    assert_int_equal(truncate(path, HEADER_bytes + (off_t)SIDE * SIDE * 2), 0);
    float *rows = calloc((size_t)SIDE * ROWS, sizeof *rows);
    assert_non_null(rows);
    mdup_image_file *file = must_open(path, 0);
    mdup_error *err = NULL;
    struct rusage before, after;
    for (int32_t y = 0; y < SIDE; y += ROWS) {
        assert_true(mdup_image_read_rows(file, ROWS, rows, &err));
        if (y == 0)
            assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    }
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
    assert_true(after.ru_maxrss - before.ru_maxrss < 8192); /* kB */
    mdup_image_close(file);
    free(rows);
}

/* ---- lengths ---- */

static void shorter_than_promised(void **state)
{
    (void)state;
    uint8_t bytes[HEADER_bytes + 32] = {0};
    make_mrc_header(bytes, 4, 4, 1, 1, false);
    refuse(bytes, sizeof bytes - 1, MDUP_ERROR_TRUNCATED,
           ": truncated: the header promises 1056 bytes, the file has 1055; copy it again, or wait "
           "if it is still being written");
    refuse(bytes, HEADER_bytes, MDUP_ERROR_TRUNCATED,
           ": truncated: the header promises 1056 bytes, the file has 1024; copy it again, or wait "
           "if it is still being written");
    refuse(
        bytes, 1023, MDUP_ERROR_TRUNCATED,
        ": truncated: an MRC header has 1024 bytes, the file has 1023; copy it again, or wait if "
        "it is still being written");
    refuse(bytes, 16, MDUP_ERROR_TRUNCATED,
           ": truncated: an MRC header has 1024 bytes, the file has 16; copy it again, or wait if "
           "it is still being written");
    refuse(bytes, 0, MDUP_ERROR_TRUNCATED,
           ": is empty; copy it again, or wait if it is still being written");
    put_32(bytes, 92, 1000000, false);
    refuse(bytes, sizeof bytes, MDUP_ERROR_TRUNCATED,
           ": truncated: the header promises 1001056 bytes, the file has 1056; copy it again, or "
           "wait if it is still being written");
    make_mrc_header(bytes, 1 << 18, 1 << 14, 1 << 24, 2, false);
    refuse(bytes, sizeof bytes, MDUP_ERROR_TRUNCATED,
           ": truncated: the header promises 288230376151712768 bytes, the file has 1056; copy it "
           "again, or wait if it is still being written");
}

static void longer_than_promised(void **state)
{
    (void)state;
    const size_t exact = HEADER_bytes + 32, much = exact + 65537;
    uint8_t *bytes = calloc(much, 1);
    assert_non_null(bytes);
    make_mrc_header(bytes, 4, 4, 1, 1, false);
    mdup_image_file *file = must_open_memory(bytes, much - 1, 0);
    assert_null(mdup_image_get_info(file)->warning);
    mdup_image_close(file);
    file = must_open_memory(bytes, much, 0);
    assert_string_equal(
        mdup_image_get_info(file)->warning,
        "the file is longer than its MRC header says; what follows the image is not read");
    mdup_image_close(file);
    free(bytes);
}

static void cut_while_it_is_read(void **state)
{
    (void)state;
    size_t length;
    uint8_t *bytes = make_file(MDUP_PIXEL_FLOAT32, 2, 1, &length);
    float *pixels = malloc(N * sizeof *pixels);
    mdup_error *err = NULL;
    assert_non_null(pixels);
    write_file(path, bytes, length);
    mdup_image_file *file = must_open(path, 0);
    assert_int_equal(truncate(path, 2000000), 0);
    assert_true(mdup_image_read_rows(file, 100, pixels, &err));
    assert_false(mdup_image_read_rows(file, NY - 100, pixels, &err));
    expect_error(&err, MDUP_ERROR_TRUNCATED,
                 "test_image_file.mrc: truncated: the header promises 2809605 bytes, the file has "
                 "2000000; copy it again, or wait if it is still being written");
    mdup_image_close(file);
    free(pixels);
    free(bytes);
}

/* ---- compressed and broken ---- */

/* Reads everything and expects the last row to fail with this. */
static void fail_in_rows(const uint8_t *packed, size_t length, mdup_error_code code,
                         const char *message)
{
    mdup_error *err = NULL;
    float *pixels = malloc(N * sizeof *pixels);
    assert_non_null(pixels);
    mdup_image_file *file = must_open_memory(packed, length, 0);
    assert_false(mdup_image_read_rows(file, NY, pixels, &err));
    expect_error(&err, code, message);
    mdup_image_close(file);
    free(pixels);
}

static void broken_gzip(void **state)
{
    (void)state;
    size_t length, packed_length;
    uint8_t *bytes = make_file(MDUP_PIXEL_UINT16, 6, 1, &length);
    uint8_t *packed = gzipped(bytes, length, &packed_length);
    refuse(packed, 30, MDUP_ERROR_TRUNCATED,
           ": truncated: the gzip data break off; copy it again, or wait if it is still being "
           "written");
    refuse(packed, 1000, MDUP_ERROR_TRUNCATED,
           ": truncated: the header promises 1406203 bytes, more than 1000 bytes of gzip can hold; "
           "copy it again, or wait if it is still being written");
    fail_in_rows(packed, packed_length - 4, MDUP_ERROR_TRUNCATED,
                 "x.mrc: truncated: the gzip data break off; copy it again, or wait if it is still "
                 "being written");
    packed[packed_length - 5] ^= 1;
    fail_in_rows(packed, packed_length, MDUP_ERROR_PARSE,
                 "x.mrc: the gzip data are damaged (incorrect data check); copy it again");
    packed[packed_length - 5] ^= 1;
    packed[3] = 0xe0; /* flags that do not exist */
    refuse(packed, packed_length, MDUP_ERROR_PARSE,
           ": the gzip data are damaged (unknown header flags set); copy it again");
    free(packed);
    packed = gzipped(bytes, length - 100000, &packed_length);
    fail_in_rows(packed, packed_length, MDUP_ERROR_TRUNCATED,
                 "x.mrc: truncated: the header promises 1406203 bytes, the gzip data end after "
                 "1306203; copy it again, or wait if it is still being written");
    free(packed);
    free(bytes);
}

static void broken_bzip2(void **state)
{
    (void)state;
    size_t length, packed_length;
    uint8_t *bytes = make_file(MDUP_PIXEL_UINT16, 6, 1, &length);
    uint8_t *packed = bzipped(bytes, length, &packed_length);
    refuse(packed, 300, MDUP_ERROR_TRUNCATED,
           ": truncated: the bzip2 data break off; copy it again, or wait if it is still being "
           "written");
    fail_in_rows(packed, packed_length - 4, MDUP_ERROR_TRUNCATED,
                 "x.mrc: truncated: the bzip2 data break off; copy it again, or wait if it is "
                 "still being written");
    packed[packed_length / 4] ^= 0x55;
    refuse(packed, packed_length, MDUP_ERROR_PARSE,
           ": the bzip2 data are damaged (a block does not match its checksum or its header); copy "
           "it again");
    free(packed);
    packed = bzipped(bytes, length - 100000, &packed_length);
    fail_in_rows(packed, packed_length, MDUP_ERROR_TRUNCATED,
                 "x.mrc: truncated: the header promises 1406203 bytes, the bzip2 data end after "
                 "1306203; copy it again, or wait if it is still being written");
    free(packed);
    free(bytes);
}

static void compressed_but_no_mrc(void **state)
{
    (void)state;
    uint8_t bytes[HEADER_bytes] = "II*";
    size_t packed_length;
    uint8_t *packed = gzipped(bytes, sizeof bytes, &packed_length);
    refuse(packed, packed_length, MDUP_ERROR_UNSUPPORTED,
           ": holds no MRC file inside its gzip; uncompress it and look");
    free(packed);
    packed = bzipped(bytes, sizeof bytes, &packed_length);
    refuse(packed, packed_length, MDUP_ERROR_UNSUPPORTED,
           ": holds no MRC file inside its bzip2; uncompress it and look");
    free(packed);
    packed = gzipped(bytes, 100, &packed_length);
    refuse(packed, packed_length, MDUP_ERROR_UNSUPPORTED,
           ": holds no MRC file inside its gzip; uncompress it and look");
    free(packed);
}

/* A header of a few bytes that promises an exabyte must not be skipped through. */
static void gzip_that_cannot_hold_what_it_promises(void **state)
{
    (void)state;
    uint8_t bytes[HEADER_bytes];
    size_t packed_length;
    make_mrc_header(bytes, 1 << 18, 1 << 14, 1, 2, false);
    uint8_t *packed = gzipped(bytes, sizeof bytes, &packed_length);
    char message[256];
    snprintf(message, sizeof message,
             ": truncated: the header promises 17179870208 bytes, more than %zu bytes of gzip can "
             "hold; copy it again, or wait if it is still being written",
             packed_length);
    refuse(packed, packed_length, MDUP_ERROR_TRUNCATED, message);
    free(packed);
}

/* ---- something else ---- */

static void other_kinds_of_file(void **state)
{
    (void)state;
    static const struct {
        const char *begin;
        size_t length;
        mdup_error_code code;
        const char *message;
    } cases[] = {
        {"\xff\xd8\xff\xe0 JFIF", 9, MDUP_ERROR_UNSUPPORTED,
         ": is a JPEG picture; give the MRC file it was made from"},
        {"\x89PNG\r\n\x1a\n", 8, MDUP_ERROR_UNSUPPORTED,
         ": is a PNG picture; give the MRC file it was made from"},
        {"\x89HDF\r\n\x1a\n", 8, MDUP_ERROR_UNSUPPORTED,
         ": is an HDF5 file; convert it to MRC, for example with EMAN2: e2proc2d.py IN.hdf "
         "OUT.mrc"},
        {"\xfd\x37zXZ\0", 6, MDUP_ERROR_UNSUPPORTED,
         ": is compressed with xz; uncompress it first, or use gzip or bzip2"},
        {"\x28\xb5\x2f\xfd", 4, MDUP_ERROR_UNSUPPORTED,
         ": is compressed with zstd; uncompress it first, or use gzip or bzip2"},
        {"data_\n\nloop_\n_rlnMicrographName #1\na.mrc\n", 41, MDUP_ERROR_UNSUPPORTED,
         ": is a STAR file, not an image; name it where a list of micrographs is asked for"},
        {"\n# version 30001\n\ndata_optics\n", 30, MDUP_ERROR_UNSUPPORTED,
         ": is a STAR file, not an image; name it where a list of micrographs is asked for"},
        {"hello", 5, MDUP_ERROR_PARSE,
         ": is not an MRC or TIFF file; convert it to MRC, or leave it out"},
        {"<html>data_</html>", 18, MDUP_ERROR_PARSE,
         ": is not an MRC or TIFF file; convert it to MRC, or leave it out"},
        {"\0\0\0", 3, MDUP_ERROR_PARSE,
         ": begins with zeros where a header should be; it was not written completely, copy it "
         "again"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse(cases[i].begin, cases[i].length, cases[i].code, cases[i].message);
    uint8_t zeros[4096] = {0}, noise[4096];
    refuse(zeros, sizeof zeros, MDUP_ERROR_PARSE,
           ": begins with zeros where a header should be; it was not written completely, copy it "
           "again");
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * 2654435761u >> 13 | 1);
    refuse(noise, sizeof noise, MDUP_ERROR_PARSE,
           ": is not an MRC or TIFF file; convert it to MRC, or leave it out");
}

static void refuse_path(const char *name, mdup_error_code code, const char *message)
{
    mdup_error *err = NULL;
    assert_null(mdup_image_open(name, 0, MDUP_MODE0_AUTO, &err));
    expect_error(&err, code, message);
}

static void things_that_are_no_files(void **state)
{
    (void)state;
    refuse_path("no-such.mrc", MDUP_ERROR_MISSING, "no-such.mrc: there is no such file");
    write_file(path, "x", 1);
    refuse_path("test_image_file.mrc/x.mrc", MDUP_ERROR_MISSING,
                "test_image_file.mrc/x.mrc: there is no such file");
    unlink(path);
    assert_int_equal(mkdir(path, 0777), 0);
    refuse_path(path, MDUP_ERROR_UNSUPPORTED,
                "test_image_file.mrc: is a folder, not an image; name a file in it");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0666), 0);
    refuse_path(path, MDUP_ERROR_UNSUPPORTED,
                "test_image_file.mrc: is not an ordinary file; copy it to one");
    unlink(path);
    assert_int_equal(symlink(path, path), 0);
    refuse_path(path, MDUP_ERROR_IO,
                "test_image_file.mrc: cannot be opened: Too many levels of symbolic links");
}

static void a_file_without_permission(void **state)
{
    (void)state;
    write_file(path, "x", 1);
    assert_int_equal(chmod(path, 0), 0);
    const uid_t user = geteuid();
    if (user == 0)
        assert_int_equal(seteuid(NOBODY), 0); /* root may read everything */
    refuse_path(path, MDUP_ERROR_IO,
                "test_image_file.mrc: may not be read by you; ask its owner for permission");
    assert_int_equal(seteuid(user), 0);
}

/* ---- names ---- */

static void names_are_split(void **state)
{
    (void)state;
    static const struct {
        const char *name, *path;
        int32_t slice;
    } cases[] = {
        {"a.mrc", "a.mrc", 0},
        {"000012@stack.mrcs", "stack.mrcs", 12},
        {"1@a b.mrc", "a b.mrc", 1},
        {"2147483647@x", "x", INT32_MAX},
        {"x.ctf:mrc", "x.ctf", 0},
        {"3@x.ctf:mrcs", "x.ctf", 3},
        {"x.dat:tif", "x.dat", 0},
        {"c:\\x.mrc", "c:\\x.mrc", 0},
        {"x:hdf", "x:hdf", 0},
        {":mrc", ":mrc", 0},
        {"me@here.mrc", "me@here.mrc", 0},
        {"@x", "@x", 0},
        {"5@6@x", "6@x", 5},
        {"-1@x", "-1@x", 0},
        {"dir/7@x", "dir/7@x", 0},
        {"12", "12", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *own = NULL;
        int32_t slice = -1;
        mdup_error *err = NULL;
        assert_true(mdup_image_split_name(cases[i].name, &own, &slice, &err));
        assert_string_equal(own, cases[i].path);
        assert_int_equal(slice, cases[i].slice);
        free(own);
    }
}

static void names_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *name, *message;
    } cases[] = {
        {"", ": names no file"},
        {"12@", "12@: names no file"},
        {"0@x", "0@x: images are counted from 1; the number before '@' is not one"},
        {"2147483648@x",
         "2147483648@x: images are counted from 1; the number before '@' is not one"},
        {"99999999999999999999@x",
         "99999999999999999999@x: images are counted from 1; the number before '@' is not one"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *own = NULL;
        int32_t slice = -1;
        mdup_error *err = NULL;
        assert_false(mdup_image_split_name(cases[i].name, &own, &slice, &err));
        expect_error(&err, MDUP_ERROR_INVALID, cases[i].message);
        assert_null(own);
        assert_int_equal(slice, -1);
    }
}

static void stacks_without_a_number(void **state)
{
    (void)state;
    uint8_t bytes[HEADER_bytes + 16] = {0};
    make_mrc_header(bytes, 2, 2, 4, 0, false);
    refuse_memory(bytes, sizeof bytes, 0, MDUP_ERROR_UNSUPPORTED,
                  "x.mrc: holds 4 images, not one; for a movie give its motion-corrected sum, for "
                  "one image of a stack write 000001@x.mrc");
}

static void more_rows_than_there_are(void **state)
{
    (void)state;
    uint8_t bytes[HEADER_bytes + 16] = {0};
    float out[16];
    mdup_error *err = NULL;
    make_mrc_header(bytes, 4, 4, 1, 0, false);
    mdup_image_file *file = must_open_memory(bytes, sizeof bytes, 0);
    assert_false(mdup_image_read_rows(file, 5, out, &err));
    expect_error(&err, MDUP_ERROR_INVALID, "x.mrc: 5 rows asked for, 4 are left");
    assert_false(mdup_image_read_rows(file, -1, out, &err));
    expect_error(&err, MDUP_ERROR_INVALID, "x.mrc: -1 rows asked for, 4 are left");
    assert_true(mdup_image_read_rows(file, 0, out, &err));
    assert_true(mdup_image_read_rows(file, 4, out, &err));
    mdup_image_close(file);
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, remove_file, remove_file)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(every_type_in_any_number_of_rows),
        FILE_TEST(compressed_files),
        FILE_TEST(slices_of_a_stack),
        FILE_TEST(memory_does_not_grow_with_the_image),
        FILE_TEST(shorter_than_promised),
        FILE_TEST(longer_than_promised),
        FILE_TEST(cut_while_it_is_read),
        FILE_TEST(broken_gzip),
        FILE_TEST(broken_bzip2),
        FILE_TEST(compressed_but_no_mrc),
        FILE_TEST(gzip_that_cannot_hold_what_it_promises),
        FILE_TEST(other_kinds_of_file),
        FILE_TEST(things_that_are_no_files),
        TEST_WHEN_SETUP(permissions_can_matter(), a_file_without_permission, remove_file,
                        remove_file, "root may read everything"),
        cmocka_unit_test(names_are_split),
        cmocka_unit_test(names_that_are_none),
        cmocka_unit_test(stacks_without_a_number),
        cmocka_unit_test(more_rows_than_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
