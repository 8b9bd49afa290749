/* What the tests of image files share: headers made by hand, and errors compared whole. */
#ifndef MDUP_TESTS_IMAGE_TEST_H
#define MDUP_TESTS_IMAGE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

/** The error is of this kind and says exactly this.  Frees it. */
static inline void expect_error(mdup_error **err, mdup_error_code code, const char *message)
{
    assert_non_null(*err);
    assert_string_equal(mdup_error_get_message(*err), message);
    assert_int_equal(mdup_error_get_code(*err), code);
    mdup_error_clear(err);
}

/** There is none; when there is, its words are shown. */
static inline void expect_no_error(mdup_error **err)
{
    if (*err)
        fail_msg("%s", mdup_error_get_message(*err));
}

/** cmocka's own assert_float_equal promotes and narrows. */
static inline void expect_near(double value, double expected, double tolerance)
{
    if (!(value >= expected - tolerance && value <= expected + tolerance))
        fail_msg("%.9g is not within %g of %.9g", value, tolerance, expected);
}

static inline void put_32(uint8_t *bytes, size_t at, uint32_t value, bool big_endian)
{
    for (size_t i = 0; i < 4; i++)
        bytes[at + (big_endian ? 3 - i : i)] = (uint8_t)(value >> (8 * i) & 0xff);
}

static inline void put_16(uint8_t *bytes, size_t at, unsigned value, bool big_endian)
{
    bytes[at + (big_endian ? 1 : 0)] = (uint8_t)(value & 0xff);
    bytes[at + (big_endian ? 0 : 1)] = (uint8_t)(value >> 8 & 0xff);
}

static inline void put_float(uint8_t *bytes, size_t at, float value, bool big_endian)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_32(bytes, at, bits, big_endian);
}

enum { HEADER_bytes = 1024 };

/** An MRC2014 header of 1.5 A/px with everything right. */
static inline void make_mrc_header(uint8_t bytes[HEADER_bytes], int32_t nx, int32_t ny, int32_t nz,
                                   int32_t mode, bool big_endian)
{
    const int32_t size[3] = {nx, ny, nz};
    memset(bytes, 0, HEADER_bytes);
    for (size_t i = 0; i < 3; i++) {
        put_32(bytes, 4 * i, (uint32_t)size[i], big_endian);
        put_32(bytes, 28 + 4 * i, (uint32_t)size[i], big_endian);
        put_float(bytes, 40 + 4 * i, (float)size[i] * 1.5f, big_endian);
        put_float(bytes, 52 + 4 * i, 90.0f, big_endian);
        put_32(bytes, 64 + 4 * i, (uint32_t)i + 1, big_endian);
    }
    put_32(bytes, 12, (uint32_t)mode, big_endian);
    put_32(bytes, 108, 20140, big_endian);
    memcpy(bytes + 208, "MAP ", 4);
    memcpy(bytes + 212, big_endian ? "\x11\x11\0\0" : "\x44\x44\0\0", 4);
}

static inline void write_file(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/** The whole file; free with free(). */
static inline uint8_t *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    uint8_t *bytes = malloc((size_t)size + 1);
    assert_non_null(bytes);
    *length = fread(bytes, 1, (size_t)size, file);
    assert_int_equal(*length, size);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

#endif
