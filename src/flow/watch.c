#include <microdup/watch.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/intern.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "flow/pass.h"
#include "flow/watch_news.h"
#include "flow/watched_files.h"

/* Passes may be held back for the load they make, but what is new does not wait longer than this.  With 10 minutes the passes of a day that
 * brings 10,000 micrographs, 4 ms for each micrograph there is, are 3.3 % of one core, with 15 minutes 2.2 %; 50 million pairs are 2 % more. */
static const double LONGEST_WAIT_s = 900;

/* A signal may reach another thread, and then no sleep is cut short. */
static const double SLICE_s = 0.2;

enum { LEAST_MICROGRAPHS = 2 };

typedef struct {
    const mdup_watch_options *options;
    const mdup_watch_callbacks *callbacks;
    mdup_screen_options screen;
    mdup_callbacks
        quiet; /* of passes and looks: only what is worth a warning comes through, once */
    mdup_intern warned;
    mdup_pass pass;
    mdup_watched_files files;
    mdup_news news;
    mdup_watch_status status;
    mdup_screen_summary summary;
    char *said; /* the last word on what it waits for, or what went wrong */
    /* Of the inputs: */
    uint64_t inputs_state;  /* size and time of the files, when all are lists; else 0 */
    uint64_t found, passed; /* what they held at the last look, and in the last pass */
    bool has_passed,
        must_pass; /* passed is of meaning; something has gone wrong, or changed in a file that was listed before */
    bool in_doubt;                        /* whether the inputs have really shrunk */
    bool was_published;                   /* by this pass */
    int64_t n_published;                  /* passes; one may have failed afterwards */
    size_t n_passed;                      /* micrographs in the last of these */
    double looked_s, next_pass_s, news_s; /* when; the last is of what came last */
} watch;

void mdup_watch_options_init(mdup_watch_options *options)
{
    *options = (mdup_watch_options){.every_s = 30, .load_percent = 5};
    mdup_screen_options_init(&options->screen);
    options->screen.expect = 10000;
}

static double seconds_on(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double now_s(void)
{
    return seconds_on(CLOCK_MONOTONIC);
}

/* ---- what is said ---- */

static bool should_stop(const watch *w)
{
    const mdup_callbacks *cb = &w->callbacks->common;
    return cb->stop && cb->stop(cb->user);
}

static void show_status(watch *w)
{
    if (!w->callbacks->status)
        return;
    double next_s = w->looked_s + w->options->every_s;
    if (w->status.has_new)
        next_s = w->next_pass_s;
    w->status.n_waiting = (int64_t)w->files.n_waiting;
    w->status.next_s = fmax(0, next_s - now_s());
    w->callbacks->status(w->callbacks->common.user, &w->status);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_in_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.' || c == '-';
}

/* Numbers that stand alone are left out: a warning that counts comes with another count each time. */
static void put_without_counts(mdup_strbuf *out, const char *line)
{
    for (size_t i = 0; line[i];) {
        size_t n = 0;
        while (is_digit(line[i + n]))
            n++;
        bool is_count = n > 0 && (i == 0 || !is_in_word(line[i - 1])) && !is_in_word(line[i + n]);
        n = n > 0 ? n : 1;
        if (is_count)
            mdup_strbuf_puts(out, "#");
        else
            mdup_strbuf_append(out, line + i, n);
        i += n;
    }
}

static bool is_first(watch *w, const char *line)
{
    mdup_strbuf key = MDUP_STRBUF_INIT;
    size_t number, n_before = w->warned.n;
    put_without_counts(&key, line);
    bool added =
        key.text && !key.failed && mdup_intern_add(&w->warned, key.text, key.length, &number, NULL);
    mdup_strbuf_free(&key);
    return !added || number == n_before;
}

static void quiet_log(void *user, mdup_log_level level, const char *line)
{
    watch *w = user;
    /* The first pass says what it begins with, and whether it has to wait for the session. */
    bool is_wanted = level == MDUP_LOG_INFO ? w->status.is_passing && !w->pass.session
                                            : level == MDUP_LOG_WARNING && is_first(w, line);
    if (is_wanted)
        mdup_log(&w->callbacks->common, level, "%s", line);
}

static void quiet_progress(void *user, const char *stage, int64_t done, int64_t total)
{
    watch *w = user;
    const mdup_callbacks *cb = &w->callbacks->common;
    if (cb->progress)
        cb->progress(cb->user, stage, done, total);
}

static bool quiet_stop(void *user)
{
    watch *w = user;
    show_status(w);
    return should_stop(w);
}

/* The same is not said twice in a row. */
static void say_once(watch *w, mdup_log_level level, const char *line)
{
    if (w->said && strcmp(w->said, line) == 0)
        return;
    free(w->said);
    w->said = mdup_strdup(line, NULL);
    mdup_log(&w->callbacks->common, level, "%s", line);
}

static void say_waiting(watch *w, const char *what)
{
    mdup_strbuf line = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&line, "%s; looking again every %g s", what, w->options->every_s);
    if (line.text && !line.failed)
        say_once(w, MDUP_LOG_INFO, line.text);
    mdup_strbuf_free(&line);
}

static void say_failure(watch *w, const mdup_error *why)
{
    mdup_strbuf line = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&line, "%s; it is tried again", mdup_error_get_message(why));
    if (line.text && !line.failed)
        say_once(w, MDUP_LOG_WARNING, line.text);
    mdup_strbuf_free(&line);
}

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

static void say_pass(watch *w, int64_t n_new)
{
    const mdup_screen_summary *s = &w->summary;
    mdup_strbuf line = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&line, "%lld micrographs, %lld new: %lld duplicate%s, %lld small overlap%s",
                       (long long)s->n_micrographs, (long long)n_new, (long long)s->n_removed,
                       plural(s->n_removed), (long long)s->n_overlap_pairs,
                       plural(s->n_overlap_pairs));
    if (s->n_not_judged > 0)
        mdup_strbuf_printf(&line, ", %lld not judged", (long long)s->n_not_judged);
    if (w->files.n_waiting > 0)
        mdup_strbuf_printf(&line, ", %zu not whole yet", w->files.n_waiting);
    mdup_strbuf_printf(&line, "; %.1f s", s->total_s);
    if (line.text && !line.failed)
        mdup_log(&w->callbacks->common, MDUP_LOG_INFO, "%s", line.text);
    mdup_strbuf_free(&line);
}

/* ---- the inputs ---- */

/* Size and time of the files that are the inputs; 0 when they cannot all be looked at like that. */
static uint64_t state_of_inputs(const mdup_screen_options *o)
{
    uint64_t state = 1;
    for (size_t i = 0; i < o->n_inputs; i++) {
        struct stat s;
        if (stat(o->inputs[i], &s) != 0 || !S_ISREG(s.st_mode))
            return 0;
        state = mdup_mix(state, (uint64_t)s.st_ino);
        state = mdup_mix(state, (uint64_t)s.st_size);
        state = mdup_mix(state, (uint64_t)s.st_mtim.tv_sec);
        state = mdup_mix(state, (uint64_t)s.st_mtim.tv_nsec);
    }
    return state;
}

/* That nothing else tells of new micrographs than these files. */
static bool are_lists(const mdup_catalog *c)
{
    for (size_t i = 0; i < c->n_sources; i++)
        if (c->sources[i].kind != MDUP_SOURCE_STAR && c->sources[i].kind != MDUP_SOURCE_LIST)
            return false;
    return true;
}

/* Of all that the results depend on. */
static uint64_t hash_of(const mdup_catalog *c)
{
    uint64_t hash = 1;
    for (size_t i = 0; i < c->n_sources; i++) {
        const mdup_source *s = &c->sources[i];
        if (s->star)
            hash = mdup_hash(hash, s->star->bytes, s->star->length);
        if (s->text)
            hash = mdup_hash(hash, s->text, s->text_length);
        for (size_t p = 0; p < s->cs.n_parts; p++)
            hash = mdup_hash(hash, s->cs.parts[p].npy->bytes, s->cs.parts[p].npy->length);
    }
    for (size_t i = 0; i < c->n; i++)
        hash = mdup_hash(hash, c->micrographs[i].path, strlen(c->micrographs[i].path) + 1);
    return hash;
}

static mdup_catalog *build(watch *w, const char *metadata_dir, mdup_error **err)
{
    const mdup_catalog_options options = {.order = w->screen.order,
                                          .project_dir = w->screen.project_dir,
                                          .metadata_dir = metadata_dir,
                                          .takes = mdup_watched_files_take,
                                          .context = &w->files};
    w->files.n_waiting = 0;
    w->files.has_failed = false;
    mdup_catalog *c =
        mdup_catalog_build(w->screen.inputs, w->screen.n_inputs, &options, &w->quiet, err);
    if (!w->files.has_failed || !c)
        return c;
    mdup_catalog_free(c);
    (void)mdup_fail_nomem(err);
    return NULL;
}

/* ---- a pass ---- */

static bool published(void *context, const mdup_results *results, mdup_error **err)
{
    watch *w = context;
    w->was_published = true;
    w->n_passed = results->catalog->n;
    mdup_watched_files_note_pass(&w->files, results->catalog, results->judgements,
                                 ++w->n_published);
    return mdup_news_tell(&w->news, results, w->pass.session, w->callbacks, err);
}

/* Without metadata the catalog of the look will do; these are read only when there is something to be done with them. */
static bool give_catalog(watch *w, mdup_catalog **looked_at, mdup_error **err)
{
    if (w->screen.metadata_dir) {
        w->pass.catalog = build(w, w->screen.metadata_dir, err);
    } else {
        w->pass.catalog = *looked_at;
        *looked_at = NULL;
    }
    return w->pass.catalog != NULL;
}

static void schedule_next(watch *w, double began_s, double cpu_s)
{
    double share = w->options->load_percent / 100, ended_s = now_s();
    w->status.pass_s = ended_s - began_s;
    w->next_pass_s = ended_s;
    if (share > 0)
        w->next_pass_s = fmin(began_s + cpu_s / share, ended_s + LONGEST_WAIT_s);
}

/* Nothing has ever come of it, and trying again will not help: the folder is somebody else's, or the session is in use, damaged or of other micrographs. */
static bool is_hopeless(const watch *w, const mdup_error *why)
{
    mdup_error_code code = mdup_error_get_code(why);
    return w->status.n_passes == 0 && (code == MDUP_ERROR_INVALID ||
                                       code == MDUP_ERROR_UNSUPPORTED || code == MDUP_ERROR_PARSE);
}

/* What was published is done, even when none of it could be judged.  n_new: not among the micrographs of the pass before.  False: the watch
 * ends. */
static bool end_pass(watch *w, bool ok, uint64_t found, size_t n, size_t n_new, mdup_error **why,
                     mdup_error **err)
{
    w->screen.restart = w->screen.restart && !w->pass.session;
    w->must_pass = !ok;
    if (!ok && (mdup_error_get_code(*why) == MDUP_ERROR_ABORTED ||
                (!w->was_published && is_hopeless(w, *why))))
        return mdup_error_move(err, why);
    if (!ok) {
        bool is_done = w->was_published && mdup_error_get_code(*why) == MDUP_ERROR_INVALID;
        w->must_pass = !is_done;
        say_failure(w, *why);
        mdup_error_clear(why);
        mdup_session_close(w->pass.session);
        w->pass.session = NULL;
        w->next_pass_s = fmax(w->next_pass_s, now_s() + w->options->every_s);
        if (!is_done)
            return true;
    }
    bool is_first = !w->has_passed;
    w->has_passed = true;
    w->passed = found;
    w->status.n_passes++;
    w->status.has_new = false;
    w->status.n_micrographs = (int64_t)n;
    if (ok) {
        w->status.n_removed = w->summary.n_removed;
        say_pass(w, is_first ? w->summary.n_read : (int64_t)n_new);
        free(w->said);
        w->said = NULL;
    }
    return true;
}

static bool run_pass(watch *w, mdup_catalog **looked_at, uint64_t found, mdup_error **err)
{
    mdup_error *why = NULL;
    size_t n = (*looked_at)->n;
    size_t n_new = n - mdup_watched_files_count(&w->files, *looked_at, w->n_published);
    double began_s = now_s(), cpu_s = seconds_on(CLOCK_PROCESS_CPUTIME_ID);
    w->was_published = false;
    w->status.is_passing = true;
    bool ok = give_catalog(w, looked_at, &why) &&
              mdup_screen_pass(&w->screen, &w->pass, &w->quiet, &w->summary, &why);
    w->status.is_passing = false;
    schedule_next(w, began_s, seconds_on(CLOCK_PROCESS_CPUTIME_ID) - cpu_s);
    return end_pass(w, ok, found, n, n_new, &why, err);
}

/* ---- a look ---- */

/* By the last look: during a pass nobody looks. */
static bool is_idle(const watch *w)
{
    double limit_s = w->options->until_idle_s;
    return limit_s > 0 && w->looked_s - w->news_s >= limit_s;
}

static bool is_time_to_pass(const watch *w)
{
    return now_s() >= w->next_pass_s || is_idle(w);
}

/* Fewer than before: the list may be half written, or a folder of a file server for a moment empty.  It is believed when it is seen twice. */
static bool has_shrunk(const watch *w, const mdup_catalog *c)
{
    return mdup_watched_files_count(&w->files, c, w->n_published) < w->n_passed;
}

static bool look_at_catalog(watch *w, mdup_catalog **c, mdup_error **err)
{
    uint64_t found = hash_of(*c), found_before = w->found;
    w->found = found;
    if (found != found_before || w->files.has_settled)
        w->news_s = w->looked_s;
    w->must_pass = w->must_pass || w->files.has_settled;
    bool is_other = !w->has_passed || found != w->passed || w->must_pass;
    w->in_doubt = found != found_before && has_shrunk(w, *c);
    w->status.has_new = is_other && (w->has_passed || (*c)->n >= LEAST_MICROGRAPHS) && !w->in_doubt;
    if (!w->has_passed && (*c)->n < LEAST_MICROGRAPHS) {
        say_waiting(w, "one micrograph yet, which there is nothing to compare with");
        return true;
    }
    return !w->status.has_new || !is_time_to_pass(w) || run_pass(w, c, found, err);
}

/* Before there are results the inputs may not be there, or be half written. */
static bool cannot_be_used(watch *w, mdup_error **why, mdup_error **err)
{
    w->inputs_state = 0;
    w->status.has_new = false;
    if (mdup_error_get_code(*why) == MDUP_ERROR_ABORTED)
        return mdup_error_move(err, why);
    if (w->has_passed)
        say_failure(w, *why);
    else
        say_waiting(w, mdup_error_get_message(*why));
    mdup_error_clear(why);
    return true;
}

/* Nothing to be done is found out without reading the inputs, where these are files. */
static bool is_as_before(watch *w, uint64_t state)
{
    if (state == 0 || state != w->inputs_state)
        return false;
    mdup_watched_files_recheck(&w->files);
    return !w->files.has_settled && !(w->status.has_new && is_time_to_pass(w));
}

/* False only when the watch is to end. */
static bool look(watch *w, mdup_error **err)
{
    w->looked_s = now_s();
    mdup_watched_files_look(&w->files);
    uint64_t state = state_of_inputs(&w->screen);
    if (is_as_before(w, state)) {
        w->news_s = w->files.has_changed ? w->looked_s : w->news_s;
        return true;
    }
    mdup_error *why = NULL;
    mdup_catalog *c = build(w, NULL, &why);
    w->news_s = w->files.has_changed ? w->looked_s : w->news_s;
    if (!c)
        return cannot_be_used(w, &why, err);
    bool are_files = are_lists(c), ok = look_at_catalog(w, &c, err);
    w->inputs_state = are_files && !w->in_doubt ? state : 0;
    mdup_catalog_free(c);
    return ok;
}

/* ---- the whole ---- */

static double when_to_wake(const watch *w)
{
    double next_s = w->looked_s + w->options->every_s;
    return w->status.has_new ? fmin(next_s, w->next_pass_s) : next_s;
}

/* False when it is to stop. */
static bool wait_for_next(watch *w)
{
    for (;;) {
        show_status(w);
        if (should_stop(w))
            return false;
        double left_s = when_to_wake(w) - now_s();
        if (left_s <= 0)
            return true;
        double slice_s = fmin(left_s, SLICE_s);
        nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * slice_s)}, NULL);
    }
}

static void say_end(const watch *w)
{
    if (w->files.n_waiting > 0 && w->files.first_waiting)
        mdup_log(&w->callbacks->common, MDUP_LOG_WARNING,
                 "%zu micrograph%s not whole at the end and %s left out; the first is %s",
                 w->files.n_waiting, w->files.n_waiting == 1 ? " was" : "s were",
                 w->files.n_waiting == 1 ? "is" : "are", w->files.first_waiting);
    mdup_log(&w->callbacks->common, MDUP_LOG_INFO, "nothing has come for %g s: ended",
             w->options->until_idle_s);
}

static bool run(watch *w, mdup_error **err)
{
    w->news_s = now_s();
    for (;;) {
        if (!look(w, err))
            return false;
        if (is_idle(w) && !w->status.has_new) {
            say_end(w);
            return true;
        }
        if (!wait_for_next(w))
            return mdup_fail(err, MDUP_ERROR_ABORTED,
                             "stopped on request; the results are those of the last pass");
    }
}

static bool check_options(const mdup_watch_options *o, mdup_error **err)
{
    if (o->screen.dry_run || o->screen.strict || o->screen.no_session)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "a session that is being recorded cannot be watched with --dry-run, "
                         "--strict or --no-session");
    /* Written so that NaN is refused. */
    if (!(o->every_s > 0 && o->until_idle_s >= 0 && o->load_percent >= 0))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--every is more than 0 s, --until-idle and --load are no less than 0");
    return true;
}

static void clear(watch *w)
{
    mdup_catalog_free(w->pass.catalog);
    mdup_session_close(w->pass.session);
    mdup_kept_frames_clear(&w->pass.frames);
    mdup_watched_files_clear(&w->files);
    mdup_news_clear(&w->news);
    mdup_intern_clear(&w->warned);
    free(w->said);
}

bool mdup_watch(const mdup_watch_options *options, const mdup_watch_callbacks *callbacks,
                mdup_screen_summary *summary, mdup_error **err)
{
    static const mdup_watch_callbacks none = {0};
    watch w = {.options = options,
               .callbacks = callbacks ? callbacks : &none,
               .screen = options->screen,
               .quiet = {&w, quiet_log, quiet_progress, quiet_stop, NULL},
               .pass = {.published = published, .context = &w},
               .files = {.settle_s = options->every_s / 2}};
    bool ok = check_options(options, err) && run(&w, err);
    if (summary)
        *summary = w.summary;
    clear(&w);
    return ok;
}
