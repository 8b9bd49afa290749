/* The writing side of the session file: what a screen finds out, piece by piece, and in the end its result.  Everything put is on disk at the latest
 * some seconds later, and after mdup_session_commit; a program that is killed loses no more than that, and the file stays whole.
 *
 * Micrographs, and what was compared, go by the numbers (ids) of their readings: these stay when others come and go, and a file that has
 * changed gets a new one, so that nothing that was found in the old one is taken for the new. */
#ifndef MDUP_SESSION_WORK_H
#define MDUP_SESSION_WORK_H

#include <microdup/callbacks.h>

#include "image/condition.h"
#include "image/signature.h"
#include "search/tile.h"
#include "session/session.h"

/** Opens a session to work on, makes it when there is none, and holds its lock until mdup_session_close (see lock.h for whom it waits for).
 *  restart: what it holds is thrown away first.  NULL with *err: INVALID when another process works on it; UNSUPPORTED when the file is no
 *  session, or of a newer version; PARSE when it is damaged; IO; ABORTED; NOMEM. */
mdup_session *mdup_session_work(const char *path, bool restart, const mdup_callbacks *callbacks,
                                mdup_error **err) MDUP_MUST_CHECK;

/** The same of a session that is there and that nobody holds: fails where the other would wait, or make one. */
mdup_session *mdup_session_work_now(const char *path, mdup_error **err) MDUP_MUST_CHECK;

/** Notes that a command has begun ("screen"), for the record; command_line may be NULL. */
bool mdup_session_begin_run(mdup_session *session, const char *command, const char *command_line,
                            mdup_error **err) MDUP_MUST_CHECK;

bool mdup_session_commit(mdup_session *session, mdup_error **err) MDUP_MUST_CHECK;

/* ---- readings: what the file of one micrograph came to ---- */

typedef struct {
    int64_t id;    /* 0: not in the session yet */
    char *name;    /* as in the list, */
    int32_t slice; /* which image of a stack, */
    int64_t copy;  /* and how many entries of that name and slice stand before it */
    char *path;
    int64_t file_bytes, file_mtime_ns; /* when it was read; -1: there was none */
    bool is_read;                      /* false: all that follows is not known */
    int32_t method, mode0;             /* MDUP_FRAME_METHOD, and the option it was read with */
    mdup_status status;
    char *reason, *warning; /* may be NULL */
    int32_t mode;           /* of the pixels, as MRC numbers it */
    int32_t nx, ny;
    double header_pixel_A;
    int32_t bin, frame_nx, frame_ny; /* frame_nx 0: it has no frame */
    double noise_share;
    mdup_signature signature;
    uint64_t frame_hash;
} mdup_session_reading;

/** All readings, sorted by (name, slice, copy).  One that is damaged comes as not read.  Free with mdup_session_readings_free. */
bool mdup_session_load_readings(mdup_session *session, mdup_session_reading **out, size_t *n,
                                mdup_error **err) MDUP_MUST_CHECK;
void mdup_session_readings_free(mdup_session_reading *readings, size_t n);

/** Enters a micrograph that is not in the session and sets its id: they rise in the order of these calls. */
bool mdup_session_enter(mdup_session *session, mdup_session_reading *reading,
                        mdup_error **err) MDUP_MUST_CHECK;

/** Puts a reading that has an id, and its frame (NULL when it has none), in the place of what was known under that id.  A frame that is
 *  another one than before gets a new id.  Any thread. */
bool mdup_session_put_reading(mdup_session *session, mdup_session_reading *reading,
                              const int8_t *frame, mdup_error **err) MDUP_MUST_CHECK;

/** The frame of a reading that has one, into pixels.  *intact: its checksum is right. */
bool mdup_session_get_frame(mdup_session *session, const mdup_session_reading *reading,
                            int8_t *pixels, bool *intact, mdup_error **err) MDUP_MUST_CHECK;

/** Whether b holds the pixels of a, by their files: what comparing them gave.  *known: it was put. */
bool mdup_session_get_copy(mdup_session *session, int64_t a, int64_t b, bool *known, bool *is_copy,
                           mdup_orientation *orientation, mdup_error **err) MDUP_MUST_CHECK;
bool mdup_session_put_copy(mdup_session *session, int64_t a, int64_t b, bool is_copy,
                           mdup_orientation orientation, mdup_error **err) MDUP_MUST_CHECK;

/* ---- comparisons: all that depends on one set of statistics ---- */

/** Finds or makes the comparison of that key.  statistics: frame size, number of frames and sum (to be filled) are given; *known: the
 *  rest was there, and is filled in.  *has_others: there are finished ones of frames of that size with another key. */
bool mdup_session_open_comparison(mdup_session *session, uint64_t key, mdup_statistics *statistics,
                                  int64_t *comparison, bool *known, bool *has_others,
                                  mdup_error **err) MDUP_MUST_CHECK;
bool mdup_session_put_statistics(mdup_session *session, int64_t comparison,
                                 const mdup_statistics *statistics,
                                 mdup_error **err) MDUP_MUST_CHECK;

/* Blocks are MDUP_TILE_SIDE consecutive ids: id / MDUP_TILE_SIDE is the block, the rest the slot.  The items of these tiles name frames by their
 * ids. */

/** Fills a tile that is reset; one that is not known, or damaged, stays so. */
bool mdup_session_get_tile(mdup_session *session, int64_t comparison, int64_t block_a,
                           int64_t block_b, mdup_tile *tile, mdup_error **err) MDUP_MUST_CHECK;
bool mdup_session_put_tile(mdup_session *session, int64_t comparison, int64_t block_a,
                           int64_t block_b, const mdup_tile *tile,
                           mdup_error **err) MDUP_MUST_CHECK;

/* What was seen when a pair was looked at again: numbers whose meaning is that of the caller. */
enum { MDUP_SESSION_MOST_SIGNS = 16 };
typedef struct {
    int64_t a, b;
    int kind;
    double signs[MDUP_SESSION_MOST_SIGNS];
} mdup_session_look;

/** All looks of a comparison that have n_signs signs, sorted by (a, b, kind); damaged ones are left out.  Free with free(). */
bool mdup_session_load_looks(mdup_session *session, int64_t comparison, size_t n_signs,
                             mdup_session_look **out, size_t *n, mdup_error **err) MDUP_MUST_CHECK;
bool mdup_session_put_looks(mdup_session *session, int64_t comparison, size_t n_signs,
                            const mdup_session_look *looks, size_t n,
                            mdup_error **err) MDUP_MUST_CHECK;

/* ---- the result ---- */

typedef struct {
    const mdup_catalog *catalog;
    const int64_t *ids; /* of the readings, a micrograph each */
    const mdup_judgement *judgements;
    const mdup_pair *pairs; /* all known with an E-value up to most_evalue, sorted by (a, b), */
    size_t n_pairs;
    double most_evalue;
    const mdup_pair *published; /* those of them that are published, in the same order, */
    size_t n_published;
    const mdup_decision *decision; /* and what was decided of these */
    int64_t n_exact_copies;
    const mdup_session_geometry *geometries;
    const int64_t *comparisons; /* a geometry each; 0: it was not compared */
    size_t n_geometries;
    const mdup_session_parameter *parameters;
    size_t n_parameters;
} mdup_session_new_result;

/** Puts the result in the place of the last one, ends the run, and commits, all or nothing.  Comparisons it does not name are dropped. */
bool mdup_session_put_result(mdup_session *session, const mdup_session_new_result *result,
                             mdup_error **err) MDUP_MUST_CHECK;

/** Puts another decision of the result that is there: which pairs are published, what was decided of these, and by which parameters.  Notes the
 *  run of a command "decide", and commits, all or nothing. */
bool mdup_session_put_decision(mdup_session *session, const mdup_session_result *result,
                               const mdup_session_parameter *parameters, size_t n_parameters,
                               const char *command_line, mdup_error **err) MDUP_MUST_CHECK;

#endif
