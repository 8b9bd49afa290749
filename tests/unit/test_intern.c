/* Texts and their numbers. */
#include <stdio.h>
#include <stdlib.h>

#include "base/intern.h"
#include "image_test.h"
#include "skip.h"

static void numbers_in_the_order_of_coming(void **state)
{
    (void)state;
    enum { N = 5000 };
    mdup_intern in = {0};
    char text[32];
    assert_int_equal(mdup_intern_find(&in, "x", 1), -1);
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < N; i++) {
            size_t number = SIZE_MAX;
            int length = snprintf(text, sizeof text, "text %zu", i * 37);
            assert_true(mdup_intern_add(&in, text, (size_t)length, &number, NULL));
            assert_int_equal(number, i);
        }
    assert_int_equal(in.n, N);
    for (size_t i = 0; i < N; i++) {
        int length = snprintf(text, sizeof text, "text %zu", i * 37);
        assert_string_equal(in.texts[i], text);
        assert_int_equal(mdup_intern_find(&in, text, (size_t)length), i);
    }
    mdup_intern_clear(&in);
    assert_int_equal(in.n, 0);
}

static void empty_and_long(void **state)
{
    (void)state;
    mdup_intern in = {0};
    size_t number = 7;
    assert_true(mdup_intern_add(&in, "", 0, &number, NULL));
    assert_int_equal(number, 0);
    assert_true(mdup_intern_add(&in, "abc", 2, &number, NULL));
    assert_int_equal(number, 1);
    assert_string_equal(in.texts[1], "ab");
    assert_int_equal(mdup_intern_find(&in, "ab", 2), 1);
    assert_int_equal(mdup_intern_find(&in, "abc", 3), -1);
    assert_int_equal(mdup_intern_find(&in, "", 0), 0);
    mdup_intern_clear(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_in_the_order_of_coming),
        cmocka_unit_test(empty_and_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
