#include "catalog/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/path.h"
#include "catalog/build.h"
#include "catalog/holes.h"
#include "catalog/metadata.h"
#include "catalog/order.h"

static const char *const order_names[] = {
    [MDUP_ORDER_AUTO] = "auto",       [MDUP_ORDER_STAR] = "star", [MDUP_ORDER_NAME] = "name",
    [MDUP_ORDER_NATURAL] = "natural", [MDUP_ORDER_TIME] = "time",
};

const char *mdup_order_name(mdup_order order)
{
    return order_names[order];
}

bool mdup_order_parse(const char *name, mdup_order *order)
{
    for (size_t i = 0; i < sizeof order_names / sizeof order_names[0]; i++) {
        if (strcmp(name, order_names[i]) == 0) {
            *order = (mdup_order)i;
            return true;
        }
    }
    return false;
}

mdup_source *mdup_builder_add_source(mdup_builder *b, mdup_source_kind kind, const char *path,
                                     mdup_error **err)
{
    mdup_catalog *c = b->catalog;
    if (!mdup_grow((void **)&c->sources, &b->sources_capacity, c->n_sources + 1, sizeof *c->sources,
                   err))
        return NULL;
    char *copy = mdup_strdup(path, err);
    if (!copy)
        return NULL;
    mdup_source *source = &c->sources[c->n_sources++];
    *source = (mdup_source){.kind = kind, .path = copy};
    return source;
}

mdup_micrograph *mdup_builder_add_micrograph(mdup_builder *b, const char *name, size_t name_length,
                                             size_t row, mdup_error **err)
{
    mdup_catalog *c = b->catalog;
    if (!mdup_grow((void **)&c->micrographs, &b->micrographs_capacity, c->n + 1,
                   sizeof *c->micrographs, err))
        return NULL;
    char *copy = mdup_strndup(name, name_length, err);
    if (!copy)
        return NULL;
    mdup_micrograph *m = &c->micrographs[c->n++];
    *m = (mdup_micrograph){.name = copy, .source = c->n_sources - 1, .row = row};
    return m;
}

static int compare_files(const void *a, const void *b)
{
    const mdup_micrograph *x = *(const mdup_micrograph *const *)a;
    const mdup_micrograph *y = *(const mdup_micrograph *const *)b;
    int by_path = strcmp(x->path, y->path);
    if (by_path != 0)
        return by_path;
    if (x->slice != y->slice)
        return x->slice < y->slice ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* A list joined from overlapping lists names files twice.  Both entries go on, as each row of the
 * input must have an answer, and the second is found to be a copy of the first. */
static bool warn_of_repeats(const mdup_builder *b, mdup_error **err)
{
    const mdup_catalog *c = b->catalog;
    const mdup_micrograph **sorted = mdup_calloc(c->n, sizeof *sorted, err);
    if (!sorted)
        return false;
    for (size_t i = 0; i < c->n; i++)
        sorted[i] = &c->micrographs[i];
    qsort(sorted, c->n, sizeof *sorted, compare_files);
    size_t repeats = 0;
    const mdup_micrograph *first = NULL;
    for (size_t i = 1; i < c->n; i++) {
        if (strcmp(sorted[i - 1]->path, sorted[i]->path) != 0 ||
            sorted[i - 1]->slice != sorted[i]->slice)
            continue;
        repeats++;
        if (!first || sorted[i] < first)
            first = sorted[i];
    }
    if (repeats == 1)
        mdup_log(b->callbacks, MDUP_LOG_WARNING,
                 "%s is listed twice; the later entry will be removed as a copy", first->name);
    else if (repeats > 1)
        mdup_log(b->callbacks, MDUP_LOG_WARNING,
                 "%zu entries name a micrograph that is listed before, the first is %s; they will "
                 "be removed as copies",
                 repeats, first->name);
    free(sorted);
    return true;
}

static bool add_probed(mdup_builder *b, const char *input, mdup_probe *probe, mdup_error **err)
{
    if (probe->kind == MDUP_SOURCE_FOLDER)
        return mdup_add_folder(b, input, err);
    if (probe->kind == MDUP_SOURCE_GLOB)
        return mdup_add_glob(b, input, err);
    if (probe->kind == MDUP_SOURCE_CS)
        return mdup_add_cs(b, input, probe->is_group, err);
    if (probe->kind == MDUP_SOURCE_LIST)
        return mdup_add_list(b, input, probe->text, probe->text_length, err);
    bool ok = mdup_add_star(b, input, probe->text, probe->text_length, err);
    free(probe->text);
    return ok;
}

/* Image files in a row, mostly from a pattern the shell has expanded, are one source. */
static bool add_inputs(mdup_builder *b, const char *const *inputs, size_t n, mdup_error **err)
{
    size_t run_begin = 0;
    for (size_t i = 0; i < n; i++) {
        mdup_probe probe;
        if (!mdup_probe_input(inputs[i], &probe, err))
            return false;
        if (probe.kind == MDUP_SOURCE_IMAGE)
            continue;
        if (run_begin < i && !mdup_add_images(b, inputs + run_begin, i - run_begin, err)) {
            free(probe.text);
            return false;
        }
        if (!add_probed(b, inputs[i], &probe, err))
            return false;
        run_begin = i + 1;
    }
    return run_begin == n || mdup_add_images(b, inputs + run_begin, n - run_begin, err);
}

static bool check_project_dir(const char *project_dir, mdup_error **err)
{
    if (!project_dir || mdup_path_is_directory(project_dir))
        return true;
    return mdup_fail(err, MDUP_ERROR_MISSING, "%s: no such folder (given with --project_dir)",
                     project_dir);
}

static bool fill(mdup_builder *b, const char *const *inputs, size_t n_inputs,
                 const mdup_catalog_options *options, mdup_error **err)
{
    const char *metadata_dir = options->metadata_dir;
    if (n_inputs == 0)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "no input: give a STAR file, a list of names, a folder, a pattern in "
                         "quotes or image files");
    if (!check_project_dir(b->project_dir, err))
        return false;
    return add_inputs(b, inputs, n_inputs, err) && warn_of_repeats(b, err) &&
           (!metadata_dir ||
            mdup_catalog_add_metadata(b->catalog, metadata_dir, b->callbacks, err)) &&
           mdup_catalog_sort(b->catalog, options->order, b->callbacks, err) &&
           mdup_catalog_find_holes(b->catalog, err) &&
           mdup_catalog_find_recorded_holes(b->catalog, err);
}

mdup_catalog *mdup_catalog_build(const char *const *inputs, size_t n_inputs,
                                 const mdup_catalog_options *options,
                                 const mdup_callbacks *callbacks, mdup_error **err)
{
    mdup_builder b = {.project_dir = options->project_dir, .callbacks = callbacks};
    b.catalog = mdup_calloc(1, sizeof *b.catalog, err);
    if (!b.catalog)
        return NULL;
    if (fill(&b, inputs, n_inputs, options, err))
        return b.catalog;
    mdup_catalog_free(b.catalog);
    return NULL;
}

void mdup_catalog_free(mdup_catalog *catalog)
{
    if (!catalog)
        return;
    for (size_t i = 0; i < catalog->n_sources; i++) {
        mdup_star_free(catalog->sources[i].star);
        free(catalog->sources[i].path);
        free(catalog->sources[i].text);
        mdup_cs_files_clear(&catalog->sources[i].cs);
        mdup_csg_free(catalog->sources[i].csg);
        free(catalog->sources[i].csg_parts);
    }
    for (size_t i = 0; i < catalog->n; i++) {
        free(catalog->micrographs[i].name);
        free(catalog->micrographs[i].path);
        free(catalog->micrographs[i].hole);
        free(catalog->micrographs[i].shot);
        mdup_acquisition_clear(&catalog->micrographs[i].recorded);
    }
    free(catalog->sources);
    free(catalog->micrographs);
    free(catalog->order_reason);
    free(catalog);
}
