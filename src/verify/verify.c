#include "verify/verify.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "verify/band.h"

/* Px around the alleged overlap that are kept in the crops. */
enum { MARGIN_px = 8 };

/* Shifts looked at, each way, around the candidate. */
enum { WINDOW_px = 24 };

/* The peak is what lies within the first of these, its surroundings what lies beyond the second. */
static const float PEAK_RADIUS_px = 2.5f, SURROUNDINGS_px = 6.0f;

/* Shifts whose crops share less than this of what they share at the candidate say nothing of it. */
static const float LEAST_SHARED = 0.35f;

/* Nor do shifts that share next to nothing: whitening smears a frame over some px beyond its edge.  As much as 1.2 % of 32 by 32 px, the least
 * that is searched. */
static const float LEAST_AREA_px = 12;

/* One more than the window each way: the parabola looks at the neighbours of the peak. */
enum { REACH_px = WINDOW_px + 1, REACHES = 2 * REACH_px + 1 };

struct mdup_verifier {
    const mdup_conditioner *conditioner;
    mdup_band *band;
};

mdup_verifier *mdup_verifier_new(const mdup_conditioner *c, mdup_error **err)
{
    mdup_verifier *v = mdup_calloc(1, sizeof *v, err);
    if (!v)
        return NULL;
    v->conditioner = c;
    /* The candidate lies up to a margin from where both crops begin. */
    v->band = mdup_band_new(c, REACH_px + MARGIN_px, err);
    if (v->band)
        return v;
    mdup_verifier_free(v);
    return NULL;
}

void mdup_verifier_free(mdup_verifier *v)
{
    if (v)
        mdup_band_free(v->band);
    free(v);
}

static int32_t clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* The part of a frame that the other one covers when it is shifted by (dx, dy), and a margin. */
static mdup_crop covered(int32_t nx, int32_t ny, int32_t dx, int32_t dy)
{
    mdup_crop crop = {.x = clamp(dx - MARGIN_px, 0, nx), .y = clamp(dy - MARGIN_px, 0, ny)};
    crop.nx = clamp(nx + dx + MARGIN_px, 0, nx) - crop.x;
    crop.ny = clamp(ny + dy + MARGIN_px, 0, ny) - crop.y;
    return crop;
}

/* The map around the candidate. */
typedef struct {
    int32_t centre_x, centre_y; /* of the candidate, in the plane */
    float shared_x[REACHES],
        shared_y[REACHES];         /* length of taper shared at an offset from the candidate */
    float least_shared;            /* of their product */
    double chance_sd;              /* of the map / sqrt(shared) when the crops are unrelated */
    float value[REACHES][REACHES]; /* map / sqrt(shared); 0 where too little is shared */
} view;

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Sum of taper_a(i + shift) taper_b(i), which are 1 but for a few px at the ends of what is shared. */
static float shared_taper(int32_t na, int32_t nb, int32_t shift)
{
    int32_t first = larger(0, -shift), end = smaller(nb, na - shift), sloping = MDUP_TAPER_px;
    int32_t inner_end = larger(end - sloping, first + sloping);
    float sum = (float)(inner_end - (first + sloping));
    for (int32_t i = first; i < smaller(first + sloping, end); i++)
        sum += mdup_crop_taper_at(i + shift, na) * mdup_crop_taper_at(i, nb);
    for (int32_t i = inner_end; i < end; i++)
        sum += mdup_crop_taper_at(i + shift, na) * mdup_crop_taper_at(i, nb);
    return sum;
}

static double sum_of_taper(int32_t n)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += (double)mdup_crop_taper_at(i, n);
    return sum;
}

static void fill_shared(view *w, const mdup_crop *a, const mdup_crop *b, double map_energy)
{
    for (int32_t i = 0; i < REACHES; i++) {
        w->shared_x[i] = shared_taper(a->nx, b->nx, w->centre_x + i - REACH_px);
        w->shared_y[i] = shared_taper(a->ny, b->ny, w->centre_y + i - REACH_px);
    }
    w->least_shared =
        fmaxf(LEAST_AREA_px, LEAST_SHARED * w->shared_x[REACH_px] * w->shared_y[REACH_px]);
    /* Summed over all shifts, what is shared is the product of the two areas. */
    double all_shared =
        sum_of_taper(a->nx) * sum_of_taper(b->nx) * sum_of_taper(a->ny) * sum_of_taper(b->ny);
    w->chance_sd = sqrt(map_energy / all_shared);
}

static int32_t wrap(int32_t i, int32_t n)
{
    i %= n;
    return i < 0 ? i + n : i;
}

static bool is_shared(const view *w, int32_t x, int32_t y)
{
    return w->shared_x[x] * w->shared_y[y] >= w->least_shared;
}

static void fill_values(view *w, const mdup_band_map *map)
{
    int32_t column[REACHES];
    float root_x[REACHES];
    for (int32_t i = 0; i < REACHES; i++) {
        column[i] = wrap(w->centre_x + i - REACH_px, map->nx);
        root_x[i] = 1 / sqrtf(fmaxf(1e-6f, w->shared_x[i]));
    }
    for (int32_t y = 0; y < REACHES; y++) {
        const float *row =
            map->map + (ptrdiff_t)wrap(w->centre_y + y - REACH_px, map->ny) * map->nx;
        float root_y = 1 / sqrtf(fmaxf(1e-6f, w->shared_y[y]));
        for (int32_t x = 0; x < REACHES; x++)
            w->value[y][x] = is_shared(w, x, y) ? row[column[x]] * (root_x[x] * root_y) : 0.0f;
    }
}

/* At an offset from the candidate. */
static float value_at(const view *w, int32_t dx, int32_t dy)
{
    return w->value[dy + REACH_px][dx + REACH_px];
}

/* Vertex of the parabola through three equally spaced values, as an offset from the middle one. */
static double vertex(float left, float middle, float right)
{
    double curvature = (double)left - 2 * (double)middle + (double)right;
    double offset = curvature < 0 ? 0.5 * ((double)left - (double)right) / curvature : 0;
    return fmax(-0.5, fmin(0.5, offset));
}

/* Fewer samples than this do not make an rms. */
enum { LEAST_SURROUNDINGS = 50 };

/* The highest value near the candidate, and its neighbours. */
typedef struct {
    float value;
    int32_t x, y; /* offset from the candidate, px */
    float left, right, below, above;
} summit;

static summit find_summit(const view *w)
{
    summit top = {0};
    int32_t reach = (int32_t)PEAK_RADIUS_px;
    for (int32_t dy = -reach; dy <= reach; dy++) {
        for (int32_t dx = -reach; dx <= reach; dx++) {
            float value = value_at(w, dx, dy);
            bool near = (float)(dx * dx + dy * dy) <= PEAK_RADIUS_px * PEAK_RADIUS_px;
            if (near && value > top.value)
                top = (summit){.value = value, .x = dx, .y = dy};
        }
    }
    top.left = value_at(w, top.x - 1, top.y);
    top.right = value_at(w, top.x + 1, top.y);
    top.below = value_at(w, top.x, top.y - 1);
    top.above = value_at(w, top.x, top.y + 1);
    return top;
}

typedef struct {
    float rms, highest;
} surroundings;

/* Of a row of the window what lies right or left of the peak. */
static void survey_part(const view *w, int32_t dy, int32_t first, int32_t last, double *squares,
                        float *highest, int32_t *count)
{
    float sum = 0, most = 0;
    int32_t n = 0;
    for (int32_t dx = first; dx <= last; dx++) {
        float value = value_at(w, dx, dy);
        sum += value * value;
        most = value > most ? value : most;
        n += is_shared(w, dx + REACH_px, dy + REACH_px);
    }
    *squares += (double)sum;
    *highest = fmaxf(*highest, most);
    *count += n;
}

static surroundings survey(const view *w)
{
    double squares = 0;
    float highest = 0;
    int32_t count = 0;
    for (int32_t dy = -WINDOW_px; dy <= WINDOW_px; dy++) {
        float beside = SURROUNDINGS_px * SURROUNDINGS_px - (float)(dy * dy);
        int32_t from = beside < 0 ? 0 : (int32_t)floorf(sqrtf(beside)) + 1;
        survey_part(w, dy, -WINDOW_px, from > 0 ? -from : -1, &squares, &highest, &count);
        survey_part(w, dy, from, WINDOW_px, &squares, &highest, &count);
    }
    if (count < LEAST_SURROUNDINGS)
        return (surroundings){0};
    return (surroundings){(float)sqrt(squares / count), highest};
}

/* Where the map is highest, between its samples. */
typedef struct {
    double x, y;  /* offset from the candidate, px */
    double value; /* as the view's */
    double noise_x,
        noise_y; /* what noise of one sd moves the place by when the peak is as high, px */
} peak;

/* The nearest summit of the parabola that has the map's value, slopes and curvatures at the vertex of one through samples.  From the
 * samples alone, a peak between them lost up to 4 % of its height, and its place was off by 0.03 px without any noise. */
static peak climb(const mdup_verifier *v, const view *w, const summit *top)
{
    if (top->value <= 0)
        return (peak){.x = top->x, .y = top->y};
    double x = top->x + vertex(top->left, top->value, top->right),
           y = top->y + vertex(top->below, top->value, top->above);
    mdup_band_place at = mdup_band_look(v->band, w->centre_x + x, w->centre_y + y);
    double det = at.curve_x * at.curve_y - at.curve_xy * at.curve_xy, dx = 0, dy = 0;
    if (at.curve_x < 0 && det > 0) {
        dx = (at.curve_xy * at.slope_y - at.curve_y * at.slope_x) / det;
        dy = (at.curve_xy * at.slope_x - at.curve_x * at.slope_y) / det;
        dx = fmax(-0.5, fmin(0.5, dx));
        dy = fmax(-0.5, fmin(0.5, dy));
    }
    double value = at.value + (at.slope_x * dx + at.slope_y * dy) / 2;
    double shared = (double)w->shared_x[top->x + REACH_px] * (double)w->shared_y[top->y + REACH_px];
    peak found = {.x = x + dx, .y = y + dy, .value = value / sqrt(fmax(1e-6, shared))};
    found.noise_x = sqrt(at.rough_x) * value / fmax(DBL_MIN, -at.curve_x);
    found.noise_y = sqrt(at.rough_y) * value / fmax(DBL_MIN, -at.curve_y);
    return found;
}

/* What is left where noise is next to nothing: a few large particles, each with its own error, and what lies beyond the edges of the crops (without
 * noise places are off by 0.011 px rms in frames of 360 by 255 px, 0.022 px with 180 by 127). */
static const double LEAST_SD_px = 0.02;

/* A peak z sd high; never worse than what find_summit can be off. */
static double uncertainty(double noise, double z)
{
    return noise > 0 && z > 0 ? fmin((double)PEAK_RADIUS_px, hypot(noise / z, LEAST_SD_px))
                              : (double)PEAK_RADIUS_px;
}

/* Filaments that line up by chance make a ridge: the next peak along it is nearly as high as the first.  What the highest of the surroundings
 * has beyond what chance gives (3.5 of its own rms among 2400 correlated samples) counts against the peak, to this part: with 0.4
 * unrelated filaments at E <= 10 go from 48 to 31 (30 promised), the highest unrelated pair of CU428 from E 0.01 to 0.1, and no
 * true pair of 338 is lost; with 0.7 two are. */
static const double RIDGE_COST = 0.6, RIDGE_FROM = 3.5;

/* z compares the peak with what chance makes of it over the whole area, or with its surroundings where these are higher.  Divided by the
 * surroundings alone, which are few samples, z has the heavy tail of Student's t: scale 1.4 in place of 1.2 (significance.h). */
static double height(const view *w, const peak *at)
{
    surroundings around = survey(w);
    double rms = fmax((double)around.rms, w->chance_sd);
    if (around.rms <= 0 || at->value <= 0)
        return 0;
    double ridge = (double)(around.highest / around.rms) - RIDGE_FROM;
    return fmax(0.0, at->value / rms - RIDGE_COST * fmax(0.0, ridge));
}

static void measure(const mdup_verifier *v, const view *w, mdup_verdict *out)
{
    summit top = find_summit(w);
    peak at = climb(v, w, &top);
    double z = height(w, &at);
    out->z = (float)z;
    out->shift_x = at.x;
    out->shift_y = at.y;
    out->shift_sd_x = uncertainty(at.noise_x, z);
    out->shift_sd_y = uncertainty(at.noise_y, z);
}

bool mdup_verify(mdup_verifier *v, const mdup_verify_frame *a, const mdup_verify_frame *b,
                 double shift_x, double shift_y, mdup_verdict *out, mdup_error **err)
{
    const mdup_conditioner *c = v->conditioner;
    int32_t dx = (int32_t)lround(shift_x), dy = (int32_t)lround(shift_y);
    mdup_crop crop_a = covered(c->nx, c->ny, dx, dy), crop_b = covered(c->nx, c->ny, -dx, -dy);
    view w = {.centre_x = dx - crop_a.x + crop_b.x, .centre_y = dy - crop_a.y + crop_b.y};
    mdup_band_map map;
    if (!mdup_band_correlate(v->band, a->clean, &crop_a, b->clean, &crop_b, w.centre_y - REACH_px,
                             w.centre_y + REACH_px, &map, err))
        return false;
    fill_shared(&w, &crop_a, &crop_b, map.energy);
    fill_values(&w, &map);
    measure(v, &w, out);
    out->shift_x += dx;
    out->shift_y += dy;
    double joint = mdup_power_joint(a->power, b->power, c->nx, c->ny, out->shift_x, out->shift_y);
    out->bunching = (float)sqrt(fmax(1, joint));
    out->z /= out->bunching;
    return true;
}

double mdup_shared_ccc(const float *a, const float *b, int32_t nx, int32_t ny, double shift_x,
                       double shift_y)
{
    int32_t dx = (int32_t)lround(shift_x), dy = (int32_t)lround(shift_y);
    double n = 0, sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
    for (int32_t y = dy > 0 ? dy : 0; y < ny && y - dy < ny; y++) {
        for (int32_t x = dx > 0 ? dx : 0; x < nx && x - dx < nx; x++) {
            double va = (double)a[(ptrdiff_t)y * nx + x],
                   vb = (double)b[(ptrdiff_t)(y - dy) * nx + x - dx];
            n++;
            sa += va;
            sb += vb;
            saa += va * va;
            sbb += vb * vb;
            sab += va * vb;
        }
    }
    double variances = (n * saa - sa * sa) * (n * sbb - sb * sb);
    return n > 0 && variances > 0 ? (n * sab - sa * sb) / sqrt(variances) : 0;
}

double mdup_overlap(int32_t nx, int32_t ny, double shift_x, double shift_y)
{
    double x = nx - fabs(shift_x), y = ny - fabs(shift_y);
    return x > 0 && y > 0 ? x * y / ((double)nx * ny) : 0;
}
