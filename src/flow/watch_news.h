/* What is said of a session that is being recorded: each duplicate once, and when it is none after all. */
#ifndef MDUP_FLOW_WATCH_NEWS_H
#define MDUP_FLOW_WATCH_NEWS_H

#include <microdup/watch.h>

#include "base/intern.h"
#include "publish/publish.h"
#include "session/work.h"

typedef struct {
    char *original;
    bool is_told;    /* and stands */
    bool is_removed; /* in these results */
} mdup_told;

/* Begins as {0}. */
typedef struct {
    bool is_loaded;
    mdup_intern names; /* of duplicates, with their slice */
    mdup_told *items;  /* one each */
    size_t capacity;
} mdup_news;

/** Tells callbacks->found what is new in the results, or does not hold any more, and notes in the session that it was told.  The first call loads what was told
 *  before.  Told is before noted: killed in between, it is told twice rather than never. */
bool mdup_news_tell(mdup_news *news, const mdup_results *results, mdup_session *session,
                    const mdup_watch_callbacks *callbacks, mdup_error **err) MDUP_MUST_CHECK;

void mdup_news_clear(mdup_news *news);

#endif
