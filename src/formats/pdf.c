#include "formats/pdf.h"

#include <stdlib.h>
#include <string.h>

#include <cairo-pdf.h>
#include <cairo.h>

#include "base/alloc.h"
#include "base/text.h"

struct mdup_pdf {
    mdup_strbuf *out;
    cairo_surface_t *surface;
    cairo_t *cairo;
    cairo_status_t picture_status; /* of the first picture that failed */
};

/* Baseline to baseline. */
static const double LINE_HEIGHT = 1.35;

static cairo_status_t append(void *closure, const unsigned char *bytes, unsigned length)
{
    mdup_strbuf *out = closure;
    mdup_strbuf_append(out, (const char *)bytes, length);
    return out->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

mdup_pdf *mdup_pdf_begin(mdup_strbuf *out, double width_pt, double height_pt, const char *title,
                         mdup_error **err)
{
    mdup_pdf *pdf = mdup_calloc(1, sizeof *pdf, err);
    if (!pdf)
        return NULL;
    /* Cairo's objects are never NULL, but remember what went wrong; mdup_pdf_end tells it. */
    pdf->out = out;
    pdf->surface = cairo_pdf_surface_create_for_stream(append, out, width_pt, height_pt);
    cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_TITLE, title);
    pdf->cairo = cairo_create(pdf->surface);
    mdup_pdf_bold(pdf, false);
    return pdf;
}

bool mdup_pdf_end(mdup_pdf *pdf, mdup_error **err)
{
    cairo_status_t status = cairo_status(pdf->cairo);
    cairo_destroy(pdf->cairo);
    cairo_surface_finish(pdf->surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(pdf->surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = pdf->picture_status;
    cairo_surface_destroy(pdf->surface);
    free(pdf);
    if (status == CAIRO_STATUS_NO_MEMORY)
        return mdup_fail_nomem(err);
    if (status != CAIRO_STATUS_SUCCESS)
        return mdup_fail(err, MDUP_ERROR_IO, "the PDF could not be made: %s",
                         cairo_status_to_string(status));
    return true;
}

void mdup_pdf_next_page(mdup_pdf *pdf)
{
    cairo_show_page(pdf->cairo);
}

void mdup_pdf_colour(mdup_pdf *pdf, double red, double green, double blue)
{
    cairo_set_source_rgb(pdf->cairo, red, green, blue);
}

static void stroke(mdup_pdf *pdf, double width, bool dashed)
{
    static const double dashes[] = {3, 2};
    cairo_set_dash(pdf->cairo, dashes, dashed ? 2 : 0, 0);
    cairo_set_line_width(pdf->cairo, width);
    cairo_stroke(pdf->cairo);
}

void mdup_pdf_line(mdup_pdf *pdf, double x1, double y1, double x2, double y2, double width,
                   bool dashed)
{
    cairo_move_to(pdf->cairo, x1, y1);
    cairo_line_to(pdf->cairo, x2, y2);
    stroke(pdf, width, dashed);
}

void mdup_pdf_rectangle(mdup_pdf *pdf, double x, double y, double width, double height,
                        double line_width, bool dashed)
{
    cairo_rectangle(pdf->cairo, x, y, width, height);
    stroke(pdf, line_width, dashed);
}

void mdup_pdf_fill_rectangle(mdup_pdf *pdf, double x, double y, double width, double height)
{
    cairo_rectangle(pdf->cairo, x, y, width, height);
    cairo_fill(pdf->cairo);
}

void mdup_pdf_disc(mdup_pdf *pdf, double x, double y, double radius)
{
    static const double FULL_TURN = 6.283185307179586;
    cairo_new_sub_path(pdf->cairo);
    cairo_arc(pdf->cairo, x, y, radius, 0, FULL_TURN);
    cairo_fill(pdf->cairo);
}

/* ---- text ---- */

void mdup_pdf_bold(mdup_pdf *pdf, bool bold)
{
    cairo_select_font_face(pdf->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
}

static double width_of(mdup_pdf *pdf, const char *text)
{
    cairo_text_extents_t extents;
    cairo_text_extents(pdf->cairo, text, &extents);
    return extents.x_advance;
}

void mdup_pdf_text(mdup_pdf *pdf, double x, double y, double size, mdup_pdf_align align,
                   bool upright, const char *text)
{
    static const double QUARTER_TURN = 1.5707963267948966, shares[] = {0, 0.5, 1};
    mdup_strbuf shown = MDUP_STRBUF_INIT;
    mdup_text_show(&shown, text, "?");
    if (shown.text) {
        cairo_save(pdf->cairo);
        cairo_set_font_size(pdf->cairo, size);
        cairo_translate(pdf->cairo, x, y);
        if (upright)
            cairo_rotate(pdf->cairo, -QUARTER_TURN);
        cairo_move_to(pdf->cairo, -shares[align] * width_of(pdf, shown.text), 0);
        cairo_show_text(pdf->cairo, shown.text);
        cairo_restore(pdf->cairo);
    }
    mdup_strbuf_free(&shown);
}

/* Bytes of text that fit, at least one character; up to the last blank when there is one. */
static size_t fit_line(mdup_pdf *pdf, const char *text, double width, mdup_strbuf *line)
{
    size_t at = 0, last_blank = 0;
    for (size_t next; text[at]; at = next) {
        next = at + mdup_utf8_length(text + at);
        mdup_strbuf_reset(line);
        mdup_strbuf_append(line, text, next);
        if (line->failed || (at > 0 && width_of(pdf, line->text) > width))
            return last_blank > 0 ? last_blank : at;
        if (text[next] == ' ' || text[next] == '\0')
            last_blank = next;
    }
    return at;
}

double mdup_pdf_paragraph(mdup_pdf *pdf, double x, double y, double size, double width,
                          const char *text)
{
    mdup_strbuf shown = MDUP_STRBUF_INIT, line = MDUP_STRBUF_INIT;
    mdup_text_show(&shown, text, "?");
    for (const char *at = shown.text; at && *at;) {
        cairo_set_font_size(pdf->cairo, size);
        size_t length = fit_line(pdf, at, width, &line);
        mdup_strbuf_reset(&line);
        mdup_strbuf_append(&line, at, length);
        if (line.failed)
            break;
        mdup_pdf_text(pdf, x, y, size, MDUP_PDF_START, false, line.text);
        y += LINE_HEIGHT * size;
        at += length + strspn(at + length, " ");
    }
    mdup_strbuf_free(&line);
    mdup_strbuf_free(&shown);
    return y;
}

/* ---- pictures ---- */

static cairo_surface_t *surface_of(const mdup_pdf_picture *picture)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, picture->nx, picture->ny);
    unsigned char *bytes = cairo_image_surface_get_data(surface);
    ptrdiff_t stride = cairo_image_surface_get_stride(surface);
    for (int32_t y = 0; bytes && y < picture->ny; y++) {
        for (int32_t x = 0; x < picture->nx; x++) {
            uint32_t grey = picture->pixels[(ptrdiff_t)y * picture->nx + x];
            uint32_t pixel = grey << 16 | grey << 8 | grey;
            memcpy(bytes + y * stride + (ptrdiff_t)x * 4, &pixel, sizeof pixel);
        }
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

/* The bytes belong to the caller, who may free them before cairo writes them. */
static cairo_status_t attach_jpeg(cairo_surface_t *surface, const mdup_pdf_picture *picture)
{
    unsigned char *copy = malloc(picture->jpeg_length);
    if (!copy)
        return CAIRO_STATUS_NO_MEMORY;
    memcpy(copy, picture->jpeg, picture->jpeg_length);
    cairo_status_t status = cairo_surface_set_mime_data(surface, CAIRO_MIME_TYPE_JPEG, copy,
                                                        picture->jpeg_length, free, copy);
    if (status != CAIRO_STATUS_SUCCESS)
        free(copy);
    return status;
}

void mdup_pdf_draw_picture(mdup_pdf *pdf, const mdup_pdf_picture *picture, double x, double y,
                           double scale)
{
    cairo_surface_t *surface = surface_of(picture);
    cairo_status_t status = cairo_surface_status(surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = attach_jpeg(surface, picture);
    if (status == CAIRO_STATUS_SUCCESS) {
        cairo_save(pdf->cairo);
        cairo_translate(pdf->cairo, x, y);
        cairo_scale(pdf->cairo, scale, scale);
        cairo_set_source_surface(pdf->cairo, surface, 0, 0);
        cairo_paint(pdf->cairo);
        cairo_restore(pdf->cairo);
    } else if (pdf->picture_status == CAIRO_STATUS_SUCCESS) {
        pdf->picture_status = status;
    }
    cairo_surface_destroy(surface);
}

void mdup_pdf_push_clip(mdup_pdf *pdf, double x, double y, double width, double height,
                        const double matrix[6])
{
    cairo_save(pdf->cairo);
    cairo_rectangle(pdf->cairo, x, y, width, height);
    cairo_clip(pdf->cairo);
    if (matrix) {
        cairo_matrix_t m;
        cairo_matrix_init(&m, matrix[0], matrix[1], matrix[2], matrix[3], matrix[4], matrix[5]);
        cairo_transform(pdf->cairo, &m);
    }
}

void mdup_pdf_pop_clip(mdup_pdf *pdf)
{
    cairo_restore(pdf->cairo);
}
