#include "search/spectra.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Rows are as long as a multiple of the longest vectors. */
enum { LENGTH_STEP = 16 };

struct mdup_spectra {
    const mdup_conditioner *conditioner;
    mdup_spectra_layout layout;
    float *
        unit; /* what to multiply each sample with, weight and scale taken out: in the order of the real parts, twice */
    size_t n;
    int8_t **kept; /* NULL: not there */
};

/* Samples of row ky within the band.  The last column of the map's spectrum stands for two frequencies and is left out, as mdup_condition
 * does it. */
static int32_t count_in_row(const mdup_conditioner *c, int32_t ky)
{
    double fy = (double)(ky <= c->map_ny / 2 ? ky : ky - c->map_ny) / c->padded_ny;
    double left = (double)MDUP_BAND * (double)MDUP_BAND - fy * fy;
    if (left < 0)
        return 0;
    int32_t within = (int32_t)(sqrt(left) * c->padded_nx) + 1;
    return within < c->map_nx / 2 ? within : c->map_nx / 2;
}

static bool make_layout(mdup_spectra *s, mdup_error **err)
{
    const mdup_conditioner *c = s->conditioner;
    mdup_spectra_layout *l = &s->layout;
    l->n_rows = c->map_ny;
    if (!(l->begin = mdup_calloc((size_t)l->n_rows, sizeof *l->begin, err)) ||
        !(l->length = mdup_calloc((size_t)l->n_rows, sizeof *l->length, err)))
        return false;
    for (int32_t ky = 0; ky < l->n_rows; ky++) {
        int32_t count = count_in_row(c, ky);
        l->length[ky] = (count + LENGTH_STEP - 1) / LENGTH_STEP * LENGTH_STEP;
        l->begin[ky] = l->bytes;
        l->bytes += 2 * (size_t)l->length[ky];
    }
    l->bytes += LENGTH_STEP; /* the last vector may be read beyond the end of its row */
    return true;
}

static bool make_units(mdup_spectra *s, mdup_error **err)
{
    const mdup_conditioner *c = s->conditioner;
    s->unit = mdup_calloc(s->layout.bytes, sizeof *s->unit, err);
    if (!s->unit)
        return false;
    float plane = (float)c->padded_nx * (float)c->padded_ny;
    for (int32_t ky = 0; ky < s->layout.n_rows; ky++) {
        float fy = (float)(ky <= c->map_ny / 2 ? ky : ky - c->map_ny) / (float)c->padded_ny;
        float *row = s->unit + s->layout.begin[ky];
        int32_t count = count_in_row(c, ky);
        for (int32_t kx = 0; kx < count; kx++) {
            float weight = mdup_condition_weight(c, hypotf((float)kx / (float)c->padded_nx, fy));
            row[kx] = weight > 0 ? MDUP_SPECTRA_UNIT * plane / weight : 0.0f;
        }
    }
    return true;
}

mdup_spectra *mdup_spectra_new(const mdup_conditioner *c, size_t n, mdup_error **err)
{
    mdup_spectra *s = mdup_calloc(1, sizeof *s, err);
    if (!s)
        return NULL;
    s->conditioner = c;
    s->n = n;
    if (!(s->kept = mdup_calloc(n, sizeof *s->kept, err)) || !make_layout(s, err) ||
        !make_units(s, err)) {
        mdup_spectra_free(s);
        return NULL;
    }
    return s;
}

void mdup_spectra_free(mdup_spectra *s)
{
    if (!s)
        return;
    for (size_t i = 0; s->kept && i < s->n; i++)
        free(s->kept[i]);
    free(s->kept);
    free(s->unit);
    free(s->layout.begin);
    free(s->layout.length);
    free(s);
}

const mdup_spectra_layout *mdup_spectra_get_layout(const mdup_spectra *s)
{
    return &s->layout;
}

static int8_t to_byte(float value)
{
    return (int8_t)lrintf(fminf(fmaxf(value, -127.0f), 127.0f));
}

bool mdup_spectra_put(mdup_spectra *s, size_t frame, const float complex *spectrum,
                      mdup_error **err)
{
    if (!s->kept[frame] &&
        !(s->kept[frame] = mdup_alloc_aligned(s->layout.bytes, sizeof *s->kept[frame], err)))
        return false;
    ptrdiff_t half = s->conditioner->map_nx / 2 + 1;
    memset(s->kept[frame], 0, s->layout.bytes);
    for (int32_t ky = 0; ky < s->layout.n_rows; ky++) {
        const float complex *from = spectrum + ky * half;
        const float *unit = s->unit + s->layout.begin[ky];
        int32_t length = s->layout.length[ky];
        int8_t *re = s->kept[frame] + s->layout.begin[ky], *im = re + length;
        for (int32_t kx = 0; kx < length; kx++) {
            /* The row may be longer than that of the spectrum. */
            float complex value = kx < half ? from[kx] : 0;
            re[kx] = to_byte(crealf(value) * unit[kx]);
            im[kx] = to_byte(cimagf(value) * unit[kx]);
        }
    }
    return true;
}

const int8_t *mdup_spectra_get(const mdup_spectra *s, size_t frame)
{
    return s->kept[frame];
}

void mdup_spectra_drop(mdup_spectra *s, size_t frame)
{
    free(s->kept[frame]);
    s->kept[frame] = NULL;
}
