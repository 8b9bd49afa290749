/* The transform behind search/map.h, written once.  Each of map_plain.c, map_avx2.c and map_avx512.c includes this with MDUP_LANES floats in
 * a vector and is compiled for the processor of its name.
 *
 * The half spectrum of a map is transformed along y, MDUP_LANES columns side by side, then along x, 2 * MDUP_LANES rows side by side: rows of
 * a real map are two to a complex transform.  Between the two lies the plane, in 32 bits a complex number, which fits the second-level
 * cache. */
#include <stddef.h>
#include <string.h>

#include "search/map_dft.h"
#include "search/map_kernel.h"

/* One pass of butterflies of r samples each, on n samples in blocks of r * m, in place.  twiddle NULL: none.  out: where the results go instead,
 * packed: of each butterfly to `sample` of its first, and every `stride` from there. */
INLINE void pass(cvec *line, int32_t n, int32_t m, const float *twiddle, bits *out,
                 const int32_t *sample, ptrdiff_t stride, const int32_t r)
{
    for (int32_t start = 0; start < n; start += r * m) {
        for (int32_t j = 0; j < m; j++) {
            cvec *from = line + start + j, x[10];
            ptrdiff_t step = m;
            UNROLL
            for (int32_t k = 0; k < r; k++)
                x[k] = from[k * step];
            dft(x, r);
            if (out) {
                bits *to = out + sample[start];
                UNROLL
                for (int32_t k = 0; k < r; k++)
                    to[k * stride] = pack(x[k]);
                continue;
            }
            if (twiddle) {
                const float *t = twiddle + (ptrdiff_t)2 * (r - 1) * j;
                UNROLL
                for (int32_t k = 1; k < r; k++)
                    x[k] = turn(x[k], t[2 * k - 2], t[2 * k - 1]);
            }
            UNROLL
            for (int32_t k = 0; k < r; k++)
                from[k * step] = x[k];
        }
    }
}

/* The three kinds of pass there are, for one r. */
#define PASSES_OF(r)                                                                               \
    static void next_##r(cvec *line, int32_t n, int32_t m, const float *twiddle)                   \
    {                                                                                              \
        pass(line, n, m, twiddle, NULL, NULL, 0, r);                                               \
    }                                                                                              \
    static void last_##r(cvec *line, int32_t n)                                                    \
    {                                                                                              \
        pass(line, n, 1, NULL, NULL, NULL, 0, r);                                                  \
    }                                                                                              \
    static void last_out_##r(cvec *line, int32_t n, bits *out, const int32_t *sample,              \
                             ptrdiff_t stride)                                                     \
    {                                                                                              \
        pass(line, n, 1, NULL, out, sample, stride, r);                                            \
    }
PASSES_OF(3)
PASSES_OF(4)
PASSES_OF(5)
PASSES_OF(6)
PASSES_OF(8)
PASSES_OF(9)
PASSES_OF(10)

#define DISPATCH(r, name, ...)                                                                     \
    switch (r) {                                                                                   \
    case 3:                                                                                        \
        name##_3(__VA_ARGS__);                                                                     \
        break;                                                                                     \
    case 4:                                                                                        \
        name##_4(__VA_ARGS__);                                                                     \
        break;                                                                                     \
    case 5:                                                                                        \
        name##_5(__VA_ARGS__);                                                                     \
        break;                                                                                     \
    case 6:                                                                                        \
        name##_6(__VA_ARGS__);                                                                     \
        break;                                                                                     \
    case 8:                                                                                        \
        name##_8(__VA_ARGS__);                                                                     \
        break;                                                                                     \
    case 9:                                                                                        \
        name##_9(__VA_ARGS__);                                                                     \
        break;                                                                                     \
    default:                                                                                       \
        name##_10(__VA_ARGS__);                                                                    \
    }

/* Of p->n samples; into `out`, packed and in order, or in place with out NULL.  After the first pass block by block, since a whole line may be
 * more than the first-level cache holds. */
static void transform(cvec *line, bits *out, const mdup_passes *p)
{
    int32_t n_blocks = p->factor[0], block = p->n / n_blocks, last = p->n_factors - 1,
            stride = p->n / p->factor[last];
    DISPATCH(n_blocks, next, line, p->n, block, p->twiddle[0])
    for (int32_t begin = 0; begin < p->n; begin += block) {
        int32_t m = block;
        for (int32_t i = 1; i < last; i++) {
            m /= p->factor[i];
            DISPATCH(p->factor[i], next, line + begin, block, m, p->twiddle[i])
        }
        if (out)
            DISPATCH(p->factor[last], last_out, line + begin, block, out, p->sample + begin, stride)
        else
            DISPATCH(p->factor[last], last, line + begin, block)
    }
}

/* The product of the columns of one group. */
static void multiply(const mdup_map_tables *t, const bits *a, const bits *b, int32_t group,
                     cvec *line)
{
    ptrdiff_t first = (ptrdiff_t)group * t->ny;
    for (int32_t ky = 0; ky < t->ny; ky++)
        line[ky] = times_conjugate(unpack(a[first + ky]), unpack(b[first + ky]));
    for (int32_t f = 0; f < t->n_folds; f++) {
        const mdup_fold *fold = &t->folds[f];
        if (fold->group != group)
            continue;
        const bits *more_a = a + fold->first_vector, *more_b = b + fold->first_vector;
        for (int32_t i = 0; i < fold->n_vectors; i++)
            line[fold->ky + i] =
                add(line[fold->ky + i], times_conjugate(unpack(more_a[i]), unpack(more_b[i])));
    }
}

/* The rows from y on, u, and those MDUP_LANES further on, v, into u + i v: their spectra are those of real rows, so that the half that is not
 * stored follows from the one that is. */
static void gather_rows(const mdup_map_tables *t, const bits *plane, int32_t y, cvec *line)
{
    int32_t half = t->nx / 2;
    for (int32_t g = 0; g < t->n_groups; g++) {
        const bits *in = plane + (ptrdiff_t)g * t->n_rows + y;
        bits u[MDUP_LANES], v[MDUP_LANES];
        transpose(in, u);
        transpose(in + MDUP_LANES, v);
        UNROLL
        for (int32_t l = 0; l < MDUP_LANES; l++) {
            int32_t kx = g * MDUP_LANES + l;
            cvec a = unpack(u[l]), b = unpack(v[l]);
            if (kx < half) {
                line[kx] = add_i(a, b);
                line[t->nx - kx] = (cvec){a.re + b.im, b.re - a.im};
            }
        }
    }
    line[half] = (cvec){(vec){0}, (vec){0}};
}

/* Scales the rows and surveys them, eight samples along x at a time.  The highest carries in its lowest three bits which of the eight it
 * is. */
static void survey_rows(const mdup_map_tables *t, const cvec *line, int32_t y,
                        const mdup_map_buffers *out)
{
    const bits *scale = (const bits *)t->scale + (ptrdiff_t)y / (2 * MDUP_LANES) * t->nx;
    for (int32_t x = 0; x < t->nx;) {
        ptrdiff_t at = (ptrdiff_t)(x / 8) * t->n_rows + y;
        cvec energy = {(vec){0}, (vec){0}}, highest = energy;
        for (int32_t end = x + 8 < t->nx ? x + 8 : t->nx; x < end; x++) {
            cvec value = line[t->along_x.position[x]];
            value.re *= whole(scale[x] >> 16);
            value.im *= whole(scale[x] & 0xffffu);
            energy.re += value.re * value.re;
            energy.im += value.im * value.im;
            uint32_t which = (uint32_t)x % 8;
            highest.re = higher(highest.re, (vec)(((bits)value.re & ~7u) | which));
            highest.im = higher(highest.im, (vec)(((bits)value.im & ~7u) | which));
        }
        memcpy(out->energy + at, &energy, sizeof energy);
        memcpy(out->highest + at, &highest, sizeof highest);
    }
}

/* Eight rows of a strip are a square. */
static void gather_squares(const mdup_map_tables *t, const mdup_map_buffers *buffers)
{
    ptrdiff_t n_strips = (t->nx + 7) / 8, n_squares = t->n_rows / 8;
    for (ptrdiff_t i = 0; i < n_strips * n_squares; i++) {
        const float *energy = buffers->energy + 8 * i, *highest = buffers->highest + 8 * i;
        float sum = 0, most = 0;
        for (int k = 0; k < 8; k++) {
            sum += energy[k];
            most = highest[k] > most ? highest[k] : most;
        }
        buffers->squares[i] = (mdup_square){most, sum};
    }
}

static void correlate(const mdup_map_tables *t, const uint32_t *a, const uint32_t *b,
                      const mdup_map_buffers *buffers)
{
    cvec *line = buffers->line;
    bits *plane = (bits *)buffers->plane;
    for (int32_t group = 0; group < t->n_groups; group++) {
        multiply(t, (const bits *)a, (const bits *)b, group, line);
        transform(line, plane + (ptrdiff_t)group * t->n_rows, &t->along_y);
    }
    for (int32_t y = 0; y < t->n_rows; y += 2 * MDUP_LANES) {
        gather_rows(t, plane, y, line);
        transform(line, NULL, &t->along_x);
        survey_rows(t, line, y, buffers);
    }
    gather_squares(t, buffers);
}

INLINE void put_vector(uint32_t *words, ptrdiff_t at, cvec value)
{
    bits word = pack(value);
    memcpy(words + at, &word, sizeof word);
}

static void expand(const mdup_map_tables *t, const int8_t *kept, uint32_t *words)
{
    const vec zero = {0};
    for (int32_t v = 0; v < t->n_vectors; v++) {
        mdup_kept_place place = t->place[v];
        ptrdiff_t at = (ptrdiff_t)v * MDUP_LANES;
        const vec weight = *(const vec *)(t->weight + at);
        cvec value = {zero, zero};
        if (place.re < 0) {
            put_vector(words, at, value);
        } else if (v < t->first_mirrored) {
            value = (cvec){widen(kept + place.re) * weight, widen(kept + place.im) * weight};
            put_vector(words, at, value);
        } else {
            vec re = widen(kept + place.re - MDUP_LANES + 1),
                im = widen(kept + place.im - MDUP_LANES + 1);
            value.re = SHUFFLE(re, re, REVERSE) * weight;
            value.im = -SHUFFLE(im, im, REVERSE) * weight;
            put_vector(words, at, value);
        }
    }
}
