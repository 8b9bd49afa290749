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
    MDUP_SPECIMEN_MIXED,     /* particles everywhere, filaments at half of the places, more dirt */
    MDUP_SPECIMEN_LATTICE,   /* two-dimensional crystals, another lattice at each place, a few per
                                cent of it missing or in disorder, sometimes with an edge */
    MDUP_SPECIMEN_CARBON,    /* particles on carbon film that fills every frame */
    MDUP_SPECIMEN_BUNDLES,   /* straight bundles of filaments in register, along one direction in
                                the whole session */
    MDUP_SPECIMEN_DIRT       /* particles among many ice crystals, in a film torn open */
} mdup_specimen;

/* What all frames of a session, or some, have beyond what every camera adds (a faint pattern and
 * faint ringing, which are always there).  To be combined by |. */
typedef enum {
    MDUP_ARTEFACT_EDGE = 1,    /* an edge of the beam at the same place of every frame: 12 % darker
                                  behind an arc that cuts off 8 to 30 % of the way across */
    MDUP_ARTEFACT_PATTERN = 2, /* the detector's pattern has 1 % sd, at pixels of any size */
    MDUP_ARTEFACT_RINGING = 4, /* rows near top and bottom swing by up to 5 % of the mean */
    MDUP_ARTEFACT_LINE = 8,    /* one or two lines, one or two columns wide, with a gain that is
                                  wrong by 3 to 8 % in every frame */
    MDUP_ARTEFACT_DRIFT = 16   /* three frames in ten smeared over 30 to 100 A along a direction */
} mdup_artefact;

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
    int n_workers;       /* 0: as many as there are cores */
    unsigned artefacts;  /* mdup_artefact; default 0 */
    int32_t bin;         /* 1 to 16: the image is formed on pixels finer by this and averaged, as by
                           binning; nx, ny and pixel_A are of the binned frame.  1, and 0, which
                           stands for it, sample the image once a pixel: faster, but from about
                           4 A/px on wrong beyond 0.15 cycles a pixel.  2 or more put that right up
                           to 14 A/px.  Default 1 */
    int32_t n_shots;     /* 1 to 4 exposures of a hole, one after the other, all recorded again with
                           the same shift when the hole is; then micrographs, duplicates and
                           overlaps are multiples of it.  0 stands for 1, the default */
    double shot_overlap; /* 0 to 0.2: share of the frame that neighbours in a hole have in common,
                            in a corner when there are 2 or 4; default 0 */
    int32_t
        n_particles; /* mean number of particles in a frame (of nx by ny at pixel_A), the same at
                            every place; at most one in 1000 A^2, none with EMPTY.  0, the default:
                            as usual for the specimen, each place having its own, such as 80 to 220
                            on the area of a K3 frame for PARTICLES */
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

/** The artefacts of a list of names ("edge,drift"; "none" alone for 0).  False with *err set
 *  (INVALID), the output untouched, when a name is not known. */
MDUP_PUBLIC bool mdup_artefacts_parse(const char *list, unsigned *artefacts,
                                      mdup_error **err) MDUP_MUST_CHECK;

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
 *  Memory: about 9 bytes a pixel for each worker and 1 shared, and for each worker 13 more a pixel
 *  (before binning) when these are of 1.7 A and more; the workers are fewer than asked for when
 *  that is over 4 GiB. */
MDUP_PUBLIC bool mdup_simulate_run(const mdup_simulate_options *options,
                                   const mdup_callbacks *callbacks,
                                   mdup_error **err) MDUP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
