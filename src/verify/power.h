/* Where the power of a frame lies: chance reaches further where the strong places of one frame lie on those of another. */
#ifndef MDUP_VERIFY_POWER_H
#define MDUP_VERIFY_POWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "image/condition.h"

/** Cells of a frame of nx by ny px. */
size_t mdup_power_cells(int32_t nx, int32_t ny);

/* Plans and buffers; one a worker. */
typedef struct mdup_power_meter mdup_power_meter;
mdup_power_meter *mdup_power_meter_new(const mdup_conditioner *conditioner,
                                       mdup_error **err) MDUP_MUST_CHECK;
void mdup_power_meter_free(mdup_power_meter *meter);

/** The mean square of each cell of a cleaned frame (mdup_condition_clean), whitened and weighted as a whole and smoothed over more than a
 *  particle, so that what two views of one place have in common does not count as a coincidence.  In 1/256 of the frame's own mean,
 *  into power[mdup_power_cells]. */
void mdup_power_measure(mdup_power_meter *meter, const float *clean, uint16_t *power);

/** The variance of the correlation of two unrelated frames whose power is not even is the sum over what they share of the product of their
 *  powers; this is that over what even powers give, for b moved by (shift_x, shift_y) px.  1 where they share no cell or have no power. */
double mdup_power_joint(const uint16_t *a, const uint16_t *b, int32_t nx, int32_t ny,
                        double shift_x, double shift_y);

#endif
