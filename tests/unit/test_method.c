/* What a session keeps is of a method with a number.  These tests fail when the method has changed: then raise the number named there, so that
 * sessions begin anew with it, and put the numbers that are printed in the place of the old ones. */
#include "flow/compare.h"
#include "flow/reading.h"
#include "formats/mrc.h"
#include "texture.h"

/* To so many parts compilers, processors and FFTW's choices agree. */
static const double TOLERANCE = 1e-4;

static void expect_numbers(const char *what, int version, int expected_version,
                           const double *numbers, const double *expected, size_t n)
{
    bool same = version == expected_version;
    for (size_t i = 0; i < n; i++)
        same = same && fabs(numbers[i] - expected[i]) <= TOLERANCE * (1 + fabs(expected[i]));
    if (same)
        return;
    printf("%s, now %d:", what, version);
    for (size_t i = 0; i < n; i++)
        printf(" %.9g,", numbers[i]);
    printf("\n");
    fail_msg("%s has changed, or its number: see the comment at the top of this test", what);
}

/* ---- reading ---- */

static void the_way_frames_are_made(void **state)
{
    (void)state;
    enum { NX = 1411, NY = 1005, PIXELS = NX * NY };
    float *scene = make_scene(NX, NY, 3);
    uint64_t seed = 4;
    for (size_t i = 0; i < PIXELS; i++)
        scene[i] += (float)(20 + 1e-3 * (double)(i % NX) + gaussian(&seed));
    for (size_t y = 200; y < 260; y++)
        for (size_t x = 300; x < 380; x++)
            scene[y * NX + x] += 40;
    mdup_error *err = NULL;
    assert_true(mdup_mrc_write("method_test.mrc", scene, NX, NY, 1, MDUP_PIXEL_FLOAT32, &err));
    free(scene);
    char path[] = "method_test.mrc";
    const mdup_micrograph m = {.name = path, .path = path};
    mdup_reading r;
    mdup_reading_buffers buffers = {0};
    assert_true(mdup_read_frame(&m, 0, MDUP_MODE0_AUTO, &buffers, &r, &err));
    remove(path);
    expect_no_error(&err);
    assert_non_null(r.frame);
    double sum = 0, absolute = 0, twisted = 0;
    const int32_t n = r.frame_nx * r.frame_ny;
    for (int32_t i = 0; i < n; i++) {
        sum += r.frame[i];
        absolute += abs(r.frame[i]);
        twisted += r.frame[i] * sin(0.01 * i);
    }
    const double numbers[] = {r.bin,        r.frame_nx,  r.frame_ny,   sum / n,
                              absolute / n, twisted / n, r.noise_share};
    static const double expected[] = {4,          352,           251,        0.0190035313,
                                      23.9928807, -0.0287304803, 0.508448244};
    expect_numbers("MDUP_FRAME_METHOD", MDUP_FRAME_METHOD, 3, numbers, expected,
                   sizeof numbers / sizeof *numbers);
    mdup_reading_clear(&r);
    mdup_reading_buffers_clear(&buffers);
}

/* ---- comparing ---- */

enum { NX = 96, NY = 72, PIXELS = NX * NY, N = 12, N_KINDS = MDUP_LOOK_REPEATS + 1 };

typedef struct {
    int8_t frames[N][PIXELS];
    size_t order[N];
    uint64_t keys[N];
    int32_t hole[N], shot[N];
    float noise_share[N];
    double statistics[4];
    double signs[N_KINDS][MDUP_LOOK_SIGNS]; /* sums */
    double n_looks[N_KINDS];
    /* One tile. */
    size_t block_begin[2], frame[N];
    uint16_t slot[N];
    mdup_search_memory search;
    double coarse, shifts, local_z;
} world;

static const int8_t *get_frame(void *context, size_t index, mdup_error **err)
{
    (void)err;
    const world *w = context;
    return w->frames[index];
}

static bool get_tile(void *context, size_t a, size_t b, mdup_tile *tile, mdup_error **err)
{
    (void)context;
    (void)a;
    (void)b;
    (void)tile;
    (void)err;
    return true;
}

static bool put_tile(void *context, size_t a, size_t b, const mdup_tile *tile, mdup_error **err)
{
    (void)a;
    (void)b;
    (void)err;
    world *w = context;
    for (size_t i = 0; i < tile->n; i++) {
        const mdup_candidate *c = &tile->items[i];
        w->coarse += (double)c->coarse;
        for (int p = 0; p < MDUP_PEAKS; p++) {
            w->local_z += (double)c->peaks[p].local_z;
            w->shifts += fabs((double)c->peaks[p].shift_x) + 2 * fabs((double)c->peaks[p].shift_y);
        }
    }
    return true;
}

static bool begin(void *context, uint64_t key, mdup_statistics *statistics, bool *known,
                  const mdup_search_memory **search, mdup_error **err)
{
    (void)key;
    (void)statistics;
    (void)err;
    world *w = context;
    *known = false;
    *search = &w->search;
    return true;
}

static bool keep_statistics(void *context, const mdup_statistics *st, mdup_error **err)
{
    (void)err;
    world *w = context;
    w->statistics[0] = st->spot_share;
    w->statistics[1] = st->noise_share;
    for (int k = 0; k < MDUP_RADIAL_BINS; k++)
        w->statistics[2] += log1p(st->power[k]);
    for (size_t i = 0; i < PIXELS; i++)
        w->statistics[3] += abs(st->sum[i]);
    return true;
}

static bool recall_look(void *context, mdup_look *look)
{
    (void)context;
    (void)look;
    return false;
}

static bool keep_looks(void *context, const mdup_look *looks, size_t n, mdup_error **err)
{
    (void)err;
    world *w = context;
    for (size_t i = 0; i < n; i++) {
        w->n_looks[looks[i].kind]++;
        for (int s = 0; s < MDUP_LOOK_SIGNS; s++)
            w->signs[looks[i].kind][s] += isnan(looks[i].signs[s]) ? 0 : fabs(looks[i].signs[s]);
    }
    return true;
}

/* Three holes of four shots; the third is the first again, a little further. */
static world *new_world(void)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    for (size_t i = 0; i < N; i++) {
        float *scene = make_scene(NX + 8, NY + 8, i % 8);
        const int32_t moved = i >= 8 ? 5 : 0;
        cut_frame(scene, NX + 8, moved, moved, NX, NY, 0.25, 90 + i, w->frames[i]);
        free(scene);
        w->order[i] = i;
        w->keys[i] = 7 * i;
        w->hole[i] = (int32_t)(i / 4);
        w->shot[i] = (int32_t)(i % 4);
        w->noise_share[i] = 0.6f;
        w->frame[i] = i;
        w->slot[i] = (uint16_t)i;
    }
    w->block_begin[1] = N;
    w->search = (mdup_search_memory){1, w->block_begin, w->frame, w->slot, get_tile, put_tile, w};
    return w;
}

static void the_way_pairs_are_compared(void **state)
{
    (void)state;
    world *w = new_world();
    const mdup_search_frames frames = {.nx = NX,
                                       .ny = NY,
                                       .n = N,
                                       .get = get_frame,
                                       .context = w,
                                       .hole = w->hole,
                                       .shot = w->shot,
                                       .noise_share = w->noise_share,
                                       .order = w->order,
                                       .images_per_move = 1,
                                       .images_per_hole = 1,
                                       .key = w->keys};
    const mdup_compare_memory memory = {w, begin, keep_statistics, recall_look, keep_looks};
    mdup_pair_list list;
    mdup_error *err = NULL;
    assert_true(mdup_compare_frames(&frames, &memory, 1, 0, 1, NULL, &list, &err));
    expect_no_error(&err);
    mdup_pair_list_clear(&list);
    double numbers[7 + N_KINDS + N_KINDS * MDUP_LOOK_SIGNS] = {
        w->statistics[0], w->statistics[1], w->statistics[2], w->statistics[3],
        w->coarse,        w->local_z,       w->shifts};
    memcpy(numbers + 7, w->n_looks, sizeof w->n_looks);
    memcpy(numbers + 7 + N_KINDS, w->signs, sizeof w->signs);
    static const double expected[sizeof numbers / sizeof *numbers] = {
        0,          0.600000024, 1588.19821, 482739,     305.566723,  543.802547, 13648,
        66,         3,           0,          66,         5,           301.217853, 0,
        2582.79136, 2039.0274,   25.3673365, 22.2210218, 6.26027214,  0,          0,
        49.6703472, 0,           15.0147441, 14.8937648, 0.277345629, 2.64752368, 0.759317458,
        15.3756176, 15.354246,   0,          0,          0,           0,          0,
        0,          0,           0,          0,          0,           129.51017,  0,
        0,          0,           0,          0,          0,           0,          18.4667075,
        83.9592989, 0,           0,          0,          0,           0,          0,
        0};
    expect_numbers("MDUP_COMPARE_METHOD", MDUP_COMPARE_METHOD, 5, numbers, expected,
                   sizeof numbers / sizeof *numbers);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_way_frames_are_made),
        cmocka_unit_test(the_way_pairs_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
