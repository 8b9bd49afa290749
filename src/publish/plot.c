#include "publish/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "publish/axis.h"
#include "publish/words.h"

static const double LEFT_pt = 48, RIGHT_pt = MDUP_PLOT_WIDTH_pt - 12, TOP_pt = 12,
                    BOTTOM_pt = MDUP_PLOT_HEIGHT_pt - 36;

static const mdup_ink inks[MDUP_PAIR_KINDS] = {MDUP_INK_DUPLICATE, MDUP_INK_AGAIN, MDUP_INK_DESIGN};

/* So many dots a plot can say more of; the others are dots. */
enum { MOST_MARKS = 400 };

/* More than these would run into each other. */
enum { MOST_LARGE_DOTS = 200 };

static mdup_axis x_axis(double from, double to, bool is_log, const char *label)
{
    return (mdup_axis){from, to, is_log, LEFT_pt, RIGHT_pt, label};
}

static mdup_axis y_axis(double from, double to, bool is_log, const char *label)
{
    return (mdup_axis){from, to, is_log, BOTTOM_pt, TOP_pt, label};
}

double mdup_plot_cut(const mdup_report *r)
{
    return mdup_null_score_at(&r->null, log10(r->max_evalue), r->n_compared);
}

/* ---- when a micrograph was recorded ---- */

static const double MINUTE_s = 60, HOUR_s = 3600;

/* Of a session this short minutes tell more. */
static const double SHORT_SESSION_s = 2 * 3600;

static double begin_of(const mdup_report *r)
{
    double begin_s = (double)INFINITY;
    for (size_t i = 0; i < r->n; i++)
        if (r->micrographs[i].has_time)
            begin_s = fmin(begin_s, r->micrographs[i].time_s);
    return begin_s;
}

static double end_of(const mdup_report *r)
{
    double end_s = -(double)INFINITY;
    for (size_t i = 0; i < r->n; i++)
        if (r->micrographs[i].has_time)
            end_s = fmax(end_s, r->micrographs[i].time_s);
    return end_s;
}

/* Time since the first exposure, or its number where times are not known. */
typedef struct {
    const mdup_view *view;
    bool has_times;
    double begin_s, unit_s, last;
    const char *label, *label_earlier, *label_later;
} timeline;

static timeline start_timeline(const mdup_view *view)
{
    const mdup_report *r = view->report;
    double begin_s = begin_of(r), end_s = end_of(r);
    if (!view->has_times || !(end_s > begin_s))
        return (timeline){.view = view,
                          .last = (double)r->n,
                          .label = "number in order of acquisition",
                          .label_earlier = "earlier one, number in order of acquisition",
                          .label_later = "later one, number"};
    bool in_minutes = end_s - begin_s < SHORT_SESSION_s;
    double unit_s = in_minutes ? MINUTE_s : HOUR_s;
    return (timeline){.view = view,
                      .has_times = true,
                      .begin_s = begin_s,
                      .unit_s = unit_s,
                      .last = (end_s - begin_s) / unit_s,
                      .label = in_minutes ? "minutes since the first exposure"
                                          : "hours since the first exposure",
                      .label_earlier = in_minutes ? "earlier one, minutes since the first exposure"
                                                  : "earlier one, hours since the first exposure",
                      .label_later = in_minutes ? "later one, minutes" : "later one, hours"};
}

static double when(const timeline *c, size_t micrograph)
{
    if (!c->has_times)
        return (double)micrograph + 1;
    return (c->view->report->micrographs[micrograph].time_s - c->begin_s) / c->unit_s;
}

static double first_of(const timeline *c)
{
    return c->has_times ? 0 : c->last > 1 ? 1 : 0;
}

/* ---- dots ---- */

/* Where the dot of a pair is; false: nowhere. */
typedef bool (*place_pair)(const void *context, size_t pair, mdup_point *at);

static void mark_pair(const mdup_view *view, mdup_canvas *c, size_t p, mdup_point at)
{
    const mdup_pair *pair = &view->report->pairs[p];
    mdup_strbuf title = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&title, "%s, ", mdup_words_kind(view, p));
    mdup_words_percent(&title, pair->overlap);
    mdup_strbuf_puts(&title, ", ");
    mdup_words_apart(view, pair, &title);
    mdup_strbuf_puts(&title, ": ");
    mdup_strbuf_puts(&title, view->report->micrographs[pair->a].name);
    mdup_strbuf_puts(&title, " and ");
    mdup_strbuf_puts(&title, view->report->micrographs[pair->b].name);
    c->svg->failed = c->svg->failed || title.failed;
    mdup_canvas_mark(c, at, 3, inks[view->kind[p]], p + 1, title.text ? title.text : "");
    mdup_strbuf_free(&title);
}

/* From the least important to the most, which so lies on top. */
static bool draw_pairs(const mdup_view *view, mdup_canvas *c, place_pair place, const void *context,
                       mdup_error **err)
{
    const mdup_report *r = view->report;
    mdup_point *points = mdup_calloc(r->n_pairs, sizeof *points, err);
    if (!points)
        return false;
    for (int kind = MDUP_PAIR_KINDS - 1; kind >= 0; kind--) {
        size_t n = 0, n_marks = 0;
        bool say_more = c->svg && kind != MDUP_PAIR_DESIGN;
        for (size_t p = 0; p < r->n_pairs; p++) {
            if (view->kind[p] != (mdup_pair_kind)kind || !place(context, p, &points[n]))
                continue;
            if (say_more && n_marks++ < MOST_MARKS)
                mark_pair(view, c, p, points[n]);
            else
                n++;
        }
        mdup_canvas_dots(c, points, n, n > MOST_LARGE_DOTS ? 1.6 : 2.4, inks[kind]);
    }
    free(points);
    return true;
}

/* ---- who overlaps whom ---- */

typedef struct {
    const mdup_view *view;
    timeline timeline;
    mdup_axis x, y;
} plane;

static bool place_by_time(const void *context, size_t p, mdup_point *at)
{
    const plane *in = context;
    const mdup_pair *pair = &in->view->report->pairs[p];
    *at = (mdup_point){mdup_axis_at(&in->x, when(&in->timeline, pair->a)),
                       mdup_axis_at(&in->y, when(&in->timeline, pair->b))};
    return true;
}

static bool draw_who(const mdup_view *view, mdup_canvas *c, mdup_error **err)
{
    plane p = {.view = view, .timeline = start_timeline(view)};
    double first = first_of(&p.timeline), last = p.timeline.last;
    p.x = x_axis(first, last, false, p.timeline.label_earlier);
    p.y = y_axis(first, last, false, p.timeline.label_later);
    mdup_axes_draw(c, &p.x, &p.y);
    mdup_canvas_line(c, (mdup_point){p.x.begin, p.y.begin}, (mdup_point){p.x.end, p.y.end},
                     MDUP_INK_MUTED, true);
    return draw_pairs(view, c, place_by_time, &p, err);
}

/* ---- duplicates along the session ---- */

enum { MOST_BINS = 40 };

typedef struct {
    size_t duplicates, again;
} bin;

static size_t bin_at(const timeline *c, size_t n_bins, size_t micrograph)
{
    double first = first_of(c), share = (when(c, micrograph) - first) / (c->last - first);
    double at = floor(share * (double)n_bins);
    return (size_t)fmax(0, fmin((double)n_bins - 1, at));
}

static void draw_bins(mdup_canvas *c, const bin *bins, size_t n_bins, const mdup_axis *x,
                      const mdup_axis *y)
{
    double width = (x->end - x->begin) / (double)n_bins;
    for (size_t i = 0; i < n_bins; i++) {
        double left = x->begin + width * (double)i + 0.5;
        double middle = mdup_axis_at(y, (double)bins[i].duplicates),
               top = mdup_axis_at(y, (double)(bins[i].duplicates + bins[i].again));
        if (bins[i].duplicates > 0)
            mdup_canvas_bar(c, left, middle, width - 1, y->begin - middle, MDUP_INK_DUPLICATE);
        if (bins[i].again > 0)
            mdup_canvas_bar(c, left, top, width - 1, middle - top, MDUP_INK_AGAIN);
    }
}

static bool draw_when(const mdup_view *view, mdup_canvas *c, mdup_error **err)
{
    (void)err;
    const mdup_report *r = view->report;
    timeline t = start_timeline(view);
    bin bins[MOST_BINS] = {{0, 0}};
    size_t n_bins = r->n < MOST_BINS ? r->n : MOST_BINS, highest = 1;
    for (size_t i = 0; i < r->n; i++)
        if (r->decision->removed[i])
            bins[bin_at(&t, n_bins, i)].duplicates++;
    for (size_t p = 0; p < r->n_pairs; p++)
        if (view->kind[p] == MDUP_PAIR_AGAIN)
            bins[bin_at(&t, n_bins, r->pairs[p].b)].again++;
    for (size_t i = 0; i < n_bins; i++)
        if (bins[i].duplicates + bins[i].again > highest)
            highest = bins[i].duplicates + bins[i].again;
    mdup_axis x = x_axis(first_of(&t), t.last, false, t.label),
              y = y_axis(0, highest < 5 ? 5 : (double)highest * 1.05, false, "micrographs");
    mdup_axes_draw(c, &x, &y);
    draw_bins(c, bins, n_bins, &x, &y);
    return true;
}

/* ---- score ---- */

static double highest_score(const mdup_view *view)
{
    const mdup_report *r = view->report;
    double highest = 1.3 * mdup_plot_cut(r);
    for (size_t p = 0; p < r->n_pairs; p++)
        if (!r->pairs[p].is_copy)
            highest = fmax(highest, 1.1 * r->pairs[p].score);
    return highest;
}

/* A little below what is drawn, on an axis that has no 0. */
static double lowest_score(const mdup_report *r)
{
    double lowest = mdup_plot_cut(r) / 2;
    for (size_t i = 0; i < r->n_unrelated; i++)
        lowest = fmin(lowest, 0.95 * (double)r->unrelated[i].score);
    return fmax(1, lowest);
}

static bool place_by_score(const void *context, size_t p, mdup_point *at)
{
    const plane *in = context;
    const mdup_pair *pair = &in->view->report->pairs[p];
    *at =
        (mdup_point){mdup_axis_at(&in->x, 100 * pair->overlap), mdup_axis_at(&in->y, pair->score)};
    return !pair->is_copy;
}

static bool draw_unrelated_dots(const plane *p, mdup_canvas *c, mdup_error **err)
{
    const mdup_report *r = p->view->report;
    mdup_point *points = mdup_calloc(r->n_unrelated, sizeof *points, err);
    if (!points)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < r->n_unrelated; i++)
        if (r->unrelated[i].overlap > 0)
            points[n++] = (mdup_point){mdup_axis_at(&p->x, 100 * (double)r->unrelated[i].overlap),
                                       mdup_axis_at(&p->y, (double)r->unrelated[i].score)};
    mdup_canvas_dots(c, points, n, 1.2, MDUP_INK_UNRELATED);
    free(points);
    return true;
}

static void label_cut(const mdup_report *r, char *text, size_t size)
{
    snprintf(text, size, "E = %.3g", r->max_evalue);
}

enum { CUT_POINTS = 60 };

/* The score that is enough, which depends on the overlap. */
static void draw_cut(const plane *p, mdup_canvas *c)
{
    const mdup_report *r = p->view->report;
    mdup_point points[CUT_POINTS];
    for (int i = 0; i < CUT_POINTS; i++) {
        double overlap = (i + 0.5) / CUT_POINTS;
        double log10_evalue =
            log10(r->max_evalue) + log10(mdup_overlap_weight(&r->weights, overlap));
        double score = mdup_null_score_at(&r->null, log10_evalue, r->n_compared);
        points[i] = (mdup_point){mdup_axis_at(&p->x, 100 * overlap), mdup_axis_at(&p->y, score)};
    }
    mdup_canvas_polyline(c, points, CUT_POINTS, MDUP_INK_CUT, true);
    char label[32];
    label_cut(r, label, sizeof label);
    mdup_canvas_text(c, (mdup_point){p->x.end, points[CUT_POINTS - 1].y - 4}, MDUP_ANCHOR_END,
                     false, MDUP_INK_CUT, label);
}

static bool draw_score(const mdup_view *view, mdup_canvas *c, mdup_error **err)
{
    plane p = {.view = view,
               .x = x_axis(0, 100, false, "shared area, %"),
               .y = y_axis(lowest_score(view->report), highest_score(view), true, "score")};
    mdup_axes_draw(c, &p.x, &p.y);
    if (!draw_unrelated_dots(&p, c, err))
        return false;
    draw_cut(&p, c);
    double share = mdup_axis_at(&p.x, 100 * view->report->min_overlap);
    mdup_canvas_line(c, (mdup_point){share, p.y.begin}, (mdup_point){share, p.y.end},
                     MDUP_INK_MUTED, true);
    return draw_pairs(view, c, place_by_score, &p, err);
}

/* ---- what unrelated pairs score ---- */

enum { SCORE_BINS = 60 };

/* Share of unrelated pairs whose score is at least that. */
static double share_above(const mdup_report *r, double score)
{
    return pow(10, mdup_null_log10_evalue(&r->null, score, 1));
}

/* The ends of bin i on a logarithmic axis. */
static double score_at(const mdup_axis *x, double i)
{
    return x->from * pow(x->to / x->from, i / SCORE_BINS);
}

static void draw_histogram(const mdup_report *r, mdup_canvas *c, const mdup_axis *x,
                           const mdup_axis *y, const size_t *counts)
{
    mdup_point curve[SCORE_BINS];
    for (int i = 0; i < SCORE_BINS; i++) {
        double low = score_at(x, i), high = score_at(x, i + 1);
        double left = mdup_axis_at(x, low), right = mdup_axis_at(x, high),
               top = mdup_axis_at(y, (double)counts[i]);
        double expected = (double)r->n_unrelated * (share_above(r, low) - share_above(r, high));
        if (counts[i] > 0)
            mdup_canvas_bar(c, left, top, right - left - 0.5, y->begin - top, MDUP_INK_UNRELATED);
        curve[i] = (mdup_point){(left + right) / 2, mdup_axis_at(y, expected)};
    }
    mdup_canvas_polyline(c, curve, SCORE_BINS, MDUP_INK_CURVE, false);
}

static bool place_on_axis(const void *context, size_t p, mdup_point *at)
{
    const plane *in = context;
    const mdup_pair *pair = &in->view->report->pairs[p];
    *at = (mdup_point){mdup_axis_at(&in->x, pair->score), in->y.begin - 4};
    return !pair->is_copy;
}

static bool draw_unrelated(const mdup_view *view, mdup_canvas *c, mdup_error **err)
{
    const mdup_report *r = view->report;
    plane p = {.view = view, .x = x_axis(lowest_score(r), highest_score(view), true, "score")};
    size_t counts[SCORE_BINS] = {0}, highest = 4;
    for (size_t i = 0; i < r->n_unrelated; i++) {
        double at = log(fmax(p.x.from, (double)r->unrelated[i].score) / p.x.from) /
                    log(p.x.to / p.x.from) * SCORE_BINS;
        counts[(size_t)fmin(SCORE_BINS - 1, at)]++;
    }
    for (int i = 0; i < SCORE_BINS; i++)
        highest = counts[i] > highest ? counts[i] : highest;
    p.y = y_axis(0, 1.15 * (double)highest, false, "unrelated pairs");
    mdup_axes_draw(c, &p.x, &p.y);
    draw_histogram(r, c, &p.x, &p.y, counts);
    char label[32];
    double cut = mdup_axis_at(&p.x, mdup_plot_cut(r));
    label_cut(r, label, sizeof label);
    mdup_canvas_line(c, (mdup_point){cut, p.y.begin}, (mdup_point){cut, p.y.end}, MDUP_INK_CUT,
                     true);
    mdup_canvas_text(c, (mdup_point){cut + 4, p.y.end + 8}, MDUP_ANCHOR_START, false, MDUP_INK_CUT,
                     label);
    return draw_pairs(view, c, place_on_axis, &p, err);
}

/* ---- all of them ---- */

const char *mdup_plot_title(mdup_plot plot)
{
    static const char *const titles[MDUP_PLOTS] = {"Who overlaps whom", "Along the session",
                                                   "Shared area and score", "What chance makes"};
    return titles[plot];
}

bool mdup_plot_has_something(const mdup_view *view, mdup_plot plot)
{
    return view->report->n_pairs > 0 || (plot != MDUP_PLOT_WHO && plot != MDUP_PLOT_WHEN);
}

void mdup_plot_caption(const mdup_view *view, mdup_plot plot, mdup_strbuf *out)
{
    const mdup_report *r = view->report;
    switch (plot) {
    case MDUP_PLOT_WHO:
        mdup_strbuf_puts(out, "A dot for each pair.  Near the diagonal: neighbouring shots.  Lines "
                              "along it, farther off: a square or a stage move recorded again.");
        break;
    case MDUP_PLOT_WHEN:
        mdup_strbuf_puts(out, "Duplicates, and on top of them places shown again in part, by the "
                              "time of the later exposure.  All in one place: look at what the "
                              "microscope did then.");
        break;
    case MDUP_PLOT_SCORE:
        mdup_strbuf_puts(
            out, "Found pairs stand above the cut, unrelated ones (grey) below it; how much is "
                 "enough depends on the shared area.  Right of the upright line: "
                 "duplicates.");
        break;
    case MDUP_PLOT_UNRELATED:
    case MDUP_PLOTS:
        if (r->n_unrelated == 0) {
            mdup_strbuf_puts(out, "Nothing is known of unrelated pairs here; built-in values were "
                                  "used, which are cautious.");
            return;
        }
        mdup_strbuf_puts(out, "Grey: scores of ");
        mdup_words_count(out, r->n_unrelated);
        mdup_strbuf_puts(out, " pairs drawn at random.  Curve: the distribution fitted to their "
                              "upper end.  The cut is where chance puts ");
        mdup_strbuf_printf(out, "%.3g of the ", r->max_evalue);
        mdup_words_count(out, (size_t)r->n_compared);
        mdup_strbuf_puts(out, " pairs compared.  Dots: what was found.");
    }
}

bool mdup_plot_draw(const mdup_view *view, mdup_plot plot, mdup_canvas *canvas, mdup_error **err)
{
    switch (plot) {
    case MDUP_PLOT_WHO:
        return draw_who(view, canvas, err);
    case MDUP_PLOT_WHEN:
        return draw_when(view, canvas, err);
    case MDUP_PLOT_SCORE:
        return draw_score(view, canvas, err);
    case MDUP_PLOT_UNRELATED:
    case MDUP_PLOTS:
        break;
    }
    return draw_unrelated(view, canvas, err);
}
