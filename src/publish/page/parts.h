/* The page's own files (page.html, parts.html, page.css, early.js, page.js), which embed.py turns into C. */
#ifndef MDUP_PUBLISH_PAGE_PARTS_H
#define MDUP_PUBLISH_PAGE_PARTS_H

#include <stddef.h>

typedef struct {
    const char *text; /* no NUL behind it */
    size_t length;
} mdup_page_part;

extern const mdup_page_part mdup_page_html, mdup_page_css, mdup_page_early_js, mdup_page_js,
    mdup_page_early_js_sha256, mdup_page_js_sha256; /* in base64 */

extern const mdup_page_part mdup_page_line, mdup_page_tile, mdup_page_step, mdup_page_plot,
    mdup_page_set, mdup_page_member, mdup_page_link, mdup_page_row, mdup_page_pair,
    mdup_page_number, mdup_page_bad, mdup_page_fact, mdup_page_frame;

#endif
