/* The result of a screen out of the session.  Everything is checked: the file may come from anywhere. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/number.h"
#include "base/path.h"
#include "session/internal.h"
#include "session/result.h"
#include "session/work.h"

/* ---- whole, and unchanged ---- */

static bool hash_rows(mdup_database *db, const char *sql, uint64_t *hash, mdup_error **err)
{
    mdup_query q = mdup_query_begin(db, sql);
    while (mdup_query_next(&q))
        *hash = mdup_query_hash_row(&q, *hash);
    return mdup_query_end(&q, err);
}

/* The contents of the inputs have checksums of their own. */
bool mdup_session_hash_result(mdup_database *db, uint64_t *hash, mdup_error **err)
{
    static const char *const tables[] = {
        "SELECT * FROM facts WHERE name <> 'hash' ORDER BY name",
        "SELECT * FROM parameters ORDER BY name",
        "SELECT * FROM inputs ORDER BY number",
        "SELECT input, number, path, bytes, sha256 FROM input_files ORDER BY input, number",
        "SELECT * FROM micrographs ORDER BY position",
        "SELECT * FROM geometries ORDER BY number",
        "SELECT * FROM pairs ORDER BY a, b",
    };
    *hash = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (!hash_rows(db, tables[i], hash, err))
            return false;
    return true;
}

static mdup_query begin_fact(mdup_session *s, const char *name)
{
    mdup_query q = mdup_query_begin(s->db, "SELECT value FROM facts WHERE name = ?1");
    mdup_query_bind_text(&q, 1, name);
    return q;
}

static bool get_int_fact(mdup_session *s, const char *name, int64_t *value, bool *there,
                         mdup_error **err)
{
    mdup_query q = begin_fact(s, name);
    *there = mdup_query_next(&q);
    *value = *there ? mdup_query_int(&q, 0) : 0;
    return mdup_query_end(&q, err);
}

static bool get_text_fact(mdup_session *s, const char *name, char **value, mdup_error **err)
{
    mdup_query q = begin_fact(s, name);
    *value = mdup_query_next(&q) ? mdup_query_copy_text(&q, 0) : NULL;
    return mdup_query_end(&q, err);
}

static bool check_finished(mdup_session *s, mdup_error **err)
{
    int64_t wanted;
    uint64_t hash;
    bool there;
    if (!get_int_fact(s, MDUP_FACT_HASH, &wanted, &there, err))
        return false;
    if (!there)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "%s: no screen has finished in this session yet; give the screen again, "
                         "which goes on where it was",
                         mdup_database_path(s->db));
    if (!mdup_session_hash_result(s->db, &hash, err))
        return false;
    return hash == (uint64_t)wanted ||
           mdup_database_fail_damaged(s->db, "its result is not as it was written", err);
}

/* ---- the inputs ---- */

static bool parse_kind(const char *name, mdup_source_kind *kind)
{
    for (int i = 0; name && i < MDUP_N_SOURCE_KINDS; i++)
        if (strcmp(name, mdup_source_kind_names[i]) == 0) {
            *kind = (mdup_source_kind)i;
            return true;
        }
    return false;
}

/* From another folder than that of the screen a relative path would name another file. */
typedef struct {
    char *then, *now; /* NULL: not known */
} folders;

static bool find_folders(mdup_session *s, folders *f, mdup_error **err)
{
    f->now = mdup_path_current(NULL);
    return get_text_fact(s, MDUP_FACT_FOLDER, &f->then, err);
}

static char *resolve(const folders *f, const char *path, mdup_error **err)
{
    bool elsewhere = f->then && (!f->now || strcmp(f->then, f->now) != 0);
    return elsewhere ? mdup_path_join(f->then, path, err) : mdup_strdup(path, err);
}

static bool fill_star(mdup_source *source, const char *content, size_t length, mdup_error **err)
{
    source->star = mdup_star_parse(content, length, source->path, err);
    return source->star &&
           (mdup_star_classify(source->star, &source->table) == MDUP_STAR_MICROGRAPHS ||
            mdup_fail(err, MDUP_ERROR_PARSE, "%s: no list of micrographs", source->path));
}

static bool fill_list(mdup_source *source, const char *content, size_t length, mdup_error **err)
{
    source->text_length = length;
    return (source->text = mdup_strndup(content, length, err)) != NULL;
}

static bool add_part(mdup_source *source, const char *path, const char *content, size_t length,
                     mdup_error **err)
{
    size_t capacity = source->cs.n_parts;
    if (!mdup_grow((void **)&source->cs.parts, &capacity, source->cs.n_parts + 1,
                   sizeof *source->cs.parts, err))
        return false;
    mdup_cs_part *part = &source->cs.parts[source->cs.n_parts++];
    *part = (mdup_cs_part){.path = mdup_strdup(path, err)};
    part->npy = part->path ? mdup_npy_parse(content, length, path, err) : NULL;
    return part->npy != NULL;
}

/* With a group the file of the input's own name is the .csg, the others are tables. */
static bool fill_cs(mdup_source *source, bool has_group, const char *path, const char *content,
                    size_t length, mdup_error **err)
{
    if (!has_group || strcmp(path, source->path) != 0)
        return add_part(source, path, content, length, err);
    mdup_csg_free(source->csg);
    return (source->csg = mdup_csg_parse(content, length, path, err)) != NULL;
}

/* The columns path, sha256, content. */
static bool fill_file(mdup_session *s, const mdup_query *q, const folders *f, bool has_group,
                      mdup_source *source, mdup_error **err)
{
    size_t length;
    const char *bytes = mdup_query_blob(q, 2, &length), *content = bytes ? bytes : "";
    const char *path = mdup_query_text(q, 0), *sha256 = mdup_query_text(q, 1);
    char now[MDUP_SHA256_TEXT];
    mdup_sha256(content, length, now);
    if (!path || !sha256 || strcmp(now, sha256) != 0)
        return mdup_database_fail_damaged(s->db, "an input is not as it was read", err);
    char *resolved = resolve(f, path, err);
    bool ok = resolved != NULL;
    if (ok && source->kind == MDUP_SOURCE_STAR && !source->star)
        ok = fill_star(source, content, length, err);
    else if (ok && source->kind == MDUP_SOURCE_LIST && !source->text)
        ok = fill_list(source, content, length, err);
    else if (ok && source->kind == MDUP_SOURCE_CS)
        ok = fill_cs(source, has_group, resolved, content, length, err);
    free(resolved);
    return ok;
}

static bool load_files(mdup_session *s, size_t number, const folders *f, bool has_group,
                       mdup_source *source, mdup_error **err)
{
    bool ok = true;
    mdup_query q = mdup_query_begin(
        s->db, "SELECT path, sha256, content FROM input_files WHERE input = ?1 ORDER BY number");
    mdup_query_bind_int(&q, 1, (int64_t)number);
    while (ok && mdup_query_next(&q))
        ok = fill_file(s, &q, f, has_group, source, err);
    return mdup_query_end(&q, ok ? err : NULL) && ok;
}

/* "0 0 1": in which part each result of the .csg stands. */
static bool fill_csg_parts(mdup_source *source, const char *text, mdup_error **err)
{
    size_t n = source->csg ? source->csg->n : 0, found = 0;
    bool ok = true;
    if (!(source->csg_parts = mdup_calloc(n, sizeof *source->csg_parts, err)))
        return false;
    for (const char *at = text; ok && *at; at += *at == ' ') {
        size_t length = strcspn(at, " ");
        int64_t part;
        ok = found < n && mdup_parse_int64(at, length, &part) && part >= 0 &&
             (size_t)part < source->cs.n_parts;
        if (ok)
            source->csg_parts[found++] = (size_t)part;
        at += length;
    }
    return (ok && found == n) ||
           mdup_fail(err, MDUP_ERROR_PARSE, "%s: its parts are not known", source->path);
}

static bool is_complete(const mdup_source *source)
{
    switch (source->kind) {
    case MDUP_SOURCE_STAR:
        return source->star != NULL;
    case MDUP_SOURCE_LIST:
        return source->text != NULL;
    case MDUP_SOURCE_CS:
        return source->cs.n_parts > 0;
    default:
        return true;
    }
}

/* The columns kind, path, csg_parts. */
static bool fill_source(mdup_session *s, const mdup_query *q, size_t number, const folders *f,
                        mdup_source *source, mdup_error **err)
{
    const char *path = mdup_query_text(q, 1), *csg_parts = mdup_query_text(q, 2);
    if (!path || !parse_kind(mdup_query_text(q, 0), &source->kind))
        return mdup_database_fail_damaged(s->db, "an input of no known kind", err);
    bool has_group = csg_parts && source->kind == MDUP_SOURCE_CS;
    return (source->path = resolve(f, path, err)) &&
           load_files(s, number, f, has_group, source, err) &&
           (!has_group || fill_csg_parts(source, csg_parts, err)) &&
           (is_complete(source) || mdup_database_fail_damaged(s->db, "an input is missing", err));
}

static bool load_inputs(mdup_session *s, mdup_catalog *c, mdup_error **err)
{
    size_t capacity = 0;
    folders f = {0};
    bool ok = find_folders(s, &f, err);
    mdup_query q =
        mdup_query_begin(s->db, "SELECT kind, path, csg_parts FROM inputs ORDER BY number");
    while (ok && mdup_query_next(&q)) {
        ok = mdup_grow((void **)&c->sources, &capacity, c->n_sources + 1, sizeof *c->sources, err);
        if (!ok)
            break;
        mdup_source *source = &c->sources[c->n_sources++];
        *source = (mdup_source){0};
        ok = fill_source(s, &q, c->n_sources - 1, &f, source, err);
    }
    free(f.then);
    free(f.now);
    return mdup_query_end(&q, ok ? err : NULL) && ok;
}

/* ---- the micrographs ---- */

typedef struct {
    int64_t id;
    size_t index;
} place;

/* A result while it is loaded. */
typedef struct {
    mdup_session *session;
    mdup_session_result *out;
    size_t capacity[3]; /* of micrographs, their judgements, and what the session knows of them */
    place *places;      /* of the micrographs, sorted by id */
    size_t n_places;
} loading;

static bool fail_row(const loading *l, const char *what, mdup_error **err)
{
    return mdup_database_fail_damaged(l->session->db, what, err);
}

static bool is_count(int64_t value)
{
    return value >= 0 && value <= INT64_MAX / 2;
}

/* Whether the row of its input is there. */
static bool has_row(const mdup_source *source, const mdup_micrograph *m)
{
    if (source->kind == MDUP_SOURCE_STAR)
        return m->row < source->table->n_rows;
    if (source->kind == MDUP_SOURCE_CS)
        return m->row < source->cs.parts[0].npy->n_records;
    if (source->kind == MDUP_SOURCE_LIST)
        return m->line_begin <= m->line_end && m->line_end <= source->text_length &&
               m->row < source->text_length;
    return true;
}

static bool get_entry(mdup_query *q, const mdup_catalog *c, mdup_micrograph *m)
{
    int64_t numbers[5]; /* slice, input, input_row, line_begin, line_end */
    bool ok = true;
    for (int i = 0; i < 5; i++) {
        numbers[i] = mdup_query_int(q, 4 + i);
        ok = ok && is_count(numbers[i]);
    }
    *m = (mdup_micrograph){.name = mdup_query_copy_text(q, 2),
                           .path = mdup_query_copy_text(q, 3),
                           .optics_group = mdup_query_int(q, 9),
                           .pixel_A = mdup_query_double(q, 10),
                           .hole = mdup_query_copy_text(q, 11),
                           .shot = mdup_query_copy_text(q, 12),
                           .has_time = !mdup_query_is_null(q, 13)};
    if (!ok || numbers[0] > INT32_MAX || !m->name || !m->path || !isfinite(m->pixel_A))
        return false;
    m->time_s = m->has_time ? mdup_query_double(q, 13) : 0;
    m->slice = (int32_t)numbers[0];
    m->source = (size_t)numbers[1];
    m->row = (size_t)numbers[2];
    m->line_begin = (size_t)numbers[3];
    m->line_end = (size_t)numbers[4];
    m->uid = (uint64_t)mdup_query_int(q, 30);
    return m->source < c->n_sources && has_row(&c->sources[m->source], m);
}

static void get_recorded(mdup_query *q, mdup_acquisition *r)
{
    *r = (mdup_acquisition){.image = mdup_query_copy_text(q, 31),
                            .has_time = !mdup_query_is_null(q, 32),
                            .has_stage = !mdup_query_is_null(q, 33) && !mdup_query_is_null(q, 34),
                            .has_shift = !mdup_query_is_null(q, 35) && !mdup_query_is_null(q, 36),
                            .hole = mdup_query_copy_text(q, 37),
                            .shot = mdup_query_copy_text(q, 38),
                            .label = mdup_query_copy_text(q, 39)};
    r->time_s = r->has_time ? mdup_query_double(q, 32) : 0;
    r->stage_x_um = r->has_stage ? mdup_query_double(q, 33) : 0;
    r->stage_y_um = r->has_stage ? mdup_query_double(q, 34) : 0;
    r->shift_x_um = r->has_shift ? mdup_query_double(q, 35) : 0;
    r->shift_y_um = r->has_shift ? mdup_query_double(q, 36) : 0;
}

static bool get_judgement(mdup_query *q, mdup_judgement *judgement)
{
    const char *status = mdup_query_text(q, 14);
    *judgement = (mdup_judgement){.reason = mdup_query_copy_text(q, 15),
                                  .pixel_A = mdup_query_double(q, 16)};
    return status && mdup_status_parse(status, &judgement->status) && isfinite(judgement->pixel_A);
}

static int32_t get_i32(const mdup_query *q, int column)
{
    int64_t value = mdup_query_int(q, column);
    return value < 0 || value > INT32_MAX ? 0 : (int32_t)value;
}

/* From its reading. */
static void get_file(mdup_query *q, mdup_session_micrograph *m)
{
    *m = (mdup_session_micrograph){.id = mdup_query_int(q, 1),
                                   .file_bytes = mdup_query_int(q, 21),
                                   .file_mtime_ns = mdup_query_int(q, 22),
                                   .nx = get_i32(q, 23),
                                   .ny = get_i32(q, 24),
                                   .bin = get_i32(q, 25),
                                   .frame_nx = get_i32(q, 26),
                                   .frame_ny = get_i32(q, 27),
                                   .noise_share = mdup_query_double(q, 28),
                                   .warning = mdup_query_copy_text(q, 29)};
    uint64_t signature = (uint64_t)mdup_query_int(q, 40);
    m->signature = (mdup_signature){(uint32_t)(signature >> 32), (uint32_t)signature};
}

static bool make_room(loading *l, mdup_error **err)
{
    mdup_session_result *r = l->out;
    size_t n = r->catalog->n + 1;
    return mdup_grow((void **)&r->catalog->micrographs, &l->capacity[0], n,
                     sizeof *r->catalog->micrographs, err) &&
           mdup_grow((void **)&r->judgements, &l->capacity[1], n, sizeof *r->judgements, err) &&
           mdup_grow((void **)&r->micrographs, &l->capacity[2], n, sizeof *r->micrographs, err);
}

static bool get_micrograph(loading *l, mdup_query *q, mdup_error **err)
{
    if (!make_room(l, err))
        return false;
    mdup_session_result *r = l->out;
    size_t i = r->catalog->n++;
    r->judgements[i] = (mdup_judgement){0};
    r->micrographs[i] = (mdup_session_micrograph){0};
    bool ok = get_entry(q, r->catalog, &r->catalog->micrographs[i]);
    get_recorded(q, &r->catalog->micrographs[i].recorded);
    ok = get_judgement(q, &r->judgements[i]) && ok;
    get_file(q, &r->micrographs[i]);
    ok = ok && mdup_query_int(q, 0) == (int64_t)i && r->micrographs[i].id > 0;
    return ok || fail_row(l, "a micrograph with impossible values", err);
}

static bool load_micrographs(loading *l, mdup_error **err)
{
    bool ok = true;
    mdup_query q = mdup_query_begin(
        l->session->db,
        "SELECT m.position, m.id, m.name, m.path, m.slice, m.input, m.input_row, m.line_begin, "
        "m.line_end, m.optics_group, m.given_pixel_A, m.hole, m.shot, m.time_s, m.status, "
        "m.reason, m.pixel_A, m.set_number, m.decision, m.original_a, m.original_b, r.file_bytes, "
        "r.file_mtime_ns, r.nx, r.ny, r.bin, r.frame_nx, r.frame_ny, r.noise_share, r.warning, "
        "m.uid, m.recorded_image, m.recorded_time_s, m.stage_x_um, m.stage_y_um, m.shift_x_um, "
        "m.shift_y_um, m.recorded_hole, m.recorded_shot, m.recorded_label, r.signature "
        "FROM micrographs m LEFT JOIN readings r ON r.id = m.id ORDER BY m.position");
    while (ok && mdup_query_next(&q))
        ok = get_micrograph(l, &q, err);
    return mdup_query_end(&q, ok ? err : NULL) && ok;
}

static int by_id(const void *left, const void *right)
{
    const place *l = left, *r = right;
    return l->id < r->id ? -1 : l->id > r->id;
}

static bool load_places(loading *l, mdup_error **err)
{
    size_t capacity = 0;
    bool ok = true;
    mdup_query q = mdup_query_begin(l->session->db, "SELECT id, position FROM micrographs");
    while (ok && mdup_query_next(&q)) {
        ok = mdup_grow((void **)&l->places, &capacity, l->n_places + 1, sizeof *l->places, err);
        if (ok)
            l->places[l->n_places++] =
                (place){mdup_query_int(&q, 0), (size_t)mdup_query_int(&q, 1)};
    }
    if (l->n_places > 0)
        qsort(l->places, l->n_places, sizeof *l->places, by_id);
    return mdup_query_end(&q, ok ? err : NULL) && ok;
}

static bool find_index(const loading *l, int64_t id, size_t *index)
{
    place sought = {.id = id};
    const place *found =
        l->n_places ? bsearch(&sought, l->places, l->n_places, sizeof *l->places, by_id) : NULL;
    if (found)
        *index = found->index;
    return found != NULL;
}

/* ---- the pairs ---- */

static int by_a_then_b(const void *left, const void *right)
{
    const mdup_pair *l = left, *r = right;
    if (l->a != r->a)
        return l->a < r->a ? -1 : 1;
    return l->b < r->b ? -1 : l->b > r->b;
}

/* The columns a, b, kind, overlap, shift_x_px, shift_y_px, shift_sd_px, ccc, score, log10_evalue. */
static bool get_pair(const loading *l, mdup_query *q, mdup_pair *pair)
{
    double numbers[7];
    bool ok = true;
    for (int i = 0; i < 7; i++) {
        numbers[i] = mdup_query_double(q, 3 + i);
        ok = ok && isfinite(numbers[i]);
    }
    *pair = (mdup_pair){.overlap = numbers[0],
                        .shift_x_px = numbers[1],
                        .shift_y_px = numbers[2],
                        .shift_sd_px = numbers[3],
                        .ccc = numbers[4],
                        .score = numbers[5],
                        .log10_evalue = numbers[6]};
    const char *kind = mdup_query_text(q, 2);
    pair->is_copy = kind && mdup_orientation_parse(kind, &pair->orientation);
    return ok && kind && find_index(l, mdup_query_int(q, 0), &pair->a) &&
           find_index(l, mdup_query_int(q, 1), &pair->b) && pair->a < pair->b;
}

static bool collect_pairs(loading *l, mdup_query *q, mdup_pair **pairs, size_t *n, mdup_error **err)
{
    size_t capacity = 0;
    bool ok = true;
    *pairs = NULL;
    *n = 0;
    while (ok && mdup_query_next(q)) {
        ok = mdup_grow((void **)pairs, &capacity, *n + 1, sizeof **pairs, err);
        if (ok && !get_pair(l, q, &(*pairs)[(*n)++]))
            ok = fail_row(l, "a pair with impossible values", err);
    }
    ok = mdup_query_end(q, ok ? err : NULL) && ok;
    if (ok && *n > 0)
        qsort(*pairs, *n, sizeof **pairs, by_a_then_b);
    if (!ok) {
        free(*pairs);
        *pairs = NULL;
        *n = 0;
    }
    return ok;
}

static bool load_published(loading *l, mdup_error **err)
{
    mdup_query q = mdup_query_begin(
        l->session->db,
        "SELECT a, b, kind, overlap, shift_x_px, shift_y_px, shift_sd_px, ccc, score, "
        "log10_evalue FROM pairs WHERE class IS NOT NULL");
    return collect_pairs(l, &q, &l->out->pairs, &l->out->n_pairs, err);
}

/* ---- the decision ---- */

static bool make_decision(loading *l, mdup_error **err)
{
    mdup_decision *d = &l->out->decision;
    size_t n = l->out->catalog->n;
    return (d->is_duplicate = mdup_calloc(l->out->n_pairs, sizeof *d->is_duplicate, err)) &&
           (d->set = mdup_calloc(n, sizeof *d->set, err)) &&
           (d->removed = mdup_calloc(n, sizeof *d->removed, err)) &&
           (d->original = mdup_calloc(n, sizeof *d->original, err));
}

static ptrdiff_t find_pair(const loading *l, int64_t id_a, int64_t id_b)
{
    mdup_pair sought = {0};
    if (l->out->n_pairs == 0 || !find_index(l, id_a, &sought.a) || !find_index(l, id_b, &sought.b))
        return -1;
    const mdup_pair *found =
        bsearch(&sought, l->out->pairs, l->out->n_pairs, sizeof sought, by_a_then_b);
    return found ? found - l->out->pairs : -1;
}

/* The columns set_number, decision, original_a, original_b. */
static bool get_decision(loading *l, mdup_query *q, size_t i, mdup_error **err)
{
    mdup_decision *d = &l->out->decision;
    const char *decision = mdup_query_text(q, 1);
    int64_t set = mdup_query_int(q, 0);
    d->set[i] = set;
    d->n_sets = set > d->n_sets ? set : d->n_sets;
    d->removed[i] = decision && strcmp(decision, "remove") == 0;
    d->n_removed += d->removed[i];
    bool has_original = !mdup_query_is_null(q, 2);
    d->original[i] = has_original ? find_pair(l, mdup_query_int(q, 2), mdup_query_int(q, 3)) : -1;
    bool ok = set >= 0 && set <= (int64_t)l->out->catalog->n && (d->removed[i] || !has_original) &&
              (d->original[i] >= 0) == has_original;
    return ok || fail_row(l, "an impossible decision", err);
}

static bool load_removed(loading *l, mdup_error **err)
{
    bool ok = true;
    size_t i = 0;
    mdup_query q =
        mdup_query_begin(l->session->db, "SELECT set_number, decision, original_a, "
                                         "original_b FROM micrographs ORDER BY position");
    while (ok && mdup_query_next(&q) && i < l->out->catalog->n)
        ok = get_decision(l, &q, i++, err);
    return mdup_query_end(&q, ok ? err : NULL) && ok;
}

static bool load_classes(loading *l, mdup_error **err)
{
    mdup_decision *d = &l->out->decision;
    mdup_query q = mdup_query_begin(l->session->db, "SELECT a, b FROM pairs WHERE "
                                                    "class = 'duplicate'");
    while (mdup_query_next(&q)) {
        ptrdiff_t pair = find_pair(l, mdup_query_int(&q, 0), mdup_query_int(&q, 1));
        if (pair >= 0 && !d->is_duplicate[pair]) {
            d->is_duplicate[pair] = true;
            d->n_duplicate_pairs++;
        }
    }
    return mdup_query_end(&q, err);
}

/* ---- the whole ---- */

static bool load_order(mdup_session *s, mdup_catalog *c, mdup_error **err)
{
    char *name = NULL;
    bool ok = get_text_fact(s, MDUP_FACT_ORDER, &name, err) &&
              get_text_fact(s, MDUP_FACT_ORDER_REASON, &c->order_reason, err);
    if (ok && (!name || !c->order_reason || !mdup_order_parse(name, &c->order_used)))
        ok = mdup_database_fail_damaged(s->db, "an order that is none", err);
    free(name);
    return ok;
}

static bool load_all(loading *l, mdup_error **err)
{
    mdup_session *s = l->session;
    l->out->catalog = mdup_calloc(1, sizeof *l->out->catalog, err);
    return l->out->catalog && check_finished(s, err) && load_order(s, l->out->catalog, err) &&
           load_inputs(s, l->out->catalog, err) && load_micrographs(l, err) &&
           load_places(l, err) && load_published(l, err) && make_decision(l, err) &&
           load_removed(l, err) && load_classes(l, err);
}

/* All of it as it is at one moment: another process may put a new result in between. */
static bool begin_snapshot(mdup_session *s, mdup_error **err)
{
    return s->lock || mdup_database_run(s->db, "BEGIN", err);
}

static bool end_snapshot(mdup_session *s, bool ok, mdup_error **err)
{
    return s->lock ? ok : mdup_database_run(s->db, "ROLLBACK", ok ? err : NULL) && ok;
}

bool mdup_session_load_result(mdup_session *s, mdup_session_result *out, mdup_error **err)
{
    mdup_session_result result = {0};
    loading l = {.session = s, .out = &result};
    if (!begin_snapshot(s, err))
        return false;
    bool ok = end_snapshot(s, load_all(&l, err), err);
    free(l.places);
    if (!ok) {
        mdup_session_result_clear(&result);
        return false;
    }
    *out = result;
    return true;
}

static bool load_most_evalue(mdup_session *s, double *most_evalue, mdup_error **err)
{
    mdup_query q = begin_fact(s, MDUP_FACT_MOST_EVALUE);
    double value = mdup_query_next(&q) ? mdup_query_double(&q, 0) : (double)NAN;
    if (!mdup_query_end(&q, err))
        return false;
    if (most_evalue)
        *most_evalue = value;
    return isfinite(value) || mdup_database_fail_damaged(s->db, "it has no limit of E", err);
}

static bool load_known(loading *l, double max_evalue, mdup_pair **pairs, size_t *n,
                       double *most_evalue, mdup_error **err)
{
    mdup_session *s = l->session;
    if (!check_finished(s, err) || !load_most_evalue(s, most_evalue, err) || !load_places(l, err))
        return false;
    mdup_query q = mdup_query_begin(
        s->db, "SELECT a, b, kind, overlap, shift_x_px, shift_y_px, shift_sd_px, ccc, score, "
               "log10_evalue FROM pairs WHERE log10_evalue <= ?1");
    mdup_query_bind_double(&q, 1, log10(max_evalue));
    return collect_pairs(l, &q, pairs, n, err);
}

bool mdup_session_load_pairs(mdup_session *s, double max_evalue, mdup_pair **pairs, size_t *n,
                             double *most_evalue, mdup_error **err)
{
    loading l = {.session = s};
    if (!begin_snapshot(s, err))
        return false;
    bool ok = end_snapshot(s, load_known(&l, max_evalue, pairs, n, most_evalue, err), err);
    free(l.places);
    return ok;
}

void mdup_session_result_clear(mdup_session_result *r)
{
    size_t n = r->catalog ? r->catalog->n : 0;
    for (size_t i = 0; i < n; i++) {
        free(r->judgements[i].reason);
        free(r->micrographs[i].warning);
    }
    free(r->judgements);
    free(r->micrographs);
    free(r->pairs);
    mdup_decision_clear(&r->decision);
    mdup_catalog_free(r->catalog);
    *r = (mdup_session_result){0};
}
