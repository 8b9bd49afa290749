#include "session/work.h"

#include <string.h>
#include <unistd.h>

#include <microdup/version.h>

#include "base/log.h"
#include "session/internal.h"

/* A commit is two or three waits for the disk.  So much work at the most is lost when the program is killed; and so many bytes are held in memory
 * until then. */
static const double COMMIT_EVERY_s = 2;
enum { COMMIT_AT_bytes = 16 << 20 };

static double seconds_since(const struct timespec *then)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) + 1e-9 * (double)(now.tv_nsec - then->tv_nsec);
}

static bool commit_locked(mdup_session *s, mdup_error **err)
{
    if (!s->in_transaction)
        return true;
    if (!mdup_lock_check(s->lock, err) || !mdup_database_run(s->db, "COMMIT", err))
        return false;
    s->in_transaction = false;
    s->pending_bytes = 0;
    return true;
}

bool mdup_session_put_begin(mdup_session *s, mdup_error **err)
{
    pthread_mutex_lock(&s->mutex);
    if (s->in_transaction)
        return true;
    if (!mdup_database_run(s->db, "BEGIN IMMEDIATE", err)) {
        pthread_mutex_unlock(&s->mutex);
        return false;
    }
    s->in_transaction = true;
    clock_gettime(CLOCK_MONOTONIC, &s->transaction_began);
    return true;
}

bool mdup_session_put_end(mdup_session *s, bool ok, size_t bytes, mdup_error **err)
{
    s->pending_bytes += bytes;
    bool is_time = s->pending_bytes >= COMMIT_AT_bytes ||
                   seconds_since(&s->transaction_began) >= COMMIT_EVERY_s;
    ok = ok && (!is_time || commit_locked(s, err));
    pthread_mutex_unlock(&s->mutex);
    return ok;
}

bool mdup_session_commit(mdup_session *s, mdup_error **err)
{
    pthread_mutex_lock(&s->mutex);
    bool ok = commit_locked(s, err);
    pthread_mutex_unlock(&s->mutex);
    return ok;
}

void mdup_session_time(char text[32])
{
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static bool insert_run(mdup_session *s, const char *command, const char *command_line,
                       mdup_error **err)
{
    char host[256], now[32];
    if (gethostname(host, sizeof host) != 0)
        host[0] = '\0';
    host[sizeof host - 1] = '\0';
    mdup_session_time(now);
    mdup_query q = mdup_query_begin(
        s->db, "INSERT INTO runs (command, command_line, version, host, pid, began) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    mdup_query_bind_text(&q, 1, command);
    mdup_query_bind_text(&q, 2, command_line);
    mdup_query_bind_text(&q, 3, mdup_version());
    mdup_query_bind_text(&q, 4, host);
    mdup_query_bind_int(&q, 5, (int64_t)getpid());
    mdup_query_bind_text(&q, 6, now);
    if (!mdup_query_finish(&q, err))
        return false;
    s->run = mdup_database_last_id(s->db);
    return true;
}

bool mdup_session_begin_run(mdup_session *s, const char *command, const char *command_line,
                            mdup_error **err)
{
    return mdup_session_put_begin(s, err) &&
           mdup_session_put_end(s, insert_run(s, command, command_line, err), 0, err);
}
