/* microdup show: one pair as a picture. */
#include <microdup/show.h>

#include "commands.h"
#include "console.h"

static int show(mdup_show_options *o, const option_set *set)
{
    mdup_error *err = NULL;
    console c;
    console_init(&c);
    o->a = set->positional.items[0];
    o->b = set->positional.items[1];
    mdup_callbacks callbacks = console_callbacks(&c);
    if (!mdup_show(o, &callbacks, &err))
        return console_fail(&c, "microdup show", &err, EXIT_FAILED);
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    mdup_show_options o;
    mdup_show_options_init(&o);
    const option options[] = {
        {"Options", "session", OPTION_STRING, &o.session, "SESSION", "the session file", NULL, 0, 0,
         NULL},
        {NULL, "o", OPTION_STRING, &o.out, "FILE", "the picture", NULL, 0, 0, NULL},
    };
    option_set set = {.options = options, .n = sizeof options / sizeof *options};
    int status;
    if (command_begin(&command_show, &set, argc, argv, 2, 2, &status))
        status = show(&o, &set);
    options_clear(&set);
    return status;
}

const command command_show = {"show", "A B [--session FILE] [--o pair.png]",
                              "show two micrographs and what both of them show, as a PNG", run};
