/* How much memory is allowed: control groups of both versions in a made-up /proc and /sys, Slurm's variables, and nonsense in any of them. */
#include <stdlib.h>

#include "base/memory.h"
#include "base/path.h"
#include "image_test.h"

static const char ROOT[] = "memory_test";

static void put(const char *path, const char *text)
{
    char whole[300];
    snprintf(whole, sizeof whole, "%s%s", ROOT, path);
    char *folder = mdup_path_directory(whole, NULL);
    assert_non_null(folder);
    assert_true(mdup_path_make_directory(folder, NULL));
    free(folder);
    write_file(whole, text, strlen(text));
}

static const char *const VARIABLES[] = {"SLURM_MEM_PER_NODE", "SLURM_MEM_PER_CPU",
                                        "SLURM_CPUS_ON_NODE"};

static int start(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(unsetenv(VARIABLES[i]), 0);
    static const char *const files[] = {
        "/proc/self/cgroup", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/a/memory.max",
        "/sys/fs/cgroup/a/b/memory.max", "/sys/fs/cgroup/memory/a/memory.limit_in_bytes"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        put(files[i], "");
    return 0;
}

static void expect_allowed(double bytes)
{
    const double allowed = mdup_memory_allowed_bytes(ROOT);
    if (allowed < bytes || allowed > bytes)
        fail_msg("%.0f bytes allowed, not %.0f", allowed, bytes);
}

static void the_machine_is_the_limit(void **state)
{
    (void)state;
    const double all = mdup_memory_allowed_bytes("memory_test/nothing");
    assert_true(all > 1e8 && all < 1e16);
    static const char *const nonsense[] = {"",     "max", "-5", "0", "99999999999999999999",
                                           "5 GB", "x"};
    put("/proc/self/cgroup", "0::/a\n");
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        put("/sys/fs/cgroup/a/memory.max", nonsense[i]);
        assert_int_equal(setenv("SLURM_MEM_PER_NODE", nonsense[i], 1), 0);
        expect_allowed(all);
    }
}

/* A group and all it is in; whatever the lines look like. */
static void the_least_of_the_groups(void **state)
{
    (void)state;
    static const char *const lines[] = {"0::/a/b\n", "0::/a/b", "0::/a/b/\n",
                                        "12:cpu:/x\n\nnonsense\n1:\n0::/a/b\n", "0::/a/b/c\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        put("/proc/self/cgroup", lines[i]);
        put("/sys/fs/cgroup/a/b/memory.max", "50000000\n");
        put("/sys/fs/cgroup/a/memory.max", "40000000\n");
        put("/sys/fs/cgroup/memory.max", "max\n");
        expect_allowed(4e7);
        put("/sys/fs/cgroup/memory.max", "30000000\n");
        expect_allowed(3e7);
        put("/sys/fs/cgroup/a/b/memory.max", "20000000\n");
        expect_allowed(2e7);
    }
    put("/proc/self/cgroup", "5:memory:/a\n4:cpuset:/a\n");
    put("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "10000000\n");
    expect_allowed(1e7);
}

/* In MB of 1024 * 1024 bytes. */
static void what_slurm_gave(void **state)
{
    (void)state;
    assert_int_equal(setenv("SLURM_MEM_PER_NODE", "50", 1), 0);
    expect_allowed(50 * 1048576.0);
    assert_int_equal(setenv("SLURM_MEM_PER_CPU", "10", 1), 0);
    expect_allowed(50 * 1048576.0); /* of how many? */
    assert_int_equal(setenv("SLURM_CPUS_ON_NODE", "4", 1), 0);
    expect_allowed(40 * 1048576.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_machine_is_the_limit, start),
        cmocka_unit_test_setup(the_least_of_the_groups, start),
        cmocka_unit_test_setup(what_slurm_gave, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
