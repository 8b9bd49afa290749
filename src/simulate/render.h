/* One exposure, from the specimen to the pixels of the file. */
#ifndef MDUP_SIMULATE_RENDER_H
#define MDUP_SIMULATE_RENDER_H

#include <microdup/simulate.h>

#include "base/error.h"
#include "simulate/layout.h"

/* What all exposures of a session have in common: specimen, camera, transforms.  Not changed by
 * rendering, so that any number of threads may share it. */
typedef struct mdup_renderer mdup_renderer;

/* What one thread needs for itself. */
typedef struct mdup_render_buffers mdup_render_buffers;

/** For options that have been checked.  NULL with *err set when memory runs out. */
mdup_renderer *mdup_renderer_new(const mdup_simulate_options *options,
                                 mdup_error **err) MDUP_MUST_CHECK;
void mdup_renderer_free(mdup_renderer *renderer);

/** Bytes of the buffers of one thread. */
size_t mdup_renderer_buffer_bytes(const mdup_renderer *renderer);

mdup_render_buffers *mdup_render_buffers_new(const mdup_renderer *renderer,
                                             mdup_error **err) MDUP_MUST_CHECK;
void mdup_render_buffers_free(mdup_render_buffers *buffers);

/** Mean number of electrons a pixel counts where there is nothing but ice. */
double mdup_renderer_mean_e(const mdup_renderer *renderer);

typedef enum {
    MDUP_RENDER_ALL,
    MDUP_RENDER_NOISELESS, /* all but the shot noise */
    MDUP_RENDER_IMAGE /* what the lens throws on the camera: no pattern, no ringing, no noise */
} mdup_render_parts;

/** Renders exposure `index` of the session: nx * ny counted electrons, row 0 first, valid until
 *  the buffers are used again. `index` chooses the noise. */
float *mdup_render(const mdup_renderer *renderer, const mdup_exposure *exposure, size_t index,
                   mdup_render_parts parts, mdup_render_buffers *buffers);

#endif
