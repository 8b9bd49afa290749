/* The transform of the search against FFTW, for every processor it is built for that this machine can run. */
#include <complex.h>
#include <math.h>

#include "base/alloc.h"
#include "search/correlate.h"
#include "texture.h"

/* Two frames of one size, conditioned and kept. */
typedef struct {
    mdup_conditioner *conditioner;
    mdup_spectra *spectra;
} pair;

static pair open_pair(int32_t nx, int32_t ny, uint64_t seed)
{
    pair p = {.conditioner = mdup_conditioner_new(nx, ny, NULL)};
    assert_non_null(p.conditioner);
    p.spectra = mdup_spectra_new(p.conditioner, 2, NULL);
    mdup_condition_scratch *scratch = mdup_condition_scratch_new(p.conditioner, NULL);
    float complex *spectrum =
        mdup_alloc_aligned(mdup_condition_size(p.conditioner), sizeof *spectrum, NULL);
    int8_t *frame = malloc((size_t)nx * (size_t)ny);
    float *scene = make_scene(nx + 8, ny + 8, seed);
    assert_true(p.spectra && scratch && spectrum && frame);
    for (size_t i = 0; i < 2; i++) {
        cut_frame(scene, nx + 8, i ? 5 : 0, i ? 2 : 0, nx, ny, 0.2, seed + 1 + i, frame);
        mdup_condition(p.conditioner, frame, false, scratch, spectrum);
        assert_true(mdup_spectra_put(p.spectra, i, spectrum, NULL));
    }
    free(scene);
    free(frame);
    free(spectrum);
    mdup_condition_scratch_free(scratch);
    return p;
}

static void close_pair(pair *p)
{
    mdup_spectra_free(p->spectra);
    mdup_conditioner_free(p->conditioner);
}

static mdup_map *new_map(const pair *p, float band, float grid, const mdup_map_kernel *kernel)
{
    mdup_map *map =
        mdup_map_new(p->conditioner, mdup_spectra_get_layout(p->spectra), band, grid, kernel, NULL);
    assert_non_null(map);
    return map;
}

/* A transform's result: squares of the map, and the peaks. */
typedef struct {
    mdup_map_buffers buffers;
    mdup_peak peaks[MDUP_PEAKS];
    float glance;
} outcome;

static outcome run(const pair *p, const mdup_map *map)
{
    outcome o;
    uint32_t *words[2];
    assert_true(mdup_map_buffers_init(map, &o.buffers, NULL));
    for (size_t i = 0; i < 2; i++) {
        words[i] = mdup_alloc_aligned(map->words, sizeof *words[i], NULL);
        assert_non_null(words[i]);
        map->kernel->expand(&map->tables, mdup_spectra_get(p->spectra, i), words[i]);
    }
    o.glance = mdup_glance(map, words[0], words[1], &o.buffers);
    mdup_correlate(map, words[0], words[1], &o.buffers, o.peaks);
    free(words[0]);
    free(words[1]);
    return o;
}

/* ---- FFTW ---- */

/* The product at a sample of the kept spectra, weighted. */
static float complex product_at(const pair *p, int32_t kx, int32_t row, float band, int32_t ky)
{
    const mdup_conditioner *c = p->conditioner;
    const mdup_spectra_layout *kept = mdup_spectra_get_layout(p->spectra);
    const float frequency =
        hypotf((float)kx / (float)c->padded_nx, (float)ky / (float)c->padded_ny);
    const float weight = mdup_condition_weight(c, frequency) / MDUP_SPECTRA_UNIT;
    float complex value[2];
    for (size_t i = 0; i < 2; i++) {
        const int8_t *re = mdup_spectra_get(p->spectra, i) + kept->begin[row] + kx;
        value[i] = complex_of(re[0], re[kept->length[row]]);
    }
    return frequency <= band ? weight * weight * value[0] * conjf(value[1]) : 0;
}

static int32_t modulo(int32_t i, int32_t n)
{
    return (i % n + n) % n;
}

/* The map as its definition has it: every frequency, and its mirror image, at the sample of the map's spectrum that it falls on. */
static float *reference(const pair *p, const mdup_map *map, float band)
{
    const mdup_spectra_layout *kept = mdup_spectra_get_layout(p->spectra);
    const int32_t nx = map->nx, ny = map->ny, half = nx / 2 + 1;
    mdup_fft *fft = mdup_fft_new(nx, ny, NULL);
    assert_non_null(fft);
    float complex *spectrum = mdup_alloc_aligned((size_t)(half * ny), sizeof *spectrum, NULL);
    float *samples = mdup_alloc_aligned((size_t)(nx * ny), sizeof *samples, NULL);
    float *shared = mdup_alloc_aligned((size_t)(nx * ny), sizeof *shared, NULL);
    assert_true(spectrum && samples && shared);
    memset(spectrum, 0, (size_t)(half * ny) * sizeof *spectrum);
    for (int32_t row = 0; row < kept->n_rows; row++) {
        const int32_t ky = row < kept->n_rows / 2 ? row : row - kept->n_rows;
        for (int32_t kx = 0; kx < kept->length[row]; kx++) {
            const float complex value = product_at(p, kx, row, band, ky);
            const int32_t x = modulo(kx, nx), mirrored_x = modulo(-kx, nx);
            if (x < nx / 2)
                spectrum[modulo(ky, ny) * half + x] += value;
            if (kx > 0 && mirrored_x < nx / 2)
                spectrum[modulo(-ky, ny) * half + mirrored_x] += conjf(value);
        }
    }
    mdup_fft_inverse(fft, spectrum, samples);
    assert_true(mdup_condition_shared(p->conditioner, nx, ny, shared, NULL));
    float highest = 0;
    for (int32_t i = 0; i < nx * ny; i++)
        highest = fmaxf(highest, shared[i]);
    for (int32_t i = 0; i < nx * ny; i++)
        samples[i] *= 65535 * shared[i] / highest;
    free(shared);
    free(spectrum);
    mdup_fft_free(fft);
    return samples;
}

static double rms_of(const float *samples, const mdup_map *map)
{
    double sum = 0;
    for (int32_t i = 0; i < map->nx * map->ny; i++)
        sum += (double)samples[i] * (double)samples[i];
    return sqrt(sum / (double)map->n_searched);
}

/* What went through 8 bits twice is off by a part of the highest there is. */
static double tolerance(const outcome *o)
{
    return 0.02 + 2e-3 * (double)o->peaks[0].z;
}

static void expect_squares(const mdup_map *map, const outcome *o, const float *samples)
{
    const double rms = rms_of(samples, map);
    int64_t searched = 0;
    for (int32_t square_x = 0; square_x < map->squares_nx; square_x++) {
        for (int32_t square_y = 0; square_y < map->squares_ny; square_y++) {
            const ptrdiff_t at = (ptrdiff_t)square_x * map->squares_step + square_y;
            double energy = 0, highest = 0;
            for (int32_t x = 8 * square_x; x < 8 * square_x + 8 && x < map->nx; x++)
                for (int32_t y = 8 * square_y; y < 8 * square_y + 8 && y < map->ny; y++) {
                    const double value = (double)samples[y * map->nx + x];
                    energy += value * value;
                    highest = fmax(highest, value);
                }
            /* 64 samples whose errors are 0.2 % of the rms. */
            expect_near((double)o->buffers.squares[at].energy / rms / rms, energy / rms / rms,
                        tolerance(o) * sqrt(64 * energy) / rms + 2e-3 * energy / rms / rms + 1e-3);
            expect_near((double)o->buffers.squares[at].highest / rms, highest / rms, tolerance(o));
            searched += map->searched[at];
        }
    }
    assert_true(searched == map->n_searched);
}

static void expect_peaks(const mdup_map *map, const outcome *o, const float *samples)
{
    const double rms = rms_of(samples, map);
    assert_memory_equal(&o->glance, &o->peaks[0].local_z, sizeof o->glance);
    for (int i = 0; i < MDUP_PEAKS; i++) {
        const int32_t x = (int32_t)lround((double)o->peaks[i].shift_x * map->nx / map->padded_nx),
                      y = (int32_t)lround((double)o->peaks[i].shift_y * map->ny / map->padded_ny);
        const float value = samples[modulo(y, map->ny) * map->nx + modulo(x, map->nx)];
        expect_near((double)o->peaks[i].z, (double)value / rms, tolerance(o));
    }
}

/* Sizes that take every factor, odd numbers of groups, and groups that are not full. */
static void maps_as_fftw_makes_them(void **state)
{
    (void)state;
    static const int32_t sizes[][2] = {{360, 255}, {372, 372}, {33, 32},
                                       {101, 256}, {350, 90},  {90, 385}};
    static const float bands[][2] = {
        {0.35f, 0.35f}, {0.3f, 0.3f}, {0.26f, 0.2f}, {0.2f, 0.15f}, {0.35f, 0.3f}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        pair p = open_pair(sizes[s][0], sizes[s][1], 10 * s);
        for (size_t b = 0; b < sizeof bands / sizeof *bands; b++) {
            int n_kernels = 0;
            for (const mdup_map_kernel *k; (k = mdup_map_kernel_at(n_kernels)); n_kernels++) {
                mdup_map *map = new_map(&p, bands[b][0], bands[b][1], k);
                float *samples = reference(&p, map, bands[b][0]);
                outcome o = run(&p, map);
                expect_squares(map, &o, samples);
                expect_peaks(map, &o, samples);
                free(samples);
                mdup_map_buffers_clear(&o.buffers);
                mdup_map_free(map);
            }
            assert_true(n_kernels > 0);
        }
        close_pair(&p);
    }
}

/* The frames share nearly everything, 5 and 2 px apart. */
static void kernels_agree(void **state)
{
    (void)state;
    pair p = open_pair(200, 144, 3);
    for (int i = 0; mdup_map_kernel_at(i); i++) {
        mdup_map *map = new_map(&p, 0.26f, 0.2f, mdup_map_kernel_at(i));
        outcome o = run(&p, map);
        expect_near((double)o.peaks[0].shift_x, 5, 1.5);
        expect_near((double)o.peaks[0].shift_y, 2, 1.5);
        assert_true(o.glance > 10);
        mdup_map_buffers_clear(&o.buffers);
        mdup_map_free(map);
    }
    close_pair(&p);
}

/* A second map with the same buffers is not touched by the first, nor is one twice the same to the bit. */
static void again(void **state)
{
    (void)state;
    pair p = open_pair(128, 100, 5);
    mdup_map *map = new_map(&p, 0.3f, 0.25f, NULL);
    outcome x = run(&p, map), y = run(&p, map);
    assert_memory_equal(x.peaks, y.peaks, sizeof x.peaks);
    mdup_map_buffers_clear(&x.buffers);
    mdup_map_buffers_clear(&y.buffers);
    mdup_map_free(map);
    close_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_as_fftw_makes_them),
        cmocka_unit_test(kernels_agree),
        cmocka_unit_test(again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
