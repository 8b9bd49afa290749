/* CSV, RFC 4180: written with LF, a field quoted only when it holds a comma, a quote, CR or LF; read with LF or CR LF. */
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

/* One row after the other out of a text. */
typedef struct {
    const char *name; /* of the file, for messages */
    const char *text; /* borrowed */
    size_t length, at;
    size_t line; /* where the row begins that was read last, from 1 */
    size_t next_line;
    mdup_strbuf values; /* of the row, NUL-terminated, one behind the other */
    size_t *begins;     /* where each begins in `values` */
    size_t n, capacity;
} mdup_csv_reader;

/** A byte order mark of UTF-8 is passed over.  Free with mdup_csv_reader_clear. */
void mdup_csv_reader_init(mdup_csv_reader *reader, const char *name, const char *text,
                          size_t length);
void mdup_csv_reader_clear(mdup_csv_reader *reader);

/** Reads the next row; *got is false at the end.  False with *err: PARSE, naming the line, for a quote that is not closed, or a zero byte;
 *  NOMEM. */
bool mdup_csv_read_row(mdup_csv_reader *reader, bool *got, mdup_error **err) MDUP_MUST_CHECK;

/** Field i of the row read last, valid until the next; NULL when there are not so many. */
const char *mdup_csv_value(const mdup_csv_reader *reader, size_t i);

#endif
