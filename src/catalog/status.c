#include "catalog/status.h"

#include <stddef.h>
#include <string.h>

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

const char *mdup_status_name(mdup_status status)
{
    return names[status];
}

bool mdup_status_parse(const char *name, mdup_status *status)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *status = (mdup_status)i;
            return true;
        }
    return false;
}

bool mdup_status_is_judged(mdup_status status)
{
    return status == MDUP_STATUS_OK || status == MDUP_STATUS_ODD_SIZE;
}
