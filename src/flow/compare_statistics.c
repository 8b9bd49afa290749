/* What the frames of a session have in common. */
#include "flow/comparison.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

static bool measure_power(void *context, size_t item, int w, mdup_error **err)
{
    mdup_comparison *c = context;
    const int8_t *frame = mdup_search_get(c->frames, item, err);
    if (!frame)
        return false;
    c->spot_shares[item] = (float)mdup_condition_power(
        c->conditioner, frame, c->workers[w].condition, c->powers + item * MDUP_RADIAL_BINS);
    mdup_search_release(c->frames, item);
    return true;
}

static bool add_up(mdup_comparison *c, mdup_error **err)
{
    mdup_statistics *st = &c->statistics;
    size_t pixels = (size_t)st->nx * (size_t)st->ny;
    for (size_t f = 0; f < st->n_frames; f++) {
        const int8_t *frame = mdup_search_get(c->frames, f, err);
        if (!frame)
            return false;
        for (size_t i = 0; i < pixels; i++)
            st->sum[i] += frame[i];
        mdup_search_release(c->frames, f);
        for (int k = 0; k < MDUP_RADIAL_BINS; k++)
            st->power[k] += c->powers[f * MDUP_RADIAL_BINS + (size_t)k] / (double)st->n_frames;
    }
    return true;
}

static int by_share(const void *left, const void *right)
{
    float l = *(const float *)left, r = *(const float *)right;
    return l < r ? -1 : l > r;
}

static bool find_median(const float *shares, size_t n, double *median, mdup_error **err)
{
    float *sorted = mdup_calloc(n, sizeof *sorted, err);
    if (!sorted)
        return false;
    memcpy(sorted, shares, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_share);
    *median = (double)sorted[n / 2];
    free(sorted);
    return true;
}

static bool measure_statistics(mdup_comparison *c, mdup_error **err)
{
    mdup_statistics *st = &c->statistics;
    st->noise_share = 1;
    if (!(c->powers = mdup_calloc(st->n_frames, MDUP_RADIAL_BINS * sizeof *c->powers, err)) ||
        !(c->spot_shares = mdup_calloc(st->n_frames, sizeof *c->spot_shares, err)) ||
        !mdup_comparison_run(c, NULL, st->n_frames, measure_power, err) ||
        !find_median(c->spot_shares, st->n_frames, &st->spot_share, err) ||
        (c->frames->noise_share &&
         !find_median(c->frames->noise_share, st->n_frames, &st->noise_share, err)))
        return false;
    return add_up(c, err);
}

static uint64_t hash_double(uint64_t seed, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return mdup_mix(seed, bits);
}

/* Of all that statistics, candidates and looks depend on beside the two frames of a pair. */
static uint64_t key_of(const mdup_comparison *c)
{
    const mdup_search_frames *f = c->frames;
    uint64_t key = mdup_mix(MDUP_COMPARE_METHOD, (uint64_t)f->nx << 32 | (uint32_t)f->ny);
    key = hash_double(key, f->max_shift_px);
    for (size_t i = 0; i < c->statistics.n_frames; i++)
        key = hash_double(mdup_mix(key, f->key[i]), f->noise_share ? (double)f->noise_share[i] : 1);
    return key;
}

bool mdup_comparison_make_statistics(mdup_comparison *c, mdup_search_frames *frames,
                                     mdup_error **err)
{
    mdup_statistics *st = &c->statistics;
    st->nx = c->frames->nx;
    st->ny = c->frames->ny;
    st->n_frames = mdup_statistics_sample_size(c->frames->n);
    st->sum = mdup_calloc((size_t)st->nx * (size_t)st->ny, sizeof *st->sum, err);
    bool known = false;
    const mdup_compare_memory *memory = c->memory;
    if (!st->sum ||
        (memory && !memory->begin(memory->context, key_of(c), st, &known, &frames->memory, err)))
        return false;
    if (!known && (!measure_statistics(c, err) ||
                   (memory && !memory->keep_statistics(memory->context, st, err))))
        return false;
    mdup_conditioner_set_statistics(c->conditioner, st);
    return true;
}
