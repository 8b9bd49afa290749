/* A search that remembers: whatever came, went, or was searched otherwise before, the answer is that of a search that knows nothing; and no pair is
 * compared twice. */
#include "search/search.h"
#include "texture.h"

/* Lists have SAMPLE to MOST frames, for which the statistics are those of the first SAMPLE; or those of sessions so large that there is a first look.
 * Only every fifth id is one of theirs. */
enum { NX = 32, NY = 32, PIXELS = NX * NY, STRIDE = 5 };
enum { MOST = 127, SAMPLE = 64, MOST_OF_LARGE = 560, SAMPLE_OF_LARGE = 512 };
enum { BLOCKS = STRIDE * MOST_OF_LARGE / MDUP_TILE_SIDE + 1 };

/* Frames by number; of them a list in order of acquisition.  Their ids are STRIDE times their numbers. */
typedef struct {
    int8_t pixels[MOST_OF_LARGE][PIXELS];
    size_t most;
    mdup_statistics statistics; /* always of the lowest numbers, which come first in every list */
    mdup_conditioner *conditioner;
    size_t list[MOST_OF_LARGE], n, index_of[MOST_OF_LARGE];
    mdup_search_frames frames;
    size_t order[MOST_OF_LARGE];
    uint64_t keys[MOST_OF_LARGE];
    int64_t group[MOST_OF_LARGE];
    /* The memory: tiles by blocks of ids, their items by numbers. */
    mdup_tile tiles[BLOCKS][BLOCKS];
    mdup_search_memory memory;
    size_t block_begin[BLOCKS + 1], block_number[BLOCKS], frame_at[MOST_OF_LARGE];
    uint16_t slot[MOST_OF_LARGE];
    size_t n_puts;
    int64_t n_compared; /* pairs, as the tiles tell */
} world;

static const int8_t *get_frame(void *context, size_t index, mdup_error **err)
{
    (void)err;
    const world *w = context;
    return w->pixels[w->list[index]];
}

static bool find_in_list(const world *w, size_t number, size_t *index)
{
    *index = w->index_of[number];
    return *index < w->n;
}

/* Items of frames that are not in the list, or stand there in the other order, are not handed out. */
static bool get_tile(void *context, size_t a, size_t b, mdup_tile *tile, mdup_error **err)
{
    world *w = context;
    const mdup_tile *kept = &w->tiles[w->block_number[a]][w->block_number[b]];
    memcpy(tile->compared, kept->compared, sizeof tile->compared);
    tile->floor = kept->floor;
    for (size_t i = 0; i < kept->n; i++) {
        mdup_candidate item = kept->items[i];
        if (find_in_list(w, kept->items[i].a, &item.a) &&
            find_in_list(w, kept->items[i].b, &item.b) && item.a < item.b &&
            !mdup_tile_add(tile, &item, err))
            return false;
    }
    return true;
}

/* Of what is kept only that of frames which the search does not see, and of pairs that are still marked as compared. */
static void keep_foreign(const world *w, mdup_tile *kept)
{
    size_t n = 0;
    for (size_t i = 0; i < kept->n; i++) {
        const mdup_candidate *item = &kept->items[i];
        size_t a, b, id_a = STRIDE * item->a, id_b = STRIDE * item->b;
        bool here = find_in_list(w, item->a, &a) && find_in_list(w, item->b, &b) && a < b;
        bool later = id_a > id_b;
        bool marked = mdup_tile_is_compared(kept, later, (later ? id_b : id_a) % MDUP_TILE_SIDE,
                                            (later ? id_a : id_b) % MDUP_TILE_SIDE);
        if (!here && marked)
            kept->items[n++] = *item;
    }
    kept->n = n;
}

static bool put_tile(void *context, size_t a, size_t b, const mdup_tile *tile, mdup_error **err)
{
    world *w = context;
    mdup_tile *kept = &w->tiles[w->block_number[a]][w->block_number[b]];
    w->n_puts++;
    w->n_compared += mdup_tile_count(tile) - mdup_tile_count(kept);
    memcpy(kept->compared, tile->compared, sizeof kept->compared);
    kept->floor = tile->floor;
    keep_foreign(w, kept);
    for (size_t i = 0; i < tile->n; i++) {
        mdup_candidate item = tile->items[i];
        item.a = w->list[item.a];
        item.b = w->list[item.b];
        if (!mdup_tile_add(kept, &item, err))
            return false;
    }
    return true;
}

static world *new_world(size_t most, size_t sample)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->most = most;
    for (size_t i = 0; i < most; i++) {
        float *scene = make_scene(NX, NY, i % 9 == 8 ? i - 5 : i);
        cut_frame(scene, NX, 0, 0, NX, NY, 0.6, 7000 + i, w->pixels[i]);
        free(scene);
    }
    w->conditioner = mdup_conditioner_new(NX, NY, NULL);
    mdup_statistics *st = &w->statistics;
    *st = (mdup_statistics){.nx = NX, .ny = NY, .n_frames = sample, .noise_share = 1};
    st->sum = calloc(PIXELS, sizeof *st->sum);
    mdup_condition_scratch *scratch = mdup_condition_scratch_new(w->conditioner, NULL);
    assert_true(w->conditioner && st->sum && scratch);
    for (size_t f = 0; f < sample; f++) {
        double power[MDUP_RADIAL_BINS];
        mdup_condition_power(w->conditioner, w->pixels[f], scratch, power);
        for (int k = 0; k < MDUP_RADIAL_BINS; k++)
            st->power[k] += power[k] / (double)sample;
        for (size_t i = 0; i < PIXELS; i++)
            st->sum[i] += w->pixels[f][i];
    }
    mdup_condition_scratch_free(scratch);
    mdup_conditioner_set_statistics(w->conditioner, st);
    return w;
}

static void free_world(world *w)
{
    for (size_t a = 0; a < BLOCKS; a++)
        for (size_t b = 0; b < BLOCKS; b++)
            mdup_tile_clear(&w->tiles[a][b]);
    mdup_conditioner_free(w->conditioner);
    free(w->statistics.sum);
    free(w);
}

/* The list of these numbers; its tiles stand by ids. */
static void set_list(world *w, const size_t *numbers, size_t n)
{
    memcpy(w->list, numbers, n * sizeof *numbers);
    w->n = n;
    for (size_t number = 0; number < w->most; number++)
        w->index_of[number] = SIZE_MAX;
    for (size_t i = 0; i < n; i++)
        w->index_of[numbers[i]] = i;
    w->frames = (mdup_search_frames){.nx = NX,
                                     .ny = NY,
                                     .n = n,
                                     .get = get_frame,
                                     .context = w,
                                     .order = w->order,
                                     .images_per_move = 1,
                                     .images_per_hole = 1,
                                     .key = w->keys};
    for (size_t i = 0; i < n; i++) {
        w->order[i] = i;
        w->keys[i] = 1000 + numbers[i];
        w->group[i] = (int64_t)numbers[i] % 3;
    }
    size_t place = 0, n_blocks = 0;
    for (size_t number = 0; number < w->most; number++) {
        size_t index, id = STRIDE * number;
        if (!find_in_list(w, number, &index))
            continue;
        if (n_blocks == 0 || w->block_number[n_blocks - 1] != id / MDUP_TILE_SIDE) {
            w->block_number[n_blocks] = id / MDUP_TILE_SIDE;
            w->block_begin[n_blocks++] = place;
        }
        w->frame_at[place] = index;
        w->slot[place++] = (uint16_t)(id % MDUP_TILE_SIDE);
    }
    w->block_begin[n_blocks] = place;
    w->memory = (mdup_search_memory){.n_blocks = n_blocks,
                                     .block_begin = w->block_begin,
                                     .frame = w->frame_at,
                                     .slot = w->slot,
                                     .get = get_tile,
                                     .put = put_tile,
                                     .context = w};
}

static mdup_shortlist search(world *w, const mdup_search_memory *memory, int n_threads)
{
    mdup_shortlist list = {0};
    mdup_error *err = NULL;
    w->frames.memory = memory;
    const bool ok = mdup_search(&w->frames, w->conditioner, n_threads, NULL, &list, &err);
    expect_no_error(&err);
    assert_true(ok);
    return list;
}

/* With the memory as without it. */
static void expect_same_answer(world *w)
{
    mdup_shortlist fresh = search(w, NULL, 2), grown = search(w, &w->memory, 2);
    assert_true(fresh.n > 0);
    assert_int_equal(fresh.n, grown.n);
    assert_int_equal(fresh.n_compared, grown.n_compared);
    for (size_t i = 0; i < fresh.n; i++) {
        const mdup_candidate *f = &fresh.items[i], *g = &grown.items[i];
        assert_int_equal(f->a, g->a);
        assert_int_equal(f->b, g->b);
        assert_int_equal(f->drawn, g->drawn);
        assert_memory_equal(&f->coarse, &g->coarse, sizeof f->coarse);
        assert_memory_equal(f->peaks, g->peaks, sizeof f->peaks);
    }
    free(fresh.items);
    free(grown.items);
}

static void set_range(world *w, size_t n)
{
    size_t numbers[MOST_OF_LARGE];
    for (size_t i = 0; i < n; i++)
        numbers[i] = i;
    set_list(w, numbers, n);
}

static void nothing_is_compared_twice(void **state)
{
    (void)state;
    world *w = new_world(MOST, SAMPLE);
    set_range(w, 120);
    expect_same_answer(w);
    assert_int_equal(w->n_compared, 120 * 119 / 2);
    const size_t n_puts = w->n_puts;
    expect_same_answer(w);
    assert_int_equal(w->n_puts, n_puts);
    free_world(w);
}

/* A list that grows at its end: the new pairs, and none besides. */
static void growing_compares_what_is_new(void **state)
{
    (void)state;
    world *w = new_world(MOST, SAMPLE);
    static const size_t sizes[] = {SAMPLE, 65, 102, 103, 104, MOST};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        set_range(w, sizes[i]);
        expect_same_answer(w);
        assert_int_equal(w->n_compared, sizes[i] * (sizes[i] - 1) / 2);
    }
    free_world(w);
}

/* New frames anywhere in the order of acquisition, behind the sample; others go and come back. */
static void random_histories(void **state)
{
    (void)state;
    world *w = new_world(MOST, SAMPLE);
    uint64_t seed = 5;
    for (int step = 0; step < 12; step++) {
        size_t numbers[MOST], n = SAMPLE;
        for (size_t i = 0; i < SAMPLE; i++)
            numbers[i] = i;
        for (size_t number = SAMPLE; number < MOST; number++)
            if (next_random(&seed) % 100 < 30 + 5 * (uint64_t)step) {
                size_t at = SAMPLE + next_random(&seed) % (n - SAMPLE + 1);
                memmove(numbers + at + 1, numbers + at, (n - at) * sizeof *numbers);
                numbers[at] = number;
                n++;
            }
        set_list(w, numbers, SAMPLE + (n - SAMPLE) / 2);
        expect_same_answer(w);
        set_list(w, numbers, n);
        expect_same_answer(w);
    }
    free_world(w);
}

/* Of the blocks that are in every list. */
static float highest_floor(const world *w)
{
    float highest = 0;
    for (size_t a = 0; a < 2; a++)
        for (size_t b = 0; b < 2; b++)
            highest = fmaxf(highest, w->tiles[a][b].floor);
    return highest;
}

/* A shorter list reaches further down than what was kept of a longer one; then its tiles are compared again. */
static void shrinking(void **state)
{
    (void)state;
    world *w = new_world(MOST, SAMPLE);
    set_range(w, MOST);
    expect_same_answer(w);
    const float floor_of_all = highest_floor(w);
    const size_t sizes[] = {120, 100, 70, SAMPLE};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        set_range(w, sizes[i]);
        expect_same_answer(w);
        /* The margin spares the first two that. */
        assert_true((highest_floor(w) < floor_of_all) == (i >= 2));
    }
    free_world(w);
}

/* Windows and groups, then all, then windows again. */
static void other_pairs_are_asked_for(void **state)
{
    (void)state;
    world *w = new_world(MOST, SAMPLE);
    for (int step = 0; step < 6; step++) {
        set_range(w, 100 + 5 * (size_t)step);
        w->frames.scan_range = step % 3 == 0 ? 40 : 0;
        w->frames.images_per_hole = step % 3 == 0 ? 2 : 1;
        w->frames.group = step % 3 == 1 ? w->group : NULL;
        expect_same_answer(w);
    }
    free_world(w);
}

/* Pairs get a first look.  Those that get a second one only for being drawn are, in a longer list, not drawn any more. */
static void large_lists(void **state)
{
    (void)state;
    world *w = new_world(MOST_OF_LARGE, SAMPLE_OF_LARGE);
    static const size_t sizes[] = {SAMPLE_OF_LARGE, 530, MOST_OF_LARGE, 520};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        set_range(w, sizes[i]);
        w->frames.scan_range = 40;
        expect_same_answer(w);
        w->frames.scan_range = 0;
        expect_same_answer(w);
    }
    free_world(w);
}

static void bits_of_a_tile(void **state)
{
    (void)state;
    mdup_tile tile = {0};
    for (size_t a = 0; a < MDUP_TILE_SIDE; a += 51)
        for (size_t b = 0; b < MDUP_TILE_SIDE; b += 85)
            for (int later = 0; later < 2; later++) {
                assert_false(mdup_tile_is_compared(&tile, later, a, b));
                mdup_tile_mark(&tile, later, a, b);
                mdup_tile_mark(&tile, later, a, b);
                assert_true(mdup_tile_is_compared(&tile, later, a, b));
            }
    assert_int_equal(mdup_tile_count(&tile), 6 * 4 * 2);
    assert_true(mdup_tile_is_compared(&tile, false, 255, 255));
    assert_false(mdup_tile_is_compared(&tile, false, 255, 254));
    mdup_tile_clear(&tile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_of_a_tile),
        cmocka_unit_test(nothing_is_compared_twice),
        cmocka_unit_test(growing_compares_what_is_new),
        cmocka_unit_test(random_histories),
        cmocka_unit_test(shrinking),
        cmocka_unit_test(other_pairs_are_asked_for),
        cmocka_unit_test(large_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
