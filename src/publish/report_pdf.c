/* logfile.pdf: what RELION shows of a job. */
#include <math.h>

#include "formats/pdf.h"
#include "publish/figure.h"
#include "publish/picture.h"
#include "publish/plot.h"
#include "publish/words.h"

/* A4, lying. */
static const double WIDTH_pt = 842, HEIGHT_pt = 595, MARGIN_pt = 32;
static const double TITLE_SIZE_pt = 15, TEXT_SIZE_pt = 10, SMALL_SIZE_pt = 8.5;

/* Of a frame, on 38 places at most. */
enum { PICTURE_bytes = 40000 };

static const double OUTLINE_EARLIER[] = {1, 0.77, 0.2}, OUTLINE_LATER[] = {0.22, 0.77, 1};

static void use_ink(mdup_pdf *pdf, mdup_ink ink)
{
    double rgb[3];
    mdup_ink_rgb(ink, rgb);
    mdup_pdf_colour(pdf, rgb[0], rgb[1], rgb[2]);
}

/* ---- the first page ---- */

static double put_verdict(const mdup_view *view, const mdup_verdict *verdict, mdup_pdf *pdf)
{
    double y = MARGIN_pt + TITLE_SIZE_pt, width = WIDTH_pt - 2 * MARGIN_pt;
    use_ink(pdf, MDUP_INK_MUTED);
    mdup_strbuf title = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&title, "microdup %s   %s", view->report->version, view->report->title);
    y = mdup_pdf_paragraph(pdf, MARGIN_pt, y, SMALL_SIZE_pt, width, title.text ? title.text : "") +
        6;
    mdup_strbuf_free(&title);
    use_ink(pdf, MDUP_INK_TEXT);
    mdup_pdf_bold(pdf, true);
    y = mdup_pdf_paragraph(pdf, MARGIN_pt, y, TITLE_SIZE_pt, width, verdict->headline.text);
    mdup_pdf_bold(pdf, false);
    for (size_t i = 0; i < verdict->n_lines; i++)
        y = mdup_pdf_paragraph(pdf, MARGIN_pt, y, TEXT_SIZE_pt, width, verdict->lines[i].text);
    return y;
}

/* Two rows of two plots in what the verdict leaves of the page. */
static bool put_plots(const mdup_view *view, mdup_pdf *pdf, double top, mdup_error **err)
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
            .pdf = pdf,
            .origin = {left + column * scale * MDUP_PLOT_WIDTH_pt, top + row * height + HEADING_pt},
            .scale = scale};
        mdup_pdf_bold(pdf, true);
        mdup_canvas_text(&canvas, (mdup_point){48, 2}, MDUP_ANCHOR_START, false, MDUP_INK_TEXT,
                         mdup_plot_title((mdup_plot)plot));
        mdup_pdf_bold(pdf, false);
        if (!mdup_plot_draw(view, (mdup_plot)plot, &canvas, err))
            return false;
    }
    return true;
}

static void put_legend(mdup_pdf *pdf, double y)
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
        use_ink(pdf, keys[i].ink);
        mdup_pdf_disc(pdf, x, y - 3, 3);
        use_ink(pdf, MDUP_INK_MUTED);
        mdup_pdf_text(pdf, x + 8, y, SMALL_SIZE_pt, MDUP_PDF_START, false, keys[i].text);
    }
}

static bool put_first_page(const mdup_view *view, mdup_pdf *pdf, mdup_error **err)
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

/* Where a picture goes on the page. */
typedef struct {
    double x, y, width, height;
} box;

static void put_picture(mdup_pdf *pdf, const mdup_picture *picture, double px, const double m[6])
{
    mdup_pdf_picture drawn = {picture->grey, picture->nx, picture->ny, picture->jpeg.text,
                              picture->jpeg.length};
    mdup_pdf_push_clip(pdf, -1e9, -1e9, 2e9, 2e9, m);
    mdup_pdf_draw_picture(pdf, &drawn, 0, 0, px);
    mdup_pdf_pop_clip(pdf);
}

/* Shows `area` of a picture (px of the micrograph) in a box: the scale in points a px. */
static double enter(mdup_pdf *pdf, const mdup_area *area, const box *where)
{
    double scale = fmin(where->width / fmax(1, area->width), where->height / fmax(1, area->height));
    const double m[6] = {
        scale, 0, 0, scale, where->x - scale * area->x, where->y - scale * area->y};
    mdup_pdf_push_clip(pdf, where->x, where->y, scale * area->width, scale * area->height, m);
    return scale;
}

static void put_bar(mdup_pdf *pdf, const mdup_area *area, double pixel_A, double scale)
{
    char text[32];
    double length = mdup_figure_scale_bar(area->width, pixel_A, text, sizeof text);
    double right = area->x + area->width - 8 / scale, bottom = area->y + area->height - 8 / scale;
    mdup_pdf_colour(pdf, 0, 0, 0);
    mdup_pdf_fill_rectangle(pdf, right - length - 1 / scale, bottom - 15 / scale,
                            length + 2 / scale, 17 / scale);
    mdup_pdf_colour(pdf, 1, 1, 1);
    mdup_pdf_fill_rectangle(pdf, right - length, bottom - 3 / scale, length, 3 / scale);
    mdup_pdf_text(pdf, right - length / 2, bottom - 6 / scale, SMALL_SIZE_pt / scale,
                  MDUP_PDF_MIDDLE, false, text);
}

typedef struct {
    const mdup_view *view;
    const mdup_pair *pair;
    const mdup_report_micrograph *micrographs[2];
    mdup_picture pictures[2];
    mdup_area shared[2];
} pair_page;

static void put_frame(const pair_page *p, mdup_pdf *pdf, bool later, const box *where)
{
    static const double unmoved[] = {1, 0, 0, 1, 0, 0};
    const mdup_report_micrograph *m = p->micrographs[later];
    const double *rgb = later ? OUTLINE_LATER : OUTLINE_EARLIER;
    mdup_area whole = {0, 0, m->nx, m->ny};
    double scale = enter(pdf, &whole, where);
    put_picture(pdf, &p->pictures[later], (double)m->nx / p->pictures[later].nx, unmoved);
    put_bar(pdf, &whole, m->pixel_A, scale);
    mdup_pdf_colour(pdf, rgb[0], rgb[1], rgb[2]);
    mdup_pdf_rectangle(pdf, p->shared[later].x, p->shared[later].y, p->shared[later].width,
                       p->shared[later].height, 2 / scale, false);
    mdup_pdf_pop_clip(pdf);
}

static void put_shared(const pair_page *p, mdup_pdf *pdf, bool later, const box *where)
{
    double m[6] = {1, 0, 0, 1, 0, 0};
    if (later)
        mdup_figure_matrix(p->view, p->pair, m);
    double scale = enter(pdf, &p->shared[0], where);
    put_picture(pdf, &p->pictures[later], (double)p->micrographs[later]->nx / p->pictures[later].nx,
                m);
    put_bar(pdf, &p->shared[0], p->micrographs[0]->pixel_A, scale);
    mdup_pdf_pop_clip(pdf);
}

static bool put_numbers(const pair_page *p, size_t index, mdup_pdf *pdf, double x, double y,
                        double width, mdup_error **err)
{
    mdup_numbers numbers;
    if (!mdup_words_pair(p->view, index, &numbers, err))
        return false;
    use_ink(pdf, MDUP_INK_TEXT);
    mdup_pdf_bold(pdf, true);
    y = mdup_pdf_paragraph(pdf, x, y, SMALL_SIZE_pt, width, numbers.decision.text) + 4;
    mdup_pdf_bold(pdf, false);
    for (size_t i = 0; i < numbers.n; i++) {
        mdup_strbuf text = MDUP_STRBUF_INIT;
        mdup_strbuf_printf(&text, "%s: %s %s", numbers.items[i].what, numbers.items[i].value.text,
                           numbers.items[i].meaning.text);
        y = mdup_pdf_paragraph(pdf, x, y, SMALL_SIZE_pt, width, text.text ? text.text : "") + 3;
        mdup_strbuf_free(&text);
    }
    mdup_numbers_clear(&numbers);
    return true;
}

static double put_heading(const pair_page *p, size_t index, mdup_pdf *pdf)
{
    const mdup_decision *d = p->view->report->decision;
    double y = MARGIN_pt + TITLE_SIZE_pt, width = WIDTH_pt - 2 * MARGIN_pt;
    const size_t members[] = {p->pair->a, p->pair->b};
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&text, "Pair %zu: %s", index + 1, mdup_words_kind(p->view, index));
    use_ink(pdf, MDUP_INK_TEXT);
    mdup_pdf_bold(pdf, true);
    y = mdup_pdf_paragraph(pdf, MARGIN_pt, y, TITLE_SIZE_pt, width, text.text ? text.text : "");
    mdup_pdf_bold(pdf, false);
    for (int i = 0; i < 2; i++) {
        mdup_strbuf_reset(&text);
        mdup_strbuf_printf(&text, "%s: %s (%s)", i == 0 ? "earlier" : "later",
                           p->micrographs[i]->name, d->removed[members[i]] ? "removed" : "kept");
        y = mdup_pdf_paragraph(pdf, MARGIN_pt, y, TEXT_SIZE_pt, width, text.text ? text.text : "");
    }
    mdup_strbuf_free(&text);
    return y;
}

/* Left: both frames, below them what both show of the shared area.  Right: the numbers. */
static bool draw_pair(const pair_page *p, size_t index, mdup_pdf *pdf, mdup_error **err)
{
    static const double GAP_pt = 10, SIDE_pt = 272;
    double top = put_heading(p, index, pdf),
           height = (HEIGHT_pt - MARGIN_pt - top - 2 * GAP_pt) / 2;
    double second = MARGIN_pt + SIDE_pt + GAP_pt, text = second + SIDE_pt + GAP_pt;
    for (int later = 0; later < 2; later++) {
        double x = later ? second : MARGIN_pt;
        put_frame(p, pdf, later, &(box){x, top, SIDE_pt, height});
        put_shared(p, pdf, later, &(box){x, top + height + GAP_pt, SIDE_pt, height});
    }
    return put_numbers(p, index, pdf, text, top + SMALL_SIZE_pt, WIDTH_pt - MARGIN_pt - text, err);
}

static bool make_picture(const mdup_report *r, size_t index, mdup_picture *out, mdup_error **err)
{
    mdup_report_frame frame = r->frame(r->context, index);
    int step = 0;
    return !frame.pixels || mdup_picture_make(&frame, PICTURE_bytes, &step, out, err);
}

static bool put_pair(const mdup_view *view, size_t index, mdup_pdf *pdf, mdup_error **err)
{
    const mdup_report *r = view->report;
    const mdup_pair *pair = &r->pairs[index];
    pair_page p = {.view = view,
                   .pair = pair,
                   .micrographs = {&r->micrographs[pair->a], &r->micrographs[pair->b]}};
    mdup_figure_shared_area(view, pair, &p.shared[0], &p.shared[1]);
    bool ok = make_picture(r, pair->a, &p.pictures[0], err) &&
              make_picture(r, pair->b, &p.pictures[1], err);
    if (ok && p.pictures[0].grey && p.pictures[1].grey) {
        mdup_pdf_next_page(pdf);
        ok = draw_pair(&p, index, pdf, err);
    }
    mdup_picture_clear(&p.pictures[0]);
    mdup_picture_clear(&p.pictures[1]);
    return ok;
}

static bool draw_all(const mdup_view *view, mdup_pdf *pdf, mdup_error **err)
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
    mdup_pdf *pdf = mdup_pdf_begin(out, WIDTH_pt, HEIGHT_pt, "microdup", err);
    bool ok = pdf && draw_all(&view, pdf, err);
    if (pdf) {
        mdup_error *ending = NULL;
        bool ended = mdup_pdf_end(pdf, &ending);
        if (ok && !ended)
            ok = mdup_error_move(err, &ending);
        else
            mdup_error_clear(&ending);
    }
    mdup_view_clear(&view);
    return ok;
}
