/* From the specimen's phase to the contrast of its image. */
#ifndef MDUP_SIMULATE_OPTICS_H
#define MDUP_SIMULATE_OPTICS_H

#include <complex.h>

#include "simulate/canvas.h"

typedef struct {
    double defocus_A;            /* underfocus is positive */
    double astigmatism_A;        /* half the difference of the two principal defocus values */
    double astigmatism_angle;    /* of the larger one */
    double envelope_B_A2;        /* amplitudes fall as exp(-B k^2 / 4) */
    double dose_before_e_A2;     /* what this place has had already */
    double dose_e_A2;            /* of this exposure */
    double drift_x_A, drift_y_A; /* what moved along this during the exposure is smeared over it */
} mdup_optics;

/** Contrast transfer at (kx, ky) in 1 / A, without envelope: sin of the lens' phase, amplitude
 *  contrast included. */
double mdup_optics_ctf(const mdup_optics *optics, double kx, double ky);

/** What is left at spatial frequency k (1 / A) of the contrast of an undamaged specimen in ideal
 *  optics: the envelope and the mean over the exposure of the fading by radiation (Grant,
 *  Grigorieff, eLife 2015). */
double mdup_optics_fading(const mdup_optics *optics, double k);

/** The spectrum (half, as of image/fft.h) of a canvas' phase becomes that of the relative
 *  intensity less 1, linear in the phase: -2 CTF phase.  Also divided by nx * ny, for the
 *  transform back, and made ready for interpolation by cubic B-splines. */
void mdup_optics_apply(const mdup_optics *optics, const mdup_canvas *canvas,
                       float complex *spectrum);

/** The same spectrum smeared along the drift, and by a square pixel of the given side (0: none). */
void mdup_optics_smear(const mdup_optics *optics, double pixel_A, const mdup_canvas *canvas,
                       float complex *spectrum);

#endif
