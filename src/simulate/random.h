/* Random numbers that are the same on every machine and do not depend on who draws first.
 *
 * Everything random hangs on a key: 64 bits derived from the session's seed and the path to the
 * thing it is for (place 7, layer 2, cell (3, -1), ...).  So any window of a specimen can be
 * drawn, in any order, on any thread, and two windows that share an area show the same there. */
#ifndef MDUP_SIMULATE_RANDOM_H
#define MDUP_SIMULATE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/** The key of `child` below `parent`. */
uint64_t mdup_key(uint64_t parent, uint64_t child);

/** The key of the cell (x, y) below `parent`. */
uint64_t mdup_key_cell(uint64_t parent, int64_t x, int64_t y);

/* xoshiro256++ (Blackman, Vigna: Scrambled linear pseudorandom number generators, ACM TOMS 47,
 * 2021). */
typedef struct {
    uint64_t state[4];
} mdup_rng;

mdup_rng mdup_rng_new(uint64_t key);
uint64_t mdup_rng_next(mdup_rng *rng);

/** [0, 1), 53 bits. */
double mdup_rng_uniform(mdup_rng *rng);
double mdup_rng_between(mdup_rng *rng, double low, double high);

/** 0 to n - 1, n >= 1, without bias. */
uint32_t mdup_rng_below(mdup_rng *rng, uint32_t n);

/** Mean 0, sd 1. */
double mdup_rng_normal(mdup_rng *rng);

/** Mean 0 to 500: the draws cost time in proportion to the mean. */
int mdup_rng_poisson(mdup_rng *rng, double mean);

enum { MDUP_NOISE_LEVELS = 4096 };

/* Half the quantiles of the normal distribution at the middles of equal steps of probability. */
typedef struct {
    float half_quantile[MDUP_NOISE_LEVELS];
} mdup_noise_table;

void mdup_noise_table_init(mdup_noise_table *table);

/** n values of mean 0 and sd 1, uncorrelated, normal with tails to 7 sd, at about 1.5 ns each: four
 *  quantiles drawn from a table and mixed by an orthogonal (Hadamard) transform into four
 *  values. */
void mdup_noise_fill(const mdup_noise_table *table, mdup_rng *rng, float *out, size_t n);

#endif
