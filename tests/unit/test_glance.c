/* The first look: how far its band goes, what a pair must reach, and that a large session loses nothing that stands out by it. */
#include <math.h>

#include "base/alloc.h"
#include "search/blocks.h"
#include "search/glance.h"
#include "search/search.h"
#include "texture.h"

/* ---- the band ---- */

static mdup_conditioner *new_conditioner(mdup_statistics *statistics, size_t n_frames,
                                         double signal_up_to)
{
    mdup_conditioner *c = mdup_conditioner_new(64, 60, NULL);
    assert_non_null(c);
    *statistics = (mdup_statistics){.nx = 64, .ny = 60, .n_frames = n_frames, .noise_share = 1};
    for (int i = 0; i < MDUP_RADIAL_BINS; i++)
        statistics->power[i] = (i + 0.5) / 256 < signal_up_to ? 100 : 1;
    mdup_conditioner_set_statistics(c, statistics);
    return c;
}

static float band_of(size_t n_frames, double signal_up_to)
{
    mdup_statistics statistics;
    mdup_conditioner *c = new_conditioner(&statistics, n_frames, signal_up_to);
    const float band = mdup_glance_band(c);
    mdup_conditioner_free(c);
    return band;
}

static void the_band_goes_as_far_as_the_signal(void **state)
{
    (void)state;
    /* Detail alike at all frequencies: the area of the disc counts, so that four fifths of the height are four fifths of the radius. */
    expect_near((double)band_of(512, 1), 0.8 * 0.35, 0.01);
    /* Nearly all within 0.12: four fifths of that. */
    expect_near((double)band_of(512, 0.12), 0.8 * 0.12, 0.02);
    float before = 0;
    for (double signal = 0.05; signal < 0.35; signal += 0.02) {
        const float band = band_of(512, signal);
        assert_true(band >= before);
        before = band;
    }
    /* Small sessions are looked at once. */
    assert_true(band_of(256, 1) <= 0);
    assert_true(band_of(511, 0.1) <= 0);
    mdup_conditioner *c = mdup_conditioner_new(64, 60, NULL);
    assert_non_null(c);
    assert_true(mdup_glance_band(c) <= 0);
    mdup_conditioner_free(c);
}

/* ---- the level ---- */

/* The highest of many values of a Gaussian: half of its square has a Gumbel distribution. */
static float unrelated(uint64_t *seed, double scale)
{
    return (float)sqrt(2 * (10 - scale * log(-log(uniform(seed)))));
}

static void one_unrelated_pair_in_30(void **state)
{
    (void)state;
    enum { N = 4000 };
    static float best[N], sorted[N];
    for (int percent_related = 0; percent_related <= 40; percent_related += 20) {
        for (double scale = 1; scale < 3; scale += 0.8) {
            uint64_t seed = (uint64_t)percent_related + 7;
            int above = 0, n_unrelated = 0;
            for (int i = 0; i < N; i++) {
                const bool related = i % 100 < percent_related;
                best[i] = related ? 30 : unrelated(&seed, scale);
            }
            memcpy(sorted, best, sizeof best);
            const float level = mdup_glance_level(sorted, N);
            for (int i = 0; i < N; i++)
                if (best[i] < 30) {
                    n_unrelated++;
                    above += best[i] >= level;
                }
            const double share = (double)above / n_unrelated;
            assert_true(level < 30); /* no related one is lost */
            /* With so many related pairs the quantiles are a little higher than those of the unrelated ones. */
            assert_true(share > (percent_related > 0 ? 0.0005 : 0.015) && share < 0.045);
        }
    }
}

/* ---- a large session ---- */

enum { N_FRAMES = 530, NX = 48, NY = 40 };

typedef struct {
    int8_t *pixels;
    size_t order[N_FRAMES];
    mdup_statistics statistics;
    mdup_conditioner *conditioner;
    mdup_search_frames frames;
} session;

static const int8_t *get_frame(void *context, size_t index, mdup_error **err)
{
    (void)err;
    const session *s = context;
    return s->pixels + index * NX * NY;
}

static bool is_second(size_t i)
{
    return i >= 300 && i % 11 == 0;
}

/* Some late frames are second exposures of the one 300 before. */
static session *new_session(void)
{
    session *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->pixels = malloc((size_t)N_FRAMES * NX * NY);
    s->conditioner = mdup_conditioner_new(NX, NY, NULL);
    assert_true(s->pixels && s->conditioner);
    for (size_t i = 0; i < N_FRAMES; i++) {
        s->order[i] = i;
        float *scene = make_scene(NX, NY, is_second(i) ? i - 300 : i);
        cut_frame(scene, NX, 0, 0, NX, NY, 0.6, 100000 + i, s->pixels + i * NX * NY);
        free(scene);
    }
    mdup_condition_scratch *scratch = mdup_condition_scratch_new(s->conditioner, NULL);
    mdup_statistics *st = &s->statistics;
    *st = (mdup_statistics){.nx = NX, .ny = NY, .n_frames = 512, .noise_share = 0.5};
    st->sum = calloc((size_t)NX * NY, sizeof *st->sum);
    assert_true(scratch && st->sum);
    for (size_t f = 0; f < st->n_frames; f++) {
        double power[MDUP_RADIAL_BINS];
        mdup_condition_power(s->conditioner, get_frame(s, f, NULL), scratch, power);
        for (int k = 0; k < MDUP_RADIAL_BINS; k++)
            st->power[k] += power[k] / (double)st->n_frames;
        for (size_t i = 0; i < (size_t)NX * NY; i++)
            st->sum[i] += get_frame(s, f, NULL)[i];
    }
    mdup_condition_scratch_free(scratch);
    mdup_conditioner_set_statistics(s->conditioner, st);
    s->frames = (mdup_search_frames){.nx = NX,
                                     .ny = NY,
                                     .n = N_FRAMES,
                                     .get = get_frame,
                                     .context = s,
                                     .order = s->order,
                                     .images_per_move = 1,
                                     .images_per_hole = 1};
    return s;
}

static void free_session(session *s)
{
    mdup_conditioner_free(s->conditioner);
    free(s->statistics.sum);
    free(s->pixels);
    free(s);
}

static mdup_shortlist search(session *s, int n_threads)
{
    mdup_shortlist list = {0};
    mdup_error *err = NULL;
    assert_true(mdup_search(&s->frames, s->conditioner, n_threads, NULL, &list, &err));
    expect_no_error(&err);
    return list;
}

static bool has(const mdup_shortlist *list, size_t a, size_t b)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].a == a && list->items[i].b == b)
            return list->items[i].coarse > 7;
    return false;
}

static void second_exposures_get_a_second_look(void **state)
{
    (void)state;
    session *s = new_session();
    assert_true(mdup_glance_band(s->conditioner) > 0); /* the test has teeth */
    mdup_shortlist one = search(s, 1), many = search(s, 5);
    size_t n_second = 0, n_drawn = 0;
    for (size_t i = 0; i < N_FRAMES; i++)
        if (is_second(i)) {
            n_second++;
            assert_true(has(&one, i - 300, i));
        }
    assert_true(n_second > 15);
    for (size_t i = 0; i < one.n; i++)
        n_drawn += one.items[i].drawn;
    assert_in_range(n_drawn, 900, 1100); /* whatever the first look says of them */
    assert_int_equal(one.n, many.n);
    for (size_t i = 0; i < one.n; i++) {
        assert_int_equal(one.items[i].a, many.items[i].a);
        assert_int_equal(one.items[i].b, many.items[i].b);
        assert_memory_equal(one.items[i].peaks, many.items[i].peaks, sizeof one.items[i].peaks);
    }
    free(one.items);
    free(many.items);
    free_session(s);
}

/* ---- blocks ---- */

typedef struct {
    size_t rows[MDUP_BLOCK], columns[MDUP_BLOCK];
    float found[MDUP_BLOCK][MDUP_BLOCK];
    int every; /* each so manieth pair is asked for */
} block_test;

static mdup_pair_interest interest(void *context, size_t i, size_t j)
{
    const block_test *t = context;
    return t->rows[i] == t->columns[j] || (i + j) % (size_t)t->every > 0 ? MDUP_PAIR_UNWANTED
           : (i * 7 + j) % 50 == 0 ? MDUP_PAIR_WANTED_IN_ANY_CASE
                                   : MDUP_PAIR_WANTED;
}

static bool found(void *context, size_t i, size_t j, bool stands_out,
                  const mdup_peak peaks[MDUP_PEAKS], int worker, mdup_error **err)
{
    (void)worker;
    (void)err;
    block_test *t = context;
    assert_true(interest(t, i, j) > (stands_out ? MDUP_PAIR_UNWANTED : MDUP_PAIR_WANTED));
    t->found[i][j] = peaks[0].local_z;
    return true;
}

static void compare(mdup_blocks *blocks, block_test *t, size_t first_row, size_t first_column)
{
    mdup_error *err = NULL;
    memset(t->found, 0, sizeof t->found);
    for (size_t i = 0; i < MDUP_BLOCK; i++) {
        t->rows[i] = first_row + i;
        t->columns[i] = first_column + i;
    }
    const mdup_block_pairs pairs = {t->rows, t->columns, MDUP_BLOCK - 3, MDUP_BLOCK,
                                    t,       interest,   found};
    assert_true(mdup_blocks_compare(blocks, &pairs, &err));
    expect_no_error(&err);
}

/* The same of a pair whichever is the row, whatever else is asked for, and however little is kept. */
static void a_pair_is_a_pair(void **state)
{
    (void)state;
    session *s = new_session();
    mdup_error *err = NULL;
    static block_test all, some;
    all.every = 1;
    some.every = 3;
    mdup_blocks *rich = mdup_blocks_new(&s->frames, s->conditioner, 1e9, 2, NULL, NULL, &err);
    mdup_blocks *poor = mdup_blocks_new(&s->frames, s->conditioner, 0, 1, NULL, NULL, &err);
    assert_true(rich && poor);
    assert_true(mdup_blocks_count_kept(rich) >= 2 && mdup_blocks_count_kept(poor) == 2);
    compare(rich, &all, 0, 264);
    compare(poor, &some, 250, 100); /* others, to be dropped */
    compare(poor, &some, 264, 0);
    int both = 0, second_looks = 0, asked = 0;
    for (size_t i = 0; i < MDUP_BLOCK - 3; i++)
        for (size_t j = 0; j < MDUP_BLOCK - 3; j++) {
            second_looks += all.found[i][j] > 0;
            asked++;
            if (all.found[i][j] <= 0 || some.found[j][i] <= 0)
                continue;
            both++;
            assert_memory_equal(&all.found[i][j], &some.found[j][i], sizeof(float));
        }
    assert_true(both > 500);
    assert_true(second_looks > asked / 50 && second_looks < asked / 5);
    mdup_blocks_free(rich);
    mdup_blocks_free(poor);
    free_session(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_band_goes_as_far_as_the_signal),
        cmocka_unit_test(one_unrelated_pair_in_30),
        cmocka_unit_test(second_exposures_get_a_second_look),
        cmocka_unit_test(a_pair_is_a_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
