/* The other shots of a hole bear witness. */
#include "flow/comparison.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

/* By b within a: a copy stands once in the list, as a copy. */
int mdup_pairs_by_index(const void *left, const void *right)
{
    const mdup_pair *l = left, *r = right;
    if (l->a != r->a)
        return l->a < r->a ? -1 : 1;
    return l->b < r->b ? -1 : l->b > r->b;
}

static bool verify_sibling(void *context, size_t item, int w, mdup_error **err)
{
    mdup_comparison *c = context;
    mdup_sibling *s = &c->siblings.items[item];
    mdup_compare_worker *me = &c->workers[w];
    mdup_verdict verdict;
    if (!mdup_comparison_load(c, s->a, s->b, me, err) ||
        !mdup_comparison_look_at(c, s->a, s->b, s->shift_x, s->shift_y, me, &verdict, err))
        return false;
    s->pair = (mdup_pair){.a = s->a,
                          .b = s->b,
                          .shift_x_px = verdict.shift_x,
                          .shift_y_px = verdict.shift_y,
                          .shift_sd_px = fmax(verdict.shift_sd_x, verdict.shift_sd_y),
                          .score = (double)verdict.z};
    mdup_comparison_describe_overlap(c, me, &s->pair);
    return true;
}

static bool recall_sibling(mdup_comparison *c, size_t item)
{
    mdup_sibling *s = &c->siblings.items[item];
    mdup_look look;
    if (!mdup_comparison_recall(c, s->a, s->b, MDUP_LOOK_SIBLING, &look) ||
        fabs(look.signs[SIGN_GIVEN_X] - s->shift_x) > 0 ||
        fabs(look.signs[SIGN_GIVEN_Y] - s->shift_y) > 0)
        return false;
    s->pair = mdup_pair_of_look(&look);
    return true;
}

static void describe_sibling(const mdup_comparison *c, size_t item, mdup_look *look)
{
    const mdup_sibling *s = &c->siblings.items[item];
    *look = (mdup_look){.a = s->a, .b = s->b, .kind = MDUP_LOOK_SIBLING};
    mdup_signs_of_pair(&s->pair, look->signs);
    look->signs[SIGN_GIVEN_X] = s->shift_x;
    look->signs[SIGN_GIVEN_Y] = s->shift_y;
}

/* A sibling at the place the search found lends its significance; one at another place takes its place, if it is more significant. */
static void adopt(mdup_comparison *c, const mdup_sibling *s)
{
    mdup_pair *known =
        bsearch(&s->pair, c->pairs, c->shortlist.n, sizeof *c->pairs, mdup_pairs_by_index);
    if (!known) {
        c->pairs[c->n_pairs++] = s->pair;
        return;
    }
    double log10_evalue = fmin(known->log10_evalue, s->pair.log10_evalue);
    bool elsewhere = fabs(known->shift_x_px - s->pair.shift_x_px) > NEAR_ZERO_px ||
                     fabs(known->shift_y_px - s->pair.shift_y_px) > NEAR_ZERO_px;
    if (elsewhere && s->pair.log10_evalue < known->log10_evalue)
        *known = s->pair;
    known->log10_evalue = log10_evalue;
}

static void name_sibling(const mdup_comparison *c, size_t item, size_t frames[2])
{
    frames[0] = c->siblings.items[item].a;
    frames[1] = c->siblings.items[item].b;
}

bool mdup_comparison_heed_siblings(mdup_comparison *c, mdup_error **err)
{
    mdup_null null;
    bool known;
    if (!c->frames->hole)
        return true;
    if (!mdup_siblings_find(c->frames, c->pairs, c->n_pairs, &c->siblings, err))
        return false;
    if (c->siblings.n == 0)
        return true;
    if (!mdup_comparison_fit_opposite(c, &null, &known, err))
        return false;
    if (!known)
        return true;
    mdup_look_stage stage = {NULL,           c->siblings.n,  name_sibling,
                             verify_sibling, recall_sibling, describe_sibling};
    if (!mdup_comparison_look(c, &stage, err))
        return false;
    mdup_siblings_rate(&c->siblings, c->pairs, &null);
    size_t capacity = c->n_pairs;
    if (!mdup_grow((void **)&c->pairs, &capacity, c->n_pairs + c->siblings.n, sizeof *c->pairs,
                   err))
        return false;
    for (size_t i = 0; i < c->siblings.n; i++)
        adopt(c, &c->siblings.items[i]);
    return true;
}
