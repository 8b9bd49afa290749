/* The simulator: that what it claims of its micrographs is so, seen from the pixels. */
#include <complex.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include <microdup/simulate.h>

#include "base/alloc.h"
#include "base/path.h"
#include "formats/image_file.h"
#include "image/fft.h"
#include "image_test.h"
#include "simulate/detector.h"
#include "simulate/layout.h"
#include "simulate/physics.h"
#include "simulate/random.h"
#include "simulate/render.h"
#include "simulate/specimen.h"

static const double PI = 3.14159265358979323846;

static mdup_simulate_options default_options(void)
{
    mdup_simulate_options options;
    mdup_simulate_options_init(&options);
    options.out_dir = "test_simulate_out";
    return options;
}

/* A frame as large as a K3's in A, with few pixels. */
static mdup_simulate_options small_options(void)
{
    mdup_simulate_options options = default_options();
    options.nx = 720;
    options.ny = 512;
    options.pixel_A = 6.64;
    return options;
}

/* ---- options ---- */

static void refuse_options(const mdup_simulate_options *options, const char *message)
{
    mdup_error *err = NULL;
    assert_false(mdup_simulate_options_check(options, &err));
    expect_error(&err, MDUP_ERROR_INVALID, message);
    assert_false(mdup_simulate_run(options, NULL, &err));
    expect_error(&err, MDUP_ERROR_INVALID, message);
}

#define REFUSE(change, message)                                                                    \
    do {                                                                                           \
        mdup_simulate_options o = default_options();                                               \
        change;                                                                                    \
        refuse_options(&o, message);                                                               \
    } while (0)

static void test_refused_counts(void **state)
{
    (void)state;
    REFUSE(o.out_dir = NULL, "--o is missing: name the folder to put the session into");
    REFUSE(o.out_dir = "", "--o is missing: name the folder to put the session into");
    REFUSE(o.n_micrographs = 0, "--micrographs 0 is not possible: use 1 to 100000");
    REFUSE(o.n_micrographs = 100001, "--micrographs 100001 is not possible: use 1 to 100000");
    REFUSE(o.nx = 63, "--size 63x4092 is not possible: use 64x64 to 16384x16384");
    REFUSE(o.ny = 16385, "--size 5760x16385 is not possible: use 64x64 to 16384x16384");
    REFUSE(o.nx = INT32_MIN, "--size -2147483648x4092 is not possible: use 64x64 to 16384x16384");
    REFUSE(o.n_duplicates = -1, "--duplicates -1 is not possible: use 0 or more");
    REFUSE(o.n_overlaps = -7, "--overlaps -7 is not possible: use 0 or more");
    REFUSE((o.n_micrographs = 6, o.n_duplicates = 4),
           "--duplicates 4 and --overlaps 2 need --micrographs 7 or more, and it is 6");
    REFUSE((o.n_duplicates = INT32_MAX, o.n_overlaps = INT32_MAX),
           "--duplicates 2147483647 and --overlaps 2147483647 need --micrographs 4294967295 or "
           "more, and it is 24");
    REFUSE(o.n_workers = -1, "--j -1 is not possible: use 1 to 4096");
    REFUSE(o.n_workers = 4097, "--j 4097 is not possible: use 1 to 4096");
}

static void test_refused_numbers(void **state)
{
    (void)state;
    REFUSE(o.pixel_A = 0.1, "--pixel 0.1 is not possible: use 0.2 to 20 A");
    REFUSE(o.pixel_A = 21, "--pixel 21 is not possible: use 0.2 to 20 A");
    REFUSE(o.pixel_A = (double)NAN, "--pixel nan is not possible: use 0.2 to 20 A");
    static const char ends[] =
        " is not possible: use two numbers from 0.05 to 10 um, the smaller one first";
    char message[128];
    static const double ranges[][2] = {{2, 1}, {0, 1}, {1, 11}, {-1, 1}, {11, 12}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        snprintf(message, sizeof message, "--defocus %g,%g%s", ranges[i][0], ranges[i][1], ends);
        REFUSE((o.defocus_min_um = ranges[i][0], o.defocus_max_um = ranges[i][1]), message);
    }
    REFUSE(o.dose_e_A2 = 0, "--dose 0 is not possible: use 0.1 to 1000 electrons/A^2");
    REFUSE(o.dose_e_A2 = 1001, "--dose 1001 is not possible: use 0.1 to 1000 electrons/A^2");
    REFUSE(o.mass_kDa = 4, "--mass 4 is not possible: use 5 to 10000 kDa");
    REFUSE(o.mass_kDa = (double)INFINITY, "--mass inf is not possible: use 5 to 10000 kDa");
}

static void test_refused_kinds(void **state)
{
    (void)state;
    REFUSE(o.specimen = (mdup_specimen)8,
           "--specimen 8 is not known: use particles, filaments, empty, mixed, lattice, carbon, "
           "bundles or dirt");
    REFUSE(o.artefacts = 32, "--artefacts 32 is not known: use the sum of some of 1, 2, 4, 8, 16");
    REFUSE(o.format = (mdup_simulate_format)9,
           "--format 9 is not known: use float32, float16, int16 or uint8");
    REFUSE(o.names = (mdup_simulate_names)4,
           "--names 4 is not known: use epu, serialem, mcgill or plain");
}

static void test_refused_binning(void **state)
{
    (void)state;
    REFUSE(o.bin = -1, "--bin -1 is not possible: use 1 to 16");
    REFUSE(o.bin = 17, "--bin 17 is not possible: use 1 to 16");
    REFUSE(o.bin = 3, "--bin 3 is too much for --size 5760x4092: before binning a frame may have "
                      "16384x16384 pixels");
    REFUSE((o.bin = 16, o.nx = 64, o.ny = 1025),
           "--bin 16 is too much for --size 64x1025: before binning a frame may have 16384x16384 "
           "pixels");
    REFUSE((o.bin = 5, o.nx = 64, o.ny = 64),
           "--bin 5 is too much for --pixel 0.83: before binning a pixel may have 0.2 A or more");
}

static void test_refused_shots(void **state)
{
    (void)state;
    static const char multiples[] =
        "--shots 4 needs --micrographs, --duplicates and --overlaps that are multiples of it, for "
        "holes are recorded as a whole";
    REFUSE(o.n_shots = 5, "--shots 5 is not possible: use 1 to 4");
    REFUSE(o.n_shots = -2, "--shots -2 is not possible: use 1 to 4");
    REFUSE((o.n_shots = 2, o.shot_overlap = 0.3),
           "--shot-overlap 0.3 is not possible: use 0 to 0.2");
    REFUSE((o.n_shots = 2, o.shot_overlap = (double)NAN),
           "--shot-overlap nan is not possible: use 0 to 0.2");
    REFUSE(o.shot_overlap = 0.03, "--shot-overlap 0.03 needs --shots 2 or more");
    REFUSE(o.n_shots = 4, multiples); /* 2 overlaps */
    REFUSE((o.n_shots = 4, o.n_overlaps = 4, o.n_duplicates = 6), multiples);
    REFUSE((o.n_shots = 4, o.n_overlaps = 4, o.n_micrographs = 22), multiples);
}

static void test_refused_particles(void **state)
{
    (void)state;
    REFUSE(o.n_particles = -1,
           "--particles -1 is not possible: use 0 (as usual for the specimen) or more");
    REFUSE(o.n_particles = INT32_MIN,
           "--particles -2147483648 is not possible: use 0 (as usual for the specimen) or more");
    REFUSE((o.n_particles = 1, o.specimen = MDUP_SPECIMEN_EMPTY),
           "--particles 1 is not possible with --specimen empty, which has none");
    REFUSE(o.n_particles = 16238,
           "--particles 16238 is too many for a frame of 4781 x 3396 A: use 16237 or fewer");
    REFUSE((o.n_particles = INT32_MAX, o.nx = o.ny = 64),
           "--particles 2147483647 is too many for a frame of 53 x 53 A: use 2 or fewer");
}

static void test_artefact_lists(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    unsigned found = 99;
    assert_true(mdup_artefacts_parse("none", &found, &err));
    assert_int_equal(found, 0);
    assert_true(mdup_artefacts_parse("drift", &found, &err));
    assert_int_equal(found, MDUP_ARTEFACT_DRIFT);
    assert_true(mdup_artefacts_parse("line,edge,pattern,line,ringing", &found, &err));
    assert_int_equal(found, 15);
    static const char *const wrong[][2] = {{"", ""},
                                           {"edges", "edges"},
                                           {"edge,", ""},
                                           {"edge,none", "none"},
                                           {"edge, line", " line"},
                                           {"pat,line", "pat"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char message[256];
        snprintf(
            message, sizeof message,
            "--artefacts %s: \"%s\" is not known: use none, or some of edge, pattern, ringing, "
            "line, drift with commas between them",
            wrong[i][0], wrong[i][1]);
        assert_false(mdup_artefacts_parse(wrong[i][0], &found, &err));
        expect_error(&err, MDUP_ERROR_INVALID, message);
        assert_int_equal(found, 15);
    }
}

static void test_accepted(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    mdup_simulate_options options = default_options();
    assert_true(mdup_simulate_options_check(&options, &err));
    expect_no_error(&err);
    options = (mdup_simulate_options){.out_dir = "x",
                                      .n_micrographs = 1,
                                      .nx = 64,
                                      .ny = 16384,
                                      .pixel_A = 20,
                                      .defocus_min_um = 10,
                                      .defocus_max_um = 10,
                                      .dose_e_A2 = 0.1,
                                      .mass_kDa = 10000};
    assert_true(mdup_simulate_options_check(&options, &err));
    expect_no_error(&err);
}

static void test_names_of_kinds(void **state)
{
    (void)state;
    mdup_specimen specimen = MDUP_SPECIMEN_MIXED;
    assert_true(mdup_specimen_parse("filaments", &specimen));
    assert_int_equal(specimen, MDUP_SPECIMEN_FILAMENTS);
    assert_false(mdup_specimen_parse("filament", &specimen));
    assert_false(mdup_specimen_parse("", &specimen));
    assert_int_equal(specimen, MDUP_SPECIMEN_FILAMENTS);
    assert_true(mdup_specimen_parse("dirt", &specimen));
    assert_int_equal(specimen, MDUP_SPECIMEN_DIRT);
    assert_null(mdup_specimen_name((mdup_specimen)8));
    for (int i = 0; i < 8; i++) {
        assert_true(mdup_specimen_parse(mdup_specimen_name((mdup_specimen)i), &specimen));
        assert_int_equal(specimen, i);
    }
    assert_null(mdup_simulate_format_name((mdup_simulate_format)4));
    assert_null(mdup_simulate_names_name((mdup_simulate_names)4));
    for (int i = 0; i < 4; i++) {
        mdup_simulate_format format;
        mdup_simulate_names names;
        assert_true(mdup_simulate_format_parse(mdup_simulate_format_name((mdup_simulate_format)i),
                                               &format));
        assert_int_equal(format, i);
        assert_true(
            mdup_simulate_names_parse(mdup_simulate_names_name((mdup_simulate_names)i), &names));
        assert_int_equal(names, i);
    }
}

/* ---- random numbers ---- */

/* Computed by another program from the definition: the numbers must be these on every machine. */
static void test_random_is_fixed(void **state)
{
    (void)state;
    assert_true(mdup_key(1, 2) == UINT64_C(0xe06dd043328bd285));
    assert_true(mdup_key_cell(1, -3, 5) == UINT64_C(0x39e4d36aaa6f9ec5));
    mdup_rng rng = mdup_rng_new(mdup_key(1, 2));
    assert_true(mdup_rng_next(&rng) == UINT64_C(0x7bc3504f8f136972));
    assert_true(mdup_rng_next(&rng) == UINT64_C(0x9f337017bbd1e65c));
    assert_true(mdup_rng_next(&rng) == UINT64_C(0xb963b3310c37e18d));
}

static void test_distributions(void **state)
{
    (void)state;
    enum { N = 200000 };
    mdup_rng rng = mdup_rng_new(7);
    double sum = 0, squares = 0, counts = 0, count_squares = 0, below = 0;
    for (int i = 0; i < N; i++) {
        double normal = mdup_rng_normal(&rng);
        double count = mdup_rng_poisson(&rng, 3.5);
        uint32_t small = mdup_rng_below(&rng, 3);
        assert_true(small < 3);
        sum += normal;
        squares += normal * normal;
        counts += count;
        count_squares += count * count;
        below += small;
    }
    expect_near(sum / N, 0, 0.01);
    expect_near(squares / N, 1, 0.015);
    expect_near(counts / N, 3.5, 0.02);
    expect_near(count_squares / N - counts / N * (counts / N), 3.5, 0.05);
    expect_near(below / N, 1, 0.01);
    assert_int_equal(mdup_rng_poisson(&rng, 0), 0);
}

static void test_noise(void **state)
{
    (void)state;
    enum { N = 1000003 };
    static mdup_noise_table table;
    mdup_noise_table_init(&table);
    float *noise = malloc(N * sizeof *noise);
    assert_non_null(noise);
    mdup_rng rng = mdup_rng_new(11);
    mdup_noise_fill(&table, &rng, noise, N);
    double moment[5] = {0}, lag[6] = {0}, beyond_3 = 0;
    for (size_t i = 0; i < N; i++) {
        double v = (double)noise[i];
        for (int k = 1; k <= 4; k++)
            moment[k] += pow(v, k) / N;
        for (size_t k = 1; k <= 5 && i + k < N; k++)
            lag[k] += v * (double)noise[i + k] / N;
        beyond_3 += fabs(v) > 3;
    }
    expect_near(moment[1], 0, 0.005);
    expect_near(moment[2], 1, 0.007);
    expect_near(moment[3], 0, 0.015);
    expect_near(moment[4], 3, 0.05);
    for (size_t k = 1; k <= 5; k++)
        expect_near(lag[k], 0, 0.005);
    expect_near(beyond_3 / N, 0.0027, 0.0003);
    free(noise);
}

/* ---- the specimen ---- */

static mdup_canvas make_canvas(int32_t nx, int32_t ny, double step_A)
{
    mdup_canvas canvas = {.nx = nx, .ny = ny, .step_A = step_A};
    size_t n = (size_t)nx * (size_t)ny;
    canvas.phase_rad = malloc(n * sizeof(float));
    canvas.loss = malloc(n * sizeof(float));
    assert_true(canvas.phase_rad && canvas.loss);
    return canvas;
}

static void free_canvas(mdup_canvas *canvas)
{
    free(canvas->phase_rad);
    free(canvas->loss);
}

static void test_blob(void **state)
{
    (void)state;
    mdup_canvas canvas = make_canvas(64, 48, 3);
    mdup_canvas_clear(&canvas);
    canvas.x_A = -30;
    canvas.y_A = 10;
    mdup_canvas_add_blob(&canvas, 50.5, 71, 6, 2.5);
    mdup_canvas_add_blob(&canvas, 1e30, -1e30, 6, 1); /* far outside: nothing */
    double sum = 0, x = 0, y = 0, xx = 0;
    for (int32_t j = 0; j < canvas.ny; j++) {
        for (int32_t i = 0; i < canvas.nx; i++) {
            double v = (double)canvas.phase_rad[j * canvas.nx + i] * 9;
            double at = canvas.x_A + i * canvas.step_A;
            sum += v;
            x += v * at;
            y += v * (canvas.y_A + j * canvas.step_A);
            xx += v * (at - 50.5) * (at - 50.5);
        }
    }
    expect_near(sum, 2.5, 0.01);
    expect_near(x / sum, 50.5, 0.05);
    expect_near(y / sum, 71, 0.05);
    expect_near(sqrt(xx / sum), 6, 0.1);
    free_canvas(&canvas);
}

/* Mean of |F|^2 over a ring of frequencies (cycles a px) of an image faded to its mean at the
 * edges. */
static double ring_power(const float *image, int32_t n, double k_least, double k_most)
{
    mdup_error *err = NULL;
    mdup_fft *fft = mdup_fft_new(n, n, &err);
    float *real = mdup_alloc_aligned((size_t)(n * n), sizeof *real, &err);
    float complex *spectrum =
        mdup_alloc_aligned(mdup_fft_spectrum_size(fft), sizeof *spectrum, &err);
    expect_no_error(&err);
    double mean = 0, power = 0, count = 0;
    for (int32_t i = 0; i < n * n; i++)
        mean += (double)image[i] / (n * n);
    for (int32_t i = 0; i < n * n; i++) {
        double wx = sin(PI * (i % n) / n), wy = sin(PI * ((double)(i / n)) / n);
        real[i] = (float)(((double)image[i] - mean) * wx * wx * wy * wy);
    }
    mdup_fft_forward(fft, real, spectrum);
    for (int32_t j = 0; j < n; j++) {
        for (int32_t i = 0; i <= n / 2; i++) {
            double k = hypot(i, j <= n / 2 ? j : j - n) / n;
            double size = (double)cabsf(spectrum[j * (n / 2 + 1) + i]);
            power += k >= k_least && k < k_most ? size * size : 0;
            count += k >= k_least && k < k_most;
        }
    }
    free(spectrum);
    free(real);
    mdup_fft_free(fft);
    return power / count;
}

/* Two windows onto the same place show the same where they overlap, whatever else they show. */
static void check_windows_agree(mdup_specimen kind, int32_t index, double contamination)
{
    mdup_simulate_options options = small_options();
    options.specimen = kind;
    mdup_sample sample;
    mdup_error *err = NULL;
    assert_true(mdup_sample_make(&options, &sample, &err));
    sample.recipe.carbon_share = 1;
    sample.recipe.contaminations = contamination;
    mdup_place place = mdup_sample_place(&sample, index);
    enum { W = 300, H = 260, DX = 141, DY = -97 };
    mdup_canvas a = make_canvas(W, H, 4), b = make_canvas(W, H, 4);
    /* Around the point of the carbon's rim that is nearest to the middle of the frame. */
    double away = hypot(place.middle_x_A - place.hole_x_A, place.middle_y_A - place.hole_y_A);
    double to_rim = place.hole_radius_A / away;
    a.x_A = place.hole_x_A + (place.middle_x_A - place.hole_x_A) * to_rim - 600;
    a.y_A = place.hole_y_A + (place.middle_y_A - place.hole_y_A) * to_rim - 500;
    b.x_A = a.x_A + DX * 4;
    b.y_A = a.y_A + DY * 4;
    mdup_place_draw(&sample, &place, 1, &a);
    mdup_place_draw(&sample, &place, 1, &b);
    double square = 0, worst = 0;
    for (int32_t y = 0; y < H + DY; y++) {
        for (int32_t x = DX; x < W; x++) {
            size_t in_a = (size_t)(y * W + x), in_b = (size_t)((y - DY) * W + x - DX);
            double v = (double)a.phase_rad[in_a];
            square += v * v;
            worst = fmax(worst, fabs(v - (double)b.phase_rad[in_b]));
            worst = fmax(worst, fabs((double)a.loss[in_a] - (double)b.loss[in_b]));
        }
    }
    assert_true(square > 0);
    expect_near(worst, 0, 1e-5);
    free_canvas(&a);
    free_canvas(&b);
    mdup_sample_free(&sample);
}

static void test_windows_agree(void **state)
{
    (void)state;
    for (int32_t place = 0; place < 3; place++) {
        check_windows_agree(MDUP_SPECIMEN_PARTICLES, place, 30);
        check_windows_agree(MDUP_SPECIMEN_FILAMENTS, place, 0);
        check_windows_agree(MDUP_SPECIMEN_MIXED, place, 1);
        check_windows_agree(MDUP_SPECIMEN_LATTICE, place, 0);
        check_windows_agree(MDUP_SPECIMEN_CARBON, place, 0);
        check_windows_agree(MDUP_SPECIMEN_BUNDLES, place, 0);
        check_windows_agree(MDUP_SPECIMEN_DIRT, place, 8);
    }
}

static void test_places_as_the_recipe_says(void **state)
{
    (void)state;
    mdup_simulate_options options = default_options();
    mdup_sample sample;
    mdup_error *err = NULL;
    assert_true(mdup_sample_make(&options, &sample, &err));
    enum { N = 2000 };
    double carbon = 0, particles = 0;
    for (int32_t i = 0; i < N; i++) {
        mdup_place place = mdup_sample_place(&sample, i);
        carbon += place.has_carbon;
        particles += place.particles_per_A2 * sample.frame_x_A * sample.frame_y_A;
        assert_int_equal(place.n_filament_directions, 0);
        /* The middle of the first exposure is in the hole. */
        assert_true(hypot(place.hole_x_A - place.middle_x_A, place.hole_y_A - place.middle_y_A) <
                    place.hole_radius_A);
    }
    expect_near(carbon / N, 0.12, 0.03);
    expect_near(particles / N, 150, 4);
    mdup_sample_free(&sample);
}

/* Particles on a frame of n a frame, counted by the phase they make, mean of some places. */
static double particles_seen(const mdup_simulate_options *options)
{
    enum { PLACES = 12 };
    mdup_sample sample;
    assert_true(mdup_sample_make(options, &sample, NULL));
    mdup_canvas canvas = make_canvas(options->nx, options->ny, options->pixel_A);
    double sum = 0;
    for (int32_t i = 0; i < PLACES; i++) {
        mdup_place place = mdup_sample_place(&sample, i);
        mdup_canvas_clear(&canvas);
        mdup_draw_particles(&sample, &place, 0, &canvas);
        for (int32_t k = 0; k < canvas.nx * canvas.ny; k++)
            sum += (double)canvas.phase_rad[k];
    }
    free_canvas(&canvas);
    mdup_sample_free(&sample);
    double area_A2 = options->pixel_A * options->pixel_A;
    return sum * area_A2 / (PLACES * options->mass_kDa * mdup_phase_per_kDa());
}

static void test_particles_in_a_frame(void **state)
{
    (void)state;
    static const int32_t counts[] = {80, 220, 1};
    static const mdup_specimen kinds[] = {MDUP_SPECIMEN_PARTICLES, MDUP_SPECIMEN_LATTICE,
                                          MDUP_SPECIMEN_DIRT};
    for (int i = 0; i < 3; i++) {
        mdup_simulate_options options = small_options();
        options.specimen = kinds[i];
        for (int size = 1; size <= 2; size++) {
            options.nx = 720 / size;
            options.n_particles = counts[i];
            /* Poisson: 5 sd of the mean of 12 places. */
            expect_near(particles_seen(&options), counts[i], 5 * sqrt(counts[i] / 12.0));
        }
    }
}

/* Everything else of a place is as it is without. */
static void test_particles_change_nothing_else(void **state)
{
    (void)state;
    mdup_simulate_options options = small_options();
    mdup_sample usual, given;
    assert_true(mdup_sample_make(&options, &usual, NULL));
    options.n_particles = 99;
    assert_true(mdup_sample_make(&options, &given, NULL));
    for (int32_t i = 0; i < 20; i++) {
        mdup_place a = mdup_sample_place(&usual, i), b = mdup_sample_place(&given, i);
        expect_near(b.particles_per_A2 * given.frame_x_A * given.frame_y_A, 99, 1e-9);
        assert_true(a.ice_loss_x_per_A == b.ice_loss_x_per_A && a.has_carbon == b.has_carbon);
        assert_true(a.hole_x_A == b.hole_x_A && a.hole_y_A == b.hole_y_A);
        assert_true(a.contaminations_per_A2 == b.contaminations_per_A2);
    }
    mdup_sample_free(&usual);
    mdup_sample_free(&given);
}

static mdup_sample make_sample(mdup_specimen kind)
{
    mdup_simulate_options options = small_options();
    options.specimen = kind;
    mdup_sample sample;
    mdup_error *err = NULL;
    assert_true(mdup_sample_make(&options, &sample, &err));
    expect_no_error(&err);
    return sample;
}

/* Amplitude of the canvas' phase at a frequency, 1 / A, for a mean of 1. */
static double amplitude_at(const mdup_canvas *canvas, double kx, double ky)
{
    double complex sum = 0;
    double mean = 0;
    for (int32_t j = 0; j < canvas->ny; j++) {
        for (int32_t i = 0; i < canvas->nx; i++) {
            double v = (double)canvas->phase_rad[j * canvas->nx + i];
            double wx = sin(PI * i / canvas->nx), wy = sin(PI * j / canvas->ny);
            mean += v;
            sum += v * wx * wy *
                   cexp(-2 * PI * (double complex)I * canvas->step_A * (kx * i + ky * j));
        }
    }
    return cabs(sum) / mean;
}

/* The strongest of the first reflections stands far above what lies between reflections. */
static void check_reflections(const mdup_lattice *l, const mdup_canvas *canvas)
{
    double area = l->a_x_A * l->b_y_A - l->a_y_A * l->b_x_A, on = 0, between = 0;
    for (int h = 0; h <= 1; h++) {
        for (int k = 0; k <= 1; k++) {
            double kx = (h * l->b_y_A - k * l->a_y_A) / area;
            double ky = (k * l->a_x_A - h * l->b_x_A) / area;
            if (h + k > 0)
                on = fmax(on, amplitude_at(canvas, kx, ky));
            kx = ((h + 0.5) * l->b_y_A - (k + 0.41) * l->a_y_A) / area;
            ky = ((k + 0.41) * l->a_x_A - (h + 0.5) * l->b_x_A) / area;
            between = fmax(between, amplitude_at(canvas, kx, ky));
        }
    }
    assert_true(on > 0.01);
    assert_true(on > 5 * between);
}

/* Crystals have reflections where their lattice says and a few per cent of vacancies; each place
 * has a lattice of its own. */
static void test_lattice(void **state)
{
    (void)state;
    mdup_sample sample = make_sample(MDUP_SPECIMEN_LATTICE);
    mdup_canvas canvas = make_canvas(360, 256, 13.28);
    canvas.x_A = canvas.y_A = 0;
    double last_x = 0, last_y = 0;
    for (int32_t i = 0; i < 4; i++) {
        mdup_place place = mdup_sample_place(&sample, i);
        place.lattice.has_edge = false;
        mdup_canvas_clear(&canvas);
        mdup_draw_lattice(&place, 0, &canvas);
        check_reflections(&place.lattice, &canvas);
        assert_true(fabs(place.lattice.a_x_A - last_x) + fabs(place.lattice.a_y_A - last_y) > 1);
        last_x = place.lattice.a_x_A;
        last_y = place.lattice.a_y_A;
        /* All sites filled: 0.02 kDa / A^2. */
        double mean = 0;
        for (int32_t k = 0; k < canvas.nx * canvas.ny; k++)
            mean += (double)canvas.phase_rad[k] / (canvas.nx * canvas.ny);
        expect_near(mean / (0.02 * mdup_phase_per_kDa()), 1 - place.lattice.vacancies, 0.015);
    }
    free_canvas(&canvas);
    mdup_sample_free(&sample);
}

static void test_lattices_of_places(void **state)
{
    (void)state;
    mdup_sample sample = make_sample(MDUP_SPECIMEN_LATTICE);
    enum { N = 1000 };
    double edges = 0, crosses = 0;
    for (int32_t i = 0; i < N; i++) {
        mdup_lattice l = mdup_sample_place(&sample, i).lattice;
        double a_A = hypot(l.a_x_A, l.a_y_A), b_A = hypot(l.b_x_A, l.b_y_A);
        assert_true(a_A >= 60 && a_A <= 200 && b_A >= 60 && b_A <= 200);
        assert_true(l.vacancies >= 0.02 && l.vacancies <= 0.06);
        edges += l.has_edge;
        double middle = sample.frame_x_A / 2 * l.edge_x + sample.frame_y_A / 2 * l.edge_y;
        crosses += middle <= l.edge_A;
    }
    expect_near(edges / N, 0.3, 0.05);
    expect_near(crosses / N, 1, 1e-9); /* at least half of the frame is crystal */
    mdup_sample_free(&sample);
}

/* Film without a hole: loss everywhere the same, and texture of the power stated. */
static void test_carbon_everywhere(void **state)
{
    (void)state;
    mdup_sample sample = make_sample(MDUP_SPECIMEN_CARBON);
    mdup_canvas canvas = make_canvas(512, 512, 3.32);
    double power = 0;
    for (int32_t i = 0; i < 4; i++) {
        mdup_place place = mdup_sample_place(&sample, i);
        assert_true(place.particles_per_A2 > 0);
        canvas.x_A = place.hole_x_A - 800 - 7000 * i; /* where the middle of the hole would be */
        canvas.y_A = place.hole_y_A - 800 + 9000 * i;
        mdup_canvas_clear(&canvas);
        mdup_draw_carbon(&place, &canvas);
        for (int32_t k = 0; k < 512 * 512; k++)
            expect_near((double)canvas.loss[k], 0.09, 1e-6);
        power += ring_power(canvas.phase_rad, 512, 3.32 / 80, 3.32 / 50) / 4;
    }
    /* Around 1 / 60 A, where the blobs of 4 A have 0.83 of the power; 9 / 64 is the window's. */
    double per_A2 = power * 3.32 * 3.32 / (512 * 512.0 * 9 / 64);
    expect_near(per_A2 / 0.023, 0.83, 0.07);
    free_canvas(&canvas);
    mdup_sample_free(&sample);
}

/* Doubled angles: 0 and pi are the same direction. */
static double alignment(mdup_specimen kind)
{
    mdup_sample sample = make_sample(kind);
    enum { N = 200 };
    double complex sum = 0;
    for (int32_t i = 0; i < N; i++) {
        mdup_place place = mdup_sample_place(&sample, i);
        assert_true(place.n_filament_directions > 0);
        for (int d = 0; d < place.n_filament_directions; d++)
            sum += cexp(2 * (double complex)I * place.filament_angle[d]) /
                   place.n_filament_directions / N;
    }
    mdup_sample_free(&sample);
    return cabs(sum);
}

static void test_bundles_are_parallel(void **state)
{
    (void)state;
    assert_true(alignment(MDUP_SPECIMEN_BUNDLES) > 0.995);
    assert_true(alignment(MDUP_SPECIMEN_FILAMENTS) < 0.8);
}

/* Power across the session's direction against that along it. */
static double anisotropy(mdup_specimen kind)
{
    mdup_sample sample = make_sample(kind);
    mdup_canvas canvas = make_canvas(256, 256, 13.28);
    canvas.x_A = canvas.y_A = 0;
    double across = 0, along = 0, x = cos(sample.filament_angle), y = sin(sample.filament_angle);
    for (int32_t i = 0; i < 5; i++) {
        mdup_place place = mdup_sample_place(&sample, i);
        mdup_canvas_clear(&canvas);
        mdup_draw_filaments(&sample, &place, 0, &canvas);
        for (double k = 1 / 300.0; k < 1 / 100.0; k += 1 / 1500.0) {
            across += pow(amplitude_at(&canvas, -k * y, k * x), 2);
            along += pow(amplitude_at(&canvas, k * x, k * y), 2);
        }
    }
    free_canvas(&canvas);
    mdup_sample_free(&sample);
    return across / along;
}

static void test_bundles_look_parallel(void **state)
{
    (void)state;
    double bundles = anisotropy(MDUP_SPECIMEN_BUNDLES);
    if (!(bundles > 30 && bundles > 2 * anisotropy(MDUP_SPECIMEN_FILAMENTS)))
        fail_msg("%g against %g", bundles, anisotropy(MDUP_SPECIMEN_FILAMENTS));
}

/* Where the ice is torn there is nothing: 520 A of ice less, and no trace of particles, crystals or
 * film. */
static void test_tears(void **state)
{
    (void)state;
    mdup_sample sample = make_sample(MDUP_SPECIMEN_DIRT);
    mdup_canvas canvas = make_canvas(360, 256, 13.28);
    canvas.x_A = canvas.y_A = 0;
    double torn = 0, dark = 0;
    enum { N = 10 };
    for (int32_t i = 0; i < N; i++) {
        mdup_place place = mdup_sample_place(&sample, i);
        mdup_place_draw(&sample, &place, 0, &canvas);
        for (int32_t k = 0; k < 360 * 256; k++) {
            bool is_torn = fabs((double)canvas.loss[k] + 520.0 / 3500) < 1e-6;
            if (is_torn)
                expect_near((double)canvas.phase_rad[k], -0.26, 1e-5);
            torn += is_torn / (360 * 256.0 * N);
            dark += (canvas.loss[k] > 0.2F) / (360 * 256.0 * N);
        }
    }
    assert_true(torn > 0.05 && torn < 0.45);
    assert_true(dark > 0.005 && dark < 0.2);
    free_canvas(&canvas);
    mdup_sample_free(&sample);
}

static void test_protein(void **state)
{
    (void)state;
    static const double masses[] = {5, 60, 500, 10000};
    for (size_t m = 0; m < sizeof masses / sizeof masses[0]; m++) {
        mdup_protein protein;
        mdup_error *err = NULL;
        assert_true(mdup_protein_make(masses[m], 3, &protein, &err));
        expect_near(protein.n_blobs * protein.blob_kDa, masses[m], 1e-9 * masses[m]);
        double gyration = 0;
        for (int i = 0; i < protein.n_blobs; i++)
            for (int k = 0; k < 3; k++)
                gyration += protein.blobs_A[i][k] * protein.blobs_A[i][k] / protein.n_blobs;
        /* A ball has 0.775 of its radius; proteins lie between that and two and a half times it. */
        double ball_A = cbrt(masses[m] * MDUP_PROTEIN_A3_PER_kDa * 3 / (4 * PI));
        assert_true(sqrt(gyration) > 0.7 * ball_A && sqrt(gyration) < 2 * ball_A);
        mdup_protein_free(&protein);
    }
}

/* ---- the plan ---- */

static mdup_layout make_layout(const mdup_simulate_options *options)
{
    mdup_layout layout;
    mdup_error *err = NULL;
    assert_true(mdup_layout_make(options, &layout, &err));
    expect_no_error(&err);
    return layout;
}

static void test_layout(void **state)
{
    (void)state;
    mdup_simulate_options options = default_options();
    options.n_micrographs = 1000;
    options.n_duplicates = 200;
    options.n_overlaps = 150;
    mdup_layout layout = make_layout(&options);
    assert_int_equal(layout.n_exposures, 1000);
    assert_int_equal(layout.n_pairs, 350);
    size_t duplicates = 0;
    int signs = 0;
    /* First and second exposures are mixed. */
    assert_int_equal(layout.exposures[0].visit, 0);
    int first_visits_late = 0;
    for (size_t i = 650; i < 1000; i++)
        first_visits_late += layout.exposures[i].visit == 0;
    assert_true(first_visits_late > 50);
    for (size_t i = 0; i < layout.n_pairs; i++) {
        const mdup_true_pair *p = &layout.pairs[i];
        assert_true(p->a < p->b && p->b < 1000);
        assert_true(i == 0 || p->a >= layout.pairs[i - 1].a);
        expect_near(p->overlap,
                    (1 - fabs(p->dx_px) / options.nx) * (1 - fabs(p->dy_px) / options.ny), 1e-12);
        bool is_duplicate = p->overlap >= 0.5;
        duplicates += is_duplicate;
        assert_true(is_duplicate ? p->overlap >= 0.55 && p->overlap <= 0.98
                                 : p->overlap >= 0.0199 && p->overlap <= 0.4501);
        signs |= 1 << ((p->dx_px > 0) + 2 * (p->dy_px > 0));
    }
    assert_int_equal(duplicates, 200);
    assert_int_equal(signs, 15);
    mdup_layout_free(&layout);
}

/* More second exposures than places: what follows from two pairs is in the truth, and closes. */
static void test_layout_chains(void **state)
{
    (void)state;
    mdup_simulate_options options = default_options();
    options.n_micrographs = 5;
    options.n_duplicates = 4;
    options.n_overlaps = 0;
    mdup_layout layout = make_layout(&options);
    assert_int_equal(layout.n_pairs, 10);
    for (size_t i = 0; i < layout.n_exposures; i++) {
        assert_int_equal(layout.exposures[i].visit, i);
        expect_near(layout.exposures[i].optics.dose_before_e_A2, 40 * (double)i, 1e-9);
    }
    double x[5][5] = {{0}};
    for (size_t i = 0; i < layout.n_pairs; i++)
        x[layout.pairs[i].a][layout.pairs[i].b] = layout.pairs[i].dx_px;
    expect_near(x[0][1] + x[1][2] + x[2][4], x[0][4], 1e-9);
    mdup_layout_free(&layout);
}

/* A hole of shots that is recorded again: what holds of its shots, alone and together. */
static void check_hole_again(const mdup_simulate_options *options, const mdup_exposure *first,
                             const mdup_exposure *again)
{
    double near_px = 13.28 / options->pixel_A;
    for (int32_t k = 1; k < options->n_shots; k++) {
        expect_near(again[k].x_px - first[k].x_px, again[0].x_px - first[0].x_px, near_px);
        expect_near(again[k].y_px - first[k].y_px, again[0].y_px - first[0].y_px, near_px);
    }
    double dx = fabs(again[0].x_px - first[0].x_px) / options->nx;
    double dy = fabs(again[0].y_px - first[0].y_px) / options->ny;
    assert_true((1 - dx) * (1 - dy) > 0.5);
}

static void test_shots(void **state)
{
    (void)state;
    mdup_simulate_options options = default_options();
    options.n_micrographs = 160;
    options.n_duplicates = 40;
    options.n_overlaps = 0;
    options.n_shots = 4;
    mdup_layout layout = make_layout(&options);
    const mdup_exposure *first[30] = {0};
    int again = 0;
    for (size_t i = 0; i < 160; i += 4) {
        const mdup_exposure *e = &layout.exposures[i];
        for (size_t k = 1; k < 4; k++) {
            assert_int_equal(e[k].place, e->place);
            assert_int_equal(e[k].visit, e->visit);
            assert_true(fabs(e[k].optics.defocus_A - e->optics.defocus_A) > 0);
        }
        assert_in_range(e->place, 0, 29);
        if (e->visit > 0) {
            check_hole_again(&options, first[e->place], e);
            again++;
        }
        first[e->place] = e;
    }
    assert_int_equal(again, 10);
    /* No shots of one exposure of a hole share anything; of two, each does with itself at least. */
    size_t alike = 0;
    for (size_t i = 0; i < layout.n_pairs; i++) {
        assert_true(layout.pairs[i].a / 4 != layout.pairs[i].b / 4);
        alike += layout.pairs[i].a % 4 == layout.pairs[i].b % 4;
    }
    assert_int_equal(alike, 40);
    mdup_layout_free(&layout);
}

static void check_shot_overlap(int32_t n_shots, double overlap, size_t neighbours)
{
    mdup_simulate_options options = default_options();
    options.n_micrographs = 10 * n_shots;
    options.n_duplicates = options.n_overlaps = 0;
    options.n_shots = n_shots;
    options.shot_overlap = overlap;
    mdup_layout layout = make_layout(&options);
    assert_int_equal(layout.n_pairs, 10 * neighbours);
    for (size_t i = 0; i < layout.n_pairs; i++) {
        expect_near(layout.pairs[i].overlap, overlap, 0.002);
        /* In a corner, not along a side. */
        expect_near(fabs(layout.pairs[i].dx_px) / options.nx, 1 - sqrt(overlap), 0.01);
        expect_near(fabs(layout.pairs[i].dy_px) / options.ny, 1 - sqrt(overlap), 0.01);
    }
    mdup_layout_free(&layout);
}

static void test_shot_overlap(void **state)
{
    (void)state;
    check_shot_overlap(4, 0.03, 4);
    check_shot_overlap(2, 0.05, 1);
    check_shot_overlap(4, 0, 0);
    check_shot_overlap(3, 0, 0);
    check_shot_overlap(2, 0, 0);
}

static void check_shot_name(mdup_simulate_names names, int32_t n_shots, size_t index,
                            const char *expected)
{
    mdup_simulate_options options = default_options();
    options.names = names;
    options.n_shots = n_shots;
    mdup_strbuf name = MDUP_STRBUF_INIT;
    mdup_exposure_name(&options, index, &name);
    assert_string_equal(name.text, expected);
    mdup_strbuf_free(&name);
}

static void check_name(mdup_simulate_names names, size_t index, const char *expected)
{
    check_shot_name(names, 1, index, expected);
    check_shot_name(names, 4, index, expected);
}

static void test_file_names(void **state)
{
    (void)state;
    check_name(MDUP_NAMES_PLAIN, 0, "micrograph_00001.mrc");
    check_name(MDUP_NAMES_MCGILL, 0, "SIM_00000_1-1.mrc");
    check_name(MDUP_NAMES_MCGILL, 23, "SIM_00023_2-4.mrc");
    check_name(MDUP_NAMES_SERIALEM, 0, "sim_0001_X+1Y+1-1.mrc");
    check_name(MDUP_NAMES_SERIALEM, 30, "sim_0002_X-1Y-1-3.mrc");
    check_shot_name(MDUP_NAMES_MCGILL, 3, 11, "SIM_00011_4-3.mrc");
    check_shot_name(MDUP_NAMES_SERIALEM, 2, 9, "sim_0002_X+1Y+1-2.mrc");
}

/* The time in EPU's names is the order; the names as text are not. */
static void test_epu_names(void **state)
{
    (void)state;
    enum { N = 4000 };
    char before[20] = "";
    bool sorted = true;
    unsigned hole_before = 0;
    for (size_t i = 0; i < N; i++) {
        mdup_strbuf name = MDUP_STRBUF_INIT;
        mdup_simulate_options options = default_options();
        options.seed = 5;
        mdup_exposure_name(&options, i, &name);
        const char *underscore = strchr(name.text, '_');
        assert_non_null(underscore);
        unsigned hole = (unsigned)strtoul(underscore + 1, NULL, 10);
        assert_int_equal(hole == hole_before, i % 4 != 0);
        sorted = sorted && hole >= hole_before;
        hole_before = hole;
        char when[20];
        memcpy(when, name.text + name.length - strlen("20240315_090000_fractions.mrc"), 15);
        when[15] = '\0';
        assert_true(strcmp(before, when) < 0);
        strcpy(before, when);
        mdup_strbuf_free(&name);
    }
    assert_false(sorted);
    assert_string_equal(before, "20240315_201400");
}

/* ---- images ---- */

typedef struct {
    mdup_renderer *renderer;
    mdup_render_buffers *buffers;
} darkroom;

static darkroom open_darkroom(const mdup_simulate_options *options)
{
    mdup_error *err = NULL;
    darkroom d = {mdup_renderer_new(options, &err), NULL};
    expect_no_error(&err);
    d.buffers = mdup_render_buffers_new(d.renderer, &err);
    expect_no_error(&err);
    return d;
}

static void close_darkroom(darkroom *d)
{
    mdup_render_buffers_free(d->buffers);
    mdup_renderer_free(d->renderer);
}

static float *take(const darkroom *d, const mdup_exposure *exposure, size_t index,
                   mdup_render_parts parts, size_t n)
{
    float *copy = malloc(n * sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, mdup_render(d->renderer, exposure, index, parts, d->buffers), n * sizeof *copy);
    return copy;
}

static mdup_exposure exposure_at(int32_t place, int32_t visit, double x_px, double y_px,
                                 double defocus_A)
{
    return (mdup_exposure){.place = place,
                           .visit = visit,
                           .x_px = x_px,
                           .y_px = y_px,
                           .optics = {.defocus_A = defocus_A,
                                      .envelope_B_A2 = 80,
                                      .dose_before_e_A2 = 40 * visit,
                                      .dose_e_A2 = 40}};
}

/* The circular correlation of two images, padded to twice their size; the highest peak within
 * the given band of frequencies, as the shift of B in A, refined by parabolas, and how high it
 * is in sd of the map. */
typedef struct {
    double dx_px, dy_px, z;
} found_shift;

/* 0 over the eight outermost pixels (the edges ring), 1 from 40 px on. */
static double taper(int32_t at, int32_t n)
{
    double inside = fmin(at, n - 1 - at) - 8;
    return 0.5 - 0.5 * cos(PI * fmin(fmax(inside / 32, 0), 1));
}

static void load_padded(const float *image, int32_t nx, int32_t ny, float *padded)
{
    double mean = 0;
    for (int32_t i = 0; i < nx * ny; i++)
        mean += (double)image[i] / (nx * ny);
    memset(padded, 0, (size_t)(4 * nx * ny) * sizeof *padded);
    for (int32_t y = 0; y < ny; y++)
        for (int32_t x = 0; x < nx; x++)
            padded[(size_t)y * (size_t)(2 * nx) + (size_t)x] =
                (float)(((double)image[y * nx + x] - mean) * taper(x, nx) * taper(y, ny));
}

static void cross_multiply(float complex *a, const float complex *b, int32_t nx, int32_t ny,
                           double least, double most)
{
    for (int32_t j = 0; j < ny; j++) {
        for (int32_t i = 0; i < nx / 2 + 1; i++) {
            double ky = (double)(j <= ny / 2 ? j : j - ny) / ny, kx = (double)i / nx;
            double k = hypot(kx, ky);
            size_t at = (size_t)j * (size_t)(nx / 2 + 1) + (size_t)i;
            float complex product = a[at] * conjf(b[at]);
            double size = (double)cabsf(product);
            bool inside = k >= least && k <= most && size > 0;
            a[at] = inside ? product / (float)size : 0;
        }
    }
}

static double refine(const float *map, size_t before, size_t at, size_t after)
{
    double l = (double)map[before], c = (double)map[at], r = (double)map[after];
    return 0.5 * (l - r) / (l - 2 * c + r);
}

static found_shift find_peak(const float *map, int32_t nx, int32_t ny)
{
    size_t best = 0;
    double square = 0;
    for (size_t i = 0; i < (size_t)nx * (size_t)ny; i++) {
        square += (double)map[i] * (double)map[i];
        best = map[i] > map[best] ? i : best;
    }
    int32_t x = (int32_t)(best % (size_t)nx), y = (int32_t)(best / (size_t)nx);
    size_t row = (size_t)y * (size_t)nx;
    size_t left = row + (size_t)((x + nx - 1) % nx), right = row + (size_t)((x + 1) % nx);
    size_t down = (size_t)((y + ny - 1) % ny) * (size_t)nx + (size_t)x;
    size_t up = (size_t)((y + 1) % ny) * (size_t)nx + (size_t)x;
    return (found_shift){(x > nx / 2 ? x - nx : x) + refine(map, left, best, right),
                         (y > ny / 2 ? y - ny : y) + refine(map, down, best, up),
                         (double)map[best] / sqrt(square / nx / ny)};
}

static found_shift correlate(const float *a, const float *b, int32_t nx, int32_t ny, double least,
                             double most)
{
    mdup_error *err = NULL;
    mdup_fft *fft = mdup_fft_new(2 * nx, 2 * ny, &err);
    expect_no_error(&err);
    size_t n = (size_t)(4 * nx * ny);
    float *real = mdup_alloc_aligned(n, sizeof *real, &err);
    float complex *sa = mdup_alloc_aligned(mdup_fft_spectrum_size(fft), sizeof *sa, &err);
    float complex *sb = mdup_alloc_aligned(mdup_fft_spectrum_size(fft), sizeof *sb, &err);
    expect_no_error(&err);
    load_padded(a, nx, ny, real);
    mdup_fft_forward(fft, real, sa);
    load_padded(b, nx, ny, real);
    mdup_fft_forward(fft, real, sb);
    cross_multiply(sa, sb, 2 * nx, 2 * ny, least, most);
    mdup_fft_inverse(fft, sa, real);
    found_shift found = find_peak(real, 2 * nx, 2 * ny);
    free(sb);
    free(sa);
    free(real);
    mdup_fft_free(fft);
    return found;
}

/* A point at (x, y) in b is at (x + dx, y + dy) in a. */
static void check_planted(const mdup_simulate_options *options, int32_t visit, double dx, double dy,
                          double least, double most)
{
    darkroom d = open_darkroom(options);
    size_t n = (size_t)options->nx * (size_t)options->ny;
    mdup_exposure first = exposure_at(2, 0, 0, 0, 12000);
    mdup_exposure second = exposure_at(2, visit, dx, dy, 14000);
    float *a = take(&d, &first, 0, MDUP_RENDER_IMAGE, n);
    float *b = take(&d, &second, 1, MDUP_RENDER_IMAGE, n);
    found_shift found = correlate(a, b, options->nx, options->ny, least, most);
    expect_near(found.dx_px, dx, 0.5);
    expect_near(found.dy_px, dy, 0.5);
    free(a);
    free(b);
    close_darkroom(&d);
}

static void test_planted_shift(void **state)
{
    (void)state;
    mdup_simulate_options options = small_options();
    check_planted(&options, 1, 101.3, -64.7, 0.02, 0.25);
    check_planted(&options, 1, -37.6, 20.2, 0.02, 0.25);
    check_planted(&options, 1, -150.5, -70.25, 0.02, 0.25);
    options.specimen = MDUP_SPECIMEN_FILAMENTS;
    check_planted(&options, 1, 60.4, 33.3, 0.02, 0.25);
}

/* Where the image is computed on a coarser grid than the pixels it does not matter how the grid
 * lies: seen from a window shifted by any number of pixels, everything is where it was. */
static void check_interpolated(double pixel_A, int32_t dx, int32_t dy)
{
    enum { W = 1441, H = 1027 }; /* no multiples of anything */
    mdup_simulate_options options = default_options();
    options.nx = W;
    options.ny = H;
    options.pixel_A = pixel_A;
    options.mass_kDa = 500;
    darkroom d = open_darkroom(&options);
    mdup_exposure first = exposure_at(2, 0, 0.25, 0, 12000);
    mdup_exposure second = exposure_at(2, 0, 0.25 + dx, dy, 12000);
    float *a = take(&d, &first, 0, MDUP_RENDER_IMAGE, W * H);
    float *b = take(&d, &second, 1, MDUP_RENDER_IMAGE, W * H);
    double mean = mdup_renderer_mean_e(d.renderer), square = 0, difference = 0;
    for (int32_t y = dy > 0 ? dy : 0; y < H && y - dy < H; y++) {
        for (int32_t x = dx > 0 ? dx : 0; x < W && x - dx < W; x++) {
            double va = (double)a[y * W + x], vb = (double)b[(y - dy) * W + x - dx];
            square += (va - mean) * (va - mean);
            difference += (va - vb) * (va - vb);
        }
    }
    assert_true(difference < 1e-4 * square);
    free(a);
    free(b);
    close_darkroom(&d);
}

static void test_interpolated(void **state)
{
    (void)state;
    check_interpolated(0.83, 301, -122);
    check_interpolated(0.83, -75, 203);
    check_interpolated(1.5, -201, -99);
    check_interpolated(0.3, 33, 17);
}

/* The power at 1 / 14 A, per electron, does not depend on the grid the image is computed on. */
static double power_at_14_A(double pixel_A, int32_t n)
{
    mdup_simulate_options options = default_options();
    options.nx = options.ny = n;
    options.pixel_A = pixel_A;
    options.mass_kDa = 500;
    darkroom d = open_darkroom(&options);
    mdup_exposure e = exposure_at(2, 0, 0, 0, 9000);
    const float *image = mdup_render(d.renderer, &e, 0, MDUP_RENDER_IMAGE, d.buffers);
    double mean_e = mdup_renderer_mean_e(d.renderer);
    double power = ring_power(image, n, pixel_A / 14.5, pixel_A / 13.5) / (mean_e * mean_e);
    close_darkroom(&d);
    return power / ((double)n * n * n * n);
}

static void test_grid_keeps_power(void **state)
{
    (void)state;
    double fine = power_at_14_A(1.75, 1024);
    expect_near(power_at_14_A(3.5, 512) / fine, 1, 0.03);
    expect_near(power_at_14_A(0.875, 2048) / fine, 1, 0.03);
}

/* Where pi lambda defocus k^2 - pi/2 Cs lambda^3 k^4 + asin(Q0) reaches a multiple of pi, found
 * by steps. */
static double ctf_zero(double defocus_A, int order)
{
    double k = 0, chi = 0;
    while (chi < order * PI) {
        k += 1e-6;
        double k2 = k * k;
        chi = PI * 0.019687 * defocus_A * k2 -
              0.5 * PI * 2.7e7 * 0.019687 * 0.019687 * 0.019687 * k2 * k2 + asin(0.07);
    }
    return k;
}

static void test_ctf_zeros(void **state)
{
    (void)state;
    static const double defocus_A[] = {20000, 45000};
    enum { N = 768 };
    mdup_simulate_options options = default_options();
    options.nx = options.ny = N;
    options.pixel_A = 3.32;
    options.defocus_max_um = 4.5;
    options.mass_kDa = 60;
    darkroom d = open_darkroom(&options);
    for (size_t i = 0; i < 2; i++) {
        mdup_exposure e = exposure_at(2, 0, 0, 0, defocus_A[i]);
        const float *image = mdup_render(d.renderer, &e, 0, MDUP_RENDER_IMAGE, d.buffers);
        for (int order = 1; order <= 2; order++) {
            double zero = ctf_zero(defocus_A[i], order) * options.pixel_A;
            double at = ring_power(image, N, zero - 0.002, zero + 0.002);
            double width = order == 1 ? 0.02 : 0.012;
            double below = ring_power(image, N, zero - width - 0.002, zero - width);
            double above = ring_power(image, N, zero + width, zero + width + 0.002);
            assert_true(at < 0.2 * below && at < 0.2 * above);
        }
    }
    close_darkroom(&d);
}

static void test_fading(void **state)
{
    (void)state;
    mdup_optics fresh = {.envelope_B_A2 = 80, .dose_e_A2 = 40};
    mdup_optics burnt = fresh;
    burnt.dose_before_e_A2 = 40;
    expect_near(mdup_optics_fading(&fresh, 0), 1, 1e-12);
    /* Critical dose at 1 / 20 A is 38.7 e/A^2, so the mean of exp(-dose / 77.4) from 0 to 40. */
    expect_near(mdup_optics_fading(&fresh, 0.05), exp(-0.05) * 0.7813, 2e-3);
    expect_near(mdup_optics_fading(&burnt, 0.05) / mdup_optics_fading(&fresh, 0.05), 0.5965, 2e-3);
    /* 0.665 of the envelope and 0.403 of radiation, at a critical dose of 9.06. */
    expect_near(mdup_optics_fading(&fresh, 1 / 7.0), 0.268, 2e-3);
    expect_near(mdup_optics_ctf(&fresh, 0, 0), 0.07, 1e-6);
    /* Half a micrometre, 300 A of astigmatism across, at 1 / 4 A: the Cs term is 1.264 rad. */
    mdup_optics lens = {.defocus_A = 5000, .astigmatism_A = 300, .astigmatism_angle = PI / 2};
    double chi = PI * 0.019687 * 4700 / 16 - 1.2641 + asin(0.07);
    expect_near(mdup_optics_ctf(&lens, 0.25, 0), sin(chi), 1e-3);
    chi += PI * 0.019687 * 600 / 16;
    expect_near(mdup_optics_ctf(&lens, 0, 0.25), sin(chi), 1e-3);
}

/* What the noise adds has the variance of the counts, is white and is another one in each
 * exposure. */
static void test_shot_noise(void **state)
{
    (void)state;
    mdup_simulate_options options = default_options();
    options.nx = 1024;
    options.ny = 700;
    darkroom d = open_darkroom(&options);
    size_t n = 1024 * 700;
    mdup_exposure e = exposure_at(0, 0, 0, 0, 15000);
    float *clean = take(&d, &e, 0, MDUP_RENDER_NOISELESS, n);
    float *one = take(&d, &e, 0, MDUP_RENDER_ALL, n);
    float *two = take(&d, &e, 1, MDUP_RENDER_ALL, n);
    double mean = 0, variance = 0, neighbours = 0, rows = 0, both = 0;
    for (size_t i = 0; i < n; i++) {
        double v = (double)one[i] - (double)clean[i];
        mean += (double)clean[i] / (double)n;
        variance += v * v / (double)n;
        both += v * ((double)two[i] - (double)clean[i]) / (double)n;
        if (i + 1024 < n) {
            neighbours += v * ((double)one[i + 1] - (double)clean[i + 1]) / (double)n;
            rows += v * ((double)one[i + 1024] - (double)clean[i + 1024]) / (double)n;
        }
    }
    /* 40 e/A^2, 0.83 A, four of five counted. */
    expect_near(mdup_renderer_mean_e(d.renderer), 22.0448, 1e-3);
    expect_near(mean, 22.04, 1.5);
    expect_near(variance / mean, 1, 0.01);
    expect_near(neighbours / variance, 0, 0.006);
    expect_near(rows / variance, 0, 0.006);
    expect_near(both / variance, 0, 0.006);
    free(two);
    free(one);
    free(clean);
    close_darkroom(&d);
}

/* The gain pattern is the same in all frames, of the strength stated; the edges ring in
 * proportion to their jump. */
static void test_detector(void **state)
{
    (void)state;
    mdup_simulate_options options = small_options();
    options.specimen = MDUP_SPECIMEN_EMPTY;
    darkroom d = open_darkroom(&options);
    size_t n = 720 * 512;
    double square = 0, cross = 0;
    mdup_exposure first = exposure_at(0, 0, 0, 0, 15000), second = exposure_at(1, 0, 0, 0, 9000);
    float *a = take(&d, &first, 0, MDUP_RENDER_NOISELESS, n);
    float *a0 = take(&d, &first, 0, MDUP_RENDER_IMAGE, n);
    float *b = take(&d, &second, 1, MDUP_RENDER_NOISELESS, n);
    float *b0 = take(&d, &second, 1, MDUP_RENDER_IMAGE, n);
    for (size_t i = 720 * MDUP_RINGING_px; i < n - 720 * MDUP_RINGING_px; i++) {
        double va = (double)(a[i] / a0[i]) - 1, vb = (double)(b[i] / b0[i]) - 1;
        square += va * va;
        cross += va * vb;
    }
    size_t counted = n - 2 * 720 * MDUP_RINGING_px;
    /* 0.4 % for a pixel of 0.83 A, and so an eighth of that for 6.64 A. */
    expect_near(sqrt(square / (double)counted), 0.0005, 0.00002);
    expect_near(cross / square, 1, 1e-3);
    double jump = 0, rung = 0;
    for (size_t x = 0; x < 720; x++) {
        jump += (double)(a0[n - 720 + x] - a0[x]);
        rung += (double)(a[x] - a0[x]);
    }
    mdup_detector k3_binned_8 = {.binning = 8};
    expect_near(rung / jump, mdup_detector_ringing(&k3_binned_8, 0), 0.02);
    expect_near(mdup_detector_ringing(&k3_binned_8, 0), 0.84, 0.01);
    free(b0);
    free(b);
    free(a0);
    free(a);
    close_darkroom(&d);
}

/* ---- artefacts ---- */

/* What the options' artefacts make of a frame of ice at that place, over the frame without. */
static float *artefacts_alone(const mdup_simulate_options *options, int32_t place,
                              mdup_render_parts parts)
{
    size_t n = (size_t)options->nx * (size_t)options->ny;
    mdup_simulate_options plain = *options;
    plain.artefacts = 0;
    mdup_exposure e = exposure_at(place, 0, 0, 0, 15000);
    darkroom with = open_darkroom(options), without = open_darkroom(&plain);
    float *a = take(&with, &e, 0, parts, n), *b = take(&without, &e, 0, parts, n);
    for (size_t i = 0; i < n; i++)
        a[i] /= b[i];
    free(b);
    close_darkroom(&without);
    close_darkroom(&with);
    return a;
}

static mdup_simulate_options ice_with(unsigned artefacts)
{
    mdup_simulate_options options = small_options();
    options.nx = 360;
    options.ny = 256;
    options.pixel_A = 13.28;
    options.specimen = MDUP_SPECIMEN_EMPTY;
    options.artefacts = artefacts;
    return options;
}

static void test_beam_edge(void **state)
{
    (void)state;
    mdup_simulate_options options = ice_with(MDUP_ARTEFACT_EDGE);
    enum { N = 360 * 256 };
    float *a = artefacts_alone(&options, 0, MDUP_RENDER_IMAGE);
    float *b = artefacts_alone(&options, 5, MDUP_RENDER_IMAGE);
    double dark = 0, light = 0, different = 0;
    for (size_t i = 0; i < N; i++) {
        dark += (double)a[i] < 0.8805 && (double)a[i] > 0.8795;
        light += (double)a[i] > 0.9995 && (double)a[i] < 1.0005;
        different = fmax(different, fabs((double)a[i] - (double)b[i]));
    }
    assert_true(dark / N > 0.005 && dark / N < 0.4);
    assert_true((dark + light) / N > 0.9);
    expect_near(different, 0, 1e-5);
    free(a);
    free(b);
}

/* The plain camera's faint pattern and ringing are part of what it is divided by. */
static void test_strong_pattern(void **state)
{
    (void)state;
    static const double pixels_A[] = {0.83, 13.28};
    for (size_t p = 0; p < 2; p++) {
        mdup_simulate_options options = ice_with(MDUP_ARTEFACT_PATTERN);
        options.pixel_A = pixels_A[p];
        darkroom d = open_darkroom(&options);
        mdup_exposure e = exposure_at(0, 0, 0, 0, 15000);
        enum { N = 360 * 256, FROM = 360 * MDUP_RINGING_px };
        float *clean = take(&d, &e, 0, MDUP_RENDER_IMAGE, N);
        float *spoiled = take(&d, &e, 0, MDUP_RENDER_NOISELESS, N);
        double square = 0, next = 0;
        for (size_t i = FROM; i < N - FROM; i++) {
            double v = (double)(spoiled[i] / clean[i]) - 1;
            square += v * v / (N - 2 * FROM);
            next += v * ((double)(spoiled[i + 1] / clean[i + 1]) - 1) / (N - 2 * FROM);
        }
        expect_near(sqrt(square), 0.01, 0.0004);
        expect_near(next / square, 0.88, 0.05); /* of a Gaussian of 1.4 px */
        free(spoiled);
        free(clean);
        close_darkroom(&d);
    }
}

static void test_gain_lines(void **state)
{
    (void)state;
    mdup_simulate_options options = ice_with(MDUP_ARTEFACT_LINE);
    int most = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        options.seed = seed;
        float *a = artefacts_alone(&options, 0, MDUP_RENDER_NOISELESS);
        float *b = artefacts_alone(&options, 3, MDUP_RENDER_NOISELESS);
        int wrong = 0;
        for (size_t x = 0; x < 360; x++) {
            double gain = (double)a[x];
            wrong += fabs(gain - 1) > 0.001;
            assert_true(fabs(gain - 1) < 0.001 || fabs(gain - 1) > 0.029);
            for (size_t y = 0; y < 256; y++) {
                expect_near((double)a[y * 360 + x], gain, 1e-5);
                expect_near((double)b[y * 360 + x], gain, 1e-5);
            }
        }
        assert_in_range(wrong, 1, 4);
        most = wrong > most ? wrong : most;
        free(a);
        free(b);
    }
    assert_true(most > 1);
}

/* The same swing at the same distance in A, from pixel to pixel of 13.28 A. */
static void test_strong_ringing(void **state)
{
    (void)state;
    mdup_simulate_options options = ice_with(MDUP_ARTEFACT_RINGING);
    float *coarse = artefacts_alone(&options, 0, MDUP_RENDER_NOISELESS);
    options.pixel_A = 6.64;
    float *fine = artefacts_alone(&options, 0, MDUP_RENDER_NOISELESS);
    expect_near((double)coarse[0], 1.05, 0.008);
    expect_near((double)coarse[255 * 360 + 9], 1.05, 0.008);
    expect_near((double)coarse[360], 1 + 0.05 * cos(0.9 * PI) * exp(-1 / 3.0), 0.006);
    expect_near((double)fine[2 * 360], 1 + 0.05 * cos(0.9 * PI) * exp(-1 / 3.0), 0.006);
    expect_near((double)coarse[128 * 360], 1, 1e-5);
    free(fine);
    free(coarse);
}

static void test_some_drift(void **state)
{
    (void)state;
    mdup_simulate_options options = default_options();
    options.n_micrographs = 2000;
    options.artefacts = MDUP_ARTEFACT_DRIFT;
    mdup_layout layout = make_layout(&options);
    double n = 0;
    for (size_t i = 0; i < 2000; i++) {
        const mdup_optics *o = &layout.exposures[i].optics;
        double length_A = hypot(o->drift_x_A, o->drift_y_A);
        assert_true(length_A <= 0 || (length_A >= 29.9 && length_A <= 100.1));
        n += length_A > 0;
    }
    expect_near(n / 2000, 0.3, 0.03);
    mdup_layout_free(&layout);
    options.artefacts = 0;
    layout = make_layout(&options);
    for (size_t i = 0; i < 2000; i++)
        expect_near(hypot(layout.exposures[i].optics.drift_x_A, 1), 1, 0);
    mdup_layout_free(&layout);
}

/* Mean squared difference of neighbours two apart, along x and along y. */
static void roughness(const float *image, int32_t nx, int32_t ny, double *along_x, double *along_y)
{
    *along_x = *along_y = 0;
    for (int32_t y = 0; y < ny - 2; y++) {
        for (int32_t x = 0; x < nx - 2; x++) {
            double v = (double)image[y * nx + x];
            *along_x += pow(v - (double)image[y * nx + x + 2], 2);
            *along_y += pow(v - (double)image[(y + 2) * nx + x], 2);
        }
    }
}

static void test_drift_smears(void **state)
{
    (void)state;
    mdup_simulate_options options = small_options();
    darkroom d = open_darkroom(&options);
    mdup_exposure e = exposure_at(2, 0, 0, 0, 12000);
    size_t n = 720 * 512;
    double still_x, still_y, x, y;
    float *still = take(&d, &e, 0, MDUP_RENDER_IMAGE, n);
    roughness(still, 720, 512, &still_x, &still_y);
    e.optics.drift_y_A = 60;
    float *smeared = take(&d, &e, 0, MDUP_RENDER_IMAGE, n);
    roughness(smeared, 720, 512, &x, &y);
    expect_near(still_x / still_y, 1, 0.1);
    assert_true(y < 0.4 * still_y);
    assert_true(y < 0.6 * x);
    free(smeared);
    free(still);
    close_darkroom(&d);
}

/* ---- binning ---- */

/* A binned frame has the spectrum of a fine one that is binned, at all frequencies; one that is
 * sampled has not. */
static void test_binned(void **state)
{
    (void)state;
    enum { N = 256, FINER = 4, FINE = N * FINER };
    static float binned[N * N];
    mdup_simulate_options options = default_options();
    options.nx = options.ny = FINE;
    options.pixel_A = 3.32;
    options.specimen = MDUP_SPECIMEN_CARBON;
    mdup_exposure e = exposure_at(2, 0, 0, 0, 12000);
    darkroom d = open_darkroom(&options);
    const float *fine = mdup_render(d.renderer, &e, 0, MDUP_RENDER_IMAGE, d.buffers);
    memset(binned, 0, sizeof binned);
    for (size_t i = 0; i < (size_t)FINE * FINE; i++)
        binned[i / FINE / FINER * N + i % FINE / FINER] += fine[i];
    double mean_e = FINER * FINER * mdup_renderer_mean_e(d.renderer);
    close_darkroom(&d);
    options.nx = options.ny = N;
    options.pixel_A = 13.28;
    for (options.bin = 1; options.bin <= 4; options.bin++) {
        d = open_darkroom(&options);
        expect_near(mdup_renderer_mean_e(d.renderer), mean_e, 1e-6 * mean_e);
        const float *image = mdup_render(d.renderer, &e, 0, MDUP_RENDER_IMAGE, d.buffers);
        for (int ring = 0; ring < 9; ring++) {
            double from = 0.05 + 0.05 * ring;
            double ratio =
                ring_power(image, N, from, from + 0.05) / ring_power(binned, N, from, from + 0.05);
            if (options.bin > 1)
                expect_near(ratio, 1, 0.1);
            else if (ring >= 5)
                assert_true(ratio < 0.5);
        }
        close_darkroom(&d);
    }
}

/* Binning moves nothing. */
static void test_binned_shift(void **state)
{
    (void)state;
    mdup_simulate_options options = small_options();
    check_planted(&options, 1, 101.3, -64.7, 0.02, 0.25);
    enum { N = 720 * 512 };
    mdup_exposure e = exposure_at(2, 0, 0, 0, 12000);
    darkroom d = open_darkroom(&options);
    float *sampled = take(&d, &e, 0, MDUP_RENDER_IMAGE, N);
    close_darkroom(&d);
    for (options.bin = 2; options.bin <= 3; options.bin++) {
        check_planted(&options, 1, -37.6, 20.2, 0.02, 0.25);
        d = open_darkroom(&options);
        float *binned = take(&d, &e, 0, MDUP_RENDER_IMAGE, N);
        close_darkroom(&d);
        found_shift found = correlate(sampled, binned, 720, 512, 0.02, 0.25);
        expect_near(found.dx_px, 0, 0.02);
        expect_near(found.dy_px, 0, 0.02);
        free(binned);
    }
    free(sampled);
}

/* Where there is only ice, two exposures of a place have nothing in common; with particles they
 * do.  (The highest of unrelated peaks stands at 7 to 8 here, as the map is not normalised for
 * overlap.) */
static double z_at_half_overlap(mdup_specimen specimen, double *error_px)
{
    mdup_simulate_options options = small_options();
    options.specimen = specimen;
    darkroom d = open_darkroom(&options);
    size_t n = (size_t)options.nx * (size_t)options.ny;
    mdup_exposure first = exposure_at(2, 0, 0, 0, 12000);
    mdup_exposure second = exposure_at(2, 1, 200, -100, 18000);
    float *a = take(&d, &first, 0, MDUP_RENDER_ALL, n);
    float *b = take(&d, &second, 1, MDUP_RENDER_ALL, n);
    found_shift found = correlate(a, b, options.nx, options.ny, 0.05, 0.25);
    *error_px = hypot(found.dx_px - 200, found.dy_px + 100);
    free(a);
    free(b);
    close_darkroom(&d);
    return found.z;
}

static void test_only_specimen_correlates(void **state)
{
    (void)state;
    double error_px;
    assert_true(z_at_half_overlap(MDUP_SPECIMEN_PARTICLES, &error_px) > 20);
    assert_true(error_px < 1);
    assert_true(z_at_half_overlap(MDUP_SPECIMEN_FILAMENTS, &error_px) > 20);
    assert_true(error_px < 1);
    assert_true(z_at_half_overlap(MDUP_SPECIMEN_LATTICE, &error_px) > 20);
    assert_true(error_px < 1);
    assert_true(z_at_half_overlap(MDUP_SPECIMEN_CARBON, &error_px) > 20);
    assert_true(error_px < 1);
    assert_true(z_at_half_overlap(MDUP_SPECIMEN_BUNDLES, &error_px) > 20);
    assert_true(error_px < 1);
    assert_true(z_at_half_overlap(MDUP_SPECIMEN_DIRT, &error_px) > 10);
    assert_true(error_px < 1);
    assert_true(z_at_half_overlap(MDUP_SPECIMEN_EMPTY, &error_px) < 10);
    assert_true(error_px > 5);
}

/* ---- sessions on disk ---- */

static void remove_session(const char *out_dir, const mdup_simulate_options *options)
{
    char path[512];
    for (size_t i = 0; i < (size_t)options->n_micrographs; i++) {
        mdup_strbuf name = MDUP_STRBUF_INIT;
        mdup_exposure_name(options, i, &name);
        snprintf(path, sizeof path, "%s/Micrographs/%s", out_dir, name.text);
        unlink(path);
        mdup_strbuf_free(&name);
    }
    static const char *const others[] = {"corrected_micrographs.star", "truth.csv"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", out_dir, others[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/Micrographs", out_dir);
    rmdir(path);
    rmdir(out_dir);
}

static void run_session(const mdup_simulate_options *options)
{
    mdup_error *err = NULL;
    remove_session(options->out_dir, options);
    bool ok = mdup_simulate_run(options, NULL, &err);
    expect_no_error(&err);
    assert_true(ok);
}

static mdup_simulate_options tiny_session(const char *out_dir)
{
    mdup_simulate_options options = small_options();
    options.out_dir = out_dir;
    options.nx = 360;
    options.ny = 256;
    options.pixel_A = 13.28;
    options.n_micrographs = 7;
    options.n_duplicates = 2;
    options.n_overlaps = 1;
    options.specimen = MDUP_SPECIMEN_MIXED;
    options.names = MDUP_NAMES_MCGILL;
    options.n_workers = 1;
    return options;
}

static bool same_file(const char *dir_a, const char *dir_b, const char *name)
{
    char path[512];
    size_t length_a, length_b;
    snprintf(path, sizeof path, "%s/%s", dir_a, name);
    uint8_t *a = read_file(path, &length_a);
    snprintf(path, sizeof path, "%s/%s", dir_b, name);
    uint8_t *b = read_file(path, &length_b);
    bool same = length_a == length_b && memcmp(a, b, length_a) == 0;
    free(a);
    free(b);
    return same;
}

/* How many of the files of two sessions are the same. */
static int count_same(const mdup_simulate_options *a, const mdup_simulate_options *b)
{
    int same = same_file(a->out_dir, b->out_dir, "truth.csv") +
               same_file(a->out_dir, b->out_dir, "corrected_micrographs.star");
    for (size_t i = 0; i < (size_t)a->n_micrographs; i++) {
        mdup_strbuf name = MDUP_STRBUF_INIT;
        mdup_strbuf_puts(&name, "Micrographs/");
        mdup_exposure_name(a, i, &name);
        same += same_file(a->out_dir, b->out_dir, name.text);
        mdup_strbuf_free(&name);
    }
    return same;
}

static void test_same_bytes(void **state)
{
    (void)state;
    mdup_simulate_options one = tiny_session("test_simulate_1");
    run_session(&one);
    static const int workers[] = {2, 5, 99};
    for (size_t i = 0; i < sizeof workers / sizeof workers[0]; i++) {
        mdup_simulate_options more = tiny_session("test_simulate_n");
        more.n_workers = workers[i];
        run_session(&more);
        assert_int_equal(count_same(&one, &more), 9);
        remove_session(more.out_dir, &more);
    }
    mdup_simulate_options other = tiny_session("test_simulate_n");
    other.seed = 2;
    run_session(&other);
    assert_int_equal(count_same(&one, &other), 1); /* the STAR: McGill's names know no seed */
    remove_session(other.out_dir, &other);
    remove_session(one.out_dir, &one);
}

static float *read_micrograph(const mdup_simulate_options *options, const char *name)
{
    char path[512];
    mdup_error *err = NULL;
    snprintf(path, sizeof path, "%s/%s", options->out_dir, name);
    mdup_image_file *file = mdup_image_open(path, 0, MDUP_MODE0_AUTO, &err);
    expect_no_error(&err);
    const mdup_image_info *info = mdup_image_get_info(file);
    assert_int_equal(info->nx, options->nx);
    assert_int_equal(info->ny, options->ny);
    expect_near(info->pixel_A, options->pixel_A, 1e-4);
    float *pixels = malloc((size_t)info->nx * (size_t)info->ny * sizeof *pixels);
    assert_non_null(pixels);
    assert_true(mdup_image_read_rows(file, info->ny, pixels, &err));
    mdup_image_close(file);
    return pixels;
}

/* Next field of a CSV line without quotes. */
static char *next_field(char **line)
{
    char *field = *line;
    char *end = field + strcspn(field, ",\n");
    *line = *end ? end + 1 : end;
    *end = '\0';
    return field;
}

/* truth.csv says what the files show, sign and all. */
static void test_truth_is_true(void **state)
{
    (void)state;
    mdup_simulate_options options = small_options();
    options.out_dir = "test_simulate_truth";
    options.n_micrographs = 8;
    options.n_duplicates = 4;
    options.n_overlaps = 0;
    options.mass_kDa = 500;
    run_session(&options);
    size_t length;
    char *csv = (char *)read_file("test_simulate_truth/truth.csv", &length);
    csv[length] = '\0';
    static const char header[] = "micrograph_a,micrograph_b,shift_x_px,shift_y_px,overlap\n";
    assert_memory_equal(csv, header, sizeof header - 1);
    char *at = csv + sizeof header - 1;
    int pairs = 0;
    for (; *at; pairs++) {
        const char *name_a = next_field(&at), *name_b = next_field(&at);
        double dx = strtod(next_field(&at), NULL), dy = strtod(next_field(&at), NULL);
        double overlap = strtod(next_field(&at), NULL);
        float *a = read_micrograph(&options, name_a), *b = read_micrograph(&options, name_b);
        found_shift found = correlate(a, b, options.nx, options.ny, 0.02, 0.2);
        expect_near(found.dx_px, dx, 0.5);
        expect_near(found.dy_px, dy, 0.5);
        expect_near((1 - fabs(dx) / 720) * (1 - fabs(dy) / 512), overlap, 1e-4);
        free(a);
        free(b);
    }
    assert_int_equal(pairs, 4);
    free(csv);
    remove_session(options.out_dir, &options);
}

/* Integers keep the contrast: rounding adds less than a thousandth to the noise. */
static void test_formats(void **state)
{
    (void)state;
    static const int bytes_a_pixel[] = {4, 2, 2, 1};
    mdup_simulate_options options = tiny_session("test_simulate_format");
    options.n_micrographs = 1;
    options.n_duplicates = options.n_overlaps = 0;
    options.specimen = MDUP_SPECIMEN_EMPTY;
    size_t n = (size_t)options.nx * (size_t)options.ny;
    float *first = NULL;
    for (int f = 0; f < 4; f++) {
        options.format = (mdup_simulate_format)f;
        run_session(&options);
        size_t length;
        free(read_file("test_simulate_format/Micrographs/SIM_00000_1-1.mrc", &length));
        assert_int_equal(length, 1024 + n * (size_t)bytes_a_pixel[f]);
        float *pixels = read_micrograph(&options, "Micrographs/SIM_00000_1-1.mrc");
        first = first ? first : pixels;
        double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
        for (size_t i = 0; i < n; i++) {
            mx += (double)first[i] / (double)n;
            my += (double)pixels[i] / (double)n;
        }
        for (size_t i = 0; i < n; i++) {
            double x = (double)first[i] - mx, y = (double)pixels[i] - my;
            xx += x * x;
            yy += y * y;
            xy += x * y;
        }
        assert_true(xy / sqrt(xx * yy) > 0.9995);
        if (pixels != first)
            free(pixels);
    }
    free(first);
    remove_session(options.out_dir, &options);
}

static void test_nothing_overwritten(void **state)
{
    (void)state;
    static const char *const mine[] = {"truth.csv", "corrected_micrographs.star",
                                       "Micrographs/SIM_00006_2-3.mrc"};
    mdup_simulate_options options = tiny_session("test_simulate_kept");
    remove_session(options.out_dir, &options);
    mdup_error *err = NULL;
    assert_true(mdup_path_make_directory("test_simulate_kept/Micrographs", &err));
    for (size_t i = 0; i < sizeof mine / sizeof mine[0]; i++) {
        char path[512], message[640];
        snprintf(path, sizeof path, "%s/%s", options.out_dir, mine[i]);
        write_file(path, "mine", 4);
        snprintf(message, sizeof message,
                 "%s: exists already and is not overwritten; give another folder as --o, or remove "
                 "the old session",
                 path);
        assert_false(mdup_simulate_run(&options, NULL, &err));
        expect_error(&err, MDUP_ERROR_INVALID, message);
        size_t length;
        uint8_t *kept = read_file(path, &length);
        assert_int_equal(length, 4);
        assert_memory_equal(kept, "mine", 4);
        free(kept);
        unlink(path);
        assert_false(mdup_path_is_file("test_simulate_kept/Micrographs/SIM_00000_1-1.mrc"));
    }
    remove_session(options.out_dir, &options);
}

static void test_folder_in_the_way(void **state)
{
    (void)state;
    mdup_simulate_options options = tiny_session("test_simulate_file/x");
    write_file("test_simulate_file", "", 0);
    mdup_error *err = NULL;
    assert_false(mdup_simulate_run(&options, NULL, &err));
    assert_int_equal(mdup_error_get_code(err), MDUP_ERROR_IO);
    assert_non_null(strstr(mdup_error_get_message(err), "test_simulate_file"));
    mdup_error_clear(&err);
    unlink("test_simulate_file");
}

typedef struct {
    int64_t last, total;
    int lines;
    char line[256];
    int64_t stop_at;
} listener;

static void hear_log(void *user, mdup_log_level level, const char *line)
{
    listener *l = user;
    assert_int_equal(level, MDUP_LOG_INFO);
    l->lines++;
    snprintf(l->line, sizeof l->line, "%s", line);
}

static void hear_progress(void *user, const char *stage, int64_t done, int64_t total)
{
    listener *l = user;
    assert_string_equal(stage, "simulating");
    assert_true(done >= l->last && done <= total);
    l->last = done;
    l->total = total;
}

static bool hear_stop(void *user)
{
    const listener *l = user;
    return l->last >= l->stop_at;
}

static void test_callbacks(void **state)
{
    (void)state;
    mdup_simulate_options options = tiny_session("test_simulate_heard");
    remove_session(options.out_dir, &options);
    listener l = {.stop_at = 100};
    mdup_callbacks callbacks = {&l, hear_log, hear_progress, hear_stop, NULL};
    mdup_error *err = NULL;
    assert_true(mdup_simulate_run(&options, &callbacks, &err));
    assert_int_equal(l.last, 7);
    assert_int_equal(l.total, 7);
    assert_int_equal(l.lines, 1);
    assert_string_equal(l.line, "7 micrographs of mixed, 3 true pairs, in test_simulate_heard");
    remove_session(options.out_dir, &options);
    l = (listener){.stop_at = 2};
    assert_false(mdup_simulate_run(&options, &callbacks, &err));
    expect_error(&err, MDUP_ERROR_ABORTED, "stopped on request");
    assert_int_equal(l.last, 2);
    assert_false(mdup_path_is_file("test_simulate_heard/truth.csv"));
    remove_session(options.out_dir, &options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_counts),
        cmocka_unit_test(test_refused_numbers),
        cmocka_unit_test(test_refused_kinds),
        cmocka_unit_test(test_refused_binning),
        cmocka_unit_test(test_refused_shots),
        cmocka_unit_test(test_refused_particles),
        cmocka_unit_test(test_artefact_lists),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_names_of_kinds),
        cmocka_unit_test(test_random_is_fixed),
        cmocka_unit_test(test_distributions),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_blob),
        cmocka_unit_test(test_windows_agree),
        cmocka_unit_test(test_places_as_the_recipe_says),
        cmocka_unit_test(test_particles_in_a_frame),
        cmocka_unit_test(test_particles_change_nothing_else),
        cmocka_unit_test(test_lattice),
        cmocka_unit_test(test_lattices_of_places),
        cmocka_unit_test(test_carbon_everywhere),
        cmocka_unit_test(test_bundles_are_parallel),
        cmocka_unit_test(test_bundles_look_parallel),
        cmocka_unit_test(test_tears),
        cmocka_unit_test(test_protein),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_layout_chains),
        cmocka_unit_test(test_shots),
        cmocka_unit_test(test_shot_overlap),
        cmocka_unit_test(test_file_names),
        cmocka_unit_test(test_epu_names),
        cmocka_unit_test(test_planted_shift),
        cmocka_unit_test(test_interpolated),
        cmocka_unit_test(test_grid_keeps_power),
        cmocka_unit_test(test_ctf_zeros),
        cmocka_unit_test(test_fading),
        cmocka_unit_test(test_shot_noise),
        cmocka_unit_test(test_detector),
        cmocka_unit_test(test_beam_edge),
        cmocka_unit_test(test_strong_pattern),
        cmocka_unit_test(test_gain_lines),
        cmocka_unit_test(test_strong_ringing),
        cmocka_unit_test(test_some_drift),
        cmocka_unit_test(test_drift_smears),
        cmocka_unit_test(test_binned),
        cmocka_unit_test(test_binned_shift),
        cmocka_unit_test(test_only_specimen_correlates),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_truth_is_true),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_nothing_overwritten),
        cmocka_unit_test(test_folder_in_the_way),
        cmocka_unit_test(test_callbacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
