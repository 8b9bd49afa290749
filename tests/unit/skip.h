/* Tests that cannot run everywhere.  cmocka's own skip() prints "not ok N # SKIP", which TAP readers take for a failure; here the
 * directive stands in the name of a test that passes: "ok N - name # SKIP reason". */
#ifndef MDUP_TESTS_SKIP_H
#define MDUP_TESTS_SKIP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static inline void skipped(void **state)
{
    (void)state;
}

/** An entry of the table of tests; reason: a literal, without '#'. */
#define TEST_WHEN(possible, test, reason) TEST_WHEN_SETUP(possible, test, NULL, NULL, reason)
#define TEST_WHEN_SETUP(possible, test, setup, teardown, reason)                                   \
    {                                                                                              \
        (possible) ? #test : #test " # SKIP " reason, (possible) ? test : skipped, setup,          \
            teardown, NULL                                                                         \
    }

enum { NOBODY = 65534 };

/** Whether the permissions of files can be seen to matter: root, for whom they do not, must be able to become somebody else. */
static inline bool permissions_can_matter(void)
{
    const uid_t user = geteuid();
    if (user != 0)
        return true;
    return seteuid(NOBODY) == 0 && seteuid(user) == 0;
}

#endif
