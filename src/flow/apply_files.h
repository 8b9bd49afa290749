/* The rows of one file that go with the removed micrographs. */
#ifndef MDUP_FLOW_APPLY_FILES_H
#define MDUP_FLOW_APPLY_FILES_H

#include "base/strbuf.h"
#include "flow/naming.h"
#include "formats/cs_files.h"
#include "formats/star.h"

typedef struct {
    const char *kind; /* "micrographs", "particles", ...; static storage */
    size_t n_rows, n_of_session, n_removed;
} mdup_apply_counts;

/** Appends a STAR file without the rows that name a removed micrograph, in whichever table.  *is_list becomes true, and nothing is
 *  appended, when it names none but holds coordinates: then its own name tells whose they are.  path: for messages.  False with *err set:
 *  UNSUPPORTED (it cannot name micrographs), PARSE, INVALID (it is not certain which), NOMEM. */
bool mdup_apply_to_star(const mdup_naming *naming, const mdup_star *star, const char *path,
                        mdup_strbuf *out, mdup_apply_counts *counts, bool *is_list,
                        mdup_error **err) MDUP_MUST_CHECK;

/** Appends such a list of coordinates as it is, or without its rows. */
bool mdup_apply_to_list(const mdup_star *star, bool is_of_session, bool is_removed,
                        mdup_strbuf *out, mdup_apply_counts *counts,
                        mdup_error **err) MDUP_MUST_CHECK;

/** The micrograph of each record of the first of cryoSPARC's joined files, or -1: by the uid of the exposure, else by its path.  argument:
 *  for messages.  micrograph: n_records of the first file. */
bool mdup_micrographs_of_cs(const mdup_naming *naming, const mdup_cs_files *files,
                            const char *argument, ptrdiff_t *micrograph, bool *is_particles,
                            mdup_error **err) MDUP_MUST_CHECK;

/** Finds the records of cryoSPARC's tables that go: leave_out[record] of the first file (n_records of it).  The files are joined.
 *  argument: for messages. */
bool mdup_apply_to_cs(const mdup_naming *naming, const mdup_cs_files *files, const char *argument,
                      bool *leave_out, mdup_apply_counts *counts, mdup_error **err) MDUP_MUST_CHECK;

#endif
