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
