#include "search/copies.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

typedef struct {
    uint64_t hash;
    int64_t group;
    size_t index;
} key;

static int by_hash(const void *left, const void *right)
{
    const key *l = left, *r = right;
    if (l->hash != r->hash)
        return l->hash < r->hash ? -1 : 1;
    if (l->group != r->group)
        return l->group < r->group ? -1 : 1;
    return l->index < r->index ? -1 : l->index > r->index;
}

static int by_later(const void *left, const void *right)
{
    const mdup_copy *l = left, *r = right;
    return l->b < r->b ? -1 : l->b > r->b;
}

static bool hash_all(const mdup_search_frames *f, key *keys, mdup_error **err)
{
    for (size_t i = 0; i < f->n; i++) {
        const int8_t *frame = mdup_search_get(f, i, err);
        if (!frame)
            return false;
        keys[i] = (key){mdup_hash(0, frame, (size_t)f->nx * (size_t)f->ny),
                        f->group ? f->group[i] : 0, i};
        mdup_search_release(f, i);
    }
    return true;
}

static bool compare_bytes(const mdup_search_frames *f, size_t a, size_t b, bool *same,
                          mdup_error **err)
{
    const int8_t *frame_a = mdup_search_get(f, a, err),
                 *frame_b = frame_a ? mdup_search_get(f, b, err) : NULL;
    if (frame_b) {
        *same = memcmp(frame_a, frame_b, (size_t)f->nx * (size_t)f->ny) == 0;
        mdup_search_release(f, b);
    }
    if (frame_a)
        mdup_search_release(f, a);
    return frame_b != NULL;
}

/* Among keys sorted by hash. */
static bool list_copies(const mdup_search_frames *f, const key *keys, mdup_copies *copies,
                        mdup_error **err)
{
    for (size_t first = 0, i = 1; i < f->n; i++) {
        bool same = keys[i].hash == keys[first].hash && keys[i].group == keys[first].group;
        if (same && !compare_bytes(f, keys[first].index, keys[i].index, &same, err))
            return false;
        if (!same)
            first = i;
        else if (mdup_search_wants(f, keys[first].index, keys[i].index))
            copies->items[copies->n++] = (mdup_copy){keys[first].index, keys[i].index};
    }
    return true;
}

bool mdup_find_copies(const mdup_search_frames *f, mdup_copies *out, mdup_error **err)
{
    key *keys = mdup_calloc(f->n, sizeof *keys, err);
    mdup_copies copies = {keys ? mdup_calloc(f->n, sizeof *copies.items, err) : NULL, 0};
    bool ok = copies.items && hash_all(f, keys, err);
    if (ok) {
        qsort(keys, f->n, sizeof *keys, by_hash);
        ok = list_copies(f, keys, &copies, err);
    }
    free(keys);
    if (!ok) {
        free(copies.items);
        return false;
    }
    qsort(copies.items, copies.n, sizeof *copies.items, by_later);
    *out = copies;
    return true;
}
