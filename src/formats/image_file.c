#include "formats/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/number.h"
#include "formats/byte_stream.h"
#include "formats/mrc.h"
#include "formats/star_words.h"
#include "formats/tiff.h"

enum {
    TRAILING_MAX_bytes = 65536, /* padding behind the image; more is worth a word */
    GZIP_MAX_RATIO = 1032       /* deflate cannot expand further: 258 bytes from 2 bits */
};

struct mdup_image_file {
    char *name;
    int fd; /* -1: memory */
    mdup_byte_source source;
    mdup_image_info info;
    int32_t rows_left;
    bool is_last_image;       /* nothing but the end should follow its rows */
    mdup_tiff *tiff;          /* NULL for MRC */
    mdup_byte_stream *stream; /* NULL for TIFF */
    mdup_codec codec;
    mdup_mrc_header mrc;
};

/* ---- files that are something else ---- */

static bool begins_with(const uint8_t *bytes, size_t n, const char *magic, size_t length)
{
    return n >= length && memcmp(bytes, magic, length) == 0;
}

static bool is_all_zero(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

/* `first`: the first n bytes of a file that is neither TIFF nor MRC. */
static bool fail_foreign(const char *name, const uint8_t *first, size_t n, mdup_error **err)
{
    static const struct {
        const char *magic;
        size_t length;
        const char *message;
    } kinds[] = {
        {"\xff\xd8\xff", 3, "is a JPEG picture; give the MRC file it was made from"},
        {"\x89PNG", 4, "is a PNG picture; give the MRC file it was made from"},
        {"\x89HDF", 4,
         "is an HDF5 file; convert it to MRC, for example with EMAN2: e2proc2d.py IN.hdf OUT.mrc"},
        {"\xfd"
         "7zXZ",
         5, "is compressed with xz; uncompress it first, or use gzip or bzip2"},
        {"\x28\xb5\x2f\xfd", 4,
         "is compressed with zstd; uncompress it first, or use gzip or bzip2"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (begins_with(first, n, kinds[i].magic, kinds[i].length))
            return mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "%s: %s", name, kinds[i].message);
    }
    if (mdup_star_detect((const char *)first, n))
        return mdup_fail(
            err, MDUP_ERROR_UNSUPPORTED,
            "%s: is a STAR file, not an image; name it where a list of micrographs is asked for",
            name);
    if (is_all_zero(first, n))
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: begins with zeros where a header should be; it was not written "
                         "completely, copy it again",
                         name);
    return mdup_fail(err, MDUP_ERROR_PARSE,
                     "%s: is not an MRC or TIFF file; convert it to MRC, or leave it out", name);
}

/* ---- opening ---- */

static bool check_slice(const mdup_image_file *file, int32_t slice, mdup_error **err)
{
    if (slice > file->info.nz)
        return mdup_fail(err, MDUP_ERROR_INVALID, "%s: holds %d images, there is no image %d",
                         file->name, file->info.nz, slice);
    if (slice == 0 && file->info.nz > 1)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: holds %d images, not one; for a movie give its motion-corrected sum, "
                         "for one image of a "
                         "stack write 000001@%s",
                         file->name, file->info.nz, file->name);
    return true;
}

/* Compares what the header promises with what there is, before anything is allocated for it. */
static bool check_length(mdup_image_file *file, mdup_error **err)
{
    const int64_t promised = file->mrc.total_bytes, has = file->source.length_bytes;
    const char *what_to_do = "copy it again, or wait if it is still being written";
    if (file->codec == MDUP_CODEC_NONE && promised > has)
        return mdup_fail(err, MDUP_ERROR_TRUNCATED,
                         "%s: truncated: the header promises %lld bytes, the file has %lld; %s",
                         file->name, (long long)promised, (long long)has, what_to_do);
    if (file->codec == MDUP_CODEC_GZIP && promised / GZIP_MAX_RATIO > has)
        return mdup_fail(err, MDUP_ERROR_TRUNCATED,
                         "%s: truncated: the header promises %lld bytes, more than %lld bytes of "
                         "gzip can hold; %s",
                         file->name, (long long)promised, (long long)has, what_to_do);
    if (file->codec == MDUP_CODEC_NONE && has - promised > TRAILING_MAX_bytes &&
        !file->info.warning)
        file->info.warning =
            "the file is longer than its MRC header says; what follows the image is not read";
    return true;
}

/* The first 1024 bytes behind any compression. */
static bool read_mrc_header(mdup_image_file *file, mdup_mode0 mode0, mdup_error **err)
{
    const uint8_t *bytes;
    size_t n;
    if (!mdup_byte_stream_peek(file->stream, MDUP_MRC_HEADER_bytes, &bytes, &n, err))
        return false;
    if (n < MDUP_MRC_HEADER_bytes && mdup_byte_stream_is_cut_off(file->stream))
        return mdup_byte_stream_fail_short(file->stream, err);
    if (file->codec != MDUP_CODEC_NONE &&
        (mdup_tiff_detect(bytes, n) || !mdup_mrc_detect(bytes, n)))
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: holds no MRC file inside its %s; uncompress it and look", file->name,
                         mdup_codec_name(file->codec));
    if (n < MDUP_MRC_HEADER_bytes)
        return mdup_fail(err, MDUP_ERROR_TRUNCATED,
                         "%s: truncated: an MRC header has 1024 bytes, the file has %zu; copy it "
                         "again, or wait if it "
                         "is still being written",
                         file->name, n);
    return mdup_mrc_parse_header(bytes, file->name, mode0, &file->mrc, err);
}

static bool open_mrc(mdup_image_file *file, int32_t slice, mdup_mode0 mode0, mdup_error **err)
{
    file->stream = mdup_byte_stream_new(&file->source, file->codec, file->name, err);
    if (!file->stream || !read_mrc_header(file, mode0, err))
        return false;
    file->info = file->mrc.info;
    const char *codec_name = mdup_codec_name(file->codec);
    memcpy(file->info.compression, codec_name, strlen(codec_name) + 1);
    if (!check_length(file, err) || !check_slice(file, slice, err))
        return false;
    file->is_last_image = slice == 0 || slice == file->info.nz;
    mdup_byte_stream_promise(file->stream, file->mrc.total_bytes);
    int64_t before = slice > 1 ? file->mrc.image_bytes * (slice - 1) : 0;
    return mdup_byte_stream_skip(file->stream, file->mrc.data_at_bytes + before, err);
}

static bool open_any(mdup_image_file *file, int32_t slice, mdup_mode0 mode0, mdup_error **err)
{
    uint8_t first[MDUP_MRC_HEADER_bytes];
    size_t n;
    if (slice < 0)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "%s: images are counted from 1, there is no image %d", file->name, slice);
    if (!mdup_byte_source_read(&file->source, file->name, 0, first, sizeof first, &n, err))
        return false;
    if (n == 0)
        return mdup_fail(err, MDUP_ERROR_TRUNCATED,
                         "%s: is empty; copy it again, or wait if it is still being written",
                         file->name);
    if (mdup_tiff_detect(first, n)) {
        file->tiff = mdup_tiff_open(&file->source, file->name, slice, &file->info, err);
        return file->tiff && check_slice(file, slice, err);
    }
    file->codec = mdup_codec_detect(first, n);
    if (file->codec == MDUP_CODEC_NONE && !mdup_mrc_detect(first, n))
        return fail_foreign(file->name, first, n, err);
    return open_mrc(file, slice, mode0, err);
}

/* Takes over the descriptor in `source`, also on failure. */
static mdup_image_file *open_source(const mdup_byte_source *source, const char *name, int32_t slice,
                                    mdup_mode0 mode0, mdup_error **err)
{
    mdup_image_file *file = mdup_calloc(1, sizeof *file, err);
    if (!file) {
        if (source->fd >= 0)
            close(source->fd);
        return NULL;
    }
    file->fd = source->fd;
    file->source = *source;
    file->name = mdup_strdup(name, err);
    if (!file->name || !open_any(file, slice, mode0, err)) {
        mdup_image_close(file);
        return NULL;
    }
    file->rows_left = file->info.ny;
    return file;
}

/* An open regular file; -1 with *err set.  O_NONBLOCK: a named pipe must not hang the run; it
 * changes nothing for files. */
static int open_regular_file(const char *path, int64_t *length_bytes, mdup_error **err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            (void)mdup_fail(err, MDUP_ERROR_MISSING, "%s: there is no such file", path);
        else if (errno == EACCES)
            (void)mdup_fail(err, MDUP_ERROR_IO,
                            "%s: may not be read by you; ask its owner for permission", path);
        else
            (void)mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
        return -1;
    }
    struct stat status;
    if (fstat(fd, &status) != 0)
        (void)mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno));
    else if (S_ISDIR(status.st_mode))
        (void)mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                        "%s: is a folder, not an image; name a file in it", path);
    else if (!S_ISREG(status.st_mode))
        (void)mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "%s: is not an ordinary file; copy it to one",
                        path);
    else {
        *length_bytes = (int64_t)status.st_size;
        return fd;
    }
    close(fd);
    return -1;
}

mdup_image_file *mdup_image_open(const char *path, int32_t slice, mdup_mode0 mode0,
                                 mdup_error **err)
{
    mdup_byte_source source = {0};
    source.fd = open_regular_file(path, &source.length_bytes, err);
    if (source.fd < 0)
        return NULL;
#ifdef POSIX_FADV_SEQUENTIAL
    /* Twice the read-ahead.  Only a hint: nothing is lost where it is refused. */
    (void)posix_fadvise(source.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
    return open_source(&source, path, slice, mode0, err);
}

mdup_image_file *mdup_image_open_memory(const void *bytes, size_t length, const char *name,
                                        int32_t slice, mdup_mode0 mode0, mdup_error **err)
{
    /* The pointer is what tells memory from a file, so nothing at all still needs one. */
    const mdup_byte_source source = {-1, length ? bytes : (const void *)"", (int64_t)length};
    return open_source(&source, name, slice, mode0, err);
}

const mdup_image_info *mdup_image_get_info(const mdup_image_file *file)
{
    return &file->info;
}

bool mdup_image_read_rows(mdup_image_file *file, int32_t n_rows, float *out, mdup_error **err)
{
    if (n_rows < 0 || n_rows > file->rows_left)
        return mdup_fail(err, MDUP_ERROR_INVALID, "%s: %d rows asked for, %d are left", file->name,
                         n_rows, file->rows_left);
    bool ok = file->tiff ? mdup_tiff_read_rows(file->tiff, n_rows, out, err)
                         : mdup_mrc_read_rows(&file->mrc, file->stream, n_rows, out, err);
    if (!ok)
        return false;
    file->rows_left -= n_rows;
    bool check_sum =
        file->rows_left == 0 && n_rows > 0 && file->is_last_image && file->codec != MDUP_CODEC_NONE;
    return !check_sum || mdup_byte_stream_finish(file->stream, err);
}

void mdup_image_close(mdup_image_file *file)
{
    if (!file)
        return;
    mdup_tiff_close(file->tiff);
    mdup_byte_stream_free(file->stream);
    if (file->fd >= 0)
        close(file->fd);
    free(file->name);
    free(file);
}

/* ---- names ---- */

/* RELION's forced formats: what stands behind the last ':' says how to read the file before it. */
static size_t length_without_format(const char *name)
{
    static const char *const formats[] = {":mrc", ":mrcs", ":tif", ":tiff"};
    const char *colon = strrchr(name, ':');
    for (size_t i = 0; colon && colon > name && i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(colon, formats[i]) == 0)
            return (size_t)(colon - name);
    }
    return strlen(name);
}

bool mdup_image_split_name(const char *name, char **path, int32_t *slice, mdup_error **err)
{
    const char *own_name = name;
    int64_t number = 0;
    const size_t digits = strspn(name, "0123456789");
    if (digits > 0 && name[digits] == '@') {
        own_name = name + digits + 1;
        if (!mdup_parse_int64(name, digits, &number) || number < 1 || number > INT32_MAX)
            return mdup_fail(err, MDUP_ERROR_INVALID,
                             "%s: images are counted from 1; the number before '@' is not one",
                             name);
    }
    const size_t length = length_without_format(own_name);
    if (length == 0)
        return mdup_fail(err, MDUP_ERROR_INVALID, "%s: names no file", name);
    char *copy = mdup_strndup(own_name, length, err);
    if (!copy)
        return false;
    *path = copy;
    *slice = (int32_t)number;
    return true;
}
