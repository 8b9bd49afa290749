/* Who may work on a session: nobody beside a process that lives, anybody after one that is dead or has fallen silent. */
#include "session/lock.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "image_test.h"

static const char GUARDED[] = "lock_test.mdup", LOCK[] = "lock_test.mdup.lock",
                  BREAK[] = "lock_test.mdup.lock.break";

/* A minute is a second here. */
static const mdup_lock_times quick = {.renew_s = 0.2, .stale_s = 1.5, .look_s = 0.05};

static void clean(void)
{
    unlink(LOCK);
    unlink(BREAK);
}

static mdup_lock *must_take(const char *path)
{
    mdup_error *err = NULL;
    mdup_lock *lock = mdup_lock_take(path, MDUP_LOCK_WAIT, &quick, NULL, &err);
    expect_no_error(&err);
    assert_non_null(lock);
    return lock;
}

static void expect_held(mdup_lock_patience patience, const char *by)
{
    mdup_error *err = NULL;
    assert_null(mdup_lock_take(GUARDED, patience, &quick, NULL, &err));
    assert_int_equal(mdup_error_get_code(err), MDUP_ERROR_INVALID);
    if (!strstr(mdup_error_get_message(err), by))
        fail_msg("%s", mdup_error_get_message(err));
    mdup_error_clear(&err);
}

static void sleep_s(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds,
                            .tv_nsec = (long)(1e9 * (seconds - (double)(time_t)seconds))};
    nanosleep(&time, NULL);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The text of a lock that this process holds, with one of its lines replaced. */
static void write_lock(const char *key, const char *value)
{
    mdup_lock *lock = must_take(GUARDED);
    size_t length;
    char *text = (char *)read_file(LOCK, &length);
    text[length] = '\0';
    mdup_lock_release(lock);
    char out[4096] = "";
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        const bool is_it = strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':';
        snprintf(out + strlen(out), sizeof out - strlen(out), is_it ? "%s: %s\n" : "%s\n",
                 is_it ? key : line, value);
    }
    free(text);
    write_file(LOCK, out, strlen(out));
}

/* As if it had been renewed so long ago. */
static void make_old(const char *path, double seconds)
{
    struct timespec now, times[2];
    clock_gettime(CLOCK_REALTIME, &now);
    times[0] = times[1] = (struct timespec){.tv_sec = now.tv_sec - (time_t)seconds};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void one_at_a_time(void **state)
{
    (void)state;
    clean();
    mdup_lock *lock = must_take(GUARDED);
    mdup_error *err = NULL;
    assert_true(mdup_lock_check(lock, &err));
    char me[40], host[256];
    snprintf(me, sizeof me, "process %ld on ", (long)getpid());
    assert_int_equal(gethostname(host, sizeof host), 0);
    expect_held(MDUP_LOCK_WAIT, me);
    expect_held(MDUP_LOCK_NOW, host);
    char *holder = mdup_lock_describe_holder(GUARDED, &quick);
    assert_non_null(holder);
    assert_non_null(strstr(holder, me));
    free(holder);
    mdup_lock *other = must_take("lock_test_other.mdup");
    mdup_lock_release(other);
    mdup_lock_release(lock);
    assert_int_equal(access(LOCK, F_OK), -1);
    assert_null(mdup_lock_describe_holder(GUARDED, &quick));
    mdup_lock_release(must_take(GUARDED));
}

static void the_dead_of_this_host_hold_nothing(void **state)
{
    (void)state;
    clean();
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!mdup_lock_take(GUARDED, MDUP_LOCK_NOW, &quick, NULL, NULL))
            _exit(1);
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(access(LOCK, F_OK), 0);
    assert_null(mdup_lock_describe_holder(GUARDED, &quick));
    const double began = now_s();
    mdup_error *err = NULL;
    mdup_lock *lock = mdup_lock_take(GUARDED, MDUP_LOCK_NOW, &quick, NULL, &err);
    expect_no_error(&err);
    assert_true(now_s() - began < quick.stale_s);
    mdup_lock_release(lock);
}

/* Its number is in use again, by another process: this one. */
static void a_number_that_is_used_again(void **state)
{
    (void)state;
    if (access("/proc/self/stat", R_OK) != 0)
        return;
    clean();
    write_lock("started", "12345");
    mdup_lock_release(must_take(GUARDED));
}

static char said[2000];

static void hear(void *user, mdup_log_level level, const char *line)
{
    (void)user;
    (void)level;
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", line);
}

/* Of another host it is only seen whether the lock is renewed. */
static void the_silent_of_other_hosts_lose_it(void **state)
{
    (void)state;
    clean();
    write_lock("host", "elsewhere");
    expect_held(MDUP_LOCK_NOW, "on elsewhere, since ");
    const mdup_callbacks callbacks = {.log = hear};
    mdup_error *err = NULL;
    const double began = now_s();
    said[0] = '\0';
    mdup_lock *lock = mdup_lock_take(GUARDED, MDUP_LOCK_WAIT, &quick, &callbacks, &err);
    expect_no_error(&err);
    assert_true(now_s() - began > 0.5 * quick.stale_s);
    assert_non_null(strstr(said, "lock_test.mdup: the session was in use by process "));
    assert_null(strstr(strchr(said, '\n') + 1, "in use")); /* said once */
    mdup_lock_release(lock);

    write_lock("host", "elsewhere");
    make_old(LOCK, 10);
    lock = mdup_lock_take(GUARDED, MDUP_LOCK_NOW, &quick, NULL, &err);
    expect_no_error(&err);
    mdup_lock_release(lock);
}

/* Same name, other machine; and a machine of this name before it was started anew. */
static void another_machine_of_this_name(void **state)
{
    (void)state;
    clean();
    write_lock("machine", "00000000-0000-0000-0000-000000000000 pid:[1]");
    expect_held(MDUP_LOCK_NOW, "process ");
    make_old(LOCK, 10);
    mdup_lock_release(must_take(GUARDED));
}

static void *renew_for_the_other(void *argument)
{
    (void)argument;
    for (int i = 0; i < 30; i++) {
        sleep_s(0.1);
        utimensat(AT_FDCWD, LOCK, NULL, 0);
    }
    return NULL;
}

static void the_living_of_other_hosts_keep_it(void **state)
{
    (void)state;
    clean();
    write_lock("host", "elsewhere");
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, renew_for_the_other, NULL), 0);
    expect_held(MDUP_LOCK_WAIT, "on elsewhere, since ");
    assert_int_equal(pthread_join(thread, NULL), 0);
    clean();
}

static void it_is_renewed(void **state)
{
    (void)state;
    clean();
    mdup_lock *lock = must_take(GUARDED);
    make_old(LOCK, 100);
    sleep_s(4 * quick.renew_s);
    struct stat status;
    assert_int_equal(stat(LOCK, &status), 0);
    assert_true(time(NULL) - status.st_mtim.tv_sec < 50);
    mdup_lock_release(lock);
}

/* A process that stood still finds that it has lost its lock, and leaves that of the other alone. */
static void who_was_robbed_notices(void **state)
{
    (void)state;
    clean();
    mdup_lock *lock = must_take(GUARDED);
    unlink(LOCK);
    const char *robber = "microdup session lock\nhost: elsewhere\npid: 7\nsince: then\n";
    write_file(LOCK, robber, strlen(robber));
    mdup_error *err = NULL;
    assert_false(mdup_lock_check(lock, &err));
    expect_error(&err, MDUP_ERROR_IO,
                 "lock_test.mdup: the session was taken over by process 7 on elsewhere, since "
                 "then, because this process stood still for longer than two minutes; nothing is "
                 "lost");
    mdup_lock_release(lock);
    assert_int_equal(access(LOCK, F_OK), 0);
    clean();
}

/* Whatever stands in the file, also nothing yet. */
static void any_text_is_a_lock(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "x",
        "\n\n\n",
        "host: ",
        "pid: 99999999999999999999\nhost: h\nsince: s\n",
        "microdup session lock\nhost: h\npid: -1\nsince: s\nstarted: x\nmachine: \n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        clean();
        write_file(LOCK, texts[i], strlen(texts[i]));
        expect_held(MDUP_LOCK_NOW, "in use by ");
        make_old(LOCK, 10);
        mdup_lock_release(must_take(GUARDED));
    }
}

static void a_killed_breaker_does_not_stop_others(void **state)
{
    (void)state;
    clean();
    write_lock("host", "elsewhere");
    make_old(LOCK, 10);
    write_file(BREAK, "", 0);
    make_old(BREAK, 10);
    mdup_lock_release(must_take(GUARDED));
    assert_int_equal(access(BREAK, F_OK), -1);
}

static bool is_to_stop(void *user)
{
    (void)user;
    return true;
}

static void waiting_can_be_stopped(void **state)
{
    (void)state;
    clean();
    write_lock("host", "elsewhere");
    const mdup_callbacks callbacks = {.stop = is_to_stop};
    mdup_error *err = NULL;
    assert_null(mdup_lock_take(GUARDED, MDUP_LOCK_WAIT, &quick, &callbacks, &err));
    expect_error(&err, MDUP_ERROR_ABORTED, "stopped on request");
    clean();
}

static void no_folder_no_lock(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    assert_null(mdup_lock_take("no such folder/x.mdup", MDUP_LOCK_NOW, &quick, NULL, &err));
    expect_error(&err, MDUP_ERROR_IO,
                 "no such folder/x.mdup.lock: cannot be made: No such file or directory; the "
                 "session needs a folder that can be written to, --session FILE puts it elsewhere");
}

/* Many at once after one that is dead: one of them gets it, each in turn, and none is lost. */
enum { CROWD = 8 };

static void a_crowd_takes_over(void **state)
{
    (void)state;
    clean();
    write_lock("host", "elsewhere");
    make_old(LOCK, 10);
    pid_t children[CROWD];
    fflush(stdout);
    for (int i = 0; i < CROWD; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            mdup_lock *lock = mdup_lock_take(GUARDED, MDUP_LOCK_WAIT, &quick, NULL, NULL);
            if (!lock)
                _exit(1);
            /* Nobody else may be in here. */
            const int fd = open("lock_test_inside", O_CREAT | O_EXCL | O_WRONLY, 0666);
            if (fd < 0)
                _exit(2);
            close(fd);
            sleep_s(0.05);
            unlink("lock_test_inside");
            _exit(mdup_lock_check(lock, NULL) ? 0 : 3);
        }
    }
    int n_got = 0;
    for (int i = 0; i < CROWD; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
        n_got += WEXITSTATUS(status) == 0;
    }
    assert_true(n_got >= 1);
    clean();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(the_dead_of_this_host_hold_nothing),
        cmocka_unit_test(a_number_that_is_used_again),
        cmocka_unit_test(the_silent_of_other_hosts_lose_it),
        cmocka_unit_test(another_machine_of_this_name),
        cmocka_unit_test(the_living_of_other_hosts_keep_it),
        cmocka_unit_test(it_is_renewed),
        cmocka_unit_test(who_was_robbed_notices),
        cmocka_unit_test(any_text_is_a_lock),
        cmocka_unit_test(a_killed_breaker_does_not_stop_others),
        cmocka_unit_test(waiting_can_be_stopped),
        cmocka_unit_test(no_folder_no_lock),
        cmocka_unit_test(a_crowd_takes_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
