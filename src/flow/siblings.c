#include "flow/siblings.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

/* A pair of holes through one of its pairs of shots; hole_a < hole_b, whichever of them was recorded first. */
typedef struct {
    int32_t hole_a, hole_b;
    size_t pair;
    double log10_evalue;
} leader;

static int by_holes_then_evalue(const void *left, const void *right)
{
    const leader *l = left, *r = right;
    if (l->hole_a != r->hole_a)
        return l->hole_a < r->hole_a ? -1 : 1;
    if (l->hole_b != r->hole_b)
        return l->hole_b < r->hole_b ? -1 : 1;
    if (l->log10_evalue < r->log10_evalue || l->log10_evalue > r->log10_evalue)
        return l->log10_evalue < r->log10_evalue ? -1 : 1;
    return l->pair < r->pair ? -1 : l->pair > r->pair;
}

/* What the detector puts into every frame lines up within so many px of (0, 0), in all shots alike: it bears no witness. */
static const double NEAR_ZERO_px = 3.0;

static bool can_lead(const mdup_search_frames *f, const mdup_pair *pair)
{
    bool near_zero =
        fabs(pair->shift_x_px) <= NEAR_ZERO_px && fabs(pair->shift_y_px) <= NEAR_ZERO_px;
    return !near_zero && pair->log10_evalue <= 0 && f->hole[pair->a] >= 0 &&
           f->hole[pair->b] >= 0 && f->hole[pair->a] != f->hole[pair->b] &&
           f->shot[pair->a] == f->shot[pair->b];
}

/* The best one of every two holes, sorted by holes; *n of them. */
static bool choose_leaders(const mdup_search_frames *f, const mdup_pair *pairs, size_t n_pairs,
                           leader **out, size_t *n, mdup_error **err)
{
    leader *all = mdup_calloc(n_pairs, sizeof *all, err);
    if (!all)
        return false;
    size_t found = 0, kept = 0;
    for (size_t i = 0; i < n_pairs; i++)
        if (can_lead(f, &pairs[i])) {
            int32_t a = f->hole[pairs[i].a], b = f->hole[pairs[i].b];
            all[found++] = (leader){a < b ? a : b, a < b ? b : a, i, pairs[i].log10_evalue};
        }
    if (found > 0)
        qsort(all, found, sizeof *all, by_holes_then_evalue);
    for (size_t i = 0; i < found; i++)
        if (i == 0 || all[i].hole_a != all[kept - 1].hole_a ||
            all[i].hole_b != all[kept - 1].hole_b)
            all[kept++] = all[i];
    *out = all;
    *n = kept;
    return true;
}

static bool add(mdup_siblings *out, size_t *capacity, const mdup_search_frames *f,
                const mdup_pair *led_by, size_t leader_index, size_t a, size_t b, mdup_error **err)
{
    size_t earlier = a < b ? a : b, later = a < b ? b : a;
    bool turned = f->hole[earlier] != f->hole[led_by->a];
    mdup_sibling sibling = {.leader = leader_index,
                            .a = earlier,
                            .b = later,
                            .shift_x = turned ? -led_by->shift_x_px : led_by->shift_x_px,
                            .shift_y = turned ? -led_by->shift_y_px : led_by->shift_y_px};
    if (!mdup_search_wants(f, sibling.a, sibling.b))
        return true;
    if (!mdup_grow((void **)&out->items, capacity, out->n + 1, sizeof *out->items, err))
        return false;
    out->items[out->n++] = sibling;
    return true;
}

/* A frame under its hole and shot. */
typedef struct {
    int32_t hole, shot;
    size_t frame;
} place;

static int by_hole_then_shot(const void *left, const void *right)
{
    const place *l = left, *r = right;
    if (l->hole != r->hole)
        return l->hole < r->hole ? -1 : 1;
    if (l->shot != r->shot)
        return l->shot < r->shot ? -1 : 1;
    return l->frame < r->frame ? -1 : l->frame > r->frame;
}

static place *sort_places(const mdup_search_frames *f, mdup_error **err)
{
    place *places = mdup_calloc(f->n, sizeof *places, err);
    for (size_t i = 0; places && i < f->n; i++)
        places[i] = (place){f->hole[i], f->shot[i], i};
    if (places && f->n > 0)
        qsort(places, f->n, sizeof *places, by_hole_then_shot);
    return places;
}

/* The first place not before (hole, shot 0). */
static size_t first_of(const place *places, size_t n, int32_t hole)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (places[middle].hole < hole)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Equal shots of the leader's two holes, walked side by side. */
static bool add_siblings(mdup_siblings *out, size_t *capacity, const mdup_search_frames *f,
                         const place *places, const mdup_pair *pairs, const leader *l,
                         mdup_error **err)
{
    const mdup_pair *led_by = &pairs[l->pair];
    size_t i = first_of(places, f->n, l->hole_a), j = first_of(places, f->n, l->hole_b);
    while (i < f->n && j < f->n && places[i].hole == l->hole_a && places[j].hole == l->hole_b) {
        int32_t shot_i = places[i].shot, shot_j = places[j].shot;
        bool is_sibling = shot_i == shot_j && shot_i != f->shot[led_by->a];
        if (is_sibling &&
            !add(out, capacity, f, led_by, l->pair, places[i].frame, places[j].frame, err))
            return false;
        i += shot_i <= shot_j;
        j += shot_j <= shot_i;
    }
    return true;
}

bool mdup_siblings_find(const mdup_search_frames *frames, const mdup_pair *pairs, size_t n,
                        mdup_siblings *out, mdup_error **err)
{
    *out = (mdup_siblings){0};
    if (!frames->hole || n == 0)
        return true;
    leader *leaders = NULL;
    size_t n_leaders = 0, capacity = 0;
    place *places = sort_places(frames, err);
    bool ok = places && choose_leaders(frames, pairs, n, &leaders, &n_leaders, err);
    for (size_t i = 0; ok && i < n_leaders; i++)
        ok = add_siblings(out, &capacity, frames, places, pairs, &leaders[i], err);
    free(leaders);
    free(places);
    if (!ok) {
        free(out->items);
        *out = (mdup_siblings){0};
    }
    return ok;
}

/* ---- rating ---- */

/* log of the number of unrelated pairs of holes expected to reach the sum t of -log E of the leader and -log p of m siblings: leaders come at
 * a density of exp(-E), each p is uniform, so t has the tail exp(-t) (1 + t + t^2 / 2 + ... + t^m / m!) (Fisher's way to combine
 * independent tests). */
static double log_combined(double t, size_t m)
{
    double log_term = 0, log_sum = 0;
    for (size_t i = 1; i <= m && t > 0; i++) {
        log_term += log(t / (double)i);
        log_sum = fmax(log_sum, log_term) + log1p(exp(-fabs(log_sum - log_term)));
    }
    return log_sum - t;
}

static double log_p(const mdup_sibling *s, const mdup_null *null)
{
    return mdup_null_log10_evalue(null, s->pair.score, 1) * log(10.0);
}

static void rate_group(mdup_sibling *group, size_t m, size_t n_all, mdup_pair *pairs,
                       const mdup_null *null)
{
    mdup_pair *led_by = &pairs[group[0].leader];
    double t = -led_by->log10_evalue * log(10.0), two_ways = log(2.0);
    for (size_t i = 0; i < m; i++)
        t -= log_p(&group[i], null);
    double combined = log_combined(t, m);
    for (size_t i = 0; i < m; i++) {
        double own = log((double)n_all) + log_p(&group[i], null);
        group[i].pair.log10_evalue = (two_ways + fmax(combined, own)) / log(10.0);
    }
    double own = led_by->log10_evalue * log(10.0);
    led_by->log10_evalue = (two_ways + fmin(own, combined)) / log(10.0);
}

void mdup_siblings_rate(mdup_siblings *siblings, mdup_pair *pairs, const mdup_null *null)
{
    for (size_t first = 0, i = 1; i <= siblings->n && siblings->n > 0; i++) {
        if (i < siblings->n && siblings->items[i].leader == siblings->items[first].leader)
            continue;
        rate_group(siblings->items + first, i - first, siblings->n, pairs, null);
        first = i;
    }
}
