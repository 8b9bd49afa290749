/* The main job: find the micrographs of a session that show the same piece of specimen. */
#ifndef MICRODUP_SCREEN_H
#define MICRODUP_SCREEN_H

#include <stddef.h>
#include <stdint.h>

#include <microdup/callbacks.h>
#include <microdup/catalog.h>
#include <microdup/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    /* REQUIRED */
    const char *const
        *inputs; /* STAR files, text lists, folders, glob patterns, image files; borrowed */
    size_t n_inputs;

    /* OPTIONAL, with defaults from mdup_screen_options_init */
    const char *out_dir;     /* "microdup/" */
    const char *project_dir; /* NULL: found by walking up from each STAR or .cs file */
    /* NULL; a folder with the files that EPU (.xml) or SerialEM (.mdoc) wrote beside the movies: for
     * the order, for holes and shots, and for the distances in pairs.csv. */
    const char *metadata_dir;
    mdup_order order; /* MDUP_ORDER_AUTO */
    int mode0;        /* 8-bit MRC files: 0 as the file says, 1 signed, 2 unsigned */
    int32_t bin;      /* 0: the most that leaves a long side of 350 px */
    int n_threads;    /* 0: SLURM_CPUS_PER_TASK or the cores this process may use */
    /* Files that are read at once, so that some wait for the storage while others are binned; 0: two more than threads, but one with one thread. */
    int io_threads;

    /* Restriction to pairs (i, j), j = i + images_per_move + k * images_per_hole, within a window
     * of scan_range offsets, as the original tool's options of those names; scan_range 0 is all. */
    int64_t images_per_move; /* 1 */
    int64_t images_per_hole; /* 1 */
    int64_t scan_range;      /* 0 */

    double min_overlap; /* 0.5: pairs that share at least this much of a frame are duplicates */
    double max_evalue;  /* 0.01: pairs up to this E-value are reported */
    bool strict;        /* fail when a micrograph cannot be judged */
    bool dry_run;       /* plan and tell, read and write nothing */
    const char *command_line; /* for the record in summary.json; may be NULL */

    /* 0: all; else only shifts up to this (Euclidean, px of the micrograph, as in pairs.csv) are
     * searched and reported, give or take a binned px, to which a shift is known.  Never fewer than
     * those within 18 binned px are searched, or the search could not tell what is usual. */
    double max_shift_px;
    /* 0; E-values are those of a search among at least so many micrographs, so that a pair that is reported in a session being recorded stays
     * so while more micrographs come. */
    int64_t expect;
    int64_t report_pairs;   /* 200: so many pairs have pictures in report.html, at most */
    bool anonymous;         /* report.html and logfile.pdf name no folders and no command's paths */
    bool same_optics_group; /* false; compare micrographs of one rlnOpticsGroup with each other
                               only; those without one are a group of their own */

    /* The file that remembers what was read and compared, so that a screen goes on where an earlier
     * one was, and reads and compares only what is new. */
    const char *session; /* NULL: session.mdup in out_dir */
    bool no_session;     /* remember nothing */
    bool restart;        /* forget what the session holds */
    /* What frames and spectra may take, with the buffers of two threads, in bytes: what does not fit is made again, or read from the session file,
     * when it is needed.  0: a quarter of what the machine, control groups, Slurm or the shell allow, at the most 4 GB. */
    double memory_bytes;
} mdup_screen_options;

typedef struct {
    int64_t n_micrographs;
    int64_t
        n_read; /* of these in this run: of the others the session file knew what there is to know */
    int64_t n_judged; /* status ok or odd-size with others of the same size */
    int64_t n_not_judged;
    int64_t n_pairs_compared;
    int64_t n_overlap_pairs; /* significant pairs below min_overlap */
    int64_t n_duplicate_pairs;
    int64_t n_sets;
    int64_t n_removed;
    int64_t n_exact_copies; /* of the removed: those that hold the pixels of an earlier one */
    double
        spot_share; /* of the signal of the micrographs in Bragg spots: from 0.15 on they show a crystal */
    int32_t bin; /* of the first geometry */
    double read_s, compare_s, total_s;
} mdup_screen_summary;

/** Sets every optional field to its default. */
MDUP_PUBLIC void mdup_screen_options_init(mdup_screen_options *options);

/** Reads, compares, decides and writes the files described in microdup-output(5) into out_dir.
 * Blocks; uses n_threads threads; callbacks (may be NULL) are called on this one.  `summary` may be
 * NULL; written on success only.  False with *err set; then earlier results in out_dir are
 * untouched. */
MDUP_PUBLIC bool mdup_screen(const mdup_screen_options *options, const mdup_callbacks *callbacks,
                             mdup_screen_summary *summary, mdup_error **err) MDUP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
