#include "publish/publish.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "publish/cryosparc.h"
#include "publish/tables.h"
#include "session/session.h"

static const char SUMMARY[] = "summary.json";
static const char REMOVED_UIDS[] = "removed_uids.txt";

/* What a summary.json of ours holds near its beginning, and nobody else's does. */
static const char MARK[] = "\"program\": \"microdup\"";
enum { LARGEST_SUMMARY_bytes = 16 << 20 };

/* "micrographs" or, when there are several inputs, "micrographs_2"; the second file of a cryoSPARC
 * input has "_passthrough", the third "_passthrough2"; then "_removed"; then the kind's ending. */
static void name_selection(mdup_strbuf *name, const mdup_catalog *catalog, size_t source,
                           size_t part, bool removed)
{
    mdup_source_kind kind = catalog->sources[source].kind;
    mdup_strbuf_reset(name);
    mdup_strbuf_puts(name, "micrographs");
    if (catalog->n_sources > 1)
        mdup_strbuf_printf(name, "_%zu", source + 1);
    mdup_strbuf_puts(name, part > 0 ? "_passthrough" : "");
    if (part > 1)
        mdup_strbuf_printf(name, "%zu", part);
    mdup_strbuf_puts(name, removed ? "_removed" : "");
    mdup_strbuf_puts(name, kind == MDUP_SOURCE_STAR ? ".star"
                           : kind == MDUP_SOURCE_CS ? ".cs"
                                                    : ".txt");
}

void mdup_publish_selection_name(mdup_strbuf *name, const mdup_catalog *catalog, size_t source,
                                 bool removed)
{
    name_selection(name, catalog, source, 0, removed);
}

/* "micrographs.csg" */
static void name_group(mdup_strbuf *name, const mdup_catalog *catalog, size_t source)
{
    name_selection(name, catalog, source, 0, false);
    mdup_strbuf_puts(name, "g");
}

static size_t count_parts(const mdup_source *source)
{
    return source->kind == MDUP_SOURCE_CS ? source->cs.n_parts : 1;
}

static bool has_cryosparc(const mdup_catalog *catalog)
{
    for (size_t s = 0; s < catalog->n_sources; s++)
        if (catalog->sources[s].kind == MDUP_SOURCE_CS)
            return true;
    return false;
}

bool mdup_publish_file(const char *out_dir, const char *name, const mdup_strbuf *text,
                       mdup_error **err)
{
    if (!mdup_strbuf_check(text, err))
        return false;
    char *path = mdup_path_join(out_dir, name, err);
    bool ok = path && mdup_file_replace(path, text->text ? text->text : "", text->length, err);
    free(path);
    return ok;
}

bool mdup_publish_summary(const char *out_dir, const char *json, size_t length, mdup_error **err)
{
    char *path = mdup_path_join(out_dir, SUMMARY, err);
    bool ok = path && mdup_file_replace(path, json, length, err);
    free(path);
    return ok;
}

/* ---- whose folder is it? ---- */

static bool is_ours(const char *out_dir, mdup_error **err, bool *ours)
{
    char *path = mdup_path_join(out_dir, SUMMARY, err);
    if (!path)
        return false;
    size_t length;
    char *text = mdup_file_read(path, LARGEST_SUMMARY_bytes, &length, NULL);
    *ours = text && strstr(text, MARK);
    free(text);
    free(path);
    return true;
}

/* A name to be written, and what is to be made sure of it. */
typedef bool (*name_check)(const char *path, const mdup_catalog *catalog, mdup_error **err);

static bool refuse_existing(const char *path, const mdup_catalog *catalog, mdup_error **err)
{
    (void)catalog;
    /* A session that was moved here goes on here. */
    if (access(path, F_OK) != 0 || mdup_session_detect(path))
        return true;
    return mdup_fail(
        err, MDUP_ERROR_INVALID,
        "%s: exists already and was not written by microdup; give another folder with --o", path);
}

static bool is_file(const char *path, const struct stat *file)
{
    struct stat other;
    return stat(path, &other) == 0 && other.st_dev == file->st_dev && other.st_ino == file->st_ino;
}

static bool is_input(const mdup_source *source, const struct stat *file)
{
    for (size_t i = 0; i < source->cs.n_parts; i++)
        if (is_file(source->cs.parts[i].path, file))
            return true;
    return is_file(source->path, file);
}

/* Also through links, and in a folder that is ours: an earlier result may be the input of this run. */
static bool refuse_input(const char *path, const mdup_catalog *catalog, mdup_error **err)
{
    struct stat output;
    if (stat(path, &output) != 0)
        return true;
    for (size_t s = 0; s < catalog->n_sources; s++)
        if (is_input(&catalog->sources[s], &output))
            return mdup_fail(err, MDUP_ERROR_INVALID,
                             "%s: is the input itself; give another folder with --o", path);
    return true;
}

static bool check_name(const char *out_dir, const char *name, const mdup_catalog *catalog,
                       name_check check, mdup_error **err)
{
    char *path = mdup_path_join(out_dir, name, err);
    bool ok = path && check(path, catalog, err);
    free(path);
    return ok;
}

static bool check_source(const char *out_dir, const mdup_catalog *catalog, size_t source,
                         name_check check, mdup_error **err)
{
    const mdup_source *s = &catalog->sources[source];
    mdup_strbuf name = MDUP_STRBUF_INIT;
    bool ok = true;
    for (size_t part = 0; ok && part < count_parts(s); part++)
        for (int removed = 0; ok && removed < 2; removed++) {
            name_selection(&name, catalog, source, part, removed != 0);
            ok = mdup_strbuf_check(&name, err) &&
                 check_name(out_dir, name.text, catalog, check, err);
        }
    if (ok && s->csg) {
        name_group(&name, catalog, source);
        ok = mdup_strbuf_check(&name, err) && check_name(out_dir, name.text, catalog, check, err);
    }
    mdup_strbuf_free(&name);
    return ok;
}

/* Every name that a screen writes. */
static bool check_names(const char *out_dir, const mdup_catalog *catalog, name_check check,
                        mdup_error **err)
{
    static const char *const names[] = {"duplicates.csv", "pairs.csv",         "micrographs.csv",
                                        "removed.txt",    "removed_regex.txt", "report.html",
                                        "logfile.pdf",    "session.mdup",      "summary.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!check_name(out_dir, names[i], catalog, check, err))
            return false;
    for (size_t s = 0; s < catalog->n_sources; s++)
        if (!check_source(out_dir, catalog, s, check, err))
            return false;
    return !has_cryosparc(catalog) || check_name(out_dir, REMOVED_UIDS, catalog, check, err);
}

bool mdup_publish_claim(const char *out_dir, const mdup_catalog *catalog, mdup_error **err)
{
    bool ours;
    if (!mdup_path_make_directory(out_dir, err) ||
        !check_names(out_dir, catalog, refuse_input, err) || !is_ours(out_dir, err, &ours))
        return false;
    if (ours)
        return true;
    if (!check_names(out_dir, catalog, refuse_existing, err))
        return false;
    mdup_strbuf mark = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&mark, "{\n  %s,\n  \"finished\": false\n}\n", MARK);
    bool ok =
        mdup_strbuf_check(&mark, err) && mdup_publish_summary(out_dir, mark.text, mark.length, err);
    mdup_strbuf_free(&mark);
    return ok;
}

/* ---- the input with rows left out ---- */

static bool select_list(const mdup_results *r, size_t source, const bool *leave_out,
                        mdup_strbuf *out, mdup_error **err)
{
    const mdup_source *list = &r->catalog->sources[source];
    bool *line_left_out = mdup_calloc(list->text_length, sizeof *line_left_out, err);
    if (!line_left_out)
        return false;
    for (size_t i = 0; i < r->catalog->n; i++) {
        const mdup_micrograph *m = &r->catalog->micrographs[i];
        if (m->source == source && leave_out[m->row])
            memset(line_left_out + m->line_begin, true, m->line_end - m->line_begin);
    }
    for (size_t begin = 0, end; begin < list->text_length; begin = end) {
        for (end = begin; end < list->text_length && line_left_out[end] == line_left_out[begin];)
            end++;
        if (!line_left_out[begin])
            mdup_strbuf_append(out, list->text + begin, end - begin);
    }
    free(line_left_out);
    return mdup_strbuf_check(out, err);
}

/* A folder, a pattern or images named one by one have no text of their own: the names, one a line.
 */
static bool select_names(const mdup_results *r, size_t source, const bool *leave_out,
                         mdup_strbuf *out, mdup_error **err)
{
    for (size_t i = 0; i < r->catalog->n; i++) {
        const mdup_micrograph *m = &r->catalog->micrographs[i];
        if (m->source != source || leave_out[m->row])
            continue;
        mdup_strbuf_puts(out, m->name);
        mdup_strbuf_puts(out, "\n");
    }
    return mdup_strbuf_check(out, err);
}

static bool select_rows(const mdup_results *r, size_t source, const bool *leave_out,
                        mdup_strbuf *out, mdup_error **err)
{
    const mdup_source *s = &r->catalog->sources[source];
    if (s->kind == MDUP_SOURCE_STAR)
        return mdup_star_write_without(s->star, s->table, leave_out, out, err);
    if (s->kind == MDUP_SOURCE_LIST)
        return select_list(r, source, leave_out, out, err);
    return select_names(r, source, leave_out, out, err);
}

static size_t count_rows(const mdup_catalog *catalog, size_t source)
{
    size_t rows = 0;
    for (size_t i = 0; i < catalog->n; i++)
        if (catalog->micrographs[i].source == source && catalog->micrographs[i].row >= rows)
            rows = catalog->micrographs[i].row + 1;
    return rows;
}

/* `removed`: leave the kept rows out instead of the removed ones. */
static bool write_selection(const char *out_dir, const mdup_results *r, size_t source, bool removed,
                            mdup_error **err)
{
    bool *leave_out = mdup_calloc(count_rows(r->catalog, source), sizeof *leave_out, err);
    if (!leave_out)
        return false;
    for (size_t i = 0; i < r->catalog->n; i++)
        if (r->catalog->micrographs[i].source == source)
            leave_out[r->catalog->micrographs[i].row] = r->decision->removed[i] != removed;
    mdup_strbuf text = MDUP_STRBUF_INIT, name = MDUP_STRBUF_INIT;
    name_selection(&name, r->catalog, source, 0, removed);
    bool ok = select_rows(r, source, leave_out, &text, err) && mdup_strbuf_check(&name, err) &&
              mdup_publish_file(out_dir, name.text, &text, err);
    mdup_strbuf_free(&name);
    mdup_strbuf_free(&text);
    free(leave_out);
    return ok;
}

/* ---- for cryoSPARC ---- */

static bool write_cs(const char *out_dir, const mdup_results *r, size_t source, size_t part,
                     bool removed, mdup_error **err)
{
    mdup_strbuf text = MDUP_STRBUF_INIT, name = MDUP_STRBUF_INIT;
    name_selection(&name, r->catalog, source, part, removed);
    bool ok = mdup_cs_selection(r, source, part, removed, &text, err) &&
              mdup_strbuf_check(&name, err) && mdup_publish_file(out_dir, name.text, &text, err);
    mdup_strbuf_free(&name);
    mdup_strbuf_free(&text);
    return ok;
}

static bool write_group(const char *out_dir, const mdup_results *r, size_t source, mdup_error **err)
{
    const mdup_source *s = &r->catalog->sources[source];
    mdup_strbuf text = MDUP_STRBUF_INIT,
                *names = mdup_calloc(s->cs.n_parts + 1, sizeof *names, err);
    const char **parts = mdup_calloc(s->cs.n_parts, sizeof *parts, err);
    bool ok = names && parts;
    for (size_t part = 0; ok && part < s->cs.n_parts; part++) {
        name_selection(&names[part], r->catalog, source, part, false);
        ok = mdup_strbuf_check(&names[part], err);
        parts[part] = names[part].text;
    }
    if (ok)
        name_group(&names[s->cs.n_parts], r->catalog, source);
    ok = ok && mdup_strbuf_check(&names[s->cs.n_parts], err) &&
         mdup_csg_selection(r, source, parts, &text, err) &&
         mdup_publish_file(out_dir, names[s->cs.n_parts].text, &text, err);
    for (size_t part = 0; names && part <= s->cs.n_parts; part++)
        mdup_strbuf_free(&names[part]);
    free(names);
    free(parts);
    mdup_strbuf_free(&text);
    return ok;
}

static bool write_source(const char *out_dir, const mdup_results *r, size_t source,
                         mdup_error **err)
{
    const mdup_source *s = &r->catalog->sources[source];
    if (s->kind != MDUP_SOURCE_CS)
        return write_selection(out_dir, r, source, false, err) &&
               write_selection(out_dir, r, source, true, err);
    for (size_t part = 0; part < s->cs.n_parts; part++)
        if (!write_cs(out_dir, r, source, part, false, err) ||
            !write_cs(out_dir, r, source, part, true, err))
            return false;
    return !s->csg || write_group(out_dir, r, source, err);
}

/* ---- tables and lists ---- */

static bool write_tables(const char *out_dir, const mdup_results *r, mdup_error **err)
{
    static const struct {
        const char *name;
        void (*fill)(const mdup_results *, mdup_strbuf *);
    } tables[] = {{"duplicates.csv", mdup_table_duplicates},
                  {"pairs.csv", mdup_table_pairs},
                  {"micrographs.csv", mdup_table_micrographs}};
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof tables / sizeof *tables; i++) {
        mdup_strbuf text = MDUP_STRBUF_INIT;
        tables[i].fill(r, &text);
        ok = mdup_publish_file(out_dir, tables[i].name, &text, err);
        mdup_strbuf_free(&text);
    }
    return ok;
}

static bool write_removed(const char *out_dir, const mdup_results *r, mdup_error **err)
{
    mdup_strbuf names = MDUP_STRBUF_INIT, patterns = MDUP_STRBUF_INIT, uids = MDUP_STRBUF_INIT;
    mdup_removed_uids(r, &uids);
    bool ok = mdup_table_removed(r, &names, err) &&
              mdup_publish_file(out_dir, "removed.txt", &names, err) &&
              mdup_table_removed_regex(&names, &patterns, err) &&
              mdup_publish_file(out_dir, "removed_regex.txt", &patterns, err) &&
              (!has_cryosparc(r->catalog) || mdup_publish_file(out_dir, REMOVED_UIDS, &uids, err));
    mdup_strbuf_free(&names);
    mdup_strbuf_free(&patterns);
    mdup_strbuf_free(&uids);
    return ok;
}

bool mdup_publish(const char *out_dir, const mdup_results *r, mdup_error **err)
{
    bool ok = write_tables(out_dir, r, err) && write_removed(out_dir, r, err);
    for (size_t s = 0; ok && s < r->catalog->n_sources; s++)
        ok = write_source(out_dir, r, s, err);
    return ok;
}
