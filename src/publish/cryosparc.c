#include "publish/cryosparc.h"

#include <stdlib.h>

#include "base/alloc.h"

static int compare_uids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool is_removed(const mdup_results *r, size_t source, size_t micrograph)
{
    return r->catalog->micrographs[micrograph].source == source && r->decision->removed[micrograph];
}

/* The uids of the removed micrographs of a source, ascending. */
static uint64_t *removed_uids(const mdup_results *r, size_t source, size_t *n, mdup_error **err)
{
    uint64_t *uids = mdup_calloc(r->catalog->n, sizeof *uids, err);
    *n = 0;
    for (size_t i = 0; uids && i < r->catalog->n; i++)
        if (is_removed(r, source, i))
            uids[(*n)++] = r->catalog->micrographs[i].uid;
    if (uids)
        qsort(uids, *n, sizeof *uids, compare_uids);
    return uids;
}

/* One a record: whether it goes.  NULL with *err set. */
static bool *removed_records(const mdup_results *r, size_t source, const mdup_npy *npy,
                             mdup_error **err)
{
    size_t n;
    uint64_t *uids = removed_uids(r, source, &n, err);
    if (!uids)
        return NULL;
    const mdup_npy_field *field = mdup_npy_find(npy, "uid");
    bool *removed = mdup_calloc(npy->n_records, sizeof *removed, err);
    for (size_t i = 0; removed && i < npy->n_records; i++) {
        uint64_t uid;
        removed[i] = mdup_npy_uint(npy, field, i, 0, &uid) &&
                     bsearch(&uid, uids, n, sizeof uid, compare_uids) != NULL;
    }
    free(uids);
    return removed;
}

bool mdup_cs_selection(const mdup_results *r, size_t source, size_t part, bool only_removed,
                       mdup_strbuf *out, mdup_error **err)
{
    const mdup_npy *npy = r->catalog->sources[source].cs.parts[part].npy;
    bool *leave_out = removed_records(r, source, npy, err);
    if (!leave_out)
        return false;
    for (size_t i = 0; only_removed && i < npy->n_records; i++)
        leave_out[i] = !leave_out[i];
    bool ok = mdup_npy_write_without(npy, leave_out, out, err);
    free(leave_out);
    return ok;
}

static bool count_kept(const mdup_results *r, size_t source, size_t part, size_t *n_kept,
                       mdup_error **err)
{
    const mdup_npy *npy = r->catalog->sources[source].cs.parts[part].npy;
    bool *removed = removed_records(r, source, npy, err);
    if (!removed)
        return false;
    *n_kept = 0;
    for (size_t i = 0; i < npy->n_records; i++)
        *n_kept += !removed[i];
    free(removed);
    return true;
}

bool mdup_csg_selection(const mdup_results *r, size_t source, const char *const *names,
                        mdup_strbuf *out, mdup_error **err)
{
    const mdup_source *s = &r->catalog->sources[source];
    size_t *counts = mdup_calloc(s->csg->n, sizeof *counts, err);
    const char **metafiles = mdup_calloc(s->csg->n, sizeof *metafiles, err);
    bool ok = counts && metafiles;
    for (size_t i = 0; ok && i < s->csg->n; i++) {
        metafiles[i] = names[s->csg_parts[i]];
        ok = count_kept(r, source, s->csg_parts[i], &counts[i], err);
    }
    ok = ok && mdup_csg_write(s->csg, metafiles, counts, out, err);
    free(metafiles);
    free(counts);
    return ok;
}

void mdup_removed_uids(const mdup_results *r, mdup_strbuf *out)
{
    for (size_t i = 0; i < r->catalog->n; i++) {
        const mdup_micrograph *m = &r->catalog->micrographs[i];
        if (r->decision->removed[i] && r->catalog->sources[m->source].kind == MDUP_SOURCE_CS)
            mdup_strbuf_printf(out, "%llu\n", (unsigned long long)m->uid);
    }
}
