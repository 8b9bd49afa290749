#include "formats/jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

/* Needs size_t and FILE before it. */
#include <jpeglib.h>

enum { LARGEST_SIDE_px = JPEG_MAX_DIMENSION };

typedef struct {
    struct jpeg_error_mgr base; /* first: libjpeg hands back a pointer to it */
    jmp_buf leave;
} error_manager;

/* libjpeg's own one exits. */
static void on_error(j_common_ptr common)
{
    error_manager *errors = (error_manager *)common->err;
    longjmp(errors->leave, 1);
}

static void stay_silent(j_common_ptr common)
{
    (void)common;
}

typedef struct {
    struct jpeg_compress_struct jpeg;
    error_manager errors;
    unsigned char *bytes; /* of the file; libjpeg allocates them */
    unsigned long length;
} writer;

/* Everything that changes after setjmp is in *w, not in registers. */
static bool compress(writer *w, const uint8_t *pixels, int32_t nx, int32_t ny, int quality)
{
    if (setjmp(w->errors.leave))
        return false;
    jpeg_create_compress(&w->jpeg);
    jpeg_mem_dest(&w->jpeg, &w->bytes, &w->length);
    w->jpeg.image_width = (JDIMENSION)nx;
    w->jpeg.image_height = (JDIMENSION)ny;
    w->jpeg.input_components = 1;
    w->jpeg.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&w->jpeg);
    jpeg_set_quality(&w->jpeg, quality, TRUE);
    /* Tables of its own are 5 to 8 % smaller. */
    w->jpeg.optimize_coding = TRUE;
    jpeg_simple_progression(&w->jpeg);
    jpeg_start_compress(&w->jpeg, TRUE);
    while (w->jpeg.next_scanline < w->jpeg.image_height) {
        /* The library's type is not const; it does not write to the row. */
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + (size_t)w->jpeg.next_scanline * (size_t)nx);
        jpeg_write_scanlines(&w->jpeg, &row, 1);
    }
    jpeg_finish_compress(&w->jpeg);
    return true;
}

bool mdup_jpeg_append(mdup_strbuf *out, const uint8_t *pixels, int32_t nx, int32_t ny, int quality,
                      mdup_error **err)
{
    if (nx < 1 || ny < 1 || nx > LARGEST_SIDE_px || ny > LARGEST_SIDE_px)
        return mdup_fail(err, MDUP_ERROR_INVALID, "a JPEG cannot hold %d x %d px", nx, ny);
    writer w = {.bytes = NULL};
    w.jpeg.err = jpeg_std_error(&w.errors.base);
    w.errors.base.error_exit = on_error;
    w.errors.base.output_message = stay_silent;
    bool ok = compress(&w, pixels, nx, ny, quality);
    jpeg_destroy_compress(&w.jpeg);
    size_t before = out->length;
    if (ok)
        mdup_strbuf_append(out, (const char *)w.bytes, w.length);
    free(w.bytes);
    if (ok && mdup_strbuf_check(out, NULL))
        return true;
    out->length = before;
    return mdup_fail_nomem(err);
}
