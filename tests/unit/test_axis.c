/* Axes: places and ticks. */
#include <math.h>

#include "image_test.h"
#include "publish/axis.h"

static void places(void **state)
{
    (void)state;
    const mdup_axis linear = {0, 100, false, 50, 250, ""}, down = {0, 10, false, 200, 0, ""},
                    decades = {1, 100, true, 0, 200, ""};
    expect_near(mdup_axis_at(&linear, 25), 100, 1e-9);
    expect_near(mdup_axis_at(&down, 2.5), 150, 1e-9);
    expect_near(mdup_axis_at(&decades, 10), 100, 1e-9);
    expect_near(mdup_axis_at(&linear, -5), 50, 1e-9);
    expect_near(mdup_axis_at(&linear, 1e300), 250, 1e-9);
    expect_near(mdup_axis_at(&decades, 0), 0, 1e-9);
}

static void expect_ticks(double from, double to, bool is_log, const char *expected)
{
    const mdup_axis axis = {from, to, is_log, 0, 1, ""};
    double ticks[MDUP_MOST_TICKS];
    char text[1024] = "";
    size_t n = mdup_axis_ticks(&axis, ticks), length = 0;
    for (size_t i = 0; i < n; i++)
        length +=
            (size_t)snprintf(text + length, sizeof text - length, "%s%.6g", i ? " " : "", ticks[i]);
    assert_string_equal(text, expected);
}

static void ticks_are_round(void **state)
{
    (void)state;
    expect_ticks(0, 100, false, "0 20 40 60 80 100");
    expect_ticks(1, 28, false, "5 10 15 20 25");
    expect_ticks(0, 5, false, "0 1 2 3 4 5");
    expect_ticks(0, 0.058, false, "0 0.01 0.02 0.03 0.04 0.05");
    expect_ticks(-0.5, 0.5, false, "-0.4 -0.2 0 0.2 0.4");
    expect_ticks(3, 60, true, "5 10 20 50");
    expect_ticks(0.5, 2, true, "0.5 1 2");
}

/* Few enough to be read, and all on the axis, whatever the axis. */
static void ticks_are_few(void **state)
{
    (void)state;
    for (double to = 1e-6; to < 1e12; to *= 1.37) {
        const mdup_axis axis = {0, to, false, 0, 1, ""};
        double ticks[MDUP_MOST_TICKS];
        size_t n = mdup_axis_ticks(&axis, ticks);
        assert_in_range(n, 3, 8);
        for (size_t i = 0; i < n; i++)
            assert_true(ticks[i] >= 0 && ticks[i] <= to * (1 + 1e-8));
    }
    const mdup_axis wide = {1e-200, 1e200, true, 0, 1, ""};
    double ticks[MDUP_MOST_TICKS];
    assert_in_range(mdup_axis_ticks(&wide, ticks), 1, MDUP_MOST_TICKS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(ticks_are_round),
        cmocka_unit_test(ticks_are_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
