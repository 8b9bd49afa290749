/* Memory whose size comes from a product, with the product checked. */
#ifndef MDUP_BASE_ALLOC_H
#define MDUP_BASE_ALLOC_H

#include <stddef.h>

#include "base/error.h"

/** count * size zeroed bytes, at least one.  NULL with *err set (NOMEM) when they cannot be had or
 * the product overflows. Free with free(). */
void *mdup_calloc(size_t count, size_t size, mdup_error **err) MDUP_MUST_CHECK;

/** The same, aligned to 64 bytes (a cache line, and enough for every vector unit), not zeroed. Free
 * with free(). */
void *mdup_alloc_aligned(size_t count, size_t size, mdup_error **err) MDUP_MUST_CHECK;

/** Grows *array (elements of `size` bytes, room for *capacity) to hold at least `needed`, doubling.
 * On failure nothing has changed. */
bool mdup_grow(void **array, size_t *capacity, size_t needed, size_t size,
               mdup_error **err) MDUP_MUST_CHECK;

/** A copy of the first `length` bytes of text with a NUL behind them.  Free with free(). */
char *mdup_strndup(const char *text, size_t length, mdup_error **err) MDUP_MUST_CHECK;
char *mdup_strdup(const char *text, mdup_error **err) MDUP_MUST_CHECK;

#endif
