/* The order of acquisition, and the holes that follow from it, on catalogs made in memory. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "catalog/catalog.h"
#include "catalog/holes.h"
#include "catalog/order.h"

/* ---- helpers ---- */

static int compare(const char *a, const char *b)
{
    int order = mdup_natural_compare(a, strlen(a), b, strlen(b));
    return (order > 0) - (order < 0);
}

static mdup_catalog *make_catalog(const char *const *names, size_t n)
{
    mdup_catalog *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->micrographs = calloc(n, sizeof *c->micrographs);
    assert_non_null(c->micrographs);
    for (size_t i = 0; i < n; i++) {
        mdup_micrograph *m = &c->micrographs[c->n++];
        m->name = mdup_strdup(names[i], NULL);
        m->path = mdup_strdup(names[i], NULL);
        m->row = i;
    }
    return c;
}

/* The lines logged, one behind the other. */
typedef struct {
    char text[4096];
} log_lines;

static void take_line(void *user, mdup_log_level level, const char *line)
{
    log_lines *lines = user;
    size_t used = strlen(lines->text);
    (void)snprintf(lines->text + used, sizeof lines->text - used, "%s%s\n",
                   level == MDUP_LOG_WARNING ? "W " : "I ", line);
}

static mdup_catalog *sorted(const char *const *names, size_t n, mdup_order order, log_lines *lines)
{
    mdup_catalog *c = make_catalog(names, n);
    mdup_callbacks callbacks = {.user = lines, .log = take_line};
    lines->text[0] = '\0';
    mdup_error *err = NULL;
    assert_true(mdup_catalog_sort(c, order, &callbacks, &err));
    assert_null(err);
    return c;
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Sorts `names` and checks the choice, the reason, what was logged and the order as row numbers. */
static void check(const char *const *names, size_t n, mdup_order order, mdup_order used,
                  const char *reason, const char *logged, const size_t *rows)
{
    log_lines lines;
    mdup_catalog *c = sorted(names, n, order, &lines);
    assert_string_equal(mdup_order_name(c->order_used), mdup_order_name(used));
    assert_string_equal(c->order_reason, reason);
    assert_string_equal(lines.text, logged);
    for (size_t i = 0; i < n; i++)
        if (c->micrographs[i].row != rows[i])
            fail_msg("place %zu: %s, row %zu instead of %zu", i, c->micrographs[i].name,
                     c->micrographs[i].row, rows[i]);
    mdup_catalog_free(c);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* ---- natural comparison ---- */

static void test_natural_order_of_samples(void **state)
{
    (void)state;
    /* Where only leading zeros differ the bytes decide: "01" before "1", "0" before "00". */
    static const char *const ascending[] = {
        "",
        "+",
        "0",
        "00",
        "000",
        "0a",
        "01",
        "1",
        "2",
        "010",
        "10",
        "11",
        "100",
        "a",
        "a0",
        "a00",
        "a00b",
        "a0b",
        "a01",
        "a1",
        "a01b",
        "a1b",
        "a1b2",
        "a2",
        "a10",
        "a10b9",
        "a_1",
        "a_2",
        "a_9",
        "a_10",
        "ab",
        "b9999",
        "b18446744073709551616",
        "b99999999999999999999999",
        "\xc3\xbc",
        "\xff",
    };
    for (size_t i = 0; i < COUNT(ascending); i++)
        for (size_t k = 0; k < COUNT(ascending); k++)
            if (compare(ascending[i], ascending[k]) != (i > k) - (i < k))
                fail_msg("'%s' and '%s'", ascending[i], ascending[k]);
    assert_int_equal(compare("FoilHole_9999999_x", "FoilHole_10000000_x"), -1);
    assert_int_equal(compare("mic9.mrc", "mic10.mrc"), -1);
    assert_int_equal(compare("job002/x", "job010/x"), -1);
}

static void random_text(uint32_t *random, char *text, size_t *length)
{
    static const char pool[] = "0001299a_.-+Z\xff\x01";
    *length = next_random(random) % 9;
    for (size_t i = 0; i < *length; i++)
        text[i] = pool[next_random(random) % (sizeof pool - 1)];
}

static void test_natural_order_is_strict_and_total(void **state)
{
    (void)state;
    uint32_t random = 7;
    for (int trial = 0; trial < 300000; trial++) {
        char text[3][9];
        size_t length[3];
        for (int i = 0; i < 3; i++)
            random_text(&random, text[i], &length[i]);
        int sign[3][3];
        for (int i = 0; i < 3; i++)
            for (int k = 0; k < 3; k++) {
                int order = mdup_natural_compare(text[i], length[i], text[k], length[k]);
                sign[i][k] = (order > 0) - (order < 0);
                bool same = length[i] == length[k] && memcmp(text[i], text[k], length[i]) == 0;
                assert_int_equal(order == 0, same);
            }
        for (int i = 0; i < 3; i++)
            for (int k = 0; k < 3; k++) {
                assert_int_equal(sign[i][k], -sign[k][i]);
                for (int m = 0; m < 3; m++)
                    if (sign[i][k] < 0 && sign[k][m] < 0)
                        assert_int_equal(sign[i][m], -1);
            }
    }
}

/* ---- auto ---- */

static void test_auto_takes_epu_times(void **state)
{
    (void)state;
    static const char *const names[] = {
        "FoilHole_9_Data_1_2_20230430_120000.mrc",
        "FoilHole_10_Data_1_2_20230430_110000.mrc",
        "FoilHole_11_Data_1_2_20230429_235959.mrc",
    };
    check(names, 3, MDUP_ORDER_AUTO, MDUP_ORDER_TIME, "names hold EPU time stamps", "",
          (size_t[]){2, 1, 0});
    check(names, 1, MDUP_ORDER_AUTO, MDUP_ORDER_TIME, "names hold EPU time stamps", "",
          (size_t[]){0});
}

static void test_auto_takes_serialem_times_and_crosses_new_year(void **state)
{
    (void)state;
    static const char *const names[] = {
        "g_003_Jan01_00.10.00_X+0Y+0-1.mrc",
        "g_001_Dec31_23.50.00_X+0Y+0-1.mrc",
        "g_002_Dec31_23.55.00_X+0Y+0-2.mrc",
        "g_004_Jan01_00.15.00_X+0Y+0-2.mrc",
    };
    check(names, 4, MDUP_ORDER_AUTO, MDUP_ORDER_TIME, "names hold SerialEM time stamps", "",
          (size_t[]){1, 2, 0, 3});
}

static void test_a_session_within_one_year_stays_so(void **state)
{
    (void)state;
    static const char *const names[] = {"a_Nov04_04.01.02.mrc", "b_Feb29_04.01.02.mrc",
                                        "c_Mar01_04.01.02.mrc"};
    /* Feb to Nov is 250 days, Nov to Feb 117: the gap is in the summer. */
    check(names, 3, MDUP_ORDER_AUTO, MDUP_ORDER_TIME, "names hold time stamps", "",
          (size_t[]){0, 1, 2});
    check(names + 1, 2, MDUP_ORDER_AUTO, MDUP_ORDER_TIME, "names hold time stamps", "",
          (size_t[]){0, 1});
    static const char *const summer[] = {"a_Sep22_18.10.51.mrc", "b_Jul04_04.01.02.mrc"};
    check(summer, 2, MDUP_ORDER_AUTO, MDUP_ORDER_TIME, "names hold time stamps", "",
          (size_t[]){1, 0});
}

static void test_auto_takes_numbers(void **state)
{
    (void)state;
    static const char *const names[] = {"MotionCorr/job010/m_2.mrc", "MotionCorr/job002/m_10.mrc",
                                        "MotionCorr/job002/m_9.mrc"};
    check(names, 3, MDUP_ORDER_AUTO, MDUP_ORDER_NATURAL,
          "names hold no time stamps, but are numbered", "", (size_t[]){2, 1, 0});
    check(names, 1, MDUP_ORDER_AUTO, MDUP_ORDER_NATURAL,
          "names hold no time stamps, but are numbered", "", (size_t[]){0});
}

static void test_auto_looks_behind_the_uid(void **state)
{
    (void)state;
    static const char *const names[] = {
        "J2/motioncorrected/"
        "009270517818331954156_14sep05c_00024sq_00003hl_00005es_patch_aligned.mrc",
        "J2/motioncorrected/"
        "015762140416835289736_14sep05c_00024sq_00003hl_00002es_patch_aligned.mrc",
        "J2/motioncorrected/"
        "001762140416835289736_14sep05c_00024sq_00002hl_00009es_patch_aligned.mrc",
    };
    check(names, 3, MDUP_ORDER_AUTO, MDUP_ORDER_NATURAL,
          "names hold no time stamps, but are numbered", "", (size_t[]){2, 1, 0});
}

static void test_auto_leaves_unnumbered_names_as_listed(void **state)
{
    (void)state;
    static const char *const plain[] = {"left.mrc", "right.mrc", "ago.mrc"};
    check(plain, 3, MDUP_ORDER_AUTO, MDUP_ORDER_STAR,
          "names hold no time stamps, and are not numbered", "", (size_t[]){0, 1, 2});
    static const char *const nonsense[] = {"f3a9c.mrc", "0be17d.mrc", "a1.mrc", "77ce9.mrc"};
    check(nonsense, 4, MDUP_ORDER_AUTO, MDUP_ORDER_STAR,
          "names hold no time stamps, and are not numbered", "", (size_t[]){0, 1, 2, 3});
    static const char *const mixed[] = {"m_2.mrc", "m_1.mrc", "m.mrc"};
    check(mixed, 3, MDUP_ORDER_AUTO, MDUP_ORDER_STAR,
          "names hold no time stamps, and are not numbered", "", (size_t[]){0, 1, 2});
}

static void test_auto_does_not_believe_one_stamp_for_all(void **state)
{
    (void)state;
    static const char *const names[] = {"Grid_20240328_192116_010_X+1Y-1-1.tif",
                                        "Grid_20240328_192116_002_X+1Y-1-1.tif"};
    check(names, 2, MDUP_ORDER_AUTO, MDUP_ORDER_NATURAL,
          "all names hold the same time stamp, but are numbered", "", (size_t[]){1, 0});
}

static void test_auto_with_some_stamps(void **state)
{
    (void)state;
    static const char *const names[] = {"m_3_20240328_192116.mrc", "m_1_20240328_192117.mrc",
                                        "m_2_.mrc", "m_9_.mrc"};
    check(
        names, 4, MDUP_ORDER_AUTO, MDUP_ORDER_NATURAL,
        "only 2 of 4 names hold a usable time stamp, but are numbered",
        "W order 'natural' contradicts the time stamps in the names: 1 of 2 micrographs are out of "
        "place\n",
        (size_t[]){1, 2, 0, 3});
    static const char *const years[] = {"m_20240328_192116.mrc", "m_Mar28_19.21.15.mrc"};
    check(years, 2, MDUP_ORDER_AUTO, MDUP_ORDER_STAR,
          "only 1 of 2 names hold a usable time stamp, and are not numbered", "", (size_t[]){0, 1});
}

/* ---- orders asked for ---- */

static void test_name_is_by_bytes(void **state)
{
    (void)state;
    static const char *const names[] = {"b/m10.mrc", "b/m9.mrc", "b-/m1.mrc", "B/m1.mrc",
                                        "\xc3\xbc/m1.mrc"};
    check(names, 5, MDUP_ORDER_NAME, MDUP_ORDER_NAME, "as asked for", "",
          (size_t[]){3, 2, 0, 1, 4});
}

static void test_contradictions_are_counted(void **state)
{
    (void)state;
    static const char *const names[] = {
        "FoilHole_1_Data_1_2_20230430_120000.mrc", "FoilHole_2_Data_1_2_20230430_110000.mrc",
        "FoilHole_3_Data_1_2_20230430_130000.mrc", "FoilHole_4_Data_1_2_20230430_130000.mrc",
        "FoilHole_5_Data_1_2_20230430_100000.mrc",
    };
    const char *const text = "W order '%s' contradicts the time stamps in the names: 2 of 5 "
                             "micrographs are out of place; --order time follows the stamps\n";
    static const struct {
        mdup_order order;
        const char *name;
    } orders[] = {
        {MDUP_ORDER_NAME, "name"}, {MDUP_ORDER_STAR, "star"}, {MDUP_ORDER_NATURAL, "natural"}};
    for (size_t i = 0; i < COUNT(orders); i++) {
        char expected[200], *mark = strstr(text, "%s");
        (void)snprintf(expected, sizeof expected, "%.*s%s%s", (int)(mark - text), text,
                       orders[i].name, mark + 2);
        check(names, 5, orders[i].order, orders[i].order, "as asked for", expected,
              (size_t[]){0, 1, 2, 3, 4});
    }
    check(names, 5, MDUP_ORDER_TIME, MDUP_ORDER_TIME, "as asked for", "",
          (size_t[]){4, 1, 0, 2, 3});
}

static void test_equal_names_keep_the_order_of_rows(void **state)
{
    (void)state;
    static const char *const names[] = {"m_1.mrc", "m_0.mrc", "m_1.mrc", "m_1.mrc"};
    static const mdup_order orders[] = {MDUP_ORDER_NAME, MDUP_ORDER_NATURAL, MDUP_ORDER_AUTO};
    for (size_t i = 0; i < COUNT(orders); i++) {
        log_lines lines;
        mdup_catalog *c = sorted(names, 4, orders[i], &lines);
        static const size_t rows[] = {1, 0, 2, 3};
        for (size_t k = 0; k < 4; k++)
            assert_int_equal(c->micrographs[k].row, rows[k]);
        mdup_catalog_free(c);
    }
}

static void test_times_fall_back_to_the_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/mdup-order-XXXXXX", names[3][64];
    assert_non_null(mkdtemp(folder));
    const char *list[3];
    for (int i = 0; i < 3; i++) {
        (void)snprintf(names[i], sizeof names[i], "%s/%s", folder,
                       i == 0   ? "a_20240328_192116.mrc"
                       : i == 1 ? "b.mrc"
                                : "gone.mrc");
        list[i] = names[i];
        if (i == 2)
            continue;
        FILE *file = fopen(names[i], "w");
        assert_non_null(file);
        assert_int_equal(fclose(file), 0);
        struct timespec times[2] = {{.tv_sec = 2000 - i}, {.tv_sec = 2000 - i}};
        assert_int_equal(utimensat(AT_FDCWD, names[i], times, 0), 0);
    }
    check(list, 3, MDUP_ORDER_TIME, MDUP_ORDER_TIME,
          "as asked for; only 1 of 3 names hold a usable time stamp, so the files' modification "
          "times are used",
          "W order: the files' modification times are used, which may be those of motion "
          "correction, since only 1 of 3 names hold a usable time stamp\n"
          "W order: files that are missing have no time and come last (1 of 3)\n",
          (size_t[]){1, 0, 2});
    check(list + 1, 1, MDUP_ORDER_TIME, MDUP_ORDER_TIME,
          "as asked for; names hold no time stamps, so the files' modification times are used",
          "W order: the files' modification times are used, which may be those of motion "
          "correction, since names hold no time stamps\n",
          (size_t[]){0});
    assert_int_equal(unlink(names[0]), 0);
    assert_int_equal(unlink(names[1]), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* Any permutation of the input gives one order, when names differ. */
static void test_the_order_does_not_depend_on_the_listing(void **state)
{
    (void)state;
    static const mdup_order orders[] = {MDUP_ORDER_NAME, MDUP_ORDER_NATURAL, MDUP_ORDER_TIME,
                                        MDUP_ORDER_AUTO};
    enum { N = 60 };
    char names[N][64];
    const char *list[N];
    for (size_t i = 0; i < N; i++) {
        (void)snprintf(names[i], sizeof names[i], "s%zu/%021zu_g_%zu_Nov%02zu_04.01.%02zu.mrc",
                       i % 3, (i * 7919) % 61, i % 7, 1 + i % 5, i % 4);
        list[i] = names[i];
    }
    uint32_t random = 3;
    for (size_t k = 0; k < COUNT(orders); k++) {
        log_lines lines;
        mdup_catalog *first = sorted(list, N, orders[k], &lines);
        for (int trial = 0; trial < 20; trial++) {
            for (size_t i = N - 1; i > 0; i--) {
                size_t j = next_random(&random) % (i + 1);
                const char *swap = list[i];
                list[i] = list[j];
                list[j] = swap;
            }
            mdup_catalog *again = sorted(list, N, orders[k], &lines);
            for (size_t i = 0; i < N; i++)
                assert_string_equal(first->micrographs[i].name, again->micrographs[i].name);
            mdup_catalog_free(again);
        }
        mdup_catalog_free(first);
    }
}

static void test_fifty_thousand_take_no_time(void **state)
{
    (void)state;
    enum { N = 50000 };
    char(*names)[64] = calloc(N, sizeof *names);
    const char **list = calloc(N, sizeof *list);
    assert_true(names && list);
    uint32_t random = 11;
    for (size_t i = 0; i < N; i++) {
        size_t shuffled = (i * 30011) % N;
        (void)snprintf(names[i], sizeof names[i],
                       "FoilHole_%u_Data_1_2_202401%02zu_%02zu%02zu%02zu.mrc", next_random(&random),
                       1 + shuffled / 3600, shuffled / 3600 % 24, shuffled / 60 % 60,
                       shuffled % 60);
        list[i] = names[i];
    }
    static const mdup_order orders[] = {MDUP_ORDER_AUTO, MDUP_ORDER_NATURAL};
    for (size_t k = 0; k < 2; k++) {
        log_lines lines;
        clock_t begin = clock();
        mdup_catalog *c = sorted(list, N, orders[k], &lines);
        assert_true(mdup_catalog_find_holes(c, NULL));
        /* Some tenths of a second; a quadratic way would take minutes. */
        assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 20);
        for (size_t i = 1; k == 0 && i < N; i++)
            assert_true(c->micrographs[i - 1].time_s <= c->micrographs[i].time_s);
        mdup_catalog_free(c);
    }
    free(list);
    free(names);
}

/* ---- holes ---- */

/* Names with the hole and shot each must get; NULL when it has none. */
typedef struct {
    const char *name, *hole, *shot;
} hole_case;

static void check_holes(const hole_case *cases, size_t n, mdup_order order)
{
    const char *names[32];
    assert_true(n <= COUNT(names));
    for (size_t i = 0; i < n; i++)
        names[i] = cases[i].name;
    log_lines lines;
    mdup_catalog *c = sorted(names, n, order, &lines);
    assert_true(mdup_catalog_find_holes(c, NULL));
    for (size_t i = 0; i < n; i++) {
        const mdup_micrograph *m = &c->micrographs[i];
        const hole_case *expected = &cases[m->row];
        if (!expected->hole) {
            assert_null(m->hole);
            assert_null(m->shot);
            continue;
        }
        if (!m->hole || strcmp(m->hole, expected->hole) != 0)
            fail_msg("%s: hole '%s' instead of '%s'", m->name, m->hole ? m->hole : "",
                     expected->hole);
        assert_string_equal(m->shot, expected->shot);
    }
    mdup_catalog_free(c);
}

static void test_mcgill_holes_are_told_by_their_first_number(void **state)
{
    (void)state;
    static const hole_case cases[] = {
        {"M/CU428_04700_4-1.mrc", "CU428_04700_4", "1"},
        {"M/CU428_04701_4-2.mrc", "CU428_04700_4", "2"},
        {"M/CU428_04703_4-4.mrc", "CU428_04700_4", "4"},
        {"M/CU428_04704_1-1.mrc", "CU428_04704_1", "1"},
        {"M/CU428_04716_4-1.mrc", "CU428_04716_4", "1"},
        {"M/CU428_04718_4-3.mrc", "CU428_04716_4", "3"},
        {"M/CU428_04735_4-4.mrc", "CU428_04732_4", "4"},
        {"M/CU428_04734_4-3.mrc", "CU428_04732_4", "3"},
        {"M/gain.mrc", NULL, NULL},
    };
    check_holes(cases, COUNT(cases), MDUP_ORDER_STAR);
    check_holes(cases, COUNT(cases), MDUP_ORDER_NATURAL);
}

static void test_one_hole_a_move_with_losses(void **state)
{
    (void)state;
    static const hole_case cases[] = {
        {"m_0003_1-3.mrc", "m_0001_1", "3"}, {"m_0004_1-4.mrc", "m_0001_1", "4"},
        {"m_0005_1-1.mrc", "m_0005_1", "1"}, {"m_0006_1-2.mrc", "m_0005_1", "2"},
        {"m_0012_1-4.mrc", "m_0009_1", "4"},
    };
    check_holes(cases, COUNT(cases), MDUP_ORDER_NATURAL);
}

static void test_the_centre_may_come_first_or_last(void **state)
{
    (void)state;
    static const hole_case first[] = {
        {"m_10_1-0.mrc", "m_10_1", "0"}, {"m_11_1-1.mrc", "m_10_1", "1"},
        {"m_12_1-2.mrc", "m_10_1", "2"}, {"m_13_1-0.mrc", "m_13_1", "0"},
        {"m_14_1-1.mrc", "m_13_1", "1"}, {"m_15_1-2.mrc", "m_13_1", "2"},
    };
    check_holes(first, COUNT(first), MDUP_ORDER_NATURAL);
    static const hole_case last[] = {
        {"m_10_1-1.mrc", "m_10_1", "1"}, {"m_11_1-2.mrc", "m_10_1", "2"},
        {"m_12_1-0.mrc", "m_10_1", "0"}, {"m_13_2-1.mrc", "m_13_2", "1"},
        {"m_14_2-2.mrc", "m_13_2", "2"}, {"m_15_2-0.mrc", "m_13_2", "0"},
    };
    check_holes(last, COUNT(last), MDUP_ORDER_NATURAL);
}

static void test_a_number_of_stage_moves(void **state)
{
    (void)state;
    static const hole_case cases[] = {
        {"g_001_X+0Y+0-1.mrc", "g_001_X+0Y+0", "1"}, {"g_001_X+0Y+0-2.mrc", "g_001_X+0Y+0", "2"},
        {"g_001_X+1Y+0-1.mrc", "g_001_X+1Y+0", "1"}, {"g_002_X+0Y+0-1.mrc", "g_002_X+0Y+0", "1"},
        {"g_002_X+0Y+0-2.mrc", "g_002_X+0Y+0", "2"},
    };
    check_holes(cases, COUNT(cases), MDUP_ORDER_NATURAL);
}

static void test_labels_and_roots_keep_holes_apart(void **state)
{
    (void)state;
    static const hole_case cases[] = {
        {"s_39-103_000_X+0Y+0-0.mrc", "s_39-103_000_X+0Y+0", "0"},
        {"s_39-103_001_X+1Y+0-0.mrc", "s_39-103_001_X+1Y+0", "0"},
        {"s_39-104_000_X+0Y+0-0.mrc", "s_39-104_000_X+0Y+0", "0"},
        {"00012_2-1.mrc", "00012_2", "1"},
    };
    check_holes(cases, COUNT(cases), MDUP_ORDER_NATURAL);
}

static void test_the_same_names_in_two_folders_are_two_holes(void **state)
{
    (void)state;
    static const hole_case cases[] = {
        {"job002/m_001_1-1.mrc", "m_001_1", "1"},   {"job002/m_002_1-2.mrc", "m_001_1", "2"},
        {"job005/m_001_1-1.mrc", "m_001_1#2", "1"}, {"job005/m_002_1-2.mrc", "m_001_1#2", "2"},
        {"job007/m_001_1-1.mrc", "m_001_1#3", "1"},
    };
    check_holes(cases, COUNT(cases), MDUP_ORDER_NATURAL);
}

static void test_holes_without_a_number_are_told_by_time(void **state)
{
    (void)state;
    static const hole_case cases[] = {
        {"g_Nov04_04.00.00_1-1.mrc", "g_1", "1"},   {"g_Nov04_04.00.10_1-2.mrc", "g_1", "2"},
        {"g_Nov04_04.00.20_1-0.mrc", "g_1", "0"},   {"g_Nov04_04.00.30_2-1.mrc", "g_2", "1"},
        {"g_Nov04_04.01.00_1-1.mrc", "g_1#2", "1"}, {"g_Nov04_04.01.30_1-3.mrc", "g_1#2", "3"},
        {"g_Nov04_04.04.00_1-4.mrc", "g_1#3", "4"}, {"g_Nov04_04.04.30_1-2.mrc", "g_1#4", "2"},
    };
    check_holes(cases, COUNT(cases), MDUP_ORDER_AUTO);
}

static void test_an_epu_hole_exposed_again_is_a_second_visit(void **state)
{
    (void)state;
    static const hole_case cases[] = {
        {"FoilHole_7_Data_1_2_20230430_120000.mrc", "7", "1"},
        {"FoilHole_7_Data_3_4_20230430_120010.mrc", "7", "3"},
        {"FoilHole_8_Data_1_2_20230430_120020.mrc", "8", "1"},
        {"FoilHole_7_Data_1_2_20230430_130000.mrc", "7#2", "1"},
        {"FoilHole_7_Data_3_4_20230430_130010.mrc", "7#2", "3"},
        {"FoilHole_7_Data_3_4_20230430_120010_noDW.mrc", "7", "3"},
    };
    check_holes(cases, 5, MDUP_ORDER_TIME);
    check_holes(cases, 6, MDUP_ORDER_TIME);
}

static void test_leginon_holes(void **state)
{
    (void)state;
    static const hole_case cases[] = {
        {"14sep05c_00024sq_00003hl_00002es.mrc", "14sep05c_00024sq_00003hl", "00002es"},
        {"14sep05c_00024sq_00003hl_00005es.mrc", "14sep05c_00024sq_00003hl", "00005es"},
        {"14sep05c_00025sq_00003hl_00002es.mrc", "14sep05c_00025sq_00003hl", "00002es"},
    };
    check_holes(cases, COUNT(cases), MDUP_ORDER_AUTO);
}

/* ---- names of orders ---- */

static void test_order_names(void **state)
{
    (void)state;
    static const char *const names[] = {"auto", "star", "name", "natural", "time"};
    for (size_t i = 0; i < COUNT(names); i++) {
        mdup_order order = MDUP_ORDER_AUTO;
        assert_true(mdup_order_parse(names[i], &order));
        assert_string_equal(mdup_order_name(order), names[i]);
    }
    static const char *const wrong[] = {"", "Time", "times", "tim", " time"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        mdup_order order = MDUP_ORDER_NAME;
        assert_false(mdup_order_parse(wrong[i], &order));
        assert_int_equal(order, MDUP_ORDER_NAME);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_natural_order_of_samples),
        cmocka_unit_test(test_natural_order_is_strict_and_total),
        cmocka_unit_test(test_auto_takes_epu_times),
        cmocka_unit_test(test_auto_takes_serialem_times_and_crosses_new_year),
        cmocka_unit_test(test_a_session_within_one_year_stays_so),
        cmocka_unit_test(test_auto_takes_numbers),
        cmocka_unit_test(test_auto_looks_behind_the_uid),
        cmocka_unit_test(test_auto_leaves_unnumbered_names_as_listed),
        cmocka_unit_test(test_auto_does_not_believe_one_stamp_for_all),
        cmocka_unit_test(test_auto_with_some_stamps),
        cmocka_unit_test(test_name_is_by_bytes),
        cmocka_unit_test(test_contradictions_are_counted),
        cmocka_unit_test(test_equal_names_keep_the_order_of_rows),
        cmocka_unit_test(test_times_fall_back_to_the_files),
        cmocka_unit_test(test_the_order_does_not_depend_on_the_listing),
        cmocka_unit_test(test_fifty_thousand_take_no_time),
        cmocka_unit_test(test_mcgill_holes_are_told_by_their_first_number),
        cmocka_unit_test(test_one_hole_a_move_with_losses),
        cmocka_unit_test(test_the_centre_may_come_first_or_last),
        cmocka_unit_test(test_a_number_of_stage_moves),
        cmocka_unit_test(test_labels_and_roots_keep_holes_apart),
        cmocka_unit_test(test_the_same_names_in_two_folders_are_two_holes),
        cmocka_unit_test(test_holes_without_a_number_are_told_by_time),
        cmocka_unit_test(test_an_epu_hole_exposed_again_is_a_second_visit),
        cmocka_unit_test(test_leginon_holes),
        cmocka_unit_test(test_order_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
