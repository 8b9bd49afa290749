#include "flow/applied.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"
#include "base/path.h"
#include "formats/csv.h"

static const char *const columns[] = {"input", "output", "kind", "rows", "of_session", "removed"};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

static const size_t largest_file_bytes = (size_t)1 << 30;

static void clear_row(mdup_applied_row *row)
{
    free(row->input);
    free(row->output);
    free(row->kind);
}

void mdup_applied_clear(mdup_applied *applied)
{
    for (size_t i = 0; i < applied->n; i++)
        clear_row(&applied->rows[i]);
    free(applied->rows);
    *applied = (mdup_applied){0};
}

mdup_applied_row *mdup_applied_find(const mdup_applied *applied, const char *output)
{
    for (size_t i = 0; i < applied->n; i++)
        if (strcmp(applied->rows[i].output, output) == 0)
            return &applied->rows[i];
    return NULL;
}

static bool set_text(char **text, const char *value, mdup_error **err)
{
    char *copy = mdup_strdup(value, err);
    if (!copy)
        return false;
    free(*text);
    *text = copy;
    return true;
}

bool mdup_applied_finish(mdup_applied_row *row, const char *kind, int64_t rows, int64_t of_session,
                         int64_t removed, mdup_error **err)
{
    row->rows = rows;
    row->of_session = of_session;
    row->removed = removed;
    return set_text(&row->kind, kind, err);
}

bool mdup_applied_add(mdup_applied *applied, const char *input, const char *output,
                      mdup_error **err)
{
    mdup_applied_row *row = mdup_applied_find(applied, output);
    if (!row) {
        if (!mdup_grow((void **)&applied->rows, &applied->capacity, applied->n + 1,
                       sizeof *applied->rows, err))
            return false;
        row = &applied->rows[applied->n];
        *row = (mdup_applied_row){.output = mdup_strdup(output, err)};
        if (!row->output)
            return false;
        applied->n++;
    }
    return set_text(&row->input, input, err) && mdup_applied_finish(row, "", 0, 0, 0, err);
}

bool mdup_applied_forget_missing(const char *folder, mdup_applied *applied, mdup_error **err)
{
    size_t n = 0, i = 0;
    bool ok = true;
    for (; ok && i < applied->n; i++) {
        mdup_applied_row *row = &applied->rows[i];
        char *path = mdup_path_join(folder, row->output, err);
        ok = path != NULL;
        if (ok && (row->kind[0] || mdup_path_is_file(path)))
            applied->rows[n++] = *row;
        else
            clear_row(row);
        free(path);
    }
    while (i < applied->n)
        clear_row(&applied->rows[i++]);
    applied->n = n;
    return ok;
}

/* ---- in ---- */

static bool fail_foreign(const char *path, mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_INVALID,
                     "%s: was not written by microdup apply; give another folder with --o", path);
}

static bool read_count(const mdup_csv_reader *r, size_t column, int64_t *count)
{
    const char *text = mdup_csv_value(r, column);
    *count = 0;
    return text[0] == '\0' || mdup_parse_int64(text, strlen(text), count);
}

static bool take_row(mdup_applied *applied, const mdup_csv_reader *r, mdup_error **err)
{
    int64_t counts[3];
    if (r->n != N_COLUMNS || !read_count(r, 3, &counts[0]) || !read_count(r, 4, &counts[1]) ||
        !read_count(r, 5, &counts[2]))
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: line %zu: is damaged; give another folder with --o", r->name,
                         r->line);
    return mdup_applied_add(applied, mdup_csv_value(r, 0), mdup_csv_value(r, 1), err) &&
           mdup_applied_finish(mdup_applied_find(applied, mdup_csv_value(r, 1)),
                               mdup_csv_value(r, 2), counts[0], counts[1], counts[2], err);
}

static bool take_header(const mdup_csv_reader *r, bool got, mdup_error **err)
{
    for (size_t i = 0; i < N_COLUMNS; i++)
        if (!got || r->n != N_COLUMNS || strcmp(mdup_csv_value(r, i), columns[i]) != 0)
            return fail_foreign(r->name, err);
    return true;
}

static bool read_rows(mdup_applied *applied, mdup_csv_reader *r, mdup_error **err)
{
    bool got, is_header = true;
    do {
        if (!mdup_csv_read_row(r, &got, err) || (is_header && !take_header(r, got, err)) ||
            (!is_header && got && !take_row(applied, r, err)))
            return false;
        is_header = false;
    } while (got);
    return true;
}

static bool read_file(const char *path, mdup_applied *applied, mdup_error **err)
{
    size_t length;
    char *text = mdup_file_read(path, largest_file_bytes, &length, err);
    if (!text)
        return false;
    mdup_csv_reader reader;
    mdup_csv_reader_init(&reader, path, text, length);
    bool ok = read_rows(applied, &reader, err);
    mdup_csv_reader_clear(&reader);
    free(text);
    return ok;
}

bool mdup_applied_read(const char *folder, mdup_applied *out, mdup_error **err)
{
    mdup_applied applied = {0};
    char *path = mdup_path_join(folder, MDUP_APPLIED_FILE, err);
    bool ok = path && (!mdup_path_is_file(path) || read_file(path, &applied, err));
    free(path);
    if (ok)
        *out = applied;
    else
        mdup_applied_clear(&applied);
    return ok;
}

/* ---- out ---- */

bool mdup_applied_write(const char *folder, const mdup_applied *applied, mdup_error **err)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    for (size_t i = 0; i < N_COLUMNS; i++)
        mdup_csv_field(&text, columns[i]);
    mdup_csv_end(&text);
    for (size_t i = 0; i < applied->n; i++) {
        const mdup_applied_row *row = &applied->rows[i];
        const int64_t counts[] = {row->rows, row->of_session, row->removed};
        mdup_csv_field(&text, row->input);
        mdup_csv_field(&text, row->output);
        mdup_csv_field(&text, row->kind);
        for (size_t k = 0; k < 3; k++)
            if (row->kind[0])
                mdup_csv_printf(&text, "%lld", (long long)counts[k]);
            else
                mdup_csv_field(&text, "");
        mdup_csv_end(&text);
    }
    char *path = mdup_path_join(folder, MDUP_APPLIED_FILE, err);
    bool ok = path && mdup_strbuf_check(&text, err) &&
              mdup_file_replace(path, text.text, text.length, err);
    free(path);
    mdup_strbuf_free(&text);
    return ok;
}
