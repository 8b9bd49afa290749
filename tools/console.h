/* What the user sees while a command runs: log lines, the progress line, how it ended. */
#ifndef TOOLS_CONSOLE_H
#define TOOLS_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <microdup/callbacks.h>

#include "base/error.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE_OR_ABORTED = 2 };

/* How far a stage was when. */
typedef struct {
    double elapsed_s;
    int64_t done;
} console_mark;

typedef struct {
    bool is_terminal; /* stdout is one: the progress line is redrawn in place */
    bool has_colours,
        warns_in_colour; /* stdout, stderr: a terminal, and the user has nothing against it */
    bool with_time;      /* lines begin with the time of day; to be set behind console_init */
    bool line_open;      /* a progress line stands unfinished, */
    bool line_passes;    /* and is wiped off for the next line of text */
    bool stage_finished; /* its last line has been shown */
    const char *stage;   /* of the last progress call */
    int64_t
        done_before; /* it began: known from an earlier run, so that it says nothing of the speed */
    int64_t bytes_read, bytes_before; /* as told last; and before the stage began */
    struct timespec stage_began, last_shown;
    console_mark marks[2]; /* the earlier one at a quarter to half of the time that has passed */
    int64_t warnings;
} console;

/** Colours are for terminals, and not where NO_COLOR is set (no-color.org) or TERM is dumb. */
void console_init(console *c);

/** Log lines to stdout, the verdict among them bold on a terminal, warnings to stderr, a progress line to stdout; stops on SIGINT and SIGTERM,
 * whose handlers it installs. */
mdup_callbacks console_callbacks(console *c);

/** Shows one line on a terminal until the next; does nothing elsewhere. */
void console_show(console *c, const char *line);

/** Prints the error to stderr and gives the exit status that goes with it: 2 when aborted, else
 * `status`.  Clears *err. */
int console_fail(console *c, const char *command, mdup_error **err, int status);

/** Ends the output of a program that is done, once, before it exits: EXIT_DONE, or EXIT_FAILED with
 * a line to stderr when stdout could not be written (a full disk under a redirection). */
int console_finish(void);

#endif
