/* Which overlaps are the session's own pattern. */
#include "decide/design.h"
#include "texture.h"

enum { MOST = 400 };

typedef struct {
    mdup_pair pairs[MOST];
    bool is_duplicate[MOST], by_design[MOST];
    size_t n;
    mdup_shot_place places[4 * MOST];
} session;

static session *start(void)
{
    session *s = calloc(1, sizeof *s);
    assert_non_null(s);
    for (size_t i = 0; i < 4 * MOST; i++)
        s->places[i].long_side_px = 5760;
    return s;
}

static void add(session *s, size_t a, size_t b, double x, double y)
{
    assert_in_range(s->n, 0, MOST - 1);
    s->pairs[s->n++] = (mdup_pair){.a = a, .b = b, .shift_x_px = x, .shift_y_px = y};
}

static void judge(session *s)
{
    mdup_error *err = NULL;
    memset(s->by_design, true, sizeof s->by_design);
    bool ok = mdup_find_overlaps_by_design(s->pairs, s->n, s->is_duplicate, s->places, s->by_design,
                                           &err);
    expect_no_error(&err);
    assert_true(ok);
}

static size_t count(const session *s)
{
    size_t n = 0;
    for (size_t p = 0; p < s->n; p++)
        n += s->by_design[p];
    return n;
}

static void nothing(void **state)
{
    (void)state;
    session *s = start();
    judge(s);
    free(s);
}

/* The first and the last of four shots of each hole, whose shift repeats to 2 px. */
static void a_shift_that_comes_over_and_over(void **state)
{
    (void)state;
    session *s = start();
    for (size_t hole = 0; hole < 3; hole++)
        add(s, 4 * hole, 4 * hole + 3, 4496.0 + (double)hole, -3528);
    judge(s);
    assert_int_equal(count(s), 3);
    s->n = 2; /* twice is chance */
    judge(s);
    assert_int_equal(count(s), 0);
    free(s);
}

/* Rows recorded to and fro: opposite shifts, and a small component of either sign. */
static void either_way_round(void **state)
{
    (void)state;
    session *s = start();
    for (size_t row = 0; row < 4; row++)
        add(s, 4 * row, 4 * row + 1, row % 2 ? -3.0 : 4.0, row % 2 ? -3700 : 3700);
    judge(s);
    assert_int_equal(count(s), 4);
    free(s);
}

/* A whole square once more: a hundred pairs of one shift, but all at one moment. */
static void a_square_recorded_again(void **state)
{
    (void)state;
    session *s = start();
    for (size_t i = 0; i < 100; i++)
        add(s, i, i + 100, 2900, 1200);
    judge(s);
    assert_int_equal(count(s), 0);
    free(s);
}

/* Stage errors are never alike. */
static void holes_recorded_again(void **state)
{
    (void)state;
    session *s = start();
    for (size_t i = 0; i < 20; i++)
        add(s, 3 * i, 3 * i + 1, 300.0 * (double)i - 2800, 2500.0 - 130.0 * (double)(i * i % 20));
    judge(s);
    assert_int_equal(count(s), 0);
    free(s);
}

/* The shots of a hole recorded again hours later overlap the old ones at the pattern's shift as well. */
static void the_pattern_between_old_and_new_shots(void **state)
{
    (void)state;
    session *s = start();
    for (size_t hole = 0; hole < 10; hole++)
        add(s, 4 * hole, 4 * hole + 3, 4496, -3528);
    add(s, 0, 103, 4500, -3530);
    judge(s);
    assert_int_equal(count(s), 10);
    assert_false(s->by_design[10]);
    free(s);
}

/* Four shots in a square: the second and third lie as the first and fourth do. */
static void a_square_of_shots(void **state)
{
    (void)state;
    session *s = start();
    for (size_t hole = 0; hole < 6; hole++) {
        add(s, 4 * hole, 4 * hole + 1, 5400, 0);
        add(s, 4 * hole, 4 * hole + 3, 0, 3800);
        add(s, 4 * hole + 1, 4 * hole + 2, 0, 3800);
        add(s, 4 * hole + 2, 4 * hole + 3, -5400, 0);
    }
    judge(s);
    assert_int_equal(count(s), 24);
    free(s);
}

static void one_hole(void **state)
{
    (void)state;
    session *s = start();
    add(s, 0, 3, 4496, -3528);
    add(s, 3, 7, 500, 3528);
    for (size_t i = 0; i < 4; i++)
        s->places[i].hole = "X+1Y-1";
    s->places[7].hole = "X+2Y-1";
    judge(s);
    assert_true(s->by_design[0]);
    assert_false(s->by_design[1]);
    free(s);
}

static void a_duplicate_is_no_pattern(void **state)
{
    (void)state;
    session *s = start();
    for (size_t i = 0; i < 10; i++) {
        add(s, 2 * i, 2 * i + 1, 300, 200);
        s->is_duplicate[i] = true;
        s->places[2 * i].hole = s->places[2 * i + 1].hole = "one";
    }
    judge(s);
    assert_int_equal(count(s), 0);
    free(s);
}

/* Frames of another size repeat shifts of their own: 1 % of a small frame is not 1 % of a large one. */
static void shifts_are_shares_of_the_frame(void **state)
{
    (void)state;
    session *s = start();
    const double apart_px = 30; /* half a per cent of 5760, 5 % of 600 */
    for (size_t i = 0; i < 3; i++)
        add(s, 2 * i, 2 * i + 1, 400 + apart_px * (double)i, 0);
    judge(s);
    assert_int_equal(count(s), 3);
    for (size_t i = 0; i < 6; i++)
        s->places[i].long_side_px = 600;
    judge(s);
    assert_int_equal(count(s), 0);
    for (size_t i = 0; i < 6; i++)
        s->places[i].long_side_px = 0; /* no frame: nothing can be told */
    judge(s);
    assert_int_equal(count(s), 0);
    free(s);
}

/* The order of the pairs does not matter. */
static void any_order(void **state)
{
    (void)state;
    session *s = start();
    for (size_t i = 0; i < 30; i++)
        add(s, 3 * i, 3 * i + 1 + i % 2, 4000.0 + (i % 3 ? 0 : 500.0 + 97.0 * (double)i), -100);
    judge(s);
    size_t n = count(s);
    assert_in_range(n, 1, 29);
    bool before[MOST];
    memcpy(before, s->by_design, sizeof before);
    for (size_t i = 0; i < s->n / 2; i++) {
        mdup_pair swapped = s->pairs[i];
        s->pairs[i] = s->pairs[s->n - 1 - i];
        s->pairs[s->n - 1 - i] = swapped;
    }
    judge(s);
    for (size_t i = 0; i < s->n; i++)
        assert_int_equal(s->by_design[i], before[s->n - 1 - i]);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),
        cmocka_unit_test(a_shift_that_comes_over_and_over),
        cmocka_unit_test(either_way_round),
        cmocka_unit_test(a_square_recorded_again),
        cmocka_unit_test(holes_recorded_again),
        cmocka_unit_test(the_pattern_between_old_and_new_shots),
        cmocka_unit_test(a_square_of_shots),
        cmocka_unit_test(one_hole),
        cmocka_unit_test(a_duplicate_is_no_pattern),
        cmocka_unit_test(shifts_are_shares_of_the_frame),
        cmocka_unit_test(any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
