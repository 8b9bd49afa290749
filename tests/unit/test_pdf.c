/* PDF out: pages, text that fits, and text of any bytes. */
#include "formats/pdf.h"
#include "image_test.h"

static size_t count(const mdup_strbuf *pdf, const char *sought)
{
    size_t n = 0, length = strlen(sought);
    for (size_t i = 0; i + length <= pdf->length; i++)
        n += memcmp(pdf->text + i, sought, length) == 0;
    return n;
}

static mdup_pdf *begin(mdup_strbuf *out)
{
    mdup_error *err = NULL;
    mdup_pdf *pdf = mdup_pdf_begin(out, 400, 300, "title", &err);
    expect_no_error(&err);
    assert_non_null(pdf);
    return pdf;
}

static void end(mdup_pdf *pdf)
{
    mdup_error *err = NULL;
    bool ok = mdup_pdf_end(pdf, &err);
    expect_no_error(&err);
    assert_true(ok);
}

static void pages(void **state)
{
    (void)state;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_pdf *pdf = begin(&out);
    for (int page = 0; page < 3; page++) {
        mdup_pdf_colour(pdf, 1, 0, 0);
        mdup_pdf_line(pdf, 0, 0, 10, 10, 1, page == 1);
        mdup_pdf_rectangle(pdf, 0, 0, 10, 10, 1, false);
        mdup_pdf_fill_rectangle(pdf, 20, 20, 5, 5);
        mdup_pdf_disc(pdf, 50, 50, 3);
        if (page < 2)
            mdup_pdf_next_page(pdf);
    }
    end(pdf);
    assert_memory_equal(out.text, "%PDF-", 5);
    assert_memory_equal(out.text + out.length - 6, "%%EOF\n", 6);
    assert_int_equal(count(&out, "/Type /Page "), 3);
    mdup_strbuf_free(&out);
}

static void any_bytes_are_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "plain",
                                        "\xFF\xC3(\x80",
                                        "\x1B[31m\n\t",
                                        "\xF0\x9F\x94\xAC \xE6\xBC\xA2\xC3\xA9",
                                        "\xE2\x80\xAEgpj",
                                        "(\\) Tj ET",
                                        "</script>"};
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_pdf *pdf = begin(&out);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mdup_pdf_text(pdf, 10, 20, 10, MDUP_PDF_MIDDLE, i % 2 == 0, texts[i]);
        mdup_pdf_paragraph(pdf, 10, 20, 10, 100, texts[i]);
        mdup_pdf_paragraph(pdf, 10, 20, 10, 0, texts[i]);
    }
    end(pdf);
    mdup_strbuf_free(&out);
}

/* The height of a paragraph in lines. */
static double lines_of(mdup_pdf *pdf, const char *text, double width)
{
    return mdup_pdf_paragraph(pdf, 0, 0, 10, width, text) / 13.5;
}

static void paragraphs_are_broken(void **state)
{
    (void)state;
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_pdf *pdf = begin(&out);
    expect_near(lines_of(pdf, "", 100), 0, 1e-9);
    expect_near(lines_of(pdf, "one two three", 1000), 1, 1e-9);
    expect_near(lines_of(pdf, "one two three", 30), 3, 1e-9);
    assert_true(lines_of(pdf, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 60) >
                2);
    expect_near(lines_of(pdf, "abc", 0), 3, 1e-9);
    end(pdf);
    mdup_strbuf_free(&out);
}

static void pictures_are_the_jpeg(void **state)
{
    (void)state;
    const uint8_t pixels[] = {0, 50, 100, 150, 200, 255};
    static const char jpeg[] = "not looked at";
    const mdup_pdf_picture picture = {pixels, 3, 2, jpeg, sizeof jpeg};
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_pdf *pdf = begin(&out);
    const double turned[] = {0, 1, -1, 0, 50, 0};
    mdup_pdf_push_clip(pdf, 0, 0, 50, 50, turned);
    mdup_pdf_draw_picture(pdf, &picture, 0, 0, 10);
    mdup_pdf_pop_clip(pdf);
    end(pdf);
    mdup_strbuf_free(&out);
}

static void a_picture_that_cannot_be(void **state)
{
    (void)state;
    const mdup_pdf_picture picture = {NULL, 1 << 20, 1 << 20, "", 0};
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_pdf *pdf = begin(&out);
    mdup_error *err = NULL;
    mdup_pdf_draw_picture(pdf, &picture, 0, 0, 1);
    assert_false(mdup_pdf_end(pdf, &err));
    assert_non_null(err);
    mdup_error_clear(&err);
    mdup_strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages),
        cmocka_unit_test(any_bytes_are_text),
        cmocka_unit_test(paragraphs_are_broken),
        cmocka_unit_test(pictures_are_the_jpeg),
        cmocka_unit_test(a_picture_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
