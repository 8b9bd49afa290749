/* SerialEM's .mdoc files: "key = value" lines in sections, one section an image.
 *
 * Three kinds are met: NAME.tif.mdoc beside each movie ([FrameSet = 0]), one file for all movies of
 * a session with a [FrameSet = n] for each, and that of an image file ([ZValue = n]).
 */
#ifndef MDUP_FORMATS_MDOC_H
#define MDUP_FORMATS_MDOC_H

#include <stddef.h>

#include "base/error.h"
#include "formats/acquisition.h"

typedef struct {
    size_t n;
    mdup_acquisition *items; /* one a section, in the order of the file */
} mdup_mdoc;

/** Parses a text; `name` is only used in messages.  Of each section are read StagePosition and
 * ImageShift (um), DateTime, SubFramePath, MultishotHoleAndPosition and NavigatorLabel; a value that
 * is not understood is left out.  False with *err set: PARSE (there is no section, with a line),
 * NOMEM.  Free with mdup_mdoc_clear. */
bool mdup_mdoc_parse(const char *text, size_t length, const char *name, mdup_mdoc *out,
                     mdup_error **err) MDUP_MUST_CHECK;
void mdup_mdoc_clear(mdup_mdoc *mdoc);

#endif
