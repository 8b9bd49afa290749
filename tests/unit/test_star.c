#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "formats/star.h"
#include "skip.h"

/* ---- help ---- */

static mdup_star *parse(const char *text)
{
    mdup_error *err = NULL;
    mdup_star *star = mdup_star_parse(text, strlen(text), "x.star", &err);
    if (!star)
        fail_msg("%s", mdup_error_get_message(err));
    return star;
}

static void assert_value(const mdup_star *star, size_t table, size_t row, size_t column,
                         const char *expected)
{
    mdup_strbuf value = MDUP_STRBUF_INIT;
    assert_true(table < star->n_tables);
    assert_true(row < star->tables[table].n_rows);
    assert_true(column < star->tables[table].n_columns);
    assert_true(mdup_star_value(star, &star->tables[table], row, column, &value, NULL));
    assert_string_equal(value.text, expected);
    mdup_strbuf_free(&value);
}

static void assert_written(const mdup_star *star, const mdup_star_table *table,
                           const bool *leave_out, const char *expected)
{
    mdup_strbuf out = MDUP_STRBUF_INIT;
    assert_true(mdup_star_write_without(star, table, leave_out, &out, NULL));
    assert_int_equal(out.length, strlen(expected));
    assert_string_equal(out.text, expected);
    mdup_strbuf_free(&out);
}

static void assert_refused(const char *bytes, size_t length, mdup_error_code code,
                           const char *message)
{
    mdup_error *err = NULL;
    mdup_star *star = mdup_star_parse(bytes, length, "x.star", &err);
    if (star)
        fail_msg("accepted, but should say: %s", message);
    assert_string_equal(mdup_error_get_message(err), message);
    assert_int_equal(mdup_error_get_code(err), code);
    mdup_error_clear(&err);
}

/* ---- what the programs of the field write ---- */

static const char relion5[] =
    "\n# version 50001\n\ndata_general\n\n"
    "_rlnTest                1 \n \n"
    "\n# version 50001\n\ndata_optics\n\nloop_ \n_rlnOpticsGroupName #1 \n"
    "_rlnOpticsGroup #2 \nopticsGroup1            1 \n \n"
    "\n# version 50001\n\ndata_micrographs\n\nloop_ \n"
    "_rlnCtfPowerSpectrum #1 \n_rlnMicrographName #2 \n_rlnOpticsGroup #3 \n"
    "MotionCorr/job002/a_PS.mrc MotionCorr/job002/a.mrc            1 \n"
    "MotionCorr/job002/b_PS.mrc MotionCorr/job002/b.mrc            1 \n"
    "MotionCorr/job002/c_PS.mrc MotionCorr/job002/c.mrc            1 \n \n";

static void test_relion5(void **state)
{
    (void)state;
    mdup_star *star = parse(relion5);
    assert_int_equal(star->version, 50001);
    assert_false(star->has_crlf);
    assert_int_equal(star->gap_line, 0);
    assert_int_equal(star->n_tables, 3);
    assert_false(star->tables[0].is_loop);
    assert_int_equal(star->tables[0].n_rows, 1);
    assert_null(star->tables[0].rows);
    assert_value(star, 0, 0, 0, "1");
    const mdup_star_table *table = NULL;
    assert_int_equal(mdup_star_classify(star, &table), MDUP_STAR_MICROGRAPHS);
    assert_ptr_equal(table, mdup_star_find(star, "micrographs"));
    assert_ptr_equal(table, &star->tables[2]);
    assert_true(table->is_loop);
    assert_null(table->pair_lines);
    assert_int_equal(table->line, 21);
    assert_int_equal(table->n_rows, 3);
    assert_int_equal(table->rows[1].line, 28);
    assert_int_equal(mdup_star_column(table, "rlnMicrographName"), 1);
    assert_int_equal(mdup_star_column(table, "rlnmicrographname"), -1);
    assert_value(star, 2, 2, 1, "MotionCorr/job002/c.mrc");
    assert_value(star, 2, 0, 2, "1");
    mdup_star_free(star);
}

static void test_relion30(void **state)
{
    (void)state;
    mdup_star *star = parse("\ndata_\n\nloop_ \n_rlnMicrographName #1 \n_rlnVoltage #2 \n"
                            "a.mrc   300.000000 \nb.mrc   300.000000 \n \n");
    const mdup_star_table *table = NULL;
    assert_int_equal(star->version, 0);
    assert_int_equal(mdup_star_classify(star, &table), MDUP_STAR_MICROGRAPHS);
    assert_string_equal(table->name, "");
    assert_ptr_equal(table, mdup_star_find(star, ""));
    assert_null(mdup_star_find(star, "micrographs"));
    assert_value(star, 0, 1, 0, "b.mrc");
    mdup_star_free(star);
}

static void test_starfile_python(void **state)
{
    (void)state;
    mdup_star *star = parse(
        "# Created by the starfile Python package (version 0.5.13) at 14:52:25 on 22/11/2026\n"
        "\n\ndata_micrographs\n\nloop_\n_rlnMicrographName #1\n_rlnOpticsGroup #2\n_x #3\n"
        "a.mrc\t0\t1.500000\n\"b c.mrc\"\t1\t<NA>\n\"\"\t2\t0.000000\n"
        "it's.mrc\t3\t1.000000\n\"a'b c\"d e\"\t7\t6.000000\n\n\n");
    assert_int_equal(star->version, 0);
    assert_value(star, 0, 1, 0, "b c.mrc");
    assert_value(star, 0, 1, 2, "<NA>");
    assert_value(star, 0, 2, 0, "");
    assert_value(star, 0, 3, 0, "it's.mrc");
    assert_value(star, 0, 4, 0, "a'b c\"d e");
    mdup_star_free(star);
}

/* No "#N", pairs for a table of one row, a long value on its own line, "#" lines
 * (WriteOptions::misuse_hash). */
static void test_gemmi(void **state)
{
    (void)state;
    mdup_star *star = parse("data_optics\n#\n_rlnOpticsGroupName opticsGroup1\n_rlnLong\n"
                            "External/job005/long.mrc\n_rlnVoltage   '300 kV'\n#\n\n"
                            "data_micrographs\n#\nloop_\n_rlnMicrographName\n_rlnX\n"
                            "'\"dq.mrc' ''\n'_u.mrc' '#h.mrc'\n'data_x' 'loop_'\n#\n\n");
    assert_int_equal(star->n_tables, 2);
    assert_int_equal(star->tables[0].n_columns, 3);
    assert_value(star, 0, 0, 0, "opticsGroup1");
    assert_value(star, 0, 0, 1, "External/job005/long.mrc");
    assert_value(star, 0, 0, 2, "300 kV");
    assert_int_equal(star->tables[0].pair_lines[1].line, 4);
    assert_value(star, 1, 0, 0, "\"dq.mrc");
    assert_value(star, 1, 0, 1, "");
    assert_value(star, 1, 1, 0, "_u.mrc");
    assert_value(star, 1, 1, 1, "#h.mrc");
    assert_value(star, 1, 2, 0, "data_x");
    assert_value(star, 1, 2, 1, "loop_");
    assert_int_equal(star->gap_line, 0);
    mdup_star_free(star);
}

static void test_pairs_then_loop(void **state)
{
    (void)state;
    mdup_star *star = parse("data_a\n_x 1\nloop_\n_y\n_x\n2 3\ndata_b\n_x 4\n");
    assert_int_equal(star->n_tables, 3);
    assert_string_equal(star->tables[0].name, "a");
    assert_string_equal(star->tables[1].name, "a");
    assert_int_equal(star->tables[1].line, 1);
    assert_false(star->tables[0].is_loop);
    assert_true(star->tables[1].is_loop);
    assert_value(star, 1, 0, 1, "3");
    assert_value(star, 2, 0, 0, "4");
    mdup_star_free(star);
}

/* ---- words ---- */

static void test_quotes(void **state)
{
    (void)state;
    mdup_star *star = parse("data_\nloop_\n_a\n_b\n"
                            "'it's  here' \"say \"hi\"\"\n"
                            "\"a\a\" b\" '\a' x'\n"
                            "a'b\"c '\t'\n"
                            "\"\"\" '' # c\n"
                            "\"#\" \"a\" # b\n");
    assert_value(star, 0, 0, 0, "it's  here");
    assert_value(star, 0, 0, 1, "say \"hi\"");
    assert_value(star, 0, 1, 0, "a\" b");
    assert_value(star, 0, 1, 1, "' x");
    assert_value(star, 0, 2, 0, "a'b\"c");
    assert_value(star, 0, 2, 1, "\t");
    assert_value(star, 0, 3, 0, "\"");
    assert_value(star, 0, 3, 1, "");
    assert_value(star, 0, 4, 0, "#");
    assert_value(star, 0, 4, 1, "a");
    mdup_star_free(star);
}

static void test_liberal(void **state)
{
    (void)state;
    mdup_star *star = parse("# version x\n# one\n#version 7\n  data_m # name\n# c\nloop_ # l\n"
                            "_a #1\n# c\n\n\t_b # two\n1 2#3 # 4\n\n\t \n \t7\t\t8 \n# c\n9 10\n"
                            "# version 31 x\n# version 32\n");
    assert_string_equal(star->tables[0].name, "m");
    assert_int_equal(star->tables[0].n_columns, 2);
    assert_int_equal(star->tables[0].n_rows, 3);
    assert_int_equal(star->version, 31);
    assert_int_equal(star->gap_line, 14);
    assert_value(star, 0, 0, 1, "2#3");
    assert_value(star, 0, 1, 0, "7");
    assert_value(star, 0, 1, 1, "8");
    assert_value(star, 0, 2, 1, "10");
    mdup_star_free(star);
}

static void test_gap_line(void **state)
{
    (void)state;
    /* Behind the labels and behind the last row a gap loses nothing. */
    mdup_star *star = parse("data_a\nloop_\n_a\n\n# c\n1\n2\n\n#\ndata_b\nloop_\n_a\n\n1\n2\n");
    assert_int_equal(star->gap_line, 0);
    mdup_star_free(star);
    star = parse("data_a\nloop_\n_a\n1\n# c\n2\n\n3\n");
    assert_int_equal(star->gap_line, 6);
    mdup_star_free(star);
}

static void test_crlf(void **state)
{
    (void)state;
    mdup_star *star = parse("# version 50001\r\ndata_m\r\n\r\nloop_\r\n_a #1\r\n_b\r\n1 'x'\r\n"
                            "2 y\r\r\n3 \"\"\r\ndata_p\r\n_a\r\nlong\r\n");
    assert_true(star->has_crlf);
    assert_int_equal(star->version, 50001);
    assert_string_equal(star->tables[0].name, "m");
    assert_string_equal(star->tables[0].labels[1], "b");
    assert_value(star, 0, 0, 1, "x");
    assert_value(star, 0, 1, 1, "y");
    assert_value(star, 0, 2, 1, "");
    assert_value(star, 1, 0, 0, "long");
    bool out[] = {false, true, false};
    assert_written(star, &star->tables[0], out,
                   "# version 50001\r\ndata_m\r\n\r\nloop_\r\n_a #1\r\n_b\r\n1 'x'\r\n"
                   "3 \"\"\r\ndata_p\r\n_a\r\nlong\r\n");
    mdup_star_free(star);
}

static void test_bytes(void **state)
{
    (void)state;
    mdup_star *star = parse("\xEF\xBB\xBF"
                            "data_\xC3\xA9\nloop_\n_a\n\xFF\xFE\xC3(.mrc\n\x01\v\f\n");
    assert_string_equal(star->tables[0].name, "\xC3\xA9");
    assert_value(star, 0, 0, 0, "\xFF\xFE\xC3(.mrc");
    assert_value(star, 0, 1, 0, "\x01\v\f");
    mdup_star_free(star);
    /* A CR inside a line is no line end. */
    star = parse("data_\nloop_\n_a\nx\ry\n");
    assert_value(star, 0, 0, 0, "x\ry");
    assert_false(star->has_crlf);
    mdup_star_free(star);
}

/* Names that look like keywords, without quotes, as RELION and starfile write them. */
static void test_keywords_as_names(void **state)
{
    (void)state;
    mdup_star *star = parse("data_m\nloop_\n_rlnMicrographName #1\n_rlnOpticsGroup #2\n"
                            "_grid.mrc 1\ndata_1.mrc 1\nloop_ 1\nsave_1.mrc 1\nx 1\n"
                            "data_n\nloop_\n_a\nb\n");
    assert_int_equal(star->n_tables, 2);
    assert_int_equal(star->tables[0].n_rows, 5);
    assert_value(star, 0, 0, 0, "_grid.mrc");
    assert_value(star, 0, 1, 0, "data_1.mrc");
    assert_value(star, 0, 2, 0, "loop_");
    mdup_star_free(star);
}

static void test_keywords_as_names_in_one_column(void **state)
{
    (void)state;
    mdup_star *star = parse("data_\nloop_\n_rlnMicrographName #1\ndata_1.mrc\ndata_2.mrc\n\n# c\n"
                            "data_3.mrc\nsave_1.mrc\n_grid.mrc\ndata_n # c\n\nloop_\n_a\nb\n"
                            "data_p\n_a 1\ndata_q\nloop_\n_a\nstop_\ndata_9.mrc");
    assert_int_equal(star->n_tables, 4);
    assert_int_equal(star->tables[0].n_rows, 5);
    assert_value(star, 0, 2, 0, "data_3.mrc");
    assert_value(star, 0, 4, 0, "_grid.mrc");
    assert_string_equal(star->tables[1].name, "n");
    assert_string_equal(star->tables[2].name, "p");
    assert_value(star, 3, 1, 0, "data_9.mrc");
    mdup_star_free(star);
    /* Without a name it is a block wherever it stands. */
    star = parse("data_m\nloop_\n_a\n1\ndata_\n");
    assert_int_equal(star->n_tables, 2);
    mdup_star_free(star);
}

static void test_empty_tables(void **state)
{
    (void)state;
    mdup_star *star = parse("data_a\ndata_b\nloop_\n_x\n_y\ndata_c\n_x 1\ndata_");
    assert_int_equal(star->n_tables, 4);
    assert_int_equal(star->tables[0].n_rows, 0);
    assert_int_equal(star->tables[0].n_columns, 0);
    assert_int_equal(star->tables[1].n_rows, 0);
    assert_int_equal(star->tables[1].n_columns, 2);
    assert_null(star->tables[1].rows);
    assert_int_equal(star->tables[2].n_rows, 1);
    assert_int_equal(star->tables[3].n_rows, 0);
    assert_written(star, &star->tables[1], NULL, star->bytes);
    mdup_star_free(star);
}

/* ---- writing ---- */

static void test_write_without(void **state)
{
    (void)state;
    mdup_star *star = parse(relion5);
    const mdup_star_table *table = mdup_star_find(star, "micrographs");
    bool none[3] = {false, false, false}, some[3] = {true, false, true},
         all[3] = {true, true, true};
    assert_written(star, table, none, relion5);
    mdup_strbuf out = MDUP_STRBUF_INIT;
    assert_true(mdup_star_write_without(star, table, some, &out, NULL));
    mdup_star *less = parse(out.text);
    assert_int_equal(less->n_tables, 3);
    assert_int_equal(less->tables[2].n_rows, 1);
    assert_value(less, 2, 0, 1, "MotionCorr/job002/b.mrc");
    assert_int_equal(out.length + table->rows[0].end - table->rows[0].begin + table->rows[2].end -
                         table->rows[2].begin,
                     strlen(relion5));
    mdup_star_free(less);
    mdup_strbuf_reset(&out);
    mdup_strbuf_puts(&out, "before\n");
    assert_true(mdup_star_write_without(star, table, all, &out, NULL));
    assert_memory_equal(out.text, "before\n", 7);
    assert_string_equal(strstr(out.text, "_rlnOpticsGroup #3"), "_rlnOpticsGroup #3 \n \n");
    mdup_strbuf_free(&out);
    mdup_star_free(star);
}

static void test_write_keeps_the_rest(void **state)
{
    (void)state;
    mdup_star *star = parse("# c\ndata_m\nloop_\n_a\n1 # one\n\n2\t \n# two\n3");
    bool first[] = {true, false, false}, last[] = {false, false, true};
    assert_written(star, &star->tables[0], first, "# c\ndata_m\nloop_\n_a\n\n2\t \n# two\n3");
    assert_written(star, &star->tables[0], last,
                   "# c\ndata_m\nloop_\n_a\n1 # one\n\n2\t \n# two\n");
    mdup_star_free(star);
}

static void test_write_pairs(void **state)
{
    (void)state;
    const char *text = "data_micrographs\n_rlnMicrographName a.mrc\n_rlnOpticsGroup 1\n";
    mdup_star *star = parse(text);
    const mdup_star_table *table = NULL;
    assert_int_equal(mdup_star_classify(star, &table), MDUP_STAR_MICROGRAPHS);
    bool keep[] = {false}, drop[] = {true};
    assert_written(star, table, keep, text);
    assert_written(star, table, drop, "data_micrographs\n");
    mdup_star_free(star);
}

/* What stands between the pairs stays, and so do the tables around them; a value on a line of its
 * own goes with its label. */
static void test_write_pairs_keeps_the_rest(void **state)
{
    (void)state;
    mdup_star *star = parse("data_g\n_x 1\ndata_m\n\n_a 1 # one\n# c\n_b\n'2 3'\n\n_c 4\n"
                            "loop_\n_r\n7\ndata_t\n_x 1\n");
    bool drop[] = {true};
    assert_int_equal(star->n_tables, 4);
    assert_written(star, &star->tables[1], drop,
                   "data_g\n_x 1\ndata_m\n\n# c\n\nloop_\n_r\n7\ndata_t\n_x 1\n");
    mdup_star_free(star);
    star = parse("data_m\n_a 1\n_b 2");
    assert_written(star, &star->tables[0], drop, "data_m\n");
    mdup_star_free(star);
}

/* ---- what kind of list ---- */

/* ---- several tables, several columns, a column of numbers ---- */

static void test_write_rows_of_several_tables(void **state)
{
    (void)state;
    mdup_star *star = parse(relion5);
    const bool optics[1] = {true}, names[3] = {false, true, true};
    const bool *const leave_out[3] = {NULL, optics, names};
    mdup_strbuf out = MDUP_STRBUF_INIT;
    assert_true(mdup_star_write_rows(star, leave_out, &out, NULL));
    mdup_star *again = parse(out.text);
    assert_int_equal(again->tables[0].n_rows, 1);
    assert_int_equal(again->tables[1].n_rows, 0);
    assert_int_equal(again->tables[2].n_rows, 1);
    assert_value(again, 2, 0, 1, "MotionCorr/job002/a.mrc");
    size_t cut = strlen("opticsGroup1            1 \n") +
                 2 * strlen("MotionCorr/job002/b_PS.mrc MotionCorr/job002/b.mrc            1 \n");
    assert_int_equal(out.length, strlen(relion5) - cut);
    mdup_star_free(again);
    mdup_star_free(star);
    mdup_strbuf_free(&out);
}

static void test_find_words(void **state)
{
    (void)state;
    mdup_star *star = parse("data_x\nloop_\n_a\n_b\n_c\n_d\n"
                            "1 \"two \athree\" 'it''s' last\n\t4\t5 6 7 # 8 9\n");
    static const size_t columns[] = {1, 3};
    mdup_star_word words[2];
    mdup_star_find_words(star, star->tables, 0, columns, 2, words);
    assert_int_equal(words[0].length, strlen("two \athree"));
    assert_memory_equal(words[0].text, "two \athree", words[0].length);
    assert_true(words[0].quoted);
    assert_int_equal(words[1].length, 4);
    assert_memory_equal(words[1].text, "last", 4);
    mdup_star_find_words(star, star->tables, 1, columns, 2, words);
    assert_memory_equal(words[0].text, "5", 1);
    assert_memory_equal(words[1].text, "7", 1);
    mdup_star_free(star);
}

static void assert_column(const char *text, const char *label, const int64_t *values,
                          const bool *change, const char *expected)
{
    mdup_star *star = parse(text);
    const mdup_star_table *table = &star->tables[star->n_tables - 1];
    mdup_strbuf out = MDUP_STRBUF_INIT;
    assert_true(mdup_star_write_column(star, table, label, values, change, &out, NULL));
    assert_string_equal(out.text, expected);
    mdup_star_free(star);
    mdup_strbuf_free(&out);
}

static void test_change_a_column(void **state)
{
    (void)state;
    static const int64_t values[] = {1, -30, INT64_MIN};
    static const bool change[] = {true, false, true};
    assert_column("data_x\nloop_\n_a #1\n_half #2\nm    2 \n# note\nn '2' # kept\no\t12345", "half",
                  values, NULL,
                  "data_x\nloop_\n_a #1\n_half #2\nm    1 \n# note\nn -30 # kept\n"
                  "o\t-9223372036854775808");
    assert_column("data_x\nloop_\n_half\n_a\n2 m\r\n\"\" n\r\n2 o\r\n", "half", values, change,
                  "data_x\nloop_\n_half\n_a\n1 m\r\n\"\" n\r\n-9223372036854775808 o\r\n");
}

static void test_add_a_column(void **state)
{
    (void)state;
    static const int64_t values[] = {1, 0, 12};
    assert_column("data_o\nloop_\n_x\n1\n\n# version 30001\n\ndata_x\n\nloop_ \n_a #1 \n_b #2 \n"
                  "m    2 \nn 'a b' # note\n \no \"\"",
                  "group", values, NULL,
                  "data_o\nloop_\n_x\n1\n\n# version 30001\n\ndata_x\n\nloop_ \n_a #1 \n_b #2 \n"
                  "_group #3 \nm    2 1 \nn 'a b' 0 # note\n \no \"\" 12");
    /* Without numbers, CR LF, a blank and a comment line behind the labels. */
    assert_column("data_x\r\nloop_\r\n_a\r\n\r\n# note\r\nm\r\nn\t\r\no\r\n", "group", values, NULL,
                  "data_x\r\nloop_\r\n_a\r\n_group\r\n\r\n# note\r\nm 1\r\nn 0\t\r\no 12\r\n");
    static const char empty[] = "data_x\nloop_\n_a #1\n\n";
    assert_column(empty, "group", values, NULL, empty);
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mdup_star_kind kind;
        ptrdiff_t table;
    } cases[] = {
        {"data_optics\n_rlnOpticsGroup 1\ndata_micrographs\nloop_\n_rlnMicrographName\na\n",
         MDUP_STAR_MICROGRAPHS, 1},
        {"data_\nloop_\n_rlnMicrographName\na\n", MDUP_STAR_MICROGRAPHS, 0},
        {"data_x\nloop_\n_rlnMicrographName\na\n", MDUP_STAR_MICROGRAPHS, 0},
        {"data_x\n_rlnMicrographName a\ndata_\n_rlnMicrographName a\ndata_micrographs\n"
         "_rlnMicrographName a\n",
         MDUP_STAR_MICROGRAPHS, 2},
        {"data_x\n_rlnMicrographName a\ndata_\n_rlnMicrographName a\ndata_y\n"
         "_rlnMicrographName a\n",
         MDUP_STAR_MICROGRAPHS, 1},
        {"data_x\n_rlnMicrographName a\ndata_y\n_rlnMicrographName b\n", MDUP_STAR_MICROGRAPHS, 0},
        {"data_coordinate_files\nloop_\n_rlnMicrographName\n_rlnMicrographCoordinates\na b\n",
         MDUP_STAR_MICROGRAPHS, 0},
        {"data_micrographs\n_rlnMicrographName a\n_rlnMicrographMovieName b\n",
         MDUP_STAR_MICROGRAPHS, 0},
        {"data_movies\n_rlnMicrographName a\n_rlnMicrographMovieName b\n", MDUP_STAR_MICROGRAPHS,
         0},
        {"data_movies\nloop_\n_rlnMicrographMovieName\na\n", MDUP_STAR_MOVIES, -1},
        {"data_\nloop_\n_rlnMicrographMovieName\na\n", MDUP_STAR_MOVIES, -1},
        {"data_movies\n", MDUP_STAR_MOVIES, -1},
        {"data_particles\nloop_\n_rlnMicrographName\n_rlnImageName\na 1@b\n", MDUP_STAR_PARTICLES,
         -1},
        {"data_\nloop_\n_rlnImageName\n_rlnMicrographName\n1@b a\n", MDUP_STAR_PARTICLES, -1},
        {"data_particles\nloop_\n_rlnMicrographName\na\n", MDUP_STAR_PARTICLES, -1},
        {"data_global\nloop_\n_rlnTomoName\n_rlnTomoTiltSeriesStarFile\na b\n",
         MDUP_STAR_TOMOGRAPHY, -1},
        {"data_global\n", MDUP_STAR_TOMOGRAPHY, -1},
        {"data_particles\nloop_\n_rlnTomoName\n_rlnImageName\na b\n", MDUP_STAR_TOMOGRAPHY, -1},
        {"data_TS_01\nloop_\n_rlnMicrographName\n_rlnTomoNominalStageTiltAngle\na 3\n",
         MDUP_STAR_TOMOGRAPHY, -1},
        {"data_\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n1 2\n", MDUP_STAR_COORDINATES, -1},
        {"data_\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n_rlnMicrographName\n1 2 a\n",
         MDUP_STAR_COORDINATES, -1},
        {"data_model\n_rlnReferenceImage a\n", MDUP_STAR_OTHER, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mdup_star *star = parse(cases[i].text);
        const mdup_star_table *table = NULL;
        if (mdup_star_classify(star, &table) != cases[i].kind)
            fail_msg("%s is not %s", cases[i].text, mdup_star_kind_name(cases[i].kind));
        if (cases[i].table < 0)
            assert_null(table);
        else
            assert_ptr_equal(table, &star->tables[cases[i].table]);
        assert_int_equal(mdup_star_classify(star, NULL), cases[i].kind);
        mdup_star_free(star);
    }
    assert_string_equal(mdup_star_kind_name(MDUP_STAR_MICROGRAPHS), "micrographs");
    assert_string_equal(mdup_star_kind_name(MDUP_STAR_MOVIES), "movies");
    assert_string_equal(mdup_star_kind_name(MDUP_STAR_PARTICLES), "particles");
    assert_string_equal(mdup_star_kind_name(MDUP_STAR_TOMOGRAPHY), "tomography");
    assert_string_equal(mdup_star_kind_name(MDUP_STAR_COORDINATES), "coordinates");
    assert_string_equal(mdup_star_kind_name(MDUP_STAR_OTHER), "other");
}

/* ---- broken files ---- */

static void test_broken(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "x.star: the file is empty"},
        {"\n \n", "x.star: no data_ line, so this is not a STAR file"},
        {"# version 30001\n", "x.star: no data_ line, so this is not a STAR file"},
        {"\xEF\xBB\xBF", "x.star: no data_ line, so this is not a STAR file"},
        {"Original,Duplicate\n", "x.star: line 1: 'Original,Duplicate' where a data_ line should "
                                 "stand; is this a STAR file?"},
        {"# c\n\tloop_\n_a\n1\n",
         "x.star: line 2: 'loop_' where a data_ line should stand; is this a STAR file?"},
        {"\"data_x\"\n",
         "x.star: line 1: '\"data_x\"' where a data_ line should stand; is this a STAR file?"},
        {"; text\ndata_\n",
         "x.star: line 1: '; text' where a data_ line should stand; is this a STAR file?"},
        {"\x1b[31m\x7f\n",
         "x.star: line 1: '?[31m?' where a data_ line should stand; is this a STAR file?"},
        {"DATA_X\n",
         "x.star: line 1: 'DATA_X' where a data_ line should stand; is this a STAR file?"},
        {"0123456789012345678901234567890123456789012345678901234567890\n",
         "x.star: line 1: '012345678901234567890123456789012345678901234567890123456789...' where "
         "a "
         "data_ line should stand; is this a STAR file?"},
        {"01234567890123456789012345678901234567890123456789012345678\xC3\xA9\n",
         "x.star: line 1: '01234567890123456789012345678901234567890123456789012345678...' where a "
         "data_ line should stand; is this a STAR file?"},
        {"data_a b\n",
         "x.star: line 1: the name of a table holds no blanks, nothing may follow it"},
        {"data_a\n_x 1\ndata_b c\n",
         "x.star: line 3: the name of a table holds no blanks, nothing may follow it"},
        {"data_a\nx y\n", "x.star: line 2: 'x' where a label (_...), loop_ or data_ should stand"},
        {"data_a\n'_x' y\n",
         "x.star: line 2: '_x' where a label (_...), loop_ or data_ should stand"},
        {"data_a\n_x 1\n2\n",
         "x.star: line 3: '2' where a label (_...), loop_ or data_ should stand"},
        {"data_a\nloop_\n", "x.star: line 2: the loop_ of data_a has no labels"},
        {"data_a\nloop_\n1 2\n", "x.star: line 3: the loop_ of data_a has no labels"},
        {"data_a\nloop_\ndata_b\n", "x.star: line 3: the loop_ of data_a has no labels"},
        {"data_a\nloop_\nloop_\n", "x.star: line 3: a second loop_ in data_a; RELION reads only "
                                   "the first, so give it a data_ line of "
                                   "its own"},
        {"data_a\nloop_\n_x\n1\n\nloop_\n_y\n2\n",
         "x.star: line 6: a second loop_ in data_a; RELION reads only the first, so give it a "
         "data_ line of "
         "its own"},
        {"data_a\nloop_ _x _y\n1 2\n",
         "x.star: line 2: nothing may follow loop_ on its line; put each label on its own"},
        {"data_a\n_x\n_y\n1 2\n",
         "x.star: line 2: the label _x has no value; a list of labels needs loop_ before it"},
        {"data_a\n_x",
         "x.star: line 2: the label _x has no value; a list of labels needs loop_ before it"},
        {"data_a\n_x\r\n\r\n",
         "x.star: line 2: the label _x has no value; a list of labels needs loop_ before it"},
        {"data_a\n_x\n\n1\n",
         "x.star: line 2: the label _x has no value; a list of labels needs loop_ before it"},
        {"data_a\n_x\n;1\n;\n",
         "x.star: line 3: a text of several lines (';'), which RELION cannot read either"},
        {"data_a\n_x\n1 2\n",
         "x.star: line 2: the label _x has no value; a list of labels needs loop_ before it"},
        {"data_a\n_x #1\ndata_b\n",
         "x.star: line 2: the label _x has no value; a list of labels needs loop_ before it"},
        {"data_a\n_x 1 2\n",
         "x.star: line 2: the label _x has more than one value; one with blanks needs quotes"},
        {"data_a\n_x 1 'a\n",
         "x.star: line 2: the label _x has more than one value; one with blanks needs quotes"},
        {"data_a\n_ 1\n", "x.star: line 2: a label of data_a is empty"},
        {"data_a\nloop_\n_ #1\n", "x.star: line 3: a label of data_a is empty"},
        {"data_a\nloop_\n_rlnX #1\n_rlnY 2\n1 2\n",
         "x.star: line 4: the label _rlnY of a loop is followed by more than #N"},
        {"data_a\nloop_\n_x\n_y\n1 2\n_rlnZ 3\n", "x.star: line 6: the label _rlnZ stands behind "
                                                  "the rows of a loop; is a data_ line missing?"},
        {"data_a\nloop_\n_x\n1\n_rlnZ\n", "x.star: line 5: the label _rlnZ stands behind the rows "
                                          "of a loop; is a data_ line missing?"},
        {"data_a\nloop_\n_x\n_y\n1\n2 3\n", "x.star: line 5: 1 value where data_a has 2 columns"},
        {"data_a\nloop_\n_x\n_y\n1 2\n3\n4 5\n",
         "x.star: line 6: 1 value where data_a has 2 columns"},
        {"data_a\nloop_\n_x\n_y\n_z\n1 2 # 3\n",
         "x.star: line 6: 2 values where data_a has 3 columns"},
        {"data_a\nloop_\n_x\n_y\n_z\n1 2",
         "x.star: line 6: 2 values where data_a has 3 columns; the file may be cut short"},
        {"data_\nloop_\n_x\n_y\na b.mrc 1\n",
         "x.star: line 5: 3 values where data_ has 2 columns; a value with blanks needs quotes"},
        {"data_\nloop_\n_x\na b.mrc\n",
         "x.star: line 4: 2 values where data_ has 1 column; a value with blanks needs quotes"},
        {"data_a\nloop_\n_x\n1\n# c\n\"q.mrc\t1\n",
         "x.star: line 6: the quote of \"q.mrc 1 is not closed before the line ends"},
        {"data_a\nloop_\n_x\n_y\n1 'b'c\n",
         "x.star: line 5: the quote of 'b'c is not closed before the line ends"},
        {"data_a\nloop_\n_x\n_y\n1 \"\n",
         "x.star: line 5: the quote of \" is not closed before the line ends"},
        {"data_a\nloop_\n_x\n_y\n1 'b\a'\n",
         "x.star: line 5: the quote of 'b?' is not closed before the line ends"},
        {"data_a\n_x 'b\n", "x.star: line 2: the quote of 'b is not closed before the line ends"},
        {"data_a\n'b\n", "x.star: line 2: the quote of 'b is not closed before the line ends"},
        {"data_a\nloop_\n_x\n_y\n;a' b\" c\n;\n1\n",
         "x.star: line 5: a text of several lines (';'), which RELION cannot read either"},
        {"data_a\nloop_\n; c\n_x\n1\n",
         "x.star: line 3: a text of several lines (';'), which RELION cannot read either"},
        {"data_a\nsave_x\n",
         "x.star: line 2: save_x is not supported; RELION cannot read it either"},
        {"data_a\nloop_\n_x\n_y\n1 2\nstop_\n",
         "x.star: line 6: stop_ is not supported; RELION cannot read it either"},
        {"global_\n", "x.star: line 1: global_ is not supported; RELION cannot read it either"},
        {"data_a\nloop_\n_x #1\n_y #2\n_x #3\n_y #4\n1 2 3 4\n",
         "x.star: line 5: data_a has the label _x a second time (the first is on line 3)"},
        {"data_a\n_x\n1\n_x 1\n",
         "x.star: line 4: data_a has the label _x a second time (the first is on line 2)"},
        {"data_a\ndata_b\ndata_b\ndata_a\n", "x.star: line 3: data_b comes a second time (the "
                                             "first is on line 2); RELION reads only one, so "
                                             "join them or rename one"},
        {"data_\n_x 1\ndata_\n", "x.star: line 3: data_ comes a second time (the first is on line "
                                 "1); RELION reads only one, so "
                                 "join them or rename one"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(cases[i].text, strlen(cases[i].text), MDUP_ERROR_PARSE, cases[i].message);
}

static void test_not_star(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *message;
    } cases[] = {
        {"\x93NUMPY\x01", 7, "x.star: this is not a STAR file but a NumPy or cryoSPARC .cs file"},
        {"\x95"
         "CSDAT",
         6, "x.star: this is not a STAR file but a cryoSPARC dataset"},
        {"II*\0\x08", 5, "x.star: this is not a STAR file but a TIFF image"},
        {"MM\0*\0", 5, "x.star: this is not a STAR file but a TIFF image"},
        {"II+\0", 4, "x.star: this is not a STAR file but a BigTIFF or EER file"},
        {"\x1f\x8b\x08", 3, "x.star: this is not a STAR file but compressed by gzip"},
        {"BZh9", 4, "x.star: this is not a STAR file but compressed by bzip2"},
        {"\xfd"
         "7zXZ",
         5, "x.star: this is not a STAR file but compressed by xz"},
        {"PK\x03\x04", 4, "x.star: this is not a STAR file but a zip archive"},
        {"\x89HDF\r\n", 6, "x.star: this is not a STAR file but an HDF5 file"},
        {"SQLite format 3", 16, "x.star: this is not a STAR file but an SQLite file"},
        {"\xff\xfe"
         "d\0",
         4, "x.star: this is not a STAR file but text in UTF-16"},
        {"\xfe\xff\0d", 4, "x.star: this is not a STAR file but text in UTF-16"},
        {"data_\n_x 1\0\n", 12,
         "x.star: a zero byte at offset 10; this is not a text and so not a STAR file"},
        {"data_\r_x 1\r", 11,
         "x.star: its lines end in CR alone; convert it with \"tr '\\r' '\\n'\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(cases[i].bytes, cases[i].length, MDUP_ERROR_UNSUPPORTED, cases[i].message);
    char mrc[1024] = {0};
    memcpy(mrc + 208, "MAP", 3);
    assert_refused(mrc, sizeof mrc, MDUP_ERROR_UNSUPPORTED,
                   "x.star: this is not a STAR file but an MRC image");
}

static void test_map_in_a_text(void **state)
{
    (void)state;
    char text[300] = "data_\n_x ";
    memset(text + 9, 'a', 250);
    memcpy(text + 208, "MAP", 3);
    mdup_star *star = parse(text);
    assert_int_equal(star->n_tables, 1);
    mdup_star_free(star);
}

/* ---- limits, time, memory ---- */

static void test_too_many_labels(void **state)
{
    (void)state;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&text, "data_a\nloop_\n");
    for (int i = 0; i < 10000; i++)
        mdup_strbuf_printf(&text, "_l%d\n", i);
    mdup_star *star = parse(text.text);
    assert_int_equal(star->tables[0].n_columns, 10000);
    mdup_star_free(star);
    mdup_strbuf_puts(&text, "_m\n");
    assert_refused(text.text, text.length, MDUP_ERROR_PARSE,
                   "x.star: line 10003: data_a has more than 10000 labels");
    mdup_strbuf_free(&text);
}

static void test_too_many_tables(void **state)
{
    (void)state;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    for (int i = 0; i < 1000000; i++) {
        char line[16];
        int length = snprintf(line, sizeof line, "data_%d\n", i);
        mdup_strbuf_append(&text, line, (size_t)length);
    }
    mdup_star *star = parse(text.text);
    assert_int_equal(star->n_tables, 1000000);
    mdup_star_free(star);
    mdup_strbuf_puts(&text, "data_m\n");
    assert_refused(text.text, text.length, MDUP_ERROR_PARSE,
                   "x.star: line 1000001: more than 1000000 tables");
    mdup_strbuf_free(&text);
}

/* Many rows of one column that look like blocks, long gaps between them: the look ahead must not
 * add up to the square. */
static void test_look_ahead_is_linear(void **state)
{
    (void)state;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_puts(&text, "data_\nloop_\n_rlnMicrographName\n");
    for (int i = 0; i < 200000; i++)
        mdup_strbuf_append(&text, "data_x.mrc\n\n#\n\n", 15);
    mdup_star *star = parse(text.text);
    assert_int_equal(star->tables[0].n_rows, 200000);
    mdup_star_free(star);
    mdup_strbuf_free(&text);
}

/* ---- files ---- */

static void test_read(void **state)
{
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "test_star.%ld.tmp.star", (long)getpid());
    assert_true(mdup_file_replace(path, relion5, strlen(relion5), NULL));
    mdup_error *err = NULL;
    mdup_star *star = mdup_star_read(path, &err);
    assert_non_null(star);
    assert_int_equal(star->length, strlen(relion5));
    assert_string_equal(star->bytes, relion5);
    assert_value(star, 2, 2, 1, "MotionCorr/job002/c.mrc");
    mdup_star_free(star);

    char message[160];
    assert_true(mdup_file_replace(path, "\x93NUMPY\x01\x00", 8, NULL));
    assert_null(mdup_star_read(path, &err));
    snprintf(message, sizeof message,
             "%s: this is not a STAR file but a NumPy or cryoSPARC .cs file", path);
    assert_string_equal(mdup_error_get_message(err), message);
    mdup_error_clear(&err);

    unlink(path);
    assert_null(mdup_star_read(path, &err));
    assert_int_equal(mdup_error_get_code(err), MDUP_ERROR_MISSING);
    mdup_error_clear(&err);
    assert_null(mdup_star_read(".", &err));
    assert_string_equal(mdup_error_get_message(err), ".: cannot be read: Is a directory");
    mdup_error_clear(&err);
    assert_null(mdup_star_read(path, NULL));
    mdup_star_free(NULL);
}

static char real_path[512];

static bool have_real_file(void)
{
    const char *shared = getenv("MDUP_SHARED");
    snprintf(real_path, sizeof real_path, "%s/data/cu428/corrected_micrographs.star",
             shared ? shared : "");
    return shared && mdup_path_is_file(real_path);
}

static void test_real_file(void **state)
{
    (void)state;
    mdup_star *star = mdup_star_read(real_path, NULL);
    assert_non_null(star);
    const mdup_star_table *table = NULL;
    assert_int_equal(mdup_star_classify(star, &table), MDUP_STAR_MICROGRAPHS);
    assert_int_equal(star->version, 30001);
    assert_int_equal(table->n_rows, 28);
    assert_value(star, 1, 27, 0, "CU428_04739_1-4.mrc");
    assert_value(star, 0, 0, 6, "10.960000");
    mdup_star_free(star);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relion5),
        cmocka_unit_test(test_relion30),
        cmocka_unit_test(test_starfile_python),
        cmocka_unit_test(test_gemmi),
        cmocka_unit_test(test_pairs_then_loop),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_liberal),
        cmocka_unit_test(test_gap_line),
        cmocka_unit_test(test_crlf),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_keywords_as_names),
        cmocka_unit_test(test_keywords_as_names_in_one_column),
        cmocka_unit_test(test_empty_tables),
        cmocka_unit_test(test_write_without),
        cmocka_unit_test(test_write_keeps_the_rest),
        cmocka_unit_test(test_write_pairs),
        cmocka_unit_test(test_write_pairs_keeps_the_rest),
        cmocka_unit_test(test_write_rows_of_several_tables),
        cmocka_unit_test(test_find_words),
        cmocka_unit_test(test_change_a_column),
        cmocka_unit_test(test_add_a_column),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_not_star),
        cmocka_unit_test(test_map_in_a_text),
        cmocka_unit_test(test_too_many_labels),
        cmocka_unit_test(test_too_many_tables),
        cmocka_unit_test(test_look_ahead_is_linear),
        cmocka_unit_test(test_read),
        TEST_WHEN(have_real_file(), test_real_file, "MDUP_SHARED names no folder with data/cu428"),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
