/* What a screen leaves behind: the tables, the lists and the cleaned STAR files.  Formats:
 * microdup-output(5). */
#ifndef MDUP_PUBLISH_PUBLISH_H
#define MDUP_PUBLISH_PUBLISH_H

#include "base/error.h"
#include "base/strbuf.h"
#include "catalog/catalog.h"
#include "catalog/status.h"
#include "decide/decide.h"
#include "verify/pair.h"

typedef struct {
    const mdup_catalog *catalog;
    const mdup_judgement *judgements; /* one a micrograph */
    const mdup_pair *pairs;           /* significant ones, sorted by (a, b) */
    size_t n_pairs;
    const mdup_decision *decision;
} mdup_results;

/** Makes the folder and refuses (INVALID) to go on when it holds files of the names to be written
 * that this program did not write: a folder is ours when its summary.json says so.  Refuses likewise to write over an input.  Marks a new
 * folder as ours. */
bool mdup_publish_claim(const char *out_dir, const mdup_catalog *catalog,
                        mdup_error **err) MDUP_MUST_CHECK;

/** Writes duplicates.csv, pairs.csv, micrographs.csv, removed.txt and, for every input, the input
 *  without the removed rows (micrographs.star, .txt) and with nothing but them
 * (micrographs_removed.star, .txt); several inputs are told apart by their number
 * (micrographs_1.star).  Each file replaces its forerunner whole or not at all. */
bool mdup_publish(const char *out_dir, const mdup_results *results,
                  mdup_error **err) MDUP_MUST_CHECK;

/** Replaces out_dir/name, one of those that mdup_publish_claim claims. */
bool mdup_publish_file(const char *out_dir, const char *name, const mdup_strbuf *text,
                       mdup_error **err) MDUP_MUST_CHECK;

/** Appends the name of an input's selection in the folder: "micrographs.star", "micrographs_2_removed.txt". */
void mdup_publish_selection_name(mdup_strbuf *name, const mdup_catalog *catalog, size_t source,
                                 bool removed);

/** Replaces out_dir/summary.json. */
bool mdup_publish_summary(const char *out_dir, const char *json, size_t length,
                          mdup_error **err) MDUP_MUST_CHECK;

#endif
