#include "publish/figure.h"

#include <math.h>
#include <stdio.h>

#include "publish/picture.h"
#include "publish/template.h"

void mdup_figure_shared_area(const mdup_view *view, const mdup_pair *pair, mdup_area *in_a,
                             mdup_area *in_b)
{
    const mdup_report_micrograph *a = &view->report->micrographs[pair->a],
                                 *b = &view->report->micrographs[pair->b];
    double x = pair->shift_x_px, y = -pair->shift_y_px; /* of b's picture on a's, y down */
    if (pair->is_copy) {
        *in_a = (mdup_area){0, 0, a->nx, a->ny};
        *in_b = (mdup_area){0, 0, b->nx, b->ny};
        return;
    }
    *in_a = (mdup_area){fmax(0, x), fmax(0, y), fmax(0, a->nx - fabs(x)), fmax(0, a->ny - fabs(y))};
    *in_b = (mdup_area){in_a->x - x, in_a->y - y, in_a->width, in_a->height};
}

void mdup_figure_matrix(const mdup_view *view, const mdup_pair *pair, double m[6])
{
    const mdup_report_micrograph *a = &view->report->micrographs[pair->a];
    mdup_picture_matrix(pair->orientation, a->nx, a->ny, m);
    m[4] += pair->shift_x_px;
    m[5] -= pair->shift_y_px;
}

double mdup_figure_scale_bar(double width_px, double pixel_A, char *text, size_t size)
{
    static const double A_PER_NM = 10, NM_PER_UM = 1000, SHARE = 0.25;
    double px_per_unit = pixel_A > 0 ? A_PER_NM / pixel_A : 1;
    double longest = SHARE * width_px / px_per_unit, decade = pow(10, floor(log10(longest)));
    double length = longest >= 5 * decade   ? 5 * decade
                    : longest >= 2 * decade ? 2 * decade
                                            : decade;
    if (pixel_A <= 0)
        snprintf(text, size, "%.3g px", length);
    else if (length >= NM_PER_UM)
        snprintf(text, size, "%.3g um", length / NM_PER_UM);
    else
        snprintf(text, size, "%.3g nm", length);
    return length * px_per_unit;
}

/* The inner one cuts off what lies outside of the area, the outer one may be wider than that. */
static void open_svg(mdup_strbuf *out, const mdup_area *area, const char *label, const char *name)
{
    double width = fmax(1, area->width), height = fmax(1, area->height);
    mdup_strbuf_printf(out,
                       "<svg class=\"frame\" role=\"img\" viewBox=\"%.0f %.0f %.0f %.0f\" "
                       "aria-label=\"%s",
                       area->x, area->y, width, height, label);
    mdup_html_text(out, name);
    mdup_strbuf_printf(out,
                       "\"><svg x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" "
                       "viewBox=\"%.0f %.0f %.0f %.0f\">",
                       area->x, area->y, width, height, area->x, area->y, width, height);
}

static void close_svg(mdup_strbuf *out)
{
    mdup_strbuf_puts(out, "</svg></svg>");
}

static void put_rectangle(mdup_strbuf *out, const mdup_area *area, const char *class)
{
    mdup_strbuf_printf(out,
                       "<rect class=\"%s\" x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\"/>",
                       class, area->x, area->y, area->width, area->height);
}

static void put_scale_bar(mdup_strbuf *out, const mdup_area *area, double pixel_A)
{
    char text[32];
    double length = mdup_figure_scale_bar(area->width, pixel_A, text, sizeof text);
    double unit = area->width / 100, right = area->x + area->width - 3 * unit,
           bottom = area->y + area->height - 3 * unit;
    mdup_strbuf_printf(out,
                       "<g class=\"scale\"><rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" "
                       "height=\"%.0f\"/><text x=\"%.0f\" y=\"%.0f\" font-size=\"%.0f\" "
                       "text-anchor=\"middle\">%s</text></g>",
                       right - length, bottom - unit, length, unit, right - length / 2,
                       bottom - 2.2 * unit, 4.2 * unit, text);
}

static const mdup_report_micrograph *micrograph(const mdup_view *view, size_t index)
{
    return &view->report->micrographs[index];
}

void mdup_figure_frame(const mdup_view *view, const mdup_pair *pair, bool later, mdup_strbuf *out)
{
    size_t index = later ? pair->b : pair->a;
    const mdup_report_micrograph *m = micrograph(view, index);
    mdup_area whole = {0, 0, m->nx, m->ny}, shared[2];
    mdup_figure_shared_area(view, pair, &shared[0], &shared[1]);
    open_svg(out, &whole,
             later ? "Later frame, the shared area outlined: "
                   : "Earlier frame, the shared area outlined: ",
             m->name);
    mdup_strbuf_printf(out, "<use href=\"#f%zu\"/>", index);
    put_rectangle(out, &shared[later], later ? "outline later" : "outline earlier");
    put_scale_bar(out, &whole, m->pixel_A);
    close_svg(out);
}

void mdup_figure_shared(const mdup_view *view, const mdup_pair *pair, bool later, mdup_strbuf *out)
{
    mdup_area shared[2];
    double m[6];
    mdup_figure_shared_area(view, pair, &shared[0], &shared[1]);
    mdup_figure_matrix(view, pair, m);
    open_svg(out, &shared[0], later ? "The shared area in " : "The shared area in ",
             micrograph(view, later ? pair->b : pair->a)->name);
    mdup_strbuf_printf(
        out,
        "<use class=\"layer-later\" href=\"#f%zu\" transform=\"matrix(%.0f %.0f %.0f "
        "%.0f %.1f %.1f)\"/>",
        pair->b, m[0], m[1], m[2], m[3], m[4], m[5]);
    if (!later)
        mdup_strbuf_printf(out, "<use class=\"layer-earlier\" href=\"#f%zu\"/>", pair->a);
    put_scale_bar(out, &shared[0], micrograph(view, pair->a)->pixel_A);
    close_svg(out);
}

/* ---- mosaics ---- */

static mdup_area area_of(const mdup_view *view, size_t index, const mdup_place *place)
{
    const mdup_report_micrograph *m = micrograph(view, index);
    /* A quarter turn back exchanges the sides. */
    bool turned = place->orientation >= MDUP_ORIENTATION_TRANSPOSED;
    double width = turned ? m->ny : m->nx, height = turned ? m->nx : m->ny;
    return (mdup_area){place->x_px, -place->y_px - height, width, height};
}

static mdup_area bounds(const mdup_view *view, const size_t *members, size_t n,
                        const mdup_place *places)
{
    double left = (double)INFINITY, top = left, right = -left, bottom = -left;
    for (size_t i = 0; i < n; i++) {
        mdup_area a = area_of(view, members[i], &places[i]);
        left = fmin(left, a.x);
        top = fmin(top, a.y);
        right = fmax(right, a.x + a.width);
        bottom = fmax(bottom, a.y + a.height);
    }
    double margin = 0.02 * (right - left);
    return (mdup_area){left - margin, top - margin, right - left + 2 * margin,
                       bottom - top + 2 * margin};
}

/* A frame at its place, with its number in the corner that no other covers: the one farthest from the middle of all. */
static void put_member(const mdup_view *view, size_t index, size_t number, const mdup_place *place,
                       const mdup_area *all, mdup_strbuf *out)
{
    const mdup_report_micrograph *m = micrograph(view, index);
    mdup_area a = area_of(view, index, place);
    double t[6], unit = all->width / 100;
    mdup_picture_matrix(place->orientation, a.width, a.height, t);
    bool to_right = a.x + a.width / 2 > all->x + all->width / 2,
         below = a.y + a.height / 2 > all->y + all->height / 2;
    mdup_strbuf_printf(out, "<g class=\"member\" data-member=\"%zu\"><title>%zu: ", number, number);
    mdup_html_text(out, m->name);
    mdup_strbuf_printf(out,
                       "</title><use href=\"#f%zu\" transform=\"matrix(%.0f %.0f %.0f %.0f %.1f "
                       "%.1f)\"/>",
                       index, t[0], t[1], t[2], t[3], t[4] + a.x, t[5] + a.y);
    put_rectangle(out, &a,
                  view->report->decision->removed[index] ? "outline later" : "outline earlier");
    mdup_strbuf_printf(out,
                       "<text class=\"number\" x=\"%.0f\" y=\"%.0f\" font-size=\"%.0f\" "
                       "text-anchor=\"middle\">%zu</text></g>",
                       to_right ? a.x + a.width - 4 * unit : a.x + 4 * unit,
                       below ? a.y + a.height - 2.5 * unit : a.y + 6.5 * unit, 6 * unit, number);
}

void mdup_figure_mosaic(const mdup_view *view, size_t set, const mdup_place *places,
                        mdup_strbuf *out)
{
    const size_t *members = view->set_members + view->set_begin[set - 1];
    size_t n = view->set_begin[set] - view->set_begin[set - 1];
    n = n < MDUP_MOSAIC_MEMBERS ? n : MDUP_MOSAIC_MEMBERS;
    mdup_area all = bounds(view, members, n, places);
    /* The scale bar has a place of its own: in the corners are the frames' numbers. */
    mdup_area with_bar = {all.x, all.y, all.width, all.height + 0.08 * all.width};
    char label[64];
    snprintf(label, sizeof label, "The %zu frames of set %zu in their places", n, set);
    open_svg(out, &with_bar, label, "");
    /* The earliest on top, which is the one that is kept. */
    for (size_t i = n; i-- > 0;)
        put_member(view, members[i], i + 1, &places[i], &all, out);
    put_scale_bar(out, &with_bar, micrograph(view, members[0])->pixel_A);
    close_svg(out);
}
