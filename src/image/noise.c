#include "image/noise.h"

#include <math.h>
#include <stddef.h>

#include "base/median.h"

/* Every STEP-th value is enough for a median: 13,000 of a frame of 360 x 256. */
enum { STEP = 7 };

/* The median absolute value: of values around 0 it measures their sd, whatever a few hot pixels and the rims of crystals do.  Zeros are
 * left out: masked areas. */
static float median_size(float *values, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (values[i] != 0)
            values[kept++] = fabsf(values[i]);
    if (kept == 0)
        return 0;
    return mdup_median(values, kept);
}

static float chequered(const float *at, int32_t nx)
{
    return at[0] - at[1] - at[nx] + at[nx + 1];
}

double mdup_noise_share(const float *binned, const float *detail, int32_t nx, int32_t ny,
                        int32_t bin, float *scratch)
{
    int32_t half = bin / 2;
    if (half < 1)
        return 1;
    size_t n = 0;
    for (ptrdiff_t i = 0; i < (ptrdiff_t)nx * ny; i += STEP)
        scratch[n++] = detail[i];
    /* Per pixel of the file: a mean of n of them has 1 / n of the variance. */
    double beyond = (double)median_size(scratch, n) * half;
    n = 0;
    for (ptrdiff_t i = 0; i < (ptrdiff_t)nx * (ny - 1) - 1; i += STEP)
        if (i % nx != nx - 1)
            scratch[n++] = chequered(binned + i, nx);
    double within = (double)median_size(scratch, n) * bin;
    double share = within > 0 ? beyond * beyond / (within * within) : 1;
    return share > 0 ? fmin(share, 1) : 1;
}
