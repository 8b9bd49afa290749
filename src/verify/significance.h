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

/** The score whose log10 of the E-value is this among n_pairs; 0 to 100. */
double mdup_null_score_at(const mdup_null *null, double log10_evalue, int64_t n_pairs);

/** How much likelier a pair of this score is at this overlap when it is related than when it is not, up to a factor: related pairs rise as
 *  `strength` times the root of their overlap, and unrelated ones lie at any shift of the plane. */
double mdup_overlap_odds(double score, double strength, double overlap);

/* What E-values are divided by for each overlap: mdup_overlap_odds at one score, over its mean over all shifts.  strength 0: by 1. */
typedef struct {
    double score, strength, mean;
} mdup_overlap_weights;

double mdup_overlap_weight(const mdup_overlap_weights *weights, double overlap);

#endif
