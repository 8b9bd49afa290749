/* One field of a table of records, changed or added. */
#include <string.h>

#include "formats/npy.h"

/* Magic, version; behind them the length of the dictionary in 2 bytes (version 1) or 4. */
enum { INTRO_bytes = 8, LENGTH_1_bytes = 2, LENGTH_2_bytes = 4, LONGEST_1_bytes = 65535 };
/* NumPy fills the header up so that the records begin at a multiple of this. */
enum { ALIGNMENT_bytes = 64 };

enum { ADDED_bytes = 4 };

static void put_little(mdup_strbuf *out, size_t value, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char byte = (char)(value >> (8 * i) & 0xFF);
        mdup_strbuf_append(out, &byte, 1);
    }
}

static bool is_last_comma(const mdup_npy *npy)
{
    size_t at = npy->fields_end;
    while (strchr(" \t\r\n", npy->bytes[at - 1]))
        at--;
    return npy->bytes[at - 1] == ',' || npy->bytes[at - 1] == '[';
}

static size_t dictionary_begin(const mdup_npy *npy)
{
    return INTRO_bytes + (npy->bytes[6] == 1 ? LENGTH_1_bytes : LENGTH_2_bytes);
}

/* The dictionary with one more field, without the blanks behind its brace. */
static void put_dictionary(const mdup_npy *npy, const char *name, mdup_strbuf *out)
{
    size_t begin = dictionary_begin(npy), end = npy->data_begin;
    while (strchr(" \t\r\n", npy->bytes[end - 1]))
        end--;
    mdup_strbuf_append(out, npy->bytes + begin, npy->fields_end - begin);
    mdup_strbuf_printf(out, "%s('%s', '<u4')", is_last_comma(npy) ? "" : ", ", name);
    mdup_strbuf_append(out, npy->bytes + npy->fields_end, end - npy->fields_end);
}

static void put_header(const mdup_npy *npy, const char *name, mdup_strbuf *out)
{
    mdup_strbuf dictionary = MDUP_STRBUF_INIT;
    put_dictionary(npy, name, &dictionary);
    /* A file of version 2 or 3 stays of its version. */
    bool is_long = npy->bytes[6] != 1 || dictionary.length + 1 + ALIGNMENT_bytes > LONGEST_1_bytes;
    size_t length_bytes = is_long ? LENGTH_2_bytes : LENGTH_1_bytes;
    size_t unfilled = INTRO_bytes + length_bytes + dictionary.length + 1;
    size_t filled = (unfilled + ALIGNMENT_bytes - 1) / ALIGNMENT_bytes * ALIGNMENT_bytes;
    const char version[2] = {npy->bytes[6] == 1 && is_long ? 2 : npy->bytes[6], npy->bytes[7]};
    mdup_strbuf_append(out, npy->bytes, 6);
    mdup_strbuf_append(out, version, sizeof version);
    put_little(out, filled - INTRO_bytes - length_bytes, length_bytes);
    if (dictionary.text)
        mdup_strbuf_append(out, dictionary.text, dictionary.length);
    for (size_t i = unfilled; i < filled; i++)
        mdup_strbuf_puts(out, " ");
    mdup_strbuf_puts(out, "\n");
    out->failed |= dictionary.failed;
    mdup_strbuf_free(&dictionary);
}

static void put_behind(const mdup_npy *npy, mdup_strbuf *out)
{
    size_t behind = npy->data_begin + npy->n_records * npy->record_bytes;
    mdup_strbuf_append(out, npy->bytes + behind, npy->length - behind);
}

static void add_field(const mdup_npy *npy, const char *name, const uint32_t *values,
                      mdup_strbuf *out)
{
    put_header(npy, name, out);
    for (size_t i = 0; i < npy->n_records; i++) {
        mdup_strbuf_append(out, npy->bytes + npy->data_begin + i * npy->record_bytes,
                           npy->record_bytes);
        put_little(out, values[i], ADDED_bytes);
    }
    put_behind(npy, out);
}

/* Whether the value fits, its sign bit left alone. */
static bool fits(const mdup_npy_field *field, uint32_t value)
{
    size_t bits = 8 * field->item_bytes - (field->type == MDUP_NPY_SIGNED);
    return bits >= 32 || value >> bits == 0;
}

static void set_field(const mdup_npy_field *field, uint32_t value, char *bytes)
{
    size_t n = field->item_bytes;
    for (size_t i = 0; i < n; i++)
        bytes[field->big_endian ? n - 1 - i : i] = (char)((uint64_t)value >> (8 * i) & 0xFF);
}

static bool change_field(const mdup_npy *npy, const mdup_npy_field *field, const uint32_t *values,
                         mdup_strbuf *out, mdup_error **err)
{
    bool is_whole = field->type == MDUP_NPY_UNSIGNED || field->type == MDUP_NPY_SIGNED;
    if (!is_whole || field->n_items != 1)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "the field '%.80s' holds no whole numbers",
                         field->name);
    size_t begin = out->length;
    mdup_strbuf_append(out, npy->bytes, npy->length);
    if (!mdup_strbuf_check(out, err))
        return false;
    for (size_t i = 0; i < npy->n_records; i++) {
        if (!fits(field, values[i]))
            return mdup_fail(err, MDUP_ERROR_INVALID, "%u does not fit into the field '%.80s'",
                             (unsigned)values[i], field->name);
        set_field(field, values[i],
                  out->text + begin + npy->data_begin + i * npy->record_bytes + field->offset);
    }
    return true;
}

bool mdup_npy_write_field(const mdup_npy *npy, const char *name, const uint32_t *values,
                          mdup_strbuf *out, mdup_error **err)
{
    const mdup_npy_field *field = mdup_npy_find(npy, name);
    if (field)
        return change_field(npy, field, values, out, err);
    add_field(npy, name, values, out);
    return mdup_strbuf_check(out, err);
}
