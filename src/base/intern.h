/* Texts numbered in the order in which they come first. */
#ifndef MDUP_BASE_INTERN_H
#define MDUP_BASE_INTERN_H

#include <stddef.h>

#include "base/error.h"

typedef struct {
    size_t n;
    char **texts; /* owned; NUL-terminated */
    size_t capacity;
    size_t *slots; /* a hash table: number + 1 of a text, 0 where there is none */
    size_t n_slots;
} mdup_intern;

/** The number of a text, which is taken up when it is new.  A text holds no zero byte.  False with *err (NOMEM). */
bool mdup_intern_add(mdup_intern *intern, const char *text, size_t length, size_t *number,
                     mdup_error **err) MDUP_MUST_CHECK;

/** The number of a text, or -1. */
ptrdiff_t mdup_intern_find(const mdup_intern *intern, const char *text, size_t length);

void mdup_intern_clear(mdup_intern *intern);

#endif
