/* Ice, the carbon film that carries it, and what has fallen on it. */
#include <math.h>

#include "simulate/physics.h"
#include "simulate/specimen.h"

static const double PI = 3.14159265358979323846;

/* Carbon of 150 A: 0.1 atoms/A^3 of 120 V A^3 each are 15 scatterers of 0.078 rad A^2 on each
 * A^2, so 0.092 rad^2 A^2 of white phase noise if they lay at random.  They do not: the
 * structure factor of amorphous carbon is about 0.25 below its first peak at 1 / 3.4 A. */
static const double CARBON_PHASE_POWER_rad2_A2 = 0.092 * 0.25;
static const double CARBON_LOSS = 0.09;
static const double CARBON_RIM_A = 25;  /* over which it begins */
static const double CARBON_GRAIN_A = 9; /* between blobs */

void mdup_draw_ice(const mdup_place *place, mdup_canvas *canvas)
{
    for (int32_t j = 0; j < canvas->ny; j++) {
        double y = canvas->y_A + j * canvas->step_A - place->middle_y_A;
        float *row = canvas->loss + (size_t)j * (size_t)canvas->nx;
        for (int32_t i = 0; i < canvas->nx; i++) {
            double x = canvas->x_A + i * canvas->step_A - place->middle_x_A;
            row[i] += (float)(x * place->ice_loss_x_per_A + y * place->ice_loss_y_per_A);
        }
    }
}

/* 0 in the hole, 1 on the film. */
static double carbon_at(const mdup_place *place, double x_A, double y_A)
{
    if (place->hole_radius_A <= 0)
        return 1;
    double x = x_A - place->hole_x_A, y = y_A - place->hole_y_A;
    double beyond = sqrt(x * x + y * y) - place->hole_radius_A;
    return fmin(fmax(beyond / CARBON_RIM_A, 0), 1);
}

static void draw_carbon_loss(const mdup_place *place, mdup_canvas *canvas)
{
    for (int32_t j = 0; j < canvas->ny; j++) {
        double y = canvas->y_A + j * canvas->step_A;
        float *row = canvas->loss + (size_t)j * (size_t)canvas->nx;
        for (int32_t i = 0; i < canvas->nx; i++)
            row[i] += (float)(CARBON_LOSS * carbon_at(place, canvas->x_A + i * canvas->step_A, y));
    }
}

/* Blobs of random sign and strength whose spectrum is white to beyond the frequencies looked at. */
static void draw_carbon_cell(const mdup_place *place, mdup_canvas *canvas, double cell_A,
                             double grain_A, uint64_t key, double corner_x_A, double corner_y_A)
{
    mdup_rng rng = mdup_rng_new(key);
    int n = (int)(cell_A * cell_A / (grain_A * grain_A));
    double weight = grain_A * sqrt(CARBON_PHASE_POWER_rad2_A2);
    for (int i = 0; i < n; i++) {
        double x = corner_x_A + cell_A * mdup_rng_uniform(&rng);
        double y = corner_y_A + cell_A * mdup_rng_uniform(&rng);
        /* Uniform with variance 1: as good as normal, there being many in every resolved area. */
        double strength = mdup_rng_between(&rng, -1.7320508, 1.7320508);
        double share = carbon_at(place, x, y);
        if (share > 0)
            mdup_canvas_add_blob(canvas, x, y, 0.45 * grain_A, share * weight * strength);
    }
}

static bool is_cell_in_hole(const mdup_place *place, double cell_A, double x_A, double y_A)
{
    double x = x_A + cell_A / 2 - place->hole_x_A, y = y_A + cell_A / 2 - place->hole_y_A;
    return sqrt(x * x + y * y) + cell_A < place->hole_radius_A;
}

void mdup_draw_carbon(const mdup_place *place, mdup_canvas *canvas)
{
    if (!place->has_carbon)
        return;
    draw_carbon_loss(place, canvas);
    /* Grains much finer than the grid would cost time and not be seen. */
    double grain_A = fmax(CARBON_GRAIN_A, place->carbon_finest_grain_steps * canvas->step_A);
    double cell_A = 20 * grain_A;
    mdup_window window = mdup_canvas_window(canvas, 2 * grain_A);
    mdup_cells cells = mdup_window_cells(&window, cell_A);
    uint64_t key = mdup_key(place->key, MDUP_KEY_CARBON);
    for (int64_t j = cells.y0; j <= cells.y1; j++) {
        for (int64_t i = cells.x0; i <= cells.x1; i++) {
            double x = (double)i * cell_A, y = (double)j * cell_A;
            if (!is_cell_in_hole(place, cell_A, x, y))
                draw_carbon_cell(place, canvas, cell_A, grain_A, mdup_key_cell(key, i, j), x, y);
        }
    }
}

/* Ice crystals: lumps of balls of 40 to 350 A.  Their loss is that of ice; of their phase, which
 * would be radians where the image is only linear in small phases, a share that gives the
 * fringes seen. */
static const double CRYSTAL_PHASE_rad_PER_A = 0.0007;
static const double CONTAMINATION_CELL_A = 2000;
static const double LARGEST_LUMP_A = 1400;

static void draw_lump(mdup_rng *rng, double x_A, double y_A, mdup_canvas *canvas)
{
    double radius = 40 * exp(mdup_rng_between(rng, 0, log(350.0 / 40)));
    int balls = 2 + (int)mdup_rng_below(rng, 5);
    for (int i = 0; i < balls; i++) {
        double angle = mdup_rng_between(rng, 0, 2 * PI),
               away = mdup_rng_between(rng, 0, 1.2) * radius;
        double ball = radius * mdup_rng_between(rng, 0.5, 1);
        mdup_canvas_add_ball(canvas, x_A + away * cos(angle), y_A + away * sin(angle), ball,
                             CRYSTAL_PHASE_rad_PER_A, 1 / MDUP_ICE_MEAN_FREE_PATH_A);
    }
}

void mdup_draw_contamination(const mdup_place *place, mdup_canvas *canvas)
{
    if (place->contaminations_per_A2 <= 0)
        return;
    mdup_window window = mdup_canvas_window(canvas, LARGEST_LUMP_A);
    mdup_cells cells = mdup_window_cells(&window, CONTAMINATION_CELL_A);
    uint64_t layer = mdup_key(place->key, MDUP_KEY_CONTAMINATION);
    double mean = place->contaminations_per_A2 * CONTAMINATION_CELL_A * CONTAMINATION_CELL_A;
    for (int64_t j = cells.y0; j <= cells.y1; j++) {
        for (int64_t i = cells.x0; i <= cells.x1; i++) {
            mdup_rng rng = mdup_rng_new(mdup_key_cell(layer, i, j));
            int n = mdup_rng_poisson(&rng, mean);
            for (int k = 0; k < n; k++) {
                double x = ((double)i + mdup_rng_uniform(&rng)) * CONTAMINATION_CELL_A;
                double y = ((double)j + mdup_rng_uniform(&rng)) * CONTAMINATION_CELL_A;
                draw_lump(&rng, x, y, canvas);
            }
        }
    }
}
