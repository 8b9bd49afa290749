/* The tables of a session file.  doc/session.md describes them column by column. */
#ifndef MDUP_SESSION_SCHEMA_H
#define MDUP_SESSION_SCHEMA_H

#include "session/database.h"

/* "mdup", at MDUP_DATABASE_APPLICATION_offset of the file. */
#define MDUP_SESSION_APPLICATION 0x6d647570

/* Raised with every change of the tables; schema.c then has one step more. */
enum { MDUP_SESSION_FORMAT = 1 };

/** Looks at the format of a session that is open for reading.  False with *err: UNSUPPORTED when it is newer, or no session; PARSE. */
bool mdup_schema_check(mdup_database *db, mdup_error **err) MDUP_MUST_CHECK;

/** Brings a session that is open for writing to this program's format, from an empty file or from an older format.  *in_transaction: it had to, in a
 *  transaction that is left open for what comes next. */
bool mdup_schema_bring_up_to_date(mdup_database *db, bool *in_transaction,
                                  mdup_error **err) MDUP_MUST_CHECK;

#endif
