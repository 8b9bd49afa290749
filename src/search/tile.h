/* What comparing two blocks of frames gave, in a form that can be kept: a search that has it compares no pair twice. */
#ifndef MDUP_SEARCH_TILE_H
#define MDUP_SEARCH_TILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "search/correlate.h"

/* A pair worth a second look. */
typedef struct {
    size_t a, b;
    bool
        drawn; /* one of those drawn at random, whatever its score: the null distribution is made of these */
    /* The best local_z of its peaks.  -1: the first look passes over the pair, and it is here only for being drawn; in a longer list, where it is
     * not, it must not be what it would not be in a search that knows nothing. */
    float coarse;
    mdup_peak peaks[MDUP_PEAKS];
} mdup_candidate;

/** For qsort: by (a, b). */
int mdup_candidate_by_pair(const void *left, const void *right);

/* Frames of a block, at the most. */
enum { MDUP_TILE_SIDE = 256, MDUP_TILE_WORDS = MDUP_TILE_SIDE * MDUP_TILE_SIDE / 64 };

/* Of a first and a second block, or one with itself.  A frame has a slot in its block that stays, whoever else is there. */
typedef struct {
    /* A bit a pair, at MDUP_TILE_SIDE * its slot in the first block + its slot in the second.  Those whose earlier frame is in the
     * first block (in one block: in the lower slot), then those whose later one is: to correlate a with b is not to the last bit
     * what b with a is. */
    uint64_t compared[2][MDUP_TILE_WORDS];
    float
        floor; /* of the pairs compared all whose `coarse` is as high as this, or higher, are among the items */
    mdup_candidate *items;
    size_t n, capacity;
} mdup_tile;

bool mdup_tile_is_compared(const mdup_tile *tile, bool later_first, size_t slot_a, size_t slot_b);
void mdup_tile_mark(mdup_tile *tile, bool later_first, size_t slot_a, size_t slot_b);

/** How many pairs are compared. */
int64_t mdup_tile_count(const mdup_tile *tile);

/** Appends an item.  False with *err (NOMEM). */
bool mdup_tile_add(mdup_tile *tile, const mdup_candidate *item, mdup_error **err) MDUP_MUST_CHECK;

/** Sorts the items by (a, b), for mdup_tile_holds. */
void mdup_tile_sort(mdup_tile *tile);
bool mdup_tile_holds(const mdup_tile *tile, size_t a, size_t b);

/** Forgets everything and keeps the memory of the items. */
void mdup_tile_reset(mdup_tile *tile);
void mdup_tile_clear(mdup_tile *tile);

/* The blocks of a search whose tiles are kept. */
typedef struct {
    size_t n_blocks;
    const size_t *block_begin; /* n_blocks + 1 places, each block of at most MDUP_TILE_SIDE; */
    const size_t *frame;       /* the frame at each place, */
    const uint16_t *slot;      /* and its slot: rising within a block */
    /* Both are called on the thread that searches.  get fills a tile that is reset; one of which nothing is known stays so.  Its items name frames of
     * this search. */
    bool (*get)(void *context, size_t block_a, size_t block_b, mdup_tile *tile, mdup_error **err);
    bool (*put)(void *context, size_t block_a, size_t block_b, const mdup_tile *tile,
                mdup_error **err);
    void *context;
} mdup_search_memory;

#endif
