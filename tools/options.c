#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"
#include "base/strbuf.h"
#include "base/text.h"

size_t options_append(option *options, size_t n, const option *table, size_t table_n)
{
    memcpy(options + n, table, table_n * sizeof *table);
    return n + table_n;
}

static bool push(option_strings *list, const char *text, mdup_error **err)
{
    if (!mdup_grow((void **)&list->items, &list->capacity, list->n + 1, sizeof *list->items, err))
        return false;
    list->items[list->n++] = text;
    return true;
}

static bool contains(const option_strings *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

static const option *find(const option_set *set, const char *name, size_t length)
{
    for (size_t i = 0; i < set->n; i++)
        if (strlen(set->options[i].name) == length &&
            memcmp(set->options[i].name, name, length) == 0)
            return &set->options[i];
    return NULL;
}

static bool fail_unknown(const option_set *set, const char *name, size_t length, mdup_error **err)
{
    const option *nearest = NULL;
    size_t nearest_distance = 4;
    for (size_t i = 0; i < set->n; i++) {
        size_t d = mdup_text_distance(name, length, set->options[i].name);
        if (d < nearest_distance) {
            nearest_distance = d;
            nearest = &set->options[i];
        }
    }
    if (nearest)
        return mdup_fail(err, MDUP_ERROR_INVALID, "there is no option --%.*s; did you mean --%s?",
                         (int)length, name, nearest->name);
    return mdup_fail(err, MDUP_ERROR_INVALID, "there is no option --%.*s; --help lists them all",
                     (int)length, name);
}

static bool parse_int(const option *o, const char *value, mdup_error **err)
{
    int64_t number;
    if (!mdup_parse_int64(value, strlen(value), &number) || (double)number < o->min ||
        (double)number > o->max)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--%s takes %sa whole number from %.0f to %.0f, not \"%s\"", o->name,
                         o->type == OPTION_INT_AUTO ? "auto or " : "", o->min, o->max, value);
    *(int64_t *)o->target = number;
    return true;
}

static bool parse_double(const option *o, const char *value, mdup_error **err)
{
    double number;
    if (!mdup_parse_double(value, strlen(value), &number) || number < o->min || number > o->max)
        return mdup_fail(err, MDUP_ERROR_INVALID, "--%s takes a number from %g to %g, not \"%s\"",
                         o->name, o->min, o->max, value);
    *(double *)o->target = number;
    return true;
}

static bool parse_duration(const option *o, const char *value, mdup_error **err)
{
    static const char units[] = "smhd";
    static const double seconds[] = {1, 60, 3600, 86400};
    size_t length = strlen(value);
    const char *unit = length > 0 ? strchr(units, value[length - 1]) : NULL;
    double number, factor = unit ? seconds[unit - units] : 1;
    if (!mdup_parse_double(value, length - (unit != NULL), &number) || number * factor < o->min ||
        number * factor > o->max)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--%s takes a time from %g s to %g days, like 30, 90s, 45m, 2h or 1d, not "
                         "\"%s\"",
                         o->name, o->min, o->max / 86400, value);
    *(double *)o->target = number * factor;
    return true;
}

/* In steps of 1000: what a user calls 4 GB is not exceeded. */
static bool parse_bytes(const option *o, const char *value, mdup_error **err)
{
    static const char UNITS[] = "KMGT";
    size_t length = strlen(value);
    const char *unit = length > 0 ? strchr(UNITS, value[length - 1]) : NULL;
    double number = 0;
    bool ok = unit && mdup_parse_double(value, length - 1, &number);
    for (const char *u = UNITS; ok && u <= unit; u++)
        number *= 1000;
    if (!ok || number < o->min || number > o->max)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--%s takes from %.0fM to %.0fT, like 500M or 4G, not \"%s\"", o->name,
                         o->min / 1e6, o->max / 1e12, value);
    *(double *)o->target = number;
    return true;
}

static bool parse_range(const option *o, const char *value, mdup_error **err)
{
    double range[2];
    const char *comma = strchr(value, ',');
    if (!comma || !mdup_parse_double(value, (size_t)(comma - value), &range[0]) ||
        !mdup_parse_double(comma + 1, strlen(comma + 1), &range[1]) || range[0] < o->min ||
        range[1] > o->max || range[0] > range[1])
        return mdup_fail(
            err, MDUP_ERROR_INVALID,
            "--%s takes two numbers from %g to %g, the smaller first, like 0.8,2.2, not \"%s\"",
            o->name, o->min, o->max, value);
    memcpy(o->target, range, sizeof range);
    return true;
}

static bool parse_size(const option *o, const char *value, mdup_error **err)
{
    int64_t size[2];
    const char *x = strchr(value, 'x');
    if (!x || !mdup_parse_int64(value, (size_t)(x - value), &size[0]) ||
        !mdup_parse_int64(x + 1, strlen(x + 1), &size[1]) || (double)size[0] < o->min ||
        (double)size[0] > o->max || (double)size[1] < o->min || (double)size[1] > o->max)
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "--%s takes WIDTHxHEIGHT from %.0f to %.0f px, like 5760x4092, not \"%s\"",
                         o->name, o->min, o->max, value);
    memcpy(o->target, size, sizeof size);
    return true;
}

static bool parse_choice(const option *o, const char *value, mdup_error **err)
{
    for (int i = 0; o->choices[i]; i++) {
        if (strcmp(o->choices[i], value) == 0) {
            *(int *)o->target = i;
            return true;
        }
    }
    mdup_strbuf names = MDUP_STRBUF_INIT;
    for (int i = 0; o->choices[i]; i++)
        mdup_strbuf_printf(&names, "%s%s",
                           i == 0              ? ""
                           : o->choices[i + 1] ? ", "
                                               : " or ",
                           o->choices[i]);
    mdup_fail(err, MDUP_ERROR_INVALID, "--%s takes %s, not \"%s\"", o->name,
              names.text ? names.text : "", value);
    mdup_strbuf_free(&names);
    return false;
}

static bool assign(const option *o, const char *value, mdup_error **err)
{
    switch (o->type) {
    case OPTION_STRING:
        *(const char **)o->target = value;
        return true;
    case OPTION_STRINGS:
        return push(o->target, value, err);
    case OPTION_INT:
        return parse_int(o, value, err);
    case OPTION_INT_AUTO:
        if (strcmp(value, "auto") != 0)
            return parse_int(o, value, err);
        *(int64_t *)o->target = 0;
        return true;
    case OPTION_DOUBLE:
        return parse_double(o, value, err);
    case OPTION_DURATION:
        return parse_duration(o, value, err);
    case OPTION_BYTES:
        return parse_bytes(o, value, err);
    case OPTION_RANGE:
        return parse_range(o, value, err);
    case OPTION_SIZE:
        return parse_size(o, value, err);
    case OPTION_CHOICE:
        return parse_choice(o, value, err);
    case OPTION_SWITCH:
        if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
            return mdup_fail(err, MDUP_ERROR_INVALID, "--%s takes 0 or 1, not \"%s\"", o->name,
                             value);
        *(bool *)o->target = value[0] == '1';
        return true;
    case OPTION_FLAG:
        break;
    }
    return mdup_fail(err, MDUP_ERROR_INVALID, "--%s takes no value, and \"%s\" was given", o->name,
                     value);
}

static bool is_option(const char *argument)
{
    return strncmp(argument, "--", 2) == 0 && argument[2] != '\0';
}

/* What follows a switch is its value when it is a number, also a wrong one: no input is called 2. */
static bool is_bare(const option *o, const char *next)
{
    double number;
    if (o->type == OPTION_FLAG)
        return true;
    return o->type == OPTION_SWITCH && (!next || !mdup_parse_double(next, strlen(next), &number));
}

/* One option and its value, which may stand in the same argument behind '='.  Moves *at to the last
 * argument it used. */
static bool parse_option(option_set *set, option_strings *seen, int argc, char *const *argv,
                         int *at, mdup_error **err)
{
    const char *name = argv[*at] + 2;
    size_t length = strcspn(name, "=");
    const option *o = find(set, name, length);
    if (!o)
        return fail_unknown(set, name, length, err);
    if (contains(seen, o->name) && o->type != OPTION_STRINGS &&
        !contains(&set->repeated, o->name) && !push(&set->repeated, o->name, err))
        return false;
    if (!push(seen, o->name, err))
        return false;
    if (name[length] == '=')
        return assign(o, name + length + 1, err);
    const char *next = *at + 1 < argc ? argv[*at + 1] : NULL;
    if (is_bare(o, next)) {
        *(bool *)o->target = true;
        return true;
    }
    if (!next || is_option(next))
        return mdup_fail(err, MDUP_ERROR_INVALID, "--%s needs a value (%s)", o->name,
                         o->argument ? o->argument : "0 or 1");
    (*at)++;
    return assign(o, next, err);
}

static bool fail_one_dash(const option_set *set, const char *argument, mdup_error **err)
{
    const char *name = argument + 1;
    size_t length = strcspn(name, "=");
    if (find(set, name, length))
        return mdup_fail(err, MDUP_ERROR_INVALID, "there is no option -%.*s; did you mean --%.*s?",
                         (int)length, name, (int)length, name);
    return mdup_fail(err, MDUP_ERROR_INVALID,
                     "there is no option %s; options begin with two dashes", argument);
}

bool options_parse(option_set *set, int argc, char *const *argv, mdup_error **err)
{
    option_strings seen = {0};
    bool ok = true, only_positional = false;
    for (int at = 0; ok && at < argc; at++) {
        if (!only_positional && strcmp(argv[at], "--") == 0)
            only_positional = true;
        else if (!only_positional && is_option(argv[at]))
            ok = parse_option(set, &seen, argc, argv, &at, err);
        else if (!only_positional && argv[at][0] == '-' && argv[at][1] != '\0')
            ok = fail_one_dash(set, argv[at], err);
        else
            ok = push(&set->positional, argv[at], err);
    }
    free(seen.items);
    return ok;
}

void options_clear(option_set *set)
{
    free(set->positional.items);
    free(set->repeated.items);
    set->positional = (option_strings){0};
    set->repeated = (option_strings){0};
}

bool options_ask_help(int argc, char *const *argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
            return true;
    return false;
}

static void append_default(mdup_strbuf *text, const option *o)
{
    if (o->default_text) {
        mdup_strbuf_puts(text, o->default_text);
        return;
    }
    const double *numbers = o->target;
    const int64_t *integers = o->target;
    const char *const *string = o->target;
    switch (o->type) {
    case OPTION_FLAG:
    case OPTION_SWITCH:
        mdup_strbuf_puts(text, *(const bool *)o->target ? "on" : "off");
        break;
    case OPTION_STRING:
        mdup_strbuf_puts(text, *string ? *string : "none");
        break;
    case OPTION_STRINGS:
        mdup_strbuf_puts(text, "none");
        break;
    case OPTION_INT:
    case OPTION_INT_AUTO:
        mdup_strbuf_printf(text, "%lld", (long long)integers[0]);
        break;
    case OPTION_DOUBLE:
        mdup_strbuf_printf(text, "%g", numbers[0]);
        break;
    case OPTION_DURATION:
        mdup_strbuf_printf(text, "%g s", numbers[0]);
        break;
    case OPTION_BYTES:
        mdup_strbuf_printf(text, "%gM", numbers[0] / 1e6);
        break;
    case OPTION_RANGE:
        mdup_strbuf_printf(text, "%g,%g", numbers[0], numbers[1]);
        break;
    case OPTION_SIZE:
        mdup_strbuf_printf(text, "%lldx%lld", (long long)integers[0], (long long)integers[1]);
        break;
    case OPTION_CHOICE:
        mdup_strbuf_puts(text, o->choices[*(const int *)o->target]);
        break;
    }
}

enum { HELP_COLUMN = 26, HELP_WIDTH = 100 };

/* The text in lines of at most HELP_WIDTH columns, each begun at HELP_COLUMN. */
static void print_wrapped(const char *text, size_t column)
{
    while (*text) {
        size_t word = strcspn(text, " ");
        if (column > HELP_COLUMN && column + 1 + word > HELP_WIDTH) {
            printf("\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        }
        printf("%s%.*s", column > HELP_COLUMN ? " " : "", (int)word, text);
        column += word + (column > HELP_COLUMN);
        text += word + strspn(text + word, " ");
    }
    putchar('\n');
}

static void print_option(const option *o)
{
    mdup_strbuf left = MDUP_STRBUF_INIT, right = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&left, "  --%s%s%s", o->name, o->argument ? " " : "",
                       o->argument ? o->argument : "");
    mdup_strbuf_puts(&right, "(");
    append_default(&right, o);
    mdup_strbuf_printf(&right, ") : %s", o->help);
    if (!left.failed && !right.failed) {
        if (left.length >= HELP_COLUMN)
            printf("%s\n%*s", left.text, HELP_COLUMN, "");
        else
            printf("%-*s", HELP_COLUMN, left.text);
        print_wrapped(right.text, HELP_COLUMN);
    }
    mdup_strbuf_free(&left);
    mdup_strbuf_free(&right);
}

void options_print_help(const option_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        const option *o = &set->options[i];
        if (o->section)
            printf("\n====== %s =====\n", o->section);
        if (o->help)
            print_option(o);
    }
}
