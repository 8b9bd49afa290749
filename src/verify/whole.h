/* A whole frame, whitened by its own spectrum and weighted. */
#ifndef MDUP_VERIFY_WHOLE_H
#define MDUP_VERIFY_WHOLE_H

#include "base/error.h"
#include "image/condition.h"

/* Plans and buffers; one a worker. */
typedef struct mdup_whitener mdup_whitener;

/** The conditioner is borrowed and must outlive the whitener, its statistics set before the first frame.  NULL with *err. */
mdup_whitener *mdup_whitener_new(const mdup_conditioner *conditioner,
                                 mdup_error **err) MDUP_MUST_CHECK;
void mdup_whitener_free(mdup_whitener *whitener);

/** A cleaned frame (mdup_condition_clean) -> its whitened pixels, row y at y * *stride, borrowed until the next frame. */
const float *mdup_whiten_frame(mdup_whitener *whitener, const float *clean, ptrdiff_t *stride);

#endif
