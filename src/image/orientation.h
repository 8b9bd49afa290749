/* The eight ways in which an image can lie: turned by quarters, mirrored or not. */
#ifndef MDUP_IMAGE_ORIENTATION_H
#define MDUP_IMAGE_ORIENTATION_H

#include <stdbool.h>
#include <stdint.h>

/* How b lies against a, an image of nx x ny px.  x runs to the right and y upwards, as RELION shows an MRC file.  Where pixel (x, y) of a is
 * in b: */
typedef enum {
    MDUP_ORIENTATION_SAME,          /* (x, y) */
    MDUP_ORIENTATION_MIRRORED_X,    /* (nx - 1 - x, y): left and right changed places */
    MDUP_ORIENTATION_MIRRORED_Y,    /* (x, ny - 1 - y): top and bottom changed places */
    MDUP_ORIENTATION_TURNED_180,    /* (nx - 1 - x, ny - 1 - y) */
    MDUP_ORIENTATION_TRANSPOSED,    /* (y, x): mirrored at the diagonal through (0, 0) */
    MDUP_ORIENTATION_TURNED_90,     /* (ny - 1 - y, x): counter-clockwise */
    MDUP_ORIENTATION_TURNED_270,    /* (y, nx - 1 - x): clockwise by 90 degrees */
    MDUP_ORIENTATION_ANTITRANSPOSED /* (ny - 1 - y, nx - 1 - x): mirrored at the other diagonal */
} mdup_orientation;

enum { MDUP_N_ORIENTATIONS = 8 };

/** Whether b, of b_nx x b_ny px, holds the pixels of a in one of these orientations, all of them and exactly (-0 is 0, NaN is NaN).  Of
 *  several, as with an image that is symmetric, the first of the list above goes into *out, which else stays as it is. */
bool mdup_orientation_find(const float *a, int32_t nx, int32_t ny, const float *b, int32_t b_nx,
                           int32_t b_ny, mdup_orientation *out);

/** How b lies against a, from how both lie against one other image. */
mdup_orientation mdup_orientation_between(mdup_orientation a, mdup_orientation b);

/** Where b lies in a, which is of nx x ny px: the point (x, y) of b is at (m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5]) in a. */
void mdup_orientation_placement(mdup_orientation orientation, int32_t nx, int32_t ny, double m[6]);

/** "copy", "copy-mirrored-x", ...: what a copy in this orientation is called; static storage. */
const char *mdup_orientation_copy_name(mdup_orientation orientation);

/** The orientation of such a name; false, with the output untouched, when it is none. */
bool mdup_orientation_parse(const char *name, mdup_orientation *orientation);

#endif
