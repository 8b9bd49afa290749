/* The correlation of the band alone, against whole transforms. */
#include <complex.h>
#include <math.h>

#include "base/alloc.h"
#include "texture.h"
#include "verify/band.h"

enum { REACH = 33 };

typedef struct {
    int32_t nx, ny;
    mdup_conditioner *conditioner;
    mdup_band *band;
    float *frames[2];
} bench;

static bench open_bench(int32_t nx, int32_t ny)
{
    bench w = {.nx = nx, .ny = ny, .conditioner = mdup_conditioner_new(nx, ny, NULL)};
    assert_non_null(w.conditioner);
    w.band = mdup_band_new(w.conditioner, REACH, NULL);
    assert_non_null(w.band);
    uint64_t seed = 7;
    for (int side = 0; side < 2; side++) {
        w.frames[side] = make_scene(nx, ny, 5 + (uint64_t)side / 2);
        for (int32_t i = 0; i < nx * ny; i++)
            w.frames[side][i] += (float)gaussian(&seed);
    }
    return w;
}

static void close_bench(bench *w)
{
    mdup_band_free(w->band);
    mdup_conditioner_free(w->conditioner);
    free(w->frames[0]);
    free(w->frames[1]);
}

static mdup_band_map correlate(const bench *w, const mdup_crop crops[2])
{
    mdup_band_map map;
    mdup_error *err = NULL;
    const bool ok = mdup_band_correlate(w->band, w->frames[0], &crops[0], w->frames[1], &crops[1],
                                        -REACH, REACH, &map, &err);
    expect_no_error(&err);
    assert_true(ok);
    return map;
}

/* ---- the reference: planes of their own, every sample of them ---- */

static float complex *spectrum_of(const bench *w, int side, const mdup_crop *crop, mdup_fft *fft,
                                  int32_t nx, int32_t ny)
{
    float *taper_x = calloc((size_t)w->nx, sizeof *taper_x);
    float *taper_y = calloc((size_t)w->ny, sizeof *taper_y);
    float *plane = mdup_alloc_aligned((size_t)(nx * ny), sizeof *plane, NULL);
    float complex *spectrum =
        mdup_alloc_aligned(mdup_fft_spectrum_size(fft), sizeof *spectrum, NULL);
    assert_true(taper_x && taper_y && plane && spectrum);
    mdup_crop_taper(crop->nx, taper_x);
    mdup_crop_taper(crop->ny, taper_y);
    double sum = 0, weight = 0;
    for (int32_t i = 0; i < crop->nx * crop->ny; i++) {
        const int32_t x = i % crop->nx, y = i / crop->nx;
        const double taper = (double)taper_x[x] * (double)taper_y[y];
        sum += taper * (double)w->frames[side][(crop->y + y) * w->nx + crop->x + x];
        weight += taper;
    }
    memset(plane, 0, (size_t)(nx * ny) * sizeof *plane);
    for (int32_t i = 0; i < crop->nx * crop->ny; i++) {
        const int32_t x = i % crop->nx, y = i / crop->nx;
        plane[y * nx + x] =
            taper_x[x] * taper_y[y] *
            (w->frames[side][(crop->y + y) * w->nx + crop->x + x] - (float)(sum / weight));
    }
    mdup_fft_forward(fft, plane, spectrum);
    free(taper_x);
    free(taper_y);
    free(plane);
    return spectrum;
}

static bool is_in_band(int32_t kx, int32_t ky, int32_t nx, int32_t ny)
{
    const float edge =
        126.0f / 256; /* the first entry of the weights, of 1/256 each, beyond the band */
    return kx <= (int32_t)(edge * (float)nx) && abs(ky) <= (int32_t)(edge * (float)ny);
}

static int32_t signed_of(int32_t k, int32_t n)
{
    return k <= n / 2 ? k : k - n;
}

/* The smoothed power in units of its mean over the band, and the floor. */
static float *smoothed(const float complex *spectrum, int32_t nx, int32_t ny)
{
    const int32_t half = nx / 2 + 1;
    float *smooth = calloc((size_t)(half * ny), sizeof *smooth);
    float *scratch = malloc(mdup_smooth_power_scratch_size(nx, ny) * sizeof *scratch);
    assert_true(smooth && scratch);
    mdup_smooth_power(spectrum, nx, ny, mdup_whitening_sigma_x(nx), mdup_whitening_sigma_y(ny),
                      scratch, smooth);
    double sum = 0, n = 0;
    for (int32_t i = 0; i < half * ny; i++)
        if (is_in_band(i % half, signed_of(i / half, ny), nx, ny)) {
            sum += (double)smooth[i];
            n++;
        }
    for (int32_t i = 0; i < half * ny; i++)
        smooth[i] = (float)((double)smooth[i] * n / sum) + MDUP_WHITENING_FLOOR;
    free(scratch);
    return smooth;
}

static float *reference(const bench *w, const mdup_crop crops[2], int32_t nx, int32_t ny)
{
    const int32_t half = nx / 2 + 1;
    mdup_fft *fft = mdup_fft_new(nx, ny, NULL);
    assert_non_null(fft);
    float complex *a = spectrum_of(w, 0, &crops[0], fft, nx, ny),
                  *b = spectrum_of(w, 1, &crops[1], fft, nx, ny);
    float *power_a = smoothed(a, nx, ny), *power_b = smoothed(b, nx, ny);
    for (int32_t i = 0; i < half * ny; i++) {
        const double fx = (double)(i % half) / nx, fy = (double)signed_of(i / half, ny) / ny;
        const float weight = mdup_condition_weight(w->conditioner, (float)hypot(fx, fy));
        a[i] *= conjf(b[i]) * weight * weight / sqrtf(power_a[i] * power_b[i]);
    }
    float *map = mdup_alloc_aligned((size_t)(nx * ny), sizeof *map, NULL);
    assert_non_null(map);
    mdup_fft_inverse(fft, a, map);
    free(power_a);
    free(power_b);
    free(a);
    free(b);
    mdup_fft_free(fft);
    return map;
}

static void expect_as_reference(const bench *w, const mdup_crop crops[2])
{
    const mdup_band_map map = correlate(w, crops);
    float *expected = reference(w, crops, map.nx, map.ny);
    double energy = 0;
    for (int32_t i = 0; i < map.nx * map.ny; i++)
        energy += (double)(expected[i] * expected[i]);
    const double rms = sqrt(energy / (map.nx * map.ny));
    assert_true(rms > 0);
    for (int32_t y = -REACH; y <= REACH; y++)
        for (int32_t x = 0; x < map.nx; x++) {
            const int32_t at = (y < 0 ? y + map.ny : y) * map.nx + x;
            expect_near((double)map.map[at] / rms, (double)expected[at] / rms, 2e-3);
        }
    /* But for the first column of the spectrum, counted twice. */
    expect_near(map.energy / energy, 1, 0.03);
    free(expected);
}

static void as_whole_transforms(void **state)
{
    (void)state;
    static const int32_t sizes[][2] = {{150, 110}, {110, 150}, {64, 48}, {420, 300}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const int32_t nx = sizes[i][0], ny = sizes[i][1];
        bench w = open_bench(nx, ny);
        const mdup_crop all[][2] = {
            {{0, 0, nx, ny}, {0, 0, nx, ny}},
            {{nx / 3, 0, nx - nx / 3, ny - 7}, {0, 7, nx - nx / 3, ny - 7}},
            {{0, ny / 2, 21, ny - ny / 2}, {nx - 13, 0, 13, ny / 3}},
            /* Once more, behind others of other sizes. */
            {{0, 0, nx, ny}, {0, 0, nx, ny}},
        };
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            expect_as_reference(&w, all[k]);
        close_bench(&w);
    }
}

static void expect_derivatives(const bench *w, double x, double y, double rms)
{
    const double h = 0.02;
    const mdup_band_place at = mdup_band_look(w->band, x, y);
    const mdup_band_place left = mdup_band_look(w->band, x - h, y),
                          right = mdup_band_look(w->band, x + h, y),
                          below = mdup_band_look(w->band, x, y - h),
                          above = mdup_band_look(w->band, x, y + h);
    expect_near(at.slope_x / rms, (right.value - left.value) / (2 * h * rms), 0.01);
    expect_near(at.slope_y / rms, (above.value - below.value) / (2 * h * rms), 0.01);
    expect_near(at.curve_x / rms, (right.slope_x - left.slope_x) / (2 * h * rms), 0.02);
    expect_near(at.curve_y / rms, (above.slope_y - below.slope_y) / (2 * h * rms), 0.02);
    expect_near(at.curve_xy / rms, (above.slope_x - below.slope_x) / (2 * h * rms), 0.02);
    /* No wave of the band is steeper. */
    const double most = pow(2 * acos(-1) * 126 / 256, 2);
    assert_true(at.rough_x > 0 && at.rough_x < most && at.rough_y > 0 && at.rough_y < most);
}

/* A map is as it is at its samples, and between them as its slopes and curvatures there say. */
static void between_the_samples(void **state)
{
    (void)state;
    bench w = open_bench(150, 110);
    const mdup_crop crops[2] = {{50, 0, 100, 103}, {0, 7, 100, 103}};
    const mdup_band_map map = correlate(&w, crops);
    const double rms = sqrt(map.energy / (map.nx * map.ny));
    uint64_t seed = 12;
    for (int i = 0; i < 200; i++) {
        const int32_t x = (int32_t)(60 * uniform(&seed)) - 30,
                      y = (int32_t)(60 * uniform(&seed)) - 30;
        const float sample = map.map[(y < 0 ? y + map.ny : y) * map.nx + (x < 0 ? x + map.nx : x)];
        expect_near(mdup_band_look(w.band, x, y).value / rms, (double)sample / rms, 2e-3);
        expect_derivatives(&w, x + uniform(&seed), y + uniform(&seed), rms);
    }
    /* It goes round. */
    expect_near(mdup_band_look(w.band, 3.3 + map.nx, -4.7).value / rms,
                mdup_band_look(w.band, 3.3, -4.7 - map.ny).value / rms, 1e-3);
    close_bench(&w);
}

/* What is left of frames that hardly meet, and of frames with nothing in them. */
static void next_to_nothing(void **state)
{
    (void)state;
    bench w = open_bench(64, 48);
    const mdup_crop small[][2] = {{{0, 0, 0, 0}, {0, 0, 0, 0}},
                                  {{63, 47, 1, 1}, {0, 0, 1, 1}},
                                  {{0, 0, 64, 1}, {0, 47, 64, 1}},
                                  {{0, 0, 64, 48}, {0, 0, 0, 48}}};
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        const mdup_band_map map = correlate(&w, small[i]);
        assert_true(map.energy >= 0 && isfinite(map.energy));
        for (int32_t x = 0; x < map.nx; x++)
            assert_true(isfinite(map.map[x]));
    }
    memset(w.frames[1], 0, 64 * 48 * sizeof *w.frames[1]);
    const mdup_crop whole[2] = {{0, 0, 64, 48}, {0, 0, 64, 48}};
    assert_true(correlate(&w, whole).energy <= 0);
    close_bench(&w);
    mdup_band_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_whole_transforms),
        cmocka_unit_test(between_the_samples),
        cmocka_unit_test(next_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
