/* Which micrographs there are, where their files stand, and in which order they were recorded. */
#ifndef MDUP_CATALOG_CATALOG_H
#define MDUP_CATALOG_CATALOG_H

#include <stddef.h>
#include <stdint.h>

#include <microdup/callbacks.h>
#include <microdup/catalog.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "formats/star.h"

typedef enum {
    MDUP_SOURCE_STAR,
    MDUP_SOURCE_LIST, /* text, one name a line */
    MDUP_SOURCE_FOLDER,
    MDUP_SOURCE_GLOB,
    MDUP_SOURCE_IMAGE /* one image file named on the command line; sources of this kind in a row are
                         one source */
} mdup_source_kind;

/* One input of the user's. */
typedef struct {
    mdup_source_kind kind;
    char *path;                   /* as the user gave it */
    mdup_star *star;              /* STAR only */
    const mdup_star_table *table; /* the table of micrographs, inside star */
    char *text;                   /* LIST only: the file's bytes */
    size_t text_length;
} mdup_source;

typedef struct {
    char *name;    /* exactly as in the input; this is what every output says */
    char *path;    /* the file to open, resolved; "name" itself when nothing was found */
    int32_t slice; /* N of "N@stack", else 0 */
    size_t source; /* index into sources */
    size_t row; /* STAR: row of its table.  LIST: index of its line among the lines that are names.
                   Else: position */
    size_t line_begin, line_end; /* LIST: byte range of its line, newline included */
    int64_t optics_group;        /* 0 when the input has none */
    double pixel_A;              /* from the input; 0 when it says nothing */
    char *hole, *shot;           /* from the name's pattern; NULL when it has none */
    double time_s; /* of acquisition, from the name or the file; seconds since the epoch, no time
                      zone */
    bool has_time;
} mdup_micrograph;

struct mdup_catalog {
    size_t n_sources;
    mdup_source *sources;
    size_t n;                     /* micrographs */
    mdup_micrograph *micrographs; /* in acquisition order: index = order */
    mdup_order order_used;        /* never AUTO */
    char *order_reason;           /* why `auto` chose it: "names hold EPU time stamps" */
};
typedef struct mdup_catalog mdup_catalog;

typedef struct {
    mdup_order order;
    const char *project_dir; /* NULL: found by walking up from each STAR */
} mdup_catalog_options;

/** Reads the inputs (n_inputs paths: STAR, text list, folder, glob pattern, image file), resolves
 * every name, orders. What is worth a warning goes to callbacks->log.  NULL with *err set when an
 * input cannot be used at all (it is missing, broken, a list of movies, particles or tilt series)
 * or when no micrograph is found; a micrograph whose own file is missing is an ordinary entry. Free
 * with mdup_catalog_free. */
mdup_catalog *mdup_catalog_build(const char *const *inputs, size_t n_inputs,
                                 const mdup_catalog_options *options,
                                 const mdup_callbacks *callbacks, mdup_error **err) MDUP_MUST_CHECK;
void mdup_catalog_free(mdup_catalog *catalog);

#endif
