/* Sizes that overflow, arrays that grow. */
#include "absurd_sizes.h"
#include "base/alloc.h"
#include "image_test.h"

/* Through a volatile, so that the compiler does not warn of what is the point of the test. */
static size_t hidden(size_t value)
{
    volatile size_t copy = value;
    return copy;
}

static void expect_nomem(mdup_error **err)
{
    assert_non_null(*err);
    assert_int_equal(mdup_error_get_code(*err), MDUP_ERROR_NOMEM);
    mdup_error_clear(err);
}

static void products_that_overflow(void **state)
{
    (void)state;
    const struct {
        size_t count, size;
    } cases[] = {
        {SIZE_MAX, 2},
        {2, SIZE_MAX},
        {SIZE_MAX / 2 + 1, 2},
        {SIZE_MAX / 8 + 2, 8},
        {(size_t)1 << 33, (size_t)1 << 33},
        {SIZE_MAX, 1},
        {SIZE_MAX - 10, 1},
        {SIZE_MAX, SIZE_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mdup_error *err = NULL;
        assert_null(mdup_calloc(hidden(cases[i].count), cases[i].size, &err));
        expect_nomem(&err);
        assert_null(mdup_alloc_aligned(hidden(cases[i].count), cases[i].size, &err));
        expect_nomem(&err);
        assert_null(mdup_calloc(hidden(cases[i].count), cases[i].size, NULL));
        assert_null(mdup_alloc_aligned(hidden(cases[i].count), cases[i].size, NULL));
    }
}

static void zeroed_and_never_null(void **state)
{
    (void)state;
    const size_t sizes[][2] = {{0, 0}, {0, 8}, {8, 0}, {1, 1}, {1000, 8}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        mdup_error *err = NULL;
        unsigned char *bytes = mdup_calloc(sizes[i][0], sizes[i][1], &err);
        assert_non_null(bytes);
        for (size_t k = 0; k < sizes[i][0] * sizes[i][1]; k++)
            assert_int_equal(bytes[k], 0);
        bytes[0] = 1; /* at least one byte */
        free(bytes);
    }
}

static void aligned_to_a_cache_line(void **state)
{
    (void)state;
    for (size_t count = 0; count < 300; count++) {
        mdup_error *err = NULL;
        unsigned char *bytes = mdup_alloc_aligned(count, 3, &err);
        assert_non_null(bytes);
        assert_int_equal((uintptr_t)bytes % 64, 0);
        memset(bytes, 0xff, count * 3); /* the sanitizer looks */
        free(bytes);
    }
}

static void arrays_double(void **state)
{
    (void)state;
    int *items = NULL;
    size_t capacity = 0, changes = 0;
    mdup_error *err = NULL;
    for (size_t n = 1; n <= 100000; n++) {
        size_t before = capacity;
        assert_true(mdup_grow((void **)&items, &capacity, n, sizeof *items, &err));
        assert_true(capacity >= n);
        changes += capacity != before;
        items[n - 1] = (int)n;
    }
    assert_true(changes <= 18); /* doubling, not one by one */
    for (size_t n = 1; n <= 100000; n++)
        assert_int_equal(items[n - 1], n);
    size_t before = capacity;
    assert_true(mdup_grow((void **)&items, &capacity, 5, sizeof *items, &err));
    assert_int_equal(capacity, before);
    free(items);
}

static void what_cannot_grow_stays(void **state)
{
    (void)state;
    int64_t *items = NULL;
    size_t capacity = 0;
    mdup_error *err = NULL;
    assert_true(mdup_grow((void **)&items, &capacity, 3, sizeof *items, &err));
    items[2] = 42;
    int64_t *const stood = items;
    const size_t before = capacity;
    const size_t needs[] = {SIZE_MAX, SIZE_MAX / 8 + 1, SIZE_MAX / 8, SIZE_MAX / 16 + 1};
    for (size_t i = 0; i < 4; i++) {
        assert_false(mdup_grow((void **)&items, &capacity, hidden(needs[i]), sizeof *items, &err));
        expect_nomem(&err);
        assert_ptr_equal(items, stood);
        assert_int_equal(capacity, before);
        assert_int_equal(items[2], 42);
    }
    free(items);
}

static void copies_of_text(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    const char text[] = {'a', 'b', 'c', 'd'}; /* no NUL */
    char *part = mdup_strndup(text, 3, &err), *none = mdup_strndup(text, 0, &err),
         *whole = mdup_strdup("abcd", &err);
    assert_string_equal(part, "abc");
    assert_string_equal(none, "");
    assert_string_equal(whole, "abcd");
    free(part);
    free(none);
    free(whole);
    assert_null(mdup_strndup(text, hidden(SIZE_MAX), &err));
    expect_nomem(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_that_overflow),  cmocka_unit_test(zeroed_and_never_null),
        cmocka_unit_test(aligned_to_a_cache_line), cmocka_unit_test(arrays_double),
        cmocka_unit_test(what_cannot_grow_stays),  cmocka_unit_test(copies_of_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
