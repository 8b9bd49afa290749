/* Names of other files and the micrographs of a session. */
#include <stdio.h>
#include <stdlib.h>

#include "catalog/same_micrograph.h"
#include "image_test.h"
#include "skip.h"

enum { MOST = 8 };

static const size_t kept_or_removed[MOST] = {0, 1, 0, 1, 0, 1, 0, 1};

static mdup_same_name matched[MOST];

static void match(const char *const *known, const char *const *names, mdup_same weakest)
{
    size_t n_known = 0, n_names = 0;
    while (known[n_known])
        n_known++;
    while (names[n_names])
        n_names++;
    assert_true(mdup_same_micrographs(known, kept_or_removed, n_known, names, n_names, weakest,
                                      matched, NULL));
}

static void assert_match(size_t name, mdup_same how, ptrdiff_t micrograph)
{
    if (matched[name].how != how || matched[name].micrograph != micrograph)
        fail_msg("name %zu: %s %td, not %s %td", name, mdup_same_phrase(matched[name].how),
                 matched[name].micrograph, mdup_same_phrase(how), micrograph);
}

/* One name and one micrograph. */
static void assert_pair(const char *known, const char *name, mdup_same how)
{
    const char *const all_known[] = {"unrelated.mrc", known, NULL}, *const names[] = {name, NULL};
    match(all_known, names, MDUP_SAME_FILE);
    if (matched[0].how != how)
        fail_msg("%s and %s: %s, not %s", known, name, mdup_same_phrase(matched[0].how),
                 mdup_same_phrase(how));
    assert_int_equal(matched[0].micrograph, how == MDUP_SAME_NONE ? -1 : 1);
    /* And the other way round. */
    const char *const swapped[] = {"unrelated.mrc", name, NULL}, *const other[] = {known, NULL};
    match(swapped, other, MDUP_SAME_FILE);
    assert_int_equal(matched[0].how, how);
}

static void pairs_of_names(void **state)
{
    (void)state;
    static const struct {
        const char *known, *name;
        mdup_same how;
    } cases[] = {
        {"MotionCorr/job002/Movies/a.mrc", "MotionCorr/job002/Movies/a.mrc", MDUP_SAME_EXACT},
        {"plain name.mrc", "plain name.mrc", MDUP_SAME_EXACT},
        /* RELION's jobs, versions and movies */
        {"MotionCorr/job002/Movies/a.mrc", "MotionCorr/job045/Movies/a.mrc", MDUP_SAME_PATH},
        {"MotionCorr/job002/Movies/a.mrc", "MotionCorr/job002/Movies/a_noDW.mrc", MDUP_SAME_PATH},
        {"MotionCorr/job002/Movies/a.mrc", "Movies/a.tiff", MDUP_SAME_PATH},
        {"MotionCorr/job002/Movies/a.mrc", "Movies/a.eer", MDUP_SAME_PATH},
        {"MotionCorr/job002/Movies/a_EER.mrc", "Movies/a_EER.eer", MDUP_SAME_PATH},
        {"MotionCorr/job002/Movies/a_fractions.mrc", "./Movies/a_fractions.tiff", MDUP_SAME_PATH},
        {"MotionCorr/job002/Movies/a.mrc", "CtfFind/job003/Movies/a_PS.ctf:mrc", MDUP_SAME_NONE},
        {"MotionCorr/job002/Movies/a.mrc", "Extract/job007/Movies/a.mrcs", MDUP_SAME_PATH},
        {"MotionCorr/job002/Movies/a.mrc", "000003@Extract/job007/Movies/a.mrcs", MDUP_SAME_PATH},
        {"MotionCorr/job002/Movies/a_frames.mrc", "Movies/a.frames.tif", MDUP_SAME_PATH},
        {"MotionCorr/job002/Movies/g_1/a_b.mrc", "Movies/g.1/a.b.tif", MDUP_SAME_PATH},
        {"/data/p/MotionCorr/job002/Movies/a.mrc", "MotionCorr/job002/Movies/a.mrc",
         MDUP_SAME_PATH},
        {"/data/p/MotionCorr/job002/Movies/a.mrc", "/data/p/MotionCorr/job009/Movies/a.mrc",
         MDUP_SAME_PATH},
        /* ... of another project, another folder, another name */
        {"/data/p/MotionCorr/job002/Movies/a.mrc", "/data/q/MotionCorr/job002/Movies/a.mrc",
         MDUP_SAME_FILE},
        {"MotionCorr/job002/grid1/a.mrc", "MotionCorr/job002/grid2/a.mrc", MDUP_SAME_FILE},
        {"MotionCorr/job002/Movies/a.mrc", "MotionCorr/job002/Movies/a_1.mrc", MDUP_SAME_NONE},
        {"MotionCorr/job002/Movies/a.mrc", "MotionCorr/job002/Movies/A.mrc", MDUP_SAME_NONE},
        {"MotionCorr/job02/Movies/a.mrc", "MotionCorr/job04/Movies/a.mrc", MDUP_SAME_FILE},
        {"MotionCorr/job002x/Movies/a.mrc", "MotionCorr/job004x/Movies/a.mrc", MDUP_SAME_FILE},
        {"a.mrc", "sub/a.mrc", MDUP_SAME_FILE},
        /* cryoSPARC's */
        {"J2/motioncorrected/009270517818331954156_a_patch_aligned_doseweighted.mrc",
         "J7/imported/009270517818331954156_a.mrc", MDUP_SAME_PATH},
        {"J2/motioncorrected/009270517818331954156_a_patch_aligned_doseweighted.mrc",
         ">J7/imported/009270517818331954156_a.mrc", MDUP_SAME_PATH},
        {"J2/motioncorrected/009270517818331954156_a_patch_aligned_doseweighted.mrc",
         "J7/motioncorrected/009270517818331954157_a_patch_aligned_doseweighted.mrc",
         MDUP_SAME_FILE},
        {"J2/motioncorrected/009270517818331954156_a_patch_aligned_doseweighted.mrc",
         "MotionCorr/job002/Movies/a.mrc", MDUP_SAME_FILE},
        {"J2/motioncorrected/a_patch_aligned.mrc", "J7/motioncorrected/a_patch_aligned.mrc",
         MDUP_SAME_FILE},
        /* names that tell what they are */
        {"MotionCorr/job002/Movies/FoilHole_1_Data_2_3_20260504_131211_fractions.mrc",
         "J2/motioncorrected/009270517818331954156_FoilHole_1_Data_2_3_20260504_131211_"
         "fractions_patch_aligned_doseweighted.mrc",
         MDUP_SAME_STAMP},
        {"grid1/FoilHole_1_Data_2_3_20260504_131211_fractions.mrc",
         "grid2/FoilHole_1_Data_2_3_20260504_131212_fractions.mrc", MDUP_SAME_NONE},
        {"x/14sep05c_c_00003gr_00014sq_00004hl_00004es.frames.mrc",
         "y/14sep05c_c_00003gr_00014sq_00004hl_00004es_frames.mrc", MDUP_SAME_STAMP},
        {"x/s_005_Nov04_04.01.02_X+1Y-1-1.mrc",
         "MotionCorr/job002/s_005_Nov04_04_01_02_X+1Y-1-1.mrc", MDUP_SAME_STAMP},
        /* odd ones */
        {"", "a.mrc", MDUP_SAME_NONE},
        {"/", "//", MDUP_SAME_NONE},
        {"job002/a.mrc", "job003/a.mrc", MDUP_SAME_PATH},
        {"x/job002", "x/job003", MDUP_SAME_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_pair(cases[i].known, cases[i].name, cases[i].how);
}

static void weaker_rules_only_when_allowed(void **state)
{
    (void)state;
    const char *const known[] = {"MotionCorr/job002/Movies/a.mrc",
                                 "Movies/FoilHole_1_Data_2_3_20260504_131211.mrc", NULL};
    const char *const names[] = {"MotionCorr/job003/Movies/a.mrc", "grid/a.mrc",
                                 "grid/FoilHole_1_Data_2_3_20260504_131211.mrc", NULL};
    match(known, names, MDUP_SAME_EXACT);
    for (size_t i = 0; i < 3; i++)
        assert_match(i, MDUP_SAME_NONE, -1);
    match(known, names, MDUP_SAME_PATH);
    assert_match(0, MDUP_SAME_PATH, 0);
    assert_match(2, MDUP_SAME_NONE, -1);
    match(known, names, MDUP_SAME_STAMP);
    assert_match(1, MDUP_SAME_NONE, -1);
    assert_match(2, MDUP_SAME_STAMP, 1);
    match(known, names, MDUP_SAME_FILE);
    /* a.mrc is taken by the first name. */
    assert_match(1, MDUP_SAME_SECOND, 0);
    assert_int_equal(matched[1].rival, 0);
}

/* Of two micrographs of one path it matters which is meant when one goes and one stays. */
static void several_micrographs(void **state)
{
    (void)state;
    const char *const names[] = {"MotionCorr/job009/Movies/a.mrc", NULL};
    const char *const kept_and_removed[] = {"MotionCorr/job002/Movies/a.mrc",
                                            "MotionCorr/job003/Movies/a.mrc", NULL};
    match(kept_and_removed, names, MDUP_SAME_STAMP);
    assert_match(0, MDUP_SAME_AMBIGUOUS, 0);
    assert_int_equal(matched[0].other, 1);
    assert_int_equal(matched[0].rival, -1);
    const char *const both_removed[] = {"b.mrc", "MotionCorr/job002/Movies/a.mrc", "c.mrc",
                                        "MotionCorr/job003/Movies/a.mrc", NULL};
    match(both_removed, names, MDUP_SAME_STAMP);
    assert_match(0, MDUP_SAME_PATH, 1);
    /* The exact name takes one; the other name means the same movie, and is left alone. */
    const char *const two[] = {"MotionCorr/job009/Movies/a.mrc", "MotionCorr/job003/Movies/a.mrc",
                               NULL};
    match(kept_and_removed, two, MDUP_SAME_STAMP);
    assert_match(0, MDUP_SAME_SECOND, 1);
    assert_int_equal(matched[0].rival, 1);
    assert_match(1, MDUP_SAME_EXACT, 1);
    /* Of another project. */
    const char *const projects[] = {"/p/MotionCorr/job002/Movies/a.mrc",
                                    "/q/MotionCorr/job002/Movies/a.mrc", NULL};
    const char *const of_q[] = {"/q/MotionCorr/job007/Movies/a.mrc", NULL};
    match(projects, of_q, MDUP_SAME_STAMP);
    assert_match(0, MDUP_SAME_PATH, 1);
    match(projects, names, MDUP_SAME_STAMP);
    assert_match(0, MDUP_SAME_AMBIGUOUS, 0);
}

/* Of two names that could mean one micrograph none is taken, when it goes. */
static void several_names(void **state)
{
    (void)state;
    const char *const removed[] = {"b.mrc", "MotionCorr/job002/Movies/a.mrc", NULL};
    const char *const grids[] = {"grid1/a.mrc", "grid2/a.mrc", NULL};
    match(removed, grids, MDUP_SAME_FILE);
    for (size_t i = 0; i < 2; i++) {
        assert_match(i, MDUP_SAME_AMBIGUOUS, 1);
        assert_int_equal(matched[i].other, -1);
        assert_int_equal(matched[i].rival, 1 - i);
    }
    const char *const kept[] = {"MotionCorr/job002/Movies/a.mrc", "b.mrc", NULL};
    match(kept, grids, MDUP_SAME_FILE);
    assert_match(0, MDUP_SAME_FILE, 0);
    assert_match(1, MDUP_SAME_FILE, 0);
    /* Two corrections of one movie are one micrograph. */
    const char *const versions[] = {"MotionCorr/job004/Movies/a.mrc",
                                    "MotionCorr/job005/Movies/a_noDW.mrc", NULL};
    match(removed, versions, MDUP_SAME_STAMP);
    assert_match(0, MDUP_SAME_PATH, 1);
    assert_match(1, MDUP_SAME_PATH, 1);
    /* Not those of two projects, when it is not known whose the micrograph is. */
    const char *const projects[] = {"/p/MotionCorr/job002/Movies/a.mrc",
                                    "/q/MotionCorr/job002/Movies/a.mrc", NULL};
    match(removed, projects, MDUP_SAME_STAMP);
    assert_match(0, MDUP_SAME_AMBIGUOUS, 1);
    assert_match(1, MDUP_SAME_AMBIGUOUS, 1);
    const char *const of_p[] = {"b.mrc", "/p/MotionCorr/job001/Movies/a.mrc", NULL};
    match(of_p, projects, MDUP_SAME_STAMP);
    assert_match(0, MDUP_SAME_PATH, 1);
    assert_match(1, MDUP_SAME_NONE, -1);
}

static void equal_names_in_the_session(void **state)
{
    (void)state;
    const char *const known[] = {"a.mrc", "a.mrc", "b.mrc", "b.mrc", NULL};
    const char *const names[] = {"b.mrc", "x/MotionCorr/job002/a.mrc", NULL};
    match(known, names, MDUP_SAME_FILE);
    assert_match(0, MDUP_SAME_EXACT, 2);
    assert_match(1, MDUP_SAME_PATH, 0);
    match(known, (const char *const[]){NULL}, MDUP_SAME_FILE);
    match((const char *const[]){NULL}, names, MDUP_SAME_FILE);
    assert_match(0, MDUP_SAME_NONE, -1);
}

/* 20,000 micrographs, every second one under the name of its movie, in another order. */
static void many(void **state)
{
    (void)state;
    enum { N = 20000 };
    char(*text)[2][64] = malloc(N * sizeof *text);
    const char **known = malloc(N * sizeof *known), **names = malloc(N * sizeof *names);
    size_t *fate = calloc(N, sizeof *fate);
    mdup_same_name *out = malloc(N * sizeof *out);
    assert_true(text && known && names && fate && out);
    for (size_t i = 0; i < N; i++) {
        (void)snprintf(text[i][0], 64, "MotionCorr/job002/g%zu/m_%05zu.mrc", i % 7, i / 7);
        (void)snprintf(text[i][1], 64, "g%zu/m_%05zu.tiff", i % 7, i / 7);
        known[i] = text[i][0];
        names[(i * 7919) % N] = text[i][i % 2 ? 0 : 1];
        fate[i] = i + 1;
    }
    assert_true(mdup_same_micrographs(known, fate, N, names, N, MDUP_SAME_STAMP, out, NULL));
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(out[(i * 7919) % N].how, i % 2 ? MDUP_SAME_EXACT : MDUP_SAME_PATH);
        assert_int_equal(out[(i * 7919) % N].micrograph, i);
    }
    free(text);
    free(known);
    free(names);
    free(fate);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_of_names),
        cmocka_unit_test(weaker_rules_only_when_allowed),
        cmocka_unit_test(several_micrographs),
        cmocka_unit_test(several_names),
        cmocka_unit_test(equal_names_in_the_session),
        cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
