/* The result of a screen into the session. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/path.h"
#include "session/internal.h"
#include "session/result.h"
#include "session/work.h"

const char *const mdup_source_kind_names[MDUP_N_SOURCE_KINDS] = {
    [MDUP_SOURCE_STAR] = "star", [MDUP_SOURCE_LIST] = "list", [MDUP_SOURCE_FOLDER] = "folder",
    [MDUP_SOURCE_GLOB] = "glob", [MDUP_SOURCE_CS] = "cs",     [MDUP_SOURCE_IMAGE] = "image",
};

/* ---- the inputs ---- */

typedef struct {
    const char *path, *content;
    size_t length;
} input_file;

/* File i of an input: its text, its tables one after the other, and last the .csg that names them.  False: there are not so many. */
static bool file_of(const mdup_source *s, size_t i, input_file *file)
{
    if (s->kind == MDUP_SOURCE_STAR && i == 0)
        *file = (input_file){s->path, s->star->bytes, s->star->length};
    else if (s->kind == MDUP_SOURCE_LIST && i == 0)
        *file = (input_file){s->path, s->text, s->text_length};
    else if (i < s->cs.n_parts)
        *file = (input_file){s->cs.parts[i].path, s->cs.parts[i].npy->bytes,
                             s->cs.parts[i].npy->length};
    else if (s->csg && i == s->cs.n_parts)
        *file = (input_file){s->path, s->csg->text, s->csg->length};
    else
        return false;
    return true;
}

static bool insert_file(mdup_session *s, size_t input, size_t number, const input_file *file,
                        mdup_error **err)
{
    char sha256[MDUP_SHA256_TEXT];
    const char *content = file->content ? file->content : "";
    mdup_sha256(content, file->length, sha256);
    mdup_query q = mdup_query_begin(
        s->db, "INSERT INTO input_files (input, number, path, bytes, sha256, content) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    mdup_query_bind_int(&q, 1, (int64_t)input);
    mdup_query_bind_int(&q, 2, (int64_t)number);
    mdup_query_bind_text(&q, 3, file->path);
    mdup_query_bind_int(&q, 4, (int64_t)file->length);
    mdup_query_bind_text(&q, 5, sha256);
    mdup_query_bind_blob(&q, 6, content, file->length);
    return mdup_query_finish(&q, err);
}

static bool insert_input(mdup_session *s, size_t number, const mdup_source *source,
                         mdup_error **err)
{
    mdup_strbuf parts = MDUP_STRBUF_INIT;
    for (size_t i = 0; source->csg && i < source->csg->n; i++)
        mdup_strbuf_printf(&parts, "%s%zu", i > 0 ? " " : "", source->csg_parts[i]);
    mdup_query q = mdup_query_begin(
        s->db, "INSERT INTO inputs (number, kind, path, csg_parts) VALUES (?1, ?2, ?3, ?4)");
    mdup_query_bind_int(&q, 1, (int64_t)number);
    mdup_query_bind_text(&q, 2, mdup_source_kind_names[source->kind]);
    mdup_query_bind_text(&q, 3, source->path);
    mdup_query_bind_text(&q, 4, parts.text);
    bool ok = mdup_query_finish(&q, err) && mdup_strbuf_check(&parts, err);
    mdup_strbuf_free(&parts);
    input_file file;
    for (size_t i = 0; ok && file_of(source, i, &file); i++)
        ok = insert_file(s, number, i, &file, err);
    return ok;
}

static bool put_inputs(mdup_session *s, const mdup_catalog *c, mdup_error **err)
{
    for (size_t i = 0; i < c->n_sources; i++)
        if (!insert_input(s, i, &c->sources[i], err))
            return false;
    return true;
}

/* ---- the micrographs ---- */

static void bind_entry(mdup_query *q, size_t position, const mdup_micrograph *m)
{
    mdup_query_bind_int(q, 1, (int64_t)position);
    mdup_query_bind_text(q, 3, m->name);
    mdup_query_bind_text(q, 4, m->path);
    mdup_query_bind_int(q, 5, m->slice);
    mdup_query_bind_int(q, 6, (int64_t)m->source);
    mdup_query_bind_int(q, 7, (int64_t)m->row);
    mdup_query_bind_int(q, 8, (int64_t)m->line_begin);
    mdup_query_bind_int(q, 9, (int64_t)m->line_end);
    mdup_query_bind_int(q, 10, m->optics_group);
    mdup_query_bind_double(q, 11, m->pixel_A);
    mdup_query_bind_text(q, 12, m->hole);
    mdup_query_bind_text(q, 13, m->shot);
    if (m->has_time)
        mdup_query_bind_double(q, 14, m->time_s);
    mdup_query_bind_int(q, 22, (int64_t)m->uid);
}

/* What the microscope's own files tell. */
static void bind_recorded(mdup_query *q, const mdup_acquisition *r)
{
    mdup_query_bind_text(q, 23, r->image);
    if (r->has_time)
        mdup_query_bind_double(q, 24, r->time_s);
    if (r->has_stage) {
        mdup_query_bind_double(q, 25, r->stage_x_um);
        mdup_query_bind_double(q, 26, r->stage_y_um);
    }
    if (r->has_shift) {
        mdup_query_bind_double(q, 27, r->shift_x_um);
        mdup_query_bind_double(q, 28, r->shift_y_um);
    }
    mdup_query_bind_text(q, 29, r->hole);
    mdup_query_bind_text(q, 30, r->shot);
    mdup_query_bind_text(q, 31, r->label);
}

static void bind_decision(mdup_query *q, const mdup_session_new_result *r, size_t i)
{
    const mdup_decision *d = r->decision;
    if (d->set[i] != MDUP_NO_SET)
        mdup_query_bind_int(q, 18, d->set[i]);
    mdup_query_bind_text(q, 19, d->removed[i] ? "remove" : "keep");
    if (d->original[i] < 0)
        return;
    const mdup_pair *pair = &r->published[d->original[i]];
    mdup_query_bind_int(q, 20, r->ids[pair->a]);
    mdup_query_bind_int(q, 21, r->ids[pair->b]);
}

static bool put_micrographs(mdup_session *s, const mdup_session_new_result *r, mdup_error **err)
{
    for (size_t i = 0; i < r->catalog->n; i++) {
        mdup_query q = mdup_query_begin(
            s->db,
            "INSERT INTO micrographs (position, id, name, path, slice, input, input_row, "
            "line_begin, line_end, optics_group, given_pixel_A, hole, shot, time_s, status, "
            "reason, pixel_A, set_number, decision, original_a, original_b, uid, recorded_image, "
            "recorded_time_s, stage_x_um, stage_y_um, shift_x_um, shift_y_um, recorded_hole, "
            "recorded_shot, recorded_label) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
            "?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, "
            "?29, ?30, ?31)");
        bind_entry(&q, i, &r->catalog->micrographs[i]);
        bind_recorded(&q, &r->catalog->micrographs[i].recorded);
        mdup_query_bind_int(&q, 2, r->ids[i]);
        mdup_query_bind_text(&q, 15, mdup_status_name(r->judgements[i].status));
        mdup_query_bind_text(&q, 16, r->judgements[i].reason);
        mdup_query_bind_double(&q, 17, r->judgements[i].pixel_A);
        bind_decision(&q, r, i);
        if (!mdup_query_finish(&q, err))
            return false;
    }
    return true;
}

/* ---- the pairs ---- */

static void bind_numbers(mdup_query *q, const mdup_pair *pair)
{
    mdup_query_bind_double(q, 5, pair->overlap);
    mdup_query_bind_double(q, 6, pair->shift_x_px);
    mdup_query_bind_double(q, 7, pair->shift_y_px);
    mdup_query_bind_double(q, 8, pair->shift_sd_px);
    mdup_query_bind_double(q, 9, pair->ccc);
    mdup_query_bind_double(q, 10, pair->score);
    mdup_query_bind_double(q, 11, pair->log10_evalue);
}

/* published: its index among these, or -1. */
static bool insert_pair(mdup_session *s, const mdup_session_new_result *r, const mdup_pair *pair,
                        ptrdiff_t published, mdup_error **err)
{
    const mdup_decision *d = r->decision;
    mdup_query q = mdup_query_begin(
        s->db, "INSERT INTO pairs (a, b, class, kind, overlap, shift_x_px, shift_y_px, "
               "shift_sd_px, ccc, score, log10_evalue, set_number) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
    mdup_query_bind_int(&q, 1, r->ids[pair->a]);
    mdup_query_bind_int(&q, 2, r->ids[pair->b]);
    mdup_query_bind_text(
        &q, 4, pair->is_copy ? mdup_orientation_copy_name(pair->orientation) : MDUP_KIND_OTHER);
    bind_numbers(&q, pair);
    if (published >= 0) {
        mdup_query_bind_text(&q, 3, d->is_duplicate[published] ? "duplicate" : "overlap");
        if (d->set[pair->a] == d->set[pair->b] && d->set[pair->a] != MDUP_NO_SET)
            mdup_query_bind_int(&q, 12, d->set[pair->a]);
    }
    return mdup_query_finish(&q, err);
}

/* Both lists are sorted, and the second is part of the first. */
static bool put_pairs(mdup_session *s, const mdup_session_new_result *r, mdup_error **err)
{
    size_t next = 0;
    for (size_t i = 0; i < r->n_pairs; i++) {
        const mdup_pair *pair = &r->pairs[i];
        bool published = next < r->n_published && r->published[next].a == pair->a &&
                         r->published[next].b == pair->b;
        if (!insert_pair(s, r, pair, published ? (ptrdiff_t)next : -1, err))
            return false;
        next += published;
    }
    return true;
}

/* ---- geometries ---- */

static bool insert_geometry(mdup_session *s, size_t number, const mdup_session_geometry *g,
                            int64_t comparison, const mdup_strbuf *drawn, mdup_error **err)
{
    mdup_query q = mdup_query_begin(
        s->db, "INSERT INTO geometries (number, comparison, nx, ny, bin, frame_nx, frame_ny, "
               "n_micrographs, n_sample, n_compared, pixel_A, spot_share, noise_share, "
               "null_location, null_scale, null_pairs, weight_score, weight_strength, weight_mean, "
               "drawn) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
               "?16, ?17, ?18, ?19, ?20)");
    const int64_t counts[] = {(int64_t)number, comparison,   g->nx,       g->ny,
                              g->bin,          g->frame_nx,  g->frame_ny, g->n_micrographs,
                              g->n_sample,     g->n_compared};
    const double numbers[] = {g->pixel_A,       g->spot_share,       g->noise_share,
                              g->null.location, g->null.scale,       g->null.pairs,
                              g->weights.score, g->weights.strength, g->weights.mean};
    int at = 1;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++, at++)
        mdup_query_bind_int(&q, at, counts[i]);
    if (comparison == 0)
        mdup_query_bind_null(&q, 2);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++, at++)
        mdup_query_bind_double(&q, at, numbers[i]);
    mdup_query_bind_blob(&q, at, drawn->text ? drawn->text : "", drawn->length);
    return mdup_query_finish(&q, err);
}

static bool put_geometries(mdup_session *s, const mdup_session_new_result *r, mdup_error **err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < r->n_geometries; i++) {
        const mdup_session_geometry *g = &r->geometries[i];
        mdup_strbuf drawn = MDUP_STRBUF_INIT;
        for (size_t k = 0; k < g->n_drawn; k++) {
            mdup_put_f32(&drawn, g->drawn[k].score);
            mdup_put_f32(&drawn, g->drawn[k].overlap);
            mdup_put_f64(&drawn, g->drawn[k].log10_evalue);
        }
        ok = mdup_strbuf_check(&drawn, err) &&
             insert_geometry(s, i, g, r->comparisons[i], &drawn, err);
        mdup_strbuf_free(&drawn);
    }
    return ok;
}

/* ---- facts and parameters ---- */

static mdup_query begin_fact(mdup_session *s, const char *name)
{
    mdup_query q =
        mdup_query_begin(s->db, "INSERT OR REPLACE INTO facts (name, value) VALUES (?1, ?2)");
    mdup_query_bind_text(&q, 1, name);
    return q;
}

static bool put_text(mdup_session *s, const char *name, const char *value, mdup_error **err)
{
    mdup_query q = begin_fact(s, name);
    mdup_query_bind_text(&q, 2, value);
    return mdup_query_finish(&q, err);
}

static bool put_int(mdup_session *s, const char *name, int64_t value, mdup_error **err)
{
    mdup_query q = begin_fact(s, name);
    mdup_query_bind_int(&q, 2, value);
    return mdup_query_finish(&q, err);
}

static bool put_double(mdup_session *s, const char *name, double value, mdup_error **err)
{
    mdup_query q = begin_fact(s, name);
    mdup_query_bind_double(&q, 2, value);
    return mdup_query_finish(&q, err);
}

/* Where the paths of the inputs begin; a folder that is gone is not known, and not needed. */
static bool put_folder(mdup_session *s, mdup_error **err)
{
    char *folder = mdup_path_current(NULL);
    bool ok = put_text(s, MDUP_FACT_FOLDER, folder, err);
    free(folder);
    return ok;
}

static bool put_facts(mdup_session *s, const mdup_session_new_result *r, mdup_error **err)
{
    return put_text(s, MDUP_FACT_ORDER, mdup_order_name(r->catalog->order_used), err) &&
           put_text(s, MDUP_FACT_ORDER_REASON, r->catalog->order_reason, err) &&
           put_double(s, MDUP_FACT_MOST_EVALUE, r->most_evalue, err) &&
           put_int(s, MDUP_FACT_EXACT_COPIES, r->n_exact_copies, err) && put_folder(s, err);
}

static bool put_parameters(mdup_session *s, const mdup_session_parameter *items, size_t n,
                           mdup_error **err)
{
    for (size_t i = 0; i < n; i++) {
        mdup_query q =
            mdup_query_begin(s->db, "INSERT INTO parameters (name, value) VALUES (?1, ?2)");
        mdup_query_bind_text(&q, 1, items[i].name);
        mdup_query_bind_text(&q, 2, items[i].value);
        if (!mdup_query_finish(&q, err))
            return false;
    }
    return true;
}

/* ---- the whole ---- */

static bool end_run(mdup_session *s, mdup_error **err)
{
    char now[32];
    mdup_session_time(now);
    mdup_query q = mdup_query_begin(s->db, "UPDATE runs SET ended = ?2 WHERE id = ?1");
    mdup_query_bind_int(&q, 1, s->run);
    mdup_query_bind_text(&q, 2, now);
    return mdup_query_finish(&q, err) && put_int(s, MDUP_FACT_RUN, s->run, err);
}

static bool put_hash(mdup_session *s, mdup_error **err)
{
    uint64_t hash;
    return mdup_session_hash_result(s->db, &hash, err) &&
           put_int(s, MDUP_FACT_HASH, (int64_t)hash, err);
}

static const char CLEAR_RESULT[] =
    "DELETE FROM facts; DELETE FROM parameters; DELETE FROM inputs; DELETE FROM input_files;"
    "DELETE FROM micrographs; DELETE FROM geometries; DELETE FROM pairs";

static const char DROP_OLD_COMPARISONS[] =
    "DELETE FROM comparisons WHERE id NOT IN"
    "  (SELECT comparison FROM geometries WHERE comparison IS NOT NULL);"
    "DELETE FROM tiles WHERE comparison NOT IN (SELECT id FROM comparisons);"
    "DELETE FROM looks WHERE comparison NOT IN (SELECT id FROM comparisons)";

static bool put_all(mdup_session *s, const mdup_session_new_result *r, mdup_error **err)
{
    return mdup_database_run(s->db, CLEAR_RESULT, err) && put_inputs(s, r->catalog, err) &&
           put_micrographs(s, r, err) && put_pairs(s, r, err) && put_geometries(s, r, err) &&
           put_facts(s, r, err) && put_parameters(s, r->parameters, r->n_parameters, err) &&
           end_run(s, err) && put_hash(s, err) &&
           mdup_database_run(s->db, DROP_OLD_COMPARISONS, err);
}

bool mdup_session_put_result(mdup_session *s, const mdup_session_new_result *r, mdup_error **err)
{
    return mdup_session_put_begin(s, err) && mdup_session_put_end(s, put_all(s, r, err), 0, err) &&
           mdup_session_commit(s, err);
}

/* ---- another decision ---- */

static bool update_micrograph(mdup_session *s, const mdup_session_result *r, size_t i,
                              mdup_error **err)
{
    const mdup_decision *d = &r->decision;
    mdup_query q = mdup_query_begin(
        s->db, "UPDATE micrographs SET set_number = ?2, decision = ?3, original_a = ?4, "
               "original_b = ?5 WHERE position = ?1");
    mdup_query_bind_int(&q, 1, (int64_t)i);
    if (d->set[i] != MDUP_NO_SET)
        mdup_query_bind_int(&q, 2, d->set[i]);
    mdup_query_bind_text(&q, 3, d->removed[i] ? "remove" : "keep");
    if (d->original[i] >= 0) {
        const mdup_pair *pair = &r->pairs[d->original[i]];
        mdup_query_bind_int(&q, 4, r->micrographs[pair->a].id);
        mdup_query_bind_int(&q, 5, r->micrographs[pair->b].id);
    }
    return mdup_query_finish(&q, err);
}

static bool update_pair(mdup_session *s, const mdup_session_result *r, size_t p, mdup_error **err)
{
    const mdup_decision *d = &r->decision;
    const mdup_pair *pair = &r->pairs[p];
    mdup_query q = mdup_query_begin(
        s->db, "UPDATE pairs SET class = ?3, set_number = ?4 WHERE a = ?1 AND b = ?2");
    mdup_query_bind_int(&q, 1, r->micrographs[pair->a].id);
    mdup_query_bind_int(&q, 2, r->micrographs[pair->b].id);
    mdup_query_bind_text(&q, 3, d->is_duplicate[p] ? "duplicate" : "overlap");
    if (d->set[pair->a] == d->set[pair->b] && d->set[pair->a] != MDUP_NO_SET)
        mdup_query_bind_int(&q, 4, d->set[pair->a]);
    return mdup_query_finish(&q, err);
}

static bool update_decision(mdup_session *s, const mdup_session_result *r, mdup_error **err)
{
    if (!mdup_database_run(s->db, "UPDATE pairs SET class = NULL, set_number = NULL", err))
        return false;
    for (size_t p = 0; p < r->n_pairs; p++)
        if (!update_pair(s, r, p, err))
            return false;
    for (size_t i = 0; i < r->catalog->n; i++)
        if (!update_micrograph(s, r, i, err))
            return false;
    return true;
}

bool mdup_session_put_decision(mdup_session *s, const mdup_session_result *r,
                               const mdup_session_parameter *parameters, size_t n_parameters,
                               const char *command_line, mdup_error **err)
{
    if (!mdup_session_begin_run(s, "decide", command_line, err) || !mdup_session_put_begin(s, err))
        return false;
    bool ok =
        update_decision(s, r, err) && mdup_database_run(s->db, "DELETE FROM parameters", err) &&
        put_parameters(s, parameters, n_parameters, err) && end_run(s, err) && put_hash(s, err);
    return mdup_session_put_end(s, ok, 0, err) && mdup_session_commit(s, err);
}
