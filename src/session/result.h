/* What writing and reading a result have in common. */
#ifndef MDUP_SESSION_RESULT_H
#define MDUP_SESSION_RESULT_H

#include "catalog/catalog.h"
#include "session/database.h"

enum { MDUP_N_SOURCE_KINDS = MDUP_SOURCE_IMAGE + 1 };

/* The names of mdup_source_kind. */
extern const char *const mdup_source_kind_names[MDUP_N_SOURCE_KINDS];

/* Names of facts. */
#define MDUP_FACT_ORDER "order_used"
#define MDUP_FACT_ORDER_REASON "order_reason"
#define MDUP_FACT_MOST_EVALUE "most_evalue"
#define MDUP_FACT_EXACT_COPIES "exact_copies"
#define MDUP_FACT_FOLDER "folder" /* what the paths of the inputs are relative to */
#define MDUP_FACT_RUN "run"
#define MDUP_FACT_HASH "hash"

/* The kind of a pair that is no exact copy. */
#define MDUP_KIND_OTHER "other"

/** The hash of all rows of the result: damage that leaves the database readable shows in it. */
bool mdup_session_hash_result(mdup_database *db, uint64_t *hash, mdup_error **err) MDUP_MUST_CHECK;

#endif
