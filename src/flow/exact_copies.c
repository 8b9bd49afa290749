#include "flow/exact_copies.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "search/search.h"

/* Copies make no question of chance: log10 of an E-value below anything a score can reach. */
static const double EVALUE_OF_COPY = -9999, SCORE_OF_COPY = 999;

mdup_pair mdup_pair_of_equals(size_t a, size_t b)
{
    return (mdup_pair){.a = a,
                       .b = b,
                       .overlap = 1,
                       .ccc = 1,
                       .score = SCORE_OF_COPY,
                       .log10_evalue = EVALUE_OF_COPY};
}

/* ---- who may be a copy of whom ---- */

typedef struct {
    mdup_signature signature;
    int32_t short_px, long_px; /* the sides, however the image lies */
    int64_t group;             /* of optics, when only such pairs are asked for; else 0 */
    size_t index;
} key;

static key key_of(const mdup_reading *r, int64_t group, size_t index)
{
    bool portrait = r->ny > r->nx;
    return (key){r->signature, portrait ? r->nx : r->ny, portrait ? r->ny : r->nx, group, index};
}

static int compare_kinds(const key *l, const key *r)
{
    if (l->signature.values != r->signature.values)
        return l->signature.values < r->signature.values ? -1 : 1;
    if (l->signature.mixed != r->signature.mixed)
        return l->signature.mixed < r->signature.mixed ? -1 : 1;
    if (l->short_px != r->short_px)
        return l->short_px < r->short_px ? -1 : 1;
    if (l->long_px != r->long_px)
        return l->long_px < r->long_px ? -1 : 1;
    return l->group < r->group ? -1 : l->group > r->group;
}

static int by_kind_then_index(const void *left, const void *right)
{
    const key *l = left, *r = right;
    int kinds = compare_kinds(l, r);
    return kinds != 0 ? kinds : l->index < r->index ? -1 : l->index > r->index;
}

/* ---- proof ---- */

typedef struct {
    const mdup_catalog *catalog;
    const mdup_reading *readings;
    const mdup_screen_options *options;
    const mdup_recall *recall; /* NULL: nothing is kept */
    const mdup_callbacks *callbacks;
    mdup_exact_copy *copies;
} job;

static bool read_pixels(mdup_image_file *file, const mdup_image_info *info, float *pixels,
                        mdup_signature *signature, mdup_error **err)
{
    for (int32_t y = 0; y < info->ny; y++) {
        float *row = pixels + (ptrdiff_t)(info->top_down ? info->ny - 1 - y : y) * info->nx;
        if (!mdup_image_read_rows(file, 1, row, err))
            return false;
        mdup_signature_add(signature, row, (size_t)info->nx);
    }
    return true;
}

static float *load_open_file(mdup_image_file *file, const char *path, const mdup_reading *r,
                             mdup_error **err)
{
    const mdup_image_info *info = mdup_image_get_info(file);
    mdup_signature now = {0};
    float *pixels = NULL;
    if (info->nx == r->nx && info->ny == r->ny) {
        pixels = mdup_alloc_aligned((size_t)r->nx * (size_t)r->ny, sizeof *pixels, err);
        if (!pixels || !read_pixels(file, info, pixels, &now, err)) {
            free(pixels);
            return NULL;
        }
    }
    if (pixels && mdup_signature_equal(&now, &r->signature))
        return pixels;
    free(pixels);
    (void)mdup_fail(err, MDUP_ERROR_INVALID, "%s: has changed since it was read", path);
    return NULL;
}

/* The image as it was read before, row 0 at the bottom.  *pixels is NULL, with a warning, when there is no such image any more. */
static bool load(const job *j, size_t index, float **pixels, mdup_error **err)
{
    const mdup_micrograph *m = &j->catalog->micrographs[index];
    mdup_error *failed = NULL;
    mdup_image_file *file =
        mdup_image_open(m->path, m->slice, (mdup_mode0)j->options->mode0, &failed);
    *pixels = file ? load_open_file(file, m->path, &j->readings[index], &failed) : NULL;
    mdup_image_close(file);
    if (*pixels)
        return true;
    if (mdup_error_get_code(failed) == MDUP_ERROR_NOMEM)
        return mdup_error_move(err, &failed);
    mdup_log(j->callbacks, MDUP_LOG_WARNING,
             "%s; whether it is an exact copy of another micrograph is not known",
             mdup_error_get_message(failed));
    mdup_error_clear(&failed);
    return true;
}

static bool is_asked_for(const mdup_screen_options *o, size_t a, size_t b)
{
    const size_t order[2] = {a, b};
    mdup_search_frames two = {.n = 2,
                              .order = order,
                              .images_per_move = o->images_per_move,
                              .images_per_hole = o->images_per_hole,
                              .scan_range = o->scan_range};
    return mdup_search_wants(&two, 0, 1);
}

static bool check_stop(const job *j, mdup_error **err)
{
    const mdup_callbacks *cb = j->callbacks;
    return !(cb && cb->stop && cb->stop(cb->user)) ||
           mdup_fail(err, MDUP_ERROR_ABORTED, "stopped on request");
}

/* ---- what is known of two ---- */

typedef enum { NOT_KNOWN, COPY, OTHER } verdict;

static bool recall_verdict(const job *j, size_t first, size_t index, verdict *out, mdup_error **err)
{
    *out = NOT_KNOWN;
    if (!j->recall)
        return true;
    bool known, is_copy;
    mdup_orientation orientation = MDUP_ORIENTATION_SAME;
    if (!mdup_session_get_copy(j->recall->session, j->recall->entries[first].id,
                               j->recall->entries[index].id, &known, &is_copy, &orientation, err))
        return false;
    if (known && is_copy)
        j->copies[index] = (mdup_exact_copy){first, orientation};
    *out = !known ? NOT_KNOWN : is_copy ? COPY : OTHER;
    return true;
}

static bool keep_verdict(const job *j, size_t first, size_t index, bool is_copy, mdup_error **err)
{
    return !j->recall || mdup_session_put_copy(j->recall->session, j->recall->entries[first].id,
                                               j->recall->entries[index].id, is_copy,
                                               j->copies[index].orientation, err);
}

/* An image that cannot be read stays NOT_KNOWN, and is not asked again. */
static bool compare_with_first(const job *j, size_t first, const float *first_pixels, size_t index,
                               verdict *out, mdup_error **err)
{
    float *pixels;
    if (!check_stop(j, err) || !load(j, index, &pixels, err))
        return false;
    if (!pixels)
        return true;
    const mdup_reading *a = &j->readings[first], *b = &j->readings[index];
    mdup_orientation orientation;
    bool is_copy =
        mdup_orientation_find(first_pixels, a->nx, a->ny, pixels, b->nx, b->ny, &orientation);
    if (is_copy)
        j->copies[index] = (mdup_exact_copy){first, orientation};
    *out = is_copy ? COPY : OTHER;
    free(pixels);
    return keep_verdict(j, first, index, is_copy, err);
}

/* Fills in a verdict for each of n keys but the first, as far as the session knows it.  *needs_pixels: it does not of some that are asked for. */
static bool recall_verdicts(const job *j, const key *keys, size_t n, verdict *verdicts,
                            bool *needs_pixels, mdup_error **err)
{
    *needs_pixels = false;
    for (size_t i = 1; i < n; i++) {
        if (!is_asked_for(j->options, keys[0].index, keys[i].index))
            continue;
        if (!recall_verdict(j, keys[0].index, keys[i].index, &verdicts[i], err))
            return false;
        *needs_pixels = *needs_pixels || verdicts[i] == NOT_KNOWN;
    }
    return true;
}

/* The rest of them, from the files.  *first_is_gone: they stay as they are. */
static bool find_verdicts(const job *j, const key *keys, size_t n, verdict *verdicts,
                          bool *first_is_gone, mdup_error **err)
{
    bool needs_pixels;
    *first_is_gone = false;
    if (!recall_verdicts(j, keys, n, verdicts, &needs_pixels, err))
        return false;
    if (!needs_pixels)
        return true;
    size_t first = keys[0].index;
    float *pixels;
    if (!load(j, first, &pixels, err))
        return false;
    *first_is_gone = !pixels;
    bool ok = true;
    for (size_t i = 1; ok && pixels && i < n; i++)
        if (verdicts[i] == NOT_KNOWN && is_asked_for(j->options, first, keys[i].index))
            ok = compare_with_first(j, first, pixels, keys[i].index, &verdicts[i], err);
    free(pixels);
    return ok;
}

/* Compares the first of n keys with the others.  Those it does not settle stay, *n_left of them behind the first. */
static bool settle_first(const job *j, key *keys, size_t n, size_t *n_left, mdup_error **err)
{
    verdict *verdicts = mdup_calloc(n, sizeof *verdicts, err);
    bool first_is_gone;
    if (!verdicts || !find_verdicts(j, keys, n, verdicts, &first_is_gone, err)) {
        free(verdicts);
        return false;
    }
    size_t left = 0;
    for (size_t i = 1; i < n; i++)
        if (verdicts[i] == OTHER || (verdicts[i] == NOT_KNOWN && first_is_gone))
            keys[1 + left++] = keys[i];
    free(verdicts);
    *n_left = left;
    return true;
}

/* Keys of one kind.  One round does, unless images differ in spite of equal signatures or the first is gone. */
static bool settle_kind(const job *j, key *keys, size_t n, mdup_error **err)
{
    while (n > 1) {
        size_t n_left;
        if (!settle_first(j, keys, n, &n_left, err))
            return false;
        keys++;
        n = n_left;
    }
    return true;
}

bool mdup_exact_copies_find(const mdup_catalog *catalog, const mdup_reading *readings,
                            const mdup_screen_options *options, const mdup_recall *recall,
                            const mdup_callbacks *callbacks, mdup_exact_copy *copies,
                            mdup_error **err)
{
    key *keys = mdup_calloc(catalog->n, sizeof *keys, err);
    if (!keys)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < catalog->n; i++) {
        copies[i] = (mdup_exact_copy){i, MDUP_ORIENTATION_SAME};
        int64_t group = options->same_optics_group ? catalog->micrographs[i].optics_group : 0;
        if (mdup_reading_has_frame(&readings[i]))
            keys[n++] = key_of(&readings[i], group, i);
    }
    qsort(keys, n, sizeof *keys, by_kind_then_index);
    job j = {catalog, readings, options, recall, callbacks, copies};
    bool ok = true;
    for (size_t begin = 0, end; ok && begin < n; begin = end) {
        for (end = begin + 1; end < n && compare_kinds(&keys[begin], &keys[end]) == 0;)
            end++;
        ok = settle_kind(&j, keys + begin, end - begin, err);
    }
    free(keys);
    return ok;
}

/* ---- among the other pairs ---- */

static mdup_pair pair_of_copies(const mdup_exact_copy *copies, size_t a, size_t b)
{
    mdup_pair pair = mdup_pair_of_equals(a, b);
    pair.is_copy = true;
    pair.orientation = mdup_orientation_between(copies[a].orientation, copies[b].orientation);
    return pair;
}

/* Pairs with the first of a kind are taken out, those of other copies of one kind get their name. */
static size_t name_copies(const mdup_exact_copy *copies, mdup_pair *pairs, size_t n)
{
    size_t kept = 0;
    for (size_t p = 0; p < n; p++) {
        size_t a = pairs[p].a, b = pairs[p].b;
        if (copies[b].first == a)
            continue;
        bool is_copy = copies[a].first == copies[b].first;
        pairs[kept++] = is_copy ? pair_of_copies(copies, a, b) : pairs[p];
    }
    return kept;
}

bool mdup_exact_copies_merge(const mdup_exact_copy *copies, size_t n_micrographs, mdup_pair **pairs,
                             size_t *n_pairs, size_t *capacity, mdup_error **err)
{
    size_t n_copies = 0;
    for (size_t i = 0; i < n_micrographs; i++)
        n_copies += copies[i].first != i;
    if (n_copies == 0)
        return true;
    if (!mdup_grow((void **)pairs, capacity, *n_pairs + n_copies, sizeof **pairs, err))
        return false;
    *n_pairs = name_copies(copies, *pairs, *n_pairs);
    for (size_t i = 0; i < n_micrographs; i++)
        if (copies[i].first != i)
            (*pairs)[(*n_pairs)++] = pair_of_copies(copies, copies[i].first, i);
    return true;
}
