#include "publish/axis.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

double mdup_axis_at(const mdup_axis *axis, double value)
{
    double held = fmax(axis->from, fmin(axis->to, value));
    double share = axis->is_log ? log(held / axis->from) / log(axis->to / axis->from)
                                : (held - axis->from) / (axis->to - axis->from);
    return axis->begin + share * (axis->end - axis->begin);
}

static size_t linear_ticks(const mdup_axis *axis, double *ticks)
{
    double rough = (axis->to - axis->from) / 6, decade = pow(10, floor(log10(rough)));
    double step = rough <= decade       ? decade
                  : rough <= 2 * decade ? 2 * decade
                  : rough <= 5 * decade ? 5 * decade
                                        : 10 * decade;
    size_t n = 0;
    for (double k = ceil(axis->from / step - 1e-9);
         k * step <= axis->to * (1 + 1e-9) && n < MDUP_MOST_TICKS; k++)
        ticks[n++] = k * step + 0.0; /* -0 becomes 0 */
    return n;
}

static size_t log_ticks(const mdup_axis *axis, double *ticks)
{
    static const double within[] = {1, 2, 5};
    size_t n = 0;
    for (double decade = pow(10, floor(log10(axis->from))); decade <= axis->to; decade *= 10)
        for (int i = 0; i < 3; i++)
            if (decade * within[i] >= axis->from && decade * within[i] <= axis->to &&
                n < MDUP_MOST_TICKS)
                ticks[n++] = decade * within[i];
    return n;
}

size_t mdup_axis_ticks(const mdup_axis *axis, double ticks[MDUP_MOST_TICKS])
{
    return axis->is_log ? log_ticks(axis, ticks) : linear_ticks(axis, ticks);
}

static const double TICK_pt = 4, ASCENT_pt = 3;

static void draw_x(mdup_canvas *c, const mdup_axis *x, const mdup_axis *y)
{
    double ticks[MDUP_MOST_TICKS];
    size_t n = mdup_axis_ticks(x, ticks);
    for (size_t i = 0; i < n; i++) {
        char label[32];
        double at = mdup_axis_at(x, ticks[i]);
        snprintf(label, sizeof label, "%.6g", ticks[i]);
        mdup_canvas_line(c, (mdup_point){at, y->begin}, (mdup_point){at, y->end}, MDUP_INK_GRID,
                         false);
        mdup_canvas_text(c, (mdup_point){at, y->begin + 13}, MDUP_ANCHOR_MIDDLE, false,
                         MDUP_INK_MUTED, label);
    }
    mdup_canvas_text(c, (mdup_point){(x->begin + x->end) / 2, y->begin + 28}, MDUP_ANCHOR_MIDDLE,
                     false, MDUP_INK_MUTED, x->label);
}

static void draw_y(mdup_canvas *c, const mdup_axis *x, const mdup_axis *y)
{
    double ticks[MDUP_MOST_TICKS];
    size_t n = mdup_axis_ticks(y, ticks);
    for (size_t i = 0; i < n; i++) {
        char label[32];
        double at = mdup_axis_at(y, ticks[i]);
        snprintf(label, sizeof label, "%.6g", ticks[i]);
        mdup_canvas_line(c, (mdup_point){x->begin, at}, (mdup_point){x->end, at}, MDUP_INK_GRID,
                         false);
        mdup_canvas_text(c, (mdup_point){x->begin - TICK_pt, at + ASCENT_pt}, MDUP_ANCHOR_END,
                         false, MDUP_INK_MUTED, label);
    }
    mdup_canvas_text(c, (mdup_point){x->begin - 36, (y->begin + y->end) / 2}, MDUP_ANCHOR_MIDDLE,
                     true, MDUP_INK_MUTED, y->label);
}

void mdup_axes_draw(mdup_canvas *canvas, const mdup_axis *x, const mdup_axis *y)
{
    draw_x(canvas, x, y);
    draw_y(canvas, x, y);
    mdup_canvas_line(canvas, (mdup_point){x->begin, y->begin}, (mdup_point){x->end, y->begin},
                     MDUP_INK_MUTED, false);
    mdup_canvas_line(canvas, (mdup_point){x->begin, y->begin}, (mdup_point){x->begin, y->end},
                     MDUP_INK_MUTED, false);
}
