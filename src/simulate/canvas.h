/* A window of a specimen on a coarse grid: what a specimen draws on. */
#ifndef MDUP_SIMULATE_CANVAS_H
#define MDUP_SIMULATE_CANVAS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    int32_t nx, ny;   /* samples */
    double step_A;    /* between samples */
    double x_A, y_A;  /* where sample (0, 0) lies in the world of its place */
    float *phase_rad; /* [y * nx + x] phase shift of the electron wave by what is not ice */
    float *loss;      /* [y * nx + x] electrons lost: the beam is weakened by exp(-loss) */
} mdup_canvas;

/* A rectangle in the world, A. */
typedef struct {
    double x0, y0, x1, y1;
} mdup_window;

/** The area of the canvas and `reach` around it. */
mdup_window mdup_canvas_window(const mdup_canvas *canvas, double reach_A);

/* Cells are squares with a corner at the origin: the range of them that meets a window. */
typedef struct {
    int64_t x0, y0, x1, y1; /* both ends belong to it */
} mdup_cells;

mdup_cells mdup_window_cells(const mdup_window *window, double cell_A);

/** Phase and loss 0 everywhere. */
void mdup_canvas_clear(mdup_canvas *canvas);

/** Adds a Gaussian of the given standard deviation and integral (rad A^2) to the phase.  What
 *  falls outside is cut off; a Gaussian finer than the grid is drawn as wide as the grid needs. */
void mdup_canvas_add_blob(mdup_canvas *canvas, double x_A, double y_A, double sigma_A,
                          double weight_rad_A2);

/** Adds a ball of the given radius: phase and loss in proportion to the length of the way
 *  through it. */
void mdup_canvas_add_ball(mdup_canvas *canvas, double x_A, double y_A, double radius_A,
                          double phase_rad_per_A, double loss_per_A);

#endif
