/* Paths, whole files in and out. */
#ifndef MDUP_BASE_PATH_H
#define MDUP_BASE_PATH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/** directory + "/" + name, or name alone when it is absolute or the directory is "" or ".".  Free
 * with free(). */
char *mdup_path_join(const char *directory, const char *name, mdup_error **err) MDUP_MUST_CHECK;

/** The current folder; NULL with *err (IO, NOMEM).  Free with free(). */
char *mdup_path_current(mdup_error **err) MDUP_MUST_CHECK;

/** Everything before the last '/', "." when there is none, "/" for "/x".  Free with free(). */
char *mdup_path_directory(const char *path, mdup_error **err) MDUP_MUST_CHECK;

/** What stands behind the last '/', inside path. */
const char *mdup_path_base(const char *path);

bool mdup_path_is_file(const char *path); /* exists and is not a directory */
bool mdup_path_is_directory(const char *path);

/** How many bytes the file has; -1 when it is not there. */
int64_t mdup_path_bytes(const char *path);

/** Whether both are there and are one file, also through links. */
bool mdup_path_is_same_file(const char *path, const char *other);

/** Makes the directory and those above it that are missing.  One that exists already is fine. */
bool mdup_path_make_directory(const char *path, mdup_error **err) MDUP_MUST_CHECK;

/** The whole file, with a NUL behind it that is not counted in *length.  Refuses more than
 * max_bytes.  Free with free(). */
char *mdup_file_read(const char *path, size_t max_bytes, size_t *length,
                     mdup_error **err) MDUP_MUST_CHECK;

/** The first bytes of a regular file, at most `size`, and how many there are: 0 when it cannot be read (reading the whole tells why) or is
 *  a pipe, which can be read only once. */
size_t mdup_file_head(const char *path, char *head, size_t size);

/** Puts `length` bytes under the name `path`, all or nothing: written beside it under a temporary
 * name, synced, renamed. */
bool mdup_file_replace(const char *path, const void *bytes, size_t length,
                       mdup_error **err) MDUP_MUST_CHECK;

#endif
