#include "base/intern.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

/* The slot that holds the text, or the empty one where it belongs.  There is always an empty one. */
static size_t find_slot(const size_t *slots, size_t n_slots, char *const *texts, const char *text,
                        size_t length)
{
    size_t slot = (size_t)mdup_hash(0, text, length) & (n_slots - 1);
    while (slots[slot] != 0) {
        const char *other = texts[slots[slot] - 1];
        if (strlen(other) == length && memcmp(other, text, length) == 0)
            break;
        slot = (slot + 1) & (n_slots - 1);
    }
    return slot;
}

/* At most half of the slots are taken. */
static bool make_room(mdup_intern *in, mdup_error **err)
{
    if (!mdup_grow((void **)&in->texts, &in->capacity, in->n + 1, sizeof *in->texts, err))
        return false;
    if (2 * (in->n + 1) <= in->n_slots)
        return true;
    size_t n_slots = in->n_slots ? 2 * in->n_slots : 64;
    size_t *slots = mdup_calloc(n_slots, sizeof *slots, err);
    if (!slots)
        return false;
    for (size_t i = 0; i < in->n; i++)
        slots[find_slot(slots, n_slots, in->texts, in->texts[i], strlen(in->texts[i]))] = i + 1;
    free(in->slots);
    in->slots = slots;
    in->n_slots = n_slots;
    return true;
}

bool mdup_intern_add(mdup_intern *in, const char *text, size_t length, size_t *number,
                     mdup_error **err)
{
    if (!make_room(in, err))
        return false;
    size_t slot = find_slot(in->slots, in->n_slots, in->texts, text, length);
    if (in->slots[slot] == 0) {
        char *copy = mdup_strndup(text, length, err);
        if (!copy)
            return false;
        in->texts[in->n++] = copy;
        in->slots[slot] = in->n;
    }
    *number = in->slots[slot] - 1;
    return true;
}

ptrdiff_t mdup_intern_find(const mdup_intern *in, const char *text, size_t length)
{
    if (in->n_slots == 0)
        return -1;
    return (ptrdiff_t)in->slots[find_slot(in->slots, in->n_slots, in->texts, text, length)] - 1;
}

void mdup_intern_clear(mdup_intern *in)
{
    for (size_t i = 0; i < in->n; i++)
        free(in->texts[i]);
    free(in->texts);
    free(in->slots);
    *in = (mdup_intern){0};
}
