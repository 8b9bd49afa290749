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
                            for, its own or that of the removed one it is a copy of; -1 when not
                            removed */
    int64_t n_sets;
    size_t n_duplicate_pairs, n_removed;
} mdup_decision;

/** Walks the micrographs in order of acquisition and removes each that duplicates one already kept,
 * so that the earliest, least irradiated exposure stays.  A duplicate of a removed one only is
 * kept: two ends of a chain need not show the same place; but a copy goes with what it is a copy of,
 * for the same original. pairs: n_pairs, a < b < n_micrographs.
 * False with *err (NOMEM).  Free with mdup_decision_clear. */
bool mdup_decide(const mdup_pair *pairs, size_t n_pairs, size_t n_micrographs, double min_overlap,
                 mdup_decision *out, mdup_error **err) MDUP_MUST_CHECK;
void mdup_decision_clear(mdup_decision *decision);

#endif
