/* The XML file that EPU writes beside an image.
 *
 * Read are <acquisitionDateTime>, <stage><Position>, <optics><BeamShift>; their names have been the
 * same since EPU 1.  The stage is in m.  The beam shift, with which EPU reaches holes without moving
 * the stage (AFIS), is in a unit of its own: about 25 um, somewhat different on each microscope (P.
 * Afanasyev's find_dupl, which calibrates it by hand).
 */
#ifndef MDUP_FORMATS_EPU_XML_H
#define MDUP_FORMATS_EPU_XML_H

#include <stddef.h>

#include "base/error.h"
#include "formats/acquisition.h"

#define MDUP_EPU_BEAM_SHIFT_um 25.0

/** Parses a file of `length` bytes; `name` is only used in messages, which give the line.  What it
 * does not tell, or in a form that is not understood, is left out of *out.  False with *err set:
 * PARSE (no XML), UNSUPPORTED (of something else, or with a document type, which EPU does not
 * write), NOMEM.  Free with mdup_acquisition_clear. */
bool mdup_epu_xml_parse(const char *text, size_t length, const char *name, mdup_acquisition *out,
                        mdup_error **err) MDUP_MUST_CHECK;

#endif
