/* PDF out: pages with text, lines and pictures.  The only door to cairo. */
#ifndef MDUP_FORMATS_PDF_H
#define MDUP_FORMATS_PDF_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

/* A document in the making.  Coordinates are points (1/72 inch) from the upper left corner, +y down.  What fails is remembered and told by
 * mdup_pdf_end. */
typedef struct mdup_pdf mdup_pdf;

typedef enum { MDUP_PDF_START, MDUP_PDF_MIDDLE, MDUP_PDF_END } mdup_pdf_align;

/** Begins a document whose pages have that size; its bytes are appended to `out`, which is borrowed until mdup_pdf_end.  NULL with *err (NOMEM). */
mdup_pdf *mdup_pdf_begin(mdup_strbuf *out, double width_pt, double height_pt, const char *title,
                         mdup_error **err) MDUP_MUST_CHECK;

/** Ends the document and frees it.  False with *err when something went wrong since it was begun (NOMEM; IO: what cairo says). */
bool mdup_pdf_end(mdup_pdf *pdf, mdup_error **err) MDUP_MUST_CHECK;

/** Ends a page; what is drawn next goes on a new one. */
void mdup_pdf_next_page(mdup_pdf *pdf);

void mdup_pdf_colour(mdup_pdf *pdf, double red, double green, double blue);
void mdup_pdf_line(mdup_pdf *pdf, double x1, double y1, double x2, double y2, double width,
                   bool dashed);
void mdup_pdf_rectangle(mdup_pdf *pdf, double x, double y, double width, double height,
                        double line_width, bool dashed);
void mdup_pdf_fill_rectangle(mdup_pdf *pdf, double x, double y, double width, double height);
void mdup_pdf_disc(mdup_pdf *pdf, double x, double y, double radius);

/** One line of text, on the base line y, what cannot be shown replaced by '?'.  `upright`: from bottom to top. */
void mdup_pdf_text(mdup_pdf *pdf, double x, double y, double size, mdup_pdf_align align,
                   bool upright, const char *text);
void mdup_pdf_bold(mdup_pdf *pdf, bool bold); /* of the text that follows */

/** Text in lines no wider than `width`, broken at blanks, in words that are too long anywhere.  Returns the base line of the line after it. */
double mdup_pdf_paragraph(mdup_pdf *pdf, double x, double y, double size, double width,
                          const char *text);

/** Grey pixels (nx * ny, the first row on top), and the same as a JPEG file, which is what the document holds: drawn so that pixel (0, 0) has its
 *  corner at (x, y) and a pixel is `scale` points wide. */
typedef struct {
    const uint8_t *pixels;
    int32_t nx, ny;
    const char *jpeg;
    size_t jpeg_length;
} mdup_pdf_picture;
void mdup_pdf_draw_picture(mdup_pdf *pdf, const mdup_pdf_picture *picture, double x, double y,
                           double scale);

/** What is drawn between the two is seen inside the rectangle only.  `matrix` maps (x, y) to (m[0] x + m[2] y + m[4], m[1] x + m[3] y + m[5])
 *  before the page's own coordinates; NULL: not at all. */
void mdup_pdf_push_clip(mdup_pdf *pdf, double x, double y, double width, double height,
                        const double matrix[6]);
void mdup_pdf_pop_clip(mdup_pdf *pdf);

#endif
