/* Micrographs from a STAR file, with their optics. */
#include <stdlib.h>

#include "base/log.h"
#include "catalog/build.h"
#include "catalog/optics.h"
#include "catalog/resolve.h"

static bool refuse_kind(mdup_star_kind kind, const char *path, mdup_error **err)
{
    static const char *const reasons[] = {
        [MDUP_STAR_MOVIES] = "a list of movies; run motion correction and give its "
                             "corrected_micrographs.star",
        [MDUP_STAR_PARTICLES] = "a list of particles; give the STAR file of the micrographs they "
                                "come from (corrected_micrographs.star or micrographs_ctf.star)",
        [MDUP_STAR_TOMOGRAPHY] = "a list of tilt series or tomograms; only single-particle "
                                 "micrographs can be compared",
        [MDUP_STAR_COORDINATES] = "coordinates picked in micrographs; give the STAR file of the "
                                  "micrographs (corrected_micrographs.star or "
                                  "micrographs_ctf.star)",
        [MDUP_STAR_OTHER] = "no table with the column rlnMicrographName; give "
                            "corrected_micrographs.star or micrographs_ctf.star",
    };
    return kind == MDUP_STAR_MICROGRAPHS ||
           mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "%s: %s", path, reasons[kind]);
}

/* Motion correction in RELION writes one such file beside each image. */
static bool is_motion(const mdup_star *star)
{
    const mdup_star_table *general = mdup_star_find(star, "general");
    return general && !general->is_loop && mdup_star_column(general, "rlnImageSizeX") >= 0 &&
           mdup_star_column(general, "rlnMicrographMovieName") >= 0;
}

static bool refuse_motion(const mdup_star *star, const char *path, mdup_error **err)
{
    return !is_motion(star) ||
           mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: the motion of one micrograph; give corrected_micrographs.star", path);
}

static void warn_of_form(const mdup_star *star, const char *path, const mdup_callbacks *callbacks)
{
    if (star->has_crlf)
        mdup_log(callbacks, MDUP_LOG_WARNING,
                 "%s: its lines end in CR LF, which RELION refuses; convert the file with dos2unix",
                 path);
    if (star->gap_line)
        mdup_log(
            callbacks, MDUP_LOG_WARNING,
            "%s: line %zu: a blank or comment line inside the table, behind which RELION reads "
            "no further; the rows behind it are used here",
            path, star->gap_line);
}

/* What reading one row after the other shares. */
typedef struct {
    mdup_builder *builder;
    const mdup_star *star;
    const mdup_star_table *table;
    const char *path;
    size_t name_column;
    mdup_optics optics;
    mdup_resolver resolver;
    mdup_strbuf value;
} star_reader;

static bool add_row(star_reader *r, size_t row, mdup_error **err)
{
    if (!mdup_star_value(r->star, r->table, row, r->name_column, &r->value, err))
        return false;
    if (r->value.length == 0)
        return mdup_fail(err, MDUP_ERROR_PARSE, "%s: line %zu: the name of the micrograph is empty",
                         r->path, mdup_star_row_line(r->table, row, r->name_column));
    mdup_micrograph *m =
        mdup_builder_add_micrograph(r->builder, r->value.text, r->value.length, row, err);
    if (!m)
        return false;
    if (!mdup_resolver_find(&r->resolver, m, err)) {
        mdup_error_prefix(err, "%s: line %zu", r->path,
                          mdup_star_row_line(r->table, row, r->name_column));
        return false;
    }
    return mdup_optics_of_row(&r->optics, row, &m->optics_group, &m->pixel_A, err);
}

static bool add_rows(star_reader *r, mdup_error **err)
{
    const mdup_callbacks *callbacks = r->builder->callbacks;
    if (!mdup_resolver_init(&r->resolver, r->path, MDUP_RELION_PROJECT, r->builder->project_dir,
                            err) ||
        !mdup_optics_init(&r->optics, r->star, r->table, r->path, callbacks, err))
        return false;
    for (size_t row = 0; row < r->table->n_rows; row++)
        if (!add_row(r, row, err))
            return false;
    mdup_optics_warn(&r->optics, r->path, callbacks);
    mdup_resolver_warn(&r->resolver, r->path, callbacks);
    return true;
}

bool mdup_add_star(mdup_builder *b, const char *path, const char *text, size_t text_length,
                   mdup_error **err)
{
    mdup_source *source = mdup_builder_add_source(b, MDUP_SOURCE_STAR, path, err);
    if (!source)
        return false;
    source->star = mdup_star_parse(text, text_length, path, err);
    if (!source->star || !refuse_motion(source->star, path, err) ||
        !refuse_kind(mdup_star_classify(source->star, &source->table), path, err))
        return false;
    warn_of_form(source->star, path, b->callbacks);
    if (source->table->n_rows == 0)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "%s: line %zu: the table of micrographs has no rows", path,
                         source->table->line);
    star_reader reader = {.builder = b, .star = source->star, .table = source->table, .path = path};
    reader.name_column = (size_t)mdup_star_column(source->table, "rlnMicrographName");
    bool ok = add_rows(&reader, err);
    mdup_optics_free(&reader.optics);
    mdup_resolver_free(&reader.resolver);
    mdup_strbuf_free(&reader.value);
    return ok;
}
