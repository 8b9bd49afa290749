#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "base/date.h"

static void every_day(void **state)
{
    (void)state;
    mdup_date date = {1990, 1, 1, 0, 0, 0};
    double previous_s = mdup_date_seconds(&date) - 86400;
    int n_days = 0;
    for (date.year = 1989; date.year <= 2100; date.year++)
        for (date.month = 0; date.month <= 13; date.month++)
            for (date.day = 0; date.day <= 32; date.day++) {
                if (!mdup_date_is_possible(&date))
                    continue;
                double now_s = mdup_date_seconds(&date);
                assert_true(now_s == previous_s + 86400);
                /* The system's calendar says the same. */
                time_t seconds = (time_t)now_s;
                struct tm there;
                assert_non_null(gmtime_r(&seconds, &there));
                assert_int_equal(there.tm_year + 1900, date.year);
                assert_int_equal(there.tm_mon + 1, date.month);
                assert_int_equal(there.tm_mday, date.day);
                previous_s = now_s;
                n_days++;
            }
    assert_int_equal(n_days, 110 * 365 + 27);
}

static void times_of_day(void **state)
{
    (void)state;
    static const mdup_date possible = {2024, 2, 29, 23, 59, 59},
                           impossible[] = {{2024, 2, 29, 24, 0, 0}, {2024, 2, 29, 0, 60, 0},
                                           {2024, 2, 29, 0, 0, 60}, {2023, 2, 29, 0, 0, 0},
                                           {2024, 2, 29, -1, 0, 0}, {2024, 2, 29, 0, -1, 0},
                                           {2024, 2, 29, 0, 0, -1}, {2024, 2, -1, 0, 0, 0},
                                           {2024, -1, 1, 0, 0, 0}};
    assert_true(mdup_date_is_possible(&possible));
    assert_true(mdup_date_seconds(&possible) == 1709251199);
    for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++)
        assert_false(mdup_date_is_possible(&impossible[i]));
}

static void months(void **state)
{
    (void)state;
    assert_int_equal(mdup_date_month("Jan"), 1);
    assert_int_equal(mdup_date_month("Dec-23"), 12);
    assert_int_equal(mdup_date_month("dec"), 0);
    assert_int_equal(mdup_date_month("anF"), 0);
    assert_int_equal(mdup_date_month("De"), 0);
    assert_int_equal(mdup_date_month(""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day),
        cmocka_unit_test(times_of_day),
        cmocka_unit_test(months),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
