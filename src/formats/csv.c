#include "formats/csv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"

static bool at_line_start(const mdup_strbuf *out)
{
    return out->length == 0 || out->text[out->length - 1] == '\n';
}

static void append_quoted(mdup_strbuf *out, const char *text)
{
    mdup_strbuf_append(out, "\"", 1);
    for (;;) {
        const char *quote = strchr(text, '"');
        if (!quote)
            break;
        mdup_strbuf_append(out, text, (size_t)(quote - text));
        mdup_strbuf_append(out, "\"\"", 2);
        text = quote + 1;
    }
    mdup_strbuf_puts(out, text);
    mdup_strbuf_append(out, "\"", 1);
}

void mdup_csv_field(mdup_strbuf *out, const char *text)
{
    bool first = at_line_start(out);
    if (!first)
        mdup_strbuf_append(out, ",", 1);
    /* An empty first field without its quotes would leave no trace, and the next field would take
     * its place. */
    if ((first && text[0] == '\0') || strpbrk(text, ",\"\r\n"))
        append_quoted(out, text);
    else
        mdup_strbuf_puts(out, text);
}

void mdup_csv_printf(mdup_strbuf *out, const char *format, ...)
{
    char *text = NULL;
    mdup_locale_guard guard;
    mdup_locale_enter_c(&guard);
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length >= 0)
        text = mdup_calloc((size_t)length + 1, 1, NULL);
    if (text) {
        va_start(args, format);
        vsnprintf(text, (size_t)length + 1, format, args);
        va_end(args);
    }
    mdup_locale_leave_c(&guard);
    if (text)
        mdup_csv_field(out, text);
    else
        out->failed = true;
    free(text);
}

void mdup_csv_end(mdup_strbuf *out)
{
    mdup_strbuf_append(out, "\n", 1);
}

/* ---- reading ---- */

void mdup_csv_reader_init(mdup_csv_reader *r, const char *name, const char *text, size_t length)
{
    *r = (mdup_csv_reader){.name = name, .text = text, .length = length, .next_line = 1};
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        r->at = 3;
}

void mdup_csv_reader_clear(mdup_csv_reader *r)
{
    mdup_strbuf_free(&r->values);
    free(r->begins);
    r->begins = NULL;
    r->n = r->capacity = 0;
}

static bool take(mdup_csv_reader *r, char c)
{
    if (r->at == r->length || r->text[r->at] != c)
        return false;
    r->at++;
    return true;
}

/* Behind the opening quote, up to the closing one; "" is a quote. */
static bool read_quoted(mdup_csv_reader *r, mdup_error **err)
{
    for (;;) {
        const char *begin = r->text + r->at;
        const char *quote = memchr(begin, '"', r->length - r->at);
        if (!quote)
            return mdup_fail(err, MDUP_ERROR_PARSE, "%s: line %zu: a quote is not closed", r->name,
                             r->line);
        size_t length = (size_t)(quote - begin);
        for (size_t i = 0; i < length; i++)
            r->next_line += begin[i] == '\n';
        mdup_strbuf_append(&r->values, begin, length);
        r->at += length + 1;
        if (!take(r, '"'))
            return true;
        mdup_strbuf_append(&r->values, "\"", 1);
    }
}

/* Up to the comma or the end of the line, which stay. */
static void read_plain(mdup_csv_reader *r)
{
    size_t begin = r->at;
    while (r->at < r->length && r->text[r->at] != ',' && r->text[r->at] != '\n')
        r->at++;
    size_t end = r->at;
    bool at_line_end = r->at == r->length || r->text[r->at] == '\n';
    if (at_line_end && end > begin && r->text[end - 1] == '\r')
        end--;
    mdup_strbuf_append(&r->values, r->text + begin, end - begin);
}

static bool read_field(mdup_csv_reader *r, mdup_error **err)
{
    if (!mdup_grow((void **)&r->begins, &r->capacity, r->n + 1, sizeof *r->begins, err))
        return false;
    size_t begin = r->values.length;
    r->begins[r->n++] = begin;
    if (take(r, '"') && !read_quoted(r, err))
        return false;
    read_plain(r);
    mdup_strbuf_append(&r->values, "", 1);
    if (!mdup_strbuf_check(&r->values, err))
        return false;
    return strlen(r->values.text + begin) == r->values.length - begin - 1 ||
           mdup_fail(err, MDUP_ERROR_PARSE, "%s: line %zu: holds a zero byte", r->name, r->line);
}

bool mdup_csv_read_row(mdup_csv_reader *r, bool *got, mdup_error **err)
{
    *got = r->at < r->length;
    r->n = 0;
    r->line = r->next_line;
    mdup_strbuf_reset(&r->values);
    if (!*got)
        return true;
    do {
        if (!read_field(r, err))
            return false;
    } while (take(r, ','));
    take(r, '\n');
    r->next_line++;
    return true;
}

const char *mdup_csv_value(const mdup_csv_reader *r, size_t i)
{
    return i < r->n ? r->values.text + r->begins[i] : NULL;
}
