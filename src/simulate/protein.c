#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "simulate/physics.h"
#include "simulate/specimen.h"

/* Blobs of 1 kDa, except that the smallest proteins have at least 12 and the largest at most
 * 4000.  Finer detail carries no contrast that a screening at 10 A and more could see. */
enum { FEWEST_BLOBS = 12, MOST_BLOBS = 4000, MOST_DOMAINS = 5, DART_TRIES = 60 };

/* Of blobs of 1 kDa; what remains between them is the packing's irregularity. */
static const double NEAREST_A = 7.5;

typedef struct {
    double centre[3];
    double radius;
} domain;

typedef struct {
    int n;
    domain of[MOST_DOMAINS];
} shape;

double mdup_blob_sigma_A(double mass_kDa)
{
    return 4.0 * cbrt(mass_kDa);
}

static void random_direction(mdup_rng *rng, double out[3])
{
    double square;
    do {
        square = 0;
        for (int k = 0; k < 3; k++) {
            out[k] = mdup_rng_between(rng, -1, 1);
            square += out[k] * out[k];
        }
    } while (square > 1 || square < 1e-4);
    for (int k = 0; k < 3; k++)
        out[k] /= sqrt(square);
}

/* Balls of different size, each leaning on one before it. */
static shape random_shape(mdup_rng *rng, double volume_A3)
{
    shape s = {.n = 2 + (int)mdup_rng_below(rng, MOST_DOMAINS - 1)};
    double share[MOST_DOMAINS], sum = 0;
    for (int i = 0; i < s.n; i++)
        sum += share[i] = mdup_rng_between(rng, 0.5, 2);
    for (int i = 0; i < s.n; i++) {
        s.of[i].radius = cbrt(volume_A3 * share[i] / sum * 0.238732414637843);
        if (i == 0)
            continue;
        const domain *on = &s.of[mdup_rng_below(rng, (uint32_t)i)];
        double direction[3];
        random_direction(rng, direction);
        for (int k = 0; k < 3; k++)
            s.of[i].centre[k] = on->centre[k] + 0.85 * (on->radius + s.of[i].radius) * direction[k];
    }
    return s;
}

static void random_point(mdup_rng *rng, const shape *s, double out[3])
{
    double total = 0;
    for (int i = 0; i < s->n; i++)
        total += s->of[i].radius * s->of[i].radius * s->of[i].radius;
    double at = mdup_rng_between(rng, 0, total);
    int i = 0;
    for (; i < s->n - 1; i++) {
        at -= s->of[i].radius * s->of[i].radius * s->of[i].radius;
        if (at < 0)
            break;
    }
    double direction[3];
    random_direction(rng, direction);
    double r = s->of[i].radius * cbrt(mdup_rng_uniform(rng));
    for (int k = 0; k < 3; k++)
        out[k] = s->of[i].centre[k] + r * direction[k];
}

static bool is_free(const mdup_protein *protein, int n, const double point[3], double nearest_A)
{
    for (int i = 0; i < n; i++) {
        double square = 0;
        for (int k = 0; k < 3; k++)
            square += (protein->blobs_A[i][k] - point[k]) * (protein->blobs_A[i][k] - point[k]);
        if (square < nearest_A * nearest_A)
            return false;
    }
    return true;
}

static void place_blobs(mdup_protein *protein, const shape *s, mdup_rng *rng)
{
    double nearest_A = NEAREST_A * cbrt(protein->blob_kDa);
    for (int i = 0; i < protein->n_blobs; i++) {
        for (int tries = 0; tries < DART_TRIES; tries++) {
            random_point(rng, s, protein->blobs_A[i]);
            if (is_free(protein, i, protein->blobs_A[i], nearest_A))
                break;
        }
    }
}

static void centre_blobs(mdup_protein *protein)
{
    for (int k = 0; k < 3; k++) {
        double mean = 0;
        for (int i = 0; i < protein->n_blobs; i++)
            mean += protein->blobs_A[i][k] / protein->n_blobs;
        for (int i = 0; i < protein->n_blobs; i++)
            protein->blobs_A[i][k] -= mean;
    }
    double farthest = 0;
    for (int i = 0; i < protein->n_blobs; i++) {
        const double *b = protein->blobs_A[i];
        farthest = fmax(farthest, sqrt(b[0] * b[0] + b[1] * b[1] + b[2] * b[2]));
    }
    protein->radius_A = farthest + 4 * protein->sigma_A;
}

bool mdup_protein_make(double mass_kDa, uint64_t key, mdup_protein *protein, mdup_error **err)
{
    mdup_protein made = {.n_blobs = (int)fmin(fmax(round(mass_kDa), FEWEST_BLOBS), MOST_BLOBS)};
    made.blob_kDa = mass_kDa / made.n_blobs;
    made.sigma_A = mdup_blob_sigma_A(made.blob_kDa);
    made.blobs_A = mdup_calloc((size_t)made.n_blobs, sizeof *made.blobs_A, err);
    if (!made.blobs_A)
        return false;
    mdup_rng rng = mdup_rng_new(key);
    shape s = random_shape(&rng, mass_kDa * MDUP_PROTEIN_A3_PER_kDa);
    place_blobs(&made, &s, &rng);
    centre_blobs(&made);
    *protein = made;
    return true;
}

void mdup_protein_free(mdup_protein *protein)
{
    free(protein->blobs_A);
    *protein = (mdup_protein){0};
}
