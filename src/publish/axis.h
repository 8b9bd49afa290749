/* Axes of a plot: from values to places on the canvas, and the ticks between. */
#ifndef MDUP_PUBLISH_AXIS_H
#define MDUP_PUBLISH_AXIS_H

#include "publish/canvas.h"

typedef struct {
    double from, to; /* values; from < to, and 0 < from when is_log */
    bool is_log;
    double begin, end; /* canvas coordinates of the two */
    const char *label;
} mdup_axis;

enum { MDUP_MOST_TICKS = 32 };

/** Where a value is on the canvas; values beyond the ends are held there. */
double mdup_axis_at(const mdup_axis *axis, double value);

/** Round numbers within the axis, rising: 4 to 8 or so; 1, 2 and 5 of each decade when is_log.  Returns how many there are. */
size_t mdup_axis_ticks(const mdup_axis *axis, double ticks[MDUP_MOST_TICKS]);

/** Draws both with grid, ticks and labels. */
void mdup_axes_draw(mdup_canvas *canvas, const mdup_axis *x, const mdup_axis *y);

#endif
