/* What a screen leaves behind for cryoSPARC: .cs files with records left out, the .csg that names
 * them, the uids of what was removed. */
#ifndef MDUP_PUBLISH_CRYOSPARC_H
#define MDUP_PUBLISH_CRYOSPARC_H

#include "base/strbuf.h"
#include "publish/publish.h"

/** Appends file `part` of a source without the removed records, or (only_removed) with nothing but
 * them.  Records that have no counterpart among the micrographs are kept. */
bool mdup_cs_selection(const mdup_results *results, size_t source, size_t part, bool only_removed,
                       mdup_strbuf *out, mdup_error **err) MDUP_MUST_CHECK;

/** Appends the .csg of a source that has one, with the names of the files of the kept records, one a
 * part, and how many there are in each. */
bool mdup_csg_selection(const mdup_results *results, size_t source, const char *const *names,
                        mdup_strbuf *out, mdup_error **err) MDUP_MUST_CHECK;

/** Appends the uids of the removed micrographs of all sources of cryoSPARC, one a line, in order of
 * acquisition. */
void mdup_removed_uids(const mdup_results *results, mdup_strbuf *out);

#endif
