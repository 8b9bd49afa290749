#include <microdup/apply.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/path.h"
#include "flow/applied.h"
#include "flow/apply_files.h"

/* What the user has named: one file, or several of cryoSPARC's of the same records. */
typedef struct {
    const char *argument;
    bool is_cs;
    size_t n_parts;
    char **inputs, **outputs; /* outputs: below the folder */
} item;

typedef struct {
    const mdup_apply_options *options;
    const mdup_callbacks *callbacks;
    mdup_screened screened;
    mdup_naming naming;
    mdup_applied applied;
    size_t n_items;
    item *items;
    /* Lists of coordinates of one micrograph: by their own names, all of them together. */
    mdup_intern list_names;
    size_t *lists; /* items */
    size_t n_lists, lists_capacity;
    mdup_apply_summary summary;
} run;

void mdup_apply_options_init(mdup_apply_options *options)
{
    *options = (mdup_apply_options){.match = MDUP_MATCH_AUTO};
}

/* ---- what is to be written where ---- */

static bool leads_upwards(const char *path)
{
    for (const char *at = path; (at = strstr(at, "..")) != NULL; at += 2)
        if ((at == path || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
            return true;
    return false;
}

/* Of a file in the folder of a RELION job its path there, so that lists of coordinates lie as RELION looks for them; of others the name. */
static const char *output_of(const char *input)
{
    const char *behind = mdup_path_behind_job(input);
    return behind && behind[0] && behind[0] != '/' && !leads_upwards(behind)
               ? behind
               : mdup_path_base(input);
}

static bool add_part(item *it, const char *input, size_t length, mdup_error **err)
{
    size_t capacity = it->n_parts, same = it->n_parts;
    if (!mdup_grow((void **)&it->inputs, &capacity, it->n_parts + 1, sizeof *it->inputs, err) ||
        !mdup_grow((void **)&it->outputs, &same, it->n_parts + 1, sizeof *it->outputs, err))
        return false;
    char *path = mdup_strndup(input, length, err);
    char *output = path ? mdup_strdup(output_of(path), err) : NULL;
    if (!output) {
        free(path);
        return false;
    }
    it->inputs[it->n_parts] = path;
    it->outputs[it->n_parts++] = output;
    return true;
}

static bool plan_item(item *it, const char *argument, mdup_error **err)
{
    it->argument = argument;
    it->is_cs = mdup_cs_files_detect(argument);
    if (!it->is_cs || mdup_path_is_file(argument))
        return add_part(it, argument, strlen(argument), err);
    for (const char *at = argument;; at++) {
        size_t length = strcspn(at, ",");
        if (length == 0)
            return mdup_fail(err, MDUP_ERROR_INVALID, "%s: the name of a file is empty", argument);
        if (!add_part(it, at, length, err))
            return false;
        at += length;
        if (*at == '\0')
            return true;
    }
}

static bool plan(run *r, mdup_error **err)
{
    r->n_items = r->options->n_files;
    r->items = mdup_calloc(r->n_items, sizeof *r->items, err);
    if (!r->items)
        return false;
    for (size_t i = 0; i < r->n_items; i++)
        if (!plan_item(&r->items[i], r->options->files[i], err))
            return false;
    return true;
}

/* ---- nothing is lost ---- */

static bool refuse_input(const run *r, const char *path, mdup_error **err)
{
    for (size_t i = 0; i < r->n_items; i++)
        for (size_t k = 0; k < r->items[i].n_parts; k++)
            if (mdup_path_is_same_file(path, r->items[i].inputs[k]))
                return mdup_fail(err, MDUP_ERROR_INVALID,
                                 "%s: is an input itself; give another folder with --o", path);
    return true;
}

static bool check_output(const run *r, const char *output, mdup_error **err)
{
    char *path = mdup_path_join(r->options->out_dir, output, err);
    if (!path)
        return false;
    bool exists = access(path, F_OK) == 0, ok = !exists || refuse_input(r, path, err);
    if (ok && exists && !mdup_applied_find(&r->applied, output))
        ok = mdup_fail(err, MDUP_ERROR_INVALID,
                       "%s: exists already and was not written by microdup apply; give another "
                       "folder with --o",
                       path);
    free(path);
    return ok;
}

/* No two inputs into one file. */
static bool check_outputs(const run *r, mdup_error **err)
{
    mdup_intern outputs = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < r->n_items; i++)
        for (size_t k = 0; ok && k < r->items[i].n_parts; k++) {
            const char *output = r->items[i].outputs[k];
            size_t number, n_before = outputs.n;
            ok = mdup_intern_add(&outputs, output, strlen(output), &number, err);
            if (ok && outputs.n == n_before)
                ok = mdup_fail(err, MDUP_ERROR_INVALID,
                               "%s: another of the files would be written to %s too; give them in "
                               "two runs with a folder each",
                               r->items[i].inputs[k], output);
            if (ok && strcmp(output, MDUP_APPLIED_FILE) == 0)
                ok = mdup_fail(err, MDUP_ERROR_INVALID, "%s: has the name of the table of results",
                               r->items[i].inputs[k]);
            ok = ok && check_output(r, output, err);
        }
    mdup_intern_clear(&outputs);
    return ok;
}

/* The table is written before the first file is, so that a run that was killed can be given again. */
static bool claim(run *r, mdup_error **err)
{
    const char *folder = r->options->out_dir;
    if (!mdup_path_make_directory(folder, err) || !mdup_applied_read(folder, &r->applied, err) ||
        !check_outputs(r, err))
        return false;
    for (size_t i = 0; i < r->n_items; i++)
        for (size_t k = 0; k < r->items[i].n_parts; k++)
            if (!mdup_applied_add(&r->applied, r->items[i].inputs[k], r->items[i].outputs[k], err))
                return false;
    return mdup_applied_write(folder, &r->applied, err);
}

/* ---- one file ---- */

static bool write_output(run *r, const item *it, size_t part, const mdup_strbuf *text,
                         const mdup_apply_counts *counts, mdup_error **err)
{
    char *path = mdup_path_join(r->options->out_dir, it->outputs[part], err);
    char *folder = path ? mdup_path_directory(path, err) : NULL;
    bool ok = folder && mdup_path_make_directory(folder, err) &&
              mdup_file_replace(path, text->text ? text->text : "", text->length, err) &&
              mdup_applied_finish(mdup_applied_find(&r->applied, it->outputs[part]), counts->kind,
                                  (int64_t)counts->n_rows, (int64_t)counts->n_of_session,
                                  (int64_t)counts->n_removed, err);
    free(folder);
    free(path);
    return ok;
}

static void add_to_summary(run *r, const mdup_apply_counts *counts)
{
    r->summary.n_written++;
    r->summary.n_rows += (int64_t)counts->n_rows;
    r->summary.n_of_session += (int64_t)counts->n_of_session;
    r->summary.n_removed += (int64_t)counts->n_removed;
}

static void tell_counts(run *r, const item *it, const mdup_apply_counts *counts)
{
    add_to_summary(r, counts);
    mdup_log(r->callbacks, MDUP_LOG_INFO,
             "%s: %zu rows (%s), %zu of micrographs of the session, %zu removed", it->argument,
             counts->n_rows, counts->kind, counts->n_of_session, counts->n_removed);
    if (counts->n_rows > 0 && counts->n_of_session == 0)
        mdup_log(r->callbacks, MDUP_LOG_WARNING,
                 "%s: names no micrograph of the session; nothing was taken out", it->argument);
}

/* Of a list of coordinates: its name without extension and what the picker puts behind that of the micrograph. */
static size_t picked_length(const run *r, const char *path)
{
    const char *suffixes[] = {r->options->suffix, "_autopick", "_manualpick"};
    size_t length = strlen(path);
    length -= length > 5 && strcmp(path + length - 5, ".star") == 0 ? 5 : 0;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t suffix = suffixes[i] ? strlen(suffixes[i]) : 0;
        if (suffix > 0 && length > suffix &&
            memcmp(path + length - suffix, suffixes[i], suffix) == 0)
            return length - suffix;
    }
    return length;
}

static bool defer_list(run *r, size_t index, mdup_error **err)
{
    const char *path = r->items[index].inputs[0];
    size_t number, n_before = r->list_names.n;
    if (!mdup_intern_add(&r->list_names, path, picked_length(r, path), &number, err) ||
        !mdup_grow((void **)&r->lists, &r->lists_capacity, r->n_lists + 1, sizeof *r->lists, err))
        return false;
    if (r->list_names.n == n_before)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "%s: a second list of the coordinates in '%s'; give it in another run",
                         path, r->list_names.texts[number]);
    r->lists[r->n_lists++] = index;
    return true;
}

static bool apply_to_star_file(run *r, size_t index, mdup_error **err)
{
    const item *it = &r->items[index];
    mdup_star *star = mdup_star_read(it->inputs[0], err);
    if (!star)
        return false;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_apply_counts counts;
    bool is_list;
    bool ok = mdup_apply_to_star(&r->naming, star, it->inputs[0], &text, &counts, &is_list, err) &&
              (is_list ? defer_list(r, index, err) : write_output(r, it, 0, &text, &counts, err));
    if (ok && !is_list)
        tell_counts(r, it, &counts);
    mdup_strbuf_free(&text);
    mdup_star_free(star);
    return ok;
}

/* One file of several: the records of the same uid go. */
static bool write_part(run *r, const item *it, const mdup_cs_files *files, size_t part,
                       const bool *leave_out, mdup_apply_counts *counts, mdup_error **err)
{
    const mdup_cs_part *p = &files->parts[part];
    mdup_apply_counts own = {.kind = counts->kind, .n_rows = p->npy->n_records};
    mdup_strbuf text = MDUP_STRBUF_INIT;
    bool *goes = mdup_calloc(p->npy->n_records, sizeof *goes, err);
    for (size_t i = 0; goes && i < files->parts[0].npy->n_records; i++)
        if (p->record_of[i] >= 0) {
            goes[p->record_of[i]] = leave_out[i];
            own.n_removed += leave_out[i];
        }
    own.n_of_session = part == 0 ? counts->n_of_session : own.n_removed;
    bool ok = goes && mdup_npy_write_without(p->npy, goes, &text, err) &&
              write_output(r, it, part, &text, &own, err);
    free(goes);
    mdup_strbuf_free(&text);
    return ok;
}

static bool apply_to_cs_files(run *r, const item *it, mdup_error **err)
{
    mdup_cs_files files = {0};
    mdup_apply_counts counts;
    bool *leave_out = NULL;
    bool ok = mdup_cs_files_read(&files, it->argument, err) && mdup_cs_files_join(&files, err) &&
              (leave_out = mdup_calloc(files.parts[0].npy->n_records, sizeof *leave_out, err)) &&
              mdup_apply_to_cs(&r->naming, &files, it->argument, leave_out, &counts, err);
    for (size_t part = 0; ok && part < files.n_parts; part++)
        ok = write_part(r, it, &files, part, leave_out, &counts, err);
    if (ok)
        tell_counts(r, it, &counts);
    free(leave_out);
    mdup_cs_files_clear(&files);
    return ok;
}

/* RELION 3.1's list of pickings, "coords_suffix_autopick.star": the name of a list of micrographs. */
static bool is_pointer(const char *path)
{
    return strncmp(mdup_path_base(path), "coords_suffix", 13) == 0;
}

enum { LARGEST_POINTER_bytes = 1 << 16 };

static bool copy_pointer(run *r, const item *it, mdup_error **err)
{
    size_t length;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    char *content = mdup_file_read(it->inputs[0], LARGEST_POINTER_bytes, &length, err);
    if (!content)
        return false;
    mdup_strbuf_append(&text, content, length);
    mdup_apply_counts counts = {.kind = "pointer"};
    bool ok = mdup_strbuf_check(&text, err) && write_output(r, it, 0, &text, &counts, err);
    if (ok) {
        add_to_summary(r, &counts);
        mdup_log(r->callbacks, MDUP_LOG_INFO,
                 "%s: only names the list of micrographs '%.*s' and is copied; the micrographs of "
                 "an extraction are those of the list that is given to it",
                 it->argument, (int)strcspn(content, "\r\n"), content);
    }
    free(content);
    mdup_strbuf_free(&text);
    return ok;
}

static bool apply_to_item(run *r, size_t index, mdup_error **err)
{
    const item *it = &r->items[index];
    if (it->is_cs)
        return apply_to_cs_files(r, it, err);
    return is_pointer(it->inputs[0]) ? copy_pointer(r, it, err) : apply_to_star_file(r, index, err);
}

/* ---- the lists of coordinates ---- */

static bool apply_to_deferred(run *r, const item *it, ptrdiff_t micrograph,
                              mdup_apply_counts *counts, mdup_error **err)
{
    mdup_star *star = mdup_star_read(it->inputs[0], err);
    if (!star)
        return false;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    bool is_removed = micrograph >= 0 && r->screened.micrographs[micrograph].is_removed;
    bool ok = mdup_apply_to_list(star, micrograph >= 0, is_removed, &text, counts, err) &&
              write_output(r, it, 0, &text, counts, err);
    mdup_strbuf_free(&text);
    mdup_star_free(star);
    return ok;
}

static void tell_lists(const run *r, size_t n_of_session, size_t n_emptied)
{
    mdup_log(r->callbacks, MDUP_LOG_INFO,
             "%zu list%s of the coordinates in one micrograph: %zu of micrographs of the session, "
             "%zu emptied",
             r->n_lists, r->n_lists == 1 ? "" : "s", n_of_session, n_emptied);
    if (n_of_session == 0)
        mdup_log(r->callbacks, MDUP_LOG_WARNING,
                 "%s: no list of coordinates is named after a micrograph of the session; when "
                 "something else stands behind the name, give it with --suffix",
                 r->items[r->lists[0]].argument);
}

static bool warn_of_failure(run *r, mdup_error **reason, mdup_error **err);

static bool apply_to_lists(run *r, const ptrdiff_t *micrograph, mdup_error **err)
{
    size_t n_of_session = 0, n_emptied = 0;
    for (size_t i = 0; i < r->n_lists; i++) {
        mdup_error *reason = NULL;
        mdup_apply_counts counts;
        if (!apply_to_deferred(r, &r->items[r->lists[i]], micrograph[i], &counts, &reason)) {
            if (!warn_of_failure(r, &reason, err))
                return false;
            continue;
        }
        add_to_summary(r, &counts);
        n_of_session += micrograph[i] >= 0;
        n_emptied += micrograph[i] >= 0 && r->screened.micrographs[micrograph[i]].is_removed;
    }
    tell_lists(r, n_of_session, n_emptied);
    return true;
}

static bool match_and_apply_to_lists(run *r, mdup_error **err)
{
    if (r->n_lists == 0)
        return true;
    mdup_error *reason = NULL;
    ptrdiff_t *micrograph = mdup_calloc(r->n_lists, sizeof *micrograph, err);
    if (!micrograph)
        return false;
    bool ok;
    if (mdup_naming_match(&r->naming, "lists of coordinates", &r->list_names, micrograph,
                          &reason)) {
        ok = apply_to_lists(r, micrograph, err);
    } else {
        r->summary.n_failed += (int64_t)r->n_lists - 1; /* and one more in the warning */
        ok = warn_of_failure(r, &reason, err);
    }
    free(micrograph);
    return ok;
}

/* ---- all files ---- */

/* One bad file does not stop the others; memory that runs out does. */
static bool warn_of_failure(run *r, mdup_error **reason, mdup_error **err)
{
    if (mdup_error_get_code(*reason) == MDUP_ERROR_NOMEM)
        return mdup_error_move(err, reason);
    r->summary.n_failed++;
    mdup_log(r->callbacks, MDUP_LOG_WARNING, "%s", mdup_error_get_message(*reason));
    mdup_error_clear(reason);
    return true;
}

static bool apply_to_all(run *r, mdup_error **err)
{
    for (size_t i = 0; i < r->n_items; i++) {
        mdup_error *reason = NULL;
        if (r->callbacks && r->callbacks->stop && r->callbacks->stop(r->callbacks->user))
            return mdup_fail(err, MDUP_ERROR_ABORTED, "stopped before %s", r->items[i].argument);
        if (!apply_to_item(r, i, &reason) && !warn_of_failure(r, &reason, err))
            return false;
    }
    return match_and_apply_to_lists(r, err);
}

static bool apply(run *r, mdup_error **err)
{
    const mdup_apply_options *o = r->options;
    if (o->n_files == 0)
        return mdup_fail(err, MDUP_ERROR_INVALID, "no file to take the micrographs out of");
    if (!mdup_screened_load(o->session, &r->screened, err) ||
        !mdup_naming_init(&r->naming, &r->screened, o->match, r->callbacks, err) || !plan(r, err) ||
        !claim(r, err))
        return false;
    for (size_t i = 0; i < r->screened.n; i++)
        r->naming.fate[i] = r->screened.micrographs[i].is_removed;
    r->summary.n_files = (int64_t)o->n_files;
    bool ok = apply_to_all(r, err);
    mdup_error *reason = NULL;
    if (!mdup_applied_forget_missing(o->out_dir, &r->applied, &reason) ||
        !mdup_applied_write(o->out_dir, &r->applied, &reason))
        ok = mdup_error_move(ok ? err : NULL, &reason);
    return ok;
}

static void clear(run *r)
{
    for (size_t i = 0; r->items && i < r->n_items; i++) {
        for (size_t k = 0; k < r->items[i].n_parts; k++) {
            free(r->items[i].inputs[k]);
            free(r->items[i].outputs[k]);
        }
        free(r->items[i].inputs);
        free(r->items[i].outputs);
    }
    free(r->items);
    free(r->lists);
    mdup_intern_clear(&r->list_names);
    mdup_applied_clear(&r->applied);
    mdup_naming_clear(&r->naming);
    mdup_screened_clear(&r->screened);
}

bool mdup_apply(const mdup_apply_options *options, const mdup_callbacks *callbacks,
                mdup_apply_summary *summary, mdup_error **err)
{
    run r = {.options = options, .callbacks = callbacks};
    bool ok = apply(&r, err);
    if (ok && summary)
        *summary = r.summary;
    if (ok && r.summary.n_failed > 0)
        ok = mdup_fail(err, MDUP_ERROR_INVALID,
                       "%lld of %lld files could not be dealt with; the warnings say why",
                       (long long)r.summary.n_failed, (long long)r.summary.n_files);
    clear(&r);
    return ok;
}
