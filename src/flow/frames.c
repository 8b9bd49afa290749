#include "flow/frames.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/alloc.h"

typedef struct {
    int64_t id; /* in the session */
    int32_t n_users;
    bool was_used; /* since the hand last passed it */
} state;

struct mdup_frames {
    mdup_session *session;
    const char *session_path;
    mdup_reading *readings;
    size_t n;
    double most_bytes, held_bytes;
    state *states;
    size_t hand; /* of the clock that finds what was not used for long */
    bool has_mutex;
    pthread_mutex_t mutex;
};

mdup_frames *mdup_frames_new(mdup_session *session, const char *session_path,
                             mdup_reading *readings, size_t n, double most_bytes, mdup_error **err)
{
    mdup_frames *f = mdup_calloc(1, sizeof *f, err);
    if (!f)
        return NULL;
    f->session = session;
    f->session_path = session_path;
    f->readings = readings;
    f->n = n;
    f->most_bytes = most_bytes;
    f->states = mdup_calloc(n, sizeof *f->states, err);
    f->has_mutex = f->states && pthread_mutex_init(&f->mutex, NULL) == 0;
    if (f->has_mutex)
        return f;
    if (f->states)
        mdup_fail_nomem(err);
    mdup_frames_free(f);
    return NULL;
}

void mdup_frames_free(mdup_frames *f)
{
    if (!f)
        return;
    if (f->has_mutex)
        pthread_mutex_destroy(&f->mutex);
    free(f->states);
    free(f);
}

static double bytes_of(const mdup_frames *f, size_t i)
{
    return (double)f->readings[i].frame_nx * f->readings[i].frame_ny;
}

static void drop(mdup_frames *f, size_t i)
{
    free(f->readings[i].frame);
    f->readings[i].frame = NULL;
    f->held_bytes -= bytes_of(f, i);
}

void mdup_frames_add(mdup_frames *f, size_t i, int64_t id)
{
    pthread_mutex_lock(&f->mutex);
    f->states[i].id = id;
    f->held_bytes += bytes_of(f, i);
    if (f->session && f->held_bytes > f->most_bytes)
        drop(f, i);
    pthread_mutex_unlock(&f->mutex);
}

/* The hand goes round twice at the most: those in use stay. */
static void make_room(mdup_frames *f, double bytes)
{
    for (size_t step = 0; step < 2 * f->n && f->held_bytes + bytes > f->most_bytes; step++) {
        size_t i = f->hand;
        f->hand = (f->hand + 1) % f->n;
        if (!f->readings[i].frame || f->states[i].n_users > 0)
            continue;
        if (f->states[i].was_used)
            f->states[i].was_used = false;
        else
            drop(f, i);
    }
}

static bool load(mdup_frames *f, size_t i, mdup_error **err)
{
    mdup_reading *r = &f->readings[i];
    mdup_session_reading where = {.id = f->states[i].id,
                                  .frame_nx = r->frame_nx,
                                  .frame_ny = r->frame_ny,
                                  .frame_hash = r->frame_hash};
    make_room(f, bytes_of(f, i));
    bool intact = false;
    int8_t *pixels =
        mdup_alloc_aligned((size_t)r->frame_nx * (size_t)r->frame_ny, sizeof *pixels, err);
    if (!pixels || !mdup_session_get_frame(f->session, &where, pixels, &intact, err)) {
        free(pixels);
        return false;
    }
    if (!intact) {
        free(pixels);
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: a frame is not what was put there a while ago; check the disk, and "
                         "start again",
                         f->session_path);
    }
    r->frame = pixels;
    f->held_bytes += bytes_of(f, i);
    return true;
}

const int8_t *mdup_frames_get(mdup_frames *f, size_t i, mdup_error **err)
{
    pthread_mutex_lock(&f->mutex);
    const int8_t *frame = NULL;
    if (f->readings[i].frame || load(f, i, err)) {
        f->states[i].n_users++;
        f->states[i].was_used = true;
        frame = f->readings[i].frame;
    }
    pthread_mutex_unlock(&f->mutex);
    return frame;
}

void mdup_frames_release(mdup_frames *f, size_t i)
{
    pthread_mutex_lock(&f->mutex);
    f->states[i].n_users--;
    pthread_mutex_unlock(&f->mutex);
}
