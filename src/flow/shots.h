/* Holes and shots of a geometry's micrographs, as numbers. */
#ifndef MDUP_FLOW_SHOTS_H
#define MDUP_FLOW_SHOTS_H

#include "base/error.h"
#include "catalog/catalog.h"

typedef struct {
    int32_t *hole,
        *shot; /* of each member; equal names, equal numbers; hole -1 when the name does not tell.  Owned */
} mdup_shots;

/** Numbers the holes and shots of n micrographs of the catalog (members: their indices).  All NULL when none has a hole.  False with *err
 *  (NOMEM).  Free with mdup_shots_clear. */
bool mdup_shots_find(const mdup_catalog *catalog, const size_t *members, size_t n, mdup_shots *out,
                     mdup_error **err) MDUP_MUST_CHECK;
void mdup_shots_clear(mdup_shots *shots);

#endif
