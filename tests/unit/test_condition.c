/* The share of the power in Bragg spots: that of a crystal, and of nothing else. */
#include <math.h>

#include "image/condition.h"
#include "texture.h"

enum { NX = 360, NY = 255, N = NX * NY };

/* ---- specimens, in sd units ---- */

static void add_noise(float *image, double sd, uint64_t seed)
{
    for (int32_t i = 0; i < N; i++)
        image[i] += (float)(sd * gaussian(&seed));
}

/* Round molecules of some px on a lattice of two axes, at any place and orientation. */
static void add_lattice(float *image, double period_px, double angle, double between, double height)
{
    const double ax = cos(angle) / period_px, ay = sin(angle) / period_px,
                 bx = cos(angle + between) / period_px, by = sin(angle + between) / period_px;
    for (int32_t i = 0; i < N; i++) {
        const double x = i % NX, y = i / NX;
        const double u = 2 * acos(-1) * (ax * x + ay * y), v = 2 * acos(-1) * (bx * x + by * y);
        image[i] += (float)(height * (exp(cos(u) + cos(v)) - 1.6));
    }
}

static void add_blobs(float *image, int n, double radius_px, double height, uint64_t seed)
{
    for (int k = 0; k < n; k++) {
        const double x0 = NX * uniform(&seed), y0 = NY * uniform(&seed);
        for (int32_t i = 0; i < N; i++) {
            const double r = hypot(i % NX - x0, i / NX - y0) / radius_px;
            if (r < 4)
                image[i] += (float)(height * exp(-r * r));
        }
    }
}

/* A bright column and row of the detector: no crystal. */
static void add_lines(float *image, double height)
{
    for (int32_t i = 0; i < N; i++)
        if (i % NX == 100 || i / NX == 77)
            image[i] += (float)height;
}

/* ---- measuring ---- */

static double share_of(const float *image)
{
    mdup_error *err = NULL;
    int8_t *frame = malloc(N);
    assert_non_null(frame);
    for (int32_t i = 0; i < N; i++)
        frame[i] = to_frame_byte((double)image[i]);
    mdup_conditioner *conditioner = mdup_conditioner_new(NX, NY, &err);
    expect_no_error(&err);
    mdup_condition_scratch *scratch = mdup_condition_scratch_new(conditioner, &err);
    expect_no_error(&err);
    double power[MDUP_RADIAL_BINS];
    const double share = mdup_condition_power(conditioner, frame, scratch, power);
    for (int i = 0; i < MDUP_RADIAL_BINS; i++)
        assert_true(isfinite(power[i]) && power[i] >= 0);
    if (!(share >= 0 && share <= 1))
        fail_msg("a share of %g", share);
    free(frame);
    mdup_condition_scratch_free(scratch);
    mdup_conditioner_free(conditioner);
    return share;
}

static void expect_share(const float *image, double least, double most)
{
    const double share = share_of(image);
    if (share < least || share > most)
        fail_msg("a share of %g is not within %g and %g", share, least, most);
}

/* ---- tests ---- */

static void noise_has_none(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 6; seed++) {
        float *image = calloc(N, sizeof *image);
        add_noise(image, 1, seed);
        expect_share(image, 0, 0.001);
        free(image);
    }
}

static void a_scene_has_none(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 6; seed++) {
        float *image = make_scene(NX, NY, seed);
        expect_share(image, 0, 0.001);
        free(image);
    }
}

static void blobs_have_none(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 4; seed++) {
        float *image = calloc(N, sizeof *image);
        add_noise(image, 1, seed);
        add_blobs(image, 150, 4, 2, seed);
        expect_share(image, 0, 0.002);
        free(image);
    }
}

static void nothing_has_none(void **state)
{
    (void)state;
    float *image = calloc(N, sizeof *image);
    expect_share(image, 0, 0);
    free(image);
}

static void a_crystal_has(void **state)
{
    (void)state;
    const double periods[] = {6, 8, 12}, angles[] = {0, 0.4, 1.3};
    for (size_t p = 0; p < 3; p++)
        for (size_t a = 0; a < 3; a++)
            for (int square = 0; square < 2; square++) {
                float *image = calloc(N, sizeof *image);
                add_noise(image, 0.8, 10 * p + a);
                add_lattice(image, periods[p], angles[a], acos(-1) / (square ? 2 : 3), 0.6);
                expect_share(image, 0.15, 1);
                free(image);
            }
}

/* The fainter the crystal, the smaller the share. */
static void falls_with_noise(void **state)
{
    (void)state;
    double before = 1;
    for (double height = 0.8; height > 0.04; height /= 2) {
        float *image = calloc(N, sizeof *image);
        add_noise(image, 0.8, 3);
        add_lattice(image, 8, 0.4, 1, height);
        const double share = share_of(image);
        assert_true(share < before);
        before = share;
        free(image);
    }
}

static void lines_of_the_detector_have_none(void **state)
{
    (void)state;
    float *image = calloc(N, sizeof *image);
    add_noise(image, 1, 3);
    add_lines(image, 3);
    expect_share(image, 0, 0.002);
    free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_has_none),
        cmocka_unit_test(a_scene_has_none),
        cmocka_unit_test(blobs_have_none),
        cmocka_unit_test(nothing_has_none),
        cmocka_unit_test(a_crystal_has),
        cmocka_unit_test(falls_with_noise),
        cmocka_unit_test(lines_of_the_detector_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
