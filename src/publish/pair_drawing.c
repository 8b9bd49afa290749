#include "publish/pair_drawing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Of a frame, on 38 places of a PDF at most. */
enum { PICTURE_bytes = 40000 };

static const double LETTERS_pt = 8.5;

void mdup_draw_use_ink(mdup_drawing *drawing, mdup_ink ink)
{
    double rgb[3];
    mdup_ink_rgb(ink, rgb);
    mdup_drawing_colour(drawing, rgb[0], rgb[1], rgb[2]);
}

void mdup_draw_use_outline(mdup_drawing *drawing, bool later)
{
    static const double rgb[2][3] = {{1, 0.77, 0.2}, {0.22, 0.77, 1}};
    mdup_drawing_colour(drawing, rgb[later][0], rgb[later][1], rgb[later][2]);
}

/* ---- the pictures ---- */

static bool subtract(mdup_pair_drawing *p, const mdup_report_frame frames[2], mdup_error **err)
{
    double m[6];
    mdup_figure_matrix(p->view, &p->pair, m);
    return mdup_picture_difference(&frames[0], &frames[1], m, &p->difference, err);
}

/* Frames are ours until the next is asked for. */
static bool copy_frame(const mdup_report *r, size_t index, mdup_report_frame *frame,
                       int8_t **pixels, mdup_error **err)
{
    *frame = r->frame(r->context, index);
    size_t n = (size_t)frame->nx * (size_t)frame->ny;
    if (!frame->pixels)
        return true;
    if (!(*pixels = mdup_calloc(n, sizeof **pixels, err)))
        return false;
    memcpy(*pixels, frame->pixels, n);
    frame->pixels = *pixels;
    return true;
}

bool mdup_pair_drawing_make(const mdup_view *view, const mdup_pair *pair, bool with_difference,
                            mdup_pair_drawing *out, mdup_error **err)
{
    const mdup_report *r = view->report;
    const size_t members[] = {pair->a, pair->b};
    mdup_report_frame frames[2];
    int8_t *pixels[2] = {NULL, NULL};
    mdup_pair_drawing p = {.view = view, .pair = *pair, .unit = 1};
    mdup_figure_shared_area(view, pair, &p.shared[0], &p.shared[1]);
    bool ok = true;
    for (int i = 0; ok && i < 2; i++) {
        int step = 0;
        p.micrographs[i] = &r->micrographs[members[i]];
        ok = copy_frame(r, members[i], &frames[i], &pixels[i], err) &&
             (!pixels[i] ||
              mdup_picture_make(&frames[i], PICTURE_bytes, &step, &p.pictures[i], err));
    }
    if (ok && with_difference && pixels[0] && pixels[1])
        ok = subtract(&p, frames, err);
    free(pixels[0]);
    free(pixels[1]);
    if (ok)
        *out = p;
    else
        mdup_pair_drawing_clear(&p);
    return ok;
}

void mdup_pair_drawing_clear(mdup_pair_drawing *p)
{
    mdup_picture_clear(&p->pictures[0]);
    mdup_picture_clear(&p->pictures[1]);
    mdup_picture_clear(&p->difference);
}

/* ---- drawn ---- */

static void put_picture(mdup_drawing *drawing, const mdup_picture *picture, double px,
                        const double m[6])
{
    mdup_drawing_picture drawn = {picture->grey, picture->nx, picture->ny, picture->jpeg.text,
                                  picture->jpeg.length};
    mdup_drawing_push_clip(drawing, -1e9, -1e9, 2e9, 2e9, m);
    mdup_drawing_draw_picture(drawing, &drawn, 0, 0, px);
    mdup_drawing_pop_clip(drawing);
}

/* Shows `area` of a picture (px of the micrograph) in a box: the scale in units of the page a px. */
static double enter(mdup_drawing *drawing, const mdup_area *area, const mdup_box *where)
{
    double scale = fmin(where->width / fmax(1, area->width), where->height / fmax(1, area->height));
    const double m[6] = {
        scale, 0, 0, scale, where->x - scale * area->x, where->y - scale * area->y};
    mdup_drawing_push_clip(drawing, where->x, where->y, scale * area->width, scale * area->height,
                           m);
    return scale;
}

static void put_bar(mdup_drawing *drawing, const mdup_area *area, double pixel_A, double unit_px)
{
    char text[32];
    double length = mdup_figure_scale_bar(area->width, pixel_A, text, sizeof text);
    double right = area->x + area->width - 8 * unit_px,
           bottom = area->y + area->height - 8 * unit_px;
    mdup_drawing_colour(drawing, 0, 0, 0);
    mdup_drawing_fill_rectangle(drawing, right - length - unit_px, bottom - 15 * unit_px,
                                length + 2 * unit_px, 17 * unit_px);
    mdup_drawing_colour(drawing, 1, 1, 1);
    mdup_drawing_fill_rectangle(drawing, right - length, bottom - 3 * unit_px, length, 3 * unit_px);
    mdup_drawing_text(drawing, right - length / 2, bottom - 6 * unit_px, LETTERS_pt * unit_px,
                      MDUP_DRAWING_MIDDLE, false, text);
}

void mdup_draw_frame(const mdup_pair_drawing *p, mdup_drawing *drawing, bool later,
                     bool is_outlined, const mdup_box *where)
{
    static const double unmoved[] = {1, 0, 0, 1, 0, 0};
    const mdup_report_micrograph *m = p->micrographs[later];
    const mdup_area whole = {0, 0, m->nx, m->ny}, *shared = &p->shared[later];
    double scale = enter(drawing, &whole, where);
    put_picture(drawing, &p->pictures[later], (double)m->nx / p->pictures[later].nx, unmoved);
    put_bar(drawing, &whole, m->pixel_A, p->unit / scale);
    if (is_outlined) {
        mdup_draw_use_outline(drawing, later);
        mdup_drawing_rectangle(drawing, shared->x, shared->y, shared->width, shared->height,
                               2 * p->unit / scale, false);
    }
    mdup_drawing_pop_clip(drawing);
}

void mdup_draw_shared(const mdup_pair_drawing *p, mdup_drawing *drawing, mdup_layer layer,
                      const mdup_box *where)
{
    double m[6] = {1, 0, 0, 1, 0, 0};
    bool later = layer == MDUP_LAYER_LATER;
    const mdup_picture *picture =
        layer == MDUP_LAYER_DIFFERENCE ? &p->difference : &p->pictures[later];
    if (later)
        mdup_figure_matrix(p->view, &p->pair, m);
    double scale = enter(drawing, &p->shared[0], where);
    put_picture(drawing, picture, (double)p->micrographs[later]->nx / picture->nx, m);
    put_bar(drawing, &p->shared[0], p->micrographs[0]->pixel_A, p->unit / scale);
    mdup_drawing_pop_clip(drawing);
}
