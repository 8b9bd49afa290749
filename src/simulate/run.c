#include <microdup/simulate.h>

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/path.h"
#include "formats/csv.h"
#include "formats/image_file.h"
#include "run/executor.h"
#include "simulate/layout.h"
#include "simulate/physics.h"
#include "simulate/render.h"

static const char FOLDER[] = "Micrographs";
static const char STAR_NAME[] = "corrected_micrographs.star";
static const char TRUTH_NAME[] = "truth.csv";
static const size_t MOST_BUFFER_BYTES = (size_t)1 << 32;

typedef struct {
    const mdup_simulate_options *options;
    const mdup_callbacks *callbacks; /* may be NULL */
    mdup_layout layout;
    mdup_renderer *renderer;
    int n_workers;
    mdup_render_buffers *
        *buffers; /* one a worker, made by the worker when it has its first exposure */
} session;

/* "Micrographs/NAME.mrc", as in the STAR. */
static void put_name(const session *s, size_t index, mdup_strbuf *out)
{
    mdup_strbuf_puts(out, FOLDER);
    mdup_strbuf_puts(out, "/");
    mdup_exposure_name(s->options, index, out);
}

static char *micrograph_path(const session *s, size_t index, mdup_error **err)
{
    mdup_strbuf name = MDUP_STRBUF_INIT;
    put_name(s, index, &name);
    char *path =
        mdup_strbuf_check(&name, err) ? mdup_path_join(s->options->out_dir, name.text, err) : NULL;
    mdup_strbuf_free(&name);
    return path;
}

/* ---- the folder ---- */

static bool refuse_existing(const char *path, mdup_error **err)
{
    if (!mdup_path_is_file(path) && !mdup_path_is_directory(path))
        return true;
    return mdup_fail(err, MDUP_ERROR_INVALID,
                     "%s: exists already and is not overwritten; give another folder as --o, or "
                     "remove the old session",
                     path);
}

static bool refuse_existing_name(const char *directory, const char *name, mdup_error **err)
{
    char *path = mdup_path_join(directory, name, err);
    bool ok = path && refuse_existing(path, err);
    free(path);
    return ok;
}

static bool prepare_folder(const session *s, mdup_error **err)
{
    const char *out_dir = s->options->out_dir;
    if (!refuse_existing_name(out_dir, STAR_NAME, err) ||
        !refuse_existing_name(out_dir, TRUTH_NAME, err))
        return false;
    for (size_t i = 0; i < s->layout.n_exposures; i++) {
        char *path = micrograph_path(s, i, err);
        bool ok = path && refuse_existing(path, err);
        free(path);
        if (!ok)
            return false;
    }
    char *folder = mdup_path_join(out_dir, FOLDER, err);
    bool ok = folder && mdup_path_make_directory(folder, err);
    free(folder);
    return ok;
}

/* ---- the micrographs ---- */

typedef struct {
    mdup_pixel_type type;
    double scale, offset; /* stored = counted * scale + offset */
} encoding;

static encoding choose_encoding(mdup_simulate_format format, double mean_e)
{
    double sd_e = sqrt(mean_e);
    switch (format) {
    case MDUP_SIMULATE_FLOAT16: /* ends at 65504 */
        return (encoding){MDUP_PIXEL_FLOAT16, mean_e > 1000 ? 1000 / mean_e : 1, 0};
    case MDUP_SIMULATE_INT16:
        return (encoding){MDUP_PIXEL_INT16, 20000 / (mean_e + 12 * sd_e), 0};
    case MDUP_SIMULATE_UINT8: {
        double scale = 127 / (6 * sd_e);
        return (encoding){MDUP_PIXEL_UINT8, scale, 128 - mean_e * scale};
    }
    case MDUP_SIMULATE_FLOAT32:
        break;
    }
    return (encoding){MDUP_PIXEL_FLOAT32, 1, 0};
}

static void encode(const encoding *e, float *pixels, size_t n)
{
    if (e->type == MDUP_PIXEL_FLOAT32)
        return;
    float scale = (float)e->scale, offset = (float)e->offset;
    for (size_t i = 0; i < n; i++)
        pixels[i] = pixels[i] * scale + offset;
}

static bool write_micrograph(const session *s, size_t index, float *frame, mdup_error **err)
{
    const mdup_simulate_options *o = s->options;
    encoding e = choose_encoding(o->format, mdup_renderer_mean_e(s->renderer));
    encode(&e, frame, (size_t)o->nx * (size_t)o->ny);
    char *path = micrograph_path(s, index, err);
    bool ok = path && mdup_mrc_write(path, frame, o->nx, o->ny, o->pixel_A, e.type, err);
    free(path);
    return ok;
}

static bool simulate_one(void *context, size_t item, int worker, mdup_error **err)
{
    session *s = context;
    mdup_render_buffers **buffers = &s->buffers[worker];
    if (!*buffers)
        *buffers = mdup_render_buffers_new(s->renderer, err);
    if (!*buffers)
        return false;
    float *frame =
        mdup_render(s->renderer, &s->layout.exposures[item], item, MDUP_RENDER_ALL, *buffers);
    return write_micrograph(s, item, frame, err);
}

static bool report_progress(void *context, size_t items_done)
{
    const session *s = context;
    if (!s->callbacks)
        return true;
    if (s->callbacks->progress)
        s->callbacks->progress(s->callbacks->user, "simulating", (int64_t)items_done,
                               (int64_t)s->layout.n_exposures);
    return !s->callbacks->stop || !s->callbacks->stop(s->callbacks->user);
}

static int choose_workers(const session *s)
{
    size_t wanted =
        (size_t)(s->options->n_workers > 0 ? s->options->n_workers : mdup_default_workers());
    size_t frame_bytes = (size_t)s->options->nx * (size_t)s->options->ny * sizeof(float);
    /* mdup_mrc_write holds a copy of the file. */
    size_t room = MOST_BUFFER_BYTES / (mdup_renderer_buffer_bytes(s->renderer) + frame_bytes);
    if (wanted > room)
        wanted = room;
    if (wanted > s->layout.n_exposures)
        wanted = s->layout.n_exposures;
    return wanted > 0 ? (int)wanted : 1;
}

static bool write_micrographs(session *s, mdup_error **err)
{
    s->n_workers = choose_workers(s);
    s->buffers = mdup_calloc((size_t)s->n_workers, sizeof *s->buffers, err);
    if (!s->buffers)
        return false;
    mdup_batch batch = {s->layout.n_exposures, s->n_workers, simulate_one, report_progress, s};
    return mdup_run_batch(&batch, err);
}

/* ---- what is known about them ---- */

static bool write_text(const session *s, const char *name, const mdup_strbuf *text,
                       mdup_error **err)
{
    char *path =
        mdup_strbuf_check(text, err) ? mdup_path_join(s->options->out_dir, name, err) : NULL;
    bool ok = path && mdup_file_replace(path, text->text, text->length, err);
    free(path);
    return ok;
}

/* As relion_run_motioncorr writes it, less the columns about motion. */
static bool write_star(const session *s, mdup_error **err)
{
    mdup_strbuf star = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(
        &star,
        "\n# version 30001\n\ndata_optics\n\nloop_ \n_rlnOpticsGroupName #1 \n_rlnOpticsGroup #2 \n"
        "_rlnMicrographOriginalPixelSize #3 \n_rlnVoltage #4 \n_rlnSphericalAberration #5 \n"
        "_rlnAmplitudeContrast #6 \n_rlnMicrographPixelSize #7 \n");
    mdup_strbuf_printf(&star, "opticsGroup1            1 %12.6f %12.6f %12.6f %12.6f %12.6f \n \n",
                       s->options->pixel_A, 300.0, MDUP_CS_A * 1e-7, MDUP_AMPLITUDE_CONTRAST,
                       s->options->pixel_A);
    mdup_strbuf_puts(&star,
                     "\n# version 30001\n\ndata_micrographs\n\nloop_ \n_rlnMicrographName #1 \n"
                     "_rlnOpticsGroup #2 \n");
    for (size_t i = 0; i < s->layout.n_exposures; i++) {
        put_name(s, i, &star);
        mdup_strbuf_puts(&star, "            1 \n");
    }
    mdup_strbuf_puts(&star, " \n");
    bool ok = write_text(s, STAR_NAME, &star, err);
    mdup_strbuf_free(&star);
    return ok;
}

static void put_truth(const session *s, const mdup_true_pair *pair, mdup_strbuf *name,
                      mdup_strbuf *out)
{
    mdup_strbuf_reset(name);
    put_name(s, pair->a, name);
    mdup_csv_field(out, name->text);
    mdup_strbuf_reset(name);
    put_name(s, pair->b, name);
    mdup_csv_field(out, name->text);
    mdup_csv_printf(out, "%.3f", pair->dx_px);
    mdup_csv_printf(out, "%.3f", pair->dy_px);
    mdup_csv_printf(out, "%.5f", pair->overlap);
    mdup_csv_end(out);
}

static bool write_truth(const session *s, mdup_error **err)
{
    mdup_strbuf csv = MDUP_STRBUF_INIT, name = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&csv, "micrograph_a,micrograph_b,shift_x_px,shift_y_px,overlap\n");
    for (size_t i = 0; i < s->layout.n_pairs && !name.failed; i++)
        put_truth(s, &s->layout.pairs[i], &name, &csv);
    bool ok = mdup_strbuf_check(&name, err) && write_text(s, TRUTH_NAME, &csv, err);
    mdup_strbuf_free(&name);
    mdup_strbuf_free(&csv);
    return ok;
}

static void free_session(session *s)
{
    for (int i = 0; s->buffers && i < s->n_workers; i++)
        mdup_render_buffers_free(s->buffers[i]);
    free(s->buffers);
    mdup_renderer_free(s->renderer);
    mdup_layout_free(&s->layout);
}

bool mdup_simulate_run(const mdup_simulate_options *options, const mdup_callbacks *callbacks,
                       mdup_error **err)
{
    if (!mdup_simulate_options_check(options, err))
        return false;
    session s = {.options = options, .callbacks = callbacks};
    bool ok = mdup_layout_make(options, &s.layout, err) && prepare_folder(&s, err) &&
              (s.renderer = mdup_renderer_new(options, err)) != NULL &&
              write_micrographs(&s, err) && write_star(&s, err) && write_truth(&s, err);
    if (ok)
        mdup_log(callbacks, MDUP_LOG_INFO, "%zu micrographs of %s, %zu true pairs, in %s",
                 s.layout.n_exposures, mdup_specimen_name(options->specimen), s.layout.n_pairs,
                 options->out_dir);
    free_session(&s);
    return ok;
}
