#include "publish/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "formats/jpeg.h"

/* Of the JPEG, tried in turn: noise packs badly, and what 200 pairs may take is little.  At 55 a frame of CU428 (360 x 256 px) takes 20 kB, at 35
 * some 15 kB, and looks no worse for it at the size at which it is shown; below that blocks are seen. */
static const int qualities[] = {75, 65, 55, 45, 35};

static const double LOW_PERCENTILE = 0.01, HIGH_PERCENTILE = 0.99;

/* Mean over 3 x 3 with weights 1 2 1, which at the edge lacks what is not there. */
static void soften(const mdup_report_frame *f, float *out)
{
    static const float weights[] = {1, 2, 1};
    for (int32_t y = 0; y < f->ny; y++) {
        for (int32_t x = 0; x < f->nx; x++) {
            float sum = 0, weight = 0;
            for (int32_t dy = y > 0 ? -1 : 0; dy <= 1 && y + dy < f->ny; dy++) {
                for (int32_t dx = x > 0 ? -1 : 0; dx <= 1 && x + dx < f->nx; dx++) {
                    float w = weights[dx + 1] * weights[dy + 1];
                    sum += w * (float)f->pixels[(ptrdiff_t)(y + dy) * f->nx + x + dx];
                    weight += w;
                }
            }
            out[(ptrdiff_t)y * f->nx + x] = sum / weight;
        }
    }
}

enum { STEPS = 1024 };

/* The values below which `low` and `high` of all lie; they are within +-128. */
static void find_percentiles(const float *values, size_t n, float *low, float *high)
{
    size_t counts[STEPS] = {0}, below = 0;
    *low = -128;
    *high = 128;
    for (size_t i = 0; i < n; i++)
        counts[(int)((values[i] + 128.0f) * (STEPS / 256.0f)) & (STEPS - 1)]++;
    for (int k = 0; k < STEPS; k++) {
        float value = (float)k * (256.0f / STEPS) - 128.0f;
        if ((double)below <= LOW_PERCENTILE * (double)n)
            *low = value;
        if ((double)below <= HIGH_PERCENTILE * (double)n)
            *high = value + 256.0f / STEPS;
        below += counts[k];
    }
}

static void stretch(const mdup_report_frame *f, const float *values, uint8_t *out)
{
    size_t n = (size_t)f->nx * (size_t)f->ny;
    float low, high;
    find_percentiles(values, n, &low, &high);
    for (int32_t y = 0; y < f->ny; y++) {
        const float *row = values + (ptrdiff_t)(f->ny - 1 - y) * f->nx;
        for (int32_t x = 0; x < f->nx; x++) {
            float share = high > low ? (row[x] - low) / (high - low) : 0.5f;
            out[(ptrdiff_t)y * f->nx + x] =
                (uint8_t)lrintf(255.0f * fmaxf(0.0f, fminf(1.0f, share)));
        }
    }
}

enum { N_QUALITIES = sizeof qualities / sizeof *qualities };

static bool pack(mdup_picture *p, size_t most_bytes, int *step, mdup_error **err)
{
    for (;; ++*step) {
        mdup_strbuf_reset(&p->jpeg);
        if (!mdup_jpeg_append(&p->jpeg, p->grey, p->nx, p->ny, qualities[*step], err))
            return false;
        if (p->jpeg.length <= most_bytes || *step + 1 >= N_QUALITIES)
            return true;
    }
}

bool mdup_picture_make(const mdup_report_frame *frame, size_t most_bytes, int *step,
                       mdup_picture *out, mdup_error **err)
{
    size_t n = (size_t)frame->nx * (size_t)frame->ny;
    mdup_picture p = {.nx = frame->nx, .ny = frame->ny};
    float *soft = mdup_calloc(n, sizeof *soft, err);
    if (!soft)
        return false;
    bool ok = (p.grey = mdup_calloc(n, 1, err)) != NULL;
    if (ok) {
        soften(frame, soft);
        stretch(frame, soft, p.grey);
        ok = pack(&p, most_bytes, step, err);
    }
    free(soft);
    if (ok)
        *out = p;
    else
        mdup_picture_clear(&p);
    return ok;
}

void mdup_picture_clear(mdup_picture *picture)
{
    free(picture->grey);
    mdup_strbuf_free(&picture->jpeg);
    *picture = (mdup_picture){0};
}

void mdup_picture_uri(const mdup_picture *picture, mdup_strbuf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *bytes = (const unsigned char *)picture->jpeg.text;
    mdup_strbuf_puts(out, "data:image/jpeg;base64,");
    for (size_t i = 0; i < picture->jpeg.length; i += 3) {
        size_t have = picture->jpeg.length - i < 3 ? picture->jpeg.length - i : 3;
        uint32_t group = (uint32_t)bytes[i] << 16 | (have > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (have > 2 ? bytes[i + 2] : 0);
        char four[] = {digits[group >> 18], digits[group >> 12 & 63],
                       have > 1 ? digits[group >> 6 & 63] : '=',
                       have > 2 ? digits[group & 63] : '='};
        mdup_strbuf_append(out, four, sizeof four);
    }
}

void mdup_picture_matrix(mdup_orientation orientation, double width, double height, double m[6])
{
    /* Worked out from the pixel rules of image/orientation.h with y turned down; the last two are in shares of width and height. */
    static const double table[MDUP_N_ORIENTATIONS][6] = {
        [MDUP_ORIENTATION_SAME] = {1, 0, 0, 1, 0, 0},
        [MDUP_ORIENTATION_MIRRORED_X] = {-1, 0, 0, 1, 1, 0},
        [MDUP_ORIENTATION_MIRRORED_Y] = {1, 0, 0, -1, 0, 1},
        [MDUP_ORIENTATION_TURNED_180] = {-1, 0, 0, -1, 1, 1},
        [MDUP_ORIENTATION_TRANSPOSED] = {0, -1, -1, 0, 1, 1},
        [MDUP_ORIENTATION_TURNED_90] = {0, 1, -1, 0, 1, 0},
        [MDUP_ORIENTATION_TURNED_270] = {0, -1, 1, 0, 0, 1},
        [MDUP_ORIENTATION_ANTITRANSPOSED] = {0, 1, 1, 0, 0, 0},
    };
    memcpy(m, table[orientation], sizeof table[orientation]);
    m[4] *= width;
    m[5] *= height;
}
