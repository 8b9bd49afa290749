/* Whether a micrograph could be judged, and if not why. */
#ifndef MDUP_CATALOG_STATUS_H
#define MDUP_CATALOG_STATUS_H

#include <stdbool.h>

typedef enum {
    MDUP_STATUS_OK,
    MDUP_STATUS_ODD_SIZE, /* not the size or pixel size most have; compared with its own kind only
                           */
    MDUP_STATUS_MISSING,
    MDUP_STATUS_UNREADABLE, /* the system or the format refuses it */
    MDUP_STATUS_TRUNCATED,
    MDUP_STATUS_EMPTY,       /* 0 bytes */
    MDUP_STATUS_UNSUPPORTED, /* a pixel type this program does not read */
    MDUP_STATUS_NAN,         /* holds NaN or Inf */
    MDUP_STATUS_BLANK,       /* constant, in whole or in most of the frame */
    MDUP_STATUS_TOO_SMALL
} mdup_status;

typedef struct {
    mdup_status status;
    char *reason;   /* one line for the user; NULL when there is nothing to say.  Owned */
    double pixel_A; /* 0 when unknown */
} mdup_judgement;

/** "ok", "odd-size", ...; static storage. */
const char *mdup_status_name(mdup_status status);

/** The status of that name; false, with the output untouched, when there is none. */
bool mdup_status_parse(const char *name, mdup_status *status);

/** True for those that took part in the comparison (OK and ODD_SIZE). */
bool mdup_status_is_judged(mdup_status status);

#endif
