/* Dates with a time of day inside a file name. */
#ifndef MDUP_CATALOG_STAMP_H
#define MDUP_CATALOG_STAMP_H

#include <stddef.h>

#include "base/error.h"

typedef struct {
    size_t begin, length; /* where it stands */
    bool has_year;        /* false for "Sep22_18.10.51"; the year is then taken as 2000 */
    double time_s;        /* since 1970, no time zone */
} mdup_stamp;

/** Finds the last of the forms 20240328_192116 (also with '-', 'T' or '.' between), 20240328192116,
 *  2024-03-28_19.21.16 (also '-', ':' and 'T') and Sep22_18.10.51 in text.  The last, because the
 * root of a name may hold the time the session began.  False, with *stamp untouched, when there is
 * none; a date that the calendar does not have is none, and neither is one outside 1990 to 2099 (a
 * hole's number). */
bool mdup_stamp_find_last(const char *text, size_t length, mdup_stamp *stamp);

/** The same for EPU's old 20180225_0629-1729, minutes and the camera's running number. */
bool mdup_stamp_find_minutes(const char *text, size_t length, mdup_stamp *stamp);

/** Whether the whole text is a month and a day, "Sep22". */
bool mdup_stamp_is_month_day(const char *text, size_t length);

#endif
