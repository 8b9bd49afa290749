/* Text, lines and pictures on pages of a PDF, or on one PNG.  The only door to cairo. */
#ifndef MDUP_FORMATS_DRAWING_H
#define MDUP_FORMATS_DRAWING_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

/* A document in the making.  Coordinates are points (1/72 inch) of a PDF, pixels of a PNG, from the upper left corner, +y down.  What fails is
 * remembered and told by mdup_drawing_end. */
typedef struct mdup_drawing mdup_drawing;

typedef enum { MDUP_DRAWING_START, MDUP_DRAWING_MIDDLE, MDUP_DRAWING_END } mdup_drawing_align;

/** Begins a document whose pages have that size; its bytes are appended to `out`, which is borrowed until mdup_drawing_end.  NULL with *err (NOMEM). */
mdup_drawing *mdup_drawing_begin_pdf(mdup_strbuf *out, double width_pt, double height_pt,
                                     const char *title, mdup_error **err) MDUP_MUST_CHECK;

/** Begins a white PNG of that size, which tells the program in its key "Software".  Its bytes are appended to `out` by mdup_drawing_end.  NULL with
 *  *err (NOMEM). */
mdup_drawing *mdup_drawing_begin_png(mdup_strbuf *out, int width_px, int height_px,
                                     const char *software, mdup_error **err) MDUP_MUST_CHECK;

/* So many bytes from the beginning of a file tell whose PNG it is. */
enum { MDUP_PNG_HEAD_bytes = 80 };

/** Whether a file that begins so is a PNG that was made here, by a program whose name begins so. */
bool mdup_png_is_by(const char *head, size_t length, const char *software);

/** Ends the document and frees it.  False with *err when something went wrong since it was begun (NOMEM; IO: what cairo says). */
bool mdup_drawing_end(mdup_drawing *drawing, mdup_error **err) MDUP_MUST_CHECK;

/** Ends a page of a PDF; what is drawn next goes on a new one. */
void mdup_drawing_next_page(mdup_drawing *drawing);

void mdup_drawing_colour(mdup_drawing *drawing, double red, double green, double blue);
void mdup_drawing_line(mdup_drawing *drawing, double x1, double y1, double x2, double y2,
                       double width, bool dashed);
void mdup_drawing_rectangle(mdup_drawing *drawing, double x, double y, double width, double height,
                            double line_width, bool dashed);
void mdup_drawing_fill_rectangle(mdup_drawing *drawing, double x, double y, double width,
                                 double height);
void mdup_drawing_disc(mdup_drawing *drawing, double x, double y, double radius);

/** One line of text, on the base line y, what cannot be shown replaced by '?'.  `upright`: from bottom to top. */
void mdup_drawing_text(mdup_drawing *drawing, double x, double y, double size,
                       mdup_drawing_align align, bool upright, const char *text);
void mdup_drawing_bold(mdup_drawing *drawing, bool bold); /* of the text that follows */

/** Text in lines no wider than `width`, broken at blanks, in words that are too long anywhere.  Returns the base line of the line after it. */
double mdup_drawing_paragraph(mdup_drawing *drawing, double x, double y, double size, double width,
                              const char *text);

/** Grey pixels (nx * ny, the first row on top), and the same as a JPEG file, which is what a PDF holds (NULL: the pixels are): drawn so that pixel (0, 0) has its
 *  corner at (x, y) and a pixel is `scale` points wide. */
typedef struct {
    const uint8_t *pixels;
    int32_t nx, ny;
    const char *jpeg;
    size_t jpeg_length;
} mdup_drawing_picture;
void mdup_drawing_draw_picture(mdup_drawing *drawing, const mdup_drawing_picture *picture, double x,
                               double y, double scale);

/** What is drawn between the two is seen inside the rectangle only.  `matrix` maps (x, y) to (m[0] x + m[2] y + m[4], m[1] x + m[3] y + m[5])
 *  before the page's own coordinates; NULL: not at all. */
void mdup_drawing_push_clip(mdup_drawing *drawing, double x, double y, double width, double height,
                            const double matrix[6]);
void mdup_drawing_pop_clip(mdup_drawing *drawing);

#endif
