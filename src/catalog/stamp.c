#include "catalog/stamp.h"

#include <stdint.h>
#include <string.h>

enum { YEAR_when_unknown = 2000 }; /* a leap year */

typedef struct {
    int year, month, day, hour, minute, second;
} calendar;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

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

static bool is_possible(const calendar *c)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (c->year < 1990 || c->year > 2099 || c->month < 1 || c->month > 12)
        return false;
    bool is_leap = c->year % 4 == 0; /* 2000 was one, and 2100 is out of range */
    int last = days[c->month - 1] + (c->month == 2 && is_leap ? 1 : 0);
    return c->day >= 1 && c->day <= last && c->hour < 24 && c->minute < 60 && c->second < 60;
}

static double to_seconds(const calendar *c)
{
    return (double)(days_since_1970(c->year, c->month, c->day) * 86400 + c->hour * 3600 +
                    c->minute * 60 + c->second);
}

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

/* Whether text has the shape of pattern: '9' a digit, '-' one of "-_.:T", anything else itself.  A
 * digit next to either end belongs to a longer number, and then it has not. */
static bool has_shape(const char *text, size_t length, size_t at, const char *pattern)
{
    size_t n = strlen(pattern);
    if (length - at < n || (at > 0 && is_digit(text[at - 1]) && pattern[0] == '9') ||
        (at + n < length && is_digit(text[at + n])))
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = text[at + i];
        bool fits = pattern[i] == '9'   ? is_digit(c)
                    : pattern[i] == '-' ? c != '\0' && strchr("-_.:T", c) != NULL
                                        : c == pattern[i];
        if (!fits)
            return false;
    }
    return true;
}

static int month_by_name(const char *text)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int month = 0; month < 12; month++)
        if (memcmp(text, names + 3 * month, 3) == 0)
            return month + 1;
    return 0;
}

/* Digits of a date and a time that stand `step` apart: "20240328_192116" and "2024-03-28_19.21.16".
 */
static calendar read_numeric(const char *text, size_t date_step, size_t time_at, size_t time_step)
{
    const char *time = text + time_at;
    return (calendar){two_digits(text) * 100 + two_digits(text + 2),
                      two_digits(text + 2 + date_step),
                      two_digits(text + 2 + 2 * date_step),
                      two_digits(time),
                      two_digits(time + time_step),
                      two_digits(time + 2 * time_step)};
}

static bool read_stamp(const char *text, size_t length, size_t at, mdup_stamp *stamp)
{
    calendar c;
    const char *here = text + at;
    bool has_year = true;
    size_t stamp_length;
    if (has_shape(text, length, at, "99999999-999999")) {
        c = read_numeric(here, 2, 9, 2);
        stamp_length = 15;
    } else if (has_shape(text, length, at, "99999999999999")) {
        c = read_numeric(here, 2, 8, 2);
        stamp_length = 14;
    } else if (has_shape(text, length, at, "9999-99-99-99-99-99")) {
        c = read_numeric(here, 3, 11, 3);
        stamp_length = 19;
    } else if (length - at >= 14 && is_letter(here[0]) && !(at > 0 && is_letter(text[at - 1])) &&
               has_shape(text, length, at + 3, "99_99.99.99")) {
        c = (calendar){YEAR_when_unknown,    month_by_name(here),  two_digits(here + 3),
                       two_digits(here + 6), two_digits(here + 9), two_digits(here + 12)};
        has_year = false;
        stamp_length = 14;
    } else {
        return false;
    }
    if (!is_possible(&c))
        return false;
    *stamp = (mdup_stamp){at, stamp_length, has_year, to_seconds(&c)};
    return true;
}

bool mdup_stamp_find_last(const char *text, size_t length, mdup_stamp *stamp)
{
    for (size_t at = length; at-- > 0;)
        if (read_stamp(text, length, at, stamp))
            return true;
    return false;
}

bool mdup_stamp_find_minutes(const char *text, size_t length, mdup_stamp *stamp)
{
    static const char shape[] = "99999999_9999-";
    const size_t shape_length = sizeof shape - 1;
    for (size_t at = length; at-- > 0;) {
        if (length - at <= shape_length || !is_digit(text[at]) ||
            (at > 0 && is_digit(text[at - 1])) || !has_shape(text, at + shape_length, at, shape) ||
            text[at + shape_length - 1] != '-')
            continue;
        calendar c = read_numeric(text + at, 2, 9, 2);
        c.second = 0;
        /* At most six digits, in units of 10 us: enough to order within a minute, too little to
         * reach the next. */
        int64_t number = 0;
        size_t end = at + shape_length;
        while (end < length && is_digit(text[end]) && number < 100000)
            number = number * 10 + (text[end++] - '0');
        if (end == at + shape_length || !is_possible(&c))
            continue;
        *stamp = (mdup_stamp){at, end - at, true, to_seconds(&c) + (double)number * 1e-5};
        return true;
    }
    return false;
}

bool mdup_stamp_is_month_day(const char *text, size_t length)
{
    return length == 5 && month_by_name(text) > 0 && is_digit(text[3]) && is_digit(text[4]);
}
