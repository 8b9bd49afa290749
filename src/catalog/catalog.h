/* Which micrographs there are, where their files stand, and in which order they were recorded. */
#ifndef MDUP_CATALOG_CATALOG_H
#define MDUP_CATALOG_CATALOG_H

#include <stddef.h>
#include <stdint.h>

#include <microdup/callbacks.h>
#include <microdup/catalog.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "formats/acquisition.h"
#include "formats/cs_files.h"
#include "formats/csg.h"
#include "formats/star.h"

typedef enum {
    MDUP_SOURCE_STAR,
    MDUP_SOURCE_LIST, /* text, one name a line */
    MDUP_SOURCE_FOLDER,
    MDUP_SOURCE_GLOB,
    MDUP_SOURCE_CS,   /* cryoSPARC's .cs files, joined by uid, or the .csg that names them */
    MDUP_SOURCE_IMAGE /* one image file named on the command line; sources of this kind in a row are
                         one source */
} mdup_source_kind;

/* One input of the user's. */
typedef struct {
    mdup_source_kind kind;
    char *path;                   /* as the user gave it; of several IMAGEs the first */
    mdup_star *star;              /* STAR only */
    const mdup_star_table *table; /* the table of micrographs, inside star */
    char *text;                   /* LIST only: the file's bytes */
    size_t text_length;
    mdup_cs_files cs;  /* CS only */
    mdup_csg *csg;     /* NULL when the .cs files were named themselves */
    size_t *csg_parts; /* one a result of csg: in which part of cs it stands */
} mdup_source;

typedef struct {
    char *name;    /* exactly as in the input; this is what every output says */
    char *path;    /* the file to open, resolved; the name's own file when nothing was found */
    int32_t slice; /* N of "N@stack", else 0 */
    size_t source; /* index into sources */
    /* STAR: row of its table.  LIST: index of its line among the lines that are names.  FOLDER,
     * GLOB: place in natural order.  IMAGE: place on the command line, of those taken.  CS: record
     * of the first file. */
    size_t row;
    size_t line_begin, line_end; /* LIST: byte range of its line, newline included */
    uint64_t uid;                /* CS only */
    int64_t optics_group;        /* of RELION, or exposure group; 0 when the input has none */
    double pixel_A;              /* from the input; 0 when it says nothing */
    /* From the name, NULL when it does not tell.  Equal holes are shots of one hole in one visit of
     * the stage; see holes.h. */
    char *hole, *shot;
    /* Of acquisition: from the microscope's files, from the name, or from the file when the order
     * is by the files' times; seconds since 1970 without a time zone (see order.h for names that hold no year). */
    double time_s;
    bool has_time;
    mdup_acquisition recorded; /* from the microscope's own files, when asked for; else all zero */
} mdup_micrograph;

struct mdup_catalog {
    size_t n_sources;
    mdup_source *sources;
    size_t n;                     /* micrographs */
    mdup_micrograph *micrographs; /* in acquisition order: index = order */
    mdup_order order_used;        /* never AUTO */
    char *order_reason;           /* "names hold EPU time stamps", "as asked for"; never NULL */
};
typedef struct mdup_catalog mdup_catalog;

typedef struct {
    mdup_order order;
    const char *project_dir;  /* NULL: found by walking up from each STAR or .cs */
    const char *metadata_dir; /* folder of EPU's or SerialEM's files, see metadata.h; NULL: none */
} mdup_catalog_options;

/** Reads the inputs, resolves every name, orders.
 *
 * An input is a STAR file (one table of micrographs of any RELION), a text with one name a line
 * (told from STAR by its content), a folder (its images, not those of the folders in it), a pattern
 * of glob(3), an image file, or cryoSPARC's: a .cs file, several joined by commas, a .csg.  Of a
 * folder, pattern or images only what is to be compared is taken: no power spectra, halves, or
 * second version of one micrograph (see name_list.h).
 *
 * Names of a STAR file are looked for as written, then in the RELION project above the STAR file,
 * then beside it; those of a list as written, then beside it; with project_dir there, then as
 * written.
 *
 * What is worth a warning goes to callbacks->log (callbacks may be NULL).  NULL with *err set when
 * an input cannot be used at all (it is missing, broken, a list of movies, particles or tilt
 * series) or holds no micrograph; a micrograph whose own file is missing is an ordinary entry.
 * Free with mdup_catalog_free. */
mdup_catalog *mdup_catalog_build(const char *const *inputs, size_t n_inputs,
                                 const mdup_catalog_options *options,
                                 const mdup_callbacks *callbacks, mdup_error **err) MDUP_MUST_CHECK;
void mdup_catalog_free(mdup_catalog *catalog);

#endif
