#include "formats/npy_header.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "formats/pixels.h"

/* cryoSPARC's widest tables have some 200 fields and a few kB a record. */
enum { MAX_FIELDS = 10000, MAX_DEPTH = 16 };
static const size_t MAX_RECORD_bytes = (size_t)1 << 30;

typedef struct {
    mdup_npy *npy;
    const char *name; /* of the file, for messages */
    size_t at, end;   /* in npy->bytes */
    size_t fields_capacity;
} parser;

static bool fail_here(const parser *p, const char *what, mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_PARSE,
                     "%s: offset %zu: %s; the header of this NumPy file is damaged", p->name, p->at,
                     what);
}

static void skip_blanks(parser *p)
{
    while (p->at < p->end && strchr(" \t\r\n", p->npy->bytes[p->at]) && p->npy->bytes[p->at])
        p->at++;
}

/* Whether `c` comes next; it is then passed. */
static bool take(parser *p, char c)
{
    skip_blanks(p);
    if (p->at == p->end || p->npy->bytes[p->at] != c)
        return false;
    p->at++;
    return true;
}

static bool expect(parser *p, char c, mdup_error **err)
{
    char what[] = "'?' is missing";
    what[1] = c;
    return take(p, c) || fail_here(p, what, err);
}

static bool is_next(parser *p, char c)
{
    skip_blanks(p);
    return p->at < p->end && p->npy->bytes[p->at] == c;
}

/* Escapes other than those of quotes and of the backslash stay as they are written. */
static bool read_string(parser *p, char **text, mdup_error **err)
{
    const char *bytes = p->npy->bytes;
    skip_blanks(p);
    if (p->at == p->end || (bytes[p->at] != '\'' && bytes[p->at] != '"'))
        return fail_here(p, "a string is missing", err);
    char quote = bytes[p->at];
    size_t close = p->at + 1, length = 0;
    while (close < p->end && bytes[close] != quote)
        close += bytes[close] == '\\' ? 2 : 1;
    if (close >= p->end)
        return fail_here(p, "a string is not closed", err);
    char *out = mdup_calloc(close - p->at, 1, err);
    if (!out)
        return false;
    for (size_t i = p->at + 1; i < close; i++) {
        bool escapes = bytes[i] == '\\' && bytes[i + 1] && strchr("\\'\"", bytes[i + 1]);
        out[length++] = bytes[escapes ? ++i : i];
    }
    p->at = close + 1;
    *text = out;
    return true;
}

static bool read_size(parser *p, size_t *value, mdup_error **err)
{
    skip_blanks(p);
    size_t begin = p->at, sum = 0;
    while (p->at < p->end && p->npy->bytes[p->at] >= '0' && p->npy->bytes[p->at] <= '9') {
        size_t digit = (size_t)(p->npy->bytes[p->at] - '0');
        if (sum > (SIZE_MAX / 4 - digit) / 10)
            return fail_here(p, "a number is too large", err);
        sum = 10 * sum + digit;
        p->at++;
    }
    if (p->at == begin)
        return fail_here(p, "a number is missing", err);
    *value = sum;
    /* Python 2 wrote 3L. */
    if (p->at < p->end && p->npy->bytes[p->at] == 'L')
        p->at++;
    return true;
}

static bool multiply(const parser *p, size_t a, size_t b, size_t *product, mdup_error **err)
{
    if (b > 0 && a > MAX_RECORD_bytes / b)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "%s: its records would be larger than %zu MB",
                         p->name, MAX_RECORD_bytes >> 20);
    *product = a * b;
    return true;
}

/* The number of items of a sub-array: 3, (3,) or (2, 2). */
static bool read_sub_array(parser *p, size_t *n_items, mdup_error **err)
{
    size_t side;
    if (!take(p, '(')) {
        return read_size(p, n_items, err);
    }
    *n_items = 1;
    while (!take(p, ')')) {
        if (!read_size(p, &side, err) || !multiply(p, *n_items, side, n_items, err))
            return false;
        if (!is_next(p, ')') && !expect(p, ',', err))
            return false;
    }
    return true;
}

/* ---- types ---- */

static bool fail_type(const parser *p, const char *type, mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: offset %zu: the type '%.40s' is not known; save the table again with "
                     "cryosparc-tools or NumPy",
                     p->name, p->at, type);
}

static bool is_of(size_t bytes, const size_t *sizes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (sizes[i] == bytes)
            return true;
    return false;
}

/* Sets type and item_bytes from the letter and the number behind it; false when there is no such
 * type. */
static bool know_type(char letter, size_t number, mdup_npy_field *field)
{
    static const size_t integers[] = {1, 2, 4, 8}, floats[] = {2, 4, 8},
                        odd[] = {8, 12, 16, 24, 32};
    field->item_bytes = number;
    field->type = MDUP_NPY_OTHER;
    switch (letter) {
    case 'b':
    case '?':
        field->type = MDUP_NPY_UNSIGNED;
        return number == 1;
    case 'u':
        field->type = MDUP_NPY_UNSIGNED;
        return is_of(number, integers, 4);
    case 'i':
        field->type = MDUP_NPY_SIGNED;
        return is_of(number, integers, 4);
    case 'f':
        if (is_of(number, floats, 3))
            field->type = MDUP_NPY_FLOAT;
        return field->type == MDUP_NPY_FLOAT || is_of(number, odd, 3);
    case 'S':
    case 'a':
        field->type = MDUP_NPY_BYTES;
        return true;
    case 'U':
        field->type = MDUP_NPY_UNICODE;
        field->item_bytes = 4 * number;
        return true;
    case 'c':
    case 'M':
    case 'm':
        return is_of(number, odd, 5);
    default:
        return letter == 'V';
    }
}

static bool read_number(const char **at, size_t *number)
{
    *number = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (*number > MAX_RECORD_bytes)
            return false;
        *number = 10 * *number + (size_t)(**at - '0');
    }
    return *number <= MAX_RECORD_bytes;
}

/* "<f4", "|S48", "<M8[ns]" */
static bool parse_type(const parser *p, const char *type, mdup_npy_field *field, mdup_error **err)
{
    const char *at = type;
    field->big_endian = *at == '>' || (*at == '=' && mdup_host_is_big_endian());
    if (*at && strchr("<>|=", *at))
        at++;
    char letter = *at;
    if (letter == 'O')
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: the field '%.80s' holds Python objects, which are never read, as "
                         "reading them can run programs; save its strings as fixed-length ones "
                         "(cryosparc-tools' Dataset.save does)",
                         p->name, field->name);
    size_t number;
    if (letter)
        at++;
    bool has_number = *at >= '0' && *at <= '9';
    if (!read_number(&at, &number) || !letter)
        return fail_type(p, type, err);
    if (!has_number)
        number = letter == '?' ? 1 : 0;
    bool is_unit = (letter == 'M' || letter == 'm') && *at == '[';
    if ((*at && !is_unit) || !know_type(letter, number, field))
        return fail_type(p, type, err);
    return true;
}

/* ---- fields ---- */

static bool add_field(parser *p, mdup_npy_field *field, mdup_error **err)
{
    mdup_npy *npy = p->npy;
    if (npy->n_fields == MAX_FIELDS)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "%s: more than %d fields", p->name,
                         MAX_FIELDS);
    if (!mdup_grow((void **)&npy->fields, &p->fields_capacity, npy->n_fields + 1,
                   sizeof *npy->fields, err))
        return false;
    npy->fields[npy->n_fields++] = *field;
    field->name = NULL;
    return true;
}

static bool read_fields(parser *p, int depth, size_t *record_bytes, mdup_error **err);

static bool read_type(parser *p, int depth, mdup_npy_field *field, mdup_error **err)
{
    if (is_next(p, '[')) {
        field->type = MDUP_NPY_OTHER;
        return read_fields(p, depth + 1, &field->item_bytes, err);
    }
    char *type;
    if (!read_string(p, &type, err))
        return false;
    bool ok = parse_type(p, type, field, err);
    free(type);
    return ok;
}

/* 'name' or ('title', 'name') */
static bool read_name(parser *p, char **name, mdup_error **err)
{
    if (!take(p, '('))
        return read_string(p, name, err);
    char *title;
    if (!read_string(p, &title, err))
        return false;
    free(title);
    return expect(p, ',', err) && read_string(p, name, err) && expect(p, ')', err);
}

/* ('name', '<f4') or ('name', '<f4', (2,)); of records within records only the size counts. */
static bool read_field(parser *p, int depth, mdup_npy_field *field, size_t *record_bytes,
                       mdup_error **err)
{
    if (!expect(p, '(', err) || !read_name(p, &field->name, err) || !expect(p, ',', err) ||
        !read_type(p, depth, field, err))
        return false;
    field->n_items = 1;
    if (take(p, ',') && !is_next(p, ')') && !read_sub_array(p, &field->n_items, err))
        return false;
    (void)take(p, ',');
    size_t bytes = 0;
    if (!expect(p, ')', err) || !multiply(p, field->item_bytes, field->n_items, &bytes, err))
        return false;
    field->offset = *record_bytes;
    *record_bytes += bytes;
    if (*record_bytes > MAX_RECORD_bytes)
        return multiply(p, *record_bytes, 2, &bytes, err);
    /* A field without a name fills up a record. */
    return depth > 0 || field->name[0] == '\0' || add_field(p, field, err);
}

static bool read_fields(parser *p, int depth, size_t *record_bytes, mdup_error **err)
{
    *record_bytes = 0;
    if (depth == MAX_DEPTH)
        return fail_here(p, "records lie too deep within records", err);
    if (!expect(p, '[', err))
        return false;
    while (!take(p, ']')) {
        mdup_npy_field field = {0};
        bool ok = read_field(p, depth, &field, record_bytes, err);
        free(field.name);
        if (!ok || (!is_next(p, ']') && !expect(p, ',', err)))
            return false;
    }
    return true;
}

/* ---- the three entries ---- */

typedef struct {
    bool descr, order, shape;
} entries;

static bool read_descr(parser *p, mdup_error **err)
{
    if (!is_next(p, '['))
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: an array of numbers, not a table of records as cryoSPARC's .cs files "
                         "are",
                         p->name);
    if (!read_fields(p, 0, &p->npy->record_bytes, err))
        return false;
    p->npy->fields_end = p->at - 1;
    return true;
}

/* Of one dimension both orders are the same. */
static bool read_order(parser *p, mdup_error **err)
{
    static const char *const words[] = {"False", "True"};
    skip_blanks(p);
    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(words[i]);
        if (p->end - p->at >= length && memcmp(p->npy->bytes + p->at, words[i], length) == 0) {
            p->at += length;
            return true;
        }
    }
    return fail_here(p, "True or False is missing", err);
}

static bool read_shape(parser *p, mdup_error **err)
{
    if (!expect(p, '(', err))
        return false;
    bool is_list = false;
    if (!is_next(p, ')')) {
        skip_blanks(p);
        p->npy->count_begin = p->at;
        if (!read_size(p, &p->npy->n_records, err))
            return false;
        p->npy->count_end = p->at;
        is_list = take(p, ',') && is_next(p, ')');
    }
    if (!is_list)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: offset %zu: the array is not one-dimensional, and so not a table of "
                         "records as cryoSPARC's .cs files are",
                         p->name, p->at);
    return expect(p, ')', err);
}

static bool read_entry(parser *p, entries *seen, mdup_error **err)
{
    char *key;
    if (!read_string(p, &key, err))
        return false;
    static const struct {
        const char *key;
        size_t offset;
        bool (*read)(parser *, mdup_error **);
    } known[] = {{"descr", offsetof(entries, descr), read_descr},
                 {"fortran_order", offsetof(entries, order), read_order},
                 {"shape", offsetof(entries, shape), read_shape}};
    bool (*read)(parser *, mdup_error **) = NULL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        bool *was_seen = (bool *)((char *)seen + known[i].offset);
        if (strcmp(key, known[i].key) != 0 || *was_seen)
            continue;
        *was_seen = true;
        read = known[i].read;
    }
    free(key);
    if (!read)
        return fail_here(p, "an entry that is not known, or comes twice", err);
    return expect(p, ':', err) && read(p, err);
}

static int compare_names(const void *a, const void *b)
{
    const char *const *name_a = a, *const *name_b = b;
    return strcmp(*name_a, *name_b);
}

static bool refuse_repeated(const parser *p, mdup_error **err)
{
    size_t n = p->npy->n_fields;
    const char **names = mdup_calloc(n, sizeof *names, err);
    if (!names)
        return false;
    for (size_t i = 0; i < n; i++)
        names[i] = p->npy->fields[i].name;
    qsort(names, n, sizeof *names, compare_names);
    bool ok = true;
    for (size_t i = 1; ok && i < n; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            ok = mdup_fail(err, MDUP_ERROR_PARSE, "%s: two fields are called '%.80s'", p->name,
                           names[i]);
    free(names);
    return ok;
}

bool mdup_npy_read_header(mdup_npy *npy, size_t begin, size_t end, const char *name,
                          mdup_error **err)
{
    parser p = {.npy = npy, .name = name, .at = begin, .end = end};
    entries seen = {0};
    if (!expect(&p, '{', err))
        return false;
    while (!take(&p, '}')) {
        if (!read_entry(&p, &seen, err))
            return false;
        if (!is_next(&p, '}') && !expect(&p, ',', err))
            return false;
    }
    skip_blanks(&p);
    if (p.at != p.end)
        return fail_here(&p, "something follows the closing brace", err);
    if (!seen.descr || !seen.order || !seen.shape)
        return fail_here(&p, "'descr', 'fortran_order' or 'shape' is missing", err);
    return refuse_repeated(&p, err);
}
