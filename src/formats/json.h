/* JSON out: objects and arrays, indented by two blanks.  Bytes of a string that are not UTF-8
 * become U+FFFD.  Memory that runs out is remembered in the buffer (mdup_strbuf_check). */
#ifndef MDUP_FORMATS_JSON_H
#define MDUP_FORMATS_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

enum { MDUP_JSON_DEPTH = 32 };

typedef struct {
    mdup_strbuf *out; /* borrowed */
    int depth;
    bool has_member[MDUP_JSON_DEPTH];
    bool is_embedded;
} mdup_json;

/** Starts a document that is appended to `out`. */
void mdup_json_begin(mdup_json *json, mdup_strbuf *out);

/** The same for a document that stands inside a page: without blanks and line ends, and with <, > and & escaped, so that no string can end the
 *  element around it. */
void mdup_json_begin_embedded(mdup_json *json, mdup_strbuf *out);

/** Opens an object as a member of what is open, or as the document.  `key` is NULL inside an array
 * and at the top, for these and all that follow.  No more than MDUP_JSON_DEPTH may be open. */
void mdup_json_object(mdup_json *json, const char *key);

/** Closes it; a newline follows the outermost. */
void mdup_json_end_object(mdup_json *json);
void mdup_json_array(mdup_json *json, const char *key);
void mdup_json_end_array(mdup_json *json);

/** A string; NULL is written as null. */
void mdup_json_string(mdup_json *json, const char *key, const char *value);
void mdup_json_int(mdup_json *json, const char *key, int64_t value);

/** Written with the first of %.6g, %.9g, %.17g that reads back the same; NaN and Inf as null. */
void mdup_json_double(mdup_json *json, const char *key, double value);
void mdup_json_bool(mdup_json *json, const char *key, bool value);

#endif
