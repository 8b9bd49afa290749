/* Paths, folders, whole files in and out. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "image_test.h"
#include "skip.h"

/* ---- a folder of one's own ---- */

static char folder[] = "/tmp/mdup-path-XXXXXX";
static char start_folder[4096];

static int enter_folder(void **state)
{
    (void)state;
    return !getcwd(start_folder, sizeof start_folder) || !mkdtemp(folder) ||
           chmod(folder, 0777) != 0 || chdir(folder) != 0;
}

static int clear_folder(void **state)
{
    (void)state;
    return system("chmod -R u+rwx . && find . -mindepth 1 -delete");
}

static int leave_folder(void **state)
{
    (void)state;
    return chdir(start_folder) != 0 || rmdir(folder) != 0;
}

static size_t count_entries(const char *path)
{
    DIR *directory = opendir(path);
    assert_non_null(directory);
    size_t n = 0;
    for (const struct dirent *entry; (entry = readdir(directory));)
        n += entry->d_name[0] != '.';
    closedir(directory);
    return n;
}

static void expect_file(const char *path, const char *text)
{
    size_t length = 0;
    uint8_t *bytes = read_file(path, &length);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(bytes, text, length);
    free(bytes);
}

/* ---- names ---- */

static void names_are_joined(void **state)
{
    (void)state;
    const char *const cases[][3] = {
        {"a", "b.mrc", "a/b.mrc"},
        {"a/", "b", "a/b"},
        {"a//", "b", "a/b"},
        {"/", "b", "/b"},
        {"", "b", "b"},
        {".", "b", "b"},
        {"a", "/b", "/b"},
        {"..", "b", "../b"},
        {"a/b", "c/d", "a/b/c/d"},
        {"./a", "b", "./a/b"},
        {"a b\n", "%s", "a b\n/%s"},
        {"", "/b", "/b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mdup_error *err = NULL;
        char *path = mdup_path_join(cases[i][0], cases[i][1], &err);
        assert_string_equal(path, cases[i][2]);
        free(path);
    }
}

static void names_are_taken_apart(void **state)
{
    (void)state;
    const char *const cases[][3] = {
        {"a/b", "a", "b"}, {"b", ".", "b"},     {"/x", "/", "x"}, {"a/b/c", "a/b", "c"},
        {"", ".", ""},     {"/a/b", "/a", "b"}, {"a/", "a", ""},  {"./b", ".", "b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mdup_error *err = NULL;
        char *directory = mdup_path_directory(cases[i][0], &err);
        assert_string_equal(directory, cases[i][1]);
        free(directory);
        const char *base = mdup_path_base(cases[i][0]);
        assert_string_equal(base, cases[i][2]);
        assert_ptr_equal(base, cases[i][0] + strlen(cases[i][0]) - strlen(base));
    }
}

static void files_and_folders_are_told_apart(void **state)
{
    (void)state;
    write_file("file", "x", 1);
    assert_int_equal(mkdir("dir", 0777), 0);
    assert_int_equal(symlink("file", "to_file"), 0);
    assert_int_equal(symlink("dir", "to_dir"), 0);
    assert_int_equal(symlink("nothing", "to_nothing"), 0);
    assert_int_equal(mkfifo("pipe", 0666), 0);
    const struct {
        const char *path;
        bool is_file, is_directory;
    } cases[] = {{"file", true, false},   {"dir", false, true},         {"to_file", true, false},
                 {"to_dir", false, true}, {"to_nothing", false, false}, {"nothing", false, false},
                 {"pipe", true, false},   {"file/x", false, false},     {"", false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(mdup_path_is_file(cases[i].path), cases[i].is_file);
        assert_int_equal(mdup_path_is_directory(cases[i].path), cases[i].is_directory);
    }
}

/* ---- folders ---- */

static void folders_are_made_with_those_above(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    char absolute[200];
    (void)snprintf(absolute, sizeof absolute, "%s/abs/x", folder);
    const char *const paths[] = {"a/b/c", "a/b/c", "a", "./d/", "e//f/../g", absolute, "/", "."};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        bool made = mdup_path_make_directory(paths[i], &err);
        expect_no_error(&err);
        assert_true(made);
        assert_true(mdup_path_is_directory(paths[i]));
    }
    assert_int_equal(mkdir("real", 0777), 0);
    assert_int_equal(symlink("real", "link"), 0);
    assert_true(mdup_path_make_directory("link/x", &err));
    assert_true(mdup_path_is_directory("real/x"));
}

static void folders_that_cannot_be_made(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    write_file("file", "x", 1);
    assert_false(mdup_path_make_directory("file", &err));
    expect_error(&err, MDUP_ERROR_IO, "file: is a file, not a folder; give another name");
    assert_false(mdup_path_make_directory("file/sub", &err));
    expect_error(&err, MDUP_ERROR_IO, "file: is a file, not a folder; give another name");
    assert_false(mdup_path_make_directory("", &err));
    expect_error(&err, MDUP_ERROR_IO, ": cannot make this folder: No such file or directory");
    assert_int_equal(symlink("nothing", "dangling"), 0);
    assert_false(mdup_path_make_directory("dangling", &err));
    expect_error(&err, MDUP_ERROR_IO, "dangling: cannot make this folder: File exists");
    assert_false(mdup_path_make_directory("file", NULL));
    expect_file("file", "x");
}

static void folders_without_permission(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    const uid_t user = geteuid();
    assert_int_equal(mkdir("closed", 0755), 0);
    assert_int_equal(chmod("closed", user == 0 ? 0755 : 0555), 0);
    if (user == 0)
        assert_int_equal(seteuid(NOBODY), 0);
    const bool made = mdup_path_make_directory("closed/x/y", &err);
    const bool written = mdup_file_replace("closed/file", "x", 1, NULL);
    assert_int_equal(seteuid(user), 0);
    assert_false(made);
    expect_error(&err, MDUP_ERROR_IO, "closed/x: cannot make this folder: Permission denied");
    assert_false(written);
    assert_int_equal(count_entries("closed"), 0);
}

/* ---- reading ---- */

static char *must_read(const char *path, size_t most, size_t *length)
{
    mdup_error *err = NULL;
    char *text = mdup_file_read(path, most, length, &err);
    expect_no_error(&err);
    assert_non_null(text);
    return text;
}

static void files_of_every_length(void **state)
{
    (void)state;
    const size_t lengths[] = {0, 1, 4095, 65535, 65536, 65537, 131072, 300000};
    char *bytes = malloc(300000);
    assert_non_null(bytes);
    for (size_t i = 0; i < 300000; i++)
        bytes[i] = (char)(i * 7 % 251);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        write_file("file", bytes, lengths[i]);
        size_t length = 99;
        char *text = must_read("file", lengths[i], &length); /* the limit itself is allowed */
        assert_int_equal(length, lengths[i]);
        assert_memory_equal(text, bytes, length);
        assert_int_equal(text[length], '\0');
        free(text);
    }
    free(bytes);
}

static void more_than_the_limit(void **state)
{
    (void)state;
    const size_t limits[] = {0, 10, 65536, 1 << 20};
    char *bytes = calloc(1, (1 << 20) + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < 4; i++) {
        write_file("file", bytes, limits[i] + 1);
        mdup_error *err = NULL;
        size_t length = 99;
        assert_null(mdup_file_read("file", limits[i], &length, &err));
        expect_error(&err, MDUP_ERROR_UNSUPPORTED,
                     i == 3 ? "file: larger than 1 MB, too large for such a file"
                            : "file: larger than 0 MB, too large for such a file");
        assert_int_equal(length, 99);
    }
    free(bytes);
    /* What has no end and no size is stopped as well. */
    mdup_error *err = NULL;
    size_t length = 99;
    assert_null(mdup_file_read("/dev/zero", 1 << 20, &length, &err));
    expect_error(&err, MDUP_ERROR_UNSUPPORTED,
                 "/dev/zero: larger than 1 MB, too large for such a file");
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    size_t length = 99;
    assert_null(mdup_file_read("nothing", 100, &length, &err));
    expect_error(&err, MDUP_ERROR_MISSING, "nothing: cannot be opened: No such file or directory");
    assert_null(mdup_file_read(".", 100, &length, &err));
    expect_error(&err, MDUP_ERROR_IO, ".: cannot be read: Is a directory");
    assert_null(mdup_file_read("nothing", 100, &length, NULL));
    assert_int_equal(length, 99);
}

static void files_that_may_not_be_read(void **state)
{
    (void)state;
    const uid_t user = geteuid();
    write_file("secret", "x", 1);
    assert_int_equal(chmod("secret", 0), 0);
    if (user == 0)
        assert_int_equal(seteuid(NOBODY), 0);
    mdup_error *err = NULL;
    size_t length = 99;
    char *text = mdup_file_read("secret", 100, &length, &err);
    assert_int_equal(seteuid(user), 0);
    assert_null(text);
    expect_error(&err, MDUP_ERROR_IO, "secret: cannot be opened: Permission denied");
}

/* ---- replacing ---- */

static void replaced_whole(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    const char *const texts[] = {"first", "", "third, longer than the first", "a\nb"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(mdup_file_replace("out.csv", texts[i], strlen(texts[i]), &err));
        expect_file("out.csv", texts[i]);
        assert_int_equal(count_entries("."), 1); /* nothing is left beside it */
    }
    struct stat status;
    const mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(stat("out.csv", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0666 & ~mask);
}

/* A reader who has the old file open goes on reading the old file. */
static void old_bytes_are_never_written_over(void **state)
{
    (void)state;
    write_file("out.csv", "old bytes", 9);
    FILE *reader = fopen("out.csv", "rb");
    assert_non_null(reader);
    assert_true(mdup_file_replace("out.csv", "new", 3, NULL));
    char text[20] = "";
    assert_int_equal(fread(text, 1, sizeof text - 1, reader), 9);
    assert_string_equal(text, "old bytes");
    fclose(reader);
}

/* At no moment is there no file, or half of one. */
static void always_whole(void **state)
{
    (void)state;
    static char bytes[100000];
    memset(bytes, 'a', sizeof bytes);
    write_file("out.csv", bytes, sizeof bytes);
    const pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        bool ok = true;
        for (int i = 0; ok && i < 300; i++)
            ok = mdup_file_replace("out.csv", bytes, i % 2 ? sizeof bytes : 50000, NULL);
        _exit(!ok);
    }
    int status = 0;
    size_t n_missing = 0, n_odd = 0;
    while (waitpid(writer, &status, WNOHANG) == 0) {
        struct stat file;
        n_missing += stat("out.csv", &file) != 0;
        n_odd += file.st_size != 100000 && file.st_size != 50000;
    }
    assert_int_equal(status, 0);
    assert_int_equal(n_missing, 0);
    assert_int_equal(n_odd, 0);
}

/* A full disk, made with the limit on the size of files. */
static void old_file_stays_when_writing_fails(void **state)
{
    (void)state;
    static char bytes[1 << 16];
    struct rlimit before, small;
    mdup_error *err = NULL;
    write_file("out.csv", "old", 3);
    void (*const handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 1000, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const bool replaced = mdup_file_replace("out.csv", bytes, sizeof bytes, &err);
    const bool made = mdup_file_replace("fresh.csv", bytes, sizeof bytes, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_false(replaced);
    expect_error(&err, MDUP_ERROR_IO, "out.csv: cannot be written: File too large");
    assert_false(made);
    expect_file("out.csv", "old");
    assert_int_equal(count_entries("."), 1); /* no half file, no temporary one */
}

static void places_that_cannot_be_written(void **state)
{
    (void)state;
    mdup_error *err = NULL;
    assert_false(mdup_file_replace("nothing/out.csv", "x", 1, &err));
    expect_error(&err, MDUP_ERROR_IO,
                 "nothing/out.csv: cannot be written: No such file or directory");
    assert_int_equal(mkdir("dir", 0777), 0);
    assert_false(mdup_file_replace("dir", "x", 1, &err));
    expect_error(&err, MDUP_ERROR_IO, "dir: cannot be written: Is a directory");
    assert_int_equal(count_entries("."), 1);
    assert_true(mdup_path_is_directory("dir"));
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, clear_folder, clear_folder)

int main(void)
{
    const bool matter = permissions_can_matter();
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(names_are_joined),
        FOLDER_TEST(names_are_taken_apart),
        FOLDER_TEST(files_and_folders_are_told_apart),
        FOLDER_TEST(folders_are_made_with_those_above),
        FOLDER_TEST(folders_that_cannot_be_made),
        TEST_WHEN_SETUP(matter, folders_without_permission, clear_folder, clear_folder,
                        "root may write everywhere"),
        FOLDER_TEST(files_of_every_length),
        FOLDER_TEST(more_than_the_limit),
        FOLDER_TEST(files_that_cannot_be_read),
        TEST_WHEN_SETUP(matter, files_that_may_not_be_read, clear_folder, clear_folder,
                        "root may read everything"),
        FOLDER_TEST(replaced_whole),
        FOLDER_TEST(old_bytes_are_never_written_over),
        FOLDER_TEST(always_whole),
        FOLDER_TEST(old_file_stays_when_writing_fails),
        FOLDER_TEST(places_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
