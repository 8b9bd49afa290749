/* The records of a cryoSPARC table by their uid, by which its tables are joined. */
#ifndef MDUP_FORMATS_CS_UIDS_H
#define MDUP_FORMATS_CS_UIDS_H

#include "formats/npy.h"

typedef struct {
    uint64_t uid;
    size_t record;
} mdup_cs_uid;

typedef struct {
    size_t n;
    mdup_cs_uid *sorted; /* by uid */
} mdup_cs_uids;

/** `name` is the file's, for messages.  False with *err set: UNSUPPORTED (there is no field uid of
 * whole numbers), PARSE (two records have the same), NOMEM.  Free with mdup_cs_uids_clear. */
bool mdup_cs_uids_find(const mdup_npy *npy, const char *name, mdup_cs_uids *out,
                       mdup_error **err) MDUP_MUST_CHECK;
void mdup_cs_uids_clear(mdup_cs_uids *uids);

/** The record with that uid, or -1. */
ptrdiff_t mdup_cs_uids_record(const mdup_cs_uids *uids, uint64_t uid);

#endif
