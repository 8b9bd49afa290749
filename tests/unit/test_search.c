/* Which pairs are asked for, and that the shortlist holds the best of them whatever the threads do. */
#include <complex.h>
#include <math.h>

#include "base/alloc.h"
#include "search/search.h"
#include "texture.h"

/* ---- which pairs are asked for ---- */

static int64_t count_of(const mdup_search_frames *f)
{
    int64_t count = -1;
    mdup_error *err = NULL;
    assert_true(mdup_search_count_pairs(f, &count, &err));
    expect_no_error(&err);
    return count;
}

/* The header's words: the distance is move + k * hole for some k >= 0, and less than move + range when there is a range. */
static bool asked_for(const mdup_search_frames *f, size_t a, size_t b)
{
    if (f->group && f->group[a] != f->group[b])
        return false;
    const int64_t distance = (int64_t)f->order[b] - (int64_t)f->order[a];
    if (f->scan_range != 0 && distance >= f->images_per_move + f->scan_range)
        return false;
    for (int64_t k = 0; f->images_per_move + k * f->images_per_hole <= distance; k++)
        if (f->images_per_move + k * f->images_per_hole == distance)
            return true;
    return false;
}

static void windows_as_the_header_says(void **state)
{
    (void)state;
    enum { N = 24 };
    size_t order[N];
    int64_t group[N];
    uint64_t seed = 1;
    for (int turn = 0; turn < 4; turn++) {
        size_t at = 0;
        for (size_t i = 0; i < N; i++) { /* frames of another size stand between */
            order[i] = at;
            at += 1 + (turn % 2 ? next_random(&seed) % 4 : 0);
            group[i] = (int64_t)(next_random(&seed) % 3) - 1;
        }
        mdup_search_frames f = {
            .nx = 32, .ny = 32, .n = N, .order = order, .group = turn / 2 ? group : NULL};
        for (f.images_per_move = 1; f.images_per_move < 9; f.images_per_move++)
            for (f.images_per_hole = 1; f.images_per_hole < 6; f.images_per_hole++)
                for (f.scan_range = 0; f.scan_range < 30; f.scan_range += 1 + f.scan_range / 4) {
                    int64_t count = 0;
                    for (size_t a = 0; a < N; a++)
                        for (size_t b = a + 1; b < N; b++) {
                            assert_int_equal(mdup_search_wants(&f, a, b), asked_for(&f, a, b));
                            count += asked_for(&f, a, b);
                        }
                    assert_int_equal(count_of(&f), count);
                }
    }
}

static void many_pairs_are_counted(void **state)
{
    (void)state;
    const size_t order[2] = {0, 1};
    mdup_search_frames f = {
        .n = 100000, .images_per_move = 1, .images_per_hole = 1, .order = order};
    assert_true(count_of(&f) == 4999950000);
    f.n = 0;
    assert_int_equal(count_of(&f), 0);
    f.n = 1;
    assert_int_equal(count_of(&f), 0);
    f.n = 2;
    assert_int_equal(count_of(&f), 1);
}

/* Group numbers are whatever the file says.  50,000 frames: looking at each pair would take seconds. */
static void many_groups_are_counted(void **state)
{
    (void)state;
    enum { N = 50000 };
    int64_t *group = calloc(N, sizeof *group);
    assert_non_null(group);
    mdup_search_frames f = {.n = N, .images_per_move = 1, .images_per_hole = 1, .group = group};
    assert_true(count_of(&f) == (int64_t)N * (N - 1) / 2);
    for (int64_t i = 0; i < N; i++)
        group[i] = i % 2 ? INT64_MAX : INT64_MIN;
    assert_true(count_of(&f) == (int64_t)N / 2 * (N / 2 - 1));
    for (int64_t i = 0; i < N; i++)
        group[i] = -i;
    assert_int_equal(count_of(&f), 0);
    group[N - 1] = 0;
    assert_int_equal(count_of(&f), 1);
    for (f.n = 0; f.n < 2; f.n++)
        assert_int_equal(count_of(&f), 0);
    free(group);
}

static void memory_grows_with_everything_up_to_its_budget(void **state)
{
    (void)state;
    const mdup_search_budget none = {HUGE_VAL, HUGE_VAL}, little = mdup_search_share(1e9, 1000);
    const double base = mdup_search_memory_bytes(360, 256, 1000, 4, &none);
    assert_true(base > 360 * 256 * 1000.0);
    assert_true(mdup_search_memory_bytes(720, 256, 1000, 4, &none) > 1.9 * (base - 1e7));
    assert_true(mdup_search_memory_bytes(360, 512, 1000, 4, &none) > base);
    assert_true(mdup_search_memory_bytes(360, 256, 2000, 4, &none) > base + 360 * 256 * 1000.0);
    assert_true(mdup_search_memory_bytes(360, 256, 1000, 8, &none) > base);
    assert_true(isfinite(mdup_search_memory_bytes(16384, 16384, (size_t)1 << 40, 4096, &none)) !=
                0);
    assert_true(mdup_search_memory_bytes(360, 256, 100000, 2, &none) > 20e9);
    assert_true(mdup_search_memory_bytes(360, 256, 100000, 2, &little) < 1e9);
    assert_true(little.frames_bytes > 1000 * 360 * 256.0);
    expect_near(mdup_search_memory_bytes(360, 256, 1000, 4, &little), base, 1);
    const mdup_search_budget least = mdup_search_share(1, 1000000);
    assert_true(least.frames_bytes > 0 && least.spectra_bytes > 0 && least.spectra_bytes < 1);
}

/* ---- the search ---- */

typedef struct {
    mdup_search_frames frames;
    int8_t *pixels;
    size_t *order;
    mdup_statistics statistics;
    mdup_conditioner *conditioner;
} session;

static const int8_t *get_frame(void *context, size_t index, mdup_error **err)
{
    (void)err;
    const session *s = context;
    return s->pixels + index * (size_t)s->frames.nx * (size_t)s->frames.ny;
}

static void measure(session *s)
{
    mdup_statistics *st = &s->statistics;
    const size_t pixels = (size_t)s->frames.nx * (size_t)s->frames.ny;
    st->nx = s->frames.nx;
    st->ny = s->frames.ny;
    st->n_frames = mdup_statistics_sample_size(s->frames.n);
    st->sum = calloc(pixels, sizeof *st->sum);
    mdup_condition_scratch *scratch = mdup_condition_scratch_new(s->conditioner, NULL);
    assert_true(st->sum && scratch);
    for (size_t f = 0; f < st->n_frames; f++) {
        double power[MDUP_RADIAL_BINS];
        mdup_condition_power(s->conditioner, get_frame(s, f, NULL), scratch, power);
        for (int k = 0; k < MDUP_RADIAL_BINS; k++)
            st->power[k] += power[k] / (double)st->n_frames;
        for (size_t i = 0; i < pixels; i++)
            st->sum[i] += get_frame(s, f, NULL)[i];
    }
    mdup_condition_scratch_free(scratch);
    mdup_conditioner_set_statistics(s->conditioner, st);
}

/* n frames, each seventh a second exposure of the one three before it. */
static session *new_session(int32_t nx, int32_t ny, size_t n, uint64_t seed)
{
    session *s = calloc(1, sizeof *s);
    const size_t pixels = (size_t)nx * (size_t)ny;
    assert_non_null(s);
    s->pixels = malloc(n * pixels);
    s->order = malloc(n * sizeof *s->order);
    s->conditioner = mdup_conditioner_new(nx, ny, NULL);
    assert_true(s->pixels && s->order && s->conditioner);
    for (size_t i = 0; i < n; i++) {
        s->order[i] = 2 * i;
        const uint64_t scene_seed = seed + (i >= 3 && i % 7 == 0 ? i - 3 : i);
        float *scene = make_scene(nx, ny, scene_seed);
        cut_frame(scene, nx, 0, 0, nx, ny, 0.6, seed + 100000 + i, s->pixels + i * pixels);
        free(scene);
    }
    s->frames = (mdup_search_frames){.nx = nx,
                                     .ny = ny,
                                     .n = n,
                                     .get = get_frame,
                                     .context = s,
                                     .order = s->order,
                                     .images_per_move = 1,
                                     .images_per_hole = 1};
    measure(s);
    return s;
}

static void free_session(session *s)
{
    mdup_conditioner_free(s->conditioner);
    free(s->statistics.sum);
    free(s->pixels);
    free(s->order);
    free(s);
}

static mdup_shortlist search(session *s, int n_threads)
{
    mdup_shortlist list = {0};
    mdup_error *err = NULL;
    const bool ok = mdup_search(&s->frames, s->conditioner, n_threads, NULL, &list, &err);
    expect_no_error(&err);
    assert_true(ok);
    assert_int_equal(list.n_compared, count_of(&s->frames));
    for (size_t i = 0; i < list.n; i++) {
        const mdup_candidate *c = &list.items[i], *before = c - 1;
        assert_true(c->a < c->b && c->b < s->frames.n);
        assert_true(mdup_search_wants(&s->frames, c->a, c->b));
        assert_true(i == 0 || before->a < c->a || (before->a == c->a && before->b < c->b));
        assert_memory_equal(&c->coarse, &c->peaks[0].local_z, sizeof c->coarse);
    }
    return list;
}

static void expect_same(const mdup_shortlist *x, const mdup_shortlist *y)
{
    assert_int_equal(x->n, y->n);
    for (size_t i = 0; i < x->n; i++) {
        const mdup_candidate *p = &x->items[i], *q = &y->items[i];
        assert_int_equal(p->a, q->a);
        assert_int_equal(p->b, q->b);
        assert_int_equal(p->drawn, q->drawn);
        assert_memory_equal(&p->coarse, &q->coarse, sizeof p->coarse);
        assert_memory_equal(p->peaks, q->peaks, sizeof p->peaks);
    }
}

static void few_frames(void **state)
{
    (void)state;
    for (size_t n = 0; n < 9; n++) {
        session *s = new_session(32, 33, n ? n : 1, 5);
        s->frames.n = n;
        mdup_shortlist list = search(s, 2);
        assert_int_equal(list.n, n * (n ? n - 1 : 0) / 2); /* so few are all looked at again */
        for (size_t i = 0; i < list.n; i++)
            assert_true(list.items[i].drawn);
        free(list.items);
        free_session(s);
    }
}

static void second_exposures_stand_out(void **state)
{
    (void)state;
    session *s = new_session(64, 60, 30, 6);
    mdup_shortlist list = search(s, 2);
    for (size_t i = 0; i < list.n; i++) {
        const mdup_candidate *c = &list.items[i];
        const bool is_true = c->b >= 3 && c->b % 7 == 0 && c->a == c->b - 3;
        if (is_true) {
            assert_true(c->coarse > 7);
            expect_near((double)c->peaks[0].shift_x, 0, 1);
            expect_near((double)c->peaks[0].shift_y, 0, 1);
        } else {
            assert_true(c->coarse < 7);
        }
    }
    free(list.items);
    free_session(s);
}

/* Every score computed here, one pair after the other. */
static float *all_scores(session *s)
{
    const size_t n = s->frames.n;
    mdup_spectra *spectra = mdup_spectra_new(s->conditioner, n, NULL);
    assert_non_null(spectra);
    mdup_map *map = mdup_map_new(s->conditioner, mdup_spectra_get_layout(spectra), MDUP_BAND,
                                 MDUP_BAND, NULL, NULL);
    assert_non_null(map);
    float complex *spectrum =
        mdup_alloc_aligned(mdup_condition_size(s->conditioner), sizeof *spectrum, NULL);
    uint32_t *words = mdup_alloc_aligned(n * map->words, sizeof *words, NULL);
    float *scores = calloc(n * n, sizeof *scores);
    mdup_condition_scratch *scratch = mdup_condition_scratch_new(s->conditioner, NULL);
    mdup_map_buffers buffers;
    assert_true(spectrum && words && scores && scratch);
    assert_true(mdup_map_buffers_init(map, &buffers, NULL));
    for (size_t i = 0; i < n; i++) {
        mdup_condition(s->conditioner, get_frame(s, i, NULL), i < s->statistics.n_frames, scratch,
                       spectrum);
        assert_true(mdup_spectra_put(spectra, i, spectrum, NULL));
        map->kernel->expand(&map->tables, mdup_spectra_get(spectra, i), words + i * map->words);
    }
    for (size_t a = 0; a < n; a++)
        for (size_t b = a + 1; b < n; b++) {
            mdup_peak peaks[MDUP_PEAKS];
            mdup_correlate(map, words + a * map->words, words + b * map->words, &buffers, peaks);
            scores[a * n + b] = peaks[0].local_z;
        }
    mdup_map_buffers_clear(&buffers);
    mdup_condition_scratch_free(scratch);
    free(words);
    free(spectrum);
    mdup_map_free(map);
    mdup_spectra_free(spectra);
    return scores;
}

/* Two blocks of frames, more pairs than are kept: the best stay, and of the others a sample that does not look at the score. */
static void the_best_and_a_fair_sample(void **state)
{
    (void)state;
    session *s = new_session(32, 32, 258, 7);
    const size_t n = s->frames.n, n_pairs = n * (n - 1) / 2;
    mdup_shortlist list = search(s, 3);
    float *scores = all_scores(s);
    bool *listed = calloc(n * n, sizeof *listed);
    assert_non_null(listed);
    double sum_drawn = 0, sum_all = 0, squares = 0;
    size_t n_drawn = 0, n_best = 0;
    float least = INFINITY;
    for (size_t i = 0; i < list.n; i++) {
        const mdup_candidate *c = &list.items[i];
        listed[c->a * n + c->b] = true;
        assert_memory_equal(&c->coarse, &scores[c->a * n + c->b], sizeof c->coarse);
        if (c->drawn) {
            n_drawn++;
            sum_drawn += (double)c->coarse;
        } else {
            n_best++;
            least = fminf(least, c->coarse);
        }
    }
    assert_true(list.n < n_pairs / 2 && n_drawn >= 500 && n_best >= 500); /* the test has teeth */
    for (size_t a = 0; a < n; a++)
        for (size_t b = a + 1; b < n; b++) {
            const double score = (double)scores[a * n + b];
            sum_all += score;
            squares += score * score;
            assert_true(listed[a * n + b] || scores[a * n + b] <= least);
        }
    const double mean = sum_all / (double)n_pairs,
                 sd = sqrt(squares / (double)n_pairs - mean * mean);
    expect_near(sum_drawn / (double)n_drawn, mean, 4 * sd / sqrt((double)n_drawn));
    free(listed);
    free(scores);
    free(list.items);
    free_session(s);
}

static void any_number_of_threads(void **state)
{
    (void)state;
    /* 260 frames make two blocks. */
    const size_t counts[] = {9, 90, 260};
    for (size_t c = 0; c < 3; c++) {
        session *s = new_session(33, 32, counts[c], 8);
        mdup_shortlist one = search(s, 1);
        for (int n_threads = c < 2 ? 2 : 7; n_threads <= 7; n_threads += 5) {
            mdup_shortlist many = search(s, n_threads);
            expect_same(&one, &many);
            free(many.items);
        }
        free(one.items);
        free_session(s);
    }
}

/* The sample is drawn by the number of the frame alone: not by what it shows, not by what stands between that cannot be compared. */
static void the_sample_does_not_look_at_frames(void **state)
{
    (void)state;
    enum { N = 100 };
    session *s = new_session(32, 32, N, 9), *t = new_session(32, 32, N, 10);
    for (size_t i = 0; i < N; i++)
        t->order[i] = i + (i > 3 ? 5 : 0) + (i > 60 ? 1 : 0);
    mdup_shortlist x = search(s, 2), y = search(t, 2);
    bool drawn[2][N][N] = {{{false}}};
    for (size_t i = 0; i < x.n; i++)
        drawn[0][x.items[i].a][x.items[i].b] = x.items[i].drawn;
    for (size_t i = 0; i < y.n; i++)
        drawn[1][y.items[i].a][y.items[i].b] = y.items[i].drawn;
    assert_memory_equal(drawn[0], drawn[1], sizeof drawn[0]);
    free(x.items);
    free(y.items);
    free_session(s);
    free_session(t);
}

static void windows_restrict_the_search(void **state)
{
    (void)state;
    session *s = new_session(32, 32, 60, 11);
    s->frames.images_per_move = 6;
    s->frames.images_per_hole = 4;
    s->frames.scan_range = 12;
    mdup_shortlist list = search(s, 2);
    assert_int_equal(list.n, count_of(&s->frames));
    assert_true(list.n > 50 && list.n < 60 * 59 / 2);
    free(list.items);
    s->frames.images_per_move = 1000; /* further apart than the session is long */
    list = search(s, 2);
    assert_int_equal(list.n, 0);
    free(list.items);
    free_session(s);
}

static void groups_restrict_the_search(void **state)
{
    (void)state;
    enum { N = 40 };
    session *s = new_session(32, 32, N, 13);
    int64_t group[N];
    for (int64_t i = 0; i < N; i++)
        group[i] = i / 7 * 5;
    s->frames.group = group;
    mdup_shortlist list = search(s, 2);
    assert_int_equal(list.n, 5 * 21 + 10);
    free(list.items);
    for (int64_t i = 0; i < N; i++)
        group[i] = i;
    list = search(s, 2);
    assert_int_equal(list.n, 0);
    free(list.items);
    free_session(s);
}

/* ---- being watched ---- */

typedef struct {
    int64_t last, total, stop_at;
    bool went_back;
} watcher;

static void watch(void *user, const char *stage, int64_t done, int64_t total)
{
    watcher *w = user;
    assert_string_equal(stage, "comparing");
    w->went_back = w->went_back || done < w->last || done > total;
    w->last = done;
    w->total = total;
}

static bool stop_here(void *user)
{
    const watcher *w = user;
    return w->last >= w->stop_at;
}

static void progress_and_stop(void **state)
{
    (void)state;
    session *s = new_session(32, 32, 259, 12);
    for (int n_threads = 1; n_threads < 4; n_threads += 2) {
        watcher w = {.stop_at = INT64_MAX};
        const mdup_callbacks callbacks = {.user = &w, .progress = watch, .stop = stop_here};
        mdup_shortlist list = {0};
        mdup_error *err = NULL;
        assert_true(mdup_search(&s->frames, s->conditioner, n_threads, &callbacks, &list, &err));
        assert_int_equal(w.last, w.total);
        assert_int_equal(w.total, list.n_compared);
        assert_false(w.went_back);
        free(list.items);
        w = (watcher){.stop_at = 1};
        mdup_shortlist untouched = {.n = 77};
        assert_false(
            mdup_search(&s->frames, s->conditioner, n_threads, &callbacks, &untouched, &err));
        expect_error(&err, MDUP_ERROR_ABORTED, "stopped on request");
        assert_int_equal(untouched.n, 77);
        assert_null(untouched.items);
    }
    free_session(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_as_the_header_says),
        cmocka_unit_test(many_pairs_are_counted),
        cmocka_unit_test(many_groups_are_counted),
        cmocka_unit_test(memory_grows_with_everything_up_to_its_budget),
        cmocka_unit_test(few_frames),
        cmocka_unit_test(second_exposures_stand_out),
        cmocka_unit_test(the_best_and_a_fair_sample),
        cmocka_unit_test(any_number_of_threads),
        cmocka_unit_test(the_sample_does_not_look_at_frames),
        cmocka_unit_test(windows_restrict_the_search),
        cmocka_unit_test(groups_restrict_the_search),
        cmocka_unit_test(progress_and_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
