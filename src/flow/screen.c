#include <microdup/screen.h>

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <microdup/version.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "decide/decide.h"
#include "flow/compare.h"
#include "flow/dry_run.h"
#include "flow/exact_copies.h"
#include "flow/frames.h"
#include "flow/geometry.h"
#include "flow/pair_memory.h"
#include "flow/parameters.h"
#include "flow/pass.h"
#include "flow/reading.h"
#include "flow/recall.h"
#include "flow/report.h"
#include "flow/shots.h"
#include "flow/summary.h"
#include "publish/publish.h"
#include "publish/report.h"
#include "run/executor.h"

/* One screen from input to output. */
typedef struct {
    const mdup_screen_options *options;
    const mdup_callbacks *callbacks;
    mdup_pass *pass; /* NULL: it is the only one */
    int n_threads;
    mdup_catalog *catalog;
    mdup_session *session; /* NULL: nothing is remembered, and recall is empty */
    char *session_path;
    mdup_recall recall;
    size_t *to_read; /* micrographs */
    size_t n_to_read;
    mdup_reading_buffers *buffers; /* one a reader, while it lasts */
    _Atomic int64_t bytes_read;
    mdup_search_budget budget;
    mdup_reading *readings;  /* one a micrograph, in order of acquisition */
    mdup_frames *frames;     /* of the readings */
    mdup_exact_copy *copies; /* one a micrograph */
    mdup_geometries geometries;
    mdup_session_geometry *statistics; /* one a geometry */
    int64_t *comparisons;              /* in the session, one a geometry */
    mdup_judgement *judgements;        /* as published; reasons borrowed from readings */
    mdup_pair *known; /* up to the session's limit of E; sorted by (a, b), shifts in unbinned px */
    size_t n_known, known_capacity;
    mdup_pair *pairs; /* those of them that are significant */
    size_t n_pairs;
    mdup_decision decision;
    mdup_screen_summary summary;
} screen;

void mdup_screen_options_init(mdup_screen_options *options)
{
    *options = (mdup_screen_options){
        .out_dir = "microdup/",
        .order = MDUP_ORDER_AUTO,
        .images_per_move = 1,
        .images_per_hole = 1,
        /* Half of a frame: a micrograph whose larger part was recorded before is spent; below that
         * the user loses more new particles than repeated ones by removing it. */
        .min_overlap = 0.5,
        /* One false pair in a hundred sessions. */
        .max_evalue = 0.01,
        .report_pairs = MDUP_REPORT_PICTURES,
    };
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- reading ---- */

/* By its file alone: of an image of a stack the part of the file that was read is not known. */
static void count_bytes(screen *s, size_t i)
{
    const mdup_micrograph *m = &s->catalog->micrographs[i];
    int64_t bytes = 0;
    if (m->slice == 0 && s->callbacks && s->callbacks->bytes_read)
        bytes = s->session ? s->recall.entries[i].file_bytes : mdup_path_bytes(m->path);
    if (bytes > 0)
        atomic_fetch_add(&s->bytes_read, bytes);
}

static bool read_one(void *context, size_t item, int worker, mdup_error **err)
{
    screen *s = context;
    size_t i = s->to_read[item];
    if (!mdup_read_frame(&s->catalog->micrographs[i], s->options->bin,
                         (mdup_mode0)s->options->mode0, &s->buffers[worker], &s->readings[i],
                         err) ||
        (s->session && !mdup_recall_keep(&s->recall, i, &s->readings[i], err)))
        return false;
    count_bytes(s, i);
    if (s->readings[i].frame)
        mdup_frames_add(s->frames, i, s->session ? s->recall.entries[i].id : 0);
    return true;
}

static bool reading_progress(void *context, size_t done)
{
    screen *s = context;
    const mdup_callbacks *cb = s->callbacks;
    if (cb && cb->bytes_read && s->n_to_read > 0)
        cb->bytes_read(cb->user, atomic_load(&s->bytes_read));
    if (cb && cb->progress && s->n_to_read > 0)
        cb->progress(cb->user, "reading", (int64_t)done, (int64_t)s->n_to_read);
    return !(cb && cb->stop && cb->stop(cb->user));
}

/* A hundred broken files are one broken folder: the first few are named, the rest counted. */
enum { MOST_WARNINGS = 20 };

static void warn_about_files(const screen *s)
{
    size_t n_bad = 0;
    for (size_t i = 0; i < s->catalog->n; i++) {
        const mdup_reading *r = &s->readings[i];
        if (r->warning)
            mdup_log(s->callbacks, MDUP_LOG_WARNING, "%s: %s", s->catalog->micrographs[i].name,
                     r->warning);
        if (!mdup_reading_has_frame(r) && ++n_bad <= MOST_WARNINGS)
            mdup_log(s->callbacks, MDUP_LOG_WARNING, "%s",
                     r->judgement.reason ? r->judgement.reason : "out of memory");
    }
    if (n_bad > MOST_WARNINGS)
        mdup_log(s->callbacks, MDUP_LOG_WARNING,
                 "%zu more micrographs cannot be judged; micrographs.csv lists them",
                 n_bad - MOST_WARNINGS);
}

static bool check_strict(const screen *s, mdup_error **err)
{
    for (size_t i = 0; s->options->strict && i < s->catalog->n; i++)
        if (!mdup_reading_has_frame(&s->readings[i]))
            return mdup_fail(err, MDUP_ERROR_INVALID, "%s (--strict)",
                             s->readings[i].judgement.reason);
    return true;
}

static bool check_strict_sizes(const screen *s, mdup_error **err)
{
    if (!s->options->strict || s->geometries.n < 2)
        return true;
    const mdup_geometry *odd = &s->geometries.items[1], *usual = &s->geometries.items[0];
    return mdup_fail(err, MDUP_ERROR_INVALID, "%s: %d x %d px, most are %d x %d px (--strict)",
                     s->catalog->micrographs[odd->members[0]].name, odd->nx, odd->ny, usual->nx,
                     usual->ny);
}

static bool list_what_to_read(screen *s, mdup_error **err)
{
    if (!(s->to_read = mdup_calloc(s->catalog->n, sizeof *s->to_read, err)))
        return false;
    for (size_t i = 0; i < s->catalog->n; i++)
        if (!s->session || !s->recall.is_known[i])
            s->to_read[s->n_to_read++] = i;
    return true;
}

/* The session, a log, what the caller has open. */
enum { OTHER_FILES = 24 };

/* A reader has one file open.  With more readers than ulimit -n lets be open, micrographs that are sound could not be opened and would not be
 * judged. */
static double most_readers(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return HUGE_VAL;
    return fmax(1, (double)limit.rlim_cur - OTHER_FILES);
}

/* The default hides what opening a file and waiting for its first bytes takes: with storage of 1 GB/s and requests of 0.4 MB that follow one
 * another two threads read at 0.86 of its speed, four at 0.97. */
static int count_readers(const screen *s)
{
    int wanted = s->options->io_threads;
    if (wanted <= 0)
        wanted = s->n_threads > 1 ? s->n_threads + 2 : 1;
    return (int)fmin(wanted, most_readers());
}

static bool read_files(screen *s, mdup_error **err)
{
    int n_readers = count_readers(s);
    size_t n = (size_t)n_readers;
    if (!(s->buffers = mdup_calloc(n, sizeof *s->buffers, err)))
        return false;
    mdup_batch batch = {s->n_to_read, n_readers, read_one, reading_progress, s};
    bool ok = mdup_run_batch(&batch, err);
    for (size_t i = 0; i < n; i++)
        mdup_reading_buffers_clear(&s->buffers[i]);
    free(s->buffers);
    return ok;
}

static bool read_all(screen *s, mdup_error **err)
{
    double began_s = now_s();
    s->readings = mdup_calloc(s->catalog->n, sizeof *s->readings, err);
    if (!s->readings ||
        !(s->frames = mdup_frames_new(s->session, s->session_path, s->readings, s->catalog->n,
                                      s->budget.frames_bytes, err)) ||
        (s->session && !mdup_recall_readings(s->session, s->catalog, s->options,
                                             s->pass ? &s->pass->frames : NULL, s->callbacks,
                                             s->readings, s->frames, &s->recall, err)) ||
        !list_what_to_read(s, err))
        return false;
    if (!read_files(s, err))
        return false;
    s->summary.read_s = now_s() - began_s;
    warn_about_files(s);
    return check_strict(s, err);
}

/* ---- the session ---- */

static char *make_session_path(const mdup_screen_options *o, mdup_error **err)
{
    return o->session ? mdup_strdup(o->session, err)
                      : mdup_path_join(o->out_dir, "session.mdup", err);
}

static bool open_session(screen *s, mdup_error **err)
{
    if (s->options->no_session)
        return true;
    if (!(s->session_path = make_session_path(s->options, err)))
        return false;
    if (s->pass && s->pass->session) {
        s->session = s->pass->session;
        return true;
    }
    s->session = mdup_session_work(s->session_path, s->options->restart, s->callbacks, err);
    if (s->pass)
        s->pass->session = s->session;
    return s->session && mdup_session_begin_run(s->session, s->pass ? "watch" : "screen",
                                                s->options->command_line, err);
}

/* ---- comparing ---- */

typedef struct {
    const screen *screen;
    const mdup_geometry *geometry;
    int64_t *group; /* of each member; NULL: pairs of any */
    uint64_t *keys; /* of each member */
    int64_t *ids;   /* of each member, in the session */
    mdup_shots shots;
} frame_source;

static const int8_t *get_frame(void *context, size_t index, mdup_error **err)
{
    const frame_source *source = context;
    return mdup_frames_get(source->screen->frames, source->geometry->members[index], err);
}

static void release_frame(void *context, size_t index)
{
    const frame_source *source = context;
    mdup_frames_release(source->screen->frames, source->geometry->members[index]);
}

static mdup_search_frames frames_of(const screen *s, frame_source *source)
{
    const mdup_geometry *g = source->geometry;
    return (mdup_search_frames){
        .nx = g->frame_nx,
        .ny = g->frame_ny,
        .n = g->n,
        .get = get_frame,
        .release = release_frame,
        .context = source,
        .hole = source->shots.hole,
        .shot = source->shots.shot,
        .noise_share = g->noise_share,
        .order = g->members,
        .images_per_move = s->options->images_per_move,
        .images_per_hole = s->options->images_per_hole,
        .scan_range = s->options->scan_range,
        .group = source->group,
        .key = source->keys,
        .max_shift_px = s->options->max_shift_px / g->bin,
        .spectra_bytes = s->budget.spectra_bytes,
    };
}

static bool list_groups(frame_source *source, mdup_error **err)
{
    const mdup_geometry *g = source->geometry;
    if (!source->screen->options->same_optics_group)
        return true;
    source->group = mdup_calloc(g->n, sizeof *source->group, err);
    for (size_t i = 0; source->group && i < g->n; i++)
        source->group[i] = source->screen->catalog->micrographs[g->members[i]].optics_group;
    return source->group != NULL;
}

typedef struct {
    uint64_t hash;
    size_t member;
} hashed;

static int by_hash_then_member(const void *left, const void *right)
{
    const hashed *l = left, *r = right;
    if (l->hash != r->hash)
        return l->hash < r->hash ? -1 : 1;
    return l->member < r->member ? -1 : l->member > r->member;
}

/* Keys are of the frames' bytes; of several equal frames each has one of its own. */
static bool make_keys(frame_source *source, mdup_error **err)
{
    const mdup_geometry *g = source->geometry;
    hashed *sorted = mdup_calloc(g->n, sizeof *sorted, err);
    source->keys = sorted ? mdup_calloc(g->n, sizeof *source->keys, err) : NULL;
    if (source->keys) {
        for (size_t i = 0; i < g->n; i++)
            sorted[i] = (hashed){source->screen->readings[g->members[i]].frame_hash, i};
        qsort(sorted, g->n, sizeof *sorted, by_hash_then_member);
        uint64_t equals = 0;
        for (size_t i = 0; i < g->n; i++) {
            equals = i > 0 && sorted[i].hash == sorted[i - 1].hash ? equals + 1 : 0;
            source->keys[sorted[i].member] = mdup_mix(sorted[i].hash, equals);
        }
    }
    free(sorted);
    return source->keys != NULL;
}

static bool list_ids(frame_source *source, mdup_error **err)
{
    const mdup_geometry *g = source->geometry;
    const screen *s = source->screen;
    if (!s->session)
        return true;
    source->ids = mdup_calloc(g->n, sizeof *source->ids, err);
    for (size_t i = 0; source->ids && i < g->n; i++)
        source->ids[i] = s->recall.entries[g->members[i]].id;
    return source->ids != NULL;
}

static bool make_source(const screen *s, const mdup_geometry *g, frame_source *source,
                        mdup_error **err)
{
    *source = (frame_source){.screen = s, .geometry = g};
    return list_groups(source, err) && make_keys(source, err) && list_ids(source, err) &&
           mdup_shots_find(s->catalog, g->members, g->n, &source->shots, err);
}

static void clear_source(frame_source *source)
{
    free(source->group);
    free(source->keys);
    free(source->ids);
    mdup_shots_clear(&source->shots);
}

/* From indices and binned px of a geometry to those of the session. */
static bool add_pairs(screen *s, const mdup_geometry *g, const mdup_pair_list *list,
                      mdup_error **err)
{
    if (!mdup_grow((void **)&s->known, &s->known_capacity, s->n_known + list->n, sizeof *s->known,
                   err))
        return false;
    for (size_t i = 0; i < list->n; i++) {
        mdup_pair pair = list->items[i];
        pair.a = g->members[pair.a];
        pair.b = g->members[pair.b];
        pair.shift_x_px *= g->bin;
        pair.shift_y_px *= g->bin;
        pair.shift_sd_px *= g->bin;
        s->known[s->n_known++] = pair;
    }
    return true;
}

/* Takes over the drawn pairs of the list. */
static mdup_session_geometry describe_geometry(const mdup_geometry *g, mdup_pair_list *list)
{
    mdup_session_geometry out = {.nx = g->nx,
                                 .ny = g->ny,
                                 .pixel_A = g->pixel_A,
                                 .bin = g->bin,
                                 .frame_nx = g->frame_nx,
                                 .frame_ny = g->frame_ny,
                                 .n_micrographs = (int64_t)g->n,
                                 .n_sample = (int64_t)list->n_sample,
                                 .n_compared = list->n_compared,
                                 .spot_share = list->spot_share,
                                 .noise_share = list->noise_share,
                                 .null = list->null,
                                 .weights = list->weights,
                                 .drawn = list->drawn,
                                 .n_drawn = list->n_drawn};
    list->drawn = NULL;
    return out;
}

/* Lattices have a quarter and more of their power in spots, bundles of parallel filaments 7 %, other specimens none. */
static const double CRYSTAL_SPOT_SHARE = 0.15;

static void warn_about_crystal(screen *s, double spot_share)
{
    s->summary.spot_share = fmax(s->summary.spot_share, spot_share);
    if (spot_share >= CRYSTAL_SPOT_SHARE)
        mdup_log(
            s->callbacks, MDUP_LOG_WARNING,
            "the micrographs show a crystal: %.0f %% of their signal is in Bragg spots.  One place "
            "of a lattice looks like the next, so duplicates are told by its faults alone; "
            "what is perfect cannot be judged, and some may be missing",
            100 * spot_share);
}

static double most_evalue(const screen *s)
{
    return fmax(MDUP_SESSION_MOST_EVALUE, s->options->max_evalue);
}

static bool compare_source(screen *s, frame_source *source, mdup_pair_list *list,
                           int64_t *comparison, mdup_error **err)
{
    mdup_search_frames frames = frames_of(s, source);
    mdup_pair_memory *memory = NULL;
    mdup_compare_memory callbacks;
    int64_t n_pairs;
    if (!mdup_search_count_pairs(&frames, &n_pairs, err))
        return false;
    if (s->session) {
        if (!(memory = mdup_pair_memory_new(s->session, source->ids, source->geometry->n,
                                            s->callbacks, err)))
            return false;
        callbacks = mdup_pair_memory_callbacks(memory);
    }
    bool ok = mdup_compare_frames(&frames, memory ? &callbacks : NULL, most_evalue(s),
                                  mdup_expected_pairs(s->options, source->geometry->n, n_pairs),
                                  s->n_threads, s->callbacks, list, err);
    *comparison = memory ? mdup_pair_memory_comparison(memory) : 0;
    mdup_pair_memory_free(memory);
    return ok;
}

static bool compare_geometry(screen *s, size_t number, mdup_error **err)
{
    const mdup_geometry *g = &s->geometries.items[number];
    frame_source source;
    mdup_pair_list list = {0};
    bool ok = make_source(s, g, &source, err) &&
              compare_source(s, &source, &list, &s->comparisons[number], err) &&
              add_pairs(s, g, &list, err);
    if (ok) {
        s->summary.n_pairs_compared += list.n_compared;
        warn_about_crystal(s, list.spot_share);
        s->statistics[number] = describe_geometry(g, &list);
    }
    mdup_pair_list_clear(&list);
    clear_source(&source);
    return ok;
}

static bool compare_geometries(screen *s, mdup_error **err)
{
    size_t n = s->geometries.n;
    if (!(s->statistics = mdup_calloc(n, sizeof *s->statistics, err)) ||
        !(s->comparisons = mdup_calloc(n, sizeof *s->comparisons, err)))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!compare_geometry(s, i, err))
            return false;
    return true;
}

static bool find_copies(screen *s, mdup_error **err)
{
    s->copies = mdup_calloc(s->catalog->n, sizeof *s->copies, err);
    if (!s->copies ||
        !mdup_exact_copies_find(s->catalog, s->readings, s->options, s->session ? &s->recall : NULL,
                                s->callbacks, s->copies, err))
        return false;
    for (size_t i = 0; i < s->catalog->n; i++)
        s->summary.n_exact_copies += s->copies[i].first != i;
    return true;
}

static int by_a_then_b(const void *left, const void *right)
{
    const mdup_pair *l = left, *r = right;
    if (l->a != r->a)
        return l->a < r->a ? -1 : 1;
    return l->b < r->b ? -1 : l->b > r->b;
}

static bool select_significant(screen *s, mdup_error **err)
{
    if (!(s->pairs = mdup_calloc(s->n_known, sizeof *s->pairs, err)))
        return false;
    for (size_t i = 0; i < s->n_known; i++)
        if (s->known[i].log10_evalue <= log10(s->options->max_evalue))
            s->pairs[s->n_pairs++] = s->known[i];
    return true;
}

static bool compare_all(screen *s, mdup_error **err)
{
    double began_s = now_s();
    if (!mdup_geometries_find(s->readings, s->catalog->n, &s->geometries, err) ||
        !check_strict_sizes(s, err) || !find_copies(s, err) || !compare_geometries(s, err) ||
        !mdup_exact_copies_merge(s->copies, s->catalog->n, &s->known, &s->n_known,
                                 &s->known_capacity, err))
        return false;
    if (s->n_known > 0)
        qsort(s->known, s->n_known, sizeof *s->known, by_a_then_b);
    s->summary.compare_s = now_s() - began_s;
    s->summary.bin = s->geometries.n > 0 ? s->geometries.items[0].bin : 0;
    return select_significant(s, err);
}

/* ---- judging and writing ---- */

/* With what a micrograph of an odd size was compared, or what it was found to be. */
static void put_comparison(const screen *s, const mdup_geometry *g, size_t index, mdup_strbuf *text)
{
    const mdup_exact_copy *copy = &s->copies[index];
    if (copy->first != index)
        mdup_strbuf_printf(text, "; an exact copy of %s (%s)",
                           s->catalog->micrographs[copy->first].name,
                           mdup_orientation_copy_name(copy->orientation));
    else if (g->n > 1)
        mdup_strbuf_printf(text, "; compared with the %zu other%s of its kind only", g->n - 1,
                           g->n == 2 ? "" : "s");
    else
        mdup_strbuf_puts(text, "; the only one of its kind, compared with none");
}

static bool describe_odd_size(const screen *s, const mdup_geometry *g, size_t index, char **reason,
                              mdup_error **err)
{
    const mdup_geometry *usual = &s->geometries.items[0];
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&text, "%d x %d px", g->nx, g->ny);
    if (g->pixel_A > 0)
        mdup_strbuf_printf(&text, " of %.4g A", g->pixel_A);
    mdup_strbuf_printf(&text, ", most are %d x %d px", usual->nx, usual->ny);
    if (usual->pixel_A > 0)
        mdup_strbuf_printf(&text, " of %.4g A", usual->pixel_A);
    put_comparison(s, g, index, &text);
    if (!mdup_strbuf_check(&text, err)) {
        mdup_strbuf_free(&text);
        return false;
    }
    *reason = text.text;
    return true;
}

static bool mark_odd_sizes(screen *s, mdup_error **err)
{
    for (size_t i = 1; i < s->geometries.n; i++) {
        const mdup_geometry *g = &s->geometries.items[i];
        for (size_t m = 0; m < g->n; m++) {
            mdup_judgement *judgement = &s->readings[g->members[m]].judgement;
            judgement->status = MDUP_STATUS_ODD_SIZE;
            if (!describe_odd_size(s, g, g->members[m], &judgement->reason, err))
                return false;
            if (m < MOST_WARNINGS)
                mdup_log(s->callbacks, MDUP_LOG_WARNING, "%s: %s",
                         s->catalog->micrographs[g->members[m]].name, judgement->reason);
        }
    }
    return true;
}

static bool judge_all(screen *s, mdup_error **err)
{
    s->judgements = mdup_calloc(s->catalog->n, sizeof *s->judgements, err);
    if (!s->judgements || !mark_odd_sizes(s, err))
        return false;
    s->summary.n_micrographs = (int64_t)s->catalog->n;
    s->summary.n_read = (int64_t)s->n_to_read;
    for (size_t i = 0; i < s->catalog->n; i++) {
        s->judgements[i] = s->readings[i].judgement;
        if (mdup_status_is_judged(s->judgements[i].status))
            s->summary.n_judged++;
        else
            s->summary.n_not_judged++;
    }
    return true;
}

static bool decide(screen *s, mdup_error **err)
{
    if (!mdup_decide(s->pairs, s->n_pairs, s->catalog->n, s->options->min_overlap, &s->decision,
                     err))
        return false;
    s->summary.n_duplicate_pairs = (int64_t)s->decision.n_duplicate_pairs;
    s->summary.n_overlap_pairs = (int64_t)(s->n_pairs - s->decision.n_duplicate_pairs);
    s->summary.n_sets = s->decision.n_sets;
    s->summary.n_removed = (int64_t)s->decision.n_removed;
    return true;
}

static bool remember_result(screen *s, mdup_error **err)
{
    if (!s->session)
        return true;
    int64_t *ids = mdup_calloc(s->catalog->n, sizeof *ids, err);
    mdup_parameters parameters = {0};
    bool ok = ids && mdup_parameters_of_options(s->options, &parameters, err);
    if (ok) {
        for (size_t i = 0; i < s->catalog->n; i++)
            ids[i] = s->recall.entries[i].id;
        mdup_session_new_result result = {.catalog = s->catalog,
                                          .ids = ids,
                                          .judgements = s->judgements,
                                          .pairs = s->known,
                                          .n_pairs = s->n_known,
                                          .most_evalue = most_evalue(s),
                                          .published = s->pairs,
                                          .n_published = s->n_pairs,
                                          .decision = &s->decision,
                                          .n_exact_copies = s->summary.n_exact_copies,
                                          .geometries = s->statistics,
                                          .comparisons = s->comparisons,
                                          .n_geometries = s->geometries.n,
                                          .parameters = parameters.items,
                                          .n_parameters = parameters.n};
        ok = mdup_session_put_result(s->session, &result, err);
    }
    mdup_parameters_clear(&parameters);
    free(ids);
    return ok;
}

/* It stays until the next one is loaded, which drops it last of all. */
static bool load_frame(void *context, size_t index, mdup_reading *reading)
{
    screen *s = context;
    mdup_error *why = NULL;
    if (!mdup_reading_has_frame(reading))
        return false;
    if (mdup_frames_get(s->frames, index, &why)) {
        mdup_frames_release(s->frames, index);
        return true;
    }
    mdup_log(s->callbacks, MDUP_LOG_WARNING, "%s: no picture in the report: %s",
             s->catalog->micrographs[index].name, mdup_error_get_message(why));
    mdup_error_clear(&why);
    return false;
}

static bool publish(screen *s, double began_s, mdup_error **err)
{
    const char *out_dir = s->options->out_dir;
    mdup_results results = {s->catalog, s->judgements, s->pairs, s->n_pairs, &s->decision};
    if (!mdup_publish(out_dir, &results, err))
        return false;
    s->summary.total_s = now_s() - began_s;
    mdup_report_job report = {.options = s->options,
                              .summary = &s->summary,
                              .results = &results,
                              .readings = s->readings,
                              .load_frame = load_frame,
                              .context = s,
                              .usual = s->geometries.n > 0 ? &s->statistics[0] : NULL,
                              .session = s->session ? s->session_path : NULL,
                              .n_threads = s->n_threads};
    if (!mdup_report_session(&report, s->callbacks, err))
        return false;
    s->summary.total_s = now_s() - began_s;
    mdup_strbuf json = MDUP_STRBUF_INIT;
    mdup_summary_json(s->options, &s->summary, s->catalog, NULL, s->n_threads, &json);
    bool ok =
        mdup_strbuf_check(&json, err) && mdup_publish_summary(out_dir, json.text, json.length, err);
    mdup_strbuf_free(&json);
    return ok &&
           (!s->pass || !s->pass->published || s->pass->published(s->pass->context, &results, err));
}

/* ---- the whole ---- */

/* A session of which nothing could be read has no duplicates and is not clean either: what comes next must not go on with it. */
static bool check_any_judged(const screen *s, mdup_error **err)
{
    if (s->summary.n_judged > 0)
        return true;
    return mdup_fail(err, MDUP_ERROR_INVALID,
                     "nothing could be judged, of %zu micrograph%s; the first: %s", s->catalog->n,
                     s->catalog->n == 1 ? "" : "s",
                     s->judgements[0].reason ? s->judgements[0].reason : "no reason known");
}

static const double LARGEST_SHIFT_px = 1e9;

static bool check_options(const mdup_screen_options *o, mdup_error **err)
{
    if (o->n_inputs == 0)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "no input: name a STAR file, a list, a folder or a pattern");
    if (o->out_dir[0] == '\0')
        return mdup_fail(err, MDUP_ERROR_INVALID, "--o needs the name of a folder");
    if (o->images_per_move < 1 || o->images_per_hole < 1 || o->scan_range < 0)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--imagespermove and --imagesperhole begin at 1, --scanrange at 0");
    if (o->expect < 0)
        return mdup_fail(err, MDUP_ERROR_INVALID, "--expect begins at 0");
    if (o->report_pairs < 0)
        return mdup_fail(err, MDUP_ERROR_INVALID, "--report-pairs begins at 0");
    /* Written so that NaN is refused. */
    if (!(o->max_shift_px >= 0 && o->max_shift_px <= LARGEST_SHIFT_px))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--max-shift %g is not possible: use 0 (no limit) to 1e9 px",
                         o->max_shift_px);
    return true;
}

static void say_plan(const screen *s)
{
    const mdup_catalog *c = s->catalog;
    mdup_log(s->callbacks, MDUP_LOG_INFO, "%zu micrograph%s; order: %s (%s)", c->n,
             c->n == 1 ? "" : "s", mdup_order_name(c->order_used), c->order_reason);
    size_t n_grouped = 0;
    for (size_t i = 0; i < c->n; i++)
        n_grouped += c->micrographs[i].optics_group != 0;
    if (s->options->same_optics_group && n_grouped == 0)
        mdup_log(s->callbacks, MDUP_LOG_WARNING,
                 "the input has no optics groups: --optics-group same leaves no pair out");
}

static bool find_micrographs(screen *s, mdup_error **err)
{
    if (s->pass) {
        s->catalog = s->pass->catalog;
        s->pass->catalog = NULL;
        return true;
    }
    s->catalog =
        mdup_catalog_build(s->options->inputs, s->options->n_inputs,
                           &(mdup_catalog_options){.order = s->options->order,
                                                   .project_dir = s->options->project_dir,
                                                   .metadata_dir = s->options->metadata_dir},
                           s->callbacks, err);
    return s->catalog != NULL;
}

/* More than this is of no use to 13,000 micrographs, and hardly any to more. */
static const double MOST_MEMORY_BY_ITSELF_bytes = 4e9;

static double memory_of(const mdup_screen_options *o)
{
    return o->memory_bytes > 0
               ? o->memory_bytes
               : fmin(mdup_memory_allowed_bytes("") / 4, MOST_MEMORY_BY_ITSELF_bytes);
}

static bool run(screen *s, mdup_error **err)
{
    double began_s = now_s();
    if (!find_micrographs(s, err))
        return false;
    s->budget = mdup_search_share(memory_of(s->options), s->catalog->n);
    say_plan(s);
    if (s->options->dry_run)
        return mdup_dry_run(s->options, s->catalog, s->n_threads, &s->budget, s->callbacks,
                            &s->summary, err);
    return mdup_publish_claim(s->options->out_dir, s->catalog, err) && open_session(s, err) &&
           read_all(s, err) && compare_all(s, err) && judge_all(s, err) && decide(s, err) &&
           remember_result(s, err) && publish(s, began_s, err) && check_any_judged(s, err);
}

/* Frames of the session, for the next pass.  What there is no memory for is read again. */
static void keep_frames(screen *s)
{
    size_t n = 0;
    mdup_kept_frame *items = NULL;
    if (s->readings && s->recall.entries)
        items = mdup_calloc(s->catalog->n, sizeof *items, NULL);
    for (size_t i = 0; items && i < s->catalog->n; i++) {
        mdup_reading *r = &s->readings[i];
        if (!r->frame || s->recall.entries[i].id == 0)
            continue;
        items[n++] = (mdup_kept_frame){s->recall.entries[i].id, r->frame_hash, r->frame};
        r->frame = NULL;
    }
    if (items)
        mdup_kept_frames_put(&s->pass->frames, items, n);
}

static void clear(screen *s)
{
    /* What was found before it failed or was stopped is kept.  When it is the session that has failed this fails once more. */
    if (s->session)
        (void)!mdup_session_commit(s->session, NULL);
    if (s->pass)
        keep_frames(s);
    else
        mdup_session_close(s->session);
    free(s->session_path);
    mdup_recall_clear(&s->recall);
    free(s->to_read);
    for (size_t i = 0; s->readings && i < s->catalog->n; i++)
        mdup_reading_clear(&s->readings[i]);
    free(s->readings);
    mdup_frames_free(s->frames);
    free(s->copies);
    free(s->judgements);
    free(s->known);
    free(s->pairs);
    mdup_session_geometries_free(s->statistics, s->geometries.n);
    free(s->comparisons);
    mdup_geometries_clear(&s->geometries);
    mdup_decision_clear(&s->decision);
    mdup_catalog_free(s->catalog);
}

bool mdup_screen_pass(const mdup_screen_options *options, mdup_pass *pass,
                      const mdup_callbacks *callbacks, mdup_screen_summary *summary,
                      mdup_error **err)
{
    screen s = {.options = options, .callbacks = callbacks, .pass = pass};
    s.n_threads = options->n_threads > 0 ? options->n_threads : mdup_default_workers();
    bool ok = check_options(options, err) && run(&s, err);
    if (ok && summary)
        *summary = s.summary;
    clear(&s);
    return ok;
}

bool mdup_screen(const mdup_screen_options *options, const mdup_callbacks *callbacks,
                 mdup_screen_summary *summary, mdup_error **err)
{
    return mdup_screen_pass(options, NULL, callbacks, summary, err);
}
