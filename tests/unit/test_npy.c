#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats/npy.h"

/* ---- help ---- */

/* A file of version 1 with that dictionary, padded as NumPy pads it, and data behind. */
static mdup_strbuf file_of(const char *dictionary, const void *data, size_t data_bytes)
{
    mdup_strbuf header = MDUP_STRBUF_INIT, file = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&header, dictionary);
    while ((10 + header.length + 1) % 64 != 0)
        mdup_strbuf_puts(&header, " ");
    mdup_strbuf_puts(&header, "\n");
    char count[2] = {(char)(header.length & 255), (char)(header.length >> 8)};
    mdup_strbuf_append(&file, "\x93NUMPY\x01\x00", 8);
    mdup_strbuf_append(&file, count, 2);
    mdup_strbuf_append(&file, header.text, header.length);
    mdup_strbuf_append(&file, data, data_bytes);
    mdup_strbuf_free(&header);
    return file;
}

static mdup_npy *parse(const char *dictionary, const void *data, size_t data_bytes)
{
    mdup_error *err = NULL;
    mdup_strbuf file = file_of(dictionary, data, data_bytes);
    mdup_npy *npy = mdup_npy_parse(file.text, file.length, "x.cs", &err);
    if (!npy)
        fail_msg("%s: %s", dictionary, mdup_error_get_message(err));
    mdup_strbuf_free(&file);
    return npy;
}

static void assert_refused_bytes(const char *bytes, size_t length, mdup_error_code code,
                                 const char *message)
{
    mdup_error *err = NULL;
    mdup_npy *npy = mdup_npy_parse(bytes, length, "x.cs", &err);
    if (npy)
        fail_msg("accepted, but should say: %s", message);
    assert_string_equal(mdup_error_get_message(err), message);
    assert_int_equal(mdup_error_get_code(err), code);
    mdup_error_clear(&err);
}

static void assert_refused(const char *dictionary, mdup_error_code code, const char *message)
{
    mdup_strbuf file = file_of(dictionary, "", 0);
    assert_refused_bytes(file.text, file.length, code, message);
    mdup_strbuf_free(&file);
}

static const mdup_npy_field *field_of(const mdup_npy *npy, const char *name)
{
    const mdup_npy_field *field = mdup_npy_find(npy, name);
    if (!field)
        fail_msg("no field %s", name);
    return field;
}

/* ---- headers ---- */

static void test_fields(void **state)
{
    (void)state;
    mdup_npy *npy = parse(
        "{'descr': [('uid', '<u8'), ('micrograph_blob/path', '|S3'), ('', '|V2'), (('title', "
        "'shape'), '<u4', (2,)), ('m', '<f4', (2, 3)), ('n', '|u1', 4), ('in', [('x', '<f4'), "
        "('y', '>f8')], (2,)), (\"it's\", '<U2'), ('when', '<M8[ns]'), ('flag', '?'), "
        "('z', '|S0')], 'fortran_order': True, 'shape': (0L,), }",
        "", 0);
    static const struct {
        const char *name;
        mdup_npy_type type;
        size_t offset, item_bytes, n_items;
    } expected[] = {
        {"uid", MDUP_NPY_UNSIGNED, 0, 8, 1},    {"micrograph_blob/path", MDUP_NPY_BYTES, 8, 3, 1},
        {"shape", MDUP_NPY_UNSIGNED, 13, 4, 2}, {"m", MDUP_NPY_FLOAT, 21, 4, 6},
        {"n", MDUP_NPY_UNSIGNED, 45, 1, 4},     {"in", MDUP_NPY_OTHER, 49, 12, 2},
        {"it's", MDUP_NPY_UNICODE, 73, 8, 1},   {"when", MDUP_NPY_OTHER, 81, 8, 1},
        {"flag", MDUP_NPY_UNSIGNED, 89, 1, 1},  {"z", MDUP_NPY_BYTES, 90, 0, 1},
    };
    size_t n = sizeof expected / sizeof *expected;
    assert_int_equal(npy->n_fields, n);
    for (size_t i = 0; i < n; i++) {
        const mdup_npy_field *field = field_of(npy, expected[i].name);
        assert_int_equal(field->type, expected[i].type);
        assert_int_equal(field->offset, expected[i].offset);
        assert_int_equal(field->item_bytes, expected[i].item_bytes);
        assert_int_equal(field->n_items, expected[i].n_items);
    }
    assert_int_equal(npy->record_bytes, 90);
    assert_int_equal(npy->n_records, 0);
    assert_null(mdup_npy_find(npy, "x"));
    mdup_npy_free(npy);
}

static void test_header_spellings(void **state)
{
    (void)state;
    static const char *const spellings[] = {
        "{'descr':[('a','<u2')],'fortran_order':False,'shape':(1,)}",
        "{\"shape\": (1 , ) , 'fortran_order' : False ,\n\t'descr' : [ ( 'a' , '<u2' , ) , ] }",
        "  {'descr': [('a', '<u2', ()),], 'fortran_order': False, 'shape': (1,), }  ",
    };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        mdup_npy *npy = parse(spellings[i], "\x34\x12", 2);
        assert_int_equal(npy->n_records, 1);
        assert_true(mdup_npy_number(npy, field_of(npy, "a"), 0, 0) == 0x1234);
        mdup_npy_free(npy);
    }
}

/* A header of version 2 may be longer than 65535 bytes. */
static void test_version_2(void **state)
{
    (void)state;
    mdup_strbuf header = MDUP_STRBUF_INIT, file = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&header, "{'descr': [");
    for (int i = 0; i < 5000; i++)
        mdup_strbuf_printf(&header, "('some_field_%d', '|u1'), ", i);
    mdup_strbuf_puts(&header, "], 'fortran_order': False, 'shape': (2,), }\n");
    assert_true(header.length > 65535);
    for (unsigned version = 2; version <= 3; version++) {
        char lead[12] = {'\x93', 'N', 'U', 'M', 'P', 'Y', (char)version, 0};
        for (int i = 0; i < 4; i++)
            lead[8 + i] = (char)(header.length >> 8 * i);
        mdup_strbuf_reset(&file);
        mdup_strbuf_append(&file, lead, 12);
        mdup_strbuf_append(&file, header.text, header.length);
        for (int i = 0; i < 10000; i++)
            mdup_strbuf_append(&file, (const char[]){(char)(i % 100)}, 1);
        mdup_npy *npy = mdup_npy_parse(file.text, file.length, "x.cs", NULL);
        assert_non_null(npy);
        assert_int_equal(npy->n_fields, 5000);
        uint64_t value;
        assert_true(mdup_npy_uint(npy, field_of(npy, "some_field_4999"), 1, 0, &value));
        assert_int_equal(value, 99);
        mdup_npy_free(npy);
    }
    mdup_strbuf_free(&header);
    mdup_strbuf_free(&file);
}

/* ---- values ---- */

static void test_numbers(void **state)
{
    (void)state;
    static const uint8_t record[] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* u8 */
        0xfe, 0xff,                                     /* i2 */
        0x01, 0x02,                                     /* >u2 */
        0x00, 0x3e,                                     /* f2: 1.5 */
        0xc0, 0x20, 0x00, 0x00,                         /* >f4: -2.5 */
        0,    0,    0,    0,    0,    0,    0xf8, 0x7f, /* f8: NaN */
        0x80,                                           /* i1 */
        0,    0,    0,    0,    0,    0,    0,    0x80, /* i8: the lowest */
        1,                                              /* bool */
    };
    mdup_npy *npy = parse("{'descr': [('u8', '<u8'), ('i2', '<i2'), ('b2', '>u2'), ('f2', '<f2'), "
                          "('f4', '>f4'), ('f8', '<f8'), ('i1', '|i1'), ('i8', '<i8'), ('b', "
                          "'|b1')], 'fortran_order': False, 'shape': (1,), }",
                          record, sizeof record);
    uint64_t value = 7;
    assert_true(mdup_npy_uint(npy, field_of(npy, "u8"), 0, 0, &value));
    assert_true(value == UINT64_MAX);
    assert_false(mdup_npy_uint(npy, field_of(npy, "i2"), 0, 0, &value));
    assert_false(mdup_npy_uint(npy, field_of(npy, "i8"), 0, 0, &value));
    assert_false(mdup_npy_uint(npy, field_of(npy, "f2"), 0, 0, &value));
    assert_true(value == UINT64_MAX);
    assert_true(mdup_npy_uint(npy, field_of(npy, "b"), 0, 0, &value));
    assert_int_equal(value, 1);
    assert_true(mdup_npy_number(npy, field_of(npy, "i2"), 0, 0) == -2);
    assert_true(mdup_npy_number(npy, field_of(npy, "b2"), 0, 0) == 0x102);
    assert_true(mdup_npy_number(npy, field_of(npy, "f2"), 0, 0) == 1.5);
    assert_true(mdup_npy_number(npy, field_of(npy, "f4"), 0, 0) == -2.5);
    assert_true(isnan(mdup_npy_number(npy, field_of(npy, "f8"), 0, 0)));
    assert_true(mdup_npy_number(npy, field_of(npy, "i1"), 0, 0) == -128);
    assert_true(mdup_npy_number(npy, field_of(npy, "i8"), 0, 0) == -0x1p63);
    mdup_npy_free(npy);
}

static void test_text(void **state)
{
    (void)state;
    static const char records[] = "ab\0\0"                                /* S4 */
                                  "a\0\0\0\xe9\0\0\0\x20\xac\0\0\0\0\0\0" /* U4, 0xac20 */
                                  "\0\0\x20\xac\0\0\xd8\0" /* >U2: euro, half a pair */
                                  "\0\x01";                /* u2 */
    mdup_npy *npy = parse("{'descr': [('s', '|S4'), ('u', '<U4'), ('b', '>U2'), ('n', '<u2')], "
                          "'fortran_order': False, 'shape': (1,), }",
                          records, sizeof records - 1);
    mdup_strbuf text = MDUP_STRBUF_INIT;
    assert_true(mdup_npy_text(npy, field_of(npy, "s"), 0, 0, &text, NULL));
    assert_string_equal(text.text, "ab");
    assert_true(mdup_npy_text(npy, field_of(npy, "u"), 0, 0, &text, NULL));
    assert_string_equal(text.text, "a\xc3\xa9\xea\xb0\xa0");
    assert_true(mdup_npy_text(npy, field_of(npy, "b"), 0, 0, &text, NULL));
    assert_string_equal(text.text, "\xe2\x82\xac\xef\xbf\xbd");
    mdup_error *err = NULL;
    assert_false(mdup_npy_text(npy, field_of(npy, "n"), 0, 0, &text, &err));
    assert_string_equal(mdup_error_get_message(err), "the field 'n' holds no text");
    mdup_error_clear(&err);
    assert_true(isnan(mdup_npy_number(npy, field_of(npy, "s"), 0, 0)));
    mdup_strbuf_free(&text);
    mdup_npy_free(npy);
}

/* ---- refusals ---- */

static void test_foreign(void **state)
{
    (void)state;
    assert_refused_bytes("", 0, MDUP_ERROR_PARSE, "x.cs: the file is empty");
    assert_refused_bytes("PK\x03\x04 and so on", 14, MDUP_ERROR_UNSUPPORTED,
                         "x.cs: not a cryoSPARC .cs file, which begins with \\x93NUMPY");
    assert_refused_bytes("\x93NUMPY\x01", 7, MDUP_ERROR_TRUNCATED,
                         "x.cs: cut short in its header, at 7 bytes");
    assert_refused_bytes("\x93NUMPY\x04\x00\x76\x00{'de", 14, MDUP_ERROR_UNSUPPORTED,
                         "x.cs: version 4 of NumPy's format is not known");
    assert_refused_bytes("\x93NUMPY\x01\x00\x76\x00{'descr", 17, MDUP_ERROR_TRUNCATED,
                         "x.cs: its header should have 118 bytes, but the file ends after 7");
    assert_refused_bytes(
        "\x93NUMPY\x02\x00\xff\xff\xff\xff{", 13, MDUP_ERROR_TRUNCATED,
        "x.cs: its header should have 4294967295 bytes, but the file ends after 1");
    mdup_strbuf file =
        file_of("{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (0,), }", "", 0);
    assert_refused_bytes(file.text, file.length - 5, MDUP_ERROR_TRUNCATED,
                         "x.cs: its header should have 118 bytes, but the file ends after 113");
    mdup_strbuf_free(&file);
    static const char csdat[] = "\x95"
                                "CSDAT\xa6\x01\0\0{\"length\": 5";
    assert_refused_bytes(csdat, sizeof csdat - 1, MDUP_ERROR_UNSUPPORTED,
                         "x.cs: a cryoSPARC dataset in the compressed format CSDAT, which is not "
                         "read; write it as an ordinary .cs file with cryosparc-tools: "
                         "Dataset.load('in.cs').save('out.cs')");
    assert_true(mdup_npy_detect(csdat, sizeof csdat - 1));
    assert_true(mdup_npy_detect("\x93NUMPY", 6));
    assert_false(mdup_npy_detect("\x93NUMP", 5));
}

#define REST ", 'fortran_order': False, 'shape': (1,), }"
#define DAMAGED "; the header of this NumPy file is damaged"

static void test_broken_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header, *message;
    } cases[] = {
        {"", "x.cs: offset 64: '{' is missing" DAMAGED},
        {"{'descr': [('a', '<u2')], 'fortran_order': False",
         "x.cs: offset 64: ',' is missing" DAMAGED},
        {"{'descr': [('a', '<u2')], 'shape': (1,)}",
         "x.cs: offset 64: 'descr', 'fortran_order' or 'shape' is missing" DAMAGED},
        {"{'descr': [('a', '<u2')], 'descr': [('a', '<u2')]" REST,
         "x.cs: offset 43: an entry that is not known, or comes twice" DAMAGED},
        {"{'descr': [('a', '<u2')], 'more': 1" REST,
         "x.cs: offset 42: an entry that is not known, or comes twice" DAMAGED},
        {"{'descr': [('a', '<u2')], 'fortran_order': 0, 'shape': (1,)}",
         "x.cs: offset 53: True or False is missing" DAMAGED},
        {"{'descr': [('a', '<u2')]" REST " 1",
         "x.cs: offset 77: something follows the closing brace" DAMAGED},
        {"{'descr': [('a', '<u2'" REST, "x.cs: offset 34: a number is missing" DAMAGED},
        {"{'descr': [('a')]" REST, "x.cs: offset 25: ',' is missing" DAMAGED},
        {"{'descr': [(1, '<u2')]" REST, "x.cs: offset 22: a string is missing" DAMAGED},
        {"{'descr': [('a', '<u2', (2,])]" REST, "x.cs: offset 37: a number is missing" DAMAGED},
        {"{'descr': [(\"a" REST, "x.cs: offset 22: a string is not closed" DAMAGED},
        {"{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (-1,)}",
         "x.cs: offset 70: a number is missing" DAMAGED},
        {"{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (99999999999999999999,)}",
         "x.cs: offset 88: a number is too large" DAMAGED},
        {"{'descr': [('a', '<u2'), ('a', '<u4')]" REST, "x.cs: two fields are called 'a'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i].header, MDUP_ERROR_PARSE, cases[i].message);
}

static void test_unsupported(void **state)
{
    (void)state;
    static const struct {
        const char *header, *message;
    } cases[] = {
        {"{'descr': '<f8'" REST,
         "x.cs: an array of numbers, not a table of records as cryoSPARC's .cs files are"},
        {"{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (2, 3)}",
         "x.cs: offset 73: the array is not one-dimensional, and so not a table of records as "
         "cryoSPARC's .cs files are"},
        {"{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': ()}",
         "x.cs: offset 70: the array is not one-dimensional, and so not a table of records as "
         "cryoSPARC's .cs files are"},
        {"{'descr': [('blob/path', '|O')]" REST,
         "x.cs: the field 'blob/path' holds Python objects, which are never read, as reading them "
         "can run programs; save its strings as fixed-length ones (cryosparc-tools' Dataset.save "
         "does)"},
        {"{'descr': [('a', '<u3')]" REST,
         "x.cs: offset 32: the type '<u3' is not known; save the table again with cryosparc-tools "
         "or NumPy"},
        {"{'descr': [('a', '<u2x')]" REST,
         "x.cs: offset 33: the type '<u2x' is not known; save the table again with cryosparc-tools "
         "or NumPy"},
        {"{'descr': [('a', '')]" REST,
         "x.cs: offset 29: the type '' is not known; save the table again with cryosparc-tools or "
         "NumPy"},
        {"{'descr': [('a', '|S99999999999999')]" REST,
         "x.cs: offset 45: the type '|S99999999999999' is not known; save the table again with "
         "cryosparc-tools or NumPy"},
        {"{'descr': [('a', '<f8', (1000000000,))]" REST,
         "x.cs: its records would be larger than 1024 MB"},
        {"{'descr': [('a', '<f8', (1000000, 1000000))]" REST,
         "x.cs: its records would be larger than 1024 MB"},
        {"{'descr': [('a', '|S1000000000'), ('b', '|S1000000000')]" REST,
         "x.cs: its records would be larger than 1024 MB"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i].header, MDUP_ERROR_UNSUPPORTED, cases[i].message);
}

static void test_deep_records(void **state)
{
    (void)state;
    mdup_strbuf header = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&header, "{'descr': ");
    for (int i = 0; i < 10000; i++)
        mdup_strbuf_puts(&header, "[('a', ");
    mdup_strbuf file = file_of(header.text, "", 0);
    mdup_error *err = NULL;
    assert_null(mdup_npy_parse(file.text, file.length, "x.cs", &err));
    assert_non_null(strstr(mdup_error_get_message(err), "records lie too deep within records"));
    mdup_error_clear(&err);
    mdup_strbuf_free(&header);
    mdup_strbuf_free(&file);
}

static void test_too_few_records(void **state)
{
    (void)state;
    mdup_strbuf file =
        file_of("{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (3,), }", "12345", 5);
    assert_refused_bytes(file.text, file.length, MDUP_ERROR_TRUNCATED,
                         "x.cs: should hold 3 records of 2 bytes, but ends in record 3; it was not "
                         "copied or written to its end");
    mdup_strbuf_free(&file);
    assert_refused("{'descr': [('a', '|S0')], 'fortran_order': False, 'shape': (3,), }",
                   MDUP_ERROR_PARSE, "x.cs: 3 records without any field");
    assert_refused(
        "{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (4611686018427387903,), }",
        MDUP_ERROR_TRUNCATED,
        "x.cs: should hold 4611686018427387903 records of 2 bytes, but ends in record 1; "
        "it was not copied or written to its end");
}

/* Every file that is cut somewhere is refused, and none makes the parser read too far. */
static void test_every_cut(void **state)
{
    (void)state;
    mdup_strbuf file = file_of("{'descr': [('uid', '<u8'), ('path', '|S8'), ('n', '<f4', (2,))], "
                               "'fortran_order': False, 'shape': (2,), }",
                               "0123456789012345678901234567890123456789abcdefgh", 48);
    for (size_t length = 0; length <= file.length; length++) {
        char *exact = malloc(length ? length : 1);
        assert_non_null(exact);
        memcpy(exact, file.text, length);
        mdup_error *err = NULL;
        mdup_npy *npy = mdup_npy_parse(exact, length, "x.cs", &err);
        assert_true((npy != NULL) == (length == file.length));
        if (!npy)
            assert_true(strncmp(mdup_error_get_message(err), "x.cs: ", 6) == 0);
        mdup_error_clear(&err);
        mdup_npy_free(npy);
        free(exact);
    }
    mdup_strbuf_free(&file);
}

/* ---- writing ---- */

static void test_write_without(void **state)
{
    (void)state;
    char data[13 * 3 + 4];
    for (size_t i = 0; i < 13 * 3; i++)
        data[i] = (char)('a' + i / 3);
    memcpy(data + 39, "tail", 4);
    mdup_strbuf file = file_of("{'shape': (13L,), 'descr': [('a', '|S3')], 'fortran_order': False}",
                               data, sizeof data);
    mdup_npy *npy = mdup_npy_parse(file.text, file.length, "x.cs", NULL);
    assert_non_null(npy);
    bool leave_out[13] = {false};
    mdup_strbuf out = MDUP_STRBUF_INIT;
    assert_true(mdup_npy_write_without(npy, leave_out, &out, NULL));
    assert_int_equal(out.length, file.length);
    assert_memory_equal(out.text + npy->data_begin, data, sizeof data);
    for (size_t i = 0; i < 13; i++)
        leave_out[i] = i == 0 || i == 5 || i == 6 || i == 12;
    mdup_strbuf_reset(&out);
    assert_true(mdup_npy_write_without(npy, leave_out, &out, NULL));
    assert_int_equal(out.length, file.length - 4 * 3);
    mdup_npy *again = mdup_npy_parse(out.text, out.length, "again", NULL);
    assert_non_null(again);
    assert_int_equal(again->n_records, 9);
    assert_int_equal(again->data_begin, npy->data_begin);
    assert_int_equal(out.text[again->data_begin - 1], '\n');
    assert_memory_equal(out.text + again->data_begin,
                        "bbbcccdddeeehhhiiijjjkkklll"
                        "tail",
                        31);
    mdup_npy_free(again);
    memset(leave_out, true, sizeof leave_out);
    mdup_strbuf_reset(&out);
    assert_true(mdup_npy_write_without(npy, leave_out, &out, NULL));
    again = mdup_npy_parse(out.text, out.length, "again", NULL);
    assert_non_null(again);
    assert_int_equal(again->n_records, 0);
    mdup_npy_free(again);
    mdup_npy_free(npy);
    mdup_strbuf_free(&out);
    mdup_strbuf_free(&file);
}

/* ---- a field of numbers ---- */

/* The file with values in a field, parsed again; *bytes is the file. */
static mdup_npy *written(const mdup_npy *npy, const char *name, const uint32_t *values,
                         mdup_strbuf *bytes)
{
    assert_true(mdup_npy_write_field(npy, name, values, bytes, NULL));
    mdup_npy *again = mdup_npy_parse(bytes->text, bytes->length, "again", NULL);
    assert_non_null(again);
    assert_int_equal(again->n_records, npy->n_records);
    return again;
}

static void test_change_a_field(void **state)
{
    (void)state;
    static const char data[] = "abXX.cdYY.tail";
    static const uint32_t values[] = {1, 0x1234};
    mdup_npy *npy = parse("{'descr': [('id', '|S2'), ('split', '>i2'), ('b', '|u1')], "
                          "'fortran_order': False, 'shape': (2,), }",
                          data, sizeof data - 1);
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_npy *again = written(npy, "split", values, &out);
    assert_int_equal(out.length, npy->length);
    assert_memory_equal(out.text, npy->bytes, npy->data_begin);
    assert_memory_equal(out.text + npy->data_begin, "ab\0\1.cd\x12\x34.tail", 14);
    mdup_npy_free(again);
    mdup_error *err = NULL;
    mdup_strbuf_reset(&out);
    static const uint32_t large[] = {1, 0x8000};
    assert_false(mdup_npy_write_field(npy, "split", large, &out, &err));
    assert_string_equal(mdup_error_get_message(err), "32768 does not fit into the field 'split'");
    mdup_error_clear(&err);
    assert_false(mdup_npy_write_field(npy, "id", values, &out, &err));
    assert_string_equal(mdup_error_get_message(err), "the field 'id' holds no whole numbers");
    mdup_error_clear(&err);
    mdup_strbuf_free(&out);
    mdup_npy_free(npy);
}

static void assert_added(const char *dictionary, const char *written_dictionary)
{
    static const uint32_t values[] = {7, 0xFFFFFFFF};
    mdup_npy *npy = parse(dictionary, "abcdtail", 8);
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_npy *again = written(npy, "g/n", values, &out);
    assert_int_equal(again->record_bytes, npy->record_bytes + 4);
    assert_int_equal(again->data_begin % 64, 0);
    assert_memory_equal(out.text + again->data_begin, "ab\7\0\0\0cd\xff\xff\xff\xfftail", 16);
    assert_int_equal(out.length, again->data_begin + 16);
    const char *begin = out.text + 10;
    assert_memory_equal(begin, written_dictionary, strlen(written_dictionary));
    mdup_npy_free(again);
    /* And once more, now that there is one. */
    mdup_npy *first = mdup_npy_parse(out.text, out.length, "first", NULL);
    assert_non_null(first);
    mdup_strbuf changed = MDUP_STRBUF_INIT;
    again = written(first, "g/n", values, &changed);
    assert_int_equal(changed.length, out.length);
    assert_memory_equal(changed.text, out.text, out.length);
    mdup_npy_free(again);
    mdup_npy_free(first);
    mdup_npy_free(npy);
    mdup_strbuf_free(&out);
    mdup_strbuf_free(&changed);
}

static void test_add_a_field(void **state)
{
    (void)state;
    assert_added("{'descr': [('a', '|S1'), ('b', '|u1')], 'fortran_order': False, 'shape': (2,), }",
                 "{'descr': [('a', '|S1'), ('b', '|u1'), ('g/n', '<u4')], 'fortran_order': False, "
                 "'shape': (2,), }");
    assert_added(
        "{'descr': [('a', '|S1'), ('b', '|u1') , ], 'fortran_order': False, 'shape': (2,)}",
        "{'descr': [('a', '|S1'), ('b', '|u1') , ('g/n', '<u4')], 'fortran_order': False, "
        "'shape': (2,)}");
    assert_added(
        "{'shape': (2,), 'fortran_order': False, 'descr': [('ab', '|S2')]}",
        "{'shape': (2,), 'fortran_order': False, 'descr': [('ab', '|S2'), ('g/n', '<u4')]}");
}

/* A header of version 1 that has no room for one more field becomes one of version 2. */
static void test_add_a_field_to_a_long_header(void **state)
{
    (void)state;
    mdup_strbuf dictionary = MDUP_STRBUF_INIT, out = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&dictionary, "{'fortran_order': False, 'shape': (1,), 'descr': [('");
    while (dictionary.length < 65400)
        mdup_strbuf_puts(&dictionary, "n");
    mdup_strbuf_puts(&dictionary, "', '|u1')]}");
    mdup_npy *npy = parse(dictionary.text, "x", 1);
    static const char long_name[] = "microdup/a_name_that_needs_another_sixty_four_bytes_of_header";
    static const uint32_t values[] = {3};
    mdup_npy *again = written(npy, long_name, values, &out);
    assert_int_equal(out.text[6], 2);
    assert_int_equal(again->data_begin % 64, 0);
    assert_memory_equal(out.text + again->data_begin, "x\3\0\0\0", 5);
    mdup_npy_free(again);
    mdup_npy_free(npy);
    mdup_strbuf_free(&out);
    mdup_strbuf_free(&dictionary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_header_spellings),
        cmocka_unit_test(test_version_2),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_broken_headers),
        cmocka_unit_test(test_unsupported),
        cmocka_unit_test(test_deep_records),
        cmocka_unit_test(test_too_few_records),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_write_without),
        cmocka_unit_test(test_change_a_field),
        cmocka_unit_test(test_add_a_field),
        cmocka_unit_test(test_add_a_field_to_a_long_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
