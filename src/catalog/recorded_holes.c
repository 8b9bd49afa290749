/* Holes of micrographs whose names do not tell them, from the microscope's files. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "catalog/holes.h"

/* Between two shots of one stage position lie an exposure and a shift of the beam; the stage's own
 * reading trembles by some nm. */
static const double MAX_PAUSE_s = 120, MAX_DRIFT_um = 0.2;

typedef struct {
    size_t index; /* in the catalog, so the place in time */
    const mdup_acquisition *recorded;
    char *key; /* "78-1_2": label in the navigator, hole */
} record;

static int compare_records(const void *a, const void *b)
{
    const record *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static char *make_key(const mdup_acquisition *a, mdup_error **err)
{
    mdup_strbuf key = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&key, "%s%s%s", a->label ? a->label : "", a->label ? "_" : "", a->hole);
    if (mdup_strbuf_check(&key, err))
        return key.text;
    mdup_strbuf_free(&key);
    return NULL;
}

/* Whether records[at] cannot belong to the visit records[begin, at) of the same key. */
static bool begins_visit(const record *records, size_t begin, size_t at)
{
    const mdup_acquisition *now = records[at].recorded, *before = records[at - 1].recorded;
    if (now->has_time && before->has_time && now->time_s - before->time_s > MAX_PAUSE_s)
        return true;
    if (hypot(now->stage_x_um - before->stage_x_um, now->stage_y_um - before->stage_y_um) >
        MAX_DRIFT_um)
        return true;
    for (size_t i = begin; i < at; i++)
        if (strcmp(records[i].recorded->shot, now->shot) == 0)
            return true;
    return false;
}

static bool number_visits(mdup_catalog *catalog, record *records, size_t n, mdup_error **err)
{
    if (n > 0)
        qsort(records, n, sizeof *records, compare_records);
    size_t begin = 0, visit = 1;
    for (size_t i = 0; i < n; i++) {
        bool is_other = i > 0 && strcmp(records[i - 1].key, records[i].key) != 0;
        if (is_other || (i > 0 && begins_visit(records, begin, i))) {
            visit = is_other ? 1 : visit + 1;
            begin = i;
        }
        const char *shot = records[i].recorded->shot;
        if (!mdup_set_hole(&catalog->micrographs[records[i].index], records[i].key, visit, shot,
                           strlen(shot), err))
            return false;
    }
    return true;
}

bool mdup_catalog_find_recorded_holes(mdup_catalog *catalog, mdup_error **err)
{
    record *records = mdup_calloc(catalog->n, sizeof *records, err);
    if (!records)
        return false;
    size_t n = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < catalog->n; i++) {
        const mdup_micrograph *m = &catalog->micrographs[i];
        if (m->hole || !m->recorded.hole || !m->recorded.has_stage)
            continue;
        records[n] = (record){i, &m->recorded, make_key(&m->recorded, err)};
        ok = records[n++].key != NULL;
    }
    ok = ok && number_visits(catalog, records, n, err);
    for (size_t i = 0; i < n; i++)
        free(records[i].key);
    free(records);
    return ok;
}
