#include "formats/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

void mdup_json_begin(mdup_json *json, mdup_strbuf *out)
{
    *json = (mdup_json){.out = out};
}

void mdup_json_begin_embedded(mdup_json *json, mdup_strbuf *out)
{
    *json = (mdup_json){.out = out, .is_embedded = true};
}

static void append_control(mdup_strbuf *out, unsigned char c)
{
    switch (c) {
    case '"':
        mdup_strbuf_puts(out, "\\\"");
        break;
    case '\\':
        mdup_strbuf_puts(out, "\\\\");
        break;
    case '\n':
        mdup_strbuf_puts(out, "\\n");
        break;
    case '\r':
        mdup_strbuf_puts(out, "\\r");
        break;
    case '\t':
        mdup_strbuf_puts(out, "\\t");
        break;
    default:
        mdup_strbuf_printf(out, "\\u%04x", (unsigned)c);
    }
}

static bool is_plain(const mdup_json *json, char c)
{
    if ((unsigned char)c < 0x20 || c == '"' || c == '\\')
        return false;
    return !json->is_embedded || !strchr("<>&", c);
}

static void append_string(const mdup_json *json, const char *text)
{
    mdup_strbuf *out = json->out;
    mdup_strbuf_append(out, "\"", 1);
    while (*text) {
        size_t plain = 0, length = 0;
        while (is_plain(json, text[plain]) && (length = mdup_utf8_length(text + plain)) > 0)
            plain += length;
        mdup_strbuf_append(out, text, plain);
        text += plain;
        if (!*text)
            break;
        if ((unsigned char)*text >= 0x80)
            mdup_strbuf_puts(out, "\xEF\xBF\xBD");
        else
            append_control(out, (unsigned char)*text);
        text++;
    }
    mdup_strbuf_append(out, "\"", 1);
}

static void new_line(mdup_json *json)
{
    if (json->is_embedded)
        return;
    mdup_strbuf_append(json->out, "\n", 1);
    for (int i = 0; i < json->depth; i++)
        mdup_strbuf_append(json->out, "  ", 2);
}

/* What stands before a value: comma, line, key. */
static void begin_value(mdup_json *json, const char *key)
{
    if (json->depth > 0) {
        if (json->has_member[json->depth - 1])
            mdup_strbuf_append(json->out, ",", 1);
        json->has_member[json->depth - 1] = true;
        new_line(json);
    }
    if (key) {
        append_string(json, key);
        mdup_strbuf_puts(json->out, json->is_embedded ? ":" : ": ");
    }
}

static void open_bracket(mdup_json *json, const char *key, const char *bracket)
{
    assert(json->depth < MDUP_JSON_DEPTH);
    begin_value(json, key);
    mdup_strbuf_puts(json->out, bracket);
    json->has_member[json->depth++] = false;
}

static void close_bracket(mdup_json *json, const char *bracket)
{
    assert(json->depth > 0);
    json->depth--;
    if (json->has_member[json->depth])
        new_line(json);
    mdup_strbuf_puts(json->out, bracket);
    if (json->depth == 0 && !json->is_embedded)
        mdup_strbuf_append(json->out, "\n", 1);
}

void mdup_json_object(mdup_json *json, const char *key)
{
    open_bracket(json, key, "{");
}

void mdup_json_end_object(mdup_json *json)
{
    close_bracket(json, "}");
}

void mdup_json_array(mdup_json *json, const char *key)
{
    open_bracket(json, key, "[");
}

void mdup_json_end_array(mdup_json *json)
{
    close_bracket(json, "]");
}

void mdup_json_string(mdup_json *json, const char *key, const char *value)
{
    begin_value(json, key);
    if (value)
        append_string(json, value);
    else
        mdup_strbuf_puts(json->out, "null");
}

void mdup_json_int(mdup_json *json, const char *key, int64_t value)
{
    begin_value(json, key);
    mdup_strbuf_printf(json->out, "%lld", (long long)value);
}

void mdup_json_double(mdup_json *json, const char *key, double value)
{
    begin_value(json, key);
    if (!isfinite(value))
        mdup_strbuf_puts(json->out, "null");
    else
        mdup_strbuf_double(json->out, value);
}

void mdup_json_bool(mdup_json *json, const char *key, bool value)
{
    begin_value(json, key);
    mdup_strbuf_puts(json->out, value ? "true" : "false");
}
