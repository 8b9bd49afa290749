/* HTML with places to fill in: what goes in is text and stays text. */
#include "image_test.h"
#include "publish/template.h"

static mdup_field text(const char *key, const char *value)
{
    return (mdup_field){.key = key, .value = value};
}

static void expect_filled(const char *template, const mdup_field *fields, size_t n,
                          const char *expected)
{
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_error *err = NULL;
    bool ok = mdup_template_fill(template, strlen(template), fields, n, &out, &err);
    expect_no_error(&err);
    assert_true(ok);
    assert_string_equal(out.text, expected);
    mdup_strbuf_free(&out);
}

static void fields_and_parts(void **state)
{
    (void)state;
    const mdup_field fields[] = {text("a", "one"), text("empty", ""), text("none", NULL)};
    expect_filled("", fields, 0, "");
    expect_filled("<p>{{a}}, {{a}}{{none}}</p>", fields, 3, "<p>one, one</p>");
    expect_filled("{{#a}}[{{a}}]{{/a}}{{#empty}}[{{empty}}{{a}}]{{/empty}}{{#none}}x{{/none}}.",
                  fields, 3, "[one].");
    expect_filled("} { }} {a}", fields, 3, "} { }} {a}");
}

static void values_are_escaped_and_not_read_again(void **state)
{
    (void)state;
    const mdup_field fields[] = {text("a", "</b>&\"'{{b}}{{#c}}"), text("b", "no")};
    expect_filled("<b title=\"{{a}}\">", fields, 2,
                  "<b title=\"&#60;/b&#62;&#38;&#34;&#39;{{b}}{{#c}}\">");
    const mdup_field bad[] = {text("a", "x\x1B\xFF\n\xE2\x80\xAEy")};
    expect_filled("{{a}}", bad, 1, "x\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDy");
}

static void markup_goes_in_as_it_is(void **state)
{
    (void)state;
    const mdup_field fields[] = {
        {.key = "m", .value = "<i>{{m}}</i>rest", .length = 12, .is_markup = true},
        {.key = "empty", .value = "x", .length = 0, .is_markup = true}};
    expect_filled("[{{m}}{{empty}}{{#empty}}x{{/empty}}]", fields, 2, "[<i>{{m}}</i>]");
}

static void expect_refused(const char *template, const char *message)
{
    const mdup_field fields[] = {text("a", "")};
    mdup_strbuf out = MDUP_STRBUF_INIT;
    mdup_error *err = NULL;
    assert_false(mdup_template_fill(template, strlen(template), fields, 1, &out, &err));
    expect_error(&err, MDUP_ERROR_INVALID, message);
    mdup_strbuf_free(&out);
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    expect_refused("x{{b}}", "template: nothing is known of {{b}}");
    expect_refused("x{{#b}}y{{/b}}", "template: nothing is known of {{b}}");
    expect_refused("x{{a", "template: {{ without }}");
    expect_refused("{{#a}}x{{/b}}", "template: {{#a}} is not closed");
    expect_refused("{{}}", "template: nothing is known of {{}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_and_parts),
        cmocka_unit_test(values_are_escaped_and_not_read_again),
        cmocka_unit_test(markup_goes_in_as_it_is),
        cmocka_unit_test(what_is_wrong_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
