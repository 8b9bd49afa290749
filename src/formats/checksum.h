/* Checksums of files, to tell later whether they are the same. */
#ifndef MDUP_FORMATS_CHECKSUM_H
#define MDUP_FORMATS_CHECKSUM_H

#include <stdint.h>

#include "base/error.h"

/** CRC-32 (that of gzip and zip) and length of a file.  False with *err (IO, NOMEM). */
bool mdup_file_crc32(const char *path, uint32_t *crc, int64_t *length_bytes,
                     mdup_error **err) MDUP_MUST_CHECK;

#endif
