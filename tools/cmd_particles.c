/* microdup particles: those that overlapping micrographs show more than once. */
#include <stdio.h>

#include <microdup/particles.h>

#include "base/strbuf.h"
#include "commands.h"
#include "console.h"
#include "screen_arguments.h"

static const char *const action_names[] = {"drop", "half", "mark", NULL};
static const char *const match_names[] = {"auto", "exact", "path", "file", NULL};
static const char *const y_names[] = {"auto", "stored", "mirrored", NULL};

/* What the option table writes to. */
typedef struct {
    mdup_particles_options particles;
    int action, match, y;
} arguments;

enum { MOST_OPTIONS = 16 };

static size_t list_options(arguments *a, option *options)
{
    const option table[] = {
        {"Input and output", "particles", OPTION_STRING, &a->particles.particles, "FILE",
         "STAR file, or cryoSPARC's .cs files of the same particles: particles.cs,passthrough.cs",
         NULL, 0, 0, NULL},
        {NULL, "session", OPTION_STRING, &a->particles.session, "FOLDER",
         "the folder that microdup screen wrote into", NULL, 0, 0, NULL},
        {NULL, "o", OPTION_STRING, &a->particles.out_dir, "DIR", "folder for the results", NULL, 0,
         0, NULL},
        {"What to do", "action", OPTION_CHOICE, &a->action, "ACTION",
         "drop: the later ones go; half: all of one go into one half set; mark: a column numbers "
         "them",
         NULL, 0, 0, action_names},
        {"Which are the same", "distance", OPTION_DOUBLE, &a->particles.distance_A, "A",
         "no further apart than this", "half the diameter, else 30; at least 3 sd of the shift",
         0.01, 1000, NULL},
        {NULL, "diameter", OPTION_DOUBLE, &a->particles.diameter_A, "A", "of the particle", "none",
         0.01, 10000, NULL},
        {NULL, "pixel", OPTION_DOUBLE, &a->particles.pixel_A, "A", "pixel size of the micrographs",
         "as the screen and the file say", 0.01, 1000, NULL},
        {NULL, "match", OPTION_CHOICE, &a->match, "RULE",
         "names that mean a micrograph of the session, as in microdup apply", NULL, 0, 0,
         match_names},
        {NULL, "y", OPTION_CHOICE, &a->y, "AXIS",
         "y counts from the first row of the file (stored), from the last (mirrored), or as most "
         "particles coincide (auto)",
         NULL, 0, 0, y_names},
    };
    return options_append(options, 0, table, sizeof table / sizeof *table);
}

static const char *say_changed(mdup_particles_action action)
{
    static const char *const texts[] = {"removed", "moved to the other half set, or given one",
                                        "marked"};
    return texts[action];
}

static void print_summary(const mdup_particles_options *o, const mdup_particles_summary *s)
{
    printf("\n%lld particles, %lld of them in micrographs that overlap others.\n",
           (long long)s->n_particles, (long long)s->n_in_overlaps);
    printf("%lld were seen more than once: %lld pairs within %.3g A (median %.1f A), %.0f by "
           "chance.\n",
           (long long)s->n_grouped, (long long)s->n_pairs, s->distance_A,
           s->n_pairs > 0 ? s->median_A : 0.0, s->n_by_chance);
    if (s->n_half_pairs > 0)
        printf("%lld of %lld pairs sat in different half sets, and so made the halves look more "
               "alike than they are.\n",
               (long long)s->n_split_pairs, (long long)s->n_half_pairs);
    printf("%lld particles %s.\nResults in %s\n", (long long)s->n_changed, say_changed(o->action),
           o->out_dir);
}

static bool check(const mdup_particles_options *o, mdup_error **err)
{
    const struct {
        const char *value, *name, *what;
    } needed[] = {{o->particles, "particles", "the file of the particles"},
                  {o->session, "session", "the folder that microdup screen wrote into"},
                  {o->out_dir, "o", "a folder for the results"}};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!needed[i].value || needed[i].value[0] == '\0')
            return mdup_fail(err, MDUP_ERROR_INVALID, "--%s is missing: %s", needed[i].name,
                             needed[i].what);
    return true;
}

static int run_particles(arguments *a)
{
    mdup_error *err = NULL;
    console c;
    console_init(&c);
    mdup_particles_options *o = &a->particles;
    o->action = (mdup_particles_action)a->action;
    o->match = (mdup_match)a->match;
    o->y = (mdup_y_axis)a->y;
    if (!check(o, &err))
        return console_fail(&c, "microdup particles", &err, EXIT_USAGE_OR_ABORTED);
    mdup_callbacks callbacks = console_callbacks(&c);
    mdup_particles_summary summary;
    if (!mdup_particles(o, &callbacks, &summary, &err))
        return console_fail(&c, "microdup particles", &err, EXIT_FAILED);
    print_summary(o, &summary);
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    arguments a = {.action = MDUP_PARTICLES_DROP};
    mdup_particles_options_init(&a.particles);
    option options[MOST_OPTIONS];
    option_set set = {.options = options, .n = list_options(&a, options)};
    mdup_strbuf command_line = MDUP_STRBUF_INIT;
    join_command_line(&command_line, "particles", argc, argv);
    a.particles.command_line = command_line.text;
    int status;
    if (command_begin(&command_particles, &set, argc, argv, 0, 0, &status))
        status = run_particles(&a);
    options_clear(&set);
    mdup_strbuf_free(&command_line);
    return status;
}

const command command_particles = {
    "particles", "--particles FILE --session FOLDER --o DIR",
    "find the particles that overlapping micrographs show more than once; drop or bind them", run};
