/* Drawing, whatever it ends up in: the page (SVG) or the PDF. */
#ifndef MDUP_PUBLISH_CANVAS_H
#define MDUP_PUBLISH_CANVAS_H

#include <stddef.h>

#include "base/strbuf.h"
#include "formats/pdf.h"

/* What is drawn; the page's style sheet and the PDF's table give each its colour. */
typedef enum {
    MDUP_INK_TEXT,
    MDUP_INK_MUTED, /* axes, and text of less weight */
    MDUP_INK_GRID,
    MDUP_INK_DUPLICATE,
    MDUP_INK_AGAIN,
    MDUP_INK_DESIGN,
    MDUP_INK_UNRELATED,
    MDUP_INK_CURVE,
    MDUP_INK_CUT,
    MDUP_INKS
} mdup_ink;

typedef enum { MDUP_ANCHOR_START, MDUP_ANCHOR_MIDDLE, MDUP_ANCHOR_END } mdup_anchor;

typedef struct {
    double x, y;
} mdup_point;

/* Coordinates are points of 1/72 inch, or what the page makes of them; +y is down. */
typedef struct {
    mdup_strbuf *svg; /* one of the two; borrowed */
    mdup_pdf *pdf;
    mdup_point origin; /* of the drawing on the PDF's page */
    double scale;      /* of the PDF */
} mdup_canvas;

void mdup_canvas_line(mdup_canvas *c, mdup_point from, mdup_point to, mdup_ink ink, bool dashed);
void mdup_canvas_polyline(mdup_canvas *c, const mdup_point *points, size_t n, mdup_ink ink,
                          bool dashed);
void mdup_canvas_bar(mdup_canvas *c, double x, double y, double width, double height, mdup_ink ink);

/** Many dots as one thing: twenty thousand of them open as fast as one. */
void mdup_canvas_dots(mdup_canvas *c, const mdup_point *points, size_t n, double radius,
                      mdup_ink ink);

/** One dot that the page can say more of: it leads to that pair (from 1), and shows the title when pointed at. */
void mdup_canvas_mark(mdup_canvas *c, mdup_point at, double radius, mdup_ink ink, size_t pair,
                      const char *title);

/** `upright`: reads from bottom to top. */
void mdup_canvas_text(mdup_canvas *c, mdup_point at, mdup_anchor anchor, bool upright, mdup_ink ink,
                      const char *text);

/** The class of the style sheet: "ink-duplicate". */
const char *mdup_ink_class(mdup_ink ink);
void mdup_ink_rgb(mdup_ink ink, double rgb[3]);

#endif
