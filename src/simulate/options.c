#include <microdup/simulate.h>

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"

static const char *const specimens[] = {"particles", "filaments", "empty",   "mixed",
                                        "lattice",   "carbon",    "bundles", "dirt"};
static const char *const formats[] = {"float32", "float16", "int16", "uint8"};
static const char *const naming[] = {"epu", "serialem", "mcgill", "plain"};
enum { N_SPECIMENS = sizeof specimens / sizeof *specimens, N_NAMES = 4 };

static const char *name_of(const char *const *names, unsigned n, unsigned value)
{
    return value < n ? names[value] : NULL;
}

static int value_of(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

const char *mdup_specimen_name(mdup_specimen specimen)
{
    return name_of(specimens, N_SPECIMENS, (unsigned)specimen);
}

const char *mdup_simulate_format_name(mdup_simulate_format format)
{
    return name_of(formats, N_NAMES, (unsigned)format);
}

const char *mdup_simulate_names_name(mdup_simulate_names names)
{
    return name_of(naming, N_NAMES, (unsigned)names);
}

bool mdup_specimen_parse(const char *name, mdup_specimen *specimen)
{
    int value = value_of(specimens, N_SPECIMENS, name);
    if (value >= 0)
        *specimen = (mdup_specimen)value;
    return value >= 0;
}

bool mdup_simulate_format_parse(const char *name, mdup_simulate_format *format)
{
    int value = value_of(formats, N_NAMES, name);
    if (value >= 0)
        *format = (mdup_simulate_format)value;
    return value >= 0;
}

bool mdup_simulate_names_parse(const char *name, mdup_simulate_names *names)
{
    int value = value_of(naming, N_NAMES, name);
    if (value >= 0)
        *names = (mdup_simulate_names)value;
    return value >= 0;
}

void mdup_simulate_options_init(mdup_simulate_options *options)
{
    *options = (mdup_simulate_options){
        .n_micrographs = 24,
        .nx = 5760,
        .ny = 4092,
        .pixel_A = 0.83,
        .specimen = MDUP_SPECIMEN_PARTICLES,
        .n_duplicates = 4,
        .n_overlaps = 2,
        .seed = 1,
        .defocus_min_um = 0.8,
        .defocus_max_um = 2.2,
        .dose_e_A2 = 40,
        .mass_kDa = 150,
        .format = MDUP_SIMULATE_FLOAT32,
        .names = MDUP_NAMES_EPU,
        .bin = 1,
        .n_shots = 1,
    };
}

/* Written so that NaN is outside. */
static bool is_within(double value, double least, double most)
{
    return value >= least && value <= most;
}

static bool check_numbers(const mdup_simulate_options *o, mdup_error **err)
{
    if (!is_within(o->pixel_A, 0.2, 20))
        return mdup_fail(err, MDUP_ERROR_INVALID, "--pixel %g is not possible: use 0.2 to 20 A",
                         o->pixel_A);
    if (!is_within(o->defocus_min_um, 0.05, 10) ||
        !is_within(o->defocus_max_um, o->defocus_min_um, 10))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--defocus %g,%g is not possible: use two numbers from 0.05 to 10 um, the "
                         "smaller one first",
                         o->defocus_min_um, o->defocus_max_um);
    if (!is_within(o->dose_e_A2, 0.1, 1000))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--dose %g is not possible: use 0.1 to 1000 electrons/A^2", o->dose_e_A2);
    if (!is_within(o->mass_kDa, 5, 10000))
        return mdup_fail(err, MDUP_ERROR_INVALID, "--mass %g is not possible: use 5 to 10000 kDa",
                         o->mass_kDa);
    return true;
}

static bool check_counts(const mdup_simulate_options *o, mdup_error **err)
{
    if (!is_within(o->n_micrographs, 1, 100000))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--micrographs %d is not possible: use 1 to 100000",
                         (int)o->n_micrographs);
    if (!is_within(o->nx, 64, 16384) || !is_within(o->ny, 64, 16384))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--size %dx%d is not possible: use 64x64 to 16384x16384", (int)o->nx,
                         (int)o->ny);
    if (o->n_duplicates < 0)
        return mdup_fail(err, MDUP_ERROR_INVALID, "--duplicates %d is not possible: use 0 or more",
                         (int)o->n_duplicates);
    if (o->n_overlaps < 0)
        return mdup_fail(err, MDUP_ERROR_INVALID, "--overlaps %d is not possible: use 0 or more",
                         (int)o->n_overlaps);
    long long needed = (long long)o->n_duplicates + o->n_overlaps + 1;
    if (needed > o->n_micrographs)
        return mdup_fail(
            err, MDUP_ERROR_INVALID,
            "--duplicates %d and --overlaps %d need --micrographs %lld or more, and it is %d",
            (int)o->n_duplicates, (int)o->n_overlaps, needed, (int)o->n_micrographs);
    if (!is_within(o->n_workers, 0, 4096))
        return mdup_fail(err, MDUP_ERROR_INVALID, "--j %d is not possible: use 1 to 4096",
                         o->n_workers);
    return true;
}

static bool check_binning(const mdup_simulate_options *o, mdup_error **err)
{
    if (!is_within(o->bin, 0, 16))
        return mdup_fail(err, MDUP_ERROR_INVALID, "--bin %d is not possible: use 1 to 16",
                         (int)o->bin);
    if (o->bin > 1 && (o->nx > 16384 / o->bin || o->ny > 16384 / o->bin))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--bin %d is too much for --size %dx%d: before binning a frame may have "
                         "16384x16384 pixels",
                         (int)o->bin, (int)o->nx, (int)o->ny);
    if (o->bin > 1 && o->pixel_A / o->bin < 0.2)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--bin %d is too much for --pixel %g: before binning a pixel may have 0.2 "
                         "A or more",
                         (int)o->bin, o->pixel_A);
    return true;
}

/* What a particle of some 15 kDa covers: no film holds more of them. */
static const double LEAST_AREA_A2 = 1000;

static bool check_particles(const mdup_simulate_options *o, mdup_error **err)
{
    if (o->n_particles < 0)
        return mdup_fail(
            err, MDUP_ERROR_INVALID,
            "--particles %d is not possible: use 0 (as usual for the specimen) or more",
            (int)o->n_particles);
    if (o->n_particles > 0 && o->specimen == MDUP_SPECIMEN_EMPTY)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--particles %d is not possible with --specimen empty, which has none",
                         (int)o->n_particles);
    double x_A = o->nx * o->pixel_A, y_A = o->ny * o->pixel_A;
    if (o->n_particles * LEAST_AREA_A2 > x_A * y_A)
        return mdup_fail(
            err, MDUP_ERROR_INVALID,
            "--particles %d is too many for a frame of %.0f x %.0f A: use %.0f or fewer",
            (int)o->n_particles, x_A, y_A, floor(x_A * y_A / LEAST_AREA_A2));
    return true;
}

static bool check_shots(const mdup_simulate_options *o, mdup_error **err)
{
    if (!is_within(o->n_shots, 0, 4))
        return mdup_fail(err, MDUP_ERROR_INVALID, "--shots %d is not possible: use 1 to 4",
                         (int)o->n_shots);
    if (!is_within(o->shot_overlap, 0, 0.2))
        return mdup_fail(err, MDUP_ERROR_INVALID, "--shot-overlap %g is not possible: use 0 to 0.2",
                         o->shot_overlap);
    if (o->n_shots <= 1 && o->shot_overlap > 0)
        return mdup_fail(err, MDUP_ERROR_INVALID, "--shot-overlap %g needs --shots 2 or more",
                         o->shot_overlap);
    if (o->n_shots > 1 && (o->n_micrographs % o->n_shots != 0 ||
                           o->n_duplicates % o->n_shots != 0 || o->n_overlaps % o->n_shots != 0))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--shots %d needs --micrographs, --duplicates and --overlaps that are "
                         "multiples of it, for holes are recorded as a whole",
                         (int)o->n_shots);
    return true;
}

bool mdup_simulate_options_check(const mdup_simulate_options *o, mdup_error **err)
{
    if (!o->out_dir || o->out_dir[0] == '\0')
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--o is missing: name the folder to put the session into");
    if (!mdup_specimen_name(o->specimen))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--specimen %d is not known: use particles, filaments, empty, mixed, "
                         "lattice, carbon, bundles or dirt",
                         (int)o->specimen);
    if (!mdup_simulate_format_name(o->format))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--format %d is not known: use float32, float16, int16 or uint8",
                         (int)o->format);
    if (!mdup_simulate_names_name(o->names))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--names %d is not known: use epu, serialem, mcgill or plain",
                         (int)o->names);
    if (o->artefacts >= 2 * MDUP_ARTEFACT_DRIFT)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--artefacts %u is not known: use the sum of some of 1, 2, 4, 8, 16",
                         o->artefacts);
    return check_counts(o, err) && check_numbers(o, err) && check_binning(o, err) &&
           check_shots(o, err) && check_particles(o, err);
}
