#include "decide/design.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Shifts are the same when they differ by no more than this share of the frame: image shift is that exact (the corner overlaps of CU428 recur to
 * 0.2 %), the stage is not (its errors are some 10 % of a frame and more). */
static const double SAME_SHIFT = 0.02;

/* A shift that comes at so many separate moments is a plan.  Two stage errors may happen to be alike. */
enum { LEAST_MOMENTS = 3 };

/* The exposures of a planned overlap follow each other as closely as they do in the others of its shift, give or take this factor, or are no
 * further apart than the shots of a hole can be (a square of four has each of its shifts between neighbours and between first and
 * last): a hole that is recorded again hours later repeats its shifts too, between old and new shots. */
static const double LONGEST_SPAN = 2;
enum { MOST_SHOTS = 16 };

/* An overlap as a point: its shift in cells of the size of SAME_SHIFT, and when it began and ended. */
typedef struct {
    int32_t x, y;
    size_t a, b;
    size_t pair;
} point;

static point point_of(const mdup_pair *pair, size_t index, double sign, double long_side_px)
{
    double cell_px = sign * SAME_SHIFT * long_side_px;
    return (point){(int32_t)floor(pair->shift_x_px / cell_px + 0.5),
                   (int32_t)floor(pair->shift_y_px / cell_px + 0.5), pair->a, pair->b, index};
}

static int compare_cells(const point *l, int32_t x, int32_t y)
{
    if (l->x != x)
        return l->x < x ? -1 : 1;
    return l->y < y ? -1 : l->y > y;
}

static int by_cell_then_end(const void *left, const void *right)
{
    const point *l = left, *r = right;
    int cells = compare_cells(l, r->x, r->y);
    if (cells != 0)
        return cells;
    if (l->b != r->b)
        return l->b < r->b ? -1 : 1;
    return l->a < r->a ? -1 : l->a > r->a;
}

static int by_end(const void *left, const void *right)
{
    const point *l = left, *r = right;
    if (l->b != r->b)
        return l->b < r->b ? -1 : 1;
    return l->a < r->a ? -1 : l->a > r->a;
}

/* The first point of a cell, or where it would stand. */
static size_t find_cell(const point *points, size_t n, int32_t x, int32_t y)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_cells(&points[middle], x, y) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Copies the points of a cell and the eight around it; returns how many. */
static size_t gather_neighbours(const point *points, size_t n, const point *centre, point *out)
{
    size_t count = 0;
    for (int32_t dx = -1; dx <= 1; dx++) {
        for (int32_t dy = -1; dy <= 1; dy++) {
            int32_t x = centre->x + dx, y = centre->y + dy;
            for (size_t i = find_cell(points, n, x, y);
                 i < n && compare_cells(&points[i], x, y) == 0; i++)
                out[count++] = points[i];
        }
    }
    return count;
}

static int by_size(const void *left, const void *right)
{
    size_t l = *(const size_t *)left, r = *(const size_t *)right;
    return l < r ? -1 : l > r;
}

/* Of the overlaps of one shift the most that lie one behind the other in time (the earliest end first is the best choice), and the length
 * that half of these do not exceed.  spans: room for n. */
static size_t count_moments(point *near, size_t n, size_t *spans, size_t *usual_span)
{
    size_t count = 0, free_from = 0;
    qsort(near, n, sizeof *near, by_end);
    for (size_t i = 0; i < n; i++) {
        if (near[i].a < free_from)
            continue;
        spans[count++] = near[i].b - near[i].a;
        free_from = near[i].b + 1;
    }
    qsort(spans, count, sizeof *spans, by_size);
    *usual_span = count > 0 ? spans[count / 2] : 0;
    return count;
}

static void mark_cell(const point *points, size_t n, size_t first, point *near, size_t *spans,
                      bool *by_design)
{
    size_t n_near = gather_neighbours(points, n, &points[first], near), usual_span;
    if (count_moments(near, n_near, spans, &usual_span) < LEAST_MOMENTS)
        return;
    double longest = fmax(LONGEST_SPAN * (double)usual_span, MOST_SHOTS);
    for (size_t i = first;
         i < n && compare_cells(&points[i], points[first].x, points[first].y) == 0; i++)
        if ((double)(points[i].b - points[i].a) <= longest)
            by_design[points[i].pair] = true;
}

static bool mark_recurring(point *points, size_t n, bool *by_design, mdup_error **err)
{
    point *near = mdup_calloc(n, sizeof *near, err);
    size_t *spans = near ? mdup_calloc(n, sizeof *spans, err) : NULL;
    if (!spans) {
        free(near);
        return false;
    }
    qsort(points, n, sizeof *points, by_cell_then_end);
    for (size_t first = 0, next; first < n; first = next) {
        next = first + 1;
        while (next < n && compare_cells(&points[next], points[first].x, points[first].y) == 0)
            next++;
        mark_cell(points, n, first, near, spans, by_design);
    }
    free(spans);
    free(near);
    return true;
}

static bool are_of_one_hole(const mdup_shot_place *a, const mdup_shot_place *b)
{
    return a->hole && b->hole && strcmp(a->hole, b->hole) == 0;
}

bool mdup_find_overlaps_by_design(const mdup_pair *pairs, size_t n_pairs, const bool *is_duplicate,
                                  const mdup_shot_place *places, bool *by_design, mdup_error **err)
{
    point *points = mdup_calloc(n_pairs, 2 * sizeof *points, err);
    size_t n = 0;
    if (!points)
        return false;
    for (size_t p = 0; p < n_pairs; p++) {
        const mdup_shot_place *a = &places[pairs[p].a], *b = &places[pairs[p].b];
        by_design[p] = !is_duplicate[p] && are_of_one_hole(a, b);
        /* Both ways round: a row of shots recorded backwards has the opposite shift. */
        for (int sign = -1; !is_duplicate[p] && a->long_side_px > 0 && sign <= 1; sign += 2)
            points[n++] = point_of(&pairs[p], p, sign, a->long_side_px);
    }
    bool ok = mark_recurring(points, n, by_design, err);
    free(points);
    return ok;
}
