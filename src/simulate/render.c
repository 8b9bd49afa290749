#include "simulate/render.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "image/fft.h"
#include "simulate/artefacts.h"
#include "simulate/detector.h"
#include "simulate/physics.h"
#include "simulate/random.h"
#include "simulate/specimen.h"

/* The image is computed on a grid of up to 3.4 A and interpolated: what it holds beyond 1 / 7 A
 * (a quarter of the amplitude of a protein's own faint detail) gets into no frame of 8 A/px and
 * more, where screening works. So a K3 frame is a transform of 1.5 million samples and not of
 * 24.  The noise is made at full resolution. */
static const double COARSEST_STEP_A = 3.4;
enum { MOST_PIXELS_A_STEP = 17, TAPS = 4 };

/* Below this no part of an image gets, however thick: linear imaging would go negative under a
 * crystal. */
static const float DARKEST = 0.05F;

struct mdup_renderer {
    int32_t nx, ny;
    double pixel_A;
    int32_t bin; /* the image is formed on pixels finer by this */
    int32_t fine_nx, fine_ny;
    double fine_pixel_A;
    int32_t pixels_a_step; /* fine ones */
    int32_t margin;        /* samples around the frame: what the lens spreads in from outside */
    double mean_e;
    uint64_t noise_key;
    mdup_canvas grid; /* size and step; no memory */
    mdup_sample sample;
    mdup_detector detector;
    mdup_artefacts artefacts;
    mdup_noise_table noise;
    mdup_fft *fft;
    float weight[MOST_PIXELS_A_STEP]
                [TAPS]; /* cubic B-spline at (pixel % pixels_a_step) / pixels_a_step */
};

struct mdup_render_buffers {
    mdup_canvas canvas;
    float *image; /* electrons a pixel on the grid, in the place of the canvas' phase */
    float complex *spectrum;
    float *column; /* a row of the grid at the height of a row of pixels */
    float *fine;   /* a row of fine pixels; NULL when not binned */
    float *jump;   /* what the edges have between them, see detector.h */
    float *noise;  /* a row */
    float *frame;
};

static void fill_weights(mdup_renderer *r)
{
    for (int32_t p = 0; p < r->pixels_a_step; p++) {
        double t = (double)p / r->pixels_a_step, u = 1 - t;
        r->weight[p][0] = (float)(u * u * u / 6);
        r->weight[p][1] = (float)((4 - 6 * t * t + 3 * t * t * t) / 6);
        r->weight[p][2] = (float)((4 - 6 * u * u + 3 * u * u * u) / 6);
        r->weight[p][3] = (float)(t * t * t / 6);
    }
}

/* The lens moves what belongs to frequency k by wavelength * defocus * k; at 1 / 8 A little is
 * left to move. */
static void choose_grid(const mdup_simulate_options *options, mdup_renderer *r)
{
    r->bin = options->bin > 1 ? options->bin : 1;
    r->fine_nx = r->nx * r->bin;
    r->fine_ny = r->ny * r->bin;
    r->fine_pixel_A = r->pixel_A / r->bin;
    double steps = floor(COARSEST_STEP_A / r->fine_pixel_A);
    r->pixels_a_step = (int32_t)fmin(fmax(steps, 1), MOST_PIXELS_A_STEP);
    double step_A = r->pixels_a_step * r->fine_pixel_A;
    double spread_A = MDUP_WAVELENGTH_A * options->defocus_max_um * 1e4 / 8 + 50;
    r->margin = 4 + (int32_t)(spread_A / step_A);
    r->grid.step_A = step_A;
    r->grid.nx = mdup_fft_good_size((r->fine_nx - 1) / r->pixels_a_step + 1 + 2 * r->margin);
    r->grid.ny = mdup_fft_good_size((r->fine_ny - 1) / r->pixels_a_step + 1 + 2 * r->margin);
}

mdup_renderer *mdup_renderer_new(const mdup_simulate_options *options, mdup_error **err)
{
    mdup_renderer *r = mdup_calloc(1, sizeof *r, err);
    if (!r)
        return NULL;
    r->nx = options->nx;
    r->ny = options->ny;
    r->pixel_A = options->pixel_A;
    r->mean_e = options->dose_e_A2 * options->pixel_A * options->pixel_A * MDUP_QUANTUM_EFFICIENCY;
    r->noise_key = mdup_key(options->seed, MDUP_KEY_NOISE);
    r->artefacts = mdup_artefacts_choose(options);
    choose_grid(options, r);
    fill_weights(r);
    mdup_noise_table_init(&r->noise);
    bool ok =
        mdup_sample_make(options, &r->sample, err) &&
        mdup_detector_make(r->nx, r->ny, r->pixel_A, options->artefacts & MDUP_ARTEFACT_PATTERN,
                           mdup_key(options->seed, MDUP_KEY_DETECTOR), &r->detector, err) &&
        (r->fft = mdup_fft_new(r->grid.nx, r->grid.ny, err)) != NULL;
    if (!ok) {
        mdup_renderer_free(r);
        return NULL;
    }
    return r;
}

void mdup_renderer_free(mdup_renderer *renderer)
{
    if (!renderer)
        return;
    mdup_fft_free(renderer->fft);
    mdup_detector_free(&renderer->detector);
    mdup_sample_free(&renderer->sample);
    free(renderer);
}

double mdup_renderer_mean_e(const mdup_renderer *renderer)
{
    return renderer->mean_e;
}

static size_t grid_samples(const mdup_renderer *r)
{
    return (size_t)r->grid.nx * (size_t)r->grid.ny;
}

size_t mdup_renderer_buffer_bytes(const mdup_renderer *renderer)
{
    size_t frame = (size_t)renderer->nx * (size_t)renderer->ny * sizeof(float);
    return frame + 2 * grid_samples(renderer) * sizeof(float) +
           mdup_fft_spectrum_size(renderer->fft) * sizeof(float complex);
}

mdup_render_buffers *mdup_render_buffers_new(const mdup_renderer *renderer, mdup_error **err)
{
    mdup_render_buffers *b = mdup_calloc(1, sizeof *b, err);
    if (!b)
        return NULL;
    size_t nx = (size_t)renderer->nx, samples = grid_samples(renderer);
    b->canvas = renderer->grid;
    bool ok =
        (b->canvas.phase_rad = mdup_alloc_aligned(samples, sizeof(float), err)) != NULL &&
        (b->canvas.loss = mdup_alloc_aligned(samples, sizeof(float), err)) != NULL &&
        (b->spectrum = mdup_alloc_aligned(mdup_fft_spectrum_size(renderer->fft),
                                          sizeof *b->spectrum, err)) != NULL &&
        (b->column = mdup_alloc_aligned((size_t)renderer->grid.nx, sizeof(float), err)) != NULL &&
        (renderer->bin == 1 ||
         (b->fine = mdup_alloc_aligned((size_t)renderer->fine_nx, sizeof(float), err)) != NULL) &&
        (b->jump = mdup_alloc_aligned(nx, sizeof(float), err)) != NULL &&
        (b->noise = mdup_alloc_aligned(nx, sizeof(float), err)) != NULL &&
        (b->frame = mdup_alloc_aligned(nx * (size_t)renderer->ny, sizeof(float), err)) != NULL;
    if (!ok) {
        mdup_render_buffers_free(b);
        return NULL;
    }
    b->image = b->canvas.phase_rad;
    return b;
}

void mdup_render_buffers_free(mdup_render_buffers *buffers)
{
    if (!buffers)
        return;
    free(buffers->frame);
    free(buffers->noise);
    free(buffers->jump);
    free(buffers->fine);
    free(buffers->column);
    free(buffers->spectrum);
    free(buffers->canvas.loss);
    free(buffers->canvas.phase_rad);
    free(buffers);
}

/* The mean number of electrons on the grid, ready for the spline. */
static void make_image(const mdup_renderer *r, const mdup_exposure *e, mdup_render_buffers *b)
{
    mdup_canvas *canvas = &b->canvas;
    /* The middle of a pixel is where it is said to be, not that of its first fine pixel. */
    double to_first_A = (r->bin - 1) / 2.0 * r->fine_pixel_A;
    canvas->x_A = e->x_px * r->pixel_A - to_first_A - r->margin * canvas->step_A;
    canvas->y_A = e->y_px * r->pixel_A - to_first_A - r->margin * canvas->step_A;
    mdup_place place = mdup_sample_place(&r->sample, e->place);
    mdup_place_draw(&r->sample, &place, e->visit, canvas);
    mdup_fft_forward(r->fft, canvas->phase_rad, b->spectrum);
    mdup_optics_apply(&e->optics, canvas, b->spectrum);
    bool drifts = fabs(e->optics.drift_x_A) > 0 || fabs(e->optics.drift_y_A) > 0;
    if (drifts || r->bin > 1)
        mdup_optics_smear(&e->optics, r->bin > 1 ? r->fine_pixel_A : 0, canvas, b->spectrum);
    mdup_fft_inverse(r->fft, b->spectrum, b->image);
    float mean_e = (float)r->mean_e;
    size_t n = grid_samples(r);
    for (size_t i = 0; i < n; i++) {
        float relative = expf(-canvas->loss[i]) * (1 + b->image[i]);
        b->image[i] = mean_e * (relative > DARKEST ? relative : DARKEST);
    }
}

/* One row of fine pixels of the image. */
static void interpolate_row(const mdup_renderer *r, int32_t y, mdup_render_buffers *b, float *out)
{
    int32_t n = r->pixels_a_step, width = r->grid.nx;
    const float *weight = r->weight[y % n];
    const float *rows = b->image + (size_t)(r->margin + y / n - 1) * (size_t)width;
    for (int32_t i = 0; i < width; i++)
        b->column[i] = weight[0] * rows[i] + weight[1] * rows[width + i] +
                       weight[2] * rows[2 * width + i] + weight[3] * rows[3 * width + i];
    const float *at = b->column + r->margin - 1;
    int32_t x = 0;
    for (; x + n <= r->fine_nx; x += n, at++)
        for (int32_t p = 0; p < n; p++)
            out[x + p] = r->weight[p][0] * at[0] + r->weight[p][1] * at[1] +
                         r->weight[p][2] * at[2] + r->weight[p][3] * at[3];
    for (int32_t p = 0; x + p < r->fine_nx; p++)
        out[x + p] = r->weight[p][0] * at[0] + r->weight[p][1] * at[1] + r->weight[p][2] * at[2] +
                     r->weight[p][3] * at[3];
}

static void average_row(const mdup_renderer *r, int32_t y, mdup_render_buffers *b, float *out)
{
    memset(out, 0, (size_t)r->nx * sizeof *out);
    for (int32_t k = 0; k < r->bin; k++) {
        interpolate_row(r, y * r->bin + k, b, b->fine);
        const float *fine = b->fine;
        for (int32_t x = 0; x < r->nx; x++)
            for (int32_t p = 0; p < r->bin; p++)
                out[x] += *fine++;
    }
    float share = 1.0F / (float)(r->bin * r->bin);
    for (int32_t x = 0; x < r->nx; x++)
        out[x] *= share;
}

/* One row of pixels of what falls on the camera. */
static void image_row(const mdup_renderer *r, int32_t y, mdup_render_buffers *b, float *out)
{
    if (r->bin == 1)
        interpolate_row(r, y, b, out);
    else
        average_row(r, y, b, out);
    mdup_artefacts_shade(&r->artefacts, y, out);
}

static void add_pattern(const mdup_renderer *r, int32_t y, float *row)
{
    const int8_t *pattern = r->detector.pattern + (size_t)y * (size_t)r->nx;
    for (int32_t x = 0; x < r->nx; x++)
        row[x] *= 1 + r->detector.gain_step * (float)pattern[x];
    mdup_artefacts_spoil_gain(&r->artefacts, row);
}

/* From the image's last row up to its first one, as if they met. */
static void find_jump(const mdup_renderer *r, mdup_render_buffers *b)
{
    image_row(r, 0, b, b->noise);
    image_row(r, r->ny - 1, b, b->jump);
    for (int32_t x = 0; x < r->nx; x++)
        b->jump[x] -= b->noise[x];
}

static void add_ringing(const mdup_renderer *r, int32_t y, const mdup_render_buffers *b, float *row)
{
    int32_t from_top = r->ny - 1 - y;
    int32_t distance = y < from_top ? y : from_top;
    float share = (float)mdup_detector_ringing(&r->detector, distance);
    if (y >= from_top)
        share = -share;
    for (int32_t x = 0; x < r->nx; x++)
        row[x] += share * b->jump[x];
    mdup_artefacts_ring(&r->artefacts, distance, (float)r->mean_e, row);
}

/* Poisson's distribution is close to normal at the 20 and more electrons of a pixel, and what is
 * recorded are sums over aligned movie frames, not counts; mean and variance are right at any
 * dose. */
static void add_noise(const mdup_renderer *r, mdup_rng *rng, float *noise, float *row)
{
    mdup_noise_fill(&r->noise, rng, noise, (size_t)r->nx);
    for (int32_t x = 0; x < r->nx; x++)
        row[x] += sqrtf(row[x] > 0 ? row[x] : 0) * noise[x];
}

float *mdup_render(const mdup_renderer *renderer, const mdup_exposure *exposure, size_t index,
                   mdup_render_parts parts, mdup_render_buffers *buffers)
{
    make_image(renderer, exposure, buffers);
    find_jump(renderer, buffers);
    mdup_rng rng = mdup_rng_new(mdup_key(renderer->noise_key, index));
    for (int32_t y = 0; y < renderer->ny; y++) {
        float *row = buffers->frame + (size_t)y * (size_t)renderer->nx;
        image_row(renderer, y, buffers, row);
        if (parts != MDUP_RENDER_IMAGE) {
            add_ringing(renderer, y, buffers, row);
            add_pattern(renderer, y, row);
        }
        if (parts == MDUP_RENDER_ALL)
            add_noise(renderer, &rng, buffers->noise, row);
    }
    return buffers->frame;
}
