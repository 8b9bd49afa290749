/* The result in words, and what it is sorted into before. */
#include <math.h>

#include "image_test.h"
#include "publish/words.h"

enum { MOST = 64 };

/* A session made by hand; everything of it is shown to the report. */
typedef struct {
    mdup_report_micrograph micrographs[MOST];
    char names[MOST][32];
    mdup_pair pairs[MOST];
    mdup_decision decision;
    mdup_report report;
    mdup_view view;
} session;

static session *start(size_t n)
{
    session *s = calloc(1, sizeof *s);
    assert_non_null(s);
    for (size_t i = 0; i < n; i++) {
        snprintf(s->names[i], sizeof s->names[i], "job/m%02zu_fractions.mrc", i);
        s->micrographs[i] = (mdup_report_micrograph){.name = s->names[i], .nx = 1000, .ny = 800};
    }
    s->report = (mdup_report){.micrographs = s->micrographs,
                              .n = n,
                              .pairs = s->pairs,
                              .decision = &s->decision,
                              .n_compared = 28680,
                              .n_rated = 28680,
                              .min_overlap = 0.5,
                              .max_evalue = 0.01,
                              .out_dir = "microdup/",
                              .most_pictures = 200};
    return s;
}

static mdup_pair *add(session *s, size_t a, size_t b, double x, double y)
{
    mdup_pair *pair = &s->pairs[s->report.n_pairs++];
    *pair = (mdup_pair){.a = a, .b = b, .shift_x_px = x, .shift_y_px = y, .log10_evalue = -20};
    pair->overlap = (1000 - fabs(x)) * (800 - fabs(y)) / 8e5;
    return pair;
}

static void look(session *s)
{
    mdup_error *err = NULL;
    assert_true(mdup_decide(s->pairs, s->report.n_pairs, s->report.n, 0.5, &s->decision, &err));
    assert_true(mdup_view_make(&s->report, &s->view, &err));
    expect_no_error(&err);
}

static void stop(session *s)
{
    mdup_view_clear(&s->view);
    mdup_decision_clear(&s->decision);
    free(s);
}

static void expect_verdict(session *s, const char *headline, size_t n, const char *const *lines)
{
    mdup_verdict v;
    mdup_error *err = NULL;
    look(s);
    assert_true(mdup_words_verdict(&s->view, &v, &err));
    assert_string_equal(v.headline.text, headline);
    assert_int_equal(v.n_lines, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(v.lines[i].text, lines[i]);
    mdup_verdict_clear(&v);
    stop(s);
}

/* ---- numbers ---- */

typedef void (*put)(mdup_strbuf *out, double value);

static void put_count(mdup_strbuf *out, double value)
{
    mdup_words_count(out, (size_t)value);
}

static void put_nm(mdup_strbuf *out, double px)
{
    mdup_words_length(out, px, 2.5);
}

static void put_px(mdup_strbuf *out, double px)
{
    mdup_words_length(out, px, 0);
}

static void put_evalue(mdup_strbuf *out, double log10_evalue)
{
    const mdup_pair pair = {.log10_evalue = log10_evalue};
    mdup_words_evalue(out, &pair);
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        put put;
        double value;
        const char *expected;
    } cases[] = {
        {put_count, 0, "0"},
        {put_count, 999, "999"},
        {put_count, 5013, "5,013"},
        {put_count, 199990000, "199,990,000"},
        {mdup_words_percent, 0.0024, "0.24 %"},
        {mdup_words_percent, 0.0306, "3.1 %"},
        {mdup_words_percent, 0.0999, "10 %"},
        {mdup_words_percent, 0.8891, "89 %"},
        {mdup_words_percent, 0.9999, "100 %"},
        {mdup_words_percent, 1, "100 %"},
        {mdup_words_percent, 0, "0 %"},
        {put_evalue, -157.92, "1e-158"},
        {put_evalue, -631.13, "7e-632"},
        {put_evalue, -4.85, "1e-5"},
        {put_evalue, -14.71, "2e-15"},
        {put_evalue, -9.01, "1e-9"},
        {put_evalue, -2, "0.01"},
        {put_evalue, 1.3, "20"},
        {put_evalue, -9999, "1e-9999"},
        {mdup_words_span, 0, "0 seconds"},
        {mdup_words_span, 1, "1 second"},
        {mdup_words_span, 80, "80 seconds"},
        {mdup_words_span, 2400, "40 minutes"},
        {mdup_words_span, 5400, "1.5 hours"},
        {mdup_words_span, 7200, "2 hours"},
        {mdup_words_span, 86400, "24 hours"},
        {mdup_words_span, 3 * 86400, "3 days"},
        {put_nm, 10, "2.5 nm"},
        {put_nm, 400, "100 nm"},
        {put_nm, 8000, "2.00 um"},
        {put_px, 57.3, "57 px"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mdup_strbuf out = MDUP_STRBUF_INIT;
        cases[i].put(&out, cases[i].value);
        assert_string_equal(out.text, cases[i].expected);
        mdup_strbuf_free(&out);
    }
}

static void paths_for_the_shell(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"microdup/removed.txt", "microdup/removed.txt"},
        {"", "''"},
        {"my folder/x", "'my folder/x'"},
        {"a'b`$(touch harm)`;\n", "'a'\\''b`$(touch harm)`;\n'"},
        {"-rf/x", "'./-rf/x'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mdup_strbuf out = MDUP_STRBUF_INIT;
        mdup_words_shell(&out, cases[i][0]);
        assert_string_equal(out.text, cases[i][1]);
        mdup_strbuf_free(&out);
    }
}

/* ---- verdicts ---- */

static void nothing_found(void **state)
{
    (void)state;
    expect_verdict(
        start(3), "None of the 3 micrographs is a duplicate of an earlier one.", 1,
        (const char *const[]){"None of the 28,680 pairs compared looks more alike than "
                              "chance allows: an E-value up to 0.01 was asked for "
                              "(--evalue), the number of such pairs that chance makes in "
                              "a session like this one."});
    session *s = start(1);
    s->report.n_compared = 0;
    expect_verdict(s, "The one micrograph that could be judged has no other to be compared with.",
                   0, NULL);
}

/* The example that the page was made after. */
static void holes_recorded_again(void **state)
{
    (void)state;
    session *s = start(MOST);
    static const char *const holes[] = {"h0", "h1", "h2", "h3", "h4", "h5"};
    for (size_t i = 0; i < 24; i++) {
        s->micrographs[i].hole = holes[i / 4];
        s->micrographs[i].has_time = true;
        s->micrographs[i].time_s = (double)i * 200;
    }
    for (size_t i = 0; i < 12; i++)
        add(s, i, i + 12, 57, -18);
    for (size_t hole = 0; hole < 6; hole++)
        add(s, 4 * hole, 4 * hole + 3, 820, -660);
    s->micrographs[30].status = MDUP_STATUS_MISSING;
    s->micrographs[31].status = MDUP_STATUS_ODD_SIZE;
    s->report.spot_share = 0.2;
    expect_verdict(
        s,
        "12 of 64 micrographs (19 %) show a place that was recorded before: 3 holes, each twice, "
        "40 "
        "minutes apart.",
        5,
        (const char *const[]){
            "Caution: the micrographs show a crystal (20 % of their signal is in Bragg spots), "
            "where "
            "one place looks like the next.  Look at each pair, and expect some to be missed.",
            "Under 0.1 % is usual; several per cent mean a problem of collection: holes chosen "
            "twice, or a stage that slips.",
            "6 pairs of neighbouring shots overlap by 3.1 % of the frame at their corners, as the "
            "shot pattern of this session has it.",
            "1 micrograph could not be judged and is kept.",
            "1 micrograph has another size than most and was compared with their own kind only."});
}

/* Without names of holes, and one of them three times. */
static void places_recorded_again(void **state)
{
    (void)state;
    session *s = start(MOST);
    add(s, 1, 20, 10, 0)->is_copy = true;
    add(s, 1, 40, 20, 0);
    add(s, 2, 22, 30, 0);
    add(s, 3, 9, 700, 0);
    add(s, 4, 40, 0, 720);
    expect_verdict(
        s,
        "3 of 64 micrographs (4.7 %) show a place that was recorded before: 2 places, up to 3 "
        "times, 19 to 39 exposures apart.",
        3,
        (const char *const[]){
            "1 of them is an exact copy of an earlier file, pixel by pixel.",
            "Under 0.1 % is usual; several per cent mean a problem of collection: holes chosen "
            "twice, or a stage that slips.",
            "2 pairs show a place again in part: 10 to 30 % of the frame at their edges.  1 is "
            "left "
            "once the duplicates are gone: both micrographs are kept, since they share less than "
            "50 % (--min-overlap); particles there are seen twice."});
}

static void nothing_is_left(void **state)
{
    (void)state;
    session *s = start(MOST);
    add(s, 1, 20, 10, 0);
    add(s, 3, 20, 700, 0);
    mdup_verdict v;
    look(s);
    assert_true(mdup_words_verdict(&s->view, &v, NULL));
    assert_string_equal(v.lines[1].text,
                        "1 pair shows a place again in part: 30 % of the frame at "
                        "their edges.  None is left once the duplicates are gone.");
    mdup_verdict_clear(&v);
    stop(s);
}

/* ---- a pair ---- */

static void numbers_of_a_pair(void **state)
{
    (void)state;
    session *s = start(30);
    s->micrographs[2].pixel_A = 10;
    mdup_pair *pair = add(s, 2, 20, 57.04, -18.2);
    pair->log10_evalue = -8.3;
    pair->ccc = 0.342;
    pair->score = 9.44;
    const mdup_drawn unrelated[] = {{5.2f, 0.1f, 2}, {6.66f, 0.2f, 1}};
    s->report.unrelated = unrelated;
    s->report.n_unrelated = 2;
    look(s);
    mdup_numbers n;
    assert_true(mdup_words_pair(&s->view, 0, &n, NULL));
    static const char *const expected[][3] = {
        {"Shared area", "92 %",
         "of each frame shows what the other one shows; from 50 % on the later one is a "
         "duplicate."},
        {"Shift", "57 nm right, 18 nm down",
         "is how the later frame lies on the earlier one: (57.0, -18.2) px or (570.4, -182.0) A, "
         "known to 0.1 px or 1.0 A."},
        {"E-value", "5e-9",
         "unrelated pairs are expected to look as much alike: chance makes one such pair in 200 "
         "million sessions like this one."},
        {"Score", "9.4",
         "standard deviations above what unrelated frames give; of 2 unrelated pairs of this "
         "session "
         "the highest has 6.7."},
        {"CCC", "0.34",
         "is the plain correlation of the shared areas; it decides nothing, and is far from 1 "
         "since "
         "each exposure has noise of its own."},
        {"Recorded", "18 exposures apart", "as number 3 and number 21 of 30."},
    };
    assert_int_equal(n.n, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(n.items[i].what, expected[i][0]);
        assert_string_equal(n.items[i].value.text, expected[i][1]);
        assert_string_equal(n.items[i].meaning.text, expected[i][2]);
    }
    assert_string_equal(
        n.decision.text,
        "E-value up to 0.01: they show the same place.  Shared area of 50 % or more: "
        "a duplicate.  The earlier one is kept: it has seen the least dose.");
    mdup_numbers_clear(&n);
    stop(s);
}

static void what_the_stage_says(void **state)
{
    (void)state;
    session *s = start(4);
    for (size_t i = 0; i < 4; i++)
        s->micrographs[i].pixel_A = 10;
    s->micrographs[0].recorded = (mdup_acquisition){.has_stage = true, .stage_x_um = 10};
    s->micrographs[1].recorded = (mdup_acquisition){
        .has_stage = true, .has_shift = true, .stage_x_um = 10.3, .stage_y_um = 0.4};
    s->micrographs[2].recorded = (mdup_acquisition){.has_stage = true,
                                                    .has_shift = true,
                                                    .stage_x_um = 10.3,
                                                    .stage_y_um = 0.4,
                                                    .shift_x_um = 3,
                                                    .shift_y_um = -4};
    add(s, 0, 1, 30, 40);
    add(s, 1, 2, 30, 40);
    add(s, 2, 3, 30, 40);
    look(s);
    static const char *const expected[] = {
        "500 nm", "apart, says the stage.  The images say 50 nm.", "0.0 nm",
        "apart, says the stage; with the shift of beam and image 5.00 um.  The images say 50 nm."};
    for (size_t p = 0; p < 3; p++) {
        mdup_numbers n;
        assert_true(mdup_words_pair(&s->view, p, &n, NULL));
        assert_int_equal(n.n, p < 2 ? 7 : 6);
        if (p < 2) {
            assert_string_equal(n.items[6].what, "Stage");
            assert_string_equal(n.items[6].value.text, expected[2 * p]);
            assert_string_equal(n.items[6].meaning.text, expected[2 * p + 1]);
        }
        mdup_numbers_clear(&n);
    }
    stop(s);
}

static void expect_decision(session *s, size_t pair, const char *end)
{
    mdup_numbers n;
    assert_true(mdup_words_pair(&s->view, pair, &n, NULL));
    size_t length = strlen(n.decision.text), end_length = strlen(end);
    assert_true(length >= end_length);
    assert_string_equal(n.decision.text + length - end_length, end);
    mdup_numbers_clear(&n);
}

static void a_small_shared_area(void **state)
{
    (void)state;
    session *s = start(40);
    add(s, 1, 20, 900, 0);
    look(s);
    mdup_numbers n;
    assert_true(mdup_words_pair(&s->view, 0, &n, NULL));
    assert_string_equal(n.items[0].meaning.text,
                        "of each frame shows what the other one shows; less than 50 %, so neither "
                        "goes for it.");
    mdup_numbers_clear(&n);
    stop(s);
}

static void what_follows_from_a_pair(void **state)
{
    (void)state;
    session *s = start(40);
    s->micrographs[5].hole = s->micrographs[6].hole = "17";
    add(s, 1, 2, 300, 0);   /* 2 goes */
    add(s, 1, 9, 700, 0);   /* in part */
    add(s, 2, 3, 300, 0);   /* 3 stays: 2 is gone */
    add(s, 2, 10, 0, 600);  /* in part, of one that goes */
    add(s, 5, 6, 900, 700); /* of one hole */
    mdup_pair *copy = add(s, 11, 12, 0, 0);
    copy->is_copy = true;
    copy->orientation = MDUP_ORIENTATION_TURNED_90;
    look(s);
    expect_decision(s, 0, "a duplicate.  The earlier one is kept: it has seen the least dose.");
    expect_decision(s, 1, "the place was recorded again, in part.  Both are kept.");
    expect_decision(s, 2,
                    "a duplicate.  The earlier one is removed itself, so the later one is kept.");
    expect_decision(s, 3, "in part.  The earlier one is removed, for another that it duplicates.");
    expect_decision(s, 4, "They are shots of one hole: the shot pattern overlaps.  Both are kept.");
    expect_decision(s, 5,
                    "Both files hold the same pixels, turned counter-clockwise by 90 degrees.  The "
                    "earlier one is kept: it has seen the least dose.");
    stop(s);
}

/* ---- what is shown ---- */

static void the_most_important_first(void **state)
{
    (void)state;
    session *s = start(60);
    s->micrographs[0].hole = s->micrographs[3].hole = "1";
    add(s, 0, 3, 900, 700); /* by design */
    add(s, 1, 30, 800, 0);  /* in part */
    add(s, 4, 31, 10, 0);   /* for which 31 goes */
    add(s, 4, 40, 30, 0);
    add(s, 31, 40, 20, 0); /* a duplicate for which nothing goes */
    s->report.most_pictures = 2;
    look(s);
    const size_t expected[] = {2, 3, 4, 1, 0};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(s->view.by_importance[i], expected[i]);
    assert_int_equal(s->view.n_pictured, 2);
    assert_true(s->view.is_pictured[2] && s->view.is_pictured[3] && !s->view.is_pictured[4]);
    assert_int_equal(s->view.set_begin[0], 0);
    assert_int_equal(s->view.set_begin[1], 3);
    assert_int_equal(s->view.set_members[2], 40);
    stop(s);
}

static void expect_short_name(session *s, size_t index, const char *expected)
{
    static const mdup_name_style style = {"..", "?"};
    mdup_strbuf out = MDUP_STRBUF_INIT;
    size_t n = mdup_words_short_name(&s->view, index, &style, &out);
    assert_string_equal(out.text, expected);
    assert_in_range(n, 0, MDUP_NAME_COLUMNS);
    mdup_strbuf_free(&out);
}

static session *with_names(const char *first, const char *second)
{
    session *s = start(2);
    s->micrographs[0].name = first;
    s->micrographs[1].name = second;
    look(s);
    return s;
}

static void names_in_tables(void **state)
{
    (void)state;
    session *s = start(3);
    look(s);
    expect_short_name(s, 1, "m01_fractions.mrc");
    stop(s);
    s = with_names("a/FoilHole_30593197_Data_30537205_44_20260504_120000_fractions.mrc",
                   "a/FoilHole_30593198_Data_30537205_44_20260504_120010_fractions.mrc");
    expect_short_name(s, 0, "30593197_..20260504_120000");
    stop(s);
    s = with_names("a/session_of_today_with_a_long_name_4.mrc",
                   "a/session_of_today_with_a_long_name_5.mrc");
    expect_short_name(s, 1, "5.mrc");
    stop(s);
    s = with_names("a/FoilHole_30593197_Data_30537205_44_20260504_120000.mrc",
                   "b/\xC3\xA9\x1B\xFF.mrc");
    expect_short_name(s, 0, "FoilHole_..20260504_120000");
    expect_short_name(s, 1, "\xC3\xA9??.mrc");
    stop(s);
    /* The same name twice, and names of nothing but what all share. */
    s = with_names("0123456789_123456789_123456789.mrc", "0123456789_123456789_123456789.mrc");
    expect_short_name(s, 0, "123456789.mrc");
    stop(s);
    s = with_names("____________________________________", "____________________________________");
    expect_short_name(s, 0, "_________.._______________");
    stop(s);
    s = with_names("", "/");
    expect_short_name(s, 0, "");
    expect_short_name(s, 1, "");
    stop(s);
}

static void expect_place(const mdup_place *place, double x, double y, mdup_orientation o)
{
    assert_true(place->placed);
    expect_near(place->x_px, x, 1e-9);
    expect_near(place->y_px, y, 1e-9);
    assert_int_equal(place->orientation, o);
}

/* 1 is the first; 5 is joined to it over 3 only, which is later than both; 7 is a mirrored copy of 5. */
static void places_of_a_set(void **state)
{
    (void)state;
    session *s = start(10);
    add(s, 1, 6, 100, 20);
    mdup_pair *copy = add(s, 5, 7, 0, 0);
    add(s, 5, 6, -30, 50);
    copy->is_copy = true;
    copy->orientation = MDUP_ORIENTATION_MIRRORED_X;
    look(s);
    mdup_place places[4];
    assert_int_equal(s->view.set_begin[1] - s->view.set_begin[0], 4);
    mdup_view_places(&s->view, 1, places);
    expect_place(&places[0], 0, 0, MDUP_ORIENTATION_SAME);
    expect_place(&places[1], 130, -30, MDUP_ORIENTATION_SAME);
    expect_place(&places[2], 100, 20, MDUP_ORIENTATION_SAME);
    expect_place(&places[3], 130, -30, MDUP_ORIENTATION_MIRRORED_X);
    stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(paths_for_the_shell),
        cmocka_unit_test(nothing_found),
        cmocka_unit_test(holes_recorded_again),
        cmocka_unit_test(places_recorded_again),
        cmocka_unit_test(nothing_is_left),
        cmocka_unit_test(numbers_of_a_pair),
        cmocka_unit_test(what_the_stage_says),
        cmocka_unit_test(a_small_shared_area),
        cmocka_unit_test(what_follows_from_a_pair),
        cmocka_unit_test(the_most_important_first),
        cmocka_unit_test(names_in_tables),
        cmocka_unit_test(places_of_a_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
