#include "flow/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <microdup/version.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "catalog/order.h"
#include "flow/compare.h"
#include "publish/report.h"

enum { MOST_FACTS = 24 };

/* A report in the making, and the texts it borrows. */
typedef struct {
    const mdup_report_job *job;
    mdup_report report;
    mdup_report_micrograph *micrographs;
    char **texts; /* owned; borrowed by the report */
    size_t n_texts, texts_capacity;
    mdup_report_fact facts[MOST_FACTS];
    const char **kept_files;
    bool failed; /* memory ran out at some text */
} writer;

/* Keeps a text until the report is written.  "" when memory ran out, which is remembered. */
static const char *keep(writer *w, mdup_strbuf *text)
{
    if (text->failed || !mdup_grow((void **)&w->texts, &w->texts_capacity, w->n_texts + 1,
                                   sizeof *w->texts, NULL)) {
        w->failed = true;
        mdup_strbuf_free(text);
        return "";
    }
    if (!text->text)
        return "";
    w->texts[w->n_texts++] = text->text;
    return text->text;
}

/* ---- names without folders ---- */

/* Appends text with every `folder` in it left out. */
static void leave_out(mdup_strbuf *out, const char *text, const char *folder, size_t length)
{
    for (const char *found; length > 0 && *text;) {
        for (found = text; *found && strncmp(found, folder, length) != 0;)
            found++;
        mdup_strbuf_append(out, text, (size_t)(found - text));
        text = *found ? found + length : found;
    }
    mdup_strbuf_puts(out, text);
}

static size_t folder_length(const char *path)
{
    return (size_t)(mdup_path_base(path) - path);
}

/* The folder of `path` goes first, as it is known whole and may hold blanks; then whatever else looks like a path. */
static const char *shorten(writer *w, const char *text, const char *path)
{
    if (!text || !w->job->options->anonymous)
        return text;
    mdup_strbuf without = MDUP_STRBUF_INIT, out = MDUP_STRBUF_INIT;
    leave_out(&without, text, path, folder_length(path));
    mdup_text_without_folders(&out, without.text ? without.text : "");
    out.failed = out.failed || without.failed;
    mdup_strbuf_free(&without);
    return keep(w, &out);
}

static const char *name_of(const writer *w, const char *path)
{
    return w->job->options->anonymous ? mdup_path_base(path) : path;
}

/* ---- micrographs ---- */

static bool list_micrographs(writer *w, mdup_error **err)
{
    const mdup_catalog *catalog = w->job->results->catalog;
    w->micrographs = mdup_calloc(catalog->n, sizeof *w->micrographs, err);
    if (!w->micrographs)
        return false;
    for (size_t i = 0; i < catalog->n; i++) {
        const mdup_micrograph *m = &catalog->micrographs[i];
        const mdup_judgement *j = &w->job->results->judgements[i];
        const mdup_reading *reading = &w->job->readings[i];
        w->micrographs[i] = (mdup_report_micrograph){.name = name_of(w, m->name),
                                                     .status = j->status,
                                                     .reason = shorten(w, j->reason, m->path),
                                                     .hole = m->hole,
                                                     .shot = m->shot,
                                                     .time_s = m->time_s,
                                                     .has_time = m->has_time,
                                                     .pixel_A = j->pixel_A,
                                                     .recorded = m->recorded,
                                                     .nx = reading->frame_nx * reading->bin,
                                                     .ny = reading->frame_ny * reading->bin};
    }
    return true;
}

static mdup_report_frame get_frame(void *context, size_t index)
{
    const mdup_report_job *job = context;
    mdup_reading *r = &job->readings[index];
    if (!r->frame && job->load_frame && !job->load_frame(job->context, index, r))
        return (mdup_report_frame){0};
    return (mdup_report_frame){r->frame, r->frame_nx, r->frame_ny, r->bin};
}

/* ---- provenance ---- */

static void add_fact(writer *w, const char *what, mdup_strbuf *value)
{
    const char *kept = keep(w, value);
    if (w->report.n_facts < MOST_FACTS)
        w->facts[w->report.n_facts++] = (mdup_report_fact){what, kept};
}

static void add_input(writer *w, const mdup_source *source)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    char sha256[MDUP_SHA256_TEXT];
    const char *bytes = source->star ? source->star->bytes : source->text;
    size_t length = source->star ? source->star->length : source->text_length;
    mdup_strbuf_puts(&text, name_of(w, source->path));
    if (bytes) {
        mdup_sha256(bytes, length, sha256);
        mdup_strbuf_printf(&text, ", %zu bytes, SHA-256 %s", length, sha256);
    }
    add_fact(w, "Input", &text);
}

/* What all pixels that were read add up to: the same for the same images, whatever their names. */
static void add_pixel_sum(writer *w)
{
    const mdup_catalog *catalog = w->job->results->catalog;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    uint64_t values = 0, mixed = 0;
    for (size_t i = 0; i < catalog->n; i++) {
        values += w->job->readings[i].signature.values;
        mixed += w->job->readings[i].signature.mixed;
    }
    mdup_strbuf_printf(&text, "%016llx%016llx", (unsigned long long)values,
                       (unsigned long long)mixed);
    add_fact(w, "Sum over all pixels", &text);
}

static void add_parameters(writer *w)
{
    const mdup_screen_options *o = w->job->options;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&text, "min-overlap %g, evalue %g, bin %s%d", o->min_overlap, o->max_evalue,
                       o->bin == 0 ? "auto: " : "", (int)w->job->summary->bin);
    if (o->images_per_move > 1 || o->images_per_hole > 1 || o->scan_range > 0)
        mdup_strbuf_printf(&text, ", imagespermove %lld, imagesperhole %lld, scanrange %lld",
                           (long long)o->images_per_move, (long long)o->images_per_hole,
                           (long long)o->scan_range);
    if (o->max_shift_px > 0)
        mdup_strbuf_printf(&text, ", max-shift %g", o->max_shift_px);
    if (o->same_optics_group)
        mdup_strbuf_puts(&text, ", optics-group same");
    add_fact(w, "Parameters", &text);
}

static void add_rules(writer *w)
{
    const mdup_parameters *rules = w->job->rules;
    if (!rules)
        return;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    for (size_t i = 0; i < rules->n; i++)
        mdup_strbuf_printf(&text, "%s%s %s", i > 0 ? ", " : "", rules->items[i].name,
                           name_of(w, rules->items[i].value));
    add_fact(w, "Rules of the decision", &text);
}

static void add_times(writer *w)
{
    const mdup_screen_summary *s = w->job->summary;
    mdup_strbuf took = MDUP_STRBUF_INIT, ended = MDUP_STRBUF_INIT;
    char text[64] = "";
    struct tm local;
    time_t now = time(NULL);
    if (localtime_r(&now, &local))
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z", &local);
    mdup_strbuf_puts(&ended, text);
    add_fact(w, "Finished", &ended);
    if (w->job->rules)
        mdup_strbuf_printf(&took, "%.1f s, from what the screen had found", s->total_s);
    else
        mdup_strbuf_printf(&took, "%.1f s: reading %.1f s, comparing %.1f s, on %d thread%s",
                           s->total_s, s->read_s, s->compare_s, w->job->n_threads,
                           w->job->n_threads == 1 ? "" : "s");
    add_fact(w, "Took", &took);
}

static void list_facts(writer *w)
{
    const mdup_screen_options *o = w->job->options;
    const mdup_catalog *catalog = w->job->results->catalog;
    mdup_strbuf program = MDUP_STRBUF_INIT, command = MDUP_STRBUF_INIT, order = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&program, "microdup %s", mdup_version());
    add_fact(w, "Program", &program);
    if (o->command_line) {
        const char *shortened = o->command_line;
        for (size_t i = 0; i < o->n_inputs; i++)
            shortened = shorten(w, shortened, o->inputs[i]);
        mdup_strbuf_puts(&command, shorten(w, shortened, o->out_dir));
        add_fact(w, "Command", &command);
    }
    for (size_t i = 0; i < catalog->n_sources && i < MOST_FACTS / 2; i++)
        add_input(w, &catalog->sources[i]);
    mdup_strbuf_printf(&order, "%s (%s)", mdup_order_name(catalog->order_used),
                       catalog->order_reason);
    add_fact(w, "Order of acquisition", &order);
    add_parameters(w);
    add_rules(w);
    add_pixel_sum(w);
    add_times(w);
    w->report.facts = w->facts;
}

/* ---- the report ---- */

static bool list_kept_files(writer *w, mdup_error **err)
{
    const mdup_catalog *catalog = w->job->results->catalog;
    w->kept_files = mdup_calloc(catalog->n_sources, sizeof *w->kept_files, err);
    if (!w->kept_files)
        return false;
    for (size_t s = 0; s < catalog->n_sources; s++) {
        mdup_strbuf name = MDUP_STRBUF_INIT;
        mdup_publish_selection_name(&name, catalog, s, false);
        w->kept_files[s] = keep(w, &name);
    }
    w->report.kept_files = w->kept_files;
    w->report.n_kept_files = catalog->n_sources;
    return true;
}

static const char *make_title(writer *w)
{
    const mdup_screen_options *o = w->job->options;
    mdup_strbuf title = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&title, name_of(w, o->inputs[0]));
    if (o->n_inputs > 1)
        mdup_strbuf_printf(&title, " and %zu more", o->n_inputs - 1);
    return keep(w, &title);
}

static const char *out_dir_with_slash(writer *w)
{
    const char *given = w->job->options->out_dir;
    size_t length = strlen(given);
    while (length > 1 && given[length - 1] == '/')
        length--;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_strbuf_append(&out, given, length);
    if (out.text && strcmp(out.text, "/") != 0)
        mdup_strbuf_puts(&out, "/");
    return shorten(w, keep(w, &out), given);
}

static void add_statistics(writer *w, const mdup_session_geometry *usual)
{
    w->report.null = usual->null;
    w->report.weights = usual->weights;
    w->report.unrelated = usual->drawn;
    w->report.n_unrelated =
        mdup_count_unreported(usual->drawn, usual->n_drawn, w->job->options->max_evalue);
    w->report.n_compared = usual->n_compared;
}

static bool fill_report(writer *w, mdup_error **err)
{
    const mdup_report_job *job = w->job;
    const mdup_screen_options *o = job->options;
    w->report = (mdup_report){.n = job->results->catalog->n,
                              .pairs = job->results->pairs,
                              .n_pairs = job->results->n_pairs,
                              .decision = job->results->decision,
                              .frame = get_frame,
                              .min_overlap = o->min_overlap,
                              .max_evalue = o->max_evalue,
                              .spot_share = job->summary->spot_share,
                              .version = mdup_version(),
                              .most_pictures = (size_t)o->report_pairs};
    if (job->usual)
        add_statistics(w, job->usual);
    if (!list_micrographs(w, err) || !list_kept_files(w, err))
        return false;
    w->report.micrographs = w->micrographs;
    w->report.title = make_title(w);
    w->report.out_dir = out_dir_with_slash(w);
    if (job->session)
        w->report.session = name_of(w, job->session);
    list_facts(w);
    return !w->failed || mdup_fail_nomem(err);
}

static bool write_file(const writer *w, const char *name,
                       bool (*make)(const mdup_report *, mdup_strbuf *, mdup_error **),
                       mdup_error **err)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    bool ok = make(&w->report, &text, err) &&
              mdup_publish_file(w->job->options->out_dir, name, &text, err);
    mdup_strbuf_free(&text);
    return ok;
}

/* Line by line, as callbacks take them. */
static void log_lines(const mdup_callbacks *callbacks, mdup_log_level level, char *text)
{
    while (text && *text) {
        size_t length = strcspn(text, "\n");
        char end = text[length];
        text[length] = '\0';
        mdup_log(callbacks, level, "%s", text);
        text += length + (end == '\n');
    }
}

static bool say_closing(const writer *w, const mdup_callbacks *callbacks, mdup_error **err)
{
    mdup_strbuf headline = MDUP_STRBUF_INIT, lines = MDUP_STRBUF_INIT;
    bool ok = mdup_report_closing(&w->report, &headline, &lines, err);
    if (ok) {
        const mdup_screen_summary *s = w->job->summary;
        mdup_log(callbacks, MDUP_LOG_INFO, "%s", "");
        if (w->job->rules)
            mdup_log(callbacks, MDUP_LOG_INFO, "Decided again in %.1f s", s->total_s);
        else
            mdup_log(callbacks, MDUP_LOG_INFO, "%lld pair%s compared in %.1f s",
                     (long long)s->n_pairs_compared, s->n_pairs_compared == 1 ? "" : "s",
                     s->total_s);
        log_lines(callbacks, MDUP_LOG_HEADLINE, headline.text);
        log_lines(callbacks, MDUP_LOG_INFO, lines.text);
    }
    mdup_strbuf_free(&lines);
    mdup_strbuf_free(&headline);
    return ok;
}

bool mdup_report_session(const mdup_report_job *job, const mdup_callbacks *callbacks,
                         mdup_error **err)
{
    writer w = {.job = job};
    bool ok = fill_report(&w, err);
    if (ok) {
        /* The callback's argument is not const; get_frame does not write to it. */
        mdup_report_job copy = *job;
        w.report.context = &copy;
        ok = write_file(&w, "report.html", mdup_report_html, err) &&
             write_file(&w, "logfile.pdf", mdup_report_pdf, err) && say_closing(&w, callbacks, err);
    }
    for (size_t i = 0; i < w.n_texts; i++)
        free(w.texts[i]);
    free(w.texts);
    free(w.kept_files);
    free(w.micrographs);
    return ok;
}
