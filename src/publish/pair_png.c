#include "publish/pair_png.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "publish/pair_drawing.h"
#include "publish/words.h"

/* px.  Left: both frames, below them the shared area.  Right: the numbers. */
static const double WIDTH = 1600, MARGIN = 32, GAP = 16, TEXT_WIDTH = 380, COLUMN_GAP = 36;
static const double TITLE_SIZE = 27, NAME_SIZE = 16, VALUE_SIZE = 20, TEXT_SIZE = 14.5;
static const double MOST_HEIGHT = 620; /* of a frame: of tall ones the width is less */

typedef struct {
    const mdup_view *view;
    const mdup_shown_pair *shown;
    mdup_pair pair; /* of one that is not known the micrographs alone */
    mdup_pair_drawing drawn;
    mdup_numbers numbers;
} figure;

/* ---- what is said ---- */

static const char *title_of(const mdup_view *view, const mdup_shown_pair *shown)
{
    static const char *const titles[MDUP_PAIR_KINDS] = {"Duplicate", "Recorded again in part",
                                                        "Overlap by design"};
    if (!shown->known)
        return "No overlap known";
    if (shown->published == SIZE_MAX)
        return "Not taken for an overlap";
    return shown->known->is_copy ? "Exact copy" : titles[view->kind[shown->published]];
}

static bool make_numbers(const mdup_view *view, const mdup_shown_pair *shown, mdup_numbers *out,
                         mdup_error **err)
{
    if (shown->published != SIZE_MAX)
        return mdup_words_pair(view, shown->published, out, err);
    const mdup_pair members = {.a = shown->a, .b = shown->b};
    if (!mdup_words_numbers(view, shown->known ? shown->known : &members, shown->known != NULL, out,
                            err))
        return false;
    mdup_strbuf_puts(&out->decision, shown->remark ? shown->remark : "");
    bool ok = mdup_strbuf_check(&out->decision, err);
    if (!ok)
        mdup_numbers_clear(out);
    return ok;
}

/* ---- the picture ---- */

static const char *text_of(const mdup_strbuf *text)
{
    return text->text ? text->text : "";
}

/* Every put_ draws from y downwards and returns where it has ended. */
static double put_title(const figure *f, mdup_drawing *d, double y)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&text, title_of(f->view, f->shown));
    if (f->shown->known) {
        mdup_strbuf_puts(&text, ": ");
        mdup_words_percent(&text, f->pair.overlap);
        mdup_strbuf_puts(&text, " shared, E = ");
        mdup_words_evalue(&text, &f->pair);
    }
    mdup_draw_use_ink(d, MDUP_INK_TEXT);
    mdup_drawing_bold(d, true);
    y = mdup_drawing_paragraph(d, MARGIN, y + TITLE_SIZE, TITLE_SIZE, WIDTH - 2 * MARGIN,
                               text_of(&text));
    mdup_drawing_bold(d, false);
    mdup_strbuf_free(&text);
    return y - TITLE_SIZE;
}

/* A square in the colour of its outline, which is it, whether it stays, its name. */
static double put_name(const figure *f, mdup_drawing *d, bool later, double y)
{
    static const double SQUARE = 13, LABEL = 64, FATE = 92;
    size_t index = later ? f->pair.b : f->pair.a;
    bool goes = f->view->report->decision->removed[index];
    double base = y + NAME_SIZE, x = MARGIN + SQUARE + 9;
    mdup_draw_use_outline(d, later);
    mdup_drawing_fill_rectangle(d, MARGIN, base - SQUARE + 1, SQUARE, SQUARE);
    mdup_draw_use_ink(d, MDUP_INK_MUTED);
    mdup_drawing_text(d, x, base, NAME_SIZE, MDUP_DRAWING_START, false,
                      later ? "later" : "earlier");
    mdup_draw_use_ink(d, goes ? MDUP_INK_DUPLICATE : MDUP_INK_TEXT);
    mdup_drawing_bold(d, true);
    mdup_drawing_text(d, x + LABEL, base, NAME_SIZE, MDUP_DRAWING_START, false,
                      goes ? "removed" : "kept");
    mdup_drawing_bold(d, false);
    mdup_draw_use_ink(d, MDUP_INK_TEXT);
    x += LABEL + FATE;
    return mdup_drawing_paragraph(d, x, base, NAME_SIZE, WIDTH - MARGIN - x,
                                  f->view->report->micrographs[index].name) -
           NAME_SIZE + 3;
}

static double put_label(mdup_drawing *d, double x, double y, const char *text)
{
    mdup_draw_use_ink(d, MDUP_INK_MUTED);
    mdup_drawing_text(d, x, y + TEXT_SIZE, TEXT_SIZE, MDUP_DRAWING_START, false, text);
    return y + 1.5 * TEXT_SIZE;
}

static void put_missing(const figure *f, mdup_drawing *d, bool later, const mdup_box *where)
{
    const mdup_report_micrograph *m = f->drawn.micrographs[later];
    mdup_draw_use_ink(d, MDUP_INK_GRID);
    mdup_drawing_fill_rectangle(d, where->x, where->y, where->width, where->height);
    mdup_draw_use_ink(d, MDUP_INK_TEXT);
    mdup_drawing_paragraph(d, where->x + GAP, where->y + 2 * GAP, TEXT_SIZE, where->width - 2 * GAP,
                           m->reason ? m->reason : "There is no picture of it.");
}

/* How high a frame is in a box of that width. */
static double frame_height(const figure *f, bool later, double width)
{
    static const double USUAL_SHAPE = 0.7;
    const mdup_report_micrograph *m = f->drawn.micrographs[later];
    double shape = m->nx > 0 ? (double)m->ny / m->nx : USUAL_SHAPE;
    return fmin(MOST_HEIGHT, shape * width);
}

static double put_frames(const figure *f, mdup_drawing *d, double y, double width)
{
    double side = (width - GAP) / 2, height = 0, top = y;
    for (int later = 0; later < 2; later++)
        height = fmax(height, frame_height(f, later != 0, side));
    for (int later = 0; later < 2; later++) {
        const mdup_box box = {
            MARGIN + later * (side + GAP),
            put_label(d, MARGIN + later * (side + GAP), y, later ? "Later frame" : "Earlier frame"),
            side, height};
        top = box.y;
        if (f->drawn.pictures[later].grey)
            mdup_draw_frame(&f->drawn, d, later != 0, f->shown->known != NULL, &box);
        else
            put_missing(f, d, later != 0, &box);
    }
    return top + height + GAP;
}

enum { LAYERS = 3 };

/* How the three shared areas lie, so that they are as large as can be: side by side, or strips one below the other. */
typedef struct {
    bool below;
    double width, height; /* of each */
} arrangement;

static arrangement arrange(const mdup_pair_drawing *p, double width)
{
    /* Enlarged further, a corner shows nothing but the pixels of the frame. */
    static const double MOST_SIDE = 400, MOST_STRIP = 130, MOST_ENLARGED = 4, CLEARLY = 1.4;
    const mdup_area *area = &p->shared[0];
    double frame_px = (double)p->pictures[0].nx / p->micrographs[0]->nx; /* in one px */
    double w = fmax(1, area->width), h = fmax(1, area->height);
    double beside = fmin((width - (LAYERS - 1) * GAP) / LAYERS / w, MOST_SIDE / h),
           below = fmin(width / w, MOST_STRIP / h);
    bool is_below = below > CLEARLY * beside; /* side by side is easier to compare */
    double scale = fmin(is_below ? below : beside, MOST_ENLARGED * frame_px);
    return (arrangement){is_below, scale * w, scale * h};
}

static double put_shared(const figure *f, mdup_drawing *d, double y, double width)
{
    static const char *const labels[LAYERS] = {
        "Shared area, earlier", "Shared area, later, moved onto it", "Earlier less later"};
    arrangement a = arrange(&f->drawn, width);
    double step = (width - (LAYERS - 1) * GAP) / LAYERS + GAP, x = MARGIN, bottom = y;
    for (int layer = 0; layer < LAYERS; layer++) {
        const mdup_box box = {x, put_label(d, x, y, labels[layer]), a.width, a.height};
        mdup_draw_shared(&f->drawn, d, (mdup_layer)layer, &box);
        bottom = box.y + a.height + GAP;
        if (a.below)
            y = bottom;
        else
            x += step;
    }
    return bottom;
}

static double put_numbers(const figure *f, mdup_drawing *d, double x, double y)
{
    mdup_draw_use_ink(d, MDUP_INK_TEXT);
    mdup_drawing_bold(d, true);
    y = mdup_drawing_paragraph(d, x, y + TEXT_SIZE, TEXT_SIZE, TEXT_WIDTH,
                               text_of(&f->numbers.decision));
    for (size_t i = 0; i < f->numbers.n; i++) {
        const mdup_number *n = &f->numbers.items[i];
        mdup_draw_use_ink(d, MDUP_INK_MUTED);
        mdup_drawing_bold(d, false);
        y = mdup_drawing_paragraph(d, x, y + 14, TEXT_SIZE, TEXT_WIDTH, n->what) + 4;
        mdup_draw_use_ink(d, MDUP_INK_TEXT);
        mdup_drawing_bold(d, true);
        y = mdup_drawing_paragraph(d, x, y, VALUE_SIZE, TEXT_WIDTH, text_of(&n->value)) - 5;
        mdup_draw_use_ink(d, MDUP_INK_MUTED);
        mdup_drawing_bold(d, false);
        y = mdup_drawing_paragraph(d, x, y, TEXT_SIZE, TEXT_WIDTH, text_of(&n->meaning));
    }
    return y;
}

/* Draws all of it, and returns how high it is. */
static double put_figure(const figure *f, mdup_drawing *d)
{
    double left = WIDTH - 2 * MARGIN - COLUMN_GAP - TEXT_WIDTH;
    double y = put_title(f, d, MARGIN);
    y = put_name(f, d, false, y);
    y = put_name(f, d, true, y) + GAP / 2;
    double text = put_numbers(f, d, MARGIN + left + COLUMN_GAP, y + 1.5 * TEXT_SIZE);
    y = put_frames(f, d, y, left);
    if (f->shown->known && f->drawn.difference.grey)
        y = put_shared(f, d, y, left);
    return fmax(y, text) + MARGIN - GAP;
}

/* How high it is depends on how the words are broken, and so on the fonts: it is drawn twice, first on nothing. */
static bool find_height(const figure *f, int *height, mdup_error **err)
{
    mdup_strbuf none = MDUP_STRBUF_INIT;
    mdup_drawing *d = mdup_drawing_begin_png(&none, 1, 1, "microdup", err);
    if (!d)
        return false;
    *height = (int)ceil(put_figure(f, d));
    bool ok = mdup_drawing_end(d, err);
    mdup_strbuf_free(&none);
    return ok;
}

static bool draw(const figure *f, mdup_strbuf *png, mdup_error **err)
{
    int height;
    mdup_strbuf software = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&software, "microdup %s", f->view->report->version);
    mdup_drawing *d = NULL;
    bool ok = mdup_strbuf_check(&software, err) && find_height(f, &height, err) &&
              (d = mdup_drawing_begin_png(png, (int)WIDTH, height, software.text, err));
    if (ok) {
        put_figure(f, d);
        ok = mdup_drawing_end(d, err);
    }
    mdup_strbuf_free(&software);
    return ok;
}

static bool make_and_draw(const mdup_view *view, const mdup_shown_pair *shown, mdup_strbuf *png,
                          mdup_error **err)
{
    static const double LETTERS = 1.5; /* of those on the PDF */
    figure f = {.view = view, .shown = shown, .pair = {.a = shown->a, .b = shown->b}};
    if (shown->known)
        f.pair = *shown->known;
    if (!mdup_pair_drawing_make(view, &f.pair, shown->known != NULL, &f.drawn, err))
        return false;
    f.drawn.unit = LETTERS;
    bool ok = make_numbers(view, shown, &f.numbers, err);
    if (ok) {
        ok = draw(&f, png, err);
        mdup_numbers_clear(&f.numbers);
    }
    mdup_pair_drawing_clear(&f.drawn);
    return ok;
}

bool mdup_pair_png(const mdup_report *report, const mdup_shown_pair *shown, mdup_strbuf *png,
                   mdup_error **err)
{
    mdup_view view;
    if (!mdup_view_make(report, &view, err))
        return false;
    bool ok = make_and_draw(&view, shown, png, err);
    mdup_view_clear(&view);
    return ok;
}

/* ---- for the terminal ---- */

static void put_line(mdup_strbuf *out, const char *label, const char *text)
{
    mdup_strbuf shown = MDUP_STRBUF_INIT;
    mdup_text_show(&shown, text, "?");
    mdup_strbuf_printf(out, "%-11s  %s\n", label, text_of(&shown));
    out->failed |= shown.failed;
    mdup_strbuf_free(&shown);
}

static void put_named(const mdup_report *r, size_t index, const char *label, mdup_strbuf *out)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&text, "%s (%s)", r->micrographs[index].name,
                       r->decision->removed[index] ? "removed" : "kept");
    put_line(out, label, text_of(&text));
    out->failed |= text.failed;
    mdup_strbuf_free(&text);
}

bool mdup_pair_text(const mdup_report *report, const mdup_shown_pair *shown, mdup_strbuf *text,
                    mdup_error **err)
{
    mdup_view view;
    mdup_numbers numbers;
    if (!mdup_view_make(report, &view, err))
        return false;
    bool ok = make_numbers(&view, shown, &numbers, err);
    if (ok) {
        mdup_strbuf_printf(text, "%s\n", title_of(&view, shown));
        put_named(report, shown->a, "earlier", text);
        put_named(report, shown->b, "later", text);
        for (size_t i = 0; i < numbers.n; i++)
            put_line(text, numbers.items[i].what, text_of(&numbers.items[i].value));
        mdup_words_wrapped(text, text_of(&numbers.decision), 0);
        mdup_numbers_clear(&numbers);
        ok = mdup_strbuf_check(text, err);
    }
    mdup_view_clear(&view);
    return ok;
}
