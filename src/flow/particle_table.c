#include "flow/particle_table.h"

#include <math.h>
#include <stdlib.h>

/* Calibrations of one microscope differ by less; binning differs by more. */
static const double same_pixels = 0.05;

static const double furthest_px = 1e9;

bool mdup_particle_is_place(double px)
{
    return isfinite(px) && fabs(px) <= furthest_px;
}

double mdup_particle_scale(const mdup_particle_places *places, size_t m, double stated_A,
                           double fallback_A)
{
    double *pixel_A = &places->pixel_A[m];
    if (*pixel_A == 0)
        *pixel_A = stated_A > 0 ? stated_A : fallback_A;
    if (!(stated_A > 0) || places->is_pixel_asked_for)
        return 1;
    double ratio = stated_A / *pixel_A;
    return fabs(ratio - 1) < same_pixels ? 1 : ratio;
}

static bool read_star(const char *path, const mdup_particle_places *places,
                      mdup_particle_table *table, mdup_error **err)
{
    table->star = mdup_star_read(path, err);
    return table->star && mdup_particles_of_star(path, places, table, err);
}

static bool read_cs(const char *argument, const mdup_particle_places *places,
                    mdup_particle_table *table, mdup_error **err)
{
    return mdup_cs_files_read(&table->cs, argument, err) && mdup_cs_files_join(&table->cs, err) &&
           mdup_particles_of_cs(argument, places, table, err);
}

bool mdup_particle_table_read(const char *argument, const mdup_particle_places *places,
                              mdup_particle_table *out, mdup_error **err)
{
    mdup_particle_table table = {0};
    bool ok = mdup_cs_files_detect(argument) ? read_cs(argument, places, &table, err)
                                             : read_star(argument, places, &table, err);
    if (ok)
        *out = table;
    else
        mdup_particle_table_clear(&table);
    return ok;
}

void mdup_particle_table_clear(mdup_particle_table *table)
{
    mdup_star_free(table->star);
    mdup_cs_files_clear(&table->cs);
    free(table->particles);
    free(table->half);
    *table = (mdup_particle_table){0};
}
