#include "flow/screened.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/intern.h"
#include "base/number.h"
#include "base/path.h"
#include "formats/csv.h"

/* A million micrographs stay below. */
static const size_t largest_table_bytes = (size_t)1 << 30;

typedef struct {
    mdup_screened *out;
    size_t capacity, pairs_capacity;
    mdup_intern names;
    size_t *first; /* a name each: the first micrograph that has it */
    size_t first_capacity;
} loader;

/* ---- tables ---- */

enum { MOST_COLUMNS = 8 };

typedef struct {
    const char *file;
    const char *columns[MOST_COLUMNS + 1]; /* ended by NULL */
    size_t n_needed;                       /* the first of them; the others may be missing */
    bool (*take_row)(loader *l, const mdup_csv_reader *r, const size_t *columns, mdup_error **err);
} table;

static size_t find_column(const mdup_csv_reader *r, const char *name)
{
    size_t i = 0;
    while (i < r->n && strcmp(mdup_csv_value(r, i), name) != 0)
        i++;
    return i < r->n ? i : SIZE_MAX;
}

static bool read_header(const table *t, mdup_csv_reader *r, size_t *columns, mdup_error **err)
{
    bool got;
    if (!mdup_csv_read_row(r, &got, err))
        return false;
    for (size_t i = 0; t->columns[i]; i++) {
        columns[i] = got ? find_column(r, t->columns[i]) : SIZE_MAX;
        if (columns[i] == SIZE_MAX && i < t->n_needed)
            return mdup_fail(err, MDUP_ERROR_PARSE,
                             "%s: line 1: there is no column %s; is this the folder of a screen?",
                             r->name, t->columns[i]);
    }
    return true;
}

static bool check_row(const table *t, const mdup_csv_reader *r, const size_t *columns,
                      mdup_error **err)
{
    for (size_t i = 0; i < t->n_needed; i++)
        if (columns[i] >= r->n)
            return mdup_fail(err, MDUP_ERROR_PARSE,
                             "%s: line %zu: ends before its column %s; is the file cut short?",
                             r->name, r->line, t->columns[i]);
    return true;
}

static bool read_rows(const table *t, loader *l, mdup_csv_reader *r, mdup_error **err)
{
    size_t columns[MOST_COLUMNS];
    if (!read_header(t, r, columns, err))
        return false;
    for (;;) {
        bool got;
        if (!mdup_csv_read_row(r, &got, err))
            return false;
        if (!got)
            return true;
        if (!check_row(t, r, columns, err) || !t->take_row(l, r, columns, err))
            return false;
    }
}

static bool read_table(const table *t, loader *l, const char *folder, mdup_error **err)
{
    size_t length;
    char *path = mdup_path_join(folder, t->file, err);
    char *text = path ? mdup_file_read(path, largest_table_bytes, &length, err) : NULL;
    bool ok = text != NULL;
    if (ok) {
        mdup_csv_reader reader;
        mdup_csv_reader_init(&reader, path, text, length);
        ok = read_rows(t, l, &reader, err);
        mdup_csv_reader_clear(&reader);
    }
    free(text);
    free(path);
    return ok;
}

static bool parse(const mdup_csv_reader *r, size_t column, const char *name, double *value,
                  mdup_error **err)
{
    const char *text = mdup_csv_value(r, column);
    return mdup_parse_double(text, strlen(text), value) ||
           mdup_fail(err, MDUP_ERROR_PARSE, "%s: line %zu: the %s '%.40s' is not a number", r->name,
                     r->line, name, text);
}

/* ---- micrographs.csv ---- */

static uint64_t parse_uid(const char *text)
{
    uint64_t uid = 0;
    for (; text && *text >= '0' && *text <= '9'; text++)
        uid = 10 * uid + (uint64_t)(*text - '0');
    return uid;
}

static bool take_micrograph(loader *l, const mdup_csv_reader *r, const size_t *columns,
                            mdup_error **err)
{
    mdup_screened *out = l->out;
    if (!mdup_grow((void **)&out->micrographs, &l->capacity, out->n + 1, sizeof *out->micrographs,
                   err))
        return false;
    mdup_screened_micrograph *m = &out->micrographs[out->n];
    const char *name = mdup_csv_value(r, columns[0]), *decision = mdup_csv_value(r, columns[1]),
               *pixel = mdup_csv_value(r, columns[2]);
    bool is_removed = strcmp(decision, "remove") == 0;
    if (!is_removed && strcmp(decision, "keep") != 0)
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: line %zu: the decision '%.40s' is neither keep nor remove", r->name,
                         r->line, decision);
    *m = (mdup_screened_micrograph){.uid = parse_uid(mdup_csv_value(r, columns[3])),
                                    .is_removed = is_removed};
    if (pixel && pixel[0] && !parse(r, columns[2], "pixel_A", &m->pixel_A, err))
        return false;
    m->name = mdup_strdup(name, err);
    out->n += m->name != NULL;
    return m->name != NULL;
}

static const table micrographs_table = {
    "micrographs.csv", {"micrograph", "decision", "pixel_A", "uid"}, 2, take_micrograph};

/* ---- pairs.csv ---- */

/* Rows of pairs know their micrographs by name: of equal ones the first is meant. */
static bool index_names(loader *l, mdup_error **err)
{
    for (size_t i = 0; i < l->out->n; i++) {
        const char *name = l->out->micrographs[i].name;
        size_t number, n_before = l->names.n;
        if (!mdup_intern_add(&l->names, name, strlen(name), &number, err) ||
            !mdup_grow((void **)&l->first, &l->first_capacity, l->names.n, sizeof *l->first, err))
            return false;
        if (l->names.n > n_before)
            l->first[number] = i;
    }
    return true;
}

static bool find_micrograph(const loader *l, const mdup_csv_reader *r, size_t column, size_t *index,
                            mdup_error **err)
{
    const char *name = mdup_csv_value(r, column);
    ptrdiff_t number = mdup_intern_find(&l->names, name, strlen(name));
    if (number < 0)
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: line %zu: '%.200s' is not in micrographs.csv; the two are not of one "
                         "screen",
                         r->name, r->line, name);
    *index = l->first[number];
    return true;
}

static bool parse_pair(const mdup_csv_reader *r, const size_t *columns, mdup_pair *pair,
                       mdup_error **err)
{
    const char *kind = mdup_csv_value(r, columns[5]), *sd = mdup_csv_value(r, columns[6]);
    pair->is_copy = kind && mdup_orientation_parse(kind, &pair->orientation);
    return parse(r, columns[2], "shift_x_px", &pair->shift_x_px, err) &&
           parse(r, columns[3], "shift_y_px", &pair->shift_y_px, err) &&
           parse(r, columns[4], "overlap", &pair->overlap, err) &&
           (!sd || parse(r, columns[6], "shift_sd_px", &pair->shift_sd_px, err));
}

static bool take_pair(loader *l, const mdup_csv_reader *r, const size_t *columns, mdup_error **err)
{
    mdup_screened *out = l->out;
    mdup_pair pair = {0};
    if (!find_micrograph(l, r, columns[0], &pair.a, err) ||
        !find_micrograph(l, r, columns[1], &pair.b, err) || !parse_pair(r, columns, &pair, err))
        return false;
    if (!mdup_grow((void **)&out->pairs, &l->pairs_capacity, out->n_pairs + 1, sizeof *out->pairs,
                   err))
        return false;
    out->pairs[out->n_pairs++] = pair;
    return true;
}

static const table pairs_table = {
    "pairs.csv",
    {"micrograph_a", "micrograph_b", "shift_x_px", "shift_y_px", "overlap", "kind", "shift_sd_px"},
    5,
    take_pair};

/* ---- the whole ---- */

static size_t first_of_name(const loader *l, size_t i)
{
    const char *name = l->out->micrographs[i].name;
    return l->first[mdup_intern_find(&l->names, name, strlen(name))];
}

/* A name that also stands for a micrograph that stays does not go. */
static void settle_names(const loader *l)
{
    mdup_screened *out = l->out;
    for (size_t i = 0; i < out->n; i++)
        if (!out->micrographs[i].is_removed)
            out->micrographs[first_of_name(l, i)].is_removed = false;
    for (size_t i = 0; i < out->n; i++) {
        out->micrographs[i].is_removed = out->micrographs[first_of_name(l, i)].is_removed;
        out->n_removed += out->micrographs[i].is_removed;
    }
}

static size_t lower(const mdup_pair *pair)
{
    return pair->a < pair->b ? pair->a : pair->b;
}

static size_t higher(const mdup_pair *pair)
{
    return pair->a < pair->b ? pair->b : pair->a;
}

static int compare_sizes(size_t l, size_t r)
{
    return (l > r) - (l < r);
}

static int by_micrographs(const void *left, const void *right)
{
    const mdup_pair *l = left, *r = right;
    int order = compare_sizes(lower(l), lower(r));
    if (order == 0)
        order = compare_sizes(higher(l), higher(r));
    if (order == 0)
        order = compare_sizes(l->a, r->a);
    if (order == 0)
        order = (l->shift_x_px > r->shift_x_px) - (l->shift_x_px < r->shift_x_px);
    return order != 0 ? order : (l->shift_y_px > r->shift_y_px) - (l->shift_y_px < r->shift_y_px);
}

/* A micrograph that is listed twice has each of its pairs twice, and one with itself. */
static void settle_pairs(mdup_screened *out)
{
    size_t n = 0;
    if (out->n_pairs > 1)
        qsort(out->pairs, out->n_pairs, sizeof *out->pairs, by_micrographs);
    for (size_t i = 0; i < out->n_pairs; i++) {
        const mdup_pair *pair = &out->pairs[i], *before = n > 0 ? &out->pairs[n - 1] : NULL;
        bool is_known = before && lower(pair) == lower(before) && higher(pair) == higher(before);
        if (pair->a != pair->b && !is_known)
            out->pairs[n++] = *pair;
    }
    out->n_pairs = n;
}

static bool load_folder(loader *l, const char *folder, mdup_error **err)
{
    if (!read_table(&micrographs_table, l, folder, err) || !index_names(l, err) ||
        !read_table(&pairs_table, l, folder, err))
        return false;
    settle_names(l);
    settle_pairs(l->out);
    return true;
}

bool mdup_screened_load(const char *path, mdup_screened *out, mdup_error **err)
{
    *out = (mdup_screened){0};
    if (!mdup_path_is_directory(path))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "%s: no such folder; give the one that microdup screen wrote into", path);
    loader l = {.out = out};
    bool ok = load_folder(&l, path, err);
    mdup_intern_clear(&l.names);
    free(l.first);
    if (!ok)
        mdup_screened_clear(out);
    return ok;
}

void mdup_screened_clear(mdup_screened *screened)
{
    for (size_t i = 0; i < screened->n; i++)
        free(screened->micrographs[i].name);
    free(screened->micrographs);
    free(screened->pairs);
    *screened = (mdup_screened){0};
}
