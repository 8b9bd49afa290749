#include "search/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "search/glance.h"

/* Rows that a job compares with all columns.  The spectra of the columns come out of the cache this number of times less often from memory;
 * the fewer, the more jobs there are to share. */
enum { ROWS_AT_A_TIME = 4 };

/* Spectra of columns that stay in the second-level cache while the rows pass by. */
enum { CACHE_BYTES = 512 * 1024 };

/* Frames, spread over those of the statistics, whose pairs tell what a first look at unrelated pairs gives. */
enum { LEVEL_FRAMES = 48, LEVEL_PAIRS = LEVEL_FRAMES * (LEVEL_FRAMES - 1) / 2 };

/* A pair of a row that gets a second look. */
typedef struct {
    uint16_t column;
    bool stands_out; /* in the first one */
} pending;

typedef struct {
    mdup_condition_scratch *condition;
    float complex *spectrum;
    mdup_map_buffers first, second;
    uint32_t *rows;         /* expanded for the scan: ROWS_AT_A_TIME */
    uint32_t *row, *column; /* expanded for the second look, after a first one */
    pending *pending;       /* ROWS_AT_A_TIME times MDUP_BLOCK */
    size_t n_pending[ROWS_AT_A_TIME];
} worker;

struct mdup_blocks {
    const mdup_search_frames *frames;
    const mdup_conditioner *conditioner;
    int n_threads;
    mdup_job_progress progress; /* NULL: none */
    void *progress_context;
    mdup_spectra *spectra;
    size_t most_kept, n_kept;
    uint64_t *last_used, now; /* of each frame's spectrum, in calls of mdup_blocks_compare */
    mdup_map *first, *second; /* first NULL: there is only the second look */
    bool has_level;
    float level;       /* what a pair must reach in the first */
    uint32_t *columns; /* expanded for the scan: MDUP_BLOCK */
    worker *workers;
    /* Of the call at hand. */
    const mdup_block_pairs *pairs;
    size_t *missing, n_missing; /* frames without a spectrum */
};

/* The map that all pairs are looked at in. */
static const mdup_map *scan_map(const mdup_blocks *b)
{
    return b->first ? b->first : b->second;
}

static void expand(const mdup_blocks *b, const mdup_map *map, size_t frame, uint32_t *words)
{
    map->kernel->expand(&map->tables, mdup_spectra_get(b->spectra, frame), words);
}

/* ---- spectra ---- */

static bool condition_one(void *context, size_t item, int w, mdup_error **err)
{
    mdup_blocks *b = context;
    worker *me = &b->workers[w];
    size_t frame = b->missing[item];
    const int8_t *pixels = mdup_search_get(b->frames, frame, err);
    if (!pixels)
        return false;
    mdup_condition(b->conditioner, pixels, frame < b->conditioner->statistics->n_frames,
                   me->condition, me->spectrum);
    mdup_search_release(b->frames, frame);
    return mdup_spectra_put(b->spectra, frame, me->spectrum, err);
}

/* Makes room for the missing ones: what was not used for the longest time goes. */
static void drop_oldest(mdup_blocks *b)
{
    while (b->n_kept + b->n_missing > b->most_kept) {
        size_t oldest = b->frames->n;
        for (size_t i = 0; i < b->frames->n; i++)
            if (mdup_spectra_get(b->spectra, i) && b->last_used[i] < b->now &&
                (oldest == b->frames->n || b->last_used[i] < b->last_used[oldest]))
                oldest = i;
        if (oldest == b->frames->n)
            return;
        mdup_spectra_drop(b->spectra, oldest);
        b->n_kept--;
    }
}

static void add_missing(mdup_blocks *b, const size_t *frames, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (b->last_used[frames[i]] == b->now)
            continue;
        b->last_used[frames[i]] = b->now;
        if (!mdup_spectra_get(b->spectra, frames[i]))
            b->missing[b->n_missing++] = frames[i];
    }
}

/* Conditioning is no progress, but can be stopped. */
static bool report_nothing(void *context, size_t items_done)
{
    (void)items_done;
    const mdup_blocks *b = context;
    return !b->progress || b->progress(b->progress_context, 0);
}

/* The spectra of both lists, which may be the same. */
static bool need_spectra(mdup_blocks *b, const size_t *rows, size_t n_rows, const size_t *columns,
                         size_t n_columns, mdup_error **err)
{
    b->now++;
    b->n_missing = 0;
    add_missing(b, rows, n_rows);
    add_missing(b, columns, n_columns);
    drop_oldest(b);
    mdup_batch batch = {b->n_missing, b->n_threads, condition_one, report_nothing, b};
    if (!mdup_run_batch(&batch, err))
        return false;
    b->n_kept += b->n_missing;
    return true;
}

/* ---- comparing ---- */

static bool expand_column(void *context, size_t item, int w, mdup_error **err)
{
    (void)w;
    (void)err;
    mdup_blocks *b = context;
    const mdup_map *map = scan_map(b);
    expand(b, map, b->pairs->columns[item], b->columns + item * map->words);
    return true;
}

/* Both spectra in the order of their frames: to correlate b with a is not to the last bit what a with b is. */
static void correlate(const mdup_blocks *b, size_t i, size_t j, const uint32_t *row,
                      const uint32_t *column, const worker *me, mdup_peak peaks[MDUP_PEAKS])
{
    bool row_first = b->pairs->rows[i] < b->pairs->columns[j];
    mdup_correlate(b->second, row_first ? row : column, row_first ? column : row, &me->second,
                   peaks);
}

/* Looks at a pair, or puts it down for a second look.  row: of the rows at hand. */
static bool scan_pair(mdup_blocks *b, size_t first_row, size_t row, size_t j, int w,
                      mdup_error **err)
{
    const mdup_block_pairs *p = b->pairs;
    worker *me = &b->workers[w];
    mdup_pair_interest interest = p->interest(p->context, first_row + row, j);
    if (interest == MDUP_PAIR_UNWANTED)
        return true;
    size_t words = scan_map(b)->words;
    const uint32_t *of_row = me->rows + row * words, *of_column = b->columns + j * words;
    if (!b->first) {
        mdup_peak peaks[MDUP_PEAKS];
        correlate(b, first_row + row, j, of_row, of_column, me, peaks);
        return p->found(p->context, first_row + row, j, true, peaks, w, err);
    }
    bool row_first = p->rows[first_row + row] < p->columns[j];
    bool stands_out = mdup_glance(b->first, row_first ? of_row : of_column,
                                  row_first ? of_column : of_row, &me->first) >= b->level;
    if (stands_out || interest == MDUP_PAIR_WANTED_IN_ANY_CASE)
        me->pending[row * MDUP_BLOCK + me->n_pending[row]++] = (pending){(uint16_t)j, stands_out};
    return true;
}

static bool scan_rows(mdup_blocks *b, size_t first_row, size_t n_rows, int w, mdup_error **err)
{
    const mdup_map *map = scan_map(b);
    worker *me = &b->workers[w];
    size_t at_once = CACHE_BYTES / (map->words * sizeof *b->columns) + 1;
    for (size_t row = 0; row < n_rows; row++) {
        expand(b, map, b->pairs->rows[first_row + row], me->rows + row * map->words);
        me->n_pending[row] = 0;
    }
    for (size_t begin = 0; begin < b->pairs->n_columns; begin += at_once)
        for (size_t row = 0; row < n_rows; row++)
            for (size_t j = begin; j < begin + at_once && j < b->pairs->n_columns; j++)
                if (!scan_pair(b, first_row, row, j, w, err))
                    return false;
    return true;
}

static bool look_again(mdup_blocks *b, size_t i, const pending *pairs, size_t n, int w,
                       mdup_error **err)
{
    const mdup_block_pairs *p = b->pairs;
    worker *me = &b->workers[w];
    if (n > 0)
        expand(b, b->second, p->rows[i], me->row);
    for (size_t k = 0; k < n; k++) {
        mdup_peak peaks[MDUP_PEAKS];
        size_t j = pairs[k].column;
        expand(b, b->second, p->columns[j], me->column);
        correlate(b, i, j, me->row, me->column, me, peaks);
        if (!p->found(p->context, i, j, pairs[k].stands_out, peaks, w, err))
            return false;
    }
    return true;
}

static bool compare_rows(void *context, size_t item, int w, mdup_error **err)
{
    mdup_blocks *b = context;
    const worker *me = &b->workers[w];
    size_t first_row = item * ROWS_AT_A_TIME, left = b->pairs->n_rows - first_row,
           n_rows = left < ROWS_AT_A_TIME ? left : ROWS_AT_A_TIME;
    if (!scan_rows(b, first_row, n_rows, w, err))
        return false;
    for (size_t row = 0; row < n_rows; row++)
        if (!look_again(b, first_row + row, me->pending + row * MDUP_BLOCK, me->n_pending[row], w,
                        err))
            return false;
    return true;
}

static bool report_rows(void *context, size_t items_done)
{
    const mdup_blocks *b = context;
    size_t rows = items_done * ROWS_AT_A_TIME, most = b->pairs->n_rows;
    return !b->progress || b->progress(b->progress_context, rows < most ? rows : most);
}

/* ---- the level of the first look ---- */

typedef struct {
    mdup_blocks *blocks;
    size_t frames[LEVEL_FRAMES];
    float best[LEVEL_PAIRS];
} sample;

static bool expand_sample(void *context, size_t item, int w, mdup_error **err)
{
    (void)w;
    (void)err;
    sample *s = context;
    mdup_blocks *b = s->blocks;
    expand(b, b->first, s->frames[item], b->columns + item * b->first->words);
    return true;
}

/* Frame number `item` with all before it. */
static bool glance_at_sample(void *context, size_t item, int w, mdup_error **err)
{
    (void)err;
    sample *s = context;
    mdup_blocks *b = s->blocks;
    const uint32_t *words = b->columns;
    for (size_t i = 0; i < item; i++)
        s->best[item * (item - 1) / 2 + i] =
            mdup_glance(b->first, words + i * b->first->words, words + item * b->first->words,
                        &b->workers[w].first);
    return true;
}

static bool find_level(mdup_blocks *b, mdup_error **err)
{
    if (!b->first || b->has_level)
        return true;
    sample s = {.blocks = b};
    for (size_t i = 0; i < LEVEL_FRAMES; i++)
        s.frames[i] = i * b->conditioner->statistics->n_frames / LEVEL_FRAMES;
    mdup_batch expand = {LEVEL_FRAMES, b->n_threads, expand_sample, NULL, &s};
    mdup_batch glance = {LEVEL_FRAMES, b->n_threads, glance_at_sample, NULL, &s};
    if (!need_spectra(b, s.frames, LEVEL_FRAMES, s.frames, LEVEL_FRAMES, err) ||
        !mdup_run_batch(&expand, err) || !mdup_run_batch(&glance, err))
        return false;
    b->level = mdup_glance_level(s.best, LEVEL_PAIRS);
    b->has_level = true;
    return true;
}

/* ---- the whole ---- */

bool mdup_blocks_compare(mdup_blocks *b, const mdup_block_pairs *pairs, mdup_error **err)
{
    b->pairs = pairs;
    size_t n_items = (pairs->n_rows + ROWS_AT_A_TIME - 1) / ROWS_AT_A_TIME;
    mdup_batch expand = {pairs->n_columns, b->n_threads, expand_column, report_nothing, b};
    mdup_batch compare = {n_items, b->n_threads, compare_rows, report_rows, b};
    return find_level(b, err) &&
           need_spectra(b, pairs->rows, pairs->n_rows, pairs->columns, pairs->n_columns, err) &&
           mdup_run_batch(&expand, err) && mdup_run_batch(&compare, err);
}

static bool init_worker(const mdup_blocks *b, worker *me, mdup_error **err)
{
    const mdup_map *scan = scan_map(b);
    if (!(me->condition = mdup_condition_scratch_new(b->conditioner, err)) ||
        !(me->spectrum =
              mdup_alloc_aligned(mdup_condition_size(b->conditioner), sizeof *me->spectrum, err)) ||
        !mdup_map_buffers_init(b->second, &me->second, err) ||
        !(me->rows = mdup_alloc_aligned(ROWS_AT_A_TIME * scan->words, sizeof *me->rows, err)))
        return false;
    return !b->first ||
           (mdup_map_buffers_init(b->first, &me->first, err) &&
            (me->row = mdup_alloc_aligned(b->second->words, sizeof *me->row, err)) &&
            (me->column = mdup_alloc_aligned(b->second->words, sizeof *me->column, err)) &&
            (me->pending =
                 mdup_calloc((size_t)ROWS_AT_A_TIME * MDUP_BLOCK, sizeof *me->pending, err)));
}

static void clear_worker(worker *me)
{
    mdup_condition_scratch_free(me->condition);
    free(me->spectrum);
    mdup_map_buffers_clear(&me->first);
    mdup_map_buffers_clear(&me->second);
    free(me->rows);
    free(me->row);
    free(me->column);
    free(me->pending);
}

static bool make_maps(mdup_blocks *b, mdup_error **err)
{
    b->spectra = mdup_spectra_new(b->conditioner, b->frames->n, err);
    if (!b->spectra)
        return false;
    const mdup_spectra_layout *kept = mdup_spectra_get_layout(b->spectra);
    float band = mdup_glance_band(b->conditioner);
    return (b->second = mdup_map_new(b->conditioner, kept, MDUP_BAND, MDUP_BAND, NULL, err)) &&
           (band <= 0 || (b->first = mdup_map_new(b->conditioner, kept, band,
                                                  MDUP_GLANCE_GRID * band, NULL, err)));
}

static bool make_room(mdup_blocks *b, double spectra_bytes, mdup_error **err)
{
    size_t n = b->frames->n, columns = n < MDUP_BLOCK ? n : MDUP_BLOCK;
    double kept = spectra_bytes / (double)mdup_spectra_get_layout(b->spectra)->bytes;
    b->most_kept = kept < 2.0 * MDUP_BLOCK ? 2 * (size_t)MDUP_BLOCK
                   : kept < (double)n      ? (size_t)kept
                                           : n;
    if (!(b->last_used = mdup_calloc(n, sizeof *b->last_used, err)) ||
        !(b->missing = mdup_calloc(2 * (size_t)MDUP_BLOCK, sizeof *b->missing, err)) ||
        !(b->columns = mdup_alloc_aligned(columns * scan_map(b)->words, sizeof *b->columns, err)) ||
        !(b->workers = mdup_calloc((size_t)b->n_threads, sizeof *b->workers, err)))
        return false;
    for (int w = 0; w < b->n_threads; w++)
        if (!init_worker(b, &b->workers[w], err))
            return false;
    return true;
}

mdup_blocks *mdup_blocks_new(const mdup_search_frames *frames, const mdup_conditioner *conditioner,
                             double spectra_bytes, int n_threads, mdup_job_progress progress,
                             void *progress_context, mdup_error **err)
{
    mdup_blocks *b = mdup_calloc(1, sizeof *b, err);
    if (!b)
        return NULL;
    b->frames = frames;
    b->conditioner = conditioner;
    b->n_threads = n_threads;
    b->progress = progress;
    b->progress_context = progress_context;
    if (!make_maps(b, err) || !make_room(b, spectra_bytes, err)) {
        mdup_blocks_free(b);
        return NULL;
    }
    return b;
}

void mdup_blocks_free(mdup_blocks *b)
{
    if (!b)
        return;
    for (int w = 0; b->workers && w < b->n_threads; w++)
        clear_worker(&b->workers[w]);
    free(b->workers);
    free(b->columns);
    free(b->missing);
    free(b->last_used);
    mdup_map_free(b->first);
    mdup_map_free(b->second);
    mdup_spectra_free(b->spectra);
    free(b);
}

size_t mdup_blocks_count_kept(const mdup_blocks *b)
{
    return b->most_kept / MDUP_BLOCK > 2 ? b->most_kept / MDUP_BLOCK : 2;
}
