#include "flow/naming.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"

static mdup_same weakest_rule(mdup_match match)
{
    static const mdup_same rules[] = {[MDUP_MATCH_AUTO] = MDUP_SAME_STAMP,
                                      [MDUP_MATCH_EXACT] = MDUP_SAME_EXACT,
                                      [MDUP_MATCH_PATH] = MDUP_SAME_PATH,
                                      [MDUP_MATCH_FILE] = MDUP_SAME_FILE};
    return rules[match];
}

bool mdup_naming_init(mdup_naming *naming, const mdup_screened *screened, mdup_match match,
                      const mdup_callbacks *callbacks, mdup_error **err)
{
    *naming =
        (mdup_naming){.screened = screened, .weakest = weakest_rule(match), .callbacks = callbacks};
    naming->known = mdup_calloc(screened->n, sizeof *naming->known, err);
    naming->fate = naming->known ? mdup_calloc(screened->n, sizeof *naming->fate, err) : NULL;
    for (size_t i = 0; naming->fate && i < screened->n; i++)
        naming->known[i] = screened->micrographs[i].name;
    return naming->fate != NULL;
}

void mdup_naming_clear(mdup_naming *naming)
{
    free(naming->known);
    free(naming->fate);
    naming->known = NULL;
    naming->fate = NULL;
}

static bool match_names(const mdup_naming *naming, const mdup_intern *names, mdup_same weakest,
                        mdup_same_name *out, mdup_error **err)
{
    return mdup_same_micrographs(naming->known, naming->fate, naming->screened->n,
                                 (const char *const *)names->texts, names->n, weakest, out, err);
}

static bool fail_ambiguous(const mdup_naming *naming, const char *file, const mdup_intern *names,
                           size_t name, const mdup_same_name *same, mdup_error **err)
{
    const char *first = naming->known[same->micrograph];
    if (same->other >= 0)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "%s: it is not certain whether '%s' is '%s' or '%s' of the session; "
                         "nothing was taken out, name it as the session does",
                         file, names->texts[name], first, naming->known[same->other]);
    return mdup_fail(err, MDUP_ERROR_INVALID,
                     "%s: it is not certain whether '%s' or '%s' is '%s' of the session; nothing "
                     "was taken out, name it as the session does",
                     file, names->texts[name], names->texts[same->rival], first);
}

/* How many names were found by each rule, and the first of them. */
typedef struct {
    size_t n[MDUP_SAME_KINDS], first[MDUP_SAME_KINDS];
} tally;

static tally count(const mdup_same_name *same, size_t n)
{
    tally t = {{0}, {0}};
    for (size_t i = n; i-- > 0;) {
        t.n[same[i].how]++;
        t.first[same[i].how] = i;
    }
    return t;
}

/* "a.star: 12 micrographs by the same path in the project, as 'x' for 'y'" */
static void tell_rules(const mdup_naming *naming, const char *file, const mdup_intern *names,
                       const mdup_same_name *same, const tally *t)
{
    for (int rule = MDUP_SAME_PATH; rule <= MDUP_SAME_FILE; rule++)
        if (t->n[rule] > 0)
            mdup_log(naming->callbacks, MDUP_LOG_INFO,
                     "%s: %zu micrograph%s known by %s, as '%s' for '%s'", file, t->n[rule],
                     t->n[rule] == 1 ? "" : "s", mdup_same_phrase((mdup_same)rule),
                     names->texts[t->first[rule]], naming->known[same[t->first[rule]].micrograph]);
    size_t second = t->first[MDUP_SAME_SECOND];
    if (t->n[MDUP_SAME_SECOND] > 0)
        mdup_log(naming->callbacks, MDUP_LOG_WARNING,
                 "%s: %zu micrograph%s left alone, since another name of this file is nearer to "
                 "that of the session: '%s', beside '%s'",
                 file, t->n[MDUP_SAME_SECOND], t->n[MDUP_SAME_SECOND] == 1 ? " is" : "s are",
                 names->texts[second], names->texts[same[second].rival]);
}

/* What the weakest rule of all would find beyond the ones that were allowed. */
static bool tell_others(const mdup_naming *naming, const char *file, const mdup_intern *names,
                        mdup_same_name *same, mdup_error **err)
{
    tally before = count(same, names->n);
    if (before.n[MDUP_SAME_NONE] == 0 || naming->weakest == MDUP_SAME_FILE)
        return true;
    if (!match_names(naming, names, MDUP_SAME_FILE, same, err))
        return false;
    tally t = count(same, names->n);
    bool is_nothing = before.n[MDUP_SAME_NONE] == names->n;
    for (int rule = (int)naming->weakest + 1; rule <= MDUP_SAME_FILE; rule++)
        if (t.n[rule] > 0) {
            mdup_log(naming->callbacks, is_nothing ? MDUP_LOG_WARNING : MDUP_LOG_INFO,
                     "%s: '%s' is not taken for '%s' of the session: it has %s, but another "
                     "folder; --match file would take it for the same (%zu micrograph%s)",
                     file, names->texts[t.first[rule]],
                     naming->known[same[t.first[rule]].micrograph],
                     mdup_same_phrase((mdup_same)rule), t.n[rule], t.n[rule] == 1 ? "" : "s");
            return true;
        }
    return true;
}

static bool settle(const mdup_naming *naming, const char *file, const mdup_intern *names,
                   mdup_same_name *same, ptrdiff_t *micrograph, mdup_error **err)
{
    if (!match_names(naming, names, naming->weakest, same, err))
        return false;
    for (size_t i = 0; i < names->n; i++) {
        if (same[i].how == MDUP_SAME_AMBIGUOUS)
            return fail_ambiguous(naming, file, names, i, &same[i], err);
        micrograph[i] = same[i].how < MDUP_SAME_SECOND ? same[i].micrograph : -1;
    }
    tally t = count(same, names->n);
    tell_rules(naming, file, names, same, &t);
    return tell_others(naming, file, names, same, err);
}

bool mdup_naming_match(const mdup_naming *naming, const char *file, const mdup_intern *names,
                       ptrdiff_t *micrograph, mdup_error **err)
{
    mdup_same_name *same = mdup_calloc(names->n, sizeof *same, err);
    bool ok = same && settle(naming, file, names, same, micrograph, err);
    free(same);
    return ok;
}
