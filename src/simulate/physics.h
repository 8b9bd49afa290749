/* The numbers of a 300 kV microscope and of what is in it.  One place, because contrast, noise
 * and CTF must fit together: the signal-to-noise ratio of a micrograph, and with it what can be
 * detected, follows from them. */
#ifndef MDUP_SIMULATE_PHYSICS_H
#define MDUP_SIMULATE_PHYSICS_H

/* Electrons of 300 kV. */
static const double MDUP_WAVELENGTH_A = 0.019687;
static const double MDUP_PHASE_RAD_PER_V_A = 0.000653; /* interaction parameter sigma_e */

/* Objective lens and the usual amplitude contrast of ice-embedded protein (Toyoshima, Unwin,
 * Ultramicroscopy 1988). */
static const double MDUP_CS_A = 2.7e7;
static const double MDUP_AMPLITUDE_CONTRAST = 0.07;

/* Mean inner potential of protein less that of the ice it displaces.  From the scattering factors
 * of free atoms, at 1.35 and 0.92 g/cm3, it is 7.9 - 4.5 = 3.4 V.  That leaves out bonding and the
 * denser water around a protein, and contrast computed from it is more than is seen: a value on the
 * low side is taken. */
static const double MDUP_PROTEIN_OVER_ICE_V = 2.5;
static const double MDUP_PROTEIN_A3_PER_kDa = 1230;

/* Mean free path in ice for all that takes an electron out of the image (inelastic, with an
 * energy filter). */
static const double MDUP_ICE_MEAN_FREE_PATH_A = 3500;

/* Share of the electrons that the camera counts, at the low frequencies that matter here. */
static const double MDUP_QUANTUM_EFFICIENCY = 0.8;

/** Phase shift of 1 kDa of protein in ice, integrated over its projection, rad A^2. */
static inline double mdup_phase_per_kDa(void)
{
    return MDUP_PHASE_RAD_PER_V_A * MDUP_PROTEIN_OVER_ICE_V * MDUP_PROTEIN_A3_PER_kDa;
}

#endif
