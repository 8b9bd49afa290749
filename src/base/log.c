#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void mdup_log(const mdup_callbacks *callbacks, mdup_log_level level, const char *format, ...)
{
    if (!callbacks || !callbacks->log)
        return;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *line = length < 0 ? NULL : malloc((size_t)length + 1);
    if (!line)
        return;
    va_start(args, format);
    vsnprintf(line, (size_t)length + 1, format, args);
    va_end(args);
    callbacks->log(callbacks->user, level, line);
    free(line);
}
