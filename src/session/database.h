/* The door to SQLite: statements with their errors as ours.  What the tables are is none of its business. */
#ifndef MDUP_SESSION_DATABASE_H
#define MDUP_SESSION_DATABASE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct mdup_database mdup_database;

typedef enum {
    MDUP_DATABASE_READ,
    MDUP_DATABASE_WRITE, /* an existing file */
    MDUP_DATABASE_CREATE /* an existing file or a new one */
} mdup_database_mode;

/* Bytes at the beginning of every SQLite file, and where the program that made it has put its number. */
enum { MDUP_DATABASE_HEAD_bytes = 100, MDUP_DATABASE_APPLICATION_offset = 68 };
#define MDUP_DATABASE_MAGIC "SQLite format 3"

/** Opens a file; nothing is read before the first query.  One thread at a time.  system_locks: false where the file system has none (some
 *  Lustre mounts); then the caller sees to it that nobody else writes.  NULL with *err (MISSING, IO, NOMEM). */
mdup_database *mdup_database_open(const char *path, mdup_database_mode mode, bool system_locks,
                                  mdup_error **err) MDUP_MUST_CHECK;

/** What was not committed is lost. */
void mdup_database_close(mdup_database *db);

const char *mdup_database_path(const mdup_database *db);

/** Runs statements without parameters and results, one or several, divided by ';'. */
bool mdup_database_run(mdup_database *db, const char *sql, mdup_error **err) MDUP_MUST_CHECK;

/** The row id of the last INSERT. */
int64_t mdup_database_last_id(const mdup_database *db);

/** An error of the kind and with the advice of a damaged file, for what was found wrong in it. */
bool mdup_database_fail_damaged(const mdup_database *db, const char *what, mdup_error **err);

/* ---- one statement ----
 *
 *     mdup_query q = mdup_query_begin(db, "SELECT name FROM inputs WHERE number = ?1");
 *     mdup_query_bind_int(&q, 1, 3);
 *     while (mdup_query_next(&q))
 *         ... mdup_query_text(&q, 0) ...
 *     return mdup_query_end(&q, err);
 *
 * What goes wrong on the way is remembered, and told at the end: next then says false, and columns are empty.  Statements are prepared once;
 * `sql` is a literal.  The same literal cannot be in use twice at a time. */

typedef struct {
    mdup_database *db;
    void *statement; /* NULL when it could not be prepared */
    int status;      /* of SQLite; not 0 once something went wrong */
    int system_error;
} mdup_query;

mdup_query mdup_query_begin(mdup_database *db, const char *sql);

/* Parameters are counted from 1.  Texts and blobs are borrowed until mdup_query_end; NULL, and of numbers NaN, is the NULL of SQL. */
void mdup_query_bind_int(mdup_query *q, int at, int64_t value);
void mdup_query_bind_double(mdup_query *q, int at, double value);
void mdup_query_bind_text(mdup_query *q, int at, const char *text);
void mdup_query_bind_blob(mdup_query *q, int at, const void *bytes, size_t length);
void mdup_query_bind_null(mdup_query *q, int at);

/** The next row; false at the end and after an error. */
bool mdup_query_next(mdup_query *q);

/* Columns are counted from 0.  Texts and blobs are valid until the next call of mdup_query_next or _end. */
bool mdup_query_is_null(const mdup_query *q, int column);
int64_t mdup_query_int(const mdup_query *q, int column);
double mdup_query_double(const mdup_query *q, int column);    /* NaN when NULL */
const char *mdup_query_text(const mdup_query *q, int column); /* NULL when NULL */
const void *mdup_query_blob(const mdup_query *q, int column, size_t *length);

/** A copy of a text, NULL when it is NULL.  What goes wrong is told by mdup_query_end. */
char *mdup_query_copy_text(mdup_query *q, int column);

/** The hash of all columns of the row, by their values and types, beginning with that of the rows before. */
uint64_t mdup_query_hash_row(const mdup_query *q, uint64_t seed);

/** Ends the statement, and tells what went wrong since it began. */
bool mdup_query_end(mdup_query *q, mdup_error **err) MDUP_MUST_CHECK;

/** Steps once and ends: for statements without results, when their parameters are bound. */
bool mdup_query_finish(mdup_query *q, mdup_error **err) MDUP_MUST_CHECK;

#endif
