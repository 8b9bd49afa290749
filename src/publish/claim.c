#include "publish/claim.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/strbuf.h"

/* What a summary of ours holds near its beginning, and nobody else's does. */
static const char MARK[] = "\"program\": \"microdup\"";
enum { LARGEST_SUMMARY_bytes = 16 << 20 };

static bool is_ours(const char *path)
{
    size_t length;
    char *text = mdup_file_read(path, LARGEST_SUMMARY_bytes, &length, NULL);
    bool ours = text && strstr(text, MARK);
    free(text);
    return ours;
}

static bool refuse_input(const mdup_claim *c, const char *path, mdup_error **err)
{
    for (size_t i = 0; i < c->n_inputs; i++)
        if (mdup_path_is_same_file(path, c->inputs[i]))
            return mdup_fail(err, MDUP_ERROR_INVALID,
                             "%s: is the input itself; give another folder with --o", path);
    return true;
}

static bool check_name(const mdup_claim *c, const char *name, bool ours, mdup_error **err)
{
    char *path = mdup_path_join(c->folder, name, err);
    bool ok = path != NULL;
    if (ok && access(path, F_OK) == 0)
        ok = refuse_input(c, path, err) &&
             (ours || mdup_fail(err, MDUP_ERROR_INVALID,
                                "%s: exists already and was not written by microdup; give another "
                                "folder with --o",
                                path));
    free(path);
    return ok;
}

static bool mark(const char *path, mdup_error **err)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&text, "{\n  %s,\n  \"finished\": false\n}\n", MARK);
    bool ok = mdup_strbuf_check(&text, err) && mdup_file_replace(path, text.text, text.length, err);
    mdup_strbuf_free(&text);
    return ok;
}

bool mdup_claim_folder(const mdup_claim *c, mdup_error **err)
{
    if (!mdup_path_make_directory(c->folder, err))
        return false;
    char *summary = mdup_path_join(c->folder, c->summary, err);
    bool ok = summary != NULL, ours = ok && is_ours(summary);
    for (size_t i = 0; ok && i < c->n_names; i++)
        ok = check_name(c, c->names[i], ours, err);
    ok = ok && (ours || mark(summary, err));
    free(summary);
    return ok;
}
