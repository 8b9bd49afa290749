/* A program of the user's, started for each event of a watch: one at a time, in their order. */
#ifndef TOOLS_ON_DUPLICATE_H
#define TOOLS_ON_DUPLICATE_H

#include <stdbool.h>
#include <sys/types.h>

#include <microdup/watch.h>

typedef struct {
    const char *command; /* NULL: there is none */
    char ***waiting;     /* argument lists, each ending in NULL; owned */
    size_t n, first, capacity;
    pid_t running; /* 0: none is */
    double began_s;
    const mdup_callbacks *callbacks; /* for warnings */
} on_duplicate;

/** Queues an event.  The program gets, without a shell: "duplicate", original, duplicate, overlap, shift x and y (px), log10 of the E-value; or
 *  "retracted", original, duplicate. */
void on_duplicate_add(on_duplicate *queue, const mdup_watch_event *event);

/** Sees to the program that is running, and starts the next; does not wait.  A program that takes longer than a minute is ended. */
void on_duplicate_step(on_duplicate *queue);

/** Runs what is left, for some seconds at the most, and frees. */
void on_duplicate_finish(on_duplicate *queue);

#endif
