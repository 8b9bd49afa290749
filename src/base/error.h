/* Making errors.  The public side (reading them) is microdup/error.h. */
#ifndef MDUP_BASE_ERROR_H
#define MDUP_BASE_ERROR_H

#include <microdup/error.h>

/** Puts an error into *err.  Does nothing when err is NULL; asserts that none stands there already.
 * Returns false, so that a function can end with `return mdup_fail(err, ...)`. */
bool mdup_fail(mdup_error **err, mdup_error_code code, const char *format, ...) MDUP_PRINTF(3, 4);

/** The same for "out of memory".  The error object is static, so this cannot fail in turn. */
bool mdup_fail_nomem(mdup_error **err);

/** Puts "text: " before the message of *err, when there is one. */
void mdup_error_prefix(mdup_error **err, const char *format, ...) MDUP_PRINTF(2, 3);

/** Hands the error in *from (which becomes NULL) to the caller's *to, or frees it when `to` is
 * NULL.  Returns false. */
bool mdup_error_move(mdup_error **to, mdup_error **from);

#endif
