/* Which particles are one: cases made by hand, and a slow, plain matcher for random ones. */
#include <math.h>
#include <stdlib.h>

#include "decide/particles.h"
#include "image_test.h"
#include "skip.h"

/* ---- help ---- */

static mdup_placement shifted(size_t a, size_t b, double x_px, double y_px, double reach_px)
{
    return (mdup_placement){
        .a = a, .b = b, .xx = 1, .yy = 1, .x0_px = x_px, .y0_px = y_px, .reach_px = reach_px};
}

static mdup_particle_groups match(const mdup_particle *particles, size_t n,
                                  const mdup_placement *placements, size_t n_placements,
                                  size_t n_micrographs)
{
    mdup_particle_groups groups = {0};
    assert_true(
        mdup_particles_match(particles, n, placements, n_placements, n_micrographs, &groups, NULL));
    return groups;
}

static void assert_groups(const mdup_particle_groups *groups, size_t n, const size_t *expected)
{
    size_t n_groups = 0, n_grouped = 0;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(groups->group[i], expected[i]);
        n_groups = expected[i] > n_groups ? expected[i] : n_groups;
        n_grouped += expected[i] != 0;
    }
    assert_int_equal(groups->n_groups, n_groups);
    assert_int_equal(groups->n_grouped, n_grouped);
}

/* ---- by hand ---- */

static void shift_from_b_to_a(void **state)
{
    (void)state;
    /* The point (10, 20) of micrograph 1 is at (110, -30) of micrograph 0. */
    static const mdup_particle particles[] = {
        {1, 10, 20}, {0, 110, -30}, {0, 10, 20}, {1, 110, -30}, {0, -90, 70}};
    const mdup_placement placement = shifted(0, 1, 100, -50, 5);
    mdup_particle_groups groups = match(particles, 5, &placement, 1, 2);
    assert_groups(&groups, 5, (const size_t[]){1, 1, 0, 0, 0});
    assert_int_equal(groups.n_pairs, 1);
    assert_int_equal(groups.pairs[0].first, 1); /* of the lower micrograph */
    assert_int_equal(groups.pairs[0].second, 0);
    assert_int_equal(groups.kept[0], 1);
    mdup_particle_groups_clear(&groups);
    /* The other way round it is the inverse shift, and the same answer. */
    const mdup_placement inverse = shifted(1, 0, -100, 50, 5);
    groups = match(particles, 5, &inverse, 1, 2);
    assert_groups(&groups, 5, (const size_t[]){1, 1, 0, 0, 0});
    assert_int_equal(groups.pairs[0].first, 1);
    mdup_particle_groups_clear(&groups);
}

static void reach_is_a_circle_with_its_edge(void **state)
{
    (void)state;
    static const mdup_particle particles[] = {{0, 0, 0},       {1, 3, 4},   {0, 100, 0},
                                              {1, 103, 4.001}, {0, 200, 0}, {1, 204.9, 4.9}};
    const mdup_placement placement = shifted(0, 1, 0, 0, 5);
    mdup_particle_groups groups = match(particles, 6, &placement, 1, 2);
    assert_groups(&groups, 6, (const size_t[]){1, 1, 0, 0, 0, 0});
    expect_near(groups.pairs[0].distance_px, 5, 0);
    mdup_particle_groups_clear(&groups);
}

/* p and q of A are both near r of B, and s of B is near q only: q is nearest to r, yet each gets one. */
static void one_to_one_by_distance(void **state)
{
    (void)state;
    static const mdup_particle particles[] = {{0, 0, 0}, {0, 4, 0}, {1, 3, 0}, {1, 8, 0}};
    const mdup_placement placement = shifted(0, 1, 0, 0, 5);
    mdup_particle_groups groups = match(particles, 4, &placement, 1, 2);
    /* (1, 2) at 1 first; then 0 has nobody, nor has 3. */
    assert_groups(&groups, 4, (const size_t[]){0, 1, 1, 0});
    assert_int_equal(groups.n_pairs, 1);
    mdup_particle_groups_clear(&groups);
    /* With r a little nearer to p both find one. */
    static const mdup_particle again[] = {{0, 0, 0}, {0, 4, 0}, {1, 1.9, 0}, {1, 8, 0}};
    groups = match(again, 4, &placement, 1, 2);
    assert_groups(&groups, 4, (const size_t[]){1, 2, 1, 2});
    assert_int_equal(groups.n_pairs, 2);
    mdup_particle_groups_clear(&groups);
}

/* A and B overlap, B and C do: a particle in all three is one, whoever stands first in the file. */
static void chains_are_one_group(void **state)
{
    (void)state;
    static const mdup_particle particles[] = {
        {2, 0, 0}, {0, 20, 0}, {1, 10, 0}, {2, 50, 50}, {MDUP_NO_MICROGRAPH, 10, 0}};
    const mdup_placement placements[] = {shifted(1, 2, 10, 0, 3), shifted(0, 1, 10, 0, 3)};
    mdup_particle_groups groups = match(particles, 5, placements, 2, 3);
    assert_groups(&groups, 5, (const size_t[]){1, 1, 1, 0, 0});
    assert_int_equal(groups.n_pairs, 2); /* A and C are no pair: they are not known to overlap */
    assert_int_equal(groups.kept[0], 1);
    assert_int_equal(groups.n_groups, 1);
    mdup_particle_groups_clear(&groups);
}

/* Three that all overlap: two of the pairs make the group, the third is one all the same. */
static void several_overlaps_at_once(void **state)
{
    (void)state;
    static const mdup_particle particles[] = {
        {0, 0, 0}, {1, 1, 0}, {2, 0, 2}, {2, 400, 0}, {0, 401, 0}};
    const mdup_placement placements[] = {shifted(0, 1, 0, 0, 3), shifted(0, 2, 0, 0, 3),
                                         shifted(1, 2, 0, 0, 3)};
    mdup_particle_groups groups = match(particles, 5, placements, 3, 3);
    assert_groups(&groups, 5, (const size_t[]){1, 1, 1, 2, 2});
    assert_int_equal(groups.n_pairs, 4);
    for (size_t i = 1; i < groups.n_pairs; i++)
        assert_true(groups.pairs[i - 1].first < groups.pairs[i].first ||
                    groups.pairs[i - 1].second < groups.pairs[i].second);
    mdup_particle_groups_clear(&groups);
}

/* The chain would lead back to another particle of A: the longest link gives way. */
static void no_group_holds_two_of_one_micrograph(void **state)
{
    (void)state;
    static const mdup_particle particles[] = {{0, 0, 0}, {0, 9, 0}, {1, 3, 0}, {2, 6.5, 0}};
    const mdup_placement placements[] = {shifted(0, 1, 0, 0, 4), shifted(1, 2, 0, 0, 4),
                                         shifted(0, 2, 0, 0, 4)};
    /* 1-3: 2.5, 0-2: 3, 2-3: 3.5 would join all four. */
    mdup_particle_groups groups = match(particles, 4, placements, 3, 3);
    assert_groups(&groups, 4, (const size_t[]){1, 2, 1, 2});
    assert_int_equal(groups.n_pairs, 2);
    mdup_particle_groups_clear(&groups);
}

/* A copy of a 100 x 60 px micrograph that is mirrored in x, and one turned by a quarter: (x, y) of a is at (59 - y, x) of b. */
static void copies_that_lie_otherwise(void **state)
{
    (void)state;
    static const mdup_particle particles[] = {{0, 10, 20}, {1, 89, 20}, {2, 39, 10}, {2, 20, 10}};
    const mdup_placement placements[] = {
        {.a = 0, .b = 1, .xx = -1, .yy = 1, .x0_px = 99, .reach_px = 1},
        {.a = 0, .b = 2, .xy = 1, .yx = -1, .y0_px = 59, .reach_px = 1}};
    mdup_particle_groups groups = match(particles, 4, placements, 2, 3);
    assert_groups(&groups, 4, (const size_t[]){1, 1, 1, 0});
    mdup_particle_groups_clear(&groups);
}

static void nothing_to_match(void **state)
{
    (void)state;
    static const mdup_particle particles[] = {{0, 0, 0}, {1, 0, 0}, {1, 0, 0}};
    const mdup_placement placement = shifted(0, 1, 0, 0, 1);
    mdup_particle_groups groups = match(NULL, 0, &placement, 1, 2);
    assert_int_equal(groups.n_groups + groups.n_pairs, 0);
    mdup_particle_groups_clear(&groups);
    groups = match(particles, 3, NULL, 0, 2);
    assert_groups(&groups, 3, (const size_t[]){0, 0, 0});
    mdup_particle_groups_clear(&groups);
    /* Two in one place of one micrograph: one of them is taken, and it is the first. */
    groups = match(particles, 3, &placement, 1, 2);
    assert_groups(&groups, 3, (const size_t[]){1, 1, 0});
    mdup_particle_groups_clear(&groups);
}

/* ---- at random ---- */

enum { N = 120, N_MICROGRAPHS = 6, SIDE = 100 };

static double uniform(uint64_t *z)
{
    *z = *z * 6364136223846793005u + 1442695040888963407u;
    return (double)(*z >> 11) / 9007199254740992.0;
}

/* Micrographs lie at places of one plane; particles too, seen by each with a little error. */
static void make_session(uint64_t seed, mdup_particle *particles, mdup_placement *placements,
                         size_t *n_placements)
{
    uint64_t z = seed;
    double x[N_MICROGRAPHS], y[N_MICROGRAPHS];
    for (size_t m = 0; m < N_MICROGRAPHS; m++) {
        x[m] = uniform(&z) * SIDE;
        y[m] = uniform(&z) * SIDE;
    }
    for (size_t i = 0; i < N; i++) {
        size_t m = (size_t)(uniform(&z) * N_MICROGRAPHS);
        /* On few places, so that many meet. */
        double px = floor(uniform(&z) * 9) * 15, py = floor(uniform(&z) * 9) * 15;
        particles[i] = (mdup_particle){uniform(&z) < 0.03 ? MDUP_NO_MICROGRAPH : m,
                                       px - x[m] + 4 * uniform(&z), py - y[m] + 4 * uniform(&z)};
    }
    *n_placements = 0;
    for (size_t a = 0; a < N_MICROGRAPHS; a++)
        for (size_t b = a + 1; b < N_MICROGRAPHS; b++)
            if (uniform(&z) < 0.7)
                placements[(*n_placements)++] =
                    uniform(&z) < 0.5
                        ? shifted(a, b, x[b] - x[a], y[b] - y[a], 3 + 4 * uniform(&z))
                        : shifted(b, a, x[a] - x[b], y[a] - y[b], 3 + 4 * uniform(&z));
}

static const mdup_placement *find_placement(const mdup_placement *placements, size_t n, size_t a,
                                            size_t b)
{
    for (size_t i = 0; i < n; i++)
        if ((placements[i].a == a && placements[i].b == b) ||
            (placements[i].a == b && placements[i].b == a))
            return &placements[i];
    return NULL;
}

/* How far i and j are apart, INFINITY when they are not within reach of each other. */
static double distance_of(const mdup_particle *i, const mdup_particle *j,
                          const mdup_placement *placements, size_t n)
{
    const mdup_placement *p =
        i->micrograph == MDUP_NO_MICROGRAPH || j->micrograph == MDUP_NO_MICROGRAPH
            ? NULL
            : find_placement(placements, n, i->micrograph, j->micrograph);
    if (!p)
        return (double)INFINITY;
    const mdup_particle *a = i->micrograph == p->a ? i : j, *b = a == i ? j : i;
    double d = hypot(a->x_px - (b->x_px + p->x0_px), a->y_px - (b->y_px + p->y0_px));
    return d <= p->reach_px ? d : (double)INFINITY;
}

/* The same by looking at all pairs again and again: the nearest that may still be joined is joined. */
static size_t slow_groups(const mdup_particle *particles, const mdup_placement *placements,
                          size_t n_placements, size_t *label)
{
    bool used[N][N] = {{false}};
    size_t n_near = 0;
    for (size_t i = 0; i < N; i++)
        label[i] = i;
    for (;;) {
        double best = (double)INFINITY;
        size_t i_best = 0, j_best = 0;
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++) {
                if (used[i][j] || particles[i].micrograph >= particles[j].micrograph)
                    continue;
                double d = distance_of(&particles[i], &particles[j], placements, n_placements);
                if (d < best) {
                    best = d;
                    i_best = i;
                    j_best = j;
                }
            }
        if (isinf(best))
            return n_near;
        n_near++;
        used[i_best][j_best] = true;
        size_t from = label[j_best], to = label[i_best];
        bool clash = from == to;
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++)
                clash = clash || (label[i] == to && label[j] == from &&
                                  particles[i].micrograph == particles[j].micrograph);
        for (size_t i = 0; !clash && i < N; i++)
            label[i] = label[i] == from ? to : label[i];
    }
}

static void compare_with_slow(uint64_t seed)
{
    static mdup_particle particles[N];
    mdup_placement placements[N_MICROGRAPHS * N_MICROGRAPHS];
    static size_t label[N];
    size_t n_placements, n_pairs = 0, count;
    make_session(seed, particles, placements, &n_placements);
    size_t n_near = slow_groups(particles, placements, n_placements, label);
    mdup_particle_groups groups = match(particles, N, placements, n_placements, N_MICROGRAPHS);
    assert_true(mdup_particles_count(particles, N, placements, n_placements, N_MICROGRAPHS, 0, 0,
                                     &count, NULL));
    assert_int_equal(count, n_near);
    assert_true(n_near > 10);
    for (size_t i = 0; i < N; i++)
        for (size_t j = i + 1; j < N; j++) {
            bool same = groups.group[i] != 0 && groups.group[i] == groups.group[j];
            assert_int_equal(same, label[i] == label[j]);
            n_pairs +=
                same && !isinf(distance_of(&particles[i], &particles[j], placements, n_placements));
        }
    assert_int_equal(groups.n_pairs, n_pairs);
    for (size_t i = 0; i < N; i++)
        if (groups.group[i] != 0)
            assert_true(particles[groups.kept[groups.group[i] - 1]].micrograph <=
                        particles[i].micrograph);
    mdup_particle_groups_clear(&groups);
}

static void as_by_a_slow_matcher(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++)
        compare_with_slow(seed);
}

/* Displaced by many times the reach nothing true is left. */
static void displaced_finds_only_chance(void **state)
{
    (void)state;
    mdup_particle *particles = calloc(2000, sizeof *particles);
    assert_non_null(particles);
    uint64_t z = 5;
    for (size_t i = 0; i < 1000; i++) {
        double x = uniform(&z) * 4000, y = uniform(&z) * 4000;
        particles[i] = (mdup_particle){0, x, y};
        particles[1000 + i] = (mdup_particle){1, x + 700, y - 50};
    }
    const mdup_placement placement = shifted(0, 1, -700, 50, 20);
    size_t true_count, by_chance;
    assert_true(mdup_particles_count(particles, 2000, &placement, 1, 2, 0, 0, &true_count, NULL));
    assert_true(mdup_particles_count(particles, 2000, &placement, 1, 2, 8, -8, &by_chance, NULL));
    /* 1000^2 pi 20^2 / 4000^2 = 79 are expected by chance. */
    assert_in_range(true_count, 1000 + 40, 1000 + 120);
    assert_in_range(by_chance, 40, 120);
    free(particles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shift_from_b_to_a),
        cmocka_unit_test(reach_is_a_circle_with_its_edge),
        cmocka_unit_test(one_to_one_by_distance),
        cmocka_unit_test(chains_are_one_group),
        cmocka_unit_test(several_overlaps_at_once),
        cmocka_unit_test(no_group_holds_two_of_one_micrograph),
        cmocka_unit_test(copies_that_lie_otherwise),
        cmocka_unit_test(nothing_to_match),
        cmocka_unit_test(as_by_a_slow_matcher),
        cmocka_unit_test(displaced_finds_only_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
