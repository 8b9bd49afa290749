/* What a screen would do, said and not done. */
#ifndef MDUP_FLOW_DRY_RUN_H
#define MDUP_FLOW_DRY_RUN_H

#include <microdup/screen.h>

#include "base/error.h"
#include "catalog/catalog.h"
#include "search/search.h"

/** Opens the first micrographs that can be (headers only) and logs their size, what would be read, the pairs compared and the memory
 *  needed.  Fills summary->n_micrographs and n_pairs_compared. */
bool mdup_dry_run(const mdup_screen_options *options, const mdup_catalog *catalog, int n_threads,
                  const mdup_search_budget *budget, const mdup_callbacks *callbacks,
                  mdup_screen_summary *summary, mdup_error **err) MDUP_MUST_CHECK;

#endif
