/* microdup watch: a screen that is kept going while the session is recorded. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microdup/watch.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "commands.h"
#include "console.h"
#include "on_duplicate.h"
#include "screen_arguments.h"

/* What the option table writes to. */
typedef struct {
    screen_arguments screen;
    mdup_watch_options watch;
    const char *command;
    bool quiet;
} arguments;

/* ---- what is seen ---- */

typedef struct {
    console console;
    mdup_callbacks callbacks; /* of the console, */
    bool quiet;               /* which gets events and warnings only */
    on_duplicate commands;
    const char *stage; /* of the pass under way */
    double share;
    time_t shown;
} screen_side;

static void on_log(void *user, mdup_log_level level, const char *line)
{
    screen_side *s = user;
    if (!s->quiet || level == MDUP_LOG_WARNING)
        mdup_log(&s->callbacks, level, "%s", line);
}

static void on_progress(void *user, const char *stage, int64_t done, int64_t total)
{
    screen_side *s = user;
    s->stage = stage;
    s->share = total > 0 ? (double)done / (double)total : 1;
}

static bool on_stop(void *user)
{
    screen_side *s = user;
    on_duplicate_step(&s->commands);
    return s->callbacks.stop(s->callbacks.user);
}

/* Below the smallest double it is written by its logarithm. */
static void put_evalue(mdup_strbuf *line, double log10_evalue)
{
    if (log10_evalue < -300)
        mdup_strbuf_puts(line, ", E < 1e-300");
    else
        mdup_strbuf_printf(line, ", E %.1g", pow(10.0, log10_evalue));
}

static void on_found(void *user, const mdup_watch_event *e)
{
    screen_side *s = user;
    mdup_strbuf line = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&line, "%s %s of %s: ", e->is_retracted ? "retracted" : "duplicate",
                       e->duplicate, e->original);
    if (e->is_retracted) {
        mdup_strbuf_printf(&line, "it is kept; %s", e->reason);
    } else {
        mdup_strbuf_printf(&line, "%.0f %% shared, shift %.1f %.1f px", 100 * e->overlap,
                           e->shift_x_px, e->shift_y_px);
        if (e->pixel_A > 0)
            mdup_strbuf_printf(&line, " (%.0f A)",
                               hypot(e->shift_x_px, e->shift_y_px) * e->pixel_A);
        put_evalue(&line, e->log10_evalue);
    }
    mdup_log(&s->callbacks, MDUP_LOG_HEADLINE, "%s", line.text && !line.failed ? line.text : "");
    mdup_strbuf_free(&line);
    on_duplicate_add(&s->commands, e);
}

static void put_state(const screen_side *s, const mdup_watch_status *status, mdup_strbuf *line)
{
    if (status->n_passes > 0)
        mdup_strbuf_printf(line, "%lld micrographs, %lld duplicate%s; pass %lld took %.0f s; ",
                           (long long)status->n_micrographs, (long long)status->n_removed,
                           status->n_removed == 1 ? "" : "s", (long long)status->n_passes,
                           status->pass_s);
    if (status->n_waiting > 0)
        mdup_strbuf_printf(line, "%lld not whole yet; ", (long long)status->n_waiting);
    if (status->is_passing && s->stage)
        mdup_strbuf_printf(line, "%s %.0f %%", s->stage, 100 * s->share);
    else
        mdup_strbuf_printf(line, "next %s in %.0f s", status->has_new ? "pass" : "look",
                           ceil(status->next_s));
}

/* The line at the bottom of a terminal, once a second. */
static void on_status(void *user, const mdup_watch_status *status)
{
    screen_side *s = user;
    time_t now = time(NULL);
    if (!status->is_passing)
        s->stage = NULL;
    if (!s->console.is_terminal || now == s->shown)
        return;
    s->shown = now;
    mdup_strbuf line = MDUP_STRBUF_INIT;
    put_state(s, status, &line);
    if (line.text && !line.failed)
        console_show(&s->console, line.text);
    mdup_strbuf_free(&line);
}

/* ---- the command ---- */

static size_t list_own_options(arguments *a, option *options, size_t n)
{
    const option table[] = {
        {"Watching", "every", OPTION_DURATION, &a->watch.every_s, "TIME",
         "look again so often: seconds, or 90s, 5m, 1h", NULL, 0.01, 86400, NULL},
        {NULL, "until-idle", OPTION_DURATION, &a->watch.until_idle_s, "TIME",
         "end when nothing has come for so long, as 2h", "never", 0.01, 1e7, NULL},
        {NULL, "on-duplicate", OPTION_STRING, &a->command, "PROGRAM",
         "start it for each duplicate, with: duplicate ORIGINAL DUPLICATE OVERLAP SHIFT_X SHIFT_Y "
         "LOG10_E; or: retracted ORIGINAL DUPLICATE",
         NULL, 0, 0, NULL},
        {NULL, "expect", OPTION_INT, &a->screen.screen.expect, "N",
         "E-values are those of a search among at least so many micrographs, so that what was said "
         "stands when they have come; 0: among those there are",
         NULL, 0, 1e7, NULL},
        {NULL, "load", OPTION_DOUBLE, &a->watch.load_percent, "PERCENT",
         "of one core that may be used on average: what is new waits for that, up to 15 minutes; "
         "0: it does not wait",
         NULL, 0, 1e6, NULL},
        {NULL, "quiet", OPTION_FLAG, &a->quiet, NULL, "say duplicates and warnings only", NULL, 0,
         0, NULL},
    };
    return options_append(options, n, table, sizeof table / sizeof *table);
}

/* What has no meaning in a screen that is repeated. */
static bool is_for_one_screen(const char *name)
{
    static const char *const names[] = {"dry-run", "strict", "no-session", "pipeline_control",
                                        "opticsless"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static size_t list_options(arguments *a, option *options)
{
    option of_screen[SCREEN_MOST_OPTIONS];
    size_t n = screen_list_options(&a->screen, of_screen), kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_for_one_screen(of_screen[i].name))
            options[kept++] = of_screen[i];
    return list_own_options(a, options, kept);
}

static int watch(arguments *a, const option_set *set)
{
    mdup_error *err = NULL;
    screen_side s = {.quiet = a->quiet};
    console_init(&s.console);
    /* A line is there when it is said, also behind a pipe. */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    if (!screen_settle(&a->screen, set, &err))
        return console_fail(&s.console, "microdup watch", &err, EXIT_USAGE_OR_ABORTED);
    s.console.with_time = true;
    s.callbacks = console_callbacks(&s.console);
    s.commands = (on_duplicate){.command = a->command, .callbacks = &s.callbacks};
    a->watch.screen = a->screen.screen;
    const mdup_watch_callbacks callbacks = {
        {&s, on_log, on_progress, on_stop, NULL}, on_found, on_status};
    bool ok = mdup_watch(&a->watch, &callbacks, NULL, &err);
    on_duplicate_finish(&s.commands);
    return ok ? EXIT_DONE : console_fail(&s.console, "microdup watch", &err, EXIT_FAILED);
}

static int run(int argc, char **argv)
{
    arguments a = {0};
    screen_arguments_init(&a.screen);
    mdup_watch_options_init(&a.watch);
    a.screen.screen.expect = a.watch.screen.expect;
    option options[SCREEN_MOST_OPTIONS];
    option_set set = {.options = options, .n = list_options(&a, options)};
    mdup_strbuf command_line = MDUP_STRBUF_INIT;
    join_command_line(&command_line, "watch", argc, argv);
    a.screen.screen.command_line = command_line.text;
    int status;
    if (command_begin(&command_watch, &set, argc, argv, 0, SIZE_MAX, &status))
        status = watch(&a, &set);
    options_clear(&set);
    free(a.screen.inputs.items);
    mdup_strbuf_free(&command_line);
    return status;
}

const command command_watch = {
    "watch", "INPUT... [--o DIR/] [--every TIME] [--until-idle TIME] [options]",
    "screen a session while it is recorded, and say each duplicate when it comes", run};
