#include "formats/byte_stream.h"

#include <bzlib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/alloc.h"

enum {
    WINDOW_bytes =
        1 << 20, /* one large read at a time, and still inside a core's second-level cache */
    FIRST_READ_bytes =
        1 << 16,          /* for the header: what follows may be wanted elsewhere (read_directly) */
    INPUT_bytes = 1 << 17 /* compressed bytes waiting to be undone */
};

struct mdup_byte_stream {
    mdup_byte_source source;
    const char *name;
    mdup_codec codec;
    int64_t raw_at_bytes;   /* next byte of the source to read */
    int64_t position_bytes; /* bytes taken by the reader, after decompression */
    int64_t promised_bytes; /* 0: not known yet */

    const uint8_t *window; /* the buffer, or the memory itself when it is not compressed */
    size_t begin, end;     /* of the bytes in the window that are not taken yet */
    uint8_t *buffer;       /* WINDOW_bytes; NULL for plain memory */

    uint8_t *input; /* INPUT_bytes; NULL when not compressed */
    size_t input_at, input_end;
    z_stream gzip;
    bz_stream bzip2;
    bool decoder_open;
    bool ended;   /* nothing will come after the window */
    bool cut_off; /* it ended inside a compressed stream */
};

bool mdup_byte_source_read(const mdup_byte_source *source, const char *name, int64_t offset,
                           void *out, size_t n, size_t *got, mdup_error **err)
{
    if (source->bytes) {
        int64_t left = offset < source->length_bytes ? source->length_bytes - offset : 0;
        *got = (uint64_t)left < n ? (size_t)left : n;
        if (*got)
            memcpy(out, source->bytes + offset, *got);
        return true;
    }
    size_t sum = 0;
    while (sum < n) {
        ssize_t once =
            pread(source->fd, (char *)out + sum, n - sum, (off_t)(offset + (int64_t)sum));
        if (once < 0 && errno == EINTR)
            continue;
        if (once < 0)
            return mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be read: %s", name, strerror(errno));
        if (once == 0)
            break;
        sum += (size_t)once;
    }
    *got = sum;
    return true;
}

mdup_codec mdup_codec_detect(const uint8_t *bytes, size_t n)
{
    if (n >= 3 && memcmp(bytes, "\x1f\x8b\x08", 3) == 0)
        return MDUP_CODEC_GZIP;
    if (n >= 4 && memcmp(bytes, "BZh", 3) == 0 && bytes[3] >= '1' && bytes[3] <= '9')
        return MDUP_CODEC_BZIP2;
    return MDUP_CODEC_NONE;
}

const char *mdup_codec_name(mdup_codec codec)
{
    static const char *const names[] = {"none", "gzip", "bzip2"};
    return names[codec];
}

/* ---- making and freeing ---- */

static bool open_decoder(mdup_byte_stream *stream, mdup_error **err)
{
    stream->input = mdup_alloc_aligned(INPUT_bytes, 1, err);
    if (!stream->input)
        return false;
    if (stream->codec == MDUP_CODEC_GZIP)
        stream->decoder_open =
            inflateInit2(&stream->gzip, MAX_WBITS + 16) == Z_OK; /* + 16: gzip only */
    else
        stream->decoder_open = BZ2_bzDecompressInit(&stream->bzip2, 0, 0) == BZ_OK;
    return stream->decoder_open || mdup_fail_nomem(err);
}

mdup_byte_stream *mdup_byte_stream_new(const mdup_byte_source *source, mdup_codec codec,
                                       const char *name, mdup_error **err)
{
    mdup_byte_stream *stream = mdup_calloc(1, sizeof *stream, err);
    if (!stream)
        return NULL;
    stream->source = *source;
    stream->name = name;
    stream->codec = codec;
    if (codec == MDUP_CODEC_NONE && source->bytes) {
        stream->window = source->bytes;
        stream->end = (size_t)source->length_bytes;
        stream->ended = true;
        return stream;
    }
    stream->buffer = mdup_alloc_aligned(WINDOW_bytes, 1, err);
    stream->window = stream->buffer;
    if (!stream->buffer || (codec != MDUP_CODEC_NONE && !open_decoder(stream, err))) {
        mdup_byte_stream_free(stream);
        return NULL;
    }
    return stream;
}

void mdup_byte_stream_free(mdup_byte_stream *stream)
{
    if (!stream)
        return;
    if (stream->decoder_open && stream->codec == MDUP_CODEC_GZIP)
        inflateEnd(&stream->gzip);
    if (stream->decoder_open && stream->codec == MDUP_CODEC_BZIP2)
        BZ2_bzDecompressEnd(&stream->bzip2);
    free(stream->input);
    free(stream->buffer);
    free(stream);
}

void mdup_byte_stream_promise(mdup_byte_stream *stream, int64_t total_bytes)
{
    stream->promised_bytes = total_bytes;
}

/* ---- decompression ---- */

static bool fail_damaged(const mdup_byte_stream *stream, const char *what, mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_PARSE, "%s: the %s data are damaged (%s); copy it again",
                     stream->name, mdup_codec_name(stream->codec), what ? what : "no reason given");
}

/* Makes at least one compressed byte wait, unless the source has ended. */
static bool fill_input(mdup_byte_stream *stream, mdup_error **err)
{
    if (stream->input_at < stream->input_end)
        return true;
    size_t got;
    if (!mdup_byte_source_read(&stream->source, stream->name, stream->raw_at_bytes, stream->input,
                               INPUT_bytes, &got, err))
        return false;
    stream->raw_at_bytes += (int64_t)got;
    stream->input_at = 0;
    stream->input_end = got;
    return true;
}

/* pigz, bgzip and pbzip2 write several streams one after the other: they count as one.  Anything
 * else behind a stream, such as the zeros of a tape block, is not looked at, as gzip does. */
static bool start_next_member(mdup_byte_stream *stream, mdup_error **err)
{
    if (!fill_input(stream, err))
        return false;
    const uint8_t first = stream->codec == MDUP_CODEC_GZIP ? 0x1f : 'B';
    stream->ended =
        stream->input_at == stream->input_end || stream->input[stream->input_at] != first;
    if (stream->ended)
        return true;
    if (stream->codec == MDUP_CODEC_GZIP)
        return inflateReset(&stream->gzip) == Z_OK || mdup_fail_nomem(err);
    BZ2_bzDecompressEnd(&stream->bzip2);
    stream->bzip2 = (bz_stream){0};
    stream->decoder_open = BZ2_bzDecompressInit(&stream->bzip2, 0, 0) == BZ_OK;
    return stream->decoder_open || mdup_fail_nomem(err);
}

/* One call of the decoder, from the waiting input to the end of the window.  *member_ended: this
 * stream is complete. */
static bool inflate_once(mdup_byte_stream *stream, bool *member_ended, mdup_error **err)
{
    z_stream *gzip = &stream->gzip;
    gzip->next_in = stream->input + stream->input_at;
    gzip->avail_in = (uInt)(stream->input_end - stream->input_at);
    gzip->next_out = stream->buffer + stream->end;
    gzip->avail_out = (uInt)(WINDOW_bytes - stream->end);
    int status = inflate(gzip, Z_NO_FLUSH);
    stream->input_at = stream->input_end - gzip->avail_in;
    stream->end = WINDOW_bytes - gzip->avail_out;
    *member_ended = status == Z_STREAM_END;
    if (status == Z_MEM_ERROR)
        return mdup_fail_nomem(err);
    if (status == Z_DATA_ERROR || status == Z_NEED_DICT || status == Z_STREAM_ERROR)
        return fail_damaged(stream, gzip->msg, err);
    return true;
}

static bool bunzip_once(mdup_byte_stream *stream, bool *member_ended, mdup_error **err)
{
    bz_stream *bzip2 = &stream->bzip2;
    bzip2->next_in = (char *)stream->input + stream->input_at;
    bzip2->avail_in = (unsigned)(stream->input_end - stream->input_at);
    bzip2->next_out = (char *)stream->buffer + stream->end;
    bzip2->avail_out = (unsigned)(WINDOW_bytes - stream->end);
    int status = BZ2_bzDecompress(bzip2);
    stream->input_at = stream->input_end - bzip2->avail_in;
    stream->end = WINDOW_bytes - bzip2->avail_out;
    *member_ended = status == BZ_STREAM_END;
    if (status == BZ_MEM_ERROR)
        return mdup_fail_nomem(err);
    if (status != BZ_OK && status != BZ_STREAM_END)
        return fail_damaged(stream, "a block does not match its checksum or its header", err);
    return true;
}

static bool decode_into_window(mdup_byte_stream *stream, mdup_error **err)
{
    while (!stream->ended && stream->end < WINDOW_bytes) {
        if (!fill_input(stream, err))
            return false;
        if (stream->input_at == stream->input_end) {
            stream->ended = stream->cut_off = true;
            return true;
        }
        bool member_ended;
        bool ok = stream->codec == MDUP_CODEC_GZIP ? inflate_once(stream, &member_ended, err)
                                                   : bunzip_once(stream, &member_ended, err);
        if (!ok || (member_ended && !start_next_member(stream, err)))
            return false;
    }
    return true;
}

/* ---- the reader's side ---- */

/* Moves what is not taken yet to the front and fills up behind it. */
static bool refill(mdup_byte_stream *stream, mdup_error **err)
{
    if (stream->ended)
        return true;
    size_t left = stream->end - stream->begin;
    if (left)
        memmove(stream->buffer, stream->buffer + stream->begin, left);
    stream->begin = 0;
    stream->end = left;
    if (stream->codec != MDUP_CODEC_NONE)
        return decode_into_window(stream, err);
    size_t got, wanted = (stream->raw_at_bytes == 0 ? FIRST_READ_bytes : WINDOW_bytes) - left;
    if (!mdup_byte_source_read(&stream->source, stream->name, stream->raw_at_bytes,
                               stream->buffer + left, wanted, &got, err))
        return false;
    stream->ended = got < wanted;
    stream->raw_at_bytes += (int64_t)got;
    stream->end += got;
    return true;
}

bool mdup_byte_stream_peek(mdup_byte_stream *stream, size_t at_least, const uint8_t **bytes,
                           size_t *n, mdup_error **err)
{
    if (stream->end - stream->begin < at_least && !refill(stream, err))
        return false;
    *bytes = stream->window + stream->begin;
    *n = stream->end - stream->begin;
    return true;
}

void mdup_byte_stream_consume(mdup_byte_stream *stream, size_t n)
{
    stream->begin += n;
    stream->position_bytes += (int64_t)n;
}

/* A plain file and a wish for more than the buffer holds: from the kernel straight to where it is
 * wanted. */
static bool read_directly(mdup_byte_stream *stream, uint8_t *out, size_t n, mdup_error **err)
{
    size_t got;
    if (!mdup_byte_source_read(&stream->source, stream->name, stream->raw_at_bytes, out, n, &got,
                               err))
        return false;
    stream->raw_at_bytes += (int64_t)got;
    stream->position_bytes += (int64_t)got;
    return got == n || mdup_byte_stream_fail_short(stream, err);
}

bool mdup_byte_stream_read(mdup_byte_stream *stream, void *out, size_t n, mdup_error **err)
{
    const bool is_plain_file = stream->codec == MDUP_CODEC_NONE && !stream->source.bytes;
    uint8_t *to = out;
    while (n > 0) {
        if (is_plain_file && stream->begin == stream->end && n >= WINDOW_bytes / 4)
            return read_directly(stream, to, n, err);
        const uint8_t *bytes;
        size_t available;
        if (!mdup_byte_stream_peek(stream, 1, &bytes, &available, err))
            return false;
        if (available == 0)
            return mdup_byte_stream_fail_short(stream, err);
        size_t part = available < n ? available : n;
        memcpy(to, bytes, part);
        mdup_byte_stream_consume(stream, part);
        to += part;
        n -= part;
    }
    return true;
}

bool mdup_byte_stream_skip(mdup_byte_stream *stream, int64_t n, mdup_error **err)
{
    while (n > 0) {
        size_t available = stream->end - stream->begin;
        if (available == 0 && stream->codec == MDUP_CODEC_NONE && !stream->source.bytes) {
            stream->raw_at_bytes += n;
            stream->position_bytes += n;
            return true;
        }
        const uint8_t *bytes;
        if (!mdup_byte_stream_peek(stream, 1, &bytes, &available, err))
            return false;
        if (available == 0)
            return mdup_byte_stream_fail_short(stream, err);
        size_t part = (uint64_t)n < available ? (size_t)n : available;
        mdup_byte_stream_consume(stream, part);
        n -= (int64_t)part;
    }
    return true;
}

bool mdup_byte_stream_finish(mdup_byte_stream *stream, mdup_error **err)
{
    const uint8_t *bytes;
    size_t available;
    if (!mdup_byte_stream_peek(stream, 1, &bytes, &available, err))
        return false;
    if (available == 0 && stream->cut_off)
        return mdup_byte_stream_fail_short(stream, err);
    return true;
}

bool mdup_byte_stream_is_cut_off(const mdup_byte_stream *stream)
{
    return stream->cut_off;
}

bool mdup_byte_stream_fail_short(const mdup_byte_stream *stream, mdup_error **err)
{
    const char *const what_to_do = "copy it again, or wait if it is still being written";
    const char *codec = mdup_codec_name(stream->codec);
    long long promised = stream->promised_bytes;
    long long has = stream->position_bytes + (int64_t)(stream->end - stream->begin);
    if (stream->codec == MDUP_CODEC_NONE)
        return mdup_fail(err, MDUP_ERROR_TRUNCATED,
                         "%s: truncated: the header promises %lld bytes, the file has %lld; %s",
                         stream->name, promised, has, what_to_do);
    if (promised == 0 || has >= promised)
        return mdup_fail(err, MDUP_ERROR_TRUNCATED, "%s: truncated: the %s data break off; %s",
                         stream->name, codec, what_to_do);
    return mdup_fail(
        err, MDUP_ERROR_TRUNCATED,
        "%s: truncated: the header promises %lld bytes, the %s data end after %lld; %s",
        stream->name, promised, codec, has, what_to_do);
}
