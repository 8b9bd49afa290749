/* A locale with a decimal comma, made in the folder of the tests where the system has none. */
#ifndef MDUP_TESTS_LOCALE_TEST_H
#define MDUP_TESTS_LOCALE_TEST_H

#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline bool has_decimal_comma(const char *name)
{
    return setlocale(LC_ALL, name) && strcmp(localeconv()->decimal_point, ",") == 0;
}

/** Puts the program into a locale with a decimal comma; false, and in the C locale, when that cannot be had.  `folder` is this
 * program's own: two that run at once must not write the same files. */
static inline bool use_decimal_comma(const char *folder)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "nl_NL.UTF-8", "de_DE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (has_decimal_comma(names[i]))
            return true;
    /* Made before it is asked for: glibc remembers that there was none. */
    char command[300];
    (void)snprintf(command, sizeof command,
                   "test -e %s/de_DE.UTF-8 || { mkdir -p %s && "
                   "localedef -c -i de_DE -f UTF-8 %s/de_DE.UTF-8; } >/dev/null 2>&1",
                   folder, folder, folder);
    if (system(command) >= 0 && setenv("LOCPATH", folder, 1) == 0 &&
        has_decimal_comma("de_DE.UTF-8"))
        return true;
    setlocale(LC_ALL, "C");
    return false;
}

#endif
