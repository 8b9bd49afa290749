#include "verify/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

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

typedef struct {
    int32_t nx, ny;
    mdup_fft *fft;
} plan;

struct mdup_verifier {
    const mdup_conditioner *conditioner;
    plan *plans;
    size_t n_plans, plans_capacity;
    /* Of the largest plane there is. */
    float *image;
    float complex *a, *b;
    float *smooth, *smoothing;
    float *map;
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
        !(v->map = mdup_alloc_aligned(plane, sizeof *v->map, err))) {
        mdup_verifier_free(v);
        return NULL;
    }
    return v;
}

void mdup_verifier_free(mdup_verifier *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->n_plans; i++)
        mdup_fft_free(v->plans[i].fft);
    free(v->plans);
    free(v->image);
    free(v->a);
    free(v->b);
    free(v->smooth);
    free(v->smoothing);
    free(v->map);
    free(v);
}

static mdup_fft *plan_for(mdup_verifier *v, int32_t nx, int32_t ny, mdup_error **err)
{
    for (size_t i = 0; i < v->n_plans; i++)
        if (v->plans[i].nx == nx && v->plans[i].ny == ny)
            return v->plans[i].fft;
    if (!mdup_grow((void **)&v->plans, &v->plans_capacity, v->n_plans + 1, sizeof *v->plans, err))
        return NULL;
    mdup_fft *fft = mdup_fft_new(nx, ny, err);
    if (fft)
        v->plans[v->n_plans++] = (plan){nx, ny, fft};
    return fft;
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

/* a times the conjugate of b, weighted; on floats, as in search/correlate.c. */
static void multiply(const mdup_conditioner *c, float complex *a, const float complex *b,
                     int32_t nx, int32_t ny)
{
    float *out = (float *)a;
    const float *in = (const float *)b;
    int32_t half = nx / 2 + 1;
    for (int32_t ky = 0; ky < ny; ky++) {
        float fy = (float)(ky <= ny / 2 ? ky : ky - ny) / (float)ny;
        for (int32_t kx = 0; kx < half; kx++) {
            ptrdiff_t i = 2 * ((ptrdiff_t)ky * half + kx);
            float fx = (float)kx / (float)nx;
            float g = mdup_condition_weight(c, sqrtf(fx * fx + fy * fy)), power = g * g;
            float ar = out[i], ai = out[i + 1], br = in[i], bi = in[i + 1];
            out[i] = power * (ar * br + ai * bi);
            out[i + 1] = power * (ai * br - ar * bi);
        }
    }
}

static void correlate_crops(mdup_verifier *v, const mdup_fft *fft, const float *a, const float *b,
                            const box *crop_a, const box *crop_b, int32_t nx, int32_t ny)
{
    int32_t frame_nx = v->conditioner->nx;
    place(a, frame_nx, crop_a, nx, ny, v->image);
    mdup_fft_forward(fft, v->image, v->a);
    place(b, frame_nx, crop_b, nx, ny, v->image);
    mdup_fft_forward(fft, v->image, v->b);
    whiten(v, v->a, nx, ny);
    whiten(v, v->b, nx, ny);
    multiply(v->conditioner, v->a, v->b, nx, ny);
    mdup_fft_inverse(fft, v->a, v->map);
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
} view;

/* Sum of taper_a(i + shift) taper_b(i). */
static float shared_taper(int32_t na, int32_t nb, int32_t shift)
{
    float sum = 0;
    for (int32_t i = shift < 0 ? -shift : 0; i < nb && i + shift < na; i++)
        sum += taper(i + shift, na) * taper(i, nb);
    return sum;
}

static void fill_shared(view *w, const box *a, const box *b)
{
    for (int32_t i = 0; i < REACHES; i++) {
        w->shared_x[i] = shared_taper(a->nx, b->nx, w->centre_x + i - REACH_px);
        w->shared_y[i] = shared_taper(a->ny, b->ny, w->centre_y + i - REACH_px);
    }
    w->least_shared = LEAST_SHARED * fmaxf(1.0f, w->shared_x[REACH_px] * w->shared_y[REACH_px]);
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

static void measure(const view *w, mdup_verdict *out)
{
    float peak = 0, value;
    int32_t peak_x = 0, peak_y = 0, count = 0;
    double sum_of_squares = 0;
    for (int32_t dy = -WINDOW_px; dy <= WINDOW_px; dy++) {
        for (int32_t dx = -WINDOW_px; dx <= WINDOW_px; dx++) {
            float distance = sqrtf((float)(dx * dx + dy * dy));
            if (!look(w, dx, dy, &value))
                continue;
            if (distance <= PEAK_RADIUS_px && value > peak) {
                peak = value;
                peak_x = dx;
                peak_y = dy;
            } else if (distance > SURROUNDINGS_px) {
                sum_of_squares += (double)(value * value);
                count++;
            }
        }
    }
    float left, right, below, above;
    look(w, peak_x - 1, peak_y, &left);
    look(w, peak_x + 1, peak_y, &right);
    look(w, peak_x, peak_y - 1, &below);
    look(w, peak_x, peak_y + 1, &above);
    out->shift_x = peak_x + vertex(left, peak, right);
    out->shift_y = peak_y + vertex(below, peak, above);
    out->z = count >= LEAST_SURROUNDINGS && sum_of_squares > 0
                 ? peak / (float)sqrt(sum_of_squares / count)
                 : 0.0f;
}

bool mdup_verify(mdup_verifier *v, const float *a, const float *b, double shift_x, double shift_y,
                 mdup_verdict *out, mdup_error **err)
{
    const mdup_conditioner *c = v->conditioner;
    int32_t dx = (int32_t)lround(shift_x), dy = (int32_t)lround(shift_y);
    box crop_a = covered(c->nx, c->ny, dx, dy), crop_b = covered(c->nx, c->ny, -dx, -dy);
    int32_t nx = plane_size((crop_a.nx > crop_b.nx ? crop_a.nx : crop_b.nx) + 2 * WINDOW_px);
    int32_t ny = plane_size((crop_a.ny > crop_b.ny ? crop_a.ny : crop_b.ny) + 2 * WINDOW_px);
    const mdup_fft *fft = plan_for(v, nx, ny, err);
    if (!fft)
        return false;
    correlate_crops(v, fft, a, b, &crop_a, &crop_b, nx, ny);
    view w = {.map = v->map,
              .nx = nx,
              .ny = ny,
              .centre_x = dx - crop_a.x + crop_b.x,
              .centre_y = dy - crop_a.y + crop_b.y};
    fill_shared(&w, &crop_a, &crop_b);
    measure(&w, out);
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
