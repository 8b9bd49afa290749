#include "simulate/artefacts.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "simulate/random.h"
#include "simulate/specimen.h"

static const double PI = 3.14159265358979323846;

static const double EDGE_LOSS = 0.12;
static const double EDGE_SOFTNESS_A = 25;

/* Of a K3 frame that motion correction has cropped and a screening has binned: the first rows swing
 * by 5 % of the mean, from one of them to the next, and the swing fades over some ten. */
static const double RINGING_SHARE = 0.05;
static const double RINGING_PIXEL_A = 13.28;
static const double RINGING_FADES_rows = 3;

static const double DRIFT_SHARE = 0.3;
static const double DRIFT_LEAST_A = 30, DRIFT_MOST_A = 100;

/* As the rim of a hole in the carbon lies in a frame, see specimen.c, but in all of them there. */
static void choose_edge(const mdup_simulate_options *options, mdup_rng *rng, mdup_artefacts *a)
{
    double angle = mdup_rng_between(rng, 0, 2 * PI);
    double x = cos(angle), y = sin(angle);
    double half = (fabs(x) * options->nx + fabs(y) * options->ny) / 2;
    double at = half * (1 - 2 * mdup_rng_between(rng, 0.08, 0.3));
    a->has_edge = true;
    a->edge_radius_px = hypot(options->nx, options->ny);
    a->edge_x_px = options->nx / 2.0 + (at - a->edge_radius_px) * x;
    a->edge_y_px = options->ny / 2.0 + (at - a->edge_radius_px) * y;
    a->edge_softness_px = EDGE_SOFTNESS_A / options->pixel_A;
}

static void choose_lines(const mdup_simulate_options *options, mdup_rng *rng, mdup_artefacts *a)
{
    a->n_lines = 1 + (int)mdup_rng_below(rng, MDUP_MOST_LINES);
    for (int i = 0; i < a->n_lines; i++) {
        mdup_gain_line *line = &a->lines[i];
        line->n = 1 + (int32_t)mdup_rng_below(rng, 2);
        line->first = (int32_t)mdup_rng_below(rng, (uint32_t)(options->nx - line->n + 1));
        double wrong = mdup_rng_between(rng, 0.03, 0.08);
        line->gain = (float)(1 + (mdup_rng_uniform(rng) < 0.5 ? wrong : -wrong));
    }
}

mdup_artefacts mdup_artefacts_choose(const mdup_simulate_options *options)
{
    mdup_artefacts a = {.nx = options->nx};
    uint64_t key = mdup_key(options->seed, MDUP_KEY_ARTEFACTS);
    if (options->artefacts & MDUP_ARTEFACT_EDGE) {
        mdup_rng rng = mdup_rng_new(mdup_key(key, MDUP_ARTEFACT_EDGE));
        choose_edge(options, &rng, &a);
    }
    if (options->artefacts & MDUP_ARTEFACT_LINE) {
        mdup_rng rng = mdup_rng_new(mdup_key(key, MDUP_ARTEFACT_LINE));
        choose_lines(options, &rng, &a);
    }
    a.rings = options->artefacts & MDUP_ARTEFACT_RINGING;
    a.wave_rows = fmax(1, RINGING_PIXEL_A / options->pixel_A);
    return a;
}

void mdup_artefacts_shade(const mdup_artefacts *artefacts, int32_t y, float *row)
{
    if (!artefacts->has_edge)
        return;
    double dy = y - artefacts->edge_y_px;
    for (int32_t x = 0; x < artefacts->nx; x++) {
        double dx = x - artefacts->edge_x_px;
        double outside = sqrt(dx * dx + dy * dy) - artefacts->edge_radius_px;
        row[x] *= (float)(1 - EDGE_LOSS / (1 + exp(-outside / artefacts->edge_softness_px)));
    }
}

void mdup_artefacts_spoil_gain(const mdup_artefacts *artefacts, float *row)
{
    for (int i = 0; i < artefacts->n_lines; i++) {
        const mdup_gain_line *line = &artefacts->lines[i];
        for (int32_t x = line->first; x < line->first + line->n; x++)
            row[x] *= line->gain;
    }
}

void mdup_artefacts_ring(const mdup_artefacts *artefacts, int32_t rows, float mean, float *row)
{
    if (!artefacts->rings)
        return;
    double d = rows / artefacts->wave_rows;
    float swing = (float)(RINGING_SHARE * cos(0.9 * PI * d) * exp(-d / RINGING_FADES_rows)) * mean;
    for (int32_t x = 0; x < artefacts->nx; x++)
        row[x] += swing;
}

void mdup_artefacts_choose_drift(const mdup_simulate_options *options, size_t index,
                                 mdup_optics *optics)
{
    if (!(options->artefacts & MDUP_ARTEFACT_DRIFT))
        return;
    mdup_rng rng = mdup_rng_new(mdup_key_cell(options->seed, MDUP_KEY_DRIFT, (int64_t)index));
    if (mdup_rng_uniform(&rng) >= DRIFT_SHARE)
        return;
    double length_A = mdup_rng_between(&rng, DRIFT_LEAST_A, DRIFT_MOST_A);
    double angle = mdup_rng_between(&rng, 0, PI);
    optics->drift_x_A = length_A * cos(angle);
    optics->drift_y_A = length_A * sin(angle);
}

/* ---- the option's list ---- */

static const struct {
    const char *name;
    mdup_artefact value;
} names[] = {{"edge", MDUP_ARTEFACT_EDGE},
             {"pattern", MDUP_ARTEFACT_PATTERN},
             {"ringing", MDUP_ARTEFACT_RINGING},
             {"line", MDUP_ARTEFACT_LINE},
             {"drift", MDUP_ARTEFACT_DRIFT}};

static unsigned value_of(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == length && memcmp(names[i].name, name, length) == 0)
            return names[i].value;
    return 0;
}

bool mdup_artefacts_parse(const char *list, unsigned *artefacts, mdup_error **err)
{
    unsigned found = 0;
    if (strcmp(list, "none") == 0) {
        *artefacts = 0;
        return true;
    }
    for (const char *at = list;; at++) {
        size_t length = strcspn(at, ",");
        unsigned value = value_of(at, length);
        if (value == 0)
            return mdup_fail(err, MDUP_ERROR_INVALID,
                             "--artefacts %s: \"%.*s\" is not known: use none, or some of edge, "
                             "pattern, ringing, line, drift with commas between them",
                             list, (int)length, at);
        found |= value;
        at += length;
        if (*at == '\0')
            break;
    }
    *artefacts = found;
    return true;
}
