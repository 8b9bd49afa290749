/* What the microscope's software wrote down about the micrographs of a catalog. */
#ifndef MDUP_CATALOG_METADATA_H
#define MDUP_CATALOG_METADATA_H

#include "catalog/catalog.h"

/** Looks through a folder and those in it for EPU's .xml and SerialEM's .mdoc files and sets
 * `recorded` of the micrographs they are about.  A file belongs to a micrograph when their names are
 * the same without what motion correction, cryoSPARC and the formats add; of an .mdoc the name of
 * its movie counts, SubFramePath.  Of micrographs that are not found so, the movie that RELION's
 * rlnMicrographMetadata names is looked for.  When there are several answers none is taken.
 *
 * Files that are broken are warnings, and so is a folder in which nothing was found.  False with
 * *err set: MISSING (the folder), NOMEM. */
bool mdup_catalog_add_metadata(mdup_catalog *catalog, const char *folder,
                               const mdup_callbacks *callbacks, mdup_error **err) MDUP_MUST_CHECK;

#endif
