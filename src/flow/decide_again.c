#include <microdup/decide.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/number.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "decide/decide.h"
#include "flow/choices.h"
#include "flow/parameters.h"
#include "flow/reading.h"
#include "flow/report.h"
#include "flow/summary.h"
#include "publish/publish.h"
#include "session/work.h"

/* One decision from the session to the files. */
typedef struct {
    const mdup_decide_options *options;
    const mdup_callbacks *callbacks;
    mdup_session *session;
    bool can_write; /* the session is open for work */
    mdup_session_result result;
    mdup_session_provenance provenance;
    mdup_session_geometry *geometries;
    size_t n_geometries;
    mdup_reading
        *readings; /* of each micrograph what a report asks of it; frames when they are asked for */
    mdup_screen_options screen; /* with the rules of this decision, */
    mdup_screen_options asked;  /* and as the screen was asked */
    const char **inputs;
    double most_evalue;
    bool *exclude, *protect;
    size_t *rank; /* NULL: in order of acquisition */
    mdup_screen_summary summary;
} job;

void mdup_decide_options_init(mdup_decide_options *options)
{
    *options = (mdup_decide_options){
        .min_overlap = -1, .max_evalue = -1, .keep = "earliest", .report_pairs = -1};
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- the session ---- */

/* Parameters that a decision leaves beside its own. */
static const char SCREEN_OVERLAP[] = "screen-min-overlap", SCREEN_EVALUE[] = "screen-evalue";

/* To work on, when nobody else does and it can be written; else to read. */
static bool open_session(job *j, mdup_error **err)
{
    mdup_error *refused = NULL;
    if (!mdup_path_is_file(j->options->session)) {
        j->session = mdup_session_open(j->options->session, err);
        return j->session != NULL;
    }
    j->session = mdup_session_work_now(j->options->session, &refused);
    j->can_write = j->session != NULL;
    if (j->session)
        return true;
    j->session = mdup_session_open(j->options->session, err);
    if (j->session)
        mdup_log(j->callbacks, MDUP_LOG_WARNING,
                 "the decision is not kept in the session, only in the files written now: %s",
                 mdup_error_get_message(refused));
    mdup_error_clear(&refused);
    return j->session != NULL;
}

static bool list_inputs(job *j, mdup_error **err)
{
    size_t n = j->result.catalog->n_sources;
    if (!(j->inputs = mdup_calloc(n, sizeof *j->inputs, err)))
        return false;
    for (size_t i = 0; i < n; i++)
        j->inputs[i] = j->result.catalog->sources[i].path;
    j->screen.inputs = j->inputs;
    j->screen.n_inputs = n;
    return true;
}

static bool take_number(const char *text, double *value)
{
    return !text || mdup_parse_double(text, strlen(text), value);
}

static bool restore_options(job *j, mdup_error **err)
{
    mdup_screen_options_init(&j->screen);
    if (!list_inputs(j, err) ||
        !mdup_parameters_to_options(j->provenance.parameters, j->provenance.n_parameters,
                                    &j->screen, err)) {
        mdup_error_prefix(err, "%s", j->options->session);
        return false;
    }
    /* Of several decisions each begins with what the screen was asked for, and not with the one before. */
    mdup_session_parameter *items = j->provenance.parameters;
    size_t n = j->provenance.n_parameters;
    if (!take_number(mdup_parameters_find(items, n, SCREEN_OVERLAP), &j->screen.min_overlap) ||
        !take_number(mdup_parameters_find(items, n, SCREEN_EVALUE), &j->screen.max_evalue))
        return mdup_fail(err, MDUP_ERROR_PARSE, "%s: a parameter of the session is no number",
                         j->options->session);
    j->asked = j->screen;
    j->screen.session = j->options->session;
    j->screen.command_line = j->options->command_line;
    if (j->options->min_overlap >= 0)
        j->screen.min_overlap = j->options->min_overlap;
    if (j->options->max_evalue >= 0)
        j->screen.max_evalue = j->options->max_evalue;
    if (j->options->report_pairs >= 0)
        j->screen.report_pairs = j->options->report_pairs;
    j->screen.anonymous = j->screen.anonymous || j->options->anonymous;
    return true;
}

/* All pairs of the session in the place of those that are published. */
static bool load_pairs(job *j, mdup_error **err)
{
    mdup_pair *pairs;
    size_t n;
    if (!mdup_session_load_pairs(j->session, j->screen.max_evalue, &pairs, &n, &j->most_evalue,
                                 err))
        return false;
    free(j->result.pairs);
    j->result.pairs = pairs;
    j->result.n_pairs = n;
    return j->screen.max_evalue <= j->most_evalue ||
           mdup_fail(err, MDUP_ERROR_INVALID,
                     "%s: the session knows pairs up to E = %g only; give the screen again with "
                     "--evalue %g, which compares nothing twice",
                     j->options->session, j->most_evalue, j->screen.max_evalue);
}

static bool load(job *j, mdup_error **err)
{
    return open_session(j, err) && mdup_session_load_result(j->session, &j->result, err) &&
           mdup_session_load_provenance(j->session, &j->provenance, err) &&
           restore_options(j, err) && load_pairs(j, err);
}

/* ---- the rules ---- */

static bool check_marks(const job *j, mdup_error **err)
{
    for (size_t i = 0; i < j->result.catalog->n; i++)
        if (j->exclude[i] && j->protect[i])
            return mdup_fail(
                err, MDUP_ERROR_INVALID,
                "%s is named by --exclude and by --protect; it can be only one of them",
                j->result.catalog->micrographs[i].name);
    return true;
}

static bool read_marks(job *j, const mdup_name_index *index, mdup_error **err)
{
    size_t n = j->result.catalog->n;
    const mdup_decide_options *o = j->options;
    if (!(j->exclude = mdup_calloc(n, sizeof *j->exclude, err)) ||
        !(j->protect = mdup_calloc(n, sizeof *j->protect, err)))
        return false;
    for (size_t i = 0; i < o->n_exclude; i++)
        if (!mdup_mark_names(index, o->exclude[i], j->exclude, j->callbacks, err))
            return false;
    for (size_t i = 0; i < o->n_protect; i++)
        if (!mdup_mark_names(index, o->protect[i], j->protect, j->callbacks, err))
            return false;
    for (size_t i = 0; i < o->n_veto; i++)
        if (!mdup_take_out_vetoed(index, o->veto[i], j->result.pairs, &j->result.n_pairs,
                                  j->callbacks, err))
            return false;
    return check_marks(j, err);
}

/* Of each micrograph a value whose lowest is kept. */
static bool find_worth(job *j, const mdup_name_index *index, double *values, mdup_error **err)
{
    size_t n = j->result.catalog->n;
    const char *keep = j->options->keep;
    bool is_latest = strcmp(keep, "latest") == 0, is_max = strncmp(keep, "max:", 4) == 0;
    if (is_latest || strcmp(keep, "earliest") == 0) {
        for (size_t i = 0; i < n; i++)
            values[i] = is_latest ? -(double)i : (double)i;
        return true;
    }
    if ((!is_max && strncmp(keep, "min:", 4) != 0) || keep[4] == '\0')
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--keep %s is none of earliest, latest, min:COLUMN, max:COLUMN", keep);
    if (!mdup_find_values(j->result.catalog, index, keep + 4, j->options->values, values,
                          j->callbacks, err))
        return false;
    for (size_t i = 0; is_max && i < n; i++)
        values[i] = -values[i];
    return true;
}

static bool make_rank(job *j, const mdup_name_index *index, mdup_error **err)
{
    size_t n = j->result.catalog->n;
    /* Then it is a screen's own decision, to the last of its choices. */
    if (strcmp(j->options->keep, "earliest") == 0 && j->options->n_protect == 0)
        return true;
    double *values = mdup_calloc(n, sizeof *values, err);
    bool ok = values && (j->rank = mdup_calloc(n, sizeof *j->rank, err)) &&
              find_worth(j, index, values, err) &&
              mdup_rank(values, j->protect, n, j->result.pairs, j->result.n_pairs, j->rank, err);
    free(values);
    return ok;
}

static void count(job *j)
{
    const mdup_session_result *r = &j->result;
    mdup_screen_summary *s = &j->summary;
    s->n_micrographs = (int64_t)r->catalog->n;
    for (size_t i = 0; i < r->catalog->n; i++)
        if (mdup_status_is_judged(r->judgements[i].status))
            s->n_judged++;
        else
            s->n_not_judged++;
    s->n_duplicate_pairs = (int64_t)r->decision.n_duplicate_pairs;
    s->n_overlap_pairs = (int64_t)(r->n_pairs - r->decision.n_duplicate_pairs);
    s->n_sets = r->decision.n_sets;
    s->n_removed = (int64_t)r->decision.n_removed;
}

static bool decide(job *j, mdup_error **err)
{
    mdup_name_index *index = mdup_name_index_new(j->result.catalog, err);
    bool ok = index && read_marks(j, index, err) && make_rank(j, index, err);
    mdup_name_index_free(index);
    if (!ok)
        return false;
    mdup_rules rules = {.min_overlap = j->screen.min_overlap,
                        .rank = j->rank,
                        .exclude = j->exclude,
                        .protect = j->protect};
    mdup_decision decision;
    if (!mdup_decide_by(j->result.pairs, j->result.n_pairs, j->result.catalog->n, &rules, &decision,
                        err))
        return false;
    mdup_decision_clear(&j->result.decision);
    j->result.decision = decision;
    count(j);
    return true;
}

/* ---- writing ---- */

static bool add_rules(const job *j, mdup_parameters *p, mdup_error **err)
{
    const mdup_decide_options *o = j->options;
    bool ok = mdup_parameters_add(p, "keep", o->keep, err) &&
              (!o->values || mdup_parameters_add(p, "ctf", o->values, err));
    const struct {
        const char *name;
        const char *const *files;
        size_t n;
    } lists[] = {{"exclude", o->exclude, o->n_exclude},
                 {"protect", o->protect, o->n_protect},
                 {"veto", o->veto, o->n_veto}};
    for (size_t k = 0; ok && k < sizeof lists / sizeof *lists; k++) {
        mdup_strbuf text = MDUP_STRBUF_INIT;
        for (size_t i = 0; i < lists[k].n; i++)
            mdup_strbuf_printf(&text, "%s%s", i > 0 ? ", " : "", lists[k].files[i]);
        ok = mdup_strbuf_check(&text, err) &&
             (lists[k].n == 0 || mdup_parameters_add(p, lists[k].name, text.text, err));
        mdup_strbuf_free(&text);
    }
    return ok;
}

static bool remember(job *j, const mdup_parameters *rules, mdup_error **err)
{
    mdup_parameters all = {0};
    mdup_screen_options kept = j->screen;
    kept.report_pairs = j->asked.report_pairs;
    kept.anonymous = j->asked.anonymous;
    bool ok = !j->can_write || mdup_parameters_of_options(&kept, &all, err);
    ok = ok && (!j->can_write ||
                (mdup_parameters_add_number(&all, SCREEN_OVERLAP, j->asked.min_overlap, err) &&
                 mdup_parameters_add_number(&all, SCREEN_EVALUE, j->asked.max_evalue, err)));
    for (size_t i = 0; ok && j->can_write && i < rules->n; i++)
        ok = mdup_parameters_add(&all, rules->items[i].name, rules->items[i].value, err);
    ok = ok && (!j->can_write || mdup_session_put_decision(j->session, &j->result, all.items, all.n,
                                                           j->options->command_line, err));
    mdup_parameters_clear(&all);
    return ok;
}

static bool add_up_geometries(job *j, mdup_error **err)
{
    if (!mdup_session_load_geometries(j->session, &j->geometries, &j->n_geometries, err))
        return false;
    for (size_t i = 0; i < j->n_geometries; i++) {
        j->summary.n_pairs_compared += j->geometries[i].n_compared;
        j->summary.spot_share = fmax(j->summary.spot_share, j->geometries[i].spot_share);
    }
    j->summary.bin = j->n_geometries > 0 ? j->geometries[0].bin : 0;
    return mdup_session_load_exact_copies(j->session, &j->summary.n_exact_copies, err);
}

static bool load_frame(void *context, size_t index, mdup_reading *reading)
{
    job *j = context;
    size_t length = (size_t)reading->frame_nx * (size_t)reading->frame_ny;
    mdup_error *why = NULL;
    if (length == 0)
        return false;
    reading->frame = mdup_calloc(length, sizeof *reading->frame, &why);
    if (reading->frame &&
        mdup_session_load_frame(j->session, &j->result.micrographs[index], reading->frame, &why))
        return true;
    free(reading->frame);
    reading->frame = NULL;
    reading->frame_nx = 0; /* it is not tried again */
    mdup_log(j->callbacks, MDUP_LOG_WARNING, "%s: no picture in the report: %s",
             j->result.catalog->micrographs[index].name, mdup_error_get_message(why));
    mdup_error_clear(&why);
    return false;
}

static bool make_readings(job *j, mdup_error **err)
{
    const mdup_session_micrograph *m = j->result.micrographs;
    j->readings = mdup_calloc(j->result.catalog->n, sizeof *j->readings, err);
    for (size_t i = 0; j->readings && i < j->result.catalog->n; i++)
        j->readings[i] = (mdup_reading){.nx = m[i].nx,
                                        .ny = m[i].ny,
                                        .bin = m[i].bin,
                                        .frame_nx = m[i].frame_nx,
                                        .frame_ny = m[i].frame_ny,
                                        .signature = m[i].signature};
    return j->readings != NULL;
}

static bool report(job *j, const mdup_results *results, const mdup_parameters *rules,
                   mdup_error **err)
{
    mdup_report_job made_of = {.options = &j->screen,
                               .summary = &j->summary,
                               .results = results,
                               .readings = j->readings,
                               .load_frame = load_frame,
                               .context = j,
                               .usual = j->n_geometries > 0 ? &j->geometries[0] : NULL,
                               .session = j->options->session,
                               .rules = rules,
                               .n_threads = 1};
    return mdup_report_session(&made_of, j->callbacks, err);
}

static bool publish(job *j, const mdup_parameters *rules, double began_s, mdup_error **err)
{
    const char *out_dir = j->screen.out_dir;
    mdup_results results = {j->result.catalog, j->result.judgements, j->result.pairs,
                            j->result.n_pairs, &j->result.decision};
    if (!make_readings(j, err) || !mdup_publish(out_dir, &results, err))
        return false;
    j->summary.total_s = now_s() - began_s;
    if (!report(j, &results, rules, err))
        return false;
    j->summary.total_s = now_s() - began_s;
    mdup_strbuf json = MDUP_STRBUF_INIT;
    mdup_summary_json(&j->screen, &j->summary, j->result.catalog, rules, 1, &json);
    bool ok =
        mdup_strbuf_check(&json, err) && mdup_publish_summary(out_dir, json.text, json.length, err);
    mdup_strbuf_free(&json);
    return ok;
}

static bool run(job *j, mdup_parameters *rules, char **own_folder, mdup_error **err)
{
    double began_s = now_s();
    if (!(*own_folder = mdup_path_directory(j->options->session, err)) || !load(j, err))
        return false;
    j->screen.out_dir = j->options->out_dir ? j->options->out_dir : *own_folder;
    return mdup_publish_claim(j->screen.out_dir, j->result.catalog, err) && decide(j, err) &&
           add_rules(j, rules, err) && add_up_geometries(j, err) && remember(j, rules, err) &&
           publish(j, rules, began_s, err);
}

bool mdup_decide_again(const mdup_decide_options *options, const mdup_callbacks *callbacks,
                       mdup_screen_summary *summary, mdup_error **err)
{
    job j = {.options = options, .callbacks = callbacks};
    mdup_parameters rules = {0};
    char *own_folder = NULL;
    bool ok = run(&j, &rules, &own_folder, err);
    if (ok && summary)
        *summary = j.summary;
    free(own_folder);
    mdup_parameters_clear(&rules);
    for (size_t i = 0; j.readings && i < j.result.catalog->n; i++)
        mdup_reading_clear(&j.readings[i]);
    free(j.readings);
    mdup_session_geometries_free(j.geometries, j.n_geometries);
    mdup_session_result_clear(&j.result);
    mdup_session_provenance_clear(&j.provenance);
    mdup_session_close(j.session);
    free(j.inputs);
    free(j.exclude);
    free(j.protect);
    free(j.rank);
    return ok;
}
