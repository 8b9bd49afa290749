/* The session file: what was read, compared and decided, one SQLite database.  This is its reading side, for everything that works from a
 * finished screen; src/session/work.h is what a screen writes with.  doc/session.md describes the tables.
 *
 * A reader sees the last result that was finished, whole, also while another process works on the session: a screen puts catalog, pairs
 * and decision there in one transaction. */
#ifndef MDUP_SESSION_SESSION_H
#define MDUP_SESSION_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/status.h"
#include "decide/decide.h"
#include "image/signature.h"
#include "verify/pair.h"
#include "verify/significance.h"

typedef struct mdup_session mdup_session;

/** Opens a session to read from.  The file and its folder may be read-only, and another process may be at work on it.  Not for use by
 *  several threads at once.  NULL with *err: MISSING; UNSUPPORTED (not a session, or of a newer version of the program); PARSE (damaged);
 *  IO (also when it stays locked).  Every message says what to do. */
mdup_session *mdup_session_open(const char *path, mdup_error **err) MDUP_MUST_CHECK;
void mdup_session_close(mdup_session *session);

/** Whether the file begins like a session, whatever its name. */
bool mdup_session_detect(const char *path);

/** Who works on the session of that name, as a phrase ("process 4711 on node12, since 2026-05-04T13:12:11Z"); NULL: nobody that is known to be
 *  alive.  Free with free(). */
char *mdup_session_holder(const char *path);

/** How many micrographs are entered, how many of them are read, and whether there is a finished result. */
bool mdup_session_count(mdup_session *session, int64_t *n_entered, int64_t *n_read, bool *finished,
                        mdup_error **err) MDUP_MUST_CHECK;

/* ---- the result ---- */

/* What a session knows of a micrograph beside its entry in the catalog and its judgement. */
typedef struct {
    int64_t
        id; /* its own number, which stays when others come and go, and changes when its file does */
    int64_t file_bytes,
        file_mtime_ns; /* of the file when it was read, since 1970; -1: there was none */
    int32_t nx, ny;    /* px of the file; 0: not known */
    int32_t bin, frame_nx, frame_ny; /* 0: it has no frame */
    double noise_share;              /* of the power at the Nyquist frequency of the frame */
    mdup_signature signature;        /* of all pixels of the file */
    char *warning;                   /* something odd that was accepted; NULL when none */
} mdup_session_micrograph;

/* The last finished result.  All arrays of micrographs have catalog->n entries, in order of acquisition, and what is called an index is one
 * into them.  catalog, judgements, pairs, n_pairs and decision are what mdup_results (publish/publish.h) is made of. */
typedef struct {
    mdup_catalog *catalog; /* inputs with their text, micrographs with name, path, hole, shot */
    mdup_judgement *judgements; /* status, reason, pixel size */
    mdup_session_micrograph *micrographs;
    mdup_pair *pairs; /* as published: significant, not vetoed; sorted by (a, b) */
    size_t n_pairs;
    mdup_decision decision; /* of these pairs */
} mdup_session_result;

/** Loads the result.  False with *err: INVALID when no screen has finished in this session yet; PARSE (damaged); NOMEM.  Free with
 *  mdup_session_result_clear, which is fine for {0} too. */
bool mdup_session_load_result(mdup_session *session, mdup_session_result *out,
                              mdup_error **err) MDUP_MUST_CHECK;
void mdup_session_result_clear(mdup_session_result *result);

/* E-values up to this are in every session, so that pairs can be judged again by a stricter or a milder limit without a screen. */
#define MDUP_SESSION_MOST_EVALUE 100.0

/** All pairs known with an E-value up to max_evalue, published or not, sorted by (a, b).  *most_evalue (may be NULL): the limit up to which
 *  the session knows them, MDUP_SESSION_MOST_EVALUE or what the screen was asked for, if that is more.  Free *pairs with free(). */
bool mdup_session_load_pairs(mdup_session *session, double max_evalue, mdup_pair **pairs, size_t *n,
                             double *most_evalue, mdup_error **err) MDUP_MUST_CHECK;

/** The frame of a micrograph that has one, into pixels[frame_nx * frame_ny]: 8 bit, MDUP_FRAME_SD_units to a local standard deviation, row 0
 *  at the bottom.  False with *err: PARSE when it is damaged (a checksum tells) or there is none. */
bool mdup_session_load_frame(mdup_session *session, const mdup_session_micrograph *micrograph,
                             int8_t *pixels, mdup_error **err) MDUP_MUST_CHECK;

/* ---- statistics ---- */

/* Of the micrographs of one size and pixel size, which were compared with each other. */
typedef struct {
    int32_t nx, ny; /* px of the file */
    double pixel_A; /* of the first; 0 when unknown */
    int32_t bin, frame_nx, frame_ny;
    int64_t n_micrographs, n_sample; /* with a frame; those the statistics were made of */
    int64_t n_compared;              /* pairs */
    double spot_share;               /* of the power in Bragg spots, median */
    double noise_share;              /* of the power at the Nyquist frequency, median */
    /* What E-values rest on; of no meaning when nothing was compared. */
    mdup_null null;
    mdup_overlap_weights weights;
    mdup_drawn *drawn; /* the pairs drawn at random, those of the highest E-values first */
    size_t n_drawn;
} mdup_session_geometry;

/** The geometries of the last finished result, the most common first.  Free with mdup_session_geometries_free. */
bool mdup_session_load_geometries(mdup_session *session, mdup_session_geometry **out, size_t *n,
                                  mdup_error **err) MDUP_MUST_CHECK;
void mdup_session_geometries_free(mdup_session_geometry *geometries, size_t n);

/** How many micrographs of the last finished result are exact copies of an earlier one. */
bool mdup_session_load_exact_copies(mdup_session *session, int64_t *n,
                                    mdup_error **err) MDUP_MUST_CHECK;

/* ---- where it comes from ---- */

typedef struct {
    char *name, *value;
} mdup_session_parameter;

/* One file of an input that is made of files; else the input. */
typedef struct {
    char *path;    /* as given */
    char *kind;    /* of the input: "star", "list", "folder", "glob", "cs" or "image" */
    int64_t bytes; /* of a file; -1 of the others */
    char *sha256;  /* of a file, 64 hexadecimal digits; NULL of the others */
} mdup_session_input;

/* Of the last finished result. */
typedef struct {
    char *version;       /* of the program */
    char *command_line;  /* of what made it, a screen or a later decision; NULL when not known */
    char *began, *ended; /* "2026-05-04T13:12:11Z" */
    size_t n_parameters;
    mdup_session_parameter *parameters; /* the options by their names (without --), sorted */
    size_t n_inputs;
    mdup_session_input *inputs;
} mdup_session_provenance;

bool mdup_session_load_provenance(mdup_session *session, mdup_session_provenance *out,
                                  mdup_error **err) MDUP_MUST_CHECK;
void mdup_session_provenance_clear(mdup_session_provenance *provenance);

#endif
