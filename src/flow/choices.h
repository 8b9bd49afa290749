/* What the user has to say to a decision: lists of names, tables of pairs, values of another STAR file.  Names are those of the catalog, exactly; one
 * that several of its entries have means them all. */
#ifndef MDUP_FLOW_CHOICES_H
#define MDUP_FLOW_CHOICES_H

#include <microdup/callbacks.h>

#include "base/error.h"
#include "catalog/catalog.h"
#include "verify/pair.h"

typedef struct mdup_name_index mdup_name_index;

/** The catalog's names, sorted; borrows them.  NULL with *err (NOMEM).  Free with mdup_name_index_free. */
mdup_name_index *mdup_name_index_new(const mdup_catalog *catalog, mdup_error **err) MDUP_MUST_CHECK;
void mdup_name_index_free(mdup_name_index *index);

/** Sets marks[i] of the micrographs that a file names: a text with a name a line (blank lines and lines that begin with # passed over) or
 *  a STAR file with rlnMicrographName.  A warning counts the names that are none of the catalog's.  False with *err: MISSING, IO,
 *  PARSE, UNSUPPORTED, NOMEM. */
bool mdup_mark_names(const mdup_name_index *index, const char *path, bool *marks,
                     const mdup_callbacks *callbacks, mdup_error **err) MDUP_MUST_CHECK;

/** Takes the pairs that a table names out of pairs[*n].  The table is CSV with a first row that names its columns, among them micrograph_a and
 *  micrograph_b (as in pairs.csv) or Original and Duplicate; which of the two is which does not matter. */
bool mdup_take_out_vetoed(const mdup_name_index *index, const char *path, mdup_pair *pairs,
                          size_t *n, const mdup_callbacks *callbacks,
                          mdup_error **err) MDUP_MUST_CHECK;

/** The values of a column, a micrograph each, NaN where there is none, which a warning counts: of the STAR file at `path`, or, when it is NULL, of
 *  the catalog's inputs.  False with *err: INVALID when nothing has that column; as mdup_mark_names. */
bool mdup_find_values(const mdup_catalog *catalog, const mdup_name_index *index, const char *column,
                      const char *path, double *values, const mdup_callbacks *callbacks,
                      mdup_error **err) MDUP_MUST_CHECK;

#endif
