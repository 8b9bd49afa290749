/* Any bytes as a NumPy file: the parser, the values, and the promises of mdup_npy_write_without. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_VALUES = 256 };

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void check_field(const mdup_npy *npy, const mdup_npy_field *field, mdup_strbuf *text)
{
    require(field->offset + field->item_bytes * field->n_items <= npy->record_bytes);
    require(mdup_npy_find(npy, field->name) == field);
    bool is_text = field->type == MDUP_NPY_BYTES || field->type == MDUP_NPY_UNICODE;
    size_t asked = 0;
    for (size_t record = 0; record < npy->n_records && asked < MAX_VALUES; record++)
        for (size_t item = 0; item < field->n_items && asked < MAX_VALUES; item++, asked++) {
            uint64_t whole;
            double number = mdup_npy_number(npy, field, record, item);
            if (mdup_npy_uint(npy, field, record, item, &whole))
                require(number >= 0 && (whole > (uint64_t)1 << 53 || number == (double)whole));
            require(mdup_npy_text(npy, field, record, item, text, NULL) == is_text);
        }
}

static void check_write(const mdup_npy *npy, unsigned pattern)
{
    bool *leave_out = calloc(npy->n_records + 1, sizeof *leave_out);
    require(leave_out != NULL);
    size_t left_out = 0;
    for (size_t i = 0; i < npy->n_records; i++) {
        leave_out[i] = pattern >> i % 8 & 1;
        left_out += leave_out[i];
    }
    mdup_strbuf out = MDUP_STRBUF_INIT;
    require(mdup_npy_write_without(npy, leave_out, &out, NULL));
    require(out.length == npy->length - left_out * npy->record_bytes);
    mdup_npy *again = mdup_npy_parse(out.text, out.length, "again", NULL);
    require(again && again->n_records == npy->n_records - left_out);
    require(again->record_bytes == npy->record_bytes && again->n_fields == npy->n_fields);
    mdup_npy_free(again);
    mdup_strbuf_free(&out);
    free(leave_out);
}

/* A field that is there, when its values can be changed, or else a new one. */
static void check_field_written(const mdup_npy *npy)
{
    static const char added[] = "microdup/added";
    uint32_t *values = calloc(npy->n_records + 1, sizeof *values);
    mdup_strbuf out = MDUP_STRBUF_INIT;
    require(values != NULL);
    for (size_t i = 0; i < npy->n_records; i++)
        values[i] = (uint32_t)(i % 100);
    const char *name = npy->n_fields > 0 ? npy->fields[npy->n_fields - 1].name : added;
    if (!mdup_npy_write_field(npy, name, values, &out, NULL)) {
        name = added;
        mdup_strbuf_reset(&out);
        require(mdup_npy_write_field(npy, name, values, &out, NULL));
    }
    mdup_npy *again = mdup_npy_parse(out.text, out.length, "again", NULL);
    require(again && again->n_records == npy->n_records);
    const mdup_npy_field *field = mdup_npy_find(again, name);
    for (size_t i = 0; i < npy->n_records && i < MAX_VALUES; i++) {
        uint64_t value;
        require(mdup_npy_uint(again, field, i, 0, &value) && value == values[i]);
    }
    mdup_npy_free(again);
    mdup_strbuf_free(&out);
    free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdup_error *err = NULL;
    mdup_npy *npy = mdup_npy_parse((const char *)data, size, "fuzz", &err);
    require(!npy == !!err);
    if (!npy) {
        const char *message = mdup_error_get_message(err);
        require(strncmp(message, "fuzz: ", 6) == 0 || mdup_error_get_code(err) == MDUP_ERROR_NOMEM);
        mdup_error_clear(&err);
        return 0;
    }
    mdup_strbuf text = MDUP_STRBUF_INIT;
    for (size_t i = 0; i < npy->n_fields && i < MAX_VALUES; i++)
        check_field(npy, &npy->fields[i], &text);
    mdup_strbuf_free(&text);
    check_write(npy, 0);
    check_write(npy, data[size / 2]);
    check_field_written(npy);
    mdup_npy_free(npy);
    return 0;
}
