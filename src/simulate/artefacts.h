/* What goes wrong alike in all frames of a session. */
#ifndef MDUP_SIMULATE_ARTEFACTS_H
#define MDUP_SIMULATE_ARTEFACTS_H

#include <stdint.h>

#include <microdup/simulate.h>

#include "simulate/optics.h"

enum { MDUP_MOST_LINES = 2 };

/* Columns of a wrong gain. */
typedef struct {
    int32_t first, n;
    float gain;
} mdup_gain_line;

typedef struct {
    int32_t nx;
    bool has_edge; /* of the beam, in the frame: light is lost outside of a circle */
    double edge_x_px, edge_y_px, edge_radius_px, edge_softness_px;
    bool rings;
    double wave_rows; /* rows in a unit of the ringing */
    int n_lines;
    mdup_gain_line lines[MDUP_MOST_LINES];
} mdup_artefacts;

/** Those of a session, from its seed.  The options have been checked. */
mdup_artefacts mdup_artefacts_choose(const mdup_simulate_options *options);

/** The edge of the beam in row y of what falls on the camera. */
void mdup_artefacts_shade(const mdup_artefacts *artefacts, int32_t y, float *row);

/** The lines. */
void mdup_artefacts_spoil_gain(const mdup_artefacts *artefacts, float *row);

/** The strong ringing of a row so many rows inside of the nearer edge; `mean` is the frame's. */
void mdup_artefacts_ring(const mdup_artefacts *artefacts, int32_t rows, float mean, float *row);

/** Lets three exposures in ten drift. */
void mdup_artefacts_choose_drift(const mdup_simulate_options *options, size_t index,
                                 mdup_optics *optics);

#endif
