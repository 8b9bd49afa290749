/* Replays files into a fuzz target without a fuzzing engine: each argument is a file, or a folder
 * whose files are replayed in the order of their names.  What the target does not survive ends the
 * program; the name of the input stands on stderr before. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/path.h"

/* The interface of libFuzzer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    mdup_error *err = NULL;
    size_t length;
    char *bytes = mdup_file_read(path, (size_t)1 << 30, &length, &err);
    /* The copy is as long as the input, so that a sanitizer sees a read of the byte behind it. */
    uint8_t *exact = bytes ? malloc(length ? length : 1) : NULL;
    if (!exact) {
        fprintf(stderr, "%s\n", err ? mdup_error_get_message(err) : "out of memory");
        mdup_error_clear(&err);
        free(bytes);
        return -1;
    }
    for (size_t i = 0; i < length; i++)
        exact[i] = (uint8_t)bytes[i];
    fprintf(stderr, "%s\n", path);
    (void)LLVMFuzzerTestOneInput(exact, length);
    free(exact);
    free(bytes);
    return 1;
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The number of inputs replayed, -1 when one could not be. */
static int replay_folder(const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, not_hidden, alphasort), replayed = 0;
    if (n < 0) {
        perror(path);
        return -1;
    }
    for (int i = 0; i < n; i++) {
        char *name = mdup_path_join(path, entries[i]->d_name, NULL);
        int done = name ? replay_file(name) : -1;
        replayed = replayed < 0 || done < 0 ? -1 : replayed + done;
        free(name);
        free(entries[i]);
    }
    free(entries);
    return replayed;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int n = mdup_path_is_directory(argv[i]) ? replay_folder(argv[i]) : replay_file(argv[i]);
        if (n < 0)
            return 1;
        total += n;
    }
    printf("%d inputs replayed\n", total);
    /* A corpus that is not there must not pass for one that holds. */
    return total > 0 ? 0 : 1;
}
