/* How the library speaks: through the caller's functions, never to stdout or stderr. */
#ifndef MDUP_BASE_LOG_H
#define MDUP_BASE_LOG_H

#include <microdup/callbacks.h>

#include "base/error.h"

/** Formats one line and hands it to callbacks->log, when there is one. */
void mdup_log(const mdup_callbacks *callbacks, mdup_log_level level, const char *format, ...)
    MDUP_PRINTF(3, 4);

#endif
