#include "flow/finished.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "flow/parameters.h"

static bool list_inputs(mdup_finished *f, mdup_error **err)
{
    size_t n = f->result.catalog->n_sources;
    if (!(f->inputs = mdup_calloc(n, sizeof *f->inputs, err)))
        return false;
    for (size_t i = 0; i < n; i++)
        f->inputs[i] = f->result.catalog->sources[i].path;
    return true;
}

static bool restore_options(mdup_finished *f, mdup_error **err)
{
    mdup_screen_options_init(&f->options);
    if (!list_inputs(f, err) ||
        !mdup_parameters_to_options(f->provenance.parameters, f->provenance.n_parameters,
                                    &f->options, err)) {
        mdup_error_prefix(err, "%s", f->path);
        return false;
    }
    f->options.inputs = f->inputs;
    f->options.n_inputs = f->result.catalog->n_sources;
    f->options.session = f->path;
    return true;
}

static bool make_readings(mdup_finished *f, mdup_error **err)
{
    const mdup_session_micrograph *m = f->result.micrographs;
    f->readings = mdup_calloc(f->result.catalog->n, sizeof *f->readings, err);
    for (size_t i = 0; f->readings && i < f->result.catalog->n; i++)
        f->readings[i] = (mdup_reading){.nx = m[i].nx,
                                        .ny = m[i].ny,
                                        .bin = m[i].bin,
                                        .frame_nx = m[i].frame_nx,
                                        .frame_ny = m[i].frame_ny,
                                        .signature = m[i].signature};
    return f->readings != NULL;
}

static bool add_up_geometries(mdup_finished *f, mdup_error **err)
{
    if (!mdup_session_load_geometries(f->session, &f->geometries, &f->n_geometries, err))
        return false;
    for (size_t i = 0; i < f->n_geometries; i++) {
        f->summary.n_pairs_compared += f->geometries[i].n_compared;
        f->summary.spot_share = fmax(f->summary.spot_share, f->geometries[i].spot_share);
    }
    f->summary.bin = f->n_geometries > 0 ? f->geometries[0].bin : 0;
    return mdup_session_load_exact_copies(f->session, &f->summary.n_exact_copies, err);
}

void mdup_finished_count(mdup_finished *f)
{
    const mdup_session_result *r = &f->result;
    mdup_screen_summary *s = &f->summary;
    s->n_micrographs = (int64_t)r->catalog->n;
    s->n_judged = s->n_not_judged = 0;
    for (size_t i = 0; i < r->catalog->n; i++)
        if (mdup_status_is_judged(r->judgements[i].status))
            s->n_judged++;
        else
            s->n_not_judged++;
    s->n_duplicate_pairs = (int64_t)r->decision.n_duplicate_pairs;
    s->n_overlap_pairs = (int64_t)(r->n_pairs - r->decision.n_duplicate_pairs);
    s->n_sets = r->decision.n_sets;
    s->n_removed = (int64_t)r->decision.n_removed;
}

bool mdup_finished_load(mdup_session *session, const char *path, const mdup_callbacks *callbacks,
                        mdup_finished *out, mdup_error **err)
{
    *out = (mdup_finished){.session = session, .path = path, .callbacks = callbacks};
    if (!mdup_session_load_result(session, &out->result, err) ||
        !mdup_session_load_provenance(session, &out->provenance, err) ||
        !restore_options(out, err) || !make_readings(out, err) || !add_up_geometries(out, err))
        return false;
    mdup_finished_count(out);
    return true;
}

bool mdup_finished_open(const char *path, const mdup_callbacks *callbacks, mdup_finished *out,
                        mdup_error **err)
{
    *out = (mdup_finished){0};
    mdup_session *session = mdup_session_open(path, err);
    return session && mdup_finished_load(session, path, callbacks, out, err);
}

void mdup_finished_clear(mdup_finished *f)
{
    for (size_t i = 0; f->readings && i < f->result.catalog->n; i++)
        mdup_reading_clear(&f->readings[i]);
    free(f->readings);
    mdup_session_geometries_free(f->geometries, f->n_geometries);
    mdup_session_result_clear(&f->result);
    mdup_session_provenance_clear(&f->provenance);
    mdup_session_close(f->session);
    free(f->inputs);
    *f = (mdup_finished){0};
}

/* ---- reports ---- */

static bool load_frame(void *context, size_t index, mdup_reading *reading)
{
    mdup_finished *f = context;
    size_t length = (size_t)reading->frame_nx * (size_t)reading->frame_ny;
    mdup_error *why = NULL;
    if (length == 0)
        return false;
    reading->frame = mdup_calloc(length, sizeof *reading->frame, &why);
    if (reading->frame &&
        mdup_session_load_frame(f->session, &f->result.micrographs[index], reading->frame, &why))
        return true;
    free(reading->frame);
    reading->frame = NULL;
    reading->frame_nx = 0; /* it is not tried again */
    mdup_log(f->callbacks, MDUP_LOG_WARNING, "%s: no picture of it: %s",
             f->result.catalog->micrographs[index].name, mdup_error_get_message(why));
    mdup_error_clear(&why);
    return false;
}

mdup_report_job mdup_finished_report(mdup_finished *f, const mdup_results *results,
                                     const mdup_screen_options *options)
{
    return (mdup_report_job){.options = options,
                             .summary = &f->summary,
                             .results = results,
                             .readings = f->readings,
                             .load_frame = load_frame,
                             .context = f,
                             .usual = f->n_geometries > 0 ? &f->geometries[0] : NULL,
                             .session = f->path,
                             .n_threads = 1};
}
