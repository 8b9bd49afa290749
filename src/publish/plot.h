/* The session at a glance: four plots. */
#ifndef MDUP_PUBLISH_PLOT_H
#define MDUP_PUBLISH_PLOT_H

#include "publish/canvas.h"
#include "publish/view.h"

typedef enum {
    MDUP_PLOT_WHO,       /* who overlaps whom */
    MDUP_PLOT_WHEN,      /* duplicates along the session */
    MDUP_PLOT_SCORE,     /* shared area against score */
    MDUP_PLOT_UNRELATED, /* what unrelated pairs score, and the fitted curve */
    MDUP_PLOTS
} mdup_plot;

enum { MDUP_PLOT_WIDTH_pt = 400, MDUP_PLOT_HEIGHT_pt = 270 };

/** Static storage. */
const char *mdup_plot_title(mdup_plot plot);

/** False for a plot of pairs when there are none. */
bool mdup_plot_has_something(const mdup_view *view, mdup_plot plot);

/** What there is to see, in a sentence or two. */
void mdup_plot_caption(const mdup_view *view, mdup_plot plot, mdup_strbuf *out);

/** Draws within MDUP_PLOT_WIDTH_pt x MDUP_PLOT_HEIGHT_pt.  False with *err (NOMEM). */
bool mdup_plot_draw(const mdup_view *view, mdup_plot plot, mdup_canvas *canvas,
                    mdup_error **err) MDUP_MUST_CHECK;

/** The score whose E-value is the report's max_evalue. */
double mdup_plot_cut(const mdup_report *report);

#endif
