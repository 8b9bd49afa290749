/* The arguments of a screen, which RELION's job takes as well. */
#ifndef TOOLS_SCREEN_ARGUMENTS_H
#define TOOLS_SCREEN_ARGUMENTS_H

#include <microdup/screen.h>

#include "base/strbuf.h"
#include "options.h"

/* What the option table writes to, in the table's types; turned into mdup_screen_options
 * afterwards. */
typedef struct {
    mdup_screen_options screen;
    option_strings inputs;
    int64_t bin, threads, io_threads;
    int order, optics_group;
    bool opticsless;
    const char *pipeline_control;
} screen_arguments;

enum { SCREEN_MOST_OPTIONS = 64 };

void screen_arguments_init(screen_arguments *a);

/** Fills the table and returns how many options it has, at most SCREEN_MOST_OPTIONS. */
size_t screen_list_options(screen_arguments *a, option *options);

/** From what was parsed to a->screen; inputs without --i are those of the set.  Free a->inputs.items
 * with free().  False with *err (INVALID, NOMEM). */
bool screen_settle(screen_arguments *a, const option_set *set, mdup_error **err) MDUP_MUST_CHECK;

#endif
