/* Which micrographs are shots of one hole, taken in one visit. */
#ifndef MDUP_CATALOG_HOLES_H
#define MDUP_CATALOG_HOLES_H

#include "catalog/catalog.h"

/** Sets hole and shot of the micrographs whose names tell them; the catalog must be sorted.
 *
 * Micrographs have the same hole if and only if they are shots of one hole in one visit of the
 * stage, as far as names tell; in doubt they are kept apart, since what is concluded from a hole
 * needs all its shots to move together.
 *
 * EPU's and Leginon's holes have a number or name of their own.  SerialEM and McGill count holes
 * from the start at each stage move ("2-4", "X+1Y-1-4"), so the hole is called
 * <root and label>_<number>_<hole>, where the number is
 * - when it counts shots, that of the hole's first shot, worked out from any of its shots (number
 *   minus place of the shot), so that shots missing from the list do no harm: CU428_04702_4-3 is of
 *   hole CU428_04700_4.  Whether shot 0, the centre, comes first or last is read off the names;
 * - when it counts stage moves (one number with different shots), the number itself;
 * - left out when the names have none.
 *
 * Visits that would be called the same (the same names in another folder; a shot that comes a
 * second time; without a number also a shot that does not follow the one before it, or comes two
 * minutes after it) get "#2", "#3" behind.  False with *err set: NOMEM. */
bool mdup_catalog_find_holes(mdup_catalog *catalog, mdup_error **err) MDUP_MUST_CHECK;

/** The same for those whose names tell none and whose `recorded` has one, SerialEM's
 * MultishotHoleAndPosition: the hole is called <label in the navigator>_<hole>.  A shot that comes a
 * second time, comes two minutes after the one before it, or from another stage position begins
 * another visit, "#2". */
bool mdup_catalog_find_recorded_holes(mdup_catalog *catalog, mdup_error **err) MDUP_MUST_CHECK;

/** For these two: sets hole and shot, "key" or from the second visit on "key#2". */
bool mdup_set_hole(mdup_micrograph *m, const char *key, size_t visit, const char *shot,
                   size_t shot_length, mdup_error **err) MDUP_MUST_CHECK;

#endif
