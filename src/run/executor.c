#include "run/executor.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/number.h"
#include "run/cores.h"

enum { PROGRESS_INTERVAL_ms = 50 };

typedef struct {
    const mdup_batch *batch;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t next; /* the first item nobody has taken */
    size_t done;
    int running; /* workers that have not returned */
    bool stop;
    size_t failed_item; /* lowest failing item; valid when error is set */
    mdup_error *error;
} pool;

typedef struct {
    pool *pool;
    int worker;
} worker_context;

/* Takes the next item in order, so that a failing batch has run every item below the one it
 * reports. */
static bool take_item(pool *p, size_t *item)
{
    pthread_mutex_lock(&p->lock);
    bool got = !p->stop && p->next < p->batch->n_items;
    if (got)
        *item = p->next++;
    pthread_mutex_unlock(&p->lock);
    return got;
}

static void finish_item(pool *p, size_t item, bool ok, mdup_error *err)
{
    pthread_mutex_lock(&p->lock);
    p->done++;
    if (!ok) {
        p->stop = true;
        if (!p->error || item < p->failed_item) {
            mdup_error_clear(&p->error);
            p->error = err;
            p->failed_item = item;
            err = NULL;
        }
    }
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
    mdup_error_clear(&err);
}

static void run_item(pool *p, size_t item, int worker)
{
    mdup_error *err = NULL;
    bool ok = p->batch->job(p->batch->context, item, worker, &err);
    finish_item(p, item, ok, err);
}

static void *work(void *argument)
{
    worker_context *context = argument;
    pool *p = context->pool;
    size_t item;
    while (take_item(p, &item))
        run_item(p, item, context->worker);
    pthread_mutex_lock(&p->lock);
    p->running--;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static bool report(pool *p, size_t done)
{
    return !p->batch->progress || p->batch->progress(p->batch->context, done);
}

static void wait_a_little(pool *p)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PROGRESS_INTERVAL_ms * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&p->changed, &p->lock, &until);
}

/* The calling thread only watches, so that progress and stop requests are prompt however long an
 * item takes. */
static void watch(pool *p, bool *aborted)
{
    size_t reported = 0;
    pthread_mutex_lock(&p->lock);
    while (p->running > 0) {
        wait_a_little(p);
        size_t done = p->done;
        pthread_mutex_unlock(&p->lock);
        bool go_on = report(p, done);
        reported = done;
        pthread_mutex_lock(&p->lock);
        if (!go_on) {
            p->stop = true;
            *aborted = true;
        }
    }
    size_t done = p->done;
    pthread_mutex_unlock(&p->lock);
    if (done != reported && !report(p, done))
        *aborted = true;
}

static int start_workers(pool *p, pthread_t *threads, worker_context *contexts)
{
    int started = 0;
    p->running = p->batch->n_workers;
    for (int i = 0; i < p->batch->n_workers; i++) {
        contexts[i] = (worker_context){p, i};
        if (pthread_create(&threads[i], NULL, work, &contexts[i]) != 0)
            break;
        started++;
    }
    /* Fewer threads than asked for do the same work. */
    pthread_mutex_lock(&p->lock);
    p->running -= p->batch->n_workers - started;
    pthread_mutex_unlock(&p->lock);
    return started;
}

static void run_here(pool *p, bool *aborted)
{
    size_t item;
    while (take_item(p, &item)) {
        run_item(p, item, 0);
        if (!report(p, p->done)) {
            p->stop = true;
            *aborted = true;
        }
    }
}

static bool run_on_threads(pool *p, bool *aborted, mdup_error **err)
{
    size_t n = (size_t)p->batch->n_workers;
    pthread_t *threads = mdup_calloc(n, sizeof *threads, err);
    worker_context *contexts = threads ? mdup_calloc(n, sizeof *contexts, err) : NULL;
    bool ok = contexts != NULL;
    if (ok) {
        int started = start_workers(p, threads, contexts);
        if (started == 0)
            run_here(p, aborted);
        else
            watch(p, aborted);
        for (int i = 0; i < started; i++)
            pthread_join(threads[i], NULL);
    }
    free(contexts);
    free(threads);
    return ok;
}

bool mdup_run_batch(const mdup_batch *batch, mdup_error **err)
{
    pool p = {.batch = batch};
    pthread_mutex_init(&p.lock, NULL);
    pthread_cond_init(&p.changed, NULL);
    bool aborted = false;
    bool ok = true;
    if (batch->n_workers <= 1 || batch->n_items <= 1)
        run_here(&p, &aborted);
    else
        ok = run_on_threads(&p, &aborted, err);
    pthread_cond_destroy(&p.changed);
    pthread_mutex_destroy(&p.lock);
    if (p.error)
        return mdup_error_move(err, &p.error);
    if (ok && aborted)
        return mdup_fail(err, MDUP_ERROR_ABORTED, "stopped on request");
    return ok;
}

int mdup_default_workers(void)
{
    const char *slurm = getenv("SLURM_CPUS_PER_TASK");
    int64_t value;
    if (slurm && mdup_parse_int64(slurm, strlen(slurm), &value) && value >= 1 && value <= 4096)
        return (int)value;
    return mdup_usable_cores();
}
