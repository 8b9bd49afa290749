/* The result in words: the same on the page, in the PDF and on the terminal. */
#ifndef MDUP_PUBLISH_WORDS_H
#define MDUP_PUBLISH_WORDS_H

#include "publish/view.h"

/** "5,013" */
void mdup_words_count(mdup_strbuf *out, size_t n);
/** A path for a line of the shell, quoted where it has to be. */
void mdup_words_shell(mdup_strbuf *out, const char *path);
/** "1 pair", "12 pairs" */
void mdup_words_things(mdup_strbuf *out, size_t n, const char *one, const char *many);
/** "89 %", "3.1 %", "0.24 %": two figures, and no more than there are. */
void mdup_words_percent(mdup_strbuf *out, double share);
void mdup_words_percent_number(mdup_strbuf *out, double share); /* without " %" */
/** "0.003", "1.2e-158", "0 (an exact copy)" */
void mdup_words_evalue(mdup_strbuf *out, const mdup_pair *pair);
/** "40 seconds", "40 minutes", "2.5 hours", "3 days" */
void mdup_words_span(mdup_strbuf *out, double seconds);
/** "65 nm", "1.2 um"; in px where the pixel size is not known. */
void mdup_words_length(mdup_strbuf *out, double px, double pixel_A);
/* How names stand in a table. */
typedef struct {
    const char *gap;        /* for the middle of a name that is too long */
    const char *substitute; /* for what cannot be shown */
} mdup_name_style;

enum { MDUP_NAME_COLUMNS = 26 };

/** The name of a micrograph in at most MDUP_NAME_COLUMNS characters: without its folder; where that is too long without what all names of the
 *  session begin with, then what they end in, then its middle.  Of an EPU name hole and time are left.  Returns how many characters it has. */
size_t mdup_words_short_name(const mdup_view *view, size_t micrograph, const mdup_name_style *style,
                             mdup_strbuf *out);
/** "2 hours apart"; "36 exposures apart" without times. */
void mdup_words_apart(const mdup_view *view, const mdup_pair *pair, mdup_strbuf *out);
/** "duplicate", "again in part", "by design", "exact copy" */
const char *mdup_words_kind(const mdup_view *view, size_t pair);

enum { MDUP_MOST_LINES = 10, MDUP_MOST_NUMBERS = 8, MDUP_MOST_STEPS = 5 };

typedef struct {
    mdup_strbuf headline;
    mdup_strbuf lines[MDUP_MOST_LINES];
    size_t n_lines;
} mdup_verdict;

/** What is the case, the most important first.  False with *err (NOMEM).  Free with mdup_verdict_clear. */
bool mdup_words_verdict(const mdup_view *view, mdup_verdict *out, mdup_error **err) MDUP_MUST_CHECK;
void mdup_verdict_clear(mdup_verdict *verdict);

/* A number of a pair, and what it means. */
typedef struct {
    const char *what; /* static */
    mdup_strbuf value, meaning;
} mdup_number;

typedef struct {
    mdup_number items[MDUP_MOST_NUMBERS];
    size_t n;
    mdup_strbuf decision; /* the signs that decided, and what follows */
} mdup_numbers;

/** The numbers of a pair with a sentence each.  False with *err (NOMEM).  Free with mdup_numbers_clear. */
bool mdup_words_pair(const mdup_view *view, size_t pair, mdup_numbers *out,
                     mdup_error **err) MDUP_MUST_CHECK;
void mdup_numbers_clear(mdup_numbers *numbers);

/* Something to do next. */
typedef struct {
    const char *title; /* static */
    mdup_strbuf text;
    mdup_strbuf command; /* to be copied: a path or a line for the shell; may be empty */
} mdup_step;

typedef struct {
    mdup_step items[MDUP_MOST_STEPS];
    size_t n;
} mdup_steps;

/** False with *err (NOMEM).  Free with mdup_steps_clear. */
bool mdup_words_steps(const mdup_view *view, mdup_steps *out, mdup_error **err) MDUP_MUST_CHECK;
void mdup_steps_clear(mdup_steps *steps);

#endif
