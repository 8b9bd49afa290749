#include "formats/cs_uids.h"

#include <stdlib.h>

#include "base/alloc.h"

static int compare_uids(const void *a, const void *b)
{
    const mdup_cs_uid *x = a, *y = b;
    if (x->uid != y->uid)
        return x->uid < y->uid ? -1 : 1;
    return x->record < y->record ? -1 : x->record > y->record;
}

static bool refuse_repeated(const mdup_cs_uids *uids, const char *name, mdup_error **err)
{
    for (size_t i = 1; i < uids->n; i++)
        if (uids->sorted[i - 1].uid == uids->sorted[i].uid)
            return mdup_fail(err, MDUP_ERROR_PARSE,
                             "%s: records %zu and %zu have the same uid %llu; cryoSPARC tells "
                             "records by it",
                             name, uids->sorted[i - 1].record + 1, uids->sorted[i].record + 1,
                             (unsigned long long)uids->sorted[i].uid);
    return true;
}

bool mdup_cs_uids_find(const mdup_npy *npy, const char *name, mdup_cs_uids *out, mdup_error **err)
{
    const mdup_npy_field *field = mdup_npy_find(npy, "uid");
    if (!field || field->type != MDUP_NPY_UNSIGNED || field->n_items != 1)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: has no field uid, by which cryoSPARC tells its records", name);
    mdup_cs_uids uids = {.n = npy->n_records};
    uids.sorted = mdup_calloc(uids.n, sizeof *uids.sorted, err);
    if (!uids.sorted)
        return false;
    for (size_t i = 0; i < uids.n; i++) {
        uids.sorted[i].record = i;
        (void)!mdup_npy_uint(npy, field, i, 0, &uids.sorted[i].uid);
    }
    qsort(uids.sorted, uids.n, sizeof *uids.sorted, compare_uids);
    if (!refuse_repeated(&uids, name, err)) {
        mdup_cs_uids_clear(&uids);
        return false;
    }
    *out = uids;
    return true;
}

void mdup_cs_uids_clear(mdup_cs_uids *uids)
{
    free(uids->sorted);
    *uids = (mdup_cs_uids){0, NULL};
}

ptrdiff_t mdup_cs_uids_record(const mdup_cs_uids *uids, uint64_t uid)
{
    size_t low = 0, high = uids->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (uids->sorted[middle].uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < uids->n && uids->sorted[low].uid == uid;
    return found ? (ptrdiff_t)uids->sorted[low].record : -1;
}
