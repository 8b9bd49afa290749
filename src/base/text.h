/* Text of unknown origin, made fit to be shown. */
#ifndef MDUP_BASE_TEXT_H
#define MDUP_BASE_TEXT_H

#include <stddef.h>

#include "base/strbuf.h"

/** Bytes of the UTF-8 sequence at `text` (NUL-terminated), 0 when there is none: overlong forms, halves of surrogate pairs and values over
 *  U+10FFFF are none (Unicode 15, table 3-7).  A NUL is a sequence of one byte. */
size_t mdup_utf8_length(const char *text);

/** Appends text that a terminal, a page or a PDF can show: valid UTF-8 on one line.  Each byte that is no UTF-8, control characters, and what
 *  hides or reorders its neighbours (zero width, bidirectional overrides) become `substitute`. */
void mdup_text_show(mdup_strbuf *out, const char *text, const char *substitute);

/** Appends text without folders: of each path in it, a run without blanks or quotes that holds a '/', what stands behind the last one. */
void mdup_text_without_folders(mdup_strbuf *out, const char *text);

#endif
