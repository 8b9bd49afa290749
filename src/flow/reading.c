#include "flow/reading.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/strbuf.h"
#include "image/bin.h"
#include "image/frame.h"
#include "image/noise.h"

/* A frame smaller than this a side has too few independent pixels for any shift to stand out. */
enum { SMALLEST_FRAME_px = 32 };

/* More of the frame than this constant: what is left is no micrograph. */
static const double LARGEST_CONSTANT_SHARE = 0.5;

static void judge(mdup_reading *reading, mdup_status status, const char *reason)
{
    reading->judgement.status = status;
    free(reading->judgement.reason);
    reading->judgement.reason = mdup_strdup(reason, NULL);
}

static bool is_empty_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0;
}

static mdup_status status_of_error(const mdup_micrograph *m, const mdup_error *failed)
{
    switch (mdup_error_get_code(failed)) {
    case MDUP_ERROR_MISSING:
        return MDUP_STATUS_MISSING;
    case MDUP_ERROR_TRUNCATED:
        return is_empty_file(m->path) ? MDUP_STATUS_EMPTY : MDUP_STATUS_TRUNCATED;
    case MDUP_ERROR_UNSUPPORTED:
        return MDUP_STATUS_UNSUPPORTED;
    default:
        return MDUP_STATUS_UNREADABLE;
    }
}

/* A bad file becomes a judgement; only missing memory is handed on. */
static bool absorb(const mdup_micrograph *m, mdup_reading *reading, mdup_error **failed,
                   mdup_error **err)
{
    if (mdup_error_get_code(*failed) == MDUP_ERROR_NOMEM)
        return mdup_error_move(err, failed);
    judge(reading, status_of_error(m, *failed), mdup_error_get_message(*failed));
    mdup_error_clear(failed);
    return true;
}

/* ---- buffers ---- */

enum { ROWS, SUMS, DETAIL, BINNED, SCRATCH };
_Static_assert((int)SCRATCH + 1 == (int)MDUP_READING_BUFFERS, "all are counted");

/* NULL with *err. */
static float *buffer(mdup_reading_buffers *buffers, int which, size_t n, mdup_error **err)
{
    if (buffers->sizes[which] < n) {
        free(buffers->items[which]);
        buffers->items[which] = mdup_alloc_aligned(n, sizeof(float), err);
        buffers->sizes[which] = buffers->items[which] ? n : 0;
    }
    return buffers->items[which];
}

void mdup_reading_buffers_clear(mdup_reading_buffers *buffers)
{
    for (int i = 0; i < MDUP_READING_BUFFERS; i++)
        free(buffers->items[i]);
    *buffers = (mdup_reading_buffers){0};
}

/* ---- strips ---- */

/* Strips of an image on their way to its bins. */
typedef struct {
    float *rows, *sums; /* bin rows; 2 rows of scratch */
    float *
        detail; /* what binning takes away, as mdup_bin_rows has it; NULL: not wanted, nor a signature */
} strips;

static bool read_rows(mdup_image_file *file, int32_t n_rows, mdup_reading *r, const strips *s,
                      mdup_error **err)
{
    if (!mdup_image_read_rows(file, n_rows, s->rows, err))
        return false;
    if (s->detail)
        mdup_signature_add(&r->signature, s->rows, (size_t)n_rows * (size_t)r->nx);
    return true;
}

/* Reads bin rows at a time: a strip that stays in the cache, whatever the size of the image.  The rows that binning leaves out are read
 * for the signature, and so that damage in them shows. */
static bool bin_file(mdup_image_file *file, const mdup_image_info *info, mdup_reading *r,
                     const strips *s, mdup_error **err)
{
    int32_t left_out = info->ny % r->bin;
    if (info->top_down && !read_rows(file, left_out, r, s, err))
        return false;
    for (int32_t y = 0; y < r->frame_ny; y++) {
        ptrdiff_t at = (ptrdiff_t)y * r->frame_nx;
        if (!read_rows(file, r->bin, r, s, err))
            return false;
        mdup_bin_rows(s->rows, info->nx, r->bin, s->sums, r->binned + at,
                      s->detail ? s->detail + at : NULL);
    }
    if (!info->top_down && !read_rows(file, left_out, r, s, err))
        return false;
    if (info->top_down)
        mdup_flip_rows(r->binned, r->frame_nx, r->frame_ny, s->sums);
    return true;
}

/* The share of noise does not care that `detail` may lie upside down. */
static bool bin_into_buffers(mdup_image_file *file, const mdup_image_info *info, bool for_frame,
                             mdup_reading_buffers *buffers, mdup_reading *r, mdup_error **err)
{
    size_t nx = (size_t)info->nx, frame_px = (size_t)r->frame_nx * (size_t)r->frame_ny;
    strips s = {0};
    float *scratch = NULL;
    if (!(s.rows = buffer(buffers, ROWS, nx * (size_t)r->bin, err)) ||
        !(s.sums = buffer(buffers, SUMS, 2 * nx, err)) ||
        !(r->binned = buffer(buffers, BINNED, frame_px, err)) ||
        (for_frame &&
         (!(s.detail = buffer(buffers, DETAIL, frame_px, err)) ||
          !(scratch = buffer(buffers, SCRATCH, mdup_flatten_scratch_size(r->frame_nx, r->frame_ny),
                             err)))))
        return false;
    if (for_frame)
        memset(s.detail, 0, frame_px * sizeof *s.detail);
    if (!bin_file(file, info, r, &s, err))
        return false;
    if (for_frame)
        r->noise_share =
            mdup_noise_share(r->binned, s.detail, r->frame_nx, r->frame_ny, r->bin, scratch);
    return true;
}

/* NaN and Inf in a pixel survive in the mean of its bin. */
static bool all_finite(const float *pixels, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(pixels[i]))
            return false;
    return true;
}

static void refuse_small(mdup_reading *r, const mdup_micrograph *m)
{
    mdup_strbuf reason = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&reason, "%s: %d x %d px, too small to compare", m->path, r->nx, r->ny);
    if (r->nx < SMALLEST_FRAME_px || r->ny < SMALLEST_FRAME_px)
        mdup_strbuf_printf(&reason, "; micrographs need %d px a side or more", SMALLEST_FRAME_px);
    else
        mdup_strbuf_printf(&reason, " at bin %d; use a smaller --bin", r->bin);
    judge(r, MDUP_STATUS_TOO_SMALL, reason.failed ? "too small" : reason.text);
    mdup_strbuf_free(&reason);
}

static void refuse_not_finite(mdup_reading *r, const mdup_micrograph *m)
{
    mdup_strbuf reason = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(
        &reason, "%s: holds NaN or infinite pixels; motion-correct this micrograph again", m->path);
    judge(r, MDUP_STATUS_NAN, reason.failed ? "holds NaN" : reason.text);
    mdup_strbuf_free(&reason);
    r->binned = NULL;
}

static bool read_open_file(const mdup_micrograph *m, mdup_image_file *file, int32_t bin,
                           bool for_frame, mdup_reading_buffers *buffers, mdup_reading *r,
                           mdup_error **err)
{
    const mdup_image_info *info = mdup_image_get_info(file);
    r->nx = info->nx;
    r->ny = info->ny;
    r->mode = info->mode;
    r->header_pixel_A = info->pixel_A;
    r->bin = bin > 0 ? bin : mdup_bin_auto(info->nx, info->ny);
    r->frame_nx = info->nx / r->bin;
    r->frame_ny = info->ny / r->bin;
    r->judgement.pixel_A = m->pixel_A > 0 ? m->pixel_A : info->pixel_A;
    if (info->warning && !(r->warning = mdup_strdup(info->warning, err)))
        return false;
    if (r->frame_nx < SMALLEST_FRAME_px || r->frame_ny < SMALLEST_FRAME_px) {
        refuse_small(r, m);
        return true;
    }
    if (!bin_into_buffers(file, info, for_frame, buffers, r, err))
        return false;
    if (!all_finite(r->binned, (size_t)r->frame_nx * (size_t)r->frame_ny))
        refuse_not_finite(r, m);
    return true;
}

/* Leaves out->binned in the buffers. */
static bool read_image(const mdup_micrograph *m, int32_t bin, mdup_mode0 mode0, bool for_frame,
                       mdup_reading_buffers *buffers, mdup_reading *out, mdup_error **err)
{
    *out = (mdup_reading){.judgement = {MDUP_STATUS_OK, NULL, m->pixel_A}, .noise_share = 1};
    mdup_error *failed = NULL;
    mdup_image_file *file = mdup_image_open(m->path, m->slice, mode0, &failed);
    bool ok = file && read_open_file(m, file, bin, for_frame, buffers, out, &failed);
    mdup_image_close(file);
    if (ok)
        return true;
    out->binned = NULL;
    return absorb(m, out, &failed, err);
}

bool mdup_read_binned(const mdup_micrograph *m, int32_t bin, mdup_mode0 mode0, mdup_reading *out,
                      mdup_error **err)
{
    mdup_reading_buffers buffers = {0};
    bool ok = read_image(m, bin, mode0, false, &buffers, out, err);
    if (out->binned)
        buffers.items[BINNED] = NULL;
    mdup_reading_buffers_clear(&buffers);
    return ok;
}

static void refuse_blank(mdup_reading *r, const mdup_micrograph *m, double constant_share)
{
    mdup_strbuf reason = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&reason, "%s: blank, %.0f %% of the frame is constant; nothing to compare",
                       m->path, 100 * constant_share);
    judge(r, MDUP_STATUS_BLANK, reason.failed ? "blank" : reason.text);
    mdup_strbuf_free(&reason);
    free(r->frame);
    r->frame = NULL;
}

bool mdup_read_frame(const mdup_micrograph *m, int32_t bin, mdup_mode0 mode0,
                     mdup_reading_buffers *buffers, mdup_reading *out, mdup_error **err)
{
    if (!read_image(m, bin, mode0, true, buffers, out, err))
        return false;
    float *binned = out->binned;
    out->binned = NULL;
    if (!binned)
        return true;
    size_t n = (size_t)out->frame_nx * (size_t)out->frame_ny;
    if (!(out->frame = mdup_alloc_aligned(n, sizeof *out->frame, err))) {
        mdup_reading_clear(out);
        return false;
    }
    double constant_share =
        mdup_flatten(binned, out->frame_nx, out->frame_ny, buffers->items[SCRATCH], out->frame);
    out->frame_hash = mdup_hash(0, out->frame, n);
    if (constant_share > LARGEST_CONSTANT_SHARE)
        refuse_blank(out, m, constant_share);
    return true;
}

bool mdup_reading_has_frame(const mdup_reading *reading)
{
    return mdup_status_is_judged(reading->judgement.status);
}

void mdup_reading_clear(mdup_reading *reading)
{
    free(reading->judgement.reason);
    free(reading->warning);
    free(reading->binned);
    free(reading->frame);
    *reading = (mdup_reading){0};
}
