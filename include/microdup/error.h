/* Errors: every function that can fail takes a `mdup_error **` last.  It may be NULL.  On failure
 * the function returns false (or NULL) and, when the caller gave a place, puts one error there that
 * the caller frees.  Outputs are untouched on failure.  No global state: safe from any thread. */
#ifndef MICRODUP_ERROR_H
#define MICRODUP_ERROR_H

#include <stdbool.h>

#if defined(__GNUC__)
#define MDUP_PUBLIC __attribute__((visibility("default")))
#define MDUP_MUST_CHECK __attribute__((warn_unused_result))
#define MDUP_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#else
#define MDUP_PUBLIC
#define MDUP_MUST_CHECK
#define MDUP_PRINTF(format_at, args_at)
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    MDUP_ERROR_NOMEM = 1,   /* memory could not be had */
    MDUP_ERROR_INVALID,     /* the caller asked for something that makes no sense */
    MDUP_ERROR_MISSING,     /* no such file */
    MDUP_ERROR_IO,          /* the system refused to read or write */
    MDUP_ERROR_PARSE,       /* the bytes are not what the format says */
    MDUP_ERROR_TRUNCATED,   /* the file ends before its data do */
    MDUP_ERROR_UNSUPPORTED, /* valid, and not for this program */
    MDUP_ERROR_ABORTED      /* stopped on request */
} mdup_error_code;

typedef struct mdup_error mdup_error;

/** What kind of failure it was. */
MDUP_PUBLIC mdup_error_code mdup_error_get_code(const mdup_error *err);

/** One line, in English, without a final full stop or newline, naming the file concerned and what
 * to do about it. Owned by the error. */
MDUP_PUBLIC const char *mdup_error_get_message(const mdup_error *err);

/** Frees *err, when there is one, and sets it to NULL. */
MDUP_PUBLIC void mdup_error_clear(mdup_error **err);

#ifdef __cplusplus
}
#endif
#endif
