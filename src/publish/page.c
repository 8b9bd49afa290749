/* report.html. */
#include "publish/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "publish/canvas.h"
#include "publish/figure.h"
#include "publish/page/parts.h"
#include "publish/picture.h"
#include "publish/plot.h"
#include "publish/template.h"
#include "publish/words.h"

static mdup_field text_field(const char *key, const char *value)
{
    return (mdup_field){.key = key, .value = value};
}

static mdup_field markup_field(const char *key, const mdup_strbuf *value)
{
    return (mdup_field){
        .key = key, .value = value->text, .length = value->length, .is_markup = true};
}

static mdup_field part_field(const char *key, const mdup_page_part *part)
{
    return (mdup_field){.key = key, .value = part->text, .length = part->length, .is_markup = true};
}

#define FILL(part, fields, out, err)                                                               \
    mdup_template_fill((part).text, (part).length, fields, sizeof(fields) / sizeof *(fields), out, \
                       err)

/* A number as a text that lives as long as the fields it goes into. */
typedef struct {
    char text[32];
} digits;

static const char *print(digits *d, size_t n)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&text, "%zu", n);
    d->text[0] = '\0';
    if (text.text && text.length < sizeof d->text)
        memcpy(d->text, text.text, text.length + 1);
    mdup_strbuf_free(&text);
    return d->text;
}

static void put_short_name(const mdup_view *view, size_t micrograph, mdup_strbuf *out)
{
    /* page.js does the same. */
    static const mdup_name_style style = {"\xE2\x80\xA6", "\xEF\xBF\xBD"};
    mdup_words_short_name(view, micrograph, &style, out);
}

static const char *fate_of(const mdup_view *view, size_t micrograph)
{
    return view->report->decision->removed[micrograph] ? "removed" : "kept";
}

static const char *kind_class(mdup_pair_kind kind)
{
    static const char *const classes[MDUP_PAIR_KINDS] = {"duplicate", "again", "design"};
    return classes[kind];
}

/* ---- the verdict ---- */

static bool put_lines(const mdup_verdict *verdict, mdup_strbuf *out, mdup_error **err)
{
    for (size_t i = 0; i < verdict->n_lines; i++) {
        const mdup_field fields[] = {text_field("text", verdict->lines[i].text)};
        if (!FILL(mdup_page_line, fields, out, err))
            return false;
    }
    return true;
}

static bool put_tile(const char *class, size_t count, const char *text, mdup_strbuf *out,
                     mdup_error **err)
{
    mdup_strbuf number = MDUP_STRBUF_INIT;
    mdup_words_count(&number, count);
    const mdup_field fields[] = {text_field("class", count > 0 ? class : ""),
                                 markup_field("count", &number), text_field("text", text)};
    bool ok = mdup_strbuf_check(&number, err) && FILL(mdup_page_tile, fields, out, err);
    mdup_strbuf_free(&number);
    return ok;
}

static bool put_tiles(const mdup_view *view, mdup_strbuf *out, mdup_error **err)
{
    const mdup_report *r = view->report;
    return put_tile("", r->n, "micrographs", out, err) &&
           put_tile("", (size_t)r->n_compared, "pairs compared", out, err) &&
           put_tile("duplicate", r->decision->n_removed, "removed", out, err) &&
           put_tile("duplicate", (size_t)r->decision->n_sets, "sets of duplicates", out, err) &&
           put_tile("again", view->n_of_kind[MDUP_PAIR_AGAIN], "places again in part", out, err) &&
           put_tile("design", view->n_of_kind[MDUP_PAIR_DESIGN], "overlaps by design", out, err) &&
           put_tile("", view->n_not_judged, "not judged", out, err);
}

static bool put_steps(const mdup_view *view, mdup_strbuf *out, mdup_error **err)
{
    mdup_steps steps;
    if (!mdup_words_steps(view, &steps, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < steps.n; i++) {
        const mdup_field fields[] = {text_field("title", steps.items[i].title),
                                     text_field("text", steps.items[i].text.text),
                                     text_field("command", steps.items[i].command.text)};
        ok = FILL(mdup_page_step, fields, out, err);
    }
    mdup_steps_clear(&steps);
    return ok;
}

/* ---- plots ---- */

static bool put_plot(const mdup_view *view, mdup_plot plot, mdup_strbuf *out, mdup_error **err)
{
    mdup_strbuf svg = MDUP_STRBUF_INIT, caption = MDUP_STRBUF_INIT;
    mdup_canvas canvas = {.svg = &svg};
    digits width, height;
    mdup_plot_caption(view, plot, &caption);
    bool ok = mdup_plot_draw(view, plot, &canvas, err) && mdup_strbuf_check(&svg, err) &&
              mdup_strbuf_check(&caption, err);
    if (ok) {
        const mdup_field fields[] = {
            text_field("title", mdup_plot_title(plot)), text_field("caption", caption.text),
            text_field("width", print(&width, MDUP_PLOT_WIDTH_pt)),
            text_field("height", print(&height, MDUP_PLOT_HEIGHT_pt)), markup_field("plot", &svg)};
        ok = FILL(mdup_page_plot, fields, out, err);
    }
    mdup_strbuf_free(&caption);
    mdup_strbuf_free(&svg);
    return ok;
}

static bool put_plots(const mdup_view *view, mdup_strbuf *out, mdup_error **err)
{
    for (int plot = 0; plot < MDUP_PLOTS; plot++)
        if (mdup_plot_has_something(view, (mdup_plot)plot) &&
            !put_plot(view, (mdup_plot)plot, out, err))
            return false;
    return true;
}

/* ---- sets ---- */

static bool put_members(const mdup_view *view, size_t set, mdup_strbuf *out, mdup_error **err)
{
    for (size_t i = view->set_begin[set - 1]; i < view->set_begin[set]; i++) {
        size_t index = view->set_members[i];
        digits place;
        mdup_strbuf name = MDUP_STRBUF_INIT;
        put_short_name(view, index, &name);
        const mdup_field fields[] = {
            text_field("place", print(&place, i - view->set_begin[set - 1] + 1)),
            text_field("title", view->report->micrographs[index].name),
            text_field("name", name.text), text_field("fate", fate_of(view, index))};
        bool ok = mdup_strbuf_check(&name, err) && FILL(mdup_page_member, fields, out, err);
        mdup_strbuf_free(&name);
        if (!ok)
            return false;
    }
    return true;
}

/* To the pairs for which members go. */
static bool put_links(const mdup_view *view, size_t set, mdup_strbuf *out, mdup_error **err)
{
    const mdup_decision *d = view->report->decision;
    for (size_t i = view->set_begin[set - 1]; i < view->set_begin[set]; i++) {
        ptrdiff_t pair = d->original[view->set_members[i]];
        digits number;
        if (pair < 0)
            continue;
        const mdup_field fields[] = {text_field("number", print(&number, (size_t)pair + 1))};
        if (!FILL(mdup_page_link, fields, out, err))
            return false;
    }
    return true;
}

static bool put_mosaic(const mdup_view *view, size_t set, mdup_strbuf *out, mdup_error **err)
{
    size_t n = view->set_begin[set] - view->set_begin[set - 1];
    mdup_place *places = mdup_calloc(n, sizeof *places, err);
    if (!places)
        return false;
    mdup_view_places(view, set, places);
    mdup_figure_mosaic(view, set, places, out);
    free(places);
    return true;
}

static bool put_set(const mdup_view *view, size_t set, mdup_strbuf *out, mdup_error **err)
{
    mdup_strbuf mosaic = MDUP_STRBUF_INIT, members = MDUP_STRBUF_INIT, links = MDUP_STRBUF_INIT,
                size = MDUP_STRBUF_INIT;
    digits number;
    mdup_words_count(&size, view->set_begin[set] - view->set_begin[set - 1]);
    mdup_strbuf_puts(&size, " micrographs");
    bool ok = put_mosaic(view, set, &mosaic, err) && put_members(view, set, &members, err) &&
              put_links(view, set, &links, err) && mdup_strbuf_check(&mosaic, err) &&
              mdup_strbuf_check(&size, err);
    if (ok) {
        const mdup_field fields[] = {text_field("number", print(&number, set)),
                                     markup_field("size", &size), markup_field("mosaic", &mosaic),
                                     markup_field("members", &members),
                                     markup_field("links", &links)};
        ok = FILL(mdup_page_set, fields, out, err);
    }
    mdup_strbuf_free(&size);
    mdup_strbuf_free(&links);
    mdup_strbuf_free(&members);
    mdup_strbuf_free(&mosaic);
    return ok;
}

/* Sets are shown as far as their pairs are. */
static bool is_set_shown(const mdup_view *view, size_t set)
{
    const mdup_decision *d = view->report->decision;
    for (size_t i = view->set_begin[set - 1]; i < view->set_begin[set]; i++) {
        ptrdiff_t pair = d->original[view->set_members[i]];
        if (pair >= 0 && view->is_pictured[pair])
            return true;
    }
    return false;
}

static bool put_sets(const mdup_view *view, bool *is_needed, mdup_strbuf *out, mdup_strbuf *note,
                     mdup_error **err)
{
    size_t n_sets = (size_t)view->report->decision->n_sets, n_shown = 0;
    for (size_t set = 1; set <= n_sets; set++) {
        if (!is_set_shown(view, set))
            continue;
        n_shown++;
        for (size_t i = view->set_begin[set - 1];
             i < view->set_begin[set] && i < view->set_begin[set - 1] + MDUP_MOSAIC_MEMBERS; i++)
            is_needed[view->set_members[i]] = true;
        if (!put_set(view, set, out, err))
            return false;
    }
    if (n_shown < n_sets)
        mdup_strbuf_printf(note, "%zu of %zu are shown; the table of pairs has them all.", n_shown,
                           n_sets);
    return true;
}

/* ---- pairs ---- */

static bool put_numbers(const mdup_numbers *numbers, mdup_strbuf *out, mdup_error **err)
{
    for (size_t i = 0; i < numbers->n; i++) {
        const mdup_number *n = &numbers->items[i];
        const mdup_field fields[] = {text_field("what", n->what),
                                     text_field("value", n->value.text),
                                     text_field("meaning", n->meaning.text)};
        if (!FILL(mdup_page_number, fields, out, err))
            return false;
    }
    return true;
}

static void put_hole(const mdup_report_micrograph *m, mdup_strbuf *out)
{
    mdup_strbuf_puts(out, "");
    if (m->hole)
        mdup_strbuf_printf(out, ", hole %s", m->hole);
    if (m->hole && m->shot)
        mdup_strbuf_printf(out, ", shot %s", m->shot);
}

enum { FRAME_A, FRAME_B, SHARED_A, SHARED_B, NUMBERS, HOLE_A, HOLE_B, CARD_TEXTS };

static void draw_card(const mdup_view *view, const mdup_pair *pair, mdup_strbuf *texts)
{
    const mdup_report_micrograph *m = view->report->micrographs;
    mdup_figure_frame(view, pair, false, &texts[FRAME_A]);
    mdup_figure_frame(view, pair, true, &texts[FRAME_B]);
    mdup_figure_shared(view, pair, false, &texts[SHARED_A]);
    mdup_figure_shared(view, pair, true, &texts[SHARED_B]);
    put_hole(&m[pair->a], &texts[HOLE_A]);
    put_hole(&m[pair->b], &texts[HOLE_B]);
}

static bool fill_card(const mdup_view *view, size_t p, const mdup_numbers *numbers,
                      const mdup_strbuf *texts, mdup_strbuf *out, mdup_error **err)
{
    const mdup_pair *pair = &view->report->pairs[p];
    const mdup_report_micrograph *m = view->report->micrographs;
    digits number;
    const mdup_field fields[] = {
        text_field("number", print(&number, p + 1)),
        text_field("kind", mdup_words_kind(view, p)),
        text_field("kind_class", kind_class(view->kind[p])),
        text_field("name_a", m[pair->a].name),
        text_field("name_b", m[pair->b].name),
        text_field("fate_a", fate_of(view, pair->a)),
        text_field("fate_b", fate_of(view, pair->b)),
        text_field("hole_a", texts[HOLE_A].text),
        text_field("hole_b", texts[HOLE_B].text),
        markup_field("frame_a", &texts[FRAME_A]),
        markup_field("frame_b", &texts[FRAME_B]),
        markup_field("shared_a", &texts[SHARED_A]),
        markup_field("shared_b", &texts[SHARED_B]),
        markup_field("numbers", &texts[NUMBERS]),
        text_field("decision", numbers->decision.text),
    };
    return FILL(mdup_page_pair, fields, out, err);
}

static bool put_card(const mdup_view *view, size_t p, mdup_strbuf *out, mdup_error **err)
{
    mdup_strbuf texts[CARD_TEXTS] = {MDUP_STRBUF_INIT};
    mdup_numbers numbers;
    if (!mdup_words_pair(view, p, &numbers, err))
        return false;
    draw_card(view, &view->report->pairs[p], texts);
    bool ok = put_numbers(&numbers, &texts[NUMBERS], err);
    for (int i = 0; ok && i < CARD_TEXTS; i++)
        ok = mdup_strbuf_check(&texts[i], err);
    ok = ok && fill_card(view, p, &numbers, texts, out, err);
    for (int i = 0; i < CARD_TEXTS; i++)
        mdup_strbuf_free(&texts[i]);
    mdup_numbers_clear(&numbers);
    return ok;
}

enum { ROW_NAME_A, ROW_NAME_B, ROW_TITLE, ROW_SHARED, ROW_EVALUE, ROW_APART, ROW_SET, ROW_TEXTS };

static void describe_row(const mdup_view *view, const mdup_pair *pair, mdup_strbuf *texts)
{
    const mdup_report *r = view->report;
    int64_t set_a = r->decision->set[pair->a], set_b = r->decision->set[pair->b];
    put_short_name(view, pair->a, &texts[ROW_NAME_A]);
    put_short_name(view, pair->b, &texts[ROW_NAME_B]);
    mdup_strbuf_printf(&texts[ROW_TITLE], "%s, %s", r->micrographs[pair->a].name,
                       r->micrographs[pair->b].name);
    mdup_words_percent(&texts[ROW_SHARED], pair->overlap);
    mdup_words_evalue(&texts[ROW_EVALUE], pair);
    mdup_words_apart(view, pair, &texts[ROW_APART]);
    if (set_a == set_b && set_a != MDUP_NO_SET)
        mdup_strbuf_printf(&texts[ROW_SET], "%lld", (long long)set_a);
}

static bool put_row(const mdup_view *view, size_t p, mdup_strbuf *out, mdup_error **err)
{
    mdup_strbuf texts[ROW_TEXTS] = {MDUP_STRBUF_INIT};
    digits number;
    bool ok = true;
    describe_row(view, &view->report->pairs[p], texts);
    for (int i = 0; ok && i < ROW_TEXTS; i++)
        ok = mdup_strbuf_check(&texts[i], err);
    if (ok) {
        const mdup_field fields[] = {text_field("number", print(&number, p + 1)),
                                     text_field("kind", mdup_words_kind(view, p)),
                                     text_field("kind_class", kind_class(view->kind[p])),
                                     text_field("name_a", texts[ROW_NAME_A].text),
                                     text_field("name_b", texts[ROW_NAME_B].text),
                                     text_field("title", texts[ROW_TITLE].text),
                                     text_field("shared", texts[ROW_SHARED].text),
                                     text_field("evalue", texts[ROW_EVALUE].text),
                                     text_field("apart", texts[ROW_APART].text),
                                     text_field("set", texts[ROW_SET].text)};
        ok = FILL(mdup_page_row, fields, out, err);
    }
    for (int i = 0; i < ROW_TEXTS; i++)
        mdup_strbuf_free(&texts[i]);
    return ok;
}

static bool put_pairs(const mdup_view *view, bool *is_needed, mdup_strbuf *cards, mdup_strbuf *rows,
                      mdup_error **err)
{
    const mdup_report *r = view->report;
    for (size_t i = 0; i < view->n_pictured; i++) {
        size_t p = view->by_importance[i];
        is_needed[r->pairs[p].a] = is_needed[r->pairs[p].b] = true;
        if (!put_card(view, p, cards, err) || !put_row(view, p, rows, err))
            return false;
    }
    /* Without a script the table has at least something. */
    for (size_t i = view->n_pictured; i < r->n_pairs && i < MDUP_REPORT_PICTURES; i++)
        if (!put_row(view, view->by_importance[i], rows, err))
            return false;
    return true;
}

/* All pictures of the page, for the usual number of pairs: it can be sent by mail. */
static const double PICTURES_bytes = 10.5e6, BASE64_OVERHEAD = 4.0 / 3;

/* Of one of them: what each of n may take. */
static size_t picture_size(const mdup_report *r, const bool *is_needed)
{
    size_t n = 1;
    double usual = MDUP_REPORT_PICTURES;
    for (size_t i = 0; i < r->n; i++)
        n += is_needed[i];
    double all = PICTURES_bytes * fmax(1, (double)r->most_pictures / usual);
    return (size_t)(all / BASE64_OVERHEAD / (double)n);
}

static bool put_frames(const mdup_report *r, const bool *is_needed, mdup_strbuf *out,
                       mdup_error **err)
{
    size_t most_bytes = picture_size(r, is_needed);
    int step = 0;
    for (size_t i = 0; i < r->n; i++) {
        mdup_report_frame frame = {0};
        if (is_needed[i])
            frame = r->frame(r->context, i);
        if (!frame.pixels)
            continue;
        mdup_picture picture;
        if (!mdup_picture_make(&frame, most_bytes, &step, &picture, err))
            return false;
        mdup_strbuf uri = MDUP_STRBUF_INIT;
        digits index, width, height;
        mdup_picture_uri(&picture, &uri);
        mdup_picture_clear(&picture);
        const mdup_field fields[] = {
            text_field("index", print(&index, i)),
            text_field("width", print(&width, (size_t)r->micrographs[i].nx)),
            text_field("height", print(&height, (size_t)r->micrographs[i].ny)),
            markup_field("uri", &uri)};
        bool ok = mdup_strbuf_check(&uri, err) && FILL(mdup_page_frame, fields, out, err);
        mdup_strbuf_free(&uri);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- what could not be judged, provenance ---- */

enum { MOST_BAD_ROWS = 500 };

static bool put_bad(const mdup_view *view, mdup_strbuf *out, mdup_strbuf *note, mdup_error **err)
{
    const mdup_report *r = view->report;
    size_t n = 0, n_all = view->n_not_judged + view->n_odd;
    for (size_t i = 0; i < r->n && n < MOST_BAD_ROWS; i++) {
        const mdup_report_micrograph *m = &r->micrographs[i];
        if (m->status == MDUP_STATUS_OK)
            continue;
        n++;
        const mdup_field fields[] = {text_field("status", mdup_status_name(m->status)),
                                     text_field("name", m->name), text_field("reason", m->reason)};
        if (!FILL(mdup_page_bad, fields, out, err))
            return false;
    }
    mdup_strbuf_puts(note, "These stay in the list; whether they are duplicates is not known.");
    if (n < n_all)
        mdup_strbuf_printf(note, " The first %zu of %zu; micrographs.csv has them all.", n, n_all);
    return true;
}

static bool put_facts(const mdup_report *r, mdup_strbuf *out, mdup_error **err)
{
    for (size_t i = 0; i < r->n_facts; i++) {
        const mdup_field fields[] = {text_field("what", r->facts[i].what),
                                     text_field("value", r->facts[i].value)};
        if (!FILL(mdup_page_fact, fields, out, err))
            return false;
    }
    return true;
}

/* ---- the whole ---- */

enum {
    FRAMES,
    LINES,
    TILES,
    STEPS,
    PLOTS,
    SETS,
    SETS_NOTE,
    CARDS,
    ROWS,
    PAIRS_NOTE,
    BAD,
    BAD_NOTE,
    FACTS,
    DATA,
    SECTIONS
};

static void put_pairs_note(const mdup_view *view, mdup_strbuf *out)
{
    const mdup_report *r = view->report;
    mdup_strbuf_puts(out, "Numbered by their rows in pairs.csv.");
    if (view->n_pictured < r->n_pairs) {
        mdup_strbuf_puts(out, " ");
        mdup_words_count(out, view->n_pictured);
        mdup_strbuf_puts(out, " of ");
        mdup_words_count(out, r->n_pairs);
        mdup_strbuf_puts(out, " have pictures: duplicates first, then places recorded again in "
                              "part, and of the overlaps by design a few as examples.");
    }
}

static bool fill_sections(const mdup_view *view, const mdup_verdict *verdict, bool *is_needed,
                          mdup_strbuf *s, mdup_error **err)
{
    put_pairs_note(view, &s[PAIRS_NOTE]);
    if (!put_lines(verdict, &s[LINES], err) || !put_tiles(view, &s[TILES], err) ||
        !put_steps(view, &s[STEPS], err) || !put_plots(view, &s[PLOTS], err) ||
        !put_sets(view, is_needed, &s[SETS], &s[SETS_NOTE], err) ||
        !put_pairs(view, is_needed, &s[CARDS], &s[ROWS], err) ||
        !put_frames(view->report, is_needed, &s[FRAMES], err) ||
        !put_bad(view, &s[BAD], &s[BAD_NOTE], err) || !put_facts(view->report, &s[FACTS], err))
        return false;
    mdup_page_data(view, &s[DATA]);
    for (int i = 0; i < SECTIONS; i++)
        if (!mdup_strbuf_check(&s[i], err))
            return false;
    return true;
}

static bool fill_page(const mdup_view *view, const mdup_verdict *verdict, const mdup_strbuf *s,
                      mdup_strbuf *out, mdup_error **err)
{
    const mdup_report *r = view->report;
    const mdup_field fields[] = {
        text_field("version", r->version),
        text_field("title", r->title),
        text_field("headline", verdict->headline.text),
        text_field("verdict_class", r->decision->n_removed > 0 ? "found" : "clean"),
        part_field("css", &mdup_page_css),
        part_field("early", &mdup_page_early_js),
        part_field("early_hash", &mdup_page_early_js_sha256),
        part_field("js", &mdup_page_js),
        part_field("script_hash", &mdup_page_js_sha256),
        markup_field("frames", &s[FRAMES]),
        markup_field("lines", &s[LINES]),
        markup_field("tiles", &s[TILES]),
        markup_field("steps", &s[STEPS]),
        markup_field("plots", &s[PLOTS]),
        markup_field("sets", &s[SETS]),
        text_field("sets_note", s[SETS_NOTE].text),
        markup_field("rows", &s[ROWS]),
        text_field("pairs_note", s[PAIRS_NOTE].text),
        markup_field("pairs", &s[CARDS]),
        text_field("no_pairs", r->n_pairs > 0 ? "" : "No two micrographs were found to overlap."),
        text_field("no_picture",
                   "This pair has no pictures here; --report-pairs sets how many do."),
        markup_field("bad", &s[BAD]),
        text_field("bad_note", s[BAD_NOTE].text),
        markup_field("facts", &s[FACTS]),
        markup_field("data", &s[DATA]),
    };
    return FILL(mdup_page_html, fields, out, err);
}

static bool write_page(const mdup_view *view, mdup_strbuf *out, mdup_error **err)
{
    mdup_strbuf sections[SECTIONS] = {MDUP_STRBUF_INIT};
    mdup_verdict verdict;
    bool *is_needed = mdup_calloc(view->report->n, sizeof *is_needed, err);
    if (!is_needed)
        return false;
    bool ok = mdup_words_verdict(view, &verdict, err);
    if (ok) {
        ok = fill_sections(view, &verdict, is_needed, sections, err) &&
             fill_page(view, &verdict, sections, out, err);
        mdup_verdict_clear(&verdict);
    }
    for (int i = 0; i < SECTIONS; i++)
        mdup_strbuf_free(&sections[i]);
    free(is_needed);
    return ok;
}

bool mdup_report_html(const mdup_report *report, mdup_strbuf *out, mdup_error **err)
{
    mdup_view view;
    if (!mdup_view_make(report, &view, err))
        return false;
    bool ok = write_page(&view, out, err);
    mdup_view_clear(&view);
    return ok;
}
