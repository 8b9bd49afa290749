/* What a screen has found, for the steps that come after it. */
#ifndef MDUP_FLOW_SCREENED_H
#define MDUP_FLOW_SCREENED_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "verify/pair.h"

typedef struct {
    char *name;      /* as in the input */
    uint64_t uid;    /* of cryoSPARC; 0: none */
    double pixel_A;  /* 0: unknown */
    int32_t nx, ny;  /* px; 0: unknown */
    bool is_removed; /* its name goes: no micrograph of that name stays */
} mdup_screened_micrograph;

typedef struct {
    size_t n, n_removed;
    mdup_screened_micrograph *micrographs; /* in order of acquisition */
    size_t n_pairs;
    /* Significant ones, no two of the same micrographs, a perhaps the later one.  Set are micrographs, shift, its uncertainty, overlap and
     * orientation. */
    mdup_pair *pairs;
} mdup_screened;

/** Loads the results in the folder of a screen: micrographs.csv and pairs.csv.  False with *err: MISSING, IO, PARSE (naming file and
 *  line), INVALID (no folder), NOMEM.  Free with mdup_screened_clear. */
bool mdup_screened_load(const char *path, mdup_screened *out, mdup_error **err) MDUP_MUST_CHECK;
void mdup_screened_clear(mdup_screened *screened);

#endif
