/* What is said of a pair. */
#include <math.h>
#include <string.h>

#include "publish/words.h"

static mdup_number *add_number(mdup_numbers *numbers, const char *what)
{
    numbers->items[numbers->n].what = what;
    return &numbers->items[numbers->n++];
}

static void say_shared(const mdup_view *view, const mdup_pair *pair, mdup_numbers *numbers)
{
    mdup_number *n = add_number(numbers, "Shared area");
    bool is_duplicate = pair->overlap >= view->report->min_overlap;
    mdup_words_percent(&n->value, pair->overlap);
    mdup_strbuf_puts(&n->meaning, "of each frame shows what the other one shows; ");
    mdup_strbuf_puts(&n->meaning, is_duplicate ? "from " : "less than ");
    mdup_words_percent(&n->meaning, view->report->min_overlap);
    mdup_strbuf_puts(&n->meaning, is_duplicate ? " on the later one is a duplicate."
                                               : ", so neither goes for it.");
}

/* "left", "right"; "up", "down" as the pictures have it. */
static void put_direction(mdup_strbuf *out, double px, double pixel_A, const char *positive,
                          const char *negative)
{
    mdup_words_length(out, fabs(px), pixel_A);
    mdup_strbuf_printf(out, " %s", px >= 0 ? positive : negative);
}

static void say_shift(const mdup_view *view, const mdup_pair *pair, mdup_numbers *numbers)
{
    mdup_number *n = add_number(numbers, "Shift");
    double pixel_A = view->report->micrographs[pair->a].pixel_A;
    put_direction(&n->value, pair->shift_x_px, pixel_A, "right", "left");
    mdup_strbuf_puts(&n->value, ", ");
    put_direction(&n->value, pair->shift_y_px, pixel_A, "up", "down");
    mdup_strbuf_printf(&n->meaning,
                       "is how the later frame lies on the earlier one: (%.1f, %.1f) px",
                       pair->shift_x_px, pair->shift_y_px);
    if (pair->is_copy)
        mdup_strbuf_puts(&n->meaning, ".");
    else
        mdup_strbuf_printf(&n->meaning, ", known to %.1f px.", fmax(0.1, pair->shift_sd_px));
}

static double two_figures(double value)
{
    double step = value >= 100 ? pow(10, floor(log10(value)) - 1) : 1;
    return round(value / step) * step;
}

/* "200 million" */
static void put_sessions(mdup_strbuf *out, double log10_sessions)
{
    static const struct {
        double log10;
        const char *name;
    } scales[] = {{9, " billion"}, {6, " million"}, {3, " thousand"}};
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        if (log10_sessions >= scales[i].log10) {
            mdup_strbuf_printf(out, "%.0f%s",
                               two_figures(pow(10, log10_sessions - scales[i].log10)),
                               scales[i].name);
            return;
        }
    }
    mdup_strbuf_printf(out, "%.0f", two_figures(pow(10, log10_sessions)));
}

/* From 1e12 sessions on nobody counts. */
static const double CERTAIN_LOG10 = -12;

static void say_evalue(const mdup_view *view, const mdup_pair *pair, mdup_numbers *numbers)
{
    mdup_number *n = add_number(numbers, "E-value");
    mdup_words_evalue(&n->value, pair);
    if (pair->is_copy) {
        mdup_strbuf_puts(&n->meaning,
                         "since the pixels are the same, there is no question of chance.");
    } else if (pair->log10_evalue < CERTAIN_LOG10) {
        mdup_strbuf_puts(&n->meaning, "unrelated pairs are expected to look as much alike in a "
                                      "search of this size: it is not chance.");
    } else if (pair->log10_evalue < 0) {
        mdup_strbuf_puts(&n->meaning, "unrelated pairs are expected to look as much alike: chance "
                                      "makes one such pair in ");
        put_sessions(&n->meaning, -pair->log10_evalue);
        mdup_strbuf_puts(&n->meaning, " sessions like this one.");
    } else {
        mdup_strbuf_puts(&n->meaning, "unrelated pairs are expected to look as much alike in this "
                                      "very session: it may well be chance.");
    }
    (void)view;
}

static double highest_unrelated(const mdup_report *r)
{
    double highest = 0;
    for (size_t i = 0; i < r->n_unrelated; i++)
        highest = fmax(highest, (double)r->unrelated[i].score);
    return highest;
}

static void say_score(const mdup_view *view, const mdup_pair *pair, mdup_numbers *numbers)
{
    if (pair->is_copy)
        return;
    mdup_number *n = add_number(numbers, "Score");
    double highest = highest_unrelated(view->report);
    mdup_strbuf_printf(&n->value, "%.1f", pair->score);
    mdup_strbuf_puts(&n->meaning, "standard deviations above what unrelated frames give");
    if (highest > 0)
        mdup_strbuf_printf(&n->meaning,
                           "; of %zu unrelated pairs of this session the highest has %.1f",
                           view->report->n_unrelated, highest);
    mdup_strbuf_puts(&n->meaning, ".");
}

static void say_ccc(const mdup_pair *pair, mdup_numbers *numbers)
{
    mdup_number *n = add_number(numbers, "CCC");
    mdup_strbuf_printf(&n->value, "%.2f", fabs(pair->ccc) < 0.005 ? 0.0 : pair->ccc);
    mdup_strbuf_puts(&n->meaning,
                     "is the plain correlation of the shared areas; it decides nothing, "
                     "and is far from 1 since each exposure has noise of its own.");
}

static void say_when(const mdup_view *view, const mdup_pair *pair, mdup_numbers *numbers)
{
    mdup_number *n = add_number(numbers, "Recorded");
    mdup_words_apart(view, pair, &n->value);
    mdup_strbuf_puts(&n->meaning, "as number ");
    mdup_words_count(&n->meaning, pair->a + 1);
    mdup_strbuf_puts(&n->meaning, " and number ");
    mdup_words_count(&n->meaning, pair->b + 1);
    mdup_strbuf_puts(&n->meaning, " of ");
    mdup_words_count(&n->meaning, view->report->n);
    mdup_strbuf_puts(&n->meaning, ".");
}

static void put_um(mdup_strbuf *out, double um)
{
    static const double A_PER_um = 1e4;
    mdup_words_length(out, um, A_PER_um);
}

/* A check only: the stage errs by half a frame and more, and the images do not. */
static void say_stage(const mdup_view *view, const mdup_pair *pair, mdup_numbers *numbers)
{
    const mdup_report_micrograph *m = &view->report->micrographs[pair->a];
    const mdup_acquisition *a = &m->recorded, *b = &view->report->micrographs[pair->b].recorded;
    if (!a->has_stage || !b->has_stage)
        return;
    double x_um = b->stage_x_um - a->stage_x_um, y_um = b->stage_y_um - a->stage_y_um;
    mdup_number *n = add_number(numbers, "Stage");
    put_um(&n->value, hypot(x_um, y_um));
    mdup_strbuf_puts(&n->meaning, "apart, says the stage");
    if (a->has_shift && b->has_shift) {
        mdup_strbuf_puts(&n->meaning, "; with the shift of beam and image ");
        put_um(&n->meaning,
               hypot(x_um + b->shift_x_um - a->shift_x_um, y_um + b->shift_y_um - a->shift_y_um));
    }
    mdup_strbuf_puts(&n->meaning, ".  The images say ");
    mdup_words_length(&n->meaning, hypot(pair->shift_x_px, pair->shift_y_px), m->pixel_A);
    mdup_strbuf_puts(&n->meaning, ".");
}

static void put_orientation(const mdup_pair *pair, mdup_strbuf *out)
{
    static const char *const words[MDUP_N_ORIENTATIONS] = {
        [MDUP_ORIENTATION_SAME] = "",
        [MDUP_ORIENTATION_MIRRORED_X] = ", left and right exchanged",
        [MDUP_ORIENTATION_MIRRORED_Y] = ", top and bottom exchanged",
        [MDUP_ORIENTATION_TURNED_180] = ", turned by 180 degrees",
        [MDUP_ORIENTATION_TRANSPOSED] = ", x and y exchanged",
        [MDUP_ORIENTATION_TURNED_90] = ", turned counter-clockwise by 90 degrees",
        [MDUP_ORIENTATION_TURNED_270] = ", turned clockwise by 90 degrees",
        [MDUP_ORIENTATION_ANTITRANSPOSED] = ", mirrored at the other diagonal",
    };
    mdup_strbuf_puts(out, words[pair->orientation]);
}

static void put_signs(const mdup_view *view, size_t p, mdup_strbuf *out)
{
    const mdup_pair *pair = &view->report->pairs[p];
    if (pair->is_copy) {
        mdup_strbuf_puts(out, "Both files hold the same pixels");
        put_orientation(pair, out);
        mdup_strbuf_puts(out, ".");
        return;
    }
    mdup_strbuf_printf(out, "E-value up to %.3g: they show the same place.  ",
                       view->report->max_evalue);
    if (view->kind[p] == MDUP_PAIR_DUPLICATE) {
        mdup_strbuf_puts(out, "Shared area of ");
        mdup_words_percent(out, view->report->min_overlap);
        mdup_strbuf_puts(out, " or more: a duplicate.");
    } else if (view->kind[p] == MDUP_PAIR_AGAIN) {
        mdup_strbuf_puts(out, "They are not neighbours in a shot pattern: the place was recorded "
                              "again, in part.");
    } else if (mdup_view_is_one_hole(view, pair)) {
        mdup_strbuf_puts(out, "They are shots of one hole: the shot pattern overlaps.");
    } else {
        mdup_strbuf_puts(out, "The same shift comes over and over: the shot pattern overlaps.");
    }
}

static void put_consequence(const mdup_view *view, size_t p, mdup_strbuf *out)
{
    const mdup_decision *d = view->report->decision;
    const mdup_pair *pair = &view->report->pairs[p];
    bool a_goes = d->removed[pair->a], b_goes = d->removed[pair->b];
    if (b_goes && d->original[pair->b] == (ptrdiff_t)p)
        mdup_strbuf_puts(out, view->keeps_earliest
                                  ? "  The earlier one is kept: it has seen the least dose."
                                  : "  The earlier one is kept, as --keep or --protect has it.");
    else if (a_goes && d->original[pair->a] == (ptrdiff_t)p)
        mdup_strbuf_puts(out, "  The later one is kept, as --keep or --protect has it.");
    else if (a_goes && b_goes)
        mdup_strbuf_puts(out, mdup_view_is_duplicate(view, pair->a) &&
                                      mdup_view_is_duplicate(view, pair->b)
                                  ? "  Both are removed, for others that they duplicate."
                                  : "  Both are removed.");
    else if (a_goes && view->kind[p] == MDUP_PAIR_DUPLICATE)
        mdup_strbuf_puts(out, "  The earlier one is removed itself, so the later one is kept.");
    else if (a_goes || b_goes)
        mdup_strbuf_printf(out, "  The %s one is removed, %s.", a_goes ? "earlier" : "later",
                           mdup_view_is_duplicate(view, a_goes ? pair->a : pair->b)
                               ? "for another that it duplicates"
                               : "since a list of yours names it");
    else
        mdup_strbuf_puts(out, "  Both are kept.");
}

bool mdup_words_pair(const mdup_view *view, size_t p, mdup_numbers *out, mdup_error **err)
{
    const mdup_pair *pair = &view->report->pairs[p];
    *out = (mdup_numbers){.n = 0};
    say_shared(view, pair, out);
    say_shift(view, pair, out);
    say_evalue(view, pair, out);
    say_score(view, pair, out);
    say_ccc(pair, out);
    say_when(view, pair, out);
    say_stage(view, pair, out);
    put_signs(view, p, &out->decision);
    put_consequence(view, p, &out->decision);
    bool ok = mdup_strbuf_check(&out->decision, err);
    for (size_t i = 0; ok && i < out->n; i++)
        ok = mdup_strbuf_check(&out->items[i].value, err) &&
             mdup_strbuf_check(&out->items[i].meaning, err);
    if (!ok)
        mdup_numbers_clear(out);
    return ok;
}

void mdup_numbers_clear(mdup_numbers *numbers)
{
    for (size_t i = 0; i < MDUP_MOST_NUMBERS; i++) {
        mdup_strbuf_free(&numbers->items[i].value);
        mdup_strbuf_free(&numbers->items[i].meaning);
    }
    mdup_strbuf_free(&numbers->decision);
    numbers->n = 0;
}
