/* One comparison of the frames of a geometry, for the files it is spread over: compare.c has the whole. */
#ifndef MDUP_FLOW_COMPARISON_H
#define MDUP_FLOW_COMPARISON_H

#include "flow/compare.h"
#include "flow/siblings.h"
#include "run/executor.h"
#include "search/copies.h"
#include "verify/power.h"
#include "verify/repeats.h"
#include "verify/significance.h"
#include "verify/verify.h"

typedef struct {
    mdup_condition_scratch *condition;
    mdup_power_meter *meter;
    mdup_verifier *verifier;
    mdup_repeats *repeats; /* NULL until it is needed */
    float *clean[2];       /* the two frames of a pair */
} mdup_compare_worker;

typedef struct mdup_comparison mdup_comparison;

/* A stage whose looks can be remembered. */
typedef struct {
    const char *name; /* of the progress; NULL: none is shown */
    size_t n_items;
    void (*name_frames)(const mdup_comparison *c, size_t item,
                        size_t frames[2]); /* whose local power it needs; NULL: none */
    mdup_job job;
    bool (*recall)(mdup_comparison *c, size_t item); /* false: it is not known, or not all of it */
    void (*describe)(const mdup_comparison *c, size_t item, mdup_look *look);
} mdup_look_stage;

struct mdup_comparison {
    const mdup_search_frames *frames;
    const mdup_compare_memory *memory; /* NULL: none */
    const mdup_callbacks *callbacks;
    int n_threads;
    int64_t least_pairs;
    double max_evalue;
    mdup_conditioner *conditioner;
    mdup_statistics statistics;
    double *powers;     /* of the frames in the sample, MDUP_RADIAL_BINS each */
    float *spot_shares; /* of the same */
    mdup_compare_worker *workers;
    mdup_shortlist shortlist;
    mdup_pair *pairs; /* one a candidate, then what siblings add; log10_evalue filled in last */
    size_t n_pairs;
    mdup_null null;
    mdup_overlap_weights weights;
    mdup_copies copies;
    mdup_siblings siblings;
    size_t
        *sampled; /* drawn candidates that tell what pairs reach at a shift that no search chose, */
    double *given_height; /* and what each reached at the one looked at last */
    size_t n_sampled;
    size_t *doubted;             /* candidates that repeats may explain, */
    mdup_repeat_heights *doubts; /* and how far they do */
    size_t n_doubted;
    size_t power_cells; /* of a frame; */
    uint16_t *power;    /* those of each frame, once they are measured */
    bool *has_power;
    size_t *to_measure; /* frames */
    const char *stage;
    size_t stage_items, stage_done; /* of which before this batch */
    const mdup_look_stage *looking;
    const size_t *to_look_at; /* items of this batch */
};

/* All functions that return bool return false with *err; NOMEM, ABORTED, or what memory and frames say. */

/* ---- compare_statistics.c ---- */

/** Measures what the frames have in common, or recalls it; frames->memory becomes what the memory gives. */
bool mdup_comparison_make_statistics(mdup_comparison *c, mdup_search_frames *frames,
                                     mdup_error **err) MDUP_MUST_CHECK;

/* ---- compare_looks.c ---- */

/** Runs the job on n_items items; stage: of the progress, or NULL. */
bool mdup_comparison_run(mdup_comparison *c, const char *stage, size_t n_items, mdup_job job,
                         mdup_error **err) MDUP_MUST_CHECK;

/** Recalls the looks of a stage or takes them, and keeps those. */
bool mdup_comparison_look(mdup_comparison *c, const mdup_look_stage *stage,
                          mdup_error **err) MDUP_MUST_CHECK;
bool mdup_comparison_recall(const mdup_comparison *c, size_t a, size_t b, mdup_look_kind kind,
                            mdup_look *look) MDUP_MUST_CHECK;

/* The order of the signs of a look. */
enum {
    SIGN_SCORE,
    SIGN_HEIGHT, /* at a given shift, or of the piece that repeats */
    SIGN_SHIFT_X,
    SIGN_SHIFT_Y,
    SIGN_SHIFT_SD,
    SIGN_OVERLAP,
    SIGN_CCC,
    SIGN_GIVEN_X, /* of a sibling: the shift it was looked at */
    SIGN_GIVEN_Y,
    SIGN_ELSEWHERE = SIGN_SCORE, /* of repeats */
    N_SIGNS = SIGN_GIVEN_Y + 1
};
_Static_assert((int)N_SIGNS == (int)MDUP_LOOK_SIGNS, "all signs are kept");

void mdup_signs_of_pair(const mdup_pair *pair, double *signs);
mdup_pair mdup_pair_of_look(const mdup_look *look);

/** Cleans the two frames of a pair into me->clean. */
bool mdup_comparison_load(mdup_comparison *c, size_t a, size_t b, mdup_compare_worker *me,
                          mdup_error **err) MDUP_MUST_CHECK;

/** The pair that is loaded, at a shift in px of the frame. */
bool mdup_comparison_look_at(const mdup_comparison *c, size_t a, size_t b, double shift_x,
                             double shift_y, mdup_compare_worker *me, mdup_verdict *verdict,
                             mdup_error **err) MDUP_MUST_CHECK;
void mdup_comparison_describe_overlap(const mdup_comparison *c, const mdup_compare_worker *me,
                                      mdup_pair *pair);

/** The frames of a candidate, for a stage. */
void mdup_comparison_name_candidate(const mdup_comparison *c, size_t item, size_t frames[2]);

/** Looks at all candidates: c->pairs but for their E-values. */
bool mdup_comparison_verify(mdup_comparison *c, mdup_error **err) MDUP_MUST_CHECK;

/* ---- compare_given.c ---- */

/** The distribution of what drawn pairs reach at (0, 0), or where nothing is.  *known: false when there are too few to tell. */
bool mdup_comparison_fit_at_zero(mdup_comparison *c, mdup_null *null, bool *known,
                                 mdup_error **err) MDUP_MUST_CHECK;
bool mdup_comparison_fit_opposite(mdup_comparison *c, mdup_null *null, bool *known,
                                  mdup_error **err) MDUP_MUST_CHECK;

/* ---- compare_rating.c ---- */

/** Fills in all E-values; the copies are known. */
bool mdup_comparison_rate(mdup_comparison *c, mdup_error **err) MDUP_MUST_CHECK;

/** The number of pairs that E-values are for. */
int64_t mdup_comparison_n_rated(const mdup_comparison *c);
bool mdup_comparison_is_copy(const mdup_comparison *c, const mdup_pair *pair);

/* ---- compare_repeats.c ---- */

/** Raises the E-values of pairs that what repeats within their frames may explain. */
bool mdup_comparison_heed_repeats(mdup_comparison *c, mdup_error **err) MDUP_MUST_CHECK;

/* ---- compare_siblings.c ---- */

/** Lowers the E-values of pairs that other shots of their holes bear out, and adds pairs that these lead to. */
bool mdup_comparison_heed_siblings(mdup_comparison *c, mdup_error **err) MDUP_MUST_CHECK;

/** For qsort and bsearch: by b within a. */
int mdup_pairs_by_index(const void *left, const void *right);

/* Shifts up to this, in px of the frame, are near (0, 0): what the detector or the beam puts into every frame lines up there, and however much
 * of it conditioning takes out, a pair must stand out of what other pairs of the session show at that very place. */
static const double NEAR_ZERO_px = 3.0;

#endif
