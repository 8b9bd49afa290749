#include "base/memory.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/number.h"
#include "base/path.h"
#include "base/strbuf.h"

/* HUGE_VAL: there is no limit, or none that can be read. */
static double number_in(const char *text, size_t length)
{
    int64_t value;
    return mdup_parse_int64(text, length, &value) && value > 0 ? (double)value : HUGE_VAL;
}

/* ---- control groups ---- */

enum { LONGEST_FILE_bytes = 1 << 16 };

static double limit_in_file(const char *root, const char *mount, const char *group, size_t length,
                            const char *file)
{
    mdup_strbuf path = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&path, "%s%s%.*s/%s", root, mount, (int)length, group, file);
    size_t n = 0;
    char *text = path.failed ? NULL : mdup_file_read(path.text, LONGEST_FILE_bytes, &n, NULL);
    double limit = text ? number_in(text, strcspn(text, "\n")) : HUGE_VAL;
    free(text);
    mdup_strbuf_free(&path);
    return limit;
}

/* A group is held by its own limit and by those of all groups it is in. */
static double limit_of_group(const char *root, const char *mount, const char *group, size_t length,
                             const char *file)
{
    double least = limit_in_file(root, mount, group, length, file);
    while (length > 0) {
        while (length > 0 && group[length - 1] != '/')
            length--;
        while (length > 0 && group[length - 1] == '/')
            length--;
        least = fmin(least, limit_in_file(root, mount, group, length, file));
    }
    return least;
}

/* A line is NUMBER:CONTROLLERS:GROUP; without controllers it is of version 2. */
static double limit_of_line(const char *root, const char *line, size_t length)
{
    const char *end = line + length, *controllers = memchr(line, ':', length);
    const char *group =
        controllers ? memchr(controllers + 1, ':', (size_t)(end - controllers - 1)) : NULL;
    if (!group)
        return HUGE_VAL;
    size_t group_length = (size_t)(end - group - 1);
    if (group == controllers + 1)
        return limit_of_group(root, "/sys/fs/cgroup", group + 1, group_length, "memory.max");
    static const char MEMORY[] = ":memory:";
    if (strncmp(controllers, MEMORY, sizeof MEMORY - 1) != 0)
        return HUGE_VAL;
    return limit_of_group(root, "/sys/fs/cgroup/memory", group + 1, group_length,
                          "memory.limit_in_bytes");
}

static double limit_of_groups(const char *root)
{
    mdup_strbuf path = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&path, "%s/proc/self/cgroup", root);
    size_t n = 0;
    char *text = path.failed ? NULL : mdup_file_read(path.text, LONGEST_FILE_bytes, &n, NULL);
    mdup_strbuf_free(&path);
    double least = HUGE_VAL;
    for (const char *line = text; line && *line;) {
        size_t length = strcspn(line, "\n");
        least = fmin(least, limit_of_line(root, line, length));
        line += length + (line[length] == '\n');
    }
    free(text);
    return least;
}

/* ---- the others ---- */

static double from_environment(const char *name)
{
    const char *text = getenv(name);
    return text ? number_in(text, strlen(text)) : HUGE_VAL;
}

/* Slurm counts in MB of 1024 * 1024 bytes. */
static double limit_of_slurm(void)
{
    double per_cpu = from_environment("SLURM_MEM_PER_CPU"),
           cpus = from_environment("SLURM_CPUS_ON_NODE");
    return 1048576 * fmin(from_environment("SLURM_MEM_PER_NODE"), per_cpu * cpus);
}

static double limit_of_shell(int resource)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return HUGE_VAL;
    return (double)limit.rlim_cur;
}

double mdup_memory_allowed_bytes(const char *root)
{
    double machine = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    double shell = fmin(limit_of_shell(RLIMIT_AS), limit_of_shell(RLIMIT_DATA));
    return fmin(fmin(machine, limit_of_groups(root)), fmin(limit_of_slurm(), shell));
}
