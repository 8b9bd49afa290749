/* Command-line options in RELION's manner: --long value.  One table describes a command's options
 * and drives both the parsing and the help text, whose defaults are read from the variables
 * themselves. */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef enum {
    OPTION_FLAG,     /* bool; bare */
    OPTION_SWITCH,   /* bool; bare, or followed by 0 or 1 (the original's --opticsless) */
    OPTION_STRING,   /* const char * */
    OPTION_STRINGS,  /* option_strings; may be repeated */
    OPTION_INT,      /* int64_t within [min, max] */
    OPTION_INT_AUTO, /* the same, or the word auto, which is 0 */
    OPTION_DOUBLE,   /* double within [min, max] */
    OPTION_DURATION, /* double, in seconds: "30", "30s", "2h"; within [min, max] */
    OPTION_BYTES,    /* double within [min, max]: "500M", "4G", "1.5T" */
    OPTION_RANGE,    /* double[2]: "a,b" with min <= a <= b <= max */
    OPTION_SIZE,     /* int64_t[2]: "WxH", each within [min, max] */
    OPTION_CHOICE    /* int: index into the names of `choices` */
} option_type;

typedef struct {
    const char **items;
    size_t n, capacity;
} option_strings;

typedef struct {
    const char
        *section; /* starts a section of the help with this title; NULL goes on in the last one */
    const char *name; /* without "--" */
    option_type type;
    void *target;
    const char *argument; /* name of the value in the help; NULL for flags */
    const char *help;
    const char *default_text; /* shown in place of the target's value; NULL: the value */
    double min, max;
    const char *const *choices; /* NULL-terminated */
} option;

typedef struct {
    const option *options;
    size_t n;
    option_strings positional; /* out: what is not an option */
    option_strings repeated;   /* out: names given more than once, of which the last counts */
} option_set;

/** Copies a table behind the n options that are there and returns how many there are then; tables that would be too long are made of
 *  parts.  There is room for them all. */
size_t options_append(option *options, size_t n, const option *table, size_t table_n);

/** Reads the arguments (without program and command).  Everything behind "--" is positional.  False
 * with *err (INVALID): the message says which argument and what is allowed. */
bool options_parse(option_set *set, int argc, char *const *argv, mdup_error **err) MDUP_MUST_CHECK;
void options_clear(option_set *set);

/** True when -h or --help stands among the arguments. */
bool options_ask_help(int argc, char *const *argv);

/** Prints the options, section by section, to stdout. */
void options_print_help(const option_set *set);

#endif
