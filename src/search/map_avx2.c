#define MDUP_LANES 8
#include "search/map_body.h"

static bool is_usable(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const mdup_map_kernel mdup_map_avx2 = {"avx2", MDUP_LANES, is_usable, expand, correlate};
