/* What microdup particles leaves behind. */
#ifndef MDUP_FLOW_PARTICLE_OUTPUT_H
#define MDUP_FLOW_PARTICLE_OUTPUT_H

#include <microdup/particles.h>

#include "flow/particle_table.h"

typedef struct {
    const mdup_particles_options *options;
    const mdup_screened *screened;
    const mdup_particle_table *table;
    const mdup_particle_groups *groups;
    /* A particle each: the micrograph of the session, as table->particles may be numbered otherwise by now. */
    const size_t *micrograph;
    const double *pixel_A; /* a micrograph of the session each */
} mdup_particle_result;

/** Claims the folder for the files that are to be written into it. */
bool mdup_particles_claim(const mdup_particles_options *options, const mdup_particle_table *table,
                          mdup_error **err) MDUP_MUST_CHECK;

/** Writes the particles by the action and particle_pairs.csv; *n_changed: rows that went, changed half set or were marked. */
bool mdup_particles_write(const mdup_particle_result *result, int64_t *n_changed,
                          mdup_error **err) MDUP_MUST_CHECK;

/** Writes particles.json, last. */
bool mdup_particles_write_summary(const mdup_particles_options *options,
                                  const mdup_particles_summary *summary,
                                  mdup_error **err) MDUP_MUST_CHECK;

#endif
