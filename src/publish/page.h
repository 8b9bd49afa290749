/* Between the parts of the page. */
#ifndef MDUP_PUBLISH_PAGE_H
#define MDUP_PUBLISH_PAGE_H

#include "publish/view.h"

/** Appends what the page's script works with, as JSON: "labels", "micrographs" (those that stand in a pair) and "pairs" as rows without keys,
 *  whose columns page.js names. */
void mdup_page_data(const mdup_view *view, mdup_strbuf *out);

#endif
