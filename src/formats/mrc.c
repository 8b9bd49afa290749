#include "formats/mrc.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "formats/pixels.h"

/* Where the fields stand (MRC2014; IMOD's own two in what the standard calls extra). */
enum {
    AT_NX = 0,
    AT_NY = 4,
    AT_NZ = 8,
    AT_MODE = 12,
    AT_MX = 28,
    AT_CELL_A = 40,
    AT_CELL_ANGLES = 52,
    AT_AXES = 64,
    AT_MIN = 76,
    AT_MAX = 80,
    AT_MEAN = 84,
    AT_SPACE_GROUP = 88,
    AT_EXTENDED_bytes = 92,
    AT_EXTENDED_TYPE = 104,
    AT_VERSION = 108,
    AT_IMOD_STAMP = 152,
    AT_IMOD_FLAGS = 156,
    AT_MAP = 208,
    AT_MACHINE_STAMP = 212,
    AT_RMS = 216,
    AT_N_LABELS = 220,
    AT_LABELS = 224
};

enum { IMOD_STAMP = 1146047817, IMOD_FLAG_SIGNED = 1, MAX_LABELS = 10 };

/* Beyond these a pixel size is a field nobody filled in, or filled in with another unit. */
static const double PIXEL_MIN_A = 0.01, PIXEL_MAX_A = 10000.0;

typedef struct {
    int mode;
    mdup_pixel_type type;
    const char *refused; /* what to say of such a file; NULL when it is read */
} mode_entry;

#define CONVERT " is not read; convert it to mode 2, for example with IMOD: newstack -mode 2 IN OUT"

static const char complex_numbers[] =
    "holds complex numbers, a transform, not an image; give the micrograph itself";

static const mode_entry modes[] = {
    {0, MDUP_PIXEL_INT8, NULL},
    {1, MDUP_PIXEL_INT16, NULL},
    {2, MDUP_PIXEL_FLOAT32, NULL},
    {3, MDUP_PIXEL_INT16, complex_numbers},
    {4, MDUP_PIXEL_FLOAT32, complex_numbers},
    {5, MDUP_PIXEL_UINT8, "MRC mode 5 (bytes in a form that no standard defines)" CONVERT},
    {6, MDUP_PIXEL_UINT16, NULL},
    {7, MDUP_PIXEL_INT32,
     "MRC mode 7 (32-bit integers in a form that no standard defines)" CONVERT},
    {12, MDUP_PIXEL_FLOAT16, NULL},
    {16, MDUP_PIXEL_UINT8, "MRC mode 16 (RGB colours)" CONVERT},
    {101, MDUP_PIXEL_UINT4, NULL},
};

static uint32_t field(const uint8_t *bytes, size_t at, bool big_endian)
{
    const uint8_t *b = bytes + at;
    if (big_endian)
        return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

static int32_t int_field(const uint8_t *bytes, size_t at, bool big_endian)
{
    return (int32_t)field(bytes, at, big_endian);
}

static double float_field(const uint8_t *bytes, size_t at, bool big_endian)
{
    uint32_t bits = field(bytes, at, big_endian);
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static const mode_entry *find_mode(int32_t mode)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (modes[i].mode == mode)
            return &modes[i];
    }
    return NULL;
}

/* ---- which byte order, and whether it is an MRC file at all ---- */

static bool size_is_sane(int32_t nx, int32_t ny)
{
    return nx > 0 && ny > 0 && nx <= MDUP_IMAGE_MAX_SIDE_px && ny <= MDUP_IMAGE_MAX_SIDE_px &&
           (int64_t)nx * ny <= MDUP_IMAGE_MAX_AREA_px;
}

static bool order_is_sane(const uint8_t *bytes, bool big_endian)
{
    int32_t nz = int_field(bytes, AT_NZ, big_endian);
    return size_is_sane(int_field(bytes, AT_NX, big_endian), int_field(bytes, AT_NY, big_endian)) &&
           nz > 0 && nz <= MDUP_IMAGE_MAX_COUNT && find_mode(int_field(bytes, AT_MODE, big_endian));
}

static bool has_map(const uint8_t *bytes)
{
    /* The fourth byte is a blank by the standard, NUL from MotionCor2, other things from others. */
    return memcmp(bytes + AT_MAP, "MAP", 3) == 0;
}

/* Before 2000 there was no mark: besides the sizes, the axes and the number of labels must be
 * possible, or a file of small numbers of any kind would pass. */
static bool old_header_is_sane(const uint8_t *bytes, bool big_endian)
{
    if (!order_is_sane(bytes, big_endian) || field(bytes, AT_N_LABELS, big_endian) > MAX_LABELS)
        return false;
    for (size_t axis = 0; axis < 3; axis++) {
        if (field(bytes, AT_AXES + 4 * axis, big_endian) > 3)
            return false;
    }
    return true;
}

bool mdup_mrc_detect(const uint8_t *bytes, size_t n)
{
    const size_t needed_for_sizes = AT_MODE + 4;
    if (n < MDUP_MRC_HEADER_bytes)
        return n >= needed_for_sizes && (order_is_sane(bytes, false) || order_is_sane(bytes, true));
    return has_map(bytes) || old_header_is_sane(bytes, false) || old_header_is_sane(bytes, true);
}

static bool image_is_smaller(const uint8_t *bytes, bool big_endian)
{
    int64_t this_area =
        (int64_t)int_field(bytes, AT_NX, big_endian) * int_field(bytes, AT_NY, big_endian);
    int64_t other_area =
        (int64_t)int_field(bytes, AT_NX, !big_endian) * int_field(bytes, AT_NY, !big_endian);
    return this_area < other_area;
}

/* Stamps seen: 44 44 and 44 41 (little), 11 11 (big).  The first byte is the order of floating
 * point numbers. */
static bool find_byte_order(const uint8_t *bytes, const char **warning)
{
    const bool stamped_little = bytes[AT_MACHINE_STAMP] == 0x44,
               stamped_big = bytes[AT_MACHINE_STAMP] == 0x11;
    const bool sane_little = order_is_sane(bytes, false), sane_big = order_is_sane(bytes, true);
    bool big_endian = stamped_big;
    if (sane_little != sane_big)
        big_endian = sane_big;
    else if (sane_little && !stamped_little && !stamped_big)
        big_endian = image_is_smaller(bytes, true);
    if (!has_map(bytes))
        *warning =
            "an MRC header from before 2000, without the word MAP; byte order found from the sizes";
    else if (!stamped_little && !stamped_big)
        *warning = "no valid machine stamp in the MRC header; byte order found from the sizes";
    else if (big_endian != stamped_big)
        *warning = "the machine stamp in the MRC header is wrong; byte order found from the sizes";
    return big_endian;
}

/* ---- the header ---- */

static bool check_sizes(const mdup_image_info *info, int32_t ext_bytes, const char *name,
                        mdup_error **err)
{
    const char *what_to_do = "the file is damaged, copy it again";
    if (!size_is_sane(info->nx, info->ny))
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: the MRC header says %d x %d px, which is no micrograph; %s", name,
                         info->nx, info->ny, what_to_do);
    if (info->nz <= 0 || info->nz > MDUP_IMAGE_MAX_COUNT)
        return mdup_fail(err, MDUP_ERROR_PARSE, "%s: the MRC header says %d images; %s", name,
                         info->nz, what_to_do);
    if (ext_bytes < 0)
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: the MRC header says %d bytes of extended header; %s", name, ext_bytes,
                         what_to_do);
    return true;
}

static mdup_pixel_type mode0_type(const uint8_t *bytes, bool big_endian, mdup_mode0 mode0)
{
    const bool imod = field(bytes, AT_IMOD_STAMP, big_endian) == IMOD_STAMP;
    const bool imod_signed = field(bytes, AT_IMOD_FLAGS, big_endian) & IMOD_FLAG_SIGNED;
    if (mode0 == MDUP_MODE0_UNSIGNED || (mode0 == MDUP_MODE0_AUTO && imod && !imod_signed))
        return MDUP_PIXEL_UINT8;
    return MDUP_PIXEL_INT8;
}

static bool set_mode(const uint8_t *bytes, mdup_mode0 mode0, const char *name,
                     mdup_image_info *info, mdup_error **err)
{
    info->mode = int_field(bytes, AT_MODE, info->big_endian);
    const mode_entry *entry = find_mode(info->mode);
    if (!entry)
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: the MRC header says mode %d, which does not exist; the file is "
                         "damaged, copy it again",
                         name, info->mode);
    if (entry->refused)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "%s: %s", name, entry->refused);
    info->pixel_type = info->mode == 0 ? mode0_type(bytes, info->big_endian, mode0) : entry->type;
    return true;
}

static void set_extended_type(const uint8_t *bytes, mdup_image_info *info)
{
    memcpy(info->ext_type, bytes + AT_EXTENDED_TYPE, 4);
    for (size_t i = 0; i < 4; i++) {
        char c = info->ext_type[i];
        bool is_word = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_word)
            memset(info->ext_type, 0, sizeof info->ext_type);
    }
}

static double pixel_size_A(const uint8_t *bytes, bool big_endian)
{
    int32_t mx = int_field(bytes, AT_MX, big_endian);
    double pixel_A = mx > 0 ? float_field(bytes, AT_CELL_A, big_endian) / mx : 0.0;
    return pixel_A >= PIXEL_MIN_A && pixel_A <= PIXEL_MAX_A ? pixel_A : 0.0;
}

bool mdup_mrc_parse_header(const uint8_t *bytes, const char *name, mdup_mode0 mode0,
                           mdup_mrc_header *out, mdup_error **err)
{
    mdup_mrc_header header = {.info = {.format = "mrc"}};
    mdup_image_info *info = &header.info;
    const bool big_endian = find_byte_order(bytes, &info->warning);
    info->big_endian = big_endian;
    info->nx = int_field(bytes, AT_NX, big_endian);
    info->ny = int_field(bytes, AT_NY, big_endian);
    info->nz = int_field(bytes, AT_NZ, big_endian);
    info->ext_bytes = int_field(bytes, AT_EXTENDED_bytes, big_endian);
    if (!set_mode(bytes, mode0, name, info, err) ||
        !check_sizes(info, (int32_t)info->ext_bytes, name, err))
        return false;
    set_extended_type(bytes, info);
    info->pixel_A = pixel_size_A(bytes, big_endian);
    header.row_bytes = (int64_t)mdup_pixels_bytes(info->pixel_type, (size_t)info->nx);
    header.image_bytes = header.row_bytes * info->ny;
    header.data_at_bytes = MDUP_MRC_HEADER_bytes + info->ext_bytes;
    header.total_bytes = header.data_at_bytes + header.image_bytes * info->nz;
    *out = header;
    return true;
}

/* ---- pixels ---- */

/* n pixels that lie without a gap in the stream, through its window, whatever its size. */
static bool read_run(const mdup_mrc_header *header, mdup_byte_stream *stream, size_t n, float *out,
                     mdup_error **err)
{
    const mdup_pixel_type type = header->info.pixel_type;
    while (n > 0) {
        const uint8_t *bytes;
        size_t available;
        if (!mdup_byte_stream_peek(stream, sizeof(double), &bytes, &available, err))
            return false;
        size_t pixels =
            type == MDUP_PIXEL_UINT4 ? available * 2 : available / mdup_pixels_bytes(type, 1);
        if (pixels == 0)
            return mdup_byte_stream_fail_short(stream, err);
        pixels = pixels < n ? pixels : n;
        mdup_pixels_to_float(type, header->info.big_endian, bytes, pixels, out);
        mdup_byte_stream_consume(stream, mdup_pixels_bytes(type, pixels));
        out += pixels;
        n -= pixels;
    }
    return true;
}

bool mdup_mrc_read_rows(const mdup_mrc_header *header, mdup_byte_stream *stream, int32_t n_rows,
                        float *out, mdup_error **err)
{
    const mdup_image_info *info = &header->info;
    const size_t nx = (size_t)info->nx, n = (size_t)n_rows;
    if (info->pixel_type == MDUP_PIXEL_FLOAT32 && info->big_endian == mdup_host_is_big_endian())
        return mdup_byte_stream_read(stream, out, n * nx * sizeof *out, err);
    if (info->pixel_type != MDUP_PIXEL_UINT4)
        return read_run(header, stream, n * nx, out, err);
    for (size_t row = 0; row < n; row++) {
        if (!read_run(header, stream, nx, out + row * nx, err))
            return false;
    }
    return true;
}

/* ---- writing ---- */

typedef struct {
    double min, max, mean, rms;
} pixel_statistics;

static void put_32(uint8_t *bytes, size_t at, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        bytes[at + i] = (uint8_t)(value >> (8 * i) & 0xff);
}

static void put_float(uint8_t *bytes, size_t at, double value)
{
    mdup_pixels_from_float(MDUP_PIXEL_FLOAT32, &(float){(float)value}, 1, bytes + at);
}

static int writable_mode(mdup_pixel_type type)
{
    switch (type) {
    case MDUP_PIXEL_UINT8:
        return 0;
    case MDUP_PIXEL_INT16:
        return 1;
    case MDUP_PIXEL_FLOAT32:
        return 2;
    case MDUP_PIXEL_UINT16:
        return 6;
    case MDUP_PIXEL_FLOAT16:
        return 12;
    default:
        return -1;
    }
}

typedef struct {
    double n, sum, squares, low, high;
} moments;

/* Sums of (value - about) and of its square over the finite pixels as they are stored, that is
 * after rounding and clipping. `row` is scratch of nx floats. */
static moments moments_about(double about, const uint8_t *data, size_t nx, size_t ny,
                             mdup_pixel_type type, float *row)
{
    moments m = {.low = DBL_MAX, .high = -DBL_MAX};
    const size_t row_bytes = mdup_pixels_bytes(type, nx);
    for (size_t y = 0; y < ny; y++) {
        mdup_pixels_to_float(type, false, data + y * row_bytes, nx, row);
        for (size_t x = 0; x < nx; x++) {
            const double value = (double)row[x];
            if (!isfinite(value))
                continue;
            m.n += 1.0;
            m.sum += value - about;
            m.squares += (value - about) * (value - about);
            m.low = fmin(m.low, value);
            m.high = fmax(m.high, value);
        }
    }
    return m;
}

/* Twice over the pixels: squares about the mean keep their digits when the mean is large.  With no
 * finite pixel what MRC2014 prescribes for "not determined": max below min, mean below both, rms
 * negative. */
static pixel_statistics measure(const uint8_t *data, size_t nx, size_t ny, mdup_pixel_type type,
                                float *row)
{
    const moments about_zero = moments_about(0.0, data, nx, ny, type, row);
    if (about_zero.n < 1.0)
        return (pixel_statistics){0.0, -1.0, -2.0, -1.0};
    const double mean = about_zero.sum / about_zero.n;
    const moments about_mean = moments_about(mean, data, nx, ny, type, row);
    return (pixel_statistics){about_zero.low, about_zero.high, mean,
                              sqrt(about_mean.squares / about_mean.n)};
}

static void fill_header(uint8_t *bytes, int32_t nx, int32_t ny, double pixel_A,
                        mdup_pixel_type type, const pixel_statistics *statistics)
{
    const int32_t size[3] = {nx, ny, 1};
    for (size_t i = 0; i < 3; i++) {
        put_32(bytes, AT_NX + 4 * i, (uint32_t)size[i]);
        put_32(bytes, AT_MX + 4 * i, (uint32_t)size[i]);
        put_float(bytes, AT_CELL_A + 4 * i, size[i] * pixel_A);
        put_float(bytes, AT_CELL_ANGLES + 4 * i, 90.0);
        put_32(bytes, AT_AXES + 4 * i, (uint32_t)i + 1);
    }
    put_32(bytes, AT_MODE, (uint32_t)writable_mode(type));
    put_float(bytes, AT_MIN, statistics->min);
    put_float(bytes, AT_MAX, statistics->max);
    put_float(bytes, AT_MEAN, statistics->mean);
    put_float(bytes, AT_RMS, statistics->rms);
    put_32(bytes, AT_SPACE_GROUP, 0); /* an image, not a volume */
    put_32(bytes, AT_VERSION, 20140);
    if (type == MDUP_PIXEL_UINT8)
        put_32(bytes, AT_IMOD_STAMP, IMOD_STAMP); /* with the flags left 0: bytes are unsigned */
    memcpy(bytes + AT_MAP, "MAP ", 4);
    memcpy(bytes + AT_MACHINE_STAMP, "\x44\x44\0\0", 4);
    put_32(bytes, AT_N_LABELS, 1);
    memset(bytes + AT_LABELS, ' ', 80);
    memcpy(bytes + AT_LABELS, "microdup", 8);
}

static bool check_writable(const char *path, int32_t nx, int32_t ny, double pixel_A,
                           mdup_pixel_type type, mdup_error **err)
{
    if (!size_is_sane(nx, ny))
        return mdup_fail(err, MDUP_ERROR_INVALID, "%s: an image of %d x %d px cannot be written",
                         path, nx, ny);
    if (writable_mode(type) < 0)
        return mdup_fail(
            err, MDUP_ERROR_INVALID,
            "%s: MRC is written as float32, float16, int16, uint16 or uint8, not as %s", path,
            mdup_pixels_type_name(type));
    if (!isfinite(pixel_A) || pixel_A < 0.0)
        return mdup_fail(err, MDUP_ERROR_INVALID, "%s: a pixel size must be 0 (unknown) or more",
                         path);
    return true;
}

bool mdup_mrc_write(const char *path, const float *pixels, int32_t nx, int32_t ny, double pixel_A,
                    mdup_pixel_type type, mdup_error **err)
{
    if (!check_writable(path, nx, ny, pixel_A, type, err))
        return false;
    const size_t n = (size_t)nx * (size_t)ny;
    const size_t length = MDUP_MRC_HEADER_bytes + mdup_pixels_bytes(type, n);
    uint8_t *bytes = mdup_alloc_aligned(length, 1, err);
    float *row = bytes ? mdup_alloc_aligned((size_t)nx, sizeof *row, err) : NULL;
    bool ok = row != NULL;
    if (ok) {
        uint8_t *data = bytes + MDUP_MRC_HEADER_bytes;
        mdup_pixels_from_float(type, pixels, n, data);
        pixel_statistics statistics = measure(data, (size_t)nx, (size_t)ny, type, row);
        memset(bytes, 0, MDUP_MRC_HEADER_bytes);
        fill_header(bytes, nx, ny, pixel_A, type, &statistics);
        ok = mdup_file_replace(path, bytes, length, err);
    }
    free(row);
    free(bytes);
    return ok;
}
