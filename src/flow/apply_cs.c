/* cryoSPARC's tables without the removed micrographs. */
#include <stdlib.h>

#include "base/alloc.h"
#include "flow/apply_files.h"

/* Where a record tells its micrograph.  Its uid is that of the exposure, whatever was made of it, and so goes before its path. */
typedef struct {
    const mdup_naming *naming;
    const mdup_cs_files *files;
    const char *argument;
    mdup_cs_column uid, path;
    bool is_particles;
    size_t *
        name_of; /* a record each: its path among the names; SIZE_MAX: it has none, or was known by its uid */
    ptrdiff_t *micrograph; /* a record each, -1: none; borrowed */
    mdup_intern names;
    struct uid_entry *uids; /* of the session's micrographs, by uid */
    size_t n_uids;
} cs_job;

struct uid_entry {
    uint64_t uid;
    size_t micrograph;
};

static int by_uid(const void *left, const void *right)
{
    const struct uid_entry *l = left, *r = right;
    return l->uid < r->uid ? -1 : l->uid > r->uid;
}

static bool list_uids(cs_job *j, mdup_error **err)
{
    const mdup_screened *s = j->naming->screened;
    j->uids = mdup_calloc(s->n, sizeof *j->uids, err);
    if (!j->uids)
        return false;
    for (size_t i = 0; i < s->n; i++)
        if (s->micrographs[i].uid != 0)
            j->uids[j->n_uids++] = (struct uid_entry){s->micrographs[i].uid, i};
    if (j->n_uids > 1)
        qsort(j->uids, j->n_uids, sizeof *j->uids, by_uid);
    return true;
}

static ptrdiff_t find_uid(const cs_job *j, uint64_t uid)
{
    struct uid_entry sought = {uid, 0};
    const struct uid_entry *found =
        j->n_uids > 0 ? bsearch(&sought, j->uids, j->n_uids, sizeof sought, by_uid) : NULL;
    return found ? (ptrdiff_t)found->micrograph : -1;
}

/* A table of particles has uids of the particles, and tells those of the micrographs, if at all, beside. */
static bool find_columns(cs_job *j, mdup_error **err)
{
    static const char *const prefixes[] = {"micrograph_blob/", "micrograph_blob_non_dw/",
                                           "movie_blob/"};
    j->path = mdup_cs_files_find(j->files, "location/", "micrograph_path");
    j->uid = mdup_cs_files_find(j->files, "location/", "micrograph_uid");
    j->is_particles =
        j->path.part || j->uid.part || mdup_cs_files_find(j->files, "blob/", "path").part;
    for (size_t i = 0; i < 3 && !j->is_particles && !j->path.part; i++)
        j->path = mdup_cs_files_find(j->files, prefixes[i], "path");
    if (!j->is_particles)
        j->uid = mdup_cs_files_find(j->files, "", "uid");
    return j->path.part || j->uid.part ||
           mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: names no micrographs; give the file that has location/micrograph_path "
                     "together with it, often the passthrough: particles.cs,J5_passthrough_"
                     "particles.cs",
                     j->argument);
}

static ptrdiff_t micrograph_by_uid(const cs_job *j, size_t record)
{
    uint64_t uid;
    ptrdiff_t at = mdup_cs_files_record(j->uid, record);
    if (at < 0 || !mdup_npy_uint(j->uid.part->npy, j->uid.field, (size_t)at, 0, &uid))
        return -1;
    return find_uid(j, uid);
}

static bool read_record(cs_job *j, size_t record, mdup_strbuf *text, mdup_error **err)
{
    j->name_of[record] = SIZE_MAX;
    j->micrograph[record] = micrograph_by_uid(j, record);
    ptrdiff_t at = mdup_cs_files_record(j->path, record);
    if (j->micrograph[record] >= 0 || at < 0)
        return true;
    return mdup_cs_files_path(j->path, (size_t)at, text, err) &&
           mdup_intern_add(&j->names, text->text, text->length, &j->name_of[record], err);
}

static bool read_records(cs_job *j, size_t n, mdup_error **err)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    j->name_of = mdup_calloc(n, sizeof *j->name_of, err);
    bool ok = j->name_of != NULL;
    for (size_t i = 0; ok && i < n; i++)
        ok = read_record(j, i, &text, err);
    mdup_strbuf_free(&text);
    return ok;
}

static bool match_paths(cs_job *j, size_t n, mdup_error **err)
{
    ptrdiff_t *micrograph = mdup_calloc(j->names.n, sizeof *micrograph, err);
    bool ok = micrograph && mdup_naming_match(j->naming, j->argument, &j->names, micrograph, err);
    for (size_t i = 0; ok && i < n; i++)
        if (j->name_of[i] != SIZE_MAX)
            j->micrograph[i] = micrograph[j->name_of[i]];
    free(micrograph);
    return ok;
}

bool mdup_micrographs_of_cs(const mdup_naming *naming, const mdup_cs_files *files,
                            const char *argument, ptrdiff_t *micrograph, bool *is_particles,
                            mdup_error **err)
{
    cs_job j = {.naming = naming, .files = files, .argument = argument, .micrograph = micrograph};
    size_t n = files->parts[0].npy->n_records;
    bool ok = list_uids(&j, err) && find_columns(&j, err) && read_records(&j, n, err) &&
              match_paths(&j, n, err);
    *is_particles = j.is_particles;
    free(j.name_of);
    free(j.uids);
    mdup_intern_clear(&j.names);
    return ok;
}

bool mdup_apply_to_cs(const mdup_naming *naming, const mdup_cs_files *files, const char *argument,
                      bool *leave_out, mdup_apply_counts *counts, mdup_error **err)
{
    size_t n = files->parts[0].npy->n_records;
    bool is_particles;
    ptrdiff_t *micrograph = mdup_calloc(n, sizeof *micrograph, err);
    bool ok = micrograph &&
              mdup_micrographs_of_cs(naming, files, argument, micrograph, &is_particles, err);
    if (ok)
        *counts = (mdup_apply_counts){.kind = is_particles ? "particles" : "exposures"};
    for (size_t i = 0; ok && i < n; i++) {
        ptrdiff_t m = micrograph[i];
        leave_out[i] = m >= 0 && naming->screened->micrographs[m].is_removed;
        counts->n_rows++;
        counts->n_of_session += m >= 0;
        counts->n_removed += leave_out[i];
    }
    free(micrograph);
    return ok;
}
