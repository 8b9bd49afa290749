/* Dates of the Gregorian calendar, without time zones. */
#ifndef MDUP_BASE_DATE_H
#define MDUP_BASE_DATE_H

#include <stdbool.h>

typedef struct {
    int year, month, day, hour, minute, second;
} mdup_date;

/** Whether the calendar has that day and the clock that second, from 1990 to 2099: what lies outside
 * is no date of a recording. */
bool mdup_date_is_possible(const mdup_date *date);

/** Seconds since 1970-01-01 00:00:00 of the same clock.  The date must be possible. */
double mdup_date_seconds(const mdup_date *date);

/** 1 to 12 when the first three letters of text are the English name of a month, "Jan"; else 0.
 * Three bytes are read, or fewer when one of them is NUL. */
int mdup_date_month(const char *text);

#endif
