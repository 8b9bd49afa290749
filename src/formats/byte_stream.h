/* Bytes of a file or of memory, read forward through a buffer of fixed size; gzip and bzip2 are
 * undone on the way.
 *
 * The file is read with pread() and not mapped: a mapped file that is cut short while it is read (a
 * camera still writes it, a disk is full) ends the program with SIGBUS, and on network disks
 * mapping reads in small pieces. */
#ifndef MDUP_FORMATS_BYTE_STREAM_H
#define MDUP_FORMATS_BYTE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Where bytes come from.  Owns nothing. */
typedef struct {
    int fd;               /* an open regular file; -1 when the bytes are in memory */
    const uint8_t *bytes; /* NULL when there is a file */
    int64_t length_bytes; /* of the file when it was opened, or of the memory */
} mdup_byte_source;

/** Up to n bytes from `offset` on into `out`; *got is less than n only where the source ends. False
 * with *err set (IO). */
bool mdup_byte_source_read(const mdup_byte_source *source, const char *name, int64_t offset,
                           void *out, size_t n, size_t *got, mdup_error **err) MDUP_MUST_CHECK;

typedef enum { MDUP_CODEC_NONE, MDUP_CODEC_GZIP, MDUP_CODEC_BZIP2 } mdup_codec;

/** Which compression these first bytes of a file announce. */
mdup_codec mdup_codec_detect(const uint8_t *bytes, size_t n);

/** "none", "gzip" or "bzip2". */
const char *mdup_codec_name(mdup_codec codec);

typedef struct mdup_byte_stream mdup_byte_stream;

enum { MDUP_PEEK_MAX_bytes = 65536 };

/** A stream at the first byte.  What `source` points at and `name` (for messages) are borrowed
 * until the stream is freed. NULL with *err set (NOMEM). */
mdup_byte_stream *mdup_byte_stream_new(const mdup_byte_source *source, mdup_codec codec,
                                       const char *name, mdup_error **err) MDUP_MUST_CHECK;

/** NULL is fine. */
void mdup_byte_stream_free(mdup_byte_stream *stream);

/** What the header of the file promises in all, for the message about a file that ends before. */
void mdup_byte_stream_promise(mdup_byte_stream *stream, int64_t total_bytes);

/** Shows the next bytes without taking them: *n of them, at least min(at_least, what is left).
 * at_least is at most MDUP_PEEK_MAX_bytes.  Valid until the next call that takes the stream.  False
 * with *err set: IO, PARSE (damaged compressed data). */
bool mdup_byte_stream_peek(mdup_byte_stream *stream, size_t at_least, const uint8_t **bytes,
                           size_t *n, mdup_error **err) MDUP_MUST_CHECK;

/** Takes n bytes that were shown. */
void mdup_byte_stream_consume(mdup_byte_stream *stream, size_t n);

/** The next n bytes into out.  False with *err set: TRUNCATED, IO, PARSE; what is in out then has
 * no meaning. */
bool mdup_byte_stream_read(mdup_byte_stream *stream, void *out, size_t n,
                           mdup_error **err) MDUP_MUST_CHECK;

/** Goes forward n bytes: by arithmetic in a plain file, by undoing the compression in the others.
 */
bool mdup_byte_stream_skip(mdup_byte_stream *stream, int64_t n, mdup_error **err) MDUP_MUST_CHECK;

/** Looks one byte ahead, which makes a compressed stream that ends here compare its checksum.  Does
 * not mind bytes that are left.  False with *err set: TRUNCATED, IO, PARSE. */
bool mdup_byte_stream_finish(mdup_byte_stream *stream, mdup_error **err) MDUP_MUST_CHECK;

/** True once it is known that a compressed stream breaks off behind what can be peeked at. */
bool mdup_byte_stream_is_cut_off(const mdup_byte_stream *stream);

/** The error TRUNCATED for a stream that has ended before what was promised.  Returns false. */
bool mdup_byte_stream_fail_short(const mdup_byte_stream *stream, mdup_error **err);

#endif
