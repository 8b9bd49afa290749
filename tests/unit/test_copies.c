/* Exact copies are found by their bytes, and only among the pairs asked for. */
#include "search/copies.h"
#include "texture.h"

enum { NX = 33, NY = 32, PIXELS = NX * NY, MOST = 8 };

typedef struct {
    int8_t frames[MOST][PIXELS];
    size_t order[MOST];
    mdup_search_frames view;
} session;

static const int8_t *get(void *context, size_t index, mdup_error **err)
{
    (void)err;
    const session *s = context;
    return s->frames[index];
}

/* Frame i holds the image kinds[i]; images of different kinds differ everywhere or in one byte only. */
static void make(session *s, const char *kinds)
{
    *s = (session){0};
    s->view = (mdup_search_frames){.nx = NX,
                                   .ny = NY,
                                   .n = strlen(kinds),
                                   .get = get,
                                   .context = s,
                                   .images_per_move = 1,
                                   .images_per_hole = 1};
    s->view.order = s->order;
    for (size_t i = 0; i < s->view.n; i++) {
        uint64_t seed = 7;
        for (size_t p = 0; p < PIXELS; p++)
            s->frames[i][p] = to_frame_byte(gaussian(&seed));
        s->frames[i][PIXELS - 1] = kinds[i];
        s->order[i] = i;
    }
}

static void expect_pairs(const session *s, const char *expected)
{
    mdup_copies copies;
    mdup_error *err = NULL;
    assert_true(mdup_find_copies(&s->view, &copies, &err));
    char text[4 * MOST + 1] = "";
    for (size_t i = 0; i < copies.n; i++) {
        const char pair[] = {(char)('0' + copies.items[i].a), (char)('0' + copies.items[i].b), ' ',
                             '\0'};
        strncat(text, pair, sizeof text - strlen(text) - 1);
    }
    free(copies.items);
    assert_string_equal(text, expected);
}

static void each_copy_with_the_first(void **state)
{
    (void)state;
    static const struct {
        const char *kinds, *pairs;
    } cases[] = {{"", ""},
                 {"a", ""},
                 {"ab", ""},
                 {"aa", "01 "},
                 {"aba", "02 "},
                 {"abab", "02 13 "},
                 {"aaaa", "01 02 03 "},
                 {"abcabcaa", "03 14 25 06 07 "}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        session s;
        make(&s, cases[i].kinds);
        expect_pairs(&s, cases[i].pairs);
    }
}

static void one_byte_makes_another_image(void **state)
{
    (void)state;
    for (size_t at = 0; at < PIXELS; at += 37) {
        session s;
        make(&s, "aa");
        s.frames[1][at] ^= 1;
        expect_pairs(&s, "");
    }
}

static void only_pairs_asked_for(void **state)
{
    (void)state;
    session s;
    make(&s, "aabab");
    s.view.images_per_move = 3;
    expect_pairs(&s, "03 ");
    s.view.scan_range = 1;
    s.order[3] = 9;
    s.order[4] = 10;
    expect_pairs(&s, "");
}

/* Each group has a first of its own. */
static void within_groups(void **state)
{
    (void)state;
    static const int64_t groups[] = {2, 1, 2, 1, 3};
    session s;
    make(&s, "aaaaa");
    s.view.group = groups;
    expect_pairs(&s, "02 13 ");
    make(&s, "abbab");
    s.view.group = groups;
    expect_pairs(&s, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_copy_with_the_first),
        cmocka_unit_test(one_byte_makes_another_image),
        cmocka_unit_test(only_pairs_asked_for),
        cmocka_unit_test(within_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
