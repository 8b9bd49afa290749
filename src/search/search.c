#include "search/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "run/executor.h"

/* Frames whose spectra are held at once, twice: 2 x 256 spectra of 0.74 MB. */
enum { BLOCK = 256 };

/* How many pairs are drawn for the null distribution: its tail is then some 300, which give the scale to 6 %. */
enum { SAMPLE_PAIRS = 1000 };

/* How many of the best pairs are verified: every micrograph may overlap its neighbours, and some hundred more. */
enum { CANDIDATES_PER_FRAME = 4, CANDIDATES_BESIDE = 500 };

bool mdup_search_wants(const mdup_search_frames *f, size_t a, size_t b)
{
    if (f->group && f->group[a] != f->group[b])
        return false;
    int64_t distance = (int64_t)(f->order[b] - f->order[a]) - f->images_per_move;
    return distance >= 0 && distance % f->images_per_hole == 0 &&
           (f->scan_range == 0 || distance < f->scan_range);
}

static int64_t pairs_among(size_t n)
{
    return n < 2 ? 0 : (int64_t)n * ((int64_t)n - 1) / 2;
}

static int by_number(const void *left, const void *right)
{
    const int64_t *l = left, *r = right;
    return *l < *r ? -1 : *l > *r;
}

static bool count_in_groups(const mdup_search_frames *f, int64_t *count, mdup_error **err)
{
    int64_t *sorted = mdup_calloc(f->n, sizeof *sorted, err);
    if (!sorted)
        return false;
    if (f->n > 0) {
        memcpy(sorted, f->group, f->n * sizeof *sorted);
        qsort(sorted, f->n, sizeof *sorted, by_number);
    }
    int64_t sum = 0;
    for (size_t first = 0, i = 1; i <= f->n; i++) {
        if (i < f->n && sorted[i] == sorted[first])
            continue;
        sum += pairs_among(i - first);
        first = i;
    }
    free(sorted);
    *count = sum;
    return true;
}

bool mdup_search_count_pairs(const mdup_search_frames *f, int64_t *count, mdup_error **err)
{
    if (f->images_per_move == 1 && f->images_per_hole == 1 && f->scan_range == 0) {
        if (f->group)
            return count_in_groups(f, count, err);
        *count = pairs_among(f->n);
        return true;
    }
    int64_t sum = 0;
    for (size_t a = 0; a < f->n; a++)
        for (size_t b = a + 1; b < f->n; b++)
            sum += mdup_search_wants(f, a, b);
    *count = sum;
    return true;
}

double mdup_search_memory_bytes(int32_t nx, int32_t ny, size_t n, int n_threads)
{
    double frame = (double)nx * ny, spectra = 2.0 * (double)(n < BLOCK ? n : BLOCK);
    /* Of the padded plane (4 frames) a spectrum keeps the band, half of it each way, as complex numbers; a worker has about seven such
     * planes of floats in conditioning, searching and verifying. */
    double spectrum_bytes = frame * 4 * 0.5 * 8 * 0.5, worker_bytes = frame * 4 * 4 * 7;
    double candidates = CANDIDATES_BESIDE + SAMPLE_PAIRS + (double)CANDIDATES_PER_FRAME * (double)n;
    return frame * (double)n + spectra * spectrum_bytes + n_threads * worker_bytes +
           candidates * (2 * sizeof(mdup_candidate) + 64);
}

/* ---- which pairs are remembered ---- */

/* A well-mixed number of a pair of frames (splitmix64, Steele 2014): the same pairs are drawn whatever the threads do.  Not of their places
 * in the session, which a micrograph that cannot be judged moves. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t z = a * 0x9E3779B97F4A7C15u + b * 0xD1B54A32D192ED03u + 0x8CB92BA72F3D8DD7u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static bool is_drawn(size_t a, size_t b, int64_t n_pairs)
{
    if (n_pairs <= SAMPLE_PAIRS)
        return true;
    double uniform = (double)(mix(a, b) >> 11) * 0x1p-53;
    return uniform * (double)n_pairs < SAMPLE_PAIRS;
}

/* Best first; equal scores by index, so that what is cut off does not depend on the order of arrival. */
static int by_score(const void *left, const void *right)
{
    const mdup_candidate *l = left, *r = right;
    if (l->coarse != r->coarse)
        return l->coarse > r->coarse ? -1 : 1;
    if (l->a != r->a)
        return l->a < r->a ? -1 : 1;
    return l->b < r->b ? -1 : l->b > r->b;
}

static int by_index(const void *left, const void *right)
{
    const mdup_candidate *l = left, *r = right;
    if (l->a != r->a)
        return l->a < r->a ? -1 : 1;
    return l->b < r->b ? -1 : l->b > r->b;
}

/* A list that keeps the best `most` and every drawn pair. */
typedef struct {
    mdup_candidate *items;
    size_t n, capacity;
    size_t most;
    float least; /* pairs below it can be forgotten at once */
} shortlist;

static bool shortlist_add(shortlist *list, const mdup_candidate *candidate, mdup_error **err)
{
    if (candidate->coarse < list->least && !candidate->drawn)
        return true;
    if (!mdup_grow((void **)&list->items, &list->capacity, list->n + 1, sizeof *list->items, err))
        return false;
    list->items[list->n++] = *candidate;
    return true;
}

static void shortlist_cut(shortlist *list)
{
    if (list->n <= list->most)
        return;
    qsort(list->items, list->n, sizeof *list->items, by_score);
    size_t kept = list->most;
    list->least = list->items[list->most - 1].coarse;
    for (size_t i = list->most; i < list->n; i++)
        if (list->items[i].drawn)
            list->items[kept++] = list->items[i];
    list->n = kept;
}

/* ---- the blocks ---- */

typedef struct {
    mdup_condition_scratch *condition;
    mdup_correlate_scratch correlate;
    shortlist found;
} worker;

typedef struct {
    const mdup_search_frames *frames;
    const mdup_conditioner *conditioner;
    const mdup_callbacks *callbacks;
    int n_threads;
    worker *workers;
    float complex *spectra[2]; /* of the rows' block and of the columns' */
    size_t first[2], count[2]; /* the frames in them */
    size_t sample_size;        /* frames the statistics were made of */
    int64_t n_pairs, n_done;   /* asked for; compared in the finished batches */
    int64_t batch_pairs;       /* in this batch */
    size_t batch_items;
    shortlist found;
} search;

static bool condition_one(void *context, size_t item, int w, mdup_error **err)
{
    (void)err;
    search *s = context;
    int side = item < s->count[0] ? 0 : 1;
    size_t i = side ? item - s->count[0] : item;
    size_t frame = s->first[side] + i;
    mdup_condition(s->conditioner, s->frames->get(s->frames->context, frame),
                   frame < s->sample_size, s->workers[w].condition,
                   s->spectra[side] + i * mdup_condition_size(s->conditioner));
    return true;
}

/* One row of a block of the pair matrix. */
static bool compare_row(void *context, size_t item, int w, mdup_error **err)
{
    search *s = context;
    size_t size = mdup_condition_size(s->conditioner), a = s->first[0] + item;
    bool diagonal = s->first[0] == s->first[1];
    const float complex *columns = s->spectra[diagonal ? 0 : 1];
    for (size_t j = diagonal ? item + 1 : 0; j < (diagonal ? s->count[0] : s->count[1]); j++) {
        size_t b = s->first[1] + j;
        if (!mdup_search_wants(s->frames, a, b))
            continue;
        mdup_candidate candidate = {.a = a, .b = b, .drawn = is_drawn(a, b, s->n_pairs)};
        mdup_correlate(s->conditioner, s->spectra[0] + item * size, columns + j * size,
                       &s->workers[w].correlate, candidate.peaks);
        candidate.coarse = candidate.peaks[0].local_z;
        if (!shortlist_add(&s->workers[w].found, &candidate, err))
            return false;
    }
    return true;
}

static bool report(void *context, size_t items_done)
{
    search *s = context;
    const mdup_callbacks *cb = s->callbacks;
    int64_t done =
        s->batch_items ? s->batch_pairs * (int64_t)items_done / (int64_t)s->batch_items : 0;
    if (cb && cb->progress)
        cb->progress(cb->user, "comparing", s->n_done + done, s->n_pairs);
    return !(cb && cb->stop && cb->stop(cb->user));
}

/* What the workers found goes into the one list, which is cut; its threshold goes back to them. */
static bool gather(search *s, mdup_error **err)
{
    for (int w = 0; w < s->n_threads; w++) {
        shortlist *found = &s->workers[w].found;
        for (size_t i = 0; i < found->n; i++)
            if (!shortlist_add(&s->found, &found->items[i], err))
                return false;
        found->n = 0;
    }
    shortlist_cut(&s->found);
    for (int w = 0; w < s->n_threads; w++)
        s->workers[w].found.least = s->found.least;
    return true;
}

static int64_t pairs_in_blocks(const search *s)
{
    int64_t count = 0;
    for (size_t i = 0; i < s->count[0]; i++)
        for (size_t j = 0; j < s->count[1]; j++) {
            size_t a = s->first[0] + i, b = s->first[1] + j;
            count += a < b && mdup_search_wants(s->frames, a, b);
        }
    return count;
}

static bool compare_blocks(search *s, mdup_error **err)
{
    bool diagonal = s->first[0] == s->first[1];
    s->batch_pairs = pairs_in_blocks(s);
    if (s->batch_pairs == 0)
        return true;
    s->batch_items = 0; /* conditioning does not count as progress */
    mdup_batch condition = {s->count[0] + (diagonal ? 0 : s->count[1]), s->n_threads, condition_one,
                            report, s};
    if (!mdup_run_batch(&condition, err))
        return false;
    s->batch_items = s->count[0];
    mdup_batch compare = {s->count[0], s->n_threads, compare_row, report, s};
    if (!mdup_run_batch(&compare, err))
        return false;
    s->n_done += s->batch_pairs;
    return gather(s, err);
}

static bool compare_all(search *s, mdup_error **err)
{
    size_t n = s->frames->n;
    for (size_t i = 0; i < n; i += BLOCK) {
        for (size_t j = i; j < n; j += BLOCK) {
            s->first[0] = i;
            s->first[1] = j;
            s->count[0] = n - i < BLOCK ? n - i : BLOCK;
            s->count[1] = n - j < BLOCK ? n - j : BLOCK;
            if (!compare_blocks(s, err))
                return false;
        }
    }
    return true;
}

static bool make_room(search *s, mdup_error **err)
{
    size_t block = s->frames->n < BLOCK ? s->frames->n : BLOCK;
    for (int side = 0; side < 2; side++) {
        /* A session of one block is compared with itself: its second side is never used. */
        size_t spectra = side == 0 || s->frames->n > BLOCK ? block : 0;
        s->spectra[side] = mdup_alloc_aligned(spectra * mdup_condition_size(s->conditioner),
                                              sizeof *s->spectra[side], err);
        if (!s->spectra[side])
            return false;
    }
    s->workers = mdup_calloc((size_t)s->n_threads, sizeof *s->workers, err);
    for (int w = 0; s->workers && w < s->n_threads; w++) {
        s->workers[w].condition = mdup_condition_scratch_new(s->conditioner, err);
        if (!s->workers[w].condition ||
            !mdup_correlate_scratch_init(s->conditioner, &s->workers[w].correlate, err))
            return false;
    }
    return s->workers != NULL;
}

static void clear(search *s)
{
    for (int w = 0; s->workers && w < s->n_threads; w++) {
        mdup_condition_scratch_free(s->workers[w].condition);
        mdup_correlate_scratch_clear(&s->workers[w].correlate);
        free(s->workers[w].found.items);
    }
    free(s->workers);
    free(s->spectra[0]);
    free(s->spectra[1]);
}

bool mdup_search(const mdup_search_frames *frames, const mdup_conditioner *conditioner,
                 int n_threads, const mdup_callbacks *callbacks, mdup_shortlist *out,
                 mdup_error **err)
{
    search s = {.frames = frames,
                .conditioner = conditioner,
                .callbacks = callbacks,
                .n_threads = n_threads,
                .sample_size = mdup_statistics_sample_size(frames->n)};
    s.found.most = CANDIDATES_BESIDE + CANDIDATES_PER_FRAME * frames->n;
    bool ok = mdup_search_count_pairs(frames, &s.n_pairs, err) &&
              (s.n_pairs == 0 || (make_room(&s, err) && compare_all(&s, err)));
    clear(&s);
    if (!ok) {
        free(s.found.items);
        return false;
    }
    if (s.found.n > 0)
        qsort(s.found.items, s.found.n, sizeof *s.found.items, by_index);
    *out = (mdup_shortlist){s.found.items, s.found.n, s.n_pairs};
    return true;
}
