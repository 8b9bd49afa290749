/* What a score is worth: the E-value. */
#ifndef MDUP_VERIFY_SIGNIFICANCE_H
#define MDUP_VERIFY_SIGNIFICANCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The distribution of the scores of unrelated pairs: score^2 / 2 has its extremes in a Gumbel distribution, as the maximum of many
 * nearly Gaussian values has. */
typedef struct {
    double location, scale; /* of score^2 / 2 */
    double pairs;           /* the scale is known as well as from so many high scores; 0: exactly */
} mdup_null;

/** Fits the distribution to the scores of n pairs, most of which should be unrelated; the related ones among them are recognised and
 *  left out.  scores is sorted in place.  With too few pairs to tell: built-in values. */
mdup_null mdup_null_fit(double *scores, size_t n);

/** The same for scores at one given shift, which are not maxima: an exponential in score^2 / 2 through the median and the ninth decile.  False,
 *  and *out untouched, with too few. */
bool mdup_null_fit_at_shift(double *scores, size_t n, mdup_null *out) MDUP_MUST_CHECK;

/** log10 of the number of unrelated pairs expected to reach `score` among n_pairs. */
double mdup_null_log10_evalue(const mdup_null *null, double score, int64_t n_pairs);

/** What to add to log10 of the E-value of a pair that is weaker than its overlap lets expect: ratio is its height / sqrt(overlap) over the median
 *  of the same of the session's certain pairs.  0 from ratio 1 on. */
double mdup_weakness_log10(double ratio);

#endif
