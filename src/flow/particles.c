#include <microdup/particles.h>

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "flow/particle_output.h"

/* Picks of one particle differ by some ten A, and ice that warps between two exposures moves it by up to 30 A, of which this is the
 * length; neighbours are at least a diameter apart. */
static const double default_distance_A = 30;

/* The shift of a pair is as good as certain to be this near. */
static const double certain_sd = 3;

typedef struct {
    const mdup_particles_options *options;
    const mdup_callbacks *callbacks;
    mdup_screened screened;
    mdup_naming naming;
    double *pixel_A; /* a micrograph each; 0: not known */
    size_t
        *number; /* a micrograph each: its place when those whose particles are kept come first */
    mdup_particle_table table;
    size_t *micrograph; /* a particle each: of the session */
    size_t n_placements;
    mdup_placement *placements;
    mdup_particle_groups groups;
    mdup_particles_summary summary;
} run;

void mdup_particles_options_init(mdup_particles_options *options)
{
    *options = (mdup_particles_options){.action = MDUP_PARTICLES_DROP, .y = MDUP_Y_AUTO};
}

/* ---- which micrographs ---- */

/* Copies that lie otherwise can be placed only when the size of the micrograph is known. */
static bool is_placeable(const run *r, const mdup_pair *pair)
{
    const mdup_screened_micrograph *a = &r->screened.micrographs[pair->a];
    return pair->orientation == MDUP_ORIENTATION_SAME || (a->nx > 0 && a->ny > 0);
}

static void find_overlapping(run *r)
{
    size_t n_left_out = 0;
    for (size_t i = 0; i < r->screened.n_pairs; i++) {
        const mdup_pair *pair = &r->screened.pairs[i];
        if (is_placeable(r, pair)) {
            r->naming.fate[pair->a] = pair->a + 1;
            r->naming.fate[pair->b] = pair->b + 1;
        }
        n_left_out += !is_placeable(r, pair);
    }
    if (n_left_out > 0)
        mdup_log(r->callbacks, MDUP_LOG_WARNING,
                 "%s: %zu turned or mirrored cop%s left out, since the size of the micrograph is "
                 "not known; its session file tells it",
                 r->options->session, n_left_out, n_left_out == 1 ? "y is" : "ies are");
}

/* Those that stay before those that go, each in order of acquisition: whoever drops particles here and micrographs later does not lose both
 * views of a particle. */
static void number_micrographs(run *r)
{
    size_t n = 0;
    for (int removed = 0; removed < 2; removed++)
        for (size_t i = 0; i < r->screened.n; i++)
            if (r->screened.micrographs[i].is_removed == (removed != 0))
                r->number[i] = n++;
}

static bool prepare(run *r, mdup_error **err)
{
    const mdup_particles_options *o = r->options;
    size_t n = r->screened.n;
    if (!mdup_naming_init(&r->naming, &r->screened, o->match, r->callbacks, err) ||
        !(r->pixel_A = mdup_calloc(n, sizeof *r->pixel_A, err)) ||
        !(r->number = mdup_calloc(n, sizeof *r->number, err)))
        return false;
    for (size_t i = 0; i < n; i++)
        r->pixel_A[i] = o->pixel_A > 0 ? o->pixel_A : r->screened.micrographs[i].pixel_A;
    find_overlapping(r);
    number_micrographs(r);
    return true;
}

static bool check_halves(const run *r, mdup_error **err)
{
    bool is_missing =
        r->options->action == MDUP_PARTICLES_HALF && !r->table.star && !r->table.has_halves;
    return !is_missing ||
           mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: has no %s: cryoSPARC divides the particles when it refines them; give "
                     "the particles of a refinement, or drop the later ones",
                     r->options->particles, MDUP_CS_HALF);
}

static bool read_particles(run *r, mdup_error **err)
{
    const mdup_particle_places places = {&r->naming, r->pixel_A, r->options->pixel_A > 0,
                                         r->callbacks};
    if (!mdup_particle_table_read(r->options->particles, &places, &r->table, err))
        return false;
    r->micrograph = mdup_calloc(r->table.n, sizeof *r->micrograph, err);
    for (size_t i = 0; r->micrograph && i < r->table.n; i++) {
        size_t m = r->micrograph[i] = r->table.particles[i].micrograph;
        if (m != MDUP_NO_MICROGRAPH)
            r->table.particles[i].micrograph = r->number[m];
    }
    r->summary.n_particles = (int64_t)r->table.n;
    r->summary.n_of_session = (int64_t)r->table.n_of_session;
    r->summary.n_in_overlaps = (int64_t)r->table.n_in_overlaps;
    if (r->table.n > 0 && r->table.n_of_session == 0)
        mdup_log(r->callbacks, MDUP_LOG_WARNING, "%s: names no micrograph of the session",
                 r->options->particles);
    return r->micrograph != NULL;
}

/* ---- how they lie ---- */

static double distance_limit_A(const mdup_particles_options *o)
{
    if (o->distance_A > 0)
        return o->distance_A;
    return o->diameter_A > 0 ? o->diameter_A / 2 : default_distance_A;
}

static mdup_placement place(const run *r, const mdup_pair *pair, double reach_px)
{
    const mdup_screened_micrograph *a = &r->screened.micrographs[pair->a];
    double m[6];
    mdup_orientation_placement(pair->orientation, a->nx, a->ny, m);
    return (mdup_placement){.a = r->number[pair->a],
                            .b = r->number[pair->b],
                            .xx = m[0],
                            .xy = m[1],
                            .yx = m[3],
                            .yy = m[4],
                            .x0_px = m[2] + pair->shift_x_px,
                            .y0_px = m[5] + pair->shift_y_px,
                            .reach_px = reach_px};
}

static void tell_uncertain(const run *r, size_t n, double most_A)
{
    if (n == 0)
        return;
    if (r->options->distance_A > 0)
        mdup_log(r->callbacks, MDUP_LOG_WARNING,
                 "the shift of %zu pair%s of micrographs is not known that well: three times its "
                 "uncertainty is up to %.3g A, more than --distance",
                 n, n == 1 ? "" : "s", most_A);
    else
        mdup_log(r->callbacks, MDUP_LOG_INFO,
                 "for %zu pair%s of micrographs three times the uncertainty of the shift is taken "
                 "as the distance, up to %.3g A",
                 n, n == 1 ? "" : "s", most_A);
}

static bool place_all(run *r, mdup_error **err)
{
    double limit_A = distance_limit_A(r->options), most_A = 0;
    size_t n_uncertain = 0;
    r->summary.distance_A = limit_A;
    r->placements = mdup_calloc(r->screened.n_pairs, sizeof *r->placements, err);
    if (!r->placements)
        return false;
    for (size_t i = 0; i < r->screened.n_pairs; i++) {
        const mdup_pair *pair = &r->screened.pairs[i];
        double pixel_A = r->pixel_A[pair->a], certain_A = certain_sd * pair->shift_sd_px * pixel_A;
        if (!is_placeable(r, pair) || pixel_A <= 0) /* without a pixel size it has no particles */
            continue;
        bool is_uncertain = certain_A > limit_A;
        n_uncertain += is_uncertain;
        most_A = is_uncertain && certain_A > most_A ? certain_A : most_A;
        bool is_widened = is_uncertain && r->options->distance_A <= 0;
        r->placements[r->n_placements++] =
            place(r, pair, (is_widened ? certain_A : limit_A) / pixel_A);
    }
    tell_uncertain(r, n_uncertain, most_A);
    return true;
}

/* ---- the y axis, and chance ---- */

static void mirror_y(run *r)
{
    for (size_t i = 0; i < r->n_placements; i++)
        if (r->placements[i].xx == 1 && r->placements[i].yy == 1)
            r->placements[i].y0_px = -r->placements[i].y0_px;
}

static bool count_near(const run *r, double dx, double dy, size_t *count, mdup_error **err)
{
    return mdup_particles_count(r->table.particles, r->table.n, r->placements, r->n_placements,
                                r->screened.n, dx, dy, count, err);
}

/* Displaced further than two particles that are no neighbours can hide. */
static bool count_by_chance(const run *r, double *mean, mdup_error **err)
{
    static const double displacements[][2] = {{6, 7}, {-7, 6}, {-6, -7}, {7, -6}};
    enum { N = sizeof displacements / sizeof *displacements };
    *mean = 0;
    for (size_t i = 0; i < N; i++) {
        size_t count;
        if (!count_near(r, displacements[i][0], displacements[i][1], &count, err))
            return false;
        *mean += (double)count / N;
    }
    return true;
}

/* Programs of both kinds write coordinates: from the first row of the file, as RELION does, and from the last.  In a session with overlaps the
 * particles tell which it is. */
static bool settle_y(run *r, mdup_error **err)
{
    const double clearly = 4, at_least = 10;
    size_t as_stored, mirrored;
    if (r->options->y == MDUP_Y_MIRRORED)
        mirror_y(r);
    if (!count_by_chance(r, &r->summary.n_by_chance, err))
        return false;
    if (r->options->y != MDUP_Y_AUTO)
        return true;
    if (!count_near(r, 0, 0, &as_stored, err))
        return false;
    mirror_y(r);
    if (!count_near(r, 0, 0, &mirrored, err))
        return false;
    double excess = fmax((double)as_stored - r->summary.n_by_chance, 0);
    if ((double)mirrored - r->summary.n_by_chance > clearly * excess + at_least)
        mdup_log(r->callbacks, MDUP_LOG_WARNING,
                 "%s: y is taken to run from the last row of the micrographs to the first, since "
                 "%zu pairs of particles lie near each other then, and %zu otherwise; --y stored "
                 "or mirrored says which it is",
                 r->options->particles, mirrored, as_stored);
    else
        mirror_y(r);
    return true;
}

/* ---- what was found ---- */

static int compare_doubles(const void *left, const void *right)
{
    double l = *(const double *)left, r = *(const double *)right;
    return (l > r) - (l < r);
}

static bool find_median(run *r, mdup_error **err)
{
    size_t n = r->groups.n_pairs;
    double *distances = mdup_calloc(n, sizeof *distances, err);
    if (!distances)
        return false;
    for (size_t i = 0; i < n; i++) {
        const mdup_particle_pair *pair = &r->groups.pairs[i];
        distances[i] = pair->distance_px * r->pixel_A[r->micrograph[pair->first]];
    }
    qsort(distances, n, sizeof *distances, compare_doubles);
    r->summary.median_A = n > 0 ? distances[n / 2] : (double)NAN;
    free(distances);
    return true;
}

static bool summarize(run *r, mdup_error **err)
{
    mdup_particles_summary *s = &r->summary;
    s->n_groups = (int64_t)r->groups.n_groups;
    s->n_grouped = (int64_t)r->groups.n_grouped;
    s->n_pairs = (int64_t)r->groups.n_pairs;
    for (size_t i = 0; i < r->groups.n_pairs; i++) {
        uint8_t first = r->table.half[r->groups.pairs[i].first],
                second = r->table.half[r->groups.pairs[i].second];
        s->n_half_pairs += first != 0 && second != 0;
        s->n_split_pairs += first != 0 && second != 0 && first != second;
    }
    const double at_least = 10;
    if (s->n_by_chance > at_least && 2 * s->n_by_chance > (double)s->n_pairs)
        mdup_log(r->callbacks, MDUP_LOG_WARNING,
                 "%s: of %lld pairs that lie near each other some %.0f would by chance alone; are "
                 "the coordinates those of these micrographs, and is the distance not too large?",
                 r->options->particles, (long long)s->n_pairs, s->n_by_chance);
    return find_median(r, err);
}

static bool match(run *r, mdup_error **err)
{
    return place_all(r, err) && settle_y(r, err) &&
           mdup_particles_match(r->table.particles, r->table.n, r->placements, r->n_placements,
                                r->screened.n, &r->groups, err) &&
           summarize(r, err);
}

static bool write_results(run *r, mdup_error **err)
{
    const mdup_particle_result result = {r->options, &r->screened,  &r->table,
                                         &r->groups, r->micrograph, r->pixel_A};
    return mdup_particles_write(&result, &r->summary.n_changed, err) &&
           mdup_particles_write_summary(r->options, &r->summary, err);
}

static void clear(run *r)
{
    mdup_particle_groups_clear(&r->groups);
    free(r->placements);
    free(r->micrograph);
    mdup_particle_table_clear(&r->table);
    free(r->number);
    free(r->pixel_A);
    mdup_naming_clear(&r->naming);
    mdup_screened_clear(&r->screened);
}

static bool check_stop(const run *r, mdup_error **err)
{
    bool is_stopped = r->callbacks && r->callbacks->stop && r->callbacks->stop(r->callbacks->user);
    return !is_stopped || mdup_fail(err, MDUP_ERROR_ABORTED, "stopped; no results were written");
}

bool mdup_particles(const mdup_particles_options *options, const mdup_callbacks *callbacks,
                    mdup_particles_summary *summary, mdup_error **err)
{
    run r = {.options = options, .callbacks = callbacks};
    bool ok = mdup_screened_load(options->session, &r.screened, err) && prepare(&r, err) &&
              read_particles(&r, err) && check_halves(&r, err) && check_stop(&r, err) &&
              mdup_particles_claim(options, &r.table, err) && match(&r, err) &&
              check_stop(&r, err) && write_results(&r, err);
    if (ok && summary)
        *summary = r.summary;
    clear(&r);
    return ok;
}
