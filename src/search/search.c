#include "search/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Of what is kept of the frames' spectra: 13,000 of them. */
static const double SPECTRA_BYTES = 2e9;

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
    double frame = (double)nx * ny, columns = (double)(n < MDUP_BLOCK ? n : MDUP_BLOCK);
    /* Of the padded plane (4 frames) a spectrum keeps 0.38, half of what lies within the band, in two bytes a number; expanded it is half of the
     * square around the band, 0.49, in four bytes.  A worker has about seven such planes of floats in conditioning, searching and verifying. */
    double spectra = fmin((double)n * frame * 4 * 0.5 * 0.385 * 2, SPECTRA_BYTES),
           expanded = columns * frame * 4 * 0.5 * 0.49 * 4, worker_bytes = frame * 4 * 4 * 7;
    double candidates = CANDIDATES_BESIDE + SAMPLE_PAIRS + (double)CANDIDATES_PER_FRAME * (double)n;
    return frame * (double)n + spectra + expanded + n_threads * worker_bytes +
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
    const mdup_search_frames *frames;
    const mdup_callbacks *callbacks;
    int n_threads;
    mdup_blocks *blocks;
    size_t rows[MDUP_BLOCK], columns[MDUP_BLOCK]; /* the frames at hand */
    size_t n_rows;
    int64_t n_pairs, n_done; /* asked for; compared in the finished blocks */
    int64_t batch_pairs;     /* in those at hand */
    shortlist *of_worker;    /* what each has found in them */
    shortlist found;
} search;

static mdup_pair_interest interest_in(void *context, size_t i, size_t j)
{
    const search *s = context;
    size_t a = s->rows[i], b = s->columns[j];
    if (a >= b || !mdup_search_wants(s->frames, a, b))
        return MDUP_PAIR_UNWANTED;
    return is_drawn(a, b, s->n_pairs) ? MDUP_PAIR_WANTED_IN_ANY_CASE : MDUP_PAIR_WANTED;
}

static bool take(void *context, size_t i, size_t j, const mdup_peak peaks[MDUP_PEAKS], int w,
                 mdup_error **err)
{
    search *s = context;
    mdup_candidate candidate = {.a = s->rows[i], .b = s->columns[j], .coarse = peaks[0].local_z};
    candidate.drawn = is_drawn(candidate.a, candidate.b, s->n_pairs);
    memcpy(candidate.peaks, peaks, sizeof candidate.peaks);
    return shortlist_add(&s->of_worker[w], &candidate, err);
}

static bool report(void *context, size_t rows_done)
{
    const search *s = context;
    const mdup_callbacks *cb = s->callbacks;
    int64_t done = s->n_rows ? s->batch_pairs * (int64_t)rows_done / (int64_t)s->n_rows : 0;
    if (cb && cb->progress)
        cb->progress(cb->user, "comparing", s->n_done + done, s->n_pairs);
    return !(cb && cb->stop && cb->stop(cb->user));
}

/* What the workers found goes into the one list, which is cut; its threshold goes back to them. */
static bool gather(search *s, mdup_error **err)
{
    for (int w = 0; w < s->n_threads; w++) {
        shortlist *found = &s->of_worker[w];
        for (size_t i = 0; i < found->n; i++)
            if (!shortlist_add(&s->found, &found->items[i], err))
                return false;
        found->n = 0;
    }
    shortlist_cut(&s->found);
    for (int w = 0; w < s->n_threads; w++)
        s->of_worker[w].least = s->found.least;
    return true;
}

static size_t fill_block(const search *s, size_t block, size_t *frames)
{
    size_t first = block * MDUP_BLOCK, left = s->frames->n - first,
           n = left < MDUP_BLOCK ? left : MDUP_BLOCK;
    for (size_t i = 0; i < n; i++)
        frames[i] = first + i;
    return n;
}

static bool compare_blocks(search *s, size_t row_block, size_t column_block, mdup_error **err)
{
    s->n_rows = fill_block(s, row_block, s->rows);
    mdup_block_pairs pairs = {.rows = s->rows,
                              .columns = s->columns,
                              .n_rows = s->n_rows,
                              .n_columns = fill_block(s, column_block, s->columns),
                              .context = s,
                              .interest = interest_in,
                              .found = take};
    s->batch_pairs = 0;
    for (size_t i = 0; i < pairs.n_rows; i++)
        for (size_t j = 0; j < pairs.n_columns; j++)
            s->batch_pairs += interest_in(s, i, j) != MDUP_PAIR_UNWANTED;
    if (s->batch_pairs == 0)
        return true;
    if (!mdup_blocks_compare(s->blocks, &pairs, err))
        return false;
    s->n_done += s->batch_pairs;
    return gather(s, err);
}

/* As many blocks of rows as can be kept, all but one, with each block of columns in turn: a block of columns is conditioned once for all
 * of these rows. */
static bool compare_all(search *s, mdup_error **err)
{
    size_t n_blocks = (s->frames->n + MDUP_BLOCK - 1) / MDUP_BLOCK;
    size_t at_once = mdup_blocks_count_kept(s->blocks) - 1;
    for (size_t begin = 0; begin < n_blocks; begin += at_once)
        for (size_t column = begin; column < n_blocks; column++)
            for (size_t row = begin; row < begin + at_once && row <= column; row++)
                if (!compare_blocks(s, row, column, err))
                    return false;
    return true;
}

static bool make_room(search *s, const mdup_conditioner *conditioner, mdup_error **err)
{
    const mdup_block_frames frames = {s->frames->n, s->frames->get, s->frames->context};
    return (s->of_worker = mdup_calloc((size_t)s->n_threads, sizeof *s->of_worker, err)) &&
           (s->blocks =
                mdup_blocks_new(&frames, conditioner, SPECTRA_BYTES, s->n_threads, report, s, err));
}

static void clear(search *s)
{
    for (int w = 0; s->of_worker && w < s->n_threads; w++)
        free(s->of_worker[w].items);
    free(s->of_worker);
    mdup_blocks_free(s->blocks);
}

bool mdup_search(const mdup_search_frames *frames, const mdup_conditioner *conditioner,
                 int n_threads, const mdup_callbacks *callbacks, mdup_shortlist *out,
                 mdup_error **err)
{
    search s = {.frames = frames, .callbacks = callbacks, .n_threads = n_threads};
    s.found.most = CANDIDATES_BESIDE + CANDIDATES_PER_FRAME * frames->n;
    bool ok = mdup_search_count_pairs(frames, &s.n_pairs, err) &&
              (s.n_pairs == 0 || (make_room(&s, conditioner, err) && compare_all(&s, err)));
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
