#include "session/schema.h"

#include <inttypes.h>

/* From format n to format n + 1: the first makes all tables. */
static const char *const steps[MDUP_SESSION_FORMAT] = {
    "CREATE TABLE runs (id INTEGER PRIMARY KEY, command TEXT NOT NULL, command_line TEXT,"
    "  version TEXT NOT NULL, host TEXT, pid INTEGER, began TEXT NOT NULL, ended TEXT);"

    "CREATE TABLE readings (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,"
    "  slice INTEGER NOT NULL, copy INTEGER NOT NULL, path TEXT NOT NULL, file_bytes INTEGER, "
    "file_mtime_ns INTEGER,"
    "  method INTEGER, mode0 INTEGER, status TEXT, reason TEXT, warning TEXT, mode INTEGER,"
    "  nx INTEGER, ny INTEGER, header_pixel_A REAL, bin INTEGER, frame_nx INTEGER,"
    "  frame_ny INTEGER, noise_share REAL, signature INTEGER, frame_hash INTEGER, hash INTEGER,"
    "  UNIQUE (name, slice, copy));"
    "CREATE TABLE frames (id INTEGER PRIMARY KEY, pixels BLOB NOT NULL);"
    "CREATE TABLE copies (a INTEGER NOT NULL, b INTEGER NOT NULL, orientation TEXT,"
    "  PRIMARY KEY (a, b)) WITHOUT ROWID;"

    "CREATE TABLE comparisons (id INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE,"
    "  frame_nx INTEGER NOT NULL, frame_ny INTEGER NOT NULL, n_sample INTEGER NOT NULL,"
    "  noise_share REAL, spot_share REAL, sum BLOB, power BLOB, hash INTEGER);"
    "CREATE TABLE tiles (comparison INTEGER NOT NULL, block_a INTEGER NOT NULL,"
    "  block_b INTEGER NOT NULL, n_compared INTEGER NOT NULL, floor REAL NOT NULL,"
    "  compared BLOB NOT NULL, candidates BLOB NOT NULL, hash INTEGER NOT NULL,"
    "  PRIMARY KEY (comparison, block_a, block_b));"
    "CREATE TABLE looks (comparison INTEGER NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL,"
    "  kind INTEGER NOT NULL, signs BLOB NOT NULL,"
    "  PRIMARY KEY (comparison, a, b, kind)) WITHOUT ROWID;"

    "CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE parameters (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE inputs (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, path TEXT NOT NULL,"
    "  csg_parts TEXT);"
    "CREATE TABLE input_files (input INTEGER NOT NULL, number INTEGER NOT NULL,"
    "  path TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, content BLOB NOT NULL,"
    "  PRIMARY KEY (input, number));"
    "CREATE TABLE micrographs (position INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE,"
    "  name TEXT NOT NULL, path TEXT NOT NULL, slice INTEGER NOT NULL, input INTEGER NOT NULL,"
    "  input_row INTEGER NOT NULL, line_begin INTEGER NOT NULL, line_end INTEGER NOT NULL,"
    "  optics_group INTEGER NOT NULL, given_pixel_A REAL NOT NULL, hole TEXT, shot TEXT,"
    "  time_s REAL, status TEXT NOT NULL, reason TEXT, pixel_A REAL NOT NULL,"
    "  set_number INTEGER, decision TEXT NOT NULL, original_a INTEGER, original_b INTEGER,"
    "  uid INTEGER, recorded_image TEXT, recorded_time_s REAL, stage_x_um REAL, stage_y_um REAL,"
    "  shift_x_um REAL, shift_y_um REAL, recorded_hole TEXT, recorded_shot TEXT,"
    "  recorded_label TEXT);"
    "CREATE TABLE geometries (number INTEGER PRIMARY KEY, comparison INTEGER,"
    "  nx INTEGER NOT NULL, ny INTEGER NOT NULL, pixel_A REAL NOT NULL, bin INTEGER NOT NULL,"
    "  frame_nx INTEGER NOT NULL, frame_ny INTEGER NOT NULL, n_micrographs INTEGER NOT NULL,"
    "  n_sample INTEGER NOT NULL, n_compared INTEGER NOT NULL, spot_share REAL NOT NULL,"
    "  noise_share REAL NOT NULL, null_location REAL NOT NULL, null_scale REAL NOT NULL,"
    "  null_pairs REAL NOT NULL, weight_score REAL NOT NULL, weight_strength REAL NOT NULL,"
    "  weight_mean REAL NOT NULL, drawn BLOB NOT NULL);"
    "CREATE TABLE pairs (a INTEGER NOT NULL, b INTEGER NOT NULL, class TEXT, kind TEXT NOT NULL,"
    "  overlap REAL NOT NULL, shift_x_px REAL NOT NULL, shift_y_px REAL NOT NULL,"
    "  shift_sd_px REAL NOT NULL, ccc REAL NOT NULL, score REAL NOT NULL,"
    "  log10_evalue REAL NOT NULL, set_number INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;",
};

static bool read_number(mdup_database *db, const char *pragma, int64_t *number, mdup_error **err)
{
    mdup_query q = mdup_query_begin(db, pragma);
    *number = mdup_query_next(&q) ? mdup_query_int(&q, 0) : 0;
    return mdup_query_end(&q, err);
}

static bool read_format(mdup_database *db, int64_t *application, int64_t *format, mdup_error **err)
{
    return read_number(db, "PRAGMA application_id", application, err) &&
           read_number(db, "PRAGMA user_version", format, err);
}

/* A new database may be one that was made and not yet filled when its program was killed. */
static bool is_empty(mdup_database *db, bool *empty, mdup_error **err)
{
    int64_t n;
    if (!read_number(db, "SELECT count(*) FROM sqlite_master", &n, err))
        return false;
    *empty = n == 0;
    return true;
}

static bool refuse_newer(const mdup_database *db, int64_t format, mdup_error **err)
{
    return format <= MDUP_SESSION_FORMAT ||
           mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: the session was written by a newer microdup (format %" PRId64
                     ", this one knows %d); use that, or begin anew in another folder",
                     mdup_database_path(db), format, (int)MDUP_SESSION_FORMAT);
}

static bool refuse_foreign(const mdup_database *db, int64_t application, mdup_error **err)
{
    return application == MDUP_SESSION_APPLICATION ||
           mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: a database of another program, not a session of microdup; give another "
                     "name",
                     mdup_database_path(db));
}

bool mdup_schema_check(mdup_database *db, mdup_error **err)
{
    int64_t application, format;
    bool empty;
    if (!read_format(db, &application, &format, err) || !is_empty(db, &empty, err))
        return false;
    if (empty && application == 0)
        return mdup_fail(err, MDUP_ERROR_MISSING,
                         "%s: there is nothing in this session yet; microdup screen fills it",
                         mdup_database_path(db));
    if (!refuse_foreign(db, application, err) || !refuse_newer(db, format, err))
        return false;
    return format == MDUP_SESSION_FORMAT ||
           mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: the session was written by an older microdup (format %" PRId64
                     "); give the screen once more, which brings it up to date",
                     mdup_database_path(db), format);
}

static bool take_steps(mdup_database *db, int64_t format, mdup_error **err)
{
    for (int64_t step = format; step < MDUP_SESSION_FORMAT; step++)
        if (!mdup_database_run(db, steps[step], err))
            return false;
    return mdup_database_run(db, "PRAGMA application_id = 0x6d647570; PRAGMA user_version = 1",
                             err);
}
_Static_assert(MDUP_SESSION_APPLICATION == 0x6d647570 && MDUP_SESSION_FORMAT == 1,
               "take_steps has both in its text");

bool mdup_schema_bring_up_to_date(mdup_database *db, bool *in_transaction, mdup_error **err)
{
    int64_t application, format;
    bool empty;
    if (!read_format(db, &application, &format, err) || !is_empty(db, &empty, err))
        return false;
    if (empty && application == 0 && format == 0) {
        /* Frames of 0.1 MB: pages of 16 kB make few chains of them, and do not waste much of the last.  The rollback journal, and not
         * the write-ahead log: that needs memory shared between the processes of one host, and so no network file system. */
        if (!mdup_database_run(db, "PRAGMA page_size = 16384; PRAGMA journal_mode = DELETE", err))
            return false;
    } else if (!refuse_foreign(db, application, err) || !refuse_newer(db, format, err)) {
        return false;
    }
    *in_transaction = format != MDUP_SESSION_FORMAT;
    return !*in_transaction ||
           (mdup_database_run(db, "BEGIN IMMEDIATE", err) && take_steps(db, format, err));
}
