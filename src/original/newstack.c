#include "original/newstack.h"

#include <math.h>

/* Where along one axis the positions of the result come from.  The ends are exclusive. */
typedef struct {
    int32_t size;                   /* px */
    int32_t near_first, near_end;   /* positions whose nearest source pixel exists */
    int32_t cubic_first, cubic_end; /* of those, positions with two source pixels on either side */
    int32_t near_source;            /* nearest source pixel of position 0 */
    float from_near;                /* px from it, -0.5 to 0.5 */
    int32_t cubic_source; /* source pixel before that below position 0: the first of four */
    float weights[4];
} axis;

static int32_t clamp(double value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : (int32_t)value;
}

static void fill_weights(double t, float *weights)
{
    weights[0] = (float)(-t * (t - 1) * (t - 1));
    weights[1] = (float)(1 + t * t * (t - 2));
    weights[2] = (float)(t * (1 - t * (t - 1)));
    weights[3] = (float)(t * t * (t - 1));
}

/* `slack` px are left to the quadratic at each end beyond what the cubic needs: 0.01 in x in IMOD. */
static axis make_axis(int32_t size, double shift, double slack)
{
    double near = floor(-shift + 0.5);
    double below = floor(-shift);
    axis a = {.size = size};
    a.near_first = clamp(-near, 0, size);
    a.near_end = clamp(size - near, a.near_first, size);
    a.cubic_first = clamp(fmax(1 - below, ceil(shift + 1 + slack)), a.near_first, a.near_end);
    a.cubic_end =
        clamp(fmin(size - 2 - below, ceil(shift + size - 2 - slack)), a.cubic_first, a.near_end);
    a.near_source = (int32_t)near;
    a.from_near = (float)(-shift - near);
    a.cubic_source = (int32_t)below - 1;
    fill_weights(-shift - below, a.weights);
    return a;
}

static void fill_range(float *out, int32_t first, int32_t end, float fill)
{
    for (int32_t x = first; x < end; x++)
        out[x] = fill;
}

static float clip(float value, const float *neighbours)
{
    float low = neighbours[0];
    float high = neighbours[0];
    for (int i = 1; i < 5; i++) {
        low = neighbours[i] < low ? neighbours[i] : low;
        high = neighbours[i] > high ? neighbours[i] : high;
    }
    return value < low ? low : value > high ? high : value;
}

static void quadratic_range(const float *image, const axis *ax, const axis *ay, int32_t y,
                            int32_t first, int32_t end, float *out)
{
    int32_t sy = y + ay->near_source;
    const float *middle = image + (ptrdiff_t)sy * ax->size;
    const float *below = sy > 0 ? middle - ax->size : middle;
    const float *above = sy < ay->size - 1 ? middle + ax->size : middle;
    float dx = ax->from_near;
    float dy = ay->from_near;
    for (int32_t x = first; x < end; x++) {
        int32_t sx = x + ax->near_source;
        float left = middle[sx > 0 ? sx - 1 : sx];
        float right = middle[sx < ax->size - 1 ? sx + 1 : sx];
        const float neighbours[5] = {middle[sx], left, right, below[sx], above[sx]};
        float bend_x = 0.5f * (left + right) - middle[sx];
        float bend_y = 0.5f * (below[sx] + above[sx]) - middle[sx];
        float value = middle[sx] + dx * (bend_x * dx + 0.5f * (right - left)) +
                      dy * (bend_y * dy + 0.5f * (above[sx] - below[sx]));
        out[x] = clip(value, neighbours);
    }
}

/* The shift is the same everywhere, so the cubic is one set of four weights an axis: first down the columns into `row`,
 * then along it. */
static void cubic_range(const float *image, const axis *ax, const axis *ay, int32_t y, float *row,
                        float *out)
{
    const float *w = ay->weights;
    const float *r0 = image + (ptrdiff_t)(y + ay->cubic_source) * ax->size;
    const float *r1 = r0 + ax->size;
    const float *r2 = r1 + ax->size;
    const float *r3 = r2 + ax->size;
    for (int32_t x = 0; x < ax->size; x++)
        row[x] = w[0] * r0[x] + w[1] * r1[x] + w[2] * r2[x] + w[3] * r3[x];
    w = ax->weights;
    for (int32_t x = ax->cubic_first; x < ax->cubic_end; x++) {
        const float *s = row + (x + ax->cubic_source);
        out[x] = w[0] * s[0] + w[1] * s[1] + w[2] * s[2] + w[3] * s[3];
    }
}

static void shift_row(const float *image, const axis *ax, const axis *ay, int32_t y, float fill,
                      float *row, float *out)
{
    if (y < ay->near_first || y >= ay->near_end) {
        fill_range(out, 0, ax->size, fill);
        return;
    }
    fill_range(out, 0, ax->near_first, fill);
    fill_range(out, ax->near_end, ax->size, fill);
    if (y < ay->cubic_first || y >= ay->cubic_end) {
        quadratic_range(image, ax, ay, y, ax->near_first, ax->near_end, out);
        return;
    }
    quadratic_range(image, ax, ay, y, ax->near_first, ax->cubic_first, out);
    cubic_range(image, ax, ay, y, row, out);
    quadratic_range(image, ax, ay, y, ax->cubic_end, ax->near_end, out);
}

float mdup_newstack_fill(const double *row_sums, int32_t nx, int32_t ny, double shift_y_px)
{
    /* The rows IMOD reads for the cubic: truncated, not rounded down, as it does. */
    int32_t first = clamp(trunc(1 - shift_y_px) - 2, 0, ny - 1);
    int32_t last = clamp(trunc(ny - shift_y_px) + 1, first, ny - 1);
    double sum = 0;
    for (int32_t y = first; y <= last; y++)
        sum += row_sums[y];
    return (float)(sum / ((double)nx * (last - first + 1)));
}

void mdup_newstack_shift(const float *image, int32_t nx, int32_t ny, double shift_x_px,
                         double shift_y_px, float fill, float *row, float *out, int32_t out_stride)
{
    axis ax = make_axis(nx, shift_x_px, 0.01);
    axis ay = make_axis(ny, shift_y_px, 0);
    for (int32_t y = 0; y < ny; y++)
        shift_row(image, &ax, &ay, y, fill, row, out + (ptrdiff_t)y * out_stride);
}
