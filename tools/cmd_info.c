/* microdup info: what a STAR file, a cryoSPARC table, an image or a session holds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "commands.h"
#include "console.h"
#include "flow/session_info.h"
#include "formats/image_file.h"
#include "formats/json.h"
#include "formats/mrc.h"
#include "formats/npy.h"
#include "formats/star.h"
#include "formats/star_words.h"
#include "formats/tiff.h"

enum { HEAD_bytes = 4096 };

static const char *const mode0_names[] = {"auto", "signed", "unsigned", NULL};

typedef struct {
    bool json;
    int mode0;
} arguments;

/* ---- images ---- */

typedef struct {
    double mean, sd, min, max;
    int64_t n_not_finite;
} statistics;

/* Welford's update: one pass, and no loss of digits however large the mean is beside the sd. */
static void add_pixels(statistics *s, double *sum_of_squares, int64_t *n, const float *pixels,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double value = (double)pixels[i];
        if (!isfinite(value)) {
            s->n_not_finite++;
            continue;
        }
        double delta = value - s->mean;
        s->mean += delta / (double)++*n;
        *sum_of_squares += delta * (value - s->mean);
        s->min = *n == 1 || value < s->min ? value : s->min;
        s->max = *n == 1 || value > s->max ? value : s->max;
    }
}

static bool measure(mdup_image_file *file, statistics *out, mdup_error **err)
{
    const mdup_image_info *info = mdup_image_get_info(file);
    size_t nx = (size_t)info->nx;
    float *row = mdup_alloc_aligned(nx, sizeof *row, err);
    if (!row)
        return false;
    statistics s = {0};
    double sum_of_squares = 0;
    int64_t n = 0;
    bool ok = true;
    for (int32_t y = 0; ok && y < info->ny; y++) {
        ok = mdup_image_read_rows(file, 1, row, err);
        if (ok)
            add_pixels(&s, &sum_of_squares, &n, row, nx);
    }
    s.sd = n > 0 ? sqrt(sum_of_squares / (double)n) : (double)NAN;
    if (n == 0)
        s.mean = s.min = s.max = (double)NAN;
    free(row);
    if (ok)
        *out = s;
    return ok;
}

static void print_image(const char *path, const mdup_image_info *info, const statistics *s)
{
    printf("%s: %s image, %d x %d px", path, info->format, info->nx, info->ny);
    if (info->nz != 1)
        printf(", %d of them", info->nz);
    printf("\n  mode         %d\n", info->mode);
    printf("  byte order   %s\n", info->big_endian ? "big" : "little");
    printf("  compression  %s\n", info->compression);
    if (info->ext_bytes > 0)
        printf("  ext. header  %s%s%lld bytes\n", info->ext_type, info->ext_type[0] ? ", " : "",
               (long long)info->ext_bytes);
    if (info->pixel_A > 0)
        printf("  pixel size   %.6g A\n", info->pixel_A);
    else
        printf("  pixel size   not stated\n");
    printf("  mean %.6g, sd %.6g, min %.6g, max %.6g\n", s->mean, s->sd, s->min, s->max);
    if (s->n_not_finite > 0)
        printf("  %lld pixels are NaN or infinite\n", (long long)s->n_not_finite);
    if (info->warning)
        printf("  note: %s\n", info->warning);
}

static void image_json(const char *path, const mdup_image_info *info, const statistics *s,
                       mdup_json *json)
{
    mdup_json_object(json, NULL);
    mdup_json_string(json, "file", path);
    mdup_json_string(json, "format", info->format);
    mdup_json_int(json, "nx", info->nx);
    mdup_json_int(json, "ny", info->ny);
    mdup_json_int(json, "nz", info->nz);
    mdup_json_int(json, "mode", info->mode);
    mdup_json_string(json, "byte_order", info->big_endian ? "big" : "little");
    mdup_json_string(json, "compression", info->compression);
    mdup_json_string(json, "ext_type", info->ext_type);
    mdup_json_int(json, "ext_bytes", info->ext_bytes);
    mdup_json_double(json, "pixel_A", info->pixel_A);
    mdup_json_double(json, "mean", s->mean);
    mdup_json_double(json, "sd", s->sd);
    mdup_json_double(json, "min", s->min);
    mdup_json_double(json, "max", s->max);
    mdup_json_int(json, "not_finite", s->n_not_finite);
    mdup_json_end_object(json);
}

static bool show_image(const char *name, const arguments *a, mdup_json *json, mdup_error **err)
{
    char *path;
    int32_t slice;
    if (!mdup_image_split_name(name, &path, &slice, err))
        return false;
    /* Of a stack without a slice the first image is measured: what the file holds is the question
     * here. */
    mdup_image_file *file = mdup_image_open(path, slice > 0 ? slice : 1, (mdup_mode0)a->mode0, err);
    statistics s;
    bool ok = file && measure(file, &s, err);
    if (ok && json)
        image_json(name, mdup_image_get_info(file), &s, json);
    else if (ok)
        print_image(name, mdup_image_get_info(file), &s);
    mdup_image_close(file);
    free(path);
    return ok;
}

/* ---- STAR files ---- */

/* The version that stands in the file as a user knows it. */
static const char *relion_version(int64_t version)
{
    return version == 0 ? "3.0 or older, or another program" : version < 50001 ? "3.1 or 4" : "5";
}

static void print_star(const char *path, const mdup_star *star, mdup_star_kind kind)
{
    printf("%s: STAR file, %s, RELION %s\n", path, mdup_star_kind_name(kind),
           relion_version(star->version));
    for (size_t t = 0; t < star->n_tables; t++) {
        const mdup_star_table *table = &star->tables[t];
        printf("  data_%s: %zu row%s\n", table->name, table->n_rows, table->n_rows == 1 ? "" : "s");
        for (size_t c = 0; c < table->n_columns; c++)
            printf("    _%s\n", table->labels[c]);
    }
    if (star->has_crlf)
        printf("  note: has Windows line ends (CR LF), which RELION refuses\n");
}

static void star_json(const char *path, const mdup_star *star, mdup_star_kind kind, mdup_json *json)
{
    mdup_json_object(json, NULL);
    mdup_json_string(json, "file", path);
    mdup_json_string(json, "format", "star");
    mdup_json_string(json, "kind", mdup_star_kind_name(kind));
    mdup_json_int(json, "version", star->version);
    mdup_json_string(json, "relion", relion_version(star->version));
    mdup_json_bool(json, "crlf", star->has_crlf);
    mdup_json_array(json, "tables");
    for (size_t t = 0; t < star->n_tables; t++) {
        const mdup_star_table *table = &star->tables[t];
        mdup_json_object(json, NULL);
        mdup_json_string(json, "name", table->name);
        mdup_json_int(json, "rows", (int64_t)table->n_rows);
        mdup_json_array(json, "columns");
        for (size_t c = 0; c < table->n_columns; c++)
            mdup_json_string(json, NULL, table->labels[c]);
        mdup_json_end_array(json);
        mdup_json_end_object(json);
    }
    mdup_json_end_array(json);
    mdup_json_end_object(json);
}

static bool show_star(const char *path, const arguments *a, mdup_json *json, mdup_error **err)
{
    (void)a;
    mdup_star *star = mdup_star_read(path, err);
    if (!star)
        return false;
    const mdup_star_table *micrographs;
    mdup_star_kind kind = mdup_star_classify(star, &micrographs);
    if (json)
        star_json(path, star, kind, json);
    else
        print_star(path, star, kind);
    mdup_star_free(star);
    return true;
}

static bool ends_in(const char *text, const char *ending)
{
    size_t length = strlen(text), ending_length = strlen(ending);
    return length >= ending_length && strcmp(text + length - ending_length, ending) == 0;
}

/* ---- tables of cryoSPARC ---- */

static const char *type_name(const mdup_npy_field *field)
{
    static const char *const names[] = {
        [MDUP_NPY_UNSIGNED] = "unsigned", [MDUP_NPY_SIGNED] = "signed",
        [MDUP_NPY_FLOAT] = "float",       [MDUP_NPY_BYTES] = "text",
        [MDUP_NPY_UNICODE] = "unicode",   [MDUP_NPY_OTHER] = "other"};
    return names[field->type];
}

static void print_cs(const char *path, const mdup_npy *npy)
{
    printf("%s: cryoSPARC (NumPy) table, %zu record%s of %zu bytes\n", path, npy->n_records,
           npy->n_records == 1 ? "" : "s", npy->record_bytes);
    for (size_t i = 0; i < npy->n_fields; i++) {
        const mdup_npy_field *field = &npy->fields[i];
        printf("  %-40s %s, %zu byte%s", field->name, type_name(field), field->item_bytes,
               field->item_bytes == 1 ? "" : "s");
        if (field->n_items != 1)
            printf(" x %zu", field->n_items);
        printf("\n");
    }
}

static void cs_json(const char *path, const mdup_npy *npy, mdup_json *json)
{
    mdup_json_object(json, NULL);
    mdup_json_string(json, "file", path);
    mdup_json_string(json, "format", "cs");
    mdup_json_int(json, "records", (int64_t)npy->n_records);
    mdup_json_int(json, "record_bytes", (int64_t)npy->record_bytes);
    mdup_json_array(json, "fields");
    for (size_t i = 0; i < npy->n_fields; i++) {
        mdup_json_object(json, NULL);
        mdup_json_string(json, "name", npy->fields[i].name);
        mdup_json_string(json, "type", type_name(&npy->fields[i]));
        mdup_json_int(json, "bytes", (int64_t)npy->fields[i].item_bytes);
        mdup_json_int(json, "items", (int64_t)npy->fields[i].n_items);
        mdup_json_end_object(json);
    }
    mdup_json_end_array(json);
    mdup_json_end_object(json);
}

static bool show_cs(const char *path, const arguments *a, mdup_json *json, mdup_error **err)
{
    (void)a;
    mdup_npy *npy = mdup_npy_read(path, err);
    if (!npy)
        return false;
    if (json)
        cs_json(path, npy, json);
    else
        print_cs(path, npy);
    mdup_npy_free(npy);
    return true;
}

/* ---- sessions ---- */

static bool show_session(const char *path, const arguments *a, mdup_json *json, mdup_error **err)
{
    (void)a;
    mdup_session_info *info = mdup_session_info_read(path, err);
    if (!info)
        return false;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    if (json)
        mdup_session_info_json(info, json);
    else
        mdup_session_info_text(info, &text);
    bool ok = mdup_strbuf_check(&text, err);
    if (ok && text.text)
        fputs(text.text, stdout);
    mdup_strbuf_free(&text);
    mdup_session_info_free(info);
    return ok;
}

/* ---- files of any kind ---- */

typedef bool (*show_file)(const char *path, const arguments *a, mdup_json *json, mdup_error **err);

/* By content, and by the name where that says nothing: whichever reader is asked then says what is
 * wrong. */
static show_file reader_of(const char *path)
{
    if (mdup_session_info_detect(path))
        return show_session;
    char head[HEAD_bytes];
    FILE *file = mdup_path_is_file(path) ? fopen(path, "rb") : NULL;
    size_t n = file ? fread(head, 1, sizeof head, file) : 0;
    if (file)
        fclose(file);
    const uint8_t *bytes = (const uint8_t *)head;
    if (mdup_tiff_detect(bytes, n) || mdup_mrc_detect(bytes, n))
        return show_image;
    if (mdup_npy_detect(head, n) || ends_in(path, ".cs"))
        return show_cs;
    return mdup_star_detect(head, n) || ends_in(path, ".star") ? show_star : show_image;
}

static bool show(const char *path, const arguments *a, mdup_json *json, mdup_error **err)
{
    return reader_of(path)(path, a, json, err);
}

/* One object, or an array of them when several files were named.  Printed when all are known: half
 * a document is of no use. */
static bool show_json(const option_strings *paths, const arguments *a, mdup_error **err)
{
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_json json;
    bool ok = true, is_array = paths->n > 1;
    mdup_json_begin(&json, &out);
    if (is_array)
        mdup_json_array(&json, NULL);
    for (size_t i = 0; ok && i < paths->n; i++)
        ok = show(paths->items[i], a, &json, err);
    if (ok && is_array)
        mdup_json_end_array(&json);
    ok = ok && mdup_strbuf_check(&out, err);
    if (ok)
        fputs(out.text, stdout);
    mdup_strbuf_free(&out);
    return ok;
}

static bool show_text(const option_strings *paths, const arguments *a, mdup_error **err)
{
    for (size_t i = 0; i < paths->n; i++)
        if (!show(paths->items[i], a, NULL, err))
            return false;
    return true;
}

static int run_info(const arguments *a, const option_set *set)
{
    console c;
    console_init(&c);
    mdup_error *err = NULL;
    if (a->json ? show_json(&set->positional, a, &err) : show_text(&set->positional, a, &err))
        return EXIT_DONE;
    return console_fail(&c, "microdup info", &err, EXIT_FAILED);
}

static int run(int argc, char **argv)
{
    arguments a = {0};
    const option options[] = {
        {"Options", "json", OPTION_FLAG, &a.json, NULL,
         "print JSON: an object, or an array of them for several files", NULL, 0, 0, NULL},
        {NULL, "mode0", OPTION_CHOICE, &a.mode0, "MODE",
         "8-bit MRC files are auto (as the file says), signed or unsigned", NULL, 0, 0,
         mode0_names},
    };
    option_set set = {.options = options, .n = sizeof options / sizeof *options};
    int status;
    if (command_begin(&command_info, &set, argc, argv, 1, SIZE_MAX, &status))
        status = run_info(&a, &set);
    options_clear(&set);
    return status;
}

const command command_info = {
    "info", "FILE... [--json]",
    "tell what a STAR file, a cryoSPARC .cs file, an image or a session holds", run};
