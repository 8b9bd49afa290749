/* Frames that do not fit into memory come from the session file, whoever asks, and a screen with hardly any memory finds what every other does. */
#include "base/hash.h"
#include "flow/frames.h"
#include "run/executor.h"
#include "small_session.h"

enum { NX = 40, NY = 30, PIXELS = NX * NY, N = 60, ROOM = 7, N_THREADS = 4 };

static const char SESSION[] = "frames_test.mdup";

typedef struct {
    mdup_session *session;
    mdup_session_reading entries[N];
    mdup_reading readings[N];
    mdup_frames *frames;
} world;

static int8_t pixel_of(size_t i, size_t p)
{
    return (int8_t)((7 * i + 13 * p + p / NX) % 251 - 125);
}

static void put_frame(world *w, size_t i)
{
    mdup_reading *r = &w->readings[i];
    mdup_error *err = NULL;
    *r = (mdup_reading){.nx = NX, .ny = NY, .bin = 1, .frame_nx = NX, .frame_ny = NY};
    r->frame = malloc(PIXELS);
    assert_non_null(r->frame);
    for (size_t p = 0; p < PIXELS; p++)
        r->frame[p] = pixel_of(i, p);
    r->frame_hash = mdup_hash(0, r->frame, PIXELS);
    char name[20];
    snprintf(name, sizeof name, "m%zu", i);
    mdup_session_reading *e = &w->entries[i];
    *e = (mdup_session_reading){.name = name, .path = name, .file_bytes = 1};
    assert_true(mdup_session_enter(w->session, e, &err));
    e->is_read = true;
    e->bin = 1;
    e->nx = e->frame_nx = NX;
    e->ny = e->frame_ny = NY;
    e->frame_hash = r->frame_hash;
    assert_true(mdup_session_put_reading(w->session, e, r->frame, &err));
    mdup_frames_add(w->frames, i, e->id);
}

static world *new_world(bool has_session)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    mdup_error *err = NULL;
    w->session = mdup_session_work(SESSION, true, NULL, &err);
    expect_no_error(&err);
    w->frames = mdup_frames_new(has_session ? w->session : NULL, SESSION, w->readings, N,
                                ROOM * PIXELS, &err);
    assert_non_null(w->frames);
    for (size_t i = 0; i < N; i++)
        put_frame(w, i);
    return w;
}

static void free_world(world *w)
{
    mdup_frames_free(w->frames);
    mdup_session_close(w->session);
    for (size_t i = 0; i < N; i++)
        mdup_reading_clear(&w->readings[i]);
    free(w);
    unlink(SESSION);
}

static size_t count_held(const world *w)
{
    size_t n = 0;
    for (size_t i = 0; i < N; i++)
        n += w->readings[i].frame != NULL;
    return n;
}

static bool is_right(const int8_t *frame, size_t i)
{
    for (size_t p = 0; p < PIXELS; p++)
        if (frame[p] != pixel_of(i, p))
            return false;
    return true;
}

static void as_many_stay_as_may(void **state)
{
    (void)state;
    world *w = new_world(true);
    assert_int_equal(count_held(w), ROOM);
    for (size_t k = 0; k < 5 * N; k++) {
        const size_t i = k * 17 % N;
        const int8_t *frame = mdup_frames_get(w->frames, i, NULL);
        assert_true(frame && is_right(frame, i));
        assert_true(count_held(w) <= ROOM);
        mdup_frames_release(w->frames, i);
    }
    free_world(w);
}

/* More than there is room for are in use: they stay all the same. */
static void what_is_in_use_stays(void **state)
{
    (void)state;
    world *w = new_world(true);
    const int8_t *frames[3 * ROOM];
    for (size_t i = 0; i < 3 * ROOM; i++)
        assert_non_null(frames[i] = mdup_frames_get(w->frames, i, NULL));
    for (size_t i = 0; i < 3 * ROOM; i++) {
        assert_true(is_right(frames[i], i));
        assert_ptr_equal(mdup_frames_get(w->frames, i, NULL), frames[i]);
        mdup_frames_release(w->frames, i);
        mdup_frames_release(w->frames, i);
    }
    assert_non_null(mdup_frames_get(w->frames, N - 1, NULL));
    assert_true(count_held(w) <= ROOM);
    free_world(w);
}

static void without_a_session_all_stay(void **state)
{
    (void)state;
    world *w = new_world(false);
    assert_int_equal(count_held(w), N);
    free_world(w);
}

static bool use_some(void *context, size_t item, int worker, mdup_error **err)
{
    (void)worker;
    world *w = context;
    const size_t i = item * 31 % N, j = item * 7 % N;
    const int8_t *a = mdup_frames_get(w->frames, i, err), *b = mdup_frames_get(w->frames, j, err);
    const bool right = a && b && is_right(a, i) && is_right(b, j);
    mdup_frames_release(w->frames, i);
    mdup_frames_release(w->frames, j);
    return right || mdup_fail(err, MDUP_ERROR_INVALID, "not the frames that were asked for");
}

static void from_many_threads(void **state)
{
    (void)state;
    world *w = new_world(true);
    mdup_error *err = NULL;
    const mdup_batch batch = {3000, N_THREADS, use_some, NULL, w};
    const bool ok = mdup_run_batch(&batch, &err);
    expect_no_error(&err);
    assert_true(ok);
    assert_true(count_held(w) <= ROOM + 2 * N_THREADS);
    free_world(w);
}

static void a_frame_that_is_not_what_it_was(void **state)
{
    (void)state;
    world *w = new_world(true);
    mdup_error *err = NULL;
    w->readings[N - 1].frame_hash++;
    assert_null(mdup_frames_get(w->frames, N - 1, &err));
    expect_error(&err, MDUP_ERROR_PARSE,
                 "frames_test.mdup: a frame is not what was put there a while ago; check the disk, "
                 "and start again");
    assert_non_null(mdup_frames_get(w->frames, N - 2, &err));
    free_world(w);
}

/* ---- a screen ---- */

static void screen_with(double memory_bytes, const char *out)
{
    const char *list = "frames_test_in/list.txt";
    mdup_screen_options o;
    mdup_screen_options_init(&o);
    o.inputs = &list;
    o.n_inputs = 1;
    o.out_dir = out;
    o.max_evalue = 50;
    o.n_threads = 2;
    o.memory_bytes = memory_bytes;
    mdup_error *err = NULL;
    const bool ok = mdup_screen(&o, NULL, NULL, &err);
    expect_no_error(&err);
    assert_true(ok);
}

static size_t count_pictures(const char *folder)
{
    char path[100];
    size_t length, n = 0;
    snprintf(path, sizeof path, "%s/report.html", folder);
    char *text = mdup_file_read(path, (size_t)1 << 26, &length, NULL);
    assert_non_null(text);
    for (const char *at = text; (at = strstr(at, "data:image/jpeg")) != NULL; at++)
        n++;
    free(text);
    return n;
}

static void a_screen_with_hardly_any_memory(void **state)
{
    (void)state;
    static const char much[] = "frames_test_much", little[] = "frames_test_little";
    make_small("frames_test_in", SMALL_MOST);
    write_list("frames_test_in", "list.txt", SMALL_MOST);
    remove_folder(much);
    remove_folder(little);
    screen_with(0, much);
    screen_with(1, little);
    expect_same_outputs(much, little);
    assert_true(count_pictures(much) > 3);
    assert_int_equal(count_pictures(much), count_pictures(little));
    screen_with(1, little); /* all from the session */
    expect_same_outputs(much, little);
    assert_int_equal(count_pictures(much), count_pictures(little));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_stay_as_may),
        cmocka_unit_test(what_is_in_use_stays),
        cmocka_unit_test(without_a_session_all_stay),
        cmocka_unit_test(from_many_threads),
        cmocka_unit_test(a_frame_that_is_not_what_it_was),
        cmocka_unit_test(a_screen_with_hardly_any_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
