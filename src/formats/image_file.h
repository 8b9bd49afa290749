/* Micrograph files, read row by row: MRC (also gzip and bzip2) and TIFF behind one interface.
 *
 * Row 0 is the bottom of the specimen as RELION, IMOD and MotionCor show it.  An MRC file stores it
 * first.  A TIFF file stores the top first; `top_down` then tells that read_rows counts from the
 * top, so that a reader need not hold the image to turn it (see doc/formats.md). */
#ifndef MDUP_FORMATS_IMAGE_FILE_H
#define MDUP_FORMATS_IMAGE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef enum {
    MDUP_MODE0_AUTO, /* signed unless IMOD's stamp says unsigned; see mrc.h */
    MDUP_MODE0_SIGNED,
    MDUP_MODE0_UNSIGNED
} mdup_mode0;

typedef enum {
    MDUP_PIXEL_INT8,
    MDUP_PIXEL_UINT8,
    MDUP_PIXEL_INT16,
    MDUP_PIXEL_UINT16,
    MDUP_PIXEL_INT32,
    MDUP_PIXEL_UINT32,
    MDUP_PIXEL_FLOAT16,
    MDUP_PIXEL_FLOAT32,
    MDUP_PIXEL_FLOAT64,
    MDUP_PIXEL_UINT4 /* MRC mode 101: low nibble first, each row padded to a whole byte */
} mdup_pixel_type;

typedef struct {
    char format[8];       /* "mrc" or "tiff" */
    char compression[12]; /* "none", "gzip", "bzip2" (MRC); "none", "lzw", "deflate", "packbits",
                             "lzma", "zstd" (TIFF) */
    int32_t nx, ny, nz;   /* px, px, number of images */
    int mode; /* MRC mode; for a TIFF the MRC mode of the same pixel type, -1 when there is none */
    mdup_pixel_type pixel_type;
    bool big_endian;
    bool top_down;       /* read_rows counts from the top of the image (TIFF) */
    char ext_type[5];    /* "FEI1", ...; "" when none is stated */
    int64_t ext_bytes;   /* of the extended header */
    double pixel_A;      /* pixel size from the header, x, in A; 0 when it says nothing sensible */
    const char *warning; /* something odd that was accepted (wrong machine stamp, ...), static text;
                            NULL when none */
} mdup_image_info;

typedef struct mdup_image_file mdup_image_file;

/** Opens a file and reads its header.  `slice` is the image of a stack, from 1; 0 when the name
 * says nothing, and then a file with nz > 1 is refused.  NULL with *err set: MISSING, IO, PARSE,
 * TRUNCATED (also: empty), UNSUPPORTED, INVALID (no such slice), NOMEM; the message begins with the
 * path.  The parser believes no size before it has compared it with the length of the file. */
mdup_image_file *mdup_image_open(const char *path, int32_t slice, mdup_mode0 mode0,
                                 mdup_error **err) MDUP_MUST_CHECK;

/** The same on bytes in memory, which are borrowed until close.  `name` is used in messages. */
mdup_image_file *mdup_image_open_memory(const void *bytes, size_t length, const char *name,
                                        int32_t slice, mdup_mode0 mode0,
                                        mdup_error **err) MDUP_MUST_CHECK;

/** Valid until close. */
const mdup_image_info *mdup_image_get_info(const mdup_image_file *file);

/** The next n_rows rows (nx floats each, x fastest) in the order of storage.  More rows than are
 * left is INVALID.  NaN and Inf are handed on as they are.  With the last row of a compressed file
 * its checksum is compared.  On failure (TRUNCATED, IO, PARSE, INVALID) what is in `out` has no
 * meaning, and the file is only good for closing.  One file is read by one thread at a time,
 * different files by different threads.  Reading costs 1 MB of memory whatever the size of the
 * image (TIFF: a line or a row of tiles, and the compressed strip they come from). */
bool mdup_image_read_rows(mdup_image_file *file, int32_t n_rows, float *out,
                          mdup_error **err) MDUP_MUST_CHECK;

/** NULL is fine. */
void mdup_image_close(mdup_image_file *file);

/** A file name that may be RELION's "000012@stack.mrcs" or "x.ctf:mrc": *path points at the file's
 * own name (free with free()), *slice is 12, or 0 when there is no '@'. */
bool mdup_image_split_name(const char *name, char **path, int32_t *slice,
                           mdup_error **err) MDUP_MUST_CHECK;

/* ---- writing: for the simulator, the tests and the tools ---- */

/** Writes one image (nx * ny floats, row 0 first) as MRC of the given type: FLOAT32, FLOAT16,
 * INT16, UINT8 (mode 0 with the IMOD stamp that says unsigned), UINT16.  Values are rounded and
 * clipped to the type.  Header statistics are filled in. Written under a temporary name, then
 * renamed. */
bool mdup_mrc_write(const char *path, const float *pixels, int32_t nx, int32_t ny, double pixel_A,
                    mdup_pixel_type type, mdup_error **err) MDUP_MUST_CHECK;

#endif
