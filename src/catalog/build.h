/* The parts of mdup_catalog_build, which fills a catalog input by input and sorts it at the end. */
#ifndef MDUP_CATALOG_BUILD_H
#define MDUP_CATALOG_BUILD_H

#include "catalog/catalog.h"

typedef struct {
    mdup_catalog *catalog;
    size_t sources_capacity, micrographs_capacity;
    const char *project_dir;
    const mdup_callbacks *callbacks;
} mdup_builder;

/** A new source at the end, with only kind and path set; NULL with *err set (NOMEM).  Valid until
 * the next is added. */
mdup_source *mdup_builder_add_source(mdup_builder *b, mdup_source_kind kind, const char *path,
                                     mdup_error **err) MDUP_MUST_CHECK;

/** A new micrograph of the last source at the end, with only name and row set; NULL with *err set
 * (NOMEM).  Valid until the next is added. */
mdup_micrograph *mdup_builder_add_micrograph(mdup_builder *b, const char *name, size_t name_length,
                                             size_t row, mdup_error **err) MDUP_MUST_CHECK;

/* ---- what an input is ---- */

typedef struct {
    mdup_source_kind kind;
    bool is_group; /* CS: a .csg */
    char *text;    /* STAR and LIST: the file's bytes, owned; else NULL */
    size_t text_length;
} mdup_probe;

/** Looks at an input of the user's and tells what it is: a folder, an image by extension or
 * content, STAR or a list by content (never by extension), a pattern when there is no such file.
 * False with *err set: MISSING, IO, UNSUPPORTED (of a kind that cannot be used, each with what to
 * do instead), NOMEM. */
bool mdup_probe_input(const char *input, mdup_probe *probe, mdup_error **err) MDUP_MUST_CHECK;

/* ---- one function a kind: each adds a source and its micrographs ---- */

/** `text` is a STAR file's content. */
bool mdup_add_star(mdup_builder *b, const char *path, const char *text, size_t text_length,
                   mdup_error **err) MDUP_MUST_CHECK;

/** Takes over `text`, also on failure. */
bool mdup_add_list(mdup_builder *b, const char *path, char *text, size_t text_length,
                   mdup_error **err) MDUP_MUST_CHECK;

/** The images of a folder, not of the folders in it; see name_list.h for what is left out. */
bool mdup_add_folder(mdup_builder *b, const char *path, mdup_error **err) MDUP_MUST_CHECK;

/** The images that match a pattern of glob(3). */
bool mdup_add_glob(mdup_builder *b, const char *pattern, mdup_error **err) MDUP_MUST_CHECK;

/** Image files named one by one. */
bool mdup_add_images(mdup_builder *b, const char *const *paths, size_t n,
                     mdup_error **err) MDUP_MUST_CHECK;

/** One .cs file, several separated by commas, or (is_group) a .csg.  The first file says which
 * exposures there are. */
bool mdup_add_cs(mdup_builder *b, const char *input, bool is_group,
                 mdup_error **err) MDUP_MUST_CHECK;

#endif
