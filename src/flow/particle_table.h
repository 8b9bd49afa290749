/* The particles of a STAR file or of cryoSPARC's tables: where each lies in which micrograph of a session, and in which half set. */
#ifndef MDUP_FLOW_PARTICLE_TABLE_H
#define MDUP_FLOW_PARTICLE_TABLE_H

#include <microdup/callbacks.h>

#include "decide/particles.h"
#include "flow/naming.h"
#include "formats/cs_files.h"
#include "formats/star.h"

#define MDUP_STAR_HALF "rlnRandomSubset"
#define MDUP_CS_HALF "alignments3D/split"

typedef struct {
    size_t n, n_of_session, n_in_overlaps;
    mdup_particle *
        particles; /* by micrograph of the session, those that overlap others; px of that micrograph */
    uint8_t *half;   /* 1 or 2; 0: not known */
    bool has_halves; /* the file has a place for them */
    /* Either */
    mdup_star *star;
    const mdup_star_table *table;
    /* or */
    mdup_cs_files cs;
} mdup_particle_table;

/* What the micrographs of the session are to the reader. */
typedef struct {
    const mdup_naming *naming; /* the fate of those that overlap others is not 0 */
    double *pixel_A;         /* a micrograph each; 0: not known, then that of the file is entered */
    bool is_pixel_asked_for; /* by the user: what the file says is not compared with it */
    const mdup_callbacks *callbacks;
} mdup_particle_places;

/** Reads a STAR file or .cs files ("a.cs,b.cs").  False with *err: UNSUPPORTED (no particles with their places), PARSE naming file and line
 *  or record, INVALID (it is not certain which micrograph is meant; no pixel size), NOMEM, ... Free with mdup_particle_table_clear. */
bool mdup_particle_table_read(const char *argument, const mdup_particle_places *places,
                              mdup_particle_table *out, mdup_error **err) MDUP_MUST_CHECK;
void mdup_particle_table_clear(mdup_particle_table *table);

/** The two readers: places in table->star, table->cs are to be set. */
bool mdup_particles_of_star(const char *path, const mdup_particle_places *places,
                            mdup_particle_table *table, mdup_error **err) MDUP_MUST_CHECK;
bool mdup_particles_of_cs(const char *argument, const mdup_particle_places *places,
                          mdup_particle_table *table, mdup_error **err) MDUP_MUST_CHECK;

/** How many px of micrograph m one px of the file's coordinates is, and enters the pixel size where it is not known.  stated_A: what the file
 *  says of the micrographs the coordinates are in; fallback_A: what it says less certainly; 0: nothing. */
double mdup_particle_scale(const mdup_particle_places *places, size_t m, double stated_A,
                           double fallback_A);

/** Whether the number may be a coordinate. */
bool mdup_particle_is_place(double px);

#endif
