/* microdup screen: the main job. */
#include <stdio.h>
#include <stdlib.h>

#include <microdup/screen.h>

#include "base/strbuf.h"
#include "commands.h"
#include "console.h"
#include "screen_arguments.h"

static const char *const order_names[] = {"auto", "star", "name", "natural", "time", NULL};
static const char *const group_names[] = {"any", "same", NULL};
static const char *const mode0_names[] = {"auto", "signed", "unsigned", NULL};

static const double HUGE_COUNT = 1e9, LEAST_MEMORY = 500e6, MOST_MEMORY = 1000e12;

static size_t list_files(screen_arguments *a, option *options, size_t n)
{
    const option table[] = {
        {"Input", "i", OPTION_STRINGS, &a->inputs, "FILE",
         "STAR file, cryoSPARC's .cs (several that belong together: a.cs,b.cs) or .csg, text "
         "list, folder, quoted pattern or image file; may be repeated, and be given without --i",
         NULL, 0, 0, NULL},
        {NULL, "in_mics", OPTION_STRINGS, &a->inputs, "FILE", "the same, as RELION calls it", NULL,
         0, 0, NULL},
        {NULL, "csg", OPTION_STRINGS, &a->inputs, "FILE",
         "the same: the .csg file of a cryoSPARC group of exposures", NULL, 0, 0, NULL},
        {NULL, "project_dir", OPTION_STRING, &a->screen.project_dir, "DIR",
         "folder that the names in the input are relative to", "found from the STAR or .cs file", 0,
         0, NULL},
        {NULL, "metadata", OPTION_STRING, &a->screen.metadata_dir, "DIR",
         "folder with EPU's .xml or SerialEM's .mdoc files, for the order, holes and distances",
         NULL, 0, 0, NULL},
        {NULL, "order", OPTION_CHOICE, &a->order, "ORDER",
         "order of acquisition: auto, star (as listed), name, natural (numbers as numbers) or time",
         NULL, 0, 0, order_names},
        {NULL, "mode0", OPTION_CHOICE, &a->screen.mode0, "MODE",
         "8-bit MRC files are auto (as the file says), signed or unsigned", NULL, 0, 0,
         mode0_names},
        {NULL, "opticsless", OPTION_SWITCH, &a->opticsless, NULL,
         "accepted and not needed: STAR files of RELION 3.0 are recognised", NULL, 0, 0, NULL},
        {"Output", "o", OPTION_STRING, &a->screen.out_dir, "DIR", "folder for the results", NULL, 0,
         0, NULL},
        {NULL, "report-pairs", OPTION_INT, &a->screen.report_pairs, "N",
         "pairs with pictures in report.html, at most", NULL, 0, 1e6, NULL},
        {NULL, "anonymous", OPTION_FLAG, &a->screen.anonymous, NULL,
         "name no folders in report.html and logfile.pdf, so that they can be passed on", NULL, 0,
         0, NULL},
        {NULL, "dry-run", OPTION_FLAG, &a->screen.dry_run, NULL,
         "tell what would be read and compared, and stop", NULL, 0, 0, NULL},
        {NULL, "strict", OPTION_FLAG, &a->screen.strict, NULL,
         "fail when a micrograph cannot be judged, in place of noting it in micrographs.csv", NULL,
         0, 0, NULL},
    };
    return options_append(options, n, table, sizeof table / sizeof *table);
}

static size_t list_judgement(screen_arguments *a, option *options, size_t n)
{
    const option table[] = {
        {"Judgement", "min-overlap", OPTION_DOUBLE, &a->screen.min_overlap, "SHARE",
         "micrographs that share at least this much of their area are duplicates", NULL, 0, 1,
         NULL},
        {NULL, "evalue", OPTION_DOUBLE, &a->screen.max_evalue, "E",
         "report pairs of which no more than this many would be found by chance in the whole "
         "search",
         NULL, 0, 1e12, NULL},
        {NULL, "bin", OPTION_INT_AUTO, &a->bin, "N",
         "average N x N pixels before comparing; auto: the most that leaves a long side of 350",
         "auto", 1, 64, NULL},
    };
    return options_append(options, n, table, sizeof table / sizeof *table);
}

static size_t list_pairs_and_running(screen_arguments *a, option *options, size_t n)
{
    const option table[] = {
        {"Which pairs (default: all)", "imagespermove", OPTION_INT, &a->screen.images_per_move, "N",
         "first offset compared, in order of acquisition", NULL, 1, HUGE_COUNT, NULL},
        {NULL, "imagesperhole", OPTION_INT, &a->screen.images_per_hole, "N",
         "step between the offsets compared", NULL, 1, HUGE_COUNT, NULL},
        {NULL, "scanrange", OPTION_INT, &a->screen.scan_range, "N",
         "length of the window of offsets compared; 0: to the end", NULL, 0, HUGE_COUNT, NULL},
        {NULL, "optics-group", OPTION_CHOICE, &a->optics_group, "WHICH",
         "same: only micrographs of one rlnOpticsGroup are compared with each other; any: all",
         NULL, 0, 0, group_names},
        {NULL, "max-shift", OPTION_DOUBLE, &a->screen.max_shift_px, "PX",
         "only shifts up to that many px of the micrograph are searched; 0: all", NULL, 0,
         HUGE_COUNT, NULL},
        {"Running", "j", OPTION_INT, &a->threads, "N", "threads",
         "SLURM_CPUS_PER_TASK or the cores there are", 1, 4096, NULL},
        {NULL, "io-threads", OPTION_INT, &a->io_threads, "N",
         "files read at once; more help where the storage is slow to answer",
         "two more than threads, but one with --j 1", 1, 4096, NULL},
        {NULL, "memory", OPTION_BYTES, &a->screen.memory_bytes, "SIZE",
         "memory to get by with, like 500M or 4G",
         "a quarter of what the machine, its job or control group allows, at most 4G", LEAST_MEMORY,
         MOST_MEMORY, NULL},
        {NULL, "pipeline_control", OPTION_STRING, &a->pipeline_control, "DIR",
         "accepted: RELION adds it", NULL, 0, 0, NULL},
    };
    return options_append(options, n, table, sizeof table / sizeof *table);
}

static size_t list_session(screen_arguments *a, option *options, size_t n)
{
    const option table[] = {
        {"Session", "session", OPTION_STRING, &a->screen.session, "FILE",
         "remember there what was read and compared: the same command goes on where it was, and a "
         "longer list costs only what is new",
         "session.mdup in the folder of the results", 0, 0, NULL},
        {NULL, "no-session", OPTION_FLAG, &a->screen.no_session, NULL, "remember nothing", NULL, 0,
         0, NULL},
        {NULL, "restart", OPTION_FLAG, &a->screen.restart, NULL,
         "forget what the session holds, and begin anew", NULL, 0, 0, NULL},
    };
    return options_append(options, n, table, sizeof table / sizeof *table);
}

void screen_arguments_init(screen_arguments *a)
{
    *a = (screen_arguments){0};
    mdup_screen_options_init(&a->screen);
    a->order = (int)a->screen.order;
}

size_t screen_list_options(screen_arguments *a, option *options)
{
    size_t n = list_judgement(a, options, list_files(a, options, 0));
    return list_session(a, options, list_pairs_and_running(a, options, n));
}

static bool collect_inputs(screen_arguments *a, const option_set *set, mdup_error **err)
{
    size_t n = a->inputs.n + set->positional.n;
    if (n == 0)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "no input: name a STAR file, a list, a folder or a pattern");
    const char **all = realloc(a->inputs.items, n * sizeof *all);
    if (!all)
        return mdup_fail_nomem(err);
    for (size_t i = 0; i < set->positional.n; i++)
        all[a->inputs.n + i] = set->positional.items[i];
    a->inputs.items = all;
    a->inputs.n = n;
    a->screen.inputs = all;
    a->screen.n_inputs = n;
    return true;
}

bool screen_settle(screen_arguments *a, const option_set *set, mdup_error **err)
{
    if (!collect_inputs(a, set, err))
        return false;
    if (a->screen.out_dir[0] == '\0')
        return mdup_fail(err, MDUP_ERROR_INVALID, "--o needs the name of a folder");
    a->screen.order = (mdup_order)a->order;
    a->screen.same_optics_group = a->optics_group == 1;
    a->screen.bin = (int32_t)a->bin;
    a->screen.n_threads = (int)a->threads;
    a->screen.io_threads = (int)a->io_threads;
    return true;
}

static int run_screen(screen_arguments *a, const option_set *set)
{
    mdup_error *err = NULL;
    console c;
    console_init(&c);
    if (!screen_settle(a, set, &err))
        return console_fail(&c, "microdup screen", &err, EXIT_USAGE_OR_ABORTED);
    mdup_callbacks callbacks = console_callbacks(&c);
    if (!mdup_screen(&a->screen, &callbacks, NULL, &err))
        return console_fail(&c, "microdup screen", &err, EXIT_FAILED);
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    screen_arguments a;
    screen_arguments_init(&a);
    option options[SCREEN_MOST_OPTIONS];
    option_set set = {.options = options, .n = screen_list_options(&a, options)};
    mdup_strbuf command_line = MDUP_STRBUF_INIT;
    join_command_line(&command_line, "screen", argc, argv);
    a.screen.command_line = command_line.text;
    int status;
    if (command_begin(&command_screen, &set, argc, argv, 0, SIZE_MAX, &status))
        status = run_screen(&a, &set);
    options_clear(&set);
    free(a.inputs.items);
    mdup_strbuf_free(&command_line);
    return status;
}

const command command_screen = {
    "screen", "INPUT... [--o DIR/] [options]",
    "find the duplicates of a session; write lists, tables and a cleaned STAR file", run};
