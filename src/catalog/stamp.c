#include "catalog/stamp.h"

#include <stdint.h>
#include <string.h>

#include "base/date.h"

enum { YEAR_when_unknown = 2000 }; /* a leap year */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
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

/* Digits of a date and a time that stand `step` apart: "20240328_192116" and "2024-03-28_19.21.16".
 */
static mdup_date read_numeric(const char *text, size_t date_step, size_t time_at, size_t time_step)
{
    const char *time = text + time_at;
    return (mdup_date){two_digits(text) * 100 + two_digits(text + 2),
                       two_digits(text + 2 + date_step),
                       two_digits(text + 2 + 2 * date_step),
                       two_digits(time),
                       two_digits(time + time_step),
                       two_digits(time + 2 * time_step)};
}

static bool read_stamp(const char *text, size_t length, size_t at, mdup_stamp *stamp)
{
    mdup_date c;
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
        c = (mdup_date){YEAR_when_unknown,    mdup_date_month(here), two_digits(here + 3),
                        two_digits(here + 6), two_digits(here + 9),  two_digits(here + 12)};
        has_year = false;
        stamp_length = 14;
    } else {
        return false;
    }
    if (!mdup_date_is_possible(&c))
        return false;
    *stamp = (mdup_stamp){at, stamp_length, has_year, mdup_date_seconds(&c)};
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
        mdup_date c = read_numeric(text + at, 2, 9, 2);
        c.second = 0;
        /* At most six digits, in units of 10 us: enough to order within a minute, too little to
         * reach the next. */
        int64_t number = 0;
        size_t end = at + shape_length;
        while (end < length && is_digit(text[end]) && number < 100000)
            number = number * 10 + (text[end++] - '0');
        if (end == at + shape_length || !mdup_date_is_possible(&c))
            continue;
        *stamp = (mdup_stamp){at, end - at, true, mdup_date_seconds(&c) + (double)number * 1e-5};
        return true;
    }
    return false;
}

bool mdup_stamp_is_month_day(const char *text, size_t length)
{
    return length == 5 && mdup_date_month(text) > 0 && is_digit(text[3]) && is_digit(text[4]);
}
