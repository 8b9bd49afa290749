#include "image/orientation.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* The values of mdup_orientation are these flags: x and y change places first, then they are turned round. */
enum { REVERSE_X = 1, REVERSE_Y = 2, SWAP = 4 };

static bool is_same(float left, float right)
{
    return left == right || (isnan(left) && isnan(right));
}

/* Squares of this side are compared at a time: where x and y change places every pixel of a row lies in another cache line. */
enum { TILE_px = 32 };

typedef struct {
    const float *a, *b;       /* a: the pixel that is at (0, 0) of b */
    ptrdiff_t step_x, step_y; /* in a, for a step in b */
    int32_t nx, ny;           /* of b */
} comparison;

static int32_t end_of_tile(int32_t begin, int32_t n)
{
    return n - begin < TILE_px ? n : begin + TILE_px;
}

static bool is_same_tile(const comparison *c, int32_t x_begin, int32_t y_begin)
{
    int32_t x_end = end_of_tile(x_begin, c->nx), y_end = end_of_tile(y_begin, c->ny);
    for (int32_t y = y_begin; y < y_end; y++) {
        const float *a = c->a + y * c->step_y, *b = c->b + (ptrdiff_t)y * c->nx;
        for (int32_t x = x_begin; x < x_end; x++)
            if (!is_same(a[x * c->step_x], b[x]))
                return false;
    }
    return true;
}

/* b has the size that the orientation gives it.  Other images differ in one of their first pixels. */
static bool lies(const float *a, int32_t nx, const float *b, int32_t b_nx, int32_t b_ny,
                 unsigned orientation)
{
    comparison c = {a, b, orientation & SWAP ? nx : 1, orientation & SWAP ? 1 : nx, b_nx, b_ny};
    if (orientation & REVERSE_X) {
        c.a += (b_nx - 1) * c.step_x;
        c.step_x = -c.step_x;
    }
    if (orientation & REVERSE_Y) {
        c.a += (b_ny - 1) * c.step_y;
        c.step_y = -c.step_y;
    }
    for (int32_t y = 0; y < b_ny; y += TILE_px)
        for (int32_t x = 0; x < b_nx; x += TILE_px)
            if (!is_same_tile(&c, x, y))
                return false;
    return true;
}

bool mdup_orientation_find(const float *a, int32_t nx, int32_t ny, const float *b, int32_t b_nx,
                           int32_t b_ny, mdup_orientation *out)
{
    for (unsigned o = 0; o < MDUP_N_ORIENTATIONS; o++) {
        bool fits = o & SWAP ? nx == b_ny && ny == b_nx : nx == b_nx && ny == b_ny;
        if (fits && lies(a, nx, b, b_nx, b_ny, o)) {
            *out = (mdup_orientation)o;
            return true;
        }
    }
    return false;
}

void mdup_orientation_placement(mdup_orientation orientation, int32_t nx, int32_t ny, double m[6])
{
    unsigned o = orientation;
    bool is_swapped = (o & SWAP) != 0;
    double b_nx = is_swapped ? ny : nx, b_ny = is_swapped ? nx : ny;
    double x_sign = o & REVERSE_X ? -1 : 1, y_sign = o & REVERSE_Y ? -1 : 1;
    double *of_x = is_swapped ? m + 3 : m, *of_y = is_swapped ? m : m + 3;
    of_x[0] = x_sign;
    of_x[1] = 0;
    of_x[2] = o & REVERSE_X ? b_nx - 1 : 0;
    of_y[0] = 0;
    of_y[1] = y_sign;
    of_y[2] = o & REVERSE_Y ? b_ny - 1 : 0;
}

/* Reversals before the swap, written as reversals behind it. */
static unsigned swap_reversals(unsigned flags)
{
    return (flags & REVERSE_X ? REVERSE_Y : 0u) | (flags & REVERSE_Y ? REVERSE_X : 0u);
}

mdup_orientation mdup_orientation_between(mdup_orientation a, mdup_orientation b)
{
    unsigned from = (unsigned)a, to = (unsigned)b;
    unsigned swap = (from ^ to) & SWAP;
    unsigned reversals = from & (REVERSE_X | REVERSE_Y);
    return (mdup_orientation)(swap | ((to & (REVERSE_X | REVERSE_Y)) ^
                                      (swap ? swap_reversals(reversals) : reversals)));
}

static const char *const copy_names[MDUP_N_ORIENTATIONS] = {
    [MDUP_ORIENTATION_SAME] = "copy",
    [MDUP_ORIENTATION_MIRRORED_X] = "copy-mirrored-x",
    [MDUP_ORIENTATION_MIRRORED_Y] = "copy-mirrored-y",
    [MDUP_ORIENTATION_TURNED_180] = "copy-turned-180",
    [MDUP_ORIENTATION_TRANSPOSED] = "copy-transposed",
    [MDUP_ORIENTATION_TURNED_90] = "copy-turned-90",
    [MDUP_ORIENTATION_TURNED_270] = "copy-turned-270",
    [MDUP_ORIENTATION_ANTITRANSPOSED] = "copy-antitransposed",
};

const char *mdup_orientation_copy_name(mdup_orientation orientation)
{
    return copy_names[orientation];
}

bool mdup_orientation_parse(const char *name, mdup_orientation *orientation)
{
    for (int i = 0; i < MDUP_N_ORIENTATIONS; i++)
        if (strcmp(name, copy_names[i]) == 0) {
            *orientation = (mdup_orientation)i;
            return true;
        }
    return false;
}
