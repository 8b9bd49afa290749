/* npy_dump FILE: prints what the library reads from a .npy file as JSON, every value included.
 * npy_dump FILE OUT N: writes it to OUT without every N-th record.  For tests/test_npy_writers.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"
#include "base/path.h"
#include "formats/json.h"
#include "formats/npy.h"

static bool put_value(mdup_json *json, const mdup_npy *npy, const mdup_npy_field *field,
                      size_t record, size_t item, mdup_strbuf *text, mdup_error **err)
{
    uint64_t whole;
    mdup_strbuf_reset(text);
    if (field->type == MDUP_NPY_BYTES || field->type == MDUP_NPY_UNICODE) {
        if (!mdup_npy_text(npy, field, record, item, text, err))
            return false;
    } else if (mdup_npy_uint(npy, field, record, item, &whole)) {
        mdup_strbuf_printf(text, "%llu", (unsigned long long)whole);
    } else {
        mdup_strbuf_printf(text, "%.17g", mdup_npy_number(npy, field, record, item));
    }
    mdup_json_string(json, NULL, text->text);
    return true;
}

static bool put_field(mdup_json *json, const mdup_npy *npy, const mdup_npy_field *field,
                      mdup_error **err)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    bool ok = true;
    mdup_json_object(json, NULL);
    mdup_json_string(json, "name", field->name);
    mdup_json_int(json, "offset", (int64_t)field->offset);
    mdup_json_int(json, "item_bytes", (int64_t)field->item_bytes);
    mdup_json_int(json, "n_items", (int64_t)field->n_items);
    mdup_json_array(json, "values");
    for (size_t record = 0; field->type != MDUP_NPY_OTHER && record < npy->n_records; record++)
        for (size_t item = 0; ok && item < field->n_items; item++)
            ok = put_value(json, npy, field, record, item, &text, err);
    mdup_json_end_array(json);
    mdup_json_end_object(json);
    mdup_strbuf_free(&text);
    return ok;
}

static bool dump(const mdup_npy *npy, mdup_strbuf *out, mdup_error **err)
{
    bool ok = true;
    mdup_json json;
    mdup_json_begin(&json, out);
    mdup_json_object(&json, NULL);
    mdup_json_int(&json, "records", (int64_t)npy->n_records);
    mdup_json_int(&json, "record_bytes", (int64_t)npy->record_bytes);
    mdup_json_array(&json, "fields");
    for (size_t i = 0; ok && i < npy->n_fields; i++)
        ok = put_field(&json, npy, &npy->fields[i], err);
    mdup_json_end_array(&json);
    mdup_json_end_object(&json);
    return ok && mdup_strbuf_check(out, err);
}

static bool leave_out_every(const mdup_npy *npy, size_t step, mdup_strbuf *out, mdup_error **err)
{
    bool *leave_out = mdup_calloc(npy->n_records, sizeof *leave_out, err);
    if (!leave_out)
        return false;
    for (size_t i = 0; i < npy->n_records; i++)
        leave_out[i] = i % step == 0;
    bool ok = mdup_npy_write_without(npy, leave_out, out, err);
    free(leave_out);
    return ok;
}

static bool run(int argc, char **argv, mdup_strbuf *out, mdup_error **err)
{
    int64_t step;
    mdup_npy *npy = mdup_npy_read(argv[1], err);
    bool ok = npy != NULL;
    if (ok && argc == 2)
        ok = dump(npy, out, err) && fwrite(out->text, 1, out->length, stdout) == out->length;
    else if (ok)
        ok = mdup_parse_int64(argv[3], strlen(argv[3]), &step) &&
             leave_out_every(npy, (size_t)step, out, err) &&
             mdup_file_replace(argv[2], out->text, out->length, err);
    mdup_npy_free(npy);
    return ok && fflush(stdout) == 0;
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: npy_dump FILE [OUT N]\n");
        return 2;
    }
    mdup_error *err = NULL;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    bool ok = run(argc, argv, &out, &err);
    if (!ok)
        fprintf(stderr, "%s\n", err ? mdup_error_get_message(err) : "not written");
    mdup_error_clear(&err);
    mdup_strbuf_free(&out);
    return ok ? 0 : 1;
}
