#include "formats/epu_xml.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

#include "base/date.h"
#include "base/number.h"
#include "base/strbuf.h"

/* EPU's elements lie some ten deep, with short names. */
enum { LONGEST_PATH_bytes = 4096, LONGEST_VALUE_bytes = 256 };

typedef struct {
    XML_Parser parser;
    mdup_strbuf path;  /* "/MicroscopeImage/microscopeData/stage/Position/X", without prefixes */
    mdup_strbuf value; /* of the element that is open, when it has no others in it */
    mdup_acquisition *out;
    bool has_x[2], has_y[2]; /* stage, beam shift */
    const char *refusal;     /* why it was stopped; NULL */
} reader;

static void stop(reader *r, const char *refusal)
{
    r->refusal = refusal;
    (void)XML_StopParser(r->parser, XML_FALSE);
}

/* ---- values ---- */

static bool read_digits(const char **at, int n, int *value)
{
    *value = 0;
    for (int i = 0; i < n; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *value = 10 * *value + (**at - '0');
    }
    return true;
}

static bool pass(const char **at, char c)
{
    bool is_there = **at == c;
    *at += is_there;
    return is_there;
}

/* ".7628367", from 0 to 1 */
static double read_fraction(const char **at)
{
    double value = 0, digit = 0.1;
    if (!pass(at, '.'))
        return 0;
    for (; **at >= '0' && **at <= '9'; (*at)++, digit /= 10)
        value += digit * (double)(**at - '0');
    return value;
}

/* "", "Z" or "+01:00": seconds to be taken off; false for anything else. */
static bool read_zone(const char *at, double *zone_s)
{
    int hours, minutes;
    *zone_s = 0;
    if (*at == '\0' || strcmp(at, "Z") == 0)
        return true;
    double sign = *at == '-' ? -1 : 1;
    if ((*at != '+' && *at != '-') || !(at++, read_digits(&at, 2, &hours)) || !pass(&at, ':') ||
        !read_digits(&at, 2, &minutes) || *at)
        return false;
    *zone_s = sign * (3600.0 * hours + 60.0 * minutes);
    return true;
}

/* "2020-02-06T17:06:46.7628367+01:00" */
static bool read_date(const char *text, double *time_s)
{
    mdup_date date;
    double zone_s;
    const char *at = text;
    if (!read_digits(&at, 4, &date.year) || !pass(&at, '-') || !read_digits(&at, 2, &date.month) ||
        !pass(&at, '-') || !read_digits(&at, 2, &date.day) || !pass(&at, 'T') ||
        !read_digits(&at, 2, &date.hour) || !pass(&at, ':') || !read_digits(&at, 2, &date.minute) ||
        !pass(&at, ':') || !read_digits(&at, 2, &date.second) || !mdup_date_is_possible(&date))
        return false;
    double fraction_s = read_fraction(&at);
    if (!read_zone(at, &zone_s))
        return false;
    *time_s = mdup_date_seconds(&date) + fraction_s - zone_s;
    return true;
}

/* ---- elements ---- */

static bool ends_in(const mdup_strbuf *path, const char *end)
{
    size_t length = strlen(end);
    return path->length >= length && strcmp(path->text + path->length - length, end) == 0;
}

static void take_value(reader *r)
{
    mdup_acquisition *out = r->out;
    const struct {
        const char *end;
        double *target, scale;
        bool *has;
    } numbers[] = {
        {"/stage/Position/X", &out->stage_x_um, 1e6, &r->has_x[0]},
        {"/stage/Position/Y", &out->stage_y_um, 1e6, &r->has_y[0]},
        {"/optics/BeamShift/_x", &out->shift_x_um, MDUP_EPU_BEAM_SHIFT_um, &r->has_x[1]},
        {"/optics/BeamShift/_y", &out->shift_y_um, MDUP_EPU_BEAM_SHIFT_um, &r->has_y[1]},
    };
    const char *text = r->value.text ? r->value.text : "";
    if (ends_in(&r->path, "/acquisition/acquisitionDateTime"))
        out->has_time = read_date(text, &out->time_s);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        double value;
        if (!ends_in(&r->path, numbers[i].end) || !mdup_parse_double(text, strlen(text), &value))
            continue;
        *numbers[i].target = numbers[i].scale * value;
        *numbers[i].has = true;
    }
}

static void XMLCALL on_start(void *user, const char *name, const char **attributes)
{
    (void)attributes;
    reader *r = user;
    const char *colon = strrchr(name, ':');
    if (r->path.length == 0 && strcmp(colon ? colon + 1 : name, "MicroscopeImage") != 0)
        stop(r, "not of an image recorded by EPU");
    mdup_strbuf_puts(&r->path, "/");
    mdup_strbuf_puts(&r->path, colon ? colon + 1 : name);
    mdup_strbuf_reset(&r->value);
    if (r->path.length > LONGEST_PATH_bytes)
        stop(r, "its elements lie too deep");
}

static void XMLCALL on_end(void *user, const char *name)
{
    (void)name;
    reader *r = user;
    if (r->path.failed)
        return;
    take_value(r);
    mdup_strbuf_reset(&r->value);
    char *slash = strrchr(r->path.text, '/');
    r->path.length = (size_t)(slash - r->path.text);
    *slash = '\0';
}

static void XMLCALL on_text(void *user, const char *text, int length)
{
    reader *r = user;
    if (r->value.length + (size_t)length <= LONGEST_VALUE_bytes)
        mdup_strbuf_append(&r->value, text, (size_t)length);
}

/* Entities could make a small file large. */
static void XMLCALL on_doctype(void *user, const char *name, const char *system_id,
                               const char *public_id, int has_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_subset;
    stop(user, "has a document type, which EPU does not write");
}

static bool parse(reader *r, const char *text, size_t length, const char *name, mdup_error **err)
{
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    enum XML_Status status = XML_Parse(r->parser, text, (int)length, XML_TRUE);
    if (status == XML_STATUS_OK)
        return mdup_strbuf_check(&r->path, err) && mdup_strbuf_check(&r->value, err);
    unsigned long line = (unsigned long)XML_GetCurrentLineNumber(r->parser);
    if (r->refusal)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "%s: line %lu: %s", name, line, r->refusal);
    enum XML_Error code = XML_GetErrorCode(r->parser);
    if (code == XML_ERROR_NO_MEMORY)
        return mdup_fail_nomem(err);
    return mdup_fail(err, MDUP_ERROR_PARSE, "%s: line %lu: no XML: %s", name, line,
                     XML_ErrorString(code));
}

bool mdup_epu_xml_parse(const char *text, size_t length, const char *name, mdup_acquisition *out,
                        mdup_error **err)
{
    if (length > INT_MAX)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "%s: too large for a file of EPU", name);
    mdup_acquisition read = {.image = NULL};
    reader r = {.parser = XML_ParserCreate(NULL), .out = &read};
    if (!r.parser)
        return mdup_fail_nomem(err);
    bool ok = parse(&r, text, length, name, err);
    if (ok) {
        read.has_stage = r.has_x[0] && r.has_y[0];
        read.has_shift = r.has_x[1] && r.has_y[1];
        *out = read;
    }
    XML_ParserFree(r.parser);
    mdup_strbuf_free(&r.path);
    mdup_strbuf_free(&r.value);
    return ok;
}
