/* One process at a time works on a session, on whatever host: a file beside it says which.  Not the locks of the system, which many network
 * file systems have not, or lose, and which do not outlive a host to say who held them. */
#ifndef MDUP_SESSION_LOCK_H
#define MDUP_SESSION_LOCK_H

#include <stdint.h>

#include <microdup/callbacks.h>

#include "base/error.h"

typedef struct mdup_lock mdup_lock;

typedef struct {
    double renew_s; /* the holder renews it so often */
    double stale_s; /* without renewal for so long, anybody takes it over */
    double look_s;  /* who waits looks so often */
} mdup_lock_times;

/* 30 s and 120 s: four renewals may be lost to a file system that hangs. */
extern const mdup_lock_times mdup_lock_usual_times;

typedef enum {
    MDUP_LOCK_NOW, /* somebody who may be alive is a reason to fail */
    MDUP_LOCK_WAIT /* until it is known whether he is */
} mdup_lock_patience;

/** Takes the lock of the file at `path`: PATH.lock, which need not be there, nor PATH.  It is renewed by a thread of its own until it is
 *  released.  One that is held by a process of this host that is dead is taken over at once; one of another host that was not renewed
 *  for stale_s, as the file server's clock has it, too, and for that is waited (callbacks->log says so, callbacks->stop ends it).  NULL with
 *  *err: INVALID when it is held by somebody alive, saying who and since when; IO; ABORTED; NOMEM. */
mdup_lock *mdup_lock_take(const char *path, mdup_lock_patience patience,
                          const mdup_lock_times *times, const mdup_callbacks *callbacks,
                          mdup_error **err) MDUP_MUST_CHECK;

/** Whether it is still ours.  False with *err (IO) when another process has taken it over, because this one stood still for too long. */
bool mdup_lock_check(mdup_lock *lock, mdup_error **err) MDUP_MUST_CHECK;

/** Of the lock file. */
const char *mdup_lock_path(const mdup_lock *lock);

/** Gives it back, and frees. */
void mdup_lock_release(mdup_lock *lock);

/** Who holds the lock of that file, as a phrase: "process 4711 on node12, since 2026-05-04T13:12:11Z"; NULL when nobody does that is known to
 *  be alive, or memory runs out.  Free with free(). */
char *mdup_lock_describe_holder(const char *path, const mdup_lock_times *times);

#endif
