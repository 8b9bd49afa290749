/* What a long job tells its caller while it runs. */
#ifndef MICRODUP_CALLBACKS_H
#define MICRODUP_CALLBACKS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    MDUP_LOG_INFO,
    MDUP_LOG_WARNING,
    MDUP_LOG_HEADLINE /* the verdict at the end of a job: the line to be seen first */
} mdup_log_level;

typedef struct {
    void *user; /* handed back to each function */

    /* One line of text, without newline.  Always called on the thread that called the job.  May be
     * NULL. */
    void (*log)(void *user, mdup_log_level level, const char *line);

    /* `done` of `total` units of `stage` ("reading", "comparing") are finished.  Called on the
     * calling thread, often; rate limiting is the receiver's business.  May be NULL. */
    void (*progress)(void *user, const char *stage, int64_t done, int64_t total);

    /* Returns true when the job is to stop; it then fails with MDUP_ERROR_ABORTED.  Called on the
     * calling thread.  May be NULL. */
    bool (*stop)(void *user);

    /* How many bytes the files have that were read so far in the stage "reading"; called just before progress.  Images of
     * stacks do not count.  May be NULL. */
    void (*bytes_read)(void *user, int64_t bytes);
} mdup_callbacks;

#ifdef __cplusplus
}
#endif
#endif
