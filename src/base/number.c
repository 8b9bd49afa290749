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

bool mdup_parse_double(const char *text, size_t length, double *out)
{
    char copy[NUMBER_TEXT_bytes];
    if (!copy_number_text(text, length, copy))
        return false;
    /* strtod also takes hexadecimal, "inf" and "nan": none is a value in a STAR file or on a
     * command line. */
    if (strspn(copy, "+-.0123456789eE") != length)
        return false;
    mdup_locale_guard guard;
    mdup_locale_enter_c(&guard);
    char *end;
    double value = strtod(copy, &end);
    mdup_locale_leave_c(&guard);
    if (*end != '\0' || !isfinite(value))
        return false;
    *out = value;
    return true;
}
