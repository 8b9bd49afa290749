#include "catalog/holes.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "catalog/names.h"

/* Between two shots of a hole lies an exposure and a beam shift, some seconds; between two visits
 * of it a stage move and the rest of the pattern. */
static const double MAX_PAUSE_s = 120;

/* More shots than anyone takes in a hole; bounds the search for a shot that comes twice. */
enum { MAX_VISIT_shots = 256 };

/* A micrograph whose name tells its hole. */
typedef struct {
    size_t index; /* in the catalog, so the place in time */
    const mdup_micrograph *micrograph;
    mdup_name parts;
    char *key;
} shot_record;

static int compare_piece(const char *a, mdup_span x, const char *b, mdup_span y)
{
    size_t shorter = x.length < y.length ? x.length : y.length;
    int order = memcmp(a + x.begin, b + y.begin, shorter);
    return order != 0 ? order : (x.length > y.length) - (x.length < y.length);
}

/* ---- SerialEM: the key from the number ---- */

/* By naming, folder, root and label, so that equals stand together; within them by number. */
static int compare_groups(const shot_record *x, const shot_record *y)
{
    const char *a = x->micrograph->name, *b = y->micrograph->name;
    if (x->parts.naming != y->parts.naming)
        return x->parts.naming < y->parts.naming ? -1 : 1;
    int order = compare_piece(a, x->parts.folder, b, y->parts.folder);
    if (order == 0)
        order = compare_piece(a, x->parts.prefix, b, y->parts.prefix);
    if (order == 0)
        order = (x->parts.counter.length > 0) - (y->parts.counter.length > 0);
    return order;
}

static int compare_numbers(const void *a, const void *b)
{
    const shot_record *x = a, *y = b;
    int order = compare_groups(x, y);
    if (order != 0)
        return order;
    if (x->parts.counter_value != y->parts.counter_value)
        return x->parts.counter_value < y->parts.counter_value ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* How the numbers of one root and label go with its shots. */
typedef struct {
    bool counts_moves; /* one number stands with different holes or shots */
    bool centre_last;  /* shot 0 comes behind the others */
    int32_t max_shot;
    int32_t first_place; /* of the first shot of a hole */
} numbering;

static bool same_hole(const shot_record *x, const shot_record *y)
{
    return compare_piece(x->micrograph->name, x->parts.hole, y->micrograph->name, y->parts.hole) ==
           0;
}

static bool same_shot(const shot_record *x, const shot_record *y)
{
    return same_hole(x, y) && compare_piece(x->micrograph->name, x->parts.shot, y->micrograph->name,
                                            y->parts.shot) == 0;
}

static int32_t place_of_shot(const numbering *how, int32_t shot)
{
    return shot == 0 && how->centre_last ? how->max_shot + 1 : shot;
}

static numbering read_numbering(const shot_record *group, size_t n)
{
    numbering how = {.max_shot = 0};
    for (size_t i = 0; i < n; i++)
        if (group[i].parts.shot_number > how.max_shot)
            how.max_shot = group[i].parts.shot_number;
    size_t centre_after = 0, centre_before = 0;
    for (size_t i = 1; i < n; i++) {
        const shot_record *x = &group[i - 1], *y = &group[i];
        int64_t step = y->parts.counter_value - x->parts.counter_value;
        how.counts_moves |= step == 0 && !same_shot(x, y);
        if (step != 1 || !same_hole(x, y))
            continue;
        centre_after += x->parts.shot_number == how.max_shot && y->parts.shot_number == 0;
        centre_before += x->parts.shot_number == 0 && y->parts.shot_number == 1;
    }
    how.centre_last = centre_after > centre_before;
    how.first_place = INT32_MAX;
    for (size_t i = 0; i < n; i++) {
        int32_t place = place_of_shot(&how, group[i].parts.shot_number);
        how.first_place = place < how.first_place ? place : how.first_place;
    }
    return how;
}

static void append_piece(mdup_strbuf *key, const char *name, mdup_span piece)
{
    mdup_strbuf_append(key, name + piece.begin, piece.length);
}

static bool make_serialem_key(shot_record *record, const numbering *how, mdup_error **err)
{
    const mdup_name *parts = &record->parts;
    mdup_strbuf key = MDUP_STRBUF_INIT;
    append_piece(&key, record->micrograph->name, parts->prefix);
    mdup_strbuf_puts(&key, parts->prefix.length ? "_" : "");
    if (parts->counter.length > 0) {
        int64_t number = parts->counter_value;
        if (!how->counts_moves)
            number += how->first_place - place_of_shot(how, parts->shot_number);
        /* As wide as in the name, so that it can be searched for. */
        int width = parts->counter.length > 18 ? 18 : (int)parts->counter.length;
        mdup_strbuf_printf(&key, "%0*lld_", width, (long long)number);
    }
    append_piece(&key, record->micrograph->name, parts->hole);
    if (!mdup_strbuf_check(&key, err)) {
        mdup_strbuf_free(&key);
        return false;
    }
    record->key = key.text;
    return true;
}

static bool make_own_key(shot_record *record, mdup_error **err)
{
    mdup_span piece =
        record->parts.naming == MDUP_NAMING_EPU ? record->parts.hole : record->parts.prefix;
    record->key = mdup_strndup(record->micrograph->name + piece.begin, piece.length, err);
    return record->key != NULL;
}

static bool make_keys(shot_record *records, size_t n, mdup_error **err)
{
    qsort(records, n, sizeof *records, compare_numbers);
    for (size_t begin = 0, end; begin < n; begin = end) {
        end = begin + 1;
        while (end < n && compare_groups(&records[begin], &records[end]) == 0)
            end++;
        bool is_serialem = records[begin].parts.naming == MDUP_NAMING_SERIALEM;
        numbering how = {.max_shot = 0};
        if (is_serialem)
            how = read_numbering(records + begin, end - begin);
        for (size_t i = begin; i < end; i++)
            if (!(is_serialem ? make_serialem_key(&records[i], &how, err)
                              : make_own_key(&records[i], err)))
                return false;
    }
    return true;
}

/* ---- visits ---- */

static int compare_visits(const void *a, const void *b)
{
    const shot_record *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    if (order == 0)
        order = compare_piece(x->micrograph->name, x->parts.folder, y->micrograph->name,
                              y->parts.folder);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

/* Whether records[at] cannot belong to the visit records[begin, at) of the same key and folder. */
static bool begins_visit(const shot_record *records, size_t begin, size_t at)
{
    const shot_record *now = &records[at], *before = &records[at - 1];
    if (at - begin >= MAX_VISIT_shots)
        return true;
    for (size_t i = begin; i < at; i++)
        if (same_shot(&records[i], now))
            /* Another version of the file is no second exposure, and neither is an equal number. */
            return now->parts.counter.length == 0 &&
                   compare_piece(records[i].micrograph->name, records[i].parts.stem,
                                 now->micrograph->name, now->parts.stem) != 0;
    if (now->parts.naming != MDUP_NAMING_SERIALEM || now->parts.counter.length > 0)
        return false;
    if (now->parts.shot_number != 0 && now->parts.shot_number < before->parts.shot_number)
        return true;
    return now->micrograph->has_time && before->micrograph->has_time &&
           now->micrograph->time_s - before->micrograph->time_s > MAX_PAUSE_s;
}

bool mdup_set_hole(mdup_micrograph *m, const char *key, size_t visit, const char *shot,
                   size_t shot_length, mdup_error **err)
{
    mdup_strbuf hole = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&hole, key);
    if (visit > 1)
        mdup_strbuf_printf(&hole, "#%zu", visit);
    if (!mdup_strbuf_check(&hole, err)) {
        mdup_strbuf_free(&hole);
        return false;
    }
    m->hole = hole.text;
    m->shot = mdup_strndup(shot, shot_length, err);
    return m->shot != NULL;
}

static bool number_visits(mdup_catalog *catalog, shot_record *records, size_t n, mdup_error **err)
{
    qsort(records, n, sizeof *records, compare_visits);
    size_t begin = 0, visit = 1;
    for (size_t i = 0; i < n; i++) {
        const shot_record *now = &records[i], *first = &records[begin];
        if (i > 0 && strcmp(first->key, now->key) != 0) {
            begin = i;
            visit = 1;
        } else if (i > 0 && (compare_piece(first->micrograph->name, first->parts.folder,
                                           now->micrograph->name, now->parts.folder) != 0 ||
                             begins_visit(records, begin, i))) {
            begin = i;
            visit++;
        }
        mdup_micrograph *m = &catalog->micrographs[now->index];
        mdup_span shot = now->parts.shot;
        if (!mdup_set_hole(m, now->key, visit, m->name + shot.begin, shot.length, err))
            return false;
    }
    return true;
}

bool mdup_catalog_find_holes(mdup_catalog *catalog, mdup_error **err)
{
    shot_record *records = mdup_calloc(catalog->n, sizeof *records, err);
    if (!records)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < catalog->n; i++) {
        shot_record record = {.index = i, .micrograph = &catalog->micrographs[i]};
        mdup_name_parse(record.micrograph->name, &record.parts);
        if (record.parts.naming != MDUP_NAMING_PLAIN)
            records[n++] = record;
    }
    bool ok = make_keys(records, n, err) && number_visits(catalog, records, n, err);
    for (size_t i = 0; i < n; i++)
        free(records[i].key);
    free(records);
    return ok;
}
