/* From scores to E-values. */
#include "flow/comparison.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

/* The number of pairs that E-values are for. */
int64_t mdup_comparison_n_rated(const mdup_comparison *c)
{
    return c->shortlist.n_compared > c->least_pairs ? c->shortlist.n_compared : c->least_pairs;
}

static bool is_near_zero(const mdup_pair *pair)
{
    return fabs(pair->shift_x_px) <= NEAR_ZERO_px && fabs(pair->shift_y_px) <= NEAR_ZERO_px;
}

/* Whether a pair near (0, 0) would be kept if it did not have to stand out of others there: few sessions have one. */
static bool any_near_zero(const mdup_comparison *c)
{
    for (size_t i = 0; i < c->shortlist.n; i++)
        if (is_near_zero(&c->pairs[i]) && c->pairs[i].log10_evalue <= log10(c->max_evalue))
            return true;
    return false;
}

static bool heed_zero(mdup_comparison *c, mdup_error **err)
{
    mdup_null null;
    bool known;
    if (!any_near_zero(c))
        return true;
    if (!mdup_comparison_fit_at_zero(c, &null, &known, err))
        return false;
    for (size_t i = 0; known && i < c->shortlist.n; i++) {
        mdup_pair *pair = &c->pairs[i];
        if (is_near_zero(pair))
            pair->log10_evalue =
                fmax(pair->log10_evalue,
                     mdup_null_log10_evalue(&null, pair->score, mdup_comparison_n_rated(c)));
    }
    return true;
}

static int by_later(const void *left, const void *right)
{
    const mdup_copy *l = left, *r = right;
    return l->b < r->b ? -1 : l->b > r->b;
}

bool mdup_comparison_is_copy(const mdup_comparison *c, const mdup_pair *pair)
{
    mdup_copy sought = {pair->a, pair->b};
    const mdup_copy *found =
        bsearch(&sought, c->copies.items, c->copies.n, sizeof sought, by_later);
    return found && found->a == pair->a;
}

/* Pairs of which no more than this would be found by chance show how strong related pairs of this session are, and so many of them are
 * needed. */
static const double CERTAIN_LOG10_EVALUE = -10;
enum { LEAST_CERTAIN_PAIRS = 3 };

/* The E-values of all overlaps are weighed for this one, the default cut, whatever cut the user has. */
static const double WEIGHED_AT_LOG10_EVALUE = -2;

static double strength(const mdup_comparison *c, size_t pair)
{
    return c->pairs[pair].score / sqrt(fmax(c->pairs[pair].overlap, 1e-6));
}

static int by_strength(const void *left, const void *right)
{
    double l = *(const double *)left, r = *(const double *)right;
    return l < r ? -1 : l > r;
}

/* How strong related pairs of the session are, the median of the certain ones; copies, which share their noise, are stronger by far.  0 when too few
 * are certain. */
static double usual_strength(const mdup_comparison *c, double *strengths)
{
    size_t n = 0;
    for (size_t i = 0; i < c->shortlist.n; i++)
        if (c->pairs[i].log10_evalue <= CERTAIN_LOG10_EVALUE &&
            !mdup_comparison_is_copy(c, &c->pairs[i]))
            strengths[n++] = strength(c, i);
    if (n < LEAST_CERTAIN_PAIRS)
        return 0;
    qsort(strengths, n, sizeof *strengths, by_strength);
    return strengths[n / 2];
}

/* The mean weight over the shifts that are searched, of weights whose mean is called 1. */
static double mean_weight(const mdup_comparison *c, const mdup_overlap_weights *weights)
{
    const mdup_conditioner *k = c->conditioner;
    double sum = 0;
    int64_t n = 0;
    for (int32_t y = 0; y < k->map_ny; y++) {
        for (int32_t x = 0; x < k->map_nx; x++) {
            double shift_x, shift_y;
            if (!mdup_conditioner_shift_at(k, x, y, &shift_x, &shift_y))
                continue;
            sum += mdup_overlap_weight(weights, mdup_overlap(k->nx, k->ny, shift_x, shift_y));
            n++;
        }
    }
    return sum / (double)n;
}

/* A pair that scores just enough to be significant, and is related, shares as much as pairs of that score do in this session; an unrelated one lies
 * anywhere.  So E-values are divided by a weight for each overlap whose mean over all shifts is 1: as many unrelated pairs as before come
 * to any E-value, and more related ones (weighted tests: Genovese, Roeder and Wasserman 2006).  No more can be expected than were compared. */
static void weigh_overlaps(mdup_comparison *c, double *strengths)
{
    double usual = usual_strength(c, strengths);
    if (usual <= 0)
        return;
    mdup_overlap_weights w = {
        mdup_null_score_at(&c->null, WEIGHED_AT_LOG10_EVALUE, mdup_comparison_n_rated(c)), usual,
        1};
    w.mean = mean_weight(c, &w);
    double all = log10((double)mdup_comparison_n_rated(c));
    for (size_t i = 0; i < c->shortlist.n; i++) {
        mdup_pair *pair = &c->pairs[i];
        pair->log10_evalue =
            fmin(pair->log10_evalue - log10(mdup_overlap_weight(&w, pair->overlap)), all);
    }
    c->weights = w;
}

bool mdup_comparison_rate(mdup_comparison *c, mdup_error **err)
{
    double *scores = mdup_calloc(c->shortlist.n, sizeof *scores, err);
    if (!scores)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < c->shortlist.n; i++)
        if (c->shortlist.items[i].drawn)
            scores[n++] = c->pairs[i].score;
    c->null = mdup_null_fit(scores, n);
    for (size_t i = 0; i < c->shortlist.n; i++)
        c->pairs[i].log10_evalue =
            mdup_null_log10_evalue(&c->null, c->pairs[i].score, mdup_comparison_n_rated(c));
    weigh_overlaps(c, scores);
    free(scores);
    return heed_zero(c, err) && mdup_comparison_heed_repeats(c, err);
}
