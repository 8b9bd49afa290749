/* microdup relion, or microdup_relion: a screen as an External job of RELION. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "console.h"
#include "flow/relion_job.h"
#include "screen_arguments.h"

static const char *const version_names[] = {"auto", "3.1", "4", "5", NULL};

/* What RELION's window can give beside micrographs. */
typedef struct {
    const char *movies, *particles, *coordinates, *reference, *mask;
} other_inputs;

typedef struct {
    screen_arguments screen;
    other_inputs other;
    int version;
} arguments;

static size_t list_options(arguments *a, option *options)
{
    size_t n = screen_list_options(&a->screen, options);
    /* A label without a value comes bare, one with a value 0 or 1 with it. */
    for (size_t i = 0; i < n; i++)
        if (options[i].type == OPTION_FLAG)
            options[i].type = OPTION_SWITCH;
    const option table[] = {
        {"RELION", "relion_version", OPTION_CHOICE, &a->version, "VERSION",
         "which RELION runs the job: auto (job.star tells), 3.1, 4 or 5", NULL, 0, 0,
         version_names},
        {NULL, "in_movies", OPTION_STRING, &a->other.movies, "FILE", NULL, NULL, 0, 0, NULL},
        {NULL, "in_parts", OPTION_STRING, &a->other.particles, "FILE", NULL, NULL, 0, 0, NULL},
        {NULL, "in_coords", OPTION_STRING, &a->other.coordinates, "FILE", NULL, NULL, 0, 0, NULL},
        {NULL, "in_3dref", OPTION_STRING, &a->other.reference, "FILE", NULL, NULL, 0, 0, NULL},
        {NULL, "in_mask", OPTION_STRING, &a->other.mask, "FILE", NULL, NULL, 0, 0, NULL},
    };
    return options_append(options, n, table, sizeof table / sizeof *table);
}

static bool refuse_other_inputs(const other_inputs *other, mdup_error **err)
{
    const struct {
        const char *value, *what;
    } inputs[] = {{other->movies, "--in_movies: movies are"},
                  {other->particles, "--in_parts: particles are"},
                  {other->coordinates, "--in_coords: coordinates are"},
                  {other->reference, "--in_3dref: a 3D reference is"},
                  {other->mask, "--in_mask: a mask is"}};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        if (inputs[i].value)
            return mdup_fail(err, MDUP_ERROR_INVALID,
                             "%s not used; clear that field and give the input micrographs",
                             inputs[i].what);
    return true;
}

static bool settle(arguments *a, const option_set *set, mdup_error **err)
{
    if (!refuse_other_inputs(&a->other, err))
        return false;
    if (set->positional.n > 0)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "\"%s\" belongs to no option; the input is given with --in_mics",
                         set->positional.items[0]);
    if (!a->screen.screen.out_dir)
        return mdup_fail(err, MDUP_ERROR_INVALID, "--o DIR/ is needed: the folder of the job");
    if (a->screen.inputs.n == 0)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--in_mics FILE is needed: give the input micrographs");
    return screen_settle(&a->screen, set, err);
}

/* The value of an option, read off before the arguments are understood: RELION is to be told also
 * when they are not. */
static const char *find_value(int argc, char **argv, const char *name)
{
    size_t length = strlen(name);
    const char *value = NULL;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0 || strncmp(argv[i] + 2, name, length) != 0)
            continue;
        if (argv[i][2 + length] == '=')
            value = argv[i] + 2 + length + 1;
        else if (argv[i][2 + length] == '\0' && i + 1 < argc)
            value = argv[i + 1];
    }
    return value && value[0] ? value : NULL;
}

/* Of RELION's exit statuses 2 means aborted, and wrong arguments are a failure. */
static int mark_failure(const char *control_dir)
{
    if (control_dir)
        (void)!mdup_relion_mark(control_dir, MDUP_RELION_FAILURE, NULL);
    return EXIT_FAILED;
}

static const char *find_control_dir(int argc, char **argv)
{
    const char *control = find_value(argc, argv, "pipeline_control");
    return control ? control : find_value(argc, argv, "o");
}

static int run_job(arguments *a, const option_set *set, const char *control_dir)
{
    mdup_error *err = NULL;
    console c;
    console_init(&c);
    mdup_callbacks callbacks = console_callbacks(&c);
    if (!settle(a, set, &err))
        return console_fail(&c, "microdup relion", &err, mark_failure(control_dir));
    if (!mdup_relion_screen(&a->screen.screen, control_dir, (mdup_relion_version)a->version,
                            &callbacks, NULL, &err))
        return console_fail(&c, "microdup relion", &err, EXIT_FAILED);
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    arguments a = {0};
    screen_arguments_init(&a.screen);
    a.screen.screen.out_dir = NULL;
    option options[SCREEN_MOST_OPTIONS];
    option_set set = {.options = options, .n = list_options(&a, options)};
    mdup_strbuf command_line = MDUP_STRBUF_INIT;
    join_command_line(&command_line, "relion", argc, argv);
    a.screen.screen.command_line = command_line.text;
    const char *control_dir = find_control_dir(argc, argv);
    int status;
    if (command_begin(&command_relion, &set, argc, argv, 0, SIZE_MAX, &status))
        status = run_job(&a, &set, control_dir);
    else if (status != EXIT_DONE)
        status = mark_failure(control_dir);
    options_clear(&set);
    free(a.screen.inputs.items);
    mdup_strbuf_free(&command_line);
    return status;
}

const command command_relion = {"relion", "--o DIR/ --in_mics FILE [--j N] [options]",
                                "the same as an External job of RELION", run};
