/* The files of a folder or a pattern, and which of them are micrographs to compare. */
#ifndef MDUP_CATALOG_NAME_LIST_H
#define MDUP_CATALOG_NAME_LIST_H

#include <stddef.h>

#include <microdup/callbacks.h>

#include "base/error.h"

typedef struct {
    char **names;
    size_t n, capacity;
} mdup_name_list;

bool mdup_name_list_add(mdup_name_list *list, const char *name, mdup_error **err) MDUP_MUST_CHECK;
void mdup_name_list_free(mdup_name_list *list);

/** Sorts by mdup_natural_compare: what a system returns is in no order, or in the locale's. */
void mdup_name_list_sort(mdup_name_list *list);

/** Takes out what is no micrograph, or would only be found to be a duplicate of what stays:
 * - power spectra (_PS) and half images (_EVN, _ODD), with an INFO line; but when nothing else is
 *   there and keep_odd (a pattern '*_EVN.mrc' asks for them), they stay;
 * - of several versions of one micrograph in one folder (x.mrc, x_noDW.mrc, x_DW.mrc, x.tif) all
 *   but the best, with a warning: in the order of mdup_variant, MRC before TIFF, uncompressed
 *   before compressed, motion-corrected before a raw movie.
 * `input` names the input in these lines.  False with *err set: NOMEM. */
bool mdup_name_list_select(mdup_name_list *list, const char *input, bool keep_odd,
                           const mdup_callbacks *callbacks, mdup_error **err) MDUP_MUST_CHECK;

#endif
