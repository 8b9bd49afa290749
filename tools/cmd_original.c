/* microduplicate_screener: the original tool's options, score and outputs. */
#include <stdio.h>
#include <stdlib.h>

#include <microdup/version.h>

#include "commands.h"
#include "console.h"
#include "flow/original_screen.h"

static const char *const order_names[] = {"auto", "star", "name", "natural", "time", NULL};

typedef struct {
    mdup_original_options original;
    option_strings inputs;
    int64_t bin, threads;
    int order;
    bool opticsless;
    const char *outdir;
} arguments;

enum { MOST_OPTIONS = 16 };

static size_t list_options(arguments *a, option *options)
{
    mdup_original_options *o = &a->original;
    const option table[] = {
        {"Input and output", "i", OPTION_STRINGS, &a->inputs, "FILE",
         "STAR file from MotionCorr or CtfFind", "required", 0, 0, NULL},
        {NULL, "csvout", OPTION_STRING, &o->csv_path, "FILE",
         "pairs found: Original,Duplicate; all scores go to ccc.csv beside it", NULL, 0, 0, NULL},
        {NULL, "outdir", OPTION_STRING, &a->outdir, "DIR",
         "accepted and not used: no work files are left", NULL, 0, 0, NULL},
        {NULL, "project_dir", OPTION_STRING, &o->project_dir, "DIR",
         "folder that the names in the input are relative to", "found from the STAR file", 0, 0,
         NULL},
        {NULL, "opticsless", OPTION_SWITCH, &a->opticsless, "0|1",
         "accepted and not needed: STAR files of RELION 3.0 are recognised", NULL, 0, 0, NULL},
        {"Comparison", "bin", OPTION_INT, &a->bin, "N", "binning", NULL, 1, 64, NULL},
        {NULL, "imagespermove", OPTION_INT, &o->images_per_move, "N", "first offset compared", NULL,
         1, 1e9, NULL},
        {NULL, "scanrange", OPTION_INT, &o->scan_range, "N", "offsets compared", NULL, 1, 1e9,
         NULL},
        {NULL, "imagesperhole", OPTION_INT, &o->images_per_hole, "N",
         "step between the offsets compared", NULL, 1, 1e9, NULL},
        {NULL, "threshold", OPTION_DOUBLE, &o->threshold, "CCC",
         "a pair is reported when its CCC is greater", NULL, -1, 1, NULL},
        {NULL, "order", OPTION_CHOICE, &a->order, "ORDER",
         "order of acquisition: name (as the original), auto, star, natural or time", NULL, 0, 0,
         order_names},
        {"Running", "j", OPTION_INT, &a->threads, "N", "threads",
         "SLURM_CPUS_PER_TASK or the cores there are", 1, 4096, NULL},
    };
    size_t n = sizeof table / sizeof *table;
    for (size_t i = 0; i < n; i++)
        options[i] = table[i];
    return n;
}

static void print_help(const option_set *set)
{
    printf("microduplicate_screener --i MICROGRAPHS.star [options]\n\n"
           "The original tool's comparison, for scripts that call it (microdup %s).\n"
           "For every pair and partial overlaps, without parameters: microdup screen "
           "MICROGRAPHS.star\n",
           mdup_version());
    options_print_help(set);
}

static int screen(arguments *a)
{
    console c;
    console_init(&c);
    a->original.inputs = a->inputs.items;
    a->original.n_inputs = a->inputs.n;
    a->original.order = (mdup_order)a->order;
    a->original.bin = (int32_t)a->bin;
    a->original.n_threads = (int)a->threads;
    mdup_callbacks callbacks = console_callbacks(&c);
    mdup_error *err = NULL;
    int64_t n_found;
    if (!mdup_original_screen(&a->original, &callbacks, &n_found, &err))
        return console_fail(&c, "microduplicate_screener", &err, EXIT_FAILED);
    printf("%lld pairs with a CCC over %g in %s\n", (long long)n_found, a->original.threshold,
           a->original.csv_path);
    return EXIT_DONE;
}

static bool parse(arguments *a, option_set *set, int argc, char **argv, mdup_error **err)
{
    if (!options_parse(set, argc, argv, err))
        return false;
    if (set->positional.n > 0)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "\"%s\" belongs to no option; the input is given with --i",
                         set->positional.items[0]);
    if (a->inputs.n == 0)
        return mdup_fail(err, MDUP_ERROR_INVALID, "--i FILE is needed: the STAR file to screen");
    return true;
}

static int run(arguments *a, option_set *set, int argc, char **argv)
{
    if (argc == 0 || options_ask_help(argc, argv)) {
        print_help(set);
        return EXIT_DONE;
    }
    mdup_error *err = NULL;
    if (!parse(a, set, argc, argv, &err)) {
        console c;
        console_init(&c);
        return console_fail(&c, "microduplicate_screener", &err, EXIT_USAGE_OR_ABORTED);
    }
    for (size_t i = 0; i < set->repeated.n; i++)
        fprintf(stderr, "WARNING: --%s was given more than once; the last one counts\n",
                set->repeated.items[i]);
    return screen(a);
}

int run_original(int argc, char **argv)
{
    arguments a = {.outdir = "dupscreener"};
    mdup_original_options_init(&a.original);
    a.order = (int)a.original.order;
    a.bin = a.original.bin;
    option options[MOST_OPTIONS];
    option_set set = {.options = options, .n = list_options(&a, options)};
    int status = run(&a, &set, argc, argv);
    options_clear(&set);
    free(a.inputs.items);
    return status;
}
