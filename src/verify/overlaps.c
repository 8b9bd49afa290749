#include "verify/overlaps.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "verify/significance.h"
#include "verify/verify.h"

/* Below what any search looks at (1.2 %). */
static const double LEAST_OVERLAP = 0.005;

/* ---- the shifts of a search ---- */

/* Steps from LEAST_OVERLAP, 0 to MDUP_OVERLAP_STEPS. */
static double position(double overlap)
{
    double part = 1 - log(fmax(overlap, LEAST_OVERLAP)) / log(LEAST_OVERLAP);
    return fmin(part, 1) * MDUP_OVERLAP_STEPS;
}

double mdup_overlap_of_step(size_t step)
{
    return exp(log(LEAST_OVERLAP) * (1 - ((double)step + 0.5) / MDUP_OVERLAP_STEPS));
}

void mdup_overlap_table_fill(const mdup_conditioner *k, mdup_overlap_table *table)
{
    *table = (mdup_overlap_table){0};
    double n = 0;
    for (int32_t y = 0; y < k->map_ny; y++) {
        for (int32_t x = 0; x < k->map_nx; x++) {
            double shift_x, shift_y;
            if (!mdup_conditioner_shift_at(k, x, y, &shift_x, &shift_y))
                continue;
            double at = position(mdup_overlap(k->nx, k->ny, shift_x, shift_y));
            table->share[(size_t)fmin(at, MDUP_OVERLAP_STEPS - 1)]++;
            n++;
        }
    }
    double below = 0;
    for (size_t i = 0; i < MDUP_OVERLAP_STEPS; i++) {
        table->share[i] /= fmax(1, n);
        table->below[i] = below;
        below += table->share[i];
    }
}

double mdup_overlap_rank(const mdup_overlap_table *table, double overlap)
{
    double at = position(overlap), step = fmin(floor(at), MDUP_OVERLAP_STEPS - 1);
    return table->below[(size_t)step] + (at - step) * table->share[(size_t)step];
}

/* ---- smallness ---- */

/* Of 30 unrelated sessions of 90 micrographs of ten kinds, those with false pairs among them, and 26 sessions of 60 with 24 related pairs each:
 *
 *                          seen at E <= 0.01, 0.1, 1, 10, 100     found of 624 (the ideal filter: 470)
 *   promised                          0.3    3   30  300  3000
 *   without                             5    8   57  354  3017     452
 *   smallness from 0                    3    4   23  277  2540     452
 *   of both signs                       1    5   30  298  2610     458
 *   below 0 only held against a pair    1    4   21  250  2373     452
 *
 * 500 kDa have 0.1 to 0.3, 150 kDa 0.04, 60 kDa and filaments -0.05, camera patterns -0.15.  The highest tenth in place of the highest fifth: the
 * same found, the highest third: 449. */
static const double HIGHEST = 0.2, LEAST_SMALLNESS = -0.15, MOST_SMALLNESS = 0.6;

/* What is known of smallness before: with 8 the lean of a sample of 50 decides, one of 5 moves it little.  2 or 30 find
 * as many. */
static const double STIFFNESS = 8;

/* Pairs above the score at which a sample of this size holds half an unrelated one are left out. */
static const double PLAUSIBLE = 0.5;

enum { LEAST_PAIRS = 30, ROUNDS = 3, HALVINGS = 30 };

double mdup_smallness_factor(double smallness, double overlap)
{
    return sqrt(1 + smallness * log(1 / fmin(1, fmax(overlap, LEAST_OVERLAP))));
}

/* Pairs drawn at random, most of them unrelated. */
typedef struct {
    const mdup_overlap_table *table;
    const mdup_scored_pair *pairs;
    size_t n;
    double highest;            /* of the plausible scores */
    mdup_scored_pair *scratch; /* n */
} sample;

static int by_score_down(const void *left, const void *right)
{
    const mdup_scored_pair *l = left, *r = right;
    if (l->score < r->score || l->score > r->score)
        return l->score > r->score ? -1 : 1;
    return l->overlap < r->overlap ? -1 : l->overlap > r->overlap;
}

/* Leaves the pairs with divided scores in scratch, from the highest plausible one down; how many. */
static size_t divide(const sample *s, double smallness)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++) {
        double overlap = s->pairs[i].overlap,
               score = s->pairs[i].score / mdup_smallness_factor(smallness, overlap);
        if (score <= s->highest)
            s->scratch[kept++] = (mdup_scored_pair){score, overlap};
    }
    if (kept > 0)
        qsort(s->scratch, kept, sizeof *s->scratch, by_score_down);
    return kept;
}

/* Below 0 when the highest scores lie at small overlaps. */
static double lean(const sample *s, double smallness)
{
    size_t top = (size_t)ceil(HIGHEST * (double)divide(s, smallness));
    double sum = 0;
    for (size_t i = 0; i < top; i++)
        sum += mdup_overlap_rank(s->table, s->scratch[i].overlap) - 0.5;
    return sum + STIFFNESS * smallness;
}

static double level(const sample *s)
{
    double low = LEAST_SMALLNESS, high = MOST_SMALLNESS;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        if (lean(s, middle) < 0)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

bool mdup_smallness_fit(const mdup_overlap_table *table, const mdup_scored_pair *pairs, size_t n,
                        double *smallness, mdup_error **err)
{
    *smallness = 0;
    if (n < LEAST_PAIRS)
        return true;
    double *scores = mdup_calloc(n, sizeof *scores, err);
    sample s = {.table = table, .pairs = pairs, .n = n};
    s.scratch = scores ? mdup_calloc(n, sizeof *s.scratch, err) : NULL;
    for (int round = 0; s.scratch && round < ROUNDS; round++) {
        for (size_t i = 0; i < n; i++)
            scores[i] = pairs[i].score / mdup_smallness_factor(*smallness, pairs[i].overlap);
        mdup_null null = mdup_null_fit(scores, n);
        s.highest = mdup_null_score_at(&null, log10(PLAUSIBLE), (int64_t)n);
        *smallness = level(&s);
    }
    bool ok = s.scratch != NULL;
    free(s.scratch);
    free(scores);
    return ok;
}
