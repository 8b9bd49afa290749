/* logfile.pdf: what RELION shows of a job. */
#include <math.h>

#include "formats/drawing.h"
#include "publish/pair_drawing.h"
#include "publish/plot.h"
#include "publish/words.h"

/* A4, lying. */
static const double WIDTH_pt = 842, HEIGHT_pt = 595, MARGIN_pt = 32;
static const double TITLE_SIZE_pt = 15, TEXT_SIZE_pt = 10, SMALL_SIZE_pt = 8.5;

/* ---- the first page ---- */

static double put_verdict(const mdup_view *view, const mdup_verdict *verdict, mdup_drawing *pdf)
{
    double y = MARGIN_pt + TITLE_SIZE_pt, width = WIDTH_pt - 2 * MARGIN_pt;
    mdup_draw_use_ink(pdf, MDUP_INK_MUTED);
    mdup_strbuf title = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&title, "microdup %s   %s", view->report->version, view->report->title);
    y = mdup_drawing_paragraph(pdf, MARGIN_pt, y, SMALL_SIZE_pt, width,
                               title.text ? title.text : "") +
        6;
    mdup_strbuf_free(&title);
    mdup_draw_use_ink(pdf, MDUP_INK_TEXT);
    mdup_drawing_bold(pdf, true);
    y = mdup_drawing_paragraph(pdf, MARGIN_pt, y, TITLE_SIZE_pt, width, verdict->headline.text);
    mdup_drawing_bold(pdf, false);
    for (size_t i = 0; i < verdict->n_lines; i++)
        y = mdup_drawing_paragraph(pdf, MARGIN_pt, y, TEXT_SIZE_pt, width, verdict->lines[i].text);
    return y;
}

/* Two rows of two plots in what the verdict leaves of the page. */
static bool put_plots(const mdup_view *view, mdup_drawing *pdf, double top, mdup_error **err)
{
    static const double HEADING_pt = 16;
    double height = (HEIGHT_pt - MARGIN_pt - top) / 2;
    double scale = fmin(1, (height - HEADING_pt) / MDUP_PLOT_HEIGHT_pt);
    double left = WIDTH_pt / 2 - scale * MDUP_PLOT_WIDTH_pt;
    int n = 0;
    for (int plot = 0; plot < MDUP_PLOTS; plot++) {
        if (!mdup_plot_has_something(view, (mdup_plot)plot))
            continue;
        double row = n / 2, column = n % 2;
        n++;
        mdup_canvas canvas = {
            .drawing = pdf,
            .origin = {left + column * scale * MDUP_PLOT_WIDTH_pt, top + row * height + HEADING_pt},
            .scale = scale};
        mdup_drawing_bold(pdf, true);
        mdup_canvas_text(&canvas, (mdup_point){48, 2}, MDUP_ANCHOR_START, false, MDUP_INK_TEXT,
                         mdup_plot_title((mdup_plot)plot));
        mdup_drawing_bold(pdf, false);
        if (!mdup_plot_draw(view, (mdup_plot)plot, &canvas, err))
            return false;
    }
    return true;
}

static void put_legend(mdup_drawing *pdf, double y)
{
    static const struct {
        mdup_ink ink;
        const char *text;
    } keys[] = {{MDUP_INK_DUPLICATE, "duplicate"},
                {MDUP_INK_AGAIN, "again in part"},
                {MDUP_INK_DESIGN, "overlap by design"},
                {MDUP_INK_UNRELATED, "unrelated"}};
    double x = MARGIN_pt + 48;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++, x += 150) {
        mdup_draw_use_ink(pdf, keys[i].ink);
        mdup_drawing_disc(pdf, x, y - 3, 3);
        mdup_draw_use_ink(pdf, MDUP_INK_MUTED);
        mdup_drawing_text(pdf, x + 8, y, SMALL_SIZE_pt, MDUP_DRAWING_START, false, keys[i].text);
    }
}

static bool put_first_page(const mdup_view *view, mdup_drawing *pdf, mdup_error **err)
{
    mdup_verdict verdict;
    if (!mdup_words_verdict(view, &verdict, err))
        return false;
    double y = put_verdict(view, &verdict, pdf);
    mdup_verdict_clear(&verdict);
    put_legend(pdf, y);
    return put_plots(view, pdf, y + 4, err);
}

/* ---- a pair ---- */

static bool put_numbers(const mdup_pair_drawing *p, size_t index, mdup_drawing *pdf, double x,
                        double y, double width, mdup_error **err)
{
    mdup_numbers numbers;
    if (!mdup_words_pair(p->view, index, &numbers, err))
        return false;
    mdup_draw_use_ink(pdf, MDUP_INK_TEXT);
    mdup_drawing_bold(pdf, true);
    y = mdup_drawing_paragraph(pdf, x, y, SMALL_SIZE_pt, width, numbers.decision.text) + 4;
    mdup_drawing_bold(pdf, false);
    for (size_t i = 0; i < numbers.n; i++) {
        mdup_strbuf text = MDUP_STRBUF_INIT;
        mdup_strbuf_printf(&text, "%s: %s %s", numbers.items[i].what, numbers.items[i].value.text,
                           numbers.items[i].meaning.text);
        y = mdup_drawing_paragraph(pdf, x, y, SMALL_SIZE_pt, width, text.text ? text.text : "") + 3;
        mdup_strbuf_free(&text);
    }
    mdup_numbers_clear(&numbers);
    return true;
}

static double put_heading(const mdup_pair_drawing *p, size_t index, mdup_drawing *pdf)
{
    const mdup_decision *d = p->view->report->decision;
    double y = MARGIN_pt + TITLE_SIZE_pt, width = WIDTH_pt - 2 * MARGIN_pt;
    const size_t members[] = {p->pair.a, p->pair.b};
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&text, "Pair %zu: %s", index + 1, mdup_words_kind(p->view, index));
    mdup_draw_use_ink(pdf, MDUP_INK_TEXT);
    mdup_drawing_bold(pdf, true);
    y = mdup_drawing_paragraph(pdf, MARGIN_pt, y, TITLE_SIZE_pt, width, text.text ? text.text : "");
    mdup_drawing_bold(pdf, false);
    for (int i = 0; i < 2; i++) {
        mdup_strbuf_reset(&text);
        mdup_strbuf_printf(&text, "%s: %s (%s)", i == 0 ? "earlier" : "later",
                           p->micrographs[i]->name, d->removed[members[i]] ? "removed" : "kept");
        y = mdup_drawing_paragraph(pdf, MARGIN_pt, y, TEXT_SIZE_pt, width,
                                   text.text ? text.text : "");
    }
    mdup_strbuf_free(&text);
    return y;
}

/* Left: both frames, below them what both show of the shared area.  Right: the numbers. */
static bool draw_pair(const mdup_pair_drawing *p, size_t index, mdup_drawing *pdf, mdup_error **err)
{
    static const double GAP_pt = 10, SIDE_pt = 272;
    double top = put_heading(p, index, pdf),
           height = (HEIGHT_pt - MARGIN_pt - top - 2 * GAP_pt) / 2;
    double second = MARGIN_pt + SIDE_pt + GAP_pt, text = second + SIDE_pt + GAP_pt;
    for (int later = 0; later < 2; later++) {
        double x = later ? second : MARGIN_pt;
        mdup_draw_frame(p, pdf, later, true, &(mdup_box){x, top, SIDE_pt, height});
        mdup_draw_shared(p, pdf, later ? MDUP_LAYER_LATER : MDUP_LAYER_EARLIER,
                         &(mdup_box){x, top + height + GAP_pt, SIDE_pt, height});
    }
    return put_numbers(p, index, pdf, text, top + SMALL_SIZE_pt, WIDTH_pt - MARGIN_pt - text, err);
}

static bool put_pair(const mdup_view *view, size_t index, mdup_drawing *pdf, mdup_error **err)
{
    mdup_pair_drawing p;
    if (!mdup_pair_drawing_make(view, &view->report->pairs[index], false, &p, err))
        return false;
    bool ok = true;
    if (p.pictures[0].grey && p.pictures[1].grey) {
        mdup_drawing_next_page(pdf);
        ok = draw_pair(&p, index, pdf, err);
    }
    mdup_pair_drawing_clear(&p);
    return ok;
}

static bool draw_all(const mdup_view *view, mdup_drawing *pdf, mdup_error **err)
{
    bool ok = put_first_page(view, pdf, err);
    for (size_t i = 0; ok && i < view->n_pictured && i < MDUP_REPORT_PDF_PAGES - 1; i++)
        ok = put_pair(view, view->by_importance[i], pdf, err);
    return ok;
}

bool mdup_report_pdf(const mdup_report *report, mdup_strbuf *out, mdup_error **err)
{
    mdup_view view;
    if (!mdup_view_make(report, &view, err))
        return false;
    mdup_drawing *pdf = mdup_drawing_begin_pdf(out, WIDTH_pt, HEIGHT_pt, "microdup", err);
    bool ok = pdf && draw_all(&view, pdf, err);
    if (pdf) {
        mdup_error *ending = NULL;
        bool ended = mdup_drawing_end(pdf, &ending);
        if (ok && !ended)
            ok = mdup_error_move(err, &ending);
        else
            mdup_error_clear(&ending);
    }
    mdup_view_clear(&view);
    return ok;
}
