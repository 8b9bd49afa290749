#include <microdup/report.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "flow/finished.h"
#include "flow/parameters.h"
#include "publish/publish.h"
#include "publish/report.h"

typedef struct {
    const mdup_report_options *options;
    const mdup_callbacks *callbacks;
    mdup_finished finished;
    char *own_folder;         /* of the session */
    mdup_screen_options made; /* as the result was, with what is asked for now */
    mdup_parameters rules;    /* of the decision; texts borrowed */
} job;

void mdup_report_options_init(mdup_report_options *options)
{
    *options = (mdup_report_options){.report_pairs = -1};
}

/* As microdup decide has left them; a screen leaves none. */
static bool find_rules(job *j, mdup_error **err)
{
    static const char *const names[] = {"keep", "ctf", "exclude", "protect", "veto"};
    enum { N = sizeof names / sizeof *names };
    const mdup_session_provenance *p = &j->finished.provenance;
    if (!(j->rules.items = mdup_calloc(N, sizeof *j->rules.items, err)))
        return false;
    for (size_t i = 0; i < p->n_parameters; i++)
        for (size_t k = 0; k < N && j->rules.n < N; k++)
            if (strcmp(p->parameters[i].name, names[k]) == 0)
                j->rules.items[j->rules.n++] = p->parameters[i];
    return true;
}

static bool check_folder(const job *j, mdup_error **err)
{
    return j->options->out_dir || access(j->own_folder, W_OK) == 0 ||
           mdup_fail(err, MDUP_ERROR_IO,
                     "%s: nothing can be written beside the session; say with --o where the report "
                     "goes",
                     j->own_folder);
}

static void set_options(job *j)
{
    const mdup_report_options *o = j->options;
    j->made = j->finished.options;
    j->made.command_line = j->finished.provenance.command_line;
    j->made.out_dir = o->out_dir ? o->out_dir : j->own_folder;
    if (o->report_pairs >= 0)
        j->made.report_pairs = o->report_pairs;
    j->made.anonymous = j->made.anonymous || o->anonymous;
}

/* The folder of the tables: that of the session, unless it was moved away from them. */
static bool find_tables(const job *j, const char **folder, mdup_error **err)
{
    mdup_strbuf name = MDUP_STRBUF_INIT;
    mdup_publish_selection_name(&name, j->finished.result.catalog, 0, false);
    char *path =
        mdup_strbuf_check(&name, err) ? mdup_path_join(j->own_folder, name.text, err) : NULL;
    *folder = path && mdup_path_is_file(path) ? j->own_folder : "";
    bool ok = path != NULL;
    free(path);
    mdup_strbuf_free(&name);
    return ok;
}

static bool write_and_tell(void *context, const mdup_report *report, mdup_error **err)
{
    const job *j = context;
    char *page = mdup_path_join(j->made.out_dir, "report.html", err);
    bool ok = page && mdup_report_write(report, j->made.out_dir, err) &&
              mdup_report_say_headline(report, j->callbacks, err);
    if (ok)
        mdup_log(j->callbacks, MDUP_LOG_INFO, "Look at %s", page);
    free(page);
    return ok;
}

static bool report(job *j, mdup_error **err)
{
    const mdup_session_result *r = &j->finished.result;
    const mdup_results results = {r->catalog, r->judgements, r->pairs, r->n_pairs, &r->decision};
    mdup_report_job made_of = mdup_finished_report(&j->finished, &results, &j->made);
    made_of.rules = j->rules.n > 0 ? &j->rules : NULL;
    made_of.made = &j->finished.provenance;
    return find_tables(j, &made_of.tables_dir, err) &&
           mdup_report_use(&made_of, write_and_tell, j, err);
}

bool mdup_report_again(const mdup_report_options *options, const mdup_callbacks *callbacks,
                       mdup_error **err)
{
    job j = {.options = options, .callbacks = callbacks};
    bool ok = mdup_finished_open(options->session, callbacks, &j.finished, err) &&
              (j.own_folder = mdup_path_directory(options->session, err)) &&
              check_folder(&j, err) && find_rules(&j, err);
    if (ok) {
        set_options(&j);
        ok = mdup_publish_claim_report(j.made.out_dir, j.finished.result.catalog, err) &&
             report(&j, err);
    }
    free(j.rules.items);
    free(j.own_folder);
    mdup_finished_clear(&j.finished);
    return ok;
}
