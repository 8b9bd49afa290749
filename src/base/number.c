#include "base/number.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Longest number text looked at; longer is refused.  A double needs at most 24 digits to be told
 * from its neighbours. */
enum { NUMBER_TEXT_bytes = 64 };

void mdup_locale_enter_c(mdup_locale_guard *guard)
{
    guard->before = (locale_t)0;
    guard->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (guard->c_locale != (locale_t)0)
        guard->before = uselocale(guard->c_locale);
}

void mdup_locale_leave_c(mdup_locale_guard *guard)
{
    if (guard->c_locale == (locale_t)0)
        return;
    uselocale(guard->before);
    freelocale(guard->c_locale);
}

static bool copy_number_text(const char *text, size_t length, char copy[NUMBER_TEXT_bytes])
{
    /* strtod and strtoll skip leading blanks; a number with one is not a number here. */
    if (length == 0 || length >= NUMBER_TEXT_bytes || isspace((unsigned char)text[0]))
        return false;
    if (memchr(text, '\0', length))
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return true;
}

bool mdup_parse_int64(const char *text, size_t length, int64_t *out)
{
    char copy[NUMBER_TEXT_bytes];
    if (!copy_number_text(text, length, copy))
        return false;
    char *end;
    errno = 0;
    long long value = strtoll(copy, &end, 10);
    if (errno || *end != '\0')
        return false;
    *out = value;
    return true;
}

/* Reads sign, digits, point and digits.  False when that is not all of the text, there is no digit or more than 15 of them. */
static bool read_plain_decimal(const char *text, size_t length, int64_t *digits, size_t *n_behind)
{
    size_t i = text[0] == '-' || text[0] == '+', n_digits = 0, point = length;
    *digits = 0;
    for (; i < length; i++) {
        if (text[i] == '.' && point == length) {
            point = i;
        } else if (text[i] >= '0' && text[i] <= '9' && n_digits < 15) {
            *digits = 10 * *digits + (text[i] - '0');
            n_digits++;
        } else {
            return false;
        }
    }
    *n_behind = point == length ? 0 : length - point - 1;
    return n_digits > 0;
}

/* Most numbers of a STAR file: up to 15 digits and a power of ten up to 1e22 are exact doubles, so that one division rounds once, as
 * strtod does (Clinger 1990).  Making a locale for strtod takes ten times as long. */
static bool parse_plain_decimal(const char *text, size_t length, double *out)
{
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    int64_t digits;
    size_t n_behind;
    if (!read_plain_decimal(text, length, &digits, &n_behind))
        return false;
    double value = (double)digits / powers[n_behind];
    *out = text[0] == '-' ? -value : value;
    return true;
}

static bool parse_any_double(const char *text, double *out)
{
    mdup_locale_guard guard;
    mdup_locale_enter_c(&guard);
    char *end;
    double value = strtod(text, &end);
    mdup_locale_leave_c(&guard);
    if (*end != '\0' || !isfinite(value))
        return false;
    *out = value;
    return true;
}

bool mdup_parse_double(const char *text, size_t length, double *out)
{
    if (length > 0 && parse_plain_decimal(text, length, out))
        return true;
    char copy[NUMBER_TEXT_bytes];
    if (!copy_number_text(text, length, copy))
        return false;
    /* strtod also takes hexadecimal, "inf" and "nan": none is a value in a STAR file or on a
     * command line. */
    if (strspn(copy, "+-.0123456789eE") != length)
        return false;
    return parse_any_double(copy, out);
}
