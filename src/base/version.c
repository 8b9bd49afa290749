#include <microdup/version.h>

const char *mdup_version(void)
{
    return MDUP_VERSION;
}
