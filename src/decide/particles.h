/* Particles that overlapping micrographs show more than once. */
#ifndef MDUP_DECIDE_PARTICLES_H
#define MDUP_DECIDE_PARTICLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define MDUP_NO_MICROGRAPH SIZE_MAX

typedef struct {
    size_t micrograph; /* MDUP_NO_MICROGRAPH: of none that overlaps another */
    double x_px, y_px; /* of its centre in that micrograph; finite, at most 1e9 from 0 */
} mdup_particle;

/* Where micrograph b lies in a: the point (x, y) of b is at (xx x + xy y + x0, yx x + yy y + y0) in a.  For all but turned and mirrored
 * copies that is (x + x0, y + y0), with the shift of the pair for (x0, y0). */
typedef struct {
    size_t a, b; /* a is not b */
    double xx, xy, yx, yy;
    double x0_px, y0_px;
    double reach_px; /* particles no further apart are taken as one; > 0 */
} mdup_placement;

typedef struct {
    size_t first, second; /* particles; the first is in the micrograph of the lower number */
    double distance_px;   /* in the frame of the placement's a */
} mdup_particle_pair;

typedef struct {
    size_t n_pairs;
    mdup_particle_pair *pairs; /* of particles of one group, sorted by (first, second) */
    size_t *group; /* a particle each: from 1 in the order of the particles; 0: seen once */
    size_t n_groups;
    size_t *kept; /* a group each: its particle in the micrograph of the lowest number */
    size_t n_grouped;
} mdup_particle_groups;

/** Finds which particles are one and the same.  Micrographs are numbered below n_micrographs, those whose particles are to be kept first.
 *
 *  Of each placement all particles of b are looked up among those of a.  Whatever lies within its reach is joined to a group, the nearest
 *  pairs of the whole session first, unless the group would then hold two particles of one micrograph.  So each particle has at most one
 *  counterpart in every other micrograph, the nearest that is not nearer to another one, and a chain (A and B, B and C) is one group, also
 *  when A and C are not known to overlap.
 *
 *  No two placements are of the same two micrographs; their order does not matter.  Time: n log n, and the number of pairs within reach.  False with *err
 *  (NOMEM).  Free with mdup_particle_groups_clear. */
bool mdup_particles_match(const mdup_particle *particles, size_t n,
                          const mdup_placement *placements, size_t n_placements,
                          size_t n_micrographs, mdup_particle_groups *out,
                          mdup_error **err) MDUP_MUST_CHECK;
void mdup_particle_groups_clear(mdup_particle_groups *groups);

/** The number of pairs within reach, one particle being in as many as there are, when each b is displaced by (dx, dy) times the reach:
 *  with (0, 0) those that mdup_particles_match begins with, with something larger what chance gives. */
bool mdup_particles_count(const mdup_particle *particles, size_t n,
                          const mdup_placement *placements, size_t n_placements,
                          size_t n_micrographs, double dx, double dy, size_t *count,
                          mdup_error **err) MDUP_MUST_CHECK;

#endif
