#include <microdup/show.h>

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "flow/finished.h"
#include "flow/typed_name.h"
#include "formats/drawing.h"
#include "publish/pair_png.h"

typedef struct {
    const mdup_show_options *options;
    const mdup_callbacks *callbacks;
    mdup_finished finished;
    mdup_pair *known; /* all pairs that the session knows */
    size_t n_known;
    double most_evalue; /* up to which it does */
    mdup_shown_pair shown;
    mdup_strbuf remark;
} job;

void mdup_show_options_init(mdup_show_options *options)
{
    *options = (mdup_show_options){.session = "session.mdup", .out = "pair.png"};
}

/* ---- whose file it is ---- */

static bool check_output(const char *path, mdup_error **err)
{
    static const char ending[] = ".png";
    char head[MDUP_PNG_HEAD_bytes];
    size_t length = strlen(path);
    if (length < sizeof ending || strcmp(path + length - (sizeof ending - 1), ending) != 0)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "%s: the picture is a PNG; give it a name that ends in .png", path);
    return access(path, F_OK) != 0 ||
           mdup_png_is_by(head, mdup_file_head(path, head, sizeof head), "microdup ") ||
           mdup_fail(err, MDUP_ERROR_INVALID,
                     "%s: exists already and was not written by microdup; give another name with "
                     "--o",
                     path);
}

/* ---- which pair ---- */

static const mdup_pair *find_pair(const mdup_pair *pairs, size_t n, size_t a, size_t b)
{
    for (size_t i = 0; i < n; i++)
        if (pairs[i].a == a && pairs[i].b == b)
            return &pairs[i];
    return NULL;
}

static bool find_micrographs(job *j, mdup_error **err)
{
    size_t one, other;
    const mdup_catalog *catalog = j->finished.result.catalog;
    if (!mdup_find_typed_name(catalog, j->options->a, &one, err) ||
        !mdup_find_typed_name(catalog, j->options->b, &other, err))
        return false;
    j->shown.a = one < other ? one : other;
    j->shown.b = one < other ? other : one;
    return one != other ||
           mdup_fail(err, MDUP_ERROR_INVALID, "'%s' and '%s' are one micrograph, '%.200s'",
                     j->options->a, j->options->b, catalog->micrographs[one].name);
}

static void remark_unknown(job *j)
{
    const mdup_session_result *r = &j->finished.result;
    const mdup_screen_options *o = &j->finished.options;
    const size_t members[] = {j->shown.a, j->shown.b};
    const mdup_session_micrograph *a = &r->micrographs[members[0]],
                                  *b = &r->micrographs[members[1]];
    for (size_t i = 0; i < 2; i++)
        if (!mdup_status_is_judged(r->judgements[members[i]].status)) {
            mdup_strbuf_printf(&j->remark, "The %s one could not be judged: %s.",
                               i == 0 ? "earlier" : "later",
                               mdup_status_name(r->judgements[members[i]].status));
            return;
        }
    if (a->nx != b->nx || a->ny != b->ny) {
        mdup_strbuf_puts(&j->remark, "They are of different sizes, and are not compared.");
        return;
    }
    mdup_strbuf_printf(&j->remark,
                       "If they share anything, then so little that more than %g unrelated pairs "
                       "are expected to look as much alike",
                       j->most_evalue);
    bool is_restricted = o->scan_range > 0 || o->max_shift_px > 0 || o->same_optics_group ||
                         o->images_per_move > 1 || o->images_per_hole > 1;
    mdup_strbuf_puts(&j->remark, is_restricted ? ", or the pair was outside of what was searched "
                                                 "(--scanrange, --max-shift, --optics-group)."
                                               : ".");
}

static void remark_unpublished(job *j)
{
    double limit = j->finished.options.max_evalue;
    if (j->shown.known->log10_evalue > log10(limit))
        mdup_strbuf_printf(&j->remark, "E-value above %.3g: it is not reported.", limit);
    else
        mdup_strbuf_puts(&j->remark, "It was refused (--veto), and is not reported.");
}

static bool find_shown(job *j, mdup_error **err)
{
    const mdup_session_result *r = &j->finished.result;
    mdup_shown_pair *s = &j->shown;
    s->published = SIZE_MAX;
    if (!find_micrographs(j, err) ||
        !mdup_session_load_pairs(j->finished.session, (double)INFINITY, &j->known, &j->n_known,
                                 &j->most_evalue, err))
        return false;
    if ((s->known = find_pair(r->pairs, r->n_pairs, s->a, s->b)))
        s->published = (size_t)(s->known - r->pairs);
    else if ((s->known = find_pair(j->known, j->n_known, s->a, s->b)))
        remark_unpublished(j);
    else
        remark_unknown(j);
    s->remark = j->remark.text;
    return mdup_strbuf_check(&j->remark, err);
}

/* ---- the picture ---- */

static void tell_lines(const mdup_callbacks *callbacks, const char *text)
{
    for (size_t length; *text; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        mdup_log(callbacks, MDUP_LOG_INFO, "%.*s", (int)length, text);
    }
}

static bool write_and_tell(void *context, const mdup_report *report, mdup_error **err)
{
    const job *j = context;
    mdup_strbuf png = MDUP_STRBUF_INIT, text = MDUP_STRBUF_INIT;
    bool ok = mdup_pair_text(report, &j->shown, &text, err) &&
              mdup_pair_png(report, &j->shown, &png, err) &&
              mdup_file_replace(j->options->out, png.text, png.length, err);
    if (ok) {
        tell_lines(j->callbacks, text.text);
        mdup_log(j->callbacks, MDUP_LOG_INFO, "Look at      %s", j->options->out);
    }
    mdup_strbuf_free(&text);
    mdup_strbuf_free(&png);
    return ok;
}

static bool draw(job *j, mdup_error **err)
{
    const mdup_session_result *r = &j->finished.result;
    const mdup_results results = {r->catalog, r->judgements, r->pairs, r->n_pairs, &r->decision};
    mdup_screen_options options = j->finished.options;
    options.out_dir = "";
    mdup_report_job made_of = mdup_finished_report(&j->finished, &results, &options);
    made_of.made = &j->finished.provenance;
    return mdup_report_use(&made_of, write_and_tell, j, err);
}

bool mdup_show(const mdup_show_options *options, const mdup_callbacks *callbacks, mdup_error **err)
{
    job j = {.options = options, .callbacks = callbacks};
    bool ok = check_output(options->out, err) &&
              mdup_finished_open(options->session, callbacks, &j.finished, err) &&
              find_shown(&j, err) && draw(&j, err);
    free(j.known);
    mdup_strbuf_free(&j.remark);
    mdup_finished_clear(&j.finished);
    return ok;
}
