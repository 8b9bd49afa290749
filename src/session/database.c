#include "session/database.h"

#include <assert.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/path.h"

/* Readers wait so long for a writer that is about to commit, and a writer for readers. */
enum { BUSY_ms = 20000 };

/* The largest text or blob believed: beyond the list of a million micrographs. */
enum { LARGEST_VALUE_bytes = 1 << 30 };

/* Different statements of the program; each is kept prepared. */
enum { MOST_STATEMENTS = 96 };

struct mdup_database {
    char *path;
    sqlite3 *handle;
    struct {
        const char *sql; /* the literal's address is its name */
        sqlite3_stmt *statement;
    } prepared[MOST_STATEMENTS];
    size_t n_prepared;
};

/* ---- errors ---- */

static const char *reason_of(int system_error, int status)
{
    return system_error != 0 ? strerror(system_error) : sqlite3_errstr(status);
}

bool mdup_database_fail_damaged(const mdup_database *db, const char *what, mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_PARSE,
                     "%s: the session file is damaged (%s); put a copy of it in its place, or "
                     "begin anew with microdup screen --restart, which reads all micrographs again",
                     db->path, what);
}

static bool fail_reading_or_writing(const mdup_database *db, int status, int system_error,
                                    mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_IO,
                     "%s: the session file cannot be read or written: %s; when that is mended the "
                     "same command goes on where it was (--session FILE puts the file elsewhere)",
                     db->path, reason_of(system_error, status));
}

static bool fail(const mdup_database *db, int status, int system_error, mdup_error **err)
{
    switch (status & 0xff) {
    case SQLITE_NOMEM:
        return mdup_fail_nomem(err);
    case SQLITE_FULL:
        return mdup_fail(err, MDUP_ERROR_IO,
                         "%s: no space is left for the session file; make room and give the same "
                         "command, which goes on where it was (--session FILE puts it elsewhere)",
                         db->path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return mdup_fail(err, MDUP_ERROR_IO,
                         "%s: another program has locked the session file; end that and try again",
                         db->path);
    case SQLITE_READONLY:
        if (status == SQLITE_READONLY_ROLLBACK)
            return mdup_fail(
                err, MDUP_ERROR_IO,
                "%s: the program that wrote the session was killed, and what it left "
                "cannot be mended here, where it is read-only; copy it, and %s-journal "
                "with it, to a folder that can be written to",
                db->path, mdup_path_base(db->path));
        return mdup_fail(err, MDUP_ERROR_IO,
                         "%s: the session file or its folder is read-only; give another one with "
                         "--session FILE, or none with --no-session",
                         db->path);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return fail_reading_or_writing(db, status, system_error, err);
    default:
        return mdup_database_fail_damaged(db, sqlite3_errstr(status), err);
    }
}

static bool fail_now(mdup_database *db, mdup_error **err)
{
    return fail(db, sqlite3_extended_errcode(db->handle), sqlite3_system_errno(db->handle), err);
}

/* ---- opening ---- */

/* SQLite would take ":memory:" and "" for a database in memory. */
static char *plain_path(const char *path, mdup_error **err)
{
    char *plain = mdup_calloc(strlen(path) + 3, 1, err);
    if (plain) {
        memcpy(plain, "./", 2);
        memcpy(plain + (path[0] == '/' ? 0 : 2), path, strlen(path));
    }
    return plain;
}

/* Triggers and views of a file that somebody else has made are not run, and large numbers in a damaged one do not make large allocations. */
static bool be_careful(mdup_database *db, mdup_error **err)
{
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, BUSY_ms);
    sqlite3_limit(db->handle, SQLITE_LIMIT_LENGTH, LARGEST_VALUE_bytes);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
#ifdef SQLITE_DBCONFIG_TRUSTED_SCHEMA /* since 3.31 */
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
#endif
    /* 32 MB hold what is written between two commits, so that readers are not locked out before the end of a transaction.  Temporary
     * tables and indices stay in memory. */
    return mdup_database_run(
        db, "PRAGMA cell_size_check = ON; PRAGMA cache_size = -32000; PRAGMA temp_store = MEMORY",
        err);
}

static bool open_handle(mdup_database *db, int flags, bool system_locks, mdup_error **err)
{
    char *plain = plain_path(db->path, err);
    if (!plain)
        return false;
    int status = sqlite3_open_v2(plain, &db->handle, flags | SQLITE_OPEN_NOMUTEX,
                                 system_locks ? NULL : "unix-none");
    free(plain);
    if (status != SQLITE_OK)
        return db->handle ? fail_now(db, err) : mdup_fail_nomem(err);
    return be_careful(db, err);
}

mdup_database *mdup_database_open(const char *path, mdup_database_mode mode, bool system_locks,
                                  mdup_error **err)
{
    static const int flags[] = {
        /* For writing, where that is possible: what a killed program has left half written is then taken back. */
        [MDUP_DATABASE_READ] = SQLITE_OPEN_READWRITE,
        [MDUP_DATABASE_WRITE] = SQLITE_OPEN_READWRITE,
        [MDUP_DATABASE_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
    };
    mdup_database *db = mdup_calloc(1, sizeof *db, err);
    if (!db)
        return NULL;
    db->path = mdup_strdup(path, err);
    if (db->path && open_handle(db, flags[mode], system_locks, err) &&
        (mode != MDUP_DATABASE_READ || mdup_database_run(db, "PRAGMA query_only = ON", err)))
        return db;
    mdup_database_close(db);
    return NULL;
}

void mdup_database_close(mdup_database *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < db->n_prepared; i++)
        sqlite3_finalize(db->prepared[i].statement);
    sqlite3_close(db->handle);
    free(db->path);
    free(db);
}

const char *mdup_database_path(const mdup_database *db)
{
    return db->path;
}

bool mdup_database_run(mdup_database *db, const char *sql, mdup_error **err)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK || fail_now(db, err);
}

int64_t mdup_database_last_id(const mdup_database *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

/* ---- statements ---- */

static void note(mdup_query *q, int status)
{
    if (q->status != SQLITE_OK || status == SQLITE_OK)
        return;
    q->status = status;
    q->system_error = sqlite3_system_errno(q->db->handle);
}

static bool find_prepared(mdup_database *db, const char *sql, sqlite3_stmt **statement)
{
    for (size_t i = 0; i < db->n_prepared; i++)
        if (db->prepared[i].sql == sql) {
            *statement = db->prepared[i].statement;
            return true;
        }
    return false;
}

mdup_query mdup_query_begin(mdup_database *db, const char *sql)
{
    mdup_query q = {.db = db};
    sqlite3_stmt *statement = NULL;
    if (!find_prepared(db, sql, &statement)) {
        if (db->n_prepared == MOST_STATEMENTS) {
            q.status = SQLITE_NOMEM;
            return q;
        }
        note(&q,
             sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL));
        if (q.status != SQLITE_OK)
            return q;
        db->prepared[db->n_prepared].sql = sql;
        db->prepared[db->n_prepared++].statement = statement;
    }
    assert(!sqlite3_stmt_busy(statement));
    q.statement = statement;
    return q;
}

void mdup_query_bind_int(mdup_query *q, int at, int64_t value)
{
    if (q->statement)
        note(q, sqlite3_bind_int64(q->statement, at, value));
}

void mdup_query_bind_double(mdup_query *q, int at, double value)
{
    if (q->statement)
        note(q, sqlite3_bind_double(q->statement, at, value));
}

void mdup_query_bind_text(mdup_query *q, int at, const char *text)
{
    if (q->statement)
        note(q, sqlite3_bind_text(q->statement, at, text, -1, SQLITE_STATIC));
}

void mdup_query_bind_blob(mdup_query *q, int at, const void *bytes, size_t length)
{
    if (q->statement)
        note(q, sqlite3_bind_blob64(q->statement, at, bytes, length, SQLITE_STATIC));
}

void mdup_query_bind_null(mdup_query *q, int at)
{
    if (q->statement)
        note(q, sqlite3_bind_null(q->statement, at));
}

bool mdup_query_next(mdup_query *q)
{
    if (!q->statement || q->status != SQLITE_OK)
        return false;
    int status = sqlite3_step(q->statement);
    if (status == SQLITE_ROW)
        return true;
    if (status != SQLITE_DONE)
        note(q, status);
    return false;
}

bool mdup_query_is_null(const mdup_query *q, int column)
{
    return sqlite3_column_type(q->statement, column) == SQLITE_NULL;
}

int64_t mdup_query_int(const mdup_query *q, int column)
{
    return sqlite3_column_int64(q->statement, column);
}

double mdup_query_double(const mdup_query *q, int column)
{
    return mdup_query_is_null(q, column) ? (double)NAN
                                         : sqlite3_column_double(q->statement, column);
}

const char *mdup_query_text(const mdup_query *q, int column)
{
    return (const char *)sqlite3_column_text(q->statement, column);
}

const void *mdup_query_blob(const mdup_query *q, int column, size_t *length)
{
    const void *bytes = sqlite3_column_blob(q->statement, column);
    *length = (size_t)sqlite3_column_bytes(q->statement, column);
    return bytes;
}

char *mdup_query_copy_text(mdup_query *q, int column)
{
    if (mdup_query_is_null(q, column))
        return NULL;
    const char *text = mdup_query_text(q, column);
    char *copy = text ? mdup_strdup(text, NULL) : NULL;
    if (!copy)
        note(q, SQLITE_NOMEM);
    return copy;
}

static uint64_t hash_column(sqlite3_stmt *statement, int column, uint64_t hash)
{
    int type = sqlite3_column_type(statement, column);
    hash = mdup_mix(hash, (uint64_t)type);
    if (type == SQLITE_INTEGER)
        return mdup_mix(hash, (uint64_t)sqlite3_column_int64(statement, column));
    if (type == SQLITE_FLOAT) {
        double value = sqlite3_column_double(statement, column);
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        return mdup_mix(hash, bits);
    }
    const void *bytes = sqlite3_column_blob(statement, column);
    int length = sqlite3_column_bytes(statement, column);
    return mdup_hash(hash, bytes ? bytes : "", bytes ? (size_t)length : 0);
}

uint64_t mdup_query_hash_row(const mdup_query *q, uint64_t seed)
{
    uint64_t hash = seed;
    for (int i = 0; i < sqlite3_column_count(q->statement); i++)
        hash = hash_column(q->statement, i, hash);
    return hash;
}

bool mdup_query_end(mdup_query *q, mdup_error **err)
{
    if (q->statement) {
        sqlite3_reset(q->statement);
        sqlite3_clear_bindings(q->statement);
    }
    return q->status == SQLITE_OK || fail(q->db, q->status, q->system_error, err);
}

bool mdup_query_finish(mdup_query *q, mdup_error **err)
{
    while (mdup_query_next(q))
        ;
    return mdup_query_end(q, err);
}
