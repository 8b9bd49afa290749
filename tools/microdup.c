/* microdup COMMAND ...  The same binary under the name microduplicate_screener speaks the original
 * tool's options, and as microdup_relion, for a field that takes one word, is `microdup relion`. */
#include <stdio.h>
#include <string.h>

#include <microdup/version.h>

#include "base/path.h"
#include "commands.h"
#include "console.h"

static const command *const commands[] = {&command_screen,    &command_decide, &command_apply,
                                          &command_particles, &command_relion, &command_simulate,
                                          &command_info};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static const char ORIGINAL_NAME[] = "microduplicate_screener";
static const char RELION_NAME[] = "microdup_relion";

static void print_usage(void)
{
    printf("microdup %s: finds the micrographs of a cryo-EM session that show the same piece of "
           "specimen\n\n",
           mdup_version());
    printf("Usage: microdup COMMAND ...\n\n");
    for (int i = 0; i < N_COMMANDS; i++)
        printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
    printf("\nmicrodup COMMAND --help tells more.  To begin:\n"
           "  microdup screen MotionCorr/job002/corrected_micrographs.star\n");
}

static const command *nearest_command(const char *name)
{
    const command *nearest = NULL;
    /* Further away, any three letters would mean "info". */
    size_t nearest_distance = 3;
    for (int i = 0; i < N_COMMANDS; i++) {
        size_t distance = options_distance(name, strlen(name), commands[i]->name);
        if (distance < nearest_distance) {
            nearest_distance = distance;
            nearest = commands[i];
        }
    }
    return nearest;
}

static int fail_unknown(const char *name)
{
    const command *nearest = nearest_command(name);
    if (name[0] == '-' && name[1] != '\0')
        fprintf(stderr, "microdup: the command comes first: microdup screen ...\n");
    else if (nearest)
        fprintf(stderr, "microdup: there is no command \"%s\"; did you mean %s?\n", name,
                nearest->name);
    else
        fprintf(stderr, "microdup: there is no command \"%s\"; microdup --help lists them\n", name);
    return EXIT_USAGE_OR_ABORTED;
}

static int run_command(int argc, char **argv)
{
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(argv[1], commands[i]->name) == 0)
            return commands[i]->run(argc - 2, argv + 2);
    return fail_unknown(argv[1]);
}

static int run(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("microdup %s\n", mdup_version());
        return EXIT_DONE;
    }
    if (argc > 0 && strcmp(mdup_path_base(argv[0]), ORIGINAL_NAME) == 0)
        return run_original(argc - 1, argv + 1);
    if (argc > 0 && strcmp(mdup_path_base(argv[0]), RELION_NAME) == 0)
        return command_relion.run(argc - 1, argv + 1);
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage();
        return EXIT_DONE;
    }
    return run_command(argc, argv);
}

int main(int argc, char **argv)
{
    int status = run(argc, argv);
    return status == EXIT_DONE ? console_finish() : status;
}
