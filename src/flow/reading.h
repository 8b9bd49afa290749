/* From the file of a micrograph to its frame: opened once, read once in order, binned on the way.
 */
#ifndef MDUP_FLOW_READING_H
#define MDUP_FLOW_READING_H

#include <stdint.h>

#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/status.h"
#include "formats/image_file.h"
#include "image/signature.h"

/* The number of the way a frame is made: raised with every change of reading, binning, flattening, signature or noise after which the same file
 * gives another reading, so that a session does not keep what an older way made.  tests/unit/test_method.c fails until that is done. */
enum { MDUP_FRAME_METHOD = 3 };

typedef struct {
    mdup_judgement judgement; /* of this file alone */
    char *warning;            /* something odd that was accepted; NULL when none.  Owned */
    int32_t nx, ny;           /* of the file; 0 when its header could not be read */
    int32_t mode;             /* of its pixels, as MRC numbers it */
    double header_pixel_A;    /* as the file says; 0 when it does not */
    int32_t bin;
    int32_t frame_nx, frame_ny;
    mdup_signature signature; /* mdup_read_frame: of all pixels of the file */
    double noise_share;       /* mdup_read_frame: mdup_noise_share; else 1 */
    float *binned;            /* mdup_read_binned; owned */
    int8_t *frame;            /* mdup_read_frame; owned; NULL also when frames.h has put it away */
    uint64_t frame_hash;      /* mdup_hash of its bytes */
} mdup_reading;

/** The binned image of a micrograph; `bin` 0 chooses mdup_bin_auto.  A file that cannot be used is
 * no failure: it is told in out->judgement, and binned is NULL.  False only with NOMEM.  Free with
 * mdup_reading_clear. */
bool mdup_read_binned(const mdup_micrograph *micrograph, int32_t bin, mdup_mode0 mode0,
                      mdup_reading *out, mdup_error **err) MDUP_MUST_CHECK;

/* What reading a micrograph takes beside its frame, kept for the next one: to have it cleared by the system each time costs as much as
 * binning.  Begins as {0}; one a thread. */
enum { MDUP_READING_BUFFERS = 5 };
typedef struct {
    float *items[MDUP_READING_BUFFERS];
    size_t sizes[MDUP_READING_BUFFERS];
} mdup_reading_buffers;
void mdup_reading_buffers_clear(mdup_reading_buffers *buffers);

/** The same, flattened into out->frame; binned is NULL. */
bool mdup_read_frame(const mdup_micrograph *micrograph, int32_t bin, mdup_mode0 mode0,
                     mdup_reading_buffers *buffers, mdup_reading *out,
                     mdup_error **err) MDUP_MUST_CHECK;

/** Whether mdup_read_frame made a frame, wherever it is now. */
bool mdup_reading_has_frame(const mdup_reading *reading);

void mdup_reading_clear(mdup_reading *reading);

#endif
