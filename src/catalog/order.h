/* The order of acquisition. */
#ifndef MDUP_CATALOG_ORDER_H
#define MDUP_CATALOG_ORDER_H

#include "catalog/catalog.h"

/** Compares two names with runs of digits as numbers, however long: x9 < x10.  Names that differ
 * only in leading zeros are told apart by their bytes, so this is a strict total order over byte
 * strings: 0 only for equal ones.  No locale. */
int mdup_natural_compare(const char *a, size_t a_length, const char *b, size_t b_length);

/** Sorts the micrographs, sets their times, order_used and order_reason.
 *
 * When the microscope's own files tell the time of every micrograph (metadata.h), these take the
 * place of the stamps in names.
 *
 * AUTO     TIME when every name holds a time stamp and they are not all the same, else NATURAL when
 *          the names are numbered (are the same but for their numbers), else STAR
 * STAR     the inputs in the order given, each as listed
 * NAME     the whole name by its bytes, as the original sorts
 * NATURAL  folder by folder, and within one by the file's name without cryoSPARC's uid
 * TIME     the stamps in the names.  When some name has none: the files' modification times, for
 *          all, since a stamp (exposure, microscope's clock) and a modification time (motion
 *          correction, computer's clock) cannot be mixed; missing files then come last
 *
 * What compares equal goes by NATURAL, then by input and row.
 *
 * Stamps without a year (Nov04_04.01.02) are of a session that may cross New Year: it begins behind
 * the longest gap between neighbours round the calendar.  When only some stamps have a year, those
 * without are not used.
 *
 * A warning tells when the order contradicts the stamps, and how many micrographs are out of place:
 * the least number that would have to be moved.  O(n log n).  False with *err set: NOMEM. */
bool mdup_catalog_sort(mdup_catalog *catalog, mdup_order order, const mdup_callbacks *callbacks,
                       mdup_error **err) MDUP_MUST_CHECK;

#endif
