#include "formats/mdoc.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/date.h"
#include "base/number.h"

/* A piece of a line, without the blanks around it. */
typedef struct {
    const char *text;
    size_t length;
} piece;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static piece trim(const char *begin, const char *end)
{
    while (begin < end && is_blank(*begin))
        begin++;
    while (end > begin && is_blank(end[-1]))
        end--;
    return (piece){begin, (size_t)(end - begin)};
}

/* Cuts the first word off. */
static piece next_word(piece *rest)
{
    size_t length = 0;
    while (length < rest->length && !is_blank(rest->text[length]))
        length++;
    piece word = {rest->text, length};
    *rest = trim(rest->text + length, rest->text + rest->length);
    return word;
}

static bool equals(piece p, const char *text)
{
    return p.length == strlen(text) && memcmp(p.text, text, p.length) == 0;
}

/* ---- values ---- */

static bool read_two(piece value, double *x, double *y)
{
    piece first = next_word(&value), second = next_word(&value);
    double a, b;
    if (value.length > 0 || !mdup_parse_double(first.text, first.length, &a) ||
        !mdup_parse_double(second.text, second.length, &b))
        return false;
    *x = a;
    *y = b;
    return true;
}

static bool read_field(piece *rest, char end, int *value)
{
    size_t length = 0;
    while (length < rest->length && rest->text[length] != end)
        length++;
    int64_t number;
    if (!mdup_parse_int64(rest->text, length, &number) || number < 0 || number > 9999)
        return false;
    size_t used = length < rest->length ? length + 1 : length;
    *rest = (piece){rest->text + used, rest->length - used};
    *value = (int)number;
    return true;
}

/* "28-Mar-24  19:21:16", in newer versions with four digits of the year */
static bool read_date(piece value, double *time_s)
{
    mdup_date date;
    piece day = next_word(&value), time = next_word(&value);
    if (value.length > 0 || !read_field(&day, '-', &date.day) || day.length < 4 ||
        day.text[3] != '-')
        return false;
    date.month = mdup_date_month(day.text);
    day = (piece){day.text + 4, day.length - 4};
    if (!read_field(&day, '-', &date.year) || day.length > 0 ||
        !read_field(&time, ':', &date.hour) || !read_field(&time, ':', &date.minute) ||
        !read_field(&time, ':', &date.second) || time.length > 0)
        return false;
    if (date.year < 100)
        date.year += 2000;
    if (!mdup_date_is_possible(&date))
        return false;
    *time_s = mdup_date_seconds(&date);
    return true;
}

/* Takes the place of what stands there. */
static bool put_text(char **target, const char *text, size_t length, mdup_error **err)
{
    char *copy = mdup_strndup(text, length, err);
    if (!copy)
        return false;
    free(*target);
    *target = copy;
    return true;
}

/* A path of Windows or of another system. */
static bool put_base(char **target, piece path, mdup_error **err)
{
    size_t begin = path.length;
    while (begin > 0 && path.text[begin - 1] != '\\' && path.text[begin - 1] != '/')
        begin--;
    return begin == path.length || put_text(target, path.text + begin, path.length - begin, err);
}

/* "hole position", or "X Y position" of a regular pattern */
static bool put_hole(mdup_acquisition *a, piece value, mdup_error **err)
{
    size_t last = value.length;
    while (last > 0 && !is_blank(value.text[last - 1]))
        last--;
    piece hole = trim(value.text, value.text + last);
    if (hole.length == 0)
        return true;
    return put_text(&a->hole, hole.text, hole.length, err) &&
           put_text(&a->shot, value.text + last, value.length - last, err);
}

static bool take_value(mdup_acquisition *a, piece key, piece value, mdup_error **err)
{
    if (equals(key, "StagePosition"))
        a->has_stage |= read_two(value, &a->stage_x_um, &a->stage_y_um);
    else if (equals(key, "ImageShift"))
        a->has_shift |= read_two(value, &a->shift_x_um, &a->shift_y_um);
    else if (equals(key, "DateTime"))
        a->has_time |= read_date(value, &a->time_s);
    else if (equals(key, "SubFramePath"))
        return put_base(&a->image, value, err);
    else if (equals(key, "NavigatorLabel"))
        return put_text(&a->label, value.text, value.length, err);
    else if (equals(key, "MultishotHoleAndPosition"))
        return put_hole(a, value, err);
    return true;
}

/* ---- lines ---- */

/* "[FrameSet = 0]"; "[T = ...]" is a title. */
static bool opens_section(piece line, piece *kind)
{
    const char *equals_sign = memchr(line.text, '=', line.length);
    if (line.length < 2 || line.text[0] != '[' || line.text[line.length - 1] != ']' || !equals_sign)
        return false;
    *kind = trim(line.text + 1, equals_sign);
    return equals(*kind, "FrameSet") || equals(*kind, "ZValue") || equals(*kind, "Image");
}

static bool add_section(mdup_mdoc *mdoc, size_t *capacity, mdup_error **err)
{
    if (!mdup_grow((void **)&mdoc->items, capacity, mdoc->n + 1, sizeof *mdoc->items, err))
        return false;
    mdoc->items[mdoc->n++] = (mdup_acquisition){.image = NULL};
    return true;
}

static bool read_lines(const char *text, size_t length, mdup_mdoc *mdoc, mdup_error **err)
{
    size_t capacity = 0;
    bool in_section = false;
    for (const char *at = text, *end = text + length; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        piece kind, line = trim(at, newline ? newline : end);
        at = newline ? newline + 1 : end;
        const char *sign = memchr(line.text, '=', line.length);
        if (line.length > 0 && line.text[0] == '[') {
            in_section = opens_section(line, &kind);
            if (in_section && !add_section(mdoc, &capacity, err))
                return false;
        } else if (in_section && sign &&
                   !take_value(&mdoc->items[mdoc->n - 1], trim(line.text, sign),
                               trim(sign + 1, line.text + line.length), err)) {
            return false;
        }
    }
    return true;
}

bool mdup_mdoc_parse(const char *text, size_t length, const char *name, mdup_mdoc *out,
                     mdup_error **err)
{
    mdup_mdoc mdoc = {0, NULL};
    bool ok = read_lines(text, length, &mdoc, err);
    if (ok && mdoc.n == 0)
        ok = mdup_fail(err, MDUP_ERROR_PARSE,
                       "%s: has no section such as [FrameSet = 0] and so is no .mdoc of SerialEM",
                       name);
    if (ok)
        *out = mdoc;
    else
        mdup_mdoc_clear(&mdoc);
    return ok;
}

void mdup_mdoc_clear(mdup_mdoc *mdoc)
{
    for (size_t i = 0; i < mdoc->n; i++)
        mdup_acquisition_clear(&mdoc->items[i]);
    free(mdoc->items);
    *mdoc = (mdup_mdoc){0, NULL};
}
