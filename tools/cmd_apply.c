/* microdup apply: the removed micrographs taken out of other files. */
#include <stdio.h>

#include <microdup/apply.h>

#include "commands.h"
#include "console.h"

static const char *const match_names[] = {"auto", "exact", "path", "file", NULL};

static void print_summary(const mdup_apply_options *o, const mdup_apply_summary *s)
{
    printf("\n%lld of %lld rows taken out of %lld file%s.\nResults in %s\n",
           (long long)s->n_removed, (long long)s->n_rows, (long long)s->n_written,
           s->n_written == 1 ? "" : "s", o->out_dir);
}

static int apply(mdup_apply_options *o, const option_set *set)
{
    mdup_error *err = NULL;
    console c;
    console_init(&c);
    o->session = set->positional.items[0];
    o->files = set->positional.items + 1;
    o->n_files = set->positional.n - 1;
    if (!o->out_dir || o->out_dir[0] == '\0') {
        mdup_fail(&err, MDUP_ERROR_INVALID, "say with --o into which folder");
        return console_fail(&c, "microdup apply", &err, EXIT_USAGE_OR_ABORTED);
    }
    mdup_callbacks callbacks = console_callbacks(&c);
    mdup_apply_summary summary;
    if (!mdup_apply(o, &callbacks, &summary, &err))
        return console_fail(&c, "microdup apply", &err, EXIT_FAILED);
    print_summary(o, &summary);
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    mdup_apply_options o;
    mdup_apply_options_init(&o);
    int match = (int)o.match;
    const option options[] = {
        {"Options", "o", OPTION_STRING, &o.out_dir, "DIR",
         "folder for the files, which keep their names", NULL, 0, 0, NULL},
        {NULL, "match", OPTION_CHOICE, &match, "RULE",
         "names that mean a micrograph of the session: exact (the same), path (and the same path "
         "in the project), auto (and the same file name, when it holds the time), file (and any "
         "other that is the same)",
         NULL, 0, 0, match_names},
        {NULL, "suffix", OPTION_STRING, &o.suffix, "TEXT",
         "what stands behind the micrograph's name in those of its lists of coordinates, beside "
         "_autopick and _manualpick",
         NULL, 0, 0, NULL},
    };
    option_set set = {.options = options, .n = sizeof options / sizeof *options};
    int status;
    if (command_begin(&command_apply, &set, argc, argv, 2, SIZE_MAX, &status)) {
        o.match = (mdup_match)match;
        status = apply(&o, &set);
    }
    options_clear(&set);
    return status;
}

const command command_apply = {
    "apply", "FOLDER FILE... --o DIR",
    "take the micrographs that a screen has removed out of other STAR and .cs files", run};
