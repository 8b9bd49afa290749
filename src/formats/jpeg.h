/* JPEG out, grey. */
#ifndef MDUP_FORMATS_JPEG_H
#define MDUP_FORMATS_JPEG_H

#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

/** Appends nx * ny grey pixels, the first row on top, as a baseline JPEG file (JFIF).  quality: 1 to 100.  False with *err: INVALID when a side
 *  is 0 or over 65500 px, which the format cannot hold; NOMEM; `out` is then as it was. */
bool mdup_jpeg_append(mdup_strbuf *out, const uint8_t *pixels, int32_t nx, int32_t ny, int quality,
                      mdup_error **err) MDUP_MUST_CHECK;

#endif
