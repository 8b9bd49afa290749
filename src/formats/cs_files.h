/* Several .cs files that hold the fields of the same records, joined by uid: what a job of cryoSPARC has made, and what was handed
 * through from earlier ones.  The records are those of the first file. */
#ifndef MDUP_FORMATS_CS_FILES_H
#define MDUP_FORMATS_CS_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "formats/cs_uids.h"
#include "formats/npy.h"

typedef struct {
    char *path;
    mdup_npy *npy;
    /* Once they are joined: */
    mdup_cs_uids uids;
    ptrdiff_t *record_of; /* a record of the first file each: the one of the same uid, or -1 */
} mdup_cs_part;

typedef struct {
    size_t n_parts;
    mdup_cs_part *parts;
} mdup_cs_files;

/** Whether an argument names .cs files: by content, and by its name where that says nothing. */
bool mdup_cs_files_detect(const char *argument);

/** Reads one more file; takes over `path`, which may be NULL (then *err is set already), also on failure. */
bool mdup_cs_files_add(mdup_cs_files *files, char *path, mdup_error **err) MDUP_MUST_CHECK;

/** Reads the files of an argument: one of that very name, else several, "a.cs,b.cs". */
bool mdup_cs_files_read(mdup_cs_files *files, const char *argument,
                        mdup_error **err) MDUP_MUST_CHECK;

/** Makes the records of all of them known by uid.  False with *err as mdup_cs_uids_find. */
bool mdup_cs_files_join(mdup_cs_files *files, mdup_error **err) MDUP_MUST_CHECK;

/** Also after a failure of the above. */
void mdup_cs_files_clear(mdup_cs_files *files);

typedef struct {
    const mdup_cs_part *part; /* NULL: no file has it */
    const mdup_npy_field *field;
} mdup_cs_column;

/** The field prefix + name in the first file that has it. */
mdup_cs_column mdup_cs_files_find(const mdup_cs_files *files, const char *prefix, const char *name);

/** The record of a column's file that belongs to a record of the first; -1 when there is none. */
ptrdiff_t mdup_cs_files_record(mdup_cs_column column, size_t record);

/** The uid of a record of the first file. */
uint64_t mdup_cs_files_uid(const mdup_cs_files *files, size_t record);

/** Puts the path at record `at` of a column's file into `text`.  False with *err set: PARSE when it is empty, or no name for a list:
 * with a line end or a zero byte; UNSUPPORTED when the field holds no text; NOMEM. */
bool mdup_cs_files_path(mdup_cs_column column, size_t at, mdup_strbuf *text,
                        mdup_error **err) MDUP_MUST_CHECK;

#endif
