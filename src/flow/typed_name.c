#include "flow/typed_name.h"

#include <stdint.h>
#include <string.h>

#include "base/path.h"
#include "base/strbuf.h"
#include "base/text.h"

typedef bool (*rule)(const char *name, const char *typed);

static bool is_name(const char *name, const char *typed)
{
    return strcmp(name, typed) == 0;
}

static bool ends_so(const char *name, const char *typed)
{
    size_t length = strlen(name), ending = strlen(typed);
    return length >= ending && strcmp(name + length - ending, typed) == 0;
}

static bool holds_piece(const char **name, const char *piece, size_t length)
{
    for (; **name; ++*name)
        if (strncmp(*name, piece, length) == 0) {
            *name += length;
            return true;
        }
    return length == 0;
}

static bool holds_parts(const char *name, const char *typed)
{
    static const char gap[] = "...";
    for (const char *end; (end = strstr(typed, gap)) != NULL; typed = end + sizeof gap - 1)
        if (!holds_piece(&name, typed, (size_t)(end - typed)))
            return false;
    return holds_piece(&name, typed, strlen(typed));
}

/* ---- the nearest ---- */

enum { SUGGESTIONS = 3 };

typedef struct {
    size_t n, index[SUGGESTIONS], distance[SUGGESTIONS];
} nearest;

static void insert(nearest *found, size_t index, size_t distance)
{
    size_t at = found->n < SUGGESTIONS ? found->n++ : SUGGESTIONS;
    for (; at > 0 && distance < found->distance[at - 1]; at--)
        if (at < SUGGESTIONS) {
            found->index[at] = found->index[at - 1];
            found->distance[at] = found->distance[at - 1];
        }
    if (at < SUGGESTIONS) {
        found->index[at] = index;
        found->distance[at] = distance;
    }
}

static bool fail_unknown(const mdup_catalog *catalog, const char *typed, mdup_error **err)
{
    const char *base = mdup_path_base(typed);
    nearest found = {0};
    for (size_t i = 0; i < catalog->n; i++)
        insert(
            &found, i,
            mdup_text_distance(base, strlen(base), mdup_path_base(catalog->micrographs[i].name)));
    mdup_strbuf names = MDUP_STRBUF_INIT;
    for (size_t k = 0; k < found.n; k++)
        mdup_strbuf_printf(&names, "%s'%.200s'", k > 0 ? ", " : "",
                           catalog->micrographs[found.index[k]].name);
    (void)mdup_fail(err, MDUP_ERROR_INVALID,
                    "'%.200s' is the name of no micrograph of the session; the nearest: %s", typed,
                    names.text ? names.text : "none");
    mdup_strbuf_free(&names);
    return false;
}

/* ---- which it is ---- */

static bool fail_ambiguous(const char *typed, const char *one, const char *other, mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_INVALID,
                     "'%.200s' may be '%.200s' or '%.200s'; give more of the name", typed, one,
                     other);
}

bool mdup_find_typed_name(const mdup_catalog *catalog, const char *typed, size_t *index,
                          mdup_error **err)
{
    static const rule rules[] = {is_name, ends_so, holds_parts};
    for (size_t k = 0; typed[0] && k < sizeof rules / sizeof *rules; k++) {
        size_t found = SIZE_MAX;
        for (size_t i = 0; i < catalog->n; i++) {
            const char *name = catalog->micrographs[i].name;
            if (!rules[k](name, typed))
                continue;
            if (found == SIZE_MAX)
                found = i;
            else if (strcmp(name, catalog->micrographs[found].name) != 0)
                return fail_ambiguous(typed, catalog->micrographs[found].name, name, err);
        }
        if (found != SIZE_MAX) {
            *index = found;
            return true;
        }
    }
    return fail_unknown(catalog, typed, err);
}
