/* What a run ends with on a terminal. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "publish/words.h"

enum { WIDTH = 79, MOST_ROWS = 10 };

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

/* Shown, and broken into lines that begin with so many blanks. */
static void put_wrapped(mdup_strbuf *out, const char *text, size_t indent)
{
    mdup_strbuf shown = MDUP_STRBUF_INIT;
    mdup_text_show(&shown, text, "?");
    for (const char *at = shown.text; at && *at;) {
        size_t length = fit(at, WIDTH - indent);
        mdup_strbuf_printf(out, "%*s%.*s\n", (int)indent, "", (int)length, at);
        at += length + strspn(at + length, " ");
    }
    out->failed = out->failed || shown.failed;
    mdup_strbuf_free(&shown);
}

static void put_name(const mdup_view *view, size_t micrograph, mdup_strbuf *out)
{
    static const mdup_name_style style = {"...", "?"};
    size_t n = mdup_words_short_name(view, micrograph, &style, out);
    mdup_strbuf_printf(out, "%*s", (int)(MDUP_NAME_COLUMNS - n), "");
}

static void put_row(const mdup_view *view, size_t removed, mdup_strbuf *out)
{
    const mdup_report *r = view->report;
    const mdup_pair *pair = &r->pairs[r->decision->original[removed]];
    mdup_strbuf shared = MDUP_STRBUF_INIT, evalue = MDUP_STRBUF_INIT;
    mdup_words_percent(&shared, pair->overlap);
    mdup_words_evalue(&evalue, pair);
    mdup_strbuf_printf(out, "%5lld  ", (long long)r->decision->set[removed]);
    put_name(view, mdup_decision_kept_of(r->decision, pair), out);
    mdup_strbuf_puts(out, "  ");
    put_name(view, removed, out);
    if (shared.text && evalue.text)
        mdup_strbuf_printf(out, " %6s  %s\n", shared.text, evalue.text);
    out->failed = out->failed || shared.failed || evalue.failed;
    mdup_strbuf_free(&evalue);
    mdup_strbuf_free(&shared);
}

/* In order of acquisition, as in duplicates.csv. */
static void put_table(const mdup_view *view, mdup_strbuf *out)
{
    const mdup_report *r = view->report;
    size_t n = 0;
    if (view->n_duplicates == 0)
        return;
    mdup_strbuf_printf(out, "\n%5s  %-*s  %-*s %6s  %s\n", "set", MDUP_NAME_COLUMNS, "kept",
                       MDUP_NAME_COLUMNS, "removed", "shared", "E-value");
    for (size_t i = 0; i < r->n && n < MOST_ROWS; i++) {
        if (!mdup_view_is_duplicate(view, i))
            continue;
        put_row(view, i, out);
        n++;
    }
    if (view->n_duplicates > n) {
        mdup_strbuf_puts(out, "       and ");
        mdup_words_count(out, view->n_duplicates - n);
        mdup_strbuf_puts(out, " more: duplicates.csv\n");
    }
}

static void put_advice(const mdup_report *r, mdup_strbuf *out)
{
    mdup_strbuf advice = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&advice, "\nLook at     %sreport.html\n", r->out_dir);
    mdup_strbuf_puts(&advice, "Go on with  ");
    for (size_t i = 0; i < r->n_kept_files; i++)
        mdup_strbuf_printf(&advice, "%s%s%s", i > 0 ? " " : "", r->out_dir, r->kept_files[i]);
    mdup_strbuf_puts(&advice, " (");
    mdup_words_count(&advice, r->n - r->decision->n_removed);
    mdup_strbuf_printf(&advice, ")\nIn numbers  %spairs.csv, duplicates.csv, micrographs.csv\n",
                       r->out_dir);
    for (char *line = advice.text; line && *line;) {
        size_t length = strcspn(line, "\n");
        char end = line[length];
        line[length] = '\0';
        mdup_text_show(out, line, "?");
        mdup_strbuf_puts(out, "\n");
        line += length + (end == '\n');
    }
    out->failed = out->failed || advice.failed;
    mdup_strbuf_free(&advice);
}

static bool write(const mdup_view *view, const mdup_verdict *verdict, mdup_strbuf *headline,
                  mdup_strbuf *lines, mdup_error **err)
{
    put_wrapped(headline, verdict->headline.text, 0);
    for (size_t i = 0; i < verdict->n_lines; i++)
        put_wrapped(lines, verdict->lines[i].text, 0);
    put_table(view, lines);
    put_advice(view->report, lines);
    return mdup_strbuf_check(headline, err) && mdup_strbuf_check(lines, err);
}

bool mdup_report_closing(const mdup_report *report, mdup_strbuf *headline, mdup_strbuf *lines,
                         mdup_error **err)
{
    mdup_view view;
    mdup_verdict verdict;
    if (!mdup_view_make(report, &view, err))
        return false;
    bool ok = mdup_words_verdict(&view, &verdict, err);
    if (ok) {
        ok = write(&view, &verdict, headline, lines, err);
        mdup_verdict_clear(&verdict);
    }
    mdup_view_clear(&view);
    return ok;
}
