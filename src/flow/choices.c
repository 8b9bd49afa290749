#include "flow/choices.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/number.h"
#include "base/path.h"
#include "formats/csv.h"
#include "formats/star.h"
#include "formats/star_words.h"

static const size_t LARGEST_LIST_bytes = (size_t)1 << 30;

/* ---- names ---- */

typedef struct {
    const char *name;
    size_t micrograph;
} named;

struct mdup_name_index {
    size_t n;
    named *items; /* by name, then in order of acquisition */
};

static int by_name(const void *left, const void *right)
{
    const named *l = left, *r = right;
    int names = strcmp(l->name, r->name);
    return names != 0 ? names : l->micrograph < r->micrograph ? -1 : l->micrograph > r->micrograph;
}

mdup_name_index *mdup_name_index_new(const mdup_catalog *catalog, mdup_error **err)
{
    mdup_name_index *index = mdup_calloc(1, sizeof *index, err);
    if (index && !(index->items = mdup_calloc(catalog->n, sizeof *index->items, err))) {
        free(index);
        return NULL;
    }
    for (size_t i = 0; index && i < catalog->n; i++)
        index->items[index->n++] = (named){catalog->micrographs[i].name, i};
    if (index && index->n > 0)
        qsort(index->items, index->n, sizeof *index->items, by_name);
    return index;
}

void mdup_name_index_free(mdup_name_index *index)
{
    if (index)
        free(index->items);
    free(index);
}

/* The entries of that name are items[*begin] to items[*end - 1]; none: false. */
static bool find_name(const mdup_name_index *index, const char *name, size_t *begin, size_t *end)
{
    size_t low = 0, high = index->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(index->items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *begin = *end = low;
    while (*end < index->n && strcmp(index->items[*end].name, name) == 0)
        ++*end;
    return *begin < *end;
}

/* Called with each name of a file. */
typedef bool (*name_taker)(void *context, const char *name, mdup_error **err);

typedef struct {
    const mdup_name_index *index;
    bool *marks;
    size_t n_names, n_unknown;
} marking;

static bool mark(void *context, const char *name, mdup_error **err)
{
    (void)err;
    marking *m = context;
    size_t begin, end;
    m->n_names++;
    m->n_unknown += !find_name(m->index, name, &begin, &end);
    for (size_t i = begin; i < end; i++)
        m->marks[m->index->items[i].micrograph] = true;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool take_lines(const char *text, size_t length, name_taker take, void *context,
                       mdup_error **err)
{
    bool ok = true;
    for (size_t begin = 0, end; ok && begin < length; begin = end + 1) {
        const char *newline = memchr(text + begin, '\n', length - begin);
        end = newline ? (size_t)(newline - text) : length;
        size_t first = begin, last = end;
        while (first < last && is_blank(text[first]))
            first++;
        while (last > first && is_blank(text[last - 1]))
            last--;
        if (first == last || text[first] == '#')
            continue;
        char *name = mdup_strndup(text + first, last - first, err);
        ok = name && take(context, name, err);
        free(name);
    }
    return ok;
}

/* The table of micrographs; NULL with *err. */
static const mdup_star_table *find_table(const mdup_star *star, const char *path, mdup_error **err)
{
    const mdup_star_table *table;
    if (mdup_star_classify(star, &table) == MDUP_STAR_MICROGRAPHS)
        return table;
    (void)mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                    "%s: no table with the column rlnMicrographName; give a STAR file of "
                    "micrographs, such as micrographs_ctf.star",
                    path);
    return NULL;
}

static bool take_star(const char *text, size_t length, const char *path, name_taker take,
                      void *context, mdup_error **err)
{
    mdup_star *star = mdup_star_parse(text, length, path, err);
    const mdup_star_table *table = star ? find_table(star, path, err) : NULL;
    bool ok = table != NULL;
    ptrdiff_t column = ok ? mdup_star_column(table, "rlnMicrographName") : -1;
    mdup_strbuf name = MDUP_STRBUF_INIT;
    for (size_t row = 0; ok && row < table->n_rows; row++)
        ok = mdup_star_value(star, table, row, (size_t)column, &name, err) &&
             take(context, name.text ? name.text : "", err);
    mdup_strbuf_free(&name);
    mdup_star_free(star);
    return ok;
}

static bool take_names(const char *path, name_taker take, void *context, mdup_error **err)
{
    size_t length;
    char *text = mdup_file_read(path, LARGEST_LIST_bytes, &length, err);
    if (!text)
        return false;
    bool ok = mdup_star_detect(text, length) ? take_star(text, length, path, take, context, err)
                                             : take_lines(text, length, take, context, err);
    free(text);
    return ok;
}

bool mdup_mark_names(const mdup_name_index *index, const char *path, bool *marks,
                     const mdup_callbacks *callbacks, mdup_error **err)
{
    marking m = {.index = index, .marks = marks};
    if (!take_names(path, mark, &m, err))
        return false;
    if (m.n_unknown > 0)
        mdup_log(callbacks, MDUP_LOG_WARNING, "%s: %zu of its %zu names %s none of the session's",
                 path, m.n_unknown, m.n_names, m.n_unknown == 1 ? "is" : "are");
    return true;
}

/* ---- pairs ---- */

/* Two names of a table, by their first entries in the index. */
typedef struct {
    size_t a, b; /* places in the index, a <= b */
} refusal;

static int by_places(const void *left, const void *right)
{
    const refusal *l = left, *r = right;
    if (l->a != r->a)
        return l->a < r->a ? -1 : 1;
    return l->b < r->b ? -1 : l->b > r->b;
}

typedef struct {
    const mdup_name_index *index;
    refusal *items;
    size_t n, capacity, n_rows, n_unknown;
} refusals;

static bool refuse(refusals *r, const char *a, const char *b, mdup_error **err)
{
    size_t begin_a, begin_b, end;
    r->n_rows++;
    if (!find_name(r->index, a, &begin_a, &end) || !find_name(r->index, b, &begin_b, &end)) {
        r->n_unknown++;
        return true;
    }
    if (!mdup_grow((void **)&r->items, &r->capacity, r->n + 1, sizeof *r->items, err))
        return false;
    r->items[r->n++] =
        begin_a < begin_b ? (refusal){begin_a, begin_b} : (refusal){begin_b, begin_a};
    return true;
}

static bool find_columns(const mdup_csv_reader *reader, size_t columns[2], mdup_error **err)
{
    static const char *const names[][2] = {{"micrograph_a", "micrograph_b"},
                                           {"Original", "Duplicate"}};
    for (size_t k = 0; k < 2; k++) {
        int found = 0;
        for (size_t i = 0; i < reader->n; i++)
            for (size_t side = 0; side < 2; side++)
                if (strcmp(mdup_csv_value(reader, i), names[k][side]) == 0) {
                    columns[side] = i;
                    found |= 1 << side;
                }
        if (found == 3)
            return true;
    }
    return mdup_fail(err, MDUP_ERROR_PARSE,
                     "%s: its first line names no columns micrograph_a and micrograph_b, as in "
                     "pairs.csv, nor Original and Duplicate",
                     reader->name);
}

static bool read_refusals(refusals *r, mdup_csv_reader *reader, mdup_error **err)
{
    size_t columns[2] = {0};
    bool got;
    if (!mdup_csv_read_row(reader, &got, err) || !find_columns(reader, columns, err))
        return false;
    for (;;) {
        if (!mdup_csv_read_row(reader, &got, err))
            return false;
        if (!got)
            return true;
        const char *a = mdup_csv_value(reader, columns[0]), *b = mdup_csv_value(reader, columns[1]);
        bool is_empty = reader->n == 1 && mdup_csv_value(reader, 0)[0] == '\0';
        if (is_empty)
            continue;
        if (!a || !b)
            return mdup_fail(err, MDUP_ERROR_PARSE, "%s: line %zu: has too few fields",
                             reader->name, reader->line);
        if (!refuse(r, a, b, err))
            return false;
    }
}

/* Where in the index the first entry of a micrograph's name stands. */
static size_t place_of(const mdup_name_index *index, const char *name)
{
    size_t begin, end;
    (void)find_name(index, name, &begin, &end);
    return begin;
}

static bool is_refused(const refusals *r, const char *const *names, const mdup_pair *pair)
{
    size_t a = place_of(r->index, names[pair->a]), b = place_of(r->index, names[pair->b]);
    refusal sought = a < b ? (refusal){a, b} : (refusal){b, a};
    return bsearch(&sought, r->items, r->n, sizeof sought, by_places) != NULL;
}

/* The names in order of acquisition. */
static const char **list_names(const mdup_name_index *index, mdup_error **err)
{
    const char **names = mdup_calloc(index->n, sizeof *names, err);
    for (size_t i = 0; names && i < index->n; i++)
        names[index->items[i].micrograph] = index->items[i].name;
    return names;
}

static bool take_out(refusals *r, mdup_pair *pairs, size_t *n, size_t *n_taken, mdup_error **err)
{
    const char **names = list_names(r->index, err);
    if (!names)
        return false;
    if (r->n > 0)
        qsort(r->items, r->n, sizeof *r->items, by_places);
    size_t kept = 0;
    for (size_t p = 0; p < *n; p++)
        if (r->n == 0 || !is_refused(r, names, &pairs[p]))
            pairs[kept++] = pairs[p];
    *n_taken = *n - kept;
    *n = kept;
    free(names);
    return true;
}

bool mdup_take_out_vetoed(const mdup_name_index *index, const char *path, mdup_pair *pairs,
                          size_t *n, const mdup_callbacks *callbacks, mdup_error **err)
{
    size_t length, n_taken = 0;
    char *text = mdup_file_read(path, LARGEST_LIST_bytes, &length, err);
    if (!text)
        return false;
    refusals r = {.index = index};
    mdup_csv_reader reader;
    mdup_csv_reader_init(&reader, path, text, length);
    bool ok = read_refusals(&r, &reader, err) && take_out(&r, pairs, n, &n_taken, err);
    if (ok)
        mdup_log(callbacks, MDUP_LOG_INFO, "%s: %zu of its %zu pairs %s found and left out", path,
                 n_taken, r.n_rows, n_taken == 1 ? "was" : "were");
    if (ok && r.n_unknown > 0)
        mdup_log(callbacks, MDUP_LOG_WARNING,
                 "%s: %zu of its %zu pairs name micrographs that are not in the session", path,
                 r.n_unknown, r.n_rows);
    mdup_csv_reader_clear(&reader);
    free(r.items);
    free(text);
    return ok;
}

/* ---- values ---- */

static ptrdiff_t find_column(const mdup_star_table *table, const char *column)
{
    return mdup_star_column(table, column[0] == '_' ? column + 1 : column);
}

static bool get_value(const mdup_star *star, const mdup_star_table *table, size_t row,
                      ptrdiff_t column, mdup_strbuf *text, double *value, mdup_error **err)
{
    if (!mdup_star_value(star, table, row, (size_t)column, text, err))
        return false;
    if (!text->text || !mdup_parse_double(text->text, text->length, value))
        *value = (double)NAN;
    return true;
}

static bool values_of_table(const mdup_name_index *index, const mdup_star *star,
                            const mdup_star_table *table, ptrdiff_t column, double *values,
                            mdup_error **err)
{
    ptrdiff_t names = mdup_star_column(table, "rlnMicrographName");
    mdup_strbuf text = MDUP_STRBUF_INIT;
    bool ok = true;
    for (size_t row = 0; ok && row < table->n_rows; row++) {
        double value;
        size_t begin, end;
        ok = get_value(star, table, row, column, &text, &value, err) &&
             mdup_star_value(star, table, row, (size_t)names, &text, err);
        if (ok && find_name(index, text.text ? text.text : "", &begin, &end))
            for (size_t i = begin; i < end; i++)
                values[index->items[i].micrograph] = value;
    }
    mdup_strbuf_free(&text);
    return ok;
}

static bool values_of_file(const mdup_name_index *index, const char *column, const char *path,
                           double *values, mdup_error **err)
{
    mdup_star *star = mdup_star_read(path, err);
    const mdup_star_table *table = star ? find_table(star, path, err) : NULL;
    ptrdiff_t at = table ? find_column(table, column) : -1;
    bool ok =
        table != NULL &&
        (at >= 0 || mdup_fail(err, MDUP_ERROR_INVALID,
                              "%s: its table of micrographs has no column %s", path, column)) &&
        values_of_table(index, star, table, at, values, err);
    mdup_star_free(star);
    return ok;
}

/* By the rows, not the names: of an entry that is listed twice each has its own. */
static bool values_of_inputs(const mdup_catalog *c, const char *column, double *values,
                             mdup_error **err)
{
    bool any = false, ok = true;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    for (size_t i = 0; ok && i < c->n; i++) {
        const mdup_source *source = &c->sources[c->micrographs[i].source];
        ptrdiff_t at = source->star ? find_column(source->table, column) : -1;
        if (at < 0)
            continue;
        any = true;
        ok = get_value(source->star, source->table, c->micrographs[i].row, at, &text, &values[i],
                       err);
    }
    mdup_strbuf_free(&text);
    return ok && (any || mdup_fail(err, MDUP_ERROR_INVALID,
                                   "no input of the screen has the column %s; name the STAR file "
                                   "that has it with --ctf",
                                   column));
}

bool mdup_find_values(const mdup_catalog *catalog, const mdup_name_index *index, const char *column,
                      const char *path, double *values, const mdup_callbacks *callbacks,
                      mdup_error **err)
{
    for (size_t i = 0; i < catalog->n; i++)
        values[i] = (double)NAN;
    if (path ? !values_of_file(index, column, path, values, err)
             : !values_of_inputs(catalog, column, values, err))
        return false;
    size_t n_without = 0;
    for (size_t i = 0; i < catalog->n; i++)
        n_without += isnan(values[i]) != 0;
    if (n_without > 0)
        mdup_log(callbacks, MDUP_LOG_WARNING,
                 "%zu of %zu micrographs have no %s and are kept only when nothing else is",
                 n_without, catalog->n, column);
    return true;
}
