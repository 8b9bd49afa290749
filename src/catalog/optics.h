/* The pixel size of each micrograph of a STAR file. */
#ifndef MDUP_CATALOG_OPTICS_H
#define MDUP_CATALOG_OPTICS_H

#include <stddef.h>
#include <stdint.h>

#include <microdup/callbacks.h>

#include "base/strbuf.h"
#include "formats/star.h"

typedef struct {
    int64_t group;
    size_t row; /* of data_optics */
    double pixel_A;
} mdup_optics_group;

/* How the rows of one table of micrographs find their pixel size, and what was wrong there. */
typedef struct {
    const mdup_star *star;
    const mdup_star_table *table; /* of micrographs */
    ptrdiff_t group_column, pixel_column, detector_column, magnification_column; /* -1: none */
    size_t n_groups;
    mdup_optics_group *groups; /* by number */
    mdup_strbuf value;
    size_t n_undefined, n_bad_groups, n_bad_pixels;
    int64_t first_undefined;
    size_t first_bad_group_line, first_bad_pixel_line;
} mdup_optics;

/** Reads data_optics, when there is one; a pixel size there that is not a positive number is a
 * warning, and 0.  Free with mdup_optics_free, also after a failure (NOMEM). */
bool mdup_optics_init(mdup_optics *o, const mdup_star *star, const mdup_star_table *table,
                      const char *path, const mdup_callbacks *callbacks,
                      mdup_error **err) MDUP_MUST_CHECK;
void mdup_optics_free(mdup_optics *o);

/** Optics group (0: none) and pixel size (A; 0: unknown) of a row: rlnMicrographPixelSize of its
 * group, else rlnMicrographOriginalPixelSize; without groups the same columns of the row itself; in
 * files of RELION 3.0 1e4 rlnDetectorPixelSize / rlnMagnification. */
bool mdup_optics_of_row(mdup_optics *o, size_t row, int64_t *group, double *pixel_A,
                        mdup_error **err) MDUP_MUST_CHECK;

/** One warning for each kind of thing that was wrong in the rows. */
void mdup_optics_warn(const mdup_optics *o, const char *path, const mdup_callbacks *callbacks);

/** Line number of a row in its file, for messages. */
size_t mdup_star_row_line(const mdup_star_table *table, size_t row, size_t column);

#endif
