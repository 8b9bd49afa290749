/* The specimen: an unbounded world for each place of the grid that is exposed.
 *
 * A sample is what a session has of a kind; a place is one world of it, whose origin is where
 * the first exposure has its pixel (0, 0).  Everything is drawn from keys cell by cell
 * (random.h), so any window of a place can be drawn and two windows agree where they overlap. */
#ifndef MDUP_SIMULATE_SPECIMEN_H
#define MDUP_SIMULATE_SPECIMEN_H

#include <microdup/simulate.h>

#include "base/error.h"
#include "simulate/canvas.h"
#include "simulate/random.h"

/* A protein of blobs of equal mass. */
typedef struct {
    int n_blobs;
    double (*blobs_A)[3]; /* around the middle */
    double radius_A;      /* of all of them, the blobs' own width included */
    double sigma_A;       /* of a blob */
    double blob_kDa;
} mdup_protein;

/** A compact irregular protein of a few domains.  False with *err set when memory runs out. */
bool mdup_protein_make(double mass_kDa, uint64_t key, mdup_protein *protein,
                       mdup_error **err) MDUP_MUST_CHECK;
void mdup_protein_free(mdup_protein *protein);

/** How wide a blob of that mass is: 4 A for 1 kDa (nine residues), as its diameter grows. */
double mdup_blob_sigma_A(double mass_kDa);

typedef enum {
    MDUP_KIND_PLAIN,
    MDUP_KIND_CRYSTAL,
    MDUP_KIND_ALL_CARBON, /* no hole in the film */
    MDUP_KIND_PARALLEL /* all filaments of the session along one direction, bundles in register */
} mdup_kind;

/* What kinds of specimen are made of.  "A field" is the area of a K3 frame at 0.83 A/px. */
typedef struct {
    double particles_least, particles_most; /* a field; each place has its own density */
    double filament_share;                  /* of the places */
    double carbon_share;   /* of the places that have an edge of the carbon film in view */
    double contaminations; /* a field, mean */
    double tears;          /* a field, mean: holes in the ice */
    mdup_kind kind;
} mdup_recipe;

typedef struct {
    mdup_recipe recipe;
    mdup_protein protein;
    uint64_t key;
    double frame_x_A, frame_y_A;
    double filament_angle; /* most filaments of a session lie along this */
    bool is_binned;        /* grids are fine enough for everything to be drawn in full detail */
} mdup_sample;

/* A crystal one molecule thick: (i, j) lies at i a + j b from the origin. */
typedef struct {
    bool is_there;
    double a_x_A, a_y_A, b_x_A, b_y_A;
    double vacancies;                /* share */
    double disorder_A;               /* sd of a molecule, in each direction */
    double bend_A[2];                /* the rows swing by this in x and y */
    double wave_x_A[2], wave_y_A[2]; /* over these, divided by 2 pi */
    int n_domains;                   /* of a molecule */
    bool has_edge;                   /* there is crystal only where x edge_x + y edge_y < edge_A */
    double edge_x, edge_y, edge_A;
} mdup_lattice;

typedef struct {
    uint64_t key;
    double particles_per_A2;
    double contaminations_per_A2;
    double middle_x_A, middle_y_A;             /* of the first exposure */
    double ice_loss_x_per_A, ice_loss_y_per_A; /* the wedge of the ice, 0 in the middle */
    bool has_carbon;                           /* outside of a round hole */
    double hole_x_A, hole_y_A, hole_radius_A;  /* radius 0: there is no hole */
    double carbon_finest_grain_steps;          /* of the canvas */
    double tears_per_A2;
    mdup_lattice lattice;
    int n_filament_directions;
    double filament_angle[2];
} mdup_place;

/** The sample of a session.  The options have been checked.  Free with mdup_sample_free. */
bool mdup_sample_make(const mdup_simulate_options *options, mdup_sample *sample,
                      mdup_error **err) MDUP_MUST_CHECK;
void mdup_sample_free(mdup_sample *sample);

mdup_place mdup_sample_place(const mdup_sample *sample, int32_t index);

/** Draws the window of the place on the canvas, which is cleared first.  `visit` counts the
 *  exposures of this place before: from the second on, everything has moved by a few A. */
void mdup_place_draw(const mdup_sample *sample, const mdup_place *place, int visit,
                     mdup_canvas *canvas);

/* ---- the layers it is made of ---- */

void mdup_draw_particles(const mdup_sample *sample, const mdup_place *place, int visit,
                         mdup_canvas *canvas);
void mdup_draw_filaments(const mdup_sample *sample, const mdup_place *place, int visit,
                         mdup_canvas *canvas);
void mdup_draw_lattice(const mdup_place *place, int visit, mdup_canvas *canvas);
void mdup_draw_carbon(const mdup_place *place, mdup_canvas *canvas);
void mdup_draw_ice(const mdup_place *place, mdup_canvas *canvas);
void mdup_draw_contamination(const mdup_place *place, mdup_canvas *canvas);

/** Holes in the ice: what has been drawn there before is no longer there. */
void mdup_draw_tears(const mdup_place *place, mdup_canvas *canvas);

/** Chooses the crystal of a place from its key. */
mdup_lattice mdup_lattice_choose(const mdup_sample *sample, uint64_t place_key);

/* The first step of the keys, one for each thing that is drawn. */
enum {
    MDUP_KEY_PROTEIN = 1,
    MDUP_KEY_SAMPLE,
    MDUP_KEY_PLACES,
    MDUP_KEY_LAYOUT,
    MDUP_KEY_EXPOSURES,
    MDUP_KEY_DETECTOR,
    MDUP_KEY_NOISE,
    MDUP_KEY_NAMES,
    MDUP_KEY_PARTICLES,
    MDUP_KEY_FILAMENTS,
    MDUP_KEY_CARBON,
    MDUP_KEY_CONTAMINATION,
    MDUP_KEY_MOVES,
    MDUP_KEY_LATTICE,
    MDUP_KEY_TEARS,
    MDUP_KEY_ARTEFACTS,
    MDUP_KEY_DRIFT,
    MDUP_KEY_HOLES
};

/* How far a thing has moved, A. */
typedef struct {
    double x, y;
} mdup_move;

/** None at the first visit; later 2.5 A sd in each direction, each visit anew. */
mdup_move mdup_move_of(uint64_t key, int visit);

#endif
