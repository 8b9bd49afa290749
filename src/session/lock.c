#include "session/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/number.h"
#include "base/path.h"
#include "base/strbuf.h"

const mdup_lock_times mdup_lock_usual_times = {.renew_s = 30, .stale_s = 120, .look_s = 1};

struct mdup_lock {
    char *path;          /* of the lock file */
    const char *guarded; /* of what it guards, for messages; behind path, in the same allocation */
    int fd;
    char *text; /* what stands in it */
    double renew_s;
    pthread_t renewer;
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    bool has_renewer, is_ending; /* is_ending under the mutex */
};

static const char TITLE[] = "microdup session lock";
enum { LARGEST_LOCK_bytes = 4096, HOST_bytes = 256 };

/* ---- who is who ---- */

static void host_name(char name[HOST_bytes])
{
    if (gethostname(name, HOST_bytes) != 0 || name[0] == '\0')
        memcpy(name, "unknown", sizeof "unknown");
    name[HOST_bytes - 1] = '\0';
}

static void put_first_line(mdup_strbuf *out, const char *path)
{
    size_t length;
    char *text = mdup_file_read(path, LARGEST_LOCK_bytes, &length, NULL);
    if (text)
        mdup_strbuf_append(out, text, strcspn(text, "\n"));
    free(text);
}

/* What tells machines of one name apart, and containers of one machine that do not see each other's processes.  Empty where the system does
 * not say it: then every process is taken for a distant one. */
static void put_machine(mdup_strbuf *out)
{
    char space[64] = "";
    ssize_t got = readlink("/proc/self/ns/pid", space, sizeof space - 1);
    if (got <= 0)
        return;
    put_first_line(out, "/proc/sys/kernel/random/boot_id");
    mdup_strbuf_printf(out, " %s", space);
}

/* When a process began, in ticks since the machine did: numbers of processes are used again.  0: not known. */
static int64_t start_of(int64_t pid)
{
    char path[64];
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&text, "/proc/%" PRId64 "/stat", pid);
    bool fits = !text.failed && text.length < sizeof path;
    if (fits)
        memcpy(path, text.text, text.length + 1);
    mdup_strbuf_free(&text);
    if (!fits)
        return 0;
    size_t length;
    char *stat = mdup_file_read(path, LARGEST_LOCK_bytes, &length, NULL);
    /* The second field is the program's name in brackets, which may hold anything; the start is the 22nd. */
    const char *at = stat ? strrchr(stat, ')') : NULL;
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    int64_t start = 0;
    if (at && !mdup_parse_int64(at + 1, strcspn(at + 1, " \n"), &start))
        start = 0;
    free(stat);
    return start;
}

/* Closing makes network file systems send it to the server, where others see it. */
static bool write_and_close(int fd, const char *text)
{
    bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    int reason = errno;
    bool closed = close(fd) == 0;
    errno = written ? errno : reason;
    return written && closed;
}

static char *describe_self(mdup_error **err)
{
    mdup_strbuf text = MDUP_STRBUF_INIT, *out = &text;
    char host[HOST_bytes], since[32];
    host_name(host);
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &utc);
    mdup_strbuf_printf(out,
                       "%s\nhost: %s\npid: %ld\nsince: %s\nstarted: %" PRId64 "\nmachine: ", TITLE,
                       host, (long)getpid(), since, start_of(getpid()));
    put_machine(out);
    mdup_strbuf_puts(out, "\n");
    if (mdup_strbuf_check(&text, err))
        return text.text;
    mdup_strbuf_free(&text);
    return NULL;
}

/* ---- a lock file that is there ---- */

typedef struct {
    dev_t device;
    ino_t inode;
    struct timespec renewed; /* by the clock of the file server */
    char *text;              /* may be anything: it is written after it is made */
} found_lock;

/* *there: there is one.  Opened anew each time, so that network file systems ask the server. */
static bool find_lock(const char *path, found_lock *found, bool *there, mdup_error **err)
{
    *found = (found_lock){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *there = fd >= 0;
    if (fd < 0)
        return errno == ENOENT ||
               mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    struct stat status = {0};
    if (fstat(fd, &status) != 0) {
        *there = false;
        close(fd);
        return mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be looked at: %s", path, strerror(errno));
    }
    char text[LARGEST_LOCK_bytes];
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    found->device = status.st_dev;
    found->inode = status.st_ino;
    found->renewed = status.st_mtim;
    found->text = mdup_strndup(text, got > 0 ? (size_t)got : 0, err);
    return found->text != NULL;
}

/* The rest of the line that begins with "key: "; NULL when there is none. */
static char *value_of(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && strncmp(line + length, ": ", 2) == 0)
            return mdup_strndup(line + length + 2, strcspn(line + length + 2, "\n"), NULL);
    }
    return NULL;
}

static bool value_equals(const char *text, const char *key, const char *wanted)
{
    char *value = value_of(text, key);
    bool equal = value && strcmp(value, wanted) == 0;
    free(value);
    return equal;
}

static int64_t number_of(const char *text, const char *key)
{
    char *value = value_of(text, key);
    int64_t number = 0;
    if (value && !mdup_parse_int64(value, strlen(value), &number))
        number = 0;
    free(value);
    return number;
}

static bool is_of_this_machine(const char *text)
{
    char host[HOST_bytes];
    host_name(host);
    mdup_strbuf machine = MDUP_STRBUF_INIT;
    put_machine(&machine);
    bool here = machine.text && machine.length > 1 && !machine.failed &&
                value_equals(text, "host", host) && value_equals(text, "machine", machine.text);
    mdup_strbuf_free(&machine);
    return here;
}

/* Of a process of this machine. */
static bool is_running(const char *text)
{
    int64_t pid = number_of(text, "pid"), started = number_of(text, "started");
    if (pid <= 0 || (kill((pid_t)pid, 0) != 0 && errno == ESRCH))
        return false;
    int64_t start_now = start_of(pid);
    return started == 0 || start_now == 0 || started == start_now;
}

static void put_holder(mdup_strbuf *out, const char *text)
{
    char *host = value_of(text, "host"), *since = value_of(text, "since");
    if (host && since)
        mdup_strbuf_printf(out, "process %" PRId64 " on %s, since %s", number_of(text, "pid"), host,
                           since);
    else
        mdup_strbuf_puts(out, "a process that has not said its name yet");
    free(host);
    free(since);
}

/* ---- time, as the file server has it ---- */

static double seconds_between(const struct timespec *from, const struct timespec *to)
{
    return (double)(to->tv_sec - from->tv_sec) + 1e-9 * (double)(to->tv_nsec - from->tv_nsec);
}

/* A file of our own beside the lock, without a name, whose time the server sets; clocks of hosts may be minutes apart. */
static int open_clock(const char *path, mdup_error **err)
{
    mdup_strbuf name = MDUP_STRBUF_INIT;
    char host[HOST_bytes];
    host_name(host);
    mdup_strbuf_printf(&name, "%s.%s.%ld", path, host, (long)getpid());
    if (!mdup_strbuf_check(&name, err)) {
        mdup_strbuf_free(&name);
        return -1;
    }
    int fd = open(name.text, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        (void)mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be made: %s", name.text, strerror(errno));
    else
        unlink(name.text);
    mdup_strbuf_free(&name);
    return fd;
}

static bool read_clock(int clock_fd, struct timespec *now)
{
    struct stat status;
    if (futimens(clock_fd, NULL) != 0 || fstat(clock_fd, &status) != 0)
        return false;
    *now = status.st_mtim;
    return true;
}

static void sleep_for(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds};
    time.tv_nsec = (long)(1e9 * (seconds - (double)time.tv_sec));
    nanosleep(&time, NULL);
}

/* ---- taking over ---- */

/* Those who want to remove one lock do it one after the other, each looking once more whether it is still the one it has judged. */
static bool remove_judged(const char *path, const found_lock *judged, double stale_s, int clock_fd,
                          mdup_error **err)
{
    mdup_strbuf turn = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&turn, "%s.break", path);
    if (!mdup_strbuf_check(&turn, err)) {
        mdup_strbuf_free(&turn);
        return false;
    }
    int fd = open(turn.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    bool ok = fd >= 0 || errno == EEXIST ||
              mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be made: %s", turn.text, strerror(errno));
    struct stat status;
    struct timespec now;
    if (fd >= 0) {
        close(fd);
        if (stat(path, &status) == 0 && status.st_ino == judged->inode &&
            status.st_dev == judged->device &&
            seconds_between(&judged->renewed, &status.st_mtim) == 0)
            unlink(path);
        unlink(turn.text);
    } else if (ok && stat(turn.text, &status) == 0 && read_clock(clock_fd, &now) &&
               seconds_between(&status.st_mtim, &now) > stale_s) {
        /* Somebody was killed in the few instructions above. */
        unlink(turn.text);
    }
    mdup_strbuf_free(&turn);
    return ok;
}

typedef enum { HOLDER_ALIVE, HOLDER_DEAD, HOLDER_UNKNOWN } holder_state;

static holder_state judge(const found_lock *found, const struct timespec *now, double stale_s)
{
    if (is_of_this_machine(found->text))
        return is_running(found->text) ? HOLDER_ALIVE : HOLDER_DEAD;
    return seconds_between(&found->renewed, now) >= stale_s ? HOLDER_DEAD : HOLDER_UNKNOWN;
}

static bool fail_held(const char *guarded, const char *text, mdup_error **err)
{
    mdup_strbuf holder = MDUP_STRBUF_INIT;
    put_holder(&holder, text);
    bool ok = mdup_strbuf_check(&holder, err);
    if (ok)
        (void)mdup_fail(err, MDUP_ERROR_INVALID,
                        "%s: the session is in use by %s; wait until that has ended, or give "
                        "another file with --session, or --no-session",
                        guarded, holder.text);
    mdup_strbuf_free(&holder);
    return false;
}

/* What a process that finds the lock taken remembers while it waits. */
typedef struct {
    const char *path, *guarded;
    mdup_lock_patience patience;
    const mdup_lock_times *times;
    const mdup_callbacks *callbacks;
    int clock_fd;
    bool has_seen, has_said;
    ino_t inode;             /* of the lock seen first */
    struct timespec renewed; /* when that had been renewed */
} waiting;

static void say_waiting(waiting *w, const char *text)
{
    mdup_strbuf holder = MDUP_STRBUF_INIT;
    put_holder(&holder, text);
    if (!w->has_said && !holder.failed)
        mdup_log(w->callbacks, MDUP_LOG_INFO,
                 "%s: the session was in use by %s; looking for up to %.0f s whether it still is",
                 w->guarded, holder.text, w->times->stale_s);
    w->has_said = true;
    mdup_strbuf_free(&holder);
}

/* One look at a lock that is there: waits a little, removes it, or fails because its holder lives. */
static bool look_at(waiting *w, const found_lock *found, mdup_error **err)
{
    struct timespec now;
    if (!read_clock(w->clock_fd, &now))
        return mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be looked at: %s", w->path,
                         strerror(errno));
    holder_state state = judge(found, &now, w->times->stale_s);
    bool is_first = !w->has_seen || w->inode != found->inode;
    if (state == HOLDER_UNKNOWN && !is_first && seconds_between(&w->renewed, &found->renewed) != 0)
        state = HOLDER_ALIVE;
    w->has_seen = true;
    w->inode = found->inode;
    w->renewed = found->renewed;
    if (state == HOLDER_ALIVE || (state == HOLDER_UNKNOWN && w->patience == MDUP_LOCK_NOW))
        return fail_held(w->guarded, found->text, err);
    if (state == HOLDER_DEAD)
        return remove_judged(w->path, found, w->times->stale_s, w->clock_fd, err);
    say_waiting(w, found->text);
    if (w->callbacks && w->callbacks->stop && w->callbacks->stop(w->callbacks->user))
        return mdup_fail(err, MDUP_ERROR_ABORTED, "stopped on request");
    sleep_for(w->times->look_s);
    return true;
}

/* *fd: the new lock file with `text` in it, or -1 when there is one already. */
static bool create(const char *path, const char *text, int *fd, mdup_error **err)
{
    int made = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    *fd = -1;
    if (made < 0)
        return errno == EEXIST ||
               mdup_fail(err, MDUP_ERROR_IO,
                         "%s: cannot be made: %s; the session needs a folder that can be written "
                         "to, --session FILE puts it elsewhere",
                         path, strerror(errno));
    if (write_and_close(made, text) && (*fd = open(path, O_RDWR | O_CLOEXEC)) >= 0)
        return true;
    (void)mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
    unlink(path);
    return false;
}

static bool wait_and_create(waiting *w, const char *text, int *fd, mdup_error **err)
{
    for (;;) {
        if (!create(w->path, text, fd, err))
            return false;
        if (*fd >= 0)
            return true;
        if (w->clock_fd < 0 && (w->clock_fd = open_clock(w->path, err)) < 0)
            return false;
        found_lock found;
        bool there;
        bool ok = find_lock(w->path, &found, &there, err) && (!there || look_at(w, &found, err));
        free(found.text);
        if (!ok)
            return false;
    }
}

/* ---- holding it ---- */

/* By what stands in it: numbers of inodes are used again. */
static bool is_ours(const mdup_lock *lock)
{
    found_lock found;
    bool there;
    bool ours =
        find_lock(lock->path, &found, &there, NULL) && there && strcmp(found.text, lock->text) == 0;
    free(found.text);
    return ours;
}

/* On the file as we made it: had another process put its own there, that is not touched. */
static void *renew(void *argument)
{
    mdup_lock *lock = argument;
    pthread_mutex_lock(&lock->mutex);
    while (!lock->is_ending) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        double at_s = (double)until.tv_nsec * 1e-9 + lock->renew_s;
        until.tv_sec += (time_t)at_s;
        until.tv_nsec = (long)((at_s - (double)(time_t)at_s) * 1e9);
        if (pthread_cond_timedwait(&lock->ended, &lock->mutex, &until) == ETIMEDOUT)
            (void)futimens(lock->fd, NULL);
    }
    pthread_mutex_unlock(&lock->mutex);
    return NULL;
}

static mdup_lock *make(const char *path, double renew_s, mdup_error **err)
{
    mdup_lock *lock = mdup_calloc(1, sizeof *lock, err);
    if (!lock)
        return NULL;
    size_t length = strlen(path);
    lock->path = mdup_calloc(2 * length + sizeof ".lock" + 1, 1, err);
    if (!lock->path) {
        free(lock);
        return NULL;
    }
    memcpy(lock->path, path, length);
    memcpy(lock->path + length, ".lock", sizeof ".lock");
    lock->guarded = memcpy(lock->path + length + sizeof ".lock", path, length);
    lock->renew_s = renew_s;
    lock->fd = -1;
    pthread_mutex_init(&lock->mutex, NULL);
    pthread_cond_init(&lock->ended, NULL);
    return lock;
}

mdup_lock *mdup_lock_take(const char *path, mdup_lock_patience patience,
                          const mdup_lock_times *times, const mdup_callbacks *callbacks,
                          mdup_error **err)
{
    mdup_lock *lock = make(path, times->renew_s, err);
    if (!lock)
        return NULL;
    waiting w = {.path = lock->path,
                 .guarded = lock->guarded,
                 .patience = patience,
                 .times = times,
                 .callbacks = callbacks,
                 .clock_fd = -1};
    bool ok = (lock->text = describe_self(err)) && wait_and_create(&w, lock->text, &lock->fd, err);
    if (w.clock_fd >= 0)
        close(w.clock_fd);
    lock->has_renewer = ok && pthread_create(&lock->renewer, NULL, renew, lock) == 0;
    if (ok && !lock->has_renewer)
        ok = mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be renewed: no thread could be made",
                       lock->path);
    if (ok)
        return lock;
    mdup_lock_release(lock);
    return NULL;
}

bool mdup_lock_check(mdup_lock *lock, mdup_error **err)
{
    if (is_ours(lock))
        return true;
    char *holder = mdup_lock_describe_holder(lock->guarded, &mdup_lock_usual_times);
    (void)mdup_fail(err, MDUP_ERROR_IO,
                    "%s: the session was taken over by %s, because this process stood still for "
                    "longer than two minutes; nothing is lost",
                    lock->guarded, holder ? holder : "another process");
    free(holder);
    return false;
}

const char *mdup_lock_path(const mdup_lock *lock)
{
    return lock->path;
}

void mdup_lock_release(mdup_lock *lock)
{
    if (!lock)
        return;
    if (lock->has_renewer) {
        pthread_mutex_lock(&lock->mutex);
        lock->is_ending = true;
        pthread_cond_signal(&lock->ended);
        pthread_mutex_unlock(&lock->mutex);
        pthread_join(lock->renewer, NULL);
    }
    if (lock->fd >= 0) {
        if (is_ours(lock))
            unlink(lock->path);
        close(lock->fd);
    }
    pthread_cond_destroy(&lock->ended);
    pthread_mutex_destroy(&lock->mutex);
    free(lock->text);
    free(lock->path);
    free(lock);
}

char *mdup_lock_describe_holder(const char *path, const mdup_lock_times *times)
{
    mdup_strbuf lock_path = MDUP_STRBUF_INIT, holder = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&lock_path, "%s.lock", path);
    found_lock found = {0};
    bool there = false;
    bool known = !lock_path.failed && find_lock(lock_path.text, &found, &there, NULL) && there;
    /* By our own clock: whoever only looks may have no place to write to. */
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (known && judge(&found, &now, times->stale_s) != HOLDER_DEAD)
        put_holder(&holder, found.text);
    free(found.text);
    mdup_strbuf_free(&lock_path);
    if (holder.failed) {
        mdup_strbuf_free(&holder);
        return NULL;
    }
    return holder.text;
}
