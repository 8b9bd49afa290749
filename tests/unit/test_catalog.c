/* Inputs of every kind, whole and broken, in a folder of their own. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/path.h"
#include "base/strbuf.h"
#include "catalog/catalog.h"
#include "catalog/resolve.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- a folder to work in ---- */

static char folder[] = "/tmp/mdup-catalog-XXXXXX";
static char start_folder[4096];
static char real_folder[512];

/* Removes what a folder holds; names with blanks and quotes in them included. */
static void remove_all(void)
{
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(system("chmod -R u+rwx . && find . -mindepth 1 -delete"), 0);
}

static int enter_folder(void **state)
{
    (void)state;
    if (!getcwd(start_folder, sizeof start_folder) || !mkdtemp(folder) || chdir(folder) != 0 ||
        !getcwd(real_folder, sizeof real_folder))
        return -1;
    return 0;
}

static int leave_folder(void **state)
{
    (void)state;
    return chdir(start_folder) != 0 || rmdir(folder) != 0;
}

static int start_empty(void **state)
{
    (void)state;
    remove_all();
    return 0;
}

static void write_bytes(const char *path, const void *bytes, size_t length)
{
    mdup_error *err = NULL;
    char *directory = mdup_path_directory(path, &err);
    assert_non_null(directory);
    assert_true(mdup_path_make_directory(directory, &err));
    free(directory);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void write_text(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

/* Empty files under these names, separated by '|'. */
static void touch(const char *paths)
{
    char copy[1024];
    assert_true(strlen(paths) < sizeof copy);
    memcpy(copy, paths, strlen(paths) + 1);
    for (char *at = copy; at;) {
        char *bar = strchr(at, '|');
        if (bar)
            *bar++ = '\0';
        write_text(at, "");
        at = bar;
    }
}

/* ---- building ---- */

static char log_text[8192];

static void take_line(void *user, mdup_log_level level, const char *line)
{
    (void)user;
    size_t used = strlen(log_text);
    (void)snprintf(log_text + used, sizeof log_text - used, "%s%s\n",
                   level == MDUP_LOG_WARNING ? "W " : "I ", line);
}

/* The inputs separated by '|'. */
static mdup_catalog *build(const char *inputs, mdup_order order, const char *project_dir,
                           mdup_error **err)
{
    char copy[1024];
    const char *list[16];
    size_t n = 0;
    assert_true(strlen(inputs) < sizeof copy);
    memcpy(copy, inputs, strlen(inputs) + 1);
    for (char *at = copy; at;) {
        char *bar = strchr(at, '|');
        if (bar)
            *bar++ = '\0';
        list[n++] = at;
        at = bar;
    }
    mdup_callbacks callbacks = {.log = take_line};
    mdup_catalog_options options = {.order = order, .project_dir = project_dir};
    log_text[0] = '\0';
    return mdup_catalog_build(list, n, &options, &callbacks, err);
}

static mdup_catalog *build_listed(const char *inputs)
{
    mdup_error *err = NULL;
    mdup_catalog *c = build(inputs, MDUP_ORDER_STAR, NULL, &err);
    if (!c)
        fail_msg("%s: %s", inputs, mdup_error_get_message(err));
    assert_null(err);
    return c;
}

static void check_failure(const char *inputs, mdup_error_code code, const char *message)
{
    mdup_error *err = NULL;
    mdup_catalog *c = build(inputs, MDUP_ORDER_STAR, NULL, &err);
    if (c)
        fail_msg("%s: accepted", inputs);
    assert_non_null(err);
    if (strcmp(mdup_error_get_message(err), message) != 0)
        fail_msg("%s: \"%s\"\n instead of \"%s\"", inputs, mdup_error_get_message(err), message);
    assert_int_equal(mdup_error_get_code(err), code);
    mdup_error_clear(&err);
    assert_null(build(inputs, MDUP_ORDER_STAR, NULL, NULL)); /* nobody need listen */
}

/* Builds in the order listed, and compares "name>path" of each micrograph, and what was logged. */
static void check_files(const char *inputs, const char *files, const char *logged)
{
    mdup_catalog *c = build_listed(inputs);
    mdup_strbuf text = MDUP_STRBUF_INIT;
    for (size_t i = 0; i < c->n; i++) {
        const mdup_micrograph *m = &c->micrographs[i];
        mdup_strbuf_printf(&text, "%s%s", i ? "|" : "", m->name);
        if (m->slice)
            mdup_strbuf_printf(&text, "[%d]", (int)m->slice);
        if (strcmp(m->name, m->path) != 0)
            mdup_strbuf_printf(&text, ">%s", m->path);
    }
    assert_string_equal(text.text, files);
    assert_string_equal(log_text, logged);
    mdup_strbuf_free(&text);
    mdup_catalog_free(c);
}

#define STAR_3_1                                                                                   \
    "\n# version 30001\n\ndata_optics\n\nloop_ \n_rlnOpticsGroupName #1 \n_rlnOpticsGroup #2 \n"   \
    "_rlnMicrographOriginalPixelSize #3 \n_rlnMicrographPixelSize #4 \n"                           \
    "opticsGroup1 1 0.5 1.0 \nopticsGroup2 2 0.5 2.0 \n \n\n# version 30001\n\n"                   \
    "data_micrographs\n\nloop_ \n_rlnMicrographName #1 \n_rlnOpticsGroup #2 \n"

/* A STAR file of one column of names. */
static void write_star(const char *path, const char *names)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&text, "data_\n\nloop_\n_rlnMicrographName #1\n%s\n", names);
    write_bytes(path, text.text, text.length);
    mdup_strbuf_free(&text);
}

/* ---- inputs that cannot be used ---- */

static void test_missing_inputs(void **state)
{
    (void)state;
    touch("a/file");
    check_failure("gone.star", MDUP_ERROR_MISSING, "gone.star: no such file or folder");
    check_failure("a/file/gone.star", MDUP_ERROR_MISSING,
                  "a/file/gone.star: no such file or folder");
    check_failure("", MDUP_ERROR_INVALID, "the name of an input is empty");
    check_failure("Movies/*.mrc", MDUP_ERROR_MISSING,
                  "Movies/*.mrc: no file matches this pattern; it is relative to the current "
                  "folder, and stands in quotes on the command line");
    check_failure(
        "a/f?le", MDUP_ERROR_INVALID,
        "a/f?le: the pattern matches 1 names, none of them a micrograph (.mrc, .map, .tif, "
        ".tiff, also .gz or .bz2); several STAR files are given by name, or by a pattern "
        "without quotes");
    check_failure("a/[a-e]*", MDUP_ERROR_MISSING,
                  "a/[a-e]*: no file matches this pattern; it is relative to the current folder, "
                  "and stands in quotes on the command line");
    check_failure("12@gone.mrcs", MDUP_ERROR_MISSING, "12@gone.mrcs: no such file or folder");
    check_failure("0@gone.mrcs", MDUP_ERROR_INVALID,
                  "0@gone.mrcs: images are counted from 1; the number before '@' is not one");
    mdup_error *err = NULL;
    mdup_catalog_options options = {.order = MDUP_ORDER_AUTO};
    assert_null(mdup_catalog_build(NULL, 0, &options, NULL, &err));
    assert_string_equal(
        mdup_error_get_message(err),
        "no input: give a STAR file, a list of names, a folder, a pattern in quotes "
        "or image files");
    mdup_error_clear(&err);
}

static void test_lists_of_other_things(void **state)
{
    (void)state;
    write_text("movies.star", "data_movies\nloop_\n_rlnMicrographMovieName\na.tif\n");
    write_text("motion.star",
               "data_general\n\n_rlnImageSizeX 5760\n_rlnMicrographMovieName a.tif\n\n"
               "data_global_shift\n\nloop_\n_rlnMicrographFrameNumber #1\n"
               "_rlnMicrographShiftX #2\n_rlnMicrographShiftY #3\n1 0.0 0.0\n");
    write_text("macos.star", "\rdata_\r\rloop_\r_rlnMicrographName\ra.mrc\r");
    write_text("particles.star",
               "data_particles\nloop_\n_rlnImageName\n_rlnMicrographName\n1@a.mrcs a.mrc\n");
    write_text("tomo.star", "data_global\nloop_\n_rlnTomoName\nTS_01\n");
    write_text("picks.star", "data_\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n1 2\n");
    write_text("job.star", "data_job\n\n_rlnJobType 99\n");
    write_text("empty.star", "\ndata_micrographs\n\nloop_\n_rlnMicrographName #1\n");
    write_text("nameless.star", "data_\n\nloop_\n_rlnMicrographName\n_rlnX\na.mrc 1\n\"\" 2\n");
    write_text("ragged.star", "data_\nloop_\n_rlnMicrographName\n_rlnX\n_rlnY\na.mrc 1\n");
    write_text("slice.star", "data_\nloop_\n_rlnMicrographName\na.mrc\n0@b.mrcs\n");
    check_failure("movies.star", MDUP_ERROR_UNSUPPORTED,
                  "movies.star: a list of movies; run motion correction and give its "
                  "corrected_micrographs.star");
    check_failure("motion.star", MDUP_ERROR_UNSUPPORTED,
                  "motion.star: the motion of one micrograph; give corrected_micrographs.star");
    check_failure("macos.star", MDUP_ERROR_UNSUPPORTED,
                  "macos.star: its lines end in CR alone; convert it with \"tr '\\r' '\\n'\"");
    check_failure("particles.star", MDUP_ERROR_UNSUPPORTED,
                  "particles.star: a list of particles; give the STAR file of the micrographs they "
                  "come from (corrected_micrographs.star or micrographs_ctf.star)");
    check_failure("tomo.star", MDUP_ERROR_UNSUPPORTED,
                  "tomo.star: a list of tilt series or tomograms; only single-particle micrographs "
                  "can be compared");
    check_failure("picks.star", MDUP_ERROR_UNSUPPORTED,
                  "picks.star: coordinates picked in micrographs; give the STAR file of the "
                  "micrographs (corrected_micrographs.star or micrographs_ctf.star)");
    check_failure("job.star", MDUP_ERROR_UNSUPPORTED,
                  "job.star: no table with the column rlnMicrographName; give "
                  "corrected_micrographs.star or micrographs_ctf.star");
    check_failure("empty.star", MDUP_ERROR_INVALID,
                  "empty.star: line 2: the table of micrographs has no rows");
    check_failure("nameless.star", MDUP_ERROR_PARSE,
                  "nameless.star: line 7: the name of the micrograph is empty");
    check_failure(
        "slice.star", MDUP_ERROR_INVALID,
        "slice.star: line 5: 0@b.mrcs: images are counted from 1; the number before '@' is "
        "not one");
    mdup_error *err = NULL;
    assert_null(build("ragged.star", MDUP_ORDER_AUTO, NULL, &err));
    assert_int_equal(mdup_error_get_code(err), MDUP_ERROR_PARSE);
    assert_int_equal(strncmp(mdup_error_get_message(err), "ragged.star: line 6: ", 21), 0);
    mdup_error_clear(&err);
}

static const char foreign[] = "; give a STAR file, a list of names, a folder or micrographs";
static const struct {
    const char *name, *bytes;
    size_t length;
    const char *message, *end;
} no_text[] = {
    {"exposures.cs", "PK\3\4", 4,
     "exposures.cs: not a cryoSPARC .cs file, which begins with \\x93NUMPY", ""},
    {"group.csg", "created: x\n", 11,
     "group.csg: names no results; give the .csg file of a cryoSPARC group", ""},
    {"numpy", "\x93NUMPY\1\0", 8, "numpy: cut short in its header, at 8 bytes", ""},
    {"dataset", "\x95\x43SDAT\1\0", 8,
     "dataset: a cryoSPARC dataset in the compressed format CSDAT",
     ", which is not read; write it as an ordinary .cs file with cryosparc-tools: "
     "Dataset.load('in.cs').save('out.cs')"},
    {"a.eer", "II+\0", 4,
     "a.eer: EER files are movies; give the micrographs that motion "
     "correction makes of them",
     ""},
    {"a.star.gz", "\x1f\x8b\x08\0", 4, "a.star.gz: this is compressed by gzip", foreign},
    {"a.hdf", "\x89HDF\r\n\x1a\n", 8, "a.hdf: this is an HDF5 file", foreign},
    {"list.txt", "\xff\xfe\x61\0", 4, "list.txt: this is text in UTF-16", foreign},
    {"a.dm4", "\0\0\0\4", 4, "a.dm4: neither text nor an MRC or TIFF image", foreign},
    {"zero.txt", "a.mrc\n\nb\0.mrc\n", 14, "zero.txt: neither text nor an MRC or TIFF image",
     foreign},
    {"empty.txt", "", 0, "empty.txt: the file is empty", ""},
    {"blank.txt", " \n\r\n# a.mrc\n\t#\n", 15,
     "blank.txt: holds no names, only blank lines and comments", ""},
    {"bom.txt", "\xEF\xBB\xBF\n", 4, "bom.txt: holds no names, only blank lines and comments", ""},
    {"notes.txt", "Session of Monday\nx.star\n", 25,
     "notes.txt: neither a STAR file (no data_ line) nor a list of micrographs (no line names "
     "one)",
     ""},
    {"headless.star", "a.mrc 1 2.5\nb.mrc 1 2.5\n", 24,
     "headless.star: neither a STAR file (no data_ line) nor a list of micrographs (no line "
     "names one)",
     ""},
    {"slice.txt", "\na.mrc\n0@b.mrcs\n", 16,
     "slice.txt: line 3: 0@b.mrcs: images are counted from 1; the number before '@' is not one",
     ""},
};

static void test_files_that_are_no_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(no_text); i++) {
        write_bytes(no_text[i].name, no_text[i].bytes, no_text[i].length);
        char message[300];
        (void)snprintf(message, sizeof message, "%s%s", no_text[i].message, no_text[i].end);
        mdup_error *err = NULL;
        assert_null(build(no_text[i].name, MDUP_ORDER_AUTO, NULL, &err));
        assert_string_equal(mdup_error_get_message(err), message);
        mdup_error_clear(&err);
    }
    /* Far behind the first bytes, where only the list itself is looked at. */
    enum { LENGTH = 5000 };
    char text[LENGTH];
    memset(text, '\n', LENGTH);
    text[LENGTH - 1] = '\0';
    write_bytes("late.txt", text, LENGTH);
    check_failure("late.txt", MDUP_ERROR_PARSE,
                  "late.txt: line 5000 holds a zero byte, which is in no file's name");
}

static void test_unreadable_inputs(void **state)
{
    (void)state;
    write_star("a.star", "a.mrc");
    touch("b/x.mrc");
    assert_int_equal(chmod("a.star", 0), 0);
    assert_int_equal(chmod("b", 0), 0);
    assert_int_equal(chmod(".", 0755), 0);
    const uid_t user = geteuid(), nobody = 65534;
    if (user == 0) /* root may read everything */
        assert_int_equal(seteuid(nobody), 0);
    check_failure("a.star", MDUP_ERROR_IO, "a.star: cannot be opened: Permission denied");
    check_failure("b", MDUP_ERROR_IO, "b: cannot be opened: Permission denied");
    check_failure("b/x.mrc", MDUP_ERROR_IO, "b/x.mrc: cannot be opened: Permission denied");
    assert_int_equal(seteuid(user), 0);
}

static void test_too_long_a_name(void **state)
{
    (void)state;
    char name[900];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    mdup_error *err = NULL;
    assert_null(build(name, MDUP_ORDER_AUTO, NULL, &err));
    assert_int_equal(mdup_error_get_code(err), MDUP_ERROR_IO);
    assert_string_equal(mdup_error_get_message(err) + strlen(name),
                        ": cannot be opened: File name too long");
    mdup_error_clear(&err);
}

static void test_folders_without_micrographs(void **state)
{
    (void)state;
    touch("a/x.star|a/x.mrcs|a/.hidden.mrc|a/sub/x.mrc|b/x_PS.mrc|b/y_EVN.mrc|c/note.txt");
    write_star("c/corrected_micrographs.star", "a.mrc");
    check_failure(
        "a", MDUP_ERROR_INVALID,
        "a: no micrographs (.mrc, .map, .tif, .tiff, also .gz or .bz2) in this folder; the "
        "folders in it are not searched, a pattern such as 'a/*/*.mrc' in quotes does "
        "that");
    check_failure("a/", MDUP_ERROR_INVALID,
                  "a/: no micrographs (.mrc, .map, .tif, .tiff, also .gz or .bz2) in this folder; "
                  "the folders in it are not searched, a pattern such as 'a/*/*.mrc' in quotes "
                  "does that");
    check_failure(
        "b", MDUP_ERROR_INVALID,
        "b: no micrographs (.mrc, .map, .tif, .tiff, also .gz or .bz2) in this folder; the "
        "folders in it are not searched, a pattern such as 'b/*/*.mrc' in quotes does "
        "that");
    check_failure("c", MDUP_ERROR_INVALID,
                  "c: no micrographs in this folder itself; give the list in it, "
                  "c/corrected_micrographs.star");
}

static void test_one_bad_input_among_good_ones(void **state)
{
    (void)state;
    touch("a.mrc|b.mrc");
    write_star("a.star", "a.mrc");
    check_failure("a.star|gone.star|b.mrc", MDUP_ERROR_MISSING,
                  "gone.star: no such file or folder");
    check_failure("b.mrc|gone.star|a.star", MDUP_ERROR_MISSING,
                  "gone.star: no such file or folder");
    check_failure("b.mrc|a.mrc|gone.mrc", MDUP_ERROR_MISSING, "gone.mrc: no such file or folder");
    mdup_error *err = NULL;
    assert_null(build("a.star", MDUP_ORDER_AUTO, "nowhere", &err));
    assert_string_equal(mdup_error_get_message(err),
                        "nowhere: no such folder (given with --project_dir)");
    mdup_error_clear(&err);
}

/* ---- what an input is ---- */

static mdup_source_kind kind_of(const char *input)
{
    mdup_catalog *c = build_listed(input);
    assert_int_equal(c->n_sources, 1);
    mdup_source_kind kind = c->sources[0].kind;
    assert_string_equal(c->sources[0].path, input);
    assert_int_equal(kind == MDUP_SOURCE_STAR, c->sources[0].star != NULL);
    assert_int_equal(kind == MDUP_SOURCE_STAR, c->sources[0].table != NULL);
    assert_int_equal(kind == MDUP_SOURCE_LIST, c->sources[0].text != NULL);
    mdup_catalog_free(c);
    return kind;
}

static void test_kinds_are_told_by_content(void **state)
{
    (void)state;
    touch("a.mrc|data_1.mrc|f/x.mrc|odd[1].mrc");
    write_star("star.txt", "a.mrc");
    write_star("noextension", "a.mrc");
    write_text("late.star",
               "# a comment\n\n   \n# data_ is no block here\n  data_micrographs\nloop_\n"
               "_rlnMicrographName\na.mrc\n");
    write_text("bom.star", "\xEF\xBB\xBF"
                           "data_\nloop_\n_rlnMicrographName\na.mrc\n");
    write_text("list.star", "a.mrc\n");
    write_text("data.txt", "data_1.mrc\ndata_gone.tif\nmydata_x\n");
    unsigned char mrc[1024] = {1};
    memcpy(mrc + 208, "MAP", 3);
    write_bytes("image.st", mrc, sizeof mrc);
    write_bytes("tiff.img", "II*\0", 4);
    write_text("text.mrc", "data_\nloop_\n");
    assert_int_equal(kind_of("star.txt"), MDUP_SOURCE_STAR);
    assert_int_equal(kind_of("noextension"), MDUP_SOURCE_STAR);
    assert_int_equal(kind_of("late.star"), MDUP_SOURCE_STAR);
    assert_int_equal(kind_of("bom.star"), MDUP_SOURCE_STAR);
    assert_int_equal(kind_of("list.star"), MDUP_SOURCE_LIST);
    assert_string_equal(log_text,
                        "W list.star: holds no data_ line and so is no STAR file; read as a "
                        "list of names, one a line\n");
    assert_int_equal(kind_of("data.txt"), MDUP_SOURCE_LIST);
    assert_int_equal(kind_of("f"), MDUP_SOURCE_FOLDER);
    assert_int_equal(kind_of("*.mrc"), MDUP_SOURCE_GLOB);
    assert_int_equal(kind_of("odd[1].mrc"), MDUP_SOURCE_IMAGE); /* such a file exists */
    assert_int_equal(kind_of("a.mrc"), MDUP_SOURCE_IMAGE);
    assert_int_equal(kind_of("image.st"), MDUP_SOURCE_IMAGE);
    assert_int_equal(kind_of("tiff.img"), MDUP_SOURCE_IMAGE);
    assert_int_equal(kind_of("text.mrc"), MDUP_SOURCE_IMAGE);
}

/* Starts a process that writes a text into the pipe. */
static pid_t feed_pipe(const char *text)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int fd = open("pipe", O_WRONLY);
        _exit(fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text));
    }
    return child;
}

static void wait_for(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_a_pipe_is_read_once(void **state)
{
    (void)state;
    touch("a.mrc");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    pid_t child = feed_pipe("data_\nloop_\n_rlnMicrographName\na.mrc\n");
    check_files("pipe", "a.mrc", "");
    wait_for(child);
    child = feed_pipe("a.mrc\n");
    check_files("pipe", "a.mrc", "");
    wait_for(child);
    child = feed_pipe("\x89HDF");
    mdup_error *err = NULL;
    assert_null(build("pipe", MDUP_ORDER_AUTO, NULL, &err));
    assert_string_equal(
        mdup_error_get_message(err),
        "pipe: this is an HDF5 file; give a STAR file, a list of names, a folder or "
        "micrographs");
    mdup_error_clear(&err);
    wait_for(child);
}

/* ---- lists ---- */

static void test_a_list_keeps_names_exactly(void **state)
{
    (void)state;
    touch("a.mrc|with blank.mrc|\xc3\xbc/\xff.mrc|d/b.mrc|quote'\".mrc|N_1.mrc");
    write_text("d/list.txt", "\xEF\xBB\xBF# names\r\n"
                             "a.mrc\r\n"
                             "\n"
                             "  with blank.mrc \t\n"
                             "\xc3\xbc/\xff.mrc\n"
                             "   # not this\n"
                             "b.mrc\n"
                             "quote'\".mrc\n"
                             "./N_1.mrc");
    check_files("d/list.txt",
                "a.mrc|with blank.mrc|\xc3\xbc/\xff.mrc|b.mrc>d/b.mrc|quote'\".mrc|./N_1.mrc", "");
    mdup_catalog *c = build_listed("d/list.txt");
    static const char *const lines[] = {"a.mrc\r\n", "  with blank.mrc \t\n", "\xc3\xbc/\xff.mrc\n",
                                        "b.mrc\n",   "quote'\".mrc\n",        "./N_1.mrc"};
    for (size_t i = 0; i < c->n; i++) {
        const mdup_micrograph *m = &c->micrographs[i];
        assert_int_equal(m->row, i);
        assert_int_equal(m->line_end - m->line_begin, strlen(lines[i]));
        assert_memory_equal(c->sources[0].text + m->line_begin, lines[i], strlen(lines[i]));
        assert_true(m->pixel_A == 0 && m->optics_group == 0);
    }
    mdup_catalog_free(c);
}

static void test_slices_and_forced_formats(void **state)
{
    (void)state;
    touch("s.mrcs|x.ctf|12@odd.mrc");
    write_text("list.txt", "000012@s.mrcs\n3@s.mrcs\nx.ctf:mrc\n@s.mrcs\n");
    check_files("list.txt", "000012@s.mrcs[12]>s.mrcs|3@s.mrcs[3]>s.mrcs|x.ctf:mrc>x.ctf|@s.mrcs",
                "");
    check_files("000012@s.mrcs|x.ctf:mrc|12@odd.mrc",
                "000012@s.mrcs[12]>s.mrcs|x.ctf:mrc>x.ctf|12@odd.mrc", "");
}

static void test_repeats_are_kept_and_told(void **state)
{
    (void)state;
    touch("a/x.mrc|b/x.mrc|s.mrcs");
    write_text("two.txt", "a/x.mrc\nb/x.mrc\n1@s.mrcs\n2@s.mrcs\n");
    check_files("two.txt", "a/x.mrc|b/x.mrc|1@s.mrcs[1]>s.mrcs|2@s.mrcs[2]>s.mrcs", "");
    write_text("one.txt", "a/x.mrc\nb/x.mrc\na/x.mrc\n");
    check_files("one.txt", "a/x.mrc|b/x.mrc|a/x.mrc",
                "W a/x.mrc is listed twice; the later entry will be removed as a copy\n");
    check_files(
        "one.txt|two.txt",
        "a/x.mrc|b/x.mrc|a/x.mrc|a/x.mrc|b/x.mrc|1@s.mrcs[1]>s.mrcs|2@s.mrcs[2]>s.mrcs",
        "W 3 entries name a micrograph that is listed before, the first is a/x.mrc; they will be "
        "removed as copies\n");
}

/* ---- paths ---- */

static void test_names_relative_to_the_project(void **state)
{
    (void)state;
    touch("p/default_pipeline.star|p/MotionCorr/job002/Movies/a.mrc|"
          "p/MotionCorr/job002/Movies/b c.mrc");
    write_star("p/MotionCorr/job002/corrected.star",
               "MotionCorr/job002/Movies/a.mrc\n\"MotionCorr/job002/Movies/b c.mrc\"");
    char expected[5000];
    (void)snprintf(expected, sizeof expected,
                   "MotionCorr/job002/Movies/a.mrc>%s/p/MotionCorr/job002/Movies/a.mrc|"
                   "MotionCorr/job002/Movies/b c.mrc>%s/p/MotionCorr/job002/Movies/b c.mrc",
                   real_folder, real_folder);
    check_files("p/MotionCorr/job002/corrected.star", expected, "");
    check_files("./p/MotionCorr/../MotionCorr//job002/./corrected.star", expected, "");
    char absolute[5000];
    (void)snprintf(absolute, sizeof absolute, "%s/p/MotionCorr/job002/corrected.star", real_folder);
    check_files(absolute, expected, "");
    /* From within the project, names are as written. */
    assert_int_equal(chdir("p"), 0);
    check_files("MotionCorr/job002/corrected.star",
                "MotionCorr/job002/Movies/a.mrc|MotionCorr/job002/Movies/b c.mrc", "");
    assert_int_equal(chdir("MotionCorr/job002"), 0);
    check_files("corrected.star", expected, "");
    assert_int_equal(chdir("Movies"), 0);
    check_files("../corrected.star", expected, "");
}

static void test_a_job_folder_that_is_a_link(void **state)
{
    (void)state;
    touch("p/default_pipeline.star|p/Import/a.mrc");
    write_star("scratch/job/x.star", "Import/a.mrc");
    assert_int_equal(mkdir("p/Select", 0777), 0);
    assert_int_equal(symlink("../../scratch/job", "p/Select/job005"), 0);
    char expected[5000];
    (void)snprintf(expected, sizeof expected, "Import/a.mrc>%s/p/Import/a.mrc", real_folder);
    check_files("p/Select/job005/x.star", expected, "");
}

static void test_the_order_of_places(void **state)
{
    (void)state;
    /* As written first, then the project, then beside the STAR. */
    touch("p/default_pipeline.star|p/j/a.mrc|p/j/b.mrc|p/j/c.mrc|p/b.mrc|p/c.mrc|c.mrc");
    write_star("p/j/c.star", "c.mrc");
    write_star("p/j/b.star", "b.mrc");
    write_star("p/j/a.star", "a.mrc");
    check_files("p/j/c.star", "c.mrc", "");
    char expected[5000];
    (void)snprintf(expected, sizeof expected, "b.mrc>%s/p/b.mrc", real_folder);
    check_files("p/j/b.star", expected, "");
    check_files("p/j/a.star", "a.mrc>p/j/a.mrc", "");
    assert_int_equal(mkdir("q", 0777), 0);
    check_files("q/../p/j/b.star", expected, "");
    /* A list knows no project. */
    write_text("p/j/b.txt", "b.mrc\n");
    check_files("p/j/b.txt", "b.mrc>p/j/b.mrc", "");
    write_text("p/j/c.txt", "c.mrc\n");
    check_files("p/j/c.txt", "c.mrc", "");
    /* Once a place was right it is asked first. */
    write_text("p/j/cbc.txt", "c.mrc\nb.mrc\nc.mrc\n");
    check_files("p/j/cbc.txt", "c.mrc|b.mrc>p/j/b.mrc|c.mrc>p/j/c.mrc", "");
}

static void test_project_dir_overrides(void **state)
{
    (void)state;
    touch("p/default_pipeline.star|p/a.mrc|q/a.mrc|b.mrc|a.mrc");
    write_star("p/a.star", "a.mrc\nb.mrc\ngone.mrc");
    write_text("list.txt", "a.mrc\n");
    mdup_error *err = NULL;
    mdup_catalog *c = build("p/a.star|list.txt", MDUP_ORDER_STAR, "q/", &err);
    assert_non_null(c);
    assert_string_equal(c->micrographs[0].path, "q/a.mrc");
    assert_string_equal(c->micrographs[1].path, "b.mrc");
    assert_string_equal(c->micrographs[2].path, "gone.mrc");
    assert_string_equal(c->micrographs[3].path, "q/a.mrc");
    mdup_catalog_free(c);
}

static void test_absolute_names(void **state)
{
    (void)state;
    touch("a.mrc");
    char names[9000], expected[9000];
    (void)snprintf(names, sizeof names, "%s/a.mrc\n/nowhere/b.mrc\n", real_folder);
    write_text("list.txt", names);
    (void)snprintf(expected, sizeof expected, "%s/a.mrc|/nowhere/b.mrc", real_folder);
    check_files("list.txt", expected, "");
}

static void test_missing_files_are_told_once(void **state)
{
    (void)state;
    touch("p/default_pipeline.star");
    write_star("p/j/a.star", "a.mrc\nb.mrc\nc.mrc");
    char expected[5000];
    (void)snprintf(expected, sizeof expected,
                   "W p/j/a.star: none of its files was found (3, the first is a.mrc); looked from "
                   "the current folder, %s/p, p/j; say with --project_dir which folder the names "
                   "are relative to\n",
                   real_folder);
    check_files("p/j/a.star", "a.mrc|b.mrc|c.mrc", expected);
    /* Single ones are told when they are read. */
    touch("p/j/b.mrc");
    check_files("p/j/a.star", "a.mrc|b.mrc>p/j/b.mrc|c.mrc", "");
}

/* A folder is not missing: who reads it tells what it is. */
static void test_folders_in_place_of_files(void **state)
{
    (void)state;
    touch("p/default_pipeline.star|p/b.mrc");
    write_star("p/j/a.star", "a.mrc\nb.mrc\nc.mrc");
    assert_int_equal(mkdir("p/j/a.mrc", 0777), 0);
    assert_int_equal(mkdir("b.mrc", 0777), 0);
    char expected[9000];
    (void)snprintf(expected, sizeof expected, "a.mrc>p/j/a.mrc|b.mrc>%s/p/b.mrc|c.mrc",
                   real_folder);
    check_files("p/j/a.star", expected, "");
    write_star("p/j/one.star", "a.mrc");
    check_files("p/j/one.star", "a.mrc>p/j/a.mrc", "");
}

/* ---- STAR files ---- */

static void test_star_rows_and_optics(void **state)
{
    (void)state;
    touch("a.mrc|b.mrc|c.mrc|d.mrc");
    write_text("x.star", STAR_3_1 "a.mrc 1 \nb.mrc 2 \nc.mrc 2.000000\n");
    mdup_catalog *c = build_listed("x.star");
    assert_string_equal(log_text, "");
    assert_int_equal(c->n, 3);
    static const double sizes_A[] = {1, 2, 2};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(c->micrographs[i].row, i);
        assert_int_equal(c->micrographs[i].source, 0);
        assert_int_equal(c->micrographs[i].optics_group, i == 0 ? 1 : 2);
        assert_true(c->micrographs[i].pixel_A == sizes_A[i]);
    }
    mdup_catalog_free(c);
}

/* Builds from this STAR text, and checks the first micrograph's pixel size and what was logged. */
static void check_pixel(const char *text, double pixel_A, const char *logged)
{
    write_text("x.star", text);
    mdup_catalog *c = build_listed("x.star");
    if (c->micrographs[0].pixel_A - pixel_A > 1e-12 || pixel_A - c->micrographs[0].pixel_A > 1e-12)
        fail_msg("%g instead of %g: %s", c->micrographs[0].pixel_A, pixel_A, text);
    assert_string_equal(log_text, logged);
    mdup_catalog_free(c);
}

#define OPTICS "data_optics\nloop_\n_rlnOpticsGroup\n"
#define GROUPED "data_micrographs\nloop_\n_rlnMicrographName\n_rlnOpticsGroup\n"

static void test_pixel_sizes(void **state)
{
    (void)state;
    touch("a.mrc|b.mrc");
    check_pixel(OPTICS "_rlnMicrographOriginalPixelSize\n1 0.5\n\n" GROUPED "a.mrc 1\n", 0.5, "");
    check_pixel(OPTICS "_rlnVoltage\n1 300\n\n" GROUPED "a.mrc 1\n", 0, "");
    check_pixel("data_optics\n_rlnOpticsGroup 7\n_rlnMicrographPixelSize 1.25\n\n" GROUPED
                "a.mrc 7\n",
                1.25, "");
    check_pixel("data_optics\n_rlnOpticsGroup 7\n_rlnMicrographPixelSize 1.25\n\n"
                "data_micrographs\n_rlnMicrographName a.mrc\n_rlnOpticsGroup 7\n",
                1.25, "");
    /* One group and no column for it: still no doubt; two: doubt. */
    check_pixel(OPTICS "_rlnMicrographPixelSize\n3 0.5\n\n"
                       "data_micrographs\nloop_\n_rlnMicrographName\na.mrc\n",
                0.5, "");
    check_pixel(OPTICS "_rlnMicrographPixelSize\n3 0.5\n4 0.5\n\n"
                       "data_micrographs\nloop_\n_rlnMicrographName\na.mrc\n",
                0, "");
    /* The first definition counts. */
    check_pixel(OPTICS "_rlnMicrographPixelSize\n2 9\n1 0.5\n1 0.7\n\n" GROUPED "a.mrc 1\n", 0.5,
                "");
    /* RELION 3.0: 5 um at 50000 times is 1 A. */
    check_pixel("data_\nloop_\n_rlnMicrographName\n_rlnDetectorPixelSize\n_rlnMagnification\n"
                "a.mrc 5.0 50000.0\n",
                1, "");
    check_pixel("data_\nloop_\n_rlnMicrographName\n_rlnDetectorPixelSize\na.mrc 5.0\n", 0, "");
    check_pixel("data_\nloop_\n_rlnMicrographName\n_rlnMicrographPixelSize\na.mrc 1.5\n", 1.5, "");
    check_pixel("data_\nloop_\n_rlnMicrographName\n_rlnOpticsGroup\n_rlnMicrographPixelSize\n"
                "a.mrc 1 1.5\n",
                1.5, "");
}

static void test_pixel_sizes_that_are_none(void **state)
{
    (void)state;
    touch("a.mrc|b.mrc");
    static const char *const bad[] = {"0", "-1.5", "nan", "inf", "one", "1.5A", "0x2", "1e999"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        char text[400], logged[300];
        (void)snprintf(text, sizeof text,
                       OPTICS "_rlnMicrographPixelSize\n1 %s\n\n" GROUPED "a.mrc 1\n", bad[i]);
        (void)snprintf(logged, sizeof logged,
                       "W x.star: line 5: the pixel size '%s' of optics group 1 is not a positive "
                       "number; it is taken as unknown\n",
                       bad[i]);
        check_pixel(text, 0, logged);
    }
    check_pixel(OPTICS "_rlnMicrographPixelSize\none 1.5\n\n" GROUPED "a.mrc 1\n", 0,
                "W x.star: line 5: the optics group 'one' is not a whole number; its pixel size is "
                "not used\n"
                "W x.star: optics group 1 is used but not defined in data_optics, which RELION "
                "refuses; the pixel size of 1 micrograph is taken as unknown\n");
    check_pixel(OPTICS "_rlnMicrographPixelSize\n1 1.5\n\n" GROUPED "a.mrc 3\nb.mrc 4\n", 0,
                "W x.star: optics group 3 is used but not defined in data_optics, which RELION "
                "refuses; the pixel size of 2 micrographs is taken as unknown\n");
    check_pixel(OPTICS "_rlnMicrographPixelSize\n1 1.5\n\n" GROUPED "a.mrc 1.5\nb.mrc x\n", 0,
                "W x.star: line 11: rlnOpticsGroup is not a whole number; the pixel size of 2 "
                "micrographs is taken as unknown\n");
    check_pixel("data_\nloop_\n_rlnMicrographName\n_rlnDetectorPixelSize\n_rlnMagnification\n"
                "a.mrc 5.0 0\nb.mrc -1 50000\n",
                0,
                "W x.star: line 6: the pixel size or magnification is not a positive number; the "
                "pixel size of 2 micrographs is taken as unknown\n");
    check_pixel("data_\nloop_\n_rlnMicrographName\n_rlnDetectorPixelSize\n_rlnMagnification\n"
                "a.mrc 1e300 1e-300\n",
                0, "");
}

static void test_forms_that_relion_refuses(void **state)
{
    (void)state;
    touch("a.mrc|b.mrc");
    write_text("crlf.star", "data_\r\nloop_\r\n_rlnMicrographName\r\na.mrc\r\nb.mrc\r\n");
    check_files("crlf.star", "a.mrc|b.mrc",
                "W crlf.star: its lines end in CR LF, which RELION refuses; convert the file with "
                "dos2unix\n");
    write_text("gap.star", "data_\nloop_\n_rlnMicrographName\na.mrc\n\nb.mrc\n");
    check_files("gap.star", "a.mrc|b.mrc",
                "W gap.star: line 6: a blank or comment line inside the table, behind which RELION "
                "reads no further; the rows behind it are used here\n");
    write_text("pairs.star", "data_micrographs\n\n_rlnMicrographName  \"a.mrc\"\n");
    check_files("pairs.star", "a.mrc", "");
}

static void test_several_inputs(void **state)
{
    (void)state;
    touch("m_1.mrc|m_2.mrc|m_3.mrc|m_10.mrc|f/m_0.mrc");
    write_star("second.star", "m_10.mrc\nm_3.mrc");
    write_star("first.star", "m_2.mrc\nm_1.mrc");
    check_files("second.star|first.star", "m_10.mrc|m_3.mrc|m_2.mrc|m_1.mrc", "");
    check_files("m_3.mrc|first.star|m_10.mrc|f", "m_3.mrc|m_2.mrc|m_1.mrc|m_10.mrc|f/m_0.mrc", "");
    mdup_error *err = NULL;
    mdup_catalog *c = build("second.star|first.star|m_3.mrc|m_1.mrc", MDUP_ORDER_AUTO, NULL, &err);
    assert_non_null(c);
    assert_int_equal(c->order_used, MDUP_ORDER_NATURAL);
    assert_int_equal(c->n_sources, 3); /* images in a row are one */
    static const struct {
        const char *name;
        size_t source, row;
    } expected[] = {{"m_1.mrc", 1, 1}, {"m_1.mrc", 2, 1}, {"m_2.mrc", 1, 0},
                    {"m_3.mrc", 0, 1}, {"m_3.mrc", 2, 0}, {"m_10.mrc", 0, 0}};
    assert_int_equal(c->n, COUNT(expected));
    for (size_t i = 0; i < c->n; i++) {
        assert_string_equal(c->micrographs[i].name, expected[i].name);
        assert_int_equal(c->micrographs[i].source, expected[i].source);
        assert_int_equal(c->micrographs[i].row, expected[i].row);
    }
    mdup_catalog_free(c);
}

/* ---- folders, patterns, images ---- */

static void test_a_folder(void **state)
{
    (void)state;
    touch("f/m_10.mrc|f/m_9.MRC|f/m_1.map|f/m_2.tif|f/m_3.TIFF|f/m_4.mrc.gz|f/m_5.mrc.bz2|f/"
          "\xc3\xbc 1.mrc|"
          "f/m_6.mrcs|f/m_7.txt|f/.m_8.mrc|f/sub/m_0.mrc|f/mrc");
    check_files("f",
                "f/m_1.map|f/m_2.tif|f/m_3.TIFF|f/m_4.mrc.gz|f/m_5.mrc.bz2|f/m_9.MRC|f/m_10.mrc|f/"
                "\xc3\xbc 1.mrc",
                "");
    check_files("f/",
                "f/m_1.map|f/m_2.tif|f/m_3.TIFF|f/m_4.mrc.gz|f/m_5.mrc.bz2|f/m_9.MRC|f/m_10.mrc|f/"
                "\xc3\xbc 1.mrc",
                "");
    assert_int_equal(chdir("f/sub"), 0);
    check_files(".", "m_0.mrc", "");
    mdup_catalog *c = build_listed(".");
    assert_int_equal(c->micrographs[0].row, 0);
    mdup_catalog_free(c);
}

static void test_versions_of_one_micrograph(void **state)
{
    (void)state;
    touch("relion/a_1.mrc|relion/a_1_noDW.mrc|relion/a_1_PS.mrc|relion/a_2.mrc|relion/a_2_noDW.mrc|"
          "relion/a_1_EVN.mrc|relion/a_1_ODD.mrc");
    check_files(
        "relion", "relion/a_1.mrc|relion/a_2.mrc",
        "I relion: left out 1 power spectra (_PS) and 2 half images (_EVN, _ODD)\n"
        "W relion: 2 micrographs are there in more than one version; took the likes of "
        "a_1.mrc and left those of a_1_noDW.mrc; give a list or a pattern in quotes to choose "
        "otherwise\n");
    check_files(
        "relion/*.mrc", "relion/a_1.mrc|relion/a_2.mrc",
        "I relion/*.mrc: left out 1 power spectra (_PS) and 2 half images (_EVN, _ODD)\n"
        "W relion/*.mrc: 2 micrographs are there in more than one version; took the likes of "
        "a_1.mrc and left those of a_1_noDW.mrc; give a list or a pattern in quotes to choose "
        "otherwise\n");
    check_files("relion/*_noDW.mrc", "relion/a_1_noDW.mrc|relion/a_2_noDW.mrc", "");
    check_files("relion/*_PS.mrc", "relion/a_1_PS.mrc", "");
    check_files("relion/*_EVN.mrc", "relion/a_1_EVN.mrc", "");
    check_files(
        "relion/a_2.mrc|relion/a_2_noDW.mrc|relion/a_1_PS.mrc", "relion/a_2.mrc",
        "I the command line: left out 1 power spectra (_PS) and 0 half images (_EVN, _ODD)\n"
        "W the command line: 1 micrograph is there in more than one version; took the likes "
        "of a_2.mrc and left those of a_2_noDW.mrc; give a list or a pattern in quotes to "
        "choose otherwise\n");
    /* A list is taken at its word. */
    write_text("list.txt", "relion/a_2.mrc\nrelion/a_2_noDW.mrc\nrelion/a_1_PS.mrc\n");
    check_files("list.txt", "relion/a_2.mrc|relion/a_2_noDW.mrc|relion/a_1_PS.mrc", "");
}

static void test_which_version_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *files, *taken;
    } cases[] = {
        {"f/x.mrc|f/x_DW.mrc", "f/x_DW.mrc"},
        {"f/x.mrc|f/x_DWS.mrc|f/x_noDW.mrc", "f/x.mrc"},
        {"f/1_patch_aligned.mrc|f/1_patch_aligned_doseweighted.mrc",
         "f/1_patch_aligned_doseweighted.mrc"},
        {"f/x.mrc|f/x.mrc.gz|f/x.tif", "f/x.mrc"},
        {"f/x.mrc.gz|f/x.tif", "f/x.mrc.gz"},
        {"f/x.tif|f/x_fractions.mrc", "f/x.tif"},
        {"f/x.mrc|f/x_Fractions.mrc", "f/x.mrc"},
        {"f/x_fractions.tiff|f/x_fractions_DW.mrc", "f/x_fractions_DW.mrc"},
        /* Not versions of each other. */
        {"f/x.mrc|f/x_1.mrc", "f/x.mrc|f/x_1.mrc"},
        {"f/000000000000000000001_x_DW.mrc|f/000000000000000000002_x.mrc",
         "f/000000000000000000001_x_DW.mrc|f/000000000000000000002_x.mrc"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        remove_all();
        touch(cases[i].files);
        mdup_catalog *c = build_listed("f");
        mdup_strbuf text = MDUP_STRBUF_INIT;
        for (size_t k = 0; k < c->n; k++)
            mdup_strbuf_printf(&text, "%s%s", k ? "|" : "", c->micrographs[k].name);
        assert_string_equal(text.text, cases[i].taken);
        mdup_strbuf_free(&text);
        mdup_catalog_free(c);
    }
    remove_all();
    touch("f/x.mrc|g/x_DW.mrc");
    check_files("?/*.mrc", "f/x.mrc|g/x_DW.mrc", ""); /* another folder, another micrograph */
    check_files("f/x.mrc|f/x.mrc", "f/x.mrc|f/x.mrc",
                "W f/x.mrc is listed twice; the later entry will be removed as a copy\n");
}

static void test_a_pattern(void **state)
{
    (void)state;
    touch("g 1/m_10.mrc|g 1/m_9.mrc|g 2/m_1.mrc|g 2/m_1.txt|g 2/.m_2.mrc");
    assert_int_equal(mkdir("g 2/dir.mrc", 0777), 0);
    check_files("g */*", "g 1/m_9.mrc|g 1/m_10.mrc|g 2/m_1.mrc", "");
    check_files("g [2]/m_?.mrc", "g 2/m_1.mrc", "");
}

/* ---- holes and times come through ---- */

static void test_times_and_holes(void **state)
{
    (void)state;
    touch("FoilHole_2_Data_8_9_20240101_000001.mrc|FoilHole_1_Data_8_9_20240101_000002.mrc|plain."
          "mrc");
    mdup_error *err = NULL;
    mdup_catalog *c = build("F*.mrc", MDUP_ORDER_AUTO, NULL, &err);
    assert_non_null(c);
    assert_string_equal(c->order_reason, "names hold EPU time stamps");
    assert_string_equal(c->micrographs[0].hole, "2");
    assert_string_equal(c->micrographs[0].shot, "8");
    assert_true(c->micrographs[0].has_time && c->micrographs[0].time_s == 1704067201.0);
    mdup_catalog_free(c);
    c = build_listed("plain.mrc");
    assert_null(c->micrographs[0].hole);
    assert_null(c->micrographs[0].shot);
    assert_false(c->micrographs[0].has_time);
    mdup_catalog_free(c);
    mdup_catalog_free(NULL);
}

/* ---- real data ---- */

/* Lies outside the tree; "" when it is not there. */
static char real_session[1000];

static void find_real_session(void)
{
    const char *shared = getenv("MDUP_SHARED");
    (void)snprintf(real_session, sizeof real_session, "%s/data/cu428/corrected_micrographs.star",
                   shared ? shared : "");
    if (!shared || !mdup_path_is_file(real_session))
        real_session[0] = '\0';
}

static void test_the_real_session(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    mdup_catalog *c = build(real_session, MDUP_ORDER_AUTO, NULL, &err);
    assert_non_null(c);
    assert_string_equal(log_text, "");
    assert_int_equal(c->n, 28);
    assert_string_equal(mdup_order_name(c->order_used), "natural");
    for (size_t i = 0; i < c->n; i++) {
        const mdup_micrograph *m = &c->micrographs[i];
        assert_true(m->pixel_A == 10.96 && m->optics_group == 1 && m->row == i);
        assert_true(mdup_path_is_file(m->path));
        assert_string_equal(m->hole, c->micrographs[i / 4 * 4].hole);
    }
    assert_string_equal(c->micrographs[0].hole, "CU428_04700_4");
    assert_string_equal(c->micrographs[20].hole, "CU428_04732_4");
    assert_string_equal(c->micrographs[23].shot, "4");
    mdup_catalog_free(c);
}

#define TEST(function) cmocka_unit_test_setup(function, start_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_missing_inputs),
        TEST(test_lists_of_other_things),
        TEST(test_files_that_are_no_text),
        TEST(test_unreadable_inputs),
        TEST(test_too_long_a_name),
        TEST(test_folders_without_micrographs),
        TEST(test_one_bad_input_among_good_ones),
        TEST(test_kinds_are_told_by_content),
        TEST(test_a_pipe_is_read_once),
        TEST(test_a_list_keeps_names_exactly),
        TEST(test_slices_and_forced_formats),
        TEST(test_repeats_are_kept_and_told),
        TEST(test_names_relative_to_the_project),
        TEST(test_a_job_folder_that_is_a_link),
        TEST(test_the_order_of_places),
        TEST(test_project_dir_overrides),
        TEST(test_absolute_names),
        TEST(test_missing_files_are_told_once),
        TEST(test_folders_in_place_of_files),
        TEST(test_star_rows_and_optics),
        TEST(test_pixel_sizes),
        TEST(test_pixel_sizes_that_are_none),
        TEST(test_forms_that_relion_refuses),
        TEST(test_several_inputs),
        TEST(test_a_folder),
        TEST(test_versions_of_one_micrograph),
        TEST(test_which_version_is_taken),
        TEST(test_a_pattern),
        TEST(test_times_and_holes),
        TEST(test_the_real_session),
    };
    find_real_session();
    if (!real_session[0])
        puts("# test_the_real_session is left out: MDUP_SHARED names no folder with data/cu428");
    size_t n_tests = COUNT(tests) - (real_session[0] ? 0 : 1);
    int failed = _cmocka_run_group_tests("tests", tests, n_tests, enter_folder, NULL);
    remove_all();
    return leave_folder(NULL) != 0 || failed;
}
