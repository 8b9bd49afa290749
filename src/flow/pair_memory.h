/* What a session knows of the pairs of one geometry: mdup_compare_memory on top of it. */
#ifndef MDUP_FLOW_PAIR_MEMORY_H
#define MDUP_FLOW_PAIR_MEMORY_H

#include "base/error.h"
#include "flow/compare.h"
#include "session/work.h"

typedef struct mdup_pair_memory mdup_pair_memory;

/** ids: of the readings of the n frames, in their order; borrowed, as is the session.  callbacks->log says when pairs that are known must be
 *  compared again.  NULL with *err (NOMEM).  Free with mdup_pair_memory_free. */
mdup_pair_memory *mdup_pair_memory_new(mdup_session *session, const int64_t *ids, size_t n,
                                       const mdup_callbacks *callbacks,
                                       mdup_error **err) MDUP_MUST_CHECK;
void mdup_pair_memory_free(mdup_pair_memory *memory);

/** To be given to mdup_compare_frames; valid as long as the memory is. */
mdup_compare_memory mdup_pair_memory_callbacks(mdup_pair_memory *memory);

/** The comparison that was used; 0 when nothing was compared. */
int64_t mdup_pair_memory_comparison(const mdup_pair_memory *memory);

#endif
