#include "flow/particle_output.h"

#include <stdlib.h>

#include <microdup/version.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "formats/csv.h"
#include "formats/json.h"
#include "publish/claim.h"
#include "publish/publish.h"

static const char SUMMARY[] = "particles.json";
static const char PAIRS[] = "particle_pairs.csv";

/* RELION keeps columns it does not know, with a warning. */
static const char STAR_MARK[] = "microdupGroup";
static const char CS_MARK[] = "microdup/group";

/* ---- names ---- */

static size_t count_parts(const mdup_particle_table *table)
{
    return table->star ? 1 : table->cs.n_parts;
}

/* "particles.star"; "particles_passthrough_removed.cs" */
static void put_name(mdup_strbuf *name, const mdup_particle_table *table, size_t part, bool removed)
{
    mdup_strbuf_reset(name);
    mdup_strbuf_puts(name, part > 0 ? "particles_passthrough" : "particles");
    if (part > 1)
        mdup_strbuf_printf(name, "%zu", part);
    mdup_strbuf_puts(name, removed ? "_removed" : "");
    mdup_strbuf_puts(name, table->star ? ".star" : ".cs");
}

bool mdup_particles_claim(const mdup_particles_options *o, const mdup_particle_table *table,
                          mdup_error **err)
{
    size_t n_parts = count_parts(table), n = 0;
    mdup_strbuf *texts = mdup_calloc(2 * n_parts, sizeof *texts, err);
    const char **names = texts ? mdup_calloc(2 * n_parts + 2, sizeof *names, err) : NULL;
    const char **inputs = names ? mdup_calloc(n_parts, sizeof *inputs, err) : NULL;
    bool ok = inputs != NULL;
    for (size_t i = 0; ok && i < 2 * n_parts; i++) {
        put_name(&texts[i], table, i / 2, i % 2 != 0);
        ok = mdup_strbuf_check(&texts[i], err);
        names[n++] = texts[i].text;
        inputs[i / 2] = table->star ? o->particles : table->cs.parts[i / 2].path;
    }
    if (ok) {
        names[n++] = PAIRS;
        names[n++] = SUMMARY;
        const mdup_claim claim = {o->out_dir, SUMMARY, names, n, inputs, n_parts};
        ok = mdup_claim_folder(&claim, err);
    }
    for (size_t i = 0; texts && i < 2 * n_parts; i++)
        mdup_strbuf_free(&texts[i]);
    free(texts);
    free(names);
    free(inputs);
    return ok;
}

static bool write_part(const mdup_particle_result *r, size_t part, bool removed,
                       const mdup_strbuf *text, mdup_error **err)
{
    mdup_strbuf name = MDUP_STRBUF_INIT;
    put_name(&name, r->table, part, removed);
    bool ok = mdup_strbuf_check(&name, err) &&
              mdup_publish_file(r->options->out_dir, name.text, text, err);
    mdup_strbuf_free(&name);
    return ok;
}

/* ---- drop ---- */

static bool put_selection(const mdup_particle_table *t, size_t part, const bool *goes,
                          bool *of_part, mdup_strbuf *out, mdup_error **err)
{
    if (t->star)
        return mdup_star_write_without(t->star, t->table, goes, out, err);
    const mdup_cs_part *p = &t->cs.parts[part];
    for (size_t i = 0; i < t->n; i++)
        if (p->record_of[i] >= 0)
            of_part[p->record_of[i]] = goes[i];
    return mdup_npy_write_without(p->npy, of_part, out, err);
}

/* removed: what went, in place of what stays.  What only a passthrough has stays. */
static bool write_selection(const mdup_particle_result *r, size_t part, const bool *goes,
                            bool removed, mdup_error **err)
{
    const mdup_particle_table *t = r->table;
    size_t n_of_part = t->star ? 0 : t->cs.parts[part].npy->n_records;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    bool *of_part = mdup_calloc(n_of_part, sizeof *of_part, err);
    for (size_t i = 0; of_part && i < n_of_part; i++)
        of_part[i] = removed;
    bool ok = of_part && put_selection(t, part, goes, of_part, &text, err) &&
              write_part(r, part, removed, &text, err);
    free(of_part);
    mdup_strbuf_free(&text);
    return ok;
}

static bool is_dropped(const mdup_particle_groups *g, size_t i)
{
    return g->group[i] != 0 && g->kept[g->group[i] - 1] != i;
}

static bool drop(const mdup_particle_result *r, int64_t *n_changed, mdup_error **err)
{
    size_t n = r->table->n;
    bool *goes = mdup_calloc(n, sizeof *goes, err), ok = goes != NULL;
    for (int removed = 0; ok && removed < 2; removed++) {
        *n_changed = 0;
        for (size_t i = 0; i < n; i++) {
            bool is_gone = is_dropped(r->groups, i);
            *n_changed += is_gone;
            goes[i] = is_gone != (removed != 0);
        }
        for (size_t part = 0; ok && part < count_parts(r->table); part++)
            ok = write_selection(r, part, goes, removed != 0, err);
    }
    free(goes);
    return ok;
}

/* ---- half, mark ---- */

static bool write_unchanged(const mdup_particle_result *r, size_t part, mdup_error **err)
{
    const mdup_npy *npy = r->table->cs.parts[part].npy;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_append(&text, npy->bytes, npy->length);
    bool ok = write_part(r, part, false, &text, err);
    mdup_strbuf_free(&text);
    return ok;
}

/* One field of the part that has it, or else of the first; the values of the file where change says false. */
static bool write_field(const mdup_particle_result *r, const char *field, const int64_t *values,
                        const bool *change, mdup_error **err)
{
    const mdup_cs_files *files = &r->table->cs;
    mdup_cs_column column = mdup_cs_files_find(files, field, "");
    const mdup_cs_part *part = column.part ? column.part : files->parts;
    mdup_strbuf text = MDUP_STRBUF_INIT;
    uint32_t *of_part = mdup_calloc(part->npy->n_records, sizeof *of_part, err);
    bool ok = of_part != NULL;
    for (size_t i = 0; ok && column.part && i < part->npy->n_records; i++) {
        uint64_t before;
        if (mdup_npy_uint(part->npy, column.field, i, 0, &before))
            of_part[i] = (uint32_t)before;
    }
    for (size_t i = 0; ok && i < r->table->n; i++)
        if (part->record_of[i] >= 0 && (!change || change[i]))
            of_part[part->record_of[i]] = (uint32_t)values[i];
    ok = ok && mdup_npy_write_field(part->npy, field, of_part, &text, err) &&
         write_part(r, (size_t)(part - files->parts), false, &text, err);
    for (size_t i = 0; ok && i < files->n_parts; i++)
        ok = &files->parts[i] == part || write_unchanged(r, i, err);
    free(of_part);
    mdup_strbuf_free(&text);
    return ok;
}

static bool write_column(const mdup_particle_result *r, const char *label, const char *field,
                         const int64_t *values, const bool *change, mdup_error **err)
{
    const mdup_particle_table *t = r->table;
    if (!t->star)
        return write_field(r, field, values, change, err);
    mdup_strbuf text = MDUP_STRBUF_INIT;
    bool ok = mdup_star_write_column(t->star, t->table, label, values, change, &text, err) &&
              write_part(r, 0, false, &text, err);
    mdup_strbuf_free(&text);
    return ok;
}

/* The half set of a group: that of the particle that is kept, else the first that is known; 0: none is. */
static void choose_halves(const mdup_particle_result *r, uint8_t *of_group)
{
    const mdup_particle_groups *g = r->groups;
    for (size_t k = 0; k < g->n_groups; k++)
        of_group[k] = r->table->half[g->kept[k]];
    for (size_t i = 0; i < r->table->n; i++)
        if (g->group[i] != 0 && of_group[g->group[i] - 1] == 0)
            of_group[g->group[i] - 1] = r->table->half[i];
}

/* A column of zeros is RELION's way to say that there are none yet; it would divide the particles itself then. */
static bool has_any_half(const mdup_particle_table *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->half[i] != 0)
            return true;
    ptrdiff_t at = t->star && t->has_halves ? mdup_star_column(t->table, MDUP_STAR_HALF) : -1;
    for (size_t i = 0; at >= 0 && i < t->n; i++) {
        size_t column = (size_t)at;
        mdup_star_word word = {0};
        mdup_star_find_words(t->star, t->table, i, &column, 1, &word);
        if (word.length == 1 && (word.text[0] == '1' || word.text[0] == '2'))
            return true;
    }
    return !t->star && t->has_halves;
}

/* Where the file has no half sets all particles get one, groups as one; the same in each run. */
static uint8_t draw_half(const mdup_particle_groups *g, size_t i)
{
    size_t which = g->group[i] != 0 ? g->kept[g->group[i] - 1] : i;
    return (uint8_t)(1 + (mdup_mix(which, 0) & 1));
}

static bool bind_halves(const mdup_particle_result *r, int64_t *values, bool *change,
                        int64_t *n_changed, mdup_error **err)
{
    const mdup_particle_groups *g = r->groups;
    uint8_t *of_group = mdup_calloc(g->n_groups, sizeof *of_group, err);
    if (!of_group)
        return false;
    choose_halves(r, of_group);
    bool is_cs = r->table->star == NULL, draw = !has_any_half(r->table);
    for (size_t i = 0; i < r->table->n; i++) {
        uint8_t half = draw ? draw_half(g, i) : g->group[i] != 0 ? of_group[g->group[i] - 1] : 0;
        change[i] = draw || (half != 0 && half != r->table->half[i]);
        values[i] = is_cs ? half - 1 : half;
        *n_changed += change[i];
    }
    free(of_group);
    return true;
}

static bool half(const mdup_particle_result *r, int64_t *values, bool *change, int64_t *n_changed,
                 mdup_error **err)
{
    *n_changed = 0;
    return bind_halves(r, values, change, n_changed, err) &&
           write_column(r, MDUP_STAR_HALF, MDUP_CS_HALF, values, change, err);
}

static bool mark(const mdup_particle_result *r, int64_t *values, int64_t *n_changed,
                 mdup_error **err)
{
    for (size_t i = 0; i < r->table->n; i++)
        values[i] = (int64_t)r->groups->group[i];
    *n_changed = (int64_t)r->groups->n_grouped;
    return write_column(r, STAR_MARK, CS_MARK, values, NULL, err);
}

static bool write_values(const mdup_particle_result *r, int64_t *n_changed, mdup_error **err)
{
    int64_t *values = mdup_calloc(r->table->n, sizeof *values, err);
    bool *change = values ? mdup_calloc(r->table->n, sizeof *change, err) : NULL;
    bool ok = change &&
              (r->options->action == MDUP_PARTICLES_HALF ? half(r, values, change, n_changed, err)
                                                         : mark(r, values, n_changed, err));
    free(values);
    free(change);
    return ok;
}

/* ---- the table of pairs ---- */

static bool put_particle(const mdup_particle_result *r, size_t i, ptrdiff_t image_column,
                         mdup_strbuf *value, mdup_strbuf *out, mdup_error **err)
{
    const mdup_particle_table *t = r->table;
    if (!t->star) {
        mdup_csv_printf(out, "%llu", (unsigned long long)mdup_cs_files_uid(&t->cs, i));
        return true;
    }
    if (image_column >= 0 &&
        !mdup_star_value(t->star, t->table, i, (size_t)image_column, value, err))
        return false;
    mdup_csv_field(out, image_column >= 0 ? value->text : "");
    return true;
}

static void put_half(mdup_strbuf *out, uint8_t half)
{
    mdup_csv_field(out, half == 0 ? "" : half == 1 ? "1" : "2");
}

static bool put_pair(const mdup_particle_result *r, const mdup_particle_pair *pair,
                     ptrdiff_t image_column, mdup_strbuf *value, mdup_strbuf *out, mdup_error **err)
{
    size_t a = r->micrograph[pair->first], b = r->micrograph[pair->second];
    mdup_csv_printf(out, "%zu", pair->first + 1);
    mdup_csv_printf(out, "%zu", pair->second + 1);
    if (!put_particle(r, pair->first, image_column, value, out, err) ||
        !put_particle(r, pair->second, image_column, value, out, err))
        return false;
    mdup_csv_field(out, r->screened->micrographs[a].name);
    mdup_csv_field(out, r->screened->micrographs[b].name);
    mdup_csv_printf(out, "%.2f", pair->distance_px * r->pixel_A[a]);
    put_half(out, r->table->half[pair->first]);
    put_half(out, r->table->half[pair->second]);
    mdup_csv_printf(out, "%zu", r->groups->group[pair->first]);
    mdup_csv_end(out);
    return true;
}

static bool put_pairs(const mdup_particle_result *r, mdup_strbuf *out, mdup_error **err)
{
    mdup_strbuf value = MDUP_STRBUF_INIT;
    ptrdiff_t column = r->table->star ? mdup_star_column(r->table->table, "rlnImageName") : -1;
    mdup_strbuf_puts(out, "row_a,row_b,particle_a,particle_b,micrograph_a,micrograph_b,distance_A,"
                          "half_a,half_b,group\n");
    bool ok = true;
    for (size_t i = 0; ok && i < r->groups->n_pairs; i++)
        ok = put_pair(r, &r->groups->pairs[i], column, &value, out, err);
    mdup_strbuf_free(&value);
    return ok;
}

static bool write_pairs(const mdup_particle_result *r, mdup_error **err)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    bool ok = put_pairs(r, &text, err) && mdup_publish_file(r->options->out_dir, PAIRS, &text, err);
    mdup_strbuf_free(&text);
    return ok;
}

bool mdup_particles_write(const mdup_particle_result *r, int64_t *n_changed, mdup_error **err)
{
    bool ok = r->options->action == MDUP_PARTICLES_DROP ? drop(r, n_changed, err)
                                                        : write_values(r, n_changed, err);
    return ok && write_pairs(r, err);
}

/* ---- summary ---- */

static void put_parameters(mdup_json *json, const mdup_particles_options *o)
{
    static const char *const actions[] = {"drop", "half", "mark"};
    static const char *const matches[] = {"auto", "exact", "path", "file"};
    static const char *const axes[] = {"auto", "stored", "mirrored"};
    mdup_json_object(json, "parameters");
    mdup_json_string(json, "session", o->session);
    mdup_json_string(json, "particles", o->particles);
    mdup_json_string(json, "action", actions[o->action]);
    mdup_json_double(json, "distance", o->distance_A);
    mdup_json_double(json, "diameter", o->diameter_A);
    mdup_json_double(json, "pixel", o->pixel_A);
    mdup_json_string(json, "match", matches[o->match]);
    mdup_json_string(json, "y", axes[o->y]);
    mdup_json_end_object(json);
}

static void put_counts(mdup_json *json, const mdup_particles_summary *s)
{
    mdup_json_object(json, "counts");
    mdup_json_int(json, "particles", s->n_particles);
    mdup_json_int(json, "of_session", s->n_of_session);
    mdup_json_int(json, "in_overlapping_micrographs", s->n_in_overlaps);
    mdup_json_int(json, "groups", s->n_groups);
    mdup_json_int(json, "seen_more_than_once", s->n_grouped);
    mdup_json_int(json, "pairs", s->n_pairs);
    mdup_json_int(json, "pairs_with_half_sets", s->n_half_pairs);
    mdup_json_int(json, "pairs_in_different_half_sets", s->n_split_pairs);
    mdup_json_int(json, "changed", s->n_changed);
    mdup_json_end_object(json);
}

bool mdup_particles_write_summary(const mdup_particles_options *o, const mdup_particles_summary *s,
                                  mdup_error **err)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_json json;
    mdup_json_begin(&json, &text);
    mdup_json_object(&json, NULL);
    mdup_json_string(&json, "program", "microdup");
    mdup_json_string(&json, "version", mdup_version());
    mdup_json_bool(&json, "finished", true);
    if (o->command_line)
        mdup_json_string(&json, "command_line", o->command_line);
    put_parameters(&json, o);
    put_counts(&json, s);
    mdup_json_double(&json, "distance_A", s->distance_A);
    mdup_json_double(&json, "median_distance_A", s->median_A);
    mdup_json_double(&json, "pairs_by_chance", s->n_by_chance);
    mdup_json_end_object(&json);
    bool ok = mdup_publish_file(o->out_dir, SUMMARY, &text, err);
    mdup_strbuf_free(&text);
    return ok;
}
