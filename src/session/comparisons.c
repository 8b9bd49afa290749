/* Statistics, tiles and looks: what comparing gave. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "session/internal.h"
#include "session/work.h"

/* ---- statistics ---- */

static size_t pixels_of(const mdup_statistics *st)
{
    return (size_t)st->nx * (size_t)st->ny;
}

static uint64_t hash_statistics(const void *sum, size_t sum_bytes, const void *power,
                                size_t power_bytes, double noise_share, double spot_share)
{
    uint64_t hash = mdup_hash(mdup_hash(0, sum, sum_bytes), power, power_bytes);
    const double shares[] = {noise_share, spot_share};
    for (int i = 0; i < 2; i++) {
        uint64_t bits;
        memcpy(&bits, &shares[i], sizeof bits);
        hash = mdup_mix(hash, bits);
    }
    return hash;
}

/* The columns noise_share, spot_share, sum, power, hash from `first` on.  False when they are not there, or damaged. */
static bool get_statistics(const mdup_query *q, int first, mdup_statistics *st)
{
    size_t sum_bytes, power_bytes;
    const uint8_t *sum = mdup_query_blob(q, first + 2, &sum_bytes),
                  *power = mdup_query_blob(q, first + 3, &power_bytes);
    double noise_share = mdup_query_double(q, first), spot_share = mdup_query_double(q, first + 1);
    if (!sum || !power || sum_bytes != 4 * pixels_of(st) || power_bytes != 8 * MDUP_RADIAL_BINS ||
        (uint64_t)mdup_query_int(q, first + 4) !=
            hash_statistics(sum, sum_bytes, power, power_bytes, noise_share, spot_share))
        return false;
    st->noise_share = noise_share;
    st->spot_share = spot_share;
    for (size_t i = 0; i < pixels_of(st); i++)
        st->sum[i] = (int32_t)mdup_get_u32(sum + 4 * i);
    for (size_t i = 0; i < MDUP_RADIAL_BINS; i++)
        st->power[i] = mdup_get_f64(power + 8 * i);
    return true;
}

static bool find_comparison(mdup_session *s, uint64_t key, mdup_statistics *st, int64_t *comparison,
                            bool *known, mdup_error **err)
{
    mdup_query q = mdup_query_begin(
        s->db, "SELECT id, frame_nx, frame_ny, n_sample, noise_share, spot_share, sum, power, hash "
               "FROM comparisons WHERE key = ?1");
    mdup_query_bind_int(&q, 1, (int64_t)key);
    *comparison = 0;
    *known = false;
    if (mdup_query_next(&q)) {
        *comparison = mdup_query_int(&q, 0);
        *known = mdup_query_int(&q, 1) == st->nx && mdup_query_int(&q, 2) == st->ny &&
                 mdup_query_int(&q, 3) == (int64_t)st->n_frames && get_statistics(&q, 4, st);
    }
    return mdup_query_end(&q, err);
}

static bool insert_comparison(mdup_session *s, uint64_t key, const mdup_statistics *st,
                              int64_t *comparison, mdup_error **err)
{
    mdup_query q = mdup_query_begin(
        s->db,
        "INSERT INTO comparisons (key, frame_nx, frame_ny, n_sample) VALUES (?1, ?2, ?3, ?4)");
    mdup_query_bind_int(&q, 1, (int64_t)key);
    mdup_query_bind_int(&q, 2, st->nx);
    mdup_query_bind_int(&q, 3, st->ny);
    mdup_query_bind_int(&q, 4, (int64_t)st->n_frames);
    if (!mdup_query_finish(&q, err))
        return false;
    *comparison = mdup_database_last_id(s->db);
    return true;
}

static bool find_others(mdup_session *s, uint64_t key, const mdup_statistics *st, bool *has_others,
                        mdup_error **err)
{
    mdup_query q = mdup_query_begin(
        s->db, "SELECT 1 FROM comparisons c JOIN geometries g ON g.comparison = c.id "
               "WHERE c.key <> ?1 AND c.frame_nx = ?2 AND c.frame_ny = ?3");
    mdup_query_bind_int(&q, 1, (int64_t)key);
    mdup_query_bind_int(&q, 2, st->nx);
    mdup_query_bind_int(&q, 3, st->ny);
    *has_others = mdup_query_next(&q);
    return mdup_query_end(&q, err);
}

bool mdup_session_open_comparison(mdup_session *s, uint64_t key, mdup_statistics *st,
                                  int64_t *comparison, bool *known, bool *has_others,
                                  mdup_error **err)
{
    if (!find_comparison(s, key, st, comparison, known, err) ||
        !find_others(s, key, st, has_others, err))
        return false;
    if (*comparison != 0)
        return true;
    return mdup_session_put_begin(s, err) &&
           mdup_session_put_end(s, insert_comparison(s, key, st, comparison, err), 0, err);
}

static bool update_statistics(mdup_session *s, int64_t comparison, const mdup_statistics *st,
                              const mdup_strbuf *sum, const mdup_strbuf *power, mdup_error **err)
{
    mdup_query q = mdup_query_begin(
        s->db, "UPDATE comparisons SET noise_share = ?2, spot_share = ?3, sum = ?4, power = ?5, "
               "hash = ?6 WHERE id = ?1");
    mdup_query_bind_int(&q, 1, comparison);
    mdup_query_bind_double(&q, 2, st->noise_share);
    mdup_query_bind_double(&q, 3, st->spot_share);
    mdup_query_bind_blob(&q, 4, sum->text, sum->length);
    mdup_query_bind_blob(&q, 5, power->text, power->length);
    mdup_query_bind_int(&q, 6,
                        (int64_t)hash_statistics(sum->text, sum->length, power->text, power->length,
                                                 st->noise_share, st->spot_share));
    return mdup_query_finish(&q, err);
}

bool mdup_session_put_statistics(mdup_session *s, int64_t comparison, const mdup_statistics *st,
                                 mdup_error **err)
{
    mdup_strbuf sum = MDUP_STRBUF_INIT, power = MDUP_STRBUF_INIT;
    for (size_t i = 0; i < pixels_of(st); i++)
        mdup_put_u32(&sum, (uint32_t)st->sum[i]);
    for (size_t i = 0; i < MDUP_RADIAL_BINS; i++)
        mdup_put_f64(&power, st->power[i]);
    bool ok = mdup_strbuf_check(&sum, err) && mdup_strbuf_check(&power, err) &&
              mdup_session_put_begin(s, err) &&
              mdup_session_put_end(s, update_statistics(s, comparison, st, &sum, &power, err),
                                   sum.length, err);
    mdup_strbuf_free(&sum);
    mdup_strbuf_free(&power);
    return ok;
}

/* ---- tiles ---- */

/* The bits of mdup_tile.compared, in bytes. */
enum { BITS_bytes = 2 * 8 * MDUP_TILE_WORDS };

/* Of a candidate: two numbers of frames in the tile (slot, and MDUP_TILE_SIDE more in the second block), coarse, and the peaks. */
enum { CANDIDATE_bytes = 2 * 2 + 4 + MDUP_PEAKS * 4 * 4 };

static uint64_t hash_tile(double floor, const void *bits, size_t bits_bytes, const void *items,
                          size_t items_bytes)
{
    uint64_t floor_bits;
    memcpy(&floor_bits, &floor, sizeof floor_bits);
    return mdup_mix(mdup_hash(mdup_hash(0, bits, bits_bytes), items, items_bytes), floor_bits);
}

static bool unpack_bits(const void *packed, size_t packed_bytes, mdup_tile *tile)
{
    uint8_t bytes[BITS_bytes];
    uLongf length = sizeof bytes;
    if (uncompress(bytes, &length, packed, (uLong)packed_bytes) != Z_OK || length != sizeof bytes)
        return false;
    for (size_t i = 0; i < (size_t)2 * MDUP_TILE_WORDS; i++) {
        uint64_t word = 0;
        for (size_t b = 0; b < 8; b++)
            word |= (uint64_t)bytes[8 * i + b] << (8 * b);
        tile->compared[i / MDUP_TILE_WORDS][i % MDUP_TILE_WORDS] = word;
    }
    return true;
}

static bool pack_bits(const mdup_tile *tile, mdup_strbuf *out)
{
    uint8_t bytes[BITS_bytes], packed[BITS_bytes + BITS_bytes / 8 + 64];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(tile->compared[i / 8 / MDUP_TILE_WORDS][i / 8 % MDUP_TILE_WORDS] >>
                             (8 * (i % 8)));
    uLongf length = sizeof packed;
    if (compress2(packed, &length, bytes, sizeof bytes, 1) != Z_OK)
        return false;
    mdup_strbuf_append(out, (const char *)packed, length);
    return true;
}

static uint16_t number_in_tile(size_t id, int64_t block_a)
{
    bool in_second = (int64_t)(id / MDUP_TILE_SIDE) != block_a;
    return (uint16_t)(id % MDUP_TILE_SIDE + (in_second ? MDUP_TILE_SIDE : 0));
}

static size_t id_of_number(uint16_t number, int64_t block_a, int64_t block_b)
{
    int64_t block = number < MDUP_TILE_SIDE ? block_a : block_b;
    return (size_t)block * MDUP_TILE_SIDE + number % MDUP_TILE_SIDE;
}

static void put_candidate(mdup_strbuf *out, const mdup_candidate *item, int64_t block_a)
{
    mdup_put_u16(out, number_in_tile(item->a, block_a));
    mdup_put_u16(out, number_in_tile(item->b, block_a));
    mdup_put_f32(out, item->coarse);
    for (int p = 0; p < MDUP_PEAKS; p++) {
        mdup_put_f32(out, item->peaks[p].z);
        mdup_put_f32(out, item->peaks[p].local_z);
        mdup_put_f32(out, item->peaks[p].shift_x);
        mdup_put_f32(out, item->peaks[p].shift_y);
    }
}

static mdup_candidate get_candidate(const uint8_t *bytes, int64_t block_a, int64_t block_b)
{
    mdup_candidate item = {.a = id_of_number(mdup_get_u16(bytes), block_a, block_b),
                           .b = id_of_number(mdup_get_u16(bytes + 2), block_a, block_b),
                           .coarse = mdup_get_f32(bytes + 4)};
    for (int p = 0; p < MDUP_PEAKS; p++) {
        const uint8_t *peak = bytes + 8 + 16 * p;
        item.peaks[p] = (mdup_peak){mdup_get_f32(peak), mdup_get_f32(peak + 4),
                                    mdup_get_f32(peak + 8), mdup_get_f32(peak + 12)};
    }
    return item;
}

/* The columns floor, compared, candidates, hash.  *intact: they are what was put. */
static bool get_tile(const mdup_query *q, int64_t block_a, int64_t block_b, mdup_tile *tile,
                     bool *intact, mdup_error **err)
{
    size_t bits_bytes, items_bytes;
    const void *bits = mdup_query_blob(q, 1, &bits_bytes);
    const uint8_t *items = mdup_query_blob(q, 2, &items_bytes);
    double floor = mdup_query_double(q, 0);
    *intact =
        bits && items_bytes % CANDIDATE_bytes == 0 && (items || items_bytes == 0) &&
        (uint64_t)mdup_query_int(q, 3) ==
            hash_tile(floor, bits, bits_bytes, items ? items : (const uint8_t *)"", items_bytes) &&
        unpack_bits(bits, bits_bytes, tile);
    if (!*intact)
        return true;
    tile->floor = (float)floor;
    for (size_t at = 0; at < items_bytes; at += CANDIDATE_bytes) {
        mdup_candidate item = get_candidate(items + at, block_a, block_b);
        if (!mdup_tile_add(tile, &item, err))
            return false;
    }
    return true;
}

bool mdup_session_get_tile(mdup_session *s, int64_t comparison, int64_t block_a, int64_t block_b,
                           mdup_tile *tile, mdup_error **err)
{
    mdup_query q =
        mdup_query_begin(s->db, "SELECT floor, compared, candidates, hash FROM tiles WHERE "
                                "comparison = ?1 AND block_a = ?2 AND block_b = ?3");
    mdup_query_bind_int(&q, 1, comparison);
    mdup_query_bind_int(&q, 2, block_a);
    mdup_query_bind_int(&q, 3, block_b);
    bool ok = true, intact = true;
    if (mdup_query_next(&q))
        ok = get_tile(&q, block_a, block_b, tile, &intact, err);
    if (!intact)
        mdup_tile_reset(tile);
    return mdup_query_end(&q, ok ? err : NULL) && ok;
}

static bool insert_tile(mdup_session *s, int64_t comparison, int64_t block_a, int64_t block_b,
                        const mdup_tile *tile, const mdup_strbuf *bits, const mdup_strbuf *items,
                        mdup_error **err)
{
    const char *bytes = items->text ? items->text : "";
    mdup_query q = mdup_query_begin(
        s->db, "INSERT OR REPLACE INTO tiles (comparison, block_a, block_b, n_compared, floor, "
               "compared, candidates, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    mdup_query_bind_int(&q, 1, comparison);
    mdup_query_bind_int(&q, 2, block_a);
    mdup_query_bind_int(&q, 3, block_b);
    mdup_query_bind_int(&q, 4, mdup_tile_count(tile));
    mdup_query_bind_double(&q, 5, (double)tile->floor);
    mdup_query_bind_blob(&q, 6, bits->text, bits->length);
    mdup_query_bind_blob(&q, 7, bytes, items->length);
    mdup_query_bind_int(
        &q, 8,
        (int64_t)hash_tile((double)tile->floor, bits->text, bits->length, bytes, items->length));
    return mdup_query_finish(&q, err);
}

bool mdup_session_put_tile(mdup_session *s, int64_t comparison, int64_t block_a, int64_t block_b,
                           const mdup_tile *tile, mdup_error **err)
{
    mdup_strbuf bits = MDUP_STRBUF_INIT, items = MDUP_STRBUF_INIT;
    bool packed = pack_bits(tile, &bits);
    for (size_t i = 0; i < tile->n; i++)
        put_candidate(&items, &tile->items[i], block_a);
    bool ok = (packed || mdup_fail_nomem(err)) && mdup_strbuf_check(&bits, err) &&
              mdup_strbuf_check(&items, err) && mdup_session_put_begin(s, err) &&
              mdup_session_put_end(
                  s, insert_tile(s, comparison, block_a, block_b, tile, &bits, &items, err),
                  bits.length + items.length, err);
    mdup_strbuf_free(&bits);
    mdup_strbuf_free(&items);
    return ok;
}

/* ---- looks ---- */

/* The signs as numbers of 8 bytes, and the hash of them and of whose they are. */
static uint64_t hash_look(const mdup_session_look *look, const void *signs, size_t length)
{
    uint64_t pair = mdup_mix((uint64_t)look->a, (uint64_t)look->b);
    return mdup_hash(mdup_mix(pair, (uint64_t)look->kind), signs, length);
}

static uint64_t get_u64(const uint8_t *bytes)
{
    return (uint64_t)mdup_get_u32(bytes) | (uint64_t)mdup_get_u32(bytes + 4) << 32;
}

static bool get_look(const mdup_query *q, size_t n_signs, mdup_session_look *look)
{
    *look = (mdup_session_look){
        .a = mdup_query_int(q, 0), .b = mdup_query_int(q, 1), .kind = (int)mdup_query_int(q, 2)};
    size_t length;
    const uint8_t *signs = mdup_query_blob(q, 3, &length);
    if (!signs || length != 8 * n_signs + 8 ||
        get_u64(signs + 8 * n_signs) != hash_look(look, signs, 8 * n_signs))
        return false;
    for (size_t i = 0; i < n_signs; i++)
        look->signs[i] = mdup_get_f64(signs + 8 * i);
    return true;
}

bool mdup_session_load_looks(mdup_session *s, int64_t comparison, size_t n_signs,
                             mdup_session_look **out, size_t *n, mdup_error **err)
{
    mdup_session_look *all = NULL;
    size_t count = 0, capacity = 0;
    bool ok = true;
    mdup_query q = mdup_query_begin(s->db, "SELECT a, b, kind, signs FROM looks WHERE "
                                           "comparison = ?1 ORDER BY a, b, kind");
    mdup_query_bind_int(&q, 1, comparison);
    while (ok && mdup_query_next(&q)) {
        ok = mdup_grow((void **)&all, &capacity, count + 1, sizeof *all, err);
        if (ok && get_look(&q, n_signs, &all[count]))
            count++;
    }
    ok = mdup_query_end(&q, ok ? err : NULL) && ok;
    if (!ok) {
        free(all);
        return false;
    }
    *out = all;
    *n = count;
    return true;
}

static bool insert_look(mdup_session *s, int64_t comparison, size_t n_signs,
                        const mdup_session_look *look, mdup_strbuf *bytes, mdup_error **err)
{
    mdup_strbuf_reset(bytes);
    for (size_t i = 0; i < n_signs; i++)
        mdup_put_f64(bytes, look->signs[i]);
    if (!mdup_strbuf_check(bytes, err))
        return false;
    uint64_t hash = hash_look(look, bytes->text, bytes->length);
    mdup_put_u32(bytes, (uint32_t)hash);
    mdup_put_u32(bytes, (uint32_t)(hash >> 32));
    if (!mdup_strbuf_check(bytes, err))
        return false;
    mdup_query q = mdup_query_begin(
        s->db,
        "INSERT OR REPLACE INTO looks (comparison, a, b, kind, signs) VALUES (?1, ?2, ?3, ?4, ?5)");
    mdup_query_bind_int(&q, 1, comparison);
    mdup_query_bind_int(&q, 2, look->a);
    mdup_query_bind_int(&q, 3, look->b);
    mdup_query_bind_int(&q, 4, look->kind);
    mdup_query_bind_blob(&q, 5, bytes->text, bytes->length);
    return mdup_query_finish(&q, err);
}

static bool insert_looks(mdup_session *s, int64_t comparison, size_t n_signs,
                         const mdup_session_look *looks, size_t n, mdup_error **err)
{
    mdup_strbuf bytes = MDUP_STRBUF_INIT;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = insert_look(s, comparison, n_signs, &looks[i], &bytes, err);
    mdup_strbuf_free(&bytes);
    return ok;
}

bool mdup_session_put_looks(mdup_session *s, int64_t comparison, size_t n_signs,
                            const mdup_session_look *looks, size_t n, mdup_error **err)
{
    return mdup_session_put_begin(s, err) &&
           mdup_session_put_end(s, insert_looks(s, comparison, n_signs, looks, n, err), n * 128,
                                err);
}
