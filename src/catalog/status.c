#include "catalog/status.h"

const char *mdup_status_name(mdup_status status)
{
    static const char *const names[] = {
        [MDUP_STATUS_OK] = "ok",
        [MDUP_STATUS_ODD_SIZE] = "odd-size",
        [MDUP_STATUS_MISSING] = "missing",
        [MDUP_STATUS_UNREADABLE] = "unreadable",
        [MDUP_STATUS_TRUNCATED] = "truncated",
        [MDUP_STATUS_EMPTY] = "empty",
        [MDUP_STATUS_UNSUPPORTED] = "unsupported",
        [MDUP_STATUS_NAN] = "nan",
        [MDUP_STATUS_BLANK] = "blank",
        [MDUP_STATUS_TOO_SMALL] = "too-small",
    };
    return names[status];
}

bool mdup_status_is_judged(mdup_status status)
{
    return status == MDUP_STATUS_OK || status == MDUP_STATUS_ODD_SIZE;
}
