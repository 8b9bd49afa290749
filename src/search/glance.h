/* The first look at a pair: a coarser map, of the lower frequencies alone, tells most pairs that are not worth a second one.  doc/speed.md has
 * what it costs and what it misses. */
#ifndef MDUP_SEARCH_GLANCE_H
#define MDUP_SEARCH_GLANCE_H

#include <stddef.h>

#include "image/condition.h"

/** Up to which frequency, in cycles/px of the frame, a first look goes: so far that, by the session's own weights, it keeps four fifths of the
 *  height of a peak.  0: the session is too small for a first look. */
float mdup_glance_band(const mdup_conditioner *conditioner);

/** The samples of its map are as far apart as if this part of the band were all: mdup_map_new's grid / band. */
extern const float MDUP_GLANCE_GRID;

/** What a pair must reach in the first look to get a second: one unrelated pair in 30 does.  best: what n pairs of the session reached, half of them
 *  unrelated or more; sorted in place. */
float mdup_glance_level(float *best, size_t n);

#endif
