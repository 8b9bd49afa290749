#include "decide/particles.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

/* ---- the particles of each micrograph ---- */

typedef struct {
    const mdup_particle *particles;
    size_t *order;  /* particles by micrograph, within it in their own order */
    size_t *begins; /* a micrograph each, and the end: where its particles begin in `order` */
} shelves;

static bool fill_shelves(shelves *s, const mdup_particle *particles, size_t n, size_t n_micrographs,
                         mdup_error **err)
{
    s->particles = particles;
    s->order = mdup_calloc(n, sizeof *s->order, err);
    s->begins = s->order ? mdup_calloc(n_micrographs + 2, sizeof *s->begins, err) : NULL;
    if (!s->begins)
        return false;
    /* Shifted by two, so that filling leaves each begin where it belongs. */
    for (size_t i = 0; i < n; i++)
        if (particles[i].micrograph != MDUP_NO_MICROGRAPH)
            s->begins[particles[i].micrograph + 2]++;
    for (size_t m = 0; m < n_micrographs; m++)
        s->begins[m + 2] += s->begins[m + 1];
    for (size_t i = 0; i < n; i++)
        if (particles[i].micrograph != MDUP_NO_MICROGRAPH)
            s->order[s->begins[particles[i].micrograph + 1]++] = i;
    return true;
}

static void empty_shelves(shelves *s)
{
    free(s->order);
    free(s->begins);
}

/* ---- who lies within reach of whom ---- */

/* The particles of a in rows as high as the reach, sorted along each row: what may be near a point stands in three of them. */
typedef struct {
    int64_t row;
    double x_px, y_px;
    size_t particle;
} grid_entry;

typedef struct {
    grid_entry *entries;
    size_t n, capacity;
} grid;

static int compare_entries(const void *left, const void *right)
{
    const grid_entry *l = left, *r = right;
    if (l->row != r->row)
        return l->row < r->row ? -1 : 1;
    if (l->x_px != r->x_px)
        return l->x_px < r->x_px ? -1 : 1;
    return l->particle < r->particle ? -1 : l->particle > r->particle;
}

static int64_t row_of(double y_px, double reach_px)
{
    return (int64_t)floor(y_px / reach_px);
}

static bool fill_grid(grid *g, const shelves *s, const mdup_placement *p, mdup_error **err)
{
    size_t begin = s->begins[p->a], n = s->begins[p->a + 1] - begin;
    if (!mdup_grow((void **)&g->entries, &g->capacity, n, sizeof *g->entries, err))
        return false;
    g->n = n;
    for (size_t i = 0; i < n; i++) {
        const mdup_particle *particle = &s->particles[s->order[begin + i]];
        g->entries[i] = (grid_entry){row_of(particle->y_px, p->reach_px), particle->x_px,
                                     particle->y_px, s->order[begin + i]};
    }
    if (n > 1)
        qsort(g->entries, n, sizeof *g->entries, compare_entries);
    return true;
}

/* The first entry that is not before (row, x). */
static size_t find_entry(const grid *g, int64_t row, double x_px)
{
    size_t low = 0, high = g->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const grid_entry *e = &g->entries[middle];
        if (e->row < row || (e->row == row && e->x_px < x_px))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

typedef struct {
    mdup_particle_pair *pairs; /* NULL: they are only counted */
    size_t n, capacity;
    bool is_count;
} near_list;

static bool add_near(near_list *list, mdup_particle_pair pair, mdup_error **err)
{
    if (!list->is_count) {
        if (!mdup_grow((void **)&list->pairs, &list->capacity, list->n + 1, sizeof *list->pairs,
                       err))
            return false;
        list->pairs[list->n] = pair;
    }
    list->n++;
    return true;
}

/* Entries of a row around (x, y), which is where particle `of_b` lies in a. */
static bool look_along_row(const grid *g, int64_t row, double x_px, double y_px,
                           const mdup_placement *p, size_t of_b, near_list *list, mdup_error **err)
{
    for (size_t i = find_entry(g, row, x_px - p->reach_px); i < g->n; i++) {
        const grid_entry *e = &g->entries[i];
        if (e->row != row || e->x_px > x_px + p->reach_px)
            break;
        double distance = hypot(e->x_px - x_px, e->y_px - y_px);
        mdup_particle_pair pair = {.first = p->a < p->b ? e->particle : of_b,
                                   .second = p->a < p->b ? of_b : e->particle,
                                   .distance_px = distance};
        if (distance <= p->reach_px && !add_near(list, pair, err))
            return false;
    }
    return true;
}

static bool look_up_placement(const shelves *s, const mdup_placement *p, double dx, double dy,
                              grid *g, near_list *list, mdup_error **err)
{
    if (!fill_grid(g, s, p, err))
        return false;
    for (size_t i = s->begins[p->b]; i < s->begins[p->b + 1]; i++) {
        const mdup_particle *b = &s->particles[s->order[i]];
        double x_px = p->xx * b->x_px + p->xy * b->y_px + p->x0_px + dx * p->reach_px;
        double y_px = p->yx * b->x_px + p->yy * b->y_px + p->y0_px + dy * p->reach_px;
        int64_t row = row_of(y_px, p->reach_px);
        for (int64_t k = row - 1; k <= row + 1; k++)
            if (!look_along_row(g, k, x_px, y_px, p, s->order[i], list, err))
                return false;
    }
    return true;
}

static bool look_up_all(const mdup_particle *particles, size_t n, const mdup_placement *placements,
                        size_t n_placements, size_t n_micrographs, double dx, double dy,
                        near_list *list, mdup_error **err)
{
    shelves s = {0};
    grid g = {0};
    bool ok = fill_shelves(&s, particles, n, n_micrographs, err);
    for (size_t i = 0; ok && i < n_placements; i++)
        ok = look_up_placement(&s, &placements[i], dx, dy, &g, list, err);
    empty_shelves(&s);
    free(g.entries);
    return ok;
}

bool mdup_particles_count(const mdup_particle *particles, size_t n,
                          const mdup_placement *placements, size_t n_placements,
                          size_t n_micrographs, double dx, double dy, size_t *count,
                          mdup_error **err)
{
    near_list list = {.is_count = true};
    bool ok =
        look_up_all(particles, n, placements, n_placements, n_micrographs, dx, dy, &list, err);
    if (ok)
        *count = list.n;
    return ok;
}

/* ---- groups ---- */

/* Each particle begins as a group of its own.  A group is known by one of its particles, its root. */
typedef struct {
    const mdup_particle *particles;
    size_t *above;   /* towards the root, which is above itself */
    size_t *next;    /* the other members, round in a ring */
    size_t *members; /* of a root: how many there are */
    size_t *mark;    /* a micrograph each: when it was seen last */
    size_t clock;
} union_find;

static bool union_init(union_find *u, const mdup_particle *particles, size_t n,
                       size_t n_micrographs, mdup_error **err)
{
    u->particles = particles;
    if (!(u->above = mdup_calloc(n, sizeof *u->above, err)) ||
        !(u->next = mdup_calloc(n, sizeof *u->next, err)) ||
        !(u->members = mdup_calloc(n, sizeof *u->members, err)) ||
        !(u->mark = mdup_calloc(n_micrographs, sizeof *u->mark, err)))
        return false;
    for (size_t i = 0; i < n; i++) {
        u->above[i] = u->next[i] = i;
        u->members[i] = 1;
    }
    return true;
}

static void union_clear(union_find *u)
{
    free(u->above);
    free(u->next);
    free(u->members);
    free(u->mark);
}

static size_t find_root(union_find *u, size_t i)
{
    while (u->above[i] != i)
        i = u->above[i] = u->above[u->above[i]];
    return i;
}

static bool share_micrograph(union_find *u, size_t root, size_t other)
{
    u->clock++;
    size_t i = root;
    do
        u->mark[u->particles[i].micrograph] = u->clock;
    while ((i = u->next[i]) != root);
    i = other;
    do
        if (u->mark[u->particles[i].micrograph] == u->clock)
            return true;
    while ((i = u->next[i]) != other);
    return false;
}

static void join(union_find *u, const mdup_particle_pair *pair)
{
    size_t root = find_root(u, pair->first), other = find_root(u, pair->second);
    if (root == other || share_micrograph(u, root, other))
        return;
    if (u->members[root] < u->members[other]) {
        size_t swap = root;
        root = other;
        other = swap;
    }
    u->above[other] = root;
    u->members[root] += u->members[other];
    size_t swap = u->next[root]; /* two rings become one */
    u->next[root] = u->next[other];
    u->next[other] = swap;
}

static int by_place(const void *left, const void *right)
{
    const mdup_particle_pair *l = left, *r = right;
    if (l->first != r->first)
        return l->first < r->first ? -1 : 1;
    return l->second < r->second ? -1 : l->second > r->second;
}

static int by_distance(const void *left, const void *right)
{
    const mdup_particle_pair *l = left, *r = right;
    if (l->distance_px != r->distance_px)
        return l->distance_px < r->distance_px ? -1 : 1;
    return by_place(left, right);
}

static bool number_groups(union_find *u, size_t n, mdup_particle_groups *out, mdup_error **err)
{
    size_t *number = mdup_calloc(n, sizeof *number, err); /* of a root */
    out->group = number ? mdup_calloc(n, sizeof *out->group, err) : NULL;
    out->kept = out->group ? mdup_calloc(n, sizeof *out->kept, err) : NULL;
    for (size_t i = 0; out->kept && i < n; i++) {
        size_t root = find_root(u, i);
        if (u->members[root] == 1)
            continue;
        if (number[root] == 0) {
            number[root] = ++out->n_groups;
            out->kept[out->n_groups - 1] = i;
        }
        out->group[i] = number[root];
        out->n_grouped++;
        size_t *kept = &out->kept[number[root] - 1];
        if (u->particles[i].micrograph < u->particles[*kept].micrograph)
            *kept = i;
    }
    free(number);
    return out->kept != NULL;
}

/* Those within reach that came to be in one group: chains are closed by some that joined nothing. */
static void keep_pairs_of_groups(near_list *list, mdup_particle_groups *out)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        const mdup_particle_pair *pair = &list->pairs[i];
        if (out->group[pair->first] != 0 && out->group[pair->first] == out->group[pair->second])
            list->pairs[n++] = *pair;
    }
    if (n > 1)
        qsort(list->pairs, n, sizeof *list->pairs, by_place);
    out->pairs = list->pairs;
    out->n_pairs = n;
    list->pairs = NULL;
}

static bool group_pairs(const mdup_particle *particles, size_t n, size_t n_micrographs,
                        near_list *list, mdup_particle_groups *out, mdup_error **err)
{
    union_find u = {0};
    bool ok = union_init(&u, particles, n, n_micrographs, err);
    if (ok && list->n > 1)
        qsort(list->pairs, list->n, sizeof *list->pairs, by_distance);
    for (size_t i = 0; ok && i < list->n; i++)
        join(&u, &list->pairs[i]);
    ok = ok && number_groups(&u, n, out, err);
    union_clear(&u);
    if (ok)
        keep_pairs_of_groups(list, out);
    return ok;
}

bool mdup_particles_match(const mdup_particle *particles, size_t n,
                          const mdup_placement *placements, size_t n_placements,
                          size_t n_micrographs, mdup_particle_groups *out, mdup_error **err)
{
    near_list list = {0};
    mdup_particle_groups groups = {0};
    bool ok =
        look_up_all(particles, n, placements, n_placements, n_micrographs, 0, 0, &list, err) &&
        group_pairs(particles, n, n_micrographs, &list, &groups, err);
    free(list.pairs);
    if (ok)
        *out = groups;
    else
        mdup_particle_groups_clear(&groups);
    return ok;
}

void mdup_particle_groups_clear(mdup_particle_groups *groups)
{
    free(groups->pairs);
    free(groups->group);
    free(groups->kept);
    *groups = (mdup_particle_groups){0};
}
