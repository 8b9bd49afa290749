/* Stored pixels of each type to floats and back.  The loops have no branches, so that the compiler
 * turns them into vector code: reading is to cost what the disk costs. */
#ifndef MDUP_FORMATS_PIXELS_H
#define MDUP_FORMATS_PIXELS_H

#include <stddef.h>
#include <stdint.h>

#include "formats/image_file.h"

/** Bytes that n pixels of one row take.  UINT4: an odd last pixel takes a byte of its own. */
size_t mdup_pixels_bytes(mdup_pixel_type type, size_t n);

/** "int8", "float16", ...; static storage. */
const char *mdup_pixels_type_name(mdup_pixel_type type);

/** True when this machine stores the most significant byte first. */
bool mdup_host_is_big_endian(void);

/** n pixels at `from` (any alignment) to floats; `big_endian` says how they are stored.  Whole
 * numbers beyond 2^24 and float64 are rounded to the nearest float (beyond the largest: Inf); all
 * else is exact, with subnormals, Inf and NaN, whatever the processor's flush-to-zero setting.  The
 * two areas must not overlap. */
void mdup_pixels_to_float(mdup_pixel_type type, bool big_endian, const uint8_t *from, size_t n,
                          float *to);

/** n floats to pixels stored with the least significant byte first.  Type: UINT8, INT16, UINT16,
 * FLOAT16 or FLOAT32. Rounded to the nearest (ties to even) and clipped to the type's range
 * (FLOAT16: 65504); NaN becomes 0 where the type has none, Inf stays in FLOAT16. */
void mdup_pixels_from_float(mdup_pixel_type type, const float *from, size_t n, uint8_t *to);

#endif
