/* Holes and shots as numbers. */
#include "flow/shots.h"
#include "texture.h"

enum { MOST = 64 };

typedef struct {
    mdup_catalog catalog;
    mdup_micrograph micrographs[MOST];
    char names[MOST][2][24];
    size_t members[MOST];
} session;

/* Micrograph i has this hole and shot, each NULL when not known; the bytes are its own, so that equal names are told by what they say. */
static void name(session *s, size_t i, const char *hole, const char *shot)
{
    snprintf(s->names[i][0], sizeof s->names[i][0], "%s", hole ? hole : "");
    snprintf(s->names[i][1], sizeof s->names[i][1], "%s", shot ? shot : "");
    s->micrographs[i].hole = hole ? s->names[i][0] : NULL;
    s->micrographs[i].shot = shot ? s->names[i][1] : NULL;
}

static void make(session *s, size_t n, const char *const names[][2])
{
    memset(s, 0, sizeof *s);
    s->catalog = (mdup_catalog){.n = n, .micrographs = s->micrographs};
    for (size_t i = 0; i < n; i++) {
        name(s, i, names[i][0], names[i][1]);
        s->members[i] = i;
    }
}

static mdup_shots find(const session *s, size_t n)
{
    int32_t stale;
    mdup_shots shots = {&stale, &stale};
    mdup_error *err = NULL;
    const bool ok = mdup_shots_find(&s->catalog, s->members, n, &shots, &err);
    expect_no_error(&err);
    assert_true(ok);
    return shots;
}

static void expect_none(const session *s, size_t n)
{
    mdup_shots shots = find(s, n);
    assert_null(shots.hole);
    assert_null(shots.shot);
    mdup_shots_clear(&shots);
}

/* Of each two members, equal names have equal numbers and others have others. */
static void expect_numbers(const session *s, size_t n)
{
    mdup_shots shots = find(s, n);
    assert_non_null(shots.hole);
    assert_non_null(shots.shot);
    for (size_t i = 0; i < n; i++) {
        const mdup_micrograph *a = &s->micrographs[s->members[i]];
        const bool known = a->hole && a->shot;
        assert_true(known ? shots.hole[i] >= 0 : shots.hole[i] == -1);
        for (size_t j = 0; known && j < n; j++) {
            const mdup_micrograph *b = &s->micrographs[s->members[j]];
            if (!b->hole || !b->shot)
                continue;
            assert_int_equal(shots.hole[i] == shots.hole[j], strcmp(a->hole, b->hole) == 0);
            assert_int_equal(shots.shot[i] == shots.shot[j], strcmp(a->shot, b->shot) == 0);
        }
    }
    mdup_shots_clear(&shots);
    assert_null(shots.hole);
    assert_null(shots.shot);
    mdup_shots_clear(&shots); /* nothing is left to free */
}

static void equal_names_equal_numbers(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"CU428_04700_4", "0"},  {"CU428_04700_4", "1"},
                                           {"CU428_04700_4", "2"},  {"CU428_04700_40", "0"},
                                           {"CU428_04700", "1"},    {"CU428_04700_4#2", "0"},
                                           {"CU428_04700_4#2", "2"}};
    session s;
    make(&s, 7, names);
    expect_numbers(&s, 7);
}

static void names_that_do_not_tell(void **state)
{
    (void)state;
    static const char *const names[][2] = {{NULL, NULL}, {"1", "a"}, {NULL, "a"},  {"1", NULL},
                                           {"2", "a"},   {"", ""},   {NULL, NULL}, {"1", "b"}};
    session s;
    make(&s, 8, names);
    expect_numbers(&s, 8);
}

static void none_is_known(void **state)
{
    (void)state;
    static const char *const names[][2] = {{NULL, NULL}, {NULL, "a"}, {NULL, NULL}};
    session s;
    make(&s, 3, names);
    for (size_t n = 0; n <= 3; n++)
        expect_none(&s, n);
    name(&s, 1, "1", "a");
    expect_numbers(&s, 3);
    expect_none(&s, 1); /* the first alone */
    expect_none(&s, 0);
}

/* Numbers stand in the order of the members, and only of them. */
static void some_of_the_catalog(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"1", "a"}, {"1", "b"}, {NULL, NULL},
                                           {"2", "a"}, {"2", "b"}, {"3", "c"}};
    session s;
    make(&s, 6, names);
    const size_t members[] = {1, 2, 4, 5};
    memcpy(s.members, members, sizeof members);
    expect_numbers(&s, 4);
    s.members[0] = 2;
    expect_none(&s, 2);
}

static void any_names(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int turn = 0; turn < 100; turn++) {
        session s;
        make(&s, 0, NULL);
        s.catalog.n = MOST;
        for (size_t i = 0; i < MOST; i++) {
            char hole[24], shot[24];
            snprintf(hole, sizeof hole, "hole %d", (int)(12 * uniform(&seed)));
            snprintf(shot, sizeof shot, "%d", (int)(6 * uniform(&seed)));
            const bool known = uniform(&seed) < 0.9;
            name(&s, i, known ? hole : NULL, known ? shot : NULL);
            s.members[i] = i;
        }
        expect_numbers(&s, MOST);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_names_equal_numbers),
        cmocka_unit_test(names_that_do_not_tell),
        cmocka_unit_test(none_is_known),
        cmocka_unit_test(some_of_the_catalog),
        cmocka_unit_test(any_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
