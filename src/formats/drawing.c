#include "formats/drawing.h"

#include <stdlib.h>
#include <string.h>

#include <cairo-pdf.h>
#include <cairo.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/text.h"

struct mdup_drawing {
    mdup_strbuf *out;
    cairo_surface_t *surface;
    cairo_t *cairo;
    const char *software;          /* of a PNG; NULL: it is a PDF */
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

mdup_drawing *mdup_drawing_begin_pdf(mdup_strbuf *out, double width_pt, double height_pt,
                                     const char *title, mdup_error **err)
{
    mdup_drawing *drawing = mdup_calloc(1, sizeof *drawing, err);
    if (!drawing)
        return NULL;
    /* Cairo's objects are never NULL, but remember what went wrong; mdup_drawing_end tells it. */
    drawing->out = out;
    drawing->surface = cairo_pdf_surface_create_for_stream(append, out, width_pt, height_pt);
    cairo_pdf_surface_set_metadata(drawing->surface, CAIRO_PDF_METADATA_TITLE, title);
    drawing->cairo = cairo_create(drawing->surface);
    mdup_drawing_bold(drawing, false);
    return drawing;
}

mdup_drawing *mdup_drawing_begin_png(mdup_strbuf *out, int width_px, int height_px,
                                     const char *software, mdup_error **err)
{
    mdup_drawing *drawing = mdup_calloc(1, sizeof *drawing, err);
    if (!drawing)
        return NULL;
    drawing->out = out;
    drawing->software = software;
    drawing->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width_px, height_px);
    drawing->cairo = cairo_create(drawing->surface);
    cairo_set_source_rgb(drawing->cairo, 1, 1, 1);
    cairo_paint(drawing->cairo);
    mdup_drawing_bold(drawing, false);
    return drawing;
}

/* ---- whose PNG it is ---- */

/* The signature and the chunk IHDR, behind which ours stands: "tEXt" with "Software", a NUL and the program.  Cairo writes no texts. */
enum { PNG_BEGINNING_bytes = 33, CHUNK_HEAD_bytes = 8 };
static const char PNG_SIGNATURE[] = "\x89PNG\r\n\x1A\n", CHUNK_TYPE[] = "tEXt", KEY[] = "Software";

static void put_u32(mdup_strbuf *out, uint32_t value)
{
    const char bytes[] = {(char)(value >> 24), (char)(value >> 16), (char)(value >> 8),
                          (char)value};
    mdup_strbuf_append(out, bytes, sizeof bytes);
}

static void put_software(mdup_strbuf *out, const char *software)
{
    size_t length = sizeof KEY + strlen(software);
    put_u32(out, (uint32_t)length);
    size_t begin = out->length;
    mdup_strbuf_puts(out, CHUNK_TYPE);
    mdup_strbuf_append(out, KEY, sizeof KEY);
    mdup_strbuf_puts(out, software);
    if (!out->failed)
        put_u32(out, (uint32_t)crc32(0, (const unsigned char *)out->text + begin,
                                     (unsigned)(out->length - begin)));
}

bool mdup_png_is_by(const char *head, size_t length, const char *software)
{
    const char *type = head + PNG_BEGINNING_bytes + CHUNK_HEAD_bytes / 2,
               *key = head + PNG_BEGINNING_bytes + CHUNK_HEAD_bytes;
    return length >= PNG_BEGINNING_bytes + CHUNK_HEAD_bytes + sizeof KEY + strlen(software) &&
           memcmp(head, PNG_SIGNATURE, sizeof PNG_SIGNATURE - 1) == 0 &&
           memcmp(type, CHUNK_TYPE, sizeof CHUNK_TYPE - 1) == 0 &&
           memcmp(key, KEY, sizeof KEY) == 0 &&
           memcmp(key + sizeof KEY, software, strlen(software)) == 0;
}

static cairo_status_t write_png(mdup_drawing *drawing)
{
    mdup_strbuf png = MDUP_STRBUF_INIT;
    cairo_status_t status = cairo_surface_write_to_png_stream(drawing->surface, append, &png);
    if (status == CAIRO_STATUS_SUCCESS) {
        mdup_strbuf_append(drawing->out, png.text, PNG_BEGINNING_bytes);
        put_software(drawing->out, drawing->software);
        mdup_strbuf_append(drawing->out, png.text + PNG_BEGINNING_bytes,
                           png.length - PNG_BEGINNING_bytes);
        if (drawing->out->failed)
            status = CAIRO_STATUS_NO_MEMORY;
    }
    mdup_strbuf_free(&png);
    return status;
}

/* ---- the whole ---- */

bool mdup_drawing_end(mdup_drawing *drawing, mdup_error **err)
{
    cairo_status_t status = cairo_status(drawing->cairo);
    cairo_destroy(drawing->cairo);
    if (drawing->software && status == CAIRO_STATUS_SUCCESS)
        status = write_png(drawing);
    cairo_surface_finish(drawing->surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(drawing->surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = drawing->picture_status;
    cairo_surface_destroy(drawing->surface);
    free(drawing);
    if (status == CAIRO_STATUS_NO_MEMORY)
        return mdup_fail_nomem(err);
    if (status != CAIRO_STATUS_SUCCESS)
        return mdup_fail(err, MDUP_ERROR_IO, "the picture could not be made: %s",
                         cairo_status_to_string(status));
    return true;
}

void mdup_drawing_next_page(mdup_drawing *drawing)
{
    cairo_show_page(drawing->cairo);
}

void mdup_drawing_colour(mdup_drawing *drawing, double red, double green, double blue)
{
    cairo_set_source_rgb(drawing->cairo, red, green, blue);
}

static void stroke(mdup_drawing *drawing, double width, bool dashed)
{
    static const double dashes[] = {3, 2};
    cairo_set_dash(drawing->cairo, dashes, dashed ? 2 : 0, 0);
    cairo_set_line_width(drawing->cairo, width);
    cairo_stroke(drawing->cairo);
}

void mdup_drawing_line(mdup_drawing *drawing, double x1, double y1, double x2, double y2,
                       double width, bool dashed)
{
    cairo_move_to(drawing->cairo, x1, y1);
    cairo_line_to(drawing->cairo, x2, y2);
    stroke(drawing, width, dashed);
}

void mdup_drawing_rectangle(mdup_drawing *drawing, double x, double y, double width, double height,
                            double line_width, bool dashed)
{
    cairo_rectangle(drawing->cairo, x, y, width, height);
    stroke(drawing, line_width, dashed);
}

void mdup_drawing_fill_rectangle(mdup_drawing *drawing, double x, double y, double width,
                                 double height)
{
    cairo_rectangle(drawing->cairo, x, y, width, height);
    cairo_fill(drawing->cairo);
}

void mdup_drawing_disc(mdup_drawing *drawing, double x, double y, double radius)
{
    static const double FULL_TURN = 6.283185307179586;
    cairo_new_sub_path(drawing->cairo);
    cairo_arc(drawing->cairo, x, y, radius, 0, FULL_TURN);
    cairo_fill(drawing->cairo);
}

/* ---- text ---- */

void mdup_drawing_bold(mdup_drawing *drawing, bool bold)
{
    cairo_select_font_face(drawing->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
}

static double width_of(mdup_drawing *drawing, const char *text)
{
    cairo_text_extents_t extents;
    cairo_text_extents(drawing->cairo, text, &extents);
    return extents.x_advance;
}

void mdup_drawing_text(mdup_drawing *drawing, double x, double y, double size,
                       mdup_drawing_align align, bool upright, const char *text)
{
    static const double QUARTER_TURN = 1.5707963267948966, shares[] = {0, 0.5, 1};
    mdup_strbuf shown = MDUP_STRBUF_INIT;
    mdup_text_show(&shown, text, "?");
    if (shown.text) {
        cairo_save(drawing->cairo);
        cairo_set_font_size(drawing->cairo, size);
        cairo_translate(drawing->cairo, x, y);
        if (upright)
            cairo_rotate(drawing->cairo, -QUARTER_TURN);
        cairo_move_to(drawing->cairo, -shares[align] * width_of(drawing, shown.text), 0);
        cairo_show_text(drawing->cairo, shown.text);
        cairo_restore(drawing->cairo);
    }
    mdup_strbuf_free(&shown);
}

/* Bytes of text that fit, at least one character; up to the last blank when there is one. */
static size_t fit_line(mdup_drawing *drawing, const char *text, double width, mdup_strbuf *line)
{
    size_t at = 0, last_blank = 0;
    for (size_t next; text[at]; at = next) {
        next = at + mdup_utf8_length(text + at);
        mdup_strbuf_reset(line);
        mdup_strbuf_append(line, text, next);
        if (line->failed || (at > 0 && width_of(drawing, line->text) > width))
            return last_blank > 0 ? last_blank : at;
        if (text[next] == ' ' || text[next] == '\0')
            last_blank = next;
    }
    return at;
}

double mdup_drawing_paragraph(mdup_drawing *drawing, double x, double y, double size, double width,
                              const char *text)
{
    mdup_strbuf shown = MDUP_STRBUF_INIT, line = MDUP_STRBUF_INIT;
    mdup_text_show(&shown, text, "?");
    for (const char *at = shown.text; at && *at;) {
        cairo_set_font_size(drawing->cairo, size);
        size_t length = fit_line(drawing, at, width, &line);
        mdup_strbuf_reset(&line);
        mdup_strbuf_append(&line, at, length);
        if (line.failed)
            break;
        mdup_drawing_text(drawing, x, y, size, MDUP_DRAWING_START, false, line.text);
        y += LINE_HEIGHT * size;
        at += length + strspn(at + length, " ");
    }
    mdup_strbuf_free(&line);
    mdup_strbuf_free(&shown);
    return y;
}

/* ---- pictures ---- */

static cairo_surface_t *surface_of(const mdup_drawing_picture *picture)
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
static cairo_status_t attach_jpeg(cairo_surface_t *surface, const mdup_drawing_picture *picture)
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

void mdup_drawing_draw_picture(mdup_drawing *drawing, const mdup_drawing_picture *picture, double x,
                               double y, double scale)
{
    cairo_surface_t *surface = surface_of(picture);
    cairo_status_t status = cairo_surface_status(surface);
    if (status == CAIRO_STATUS_SUCCESS && picture->jpeg)
        status = attach_jpeg(surface, picture);
    if (status == CAIRO_STATUS_SUCCESS) {
        cairo_save(drawing->cairo);
        cairo_translate(drawing->cairo, x, y);
        cairo_scale(drawing->cairo, scale, scale);
        cairo_set_source_surface(drawing->cairo, surface, 0, 0);
        cairo_paint(drawing->cairo);
        cairo_restore(drawing->cairo);
    } else if (drawing->picture_status == CAIRO_STATUS_SUCCESS) {
        drawing->picture_status = status;
    }
    cairo_surface_destroy(surface);
}

void mdup_drawing_push_clip(mdup_drawing *drawing, double x, double y, double width, double height,
                            const double matrix[6])
{
    cairo_save(drawing->cairo);
    cairo_rectangle(drawing->cairo, x, y, width, height);
    cairo_clip(drawing->cairo);
    if (matrix) {
        cairo_matrix_t m;
        cairo_matrix_init(&m, matrix[0], matrix[1], matrix[2], matrix[3], matrix[4], matrix[5]);
        cairo_transform(drawing->cairo, &m);
    }
}

void mdup_drawing_pop_clip(mdup_drawing *drawing)
{
    cairo_restore(drawing->cairo);
}
