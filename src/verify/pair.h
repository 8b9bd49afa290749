/* Two micrographs that show the same piece of specimen. */
#ifndef MDUP_VERIFY_PAIR_H
#define MDUP_VERIFY_PAIR_H

#include <stdbool.h>
#include <stddef.h>

#include "image/orientation.h"

typedef struct {
    size_t a, b;       /* indices in order of acquisition, a < b */
    double shift_x_px; /* unbinned: a point at (x, y) in b is at (x + shift_x, y + shift_y) in a */
    double shift_y_px;
    double shift_sd_px;  /* of the less certain of the two, by verify/verify.h; 0 of copies */
    double overlap;      /* shared area / area of one frame */
    double ccc;          /* Pearson coefficient over the shared area of the flattened frames */
    double score;        /* see verify/verify.h */
    double log10_evalue; /* expected number of unrelated pairs that score as high in this search,
                            log10 */
    bool is_copy;        /* b holds the very pixels of a */
    mdup_orientation orientation; /* of a copy against a; SAME with all others */
} mdup_pair;

/* What one of the pairs that were drawn at random reached. */
typedef struct {
    float score;
    float overlap; /* at the place where it reached that; 0: not known */
    double log10_evalue;
} mdup_drawn;

#endif
