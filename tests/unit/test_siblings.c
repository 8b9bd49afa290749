/* The other shots of a hole: which are looked at, and what they are worth. */
#include <math.h>

#include "flow/siblings.h"
#include "texture.h"

enum { MOST_FRAMES = 64, MOST_PAIRS = 512 };

/* A session of frames in holes. */
typedef struct {
    mdup_search_frames frames;
    int32_t hole[MOST_FRAMES], shot[MOST_FRAMES];
    size_t order[MOST_FRAMES];
    int64_t group[MOST_FRAMES];
    mdup_pair pairs[MOST_PAIRS];
    size_t n_pairs;
} session;

/* The frames are named by hole and shot, "1a 1b 2a -": '-' is one whose name tells nothing. */
static void set_frames(session *s, const char *names)
{
    memset(s, 0, sizeof *s);
    s->frames = (mdup_search_frames){.nx = 360, .ny = 255, .images_per_move = 1};
    s->frames.images_per_hole = 1;
    s->frames.hole = s->hole;
    s->frames.shot = s->shot;
    s->frames.order = s->order;
    for (const char *at = names; *at; at += at[0] == '-' ? 1 : 2) {
        while (*at == ' ')
            at++;
        const size_t i = s->frames.n++;
        s->hole[i] = *at == '-' ? -1 : at[0] - '0';
        s->shot[i] = *at == '-' ? -1 : at[1] - 'a';
        s->order[i] = i;
    }
}

static void add_pair(session *s, size_t a, size_t b, double log10_evalue)
{
    assert_true(a < b && b < s->frames.n && s->n_pairs < MOST_PAIRS);
    s->pairs[s->n_pairs] = (mdup_pair){.a = a, .b = b, .log10_evalue = log10_evalue};
    s->pairs[s->n_pairs].shift_x_px = 10.5 + (double)s->n_pairs;
    s->pairs[s->n_pairs].shift_y_px = -20.25 - (double)s->n_pairs;
    s->n_pairs++;
}

static mdup_siblings find(const session *s)
{
    mdup_siblings found = {NULL, 77};
    mdup_error *err = NULL;
    const bool ok = mdup_siblings_find(&s->frames, s->pairs, s->n_pairs, &found, &err);
    expect_no_error(&err);
    assert_true(ok);
    return found;
}

static void expect_count(const session *s, size_t n)
{
    mdup_siblings found = find(s);
    assert_int_equal(found.n, n);
    free(found.items);
}

/* Once, of this leader, at the leader's shift times sign. */
static void expect_sibling(const session *s, const mdup_siblings *found, size_t leader, size_t a,
                           size_t b, double sign)
{
    int times = 0;
    for (size_t i = 0; i < found->n; i++) {
        const mdup_sibling *item = &found->items[i];
        if (item->a != a || item->b != b)
            continue;
        times++;
        assert_int_equal(item->leader, leader);
        expect_near(item->shift_x, sign * s->pairs[leader].shift_x_px, 0);
        expect_near(item->shift_y, sign * s->pairs[leader].shift_y_px, 0);
    }
    if (times != 1)
        fail_msg("%zu with %zu is there %d times", a, b, times);
}

/* ---- which ---- */

static void the_other_shots(void **state)
{
    (void)state;
    session s;
    set_frames(&s, "1a 1b 1c 2a 2b 2c 3a 3b 3c");
    add_pair(&s, 1, 4, -2);
    mdup_siblings found = find(&s);
    assert_int_equal(found.n, 2);
    expect_sibling(&s, &found, 0, 0, 3, 1);
    expect_sibling(&s, &found, 0, 2, 5, 1);
    free(found.items);
}

static void one_leader_of_two_holes(void **state)
{
    (void)state;
    session s;
    set_frames(&s, "1a 1b 1c 2a 2b 2c 3a 3b 3c");
    add_pair(&s, 0, 3, -1);
    add_pair(&s, 2, 5, -7); /* the best of holes 1 and 2 */
    add_pair(&s, 1, 4, -3);
    add_pair(&s, 4, 7, 0); /* of 2 and 3; E is 1, which is enough */
    add_pair(&s, 0, 6, 0.01);
    mdup_siblings found = find(&s);
    assert_int_equal(found.n, 4);
    expect_sibling(&s, &found, 1, 0, 3, 1);
    expect_sibling(&s, &found, 1, 1, 4, 1);
    expect_sibling(&s, &found, 3, 3, 6, 1);
    expect_sibling(&s, &found, 3, 5, 8, 1);
    free(found.items);
}

static void who_does_not_lead(void **state)
{
    (void)state;
    session s;
    set_frames(&s, "1a 1b 2a 2b - -");
    expect_count(&s, 0);     /* no pair at all */
    add_pair(&s, 0, 3, -50); /* other shots */
    add_pair(&s, 1, 2, -50);
    add_pair(&s, 0, 1, -50);  /* of one hole */
    add_pair(&s, 0, 2, 1e-6); /* E above 1 */
    add_pair(&s, 1, 4, -50);  /* no hole is known, */
    add_pair(&s, 4, 5, -50);  /* of neither */
    s.shot[4] = 1;            /* what stands there without a hole means nothing */
    s.shot[5] = 0;
    expect_count(&s, 0);
    add_pair(&s, 1, 3, -1e-6);
    mdup_siblings found = find(&s);
    assert_int_equal(found.n, 1);
    expect_sibling(&s, &found, 6, 0, 2, 1);
    free(found.items);
    set_frames(&s, "1a 1a 1b 1b");
    add_pair(&s, 0, 1, -50); /* one shot twice */
    expect_count(&s, 0);
}

static void without_holes(void **state)
{
    (void)state;
    session s;
    set_frames(&s, "1a 1b 2a 2b");
    add_pair(&s, 0, 2, -5);
    expect_count(&s, 1);
    s.frames.hole = s.frames.shot = NULL;
    expect_count(&s, 0);
    set_frames(&s, "- - - -");
    add_pair(&s, 0, 2, -5);
    expect_count(&s, 0);
    set_frames(&s, "");
    expect_count(&s, 0);
}

/* Recorded in another order the second time, or with the holes in turns. */
static void turned_where_the_later_hole_comes_first(void **state)
{
    (void)state;
    session s;
    set_frames(&s, "1a 2b 2c 1b 1c 2a");
    add_pair(&s, 0, 5, -2); /* 1a 2a */
    mdup_siblings found = find(&s);
    assert_int_equal(found.n, 2);
    expect_sibling(&s, &found, 0, 1, 3, -1);
    expect_sibling(&s, &found, 0, 2, 4, -1);
    free(found.items);
    s.n_pairs = 0;
    add_pair(&s, 1, 3, -2); /* 2b 1b: hole 2 is the leader's first */
    found = find(&s);
    assert_int_equal(found.n, 2);
    expect_sibling(&s, &found, 0, 0, 5, -1);
    expect_sibling(&s, &found, 0, 2, 4, 1);
    free(found.items);
}

/* Which of two holes was recorded first differs from shot to shot: they are the same two holes. */
static void two_holes_in_turns(void **state)
{
    (void)state;
    session s;
    set_frames(&s, "1a 2b 2c 1b 1c 2a");
    add_pair(&s, 0, 5, -2);
    add_pair(&s, 1, 3, -1);
    mdup_siblings found = find(&s);
    assert_int_equal(found.n, 2);
    expect_sibling(&s, &found, 0, 1, 3, -1);
    expect_sibling(&s, &found, 0, 2, 4, -1);
    free(found.items);
}

static void shots_that_are_missing(void **state)
{
    (void)state;
    session s;
    set_frames(&s, "1a 1c 1d 2a 2b 2d 3b");
    add_pair(&s, 0, 3, -2);
    mdup_siblings found = find(&s);
    assert_int_equal(found.n, 1);
    expect_sibling(&s, &found, 0, 2, 5, 1);
    free(found.items);
    s.n_pairs = 0;
    add_pair(&s, 4, 6, -2); /* 2b 3b, and 3 has no other */
    expect_count(&s, 0);
}

static void only_what_is_asked_for(void **state)
{
    (void)state;
    session s;
    set_frames(&s, "1a 2a 2b 1b 1c 2c");
    add_pair(&s, 2, 3, -2);
    expect_count(&s, 2);
    s.frames.images_per_hole = 2; /* distances 1, 3, 5 */
    expect_count(&s, 2);
    s.frames.images_per_move = 2; /* 2, 4 */
    expect_count(&s, 0);
    s.frames.images_per_move = s.frames.images_per_hole = 1;
    for (size_t i = 0; i < 6; i++)
        s.group[i] = i == 4;
    s.frames.group = s.group;
    mdup_siblings found = find(&s);
    assert_int_equal(found.n, 1);
    expect_sibling(&s, &found, 0, 0, 1, -1);
    free(found.items);
    s.frames.group = NULL;
    s.order[5] = 90;
    s.frames.scan_range = 50; /* 1c with 2c is farther than that */
    expect_count(&s, 1);
}

/* ---- any session, by the words of the header ---- */

static bool same_shots(const session *s, size_t a, size_t b)
{
    return s->hole[a] >= 0 && s->hole[b] >= 0 && s->hole[a] != s->hole[b] &&
           s->shot[a] == s->shot[b];
}

static bool of_holes(const session *s, size_t a, size_t b, int32_t hole, int32_t other)
{
    return (s->hole[a] == hole && s->hole[b] == other) ||
           (s->hole[a] == other && s->hole[b] == hole);
}

/* Of two holes; MOST_PAIRS: none. */
static size_t leader_of(const session *s, int32_t hole, int32_t other)
{
    size_t best = MOST_PAIRS;
    for (size_t i = 0; i < s->n_pairs; i++) {
        const mdup_pair *p = &s->pairs[i];
        if (same_shots(s, p->a, p->b) && of_holes(s, p->a, p->b, hole, other) &&
            p->log10_evalue <= 0 &&
            (best == MOST_PAIRS || p->log10_evalue < s->pairs[best].log10_evalue))
            best = i;
    }
    return best;
}

static size_t expect_all_of(const session *s, const mdup_siblings *found, int32_t hole,
                            int32_t other)
{
    size_t n = 0;
    const size_t leader = leader_of(s, hole, other);
    if (leader == MOST_PAIRS)
        return 0;
    const mdup_pair *p = &s->pairs[leader];
    for (size_t a = 0; a < s->frames.n; a++)
        for (size_t b = a + 1; b < s->frames.n; b++)
            if (same_shots(s, a, b) && of_holes(s, a, b, hole, other) &&
                s->shot[a] != s->shot[p->a] && mdup_search_wants(&s->frames, a, b)) {
                expect_sibling(s, found, leader, a, b, s->hole[a] == s->hole[p->a] ? 1 : -1);
                n++;
            }
    return n;
}

/* Ten holes of up to six shots in any order, some frames of no hole, and any pairs. */
static void draw_session(session *s, uint64_t *seed)
{
    set_frames(s, "");
    for (int32_t k = 0; k < 60; k++)
        if (uniform(seed) < 0.8) {
            const bool known = uniform(seed) < 0.9;
            const size_t i = s->frames.n++;
            s->hole[i] = known ? k / 6 : -1;
            s->shot[i] = known ? k % 6 : -1;
            s->order[i] = 2 * i;
            s->group[i] = uniform(seed) < 0.2;
        }
    for (size_t i = s->frames.n - 1; i > 0; i--) {
        const size_t j = next_random(seed) % (i + 1);
        const int32_t hole = s->hole[i], shot = s->shot[i];
        s->hole[i] = s->hole[j];
        s->shot[i] = s->shot[j];
        s->hole[j] = hole;
        s->shot[j] = shot;
    }
    if (uniform(seed) < 0.5)
        s->frames.group = s->group;
    s->frames.images_per_hole = 1 + (int64_t)(next_random(seed) % 3);
    for (int i = 0; i < 400; i++) {
        const size_t a = next_random(seed) % s->frames.n, b = next_random(seed) % s->frames.n;
        if (a < b)
            add_pair(s, a, b, 1 - 4 * uniform(seed));
    }
}

static void any_session(void **state)
{
    (void)state;
    uint64_t seed = 9;
    size_t total = 0;
    for (int turn = 0; turn < 200; turn++) {
        session s;
        draw_session(&s, &seed);
        mdup_siblings found = find(&s);
        size_t n = 0;
        for (int32_t hole = 0; hole < 10; hole++)
            for (int32_t other = hole + 1; other < 10; other++)
                n += expect_all_of(&s, &found, hole, other);
        assert_int_equal(found.n, n);
        total += n;
        free(found.items);
    }
    assert_true(total > 2000);
}

/* ---- what they are worth ---- */

static const mdup_null TRUTH = {2.5, 1, 0};

/* The height that an unrelated pair reaches with probability p. */
static double height_at(double p)
{
    return sqrt(2 * fmax(TRUTH.location - TRUTH.scale * log(-log1p(-p)), 0));
}

enum { GROUPS = 20000, MOST_SIBLINGS = 8 };
static mdup_pair leaders[GROUPS + 1];
static mdup_sibling items[GROUPS * MOST_SIBLINGS];

/* n leaders of m siblings each. */
static mdup_siblings make_groups(size_t n, size_t m)
{
    memset(leaders, 0, (n + 1) * sizeof *leaders);
    memset(items, 0, n * m * sizeof *items);
    for (size_t i = 0; i < n * m; i++) {
        items[i].leader = i / m;
        items[i].pair.log10_evalue = HUGE_VAL;
    }
    return (mdup_siblings){items, n * m};
}

/* One leader of this E-value and m siblings, each of a height that is reached with probability p: the leader's new E-value. */
static double rate_one(double log10_evalue, size_t m, double p)
{
    mdup_siblings s = make_groups(1, m);
    leaders[0].log10_evalue = log10_evalue;
    for (size_t i = 0; i < m; i++)
        items[i].pair.score = height_at(p);
    mdup_siblings_rate(&s, leaders, &TRUTH);
    for (size_t i = 0; i < m; i++)
        assert_true(isfinite(items[i].pair.log10_evalue));
    return leaders[0].log10_evalue;
}

/* Leaders as unrelated pairs make them, one expected for each group, and siblings that show nothing: no more come as far as is said. */
static void expect_calibrated(size_t m)
{
    uint64_t seed = m;
    mdup_siblings s = make_groups(GROUPS, m);
    for (size_t g = 0; g < GROUPS; g++)
        leaders[g].log10_evalue = log10(uniform(&seed));
    for (size_t i = 0; i < s.n; i++)
        items[i].pair.score = height_at(uniform(&seed));
    mdup_siblings_rate(&s, leaders, &TRUTH);
    const double xs[] = {0.5, 0.1, 0.01};
    for (size_t k = 0; k < 3; k++) {
        double n = 0;
        for (size_t g = 0; g < GROUPS; g++)
            n += leaders[g].log10_evalue <= log10(xs[k]);
        const double expected = GROUPS * xs[k];
        if (n < 0.5 * expected || n > expected + 4 * sqrt(expected))
            fail_msg("%zu siblings: %g groups of %d at %g", m, n, GROUPS, xs[k]);
    }
}

static int by_value(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

/* The evidence that x groups for each expected leader reach by chance is rated 2 x. */
static void expect_rated(size_t m)
{
    static double sums[10 * GROUPS];
    uint64_t seed = 40 + m;
    for (size_t i = 0; i < 10 * GROUPS; i++) {
        sums[i] = 0;
        for (size_t k = 0; k <= m; k++)
            sums[i] -= log(uniform(&seed));
    }
    qsort(sums, 10 * GROUPS, sizeof *sums, by_value);
    const double xs[] = {0.5, 0.1, 0.01};
    for (size_t k = 0; k < 3; k++) {
        const double sum = sums[(size_t)((1 - xs[k]) * 10 * GROUPS)];
        const double e = rate_one(0, m, exp(-sum / (double)m));
        if (fabs(e - log10(2 * xs[k])) > 0.05)
            fail_msg("%zu siblings: %g for log10 of %g", m, e, 2 * xs[k]);
    }
}

static void calibrated(void **state)
{
    (void)state;
    const size_t counts[] = {1, 3, 8};
    for (size_t i = 0; i < 3; i++) {
        expect_calibrated(counts[i]);
        expect_rated(counts[i]);
    }
}

/* Nor are there more siblings that are significant than is said. */
static void siblings_are_calibrated(void **state)
{
    (void)state;
    uint64_t seed = 3;
    const size_t n = 50;
    double significant = 0;
    for (int session_number = 0; session_number < 2000; session_number++) {
        mdup_siblings s = make_groups(n, 3);
        for (size_t g = 0; g < n; g++)
            leaders[g].log10_evalue = -300; /* true, each of them */
        for (size_t i = 0; i < s.n; i++)
            items[i].pair.score = height_at(uniform(&seed));
        mdup_siblings_rate(&s, leaders, &TRUTH);
        for (size_t i = 0; i < s.n; i++)
            significant += items[i].pair.log10_evalue <= log10(0.1);
        if (session_number == 0)
            assert_true(s.n == 150);
    }
    /* E <= 0.1, halved: 0.05 a session. */
    expect_near(significant / 2000, 0.05, 4 * sqrt(0.05 / 2000));
}

static void strong_siblings_help(void **state)
{
    (void)state;
    for (size_t m = 1; m <= MOST_SIBLINGS; m++) {
        const double before = -1;
        assert_true(rate_one(before, m, 1e-4) < before - 1);
        assert_true(rate_one(before, m, 1e-8) < before - 5);
        /* Those that show nothing do not. */
        assert_true(rate_one(before, m, 0.5) >= before);
    }
    /* The more of them the better. */
    for (size_t m = 2; m <= MOST_SIBLINGS; m++)
        assert_true(rate_one(-1, m, 1e-3) < rate_one(-1, m - 1, 1e-3));
}

static void never_rises_with_evidence(void **state)
{
    (void)state;
    for (size_t m = 1; m <= MOST_SIBLINGS; m++) {
        double before = HUGE_VAL;
        for (double log10_p = -0.01; log10_p > -12; log10_p -= 0.05) {
            const double e = rate_one(-0.5, m, pow(10, log10_p));
            assert_true(e <= before + 1e-9);
            before = e;
        }
        before = HUGE_VAL;
        for (double leader = 0; leader > -400; leader -= 0.5) {
            const double e = rate_one(leader, m, 0.3);
            assert_true(e <= before + 1e-9);
            before = e;
        }
    }
}

/* However sure its leader is. */
static void no_evidence_no_small_evalue(void **state)
{
    (void)state;
    const double sure[] = {-3, -30, -700};
    for (size_t k = 0; k < 3; k++) {
        mdup_siblings s = make_groups(1, 3);
        leaders[0].log10_evalue = sure[k];
        items[0].pair.score = height_at(0.5);
        items[1].pair.score = 0;
        items[2].pair.score = height_at(1e-9);
        mdup_siblings_rate(&s, leaders, &TRUTH);
        assert_true(items[0].pair.log10_evalue >= log10(1.4));
        assert_true(items[1].pair.log10_evalue >= log10(2.9));
        /* Nor a smaller one than all the group, or than its own height of the three. */
        for (size_t i = 0; i < 3; i++)
            assert_true(items[i].pair.log10_evalue >= leaders[0].log10_evalue - 1e-9);
        const double own = log10(2 * 3e-9);
        expect_near(items[2].pair.log10_evalue, fmax(own, leaders[0].log10_evalue), 0.01);
    }
}

/* Nor is the surest sibling surer than its group, which has its leader and the others to show for it. */
static void no_sibling_beats_its_group(void **state)
{
    (void)state;
    mdup_siblings s = make_groups(1, 2);
    items[0].pair.score = height_at(1e-9);
    items[1].pair.score = height_at(0.9);
    mdup_siblings_rate(&s, leaders, &TRUTH);
    assert_true(leaders[0].log10_evalue < -5);
    expect_near(items[0].pair.log10_evalue, leaders[0].log10_evalue, 1e-9);
    assert_true(items[0].pair.log10_evalue > log10(2 * 2e-9) + 1);
}

/* A group's evidence is its own. */
static void groups_do_not_mix(void **state)
{
    (void)state;
    const double alone = rate_one(-1, 3, 1e-3);
    mdup_siblings s = make_groups(3, 3);
    for (size_t g = 0; g < 3; g++)
        leaders[g].log10_evalue = g == 1 ? -1 : -5;
    for (size_t i = 0; i < 9; i++)
        items[i].pair.score = height_at(i / 3 == 1 ? 1e-3 : 1e-7);
    mdup_siblings_rate(&s, leaders, &TRUTH);
    expect_near(leaders[1].log10_evalue, alone, 1e-9);
    assert_true(leaders[0].log10_evalue < alone && leaders[2].log10_evalue < alone);
}

static void pairs_that_do_not_lead_stay(void **state)
{
    (void)state;
    mdup_siblings s = make_groups(3, 0);
    leaders[0].log10_evalue = -4;
    mdup_siblings_rate(&s, leaders, &TRUTH);
    expect_near(leaders[0].log10_evalue, -4, 0);
    s = make_groups(1, 2);
    leaders[1].log10_evalue = -4;
    mdup_siblings_rate(&s, leaders, &TRUTH);
    expect_near(leaders[1].log10_evalue, -4, 0);
}

static void huge_values(void **state)
{
    (void)state;
    const double evalues[] = {0, -1, -300, -700, -1e5};
    const double heights[] = {-5, 0, 3, 40, 1e4, 1e8};
    for (size_t k = 0; k < 5; k++)
        for (size_t h = 0; h < 6; h++) {
            mdup_siblings s = make_groups(1, MOST_SIBLINGS);
            leaders[0].log10_evalue = evalues[k];
            for (size_t i = 0; i < s.n; i++)
                items[i].pair.score = heights[h];
            mdup_siblings_rate(&s, leaders, &TRUTH);
            assert_true(isfinite(leaders[0].log10_evalue));
            assert_true(leaders[0].log10_evalue <= 1);
            for (size_t i = 0; i < s.n; i++)
                assert_true(isfinite(items[i].pair.log10_evalue));
            /* Eight siblings may cost a sure leader some of it, not most. */
            assert_true(leaders[0].log10_evalue <= 0.9 * evalues[k] + 1);
            assert_true(heights[h] < 40 || leaders[0].log10_evalue < evalues[k] - 300);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_other_shots),
        cmocka_unit_test(one_leader_of_two_holes),
        cmocka_unit_test(who_does_not_lead),
        cmocka_unit_test(without_holes),
        cmocka_unit_test(turned_where_the_later_hole_comes_first),
        cmocka_unit_test(two_holes_in_turns),
        cmocka_unit_test(shots_that_are_missing),
        cmocka_unit_test(only_what_is_asked_for),
        cmocka_unit_test(any_session),
        cmocka_unit_test(calibrated),
        cmocka_unit_test(siblings_are_calibrated),
        cmocka_unit_test(strong_siblings_help),
        cmocka_unit_test(never_rises_with_evidence),
        cmocka_unit_test(no_evidence_no_small_evalue),
        cmocka_unit_test(no_sibling_beats_its_group),
        cmocka_unit_test(groups_do_not_mix),
        cmocka_unit_test(pairs_that_do_not_lead_stay),
        cmocka_unit_test(huge_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
