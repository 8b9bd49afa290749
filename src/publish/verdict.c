/* The verdict in words. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "publish/words.h"

static mdup_strbuf *next_line(mdup_verdict *v)
{
    return &v->lines[v->n_lines++];
}

static void put_visits(mdup_strbuf *out, const mdup_recurrence *r)
{
    if (r->least_visits != r->most_visits)
        mdup_strbuf_printf(out, "up to %zu times", r->most_visits);
    else if (r->most_visits == 2)
        mdup_strbuf_puts(out, r->n_places > 1 ? "each twice" : "twice");
    else
        mdup_strbuf_printf(out, "%s%zu times", r->n_places > 1 ? "each " : "", r->most_visits);
}

/* Times as good as equal are told as one. */
static const double NEARLY_EQUAL = 1.25;

static void put_gaps(mdup_strbuf *out, const mdup_recurrence *r)
{
    bool one = r->has_times ? r->most_apart_s <= NEARLY_EQUAL * r->least_apart_s
                            : r->most_between == r->least_between;
    if (r->has_times) {
        mdup_words_span(out, r->least_apart_s);
        if (!one) {
            mdup_strbuf_puts(out, " to ");
            mdup_words_span(out, r->most_apart_s);
        }
    } else {
        if (!one) {
            mdup_words_count(out, r->least_between);
            mdup_strbuf_puts(out, " to ");
        }
        mdup_words_things(out, r->most_between, "exposure", "exposures");
    }
    mdup_strbuf_puts(out, " apart");
}

static void put_headline(const mdup_view *view, const mdup_recurrence *r, mdup_strbuf *out)
{
    size_t n = view->report->n, n_removed = view->n_duplicates;
    if (n_removed == 0) {
        mdup_strbuf_puts(out, n - view->n_not_judged == 1
                                  ? "The one micrograph that could be judged"
                                  : "None of the ");
        if (n - view->n_not_judged != 1)
            mdup_words_things(out, n - view->n_not_judged, "micrograph", "micrographs");
        mdup_strbuf_puts(out, n - view->n_not_judged == 1 ? " has no other to be compared with."
                                                          : " is a duplicate of an earlier one.");
        return;
    }
    mdup_words_count(out, n_removed);
    mdup_strbuf_puts(out, " of ");
    mdup_words_things(out, n, "micrograph", "micrographs");
    mdup_strbuf_puts(out, " (");
    mdup_words_percent(out, (double)n_removed / (double)n);
    mdup_strbuf_puts(out, n_removed == 1 ? ") shows" : ") show");
    mdup_strbuf_puts(out, view->keeps_earliest ? " a place that was recorded before: "
                                               : " a place that another one shows as well: ");
    if (r->are_holes)
        mdup_words_things(out, r->n_places, "hole", "holes");
    else
        mdup_words_things(out, r->n_places, "place", "places");
    mdup_strbuf_puts(out, ", ");
    put_visits(out, r);
    mdup_strbuf_puts(out, ", ");
    put_gaps(out, r);
    mdup_strbuf_puts(out, ".");
}

static void say_excluded(const mdup_view *view, mdup_verdict *v)
{
    size_t n = view->report->decision->n_removed - view->n_duplicates;
    if (n == 0)
        return;
    mdup_strbuf *out = next_line(v);
    mdup_words_things(out, n, "micrograph is removed because a list of yours names it (--exclude).",
                      "micrographs are removed because a list of yours names them (--exclude).");
}

/* One duplicate in a thousand is usual in a healthy session (the experience of find_dupl's author). */
static const double USUAL_SHARE = 0.001;

static void say_what_is_usual(const mdup_view *view, mdup_verdict *v)
{
    size_t n = view->report->n, n_removed = view->n_duplicates;
    /* A handful of micrographs was chosen for its duplicates, or is a test. */
    if (n_removed > 0 && (double)n_removed > 10 * USUAL_SHARE * (double)n)
        mdup_strbuf_puts(next_line(v), "Under 0.1 % is usual; several per cent mean a problem of "
                                       "collection: holes chosen twice, or a stage that slips.");
}

static void say_nothing_found(const mdup_view *view, mdup_verdict *v)
{
    const mdup_report *r = view->report;
    if (r->n_pairs > 0 || r->n_compared <= 0)
        return;
    mdup_strbuf *out = next_line(v);
    mdup_strbuf_puts(out, "None of the ");
    mdup_words_things(out, (size_t)r->n_compared, "pair", "pairs");
    mdup_strbuf_printf(out,
                       " compared looks more alike than chance allows: an E-value up to %.3g was "
                       "asked for (--evalue), the number of such pairs that chance makes in a "
                       "session like this one.",
                       r->max_evalue);
}

static void say_copies(const mdup_view *view, mdup_verdict *v)
{
    if (view->n_exact_copies == 0)
        return;
    mdup_strbuf *out = next_line(v);
    mdup_words_things(out, view->n_exact_copies, "of them is an exact copy",
                      "of them are exact copies");
    mdup_strbuf_puts(out, " of an earlier file, pixel by pixel.");
}

/* The least and the most that pairs of a kind share, and where they do. */
typedef struct {
    double least, most;
    size_t n_corners, n_edges;
} extent;

static extent measure_extent(const mdup_view *view, mdup_pair_kind kind)
{
    const mdup_report *r = view->report;
    extent e = {.least = 1};
    for (size_t p = 0; p < r->n_pairs; p++) {
        const mdup_pair *pair = &r->pairs[p];
        const mdup_report_micrograph *m = &r->micrographs[pair->a];
        if (view->kind[p] != kind)
            continue;
        e.least = fmin(e.least, pair->overlap);
        e.most = fmax(e.most, pair->overlap);
        bool far_x = fabs(pair->shift_x_px) > m->nx / 2.0,
             far_y = fabs(pair->shift_y_px) > m->ny / 2.0;
        e.n_corners += far_x && far_y;
        e.n_edges += far_x != far_y;
    }
    return e;
}

static void put_extent(mdup_strbuf *out, const extent *e, size_t n)
{
    mdup_strbuf least = MDUP_STRBUF_INIT, most = MDUP_STRBUF_INIT;
    mdup_words_percent(&least, e->least);
    mdup_words_percent(&most, e->most);
    if (least.text && most.text && strcmp(least.text, most.text) != 0) {
        mdup_words_percent_number(out, e->least);
        mdup_strbuf_puts(out, " to ");
    }
    mdup_strbuf_append(out, most.text, most.length);
    mdup_strbuf_puts(out, " of the frame");
    if (e->n_corners == n)
        mdup_strbuf_puts(out, " at their corners");
    else if (e->n_edges == n)
        mdup_strbuf_puts(out, " at their edges");
    out->failed = out->failed || least.failed || most.failed;
    mdup_strbuf_free(&least);
    mdup_strbuf_free(&most);
}

/* Pairs of which the list keeps both, so that the particles of the shared area are in it twice. */
static size_t count_left(const mdup_view *view, mdup_pair_kind kind)
{
    const mdup_report *r = view->report;
    size_t n = 0;
    for (size_t p = 0; p < r->n_pairs; p++)
        n += view->kind[p] == kind && !r->decision->removed[r->pairs[p].a] &&
             !r->decision->removed[r->pairs[p].b];
    return n;
}

static void say_again(const mdup_view *view, mdup_verdict *v)
{
    size_t n = view->n_of_kind[MDUP_PAIR_AGAIN], n_left = count_left(view, MDUP_PAIR_AGAIN);
    if (n == 0)
        return;
    extent e = measure_extent(view, MDUP_PAIR_AGAIN);
    mdup_strbuf *out = next_line(v);
    mdup_words_things(out, n, "pair shows", "pairs show");
    mdup_strbuf_puts(out, " a place again in part: ");
    put_extent(out, &e, n);
    mdup_strbuf_puts(out, ".  ");
    if (n_left == 0) {
        mdup_strbuf_puts(out, "None is left once the duplicates are gone.");
        return;
    }
    if (n_left < n) {
        mdup_words_count(out, n_left);
        mdup_strbuf_puts(out, n_left == 1 ? " is left once the duplicates are gone: "
                                          : " are left once the duplicates are gone: ");
    }
    mdup_strbuf_puts(out, n_left < n ? "both" : "Both");
    mdup_strbuf_puts(out, " micrographs are kept, since they share less than ");
    mdup_words_percent(out, view->report->min_overlap);
    mdup_strbuf_puts(out, " (--min-overlap); particles there are seen twice.");
}

static void say_overlaps(const mdup_view *view, mdup_verdict *v)
{
    size_t n_design = view->n_of_kind[MDUP_PAIR_DESIGN];
    say_again(view, v);
    if (n_design > 0) {
        extent e = measure_extent(view, MDUP_PAIR_DESIGN);
        mdup_strbuf *out = next_line(v);
        mdup_words_things(out, n_design, "pair of neighbouring shots overlaps by ",
                          "pairs of neighbouring shots overlap by ");
        put_extent(out, &e, n_design);
        mdup_strbuf_puts(out, ", as the shot pattern of this session has it.");
    }
}

static void say_what_was_not_judged(const mdup_view *view, mdup_verdict *v)
{
    if (view->n_not_judged > 0) {
        mdup_strbuf *out = next_line(v);
        mdup_words_things(out, view->n_not_judged, "micrograph", "micrographs");
        mdup_strbuf_puts(out, " could not be judged and ");
        mdup_strbuf_puts(out, view->n_not_judged == 1 ? "is kept." : "are kept.");
    }
    if (view->n_odd > 0) {
        mdup_strbuf *out = next_line(v);
        mdup_words_things(out, view->n_odd, "micrograph has", "micrographs have");
        mdup_strbuf_puts(out, " another size than most and ");
        mdup_strbuf_puts(out, view->n_odd == 1 ? "was" : "were");
        mdup_strbuf_puts(out, " compared with their own kind only.");
    }
}

/* Lattices have a quarter and more of their power in spots, bundles of parallel filaments 7 %. */
static const double CRYSTAL_SPOT_SHARE = 0.15;

static void say_crystal(const mdup_view *view, mdup_verdict *v)
{
    if (view->report->spot_share < CRYSTAL_SPOT_SHARE)
        return;
    mdup_strbuf *out = next_line(v);
    mdup_strbuf_puts(out, "Caution: the micrographs show a crystal (");
    mdup_words_percent(out, view->report->spot_share);
    mdup_strbuf_puts(out, " of their signal is in Bragg spots), where one place looks like the "
                          "next.  Look at each pair, and expect some to be missed.");
}

bool mdup_words_verdict(const mdup_view *view, mdup_verdict *out, mdup_error **err)
{
    mdup_recurrence recurrence;
    *out = (mdup_verdict){.n_lines = 0};
    if (!mdup_view_recurrence(view, &recurrence, err))
        return false;
    put_headline(view, &recurrence, &out->headline);
    say_nothing_found(view, out);
    say_crystal(view, out);
    say_copies(view, out);
    say_excluded(view, out);
    say_what_is_usual(view, out);
    say_overlaps(view, out);
    say_what_was_not_judged(view, out);
    bool ok = mdup_strbuf_check(&out->headline, err);
    for (size_t i = 0; ok && i < out->n_lines; i++)
        ok = mdup_strbuf_check(&out->lines[i], err);
    if (!ok)
        mdup_verdict_clear(out);
    return ok;
}

void mdup_verdict_clear(mdup_verdict *verdict)
{
    mdup_strbuf_free(&verdict->headline);
    for (size_t i = 0; i < MDUP_MOST_LINES; i++)
        mdup_strbuf_free(&verdict->lines[i]);
    verdict->n_lines = 0;
}
