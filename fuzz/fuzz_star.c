/* Any bytes as a STAR file: the parser, the values, the classification, and the promises of
 * mdup_star_write_without and mdup_star_write_column. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/star.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Values asked for in one table: each costs the length of its row, so that asking for all of a wide
 * row would make slow inputs that say nothing about the parser. */
enum { MAX_VALUES = 64 };

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void check_values(const mdup_star *star, const mdup_star_table *table)
{
    mdup_strbuf value = MDUP_STRBUF_INIT;
    size_t asked = 0;
    for (size_t row = 0; row < table->n_rows; row++)
        for (size_t column = 0; column < table->n_columns && asked < MAX_VALUES;
             column++, asked++) {
            require(mdup_star_value(star, table, row, column, &value, NULL));
            require(value.text && strlen(value.text) == value.length);
            require(!strchr(value.text, '\n'));
        }
    mdup_strbuf_free(&value);
}

static void check_places(const mdup_star *star, const mdup_star_table *table)
{
    const mdup_star_row *lines = table->is_loop ? table->rows : table->pair_lines;
    size_t n = table->is_loop ? table->n_rows : table->n_columns, behind = 0;
    for (size_t i = 0; i < n; i++) {
        require(lines[i].begin >= behind && lines[i].end > lines[i].begin);
        require(lines[i].end <= star->length && lines[i].line > table->line);
        require(lines[i].end == star->length || star->bytes[lines[i].end - 1] == '\n');
        behind = lines[i].end;
    }
    for (size_t i = 0; i < table->n_columns && i < MAX_VALUES; i++)
        require(mdup_star_column(table, table->labels[i]) == (ptrdiff_t)i);
    require(table->is_loop ? table->n_columns > 0 : table->n_rows == (table->n_columns > 0));
}

/* Leaves out the rows whose number has a bit of `pattern` set. */
static void check_write(const mdup_star *star, size_t table_index, unsigned pattern)
{
    const mdup_star_table *table = &star->tables[table_index];
    const mdup_star_row *lines = table->is_loop ? table->rows : table->pair_lines;
    size_t n_lines = table->is_loop ? table->n_rows : table->n_columns;
    bool *leave_out = calloc(table->n_rows + 1, sizeof *leave_out);
    mdup_strbuf out = MDUP_STRBUF_INIT;
    require(leave_out != NULL);
    size_t left_out = 0, bytes_left_out = 0;
    for (size_t i = 0; i < table->n_rows; i++) {
        leave_out[i] = (pattern >> (i % 8)) & 1;
        left_out += leave_out[i];
    }
    for (size_t i = 0; i < n_lines; i++)
        bytes_left_out += leave_out[table->is_loop ? i : 0] ? lines[i].end - lines[i].begin : 0;
    require(mdup_star_write_without(star, table, leave_out, &out, NULL));
    require(out.length == star->length - bytes_left_out);
    if (left_out == 0)
        require(out.length == 0 || memcmp(out.text, star->bytes, star->length) == 0);
    /* In one column a row may look like a block, and which it is depends on the next row. */
    if (table->n_columns > 1) {
        mdup_star *again = mdup_star_parse(out.text, out.length, "again", NULL);
        require(again != NULL);
        /* A block of pairs and a loop is one table less when the pairs are gone. */
        if (table->is_loop || left_out == 0) {
            require(again->n_tables == star->n_tables);
            require(again->tables[table_index].n_rows == table->n_rows - left_out);
        }
        mdup_star_free(again);
    }
    mdup_strbuf_free(&out);
    free(leave_out);
}

/* Numbers in the last column, or in one more: the rest must read as before. */
static void check_column(const mdup_star *star, size_t table_index, bool is_new)
{
    const mdup_star_table *table = &star->tables[table_index];
    if (!table->is_loop || table->n_columns < 2)
        return;
    int64_t *values = calloc(table->n_rows + 1, sizeof *values);
    mdup_strbuf out = MDUP_STRBUF_INIT, before = MDUP_STRBUF_INIT, after = MDUP_STRBUF_INIT;
    require(values != NULL);
    for (size_t i = 0; i < table->n_rows; i++)
        values[i] = (int64_t)i - 1;
    const char *label = is_new ? "microdup_added" : table->labels[table->n_columns - 1];
    require(mdup_star_write_column(star, table, label, values, NULL, &out, NULL));
    mdup_star *again = mdup_star_parse(out.text, out.length, "again", NULL);
    require(again != NULL);
    const mdup_star_table *written = &again->tables[table_index];
    const size_t changed = (size_t)mdup_star_column(written, label), other = changed == 0;
    require(written->n_rows == table->n_rows);
    for (size_t i = 0; i < table->n_rows && i < MAX_VALUES; i++) {
        require(mdup_star_value(star, table, i, other, &before, NULL));
        require(mdup_star_value(again, written, i, other, &after, NULL));
        require(strcmp(before.text, after.text) == 0);
        char expected[24];
        (void)snprintf(expected, sizeof expected, "%lld", (long long)values[i]);
        require(mdup_star_value(again, written, i, changed, &after, NULL));
        require(strcmp(after.text, expected) == 0);
    }
    mdup_star_free(again);
    mdup_strbuf_free(&out);
    mdup_strbuf_free(&before);
    mdup_strbuf_free(&after);
    free(values);
}

static void check_error(mdup_error *err)
{
    const char *message = mdup_error_get_message(err);
    require(strncmp(message, "fuzz: ", 6) == 0 || mdup_error_get_code(err) == MDUP_ERROR_NOMEM);
    require(strlen(message) < 300 && !strpbrk(message, "\n\r\t"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdup_error *err = NULL;
    const char *bytes = (const char *)data;
    mdup_star *star = mdup_star_parse(bytes, size, "fuzz", &err);
    require(!star == !!err);
    if (!star) {
        check_error(err);
        mdup_error_clear(&err);
        return 0;
    }
    require(star->length == size && memcmp(star->bytes, bytes, size) == 0 && star->n_tables > 0);
    for (size_t i = 0; i < star->n_tables; i++) {
        check_places(star, &star->tables[i]);
        check_values(star, &star->tables[i]);
    }
    const mdup_star_table *micrographs;
    bool is_list = mdup_star_classify(star, &micrographs) == MDUP_STAR_MICROGRAPHS;
    require(is_list == (micrographs != NULL));
    /* One table, chosen by the input: all of them would be quadratic. */
    size_t chosen = micrographs ? (size_t)(micrographs - star->tables) : size % star->n_tables;
    check_write(star, chosen, 0);
    check_write(star, chosen, data[size / 2]);
    check_column(star, chosen, false);
    check_column(star, chosen, true);
    mdup_star_free(star);
    return 0;
}
