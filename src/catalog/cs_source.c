/* Micrographs from cryoSPARC: one or several .cs files joined by uid, or a .csg that names them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/path.h"
#include "catalog/build.h"
#include "catalog/resolve.h"

/* A .csg has a few lines for each of some ten results. */
enum { LARGEST_CSG_bytes = 16 << 20 };

/* ---- which files ---- */

/* A name that begins with '>' is beside the .csg, another is in the project. */
static char *locate_metafile(const mdup_builder *b, const char *csg_path, const char *metafile,
                             mdup_error **err)
{
    char *folder = mdup_path_directory(csg_path, err);
    if (!folder)
        return NULL;
    char *beside = mdup_path_join(folder, metafile + (metafile[0] == '>'), err);
    free(folder);
    if (!beside || metafile[0] == '>' || mdup_path_is_file(beside))
        return beside;
    free(beside);
    mdup_micrograph as_name = {.name = mdup_strdup(metafile, err)};
    mdup_resolver resolver = {.n_roots = 0};
    bool ok =
        as_name.name &&
        mdup_resolver_init(&resolver, csg_path, MDUP_CRYOSPARC_PROJECT, b->project_dir, err) &&
        mdup_resolver_find(&resolver, &as_name, err);
    mdup_resolver_free(&resolver);
    free(as_name.name);
    return ok ? as_name.path : NULL;
}

static size_t find_part(const mdup_source *source, const char *path)
{
    size_t i = 0;
    while (i < source->cs.n_parts && strcmp(source->cs.parts[i].path, path) != 0)
        i++;
    return i;
}

static bool add_metafiles(const mdup_builder *b, mdup_source *source, const char *path,
                          mdup_error **err)
{
    source->csg_parts = mdup_calloc(source->csg->n, sizeof *source->csg_parts, err);
    if (!source->csg_parts)
        return false;
    for (size_t i = 0; i < source->csg->n; i++) {
        char *part = locate_metafile(b, path, source->csg->results[i].metafile, err);
        if (!part)
            return false;
        source->csg_parts[i] = find_part(source, part);
        if (source->csg_parts[i] < source->cs.n_parts) {
            free(part);
        } else if (!mdup_cs_files_add(&source->cs, part, err)) {
            mdup_error_prefix(err, "%s", path);
            return false;
        }
    }
    return true;
}

static bool add_group(const mdup_builder *b, mdup_source *source, const char *path,
                      mdup_error **err)
{
    size_t length;
    char *text = mdup_file_read(path, LARGEST_CSG_bytes, &length, err);
    if (!text)
        return false;
    source->csg = mdup_csg_parse(text, length, path, err);
    free(text);
    if (!source->csg)
        return false;
    if (source->csg->type[0] && strcmp(source->csg->type, "exposure") != 0)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: a group of the type %.40s; give a group of exposures", path,
                         source->csg->type);
    return add_metafiles(b, source, path, err);
}

/* ---- which fields ---- */

static bool fail_without_path(const mdup_source *source, mdup_error **err)
{
    const char *what =
        mdup_cs_files_find(&source->cs, "location/", "micrograph_path").part ||
                mdup_cs_files_find(&source->cs, "blob/", "path").part
            ? "particles; give the .cs files of their exposures"
        : mdup_cs_files_find(&source->cs, "movie_blob/", "path").part
            ? "movies; run motion correction and give the exposures it leaves"
            : "no field micrograph_blob/path; add the file that has it, often the passthrough: "
              "exposures.cs,J3_passthrough_exposures.cs";
    return mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "%s: %s", source->path, what);
}

/* What reading one record after the other shares. */
typedef struct {
    mdup_builder *builder;
    mdup_source *source;
    mdup_resolver resolver;
    mdup_cs_column path, index, pixel, group;
    mdup_strbuf text;
    size_t n_without_path, n_bad_pixels;
} cs_reader;

/* Of micrographs with and without dose weighting the weighted ones, as with files in a folder. */
static bool find_columns(cs_reader *r, mdup_error **err)
{
    static const char *const prefixes[] = {"micrograph_blob/", "micrograph_blob_non_dw/"};
    for (size_t i = 0; i < 2 && !r->path.part; i++) {
        r->path = mdup_cs_files_find(&r->source->cs, prefixes[i], "path");
        r->index = mdup_cs_files_find(&r->source->cs, prefixes[i], "idx");
        r->pixel = mdup_cs_files_find(&r->source->cs, prefixes[i], "psize_A");
    }
    r->group = mdup_cs_files_find(&r->source->cs, "mscope_params/", "exp_group_id");
    return r->path.part || fail_without_path(r->source, err);
}

/* ---- records ---- */

/* A path that begins with '>' is relative to the folder of its own .cs file. */
static bool resolve(cs_reader *r, mdup_micrograph *m, mdup_error **err)
{
    if (m->name[0] != '>')
        return mdup_resolver_find(&r->resolver, m, err);
    char *folder = mdup_path_directory(r->path.part->path, err);
    m->path = folder ? mdup_path_join(folder, m->name + 1, err) : NULL;
    free(folder);
    return m->path != NULL;
}

static void read_numbers(cs_reader *r, mdup_micrograph *m, size_t record)
{
    ptrdiff_t at = mdup_cs_files_record(r->index, record);
    uint64_t whole;
    if (at >= 0 && mdup_npy_uint(r->index.part->npy, r->index.field, (size_t)at, 0, &whole) &&
        whole > 0 && whole < INT32_MAX && m->slice == 0)
        m->slice = (int32_t)whole + 1; /* they count from 0 */
    at = mdup_cs_files_record(r->group, record);
    if (at >= 0 && mdup_npy_uint(r->group.part->npy, r->group.field, (size_t)at, 0, &whole) &&
        whole <= INT64_MAX)
        m->optics_group = (int64_t)whole;
    at = mdup_cs_files_record(r->pixel, record);
    double pixel_A =
        at < 0 ? 0 : mdup_npy_number(r->pixel.part->npy, r->pixel.field, (size_t)at, 0);
    if (isfinite(pixel_A) && pixel_A > 0)
        m->pixel_A = pixel_A;
    else
        r->n_bad_pixels += at >= 0;
}

static bool add_record(cs_reader *r, size_t record, mdup_error **err)
{
    ptrdiff_t at = mdup_cs_files_record(r->path, record);
    if (at < 0) {
        r->n_without_path++;
        return true;
    }
    if (!mdup_cs_files_path(r->path, (size_t)at, &r->text, err))
        return false;
    mdup_micrograph *m =
        mdup_builder_add_micrograph(r->builder, r->text.text, r->text.length, record, err);
    if (!m || !resolve(r, m, err))
        return false;
    m->uid = mdup_cs_files_uid(&r->source->cs, record);
    read_numbers(r, m, record);
    return true;
}

static void warn(const cs_reader *r)
{
    const mdup_callbacks *callbacks = r->builder->callbacks;
    if (r->n_without_path > 0)
        mdup_log(callbacks, MDUP_LOG_WARNING,
                 "%s: %zu of its records are not in %s and are kept without being looked at",
                 r->source->cs.parts[0].path, r->n_without_path, r->path.part->path);
    if (r->n_bad_pixels > 0)
        mdup_log(callbacks, MDUP_LOG_WARNING,
                 "%s: the pixel size of %zu micrograph%s is not a positive number; it is taken as "
                 "unknown",
                 r->pixel.part->path, r->n_bad_pixels, r->n_bad_pixels == 1 ? "" : "s");
    mdup_resolver_warn(&r->resolver, r->source->path, callbacks);
}

static bool add_records(cs_reader *r, mdup_error **err)
{
    const mdup_source *source = r->source;
    if (!find_columns(r, err) || !mdup_cs_files_join(&r->source->cs, err) ||
        !mdup_resolver_init(&r->resolver, source->cs.parts[0].path, MDUP_CRYOSPARC_PROJECT,
                            r->builder->project_dir, err))
        return false;
    size_t before = r->builder->catalog->n;
    for (size_t record = 0; record < source->cs.parts[0].npy->n_records; record++)
        if (!add_record(r, record, err))
            return false;
    if (r->builder->catalog->n == before)
        return mdup_fail(err, MDUP_ERROR_INVALID, "%s: holds no micrographs%s", source->path,
                         r->n_without_path ? ": its files have no uid in common" : "");
    warn(r);
    return true;
}

bool mdup_add_cs(mdup_builder *b, const char *input, bool is_group, mdup_error **err)
{
    mdup_source *source = mdup_builder_add_source(b, MDUP_SOURCE_CS, input, err);
    if (!source)
        return false;
    bool ok =
        is_group ? add_group(b, source, input, err) : mdup_cs_files_read(&source->cs, input, err);
    if (!ok)
        return false;
    cs_reader reader = {.builder = b, .source = source};
    ok = add_records(&reader, err);
    mdup_resolver_free(&reader.resolver);
    mdup_strbuf_free(&reader.text);
    return ok;
}
