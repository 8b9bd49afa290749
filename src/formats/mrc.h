/* MRC2014 and what is found in place of it. */
#ifndef MDUP_FORMATS_MRC_H
#define MDUP_FORMATS_MRC_H

#include <stddef.h>
#include <stdint.h>

#include "formats/byte_stream.h"
#include "formats/image_file.h"

enum {
    MDUP_MRC_HEADER_bytes = 1024,
    MDUP_IMAGE_MAX_SIDE_px = 1 << 18, /* sixteen times the largest detector there is */
    MDUP_IMAGE_MAX_COUNT = 1 << 24    /* images in one file */
};

/* In one image: 16 GB of float32. */
static const int64_t MDUP_IMAGE_MAX_AREA_px = INT64_C(1) << 32;

typedef struct {
    mdup_image_info info; /* all of it but `compression` */
    int64_t row_bytes;
    int64_t image_bytes;
    int64_t data_at_bytes; /* where the first image starts */
    int64_t total_bytes;   /* what the header promises the file to have at least */
} mdup_mrc_header;

/** True when these first bytes of a file (fewer than 1024 when it is shorter) can be those of an
 * MRC file: "MAP" where it belongs, or, in files from before 2000, sizes, mode, axes and labels
 * that make sense in one of the byte orders. */
bool mdup_mrc_detect(const uint8_t *bytes, size_t n);

/** Reads a header of MDUP_MRC_HEADER_bytes.  Every size in *out is within the limits above and no
 * product overflows; whether the file is as long as total_bytes is for the caller to compare. False
 * with *err set: PARSE, UNSUPPORTED.
 *
 *  Byte order: the one in which mode and sizes make sense; when both do, the machine stamp's; when
 * that says nothing, the one with the smaller image.  Mode 0: `mode0`, and for AUTO signed as in
 * MRC2014, unless IMOD's stamp is there and says unsigned. */
bool mdup_mrc_parse_header(const uint8_t *bytes, const char *name, mdup_mode0 mode0,
                           mdup_mrc_header *out, mdup_error **err) MDUP_MUST_CHECK;

/** The next n_rows rows from a stream that stands at the beginning of a row.  False with *err set:
 * TRUNCATED, IO, PARSE. */
bool mdup_mrc_read_rows(const mdup_mrc_header *header, mdup_byte_stream *stream, int32_t n_rows,
                        float *out, mdup_error **err) MDUP_MUST_CHECK;

#endif
