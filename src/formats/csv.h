/* CSV, RFC 4180 with LF: a field is quoted only when it holds a comma, a quote, CR or LF. */
#ifndef MDUP_FORMATS_CSV_H
#define MDUP_FORMATS_CSV_H

#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

/** Appends one field, preceded by a comma unless it is the first of its line (the buffer is empty or
 * ends in LF).  An empty first field is written as "", since nothing else would show that it is
 * there.  Memory that runs out is remembered in `out` (mdup_strbuf_check). */
void mdup_csv_field(mdup_strbuf *out, const char *text);

/** The same with printf. */
void mdup_csv_printf(mdup_strbuf *out, const char *format, ...) MDUP_PRINTF(2, 3);

/** Ends the line. */
void mdup_csv_end(mdup_strbuf *out);

#endif
