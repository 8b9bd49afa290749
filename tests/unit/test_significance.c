/* E-values: what is promised must hold for scores drawn from the distribution they are said to have. */
#include <math.h>

#include "texture.h"
#include "verify/significance.h"

static const mdup_null TRUTH = {9.6, 1.25, 0};

/* A score whose square, halved, has the Gumbel distribution. */
static double draw(const mdup_null *truth, uint64_t *seed)
{
    const double x = truth->location - truth->scale * log(-log(uniform(seed)));
    return sqrt(2 * fmax(x, 0));
}

/* The score that an unrelated pair reaches with probability p. */
static double score_at(const mdup_null *truth, double p)
{
    return sqrt(2 * (truth->location - truth->scale * log(-log1p(-p))));
}

static void the_definition(void **state)
{
    (void)state;
    for (int i = 1; i <= 12; i++) {
        const double p = pow(10, -i);
        expect_near(mdup_null_log10_evalue(&TRUTH, score_at(&TRUTH, p), 1), -i, 1e-3);
        expect_near(mdup_null_log10_evalue(&TRUTH, score_at(&TRUTH, p), 1000000), 6 - i, 1e-3);
    }
    expect_near(mdup_null_log10_evalue(&TRUTH, score_at(&TRUTH, 0.5), 200), 2, 1e-9);
    /* All pairs reach a score far below. */
    expect_near(mdup_null_log10_evalue(&TRUTH, 0.1, 1000), 3, 1e-2);
    expect_near(mdup_null_log10_evalue(&TRUTH, -5, 1000), 3, 1e-6);
}

static void never_rises_with_the_score(void **state)
{
    (void)state;
    const mdup_null nulls[] = {TRUTH, {0, 1, 0}, {21, 5, 40}, {10, 1, 500}};
    for (size_t i = 0; i < 4; i++) {
        double before = HUGE_VAL;
        for (int k = -2000; k < 20000; k++) {
            const double e = mdup_null_log10_evalue(&nulls[i], k * 0.005, 12345);
            assert_true(e <= before);
            /* No step where one formula takes over from the other. */
            assert_true(k <= 800 || k > 3000 || before - e < 0.2);
            before = e;
        }
    }
}

static void huge_scores(void **state)
{
    (void)state;
    const double scores[] = {-1e150, -1e8, -30, 0, 30, 1e4, 1e8, 1e150};
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++) {
        const double e = mdup_null_log10_evalue(&TRUTH, scores[i], INT64_MAX);
        assert_true(isfinite(e));
        assert_true(e <= log10(9.3e18));
    }
    expect_near(mdup_null_log10_evalue(&TRUTH, 1000, 1), -(5e5 - 9.6) / 1.25 / log(10), 1);
}

/* The fewer high scores the scale was measured on, the less a score is worth; with very many, as much as if it were known. */
static void what_is_not_known_is_not_promised(void **state)
{
    (void)state;
    const double counts[] = {20, 100, 1000, 1e9};
    double before = 0;
    for (size_t i = 0; i < 4; i++) {
        const mdup_null null = {TRUTH.location, TRUTH.scale, counts[i]};
        const double e = mdup_null_log10_evalue(&null, 8, 1000);
        assert_true(e < before || i == 0);
        before = e;
        /* Scores that half of all pairs reach need no extrapolation. */
        expect_near(mdup_null_log10_evalue(&null, score_at(&TRUTH, 0.5), 1), log10(0.5), 1e-9);
    }
    expect_near(before, mdup_null_log10_evalue(&TRUTH, 8, 1000), 1e-5);
}

/* ---- the fit ---- */

enum { MOST = 6000 };
static double scores[MOST];

static mdup_null fit_drawn(size_t n, size_t n_related, uint64_t *seed)
{
    for (size_t i = 0; i < n; i++)
        scores[i] = draw(&TRUTH, seed);
    for (size_t i = 0; i < n_related; i++)
        scores[n + i] = 7 + 15 * uniform(seed);
    return mdup_null_fit(scores, n + n_related);
}

static void expect_calibrated(size_t n, double share_related, double most_factor)
{
    enum { REPEATS = 60 };
    const double ps[] = {1e-2, 1e-3, 1e-4};
    const size_t n_related = (size_t)((double)n * share_related / (1 - share_related));
    for (size_t i = 0; i < 3; i++) {
        uint64_t seed = 77 + n;
        double sum = 0;
        for (int r = 0; r < REPEATS; r++) {
            const mdup_null null = fit_drawn(n, n_related, &seed);
            sum += mdup_null_log10_evalue(&null, score_at(&TRUTH, ps[i]), 1) - log10(ps[i]);
        }
        const double mean = sum / REPEATS;
        if (fabs(mean) > log10(most_factor))
            fail_msg("n %zu, related %g: E is %.2f times the true one at p = %g", n, share_related,
                     pow(10, mean), ps[i]);
    }
}

static void calibrated(void **state)
{
    (void)state;
    expect_calibrated(2000, 0, 2);
    expect_calibrated(500, 0, 2);
    expect_calibrated(MOST, 0, 2);
}

static void related_pairs_are_left_out(void **state)
{
    (void)state;
    expect_calibrated(2000, 0.05, 2);
    expect_calibrated(2000, 0.3, 3);
    expect_calibrated(1500, 0.45, 4);
}

static void more_spread_more_caution(void **state)
{
    (void)state;
    uint64_t seed = 5;
    const mdup_null wide = {14, 2.5, 0};
    for (size_t i = 0; i < 2000; i++)
        scores[i] = draw(&wide, &seed);
    const mdup_null null = mdup_null_fit(scores, 2000);
    expect_near(null.location, 14, 0.5);
    expect_near(null.scale, 2.5, 0.5);
}

static void sorted_in_place(void **state)
{
    (void)state;
    uint64_t seed = 6;
    double sum = 0, after = 0;
    for (size_t i = 0; i < 1000; i++)
        sum += scores[i] = draw(&TRUTH, &seed);
    const mdup_null null = mdup_null_fit(scores, 1000);
    for (size_t i = 0; i < 1000; i++) {
        after += scores[i];
        assert_true(i == 0 || scores[i - 1] <= scores[i]);
    }
    expect_near(after, sum, 1e-9);
    /* The order of the scores does not matter. */
    for (size_t i = 0; i < 500; i++) {
        const double other = scores[i];
        scores[i] = scores[999 - i];
        scores[999 - i] = other;
    }
    const mdup_null again = mdup_null_fit(scores, 1000);
    expect_near(again.location, null.location, 0);
    expect_near(again.scale, null.scale, 0);
}

static void expect_cautious(const mdup_null *null)
{
    assert_true(isfinite(null->location) && isfinite(null->scale));
    assert_true(null->scale >= 0.8); /* a maximum of Gaussian values has 1, specimens more */
    assert_true(null->location < 30);
}

static void too_few_to_tell(void **state)
{
    (void)state;
    uint64_t seed = 7;
    const mdup_null none = mdup_null_fit(scores, 0);
    expect_cautious(&none);
    assert_true(none.scale > TRUTH.scale);
    for (size_t n = 1; n < 30; n++) {
        for (size_t i = 0; i < n; i++)
            scores[i] = 30 * uniform(&seed); /* whatever they are */
        const mdup_null null = mdup_null_fit(scores, n);
        expect_near(null.location, none.location, 0);
        expect_near(null.scale, none.scale, 0);
    }
    /* Two exposures of one place, alone, are still told. */
    assert_true(mdup_null_log10_evalue(&none, 12, 1) < -5);
    assert_true(mdup_null_log10_evalue(&none, 4.5, 1) > -1.2);
}

static void odd_samples(void **state)
{
    (void)state;
    const double values[] = {0, 4.4, -3, 50, 1e8, 1e150};
    const size_t counts[] = {30, 31, 100, 2000};
    for (size_t v = 0; v < 6; v++) {
        for (size_t c = 0; c < 4; c++) {
            for (size_t i = 0; i < counts[c]; i++)
                scores[i] = values[v];
            mdup_null null = mdup_null_fit(scores, counts[c]);
            expect_cautious(&null);
            for (size_t i = 0; i < counts[c]; i++) /* half and half */
                scores[i] = i % 2 ? values[v] : 4;
            null = mdup_null_fit(scores, counts[c]);
            expect_cautious(&null);
            const double e = mdup_null_log10_evalue(&null, values[v], 1000);
            assert_true(e <= 4);
        }
    }
}

/* One exposure of one grid square over and over: related pairs do not become the measure of unrelated ones. */
static void nearly_all_related(void **state)
{
    (void)state;
    uint64_t seed = 8;
    for (size_t i = 0; i < 400; i++)
        scores[i] = i < 40 ? draw(&TRUTH, &seed) : 12 + 10 * uniform(&seed);
    const mdup_null null = mdup_null_fit(scores, 400);
    expect_cautious(&null);
}

/* Scores at one shift: half are below the median, and what stands far out of the sample is significant. */
static void at_one_shift(void **state)
{
    (void)state;
    enum { SAMPLE = 200 };
    double drawn[SAMPLE];
    uint64_t seed = 3;
    for (size_t i = 0; i < SAMPLE; i++)
        drawn[i] = 5 + 1.5 * gaussian(&seed);
    mdup_null null, strong;
    assert_true(mdup_null_fit_at_shift(drawn, SAMPLE, &null));
    assert_true(mdup_null_log10_evalue(&null, 7, 200) > 1);
    assert_true(mdup_null_log10_evalue(&null, 30, 200) < -4);
    for (size_t i = 0; i < SAMPLE; i++)
        drawn[i] *= 2;
    assert_true(mdup_null_fit_at_shift(drawn, SAMPLE, &strong));
    assert_true(mdup_null_log10_evalue(&strong, 14, 200) > 1);
    strong = (mdup_null){77, 7, 0};
    assert_false(mdup_null_fit_at_shift(drawn, 29, &strong));
    assert_true(strong.location == 77 && strong.scale == 7);
}

static void the_score_at_an_evalue(void **state)
{
    (void)state;
    const mdup_null null = {9, 1.2, 300};
    for (double log10_evalue = 3; log10_evalue > -20; log10_evalue -= 1.7) {
        const double score = mdup_null_score_at(&null, log10_evalue, 4005);
        expect_near(mdup_null_log10_evalue(&null, score, 4005), log10_evalue, 1e-4);
    }
}

/* Highest near the overlap where the score is the usual one, and falling on both sides of it. */
static void odds_of_an_overlap(void **state)
{
    (void)state;
    const double usual = 6.5 / 40 * 6.5 / 40; /* 2.6 % */
    const double there = mdup_overlap_odds(6.5, 40, usual);
    assert_true(there > 5 * mdup_overlap_odds(6.5, 40, 0.2));
    assert_true(mdup_overlap_odds(6.5, 40, 0.2) > 5 * mdup_overlap_odds(6.5, 40, 0.8));
    assert_true(there > 2 * mdup_overlap_odds(6.5, 40, 0.002));
    const double ends[] = {0, 1e-9, 1, 2};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const double odds = mdup_overlap_odds(6.5, 40, ends[i]);
        assert_true(isfinite(odds) && odds >= 0);
    }
}

/* Without a strength all overlaps count alike; else the least likely one counts something. */
static void weights_of_overlaps(void **state)
{
    (void)state;
    const mdup_overlap_weights none = {0}, some = {6, 10, 2};
    for (double overlap = 0; overlap <= 1; overlap += 0.05)
        expect_near(mdup_overlap_weight(&none, overlap), 1, 0);
    expect_near(mdup_overlap_weight(&some, 0.36), mdup_overlap_odds(6, 10, 0.36) / 2, 1e-12);
    expect_near(mdup_overlap_weight(&some, 1e-4), 0.01, 1e-12);
    assert_true(mdup_overlap_weight(&some, 0.36) > 2 * mdup_overlap_weight(&some, 0.05));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_of_overlaps),
        cmocka_unit_test(the_definition),
        cmocka_unit_test(never_rises_with_the_score),
        cmocka_unit_test(huge_scores),
        cmocka_unit_test(what_is_not_known_is_not_promised),
        cmocka_unit_test(calibrated),
        cmocka_unit_test(related_pairs_are_left_out),
        cmocka_unit_test(more_spread_more_caution),
        cmocka_unit_test(sorted_in_place),
        cmocka_unit_test(too_few_to_tell),
        cmocka_unit_test(odd_samples),
        cmocka_unit_test(nearly_all_related),
        cmocka_unit_test(at_one_shift),
        cmocka_unit_test(the_score_at_an_evalue),
        cmocka_unit_test(odds_of_an_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
