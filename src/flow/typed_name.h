/* The micrograph that a person means by what he has typed. */
#ifndef MDUP_FLOW_TYPED_NAME_H
#define MDUP_FLOW_TYPED_NAME_H

#include "base/error.h"
#include "catalog/catalog.h"

/** Finds the micrograph of that name; else the one whose name ends so; else the one whose name holds the text, or its parts in that order where it
 *  has "..." in it, as in the table on the terminal.  Of a micrograph that is listed twice the first.  False with *err: INVALID when there is none
 *  (the message has the nearest names), or several. */
bool mdup_find_typed_name(const mdup_catalog *catalog, const char *typed, size_t *index,
                          mdup_error **err) MDUP_MUST_CHECK;

#endif
