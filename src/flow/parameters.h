/* The options of a screen as names and texts, for the record in a session, and back. */
#ifndef MDUP_FLOW_PARAMETERS_H
#define MDUP_FLOW_PARAMETERS_H

#include <microdup/screen.h>

#include "base/error.h"
#include "session/session.h"

typedef struct {
    mdup_session_parameter *items;
    size_t n, capacity;
} mdup_parameters;

bool mdup_parameters_add(mdup_parameters *parameters, const char *name, const char *value,
                         mdup_error **err) MDUP_MUST_CHECK;

bool mdup_parameters_add_number(mdup_parameters *parameters, const char *name, double value,
                                mdup_error **err) MDUP_MUST_CHECK;

/** By the names of the command line.  Free with mdup_parameters_clear, also after a failure (NOMEM). */
bool mdup_parameters_of_options(const mdup_screen_options *options, mdup_parameters *out,
                                mdup_error **err) MDUP_MUST_CHECK;
void mdup_parameters_clear(mdup_parameters *parameters);

/** The value of that name; NULL when there is none. */
const char *mdup_parameters_find(const mdup_session_parameter *items, size_t n, const char *name);

/** Sets the options that the parameters name, and leaves the others as they are; texts are borrowed.  False with *err (PARSE) when a value
 *  is none. */
bool mdup_parameters_to_options(const mdup_session_parameter *items, size_t n,
                                mdup_screen_options *options, mdup_error **err) MDUP_MUST_CHECK;

#endif
