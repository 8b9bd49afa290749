/* STAR files without the removed micrographs. */
#include <stdlib.h>

#include "base/alloc.h"
#include "catalog/optics.h"
#include "flow/apply_files.h"

/* The rows of one table, and the micrographs they name. */
typedef struct {
    const mdup_star_table *table;
    ptrdiff_t column; /* of the name; -1: the table names none */
    size_t *name_of;  /* a row each: which of the file's names */
    bool *leave_out;  /* a row each */
} named_table;

typedef struct {
    const mdup_naming *naming;
    const mdup_star *star;
    const char *path;
    named_table *tables;
    mdup_intern names;
    ptrdiff_t *micrograph; /* a name each */
} star_job;

static bool refuse_tomography(const mdup_star *star, const char *path, mdup_error **err)
{
    return mdup_star_classify(star, NULL) != MDUP_STAR_TOMOGRAPHY ||
           mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: a list of tilt series or tomograms; only files of single particles name "
                     "micrographs",
                     path);
}

/* rlnMicrographName; in a file that has it nowhere, the movies'. */
static size_t find_columns(star_job *j)
{
    static const char *const labels[] = {"rlnMicrographName", "rlnMicrographMovieName"};
    size_t n_found = 0;
    for (size_t i = 0; i < 2 && n_found == 0; i++)
        for (size_t t = 0; t < j->star->n_tables; t++) {
            j->tables[t].table = &j->star->tables[t];
            j->tables[t].column = mdup_star_column(&j->star->tables[t], labels[i]);
            n_found += j->tables[t].column >= 0;
        }
    return n_found;
}

static bool read_names(star_job *j, named_table *t, mdup_error **err)
{
    mdup_strbuf value = MDUP_STRBUF_INIT;
    t->name_of = mdup_calloc(t->table->n_rows, sizeof *t->name_of, err);
    bool ok = t->name_of != NULL;
    for (size_t row = 0; ok && row < t->table->n_rows; row++) {
        ok = mdup_star_value(j->star, t->table, row, (size_t)t->column, &value, err);
        if (ok && value.length == 0)
            ok = mdup_fail(err, MDUP_ERROR_PARSE,
                           "%s: line %zu: the name of the micrograph is empty", j->path,
                           mdup_star_row_line(t->table, row, (size_t)t->column));
        ok = ok && mdup_intern_add(&j->names, value.text, value.length, &t->name_of[row], err);
    }
    mdup_strbuf_free(&value);
    return ok;
}

static bool select_rows(const star_job *j, named_table *t, mdup_apply_counts *counts,
                        mdup_error **err)
{
    t->leave_out = mdup_calloc(t->table->n_rows, sizeof *t->leave_out, err);
    if (!t->leave_out)
        return false;
    for (size_t row = 0; row < t->table->n_rows; row++) {
        ptrdiff_t m = j->micrograph[t->name_of[row]];
        t->leave_out[row] = m >= 0 && j->naming->screened->micrographs[m].is_removed;
        counts->n_rows++;
        counts->n_of_session += m >= 0;
        counts->n_removed += t->leave_out[row];
    }
    return true;
}

static bool write_rows(const star_job *j, mdup_strbuf *out, mdup_error **err)
{
    const bool **leave_out = mdup_calloc(j->star->n_tables, sizeof *leave_out, err);
    if (!leave_out)
        return false;
    for (size_t t = 0; t < j->star->n_tables; t++)
        leave_out[t] = j->tables[t].leave_out;
    bool ok = mdup_star_write_rows(j->star, leave_out, out, err);
    free(leave_out);
    return ok;
}

static bool apply_to_tables(star_job *j, mdup_strbuf *out, mdup_apply_counts *counts,
                            mdup_error **err)
{
    for (size_t t = 0; t < j->star->n_tables; t++)
        if (j->tables[t].column >= 0 && !read_names(j, &j->tables[t], err))
            return false;
    j->micrograph = mdup_calloc(j->names.n, sizeof *j->micrograph, err);
    if (!j->micrograph || !mdup_naming_match(j->naming, j->path, &j->names, j->micrograph, err))
        return false;
    for (size_t t = 0; t < j->star->n_tables; t++)
        if (j->tables[t].column >= 0 && !select_rows(j, &j->tables[t], counts, err))
            return false;
    return write_rows(j, out, err);
}

static bool fail_nameless(const char *path, mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: names no micrographs: no table has the column rlnMicrographName", path);
}

static const mdup_star_table *find_coordinates(const mdup_star *star)
{
    for (size_t t = 0; t < star->n_tables; t++)
        if (mdup_star_column(&star->tables[t], "rlnCoordinateX") >= 0)
            return &star->tables[t];
    return NULL;
}

static bool apply_to_star(star_job *j, mdup_strbuf *out, mdup_apply_counts *counts, bool *is_list,
                          mdup_error **err)
{
    *counts = (mdup_apply_counts){.kind = mdup_star_kind_name(mdup_star_classify(j->star, NULL))};
    *is_list = false;
    if (find_columns(j) > 0)
        return apply_to_tables(j, out, counts, err);
    *is_list = mdup_star_classify(j->star, NULL) == MDUP_STAR_COORDINATES;
    return *is_list || fail_nameless(j->path, err);
}

bool mdup_apply_to_star(const mdup_naming *naming, const mdup_star *star, const char *path,
                        mdup_strbuf *out, mdup_apply_counts *counts, bool *is_list,
                        mdup_error **err)
{
    if (!refuse_tomography(star, path, err))
        return false;
    star_job j = {.naming = naming, .star = star, .path = path};
    j.tables = mdup_calloc(star->n_tables, sizeof *j.tables, err);
    bool ok = j.tables && apply_to_star(&j, out, counts, is_list, err);
    for (size_t t = 0; j.tables && t < star->n_tables; t++) {
        free(j.tables[t].name_of);
        free(j.tables[t].leave_out);
    }
    free(j.tables);
    free(j.micrograph);
    mdup_intern_clear(&j.names);
    return ok;
}

bool mdup_apply_to_list(const mdup_star *star, bool is_of_session, bool is_removed,
                        mdup_strbuf *out, mdup_apply_counts *counts, mdup_error **err)
{
    const mdup_star_table *table = find_coordinates(star);
    size_t n = table ? table->n_rows : 0;
    *counts = (mdup_apply_counts){.kind = mdup_star_kind_name(MDUP_STAR_COORDINATES),
                                  .n_rows = n,
                                  .n_of_session = is_of_session ? n : 0,
                                  .n_removed = is_removed ? n : 0};
    if (!table || !is_removed) {
        mdup_strbuf_append(out, star->bytes, star->length);
        return mdup_strbuf_check(out, err);
    }
    bool *all = mdup_calloc(n, sizeof *all, err);
    for (size_t i = 0; all && i < n; i++)
        all[i] = true;
    bool ok = all && mdup_star_write_without(star, table, all, out, err);
    free(all);
    return ok;
}
