/* Micrographs from a folder, a pattern or the command line. */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "catalog/build.h"
#include "catalog/name_list.h"
#include "catalog/names.h"
#include "formats/image_file.h"

static bool is_image_name(const char *name)
{
    mdup_name parts;
    mdup_name_parse(name, &parts);
    return parts.has_image_extension;
}

/* Files that are known to exist under just these names. */
static bool add_files(mdup_builder *b, const mdup_name_list *list, mdup_error **err)
{
    for (size_t i = 0; i < list->n; i++) {
        mdup_micrograph *m =
            mdup_builder_add_micrograph(b, list->names[i], strlen(list->names[i]), i, err);
        if (!m)
            return false;
        m->path = mdup_strdup(m->name, err);
        if (!m->path)
            return false;
    }
    return true;
}

/* ---- folder ---- */

/* *name becomes the next entry's name, valid until the next call, or NULL at the end. */
static bool next_entry(DIR *directory, const char *path, const char **name, mdup_error **err)
{
    errno = 0;
    const struct dirent *entry = readdir(directory);
    if (!entry && errno)
        return mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno));
    *name = entry ? entry->d_name : NULL;
    return true;
}

static bool list_images(DIR *directory, const char *path, mdup_name_list *list, mdup_error **err)
{
    for (;;) {
        const char *name = NULL;
        if (!next_entry(directory, path, &name, err))
            return false;
        if (!name)
            return true;
        if (name[0] == '.' || !is_image_name(name))
            continue;
        char *joined = mdup_path_join(path, name, err);
        bool ok = joined && mdup_name_list_add(list, joined, err);
        free(joined);
        if (!ok)
            return false;
    }
}

static bool list_folder(const char *path, mdup_name_list *list, mdup_error **err)
{
    DIR *directory = opendir(path);
    if (!directory)
        return mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    bool ok = list_images(directory, path, list, err);
    closedir(directory);
    mdup_name_list_sort(list);
    return ok;
}

/* Users give the folder of a job and mean the list in it.  *list becomes that list, or NULL. */
static bool find_list(const char *folder, char **list, mdup_error **err)
{
    static const char *const names[] = {"micrographs_ctf.star", "corrected_micrographs.star",
                                        "micrographs.star"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        *list = mdup_path_join(folder, names[i], err);
        if (!*list)
            return false;
        if (mdup_path_is_file(*list))
            return true;
        free(*list);
    }
    *list = NULL;
    return true;
}

static bool fail_no_images(const char *path, mdup_error **err)
{
    char *list;
    if (!find_list(path, &list, err))
        return false;
    if (list)
        (void)mdup_fail(err, MDUP_ERROR_INVALID,
                        "%s: no micrographs in this folder itself; give the list in it, %s", path,
                        list);
    else
        (void)mdup_fail(err, MDUP_ERROR_INVALID,
                        "%s: no micrographs (.mrc, .map, .tif, .tiff, also .gz or .bz2) in this "
                        "folder; the folders in it are not searched, a pattern such as "
                        "'%s%s*/*.mrc' in quotes does that",
                        path, path, path[strlen(path) - 1] == '/' ? "" : "/");
    free(list);
    return false;
}

bool mdup_add_folder(mdup_builder *b, const char *path, mdup_error **err)
{
    mdup_name_list list = {NULL, 0, 0};
    bool ok = mdup_builder_add_source(b, MDUP_SOURCE_FOLDER, path, err) &&
              list_folder(path, &list, err) &&
              mdup_name_list_select(&list, path, false, b->callbacks, err) &&
              (list.n > 0 || fail_no_images(path, err)) && add_files(b, &list, err);
    mdup_name_list_free(&list);
    return ok;
}

/* ---- pattern ---- */

static bool fail_glob(int reason, const char *pattern, mdup_error **err)
{
    if (reason == GLOB_NOSPACE)
        return mdup_fail_nomem(err);
    if (reason == GLOB_NOMATCH)
        return mdup_fail(err, MDUP_ERROR_MISSING,
                         "%s: no file matches this pattern; it is relative to the current folder, "
                         "and stands in quotes on the command line",
                         pattern);
    return mdup_fail(err, MDUP_ERROR_IO, "%s: a folder of this pattern cannot be read", pattern);
}

static bool take_matches(const glob_t *found, const char *pattern, mdup_name_list *list,
                         mdup_error **err)
{
    for (size_t i = 0; i < found->gl_pathc; i++)
        if (is_image_name(found->gl_pathv[i]) && !mdup_name_list_add(list, found->gl_pathv[i], err))
            return false;
    if (list->n == 0)
        return mdup_fail(
            err, MDUP_ERROR_INVALID,
            "%s: the pattern matches %zu names, none of them a micrograph (.mrc, .map, "
            ".tif, .tiff, also .gz or .bz2); several STAR files are given by name, or "
            "by a pattern without quotes",
            pattern, (size_t)found->gl_pathc);
    mdup_name_list_sort(list);
    return true;
}

static bool list_matches(const char *pattern, mdup_name_list *list, mdup_error **err)
{
    glob_t found;
    /* GLOB_MARK makes folders end in '/', so that they are no images; glob's own sorting is the
     * locale's. */
    int reason = glob(pattern, GLOB_NOSORT | GLOB_MARK, NULL, &found);
    if (reason != 0)
        return fail_glob(reason, pattern, err);
    bool ok = take_matches(&found, pattern, list, err);
    globfree(&found);
    return ok;
}

bool mdup_add_glob(mdup_builder *b, const char *pattern, mdup_error **err)
{
    mdup_name_list list = {NULL, 0, 0};
    bool ok = mdup_builder_add_source(b, MDUP_SOURCE_GLOB, pattern, err) &&
              list_matches(pattern, &list, err) &&
              mdup_name_list_select(&list, pattern, true, b->callbacks, err) &&
              add_files(b, &list, err);
    mdup_name_list_free(&list);
    return ok;
}

/* ---- the command line ---- */

static bool list_images_given(const char *const *paths, size_t n, mdup_name_list *list,
                              mdup_error **err)
{
    for (size_t i = 0; i < n; i++)
        if (!mdup_name_list_add(list, paths[i], err))
            return false;
    return true;
}

/* A file of just that name goes before RELION's reading of it as "N@stack" or "x.ctf:mrc". */
static bool split_names(mdup_builder *b, size_t first, mdup_error **err)
{
    for (size_t i = first; i < b->catalog->n; i++) {
        mdup_micrograph *m = &b->catalog->micrographs[i];
        if (!strpbrk(m->name, "@:") || mdup_path_is_file(m->name))
            continue;
        char *file;
        if (!mdup_image_split_name(m->name, &file, &m->slice, err))
            return false;
        free(m->path);
        m->path = file;
    }
    return true;
}

bool mdup_add_images(mdup_builder *b, const char *const *paths, size_t n, mdup_error **err)
{
    mdup_name_list list = {NULL, 0, 0};
    size_t first = b->catalog->n;
    bool ok = mdup_builder_add_source(b, MDUP_SOURCE_IMAGE, paths[0], err) &&
              list_images_given(paths, n, &list, err) &&
              mdup_name_list_select(&list, n > 1 ? "the command line" : paths[0], true,
                                    b->callbacks, err) &&
              add_files(b, &list, err) && split_names(b, first, err);
    mdup_name_list_free(&list);
    return ok;
}
