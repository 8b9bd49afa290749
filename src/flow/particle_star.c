/* Particles from RELION's STAR files.
 *
 * rlnCoordinateX/Y are px of the micrograph that rlnMicrographName names, from its first pixel and row.  What refinement found, the origin,
 * is to be subtracted, as RELION does when it extracts again: rlnOriginXAngst since 3.1, before rlnOriginX in px of the particle's image,
 * which may be binned.  (Preprocessing::getCoordinateMetaDataTable.)
 *
 * Of the size of the micrograph's px an extracted set need not tell: rlnMicrographPixelSize goes at extraction, and
 * rlnMicrographOriginalPixelSize is that of the movie, which motion correction may have binned; in 3.0 magnification and detector are those of the
 * particle's image.  So what the screen knows of the micrograph goes before these. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/number.h"
#include "flow/particle_table.h"

typedef enum {
    NAME,
    X,
    Y,
    GROUP,
    ORIGIN_X_A,
    ORIGIN_Y_A,
    ORIGIN_X_PX,
    ORIGIN_Y_PX,
    HALF,
    DETECTOR,
    MAGNIFICATION,
    N_ROLES
} role;

static const char *const labels[N_ROLES] = {
    "rlnMicrographName", "rlnCoordinateX",       "rlnCoordinateY",  "rlnOpticsGroup",
    "rlnOriginXAngst",   "rlnOriginYAngst",      "rlnOriginX",      "rlnOriginY",
    MDUP_STAR_HALF,      "rlnDetectorPixelSize", "rlnMagnification"};

typedef struct {
    int64_t group;
    double micrograph_A, original_A, image_A; /* 0: not told */
} optics;

typedef struct {
    const char *path;
    const mdup_particle_places *places;
    mdup_particle_table *out;
    const mdup_star *star;
    const mdup_star_table *table;
    /* The columns that are read, in their order, and what they are. */
    size_t n_columns, columns[N_ROLES];
    role roles[N_ROLES];
    size_t place_of[N_ROLES]; /* of a role among them; N_ROLES: there is none */
    size_t n_optics, last_optics;
    optics *optics;
    mdup_intern names;
    size_t *name_of;        /* a row each */
    ptrdiff_t *micrograph;  /* a name each */
    size_t n_without_scale; /* origins in px of an unknown size */
} reader;

/* ---- columns ---- */

static int rank(const mdup_star_table *table)
{
    for (int i = NAME; i <= Y; i++)
        if (!table->is_loop || mdup_star_column(table, labels[i]) < 0)
            return 0;
    return strcmp(table->name, "particles") == 0 ? 3 : table->name[0] == '\0' ? 2 : 1;
}

static bool find_table(reader *r, mdup_error **err)
{
    int best = 0;
    for (size_t t = 0; t < r->star->n_tables; t++)
        if (rank(&r->star->tables[t]) > best) {
            best = rank(&r->star->tables[t]);
            r->table = &r->star->tables[t];
        }
    if (mdup_star_classify(r->star, NULL) == MDUP_STAR_TOMOGRAPHY)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: particles of tomograms; only those of single micrographs can be "
                         "matched",
                         r->path);
    return r->table ||
           mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: no list of particles with their places: one table must have %s, %s and "
                     "%s",
                     r->path, labels[NAME], labels[X], labels[Y]);
}

static void find_columns(reader *r)
{
    for (int i = 0; i < N_ROLES; i++)
        r->place_of[i] = N_ROLES;
    for (size_t c = 0; c < r->table->n_columns; c++)
        for (int i = 0; i < N_ROLES; i++)
            if (strcmp(r->table->labels[c], labels[i]) == 0) {
                r->place_of[i] = r->n_columns;
                r->columns[r->n_columns] = c;
                r->roles[r->n_columns++] = (role)i;
            }
}

static bool has(const reader *r, role what)
{
    return r->place_of[what] < N_ROLES;
}

static bool fail_value(const reader *r, size_t row, role what, const mdup_star_word *word,
                       const char *is_not, mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_PARSE, "%s: line %zu: the %s '%.*s' is not %s", r->path,
                     r->table->rows[row].line, labels[what],
                     (int)(word->length < 40 ? word->length : 40), word->text, is_not);
}

static bool parse(const reader *r, size_t row, const mdup_star_word *words, role what,
                  double *value, mdup_error **err)
{
    *value = 0;
    if (!has(r, what))
        return true;
    const mdup_star_word *word = &words[r->place_of[what]];
    return mdup_parse_double(word->text, word->length, value) ||
           fail_value(r, row, what, word, "a number", err);
}

/* ---- optics groups ---- */

static bool optics_value(const reader *r, const mdup_star_table *table, size_t row,
                         const char *label, double *value, mdup_error **err)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    ptrdiff_t column = mdup_star_column(table, label);
    bool ok = column < 0 || mdup_star_value(r->star, table, row, (size_t)column, &text, err);
    *value = 0;
    if (ok && column >= 0 && (!mdup_parse_double(text.text, text.length, value) || *value < 0))
        *value = 0;
    mdup_strbuf_free(&text);
    return ok;
}

static bool read_optics(reader *r, mdup_error **err)
{
    const mdup_star_table *table = mdup_star_find(r->star, "optics");
    if (!table || mdup_star_column(table, labels[GROUP]) < 0 || !has(r, GROUP))
        return true;
    r->optics = mdup_calloc(table->n_rows, sizeof *r->optics, err);
    if (!r->optics)
        return false;
    for (size_t row = 0; row < table->n_rows; row++) {
        optics *o = &r->optics[r->n_optics++];
        double group;
        if (!optics_value(r, table, row, labels[GROUP], &group, err) ||
            !optics_value(r, table, row, "rlnMicrographPixelSize", &o->micrograph_A, err) ||
            !optics_value(r, table, row, "rlnMicrographOriginalPixelSize", &o->original_A, err) ||
            !optics_value(r, table, row, "rlnImagePixelSize", &o->image_A, err))
            return false;
        o->group = (int64_t)group;
    }
    return true;
}

static bool find_optics(reader *r, size_t row, const mdup_star_word *words, optics *out,
                        mdup_error **err)
{
    double group, detector_um, magnification;
    *out = (optics){0};
    if (!parse(r, row, words, GROUP, &group, err) ||
        !parse(r, row, words, DETECTOR, &detector_um, err) ||
        !parse(r, row, words, MAGNIFICATION, &magnification, err))
        return false;
    for (size_t i = 0; i < r->n_optics; i++) {
        size_t at = (r->last_optics + i) % r->n_optics; /* mostly that of the row before */
        if (r->optics[at].group == (int64_t)group) {
            *out = r->optics[r->last_optics = at];
            return true;
        }
    }
    if (r->n_optics > 0)
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: line %zu: the optics group %lld is not in data_optics", r->path,
                         r->table->rows[row].line, (long long)group);
    if (detector_um > 0 && magnification > 0)
        out->image_A = out->original_A = 1e4 * detector_um / magnification;
    return true;
}

/* ---- rows ---- */

static bool fail_pixel(const reader *r, const char *name, mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_INVALID,
                     "%s: the pixel size of %s is not known; give it with --pixel", r->path, name);
}

static bool subtract_origin(reader *r, size_t row, const mdup_star_word *words, const optics *o,
                            double pixel_A, mdup_particle *p, mdup_error **err)
{
    double x_A, y_A, x_px, y_px;
    if (!parse(r, row, words, ORIGIN_X_A, &x_A, err) ||
        !parse(r, row, words, ORIGIN_Y_A, &y_A, err) ||
        !parse(r, row, words, ORIGIN_X_PX, &x_px, err) ||
        !parse(r, row, words, ORIGIN_Y_PX, &y_px, err))
        return false;
    bool in_px = !has(r, ORIGIN_X_A) && (x_px != 0 || y_px != 0);
    r->n_without_scale += in_px && o->image_A <= 0;
    if (in_px) {
        x_A = x_px * o->image_A;
        y_A = y_px * o->image_A;
    }
    p->x_px -= x_A / pixel_A;
    p->y_px -= y_A / pixel_A;
    return true;
}

/* The centre of a particle, of which the words are those of its row. */
static bool place_particle(reader *r, size_t row, size_t m, const mdup_star_word *words,
                           mdup_error **err)
{
    mdup_particle *p = &r->out->particles[row];
    optics o;
    if (!parse(r, row, words, X, &p->x_px, err) || !parse(r, row, words, Y, &p->y_px, err) ||
        !find_optics(r, row, words, &o, err))
        return false;
    double scale = mdup_particle_scale(r->places, m, o.micrograph_A, o.original_A);
    double pixel_A = r->places->pixel_A[m];
    if (pixel_A <= 0)
        return fail_pixel(r, r->places->naming->known[m], err);
    p->x_px *= scale;
    p->y_px *= scale;
    if (!subtract_origin(r, row, words, &o, pixel_A, p, err))
        return false;
    if (!mdup_particle_is_place(p->x_px) || !mdup_particle_is_place(p->y_px))
        return fail_value(r, row, X, &words[r->place_of[X]], "a place in a micrograph", err);
    p->micrograph = m;
    r->out->n_in_overlaps++;
    return true;
}

static uint8_t half_of(const reader *r, const mdup_star_word *words)
{
    double half;
    if (!has(r, HALF))
        return 0;
    const mdup_star_word *word = &words[r->place_of[HALF]];
    bool is_known = mdup_parse_double(word->text, word->length, &half) && (half == 1 || half == 2);
    return is_known ? (uint8_t)half : 0;
}

static bool place_particles(reader *r, mdup_error **err)
{
    mdup_star_word words[N_ROLES];
    for (size_t row = 0; row < r->table->n_rows; row++) {
        ptrdiff_t m = r->micrograph[r->name_of[row]];
        r->out->particles[row].micrograph = MDUP_NO_MICROGRAPH;
        r->out->n_of_session += m >= 0;
        if (m < 0 || r->places->naming->fate[m] == 0)
            continue;
        mdup_star_find_words(r->star, r->table, row, r->columns, r->n_columns, words);
        if (!place_particle(r, row, (size_t)m, words, err))
            return false;
        r->out->half[row] = half_of(r, words);
    }
    return true;
}

/* Particles of one micrograph mostly stand together. */
static bool read_names(reader *r, mdup_error **err)
{
    mdup_star_word before = {0}, word = {0};
    for (size_t row = 0; row < r->table->n_rows; row++) {
        mdup_star_find_words(r->star, r->table, row, &r->columns[r->place_of[NAME]], 1, &word);
        if (row > 0 && word.length == before.length &&
            memcmp(word.text, before.text, word.length) == 0) {
            r->name_of[row] = r->name_of[row - 1];
            continue;
        }
        if (word.length == 0)
            return fail_value(r, row, NAME, &word, "a name", err);
        if (!mdup_intern_add(&r->names, word.text, word.length, &r->name_of[row], err))
            return false;
        before = word;
    }
    return true;
}

static bool read_all(reader *r, mdup_error **err)
{
    mdup_particle_table *out = r->out;
    if (!find_table(r, err))
        return false;
    find_columns(r);
    out->table = r->table;
    out->n = r->table->n_rows;
    out->has_halves = has(r, HALF);
    return (out->particles = mdup_calloc(out->n, sizeof *out->particles, err)) &&
           (out->half = mdup_calloc(out->n, sizeof *out->half, err)) &&
           (r->name_of = mdup_calloc(out->n, sizeof *r->name_of, err)) && read_optics(r, err) &&
           read_names(r, err) &&
           (r->micrograph = mdup_calloc(r->names.n, sizeof *r->micrograph, err)) &&
           mdup_naming_match(r->places->naming, r->path, &r->names, r->micrograph, err) &&
           place_particles(r, err);
}

bool mdup_particles_of_star(const char *path, const mdup_particle_places *places,
                            mdup_particle_table *table, mdup_error **err)
{
    reader r = {.path = path, .places = places, .out = table, .star = table->star};
    bool ok = read_all(&r, err);
    if (ok && r.n_without_scale > 0)
        mdup_log(places->callbacks, MDUP_LOG_WARNING,
                 "%s: the size of the pixels of the particles is not told, so that their origins "
                 "cannot be used",
                 path);
    free(r.optics);
    free(r.name_of);
    free(r.micrograph);
    mdup_intern_clear(&r.names);
    return ok;
}
