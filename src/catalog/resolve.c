#include "catalog/resolve.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "formats/image_file.h"

static bool add_root(mdup_resolver *r, char *root)
{
    if (!root)
        return false;
    for (size_t i = 0; i < r->n_roots; i++) {
        if (strcmp(r->roots[i], root) == 0) {
            free(root);
            return true;
        }
    }
    r->roots[r->n_roots++] = root;
    return true;
}

/* Takes "." and "x/.." out of an absolute path, in place. */
static void shorten(char *path)
{
    char *out = path; /* behind what is kept; a '/' comes next */
    for (char *at = path; *at;) {
        size_t length = strcspn(at + 1, "/");
        bool is_here = length == 0 || (length == 1 && at[1] == '.');
        bool is_up = length == 2 && at[1] == '.' && at[2] == '.';
        if (is_up) {
            while (out > path && *--out != '/')
                ;
        } else if (!is_here) {
            memmove(out, at, length + 1);
            out += length + 1;
        }
        at += length + 1;
    }
    if (out == path)
        *out++ = '/';
    *out = '\0';
}

/* The folder as an absolute path, by its letters: a job's folder may be a link to a scratch disk,
 * and the project is above the link, not above what it points to.  NULL without an error when there
 * is no current folder. */
static char *absolute_folder(const char *folder, mdup_error **err)
{
    char here[4096] = "/";
    if (folder[0] != '/' && !getcwd(here, sizeof here))
        return NULL;
    mdup_strbuf path = MDUP_STRBUF_INIT;
    if (folder[0] != '/')
        mdup_strbuf_puts(&path, here);
    mdup_strbuf_printf(&path, "/%s", folder);
    if (!mdup_strbuf_check(&path, err)) {
        mdup_strbuf_free(&path);
        return NULL;
    }
    shorten(path.text);
    return path.text;
}

static bool is_project(const char *folder, const char *project_mark, bool *is_one, mdup_error **err)
{
    char *mark = mdup_path_join(folder, project_mark, err);
    if (!mark)
        return false;
    *is_one = mdup_path_is_file(mark);
    free(mark);
    return true;
}

/* Sets *project to the nearest folder from `folder` upwards that holds a file of the mark's name,
 * NULL when there is none. */
static bool find_project(const char *folder, const char *project_mark, char **project,
                         mdup_error **err)
{
    mdup_error *nomem = NULL;
    char *at = absolute_folder(folder, &nomem);
    *project = NULL;
    if (nomem)
        return mdup_error_move(err, &nomem);
    while (at) {
        bool is_one;
        if (!is_project(at, project_mark, &is_one, err)) {
            free(at);
            return false;
        }
        if (is_one) {
            *project = at;
            return true;
        }
        char *slash = strrchr(at, '/');
        if (!slash || (slash == at && at[1] == '\0')) {
            free(at);
            return true;
        }
        slash[slash == at ? 1 : 0] = '\0';
    }
    return true;
}

static bool add_project(mdup_resolver *r, const char *folder, const char *project_mark,
                        mdup_error **err)
{
    char *project = NULL;
    if (!find_project(folder, project_mark, &project, err))
        return false;
    /* cryoSPARC before v4 leaves no such file; its jobs lie side by side in the project. */
    if (!project && strcmp(project_mark, MDUP_CRYOSPARC_PROJECT) == 0)
        return add_root(r, mdup_path_join(folder, "..", err));
    return !project || add_root(r, project);
}

bool mdup_resolver_init(mdup_resolver *r, const char *path, const char *project_mark,
                        const char *project_dir, mdup_error **err)
{
    *r = (mdup_resolver){.n_roots = 0};
    if (project_dir)
        return add_root(r, mdup_strdup(project_dir, err)) && add_root(r, mdup_strdup(".", err));
    if (!add_root(r, mdup_strdup(".", err)))
        return false;
    char *folder = mdup_path_directory(path, err);
    if (!folder)
        return false;
    if (project_mark && !add_project(r, folder, project_mark, err)) {
        free(folder);
        return false;
    }
    return add_root(r, folder);
}

void mdup_resolver_free(mdup_resolver *r)
{
    for (size_t i = 0; i < r->n_roots; i++)
        free(r->roots[i]);
    free(r->first_missing);
    *r = (mdup_resolver){.n_roots = 0};
}

/* What stands under a name; both owned, NULL when there is none. */
typedef struct {
    char *file;
    char *folder; /* the first; of use only when there is no file, to tell that it is one */
} place;

static bool try_root(mdup_resolver *r, size_t root, const char *name, place *found,
                     mdup_error **err)
{
    struct stat status;
    char *path = mdup_path_join(r->roots[root], name, err);
    if (!path)
        return false;
    bool is_there = stat(path, &status) == 0;
    if (is_there && !S_ISDIR(status.st_mode)) {
        r->last = root;
        found->file = path;
    } else if (is_there && !found->folder) {
        found->folder = path;
    } else {
        free(path);
    }
    return true;
}

static bool try_roots(mdup_resolver *r, const char *name, place *found, mdup_error **err)
{
    size_t first = r->last, n_roots = name[0] == '/' ? 1 : r->n_roots;
    if (!try_root(r, name[0] == '/' ? 0 : first, name, found, err))
        return false;
    for (size_t i = 0; i < n_roots && !found->file && n_roots > 1; i++)
        if (i != first && !try_root(r, i, name, found, err))
            return false;
    return true;
}

static bool note_missing(mdup_resolver *r, const char *name, mdup_error **err)
{
    r->n_missing++;
    if (r->first_missing)
        return true;
    r->first_missing = mdup_strdup(name, err);
    return r->first_missing != NULL;
}

bool mdup_resolver_find(mdup_resolver *r, mdup_micrograph *m, mdup_error **err)
{
    char *name;
    int32_t slice;
    if (!mdup_image_split_name(m->name, &name, &slice, err))
        return false;
    place found = {0};
    bool ok = try_roots(r, name, &found, err), is_there = found.file || found.folder;
    if (ok) {
        m->slice = slice;
        m->path = found.file ? found.file : found.folder ? found.folder : name;
        r->n_found += found.file != NULL;
    }
    if (found.folder != m->path)
        free(found.folder);
    if (name != m->path)
        free(name);
    return ok && (is_there || note_missing(r, m->name, err));
}

void mdup_resolver_warn(const mdup_resolver *r, const char *path, const mdup_callbacks *callbacks)
{
    if (r->n_missing == 0 || r->n_found > 0)
        return;
    mdup_strbuf roots = MDUP_STRBUF_INIT;
    for (size_t i = 0; i < r->n_roots; i++)
        mdup_strbuf_printf(&roots, "%s%s", i ? ", " : "",
                           strcmp(r->roots[i], ".") == 0 ? "the current folder" : r->roots[i]);
    mdup_log(callbacks, MDUP_LOG_WARNING,
             "%s: none of its files was found (%zu, the first is %s); looked from %s; say with "
             "--project_dir which folder the names are relative to",
             path, r->n_missing, r->first_missing, roots.text ? roots.text : ".");
    mdup_strbuf_free(&roots);
}
