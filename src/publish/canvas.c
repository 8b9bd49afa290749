#include "publish/canvas.h"

#include "publish/template.h"

static const double TEXT_SIZE_pt = 9, LINE_WIDTH_pt = 1;

/* Colours that differ for the colour-blind as well, on white. */
static const struct {
    const char *class;
    double rgb[3];
} inks[MDUP_INKS] = {
    [MDUP_INK_TEXT] = {"ink-text", {0.11, 0.13, 0.16}},
    [MDUP_INK_MUTED] = {"ink-muted", {0.40, 0.44, 0.49}},
    [MDUP_INK_GRID] = {"ink-grid", {0.88, 0.90, 0.92}},
    [MDUP_INK_DUPLICATE] = {"ink-duplicate", {0.78, 0.22, 0.13}},
    [MDUP_INK_AGAIN] = {"ink-again", {0.80, 0.50, 0.0}},
    [MDUP_INK_DESIGN] = {"ink-design", {0.25, 0.48, 0.70}},
    [MDUP_INK_UNRELATED] = {"ink-unrelated", {0.68, 0.71, 0.75}},
    [MDUP_INK_CURVE] = {"ink-curve", {0.11, 0.13, 0.16}},
    [MDUP_INK_CUT] = {"ink-cut", {0.78, 0.22, 0.13}},
};

const char *mdup_ink_class(mdup_ink ink)
{
    return inks[ink].class;
}

void mdup_ink_rgb(mdup_ink ink, double rgb[3])
{
    for (int i = 0; i < 3; i++)
        rgb[i] = inks[ink].rgb[i];
}

/* On the PDF's page. */
static double page_x(const mdup_canvas *c, double x)
{
    return c->origin.x + c->scale * x;
}

static double page_y(const mdup_canvas *c, double y)
{
    return c->origin.y + c->scale * y;
}

static void use_ink(mdup_canvas *c, mdup_ink ink)
{
    mdup_pdf_colour(c->pdf, inks[ink].rgb[0], inks[ink].rgb[1], inks[ink].rgb[2]);
}

void mdup_canvas_line(mdup_canvas *c, mdup_point from, mdup_point to, mdup_ink ink, bool dashed)
{
    const mdup_point points[] = {from, to};
    mdup_canvas_polyline(c, points, 2, ink, dashed);
}

void mdup_canvas_polyline(mdup_canvas *c, const mdup_point *points, size_t n, mdup_ink ink,
                          bool dashed)
{
    if (c->pdf) {
        use_ink(c, ink);
        for (size_t i = 1; i < n; i++)
            mdup_pdf_line(c->pdf, page_x(c, points[i - 1].x), page_y(c, points[i - 1].y),
                          page_x(c, points[i].x), page_y(c, points[i].y), LINE_WIDTH_pt, dashed);
        return;
    }
    mdup_strbuf_printf(c->svg, "<path class=\"line %s%s\" d=\"", inks[ink].class,
                       dashed ? " dashed" : "");
    for (size_t i = 0; i < n; i++)
        mdup_strbuf_printf(c->svg, "%c%.1f %.1f", i == 0 ? 'M' : 'L', points[i].x, points[i].y);
    mdup_strbuf_puts(c->svg, "\"/>");
}

void mdup_canvas_bar(mdup_canvas *c, double x, double y, double width, double height, mdup_ink ink)
{
    if (c->pdf) {
        use_ink(c, ink);
        mdup_pdf_fill_rectangle(c->pdf, page_x(c, x), page_y(c, y), c->scale * width,
                                c->scale * height);
        return;
    }
    mdup_strbuf_printf(c->svg,
                       "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                       inks[ink].class, x, y, width, height);
}

void mdup_canvas_dots(mdup_canvas *c, const mdup_point *points, size_t n, double radius,
                      mdup_ink ink)
{
    if (n == 0)
        return;
    if (c->pdf) {
        use_ink(c, ink);
        for (size_t i = 0; i < n; i++)
            mdup_pdf_disc(c->pdf, page_x(c, points[i].x), page_y(c, points[i].y),
                          c->scale * radius);
        return;
    }
    /* Lines of no length with round ends. */
    mdup_strbuf_printf(c->svg, "<path class=\"dots %s\" stroke-width=\"%.1f\" d=\"",
                       inks[ink].class, 2 * radius);
    for (size_t i = 0; i < n; i++)
        mdup_strbuf_printf(c->svg, "M%.1f %.1fh0", points[i].x, points[i].y);
    mdup_strbuf_puts(c->svg, "\"/>");
}

void mdup_canvas_mark(mdup_canvas *c, mdup_point at, double radius, mdup_ink ink, size_t pair,
                      const char *title)
{
    if (c->pdf) {
        mdup_canvas_dots(c, &at, 1, radius, ink);
        return;
    }
    mdup_strbuf_printf(c->svg,
                       "<circle class=\"mark %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" "
                       "data-pair=\"%zu\"><title>",
                       inks[ink].class, at.x, at.y, radius, pair);
    mdup_html_text(c->svg, title);
    mdup_strbuf_puts(c->svg, "</title></circle>");
}

void mdup_canvas_text(mdup_canvas *c, mdup_point at, mdup_anchor anchor, bool upright, mdup_ink ink,
                      const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    if (c->pdf) {
        use_ink(c, ink);
        mdup_pdf_text(c->pdf, page_x(c, at.x), page_y(c, at.y), c->scale * TEXT_SIZE_pt,
                      (mdup_pdf_align)anchor, upright, text);
        return;
    }
    mdup_strbuf_printf(c->svg, "<text class=\"%s\" text-anchor=\"%s\" ", inks[ink].class,
                       anchors[anchor]);
    if (upright)
        mdup_strbuf_printf(c->svg, "transform=\"translate(%.1f %.1f) rotate(-90)\">", at.x, at.y);
    else
        mdup_strbuf_printf(c->svg, "x=\"%.1f\" y=\"%.1f\">", at.x, at.y);
    mdup_html_text(c->svg, text);
    mdup_strbuf_puts(c->svg, "</text>");
}
