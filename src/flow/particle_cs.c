/* Particles from cryoSPARC's tables.
 *
 * location/center_x_frac and center_y_frac are shares of the micrograph's sides, location/micrograph_shape (rows first).  What refinement
 * found, alignments3D/shift (else alignments2D/shift) in px of its own size, is to be subtracted, as cryosparc-tools' example of
 * recentering does. */
#include <stdlib.h>

#include "base/alloc.h"
#include "flow/apply_files.h"
#include "flow/particle_table.h"

typedef struct {
    const char *argument;
    const mdup_particle_places *places;
    mdup_particle_table *out;
    mdup_cs_column x, y, shape, pixel, shift, shift_pixel, half;
    ptrdiff_t *micrograph; /* a record each */
} reader;

static bool find_columns(reader *r, mdup_error **err)
{
    const mdup_cs_files *files = &r->out->cs;
    r->x = mdup_cs_files_find(files, "location/", "center_x_frac");
    r->y = mdup_cs_files_find(files, "location/", "center_y_frac");
    r->shape = mdup_cs_files_find(files, "location/", "micrograph_shape");
    r->pixel = mdup_cs_files_find(files, "location/", "micrograph_psize_A");
    static const char *const alignments[] = {"alignments3D/", "alignments2D/"};
    for (size_t i = 0; i < 2 && !r->shift.part; i++) {
        r->shift = mdup_cs_files_find(files, alignments[i], "shift");
        r->shift_pixel = mdup_cs_files_find(files, alignments[i], "psize_A");
    }
    r->half = mdup_cs_files_find(files, MDUP_CS_HALF, "");
    bool is_complete = r->x.part && r->y.part && r->shape.part && r->shape.field->n_items == 2;
    return is_complete ||
           mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                     "%s: no particles with their places: location/center_x_frac, center_y_frac "
                     "and micrograph_shape; give the file that has them too, often the "
                     "passthrough: particles.cs,J5_passthrough_particles.cs",
                     r->argument);
}

/* A number of the record that belongs to a record of the first file; 0 when there is none. */
static double number_of(mdup_cs_column column, size_t record, size_t item)
{
    ptrdiff_t at = mdup_cs_files_record(column, record);
    return at < 0 || item >= column.field->n_items
               ? 0
               : mdup_npy_number(column.part->npy, column.field, (size_t)at, item);
}

static bool fail_record(const reader *r, mdup_cs_column column, size_t record, const char *what,
                        mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_PARSE, "%s: the particle of uid %llu: %s", column.part->path,
                     (unsigned long long)mdup_cs_files_uid(&r->out->cs, record), what);
}

static bool place_particle(reader *r, size_t record, size_t m, mdup_error **err)
{
    mdup_particle *p = &r->out->particles[record];
    double ny = number_of(r->shape, record, 0), nx = number_of(r->shape, record, 1);
    if (!(nx > 0 && ny > 0))
        return fail_record(r, r->shape, record, "its micrograph has no size", err);
    double scale = mdup_particle_scale(r->places, m, number_of(r->pixel, record, 0), 0);
    double pixel_A = r->places->pixel_A[m];
    if (!(pixel_A > 0))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "%s: the pixel size of %s is not known; give it with --pixel", r->argument,
                         r->places->naming->known[m]);
    double shift_pixel_A = number_of(r->shift_pixel, record, 0);
    p->x_px = number_of(r->x, record, 0) * nx * scale -
              number_of(r->shift, record, 0) * shift_pixel_A / pixel_A;
    p->y_px = number_of(r->y, record, 0) * ny * scale -
              number_of(r->shift, record, 1) * shift_pixel_A / pixel_A;
    if (!mdup_particle_is_place(p->x_px) || !mdup_particle_is_place(p->y_px))
        return fail_record(r, r->x, record, "its place is none in a micrograph", err);
    p->micrograph = m;
    r->out->n_in_overlaps++;
    return true;
}

static uint8_t half_of(const reader *r, size_t record)
{
    uint64_t split;
    ptrdiff_t at = mdup_cs_files_record(r->half, record);
    bool is_known = at >= 0 &&
                    mdup_npy_uint(r->half.part->npy, r->half.field, (size_t)at, 0, &split) &&
                    split < 2;
    return is_known ? (uint8_t)(split + 1) : 0;
}

static bool place_particles(reader *r, mdup_error **err)
{
    for (size_t i = 0; i < r->out->n; i++) {
        ptrdiff_t m = r->micrograph[i];
        r->out->particles[i].micrograph = MDUP_NO_MICROGRAPH;
        r->out->n_of_session += m >= 0;
        if (m < 0 || r->places->naming->fate[m] == 0)
            continue;
        if (!place_particle(r, i, (size_t)m, err))
            return false;
        r->out->half[i] = half_of(r, i);
    }
    return true;
}

bool mdup_particles_of_cs(const char *argument, const mdup_particle_places *places,
                          mdup_particle_table *table, mdup_error **err)
{
    reader r = {.argument = argument, .places = places, .out = table};
    bool is_particles;
    table->n = table->cs.parts[0].npy->n_records;
    bool ok = find_columns(&r, err) &&
              (table->particles = mdup_calloc(table->n, sizeof *table->particles, err)) &&
              (table->half = mdup_calloc(table->n, sizeof *table->half, err)) &&
              (r.micrograph = mdup_calloc(table->n, sizeof *r.micrograph, err)) &&
              mdup_micrographs_of_cs(places->naming, &table->cs, argument, r.micrograph,
                                     &is_particles, err) &&
              place_particles(&r, err);
    table->has_halves = r.half.part != NULL;
    free(r.micrograph);
    return ok;
}
