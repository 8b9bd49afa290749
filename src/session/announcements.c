/* Which duplicates have been said to the user while the session was recorded. */
#include <stdlib.h>

#include "base/alloc.h"
#include "session/internal.h"
#include "session/work.h"

static bool take_row(mdup_query *q, mdup_session_announcement **items, size_t *n, size_t *capacity,
                     mdup_error **err)
{
    if (!mdup_grow((void **)items, capacity, *n + 1, sizeof **items, err))
        return false;
    mdup_session_announcement item = {.name = mdup_query_copy_text(q, 0),
                                      .slice = (int32_t)mdup_query_int(q, 1),
                                      .original = mdup_query_copy_text(q, 2)};
    if (!item.name || !item.original) {
        free(item.name);
        free(item.original);
        return true; /* damage of no consequence: it is said once more */
    }
    (*items)[(*n)++] = item;
    return true;
}

bool mdup_session_load_announcements(mdup_session *session, mdup_session_announcement **out,
                                     size_t *n, mdup_error **err)
{
    mdup_session_announcement *items = NULL;
    size_t n_items = 0, capacity = 0;
    mdup_query q = mdup_query_begin(
        session->db, "SELECT name, slice, original FROM announcements ORDER BY name, slice");
    bool ok = true;
    while (ok && mdup_query_next(&q))
        ok = take_row(&q, &items, &n_items, &capacity, err);
    ok = mdup_query_end(&q, ok ? err : NULL) && ok;
    if (!ok) {
        mdup_session_announcements_free(items, n_items);
        return false;
    }
    *out = items;
    *n = n_items;
    return true;
}

void mdup_session_announcements_free(mdup_session_announcement *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(items[i].name);
        free(items[i].original);
    }
    free(items);
}

static bool insert(mdup_session *s, const mdup_session_announcement *item, mdup_error **err)
{
    char now[32];
    mdup_session_time(now);
    mdup_query q = mdup_query_begin(
        s->db, "INSERT OR REPLACE INTO announcements (name, slice, original, said) "
               "VALUES (?1, ?2, ?3, ?4)");
    mdup_query_bind_text(&q, 1, item->name);
    mdup_query_bind_int(&q, 2, item->slice);
    mdup_query_bind_text(&q, 3, item->original);
    mdup_query_bind_text(&q, 4, now);
    return mdup_query_finish(&q, err);
}

static bool delete (mdup_session *s, const mdup_session_announcement *item, mdup_error **err)
{
    mdup_query q =
        mdup_query_begin(s->db, "DELETE FROM announcements WHERE name = ?1 AND slice = ?2");
    mdup_query_bind_text(&q, 1, item->name);
    mdup_query_bind_int(&q, 2, item->slice);
    return mdup_query_finish(&q, err);
}

bool mdup_session_put_announcement(mdup_session *session, const mdup_session_announcement *item,
                                   bool retracted, mdup_error **err)
{
    if (!mdup_session_put_begin(session, err))
        return false;
    bool ok = retracted ? delete (session, item, err) : insert(session, item, err);
    return mdup_session_put_end(session, ok, 0, err);
}
