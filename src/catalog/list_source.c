/* Micrographs from a text, one name a line. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "catalog/build.h"
#include "catalog/names.h"
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

/* What reading one line after the other shares. */
typedef struct {
    mdup_builder *builder;
    const char *path, *text;
    mdup_resolver resolver;
    size_t row, line;
    bool has_image_name; /* some name has the extension of an image */
} list_reader;

/* Names may hold blanks, so only those at the ends of a line go. */
static bool add_line(list_reader *r, size_t begin, size_t end, mdup_error **err)
{
    size_t first = begin, last = end;
    while (last > first && (is_blank(r->text[last - 1]) || r->text[last - 1] == '\n'))
        last--;
    if (begin == 0 && last >= 3 && memcmp(r->text, "\xEF\xBB\xBF", 3) == 0)
        first += 3; /* the byte order mark of UTF-8 */
    while (first < last && is_blank(r->text[first]))
        first++;
    if (first == last || r->text[first] == '#')
        return true;
    mdup_micrograph *m =
        mdup_builder_add_micrograph(r->builder, r->text + first, last - first, r->row, err);
    if (!m)
        return false;
    mdup_name parts;
    mdup_name_parse(m->name, &parts);
    r->has_image_name |= parts.has_image_extension || parts.is_stack;
    m->line_begin = begin;
    m->line_end = end;
    r->row++;
    if (mdup_resolver_find(&r->resolver, m, err))
        return true;
    mdup_error_prefix(err, "%s: line %zu", r->path, r->line);
    return false;
}

static bool add_lines(list_reader *r, size_t length, mdup_error **err)
{
    for (size_t begin = 0, end; begin < length; begin = end) {
        const char *newline = memchr(r->text + begin, '\n', length - begin);
        end = newline ? (size_t)(newline - r->text) + 1 : length;
        r->line++;
        if (!add_line(r, begin, end, err))
            return false;
    }
    if (r->row == 0)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         length == 0 ? "%s: the file is empty"
                                     : "%s: holds no names, only blank lines and comments",
                         r->path);
    /* Missing files are no error, but a text in which nothing looks like a micrograph is none of
     * the lists meant, and would only give strange messages later. */
    if (!r->has_image_name && r->resolver.n_found == 0)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "%s: neither a STAR file (no data_ line) nor a list of micrographs (no "
                         "line names one)",
                         r->path);
    mdup_resolver_warn(&r->resolver, r->path, r->builder->callbacks);
    return true;
}

/* What was meant to be a STAR file should not be read as a list without a word. */
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
    list_reader reader = {.builder = b, .path = path, .text = text};
    bool ok = mdup_resolver_init(&reader.resolver, path, NULL, b->project_dir, err) &&
              add_lines(&reader, text_length, err);
    if (ok)
        warn_of_extension(path, b->callbacks);
    mdup_resolver_free(&reader.resolver);
    return ok;
}
