/* The command line: every type of value, in every way it can be given and got wrong. */
#include "image_test.h"
#include "options.h"

static bool flag, at_switch;
static const char *string;
static option_strings strings;
static int64_t whole, automatic, size[2];
static double bytes, real, duration, range[2];
static int choice;

static const char *const names[] = {"auto", "star", "natural", NULL};

static const option table[] = {
    {.name = "dry-run", .type = OPTION_FLAG, .target = &flag, .help = "plan only"},
    {.name = "opticsless", .type = OPTION_SWITCH, .target = &at_switch, .help = "old STAR"},
    {.name = "o", .type = OPTION_STRING, .target = &string, .argument = "DIR", .help = "results"},
    {.name = "i", .type = OPTION_STRINGS, .target = &strings, .argument = "FILE", .help = "input"},
    {.name = "bin",
     .type = OPTION_INT,
     .target = &whole,
     .argument = "N",
     .help = "binning",
     .min = 1,
     .max = 64},
    {.name = "j",
     .type = OPTION_INT_AUTO,
     .target = &automatic,
     .argument = "N",
     .help = "threads",
     .min = 1,
     .max = 999},
    {.name = "evalue",
     .type = OPTION_DOUBLE,
     .target = &real,
     .argument = "E",
     .help = "limit",
     .min = 0,
     .max = 10},
    {.name = "every",
     .type = OPTION_DURATION,
     .target = &duration,
     .argument = "TIME",
     .min = 0.5,
     .max = 172800},
    {.name = "defocus",
     .type = OPTION_RANGE,
     .target = range,
     .argument = "A,B",
     .help = "um",
     .min = 0.05,
     .max = 10},
    {.name = "size",
     .type = OPTION_SIZE,
     .target = size,
     .argument = "WxH",
     .help = "px",
     .min = 64,
     .max = 16384},
    {.name = "memory",
     .type = OPTION_BYTES,
     .target = &bytes,
     .argument = "SIZE",
     .help = "memory",
     .min = 5e8,
     .max = 1e15},
    {.name = "order",
     .type = OPTION_CHOICE,
     .target = &choice,
     .argument = "NAME",
     .help = "order",
     .choices = names},
    {.name = "original", .type = OPTION_FLAG, .target = &flag},
};

static option_set set;

static int start(void **state)
{
    (void)state;
    flag = at_switch = false;
    string = "before";
    strings = (option_strings){0};
    whole = automatic = size[0] = size[1] = 7;
    bytes = real = duration = range[0] = range[1] = 7;
    choice = 2;
    set = (option_set){.options = table, .n = sizeof table / sizeof *table};
    return 0;
}

static int end(void **state)
{
    (void)state;
    options_clear(&set);
    free(strings.items);
    return 0;
}

enum { MOST_ARGUMENTS = 12 };

/* The arguments stand in one text, separated by '|'; the values point into it. */
static char line[400];

static bool parse(const char *arguments, mdup_error **err)
{
    char *argv[MOST_ARGUMENTS];
    int argc = 0;
    assert_true(strlen(arguments) < sizeof line);
    memcpy(line, arguments, strlen(arguments) + 1);
    for (char *at = line; at && *arguments;) {
        char *bar = strchr(at, '|');
        if (bar)
            *bar++ = '\0';
        assert_true(argc < MOST_ARGUMENTS);
        argv[argc++] = at;
        at = bar;
    }
    options_clear(&set);
    return options_parse(&set, argc, argv, err);
}

static void accept(const char *arguments)
{
    mdup_error *err = NULL;
    const bool ok = parse(arguments, &err);
    expect_no_error(&err);
    assert_true(ok);
}

static void refuse(const char *arguments, const char *message)
{
    mdup_error *err = NULL;
    if (parse(arguments, &err))
        fail_msg("accepted: %s", arguments);
    expect_error(&err, MDUP_ERROR_INVALID, message);
}

static void expect_positional(const char *expected)
{
    char joined[400] = "";
    for (size_t i = 0; i < set.positional.n; i++) {
        const size_t used = strlen(joined);
        (void)snprintf(joined + used, sizeof joined - used, "%s%s", i ? "|" : "",
                       set.positional.items[i]);
    }
    assert_string_equal(joined, expected);
}

static void nothing_given(void **state)
{
    (void)state;
    accept("");
    assert_int_equal(set.positional.n, 0);
    assert_int_equal(set.repeated.n, 0);
    assert_string_equal(string, "before");
    assert_int_equal(choice, 2);
}

static void every_type(void **state)
{
    (void)state;
    accept("--dry-run|--opticsless|--o|out/|--bin|64|--j|4|--evalue|1e-3|in.star");
    assert_true(flag && at_switch);
    assert_string_equal(string, "out/");
    assert_int_equal(whole, 64);
    assert_int_equal(automatic, 4);
    expect_near(real, 1e-3, 0);
    expect_positional("in.star");
    accept("--defocus|0.05,2.5|--size|64x16384|--order|star|--i|a|--i|b");
    expect_near(range[0], 0.05, 0);
    expect_near(range[1], 2.5, 0);
    assert_int_equal(size[0], 64);
    assert_int_equal(size[1], 16384);
    assert_int_equal(choice, 1);
    assert_int_equal(strings.n, 2);
    assert_string_equal(strings.items[0], "a");
    assert_string_equal(strings.items[1], "b");
    assert_int_equal(set.repeated.n, 0); /* it may be */
}

static void sizes_of_memory(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double bytes;
    } good[] = {{"500M", 5e8}, {"4G", 4e9}, {"1.5G", 1.5e9}, {"2T", 2e12}, {"500000K", 5e8}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char given[40];
        (void)snprintf(given, sizeof given, "--memory|%s", good[i].text);
        accept(given);
        expect_near(bytes, good[i].bytes, 0);
    }
    static const char *const bad[] = {"4",    "500000000", "G",    "-4G",  "4g",  "4 G", "4GB",
                                      "499M", "1001T",     "nanG", "infG", "1e3", "",    "4G "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char given[40], message[200];
        (void)snprintf(given, sizeof given, "--memory=%s", bad[i]);
        (void)snprintf(message, sizeof message,
                       "--memory takes from 500M to 1000T, like 500M or 4G, not \"%s\"", bad[i]);
        refuse(given, message);
    }
}

static void behind_an_equals_sign(void **state)
{
    (void)state;
    accept("--o=a=b|--bin=3|--evalue=0.5|--defocus=1,1|--size=100x200|--order=auto|--i=x|"
           "--opticsless=1|--j=auto");
    assert_string_equal(string, "a=b");
    assert_int_equal(whole, 3);
    assert_int_equal(automatic, 0);
    expect_near(real, 0.5, 0);
    expect_near(range[1], 1, 0);
    assert_int_equal(size[1], 200);
    assert_int_equal(choice, 0);
    assert_true(at_switch);
    assert_int_equal(strings.n, 1);
    accept("--o=|--opticsless=0");
    assert_string_equal(string, "");
    assert_false(at_switch);
    accept("--o=--dry-run"); /* there it cannot be meant as an option */
    assert_string_equal(string, "--dry-run");
    assert_false(flag);
}

static void flags_take_nothing(void **state)
{
    (void)state;
    accept("--dry-run|0|in.star");
    assert_true(flag);
    expect_positional("0|in.star");
    refuse("--dry-run=1", "--dry-run takes no value, and \"1\" was given");
    refuse("--dry-run=", "--dry-run takes no value, and \"\" was given");
}

static void switches_take_0_or_1(void **state)
{
    (void)state;
    accept("--opticsless|1|in.star");
    assert_true(at_switch);
    expect_positional("in.star");
    accept("--opticsless|0|in.star");
    assert_false(at_switch);
    expect_positional("in.star");
    accept("--opticsless|in.star");
    assert_true(at_switch);
    expect_positional("in.star");
    at_switch = false;
    accept("--opticsless|--dry-run");
    assert_true(at_switch && flag);
    at_switch = false;
    accept("in.star|--opticsless");
    assert_true(at_switch);
    accept("--opticsless|2nd.star");
    expect_positional("2nd.star");
    refuse("--opticsless|2", "--opticsless takes 0 or 1, not \"2\"");
    refuse("--opticsless|01", "--opticsless takes 0 or 1, not \"01\"");
    refuse("--opticsless|-1", "--opticsless takes 0 or 1, not \"-1\"");
    refuse("--opticsless=2", "--opticsless takes 0 or 1, not \"2\"");
    refuse("--opticsless=", "--opticsless takes 0 or 1, not \"\"");
}

static void values_that_are_missing(void **state)
{
    (void)state;
    refuse("--o", "--o needs a value (DIR)");
    refuse("--o|--dry-run", "--o needs a value (DIR)");
    refuse("--bin|--5", "--bin needs a value (N)");
    refuse("--i", "--i needs a value (FILE)");
    refuse("--size|--o|x", "--size needs a value (WxH)");
    assert_string_equal(string, "before");
    assert_int_equal(whole, 7);
    accept("--o|-"); /* a dash alone is a name */
    assert_string_equal(string, "-");
    accept("--o|-x"); /* and so may be what one dash begins */
    assert_string_equal(string, "-x");
}

static void negative_numbers_are_values(void **state)
{
    (void)state;
    refuse("--bin|-3", "--bin takes a whole number from 1 to 64, not \"-3\"");
    refuse("--evalue|-1", "--evalue takes a number from 0 to 10, not \"-1\"");
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        double seconds;
    } right[] = {{"--every|30", 30},    {"--every|0.5", 0.5},   {"--every=90s", 90},
                 {"--every|45m", 2700}, {"--every|1.5h", 5400}, {"--every|2d", 172800}};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        accept(right[i].given);
        expect_near(duration, right[i].seconds, 1e-9);
    }
    static const char *const wrong[] = {"",   "s",     "0",  "0.4s", "3d",
                                        "2w", "1h30m", "-5", "2 h",  "nan"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char given[40], message[160];
        (void)snprintf(given, sizeof given, "--every=%s", wrong[i]);
        (void)snprintf(
            message, sizeof message,
            "--every takes a time from 0.5 s to 2 days, like 30, 90s, 45m, 2h or 1d, not "
            "\"%s\"",
            wrong[i]);
        refuse(given, message);
    }
    expect_near(duration, 172800, 0);
}

static void values_out_of_range(void **state)
{
    (void)state;
    refuse("--bin|0", "--bin takes a whole number from 1 to 64, not \"0\"");
    refuse("--bin|65", "--bin takes a whole number from 1 to 64, not \"65\"");
    refuse("--bin|2.0", "--bin takes a whole number from 1 to 64, not \"2.0\"");
    refuse("--bin|", "--bin takes a whole number from 1 to 64, not \"\"");
    refuse("--bin=auto", "--bin takes a whole number from 1 to 64, not \"auto\"");
    refuse("--bin|99999999999999999999",
           "--bin takes a whole number from 1 to 64, not \"99999999999999999999\"");
    refuse("--evalue|10.1", "--evalue takes a number from 0 to 10, not \"10.1\"");
    refuse("--evalue|nan", "--evalue takes a number from 0 to 10, not \"nan\"");
    refuse("--evalue|1,5", "--evalue takes a number from 0 to 10, not \"1,5\"");
    assert_int_equal(whole, 7);
    expect_near(real, 7, 0);
    const char *const ranges[] = {"1", "1,", ",1", "2,1", "0.01,1", "1,11", "1,2,3", "1;2", "a,b"};
    for (size_t i = 0; i < 9; i++) {
        char given[40], message[160];
        (void)snprintf(given, sizeof given, "--defocus|%s", ranges[i]);
        (void)snprintf(message, sizeof message,
                       "--defocus takes two numbers from 0.05 to 10, the smaller first, like "
                       "0.8,2.2, not \"%s\"",
                       ranges[i]);
        refuse(given, message);
    }
    const char *const sizes[] = {"100",         "100x",      "x100",    "63x100",
                                 "100x63",      "100x16385", "1e3x1e3", "100X100",
                                 "100x100x100", "100 x 100", "-100x100"};
    for (size_t i = 0; i < 11; i++) {
        char given[40], message[160];
        (void)snprintf(given, sizeof given, "--size|%s", sizes[i]);
        (void)snprintf(message, sizeof message,
                       "--size takes WIDTHxHEIGHT from 64 to 16384 px, like 5760x4092, not \"%s\"",
                       sizes[i]);
        refuse(given, message);
    }
    expect_near(range[0], 7, 0);
    assert_int_equal(size[0], 7);
    refuse("--order|none", "--order takes auto, star or natural, not \"none\"");
    refuse("--order|Auto", "--order takes auto, star or natural, not \"Auto\"");
    refuse("--order|sta", "--order takes auto, star or natural, not \"sta\"");
    assert_int_equal(choice, 2);
}

static void numbers_or_auto(void **state)
{
    (void)state;
    accept("--j|auto");
    assert_int_equal(automatic, 0);
    accept("--j|999");
    assert_int_equal(automatic, 999);
    const char *const refused[] = {"0", "1000", "Auto", "-1", "autos", ""};
    for (size_t i = 0; i < 6; i++) {
        char given[40], message[160];
        (void)snprintf(given, sizeof given, "--j|%s", refused[i]);
        (void)snprintf(message, sizeof message,
                       "--j takes auto or a whole number from 1 to 999, not \"%s\"", refused[i]);
        refuse(given, message);
        assert_int_equal(automatic, 999);
    }
}

static void names_that_are_no_options(void **state)
{
    (void)state;
    refuse("--ordr|star", "there is no option --ordr; did you mean --order?");
    refuse("--evalue_|1", "there is no option --evalue_; did you mean --evalue?");
    refuse("--dryrun", "there is no option --dryrun; did you mean --dry-run?");
    refuse("--optics-less=1", "there is no option --optics-less; did you mean --opticsless?");
    refuse("--completely-different",
           "there is no option --completely-different; --help lists them all");
    refuse("-o|x", "there is no option -o; did you mean --o?");
    refuse("-o=x", "there is no option -o; did you mean --o?");
    refuse("-dry-run", "there is no option -dry-run; did you mean --dry-run?");
    refuse("-x", "there is no option -x; options begin with two dashes");
    refuse("-or|x", "there is no option -or; options begin with two dashes");
    refuse("--bini|3|--o|x", "there is no option --bini; did you mean --bin?");
    assert_string_equal(string, "before");
    /* Names are not completed. */
    refuse("--opticsl", "there is no option --opticsl; did you mean --opticsless?");
    mdup_error *err = NULL;
    char endless[300];
    memset(endless, 'x', sizeof endless);
    memcpy(endless, "--", 2);
    endless[sizeof endless - 1] = '\0';
    assert_false(parse(endless, &err));
    assert_int_equal(mdup_error_get_code(err), MDUP_ERROR_INVALID);
    mdup_error_clear(&err);
}

static void given_more_than_once(void **state)
{
    (void)state;
    accept("--bin|3|--bin=4|--o|a|--bin|5|--o|b");
    assert_int_equal(whole, 5);
    assert_string_equal(string, "b");
    assert_int_equal(set.repeated.n, 2); /* each told once */
    assert_string_equal(set.repeated.items[0], "bin");
    assert_string_equal(set.repeated.items[1], "o");
    accept("--dry-run|--dry-run");
    assert_int_equal(set.repeated.n, 1);
    options_clear(&set);
    assert_int_equal(set.repeated.n, 0);
    assert_int_equal(set.positional.n, 0);
}

static void everything_behind_two_dashes(void **state)
{
    (void)state;
    accept("a|--dry-run|--|--o|-x|--|b");
    assert_true(flag);
    expect_positional("a|--o|-x|--|b");
    assert_string_equal(string, "before");
    accept("-|");
    expect_positional("-|");
}

static void help_is_asked_for(void **state)
{
    (void)state;
    char first[] = "a", out[] = "--o", long_one[] = "--help", short_one[] = "-h", dashes[] = "--",
         longer[] = "--helpx", h[] = "h";
    char *with[] = {first, out, long_one}, *brief[] = {short_one}, *without[] = {first, longer, h},
         *hidden[] = {first, dashes, long_one};
    assert_true(options_ask_help(3, with));
    assert_true(options_ask_help(1, brief));
    assert_false(options_ask_help(3, without));
    assert_false(options_ask_help(3, hidden));
    assert_false(options_ask_help(0, NULL));
}

#define OPTION_TEST(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPTION_TEST(nothing_given),           OPTION_TEST(every_type),
        OPTION_TEST(sizes_of_memory),         OPTION_TEST(behind_an_equals_sign),
        OPTION_TEST(flags_take_nothing),      OPTION_TEST(switches_take_0_or_1),
        OPTION_TEST(values_that_are_missing), OPTION_TEST(negative_numbers_are_values),
        OPTION_TEST(values_out_of_range),     OPTION_TEST(durations),
        OPTION_TEST(numbers_or_auto),         OPTION_TEST(names_that_are_no_options),
        OPTION_TEST(given_more_than_once),    OPTION_TEST(everything_behind_two_dashes),
        OPTION_TEST(help_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
