#include <math.h>

#include "simulate/physics.h"
#include "simulate/specimen.h"

static const double PI = 3.14159265358979323846;

/* Bundles lie in strips along a direction; a strip has at least one, so that a frame at a place
 * with filaments is never without. */
static const double STRIP_A = 3000;
static const double APART_A = 260; /* filaments of a bundle */
static const double REPEAT_A = 80; /* along a filament */
static const double WALL_A = 110;  /* from the axis: a tube seen from the side is two walls */
static const double REACH_A = 400; /* how far from its axis anything of a filament lies */
enum { UNITS = 4, WALLS = 3 };

/* How bundles are made up. */
typedef struct {
    double bundles_more; /* than one in a strip, mean */
    int filaments_least;
    uint32_t filaments_choice; /* of how many numbers, from the least on */
    double unevenness_A;       /* sd of the distance between filaments */
    double bend_least_A, bend_most_A;
    double register_A; /* sd along the filament of the repeats of neighbours; 0: at random */
} bundling;

static const bundling loose = {1.0, 1, 5, 15, 10, 60, 0};
static const bundling parallel = {1.5, 3, 6, 6, 0, 10, 6};

static const double UNIT_kDa = 40;
static const double DECORATION_kDa = 25;

typedef struct {
    uint64_t key;
    double cos, sin;    /* of the direction */
    double offset_A;    /* of the axis from the origin, across */
    double phase_A;     /* of the repeats, along */
    double bend_A;      /* the axis swings by this */
    double bend_wave_A; /* over this, divided by 2 pi */
} filament;

typedef struct {
    const mdup_sample *sample;
    int visit;
    mdup_window window; /* with the reach of a filament */
    mdup_canvas *canvas;
} context;

static void draw_at(const context *c, const filament *f, double along, double across,
                    double mass_kDa)
{
    mdup_canvas_add_blob(c->canvas, along * f->cos - across * f->sin,
                         along * f->sin + across * f->cos, mdup_blob_sigma_A(mass_kDa),
                         mass_kDa * mdup_phase_per_kDa());
}

/* Two walls and the weaker middle.  The units of a repeat lie the same in all filaments of a
 * session, less 1 in 20 that is missing and a disorder of 3 A. */
static void draw_walls(const context *c, const filament *f, double along, double across,
                       mdup_rng *rng)
{
    static const double weight[WALLS] = {1, 0.6, 1};
    mdup_rng model = mdup_rng_new(mdup_key(c->sample->key, MDUP_KEY_FILAMENTS));
    for (int wall = 0; wall < WALLS; wall++) {
        for (int unit = 0; unit < UNITS; unit++) {
            double x = (unit + 0.5) * REPEAT_A / UNITS + 4 * mdup_rng_normal(&model);
            double y = (wall - 1) * WALL_A + 12 * mdup_rng_normal(&model);
            x += 3 * mdup_rng_normal(rng);
            y += 3 * mdup_rng_normal(rng);
            if (mdup_rng_uniform(rng) < 0.95)
                draw_at(c, f, along + x, across + y, UNIT_kDa * weight[wall]);
        }
    }
}

/* What is bound to a filament here and there. */
static void draw_decoration(const context *c, const filament *f, double along, double across,
                            mdup_rng *rng)
{
    if (mdup_rng_uniform(rng) >= 0.2)
        return;
    double side = mdup_rng_uniform(rng) < 0.5 ? -1 : 1;
    for (int i = 0; i < 4; i++) {
        double x = mdup_rng_between(rng, 0, REPEAT_A);
        double y = side * (WALL_A + mdup_rng_between(rng, 30, 120));
        draw_at(c, f, along + x, across + y, DECORATION_kDa);
    }
}

static void draw_repeat(const context *c, const filament *f, int64_t index)
{
    double along = (double)index * REPEAT_A + f->phase_A;
    double across = f->offset_A + f->bend_A * sin(along / f->bend_wave_A);
    double x = along * f->cos - across * f->sin, y = along * f->sin + across * f->cos;
    if (x < c->window.x0 || x > c->window.x1 || y < c->window.y0 || y > c->window.y1)
        return;
    uint64_t key = mdup_key(f->key, (uint64_t)index);
    mdup_move move = mdup_move_of(key, c->visit);
    mdup_rng rng = mdup_rng_new(key);
    draw_walls(c, f, along + move.x, across + move.y, &rng);
    draw_decoration(c, f, along + move.x, across + move.y, &rng);
}

/* The range of a linear function over the corners of the window. */
static void project(const mdup_window *w, double x, double y, double *least, double *most)
{
    double ax = x * w->x0, bx = x * w->x1, ay = y * w->y0, by = y * w->y1;
    *least = fmin(ax, bx) + fmin(ay, by);
    *most = fmax(ax, bx) + fmax(ay, by);
}

static void draw_filament(const context *c, const filament *f)
{
    double least, most;
    project(&c->window, f->cos, f->sin, &least, &most);
    int64_t last = (int64_t)ceil((most - f->phase_A) / REPEAT_A);
    for (int64_t i = (int64_t)floor((least - f->phase_A) / REPEAT_A); i <= last; i++)
        draw_repeat(c, f, i);
}

static void draw_strip(const context *c, double angle, uint64_t key, int64_t strip)
{
    const bundling *how = c->sample->recipe.kind == MDUP_KIND_PARALLEL ? &parallel : &loose;
    mdup_rng rng = mdup_rng_new(key);
    int bundles = 1 + mdup_rng_poisson(&rng, how->bundles_more);
    for (int b = 0; b < bundles; b++) {
        double middle = ((double)strip + mdup_rng_uniform(&rng)) * STRIP_A;
        int n = how->filaments_least + (int)mdup_rng_below(&rng, how->filaments_choice);
        filament f = {.cos = cos(angle), .sin = sin(angle)};
        f.bend_A = mdup_rng_between(&rng, how->bend_least_A, how->bend_most_A);
        f.bend_wave_A = mdup_rng_between(&rng, 3000, 8000) / (2 * PI);
        for (int i = 0; i < n; i++) {
            f.key = mdup_key_cell(key, b, i);
            f.offset_A = middle + i * APART_A + how->unevenness_A * mdup_rng_normal(&rng);
            if (i == 0 || how->register_A <= 0)
                f.phase_A = mdup_rng_between(&rng, 0, REPEAT_A);
            else
                f.phase_A += how->register_A * mdup_rng_normal(&rng);
            draw_filament(c, &f);
        }
    }
}

void mdup_draw_filaments(const mdup_sample *sample, const mdup_place *place, int visit,
                         mdup_canvas *canvas)
{
    context c = {sample, visit, mdup_canvas_window(canvas, REACH_A), canvas};
    for (int d = 0; d < place->n_filament_directions; d++) {
        double angle = place->filament_angle[d], least, most;
        project(&c.window, -sin(angle), cos(angle), &least, &most);
        /* A bundle reaches beyond its strip. */
        int64_t first = (int64_t)floor(least / STRIP_A) - 1,
                last = (int64_t)floor(most / STRIP_A) + 1;
        uint64_t key = mdup_key_cell(place->key, MDUP_KEY_FILAMENTS, d);
        for (int64_t strip = first; strip <= last; strip++)
            draw_strip(&c, angle, mdup_key(key, (uint64_t)strip), strip);
    }
}
