#include "publish/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "decide/design.h"

/* Pictures of so many overlaps by design show what they are like; hundreds of corners would only fill the page. */
enum { MOST_PICTURES_OF_DESIGN = 12 };

/* ---- kinds ---- */

static bool find_kinds(mdup_view *v, mdup_error **err)
{
    const mdup_report *r = v->report;
    bool ok = false;
    mdup_shot_place *places = mdup_calloc(r->n, sizeof *places, err);
    bool *by_design = places ? mdup_calloc(r->n_pairs, sizeof *by_design, err) : NULL;
    for (size_t i = 0; by_design && i < r->n; i++) {
        const mdup_report_micrograph *m = &r->micrographs[i];
        places[i] = (mdup_shot_place){m->hole, fmax(m->nx, m->ny)};
    }
    if (by_design && mdup_find_overlaps_by_design(r->pairs, r->n_pairs, r->decision->is_duplicate,
                                                  places, by_design, err)) {
        for (size_t p = 0; p < r->n_pairs; p++) {
            v->kind[p] = r->decision->is_duplicate[p] ? MDUP_PAIR_DUPLICATE
                         : by_design[p]               ? MDUP_PAIR_DESIGN
                                                      : MDUP_PAIR_AGAIN;
            v->n_of_kind[v->kind[p]]++;
        }
        ok = true;
    }
    free(by_design);
    free(places);
    return ok;
}

bool mdup_view_is_one_hole(const mdup_view *view, const mdup_pair *pair)
{
    const char *a = view->report->micrographs[pair->a].hole,
               *b = view->report->micrographs[pair->b].hole;
    return a && b && strcmp(a, b) == 0;
}

bool mdup_view_is_duplicate(const mdup_view *view, size_t micrograph)
{
    const mdup_decision *d = view->report->decision;
    return d->removed[micrograph] && d->original[micrograph] >= 0;
}

/* ---- importance ---- */

/* 0: a micrograph goes for it. */
static int rank_of(const mdup_view *v, size_t p)
{
    const ptrdiff_t *original = v->report->decision->original;
    const mdup_pair *pair = &v->report->pairs[p];
    if (v->kind[p] == MDUP_PAIR_DUPLICATE)
        return original[pair->a] == (ptrdiff_t)p || original[pair->b] == (ptrdiff_t)p ? 0 : 1;
    return v->kind[p] == MDUP_PAIR_AGAIN ? 2 : 3;
}

/* Stable: within a rank the pairs stay in their order of acquisition. */
static void sort_by_importance(mdup_view *v)
{
    size_t n = 0;
    for (int rank = 0; rank <= 3; rank++)
        for (size_t p = 0; p < v->report->n_pairs; p++)
            if (rank_of(v, p) == rank)
                v->by_importance[n++] = p;
}

static void choose_pictured(mdup_view *v)
{
    const mdup_report *r = v->report;
    size_t wanted = r->n_pairs;
    if (v->n_of_kind[MDUP_PAIR_DESIGN] > MOST_PICTURES_OF_DESIGN)
        wanted -= v->n_of_kind[MDUP_PAIR_DESIGN] - MOST_PICTURES_OF_DESIGN;
    v->n_pictured = wanted < r->most_pictures ? wanted : r->most_pictures;
    for (size_t i = 0; i < v->n_pictured; i++)
        v->is_pictured[v->by_importance[i]] = true;
}

/* ---- sets ---- */

/* Counting sort by set, stable. */
static void list_sets(mdup_view *v)
{
    const mdup_decision *d = v->report->decision;
    size_t total = 0;
    for (size_t i = 0; i < v->report->n; i++) {
        v->set_begin[d->set[i]] += d->set[i] != MDUP_NO_SET;
        total += d->set[i] != MDUP_NO_SET;
    }
    for (int64_t k = 0; k < d->n_sets; k++)
        v->set_begin[k + 1] += v->set_begin[k];
    for (size_t i = v->report->n; i-- > 0;)
        if (d->set[i] != MDUP_NO_SET)
            v->set_members[--v->set_begin[d->set[i]]] = i;
    /* set_begin[k] is now where set k begins, not where it ends. */
    for (int64_t k = 1; k <= d->n_sets; k++)
        v->set_begin[k - 1] = v->set_begin[k];
    v->set_begin[d->n_sets] = total;
}

static size_t common_beginning(const mdup_report *r)
{
    size_t length = r->n > 0 ? strlen(r->micrographs[0].name) : 0;
    for (size_t i = 1; i < r->n; i++) {
        size_t same = 0;
        while (same < length && r->micrographs[i].name[same] == r->micrographs[0].name[same])
            same++;
        length = same;
    }
    while (length > 0 && !strchr("/_-", r->micrographs[0].name[length - 1]))
        length--;
    return length;
}

static size_t common_ending(const mdup_report *r)
{
    const char *first = mdup_path_base(r->n > 0 ? r->micrographs[0].name : "");
    size_t end = strlen(first), length = end;
    for (size_t i = 0; i < r->n; i++) {
        const char *name = mdup_path_base(r->micrographs[i].name);
        size_t name_end = strlen(name), same = 0;
        while (same < length && same < name_end &&
               name[name_end - 1 - same] == first[end - 1 - same])
            same++;
        length = same;
    }
    while (length > 0 && !strchr("_.", first[end - length]))
        length--;
    return length;
}

static void count_statuses(mdup_view *v)
{
    const mdup_report *r = v->report;
    for (size_t i = 0; i < r->n; i++) {
        v->n_not_judged += !mdup_status_is_judged(r->micrographs[i].status);
        v->n_odd += r->micrographs[i].status == MDUP_STATUS_ODD_SIZE;
    }
    v->has_times = r->n_pairs > 0;
    for (size_t p = 0; p < r->n_pairs; p++)
        if (!r->micrographs[r->pairs[p].a].has_time || !r->micrographs[r->pairs[p].b].has_time)
            v->has_times = false;
    for (size_t p = 0; p < r->n_pairs; p++)
        v->n_exact_copies += r->pairs[p].is_copy && rank_of(v, p) == 0;
}

static void count_duplicates(mdup_view *v)
{
    const mdup_report *r = v->report;
    v->keeps_earliest = true;
    for (size_t i = 0; i < r->n; i++) {
        if (!mdup_view_is_duplicate(v, i))
            continue;
        const mdup_pair *pair = &r->pairs[r->decision->original[i]];
        v->n_duplicates++;
        v->keeps_earliest = v->keeps_earliest && mdup_decision_kept_of(r->decision, pair) < i;
    }
}

bool mdup_view_make(const mdup_report *report, mdup_view *out, mdup_error **err)
{
    mdup_view v = {.report = report};
    size_t n_pairs = report->n_pairs, n_sets = (size_t)report->decision->n_sets;
    if (!(v.kind = mdup_calloc(n_pairs, sizeof *v.kind, err)) ||
        !(v.by_importance = mdup_calloc(n_pairs, sizeof *v.by_importance, err)) ||
        !(v.is_pictured = mdup_calloc(n_pairs, sizeof *v.is_pictured, err)) ||
        !(v.set_members = mdup_calloc(report->n, sizeof *v.set_members, err)) ||
        !(v.set_begin = mdup_calloc(n_sets + 1, sizeof *v.set_begin, err)) ||
        !find_kinds(&v, err)) {
        mdup_view_clear(&v);
        return false;
    }
    sort_by_importance(&v);
    choose_pictured(&v);
    list_sets(&v);
    count_duplicates(&v);
    count_statuses(&v);
    v.beginning_length = common_beginning(report);
    v.ending_length = common_ending(report);
    *out = v;
    return true;
}

void mdup_view_clear(mdup_view *view)
{
    free(view->kind);
    free(view->by_importance);
    free(view->is_pictured);
    free(view->set_members);
    free(view->set_begin);
    *view = (mdup_view){0};
}

/* ---- places recorded again ---- */

typedef struct {
    const char *name;
    size_t micrograph;
} named;

static int by_name(const void *left, const void *right)
{
    const named *l = left, *r = right;
    int names = strcmp(l->name, r->name);
    return names != 0 ? names : l->micrograph < r->micrograph ? -1 : l->micrograph > r->micrograph;
}

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
    parent[root_a > root_b ? root_a : root_b] = root_a > root_b ? root_b : root_a;
}

/* visit[i]: the first micrograph of the visit that i belongs to: of its hole, or itself. */
static bool find_visits(const mdup_view *v, size_t *visit, mdup_error **err)
{
    const mdup_report *r = v->report;
    named *names = mdup_calloc(r->n, sizeof *names, err);
    size_t n = 0;
    if (!names)
        return false;
    for (size_t i = 0; i < r->n; i++) {
        visit[i] = i;
        if (r->micrographs[i].hole)
            names[n++] = (named){r->micrographs[i].hole, i};
    }
    qsort(names, n, sizeof *names, by_name);
    for (size_t k = 1; k < n; k++)
        if (strcmp(names[k - 1].name, names[k].name) == 0)
            visit[names[k].micrograph] = visit[names[k - 1].micrograph];
    free(names);
    return true;
}

/* Visits of one place: those that duplicates join.  n_visits[root]: how many there are. */
static void count_places(const mdup_view *v, const size_t *visit, size_t *parent, size_t *n_visits,
                         mdup_recurrence *out)
{
    const mdup_report *r = v->report;
    for (size_t i = 0; i < r->n; i++)
        parent[i] = i;
    for (size_t p = 0; p < r->n_pairs; p++)
        if (v->kind[p] == MDUP_PAIR_DUPLICATE)
            join(parent, visit[r->pairs[p].a], visit[r->pairs[p].b]);
    for (size_t i = 0; i < r->n; i++)
        if (visit[i] == i)
            n_visits[find_root(parent, i)]++;
    for (size_t i = 0; i < r->n; i++) {
        size_t root = find_root(parent, visit[i]);
        if (!mdup_view_is_duplicate(v, i) || n_visits[root] == 0)
            continue;
        /* Two shots of one visit that show the same are two records of it. */
        size_t visits = n_visits[root] > 1 ? n_visits[root] : 2;
        out->n_places++;
        out->most_visits = visits > out->most_visits ? visits : out->most_visits;
        if (out->least_visits == 0 || visits < out->least_visits)
            out->least_visits = visits;
        n_visits[root] = 0;
    }
}

static void measure_gaps(const mdup_view *v, mdup_recurrence *out)
{
    const mdup_report *r = v->report;
    out->are_holes = out->has_times = true;
    out->least_apart_s = (double)INFINITY;
    out->least_between = SIZE_MAX;
    for (size_t i = 0; i < r->n; i++) {
        if (!mdup_view_is_duplicate(v, i))
            continue;
        size_t other = mdup_decision_kept_of(r->decision, &r->pairs[r->decision->original[i]]);
        const mdup_report_micrograph *a = &r->micrographs[other], *b = &r->micrographs[i];
        double apart_s = fabs(b->time_s - a->time_s);
        size_t between = i > other ? i - other : other - i;
        out->are_holes = out->are_holes && a->hole && b->hole;
        out->has_times = out->has_times && a->has_time && b->has_time;
        out->least_apart_s = fmin(out->least_apart_s, apart_s);
        out->most_apart_s = fmax(out->most_apart_s, apart_s);
        out->least_between = between < out->least_between ? between : out->least_between;
        out->most_between = between > out->most_between ? between : out->most_between;
    }
}

bool mdup_view_recurrence(const mdup_view *view, mdup_recurrence *out, mdup_error **err)
{
    size_t n = view->report->n;
    *out = (mdup_recurrence){0};
    size_t *visit = mdup_calloc(n, sizeof *visit, err);
    size_t *parent = visit ? mdup_calloc(n, sizeof *parent, err) : NULL;
    size_t *n_visits = parent ? mdup_calloc(n, sizeof *n_visits, err) : NULL;
    bool ok = n_visits && find_visits(view, visit, err);
    if (ok) {
        measure_gaps(view, out);
        count_places(view, visit, parent, n_visits, out);
    }
    free(n_visits);
    free(parent);
    free(visit);
    return ok;
}

/* ---- the places of a set ---- */

static size_t member_of(const mdup_view *v, size_t set, size_t micrograph)
{
    size_t low = v->set_begin[set - 1], high = v->set_begin[set];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (v->set_members[middle] < micrograph)
            low = middle + 1;
        else
            high = middle;
    }
    return low - v->set_begin[set - 1];
}

/* How the other member of a pair lies against the set's first member, from how this one does and how the other lies against this. */
static mdup_orientation add_orientations(mdup_orientation this_one, mdup_orientation other)
{
    mdup_orientation first = mdup_orientation_between(this_one, MDUP_ORIENTATION_SAME);
    return mdup_orientation_between(first, other);
}

/* b's place from a's, or a's from b's. */
static void place_next(const mdup_pair *pair, mdup_place *a, mdup_place *b)
{
    mdup_orientation b_to_a = pair->orientation,
                     a_to_b = mdup_orientation_between(b_to_a, MDUP_ORIENTATION_SAME);
    if (a->placed)
        *b = (mdup_place){a->x_px + pair->shift_x_px, a->y_px + pair->shift_y_px,
                          add_orientations(a->orientation, b_to_a), true};
    else
        *a = (mdup_place){b->x_px - pair->shift_x_px, b->y_px - pair->shift_y_px,
                          add_orientations(b->orientation, a_to_b), true};
}

/* The pairs are sorted by their first member; in each round those that join a placed and an unplaced one place the latter. */
void mdup_view_places(const mdup_view *view, size_t set, mdup_place *places)
{
    const mdup_report *r = view->report;
    size_t n = view->set_begin[set] - view->set_begin[set - 1];
    for (size_t i = 0; i < n; i++)
        places[i] = (mdup_place){.placed = i == 0};
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t p = 0; p < r->n_pairs; p++) {
            const mdup_pair *pair = &r->pairs[p];
            if (view->kind[p] != MDUP_PAIR_DUPLICATE || r->decision->set[pair->a] != (int64_t)set)
                continue;
            mdup_place *a = &places[member_of(view, set, pair->a)],
                       *b = &places[member_of(view, set, pair->b)];
            if (a->placed == b->placed)
                continue;
            place_next(pair, a, b);
            changed = true;
        }
    }
}
