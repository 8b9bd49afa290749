#include "verify/power.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "image/blur.h"
#include "verify/crop.h"

/* Smoothed over POWER_SIGMA_px: wider than a particle. */
enum { CELL_px = 6 };
static const double POWER_SIGMA_px = 8.0;

static const float MEAN_POWER = 256;

struct mdup_power_meter {
    const mdup_conditioner *conditioner;
    int32_t nx, ny; /* of the plane */
    mdup_fft *fft;
    bool is_weighted;
    float *weight; /* of the conditioner with its statistics, a sample of the half spectrum each */
    float *image, *smooth, *smoothing, *cells, *taper_x, *taper_y;
    float complex *spectrum;
};

static int32_t count_cells(int32_t n)
{
    return (n + CELL_px - 1) / CELL_px;
}

size_t mdup_power_cells(int32_t nx, int32_t ny)
{
    return (size_t)count_cells(nx) * (size_t)count_cells(ny);
}

static void fill_weight(const mdup_conditioner *c, mdup_power_meter *m)
{
    int32_t half = m->nx / 2 + 1;
    for (int32_t ky = 0; ky < m->ny; ky++) {
        float fy = (float)(ky <= m->ny / 2 ? ky : ky - m->ny) / (float)m->ny;
        for (int32_t kx = 0; kx < half; kx++) {
            float fx = (float)kx / (float)m->nx;
            m->weight[(ptrdiff_t)ky * half + kx] =
                mdup_condition_weight(c, sqrtf(fx * fx + fy * fy));
        }
    }
}

static bool make_room(const mdup_conditioner *c, mdup_power_meter *m, mdup_error **err)
{
    size_t plane = (size_t)m->nx * (size_t)m->ny, half = ((size_t)m->nx / 2 + 1) * (size_t)m->ny;
    return (m->fft = mdup_fft_new(m->nx, m->ny, err)) &&
           (m->weight = mdup_alloc_aligned(half, sizeof *m->weight, err)) &&
           (m->image = mdup_alloc_aligned(plane, sizeof *m->image, err)) &&
           (m->spectrum = mdup_alloc_aligned(half, sizeof *m->spectrum, err)) &&
           (m->smooth = mdup_alloc_aligned(half, sizeof *m->smooth, err)) &&
           (m->smoothing = mdup_alloc_aligned(mdup_smooth_power_scratch_size(m->nx, m->ny),
                                              sizeof *m->smoothing, err)) &&
           (m->cells = mdup_alloc_aligned(mdup_power_cells(c->nx, c->ny), sizeof *m->cells, err)) &&
           (m->taper_x = mdup_alloc_aligned((size_t)c->nx, sizeof *m->taper_x, err)) &&
           (m->taper_y = mdup_alloc_aligned((size_t)c->ny, sizeof *m->taper_y, err));
}

mdup_power_meter *mdup_power_meter_new(const mdup_conditioner *c, mdup_error **err)
{
    mdup_power_meter *m = mdup_calloc(1, sizeof *m, err);
    if (!m)
        return NULL;
    m->conditioner = c;
    m->nx = mdup_fft_good_size(c->nx);
    m->ny = mdup_fft_good_size(c->ny);
    if (!make_room(c, m, err)) {
        mdup_power_meter_free(m);
        return NULL;
    }
    mdup_crop_taper(c->nx, m->taper_x);
    mdup_crop_taper(c->ny, m->taper_y);
    return m;
}

void mdup_power_meter_free(mdup_power_meter *m)
{
    if (!m)
        return;
    mdup_fft_free(m->fft);
    free(m->weight);
    free(m->image);
    free(m->spectrum);
    free(m->smooth);
    free(m->smoothing);
    free(m->cells);
    free(m->taper_x);
    free(m->taper_y);
    free(m);
}

/* ---- measuring ---- */

static void whiten(mdup_power_meter *m)
{
    mdup_smooth_power(m->spectrum, m->nx, m->ny, mdup_whitening_sigma_x(m->nx),
                      mdup_whitening_sigma_y(m->ny), m->smoothing, m->smooth);
    size_t n = mdup_fft_spectrum_size(m->fft);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)m->smooth[i];
    float floor = MDUP_WHITENING_FLOOR * (float)(sum / (double)n);
    for (size_t i = 0; i < n; i++) {
        float power = m->smooth[i] + floor;
        m->spectrum[i] *= power > 0 ? m->weight[i] / sqrtf(power) : 0.0f;
    }
}

/* Cells at the far edges may be narrower. */
static void sum_squares(const mdup_power_meter *m, int32_t nx, int32_t ny)
{
    int32_t cells_nx = count_cells(nx);
    memset(m->cells, 0, mdup_power_cells(nx, ny) * sizeof *m->cells);
    for (int32_t y = 0; y < ny; y++) {
        const float *row = m->image + (ptrdiff_t)y * m->nx;
        float *cells = m->cells + (ptrdiff_t)(y / CELL_px) * cells_nx;
        int32_t high = ny - y / CELL_px * CELL_px;
        for (int32_t x = 0; x < nx; x++) {
            int32_t wide = nx - x / CELL_px * CELL_px;
            float area =
                (float)(wide < CELL_px ? wide : CELL_px) * (float)(high < CELL_px ? high : CELL_px);
            cells[x / CELL_px] += row[x] * row[x] / area;
        }
    }
}

static void store(const float *cells, size_t n, uint16_t *power)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)cells[i];
    float scale = sum > 0 ? MEAN_POWER * (float)n / (float)sum : 0;
    for (size_t i = 0; i < n; i++)
        power[i] = (uint16_t)fmaxf(0, fminf(65535, cells[i] * scale + 0.5f));
}

void mdup_power_measure(mdup_power_meter *m, const float *clean, uint16_t *power)
{
    int32_t nx = m->conditioner->nx, ny = m->conditioner->ny;
    const mdup_crop whole = {0, 0, nx, ny};
    if (!m->is_weighted)
        fill_weight(m->conditioner, m);
    m->is_weighted = true;
    memset(m->image, 0, (size_t)m->nx * (size_t)m->ny * sizeof *m->image);
    float mean = mdup_crop_mean(clean, nx, &whole, m->taper_x, m->taper_y);
    for (int32_t y = 0; y < ny; y++)
        mdup_crop_row(clean, nx, &whole, y, mean, m->taper_x, m->taper_y[y],
                      m->image + (ptrdiff_t)y * m->nx);
    mdup_fft_forward(m->fft, m->image, m->spectrum);
    whiten(m);
    mdup_fft_inverse(m->fft, m->spectrum, m->image);
    sum_squares(m, nx, ny);
    mdup_blur(m->cells, count_cells(nx), count_cells(ny), POWER_SIGMA_px / CELL_px,
              POWER_SIGMA_px / CELL_px, m->smoothing);
    store(m->cells, mdup_power_cells(nx, ny), power);
}

/* ---- two frames ---- */

double mdup_power_joint(const uint16_t *a, const uint16_t *b, int32_t nx, int32_t ny,
                        double shift_x, double shift_y)
{
    int32_t cells_nx = count_cells(nx), cells_ny = count_cells(ny);
    int32_t dx = (int32_t)lround(shift_x / CELL_px), dy = (int32_t)lround(shift_y / CELL_px);
    double n = 0, sum_a = 0, sum_b = 0, sum_ab = 0;
    for (int32_t y = dy < 0 ? -dy : 0; y < cells_ny && y + dy < cells_ny; y++) {
        const uint16_t *row_a = a + (ptrdiff_t)(y + dy) * cells_nx + dx;
        const uint16_t *row_b = b + (ptrdiff_t)y * cells_nx;
        uint64_t row_sum_a = 0, row_sum_b = 0, row_sum_ab = 0;
        int32_t first = dx < 0 ? -dx : 0, end = dx > 0 ? cells_nx - dx : cells_nx;
        for (int32_t x = first; x < end; x++) {
            row_sum_a += row_a[x];
            row_sum_b += row_b[x];
            row_sum_ab += (uint32_t)row_a[x] * row_b[x];
        }
        n += end > first ? end - first : 0;
        sum_a += (double)row_sum_a;
        sum_b += (double)row_sum_b;
        sum_ab += (double)row_sum_ab;
    }
    return sum_a > 0 && sum_b > 0 ? n * sum_ab / (sum_a * sum_b) : 1;
}
