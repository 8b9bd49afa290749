#include "simulate/layout.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "simulate/artefacts.h"
#include "simulate/random.h"
#include "simulate/specimen.h"

static const double PI = 3.14159265358979323846;

/* Fisher-Yates. */
static void shuffle(int32_t *items, size_t n, mdup_rng *rng)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = mdup_rng_below(rng, (uint32_t)i);
        int32_t kept = items[i - 1];
        items[i - 1] = items[j];
        items[j] = kept;
    }
}

/* Puts the exposure so that it shares the area wanted with the place's first one, at random
 * between beside, above and in a corner. */
static void choose_shift(const mdup_simulate_options *options, bool is_duplicate, mdup_rng *rng,
                         mdup_exposure *e)
{
    double u = mdup_rng_uniform(rng);
    double overlap = is_duplicate ? 0.55 + 0.43 * u : 0.02 * pow(0.45 / 0.02, u);
    double share_x = pow(overlap, mdup_rng_between(rng, 0.05, 0.95));
    double share_y = overlap / share_x;
    uint32_t signs = mdup_rng_below(rng, 4);
    e->x_px = (1 - share_x) * options->nx * (signs & 1 ? -1 : 1);
    e->y_px = (1 - share_y) * options->ny * (signs & 2 ? -1 : 1);
}

static mdup_optics choose_optics(const mdup_simulate_options *options, int32_t visit, mdup_rng *rng)
{
    mdup_optics o = {.dose_before_e_A2 = visit * options->dose_e_A2,
                     .dose_e_A2 = options->dose_e_A2};
    o.defocus_A = 1e4 * mdup_rng_between(rng, options->defocus_min_um, options->defocus_max_um);
    o.astigmatism_A = mdup_rng_between(rng, 0, 150);
    o.astigmatism_angle = mdup_rng_between(rng, 0, PI);
    o.envelope_B_A2 = mdup_rng_between(rng, 60, 100);
    return o;
}

static size_t shots_of(const mdup_simulate_options *options)
{
    return options->n_shots > 1 ? (size_t)options->n_shots : 1;
}

/* Fills in exposure i of the place given, which has been visited *visits times before. */
static void choose_exposure(const mdup_simulate_options *options, size_t i, int32_t place,
                            int32_t visit, mdup_exposure *e)
{
    int64_t n_places =
        (int64_t)options->n_micrographs - options->n_duplicates - options->n_overlaps;
    n_places /= (int64_t)shots_of(options);
    mdup_rng rng = mdup_rng_new(mdup_key_cell(options->seed, MDUP_KEY_EXPOSURES, (int64_t)i));
    *e = (mdup_exposure){.place = place, .visit = visit};
    e->optics = choose_optics(options, visit, &rng);
    if (visit > 0) {
        int64_t repeat = (visit - 1) * n_places + place;
        int64_t n_duplicates = options->n_duplicates / (int64_t)shots_of(options);
        choose_shift(options, repeat < n_duplicates, &rng, e);
    }
    mdup_artefacts_choose_drift(options, i, &e->optics);
}

/* Where shot k lies in its hole, in frames: on a ring, an eighth of a turn on when there are two:
 * neighbours of two and of four meet at corners, as in practice. */
static void place_shot(int32_t n_shots, int32_t k, double radius, double *x, double *y)
{
    double angle = 2 * PI * k / n_shots + (n_shots == 2 ? PI / 4 : 0);
    *x = radius * cos(angle);
    *y = radius * sin(angle);
}

/* The largest share of the frame that two shots have in common. */
static double most_shared(int32_t n_shots, double radius)
{
    double most = 0;
    for (int32_t k = 1; k < n_shots; k++) {
        for (int32_t l = 0; l < k; l++) {
            double x[2], y[2];
            place_shot(n_shots, k, radius, &x[0], &y[0]);
            place_shot(n_shots, l, radius, &x[1], &y[1]);
            most = fmax(most, fmax(0, 1 - fabs(x[0] - x[1])) * fmax(0, 1 - fabs(y[0] - y[1])));
        }
    }
    return most;
}

/* By bisection.  Shots that are to share nothing lie 4 % of a frame apart, for they move. */
static double ring_radius(const mdup_simulate_options *options)
{
    double low = 0, high = 2;
    for (int i = 0; i < 50; i++) {
        double middle = (low + high) / 2;
        if (most_shared(options->n_shots, middle) > options->shot_overlap)
            low = middle;
        else
            high = middle;
    }
    return options->shot_overlap > 0 ? high : 1.04 * high;
}

/* How well a shot comes back to its place in the hole by shifting the beam. */
static const double SHOT_SD_A = 2;

/* From the exposure of a hole, `hole` of the session, its shots from exposure first on. */
static void spread_shots(const mdup_simulate_options *options, double radius,
                         const mdup_exposure *hole, size_t first, mdup_exposure *exposures)
{
    for (int32_t k = 0; k < options->n_shots; k++) {
        size_t i = first + (size_t)k;
        choose_exposure(options, i, hole->place, hole->visit, &exposures[i]);
        mdup_rng rng = mdup_rng_new(mdup_key_cell(options->seed, MDUP_KEY_HOLES, (int64_t)i));
        double x, y;
        place_shot(options->n_shots, k, radius, &x, &y);
        exposures[i].x_px = hole->x_px + x * options->nx;
        exposures[i].y_px = hole->y_px + y * options->ny;
        exposures[i].x_px += SHOT_SD_A / options->pixel_A * mdup_rng_normal(&rng);
        exposures[i].y_px += SHOT_SD_A / options->pixel_A * mdup_rng_normal(&rng);
    }
}

/* Exposures of a place each: micrographs, or whole holes. */
static bool plan_visits(const mdup_simulate_options *options, size_t n, mdup_exposure *exposures,
                        mdup_error **err)
{
    size_t n_places = n - (size_t)(options->n_duplicates + options->n_overlaps) / shots_of(options);
    int32_t *place = mdup_calloc(n, sizeof *place, err);
    int32_t *visits = place ? mdup_calloc(n_places, sizeof *visits, err) : NULL;
    if (visits) {
        for (size_t i = 0; i < n; i++)
            place[i] = (int32_t)(i % n_places);
        mdup_rng rng = mdup_rng_new(mdup_key(options->seed, MDUP_KEY_LAYOUT));
        shuffle(place, n, &rng);
        for (size_t i = 0; i < n; i++)
            choose_exposure(options, i, place[i], visits[place[i]]++, &exposures[i]);
    }
    bool ok = visits != NULL;
    free(visits);
    free(place);
    return ok;
}

static bool plan_exposures(const mdup_simulate_options *options, mdup_layout *layout,
                           mdup_error **err)
{
    size_t shots = shots_of(options), n_holes = layout->n_exposures / shots;
    if (shots == 1)
        return plan_visits(options, n_holes, layout->exposures, err);
    mdup_exposure *holes = mdup_calloc(n_holes, sizeof *holes, err);
    bool ok = holes && plan_visits(options, n_holes, holes, err);
    double radius = ring_radius(options);
    for (size_t h = 0; ok && h < n_holes; h++)
        spread_shots(options, radius, &holes[h], h * shots, layout->exposures);
    free(holes);
    return ok;
}

static bool relate(const mdup_simulate_options *options, const mdup_exposure *exposures, size_t a,
                   size_t b, mdup_true_pair *pair)
{
    double dx = exposures[b].x_px - exposures[a].x_px, dy = exposures[b].y_px - exposures[a].y_px;
    double share_x = 1 - fabs(dx) / options->nx, share_y = 1 - fabs(dy) / options->ny;
    if (share_x <= 0 || share_y <= 0)
        return false;
    *pair = (mdup_true_pair){a, b, dx, dy, share_x * share_y};
    return true;
}

static int compare_pairs(const void *left, const void *right)
{
    const mdup_true_pair *l = left, *r = right;
    if (l->a != r->a)
        return l->a < r->a ? -1 : 1;
    return (l->b > r->b) - (l->b < r->b);
}

/* earlier[i] is the exposure of the same place before exposure i, so that a place's exposures
 * are a chain to walk. */
static void link_places(const mdup_layout *layout, size_t *last_of_place, size_t *earlier)
{
    for (size_t i = 0; i < layout->n_exposures; i++) {
        size_t place = (size_t)layout->exposures[i].place;
        earlier[i] = last_of_place[place];
        last_of_place[place] = i + 1; /* 0 is none */
    }
}

static bool list_pairs(const mdup_simulate_options *options, const size_t *earlier,
                       mdup_layout *layout, mdup_error **err)
{
    size_t capacity = 0;
    for (size_t b = 0; b < layout->n_exposures; b++) {
        for (size_t a = earlier[b]; a != 0; a = earlier[a - 1]) {
            mdup_true_pair pair;
            if (!relate(options, layout->exposures, a - 1, b, &pair))
                continue;
            if (!mdup_grow((void **)&layout->pairs, &capacity, layout->n_pairs + 1, sizeof pair,
                           err))
                return false;
            layout->pairs[layout->n_pairs++] = pair;
        }
    }
    if (layout->n_pairs > 0)
        qsort(layout->pairs, layout->n_pairs, sizeof *layout->pairs, compare_pairs);
    return true;
}

static bool plan_pairs(const mdup_simulate_options *options, mdup_layout *layout, mdup_error **err)
{
    size_t *last_of_place = mdup_calloc(layout->n_exposures, sizeof *last_of_place, err);
    size_t *earlier = last_of_place ? mdup_calloc(layout->n_exposures, sizeof *earlier, err) : NULL;
    bool ok = earlier != NULL;
    if (ok) {
        link_places(layout, last_of_place, earlier);
        ok = list_pairs(options, earlier, layout, err);
    }
    free(earlier);
    free(last_of_place);
    return ok;
}

bool mdup_layout_make(const mdup_simulate_options *options, mdup_layout *layout, mdup_error **err)
{
    mdup_layout made = {.n_exposures = (size_t)options->n_micrographs};
    made.exposures = mdup_calloc(made.n_exposures, sizeof *made.exposures, err);
    if (!made.exposures || !plan_exposures(options, &made, err) ||
        !plan_pairs(options, &made, err)) {
        mdup_layout_free(&made);
        return false;
    }
    *layout = made;
    return true;
}

void mdup_layout_free(mdup_layout *layout)
{
    free(layout->exposures);
    free(layout->pairs);
    *layout = (mdup_layout){0};
}
