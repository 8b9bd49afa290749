#include "image/fft.h"

#include <fftw3.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/alloc.h"

struct mdup_fft {
    int32_t nx, ny;
    fftwf_plan forward, inverse;
};

/* Everything in FFTW but execute must be behind a lock. */
static pthread_mutex_t planner_lock = PTHREAD_MUTEX_INITIALIZER;

static void make_plans(mdup_fft *fft, float *real, float complex *spectrum)
{
    pthread_mutex_lock(&planner_lock);
    fft->forward = fftwf_plan_dft_r2c_2d(fft->ny, fft->nx, real, (fftwf_complex *)spectrum,
                                         FFTW_ESTIMATE | FFTW_DESTROY_INPUT);
    fft->inverse = fftwf_plan_dft_c2r_2d(fft->ny, fft->nx, (fftwf_complex *)spectrum, real,
                                         FFTW_ESTIMATE | FFTW_DESTROY_INPUT);
    pthread_mutex_unlock(&planner_lock);
}

mdup_fft *mdup_fft_new(int32_t nx, int32_t ny, mdup_error **err)
{
    if (nx < 1 || ny < 1) {
        mdup_fail(err, MDUP_ERROR_INVALID, "a transform of %d x %d samples makes no sense", (int)nx,
                  (int)ny);
        return NULL;
    }
    mdup_fft *fft = mdup_calloc(1, sizeof *fft, err);
    if (!fft)
        return NULL;
    fft->nx = nx;
    fft->ny = ny;
    /* The plans are made on buffers of the alignment that all buffers will have, and let go again.
     */
    float *real = mdup_alloc_aligned((size_t)nx * (size_t)ny, sizeof *real, err);
    float complex *spectrum =
        real ? mdup_alloc_aligned(mdup_fft_spectrum_size(fft), sizeof *spectrum, err) : NULL;
    if (spectrum) {
        make_plans(fft, real, spectrum);
        if (!fft->forward || !fft->inverse) {
            mdup_fail_nomem(err);
            mdup_fft_free(fft);
            fft = NULL;
        }
    } else {
        mdup_fft_free(fft);
        fft = NULL;
    }
    free(real);
    free(spectrum);
    return fft;
}

void mdup_fft_free(mdup_fft *fft)
{
    if (!fft)
        return;
    pthread_mutex_lock(&planner_lock);
    if (fft->forward)
        fftwf_destroy_plan(fft->forward);
    if (fft->inverse)
        fftwf_destroy_plan(fft->inverse);
    pthread_mutex_unlock(&planner_lock);
    free(fft);
}

size_t mdup_fft_spectrum_size(const mdup_fft *fft)
{
    return ((size_t)fft->nx / 2 + 1) * (size_t)fft->ny;
}

void mdup_fft_forward(const mdup_fft *fft, float *real, float complex *spectrum)
{
    fftwf_execute_dft_r2c(fft->forward, real, (fftwf_complex *)spectrum);
}

void mdup_fft_inverse(const mdup_fft *fft, float complex *spectrum, float *real)
{
    fftwf_execute_dft_c2r(fft->inverse, (fftwf_complex *)spectrum, real);
}

/* ---- some lines of a plane ---- */

struct mdup_fft_lines {
    fftwf_plan rows_forward, rows_inverse, columns_forward, columns_inverse;
};

static void make_line_plans(mdup_fft_lines *lines, int n, int stride, float *rows,
                            fftwf_complex *plane, fftwf_complex *turned)
{
    enum { L = MDUP_FFT_LINES, FLAGS = FFTW_ESTIMATE | FFTW_DESTROY_INPUT };
    pthread_mutex_lock(&planner_lock);
    lines->rows_forward =
        fftwf_plan_many_dft_r2c(1, &n, L, rows, NULL, 1, n, plane, NULL, 1, stride, FLAGS);
    lines->rows_inverse =
        fftwf_plan_many_dft_c2r(1, &n, L, plane, NULL, 1, stride, rows, NULL, 1, n, FLAGS);
    lines->columns_forward = fftwf_plan_many_dft(1, &n, L, plane, NULL, stride, 1, turned, NULL, 1,
                                                 n, FFTW_FORWARD, FLAGS);
    lines->columns_inverse = fftwf_plan_many_dft(1, &n, L, turned, NULL, 1, n, plane, NULL, stride,
                                                 1, FFTW_BACKWARD, FLAGS);
    pthread_mutex_unlock(&planner_lock);
}

mdup_fft_lines *mdup_fft_lines_new(int32_t n, int32_t stride, mdup_error **err)
{
    mdup_fft_lines *lines = mdup_calloc(1, sizeof *lines, err);
    float *rows = lines ? mdup_alloc_aligned((size_t)n * MDUP_FFT_LINES, sizeof *rows, err) : NULL;
    float complex *plane =
        rows ? mdup_alloc_aligned((size_t)n * (size_t)stride, sizeof *plane, err) : NULL;
    float complex *turned =
        plane ? mdup_alloc_aligned((size_t)n * MDUP_FFT_LINES, sizeof *turned, err) : NULL;
    bool ok = turned != NULL;
    if (ok) {
        make_line_plans(lines, n, stride, rows, (fftwf_complex *)plane, (fftwf_complex *)turned);
        ok = lines->rows_forward && lines->rows_inverse && lines->columns_forward &&
             lines->columns_inverse;
        if (!ok)
            mdup_fail_nomem(err);
    }
    free(turned);
    free(plane);
    free(rows);
    if (ok)
        return lines;
    mdup_fft_lines_free(lines);
    return NULL;
}

void mdup_fft_lines_free(mdup_fft_lines *lines)
{
    if (!lines)
        return;
    fftwf_plan plans[] = {lines->rows_forward, lines->rows_inverse, lines->columns_forward,
                          lines->columns_inverse};
    pthread_mutex_lock(&planner_lock);
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
        if (plans[i])
            fftwf_destroy_plan(plans[i]);
    pthread_mutex_unlock(&planner_lock);
    free(lines);
}

void mdup_fft_rows_forward(const mdup_fft_lines *lines, float *rows, float complex *plane)
{
    fftwf_execute_dft_r2c(lines->rows_forward, rows, (fftwf_complex *)plane);
}

void mdup_fft_rows_inverse(const mdup_fft_lines *lines, float complex *plane, float *rows)
{
    fftwf_execute_dft_c2r(lines->rows_inverse, (fftwf_complex *)plane, rows);
}

void mdup_fft_columns_forward(const mdup_fft_lines *lines, float complex *columns,
                              float complex *turned)
{
    fftwf_execute_dft(lines->columns_forward, (fftwf_complex *)columns, (fftwf_complex *)turned);
}

void mdup_fft_columns_inverse(const mdup_fft_lines *lines, float complex *turned,
                              float complex *columns)
{
    fftwf_execute_dft(lines->columns_inverse, (fftwf_complex *)turned, (fftwf_complex *)columns);
}

static bool is_good_size(int32_t n)
{
    if (n % 2 != 0)
        return false;
    static const int32_t primes[] = {2, 3, 5};
    for (size_t i = 0; i < sizeof primes / sizeof *primes; i++)
        while (n % primes[i] == 0)
            n /= primes[i];
    return n == 1;
}

int32_t mdup_fft_good_size(int32_t wanted)
{
    int32_t n = wanted < 2 ? 2 : wanted;
    while (!is_good_size(n))
        n++;
    return n;
}
