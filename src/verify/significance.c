#include "verify/significance.h"

#include <math.h>
#include <stdlib.h>

/* Fewer pairs than this do not show a distribution.  The built-in values are those of large particles, the cautious side: fits to whole
 * sessions give a location of 9 to 10 and a scale of 1.1 to 1.3 for faint particles, 12 and 3 at 500 kDa; with 10.5 and 1.6 twelve
 * sessions of eight micrographs at 500 kDa had five false pairs.  Duplicates score 15 and more. */
enum { LEAST_PAIRS = 30 };
static const double BUILT_IN_LOCATION = 12.5, BUILT_IN_SCALE = 3.0;

/* No unrelated pairs, lattices included, were seen with a larger location (score 6.5): a larger one comes of a session whose pairs are
 * related for the most part. */
static const double LARGEST_LOCATION = 21.0;

/* The tail of a maximum of Gaussian values has scale 1; a smaller fitted one is chance. */
static const double LEAST_SCALE = 1.0;

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
    mdup_null null;
    null.scale = fmax(LEAST_SCALE, (x_high - x_low) / (g_high - g_low));
    null.location = fmin(LARGEST_LOCATION, x_low - null.scale * g_low);
    return null;
}

/* Filaments and dirt give a few pairs of frames a heavier tail than most have.  Where the upper quarter of the scores falls more slowly
 * than the body foretells, the tail is taken at its word: an exponential with the mean excess as its scale (the maximum likelihood
 * estimate), joined at the quartile. */
static mdup_null heed_tail(const double *sorted, size_t n, mdup_null body)
{
    static const double JOINT = 0.75;
    double x_joint = quantile(sorted, n, JOINT), excess = 0;
    size_t first = (size_t)ceil(JOINT * (double)(n - 1));
    if (n - first < LEAST_PAIRS)
        return body;
    for (size_t i = first; i < n; i++)
        excess += transform(sorted[i]) - x_joint;
    double scale = excess / (double)(n - first);
    if (scale <= body.scale)
        return body;
    return (mdup_null){x_joint + scale * log(-log(JOINT)), scale};
}

/* How many of the scores, from the lowest, a sample of this size would hold by chance. */
static size_t count_plausible(const double *sorted, size_t n, const mdup_null *null)
{
    size_t kept = n;
    while (kept > 1 && mdup_null_log10_evalue(null, sorted[kept - 1], (int64_t)n) < 0)
        kept--;
    return kept;
}

/* Begins with quantiles so low that half of all pairs may be related, then widens to those that are least uncertain. */
mdup_null mdup_null_fit(double *scores, size_t n)
{
    mdup_null built_in = {BUILT_IN_LOCATION, BUILT_IN_SCALE};
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
    return kept >= LEAST_PAIRS ? heed_tail(scores, kept, null) : built_in;
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
    *out = (mdup_null){decile - scale * log(10.0), scale};
    return true;
}

double mdup_null_log10_evalue(const mdup_null *null, double score, int64_t n_pairs)
{
    double t = (transform(score) - null->location) / null->scale;
    /* 1 - exp(-exp(-t)) is exp(-t) to a part in a million from 14 on, and has no digits left soon after. */
    double log_p = t > 14 ? -t : log(-expm1(-exp(-t)));
    return (log((double)n_pairs) + log_p) / log(10.0);
}
