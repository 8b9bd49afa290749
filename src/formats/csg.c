#include "formats/csg.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"

typedef struct {
    mdup_csg *csg;
    const char *name;
    size_t line; /* 1-based */
    size_t results_capacity;
    bool in_results, in_group;
    size_t slot_indent, slot_line; /* of the entry of results that is being read; indent 0: none */
} parser;

/* "  key: value" in byte range begin to end of the text. */
typedef struct {
    size_t indent;
    const char *key;
    size_t key_length;
    size_t value_begin, value_end; /* without blanks around it; equal when there is none */
} entry;

static bool fail_line(const parser *p, size_t line, const char *what, mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_PARSE,
                     "%s: line %zu: %s; give the .csg file as cryoSPARC wrote it", p->name, line,
                     what);
}

static bool is_key(const entry *e, const char *key)
{
    return e->key_length == strlen(key) && memcmp(e->key, key, e->key_length) == 0;
}

/* False for a blank line, a comment, or a line that is no entry: a long description goes on. */
static bool split_line(const char *text, size_t begin, size_t end, entry *e)
{
    size_t at = begin;
    while (at < end && text[at] == ' ')
        at++;
    while (end > at && (text[end - 1] == ' ' || text[end - 1] == '\r'))
        end--;
    const char *colon = memchr(text + at, ':', end - at);
    if (at == end || text[at] == '#' || !colon || (colon + 1 < text + end && colon[1] != ' '))
        return false;
    *e = (entry){.indent = at - begin, .key = text + at, .key_length = (size_t)(colon - text) - at};
    e->value_begin = (size_t)(colon - text) + 1;
    while (e->value_begin < end && text[e->value_begin] == ' ')
        e->value_begin++;
    e->value_end = end;
    return true;
}

/* A plain scalar, or one in quotes; the names of files that cryoSPARC writes need no escapes. */
static char *unquote(const parser *p, const entry *e, mdup_error **err)
{
    const char *text = p->csg->text + e->value_begin;
    size_t length = e->value_end - e->value_begin;
    char quote = length > 0 ? text[0] : '\0';
    if (quote == '\'' || quote == '"') {
        if (length < 2 || text[length - 1] != quote || memchr(text + 1, quote, length - 2) ||
            memchr(text, '\\', length)) {
            (void)fail_line(p, p->line, "a value whose quotes are not understood", err);
            return NULL;
        }
        text++;
        length -= 2;
    }
    return mdup_strndup(text, length, err);
}

static bool check_slot(const parser *p, mdup_error **err)
{
    if (!p->slot_indent)
        return true;
    const mdup_csg_result *result = &p->csg->results[p->csg->n - 1];
    return (result->metafile && result->count_end > 0) ||
           fail_line(p, p->slot_line, "a result without metafile and num_items", err);
}

static bool open_slot(parser *p, const entry *e, mdup_error **err)
{
    if (e->value_begin != e->value_end)
        return fail_line(p, p->line, "a result on one line", err);
    if (!mdup_grow((void **)&p->csg->results, &p->results_capacity, p->csg->n + 1,
                   sizeof *p->csg->results, err))
        return false;
    p->csg->results[p->csg->n++] = (mdup_csg_result){0};
    p->slot_indent = e->indent;
    p->slot_line = p->line;
    return true;
}

static bool read_result_line(parser *p, const entry *e, mdup_error **err)
{
    if (!p->slot_indent || e->indent <= p->slot_indent)
        return check_slot(p, err) && open_slot(p, e, err);
    mdup_csg_result *result = &p->csg->results[p->csg->n - 1];
    int64_t number;
    if (is_key(e, "metafile")) {
        if (result->metafile)
            return fail_line(p, p->line, "a second metafile", err);
        result->metafile_begin = e->value_begin;
        result->metafile_end = e->value_end;
        result->metafile = unquote(p, e, err);
        return result->metafile && (result->metafile[strspn(result->metafile, ">")] ||
                                    fail_line(p, p->line, "the name of a file is empty", err));
    }
    if (is_key(e, "num_items")) {
        result->count_begin = e->value_begin;
        result->count_end = e->value_end;
        return mdup_parse_int64(p->csg->text + e->value_begin, e->value_end - e->value_begin,
                                &number) ||
               fail_line(p, p->line, "num_items is not a number", err);
    }
    return true;
}

static bool read_line(parser *p, size_t begin, size_t end, mdup_error **err)
{
    entry e;
    if (!split_line(p->csg->text, begin, end, &e))
        return true;
    if (e.indent == 0) {
        p->in_results = is_key(&e, "results");
        p->in_group = is_key(&e, "group");
        if (p->in_results && e.value_begin != e.value_end)
            return fail_line(p, p->line, "results on one line", err);
        return true;
    }
    if (p->in_group && is_key(&e, "type") && !p->csg->type) {
        p->csg->type = unquote(p, &e, err);
        return p->csg->type != NULL;
    }
    return !p->in_results || read_result_line(p, &e, err);
}

static bool read_text(parser *p, mdup_error **err)
{
    const mdup_csg *csg = p->csg;
    for (size_t begin = 0, end; begin < csg->length; begin = end + 1) {
        const char *newline = memchr(csg->text + begin, '\n', csg->length - begin);
        end = newline ? (size_t)(newline - csg->text) : csg->length;
        p->line++;
        if (!read_line(p, begin, end, err))
            return false;
    }
    if (!check_slot(p, err))
        return false;
    return csg->n > 0 ||
           mdup_fail(err, MDUP_ERROR_PARSE,
                     "%s: names no results; give the .csg file of a cryoSPARC group", p->name);
}

mdup_csg *mdup_csg_parse(const char *text, size_t length, const char *name, mdup_error **err)
{
    mdup_csg *csg = mdup_calloc(1, sizeof *csg, err);
    if (!csg)
        return NULL;
    parser p = {.csg = csg, .name = name};
    csg->text = mdup_strndup(text, length, err);
    csg->length = length;
    bool ok = csg->text && read_text(&p, err);
    if (ok && !csg->type)
        ok = (csg->type = mdup_strdup("", err)) != NULL;
    if (ok)
        return csg;
    mdup_csg_free(csg);
    return NULL;
}

void mdup_csg_free(mdup_csg *csg)
{
    if (!csg)
        return;
    for (size_t i = 0; i < csg->n; i++)
        free(csg->results[i].metafile);
    free(csg->results);
    free(csg->type);
    free(csg->text);
    free(csg);
}

/* ---- writing ---- */

static void put_until(const mdup_csg *csg, size_t *done, size_t end, mdup_strbuf *out)
{
    mdup_strbuf_append(out, csg->text + *done, end - *done);
    *done = end;
}

bool mdup_csg_write(const mdup_csg *csg, const char *const *metafiles, const size_t *counts,
                    mdup_strbuf *out, mdup_error **err)
{
    size_t done = 0;
    for (size_t i = 0; i < csg->n; i++) {
        const mdup_csg_result *result = &csg->results[i];
        bool count_first = result->count_begin < result->metafile_begin;
        for (int step = 0; step < 2; step++) {
            bool is_count = (step == 0) == count_first;
            put_until(csg, &done, is_count ? result->count_begin : result->metafile_begin, out);
            if (is_count)
                mdup_strbuf_printf(out, "%zu", counts[i]);
            else
                mdup_strbuf_printf(out, "'>%s'", metafiles[i]);
            done = is_count ? result->count_end : result->metafile_end;
        }
    }
    put_until(csg, &done, csg->length, out);
    return mdup_strbuf_check(out, err);
}
