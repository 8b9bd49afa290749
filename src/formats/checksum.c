#include "formats/checksum.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/alloc.h"

enum { BLOCK_bytes = 1 << 16 };

bool mdup_file_crc32(const char *path, uint32_t *crc, int64_t *length_bytes, mdup_error **err)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return mdup_fail(err, MDUP_ERROR_IO, "%s: %s", path, strerror(errno));
    unsigned char *block = mdup_calloc(BLOCK_bytes, 1, err);
    uLong sum = crc32(0, NULL, 0);
    int64_t length = 0;
    for (size_t n; block && (n = fread(block, 1, BLOCK_bytes, file)) > 0; length += (int64_t)n)
        sum = crc32(sum, block, (uInt)n);
    bool failed = ferror(file) != 0;
    fclose(file);
    free(block);
    if (!block)
        return false;
    if (failed)
        return mdup_fail(err, MDUP_ERROR_IO, "%s: could not be read", path);
    *crc = (uint32_t)sum;
    *length_bytes = length;
    return true;
}
