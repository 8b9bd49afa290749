/* What a micrograph's file name tells: when it was recorded, of which hole, which shot.
 *
 * The forms known (samples stand in tests/unit/test_names.c):
 *
 *   EPU       FoilHole_<hole>_Data_<area>_<template or beam shift>_<YYYYMMDD>_<HHMMSS>;
 *             in old versions the end is <YYYYMMDD>_<HHMM>-<camera's running number>
 *   SerialEM  <root>_<label>_<number>_<tilt>_<MonDD>_<HH.MM.SS>_<hole and shot>, each but the last
 *             perhaps missing, or <YYYY-MM-DD>_<HH.MM.SS> in front; hole and shot are X+1Y-1-4, on
 *             a hexagonal grid R1H3-4, else 2-4 (hole 2, shot 4).  Shot 0 is the one at the hole's
 *             centre.  The number begins again with each label.  (Its source:
 *             CCameraController::ComposeFramePathAndName, CParticleTasks::CurrentHoleAndPosition.)
 *             McGill's <name>_<number>_<hole>-<shot> is of this form
 *   Leginon   <session>_<grid>_<5 digits>gr_<5 digits>sq_<5 digits>hl_<5 digits>en, each number
 *             perhaps with a version _v01
 *
 * In front of them cryoSPARC's 21-digit uid, behind them what motion correction adds (_fractions,
 * _DW, ...). */
#ifndef MDUP_CATALOG_NAMES_H
#define MDUP_CATALOG_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A piece of a name; length 0 when the name has no such piece. */
typedef struct {
    size_t begin, length;
} mdup_span;

typedef enum {
    MDUP_NAMING_PLAIN,
    MDUP_NAMING_EPU,
    MDUP_NAMING_SERIALEM,
    MDUP_NAMING_LEGINON
} mdup_naming;

/* What was done to the micrograph, by its suffix.  In the order in which they are preferred when a
 * folder holds several of one micrograph: dose-weighted images show the specimen best and are what
 * RELION's rlnMicrographName names. */
typedef enum {
    MDUP_VARIANT_DOSE_WEIGHTED, /* _DW, _doseweighted */
    MDUP_VARIANT_PLAIN,
    MDUP_VARIANT_SELECTED_FRAMES, /* _DWS: MotionCor's sum of some frames */
    MDUP_VARIANT_ALIGNED,     /* _patch_aligned, _rigid_aligned of cryoSPARC: not dose-weighted */
    MDUP_VARIANT_NOT_WEIGHTED /* _noDW */
} mdup_variant;

typedef struct {
    mdup_span folder; /* up to the last '/', that included; without the "N@" of a stack's image */
    mdup_span base;   /* the file's own name without suffixes and extension */
    mdup_span stem;   /* base without cryoSPARC's uid */

    mdup_naming naming;
    mdup_span prefix;  /* SerialEM: root and label; Leginon: everything up to and with the hole */
    mdup_span hole;    /* "30593197", "X+1Y-1", "4", "00004hl": alone not unique, see holes.h */
    mdup_span shot;    /* "30537205", "1", "00002es" */
    mdup_span counter; /* SerialEM: the number's digits */
    int64_t counter_value;
    int32_t shot_number; /* SerialEM: the shot as a number; else -1 */

    /* Seconds since 1970 in the microscope's own time zone.  EPU's old names hold only minutes:
     * the camera's running number, in units of 10 us, keeps those of one minute in order. */
    double time_s;
    bool has_time;
    bool has_year; /* false for "Sep22_18.10.51": time_s is then of the year 2000, a leap year */

    mdup_variant variant;
    bool is_power_spectrum; /* _PS */
    bool is_half;           /* _EVN, _ODD */
    bool is_raw;            /* _fractions, _EER: a movie, unless motion correction kept the name */
    bool is_tiff;           /* .tif, .tiff */
    bool is_stack;          /* .mrcs */
    bool is_compressed;     /* .gz, .bz2 */
    bool has_image_extension; /* .mrc, .map, .tif or .tiff, in letters of either case */
} mdup_name;

/** Takes a name apart.  The spans are byte ranges of `name`.  Any text is fine; what fits no form
 * is PLAIN. */
void mdup_name_parse(const char *name, mdup_name *parts);

#endif
