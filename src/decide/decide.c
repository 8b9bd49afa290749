#include "decide/decide.h"

#include <stdlib.h>

#include "base/alloc.h"

/* Union by smallest index: the root of a set is its earliest micrograph. */
static size_t find_root(size_t *parent, size_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

static void join(size_t *parent, size_t a, size_t b)
{
    size_t root_a = find_root(parent, a), root_b = find_root(parent, b);
    if (root_a < root_b)
        parent[root_b] = root_a;
    else
        parent[root_a] = root_b;
}

/* Sets are numbered in order of their earliest micrograph.  A root comes before its members, so one
 * walk does. */
static void number_sets(mdup_decision *d, size_t *parent, const bool *in_set, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!in_set[i])
            continue;
        size_t root = find_root(parent, i);
        d->set[i] = root == i ? ++d->n_sets : d->set[root];
    }
}

/* Of two pairs that speak against the same micrograph the one with more overlap is shown; then the
 * earlier original. */
static bool is_better(const mdup_pair *pairs, size_t candidate, ptrdiff_t standing)
{
    if (standing < 0)
        return true;
    const mdup_pair *c = &pairs[candidate], *s = &pairs[standing];
    return c->overlap != s->overlap ? c->overlap > s->overlap : c->a < s->a;
}

static void link_pairs(mdup_decision *d, const mdup_pair *pairs, size_t n_pairs, double min_overlap,
                       size_t *parent, bool *in_set)
{
    for (size_t p = 0; p < n_pairs; p++) {
        d->is_duplicate[p] = pairs[p].overlap >= min_overlap;
        if (!d->is_duplicate[p])
            continue;
        d->n_duplicate_pairs++;
        join(parent, pairs[p].a, pairs[p].b);
        in_set[pairs[p].a] = in_set[pairs[p].b] = true;
    }
}

/* order_by_b lists the pairs by their later micrograph: when one is reached every earlier one has
 * been decided.  A copy shares with the original of a removed one what that shared. */
static void remove_later(mdup_decision *d, const mdup_pair *pairs, const size_t *order_by_b,
                         size_t n_pairs)
{
    for (size_t i = 0; i < n_pairs; i++) {
        size_t p = order_by_b[i];
        size_t a = pairs[p].a, b = pairs[p].b;
        if (!d->is_duplicate[p] || (d->removed[a] && !pairs[p].is_copy))
            continue;
        if (!d->removed[b])
            d->n_removed++;
        d->removed[b] = true;
        size_t why = d->removed[a] ? (size_t)d->original[a] : p;
        if (is_better(pairs, why, d->original[b]))
            d->original[b] = (ptrdiff_t)why;
    }
}

/* Counting sort of pair indices by their later micrograph, stable. */
static void sort_by_b(const mdup_pair *pairs, size_t n_pairs, size_t *start, size_t n,
                      size_t *order_by_b)
{
    for (size_t p = 0; p < n_pairs; p++)
        start[pairs[p].b + 1]++;
    for (size_t i = 0; i < n; i++)
        start[i + 1] += start[i];
    for (size_t p = 0; p < n_pairs; p++)
        order_by_b[start[pairs[p].b]++] = p;
}

/* Working space of one decision. */
typedef struct {
    size_t *parent;     /* of the union-find forest, a micrograph each */
    bool *in_set;       /* a micrograph each */
    size_t *start;      /* of the counting sort, n + 1 */
    size_t *order_by_b; /* a pair each */
} scratch;

static bool make_room(mdup_decision *d, scratch *s, size_t n_pairs, size_t n, mdup_error **err)
{
    return (s->parent = mdup_calloc(n, sizeof *s->parent, err)) != NULL &&
           (s->in_set = mdup_calloc(n, sizeof *s->in_set, err)) != NULL &&
           (s->start = mdup_calloc(n + 1, sizeof *s->start, err)) != NULL &&
           (s->order_by_b = mdup_calloc(n_pairs, sizeof *s->order_by_b, err)) != NULL &&
           (d->is_duplicate = mdup_calloc(n_pairs, sizeof *d->is_duplicate, err)) != NULL &&
           (d->set = mdup_calloc(n, sizeof *d->set, err)) != NULL &&
           (d->removed = mdup_calloc(n, sizeof *d->removed, err)) != NULL &&
           (d->original = mdup_calloc(n, sizeof *d->original, err)) != NULL;
}

bool mdup_decide(const mdup_pair *pairs, size_t n_pairs, size_t n_micrographs, double min_overlap,
                 mdup_decision *out, mdup_error **err)
{
    mdup_decision d = {0};
    scratch s = {0};
    bool ok = make_room(&d, &s, n_pairs, n_micrographs, err);
    if (ok) {
        for (size_t i = 0; i < n_micrographs; i++) {
            s.parent[i] = i;
            d.original[i] = -1;
        }
        link_pairs(&d, pairs, n_pairs, min_overlap, s.parent, s.in_set);
        number_sets(&d, s.parent, s.in_set, n_micrographs);
        sort_by_b(pairs, n_pairs, s.start, n_micrographs, s.order_by_b);
        remove_later(&d, pairs, s.order_by_b, n_pairs);
        *out = d;
    } else {
        mdup_decision_clear(&d);
    }
    free(s.order_by_b);
    free(s.start);
    free(s.in_set);
    free(s.parent);
    return ok;
}

void mdup_decision_clear(mdup_decision *decision)
{
    free(decision->is_duplicate);
    free(decision->set);
    free(decision->removed);
    free(decision->original);
    *decision = (mdup_decision){0};
}
