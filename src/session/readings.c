/* Readings, their frames, and which of their files are copies. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "session/internal.h"
#include "session/work.h"

/* ---- rows ---- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    return text ? mdup_hash(mdup_mix(hash, 1), text, strlen(text)) : mdup_mix(hash, 0);
}

static uint64_t hash_double(uint64_t hash, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return mdup_mix(hash, bits);
}

static uint64_t signature_bits(const mdup_signature *signature)
{
    return (uint64_t)signature->values << 32 | signature->mixed;
}

/* Of all that is believed without looking at the file again. */
static uint64_t hash_reading(const mdup_session_reading *r)
{
    uint64_t hash =
        hash_text(hash_text(hash_text(0, r->name), r->path), mdup_status_name(r->status));
    hash = hash_text(hash_text(hash, r->reason), r->warning);
    const int64_t numbers[] = {r->id,
                               r->slice,
                               r->copy,
                               r->file_bytes,
                               r->file_mtime_ns,
                               r->method,
                               r->mode0,
                               r->mode,
                               r->nx,
                               r->ny,
                               r->bin,
                               r->frame_nx,
                               r->frame_ny,
                               (int64_t)r->frame_hash,
                               (int64_t)signature_bits(&r->signature)};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        hash = mdup_mix(hash, (uint64_t)numbers[i]);
    return hash_double(hash_double(hash, r->header_pixel_A), r->noise_share);
}

static int32_t get_i32(const mdup_query *q, int column)
{
    int64_t value = mdup_query_int(q, column);
    return value < INT32_MIN || value > INT32_MAX ? 0 : (int32_t)value;
}

static void get_reading(mdup_query *q, mdup_session_reading *r)
{
    *r = (mdup_session_reading){.id = mdup_query_int(q, 0),
                                .name = mdup_query_copy_text(q, 1),
                                .copy = mdup_query_int(q, 2),
                                .path = mdup_query_copy_text(q, 3),
                                .file_bytes = mdup_query_int(q, 4),
                                .file_mtime_ns = mdup_query_int(q, 5),
                                .method = get_i32(q, 6),
                                .mode0 = get_i32(q, 7),
                                .reason = mdup_query_copy_text(q, 9),
                                .warning = mdup_query_copy_text(q, 10),
                                .mode = get_i32(q, 11),
                                .nx = get_i32(q, 12),
                                .ny = get_i32(q, 13),
                                .header_pixel_A = mdup_query_double(q, 14),
                                .bin = get_i32(q, 15),
                                .frame_nx = get_i32(q, 16),
                                .frame_ny = get_i32(q, 17),
                                .noise_share = mdup_query_double(q, 18),
                                .frame_hash = (uint64_t)mdup_query_int(q, 20)};
    r->slice = get_i32(q, 22);
    uint64_t signature = (uint64_t)mdup_query_int(q, 19);
    r->signature = (mdup_signature){(uint32_t)(signature >> 32), (uint32_t)signature};
    const char *status = mdup_query_text(q, 8);
    r->is_read = status && mdup_status_parse(status, &r->status) && r->name && r->path &&
                 (uint64_t)mdup_query_int(q, 21) == hash_reading(r);
}

void mdup_session_readings_free(mdup_session_reading *readings, size_t n)
{
    for (size_t i = 0; readings && i < n; i++) {
        free(readings[i].name);
        free(readings[i].path);
        free(readings[i].reason);
        free(readings[i].warning);
    }
    free(readings);
}

bool mdup_session_load_readings(mdup_session *s, mdup_session_reading **out, size_t *n,
                                mdup_error **err)
{
    mdup_session_reading *all = NULL;
    size_t count = 0, capacity = 0;
    bool ok = true;
    mdup_query q = mdup_query_begin(
        s->db,
        "SELECT id, name, copy, path, file_bytes, file_mtime_ns, method, mode0, status, reason, "
        "warning, mode, nx, ny, header_pixel_A, bin, frame_nx, frame_ny, noise_share, signature, "
        "frame_hash, hash, slice FROM readings ORDER BY name, slice, copy");
    while (ok && mdup_query_next(&q)) {
        ok = mdup_grow((void **)&all, &capacity, count + 1, sizeof *all, err);
        if (ok)
            get_reading(&q, &all[count++]);
    }
    ok = mdup_query_end(&q, ok ? err : NULL) && ok;
    if (!ok) {
        mdup_session_readings_free(all, count);
        return false;
    }
    *out = all;
    *n = count;
    return true;
}

/* ---- putting ---- */

static bool enter(mdup_session *s, mdup_session_reading *r, mdup_error **err)
{
    mdup_query q = mdup_query_begin(
        s->db, "INSERT INTO readings (name, copy, path, slice) VALUES (?1, ?2, ?3, ?4)");
    mdup_query_bind_text(&q, 1, r->name);
    mdup_query_bind_int(&q, 2, r->copy);
    mdup_query_bind_text(&q, 3, r->path);
    mdup_query_bind_int(&q, 4, r->slice);
    if (!mdup_query_finish(&q, err))
        return false;
    r->id = mdup_database_last_id(s->db);
    return true;
}

bool mdup_session_enter(mdup_session *s, mdup_session_reading *r, mdup_error **err)
{
    return mdup_session_put_begin(s, err) && mdup_session_put_end(s, enter(s, r, err), 0, err);
}

/* *another: there was a frame, and now there is none or another one. */
static bool is_another_frame(mdup_session *s, const mdup_session_reading *r, bool *another,
                             mdup_error **err)
{
    mdup_query q = mdup_query_begin(
        s->db, "SELECT frame_hash, frame_nx, frame_ny FROM readings WHERE id = ?1");
    mdup_query_bind_int(&q, 1, r->id);
    *another = mdup_query_next(&q) && mdup_query_int(&q, 1) > 0 &&
               ((uint64_t)mdup_query_int(&q, 0) != r->frame_hash ||
                mdup_query_int(&q, 1) != r->frame_nx || mdup_query_int(&q, 2) != r->frame_ny);
    return mdup_query_end(&q, err);
}

static bool remove_rows(mdup_session *s, const char *sql, int64_t id, mdup_error **err)
{
    mdup_query q = mdup_query_begin(s->db, sql);
    mdup_query_bind_int(&q, 1, id);
    return mdup_query_finish(&q, err);
}

/* What was known of it as copies is of its file, and that has changed even when the frame has not. */
static bool forget(mdup_session *s, int64_t id, mdup_error **err)
{
    return remove_rows(s, "DELETE FROM frames WHERE id = ?1", id, err) &&
           remove_rows(s, "DELETE FROM copies WHERE a = ?1", id, err) &&
           remove_rows(s, "DELETE FROM copies WHERE b = ?1", id, err);
}

static bool update_row(mdup_session *s, const mdup_session_reading *r, mdup_error **err)
{
    mdup_query q = mdup_query_begin(
        s->db,
        "UPDATE readings SET path = ?2, file_bytes = ?3, file_mtime_ns = ?4, method = ?5, "
        "mode0 = ?6, status = ?7, reason = ?8, warning = ?9, mode = ?10, nx = ?11, ny = ?12, "
        "header_pixel_A = ?13, bin = ?14, frame_nx = ?15, frame_ny = ?16, noise_share = ?17, "
        "signature = ?18, frame_hash = ?19, hash = ?20 WHERE id = ?1");
    mdup_query_bind_int(&q, 1, r->id);
    mdup_query_bind_text(&q, 2, r->path);
    mdup_query_bind_int(&q, 3, r->file_bytes);
    mdup_query_bind_int(&q, 4, r->file_mtime_ns);
    mdup_query_bind_int(&q, 5, r->method);
    mdup_query_bind_int(&q, 6, r->mode0);
    mdup_query_bind_text(&q, 7, mdup_status_name(r->status));
    mdup_query_bind_text(&q, 8, r->reason);
    mdup_query_bind_text(&q, 9, r->warning);
    mdup_query_bind_int(&q, 10, r->mode);
    mdup_query_bind_int(&q, 11, r->nx);
    mdup_query_bind_int(&q, 12, r->ny);
    mdup_query_bind_double(&q, 13, r->header_pixel_A);
    mdup_query_bind_int(&q, 14, r->bin);
    mdup_query_bind_int(&q, 15, r->frame_nx);
    mdup_query_bind_int(&q, 16, r->frame_ny);
    mdup_query_bind_double(&q, 17, r->noise_share);
    mdup_query_bind_int(&q, 18, (int64_t)signature_bits(&r->signature));
    mdup_query_bind_int(&q, 19, (int64_t)r->frame_hash);
    mdup_query_bind_int(&q, 20, (int64_t)hash_reading(r));
    return mdup_query_finish(&q, err);
}

static size_t frame_bytes(const mdup_session_reading *r)
{
    return (size_t)r->frame_nx * (size_t)r->frame_ny;
}

static bool insert_frame(mdup_session *s, const mdup_session_reading *r, const int8_t *frame,
                         mdup_error **err)
{
    mdup_query q = mdup_query_begin(s->db, "INSERT INTO frames (id, pixels) VALUES (?1, ?2)");
    mdup_query_bind_int(&q, 1, r->id);
    mdup_query_bind_blob(&q, 2, frame, frame_bytes(r));
    return mdup_query_finish(&q, err);
}

static bool put(mdup_session *s, mdup_session_reading *r, const int8_t *frame, mdup_error **err)
{
    bool another;
    if (!is_another_frame(s, r, &another, err) || !forget(s, r->id, err))
        return false;
    if (another &&
        (!remove_rows(s, "DELETE FROM readings WHERE id = ?1", r->id, err) || !enter(s, r, err)))
        return false;
    return update_row(s, r, err) && (!frame || insert_frame(s, r, frame, err));
}

bool mdup_session_put_reading(mdup_session *s, mdup_session_reading *r, const int8_t *frame,
                              mdup_error **err)
{
    return mdup_session_put_begin(s, err) &&
           mdup_session_put_end(s, put(s, r, frame, err), frame ? frame_bytes(r) : 0, err);
}

/* ---- frames ---- */

bool mdup_session_get_frame(mdup_session *s, const mdup_session_reading *r, int8_t *pixels,
                            bool *intact, mdup_error **err)
{
    mdup_query q = mdup_query_begin(s->db, "SELECT pixels FROM frames WHERE id = ?1");
    mdup_query_bind_int(&q, 1, r->id);
    *intact = false;
    if (mdup_query_next(&q)) {
        size_t length;
        const void *bytes = mdup_query_blob(&q, 0, &length);
        *intact = bytes && length == frame_bytes(r) && mdup_hash(0, bytes, length) == r->frame_hash;
        if (*intact)
            memcpy(pixels, bytes, length);
    }
    return mdup_query_end(&q, err);
}

/* ---- copies ---- */

static const char NO_COPY[] = "none";

bool mdup_session_get_copy(mdup_session *s, int64_t a, int64_t b, bool *known, bool *is_copy,
                           mdup_orientation *orientation, mdup_error **err)
{
    mdup_query q =
        mdup_query_begin(s->db, "SELECT orientation FROM copies WHERE a = ?1 AND b = ?2");
    mdup_query_bind_int(&q, 1, a);
    mdup_query_bind_int(&q, 2, b);
    *known = *is_copy = false;
    const char *text = mdup_query_next(&q) ? mdup_query_text(&q, 0) : NULL;
    if (text) {
        *is_copy = mdup_orientation_parse(text, orientation);
        *known = *is_copy || strcmp(text, NO_COPY) == 0;
    }
    return mdup_query_end(&q, err);
}

static bool insert_copy(mdup_session *s, int64_t a, int64_t b, const char *orientation,
                        mdup_error **err)
{
    mdup_query q = mdup_query_begin(
        s->db, "INSERT OR REPLACE INTO copies (a, b, orientation) VALUES (?1, ?2, ?3)");
    mdup_query_bind_int(&q, 1, a);
    mdup_query_bind_int(&q, 2, b);
    mdup_query_bind_text(&q, 3, orientation);
    return mdup_query_finish(&q, err);
}

bool mdup_session_put_copy(mdup_session *s, int64_t a, int64_t b, bool is_copy,
                           mdup_orientation orientation, mdup_error **err)
{
    const char *text = is_copy ? mdup_orientation_copy_name(orientation) : NO_COPY;
    return mdup_session_put_begin(s, err) &&
           mdup_session_put_end(s, insert_copy(s, a, b, text, err), 0, err);
}
