/* The session file as a reader finds it: what a screen put there comes back, and a file that is anything else is refused in words. */
#include <fcntl.h>
#include <sqlite3.h>

#include "session/session.h"
#include "session/work.h"
#include "skip.h"
#include "small_session.h"

static const char FOLDER[] = "session_test", OUT[] = "session_test_out",
                  FILE_NAME[] = "session_test_out/session.mdup", COPY[] = "session_test_copy.mdup";
enum { N = 8 };

static mdup_session *must_open(const char *path)
{
    mdup_error *err = NULL;
    mdup_session *session = mdup_session_open(path, &err);
    expect_no_error(&err);
    assert_non_null(session);
    return session;
}

static void expect_refusal(const char *path, mdup_error_code code, const char *message)
{
    mdup_error *err = NULL;
    assert_null(mdup_session_open(path, &err));
    expect_error(&err, code, message);
}

static int remove_session(void **state)
{
    (void)state;
    remove_folder(FOLDER);
    remove_folder(OUT);
    unlink(COPY);
    return 0;
}

/* ---- what comes back ---- */

static int make_session(void **state)
{
    (void)state;
    make_small(FOLDER, N);
    write_file("session_test/m5.mrc", "short", 5);
    write_list(FOLDER, "list.txt", N);
    remove_folder(OUT);
    must_screen("session_test/list.txt", OUT, false);
    copy_file(FILE_NAME, COPY);
    return 0;
}

static void the_result_comes_back(void **state)
{
    (void)state;
    mdup_session *session = must_open(COPY);
    mdup_session_result r = {0};
    mdup_error *err = NULL;
    assert_true(mdup_session_load_result(session, &r, &err));
    assert_int_equal(r.catalog->n, N);
    assert_int_equal(r.catalog->n_sources, 1);
    assert_int_equal(r.catalog->sources[0].kind, MDUP_SOURCE_LIST);
    assert_string_equal(r.catalog->sources[0].path, "session_test/list.txt");
    for (size_t i = 0; i < N; i++) {
        char name[20], path[60];
        snprintf(name, sizeof name, "m%zu.mrc", i);
        snprintf(path, sizeof path, "session_test/m%zu.mrc", i);
        assert_string_equal(r.catalog->micrographs[i].name, name);
        assert_string_equal(r.catalog->micrographs[i].path, path);
        assert_true(r.micrographs[i].id > 0);
        assert_int_equal(r.judgements[i].status, i == 5 ? MDUP_STATUS_UNREADABLE : MDUP_STATUS_OK);
        assert_int_equal(r.micrographs[i].frame_nx, i == 5 ? 0 : SMALL_NX);
        assert_int_equal(r.micrographs[i].file_bytes, i == 5 ? 5 : 1024 + 4 * SMALL_NX * SMALL_NY);
    }
    /* As in pairs.csv, where the second and third shots of four show one scene. */
    assert_true(r.n_pairs > 2 && r.decision.n_removed >= 2);
    assert_true(r.decision.removed[3] && r.decision.removed[7] && !r.decision.removed[0]);
    const mdup_pair *found = NULL;
    for (size_t p = 0; p < r.n_pairs; p++)
        if (r.pairs[p].a == 2 && r.pairs[p].b == 3)
            found = &r.pairs[p];
    assert_non_null(found);
    assert_true(found->overlap > 0.9 && found->log10_evalue < 0 && !found->is_copy);
    for (size_t p = 1; p < r.n_pairs; p++)
        assert_true(r.pairs[p - 1].a < r.pairs[p].a ||
                    (r.pairs[p - 1].a == r.pairs[p].a && r.pairs[p - 1].b < r.pairs[p].b));
    mdup_session_result_clear(&r);
    mdup_session_close(session);
}

static void frames_and_statistics_come_back(void **state)
{
    (void)state;
    mdup_session *session = must_open(COPY);
    mdup_session_result r = {0};
    mdup_error *err = NULL;
    assert_true(mdup_session_load_result(session, &r, &err));
    int8_t pixels[SMALL_NX * SMALL_NY];
    double squares = 0;
    assert_true(mdup_session_load_frame(session, &r.micrographs[2], pixels, &err));
    for (size_t i = 0; i < sizeof pixels; i++)
        squares += (double)pixels[i] * pixels[i];
    expect_near(sqrt(squares / sizeof pixels), MDUP_FRAME_SD_units, 5);
    assert_false(mdup_session_load_frame(session, &r.micrographs[5], pixels, &err));
    assert_int_equal(mdup_error_get_code(err), MDUP_ERROR_PARSE);
    mdup_error_clear(&err);

    mdup_session_geometry *geometries;
    size_t n;
    assert_true(mdup_session_load_geometries(session, &geometries, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(geometries[0].nx, SMALL_NX);
    assert_int_equal(geometries[0].n_micrographs, N - 1);
    assert_int_equal(geometries[0].n_sample, 4);
    assert_int_equal(geometries[0].n_compared, (N - 1) * (N - 2) / 2);
    assert_int_equal(geometries[0].n_drawn, (N - 1) * (N - 2) / 2);
    assert_true(geometries[0].null.scale > 0);
    for (size_t i = 1; i < geometries[0].n_drawn; i++)
        assert_true(geometries[0].drawn[i - 1].log10_evalue >= geometries[0].drawn[i].log10_evalue);
    mdup_session_geometries_free(geometries, n);
    mdup_session_result_clear(&r);
    mdup_session_close(session);
}

static void pairs_and_provenance_come_back(void **state)
{
    (void)state;
    mdup_session *session = must_open(COPY);
    mdup_error *err = NULL;
    mdup_pair *all, *few;
    size_t n_all, n_few;
    double most;
    assert_true(mdup_session_load_pairs(session, 100, &all, &n_all, &most, &err));
    expect_near(most, MDUP_SESSION_MOST_EVALUE, 0);
    assert_true(mdup_session_load_pairs(session, 1e-3, &few, &n_few, NULL, &err));
    size_t below = 0;
    for (size_t i = 0; i < n_all; i++)
        below += all[i].log10_evalue <= -3;
    assert_true(n_few == below && n_few > 0 && n_few < n_all);
    free(all);
    free(few);

    mdup_session_provenance p;
    assert_true(mdup_session_load_provenance(session, &p, &err));
    assert_int_equal(p.n_inputs, 1);
    assert_string_equal(p.inputs[0].kind, "list");
    assert_int_equal(p.inputs[0].bytes, N * strlen("m0.mrc\n"));
    assert_int_equal(strlen(p.inputs[0].sha256), 64);
    assert_int_equal(strlen(p.began), strlen("2026-05-04T13:12:11Z"));
    bool has_evalue = false;
    for (size_t i = 0; i < p.n_parameters; i++)
        if (strcmp(p.parameters[i].name, "evalue") == 0)
            has_evalue = strcmp(p.parameters[i].value, "50") == 0;
    assert_true(has_evalue);
    mdup_session_provenance_clear(&p);
    mdup_session_close(session);
}

/* ---- what is no session ---- */

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void what_is_no_session_is_refused(void **state)
{
    (void)state;
    static const char path[] = "session_test_other.mdup";
    unlink(path);
    expect_refusal(path, MDUP_ERROR_MISSING,
                   "session_test_other.mdup: there is no session here, or nothing in it yet; "
                   "microdup screen makes one");
    write_file(path, "", 0);
    expect_refusal(path, MDUP_ERROR_MISSING,
                   "session_test_other.mdup: there is no session here, or nothing in it yet; "
                   "microdup screen makes one");
    write_file(path, "SQLite format 2", 16);
    expect_refusal(path, MDUP_ERROR_UNSUPPORTED,
                   "session_test_other.mdup: no session of microdup; give another name, or remove "
                   "this file if it was one and is damaged");
    unlink(path);
    run_sql(path, "CREATE TABLE song (title TEXT)");
    expect_refusal(path, MDUP_ERROR_UNSUPPORTED,
                   "session_test_other.mdup: a database of another program, not a session of "
                   "microdup; give another name");
    assert_false(mdup_session_detect(path));
    copy_file(COPY, path);
    assert_true(mdup_session_detect(path));
    run_sql(path, "PRAGMA user_version = 3");
    expect_refusal(path, MDUP_ERROR_UNSUPPORTED,
                   "session_test_other.mdup: the session was written by a newer microdup (format "
                   "3, this one knows 2); use that, or begin anew in another folder");
    expect_refusal(FOLDER, MDUP_ERROR_INVALID,
                   "session_test: is a folder; give the session file in it");
    unlink(path);
}

/* Format 1 had no announcements: it is read as it is, and gets them when it is worked on. */
static void a_session_of_the_first_format_goes_on(void **state)
{
    (void)state;
    static const char path[] = "session_test_old.mdup";
    copy_file(COPY, path);
    run_sql(path, "DROP TABLE announcements; PRAGMA user_version = 1");
    mdup_session_close(must_open(path));
    mdup_error *err = NULL;
    mdup_session *session = mdup_session_work_now(path, &err);
    expect_no_error(&err);
    char a[] = "a.mrc", b[] = "b.mrc", c[] = "c.mrc";
    mdup_session_announcement *said, made = {b, 3, a}, other = {c, 0, a};
    size_t n;
    assert_true(mdup_session_load_announcements(session, &said, &n, &err));
    assert_int_equal(n, 0);
    mdup_session_announcements_free(said, n);
    assert_true(mdup_session_put_announcement(session, &other, false, &err));
    assert_true(mdup_session_put_announcement(session, &made, false, &err));
    assert_true(mdup_session_put_announcement(session, &other, true, &err));
    assert_true(mdup_session_commit(session, &err));
    mdup_session_close(session);
    session = mdup_session_work_now(path, &err);
    assert_true(mdup_session_load_announcements(session, &said, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(said[0].name, "b.mrc");
    assert_int_equal(said[0].slice, 3);
    assert_string_equal(said[0].original, "a.mrc");
    mdup_session_announcements_free(said, n);
    mdup_session_close(session);
    unlink(path);
}

/* Neither to read nor to work on, and not thrown away either. */
static void foreign_files_stay_as_they_are(void **state)
{
    (void)state;
    static const char path[] = "session_test_other.mdup";
    unlink(path);
    run_sql(path, "CREATE TABLE song (title TEXT); INSERT INTO song VALUES ('x')");
    size_t length, length_after;
    uint8_t *before = read_file(path, &length);
    for (int restart = 0; restart < 2; restart++) {
        mdup_error *err = NULL;
        assert_null(mdup_session_work(path, restart != 0, NULL, &err));
        expect_error(&err, MDUP_ERROR_UNSUPPORTED,
                     "session_test_other.mdup: a database of another program, not a session of "
                     "microdup; give another name");
    }
    uint8_t *after = read_file(path, &length_after);
    assert_int_equal(length, length_after);
    assert_memory_equal(before, after, length);
    free(before);
    free(after);
    assert_int_equal(access("session_test_other.mdup.lock", F_OK), -1);
    unlink(path);
}

static void a_session_without_a_result_says_so(void **state)
{
    (void)state;
    static const char path[] = "session_test_other.mdup";
    unlink(path);
    mdup_error *err = NULL;
    mdup_session *session = mdup_session_work(path, false, NULL, &err);
    expect_no_error(&err);
    assert_true(mdup_session_begin_run(session, "screen", NULL, &err));
    char name[] = "x.mrc";
    mdup_session_reading reading = {.name = name, .path = name};
    assert_true(mdup_session_enter(session, &reading, &err));
    assert_int_equal(reading.id, 1);
    assert_true(mdup_session_commit(session, &err));
    mdup_session_close(session);

    session = must_open(path);
    int64_t n_entered, n_read;
    bool finished;
    assert_true(mdup_session_count(session, &n_entered, &n_read, &finished, &err));
    assert_true(n_entered == 1 && n_read == 0 && !finished);
    mdup_session_result result = {0};
    assert_false(mdup_session_load_result(session, &result, &err));
    expect_error(&err, MDUP_ERROR_INVALID,
                 "session_test_other.mdup: no screen has finished in this session yet; give the "
                 "screen again, which goes on where it was");
    mdup_session_close(session);
    unlink(path);
}

static void read_only_files_can_be_read(void **state)
{
    (void)state;
    assert_int_equal(chmod(COPY, 0444), 0);
    if (geteuid() == 0)
        assert_int_equal(seteuid(NOBODY), 0);
    mdup_session *session = must_open(COPY);
    mdup_session_result result = {0};
    mdup_error *err = NULL;
    const bool ok = mdup_session_load_result(session, &result, &err);
    mdup_session *to_write = mdup_session_work_now(COPY, NULL);
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(COPY, 0644), 0);
    expect_no_error(&err);
    assert_true(ok);
    assert_null(to_write);
    mdup_session_result_clear(&result);
    mdup_session_close(session);
}

/* ---- damage ---- */

/* Reads everything there is.  True when all of it could be read. */
static bool read_all(const char *path, mdup_session_result *result, mdup_error **err)
{
    mdup_session *session = mdup_session_open(path, err);
    mdup_pair *pairs = NULL;
    mdup_session_geometry *geometries = NULL;
    mdup_session_provenance provenance = {0};
    size_t n_pairs = 0, n_geometries = 0;
    int8_t pixels[SMALL_NX * SMALL_NY];
    bool ok = session && mdup_session_load_result(session, result, err) &&
              mdup_session_load_pairs(session, 100, &pairs, &n_pairs, NULL, err) &&
              mdup_session_load_geometries(session, &geometries, &n_geometries, err) &&
              mdup_session_load_provenance(session, &provenance, err);
    for (size_t i = 0; ok && i < result->catalog->n; i++) {
        const mdup_session_micrograph *m = &result->micrographs[i];
        if (m->frame_nx == SMALL_NX && m->frame_ny == SMALL_NY)
            ok = mdup_session_load_frame(session, m, pixels, err);
    }
    mdup_session_geometries_free(geometries, n_geometries);
    mdup_session_provenance_clear(&provenance);
    free(pairs);
    mdup_session_close(session);
    return ok;
}

/* What can be read of a damaged file is what was written. */
static void expect_same_result(const mdup_session_result *a, const mdup_session_result *b)
{
    assert_int_equal(a->catalog->n, b->catalog->n);
    assert_int_equal(a->n_pairs, b->n_pairs);
    for (size_t i = 0; i < a->catalog->n; i++) {
        assert_string_equal(a->catalog->micrographs[i].name, b->catalog->micrographs[i].name);
        assert_int_equal(a->judgements[i].status, b->judgements[i].status);
        assert_int_equal(a->decision.removed[i], b->decision.removed[i]);
        assert_int_equal(a->decision.set[i], b->decision.set[i]);
        assert_int_equal(a->decision.original[i], b->decision.original[i]);
    }
    for (size_t p = 0; p < a->n_pairs; p++) {
        assert_int_equal(a->pairs[p].a, b->pairs[p].a);
        assert_int_equal(a->pairs[p].b, b->pairs[p].b);
        expect_near(a->pairs[p].log10_evalue, b->pairs[p].log10_evalue, 0);
        expect_near(a->pairs[p].overlap, b->pairs[p].overlap, 0);
    }
}

static bool is_fit(mdup_error_code code)
{
    return code == MDUP_ERROR_PARSE || code == MDUP_ERROR_UNSUPPORTED ||
           code == MDUP_ERROR_INVALID || code == MDUP_ERROR_MISSING || code == MDUP_ERROR_IO ||
           code == MDUP_ERROR_NOMEM;
}

/* The places that hold something, in two of three cases: most of the file is zeros. */
static size_t choose_place(const uint8_t *bytes, size_t length, uint64_t *seed)
{
    size_t at = next_random(seed) % length;
    if (next_random(seed) % 3 > 0)
        while (bytes[at] == 0)
            at = next_random(seed) % length;
    return at;
}

enum { FLIPS = 10000 };

static void flipped_bytes(void **state)
{
    (void)state;
    static const char path[] = "session_test_flipped.mdup";
    mdup_session_result good = {0};
    mdup_error *err = NULL;
    assert_true(read_all(COPY, &good, &err));
    size_t length;
    uint8_t *bytes = read_file(COPY, &length);
    copy_file(COPY, path);
    const int fd = open(path, O_RDWR);
    uint64_t seed = 11;
    int n_refused = 0;
    for (int i = 0; i < FLIPS; i++) {
        const size_t at = choose_place(bytes, length, &seed);
        const uint8_t flipped = bytes[at] ^ (uint8_t)(1 + next_random(&seed) % 255);
        assert_int_equal(pwrite(fd, &flipped, 1, (off_t)at), 1);
        mdup_session_result result = {0};
        if (read_all(path, &result, &err)) {
            expect_same_result(&result, &good);
        } else {
            assert_true(is_fit(mdup_error_get_code(err)));
            assert_true(strlen(mdup_error_get_message(err)) > 20);
            n_refused++;
        }
        mdup_error_clear(&err);
        mdup_session_result_clear(&result);
        assert_int_equal(pwrite(fd, bytes + at, 1, (off_t)at), 1);
    }
    close(fd);
    assert_true(n_refused > FLIPS / 20 && n_refused < FLIPS);
    mdup_session_result_clear(&good);
    free(bytes);
    unlink(path);
}

static void truncated_anywhere(void **state)
{
    (void)state;
    static const char path[] = "session_test_cut.mdup";
    size_t length;
    uint8_t *bytes = read_file(COPY, &length);
    for (size_t cut = 1; cut < length; cut += cut < 200 ? 7 : 3001) {
        write_file(path, bytes, cut);
        mdup_session_result result = {0};
        mdup_error *err = NULL;
        assert_false(read_all(path, &result, &err));
        assert_true(is_fit(mdup_error_get_code(err)));
        mdup_error_clear(&err);
        mdup_session_result_clear(&result);
    }
    free(bytes);
    unlink(path);
}

/* A screen on a damaged file goes on to the right end, or says what to do; and --restart always helps. */
static void screens_of_damaged_sessions(void **state)
{
    (void)state;
    static const char fresh[] = "session_test_fresh";
    remove_folder(fresh);
    must_screen("session_test/list.txt", fresh, true);
    size_t length;
    uint8_t *bytes = read_file(COPY, &length);
    uint64_t seed = 12;
    int n_refused = 0, n_done = 0;
    for (int i = 0; i < 150; i++) {
        const size_t at = choose_place(bytes, length, &seed);
        const uint8_t before = bytes[at];
        bytes[at] ^= (uint8_t)(1 + next_random(&seed) % 255);
        write_file(FILE_NAME, bytes, length);
        bytes[at] = before;
        mdup_error *err = NULL;
        if (screen_small("session_test/list.txt", OUT, false, NULL, &err)) {
            expect_same_outputs(OUT, fresh);
            n_done++;
        } else {
            assert_true(is_fit(mdup_error_get_code(err)));
            n_refused++;
        }
        mdup_error_clear(&err);
        unlink("session_test_out/session.mdup-journal");
    }
    assert_true(n_refused > 0 && n_done > n_refused);
    free(bytes);
    remove_folder(fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_comes_back),
        cmocka_unit_test(frames_and_statistics_come_back),
        cmocka_unit_test(pairs_and_provenance_come_back),
        cmocka_unit_test(what_is_no_session_is_refused),
        cmocka_unit_test(a_session_of_the_first_format_goes_on),
        cmocka_unit_test(foreign_files_stay_as_they_are),
        cmocka_unit_test(a_session_without_a_result_says_so),
        TEST_WHEN(permissions_can_matter(), read_only_files_can_be_read,
                  "root cannot become another user"),
        cmocka_unit_test(flipped_bytes),
        cmocka_unit_test(truncated_anywhere),
        cmocka_unit_test(screens_of_damaged_sessions),
    };
    return cmocka_run_group_tests(tests, make_session, remove_session);
}
