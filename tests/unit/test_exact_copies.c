/* Files of the same pixels: which are compared again, and what becomes of those that are gone or changed in the meantime. */
#include "flow/exact_copies.h"

#include <unistd.h>

#include <microdup/screen.h>

#include "turned.h"

enum { NX = 97, NY = 75, PIXELS = NX * NY, MOST = 8 };

typedef struct {
    mdup_catalog catalog;
    mdup_micrograph micrographs[MOST];
    mdup_reading readings[MOST];
    char paths[MOST][40];
    mdup_screen_options options;
    mdup_exact_copy copies[MOST];
    char said[1000];
    bool stop;
} session;

static void hear(void *user, mdup_log_level level, const char *text)
{
    (void)level;
    session *s = user;
    strncat(s->said, text, sizeof s->said - strlen(s->said) - 1);
    strncat(s->said, "\n", sizeof s->said - strlen(s->said) - 1);
}

static bool is_to_stop(void *user)
{
    const session *s = user;
    return s->stop;
}

/* The image of this kind, in this orientation, with one pixel set to `last`. */
static void write_image(const char *path, uint64_t kind, mdup_orientation o, float last)
{
    static float image[PIXELS], turned[PIXELS];
    fill_randomly(image, PIXELS, kind);
    image[PIXELS - 1] = last;
    turn(image, NX, NY, o, turned);
    mdup_error *err = NULL;
    const bool ok = mdup_mrc_write(path, turned, is_swapped(o) ? NY : NX, is_swapped(o) ? NX : NY,
                                   1, MDUP_PIXEL_FLOAT32, &err);
    expect_no_error(&err);
    assert_true(ok);
}

/* Micrograph i is of the kind kinds[i], and lies as digit i of `orientations` says. */
static void make(session *s, const char *kinds, const char *orientations)
{
    *s = (session){0};
    mdup_screen_options_init(&s->options);
    s->catalog = (mdup_catalog){.n = strlen(kinds), .micrographs = s->micrographs};
    mdup_reading_buffers buffers = {0};
    for (size_t i = 0; i < s->catalog.n; i++) {
        snprintf(s->paths[i], sizeof s->paths[i], "exact_copies_%zu.mrc", i);
        s->micrographs[i] = (mdup_micrograph){.name = s->paths[i], .path = s->paths[i]};
        write_image(s->paths[i], (uint64_t)kinds[i], (mdup_orientation)(orientations[i] - '0'), 5);
        mdup_error *err = NULL;
        assert_true(mdup_read_frame(&s->micrographs[i], 0, MDUP_MODE0_AUTO, &buffers,
                                    &s->readings[i], &err));
        assert_non_null(s->readings[i].frame);
    }
    mdup_reading_buffers_clear(&buffers);
}

static bool run(session *s, mdup_error **err)
{
    const mdup_callbacks callbacks = {.user = s, .log = hear, .stop = is_to_stop};
    return mdup_exact_copies_find(&s->catalog, s->readings, &s->options, NULL, &callbacks,
                                  s->copies, err);
}

static void clear(session *s)
{
    for (size_t i = 0; i < s->catalog.n; i++) {
        mdup_reading_clear(&s->readings[i]);
        (void)unlink(s->paths[i]);
    }
}

/* firsts, orientations: a digit a micrograph. */
static void expect(session *s, const char *firsts, const char *orientations, const char *said)
{
    mdup_error *err = NULL;
    const bool ok = run(s, &err);
    expect_no_error(&err);
    assert_true(ok);
    for (size_t i = 0; i < s->catalog.n; i++) {
        assert_int_equal(s->copies[i].first, firsts[i] - '0');
        assert_int_equal(s->copies[i].orientation, orientations[i] - '0');
    }
    assert_string_equal(s->said, said);
    clear(s);
}

static void each_against_the_first_of_its_kind(void **state)
{
    (void)state;
    static const struct {
        const char *kinds, *orientations, *firsts, *found;
    } cases[] = {
        {"", "", "", ""},
        {"a", "0", "0", "0"},
        {"ab", "00", "01", "00"},
        {"aaaaaaaa", "01234567", "00000000", "01234567"},
        {"aaaaaaaa", "55555555", "00000000", "00000000"},
        {"abab", "1050", "0101", "0070"}, /* undo mirrored-x, then turned-90: antitransposed */
        {"abcacb", "000340", "012021", "000340"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        session s;
        make(&s, cases[i].kinds, cases[i].orientations);
        expect(&s, cases[i].firsts, cases[i].found, "");
    }
}

static void a_file_that_is_gone(void **state)
{
    (void)state;
    session s;
    make(&s, "aaa", "014");
    assert_int_equal(unlink(s.paths[1]), 0);
    expect(&s, "010", "004",
           "exact_copies_1.mrc: there is no such file; whether it is an exact copy of another "
           "micrograph is not known\n");
}

/* The others are copies of each other all the same. */
static void the_first_is_gone(void **state)
{
    (void)state;
    session s;
    make(&s, "aaa", "003");
    assert_int_equal(unlink(s.paths[0]), 0);
    expect(&s, "011", "003",
           "exact_copies_0.mrc: there is no such file; whether it is an exact copy of another "
           "micrograph is not known\n");
}

static void a_file_that_has_changed(void **state)
{
    (void)state;
    session s;
    make(&s, "aaa", "000");
    write_image(s.paths[1], 'a', MDUP_ORIENTATION_SAME, 6);
    write_image(s.paths[2], 'a', MDUP_ORIENTATION_TRANSPOSED, 5);
    expect(&s, "012", "000",
           "exact_copies_1.mrc: has changed since it was read; whether it is an exact copy of "
           "another micrograph is not known\n"
           "exact_copies_2.mrc: has changed since it was read; whether it is an exact copy of "
           "another micrograph is not known\n");
}

/* Pixels that changed places have the same signature; here 0 and 2, and 1 and 3, are alike. */
static void equal_signatures_prove_nothing(void **state)
{
    (void)state;
    session s;
    make(&s, "aaaa", "0002");
    static float image[PIXELS], turned[PIXELS];
    fill_randomly(image, PIXELS, 'a');
    image[PIXELS - 1] = image[40];
    image[40] = 5;
    for (size_t i = 1; i < 4; i += 2) {
        turn(image, NX, NY, i == 1 ? MDUP_ORIENTATION_SAME : MDUP_ORIENTATION_MIRRORED_Y, turned);
        mdup_error *err = NULL;
        assert_true(mdup_mrc_write(s.paths[i], turned, NX, NY, 1, MDUP_PIXEL_FLOAT32, &err));
    }
    expect(&s, "0101", "0002", "");
}

static void what_was_not_judged_is_no_copy(void **state)
{
    (void)state;
    session s;
    make(&s, "aaa", "000");
    free(s.readings[1].frame);
    s.readings[1].frame = NULL;
    s.readings[1].judgement.status = MDUP_STATUS_BLANK;
    expect(&s, "010", "000", "");
}

static void only_pairs_asked_for(void **state)
{
    (void)state;
    session s;
    make(&s, "aaaa", "0000");
    s.options.images_per_move = 2;
    s.options.scan_range = 1;
    expect(&s, "0103", "0000", "");
}

static void stops_on_request(void **state)
{
    (void)state;
    session s;
    mdup_error *err = NULL;
    make(&s, "aa", "00");
    s.stop = true;
    assert_false(run(&s, &err));
    expect_error(&err, MDUP_ERROR_ABORTED, "stopped on request");
    clear(&s);
}

/* Found otherwise: 0-1, a shift between two copies of 2, and a pair that has nothing to do with them. */
static void among_other_pairs(void **state)
{
    (void)state;
    const mdup_exact_copy copies[] = {
        {0, MDUP_ORIENTATION_SAME},       {0, MDUP_ORIENTATION_SAME},
        {2, MDUP_ORIENTATION_SAME},       {2, MDUP_ORIENTATION_TURNED_90},
        {2, MDUP_ORIENTATION_TURNED_180}, {5, MDUP_ORIENTATION_SAME}};
    const mdup_pair found[] = {
        {.a = 0, .b = 1, .overlap = 0.9, .shift_sd_px = 0.5},
        {.a = 1, .b = 2, .overlap = 0.25},
        {.a = 3, .b = 4, .overlap = 0.5, .shift_x_px = 7, .shift_sd_px = 0.5}};
    size_t n = 3, capacity = 3;
    mdup_pair *pairs = malloc(sizeof found);
    memcpy(pairs, found, sizeof found);
    assert_true(mdup_exact_copies_merge(copies, 6, &pairs, &n, &capacity, NULL));
    static const struct {
        size_t a, b;
        int orientation; /* -1: no copy */
    } expected[] = {{1, 2, -1},
                    {3, 4, MDUP_ORIENTATION_TURNED_90},
                    {0, 1, MDUP_ORIENTATION_SAME},
                    {2, 3, MDUP_ORIENTATION_TURNED_90},
                    {2, 4, MDUP_ORIENTATION_TURNED_180}};
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(pairs[i].a, expected[i].a);
        assert_int_equal(pairs[i].b, expected[i].b);
        assert_int_equal(pairs[i].is_copy ? (int)pairs[i].orientation : -1,
                         expected[i].orientation);
        if (pairs[i].is_copy)
            assert_true(pairs[i].overlap == 1 && pairs[i].ccc == 1 && pairs[i].shift_x_px == 0 &&
                        pairs[i].shift_sd_px == 0);
    }
    free(pairs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_against_the_first_of_its_kind),
        cmocka_unit_test(a_file_that_is_gone),
        cmocka_unit_test(the_first_is_gone),
        cmocka_unit_test(a_file_that_has_changed),
        cmocka_unit_test(equal_signatures_prove_nothing),
        cmocka_unit_test(what_was_not_judged_is_no_copy),
        cmocka_unit_test(only_pairs_asked_for),
        cmocka_unit_test(stops_on_request),
        cmocka_unit_test(among_other_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
