#include "formats/cs_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"

bool mdup_cs_files_detect(const char *argument)
{
    char head[8];
    size_t length = strlen(argument), got = mdup_file_head(argument, head, sizeof head);
    if (got > 0)
        return mdup_npy_detect(head, got);
    return strstr(argument, ".cs,") || (length > 3 && strcmp(argument + length - 3, ".cs") == 0);
}

bool mdup_cs_files_add(mdup_cs_files *files, char *path, mdup_error **err)
{
    size_t capacity = files->n_parts;
    if (!path || !mdup_grow((void **)&files->parts, &capacity, files->n_parts + 1,
                            sizeof *files->parts, err)) {
        free(path);
        return false;
    }
    mdup_cs_part *part = &files->parts[files->n_parts++];
    *part = (mdup_cs_part){.path = path};
    part->npy = mdup_npy_read(path, err);
    return part->npy != NULL;
}

bool mdup_cs_files_read(mdup_cs_files *files, const char *argument, mdup_error **err)
{
    if (mdup_path_is_file(argument))
        return mdup_cs_files_add(files, mdup_strdup(argument, err), err);
    for (const char *at = argument;; at++) {
        size_t length = strcspn(at, ",");
        if (length == 0)
            return mdup_fail(err, MDUP_ERROR_INVALID, "%s: the name of a file is empty", argument);
        if (!mdup_cs_files_add(files, mdup_strndup(at, length, err), err))
            return false;
        at += length;
        if (*at == '\0')
            return true;
    }
}

/* Both lists are sorted by uid. */
static bool join_part(const mdup_cs_part *first, mdup_cs_part *part, mdup_error **err)
{
    part->record_of = mdup_calloc(first->uids.n, sizeof *part->record_of, err);
    if (!part->record_of)
        return false;
    size_t at = 0;
    for (size_t i = 0; i < first->uids.n; i++) {
        const mdup_cs_uid *sought = &first->uids.sorted[i];
        while (at < part->uids.n && part->uids.sorted[at].uid < sought->uid)
            at++;
        bool found = at < part->uids.n && part->uids.sorted[at].uid == sought->uid;
        part->record_of[sought->record] = found ? (ptrdiff_t)part->uids.sorted[at].record : -1;
    }
    return true;
}

bool mdup_cs_files_join(mdup_cs_files *files, mdup_error **err)
{
    for (size_t i = 0; i < files->n_parts; i++) {
        mdup_cs_part *part = &files->parts[i];
        if (!mdup_cs_uids_find(part->npy, part->path, &part->uids, err) ||
            !join_part(files->parts, part, err))
            return false;
    }
    return true;
}

void mdup_cs_files_clear(mdup_cs_files *files)
{
    for (size_t i = 0; i < files->n_parts; i++) {
        mdup_npy_free(files->parts[i].npy);
        mdup_cs_uids_clear(&files->parts[i].uids);
        free(files->parts[i].record_of);
        free(files->parts[i].path);
    }
    free(files->parts);
    *files = (mdup_cs_files){0, NULL};
}

mdup_cs_column mdup_cs_files_find(const mdup_cs_files *files, const char *prefix, const char *name)
{
    char full[64];
    size_t prefix_length = strlen(prefix), name_length = strlen(name);
    memcpy(full, prefix, prefix_length);
    memcpy(full + prefix_length, name, name_length + 1);
    for (size_t i = 0; i < files->n_parts; i++) {
        const mdup_npy_field *field = mdup_npy_find(files->parts[i].npy, full);
        if (field)
            return (mdup_cs_column){&files->parts[i], field};
    }
    return (mdup_cs_column){NULL, NULL};
}

uint64_t mdup_cs_files_uid(const mdup_cs_files *files, size_t record)
{
    const mdup_npy *first = files->parts[0].npy;
    uint64_t uid = 0;
    (void)!mdup_npy_uint(first, mdup_npy_find(first, "uid"), record, 0, &uid);
    return uid;
}

ptrdiff_t mdup_cs_files_record(mdup_cs_column column, size_t record)
{
    return column.part ? column.part->record_of[record] : -1;
}

bool mdup_cs_files_path(mdup_cs_column column, size_t at, mdup_strbuf *text, mdup_error **err)
{
    if (!mdup_npy_text(column.part->npy, column.field, at, 0, text, err)) {
        mdup_error_prefix(err, "%s", column.part->path);
        return false;
    }
    const char *what = NULL;
    if (text->length == 0)
        what = "is empty";
    else if (strlen(text->text) != text->length)
        what = "holds a zero byte";
    else if (strpbrk(text->text, "\r\n"))
        what = "holds a line end";
    return !what || mdup_fail(err, MDUP_ERROR_PARSE, "%s: record %zu: %s %s", column.part->path,
                              at + 1, column.field->name, what);
}
