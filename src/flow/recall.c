#include "flow/recall.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/log.h"
#include "image/bin.h"

/* Why a micrograph is read. */
typedef enum {
    KNOWN,     /* it is not */
    NEW,       /* also: it was to be read, and was not */
    CHANGED,   /* its file has another size or time */
    NOT_READY, /* it was missing or could not be opened; perhaps it can now */
    BY_OPTION, /* --bin or --mode0 have changed */
    BY_METHOD, /* by another version of the program */
    DAMAGED,   /* what the session has of it */
    N_REASONS
} reason;

/* ---- one micrograph ---- */

static void look_at_file(const char *path, mdup_session_reading *entry)
{
    struct stat status;
    bool there = stat(path, &status) == 0;
    entry->file_bytes = there ? (int64_t)status.st_size : -1;
    entry->file_mtime_ns =
        there ? (int64_t)status.st_mtim.tv_sec * 1000000000 + (int64_t)status.st_mtim.tv_nsec : -1;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* now: the entry as it would be made today, without a reading. */
static reason judge(const mdup_session_reading *then, const mdup_session_reading *now,
                    const mdup_screen_options *o)
{
    if (!then->is_read)
        return NEW;
    if (then->status == MDUP_STATUS_MISSING || then->status == MDUP_STATUS_UNREADABLE)
        return NOT_READY;
    if (then->file_bytes != now->file_bytes || then->file_mtime_ns != now->file_mtime_ns)
        return CHANGED;
    if (then->method != MDUP_FRAME_METHOD)
        return BY_METHOD;
    if (then->mode == 0 && then->mode0 != o->mode0)
        return BY_OPTION;
    if (then->nx > 0 && then->bin != (o->bin > 0 ? o->bin : mdup_bin_auto(then->nx, then->ny)))
        return BY_OPTION;
    /* What is said of it names the file as it was called then. */
    if ((then->reason || then->warning) && !same_text(then->path, now->path))
        return CHANGED;
    return KNOWN;
}

static bool is_sound(const mdup_session_reading *e)
{
    bool has_frame = e->frame_nx > 0 && e->frame_ny > 0;
    return e->nx >= 0 && e->ny >= 0 && e->frame_nx >= 0 && e->frame_ny >= 0 &&
           (!has_frame ||
            (e->bin > 0 && e->frame_nx == e->nx / e->bin && e->frame_ny == e->ny / e->bin)) &&
           e->noise_share >= 0;
}

static bool fill_frame(mdup_recall *recall, const mdup_session_reading *e, mdup_reading *r,
                       bool *filled, mdup_error **err)
{
    if (recall->kept)
        r->frame = mdup_kept_frames_take(recall->kept, e->id, e->frame_hash);
    if (r->frame)
        return true;
    size_t pixels = (size_t)e->frame_nx * (size_t)e->frame_ny;
    r->frame = mdup_alloc_aligned(pixels, sizeof *r->frame, err);
    return r->frame && mdup_session_get_frame(recall->session, e, r->frame, filled, err);
}

/* Fills in the reading from the entry.  *filled: the session has all of it. */
static bool fill(mdup_recall *recall, const mdup_session_reading *e, const mdup_micrograph *m,
                 mdup_reading *out, bool *filled, mdup_error **err)
{
    *filled = is_sound(e);
    if (!*filled)
        return true;
    mdup_reading r = {
        .judgement = {e->status, NULL, m->pixel_A > 0 ? m->pixel_A : e->header_pixel_A},
        .nx = e->nx,
        .ny = e->ny,
        .mode = e->mode,
        .header_pixel_A = e->header_pixel_A,
        .bin = e->bin,
        .frame_nx = e->frame_nx,
        .frame_ny = e->frame_ny,
        .signature = e->signature,
        .noise_share = e->noise_share,
        .frame_hash = e->frame_hash};
    bool ok = (!e->reason || (r.judgement.reason = mdup_strdup(e->reason, err))) &&
              (!e->warning || (r.warning = mdup_strdup(e->warning, err))) &&
              (!mdup_status_is_judged(e->status) || fill_frame(recall, e, &r, filled, err));
    if (!ok || !*filled) {
        mdup_reading_clear(&r);
        return ok;
    }
    *out = r;
    return true;
}

/* ---- the list and the session, side by side ---- */

/* A micrograph under its name. */
typedef struct {
    const char *name;
    int32_t slice;
    size_t index;
} named;

static int compare_names(const char *name_a, int32_t slice_a, const char *name_b, int32_t slice_b)
{
    int names = strcmp(name_a, name_b);
    return names != 0 ? names : slice_a < slice_b ? -1 : slice_a > slice_b;
}

static int by_name_then_index(const void *left, const void *right)
{
    const named *l = left, *r = right;
    int names = compare_names(l->name, l->slice, r->name, r->slice);
    return names != 0 ? names : l->index < r->index ? -1 : l->index > r->index;
}

static named *sort_names(const mdup_catalog *c, mdup_error **err)
{
    named *names = mdup_calloc(c->n, sizeof *names, err);
    for (size_t i = 0; names && i < c->n; i++)
        names[i] = (named){c->micrographs[i].name, c->micrographs[i].slice, i};
    if (names)
        qsort(names, c->n, sizeof *names, by_name_then_index);
    return names;
}

static int compare_entries(const named *m, int64_t copy, const mdup_session_reading *stored)
{
    int names = compare_names(m->name, m->slice, stored->name, stored->slice);
    return names != 0 ? names : copy < stored->copy ? -1 : copy > stored->copy;
}

/* Moves what is stored under the names of the list into its entries.  Both are sorted by name.  Returns how many were found. */
static size_t match(const mdup_catalog *c, const named *names, mdup_session_reading *stored,
                    size_t n_stored, mdup_session_reading *entries)
{
    size_t found = 0, at = 0;
    int64_t copy = 0;
    for (size_t i = 0; i < c->n; i++) {
        bool again = i > 0 && compare_names(names[i].name, names[i].slice, names[i - 1].name,
                                            names[i - 1].slice) == 0;
        copy = again ? copy + 1 : 0;
        while (at < n_stored && compare_entries(&names[i], copy, &stored[at]) > 0)
            at++;
        mdup_session_reading *entry = &entries[names[i].index];
        if (at < n_stored && compare_entries(&names[i], copy, &stored[at]) == 0) {
            *entry = stored[at];
            stored[at++] = (mdup_session_reading){0};
            found++;
        }
        entry->copy = copy;
        entry->slice = names[i].slice;
    }
    return found;
}

/* ---- what is said ---- */

typedef struct {
    size_t n_stored, n_found;
    size_t count[N_REASONS];
} tally;

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void say(const tally *t, const mdup_callbacks *cb)
{
    if (t->n_stored == 0)
        return;
    mdup_log(cb, MDUP_LOG_INFO, "session: %zu micrograph%s known, %zu to read", t->count[KNOWN],
             plural(t->count[KNOWN]),
             t->count[NEW] + t->count[CHANGED] + t->count[NOT_READY] + t->count[BY_OPTION] +
                 t->count[BY_METHOD] + t->count[DAMAGED]);
    if (t->n_found < t->n_stored)
        mdup_log(cb, MDUP_LOG_INFO, "  %zu of the session %s not in this list",
                 t->n_stored - t->n_found, t->n_stored - t->n_found == 1 ? "is" : "are");
    static const char *const texts[N_REASONS] = {
        [CHANGED] = "because the file has changed",
        [BY_OPTION] = "because of another --bin or --mode0",
        [BY_METHOD] = "because this version of microdup reads otherwise",
    };
    for (int r = 0; r < N_REASONS; r++)
        if (texts[r] && t->count[r] > 0)
            mdup_log(cb, MDUP_LOG_INFO, "  %zu again, %s", t->count[r], texts[r]);
    if (t->count[DAMAGED] > 0)
        mdup_log(cb, MDUP_LOG_WARNING,
                 "what the session holds of %zu micrograph%s is damaged; they are read again",
                 t->count[DAMAGED], plural(t->count[DAMAGED]));
}

/* ---- the whole ---- */

static bool refuse_strangers(const tally *t, const mdup_catalog *c, const char *known,
                             mdup_error **err)
{
    return t->n_stored == 0 || t->n_found > 0 ||
           mdup_fail(err, MDUP_ERROR_INVALID,
                     "none of the %zu micrographs of this list (%s, ...) is among the %zu of the "
                     "session (%s, ...); give another folder with --o, or begin this one anew with "
                     "--restart",
                     c->n, c->micrographs[0].name, t->n_stored, known);
}

static bool set_path(mdup_session_reading *entry, const char *path, mdup_error **err)
{
    free(entry->path);
    return (entry->path = mdup_strdup(path, err)) != NULL;
}

/* Settles entry i: known, or to be read; then it has an id and the size and time the file has before it is read. */
static bool settle(mdup_recall *recall, const mdup_catalog *c, const mdup_screen_options *o,
                   size_t i, mdup_reading *reading, tally *t, mdup_error **err)
{
    mdup_session_reading *entry = &recall->entries[i];
    const mdup_micrograph *m = &c->micrographs[i];
    mdup_session_reading now = {.path = m->path};
    look_at_file(m->path, &now);
    reason why = entry->id == 0 ? NEW : judge(entry, &now, o);
    bool filled = false;
    if (why == KNOWN && !fill(recall, entry, m, reading, &filled, err))
        return false;
    if (why == KNOWN && !filled)
        why = DAMAGED;
    recall->is_known[i] = why == KNOWN;
    t->count[why]++;
    if (why == KNOWN)
        return true;
    entry->file_bytes = now.file_bytes;
    entry->file_mtime_ns = now.file_mtime_ns;
    if (!entry->name && !(entry->name = mdup_strdup(m->name, err)))
        return false;
    return set_path(entry, m->path, err) &&
           (entry->id != 0 || mdup_session_enter(recall->session, entry, err));
}

static bool settle_all(mdup_recall *recall, const mdup_catalog *c, const mdup_screen_options *o,
                       mdup_reading *readings, mdup_frames *frames, tally *t, mdup_error **err)
{
    for (size_t i = 0; i < c->n; i++) {
        if (!settle(recall, c, o, i, &readings[i], t, err))
            return false;
        if (readings[i].frame)
            mdup_frames_add(frames, i, recall->entries[i].id);
    }
    return true;
}

static bool find_entries(mdup_recall *recall, const mdup_catalog *c, tally *t, mdup_error **err)
{
    mdup_session_reading *stored = NULL;
    if (!mdup_session_load_readings(recall->session, &stored, &t->n_stored, err))
        return false;
    named *names = sort_names(c, err);
    char *known = names && t->n_stored > 0 ? mdup_strdup(stored[0].name, err) : NULL;
    bool ok = names && (known || t->n_stored == 0);
    if (ok) {
        t->n_found = match(c, names, stored, t->n_stored, recall->entries);
        ok = refuse_strangers(t, c, known, err);
    }
    free(known);
    free(names);
    mdup_session_readings_free(stored, t->n_stored);
    return ok;
}

bool mdup_recall_readings(mdup_session *session, const mdup_catalog *catalog,
                          const mdup_screen_options *options, mdup_kept_frames *kept,
                          const mdup_callbacks *callbacks, mdup_reading *readings,
                          mdup_frames *frames, mdup_recall *out, mdup_error **err)
{
    *out =
        (mdup_recall){.session = session, .kept = kept, .mode0 = options->mode0, .n = catalog->n};
    tally t = {0};
    if (!(out->entries = mdup_calloc(catalog->n, sizeof *out->entries, err)) ||
        !(out->is_known = mdup_calloc(catalog->n, sizeof *out->is_known, err)) ||
        !find_entries(out, catalog, &t, err) ||
        !settle_all(out, catalog, options, readings, frames, &t, err))
        return false;
    say(&t, callbacks);
    return true;
}

void mdup_recall_clear(mdup_recall *recall)
{
    mdup_session_readings_free(recall->entries, recall->n);
    free(recall->is_known);
    *recall = (mdup_recall){0};
}

bool mdup_recall_keep(mdup_recall *recall, size_t i, const mdup_reading *r, mdup_error **err)
{
    mdup_session_reading *e = &recall->entries[i];
    free(e->reason);
    free(e->warning);
    e->reason = e->warning = NULL;
    if ((r->judgement.reason && !(e->reason = mdup_strdup(r->judgement.reason, err))) ||
        (r->warning && !(e->warning = mdup_strdup(r->warning, err))))
        return false;
    e->is_read = true;
    e->method = MDUP_FRAME_METHOD;
    e->mode0 = recall->mode0;
    e->status = r->judgement.status;
    e->mode = r->mode;
    e->nx = r->nx;
    e->ny = r->ny;
    e->header_pixel_A = r->header_pixel_A;
    e->bin = r->bin;
    e->frame_nx = r->frame ? r->frame_nx : 0;
    e->frame_ny = r->frame ? r->frame_ny : 0;
    e->noise_share = r->noise_share;
    e->signature = r->signature;
    e->frame_hash = r->frame_hash;
    return mdup_session_put_reading(recall->session, e, r->frame, err);
}
