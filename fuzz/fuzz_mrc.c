/* Any bytes as a micrograph: MRC, plain and compressed, and TIFF, through the one interface there
 * is.  With each reading of mode 0, and as a file of one image and as a stack. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/image_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Larger images are opened and not read: a few compressed bytes make many pixels, and slow inputs
 * say nothing new. */
enum { MAX_PIXELS = 1 << 20 };

static float pixels[MAX_PIXELS], again[MAX_PIXELS];

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void check_error(mdup_error **err)
{
    const char *message = mdup_error_get_message(*err);
    require(strncmp(message, "fuzz: ", 6) == 0 || mdup_error_get_code(*err) == MDUP_ERROR_NOMEM);
    require(strlen(message) < 400);
    for (const char *at = message; *at; at++)
        require((unsigned char)*at >= ' ');
    mdup_error_clear(err);
}

static void check_info(const mdup_image_info *info, int32_t slice)
{
    const bool is_mrc = strcmp(info->format, "mrc") == 0;
    require(is_mrc || strcmp(info->format, "tiff") == 0);
    require(memchr(info->compression, '\0', sizeof info->compression) && info->compression[0]);
    require(info->nx > 0 && info->ny > 0 && info->nz > 0);
    require(slice <= info->nz && (slice > 0 || info->nz == 1));
    require(info->ext_bytes >= 0 && memchr(info->ext_type, '\0', sizeof info->ext_type));
    require(isfinite(info->pixel_A) && info->pixel_A >= 0.0);
    require(!(is_mrc && info->top_down));
}

/* What no pixel of a type can be. */
static void check_range(const mdup_image_info *info, size_t n)
{
    static const struct {
        mdup_pixel_type type;
        float low, high;
    } ranges[] = {{MDUP_PIXEL_INT8, -128, 127},
                  {MDUP_PIXEL_UINT8, 0, 255},
                  {MDUP_PIXEL_INT16, -32768, 32767},
                  {MDUP_PIXEL_UINT16, 0, 65535},
                  {MDUP_PIXEL_UINT4, 0, 15}};
    for (size_t kind = 0; kind < sizeof ranges / sizeof *ranges; kind++)
        for (size_t i = 0; i < n && ranges[kind].type == info->pixel_type; i++)
            require(pixels[i] >= ranges[kind].low && pixels[i] <= ranges[kind].high);
}

/* All rows, `rows_at_once` at a time.  What was promised and compared with the length must be
 * there; only compressed data may still disappoint. */
static bool read_all(mdup_image_file *file, int32_t rows_at_once, float *out)
{
    const mdup_image_info *info = mdup_image_get_info(file);
    mdup_error *err = NULL;
    for (int32_t y = 0; y < info->ny; y += rows_at_once) {
        int32_t rows = info->ny - y < rows_at_once ? info->ny - y : rows_at_once;
        if (!mdup_image_read_rows(file, rows, out + (size_t)y * (size_t)info->nx, &err)) {
            require(strcmp(info->format, "mrc") != 0 || strcmp(info->compression, "none") != 0);
            check_error(&err);
            return false;
        }
    }
    require(!mdup_image_read_rows(file, 1, out, &err));
    require(mdup_error_get_code(err) == MDUP_ERROR_INVALID);
    check_error(&err);
    return true;
}

/* True when it was opened and its bytes may be signed or not. */
static bool check_one(const uint8_t *data, size_t size, int32_t slice, mdup_mode0 mode0)
{
    mdup_error *err = NULL;
    mdup_image_file *file = mdup_image_open_memory(data, size, "fuzz", slice, mode0, &err);
    require(!file == !!err);
    if (!file) {
        check_error(&err);
        return false;
    }
    const mdup_image_info *info = mdup_image_get_info(file);
    const bool is_bytes = info->mode == 0;
    check_info(info, slice);
    const int64_t n = (int64_t)info->nx * info->ny;
    if (n <= MAX_PIXELS && read_all(file, info->ny, pixels)) {
        check_range(info, (size_t)n);
        mdup_image_file *other = mdup_image_open_memory(data, size, "fuzz", slice, mode0, NULL);
        require(other && read_all(other, 1 + (int32_t)(size % 7), again));
        require(memcmp(pixels, again, (size_t)n * sizeof *pixels) == 0);
        mdup_image_close(other);
    }
    mdup_image_close(file);
    return is_bytes;
}

static void check_name(const uint8_t *data, size_t size)
{
    char name[64], *path = NULL;
    int32_t slice = -1;
    mdup_error *err = NULL;
    const size_t length = size < sizeof name - 1 ? size : sizeof name - 1;
    memcpy(name, data, length);
    name[length] = '\0';
    if (!mdup_image_split_name(name, &path, &slice, &err)) {
        mdup_error_clear(&err);
        return;
    }
    require(slice >= 0 && path[0] && strstr(name, path));
    free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int32_t slice = 0; slice <= 2; slice++) {
        if (!check_one(data, size, slice, MDUP_MODE0_AUTO))
            continue;
        check_one(data, size, slice, MDUP_MODE0_SIGNED);
        check_one(data, size, slice, MDUP_MODE0_UNSIGNED);
    }
    if (size > 0)
        check_name(data, size);
    return 0;
}
