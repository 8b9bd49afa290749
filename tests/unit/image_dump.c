/* Writes every pixel of a micrograph to stdout as floats of this machine, as the library reads
 * them, for tests/test_mrc_writers.py: image_dump FILE [SLICE [signed|unsigned]]. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "formats/image_file.h"

/* An odd number, so that strips end anywhere. */
enum { ROWS_AT_ONCE = 7 };

static bool dump_rows(mdup_image_file *file, float *rows, mdup_error **err)
{
    const mdup_image_info *info = mdup_image_get_info(file);
    for (int32_t y = 0; y < info->ny; y += ROWS_AT_ONCE) {
        const int32_t n = info->ny - y < ROWS_AT_ONCE ? info->ny - y : ROWS_AT_ONCE;
        if (!mdup_image_read_rows(file, n, rows, err))
            return false;
        const size_t count = (size_t)n * (size_t)info->nx;
        if (fwrite(rows, sizeof *rows, count, stdout) != count)
            return false;
    }
    return fflush(stdout) == 0;
}

static bool dump(const char *path, int32_t slice, mdup_mode0 mode0, mdup_error **err)
{
    mdup_image_file *file = mdup_image_open(path, slice, mode0, err);
    if (!file)
        return false;
    float *rows = malloc((size_t)mdup_image_get_info(file)->nx * ROWS_AT_ONCE * sizeof *rows);
    const bool ok = rows && dump_rows(file, rows, err);
    free(rows);
    mdup_image_close(file);
    return ok;
}

int main(int argc, char **argv)
{
    int64_t slice = 0;
    mdup_mode0 mode0 = MDUP_MODE0_AUTO;
    if (argc < 2 || argc > 4 || (argc > 2 && !mdup_parse_int64(argv[2], strlen(argv[2]), &slice))) {
        fprintf(stderr, "usage: image_dump FILE [SLICE [signed|unsigned]]\n");
        return 2;
    }
    if (argc > 3)
        mode0 = strcmp(argv[3], "signed") == 0 ? MDUP_MODE0_SIGNED : MDUP_MODE0_UNSIGNED;
    mdup_error *err = NULL;
    if (dump(argv[1], (int32_t)slice, mode0, &err))
        return 0;
    fprintf(stderr, "%s\n", err ? mdup_error_get_message(err) : "cannot write");
    mdup_error_clear(&err);
    return 1;
}
