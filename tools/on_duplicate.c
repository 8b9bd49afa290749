#include "on_duplicate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/strbuf.h"

extern char **environ;

static const double LONGEST_RUN_s = 60, LONGEST_END_s = 10;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- the queue ---- */

enum { MOST_ARGUMENTS = 8 };

static void free_arguments(char **arguments)
{
    for (size_t i = 0; arguments && arguments[i]; i++)
        free(arguments[i]);
    free(arguments);
}

static char *text_of(double value, int decimals)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&text, "%.*f", decimals, value);
    if (!text.failed)
        return text.text;
    mdup_strbuf_free(&text);
    return NULL;
}

/* NULL when memory runs out. */
static char **make_arguments(const char *command, const mdup_watch_event *e)
{
    char **arguments = mdup_calloc(MOST_ARGUMENTS + 1, sizeof *arguments, NULL);
    if (!arguments)
        return NULL;
    size_t n = e->is_retracted ? 4 : MOST_ARGUMENTS;
    arguments[0] = mdup_strdup(command, NULL);
    arguments[1] = mdup_strdup(e->is_retracted ? "retracted" : "duplicate", NULL);
    arguments[2] = mdup_strdup(e->original, NULL);
    arguments[3] = mdup_strdup(e->duplicate, NULL);
    if (!e->is_retracted) {
        arguments[4] = text_of(e->overlap, 4);
        arguments[5] = text_of(e->shift_x_px, 2);
        arguments[6] = text_of(e->shift_y_px, 2);
        arguments[7] = text_of(e->log10_evalue, 2);
    }
    for (size_t i = 0; i < n; i++)
        if (!arguments[i]) {
            for (size_t k = i + 1; k < n; k++)
                free(arguments[k]);
            free_arguments(arguments);
            return NULL;
        }
    return arguments;
}

void on_duplicate_add(on_duplicate *q, const mdup_watch_event *event)
{
    if (!q->command)
        return;
    char **arguments = make_arguments(q->command, event);
    if (!arguments ||
        !mdup_grow((void **)&q->waiting, &q->capacity, q->n + 1, sizeof *q->waiting, NULL)) {
        mdup_log(q->callbacks, MDUP_LOG_WARNING, "%s: out of memory: not called for %s", q->command,
                 event->duplicate);
        free_arguments(arguments);
        return;
    }
    q->waiting[q->n++] = arguments;
}

/* ---- one run ---- */

/* In a group of its own, so that what it starts can be ended with it, and Ctrl-C is for the watch alone.  Its output goes to stderr: stdout has one line an
 * event. */
static int spawn(const char *command, char **arguments, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGTERM);
    sigaddset(&usual, SIGPIPE);
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return failed;
    if ((failed = posix_spawnattr_init(&attributes)) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return failed;
    }
    if ((failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
                                                   0)) == 0 &&
        (failed = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)) == 0 &&
        (failed = posix_spawnattr_setpgroup(&attributes, 0)) == 0 &&
        (failed = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
        (failed = posix_spawnattr_setsigdefault(&attributes, &usual)) == 0 &&
        (failed =
             posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                       POSIX_SPAWN_SETSIGDEF)) == 0)
        failed = posix_spawnp(pid, command, &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static void start_next(on_duplicate *q)
{
    char **arguments = q->waiting[q->first];
    q->waiting[q->first++] = NULL;
    int failed = spawn(q->command, arguments, &q->running);
    if (failed) {
        q->running = 0;
        mdup_log(q->callbacks, MDUP_LOG_WARNING, "%s: cannot be run for %s: %s", q->command,
                 arguments[3], strerror(failed));
    }
    q->began_s = now_s();
    free_arguments(arguments);
}

static void report_end(const on_duplicate *q, int status)
{
    if (WIFSIGNALED(status))
        mdup_log(q->callbacks, MDUP_LOG_WARNING, "%s: ended by signal %d", q->command,
                 WTERMSIG(status));
    else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        mdup_log(q->callbacks, MDUP_LOG_WARNING, "%s: exit status %d", q->command,
                 WEXITSTATUS(status));
}

static void kill_running(on_duplicate *q, double after_s)
{
    mdup_log(q->callbacks, MDUP_LOG_WARNING, "%s: not done after %.0f s, and ended", q->command,
             after_s);
    kill(-q->running, SIGKILL);
    while (waitpid(q->running, NULL, 0) < 0 && errno == EINTR)
        ;
    q->running = 0;
}

static void reap(on_duplicate *q)
{
    int status;
    pid_t ended = waitpid(q->running, &status, WNOHANG);
    if (ended == 0) {
        if (now_s() - q->began_s > LONGEST_RUN_s)
            kill_running(q, LONGEST_RUN_s);
        return;
    }
    if (ended == q->running)
        report_end(q, status);
    else if (errno == EINTR)
        return;
    q->running = 0;
}

void on_duplicate_step(on_duplicate *q)
{
    if (q->running > 0)
        reap(q);
    if (q->running == 0 && q->first < q->n)
        start_next(q);
}

void on_duplicate_finish(on_duplicate *q)
{
    double end_s = now_s() + LONGEST_END_s;
    while ((q->running > 0 || q->first < q->n) && now_s() < end_s) {
        on_duplicate_step(q);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    if (q->running > 0)
        kill_running(q, now_s() - q->began_s);
    if (q->first < q->n)
        mdup_log(q->callbacks, MDUP_LOG_WARNING, "%s: not called for the last %zu", q->command,
                 q->n - q->first);
    for (size_t i = q->first; i < q->n; i++)
        free_arguments(q->waiting[i]);
    free(q->waiting);
    q->waiting = NULL;
    q->n = q->first = q->capacity = 0;
}
