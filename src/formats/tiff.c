#include "formats/tiff.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

#include "base/alloc.h"
#include "formats/mrc.h"
#include "formats/pixels.h"

/* TIFFOpenOptions came with libtiff 4.5.0. */
#if TIFFLIB_VERSION >= 20221213
#define HAS_OPEN_OPTIONS 1
#else
#define HAS_OPEN_OPTIONS 0
#include <pthread.h>
#endif

/* Schemes that tiff.h does not name everywhere: Thermo Fisher's electron events, and zstd before
 * libtiff 4.0.10. */
enum { SCHEME_EER_FIRST = 65000, SCHEME_EER_LAST = 65002, SCHEME_ZSTD = 50000 };

enum { MESSAGE_bytes = 200 };

/* A row of tiles, a tile, or one thing libtiff wants to allocate.  Real ones need a tenth of it. */
static const int64_t MEMORY_MAX_bytes = INT64_C(1) << 30;

struct mdup_tiff {
    TIFF *tiff;
    const char *name;
    mdup_byte_source source;
    int64_t offset_bytes;        /* libtiff's file position */
    bool hit_end;                /* libtiff wanted bytes behind the end of the file */
    mdup_error *io_error;        /* the system refused to read */
    char message[MESSAGE_bytes]; /* libtiff's first words on what is wrong */

    int32_t nx, ny;
    mdup_pixel_type type;
    int32_t next_row;
    uint8_t *band;                /* decoded rows of nx pixels: one, or those of a row of tiles */
    int32_t band_begin, band_end; /* the image rows it holds */
    uint8_t *tile;                /* NULL when in strips */
    int32_t tile_width, tile_height;
};

/* ---- what libtiff says ---- */

MDUP_PRINTF(2, 0)
static void keep_message(char message[MESSAGE_bytes], const char *format, va_list args)
{
    if (message[0])
        return;
    vsnprintf(message, MESSAGE_bytes, format, args);
    for (char *at = message; *at; at++) {
        if ((unsigned char)*at < ' ')
            *at = ' ';
    }
    for (size_t n = strlen(message); n > 0 && (message[n - 1] == '.' || message[n - 1] == ' '); n--)
        message[n - 1] = '\0';
}

#if HAS_OPEN_OPTIONS
/* Not zero: libtiff's global handlers, which print, are not to be called as well. */
MDUP_PRINTF(4, 0)
static int on_error(TIFF *tif, void *user, const char *module, const char *format, va_list args)
{
    (void)tif;
    (void)module;
    keep_message(((mdup_tiff *)user)->message, format, args);
    return 1;
}

static int on_warning(TIFF *tif, void *user, const char *module, const char *format, va_list args)
{
    (void)tif;
    (void)user;
    (void)module;
    (void)format;
    (void)args;
    return 1;
}
#else
/* The handle given here may belong to another user of libtiff in this process, so words are kept by
 * thread. */
static _Thread_local char thread_message[MESSAGE_bytes];
static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;

MDUP_PRINTF(3, 0)
static void on_error(thandle_t handle, const char *module, const char *format, va_list args)
{
    (void)handle;
    (void)module;
    keep_message(thread_message, format, args);
}

static void set_handlers(void)
{
    TIFFSetErrorHandler(NULL);
    TIFFSetWarningHandler(NULL);
    TIFFSetErrorHandlerExt(on_error);
    TIFFSetWarningHandlerExt(NULL);
}
#endif

/* Before each thing asked of libtiff, so that what is reported belongs to it. */
static void forget_troubles(mdup_tiff *tiff)
{
    tiff->hit_end = false;
    tiff->message[0] = '\0';
#if !HAS_OPEN_OPTIONS
    thread_message[0] = '\0';
#endif
}

static bool fail_eer(const mdup_tiff *tiff, mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: is an EER movie; give the motion-corrected micrograph made from it",
                     tiff->name);
}

static bool is_named_eer(const char *name)
{
    size_t length = strlen(name);
    return length >= 4 && strcmp(name + length - 4, ".eer") == 0;
}

/* What failed, in libtiff's words, unless it failed because the file ends or the disk does not
 * answer. */
static bool fail_tiff(mdup_tiff *tiff, const char *what, mdup_error **err)
{
#if !HAS_OPEN_OPTIONS
    memcpy(tiff->message, thread_message, MESSAGE_bytes);
#endif
    if (tiff->io_error)
        return mdup_error_move(err, &tiff->io_error);
    /* Cut or damaged ones too: libtiff's reasons do not help whom copying again does not help. */
    if (is_named_eer(tiff->name))
        return fail_eer(tiff, err);
    if (tiff->hit_end)
        return mdup_fail(err, MDUP_ERROR_TRUNCATED,
                         "%s: truncated: the TIFF data go on behind the end of the file, which has "
                         "%lld bytes; copy it "
                         "again, or wait if it is still being written",
                         tiff->name, (long long)tiff->source.length_bytes);
    bool has_reason = tiff->message[0] != '\0';
    return mdup_fail(err, MDUP_ERROR_PARSE, "%s: %s%s%s%s; copy it again", tiff->name, what,
                     has_reason ? " (libtiff: " : "", tiff->message, has_reason ? ")" : "");
}

/* ---- where libtiff reads ---- */

static tmsize_t client_read(thandle_t handle, void *out, tmsize_t n)
{
    mdup_tiff *tiff = handle;
    size_t got = 0;
    if (n <= 0 || tiff->io_error)
        return 0;
    if (!mdup_byte_source_read(&tiff->source, tiff->name, tiff->offset_bytes, out, (size_t)n, &got,
                               &tiff->io_error))
        return 0;
    tiff->hit_end = tiff->hit_end || got < (size_t)n;
    tiff->offset_bytes += (int64_t)got;
    return (tmsize_t)got;
}

static tmsize_t client_write(thandle_t handle, void *bytes, tmsize_t n)
{
    (void)handle;
    (void)bytes;
    (void)n;
    return 0;
}

static toff_t client_seek(thandle_t handle, toff_t offset, int whence)
{
    mdup_tiff *tiff = handle;
    int64_t base = 0;
    if (whence == SEEK_CUR)
        base = tiff->offset_bytes;
    else if (whence == SEEK_END)
        base = tiff->source.length_bytes;
    /* A position that does not exist is the end: reading there tells that the file is too short. */
    if (offset > (toff_t)(INT64_MAX - base))
        offset = (toff_t)(INT64_MAX - base);
    tiff->offset_bytes = base + (int64_t)offset;
    return (toff_t)tiff->offset_bytes;
}

static int client_close(thandle_t handle)
{
    (void)handle;
    return 0;
}

static toff_t client_size(thandle_t handle)
{
    return (toff_t)((mdup_tiff *)handle)->source.length_bytes;
}

/* 'm': no mapping (see byte_stream.h). */
static TIFF *open_handle(mdup_tiff *tiff)
{
#if HAS_OPEN_OPTIONS
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return NULL;
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, tiff);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, tiff);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)MEMORY_MAX_bytes);
    TIFF *handle = TIFFClientOpenExt(tiff->name, "rm", tiff, client_read, client_write, client_seek,
                                     client_close, client_size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return handle;
#else
    pthread_once(&handlers_once, set_handlers);
    return TIFFClientOpen(tiff->name, "rm", tiff, client_read, client_write, client_seek,
                          client_close, client_size, NULL, NULL);
#endif
}

/* ---- what the file says about itself ---- */

bool mdup_tiff_detect(const uint8_t *bytes, size_t n)
{
    return n >= 4 && (memcmp(bytes, "II*\0", 4) == 0 || memcmp(bytes, "MM\0*", 4) == 0 ||
                      memcmp(bytes, "II+\0", 4) == 0 || memcmp(bytes, "MM\0+", 4) == 0);
}

static unsigned tag_16(mdup_tiff *tiff, uint32_t tag, uint16_t without)
{
    uint16_t value = 0;
    return TIFFGetFieldDefaulted(tiff->tiff, tag, &value) ? value : without;
}

static bool check_compression(mdup_tiff *tiff, mdup_image_info *info, mdup_error **err)
{
    static const struct {
        unsigned scheme;
        const char *name;
    } schemes[] = {{COMPRESSION_NONE, "none"},
                   {COMPRESSION_LZW, "lzw"},
                   {COMPRESSION_ADOBE_DEFLATE, "deflate"},
                   {COMPRESSION_DEFLATE, "deflate"},
                   {COMPRESSION_PACKBITS, "packbits"},
                   {COMPRESSION_LZMA, "lzma"},
                   {SCHEME_ZSTD, "zstd"}};
    const unsigned scheme = tag_16(tiff, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    if (scheme >= SCHEME_EER_FIRST && scheme <= SCHEME_EER_LAST)
        return fail_eer(tiff, err);
    if (scheme == COMPRESSION_JPEG || scheme == COMPRESSION_OJPEG)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: is a TIFF file with JPEG compression, a picture to look at; give the "
                         "micrograph itself",
                         tiff->name);
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (schemes[i].scheme == scheme && TIFFIsCODECConfigured((uint16_t)scheme)) {
            memcpy(info->compression, schemes[i].name, strlen(schemes[i].name) + 1);
            return true;
        }
    }
    return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: TIFF compression %u is not read; write it without compression or as MRC",
                     tiff->name, scheme);
}

static bool check_colours(mdup_tiff *tiff, mdup_image_info *info, mdup_error **err)
{
    const unsigned photometric = tag_16(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    const unsigned samples = tag_16(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    const char *what = NULL;
    if (photometric == PHOTOMETRIC_RGB)
        what = "an RGB colour picture";
    else if (photometric == PHOTOMETRIC_PALETTE)
        what = "a picture with a colour palette";
    else if (photometric != PHOTOMETRIC_MINISBLACK && photometric != PHOTOMETRIC_MINISWHITE)
        what = "a picture in colours or a mask";
    else if (samples != 1)
        what = "a picture of several channels";
    if (what)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "%s: is %s; give a grey image of one channel",
                         tiff->name, what);
    if (photometric == PHOTOMETRIC_MINISWHITE)
        info->warning = "a TIFF that calls 0 white; read as it is stored";
    return true;
}

typedef struct {
    unsigned format, bits;
    mdup_pixel_type type;
    int mode; /* the MRC mode of that type, -1 for none */
} sample_entry;

static const sample_entry samples[] = {
    {SAMPLEFORMAT_INT, 8, MDUP_PIXEL_INT8, 0},
    {SAMPLEFORMAT_UINT, 8, MDUP_PIXEL_UINT8, 0},
    {SAMPLEFORMAT_INT, 16, MDUP_PIXEL_INT16, 1},
    {SAMPLEFORMAT_UINT, 16, MDUP_PIXEL_UINT16, 6},
    {SAMPLEFORMAT_INT, 32, MDUP_PIXEL_INT32, -1},
    {SAMPLEFORMAT_UINT, 32, MDUP_PIXEL_UINT32, -1},
    {SAMPLEFORMAT_IEEEFP, 16, MDUP_PIXEL_FLOAT16, 12},
    {SAMPLEFORMAT_IEEEFP, 32, MDUP_PIXEL_FLOAT32, 2},
    {SAMPLEFORMAT_IEEEFP, 64, MDUP_PIXEL_FLOAT64, -1},
};

static bool set_pixel_type(mdup_tiff *tiff, mdup_image_info *info, mdup_error **err)
{
    unsigned format = tag_16(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
    const unsigned bits = tag_16(tiff, TIFFTAG_BITSPERSAMPLE, 1);
    if (format == SAMPLEFORMAT_COMPLEXINT || format == SAMPLEFORMAT_COMPLEXIEEEFP)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: holds complex numbers, a transform; give the image itself",
                         tiff->name);
    if (format == SAMPLEFORMAT_VOID)
        format = SAMPLEFORMAT_UINT;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        if (samples[i].format == format && samples[i].bits == bits) {
            tiff->type = info->pixel_type = samples[i].type;
            info->mode = samples[i].mode;
            return true;
        }
    }
    return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: a TIFF with %u-bit %s pixels is not read; write it with 8, 16 or 32 bits",
                     tiff->name, bits, format == SAMPLEFORMAT_IEEEFP ? "float" : "integer");
}

static void set_orientation(mdup_tiff *tiff, mdup_image_info *info)
{
    const unsigned orientation = tag_16(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    info->top_down = orientation != ORIENTATION_BOTLEFT;
    if (orientation != ORIENTATION_TOPLEFT && orientation != ORIENTATION_BOTLEFT)
        info->warning =
            "a TIFF that says it is mirrored or rotated; read as it is stored, top first";
}

static bool set_size(mdup_tiff *tiff, mdup_image_info *info, mdup_error **err)
{
    uint32_t width = 0, height = 0;
    if (!TIFFGetField(tiff->tiff, TIFFTAG_IMAGEWIDTH, &width) ||
        !TIFFGetField(tiff->tiff, TIFFTAG_IMAGELENGTH, &height))
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: this TIFF does not say how large its image is; copy it again",
                         tiff->name);
    if (width == 0 || height == 0 || width > MDUP_IMAGE_MAX_SIDE_px ||
        height > MDUP_IMAGE_MAX_SIDE_px || (int64_t)width * height > MDUP_IMAGE_MAX_AREA_px)
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: the TIFF header says %u x %u px, which is no micrograph; the file is "
                         "damaged, copy it "
                         "again",
                         tiff->name, width, height);
    tiff->nx = info->nx = (int32_t)width;
    tiff->ny = info->ny = (int32_t)height;
    return true;
}

/* Without compression the pixels must all be there; with it, reading will tell. */
static bool check_length(mdup_tiff *tiff, const mdup_image_info *info, mdup_error **err)
{
    const int64_t needed = (int64_t)mdup_pixels_bytes(tiff->type, (size_t)tiff->nx) * tiff->ny;
    if (strcmp(info->compression, "none") != 0 || needed <= tiff->source.length_bytes)
        return true;
    return mdup_fail(err, MDUP_ERROR_TRUNCATED,
                     "%s: truncated: the header promises %lld bytes of pixels, the file has %lld; "
                     "copy it again, or "
                     "wait if it is still being written",
                     tiff->name, (long long)needed, (long long)tiff->source.length_bytes);
}

/* ---- memory for reading: a line at a time from strips, a row of tiles at a time from tiles ----
 */

static bool prepare_strips(mdup_tiff *tiff, mdup_error **err)
{
    const size_t row_bytes = mdup_pixels_bytes(tiff->type, (size_t)tiff->nx);
    if (TIFFScanlineSize64(tiff->tiff) != row_bytes)
        return fail_tiff(tiff, "the rows of this TIFF do not have the length they should", err);
    tiff->band = mdup_alloc_aligned(row_bytes, 1, err);
    return tiff->band != NULL;
}

static bool prepare_tiles(mdup_tiff *tiff, mdup_error **err)
{
    uint32_t width = 0, height = 0;
    TIFFGetField(tiff->tiff, TIFFTAG_TILEWIDTH, &width);
    TIFFGetField(tiff->tiff, TIFFTAG_TILELENGTH, &height);
    if (width == 0 || height == 0 || width > MDUP_IMAGE_MAX_SIDE_px ||
        height > MDUP_IMAGE_MAX_SIDE_px)
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: this TIFF has tiles of %u x %u px, which cannot be; the file is "
                         "damaged, copy it again",
                         tiff->name, width, height);
    const int64_t pixel_bytes = (int64_t)mdup_pixels_bytes(tiff->type, 1);
    const int64_t tile_bytes = pixel_bytes * width * height;
    const int64_t rows = (int64_t)height < tiff->ny ? (int64_t)height : tiff->ny;
    const int64_t band_bytes = pixel_bytes * tiff->nx * rows;
    if (tile_bytes > MEMORY_MAX_bytes || band_bytes > MEMORY_MAX_bytes)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: a row of its tiles (%u x %u px) needs more than 1 GB at once; write "
                         "it with smaller tiles "
                         "or as MRC",
                         tiff->name, width, height);
    if (TIFFTileSize64(tiff->tiff) != (uint64_t)tile_bytes)
        return fail_tiff(tiff, "the tiles of this TIFF do not have the size they should", err);
    tiff->tile_width = (int32_t)width;
    tiff->tile_height = (int32_t)height;
    tiff->tile = mdup_alloc_aligned((size_t)tile_bytes, 1, err);
    tiff->band = tiff->tile ? mdup_alloc_aligned((size_t)band_bytes, 1, err) : NULL;
    return tiff->band != NULL;
}

/* ---- opening ---- */

static bool select_image(mdup_tiff *tiff, int32_t slice, mdup_image_info *info, mdup_error **err)
{
    const int64_t count = (int64_t)TIFFNumberOfDirectories(tiff->tiff);
    info->nz = count > MDUP_IMAGE_MAX_COUNT ? MDUP_IMAGE_MAX_COUNT : (int32_t)count;
    if (info->nz < 1) /* libtiff loses count where the file ends; one directory it has read */
        info->nz = 1;
    if (slice <= 1)
        return true;
    if (slice > info->nz)
        return mdup_fail(err, MDUP_ERROR_INVALID, "%s: holds %d images, there is no image %d",
                         tiff->name, info->nz, slice);
    forget_troubles(tiff);
    if (!TIFFSetDirectory(tiff->tiff, (tdir_t)(slice - 1)))
        return fail_tiff(tiff, "this image of the TIFF cannot be read", err);
    return true;
}

static bool prepare(mdup_tiff *tiff, int32_t slice, mdup_image_info *info, mdup_error **err)
{
    forget_troubles(tiff);
    tiff->tiff = open_handle(tiff);
    if (!tiff->tiff)
        return fail_tiff(tiff, "cannot be read as TIFF", err);
    memcpy(info->format, "tiff", 5);
    info->big_endian = TIFFIsBigEndian(tiff->tiff) != 0;
    if (!select_image(tiff, slice, info, err) || !check_compression(tiff, info, err) ||
        !check_colours(tiff, info, err) || !set_pixel_type(tiff, info, err) ||
        !set_size(tiff, info, err) || !check_length(tiff, info, err))
        return false;
    set_orientation(tiff, info);
    return TIFFIsTiled(tiff->tiff) ? prepare_tiles(tiff, err) : prepare_strips(tiff, err);
}

mdup_tiff *mdup_tiff_open(const mdup_byte_source *source, const char *name, int32_t slice,
                          mdup_image_info *info, mdup_error **err)
{
    mdup_tiff *tiff = mdup_calloc(1, sizeof *tiff, err);
    if (!tiff)
        return NULL;
    tiff->source = *source;
    tiff->name = name;
    mdup_image_info found = {0};
    if (!prepare(tiff, slice, &found, err)) {
        mdup_tiff_close(tiff);
        return NULL;
    }
    *info = found;
    return tiff;
}

void mdup_tiff_close(mdup_tiff *tiff)
{
    if (!tiff)
        return;
    if (tiff->tiff)
        TIFFClose(tiff->tiff);
    mdup_error_clear(&tiff->io_error);
    free(tiff->tile);
    free(tiff->band);
    free(tiff);
}

/* ---- reading ---- */

static bool fail_row(mdup_tiff *tiff, mdup_error **err)
{
    char what[64];
    snprintf(what, sizeof what, "row %d of %d cannot be decoded", tiff->next_row + 1, tiff->ny);
    return fail_tiff(tiff, what, err);
}

static bool load_line(mdup_tiff *tiff, mdup_error **err)
{
    if (TIFFReadScanline(tiff->tiff, tiff->band, (uint32_t)tiff->next_row, 0) != 1)
        return fail_row(tiff, err);
    tiff->band_begin = tiff->next_row;
    tiff->band_end = tiff->next_row + 1;
    return true;
}

/* The part of the tile at column x that lies in the image, to its place in the band of `rows` rows.
 */
static void place_tile(mdup_tiff *tiff, int32_t x, int32_t rows)
{
    const size_t pixel_bytes = mdup_pixels_bytes(tiff->type, 1);
    const int32_t columns = tiff->nx - x < tiff->tile_width ? tiff->nx - x : tiff->tile_width;
    const size_t tile_row_bytes = pixel_bytes * (size_t)tiff->tile_width;
    const size_t band_row_bytes = pixel_bytes * (size_t)tiff->nx;
    for (size_t y = 0; y < (size_t)rows; y++)
        memcpy(tiff->band + y * band_row_bytes + pixel_bytes * (size_t)x,
               tiff->tile + y * tile_row_bytes, pixel_bytes * (size_t)columns);
}

static bool load_tiles(mdup_tiff *tiff, mdup_error **err)
{
    const int32_t y = tiff->next_row;
    const int32_t rows = tiff->ny - y < tiff->tile_height ? tiff->ny - y : tiff->tile_height;
    const tmsize_t tile_bytes = TIFFTileSize(tiff->tiff);
    for (int32_t x = 0; x < tiff->nx; x += tiff->tile_width) {
        uint32_t index = TIFFComputeTile(tiff->tiff, (uint32_t)x, (uint32_t)y, 0, 0);
        if (TIFFReadEncodedTile(tiff->tiff, index, tiff->tile, tile_bytes) != tile_bytes)
            return fail_row(tiff, err);
        place_tile(tiff, x, rows);
    }
    tiff->band_begin = y;
    tiff->band_end = y + rows;
    return true;
}

bool mdup_tiff_read_rows(mdup_tiff *tiff, int32_t n_rows, float *out, mdup_error **err)
{
    const size_t nx = (size_t)tiff->nx, row_bytes = mdup_pixels_bytes(tiff->type, nx);
    for (size_t row = 0; row < (size_t)n_rows; row++) {
        forget_troubles(tiff);
        if (tiff->next_row >= tiff->band_end &&
            !(tiff->tile ? load_tiles(tiff, err) : load_line(tiff, err)))
            return false;
        const uint8_t *from = tiff->band + (size_t)(tiff->next_row - tiff->band_begin) * row_bytes;
        /* libtiff has put the bytes into this machine's order. */
        mdup_pixels_to_float(tiff->type, mdup_host_is_big_endian(), from, nx, out + row * nx);
        tiff->next_row++;
    }
    return true;
}
