/* What the shifts of a search share, and how much further chance reaches where that is little. */
#include <math.h>

#include "image/condition.h"
#include "texture.h"
#include "verify/overlaps.h"
#include "verify/verify.h"

enum { NX = 360, NY = 255, MOST = 3000 };

static mdup_overlap_table table;

static void fill_table(double max_shift_px)
{
    mdup_error *err = NULL;
    mdup_conditioner *conditioner = mdup_conditioner_new(NX, NY, &err);
    expect_no_error(&err);
    if (max_shift_px > 0)
        mdup_conditioner_limit_shifts(conditioner, max_shift_px);
    mdup_overlap_table_fill(conditioner, &table);
    mdup_conditioner_free(conditioner);
}

/* ---- the shifts ---- */

/* Of all shifts of the plane a part f (1 - ln f) shares f or less. */
static double share_up_to(double f)
{
    return f * (1 - log(f));
}

static double rank_from(double least, double f)
{
    return (share_up_to(f) - share_up_to(least)) / (1 - share_up_to(least));
}

/* Shifts are searched that share 1.2 % or more of what the windows leave, narrow strips of 2 % and corners of 1.4 %. */
static void ranks_of_all_shifts(void **state)
{
    (void)state;
    fill_table(0);
    for (double f = 0.02; f < 0.95; f *= 1.1) {
        const double rank = mdup_overlap_rank(&table, f);
        assert_true(rank <= rank_from(0.013, f) && rank >= rank_from(0.024, f));
    }
    expect_near(mdup_overlap_rank(&table, 1), 1, 1e-9);
    expect_near(mdup_overlap_rank(&table, 0), 0, 0);
}

static void ranks_rise(void **state)
{
    (void)state;
    const double limits_px[] = {0, 100, 30};
    for (size_t i = 0; i < 3; i++) {
        fill_table(limits_px[i]);
        double before = 0, sum = 0;
        for (double f = 0; f <= 1.2; f += 1e-3) {
            const double rank = mdup_overlap_rank(&table, f);
            assert_true(rank >= before && rank <= 1 + 1e-9);
            before = rank;
        }
        for (size_t k = 0; k < MDUP_OVERLAP_STEPS; k++)
            sum += table.share[k];
        expect_near(sum, 1, 1e-9);
    }
    /* Nothing that shares less than shifts up to the limit is searched. */
    expect_near(mdup_overlap_rank(&table, 0.9 * mdup_overlap(NX, NY, 22, 22)), 0, 1e-9);
}

static void steps_stand_for_their_overlaps(void **state)
{
    (void)state;
    fill_table(0);
    for (size_t k = 1; k < MDUP_OVERLAP_STEPS; k++)
        if (table.share[k] > 0)
            expect_near(mdup_overlap_rank(&table, mdup_overlap_of_step(k)),
                        table.below[k] + table.share[k] / 2, 1e-9);
}

/* ---- smallness ---- */

static mdup_scored_pair pairs[MOST];

/* Unrelated pairs: shifts all over the plane, scores as far as chance makes them there. */
static void draw_pairs(size_t n, double smallness, uint64_t *seed)
{
    for (size_t i = 0; i < n; i++) {
        do {
            pairs[i].overlap = uniform(seed) * uniform(seed);
        } while (pairs[i].overlap < 0.017);
        const double u = 9.6 - 1.2 * log(-log(uniform(seed)));
        pairs[i].score = sqrt(2 * fmax(u, 0)) * mdup_smallness_factor(smallness, pairs[i].overlap);
    }
}

static double fit(size_t n)
{
    mdup_error *err = NULL;
    double smallness = -7;
    assert_true(mdup_smallness_fit(&table, pairs, n, &smallness, &err));
    expect_no_error(&err);
    return smallness;
}

static void factors(void **state)
{
    (void)state;
    expect_near(mdup_smallness_factor(0, 0.02), 1, 0);
    expect_near(mdup_smallness_factor(0.3, 1), 1, 0);
    expect_near(mdup_smallness_factor(0.3, 0.02), sqrt(1 + 0.3 * log(50)), 1e-12);
    assert_true(mdup_smallness_factor(-0.15, 0) > 0.4); /* whatever it is given */
    assert_true(isfinite(mdup_smallness_factor(0.6, 0)));
}

static void planted_smallness_is_found(void **state)
{
    (void)state;
    const double planted[] = {-0.1, 0, 0.05, 0.2, 0.4};
    enum { REPEATS = 20 };
    fill_table(0);
    for (size_t i = 0; i < 5; i++) {
        uint64_t seed = 11;
        double sum = 0;
        for (int r = 0; r < REPEATS; r++) {
            draw_pairs(1000, planted[i], &seed);
            const double found = fit(1000);
            expect_near(found, planted[i], 0.05 + 0.3 * fabs(planted[i]));
            sum += found;
        }
        expect_near(sum / REPEATS, planted[i], 0.01 + 0.1 * fabs(planted[i]));
    }
}

static void related_pairs_do_not_count(void **state)
{
    (void)state;
    uint64_t seed = 12;
    fill_table(0);
    draw_pairs(1000, 0.2, &seed);
    for (size_t i = 0; i < 200; i++) /* all of a corner */
        pairs[1000 + i] = (mdup_scored_pair){14 + 10 * uniform(&seed), 0.03};
    expect_near(fit(1200), 0.2, 0.1);
    for (size_t i = 0; i < 200; i++)
        pairs[1000 + i] = (mdup_scored_pair){20 + 10 * uniform(&seed), 0.9};
    expect_near(fit(1200), 0.2, 0.1);
}

static void order_does_not_matter(void **state)
{
    (void)state;
    uint64_t seed = 13;
    fill_table(0);
    draw_pairs(700, 0.1, &seed);
    const double found = fit(700);
    for (size_t i = 0; i < 350; i++) {
        const mdup_scored_pair other = pairs[i];
        pairs[i] = pairs[699 - i];
        pairs[699 - i] = other;
    }
    expect_near(fit(700), found, 0);
}

static void few_and_odd_pairs(void **state)
{
    (void)state;
    uint64_t seed = 14;
    fill_table(0);
    draw_pairs(MOST, 0.6, &seed);
    expect_near(fit(0), 0, 0);
    expect_near(fit(29), 0, 0);
    const double scores[] = {0, -3, 4.4, 1e8, 1e150}, overlaps[] = {0, 0.012, 0.5, 1};
    for (size_t s = 0; s < 5; s++) {
        for (size_t o = 0; o < 4; o++) {
            for (size_t i = 0; i < 300; i++)
                pairs[i] = (mdup_scored_pair){scores[s], overlaps[o]};
            const double found = fit(300);
            assert_true(found >= -0.15 && found <= 0.6);
        }
    }
}

/* Sessions of nine micrographs and more: what so few pairs say by chance moves it little. */
static void few_pairs_move_it_little(void **state)
{
    (void)state;
    const size_t sizes[] = {30, 45, 66, 105};
    uint64_t seed = 16;
    fill_table(0);
    for (size_t i = 0; i < 4; i++) {
        for (int r = 0; r < 20; r++) {
            draw_pairs(sizes[i], 0, &seed);
            expect_near(fit(sizes[i]), 0, 0.12);
        }
    }
}

/* Every overlap is as likely among the highest divided scores as among all shifts. */
static void divided_scores_prefer_no_overlap(void **state)
{
    (void)state;
    uint64_t seed = 15;
    fill_table(0);
    draw_pairs(MOST, 0.3, &seed);
    const double smallness = fit(MOST);
    double small_before = 0, small = 0, above = 0;
    for (size_t i = 0; i < MOST; i++) {
        const bool is_small = mdup_overlap_rank(&table, pairs[i].overlap) < 0.25;
        small_before += is_small && pairs[i].score > 6;
        if (pairs[i].score / mdup_smallness_factor(smallness, pairs[i].overlap) < 4.8)
            continue;
        above++;
        small += is_small;
    }
    assert_true(above > 300);
    expect_near(small / above, 0.25, 0.07);
    assert_true(small_before > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_of_all_shifts),
        cmocka_unit_test(ranks_rise),
        cmocka_unit_test(steps_stand_for_their_overlaps),
        cmocka_unit_test(factors),
        cmocka_unit_test(planted_smallness_is_found),
        cmocka_unit_test(related_pairs_do_not_count),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(few_and_odd_pairs),
        cmocka_unit_test(few_pairs_move_it_little),
        cmocka_unit_test(divided_scores_prefer_no_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
