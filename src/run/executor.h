/* Who does the work: today threads of this process.  The stages see a job callback and never a
 * thread. */
#ifndef MDUP_RUN_EXECUTOR_H
#define MDUP_RUN_EXECUTOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/** One item of work.  Called at most once for each item, in any order, from any worker; `worker` is
 * below n_workers, and no two calls with the same worker run at once, so it may index scratch
 * space.  Results go where `item` says. */
typedef bool (*mdup_job)(void *context, size_t item, int worker, mdup_error **err);

/** Called on the calling thread, from time to time and at the end.  Returns false to stop. */
typedef bool (*mdup_job_progress)(void *context, size_t items_done);

typedef struct {
    size_t n_items;
    int n_workers; /* >= 1; with 1 everything runs on the calling thread */
    mdup_job job;
    mdup_job_progress progress; /* may be NULL */
    void *context;
} mdup_batch;

/** Runs all items.  When some fail the error is that of the lowest failing item that ran, whatever
 * the timing, and no new items are started; ABORTED when progress returned false. */
bool mdup_run_batch(const mdup_batch *batch, mdup_error **err) MDUP_MUST_CHECK;

/** How many workers to use when the user does not say: SLURM_CPUS_PER_TASK, else the cores this
 * process may run on. */
int mdup_default_workers(void);

#endif
