#include "base/date.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Days since 1970-01-01 in the Gregorian calendar, years beginning in March so that the leap day
 * comes last (H. Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400, year_of_era = y % 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

bool mdup_date_is_possible(const mdup_date *d)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (d->year < 1990 || d->year > 2099 || d->month < 1 || d->month > 12)
        return false;
    bool is_leap = d->year % 4 == 0; /* 2000 was one, and 2100 is out of range */
    int last = days[d->month - 1] + (d->month == 2 && is_leap ? 1 : 0);
    return d->day >= 1 && d->day <= last && d->hour >= 0 && d->hour < 24 && d->minute >= 0 &&
           d->minute < 60 && d->second >= 0 && d->second < 60;
}

double mdup_date_seconds(const mdup_date *d)
{
    return (double)(days_since_1970(d->year, d->month, d->day) * 86400 + d->hour * 3600 +
                    d->minute * 60 + d->second);
}

int mdup_date_month(const char *text)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int month = 0; month < 12; month++)
        if (strncmp(text, names + 3 * month, 3) == 0)
            return month + 1;
    return 0;
}
