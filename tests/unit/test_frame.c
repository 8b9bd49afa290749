/* Flattening: what must not matter does not, and what would outshout the specimen is taken out. */
#include <math.h>

#include "image/frame.h"
#include "texture.h"

enum { NX = 360, NY = 131, N = NX * NY };

typedef struct {
    int8_t bytes[N];
    double constant;
} flat;

/* Works on a copy; 4 guard bytes behind the output show a writer out of bounds without a sanitizer too. */
static flat *flatten(const float *image)
{
    float *copy = malloc(N * sizeof *copy),
          *scratch = malloc(mdup_flatten_scratch_size(NX, NY) * sizeof *scratch);
    int8_t *out = malloc(N + 4);
    flat *result = malloc(sizeof *result);
    memcpy(copy, image, N * sizeof *copy);
    memset(out, 0x55, N + 4);
    result->constant = mdup_flatten(copy, NX, NY, scratch, out);
    for (int i = 0; i < 4; i++)
        assert_int_equal(out[N + i], 0x55);
    memcpy(result->bytes, out, N);
    free(copy);
    free(scratch);
    free(out);
    return result;
}

static double sd_of(const flat *f, int32_t x0, int32_t y0, int32_t x1, int32_t y1)
{
    double sum = 0, squares = 0;
    for (int32_t y = y0; y < y1; y++)
        for (int32_t x = x0; x < x1; x++) {
            sum += f->bytes[y * NX + x];
            squares += (double)f->bytes[y * NX + x] * f->bytes[y * NX + x];
        }
    const double n = (double)(x1 - x0) * (y1 - y0), mean = sum / n;
    return sqrt(squares / n - mean * mean);
}

static int largest_difference(const flat *a, const flat *b)
{
    int largest = 0;
    for (int32_t i = 0; i < N; i++) {
        const int difference = abs(a->bytes[i] - b->bytes[i]);
        largest = difference > largest ? difference : largest;
    }
    return largest;
}

static void one_sd_is_31_units(void **state)
{
    (void)state;
    float *image = make_scene(NX, NY, 1);
    flat *f = flatten(image);
    expect_near(f->constant, 0, 0);
    expect_near(sd_of(f, 0, 0, NX, NY), MDUP_FRAME_SD_units, 1.5);
    for (int32_t i = 0; i < N; i++)
        assert_true(f->bytes[i] >= -4 * MDUP_FRAME_SD_units &&
                    f->bytes[i] <= 4 * MDUP_FRAME_SD_units);
    free(f);
    free(image);
}

static void scale_and_offset_do_not_matter(void **state)
{
    (void)state;
    float *image = make_scene(NX, NY, 2), *other = malloc(N * sizeof *other);
    flat *f = flatten(image);
    const double cases[][2] = {{1, 100},  {1e6, 0},     {1e-6, 0},  {37, -5000},
                               {1e-3, 1}, {1e15, 1e15}, {1e-20, 0}, {1e30, 0}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        for (int32_t i = 0; i < N; i++)
            other[i] = (float)(cases[c][0] * (double)image[i] + cases[c][1]);
        flat *g = flatten(other);
        expect_near(g->constant, 0, 0);
        assert_true(largest_difference(f, g) <= 1);
        free(g);
    }
    for (int32_t i = 0; i < N; i++)
        other[i] = -image[i];
    flat *negative = flatten(other);
    for (int32_t i = 0; i < N; i++)
        assert_true(abs(f->bytes[i] + negative->bytes[i]) <= 1);
    free(negative);
    free(f);
    free(other);
    free(image);
}

static void constant_images(void **state)
{
    (void)state;
    float *image = malloc(N * sizeof *image);
    const float values[] = {0, 1, -3.7f, 1e30f, 1e-30f, 16777217.0f};
    for (size_t v = 0; v < 6; v++) {
        for (int32_t i = 0; i < N; i++)
            image[i] = values[v];
        flat *f = flatten(image);
        expect_near(f->constant, 1, 0);
        for (int32_t i = 0; i < N; i++)
            assert_int_equal(f->bytes[i], 0);
        free(f);
    }
    free(image);
}

/* Half of the camera was dark: no detail is made up there, and the other half is as ever. */
static void constant_half(void **state)
{
    (void)state;
    float *image = make_scene(NX, NY, 3);
    for (int32_t i = 0; i < N; i++)
        if (i % NX < NX / 2)
            image[i] = 0.3f;
    flat *f = flatten(image);
    /* The blurs reach some way over the border. */
    assert_true(f->constant > 0.1 && f->constant < 0.5);
    expect_near(sd_of(f, NX / 2 + 30, 0, NX, NY), MDUP_FRAME_SD_units, 4);
    assert_true(sd_of(f, 0, 0, NX / 2 - 60, NY) < 2);
    for (int32_t y = 0; y < NY; y++)
        for (int32_t x = 0; x < 20; x++)
            assert_int_equal(f->bytes[y * NX + x], 0);
    free(f);
    free(image);
}

/* A frame with a stripe of signal and nothing else counts as constant for the most part. */
static void mostly_constant(void **state)
{
    (void)state;
    float *image = calloc(N, sizeof *image);
    uint64_t seed = 4;
    for (int32_t y = 0; y < NY; y++)
        for (int32_t x = 0; x < 10; x++)
            image[y * NX + x] = (float)gaussian(&seed);
    flat *f = flatten(image);
    assert_true(f->constant > 0.5 && f->constant <= 1);
    free(f);
    free(image);
}

/* A beam that falls off to one side leaves no rim at the borders, where a mean of the pixels there are would be off. */
static void no_rim_where_the_beam_falls_off(void **state)
{
    (void)state;
    float *image = make_scene(NX, NY, 15);
    for (int32_t i = 0; i < N; i++) {
        const double x = i % NX / (double)NX, y = i / NX / (double)NY;
        image[i] += (float)(60 * x * x + 30 * x * y - 20 * y * y * y);
    }
    flat *f = flatten(image);
    double rim = 0;
    for (int32_t y = 0; y < NY; y++)
        for (int32_t x = NX - 8; x < NX; x++)
            rim += f->bytes[y * NX + x] / (8.0 * NY);
    expect_near(rim / MDUP_FRAME_SD_units, 0, 0.15);
    free(f);
    free(image);
}

/* Ice that varies slowly goes; detail stays. */
static void gradients_go(void **state)
{
    (void)state;
    float *image = make_scene(NX, NY, 5), *tilted = malloc(N * sizeof *tilted);
    for (int32_t i = 0; i < N; i++)
        tilted[i] = image[i] + 0.015f * (float)(i % NX) - 0.01f * (float)(i / NX);
    flat *f = flatten(image), *g = flatten(tilted);
    double fg = 0, ff = 0, gg = 0, left = 0;
    for (int32_t i = 0; i < N; i++) {
        fg += (double)f->bytes[i] * g->bytes[i];
        ff += (double)f->bytes[i] * f->bytes[i];
        gg += (double)g->bytes[i] * g->bytes[i];
        if (i % NX < NX / 4)
            left += g->bytes[i];
    }
    expect_near(fg / sqrt(ff * gg), 1, 0.03);
    assert_true(fabs(left / (N / 4.0)) < 0.25 * MDUP_FRAME_SD_units);
    free(f);
    free(g);
    free(tilted);
    free(image);
}

/* Half of the frame three times as loud: afterwards alike. */
static void neighbourhoods_get_one_variance(void **state)
{
    (void)state;
    float *image = make_scene(NX, NY, 6);
    for (int32_t i = 0; i < N; i++)
        if (i % NX >= NX / 2)
            image[i] *= 3;
    flat *f = flatten(image);
    const double quiet = sd_of(f, 0, 0, NX / 2 - 45, NY), loud = sd_of(f, NX / 2 + 45, 0, NX, NY);
    expect_near(quiet, MDUP_FRAME_SD_units, 5);
    expect_near(loud, MDUP_FRAME_SD_units, 5);
    free(f);
    free(image);
}

/* One hot pixel, however hot, touches its neighbourhood only. */
static void spikes(void **state)
{
    (void)state;
    const float heights[] = {20, 1e3f, 1e6f, -1e6f};
    for (size_t h = 0; h < 4; h++) {
        float *image = make_scene(NX, NY, 7);
        flat *clean = flatten(image);
        image[40 * NX + 40] = heights[h];
        flat *f = flatten(image);
        int far = 0;
        for (int32_t y = 0; y < NY; y++)
            for (int32_t x = NX / 2 + 40; x < NX; x++) {
                const int difference = abs(f->bytes[y * NX + x] - clean->bytes[y * NX + x]);
                far = difference > far ? difference : far;
            }
        assert_true(far <= 3);
        assert_true(sd_of(f, NX / 2, 0, NX, NY) > 25);
        free(f);
        free(clean);
        free(image);
    }
}

/* Crystals, dark or bright, are blanked with their rim; what lies around them keeps its detail. */
static void dirt_is_taken_out(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        float *image = make_scene(NX, NY, 8);
        flat *clean = flatten(image);
        for (int32_t y = 0; y < NY; y++)
            for (int32_t x = 0; x < NX; x++) {
                const double r = hypot(x - 60, y - 60);
                if (r < 10)
                    image[y * NX + x] += (float)(sign * 30 * cos(r / 10 * 1.5));
            }
        flat *f = flatten(image);
        for (int32_t y = 54; y <= 66; y++)
            for (int32_t x = 54; x <= 66; x++)
                assert_int_equal(f->bytes[y * NX + x], 0);
        double fc = 0, ff = 0, cc = 0;
        for (int32_t y = 0; y < NY; y++)
            for (int32_t x = 0; x < NX; x++)
                if (hypot(x - 60, y - 60) > 25) {
                    const double a = f->bytes[y * NX + x], b = clean->bytes[y * NX + x];
                    fc += a * b;
                    ff += a * a;
                    cc += b * b;
                }
        assert_true(fc / sqrt(ff * cc) > 0.97);
        expect_near(f->constant, 0, 0.02);
        free(f);
        free(clean);
        free(image);
    }
}

/* A film torn open: both sides of every edge go, and what lies further inside the film keeps its detail, whatever the holes weigh. */
static void torn_film(void **state)
{
    (void)state;
    float *image = make_scene(NX, NY, 18);
    flat *clean = flatten(image);
    for (int32_t i = 0; i < N; i++) {
        const int32_t x = i % NX, y = i / NX;
        if ((x < 100 + y / 3) || hypot(x - 220, y - 10) < 30)
            image[i] += 100;
    }
    flat *f = flatten(image);
    double fc = 0, ff = 0, cc = 0;
    for (int32_t i = 0; i < N; i++) {
        const int32_t x = i % NX, y = i / NX;
        const double from_edge = (x - 100 - y / 3) / hypot(1, 1 / 3.0);
        if (fabs(from_edge) < 3)
            assert_int_equal(f->bytes[i], 0);
        if (x > 290) {
            fc += (double)f->bytes[i] * clean->bytes[i];
            ff += (double)f->bytes[i] * f->bytes[i];
            cc += (double)clean->bytes[i] * clean->bytes[i];
        }
    }
    assert_true(fc / sqrt(ff * cc) > 0.99);
    free(f);
    free(clean);
    free(image);
}

/* The edge of a carbon film across the frame: it goes, and what lies beside it stays, less what the edge does to the background. */
static void beside_an_edge(void **state)
{
    (void)state;
    const double steps[] = {3, 6, 12, 40};
    for (size_t k = 0; k < 4; k++) {
        float *image = make_scene(NX, NY, 19);
        flat *clean = flatten(image);
        for (int32_t i = 0; i < N; i++)
            if (i % NX < 120 + i / NX / 3)
                image[i] += (float)steps[k];
        flat *f = flatten(image);
        double fc = 0, ff = 0, cc = 0;
        int n = 0, n_blank = 0;
        for (int32_t i = 0; i < N; i++) {
            const double from_edge = abs(i % NX - 120 - i / NX / 3) / hypot(1, 1 / 3.0);
            if (from_edge < 22 || from_edge > 50)
                continue;
            n++;
            n_blank += f->bytes[i] == 0 && clean->bytes[i] != 0;
            fc += (double)f->bytes[i] * clean->bytes[i];
            ff += (double)f->bytes[i] * f->bytes[i];
            cc += (double)clean->bytes[i] * clean->bytes[i];
        }
        assert_true(n_blank < 0.05 * n);
        assert_true(fc / sqrt(ff * cc) > 0.9);
        free(f);
        free(clean);
        free(image);
    }
}

/* Around a large crystal the variance is that of the specimen, not thinned by the blank. */
static void no_halo_around_dirt(void **state)
{
    (void)state;
    float *image = make_scene(NX, NY, 9);
    flat *clean = flatten(image);
    for (int32_t i = 0; i < N; i++)
        if (hypot(i % NX - 120, i / NX - 65) < 28)
            image[i] += 40;
    flat *f = flatten(image);
    double with = 0, without = 0;
    for (int32_t i = 0; i < N; i++) {
        const double r = hypot(i % NX - 120, i / NX - 65);
        if (r > 35 && r < 65 && f->bytes[i] != 0 && clean->bytes[i] != 0) {
            with += (double)f->bytes[i] * f->bytes[i];
            without += (double)clean->bytes[i] * clean->bytes[i];
        }
    }
    expect_near(sqrt(with / without), 1, 0.08);
    free(f);
    free(clean);
    free(image);
}

static void small_and_odd_sizes(void **state)
{
    (void)state;
    const int32_t sizes[][2] = {{1, 1}, {2, 1}, {1, 7}, {3, 3}, {32, 33}, {400, 5}, {5, 400}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int32_t nx = sizes[s][0], ny = sizes[s][1];
        const size_t n = (size_t)nx * (size_t)ny;
        uint64_t seed = 10;
        float *image = malloc(n * sizeof *image),
              *scratch = malloc(mdup_flatten_scratch_size(nx, ny) * sizeof *scratch);
        int8_t *out = malloc(n);
        for (size_t i = 0; i < n; i++)
            image[i] = (float)gaussian(&seed);
        const double constant = mdup_flatten(image, nx, ny, scratch, out);
        assert_true(constant >= 0 && constant <= 1);
        free(image);
        free(scratch);
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_sd_is_31_units),
        cmocka_unit_test(scale_and_offset_do_not_matter),
        cmocka_unit_test(constant_images),
        cmocka_unit_test(constant_half),
        cmocka_unit_test(mostly_constant),
        cmocka_unit_test(no_rim_where_the_beam_falls_off),
        cmocka_unit_test(gradients_go),
        cmocka_unit_test(torn_film),
        cmocka_unit_test(neighbourhoods_get_one_variance),
        cmocka_unit_test(spikes),
        cmocka_unit_test(dirt_is_taken_out),
        cmocka_unit_test(beside_an_edge),
        cmocka_unit_test(no_halo_around_dirt),
        cmocka_unit_test(small_and_odd_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
