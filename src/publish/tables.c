#include "publish/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "formats/csv.h"

static const mdup_micrograph *micrograph(const mdup_results *r, size_t index)
{
    return &r->catalog->micrographs[index];
}

/* -0.00 would be one more spelling of the same shift. */
static double without_negative_zero(double value, double step)
{
    return fabs(value) < step / 2 ? 0.0 : value;
}

static void put_shift(mdup_strbuf *out, double x, double y)
{
    mdup_csv_printf(out, "%.2f", without_negative_zero(x, 0.01));
    mdup_csv_printf(out, "%.2f", without_negative_zero(y, 0.01));
}

/* An E-value may lie below the smallest double; its logarithm never does. */
static void put_evalue(mdup_strbuf *out, double log10_evalue)
{
    mdup_csv_printf(out, "%.3g", pow(10.0, log10_evalue));
    mdup_csv_printf(out, "%.2f", without_negative_zero(log10_evalue, 0.01));
}

static void put_set(mdup_strbuf *out, int64_t set)
{
    if (set == MDUP_NO_SET)
        mdup_csv_field(out, "");
    else
        mdup_csv_printf(out, "%lld", (long long)set);
}

static int64_t set_of_pair(const mdup_results *r, const mdup_pair *pair)
{
    int64_t set_a = r->decision->set[pair->a], set_b = r->decision->set[pair->b];
    return set_a == set_b ? set_a : MDUP_NO_SET;
}

void mdup_table_duplicates(const mdup_results *r, mdup_strbuf *out)
{
    mdup_strbuf_puts(
        out, "Original,Duplicate,overlap,shift_x_px,shift_y_px,ccc,evalue,log10_evalue,set\n");
    for (size_t i = 0; i < r->catalog->n; i++) {
        if (!r->decision->removed[i])
            continue;
        /* Who goes by the user's word goes for no other. */
        if (r->decision->original[i] < 0)
            continue;
        const mdup_pair *pair = &r->pairs[r->decision->original[i]];
        size_t kept = mdup_decision_kept_of(r->decision, pair);
        double sign = kept == pair->a ? 1 : -1;
        const char *original = micrograph(r, kept)->name, *duplicate = micrograph(r, i)->name;
        if (strcmp(original, duplicate) == 0)
            continue;
        mdup_csv_field(out, original);
        mdup_csv_field(out, duplicate);
        mdup_csv_printf(out, "%.4f", pair->overlap);
        put_shift(out, sign * pair->shift_x_px, sign * pair->shift_y_px);
        mdup_csv_printf(out, "%.4f", without_negative_zero(pair->ccc, 0.0001));
        put_evalue(out, pair->log10_evalue);
        put_set(out, r->decision->set[i]);
        mdup_csv_end(out);
    }
}

static void put_shift_A(mdup_strbuf *out, const mdup_results *r, const mdup_pair *pair)
{
    double pixel_A = r->judgements[pair->a].pixel_A;
    if (pixel_A > 0) {
        put_shift(out, pair->shift_x_px * pixel_A, pair->shift_y_px * pixel_A);
    } else {
        mdup_csv_field(out, "");
        mdup_csv_field(out, "");
    }
}

static void put_distance(mdup_strbuf *out, bool is_known, double x_um, double y_um)
{
    if (is_known)
        mdup_csv_printf(out, "%.3f", hypot(x_um, y_um));
    else
        mdup_csv_field(out, "");
}

/* Of the stage, and of the stage with the shift of beam and image, as the microscope's files tell
 * them. */
static void put_distances(mdup_strbuf *out, const mdup_acquisition *a, const mdup_acquisition *b)
{
    bool has_stage = a->has_stage && b->has_stage;
    double x_um = b->stage_x_um - a->stage_x_um, y_um = b->stage_y_um - a->stage_y_um;
    put_distance(out, has_stage, x_um, y_um);
    put_distance(out, has_stage && a->has_shift && b->has_shift,
                 x_um + b->shift_x_um - a->shift_x_um, y_um + b->shift_y_um - a->shift_y_um);
}

void mdup_table_pairs(const mdup_results *r, mdup_strbuf *out)
{
    mdup_strbuf_puts(
        out, "micrograph_a,micrograph_b,class,overlap,shift_x_px,shift_y_px,shift_x_A,shift_y_A,"
             "ccc,score,evalue,log10_evalue,set,kind,shift_sd_px,stage_um,place_um\n");
    for (size_t p = 0; p < r->n_pairs; p++) {
        const mdup_pair *pair = &r->pairs[p];
        const char *class = r->decision->is_duplicate[p] ? "duplicate" : "overlap";
        mdup_csv_field(out, micrograph(r, pair->a)->name);
        mdup_csv_field(out, micrograph(r, pair->b)->name);
        mdup_csv_field(out, class);
        mdup_csv_printf(out, "%.4f", pair->overlap);
        put_shift(out, pair->shift_x_px, pair->shift_y_px);
        put_shift_A(out, r, pair);
        mdup_csv_printf(out, "%.4f", without_negative_zero(pair->ccc, 0.0001));
        mdup_csv_printf(out, "%.2f", pair->score);
        put_evalue(out, pair->log10_evalue);
        put_set(out, set_of_pair(r, pair));
        mdup_csv_field(out, pair->is_copy ? mdup_orientation_copy_name(pair->orientation) : class);
        mdup_csv_printf(out, "%.2f", pair->shift_sd_px);
        put_distances(out, &micrograph(r, pair->a)->recorded, &micrograph(r, pair->b)->recorded);
        mdup_csv_end(out);
    }
}

static void put_optional(mdup_strbuf *out, const char *text)
{
    mdup_csv_field(out, text ? text : "");
}

void mdup_table_micrographs(const mdup_results *r, mdup_strbuf *out)
{
    mdup_strbuf_puts(out, "micrograph,status,reason,order,hole,shot,set,decision,pixel_A,uid\n");
    for (size_t i = 0; i < r->catalog->n; i++) {
        const mdup_micrograph *m = micrograph(r, i);
        mdup_csv_field(out, m->name);
        mdup_csv_field(out, mdup_status_name(r->judgements[i].status));
        put_optional(out, r->judgements[i].reason);
        mdup_csv_printf(out, "%zu", i + 1);
        put_optional(out, m->hole);
        put_optional(out, m->shot);
        put_set(out, r->decision->set[i]);
        mdup_csv_field(out, r->decision->removed[i] ? "remove" : "keep");
        if (r->judgements[i].pixel_A > 0)
            mdup_csv_printf(out, "%.6g", r->judgements[i].pixel_A);
        else
            mdup_csv_field(out, "");
        if (m->uid != 0)
            mdup_csv_printf(out, "%llu", (unsigned long long)m->uid);
        else
            mdup_csv_field(out, "");
        mdup_csv_end(out);
    }
}

static int compare_names(const void *a, const void *b)
{
    const char *const *name_a = a, *const *name_b = b;
    return strcmp(*name_a, *name_b);
}

bool mdup_table_removed(const mdup_results *r, mdup_strbuf *out, mdup_error **err)
{
    size_t n = r->catalog->n, n_kept = 0;
    const char **kept = mdup_calloc(n, sizeof *kept, err);
    if (!kept)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!r->decision->removed[i])
            kept[n_kept++] = micrograph(r, i)->name;
    qsort(kept, n_kept, sizeof *kept, compare_names);
    for (size_t i = 0; i < n; i++) {
        const char *name = micrograph(r, i)->name;
        if (r->decision->removed[i] && !bsearch(&name, kept, n_kept, sizeof *kept, compare_names)) {
            mdup_strbuf_puts(out, name);
            mdup_strbuf_puts(out, "\n");
        }
    }
    free(kept);
    return mdup_strbuf_check(out, err);
}

/* Bytes beyond ASCII stand for themselves. */
static void put_escaped(mdup_strbuf *out, unsigned char c)
{
    char byte = (char)c;
    bool is_plain = c >= 0x80 || c == '_' || c == '/' || (c >= '0' && c <= '9') ||
                    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    if (is_plain)
        mdup_strbuf_append(out, &byte, 1);
    else if (c <= ' ' || c == 0x7F)
        mdup_strbuf_printf(out, "\\x%02x", c);
    else
        mdup_strbuf_printf(out, "\\%c", byte);
}

bool mdup_table_removed_regex(const mdup_strbuf *names, mdup_strbuf *out, mdup_error **err)
{
    if (names->length == 0)
        mdup_strbuf_puts(out, "a^\n"); /* a letter before the beginning */
    for (size_t i = 0; i < names->length; i++) {
        if (i == 0 || names->text[i - 1] == '\n')
            mdup_strbuf_puts(out, "^");
        if (names->text[i] == '\n')
            mdup_strbuf_puts(out, "$\n");
        else
            put_escaped(out, (unsigned char)names->text[i]);
    }
    return mdup_strbuf_check(out, err);
}
