#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT_bytes = 64 };

void *mdup_calloc(size_t count, size_t size, mdup_error **err)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);
    if (!memory)
        mdup_fail_nomem(err);
    return memory;
}

void *mdup_alloc_aligned(size_t count, size_t size, mdup_error **err)
{
    if (size && count > (SIZE_MAX - ALIGNMENT_bytes) / size) {
        mdup_fail_nomem(err);
        return NULL;
    }
    size_t bytes = count * size;
    /* aligned_alloc wants a multiple of the alignment. */
    bytes = (bytes / ALIGNMENT_bytes + 1) * ALIGNMENT_bytes;
    void *memory = aligned_alloc(ALIGNMENT_bytes, bytes);
    if (!memory)
        mdup_fail_nomem(err);
    return memory;
}

bool mdup_grow(void **array, size_t *capacity, size_t needed, size_t size, mdup_error **err)
{
    if (needed <= *capacity)
        return true;
    size_t wanted = *capacity > SIZE_MAX / 2 ? SIZE_MAX : *capacity * 2;
    if (wanted < needed)
        wanted = needed;
    if (wanted < 16)
        wanted = 16;
    if (wanted > SIZE_MAX / size)
        return mdup_fail_nomem(err);
    void *grown = realloc(*array, wanted * size);
    if (!grown)
        return mdup_fail_nomem(err);
    *array = grown;
    *capacity = wanted;
    return true;
}

char *mdup_strndup(const char *text, size_t length, mdup_error **err)
{
    if (length == SIZE_MAX) {
        mdup_fail_nomem(err);
        return NULL;
    }
    char *copy = mdup_calloc(length + 1, 1, err);
    if (copy)
        memcpy(copy, text, length);
    return copy;
}

char *mdup_strdup(const char *text, mdup_error **err)
{
    return mdup_strndup(text, strlen(text), err);
}
