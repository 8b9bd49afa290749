#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mdup_error {
    mdup_error_code code;
    char *message;
};

/* An error about missing memory must not need memory. */
static char nomem_message[] = "out of memory; use fewer threads (--j) or a machine with more";
static mdup_error nomem_error = {MDUP_ERROR_NOMEM, nomem_message};

static char *format_message(const char *format, va_list args) MDUP_PRINTF(1, 0);
static char *format_message(const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        return NULL;
    char *text = malloc((size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

bool mdup_fail_nomem(mdup_error **err)
{
    if (err) {
        assert(!*err);
        *err = &nomem_error;
    }
    return false;
}

bool mdup_fail(mdup_error **err, mdup_error_code code, const char *format, ...)
{
    if (!err)
        return false;
    assert(!*err);
    va_list args;
    va_start(args, format);
    char *message = format_message(format, args);
    va_end(args);
    mdup_error *made = message ? malloc(sizeof *made) : NULL;
    if (!made) {
        free(message);
        return mdup_fail_nomem(err);
    }
    *made = (mdup_error){code, message};
    *err = made;
    return false;
}

void mdup_error_prefix(mdup_error **err, const char *format, ...)
{
    if (!err || !*err || *err == &nomem_error)
        return;
    va_list args;
    va_start(args, format);
    char *prefix = format_message(format, args);
    va_end(args);
    if (!prefix)
        return;
    size_t prefix_length = strlen(prefix), old_length = strlen((*err)->message);
    char *joined = malloc(prefix_length + 2 + old_length + 1);
    if (joined) {
        memcpy(joined, prefix, prefix_length);
        memcpy(joined + prefix_length, ": ", 2);
        memcpy(joined + prefix_length + 2, (*err)->message, old_length + 1);
        free((*err)->message);
        (*err)->message = joined;
    }
    free(prefix);
}

bool mdup_error_move(mdup_error **to, mdup_error **from)
{
    if (to) {
        assert(!*to);
        *to = *from;
        *from = NULL;
    } else {
        mdup_error_clear(from);
    }
    return false;
}

mdup_error_code mdup_error_get_code(const mdup_error *err)
{
    return err->code;
}

const char *mdup_error_get_message(const mdup_error *err)
{
    return err->message;
}

void mdup_error_clear(mdup_error **err)
{
    if (!err || !*err)
        return;
    if (*err != &nomem_error) {
        free((*err)->message);
        free(*err);
    }
    *err = NULL;
}
