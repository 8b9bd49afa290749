/* Whose output folder it is: nothing is overwritten that this program did not write. */
#ifndef MDUP_PUBLISH_CLAIM_H
#define MDUP_PUBLISH_CLAIM_H

#include <stddef.h>

#include "base/error.h"

typedef struct {
    const char *folder;
    const char *summary;      /* the JSON file that marks the files as ours, summary.json */
    const char *const *names; /* what is to be written, summary included */
    size_t n_names;
    const char *const *inputs; /* what is read */
    size_t n_inputs;
} mdup_claim;

/** Makes the folder, and refuses (INVALID) to go on when one of the names is an input, also through a link, or is there already without the
 *  summary saying that they are ours; marks a new folder as ours. */
bool mdup_claim_folder(const mdup_claim *claim, mdup_error **err) MDUP_MUST_CHECK;

#endif
