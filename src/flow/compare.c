#include "flow/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "flow/exact_copies.h"
#include "flow/siblings.h"
#include "run/executor.h"
#include "search/copies.h"
#include "verify/power.h"
#include "verify/repeats.h"
#include "verify/significance.h"
#include "verify/verify.h"

typedef struct {
    mdup_condition_scratch *condition;
    mdup_power_meter *meter;
    mdup_verifier *verifier;
    mdup_repeats *repeats; /* NULL until it is needed */
    float *clean[2];       /* the two frames of a pair */
} worker;

typedef struct comparison comparison;

/* A stage whose looks can be remembered. */
typedef struct {
    const char *name; /* of the progress; NULL: none is shown */
    size_t n_items;
    void (*name_frames)(const comparison *c, size_t item, size_t frames[2]);
    mdup_job job;
    bool (*recall)(comparison *c, size_t item); /* false: it is not known, or not all of it */
    void (*describe)(const comparison *c, size_t item, mdup_look *look);
} look_stage;

struct comparison {
    const mdup_search_frames *frames;
    const mdup_compare_memory *memory; /* NULL: none */
    const mdup_callbacks *callbacks;
    int n_threads;
    int64_t least_pairs;
    double max_evalue;
    mdup_conditioner *conditioner;
    mdup_statistics statistics;
    double *powers;     /* of the frames in the sample, MDUP_RADIAL_BINS each */
    float *spot_shares; /* of the same */
    worker *workers;
    mdup_shortlist shortlist;
    mdup_pair *pairs; /* one a candidate, then what siblings add; log10_evalue filled in last */
    size_t n_pairs;
    mdup_null null;
    mdup_overlap_weights weights;
    mdup_copies copies;
    mdup_siblings siblings;
    double *heights; /* of the best place of each candidate */
    size_t
        *sampled; /* drawn candidates that tell what pairs reach at a shift that no search chose, */
    double *given_height; /* and what each reached at the one looked at last */
    size_t n_sampled;
    size_t *doubted;             /* candidates that repeats may explain, */
    mdup_repeat_heights *doubts; /* and how far they do */
    size_t n_doubted;
    size_t power_cells; /* of a frame; */
    uint16_t *power;    /* those of each frame, once they are measured */
    bool *has_power;
    size_t *to_measure; /* frames */
    const char *stage;
    size_t stage_items, stage_done; /* of which before this batch */
    const look_stage *looking;
    const size_t *to_look_at; /* items of this batch */
};

static bool report(void *context, size_t done)
{
    comparison *c = context;
    const mdup_callbacks *cb = c->callbacks;
    if (cb && cb->progress && c->stage)
        cb->progress(cb->user, c->stage, (int64_t)(c->stage_done + done), (int64_t)c->stage_items);
    return !(cb && cb->stop && cb->stop(cb->user));
}

static bool run_stage(comparison *c, const char *stage, size_t n_items, mdup_job job,
                      mdup_error **err)
{
    c->stage = stage;
    c->stage_items = n_items;
    c->stage_done = 0;
    mdup_batch batch = {n_items, c->n_threads, job, report, c};
    return mdup_run_batch(&batch, err);
}

/* ---- session statistics ---- */

static bool measure_power(void *context, size_t item, int w, mdup_error **err)
{
    comparison *c = context;
    const int8_t *frame = mdup_search_get(c->frames, item, err);
    if (!frame)
        return false;
    c->spot_shares[item] = (float)mdup_condition_power(
        c->conditioner, frame, c->workers[w].condition, c->powers + item * MDUP_RADIAL_BINS);
    mdup_search_release(c->frames, item);
    return true;
}

static bool add_up(comparison *c, mdup_error **err)
{
    mdup_statistics *st = &c->statistics;
    size_t pixels = (size_t)st->nx * (size_t)st->ny;
    for (size_t f = 0; f < st->n_frames; f++) {
        const int8_t *frame = mdup_search_get(c->frames, f, err);
        if (!frame)
            return false;
        for (size_t i = 0; i < pixels; i++)
            st->sum[i] += frame[i];
        mdup_search_release(c->frames, f);
        for (int k = 0; k < MDUP_RADIAL_BINS; k++)
            st->power[k] += c->powers[f * MDUP_RADIAL_BINS + (size_t)k] / (double)st->n_frames;
    }
    return true;
}

static int by_share(const void *left, const void *right)
{
    float l = *(const float *)left, r = *(const float *)right;
    return l < r ? -1 : l > r;
}

static bool find_median(const float *shares, size_t n, double *median, mdup_error **err)
{
    float *sorted = mdup_calloc(n, sizeof *sorted, err);
    if (!sorted)
        return false;
    memcpy(sorted, shares, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_share);
    *median = (double)sorted[n / 2];
    free(sorted);
    return true;
}

static bool measure_statistics(comparison *c, mdup_error **err)
{
    mdup_statistics *st = &c->statistics;
    st->noise_share = 1;
    if (!(c->powers = mdup_calloc(st->n_frames, MDUP_RADIAL_BINS * sizeof *c->powers, err)) ||
        !(c->spot_shares = mdup_calloc(st->n_frames, sizeof *c->spot_shares, err)) ||
        !run_stage(c, NULL, st->n_frames, measure_power, err) ||
        !find_median(c->spot_shares, st->n_frames, &st->spot_share, err) ||
        (c->frames->noise_share &&
         !find_median(c->frames->noise_share, st->n_frames, &st->noise_share, err)))
        return false;
    return add_up(c, err);
}

static uint64_t hash_double(uint64_t seed, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return mdup_mix(seed, bits);
}

/* Of all that statistics, candidates and looks depend on beside the two frames of a pair. */
static uint64_t key_of(const comparison *c)
{
    const mdup_search_frames *f = c->frames;
    uint64_t key = mdup_mix(MDUP_COMPARE_METHOD, (uint64_t)f->nx << 32 | (uint32_t)f->ny);
    key = hash_double(key, f->max_shift_px);
    for (size_t i = 0; i < c->statistics.n_frames; i++)
        key = hash_double(mdup_mix(key, f->key[i]), f->noise_share ? (double)f->noise_share[i] : 1);
    return key;
}

static bool make_statistics(comparison *c, mdup_search_frames *frames, mdup_error **err)
{
    mdup_statistics *st = &c->statistics;
    st->nx = c->frames->nx;
    st->ny = c->frames->ny;
    st->n_frames = mdup_statistics_sample_size(c->frames->n);
    st->sum = mdup_calloc((size_t)st->nx * (size_t)st->ny, sizeof *st->sum, err);
    bool known = false;
    const mdup_compare_memory *memory = c->memory;
    if (!st->sum ||
        (memory && !memory->begin(memory->context, key_of(c), st, &known, &frames->memory, err)))
        return false;
    if (!known && (!measure_statistics(c, err) ||
                   (memory && !memory->keep_statistics(memory->context, st, err))))
        return false;
    mdup_conditioner_set_statistics(c->conditioner, st);
    return true;
}

/* ---- looks, and what is remembered of them ---- */

static bool look_at_one(void *context, size_t item, int w, mdup_error **err)
{
    comparison *c = context;
    return c->looking->job(c, c->to_look_at[item], w, err);
}

static bool keep_looks(comparison *c, const size_t *items, size_t n, mdup_error **err)
{
    if (!c->memory)
        return true;
    mdup_look *looks = mdup_calloc(n, sizeof *looks, err);
    for (size_t i = 0; looks && i < n; i++)
        c->looking->describe(c, items[i], &looks[i]);
    bool ok = looks && c->memory->keep_looks(c->memory->context, looks, n, err);
    free(looks);
    return ok;
}

/* What is found is kept each time after so many pairs a thread: a third of a second's work, of which 1 % is lost by waiting for the last one. */
enum { LOOKS_AT_A_TIME = 64 };

static bool look_at_rest(comparison *c, const size_t *rest, size_t n, mdup_error **err)
{
    size_t portion = c->memory ? LOOKS_AT_A_TIME * (size_t)c->n_threads : n;
    for (size_t first = 0; first < n; first += portion) {
        size_t count = n - first < portion ? n - first : portion;
        c->to_look_at = rest + first;
        mdup_batch batch = {count, c->n_threads, look_at_one, report, c};
        if (!mdup_run_batch(&batch, err) || !keep_looks(c, rest + first, count, err))
            return false;
        c->stage_done += count;
    }
    return true;
}

static mdup_verify_frame frame_at(const comparison *c, size_t index, const float *clean)
{
    return (mdup_verify_frame){clean, c->power + index * c->power_cells};
}

static bool measure_frame(void *context, size_t item, int w, mdup_error **err)
{
    comparison *c = context;
    size_t index = c->to_measure[item];
    worker *me = &c->workers[w];
    const int8_t *frame = mdup_search_get(c->frames, index, err);
    if (!frame)
        return false;
    mdup_condition_clean(c->conditioner, frame, index < c->statistics.n_frames, NULL, me->condition,
                         me->clean[0]);
    mdup_search_release(c->frames, index);
    mdup_power_measure(me->meter, me->clean[0], c->power + index * c->power_cells);
    return true;
}

/* Where the power lies of the frames that are looked at. */
static bool measure_frames(comparison *c, const look_stage *stage, const size_t *items, size_t n,
                           mdup_error **err)
{
    size_t n_to_measure = 0;
    for (size_t i = 0; i < n; i++) {
        size_t frames[2];
        stage->name_frames(c, items[i], frames);
        for (int side = 0; side < 2; side++) {
            if (!c->has_power[frames[side]])
                c->to_measure[n_to_measure++] = frames[side];
            c->has_power[frames[side]] = true;
        }
    }
    return run_stage(c, NULL, n_to_measure, measure_frame, err);
}

static bool run_look_stage(comparison *c, const look_stage *stage, mdup_error **err)
{
    size_t *rest = mdup_calloc(stage->n_items, sizeof *rest, err);
    size_t n = 0;
    for (size_t i = 0; rest && i < stage->n_items; i++)
        if (!c->memory || !stage->recall(c, i))
            rest[n++] = i;
    bool ok = rest && measure_frames(c, stage, rest, n, err);
    c->looking = stage;
    c->stage = stage->name;
    c->stage_items = stage->n_items;
    c->stage_done = stage->n_items - n;
    ok = ok && look_at_rest(c, rest, n, err);
    free(rest);
    return ok;
}

static bool recall_look(const comparison *c, size_t a, size_t b, mdup_look_kind kind,
                        mdup_look *look)
{
    *look = (mdup_look){.a = a, .b = b, .kind = kind};
    return c->memory->recall_look(c->memory->context, look);
}

/* The order of the signs. */
enum {
    SIGN_SCORE,
    SIGN_HEIGHT,
    SIGN_SHIFT_X,
    SIGN_SHIFT_Y,
    SIGN_SHIFT_SD,
    SIGN_OVERLAP,
    SIGN_CCC,
    SIGN_GIVEN_X, /* of a sibling: the shift it was looked at */
    SIGN_GIVEN_Y,
    SIGN_ELSEWHERE = SIGN_SCORE, /* of repeats */
    N_SIGNS = SIGN_GIVEN_Y + 1
};
_Static_assert((int)N_SIGNS == (int)MDUP_LOOK_SIGNS, "all signs are kept");

static void signs_of_pair(const mdup_pair *pair, double height, double *signs)
{
    for (int i = 0; i < N_SIGNS; i++)
        signs[i] = (double)NAN;
    signs[SIGN_SCORE] = pair->score;
    signs[SIGN_HEIGHT] = height;
    signs[SIGN_SHIFT_X] = pair->shift_x_px;
    signs[SIGN_SHIFT_Y] = pair->shift_y_px;
    signs[SIGN_SHIFT_SD] = pair->shift_sd_px;
    signs[SIGN_OVERLAP] = pair->overlap;
    signs[SIGN_CCC] = pair->ccc;
}

static mdup_pair pair_of_look(const mdup_look *look)
{
    return (mdup_pair){.a = look->a,
                       .b = look->b,
                       .score = look->signs[SIGN_SCORE],
                       .shift_x_px = look->signs[SIGN_SHIFT_X],
                       .shift_y_px = look->signs[SIGN_SHIFT_Y],
                       .shift_sd_px = look->signs[SIGN_SHIFT_SD],
                       .overlap = look->signs[SIGN_OVERLAP],
                       .ccc = look->signs[SIGN_CCC]};
}

/* ---- verification ---- */

/* The score of a place: how it stands out on the shared area, and to a quarter how it stands out in the whole map.  By the first alone the
 * corner overlaps of CU428 are surest, the second steadies it where the shared area is small; from half to nothing of the second
 * simulated sessions are found alike (214 or 215 of 240 pairs). */
static const double SHARE_OF_MAP = 0.25;

static double score_of(const mdup_peak *peak, const mdup_verdict *verdict)
{
    return SHARE_OF_MAP * (double)(peak->local_z / verdict->bunching) +
           (1 - SHARE_OF_MAP) * (double)verdict->z;
}

/* The two frames of a pair. */
static bool load_clean(comparison *c, size_t a, size_t b, worker *me, mdup_error **err)
{
    size_t n_sample = c->statistics.n_frames;
    const int8_t *frame_a = mdup_search_get(c->frames, a, err),
                 *frame_b = frame_a ? mdup_search_get(c->frames, b, err) : NULL;
    if (frame_b) {
        mdup_condition_clean(c->conditioner, frame_a, a < n_sample, b < n_sample ? frame_b : NULL,
                             me->condition, me->clean[0]);
        mdup_condition_clean(c->conditioner, frame_b, b < n_sample, a < n_sample ? frame_a : NULL,
                             me->condition, me->clean[1]);
        mdup_search_release(c->frames, b);
    }
    if (frame_a)
        mdup_search_release(c->frames, a);
    return frame_b != NULL;
}

/* The frames of the pair are loaded. */
static bool look_at(const comparison *c, size_t a, size_t b, double shift_x, double shift_y,
                    worker *me, mdup_verdict *verdict, mdup_error **err)
{
    mdup_verify_frame first = frame_at(c, a, me->clean[0]), second = frame_at(c, b, me->clean[1]);
    return mdup_verify(me->verifier, &first, &second, shift_x, shift_y, verdict, err);
}

/* The best of the candidate's places. */
static bool verify_peaks(const comparison *c, const mdup_candidate *candidate, worker *me,
                         mdup_pair *pair, double *height, mdup_error **err)
{
    for (int p = 0; p < MDUP_PEAKS; p++) {
        const mdup_peak *peak = &candidate->peaks[p];
        mdup_verdict verdict;
        if (!look_at(c, candidate->a, candidate->b, (double)peak->shift_x, (double)peak->shift_y,
                     me, &verdict, err))
            return false;
        double score = score_of(peak, &verdict);
        if (p == 0 || score > pair->score) {
            pair->score = score;
            *height = (double)verdict.z;
            pair->shift_x_px = verdict.shift_x;
            pair->shift_y_px = verdict.shift_y;
            pair->shift_sd_px = fmax(verdict.shift_sd_x, verdict.shift_sd_y);
        }
    }
    return true;
}

static void describe_overlap(const comparison *c, const worker *me, mdup_pair *pair)
{
    int32_t nx = c->frames->nx, ny = c->frames->ny;
    double dx = pair->shift_x_px, dy = pair->shift_y_px;
    pair->overlap = mdup_overlap(nx, ny, dx, dy);
    pair->ccc = mdup_shared_ccc(me->clean[0], me->clean[1], nx, ny, dx, dy);
}

static bool verify_one(void *context, size_t item, int w, mdup_error **err)
{
    comparison *c = context;
    const mdup_candidate *candidate = &c->shortlist.items[item];
    worker *me = &c->workers[w];
    c->pairs[item] = (mdup_pair){.a = candidate->a, .b = candidate->b};
    if (!load_clean(c, candidate->a, candidate->b, me, err) ||
        !verify_peaks(c, candidate, me, &c->pairs[item], &c->heights[item], err))
        return false;
    describe_overlap(c, me, &c->pairs[item]);
    return true;
}

static bool recall_candidate(comparison *c, size_t item)
{
    const mdup_candidate *candidate = &c->shortlist.items[item];
    mdup_look look;
    if (!recall_look(c, candidate->a, candidate->b, MDUP_LOOK_CANDIDATE, &look))
        return false;
    c->pairs[item] = pair_of_look(&look);
    c->heights[item] = look.signs[SIGN_HEIGHT];
    return true;
}

static void describe_candidate(const comparison *c, size_t item, mdup_look *look)
{
    const mdup_pair *pair = &c->pairs[item];
    *look = (mdup_look){.a = pair->a, .b = pair->b, .kind = MDUP_LOOK_CANDIDATE};
    signs_of_pair(pair, c->heights[item], look->signs);
}

static void name_candidate(const comparison *c, size_t item, size_t frames[2])
{
    frames[0] = c->shortlist.items[item].a;
    frames[1] = c->shortlist.items[item].b;
}

static bool verify_all(comparison *c, mdup_error **err)
{
    if (!(c->pairs = mdup_calloc(c->shortlist.n, sizeof *c->pairs, err)) ||
        !(c->heights = mdup_calloc(c->shortlist.n, sizeof *c->heights, err)))
        return false;
    c->n_pairs = c->shortlist.n;
    look_stage stage = {"verifying", c->shortlist.n,   name_candidate,
                        verify_one,  recall_candidate, describe_candidate};
    return run_look_stage(c, &stage, err);
}

/* ---- at shifts that no search chose ---- */

/* So many of the drawn pairs tell what frames of the session reach there. */
enum { SAMPLE_AT_GIVEN = 200 };

static bool sample_drawn(comparison *c, mdup_error **err)
{
    if (!(c->sampled = mdup_calloc(c->shortlist.n, sizeof *c->sampled, err)) ||
        !(c->given_height = mdup_calloc(c->shortlist.n, sizeof *c->given_height, err)))
        return false;
    size_t n_drawn = 0, seen = 0;
    for (size_t i = 0; i < c->shortlist.n; i++)
        n_drawn += c->shortlist.items[i].drawn;
    size_t step = n_drawn / SAMPLE_AT_GIVEN + 1;
    for (size_t i = 0; i < c->shortlist.n; i++)
        if (c->shortlist.items[i].drawn && seen++ % step == 0)
            c->sampled[c->n_sampled++] = i;
    return true;
}

static void name_sampled(const comparison *c, size_t item, size_t frames[2])
{
    name_candidate(c, c->sampled[item], frames);
}

static bool verify_given(comparison *c, size_t item, double shift_x, double shift_y, int w,
                         mdup_error **err)
{
    const mdup_candidate *candidate = &c->shortlist.items[c->sampled[item]];
    worker *me = &c->workers[w];
    mdup_verdict verdict;
    if (!load_clean(c, candidate->a, candidate->b, me, err) ||
        !look_at(c, candidate->a, candidate->b, shift_x, shift_y, me, &verdict, err))
        return false;
    c->given_height[item] = (double)verdict.z;
    return true;
}

static bool recall_given(comparison *c, size_t item, mdup_look_kind kind)
{
    const mdup_candidate *candidate = &c->shortlist.items[c->sampled[item]];
    mdup_look look;
    bool known = recall_look(c, candidate->a, candidate->b, kind, &look);
    if (known)
        c->given_height[item] = look.signs[SIGN_HEIGHT];
    return known;
}

static void describe_given(const comparison *c, size_t item, mdup_look_kind kind, mdup_look *look)
{
    const mdup_candidate *candidate = &c->shortlist.items[c->sampled[item]];
    *look = (mdup_look){.a = candidate->a, .b = candidate->b, .kind = kind};
    for (int i = 0; i < N_SIGNS; i++)
        look->signs[i] = (double)NAN;
    look->signs[SIGN_HEIGHT] = c->given_height[item];
}

static bool verify_at_zero(void *context, size_t item, int w, mdup_error **err)
{
    return verify_given(context, item, 0, 0, w, err);
}

static bool recall_at_zero(comparison *c, size_t item)
{
    return recall_given(c, item, MDUP_LOOK_AT_ZERO);
}

static void describe_at_zero(const comparison *c, size_t item, mdup_look *look)
{
    describe_given(c, item, MDUP_LOOK_AT_ZERO, look);
}

/* Shares as much as the best place, and nothing is there. */
static bool verify_opposite(void *context, size_t item, int w, mdup_error **err)
{
    comparison *c = context;
    const mdup_peak *best = &c->shortlist.items[c->sampled[item]].peaks[0];
    return verify_given(c, item, -(double)best->shift_x, -(double)best->shift_y, w, err);
}

static bool recall_opposite(comparison *c, size_t item)
{
    return recall_given(c, item, MDUP_LOOK_OPPOSITE);
}

static void describe_opposite(const comparison *c, size_t item, mdup_look *look)
{
    describe_given(c, item, MDUP_LOOK_OPPOSITE, look);
}

/* The distribution of what the sampled pairs reach.  False in *known when there are too few to tell. */
static bool fit_given(comparison *c, const look_stage *stage, mdup_null *null, bool *known,
                      mdup_error **err)
{
    if (!run_look_stage(c, stage, err))
        return false;
    *known = mdup_null_fit_at_shift(c->given_height, c->n_sampled, null);
    return true;
}

static bool fit_at_zero(comparison *c, mdup_null *null, bool *known, mdup_error **err)
{
    if (!c->sampled && !sample_drawn(c, err))
        return false;
    look_stage stage = {NULL,           c->n_sampled,   name_sampled,
                        verify_at_zero, recall_at_zero, describe_at_zero};
    return fit_given(c, &stage, null, known, err);
}

static bool fit_opposite(comparison *c, mdup_null *null, bool *known, mdup_error **err)
{
    if (!c->sampled && !sample_drawn(c, err))
        return false;
    look_stage stage = {
        NULL, c->n_sampled, name_sampled, verify_opposite, recall_opposite, describe_opposite};
    return fit_given(c, &stage, null, known, err);
}

/* ---- significance ---- */

/* The number of pairs that E-values are for. */
static int64_t n_rated(const comparison *c)
{
    return c->shortlist.n_compared > c->least_pairs ? c->shortlist.n_compared : c->least_pairs;
}

/* Shifts up to this, in px of the frame, are near (0, 0): what the detector or the beam puts into every frame lines up there, and however much
 * of it conditioning takes out, a pair must stand out of what other pairs of the session show at that very place. */
static const double NEAR_ZERO_px = 3.0;

static bool is_near_zero(const mdup_pair *pair)
{
    return fabs(pair->shift_x_px) <= NEAR_ZERO_px && fabs(pair->shift_y_px) <= NEAR_ZERO_px;
}

/* Whether a pair near (0, 0) would be kept if it did not have to stand out of others there: few sessions have one. */
static bool any_near_zero(const comparison *c)
{
    for (size_t i = 0; i < c->shortlist.n; i++)
        if (is_near_zero(&c->pairs[i]) && c->pairs[i].log10_evalue <= log10(c->max_evalue))
            return true;
    return false;
}

/* Both are heights of verification alone: the search takes more of the common part from pairs of the sample than from others. */
static bool heed_zero(comparison *c, mdup_error **err)
{
    mdup_null null;
    bool known;
    if (!any_near_zero(c))
        return true;
    if (!fit_at_zero(c, &null, &known, err))
        return false;
    for (size_t i = 0; known && i < c->shortlist.n; i++) {
        mdup_pair *pair = &c->pairs[i];
        if (is_near_zero(pair))
            pair->log10_evalue =
                fmax(pair->log10_evalue, mdup_null_log10_evalue(&null, c->heights[i], n_rated(c)));
    }
    return true;
}

static int by_later(const void *left, const void *right)
{
    const mdup_copy *l = left, *r = right;
    return l->b < r->b ? -1 : l->b > r->b;
}

static bool is_copy(const comparison *c, const mdup_pair *pair)
{
    mdup_copy sought = {pair->a, pair->b};
    const mdup_copy *found =
        bsearch(&sought, c->copies.items, c->copies.n, sizeof sought, by_later);
    return found && found->a == pair->a;
}

/* Pairs of which no more than this would be found by chance show how strong related pairs of this session are, and so many of them are
 * needed. */
static const double CERTAIN_LOG10_EVALUE = -10;
enum { LEAST_CERTAIN_PAIRS = 3 };

/* The E-values of all overlaps are weighed for this one, the default cut, whatever cut the user has. */
static const double WEIGHED_AT_LOG10_EVALUE = -2;

static double strength(const comparison *c, size_t pair)
{
    return c->heights[pair] / sqrt(fmax(c->pairs[pair].overlap, 1e-6));
}

static int by_height(const void *left, const void *right)
{
    double l = *(const double *)left, r = *(const double *)right;
    return l < r ? -1 : l > r;
}

/* How strong related pairs of the session are, the median of the certain ones; copies, which share their noise, are stronger by far.  0 when too few
 * are certain. */
static double usual_strength(const comparison *c, double *strengths)
{
    size_t n = 0;
    for (size_t i = 0; i < c->shortlist.n; i++)
        if (c->pairs[i].log10_evalue <= CERTAIN_LOG10_EVALUE && !is_copy(c, &c->pairs[i]))
            strengths[n++] = strength(c, i);
    if (n < LEAST_CERTAIN_PAIRS)
        return 0;
    qsort(strengths, n, sizeof *strengths, by_height);
    return strengths[n / 2];
}

/* The mean weight over the shifts that are searched, of weights whose mean is called 1. */
static double mean_weight(const comparison *c, const mdup_overlap_weights *weights)
{
    const mdup_conditioner *k = c->conditioner;
    double sum = 0;
    int64_t n = 0;
    for (int32_t y = 0; y < k->map_ny; y++) {
        for (int32_t x = 0; x < k->map_nx; x++) {
            double shift_x, shift_y;
            if (!mdup_conditioner_shift_at(k, x, y, &shift_x, &shift_y))
                continue;
            sum += mdup_overlap_weight(weights, mdup_overlap(k->nx, k->ny, shift_x, shift_y));
            n++;
        }
    }
    return sum / (double)n;
}

/* A pair that scores just enough to be significant, and is related, shares as much as pairs of that score do in this session; an unrelated one lies
 * anywhere.  So E-values are divided by a weight for each overlap whose mean over all shifts is 1: as many unrelated pairs as before come
 * to any E-value, and more related ones (weighted tests: Genovese, Roeder and Wasserman 2006).  No more can be expected than were compared. */
static void weigh_overlaps(comparison *c, double *strengths)
{
    double usual = usual_strength(c, strengths);
    if (usual <= 0)
        return;
    mdup_overlap_weights w = {mdup_null_score_at(&c->null, WEIGHED_AT_LOG10_EVALUE, n_rated(c)),
                              usual, 1};
    w.mean = mean_weight(c, &w);
    double all = log10((double)n_rated(c));
    for (size_t i = 0; i < c->shortlist.n; i++) {
        mdup_pair *pair = &c->pairs[i];
        pair->log10_evalue =
            fmin(pair->log10_evalue - log10(mdup_overlap_weight(&w, pair->overlap)), all);
    }
    c->weights = w;
}

/* ---- what repeats ---- */

/* Pairs less significant than this are not looked at for repeats: no one acts on them, and a look takes 12 ms (360 x 255). */
static const double DOUBTED_LOG10_EVALUE = 0;

static void name_doubted(const comparison *c, size_t item, size_t frames[2])
{
    name_candidate(c, c->doubted[item], frames);
}

static bool measure_repeats(void *context, size_t item, int w, mdup_error **err)
{
    comparison *c = context;
    const mdup_pair *pair = &c->pairs[c->doubted[item]];
    worker *me = &c->workers[w];
    if (!me->repeats && !(me->repeats = mdup_repeats_new(c->conditioner, err)))
        return false;
    if (!load_clean(c, pair->a, pair->b, me, err))
        return false;
    mdup_repeats_measure(me->repeats, me->clean[0], me->clean[1], pair->shift_x_px,
                         pair->shift_y_px, &c->doubts[item]);
    return true;
}

static bool recall_repeats(comparison *c, size_t item)
{
    const mdup_pair *pair = &c->pairs[c->doubted[item]];
    mdup_look look;
    if (!recall_look(c, pair->a, pair->b, MDUP_LOOK_REPEATS, &look))
        return false;
    c->doubts[item] = (mdup_repeat_heights){look.signs[SIGN_HEIGHT], look.signs[SIGN_ELSEWHERE]};
    return true;
}

static void describe_repeats(const comparison *c, size_t item, mdup_look *look)
{
    const mdup_pair *pair = &c->pairs[c->doubted[item]];
    *look = (mdup_look){.a = pair->a, .b = pair->b, .kind = MDUP_LOOK_REPEATS};
    for (int i = 0; i < N_SIGNS; i++)
        look->signs[i] = (double)NAN;
    look->signs[SIGN_HEIGHT] = c->doubts[item].here;
    look->signs[SIGN_ELSEWHERE] = c->doubts[item].elsewhere;
}

/* A pair whose pieces find their like in their own frames must be higher than that: two filaments of one kind, lined up by chance, are as alike
 * as two stretches of one of them, and so are the few large particles of a small overlap.  Before, scores were divided by what the session
 * showed of small overlaps: 504 unrelated sessions of 90 micrographs had 10, 50 and 385 pairs where 5, 50 and 504 were promised at E 0.01, 0.1
 * and 1, and of 18 sessions of large particles and dirt 328 overlaps were found, now 338. */
static bool heed_repeats(comparison *c, mdup_error **err)
{
    if (!(c->doubted = mdup_calloc(c->shortlist.n, sizeof *c->doubted, err)) ||
        !(c->doubts = mdup_calloc(c->shortlist.n, sizeof *c->doubts, err)))
        return false;
    for (size_t i = 0; i < c->shortlist.n; i++)
        if (c->pairs[i].log10_evalue <= DOUBTED_LOG10_EVALUE && !is_copy(c, &c->pairs[i]))
            c->doubted[c->n_doubted++] = i;
    look_stage stage = {NULL,           c->n_doubted,    name_doubted, measure_repeats,
                        recall_repeats, describe_repeats};
    if (!run_look_stage(c, &stage, err))
        return false;
    for (size_t i = 0; i < c->n_doubted; i++) {
        mdup_pair *pair = &c->pairs[c->doubted[i]];
        pair->log10_evalue =
            fmax(pair->log10_evalue, mdup_repeats_log10_evalue(&c->doubts[i], n_rated(c)));
    }
    return true;
}

static bool rate_all(comparison *c, mdup_error **err)
{
    double *scores = mdup_calloc(c->shortlist.n, sizeof *scores, err);
    if (!scores)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < c->shortlist.n; i++)
        if (c->shortlist.items[i].drawn)
            scores[n++] = c->pairs[i].score;
    c->null = mdup_null_fit(scores, n);
    for (size_t i = 0; i < c->shortlist.n; i++)
        c->pairs[i].log10_evalue = mdup_null_log10_evalue(&c->null, c->pairs[i].score, n_rated(c));
    weigh_overlaps(c, scores);
    free(scores);
    return heed_zero(c, err) && heed_repeats(c, err);
}

/* By b within a: a copy stands once in the list, as a copy. */
static int by_index(const void *left, const void *right)
{
    const mdup_pair *l = left, *r = right;
    if (l->a != r->a)
        return l->a < r->a ? -1 : 1;
    return l->b < r->b ? -1 : l->b > r->b;
}

/* ---- the other shots of a hole ---- */

static bool verify_sibling(void *context, size_t item, int w, mdup_error **err)
{
    comparison *c = context;
    mdup_sibling *s = &c->siblings.items[item];
    worker *me = &c->workers[w];
    mdup_verdict verdict;
    if (!load_clean(c, s->a, s->b, me, err) ||
        !look_at(c, s->a, s->b, s->shift_x, s->shift_y, me, &verdict, err))
        return false;
    s->height = (double)verdict.z;
    s->pair = (mdup_pair){.a = s->a,
                          .b = s->b,
                          .shift_x_px = verdict.shift_x,
                          .shift_y_px = verdict.shift_y,
                          .shift_sd_px = fmax(verdict.shift_sd_x, verdict.shift_sd_y),
                          .score = s->height};
    describe_overlap(c, me, &s->pair);
    return true;
}

static bool recall_sibling(comparison *c, size_t item)
{
    mdup_sibling *s = &c->siblings.items[item];
    mdup_look look;
    if (!recall_look(c, s->a, s->b, MDUP_LOOK_SIBLING, &look) ||
        fabs(look.signs[SIGN_GIVEN_X] - s->shift_x) > 0 ||
        fabs(look.signs[SIGN_GIVEN_Y] - s->shift_y) > 0)
        return false;
    s->pair = pair_of_look(&look);
    s->height = look.signs[SIGN_HEIGHT];
    return true;
}

static void describe_sibling(const comparison *c, size_t item, mdup_look *look)
{
    const mdup_sibling *s = &c->siblings.items[item];
    *look = (mdup_look){.a = s->a, .b = s->b, .kind = MDUP_LOOK_SIBLING};
    signs_of_pair(&s->pair, s->height, look->signs);
    look->signs[SIGN_GIVEN_X] = s->shift_x;
    look->signs[SIGN_GIVEN_Y] = s->shift_y;
}

/* A sibling at the place the search found lends its significance; one at another place takes its place, if it is more significant. */
static void adopt(comparison *c, const mdup_sibling *s)
{
    mdup_pair *known = bsearch(&s->pair, c->pairs, c->shortlist.n, sizeof *c->pairs, by_index);
    if (!known) {
        c->pairs[c->n_pairs++] = s->pair;
        return;
    }
    double log10_evalue = fmin(known->log10_evalue, s->pair.log10_evalue);
    bool elsewhere = fabs(known->shift_x_px - s->pair.shift_x_px) > NEAR_ZERO_px ||
                     fabs(known->shift_y_px - s->pair.shift_y_px) > NEAR_ZERO_px;
    if (elsewhere && s->pair.log10_evalue < known->log10_evalue)
        *known = s->pair;
    known->log10_evalue = log10_evalue;
}

static void name_sibling(const comparison *c, size_t item, size_t frames[2])
{
    frames[0] = c->siblings.items[item].a;
    frames[1] = c->siblings.items[item].b;
}

static bool heed_siblings(comparison *c, mdup_error **err)
{
    mdup_null null;
    bool known;
    if (!c->frames->hole)
        return true;
    if (!mdup_siblings_find(c->frames, c->pairs, c->n_pairs, &c->siblings, err))
        return false;
    if (c->siblings.n == 0)
        return true;
    if (!fit_opposite(c, &null, &known, err))
        return false;
    if (!known)
        return true;
    look_stage stage = {NULL,           c->siblings.n,  name_sibling,
                        verify_sibling, recall_sibling, describe_sibling};
    if (!run_look_stage(c, &stage, err))
        return false;
    mdup_siblings_rate(&c->siblings, c->pairs, &null);
    size_t capacity = c->n_pairs;
    if (!mdup_grow((void **)&c->pairs, &capacity, c->n_pairs + c->siblings.n, sizeof *c->pairs,
                   err))
        return false;
    for (size_t i = 0; i < c->siblings.n; i++)
        adopt(c, &c->siblings.items[i]);
    return true;
}

/* A shift is known to a px of the frame or better, so that a pair at the very limit may be measured beyond it. */
static const double SHIFT_CERTAINTY_px = 1;

static bool is_asked_for(const comparison *c, const mdup_pair *pair)
{
    double most = c->frames->max_shift_px;
    return most <= 0 || hypot(pair->shift_x_px, pair->shift_y_px) <= most + SHIFT_CERTAINTY_px;
}

static int by_evalue_down(const void *left, const void *right)
{
    const mdup_drawn *l = left, *r = right;
    if (l->log10_evalue < r->log10_evalue || l->log10_evalue > r->log10_evalue)
        return l->log10_evalue > r->log10_evalue ? -1 : 1;
    return l->score < r->score ? -1 : l->score > r->score;
}

/* The drawn pairs, as the null distribution saw them. */
static bool list_drawn(const comparison *c, mdup_pair_list *out, mdup_error **err)
{
    mdup_drawn *list = mdup_calloc(c->shortlist.n, sizeof *list, err);
    if (!list)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < c->shortlist.n; i++)
        if (c->shortlist.items[i].drawn)
            list[n++] = (mdup_drawn){(float)c->pairs[i].score, (float)c->pairs[i].overlap,
                                     c->pairs[i].log10_evalue};
    if (n > 0)
        qsort(list, n, sizeof *list, by_evalue_down);
    out->null = c->null;
    out->weights = c->weights;
    out->drawn = list;
    out->n_drawn = n;
    return true;
}

static bool keep_significant(comparison *c, double max_evalue, mdup_pair_list *out,
                             mdup_error **err)
{
    mdup_pair *kept = mdup_calloc(c->n_pairs + c->copies.n, sizeof *kept, err);
    if (!kept)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < c->n_pairs; i++)
        if (c->pairs[i].log10_evalue <= log10(max_evalue) && is_asked_for(c, &c->pairs[i]) &&
            !is_copy(c, &c->pairs[i]))
            kept[n++] = c->pairs[i];
    for (size_t i = 0; i < c->copies.n; i++)
        kept[n++] = mdup_pair_of_equals(c->copies.items[i].a, c->copies.items[i].b);
    if (n > 0)
        qsort(kept, n, sizeof *kept, by_index);
    *out = (mdup_pair_list){.items = kept,
                            .n = n,
                            .n_compared = c->shortlist.n_compared,
                            .spot_share = c->statistics.spot_share,
                            .n_sample = c->statistics.n_frames,
                            .noise_share = c->statistics.noise_share};
    return true;
}

/* ---- the whole ---- */

static bool make_room(comparison *c, mdup_error **err)
{
    size_t pixels = (size_t)c->frames->nx * (size_t)c->frames->ny;
    c->power_cells = mdup_power_cells(c->frames->nx, c->frames->ny);
    if (!(c->power = mdup_calloc(c->frames->n, c->power_cells * sizeof *c->power, err)) ||
        !(c->has_power = mdup_calloc(c->frames->n, sizeof *c->has_power, err)) ||
        !(c->to_measure = mdup_calloc(c->frames->n, sizeof *c->to_measure, err)))
        return false;
    c->workers = mdup_calloc((size_t)c->n_threads, sizeof *c->workers, err);
    for (int w = 0; c->workers && w < c->n_threads; w++) {
        worker *me = &c->workers[w];
        if (!(me->condition = mdup_condition_scratch_new(c->conditioner, err)) ||
            !(me->meter = mdup_power_meter_new(c->conditioner, err)) ||
            !(me->verifier = mdup_verifier_new(c->conditioner, err)) ||
            !(me->clean[0] = mdup_alloc_aligned(pixels, sizeof *me->clean[0], err)) ||
            !(me->clean[1] = mdup_alloc_aligned(pixels, sizeof *me->clean[1], err)))
            return false;
    }
    return c->workers != NULL;
}

static void clear(comparison *c)
{
    for (int w = 0; c->workers && w < c->n_threads; w++) {
        mdup_condition_scratch_free(c->workers[w].condition);
        mdup_power_meter_free(c->workers[w].meter);
        mdup_verifier_free(c->workers[w].verifier);
        mdup_repeats_free(c->workers[w].repeats);
        free(c->workers[w].clean[0]);
        free(c->workers[w].clean[1]);
    }
    free(c->workers);
    free(c->powers);
    free(c->spot_shares);
    free(c->statistics.sum);
    free(c->shortlist.items);
    free(c->pairs);
    free(c->sampled);
    free(c->given_height);
    free(c->doubted);
    free(c->doubts);
    free(c->power);
    free(c->has_power);
    free(c->to_measure);
    free(c->siblings.items);
    free(c->copies.items);
    free(c->heights);
    mdup_conditioner_free(c->conditioner);
}

bool mdup_compare_frames(const mdup_search_frames *frames, const mdup_compare_memory *memory,
                         double max_evalue, int64_t least_pairs, int n_threads,
                         const mdup_callbacks *callbacks, mdup_pair_list *out, mdup_error **err)
{
    int64_t n_pairs;
    if (!mdup_search_count_pairs(frames, &n_pairs, err))
        return false;
    if (n_pairs == 0) {
        *out = (mdup_pair_list){0};
        return true;
    }
    mdup_search_frames own = *frames;
    own.memory = NULL;
    comparison c = {.frames = &own,
                    .memory = memory,
                    .callbacks = callbacks,
                    .n_threads = n_threads,
                    .least_pairs = least_pairs,
                    .max_evalue = max_evalue};
    c.conditioner = mdup_conditioner_new(frames->nx, frames->ny, err);
    if (c.conditioner && frames->max_shift_px > 0)
        mdup_conditioner_limit_shifts(c.conditioner, frames->max_shift_px);
    bool ok = c.conditioner && make_room(&c, err) && make_statistics(&c, &own, err) &&
              mdup_search(&own, c.conditioner, n_threads, callbacks, &c.shortlist, err) &&
              verify_all(&c, err) && mdup_find_copies(&own, &c.copies, err) && rate_all(&c, err) &&
              heed_siblings(&c, err) && keep_significant(&c, max_evalue, out, err);
    if (ok && !list_drawn(&c, out, err)) {
        mdup_pair_list_clear(out);
        ok = false;
    }
    clear(&c);
    return ok;
}

void mdup_pair_list_clear(mdup_pair_list *list)
{
    free(list->items);
    free(list->drawn);
    *list = (mdup_pair_list){0};
}

/* As mdup_search_wants has it, of n micrographs in a row. */
static double pairs_in_a_row(const mdup_screen_options *o, int64_t n)
{
    double sum = 0;
    for (int64_t distance = o->images_per_move;
         distance < n && (o->scan_range == 0 || distance < o->images_per_move + o->scan_range);
         distance += o->images_per_hole)
        sum += (double)(n - distance);
    return sum;
}

int64_t mdup_expected_pairs(const mdup_screen_options *options, size_t n_frames, int64_t n_compared)
{
    if (options->expect <= (int64_t)n_frames)
        return n_compared;
    double here = pairs_in_a_row(options, (int64_t)n_frames);
    double there = pairs_in_a_row(options, options->expect);
    return here > 0 ? llround((double)n_compared * (there / here)) : n_compared;
}

size_t mdup_count_unreported(const mdup_drawn *drawn, size_t n, double max_evalue)
{
    size_t count = 0;
    while (count < n && drawn[count].log10_evalue > log10(max_evalue))
        count++;
    return count;
}
