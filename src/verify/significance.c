#include "verify/significance.h"

#include <math.h>
#include <stdlib.h>

/* Fewer pairs than this do not show a distribution.  The built-in values are then on the cautious side. */
enum { LEAST_PAIRS = 30 };
static const double BUILT_IN_LOCATION = 11, BUILT_IN_SCALE = 2, BUILT_IN_PAIRS = 20;

/* No unrelated pairs, lattices included, were seen with a larger location than 13 (dirt): a larger one comes of a session whose pairs are
 * related for the most part. */
static const double LARGEST_LOCATION = 16;

/* The tail of a maximum of Gaussian values has scale 1, and 0.86 when these are means of two correlated ones, as scores are; a much smaller
 * fitted one is chance. */
static const double LEAST_SCALE = 0.85;

/* The scale is that of the tail, the scores above this quantile: the body of the distribution is wider than its tail (medians of 54 sessions
 * of 18 kinds: 1.45 by quantiles of the body, 1.19 by the tail) and foretold two to four times too many high scores. */
static const double TAIL_FROM = 0.7;

/* A tail of 80 pairs gives the scale to 11 %, which at an E-value of 1e-4 is a factor of 3: what other sessions show counts as much as
 * PRIOR_PAIRS of this one. */
static const double PRIOR_SCALE = 1.1, PRIOR_PAIRS = 50;

enum { MOST_ROUNDS = 15 };

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

/* Score to the variable that has the Gumbel distribution; monotonic for negative scores too. */
static double transform(double score)
{
    return score * fabs(score) / 2;
}

static double quantile(const double *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t below = (size_t)at;
    size_t above = below + 1 < n ? below + 1 : below;
    return transform(sorted[below]) +
           (at - (double)below) * (transform(sorted[above]) - transform(sorted[below]));
}

/* The Gumbel distribution through two quantiles. */
static mdup_null through_quantiles(const double *sorted, size_t n, double low, double high)
{
    double x_low = quantile(sorted, n, low), x_high = quantile(sorted, n, high);
    double g_low = -log(-log(low)), g_high = -log(-log(high));
    mdup_null null = {0};
    null.scale = fmax(LEAST_SCALE, (x_high - x_low) / (g_high - g_low));
    null.location = fmin(LARGEST_LOCATION, x_low - null.scale * g_low);
    return null;
}

/* What a standard Gumbel variable exceeds its TAIL_FROM quantile by on average, where it exceeds it (by numerical integration). */
static const double MEAN_EXCESS = 1.0908;

/* The Gumbel distribution that holds TAIL_FROM of the scores below that quantile and exceeds it as far as they do. */
static mdup_null through_tail(const double *sorted, size_t n)
{
    double joint = quantile(sorted, n, TAIL_FROM), excess = 0;
    size_t first = (size_t)ceil(TAIL_FROM * (double)(n - 1));
    for (size_t i = first; i < n; i++)
        excess += transform(sorted[i]) - joint;
    double scale =
        (excess / MEAN_EXCESS + PRIOR_PAIRS * PRIOR_SCALE) / ((double)(n - first) + PRIOR_PAIRS);
    scale = fmax(LEAST_SCALE, scale);
    return (mdup_null){fmin(LARGEST_LOCATION, joint + scale * log(-log(TAIL_FROM))), scale,
                       (double)(n - first) + PRIOR_PAIRS};
}

/* How many of the scores, from the lowest, a sample of this size would hold by chance: those of which it would hold half a one or more. */
static size_t count_plausible(const double *sorted, size_t n, const mdup_null *null)
{
    size_t kept = n;
    while (kept > 1 && mdup_null_log10_evalue(null, sorted[kept - 1], (int64_t)n) < log10(0.5))
        kept--;
    return kept;
}

/* Begins with quantiles so low that half of all pairs may be related, then widens to those that are least uncertain; the tail comes last, of
 * what is left: in the rounds it would take in more and more related pairs. */
mdup_null mdup_null_fit(double *scores, size_t n)
{
    mdup_null built_in = {BUILT_IN_LOCATION, BUILT_IN_SCALE, BUILT_IN_PAIRS};
    if (n < LEAST_PAIRS)
        return built_in;
    qsort(scores, n, sizeof *scores, by_value);
    mdup_null null = through_quantiles(scores, n, 0.1, 0.4);
    size_t kept = count_plausible(scores, n, &null), before = 0;
    for (int round = 0; round < MOST_ROUNDS && kept != before && kept >= LEAST_PAIRS; round++) {
        null = through_quantiles(scores, kept, 0.2, 0.75);
        before = kept;
        kept = count_plausible(scores, n, &null);
    }
    return kept >= LEAST_PAIRS ? through_tail(scores, kept) : built_in;
}

/* A pattern is stronger in some frames than in others, so its tail falls more slowly than its body: with the body's own scale two pairs of
 * 780 under a pattern of 1 % came out at E 7e-5 and 2e-3. */
static const double TAIL_OVER_BODY = 2.0;

/* The tail p = 0.1 exp(-(u - u90) / scale) written as that of a Gumbel distribution.  One in ten of the pairs may be related there. */
bool mdup_null_fit_at_shift(double *scores, size_t n, mdup_null *out)
{
    if (n < LEAST_PAIRS)
        return false;
    qsort(scores, n, sizeof *scores, by_value);
    double median = quantile(scores, n, 0.5), decile = quantile(scores, n, 0.9);
    double scale = fmax(LEAST_SCALE, TAIL_OVER_BODY * (decile - median) / log(5.0));
    *out = (mdup_null){decile - scale * log(10.0), scale, 0};
    return true;
}

/* Beyond the joint: the chance of an excess under an exponential whose scale was itself measured on n excesses is (1 + excess / n)^-n, the
 * predictive distribution, not exp(-excess): what a small session cannot know, it does not promise. */
static double heed_uncertainty(const mdup_null *null, double t)
{
    double joint = -log(-log(TAIL_FROM));
    if (null->pairs <= 0 || t <= joint)
        return t;
    return joint + null->pairs * log1p((t - joint) / null->pairs);
}

double mdup_null_log10_evalue(const mdup_null *null, double score, int64_t n_pairs)
{
    double t = heed_uncertainty(null, (transform(score) - null->location) / null->scale);
    /* 1 - exp(-exp(-t)) is exp(-t) to a part in a million from 14 on, and has no digits left soon after. */
    double log_p = t > 14 ? -t : log(-expm1(-exp(-t)));
    return (log((double)n_pairs) + log_p) / log(10.0);
}

double mdup_null_score_at(const mdup_null *null, double log10_evalue, int64_t n_pairs)
{
    double low = 0, high = 100;
    while (high - low > 1e-6) {
        double middle = (low + high) / 2;
        if (mdup_null_log10_evalue(null, middle, n_pairs) > log10_evalue)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* Sd of the natural logarithm of score / (strength sqrt(overlap)).  True pairs of 21 simulated sessions with defoci from 0.5 to 2.5 um have 0.35,
 * the weakest of 280 a ratio of 0.34; wider here, since an exposure may be damaged or out of focus.  Large frames of parallel filaments
 * that line up by chance have 0.2 to 0.3 (CU428).  With 0.35, 0.5 and 0.7 as many true pairs are found to one in 200. */
static const double STRENGTH_SD = 0.5;

double mdup_overlap_odds(double score, double strength, double overlap)
{
    double f = fmin(fmax(overlap, 1e-3), 0.98);
    double sds = log(score / (strength * sqrt(f))) / STRENGTH_SD;
    /* Of all shifts a part f (1 - ln f) shares f or less: -f ln f in each unit of ln f.  The factors left out are those of the Gaussian. */
    return exp(-sds * sds / 2) / (-f * log(f));
}

/* No overlap counts less than this share of the mean: a pair may be weaker than any seen. */
static const double LEAST_WEIGHT = 0.02;

double mdup_overlap_weight(const mdup_overlap_weights *weights, double overlap)
{
    if (weights->strength <= 0)
        return 1;
    return fmax(LEAST_WEIGHT, mdup_overlap_odds(weights->score, weights->strength, overlap)) /
           weights->mean;
}
