/* One column of a loop, changed or added. */
#include <string.h>

#include "formats/star.h"

/* A row without its line end. */
static void find_line(const mdup_star *star, size_t begin, size_t end, const char **first,
                      const char **last)
{
    *first = star->bytes + begin;
    *last = star->bytes + end;
    while (*last > *first && ((*last)[-1] == '\n' || (*last)[-1] == '\r'))
        --*last;
}

/* Behind the words of a row: a comment may follow. */
static size_t find_row_end(const mdup_star *star, const mdup_star_table *table, size_t row)
{
    size_t last = table->n_columns - 1;
    mdup_star_word word = {0};
    mdup_star_find_words(star, table, row, &last, 1, &word);
    return (size_t)(word.text - star->bytes) + word.length + word.quoted;
}

/* Begin of the line of the last label: the first one above the rows that holds anything. */
static size_t find_last_label(const mdup_star *star, const mdup_star_table *table)
{
    size_t begin = table->rows[0].begin;
    for (;;) {
        size_t end = begin;
        for (begin = end - 1; begin > 0 && star->bytes[begin - 1] != '\n';)
            begin--;
        const char *at, *last;
        find_line(star, begin, end, &at, &last);
        mdup_star_word word;
        if (mdup_star_next_word(&at, last, &word) == MDUP_STAR_WORD)
            return begin;
    }
}

static size_t find_line_end(const mdup_star *star, size_t begin)
{
    const char *newline = memchr(star->bytes + begin, '\n', star->length - begin);
    return newline ? (size_t)(newline - star->bytes) + 1 : star->length;
}

/* In the manner of the label above it: with or without "#N", the same blanks and line end. */
static void write_label(const mdup_star *star, const mdup_star_table *table, const char *label,
                        size_t begin, size_t end, mdup_strbuf *out)
{
    const char *at, *last;
    find_line(star, begin, end, &at, &last);
    mdup_star_word word;
    (void)mdup_star_next_word(&at, last, &word);
    mdup_strbuf_puts(out, "_");
    mdup_strbuf_puts(out, label);
    const char *number = at;
    while (number < last && (*number == ' ' || *number == '\t'))
        number++;
    if (number < last && *number == '#') {
        mdup_strbuf_append(out, at, (size_t)(number - at));
        mdup_strbuf_printf(out, "#%zu", table->n_columns + 1);
        for (at = number + 1; at < last && *at >= '0' && *at <= '9';)
            at++;
    }
    mdup_strbuf_append(out, at, (size_t)(star->bytes + end - at));
}

/* Digits by hand: a locale for each of a million rows would take a second. */
static void put_number(mdup_strbuf *out, int64_t value)
{
    char text[24];
    size_t at = sizeof text;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        text[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (value < 0)
        text[--at] = '-';
    mdup_strbuf_append(out, text + at, sizeof text - at);
}

static bool add_column(const mdup_star *star, const mdup_star_table *table, const char *label,
                       const int64_t *values, mdup_strbuf *out, mdup_error **err)
{
    size_t begin = find_last_label(star, table), done = find_line_end(star, begin);
    mdup_strbuf_append(out, star->bytes, done);
    write_label(star, table, label, begin, done, out);
    for (size_t row = 0; row < table->n_rows; row++) {
        size_t end = find_row_end(star, table, row);
        mdup_strbuf_append(out, star->bytes + done, end - done);
        mdup_strbuf_puts(out, " ");
        put_number(out, values[row]);
        done = end;
    }
    mdup_strbuf_append(out, star->bytes + done, star->length - done);
    return mdup_strbuf_check(out, err);
}

static bool replace_values(const mdup_star *star, const mdup_star_table *table, size_t column,
                           const int64_t *values, const bool *change, mdup_strbuf *out,
                           mdup_error **err)
{
    size_t done = 0;
    for (size_t row = 0; row < table->n_rows; row++) {
        if (change && !change[row])
            continue;
        mdup_star_word word = {0};
        mdup_star_find_words(star, table, row, &column, 1, &word);
        size_t begin = (size_t)(word.text - star->bytes) - word.quoted;
        mdup_strbuf_append(out, star->bytes + done, begin - done);
        put_number(out, values[row]);
        done = begin + word.length + (word.quoted ? 2 : 0);
    }
    mdup_strbuf_append(out, star->bytes + done, star->length - done);
    return mdup_strbuf_check(out, err);
}

bool mdup_star_write_column(const mdup_star *star, const mdup_star_table *table, const char *label,
                            const int64_t *values, const bool *change, mdup_strbuf *out,
                            mdup_error **err)
{
    ptrdiff_t column = mdup_star_column(table, label);
    if (column >= 0)
        return replace_values(star, table, (size_t)column, values, change, out, err);
    if (table->n_rows > 0)
        return add_column(star, table, label, values, out, err);
    mdup_strbuf_append(out, star->bytes, star->length);
    return mdup_strbuf_check(out, err);
}
