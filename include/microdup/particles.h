/* Particles that were picked more than once, because the micrographs they were picked in overlap. */
#ifndef MICRODUP_PARTICLES_H
#define MICRODUP_PARTICLES_H

#include <stddef.h>
#include <stdint.h>

#include <microdup/apply.h>
#include <microdup/callbacks.h>
#include <microdup/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    MDUP_PARTICLES_DROP, /* the later ones go */
    MDUP_PARTICLES_HALF, /* all of one go into one half set: rlnRandomSubset, alignments3D/split */
    MDUP_PARTICLES_MARK /* a column numbers them: microdupGroup, microdup/group; 0 for those seen once */
} mdup_particles_action;

typedef enum {
    MDUP_Y_AUTO,   /* as most particles coincide */
    MDUP_Y_STORED, /* as the rows of the micrographs are stored: RELION's own coordinates */
    MDUP_Y_MIRRORED
} mdup_y_axis;

typedef struct {
    /* REQUIRED */
    const char *session; /* the folder that mdup_screen has written into */
    const char *
        particles; /* STAR file, or .cs file, or several of these with the same particles, "a.cs,b.cs" */
    const char *out_dir;

    /* OPTIONAL, with defaults from mdup_particles_options_init */
    mdup_particles_action action; /* DROP */
    double
        distance_A; /* 0: half of diameter_A when that is given, else 30; for each pair of micrographs no less than three times the
                          uncertainty of its shift */
    double diameter_A;        /* 0: not given */
    double pixel_A;           /* of the micrographs; 0: as the screen and the file say */
    mdup_match match;         /* AUTO */
    mdup_y_axis y;            /* AUTO */
    const char *command_line; /* for the record; may be NULL */
} mdup_particles_options;

typedef struct {
    int64_t n_particles;
    int64_t n_of_session;  /* in micrographs of the session */
    int64_t n_in_overlaps; /* in such that overlap others */
    int64_t n_groups;      /* of particles that are one and the same */
    int64_t n_grouped;     /* particles in them */
    int64_t n_pairs;       /* of particles in two micrographs that were found to overlap */
    int64_t n_half_pairs,
        n_split_pairs;  /* of these: with both half sets known; in different ones */
    double n_by_chance; /* pairs that would lie as near if no particle was seen twice */
    double distance_A,
        median_A;      /* the limit; median distance of the pairs, NaN when there are none */
    int64_t n_changed; /* rows that went, changed half set, or were marked */
} mdup_particles_summary;

/** Sets every optional field to its default. */
MDUP_PUBLIC void mdup_particles_options_init(mdup_particles_options *options);

/** Finds the particles that are one and the same and writes into out_dir particles.star (or .cs) by the action, with DROP
 *  particles_removed.star too, particle_pairs.csv and particles.json.  Of each group the one in the micrograph that was recorded first is
 *  kept, but one of a micrograph that the screen keeps before one that it removes.  callbacks and summary may be NULL.  False with *err
 *  set; then earlier results in out_dir are untouched. */
MDUP_PUBLIC bool mdup_particles(const mdup_particles_options *options,
                                const mdup_callbacks *callbacks, mdup_particles_summary *summary,
                                mdup_error **err) MDUP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
