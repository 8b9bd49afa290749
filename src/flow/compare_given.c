/* What pairs reach at shifts that no search chose. */
#include "flow/comparison.h"

#include <math.h>

#include "base/alloc.h"

/* So many of the drawn pairs tell what frames of the session reach there. */
enum { SAMPLE_AT_GIVEN = 200 };

static bool sample_drawn(mdup_comparison *c, mdup_error **err)
{
    if (!(c->sampled = mdup_calloc(c->shortlist.n, sizeof *c->sampled, err)) ||
        !(c->given_height = mdup_calloc(c->shortlist.n, sizeof *c->given_height, err)))
        return false;
    size_t n_drawn = 0, seen = 0;
    for (size_t i = 0; i < c->shortlist.n; i++)
        n_drawn += c->shortlist.items[i].drawn;
    size_t step = n_drawn / SAMPLE_AT_GIVEN + 1;
    for (size_t i = 0; i < c->shortlist.n; i++)
        if (c->shortlist.items[i].drawn && seen++ % step == 0)
            c->sampled[c->n_sampled++] = i;
    return true;
}

static void name_sampled(const mdup_comparison *c, size_t item, size_t frames[2])
{
    mdup_comparison_name_candidate(c, c->sampled[item], frames);
}

static bool verify_given(mdup_comparison *c, size_t item, double shift_x, double shift_y, int w,
                         mdup_error **err)
{
    const mdup_candidate *candidate = &c->shortlist.items[c->sampled[item]];
    mdup_compare_worker *me = &c->workers[w];
    mdup_verdict verdict;
    if (!mdup_comparison_load(c, candidate->a, candidate->b, me, err) ||
        !mdup_comparison_look_at(c, candidate->a, candidate->b, shift_x, shift_y, me, &verdict,
                                 err))
        return false;
    c->given_height[item] = (double)verdict.z;
    return true;
}

static bool recall_given(mdup_comparison *c, size_t item, mdup_look_kind kind)
{
    const mdup_candidate *candidate = &c->shortlist.items[c->sampled[item]];
    mdup_look look;
    bool known = mdup_comparison_recall(c, candidate->a, candidate->b, kind, &look);
    if (known)
        c->given_height[item] = look.signs[SIGN_HEIGHT];
    return known;
}

static void describe_given(const mdup_comparison *c, size_t item, mdup_look_kind kind,
                           mdup_look *look)
{
    const mdup_candidate *candidate = &c->shortlist.items[c->sampled[item]];
    *look = (mdup_look){.a = candidate->a, .b = candidate->b, .kind = kind};
    for (int i = 0; i < N_SIGNS; i++)
        look->signs[i] = (double)NAN;
    look->signs[SIGN_HEIGHT] = c->given_height[item];
}

static bool verify_at_zero(void *context, size_t item, int w, mdup_error **err)
{
    return verify_given(context, item, 0, 0, w, err);
}

static bool recall_at_zero(mdup_comparison *c, size_t item)
{
    return recall_given(c, item, MDUP_LOOK_AT_ZERO);
}

static void describe_at_zero(const mdup_comparison *c, size_t item, mdup_look *look)
{
    describe_given(c, item, MDUP_LOOK_AT_ZERO, look);
}

/* Shares as much as the best place, and nothing is there. */
static bool verify_opposite(void *context, size_t item, int w, mdup_error **err)
{
    mdup_comparison *c = context;
    const mdup_peak *best = &c->shortlist.items[c->sampled[item]].peaks[0];
    return verify_given(c, item, -(double)best->shift_x, -(double)best->shift_y, w, err);
}

static bool recall_opposite(mdup_comparison *c, size_t item)
{
    return recall_given(c, item, MDUP_LOOK_OPPOSITE);
}

static void describe_opposite(const mdup_comparison *c, size_t item, mdup_look *look)
{
    describe_given(c, item, MDUP_LOOK_OPPOSITE, look);
}

/* The distribution of what the sampled pairs reach.  False in *known when there are too few to tell. */
static bool fit_given(mdup_comparison *c, const mdup_look_stage *stage, mdup_null *null,
                      bool *known, mdup_error **err)
{
    if (!mdup_comparison_look(c, stage, err))
        return false;
    *known = mdup_null_fit_at_shift(c->given_height, c->n_sampled, null);
    return true;
}

bool mdup_comparison_fit_at_zero(mdup_comparison *c, mdup_null *null, bool *known, mdup_error **err)
{
    if (!c->sampled && !sample_drawn(c, err))
        return false;
    mdup_look_stage stage = {NULL,           c->n_sampled,   name_sampled,
                             verify_at_zero, recall_at_zero, describe_at_zero};
    return fit_given(c, &stage, null, known, err);
}

bool mdup_comparison_fit_opposite(mdup_comparison *c, mdup_null *null, bool *known,
                                  mdup_error **err)
{
    if (!c->sampled && !sample_drawn(c, err))
        return false;
    mdup_look_stage stage = {
        NULL, c->n_sampled, name_sampled, verify_opposite, recall_opposite, describe_opposite};
    return fit_given(c, &stage, null, known, err);
}
