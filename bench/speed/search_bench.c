/* Times the search by itself: search_bench FRAMES THREADS FILE... reads the files, makes of them as many frames as asked for, and prints one line
 * of JSON: how long statistics and search take, and of one pair each of its steps, beside FFTW's transform of the same size. */
#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/number.h"
#include "base/path.h"
#include "flow/reading.h"
#include "image/fft.h"
#include "run/executor.h"
#include "search/glance.h"
#include "search/search.h"

/* Everything here that fails ends the program. */
static void need(bool ok, mdup_error *err)
{
    if (ok)
        return;
    fprintf(stderr, "search_bench: %s\n", err ? mdup_error_get_message(err) : "out of memory");
    exit(1);
}

static double now_s(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- the session ---- */

typedef struct {
    mdup_search_frames frames;
    int n_threads;
    int8_t *pixels;
    float *noise_shares;
    size_t *order;
    mdup_statistics statistics;
    mdup_conditioner *conditioner;
    mdup_condition_scratch **scratch;
    double *powers; /* of the frames of the statistics */
} session;

static const int8_t *get_frame(void *context, size_t index, mdup_error **err)
{
    (void)err;
    const session *s = context;
    return s->pixels + index * (size_t)s->frames.nx * (size_t)s->frames.ny;
}

/* Mirrored, turned upside down and inverted, an image has nothing in common with itself: eight frames of one. */
static void copy_variant(const int8_t *from, int32_t nx, int32_t ny, size_t variant, int8_t *to)
{
    for (int32_t y = 0; y < ny; y++)
        for (int32_t x = 0; x < nx; x++) {
            int32_t from_x = variant & 1 ? nx - 1 - x : x, from_y = variant & 2 ? ny - 1 - y : y;
            int8_t value = from[(ptrdiff_t)from_y * nx + from_x];
            to[(ptrdiff_t)y * nx + x] = variant & 4 ? (int8_t)-value : value;
        }
}

static void read_files(session *s, char **paths, size_t n_files)
{
    size_t pixels = 0;
    mdup_reading_buffers buffers = {0};
    for (size_t i = 0; i < s->frames.n; i++) {
        mdup_reading reading;
        mdup_error *err = NULL;
        if (i < n_files) {
            const mdup_micrograph micrograph = {.path = paths[i]};
            need(mdup_read_frame(&micrograph, 0, MDUP_MODE0_AUTO, &buffers, &reading, &err), err);
            need(reading.frame && (i == 0 || reading.frame_nx == s->frames.nx), NULL);
            s->frames.nx = reading.frame_nx;
            s->frames.ny = reading.frame_ny;
            pixels = (size_t)reading.frame_nx * (size_t)reading.frame_ny;
            if (i == 0)
                need((s->pixels = malloc(s->frames.n * pixels)) != NULL, NULL);
            memcpy(s->pixels + i * pixels, reading.frame, pixels);
            s->noise_shares[i] = (float)reading.noise_share;
            mdup_reading_clear(&reading);
        } else {
            copy_variant(s->pixels + i % n_files * pixels, s->frames.nx, s->frames.ny, i / n_files,
                         s->pixels + i * pixels);
            s->noise_shares[i] = s->noise_shares[i % n_files];
        }
        s->order[i] = i;
    }
    mdup_reading_buffers_clear(&buffers);
}

static bool measure_power(void *context, size_t item, int w, mdup_error **err)
{
    (void)err;
    session *s = context;
    mdup_condition_power(s->conditioner, get_frame(s, item, NULL), s->scratch[w],
                         s->powers + item * MDUP_RADIAL_BINS);
    return true;
}

/* As mdup_compare_frames does it. */
static void make_statistics(session *s)
{
    mdup_statistics *st = &s->statistics;
    mdup_error *err = NULL;
    size_t pixels = (size_t)s->frames.nx * (size_t)s->frames.ny;
    *st = (mdup_statistics){.nx = s->frames.nx, .ny = s->frames.ny};
    st->n_frames = mdup_statistics_sample_size(s->frames.n);
    need((st->sum = calloc(pixels, sizeof *st->sum)) &&
             (s->powers = calloc(st->n_frames, MDUP_RADIAL_BINS * sizeof *s->powers)),
         NULL);
    mdup_batch batch = {st->n_frames, s->n_threads, measure_power, NULL, s};
    need(mdup_run_batch(&batch, &err), err);
    for (size_t f = 0; f < st->n_frames; f++) {
        for (int k = 0; k < MDUP_RADIAL_BINS; k++)
            st->power[k] += s->powers[f * MDUP_RADIAL_BINS + (size_t)k] / (double)st->n_frames;
        for (size_t i = 0; i < pixels; i++)
            st->sum[i] += get_frame(s, f, NULL)[i];
        st->noise_share += (double)s->noise_shares[f] / (double)st->n_frames;
    }
    mdup_conditioner_set_statistics(s->conditioner, st);
}

static void open_session(session *s, size_t n, int n_threads, char **paths, size_t n_files)
{
    mdup_error *err = NULL;
    *s = (session){.n_threads = n_threads};
    s->frames = (mdup_search_frames){
        .n = n, .get = get_frame, .context = s, .images_per_move = 1, .images_per_hole = 1};
    need((s->order = calloc(n, sizeof *s->order)) &&
             (s->noise_shares = calloc(n, sizeof *s->noise_shares)) &&
             (s->scratch = calloc((size_t)n_threads, sizeof(mdup_condition_scratch *))),
         NULL);
    s->frames.order = s->order;
    read_files(s, paths, n_files);
    need((s->conditioner = mdup_conditioner_new(s->frames.nx, s->frames.ny, &err)) != NULL, err);
    for (int w = 0; w < n_threads; w++)
        need((s->scratch[w] = mdup_condition_scratch_new(s->conditioner, &err)) != NULL, err);
}

/* ---- one pair ---- */

/* Rounds of so many calls, so that what a step needs is in the cache, as it is in a search; time of the processor. */
enum { ROUNDS = 50, CALLS = 10, N_STEPS = 6 };
static const char *const STEPS[N_STEPS] = {"condition", "expand",      "glance",
                                           "correlate", "fftw_glance", "fftw_correlate"};

/* What the steps of a pair work on. */
typedef struct {
    const session *session;
    mdup_map *first, *second;
    mdup_spectra *spectra;
    float complex *spectrum;
    uint32_t *a[2], *b[2]; /* of the first map, of the second */
    mdup_map_buffers buffers[2];
    mdup_fft *fft[2];
    float complex *half[2];
    float *real[2];
} pair_bench;

static void open_pair(pair_bench *p, session *s)
{
    mdup_error *err = NULL;
    const mdup_conditioner *c = s->conditioner;
    *p = (pair_bench){.session = s};
    need((p->spectra = mdup_spectra_new(c, 2, &err)) != NULL, err);
    const mdup_spectra_layout *kept = mdup_spectra_get_layout(p->spectra);
    float band = mdup_glance_band(c) > 0 ? mdup_glance_band(c) : MDUP_BAND;
    p->first = mdup_map_new(c, kept, band, band * MDUP_GLANCE_GRID, NULL, &err);
    need(p->first != NULL, err);
    need((p->second = mdup_map_new(c, kept, MDUP_BAND, MDUP_BAND, NULL, &err)) != NULL, err);
    p->spectrum = mdup_alloc_aligned(mdup_condition_size(c), sizeof *p->spectrum, &err);
    need(p->spectrum != NULL, err);
    for (size_t i = 0; i < 2; i++) {
        mdup_condition(c, get_frame(s, i, NULL), true, s->scratch[0], p->spectrum);
        need(mdup_spectra_put(p->spectra, i, p->spectrum, &err), err);
    }
    for (int k = 0; k < 2; k++) {
        const mdup_map *map = k ? p->second : p->first;
        size_t half = ((size_t)map->nx / 2 + 1) * (size_t)map->ny;
        need((p->a[k] = mdup_alloc_aligned(map->words, sizeof *p->a[k], &err)) &&
                 (p->b[k] = mdup_alloc_aligned(map->words, sizeof *p->b[k], &err)) &&
                 mdup_map_buffers_init(map, &p->buffers[k], &err) &&
                 (p->fft[k] = mdup_fft_new(map->nx, map->ny, &err)) &&
                 (p->half[k] = mdup_alloc_aligned(half, sizeof *p->half[k], &err)) &&
                 (p->real[k] = mdup_alloc_aligned(2 * half, sizeof *p->real[k], &err)),
             err);
        memset(p->half[k], 0, half * sizeof *p->half[k]);
        map->kernel->expand(&map->tables, mdup_spectra_get(p->spectra, 0), p->a[k]);
        map->kernel->expand(&map->tables, mdup_spectra_get(p->spectra, 1), p->b[k]);
    }
}

static void run_step(pair_bench *p, int step)
{
    mdup_peak peaks[MDUP_PEAKS];
    switch (step) {
    case 0:
        mdup_condition(p->session->conditioner, p->session->pixels, true, p->session->scratch[0],
                       p->spectrum);
        break;
    case 1:
        p->second->kernel->expand(&p->second->tables, mdup_spectra_get(p->spectra, 0), p->a[1]);
        break;
    case 2:
        mdup_glance(p->first, p->a[0], p->b[0], &p->buffers[0]);
        break;
    case 3:
        mdup_correlate(p->second, p->a[1], p->b[1], &p->buffers[1], peaks);
        break;
    default:
        mdup_fft_inverse(p->fft[step - 4], p->half[step - 4], p->real[step - 4]);
    }
}

static int by_value(const void *left, const void *right)
{
    double l = *(const double *)left, r = *(const double *)right;
    return l < r ? -1 : l > r;
}

/* Median microseconds of each step; the steps take turns. */
static void time_steps(pair_bench *p, double median_us[N_STEPS])
{
    static double times_us[N_STEPS][ROUNDS];
    for (int round = 0; round < ROUNDS; round++)
        for (int step = 0; step < N_STEPS; step++) {
            double began_s = now_s(CLOCK_THREAD_CPUTIME_ID);
            for (int call = 0; call < CALLS; call++)
                run_step(p, step);
            times_us[step][round] = 1e6 * (now_s(CLOCK_THREAD_CPUTIME_ID) - began_s) / CALLS;
        }
    for (int step = 0; step < N_STEPS; step++) {
        qsort(times_us[step], ROUNDS, sizeof *times_us[step], by_value);
        median_us[step] = times_us[step][ROUNDS / 2];
    }
}

static void print_pair(session *s)
{
    pair_bench p;
    double median_us[N_STEPS];
    open_pair(&p, s);
    time_steps(&p, median_us);
    printf("\"processor\": \"%s\", \"band\": %.4f, \"first_map\": [%d, %d], \"second_map\": [%d, "
           "%d], ",
           p.first->kernel->name, (double)mdup_glance_band(s->conditioner), (int)p.first->nx,
           (int)p.first->ny, (int)p.second->nx, (int)p.second->ny);
    for (int step = 0; step < N_STEPS; step++)
        printf("\"%s_us\": %.1f, ", STEPS[step], median_us[step]);
}

/* ---- the whole ---- */

/* Not by getrusage, which begins with the peak of whoever started this. */
static double peak_MB(void)
{
    size_t length;
    char *status = mdup_file_read("/proc/self/status", 1 << 16, &length, NULL);
    const char *line = status ? strstr(status, "VmHWM:") : NULL;
    int64_t kB = 0;
    if (line) {
        line += strlen("VmHWM:");
        line += strspn(line, " \t");
        (void)!mdup_parse_int64(line, strspn(line, "0123456789"), &kB);
    }
    free(status);
    return (double)kB / 1e3;
}

static void print_search(session *s)
{
    mdup_error *err = NULL;
    double began_s = now_s(CLOCK_MONOTONIC), cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID);
    mdup_shortlist list;
    need(mdup_search(&s->frames, s->conditioner, s->n_threads, NULL, &list, &err), err);
    double search_s = now_s(CLOCK_MONOTONIC) - began_s;
    cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_s;
    printf("\"frames\": %zu, \"threads\": %d, \"pairs\": %lld, \"search_s\": %.3f, "
           "\"cpu_us_a_pair\": %.2f, "
           "\"peak_MB\": %.0f}\n",
           s->frames.n, s->n_threads, (long long)list.n_compared, search_s,
           1e6 * cpu_s / (double)list.n_compared, peak_MB());
    free(list.items);
}

int main(int argc, char **argv)
{
    int64_t n, n_threads;
    if (argc < 4 || !mdup_parse_int64(argv[1], strlen(argv[1]), &n) || n < 2 ||
        n > 8 * (argc - 3) || !mdup_parse_int64(argv[2], strlen(argv[2]), &n_threads) ||
        n_threads < 1 || n_threads > 4096) {
        fprintf(stderr, "usage: search_bench FRAMES THREADS FILE...\n"
                        "at most 8 frames a file\n");
        return 2;
    }
    session s;
    size_t n_files = (size_t)argc - 3;
    open_session(&s, (size_t)n, (int)n_threads, argv + 3, n_files);
    double began_s = now_s(CLOCK_MONOTONIC);
    make_statistics(&s);
    printf("{\"statistics_s\": %.3f, ", now_s(CLOCK_MONOTONIC) - began_s);
    print_pair(&s);
    fflush(stdout);
    print_search(&s);
    return 0;
}
