/* What is kept and what is removed. */
#include "decide/decide.h"
#include "texture.h"

static mdup_pair pair_of(size_t a, size_t b, double overlap)
{
    return (mdup_pair){.a = a, .b = b, .overlap = overlap};
}

static mdup_decision decide(const mdup_pair *pairs, size_t n_pairs, size_t n, double min_overlap)
{
    mdup_decision d = {0};
    mdup_error *err = NULL;
    const bool ok = mdup_decide(pairs, n_pairs, n, min_overlap, &d, &err);
    expect_no_error(&err);
    assert_true(ok);
    return d;
}

/* removed: 'r' or 'k' for each; sets: a digit for each. */
static void expect_decision(mdup_decision *d, const char *removed, const char *sets)
{
    for (size_t i = 0; removed[i]; i++) {
        assert_int_equal(d->removed[i], removed[i] == 'r');
        assert_int_equal(d->set[i], sets[i] - '0');
        assert_int_equal(d->original[i] >= 0, removed[i] == 'r');
    }
}

static void nothing_to_decide(void **state)
{
    (void)state;
    mdup_decision d = decide(NULL, 0, 0, 0.5);
    assert_int_equal(d.n_sets, 0);
    mdup_decision_clear(&d);
    d = decide(NULL, 0, 3, 0.5);
    expect_decision(&d, "kkk", "000");
    assert_int_equal(d.n_removed, 0);
    mdup_decision_clear(&d);
    assert_null(d.removed);
    mdup_decision_clear(&d);
}

static void the_earlier_one_stays(void **state)
{
    (void)state;
    const mdup_pair pairs[] = {pair_of(1, 3, 0.9)};
    mdup_decision d = decide(pairs, 1, 4, 0.5);
    expect_decision(&d, "kkkr", "0101");
    assert_int_equal(d.original[3], 0);
    assert_int_equal(d.n_sets, 1);
    assert_int_equal(d.n_duplicate_pairs, 1);
    assert_int_equal(d.n_removed, 1);
    mdup_decision_clear(&d);
}

/* Unlike the end of a chain it shows the very same: 1 goes for 0, and 3, a copy of 1, too. */
static void a_copy_goes_with_what_it_is_a_copy_of(void **state)
{
    (void)state;
    mdup_pair pairs[] = {pair_of(0, 1, 0.7), pair_of(1, 3, 1)};
    mdup_decision d = decide(pairs, 2, 4, 0.5);
    expect_decision(&d, "krkk", "1101");
    mdup_decision_clear(&d);
    pairs[1].is_copy = true;
    d = decide(pairs, 2, 4, 0.5);
    expect_decision(&d, "krkr", "1101");
    assert_int_equal(d.original[3], 0);
    assert_int_equal(d.n_removed, 2);
    mdup_decision_clear(&d);
}

/* A limit that is met exactly is met. */
static void at_the_threshold(void **state)
{
    (void)state;
    const mdup_pair pairs[] = {pair_of(0, 1, 0.5), pair_of(2, 3, 0.49999999999),
                               pair_of(4, 5, 0.50000000001), pair_of(0, 5, 0)};
    mdup_decision d = decide(pairs, 4, 6, 0.5);
    expect_decision(&d, "krkkkr", "110022");
    assert_true(d.is_duplicate[0] && !d.is_duplicate[1] && d.is_duplicate[2] && !d.is_duplicate[3]);
    assert_int_equal(d.n_duplicate_pairs, 2);
    mdup_decision_clear(&d);
}

/* The end of a chain duplicates only what is removed, and so it stays; all of it is one set. */
static void a_chain(void **state)
{
    (void)state;
    const mdup_pair pairs[] = {pair_of(0, 1, 0.6), pair_of(1, 2, 0.6), pair_of(2, 3, 0.6),
                               pair_of(3, 4, 0.6)};
    mdup_decision d = decide(pairs, 4, 5, 0.5);
    expect_decision(&d, "krkrk", "11111");
    assert_int_equal(d.original[1], 0);
    assert_int_equal(d.original[3], 2);
    assert_int_equal(d.n_sets, 1);
    assert_int_equal(d.n_removed, 2);
    mdup_decision_clear(&d);
}

static void a_triple(void **state)
{
    (void)state;
    const mdup_pair pairs[] = {pair_of(0, 1, 0.9), pair_of(0, 2, 0.8), pair_of(1, 2, 0.95)};
    mdup_decision d = decide(pairs, 3, 3, 0.5);
    expect_decision(&d, "krr", "111");
    assert_int_equal(d.original[2],
                     1); /* not 1, which is itself removed, though it overlaps more */
    assert_int_equal(d.n_duplicate_pairs, 3);
    mdup_decision_clear(&d);
}

/* Two kept ones speak against it: the one with more in common is named; of equals the earlier. */
static void the_nearest_original_is_named(void **state)
{
    (void)state;
    const mdup_pair pairs[] = {pair_of(0, 2, 0.6), pair_of(1, 2, 0.7), pair_of(0, 3, 0.6),
                               pair_of(1, 3, 0.6)};
    mdup_decision d = decide(pairs, 4, 4, 0.5);
    expect_decision(&d, "kkrr", "1111");
    assert_int_equal(d.original[2], 1);
    assert_int_equal(d.original[3], 2);
    mdup_decision_clear(&d);
    const mdup_pair turned[] = {pair_of(1, 3, 0.6), pair_of(0, 3, 0.6)};
    d = decide(turned, 2, 4, 0.5);
    assert_int_equal(d.original[3], 1);
    mdup_decision_clear(&d);
}

/* Sets are numbered by their earliest member, also when a late pair joins two of them. */
static void sets_are_numbered_in_order(void **state)
{
    (void)state;
    const mdup_pair pairs[] = {pair_of(5, 6, 0.9), pair_of(1, 4, 0.9), pair_of(2, 3, 0.9),
                               pair_of(6, 7, 0.9), pair_of(3, 7, 0.9)};
    mdup_decision d = decide(pairs, 5, 9, 0.5);
    expect_decision(&d, "kkkrrkrkk", "012212220");
    assert_int_equal(d.n_sets, 2);
    mdup_decision_clear(&d);
}

/* ---- properties on random sessions ---- */

enum { MOST_N = 40, MOST_PAIRS = MOST_N * (MOST_N - 1) / 2 };

typedef struct {
    size_t n, n_pairs;
    mdup_pair pairs[MOST_PAIRS];
    double min_overlap;
} session;

static void draw_session(session *s, uint64_t *seed)
{
    const double density = uniform(seed) * uniform(seed);
    s->n = 1 + next_random(seed) % MOST_N;
    s->n_pairs = 0;
    s->min_overlap = 0.1 * (double)(next_random(seed) % 11);
    for (size_t a = 0; a < s->n; a++)
        for (size_t b = a + 1; b < s->n; b++)
            if (uniform(seed) < density) /* steps of a tenth: ties and hits of the threshold */
                s->pairs[s->n_pairs++] = pair_of(a, b, 0.1 * (double)(next_random(seed) % 11));
}

static const mdup_pair *find_pair(const session *s, const mdup_decision *d, size_t b, size_t kept)
{
    for (size_t p = 0; p < s->n_pairs; p++)
        if (d->is_duplicate[p] && s->pairs[p].b == b && s->pairs[p].a == kept)
            return &s->pairs[p];
    return NULL;
}

static void check_removals(const session *s, const mdup_decision *d)
{
    size_t n_removed = 0;
    for (size_t i = 0; i < s->n; i++) {
        n_removed += d->removed[i];
        assert_int_equal(d->original[i] >= 0, d->removed[i]);
        if (!d->removed[i])
            continue;
        const mdup_pair *reason = &s->pairs[d->original[i]];
        assert_true((size_t)d->original[i] < s->n_pairs && d->is_duplicate[d->original[i]]);
        assert_int_equal(reason->b, i);
        assert_false(d->removed[reason->a]); /* it goes for one that is kept */
        for (size_t kept = 0; kept < i; kept++) {
            const mdup_pair *other = d->removed[kept] ? NULL : find_pair(s, d, i, kept);
            assert_true(!other || other->overlap < reason->overlap ||
                        (other->overlap <= reason->overlap && other->a >= reason->a));
        }
    }
    assert_int_equal(n_removed, d->n_removed);
}

static void check_pairs(const session *s, const mdup_decision *d)
{
    size_t n_duplicates = 0;
    for (size_t p = 0; p < s->n_pairs; p++) {
        const mdup_pair *pair = &s->pairs[p];
        assert_int_equal(d->is_duplicate[p], pair->overlap >= s->min_overlap);
        n_duplicates += d->is_duplicate[p];
        if (d->is_duplicate[p]) /* two that are kept never duplicate each other */
            assert_true(d->removed[pair->a] || d->removed[pair->b]);
    }
    assert_int_equal(n_duplicates, d->n_duplicate_pairs);
}

/* Components by spreading the smallest index until nothing changes. */
static void check_sets(const session *s, const mdup_decision *d)
{
    size_t root[MOST_N];
    bool paired[MOST_N] = {false};
    for (size_t i = 0; i < s->n; i++)
        root[i] = i;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t p = 0; p < s->n_pairs; p++) {
            const size_t a = s->pairs[p].a, b = s->pairs[p].b;
            if (!d->is_duplicate[p])
                continue;
            paired[a] = paired[b] = true;
            if (root[a] != root[b]) {
                root[a] = root[b] = root[a] < root[b] ? root[a] : root[b];
                changed = true;
            }
        }
    }
    int64_t number[MOST_N] = {0}, n_sets = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (paired[i] && root[i] == i)
            number[i] = ++n_sets;
        assert_int_equal(d->set[i], paired[i] ? number[root[i]] : MDUP_NO_SET);
    }
    assert_int_equal(d->n_sets, n_sets);
}

static void check_same_again(const session *s, const mdup_decision *d, uint64_t *seed)
{
    session *other = malloc(sizeof *other);
    assert_non_null(other);
    *other = *s;
    for (size_t p = s->n_pairs; p > 1; p--) { /* the order of the pairs does not matter */
        const size_t q = next_random(seed) % p;
        const mdup_pair pair = other->pairs[p - 1];
        other->pairs[p - 1] = other->pairs[q];
        other->pairs[q] = pair;
    }
    mdup_decision e = decide(other->pairs, other->n_pairs, other->n, other->min_overlap);
    for (size_t i = 0; i < s->n; i++) {
        assert_int_equal(d->removed[i], e.removed[i]);
        assert_int_equal(d->set[i], e.set[i]);
        if (d->removed[i])
            assert_int_equal(s->pairs[d->original[i]].a, other->pairs[e.original[i]].a);
    }
    mdup_decision_clear(&e);
    free(other);
}

static void properties(void **state)
{
    (void)state;
    uint64_t seed = 2024;
    session *s = malloc(sizeof *s);
    assert_non_null(s);
    for (int repeat = 0; repeat < 400; repeat++) {
        draw_session(s, &seed);
        mdup_decision d = decide(s->pairs, s->n_pairs, s->n, s->min_overlap);
        check_removals(s, &d);
        check_pairs(s, &d);
        check_sets(s, &d);
        check_same_again(s, &d, &seed);
        mdup_decision_clear(&d);
    }
    free(s);
}

/* ---- by other rules ---- */

static mdup_decision decide_by(const session *s, const mdup_rules *rules)
{
    mdup_decision d = {0};
    mdup_error *err = NULL;
    const bool ok = mdup_decide_by(s->pairs, s->n_pairs, s->n, rules, &d, &err);
    expect_no_error(&err);
    assert_true(ok);
    return d;
}

/* A number of its own for each micrograph, in any order. */
static void draw_ranks(size_t *rank, size_t n, uint64_t *seed)
{
    for (size_t i = 0; i < n; i++)
        rank[i] = i;
    for (size_t i = n; i > 1; i--) {
        const size_t k = next_random(seed) % i, other = rank[k];
        rank[k] = rank[i - 1];
        rank[i - 1] = other;
    }
}

/* Without copies: who is removed goes for one of lower rank that stays; no two that stay are duplicates, but for two that are protected. */
static void check_by_rules(const session *s, const mdup_rules *r, const mdup_decision *d)
{
    size_t n_removed = 0;
    for (size_t i = 0; i < s->n; i++) {
        n_removed += d->removed[i];
        assert_false(r->exclude[i] && !d->removed[i]);
        assert_false(r->protect[i] && d->removed[i]);
        assert_int_equal(d->original[i] >= 0, d->removed[i] && !r->exclude[i]);
        if (d->original[i] < 0)
            continue;
        const mdup_pair *pair = &s->pairs[d->original[i]];
        const size_t kept = mdup_decision_kept_of(d, pair);
        assert_true((pair->a == i || pair->b == i) && kept != i && !d->removed[kept]);
        assert_true(d->is_duplicate[d->original[i]] && r->rank[kept] < r->rank[i]);
    }
    assert_int_equal(n_removed, d->n_removed);
    for (size_t p = 0; p < s->n_pairs; p++) {
        const size_t a = s->pairs[p].a, b = s->pairs[p].b;
        if (d->is_duplicate[p] && !d->removed[a] && !d->removed[b])
            assert_true(r->protect[a] && r->protect[b]);
    }
}

static void rules_hold(void **state)
{
    (void)state;
    uint64_t seed = 77;
    session *s = malloc(sizeof *s);
    assert_non_null(s);
    for (int repeat = 0; repeat < 400; repeat++) {
        draw_session(s, &seed);
        size_t rank[MOST_N];
        double values[MOST_N];
        bool exclude[MOST_N] = {false}, protect[MOST_N] = {false};
        draw_ranks(rank, s->n, &seed);
        for (size_t p = 0; p < s->n_pairs; p++)
            s->pairs[p].is_copy = false;
        for (size_t i = 0; i < s->n; i++) {
            values[i] = (double)rank[i];
            exclude[i] = next_random(&seed) % 8 == 0;
            protect[i] = !exclude[i] && next_random(&seed) % 4 == 0;
        }
        assert_true(mdup_rank(values, protect, s->n, s->pairs, s->n_pairs, rank, NULL));
        const mdup_rules rules = {s->min_overlap, rank, exclude, protect};
        mdup_decision d = decide_by(s, &rules);
        check_by_rules(s, &rules, &d);
        check_sets(s, &d);
        mdup_decision_clear(&d);
    }
    free(s);
}

/* By acquisition, whichever way it is said. */
static void ranks_of_acquisition_change_nothing(void **state)
{
    (void)state;
    uint64_t seed = 78;
    session *s = malloc(sizeof *s);
    assert_non_null(s);
    for (int repeat = 0; repeat < 100; repeat++) {
        draw_session(s, &seed);
        size_t rank[MOST_N];
        for (size_t i = 0; i < s->n; i++)
            rank[i] = i;
        const mdup_rules rules = {.min_overlap = s->min_overlap, .rank = rank};
        mdup_decision d = decide_by(s, &rules),
                      e = decide(s->pairs, s->n_pairs, s->n, s->min_overlap);
        for (size_t i = 0; i < s->n; i++) {
            assert_int_equal(d.removed[i], e.removed[i]);
            assert_int_equal(d.original[i], e.original[i]);
        }
        mdup_decision_clear(&d);
        mdup_decision_clear(&e);
    }
    free(s);
}

static void expect_ranks(const double *values, const bool *first, size_t n, const mdup_pair *pairs,
                         size_t n_pairs, const size_t *expected)
{
    size_t rank[MOST_N];
    assert_true(mdup_rank(values, first, n, pairs, n_pairs, rank, NULL));
    for (size_t i = 0; i < n; i++)
        assert_int_equal(rank[i], expected[i]);
}

static void ranks(void **state)
{
    (void)state;
    const double values[] = {3, (double)NAN, 1, 3, (double)-INFINITY, (double)NAN};
    expect_ranks(values, NULL, 6, NULL, 0, (const size_t[]){2, 4, 1, 3, 0, 5});
    const bool first[] = {false, false, false, true, false, true};
    expect_ranks(values, first, 6, NULL, 0, (const size_t[]){4, 5, 3, 0, 2, 1});
    expect_ranks(NULL, NULL, 0, NULL, 0, NULL);
}

/* 0, 2 and 4 hold the same pixels, and 4 is the best of them: they stand where 4 stands, 0 behind it, which the others are linked to. */
static void copies_stand_side_by_side(void **state)
{
    (void)state;
    const double values[] = {9, 2, 5, 3, 1, 4};
    mdup_pair pairs[] = {pair_of(0, 2, 1), pair_of(0, 4, 1), pair_of(1, 3, 1)};
    pairs[0].is_copy = pairs[1].is_copy = true;
    expect_ranks(values, NULL, 6, pairs, 3, (const size_t[]){1, 3, 2, 4, 0, 5});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_decide),
        cmocka_unit_test(the_earlier_one_stays),
        cmocka_unit_test(a_copy_goes_with_what_it_is_a_copy_of),
        cmocka_unit_test(at_the_threshold),
        cmocka_unit_test(a_chain),
        cmocka_unit_test(a_triple),
        cmocka_unit_test(the_nearest_original_is_named),
        cmocka_unit_test(sets_are_numbered_in_order),
        cmocka_unit_test(properties),
        cmocka_unit_test(rules_hold),
        cmocka_unit_test(ranks_of_acquisition_change_nothing),
        cmocka_unit_test(ranks),
        cmocka_unit_test(copies_stand_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
