/* Two-dimensional crystals. */
#include <math.h>

#include "simulate/physics.h"
#include "simulate/specimen.h"

static const double PI = 3.14159265358979323846;

/* Protein on an area of crystal: bacteriorhodopsin has 0.024 kDa / A^2 with its lipid. */
static const double DENSITY_kDa_PER_A2 = 0.02;
static const double BLOB_kDa = 3;
enum { MOST_BLOBS = 270, MOST_DOMAINS = 5 }; /* a cell of 200 x 200 A holds 267 */

/* Of the sd of a domain, in units of the square root of the cell's area. */
static const double DOMAIN_SIZE = 0.12;

/* How far from its place in the lattice, at most, anything of a molecule lies: the cell itself, the
 * domains, bending, disorder, movement, the width of a blob. */
static const double REACH_A = 560;

/* Rows of a crystal on a film wave a little. */
static const double MOST_BEND_A = 12;

static void choose_edge(const mdup_sample *sample, mdup_rng *rng, mdup_lattice *l)
{
    l->has_edge = mdup_rng_uniform(rng) < 0.3;
    double angle = mdup_rng_between(rng, 0, 2 * PI);
    l->edge_x = cos(angle);
    l->edge_y = sin(angle);
    double half = (fabs(l->edge_x) * sample->frame_x_A + fabs(l->edge_y) * sample->frame_y_A) / 2;
    double middle = l->edge_x * sample->frame_x_A / 2 + l->edge_y * sample->frame_y_A / 2;
    l->edge_A = middle + half * (1 - 2 * mdup_rng_between(rng, 0.15, 0.5));
}

/* Half of the crystals are of right or hexagonal angle, as half of the plane groups want it. */
mdup_lattice mdup_lattice_choose(const mdup_sample *sample, uint64_t place_key)
{
    mdup_rng rng = mdup_rng_new(mdup_key(place_key, MDUP_KEY_LATTICE));
    mdup_lattice l = {.is_there = true};
    double a_A = mdup_rng_between(&rng, 60, 200), b_A = mdup_rng_between(&rng, 60, 200);
    double turn = mdup_rng_between(&rng, 0, 2 * PI), gamma = mdup_rng_between(&rng, 1.1, PI - 1.1);
    uint32_t kind = mdup_rng_below(&rng, 4);
    if (kind == 0)
        gamma = PI / 2;
    if (kind == 1) {
        gamma = 2 * PI / 3;
        b_A = a_A;
    }
    l.a_x_A = a_A * cos(turn);
    l.a_y_A = a_A * sin(turn);
    l.b_x_A = b_A * cos(turn + gamma);
    l.b_y_A = b_A * sin(turn + gamma);
    l.vacancies = mdup_rng_between(&rng, 0.02, 0.06);
    l.disorder_A = mdup_rng_between(&rng, 0.02, 0.05) * fmin(a_A, b_A);
    for (int k = 0; k < 2; k++) {
        l.bend_A[k] = mdup_rng_between(&rng, -MOST_BEND_A, MOST_BEND_A);
        double wave_A = mdup_rng_between(&rng, 2000, 6000) / (2 * PI);
        double angle = mdup_rng_between(&rng, 0, 2 * PI);
        l.wave_x_A[k] = wave_A / cos(angle);
        l.wave_y_A[k] = wave_A / sin(angle);
    }
    l.n_domains = 2 + (int)mdup_rng_below(&rng, MOST_DOMAINS - 1);
    choose_edge(sample, &rng, &l);
    return l;
}

/* The molecule of a place: of all its crystal's sites the same. */
typedef struct {
    int n_blobs;
    double blob_kDa;
    double x_A[MOST_BLOBS], y_A[MOST_BLOBS]; /* from the site */
} molecule;

typedef struct {
    const mdup_lattice *lattice;
    molecule molecule;
    uint64_t key;
    int visit;
    mdup_window window; /* with the reach of a molecule */
    mdup_canvas *canvas;
} context;

/* A few domains anywhere in the cell. */
static void make_molecule(const mdup_lattice *l, double area_A2, uint64_t key, molecule *m)
{
    mdup_rng rng = mdup_rng_new(key);
    double domain_x_A[MOST_DOMAINS], domain_y_A[MOST_DOMAINS];
    for (int d = 0; d < l->n_domains; d++) {
        double u = mdup_rng_uniform(&rng), v = mdup_rng_uniform(&rng);
        domain_x_A[d] = u * l->a_x_A + v * l->b_x_A;
        domain_y_A[d] = u * l->a_y_A + v * l->b_y_A;
    }
    double mass_kDa = area_A2 * DENSITY_kDa_PER_A2;
    m->n_blobs = (int)fmin(ceil(mass_kDa / BLOB_kDa), MOST_BLOBS);
    m->blob_kDa = mass_kDa / m->n_blobs;
    double sd_A = DOMAIN_SIZE * sqrt(area_A2);
    for (int i = 0; i < m->n_blobs; i++) {
        uint32_t d = mdup_rng_below(&rng, (uint32_t)l->n_domains);
        m->x_A[i] = domain_x_A[d] + sd_A * mdup_rng_normal(&rng);
        m->y_A[i] = domain_y_A[d] + sd_A * mdup_rng_normal(&rng);
    }
}

static void draw_molecule(const context *c, double x_A, double y_A)
{
    const molecule *m = &c->molecule;
    double sigma_A = mdup_blob_sigma_A(m->blob_kDa), weight = m->blob_kDa * mdup_phase_per_kDa();
    for (int i = 0; i < m->n_blobs; i++)
        mdup_canvas_add_blob(c->canvas, x_A + m->x_A[i], y_A + m->y_A[i], sigma_A, weight);
}

static void draw_site(const context *c, int64_t i, int64_t j)
{
    const mdup_lattice *l = c->lattice;
    double x = (double)i * l->a_x_A + (double)j * l->b_x_A;
    double y = (double)i * l->a_y_A + (double)j * l->b_y_A;
    if (x < c->window.x0 || x > c->window.x1 || y < c->window.y0 || y > c->window.y1)
        return;
    if (l->has_edge && x * l->edge_x + y * l->edge_y > l->edge_A)
        return;
    uint64_t key = mdup_key_cell(c->key, i, j);
    mdup_rng rng = mdup_rng_new(key);
    if (mdup_rng_uniform(&rng) < l->vacancies)
        return;
    mdup_move move = mdup_move_of(key, c->visit);
    double bent_x_A = l->bend_A[0] * sin(x / l->wave_x_A[0] + y / l->wave_y_A[0]);
    double bent_y_A = l->bend_A[1] * sin(x / l->wave_x_A[1] + y / l->wave_y_A[1]);
    x += bent_x_A + move.x + l->disorder_A * mdup_rng_normal(&rng);
    y += bent_y_A + move.y + l->disorder_A * mdup_rng_normal(&rng);
    draw_molecule(c, x, y);
}

/* The range of an index over the corners of the window: index = x * to_x + y * to_y. */
static void index_range(const mdup_window *w, double to_x, double to_y, int64_t *least,
                        int64_t *most)
{
    double ax = to_x * w->x0, bx = to_x * w->x1, ay = to_y * w->y0, by = to_y * w->y1;
    *least = (int64_t)floor(fmin(ax, bx) + fmin(ay, by));
    *most = (int64_t)ceil(fmax(ax, bx) + fmax(ay, by));
}

void mdup_draw_lattice(const mdup_place *place, int visit, mdup_canvas *canvas)
{
    const mdup_lattice *l = &place->lattice;
    if (!l->is_there)
        return;
    double area = l->a_x_A * l->b_y_A - l->a_y_A * l->b_x_A;
    context c = {.lattice = l,
                 .key = mdup_key(place->key, MDUP_KEY_LATTICE),
                 .visit = visit,
                 .window = mdup_canvas_window(canvas, REACH_A),
                 .canvas = canvas};
    make_molecule(l, fabs(area), c.key, &c.molecule);
    int64_t i0, i1, j0, j1;
    index_range(&c.window, l->b_y_A / area, -l->b_x_A / area, &i0, &i1);
    index_range(&c.window, -l->a_y_A / area, l->a_x_A / area, &j0, &j1);
    for (int64_t j = j0; j <= j1; j++)
        for (int64_t i = i0; i <= i1; i++)
            draw_site(&c, i, j);
}
