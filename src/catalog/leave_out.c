/* Inputs as they would be if they did not name some of their micrographs. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "catalog/build.h"

/* ---- one input without some of its rows ---- */

static bool star_without(mdup_source *s, const bool *leave_out, mdup_error **err)
{
    if (!s->table->is_loop)
        return mdup_fail(err, MDUP_ERROR_INVALID, "%s: its only micrograph is not there yet",
                         s->path);
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_star *star = NULL;
    if (mdup_star_write_without(s->star, s->table, leave_out, &text, err))
        star = mdup_star_parse(text.text, text.length, s->path, err);
    mdup_strbuf_free(&text);
    if (!star)
        return false;
    /* Rows are gone, and nothing else: the tables are the same. */
    s->table = &star->tables[s->table - s->star->tables];
    mdup_star_free(s->star);
    s->star = star;
    return true;
}

/* members: those that are left out stay in it, without bytes. */
static void list_without(mdup_source *s, mdup_micrograph *members, size_t n, const bool *leave_out)
{
    size_t gone_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        mdup_micrograph *m = &members[i];
        m->line_begin -= gone_bytes;
        m->line_end -= gone_bytes;
        if (!leave_out[m->row])
            continue;
        size_t line_bytes = m->line_end - m->line_begin;
        memmove(s->text + m->line_begin, s->text + m->line_end, s->text_length - m->line_end);
        s->text_length -= line_bytes;
        s->text[s->text_length] = '\0';
        gone_bytes += line_bytes;
    }
}

static bool part_without(mdup_cs_part *part, const bool *leave_out, size_t n_records,
                         mdup_error **err)
{
    bool *own = mdup_calloc(part->npy->n_records, sizeof *own, err);
    if (!own)
        return false;
    for (size_t i = 0; i < n_records; i++)
        if (leave_out[i] && part->record_of[i] >= 0)
            own[part->record_of[i]] = true;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_npy *npy = NULL;
    if (mdup_npy_write_without(part->npy, own, &text, err))
        npy = mdup_npy_parse(text.text, text.length, part->path, err);
    mdup_strbuf_free(&text);
    free(own);
    if (!npy)
        return false;
    mdup_npy_free(part->npy);
    part->npy = npy;
    return true;
}

static bool cs_without(mdup_source *s, const bool *leave_out, mdup_error **err)
{
    size_t n_records = s->cs.parts[0].npy->n_records;
    for (size_t i = 0; i < s->cs.n_parts; i++)
        if (!part_without(&s->cs.parts[i], leave_out, n_records, err))
            return false;
    for (size_t i = 0; i < s->cs.n_parts; i++) {
        mdup_cs_uids_clear(&s->cs.parts[i].uids);
        free(s->cs.parts[i].record_of);
        s->cs.parts[i].record_of = NULL;
    }
    return mdup_cs_files_join(&s->cs, err);
}

static bool source_without(mdup_source *s, mdup_micrograph *members, size_t n,
                           const bool *leave_out, mdup_error **err)
{
    if (s->kind == MDUP_SOURCE_STAR)
        return star_without(s, leave_out, err);
    if (s->kind == MDUP_SOURCE_CS)
        return cs_without(s, leave_out, err);
    if (s->kind == MDUP_SOURCE_LIST)
        list_without(s, members, n, leave_out);
    return true;
}

/* ---- all of them ---- */

/* Micrographs of one input stand in the order of its rows.  Marks what is not taken, and counts it; *n_rows: to the last micrograph. */
static bool mark(const mdup_micrograph *members, size_t n, size_t n_rows,
                 const mdup_catalog_options *options, bool **leave_out, size_t *n_left_out,
                 mdup_error **err)
{
    *n_left_out = 0;
    if (!(*leave_out = mdup_calloc(n_rows, sizeof **leave_out, err)))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!options->takes(options->context, &members[i])) {
            (*leave_out)[members[i].row] = true;
            ++*n_left_out;
        }
    return true;
}

static size_t count_rows(const mdup_source *s, const mdup_micrograph *members, size_t n)
{
    if (s->kind == MDUP_SOURCE_STAR)
        return s->table->n_rows;
    if (s->kind == MDUP_SOURCE_CS)
        return s->cs.parts[0].npy->n_records;
    return n > 0 ? members[n - 1].row + 1 : 0;
}

/* Moves what stays to `kept`, numbered by the rows that are left, and frees the rest. */
static size_t move_kept(mdup_micrograph *members, size_t n, const bool *leave_out,
                        mdup_micrograph *kept)
{
    size_t n_kept = 0, row = 0, gone = 0;
    for (size_t i = 0; i < n; i++) {
        for (; row < members[i].row; row++)
            gone += leave_out[row];
        if (leave_out[row]) {
            mdup_micrograph_clear(&members[i]);
            continue;
        }
        kept[n_kept] = members[i];
        kept[n_kept++].row -= gone;
    }
    return n_kept;
}

static bool filter_source(mdup_source *s, mdup_micrograph *members, size_t n,
                          const mdup_catalog_options *options, bool **leave_out, mdup_error **err)
{
    size_t n_left_out;
    return mark(members, n, count_rows(s, members, n), options, leave_out, &n_left_out, err) &&
           (n_left_out == 0 || source_without(s, members, n, *leave_out, err));
}

bool mdup_catalog_leave_out(mdup_catalog *c, const mdup_catalog_options *options, mdup_error **err)
{
    size_t first = 0, n_kept = 0, n_before = c->n;
    bool ok = true;
    for (size_t i = 0; ok && i < c->n_sources; i++) {
        size_t n = 0;
        while (first + n < n_before && c->micrographs[first + n].source == i)
            n++;
        bool *leave_out = NULL;
        ok = filter_source(&c->sources[i], c->micrographs + first, n, options, &leave_out, err);
        if (ok)
            n_kept += move_kept(c->micrographs + first, n, leave_out, c->micrographs + n_kept);
        free(leave_out);
        first += ok ? n : 0;
    }
    /* After a failure the rest still has to be freed with the catalog. */
    if (first > n_kept)
        memmove(c->micrographs + n_kept, c->micrographs + first,
                (n_before - first) * sizeof *c->micrographs);
    c->n = n_kept + (n_before - first);
    return ok && (c->n > 0 ||
                  mdup_fail(err, MDUP_ERROR_MISSING, "%s: none of its micrographs is complete yet",
                            c->sources[0].path));
}
