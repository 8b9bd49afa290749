/* Holes torn into the ice. */
#include <math.h>

#include "simulate/physics.h"
#include "simulate/specimen.h"

static const double PI = 3.14159265358979323846;

/* Ice of 520 A that is missing.  Of its phase, which would be a radian and more where the image is
 * only linear in small phases, a share that gives the fringes seen. */
static const double ICE_A = 520;
static const double ICE_PHASE_rad_PER_A = 0.0005;

/* The film curls up around a hole: more of it over some 60 A. */
static const double CURL_A = 30;
static const double CURL_SHARE = 0.8;
static const double SOFT_A = 25;
static const double REACH_A = 6 * 30; /* beyond the outline */

static const double TEAR_CELL_A = 4000;
static const double SMALLEST_A = 130, LARGEST_A = 800, LONGEST = 3;

/* Of the outline's waves of the second to fifth order. */
enum { FIRST_WAVE = 2, WAVES = 4 };
static const double ROUGHNESS = 0.5;
static const double MOST_ROUGHNESS = 0.65; /* 0.5 (1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) and a little */

typedef struct {
    double x_A, y_A, radius_A;
    double cos, sin, length; /* stretched by this along the direction */
    double amplitude[WAVES], phase[WAVES];
    double roughness; /* the outline is nowhere farther than this share of the radius from it */
} tear;

static tear choose_tear(mdup_rng *rng, double corner_x_A, double corner_y_A)
{
    tear t = {.x_A = corner_x_A + TEAR_CELL_A * mdup_rng_uniform(rng)};
    t.y_A = corner_y_A + TEAR_CELL_A * mdup_rng_uniform(rng);
    t.radius_A = SMALLEST_A * exp(mdup_rng_between(rng, 0, log(LARGEST_A / SMALLEST_A)));
    double angle = mdup_rng_between(rng, 0, PI);
    t.cos = cos(angle);
    t.sin = sin(angle);
    t.length = mdup_rng_between(rng, 1, LONGEST);
    for (int k = 0; k < WAVES; k++) {
        t.amplitude[k] = mdup_rng_between(rng, -ROUGHNESS, ROUGHNESS) / (FIRST_WAVE + k);
        t.phase[k] = mdup_rng_between(rng, 0, 2 * PI);
        t.roughness += fabs(t.amplitude[k]);
    }
    return t;
}

/* How far outside of the outline, A; negative inside.  Stretched ones are a little off, and what is
 * far from the outline is only known to be. */
static double outside_of(const tear *t, double x_A, double y_A)
{
    double along = ((x_A - t->x_A) * t->cos + (y_A - t->y_A) * t->sin) / t->length;
    double across = (y_A - t->y_A) * t->cos - (x_A - t->x_A) * t->sin;
    double away = sqrt(along * along + across * across), uneven_A = t->roughness * t->radius_A;
    if (away > t->radius_A + uneven_A + REACH_A || away < t->radius_A - uneven_A - REACH_A)
        return away - t->radius_A;
    double angle = atan2(across, along), outline = 1;
    for (int k = 0; k < WAVES; k++)
        outline += t->amplitude[k] * cos((FIRST_WAVE + k) * angle + t->phase[k]);
    return away - t->radius_A * outline;
}

static void tear_sample(double outside_A, float *phase, float *loss)
{
    double ice = fmin(fmax(0.5 + outside_A / SOFT_A, 0), 1);
    double from_rim = (outside_A - CURL_A) / CURL_A;
    double curl = ice > 0 ? CURL_SHARE * ice * exp(-0.5 * from_rim * from_rim) : 0;
    double thicker_A = ICE_A * (ice - 1 + curl);
    *phase = (float)(ice * (double)*phase + thicker_A * ICE_PHASE_rad_PER_A);
    *loss = (float)(ice * (double)*loss + thicker_A / MDUP_ICE_MEAN_FREE_PATH_A);
}

/* The samples of an axis that a tear can reach: first..last, empty when first > last. */
static void find_span(double middle, double reach, int32_t n, int32_t *first, int32_t *last)
{
    *first = (int32_t)fmax(0, fmin(n, ceil(middle - reach)));
    *last = (int32_t)fmax(-1, fmin(n - 1, floor(middle + reach)));
}

static void draw_tear(const tear *t, mdup_canvas *canvas)
{
    double step_A = canvas->step_A;
    double most_A = t->radius_A * (1 + t->roughness) + REACH_A;
    int32_t x0, x1, y0, y1;
    find_span((t->x_A - canvas->x_A) / step_A, most_A * hypot(t->length * t->cos, t->sin) / step_A,
              canvas->nx, &x0, &x1);
    find_span((t->y_A - canvas->y_A) / step_A, most_A * hypot(t->length * t->sin, t->cos) / step_A,
              canvas->ny, &y0, &y1);
    for (int32_t j = y0; j <= y1; j++) {
        for (int32_t i = x0; i <= x1; i++) {
            double outside_A = outside_of(t, canvas->x_A + i * step_A, canvas->y_A + j * step_A);
            size_t at = (size_t)j * (size_t)canvas->nx + (size_t)i;
            if (outside_A < REACH_A)
                tear_sample(outside_A, &canvas->phase_rad[at], &canvas->loss[at]);
        }
    }
}

void mdup_draw_tears(const mdup_place *place, mdup_canvas *canvas)
{
    if (place->tears_per_A2 <= 0)
        return;
    double most_A = LONGEST * (LARGEST_A * (1 + MOST_ROUGHNESS) + REACH_A);
    mdup_window window = mdup_canvas_window(canvas, most_A);
    mdup_cells cells = mdup_window_cells(&window, TEAR_CELL_A);
    uint64_t layer = mdup_key(place->key, MDUP_KEY_TEARS);
    double mean = place->tears_per_A2 * TEAR_CELL_A * TEAR_CELL_A;
    for (int64_t j = cells.y0; j <= cells.y1; j++) {
        for (int64_t i = cells.x0; i <= cells.x1; i++) {
            mdup_rng rng = mdup_rng_new(mdup_key_cell(layer, i, j));
            int n = mdup_rng_poisson(&rng, mean);
            for (int k = 0; k < n; k++) {
                tear t = choose_tear(&rng, (double)i * TEAR_CELL_A, (double)j * TEAR_CELL_A);
                draw_tear(&t, canvas);
            }
        }
    }
}
