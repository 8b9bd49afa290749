/* Opening and closing, for reading and for work. */
#define _XOPEN_SOURCE 700 /* realpath */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "session/internal.h"
#include "session/schema.h"
#include "session/work.h"

/* ---- what kind of file it is ---- */

/* The first bytes of a file; fewer when it is shorter, 0 when there is none. */
static bool read_head(const char *path, uint8_t head[MDUP_DATABASE_HEAD_bytes], size_t *length,
                      mdup_error **err)
{
    *length = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ||
               mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    ssize_t got = read(fd, head, MDUP_DATABASE_HEAD_bytes);
    int reason = errno;
    close(fd);
    if (got < 0)
        return mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be read: %s", path, strerror(reason));
    *length = (size_t)got;
    return true;
}

static uint32_t application_of(const uint8_t *head)
{
    const uint8_t *b = head + MDUP_DATABASE_APPLICATION_offset;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | (uint32_t)b[3];
}

static bool has_magic(const uint8_t *head, size_t length)
{
    return length == MDUP_DATABASE_HEAD_bytes &&
           memcmp(head, MDUP_DATABASE_MAGIC, sizeof MDUP_DATABASE_MAGIC) == 0;
}

bool mdup_session_detect(const char *path)
{
    uint8_t head[MDUP_DATABASE_HEAD_bytes];
    size_t length;
    return mdup_path_is_file(path) && read_head(path, head, &length, NULL) &&
           has_magic(head, length) && application_of(head) == MDUP_SESSION_APPLICATION;
}

/* While there is one, what stands in the file may be half of something, which SQLite takes back. */
static bool has_journal(const char *path)
{
    mdup_strbuf journal = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&journal, "%s-journal", path);
    bool there = !journal.failed && access(journal.text, F_OK) == 0;
    mdup_strbuf_free(&journal);
    return there;
}

bool mdup_session_check_head(const char *path, bool *empty, mdup_error **err)
{
    uint8_t head[MDUP_DATABASE_HEAD_bytes];
    size_t length;
    if (!read_head(path, head, &length, err))
        return false;
    *empty = length == 0;
    return *empty || has_magic(head, length) || has_journal(path) ||
           mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: no session of microdup; give another name, or remove this file if it was "
                     "one and is damaged",
                     path);
}

/* Asked on a file that SQLite has not open yet: the system forgets all locks of a process on a file when any of its handles is closed. */
bool mdup_session_has_system_locks(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return true;
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1};
    bool missing = fcntl(fd, F_GETLK, &lock) != 0 &&
                   (errno == ENOSYS || errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOTSUP);
    close(fd);
    return !missing;
}

/* A link and what it points to are one session, with one lock: NULL when it is none. */
static char *follow_link(const char *path)
{
    struct stat status;
    bool is_link = lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
    return is_link ? realpath(path, NULL) : NULL;
}

char *mdup_session_holder(const char *path)
{
    char *real = follow_link(path);
    char *holder = mdup_lock_describe_holder(real ? real : path, &mdup_lock_usual_times);
    free(real);
    return holder;
}

/* ---- for reading ---- */

static mdup_session *open_database(const char *path, mdup_database_mode mode, bool system_locks,
                                   mdup_error **err)
{
    mdup_session *session = mdup_calloc(1, sizeof *session, err);
    if (!session)
        return NULL;
    session->db = mdup_database_open(path, mode, system_locks, err);
    if (session->db)
        return session;
    mdup_session_close(session);
    return NULL;
}

/* Without locks of the system nothing keeps a reader from seeing half of what a writer commits. */
static bool refuse_unlocked(const char *path, bool system_locks, mdup_error **err)
{
    char *holder = system_locks ? NULL : mdup_session_holder(path);
    if (holder)
        (void)mdup_fail(err, MDUP_ERROR_IO,
                        "%s: the session is in use by %s, and its file system has no locks to read "
                        "it meanwhile; wait until that has ended",
                        path, holder);
    bool refused = holder != NULL;
    free(holder);
    return !refused;
}

mdup_session *mdup_session_open(const char *path, mdup_error **err)
{
    bool empty, system_locks = mdup_session_has_system_locks(path);
    if (mdup_path_is_directory(path)) {
        (void)mdup_fail(err, MDUP_ERROR_INVALID, "%s: is a folder; give the session file in it",
                        path);
        return NULL;
    }
    if (!mdup_session_check_head(path, &empty, err) || !refuse_unlocked(path, system_locks, err))
        return NULL;
    if (empty) {
        (void)mdup_fail(err, MDUP_ERROR_MISSING,
                        "%s: there is no session here, or nothing in it yet; microdup screen makes "
                        "one",
                        path);
        return NULL;
    }
    mdup_session *session = open_database(path, MDUP_DATABASE_READ, system_locks, err);
    if (session && mdup_schema_check(session->db, err))
        return session;
    mdup_session_close(session);
    return NULL;
}

/* ---- for work ---- */

/* The journal first: without its database it means nothing, but the other way round it would be played into the next one. */
static bool remove_session(const char *path, mdup_error **err)
{
    mdup_strbuf journal = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&journal, "%s-journal", path);
    bool ok = mdup_strbuf_check(&journal, err);
    const char *const names[] = {journal.text, path};
    for (int i = 0; ok && i < 2; i++)
        if (unlink(names[i]) != 0 && errno != ENOENT)
            ok = mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be removed: %s", names[i],
                           strerror(errno));
    mdup_strbuf_free(&journal);
    return ok;
}

/* With the permissions that the umask leaves, as the other files: SQLite would never let a group write. */
static bool create_empty(const char *path, mdup_error **err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be made: %s", path, strerror(errno));
    close(fd);
    return true;
}

static bool open_locked(mdup_session *session, const char *path, bool restart, mdup_error **err)
{
    bool empty;
    if (!mdup_session_check_head(path, &empty, err))
        return false;
    /* A database of another program is not thrown away. */
    if (restart && !empty && !mdup_session_detect(path))
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: a database of another program, not a session of microdup; give "
                         "another name",
                         path);
    if ((restart || empty) && (!remove_session(path, err) || !create_empty(path, err)))
        return false;
    /* There may be no session to ask yet; its lock is on the same file system. */
    bool system_locks = mdup_session_has_system_locks(mdup_lock_path(session->lock));
    session->db = mdup_database_open(path, MDUP_DATABASE_CREATE, system_locks, err);
    clock_gettime(CLOCK_MONOTONIC, &session->transaction_began);
    return session->db && mdup_schema_bring_up_to_date(session->db, &session->in_transaction, err);
}

static mdup_session *work(const char *path, mdup_lock_patience patience, bool restart,
                          const mdup_callbacks *callbacks, mdup_error **err)
{
    mdup_session *session = mdup_calloc(1, sizeof *session, err);
    if (!session)
        return NULL;
    session->has_mutex = pthread_mutex_init(&session->mutex, NULL) == 0;
    char *real = follow_link(path);
    const char *name = real ? real : path;
    session->lock = mdup_lock_take(name, patience, &mdup_lock_usual_times, callbacks, err);
    bool ok = session->lock && open_locked(session, name, restart, err);
    free(real);
    if (ok)
        return session;
    mdup_session_close(session);
    return NULL;
}

mdup_session *mdup_session_work(const char *path, bool restart, const mdup_callbacks *callbacks,
                                mdup_error **err)
{
    return work(path, MDUP_LOCK_WAIT, restart, callbacks, err);
}

mdup_session *mdup_session_work_now(const char *path, mdup_error **err)
{
    if (mdup_session_detect(path))
        return work(path, MDUP_LOCK_NOW, false, NULL, err);
    (void)mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "%s: no session of microdup", path);
    return NULL;
}

void mdup_session_close(mdup_session *session)
{
    if (!session)
        return;
    mdup_database_close(session->db);
    mdup_lock_release(session->lock);
    if (session->has_mutex)
        pthread_mutex_destroy(&session->mutex);
    free(session);
}
