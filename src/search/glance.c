#include "search/glance.h"

#include <math.h>
#include <stdlib.h>

/* How much of the height of a peak is kept, and how many unrelated pairs get a second look.  Of 442 pairs of 43 sessions of 16 kinds that would
 * be significant among 5000 micrographs, 3 are lost so (2 with one pair in 20, 4 with a height of 0.85, 11 with 0.75). */
static const double HEIGHT_KEPT = 0.8, SECOND_LOOKS = 0.03;

/* In sessions of fewer micrographs than the statistics take in at the most all pairs are soon compared; and what is small may grow: whether
 * pairs get a first look must not depend on anything but the statistics. */
enum { LEAST_FRAMES = 512 };

/* Samples a little too far apart, so that a peak between them loses more of its height, cost less than a lower band: as little is lost on the grid
 * of the whole band (ratio 1) for a fifth more work.  With ratios of 1.3 and more some of the strongest peaks fall between the samples. */
const float MDUP_GLANCE_GRID = 1 / 1.15f;

/* The height of a peak over the noise is the root of the sum of weight^4 over the plane. */
static double sum_up_to(const mdup_conditioner *c, double band)
{
    const double step = 1.0 / 2048;
    double sum = 0;
    for (double frequency = step / 2; frequency < band; frequency += step)
        sum += frequency * pow((double)mdup_condition_weight(c, (float)frequency), 4);
    return sum;
}

float mdup_glance_band(const mdup_conditioner *c)
{
    if (!c->statistics || c->statistics->n_frames < LEAST_FRAMES)
        return 0;
    double wanted = HEIGHT_KEPT * HEIGHT_KEPT * sum_up_to(c, (double)MDUP_BAND), band = 0;
    while (band < (double)MDUP_BAND && sum_up_to(c, band) < wanted)
        band += 1.0 / 512;
    return fminf((float)band, MDUP_BAND);
}

static int by_value(const void *left, const void *right)
{
    float l = *(const float *)left, r = *(const float *)right;
    return l < r ? -1 : l > r;
}

/* Half of the square of the value at a quantile: of maxima of nearly Gaussian values it has a Gumbel distribution. */
static double half_square_at(const float *sorted, size_t n, double quantile)
{
    double value = (double)sorted[(size_t)(quantile * (double)(n - 1))];
    return value * value / 2;
}

static double gumbel_at(double quantile)
{
    return -log(-log(quantile));
}

/* Through the lower half alone, which related pairs are not in. */
float mdup_glance_level(float *best, size_t n)
{
    const double low = 0.1, high = 0.5;
    qsort(best, n, sizeof *best, by_value);
    double at_low = half_square_at(best, n, low), at_high = half_square_at(best, n, high);
    /* The scale of the maximum of Gaussian values is 1; a smaller one is chance. */
    double scale = fmax(1, (at_high - at_low) / (gumbel_at(high) - gumbel_at(low)));
    return (float)sqrt(2 *
                       fmax(0, at_high + scale * (gumbel_at(1 - SECOND_LOOKS) - gumbel_at(high))));
}
