#include "catalog/metadata.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/path.h"
#include "catalog/name_list.h"
#include "catalog/names.h"
#include "formats/epu_xml.h"
#include "formats/mdoc.h"

/* EPU lays its files four folders deep; a link that leads back up ends here. */
enum { MAX_DEPTH = 12, LARGEST_FILE_bytes = 1 << 28, MOST_WARNINGS = 5 };

/* ---- the files there are ---- */

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), end_length = strlen(end);
    return length > end_length && strcasecmp(name + length - end_length, end) == 0;
}

/* Movies and images are by far the most, and asking for each whether it is a folder would cost a
 * shared file system much. */
static bool is_surely_file(const char *name)
{
    static const char *const ends[] = {".mrc", ".mrcs", ".tif",  ".tiff", ".eer", ".jpg",
                                       ".png", ".dm4",  ".star", ".gz",   ".bz2", ".txt"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_in(name, ends[i]))
            return true;
    return false;
}

static bool list_files(const char *folder, int depth, mdup_name_list *list, mdup_error **err);

static bool list_entry(const char *folder, const char *name, int depth, mdup_name_list *list,
                       mdup_error **err)
{
    bool is_metadata = ends_in(name, ".xml") || ends_in(name, ".mdoc");
    if (name[0] == '.' || (!is_metadata && is_surely_file(name)))
        return true;
    char *path = mdup_path_join(folder, name, err);
    if (!path)
        return false;
    bool ok = true;
    if (is_metadata)
        ok = mdup_name_list_add(list, path, err);
    else if (depth < MAX_DEPTH && mdup_path_is_directory(path))
        ok = list_files(path, depth + 1, list, err);
    free(path);
    return ok;
}

/* A folder within that cannot be opened is passed over; the count of what was found tells. */
static bool list_files(const char *folder, int depth, mdup_name_list *list, mdup_error **err)
{
    DIR *directory = opendir(folder);
    if (!directory)
        return depth > 0 || mdup_fail(err, errno == ENOENT ? MDUP_ERROR_MISSING : MDUP_ERROR_IO,
                                      "%s: cannot be opened (given with --metadata): %s", folder,
                                      strerror(errno));
    bool ok = true;
    for (const struct dirent *entry; ok && (entry = readdir(directory));)
        ok = list_entry(folder, entry->d_name, depth, list, err);
    closedir(directory);
    return ok;
}

/* ---- whose file it is ---- */

/* The name of a micrograph or its movie, without what programs add to it. */
typedef struct {
    const char *text; /* not ended by a NUL */
    size_t length;
    size_t micrograph;
} stem;

typedef struct {
    size_t n;
    stem *sorted;
    mdup_name_list movies; /* what the stems of movies lie in */
} stems;

static int compare_stems(const void *a, const void *b)
{
    const stem *x = a, *y = b;
    size_t shorter = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->text, y->text, shorter);
    return order != 0 ? order : (x->length > y->length) - (x->length < y->length);
}

static stem stem_of(const char *name, size_t micrograph)
{
    mdup_name parts;
    mdup_name_parse(name, &parts);
    return (stem){name + parts.stem.begin, parts.stem.length, micrograph};
}

/* The first of the equal ones in the sorted list, or n. */
static size_t find_stem(const stems *s, const stem *wanted)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_stems(&s->sorted[middle], wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->n && compare_stems(&s->sorted[low], wanted) == 0 ? low : s->n;
}

typedef struct {
    mdup_catalog *catalog;
    const mdup_callbacks *callbacks;
    stems stems;
    char **folders;  /* one a micrograph: where what was found came from; NULL */
    bool *ambiguous; /* one a micrograph */
    size_t n_broken;
    bool is_second_pass; /* what is broken was told in the first */
} finder;

static bool copy_acquisition(const mdup_acquisition *from, mdup_acquisition *to, mdup_error **err)
{
    *to = *from;
    to->image = NULL;
    to->hole = from->hole ? mdup_strdup(from->hole, err) : NULL;
    to->shot = from->shot ? mdup_strdup(from->shot, err) : NULL;
    to->label = from->label ? mdup_strdup(from->label, err) : NULL;
    return (to->hole || !from->hole) && (to->shot || !from->shot) && (to->label || !from->label);
}

static bool is_same(const mdup_acquisition *a, const mdup_acquisition *b)
{
    return a->time_s == b->time_s && a->stage_x_um == b->stage_x_um &&
           a->stage_y_um == b->stage_y_um && a->shift_x_um == b->shift_x_um &&
           a->shift_y_um == b->shift_y_um;
}

/* EPU writes NAME.xml and NAME_Fractions.xml side by side; of these the first counts.  Two folders
 * that hold different files for one micrograph are two sessions of equal names. */
static bool assign_one(finder *f, size_t micrograph, const char *path,
                       const mdup_acquisition *found, mdup_error **err)
{
    char *folder = mdup_path_directory(path, err);
    if (!folder)
        return false;
    if (f->folders[micrograph]) {
        f->ambiguous[micrograph] |= strcmp(f->folders[micrograph], folder) != 0 &&
                                    !is_same(&f->catalog->micrographs[micrograph].recorded, found);
        free(folder);
        return true;
    }
    f->folders[micrograph] = folder;
    return copy_acquisition(found, &f->catalog->micrographs[micrograph].recorded, err);
}

/* Equal names in other folders are other micrographs, and which is meant cannot be told. */
static bool assign(finder *f, const char *name, const char *path, const mdup_acquisition *found,
                   mdup_error **err)
{
    stem wanted = stem_of(name, 0);
    size_t first = find_stem(&f->stems, &wanted), end = first;
    const stem *sorted = f->stems.sorted;
    bool is_one_file = true;
    for (; end < f->stems.n && compare_stems(&sorted[end], &wanted) == 0; end++)
        is_one_file &= strcmp(f->catalog->micrographs[sorted[end].micrograph].path,
                              f->catalog->micrographs[sorted[first].micrograph].path) == 0;
    for (size_t i = first; i < end; i++) {
        f->ambiguous[sorted[i].micrograph] |= !is_one_file;
        if (!assign_one(f, sorted[i].micrograph, path, found, err))
            return false;
    }
    return true;
}

/* ---- reading ---- */

/* The file's name without the ending of metadata, "x.tif" of "x.tif.mdoc". */
static char *name_of_image(const char *path, mdup_error **err)
{
    const char *base = mdup_path_base(path);
    return mdup_strndup(base, (size_t)(strrchr(base, '.') - base), err);
}

static bool take_xml(finder *f, const char *path, const char *image, mdup_error **err)
{
    stem wanted = stem_of(image, 0);
    size_t length;
    if (find_stem(&f->stems, &wanted) == f->stems.n)
        return true;
    char *text = mdup_file_read(path, LARGEST_FILE_bytes, &length, err);
    mdup_acquisition found;
    bool ok = text && mdup_epu_xml_parse(text, length, path, &found, err);
    free(text);
    if (!ok)
        return false;
    ok = assign(f, image, path, &found, err);
    mdup_acquisition_clear(&found);
    return ok;
}

static bool take_mdoc(finder *f, const char *path, const char *image, mdup_error **err)
{
    size_t length;
    char *text = mdup_file_read(path, LARGEST_FILE_bytes, &length, err);
    mdup_mdoc mdoc;
    bool ok = text && mdup_mdoc_parse(text, length, path, &mdoc, err);
    free(text);
    if (!ok)
        return false;
    for (size_t i = 0; ok && i < mdoc.n; i++) {
        const mdup_acquisition *found = &mdoc.items[i];
        /* Without the name of a movie only the file's own can tell, when it is about one. */
        if (found->image || mdoc.n == 1)
            ok = assign(f, found->image ? found->image : image, path, found, err);
    }
    mdup_mdoc_clear(&mdoc);
    return ok;
}

static bool take_file(finder *f, const char *path, mdup_error **err)
{
    char *image = name_of_image(path, err);
    if (!image)
        return false;
    mdup_error *reason = NULL;
    bool ok = ends_in(path, ".xml") ? take_xml(f, path, image, &reason)
                                    : take_mdoc(f, path, image, &reason);
    free(image);
    if (ok)
        return true;
    if (mdup_error_get_code(reason) == MDUP_ERROR_NOMEM)
        return mdup_error_move(err, &reason);
    if (!f->is_second_pass && f->n_broken++ < MOST_WARNINGS)
        mdup_log(f->callbacks, MDUP_LOG_WARNING, "%s; not used", mdup_error_get_message(reason));
    mdup_error_clear(&reason);
    return true;
}

/* ---- both passes ---- */

static void sort_stems(stems *s)
{
    if (s->n > 0)
        qsort(s->sorted, s->n, sizeof *s->sorted, compare_stems);
}

static bool list_micrographs(finder *f, mdup_error **err)
{
    size_t n = f->catalog->n;
    f->stems.sorted = mdup_calloc(n, sizeof *f->stems.sorted, err);
    if (!f->stems.sorted)
        return false;
    for (size_t i = 0; i < n; i++)
        f->stems.sorted[f->stems.n++] = stem_of(f->catalog->micrographs[i].name, i);
    sort_stems(&f->stems);
    return true;
}

/* "MotionCorr/job002/Movies/x.star", relative to what the micrograph's own name is relative to. */
static char *motion_path(const mdup_micrograph *m, const char *name, mdup_error **err)
{
    size_t path_length = strlen(m->path), name_length = strlen(m->name);
    bool has_root =
        path_length > name_length && strcmp(m->path + path_length - name_length, m->name) == 0;
    char *root = mdup_strndup(m->path, has_root ? path_length - name_length : 0, err);
    char *path = root ? mdup_path_join(root, name, err) : NULL;
    free(root);
    return path;
}

/* Adds the movie of a micrograph, when RELION's motion correction tells it. */
static bool add_movie(finder *f, size_t index, mdup_error **err)
{
    const mdup_micrograph *m = &f->catalog->micrographs[index];
    const mdup_source *source = &f->catalog->sources[m->source];
    ptrdiff_t column =
        source->table ? mdup_star_column(source->table, "rlnMicrographMetadata") : -1;
    if (column < 0 || f->folders[index])
        return true;
    mdup_strbuf value = MDUP_STRBUF_INIT;
    bool ok = mdup_star_value(source->star, source->table, m->row, (size_t)column, &value, err);
    char *path = ok ? motion_path(m, value.text ? value.text : "", err) : NULL;
    mdup_star *star = path && mdup_path_is_file(path) ? mdup_star_read(path, NULL) : NULL;
    const mdup_star_table *general = star ? mdup_star_find(star, "general") : NULL;
    column = general ? mdup_star_column(general, "rlnMicrographMovieName") : -1;
    ok = ok && path;
    if (ok && column >= 0 && general->n_rows > 0)
        ok = mdup_star_value(star, general, 0, (size_t)column, &value, err) &&
             mdup_name_list_add(&f->stems.movies, value.text, err);
    if (ok && column >= 0 && general->n_rows > 0)
        f->stems.sorted[f->stems.n++] =
            stem_of(f->stems.movies.names[f->stems.movies.n - 1], index);
    mdup_star_free(star);
    free(path);
    mdup_strbuf_free(&value);
    return ok;
}

static bool list_movies(finder *f, mdup_error **err)
{
    f->stems.n = 0;
    for (size_t i = 0; i < f->catalog->n; i++)
        if (!add_movie(f, i, err))
            return false;
    sort_stems(&f->stems);
    return true;
}

static bool take_files(finder *f, const mdup_name_list *files, mdup_error **err)
{
    for (size_t i = 0; f->stems.n > 0 && i < files->n; i++)
        if (!take_file(f, files->names[i], err))
            return false;
    return true;
}

static void report(finder *f, const char *folder)
{
    size_t n_found = 0, n_ambiguous = 0;
    for (size_t i = 0; i < f->catalog->n; i++) {
        n_ambiguous += f->ambiguous[i];
        n_found += f->folders[i] && !f->ambiguous[i];
        if (f->ambiguous[i])
            mdup_acquisition_clear(&f->catalog->micrographs[i].recorded);
    }
    if (f->n_broken > MOST_WARNINGS)
        mdup_log(f->callbacks, MDUP_LOG_WARNING, "%s: %zu more files are not used", folder,
                 f->n_broken - MOST_WARNINGS);
    if (n_ambiguous > 0)
        mdup_log(f->callbacks, MDUP_LOG_WARNING,
                 "%s: of %zu micrographs the metadata cannot be told from those of others with the "
                 "same name in another folder, and are not used",
                 folder, n_ambiguous);
    mdup_log(f->callbacks, n_found > 0 ? MDUP_LOG_INFO : MDUP_LOG_WARNING,
             "metadata of %zu of %zu micrographs in %s", n_found, f->catalog->n, folder);
}

static bool find_all(finder *f, const mdup_name_list *files, mdup_error **err)
{
    size_t n = f->catalog->n;
    f->folders = mdup_calloc(n, sizeof *f->folders, err);
    f->ambiguous = mdup_calloc(n, sizeof *f->ambiguous, err);
    if (!f->folders || !f->ambiguous || !list_micrographs(f, err) || !take_files(f, files, err))
        return false;
    f->is_second_pass = true;
    return list_movies(f, err) && take_files(f, files, err);
}

bool mdup_catalog_add_metadata(mdup_catalog *catalog, const char *folder,
                               const mdup_callbacks *callbacks, mdup_error **err)
{
    finder f = {.catalog = catalog, .callbacks = callbacks};
    mdup_name_list files = {NULL, 0, 0};
    bool ok = list_files(folder, 0, &files, err);
    mdup_name_list_sort(&files);
    ok = ok && find_all(&f, &files, err);
    if (ok)
        report(&f, folder);
    for (size_t i = 0; f.folders && i < catalog->n; i++)
        free(f.folders[i]);
    free(f.folders);
    free(f.ambiguous);
    free(f.stems.sorted);
    mdup_name_list_free(&f.stems.movies);
    mdup_name_list_free(&files);
    return ok;
}
