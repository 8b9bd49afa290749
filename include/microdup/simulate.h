/* A session of micrographs whose duplicates and overlaps are known, real enough to judge detection
 * by: what stands in the way of detection (shot noise at the dose, a defocus of its own for each
 * exposure, radiation damage, particles that move, contamination, what the camera adds) is there in
 * its physical strength.  Images are linear in the phase; the signal is right to about 1 / 7 A, far
 * beyond what is left of it in frames binned for comparison. */
#ifndef MICRODUP_SIMULATE_H
#define MICRODUP_SIMULATE_H

#include <stdbool.h>
#include <stdint.h>

#include <microdup/callbacks.h>
#include <microdup/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    MDUP_SPECIMEN_PARTICLES, /* one protein at random places and orientations */
    MDUP_SPECIMEN_FILAMENTS, /* bundles of parallel filaments, some crossing, few particles */
    MDUP_SPECIMEN_EMPTY,     /* ice and nothing else: what correlates here is the detector */
    MDUP_SPECIMEN_MIXED      /* particles everywhere, filaments at half of the places, more dirt */
} mdup_specimen;

typedef enum {
    MDUP_SIMULATE_FLOAT32, /* counted electrons a pixel */
    MDUP_SIMULATE_FLOAT16, /* the same, scaled down to a mean of 1000 where it is more */
    MDUP_SIMULATE_INT16,   /* scaled so that twelve sd above the mean are 20000 */
    MDUP_SIMULATE_UINT8    /* mean +- 6 sd of the shot noise on 1 to 255 */
} mdup_simulate_format;

typedef enum {
    MDUP_NAMES_EPU,      /* FoilHole_<hole>_Data_<..>_<..>_<date>_<time>_fractions.mrc, holes not in
                            order of time */
    MDUP_NAMES_SERIALEM, /* sim_<move>_X+1Y-1-<shot>.mrc */
    MDUP_NAMES_MCGILL,   /* SIM_<number>_<hole>-<shot>.mrc */
    MDUP_NAMES_PLAIN     /* micrograph_<number>.mrc */
} mdup_simulate_names;

typedef struct {
    const char *out_dir;   /* made when missing; required */
    int32_t n_micrographs; /* 1 to 100000; default 24 */
    int32_t nx, ny;        /* px, 64 to 16384 each; default 5760 x 4092 (Gatan K3) */
    double pixel_A;        /* 0.2 to 20; default 0.83 */
    mdup_specimen specimen;
    int32_t n_duplicates; /* second exposures that share 55 to 98 % of the frame with the first;
                             default 4 */
    int32_t n_overlaps;   /* second exposures that share 2 to 45 %; default 2 */
    uint64_t seed;        /* default 1 */
    double defocus_min_um, defocus_max_um; /* 0.05 to 10, underfocus; default 0.8 and 2.2 */
    double dose_e_A2;                      /* 0.1 to 1000 an exposure; default 40 */
    double mass_kDa;                       /* of a particle, 5 to 10000; default 150 */
    mdup_simulate_format format;
    mdup_simulate_names names;
    int n_workers; /* 0: as many as there are cores */
} mdup_simulate_options;

/** "particles", "float32", "epu", ...; static storage; NULL for a value that is none. */
MDUP_PUBLIC const char *mdup_specimen_name(mdup_specimen specimen);
MDUP_PUBLIC const char *mdup_simulate_format_name(mdup_simulate_format format);
MDUP_PUBLIC const char *mdup_simulate_names_name(mdup_simulate_names names);

/** The value of that name; false, with the output untouched, when there is none. */
MDUP_PUBLIC bool mdup_specimen_parse(const char *name, mdup_specimen *specimen) MDUP_MUST_CHECK;
MDUP_PUBLIC bool mdup_simulate_format_parse(const char *name,
                                            mdup_simulate_format *format) MDUP_MUST_CHECK;
MDUP_PUBLIC bool mdup_simulate_names_parse(const char *name,
                                           mdup_simulate_names *names) MDUP_MUST_CHECK;

/** The defaults; out_dir is NULL. */
MDUP_PUBLIC void mdup_simulate_options_init(mdup_simulate_options *options);

/** False with *err set (INVALID) when a value is out of its range or the values do not go together.
 * A place is exposed a second time only after it was exposed a first time, so duplicates + overlaps
 * must be less than the micrographs; when they are more than half of them some places are exposed
 * three times or more. */
MDUP_PUBLIC bool mdup_simulate_options_check(const mdup_simulate_options *options,
                                             mdup_error **err) MDUP_MUST_CHECK;

/** Checks the options and writes
 *    out_dir/Micrographs/NAME.mrc        the micrographs
 *    out_dir/corrected_micrographs.star  RELION 3.1, in order of acquisition, names relative to
 *                                        out_dir
 *    out_dir/truth.csv                   micrograph_a,micrograph_b,shift_x_px,shift_y_px,overlap:
 *                                        every pair that shares any area, a earlier than b
 *  A point at (x, y) in b is at (x + shift_x, y + shift_y) in a, unbinned px, y as stored; overlap
 *  is shared area / area of a frame.  The same options give the same bytes on one machine with any
 *  number of workers, and the same truth everywhere.
 *
 *  Fails with INVALID when one of these files is there already: nothing is ever overwritten.  When
 *  it fails or is stopped later the micrographs finished so far stay, without STAR and truth.
 *  `callbacks` may be NULL; the stage of progress is "simulating", counted in micrographs.
 *
 *  Memory: about 9 bytes a pixel for each worker and 1 shared; the workers are fewer than asked for
 *  when that is over 4 GiB. */
MDUP_PUBLIC bool mdup_simulate_run(const mdup_simulate_options *options,
                                   const mdup_callbacks *callbacks,
                                   mdup_error **err) MDUP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
