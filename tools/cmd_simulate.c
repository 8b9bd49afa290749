/* microdup simulate: a session whose duplicates are known. */
#include <stdio.h>

#include <microdup/simulate.h>

#include "commands.h"
#include "console.h"

/* In the order of the enumerations of microdup/simulate.h. */
static const char *const specimen_names[] = {"particles", "filaments", "empty", "mixed", "lattice",
                                             "carbon",    "bundles",   "dirt",  NULL};
static const char *const format_names[] = {"float32", "float16", "int16", "uint8", NULL};
static const char *const names_names[] = {"epu", "serialem", "mcgill", "plain", NULL};

/* What the option table writes to, in the table's types. */
typedef struct {
    mdup_simulate_options simulate;
    int64_t micrographs, seed, shots, bin, threads, particles;
    int64_t duplicates, overlaps; /* NOT_GIVEN: the default, rounded up to whole holes */
    const char *artefacts;
    int64_t size[2];
    double defocus[2];
    int specimen, format, names;
} arguments;

enum { MOST_OPTIONS = 24, NOT_GIVEN = -1 };

static arguments defaults(void)
{
    arguments a = {0};
    mdup_simulate_options *s = &a.simulate;
    mdup_simulate_options_init(s);
    a.micrographs = s->n_micrographs;
    a.duplicates = a.overlaps = NOT_GIVEN;
    a.seed = (int64_t)s->seed;
    a.shots = s->n_shots;
    a.bin = s->bin;
    a.particles = s->n_particles;
    a.artefacts = "none";
    a.size[0] = s->nx;
    a.size[1] = s->ny;
    a.defocus[0] = s->defocus_min_um;
    a.defocus[1] = s->defocus_max_um;
    a.specimen = (int)s->specimen;
    a.format = (int)s->format;
    a.names = (int)s->names;
    return a;
}

static size_t list_output(arguments *a, option *options, size_t n)
{
    mdup_simulate_options *s = &a->simulate;
    const option table[] = {
        {"Output", "o", OPTION_STRING, &s->out_dir, "DIR",
         "folder for the session; files that are there already are never overwritten", NULL, 0, 0,
         NULL},
        {NULL, "format", OPTION_CHOICE, &a->format, "TYPE",
         "pixel type: float32, float16, int16 or uint8", NULL, 0, 0, format_names},
        {NULL, "names", OPTION_CHOICE, &a->names, "STYLE",
         "named as by epu, serialem, mcgill or plain", NULL, 0, 0, names_names},
    };
    return options_append(options, n, table, sizeof table / sizeof *table);
}

static size_t list_session(arguments *a, option *options, size_t n)
{
    mdup_simulate_options *s = &a->simulate;
    const option table[] = {
        {"Session", "micrographs", OPTION_INT, &a->micrographs, "N", "how many", NULL, 1, 100000,
         NULL},
        {NULL, "size", OPTION_SIZE, a->size, "WxH", "of a micrograph, px", NULL, 64, 16384, NULL},
        {NULL, "pixel", OPTION_DOUBLE, &s->pixel_A, "A", "pixel size, A", NULL, 0.2, 20, NULL},
        {NULL, "bin", OPTION_INT, &a->bin, "N",
         "micrographs binned by this: --size and --pixel are those after binning; use 2 or more "
         "for "
         "pixels of 4 A and more",
         NULL, 1, 16, NULL},
        {NULL, "duplicates", OPTION_INT, &a->duplicates, "K",
         "second exposures that share more than half of the frame",
         "4, rounded up to a multiple of --shots", 0, 100000, NULL},
        {NULL, "overlaps", OPTION_INT, &a->overlaps, "M",
         "second exposures that share less than half of the frame",
         "2, rounded up to a multiple of --shots", 0, 100000, NULL},
        {NULL, "shots", OPTION_INT, &a->shots, "N",
         "exposures of a hole; when a hole is recorded again, all of them are, with the same shift",
         NULL, 1, 4, NULL},
        {NULL, "shot-overlap", OPTION_DOUBLE, &s->shot_overlap, "F",
         "share of the frame that neighbours in a hole have in common", NULL, 0, 0.2, NULL},
        {NULL, "seed", OPTION_INT, &a->seed, "S",
         "another seed, another session; the same seed, the same bytes", NULL, 0, 9e15, NULL},
    };
    return options_append(options, n, table, sizeof table / sizeof *table);
}

static size_t list_specimen_and_running(arguments *a, option *options, size_t n)
{
    mdup_simulate_options *s = &a->simulate;
    const option table[] = {
        {"Specimen and microscope", "specimen", OPTION_CHOICE, &a->specimen, "KIND",
         "particles, filaments, empty (ice alone), mixed, lattice (two-dimensional crystals), "
         "carbon (particles on carbon film), bundles (of filaments, parallel in the whole session) "
         "or dirt (ice crystals and torn film)",
         NULL, 0, 0, specimen_names},
        {NULL, "artefacts", OPTION_STRING, &a->artefacts, "LIST",
         "none, or some of edge (of the beam, in every frame), pattern (of the detector, strong), "
         "ringing (strong), line (of wrong gain), drift (in some frames), with commas between them",
         NULL, 0, 0, NULL},
        {NULL, "particles", OPTION_INT, &a->particles, "N",
         "particles in a frame, on the average; 0: as usual for the specimen, for particles 80 to "
         "220 on the area of a K3 frame, each place with its own",
         NULL, 0, 1e6, NULL},
        {NULL, "mass", OPTION_DOUBLE, &s->mass_kDa, "kDa", "mass of a particle", NULL, 5, 10000,
         NULL},
        {NULL, "defocus", OPTION_RANGE, a->defocus, "A,B",
         "range of defocus, um; each exposure has its own", NULL, 0.05, 10, NULL},
        {NULL, "dose", OPTION_DOUBLE, &s->dose_e_A2, "E", "electrons per A^2 in an exposure", NULL,
         0.1, 1000, NULL},
        {"Running", "j", OPTION_INT, &a->threads, "N", "threads",
         "SLURM_CPUS_PER_TASK or the cores there are", 1, 4096, NULL},
    };
    return options_append(options, n, table, sizeof table / sizeof *table);
}

static size_t list_options(arguments *a, option *options)
{
    return list_specimen_and_running(a, options,
                                     list_session(a, options, list_output(a, options, 0)));
}

/* What was not given keeps the default, in whole holes. */
static int32_t second_exposures(int64_t given, int32_t usual, int64_t shots)
{
    return (int32_t)(given == NOT_GIVEN ? (usual + shots - 1) / shots * shots : given);
}

static void gather(arguments *a)
{
    mdup_simulate_options *s = &a->simulate;
    s->n_micrographs = (int32_t)a->micrographs;
    s->n_duplicates = second_exposures(a->duplicates, s->n_duplicates, a->shots);
    s->n_overlaps = second_exposures(a->overlaps, s->n_overlaps, a->shots);
    s->n_particles = (int32_t)a->particles;
    s->n_shots = (int32_t)a->shots;
    s->bin = (int32_t)a->bin;
    s->seed = (uint64_t)a->seed;
    s->nx = (int32_t)a->size[0];
    s->ny = (int32_t)a->size[1];
    s->defocus_min_um = a->defocus[0];
    s->defocus_max_um = a->defocus[1];
    s->specimen = (mdup_specimen)a->specimen;
    s->format = (mdup_simulate_format)a->format;
    s->names = (mdup_simulate_names)a->names;
    s->n_workers = (int)a->threads;
}

static int run_simulate(arguments *a)
{
    console c;
    console_init(&c);
    mdup_error *err = NULL;
    gather(a);
    if (!a->simulate.out_dir)
        mdup_fail(&err, MDUP_ERROR_INVALID, "--o DIR is needed: where to write the session");
    if (err || !mdup_artefacts_parse(a->artefacts, &a->simulate.artefacts, &err) ||
        !mdup_simulate_options_check(&a->simulate, &err))
        return console_fail(&c, "microdup simulate", &err, EXIT_USAGE_OR_ABORTED);
    mdup_callbacks callbacks = console_callbacks(&c);
    if (!mdup_simulate_run(&a->simulate, &callbacks, &err))
        return console_fail(&c, "microdup simulate", &err, EXIT_FAILED);
    printf("corrected_micrographs.star lists them, truth.csv the pairs that overlap\n");
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    arguments a = defaults();
    option options[MOST_OPTIONS];
    option_set set = {.options = options, .n = list_options(&a, options)};
    int status;
    if (command_begin(&command_simulate, &set, argc, argv, 0, 0, &status))
        status = run_simulate(&a);
    options_clear(&set);
    return status;
}

const command command_simulate = {"simulate", "--o DIR [options]",
                                  "make a session with known duplicates, to try things on", run};
