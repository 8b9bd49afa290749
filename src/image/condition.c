#include "image/condition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clones.h"
#include "image/frame.h"
#include "image/lines.h"

/* Rows that Fourier cropping rings in are cut off; more than 2 px lose overlaps of 3 and 4 % (found fraction .38 -> .25 and .12
 * with 4 px on CU428 quarter frames). */
enum { TRIM_px = 2, TAPER_px = 2 };

/* Cycles/px of the frame.  The search: 0.25 loses filaments (10 % overlap: .06 found against .50); 0.5 lifts false and true
 * peaks of CU428 alike and takes twice the map.  Verification, up to what binning leaves (48 sessions of 60: 808 pairs found with 0.35, 814 with 0.45,
 * 818 with 0.49, each with the lower bound of rho that went with it). */
const float MDUP_BAND = 0.35f, MDUP_WIDE_BAND = 0.49f;

/* Below: ice, beam and the remains of flattening, alike in many frames; without it unrelated scores grow a heavy tail. */
static const float LOW_CUT = 0.03f;

/* Shifts that share less than this of the frame are not searched: the fewer pixels, the more such shifts line up by chance. */
static const float LEAST_SHARED = 0.012f;

/* A search that is restricted looks at shifts up to the limit, but never below LEAST_REACH_px (some 400 samples of the map, of which a peak
 * takes three to ten), and SHIFT_MARGIN_px: a sample of the map is 1.4 px wide. */
static const double LEAST_REACH_px = 16, SHIFT_MARGIN_px = 2;

/* Sigma of the smoothing of each frame's own power spectrum, in samples of the padded plane.  With 9, 6 and 4 samples the faintest corner
 * overlap of CU428 has a log10 E of -0.9, -1.5 and -2.5; particles and filaments do not care. */
static const double WHITENING_SIGMA = 4.0;

/* Bounds of rho.  What is in each frame need not be in both (filaments bend, ice moves), so it is kept from 1: with .9 in place of .6
 * filaments lose a seventh of their height, nothing else gains.  Kept from 0 because the noise is not known to a few per cent; a bound
 * of .2 costs particles of 60 kDa 10 % of their height and 150 kDa on a Falcon 13 %; in the wide band .05 finds 811 pairs of 48 sessions of 60, .02 814 and
 * .01 815. */
static const double RHO_LEAST = 0.02, RHO_MOST = 0.6;

/* The noise is the mean power between these frequencies. */
static const double NOISE_FROM = 0.44, NOISE_TO = 0.50;

/* Fewer frames than this do not tell what a session has in common from what a pair of them shares. */
enum { LEAST_FRAMES_FOR_COMMON_PART = 8 };

enum { MOST_FRAMES_IN_SAMPLE = 512 };

struct mdup_condition_scratch {
    float *image;            /* padded plane */
    float complex *spectrum; /* its half spectrum */
    float *power;            /* smoothed, a half spectrum */
    float *smoothing;        /* of mdup_smooth_power */
    float *lines;            /* of mdup_remove_lines: at least 2 nx */
};

/* ---- tables ---- */

static void make_window(float *window, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        int32_t from_edge = (i < n - 1 - i ? i : n - 1 - i) - TRIM_px;
        double t = (from_edge + 0.5) / TAPER_px;
        window[i] = t <= 0 ? 0.0f : t >= 1 ? 1.0f : (float)(0.5 - 0.5 * cos(acos(-1.0) * t));
    }
}

/* How much of the window one axis shares at a shift, which need not be whole. */
static double shared_length(const float *window, int32_t n, double shift)
{
    double distance = fabs(shift);
    int32_t whole = (int32_t)distance;
    double fraction = distance - whole, sum[2] = {0, 0};
    for (int32_t i = 0; i + whole < n; i++) {
        sum[0] += (double)window[i] * (double)window[i + whole];
        if (i + whole + 1 < n)
            sum[1] += (double)window[i] * (double)window[i + whole + 1];
    }
    return (1 - fraction) * sum[0] + fraction * sum[1];
}

double mdup_condition_shift_at(int32_t i, int32_t padded_n, int32_t map_n)
{
    int32_t signed_i = i <= map_n / 2 ? i : i - map_n;
    return (double)signed_i * padded_n / map_n;
}

/* NULL with *err. */
static double *make_shared(const float *window, int32_t n, int32_t padded_n, int32_t map_n,
                           mdup_error **err)
{
    double *shared = mdup_calloc((size_t)map_n, sizeof *shared, err);
    for (int32_t i = 0; shared && i < map_n; i++)
        shared[i] = shared_length(window, n, mdup_condition_shift_at(i, padded_n, map_n));
    return shared;
}

static bool is_searched(const mdup_conditioner *c, double shared, double shift_x, double shift_y)
{
    return shared >= c->least_shared && hypot(shift_x, shift_y) <= c->reach_px;
}

static void fill_shared_table(const mdup_conditioner *c, int32_t map_nx, int32_t map_ny,
                              const double *shared_x, const double *shared_y, float *table)
{
    for (int32_t y = 0; y < map_ny; y++) {
        double shift_y = mdup_condition_shift_at(y, c->padded_ny, map_ny);
        for (int32_t x = 0; x < map_nx; x++) {
            double shared = shared_x[x] * shared_y[y];
            bool searched =
                is_searched(c, shared, mdup_condition_shift_at(x, c->padded_nx, map_nx), shift_y);
            table[(ptrdiff_t)y * map_nx + x] = searched ? (float)(1 / sqrt(shared)) : 0.0f;
        }
    }
}

bool mdup_condition_shared(const mdup_conditioner *c, int32_t map_nx, int32_t map_ny, float *table,
                           mdup_error **err)
{
    double *x = make_shared(c->window_x, c->nx, c->padded_nx, map_nx, err);
    double *y = x ? make_shared(c->window_y, c->ny, c->padded_ny, map_ny, err) : NULL;
    if (y)
        fill_shared_table(c, map_nx, map_ny, x, y, table);
    bool ok = y != NULL;
    free(y);
    free(x);
    return ok;
}

/* A Butterworth-like rise that leaves the band above it alone. */
static double low_cut(double frequency)
{
    return frequency <= 0 ? 0 : 1 / sqrt(1 + pow((double)LOW_CUT / frequency, 8));
}

static double bin_frequency(int bin)
{
    return (bin + 0.5) / 256.0;
}

static void make_weight(mdup_conditioner *c, const double *rho)
{
    for (int i = 0; i <= MDUP_RADIAL_BINS; i++) {
        double frequency = i / 256.0;
        /* Table entries lie at the edges of the bins: the mean of the two beside. */
        int below = i > 0 ? i - 1 : 0, above = i < MDUP_RADIAL_BINS ? i : MDUP_RADIAL_BINS - 1;
        double r = rho ? (rho[below] + rho[above]) / 2 : RHO_LEAST;
        c->weight[i] = frequency > (double)MDUP_WIDE_BAND
                           ? 0.0f
                           : (float)(sqrt(r / (1 - r * r)) * low_cut(frequency));
    }
}

void mdup_condition_map_size(const mdup_conditioner *c, float band, int32_t *map_nx,
                             int32_t *map_ny)
{
    *map_nx = mdup_fft_good_size((int32_t)ceil(2.0 * (double)band * c->padded_nx));
    *map_ny = mdup_fft_good_size((int32_t)ceil(2.0 * (double)band * c->padded_ny));
}

static bool fill_conditioner(mdup_conditioner *c, mdup_error **err)
{
    c->padded_nx = mdup_fft_good_size(2 * c->nx);
    c->padded_ny = mdup_fft_good_size(2 * c->ny);
    c->reach_px = HUGE_VAL;
    mdup_condition_map_size(c, MDUP_BAND, &c->map_nx, &c->map_ny);
    if (!(c->padded_fft = mdup_fft_new(c->padded_nx, c->padded_ny, err)) ||
        !(c->window_x = mdup_alloc_aligned((size_t)c->nx, sizeof *c->window_x, err)) ||
        !(c->window_y = mdup_alloc_aligned((size_t)c->ny, sizeof *c->window_y, err)))
        return false;
    make_window(c->window_x, c->nx);
    make_window(c->window_y, c->ny);
    c->least_shared = (double)LEAST_SHARED * shared_length(c->window_x, c->nx, 0) *
                      shared_length(c->window_y, c->ny, 0);
    make_weight(c, NULL);
    return (c->shared_x = make_shared(c->window_x, c->nx, c->padded_nx, c->map_nx, err)) &&
           (c->shared_y = make_shared(c->window_y, c->ny, c->padded_ny, c->map_ny, err));
}

mdup_conditioner *mdup_conditioner_new(int32_t nx, int32_t ny, mdup_error **err)
{
    mdup_conditioner *c = mdup_calloc(1, sizeof *c, err);
    if (!c)
        return NULL;
    c->nx = nx;
    c->ny = ny;
    if (!fill_conditioner(c, err)) {
        mdup_conditioner_free(c);
        return NULL;
    }
    return c;
}

void mdup_conditioner_limit_shifts(mdup_conditioner *c, double max_shift_px)
{
    c->reach_px = fmax(max_shift_px, LEAST_REACH_px) + SHIFT_MARGIN_px;
}

bool mdup_conditioner_shift_at(const mdup_conditioner *c, int32_t x, int32_t y, double *shift_x,
                               double *shift_y)
{
    double at_x = mdup_condition_shift_at(x, c->padded_nx, c->map_nx),
           at_y = mdup_condition_shift_at(y, c->padded_ny, c->map_ny);
    if (!is_searched(c, c->shared_x[x] * c->shared_y[y], at_x, at_y))
        return false;
    *shift_x = at_x;
    *shift_y = at_y;
    return true;
}

void mdup_conditioner_free(mdup_conditioner *c)
{
    if (!c)
        return;
    mdup_fft_free(c->padded_fft);
    free(c->window_x);
    free(c->window_y);
    free(c->shared_x);
    free(c->shared_y);
    free(c);
}

mdup_condition_scratch *mdup_condition_scratch_new(const mdup_conditioner *c, mdup_error **err)
{
    mdup_condition_scratch *s = mdup_calloc(1, sizeof *s, err);
    if (!s)
        return NULL;
    size_t plane = (size_t)c->padded_nx * (size_t)c->padded_ny,
           half = mdup_fft_spectrum_size(c->padded_fft);
    if (!(s->image = mdup_alloc_aligned(plane, sizeof *s->image, err)) ||
        !(s->spectrum = mdup_alloc_aligned(half, sizeof *s->spectrum, err)) ||
        !(s->power = mdup_alloc_aligned(half, sizeof *s->power, err)) ||
        !(s->smoothing =
              mdup_alloc_aligned(mdup_smooth_power_scratch_size(c->padded_nx, c->padded_ny),
                                 sizeof *s->smoothing, err)) ||
        !(s->lines = mdup_alloc_aligned(mdup_remove_lines_scratch_size(c->nx, c->ny),
                                        sizeof *s->lines, err))) {
        mdup_condition_scratch_free(s);
        return NULL;
    }
    return s;
}

void mdup_condition_scratch_free(mdup_condition_scratch *s)
{
    if (!s)
        return;
    free(s->image);
    free(s->spectrum);
    free(s->power);
    free(s->smoothing);
    free(s->lines);
    free(s);
}

/* ---- statistics ---- */

size_t mdup_statistics_sample_size(size_t n)
{
    size_t sample = 1;
    while (sample * 2 <= n && sample < MOST_FRAMES_IN_SAMPLE)
        sample *= 2;
    return n < 1 ? 0 : sample;
}

/* Frequency of a sample of the padded plane, cycles/px of the frame. */
static float frequency_at(const mdup_conditioner *c, int32_t kx, int32_t ky)
{
    float x = (float)kx / (float)c->padded_nx;
    float y = (float)(ky <= c->padded_ny / 2 ? ky : ky - c->padded_ny) / (float)c->padded_ny;
    return sqrtf(x * x + y * y);
}

/* The windowed frame, its windowed mean taken out, in the corner of the padded plane. */
static void place_in_plane(const mdup_conditioner *c, const float *pixels, float *plane)
{
    double sum = 0, weight = 0;
    for (int32_t y = 0; y < c->ny; y++) {
        for (int32_t x = 0; x < c->nx; x++) {
            double w = (double)c->window_x[x] * (double)c->window_y[y];
            sum += w * (double)pixels[(ptrdiff_t)y * c->nx + x];
            weight += w;
        }
    }
    float mean = (float)(sum / weight);
    for (int32_t y = 0; y < c->padded_ny; y++) {
        float *row = plane + (ptrdiff_t)y * c->padded_nx;
        int32_t filled = y < c->ny ? c->nx : 0;
        for (int32_t x = 0; x < filled; x++)
            row[x] = (pixels[(ptrdiff_t)y * c->nx + x] - mean) * c->window_x[x] * c->window_y[y];
        memset(row + filled, 0, (size_t)(c->padded_nx - filled) * sizeof *row);
    }
}

static void add_radial_power(const mdup_conditioner *c, const float complex *spectrum, double *sum,
                             double *count)
{
    int32_t half = c->padded_nx / 2 + 1;
    for (int32_t ky = 0; ky < c->padded_ny; ky++) {
        for (int32_t kx = 0; kx < half; kx++) {
            int bin = (int)(frequency_at(c, kx, ky) * 256);
            float complex value = spectrum[(ptrdiff_t)ky * half + kx];
            sum[bin] += (double)(crealf(value) * crealf(value) + cimagf(value) * cimagf(value));
            count[bin]++;
        }
    }
}

/* A sample that stands out of the smoothed spectrum around it so often is part of a spot.  Of noise the highest of 200,000 samples does 12
 * times, and a spot that all the power is in 50 times, being part of what is smoothed. */
static const float SPOT_OVER_SMOOTH = 15;

static double measure_spots(const mdup_conditioner *c, mdup_condition_scratch *s)
{
    mdup_smooth_power(s->spectrum, c->padded_nx, c->padded_ny, WHITENING_SIGMA, WHITENING_SIGMA,
                      s->smoothing, s->power);
    double spots = 0, all = 0;
    int32_t half = c->padded_nx / 2 + 1;
    for (int32_t ky = 0; ky < c->padded_ny; ky++) {
        for (int32_t kx = 0; kx < half; kx++) {
            float frequency = frequency_at(c, kx, ky);
            ptrdiff_t i = (ptrdiff_t)ky * half + kx;
            float complex f = s->spectrum[i];
            float power = crealf(f) * crealf(f) + cimagf(f) * cimagf(f);
            if (frequency < LOW_CUT || frequency > MDUP_BAND)
                continue;
            all += (double)power;
            spots += power > SPOT_OVER_SMOOTH * s->power[i] ? (double)power : 0;
        }
    }
    return all > 0 ? spots / all : 0;
}

double mdup_condition_power(const mdup_conditioner *c, const int8_t *frame,
                            mdup_condition_scratch *s, double *power)
{
    /* The smoothing scratch is free at this point and large enough for a frame. */
    float *pixels = s->smoothing;
    mdup_condition_clean(c, frame, false, NULL, s, pixels);
    place_in_plane(c, pixels, s->image);
    mdup_fft_forward(c->padded_fft, s->image, s->spectrum);
    double count[MDUP_RADIAL_BINS] = {0};
    memset(power, 0, MDUP_RADIAL_BINS * sizeof *power);
    add_radial_power(c, s->spectrum, power, count);
    for (int i = 0; i < MDUP_RADIAL_BINS; i++)
        power[i] = count[i] > 0 ? power[i] / count[i] : 0;
    return measure_spots(c, s);
}

static double noise_power(const mdup_statistics *statistics)
{
    double sum = 0;
    int n = 0;
    for (int i = 0; i < MDUP_RADIAL_BINS; i++) {
        if (bin_frequency(i) >= NOISE_FROM && bin_frequency(i) < NOISE_TO) {
            sum += statistics->power[i];
            n++;
        }
    }
    return sum / n;
}

void mdup_conditioner_set_statistics(mdup_conditioner *c, const mdup_statistics *statistics)
{
    double noise = statistics->noise_share * noise_power(statistics), rho[MDUP_RADIAL_BINS];
    for (int i = 0; i < MDUP_RADIAL_BINS; i++) {
        double power = statistics->power[i];
        double r = power > noise ? 1 - noise / power : 0;
        rho[i] = fmin(fmax(r, RHO_LEAST), RHO_MOST);
    }
    make_weight(c, rho);
    c->statistics = statistics;
}

float mdup_condition_weight(const mdup_conditioner *c, float frequency)
{
    float at = frequency * 256;
    int bin = (int)at;
    if (bin >= MDUP_RADIAL_BINS)
        return 0;
    return c->weight[bin] + (at - (float)bin) * (c->weight[bin + 1] - c->weight[bin]);
}

float mdup_condition_search_weight(const mdup_conditioner *c, float frequency)
{
    return frequency <= MDUP_BAND ? mdup_condition_weight(c, frequency) : 0;
}

/* ---- one frame ---- */

/* The frames whose sum is the common part of one frame: those of the sample but itself and, when a pair is looked at, the other. */
typedef struct {
    const int32_t *sum;
    const int8_t *self, *other;    /* left out, */
    int32_t self_mask, other_mask; /* or 0 when they are not in the sample */
} others;

/* Their sum at a pixel; its scale does not matter. */
static inline float common_at(const others *o, ptrdiff_t i)
{
    return (float)(o->sum[i] - (o->self[i] & o->self_mask) - (o->other[i] & o->other_mask));
}

/* Adds a row's products of frame and common part, and of the common part with itself, to those of each column. */
MDUP_CLONES
static void add_products(const others *o, const int8_t *frame, ptrdiff_t first, int32_t nx,
                         float *restrict frame_common, float *restrict common_common)
{
    for (int32_t x = 0; x < nx; x++) {
        float common = common_at(o, first + x);
        frame_common[x] += (float)frame[first + x] * common;
        common_common[x] += common * common;
    }
}

/* The factor that fits the common part to the frame best, in frame units per unit of the sum.  columns: 2 nx floats of scratch.  Down the columns
 * in single precision, which compilers turn into vector code, the columns in double. */
static float fit_common_part(const others *o, const int8_t *frame, int32_t nx, int32_t ny,
                             float *columns)
{
    memset(columns, 0, 2 * (size_t)nx * sizeof *columns);
    for (int32_t y = 0; y < ny; y++)
        add_products(o, frame, (ptrdiff_t)y * nx, nx, columns, columns + nx);
    double frame_common = 0, common_common = 0;
    for (int32_t x = 0; x < nx; x++) {
        frame_common += (double)columns[x];
        common_common += (double)columns[nx + x];
    }
    return common_common > 0 ? (float)(frame_common / common_common) : 0.0f;
}

MDUP_CLONES
static void subtract_common_part(const others *o, const int8_t *frame, float factor, ptrdiff_t n,
                                 float *restrict out)
{
    const float unit = 1.0f / MDUP_FRAME_SD_units;
    for (ptrdiff_t i = 0; i < n; i++)
        out[i] = ((float)frame[i] - factor * common_at(o, i)) * unit;
}

static void remove_common_part(const mdup_conditioner *c, const int8_t *frame, const others *o,
                               float *columns, float *out)
{
    ptrdiff_t n = (ptrdiff_t)c->nx * c->ny;
    const float unit = 1.0f / MDUP_FRAME_SD_units;
    if (!c->statistics || c->statistics->n_frames < LEAST_FRAMES_FOR_COMMON_PART) {
        for (ptrdiff_t i = 0; i < n; i++)
            out[i] = (float)frame[i] * unit;
        return;
    }
    subtract_common_part(o, frame, fit_common_part(o, frame, c->nx, c->ny, columns), n, out);
}

void mdup_condition_clean(const mdup_conditioner *c, const int8_t *frame, bool in_sample,
                          const int8_t *other, mdup_condition_scratch *s, float *out)
{
    others o = {c->statistics ? c->statistics->sum : NULL, frame, other ? other : frame,
                in_sample ? -1 : 0, other ? -1 : 0};
    remove_common_part(c, frame, &o, s->lines, out);
    mdup_remove_lines(out, c->nx, c->ny, s->lines);
}

static void whiten(const mdup_conditioner *c, mdup_condition_scratch *s)
{
    mdup_smooth_power(s->spectrum, c->padded_nx, c->padded_ny, WHITENING_SIGMA, WHITENING_SIGMA,
                      s->smoothing, s->power);
    int32_t half = c->padded_nx / 2 + 1;
    for (int32_t ky = 0; ky < c->padded_ny; ky++) {
        for (int32_t kx = 0; kx < half; kx++) {
            ptrdiff_t i = (ptrdiff_t)ky * half + kx;
            float weight = mdup_condition_search_weight(c, frequency_at(c, kx, ky));
            s->spectrum[i] *= s->power[i] > 0 ? weight / sqrtf(s->power[i]) : 0.0f;
        }
    }
}

size_t mdup_condition_size(const mdup_conditioner *c)
{
    return ((size_t)c->map_nx / 2 + 1) * (size_t)c->map_ny;
}

/* The corner |kx|, |ky| < half the map's size of the padded spectrum is the whole spectrum of the map. */
static void cut_band(const mdup_conditioner *c, const float complex *padded, float complex *out)
{
    int32_t half_in = c->padded_nx / 2 + 1, half_out = c->map_nx / 2 + 1;
    float scale = 1.0f / ((float)c->padded_nx * (float)c->padded_ny);
    for (int32_t ky = 0; ky < c->map_ny; ky++) {
        int32_t from = ky < c->map_ny / 2 ? ky : ky - c->map_ny + c->padded_ny;
        const float complex *in = padded + (ptrdiff_t)from * half_in;
        float complex *row = out + (ptrdiff_t)ky * half_out;
        for (int32_t kx = 0; kx < half_out; kx++)
            row[kx] = in[kx] * scale;
        /* The map's own Nyquist column and row stand for two frequencies each. */
        row[half_out - 1] = 0;
        if (ky == c->map_ny / 2)
            memset(row, 0, (size_t)half_out * sizeof *row);
    }
}

void mdup_condition(const mdup_conditioner *c, const int8_t *frame, bool in_sample,
                    mdup_condition_scratch *s, float complex *spectrum)
{
    float *pixels = s->smoothing;
    mdup_condition_clean(c, frame, in_sample, NULL, s, pixels);
    place_in_plane(c, pixels, s->image);
    mdup_fft_forward(c->padded_fft, s->image, s->spectrum);
    whiten(c, s);
    cut_band(c, s->spectrum, spectrum);
}
