/* The spectra of a session, kept in 8 bits a part, so that each frame is conditioned once: 0.15 MB each. */
#ifndef MDUP_SEARCH_SPECTRA_H
#define MDUP_SEARCH_SPECTRA_H

#include <complex.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "image/condition.h"

/* Where the samples of a kept spectrum are: the rows ky = 0, 1, ..., -1 of the half spectrum of the map, each from kx = 0 to the end of the band:
 * the real parts, then as many imaginary parts. */
typedef struct {
    int32_t n_rows;
    size_t *begin;   /* of each row, bytes */
    int32_t *length; /* samples; a multiple of 16, those beyond the band are 0 */
    size_t bytes;
} mdup_spectra_layout;

typedef struct mdup_spectra mdup_spectra;

/** Room for the spectra of n frames, taken as they come.  The conditioner is borrowed, has its statistics, and outlives it.  NULL with *err.  Free
 *  with mdup_spectra_free. */
mdup_spectra *mdup_spectra_new(const mdup_conditioner *conditioner, size_t n,
                               mdup_error **err) MDUP_MUST_CHECK;
void mdup_spectra_free(mdup_spectra *spectra);

const mdup_spectra_layout *mdup_spectra_get_layout(const mdup_spectra *spectra);

/** Keeps a spectrum made by mdup_condition, without its weight.  Of different frames by any threads.  False with *err (NOMEM). */
bool mdup_spectra_put(mdup_spectra *spectra, size_t frame, const float complex *spectrum,
                      mdup_error **err) MDUP_MUST_CHECK;

/** The spectrum of a frame, NULL when it is not there: in MDUP_SPECTRA_UNIT of the root of its mean power per sample, before the weight.  Nearly
 *  all are below 40; Bragg spots, 7 times the root at the most, reach 127. */
const int8_t *mdup_spectra_get(const mdup_spectra *spectra, size_t frame);
enum { MDUP_SPECTRA_UNIT = 18 };

/** Forgets one. */
void mdup_spectra_drop(mdup_spectra *spectra, size_t frame);

#endif
