/* What the files of this folder share. */
#ifndef MDUP_SESSION_INTERNAL_H
#define MDUP_SESSION_INTERNAL_H

#include <pthread.h>
#include <time.h>

#include "base/strbuf.h"
#include "session/database.h"
#include "session/lock.h"
#include "session/session.h"

struct mdup_session {
    mdup_database *db;
    /* Of a session that is worked on; */
    mdup_lock *lock; /* NULL when it is read only */
    int64_t run;     /* the row of this process */
    /* what is put, by any thread, is put under the mutex, and committed some seconds later. */
    pthread_mutex_t mutex;
    bool has_mutex, in_transaction;
    struct timespec transaction_began;
    size_t pending_bytes;
};

/** Refuses what is no session by its first bytes, before SQLite looks at it.  *empty: there is no file, or nothing in it. */
bool mdup_session_check_head(const char *path, bool *empty, mdup_error **err) MDUP_MUST_CHECK;

/** Whether the file system has locks. */
bool mdup_session_has_system_locks(const char *path);

/** Between these two, statements may be made that change the session: under the mutex, and inside a transaction.  put_end commits when the last
 *  commit is long ago or much is waiting; ok: what was put between went well, else *err is set already. */
bool mdup_session_put_begin(mdup_session *session, mdup_error **err) MDUP_MUST_CHECK;
bool mdup_session_put_end(mdup_session *session, bool ok, size_t bytes,
                          mdup_error **err) MDUP_MUST_CHECK;

/** "2026-05-04T13:12:11Z" into text[32]. */
void mdup_session_time(char text[32]);

/* ---- numbers as bytes, little-endian ---- */

void mdup_put_u16(mdup_strbuf *out, uint16_t value);
void mdup_put_u32(mdup_strbuf *out, uint32_t value);
void mdup_put_f32(mdup_strbuf *out, float value);
void mdup_put_f64(mdup_strbuf *out, double value);
uint16_t mdup_get_u16(const uint8_t *bytes);
uint32_t mdup_get_u32(const uint8_t *bytes);
float mdup_get_f32(const uint8_t *bytes);
double mdup_get_f64(const uint8_t *bytes);

#endif
