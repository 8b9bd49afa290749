#include "publish/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "base/text.h"

void mdup_words_count(mdup_strbuf *out, size_t n)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%zu", n);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            mdup_strbuf_puts(out, ",");
        mdup_strbuf_append(out, digits + i, 1);
    }
}

void mdup_words_shell(mdup_strbuf *out, const char *path)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (path[0] != '\0' && path[0] != '-' && strspn(path, plain) == strlen(path)) {
        mdup_strbuf_puts(out, path);
        return;
    }
    mdup_strbuf_puts(out, path[0] == '-' ? "'./" : "'");
    for (; *path; path++)
        if (*path == '\'')
            mdup_strbuf_puts(out, "'\\''");
        else
            mdup_strbuf_append(out, path, 1);
    mdup_strbuf_puts(out, "'");
}

void mdup_words_things(mdup_strbuf *out, size_t n, const char *one, const char *many)
{
    mdup_words_count(out, n);
    mdup_strbuf_printf(out, " %s", n == 1 ? one : many);
}

void mdup_words_percent_number(mdup_strbuf *out, double share)
{
    double percent = 100 * share;
    if (percent >= 99.95)
        mdup_strbuf_puts(out, "100");
    else if (percent >= 9.95)
        mdup_strbuf_printf(out, "%.0f", percent);
    else
        mdup_strbuf_printf(out, "%.2g", percent);
}

void mdup_words_percent(mdup_strbuf *out, double share)
{
    mdup_words_percent_number(out, share);
    mdup_strbuf_puts(out, " %");
}

void mdup_words_evalue(mdup_strbuf *out, const mdup_pair *pair)
{
    double exponent = floor(pair->log10_evalue),
           digit = round(pow(10, pair->log10_evalue - exponent));
    if (digit > 9) {
        digit = 1;
        exponent++;
    }
    if (pair->is_copy)
        mdup_strbuf_puts(out, "0");
    else if (pair->log10_evalue >= -3)
        mdup_strbuf_printf(out, "%.2g", pow(10, pair->log10_evalue));
    else
        /* Beyond 1e-308 too. */
        mdup_strbuf_printf(out, "%.0fe%.0f", digit, exponent);
}

static void put_span_number(mdup_strbuf *out, double value, const char *unit)
{
    mdup_strbuf_printf(out, "%.*f %s", value < 9.5 && fabs(value - round(value)) > 0.05 ? 1 : 0,
                       value, unit);
    if (fabs(value - 1) > 0.05)
        mdup_strbuf_puts(out, "s");
}

void mdup_words_span(mdup_strbuf *out, double seconds)
{
    static const double MINUTE_s = 60, HOUR_s = 3600, DAY_s = 86400;
    if (seconds < 1.5 * MINUTE_s)
        put_span_number(out, round(seconds), "second");
    else if (seconds < 1.5 * HOUR_s)
        put_span_number(out, round(seconds / MINUTE_s), "minute");
    else if (seconds < 1.5 * DAY_s)
        put_span_number(out, seconds / HOUR_s, "hour");
    else
        put_span_number(out, seconds / DAY_s, "day");
}

void mdup_words_length(mdup_strbuf *out, double px, double pixel_A)
{
    static const double A_PER_NM = 10, NM_PER_UM = 1000;
    double nm = px * pixel_A / A_PER_NM;
    if (pixel_A <= 0)
        mdup_strbuf_printf(out, "%.0f px", px);
    else if (fabs(nm) >= NM_PER_UM)
        mdup_strbuf_printf(out, "%.2f um", nm / NM_PER_UM);
    else
        mdup_strbuf_printf(out, "%.*f nm", fabs(nm) < 9.95 ? 1 : 0, nm);
}

static size_t count_characters(const char *text)
{
    size_t n = 0;
    for (; *text; text += mdup_utf8_length(text))
        n++;
    return n;
}

static const char *skip_characters(const char *text, size_t n)
{
    while (n-- > 0)
        text += mdup_utf8_length(text);
    return text;
}

/* Bytes that are no UTF-8 are a character each. */
static size_t count_any_characters(const char *text, size_t length)
{
    size_t n = 0;
    for (size_t at = 0, step; at<length; at += step> 0 ? step : 1, n++)
        step = mdup_utf8_length(text + at);
    return n;
}

/* The part of the name that is shown. */
static void trim_name(const mdup_view *view, const char *name, const char **begin, size_t *length)
{
    const char *end = name + strlen(name);
    *begin = mdup_path_base(name);
    *length = (size_t)(end - *begin);
    if (count_any_characters(*begin, *length) <= MDUP_NAME_COLUMNS)
        return;
    if (name + view->beginning_length > *begin && name + view->beginning_length < end)
        *begin = name + view->beginning_length;
    *length = (size_t)(end - *begin);
    if (count_any_characters(*begin, *length) > MDUP_NAME_COLUMNS)
        *length -= *length > view->ending_length ? view->ending_length : 0;
}

size_t mdup_words_short_name(const mdup_view *view, size_t micrograph, const mdup_name_style *style,
                             mdup_strbuf *out)
{
    enum { TAIL = 15 }; /* "20260504_120000" */
    size_t head = MDUP_NAME_COLUMNS - TAIL - count_characters(style->gap), length;
    const char *begin;
    mdup_strbuf cut = MDUP_STRBUF_INIT, shown = MDUP_STRBUF_INIT;
    trim_name(view, view->report->micrographs[micrograph].name, &begin, &length);
    mdup_strbuf_append(&cut, begin, length);
    mdup_strbuf_puts(&shown, "");
    mdup_text_show(&shown, cut.text ? cut.text : "", style->substitute);
    size_t n = shown.failed ? 0 : count_characters(shown.text);
    if (n > MDUP_NAME_COLUMNS) {
        mdup_strbuf_append(out, shown.text,
                           (size_t)(skip_characters(shown.text, head) - shown.text));
        mdup_strbuf_puts(out, style->gap);
        mdup_strbuf_puts(out, skip_characters(shown.text, n - TAIL));
        n = MDUP_NAME_COLUMNS;
    } else if (!shown.failed) {
        mdup_strbuf_puts(out, shown.text);
    }
    out->failed = out->failed || cut.failed || shown.failed;
    mdup_strbuf_free(&shown);
    mdup_strbuf_free(&cut);
    return n;
}

void mdup_words_apart(const mdup_view *view, const mdup_pair *pair, mdup_strbuf *out)
{
    const mdup_report_micrograph *a = &view->report->micrographs[pair->a],
                                 *b = &view->report->micrographs[pair->b];
    if (a->has_time && b->has_time && b->time_s >= a->time_s)
        mdup_words_span(out, b->time_s - a->time_s);
    else
        mdup_words_things(out, pair->b - pair->a, "exposure", "exposures");
    mdup_strbuf_puts(out, " apart");
}

const char *mdup_words_kind(const mdup_view *view, size_t pair)
{
    static const char *const names[MDUP_PAIR_KINDS] = {"duplicate", "again in part", "by design"};
    return view->report->pairs[pair].is_copy ? "exact copy" : names[view->kind[pair]];
}

/* Bytes of the longest beginning of text that fits into so many columns, up to the last blank when it does not fit whole. */
static size_t fit(const char *text, size_t columns)
{
    size_t at = 0, last_blank = 0;
    for (size_t n = 0; text[at]; n++) {
        if (n >= columns)
            return last_blank > 0 ? last_blank : at;
        at += mdup_utf8_length(text + at);
        if (text[at] == ' ')
            last_blank = at;
    }
    return at;
}

void mdup_words_wrapped(mdup_strbuf *out, const char *text, size_t indent)
{
    mdup_strbuf shown = MDUP_STRBUF_INIT;
    mdup_text_show(&shown, text, "?");
    for (const char *at = shown.text; at && *at;) {
        size_t length = fit(at, MDUP_LINE_COLUMNS - indent);
        mdup_strbuf_printf(out, "%*s%.*s\n", (int)indent, "", (int)length, at);
        at += length + strspn(at + length, " ");
    }
    out->failed = out->failed || shown.failed;
    mdup_strbuf_free(&shown);
}
