/* microdup report: the page once more, from the session alone. */
#include <microdup/report.h>

#include "commands.h"
#include "console.h"

static int report(mdup_report_options *o, const option_set *set)
{
    mdup_error *err = NULL;
    console c;
    console_init(&c);
    o->session = set->positional.items[0];
    mdup_callbacks callbacks = console_callbacks(&c);
    if (!mdup_report_again(o, &callbacks, &err))
        return console_fail(&c, "microdup report", &err, EXIT_FAILED);
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    mdup_report_options o;
    mdup_report_options_init(&o);
    const option options[] = {
        {"Options", "o", OPTION_STRING, &o.out_dir, "DIR", "folder for report.html and logfile.pdf",
         "that of the session", 0, 0, NULL},
        {NULL, "report-pairs", OPTION_INT, &o.report_pairs, "N",
         "pairs with pictures in report.html, at most", "as in the screen", 0, 1e6, NULL},
        {NULL, "anonymous", OPTION_FLAG, &o.anonymous, NULL,
         "name no folders, as after a screen with it", NULL, 0, 0, NULL},
    };
    option_set set = {.options = options, .n = sizeof options / sizeof *options};
    int status;
    if (command_begin(&command_report, &set, argc, argv, 1, 1, &status))
        status = report(&o, &set);
    options_clear(&set);
    return status;
}

const command command_report = {"report", "SESSION [--o DIR]",
                                "write report.html and logfile.pdf again, without the images", run};
