#include "flow/relion_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "formats/star.h"

static const char *const marks[] = {
    [MDUP_RELION_SUCCESS] = "RELION_JOB_EXIT_SUCCESS",
    [MDUP_RELION_FAILURE] = "RELION_JOB_EXIT_FAILURE",
    [MDUP_RELION_ABORTED] = "RELION_JOB_EXIT_ABORTED",
};
static const char ABORT_NOW[] = "RELION_JOB_ABORT_NOW";
static const char OUTPUT_NODES[] = "RELION_OUTPUT_NODES.star";

/* ---- which RELION ---- */

enum { FIRST_VERSION_OF_5 = 50001 };

/* `label` is what 4 and 5 write and 3.1 does not. */
static mdup_relion_version version_of(const mdup_star *star, const char *table_name,
                                      const char *label)
{
    const mdup_star_table *table = mdup_star_find(star, table_name);
    if (!table)
        return MDUP_RELION_AUTO;
    if (star->version >= FIRST_VERSION_OF_5)
        return MDUP_RELION_5;
    return mdup_star_column(table, label) >= 0 ? MDUP_RELION_4 : MDUP_RELION_3_1;
}

static bool read_version(const char *path, const char *table, const char *label,
                         mdup_relion_version *version, mdup_error **err)
{
    *version = MDUP_RELION_AUTO;
    if (!mdup_path_is_file(path))
        return true;
    mdup_star *star = mdup_star_read(path, err);
    if (!star)
        return false;
    *version = version_of(star, table, label);
    mdup_star_free(star);
    return true;
}

bool mdup_relion_find_version(const char *job_dir, mdup_relion_version *version, mdup_error **err)
{
    char *job = mdup_path_join(job_dir, "job.star", err);
    bool ok = job && read_version(job, "job", "rlnJobTypeLabel", version, err);
    free(job);
    if (ok && *version == MDUP_RELION_AUTO)
        ok = read_version("default_pipeline.star", "pipeline_processes",
                          "rlnPipeLineProcessTypeLabel", version, err);
    return ok;
}

/* ---- output nodes ---- */

typedef struct {
    const char *file;
    int type; /* of 3.1 */
    const char *label_4, *label_5;
} node;

static const node nodes[] = {
    {"micrographs.star", 1, "MicrographsData.star.relion", "MicrographGroupMetadata.star.relion"},
    {"logfile.pdf", 13, "LogFile.pdf.relion", "LogFile.pdf.relion"},
};

/* "External/job005/" as RELION knows the folder: names of nodes begin with the job's. */
static void put_job_name(mdup_strbuf *out, const char *job_dir)
{
    while (strncmp(job_dir, "./", 2) == 0)
        job_dir += 2;
    mdup_strbuf_puts(out, job_dir);
    size_t length = strlen(job_dir);
    if (length > 0 && job_dir[length - 1] != '/')
        mdup_strbuf_puts(out, "/");
}

void mdup_relion_output_nodes(const char *job_dir, mdup_relion_version version, mdup_strbuf *out)
{
    bool is_5 = version == MDUP_RELION_5 || version == MDUP_RELION_AUTO;
    mdup_strbuf_printf(out, "\n# version %d\n\ndata_output_nodes\n\nloop_ \n",
                       is_5 ? 50001 : 30001);
    mdup_strbuf_puts(out, "_rlnPipeLineNodeName #1 \n_rlnPipeLineNodeType #2 \n"
                          "_rlnPipeLineNodeTypeLabel #3 \n");
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
        mdup_strbuf name = MDUP_STRBUF_INIT;
        put_job_name(&name, job_dir);
        mdup_strbuf_puts(&name, nodes[i].file);
        if (name.text && mdup_path_is_file(name.text))
            mdup_strbuf_printf(out, "%s %d %s \n", name.text, nodes[i].type,
                               is_5 ? nodes[i].label_5 : nodes[i].label_4);
        out->failed |= name.failed;
        mdup_strbuf_free(&name);
    }
    mdup_strbuf_puts(out, " \n");
}

static bool write_nodes(const char *job_dir, mdup_relion_version version, mdup_error **err)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_relion_output_nodes(job_dir, version, &text);
    char *path = mdup_path_join(job_dir, OUTPUT_NODES, err);
    bool ok = path && mdup_strbuf_check(&text, err) &&
              mdup_file_replace(path, text.text, text.length, err);
    free(path);
    mdup_strbuf_free(&text);
    return ok;
}

/* ---- marks ---- */

static bool take_away(const char *dir, const char *name, mdup_error **err)
{
    char *path = mdup_path_join(dir, name, err);
    if (!path)
        return false;
    bool ok = unlink(path) == 0 || errno == ENOENT ||
              mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be removed: %s", path, strerror(errno));
    free(path);
    return ok;
}

/* RELION does so itself before it starts a job; not for one started by hand. */
static bool take_marks_away(const char *dir, mdup_error **err)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (!take_away(dir, marks[i], err))
            return false;
    return true;
}

bool mdup_relion_mark(const char *dir, mdup_relion_outcome outcome, mdup_error **err)
{
    if (!take_marks_away(dir, err))
        return false;
    char *path = mdup_path_join(dir, marks[outcome], err);
    bool ok = path && mdup_file_replace(path, "", 0, err);
    free(path);
    return ok;
}

/* ---- the job ---- */

static const time_t ABORT_INTERVAL_s = 5;

typedef struct {
    const mdup_callbacks *callbacks; /* of the caller */
    char *abort_path;
    struct timespec asked;
    bool was_asked, is_aborted;
} job;

static bool is_abort_asked(job *j)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!j->is_aborted && (!j->was_asked || now.tv_sec - j->asked.tv_sec >= ABORT_INTERVAL_s)) {
        j->was_asked = true;
        j->asked = now;
        j->is_aborted = access(j->abort_path, F_OK) == 0;
    }
    return j->is_aborted;
}

static bool job_stop(void *user)
{
    job *j = user;
    return is_abort_asked(j) ||
           (j->callbacks && j->callbacks->stop && j->callbacks->stop(j->callbacks->user));
}

static void job_log(void *user, mdup_log_level level, const char *line)
{
    job *j = user;
    if (j->callbacks && j->callbacks->log)
        j->callbacks->log(j->callbacks->user, level, line);
}

static void job_progress(void *user, const char *stage, int64_t done, int64_t total)
{
    job *j = user;
    if (j->callbacks && j->callbacks->progress)
        j->callbacks->progress(j->callbacks->user, stage, done, total);
}

static void job_bytes_read(void *user, int64_t bytes)
{
    job *j = user;
    if (j->callbacks && j->callbacks->bytes_read)
        j->callbacks->bytes_read(j->callbacks->user, bytes);
}

/* What is wrong with job.star is no reason to stop: only a label depends on it. */
static bool settle_version(const char *job_dir, mdup_relion_version *version,
                           const mdup_callbacks *callbacks, mdup_error **err)
{
    mdup_error *reason = NULL;
    if (*version != MDUP_RELION_AUTO || mdup_relion_find_version(job_dir, version, &reason))
        return true;
    if (mdup_error_get_code(reason) == MDUP_ERROR_NOMEM)
        return mdup_error_move(err, &reason);
    mdup_log(callbacks, MDUP_LOG_WARNING,
             "%s; the version of RELION is not known and taken as 5, give --relion_version",
             mdup_error_get_message(reason));
    mdup_error_clear(&reason);
    *version = MDUP_RELION_5;
    return true;
}

static bool check_star(const char *job_dir, mdup_error **err)
{
    char *path = mdup_path_join(job_dir, nodes[0].file, err);
    bool ok = path && (mdup_path_is_file(path) ||
                       mdup_fail(err, MDUP_ERROR_INVALID,
                                 "RELION needs a STAR file; give one as the input micrographs"));
    free(path);
    return ok;
}

static bool run_job(const mdup_screen_options *options, const char *control_dir,
                    mdup_relion_version version, job *j, mdup_screen_summary *summary,
                    mdup_error **err)
{
    const mdup_callbacks callbacks = {j, job_log, job_progress, job_stop, job_bytes_read};
    j->abort_path = mdup_path_join(control_dir, ABORT_NOW, err);
    if (!j->abort_path || !mdup_path_make_directory(options->out_dir, err) ||
        !take_marks_away(control_dir, err) || !take_away(options->out_dir, OUTPUT_NODES, err) ||
        !settle_version(options->out_dir, &version, &callbacks, err))
        return false;
    if (job_stop(j))
        return mdup_fail(err, MDUP_ERROR_ABORTED, "stopped before it began");
    return mdup_screen(options, &callbacks, summary, err) && check_star(options->out_dir, err) &&
           write_nodes(options->out_dir, version, err);
}

/* RELION's manual asks for both when a job was aborted: the mark, and the request taken away. */
static void mark_failure(const char *control_dir, bool is_aborted)
{
    (void)!mdup_relion_mark(control_dir, is_aborted ? MDUP_RELION_ABORTED : MDUP_RELION_FAILURE,
                            NULL);
    if (is_aborted)
        (void)!take_away(control_dir, ABORT_NOW, NULL);
}

bool mdup_relion_screen(const mdup_screen_options *options, const char *control_dir,
                        mdup_relion_version version, const mdup_callbacks *callbacks,
                        mdup_screen_summary *summary, mdup_error **err)
{
    job j = {.callbacks = callbacks};
    mdup_error *reason = NULL;
    bool ok = run_job(options, control_dir, version, &j, summary, &reason);
    bool is_aborted = !ok && mdup_error_get_code(reason) == MDUP_ERROR_ABORTED;
    if (ok)
        ok = mdup_relion_mark(control_dir, MDUP_RELION_SUCCESS, &reason);
    if (!ok)
        mark_failure(control_dir, is_aborted);
    free(j.abort_path);
    return ok || mdup_error_move(err, &reason);
}
