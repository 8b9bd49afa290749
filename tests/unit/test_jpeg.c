/* JPEG out: libjpeg reads the same picture back; and what a picture makes of a frame. */
#include <math.h>

#include <stdio.h>

#include <jpeglib.h>

#include "formats/jpeg.h"
#include "image_test.h"
#include "publish/picture.h"

enum { NX = 40, NY = 30 };

/* Grey pixels of a JPEG; its size in *nx, *ny. */
static uint8_t *decode(const mdup_strbuf *jpeg, int *nx, int *ny)
{
    struct jpeg_decompress_struct d;
    struct jpeg_error_mgr errors;
    d.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&d);
    jpeg_mem_src(&d, (const unsigned char *)jpeg->text, jpeg->length);
    assert_int_equal(jpeg_read_header(&d, TRUE), JPEG_HEADER_OK);
    assert_int_equal(d.num_components, 1);
    jpeg_start_decompress(&d);
    *nx = (int)d.output_width;
    *ny = (int)d.output_height;
    uint8_t *pixels = malloc((size_t)*nx * (size_t)*ny);
    assert_non_null(pixels);
    while (d.output_scanline < d.output_height) {
        JSAMPROW row = pixels + d.output_scanline * d.output_width;
        jpeg_read_scanlines(&d, &row, 1);
    }
    jpeg_finish_decompress(&d);
    jpeg_destroy_decompress(&d);
    assert_int_equal(errors.num_warnings, 0);
    return pixels;
}

static void read_back(void **state)
{
    (void)state;
    uint8_t pixels[NX * NY];
    for (int i = 0; i < NX * NY; i++)
        pixels[i] = (uint8_t)(4 * (i % NX) + 2 * (i / NX));
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_error *err = NULL;
    mdup_strbuf_puts(&out, "");
    assert_true(mdup_jpeg_append(&out, pixels, NX, NY, 95, &err));
    int nx, ny;
    uint8_t *again = decode(&out, &nx, &ny);
    assert_int_equal(nx, NX);
    assert_int_equal(ny, NY);
    for (int i = 0; i < NX * NY; i++)
        expect_near(again[i], pixels[i], 6);
    free(again);
    mdup_strbuf_free(&out);
}

static void is_appended_and_smaller_at_less_quality(void **state)
{
    (void)state;
    uint8_t pixels[NX * NY];
    for (int i = 0; i < NX * NY; i++)
        pixels[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    size_t lengths[2];
    const int qualities[] = {90, 20};
    for (int i = 0; i < 2; i++) {
        mdup_strbuf out = MDUP_STRBUF_INIT;
        mdup_strbuf_puts(&out, "before");
        assert_true(mdup_jpeg_append(&out, pixels, NX, NY, qualities[i], NULL));
        assert_memory_equal(out.text, "before\xFF\xD8", 8);
        lengths[i] = out.length;
        mdup_strbuf_free(&out);
    }
    assert_true(lengths[1] < lengths[0] / 2);
}

static void impossible_sizes(void **state)
{
    (void)state;
    static const struct {
        int32_t nx, ny;
        const char *message;
    } cases[] = {{0, 5, "a JPEG cannot hold 0 x 5 px"},
                 {5, -1, "a JPEG cannot hold 5 x -1 px"},
                 {70000, 1, "a JPEG cannot hold 70000 x 1 px"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mdup_strbuf out = MDUP_STRBUF_INIT;
        mdup_error *err = NULL;
        const uint8_t pixel = 0;
        assert_false(mdup_jpeg_append(&out, &pixel, cases[i].nx, cases[i].ny, 50, &err));
        expect_error(&err, MDUP_ERROR_INVALID, cases[i].message);
        mdup_strbuf_free(&out);
    }
}

/* ---- pictures ---- */

static mdup_picture make(const int8_t *pixels, size_t most_bytes, int *step)
{
    const mdup_report_frame frame = {pixels, NX, NY, 1};
    mdup_picture picture;
    mdup_error *err = NULL;
    bool ok = mdup_picture_make(&frame, most_bytes, step, &picture, &err);
    expect_no_error(&err);
    assert_true(ok);
    return picture;
}

/* A ramp: the first row is at the bottom, and what lies beyond the 1st and 99th percentile is black and white. */
static void contrast_and_direction(void **state)
{
    (void)state;
    int8_t pixels[NX * NY];
    int step = 0;
    for (int i = 0; i < NX * NY; i++)
        pixels[i] = (int8_t)(i / NX - NY / 2);
    pixels[5 * NX + 5] = 127;
    mdup_picture p = make(pixels, 1000000, &step);
    assert_in_range(p.grey[0], 253, 255);
    assert_in_range(p.grey[NX * NY - 1], 0, 2);
    for (int y = 1; y < NY; y++)
        assert_true(p.grey[y * NX] <= p.grey[(y - 1) * NX]);
    expect_near(p.grey[NY / 2 * NX], 127, 12);
    mdup_picture_clear(&p);
}

static void a_constant_frame_is_grey(void **state)
{
    (void)state;
    int8_t pixels[NX * NY];
    for (int value = -128; value <= 127; value += 51) {
        int step = 0;
        memset(pixels, value, sizeof pixels);
        mdup_picture p = make(pixels, 1000000, &step);
        for (int i = 0; i < NX * NY; i++)
            assert_int_equal(p.grey[i], p.grey[0]);
        mdup_picture_clear(&p);
    }
}

/* Quality falls until it fits, and the next picture begins where the last one ended. */
static void as_large_as_it_may_be(void **state)
{
    (void)state;
    int8_t pixels[NX * NY];
    for (int i = 0; i < NX * NY; i++)
        pixels[i] = (int8_t)(uint8_t)((uint32_t)i * 2654435761u >> 24);
    int step = 0;
    mdup_picture large = make(pixels, 1000000, &step);
    assert_int_equal(step, 0);
    mdup_picture smaller = make(pixels, large.jpeg.length - 1, &step);
    assert_true(step > 0 && smaller.jpeg.length < large.jpeg.length);
    mdup_picture smallest = make(pixels, 1, &step);
    int last = step;
    mdup_picture_clear(&smaller);
    smaller = make(pixels, 1, &step);
    assert_int_equal(step, last);
    assert_int_equal(smaller.jpeg.length, smallest.jpeg.length);
    mdup_picture_clear(&large);
    mdup_picture_clear(&smaller);
    mdup_picture_clear(&smallest);
}

static void base64(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *expected;
    } cases[] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob\xFF\xFE", "Zm9vYv/+"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mdup_picture p = {.nx = 1};
        mdup_strbuf out = MDUP_STRBUF_INIT;
        mdup_strbuf_puts(&p.jpeg, cases[i].bytes);
        mdup_picture_uri(&p, &out);
        assert_memory_equal(out.text, "data:image/jpeg;base64,", 23);
        assert_string_equal(out.text + 23, cases[i].expected);
        mdup_strbuf_free(&out);
        mdup_picture_clear(&p);
    }
}

/* Pixel by pixel: the middle of pixel (x, y) of a copy goes to the middle of the pixel that it is a copy of. */
static void copies_are_turned_back(void **state)
{
    (void)state;
    enum { W = 5, H = 3 };
    for (int o = 0; o < MDUP_N_ORIENTATIONS; o++) {
        float a[W * H], b[W * H];
        double m[6];
        bool turned = o >= MDUP_ORIENTATION_TRANSPOSED;
        int b_nx = turned ? H : W, b_ny = turned ? W : H;
        mdup_picture_matrix((mdup_orientation)o, W, H, m);
        for (int i = 0; i < W * H; i++)
            a[i] = (float)(i * i + 1);
        for (int v = 0; v < b_ny; v++) {
            for (int u = 0; u < b_nx; u++) {
                double x = m[0] * (u + 0.5) + m[2] * (v + 0.5) + m[4],
                       y = m[1] * (u + 0.5) + m[3] * (v + 0.5) + m[5];
                int ax = (int)floor(x), ay = H - 1 - (int)floor(y);
                assert_in_range(ax, 0, W - 1);
                assert_in_range(ay, 0, H - 1);
                b[(b_ny - 1 - v) * b_nx + u] = a[ay * W + ax];
            }
        }
        mdup_orientation found;
        assert_true(mdup_orientation_find(a, W, H, b, b_nx, b_ny, &found));
        assert_int_equal(found, o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_back),
        cmocka_unit_test(is_appended_and_smaller_at_less_quality),
        cmocka_unit_test(impossible_sizes),
        cmocka_unit_test(contrast_and_direction),
        cmocka_unit_test(a_constant_frame_is_grey),
        cmocka_unit_test(as_large_as_it_may_be),
        cmocka_unit_test(base64),
        cmocka_unit_test(copies_are_turned_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
