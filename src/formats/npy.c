#include "formats/npy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "formats/npy_header.h"
#include "formats/pixels.h"

static const char NUMPY_MAGIC[] = "\x93NUMPY";
static const char CSDAT_MAGIC[] = "\x95"
                                  "CSDAT";
enum { MAGIC_bytes = 6 };

/* Ten million particles of 1 kB stay below. */
#if SIZE_MAX > UINT32_MAX
static const size_t max_file_bytes = (size_t)1 << 36;
#else
static const size_t max_file_bytes = SIZE_MAX / 2;
#endif

static bool begins_with(const char *bytes, size_t length, const char *magic)
{
    return length >= MAGIC_bytes && memcmp(bytes, magic, MAGIC_bytes) == 0;
}

bool mdup_npy_detect(const char *bytes, size_t length)
{
    return begins_with(bytes, length, NUMPY_MAGIC) || begins_with(bytes, length, CSDAT_MAGIC);
}

static size_t read_little(const char *bytes, size_t n)
{
    size_t value = 0;
    for (size_t i = n; i-- > 0;)
        value = value << 8 | (uint8_t)bytes[i];
    return value;
}

static bool refuse_foreign(const mdup_npy *npy, const char *name, mdup_error **err)
{
    if (npy->length == 0)
        return mdup_fail(err, MDUP_ERROR_PARSE, "%s: the file is empty", name);
    if (begins_with(npy->bytes, npy->length, CSDAT_MAGIC))
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: a cryoSPARC dataset in the compressed format CSDAT, which is not "
                         "read; write it as an ordinary .cs file with cryosparc-tools: "
                         "Dataset.load('in.cs').save('out.cs')",
                         name);
    if (!begins_with(npy->bytes, npy->length, NUMPY_MAGIC))
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: not a cryoSPARC .cs file, which begins with \\x93NUMPY", name);
    return true;
}

/* Where the dictionary stands: behind magic, version and its own length. */
static bool find_header(const mdup_npy *npy, const char *name, size_t *begin, mdup_error **err)
{
    if (npy->length < MAGIC_bytes + 2 + 4)
        return mdup_fail(err, MDUP_ERROR_TRUNCATED, "%s: cut short in its header, at %zu bytes",
                         name, npy->length);
    unsigned version = (uint8_t)npy->bytes[MAGIC_bytes];
    if (version < 1 || version > 3)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: version %u of NumPy's format is not known", name, version);
    size_t width = version == 1 ? 2 : 4;
    *begin = MAGIC_bytes + 2 + width;
    return true;
}

static bool parse_header(mdup_npy *npy, const char *name, mdup_error **err)
{
    size_t begin = 0;
    if (!find_header(npy, name, &begin, err))
        return false;
    size_t width = begin - MAGIC_bytes - 2,
           header_bytes = read_little(npy->bytes + MAGIC_bytes + 2, width);
    if (header_bytes > npy->length - begin)
        return mdup_fail(err, MDUP_ERROR_TRUNCATED,
                         "%s: its header should have %zu bytes, but the file ends after %zu", name,
                         header_bytes, npy->length - begin);
    npy->data_begin = begin + header_bytes;
    return mdup_npy_read_header(npy, begin, npy->data_begin, name, err);
}

static bool check_length(const mdup_npy *npy, const char *name, mdup_error **err)
{
    size_t available = npy->length - npy->data_begin;
    if (npy->record_bytes == 0)
        return npy->n_records == 0 ||
               mdup_fail(err, MDUP_ERROR_PARSE, "%s: %zu records without any field", name,
                         npy->n_records);
    if (npy->n_records > available / npy->record_bytes)
        return mdup_fail(err, MDUP_ERROR_TRUNCATED,
                         "%s: should hold %zu records of %zu bytes, but ends in record %zu; it was "
                         "not copied or written to its end",
                         name, npy->n_records, npy->record_bytes,
                         available / npy->record_bytes + 1);
    return true;
}

/* Takes over `bytes`, also on failure. */
static mdup_npy *parse_owned(char *bytes, size_t length, const char *name, mdup_error **err)
{
    mdup_npy *npy = mdup_calloc(1, sizeof *npy, err);
    if (!npy) {
        free(bytes);
        return NULL;
    }
    npy->bytes = bytes;
    npy->length = length;
    if (refuse_foreign(npy, name, err) && parse_header(npy, name, err) &&
        check_length(npy, name, err))
        return npy;
    mdup_npy_free(npy);
    return NULL;
}

mdup_npy *mdup_npy_parse(const char *bytes, size_t length, const char *name, mdup_error **err)
{
    char *copy = mdup_strndup(bytes, length, err);
    return copy ? parse_owned(copy, length, name, err) : NULL;
}

mdup_npy *mdup_npy_read(const char *path, mdup_error **err)
{
    size_t length;
    char *bytes = mdup_file_read(path, max_file_bytes, &length, err);
    return bytes ? parse_owned(bytes, length, path, err) : NULL;
}

void mdup_npy_free(mdup_npy *npy)
{
    if (!npy)
        return;
    for (size_t i = 0; i < npy->n_fields; i++)
        free(npy->fields[i].name);
    free(npy->fields);
    free(npy->bytes);
    free(npy);
}

/* ---- access ---- */

const mdup_npy_field *mdup_npy_find(const mdup_npy *npy, const char *name)
{
    for (size_t i = 0; i < npy->n_fields; i++)
        if (strcmp(npy->fields[i].name, name) == 0)
            return &npy->fields[i];
    return NULL;
}

static const char *place_of(const mdup_npy *npy, const mdup_npy_field *field, size_t record,
                            size_t item)
{
    return npy->bytes + npy->data_begin + record * npy->record_bytes + field->offset +
           item * field->item_bytes;
}

/* Up to 8 bytes as they stand for a number in either order. */
static uint64_t load(const char *bytes, size_t n, bool big_endian)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value = value << 8 | (uint8_t)bytes[big_endian ? i : n - 1 - i];
    return value;
}

static int64_t load_signed(const mdup_npy_field *field, const char *bytes)
{
    uint64_t value = load(bytes, field->item_bytes, field->big_endian);
    uint64_t sign = (uint64_t)1 << (8 * field->item_bytes - 1);
    /* Two's complement without a shift of a negative number. */
    return value & sign ? -(int64_t)(sign - (value & (sign - 1)) - 1) - 1 : (int64_t)value;
}

static double load_float(const mdup_npy_field *field, const char *bytes)
{
    uint64_t value = load(bytes, field->item_bytes, field->big_endian);
    if (field->item_bytes == 8) {
        double d;
        memcpy(&d, &value, sizeof d);
        return d;
    }
    if (field->item_bytes == 4) {
        uint32_t narrow = (uint32_t)value;
        float f;
        memcpy(&f, &narrow, sizeof f);
        return (double)f;
    }
    float half;
    mdup_pixels_to_float(MDUP_PIXEL_FLOAT16, field->big_endian, (const uint8_t *)bytes, 1, &half);
    return (double)half;
}

double mdup_npy_number(const mdup_npy *npy, const mdup_npy_field *field, size_t record, size_t item)
{
    const char *bytes = place_of(npy, field, record, item);
    switch (field->type) {
    case MDUP_NPY_UNSIGNED:
        return (double)load(bytes, field->item_bytes, field->big_endian);
    case MDUP_NPY_SIGNED:
        return (double)load_signed(field, bytes);
    case MDUP_NPY_FLOAT:
        return load_float(field, bytes);
    default:
        return (double)NAN;
    }
}

bool mdup_npy_uint(const mdup_npy *npy, const mdup_npy_field *field, size_t record, size_t item,
                   uint64_t *value)
{
    const char *bytes = place_of(npy, field, record, item);
    bool is_integer = field->type == MDUP_NPY_UNSIGNED || field->type == MDUP_NPY_SIGNED;
    if (!is_integer || (field->type == MDUP_NPY_SIGNED && load_signed(field, bytes) < 0))
        return false;
    *value = load(bytes, field->item_bytes, field->big_endian);
    return true;
}

static void append_utf8(mdup_strbuf *out, uint32_t c)
{
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        c = 0xFFFD;
    char bytes[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint32_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3F));
    bytes[0] = (char)(lead[n] | c);
    mdup_strbuf_append(out, bytes, n);
}

bool mdup_npy_text(const mdup_npy *npy, const mdup_npy_field *field, size_t record, size_t item,
                   mdup_strbuf *value, mdup_error **err)
{
    const char *bytes = place_of(npy, field, record, item);
    size_t length = field->item_bytes;
    mdup_strbuf_reset(value);
    mdup_strbuf_puts(value, "");
    if (field->type != MDUP_NPY_BYTES && field->type != MDUP_NPY_UNICODE)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "the field '%.80s' holds no text",
                         field->name);
    while (length > 0 && bytes[length - 1] == '\0')
        length--;
    if (field->type == MDUP_NPY_BYTES)
        mdup_strbuf_append(value, bytes, length);
    for (size_t i = 0; field->type == MDUP_NPY_UNICODE && i < length; i += 4)
        append_utf8(value, (uint32_t)load(bytes + i, 4, field->big_endian));
    return mdup_strbuf_check(value, err);
}

/* ---- writing ---- */

/* The new count is never longer than the old one; blanks before the end of the header make up for
 * the difference, as NumPy itself fills headers up. */
static void write_header(const mdup_npy *npy, size_t n_kept, mdup_strbuf *out)
{
    size_t begin = out->length;
    mdup_strbuf_append(out, npy->bytes, npy->count_begin);
    mdup_strbuf_printf(out, "%zu", n_kept);
    size_t rest_end = npy->data_begin;
    bool ends_in_newline = npy->bytes[rest_end - 1] == '\n';
    if (ends_in_newline)
        rest_end--;
    mdup_strbuf_append(out, npy->bytes + npy->count_end, rest_end - npy->count_end);
    while (!out->failed && out->length - begin < rest_end)
        mdup_strbuf_puts(out, " ");
    if (ends_in_newline)
        mdup_strbuf_puts(out, "\n");
}

bool mdup_npy_write_without(const mdup_npy *npy, const bool *leave_out, mdup_strbuf *out,
                            mdup_error **err)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < npy->n_records; i++)
        n_kept += !leave_out[i];
    write_header(npy, n_kept, out);
    const char *records = npy->bytes + npy->data_begin;
    for (size_t begin = 0, end; begin < npy->n_records; begin = end) {
        for (end = begin; end < npy->n_records && leave_out[end] == leave_out[begin];)
            end++;
        if (!leave_out[begin])
            mdup_strbuf_append(out, records + begin * npy->record_bytes,
                               (end - begin) * npy->record_bytes);
    }
    size_t behind = npy->data_begin + npy->n_records * npy->record_bytes;
    mdup_strbuf_append(out, npy->bytes + behind, npy->length - behind);
    return mdup_strbuf_check(out, err);
}
