#include "flow/geometry.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

static const double PIXEL_SIZE_TOLERANCE = 0.005;

static bool fits(const mdup_geometry *g, const mdup_reading *r)
{
    double a = g->pixel_A, b = r->judgement.pixel_A;
    bool same_pixel =
        (a <= 0 && b <= 0) || (a > 0 && b > 0 && fabs(a - b) <= PIXEL_SIZE_TOLERANCE * a);
    return g->nx == r->nx && g->ny == r->ny && g->bin == r->bin && same_pixel;
}

static mdup_geometry *find_or_add(mdup_geometries *all, size_t *capacity, const mdup_reading *r,
                                  mdup_error **err)
{
    for (size_t i = 0; i < all->n; i++)
        if (fits(&all->items[i], r))
            return &all->items[i];
    if (!mdup_grow((void **)&all->items, capacity, all->n + 1, sizeof *all->items, err))
        return NULL;
    mdup_geometry *g = &all->items[all->n++];
    *g = (mdup_geometry){.nx = r->nx,
                         .ny = r->ny,
                         .pixel_A = r->judgement.pixel_A,
                         .bin = r->bin,
                         .frame_nx = r->frame_nx,
                         .frame_ny = r->frame_ny};
    return g;
}

/* Insertion of the largest at the front keeps the others in order of appearance. */
static void put_most_common_first(mdup_geometries *all)
{
    size_t largest = 0;
    for (size_t i = 1; i < all->n; i++)
        if (all->items[i].n > all->items[largest].n)
            largest = i;
    if (all->n == 0)
        return;
    mdup_geometry g = all->items[largest];
    for (size_t i = largest; i > 0; i--)
        all->items[i] = all->items[i - 1];
    all->items[0] = g;
}

/* Two walks: count the members, then list them, so that 50,000 members are one allocation. */
static bool list_members(mdup_geometries *all, const mdup_reading *readings, size_t n,
                         mdup_error **err)
{
    for (size_t i = 0; i < all->n; i++) {
        mdup_geometry *g = &all->items[i];
        if (!(g->members = mdup_calloc(g->n, sizeof *g->members, err)) ||
            !(g->noise_share = mdup_calloc(g->n, sizeof *g->noise_share, err)))
            return false;
        g->n = 0;
    }
    for (size_t r = 0; r < n; r++) {
        for (size_t i = 0; mdup_reading_has_frame(&readings[r]) && i < all->n; i++) {
            mdup_geometry *g = &all->items[i];
            if (fits(g, &readings[r])) {
                g->noise_share[g->n] = (float)readings[r].noise_share;
                g->members[g->n++] = r;
                break;
            }
        }
    }
    return true;
}

bool mdup_geometries_find(const mdup_reading *readings, size_t n, mdup_geometries *out,
                          mdup_error **err)
{
    mdup_geometries all = {0};
    size_t capacity = 0;
    bool ok = true;
    for (size_t r = 0; ok && r < n; r++) {
        if (!mdup_reading_has_frame(&readings[r]))
            continue;
        mdup_geometry *g = find_or_add(&all, &capacity, &readings[r], err);
        ok = g != NULL;
        if (ok)
            g->n++;
    }
    ok = ok && list_members(&all, readings, n, err);
    if (!ok) {
        mdup_geometries_clear(&all);
        return false;
    }
    put_most_common_first(&all);
    *out = all;
    return true;
}

void mdup_geometries_clear(mdup_geometries *geometries)
{
    for (size_t i = 0; i < geometries->n; i++) {
        free(geometries->items[i].members);
        free(geometries->items[i].noise_share);
    }
    free(geometries->items);
    *geometries = (mdup_geometries){0};
}
