#include "formats/star.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"
#include "base/path.h"
#include "formats/star_words.h"

/* Far beyond any real file (RELION knows some 400 labels; polishing writes a table a particle of
 * one micrograph); they keep what a hostile file can cost in proportion. */
enum { MAX_COLUMNS = 10000, MAX_TABLES = 1000000 };

/* A particle file of 100 million rows stays below; an endless pipe does not fill the memory. */
#if SIZE_MAX > UINT32_MAX
static const size_t max_file_bytes = (size_t)1 << 36;
#else
static const size_t max_file_bytes = SIZE_MAX / 2;
#endif

typedef enum {
    BEFORE_BLOCK, /* no data_ yet */
    IN_PAIRS,     /* behind data_, also while the block is empty */
    IN_LABELS,    /* behind loop_ */
    IN_ROWS       /* behind the first row of a loop */
} parse_state;

/* A name that must not come twice, and where it stands. */
typedef struct {
    const char *text;
    size_t line;
} mark;

typedef struct {
    const char *name; /* of the file, for messages */
    mdup_star *star;
    parse_state state;
    size_t line; /* number of the current line */
    size_t begin, content,
        end;        /* byte ranges: begin..content without line end, begin..end with it */
    bool after_gap; /* a blank or comment line came since the last row */
    size_t tables_capacity, labels_capacity, lines_capacity;
    mark *block_marks, *label_marks;
    size_t n_blocks, block_marks_capacity, label_marks_capacity;
} parser;

/* ---- messages ---- */

enum { SHOWN_bytes = 60 };

/* A piece of the file for a message: one line, printable, not too long, not cut inside a UTF-8
 * sequence. */
typedef struct {
    char text[SHOWN_bytes + 4];
} shown;

static shown show(const char *text, size_t length)
{
    shown out;
    size_t n = length;
    if (n > SHOWN_bytes) {
        n = SHOWN_bytes;
        while (n > SHOWN_bytes - 4 && ((unsigned char)text[n] & 0xC0) == 0x80)
            n--;
    }
    for (size_t i = 0; i < n; i++) {
        bool is_control = (unsigned char)text[i] < 0x20 || text[i] == 0x7f;
        out.text[i] = text[i] == '\t' ? ' ' : is_control ? '?' : text[i];
    }
    memcpy(out.text + n, "...", 4);
    if (n == length)
        out.text[n] = '\0';
    return out;
}

/* ---- lines and words ---- */

static mdup_star_table *current_table(const parser *p)
{
    return &p->star->tables[p->star->n_tables - 1];
}

/* Finds the end of the line that begins at `begin`; *content is where its CR or LF begins. */
static size_t line_end(const mdup_star *star, size_t begin, size_t limit, size_t *content)
{
    const char *newline = memchr(star->bytes + begin, '\n', limit - begin);
    size_t end = newline ? (size_t)(newline - star->bytes) + 1 : limit;
    *content = newline ? end - 1 : end;
    /* More than one CR comes from converting a file twice. */
    while (*content > begin && star->bytes[*content - 1] == '\r')
        --*content;
    return end;
}

static bool read_line(parser *p)
{
    if (p->end >= p->star->length)
        return false;
    p->begin = p->end;
    p->end = line_end(p->star, p->begin, p->star->length, &p->content);
    p->line++;
    if (p->star->bytes[p->end - 1] == '\n' && p->content < p->end - 1)
        p->star->has_crlf = true;
    return true;
}

static bool starts_with(const mdup_star_word *word, const char *prefix)
{
    size_t length = strlen(prefix);
    return !word->quoted && word->length >= length && memcmp(word->text, prefix, length) == 0;
}

static bool is_word(const mdup_star_word *word, const char *text)
{
    return word->length == strlen(text) && starts_with(word, text);
}

static bool no_more_words(const char *at, const char *end)
{
    mdup_star_word word;
    return mdup_star_next_word(&at, end, &word) == MDUP_STAR_NO_WORD;
}

static bool fail_unclosed(const parser *p, const mdup_star_word *word, mdup_error **err)
{
    shown text = show(word->text - 1, word->length + 1);
    return mdup_fail(err, MDUP_ERROR_PARSE,
                     "%s: line %zu: the quote of %s is not closed before the line ends", p->name,
                     p->line, text.text);
}

/* "# version N", the first that holds a number. */
static void note_comment(parser *p, const char *at, const char *end)
{
    static const char intro[] = "# version ";
    size_t length = sizeof intro - 1;
    if (p->star->version || (size_t)(end - at) < length || memcmp(at, intro, length) != 0)
        return;
    at += length;
    mdup_star_word word;
    int64_t version;
    if (mdup_star_next_word(&at, end, &word) == MDUP_STAR_WORD &&
        mdup_parse_int64(word.text, word.length, &version) && version > 0)
        p->star->version = version;
}

/* ---- names that must not come twice ---- */

static int compare_marks(const void *a, const void *b)
{
    const mark *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    if (order == 0)
        order = x->line < y->line ? -1 : x->line > y->line;
    return order;
}

/* The second of two equal names, the one highest up in the file, or NULL; (*twice)[-1] is the
 * first.  Sorts the marks: comparing each with each would let a file of many names cost the square
 * of its length. */
static const mark *find_twice(mark *marks, size_t n)
{
    if (n < 2)
        return NULL;
    const mark *twice = NULL;
    qsort(marks, n, sizeof *marks, compare_marks);
    for (size_t i = 1; i < n; i++)
        if (strcmp(marks[i - 1].text, marks[i].text) == 0 &&
            (!twice || marks[i].line < twice->line))
            twice = &marks[i];
    return twice;
}

static bool add_mark(mark **marks, size_t *capacity, size_t n, mark added, mdup_error **err)
{
    if (!mdup_grow((void **)marks, capacity, n + 1, sizeof **marks, err))
        return false;
    (*marks)[n] = added;
    return true;
}

/* ---- tables ---- */

/* Gives back what growing by doubling took too much; keeps the old block when that fails. */
static void *shrink(void *array, size_t n, size_t size)
{
    void *smaller = n ? realloc(array, n * size) : NULL;
    return smaller ? smaller : array;
}

static bool fail_no_labels(const parser *p, mdup_error **err)
{
    shown name = show(current_table(p)->name, strlen(current_table(p)->name));
    return mdup_fail(err, MDUP_ERROR_PARSE, "%s: line %zu: the loop_ of data_%s has no labels",
                     p->name, p->line, name.text);
}

/* Ends the current table: no label twice, a loop has labels. */
static bool finish_table(parser *p, mdup_error **err)
{
    if (p->state == BEFORE_BLOCK)
        return true;
    mdup_star_table *table = current_table(p);
    if (table->is_loop && table->n_columns == 0)
        return fail_no_labels(p, err);
    const mark *twice = find_twice(p->label_marks, table->n_columns);
    if (twice) {
        shown name = show(table->name, strlen(table->name));
        shown label = show(twice->text, strlen(twice->text));
        return mdup_fail(
            err, MDUP_ERROR_PARSE,
            "%s: line %zu: data_%s has the label _%s a second time (the first is on line %zu)",
            p->name, twice->line, name.text, label.text, twice[-1].line);
    }
    table->labels = shrink(table->labels, table->n_columns, sizeof *table->labels);
    if (table->is_loop)
        table->rows = shrink(table->rows, table->n_rows, sizeof *table->rows);
    else
        table->pair_lines = shrink(table->pair_lines, table->n_columns, sizeof *table->pair_lines);
    return true;
}

static bool push_table(parser *p, const char *name, size_t length, size_t line, mdup_error **err)
{
    mdup_star *star = p->star;
    if (star->n_tables == MAX_TABLES)
        return mdup_fail(err, MDUP_ERROR_PARSE, "%s: line %zu: more than %d tables", p->name,
                         p->line, MAX_TABLES);
    if (!mdup_grow((void **)&star->tables, &p->tables_capacity, star->n_tables + 1,
                   sizeof *star->tables, err))
        return false;
    char *copy = mdup_strndup(name, length, err);
    if (!copy)
        return false;
    star->tables[star->n_tables++] = (mdup_star_table){.name = copy, .line = line};
    p->labels_capacity = 0;
    p->lines_capacity = 0;
    return true;
}

static bool open_block(parser *p, const mdup_star_word *word, bool alone, mdup_error **err)
{
    if (!finish_table(p, err))
        return false;
    if (!alone)
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: line %zu: the name of a table holds no blanks, nothing may follow it",
                         p->name, p->line);
    if (!push_table(p, word->text + strlen("data_"), word->length - strlen("data_"), p->line, err))
        return false;
    p->state = IN_PAIRS;
    mark block = {current_table(p)->name, p->line};
    return add_mark(&p->block_marks, &p->block_marks_capacity, p->n_blocks++, block, err);
}

static bool open_loop(parser *p, bool alone, mdup_error **err)
{
    mdup_star_table *table = current_table(p);
    shown name = show(table->name, strlen(table->name));
    if (table->is_loop)
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: line %zu: a second loop_ in data_%s; RELION reads only the first, so "
                         "give it a data_ line of its own",
                         p->name, p->line, name.text);
    if (!alone)
        return mdup_fail(
            err, MDUP_ERROR_PARSE,
            "%s: line %zu: nothing may follow loop_ on its line; put each label on its own",
            p->name, p->line);
    if (table->n_columns > 0 &&
        !(finish_table(p, err) &&
          push_table(p, table->name, strlen(table->name), table->line, err)))
        return false;
    current_table(p)->is_loop = true;
    p->state = IN_LABELS;
    return true;
}

/* ---- what stands in a table ---- */

static bool add_label(parser *p, const mdup_star_word *word, size_t line, mdup_error **err)
{
    mdup_star_table *table = current_table(p);
    shown name = show(table->name, strlen(table->name));
    size_t n = table->n_columns;
    if (word->length < 2)
        return mdup_fail(err, MDUP_ERROR_PARSE, "%s: line %zu: a label of data_%s is empty",
                         p->name, p->line, name.text);
    if (n == MAX_COLUMNS)
        return mdup_fail(err, MDUP_ERROR_PARSE, "%s: line %zu: data_%s has more than %d labels",
                         p->name, p->line, name.text, MAX_COLUMNS);
    if (!mdup_grow((void **)&table->labels, &p->labels_capacity, n + 1, sizeof *table->labels, err))
        return false;
    char *label = mdup_strndup(word->text + 1, word->length - 1, err);
    if (!label)
        return false;
    table->labels[table->n_columns++] = label;
    return add_mark(&p->label_marks, &p->label_marks_capacity, n, (mark){label, line}, err);
}

static bool add_line(parser *p, mdup_star_row **lines, size_t n, mdup_star_row added,
                     mdup_error **err)
{
    if (!mdup_grow((void **)lines, &p->lines_capacity, n + 1, sizeof **lines, err))
        return false;
    (*lines)[n] = added;
    return true;
}

static bool fail_label(const parser *p, const mdup_star_word *label, const char *what,
                       mdup_error **err)
{
    shown text = show(label->text, label->length);
    return mdup_fail(err, MDUP_ERROR_PARSE, "%s: line %zu: the label %s %s", p->name, p->line,
                     text.text, what);
}

static bool fail_text(const parser *p, mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_PARSE,
                     "%s: line %zu: a text of several lines (';'), which RELION cannot read either",
                     p->name, p->line);
}

/* The value of a pair on the line behind its label, where gemmi puts a long one.  On success that
 * line is the current one. */
static bool read_wrapped_value(parser *p, const mdup_star_word *label, mdup_error **err)
{
    size_t label_line = p->line;
    mdup_star_word value;
    if (read_line(p)) {
        if (p->star->bytes[p->begin] == ';')
            return fail_text(p, err);
        const char *at = p->star->bytes + p->begin, *end = p->star->bytes + p->content;
        if (mdup_star_next_word(&at, end, &value) == MDUP_STAR_WORD && no_more_words(at, end) &&
            !starts_with(&value, "_") && !starts_with(&value, "data_") &&
            !starts_with(&value, "loop_"))
            return true;
    }
    p->line = label_line;
    return fail_label(p, label, "has no value; a list of labels needs loop_ before it", err);
}

static bool take_pair(parser *p, const mdup_star_word *label, const char *at, mdup_error **err)
{
    const char *end = p->star->bytes + p->content;
    mdup_star_row item = {p->begin, p->end, p->line};
    mdup_star_word value;
    if (!starts_with(label, "_")) {
        shown text = show(label->text, label->length);
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: line %zu: '%s' where a label (_...), loop_ or data_ should stand",
                         p->name, p->line, text.text);
    }
    switch (mdup_star_next_word(&at, end, &value)) {
    case MDUP_STAR_UNCLOSED:
        return fail_unclosed(p, &value, err);
    case MDUP_STAR_NO_WORD:
        if (!read_wrapped_value(p, label, err))
            return false;
        item.end = p->end;
        break;
    case MDUP_STAR_WORD:
        if (!no_more_words(at, end))
            return fail_label(p, label, "has more than one value; one with blanks needs quotes",
                              err);
    }
    mdup_star_table *table = current_table(p);
    if (!add_line(p, &table->pair_lines, table->n_columns, item, err) ||
        !add_label(p, label, item.line, err))
        return false;
    table->n_rows = 1;
    return true;
}

static bool fail_row(const parser *p, size_t n_values, mdup_error **err)
{
    const mdup_star_table *table = current_table(p);
    shown name = show(table->name, strlen(table->name));
    const char *advice = n_values > table->n_columns ? "; a value with blanks needs quotes"
                         : p->end == p->star->length && p->content == p->end
                             ? "; the file may be cut short"
                             : "";
    return mdup_fail(err, MDUP_ERROR_PARSE,
                     "%s: line %zu: %zu value%s where data_%s has %zu column%s%s", p->name, p->line,
                     n_values, n_values == 1 ? "" : "s", name.text, table->n_columns,
                     table->n_columns == 1 ? "" : "s", advice);
}

static bool take_row(parser *p, mdup_error **err)
{
    mdup_star_table *table = current_table(p);
    const char *at = p->star->bytes + p->begin, *end = p->star->bytes + p->content;
    size_t n_values = 0;
    mdup_star_word word;
    mdup_star_scan scan;
    while ((scan = mdup_star_next_word(&at, end, &word)) == MDUP_STAR_WORD)
        n_values++;
    if (scan == MDUP_STAR_UNCLOSED)
        return fail_unclosed(p, &word, err);
    if (n_values != table->n_columns)
        return fail_row(p, n_values, err);
    if (!add_line(p, &table->rows, table->n_rows, (mdup_star_row){p->begin, p->end, p->line}, err))
        return false;
    if (p->state == IN_ROWS && p->after_gap && !p->star->gap_line)
        p->star->gap_line = p->line;
    table->n_rows++;
    p->after_gap = false;
    p->state = IN_ROWS;
    return true;
}

/* A line of a loop: one more label, or a row.  A row may begin with '_' too (RELION and starfile
 * write a name like _grid1.mrc without quotes), but no value begins with "_rln". */
static bool take_loop_line(parser *p, const mdup_star_word *first, bool alone, mdup_error **err)
{
    bool is_relion_label = starts_with(first, "_rln");
    if (p->state == IN_LABELS && alone && starts_with(first, "_"))
        return add_label(p, first, p->line, err);
    if (p->state == IN_LABELS && is_relion_label)
        return fail_label(p, first, "of a loop is followed by more than #N", err);
    if (is_relion_label)
        return fail_label(p, first, "stands behind the rows of a loop; is a data_ line missing?",
                          err);
    return current_table(p)->n_columns ? take_row(p, err) : fail_no_labels(p, err);
}

/* ---- the line as a whole ---- */

/* Whether the next line with anything on it can only follow a data_ line.  Each line is looked at
 * twice at most: once here, once as the current one, since the line found is not skipped by the
 * next look. */
static bool block_follows(const parser *p)
{
    size_t content, end;
    for (size_t begin = p->end; begin < p->star->length; begin = end) {
        end = line_end(p->star, begin, p->star->length, &content);
        const char *at = p->star->bytes + begin;
        mdup_star_word word;
        if (mdup_star_next_word(&at, p->star->bytes + content, &word) != MDUP_STAR_NO_WORD)
            return starts_with(&word, "_") || is_word(&word, "loop_");
    }
    return false;
}

/* In a loop a lone word beginning with data_ can be a row of one column: RELION writes names like
 * data_001.mrc so. */
static bool is_block(const parser *p, const mdup_star_word *first, bool alone)
{
    if (!starts_with(first, "data_"))
        return false;
    bool in_loop =
        (p->state == IN_LABELS || p->state == IN_ROWS) && current_table(p)->n_columns > 0;
    if (!in_loop)
        return true;
    return alone && (current_table(p)->n_columns > 1 || first->length == strlen("data_") ||
                     block_follows(p));
}

static bool is_refused_keyword(const parser *p, const mdup_star_word *first, bool alone)
{
    bool is_value = (p->state == IN_LABELS || p->state == IN_ROWS) &&
                    (!alone || current_table(p)->n_columns == 1);
    return !is_value &&
           (starts_with(first, "save_") || is_word(first, "stop_") || is_word(first, "global_"));
}

static bool fail_before_block(const parser *p, mdup_error **err)
{
    const char *bytes = p->star->bytes;
    size_t begin = p->begin;
    while (bytes[begin] == ' ' || bytes[begin] == '\t')
        begin++;
    shown text = show(bytes + begin, p->content - begin);
    return mdup_fail(err, MDUP_ERROR_PARSE,
                     "%s: line %zu: '%s' where a data_ line should stand; is this a STAR file?",
                     p->name, p->line, text.text);
}

static bool parse_line(parser *p, mdup_error **err)
{
    const char *begin = p->star->bytes + p->begin, *at = begin, *end = p->star->bytes + p->content;
    mdup_star_word first;
    mdup_star_scan scan = mdup_star_next_word(&at, end, &first);
    if (scan == MDUP_STAR_NO_WORD) {
        note_comment(p, at, end);
        p->after_gap = true;
        return true;
    }
    if (*begin == ';' && p->state != BEFORE_BLOCK)
        return fail_text(p, err);
    bool alone = no_more_words(at, end);
    if (is_block(p, &first, alone))
        return open_block(p, &first, alone, err);
    if (is_refused_keyword(p, &first, alone)) {
        shown text = show(first.text, first.length);
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: line %zu: %s is not supported; RELION cannot read it either", p->name,
                         p->line, text.text);
    }
    if (p->state == BEFORE_BLOCK)
        return fail_before_block(p, err);
    if (scan == MDUP_STAR_UNCLOSED)
        return fail_unclosed(p, &first, err);
    if (is_word(&first, "loop_") && (alone || p->state == IN_PAIRS))
        return open_loop(p, alone, err);
    if (p->state == IN_PAIRS)
        return take_pair(p, &first, at, err);
    return take_loop_line(p, &first, alone, err);
}

/* ---- the file as a whole ---- */

static bool refuse_foreign(const char *bytes, size_t length, const char *name, mdup_error **err)
{
    const char *what = mdup_star_foreign(bytes, length);
    if (what)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "%s: this is not a STAR file but %s", name,
                         what);
    const char *nul = memchr(bytes, '\0', length);
    if (nul)
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: a zero byte at offset %zu; this is not a text and so not a STAR file",
                         name, (size_t)(nul - bytes));
    if (memchr(bytes, '\r', length) && !memchr(bytes, '\n', length))
        return mdup_fail(err, MDUP_ERROR_UNSUPPORTED,
                         "%s: its lines end in CR alone; convert it with \"tr '\\r' '\\n'\"", name);
    return true;
}

static bool finish_file(parser *p, mdup_error **err)
{
    if (!finish_table(p, err))
        return false;
    if (p->star->n_tables == 0)
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         p->star->length ? "%s: no data_ line, so this is not a STAR file"
                                         : "%s: the file is empty",
                         p->name);
    const mark *twice = find_twice(p->block_marks, p->n_blocks);
    if (twice) {
        shown name = show(twice->text, strlen(twice->text));
        return mdup_fail(err, MDUP_ERROR_PARSE,
                         "%s: line %zu: data_%s comes a second time (the first is on line %zu); "
                         "RELION reads only one, so join them or rename one",
                         p->name, twice->line, name.text, twice[-1].line);
    }
    p->star->tables = shrink(p->star->tables, p->star->n_tables, sizeof *p->star->tables);
    return true;
}

static bool parse_all(mdup_star *star, const char *name, mdup_error **err)
{
    parser p = {.name = name, .star = star};
    if (star->length >= 3 && memcmp(star->bytes, "\xEF\xBB\xBF", 3) == 0)
        p.end = 3; /* the byte order mark of UTF-8 */
    bool ok = refuse_foreign(star->bytes, star->length, name, err);
    while (ok && read_line(&p))
        ok = parse_line(&p, err);
    ok = ok && finish_file(&p, err);
    free(p.block_marks);
    free(p.label_marks);
    return ok;
}

/* Takes over `bytes`, also on failure. */
static mdup_star *parse_owned(char *bytes, size_t length, const char *name, mdup_error **err)
{
    mdup_star *star = mdup_calloc(1, sizeof *star, err);
    if (!star) {
        free(bytes);
        return NULL;
    }
    star->bytes = bytes;
    star->length = length;
    if (parse_all(star, name, err))
        return star;
    mdup_star_free(star);
    return NULL;
}

mdup_star *mdup_star_parse(const char *bytes, size_t length, const char *name, mdup_error **err)
{
    char *copy = mdup_strndup(bytes, length, err);
    return copy ? parse_owned(copy, length, name, err) : NULL;
}

/* An image of some GB given by mistake is told from its first bytes. */
static bool refuse_foreign_file(const char *path, mdup_error **err)
{
    char head[1024];
    size_t got = mdup_file_head(path, head, sizeof head);
    const char *what = got > 0 ? mdup_star_foreign(head, got) : NULL;
    return what ? mdup_fail(err, MDUP_ERROR_UNSUPPORTED, "%s: this is not a STAR file but %s", path,
                            what)
                : true;
}

mdup_star *mdup_star_read(const char *path, mdup_error **err)
{
    size_t length;
    if (!refuse_foreign_file(path, err))
        return NULL;
    char *bytes = mdup_file_read(path, max_file_bytes, &length, err);
    return bytes ? parse_owned(shrink(bytes, length + 1, 1), length, path, err) : NULL;
}

void mdup_star_free(mdup_star *star)
{
    if (!star)
        return;
    for (size_t i = 0; i < star->n_tables; i++) {
        mdup_star_table *table = &star->tables[i];
        for (size_t k = 0; k < table->n_columns; k++)
            free(table->labels[k]);
        free(table->labels);
        free(table->rows);
        free(table->pair_lines);
        free(table->name);
    }
    free(star->tables);
    free(star->bytes);
    free(star);
}

/* ---- access ---- */

const mdup_star_table *mdup_star_find(const mdup_star *star, const char *table_name)
{
    for (size_t i = 0; i < star->n_tables; i++)
        if (strcmp(star->tables[i].name, table_name) == 0)
            return &star->tables[i];
    return NULL;
}

ptrdiff_t mdup_star_column(const mdup_star_table *table, const char *label)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (strcmp(table->labels[i], label) == 0)
            return (ptrdiff_t)i;
    return -1;
}

static void append_unescaped(mdup_strbuf *value, const mdup_star_word *word)
{
    const char *at = word->text, *end = word->text + word->length;
    while (word->quoted && at < end) {
        const char *bell = memchr(at, '\a', (size_t)(end - at));
        if (!bell)
            break;
        mdup_strbuf_append(value, at, (size_t)(bell - at));
        at = bell + 1;
    }
    mdup_strbuf_append(value, at, (size_t)(end - at));
}

bool mdup_star_value(const mdup_star *star, const mdup_star_table *table, size_t row, size_t column,
                     mdup_strbuf *value, mdup_error **err)
{
    mdup_star_row place = table->is_loop ? table->rows[row] : table->pair_lines[column];
    size_t skip = table->is_loop ? column : 1; /* the label of a pair */
    size_t content, end = line_end(star, place.begin, place.end, &content);
    const char *at = star->bytes + place.begin;
    mdup_star_word word = {0};
    mdup_strbuf_reset(value);
    for (size_t i = 0; i <= skip; i++) {
        if (mdup_star_next_word(&at, star->bytes + content, &word) == MDUP_STAR_WORD)
            continue;
        /* A pair whose value stands on a line of its own. */
        at = star->bytes + end;
        end = line_end(star, end, place.end, &content);
        (void)mdup_star_next_word(&at, star->bytes + content, &word);
    }
    append_unescaped(value, &word);
    return mdup_strbuf_check(value, err);
}

void mdup_star_find_words(const mdup_star *star, const mdup_star_table *table, size_t row,
                          const size_t *columns, size_t n, mdup_star_word *words)
{
    size_t content;
    (void)line_end(star, table->rows[row].begin, table->rows[row].end, &content);
    const char *at = star->bytes + table->rows[row].begin;
    size_t column = 0;
    for (size_t i = 0; i < n; i++)
        for (; column <= columns[i]; column++)
            (void)mdup_star_next_word(&at, star->bytes + content, &words[i]);
}

/* ---- writing ---- */

/* Copies up to the next row that is left out, row by row; *done is what of the file is dealt with. */
static void write_table(const mdup_star *star, const mdup_star_table *table, const bool *leave_out,
                        size_t *done, mdup_strbuf *out)
{
    const mdup_star_row *lines = table->is_loop ? table->rows : table->pair_lines;
    size_t n_lines = table->is_loop ? table->n_rows : table->n_columns;
    for (size_t i = 0; i < n_lines; i++) {
        if (!leave_out[table->is_loop ? i : 0])
            continue;
        mdup_strbuf_append(out, star->bytes + *done, lines[i].begin - *done);
        *done = lines[i].end;
    }
}

bool mdup_star_write_rows(const mdup_star *star, const bool *const *leave_out, mdup_strbuf *out,
                          mdup_error **err)
{
    size_t done = 0;
    for (size_t t = 0; t < star->n_tables; t++)
        if (leave_out[t])
            write_table(star, &star->tables[t], leave_out[t], &done, out);
    mdup_strbuf_append(out, star->bytes + done, star->length - done);
    return mdup_strbuf_check(out, err);
}

bool mdup_star_write_without(const mdup_star *star, const mdup_star_table *table,
                             const bool *leave_out, mdup_strbuf *out, mdup_error **err)
{
    size_t done = 0;
    write_table(star, table, leave_out, &done, out);
    mdup_strbuf_append(out, star->bytes + done, star->length - done);
    return mdup_strbuf_check(out, err);
}

/* ---- what the file is about ---- */

typedef struct {
    bool tomography, particles, coordinates, movies;
    const mdup_star_table *micrographs;
    int micrographs_rank; /* of that table's name; the higher one wins */
} content_seen;

static bool has_label(const mdup_star_table *table, const char *label)
{
    return mdup_star_column(table, label) >= 0;
}

/* The labels of SPA never begin so.  The STAR file of one tilt series holds rlnMicrographName too,
 * and its images overlap because they are meant to. */
static bool has_tomo_label(const mdup_star_table *table)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (strncmp(table->labels[i], "rlnTomo", 7) == 0)
            return true;
    return false;
}

static int name_rank(const char *name)
{
    return strcmp(name, "micrographs") == 0 ? 3 : name[0] == '\0' ? 2 : 1;
}

static void look_at_table(const mdup_star_table *table, content_seen *seen)
{
    bool has_coordinates = has_label(table, "rlnCoordinateX") && has_label(table, "rlnCoordinateY");
    seen->tomography |= strcmp(table->name, "global") == 0 || has_tomo_label(table);
    seen->particles |= strcmp(table->name, "particles") == 0 || has_label(table, "rlnImageName");
    seen->movies |=
        strcmp(table->name, "movies") == 0 || has_label(table, "rlnMicrographMovieName");
    seen->coordinates |= has_coordinates;
    /* With coordinates a row is a particle, and its micrograph is named many times. */
    if (!has_coordinates && has_label(table, "rlnMicrographName") &&
        name_rank(table->name) > seen->micrographs_rank) {
        seen->micrographs = table;
        seen->micrographs_rank = name_rank(table->name);
    }
}

mdup_star_kind mdup_star_classify(const mdup_star *star, const mdup_star_table **micrographs)
{
    content_seen seen = {0};
    for (size_t i = 0; i < star->n_tables; i++)
        look_at_table(&star->tables[i], &seen);
    mdup_star_kind kind = seen.tomography    ? MDUP_STAR_TOMOGRAPHY
                          : seen.particles   ? MDUP_STAR_PARTICLES
                          : seen.micrographs ? MDUP_STAR_MICROGRAPHS
                          : seen.coordinates ? MDUP_STAR_COORDINATES
                          : seen.movies      ? MDUP_STAR_MOVIES
                                             : MDUP_STAR_OTHER;
    if (micrographs)
        *micrographs = kind == MDUP_STAR_MICROGRAPHS ? seen.micrographs : NULL;
    return kind;
}

const char *mdup_star_kind_name(mdup_star_kind kind)
{
    static const char *const names[] = {"micrographs", "movies",      "particles",
                                        "tomography",  "coordinates", "other"};
    return names[kind];
}
