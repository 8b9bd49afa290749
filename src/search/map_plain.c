#define MDUP_LANES 4
#include "search/map_body.h"

static bool is_usable(void)
{
    return true;
}

const mdup_map_kernel mdup_map_plain = {"plain", MDUP_LANES, is_usable, expand, correlate};
