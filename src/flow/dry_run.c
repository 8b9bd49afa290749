#include "flow/dry_run.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/path.h"
#include "formats/image_file.h"
#include "image/bin.h"
#include "image/condition.h"
#include "search/search.h"

enum { SHOWN_NAMES = 3 };

static void say_order(const mdup_catalog *c, const mdup_callbacks *callbacks)
{
    for (size_t i = 0; i < c->n && i < SHOWN_NAMES; i++)
        mdup_log(callbacks, MDUP_LOG_INFO, "  %zu  %s", i + 1, c->micrographs[i].name);
    if (c->n > SHOWN_NAMES)
        mdup_log(callbacks, MDUP_LOG_INFO, "  ...\n  %zu  %s", c->n, c->micrographs[c->n - 1].name);
}

/* Bytes of all files, and how many are not there. */
static int64_t add_up_files(const mdup_catalog *c, size_t *n_missing)
{
    int64_t bytes = 0;
    *n_missing = 0;
    for (size_t i = 0; i < c->n; i++) {
        int64_t of_file = mdup_path_bytes(c->micrographs[i].path);
        if (of_file >= 0)
            bytes += of_file;
        else
            ++*n_missing;
    }
    return bytes;
}

/* The header of the first micrograph that opens. */
static bool first_size(const mdup_catalog *c, mdup_mode0 mode0, int32_t *nx, int32_t *ny)
{
    for (size_t i = 0; i < c->n; i++) {
        mdup_image_file *file =
            mdup_image_open(c->micrographs[i].path, c->micrographs[i].slice, mode0, NULL);
        if (!file)
            continue;
        *nx = mdup_image_get_info(file)->nx;
        *ny = mdup_image_get_info(file)->ny;
        mdup_image_close(file);
        return true;
    }
    return false;
}

/* As if every file could be read and all had one size. */
static bool count_pairs(const mdup_screen_options *o, const mdup_catalog *c, int64_t *count,
                        mdup_error **err)
{
    size_t *order = mdup_calloc(c->n, sizeof *order, err);
    int64_t *group = order ? mdup_calloc(c->n, sizeof *group, err) : NULL;
    for (size_t i = 0; group && i < c->n; i++) {
        order[i] = i;
        group[i] = c->micrographs[i].optics_group;
    }
    mdup_search_frames frames = {.n = c->n,
                                 .order = order,
                                 .images_per_move = o->images_per_move,
                                 .images_per_hole = o->images_per_hole,
                                 .scan_range = o->scan_range,
                                 .group = o->same_optics_group ? group : NULL};
    bool ok = group && mdup_search_count_pairs(&frames, count, err);
    free(group);
    free(order);
    return ok;
}

static void say_comparison(const mdup_screen_options *o, const mdup_catalog *c, int32_t nx,
                           int32_t ny, int n_threads, int64_t n_pairs,
                           const mdup_search_budget *budget, const mdup_callbacks *callbacks)
{
    int32_t bin = o->bin > 0 ? o->bin : mdup_bin_auto(nx, ny);
    mdup_log(callbacks, MDUP_LOG_INFO, "%d x %d px, binned by %d to %d x %d", nx, ny, bin, nx / bin,
             ny / bin);
    double memory_bytes = mdup_search_memory_bytes(nx / bin, ny / bin, c->n, n_threads, budget);
    mdup_log(callbacks, MDUP_LOG_INFO,
             "%lld pairs to compare with %d thread%s, about %.0f MB of memory", (long long)n_pairs,
             n_threads, n_threads == 1 ? "" : "s", memory_bytes / 1e6);
    if (o->max_shift_px > 0)
        mdup_log(callbacks, MDUP_LOG_INFO, "shifts up to %g px of the micrograph are searched",
                 o->max_shift_px);
}

bool mdup_dry_run(const mdup_screen_options *o, const mdup_catalog *c, int n_threads,
                  const mdup_search_budget *budget, const mdup_callbacks *callbacks,
                  mdup_screen_summary *summary, mdup_error **err)
{
    say_order(c, callbacks);
    size_t n_missing;
    int64_t bytes = add_up_files(c, &n_missing);
    mdup_log(callbacks, MDUP_LOG_INFO, "%.1f GB to read", (double)bytes / 1e9);
    if (n_missing > 0)
        mdup_log(callbacks, MDUP_LOG_WARNING, "%zu of the files %s missing", n_missing,
                 n_missing == 1 ? "is" : "are");
    int32_t nx, ny;
    if (!count_pairs(o, c, &summary->n_pairs_compared, err))
        return false;
    summary->n_micrographs = (int64_t)c->n;
    if (first_size(c, (mdup_mode0)o->mode0, &nx, &ny))
        say_comparison(o, c, nx, ny, n_threads, summary->n_pairs_compared, budget, callbacks);
    else
        mdup_log(callbacks, MDUP_LOG_WARNING, "none of the micrographs can be opened");
    mdup_log(callbacks, MDUP_LOG_INFO, "Nothing was written (--dry-run)");
    return true;
}
