/* Micrographs of equal geometry: only these are compared with each other. */
#ifndef MDUP_FLOW_GEOMETRY_H
#define MDUP_FLOW_GEOMETRY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "flow/reading.h"

typedef struct {
    int32_t nx, ny; /* px of the file */
    double pixel_A; /* of the first member; 0 when unknown */
    int32_t bin, frame_nx, frame_ny;
    size_t n;
    size_t *members;    /* indices of micrographs, rising */
    float *noise_share; /* of each member */
} mdup_geometry;

typedef struct {
    size_t n;
    mdup_geometry *items; /* the one with most members first, then in order of first appearance */
} mdup_geometries;

/** Sorts the readings that have a frame by size and pixel size.  Pixel sizes within 0.5 % are
 * equal: over a frame of 360 px that is less than a pixel at either edge, and calibrations of one
 * camera differ by as much.  Free with mdup_geometries_clear. */
bool mdup_geometries_find(const mdup_reading *readings, size_t n, mdup_geometries *out,
                          mdup_error **err) MDUP_MUST_CHECK;
void mdup_geometries_clear(mdup_geometries *geometries);

#endif
