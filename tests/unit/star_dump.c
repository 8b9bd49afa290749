/* Prints what the library reads from a STAR file as JSON, every value included, for
 * tests/test_star_writers.py. */
#include <stdio.h>
#include <stdlib.h>

#include "formats/json.h"
#include "formats/star.h"

static bool dump_row(mdup_json *json, const mdup_star *star, const mdup_star_table *table,
                     size_t row, mdup_error **err)
{
    mdup_strbuf value = MDUP_STRBUF_INIT;
    bool ok = true;
    mdup_json_array(json, NULL);
    for (size_t column = 0; ok && column < table->n_columns; column++) {
        ok = mdup_star_value(star, table, row, column, &value, err);
        if (ok)
            mdup_json_string(json, NULL, value.text);
    }
    mdup_json_end_array(json);
    mdup_strbuf_free(&value);
    return ok;
}

static bool dump_table(mdup_json *json, const mdup_star *star, const mdup_star_table *table,
                       mdup_error **err)
{
    bool ok = true;
    mdup_json_object(json, NULL);
    mdup_json_string(json, "name", table->name);
    mdup_json_bool(json, "is_loop", table->is_loop);
    mdup_json_array(json, "labels");
    for (size_t i = 0; i < table->n_columns; i++)
        mdup_json_string(json, NULL, table->labels[i]);
    mdup_json_end_array(json);
    mdup_json_array(json, "rows");
    for (size_t row = 0; ok && row < table->n_rows; row++)
        ok = dump_row(json, star, table, row, err);
    mdup_json_end_array(json);
    mdup_json_end_object(json);
    return ok;
}

static bool dump(const mdup_star *star, mdup_strbuf *out, mdup_error **err)
{
    const mdup_star_table *micrographs;
    mdup_star_kind kind = mdup_star_classify(star, &micrographs);
    bool ok = true;
    mdup_json json;
    mdup_json_begin(&json, out);
    mdup_json_object(&json, NULL);
    mdup_json_string(&json, "kind", mdup_star_kind_name(kind));
    mdup_json_int(&json, "micrographs", micrographs ? (int64_t)(micrographs - star->tables) : -1);
    mdup_json_int(&json, "version", star->version);
    mdup_json_bool(&json, "has_crlf", star->has_crlf);
    mdup_json_int(&json, "gap_line", (int64_t)star->gap_line);
    mdup_json_array(&json, "tables");
    for (size_t i = 0; ok && i < star->n_tables; i++)
        ok = dump_table(&json, star, &star->tables[i], err);
    mdup_json_end_array(&json);
    mdup_json_end_object(&json);
    return ok && mdup_strbuf_check(out, err);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: star_dump FILE\n");
        return 2;
    }
    mdup_error *err = NULL;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_star *star = mdup_star_read(argv[1], &err);
    bool ok = star && dump(star, &out, &err);
    if (ok)
        ok = fwrite(out.text, 1, out.length, stdout) == out.length && fflush(stdout) == 0;
    else
        fprintf(stderr, "%s\n", mdup_error_get_message(err));
    mdup_error_clear(&err);
    mdup_strbuf_free(&out);
    mdup_star_free(star);
    return ok ? 0 : 1;
}
