/* From the name in a list to the file on the disk. */
#ifndef MDUP_CATALOG_RESOLVE_H
#define MDUP_CATALOG_RESOLVE_H

#include "catalog/build.h"

enum { MDUP_RESOLVER_MAX_roots = 3 };

/* The folders a name may be relative to, "." being the current one.  Names of one list mostly share
 * theirs, and on a network file system every question costs: the root of the last name found is
 * asked first. */
typedef struct {
    char *roots[MDUP_RESOLVER_MAX_roots];
    size_t n_roots;
    size_t last;
    size_t n_found, n_missing;
    char *first_missing;
} mdup_resolver;

/* Files that mark the top folder of a project of RELION and of cryoSPARC. */
#define MDUP_RELION_PROJECT "default_pipeline.star"
#define MDUP_CRYOSPARC_PROJECT "project.json"

/** Roots for the names in the list at `path`: with project_dir that and then the current folder;
 * else the current folder, the nearest folder upwards from the list that holds project_mark (NULL:
 * such lists belong to no project) and the folder of the list.  Free with mdup_resolver_free, also
 * after a failure (NOMEM). */
bool mdup_resolver_init(mdup_resolver *r, const char *path, const char *project_mark,
                        const char *project_dir, mdup_error **err) MDUP_MUST_CHECK;
void mdup_resolver_free(mdup_resolver *r);

/** Sets path and slice of a micrograph from its name ("N@stack" and a forced format allowed); to a
 * folder of that name when there is no such file, and to the name's own file when there is nothing
 * anywhere. */
bool mdup_resolver_find(mdup_resolver *r, mdup_micrograph *m, mdup_error **err) MDUP_MUST_CHECK;

/** A warning when files were missing and none was found: the names are relative to another folder.
 * Single missing files are told when they are to be read. */
void mdup_resolver_warn(const mdup_resolver *r, const char *path, const mdup_callbacks *callbacks);

#endif
