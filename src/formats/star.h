/* STAR files as RELION, starfile, starparser and gemmi write them.
 *
 * The parser keeps the bytes and remembers where each row stands, so that a STAR file with rows
 * left out is the input with those lines left out, byte for byte; values are cut out of a row only
 * when asked for, so a particle file with millions of rows costs 24 bytes a row beside its own
 * bytes.  Liberal in reading (a blank or comment line between rows, a missing "#N", CRLF), for the
 * variants seen in the wild see doc/formats.md.
 *
 * A row is one line.  gemmi alone wraps anything: the value of a pair, when long, stands on the next
 * line, which is read, and a value with both kinds of quotes becomes a text between two ';' lines,
 * which is refused as RELION cannot read it either.  Blanks inside quotes stay as they are (RELION
 * makes runs of them one blank, and then does not find the file).
 */
#ifndef MDUP_FORMATS_STAR_H
#define MDUP_FORMATS_STAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "formats/star_words.h"

typedef struct {
    size_t begin, end; /* byte range of the line(s) in the file, its newline included */
    size_t line;       /* 1-based line number, for messages */
} mdup_star_row;

typedef struct {
    /* What stands behind "data_"; "" for an unnamed block.  Unique, but for a block that holds pairs
     * and then a loop: RELION reads such, and here they are two tables of one name. */
    char *name;
    bool is_loop; /* false: label/value pairs, presented as one row whose columns each stand on a
                     line of their own */
    size_t line;  /* of the data_ line */
    size_t n_columns;
    char **labels;       /* without the leading '_'; as written otherwise; unique in the table */
    size_t n_rows;       /* pairs: 1 when there is any pair */
    mdup_star_row *rows; /* loops only; NULL for pairs, and for a loop without rows */
    mdup_star_row *pair_lines; /* pairs only: one an item; NULL for loops */
} mdup_star_table;

typedef struct {
    char *bytes; /* the file, owned, NUL behind it */
    size_t length;
    size_t n_tables;
    mdup_star_table *tables;
    int64_t version; /* the first "# version N"; 0: there is none (RELION <= 3.0, starfile) */
    bool has_crlf;   /* some line ends in CR LF; RELION itself refuses such a file */
    /* Line of the first row behind a blank or comment line inside its loop; 0 when there is none.
     * RELION does not see the rows behind a blank line, and stops at a comment. */
    size_t gap_line;
} mdup_star;

/** Parses `length` bytes, which are copied.  `name` is only used in messages.  NULL with *err set:
 * PARSE (naming file and line), UNSUPPORTED (not a STAR file but an image, .cs, compressed, ...),
 * NOMEM.  Free with mdup_star_free.  Time is proportional to the length. */
mdup_star *mdup_star_parse(const char *bytes, size_t length, const char *name,
                           mdup_error **err) MDUP_MUST_CHECK;

/** Reads and parses a file.  An image and the like is refused before it is read as a whole.  Also
 * MISSING, IO. */
mdup_star *mdup_star_read(const char *path, mdup_error **err) MDUP_MUST_CHECK;
void mdup_star_free(mdup_star *star);

/** The table of that name (the first, when pairs and a loop share it), or NULL. */
const mdup_star_table *mdup_star_find(const mdup_star *star, const char *table_name);

/** Column index of a label (without '_', case-sensitive), or -1. */
ptrdiff_t mdup_star_column(const mdup_star_table *table, const char *label);

/** Puts the value at (row, column), unquoted and unescaped, into `value` (reset first).  Row and
 * column must exist.  False only when memory runs out. */
bool mdup_star_value(const mdup_star *star, const mdup_star_table *table, size_t row, size_t column,
                     mdup_strbuf *value, mdup_error **err) MDUP_MUST_CHECK;

/** The words at several columns of one row of a loop in one go over its line, for files of millions of rows: words[i] is that of
 * columns[i], which ascend and exist, as it stands in the file (of a quoted one without the quotes, but with BEL). */
void mdup_star_find_words(const mdup_star *star, const mdup_star_table *table, size_t row,
                          const size_t *columns, size_t n, mdup_star_word *words);

/** Appends the file to `out` without those rows of `table` whose leave_out[row] is true (n_rows of
 * them).  Every other byte stays; when all rows go, the loop stays with its labels.  Of pairs, which
 * are one row, the lines of labels and values go, and the data_ line stays. */
bool mdup_star_write_without(const mdup_star *star, const mdup_star_table *table,
                             const bool *leave_out, mdup_strbuf *out,
                             mdup_error **err) MDUP_MUST_CHECK;

/** The same for all tables at once: leave_out[t] is that of tables[t], or NULL when all of its rows stay. */
bool mdup_star_write_rows(const mdup_star *star, const bool *const *leave_out, mdup_strbuf *out,
                          mdup_error **err) MDUP_MUST_CHECK;

/** Appends the file to `out` with whole numbers in one column of a loop: values[row] in each row of `table`, or where change[row] is
 * true (NULL: everywhere).  Every other byte stays.  When there is no column of that label one is added behind the others, in all rows;
 * a loop without rows stays as it is. */
bool mdup_star_write_column(const mdup_star *star, const mdup_star_table *table, const char *label,
                            const int64_t *values, const bool *change, mdup_strbuf *out,
                            mdup_error **err) MDUP_MUST_CHECK;

typedef enum {
    MDUP_STAR_MICROGRAPHS, /* what we want: rlnMicrographName, one row a micrograph */
    MDUP_STAR_MOVIES,      /* data_movies, or rlnMicrographMovieName; without rlnMicrographName */
    MDUP_STAR_PARTICLES,   /* data_particles, or rlnImageName */
    MDUP_STAR_TOMOGRAPHY,  /* data_global, or any rlnTomo... label */
    MDUP_STAR_COORDINATES, /* rlnCoordinateX and rlnCoordinateY without the above, rlnMicrographName
                              or not */
    MDUP_STAR_OTHER
} mdup_star_kind;

/** What kind of list this is.  *micrographs (may be NULL) becomes the table that holds
 * rlnMicrographName when it is MICROGRAPHS (data_micrographs before an unnamed block before any
 * other), else NULL. */
mdup_star_kind mdup_star_classify(const mdup_star *star, const mdup_star_table **micrographs);

/** The name of a kind, for messages: "micrographs", "movies", ...  Static storage. */
const char *mdup_star_kind_name(mdup_star_kind kind);

#endif
