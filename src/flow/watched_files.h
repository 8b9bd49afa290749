/* The files of a session that is being recorded: which of them are whole.
 *
 * By looking at them now and then, which works on every file system; notifications of the kernel tell nothing of what other machines
 * write to NFS or Lustre. */
#ifndef MDUP_FLOW_WATCHED_FILES_H
#define MDUP_FLOW_WATCHED_FILES_H

#include "base/error.h"
#include "base/intern.h"
#include "catalog/catalog.h"
#include "catalog/status.h"

typedef struct {
    int64_t bytes, mtime_ns; /* when it was looked at last; -1: it is not there */
    double since_s;          /* when it was seen so first, on a clock that only runs forwards */
    bool is_taken;           /* it is whole, or nobody writes to it any more */
    bool is_doubtful;        /* it could not be judged: should it change, it is worth a new pass */
    int64_t look, pass;      /* the last ones in which it was named by the inputs, and taken */
} mdup_watched_file;

/* Begins as {.settle_s = ...}. */
typedef struct {
    double settle_s; /* a file that has not changed for so long may be whole */
    mdup_intern paths;
    mdup_watched_file *items; /* one a path */
    size_t capacity;
    int64_t look;
    double now_s;    /* of this look, as since_s */
    int64_t wall_ns; /* and as mtime_ns */
    size_t n_waiting;
    const char *first_waiting; /* path; NULL: there are none */
    /* Since the look before: */
    bool has_changed; /* one that waits, or is in doubt, was written to */
    bool has_settled; /* one became fit to be read */
    bool has_failed;  /* memory ran out */
} mdup_watched_files;

/** Begins a look: mdup_watched_files_take is then called for all that the inputs name. */
void mdup_watched_files_look(mdup_watched_files *files);

/** Whether a micrograph can be read: for mdup_catalog_options.takes, with the files as context. */
bool mdup_watched_files_take(void *context, const mdup_micrograph *micrograph);

/** The same for inputs that have not changed since the look before. */
void mdup_watched_files_recheck(mdup_watched_files *files);

/** Notes that a pass has finished with these micrographs. */
void mdup_watched_files_note_pass(mdup_watched_files *files, const mdup_catalog *catalog,
                                  const mdup_judgement *judgements, int64_t pass);

/** How many of the micrographs were in that pass. */
size_t mdup_watched_files_count(const mdup_watched_files *files, const mdup_catalog *catalog,
                                int64_t pass);

void mdup_watched_files_clear(mdup_watched_files *files);

#endif
