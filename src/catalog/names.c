#include "catalog/names.h"

#include <string.h>

#include "base/number.h"
#include "catalog/stamp.h"

enum { UID_digits = 21 };

/* Longest first where one ends like another. */
static const struct {
    const char *text;
    enum { SUFFIX_VARIANT, SUFFIX_HALF, SUFFIX_SPECTRUM, SUFFIX_RAW } kind;
    mdup_variant variant;
} suffixes[] = {
    {"_patch_aligned_doseweighted", SUFFIX_VARIANT, MDUP_VARIANT_DOSE_WEIGHTED},
    {"_rigid_aligned_doseweighted", SUFFIX_VARIANT, MDUP_VARIANT_DOSE_WEIGHTED},
    {"_doseweighted", SUFFIX_VARIANT, MDUP_VARIANT_DOSE_WEIGHTED},
    {"_patch_aligned", SUFFIX_VARIANT, MDUP_VARIANT_ALIGNED},
    {"_rigid_aligned", SUFFIX_VARIANT, MDUP_VARIANT_ALIGNED},
    {"_DWS", SUFFIX_VARIANT, MDUP_VARIANT_SELECTED_FRAMES},
    {"_DW", SUFFIX_VARIANT, MDUP_VARIANT_DOSE_WEIGHTED},
    {"_noDW", SUFFIX_VARIANT, MDUP_VARIANT_NOT_WEIGHTED},
    {"_EVN", SUFFIX_HALF, MDUP_VARIANT_PLAIN},
    {"_ODD", SUFFIX_HALF, MDUP_VARIANT_PLAIN},
    {"_PS", SUFFIX_SPECTRUM, MDUP_VARIANT_PLAIN},
    {"_Fractions", SUFFIX_RAW, MDUP_VARIANT_PLAIN},
    {"_fractions", SUFFIX_RAW, MDUP_VARIANT_PLAIN},
    {"_EER", SUFFIX_RAW, MDUP_VARIANT_PLAIN},
    {".frames", SUFFIX_RAW, MDUP_VARIANT_PLAIN},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(const char *text, size_t length)
{
    size_t n = 0;
    while (n < length && is_digit(text[n]))
        n++;
    return n;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Cuts `suffix`, in letters of either case, off the end of span; not when nothing would be left. */
static bool cut_end_any_case(const char *name, mdup_span *span, const char *suffix)
{
    size_t length = strlen(suffix);
    if (span->length <= length)
        return false;
    const char *end = name + span->begin + span->length - length;
    for (size_t i = 0; i < length; i++)
        if (lower(end[i]) != suffix[i])
            return false;
    span->length -= length;
    return true;
}

static bool cut_end(const char *name, mdup_span *span, const char *suffix)
{
    size_t length = strlen(suffix);
    if (span->length <= length ||
        memcmp(name + span->begin + span->length - length, suffix, length) != 0)
        return false;
    span->length -= length;
    return true;
}

static void cut_extension(const char *name, mdup_name *parts)
{
    /* RELION's forced format, "x.ctf:mrc". */
    (void)(cut_end_any_case(name, &parts->base, ":mrc") ||
           cut_end_any_case(name, &parts->base, ":mrcs"));
    parts->is_compressed =
        cut_end_any_case(name, &parts->base, ".gz") || cut_end_any_case(name, &parts->base, ".bz2");
    parts->is_tiff = cut_end_any_case(name, &parts->base, ".tif") ||
                     cut_end_any_case(name, &parts->base, ".tiff");
    parts->has_image_extension = parts->is_tiff || cut_end_any_case(name, &parts->base, ".mrc") ||
                                 cut_end_any_case(name, &parts->base, ".map");
    parts->is_stack = !parts->has_image_extension && cut_end_any_case(name, &parts->base, ".mrcs");
    if (!parts->has_image_extension && !parts->is_stack)
        (void)cut_end_any_case(name, &parts->base, ".eer");
}

static bool cut_one_suffix(const char *name, mdup_name *parts, bool is_last)
{
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        if (!cut_end(name, &parts->base, suffixes[i].text))
            continue;
        if (suffixes[i].kind == SUFFIX_HALF)
            parts->is_half = true;
        else if (suffixes[i].kind == SUFFIX_SPECTRUM)
            parts->is_power_spectrum = true;
        else if (suffixes[i].kind == SUFFIX_RAW)
            parts->is_raw = is_last; /* behind "_fractions_DW" there was a motion correction */
        else if (parts->variant == MDUP_VARIANT_PLAIN)
            parts->variant = suffixes[i].variant;
        return true;
    }
    return false;
}

static void cut_uid(const char *name, mdup_name *parts)
{
    const char *base = name + parts->base.begin;
    parts->stem = parts->base;
    if (parts->base.length <= UID_digits + 1 || base[UID_digits] != '_' ||
        count_digits(base, parts->base.length) != UID_digits)
        return;
    parts->stem.begin += UID_digits + 1;
    parts->stem.length -= UID_digits + 1;
}

static void split_folder(const char *name, mdup_name *parts)
{
    size_t begin = count_digits(name, strlen(name));
    begin = begin > 0 && name[begin] == '@' ? begin + 1 : 0;
    const char *slash = strrchr(name + begin, '/');
    parts->folder = (mdup_span){begin, slash ? (size_t)(slash + 1 - name) - begin : 0};
    parts->base.begin = begin + parts->folder.length;
    parts->base.length = strlen(name + parts->base.begin);
}

static void set_time(mdup_name *parts, const mdup_stamp *stamp)
{
    parts->has_time = true;
    parts->has_year = stamp->has_year;
    parts->time_s = stamp->time_s;
}

static size_t find_text(const char *text, size_t length, const char *wanted)
{
    size_t wanted_length = strlen(wanted);
    for (size_t i = 0; i + wanted_length <= length; i++)
        if (memcmp(text + i, wanted, wanted_length) == 0)
            return i;
    return length;
}

static bool parse_epu(const char *name, mdup_name *parts)
{
    static const char hole_mark[] = "FoilHole_", data_mark[] = "_Data_";
    size_t end = parts->stem.begin + parts->stem.length;
    size_t at = parts->stem.begin +
                find_text(name + parts->stem.begin, parts->stem.length, hole_mark) +
                strlen(hole_mark);
    if (at >= end)
        return false;
    mdup_span hole = {at, count_digits(name + at, end - at)};
    at += hole.length;
    if (hole.length == 0 || end - at < strlen(data_mark) ||
        memcmp(name + at, data_mark, strlen(data_mark)) != 0)
        return false;
    at += strlen(data_mark);
    mdup_span area = {at, count_digits(name + at, end - at)};
    if (area.length == 0)
        return false;
    at += area.length;
    parts->naming = MDUP_NAMING_EPU;
    parts->hole = hole;
    parts->shot = area;
    mdup_stamp stamp;
    if (mdup_stamp_find_last(name + at, end - at, &stamp) ||
        mdup_stamp_find_minutes(name + at, end - at, &stamp))
        set_time(parts, &stamp);
    return true;
}

/* The end of "_v01" at `at`, or `at` itself. */
static size_t skip_version(const char *name, size_t at, size_t end)
{
    if (end - at < 3 || name[at] != '_' || name[at + 1] != 'v')
        return at;
    size_t digits = count_digits(name + at + 2, end - at - 2);
    return digits ? at + 2 + digits : at;
}

static bool parse_leginon(const char *name, mdup_name *parts)
{
    enum { FIELD_digits = 5 };
    size_t begin = parts->stem.begin, end = begin + parts->stem.length;
    for (size_t i = begin + 1; i + FIELD_digits + 2 <= end; i++) {
        size_t hole_end = i + FIELD_digits + 2;
        if (name[i - 1] != '_' || count_digits(name + i, end - i) != FIELD_digits ||
            memcmp(name + i + FIELD_digits, "hl", 2) != 0)
            continue;
        size_t after = skip_version(name, hole_end, end);
        if (after >= end || name[after] != '_')
            continue;
        mdup_span shot = {after + 1, count_digits(name + after + 1, end - after - 1)};
        if (shot.length != FIELD_digits)
            continue;
        while (shot.begin + shot.length < end && lower(name[shot.begin + shot.length]) >= 'a' &&
               lower(name[shot.begin + shot.length]) <= 'z')
            shot.length++;
        parts->naming = MDUP_NAMING_LEGINON;
        parts->prefix = (mdup_span){begin, after - begin};
        parts->hole = (mdup_span){i, hole_end - i};
        parts->shot = shot;
        return true;
    }
    return false;
}

/* Reads digits, with a sign in front when `with_sign`, at *at; moves *at behind them. */
static bool read_number(const char *text, size_t length, size_t *at, bool with_sign)
{
    size_t i = *at;
    if (with_sign) {
        if (i >= length || (text[i] != '+' && text[i] != '-'))
            return false;
        i++;
    }
    size_t digits = count_digits(text + i, length - i);
    if (digits == 0 || digits > 3)
        return false;
    *at = i + digits;
    return true;
}

static bool read_letter(const char *text, size_t length, size_t *at, char letter)
{
    if (*at >= length || text[*at] != letter)
        return false;
    (*at)++;
    return true;
}

/* Length of the hole's part of SerialEM's last token: X+1Y-1, R1H3 or 2; 0 when it is none of them.
 */
static size_t hole_length(const char *text, size_t length)
{
    size_t at = 0;
    if (read_letter(text, length, &at, 'X'))
        return read_number(text, length, &at, true) && read_letter(text, length, &at, 'Y') &&
                       read_number(text, length, &at, true)
                   ? at
                   : 0;
    if (read_letter(text, length, &at, 'R'))
        return read_number(text, length, &at, false) && read_letter(text, length, &at, 'H') &&
                       read_number(text, length, &at, false)
                   ? at
                   : 0;
    return read_number(text, length, &at, false) ? at : 0;
}

static size_t last_token(const char *name, size_t begin, size_t end)
{
    size_t at = end;
    while (at > begin && name[at - 1] != '_')
        at--;
    return at;
}

static bool read_hole_and_shot(const char *name, size_t token, size_t end, mdup_name *parts)
{
    const char *text = name + token;
    size_t length = end - token, hole = hole_length(text, length), at = hole;
    if (hole == 0 || !read_letter(text, length, &at, '-'))
        return false;
    size_t shot = at;
    int64_t number;
    /* Two digits at most: SerialEM's own limit is below 100, and "39-103" is a label of its
     * Navigator. */
    if (!read_number(text, length, &at, false) || at != length || at - shot > 2 ||
        !mdup_parse_int64(text + shot, at - shot, &number))
        return false;
    parts->hole = (mdup_span){token, hole};
    parts->shot = (mdup_span){token + shot, at - shot};
    parts->shot_number = (int32_t)number;
    return true;
}

/* "Nov04", "18.10.51" standing alone, "-0.0": what may stand between SerialEM's number and the
 * hole, beside whole stamps. */
static bool is_date_or_angle(const char *text, size_t length)
{
    if (mdup_stamp_is_month_day(text, length))
        return true;
    bool has_digit = false, has_dot = false;
    for (size_t i = 0; i < length; i++) {
        bool is_sign = i == 0 && (text[i] == '-' || text[i] == '+');
        if (!is_digit(text[i]) && text[i] != '.' && !is_sign)
            return false;
        has_digit = has_digit || is_digit(text[i]);
        has_dot = has_dot || text[i] == '.';
    }
    return has_digit && has_dot;
}

/* Takes stamps, dates and angles off the end of name[begin, end). */
static size_t cut_dates(const char *name, size_t begin, size_t end)
{
    for (;;) {
        mdup_stamp stamp;
        size_t token = last_token(name, begin, end);
        if (mdup_stamp_find_last(name + begin, end - begin, &stamp) &&
            begin + stamp.begin + stamp.length == end)
            token = begin + stamp.begin;
        else if (!is_date_or_angle(name + token, end - token))
            return end;
        if (token == begin)
            return begin;
        end = token - 1;
    }
}

static bool parse_serialem(const char *name, mdup_name *parts)
{
    size_t begin = parts->stem.begin, end = begin + parts->stem.length;
    size_t token = last_token(name, begin, end);
    mdup_name found = *parts;
    if (token <= begin + 1 || !read_hole_and_shot(name, token, end, &found))
        return false;
    mdup_stamp stamp;
    if (mdup_stamp_find_last(name + begin, token - 1 - begin, &stamp)) {
        set_time(&found, &stamp);
        if (stamp.begin == 0 && begin + stamp.length < token - 1) /* date and time as a prefix */
            begin += stamp.length + 1;
    }
    end = cut_dates(name, begin, token - 1);
    size_t number = last_token(name, begin, end);
    if (end > number && count_digits(name + number, end - number) == end - number &&
        mdup_parse_int64(name + number, end - number, &found.counter_value)) {
        found.counter = (mdup_span){number, end - number};
        end = number > begin ? number - 1 : number;
    }
    /* "grid_4-1" alone is not enough of a sign; "X+1Y-1-1" is. */
    if (is_digit(name[found.hole.begin]) && found.counter.length == 0 && !found.has_time)
        return false;
    found.naming = MDUP_NAMING_SERIALEM;
    found.prefix = (mdup_span){begin, end - begin};
    *parts = found;
    return true;
}

void mdup_name_parse(const char *name, mdup_name *parts)
{
    *parts = (mdup_name){.variant = MDUP_VARIANT_PLAIN, .shot_number = -1};
    split_folder(name, parts);
    cut_extension(name, parts);
    bool is_last = true;
    while (cut_one_suffix(name, parts, is_last))
        is_last = false;
    cut_uid(name, parts);
    if (parse_epu(name, parts) || parse_leginon(name, parts) || parse_serialem(name, parts))
        return;
    mdup_stamp stamp;
    if (mdup_stamp_find_last(name + parts->stem.begin, parts->stem.length, &stamp))
        set_time(parts, &stamp);
}
