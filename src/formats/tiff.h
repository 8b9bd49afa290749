/* TIFF through libtiff: one channel of 8, 16 or 32 bit integers or 16, 32 or 64 bit floats, in
 * strips or tiles. */
#ifndef MDUP_FORMATS_TIFF_H
#define MDUP_FORMATS_TIFF_H

#include <stddef.h>
#include <stdint.h>

#include "formats/byte_stream.h"
#include "formats/image_file.h"

typedef struct mdup_tiff mdup_tiff;

/** True when these first bytes are those of a TIFF or BigTIFF file, in either byte order. */
bool mdup_tiff_detect(const uint8_t *bytes, size_t n);

/** Opens image `slice` (from 1; 0: the first; the caller judges *info's nz) and fills *info, on
 * success only.  What `source` points at and `name` are borrowed until close.  NULL with *err set:
 * TRUNCATED, PARSE, UNSUPPORTED, INVALID (no such slice), IO, NOMEM.
 *
 *  libtiff before 4.5 can be kept from printing only for the whole process: its global handlers are
 * then replaced, once. */
mdup_tiff *mdup_tiff_open(const mdup_byte_source *source, const char *name, int32_t slice,
                          mdup_image_info *info, mdup_error **err) MDUP_MUST_CHECK;

/** The next n_rows rows, from the top of the image as stored.  The caller does not ask for more
 * than there are.  False with *err set: TRUNCATED, PARSE, IO. */
bool mdup_tiff_read_rows(mdup_tiff *tiff, int32_t n_rows, float *out,
                         mdup_error **err) MDUP_MUST_CHECK;

/** NULL is fine. */
void mdup_tiff_close(mdup_tiff *tiff);

#endif
