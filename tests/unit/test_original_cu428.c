/* The original's CCC against the original's own numbers, over all pairs of 28 real micrographs.  They have no licence and so
 * lie outside the tree: MDUP_SHARED names the folder that holds data/cu428; without it the program reports itself skipped. */
#include "image_test.h"

#include <math.h>

#include "base/alloc.h"
#include "base/number.h"
#include "base/path.h"
#include "formats/image_file.h"
#include "original/ccc.h"

enum { N_IMAGES = 28, N_PAIRS = N_IMAGES * (N_IMAGES - 1) / 2, FIRST_OFFSET = 16 };

typedef struct {
    size_t reference, target; /* in order of name */
    mdup_original_result theirs, ours;
} pair;

static struct {
    char *folder;
    char *names[N_IMAGES];
    pair pairs[N_PAIRS];
} cu428;

static char *read_text(const char *name)
{
    mdup_error *err = NULL;
    size_t length;
    char *path = mdup_path_join(cu428.folder, name, &err);
    char *text = mdup_file_read(path, 1 << 20, &length, &err);
    expect_no_error(&err);
    free(path);
    return text;
}

/* Cuts the next plain field off a CSV text, LF or CRLF; NULL at its end. */
static char *next_field(char **text)
{
    char *field = *text;
    size_t length = strcspn(field, ",\r\n");
    if (field[0] == '\0')
        return NULL;
    *text += length + (field[length] == ',' ? 1 : strspn(field + length, "\r\n"));
    field[length] = '\0';
    return field;
}

static double next_number(char **text)
{
    double value = 0;
    const char *field = next_field(text);
    assert_non_null(field);
    assert_true(mdup_parse_double(field, strlen(field), &value));
    return value;
}

/* The table is sorted by reference, then target, and so names all images on its first N_IMAGES - 1 lines. */
static void read_pairs(void)
{
    char *text = read_text("original_allpairs.csv");
    char *at = text + strcspn(text, "\n") + 1;
    size_t n = 0;
    for (size_t i = 0; i < N_IMAGES; i++)
        for (size_t j = i + 1; j < N_IMAGES; j++) {
            const char *reference = next_field(&at);
            const char *target = next_field(&at);
            assert_non_null(target);
            if (i == 0 && j == 1)
                cu428.names[0] = mdup_strdup(reference, NULL);
            if (i == 0)
                cu428.names[j] = mdup_strdup(target, NULL);
            assert_string_equal(reference, cu428.names[i]);
            assert_string_equal(target, cu428.names[j]);
            pair *p = &cu428.pairs[n++];
            *p = (pair){.reference = i, .target = j};
            p->theirs.ccc = next_number(&at);
            p->theirs.shift_x_px = next_number(&at);
            p->theirs.shift_y_px = next_number(&at);
        }
    assert_null(next_field(&at));
    free(text);
}

static float *read_micrograph(const char *name)
{
    mdup_error *err = NULL;
    char *path = mdup_path_join(cu428.folder, name, &err);
    mdup_image_file *file = mdup_image_open(path, 0, MDUP_MODE0_AUTO, &err);
    expect_no_error(&err);
    assert_int_equal(mdup_image_get_info(file)->nx, 720);
    assert_int_equal(mdup_image_get_info(file)->ny, 512);
    float *pixels = malloc(720 * 512 * sizeof *pixels);
    assert_non_null(pixels);
    if (!mdup_image_read_rows(file, 512, pixels, &err))
        expect_no_error(&err);
    mdup_image_close(file);
    free(path);
    return pixels;
}

static void compare_pairs(const mdup_original_plan *plan, mdup_original_scratch *scratch)
{
    mdup_error *err = NULL;
    mdup_original_image *images[N_IMAGES];
    for (size_t i = 0; i < N_IMAGES; i++) {
        float *pixels = read_micrograph(cu428.names[i]);
        images[i] = mdup_original_image_new(plan, scratch, pixels, &err);
        expect_no_error(&err);
        free(pixels);
    }
    for (size_t n = 0; n < N_PAIRS; n++) {
        pair *p = &cu428.pairs[n];
        if (n == 0 || p[-1].reference != p->reference)
            mdup_original_set_reference(plan, scratch, images[p->reference]);
        mdup_original_compare(plan, scratch, images[p->target], &p->ours);
    }
    for (size_t i = 0; i < N_IMAGES; i++)
        mdup_original_image_free(images[i]);
}

static int compare_cu428(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    read_pairs();
    mdup_original_plan *plan = mdup_original_plan_new(720, 512, &err);
    expect_no_error(&err);
    mdup_original_scratch *scratch = mdup_original_scratch_new(plan, &err);
    expect_no_error(&err);
    compare_pairs(plan, scratch);
    mdup_original_scratch_free(scratch);
    mdup_original_plan_free(plan);
    return 0;
}

static int free_cu428(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_IMAGES; i++)
        free(cu428.names[i]);
    return 0;
}

static bool shift_agrees(const pair *p)
{
    return fabs(p->ours.shift_x_px - p->theirs.shift_x_px) <= 2 &&
           fabs(p->ours.shift_y_px - p->theirs.shift_y_px) <= 2;
}

static double correlation_with_original(void)
{
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (size_t n = 0; n < N_PAIRS; n++) {
        double ours = cu428.pairs[n].ours.ccc;
        double theirs = cu428.pairs[n].theirs.ccc;
        x += ours;
        y += theirs;
        xx += ours * ours;
        yy += theirs * theirs;
        xy += ours * theirs;
    }
    return (xy - x * y / N_PAIRS) / sqrt((xx - x * x / N_PAIRS) * (yy - y * y / N_PAIRS));
}

static void test_correlates_with_the_original(void **state)
{
    (void)state;
    assert_true(correlation_with_original() >= 0.97);
}

static void test_same_shift_same_score(void **state)
{
    (void)state;
    for (size_t n = 0; n < N_PAIRS; n++)
        if (shift_agrees(&cu428.pairs[n]))
            expect_near(cu428.pairs[n].ours.ccc, cu428.pairs[n].theirs.ccc, 0.03);
}

static void test_other_shift_low_score(void **state)
{
    (void)state;
    for (size_t n = 0; n < N_PAIRS; n++)
        if (!shift_agrees(&cu428.pairs[n]))
            assert_true(cu428.pairs[n].ours.ccc < 0.15);
}

/* What is required stands above; this is what is reached, and what a slip in any step would lose. */
static void test_as_near_as_ever(void **state)
{
    (void)state;
    size_t n_agree = 0;
    for (size_t n = 0; n < N_PAIRS; n++) {
        const pair *p = &cu428.pairs[n];
        n_agree += fabs(p->ours.shift_x_px - p->theirs.shift_x_px) < 0.05 &&
                   fabs(p->ours.shift_y_px - p->theirs.shift_y_px) < 0.05 &&
                   fabs(p->ours.ccc - p->theirs.ccc) < 0.0001;
    }
    assert_true(n_agree >= N_PAIRS - 3); /* rounding may decide between two peaks of noise */
}

static const pair *find_pair(size_t reference, size_t target)
{
    for (size_t n = 0; n < N_PAIRS; n++)
        if (cu428.pairs[n].reference == reference && cu428.pairs[n].target == target)
            return &cu428.pairs[n];
    return NULL;
}

/* original_ccc.csv: a row a reference, a column an offset from 16 on. */
static void test_high_scores_of_its_table(void **state)
{
    (void)state;
    char *text = read_text("original_ccc.csv");
    char *at = text;
    size_t n_high = 0;
    for (size_t i = 0; at[0] != '\0'; i++) {
        size_t n_columns = 0;
        bool more = true;
        for (; more; n_columns++) {
            more = at[strcspn(at, ",\n")] == ',';
            double score = next_number(&at);
            if (score <= 0.2)
                continue;
            const pair *p = find_pair(i, i + FIRST_OFFSET + n_columns);
            assert_non_null(p);
            expect_near(p->ours.ccc, score, 0.03);
            n_high++;
        }
        assert_int_equal(n_columns, 34);
    }
    assert_int_equal(n_high, 4);
    free(text);
}

static void test_only_the_duplicates_pass_the_threshold(void **state)
{
    (void)state;
    for (size_t n = 0; n < N_PAIRS; n++) {
        const pair *p = &cu428.pairs[n];
        bool duplicate = p->reference < 4 && p->target == p->reference + 24;
        assert_int_equal(p->ours.ccc > 0.2, duplicate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_correlates_with_the_original),
        cmocka_unit_test(test_same_shift_same_score),
        cmocka_unit_test(test_other_shift_low_score),
        cmocka_unit_test(test_as_near_as_ever),
        cmocka_unit_test(test_high_scores_of_its_table),
        cmocka_unit_test(test_only_the_duplicates_pass_the_threshold),
    };
    const char *shared = getenv("MDUP_SHARED");
    cu428.folder = shared ? mdup_path_join(shared, "data/cu428", NULL) : NULL;
    int failed = 0;
    if (cu428.folder && mdup_path_is_directory(cu428.folder))
        failed = cmocka_run_group_tests(tests, compare_cu428, free_cu428);
    else
        puts("1..0 # SKIP MDUP_SHARED names no folder with data/cu428");
    free(cu428.folder);
    return failed;
}
