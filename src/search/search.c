#include "search/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "search/blocks.h"

enum { BLOCK = MDUP_TILE_SIDE };
_Static_assert((int)BLOCK == (int)MDUP_BLOCK, "a tile is two blocks");

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

const int8_t *mdup_search_get(const mdup_search_frames *f, size_t index, mdup_error **err)
{
    return f->get(f->context, index, err);
}

void mdup_search_release(const mdup_search_frames *f, size_t index)
{
    if (f->release)
        f->release(f->context, index);
}

/* Measured: program, two threads and the spectra at hand; names, candidates, looks and local powers of a micrograph. */
static const double RESERVED_BYTES = 0.4e9, BYTES_OF_A_NAME = 1.5e4;

/* Both are enough for the same number of frames. */
static const double SHARE_OF_FRAMES = 0.39;

mdup_search_budget mdup_search_share(double memory_bytes, size_t n)
{
    double left = fmax(memory_bytes - RESERVED_BYTES - BYTES_OF_A_NAME * (double)n, 1);
    return (mdup_search_budget){SHARE_OF_FRAMES * left, (1 - SHARE_OF_FRAMES) * left};
}

double mdup_search_memory_bytes(int32_t nx, int32_t ny, size_t n, int n_threads,
                                const mdup_search_budget *budget)
{
    double frame = (double)nx * ny, columns = (double)(n < BLOCK ? n : BLOCK);
    /* Of the padded plane (4 frames) a spectrum keeps 0.38, half of what lies within the band, in two bytes a number; expanded it is half of the
     * square around the band, 0.49, in four bytes.  A worker has about seven such planes of floats in conditioning, searching and verifying,
     * and six where a pair is held against what repeats. */
    double spectra = fmin((double)n * frame * 4 * 0.5 * 0.385 * 2, budget->spectra_bytes),
           expanded = columns * frame * 4 * 0.5 * 0.49 * 4, worker_bytes = frame * 4 * 4 * 13;
    double candidates = CANDIDATES_BESIDE + SAMPLE_PAIRS + (double)CANDIDATES_PER_FRAME * (double)n;
    return fmin(frame * (double)n, budget->frames_bytes) + spectra + expanded +
           n_threads * worker_bytes + candidates * (2 * sizeof(mdup_candidate) + 64);
}

/* ---- which pairs are remembered ---- */

/* The same pairs are drawn whatever the threads do.  Not by their places in the session, which a micrograph that cannot be judged moves. */
static bool is_drawn(const mdup_search_frames *f, size_t a, size_t b, int64_t n_pairs)
{
    if (n_pairs <= SAMPLE_PAIRS)
        return true;
    uint64_t mixed = f->key ? mdup_mix(f->key[a], f->key[b]) : mdup_mix(a, b);
    double uniform = (double)(mixed >> 11) * 0x1p-53;
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

/* A list that keeps the best `most` and every drawn pair. */
typedef struct {
    mdup_candidate *items;
    size_t n, capacity;
    size_t most;
    float least; /* at least 0; pairs below it can be forgotten at once */
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
    list->least = fmaxf(0, list->items[list->most - 1].coarse);
    for (size_t i = list->most; i < list->n; i++)
        if (list->items[i].drawn)
            list->items[kept++] = list->items[i];
    list->n = kept;
}

/* ---- the blocks ---- */

/* With a memory only. */
typedef struct {
    mdup_tile tile;     /* of the blocks at hand, without what is found now */
    float *floors;      /* of every pair of blocks */
    bool *is_forgotten; /* what is remembered of a pair of blocks is not to be used */
} kept_tiles;

/* Of the frames of a block those that have to be compared. */
typedef struct {
    size_t n;
    size_t frames[BLOCK], places[BLOCK]; /* rising */
} part;

typedef struct {
    const mdup_search_frames *frames;
    const mdup_callbacks *callbacks;
    int n_threads;
    mdup_blocks *blocks;
    size_t block[2];           /* the numbers of the rows' block and of the columns', */
    size_t first[2], count[2]; /* and the places of the frames in them */
    part parts[2];
    size_t most;             /* how many of the best are wanted in the end */
    int64_t n_pairs, n_done; /* asked for; compared in the finished tiles */
    int64_t batch_pairs;     /* to compare in this one */
    shortlist *of_worker;    /* what each has found in it */
    shortlist found;
    kept_tiles kept;
} search;

/* ---- tiles that are kept ---- */

/* Without a memory the frames stand as they are given, and are cut into blocks of equal size. */
static size_t count_blocks(const search *s)
{
    const mdup_search_memory *memory = s->frames->memory;
    return memory ? memory->n_blocks : (s->frames->n + BLOCK - 1) / BLOCK;
}

static size_t block_begin(const search *s, size_t block)
{
    size_t begin = block * BLOCK;
    if (s->frames->memory)
        return s->frames->memory->block_begin[block];
    return begin < s->frames->n ? begin : s->frames->n;
}

static size_t frame_at(const search *s, int side, size_t i)
{
    size_t place = s->first[side] + i;
    return s->frames->memory ? s->frames->memory->frame[place] : place;
}

static bool is_diagonal(const search *s)
{
    return s->block[0] == s->block[1];
}

/* A pair of the blocks at hand: the i-th frame of the first, the j-th of the second. */
typedef struct {
    size_t i, j;
    size_t a, b;      /* the frames, a < b */
    bool later_first; /* a is that of the second block */
} cell;

static cell cell_of(const search *s, size_t i, size_t j)
{
    size_t row = frame_at(s, 0, i), column = frame_at(s, 1, j);
    bool later_first = row > column;
    return (cell){i, j, later_first ? column : row, later_first ? row : column, later_first};
}

static size_t first_column(const search *s, size_t row)
{
    return is_diagonal(s) ? row + 1 : 0;
}

/* Known is what was compared and, if it is among those drawn now, was remembered. */
static bool is_known(const search *s, const cell *c)
{
    const mdup_search_memory *memory = s->frames->memory;
    if (!memory)
        return false;
    const uint16_t *slot = memory->slot;
    return mdup_tile_is_compared(&s->kept.tile, c->later_first, slot[s->first[0] + c->i],
                                 slot[s->first[1] + c->j]) &&
           (!is_drawn(s->frames, c->a, c->b, s->n_pairs) ||
            mdup_tile_holds(&s->kept.tile, c->a, c->b));
}

static size_t tile_index(const search *s)
{
    return s->block[0] * count_blocks(s) + s->block[1];
}

static bool recall(search *s, mdup_error **err)
{
    const mdup_search_memory *memory = s->frames->memory;
    if (!memory)
        return true;
    mdup_tile_reset(&s->kept.tile);
    if (!s->kept.is_forgotten[tile_index(s)] &&
        !memory->get(memory->context, s->block[0], s->block[1], &s->kept.tile, err))
        return false;
    mdup_tile_sort(&s->kept.tile);
    s->kept.floors[tile_index(s)] = s->kept.tile.floor;
    for (size_t i = 0; i < s->kept.tile.n; i++) {
        mdup_candidate item = s->kept.tile.items[i];
        item.drawn = is_drawn(s->frames, item.a, item.b, s->n_pairs);
        if (mdup_search_wants(s->frames, item.a, item.b) && !shortlist_add(&s->found, &item, err))
            return false;
    }
    return true;
}

/* Puts what the workers found to what was known of the tile. */
static bool keep(search *s, mdup_error **err)
{
    const mdup_search_memory *memory = s->frames->memory;
    if (!memory)
        return true;
    mdup_tile *tile = &s->kept.tile;
    for (size_t i = 0; i < s->count[0]; i++)
        for (size_t j = first_column(s, i); j < s->count[1]; j++) {
            cell c = cell_of(s, i, j);
            if (mdup_search_wants(s->frames, c.a, c.b))
                mdup_tile_mark(tile, c.later_first, memory->slot[s->first[0] + i],
                               memory->slot[s->first[1] + j]);
        }
    for (int w = 0; w < s->n_threads; w++)
        for (size_t i = 0; i < s->of_worker[w].n; i++) {
            const mdup_candidate *item = &s->of_worker[w].items[i];
            if ((item->coarse >= s->found.least || item->drawn) && !mdup_tile_add(tile, item, err))
                return false;
        }
    tile->floor = fmaxf(tile->floor, s->found.least);
    s->kept.floors[tile_index(s)] = tile->floor;
    s->kept.is_forgotten[tile_index(s)] = false;
    return memory->put(memory->context, s->block[0], s->block[1], tile, err);
}

/* A list that has shrunk reaches further down than what was remembered of some tiles: those are compared again.  True when there are such. */
static bool forget_incomplete(search *s)
{
    size_t n = s->frames->memory ? count_blocks(s) : 0;
    bool any = false;
    for (size_t tile = 0; tile < n * n; tile++) {
        bool incomplete = s->kept.floors[tile] > s->found.least;
        s->kept.is_forgotten[tile] = incomplete;
        any = any || incomplete;
    }
    return any;
}

/* ---- comparing ---- */

static cell cell_in_parts(const search *s, size_t row, size_t column)
{
    return cell_of(s, s->parts[0].places[row], s->parts[1].places[column]);
}

static bool is_wanted(const search *s, const cell *c)
{
    return c->j >= first_column(s, c->i) && mdup_search_wants(s->frames, c->a, c->b);
}

static mdup_pair_interest interest_in(void *context, size_t row, size_t column)
{
    const search *s = context;
    cell c = cell_in_parts(s, row, column);
    if (!is_wanted(s, &c) || is_known(s, &c))
        return MDUP_PAIR_UNWANTED;
    return is_drawn(s->frames, c.a, c.b, s->n_pairs) ? MDUP_PAIR_WANTED_IN_ANY_CASE
                                                     : MDUP_PAIR_WANTED;
}

static bool take(void *context, size_t row, size_t column, bool stands_out,
                 const mdup_peak peaks[MDUP_PEAKS], int w, mdup_error **err)
{
    search *s = context;
    cell c = cell_in_parts(s, row, column);
    mdup_candidate candidate = {.a = c.a,
                                .b = c.b,
                                .drawn = is_drawn(s->frames, c.a, c.b, s->n_pairs),
                                .coarse = stands_out ? peaks[0].local_z : -1};
    memcpy(candidate.peaks, peaks, sizeof candidate.peaks);
    return shortlist_add(&s->of_worker[w], &candidate, err);
}

static bool report(void *context, size_t rows_done)
{
    const search *s = context;
    const mdup_callbacks *cb = s->callbacks;
    int64_t done = s->parts[0].n ? s->batch_pairs * (int64_t)rows_done / (int64_t)s->parts[0].n : 0;
    if (cb && cb->progress)
        cb->progress(cb->user, "comparing", s->n_done + done, s->n_pairs);
    return !(cb && cb->stop && cb->stop(cb->user));
}

/* What the workers found goes into the one list, which is cut; its threshold goes back to them. */
static bool gather(search *s, mdup_error **err)
{
    for (int w = 0; w < s->n_threads; w++) {
        const shortlist *found = &s->of_worker[w];
        for (size_t i = 0; i < found->n; i++)
            if (!shortlist_add(&s->found, &found->items[i], err))
                return false;
    }
    shortlist_cut(&s->found);
    if (s->batch_pairs > 0 && !keep(s, err))
        return false;
    for (int w = 0; w < s->n_threads; w++) {
        s->of_worker[w].n = 0;
        s->of_worker[w].least = s->found.least;
    }
    return true;
}

static void fill_part(search *s, int side, const bool *is_needed)
{
    part *p = &s->parts[side];
    p->n = 0;
    for (size_t i = 0; i < s->count[side]; i++)
        if (is_needed[i]) {
            p->frames[p->n] = frame_at(s, side, i);
            p->places[p->n++] = i;
        }
}

/* Pairs asked for, and of these the ones to compare; the parts are the frames of the latter. */
static int64_t count_in_blocks(search *s, int64_t *n_new)
{
    bool is_needed[2][BLOCK] = {0};
    int64_t n_wanted = 0;
    *n_new = 0;
    for (size_t i = 0; i < s->count[0]; i++)
        for (size_t j = first_column(s, i); j < s->count[1]; j++) {
            cell c = cell_of(s, i, j);
            if (!is_wanted(s, &c))
                continue;
            n_wanted++;
            if (is_known(s, &c))
                continue;
            ++*n_new;
            is_needed[0][i] = is_needed[1][j] = true;
        }
    for (int side = 0; side < 2; side++)
        fill_part(s, side, is_needed[side]);
    return n_wanted;
}

static bool compare_new(search *s, mdup_error **err)
{
    mdup_block_pairs pairs = {.rows = s->parts[0].frames,
                              .columns = s->parts[1].frames,
                              .n_rows = s->parts[0].n,
                              .n_columns = s->parts[1].n,
                              .context = s,
                              .interest = interest_in,
                              .found = take};
    return mdup_blocks_compare(s->blocks, &pairs, err);
}

static void set_block(search *s, int side, size_t block)
{
    s->block[side] = block;
    s->first[side] = block_begin(s, block);
    s->count[side] = block_begin(s, block + 1) - s->first[side];
}

static bool compare_blocks(search *s, size_t row_block, size_t column_block, mdup_error **err)
{
    set_block(s, 0, row_block);
    set_block(s, 1, column_block);
    if (!recall(s, err))
        return false;
    int64_t n_wanted = count_in_blocks(s, &s->batch_pairs);
    if (s->batch_pairs > 0 && !compare_new(s, err))
        return false;
    s->n_done += n_wanted;
    return gather(s, err);
}

/* As many blocks of rows as can be kept, all but one, with each block of columns in turn: a block of columns is conditioned once for all
 * of these rows. */
static bool compare_once(search *s, mdup_error **err)
{
    s->n_done = 0;
    s->found.n = 0;
    s->found.least = 0;
    for (int w = 0; w < s->n_threads; w++)
        s->of_worker[w].least = 0;
    size_t n_blocks = count_blocks(s), at_once = mdup_blocks_count_kept(s->blocks) - 1;
    for (size_t begin = 0; begin < n_blocks; begin += at_once)
        for (size_t column = begin; column < n_blocks; column++)
            for (size_t row = begin; row < begin + at_once && row <= column; row++)
                if (!compare_blocks(s, row, column, err))
                    return false;
    s->found.most = s->most;
    shortlist_cut(&s->found);
    return true;
}

/* With a memory twice as many are kept until the end, so that what is known of the tiles reaches further down than this time's list: a list
 * that shrinks, or in which the next micrographs are fainter, does not make them incomplete. */
enum { MARGIN = 2 };

static bool compare_all(search *s, mdup_error **err)
{
    do {
        s->found.most = s->frames->memory ? MARGIN * s->most : s->most;
        if (!compare_once(s, err))
            return false;
    } while (forget_incomplete(s));
    return true;
}

static bool make_kept(search *s, mdup_error **err)
{
    size_t n = count_blocks(s);
    return !s->frames->memory ||
           ((s->kept.floors = mdup_calloc(n * n, sizeof *s->kept.floors, err)) &&
            (s->kept.is_forgotten = mdup_calloc(n * n, sizeof *s->kept.is_forgotten, err)));
}

static bool make_room(search *s, const mdup_conditioner *conditioner, mdup_error **err)
{
    double spectra_bytes = s->frames->spectra_bytes > 0 ? s->frames->spectra_bytes : HUGE_VAL;
    return (s->of_worker = mdup_calloc((size_t)s->n_threads, sizeof *s->of_worker, err)) &&
           (s->blocks = mdup_blocks_new(s->frames, conditioner, spectra_bytes, s->n_threads, report,
                                        s, err));
}

static void clear(search *s)
{
    for (int w = 0; s->of_worker && w < s->n_threads; w++)
        free(s->of_worker[w].items);
    free(s->of_worker);
    mdup_blocks_free(s->blocks);
    mdup_tile_clear(&s->kept.tile);
    free(s->kept.floors);
    free(s->kept.is_forgotten);
}

bool mdup_search(const mdup_search_frames *frames, const mdup_conditioner *conditioner,
                 int n_threads, const mdup_callbacks *callbacks, mdup_shortlist *out,
                 mdup_error **err)
{
    search s = {.frames = frames, .callbacks = callbacks, .n_threads = n_threads};
    s.most = CANDIDATES_BESIDE + CANDIDATES_PER_FRAME * frames->n;
    bool ok = mdup_search_count_pairs(frames, &s.n_pairs, err) &&
              (s.n_pairs == 0 ||
               (make_kept(&s, err) && make_room(&s, conditioner, err) && compare_all(&s, err)));
    clear(&s);
    if (!ok) {
        free(s.found.items);
        return false;
    }
    if (s.found.n > 0)
        qsort(s.found.items, s.found.n, sizeof *s.found.items, mdup_candidate_by_pair);
    *out = (mdup_shortlist){s.found.items, s.found.n, s.n_pairs};
    return true;
}
