/* Whether what two frames share also repeats within them. */
#include <math.h>

#include "texture.h"
#include "verify/repeats.h"

enum { NX = 240, NY = 180, PIXELS = NX * NY };

typedef struct {
    mdup_conditioner *conditioner;
    mdup_repeats *repeats;
    float a[PIXELS], b[PIXELS];
} bench;

static bench *open_bench(void)
{
    mdup_error *err = NULL;
    bench *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->conditioner = mdup_conditioner_new(NX, NY, &err);
    w->repeats = mdup_repeats_new(w->conditioner, &err);
    expect_no_error(&err);
    return w;
}

static void close_bench(bench *w)
{
    mdup_repeats_free(w->repeats);
    mdup_conditioner_free(w->conditioner);
    free(w);
}

static void fill_noise(float *frame, double sd, uint64_t seed)
{
    for (int i = 0; i < PIXELS; i++)
        frame[i] = (float)(sd * gaussian(&seed));
}

/* A straight filament through (x0, y0) at `angle`, with the same marks after every `period` px; `phase` moves them along it. */
static void add_filament(float *frame, double x0, double y0, double angle, double period,
                         double phase)
{
    enum { SLOTS = 12 };
    static const int marks[SLOTS] = {1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 1, 0};
    const double c = cos(angle), s = sin(angle), slot = period / SLOTS;
    for (int i = 0; i < PIXELS; i++) {
        const double x = i % NX - x0, y = i / NX - y0;
        const double along = x * c + y * s - phase, across = y * c - x * s;
        const double in_period = along - period * floor(along / period);
        const int k = (int)(in_period / slot) % SLOTS;
        const double off = in_period - (k + 0.5) * slot;
        frame[i] += (float)(3 * marks[k] * exp(-off * off / 4 - across * across / 8));
    }
}

static mdup_repeat_heights measure(bench *w, double dx, double dy)
{
    mdup_repeat_heights heights = {HUGE_VAL, HUGE_VAL};
    mdup_repeats_measure(w->repeats, w->a, w->b, dx, dy, &heights);
    assert_true(isfinite(heights.here) && isfinite(heights.elsewhere));
    return heights;
}

/* Two windows of one scene, b moved by whole pixels. */
static void plant(bench *w, int32_t dx, int32_t dy, double noise, uint64_t seed)
{
    float *scene = make_scene(2 * NX, 2 * NY, seed);
    fill_noise(w->a, noise, seed + 1);
    fill_noise(w->b, noise, seed + 2);
    for (int32_t y = 0; y < NY; y++)
        for (int32_t x = 0; x < NX; x++) {
            w->a[y * NX + x] += scene[(y + NY / 2) * 2 * NX + x + NX / 2];
            w->b[y * NX + x] += scene[(y + dy + NY / 2) * 2 * NX + x + dx + NX / 2];
        }
    free(scene);
}

static const int32_t shifts[][2] = {{0, 0}, {100, 40}, {-100, 40}, {60, -90}, {-113, -71}, {0, 88}};

static void a_related_pair_is_not_doubted(void **state)
{
    (void)state;
    bench *w = open_bench();
    for (size_t i = 0; i < sizeof shifts / sizeof *shifts; i++) {
        plant(w, shifts[i][0], shifts[i][1], 1, 10 * i);
        const mdup_repeat_heights h = measure(w, shifts[i][0] + 0.4, shifts[i][1] - 0.3);
        assert_true(h.here > 12);
        assert_true(h.elsewhere < 5.5);
        assert_true(mdup_repeats_log10_evalue(&h, 1000) < -8);
    }
    close_bench(w);
}

static void noise_neither_stands_out_nor_repeats(void **state)
{
    (void)state;
    bench *w = open_bench();
    for (uint64_t seed = 0; seed < 10; seed++) {
        fill_noise(w->a, 1, 2 * seed);
        fill_noise(w->b, 1, 2 * seed + 1);
        const mdup_repeat_heights h = measure(w, 70, 40);
        assert_true(h.here < 4 && h.elsewhere > 3 && h.elsewhere < 5.5);
    }
    close_bench(w);
}

/* Filaments of one kind in two frames, lined up by chance: as good as one of them one repeat on. */
static void filaments_in_register_are_doubted(void **state)
{
    (void)state;
    bench *w = open_bench();
    for (uint64_t seed = 0; seed < 6; seed++) {
        const double angle = 0.3 + 0.5 * (double)seed;
        fill_noise(w->a, 1, 2 * seed + 100);
        fill_noise(w->b, 1, 2 * seed + 101);
        add_filament(w->a, 150, 110, angle, 48, 0);
        add_filament(w->b, 110, 90, angle, 48, 0);
        const mdup_repeat_heights h = measure(w, 40, 20);
        assert_true(h.here > 6);
        assert_true(h.elsewhere > 6);
        assert_true(mdup_repeats_log10_evalue(&h, 1000) > -2);
    }
    close_bench(w);
}

/* The same filaments in a scene that both show. */
static void filaments_of_one_place_are_not(void **state)
{
    (void)state;
    bench *w = open_bench();
    for (uint64_t seed = 0; seed < 6; seed++) {
        const double angle = 0.3 + 0.5 * (double)seed;
        plant(w, 40, 20, 1, 1000 + 10 * seed);
        add_filament(w->a, 150, 110, angle, 48, 0);
        add_filament(w->b, 110, 90, angle, 48, 0);
        const mdup_repeat_heights h = measure(w, 40, 20);
        assert_true(mdup_repeats_log10_evalue(&h, 1000) < -6);
    }
    close_bench(w);
}

static void either_frame_may_come_first(void **state)
{
    (void)state;
    bench *w = open_bench();
    plant(w, 90, -40, 1, 5);
    add_filament(w->a, 150, 110, 0.7, 48, 0);
    const mdup_repeat_heights one = measure(w, 90, -40);
    for (int i = 0; i < PIXELS; i++) {
        const float kept = w->a[i];
        w->a[i] = w->b[i];
        w->b[i] = kept;
    }
    const mdup_repeat_heights other = measure(w, -90, 40);
    expect_near(other.here, one.here, 1e-4);
    expect_near(other.elsewhere, one.elsewhere, 1e-4);
    close_bench(w);
}

/* Whatever the shift, and whatever the frame. */
static void nothing_is_too_little(void **state)
{
    (void)state;
    bench *w = open_bench();
    const mdup_repeat_heights empty = measure(w, 100, 50);
    expect_near(empty.here, 0, 0);
    expect_near(empty.elsewhere, 0, 0);
    fill_noise(w->a, 1, 1);
    fill_noise(w->b, 1, 2);
    const double extremes[] = {0, 1, NX - 2, 2 - NX};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++)
            measure(w, extremes[i], fmax(2 - NY, fmin(NY - 2, extremes[k])));
    close_bench(w);
}

static void evalues_fall_with_the_difference(void **state)
{
    (void)state;
    double before = HUGE_VAL;
    for (double here = -20; here < 120; here += 0.5) {
        const double log10_evalue =
            mdup_repeats_log10_evalue(&(mdup_repeat_heights){here, 8}, 1000);
        assert_true(isfinite(log10_evalue) && log10_evalue <= before);
        before = log10_evalue;
    }
    assert_true(before < -1000);
    assert_true(isinf(mdup_repeats_log10_evalue(&(mdup_repeat_heights){3, 4.9}, 1000)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_related_pair_is_not_doubted),
        cmocka_unit_test(noise_neither_stands_out_nor_repeats),
        cmocka_unit_test(filaments_in_register_are_doubted),
        cmocka_unit_test(filaments_of_one_place_are_not),
        cmocka_unit_test(either_frame_may_come_first),
        cmocka_unit_test(nothing_is_too_little),
        cmocka_unit_test(evalues_fall_with_the_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
