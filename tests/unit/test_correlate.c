/* Conditioning and correlation: planted shifts come back, and what all frames have in common does not. */
#include <complex.h>
#include <math.h>

#include "base/alloc.h"
#include "image/condition.h"
#include "search/correlate.h"
#include "texture.h"

/* All that one size of frame needs. */
typedef struct {
    int32_t nx, ny;
    mdup_conditioner *conditioner;
    mdup_condition_scratch *scratch;
    /* As the conditioner has it at the moment; NULL: not made. */
    mdup_spectra *spectra;
    mdup_map *map;
    mdup_map_buffers buffers;
    uint32_t *words[2];
    int8_t *frame;
    float complex *a, *b;
} bench;

static bench open_bench(int32_t nx, int32_t ny)
{
    mdup_error *err = NULL;
    bench w = {.nx = nx, .ny = ny, .conditioner = mdup_conditioner_new(nx, ny, &err)};
    assert_non_null(w.conditioner);
    w.scratch = mdup_condition_scratch_new(w.conditioner, &err);
    assert_non_null(w.scratch);
    w.frame = malloc((size_t)nx * (size_t)ny);
    const size_t n = mdup_condition_size(w.conditioner);
    w.a = mdup_alloc_aligned(n, sizeof *w.a, &err);
    w.b = mdup_alloc_aligned(n, sizeof *w.b, &err);
    assert_true(w.frame && w.a && w.b);
    return w;
}

/* After a change of the conditioner. */
static void forget_map(bench *w)
{
    mdup_map_buffers_clear(&w->buffers);
    mdup_map_free(w->map);
    mdup_spectra_free(w->spectra);
    free(w->words[0]);
    free(w->words[1]);
    w->map = NULL;
    w->spectra = NULL;
    w->words[0] = w->words[1] = NULL;
}

static const mdup_map *need_map(bench *w)
{
    mdup_error *err = NULL;
    if (w->map)
        return w->map;
    w->spectra = mdup_spectra_new(w->conditioner, 2, &err);
    assert_non_null(w->spectra);
    w->map = mdup_map_new(w->conditioner, mdup_spectra_get_layout(w->spectra), MDUP_BAND, MDUP_BAND,
                          NULL, &err);
    assert_non_null(w->map);
    assert_true(mdup_map_buffers_init(w->map, &w->buffers, &err));
    for (int i = 0; i < 2; i++) {
        w->words[i] = mdup_alloc_aligned(w->map->words, sizeof *w->words[i], &err);
        assert_non_null(w->words[i]);
    }
    return w->map;
}

static void close_bench(bench *w)
{
    forget_map(w);
    mdup_condition_scratch_free(w->scratch);
    mdup_conditioner_free(w->conditioner);
    free(w->frame);
    free(w->a);
    free(w->b);
}

static void condition(bench *w, const int8_t *frame, float complex *spectrum)
{
    mdup_condition(w->conditioner, frame, false, w->scratch, spectrum);
}

/* A pair of frames whose shift is (dx, dy): what is at (x, y) in b is at (x + dx, y + dy) in a. */
static void plant(bench *w, int32_t dx, int32_t dy, double signal, uint64_t seed)
{
    const int32_t scene_nx = 2 * w->nx, scene_ny = 2 * w->ny;
    float *scene = make_scene(scene_nx, scene_ny, seed);
    const int32_t ax = w->nx / 2 - dx / 2, ay = w->ny / 2 - dy / 2;
    cut_frame(scene, scene_nx, ax, ay, w->nx, w->ny, signal, seed + 1, w->frame);
    condition(w, w->frame, w->a);
    cut_frame(scene, scene_nx, ax + dx, ay + dy, w->nx, w->ny, signal, seed + 2, w->frame);
    condition(w, w->frame, w->b);
    free(scene);
}

static void correlate(bench *w, const float complex *a, const float complex *b,
                      mdup_peak peaks[MDUP_PEAKS])
{
    const mdup_map *map = need_map(w);
    const float complex *spectra[2] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        assert_true(mdup_spectra_put(w->spectra, i, spectra[i], NULL));
        map->kernel->expand(&map->tables, mdup_spectra_get(w->spectra, i), w->words[i]);
    }
    mdup_correlate(map, w->words[0], w->words[1], &w->buffers, peaks);
}

/* ---- shifts ---- */

static void planted_shifts_come_back(void **state)
{
    (void)state;
    static const int32_t sizes[][2] = {{359, 255}, {33, 32}, {350, 700}, {360, 256}, {101, 256}};
    /* In hundredths of the frame: both signs of either axis, all of the frame to a corner of it. */
    static const int32_t shifts[][2] = {{0, 0},     {31, 0},  {-31, 0},  {0, 27},
                                        {0, -27},   {45, 33}, {45, -33}, {-45, 33},
                                        {-45, -33}, {70, 10}, {-10, -70}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        bench w = open_bench(sizes[s][0], sizes[s][1]);
        const bool tiny = w.nx * w.ny < 2000;
        for (size_t i = 0; i < sizeof shifts / sizeof *shifts; i++) {
            const int32_t dx = shifts[i][0] * w.nx / 100, dy = shifts[i][1] * w.ny / 100;
            if (tiny && i > 4)
                break; /* a corner of a frame of 33 px holds too little */
            mdup_peak peaks[MDUP_PEAKS];
            plant(&w, dx, dy, 0.8, 100 * s + i);
            correlate(&w, w.a, w.b, peaks);
            /* The map is coarser than the frame. */
            expect_near((double)peaks[0].shift_x, dx, 1);
            expect_near((double)peaks[0].shift_y, dy, 1);
            assert_true(peaks[0].local_z > (tiny ? 4.5f : 8.0f));
        }
        close_bench(&w);
    }
}

/* corr(a, b)(d) = corr(b, a)(-d), and a frame with itself is at rest. */
static void the_other_way_round(void **state)
{
    (void)state;
    bench w = open_bench(127, 90);
    for (uint64_t seed = 1; seed < 12; seed++) {
        mdup_peak ab[MDUP_PEAKS], ba[MDUP_PEAKS], aa[MDUP_PEAKS];
        plant(&w, 5 * (int32_t)seed, -3 * (int32_t)seed, 0.7, seed);
        correlate(&w, w.a, w.b, ab);
        correlate(&w, w.b, w.a, ba);
        expect_near((double)ba[0].shift_x, -(double)ab[0].shift_x, 1e-4);
        expect_near((double)ba[0].shift_y, -(double)ab[0].shift_y, 1e-4);
        expect_near((double)ba[0].z / (double)ab[0].z, 1, 1e-3);
        correlate(&w, w.a, w.a, aa);
        expect_near((double)aa[0].shift_x, 0, 0);
        expect_near((double)aa[0].shift_y, 0, 0);
    }
    close_bench(&w);
}

static float *shared_table(const mdup_conditioner *c)
{
    float *table = mdup_alloc_aligned((size_t)(c->map_nx * c->map_ny), sizeof *table, NULL);
    assert_non_null(table);
    assert_true(mdup_condition_shared(c, c->map_nx, c->map_ny, table, NULL));
    return table;
}

/* The rms over everything searched, from the definition: inverse transform of a conj(b), times the table. */
static double brute_force(bench *w, const float *table, float *map)
{
    const mdup_conditioner *c = w->conditioner;
    const size_t n = (size_t)c->map_nx * (size_t)c->map_ny, half = mdup_condition_size(c);
    float complex *product = mdup_alloc_aligned(half, sizeof *product, NULL);
    mdup_fft *fft = mdup_fft_new(c->map_nx, c->map_ny, NULL);
    assert_true(product && fft);
    assert_int_equal(mdup_fft_spectrum_size(fft), half);
    for (size_t i = 0; i < half; i++)
        product[i] = w->a[i] * conjf(w->b[i]);
    mdup_fft_inverse(fft, product, map);
    mdup_fft_free(fft);
    free(product);
    double squares = 0;
    size_t searched = 0;
    for (size_t i = 0; i < n; i++) {
        map[i] *= table[i];
        searched += table[i] > 0;
        squares += (double)map[i] * (double)map[i];
    }
    return sqrt(squares / (double)searched);
}

static void peaks_are_what_the_map_says(void **state)
{
    (void)state;
    bench w = open_bench(121, 75);
    const mdup_conditioner *c = w.conditioner;
    const size_t n = (size_t)c->map_nx * (size_t)c->map_ny;
    float *map = mdup_alloc_aligned(n, sizeof *map, NULL), *table = shared_table(c);
    assert_non_null(map);
    for (uint64_t seed = 1; seed < 25; seed++) {
        mdup_peak peaks[MDUP_PEAKS];
        plant(&w, 20 + (int32_t)seed, -5 - (int32_t)seed, seed % 3 ? 0.9 : 0.01, seed);
        correlate(&w, w.a, w.b, peaks);
        const double rms = brute_force(&w, table, map);
        double highest = 0, best_z = 0;
        for (size_t i = 0; i < n; i++)
            highest = fmax(highest, (double)map[i]);
        for (int p = 0; p < MDUP_PEAKS; p++) {
            const int32_t x = (int32_t)lround((double)peaks[p].shift_x * c->map_nx / c->padded_nx),
                          y = (int32_t)lround((double)peaks[p].shift_y * c->map_ny / c->padded_ny);
            const size_t at =
                (size_t)((y + c->map_ny) % c->map_ny * c->map_nx + (x + c->map_nx) % c->map_nx);
            /* Kept in 8 bits the spectra have 3 % of noise. */
            expect_near((double)peaks[p].z, (double)map[at] / rms, 0.15);
            assert_true(table[at] > 0);
            assert_true(peaks[p].local_z > 0 && peaks[p].local_z <= peaks[p].z);
            assert_true(p == 0 || peaks[p].local_z <= peaks[p - 1].local_z);
            best_z = fmax(best_z, (double)peaks[p].z);
            for (int q = 0; q < p; q++) /* no two are one peak and its flank */
                assert_true(fabsf(peaks[p].shift_x - peaks[q].shift_x) > 3 ||
                            fabsf(peaks[p].shift_y - peaks[q].shift_y) > 3);
        }
        if (seed % 3) /* a planted peak is the highest of all and stands out of its surroundings */
            expect_near(best_z, highest / rms, 0.15);
    }
    free(table);
    free(map);
    close_bench(&w);
}

static void shared_area_from_its_definition(void **state)
{
    (void)state;
    const int32_t sizes[][2] = {{33, 32}, {64, 101}};
    for (size_t s = 0; s < 2; s++) {
        bench w = open_bench(sizes[s][0], sizes[s][1]);
        const mdup_conditioner *c = w.conditioner;
        float *table = shared_table(c);
        assert_true(c->padded_nx >= 2 * c->nx && c->padded_ny >= 2 * c->ny);
        int checked = 0;
        for (int32_t y = 0; y < c->map_ny; y++)
            for (int32_t x = 0; x < c->map_nx; x++) {
                const double dx = (double)(x <= c->map_nx / 2 ? x : x - c->map_nx) * c->padded_nx /
                                  c->map_nx,
                             dy = (double)(y <= c->map_ny / 2 ? y : y - c->map_ny) * c->padded_ny /
                                  c->map_ny;
                const float value = table[y * c->map_nx + x];
                if (value <= 0)
                    continue;
                /* Without a taper the shared part of each axis is n - |shift|; with one it is a few pixels less. */
                const double most = (c->nx - fabs(dx)) * (c->ny - fabs(dy)),
                             least = (c->nx - fabs(dx) - 9) * (c->ny - fabs(dy) - 9);
                assert_true(1 / ((double)value * (double)value) < most + 1e-6);
                assert_true(least < 0 || 1 / ((double)value * (double)value) > least);
                checked++;
            }
        /* Most of the shifts that leave anything shared are looked at. */
        const double all =
            4.0 * c->nx * c->ny * c->map_nx / c->padded_nx * c->map_ny / c->padded_ny;
        assert_true(checked > 0.5 * all && checked < 0.97 * all);
        free(table);
        close_bench(&w);
    }
}

/* Unrelated frames: no shift is better than another, neither the middle, where much is shared, nor the edge. */
static void chance_has_no_favourite_shift(void **state)
{
    (void)state;
    enum { PAIRS = 120 };
    bench w = open_bench(96, 80);
    int inner = 0, all = 0, right = 0, up = 0;
    for (uint64_t seed = 0; seed < PAIRS; seed++) {
        mdup_peak peaks[MDUP_PEAKS];
        make_frame(w.nx, w.ny, 1000 + 2 * seed, w.frame);
        condition(&w, w.frame, w.a);
        make_frame(w.nx, w.ny, 1001 + 2 * seed, w.frame);
        condition(&w, w.frame, w.b);
        correlate(&w, w.a, w.b, peaks);
        for (int p = 0; p < MDUP_PEAKS; p++, all++) {
            inner += fabsf(peaks[p].shift_x) < (float)w.nx / 2 &&
                     fabsf(peaks[p].shift_y) < (float)w.ny / 2;
            right += peaks[p].shift_x > 0;
            up += peaks[p].shift_y > 0;
            assert_true(peaks[p].z < 8);
        }
    }
    /* The middle is a quarter of all shifts, and a little more of those that share enough. */
    assert_in_range(inner, all * 16 / 100, all * 40 / 100);
    assert_in_range(right, all * 40 / 100, all * 60 / 100);
    assert_in_range(up, all * 40 / 100, all * 60 / 100);
    close_bench(&w);
}

/* White noise has the same power in all directions, right up to the edge of the band. */
static void the_whole_band_is_used(void **state)
{
    (void)state;
    bench w = open_bench(200, 128);
    const mdup_conditioner *c = w.conditioner;
    uint64_t seed = 3;
    for (int32_t i = 0; i < w.nx * w.ny; i++)
        w.frame[i] = to_frame_byte(gaussian(&seed));
    condition(&w, w.frame, w.a);
    enum { STEPS = 7 }; /* of 0.05 cycles/px */
    double power[2][2][STEPS] = {{{0}}}, count[2][2][STEPS] = {{{0}}};
    for (int32_t ky = 0; ky < c->map_ny; ky++)
        for (int32_t kx = 0; kx <= c->map_nx / 2; kx++) {
            const double fx = (double)kx / c->padded_nx,
                         fy = (double)(ky <= c->map_ny / 2 ? ky : ky - c->map_ny) / c->padded_ny;
            const float complex value = w.a[ky * (c->map_nx / 2 + 1) + kx];
            const int step = (int)(hypot(fx, fy) / 0.05), steep = fabs(fy) > fx, down = fy < 0;
            if (step >= STEPS || kx == c->map_nx / 2 || ky == c->map_ny / 2)
                continue;
            power[steep][down][step] +=
                (double)(crealf(value) * crealf(value) + cimagf(value) * cimagf(value));
            count[steep][down][step]++;
        }
    const double unit = power[0][0][3] / count[0][0][3];
    for (int step = 1; step < STEPS; step++)
        for (int direction = 0; direction < 4; direction++)
            expect_near(log2(power[direction / 2][direction % 2][step] /
                             count[direction / 2][direction % 2][step] / unit),
                        0, 0.5);
    close_bench(&w);
}

static void nothing_in_a_frame(void **state)
{
    (void)state;
    bench w = open_bench(64, 48);
    mdup_peak peaks[MDUP_PEAKS];
    for (int value = -127; value <= 127; value += 127) {
        memset(w.frame, value, (size_t)(w.nx * w.ny));
        condition(&w, w.frame, w.a);
        make_frame(w.nx, w.ny, 5, w.frame);
        condition(&w, w.frame, w.b);
        for (int side = 0; side < 3; side++) {
            correlate(&w, side == 1 ? w.b : w.a, side == 0 ? w.b : w.a, peaks);
            for (int p = 0; value == 0 && p < MDUP_PEAKS; p++) {
                expect_near((double)peaks[p].z, 0, 0);
                expect_near((double)peaks[p].local_z, 0, 0);
                expect_near((double)peaks[p].shift_x, 0, 0);
                expect_near((double)peaks[p].shift_y, 0, 0);
            }
            for (int p = 0; p < MDUP_PEAKS; p++) /* and no NaN */
                assert_true(peaks[p].z >= 0 && peaks[p].z < 1e3f && peaks[p].local_z >= 0);
        }
    }
    close_bench(&w);
}

/* ---- the session ---- */

enum { N_FRAMES = 16 };

typedef struct {
    int8_t *frames[N_FRAMES];
    mdup_statistics statistics;
} session;

/* Statistics of the frames but one (N_FRAMES: of all). */
static void add_up(bench *w, session *s, int left_out)
{
    const size_t pixels = (size_t)w->nx * (size_t)w->ny;
    free(s->statistics.sum);
    s->statistics = (mdup_statistics){.nx = w->nx,
                                      .ny = w->ny,
                                      .n_frames = left_out < N_FRAMES ? N_FRAMES - 1 : N_FRAMES,
                                      .sum = calloc(pixels, sizeof(int32_t))};
    assert_non_null(s->statistics.sum);
    for (int f = 0; f < N_FRAMES; f++) {
        double power[MDUP_RADIAL_BINS];
        if (f == left_out)
            continue;
        mdup_condition_power(w->conditioner, s->frames[f], w->scratch, power);
        for (int k = 0; k < MDUP_RADIAL_BINS; k++)
            s->statistics.power[k] += power[k] / (double)s->statistics.n_frames;
        for (size_t i = 0; i < pixels; i++)
            s->statistics.sum[i] += s->frames[f][i];
    }
}

/* Unrelated frames with one and the same pattern in all of them. */
static session new_session(bench *w, double common)
{
    session s = {0};
    float *pattern = make_scene(w->nx, w->ny, 999);
    for (uint64_t f = 0; f < N_FRAMES; f++) {
        float *scene = make_scene(w->nx, w->ny, f + 1);
        s.frames[f] = malloc((size_t)(w->nx * w->ny));
        for (int32_t i = 0; i < w->nx * w->ny; i++)
            s.frames[f][i] = to_frame_byte(sqrt(1 - common) * (double)scene[i] +
                                           sqrt(common) * (double)pattern[i]);
        free(scene);
    }
    free(pattern);
    add_up(w, &s, N_FRAMES);
    return s;
}

static void free_session(session *s)
{
    for (int f = 0; f < N_FRAMES; f++)
        free(s->frames[f]);
    free(s->statistics.sum);
}

static int count_at_rest(bench *w, const session *s)
{
    int at_rest = 0;
    for (int f = 0; f + 1 < N_FRAMES; f++) {
        mdup_peak peaks[MDUP_PEAKS];
        const bool in_sample = w->conditioner->statistics != NULL;
        mdup_condition(w->conditioner, s->frames[f], in_sample, w->scratch, w->a);
        mdup_condition(w->conditioner, s->frames[f + 1], in_sample, w->scratch, w->b);
        correlate(w, w->a, w->b, peaks);
        at_rest += fabsf(peaks[0].shift_x) < 2 && fabsf(peaks[0].shift_y) < 2;
    }
    return at_rest;
}

/* Gain errors and dust of the camera stand still: without care each pair would be a duplicate at (0, 0). */
static void the_common_part_is_taken_out(void **state)
{
    (void)state;
    bench w = open_bench(180, 128);
    session s = new_session(&w, 0.15);
    assert_int_equal(count_at_rest(&w, &s), N_FRAMES - 1); /* the test has teeth */
    mdup_conditioner_set_statistics(w.conditioner, &s.statistics);
    forget_map(&w);
    assert_true(count_at_rest(&w, &s) <= 1);
    free_session(&s);
    close_bench(&w);
}

/* A frame is cleaned with what the others have in common, whether it was among them or not. */
static void a_frame_is_no_part_of_its_own_common_part(void **state)
{
    (void)state;
    bench w = open_bench(64, 50);
    session s = new_session(&w, 0.3);
    const size_t pixels = (size_t)(w.nx * w.ny);
    float *with = malloc(pixels * sizeof *with), *without = malloc(pixels * sizeof *without);
    mdup_conditioner_set_statistics(w.conditioner, &s.statistics);
    mdup_condition_clean(w.conditioner, s.frames[3], true, NULL, w.scratch, with);
    mdup_conditioner *fresh = mdup_conditioner_new(w.nx, w.ny, NULL);
    assert_non_null(fresh);
    mdup_conditioner_free(w.conditioner);
    w.conditioner = fresh;
    add_up(&w, &s, 3);
    mdup_conditioner_set_statistics(w.conditioner, &s.statistics);
    mdup_condition_clean(w.conditioner, s.frames[3], false, NULL, w.scratch, without);
    double common = 0, sd = 0;
    for (size_t i = 0; i < pixels; i++) {
        expect_near((double)with[i], (double)without[i], 1e-5);
        common += (double)with[i] * s.statistics.sum[i];
        sd += (double)with[i] * (double)with[i];
    }
    expect_near(common / (double)pixels, 0, 1e-3);          /* nothing of it is left */
    expect_near(sqrt(sd / (double)pixels), sqrt(0.7), 0.1); /* in units of sd */
    free(with);
    free(without);
    free_session(&s);
    close_bench(&w);
}

/* Tables are made behind the limit. */
static void limit(bench *w, double max_shift_px)
{
    mdup_conditioner_limit_shifts(w->conditioner, max_shift_px);
    forget_map(w);
}

static bool is_among(const mdup_peak peaks[MDUP_PEAKS], int32_t shift_x, int32_t shift_y)
{
    for (int p = 0; p < MDUP_PEAKS; p++)
        if (fabsf(peaks[p].shift_x - (float)shift_x) <= 1.5f &&
            fabsf(peaks[p].shift_y - (float)shift_y) <= 1.5f)
            return true;
    return false;
}

static void shifts_within_a_limit(void **state)
{
    (void)state;
    static const double limits_px[] = {1e-300, 1, 15, 16, 25, 60, 1e300};
    static const int32_t shifts[][2] = {{0, 0}, {-11, 11}, {20, 0}, {0, -24}, {35, -45}, {-80, 20}};
    for (size_t l = 0; l < 7; l++) {
        bench w = open_bench(180, 128);
        const int64_t all = need_map(&w)->n_searched;
        limit(&w, limits_px[l]);
        const int64_t searched = need_map(&w)->n_searched;
        assert_true(searched >= 350 && searched <= all);
        assert_int_equal(searched == all, limits_px[l] > 180);
        for (size_t i = 0; i < 6; i++) {
            plant(&w, shifts[i][0], shifts[i][1], 0.8, 50 + i);
            const double length = hypot(shifts[i][0], shifts[i][1]);
            mdup_peak peaks[MDUP_PEAKS];
            correlate(&w, w.a, w.b, peaks);
            const bool is_within = length <= fmax(limits_px[l], 16);
            assert_int_equal(is_among(peaks, shifts[i][0], shifts[i][1]), is_within);
            assert_true(!is_within || peaks[0].local_z > 6);
            for (int p = 0; p < MDUP_PEAKS; p++) {
                assert_true(isfinite(peaks[p].z) && isfinite(peaks[p].local_z));
                assert_true(hypot((double)peaks[p].shift_x, (double)peaks[p].shift_y) <=
                            fmax(limits_px[l], 16) + 2.001);
            }
        }
        close_bench(&w);
    }
}

static void without_statistics_in_sd_units(void **state)
{
    (void)state;
    bench w = open_bench(40, 33);
    float out[40 * 33];
    for (int32_t i = 0; i < w.nx * w.ny; i++)
        w.frame[i] = (int8_t)(i % 249 - 124);
    mdup_condition_clean(w.conditioner, w.frame, true, NULL, w.scratch, out);
    for (int32_t i = 0; i < w.nx * w.ny; i++)
        expect_near((double)out[i], w.frame[i] / (double)MDUP_FRAME_SD_units, 1e-6);
    close_bench(&w);
}

/* ---- tables ---- */

/* Detection theory: sqrt(rho / (1 - rho^2)), rho = 1 - noise / power; nine tenths of the power at the Nyquist frequency are noise. */
static void the_weight_from_its_definition(void **state)
{
    (void)state;
    bench w = open_bench(64, 64);
    mdup_statistics statistics = {.nx = 64, .ny = 64, .n_frames = 1, .noise_share = 0.9};
    const double ratios[] = {1.5, 2, 2.2};
    for (size_t r = 0; r < 3; r++) {
        for (int k = 0; k < MDUP_RADIAL_BINS; k++)
            statistics.power[k] = k < 105 ? 7 * ratios[r] : 7;
        mdup_conditioner_set_statistics(w.conditioner, &statistics);
        const double rho = 1 - 0.9 / ratios[r], expected = sqrt(rho / (1 - rho * rho));
        for (double f = 0.1; f < 0.33; f += 0.0037) {
            expect_near((double)mdup_condition_weight(w.conditioner, (float)f), expected, 1e-3);
            expect_near((double)mdup_condition_search_weight(w.conditioner, (float)f), expected,
                        1e-3);
        }
    }
    expect_near((double)mdup_condition_weight(w.conditioner, 0), 0,
                1e-6); /* the mean says nothing */
    for (double f = 0.355; f < 2; f += 0.01)
        expect_near((double)mdup_condition_search_weight(w.conditioner, (float)f), 0, 0);
    for (double f = 0.5; f < 2; f += 0.01)
        expect_near((double)mdup_condition_weight(w.conditioner, (float)f), 0, 0);
    close_bench(&w);
}

static void sample_sizes(void **state)
{
    (void)state;
    const size_t cases[][2] = {{0, 0},      {1, 1},      {2, 2},        {3, 2},     {4, 4},
                               {7, 4},      {8, 8},      {511, 256},    {512, 512}, {513, 512},
                               {1023, 512}, {1024, 512}, {1000000, 512}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(mdup_statistics_sample_size(cases[i][0]), cases[i][1]);
}

/* The transform: sizes, normalisation, and the place of each frequency. */
static void the_transform(void **state)
{
    (void)state;
    const int32_t sizes[][2] = {{1, 1}, {8, 6}, {7, 5}, {32, 1}, {1, 32}, {9, 16}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int32_t nx = sizes[s][0], ny = sizes[s][1], half = nx / 2 + 1;
        mdup_fft *fft = mdup_fft_new(nx, ny, NULL);
        assert_non_null(fft);
        assert_int_equal(mdup_fft_spectrum_size(fft), half * ny);
        float *real = mdup_alloc_aligned((size_t)(nx * ny), sizeof *real, NULL);
        float complex *spectrum = mdup_alloc_aligned((size_t)(half * ny), sizeof *spectrum, NULL);
        assert_true(real && spectrum);
        memset(real, 0, (size_t)(nx * ny) * sizeof *real);
        const int32_t px = nx / 3, py = ny / 2;
        real[py * nx + px] = 2;
        mdup_fft_forward(fft, real, spectrum);
        for (int32_t ky = 0; ky < ny; ky++)
            for (int32_t kx = 0; kx < half; kx++) {
                const double angle = -2 * acos(-1) * ((double)kx * px / nx + (double)ky * py / ny);
                expect_near((double)crealf(spectrum[ky * half + kx]), 2 * cos(angle), 1e-5);
                expect_near((double)cimagf(spectrum[ky * half + kx]), 2 * sin(angle), 1e-5);
            }
        mdup_fft_inverse(fft, spectrum, real);
        for (int32_t i = 0; i < nx * ny; i++)
            expect_near((double)real[i], i == py * nx + px ? 2 * nx * ny : 0, 1e-3);
        free(real);
        free(spectrum);
        mdup_fft_free(fft);
    }
    mdup_fft_free(NULL);
}

static void good_sizes(void **state)
{
    (void)state;
    for (int32_t wanted = 1; wanted < 5000; wanted++) {
        const int32_t size = mdup_fft_good_size(wanted);
        for (int32_t n = wanted; n <= size; n++) {
            int32_t rest = n;
            for (int32_t factor = 2; factor <= 5; factor++)
                while (rest % factor == 0)
                    rest /= factor;
            assert_int_equal(rest == 1 && n % 2 == 0, n == size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_shifts_come_back),
        cmocka_unit_test(the_other_way_round),
        cmocka_unit_test(peaks_are_what_the_map_says),
        cmocka_unit_test(shared_area_from_its_definition),
        cmocka_unit_test(chance_has_no_favourite_shift),
        cmocka_unit_test(the_whole_band_is_used),
        cmocka_unit_test(nothing_in_a_frame),
        cmocka_unit_test(the_common_part_is_taken_out),
        cmocka_unit_test(a_frame_is_no_part_of_its_own_common_part),
        cmocka_unit_test(shifts_within_a_limit),
        cmocka_unit_test(without_statistics_in_sd_units),
        cmocka_unit_test(the_weight_from_its_definition),
        cmocka_unit_test(sample_sizes),
        cmocka_unit_test(the_transform),
        cmocka_unit_test(good_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
