/* What the microscope's software wrote down about an exposure. */
#ifndef MDUP_FORMATS_ACQUISITION_H
#define MDUP_FORMATS_ACQUISITION_H

#include <stdbool.h>

typedef struct {
    char *image; /* the file's own name, without folder, where the file tells; else NULL */
    bool has_time, has_stage, has_shift;
    double time_s; /* since 1970: of the clock of the microscope's computer, or UTC when the file
                      tells its time zone */
    double stage_x_um, stage_y_um;
    double shift_x_um, shift_y_um; /* of the image on the specimen, to be added to the stage */
    char *hole, *shot;             /* within one stage position; NULL when not told */
    char *label;                   /* of the item in SerialEM's navigator; NULL */
} mdup_acquisition;

void mdup_acquisition_clear(mdup_acquisition *acquisition);

#endif
