/* Which places of a correlation map stand out. */
#ifndef MDUP_SEARCH_CORRELATE_H
#define MDUP_SEARCH_CORRELATE_H

#include "search/map.h"

/* The right place of a faint overlap is not always the highest peak, so verification looks at the highest two: of 403 pairs found it was the
 * second in 5, the third or fourth in 4, and each place more costs as much as the first. */
enum { MDUP_PEAKS = 2 };

typedef struct {
    float z; /* height in units of the map's rms */
    float
        local_z; /* height in units of the rms around it, where that is higher than the map's: a peak on a ridge of parallel
                       filaments or on a broad hill of dirt is worth less */
    float shift_x,
        shift_y; /* px of the frame: a point at (x, y) in b is at (x + shift_x, y + shift_y) in a */
} mdup_peak;

/** Correlates a with b (expanded spectra, borrowed) at every shift that shares enough, normalised by the square root of what is shared, and
 *  finds the MDUP_PEAKS peaks of highest local_z, highest first.  A map without any signal gives zeros. */
void mdup_correlate(const mdup_map *map, const uint32_t *a, const uint32_t *b,
                    const mdup_map_buffers *buffers, mdup_peak peaks[MDUP_PEAKS]);

/** The highest local_z alone. */
float mdup_glance(const mdup_map *map, const uint32_t *a, const uint32_t *b,
                  const mdup_map_buffers *buffers);

#endif
