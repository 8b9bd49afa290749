/* Pairs held against what repeats within their own frames. */
#include "flow/comparison.h"

#include <math.h>

#include "base/alloc.h"

/* Pairs less significant than this are not looked at for repeats: no one acts on them, and a look takes 12 ms (360 x 255). */
static const double DOUBTED_LOG10_EVALUE = 0;

static bool measure_repeats(void *context, size_t item, int w, mdup_error **err)
{
    mdup_comparison *c = context;
    const mdup_pair *pair = &c->pairs[c->doubted[item]];
    mdup_compare_worker *me = &c->workers[w];
    if (!me->repeats && !(me->repeats = mdup_repeats_new(c->conditioner, err)))
        return false;
    if (!mdup_comparison_load(c, pair->a, pair->b, me, err))
        return false;
    mdup_repeats_measure(me->repeats, me->clean[0], me->clean[1], pair->shift_x_px,
                         pair->shift_y_px, &c->doubts[item]);
    return true;
}

static bool recall_repeats(mdup_comparison *c, size_t item)
{
    const mdup_pair *pair = &c->pairs[c->doubted[item]];
    mdup_look look;
    if (!mdup_comparison_recall(c, pair->a, pair->b, MDUP_LOOK_REPEATS, &look))
        return false;
    c->doubts[item] = (mdup_repeat_heights){look.signs[SIGN_HEIGHT], look.signs[SIGN_ELSEWHERE]};
    return true;
}

static void describe_repeats(const mdup_comparison *c, size_t item, mdup_look *look)
{
    const mdup_pair *pair = &c->pairs[c->doubted[item]];
    *look = (mdup_look){.a = pair->a, .b = pair->b, .kind = MDUP_LOOK_REPEATS};
    for (int i = 0; i < N_SIGNS; i++)
        look->signs[i] = (double)NAN;
    look->signs[SIGN_HEIGHT] = c->doubts[item].here;
    look->signs[SIGN_ELSEWHERE] = c->doubts[item].elsewhere;
}

/* So many take a second or two: then their number is shown. */
enum { SHOWN_FROM = 200 };

/* A pair whose pieces find their like in their own frames must be higher than that: two filaments of one kind, lined up by chance, are as alike
 * as two stretches of one of them, and so are the few large particles of a small overlap.  Before, scores were divided by what the session
 * showed of small overlaps: 504 unrelated sessions of 90 micrographs had 10, 50 and 385 pairs where 5, 50 and 504 were promised at E 0.01, 0.1
 * and 1, and of 18 sessions of large particles and dirt 328 overlaps were found, now 338. */
bool mdup_comparison_heed_repeats(mdup_comparison *c, mdup_error **err)
{
    if (!(c->doubted = mdup_calloc(c->shortlist.n, sizeof *c->doubted, err)) ||
        !(c->doubts = mdup_calloc(c->shortlist.n, sizeof *c->doubts, err)))
        return false;
    for (size_t i = 0; i < c->shortlist.n; i++)
        if (c->pairs[i].log10_evalue <= DOUBTED_LOG10_EVALUE &&
            !mdup_comparison_is_copy(c, &c->pairs[i]))
            c->doubted[c->n_doubted++] = i;
    mdup_look_stage stage = {c->n_doubted < SHOWN_FROM ? NULL : "repeats",
                             c->n_doubted,
                             NULL,
                             measure_repeats,
                             recall_repeats,
                             describe_repeats};
    if (!mdup_comparison_look(c, &stage, err))
        return false;
    for (size_t i = 0; i < c->n_doubted; i++) {
        mdup_pair *pair = &c->pairs[c->doubted[i]];
        pair->log10_evalue =
            fmax(pair->log10_evalue,
                 mdup_repeats_log10_evalue(&c->doubts[i], mdup_comparison_n_rated(c)));
    }
    return true;
}
