#include "search/copies.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

typedef struct {
    uint64_t hash;
    int64_t group;
    size_t index;
} key;

/* FNV-1a, eight bytes at a time; equal hashes are compared byte by byte afterwards. */
static uint64_t hash_of(const int8_t *bytes, size_t n)
{
    uint64_t hash = 0xCBF29CE484222325u;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
        hash = (hash ^ word) * 0x100000001B3u;
        hash ^= hash >> 29;
    }
    for (; i < n; i++)
        hash = (hash ^ (uint8_t)bytes[i]) * 0x100000001B3u;
    return hash;
}

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

static bool same_bytes(const mdup_search_frames *f, size_t a, size_t b)
{
    return memcmp(f->get(f->context, a), f->get(f->context, b), (size_t)f->nx * (size_t)f->ny) == 0;
}

bool mdup_find_copies(const mdup_search_frames *f, mdup_copies *out, mdup_error **err)
{
    key *keys = mdup_calloc(f->n, sizeof *keys, err);
    mdup_copies copies = {keys ? mdup_calloc(f->n, sizeof *copies.items, err) : NULL, 0};
    if (!copies.items) {
        free(keys);
        return false;
    }
    for (size_t i = 0; i < f->n; i++)
        keys[i] = (key){hash_of(f->get(f->context, i), (size_t)f->nx * (size_t)f->ny),
                        f->group ? f->group[i] : 0, i};
    qsort(keys, f->n, sizeof *keys, by_hash);
    for (size_t first = 0, i = 1; i < f->n; i++) {
        if (keys[i].hash != keys[first].hash || keys[i].group != keys[first].group ||
            !same_bytes(f, keys[first].index, keys[i].index))
            first = i;
        else if (mdup_search_wants(f, keys[first].index, keys[i].index))
            copies.items[copies.n++] = (mdup_copy){keys[first].index, keys[i].index};
    }
    qsort(copies.items, copies.n, sizeof *copies.items, by_later);
    free(keys);
    *out = copies;
    return true;
}
