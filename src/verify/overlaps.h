/* How often chance finds something at each overlap: what the shifts of a search share, and how much further chance reaches where that is
 * little. */
#ifndef MDUP_VERIFY_OVERLAPS_H
#define MDUP_VERIFY_OVERLAPS_H

#include <stddef.h>

#include "base/error.h"
#include "image/condition.h"

/* The overlaps of the shifts that are searched, equal steps of their logarithm each. */
enum { MDUP_OVERLAP_STEPS = 256 };
typedef struct {
    double share[MDUP_OVERLAP_STEPS]; /* of all shifts; their sum is 1 */
    double below[MDUP_OVERLAP_STEPS]; /* share of the shifts of all steps before */
} mdup_overlap_table;

void mdup_overlap_table_fill(const mdup_conditioner *conditioner, mdup_overlap_table *table);

/** The overlap in the middle of a step. */
double mdup_overlap_of_step(size_t step);

/** Share of the shifts that share less than this overlap, 0 to 1: unrelated pairs that lie anywhere have it evenly distributed. */
double mdup_overlap_rank(const mdup_overlap_table *table, double overlap);

typedef struct {
    double score, overlap;
} mdup_scored_pair;

/** Where little is shared, a few large particles decide, and chance reaches further than among many small ones.  Scores at overlap f are
 *  therefore divided by mdup_smallness_factor(smallness, f) = sqrt(1 + smallness ln(1 / f)), with such a `smallness` (-0.15 to 0.6) that the
 *  highest scores of n pairs prefer no overlap.  The pairs that cannot be chance are left out.  False with *err (NOMEM). */
bool mdup_smallness_fit(const mdup_overlap_table *table, const mdup_scored_pair *pairs, size_t n,
                        double *smallness, mdup_error **err) MDUP_MUST_CHECK;
double mdup_smallness_factor(double smallness, double overlap);

#endif
