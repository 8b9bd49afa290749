#include "simulate/canvas.h"

#include <math.h>
#include <string.h>

/* In samples; a Gaussian of 0.6 samples keeps 97 % of its power below the grid's Nyquist
 * frequency. */
static const double FINEST_SIGMA = 0.6;
static const double CUT_AT_SIGMAS = 3.3;
enum { LARGEST_RADIUS = 40 };

mdup_window mdup_canvas_window(const mdup_canvas *canvas, double reach_A)
{
    return (mdup_window){canvas->x_A - reach_A, canvas->y_A - reach_A,
                         canvas->x_A + (canvas->nx - 1) * canvas->step_A + reach_A,
                         canvas->y_A + (canvas->ny - 1) * canvas->step_A + reach_A};
}

mdup_cells mdup_window_cells(const mdup_window *window, double cell_A)
{
    return (mdup_cells){(int64_t)floor(window->x0 / cell_A), (int64_t)floor(window->y0 / cell_A),
                        (int64_t)floor(window->x1 / cell_A), (int64_t)floor(window->y1 / cell_A)};
}

void mdup_canvas_clear(mdup_canvas *canvas)
{
    size_t bytes = (size_t)canvas->nx * (size_t)canvas->ny * sizeof(float);
    memset(canvas->phase_rad, 0, bytes);
    memset(canvas->loss, 0, bytes);
}

/* The samples within `radius` of `centre` that exist: first..last, empty when first > last. */
typedef struct {
    int32_t first, last;
} span;

static span span_around(double centre, double radius, int32_t n)
{
    /* Compared as doubles first: a place far outside need not fit an int32_t. */
    if (!(centre + radius >= 0 && centre - radius <= n - 1))
        return (span){0, -1};
    double first = ceil(centre - radius), last = floor(centre + radius);
    return (span){first < 0 ? 0 : (int32_t)first, last > n - 1 ? n - 1 : (int32_t)last};
}

static void gaussian(float *out, span s, double centre, double sigma)
{
    float scale = (float)(-0.5 / (sigma * sigma));
    for (int32_t i = s.first; i <= s.last; i++) {
        float d = (float)(i - centre);
        out[i - s.first] = expf(scale * d * d);
    }
}

void mdup_canvas_add_blob(mdup_canvas *canvas, double x_A, double y_A, double sigma_A,
                          double weight_rad_A2)
{
    double x = (x_A - canvas->x_A) / canvas->step_A, y = (y_A - canvas->y_A) / canvas->step_A;
    double sigma = fmax(sigma_A / canvas->step_A, FINEST_SIGMA);
    double radius = fmin(CUT_AT_SIGMAS * sigma, LARGEST_RADIUS);
    span sx = span_around(x, radius, canvas->nx), sy = span_around(y, radius, canvas->ny);
    if (sx.first > sx.last || sy.first > sy.last)
        return;
    float gx[2 * LARGEST_RADIUS + 1], gy[2 * LARGEST_RADIUS + 1];
    gaussian(gx, sx, x, sigma);
    gaussian(gy, sy, y, sigma);
    double sigma_drawn_A = sigma * canvas->step_A;
    float peak = (float)(weight_rad_A2 / (6.283185307179586 * sigma_drawn_A * sigma_drawn_A));
    for (int32_t j = sy.first; j <= sy.last; j++) {
        float *row = canvas->phase_rad + (size_t)j * (size_t)canvas->nx + sx.first;
        float factor = peak * gy[j - sy.first];
        for (int32_t i = 0; i <= sx.last - sx.first; i++)
            row[i] += factor * gx[i];
    }
}

void mdup_canvas_add_ball(mdup_canvas *canvas, double x_A, double y_A, double radius_A,
                          double phase_rad_per_A, double loss_per_A)
{
    double x = (x_A - canvas->x_A) / canvas->step_A, y = (y_A - canvas->y_A) / canvas->step_A;
    double radius = radius_A / canvas->step_A;
    span sx = span_around(x, radius, canvas->nx), sy = span_around(y, radius, canvas->ny);
    for (int32_t j = sy.first; j <= sy.last; j++) {
        size_t row = (size_t)j * (size_t)canvas->nx;
        for (int32_t i = sx.first; i <= sx.last; i++) {
            double inside = radius * radius - (i - x) * (i - x) - (j - y) * (j - y);
            if (inside <= 0)
                continue;
            double length_A = 2 * sqrt(inside) * canvas->step_A;
            canvas->phase_rad[row + (size_t)i] += (float)(length_A * phase_rad_per_A);
            canvas->loss[row + (size_t)i] += (float)(length_A * loss_per_A);
        }
    }
}
