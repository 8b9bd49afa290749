#include "simulate/random.h"

#include <math.h>

/* The finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static const uint64_t GOLDEN = UINT64_C(0x9e3779b97f4a7c15);

uint64_t mdup_key(uint64_t parent, uint64_t child)
{
    return mix(parent + GOLDEN + mix(child + GOLDEN));
}

uint64_t mdup_key_cell(uint64_t parent, int64_t x, int64_t y)
{
    return mdup_key(mdup_key(parent, (uint64_t)x), (uint64_t)y);
}

mdup_rng mdup_rng_new(uint64_t key)
{
    mdup_rng rng;
    for (int i = 0; i < 4; i++)
        rng.state[i] = mix(key + (uint64_t)(i + 1) * GOLDEN);
    return rng;
}

static uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static inline uint64_t next(uint64_t s[4])
{
    uint64_t result = rotate(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t mdup_rng_next(mdup_rng *rng)
{
    return next(rng->state);
}

double mdup_rng_uniform(mdup_rng *rng)
{
    return (double)(next(rng->state) >> 11) * 0x1p-53;
}

double mdup_rng_between(mdup_rng *rng, double low, double high)
{
    return low + (high - low) * mdup_rng_uniform(rng);
}

uint32_t mdup_rng_below(mdup_rng *rng, uint32_t n)
{
    /* 2^32 mod n values are refused, so that each of the n results has equally many left. */
    uint32_t refuse_below = (uint32_t)(-n) % n;
    uint32_t draw;
    do
        draw = (uint32_t)(next(rng->state) >> 32);
    while (draw < refuse_below);
    return draw % n;
}

/* Marsaglia's polar method; its second value is let go, so that a generator has no state but its
 * four words. */
double mdup_rng_normal(mdup_rng *rng)
{
    double u, v, s;
    do {
        u = 2 * mdup_rng_uniform(rng) - 1;
        v = 2 * mdup_rng_uniform(rng) - 1;
        s = u * u + v * v;
    } while (s >= 1 || s <= 0);
    return u * sqrt(-2 * log(s) / s);
}

/* Knuth's product of uniforms; exp(-500) is still a normal double. */
int mdup_rng_poisson(mdup_rng *rng, double mean)
{
    double limit = exp(-mean);
    double product = mdup_rng_uniform(rng);
    int n = 0;
    while (product > limit) {
        product *= mdup_rng_uniform(rng);
        n++;
    }
    return n;
}

/* x with P(normal < x) = p, p < 0.5, by bisection: it is done 2048 times a session. */
static double normal_quantile(double p)
{
    double low = -8, high = 0;
    for (int i = 0; i < 50; i++) {
        double middle = (low + high) / 2;
        if (erfc(-middle * 0.70710678118654752440) / 2 < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

void mdup_noise_table_init(mdup_noise_table *table)
{
    double quantile[MDUP_NOISE_LEVELS / 2];
    double sum_of_squares = 0;
    for (int i = 0; i < MDUP_NOISE_LEVELS / 2; i++) {
        quantile[i] = normal_quantile((i + 0.5) / MDUP_NOISE_LEVELS);
        sum_of_squares += 2 * quantile[i] * quantile[i];
    }
    /* The middles of the steps lose a little of the tails' variance: scaled back to exactly 1,
     * and halved for the transform of four. */
    double scale = 0.5 / sqrt(sum_of_squares / MDUP_NOISE_LEVELS);
    for (int i = 0; i < MDUP_NOISE_LEVELS / 2; i++) {
        table->half_quantile[i] = (float)(quantile[i] * scale);
        table->half_quantile[MDUP_NOISE_LEVELS - 1 - i] = (float)(-quantile[i] * scale);
    }
}

static inline void noise_of_four(const float *half_quantile, uint64_t bits, float out[4])
{
    const uint64_t mask = MDUP_NOISE_LEVELS - 1;
    float a = half_quantile[bits & mask];
    float b = half_quantile[(bits >> 16) & mask];
    float c = half_quantile[(bits >> 32) & mask];
    float d = half_quantile[(bits >> 48) & mask];
    float sum_ab = a + b, sum_cd = c + d, difference_ab = a - b, difference_cd = c - d;
    out[0] = sum_ab + sum_cd;
    out[1] = sum_ab - sum_cd;
    out[2] = difference_ab + difference_cd;
    out[3] = difference_ab - difference_cd;
}

void mdup_noise_fill(const mdup_noise_table *table, mdup_rng *rng, float *out, size_t n)
{
    mdup_rng local = *rng;
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        noise_of_four(table->half_quantile, next(local.state), out + i);
    if (i < n) {
        float last[4];
        noise_of_four(table->half_quantile, next(local.state), last);
        for (size_t k = 0; i < n; i++, k++)
            out[i] = last[k];
    }
    *rng = local;
}
