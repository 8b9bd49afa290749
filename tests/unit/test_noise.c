/* The share of noise at the Nyquist frequency, and the detail beyond it. */
#include <math.h>

#include "image/bin.h"
#include "image/noise.h"
#include "texture.h"

static const int32_t BINS[] = {2, 3, 4, 5, 8, 16};
enum { N_BINS = sizeof BINS / sizeof *BINS, NX = 180, NY = 128 };

/* A frame of nx by ny before it is binned: (nx * bin) by (ny * bin) px, row by row. */
typedef struct {
    int32_t nx, ny, bin;
    float *pixels;
} raw;

static raw raw_new(int32_t nx, int32_t ny, int32_t bin)
{
    raw r = {nx, ny, bin, calloc((size_t)(nx * bin) * (size_t)(ny * bin), sizeof(float))};
    assert_non_null(r.pixels);
    return r;
}

static int32_t raw_size(const raw *r)
{
    return r->nx * r->bin * r->ny * r->bin;
}

static void add_noise(raw *r, double sd, uint64_t seed)
{
    for (int32_t i = 0; i < raw_size(r); i++)
        r->pixels[i] += (float)(sd * gaussian(&seed));
}

/* The share of what mdup_bin_rows makes of it. */
static double share_of(const raw *r)
{
    const size_t n = (size_t)r->nx * (size_t)r->ny, raw_nx = (size_t)(r->nx * r->bin);
    float *binned = malloc(n * sizeof *binned), *detail = calloc(n, sizeof *detail),
          *scratch = malloc((n + 1) * sizeof *scratch), *sums = malloc(2 * raw_nx * sizeof *sums);
    assert_true(binned && detail && scratch && sums);
    for (int32_t y = 0; y < r->ny; y++)
        mdup_bin_rows(r->pixels + (size_t)(y * r->bin) * raw_nx, r->nx * r->bin, r->bin, sums,
                      binned + y * r->nx, detail + y * r->nx);
    scratch[n] = 12345;
    const double share = mdup_noise_share(binned, detail, r->nx, r->ny, r->bin, scratch);
    assert_true(scratch[n] == 12345);
    if (!(share > 0 && share <= 1))
        fail_msg("a share of %g", share);
    free(binned);
    free(detail);
    free(scratch);
    free(sums);
    return share;
}

/* A smooth scene of unit variance: each value of make_scene drawn out over `coarse` binned pixels, in between linear. */
static void add_structure(raw *r, double coarse, double sd, uint64_t seed)
{
    const int32_t w = (int32_t)(r->nx / coarse) + 3, h = (int32_t)(r->ny / coarse) + 3;
    float *scene = make_scene(w, h, seed);
    const double step = 1 / (coarse * r->bin);
    for (int32_t y = 0; y < r->ny * r->bin; y++)
        for (int32_t x = 0; x < r->nx * r->bin; x++) {
            const double u = x * step, v = y * step;
            const float *at = scene + (int32_t)v * w + (int32_t)u;
            const double fx = u - floor(u), fy = v - floor(v);
            const double value = (1 - fy) * ((1 - fx) * (double)at[0] + fx * (double)at[1]) +
                                 fy * ((1 - fx) * (double)at[w] + fx * (double)at[w + 1]);
            r->pixels[y * r->nx * r->bin + x] += (float)(sd * value);
        }
    free(scene);
}

/* ---- white noise ---- */

static void noise_alone_is_all_noise(void **state)
{
    (void)state;
    const double sds[] = {1, 1e-3, 40, 1e4};
    for (size_t b = 0; b < N_BINS; b++)
        for (size_t s = 0; s < 4; s++) {
            raw r = raw_new(NX, NY, BINS[b]);
            add_noise(&r, sds[s], 10 * b + s);
            const double share = share_of(&r);
            if (share < 0.9)
                fail_msg("bin %d, sd %g: %.3f", BINS[b], sds[s], share);
            free(r.pixels);
        }
}

static void with_bin_1_nothing_is_known(void **state)
{
    (void)state;
    raw r = raw_new(NX, NY, 1);
    expect_near(share_of(&r), 1, 0);
    add_structure(&r, 4, 1, 1);
    expect_near(share_of(&r), 1, 0);
    add_noise(&r, 1, 1);
    expect_near(share_of(&r), 1, 0);
    free(r.pixels);
}

/* ---- structure ---- */

/* Coarse structure has nothing at the Nyquist frequency, whatever its power. */
static void coarse_structure_is_not_asked(void **state)
{
    (void)state;
    for (size_t b = 0; b < N_BINS; b++) {
        raw r = raw_new(NX, NY, BINS[b]);
        add_noise(&r, BINS[b], 20 + b);
        add_structure(&r, 12, 1, 20 + b);
        assert_true(share_of(&r) > 0.85);
        free(r.pixels);
    }
}

/* Structure that is white up to the Nyquist frequency and nothing beyond: each binned pixel has one value throughout. */
static void add_blocks(raw *r, double sd, uint64_t seed)
{
    float *values = malloc((size_t)r->nx * sizeof *values);
    assert_non_null(values);
    for (int32_t y = 0; y < r->ny * r->bin; y++) {
        for (int32_t x = 0; x < r->nx && y % r->bin == 0; x++)
            values[x] = (float)(sd * gaussian(&seed));
        for (int32_t x = 0; x < r->nx * r->bin; x++)
            r->pixels[y * r->nx * r->bin + x] += values[x / r->bin];
    }
    free(values);
}

/* Noise of power 1 and structure of power p, both of the frame: 1 / (1 + p) is noise. */
static void the_share_in_numbers(void **state)
{
    (void)state;
    const double powers[] = {0, 1, 4, 16, 1e4};
    for (size_t b = 0; b < N_BINS; b++)
        for (size_t p = 0; p < 5; p++) {
            raw r = raw_new(NX, NY, BINS[b]);
            add_noise(&r, BINS[b], 30 + b); /* the mean over a bin then has sd 1 */
            add_blocks(&r, sqrt(powers[p]), 130 + p);
            const double share = share_of(&r), expected = 1 / (1 + powers[p]);
            if (fabs(share - expected) > 0.25 * expected)
                fail_msg("bin %d, power %g: %g for %g", BINS[b], powers[p], share, expected);
            free(r.pixels);
        }
}

/* The same with structure that trails off towards the Nyquist frequency, as specimens do. */
static void falls_as_structure_grows(void **state)
{
    (void)state;
    const double powers[] = {0, 1, 4, 16, 64, 1e6};
    for (size_t b = 0; b < N_BINS; b++) {
        double before = HUGE_VAL;
        for (size_t p = 0; p < 6; p++) {
            raw r = raw_new(NX, NY, BINS[b]);
            add_noise(&r, BINS[b], 30 + b);
            add_structure(&r, 1, sqrt(powers[p]), 30 + b);
            const double share = share_of(&r);
            if (share > before)
                fail_msg("bin %d, power %g: %g after %g", BINS[b], powers[p], share, before);
            assert_true(powers[p] < 16 || share < 0.85);
            assert_true(powers[p] < 64 || share < 0.5);
            before = share;
            free(r.pixels);
        }
    }
}

/* Electrons counted: whole numbers, of which few are different. */
static void counted_electrons(void **state)
{
    (void)state;
    for (size_t b = 0; b < N_BINS; b++)
        for (int mean = 2; mean <= 8; mean *= 4) {
            raw r = raw_new(NX, NY, BINS[b]);
            uint64_t seed = b;
            for (int32_t i = 0; i < raw_size(&r); i++) {
                double left = exp(mean);
                while ((left *= uniform(&seed)) > 1)
                    r.pixels[i]++;
            }
            const double share = share_of(&r);
            if (share < 0.85)
                fail_msg("bin %d, %d electrons a pixel: %.3f", BINS[b], mean, share);
            free(r.pixels);
        }
}

/* ---- what does not matter ---- */

static raw mixture(int32_t bin, uint64_t seed)
{
    raw r = raw_new(NX, NY, bin);
    add_noise(&r, bin, seed);
    add_structure(&r, 1, 4, seed);
    return r;
}

static void scale_and_offset_do_not_matter(void **state)
{
    (void)state;
    const double cases[][2] = {{1, 1000}, {1e4, 0}, {1e-4, 0}, {-3, 500}, {20, -3e4}, {1e-6, 1e-3}};
    for (size_t b = 0; b < N_BINS; b += 2)
        for (size_t c = 0; c < 6; c++) {
            raw r = mixture(BINS[b], 40 + b);
            const double share = share_of(&r);
            for (int32_t i = 0; i < raw_size(&r); i++)
                r.pixels[i] = (float)(cases[c][0] * (double)r.pixels[i] + cases[c][1]);
            expect_near(share_of(&r), share, 0.01);
            free(r.pixels);
        }
}

/* At bins above 5, where 0.1 % of the pixels would sit in a good part of all bins, 0.01 %. */
static void hot_pixels_change_little(void **state)
{
    (void)state;
    const double heights[] = {-30, 10, 30};
    for (size_t b = 0; b < N_BINS; b++)
        for (size_t h = 0; h < 3; h++) {
            raw r = mixture(BINS[b], 50 + b);
            const double share = share_of(&r), odds = BINS[b] <= 5 ? 0.001 : 0.0001;
            uint64_t seed = 50;
            for (int32_t i = 0; i < raw_size(&r); i++)
                if (uniform(&seed) < odds)
                    r.pixels[i] += (float)(heights[h] * BINS[b]);
            const double hot = share_of(&r);
            if (fabs(hot - share) > 0.15)
                fail_msg("bin %d: %.3f, with hot pixels %.3f", BINS[b], share, hot);
            free(r.pixels);
        }
}

/* A tenth of the frame masked, or most of it, at the mean or at 0 while the rest counts electrons. */
static void a_masked_area_changes_little(void **state)
{
    (void)state;
    const double cases[][2] = {{0.1, 0}, {0.1, -100}, {0.6, 0}, {0.6, -100}};
    for (size_t b = 0; b < N_BINS; b++)
        for (size_t c = 0; c < 4; c++) {
            raw r = mixture(BINS[b], 60 + b);
            const double share = share_of(&r);
            const int32_t raw_nx = NX * BINS[b];
            for (int32_t i = 0; i < raw_size(&r); i++)
                if (i % raw_nx < cases[c][0] * raw_nx)
                    r.pixels[i] = (float)cases[c][1];
            const double masked = share_of(&r);
            if (fabs(masked - share) > 0.15)
                fail_msg("bin %d: %.3f, masked %.3f", BINS[b], share, masked);
            free(r.pixels);
        }
}

/* ---- odd frames ---- */

static void constant_frames(void **state)
{
    (void)state;
    const float values[] = {0, 1, -3.7f, 1e6f, 1e-30f};
    for (size_t b = 0; b < N_BINS; b++)
        for (size_t v = 0; v < 5; v++) {
            raw r = raw_new(40, 32, BINS[b]);
            for (int32_t i = 0; i < raw_size(&r); i++)
                r.pixels[i] = values[v];
            expect_near(share_of(&r), 1, 0);
            free(r.pixels);
        }
}

/* Hardly any noise on a strong chequer of binned pixels: very little, but not nothing. */
static void hardly_any_noise(void **state)
{
    (void)state;
    raw r = raw_new(NX, NY, 4);
    for (int32_t y = 0; y < NY * 4; y++)
        for (int32_t x = 0; x < NX * 4; x++)
            r.pixels[y * NX * 4 + x] = (float)((x / 4 + y / 4) % 2);
    add_noise(&r, 1e-3, 1);
    assert_true(share_of(&r) < 1e-4);
    for (int32_t i = 0; i < raw_size(&r); i++) /* of another program that made 4 px of one */
        r.pixels[i] = (float)(i / 4 % NX % 3 * (i / (16 * NX) % 3));
    (void)share_of(&r);
    free(r.pixels);
}

static void small_and_odd_sizes(void **state)
{
    (void)state;
    const int32_t sizes[][2] = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {3, 3}, {1, 50}, {50, 1}, {33, 32}};
    for (size_t s = 0; s < 8; s++)
        for (size_t b = 0; b < N_BINS; b++) {
            raw r = raw_new(sizes[s][0], sizes[s][1], BINS[b]);
            (void)share_of(&r);
            add_noise(&r, 1, s);
            (void)share_of(&r);
            free(r.pixels);
        }
}

/* ---- detail ---- */

/* The mean of one quarter of bin x of these rows: bin / 2 px a side, at the left or right, top or bottom. */
static double quarter(const float *rows, int32_t nx, int32_t bin, int32_t x, bool right, bool later)
{
    const int32_t half = bin / 2, x0 = x * bin + (right ? bin - half : 0),
                  y0 = later ? bin - half : 0;
    double sum = 0;
    for (int32_t i = 0; i < half * half; i++)
        sum += (double)rows[(y0 + i / half) * nx + x0 + i % half];
    return sum / (half * half);
}

static void expect_detail(const float *rows, int32_t nx, int32_t bin)
{
    const int32_t n = nx / bin;
    float *sums = malloc(2 * (size_t)nx * sizeof *sums), *out = malloc((size_t)n * sizeof *out),
          *alone = malloc((size_t)n * sizeof *alone), *detail = malloc((size_t)n * sizeof *detail);
    assert_true(sums && out && alone && detail);
    mdup_bin_rows(rows, nx, bin, sums, alone, NULL);
    mdup_bin_rows(rows, nx, bin, sums, out, detail);
    const double one =
        quarter(rows, nx, bin, 0, false, false) + quarter(rows, nx, bin, 0, true, true) -
        quarter(rows, nx, bin, 0, true, false) - quarter(rows, nx, bin, 0, false, true);
    /* Which diagonal counts as positive is left open, but it is the same for all. */
    const double sign = one * (double)detail[0] < 0 ? -1 : 1;
    for (int32_t x = 0; x < n; x++) {
        double sum = 0;
        for (int32_t i = 0; i < bin * bin; i++)
            sum += (double)rows[i / bin * nx + x * bin + i % bin];
        expect_near((double)out[x], sum / (bin * bin), 1000 * 1e-5);
        expect_near((double)alone[x], sum / (bin * bin), 1000 * 1e-5);
        const double expected =
            quarter(rows, nx, bin, x, false, false) + quarter(rows, nx, bin, x, true, true) -
            quarter(rows, nx, bin, x, true, false) - quarter(rows, nx, bin, x, false, true);
        expect_near((double)detail[x], sign * expected, 1000 * 4e-5);
    }
    free(sums);
    free(out);
    free(alone);
    free(detail);
}

static void the_quarters_of_each_bin(void **state)
{
    (void)state;
    uint64_t seed = 70;
    for (int32_t bin = 2; bin < 20; bin++)
        for (int32_t nx = bin; nx < 4 * bin + 3; nx++) {
            float *rows = malloc((size_t)nx * (size_t)bin * sizeof *rows);
            assert_non_null(rows);
            for (int32_t i = 0; i < nx * bin; i++)
                rows[i] = (float)(1000 + 50 * gaussian(&seed));
            expect_detail(rows, nx, bin);
            free(rows);
        }
}

static void no_detail_with_bin_1(void **state)
{
    (void)state;
    const float row[5] = {3, 1, 4, 1, 5};
    float sums[10], out[5], detail[5] = {7, 7, 7, 7, 7};
    mdup_bin_rows(row, 5, 1, sums, out, detail);
    for (int32_t x = 0; x < 5; x++) {
        expect_near((double)out[x], (double)row[x], 0);
        expect_near((double)detail[x], 7, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_alone_is_all_noise),
        cmocka_unit_test(with_bin_1_nothing_is_known),
        cmocka_unit_test(coarse_structure_is_not_asked),
        cmocka_unit_test(the_share_in_numbers),
        cmocka_unit_test(falls_as_structure_grows),
        cmocka_unit_test(counted_electrons),
        cmocka_unit_test(scale_and_offset_do_not_matter),
        cmocka_unit_test(hot_pixels_change_little),
        cmocka_unit_test(a_masked_area_changes_little),
        cmocka_unit_test(constant_frames),
        cmocka_unit_test(hardly_any_noise),
        cmocka_unit_test(small_and_odd_sizes),
        cmocka_unit_test(the_quarters_of_each_bin),
        cmocka_unit_test(no_detail_with_bin_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
