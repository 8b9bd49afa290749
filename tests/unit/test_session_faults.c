/* Every write of the session file fails in turn, or is the last thing the process does: the file stays whole, outputs are old or new and never
 * half, and the same screen then ends as if nothing had been. */
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "session/session.h"
#include "small_session.h"

/* ---- a file system that fails ---- */

typedef enum {
    NO_SPACE, /* this write, and all after it */
    SHORT,    /* half of the bytes go there first */
    IO_ERROR, /* once */
    DIES,     /* half of the bytes go there, then the process is killed */
    N_KINDS
} fault_kind;

static struct {
    bool armed;
    fault_kind kind;
    int at, seen; /* the at-th change of a file */
} fault;

/* The file of the system's VFS behind ours. */
typedef struct {
    sqlite3_file base;
    sqlite3_file *real;
} shim_file;

static sqlite3_vfs *real_vfs, shim_vfs;
static sqlite3_io_methods shim_methods;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((shim_file *)(void *)file)->real;
}

/* Whether this change is to fail. */
static bool is_hit(void)
{
    if (!fault.armed)
        return false;
    fault.seen++;
    return fault.seen == fault.at || (fault.seen > fault.at && fault.kind == NO_SPACE);
}

static int give_up(int usual)
{
    if (fault.kind == DIES)
        raise(SIGKILL);
    return fault.kind == NO_SPACE || fault.kind == SHORT ? SQLITE_FULL : usual;
}

static int shim_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    if (!is_hit())
        return real_of(file)->pMethods->xWrite(real_of(file), bytes, n, at);
    if (fault.kind == SHORT || fault.kind == DIES)
        real_of(file)->pMethods->xWrite(real_of(file), bytes, n / 2, at);
    return give_up(SQLITE_IOERR_WRITE);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return is_hit() ? give_up(SQLITE_IOERR_TRUNCATE)
                    : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    (void)file;
    (void)flags;
    /* No power fails here: what was written is there for the next process, also without waiting for the disk. */
    return is_hit() ? give_up(SQLITE_IOERR_FSYNC) : SQLITE_OK;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    return is_hit() ? give_up(SQLITE_IOERR_DELETE) : real_vfs->xDelete(real_vfs, name, sync);
}

static int shim_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    int status = real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
    free(real);
    return status;
}

static int shim_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), bytes, n, at);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int shim_lock(sqlite3_file *file, int lock)
{
    return real_of(file)->pMethods->xLock(real_of(file), lock);
}

static int shim_unlock(sqlite3_file *file, int lock)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), lock);
}

static int shim_reserved(sqlite3_file *file, int *is_reserved)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), is_reserved);
}

static int shim_control(sqlite3_file *file, int what, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), what, argument);
}

static int shim_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int shim_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    shim_file *shim = (shim_file *)(void *)file;
    shim->base.pMethods = NULL;
    shim->real = calloc(1, (size_t)real_vfs->szOsFile);
    int status =
        shim->real ? real_vfs->xOpen(real_vfs, name, shim->real, flags, out) : SQLITE_NOMEM;
    if (status == SQLITE_OK)
        shim->base.pMethods = &shim_methods;
    else
        free(shim->real);
    return status;
}

static void install_shim(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    shim_methods = (sqlite3_io_methods){.iVersion = 1,
                                        .xClose = shim_close,
                                        .xRead = shim_read,
                                        .xWrite = shim_write,
                                        .xTruncate = shim_truncate,
                                        .xSync = shim_sync,
                                        .xFileSize = shim_size,
                                        .xLock = shim_lock,
                                        .xUnlock = shim_unlock,
                                        .xCheckReservedLock = shim_reserved,
                                        .xFileControl = shim_control,
                                        .xSectorSize = shim_sector,
                                        .xDeviceCharacteristics = shim_characteristics};
    shim_vfs = *real_vfs;
    shim_vfs.zName = "fails";
    shim_vfs.szOsFile = (int)sizeof(shim_file);
    shim_vfs.xOpen = shim_open;
    shim_vfs.xDelete = shim_delete;
    assert_int_equal(sqlite3_vfs_register(&shim_vfs, 1), SQLITE_OK);
}

/* ---- screens under faults ---- */

static const char FOLDER[] = "session_faults", OUT[] = "session_faults_out",
                  FRESH[] = "session_faults_fresh", BASE[] = "session_faults_base.mdup";
enum { N_BEFORE = 6, N_AFTER = 8 };

/* Begins with nothing, or with a finished session of a shorter list. */
static void prepare(bool growing)
{
    remove_folder(OUT);
    if (!growing)
        return;
    assert_int_equal(mkdir(OUT, 0777), 0);
    copy_file(BASE, "session_faults_out/session.mdup");
}

/* In a process of its own; true when it lived to the end. */
static bool screen_in_child(void)
{
    fflush(stdout);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const bool ok = screen_small("session_faults/after.txt", OUT, false, NULL, NULL);
        _exit(ok ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
    return WIFEXITED(status);
}

static bool screen_here(void)
{
    mdup_error *err = NULL;
    const bool ok = screen_small("session_faults/after.txt", OUT, false, NULL, &err);
    if (!ok) {
        assert_int_equal(mdup_error_get_code(err), MDUP_ERROR_IO);
        assert_non_null(strstr(mdup_error_get_message(err), "session.mdup: "));
        mdup_error_clear(&err);
    }
    return ok;
}

/* Every output is there as it should be in the end, or is not there. */
static void expect_no_half_outputs(void)
{
    for (size_t i = 0; i < N_SMALL_OUTPUTS; i++)
        if (exists(OUT, small_outputs[i]))
            assert_true(same_file(OUT, FRESH, small_outputs[i]));
}

/* A reader finds a result, or none, or no session yet; but never damage. */
static void expect_whole_file(void)
{
    mdup_error *err = NULL;
    mdup_session_result result = {0};
    mdup_session *session = mdup_session_open("session_faults_out/session.mdup", &err);
    if (session && mdup_session_load_result(session, &result, &err))
        assert_true(result.catalog->n == N_BEFORE || result.catalog->n == N_AFTER);
    if (err) {
        const mdup_error_code code = mdup_error_get_code(err);
        if (code != MDUP_ERROR_MISSING && code != MDUP_ERROR_INVALID)
            fail_msg("%s", mdup_error_get_message(err));
    }
    mdup_error_clear(&err);
    mdup_session_result_clear(&result);
    mdup_session_close(session);
}

/* Sanitizers make everything slower, and look at other things: for them every fifth. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STEP = 5 };
#else
enum { STEP = 1 };
#endif

static int fail_each_in_turn(fault_kind kind, bool growing)
{
    for (int at = 1;; at += STEP) {
        prepare(growing);
        fault.armed = true;
        fault.kind = kind;
        fault.at = at;
        fault.seen = 0;
        const bool finished = kind == DIES ? screen_in_child() : screen_here();
        const bool was_hit = kind == DIES ? !finished : fault.seen >= at;
        fault.armed = false;
        expect_no_half_outputs();
        expect_whole_file();
        must_screen("session_faults/after.txt", OUT, false);
        expect_same_outputs(OUT, FRESH);
        if (!was_hit)
            return at;
    }
}

/* In memory, where there is a folder of that kind: a thousand screens wait for the disk some seconds each otherwise. */
static char scratch[] = "/dev/shm/microdup-faults-XXXXXX";
static bool has_scratch;

static int make_everything(void **state)
{
    (void)state;
    has_scratch = mkdtemp(scratch) != NULL && chdir(scratch) == 0;
    make_small(FOLDER, N_AFTER);
    write_list(FOLDER, "before.txt", N_BEFORE);
    write_list(FOLDER, "after.txt", N_AFTER);
    remove_folder(FRESH);
    must_screen("session_faults/after.txt", FRESH, true);
    remove_folder(OUT);
    must_screen("session_faults/before.txt", OUT, false);
    copy_file("session_faults_out/session.mdup", BASE);
    install_shim();
    return 0;
}

static int remove_everything(void **state)
{
    (void)state;
    remove_folder(FOLDER);
    remove_folder(OUT);
    remove_folder(FRESH);
    unlink(BASE);
    if (has_scratch)
        rmdir(scratch);
    return 0;
}

/* So many changes of files there are, at least, in a screen so short that it is one commit: 29, and 88 of a session that grows, as its
 * journal holds what was there. */
enum { LEAST_CHANGES = 20, LEAST_CHANGES_GROWING = 60 };

#define TEST_OF(name, kind, growing)                                                               \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        assert_true(fail_each_in_turn(kind, growing) >=                                            \
                    (growing ? LEAST_CHANGES_GROWING : LEAST_CHANGES));                            \
    }
TEST_OF(no_space_from_some_write_on, NO_SPACE, false)
TEST_OF(short_writes, SHORT, false)
TEST_OF(io_errors, IO_ERROR, false)
TEST_OF(killed_in_any_write, DIES, false)
TEST_OF(growing_with_no_space, NO_SPACE, true)
TEST_OF(growing_with_short_writes, SHORT, true)
TEST_OF(growing_with_io_errors, IO_ERROR, true)
TEST_OF(growing_and_killed_in_any_write, DIES, true)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_space_from_some_write_on),
        cmocka_unit_test(short_writes),
        cmocka_unit_test(io_errors),
        cmocka_unit_test(killed_in_any_write),
        cmocka_unit_test(growing_with_no_space),
        cmocka_unit_test(growing_with_short_writes),
        cmocka_unit_test(growing_with_io_errors),
        cmocka_unit_test(growing_and_killed_in_any_write),
    };
    return cmocka_run_group_tests(tests, make_everything, remove_everything);
}
