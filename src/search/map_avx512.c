#define MDUP_LANES 16
#include "search/map_body.h"

static bool is_usable(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma");
}

const mdup_map_kernel mdup_map_avx512 = {"avx512", MDUP_LANES, is_usable, expand, correlate};
