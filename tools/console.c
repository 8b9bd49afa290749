#include "console.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "base/text.h"

/* A terminal is redrawn at most so often; a log gets a line a stage, and one in so many seconds in
 * between. */
static const double TERMINAL_INTERVAL_s = 0.1;
static const double LOG_INTERVAL_s = 30.0;

static volatile sig_atomic_t stop_requested;

static void on_signal(int number)
{
    (void)number;
    stop_requested = 1;
}

static void install_handlers(void)
{
    struct sigaction action = {0};
    action.sa_handler = on_signal;
    /* A second signal ends the program at once, should a read hang in a dead file system. */
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static double seconds_between(const struct timespec *from, const struct timespec *to)
{
    return (double)(to->tv_sec - from->tv_sec) + 1e-9 * (double)(to->tv_nsec - from->tv_nsec);
}

static bool may_colour(void)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    return !(no_colour && no_colour[0]) && !(term && strcmp(term, "dumb") == 0);
}

void console_init(console *c)
{
    bool colours = may_colour();
    *c = (console){.is_terminal = isatty(STDOUT_FILENO) == 1,
                   .has_colours = colours && isatty(STDOUT_FILENO) == 1,
                   .warns_in_colour = colours && isatty(STDERR_FILENO) == 1};
}

static void close_line(console *c)
{
    if (c->line_open)
        fputs(c->line_passes ? "\r\033[K" : "\n", stdout);
    c->line_open = c->line_passes = false;
}

static void print_time(const console *c, FILE *stream)
{
    char text[32];
    time_t now = time(NULL);
    struct tm local;
    if (c->with_time && localtime_r(&now, &local) &&
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S  ", &local) > 0)
        fputs(text, stream);
}

static const char BOLD[] = "\x1B[1m", YELLOW[] = "\x1B[33m", PLAIN[] = "\x1B[0m";

/* Names of files stand in these lines, and may hold what a terminal takes for an order. */
static void print_shown(FILE *stream, const char *before, const char *line, const char *after)
{
    mdup_strbuf shown = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&shown, "");
    mdup_text_show(&shown, line, "?");
    fprintf(stream, "%s%s%s\n", before, shown.text ? shown.text : "", after);
    mdup_strbuf_free(&shown);
}

static void on_log(void *user, mdup_log_level level, const char *line)
{
    console *c = user;
    close_line(c);
    if (level == MDUP_LOG_WARNING) {
        c->warnings++;
        fflush(stdout);
        print_time(c, stderr);
        fprintf(stderr, "%sWARNING:%s ", c->warns_in_colour ? YELLOW : "",
                c->warns_in_colour ? PLAIN : "");
        print_shown(stderr, "", line, "");
    } else {
        bool bold = level == MDUP_LOG_HEADLINE && c->has_colours;
        print_time(c, stdout);
        print_shown(stdout, bold ? BOLD : "", line, bold ? PLAIN : "");
    }
}

void console_show(console *c, const char *line)
{
    if (!c->is_terminal)
        return;
    if (c->line_open && !c->line_passes)
        putchar('\n');
    printf("\r%s\033[K", line);
    fflush(stdout);
    c->line_open = c->line_passes = true;
}

enum { BAR_WIDTH = 24 };

static void print_duration(double seconds)
{
    long s = (long)(seconds + 0.5);
    if (s >= 3600)
        printf("%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        printf("%ld:%02ld", s / 60, s % 60);
}

static void print_bytes_rate(double rate)
{
    printf(rate >= 1e9 ? "%.2f GB/s" : "%.0f MB/s", rate >= 1e9 ? rate / 1e9 : rate / 1e6);
}

static void print_rate(double rate)
{
    if (rate >= 1e6)
        printf("%.1f M/s", rate / 1e6);
    else if (rate >= 1e4)
        printf("%.0f k/s", rate / 1e3);
    else
        printf("%.*f/s", rate < 10 ? 1 : 0, rate);
}

/* At the pace of the later half of the time or more: a stage begins with what has to be done once (spectra, plans), by which the time left
 * of 1000 micrographs came out 60 % too long after the first tenth. */
static double seconds_left(console *c, int64_t done, int64_t total, double elapsed_s)
{
    if (elapsed_s >= 2 * c->marks[1].elapsed_s) {
        c->marks[0] = c->marks[1];
        c->marks[1] = (console_mark){elapsed_s, done};
    }
    double done_since = (double)(done - c->marks[0].done);
    if (done_since <= 0)
        return elapsed_s * (double)(total - done) / (double)(done - c->done_before);
    return (elapsed_s - c->marks[0].elapsed_s) * (double)(total - done) / done_since;
}

static void print_progress(console *c, const char *stage, int64_t done, int64_t total,
                           double elapsed_s)
{
    double share = total > 0 ? (double)done / (double)total : 1;
    if (c->is_terminal) {
        int filled = (int)(share * BAR_WIDTH);
        printf("\r%-10s [%.*s%*s] ", stage, filled, "########################", BAR_WIDTH - filled,
               "");
    } else {
        printf("%-10s ", stage);
    }
    printf("%lld/%lld (%.0f %%)", (long long)done, (long long)total, 100 * share);
    double done_now = (double)(done - c->done_before);
    if (elapsed_s > 0 && done_now > 0) {
        printf(", ");
        print_rate(done_now / elapsed_s);
        if (c->bytes_read > c->bytes_before) {
            printf(", ");
            print_bytes_rate((double)(c->bytes_read - c->bytes_before) / elapsed_s);
        }
    }
    if (done < total && done_now > 0) {
        printf(", ");
        print_duration(seconds_left(c, done, total, elapsed_s));
        printf(" left");
    } else if (done >= total) {
        printf(", ");
        print_duration(elapsed_s);
    }
    printf(c->is_terminal ? "\033[K" : "\n");
    fflush(stdout);
}

static void on_progress(void *user, const char *stage, int64_t done, int64_t total)
{
    console *c = user;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    bool new_stage = !c->stage || strcmp(c->stage, stage) != 0;
    if (!new_stage && c->stage_finished)
        return;
    if (new_stage) {
        close_line(c);
        c->stage_finished = false;
        c->stage = stage;
        c->stage_began = c->last_shown = now;
        c->done_before = done;
        c->marks[0] = c->marks[1] = (console_mark){0, done};
        c->bytes_before = c->bytes_read;
    }
    bool finished = done >= total;
    double interval = c->is_terminal ? TERMINAL_INTERVAL_s : LOG_INTERVAL_s;
    if (!finished && seconds_between(&c->last_shown, &now) < interval)
        return;
    c->last_shown = now;
    print_progress(c, stage, done, total, seconds_between(&c->stage_began, &now));
    c->line_open = c->is_terminal;
    if (finished) {
        close_line(c);
        c->stage_finished = true;
    }
}

static void on_bytes_read(void *user, int64_t bytes)
{
    console *c = user;
    c->bytes_read = bytes;
}

static bool on_stop(void *user)
{
    (void)user;
    return stop_requested != 0;
}

mdup_callbacks console_callbacks(console *c)
{
    install_handlers();
    return (mdup_callbacks){c, on_log, on_progress, on_stop, on_bytes_read};
}

int console_fail(console *c, const char *command, mdup_error **err, int status)
{
    close_line(c);
    fflush(stdout);
    if (*err && mdup_error_get_code(*err) == MDUP_ERROR_ABORTED)
        status = EXIT_USAGE_OR_ABORTED;
    fprintf(stderr, "%s: ", command);
    print_shown(stderr, "", *err ? mdup_error_get_message(*err) : "failed", "");
    mdup_error_clear(err);
    return status;
}

int console_finish(void)
{
    /* errno is not told: the write that failed may be long ago. */
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_DONE;
    fprintf(stderr, "microdup: the standard output could not be written; is the disk full?\n");
    return EXIT_FAILED;
}
