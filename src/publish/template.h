/* HTML with places to fill in. */
#ifndef MDUP_PUBLISH_TEMPLATE_H
#define MDUP_PUBLISH_TEMPLATE_H

#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

/* What goes where "{{key}}" stands. */
typedef struct {
    const char *key;
    const char *value; /* NULL: like "" */
    size_t length;     /* of markup; other values end with their NUL */
    bool is_markup;    /* goes in as it is; else it is text, and is escaped */
} mdup_field;

/** Appends text as the content of an element or of a quoted attribute: what mdup_text_show leaves, with & < > " ' escaped.  Bytes that are no
 *  UTF-8 and control characters become U+FFFD. */
void mdup_html_text(mdup_strbuf *out, const char *text);

/** Appends the template (of `length` bytes) with its fields filled in.  "{{#key}}...{{/key}}" stays only when the value is not empty; such parts
 *  do not hold others of their kind.  False with *err: INVALID when the template asks for a key that is not there or is not well formed. */
bool mdup_template_fill(const char *text, size_t length, const mdup_field *fields, size_t n_fields,
                        mdup_strbuf *out, mdup_error **err) MDUP_MUST_CHECK;

#endif
