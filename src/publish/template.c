#include "publish/template.h"

#include <string.h>

#include "base/text.h"

void mdup_html_text(mdup_strbuf *out, const char *text)
{
    mdup_strbuf shown = MDUP_STRBUF_INIT;
    mdup_text_show(&shown, text, "\xEF\xBF\xBD");
    for (const char *at = shown.text; at && *at;) {
        size_t plain = strcspn(at, "&<>\"'");
        mdup_strbuf_append(out, at, plain);
        at += plain;
        if (*at)
            mdup_strbuf_printf(out, "&#%d;", *at++);
    }
    out->failed = out->failed || shown.failed;
    mdup_strbuf_free(&shown);
}

/* Like memmem, which POSIX does not have. */
static const char *find(const char *text, size_t length, const char *sought)
{
    size_t sought_length = strlen(sought);
    for (size_t i = 0; i + sought_length <= length; i++)
        if (memcmp(text + i, sought, sought_length) == 0)
            return text + i;
    return NULL;
}

static const mdup_field *find_field(const mdup_field *fields, size_t n, const char *key,
                                    size_t length)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(fields[i].key) == length && memcmp(fields[i].key, key, length) == 0)
            return &fields[i];
    return NULL;
}

static bool is_empty(const mdup_field *field)
{
    return !field->value || (field->is_markup ? field->length == 0 : field->value[0] == '\0');
}

static void put_value(const mdup_field *field, mdup_strbuf *out)
{
    if (is_empty(field))
        return;
    if (field->is_markup)
        mdup_strbuf_append(out, field->value, field->length);
    else
        mdup_html_text(out, field->value);
}

typedef struct {
    const char *at, *end;
    const mdup_field *fields;
    size_t n_fields;
} reader;

/* Steps over "{{name}}" and gives the name: "key", "#key" or "/key". */
static bool read_mark(reader *r, const char **name, size_t *length, mdup_error **err)
{
    *name = r->at + 2;
    const char *close = find(*name, (size_t)(r->end - *name), "}}");
    if (!close)
        return mdup_fail(err, MDUP_ERROR_INVALID, "template: {{ without }}");
    *length = (size_t)(close - *name);
    r->at = close + 2;
    return true;
}

/* From behind "{{#key}}" to behind "{{/key}}". */
static bool skip_part(reader *r, const char *key, size_t length, mdup_error **err)
{
    while ((r->at = find(r->at, (size_t)(r->end - r->at), "{{/"))) {
        const char *name = NULL;
        size_t name_length = 0;
        if (!read_mark(r, &name, &name_length, err))
            return false;
        if (name_length == length + 1 && memcmp(name + 1, key, length) == 0)
            return true;
    }
    return mdup_fail(err, MDUP_ERROR_INVALID, "template: {{#%.*s}} is not closed", (int)length,
                     key);
}

static bool fill_mark(reader *r, mdup_strbuf *out, mdup_error **err)
{
    const char *name = NULL;
    size_t length = 0;
    if (!read_mark(r, &name, &length, err))
        return false;
    char kind = length > 0 ? name[0] : '\0';
    if (kind == '/')
        return true;
    if (kind == '#') {
        name++;
        length--;
    }
    const mdup_field *field = find_field(r->fields, r->n_fields, name, length);
    if (!field)
        return mdup_fail(err, MDUP_ERROR_INVALID, "template: nothing is known of {{%.*s}}",
                         (int)length, name);
    if (kind == '#')
        return !is_empty(field) || skip_part(r, name, length, err);
    put_value(field, out);
    return true;
}

bool mdup_template_fill(const char *text, size_t length, const mdup_field *fields, size_t n_fields,
                        mdup_strbuf *out, mdup_error **err)
{
    reader r = {text, text + length, fields, n_fields};
    for (const char *mark; (mark = find(r.at, (size_t)(r.end - r.at), "{{"));) {
        mdup_strbuf_append(out, r.at, (size_t)(mark - r.at));
        r.at = mark;
        if (!fill_mark(&r, out, err))
            return false;
    }
    mdup_strbuf_append(out, r.at, (size_t)(r.end - r.at));
    return mdup_strbuf_check(out, err);
}
