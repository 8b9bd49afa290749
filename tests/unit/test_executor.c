/* The executor: every item once, workers apart, the lowest error. */
#include <stdatomic.h>
#include <time.h>

#include "image_test.h"
#include "run/cores.h"
#include "run/executor.h"

enum { MOST_ITEMS = 3000, MOST_WORKERS = 99 };

typedef struct {
    atomic_int ran[MOST_ITEMS];
    atomic_bool busy[MOST_WORKERS];
    atomic_int collisions, bad_workers;
    int scratch[MOST_WORKERS]; /* not atomic on purpose: TSan sees two calls with one worker */
    int n_workers;
    size_t n_items;
    bool (*fails)(size_t item);
    void (*dawdle)(size_t item);
    /* progress */
    size_t last_done, n_reports, stop_at;
    bool went_back;
} record;

static bool job(void *context, size_t item, int worker, mdup_error **err)
{
    record *r = context;
    if (worker < 0 || worker >= r->n_workers) {
        atomic_fetch_add(&r->bad_workers, 1);
        return true;
    }
    if (atomic_exchange(&r->busy[worker], true))
        atomic_fetch_add(&r->collisions, 1);
    r->scratch[worker]++;
    atomic_fetch_add(&r->ran[item], 1);
    if (r->dawdle)
        r->dawdle(item);
    const bool ok = !r->fails || !r->fails(item);
    atomic_store(&r->busy[worker], false);
    return ok || mdup_fail(err, MDUP_ERROR_IO, "item %zu", item);
}

static bool progress(void *context, size_t done)
{
    record *r = context;
    r->went_back = r->went_back || done < r->last_done || done > r->n_items;
    r->last_done = done;
    r->n_reports++;
    return done < r->stop_at;
}

static record *new_record(size_t n_items, int n_workers)
{
    record *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->n_items = n_items;
    r->n_workers = n_workers;
    r->stop_at = SIZE_MAX;
    return r;
}

static bool run(record *r, mdup_job_progress watch, mdup_error **err)
{
    const mdup_batch batch = {.n_items = r->n_items,
                              .n_workers = r->n_workers,
                              .job = job,
                              .progress = watch,
                              .context = r};
    const bool ok = mdup_run_batch(&batch, err);
    assert_int_equal(atomic_load(&r->collisions), 0);
    assert_int_equal(atomic_load(&r->bad_workers), 0);
    int calls = 0, used = 0;
    for (size_t i = 0; i < r->n_items; i++) {
        assert_true(atomic_load(&r->ran[i]) <= 1);
        calls += atomic_load(&r->ran[i]);
    }
    for (int w = 0; w < r->n_workers; w++) {
        used += r->scratch[w];
        assert_false(atomic_load(&r->busy[w]));
    }
    assert_int_equal(used, calls);
    return ok;
}

static void pause_us(long us)
{
    const struct timespec time = {.tv_nsec = us * 1000};
    nanosleep(&time, NULL);
}

static const int worker_counts[] = {1, 2, 3, 99};

static void every_item_once(void **state)
{
    (void)state;
    const size_t item_counts[] = {0, 1, 2, 98, 99, 100, MOST_ITEMS};
    for (size_t w = 0; w < 4; w++) {
        for (size_t i = 0; i < sizeof item_counts / sizeof *item_counts; i++) {
            for (int watched = 0; watched < 2; watched++) {
                mdup_error *err = NULL;
                record *r = new_record(item_counts[i], worker_counts[w]);
                assert_true(run(r, watched ? progress : NULL, &err));
                assert_null(err);
                for (size_t k = 0; k < r->n_items; k++)
                    assert_int_equal(atomic_load(&r->ran[k]), 1);
                if (watched && r->n_items > 0) {
                    assert_int_equal(r->last_done, r->n_items); /* told at the end */
                    assert_false(r->went_back);
                }
                free(r);
            }
        }
    }
}

static atomic_int at_once, most_at_once;

static void count_at_once(size_t item)
{
    (void)item;
    const int now = atomic_fetch_add(&at_once, 1) + 1;
    int most = atomic_load(&most_at_once);
    while (now > most && !atomic_compare_exchange_weak(&most_at_once, &most, now))
        ;
    pause_us(2000);
    atomic_fetch_sub(&at_once, 1);
}

static void as_many_at_once_as_workers(void **state)
{
    (void)state;
    const int counts[] = {1, 4};
    for (size_t i = 0; i < 2; i++) {
        record *r = new_record(60, counts[i]);
        r->dawdle = count_at_once;
        atomic_store(&most_at_once, 0);
        assert_true(run(r, NULL, NULL));
        assert_int_equal(atomic_load(&most_at_once), counts[i]);
        free(r);
    }
}

static bool thirds_of_the_rest_fail(size_t item)
{
    return item >= 40 && item % 3 == 0;
}

/* The first that fails is the last to say so. */
static void low_items_take_long(size_t item)
{
    if (item == 42)
        pause_us(20000);
    else if (item % 7 == 0)
        pause_us(200);
}

static void high_items_take_long(size_t item)
{
    if (item > 42)
        pause_us(300);
}

static void the_lowest_error(void **state)
{
    (void)state;
    void (*const timings[])(size_t) = {NULL, low_items_take_long, high_items_take_long};
    for (size_t w = 0; w < 4; w++) {
        for (size_t t = 0; t < 9; t++) {
            mdup_error *err = NULL;
            record *r = new_record(1000, worker_counts[w]);
            r->fails = thirds_of_the_rest_fail;
            r->dawdle = timings[t % 3];
            assert_false(run(r, t % 2 ? progress : NULL, &err));
            expect_error(&err, MDUP_ERROR_IO, "item 42");
            assert_int_equal(atomic_load(&r->ran[999]), 0);
            for (size_t i = 0; i <= 42; i++)
                assert_int_equal(atomic_load(&r->ran[i]), 1);
            free(r);
        }
    }
}

static void no_new_items_after_an_error(void **state)
{
    (void)state;
    record *r = new_record(MOST_ITEMS, 1);
    r->fails = thirds_of_the_rest_fail;
    assert_false(run(r, NULL, NULL)); /* and nobody listens */
    for (size_t i = 43; i < MOST_ITEMS; i++)
        assert_int_equal(atomic_load(&r->ran[i]), 0);
    free(r);
}

static void some_time(size_t item)
{
    (void)item;
    pause_us(20000);
}

static void stopped_on_request(void **state)
{
    (void)state;
    for (size_t w = 0; w < 4; w++) {
        mdup_error *err = NULL;
        record *r = new_record(MOST_ITEMS, worker_counts[w]);
        r->dawdle = some_time;
        r->stop_at = 5;
        assert_false(run(r, progress, &err));
        expect_error(&err, MDUP_ERROR_ABORTED, "stopped on request");
        assert_int_equal(atomic_load(&r->ran[MOST_ITEMS - 1]), 0);
        free(r);
    }
}

/* A request that comes with the last item is heard all the same, with one worker or many. */
static void stopped_at_the_end(void **state)
{
    (void)state;
    for (size_t w = 0; w < 4; w++) {
        for (int repeat = 0; repeat < 20; repeat++) {
            mdup_error *err = NULL;
            record *r = new_record(20, worker_counts[w]);
            r->stop_at = 20;
            assert_false(run(r, progress, &err));
            expect_error(&err, MDUP_ERROR_ABORTED, "stopped on request");
            free(r);
        }
    }
}

static bool item_3_fails(size_t item)
{
    return item == 3;
}

/* The failure says more than the request. */
static void an_error_before_a_stop(void **state)
{
    (void)state;
    for (size_t w = 0; w < 4; w++) {
        mdup_error *err = NULL;
        record *r = new_record(500, worker_counts[w]);
        r->fails = item_3_fails;
        r->stop_at = 4;
        assert_false(run(r, progress, &err));
        expect_error(&err, MDUP_ERROR_IO, "item 3");
        free(r);
    }
}

/* Progress is told while a long item runs. */
static bool count_reports(void *context, size_t done)
{
    record *r = context;
    (void)done;
    r->n_reports++;
    return true;
}

static void half_a_second(size_t item)
{
    (void)item;
    pause_us(500000);
}

static void told_while_items_run(void **state)
{
    (void)state;
    record *r = new_record(2, 2);
    r->dawdle = half_a_second;
    assert_true(run(r, count_reports, NULL));
    assert_true(r->n_reports >= 3);
    free(r);
}

static void workers_when_the_user_does_not_say(void **state)
{
    (void)state;
    const int cores = mdup_usable_cores();
    assert_true(cores >= 1);
    const struct {
        const char *value;
        int expected;
    } cases[] = {{"3", 3},         {"128", 128}, {"0", 0},
                 {"-2", 0},        {"", 0},      {"abc", 0},
                 {"4x", 0},        {" 4", 0},    {"99999999999999999999", 0},
                 {"1000000000", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(setenv("SLURM_CPUS_PER_TASK", cases[i].value, 1), 0);
        assert_int_equal(mdup_default_workers(), cases[i].expected ? cases[i].expected : cores);
    }
    assert_int_equal(unsetenv("SLURM_CPUS_PER_TASK"), 0);
    assert_int_equal(mdup_default_workers(), cores);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_once),
        cmocka_unit_test(as_many_at_once_as_workers),
        cmocka_unit_test(the_lowest_error),
        cmocka_unit_test(no_new_items_after_an_error),
        cmocka_unit_test(stopped_on_request),
        cmocka_unit_test(stopped_at_the_end),
        cmocka_unit_test(an_error_before_a_stop),
        cmocka_unit_test(told_while_items_run),
        cmocka_unit_test(workers_when_the_user_does_not_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
