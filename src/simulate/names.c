/* File names as the programs that record micrographs give them.  Four holes a move of the stage. */
#include <time.h>

#include "simulate/layout.h"
#include "simulate/random.h"
#include "simulate/specimen.h"

enum { MOST_SHOTS = 4, HOLES = 4 };

/* EPU numbers the holes when it finds them and visits them in another order.  Multiplying modulo
 * a prime gives each of up to 999982 holes a number of its own; the numbers are of seven and
 * eight digits, which do not sort as text. */
static uint32_t epu_hole(uint64_t seed, size_t hole)
{
    const uint64_t prime = 999983;
    mdup_rng rng = mdup_rng_new(mdup_key(seed, MDUP_KEY_NAMES));
    uint64_t step = 1 + mdup_rng_below(&rng, (uint32_t)prime - 1);
    return (uint32_t)(9500000 + (step * (uint64_t)(hole + 1)) % prime);
}

static void epu_name(uint64_t seed, size_t shots, size_t index, mdup_strbuf *out)
{
    static const int shot_id[MOST_SHOTS] = {9761382, 9761385, 9761379, 9761390};
    size_t hole = index / shots;
    /* 2024-03-15 09:00:00; 6 s a shot, 4 s to the next hole, 50 s to the next move. */
    time_t start = 1710493200;
    time_t when = start + (time_t)(index * 6 + hole * 4 + hole / HOLES * 50);
    struct tm utc = {0};
    gmtime_r(&when, &utc);
    mdup_strbuf_printf(out, "FoilHole_%u_Data_%d_%d_%04d%02d%02d_%02d%02d%02d_fractions.mrc",
                       (unsigned)epu_hole(seed, hole), shot_id[index % shots], 9761392,
                       utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                       utc.tm_sec);
}

void mdup_exposure_name(const mdup_simulate_options *options, size_t index, mdup_strbuf *out)
{
    static const char *const serialem_hole[HOLES] = {"X+1Y+1", "X+1Y-1", "X-1Y+1", "X-1Y-1"};
    size_t shots = options->n_shots > 1 ? (size_t)options->n_shots : MOST_SHOTS;
    size_t hole = index / shots % HOLES, shot = index % shots + 1;
    switch (options->names) {
    case MDUP_NAMES_EPU:
        epu_name(options->seed, shots, index, out);
        break;
    case MDUP_NAMES_SERIALEM:
        mdup_strbuf_printf(out, "sim_%04zu_%s-%zu.mrc", index / (shots * HOLES) + 1,
                           serialem_hole[hole], shot);
        break;
    case MDUP_NAMES_MCGILL:
        mdup_strbuf_printf(out, "SIM_%05zu_%zu-%zu.mrc", index, hole + 1, shot);
        break;
    case MDUP_NAMES_PLAIN:
        mdup_strbuf_printf(out, "micrograph_%05zu.mrc", index + 1);
        break;
    }
}
