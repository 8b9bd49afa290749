/* summary.json: the counts, parameters, version and timings of a screen. */
#ifndef MDUP_FLOW_SUMMARY_H
#define MDUP_FLOW_SUMMARY_H

#include <microdup/screen.h>

#include "base/strbuf.h"
#include "catalog/catalog.h"
#include "flow/parameters.h"

/** Appends the JSON text; its first member is the mark by which publish knows a folder as ours.  rules: further parameters; NULL: none. */
void mdup_summary_json(const mdup_screen_options *options, const mdup_screen_summary *summary,
                       const mdup_catalog *catalog, const mdup_parameters *rules, int n_threads,
                       mdup_strbuf *out);

#endif
