/* In a file of its own because sched_getaffinity is no part of POSIX. */
#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif

#include "run/cores.h"

#include <unistd.h>

int mdup_usable_cores(void)
{
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}
