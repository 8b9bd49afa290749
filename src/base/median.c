#include "base/median.h"

/* Hoare's FIND: the part in which the median lies is divided at a value from its middle until nothing is left of it. */
float mdup_median(float *values, size_t n)
{
    ptrdiff_t middle = (ptrdiff_t)(n / 2), low = 0, high = (ptrdiff_t)n - 1;
    while (low < high) {
        float at = values[middle];
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            /* Whatever was exchanged stops both from leaving the array, also with NaN. */
            while (values[i] < at)
                i++;
            while (at < values[j])
                j--;
            if (i > j)
                break;
            float left = values[i];
            values[i++] = values[j];
            values[j--] = left;
        }
        if (j < middle)
            low = i;
        if (middle < i)
            high = j;
    }
    return values[middle];
}
