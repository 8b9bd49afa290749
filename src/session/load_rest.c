/* Frames, statistics and provenance out of the session. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "session/internal.h"
#include "session/result.h"

bool mdup_session_count(mdup_session *s, int64_t *n_entered, int64_t *n_read, bool *finished,
                        mdup_error **err)
{
    mdup_query q = mdup_query_begin(
        s->db, "SELECT count(*), count(status), (SELECT count(*) FROM facts WHERE name = "
               "'" MDUP_FACT_RUN "') FROM readings");
    bool there = mdup_query_next(&q);
    *n_entered = there ? mdup_query_int(&q, 0) : 0;
    *n_read = there ? mdup_query_int(&q, 1) : 0;
    *finished = there && mdup_query_int(&q, 2) > 0;
    return mdup_query_end(&q, err);
}

/* ---- frames ---- */

static const char *check_frame(mdup_query *q, const mdup_session_micrograph *m, int8_t *pixels)
{
    if (!mdup_query_next(q))
        return "a frame is missing";
    size_t length, wanted = (size_t)m->frame_nx * (size_t)m->frame_ny;
    const void *bytes = mdup_query_blob(q, 0, &length);
    if (!bytes || length != wanted || mdup_hash(0, bytes, length) != (uint64_t)mdup_query_int(q, 1))
        return "a frame is not as it was written";
    memcpy(pixels, bytes, length);
    return NULL;
}

bool mdup_session_load_frame(mdup_session *s, const mdup_session_micrograph *m, int8_t *pixels,
                             mdup_error **err)
{
    mdup_query q = mdup_query_begin(s->db, "SELECT f.pixels, r.frame_hash FROM frames f JOIN "
                                           "readings r ON r.id = f.id WHERE f.id = ?1");
    mdup_query_bind_int(&q, 1, m->id);
    const char *wrong = check_frame(&q, m, pixels);
    if (!mdup_query_end(&q, err))
        return false;
    return !wrong || mdup_database_fail_damaged(s->db, wrong, err);
}

/* ---- geometries ---- */

/* Score and overlap as floats, log10 of the E-value as a double. */
enum { DRAWN_bytes = 4 + 4 + 8 };

static bool get_drawn(const mdup_query *q, int column, mdup_session_geometry *g, mdup_error **err)
{
    size_t length;
    const uint8_t *bytes = mdup_query_blob(q, column, &length);
    g->n_drawn = bytes ? length / DRAWN_bytes : 0;
    if (!(g->drawn = mdup_calloc(g->n_drawn, sizeof *g->drawn, err)))
        return false;
    for (size_t i = 0; i < g->n_drawn; i++) {
        const uint8_t *at = bytes + DRAWN_bytes * i;
        g->drawn[i] = (mdup_drawn){mdup_get_f32(at), mdup_get_f32(at + 4), mdup_get_f64(at + 8)};
    }
    return true;
}

static int32_t get_i32(const mdup_query *q, int column)
{
    int64_t value = mdup_query_int(q, column);
    return value < 0 || value > INT32_MAX ? 0 : (int32_t)value;
}

static bool get_geometry(const mdup_query *q, mdup_session_geometry *g, mdup_error **err)
{
    *g = (mdup_session_geometry){
        .nx = get_i32(q, 0),
        .ny = get_i32(q, 1),
        .pixel_A = mdup_query_double(q, 2),
        .bin = get_i32(q, 3),
        .frame_nx = get_i32(q, 4),
        .frame_ny = get_i32(q, 5),
        .n_micrographs = mdup_query_int(q, 6),
        .n_sample = mdup_query_int(q, 7),
        .n_compared = mdup_query_int(q, 8),
        .spot_share = mdup_query_double(q, 9),
        .noise_share = mdup_query_double(q, 10),
        .null = {mdup_query_double(q, 11), mdup_query_double(q, 12), mdup_query_double(q, 13)},
        .weights = {mdup_query_double(q, 14), mdup_query_double(q, 15), mdup_query_double(q, 16)}};
    return get_drawn(q, 17, g, err);
}

bool mdup_session_load_geometries(mdup_session *s, mdup_session_geometry **out, size_t *n,
                                  mdup_error **err)
{
    mdup_session_geometry *all = NULL;
    size_t count = 0, capacity = 0;
    bool ok = true;
    mdup_query q = mdup_query_begin(
        s->db, "SELECT nx, ny, pixel_A, bin, frame_nx, frame_ny, n_micrographs, n_sample, "
               "n_compared, spot_share, noise_share, null_location, null_scale, null_pairs, "
               "weight_score, weight_strength, weight_mean, drawn FROM geometries ORDER BY number");
    while (ok && mdup_query_next(&q)) {
        ok = mdup_grow((void **)&all, &capacity, count + 1, sizeof *all, err) &&
             get_geometry(&q, &all[count++], err);
    }
    ok = mdup_query_end(&q, ok ? err : NULL) && ok;
    if (!ok) {
        mdup_session_geometries_free(all, count);
        return false;
    }
    *out = all;
    *n = count;
    return true;
}

void mdup_session_geometries_free(mdup_session_geometry *geometries, size_t n)
{
    for (size_t i = 0; geometries && i < n; i++)
        free(geometries[i].drawn);
    free(geometries);
}

bool mdup_session_load_exact_copies(mdup_session *s, int64_t *n, mdup_error **err)
{
    mdup_query q = mdup_query_begin(s->db, "SELECT value FROM facts WHERE name = "
                                           "'" MDUP_FACT_EXACT_COPIES "'");
    *n = mdup_query_next(&q) ? mdup_query_int(&q, 0) : 0;
    return mdup_query_end(&q, err);
}

/* ---- provenance ---- */

static bool load_run(mdup_session *s, mdup_session_provenance *p, mdup_error **err)
{
    mdup_query q =
        mdup_query_begin(s->db, "SELECT version, command_line, began, ended FROM runs WHERE id = "
                                "(SELECT value FROM facts WHERE name = '" MDUP_FACT_RUN "')");
    bool there = mdup_query_next(&q);
    if (there) {
        p->version = mdup_query_copy_text(&q, 0);
        p->command_line = mdup_query_copy_text(&q, 1);
        p->began = mdup_query_copy_text(&q, 2);
        p->ended = mdup_query_copy_text(&q, 3);
    }
    if (!mdup_query_end(&q, err))
        return false;
    if (!there)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "%s: no screen has finished in this session yet; give the screen again, "
                         "which goes on where it was",
                         mdup_database_path(s->db));
    return (p->version && p->began && p->ended) ||
           mdup_database_fail_damaged(s->db, "a run without a time", err);
}

static bool load_parameters(mdup_session *s, mdup_session_provenance *p, mdup_error **err)
{
    size_t capacity = 0;
    bool ok = true;
    mdup_query q = mdup_query_begin(s->db, "SELECT name, value FROM parameters ORDER BY name");
    while (ok && mdup_query_next(&q)) {
        ok = mdup_grow((void **)&p->parameters, &capacity, p->n_parameters + 1,
                       sizeof *p->parameters, err);
        if (ok)
            p->parameters[p->n_parameters++] =
                (mdup_session_parameter){mdup_query_copy_text(&q, 0), mdup_query_copy_text(&q, 1)};
    }
    return mdup_query_end(&q, ok ? err : NULL) && ok;
}

static bool load_inputs(mdup_session *s, mdup_session_provenance *p, mdup_error **err)
{
    size_t capacity = 0;
    bool ok = true;
    mdup_query q = mdup_query_begin(
        s->db, "SELECT ifnull(f.path, i.path), i.kind, f.bytes, f.sha256 FROM inputs i LEFT JOIN "
               "input_files f ON f.input = i.number ORDER BY i.number, f.number");
    while (ok && mdup_query_next(&q)) {
        ok = mdup_grow((void **)&p->inputs, &capacity, p->n_inputs + 1, sizeof *p->inputs, err);
        if (ok)
            p->inputs[p->n_inputs++] =
                (mdup_session_input){mdup_query_copy_text(&q, 0), mdup_query_copy_text(&q, 1),
                                     mdup_query_is_null(&q, 2) ? -1 : mdup_query_int(&q, 2),
                                     mdup_query_copy_text(&q, 3)};
    }
    if (!mdup_query_end(&q, ok ? err : NULL) || !ok)
        return false;
    for (size_t i = 0; i < p->n_inputs; i++)
        if (!p->inputs[i].path || !p->inputs[i].kind)
            return mdup_database_fail_damaged(s->db, "an input without a name", err);
    return true;
}

bool mdup_session_load_provenance(mdup_session *s, mdup_session_provenance *out, mdup_error **err)
{
    mdup_session_provenance p = {0};
    if (!load_run(s, &p, err) || !load_parameters(s, &p, err) || !load_inputs(s, &p, err)) {
        mdup_session_provenance_clear(&p);
        return false;
    }
    *out = p;
    return true;
}

void mdup_session_provenance_clear(mdup_session_provenance *p)
{
    free(p->version);
    free(p->command_line);
    free(p->began);
    free(p->ended);
    for (size_t i = 0; i < p->n_parameters; i++) {
        free(p->parameters[i].name);
        free(p->parameters[i].value);
    }
    for (size_t i = 0; i < p->n_inputs; i++) {
        free(p->inputs[i].path);
        free(p->inputs[i].kind);
        free(p->inputs[i].sha256);
    }
    free(p->parameters);
    free(p->inputs);
    *p = (mdup_session_provenance){0};
}
