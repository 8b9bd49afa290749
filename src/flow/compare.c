#include "flow/compare.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "flow/comparison.h"
#include "flow/exact_copies.h"

/* A shift is known to a px of the frame or better, so that a pair at the very limit may be measured beyond it. */
static const double SHIFT_CERTAINTY_px = 1;

static bool is_asked_for(const mdup_comparison *c, const mdup_pair *pair)
{
    double most = c->frames->max_shift_px;
    return most <= 0 || hypot(pair->shift_x_px, pair->shift_y_px) <= most + SHIFT_CERTAINTY_px;
}

static int by_evalue_down(const void *left, const void *right)
{
    const mdup_drawn *l = left, *r = right;
    if (l->log10_evalue < r->log10_evalue || l->log10_evalue > r->log10_evalue)
        return l->log10_evalue > r->log10_evalue ? -1 : 1;
    return l->score < r->score ? -1 : l->score > r->score;
}

/* The drawn pairs, as the null distribution saw them. */
static bool list_drawn(const mdup_comparison *c, mdup_pair_list *out, mdup_error **err)
{
    mdup_drawn *list = mdup_calloc(c->shortlist.n, sizeof *list, err);
    if (!list)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < c->shortlist.n; i++)
        if (c->shortlist.items[i].drawn)
            list[n++] = (mdup_drawn){(float)c->pairs[i].score, (float)c->pairs[i].overlap,
                                     c->pairs[i].log10_evalue};
    if (n > 0)
        qsort(list, n, sizeof *list, by_evalue_down);
    out->null = c->null;
    out->weights = c->weights;
    out->drawn = list;
    out->n_drawn = n;
    return true;
}

static bool keep_significant(mdup_comparison *c, double max_evalue, mdup_pair_list *out,
                             mdup_error **err)
{
    mdup_pair *kept = mdup_calloc(c->n_pairs + c->copies.n, sizeof *kept, err);
    if (!kept)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < c->n_pairs; i++)
        if (c->pairs[i].log10_evalue <= log10(max_evalue) && is_asked_for(c, &c->pairs[i]) &&
            !mdup_comparison_is_copy(c, &c->pairs[i]))
            kept[n++] = c->pairs[i];
    for (size_t i = 0; i < c->copies.n; i++)
        kept[n++] = mdup_pair_of_equals(c->copies.items[i].a, c->copies.items[i].b);
    if (n > 0)
        qsort(kept, n, sizeof *kept, mdup_pairs_by_index);
    *out = (mdup_pair_list){.items = kept,
                            .n = n,
                            .n_compared = c->shortlist.n_compared,
                            .spot_share = c->statistics.spot_share,
                            .n_sample = c->statistics.n_frames,
                            .noise_share = c->statistics.noise_share};
    return true;
}

/* ---- the whole ---- */

static bool make_room(mdup_comparison *c, mdup_error **err)
{
    size_t pixels = (size_t)c->frames->nx * (size_t)c->frames->ny;
    c->power_cells = mdup_power_cells(c->frames->nx, c->frames->ny);
    if (!(c->power = mdup_calloc(c->frames->n, c->power_cells * sizeof *c->power, err)) ||
        !(c->has_power = mdup_calloc(c->frames->n, sizeof *c->has_power, err)) ||
        !(c->to_measure = mdup_calloc(c->frames->n, sizeof *c->to_measure, err)))
        return false;
    c->workers = mdup_calloc((size_t)c->n_threads, sizeof *c->workers, err);
    for (int w = 0; c->workers && w < c->n_threads; w++) {
        mdup_compare_worker *me = &c->workers[w];
        if (!(me->condition = mdup_condition_scratch_new(c->conditioner, err)) ||
            !(me->meter = mdup_power_meter_new(c->conditioner, err)) ||
            !(me->verifier = mdup_verifier_new(c->conditioner, err)) ||
            !(me->clean[0] = mdup_alloc_aligned(pixels, sizeof *me->clean[0], err)) ||
            !(me->clean[1] = mdup_alloc_aligned(pixels, sizeof *me->clean[1], err)))
            return false;
    }
    return c->workers != NULL;
}

static void clear(mdup_comparison *c)
{
    for (int w = 0; c->workers && w < c->n_threads; w++) {
        mdup_condition_scratch_free(c->workers[w].condition);
        mdup_power_meter_free(c->workers[w].meter);
        mdup_verifier_free(c->workers[w].verifier);
        mdup_repeats_free(c->workers[w].repeats);
        free(c->workers[w].clean[0]);
        free(c->workers[w].clean[1]);
    }
    free(c->workers);
    free(c->powers);
    free(c->spot_shares);
    free(c->statistics.sum);
    free(c->shortlist.items);
    free(c->pairs);
    free(c->sampled);
    free(c->given_height);
    free(c->doubted);
    free(c->doubts);
    free(c->power);
    free(c->has_power);
    free(c->to_measure);
    free(c->siblings.items);
    free(c->copies.items);
    mdup_conditioner_free(c->conditioner);
}

bool mdup_compare_frames(const mdup_search_frames *frames, const mdup_compare_memory *memory,
                         double max_evalue, int64_t least_pairs, int n_threads,
                         const mdup_callbacks *callbacks, mdup_pair_list *out, mdup_error **err)
{
    int64_t n_pairs;
    if (!mdup_search_count_pairs(frames, &n_pairs, err))
        return false;
    if (n_pairs == 0) {
        *out = (mdup_pair_list){0};
        return true;
    }
    mdup_search_frames own = *frames;
    own.memory = NULL;
    mdup_comparison c = {.frames = &own,
                         .memory = memory,
                         .callbacks = callbacks,
                         .n_threads = n_threads,
                         .least_pairs = least_pairs,
                         .max_evalue = max_evalue};
    c.conditioner = mdup_conditioner_new(frames->nx, frames->ny, err);
    if (c.conditioner && frames->max_shift_px > 0)
        mdup_conditioner_limit_shifts(c.conditioner, frames->max_shift_px);
    bool ok = c.conditioner && make_room(&c, err) &&
              mdup_comparison_make_statistics(&c, &own, err) &&
              mdup_search(&own, c.conditioner, n_threads, callbacks, &c.shortlist, err) &&
              mdup_comparison_verify(&c, err) && mdup_find_copies(&own, &c.copies, err) &&
              mdup_comparison_rate(&c, err) && mdup_comparison_heed_siblings(&c, err) &&
              keep_significant(&c, max_evalue, out, err);
    if (ok && !list_drawn(&c, out, err)) {
        mdup_pair_list_clear(out);
        ok = false;
    }
    clear(&c);
    return ok;
}

void mdup_pair_list_clear(mdup_pair_list *list)
{
    free(list->items);
    free(list->drawn);
    *list = (mdup_pair_list){0};
}

/* As mdup_search_wants has it, of n micrographs in a row. */
static double pairs_in_a_row(const mdup_screen_options *o, int64_t n)
{
    double sum = 0;
    for (int64_t distance = o->images_per_move;
         distance < n && (o->scan_range == 0 || distance < o->images_per_move + o->scan_range);
         distance += o->images_per_hole)
        sum += (double)(n - distance);
    return sum;
}

int64_t mdup_expected_pairs(const mdup_screen_options *options, size_t n_frames, int64_t n_compared)
{
    if (options->expect <= (int64_t)n_frames)
        return n_compared;
    double here = pairs_in_a_row(options, (int64_t)n_frames);
    double there = pairs_in_a_row(options, options->expect);
    return here > 0 ? llround((double)n_compared * (there / here)) : n_compared;
}

size_t mdup_count_unreported(const mdup_drawn *drawn, size_t n, double max_evalue)
{
    size_t count = 0;
    while (count < n && drawn[count].log10_evalue > log10(max_evalue))
        count++;
    return count;
}
