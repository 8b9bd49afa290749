#include "verify/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "image/blur.h"

/* Px around the alleged overlap that are kept in the crops. */
enum { MARGIN_px = 8 };

/* Shifts looked at, each way, around the candidate. */
enum { WINDOW_px = 24 };

/* The peak is what lies within the first of these, its surroundings what lies beyond the second. */
static const float PEAK_RADIUS_px = 2.5f, SURROUNDINGS_px = 6.0f;

/* Shifts whose crops share less than this of what they share at the candidate say nothing of it. */
static const float LEAST_SHARED = 0.35f;

/* Sigma of the smoothing of the power spectrum, in cycles/px: 6 samples of a plane of 720 by 512, but at least 2 samples of the crop's. */
static const double WHITENING_SIGMA_cycles_x = 6.0 / 720, WHITENING_SIGMA_cycles_y = 6.0 / 512,
                    LEAST_SIGMA = 2.0;

/* Share of the mean power that is added before dividing, so that empty corners of the spectrum are not blown up. */
static const float POWER_FLOOR = 1e-3f;

/* Sizes of the transforms are multiples of this, so that few plans serve all crops. */
enum { SIZE_STEP = 32 };

/* Where the power of a crop lies is told in cells of CELL_px, smoothed over POWER_SIGMA_px: wider than a particle, so that what two views of
 * one place have in common does not count as a coincidence. */
enum { CELL_px = 4 };
static const double POWER_SIGMA_px = 8.0;

typedef struct {
    int32_t nx, ny;
    mdup_fft *fft;
    float *weight; /* of the conditioner, a sample of the half spectrum each */
} plan;

/* Mean power of the whitened crop, a cell each. */
typedef struct {
    int32_t nx, ny;
    float *power;
} cells;

struct mdup_verifier {
    const mdup_conditioner *conditioner;
    plan *plans;
    size_t n_plans, plans_capacity;
    /* Of the largest plane there is. */
    float *image;
    float complex *a, *b;
    float *smooth, *smoothing;
    float *map;
    float complex *filtered;
    cells cells_a, cells_b;
};

/* A crop of a frame: where it begins and how large it is. */
typedef struct {
    int32_t x, y, nx, ny;
} box;

static int32_t plane_size(int32_t wanted)
{
    return SIZE_STEP * mdup_fft_good_size((wanted + SIZE_STEP - 1) / SIZE_STEP);
}

mdup_verifier *mdup_verifier_new(const mdup_conditioner *c, mdup_error **err)
{
    mdup_verifier *v = mdup_calloc(1, sizeof *v, err);
    if (!v)
        return NULL;
    v->conditioner = c;
    int32_t nx = plane_size(c->nx + 2 * WINDOW_px), ny = plane_size(c->ny + 2 * WINDOW_px);
    size_t plane = (size_t)nx * (size_t)ny, half = ((size_t)nx / 2 + 1) * (size_t)ny;
    if (!(v->image = mdup_alloc_aligned(plane, sizeof *v->image, err)) ||
        !(v->a = mdup_alloc_aligned(half, sizeof *v->a, err)) ||
        !(v->b = mdup_alloc_aligned(half, sizeof *v->b, err)) ||
        !(v->smooth = mdup_alloc_aligned(half, sizeof *v->smooth, err)) ||
        !(v->smoothing = mdup_alloc_aligned(mdup_smooth_power_scratch_size(nx, ny),
                                            sizeof *v->smoothing, err)) ||
        !(v->map = mdup_alloc_aligned(plane, sizeof *v->map, err)) ||
        !(v->filtered = mdup_alloc_aligned(half, sizeof *v->filtered, err)) ||
        !(v->cells_a.power = mdup_alloc_aligned(plane, sizeof *v->cells_a.power, err)) ||
        !(v->cells_b.power = mdup_alloc_aligned(plane, sizeof *v->cells_b.power, err))) {
        mdup_verifier_free(v);
        return NULL;
    }
    return v;
}

void mdup_verifier_free(mdup_verifier *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->n_plans; i++) {
        mdup_fft_free(v->plans[i].fft);
        free(v->plans[i].weight);
    }
    free(v->plans);
    free(v->image);
    free(v->a);
    free(v->b);
    free(v->smooth);
    free(v->smoothing);
    free(v->map);
    free(v->filtered);
    free(v->cells_a.power);
    free(v->cells_b.power);
    free(v);
}

static void fill_weight(const mdup_conditioner *c, plan *p)
{
    int32_t half = p->nx / 2 + 1;
    for (int32_t ky = 0; ky < p->ny; ky++) {
        float fy = (float)(ky <= p->ny / 2 ? ky : ky - p->ny) / (float)p->ny;
        for (int32_t kx = 0; kx < half; kx++) {
            float fx = (float)kx / (float)p->nx;
            p->weight[(ptrdiff_t)ky * half + kx] =
                mdup_condition_weight(c, sqrtf(fx * fx + fy * fy));
        }
    }
}

static const plan *plan_for(mdup_verifier *v, int32_t nx, int32_t ny, mdup_error **err)
{
    for (size_t i = 0; i < v->n_plans; i++)
        if (v->plans[i].nx == nx && v->plans[i].ny == ny)
            return &v->plans[i];
    if (!mdup_grow((void **)&v->plans, &v->plans_capacity, v->n_plans + 1, sizeof *v->plans, err))
        return NULL;
    plan *p = &v->plans[v->n_plans];
    *p = (plan){nx, ny, mdup_fft_new(nx, ny, err), NULL};
    if (!p->fft)
        return NULL;
    p->weight = mdup_alloc_aligned(mdup_fft_spectrum_size(p->fft), sizeof *p->weight, err);
    if (!p->weight) {
        mdup_fft_free(p->fft);
        return NULL;
    }
    fill_weight(v->conditioner, p);
    v->n_plans++;
    return p;
}

static int32_t clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* The part of a frame that the other one covers when it is shifted by (dx, dy), and a margin. */
static box covered(int32_t nx, int32_t ny, int32_t dx, int32_t dy)
{
    box crop = {.x = clamp(dx - MARGIN_px, 0, nx), .y = clamp(dy - MARGIN_px, 0, ny)};
    crop.nx = clamp(nx + dx + MARGIN_px, 0, nx) - crop.x;
    crop.ny = clamp(ny + dy + MARGIN_px, 0, ny) - crop.y;
    return crop;
}

static float taper(int32_t i, int32_t n)
{
    static const float edge[] = {0.15f, 0.5f, 0.85f};
    int32_t from_edge = i < n - 1 - i ? i : n - 1 - i;
    return from_edge < 3 ? edge[from_edge] : 1.0f;
}

/* The tapered crop, its mean taken out, in the corner of the plane. */
static void place(const float *frame, int32_t frame_nx, const box *crop, int32_t nx, int32_t ny,
                  float *plane)
{
    double sum = 0, weight = 0;
    for (int32_t y = 0; y < crop->ny; y++) {
        for (int32_t x = 0; x < crop->nx; x++) {
            double w = (double)(taper(x, crop->nx) * taper(y, crop->ny));
            sum += w * (double)frame[(ptrdiff_t)(crop->y + y) * frame_nx + crop->x + x];
            weight += w;
        }
    }
    float mean = weight > 0 ? (float)(sum / weight) : 0.0f;
    memset(plane, 0, (size_t)nx * (size_t)ny * sizeof *plane);
    for (int32_t y = 0; y < crop->ny; y++) {
        const float *row = frame + (ptrdiff_t)(crop->y + y) * frame_nx + crop->x;
        for (int32_t x = 0; x < crop->nx; x++)
            plane[(ptrdiff_t)y * nx + x] =
                (row[x] - mean) * taper(x, crop->nx) * taper(y, crop->ny);
    }
}

static void whiten(mdup_verifier *v, float complex *spectrum, int32_t nx, int32_t ny)
{
    mdup_smooth_power(spectrum, nx, ny, fmax(LEAST_SIGMA, WHITENING_SIGMA_cycles_x * nx),
                      fmax(LEAST_SIGMA, WHITENING_SIGMA_cycles_y * ny), v->smoothing, v->smooth);
    size_t n = ((size_t)nx / 2 + 1) * (size_t)ny;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)v->smooth[i];
    float floor = POWER_FLOOR * (float)(sum / (double)n);
    for (size_t i = 0; i < n; i++) {
        float power = v->smooth[i] + floor;
        spectrum[i] *= power > 0 ? 1.0f / sqrtf(power) : 0.0f;
    }
}

/* The mean square of each cell of the whitened and weighted crop, smoothed.  Cells at the far edges may be narrower. */
static void measure_cells(mdup_verifier *v, const plan *p, const float complex *spectrum,
                          const box *crop, cells *out)
{
    size_t n = mdup_fft_spectrum_size(p->fft);
    for (size_t i = 0; i < n; i++)
        v->filtered[i] = spectrum[i] * p->weight[i];
    mdup_fft_inverse(p->fft, v->filtered, v->image);
    out->nx = (crop->nx + CELL_px - 1) / CELL_px;
    out->ny = (crop->ny + CELL_px - 1) / CELL_px;
    memset(out->power, 0, (size_t)out->nx * (size_t)out->ny * sizeof *out->power);
    for (int32_t y = 0; y < crop->ny; y++) {
        const float *row = v->image + (ptrdiff_t)y * p->nx;
        float *cell_row = out->power + (ptrdiff_t)(y / CELL_px) * out->nx;
        int32_t high = crop->ny - y / CELL_px * CELL_px;
        for (int32_t x = 0; x < crop->nx; x++) {
            int32_t wide = crop->nx - x / CELL_px * CELL_px;
            float area =
                (float)(wide < CELL_px ? wide : CELL_px) * (float)(high < CELL_px ? high : CELL_px);
            cell_row[x / CELL_px] += row[x] * row[x] / area;
        }
    }
    mdup_blur(out->power, out->nx, out->ny, POWER_SIGMA_px / CELL_px, POWER_SIGMA_px / CELL_px,
              v->smoothing);
}

static double mean_power(const cells *c)
{
    double sum = 0;
    ptrdiff_t n = (ptrdiff_t)c->nx * c->ny;
    for (ptrdiff_t i = 0; i < n; i++)
        sum += (double)c->power[i];
    return sum / (double)n;
}

/* The variance of the correlation of two unrelated images whose power is not even is the sum over what they share of the product of their
 * powers; this is that over what even powers give, for b moved by (dx, dy) cells.  1 where they share no cell or have no power. */
static double joint_power(const cells *a, const cells *b, int32_t dx, int32_t dy)
{
    double sum = 0;
    ptrdiff_t n = 0;
    for (int32_t y = dy < 0 ? -dy : 0; y < b->ny && y + dy < a->ny; y++) {
        const float *row_a = a->power + (ptrdiff_t)(y + dy) * a->nx + dx;
        const float *row_b = b->power + (ptrdiff_t)y * b->nx;
        for (int32_t x = dx < 0 ? -dx : 0; x < b->nx && x + dx < a->nx; x++, n++)
            sum += (double)(row_a[x] * row_b[x]);
    }
    double even = (double)n * mean_power(a) * mean_power(b);
    return even > 0 ? sum / even : 1;
}

/* a times the conjugate of b, weighted; on floats, as in search/correlate.c.  Returns the energy of the whole product, the half that is not
 * stored included but for its first and last columns, which carry next to nothing. */
static double multiply(const plan *p, float complex *a, const float complex *b)
{
    float *out = (float *)a;
    const float *in = (const float *)b;
    ptrdiff_t row = p->nx / 2 + 1;
    double energy = 0;
    for (int32_t ky = 0; ky < p->ny; ky++) {
        float row_energy = 0;
        for (ptrdiff_t i = ky * row; i < (ky + 1) * row; i++) {
            float ar = out[2 * i], ai = out[2 * i + 1], br = in[2 * i], bi = in[2 * i + 1];
            float weight = p->weight[i] * p->weight[i];
            float re = weight * (ar * br + ai * bi), im = weight * (ai * br - ar * bi);
            out[2 * i] = re;
            out[2 * i + 1] = im;
            row_energy += re * re + im * im;
        }
        energy += (double)row_energy;
    }
    return 2 * energy;
}

/* Leaves the correlation in v->map, the power of the crops in v->cells_a and _b, and returns the energy of the map, the sum of its squares. */
static double correlate_crops(mdup_verifier *v, const plan *p, const float *a, const float *b,
                              const box *crop_a, const box *crop_b)
{
    int32_t frame_nx = v->conditioner->nx;
    place(a, frame_nx, crop_a, p->nx, p->ny, v->image);
    mdup_fft_forward(p->fft, v->image, v->a);
    place(b, frame_nx, crop_b, p->nx, p->ny, v->image);
    mdup_fft_forward(p->fft, v->image, v->b);
    whiten(v, v->a, p->nx, p->ny);
    whiten(v, v->b, p->nx, p->ny);
    measure_cells(v, p, v->a, crop_a, &v->cells_a);
    measure_cells(v, p, v->b, crop_b, &v->cells_b);
    double energy = multiply(p, v->a, v->b);
    mdup_fft_inverse(p->fft, v->a, v->map);
    return energy * (double)p->nx * (double)p->ny;
}

/* One more than the window each way: the parabola looks at the neighbours of the peak. */
enum { REACH_px = WINDOW_px + 1, REACHES = 2 * REACH_px + 1 };

/* The map around the candidate. */
typedef struct {
    const float *map;
    int32_t nx, ny;
    int32_t centre_x, centre_y; /* of the candidate, in the plane */
    float shared_x[REACHES],
        shared_y[REACHES]; /* length of taper shared at an offset from the candidate */
    float least_shared;    /* of their product */
    double chance_sd;      /* of the map / sqrt(shared) when the crops are unrelated */
} view;

/* Sum of taper_a(i + shift) taper_b(i). */
static float shared_taper(int32_t na, int32_t nb, int32_t shift)
{
    float sum = 0;
    for (int32_t i = shift < 0 ? -shift : 0; i < nb && i + shift < na; i++)
        sum += taper(i + shift, na) * taper(i, nb);
    return sum;
}

static double sum_of_taper(int32_t n)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += (double)taper(i, n);
    return sum;
}

static void fill_shared(view *w, const box *a, const box *b, double map_energy)
{
    for (int32_t i = 0; i < REACHES; i++) {
        w->shared_x[i] = shared_taper(a->nx, b->nx, w->centre_x + i - REACH_px);
        w->shared_y[i] = shared_taper(a->ny, b->ny, w->centre_y + i - REACH_px);
    }
    w->least_shared = LEAST_SHARED * fmaxf(1.0f, w->shared_x[REACH_px] * w->shared_y[REACH_px]);
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

/* The map's value at an offset from the candidate / sqrt(shared); false, and 0, where too little is shared. */
static bool look(const view *w, int32_t dx, int32_t dy, float *value)
{
    float shared = w->shared_x[dx + REACH_px] * w->shared_y[dy + REACH_px];
    ptrdiff_t i = (ptrdiff_t)wrap(w->centre_y + dy, w->ny) * w->nx + wrap(w->centre_x + dx, w->nx);
    bool seen = shared >= w->least_shared;
    *value = seen ? w->map[i] / sqrtf(shared) : 0.0f;
    return seen;
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
            float value;
            bool near = (float)(dx * dx + dy * dy) <= PEAK_RADIUS_px * PEAK_RADIUS_px;
            if (near && look(w, dx, dy, &value) && value > top.value)
                top = (summit){.value = value, .x = dx, .y = dy};
        }
    }
    look(w, top.x - 1, top.y, &top.left);
    look(w, top.x + 1, top.y, &top.right);
    look(w, top.x, top.y - 1, &top.below);
    look(w, top.x, top.y + 1, &top.above);
    return top;
}

typedef struct {
    float rms, highest;
} surroundings;

static surroundings survey(const view *w)
{
    double sum_of_squares = 0;
    float highest = 0;
    int32_t count = 0;
    for (int32_t dy = -WINDOW_px; dy <= WINDOW_px; dy++) {
        for (int32_t dx = -WINDOW_px; dx <= WINDOW_px; dx++) {
            float value;
            bool beyond = (float)(dx * dx + dy * dy) > SURROUNDINGS_px * SURROUNDINGS_px;
            if (!beyond || !look(w, dx, dy, &value))
                continue;
            sum_of_squares += (double)(value * value);
            highest = fmaxf(highest, value);
            count++;
        }
    }
    if (count < LEAST_SURROUNDINGS)
        return (surroundings){0};
    return (surroundings){(float)sqrt(sum_of_squares / count), highest};
}

/* The summit of a parabola is not quite that of the peak: with next to no noise, shifts of any fraction of a pixel are found with an error of
 * 0.029 px rms (frames of 360 by 255 px; 0.033 px with 180 by 127), where noise would make 0.012 px of it (0.025 px). */
static const double INTERPOLATION_px = 0.03;

/* Along one axis: where the parabola through the summit and its neighbours has its vertex, as an offset from the summit, and how uncertain
 * that is: a peak of curvature k that stands z sd out of noise of its own spectrum is placed to 1 / (z sqrt(k)); never worse than what
 * find_summit can be off. */
static double refine(float before, float at, float after, double z, double *sd)
{
    double curvature = 2 - ((double)before + (double)after) / (double)at;
    double noise = curvature > 0 && z > 0 ? 1 / (z * sqrt(curvature)) : HUGE_VAL;
    *sd = fmin((double)PEAK_RADIUS_px, hypot(noise, INTERPOLATION_px));
    return vertex(before, at, after);
}

/* Filaments that line up by chance make a ridge: the next peak along it is nearly as high as the first.  What the highest of the surroundings
 * has beyond what chance gives (3.5 of its own rms among 2400 correlated samples) counts against the peak, to this part: with 0.4
 * unrelated filaments at E <= 10 go from 48 to 31 (30 promised), the highest unrelated pair of CU428 from E 0.01 to 0.1, and no
 * true pair of 338 is lost; with 0.7 two are. */
static const double RIDGE_COST = 0.6, RIDGE_FROM = 3.5;

/* The height of the summit between the samples, by parabolas: a true peak lies anywhere between them and loses 4 % of its height to them. */
static double between_samples(const summit *top)
{
    double x = vertex(top->left, top->value, top->right),
           y = vertex(top->below, top->value, top->above);
    return (double)top->value + 0.25 * x * ((double)top->right - (double)top->left) +
           0.25 * y * ((double)top->above - (double)top->below);
}

/* z compares the peak with what chance makes of it over the whole area, or with its surroundings where these are higher.  Divided by the
 * surroundings alone, which are few samples, z has the heavy tail of Student's t: scale 1.4 in place of 1.2 (significance.h).  Per
 * root of the area in px, not of the tapered area: small areas would gain by it. */
static double height(const view *w, const summit *top, double area_px)
{
    surroundings around = survey(w);
    double rms = fmax((double)around.rms, w->chance_sd);
    if (around.rms <= 0 || top->value <= 0)
        return 0;
    double shared = (double)w->shared_x[top->x + REACH_px] * (double)w->shared_y[top->y + REACH_px];
    double z = between_samples(top) * sqrt(fmin(1.0, shared / area_px)) / rms;
    double ridge = (double)(around.highest / around.rms) - RIDGE_FROM;
    return fmax(0.0, z - RIDGE_COST * fmax(0.0, ridge));
}

static int32_t round_to_cells(int32_t px)
{
    return (int32_t)lround((double)px / CELL_px);
}

static void measure(const mdup_verifier *v, const view *w, double area_px, mdup_verdict *out)
{
    summit top = find_summit(w);
    double joint = joint_power(&v->cells_a, &v->cells_b, round_to_cells(w->centre_x + top.x),
                               round_to_cells(w->centre_y + top.y));
    double bunching = sqrt(fmax(1, joint)), z = height(w, &top, area_px);
    out->bunching = (float)bunching;
    out->z = (float)(z / bunching);
    out->shift_x = top.x + refine(top.left, top.value, top.right, z, &out->shift_sd_x);
    out->shift_y = top.y + refine(top.below, top.value, top.above, z, &out->shift_sd_y);
}

bool mdup_verify(mdup_verifier *v, const float *a, const float *b, double shift_x, double shift_y,
                 mdup_verdict *out, mdup_error **err)
{
    const mdup_conditioner *c = v->conditioner;
    int32_t dx = (int32_t)lround(shift_x), dy = (int32_t)lround(shift_y);
    box crop_a = covered(c->nx, c->ny, dx, dy), crop_b = covered(c->nx, c->ny, -dx, -dy);
    int32_t nx = plane_size((crop_a.nx > crop_b.nx ? crop_a.nx : crop_b.nx) + 2 * WINDOW_px);
    int32_t ny = plane_size((crop_a.ny > crop_b.ny ? crop_a.ny : crop_b.ny) + 2 * WINDOW_px);
    const plan *p = plan_for(v, nx, ny, err);
    if (!p)
        return false;
    double energy = correlate_crops(v, p, a, b, &crop_a, &crop_b);
    view w = {.map = v->map,
              .nx = nx,
              .ny = ny,
              .centre_x = dx - crop_a.x + crop_b.x,
              .centre_y = dy - crop_a.y + crop_b.y};
    fill_shared(&w, &crop_a, &crop_b, energy);
    measure(v, &w, fmax(1, (double)(c->nx - abs(dx)) * (double)(c->ny - abs(dy))), out);
    out->shift_x += dx;
    out->shift_y += dy;
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
