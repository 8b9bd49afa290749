/* A session of a few small micrographs on the disk, and screens of it, for the tests of the session file. */
#ifndef MDUP_TESTS_SMALL_SESSION_H
#define MDUP_TESTS_SMALL_SESSION_H

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <microdup/screen.h>

#include "base/path.h"
#include "formats/mrc.h"
#include "texture.h"

enum { SMALL_NX = 64, SMALL_NY = 48, SMALL_MOST = 12 };

/** Removes a folder and the files in it. */
static inline void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        return;
    for (const struct dirent *e; (e = readdir(folder)) != NULL;) {
        char name[600];
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlink(name);
    }
    closedir(folder);
    rmdir(path);
}

/** Micrograph i of a folder, m<i>.mrc; every fourth shows the scene of the one before it. */
static inline void write_small(const char *folder, size_t i, uint64_t seed)
{
    enum { PIXELS = SMALL_NX * SMALL_NY };
    float *scene = make_scene(SMALL_NX, SMALL_NY, i % 4 == 3 ? i - 1 : i);
    static float pixels[PIXELS];
    for (size_t p = 0; p < PIXELS; p++)
        pixels[p] = scene[p] + 0.3f * (float)gaussian(&seed);
    free(scene);
    char path[600];
    snprintf(path, sizeof path, "%s/m%zu.mrc", folder, i);
    mdup_error *err = NULL;
    const bool ok = mdup_mrc_write(path, pixels, SMALL_NX, SMALL_NY, 1, MDUP_PIXEL_FLOAT32, &err);
    expect_no_error(&err);
    assert_true(ok);
}

/** A folder with n micrographs. */
static inline void make_small(const char *folder, size_t n)
{
    remove_folder(folder);
    assert_int_equal(mkdir(folder, 0777), 0);
    for (size_t i = 0; i < n; i++)
        write_small(folder, i, 500 + i);
}

/** folder/NAME with the first n micrographs, one a line. */
static inline void write_list(const char *folder, const char *name, size_t n)
{
    char path[600], text[100 * SMALL_MOST] = "";
    for (size_t i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "m%zu.mrc\n", i);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    write_file(path, text, strlen(text));
}

/** Screens a list into a folder; all E-values are reported, so that the tables hold something. */
static inline bool screen_small(const char *list, const char *out, bool no_session,
                                const mdup_callbacks *callbacks, mdup_error **err)
{
    mdup_screen_options o;
    mdup_screen_options_init(&o);
    o.inputs = &list;
    o.n_inputs = 1;
    o.out_dir = out;
    o.max_evalue = 50;
    o.min_overlap = 0.3;
    o.n_threads = 2;
    o.no_session = no_session;
    return mdup_screen(&o, callbacks, NULL, err);
}

static inline void must_screen(const char *list, const char *out, bool no_session)
{
    mdup_error *err = NULL;
    const bool ok = screen_small(list, out, no_session, NULL, &err);
    expect_no_error(&err);
    assert_true(ok);
}

static const char *const small_outputs[] = {"pairs.csv",       "duplicates.csv",
                                            "micrographs.csv", "micrographs.txt",
                                            "removed.txt",     "micrographs_removed.txt"};
enum { N_SMALL_OUTPUTS = sizeof small_outputs / sizeof *small_outputs };

static inline bool same_file(const char *folder_a, const char *folder_b, const char *name)
{
    char a[600], b[600];
    snprintf(a, sizeof a, "%s/%s", folder_a, name);
    snprintf(b, sizeof b, "%s/%s", folder_b, name);
    size_t length_a, length_b;
    uint8_t *bytes_a = read_file(a, &length_a), *bytes_b = read_file(b, &length_b);
    const bool same = length_a == length_b && memcmp(bytes_a, bytes_b, length_a) == 0;
    free(bytes_a);
    free(bytes_b);
    return same;
}

/** All outputs of two screens are the same, byte for byte. */
static inline void expect_same_outputs(const char *folder_a, const char *folder_b)
{
    for (size_t i = 0; i < N_SMALL_OUTPUTS; i++)
        if (!same_file(folder_a, folder_b, small_outputs[i]))
            fail_msg("%s differs in %s and %s", small_outputs[i], folder_a, folder_b);
}

static inline bool exists(const char *folder, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static inline void copy_file(const char *from, const char *to)
{
    size_t length;
    uint8_t *bytes = read_file(from, &length);
    write_file(to, bytes, length);
    free(bytes);
}

#endif
