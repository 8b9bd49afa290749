/* Verification of one candidate. */
#include <complex.h>
#include <math.h>

#include "base/alloc.h"
#include "texture.h"
#include "verify/verify.h"

typedef struct {
    int32_t nx, ny;
    mdup_conditioner *conditioner;
    mdup_power_meter *meter;
    mdup_verifier *verifier;
    float *a, *b;
    uint16_t *power_a, *power_b;
} bench;

static bench open_bench(int32_t nx, int32_t ny)
{
    bench w = {.nx = nx, .ny = ny, .conditioner = mdup_conditioner_new(nx, ny, NULL)};
    assert_non_null(w.conditioner);
    w.verifier = mdup_verifier_new(w.conditioner, NULL);
    w.a = calloc((size_t)nx * (size_t)ny, sizeof *w.a);
    w.b = calloc((size_t)nx * (size_t)ny, sizeof *w.b);
    w.meter = mdup_power_meter_new(w.conditioner, NULL);
    w.power_a = calloc(mdup_power_cells(nx, ny), sizeof *w.power_a);
    w.power_b = calloc(mdup_power_cells(nx, ny), sizeof *w.power_b);
    assert_true(w.verifier && w.meter && w.a && w.b && w.power_a && w.power_b);
    return w;
}

static void close_bench(bench *w)
{
    mdup_verifier_free(w->verifier);
    mdup_power_meter_free(w->meter);
    mdup_conditioner_free(w->conditioner);
    free(w->a);
    free(w->b);
    free(w->power_a);
    free(w->power_b);
}

static void add_noise(const bench *w, float *image, double signal, uint64_t seed)
{
    for (int32_t i = 0; i < w->nx * w->ny; i++)
        image[i] = (float)(sqrt(signal) * (double)image[i] + sqrt(1 - signal) * gaussian(&seed));
}

static void crop(const bench *w, const float *plane, int32_t plane_nx, float *out)
{
    for (int32_t y = 0; y < w->ny; y++)
        memcpy(out + y * w->nx, plane + y * plane_nx, (size_t)w->nx * sizeof *out);
}

/* Two windows of one scene, the scene moved between them by any fraction of a pixel in Fourier space: what is at (x, y) in b is at
 * (x + dx, y + dy) in a. */
static void plant(bench *w, double dx, double dy, double signal, uint64_t seed)
{
    const int32_t nx = mdup_fft_good_size(2 * w->nx), ny = mdup_fft_good_size(2 * w->ny);
    mdup_fft *fft = mdup_fft_new(nx, ny, NULL);
    assert_non_null(fft);
    float *plane = mdup_alloc_aligned((size_t)(nx * ny), sizeof *plane, NULL);
    float complex *spectrum =
        mdup_alloc_aligned(mdup_fft_spectrum_size(fft), sizeof *spectrum, NULL);
    assert_true(plane && spectrum);
    float *scene = make_scene(nx, ny, seed);
    crop(w, scene, nx, w->a);
    memcpy(plane, scene, (size_t)(nx * ny) * sizeof *plane);
    free(scene);
    mdup_fft_forward(fft, plane, spectrum);
    for (int32_t ky = 0; ky < ny; ky++)
        for (int32_t kx = 0; kx <= nx / 2; kx++) {
            const double angle =
                2 * acos(-1) * (dx * kx / nx + dy * (ky <= ny / 2 ? ky : ky - ny) / ny);
            spectrum[ky * (nx / 2 + 1) + kx] *=
                complex_of((float)cos(angle), (float)sin(angle)) / ((float)nx * (float)ny);
        }
    mdup_fft_inverse(fft, spectrum, plane);
    crop(w, plane, nx, w->b);
    add_noise(w, w->a, signal, seed + 1);
    add_noise(w, w->b, signal, seed + 2);
    mdup_fft_free(fft);
    free(plane);
    free(spectrum);
}

static mdup_verdict verify(bench *w, double dx, double dy)
{
    mdup_verdict verdict = {.z = NAN, .shift_x = HUGE_VAL, .shift_y = HUGE_VAL};
    mdup_error *err = NULL;
    mdup_power_measure(w->meter, w->a, w->power_a);
    mdup_power_measure(w->meter, w->b, w->power_b);
    const mdup_verify_frame a = {w->a, w->power_a}, b = {w->b, w->power_b};
    const bool ok = mdup_verify(w->verifier, &a, &b, dx, dy, &verdict, &err);
    expect_no_error(&err);
    assert_true(ok);
    assert_true(verdict.shift_sd_x >= 0.02 && verdict.shift_sd_x <= 2.5);
    assert_true(verdict.shift_sd_y >= 0.02 && verdict.shift_sd_y <= 2.5);
    return verdict;
}

static const double planted[][2] = {{0, 0},          {0.4, -0.3},    {37.25, 12.5}, {-37.25, 12.5},
                                    {37.25, -12.75}, {-60.6, -40.4}, {90.5, 0},     {0, -64.3}};

static void fractions_of_a_pixel(void **state)
{
    (void)state;
    bench w = open_bench(180, 127);
    for (size_t i = 0; i < sizeof planted / sizeof *planted; i++) {
        const double dx = planted[i][0], dy = planted[i][1];
        plant(&w, dx, dy, 0.6, 10 * i + 1);
        /* The search knows the place to a pixel or so. */
        for (int k = 0; k < 4; k++) {
            const mdup_verdict v = verify(&w, dx + (k % 2 ? 1.3 : -0.9), dy + (k / 2 ? 1.2 : -1.1));
            expect_near(v.shift_x, dx, 0.3);
            expect_near(v.shift_y, dy, 0.3);
            assert_true(v.z > 8);
        }
    }
    close_bench(&w);
}

/* Root mean square of error / predicted sd over both axes of n planted pairs, all of which must be found. */
static double relative_error(bench *w, double signal, int n)
{
    uint64_t seed = 99;
    double sum = 0;
    for (int i = 0; i < n; i++) {
        const double dx = w->nx * (1.2 * uniform(&seed) - 0.6),
                     dy = w->ny * (1.2 * uniform(&seed) - 0.6);
        plant(w, dx, dy, signal, 1000 + 7 * (uint64_t)i);
        const mdup_verdict v = verify(w, dx, dy);
        expect_near(v.shift_x, dx, 1.5);
        expect_near(v.shift_y, dy, 1.5);
        sum += pow((v.shift_x - dx) / v.shift_sd_x, 2) + pow((v.shift_y - dy) / v.shift_sd_y, 2);
    }
    return sqrt(sum / (2 * n));
}

/* Measured with 15 and 20 pairs of each of two sizes and four signals from 0.1 (heights of 11) to 1 (85): 0.5 to 1.3, the lower the less
 * noise there is, since an uncertainty is never called less than 0.02 px. */
static void as_uncertain_as_it_says(void **state)
{
    (void)state;
    static const double signals[] = {0.1, 0.2, 0.5, 1};
    bench small = open_bench(180, 127), large = open_bench(360, 255);
    for (size_t i = 0; i < 4; i++)
        expect_near(relative_error(&small, signals[i], 20), 1, 0.4);
    expect_near(relative_error(&large, 0.1, 10), 1, 0.4);
    close_bench(&small);
    close_bench(&large);
}

static void true_places_and_false_ones(void **state)
{
    (void)state;
    bench w = open_bench(150, 110);
    uint64_t seed = 3;
    double sum_false = 0;
    enum { REPEATS = 25 };
    for (uint64_t i = 0; i < REPEATS; i++) {
        plant(&w, 40, -25, 0.5, 50 + 3 * i);
        assert_true(verify(&w, 40, -25).z > 8);
        /* The place with the wrong sign, and any other. */
        assert_true(verify(&w, -40, 25).z < 6.5f);
        const double dx = -100 + 100 * uniform(&seed), dy = 20 + 40 * uniform(&seed);
        const mdup_verdict v = verify(&w, dx, dy);
        assert_true(v.z < 6.5f);
        sum_false += (double)v.z;
        /* It stays near the candidate whatever it finds. */
        assert_true(hypot(v.shift_x - dx, v.shift_y - dy) < 4.5);
    }
    /* The highest of twenty places in units of their own rms. */
    expect_near(sum_false / REPEATS, 1.9, 0.8);
    close_bench(&w);
}

/* A peak between the samples is as high as one on them. */
static void as_high_between_the_samples(void **state)
{
    (void)state;
    bench w = open_bench(180, 127);
    double on = 0, between = 0;
    for (uint64_t i = 0; i < 6; i++) {
        plant(&w, 30, -20, 0.6, 700 + 3 * i);
        on += (double)verify(&w, 30, -20).z;
        plant(&w, 30.5, -20.5, 0.6, 700 + 3 * i);
        between += (double)verify(&w, 30.5, -20.5).z;
    }
    expect_near(between / on, 1, 0.1);
    close_bench(&w);
}

/* One strong place of 12 px in each frame, with detail of its own. */
static void add_crystal(const bench *w, float *image, int32_t at_x, int32_t at_y, uint64_t seed)
{
    enum { SIZE = 12 };
    float *crystal = make_scene(SIZE, SIZE, seed);
    for (int32_t y = 0; y < SIZE; y++)
        for (int32_t x = 0; x < SIZE; x++)
            image[(at_y + y) * w->nx + at_x + x] += 6 * crystal[y * SIZE + x];
    free(crystal);
}

/* Where a strong place lies on another, chance reaches further, and that is counted; two views of one even scene pay nothing. */
static void a_crystal_on_a_crystal(void **state)
{
    (void)state;
    bench w = open_bench(150, 110);
    plant(&w, 20, 10, 0.5, 60);
    expect_near((double)verify(&w, 20, 10).bunching, 1, 0.02);
    double together = 0;
    enum { REPEATS = 5 };
    for (uint64_t i = 0; i < REPEATS; i++) {
        plant(&w, 40, -25, 0.5, 90 + 3 * i);
        add_crystal(&w, w.a, 60, 50, 200 + i);
        add_crystal(&w, w.b, 70, 50, 300 + i);
        assert_true(verify(&w, 40, -25).bunching < 1.1f);
        together += (double)verify(&w, -10, 0).bunching / REPEATS;
    }
    assert_true(together > 1.25);
    close_bench(&w);
}

static void the_other_way_round(void **state)
{
    (void)state;
    bench w = open_bench(120, 90);
    for (uint64_t i = 0; i < 6; i++) {
        plant(&w, 20.3, -11.7, 0.5, 70 + 3 * i);
        const mdup_verdict ab = verify(&w, 20, -12);
        float *a = w.a;
        w.a = w.b;
        w.b = a;
        const mdup_verdict ba = verify(&w, -20, 12);
        expect_near(ba.shift_x, -ab.shift_x, 1e-2);
        expect_near(ba.shift_y, -ab.shift_y, 1e-2);
        expect_near((double)ba.z, (double)ab.z, 0.02 * (double)ab.z);
    }
    close_bench(&w);
}

/* Anything the search may say, and worse, is answered. */
static void candidates_at_the_corners(void **state)
{
    (void)state;
    const int32_t sizes[][2] = {{64, 48}, {33, 32}, {32, 101}};
    for (size_t s = 0; s < 3; s++) {
        bench w = open_bench(sizes[s][0], sizes[s][1]);
        plant(&w, 5, 5, 0.5, 9);
        const double fractions[] = {-1.5, -1, -0.97, -0.9, 0, 0.9, 0.97, 1, 1.5};
        for (int i = 0; i < 81; i++) {
            const double dx = fractions[i % 9] * w.nx, dy = fractions[i / 9] * w.ny;
            const mdup_verdict v = verify(&w, dx, dy);
            assert_true(v.z >= 0 && v.z < 100);
            assert_true(fabs(v.shift_x - dx) < 5 && fabs(v.shift_y - dy) < 5);
        }
        close_bench(&w);
    }
}

static void nothing_to_see(void **state)
{
    (void)state;
    bench w = open_bench(64, 48);
    assert_true(verify(&w, 3, 4).z <= 0);
    plant(&w, 0, 0, 0.5, 9);
    memset(w.b, 0, (size_t)(w.nx * w.ny) * sizeof *w.b);
    const mdup_verdict v = verify(&w, 3, 4);
    assert_true(v.z >= 0 && v.z < 1e-3f);
    assert_true(fabs(v.shift_x - 3) < 4 && fabs(v.shift_y - 4) < 4);
    close_bench(&w);
    mdup_verifier_free(NULL);
    mdup_power_meter_free(NULL);
}

/* ---- the coefficient and the overlap ---- */

/* numpy.corrcoef of a[ya:, xa:] and b[yb:, xb:]. */
static double corrcoef(const float *a, const float *b, int32_t nx, int32_t ny, int32_t dx,
                       int32_t dy)
{
    double sum_a = 0, sum_b = 0, ab = 0, aa = 0, bb = 0;
    int n = 0;
    for (int pass = 0; pass < 2; pass++) {
        const double mean_a = n ? sum_a / n : 0, mean_b = n ? sum_b / n : 0;
        for (int32_t y = 0; y < ny; y++)
            for (int32_t x = 0; x < nx; x++) {
                const int32_t ax = x + dx, ay = y + dy; /* where b's (x, y) is in a */
                if (ax < 0 || ay < 0 || ax >= nx || ay >= ny)
                    continue;
                const double va = (double)a[ay * nx + ax] - mean_a,
                             vb = (double)b[y * nx + x] - mean_b;
                if (pass == 0) {
                    sum_a += va;
                    sum_b += vb;
                    n++;
                } else {
                    ab += va * vb;
                    aa += va * va;
                    bb += vb * vb;
                }
            }
    }
    return ab / sqrt(aa * bb);
}

static void pearson_over_what_is_shared(void **state)
{
    (void)state;
    enum { NX = 23, NY = 17 };
    float a[NX * NY], b[NX * NY];
    uint64_t seed = 4;
    for (int i = 0; i < NX * NY; i++) {
        a[i] = (float)gaussian(&seed);
        b[i] = (float)(0.5 * gaussian(&seed) + (double)a[i] + 3);
    }
    for (int32_t dy = -NY + 2; dy < NY - 1; dy++)
        for (int32_t dx = -NX + 2; dx < NX - 1; dx++) {
            const double expected = corrcoef(a, b, NX, NY, dx, dy);
            expect_near(mdup_shared_ccc(a, b, NX, NY, dx, dy), expected, 1e-9);
            expect_near(mdup_shared_ccc(a, b, NX, NY, dx + 0.3, dy - 0.4), expected, 1e-9);
        }
    expect_near(mdup_shared_ccc(a, a, NX, NY, 0, 0), 1, 1e-12);
    assert_true(mdup_shared_ccc(a, b, NX, NY, 0, 0) > 0.8);
}

static void no_coefficient(void **state)
{
    (void)state;
    float a[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}, constant[12];
    for (int i = 0; i < 12; i++)
        constant[i] = 0.1f;
    const double none[][2] = {{4, 0}, {-4, 0}, {0, 3}, {0, -3}, {1e6, 1e6}, {-1e6, 3}};
    for (size_t i = 0; i < 6; i++)
        expect_near(mdup_shared_ccc(a, a, 4, 3, none[i][0], none[i][1]), 0, 0);
    for (int i = -3; i <= 3; i++) {
        expect_near(mdup_shared_ccc(a, constant, 4, 3, i, 0), 0, 0);
        expect_near(mdup_shared_ccc(constant, a, 4, 3, 0, i), 0, 0);
        expect_near(mdup_shared_ccc(constant, constant, 4, 3, i, i), 0, 0);
    }
    expect_near(mdup_shared_ccc(a, a, 4, 3, 3, 2), 0, 0); /* one pixel */
}

static void shared_area(void **state)
{
    (void)state;
    expect_near(mdup_overlap(100, 50, 0, 0), 1, 0);
    expect_near(mdup_overlap(100, 50, 25, 0), 0.75, 1e-12);
    expect_near(mdup_overlap(100, 50, -25, 0), 0.75, 1e-12);
    expect_near(mdup_overlap(100, 50, 0, 25), 0.5, 1e-12);
    expect_near(mdup_overlap(100, 50, 50.5, -12.5), 0.495 * 0.75, 1e-12);
    expect_near(mdup_overlap(100, 50, 100, 0), 0, 0);
    expect_near(mdup_overlap(100, 50, 101, 51), 0, 0); /* not the product of two negative sides */
    expect_near(mdup_overlap(100, 50, 0, -50), 0, 0);
    expect_near(mdup_overlap(100000, 100000, 50000, 0), 0.5, 1e-12); /* no overflow */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fractions_of_a_pixel),
        cmocka_unit_test(true_places_and_false_ones),
        cmocka_unit_test(as_high_between_the_samples),
        cmocka_unit_test(a_crystal_on_a_crystal),
        cmocka_unit_test(the_other_way_round),
        cmocka_unit_test(candidates_at_the_corners),
        cmocka_unit_test(nothing_to_see),
        cmocka_unit_test(pearson_over_what_is_shared),
        cmocka_unit_test(no_coefficient),
        cmocka_unit_test(shared_area),
        cmocka_unit_test(as_uncertain_as_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
