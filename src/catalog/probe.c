#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "catalog/build.h"
#include "catalog/names.h"
#include "formats/image_file.h"
#include "formats/npy.h"
#include "formats/star_words.h"

/* A list of a million micrographs stays far below. */
static const size_t max_text_bytes = (size_t)1 << 30;

enum { HEAD_bytes = 4096 };

static bool ends_with(const char *text, const char *end)
{
    size_t text_length = strlen(text), end_length = strlen(end);
    return text_length >= end_length && strcmp(text + text_length - end_length, end) == 0;
}

/* ---- kinds known by their names ---- */

static bool is_image_name(const char *path)
{
    mdup_name name;
    mdup_name_parse(path, &name);
    return name.has_image_extension || name.is_stack;
}

static bool refuse_by_name(const char *path, mdup_error **err)
{
    if (ends_with(path, ".eer"))
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: EER files are movies; give the micrographs that motion correction "
                         "makes of them",
                         path);
    return true;
}

/* ---- kinds known by their first bytes ---- */

static bool is_image(const char *head, size_t length)
{
    return (length >= 212 && memcmp(head + 208, "MAP", 3) == 0 && memchr(head, '\0', 208)) ||
           (length >= 4 && (memcmp(head, "II*\0", 4) == 0 || memcmp(head, "MM\0*", 4) == 0));
}

static bool refuse_foreign(const char *path, const char *head, size_t length, mdup_error **err)
{
    const char *what = mdup_star_foreign(head, length);
    if (what)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: this is %s; give a STAR file, a list of names, a folder or "
                         "micrographs",
                         path, what);
    if (memchr(head, '\0', length))
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: neither text nor an MRC or TIFF image; give a STAR file, a list of "
                         "names, a folder or micrographs",
                         path);
    return true;
}

/* Whether a line that begins with "data_" opens a block of a STAR file, and is not the name of a
 * micrograph. */
static bool opens_block(const char *line, size_t length)
{
    while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t'))
        length--;
    char word[64];
    if (length < 5 || memcmp(line, "data_", 5) != 0)
        return false;
    if (length >= sizeof word)
        return !memchr(line, '.', length) && !memchr(line, '/', length);
    memcpy(word, line, length);
    word[length] = '\0';
    return !is_image_name(word);
}

/* A line ends at a CR alone too: the parser refuses such a file, but knows what it is and says what
 * to do. */
static bool is_star(const char *text, size_t length)
{
    const char *end = text + length;
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        text += 3;
    while (text < end) {
        const char *line_end = text;
        while (line_end < end && *line_end != '\n' && *line_end != '\r')
            line_end++;
        while (text < line_end && (*text == ' ' || *text == '\t'))
            text++;
        if (opens_block(text, (size_t)(line_end - text)))
            return true;
        text = line_end < end ? line_end + 1 : end;
    }
    return false;
}

/* ---- the file system's answer ---- */

static bool probe_file(const char *path, mdup_probe *probe, mdup_error **err)
{
    char head[HEAD_bytes];
    *probe = (mdup_probe){.kind = MDUP_SOURCE_IMAGE};
    if (is_image_name(path))
        return true;
    if (!refuse_by_name(path, err))
        return false;
    size_t got = mdup_file_head(path, head, sizeof head);
    if (is_image(head, got))
        return true;
    probe->is_group = ends_with(path, ".csg");
    if (probe->is_group || ends_with(path, ".cs") || mdup_npy_detect(head, got)) {
        probe->kind = MDUP_SOURCE_CS;
        return true;
    }
    if (!refuse_foreign(path, head, got, err))
        return false;
    size_t length;
    char *text = mdup_file_read(path, max_text_bytes, &length, err);
    if (!text)
        return false;
    if (got == 0 && !refuse_foreign(path, text, length < HEAD_bytes ? length : HEAD_bytes, err)) {
        free(text);
        return false;
    }
    probe->kind = is_star(text, length) ? MDUP_SOURCE_STAR : MDUP_SOURCE_LIST;
    probe->text = text;
    probe->text_length = length;
    return true;
}

/* "J3/exposures.cs,J3/passthrough.cs" */
static bool is_cs_list(const char *input)
{
    size_t length = strcspn(input, ",");
    return input[length] == ',' && length > 3 && memcmp(input + length - 3, ".cs", 3) == 0;
}

/* "000012@stack.mrcs" and "x.ctf:mrc": RELION's names of a file that exists. */
static bool probe_relion_name(const char *input, bool *is_one, mdup_error **err)
{
    char *path;
    int32_t slice;
    if (!mdup_image_split_name(input, &path, &slice, err))
        return false;
    *is_one = strcmp(path, input) != 0 && mdup_path_is_file(path);
    free(path);
    return true;
}

bool mdup_probe_input(const char *input, mdup_probe *probe, mdup_error **err)
{
    struct stat status;
    *probe = (mdup_probe){.kind = MDUP_SOURCE_FOLDER};
    if (input[0] == '\0')
        return mdup_fail(err, MDUP_ERROR_INVALID, "the name of an input is empty");
    if (stat(input, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return true;
        return probe_file(input, probe, err);
    }
    if (errno != ENOENT && errno != ENOTDIR)
        return mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be opened: %s", input, strerror(errno));
    bool is_relion_name;
    if (!probe_relion_name(input, &is_relion_name, err))
        return false;
    if (is_relion_name)
        probe->kind = MDUP_SOURCE_IMAGE;
    else if (is_cs_list(input))
        probe->kind = MDUP_SOURCE_CS;
    else if (strpbrk(input, "*?["))
        probe->kind = MDUP_SOURCE_GLOB;
    else
        return mdup_fail(err, MDUP_ERROR_MISSING, "%s: no such file or folder", input);
    return true;
}
