#include "catalog/optics.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/number.h"

size_t mdup_star_row_line(const mdup_star_table *table, size_t row, size_t column)
{
    return table->is_loop ? table->rows[row].line : table->pair_lines[column].line;
}

static ptrdiff_t pixel_column(const mdup_star_table *table)
{
    ptrdiff_t column = mdup_star_column(table, "rlnMicrographPixelSize");
    return column >= 0 ? column : mdup_star_column(table, "rlnMicrographOriginalPixelSize");
}

/* A whole number, also written 1.000000. */
static bool parse_group(const mdup_strbuf *text, int64_t *group)
{
    double value;
    if (mdup_parse_int64(text->text, text->length, group))
        return true;
    if (!mdup_parse_double(text->text, text->length, &value) || value != floor(value) ||
        fabs(value) > 1e9)
        return false;
    *group = (int64_t)value;
    return true;
}

static bool parse_positive(const mdup_strbuf *text, double *value)
{
    double parsed;
    if (!mdup_parse_double(text->text, text->length, &parsed) || parsed <= 0)
        return false;
    *value = parsed;
    return true;
}

static int compare_groups(const void *a, const void *b)
{
    const mdup_optics_group *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static bool read_group(mdup_optics *o, const mdup_star_table *table, size_t row, const char *path,
                       const mdup_callbacks *callbacks, mdup_error **err)
{
    ptrdiff_t group_column = mdup_star_column(table, "rlnOpticsGroup"),
              size_column = pixel_column(table);
    mdup_optics_group *group = &o->groups[o->n_groups];
    *group = (mdup_optics_group){.row = row};
    if (!mdup_star_value(o->star, table, row, (size_t)group_column, &o->value, err))
        return false;
    if (!parse_group(&o->value, &group->group)) {
        mdup_log(callbacks, MDUP_LOG_WARNING,
                 "%s: line %zu: the optics group '%s' is not a whole number; its pixel size is "
                 "not used",
                 path, mdup_star_row_line(table, row, (size_t)group_column),
                 o->value.length ? o->value.text : "");
        return true;
    }
    o->n_groups++;
    if (size_column < 0)
        return true;
    if (!mdup_star_value(o->star, table, row, (size_t)size_column, &o->value, err))
        return false;
    if (!parse_positive(&o->value, &group->pixel_A))
        mdup_log(callbacks, MDUP_LOG_WARNING,
                 "%s: line %zu: the pixel size '%s' of optics group %lld is not a positive number; "
                 "it is taken as unknown",
                 path, mdup_star_row_line(table, row, (size_t)size_column),
                 o->value.length ? o->value.text : "", (long long)group->group);
    return true;
}

static bool read_groups(mdup_optics *o, const char *path, const mdup_callbacks *callbacks,
                        mdup_error **err)
{
    const mdup_star_table *table = mdup_star_find(o->star, "optics");
    if (!table || mdup_star_column(table, "rlnOpticsGroup") < 0)
        return true;
    o->groups = mdup_calloc(table->n_rows, sizeof *o->groups, err);
    if (!o->groups)
        return false;
    for (size_t row = 0; row < table->n_rows; row++)
        if (!read_group(o, table, row, path, callbacks, err))
            return false;
    qsort(o->groups, o->n_groups, sizeof *o->groups, compare_groups);
    return true;
}

bool mdup_optics_init(mdup_optics *o, const mdup_star *star, const mdup_star_table *table,
                      const char *path, const mdup_callbacks *callbacks, mdup_error **err)
{
    *o = (mdup_optics){.star = star,
                       .table = table,
                       .group_column = mdup_star_column(table, "rlnOpticsGroup"),
                       .pixel_column = pixel_column(table),
                       .detector_column = mdup_star_column(table, "rlnDetectorPixelSize"),
                       .magnification_column = mdup_star_column(table, "rlnMagnification")};
    return read_groups(o, path, callbacks, err);
}

void mdup_optics_free(mdup_optics *o)
{
    free(o->groups);
    o->groups = NULL;
    mdup_strbuf_free(&o->value);
}

static const mdup_optics_group *find_group(const mdup_optics *o, int64_t group)
{
    size_t low = 0, high = o->n_groups;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (o->groups[middle].group < group)
            low = middle + 1;
        else
            high = middle;
    }
    return low < o->n_groups && o->groups[low].group == group ? &o->groups[low] : NULL;
}

/* A number > 0 from the micrograph's own row; 0 when it is anything else. */
static bool read_own(mdup_optics *o, size_t row, ptrdiff_t column, double *value, mdup_error **err)
{
    *value = 0;
    if (!mdup_star_value(o->star, o->table, row, (size_t)column, &o->value, err))
        return false;
    if (!parse_positive(&o->value, value) && o->n_bad_pixels++ == 0)
        o->first_bad_pixel_line = mdup_star_row_line(o->table, row, (size_t)column);
    return true;
}

static bool own_pixel(mdup_optics *o, size_t row, double *pixel_A, mdup_error **err)
{
    double detector_um, magnification;
    if (o->pixel_column >= 0)
        return read_own(o, row, o->pixel_column, pixel_A, err);
    if (o->detector_column < 0 || o->magnification_column < 0)
        return true;
    if (!read_own(o, row, o->detector_column, &detector_um, err))
        return false;
    if (detector_um == 0)
        return true;
    if (!read_own(o, row, o->magnification_column, &magnification, err))
        return false;
    double size_A = magnification > 0 ? 1e4 * detector_um / magnification : 0;
    if (isfinite(size_A))
        *pixel_A = size_A;
    return true;
}

/* Without the column of groups there is still no doubt when only one is defined. */
static bool pixel_without_group(mdup_optics *o, size_t row, double *pixel_A, mdup_error **err)
{
    if (o->n_groups == 1) {
        *pixel_A = o->groups[0].pixel_A;
        return true;
    }
    return own_pixel(o, row, pixel_A, err);
}

bool mdup_optics_of_row(mdup_optics *o, size_t row, int64_t *group, double *pixel_A,
                        mdup_error **err)
{
    *group = 0;
    *pixel_A = 0;
    if (o->group_column < 0)
        return pixel_without_group(o, row, pixel_A, err);
    if (!mdup_star_value(o->star, o->table, row, (size_t)o->group_column, &o->value, err))
        return false;
    if (!parse_group(&o->value, group)) {
        if (o->n_bad_groups++ == 0)
            o->first_bad_group_line = mdup_star_row_line(o->table, row, (size_t)o->group_column);
        return true;
    }
    if (!o->groups)
        return own_pixel(o, row, pixel_A, err);
    const mdup_optics_group *defined = find_group(o, *group);
    if (defined)
        *pixel_A = defined->pixel_A;
    else if (o->n_undefined++ == 0)
        o->first_undefined = *group;
    return true;
}

void mdup_optics_warn(const mdup_optics *o, const char *path, const mdup_callbacks *callbacks)
{
    if (o->n_undefined > 0)
        mdup_log(callbacks, MDUP_LOG_WARNING,
                 "%s: optics group %lld is used but not defined in data_optics, which RELION "
                 "refuses; the pixel size of %zu micrograph%s is taken as unknown",
                 path, (long long)o->first_undefined, o->n_undefined,
                 o->n_undefined == 1 ? "" : "s");
    if (o->n_bad_groups > 0)
        mdup_log(callbacks, MDUP_LOG_WARNING,
                 "%s: line %zu: rlnOpticsGroup is not a whole number; the pixel size of %zu "
                 "micrograph%s is taken as unknown",
                 path, o->first_bad_group_line, o->n_bad_groups, o->n_bad_groups == 1 ? "" : "s");
    if (o->n_bad_pixels > 0)
        mdup_log(
            callbacks, MDUP_LOG_WARNING,
            "%s: line %zu: the pixel size or magnification is not a positive number; the pixel "
            "size of %zu micrograph%s is taken as unknown",
            path, o->first_bad_pixel_line, o->n_bad_pixels, o->n_bad_pixels == 1 ? "" : "s");
}
