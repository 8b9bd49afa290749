#include "formats/star_words.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static mdup_star_scan next_quoted(const char **at, const char *end, mdup_star_word *word)
{
    char quote = **at;
    word->text = *at + 1;
    word->quoted = true;
    for (const char *p = *at + 1; p < end; p++) {
        if (*p != quote || p[-1] == '\a' || (p + 1 < end && !is_blank(p[1])))
            continue;
        word->length = (size_t)(p - word->text);
        *at = p + 1;
        return MDUP_STAR_WORD;
    }
    word->length = (size_t)(end - word->text);
    *at = end;
    return MDUP_STAR_UNCLOSED;
}

mdup_star_scan mdup_star_next_word(const char **at, const char *end, mdup_star_word *word)
{
    const char *p = *at;
    while (p < end && is_blank(*p))
        p++;
    *at = p;
    if (p == end || *p == '#')
        return MDUP_STAR_NO_WORD;
    if (*p == '"' || *p == '\'')
        return next_quoted(at, end, word);
    word->text = p;
    word->quoted = false;
    while (p < end && !is_blank(*p))
        p++;
    word->length = (size_t)(p - word->text);
    *at = p;
    return MDUP_STAR_WORD;
}

/* What users hand over in place of a STAR file: the images and the cryoSPARC file that stand in the
 * same folders, and what Windows or a download made of a text. */
static const struct {
    size_t offset;
    const char *magic;
    size_t length;
    const char *what;
} foreign_formats[] = {
    {208, "MAP", 3, "an MRC image"},
    {0, "\x93NUMPY", 6, "a NumPy or cryoSPARC .cs file"},
    {0,
     "\x95"
     "CSDAT",
     6, "a cryoSPARC dataset"},
    {0, "II*\0", 4, "a TIFF image"},
    {0, "MM\0*", 4, "a TIFF image"},
    {0, "II+\0", 4, "a BigTIFF or EER file"},
    {0, "\x1f\x8b", 2, "compressed by gzip"},
    {0, "BZh", 3, "compressed by bzip2"},
    {0,
     "\xfd"
     "7zXZ",
     5, "compressed by xz"},
    {0, "PK\x03\x04", 4, "a zip archive"},
    {0, "\x89HDF", 4, "an HDF5 file"},
    {0, "SQLite format 3", 15, "an SQLite file"},
    {0, "\xff\xfe", 2, "text in UTF-16"},
    {0, "\xfe\xff", 2, "text in UTF-16"},
};

const char *mdup_star_foreign(const char *bytes, size_t length)
{
    for (size_t i = 0; i < sizeof foreign_formats / sizeof foreign_formats[0]; i++) {
        size_t offset = foreign_formats[i].offset, magic_length = foreign_formats[i].length;
        if (length < offset + magic_length)
            continue;
        if (memcmp(bytes + offset, foreign_formats[i].magic, magic_length) != 0)
            continue;
        /* "MAP" so far behind may stand in a text too, the zeros of a header may not. */
        if (offset == 0 || memchr(bytes, '\0', offset))
            return foreign_formats[i].what;
    }
    return NULL;
}

bool mdup_star_detect(const char *bytes, size_t length)
{
    static const char keyword[] = "data_";
    size_t keyword_length = sizeof keyword - 1;
    size_t mark_length = length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    bool found = false;
    if (memchr(bytes, '\0', length))
        return false;
    for (size_t i = mark_length; !found && i + keyword_length <= length; i++) {
        bool at_line_start = i == mark_length || bytes[i - 1] == '\n' || bytes[i - 1] == '\r';
        found = at_line_start && memcmp(bytes + i, keyword, keyword_length) == 0;
    }
    return found;
}
