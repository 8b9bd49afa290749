/* What a person looks at: a page and a PDF with the verdict, the pairs, and why they can be believed. */
#ifndef MDUP_PUBLISH_REPORT_H
#define MDUP_PUBLISH_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "catalog/status.h"
#include "decide/decide.h"
#include "formats/acquisition.h"
#include "verify/pair.h"
#include "verify/significance.h"

/* All texts are borrowed.  They may hold any bytes: what is written shows them and does no harm. */
typedef struct {
    const char *name; /* exactly as in the input */
    mdup_status status;
    const char *reason;      /* why it could not be judged; NULL: nothing to say */
    const char *hole, *shot; /* NULL: not known */
    double time_s;           /* of acquisition, when has_time */
    bool has_time;
    double pixel_A;            /* unbinned; 0: not known */
    int32_t nx, ny;            /* px of the area that was compared, unbinned; 0: none was */
    mdup_acquisition recorded; /* by the microscope; all zero: not known */
} mdup_report_micrograph;

/* A frame as it was compared. */
typedef struct {
    const int8_t *pixels; /* nx * ny, the first row at the bottom; NULL: there is none */
    int32_t nx, ny;
    int32_t bin; /* px of the micrograph in one of the frame */
} mdup_report_frame;

/* Something to be known of how the result came about: "Input", "session.star". */
typedef struct {
    const char *what, *value;
} mdup_report_fact;

typedef struct {
    const mdup_report_micrograph *micrographs; /* in order of acquisition */
    size_t n;
    const mdup_pair *pairs; /* significant ones, sorted by (a, b): row p + 1 of pairs.csv */
    size_t n_pairs;
    const mdup_decision *decision;

    /* The frame of a micrograph, valid until the next call with the same context or longer. */
    mdup_report_frame (*frame)(void *context, size_t index);
    void *context;

    /* What E-values rest on; n_unrelated 0: not known. */
    mdup_null null;
    mdup_overlap_weights weights;
    const mdup_drawn *unrelated;
    size_t n_unrelated;
    int64_t n_compared;

    double min_overlap, max_evalue; /* as asked for */
    double spot_share;              /* of the micrographs' power in Bragg spots */

    const char *title;             /* of the session, short */
    const char *version;           /* of the program */
    const char *out_dir;           /* with its '/': "microdup/" */
    const char *const *kept_files; /* in out_dir: the cleaned inputs, "micrographs.star" */
    size_t n_kept_files;
    const char *session; /* path of the session's file; NULL: there is none */
    const mdup_report_fact *facts;
    size_t n_facts;

    size_t most_pictures; /* pairs with pictures, at most */
} mdup_report;

/* What kind of pair a person is shown. */
typedef enum {
    MDUP_PAIR_DUPLICATE, /* overlap of min_overlap or more */
    MDUP_PAIR_AGAIN,     /* less, of a place that was recorded again */
    MDUP_PAIR_DESIGN,    /* less, and the session's own pattern (decide/design.h) */
    MDUP_PAIR_KINDS
} mdup_pair_kind;

enum { MDUP_REPORT_PICTURES = 200, MDUP_REPORT_PDF_PAGES = 20 };

/** Appends the page: one HTML file that asks for nothing else.  False with *err (NOMEM, INVALID). */
bool mdup_report_html(const mdup_report *report, mdup_strbuf *out,
                      mdup_error **err) MDUP_MUST_CHECK;

/** Appends the same as a PDF: verdict and plots, then the first pairs, one a page.  False with *err (NOMEM, IO). */
bool mdup_report_pdf(const mdup_report *report, mdup_strbuf *out, mdup_error **err) MDUP_MUST_CHECK;

/** Appends what a run ends with on a terminal: the verdict, and the lines behind it (a table of the sets, what to do).  Control characters in names
 *  become '?'; lines are at most 79 columns wide, but for paths, which may not be cut.  False with *err (NOMEM). */
bool mdup_report_closing(const mdup_report *report, mdup_strbuf *headline, mdup_strbuf *lines,
                         mdup_error **err) MDUP_MUST_CHECK;

#endif
