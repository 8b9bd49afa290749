#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/strbuf.h"

char *mdup_path_join(const char *directory, const char *name, mdup_error **err)
{
    if (name[0] == '/' || directory[0] == '\0' || strcmp(directory, ".") == 0)
        return mdup_strdup(name, err);
    size_t directory_length = strlen(directory);
    while (directory_length > 1 && directory[directory_length - 1] == '/')
        directory_length--;
    bool is_root = directory_length == 1 && directory[0] == '/';
    mdup_strbuf path = MDUP_STRBUF_INIT;
    mdup_strbuf_append(&path, directory, directory_length);
    mdup_strbuf_puts(&path, is_root ? "" : "/");
    mdup_strbuf_puts(&path, name);
    if (!mdup_strbuf_check(&path, err)) {
        mdup_strbuf_free(&path);
        return NULL;
    }
    return path.text;
}

char *mdup_path_current(mdup_error **err)
{
    for (size_t size = 1024;; size *= 2) {
        char *path = mdup_calloc(size, 1, err);
        if (!path || getcwd(path, size))
            return path;
        free(path);
        if (errno != ERANGE) {
            (void)mdup_fail(err, MDUP_ERROR_IO, "the current folder is not known: %s",
                            strerror(errno));
            return NULL;
        }
    }
}

char *mdup_path_directory(const char *path, mdup_error **err)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return mdup_strdup(".", err);
    return mdup_strndup(path, slash == path ? 1 : (size_t)(slash - path), err);
}

const char *mdup_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool mdup_path_is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISDIR(status.st_mode);
}

bool mdup_path_is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int64_t mdup_path_bytes(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (int64_t)status.st_size : -1;
}

bool mdup_path_is_same_file(const char *path, const char *other)
{
    struct stat a, b;
    return stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

static bool make_one_directory(const char *path, mdup_error **err)
{
    if (mkdir(path, 0777) == 0)
        return true;
    int reason = errno;
    if (reason == EEXIST && mdup_path_is_directory(path))
        return true;
    if (reason == EEXIST && mdup_path_is_file(path))
        return mdup_fail(err, MDUP_ERROR_IO, "%s: is a file, not a folder; give another name",
                         path);
    return mdup_fail(err, MDUP_ERROR_IO, "%s: cannot make this folder: %s", path, strerror(reason));
}

bool mdup_path_make_directory(const char *path, mdup_error **err)
{
    char *partial = mdup_strdup(path, err);
    if (!partial)
        return false;
    bool ok = true;
    for (char *at = partial + 1; ok && partial[0] && *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        ok = make_one_directory(partial, err);
        *at = '/';
    }
    ok = ok && make_one_directory(partial, err);
    free(partial);
    return ok;
}

static bool read_all(int fd, const char *path, size_t max_bytes, mdup_strbuf *into,
                     mdup_error **err)
{
    char block[65536];
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno));
        mdup_strbuf_append(into, block, (size_t)got);
        if (got == 0)
            return mdup_strbuf_check(into, err);
        if (into->length > max_bytes)
            return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                             "%s: larger than %zu MB, too large for such a file", path,
                             max_bytes >> 20);
    }
}

char *mdup_file_read(const char *path, size_t max_bytes, size_t *length, mdup_error **err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        mdup_fail(err, errno == ENOENT ? MDUP_ERROR_MISSING : MDUP_ERROR_IO,
                  "%s: cannot be opened: %s", path, strerror(errno));
        return NULL;
    }
    mdup_strbuf bytes = MDUP_STRBUF_INIT;
    bool ok = read_all(fd, path, max_bytes, &bytes, err);
    close(fd);
    if (!ok) {
        mdup_strbuf_free(&bytes);
        return NULL;
    }
    *length = bytes.length;
    return bytes.text;
}

size_t mdup_file_head(const char *path, char *head, size_t size)
{
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, head, size);
    close(fd);
    return got > 0 ? (size_t)got : 0;
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t put = write(fd, bytes, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes += put;
        length -= (size_t)put;
    }
    return true;
}

/* The directory entry is not synced: a rename that is lost in a power failure leaves the old file,
 * which is whole. */
static bool write_and_rename(const char *temporary, const char *path, const void *bytes,
                             size_t length)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return false;
    bool ok = write_all(fd, bytes, length) && fsync(fd) == 0;
    int reason = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        reason = errno;
    }
    if (ok && rename(temporary, path) == 0)
        return true;
    reason = ok ? errno : reason;
    unlink(temporary);
    errno = reason;
    return false;
}

bool mdup_file_replace(const char *path, const void *bytes, size_t length, mdup_error **err)
{
    mdup_strbuf temporary = MDUP_STRBUF_INIT;
    /* The process number keeps two programs that write the same output from mixing their bytes. */
    mdup_strbuf_printf(&temporary, "%s.%ld.tmp", path, (long)getpid());
    if (!mdup_strbuf_check(&temporary, err)) {
        mdup_strbuf_free(&temporary);
        return false;
    }
    bool ok = write_and_rename(temporary.text, path, bytes, length);
    if (!ok)
        (void)mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
    mdup_strbuf_free(&temporary);
    return ok;
}
