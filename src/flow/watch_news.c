#include "flow/watch_news.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"

/* ---- who was told ---- */

/* The slice comes first, as a name may hold anything. */
static bool find(mdup_news *news, const char *name, int32_t slice, mdup_told **told,
                 mdup_error **err)
{
    mdup_strbuf key = MDUP_STRBUF_INIT;
    size_t number, n_before = news->names.n;
    mdup_strbuf_printf(&key, "%d@%s", (int)slice, name);
    bool ok =
        mdup_strbuf_check(&key, err) &&
        mdup_grow((void **)&news->items, &news->capacity, n_before + 1, sizeof *news->items, err) &&
        mdup_intern_add(&news->names, key.text, key.length, &number, err);
    mdup_strbuf_free(&key);
    if (!ok)
        return false;
    if (number == n_before)
        news->items[number] = (mdup_told){0};
    *told = &news->items[number];
    return true;
}

static bool set_original(mdup_told *told, const char *original, mdup_error **err)
{
    char *copy = mdup_strdup(original, err);
    if (!copy)
        return false;
    free(told->original);
    told->original = copy;
    told->is_told = true;
    return true;
}

static bool load(mdup_news *news, mdup_session *session, mdup_error **err)
{
    mdup_session_announcement *made;
    size_t n;
    if (news->is_loaded)
        return true;
    if (!mdup_session_load_announcements(session, &made, &n, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        mdup_told *told;
        ok = find(news, made[i].name, made[i].slice, &told, err) &&
             set_original(told, made[i].original, err);
    }
    mdup_session_announcements_free(made, n);
    news->is_loaded = ok;
    return ok;
}

/* ---- duplicates ---- */

static void say(const mdup_watch_callbacks *callbacks, const mdup_watch_event *event)
{
    if (callbacks && callbacks->found)
        callbacks->found(callbacks->common.user, event);
}

static bool note(mdup_session *session, const mdup_micrograph *m, mdup_told *told, bool retracted,
                 mdup_error **err)
{
    mdup_session_announcement item = {
        .name = m->name, .slice = m->slice, .original = told->original};
    return mdup_session_put_announcement(session, &item, retracted, err);
}

/* As duplicates.csv has it.  NULL: the user's word, or one that is listed twice. */
static const mdup_pair *pair_of_removed(const mdup_results *r, size_t i, size_t *kept)
{
    const mdup_decision *d = r->decision;
    if (!d->removed[i] || d->original[i] < 0)
        return NULL;
    const mdup_pair *pair = &r->pairs[d->original[i]];
    *kept = mdup_decision_kept_of(d, pair);
    const mdup_micrograph *m = r->catalog->micrographs;
    return strcmp(m[*kept].name, m[i].name) == 0 ? NULL : pair;
}

static bool tell_duplicate(mdup_news *news, const mdup_results *r, size_t i, mdup_session *session,
                           const mdup_watch_callbacks *callbacks, mdup_error **err)
{
    const mdup_micrograph *m = &r->catalog->micrographs[i];
    size_t kept;
    const mdup_pair *pair = pair_of_removed(r, i, &kept);
    mdup_told *told;
    if (!pair)
        return true;
    if (!find(news, m->name, m->slice, &told, err))
        return false;
    told->is_removed = true;
    if (told->is_told)
        return true;
    double sign = kept == pair->a ? 1 : -1;
    const char *original = r->catalog->micrographs[kept].name;
    say(callbacks, &(mdup_watch_event){.original = original,
                                       .duplicate = m->name,
                                       .overlap = pair->overlap,
                                       .shift_x_px = sign * pair->shift_x_px,
                                       .shift_y_px = sign * pair->shift_y_px,
                                       .log10_evalue = pair->log10_evalue,
                                       .pixel_A = r->judgements[pair->a].pixel_A});
    return set_original(told, original, err) && note(session, m, told, false, err);
}

/* ---- retractions ---- */

/* Why a micrograph is kept, of which was said that it repeats `original`. */
static const char *reason_of(const mdup_results *r, size_t i, const char *original)
{
    const mdup_micrograph *m = r->catalog->micrographs;
    for (size_t p = 0; p < r->n_pairs; p++) {
        const mdup_pair *pair = &r->pairs[p];
        if (pair->a != i && pair->b != i)
            continue;
        if (strcmp(m[pair->a == i ? pair->b : pair->a].name, original) == 0)
            return r->decision->is_duplicate[p] ? "the other is removed now"
                                                : "they share less than --min-overlap";
    }
    return "with what is known now the likeness may be chance";
}

static bool tell_retraction(const mdup_results *r, size_t i, mdup_told *told, mdup_session *session,
                            const mdup_watch_callbacks *callbacks, mdup_error **err)
{
    const mdup_micrograph *m = &r->catalog->micrographs[i];
    say(callbacks, &(mdup_watch_event){.is_retracted = true,
                                       .original = told->original,
                                       .duplicate = m->name,
                                       .overlap = (double)NAN,
                                       .shift_x_px = (double)NAN,
                                       .shift_y_px = (double)NAN,
                                       .log10_evalue = (double)NAN,
                                       .reason = reason_of(r, i, told->original)});
    told->is_told = false;
    return note(session, m, told, true, err);
}

/* One that is not named any more is neither. */
static bool tell_retractions(mdup_news *news, const mdup_results *r, mdup_session *session,
                             const mdup_watch_callbacks *callbacks, mdup_error **err)
{
    for (size_t i = 0; i < r->catalog->n; i++) {
        const mdup_micrograph *m = &r->catalog->micrographs[i];
        mdup_told *told;
        if (!find(news, m->name, m->slice, &told, err))
            return false;
        if (told->is_told && !told->is_removed &&
            !tell_retraction(r, i, told, session, callbacks, err))
            return false;
    }
    return true;
}

/* ---- both ---- */

bool mdup_news_tell(mdup_news *news, const mdup_results *r, mdup_session *session,
                    const mdup_watch_callbacks *callbacks, mdup_error **err)
{
    if (!load(news, session, err))
        return false;
    for (size_t i = 0; i < news->names.n; i++)
        news->items[i].is_removed = false;
    for (size_t i = 0; i < r->catalog->n; i++)
        if (!tell_duplicate(news, r, i, session, callbacks, err))
            return false;
    return tell_retractions(news, r, session, callbacks, err) && mdup_session_commit(session, err);
}

void mdup_news_clear(mdup_news *news)
{
    for (size_t i = 0; i < news->names.n; i++)
        free(news->items[i].original);
    free(news->items);
    mdup_intern_clear(&news->names);
    *news = (mdup_news){0};
}
