#include "flow/session_info.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "session/session.h"

struct mdup_session_info {
    char *path;
    char *holder; /* who works on it; NULL: nobody */
    int64_t n_entered, n_read;
    bool is_finished; /* the rest is there */
    mdup_session_result result;
    mdup_session_provenance provenance;
    mdup_session_geometry *geometries;
    size_t n_geometries;
    size_t n_judged;
};

static bool load_finished(mdup_session_info *info, mdup_session *session, mdup_error **err)
{
    if (!mdup_session_load_result(session, &info->result, err) ||
        !mdup_session_load_provenance(session, &info->provenance, err) ||
        !mdup_session_load_geometries(session, &info->geometries, &info->n_geometries, err))
        return false;
    for (size_t i = 0; i < info->result.catalog->n; i++)
        info->n_judged += mdup_status_is_judged(info->result.judgements[i].status);
    return true;
}

static bool load(mdup_session_info *info, mdup_session *session, mdup_error **err)
{
    return mdup_session_count(session, &info->n_entered, &info->n_read, &info->is_finished, err) &&
           (!info->is_finished || load_finished(info, session, err));
}

mdup_session_info *mdup_session_info_read(const char *path, mdup_error **err)
{
    mdup_session *session = mdup_session_open(path, err);
    mdup_session_info *info = session ? mdup_calloc(1, sizeof *info, err) : NULL;
    bool ok = info && (info->path = mdup_strdup(path, err)) && load(info, session, err);
    mdup_session_close(session);
    if (ok) {
        info->holder = mdup_session_holder(path);
        return info;
    }
    mdup_session_info_free(info);
    return NULL;
}

void mdup_session_info_free(mdup_session_info *info)
{
    if (!info)
        return;
    mdup_session_result_clear(&info->result);
    mdup_session_provenance_clear(&info->provenance);
    mdup_session_geometries_free(info->geometries, info->n_geometries);
    free(info->holder);
    free(info->path);
    free(info);
}

bool mdup_session_info_detect(const char *path)
{
    size_t length = strlen(path), ending = strlen(".mdup");
    bool is_called_so = length > ending && strcmp(path + length - ending, ".mdup") == 0;
    return is_called_so || mdup_session_detect(path);
}

/* ---- in words ---- */

static void put_counts(const mdup_session_info *info, mdup_strbuf *out)
{
    const mdup_session_result *r = &info->result;
    const mdup_decision *d = &r->decision;
    mdup_strbuf_printf(out, "  micrographs  %zu, of which %zu could be judged\n", r->catalog->n,
                       info->n_judged);
    mdup_strbuf_printf(out, "  removed      %zu, in %" PRId64 " set%s\n", d->n_removed, d->n_sets,
                       d->n_sets == 1 ? "" : "s");
    mdup_strbuf_printf(out, "  pairs        %zu duplicates, %zu overlaps\n", d->n_duplicate_pairs,
                       r->n_pairs - d->n_duplicate_pairs);
}

static void put_geometries(const mdup_session_info *info, mdup_strbuf *out)
{
    for (size_t i = 0; i < info->n_geometries; i++) {
        const mdup_session_geometry *g = &info->geometries[i];
        mdup_strbuf_printf(out, "  size         %d x %d px", g->nx, g->ny);
        if (g->pixel_A > 0)
            mdup_strbuf_printf(out, " of %.4g A", g->pixel_A);
        mdup_strbuf_printf(out,
                           ", binned by %d: %" PRId64 " micrographs, %" PRId64 " pairs compared\n",
                           g->bin, g->n_micrographs, g->n_compared);
    }
}

static void put_inputs(const mdup_session_provenance *p, mdup_strbuf *out)
{
    for (size_t i = 0; i < p->n_inputs; i++) {
        const mdup_session_input *input = &p->inputs[i];
        mdup_strbuf_printf(out, "  input        %s (%s)\n", input->path, input->kind);
        if (input->sha256)
            mdup_strbuf_printf(out, "               sha256 %s\n", input->sha256);
    }
}

static void put_parameters(const mdup_session_provenance *p, mdup_strbuf *out)
{
    mdup_strbuf_puts(out, "  parameters  ");
    for (size_t i = 0; i < p->n_parameters; i++)
        if (p->parameters[i].value[0])
            mdup_strbuf_printf(out, " %s %s%s", p->parameters[i].name, p->parameters[i].value,
                               i + 1 < p->n_parameters ? "," : "");
    mdup_strbuf_puts(out, "\n");
}

void mdup_session_info_text(const mdup_session_info *info, mdup_strbuf *out)
{
    const mdup_session_provenance *p = &info->provenance;
    mdup_strbuf_printf(out, "%s: session of microdup\n", info->path);
    if (info->is_finished) {
        mdup_strbuf_printf(out, "  finished     %s, by microdup %s\n", p->ended, p->version);
        if (p->command_line)
            mdup_strbuf_printf(out, "  command      %s\n", p->command_line);
        put_counts(info, out);
        put_geometries(info, out);
        put_inputs(p, out);
        put_parameters(p, out);
    } else {
        mdup_strbuf_printf(out,
                           "  not finished %" PRId64 " of %" PRId64
                           " micrographs are read; the same command goes on from there\n",
                           info->n_read, info->n_entered);
    }
    if (info->holder)
        mdup_strbuf_printf(out, "  in use by    %s\n", info->holder);
}

/* ---- as JSON ---- */

static void json_counts(const mdup_session_info *info, mdup_json *json)
{
    const mdup_decision *d = &info->result.decision;
    mdup_json_object(json, "counts");
    mdup_json_int(json, "micrographs", (int64_t)info->result.catalog->n);
    mdup_json_int(json, "judged", (int64_t)info->n_judged);
    mdup_json_int(json, "duplicate_pairs", (int64_t)d->n_duplicate_pairs);
    mdup_json_int(json, "overlap_pairs", (int64_t)(info->result.n_pairs - d->n_duplicate_pairs));
    mdup_json_int(json, "sets", d->n_sets);
    mdup_json_int(json, "removed", (int64_t)d->n_removed);
    mdup_json_end_object(json);
}

static void json_geometries(const mdup_session_info *info, mdup_json *json)
{
    mdup_json_array(json, "sizes");
    for (size_t i = 0; i < info->n_geometries; i++) {
        const mdup_session_geometry *g = &info->geometries[i];
        mdup_json_object(json, NULL);
        mdup_json_int(json, "nx", g->nx);
        mdup_json_int(json, "ny", g->ny);
        mdup_json_double(json, "pixel_A", g->pixel_A);
        mdup_json_int(json, "bin", g->bin);
        mdup_json_int(json, "micrographs", g->n_micrographs);
        mdup_json_int(json, "pairs_compared", g->n_compared);
        mdup_json_double(json, "spot_share", g->spot_share);
        mdup_json_end_object(json);
    }
    mdup_json_end_array(json);
}

static void json_provenance(const mdup_session_provenance *p, mdup_json *json)
{
    mdup_json_string(json, "version", p->version);
    mdup_json_string(json, "command_line", p->command_line);
    mdup_json_string(json, "began", p->began);
    mdup_json_string(json, "ended", p->ended);
    mdup_json_array(json, "inputs");
    for (size_t i = 0; i < p->n_inputs; i++) {
        mdup_json_object(json, NULL);
        mdup_json_string(json, "path", p->inputs[i].path);
        mdup_json_string(json, "kind", p->inputs[i].kind);
        mdup_json_string(json, "sha256", p->inputs[i].sha256);
        mdup_json_end_object(json);
    }
    mdup_json_end_array(json);
    mdup_json_object(json, "parameters");
    for (size_t i = 0; i < p->n_parameters; i++)
        mdup_json_string(json, p->parameters[i].name, p->parameters[i].value);
    mdup_json_end_object(json);
}

void mdup_session_info_json(const mdup_session_info *info, mdup_json *json)
{
    mdup_json_object(json, NULL);
    mdup_json_string(json, "file", info->path);
    mdup_json_string(json, "format", "session");
    mdup_json_bool(json, "finished", info->is_finished);
    mdup_json_int(json, "entered", info->n_entered);
    mdup_json_int(json, "read", info->n_read);
    mdup_json_string(json, "in_use_by", info->holder);
    if (info->is_finished) {
        json_provenance(&info->provenance, json);
        json_counts(info, json);
        json_geometries(info, json);
    }
    mdup_json_end_object(json);
}
