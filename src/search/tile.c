#include "search/tile.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static size_t bit_of(size_t slot_a, size_t slot_b)
{
    return MDUP_TILE_SIDE * slot_a + slot_b;
}

bool mdup_tile_is_compared(const mdup_tile *tile, bool later_first, size_t slot_a, size_t slot_b)
{
    size_t bit = bit_of(slot_a, slot_b);
    return (tile->compared[later_first][bit / 64] >> (bit % 64)) & 1;
}

void mdup_tile_mark(mdup_tile *tile, bool later_first, size_t slot_a, size_t slot_b)
{
    size_t bit = bit_of(slot_a, slot_b);
    tile->compared[later_first][bit / 64] |= (uint64_t)1 << (bit % 64);
}

int64_t mdup_tile_count(const mdup_tile *tile)
{
    int64_t count = 0;
    for (size_t i = 0; i < (size_t)2 * MDUP_TILE_WORDS; i++)
        for (uint64_t word = tile->compared[i / MDUP_TILE_WORDS][i % MDUP_TILE_WORDS]; word;
             word &= word - 1)
            count++;
    return count;
}

bool mdup_tile_add(mdup_tile *tile, const mdup_candidate *item, mdup_error **err)
{
    if (!mdup_grow((void **)&tile->items, &tile->capacity, tile->n + 1, sizeof *tile->items, err))
        return false;
    tile->items[tile->n++] = *item;
    return true;
}

int mdup_candidate_by_pair(const void *left, const void *right)
{
    const mdup_candidate *l = left, *r = right;
    if (l->a != r->a)
        return l->a < r->a ? -1 : 1;
    return l->b < r->b ? -1 : l->b > r->b;
}

void mdup_tile_sort(mdup_tile *tile)
{
    if (tile->n > 0)
        qsort(tile->items, tile->n, sizeof *tile->items, mdup_candidate_by_pair);
}

bool mdup_tile_holds(const mdup_tile *tile, size_t a, size_t b)
{
    mdup_candidate sought = {.a = a, .b = b};
    return tile->n > 0 && bsearch(&sought, tile->items, tile->n, sizeof *tile->items,
                                  mdup_candidate_by_pair) != NULL;
}

void mdup_tile_reset(mdup_tile *tile)
{
    memset(tile->compared, 0, sizeof tile->compared);
    tile->floor = 0;
    tile->n = 0;
}

void mdup_tile_clear(mdup_tile *tile)
{
    free(tile->items);
    *tile = (mdup_tile){0};
}
