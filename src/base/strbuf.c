#include "base/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"

static bool reserve(mdup_strbuf *buf, size_t more)
{
    if (buf->failed || more > SIZE_MAX - buf->length - 1 ||
        !mdup_grow((void **)&buf->text, &buf->capacity, buf->length + more + 1, 1, NULL))
        buf->failed = true;
    return !buf->failed;
}

void mdup_strbuf_append(mdup_strbuf *buf, const char *bytes, size_t length)
{
    if (!reserve(buf, length))
        return;
    if (length)
        memcpy(buf->text + buf->length, bytes, length);
    buf->length += length;
    buf->text[buf->length] = '\0';
}

void mdup_strbuf_puts(mdup_strbuf *buf, const char *text)
{
    mdup_strbuf_append(buf, text, strlen(text));
}

void mdup_strbuf_printf(mdup_strbuf *buf, const char *format, ...)
{
    mdup_locale_guard guard;
    mdup_locale_enter_c(&guard);
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        buf->failed = true;
    } else if (reserve(buf, (size_t)length)) {
        va_start(args, format);
        vsnprintf(buf->text + buf->length, (size_t)length + 1, format, args);
        va_end(args);
        buf->length += (size_t)length;
    }
    mdup_locale_leave_c(&guard);
}

/* Appends `value` with that many digits, and takes it back when they do not tell it from its
 * neighbours. */
static bool append_digits(mdup_strbuf *out, double value, int digits)
{
    size_t before = out->length;
    double again = 0;
    mdup_strbuf_printf(out, "%.*g", digits, value);
    if (out->failed)
        return true;
    if (mdup_parse_double(out->text + before, out->length - before, &again) && again >= value &&
        again <= value)
        return true;
    out->length = before;
    out->text[before] = '\0';
    return false;
}

void mdup_strbuf_double(mdup_strbuf *buf, double value)
{
    if (!append_digits(buf, value, 6) && !append_digits(buf, value, 9))
        mdup_strbuf_printf(buf, "%.17g", value);
}

bool mdup_strbuf_check(const mdup_strbuf *buf, mdup_error **err)
{
    return buf->failed ? mdup_fail_nomem(err) : true;
}

void mdup_strbuf_reset(mdup_strbuf *buf)
{
    buf->length = 0;
    buf->failed = false;
    if (buf->text)
        buf->text[0] = '\0';
}

void mdup_strbuf_free(mdup_strbuf *buf)
{
    free(buf->text);
    *buf = (mdup_strbuf)MDUP_STRBUF_INIT;
}
