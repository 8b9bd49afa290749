/* What the page, the PDF and the terminal are made of: a report with its pairs sorted out. */
#ifndef MDUP_PUBLISH_VIEW_H
#define MDUP_PUBLISH_VIEW_H

#include "publish/report.h"

typedef struct {
    const mdup_report *report;
    mdup_pair_kind *kind; /* a pair each */
    size_t n_of_kind[MDUP_PAIR_KINDS];
    size_t *
        by_importance; /* pairs: those a micrograph goes for, other duplicates, places recorded again in part, the pattern */
    size_t n_pictured; /* so many of them, from the first, have pictures */
    bool *is_pictured; /* a pair each */
    size_t *set_members; /* micrographs, set by set, in order of acquisition */
    size_t *set_begin; /* set k (from 1) is set_members[set_begin[k - 1]] to before set_begin[k] */
    bool has_times;    /* of every micrograph that stands in a pair */
    size_t n_not_judged, n_odd;
    bool keeps_earliest;   /* every duplicate is later than what it goes for */
    size_t n_exact_copies; /* of the removed */
    size_t n_duplicates;   /* removed for another; the rest of the removed go by the user's word */
    size_t
        beginning_length; /* bytes that all names begin with, up to a '/', '_' or '-' that is included */
    size_t ending_length; /* bytes that all end in, from a '_' or '.' on, without their folders */
} mdup_view;

/* How places were recorded again. */
typedef struct {
    size_t n_places; /* holes where all names tell them, else sets */
    bool are_holes;  /* every removed micrograph and what it goes for has a hole */
    size_t least_visits, most_visits;
    bool has_times;
    double least_apart_s, most_apart_s; /* of the removed from what they go for */
    size_t least_between, most_between; /* the same in exposures */
} mdup_recurrence;

/** The report is borrowed.  False with *err (NOMEM).  Free with mdup_view_clear. */
bool mdup_view_make(const mdup_report *report, mdup_view *out, mdup_error **err) MDUP_MUST_CHECK;
void mdup_view_clear(mdup_view *view);

/** Counts the places of the removed micrographs.  False with *err (NOMEM). */
bool mdup_view_recurrence(const mdup_view *view, mdup_recurrence *out,
                          mdup_error **err) MDUP_MUST_CHECK;

/** Whether a micrograph is removed because another shows what it shows. */
bool mdup_view_is_duplicate(const mdup_view *view, size_t micrograph);

/** Whether both are known to be shots of one hole in one visit. */
bool mdup_view_is_one_hole(const mdup_view *view, const mdup_pair *pair);

/** Where a member lies on the canvas of its set: its lower left corner in that of the set's first member, px, +y as stored. */
typedef struct {
    double x_px, y_px;
    mdup_orientation orientation; /* against the first member */
    bool placed;                  /* always, on return */
} mdup_place;

/** The places of the members of a set (from 1), in the order of set_members.  places: room for them all. */
void mdup_view_places(const mdup_view *view, size_t set, mdup_place *places);

#endif
