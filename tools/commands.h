/* The subcommands: one row a command, one file a command. */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include "base/strbuf.h"
#include "options.h"

typedef struct {
    const char *name;
    const char *arguments; /* as in the usage line */
    const char *summary;   /* one line for the list of commands */
    int (*run)(int argc,
               char **argv); /* arguments behind the command's name; returns the exit status */
} command;

extern const command command_screen, command_decide, command_apply, command_particles,
    command_relion, command_info, command_simulate;

/** The original tool's program, microduplicate_screener. */
int run_original(int argc, char **argv);

/** Parses the arguments of a command.  True when the command is to run; else *status is what to
 * exit with: 0 after --help, 2 after a usage error, which has been printed.  `needs` is the least
 * number of positional arguments. */
bool command_begin(const command *cmd, option_set *set, int argc, char **argv, size_t least,
                   size_t most, int *status);

/** The command as it was given, for the record. */
void join_command_line(mdup_strbuf *line, const char *name, int argc, char **argv);

#endif
