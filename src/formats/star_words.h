/* Words of a line of a STAR file, by RELION's rules (its nextTokenInSTAR): what the parser and the
 * access to values share.
 */
#ifndef MDUP_FORMATS_STAR_WORDS_H
#define MDUP_FORMATS_STAR_WORDS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *text; /* inside the line, without the quotes */
    size_t length;    /* bytes */
    bool quoted;      /* may hold BEL, which is no part of the value; never a keyword or a label */
} mdup_star_word;

typedef enum {
    MDUP_STAR_WORD,
    MDUP_STAR_NO_WORD, /* the line ends here, or a comment begins */
    MDUP_STAR_UNCLOSED /* a quote is opened and not closed; word->text stands behind it */
} mdup_star_scan;

/** The next word between *at and end (which exclude the line's CR and LF); *at moves behind it.
 * Blanks are ' ' and tab.
 *  '#' begins a comment at the start of a word only.  A quote, ' or ", closes only before a blank
 * or the end, and not behind a BEL. */
mdup_star_scan mdup_star_next_word(const char **at, const char *end, mdup_star_word *word);

/** What kind of file these first bytes begin when it is surely not STAR ("an MRC image", ...), or
 * NULL.  Static text. */
const char *mdup_star_foreign(const char *bytes, size_t length);

/** True when these first bytes of a file are text and a line in it begins with data_; a CR alone
 * ends a line too, though the parser refuses that. */
bool mdup_star_detect(const char *bytes, size_t length);

#endif
