/* Micrographs from a text, one name a line. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "catalog/build.h"
#include "catalog/resolve.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static bool refuse_zero_byte(const char *path, const char *text, size_t length, mdup_error **err)
{
    if (!memchr(text, '\0', length))
        return true;
    size_t line = 1;
    for (const char *at = text; *at; at++)
        line += *at == '\n';
    return mdup_fail(err, MDUP_ERROR_PARSE,
                     "%s: line %zu holds a zero byte, which is in no file's name", path, line);
}

/* Names may hold blanks, so only those at the ends of a line go. */
static bool add_line(mdup_builder *b, mdup_resolver *r, const char *text, size_t begin, size_t end,
                     size_t *row, mdup_error **err)
{
    size_t first = begin, last = end;
    while (last > first && (is_blank(text[last - 1]) || text[last - 1] == '\n'))
        last--;
    if (begin == 0 && last - first >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        first += 3; /* the byte order mark of UTF-8 */
    while (first < last && is_blank(text[first]))
        first++;
    if (first == last || text[first] == '#')
        return true;
    mdup_micrograph *m = mdup_builder_add_micrograph(b, text + first, last - first, *row, err);
    if (!m)
        return false;
    m->line_begin = begin;
    m->line_end = end;
    ++*row;
    return mdup_resolver_find(r, m, err);
}

static bool add_lines(mdup_builder *b, mdup_resolver *r, const char *path, const char *text,
                      size_t length, mdup_error **err)
{
    size_t row = 0;
    for (size_t begin = 0, end; begin < length; begin = end) {
        const char *newline = memchr(text + begin, '\n', length - begin);
        end = newline ? (size_t)(newline - text) + 1 : length;
        if (!add_line(b, r, text, begin, end, &row, err))
            return false;
    }
    if (row == 0)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         length == 0 ? "%s: the file is empty"
                                     : "%s: holds no names, only blank lines and comments",
                         path);
    mdup_resolver_warn(r, path, b->callbacks);
    return true;
}

/* A broken STAR file would otherwise end as a list of strange names without a word. */
static void warn_of_extension(const char *path, const mdup_callbacks *callbacks)
{
    size_t length = strlen(path);
    if (length >= 5 && strcmp(path + length - 5, ".star") == 0)
        mdup_log(callbacks, MDUP_LOG_WARNING,
                 "%s: holds no data_ line and so is no STAR file; read as a list of names, one a "
                 "line",
                 path);
}

bool mdup_add_list(mdup_builder *b, const char *path, char *text, size_t text_length,
                   mdup_error **err)
{
    mdup_source *source = mdup_builder_add_source(b, MDUP_SOURCE_LIST, path, err);
    if (!source) {
        free(text);
        return false;
    }
    source->text = text;
    source->text_length = text_length;
    if (!refuse_zero_byte(path, text, text_length, err))
        return false;
    if (text_length > 0)
        warn_of_extension(path, b->callbacks);
    mdup_resolver resolver;
    bool ok = mdup_resolver_init(&resolver, path, false, b->project_dir, err) &&
              add_lines(b, &resolver, path, text, text_length, err);
    mdup_resolver_free(&resolver);
    return ok;
}
