/* Whether what two frames share also repeats within them: filaments with a long repeat, crystals. */
#ifndef MDUP_VERIFY_REPEATS_H
#define MDUP_VERIFY_REPEATS_H

#include <stdint.h>

#include "base/error.h"
#include "image/condition.h"

/* Plans and buffers; one a worker. */
typedef struct mdup_repeats mdup_repeats;

/** The conditioner is borrowed and must outlive what is made, its statistics set before the first pair.  NULL with *err. */
mdup_repeats *mdup_repeats_new(const mdup_conditioner *conditioner,
                               mdup_error **err) MDUP_MUST_CHECK;
void mdup_repeats_free(mdup_repeats *repeats);

/* Heights in units of what chance gives. */
typedef struct {
    double
        here; /* of the shared piece of either frame in the other one, at its place: the mean of the two */
    double
        elsewhere; /* of the shared piece of either frame in its own one, at the best place more than 24 px from its own: the geometric
                       * mean of the two; about 4.5 where nothing repeats */
} mdup_repeat_heights;

/** For two cleaned frames (mdup_condition_clean), b moved by (shift_x, shift_y) px. */
void mdup_repeats_measure(mdup_repeats *repeats, const float *clean_a, const float *clean_b,
                          double shift_x, double shift_y, mdup_repeat_heights *out);

/** log10 of how many of n_pairs would be as high if all that they share were what repeats; -HUGE_VAL where nothing does. */
double mdup_repeats_log10_evalue(const mdup_repeat_heights *heights, int64_t n_pairs);

#endif
