/* What microduplicate_screener does: the original tool's comparison in the original's window of a session. */
#ifndef MDUP_FLOW_ORIGINAL_SCREEN_H
#define MDUP_FLOW_ORIGINAL_SCREEN_H

#include <stddef.h>
#include <stdint.h>

#include <microdup/callbacks.h>
#include <microdup/catalog.h>

#include "base/error.h"

typedef struct {
    const char *const *inputs;
    size_t n_inputs;
    const char *project_dir;
    const char
        *csv_path; /* "ccc.csv" in the original; the matrix then goes to ccc_matrix.csv beside it */
    mdup_order order;        /* MDUP_ORDER_NAME */
    int32_t bin;             /* 8 */
    int64_t images_per_move; /* 16 */
    int64_t scan_range;      /* 48 */
    int64_t images_per_hole; /* 4 */
    double threshold;        /* 0.2: a pair is reported when its CCC is greater */
    int n_threads;
} mdup_original_options;

void mdup_original_options_init(mdup_original_options *options);

/** Compares each micrograph i with i + images_per_move + k * images_per_hole for offsets below images_per_move + scan_range, and writes
 *  the pairs over the threshold (Original,Duplicate; by reference, best first) and the matrix of CCCs (a row a reference, a column an
 *  offset, 0.0000 where nothing was compared).  Holds the images of one window and no more.  *n_found: pairs reported.  Files that
 *  cannot be judged are warnings.  False with *err set; then the outputs of an earlier run are untouched. */
bool mdup_original_screen(const mdup_original_options *options, const mdup_callbacks *callbacks,
                          int64_t *n_found, mdup_error **err) MDUP_MUST_CHECK;

#endif
