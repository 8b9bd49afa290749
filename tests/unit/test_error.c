/* Making, prefixing and moving errors; the log. */
#include <limits.h>

#include "base/log.h"
#include "image_test.h"

static void one_line_of_any_length(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    static char name[10001];
    static char expected[10100];
    memset(name, 'n', sizeof name - 1);
    assert_false(mdup_fail(&err, MDUP_ERROR_PARSE, "%s: line %d: %s", name, 7, "odd"));
    (void)snprintf(expected, sizeof expected, "%s: line 7: odd", name);
    expect_error(&err, MDUP_ERROR_PARSE, expected);
    assert_null(err);
}

static void every_code_is_kept(void **state)
{
    (void)state;
    for (int code = MDUP_ERROR_NOMEM; code <= MDUP_ERROR_ABORTED; code++) {
        mdup_error *err = NULL;
        assert_false(mdup_fail(&err, (mdup_error_code)code, "%%%d", code));
        const char text[] = {'%', (char)('0' + code), '\0'};
        expect_error(&err, (mdup_error_code)code, text);
    }
}

static void nobody_listens(void **state)
{
    (void)state;
    assert_false(mdup_fail(NULL, MDUP_ERROR_IO, "unheard"));
    assert_false(mdup_fail_nomem(NULL));
    mdup_error_prefix(NULL, "x");
    mdup_error_clear(NULL);
    mdup_error *none = NULL;
    mdup_error_prefix(&none, "x");
    assert_null(none);
    mdup_error_clear(&none);
    assert_null(none);
}

static void prefixes_stand_in_front(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    assert_false(mdup_fail(&err, MDUP_ERROR_MISSING, "no such file"));
    mdup_error_prefix(&err, "%s", "100%s.mrc");
    mdup_error_prefix(&err, "input %d", 2);
    expect_error(&err, MDUP_ERROR_MISSING, "input 2: 100%s.mrc: no such file");
}

static void out_of_memory_needs_none(void **state)
{
    (void)state;
    mdup_error *first = NULL, *second = NULL;
    assert_false(mdup_fail_nomem(&first));
    assert_false(mdup_fail_nomem(&second));
    char before[256];
    (void)snprintf(before, sizeof before, "%s", mdup_error_get_message(first));
    assert_non_null(strstr(before, "memory"));
    assert_null(strchr(before, '\n'));
    /* What one holder does with it is not seen by the other. */
    mdup_error_prefix(&first, "mine");
    assert_string_equal(mdup_error_get_message(second), before);
    mdup_error_clear(&first);
    assert_null(first);
    assert_int_equal(mdup_error_get_code(second), MDUP_ERROR_NOMEM);
    assert_string_equal(mdup_error_get_message(second), before);
    mdup_error_clear(&second);
    mdup_error_clear(&second);
}

static void moved_to_the_caller(void **state)
{
    (void)state;
    mdup_error *from = NULL, *to = NULL;
    assert_false(mdup_fail(&from, MDUP_ERROR_TRUNCATED, "ends early"));
    assert_false(mdup_error_move(&to, &from));
    assert_null(from);
    expect_error(&to, MDUP_ERROR_TRUNCATED, "ends early");
    /* A caller who does not listen costs no memory: the leak checker looks. */
    assert_false(mdup_fail(&from, MDUP_ERROR_TRUNCATED, "ends early"));
    assert_false(mdup_error_move(NULL, &from));
    assert_null(from);
    assert_false(mdup_fail_nomem(&from));
    assert_false(mdup_error_move(NULL, &from));
    assert_null(from);
}

/* ---- the log ---- */

static char logged[200];
static int n_logged;

static void take_line(void *user, mdup_log_level level, const char *line)
{
    assert_ptr_equal(user, logged);
    assert_int_equal(level, MDUP_LOG_WARNING);
    (void)snprintf(logged, sizeof logged, "%s", line);
    n_logged++;
}

static void lines_reach_the_caller(void **state)
{
    (void)state;
    const mdup_callbacks speaking = {.user = logged, .log = take_line}, silent = {0};
    n_logged = 0;
    mdup_log(&speaking, MDUP_LOG_WARNING, "%s: %d of %d", "100%", INT_MIN, 3);
    assert_int_equal(n_logged, 1);
    assert_string_equal(logged, "100%: -2147483648 of 3");
    mdup_log(&silent, MDUP_LOG_WARNING, "%d", 1);
    mdup_log(NULL, MDUP_LOG_WARNING, "%d", 1);
    assert_int_equal(n_logged, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_of_any_length),   cmocka_unit_test(every_code_is_kept),
        cmocka_unit_test(nobody_listens),           cmocka_unit_test(prefixes_stand_in_front),
        cmocka_unit_test(out_of_memory_needs_none), cmocka_unit_test(moved_to_the_caller),
        cmocka_unit_test(lines_reach_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
