/* microdup decide: other rules for what a screen has found. */
#include <stdlib.h>

#include <microdup/decide.h>

#include "base/strbuf.h"
#include "commands.h"
#include "console.h"

/* What the option table writes to. */
typedef struct {
    mdup_decide_options decide;
    option_strings exclude, protect, veto;
} arguments;

enum { MOST_OPTIONS = 16 };

static size_t list_options(arguments *a, option *options)
{
    const option table[] = {
        {"Rules", "min-overlap", OPTION_DOUBLE, &a->decide.min_overlap, "SHARE",
         "micrographs that share at least this much of their area are duplicates",
         "as in the screen", 0, 1, NULL},
        {NULL, "evalue", OPTION_DOUBLE, &a->decide.max_evalue, "E",
         "pairs of which no more than this many would be found by chance in the whole search; up "
         "to 100",
         "as in the screen", 0, 1e12, NULL},
        {NULL, "keep", OPTION_STRING, &a->decide.keep, "WHICH",
         "which of two duplicates stays: earliest, latest, or that with the lowest or highest "
         "value "
         "of a column, min:rlnCtfMaxResolution or max:COLUMN",
         NULL, 0, 0, NULL},
        {NULL, "ctf", OPTION_STRING, &a->decide.values, "FILE",
         "STAR file with that column, such as micrographs_ctf.star", "the input of the screen", 0,
         0, NULL},
        {"Exceptions", "exclude", OPTION_STRINGS, &a->exclude, "LIST",
         "names (a text with one a line, or a STAR file) that go in any case; may be repeated, as "
         "the next two",
         NULL, 0, 0, NULL},
        {NULL, "protect", OPTION_STRINGS, &a->protect, "LIST", "names that stay in any case", NULL,
         0, 0, NULL},
        {NULL, "veto", OPTION_STRINGS, &a->veto, "CSV",
         "pairs that are none: a table with the columns micrograph_a and micrograph_b, as "
         "pairs.csv",
         NULL, 0, 0, NULL},
        {"Output", "o", OPTION_STRING, &a->decide.out_dir, "DIR", "folder for the results",
         "that of the session", 0, 0, NULL},
        {NULL, "report-pairs", OPTION_INT, &a->decide.report_pairs, "N",
         "pairs with pictures in report.html, at most", "as in the screen", 0, 1e6, NULL},
        {NULL, "anonymous", OPTION_FLAG, &a->decide.anonymous, NULL,
         "name no folders in report.html and logfile.pdf, as after a screen with it", NULL, 0, 0,
         NULL},
    };
    return options_append(options, 0, table, sizeof table / sizeof *table);
}

static int decide(arguments *a, const option_set *set)
{
    mdup_error *err = NULL;
    console c;
    console_init(&c);
    mdup_decide_options *o = &a->decide;
    o->session = set->positional.items[0];
    o->exclude = a->exclude.items;
    o->n_exclude = a->exclude.n;
    o->protect = a->protect.items;
    o->n_protect = a->protect.n;
    o->veto = a->veto.items;
    o->n_veto = a->veto.n;
    mdup_callbacks callbacks = console_callbacks(&c);
    if (!mdup_decide_again(o, &callbacks, NULL, &err))
        return console_fail(&c, "microdup decide", &err, EXIT_FAILED);
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    arguments a = {0};
    mdup_decide_options_init(&a.decide);
    option options[MOST_OPTIONS];
    option_set set = {.options = options, .n = list_options(&a, options)};
    mdup_strbuf command_line = MDUP_STRBUF_INIT;
    join_command_line(&command_line, "decide", argc, argv);
    a.decide.command_line = command_line.text;
    int status;
    if (command_begin(&command_decide, &set, argc, argv, 1, 1, &status))
        status = decide(&a, &set);
    options_clear(&set);
    free(a.exclude.items);
    free(a.protect.items);
    free(a.veto.items);
    mdup_strbuf_free(&command_line);
    return status;
}

const command command_decide = {
    "decide", "SESSION [--o DIR] [rules]",
    "decide again by other rules, in a second; write lists, tables and the STAR file anew", run};
