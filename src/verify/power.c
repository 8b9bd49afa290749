#include "verify/power.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "image/blur.h"
#include "verify/whole.h"

/* Smoothed over POWER_SIGMA_px: wider than a particle. */
enum { CELL_px = 6 };
static const double POWER_SIGMA_px = 8.0;

static const float MEAN_POWER = 256;

struct mdup_power_meter {
    int32_t nx, ny; /* of a frame */
    mdup_whitener *whitener;
    float *cells, *smoothing;
};

static int32_t count_cells(int32_t n)
{
    return (n + CELL_px - 1) / CELL_px;
}

size_t mdup_power_cells(int32_t nx, int32_t ny)
{
    return (size_t)count_cells(nx) * (size_t)count_cells(ny);
}

static bool make_room(const mdup_conditioner *c, mdup_power_meter *m, mdup_error **err)
{
    size_t smoothing = mdup_blur_scratch_size(count_cells(c->nx), count_cells(c->ny));
    return (m->whitener = mdup_whitener_new(c, err)) &&
           (m->cells = mdup_alloc_aligned(mdup_power_cells(c->nx, c->ny), sizeof *m->cells, err)) &&
           (m->smoothing = mdup_alloc_aligned(smoothing, sizeof *m->smoothing, err));
}

mdup_power_meter *mdup_power_meter_new(const mdup_conditioner *c, mdup_error **err)
{
    mdup_power_meter *m = mdup_calloc(1, sizeof *m, err);
    if (!m)
        return NULL;
    m->nx = c->nx;
    m->ny = c->ny;
    if (make_room(c, m, err))
        return m;
    mdup_power_meter_free(m);
    return NULL;
}

void mdup_power_meter_free(mdup_power_meter *m)
{
    if (!m)
        return;
    mdup_whitener_free(m->whitener);
    free(m->cells);
    free(m->smoothing);
    free(m);
}

/* ---- measuring ---- */

/* Cells at the far edges may be narrower. */
static void sum_squares(const mdup_power_meter *m, const float *image, ptrdiff_t stride)
{
    int32_t nx = m->nx, ny = m->ny, cells_nx = count_cells(nx);
    memset(m->cells, 0, mdup_power_cells(nx, ny) * sizeof *m->cells);
    for (int32_t y = 0; y < ny; y++) {
        const float *row = image + y * stride;
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
    ptrdiff_t stride;
    const float *image = mdup_whiten_frame(m->whitener, clean, &stride);
    sum_squares(m, image, stride);
    mdup_blur(m->cells, count_cells(m->nx), count_cells(m->ny), POWER_SIGMA_px / CELL_px,
              POWER_SIGMA_px / CELL_px, m->smoothing);
    store(m->cells, mdup_power_cells(m->nx, m->ny), power);
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
