/* The pictures of pairs and sets, as SVG that uses the frames of the page by their names. */
#ifndef MDUP_PUBLISH_FIGURE_H
#define MDUP_PUBLISH_FIGURE_H

#include "publish/view.h"

/* A rectangle in px of a micrograph's picture, y down. */
typedef struct {
    double x, y, width, height;
} mdup_area;

/** What both show: where it is in the picture of the earlier one (a), and in that of the later one (b). */
void mdup_figure_shared_area(const mdup_view *view, const mdup_pair *pair, mdup_area *in_a,
                             mdup_area *in_b);

/** How the later one's picture is drawn onto the earlier one's: as in mdup_picture_matrix. */
void mdup_figure_matrix(const mdup_view *view, const mdup_pair *pair, double m[6]);

/** A length that is round and about a fifth of the width: in px, and in words. */
double mdup_figure_scale_bar(double width_px, double pixel_A, char *text, size_t size);

/** A frame with the shared area outlined; `later`: of the second one. */
void mdup_figure_frame(const mdup_view *view, const mdup_pair *pair, bool later, mdup_strbuf *out);

/** The shared area with the earlier one over the later one; the page shows one or the other.  `later`: that one alone. */
void mdup_figure_shared(const mdup_view *view, const mdup_pair *pair, bool later, mdup_strbuf *out);

enum { MDUP_MOSAIC_MEMBERS = 24 };

/** The members of a set in their places, no more than MDUP_MOSAIC_MEMBERS.  places: of all. */
void mdup_figure_mosaic(const mdup_view *view, size_t set, const mdup_place *places,
                        mdup_strbuf *out);

#endif
