#include "simulate/detector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "simulate/random.h"

static const double PATTERN_SD = 0.004;
static const double BAD_PATTERN_SD = 0.01;
static const double K3_PIXEL_A = 0.83;

/* Binomial of order 8: sd 1.4 px. */
enum { TAPS = 9, HALF = TAPS / 2 };
static const int32_t binomial[TAPS] = {1, 8, 28, 56, 70, 56, 28, 8, 1};

/* Uniform bytes have sd 73.9; each of the two passes leaves sqrt(12870) / 256 of it: 14.5.
 * Doubled, 8 bits hold it to beyond four sd. */
static const double STORED_SD = 2 * 14.51;

/* One row of white bytes, blurred along x.  Rows are cyclic in x. */
static void make_row(uint64_t key, int32_t y, int32_t nx, int8_t *white, int32_t *out)
{
    mdup_rng rng = mdup_rng_new(mdup_key(key, (uint64_t)y));
    for (int32_t x = 0; x < nx; x += 8) {
        uint64_t bits = mdup_rng_next(&rng);
        for (int32_t k = 0; k < 8 && x + k < nx; k++, bits >>= 8)
            white[HALF + x + k] = (int8_t)((int)(bits & 255) - 128);
    }
    memcpy(white, white + nx, HALF);
    memcpy(white + HALF + nx, white + HALF, HALF);
    for (int32_t x = 0; x < nx; x++) {
        int32_t sum = 0;
        for (int32_t k = 0; k < TAPS; k++)
            sum += binomial[k] * white[x + k];
        out[x] = sum;
    }
}

/* 65536 is the sum of all weights; the stored value is twice the blurred one. */
static void blur_down(int32_t *const rows[TAPS], int32_t y, int32_t nx, int8_t *out)
{
    for (int32_t x = 0; x < nx; x++) {
        int32_t sum = 0;
        for (int32_t k = 0; k < TAPS; k++)
            sum += binomial[k] * rows[(y + k) % TAPS][x];
        int32_t value = sum / 32768;
        out[x] = (int8_t)(value > 127 ? 127 : value < -127 ? -127 : value);
    }
}

static void fill_pattern(mdup_detector *detector, uint64_t key, int8_t *white,
                         int32_t *const rows[TAPS])
{
    /* Row y of the white image lies in rows[(y + HALF) % TAPS]. */
    int32_t nx = detector->nx;
    for (int32_t y = -HALF; y < HALF; y++)
        make_row(key, y, nx, white, rows[y + HALF]);
    for (int32_t y = 0; y < detector->ny; y++) {
        make_row(key, y + HALF, nx, white, rows[(y + TAPS - 1) % TAPS]);
        blur_down(rows, y, nx, detector->pattern + (size_t)y * (size_t)nx);
    }
}

bool mdup_detector_make(int32_t nx, int32_t ny, double pixel_A, bool is_bad, uint64_t key,
                        mdup_detector *detector, mdup_error **err)
{
    mdup_detector made = {.nx = nx, .ny = ny, .binning = fmax(1, pixel_A / K3_PIXEL_A)};
    made.gain_step =
        (float)(is_bad ? BAD_PATTERN_SD / STORED_SD : PATTERN_SD / STORED_SD / made.binning);
    size_t row = (size_t)nx;
    int8_t *white = NULL;
    int32_t *blurred = NULL;
    bool ok = (made.pattern = mdup_alloc_aligned(row * (size_t)ny, 1, err)) != NULL &&
              (white = mdup_calloc(row + TAPS, 1, err)) != NULL &&
              (blurred = mdup_calloc(row * TAPS, sizeof *blurred, err)) != NULL;
    if (ok) {
        int32_t *rows[TAPS];
        for (size_t k = 0; k < TAPS; k++)
            rows[k] = blurred + k * row;
        fill_pattern(&made, key, white, rows);
        *detector = made;
    } else {
        free(made.pattern);
    }
    free(blurred);
    free(white);
    return ok;
}

void mdup_detector_free(mdup_detector *detector)
{
    free(detector->pattern);
    *detector = (mdup_detector){0};
}

/* Fitted by eye to the edge rows of CU428: alignment has moved a few rows around to the other
 * side, and behind them the profile overshoots over some 40 px. */
double mdup_detector_ringing(const mdup_detector *detector, int32_t rows)
{
    double d = (rows + 0.5) * detector->binning;
    if (d >= MDUP_RINGING_px)
        return 0;
    return 1 / (1 + exp((d - 6) / 0.8)) - 0.11 * exp(-d / 16) * cos(d / 20);
}
