/* TIFF files: written with libtiff, or by hand where libtiff would not write such a thing. */
#include <tiffio.h>
#include <unistd.h>

#include "formats/image_file.h"
#include "formats/pixels.h"
#include "image_test.h"

static const char path[] = "test_tiff.tif";

enum { NX = 101, NY = 67, N = NX * NY, TILE = 32 };

static int remove_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

/* Nobody may print: what reaches stderr between these two is counted. */
static int real_stderr;
static FILE *captured;

static int capture_stderr(void **state)
{
    (void)state;
    captured = tmpfile();
    assert_non_null(captured);
    real_stderr = dup(STDERR_FILENO);
    assert_int_equal(dup2(fileno(captured), STDERR_FILENO), STDERR_FILENO);
    return 0;
}

static int nothing_was_printed(void **state)
{
    (void)state;
    fflush(stderr);
    assert_int_equal(dup2(real_stderr, STDERR_FILENO), STDERR_FILENO);
    close(real_stderr);
    const off_t printed = lseek(fileno(captured), 0, SEEK_END);
    fclose(captured);
    unlink(path);
    return printed == 0 ? 0 : -1;
}

/* ---- making files ---- */

typedef struct {
    const char *mode; /* "wl" little endian, "wb" big endian, "8" added: BigTIFF */
    unsigned format, bits, compression, orientation, photometric, samples;
    bool tiled;
    uint32_t rows_per_strip; /* 0: all in one */
} tiff_kind;

static const tiff_kind plain = {"wl",
                                SAMPLEFORMAT_UINT,
                                8,
                                COMPRESSION_NONE,
                                ORIENTATION_TOPLEFT,
                                PHOTOMETRIC_MINISBLACK,
                                1,
                                false,
                                10};

/* Row y of the image as the machine stores it, in whole bytes that fit every sample size. */
static void make_row(uint8_t *row, size_t bytes, uint32_t y)
{
    for (size_t i = 0; i < bytes; i++)
        row[i] = (uint8_t)((i * 37 + y * 11 + i * y / 5) & 0x3f);
}

static void write_tiles(TIFF *tiff, const tiff_kind *kind)
{
    const size_t pixel = kind->bits / 8;
    uint8_t *tile = malloc(TILE * TILE * pixel), *row = malloc((NX + TILE) * pixel);
    assert_true(tile && row);
    for (uint32_t y = 0; y < NY; y += TILE) {
        for (uint32_t x = 0; x < NX; x += TILE) {
            for (uint32_t line = 0; line < TILE; line++) {
                make_row(row, (NX + TILE) * pixel, y + line);
                memcpy(tile + line * TILE * pixel, row + x * pixel, TILE * pixel);
            }
            assert_true(TIFFWriteTile(tiff, tile, x, y, 0, 0) > 0);
        }
    }
    free(row);
    free(tile);
}

static void write_image(TIFF *tiff, const tiff_kind *kind)
{
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, (uint32_t)NX);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, (uint32_t)NY);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, kind->bits);
    TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, kind->format);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, kind->samples);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, kind->compression);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, kind->photometric);
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, kind->orientation);
    static uint16_t palette[256];
    if (kind->photometric == PHOTOMETRIC_PALETTE)
        TIFFSetField(tiff, TIFFTAG_COLORMAP, palette, palette, palette);
    if (kind->tiled) {
        TIFFSetField(tiff, TIFFTAG_TILEWIDTH, (uint32_t)TILE);
        TIFFSetField(tiff, TIFFTAG_TILELENGTH, (uint32_t)TILE);
        write_tiles(tiff, kind);
    } else {
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, kind->rows_per_strip ? kind->rows_per_strip : NY);
        uint8_t row[NX * 64];
        for (uint32_t y = 0; y < NY; y++) {
            make_row(row, sizeof row, y);
            assert_int_equal(TIFFWriteScanline(tiff, row, y, 0), 1);
        }
    }
    assert_int_equal(TIFFWriteDirectory(tiff), 1);
}

static void write_tiff(const tiff_kind *kind, int images)
{
    TIFFErrorHandler before = TIFFSetWarningHandler(NULL); /* it minds the older deflate number */
    TIFF *tiff = TIFFOpen(path, kind->mode);
    assert_non_null(tiff);
    for (int i = 0; i < images; i++)
        write_image(tiff, kind);
    TIFFClose(tiff);
    TIFFSetWarningHandler(before);
}

/* ---- reading ---- */

static mdup_image_file *must_open(int32_t slice)
{
    mdup_error *err = NULL;
    mdup_image_file *file = mdup_image_open(path, slice, MDUP_MODE0_AUTO, &err);
    expect_no_error(&err);
    assert_non_null(file);
    return file;
}

static void expect_pixels(mdup_image_file *file, mdup_pixel_type type, int32_t rows_at_once)
{
    static float pixels[N], expected[NX];
    mdup_error *err = NULL;
    for (int32_t y = 0; y < NY; y += rows_at_once) {
        const int32_t rows = NY - y < rows_at_once ? NY - y : rows_at_once;
        bool ok = mdup_image_read_rows(file, rows, pixels + (size_t)y * NX, &err);
        expect_no_error(&err);
        assert_true(ok);
    }
    for (uint32_t y = 0; y < NY; y++) {
        uint8_t row[NX * 8];
        make_row(row, sizeof row, y);
        mdup_pixels_to_float(type, mdup_host_is_big_endian(), row, NX, expected);
        assert_memory_equal(pixels + (size_t)y * NX, expected, sizeof expected);
    }
    mdup_image_close(file);
}

static void check_kind(const tiff_kind *kind, mdup_pixel_type type, int mode)
{
    write_tiff(kind, 1);
    mdup_image_file *file = must_open(0);
    const mdup_image_info *info = mdup_image_get_info(file);
    assert_string_equal(info->format, "tiff");
    assert_int_equal(info->nx, NX);
    assert_int_equal(info->ny, NY);
    assert_int_equal(info->nz, 1);
    assert_int_equal(info->mode, mode);
    assert_int_equal(info->pixel_type, type);
    assert_int_equal(info->big_endian, kind->mode[1] == 'b');
    assert_true(info->top_down);
    assert_int_equal(info->ext_bytes, 0);
    assert_string_equal(info->ext_type, "");
    assert_true(info->pixel_A == 0.0);
    assert_null(info->warning);
    expect_pixels(file, type, 1);
    expect_pixels(must_open(1), type, NY);
    size_t length;
    uint8_t *bytes = read_file(path, &length);
    mdup_error *err = NULL;
    file = mdup_image_open_memory(bytes, length, "x.tif", 0, MDUP_MODE0_AUTO, &err);
    expect_no_error(&err);
    expect_pixels(file, type, 7);
    free(bytes);
}

static void every_type_in_strips_and_tiles(void **state)
{
    (void)state;
    static const char *const modes[] = {"wl", "wb", "wl8", "wb8"};
    static const struct {
        unsigned format, bits;
        mdup_pixel_type type;
        int mode;
    } types[] = {
        {SAMPLEFORMAT_INT, 8, MDUP_PIXEL_INT8, 0},
        {SAMPLEFORMAT_UINT, 8, MDUP_PIXEL_UINT8, 0},
        {SAMPLEFORMAT_VOID, 8, MDUP_PIXEL_UINT8, 0},
        {SAMPLEFORMAT_INT, 16, MDUP_PIXEL_INT16, 1},
        {SAMPLEFORMAT_UINT, 16, MDUP_PIXEL_UINT16, 6},
        {SAMPLEFORMAT_INT, 32, MDUP_PIXEL_INT32, -1},
        {SAMPLEFORMAT_UINT, 32, MDUP_PIXEL_UINT32, -1},
        {SAMPLEFORMAT_IEEEFP, 16, MDUP_PIXEL_FLOAT16, 12},
        {SAMPLEFORMAT_IEEEFP, 32, MDUP_PIXEL_FLOAT32, 2},
        {SAMPLEFORMAT_IEEEFP, 64, MDUP_PIXEL_FLOAT64, -1},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        for (size_t m = 0; m < 4; m++) {
            tiff_kind kind = plain;
            kind.mode = modes[m];
            kind.format = types[i].format;
            kind.bits = types[i].bits;
            check_kind(&kind, types[i].type, types[i].mode);
            kind.rows_per_strip = 0;
            check_kind(&kind, types[i].type, types[i].mode);
            kind.tiled = true;
            check_kind(&kind, types[i].type, types[i].mode);
        }
    }
}

static void every_compression(void **state)
{
    (void)state;
    static const struct {
        unsigned scheme;
        const char *name;
    } schemes[] = {{COMPRESSION_NONE, "none"},
                   {COMPRESSION_LZW, "lzw"},
                   {COMPRESSION_ADOBE_DEFLATE, "deflate"},
                   {COMPRESSION_DEFLATE, "deflate"},
                   {COMPRESSION_PACKBITS, "packbits"},
                   {COMPRESSION_LZMA, "lzma"},
                   {50000, "zstd"}};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (!TIFFIsCODECConfigured((uint16_t)schemes[i].scheme))
            continue;
        tiff_kind kind = plain;
        kind.bits = 16;
        kind.compression = schemes[i].scheme;
        for (int tiled = 0; tiled < 2; tiled++) {
            kind.tiled = tiled;
            check_kind(&kind, MDUP_PIXEL_UINT16, 6);
            mdup_image_file *file = must_open(0);
            assert_string_equal(mdup_image_get_info(file)->compression, schemes[i].name);
            mdup_image_close(file);
        }
    }
}

static void orientations(void **state)
{
    (void)state;
    for (unsigned orientation = 1; orientation <= 8; orientation++) {
        tiff_kind kind = plain;
        kind.orientation = orientation;
        write_tiff(&kind, 1);
        mdup_image_file *file = must_open(0);
        const mdup_image_info *info = mdup_image_get_info(file);
        assert_int_equal(info->top_down, orientation != ORIENTATION_BOTLEFT);
        if (orientation == ORIENTATION_TOPLEFT || orientation == ORIENTATION_BOTLEFT)
            assert_null(info->warning);
        else
            assert_string_equal(info->warning, "a TIFF that says it is mirrored or rotated; read "
                                               "as it is stored, top first");
        mdup_image_close(file);
    }
}

static void several_images(void **state)
{
    (void)state;
    write_tiff(&plain, 3);
    mdup_error *err = NULL;
    assert_null(mdup_image_open(path, 0, MDUP_MODE0_AUTO, &err));
    expect_error(&err, MDUP_ERROR_UNSUPPORTED,
                 "test_tiff.tif: holds 3 images, not one; for a movie give its motion-corrected "
                 "sum, for one image of a stack write 000001@test_tiff.tif");
    for (int32_t slice = 1; slice <= 3; slice++) {
        mdup_image_file *file = must_open(slice);
        assert_int_equal(mdup_image_get_info(file)->nz, 3);
        expect_pixels(file, MDUP_PIXEL_UINT8, 20);
    }
    assert_null(mdup_image_open(path, 4, MDUP_MODE0_AUTO, &err));
    expect_error(&err, MDUP_ERROR_INVALID, "test_tiff.tif: holds 3 images, there is no image 4");
}

static void white_zero_is_said(void **state)
{
    (void)state;
    tiff_kind kind = plain;
    kind.photometric = PHOTOMETRIC_MINISWHITE;
    write_tiff(&kind, 1);
    mdup_image_file *file = must_open(0);
    assert_string_equal(mdup_image_get_info(file)->warning,
                        "a TIFF that calls 0 white; read as it is stored");
    expect_pixels(file, MDUP_PIXEL_UINT8, NY);
}

/* ---- refused ---- */

static void refuse(mdup_error_code code, const char *message)
{
    mdup_error *err = NULL;
    assert_null(mdup_image_open(path, 0, MDUP_MODE0_AUTO, &err));
    expect_error(&err, code, message);
}

static void colours(void **state)
{
    (void)state;
    tiff_kind kind = plain;
    kind.photometric = PHOTOMETRIC_RGB;
    kind.samples = 3;
    write_tiff(&kind, 1);
    refuse(MDUP_ERROR_UNSUPPORTED,
           "test_tiff.tif: is an RGB colour picture; give a grey image of one channel");
    kind.samples = 1;
    kind.photometric = PHOTOMETRIC_PALETTE;
    write_tiff(&kind, 1);
    refuse(MDUP_ERROR_UNSUPPORTED, "test_tiff.tif: is a picture with a colour palette; give a grey "
                                   "image of one channel");
    kind.photometric = PHOTOMETRIC_MINISBLACK;
    kind.samples = 2;
    write_tiff(&kind, 1);
    refuse(MDUP_ERROR_UNSUPPORTED,
           "test_tiff.tif: is a picture of several channels; give a grey image of one channel");
    kind.photometric = PHOTOMETRIC_SEPARATED;
    kind.samples = 4;
    write_tiff(&kind, 1);
    refuse(MDUP_ERROR_UNSUPPORTED,
           "test_tiff.tif: is a picture in colours or a mask; give a grey image of one channel");
}

static void odd_samples(void **state)
{
    (void)state;
    tiff_kind kind = plain;
    kind.bits = 4;
    write_tiff(&kind, 1);
    refuse(MDUP_ERROR_UNSUPPORTED, "test_tiff.tif: a TIFF with 4-bit integer pixels is not read; "
                                   "write it with 8, 16 or 32 bits");
    kind.bits = 24;
    kind.format = SAMPLEFORMAT_IEEEFP;
    write_tiff(&kind, 1);
    refuse(MDUP_ERROR_UNSUPPORTED, "test_tiff.tif: a TIFF with 24-bit float pixels is not read; "
                                   "write it with 8, 16 or 32 bits");
    kind.bits = 64;
    kind.format = SAMPLEFORMAT_COMPLEXIEEEFP;
    write_tiff(&kind, 1);
    refuse(MDUP_ERROR_UNSUPPORTED,
           "test_tiff.tif: holds complex numbers, a transform; give the image itself");
}

/* ---- by hand: 8-bit TIFF of 4 x 4 px in one strip behind its directory ---- */

enum { N_TAGS = 9, STRIP_AT = 8 + 2 + 12 * N_TAGS + 4, SMALL_bytes = STRIP_AT + 16 };

typedef struct {
    uint16_t tag, type;
    uint32_t value;
} tag_entry;

enum { WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, OFFSETS, SAMPLES, ROWS, COUNTS };

static const tag_entry small_tags[N_TAGS] = {{256, 3, 4}, {257, 3, 4}, {258, 3, 8},
                                             {259, 3, 1}, {262, 3, 1}, {273, 4, STRIP_AT},
                                             {277, 3, 1}, {278, 3, 4}, {279, 4, 16}};

static void make_small(uint8_t bytes[SMALL_bytes], const tag_entry tags[N_TAGS])
{
    memset(bytes, 0, SMALL_bytes);
    memcpy(bytes, "II*\0", 4);
    put_32(bytes, 4, 8, false);
    put_16(bytes, 8, N_TAGS, false);
    for (size_t i = 0; i < N_TAGS; i++) {
        uint8_t *entry = bytes + 10 + 12 * i;
        put_16(entry, 0, tags[i].tag, false);
        put_16(entry, 2, tags[i].type, false);
        put_32(entry, 4, 1, false);
        put_32(entry, 8, tags[i].value, false);
    }
    for (size_t i = 0; i < 16; i++)
        bytes[STRIP_AT + i] = (uint8_t)i;
}

/* The message without the path must begin so: libtiff's own words behind it differ between its versions. */
static void refuse_small(size_t which, uint32_t value, mdup_error_code code, const char *message)
{
    tag_entry tags[N_TAGS];
    uint8_t bytes[SMALL_bytes];
    float out[16];
    mdup_error *err = NULL;
    memcpy(tags, small_tags, sizeof tags);
    tags[which].value = value;
    make_small(bytes, tags);
    mdup_image_file *file =
        mdup_image_open_memory(bytes, sizeof bytes, "x.tif", 0, MDUP_MODE0_AUTO, &err);
    if (file)
        assert_false(mdup_image_read_rows(file, mdup_image_get_info(file)->ny, out, &err));
    mdup_image_close(file);
    assert_non_null(err);
    if (strncmp(mdup_error_get_message(err), message, strlen(message)) != 0)
        fail_msg("%s", mdup_error_get_message(err));
    assert_int_equal(mdup_error_get_code(err), code);
    mdup_error_clear(&err);
}

static void a_small_one_is_read(void **state)
{
    (void)state;
    uint8_t bytes[SMALL_bytes];
    float out[16];
    mdup_error *err = NULL;
    make_small(bytes, small_tags);
    mdup_image_file *file =
        mdup_image_open_memory(bytes, sizeof bytes, "x.tif", 0, MDUP_MODE0_AUTO, &err);
    expect_no_error(&err);
    assert_true(mdup_image_read_rows(file, 4, out, &err));
    for (size_t i = 0; i < 16; i++)
        assert_true(out[i] == (float)i);
    mdup_image_close(file);
}

static void expect_refused(const char *bytes, size_t n, const char *name, mdup_error_code code,
                           const char *message)
{
    mdup_error *err = NULL;
    assert_null(mdup_image_open_memory(bytes, n, name, 0, MDUP_MODE0_AUTO, &err));
    expect_error(&err, code, message);
}

/* What begins as TIFF and goes no further: libtiff has no words for it. */
static void nothing_behind_the_mark(void **state)
{
    (void)state;
    expect_refused("MM\0*\0\0\0\0", 8, "x.tif", MDUP_ERROR_PARSE,
                   "x.tif: cannot be read as TIFF; copy it again");
    const char *const eer =
        "x.eer: is an EER movie; give the motion-corrected micrograph made from it";
    expect_refused("II+\0\x08\0\0\0\0\0\0\0\0\0\0", 16, "x.eer", MDUP_ERROR_UNSUPPORTED, eer);
    expect_refused("II*\0", 4, "x.eer", MDUP_ERROR_UNSUPPORTED, eer);
}

static void refused_by_name(void **state)
{
    (void)state;
    refuse_small(COMPRESSION, 65000, MDUP_ERROR_UNSUPPORTED,
                 "x.tif: is an EER movie; give the motion-corrected micrograph made from it");
    refuse_small(COMPRESSION, 65002, MDUP_ERROR_UNSUPPORTED,
                 "x.tif: is an EER movie; give the motion-corrected micrograph made from it");
    refuse_small(COMPRESSION, COMPRESSION_JPEG, MDUP_ERROR_UNSUPPORTED,
                 "x.tif: is a TIFF file with JPEG compression, a picture to look at; give the "
                 "micrograph itself");
    refuse_small(COMPRESSION, 34712, MDUP_ERROR_UNSUPPORTED,
                 "x.tif: TIFF compression 34712 is not read; write it without compression or as "
                 "MRC");
}

static void hostile_sizes(void **state)
{
    (void)state;
    refuse_small(LENGTH, 0xffff, MDUP_ERROR_TRUNCATED,
                 "x.tif: truncated: the header promises 262140 bytes of pixels, the file has 138; "
                 "copy it again, or wait if it is still being written");
    refuse_small(OFFSETS, 0x7fffffff, MDUP_ERROR_TRUNCATED, "x.tif: ");
    refuse_small(COMPRESSION, COMPRESSION_ADOBE_DEFLATE, MDUP_ERROR_PARSE,
                 "x.tif: row 1 of 4 cannot be decoded (libtiff: ");
    refuse_small(WIDTH, 0, MDUP_ERROR_PARSE, "x.tif: ");
}

static void hostile_sizes_of_four_bytes(void **state)
{
    (void)state;
    tag_entry tags[N_TAGS];
    uint8_t bytes[SMALL_bytes];
    mdup_error *err = NULL;
    memcpy(tags, small_tags, sizeof tags);
    tags[WIDTH] = (tag_entry){256, 4, 0xffffffff};
    tags[LENGTH] = (tag_entry){257, 4, 0xfffffff0};
    make_small(bytes, tags);
    assert_null(mdup_image_open_memory(bytes, sizeof bytes, "x.tif", 0, MDUP_MODE0_AUTO, &err));
    assert_int_equal(mdup_error_get_code(err), MDUP_ERROR_PARSE);
    mdup_error_clear(&err);
    tags[WIDTH].value = 262144;
    tags[LENGTH].value = 16384;
    tags[COMPRESSION].value = COMPRESSION_LZW; /* a strip of 4 GB, were it decoded as a whole */
    tags[ROWS] = (tag_entry){278, 4, 16384};
    make_small(bytes, tags);
    mdup_image_file *file =
        mdup_image_open_memory(bytes, sizeof bytes, "x.tif", 0, MDUP_MODE0_AUTO, &err);
    expect_no_error(&err);
    float *row = malloc(262144 * sizeof *row);
    assert_non_null(row);
    assert_false(mdup_image_read_rows(file, 1, row, &err));
    assert_int_equal(mdup_error_get_code(err), MDUP_ERROR_PARSE);
    mdup_error_clear(&err);
    mdup_image_close(file);
    free(row);
}

/* Tiles in place of strips, too large to be held. */
static void hostile_tiles(void **state)
{
    (void)state;
    static const tag_entry tags[N_TAGS] = {{256, 4, 262144}, {257, 4, 16384}, {258, 3, 8},
                                           {259, 3, 5},      {262, 3, 1},     {322, 4, 65536},
                                           {323, 4, 32768},  {324, 4, 8},     {325, 4, 16}};
    uint8_t bytes[SMALL_bytes];
    mdup_error *err = NULL;
    make_small(bytes, tags);
    assert_null(mdup_image_open_memory(bytes, sizeof bytes, "x.tif", 0, MDUP_MODE0_AUTO, &err));
    expect_error(&err, MDUP_ERROR_UNSUPPORTED,
                 "x.tif: a row of its tiles (65536 x 32768 px) needs more than 1 GB at once; write "
                 "it with smaller tiles or as MRC");
}

/* Wherever it is cut, it fails cleanly or, behind the last pixel, is whole. */
static void cut_anywhere(void **state)
{
    (void)state;
    tiff_kind kind = plain;
    kind.compression = COMPRESSION_ADOBE_DEFLATE;
    write_tiff(&kind, 1);
    size_t length;
    uint8_t *bytes = read_file(path, &length);
    float *pixels = malloc(N * sizeof *pixels);
    assert_non_null(pixels);
    for (size_t n = 4; n < length; n++) {
        mdup_error *err = NULL;
        uint8_t *part = malloc(n); /* its own block, so that the sanitizer sees the end */
        assert_non_null(part);
        memcpy(part, bytes, n);
        mdup_image_file *file = mdup_image_open_memory(part, n, "x.tif", 0, MDUP_MODE0_AUTO, &err);
        if (file && mdup_image_read_rows(file, NY, pixels, &err))
            assert_true(n + 16 > length);
        else
            assert_non_null(err);
        mdup_error_clear(&err);
        mdup_image_close(file);
        free(part);
    }
    free(pixels);
    free(bytes);
}

static void cut_before_its_directory(void **state)
{
    (void)state;
    write_tiff(&plain, 1);
    assert_int_equal(truncate(path, 5000), 0);
    refuse(MDUP_ERROR_TRUNCATED,
           "test_tiff.tif: truncated: the TIFF data go on behind the end of the file, which has "
           "5000 bytes; copy it again, or wait if it is still being written");
}

static void cut_while_it_is_read(void **state)
{
    (void)state;
    static float pixels[N];
    tiff_kind kind = plain;
    kind.compression = COMPRESSION_PACKBITS;
    write_tiff(&kind, 1);
    mdup_image_file *file = must_open(0);
    assert_int_equal(truncate(path, 1000), 0);
    mdup_error *err = NULL;
    assert_false(mdup_image_read_rows(file, NY, pixels, &err));
    assert_int_equal(mdup_error_get_code(err), MDUP_ERROR_TRUNCATED);
    mdup_error_clear(&err);
    mdup_image_close(file);
}

/* Any byte may be wrong: no crash, no print, an error or an image. */
static void one_byte_wrong(void **state)
{
    (void)state;
    uint8_t bytes[SMALL_bytes];
    for (size_t at = 4; at < STRIP_AT; at++) {
        for (unsigned value = 0; value < 256; value += 5) {
            float out[16];
            mdup_error *err = NULL;
            make_small(bytes, small_tags);
            bytes[at] = (uint8_t)value;
            mdup_image_file *file =
                mdup_image_open_memory(bytes, sizeof bytes, "x.tif", 1, MDUP_MODE0_AUTO, &err);
            const mdup_image_info *info = file ? mdup_image_get_info(file) : NULL;
            if (info && (int64_t)info->nx * info->ny <= 16 &&
                mdup_image_read_rows(file, info->ny, out, &err))
                assert_null(err);
            assert_true(file || err);
            mdup_error_clear(&err);
            mdup_image_close(file);
        }
    }
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, remove_file, remove_file)
#define QUIET_TEST(test) cmocka_unit_test_setup_teardown(test, capture_stderr, nothing_was_printed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(every_type_in_strips_and_tiles),
        FILE_TEST(every_compression),
        FILE_TEST(orientations),
        FILE_TEST(several_images),
        FILE_TEST(white_zero_is_said),
        FILE_TEST(colours),
        FILE_TEST(odd_samples),
        QUIET_TEST(a_small_one_is_read),
        QUIET_TEST(nothing_behind_the_mark),
        QUIET_TEST(refused_by_name),
        QUIET_TEST(hostile_sizes),
        QUIET_TEST(hostile_sizes_of_four_bytes),
        QUIET_TEST(hostile_tiles),
        QUIET_TEST(cut_anywhere),
        QUIET_TEST(cut_before_its_directory),
        QUIET_TEST(cut_while_it_is_read),
        QUIET_TEST(one_byte_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
