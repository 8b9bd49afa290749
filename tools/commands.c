#include "commands.h"

#include <stdio.h>

#include "console.h"

static void print_help(const command *cmd, const option_set *set)
{
    printf("microdup %s %s\n\n%s\n", cmd->name, cmd->arguments, cmd->summary);
    options_print_help(set);
}

static int usage_error(const command *cmd, mdup_error **err)
{
    fprintf(stderr, "microdup %s: %s\n", cmd->name, mdup_error_get_message(*err));
    mdup_error_clear(err);
    return EXIT_USAGE_OR_ABORTED;
}

static bool check_count(const command *cmd, const option_set *set, size_t least, size_t most,
                        mdup_error **err)
{
    if (set->positional.n < least)
        return mdup_fail(err, MDUP_ERROR_INVALID, "something is missing: microdup %s %s", cmd->name,
                         cmd->arguments);
    if (set->positional.n > most)
        return mdup_fail(err, MDUP_ERROR_INVALID, "\"%s\" is one argument too many: microdup %s %s",
                         set->positional.items[most], cmd->name, cmd->arguments);
    return true;
}

bool command_begin(const command *cmd, option_set *set, int argc, char **argv, size_t least,
                   size_t most, int *status)
{
    if (argc == 0 || options_ask_help(argc, argv)) {
        print_help(cmd, set);
        *status = EXIT_DONE;
        return false;
    }
    mdup_error *err = NULL;
    if (!options_parse(set, argc, argv, &err) || !check_count(cmd, set, least, most, &err)) {
        *status = usage_error(cmd, &err);
        options_clear(set);
        return false;
    }
    for (size_t i = 0; i < set->repeated.n; i++)
        fprintf(stderr, "WARNING: --%s was given more than once; the last one counts\n",
                set->repeated.items[i]);
    return true;
}

void join_command_line(mdup_strbuf *line, const char *name, int argc, char **argv)
{
    mdup_strbuf_printf(line, "microdup %s", name);
    for (int i = 0; i < argc; i++)
        mdup_strbuf_printf(line, " %s", argv[i]);
}
