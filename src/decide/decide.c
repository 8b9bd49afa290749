#include "decide/decide.h"

#include <math.h>
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

/* One decision while it is made. */
typedef struct {
    const mdup_pair *pairs;
    size_t n_pairs, n;
    const mdup_rules *rules;
    mdup_decision d;
    size_t *parent;   /* of the union-find forest, a micrograph each */
    bool *in_set;     /* a micrograph each */
    size_t *start;    /* of the counting sort, n + 1 */
    size_t *by_later; /* a pair each: in the order in which their later ones are reached */
} decider;

static size_t rank_of(const decider *m, size_t micrograph)
{
    return m->rules->rank ? m->rules->rank[micrograph] : micrograph;
}

/* Of a pair: the one that is reached first, and the other. */
static size_t first_of(const decider *m, size_t pair)
{
    const mdup_pair *p = &m->pairs[pair];
    return rank_of(m, p->a) < rank_of(m, p->b) ? p->a : p->b;
}

static size_t later_of(const decider *m, size_t pair)
{
    const mdup_pair *p = &m->pairs[pair];
    return rank_of(m, p->a) < rank_of(m, p->b) ? p->b : p->a;
}

/* Of two pairs that speak against the same micrograph the one with more overlap is shown; then the
 * one whose original comes first. */
static bool is_better(const decider *m, size_t candidate, ptrdiff_t standing)
{
    if (standing < 0)
        return true;
    const mdup_pair *c = &m->pairs[candidate], *s = &m->pairs[standing];
    if (c->overlap != s->overlap)
        return c->overlap > s->overlap;
    return rank_of(m, first_of(m, candidate)) < rank_of(m, first_of(m, (size_t)standing));
}

static void link_pairs(decider *m)
{
    for (size_t p = 0; p < m->n_pairs; p++) {
        const mdup_pair *pair = &m->pairs[p];
        m->d.is_duplicate[p] = pair->overlap >= m->rules->min_overlap;
        if (!m->d.is_duplicate[p])
            continue;
        m->d.n_duplicate_pairs++;
        join(m->parent, pair->a, pair->b);
        m->in_set[pair->a] = m->in_set[pair->b] = true;
    }
}

static void remove_one(decider *m, size_t micrograph)
{
    m->d.n_removed += !m->d.removed[micrograph];
    m->d.removed[micrograph] = true;
}

static void exclude_all(decider *m)
{
    for (size_t i = 0; m->rules->exclude && i < m->n; i++)
        if (m->rules->exclude[i])
            remove_one(m, i);
}

static bool is_excluded(const decider *m, size_t micrograph)
{
    return m->rules->exclude && m->rules->exclude[micrograph];
}

static bool is_protected(const decider *m, size_t micrograph)
{
    return m->rules->protect && m->rules->protect[micrograph];
}

/* When a pair is reached everything before its later one has been decided.  A copy shares with the original of a removed one what that
 * shared. */
static void remove_later(decider *m)
{
    mdup_decision *d = &m->d;
    for (size_t i = 0; i < m->n_pairs; i++) {
        size_t p = m->by_later[i], first = first_of(m, p), later = later_of(m, p);
        if (!d->is_duplicate[p] || (d->removed[first] && !m->pairs[p].is_copy) ||
            is_excluded(m, first) || is_excluded(m, later) || is_protected(m, later))
            continue;
        remove_one(m, later);
        size_t why = d->removed[first] ? (size_t)d->original[first] : p;
        if (is_better(m, why, d->original[later]))
            d->original[later] = (ptrdiff_t)why;
    }
}

/* Counting sort of pair indices by the rank of their later micrograph, stable. */
static void sort_by_later(decider *m)
{
    for (size_t p = 0; p < m->n_pairs; p++)
        m->start[rank_of(m, later_of(m, p)) + 1]++;
    for (size_t i = 0; i < m->n; i++)
        m->start[i + 1] += m->start[i];
    for (size_t p = 0; p < m->n_pairs; p++)
        m->by_later[m->start[rank_of(m, later_of(m, p))]++] = p;
}

static bool make_room(decider *m, mdup_error **err)
{
    mdup_decision *d = &m->d;
    size_t n = m->n;
    return (m->parent = mdup_calloc(n, sizeof *m->parent, err)) != NULL &&
           (m->in_set = mdup_calloc(n, sizeof *m->in_set, err)) != NULL &&
           (m->start = mdup_calloc(n + 1, sizeof *m->start, err)) != NULL &&
           (m->by_later = mdup_calloc(m->n_pairs, sizeof *m->by_later, err)) != NULL &&
           (d->is_duplicate = mdup_calloc(m->n_pairs, sizeof *d->is_duplicate, err)) != NULL &&
           (d->set = mdup_calloc(n, sizeof *d->set, err)) != NULL &&
           (d->removed = mdup_calloc(n, sizeof *d->removed, err)) != NULL &&
           (d->original = mdup_calloc(n, sizeof *d->original, err)) != NULL;
}

bool mdup_decide_by(const mdup_pair *pairs, size_t n_pairs, size_t n_micrographs,
                    const mdup_rules *rules, mdup_decision *out, mdup_error **err)
{
    decider m = {.pairs = pairs, .n_pairs = n_pairs, .n = n_micrographs, .rules = rules};
    bool ok = make_room(&m, err);
    if (ok) {
        for (size_t i = 0; i < n_micrographs; i++) {
            m.parent[i] = i;
            m.d.original[i] = -1;
        }
        link_pairs(&m);
        number_sets(&m.d, m.parent, m.in_set, n_micrographs);
        exclude_all(&m);
        sort_by_later(&m);
        remove_later(&m);
        *out = m.d;
    } else {
        mdup_decision_clear(&m.d);
    }
    free(m.by_later);
    free(m.start);
    free(m.in_set);
    free(m.parent);
    return ok;
}

bool mdup_decide(const mdup_pair *pairs, size_t n_pairs, size_t n_micrographs, double min_overlap,
                 mdup_decision *out, mdup_error **err)
{
    mdup_rules rules = {.min_overlap = min_overlap};
    return mdup_decide_by(pairs, n_pairs, n_micrographs, &rules, out, err);
}

void mdup_decision_clear(mdup_decision *decision)
{
    free(decision->is_duplicate);
    free(decision->set);
    free(decision->removed);
    free(decision->original);
    *decision = (mdup_decision){0};
}

size_t mdup_decision_kept_of(const mdup_decision *d, const mdup_pair *pair)
{
    return d->removed[pair->a] ? pair->b : pair->a;
}

/* ---- ranks ---- */

/* A micrograph in the order of ranks. */
typedef struct {
    bool is_first;
    double value; /* of the best of its copies; NaN: none */
    size_t group; /* its copies' earliest, or itself */
    bool is_best; /* of its copies */
    size_t index;
} ranked;

/* With every copy linked to the earliest, that one follows the best, so that the others find it removed or kept. */
static int by_rank(const void *left, const void *right)
{
    const ranked *l = left, *r = right;
    if (l->is_first != r->is_first)
        return l->is_first ? -1 : 1;
    if (isnan(l->value) != isnan(r->value))
        return isnan(l->value) ? 1 : -1;
    if (l->value < r->value || l->value > r->value)
        return l->value < r->value ? -1 : 1;
    if (l->group != r->group)
        return l->group < r->group ? -1 : 1;
    if (l->is_best != r->is_best)
        return l->is_best ? -1 : 1;
    return l->index < r->index ? -1 : l->index > r->index;
}

static bool goes_before(const ranked *l, const ranked *r)
{
    ranked left = *l, right = *r;
    left.group = right.group = 0;
    return by_rank(&left, &right) < 0;
}

/* Every one of a group of copies is worth what the best of them is. */
static bool share_values(ranked *all, size_t n, const mdup_pair *pairs, size_t n_pairs,
                         mdup_error **err)
{
    size_t *parent = mdup_calloc(n, sizeof *parent, err), *best = NULL;
    bool ok = parent && (best = mdup_calloc(n, sizeof *best, err));
    for (size_t i = 0; ok && i < n; i++)
        parent[i] = best[i] = i;
    for (size_t p = 0; ok && p < n_pairs; p++)
        if (pairs[p].is_copy)
            join(parent, pairs[p].a, pairs[p].b);
    for (size_t i = 0; ok && i < n; i++) {
        all[i].group = find_root(parent, i);
        if (goes_before(&all[i], &all[best[all[i].group]]))
            best[all[i].group] = i;
    }
    for (size_t i = 0; ok && i < n; i++)
        all[best[all[i].group]].is_best = true;
    for (size_t i = 0; ok && i < n; i++) {
        const ranked *model = &all[best[all[i].group]];
        all[i].is_first = model->is_first;
        all[i].value = model->value;
    }
    free(best);
    free(parent);
    return ok;
}

bool mdup_rank(const double *values, const bool *first, size_t n_micrographs,
               const mdup_pair *pairs, size_t n_pairs, size_t *rank, mdup_error **err)
{
    ranked *all = mdup_calloc(n_micrographs, sizeof *all, err);
    if (!all)
        return false;
    for (size_t i = 0; i < n_micrographs; i++)
        all[i] = (ranked){.is_first = first && first[i], .value = values[i], .index = i};
    bool ok = share_values(all, n_micrographs, pairs, n_pairs, err);
    if (ok && n_micrographs > 0)
        qsort(all, n_micrographs, sizeof *all, by_rank);
    for (size_t i = 0; ok && i < n_micrographs; i++)
        rank[all[i].index] = i;
    free(all);
    return ok;
}
