#include "formats/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

void mdup_json_begin(mdup_json *json, mdup_strbuf *out)
{
    *json = (mdup_json){.out = out};
}

/* Bytes of the UTF-8 sequence at `text` (NUL-terminated), 0 when there is none: overlong forms,
 * halves of surrogate pairs and values over U+10FFFF are none (Unicode 15, table 3-7). */
static size_t utf8_length(const unsigned char *text)
{
    unsigned char lead = text[0], low = 0x80, high = 0xBF;
    size_t length = lead < 0x80   ? 1
                    : lead < 0xC2 ? 0
                    : lead < 0xE0 ? 2
                    : lead < 0xF0 ? 3
                    : lead < 0xF5 ? 4
                                  : 0;
    if (lead == 0xE0)
        low = 0xA0;
    else if (lead == 0xED)
        high = 0x9F;
    else if (lead == 0xF0)
        low = 0x90;
    else if (lead == 0xF4)
        high = 0x8F;
    for (size_t i = 1; i < length; i++) {
        if (text[i] < low || text[i] > high)
            return 0;
        low = 0x80;
        high = 0xBF;
    }
    return length;
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

static void append_string(mdup_strbuf *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    mdup_strbuf_append(out, "\"", 1);
    while (*at) {
        size_t plain = 0, length = 0;
        while (at[plain] >= 0x20 && at[plain] != '"' && at[plain] != '\\' &&
               (length = utf8_length(at + plain)) > 0)
            plain += length;
        mdup_strbuf_append(out, (const char *)at, plain);
        at += plain;
        if (!*at)
            break;
        if (*at >= 0x80)
            mdup_strbuf_puts(out, "\xEF\xBF\xBD");
        else
            append_control(out, *at);
        at++;
    }
    mdup_strbuf_append(out, "\"", 1);
}

static void new_line(mdup_json *json)
{
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
        append_string(json->out, key);
        mdup_strbuf_append(json->out, ": ", 2);
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
    if (json->depth == 0)
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
        append_string(json->out, value);
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
