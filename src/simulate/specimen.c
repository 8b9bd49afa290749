#include "simulate/specimen.h"

#include <math.h>

#include "simulate/physics.h"

static const double PI = 3.14159265358979323846;
static const double FIELD_A2 = 5760 * 0.83 * 4092 * 0.83;

/* Wedge of the ice: how much the intensity falls from one side of a frame to the other, at most. */
static const double STEEPEST_WEDGE = 0.12;

/* Particles (least, most), share of filaments, of carbon edges, contaminations, tears; kind. */
static const mdup_recipe recipes[] = {
    [MDUP_SPECIMEN_PARTICLES] = {80, 220, 0, 0.12, 0.7, 0, MDUP_KIND_PLAIN},
    [MDUP_SPECIMEN_FILAMENTS] = {15, 40, 1, 0.12, 0.5, 0, MDUP_KIND_PLAIN},
    [MDUP_SPECIMEN_EMPTY] = {0, 0, 0, 0, 0, 0, MDUP_KIND_PLAIN},
    [MDUP_SPECIMEN_MIXED] = {80, 200, 0.5, 0.2, 1.2, 0, MDUP_KIND_PLAIN},
    [MDUP_SPECIMEN_LATTICE] = {5, 20, 0, 0, 0.5, 0, MDUP_KIND_CRYSTAL},
    [MDUP_SPECIMEN_CARBON] = {80, 220, 0, 1, 0.7, 0, MDUP_KIND_ALL_CARBON},
    [MDUP_SPECIMEN_BUNDLES] = {10, 30, 1, 0.12, 0.5, 0, MDUP_KIND_PARALLEL},
    [MDUP_SPECIMEN_DIRT] = {60, 160, 0, 0.3, 8, 2, MDUP_KIND_PLAIN},
};

bool mdup_sample_make(const mdup_simulate_options *options, mdup_sample *sample, mdup_error **err)
{
    mdup_sample made = {.recipe = recipes[options->specimen],
                        .key = options->seed,
                        .frame_x_A = options->nx * options->pixel_A,
                        .frame_y_A = options->ny * options->pixel_A,
                        .is_binned = options->bin > 1};
    if (options->n_particles > 0)
        made.recipe.particles_least = made.recipe.particles_most =
            options->n_particles * FIELD_A2 / (made.frame_x_A * made.frame_y_A);
    mdup_rng rng = mdup_rng_new(mdup_key(made.key, MDUP_KEY_SAMPLE));
    made.filament_angle = mdup_rng_between(&rng, 0, PI);
    if (!mdup_protein_make(options->mass_kDa, mdup_key(made.key, MDUP_KEY_PROTEIN), &made.protein,
                           err))
        return false;
    *sample = made;
    return true;
}

void mdup_sample_free(mdup_sample *sample)
{
    mdup_protein_free(&sample->protein);
}

/* A hole of 1.2 um whose rim comes into the first exposure from a side, by 8 to 30 % of what
 * there is in that direction. */
static void choose_carbon(const mdup_sample *sample, mdup_rng *rng, mdup_place *place)
{
    place->has_carbon = mdup_rng_uniform(rng) < sample->recipe.carbon_share;
    double angle = mdup_rng_between(rng, 0, 2 * PI);
    double x = cos(angle), y = sin(angle);
    double half = (fabs(x) * sample->frame_x_A + fabs(y) * sample->frame_y_A) / 2;
    double rim = half * (1 - 2 * mdup_rng_between(rng, 0.08, 0.3));
    place->hole_radius_A = fmax(6000, hypot(sample->frame_x_A, sample->frame_y_A));
    place->hole_x_A = sample->frame_x_A / 2 + (rim - place->hole_radius_A) * x;
    place->hole_y_A = sample->frame_y_A / 2 + (rim - place->hole_radius_A) * y;
    if (sample->recipe.kind == MDUP_KIND_ALL_CARBON)
        place->hole_radius_A = 0;
    place->carbon_finest_grain_steps = sample->is_binned ? 1.2 : 2.5;
}

/* Six in ten lie along the session's direction, as in a specimen that was blotted; the second
 * direction crosses it. */
static void choose_filaments(const mdup_sample *sample, mdup_rng *rng, mdup_place *place)
{
    bool any = mdup_rng_uniform(rng) < sample->recipe.filament_share;
    bool crossing = mdup_rng_uniform(rng) < 0.4;
    bool along = mdup_rng_uniform(rng) < 0.6;
    place->n_filament_directions = any ? 1 + (crossing ? 1 : 0) : 0;
    double deviation = 0.15 * mdup_rng_normal(rng);
    double random = mdup_rng_between(rng, 0, PI);
    place->filament_angle[0] = along ? sample->filament_angle + deviation : random;
    place->filament_angle[1] = place->filament_angle[0] + mdup_rng_between(rng, 0.3, PI - 0.3);
    if (sample->recipe.kind == MDUP_KIND_PARALLEL) {
        place->n_filament_directions = 1;
        place->filament_angle[0] = sample->filament_angle + deviation / 10;
    }
}

mdup_place mdup_sample_place(const mdup_sample *sample, int32_t index)
{
    mdup_place place = {.key = mdup_key(mdup_key(sample->key, MDUP_KEY_PLACES), (uint64_t)index),
                        .middle_x_A = sample->frame_x_A / 2,
                        .middle_y_A = sample->frame_y_A / 2};
    mdup_rng rng = mdup_rng_new(place.key);
    place.particles_per_A2 =
        mdup_rng_between(&rng, sample->recipe.particles_least, sample->recipe.particles_most) /
        FIELD_A2;
    place.contaminations_per_A2 = sample->recipe.contaminations / FIELD_A2;
    place.tears_per_A2 = sample->recipe.tears / FIELD_A2;
    place.ice_loss_x_per_A =
        mdup_rng_between(&rng, -STEEPEST_WEDGE, STEEPEST_WEDGE) / sample->frame_x_A;
    place.ice_loss_y_per_A =
        mdup_rng_between(&rng, -STEEPEST_WEDGE, STEEPEST_WEDGE) / sample->frame_y_A;
    choose_carbon(sample, &rng, &place);
    choose_filaments(sample, &rng, &place);
    if (sample->recipe.kind == MDUP_KIND_CRYSTAL)
        place.lattice = mdup_lattice_choose(sample, place.key);
    return place;
}

mdup_move mdup_move_of(uint64_t key, int visit)
{
    if (visit == 0)
        return (mdup_move){0, 0};
    mdup_rng rng = mdup_rng_new(mdup_key_cell(key, MDUP_KEY_MOVES, visit));
    double x = 2.5 * mdup_rng_normal(&rng);
    return (mdup_move){x, 2.5 * mdup_rng_normal(&rng)};
}

void mdup_place_draw(const mdup_sample *sample, const mdup_place *place, int visit,
                     mdup_canvas *canvas)
{
    mdup_canvas_clear(canvas);
    mdup_draw_ice(place, canvas);
    mdup_draw_particles(sample, place, visit, canvas);
    mdup_draw_filaments(sample, place, visit, canvas);
    mdup_draw_lattice(place, visit, canvas);
    mdup_draw_carbon(place, canvas);
    mdup_draw_contamination(place, canvas);
    mdup_draw_tears(place, canvas);
}

/* A turn of space, each as likely as any other (Shoemake, Graphics Gems III, 1992); only the two
 * rows that are seen in projection. */
typedef struct {
    double row[2][3];
} turn;

static turn random_turn(mdup_rng *rng)
{
    double u = mdup_rng_uniform(rng);
    double a = mdup_rng_between(rng, 0, 2 * PI), b = mdup_rng_between(rng, 0, 2 * PI);
    double x = sqrt(1 - u) * sin(a), y = sqrt(1 - u) * cos(a), z = sqrt(u) * sin(b),
           w = sqrt(u) * cos(b);
    return (turn){{{1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)},
                   {2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)}}};
}

static void draw_protein(const mdup_protein *protein, const turn *t, double x_A, double y_A,
                         mdup_canvas *canvas)
{
    double weight = protein->blob_kDa * mdup_phase_per_kDa();
    for (int i = 0; i < protein->n_blobs; i++) {
        const double *b = protein->blobs_A[i];
        double x = t->row[0][0] * b[0] + t->row[0][1] * b[1] + t->row[0][2] * b[2];
        double y = t->row[1][0] * b[0] + t->row[1][1] * b[1] + t->row[1][2] * b[2];
        mdup_canvas_add_blob(canvas, x_A + x, y_A + y, protein->sigma_A, weight);
    }
}

static const double PARTICLE_CELL_A = 600;

static void draw_particle_cell(const mdup_sample *sample, const mdup_place *place, int visit,
                               int64_t cell_x, int64_t cell_y, mdup_canvas *canvas)
{
    uint64_t key = mdup_key_cell(mdup_key(place->key, MDUP_KEY_PARTICLES), cell_x, cell_y);
    mdup_rng rng = mdup_rng_new(key);
    mdup_window window = mdup_canvas_window(canvas, sample->protein.radius_A);
    int n = mdup_rng_poisson(&rng, place->particles_per_A2 * PARTICLE_CELL_A * PARTICLE_CELL_A);
    for (int i = 0; i < n; i++) {
        /* Everything is drawn before anything is left out, or the rest of the cell would depend
         * on the window. */
        double x = ((double)cell_x + mdup_rng_uniform(&rng)) * PARTICLE_CELL_A;
        double y = ((double)cell_y + mdup_rng_uniform(&rng)) * PARTICLE_CELL_A;
        turn t = random_turn(&rng);
        mdup_move move = mdup_move_of(mdup_key(key, (uint64_t)i), visit);
        x += move.x;
        y += move.y;
        if (x > window.x0 && x < window.x1 && y > window.y0 && y < window.y1)
            draw_protein(&sample->protein, &t, x, y, canvas);
    }
}

void mdup_draw_particles(const mdup_sample *sample, const mdup_place *place, int visit,
                         mdup_canvas *canvas)
{
    if (place->particles_per_A2 <= 0)
        return;
    mdup_window window = mdup_canvas_window(canvas, sample->protein.radius_A + 20);
    mdup_cells cells = mdup_window_cells(&window, PARTICLE_CELL_A);
    for (int64_t y = cells.y0; y <= cells.y1; y++)
        for (int64_t x = cells.x0; x <= cells.x1; x++)
            draw_particle_cell(sample, place, visit, x, y, canvas);
}
