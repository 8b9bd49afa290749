/* What is exposed when: the plan of a session, and the truth that follows from it. */
#ifndef MDUP_SIMULATE_LAYOUT_H
#define MDUP_SIMULATE_LAYOUT_H

#include <stddef.h>

#include <microdup/simulate.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "simulate/optics.h"

typedef struct {
    int32_t place;
    int32_t visit;     /* exposures of this place before */
    double x_px, y_px; /* where pixel (0, 0) lies in the world of the place, unbinned px */
    mdup_optics optics;
} mdup_exposure;

/* A point at (x, y) in b is at (x + dx, y + dy) in a, a before b. */
typedef struct {
    size_t a, b;
    double dx_px, dy_px;
    double overlap;
} mdup_true_pair;

typedef struct {
    size_t n_exposures;
    mdup_exposure *exposures; /* in order of acquisition */
    size_t n_pairs;
    mdup_true_pair *pairs; /* all that share any area, by a, then b */
} mdup_layout;

/** Plans a session.  The options have been checked.  Each place is exposed once, and the second
 *  exposures go round the places, duplicates first; the order of all is random.  With more shots
 *  than one a place is a hole: its shots lie on a ring, are taken one after the other, and a second
 *  exposure of the place is one of all of them, moved alike but for some 2 A.  False with *err set
 *  when memory runs out.  Free with mdup_layout_free. */
bool mdup_layout_make(const mdup_simulate_options *options, mdup_layout *layout,
                      mdup_error **err) MDUP_MUST_CHECK;
void mdup_layout_free(mdup_layout *layout);

/** Appends the file name of the exposure of that index, ".mrc" included, without folder.  Where
 *  holes have but one shot the names tell of four. */
void mdup_exposure_name(const mdup_simulate_options *options, size_t index, mdup_strbuf *out);

#endif
