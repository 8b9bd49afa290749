/* The whole comparison on planted sessions: what all frames have in common accuses nobody, and true pairs at small shifts stay found. */
#include "flow/compare.h"
#include "texture.h"

enum { NX = 180, NY = 128, PIXELS = NX * NY, N = 20 };

typedef struct {
    int8_t frames[N][PIXELS];
    size_t order[N];
    double max_shift_px;
} session;

static const int8_t *get(void *context, size_t index, mdup_error **err)
{
    (void)err;
    const session *s = context;
    return s->frames[index];
}

/* N frames of scenes of their own; frame `twin`, when not 0, shows the scene of frame 0 shifted by (dx, dy): a point at (x, y) in it is at
 * (x + dx, y + dy) in frame 0.  `common` is the sd of a pattern fixed in all frames, stronger in some than in others. */
static void make(session *s, size_t twin, int dx, int dy, double common, double scene_sd)
{
    enum { REACH = 8, WIDE = NX + 2 * REACH, HIGH = NY + 2 * REACH };
    float *pattern = make_scene(NX, NY, 99);
    for (size_t i = 0; i < N; i++) {
        bool is_twin = twin && i == twin;
        float *scene = make_scene(WIDE, HIGH, 1000 + (is_twin ? 0 : i));
        uint64_t seed = 5000 + i;
        double strength = common * (0.5 + (double)(i % 5) / 4);
        for (int y = 0; y < NY; y++)
            for (int x = 0; x < NX; x++) {
                int sx = x + REACH + (is_twin ? dx : 0), sy = y + REACH + (is_twin ? dy : 0);
                double value = scene_sd * (double)scene[sy * WIDE + sx] + gaussian(&seed) +
                               strength * (double)pattern[y * NX + x];
                s->frames[i][y * NX + x] = to_frame_byte(value / sqrt(1 + scene_sd * scene_sd));
            }
        s->order[i] = i;
        free(scene);
    }
    free(pattern);
}

/* At E <= 1e-3 a dozen sessions may show one unrelated pair with probability 1 %. */
static mdup_pair_list compare(session *s)
{
    mdup_search_frames frames = {.nx = NX,
                                 .ny = NY,
                                 .n = N,
                                 .get = get,
                                 .context = s,
                                 .order = s->order,
                                 .images_per_move = 1,
                                 .images_per_hole = 1,
                                 .max_shift_px = s->max_shift_px};
    mdup_pair_list list;
    mdup_error *err = NULL;
    assert_true(mdup_compare_frames(&frames, NULL, 1e-3, 0, 2, NULL, &list, &err));
    assert_int_equal(list.n_compared, N * (N - 1) / 2);
    return list;
}

static void expect_only_twin(session *s, size_t twin, int dx, int dy)
{
    mdup_pair_list list = compare(s);
    assert_int_equal(list.n, 1);
    assert_int_equal(list.items[0].a, 0);
    assert_int_equal(list.items[0].b, twin);
    assert_true(fabs(list.items[0].shift_x_px - dx) < 0.5);
    assert_true(fabs(list.items[0].shift_y_px - dy) < 0.5);
    mdup_pair_list_clear(&list);
}

static void what_all_have_in_common_accuses_nobody(void **state)
{
    (void)state;
    session *s = calloc(1, sizeof *s);
    static const double strengths[] = {0.3, 1.0};
    for (size_t i = 0; i < 2; i++) {
        make(s, 0, 0, 0, strengths[i], 0.7);
        mdup_pair_list list = compare(s);
        assert_int_equal(list.n, 0);
        mdup_pair_list_clear(&list);
    }
    free(s);
}

static void small_shifts_are_still_found(void **state)
{
    (void)state;
    session *s = calloc(1, sizeof *s);
    static const int shifts[][2] = {{0, 0}, {-2, 1}, {5, 2}};
    for (size_t i = 0; i < 3; i++) {
        make(s, 9, shifts[i][0], shifts[i][1], 0.2, 0.7);
        expect_only_twin(s, 9, shifts[i][0], shifts[i][1]);
    }
    free(s);
}

/* The limit holds to a px; a search that narrow still knows what is usual. */
static void longer_shifts_are_not_asked_for(void **state)
{
    (void)state;
    session *s = calloc(1, sizeof *s);
    static const struct {
        int dx, dy;
        double max_shift_px;
        bool is_found;
    } cases[] = {{0, 0, 1e-300, true}, {0, 0, 1, true},  {5, 2, 2, false},   {5, 2, 4, false},
                 {5, 2, 5, true},      {5, 2, 6, true},  {-6, -6, 6, false}, {-6, -6, 9, true},
                 {8, -8, 20, true},    {8, 8, 60, true}, {8, 8, 1e300, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make(s, 9, cases[i].dx, cases[i].dy, 0.2, 0.7);
        s->max_shift_px = cases[i].max_shift_px;
        if (cases[i].is_found) {
            expect_only_twin(s, 9, cases[i].dx, cases[i].dy);
            continue;
        }
        mdup_pair_list list = compare(s);
        assert_int_equal(list.n, 0);
        mdup_pair_list_clear(&list);
    }
    free(s);
}

static void copies_of_one_image(void **state)
{
    (void)state;
    session *s = calloc(1, sizeof *s);
    make(s, 0, 0, 0, 0, 0.7);
    for (size_t i = 1; i < N; i++)
        memcpy(s->frames[i], s->frames[0], PIXELS);
    mdup_pair_list list = compare(s);
    assert_int_equal(list.n, N - 1);
    for (size_t i = 0; i < list.n; i++) {
        assert_int_equal(list.items[i].a, 0);
        assert_int_equal(list.items[i].b, i + 1);
        assert_true(list.items[i].overlap == 1 && list.items[i].ccc == 1);
    }
    mdup_pair_list_clear(&list);
    free(s);
}

/* Copies share their noise too and stand out by far more than other pairs: these are not to be measured by them. */
static void copies_do_not_belittle_the_others(void **state)
{
    (void)state;
    session *s = calloc(1, sizeof *s);
    make(s, 9, 5, 2, 0, 0.18);
    for (size_t i = 0; i < 4; i++)
        memcpy(s->frames[N - 1 - i], s->frames[1 + i], PIXELS);
    mdup_pair_list list = compare(s);
    assert_int_equal(list.n, 5);
    assert_int_equal(list.items[0].a, 0);
    assert_int_equal(list.items[0].b, 9);
    assert_true(list.items[0].log10_evalue > -10); /* or nothing is held against it */
    mdup_pair_list_clear(&list);
    free(s);
}

/* As many pairs as a session of the expected number would ask for by the same options. */
static void expected_pairs(void **state)
{
    (void)state;
    enum { N_EXPECTED = 90 };
    size_t order[N_EXPECTED];
    for (size_t i = 0; i < N_EXPECTED; i++)
        order[i] = i;
    static const int64_t moves[][3] = {{1, 1, 0}, {3, 1, 0}, {2, 4, 0}, {1, 1, 20}, {5, 3, 16}};
    for (size_t k = 0; k < sizeof moves / sizeof *moves; k++) {
        mdup_screen_options o;
        mdup_screen_options_init(&o);
        o.images_per_move = moves[k][0];
        o.images_per_hole = moves[k][1];
        o.scan_range = moves[k][2];
        mdup_search_frames f = {.order = order,
                                .images_per_move = o.images_per_move,
                                .images_per_hole = o.images_per_hole,
                                .scan_range = o.scan_range};
        int64_t few, all;
        f.n = 40;
        assert_true(mdup_search_count_pairs(&f, &few, NULL));
        f.n = N_EXPECTED;
        assert_true(mdup_search_count_pairs(&f, &all, NULL));
        assert_int_equal(mdup_expected_pairs(&o, 40, few), few);
        o.expect = 40;
        assert_int_equal(mdup_expected_pairs(&o, 40, few), few);
        o.expect = N_EXPECTED;
        assert_int_equal(mdup_expected_pairs(&o, 40, few), all);
        assert_int_equal(mdup_expected_pairs(&o, N_EXPECTED, all), all);
        /* Half of the pairs, because of optics groups: half of those expected. */
        assert_int_equal(mdup_expected_pairs(&o, 40, 0), 0);
        assert_true(llabs(2 * mdup_expected_pairs(&o, 40, few / 2) - all) <= all / few + 1);
    }
}

/* What is found is the same, and worth less. */
static void evalues_of_a_larger_search(void **state)
{
    (void)state;
    session *s = calloc(1, sizeof *s);
    make(s, 9, 5, 2, 0, 0.18);
    mdup_pair_list list = compare(s), expected;
    mdup_search_frames frames = {.nx = NX,
                                 .ny = NY,
                                 .n = N,
                                 .get = get,
                                 .context = s,
                                 .order = s->order,
                                 .images_per_move = 1,
                                 .images_per_hole = 1};
    int64_t hundredfold = 100 * list.n_compared;
    assert_true(mdup_compare_frames(&frames, NULL, 1, hundredfold, 1, NULL, &expected, NULL));
    assert_int_equal(expected.n_compared, list.n_compared);
    assert_int_equal(expected.n, 1);
    assert_true(fabs(expected.items[0].log10_evalue - list.items[0].log10_evalue - 2) < 1e-9);
    assert_true(fabs(expected.items[0].score - list.items[0].score) < 1e-12);
    mdup_pair_list_clear(&expected);
    mdup_pair_list_clear(&list);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_all_have_in_common_accuses_nobody),
        cmocka_unit_test(small_shifts_are_still_found),
        cmocka_unit_test(longer_shifts_are_not_asked_for),
        cmocka_unit_test(copies_of_one_image),
        cmocka_unit_test(copies_do_not_belittle_the_others),
        cmocka_unit_test(expected_pairs),
        cmocka_unit_test(evalues_of_a_larger_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
