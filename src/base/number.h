/* Numbers from text, strictly: the whole text is the number or it is refused ("12abc" is not 12),
 * and the decimal point is '.' whatever the locale of the program around us. */
#ifndef MDUP_BASE_NUMBER_H
#define MDUP_BASE_NUMBER_H

#include <locale.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/** Text of `length` bytes, no NUL needed, to a number.  False, with *out untouched, when any of it
 * is not part of the number, when it is empty, or when it does not fit.  A double is finite. */
bool mdup_parse_int64(const char *text, size_t length, int64_t *out) MDUP_MUST_CHECK;
bool mdup_parse_double(const char *text, size_t length, double *out) MDUP_MUST_CHECK;

/* Puts this thread, and no other, into the C locale for the time between the two calls. */
typedef struct {
    locale_t c_locale;
    locale_t before;
} mdup_locale_guard;

void mdup_locale_enter_c(mdup_locale_guard *guard);
void mdup_locale_leave_c(mdup_locale_guard *guard);

#endif
