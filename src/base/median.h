/* The median without sorting. */
#ifndef MDUP_BASE_MEDIAN_H
#define MDUP_BASE_MEDIAN_H

#include <stddef.h>

/** The value that would stand at n / 2 if the n >= 1 values were sorted.  Puts them into another order.  With NaN among them the answer has
 *  no meaning. */
float mdup_median(float *values, size_t n);

#endif
