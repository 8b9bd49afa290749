#include "flow/pair_memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

/* Frames stand by id, in blocks of consecutive ids: those that are new come behind all others, wherever they were recorded, so that a grown
 * list leaves the tiles of the others as they were. */
struct mdup_pair_memory {
    mdup_session *session;
    const mdup_callbacks *callbacks;
    const int64_t *ids; /* of each frame */
    size_t n;
    int64_t *sorted_ids; /* at each place */
    size_t *frames, *block_begin;
    int64_t *block_numbers; /* id / MDUP_TILE_SIDE of each block */
    uint16_t *slots;
    mdup_search_memory search;
    int64_t comparison;
    mdup_session_look *looks; /* sorted */
    size_t n_looks;
    /* Of the tile got last: what this search cannot use, kept for one that can.  Candidates of micrographs that are not in the list now, and of
     * pairs that were recorded in the other order when the list was ordered otherwise. */
    mdup_tile unused; /* items by ids */
    size_t unused_a, unused_b;
};

/* ---- places ---- */

typedef struct {
    int64_t id;
    size_t frame;
} place;

static int by_id(const void *left, const void *right)
{
    const place *l = left, *r = right;
    return l->id < r->id ? -1 : l->id > r->id;
}

static bool make_room(mdup_pair_memory *m, mdup_error **err)
{
    return (m->sorted_ids = mdup_calloc(m->n, sizeof *m->sorted_ids, err)) &&
           (m->frames = mdup_calloc(m->n, sizeof *m->frames, err)) &&
           (m->slots = mdup_calloc(m->n, sizeof *m->slots, err)) &&
           (m->block_begin = mdup_calloc(m->n + 1, sizeof *m->block_begin, err)) &&
           (m->block_numbers = mdup_calloc(m->n, sizeof *m->block_numbers, err));
}

static bool arrange(mdup_pair_memory *m, mdup_error **err)
{
    place *places = mdup_calloc(m->n, sizeof *places, err);
    if (!places)
        return false;
    for (size_t i = 0; i < m->n; i++)
        places[i] = (place){m->ids[i], i};
    qsort(places, m->n, sizeof *places, by_id);
    size_t n_blocks = 0;
    for (size_t i = 0; i < m->n; i++) {
        int64_t block = places[i].id / MDUP_TILE_SIDE;
        m->sorted_ids[i] = places[i].id;
        m->frames[i] = places[i].frame;
        m->slots[i] = (uint16_t)(places[i].id % MDUP_TILE_SIDE);
        if (i == 0 || block != m->block_numbers[n_blocks - 1]) {
            m->block_numbers[n_blocks] = block;
            m->block_begin[n_blocks++] = i;
        }
    }
    m->block_begin[n_blocks] = m->n;
    m->search = (mdup_search_memory){.n_blocks = n_blocks,
                                     .block_begin = m->block_begin,
                                     .frame = m->frames,
                                     .slot = m->slots,
                                     .context = m};
    free(places);
    return true;
}

static int by_number(const void *left, const void *right)
{
    const int64_t *l = left, *r = right;
    return *l < *r ? -1 : *l > *r;
}

static bool find_frame(const mdup_pair_memory *m, size_t id, size_t *frame)
{
    int64_t sought = (int64_t)id;
    const int64_t *found = bsearch(&sought, m->sorted_ids, m->n, sizeof *m->sorted_ids, by_number);
    if (found)
        *frame = m->frames[found - m->sorted_ids];
    return found != NULL;
}

/* ---- tiles ---- */

/* Keeps of the tile's items, which name ids, those of this search and names their frames; the others go to the unused. */
static bool take_items(mdup_pair_memory *m, mdup_tile *tile, mdup_error **err)
{
    size_t kept = 0;
    for (size_t i = 0; i < tile->n; i++) {
        mdup_candidate item = tile->items[i];
        bool here =
            find_frame(m, item.a, &item.a) && find_frame(m, item.b, &item.b) && item.a < item.b;
        if (here)
            tile->items[kept++] = item;
        else if (!mdup_tile_add(&m->unused, &tile->items[i], err))
            return false;
    }
    tile->n = kept;
    return true;
}

static bool get_tile(void *context, size_t block_a, size_t block_b, mdup_tile *tile,
                     mdup_error **err)
{
    mdup_pair_memory *m = context;
    mdup_tile_reset(&m->unused);
    m->unused_a = block_a;
    m->unused_b = block_b;
    return mdup_session_get_tile(m->session, m->comparison, m->block_numbers[block_a],
                                 m->block_numbers[block_b], tile, err) &&
           take_items(m, tile, err);
}

/* Whether the tile says that the pair, by ids, was compared in this direction. */
static bool is_compared(const mdup_tile *tile, const mdup_candidate *item, int64_t block_a,
                        int64_t block_b)
{
    size_t side = MDUP_TILE_SIDE, slot_a = item->a % side, slot_b = item->b % side;
    bool later_first = block_a == block_b ? slot_a > slot_b : (int64_t)(item->a / side) != block_a;
    return mdup_tile_is_compared(tile, later_first, later_first ? slot_b : slot_a,
                                 later_first ? slot_a : slot_b);
}

static bool add_unused(const mdup_pair_memory *m, size_t block_a, size_t block_b, mdup_tile *by_ids,
                       mdup_error **err)
{
    if (m->unused_a != block_a || m->unused_b != block_b)
        return true;
    for (size_t i = 0; i < m->unused.n; i++)
        if (is_compared(by_ids, &m->unused.items[i], m->block_numbers[block_a],
                        m->block_numbers[block_b]) &&
            !mdup_tile_add(by_ids, &m->unused.items[i], err))
            return false;
    return true;
}

static bool put_tile(void *context, size_t block_a, size_t block_b, const mdup_tile *tile,
                     mdup_error **err)
{
    mdup_pair_memory *m = context;
    mdup_tile *by_ids = mdup_calloc(1, sizeof *by_ids, err);
    if (!by_ids)
        return false;
    memcpy(by_ids->compared, tile->compared, sizeof by_ids->compared);
    by_ids->floor = tile->floor;
    bool ok = true;
    for (size_t i = 0; ok && i < tile->n; i++) {
        mdup_candidate item = tile->items[i];
        item.a = (size_t)m->ids[item.a];
        item.b = (size_t)m->ids[item.b];
        ok = mdup_tile_add(by_ids, &item, err);
    }
    ok = ok && add_unused(m, block_a, block_b, by_ids, err) &&
         mdup_session_put_tile(m->session, m->comparison, m->block_numbers[block_a],
                               m->block_numbers[block_b], by_ids, err);
    mdup_tile_clear(by_ids);
    free(by_ids);
    return ok;
}

/* ---- statistics and looks ---- */

static bool begin(void *context, uint64_t key, mdup_statistics *statistics, bool *known,
                  const mdup_search_memory **search, mdup_error **err)
{
    mdup_pair_memory *m = context;
    *search = &m->search;
    bool has_others;
    if (!mdup_session_open_comparison(m->session, key, statistics, &m->comparison, known,
                                      &has_others, err))
        return false;
    if (!*known && has_others)
        mdup_log(m->callbacks, MDUP_LOG_INFO,
                 "the session's statistics are those of other micrographs now, or --max-shift or "
                 "the method has changed: pairs are compared again");
    return mdup_session_load_looks(m->session, m->comparison, MDUP_LOOK_SIGNS, &m->looks,
                                   &m->n_looks, err);
}

static bool keep_statistics(void *context, const mdup_statistics *statistics, mdup_error **err)
{
    mdup_pair_memory *m = context;
    return mdup_session_put_statistics(m->session, m->comparison, statistics, err);
}

static int by_pair_then_kind(const void *left, const void *right)
{
    const mdup_session_look *l = left, *r = right;
    if (l->a != r->a)
        return l->a < r->a ? -1 : 1;
    if (l->b != r->b)
        return l->b < r->b ? -1 : 1;
    return l->kind < r->kind ? -1 : l->kind > r->kind;
}

static bool recall_look(void *context, mdup_look *look)
{
    mdup_pair_memory *m = context;
    mdup_session_look sought = {
        .a = m->ids[look->a], .b = m->ids[look->b], .kind = (int)look->kind};
    const mdup_session_look *found =
        m->n_looks ? bsearch(&sought, m->looks, m->n_looks, sizeof sought, by_pair_then_kind)
                   : NULL;
    if (found)
        memcpy(look->signs, found->signs, sizeof look->signs);
    return found != NULL;
}

static bool keep_looks(void *context, const mdup_look *looks, size_t n, mdup_error **err)
{
    mdup_pair_memory *m = context;
    mdup_session_look *by_ids = mdup_calloc(n, sizeof *by_ids, err);
    if (!by_ids)
        return false;
    for (size_t i = 0; i < n; i++) {
        by_ids[i] = (mdup_session_look){
            .a = m->ids[looks[i].a], .b = m->ids[looks[i].b], .kind = (int)looks[i].kind};
        memcpy(by_ids[i].signs, looks[i].signs, sizeof looks[i].signs);
    }
    bool ok = mdup_session_put_looks(m->session, m->comparison, MDUP_LOOK_SIGNS, by_ids, n, err);
    free(by_ids);
    return ok;
}
_Static_assert((int)MDUP_LOOK_SIGNS <= (int)MDUP_SESSION_MOST_SIGNS, "the session keeps all signs");

/* ---- the whole ---- */

mdup_pair_memory *mdup_pair_memory_new(mdup_session *session, const int64_t *ids, size_t n,
                                       const mdup_callbacks *callbacks, mdup_error **err)
{
    mdup_pair_memory *m = mdup_calloc(1, sizeof *m, err);
    if (!m)
        return NULL;
    m->session = session;
    m->callbacks = callbacks;
    m->ids = ids;
    m->n = n;
    if (make_room(m, err) && arrange(m, err))
        return m;
    mdup_pair_memory_free(m);
    return NULL;
}

void mdup_pair_memory_free(mdup_pair_memory *m)
{
    if (!m)
        return;
    free(m->sorted_ids);
    free(m->frames);
    free(m->slots);
    free(m->block_begin);
    free(m->block_numbers);
    free(m->looks);
    mdup_tile_clear(&m->unused);
    free(m);
}

mdup_compare_memory mdup_pair_memory_callbacks(mdup_pair_memory *m)
{
    m->search.get = get_tile;
    m->search.put = put_tile;
    return (mdup_compare_memory){.context = m,
                                 .begin = begin,
                                 .keep_statistics = keep_statistics,
                                 .recall_look = recall_look,
                                 .keep_looks = keep_looks};
}

int64_t mdup_pair_memory_comparison(const mdup_pair_memory *m)
{
    return m->comparison;
}
