#include "flow/kept_frames.h"

#include <stdlib.h>

static int by_id(const void *left, const void *right)
{
    const mdup_kept_frame *l = left, *r = right;
    return l->id < r->id ? -1 : l->id > r->id;
}

int8_t *mdup_kept_frames_take(mdup_kept_frames *frames, int64_t id, uint64_t hash)
{
    mdup_kept_frame sought = {.id = id};
    mdup_kept_frame *found =
        frames->n > 0 ? bsearch(&sought, frames->items, frames->n, sizeof sought, by_id) : NULL;
    if (!found || found->hash != hash)
        return NULL;
    int8_t *pixels = found->pixels;
    found->pixels = NULL;
    return pixels;
}

void mdup_kept_frames_put(mdup_kept_frames *frames, mdup_kept_frame *items, size_t n)
{
    mdup_kept_frames_clear(frames);
    if (n > 0)
        qsort(items, n, sizeof *items, by_id);
    *frames = (mdup_kept_frames){items, n};
}

void mdup_kept_frames_clear(mdup_kept_frames *frames)
{
    for (size_t i = 0; i < frames->n; i++)
        free(frames->items[i].pixels);
    free(frames->items);
    *frames = (mdup_kept_frames){0};
}
