/* The texts of the CSV tables and of the list of names, appended to a buffer. */
#ifndef MDUP_PUBLISH_TABLES_H
#define MDUP_PUBLISH_TABLES_H

#include "base/strbuf.h"
#include "publish/publish.h"

/** One row a removed micrograph: the kept one, the removed one, then the numbers of their pair.  A row of the
 *  input that only repeats the name of a kept one is left out: whoever removes by name would lose both. */
void mdup_table_duplicates(const mdup_results *results, mdup_strbuf *out);

/** One row a significant pair. */
void mdup_table_pairs(const mdup_results *results, mdup_strbuf *out);

/** One row a micrograph in order of acquisition. */
void mdup_table_micrographs(const mdup_results *results, mdup_strbuf *out);

/** The names of the removed micrographs, one a line.  A name that another, kept row of the input
 * has as well is left out: a list of names cannot tell the two, and must not take both. */
bool mdup_table_removed(const mdup_results *results, mdup_strbuf *out,
                        mdup_error **err) MDUP_MUST_CHECK;

/** The same as regular expressions for starparser, from the text of mdup_table_removed: each matches its name
 * as a whole and nothing else, in Python's dialect and in RE2's, and holds no blank, at which starparser would cut
 * it.  When there is no name, one pattern that matches nothing: of an empty list it makes one that matches
 * everything. */
bool mdup_table_removed_regex(const mdup_strbuf *names, mdup_strbuf *out,
                              mdup_error **err) MDUP_MUST_CHECK;

#endif
