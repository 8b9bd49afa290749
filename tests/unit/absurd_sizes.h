/* For tests that ask for more memory than there is: the sanitizers end a program for that unless told not to, and not everybody who
 * runs the tests tells them. */
#ifndef MDUP_TESTS_ABSURD_SIZES_H
#define MDUP_TESTS_ABSURD_SIZES_H

#include <microdup/error.h>

/* Seen by the runtime, which is a library of its own. */
MDUP_PUBLIC const char *__asan_default_options(void);
MDUP_PUBLIC const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

#endif
