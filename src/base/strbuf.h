/* Text that grows.  A failed append is remembered, so that a writer checks once, at its end. */
#ifndef MDUP_BASE_STRBUF_H
#define MDUP_BASE_STRBUF_H

#include <stddef.h>

#include "base/error.h"

typedef struct {
    char *text; /* always NUL-terminated once something was appended; NULL before */
    size_t length;
    size_t capacity;
    bool failed; /* memory ran out at some append; the text is incomplete */
} mdup_strbuf;

#define MDUP_STRBUF_INIT                                                                           \
    {                                                                                              \
        NULL, 0, 0, false                                                                          \
    }

void mdup_strbuf_append(mdup_strbuf *buf, const char *bytes, size_t length);
void mdup_strbuf_puts(mdup_strbuf *buf, const char *text);

/** printf into the buffer, with '.' as decimal point whatever the locale. */
void mdup_strbuf_printf(mdup_strbuf *buf, const char *format, ...) MDUP_PRINTF(2, 3);

/** A finite number with the first of 6, 9 and 17 digits that reads back the same. */
void mdup_strbuf_double(mdup_strbuf *buf, double value);

/** False with *err set (NOMEM) when an append failed since the buffer was made or reset. */
bool mdup_strbuf_check(const mdup_strbuf *buf, mdup_error **err) MDUP_MUST_CHECK;

/** Empties the buffer and keeps its memory. */
void mdup_strbuf_reset(mdup_strbuf *buf);
void mdup_strbuf_free(mdup_strbuf *buf);

#endif
