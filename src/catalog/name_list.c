#include "catalog/name_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/path.h"
#include "catalog/names.h"
#include "catalog/order.h"

bool mdup_name_list_add(mdup_name_list *list, const char *name, mdup_error **err)
{
    if (!mdup_grow((void **)&list->names, &list->capacity, list->n + 1, sizeof *list->names, err))
        return false;
    char *copy = mdup_strdup(name, err);
    if (!copy)
        return false;
    list->names[list->n++] = copy;
    return true;
}

void mdup_name_list_free(mdup_name_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->names[i]);
    free(list->names);
    *list = (mdup_name_list){NULL, 0, 0};
}

static int compare_names(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    return mdup_natural_compare(x, strlen(x), y, strlen(y));
}

void mdup_name_list_sort(mdup_name_list *list)
{
    if (list->n > 0)
        qsort(list->names, list->n, sizeof *list->names, compare_names);
}

/* ---- power spectra and halves ---- */

/* Frees the names for which keep is false and closes the gaps. */
static void compact(mdup_name_list *list, const bool *keep)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->n; i++) {
        if (keep[i])
            list->names[kept++] = list->names[i];
        else
            free(list->names[i]);
    }
    list->n = kept;
}

static void drop_odd(mdup_name_list *list, bool *keep, const char *input, bool keep_all,
                     const mdup_callbacks *callbacks)
{
    size_t n_spectra = 0, n_halves = 0;
    for (size_t i = 0; i < list->n; i++) {
        mdup_name name;
        mdup_name_parse(list->names[i], &name);
        n_spectra += name.is_power_spectrum;
        n_halves += !name.is_power_spectrum && name.is_half;
        keep[i] = !name.is_power_spectrum && !name.is_half;
    }
    size_t n_odd = n_spectra + n_halves;
    if (n_odd == 0 || (keep_all && n_odd == list->n))
        return;
    mdup_log(callbacks, MDUP_LOG_INFO,
             "%s: left out %zu power spectra (_PS) and %zu half images (_EVN, _ODD)", input,
             n_spectra, n_halves);
    compact(list, keep);
}

/* ---- versions of one micrograph ---- */

typedef struct {
    const char *name;
    size_t index;           /* in the list */
    size_t folder_and_base; /* bytes of name that its versions share */
    int rank;               /* less is better */
} version;

static int rank_version(const mdup_name *name)
{
    return (name->is_raw ? 64 : 0) + (name->is_tiff ? 32 : 0) + 2 * (int)name->variant +
           (name->is_compressed ? 1 : 0);
}

static int compare_micrographs(const version *x, const version *y)
{
    size_t shorter =
        x->folder_and_base < y->folder_and_base ? x->folder_and_base : y->folder_and_base;
    int order = memcmp(x->name, y->name, shorter);
    if (order != 0)
        return order;
    return (x->folder_and_base > y->folder_and_base) - (x->folder_and_base < y->folder_and_base);
}

static int compare_versions(const void *a, const void *b)
{
    const version *x = a, *y = b;
    int order = compare_micrographs(x, y);
    if (order != 0)
        return order;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static version *sorted_versions(const mdup_name_list *list, mdup_error **err)
{
    version *versions = mdup_calloc(list->n, sizeof *versions, err);
    for (size_t i = 0; versions && i < list->n; i++) {
        mdup_name name;
        mdup_name_parse(list->names[i], &name);
        versions[i] =
            (version){list->names[i], i, name.base.begin + name.base.length, rank_version(&name)};
    }
    if (versions && list->n > 0)
        qsort(versions, list->n, sizeof *versions, compare_versions);
    return versions;
}

static void drop_versions(const mdup_name_list *list, const version *versions, bool *keep,
                          const char *input, const mdup_callbacks *callbacks)
{
    size_t n_micrographs = 0, best = 0;
    const version *taken = NULL, *left = NULL;
    for (size_t i = 0; i < list->n; i++) {
        bool is_first = i == 0 || compare_micrographs(&versions[best], &versions[i]) != 0;
        if (is_first)
            best = i;
        /* The same name given twice is no other version; the list of micrographs tells of it. */
        keep[versions[i].index] = is_first || strcmp(versions[i].name, versions[best].name) == 0;
        if (keep[versions[i].index])
            continue;
        n_micrographs += left == NULL || compare_micrographs(left, &versions[i]) != 0;
        taken = taken ? taken : &versions[best];
        left = &versions[i];
    }
    if (n_micrographs == 0)
        return;
    for (left = taken; keep[left->index]; left++)
        ;
    mdup_log(
        callbacks, MDUP_LOG_WARNING,
        "%s: %zu micrograph%s in more than one version; took the likes of %s and left those of "
        "%s; give a list or a pattern in quotes to choose otherwise",
        input, n_micrographs, n_micrographs == 1 ? " is there" : "s are there",
        mdup_path_base(taken->name), mdup_path_base(left->name));
}

bool mdup_name_list_select(mdup_name_list *list, const char *input, bool keep_odd,
                           const mdup_callbacks *callbacks, mdup_error **err)
{
    bool *keep = mdup_calloc(list->n, sizeof *keep, err);
    if (!keep)
        return false;
    drop_odd(list, keep, input, keep_odd, callbacks);
    version *versions = sorted_versions(list, err);
    if (versions) {
        drop_versions(list, versions, keep, input, callbacks);
        compact(list, keep);
    }
    bool ok = versions != NULL;
    free(versions);
    free(keep);
    return ok;
}
