/* The header of a .npy file: a Python dictionary of three entries. */
#ifndef MDUP_FORMATS_NPY_HEADER_H
#define MDUP_FORMATS_NPY_HEADER_H

#include "formats/npy.h"

/** Reads the dictionary in bytes begin to end of npy->bytes and sets record_bytes, n_records, fields
 * and the place of the count.  What was set stays when it fails, for mdup_npy_free.  False with *err
 * set: PARSE, UNSUPPORTED, NOMEM. */
bool mdup_npy_read_header(mdup_npy *npy, size_t begin, size_t end, const char *name,
                          mdup_error **err) MDUP_MUST_CHECK;

#endif
