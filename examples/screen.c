/* The whole of the library in one page: screen a list of micrographs, follow the progress, read the counts.
 *
 *     cc screen.c $(pkg-config --cflags --libs microdup) -o screen && ./screen corrected_micrographs.star results/ */
#include <stdio.h>

#include <microdup/screen.h>

static void print_line(void *user, mdup_log_level level, const char *line)
{
    (void)user;
    fprintf(level == MDUP_LOG_WARNING ? stderr : stdout, "%s\n", line);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: screen MICROGRAPHS.star FOLDER\n");
        return 2;
    }
    const char *inputs[] = {argv[1]};
    mdup_screen_options options;
    mdup_screen_options_init(&options);
    options.inputs = inputs;
    options.n_inputs = 1;
    options.out_dir = argv[2];

    mdup_callbacks callbacks = {.log = print_line};
    mdup_screen_summary summary;
    mdup_error *err = NULL;
    if (!mdup_screen(&options, &callbacks, &summary, &err)) {
        fprintf(stderr, "%s\n", mdup_error_get_message(err));
        mdup_error_clear(&err);
        return 1;
    }
    printf("%lld of %lld micrographs repeat an earlier one\n", (long long)summary.n_removed,
           (long long)summary.n_micrographs);
    return 0;
}
