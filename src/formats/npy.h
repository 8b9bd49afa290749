/* Tables of records in NumPy's .npy format, which is what cryoSPARC's .cs files are.
 *
 * Read are one-dimensional arrays of records, header versions 1 to 3, of either byte order, with
 * numbers, strings (S, U) and sub-arrays of them; what lies in fields of other types is carried along
 * and not looked at.  Refused: Python objects (pickle runs code), plain arrays of numbers, and
 * cryoSPARC's other, compressed format (CSDAT).
 *
 * As with STAR files the bytes are kept: a file with records left out is the input without those
 * bytes, with another number in the header, which keeps its length.
 */
#ifndef MDUP_FORMATS_NPY_H
#define MDUP_FORMATS_NPY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

typedef enum {
    MDUP_NPY_UNSIGNED, /* also booleans */
    MDUP_NPY_SIGNED,
    MDUP_NPY_FLOAT,
    MDUP_NPY_BYTES,   /* S: text, filled up with NULs */
    MDUP_NPY_UNICODE, /* U: 4 bytes a character */
    MDUP_NPY_OTHER    /* complex, dates, raw bytes, records within records */
} mdup_npy_type;

typedef struct {
    char *name;
    mdup_npy_type type;
    bool big_endian;
    size_t offset;     /* in the record */
    size_t item_bytes; /* of one number or string */
    size_t n_items;    /* 1, or the product of the sides of a sub-array */
} mdup_npy_field;

typedef struct {
    char *bytes; /* the file, owned */
    size_t length;
    size_t data_begin; /* where the records begin */
    size_t record_bytes;
    size_t n_records;
    size_t n_fields;
    mdup_npy_field *fields;        /* names are unique; padding has no field */
    size_t fields_end;             /* of the bracket that closes the list of fields in the header */
    size_t count_begin, count_end; /* where the number of records stands in the header */
} mdup_npy;

/** Parses `length` bytes, which are copied.  `name` is only used in messages.  NULL with *err set:
 * PARSE (naming file and offset), TRUNCATED, UNSUPPORTED, NOMEM.  Free with mdup_npy_free. */
mdup_npy *mdup_npy_parse(const char *bytes, size_t length, const char *name,
                         mdup_error **err) MDUP_MUST_CHECK;

/** Reads and parses a file.  Also MISSING, IO. */
mdup_npy *mdup_npy_read(const char *path, mdup_error **err) MDUP_MUST_CHECK;
void mdup_npy_free(mdup_npy *npy);

/** True when these first bytes begin a .npy file or cryoSPARC's CSDAT. */
bool mdup_npy_detect(const char *bytes, size_t length);

/** The field of that name, or NULL. */
const mdup_npy_field *mdup_npy_find(const mdup_npy *npy, const char *name);

/** The number at (record, item) of a field, which must exist; NaN when the field holds no numbers.
 * Half, single and double precision; integers beyond 2^53 lose digits. */
double mdup_npy_number(const mdup_npy *npy, const mdup_npy_field *field, size_t record,
                       size_t item);

/** The same as an integer, exactly.  False when the field holds no integers or the value is
 * negative. */
bool mdup_npy_uint(const mdup_npy *npy, const mdup_npy_field *field, size_t record, size_t item,
                   uint64_t *value) MDUP_MUST_CHECK;

/** Puts the string at (record, item) into `value` (reset first), without the NULs at its end; U
 * becomes UTF-8, a character that is none becomes U+FFFD.  False with *err set: UNSUPPORTED when the
 * field holds no strings, NOMEM. */
bool mdup_npy_text(const mdup_npy *npy, const mdup_npy_field *field, size_t record, size_t item,
                   mdup_strbuf *value, mdup_error **err) MDUP_MUST_CHECK;

/** Appends the file to `out` without those records whose leave_out[record] is true (n_records of
 * them).  The other records keep their bytes, and so does what follows the last. */
bool mdup_npy_write_without(const mdup_npy *npy, const bool *leave_out, mdup_strbuf *out,
                            mdup_error **err) MDUP_MUST_CHECK;

/** Appends the file to `out` with values[i] in one field of whole numbers of record i.  When there is no field of that name one of 4
 * bytes, unsigned, is added behind the others; nothing else changes but the header, which is written anew then.  False with *err set:
 * UNSUPPORTED (the field holds no single whole numbers), INVALID (a value does not fit into the field), NOMEM. */
bool mdup_npy_write_field(const mdup_npy *npy, const char *name, const uint32_t *values,
                          mdup_strbuf *out, mdup_error **err) MDUP_MUST_CHECK;

#endif
