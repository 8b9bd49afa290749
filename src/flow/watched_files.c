#include "flow/watched_files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/path.h"
#include "formats/mrc.h"

/* Without a word of this file for so long, whoever wrote it has given up: it is taken as it is, and the results say what is wrong with it. */
static const double GIVE_UP_s = 600;

/* One that was written so long ago by the clock of this machine is not looked at twice.  Clocks of file servers may differ by some seconds. */
static const double OLD_s = 60;

static int64_t nanoseconds(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000000 + (int64_t)time->tv_nsec;
}

void mdup_watched_files_look(mdup_watched_files *files)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    files->now_s = 1e-9 * (double)nanoseconds(&now);
    clock_gettime(CLOCK_REALTIME, &now);
    files->wall_ns = nanoseconds(&now);
    files->look++;
    files->n_waiting = 0;
    files->first_waiting = NULL;
    files->has_changed = files->has_settled = false;
}

/* ---- one file ---- */

/* Of an MRC file the header says how long it becomes.  What is no such file is whole when it is not written to any more. */
static bool is_as_long_as_it_says(const char *path, int64_t bytes)
{
    char head[MDUP_MRC_HEADER_bytes];
    size_t n = mdup_file_head(path, head, sizeof head);
    bool is_empty = true;
    for (size_t i = 0; i < n && is_empty; i++)
        is_empty = head[i] == '\0';
    if (is_empty)
        return false; /* room that was reserved, and not written to yet */
    mdup_mrc_header header;
    if (!mdup_mrc_detect((const uint8_t *)head, n))
        return true;
    return n == sizeof head &&
           mdup_mrc_parse_header((const uint8_t *)head, path, MDUP_MODE0_AUTO, &header, NULL) &&
           bytes >= header.total_bytes;
}

static void note_state(mdup_watched_files *files, mdup_watched_file *file, const char *path)
{
    struct stat status;
    bool there = stat(path, &status) == 0;
    int64_t bytes = there ? (int64_t)status.st_size : -1;
    int64_t mtime_ns = there ? nanoseconds(&status.st_mtim) : -1;
    if (file->look != 0 && file->bytes == bytes && file->mtime_ns == mtime_ns)
        return;
    file->bytes = bytes;
    file->mtime_ns = mtime_ns;
    file->since_s = files->now_s;
    files->has_changed = true;
}

static bool can_be_taken(const mdup_watched_files *files, const mdup_watched_file *file,
                         const char *path)
{
    double unchanged_s = files->now_s - file->since_s;
    double age_s = file->bytes < 0 ? 0 : 1e-9 * (double)(files->wall_ns - file->mtime_ns);
    if (unchanged_s >= GIVE_UP_s || age_s >= GIVE_UP_s)
        return true;
    return file->bytes >= 0 && (unchanged_s >= files->settle_s || age_s >= OLD_s) &&
           is_as_long_as_it_says(path, file->bytes);
}

static mdup_watched_file *find(mdup_watched_files *files, const char *path, const char **kept_path)
{
    size_t number, n_before = files->paths.n;
    if (!mdup_grow((void **)&files->items, &files->capacity, files->paths.n + 1,
                   sizeof *files->items, NULL) ||
        !mdup_intern_add(&files->paths, path, strlen(path), &number, NULL)) {
        files->has_failed = true;
        return NULL;
    }
    if (number == n_before)
        files->items[number] = (mdup_watched_file){0};
    *kept_path = files->paths.texts[number];
    return &files->items[number];
}

/* A doubtful one that has not changed since the pass is not new. */
static void consider(mdup_watched_files *files, mdup_watched_file *file, const char *path)
{
    if (file->is_taken && !file->is_doubtful)
        return;
    note_state(files, file, path);
    bool is_new = !file->is_taken || file->since_s > 0;
    if (is_new && can_be_taken(files, file, path)) {
        file->is_taken = true;
        file->is_doubtful = false;
        files->has_settled = true;
    } else if (!file->is_taken) {
        files->n_waiting++;
        if (!files->first_waiting)
            files->first_waiting = path;
    }
}

bool mdup_watched_files_take(void *context, const mdup_micrograph *m)
{
    mdup_watched_files *files = context;
    const char *path;
    mdup_watched_file *file = find(files, m->path, &path);
    if (!file)
        return false;
    consider(files, file, path);
    file->look = files->look;
    return file->is_taken;
}

/* ---- all of them ---- */

void mdup_watched_files_recheck(mdup_watched_files *files)
{
    int64_t last = files->look - 1;
    for (size_t i = 0; i < files->paths.n; i++) {
        mdup_watched_file *file = &files->items[i];
        if (file->look < last)
            continue; /* not named any more */
        consider(files, file, files->paths.texts[i]);
        file->look = files->look;
    }
}

void mdup_watched_files_note_pass(mdup_watched_files *files, const mdup_catalog *catalog,
                                  const mdup_judgement *judgements, int64_t pass)
{
    for (size_t i = 0; i < catalog->n; i++) {
        const char *path;
        mdup_watched_file *file = find(files, catalog->micrographs[i].path, &path);
        if (!file)
            continue;
        file->pass = pass;
        file->is_doubtful = !mdup_status_is_judged(judgements[i].status);
        /* As it was read, give or take what was written meanwhile, which a later look finds settled. */
        file->since_s = 0;
    }
}

size_t mdup_watched_files_count(const mdup_watched_files *files, const mdup_catalog *catalog,
                                int64_t pass)
{
    size_t n = 0;
    for (size_t i = 0; i < catalog->n; i++) {
        const char *path = catalog->micrographs[i].path;
        ptrdiff_t number = mdup_intern_find(&files->paths, path, strlen(path));
        n += number >= 0 && files->items[number].pass == pass;
    }
    return n;
}

void mdup_watched_files_clear(mdup_watched_files *files)
{
    mdup_intern_clear(&files->paths);
    free(files->items);
    *files = (mdup_watched_files){0};
}
