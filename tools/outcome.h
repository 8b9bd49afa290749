/* What a screen or a decision came to, for the user. */
#ifndef TOOLS_OUTCOME_H
#define TOOLS_OUTCOME_H

#include <microdup/screen.h>

/** original: what is kept of two, as a phrase. */
void print_outcome(const char *out_dir, const char *original, const mdup_screen_summary *summary);

#endif
