/* Where the power of frames lies. */
#include <math.h>

#include "texture.h"
#include "verify/power.h"

enum { NX = 150, NY = 110, CELL_px = 6, CELLS_NX = 25, CELLS_NY = 19 };

static void random_power(uint16_t *power, uint64_t seed)
{
    for (int i = 0; i < CELLS_NX * CELLS_NY; i++)
        power[i] = (uint16_t)(600 * uniform(&seed));
}

/* Over the cells that lie on each other when b is moved by whole cells. */
static double joint(const uint16_t *a, const uint16_t *b, int dx, int dy)
{
    double n = 0, sa = 0, sb = 0, sab = 0;
    for (int i = 0; i < CELLS_NX * CELLS_NY; i++) {
        const int x = i % CELLS_NX + dx, y = i / CELLS_NX + dy;
        if (x < 0 || y < 0 || x >= CELLS_NX || y >= CELLS_NY)
            continue;
        const double at_a = a[y * CELLS_NX + x], at_b = b[i];
        n++;
        sa += at_a;
        sb += at_b;
        sab += at_a * at_b;
    }
    return sa > 0 && sb > 0 ? n * sab / (sa * sb) : 1;
}

static void as_one_by_one(void **state)
{
    (void)state;
    uint16_t a[CELLS_NX * CELLS_NY], b[CELLS_NX * CELLS_NY];
    assert_int_equal(mdup_power_cells(NX, NY), CELLS_NX * CELLS_NY);
    random_power(a, 1);
    random_power(b, 2);
    for (int dy = -CELLS_NY - 2; dy <= CELLS_NY + 2; dy++)
        for (int dx = -CELLS_NX - 2; dx <= CELLS_NX + 2; dx++) {
            const double expected = joint(a, b, dx, dy);
            expect_near(mdup_power_joint(a, b, NX, NY, CELL_px * dx, CELL_px * dy), expected, 1e-9);
            expect_near(mdup_power_joint(a, b, NX, NY, CELL_px * dx + 2.9, CELL_px * dy - 2.9),
                        expected, 1e-9);
            expect_near(mdup_power_joint(b, a, NX, NY, -CELL_px * dx, -CELL_px * dy), expected,
                        1e-9);
        }
    for (int i = 0; i < CELLS_NX * CELLS_NY; i++)
        a[i] = 256;
    expect_near(mdup_power_joint(a, b, NX, NY, 30, -12), 1, 1e-9);
    memset(a, 0, sizeof a);
    expect_near(mdup_power_joint(a, b, NX, NY, 30, -12), 1, 0);
    /* The largest there are. */
    memset(a, 255, sizeof a);
    memset(b, 255, sizeof b);
    expect_near(mdup_power_joint(a, b, NX, NY, 0, 0), 1, 1e-9);
}

static void where_it_is(void **state)
{
    (void)state;
    mdup_conditioner *c = mdup_conditioner_new(NX, NY, NULL);
    assert_non_null(c);
    mdup_power_meter *meter = mdup_power_meter_new(c, NULL);
    assert_non_null(meter);
    float *frame = make_scene(NX, NY, 3);
    uint16_t power[CELLS_NX * CELLS_NY];
    for (int pass = 0; pass < 2; pass++) {
        mdup_power_measure(meter, frame, power);
        double sum = 0, strong = 0;
        for (int i = 0; i < CELLS_NX * CELLS_NY; i++) {
            sum += power[i];
            const int x = i % CELLS_NX, y = i / CELLS_NX;
            strong += x >= 16 && x < 19 && y >= 3 && y < 6 ? power[i] / 9.0 : 0;
        }
        expect_near(sum / (CELLS_NX * CELLS_NY), 256, 2);
        if (pass == 0)
            assert_true(strong < 2 * 256);
        else
            assert_true(strong > 5 * 256);
        /* A strong place at (96..114, 18..36). */
        for (int y = 18; y < 36; y++)
            for (int x = 96; x < 114; x++)
                frame[y * NX + x] *= 6;
    }
    memset(frame, 0, NX * NY * sizeof *frame);
    mdup_power_measure(meter, frame, power);
    for (int i = 0; i < CELLS_NX * CELLS_NY; i++)
        assert_int_equal(power[i], 0);
    free(frame);
    mdup_power_meter_free(meter);
    mdup_conditioner_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_one_by_one),
        cmocka_unit_test(where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
