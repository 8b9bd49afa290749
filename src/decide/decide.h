/* From the significant pairs of a session to what is kept and what is removed. */
#ifndef MDUP_DECIDE_DECIDE_H
#define MDUP_DECIDE_DECIDE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "verify/pair.h"

enum { MDUP_NO_SET = 0 };

typedef struct {
    bool *is_duplicate;  /* a pair each: overlap >= min_overlap */
    int64_t *set;        /* a micrograph each: number of its set from 1 in order of acquisition;
                            MDUP_NO_SET when alone */
    bool *removed;       /* a micrograph each */
    ptrdiff_t *original; /* a micrograph each: index of the pair with the kept micrograph it goes
                            for, its own or that of the removed one it is a copy of; -1 when it is
                            not removed, or goes by the user's word */
    int64_t n_sets;
    size_t n_duplicate_pairs, n_removed;
} mdup_decision;

/* Who goes.  Arrays have an entry a micrograph; NULL: nothing of the kind. */
typedef struct {
    double min_overlap;
    const size_t
        *rank; /* a permutation: of two duplicates the one of lower rank stays; NULL: the earlier */
    const bool *exclude; /* goes in any case, and nothing goes for it */
    const bool *protect; /* stays in any case; such have the lowest ranks */
} mdup_rules;

/** Walks the micrographs by rank and removes each that duplicates one already kept.  A duplicate of a removed one only is
 * kept: two ends of a chain need not show the same place; but a copy goes with what it is a copy of,
 * for the same original. pairs: n_pairs, a < b < n_micrographs.
 * False with *err (NOMEM).  Free with mdup_decision_clear. */
bool mdup_decide_by(const mdup_pair *pairs, size_t n_pairs, size_t n_micrographs,
                    const mdup_rules *rules, mdup_decision *out, mdup_error **err) MDUP_MUST_CHECK;

/** The same in order of acquisition, so that the earliest, least irradiated exposure stays. */
bool mdup_decide(const mdup_pair *pairs, size_t n_pairs, size_t n_micrographs, double min_overlap,
                 mdup_decision *out, mdup_error **err) MDUP_MUST_CHECK;
void mdup_decision_clear(mdup_decision *decision);

/** The micrograph that is kept of the pair that decision->original names. */
size_t mdup_decision_kept_of(const mdup_decision *decision, const mdup_pair *pair);

/** Ranks by value, lowest first, then by order of acquisition; those without a value (NaN) last.  Exact copies, which are worth the same, stand side by
 *  side, where the best of them stands.  first (may be NULL): micrographs that come before all others.  rank: room for one a micrograph.
 *  False with *err (NOMEM). */
bool mdup_rank(const double *values, const bool *first, size_t n_micrographs,
               const mdup_pair *pairs, size_t n_pairs, size_t *rank,
               mdup_error **err) MDUP_MUST_CHECK;

#endif
